"""Intake: arrays of the caller as the rows of a network, in the shape, the layout and the scale that it takes."""

from __future__ import annotations

import json
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from . import _core
from .arrays import Array, as_array, labels, numbers, rows_of
from .caller import warn
from .description import Description, given


def _too_few(label: int, outputs: int) -> str:
    return (f"y holds the class {label}, but the network has outputs for 0 to {outputs - 1}: it needs one for each "
            f"class, as linear {label + 1} at its end")


@lru_cache(8)
def _scaling(schema: str) -> dict[str, tuple[Array, Array]]:
    known = json.loads(schema or "{}")
    pairs = {name: (np.array(known.get(scale, [1]), float), np.array(known.get(shift, [0]), float))
             for name, scale, shift in (("x", "scale", "shift"), ("target", "target_scale", "target_shift"))}
    return {name: (scale, shift) for name, (scale, shift) in pairs.items() if (scale != 1).any() or shift.any()}


def _check_schema(own: str, learned: str) -> None:
    """Refuses data whose numbers or words mean something else than in those that the network was fitted to."""
    theirs, ours = json.loads(own or "{}"), json.loads(learned or "{}")
    for key in ("inputs", "scale", "shift", "target_scale", "target_shift", "classes"):
        a, b = theirs.get(key), ours.get(key)
        if isinstance(a, list) and isinstance(b, list) and a != b:
            raise ValueError(f"the data have other {key} than those that the network was fitted to: open them as "
                             "those, tacetnn.Data.open_as(source, data.schema), where data are those of the fit")


def _at_most_one(a: Array) -> bool:
    """Whether the first rows look like pixels that were divided by 255: zeros and ones alone may be either."""
    some = a[:1000]
    return a.dtype.kind == "f" and a.size > 0 and bool(some.max() <= 1 and (some % 1 != 0).any())


