"""A module of PyTorch read as a chain of layers.

torch.fx lists the calls that the module makes for an example, and each of them becomes a layer, or nothing where it
only says otherwise what the numbers are. Two orders have to be kept apart: an image is [C, H, W] in PyTorch and
[H, W, C] in Tacet, and so are the values that a convolution makes of it. `Value` says what a value is in both.
"""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import fx, nn

from .torch_words import Axis, described, module_of, row_of

Shape = tuple[int, ...]


class Value(NamedTuple):
    """What a tensor of the module is in the network.

    Attributes
    ----------
    name : str
        The value of the network.
    shape : tuple of int
        Of its rows in the network, units last.
    row : tuple of int
        Of its rows in PyTorch.
    second : bool
        Whether its units are second in PyTorch, after the rows, where there is a difference.
    """

    name: str
    shape: Shape
    row: Shape
    second: bool = False


class Tensor(NamedTuple):
    """A parameter that the module uses outside of a layer."""

    value: nn.Parameter
    path: str
    turned: bool = False
    """Whether it is used transposed."""


class Refused(ValueError):
    """What a call of the module is, and why it has no counterpart."""


SHAPES = {"view", "reshape", "flatten", "squeeze", "unsqueeze", "unflatten", torch.flatten, torch.reshape,
          torch.squeeze, torch.unsqueeze}
MOVES = {"permute", "transpose", "swapaxes", torch.permute, torch.transpose}
SAME = {"contiguous", "clone", "float"}
MEANS = {"mean", torch.mean}
JOINS = {torch.cat, torch.concat}
TURNS = {"t", "transpose", "permute", torch.t, torch.transpose, torch.permute, getattr}
PRODUCTS = {operator.matmul, "matmul", torch.matmul, torch.mm}
PAIRS = {operator.add: "add", operator.iadd: "add", torch.add: "add", "add": "add", "add_": "add",
         operator.sub: "sub", operator.isub: "sub", torch.sub: "sub", "sub": "sub", "sub_": "sub",
         operator.mul: "mul", operator.imul: "mul", torch.mul: "mul", "mul": "mul", "mul_": "mul"}


class _Tracer(fx.Tracer):
    """Notes in which module each function is called."""

    def __init__(self) -> None:
        super().__init__()
        self.place = [""]

    def call_module(self, m: nn.Module, forward: Callable[..., Any], args: tuple[Any, ...],
                    kwargs: dict[str, Any]) -> Any:
        self.place.append(self.path_of_module(m))
        try:
            return super().call_module(m, forward, args, kwargs)
        finally:
            self.place.pop()

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return row_of(m) is not None or bool(super().is_leaf_module(m, module_qualified_name))

    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        node = super().create_node(*args, **kwargs)
        node.meta["place"] = self.place[-1]
        return node


