"""A network written as a module of PyTorch.

Each layer becomes the module of its row in the table or, where PyTorch has only functions, a few calls. They are
collected as a graph of torch.fx. If it is a chain of modules, nn.Sequential holds them.
"""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import fx, nn

from . import _core
from .arrays import Array
from .catalogue import entry
from .torch_words import PADS, ROWS, Axis, Row, value_of

ALL = slice(None)


class Value(NamedTuple):
    """A value of the network in PyTorch: the shape of its rows in the network, and whether units are second there."""

    node: fx.Node
    shape: tuple[int, ...]
    second: bool = False


class Layer(NamedTuple):
    """A layer of the plan."""

    name: str
    word: str
    spec: str
    shape: tuple[int, ...]
    inputs: Sequence[Value]

    def text(self, attribute: str) -> str:
        return str(_core.spec_find("layer", self.spec, attribute)[0])

    def get(self, attribute: str) -> Any:
        """The value of an attribute, as an argument of a module; None if it has none."""
        kind = next(a.type for a in entry(self.word, "layer").attributes if a.name == attribute)
        text = self.text(attribute)
        return value_of(text, kind) if text else None


class Scaling(nn.Module):
    """x * scale + shift with numbers that were found in the data; they are not in its state dict."""

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, scale: Array, shift: Array) -> None:
        super().__init__()
        self.register_buffer("scale", torch.from_numpy(scale.astype(np.float32)), persistent=False)
        self.register_buffer("shift", torch.from_numpy(shift.astype(np.float32)), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.scale + self.shift


class Writer:
    """Goes through the layers of a plan and writes a call for each into `graph`, whose modules are in `root`."""

    def __init__(self, plan: _core.Plan, scaling: Mapping[str, tuple[Array, Array]]) -> None:
        self.root, self.graph = nn.Module(), fx.Graph()
        self.shapes = {v.name: tuple(v.shape) for v in plan.values()} | {s.name: tuple(s.shape) for s in plan.states()}
        values: dict[int, Value] = {}
        last: Value | None = None
        for v in plan.values():
            if v.role == "input" and v.name == "x":
                x = Value(self.graph.placeholder("x"), tuple(v.shape), len(v.shape) == 3)
                values[v.value.id] = self.scaled(x, "x", *scaling["x"]) if "x" in scaling else x
            if v.role == "layer":
                inputs = [values[i.id] for i in plan.value_inputs(v.value) if i.id in values]
                last = values[v.value.id] = self.write(Layer(v.name, v.kind, v.spec, tuple(v.shape), inputs))
        assert last is not None
        last = self.turned(last, len(last.shape) == 3)
        if "target" in scaling:
            scale, shift = scaling["target"]
            last = self.scaled(last, "target", 1 / scale, -shift / scale)
        self.graph.output(last.node)

    def module(self) -> nn.Module:
        """What has been written: nn.Sequential where it is a chain, otherwise a module whose `code` can be read."""
        placeholder, *calls, output = self.graph.nodes
        is_chain = all(n.op == "call_module" and n.args == (before,) for before, n in zip([placeholder, *calls], calls))
        names = [str(n.target) for n in calls]
        chain = sequence([(name.split("."), self.root.get_submodule(name)) for name in names]) if is_chain else None
        return chain or fx.GraphModule(self.root, self.graph, "Network")

    def write(self, layer: Layer) -> Value:
        if layer.word in WRITE:
            return WRITE[layer.word](self, layer)
        rank = len(layer.inputs[0].shape)
        rows = [r for r in ROWS if r.word == layer.word and r.rank in (0, rank)]
        if not rows:
            raise ValueError(f"{layer.name} ({layer.word}) has no counterpart in PyTorch")
        row = rows[0]
        x = layer.inputs[0] if row.axis is Axis.ANY else self.turned(layer.inputs[0], row.axis is Axis.SECOND)
        if layer.word == "linear" and layer.get("transposed"):
            return self.transposed(layer, x)
        return self.apply(layer, module_of(row, layer, x.shape[-1]), x)

    # ---- What the functions of the table call ------------------------------------------------------------------------

    def call(self, function: Any, *args: Any) -> fx.Node:
        return self.graph.call_function(function, args)

    def turned(self, x: Value, second: bool) -> Value:
        """The value with its units second, or last."""
        rank = len(x.shape)
        if rank == 1 or x.second == second:
            return x
        order = (0, rank, *range(1, rank)) if second else (0, *range(2, rank + 1), 1)
        return Value(self.call(torch.permute, x.node, order), x.shape, second)

    def scaled(self, x: Value, name: str, scale: Array, shift: Array) -> Value:
        """x * scale + shift, whose numbers belong to the units, or to all elements, in the order of the network."""
        full = [np.resize(a, x.shape) for a in (scale, shift)]
        full = [np.moveaxis(a, -1, 0) for a in full] if x.second else full
        self.put(f"scaling_of_{name}", Scaling(*full))
        return x._replace(node=self.graph.call_module(f"scaling_of_{name}", (x.node,)))

    def put(self, name: str, module: nn.Module) -> None:
        """Adds a module under a name with dots."""
        *path, last = name.split(".")
        parent = self.root
        for part in path:
            if part not in dict(parent.named_children()):
                parent.add_module(part, nn.Module())
            parent = parent.get_submodule(part)
        made = dict(parent.named_children()).get(last)  # for modules in it
        for key, child in made.named_children() if made else ():
            module.add_module(key, child)
        parent.add_module(last, module)

    def apply(self, layer: Layer, module: nn.Module, x: Value, second: bool | None = None) -> Value:
        """Calls a module on a value; those of its parameters that another layer owns are the same objects."""
        for key in entry(layer.word, "layer").parameter:
            owner = layer.text(key)
            if owner in self.shapes:
                setattr(module, key, self.root.get_parameter(owner))
        self.put(layer.name, module)
        return Value(self.graph.call_module(layer.name, (x.node,)), layer.shape, x.second if second is None else second)

    def tensors(self, layer: Layer) -> dict[str, fx.Node]:
        """Parameters, and what is remembered, of a layer that PyTorch lacks, by what they are for the layer."""
        holder, found = nn.Module(), {}
        self.put(layer.name, holder)
        for name, shape in self.shapes.items():
            place, _, key = name.rpartition(".")
            if place == layer.name and key in entry(layer.word, "layer").parameter:
                holder.register_parameter(key, nn.Parameter(torch.zeros(shape)))
                found[key] = self.graph.get_attr(name)
            elif place == layer.name and key == "threshold":
                holder.register_buffer(key, torch.zeros(shape))
                found[key] = self.graph.get_attr(name)
        for key in entry(layer.word, "layer").parameter:
            if layer.text(key) in self.shapes:
                found[key] = self.graph.get_attr(layer.text(key))
        return found

    def transposed(self, layer: Layer, x: Value) -> Value:
        own = self.tensors(layer)
        weight = self.graph.call_method("t", (own["weight"],))
        return Value(self.call(F.linear, x.node, weight, own.get("bias")), layer.shape)


def module_of(row: Row, layer: Layer, units: int) -> nn.Module:
    """The module of a row, with the attributes of a layer."""
    given = {argument: values[0] for argument, values in row.only.items()}
    given |= {argument: layer.get(attribute) for attribute, argument in row.attributes.items()}
    if row.units:
        given[row.units] = units
    if row.module is nn.PReLU:
        given = {"num_parameters": units if layer.get("by") == "unit" else 1}
    if given.get("padding") == "same":
        given["padding"] = same_padding(given["kernel_size"], given.get("dilation", 1))
    if row.attributes.get("bias"):
        given["bias"] = layer.text("bias") != "false"
    return row.module(**given)


def same_padding(kernel: Any, dilation: Any) -> Any:
    """The zeros on each side that keep a size; "same" where they are not as many on both."""
    pairs = zip(*((n, n) if isinstance(n, int) else n for n in (kernel, dilation)))
    missing = [(k - 1) * d for k, d in pairs]
    if any(n % 2 for n in missing):
        return "same"
    return missing[0] // 2 if len(set(missing)) == 1 else tuple(n // 2 for n in missing)


def sequence(modules: Sequence[tuple[Sequence[str], nn.Module]]) -> nn.Sequential | None:
    """Modules with their paths as nn.Sequential in nn.Sequential; None if that would change their order."""
    groups: OrderedDict[str, list[tuple[Sequence[str], nn.Module]]] = OrderedDict()
    for path, module in modules:
        if path[0] in groups and next(reversed(groups)) != path[0]:
            return None
        groups.setdefault(path[0], []).append((path[1:], module))
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    for name, inside in groups.items():
        leaf = not all(path for path, _ in inside)
        nested = inside[0][1] if leaf else sequence(inside)
        if nested is None or leaf and len(inside) > 1:
            return None
        parts[name] = nested
    return nn.Sequential(parts)


# ---- Words that are not one module -----------------------------------------------------------------------------------


def _softmax(w: Writer, layer: Layer) -> Value:
    x = layer.inputs[0]
    kind = {"softmax": nn.Softmax, "log_softmax": nn.LogSoftmax}[layer.word]
    return w.apply(layer, kind(dim=1 if x.second else -1), x)


def _mean(w: Writer, layer: Layer) -> Value:
    x = layer.inputs[0]
    if len(x.shape) == 3:
        return w.apply(layer, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), w.turned(x, True), False)
    return Value(w.call(torch.mean, x.node, 2 if x.second else 1), layer.shape)


