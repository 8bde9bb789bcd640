"""Arrays of other packages, as arrays that the library can read where they are.

The library takes C-contiguous numbers of float32, float64, uint8, int32 and int64. An array that is like that is used in
place; any other is copied once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_FLOATS = (np.dtype("f4"), np.dtype("f8"), np.dtype("u1"), np.dtype("i4"), np.dtype("i8"))
_LABELS = (np.dtype("u1"), np.dtype("i4"), np.dtype("i8"))


def as_array(x: Any, what: str) -> Array:
    """Anything that holds numbers as a NumPy array, without a copy where there is a way."""
    if hasattr(x, "detach"):  # a tensor of PyTorch, which may require a gradient
        x = x.detach()
        if x.device.type != "cpu":
            raise TypeError(f"{what} is on the device {x.device}: move it to the CPU, {what}.cpu()")
        if str(x.dtype) in ("torch.bfloat16", "torch.float16"):
            x = x.float()
        return np.asarray(x.numpy())
    if hasattr(x, "to_numpy"):  # a frame or a series of pandas
        return np.asarray(x.to_numpy())
    if not isinstance(x, np.ndarray) and hasattr(x, "__dlpack__"):
        return np.from_dlpack(x)
    return np.asarray(x)


def numbers(x: Any, what: str) -> Array:
    """x as numbers that can be fed to an input of floats."""
    a = as_array(x, what)
    if a.dtype == np.bool_:
        a = a.view(np.uint8)
    if a.dtype.kind not in "fiu":
        raise TypeError(f"{what} should hold numbers, not {a.dtype}")
    if a.dtype not in _FLOATS:
        a = a.astype(np.float64 if a.dtype.kind in "iu" else np.float32)
    return np.require(a, requirements=["C", "A"])


def labels(y: Any, what: str) -> Array:
    """y as class indices."""
    a = as_array(y, what)
    if a.dtype.kind == "f" and a.size and np.array_equal(a, np.trunc(a)):
        a = a.astype(np.int64)
    if a.dtype.kind not in "iub":
        raise TypeError(f"{what} should hold the numbers of classes, from 0 on, not {a.dtype}")
    if a.dtype not in _LABELS:
        a = a.astype(np.int64)
    return np.require(a, requirements=["C", "A"])
