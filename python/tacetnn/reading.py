"""Reading: the values of a network and their gradients.

A plan for training keeps only what the next step needs. Values are read from other plans, which are made when they are
first asked for and get the current weights before each pass, so that training costs no more when nothing is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import wraps
from threading import get_ident
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from . import _core
from .arrays import Array, numbers

if TYPE_CHECKING:
    from .network import Network

P = ParamSpec("P")
R = TypeVar("R")


def alone(method: Callable[Concatenate[Network, P], R]) -> Callable[Concatenate[Network, P], R]:
    """A method that uses the plans of a network, and so waits for other threads that do; a fit is not waited for."""

    @wraps(method)
    def call(net: Network, /, *args: P.args, **settings: P.kwargs) -> R:
        fits = net.__dict__.get("_fits")
        if fits is not None and fits.thread != get_ident():
            raise RuntimeError("this network is being fitted in another thread")
        with net.lock:
            return method(net, *args, **settings)

    return call


def contents(plan: _core.Plan) -> list[tuple[str, tuple[int, ...]]]:
    """The names and shapes of the parameters and of what layers remember, layer by layer."""
    found = [(v.owner.id if v.owner else 0, v.name, v.shape) for v in plan.values() if v.role == "parameter"]
    found += [(s.layer.id, s.name, s.shape) for s in plan.states()]
    return [(name, shape) for _, name, shape in sorted(found, key=lambda row: row[0])]


def names_of(plan: _core.Plan) -> list[str]:
    """What a network can be asked for: values, and what layers remember."""
    return [v.name for v in plan.values() if v.name != "target"] + [s.name for s in plan.states()]


def check_name(plan: _core.Plan, name: str) -> None:
    """Refuses a name that the network does not have."""
    if not isinstance(name, str):
        raise TypeError(f"a value has a name, such as \"relu1\", not {type(name).__name__}")
    names = names_of(plan)
    if name in names:
        return
    if any(c in name for c in "*?["):
        raise KeyError(f"{name!r} may match several values: activations(x, {name!r}) and gradients({name!r}) read them")
    near = get_close_matches(name, names)
    hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(names)}"
    raise KeyError(f"the network has no value {name!r}; {hint}")


def is_content(plan: _core.Plan, name: str) -> bool:
    """Whether it is a parameter or what a layer remembers, and not the output of a layer."""
    check_name(plan, name)
    return name in dict(contents(plan))


def chosen(net: Network, selectors: Sequence[str]) -> list[str]:
    """The values that a selector matches."""
    graph, _ = net.describe()
    for selector in selectors:
        if not isinstance(selector, str):
            raise TypeError(f'a selector should be a text, such as "relu1", not {type(selector).__name__}; '
                            "several are arguments of their own")
        graph.keep(selector)  # which refuses one that matches nothing
    return [v.name for v in net.plan.values()
            if v.name != "target" and any(graph.matches(s, v.value) for s in selectors)]


def copy_contents(to: _core.Plan, source: _core.Plan) -> None:
    """Copies the parameters, and what layers remember, from one plan of a network to another."""
    for name, _ in contents(to):
        to.write(name, source.read(name))


def set_contents(plan: _core.Plan, state: Mapping[str, Any], strict: bool) -> None:
    """Sets parameters and what layers remember; see `Network.load_state_dict`."""
    if not isinstance(state, Mapping):
        raise TypeError(f"state should map names to arrays, as state_dict() does, not be a {type(state).__name__}")
    shapes = dict(contents(plan))
    given = {k: v for k, v in state.items() if not str(k).endswith("num_batches_tracked")}
    new = {k: numbers(given[k], k).astype(np.float32, copy=False) for k in shapes if k in given}
    wrong = [f"{k} should be {list(shapes[k])}, not {list(a.shape)}" for k, a in new.items() if a.shape != shapes[k]]
    if strict:
        wrong += [f"{k} is missing" for k in shapes if k not in given]
        wrong += [f"{k} does not exist in the network" for k in given if k not in shapes]
    if wrong:
        raise ValueError("; ".join(wrong))
    for k, a in new.items():
        plan.write(k, a)


def lambdas(plan: _core.Plan) -> dict[str, float]:
    """The current lambdas of the penalties."""
    return {t.name: t.lambda_ for t in plan.terms() if t.role == "penalty"}


def set_lambdas(plan: _core.Plan, new: dict[str, float]) -> None:
    for term, value in new.items():
        plan.set_lambda(term, value)


def passes(net: Network, plan: _core.Plan, data: _core.Data) -> Iterator[slice]:
    """Goes through the rows in batches, in evaluation mode; yields which rows the plan has just seen."""
    loader, at, rows = _core.Loader(data, net.batch, shuffle=False), 0, data.info.rows
    plan.evaluate_begin(None, None)
    while at < rows:
        plan.evaluate_batches(loader, "x", None, most=1)
        yield slice(at, at + plan.rows)
        at += plan.rows


def read_all(net: Network, plan: _core.Plan, data: _core.Data | None, names: Sequence[str]) -> dict[str, Array]:
    """The values with those names: [rows, ...] for all rows, or parameters; data None: there are no rows."""
    infos = {v.name: v for v in plan.values() if v.name in names}
    count = data.info.rows if data else 0
    result = {name: np.empty((count, *infos[name].shape), np.float32) for name in names if infos[name].batch}
    for rows in passes(net, plan, data) if data else ():
        for name, value in result.items():
            value[rows] = plan.read(name)
    return {name: result[name] if name in result else plan.read(name) for name in names}


class Reader:
    """The plans from which values and gradients of a network are read. They are given the network, and do not hold
    it: it is freed when the last reference to it goes."""

    def __init__(self) -> None:
        self._kept: tuple[object, set[str], _core.Plan] | None = None
        self._gradients: tuple[object, _core.Plan] | None = None

    def values(self, net: Network, names: Sequence[str], data: _core.Data | None) -> dict[str, Array]:
        """The outputs of layers for all rows."""
        key = net.layers, net.shape, net.batch
        if self._kept is None or self._kept[0] != key or not self._kept[1].issuperset(names):
            before = self._kept[1] if self._kept and self._kept[0] == key else set()
            graph, _ = net.describe(keep=[*before, *names], objective=False)
            self._kept = key, before | set(names), graph.compile(batch=net.batch, pool=net.pool, sparse=net.sparse)
        plan = self._kept[2]
        copy_contents(plan, net.plan)
        return read_all(net, plan, data, names)

    def check(self, net: Network, data: _core.Data) -> _core.GradientCheck:
        """The gradients of the parameters compared with differences, on the first batch of the rows."""
        graph, _ = net.describe(steady=True)
        plan = graph.compile(batch=net.batch, optimizer=net.optimizer or "sgd lr=0", seed=net.seed, pool=net.pool,
                             epochs=1e6, steps_per_epoch=1 << 40, sparse=net.sparse)
        copy_contents(plan, net.plan)
        set_lambdas(plan, lambdas(net.plan))
        loader = _core.Loader(data, net.batch, shuffle=False)
        return plan.check_batch(loader, "x", None if net.aim == "x" else net.aim)

    def gradients(self, net: Network, names: Sequence[str], data: _core.Data) -> dict[str, Array]:
        """dObjective/dValue, of the mean objective over batches of at most net.batch rows, of about the same size."""
        rows = data.info.rows
        size = -(-rows // -(-rows // net.batch))
        key = str(net.settings), tuple(names), size
        if self._gradients is None or self._gradients[0] != key:
            self._gradients = None  # frees its memory first
            graph, _ = net.describe(keep_gradient=names, steady=True)
            plan = graph.compile(batch=size, optimizer=net.optimizer or "sgd lr=0", seed=net.seed, pool=net.pool,
                                 epochs=1e6, steps_per_epoch=1 << 40, sparse=net.sparse)
            self._gradients = key, plan
        plan = self._gradients[1]
        set_lambdas(plan, lambdas(net.plan))
        result = {v.name: np.zeros((rows, *v.shape) if v.batch else v.shape, np.float32)
                  for v in plan.values() if v.name in names}
        loader, at = _core.Loader(data, size, shuffle=False), 0
        while at < rows:
            copy_contents(plan, net.plan)  # which the step then changes
            plan.train(loader, "x", None if net.aim == "x" else net.aim, most=1)
            for name, value in result.items():
                gradient = plan.read_gradient(name)
                part = value if value.shape == gradient.shape else value[at : at + plan.rows]
                part += gradient * np.float32(plan.rows / rows)
            at += plan.rows
        return result
