"""Operator: a layer, a loss, a penalty or a constraint of one's own, whose functions take arrays of NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import _core
from .arrays import Array

Shape = tuple[int, ...]


def _put(result: Any, to: _core.Numbers, what: str) -> None:
    """Copies what a function has returned to where the library reads it."""
    place = np.asarray(to)
    array = np.asarray(result)
    if array.shape != place.shape:
        raise ValueError(f"{what} should return an array {place.shape}, not {array.shape}")
    np.copyto(place, array, casting="same_kind")


@dataclass(frozen=True)
class Operator:
    """An operator of one's own, which a description names like any other word.

    The functions get read-only float32 arrays of the library's own memory, without a copy: they hold for the call
    alone. They run on one thread, with the interpreter's lock. An exception refuses the step or the forward pass, in which
    nothing has then changed, and is raised by the call that ran it. Attributes follow as keywords.

    Parameters
    ----------
    role : {"layer", "loss", "penalty", "constraint"}
    name : str
        Letters, digits and _; no word of the library.
    value : callable
        ``value(x)`` of a penalty, ``value(y, t)`` of a loss: a number, the sum over all rows; the library divides it as
        ``reduce=`` says, and multiplies it by lambda. ``value(x)`` of a layer: its output.
    gradient : callable
        ``gradient(x)`` of a penalty: the derivatives of that number, like x; ``gradient(y, t)`` of a loss: those for y, or
        a pair of those for y and t. ``gradient(g, x, y)`` of a layer, whose output was y: the derivatives of the objective
        for x, if those for y are g. Of a layer with several inputs, which come one after the other, a tuple.
    prox : callable, optional
        ``prox(x, t)`` of a penalty or a constraint on a parameter: the minimiser of ``t f(z) + |z - x|^2 / 2``, or the
        nearest point that is allowed. A weight is as the library stores it, [in, out].
    shape : callable, optional
        ``shape(x)`` of a layer: the shape of a row of its output, from that of a row of x; by default the same.
    attributes : mapping of str to float or None
        Numbers that a description can give, ``"my_penalty 1e-3 width=0.5"``, with their defaults; None: it must.
    inputs : int
        How many values a layer reads, by default 1: ``"my_layer x2=relu1"``; or the most that a joint penalty takes.
    mixes : bool
        Whether what a row gives depends on other rows: refused on several ranks and, of a penalty or a loss, with
        ``accumulate=``.
    zeros : bool
        Whether a layer makes exact zeros, which are counted, or `prox` does.
    labels : bool
        Whether the target of a loss is class indices.
    doc, formula : str
        For people who read about it.

    Examples
    --------
    >>> import numpy as np, tacetnn as tn
    >>> log1p = tn.Operator("penalty", "my_log", value=lambda x, width: np.log1p(np.abs(x) / width).sum(),
    ...                     gradient=lambda x, width: np.sign(x) / (width + np.abs(x)), attributes={"width": 0.1})
    >>> log1p.check("my_log 1 width=0.5", np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4)).error < 0.01
    True
    >>> net = tn.Network("linear 16 | relu | linear 2", input=8, loss="cross_entropy", optimizer="sgd lr=0.1",
    ...                  penalties={"relu1": "my_log 1e-3"}, operators=[log1p])
    """

    role: str
    name: str
    value: Callable[..., Any] | None = None
    gradient: Callable[..., Any] | None = None
    prox: Callable[..., Any] | None = None
    shape: Callable[..., Any] | None = None
    attributes: Mapping[str, float | None] = field(default_factory=dict)
    inputs: int = 0
    mixes: bool = False
    zeros: bool = False
    labels: bool = False
    formula: str | None = None
    doc: str | None = None

    def check(self, spec: str, *inputs: Any) -> _core.GradientCheck:
        """Compares the gradient with differences of the value.

        Parameters
        ----------
        spec : str
            A description of the operator, ``"my_log 1 width=0.5"``.
        *inputs : array_like, [rows, ...]
            The inputs; labels are int32.

        Returns
        -------
        GradientCheck
            As `Network.check_gradient`.
        """
        graph = _core.Graph()
        self.add(graph)
        arrays = [np.ascontiguousarray(x, np.int32 if self.labels and i else np.float32) for i, x in enumerate(inputs)]
        return graph.check_operator(spec, arrays)

    def add(self, graph: _core.Graph) -> None:
        """Adds the operator to a graph, before what names it."""
        graph.operator_add(self.role, self.name, value=self._value if callable(self.value) else self.value,
                           gradient=self._gradient if callable(self.gradient) else self.gradient,
                           prox=self._prox if callable(self.prox) else self.prox,
                           shape=self._shape if callable(self.shape) else self.shape, attributes=tuple(self.attributes.items()),
                           inputs=self.inputs, mixes=self.mixes, zeros=self.zeros, labels=self.labels,
                           formula=self.formula, doc=self.doc)

    # ---- What the library calls ----

    def _named(self, numbers: tuple[float, ...]) -> dict[str, float]:
        return dict(zip(self.attributes, numbers, strict=True))

    def _value(self, x: tuple[_core.Numbers, ...], y: _core.Numbers | None, attributes: tuple[float, ...]) -> Any:
        assert self.value
        result = self.value(*(np.asarray(view) for view in x), **self._named(attributes))
        if y is None:
            return float(result)
        _put(result, y, f"value of {self.name}")
        return None

    def _gradient(self, x: tuple[_core.Numbers, ...], d: tuple[_core.Numbers | None, ...], y: _core.Numbers | None,
                  g: _core.Numbers | None, attributes: tuple[float, ...]) -> None:
        assert self.gradient
        arrays: list[Array] = [np.asarray(view) for view in x]
        if g is not None:
            arrays = [np.asarray(g), *arrays, np.asarray(y)]
        result = self.gradient(*arrays, **self._named(attributes))
        several: Sequence[Any] = result if isinstance(result, tuple) else (result,)
        for i, to in enumerate(d):
            if to is None:
                continue
            if i >= len(several) or several[i] is None:
                raise ValueError(f"gradient of {self.name} should return {len(d)} arrays: input {i + 1} needs one")
            _put(several[i], to, f"gradient of {self.name}")

    def _prox(self, y: _core.Numbers, t: float, attributes: tuple[float, ...]) -> None:
        assert self.prox
        x = np.asarray(y)
        x.flags.writeable = False
        _put(self.prox(x, t, **self._named(attributes)), y, f"prox of {self.name}")

    def _shape(self, shapes: tuple[Shape, ...], attributes: tuple[float, ...]) -> Shape | None:
        assert self.shape
        result = self.shape(*shapes, **self._named(attributes))
        return None if result is None else tuple(result)