def _pad(w: Writer, layer: Layer) -> Value:
    size = layer.get("size")
    rows, columns = (size, size) if isinstance(size, int) else size
    preset = {"top": rows, "bottom": rows, "left": columns, "right": columns}
    pads = [preset.get(side, 0) if layer.get(side) is None else layer.get(side) for side in PADS]
    module = nn.ConstantPad3d(tuple(pads), 0.0) if any(pads[4:]) else nn.ZeroPad2d(tuple(pads[:4]))
    return w.apply(layer, module, w.turned(layer.inputs[0], True))


def _reshape(w: Writer, layer: Layer) -> Value:
    """An image and one dimension have the same order in PyTorch; other numbers keep theirs."""
    x, to = layer.inputs[0], layer.shape
    as_pytorch = layer.get("order") == "chw"
    if len(to) == 1:
        return w.apply(layer, nn.Flatten(), w.turned(x, len(x.shape) == 3 and as_pytorch), False)
    if len(x.shape) == 1 and len(to) == 3 and as_pytorch:
        return w.apply(layer, nn.Unflatten(1, (to[2], *to[:2])), x, True)
    if len(x.shape) == 1:
        return w.apply(layer, nn.Unflatten(1, to), x, False)
    return w.apply(layer, nn.Sequential(nn.Flatten(), nn.Unflatten(1, to)), w.turned(x, False), False)


