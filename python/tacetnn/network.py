"""Network: a network of the small language with its weights, which can be fitted, asked and read."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _core
from .arrays import Array, labels, numbers
from .fitting import fit
from .run import Run

Texts = Mapping[str, str | Sequence[str]]


class Network:
    """A network with its weights.

    Parameters
    ----------
    layers : str
        The layers from the input to the output, ``"linear 512 | relu | linear 10"``.
    input : int or tuple of int
        The shape of a row of x.
    layout : {"hwc", "chw"}, optional
        What the dimensions of a row of rank 3 mean; it must be given for such rows.
    loss : str
        How the output is compared with the target, ``"cross_entropy"``.
    optimizer : str
        How the parameters are updated, ``"sgd lr=0.05 momentum=0.9"``.
    penalties : mapping of str to str or list of str
        Selectors and their penalties, ``{"relu1": "l1 1e-3"}``.
    parameters : mapping of str to str
        Selectors and options of the parameters that match, ``{"linear1.*": "frozen"}``.
    target : {"", "x"}
        What the output is compared with: y, or the input itself.
    metrics : str
        What to measure in addition to the usual metrics of the loss, ``"f1, top_k k=5"``.
    seed : int
        Of the initial weights, the order of the rows, dropout and the rows that are held out.
    threads : int, optional
        By default the cores that this process may use. Results do not depend on it.
    """

    def __init__(self, layers: str, *, input: int | Sequence[int], layout: str | None = None, loss: str = "",
                 optimizer: str = "", penalties: Texts | None = None, parameters: Mapping[str, str] | None = None,
                 target: str = "", metrics: str = "", seed: int = 0, threads: int | None = None) -> None:
        shape = (input,) if isinstance(input, int) else tuple(input)
        if len(shape) == 3 and layout not in ("hwc", "chw"):
            raise ValueError(f"what do the dimensions of rows {shape} mean? Give layout=\"hwc\" or layout=\"chw\"")
        self.layers, self.layout, self.loss, self.optimizer = layers, layout, loss, optimizer
        self.input = shape[1:] + shape[:1] if layout == "chw" else shape
        self.penalties = {k: [v] if isinstance(v, str) else list(v) for k, v in (penalties or {}).items()}
        self.parameters = dict(parameters or {})
        self.target, self.metrics, self.seed = target, metrics, seed
        self.sparse, self.ledger = "auto", 50
        self.threads = threads or len(os.sched_getaffinity(0))
        self.aim = "x" if target == "x" else "target"
        self.run: Run | None = None
        self.compile()

    def describe(self, keep: Sequence[str] = (), keep_gradient: Sequence[str] = ()) -> _core.Graph:
        """The graph, built as the program builds it, so that both train with the same bits."""
        probe = _core.Graph()
        probe.chain(probe.input("x", self.input), self.layers)
        y = self._info_of(probe.compile()).shape
        g = _core.Graph()
        x = g.input("x", self.input)
        target = x
        if self.loss and self.target != "x":
            target = g.input("target", y[:-1], indices=True) if self.needs_labels else g.input("target", y)
        self.output = g.chain(x, self.layers)
        if self.loss:
            g.loss(self.loss, self.output, target)
        for selector, penalties in self.penalties.items():
            for penalty in penalties:
                g.penalize(selector, penalty)
        for selector, options in self.parameters.items():
            g.options(selector, options)
        for selector in keep:
            g.keep(selector)
        for selector in keep_gradient:
            g.keep_gradient(selector)
        return g

    @property
    def needs_labels(self) -> bool:
        return self.loss.split(" ")[0] == "cross_entropy"

    @staticmethod
    def _info_of(plan: _core.Plan) -> _core.ValueInfo:
        return [v for v in plan.values() if v.role == "layer"][-1]

    def compile(self, batch: int = 128, epochs: float = 0, steps_per_epoch: int = 0,
                metrics: str | None = None) -> None:
        """Makes a plan for another batch or length, which continues with the weights of the one before."""
        before = getattr(self, "plan", None)
        self.graph = self.describe()
        self.plan = self.graph.compile(batch=batch, optimizer=self.optimizer if self.loss else None, seed=self.seed,
                                       threads=self.threads, epochs=epochs, steps_per_epoch=steps_per_epoch, ledger=50,
                                       metrics=(self.metrics if metrics is None else metrics) or None)
        self.batch = batch
        if before:
            for v in before.values():
                if v.role == "parameter":
                    self.plan.write(v.name, before.read(v.name))

    def rows(self, x: Any) -> Array:
        """x as rows that can be fed."""
        a = numbers(x, "x")
        return np.ascontiguousarray(np.moveaxis(a, 1, -1)) if self.layout == "chw" and a.ndim == 4 else a

    def targets(self, y: Any) -> Array:
        return labels(y, "y") if self.needs_labels else numbers(y, "y")

    def fit(self, x: Any, y: Any = None, **settings: Any) -> Run:
        """Trains the network; see tacetnn.fitting.fit."""
        return fit(self, x, y, **settings)

    def predict(self, x: Any) -> Array:
        """The outputs for rows of x, [rows, outputs...], as float32."""
        rows = self.rows(x)
        name = self._info_of(self.plan).name
        parts = []
        for i in range(0, len(rows), self.batch):
            self.plan.forward(x=rows[i : i + self.batch])
            parts.append(self.plan.read(name))
        return np.concatenate(parts)

    def weights(self) -> dict[str, Array]:
        """Copies of the parameters by name, laid out as PyTorch does."""
        return {v.name: self.plan.read(v.name) for v in self.plan.values() if v.role == "parameter"}

    def save(self, path: str) -> None:
        pass