class Intake(Description):
    """A description that takes rows."""

    schema = source = ""
    """What the network learned of the data that it was fitted to, and their source; empty before."""

    at_most_one = False
    """Whether the rows that it was fitted to look like pixels that were divided by 255."""

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
        shape = self.output_shape
        if not self.needs_labels:
            a, kind = numbers(y, "y"), self.loss_entry
            two = kind is not None and kind.logits and shape == (2,) and a.ndim == 1
            hint = "; two classes need one output here: end the layers with linear 1" if two else ""
            return rows_of(a, shape, "y", hint)
        a = labels(y, "y", self._ignored)
        counted = a if self._ignored is None else a[a != self._ignored]
        if counted.size and counted.max() >= shape[-1]:
            raise ValueError(_too_few(counted.max(), shape[-1]))
        hint = ""
        if a.shape[1:] == shape and shape[-1] > 1:
            hint = "; of rows that are one-hot: y.argmax(axis=-1)"
        elif a.ndim == 1 and len(shape) > 1:
            hint = "; for one answer for each row, put flatten before the last linear"
        return rows_of(a, shape[:-1], "y", hint)

    @property
    def _ignored(self) -> int | None:
        """The label that the loss ignores."""
        ignored = given(self.loss, "ignore") if self.loss else ""
        return int(float(ignored)) if ignored else None

    def seen(self, x: Any, y: Any = None, answers: bool = True, sample_weight: Any = None) -> _core.Data:
        """x and y as data, scaled as those that the network was fitted to; answers: whether y is needed."""
        if not isinstance(x, _core.Data):
            x = self.rows(x)
            self._compare_pixels(x)
        return self._weighed(self._data(x, y, answers, "", self.schema), sample_weight)

    def _weighed(self, data: _core.Data, sample_weight: Any) -> _core.Data:
        """The data, whose rows get the weights that are given."""
        if sample_weight is not None:
            weight = rows_of(numbers(sample_weight, "sample_weight"), (1,), "sample_weight")
            data.weigh(weight.view(np.uint8) if weight.dtype == np.bool_ else weight)
        return data

    def _compare_pixels(self, a: Array) -> None:
        """Warns of pixels that are divided by 255 where those of the fit were not, and the other way round."""
        scale, shift = self.scaling.get("x", (np.ones(1), np.zeros(1)))
        text = ""
        if _at_most_one(a) and scale.size == 1 and scale[0] == 1 / 255 and not shift.any():
            text = ("x holds numbers up to 1, but the network was fitted to bytes, which it divides by 255. It divides "
                    "these too: give bytes, or 255 * x")
        elif a.dtype == np.uint8 and a.size and self.at_most_one and a[:1000].max() > 1:
            text = ("x holds bytes, but the network was fitted to numbers up to 1, and divides nothing by 255: give "
                    "x / 255")
        if text:
            warn(text)

    @property
    def scaling(self) -> dict[str, tuple[Array, Array]]:
        """What rows ("x") and targets ("target") are scaled by, if they are: the factor and what is added, for each
        element or for each channel."""
        return _scaling(self.schema)

    def learn_from(self, x: Any, y: Any, options: str = "", sample_weight: Any = None) -> _core.Data:
        """x and y as data to be fitted to, whose scaling is remembered; options are those of all sources of data."""
        if not isinstance(x, _core.Data):
            x = self.rows(x)
        data = self._weighed(self._data(x, y, True, options, ""), sample_weight)
        self.weighed = data.info.weighed
        self.schema, self.source = data.schema, data.info.spec
        self.at_most_one = not isinstance(x, _core.Data) and _at_most_one(x)
        return data

    def learn_of_batches(self, x: Any) -> None:
        """Remembers how the rows of batches are scaled, which begin with x."""
        self.schema = self._data(x, None, False, "", "").schema
        self.source = ""
        self.at_most_one = _at_most_one(x)

    def _data(self, x: Any, y: Any, answers: bool, options: str, schema: str) -> _core.Data:
        if isinstance(x, _core.Data):
            self._check_data(x.info, answers and self.aim != "x")
            _check_schema(x.schema, schema)
            return x
        pair = self.pair(x, y, answers)
        target = pair.get("target")
        if len(self.input) > 1 and "flat=" not in options and "layout=" not in options:
            options += f" layout={self.layout}" if self.layout else " flat=false"
        if target is not None and self._ignored is not None and self.needs_labels and "ignore=" not in options:
            options += f" ignore={self._ignored}"
        return _core.Data.arrays(pair["x"], target, self._are_labels(target), options.strip() or None, schema or None)

    def _check_data(self, info: _core.DataInfo, answers: bool) -> None:
        """Refuses data that do not have the rows or the answers that the network takes."""
        outputs = self.output_shape
        if prod(info.shape) != prod(self.shape):
            raise ValueError(f"a row of the data has {prod(info.shape)} numbers, but the network takes "
                             f"{prod(self.shape)}")
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
            raise ValueError(f"a row of the data has {'labels' if info.classes else 'targets'} of the shape "
                             f"{list(shape)}, but {self.loss} compares them with outputs of the shape {list(outputs)}")

    def pair(self, x: Any, y: Any = None, answers: bool = True) -> dict[str, Array]:
        """x and y as rows; answers: whether y is needed."""
        rows = {"x": self.rows(x)}
        if answers and self.aim != "x":
            rows["target"] = self.targets(y)
            if len(rows["target"]) != len(rows["x"]):
                raise ValueError(f"x has {len(rows['x'])} rows, but y has {len(rows['target'])}")
        return rows

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

    def feed(self, plan: _core.Plan, rows: dict[str, Array]) -> None:
        """Feeds rows, scaled as those that the network was fitted to. Channels that come first are moved to the end."""
        for name, array in rows.items():
            if name == "sample_weight" and not self.weighed:
                raise ValueError("this batch has weights, but the first batch of the fit had none: give that weights "
                                 "too, of 1 if its rows count alike")
            if name == "x" and self.layout == "chw":
                array = np.ascontiguousarray(np.moveaxis(array, 1, -1))
            scale, shift = self.scaling.get(name, (None, None))
            plan.feed_rows(name, array, scale=scale, shift=shift)