def _pair(w: Writer, layer: Layer) -> Value:
    function = {"add": operator.add, "sub": operator.sub, "mul": operator.mul}[layer.word]
    second = max(layer.inputs, key=lambda v: len(v.shape)).second
    a, b = (w.turned(v, second) for v in layer.inputs)
    rank = len(layer.shape)
    nodes = []
    for v in (a, b):  # a factor for each channel
        ones = (None,) * (rank - len(v.shape))
        at = (ALL, ALL, *ones) if second else (ALL, *ones, ALL)
        nodes.append(w.call(operator.getitem, v.node, at) if ones else v.node)
    return Value(w.call(function, *nodes), layer.shape, second)


def _concat(w: Writer, layer: Layer) -> Value:
    second = layer.inputs[0].second
    nodes = [w.turned(v, second).node for v in layer.inputs]
    return Value(w.call(torch.cat, nodes, 1 if second else len(layer.shape)), layer.shape, second)


def _scale_shift(w: Writer, layer: Layer) -> Value:
    x, own = w.turned(layer.inputs[0], False), w.tensors(layer)
    y = w.call(operator.mul, x.node, own["weight"]) if "weight" in own else x.node
    if "bias" in own:
        y = w.call(operator.sub if layer.get("negate") else operator.add, y, own["bias"])
    return Value(y, layer.shape)


def _threshold(w: Writer, layer: Layer) -> Value:
    x, (threshold,) = w.turned(layer.inputs[0], False), w.tensors(layer).values()
    return Value(w.call(operator.mul, x.node, w.call(operator.gt, x.node, threshold)), layer.shape)


def _topk(w: Writer, layer: Layer) -> Value:
    x = w.turned(layer.inputs[0], False)
    largest = w.call(torch.topk, x.node, layer.get("k"), -1)
    values, places = (w.call(operator.getitem, largest, i) for i in (0, 1))
    return Value(w.call(torch.scatter, w.call(torch.zeros_like, x.node), -1, places, values), layer.shape)


WRITE: dict[str, Callable[[Writer, Layer], Value]] = {
    "softmax": _softmax, "log_softmax": _softmax, "global_avg_pool": _mean, "pad": _pad, "flatten": _reshape,
    "reshape": _reshape, "add": _pair, "sub": _pair, "mul": _pair, "concat": _concat, "scale_shift": _scale_shift,
    "jump_relu": _threshold, "batch_topk": _threshold, "topk": _topk,
}
