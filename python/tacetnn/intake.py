"""Intake: arrays of the caller as the rows of a network, in the shape, the layout and the scale that it takes."""

from __future__ import annotations

import json
from math import prod
from typing import Any

import numpy as np

from . import _core
from .arrays import Array, as_array, labels, numbers, rows_of
from .description import Description
from .reading import Seen


def _too_few(label: int, outputs: int) -> str:
    return (f"y holds the class {label}, but the network has outputs for 0 to {outputs - 1}: it needs one for each class, as "
            f"linear {label + 1} at its end")


class Intake(Description):
    """A description that takes rows."""

    schema = source = ""
    scaling: dict[str, tuple[Array, Array]] = {}
    """The factor and what is added, for each element or for each channel, of "x" and of "target"."""

    def rows(self, x: Any) -> Array:
        """x as rows, [rows, \\*input]; without a copy where x is contiguous and of a type that is taken."""
        a = as_array(x, "x")
        if a.dtype == np.bool_:
            a = a.astype(np.float32)  # numbers of one byte are scaled as those of images
        return rows_of(numbers(a, "x"), self.input, "x", f" (layout={self.layout!r})" if self.layout else "")

    def targets(self, y: Any) -> Array:
        """y as targets that can be fed: class indices [rows, ...], or numbers [rows, \\*output]."""
        if y is None:
            raise TypeError(f"y is missing: {self.loss or 'the loss'} compares the output with it")
        if not self.needs_labels:
            return rows_of(numbers(y, "y"), self.output_shape, "y")
        a, shape = labels(y, "y"), self.output_shape
        if a.size and a.max() >= shape[-1]:
            raise ValueError(_too_few(a.max(), shape[-1]))
        one_hot = a.shape[1:] == shape and a.ndim > 1 and shape[-1] > 1
        return rows_of(a, shape[:-1], "y", "; of rows that are one-hot: y.argmax(axis=-1)" if one_hot else "")

    def seen(self, x: Any, y: Any = None, answers: bool = True) -> Seen:
        """x and y as rows, unless x is data; answers: whether y is needed."""
        if not isinstance(x, _core.Data):
            return self.pair(x, y, answers)
        self._check_data(x.info, answers and self.aim != "x")
        return x

    def _check_data(self, info: _core.DataInfo, answers: bool) -> None:
        """Refuses data that do not have the rows or the answers that the network takes."""
        outputs = self.output_shape
        if prod(info.shape) != prod(self.shape):
            raise ValueError(f"a row of the data has {prod(info.shape)} numbers, but the network takes {prod(self.shape)}")
        if not answers:
            return
        if info.classes == 0 and info.target_shape is None:
            raise ValueError("the data have neither labels nor targets to compare the output with")
        if self.needs_labels and info.classes == 0:
            raise ValueError(f"{self.loss} takes labels, but the data have targets")
        if self.needs_labels and info.classes > outputs[-1]:
            raise ValueError(_too_few(info.classes - 1, outputs[-1]))
        shape = (info.label_shape if info.classes else info.target_shape) or ()
        if not self.needs_labels and prod(shape) != prod(outputs):
            raise ValueError(f"a row of the data has {'labels' if info.classes else 'targets'} of the shape {list(shape)}, but "
                             f"{self.loss} compares them with outputs of the shape {list(outputs)}")

    def pair(self, x: Any, y: Any = None, answers: bool = True) -> dict[str, Array]:
        """x and y as rows; answers: whether y is needed."""
        rows = {"x": self.rows(x)}
        if answers and self.aim != "x":
            rows["target"] = self.targets(y)
            if len(rows["target"]) != len(rows["x"]):
                raise ValueError(f"x has {len(rows['x'])} rows, but y has {len(rows['target'])}")
        return rows

    def data(self, seen: Seen, options: str = "") -> _core.Data:
        """Rows as data that a loader draws from, as those of a file; options are those of all sources of data."""
        if isinstance(seen, _core.Data):
            return seen
        if len(self.input) > 1 and "flat=" not in options and "layout=" not in options:
            options += f" layout={self.layout}" if self.layout else " flat=false"
        target = seen.get("target")
        return _core.Data.arrays(seen["x"], target, self._are_labels(target), options.strip() or None)

    def _are_labels(self, target: Array | None) -> bool:
        """Whether the targets are classes. Whole numbers for a loss of yes or no are; they must then be 0 and 1."""
        if target is None or self.needs_labels:
            return target is not None
        kind = self.loss_entry
        if kind is None or not kind.logits or target.dtype.kind == "f" or self.output_shape != (1,):
            return False
        if target.size and (target.min() < 0 or target.max() > 1):
            raise ValueError(f"{kind.name} takes y of 0 and 1, but it holds {target[(target < 0) | (target > 1)][0]}")
        return True

    def learned_from(self, schema: str, source: str) -> None:
        """Remembers how the data of training were scaled, so that other rows are scaled in the same way."""
        self.schema, self.source = schema, source
        known = json.loads(schema or "{}")
        self.scaling = {
            name: (np.array(known[f"{prefix}scale"], float), np.array(known[f"{prefix}shift"], float))
            for name, prefix in (("x", ""), ("target", "target_")) if f"{prefix}scale" in known}
