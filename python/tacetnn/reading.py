"""Reading: the values of a network and their gradients.

A plan for training keeps only what the next step needs. Values are read from other plans, which are made when they are
first asked for and get the current weights before each pass, so that training costs no more when nothing is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from . import _core
from .arrays import Array

if TYPE_CHECKING:
    from .network import Network

Seen = dict[str, Array] | _core.Data
"""Rows: {"x": [rows, ...], "target": [rows, ...]}, or data."""


def contents(plan: _core.Plan) -> list[tuple[str, tuple[int, ...]]]:
    """The names and shapes of the parameters and of what layers remember, layer by layer."""
    found = [(v.owner.id if v.owner else 0, v.name, v.shape) for v in plan.values() if v.role == "parameter"]
    found += [(s.layer.id, s.name, s.shape) for s in plan.states()]
    return [(name, shape) for _, name, shape in sorted(found, key=lambda row: row[0])]


def copy_contents(to: _core.Plan, source: _core.Plan) -> None:
    """Copies the parameters, and what layers remember, from one plan of a network to another."""
    for name, _ in contents(to):
        to.write(name, source.read(name))


def lambdas(plan: _core.Plan) -> dict[str, float]:
    """The current lambdas of the penalties."""
    return {t.name: t.lambda_ for t in plan.terms() if t.role == "penalty"}


def set_lambdas(plan: _core.Plan, new: dict[str, float]) -> None:
    for term, value in new.items():
        plan.set_lambda(term, value)


def count(seen: Seen) -> int:
    """The number of rows."""
    return int(seen.info.rows) if isinstance(seen, _core.Data) else len(seen["x"])


def feed(net: Network, plan: _core.Plan, rows: dict[str, Array]) -> None:
    """Feeds rows, scaled as those that the network was trained on. Channels that come first are moved to the end."""
    for name, array in rows.items():
        if name == "x" and net.layout == "chw":
            array = np.ascontiguousarray(np.moveaxis(array, 1, -1))
        scale, shift = net.scaling.get(name, (None, None))
        plan.feed_rows(name, array, scale=scale, shift=shift)


def passes(net: Network, plan: _core.Plan, seen: Seen, batch: int, aim: str | None = None) -> Iterator[slice]:
    """Goes through the rows in batches, in evaluation mode; yields which rows the plan has just seen.

    With an aim, the output is compared with that input, and the figures are those of an evaluation, which the caller ends.
    """
    at, rows = 0, count(seen)
    loader = None
    if isinstance(seen, _core.Data):
        loader, seen = _core.Loader(seen, batch, shuffle=False), {}
    if aim or loader:
        plan.evaluate_begin(aim, net.output if aim else None)
    while at < rows:
        if loader:
            plan.evaluate_batches(loader, "x", None if aim in (None, "x") else aim, most=1)
        else:
            feed(net, plan, {name: a[at : at + batch] for name, a in seen.items() if aim or name == "x"})
            plan.evaluate_batch() if aim else plan.forward()
        yield slice(at, at + plan.rows)
        at += plan.rows


def read_all(net: Network, plan: _core.Plan, seen: Seen, names: Sequence[str], batch: int) -> dict[str, Array]:
    """The values with those names: [rows, ...] for all rows, or parameters."""
    infos = {v.name: v for v in plan.values() if v.name in names}
    result = {name: np.empty((count(seen), *infos[name].shape), np.float32) for name in names if infos[name].batch}
    for rows in passes(net, plan, seen, batch):
        for name, value in result.items():
            value[rows] = plan.read(name)
    return {name: result[name] if name in result else plan.read(name) for name in names}


class Reader:
    """The plans from which values and gradients of a network are read. They are given the network, and do not hold it: it
    is freed when the last reference to it goes."""

    def __init__(self) -> None:
        self._kept: tuple[object, set[str], _core.Plan] | None = None
        self._gradients: tuple[object, _core.Plan] | None = None

    def values(self, net: Network, names: Sequence[str], seen: Seen) -> dict[str, Array]:
        """The outputs of layers for all rows."""
        batch = min(net.batch, max(count(seen), 1))
        key = net.layers, net.shape, batch
        if self._kept is None or self._kept[0] != key or not self._kept[1].issuperset(names):
            before = self._kept[1] if self._kept and self._kept[0] == key else set()
            graph, _ = net.describe(keep=[*before, *names], objective=False)
            self._kept = key, before | set(names), graph.compile(batch=batch, pool=net.pool, sparse=net.sparse)
        plan = self._kept[2]
        copy_contents(plan, net.plan)
        return read_all(net, plan, seen, names, batch)

    def gradients(self, net: Network, names: Sequence[str], seen: Seen) -> dict[str, Array]:
        """dObjective/dValue, of the mean objective over batches of at most net.batch rows, of about the same size."""
        rows = count(seen)
        size = -(-rows // -(-rows // net.batch))
        key = str(net.settings), tuple(names), size
        if self._gradients is None or self._gradients[0] != key:
            self._gradients = None  # frees its memory first
            graph, _ = net.describe(keep_gradient=names, steady=True)
            self._gradients = key, graph.compile(batch=size, optimizer=net.optimizer or "sgd lr=0", seed=net.seed, pool=net.pool,
                                                 epochs=1e6, steps_per_epoch=1 << 40, sparse=net.sparse)
        plan = self._gradients[1]
        set_lambdas(plan, lambdas(net.plan))
        result = {v.name: np.zeros((rows, *v.shape) if v.batch else v.shape, np.float32) for v in plan.values() if v.name in names}
        at, loader = 0, None
        if isinstance(seen, _core.Data):
            loader, seen = _core.Loader(seen, size, shuffle=False), {}
        while at < rows:
            copy_contents(plan, net.plan)  # which the step then changes
            if loader:
                plan.train(loader, "x", None if net.aim == "x" else net.aim, most=1)
            else:
                feed(net, plan, {name: a[at : at + size] for name, a in seen.items()})
                plan.step()
            for name, value in result.items():
                gradient = plan.read_gradient(name)
                part = value if value.shape == gradient.shape else value[at : at + plan.rows]
                part += gradient * np.float32(plan.rows / rows)
            at += plan.rows
        return result
