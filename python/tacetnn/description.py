"""Description: the settings of a network, and the graph that they describe.

The graph is built in the order in which the program builds it, so that both draw the same weights and train with the
same bits.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal

from . import _core
from .catalogue import Entry, entries, entry
from .own import Operator

Texts = Mapping[str, str | Sequence[str]]
Sparse = Literal["auto", "never", "always"]

SETTINGS = ("layers", "input", "layout", "loss", "optimizer", "penalties", "parameters", "target", "metrics", "seed",
            "threads", "sparse", "ledger", "operators")
TEXTS = ("layers", "loss", "optimizer", "target", "metrics", "sparse")


def _whole(value: Any, name: str, least: int) -> int:
    try:
        n = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} should be a whole number, not {value!r}") from None
    if not least <= n < 2**63:
        raise ValueError(f"{name} should be at least {least}{' and below 2**63' if n > least else ''}, not {n}")
    return n


LEAST = {"seed": 0, "threads": 1, "ledger": 1}
EXAMPLES = {"penalties": '{"relu1": "l1 1e-3"}', "parameters": '{"linear1.*": "lr=0.01"}'}


def as_lists(given: Mapping[str, Any] | None, name: str) -> dict[str, list[str]]:
    """Selectors and their texts, each as a list."""
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"{name} should map selectors to texts, {EXAMPLES[name]}, not be {given!r}")
    pairs: dict[str, list[str]] = {}
    for selector, texts in (given or {}).items():
        several = [texts] if isinstance(texts, str) else texts
        listed = isinstance(several, list | tuple) and all(isinstance(text, str) for text in several)
        if not isinstance(selector, str) or not listed:
            raise TypeError(f"{name} should map selectors to texts, {EXAMPLES[name]}, not {selector!r} to {texts!r}")
        pairs[selector] = list(several)
    return pairs


def _threads() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Description:
    """The settings of a network: see `Network`."""

    weighed = False
    """Whether rows have weights, in the input sample_weight."""

    balance = ""
    """The loss with the weights of classes that balance those of the last fit, if it asks for that."""

    _probe: tuple[object, tuple[tuple[int, ...], int]] | None = None

    def __init__(self, layers: str, *, input: int | Sequence[int], layout: str | None = None, loss: str = "",
                 optimizer: str = "", penalties: Texts | None = None, parameters: Texts | None = None, target: str = "",
                 metrics: str = "", seed: int = 0, threads: int | None = None, sparse: Sparse = "auto",
                 ledger: int = 50, operators: Sequence[Operator] = ()) -> None:
        self.operators = operators
        self.layers, self.loss, self.optimizer, self.target = layers, loss, optimizer, target
        self.metrics, self.sparse = metrics, sparse
        sizes = tuple(input) if hasattr(input, "__iter__") and not isinstance(input, str) else (input,)
        self.input = tuple(_whole(n, "a size of input", 1) for n in sizes)
        self.layout = layout
        if layout not in (None, "hwc", "chw"):
            raise ValueError(f'layout should be "hwc" or "chw", not {layout!r}')
        if len(self.input) == 3 and layout is None:
            raise ValueError(f"rows of x are {list(self.input)}: what does that mean? layout=\"hwc\" is height, width, "
                             "channels; layout=\"chw\" is channels, height, width, as in PyTorch")
        if len(self.input) != 3 and layout is not None:
            raise ValueError(f"layout is for images, whose rows have three sizes; input is {list(self.input)}")
        if target not in ("", "x"):
            raise ValueError(f'target should be "" (y) or "x" (the input itself), not {target!r}')
        self.penalties: Texts = {} if penalties is None else penalties
        self.parameters: Texts = {} if parameters is None else parameters
        self.seed, self.ledger = seed, ledger
        self.threads = _threads() if threads is None else threads

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets a setting, also later; refuses values that it cannot have, and names that look like those of others."""
        if name in TEXTS and not isinstance(value, str):
            raise TypeError(f"{name} should be a text, not {value!r}")
        if name in EXAMPLES:
            value = as_lists(value, name)
        if name == "operators":
            value = tuple(value)
            if not all(isinstance(o, Operator) for o in value):
                raise TypeError(f"operators should be a sequence of Operator, not {value!r}")
        if name in LEAST:
            value = _whole(value, name, LEAST[name])
        if not hasattr(self, name) and name not in SETTINGS and (near := get_close_matches(name, SETTINGS, 1, 0.7)):
            raise AttributeError(f"the network has no setting {name!r}; did you mean {near[0]}?")
        super().__setattr__(name, value)

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments that make the same network anew."""
        return {name: getattr(self, name) for name in SETTINGS}

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a row as the network takes it: images are [height, width, channels]."""
        return self.input[1:] + self.input[:1] if self.layout == "chw" else self.input

    @property
    def aim(self) -> str:
        """The input that the output is compared with."""
        return "x" if self.target == "x" else "target"

    @property
    def needs_labels(self) -> bool:
        """Whether the loss compares the output with class indices."""
        kind: Entry | Operator | None = self.own_loss or self.loss_entry
        return kind is not None and self.aim != "x" and kind.labels

    @property
    def own_loss(self) -> Operator | None:
        """The loss, if it is one of the operators of one's own."""
        return next((o for o in self.operators if o.role == "loss" and [o.name] == self.loss.split()[:1]), None)

    @property
    def loss_entry(self) -> Entry | None:
        """The loss in the catalogue; None without one, or if the graph will refuse it."""
        return next((e for e in entries("loss") if [e.name] == self.loss.split()[:1]), None)

    @property
    def full_loss(self) -> str:
        """The loss with what it needs to know of the data. Until a fit has counted labels, classes weigh the same."""
        balanced = given(self.loss, "class_weight") == "balanced"
        loss = self.balance if balanced and self.balance else self.loss
        if balanced and not self.balance:
            loss = _core.spec_set("loss", loss, "class_weight", " ".join("1" for _ in range(self.output_shape[-1])))
        if self.weighed and self.own_loss:
            loss += "" if "sample_weight=" in loss else " sample_weight=sample_weight"
        elif self.weighed and not given(loss, "sample_weight"):
            loss = _core.spec_set("loss", loss, "sample_weight", "sample_weight")
        return loss

    def describe(self, keep: Sequence[str] = (), keep_gradient: Sequence[str] = (), objective: bool = True,
                 steady: bool = False) -> tuple[_core.Graph, _core.Value]:
        """The graph, and its output.

        Parameters
        ----------
        keep, keep_gradient : sequence of str
            Selectors of values that can be read, and of those whose gradient can be.
        objective : bool
            Whether it has the loss and the penalties.
        steady : bool
            Whether lambdas stay as they are instead of following their schedules.
        """
        g = self.new_graph()
        x = aim = g.input("x", self.shape)
        loss = self.full_loss if objective else ""
        if loss and self.aim != "x":
            shape = self.output_shape
            aim = g.input("target", shape[:-1], indices=True) if self.needs_labels else g.input("target", shape)
        weight = "sample_weight" if self.own_loss and self.weighed else given(loss, "sample_weight")
        if loss and (name := weight) and name != "x":
            g.input(name, (1,))
        output = g.chain(x, self.layers)
        if loss:
            g.loss(loss, output, aim)
        if objective:
            for selector, penalty in pairs_in(self.penalties):
                g.penalize(selector, constant(penalty) if steady else penalty)
            for selector, options in pairs_in(self.parameters):
                g.options(selector, options)
        for selector in keep:
            g.keep(selector)
        for selector in keep_gradient:
            g.keep_gradient(selector)
        return g, output

    def new_graph(self) -> _core.Graph:
        """A graph with the operators."""
        g = _core.Graph()
        for own in self.operators:
            own.add(g)
        return g

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of the output for one row."""
        return self.probe[0]

    @property
    def probe(self) -> tuple[tuple[int, ...], int]:
        """What is known only of a compiled network: the shape of the output, and how many numbers all values have."""
        key = self.layers, self.shape
        if self._probe is None or self._probe[0] != key:
            g = self.new_graph()
            output = g.chain(g.input("x", self.shape), self.layers)
            plan = g.compile()
            values = sum(v.elements for v in plan.values() if v.batch)
            self._probe = key, (value_of(plan, output).shape, values)
        return self._probe[1]


def pairs_in(texts: Mapping[str, Sequence[str] | str]) -> Iterator[tuple[str, str]]:
    """Each selector with each of its texts."""
    for selector, several in texts.items():
        for text in [several] if isinstance(several, str) else several:
            yield selector, text


def given(loss: str, attribute: str) -> str:
    """What a loss says of an attribute; "" if nothing, or if the graph will refuse the loss."""
    try:
        value, setting = _core.spec_find("loss", loss, attribute)
    except (_core.DescriptionError, ValueError):
        return ""
    return value if setting.given else ""


def short(setting: Any) -> Any:
    """A setting as a caller may write it."""
    if isinstance(setting, dict):
        return {k: short(v) for k, v in setting.items()}
    return setting[0] if isinstance(setting, list | tuple) and len(setting) == 1 else setting


def value_of(plan: _core.Plan, value: _core.Value) -> _core.ValueInfo:
    """What the plan says about a value of its graph."""
    return plan.values()[value.id - 1]


def constant(penalty: str) -> str:
    """The penalty without its schedule, so that its lambda is the number that is set."""
    own = {a.name for a in entry("constant", "schedule").attributes} | {"from"}  # which only lambdas have
    for attribute in next((e.attributes for e in entries("penalty") if [e.name] == penalty.split()[:1]), ()):
        if attribute.name in own and attribute.preset is not None:
            _, setting = _core.spec_find("penalty", penalty, attribute.name)
            if setting.given:
                penalty = _core.spec_set("penalty", penalty, attribute.name, attribute.preset)
    return penalty


def of_graph(graph: _core.Graph, where: str, layout: str) -> dict[str, Any]:
    """The settings of which a graph was described; layout is that of images.

    Raises
    ------
    ValueError
        If the graph has other inputs than x and a target, or several losses.
    """
    inputs = dict(line.split(" ", 1) for line in graph.text("input").splitlines())
    inputs.pop("sample_weight", None)
    if "x" not in inputs or len(inputs) > 2 or not all(n.isdigit() for n in inputs["x"].split()):
        raise ValueError(f"the network in {where} does not have one input of numbers called x, so that File and Plan "
                         "can read it, but Network cannot")
    losses = [line.split(": ", 1) for line in graph.text("loss").splitlines()]
    if len(losses) > 1:
        raise ValueError(f"the network in {where} has {len(losses)} losses, so that File and Plan can read it, but "
                         "Network cannot")
    settings: dict[str, Any] = {"penalties": {}, "parameters": {}}
    settings["layers"] = graph.text("model").removeprefix("from x | ")
    settings["input"] = tuple(int(n) for n in inputs["x"].split())
    if len(settings["input"]) == 3:
        settings["layout"] = layout
        if layout == "chw":
            settings["input"] = settings["input"][-1:] + settings["input"][:-1]
    if losses:
        settings["loss"] = losses[0][1]
        settings["target"] = "x" if losses[0][0].split(" ")[1] == "x" else ""
    for key, lines in (("penalties", graph.text("penalties")), ("parameters", graph.text("options"))):
        for line in lines.splitlines():
            selector, text = line.split(": ", 1)
            settings[key].setdefault(selector, []).append(text)
    return settings