class _Recorder(fx.Interpreter):
    """Runs the calls and keeps the shape of each result, or None if it is not a tensor."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.found: dict[fx.Node, Any] = {}

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        self.found[n] = tuple(result.shape) if isinstance(result, torch.Tensor) else None
        return result


def others_of(module: nn.Module) -> dict[str, Any]:
    """The arguments of the module after x, with their defaults, at which they stay."""
    _, *others = inspect.signature(module.forward).parameters.values()
    without = [p.name for p in others if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if without:
        raise TypeError(f"it also takes {', '.join(without)}, but a network has one input")
    return {p.name: p.default for p in others if p.default is not p.empty}


def arguments(node: fx.Node) -> tuple[list[Any], dict[str, Any]]:
    """What is called with: values in their order, whether they are named or not, and the rest."""
    given, others = [*node.args], dict(node.kwargs)
    for key in ("input", "tensors", "other", "weight", "bias"):
        if key in others:
            given.append(others.pop(key))
    return given, others


class Reader:
    """Goes through the calls of a module and writes a layer for each.

    Attributes
    ----------
    layers : str
        The network in the small language.
    weights : dict of str to Tensor
        Its parameters and what its layers remember.
    frozen : list of str
        Parameters that do not require a gradient.
    output : Value
        What the module returns.
    """

    def __init__(self, module: nn.Module, example: torch.Tensor) -> None:
        self.root, self.stages, self.last = module, list[str](), "x"
        self.weights: dict[str, torch.Tensor] = {}
        self.frozen: list[str] = []
        self.owners: dict[int, tuple[str, bool]] = {}
        self.tensors: dict[Any, Tensor] = {}
        try:
            traced = fx.GraphModule(module, _Tracer().trace(module, others_of(module)))
        except Exception as e:
            raise ValueError(f"torch.fx could not follow the calls of {type(module).__name__}: {e}. from_torch takes "
                             "modules that make the same calls for any numbers; the layers of others can be described "
                             "by hand, and load_state_dict takes their weights") from e
        graph = traced.graph
        graph.eliminate_dead_code()
        recorder = _Recorder(traced)
        recorder.run(example.clone())
        self.found = recorder.found
        self.names = {"x", "target", *(str(n.target) for n in graph.nodes if n.op == "call_module")}
        self.called: set[str] = set()
        self.values: dict[fx.Node, Value] = {}
        for node in graph.nodes:
            try:
                self.read(node)
            except ValueError as e:
                raise ValueError(f"{self.place(node)}{': ' if isinstance(e, Refused) else ' '}{e}") from None
        self.layers = " | ".join(self.stages)

    # ---- Names -------------------------------------------------------------------------------------------------------

    def place(self, node: fx.Node) -> str:
        """What is called, and where, as messages name it."""
        if node.op == "call_module":
            return f"{node.target} ({type(self.root.get_submodule(str(node.target))).__name__})"
        name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))
        where = node.meta["place"]
        return f"{name}{' in ' + where if where else ''}"

    def name_at(self, node: fx.Node, kind: str) -> str:
        """A name for a layer that has none in the module: its kind and a number, in the module that calls it."""
        place = str(node.target).rpartition(".")[0] if node.op == "call_module" else node.meta["place"]
        where, n = place and place + ".", 1
        while f"{where}{kind}{n}" in self.names:
            n += 1
        self.names.add(f"{where}{kind}{n}")
        return f"{where}{kind}{n}"

    def name_of_call(self, module: str) -> str:
        """The name of a module; if it is called again, with a number."""
        name, n = module, 1
        while name in self.called or n > 1 and name in self.names:
            n += 1
            name = f"{module}_{n}"
        self.called.add(name)
        self.names.add(name)
        return name

    def add(self, value: Value, text: str, name: str) -> str:
        if value.name != self.last:
            self.stages.append(f"from {value.name}")
        self.stages.append(f"{text} name={name}")
        self.last = name
        return name

    # ---- Shapes ------------------------------------------------------------------------------------------------------

    def reshape(self, node: fx.Node, value: Value, to: Shape) -> Value:
        name = self.add(value, "reshape " + "x".join(map(str, to)), self.name_at(node, "reshape"))
        return value._replace(name=name, shape=to)

    def spread(self, node: fx.Node, value: Value) -> Value:
        """A value with the rank that it has in PyTorch; [C] may be [C, 1, 1] there."""
        ones = len(value.row) - len(value.shape)
        return self.reshape(node, value, (1,) * ones + value.shape) if ones else value

    def turned(self, node: fx.Node, value: Value, second: bool) -> Value:
        """A value whose units are where a module expects them."""
        if len(value.row) == 1 or value.second == second:
            return value
        if len(value.row) > 2:
            where = "last" if second else "first"
            raise Refused(f"rows of {list(value.row)}, whose units are {where}, have no counterpart")
        value = self.spread(node, value)
        long, units = value.shape
        if value.second:  # an image is the one shape whose numbers are put into PyTorch's order
            value = self.reshape(node, self.reshape(node, value, (1, long, units)), (long * units,))
            value = self.reshape(node, value, (units, long))
        else:
            value = self.reshape(node, self.reshape(node, value, (long * units,)), (1, units, long))
            value = self.reshape(node, value, (units, long))
        return value._replace(second=second)

    def reshaped(self, node: fx.Node, value: Value, row: Shape, name: str) -> Value:
        """The same numbers in another shape, in PyTorch's order."""
        if row == value.row:
            return value
        squeezed = tuple(n for n in row if n != 1)
        if len(value.shape) == 1 and squeezed in ((), value.shape) and row[0] == value.shape[0]:
            return value._replace(row=row, second=len(row) > 1)
        value = self.spread(node, value)
        if len(row) == 1:
            if value.second and len(value.row) == 2:
                value = self.reshape(node, value, (1, *value.shape))
            return Value(self.add(value, "flatten", name), row, row)
        if len(value.row) == 1:
            second = len(row) == 3
            shape = row[1:] + row[:1] if second else row
        elif value.second and row[0] == value.row[0]:
            second, shape = True, row[1:] + row[:1]
        elif not value.second and row[-1] == value.row[-1]:
            second, shape = False, row
        else:
            raise Refused(f"rows of {list(value.row)} as rows of {list(row)} have no counterpart")
        return Value(self.add(value, "reshape " + "x".join(map(str, shape)), name), shape, row, second)

    # ---- Calls -------------------------------------------------------------------------------------------------------

    def read(self, node: fx.Node) -> None:
        if node.op == "output":
            if not isinstance(node.args[0], fx.Node):
                raise ValueError("of several values: a network has one")
            self.output = self.input(node.args[0])
            if len(self.output.shape) == 2:  # only of images does the network keep another order than the module
                self.output = self.turned(node, self.output, False)
            return
        shape = self.found[node]
        if node.op == "placeholder" and not self.values:
            row = shape[1:]
            self.rows = shape[0]
            self.values[node] = Value("x", row[1:] + row[:1] if len(row) == 3 else row, row, len(row) == 3)
        elif shape is None and node.op == "call_module":
            raise ValueError("has no counterpart")
        elif node.op == "get_attr":
            p = operator.attrgetter(str(node.target))(self.root)
            if isinstance(p, nn.Parameter):
                self.tensors[node] = Tensor(p, str(node.target))
        elif node.target in TURNS and (t := self.tensors.get(arguments(node)[0][0])) and t.value.ndim == 2:
            self.tensors[node] = t._replace(turned=not t.turned)
        elif shape is not None and node.op in ("call_module", "call_function", "call_method"):
            if shape[:1] != (self.rows,) and not any(n in self.tensors for n in node.all_input_nodes):
                raise ValueError(f"makes {list(shape)} of {self.rows} rows, which has no counterpart")
            self.values[node] = self.call(node, shape[1:])

    def input(self, of: Any) -> Value:
        if isinstance(of, fx.Node) and of in self.values:
            return self.values[of]
        if isinstance(of, fx.Node) and of in self.tensors:
            raise Refused(f"{self.tensors[of].path} is a parameter outside of a layer, which has no counterpart here")
        if isinstance(of, fx.Node):
            raise Refused(f"{of.target} is not a result of a layer, and has no counterpart here")
        raise Refused(f"the number {of!r} has no counterpart")

    def call(self, node: fx.Node, row: Shape) -> Value:
        what, (given, others) = node.target, arguments(node)
        if node.op == "call_module":
            return self.call_module(node, self.root.get_submodule(str(what)), [*given, *others.values()], row)
        if what in PRODUCTS and given[1] in self.tensors:
            t = self.tensors[given[1]]
            return self.linear(node, given[0], t._replace(turned=not t.turned), None)
        if what == F.linear and given[1] in self.tensors:
            bias = self.tensors.get(given[2]) if len(given) > 2 else None
            return self.linear(node, given[0], self.tensors[given[1]], bias)
        if what in PAIRS:
            return self.pair(node, PAIRS[what], given, others, row)
        if what in JOINS:
            return self.join(node, *given, **others)
        value = self.input(given[0])
        if what in SAME:
            return value
        if what in MEANS:
            return self.mean(node, value, given[1] if len(given) > 1 else others.get("dim"), row)
        if what in MOVES:
            return self.moved(value, row)
        if what in SHAPES:
            return self.reshaped(node, value, row, self.name_at(node, "reshape" if len(row) > 1 else "flatten"))
        if what is operator.getitem:
            return self.item(node, value, given[1], row)
        module = module_of(what, given[1:], others)
        rule = row_of(module) if module else None
        if module is None or rule is None:
            for other in node.all_input_nodes[1:]:
                self.input(other)
            raise ValueError("has no counterpart")
        return self.layer(node, module, value, row, self.name_at(node, rule.word))

    def call_module(self, node: fx.Node, module: nn.Module, given: Sequence[Any], row: Shape) -> Value:
        if module._forward_pre_hooks or len(given) != 1:
            raise ValueError("is called with hooks or further arguments, which have no counterpart")
        value = self.input(given[0])
        if isinstance(module, nn.Identity):
            return value
        name = self.name_of_call(str(node.target))
        if isinstance(module, (nn.Flatten, nn.Unflatten)):
            return self.reshaped(node, value, row, name)
        return self.layer(node, module, value, row, name)

    def layer(self, node: fx.Node, module: nn.Module, value: Value, row: Shape, name: str) -> Value:
        rule = row_of(module)
        if rule is None:
            raise ValueError("has no counterpart")
        if isinstance(module, (nn.Softmax, nn.LogSoftmax)):
            axis = (module.dim or 0) % (len(row) + 1)
            if axis != (1 if value.second else len(row)):
                raise Refused(f"dim={module.dim} of [N, {', '.join(map(str, row))}] has no counterpart")
        if rule.axis is not Axis.ANY:
            value = self.turned(node, value, rule.axis is Axis.SECOND)
        if rule.rank:
            value = self.spread(node, value)
            if len(value.row) != rule.rank:
                raise Refused(f"rows of {list(value.row)} have no counterpart")
        text = described(rule, module)
        text += self.parameters(module, name)
        self.add(value, text, name)
        second = value.second and len(row) > 1
        shape = row[1:] + row[:1] if second else row
        if rule.word == "global_avg_pool" or len(value.shape) < len(value.row):
            shape = row[:1]
        return Value(name, shape, row, second)

    def parameters(self, module: nn.Module, name: str) -> str:
        """Notes the module's weights; returns the attributes by which a layer shares those that another one owns."""
        for key, b in module.named_buffers(recurse=False):
            if id(b) in self.owners:
                raise Refused("is called twice, but remembers one set of means")
            self.owners[id(b)] = f"{name}.{key}", False
            if key != "num_batches_tracked":
                self.weights[f"{name}.{key}"] = b
        return "".join(self.use(name, key, Tensor(p, "")) for key, p in module.named_parameters(recurse=False))

    # ---- Parameters --------------------------------------------------------------------------------------------------

    def use(self, layer: str, key: str, t: Tensor) -> str:
        """A layer's attribute for a parameter that another layer owns; an empty text where it is the layer's own."""
        if id(t.value) in self.owners:
            owner, turned = self.owners[id(t.value)]
            return f" {key}={owner}{' transposed' if turned != t.turned else ''}"
        name = f"{layer}.{key}"
        self.owners[id(t.value)] = name, t.turned
        self.weights[name] = t.value.detach().t() if t.turned else t.value.detach()
        if not t.value.requires_grad:
            self.frozen.append(name)
        return ""

    def name_for(self, node: fx.Node, kind: str, **parameters: Tensor | None) -> str:
        """A name for a layer that is made for parameters: that of the module that one of them is in, if it is free."""
        for key, t in parameters.items():
            place, _, last = t.path.rpartition(".") if t else ("", "", "")
            if last == key and place and place not in self.names:
                self.names.add(place)
                return place
        return self.name_at(node, kind)

    def linear(self, node: fx.Node, of: Any, weight: Tensor, bias: Tensor | None) -> Value:
        value = self.turned(node, self.input(of), False)
        if weight.value.ndim != 2:
            raise Refused(f"{weight.path} of {list(weight.value.shape)} has no counterpart")
        out = weight.value.shape[1 if weight.turned else 0]
        name = self.name_for(node, "linear", weight=weight, bias=bias)
        text = f"linear {out}" + self.use(name, "weight", weight)
        text += " bias=false" if bias is None else self.use(name, "bias", bias)
        return Value(self.add(value, text, name), (*value.shape[:-1], out), (*value.row[:-1], out))

    def scale_shift(self, node: fx.Node, word: str, value: Value, t: Tensor) -> Value:
        """A sum or a product with a number for each unit."""
        value = self.turned(node, value, t.value.ndim > 1 and t.value.shape[-1] == 1)
        if t.value.numel() != value.shape[-1] or t.value.ndim not in (1, len(value.row), len(value.row) + 1):
            raise Refused(f"{t.path} of {list(t.value.shape)} has no counterpart")
        key = "weight" if word == "mul" else "bias"
        name = self.name_for(node, "scale_shift", **{key: t})
        text = {"mul": " bias=false", "add": " weight=false", "sub": " weight=false negate"}[word]
        text = f"scale_shift{text}{self.use(name, key, t)}"
        if f"{name}.{key}" in self.weights:
            self.weights[f"{name}.{key}"] = t.value.detach().flatten()
        return value._replace(name=self.add(value, text, name))

    # ---- Joins -------------------------------------------------------------------------------------------------------

    def pair(self, node: fx.Node, word: str, given: list[Any], others: Mapping[str, Any], row: Shape) -> Value:
        if others:
            raise Refused(f"{others} has no counterpart")
        if given[0] in self.tensors and word != "sub":
            given.reverse()
        if given[1] in self.tensors:
            return self.scale_shift(node, word, self.input(given[0]), self.tensors[given[1]])
        a, b = (self.input(n) for n in given)
        if len(a.row) != len(b.row):
            raise Refused(f"rows of {list(a.row)} and {list(b.row)} have no counterpart")
        b = self.turned(node, b, a.second)
        if word != "mul" and a.shape != b.shape:
            a, b = self.spread(node, a), self.spread(node, b)
            if a.shape != b.shape:
                raise Refused(f"rows of {list(a.row)} and {list(b.row)} have no counterpart")
        name = self.add(a, f"{word} {b.name}", self.name_at(node, word))
        return max(a, b, key=lambda v: math.prod(v.shape))._replace(name=name, row=row)

    def join(self, node: fx.Node, tensors: Sequence[Any], dim: int = 0, axis: int | None = None) -> Value:
        dim = dim if axis is None else axis
        parts = [self.input(n) for n in tensors]
        parts = [self.turned(node, p, parts[0].second) for p in parts]
        first, rank = parts[0], len(parts[0].row)
        if len(parts) == 1:
            return first
        if dim % (rank + 1) != (1 if first.second else rank):
            raise Refused(f"dim={dim} of [N, {', '.join(map(str, first.row))}] has no counterpart")
        if len({len(p.shape) for p in parts}) > 1:
            parts = [self.spread(node, p) for p in parts]
        name = self.add(parts[0], "concat " + " ".join(p.name for p in parts[1:]), self.name_at(node, "concat"))
        units = sum(p.shape[-1] for p in parts)
        row = (units, *first.row[1:]) if first.second else (*first.row[:-1], units)
        return Value(name, (*parts[0].shape[:-1], units), row, first.second)

    def mean(self, node: fx.Node, value: Value, dims: Any, row: Shape) -> Value:
        rank = len(value.row)
        axes = sorted(d % (rank + 1) for d in (dims if isinstance(dims, Sequence) else [dims]))
        if rank == 1 or axes != list(range(2, rank + 1) if value.second else range(1, rank)):
            raise Refused(f"dim={dims} of [N, {', '.join(map(str, value.row))}] has no counterpart")
        name = self.add(self.spread(node, value), "global_avg_pool", self.name_at(node, "global_avg_pool"))
        return Value(name, value.shape[-1:], row, value.second and len(row) > 1)

    def moved(self, value: Value, row: Shape) -> Value:
        units = value.shape[-1]
        to_last, to_second = value.row[1:] + value.row[:1], value.row[-1:] + value.row[:-1]
        if len(value.shape) != len(value.row) or len(value.row) == 1:
            raise Refused(f"rows of {list(value.row)} have no counterpart")
        if value.second and row == to_last and row[-1] == units:
            return value._replace(row=row, second=False)
        if not value.second and row == to_second:
            return value._replace(row=row, second=True)
        raise Refused(f"rows of {list(value.row)} as {list(row)} have no counterpart")

    def item(self, node: fx.Node, value: Value, at: Any, row: Shape) -> Value:
        keys = at if isinstance(at, tuple) else (at,)
        if all(k is None or k == slice(None) for k in keys):
            return self.reshaped(node, value, row, "")
        steps = [k.step or 1 if isinstance(k, slice) and k.start in (None, 0) and k.stop is None else 0 for k in keys]
        if len(value.row) != 3 or 0 in steps or steps[:2] != [1, 1]:
            raise Refused(f"{keys} has no counterpart")
        steps += [1] * (4 - len(steps))
        every = nn.MaxPool2d(1, stride=(steps[2], steps[3]))
        return self.layer(node, every, value, row, self.name_at(node, "max_pool2d"))
