"""Arrays of other packages, as arrays that the library can read where they are.

The library takes C-contiguous numbers of float32, float64, uint8, int32 and int64. An array that is like that is used
in place; any other is copied once. Nothing here imports the other packages: their objects are known by what they
offer.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_TAKEN = tuple(np.dtype(t) for t in ("f4", "f8", "u1", "i4", "i8"))
_LABELS = tuple(np.dtype(t) for t in ("u1", "i4", "i8"))
_AS = {"b1": "u1", "i1": "i4", "i2": "i4", "u2": "i4", "u4": "i8", "u8": "f8", "f2": "f4"}
"""The type that holds all numbers of another one; a wider float becomes f8."""


def as_array(x: Any, what: str) -> Array:
    """Anything that holds numbers as a NumPy array, without a copy where there is a way.

    Parameters
    ----------
    x : array_like
        A NumPy array, a tensor of PyTorch on the CPU, a frame or series of pandas, anything with a buffer or DLPack, or
        nested lists.
    what : str
        What it is called in errors.

    Raises
    ------
    TypeError
        If it does not hold real numbers, or not where the CPU can read them.
    ValueError
        If its values are masked or missing, or its rows have different lengths.
    """
    if x is None:
        raise TypeError(f"{what} is missing")
    if isinstance(x, np.ma.MaskedArray):
        if np.any(x.mask):
            raise ValueError(f"{what} has masked values: fill them first, {what}.filled(0)")
        return np.asarray(x.data)
    if isinstance(x, np.ndarray):
        return _plain(np.asarray(x), what)
    if hasattr(x, "detach"):
        return _of_tensor(x, what)
    if hasattr(x, "toarray"):
        raise TypeError(f"{what} is a sparse matrix: {what}.toarray() makes an array of it")
    if hasattr(x, "to_numpy"):
        return _plain(_of_frame(x, what), what)
    if hasattr(x, "__dlpack__") and not hasattr(x, "__array__"):
        try:
            return _plain(np.from_dlpack(x), what)
        except (BufferError, RuntimeError) as e:
            raise TypeError(f"{what} cannot be read by the CPU: {e}") from None
    listed = isinstance(x, Sequence) and not isinstance(x, str | bytes)
    known = ("__array__", "__array_interface__", "__array_struct__", "__float__")
    if not (listed or any(hasattr(x, name) for name in known) or _has_buffer(x)):
        raise TypeError(f"{what} should be an array of numbers, not {type(x).__name__}")
    if isinstance(x, list | tuple) and x and hasattr(x[0], "detach"):
        x = [as_array(row, what) for row in x]
    try:
        return _plain(np.asarray(x), what)
    except ValueError:
        if not listed:
            raise
        raise ValueError(f"{what} is a list whose rows have different lengths") from None


def _has_buffer(x: Any) -> bool:
    try:
        return memoryview(x) is not None and not isinstance(x, bytes)
    except TypeError:
        return False


def _of_tensor(x: Any, what: str) -> Array:
    x = x.detach()
    if x.device.type != "cpu":
        raise TypeError(f"{what} is on the device {x.device}" + ("" if x.device.type == "meta" else
                        f": move it to the CPU, {what}.cpu()"))
    if str(x.layout) != "torch.strided":
        raise TypeError(f"{what} is a sparse tensor: {what}.to_dense() makes an array of it")
    if str(x.dtype) == "torch.bfloat16":  # NumPy has no such type
        x = x.float()
    try:
        return _plain(np.asarray(x.resolve_conj().resolve_neg().numpy()), what)
    except TypeError:
        raise TypeError(f"{what} should hold numbers, not {x.dtype}") from None


def _of_frame(x: Any, what: str) -> Any:
    """The numbers of a frame or a series of pandas, or of a package like it."""
    columns = x.dtypes.items() if hasattr(getattr(x, "dtypes", None), "items") else [(getattr(x, "name", None), None)]
    for name, dtype in columns:
        column = x if dtype is None else x[name]
        named = f"the column {name!r} of {what}" if dtype is not None else f"{what} ({name!r})"
        label = what if name is None else named
        if getattr(column, "ndim", 1) != 1:
            raise ValueError(f"{what} has two columns called {name!r}")
        if not hasattr(column, "isna"):
            continue
        if column.dtype == object:
            _plain(column.to_numpy(), label)
        elif getattr(column.dtype, "kind", "O") not in "fiub":
            raise TypeError(f"{label} holds {column.dtype}, not numbers: encode it, as pandas.get_dummies does, "
                            "or leave it out")
        elif column.isna().any():
            raise ValueError(f"{label} has missing values: fill them, as fillna does, or leave it out")
    a = x.to_numpy()
    if a.dtype == object:
        a = x.to_numpy(dtype=np.float64)
    return a


def _plain(a: Array, what: str) -> Array:
    """The same, in the order of bytes of this machine; refuses what is not real numbers."""
    if a.dtype == object:
        for v in a.flat:
            if isinstance(v, str | bytes) or not hasattr(v, "__float__"):
                raise TypeError(f"{what} should hold numbers, but it holds {v!r:.40}")
        a = a.astype(np.float64)
    if a.dtype.kind not in "fiub":
        names = {"U": "text", "S": "bytes", "V": "records", "c": "complex numbers", "M": "dates", "m": "times"}
        raise TypeError(f"{what} should hold numbers, not {names.get(a.dtype.kind, str(a.dtype))}")
    return a if a.dtype.isnative else a.astype(a.dtype.newbyteorder("="))


def numbers(x: Any, what: str) -> Array:
    """x as numbers that can be fed to an input of floats: C-contiguous, of a type that the library takes."""
    return _required(as_array(x, what), _TAKEN)


def labels(y: Any, what: str, ignored: int | None = None) -> Array:
    """y as class indices: C-contiguous whole numbers; `ignored` is none, and may be below 0."""
    try:
        a = as_array(y, what)
    except TypeError:
        listed = isinstance(y, np.ndarray | list | tuple) or hasattr(y, "to_numpy")
        if listed and any(isinstance(v, str | bytes) for v in np.asarray(y, object).flat):
            raise TypeError(f"{what} should hold the numbers of classes, from 0 on, not text: classes, {what} = "
                            f"numpy.unique({what}, return_inverse=True)") from None
        raise
    if a.dtype.kind == "f":
        whole = np.isfinite(a) & (a == np.trunc(a))
        if not whole.all():
            raise TypeError(f"{what} should hold the numbers of classes, from 0 on, but it holds {a[~whole].flat[0]}")
        a = a.astype(np.int64)
    if a.dtype == np.uint64:
        a = a.astype(np.int64)
    if a.size and a.dtype.kind == "i" and a.min() < 0:
        below = a[a < 0] if ignored is None else a[(a < 0) & (a != ignored)]
        if below.size:
            raise ValueError(f"{what} should hold the numbers of classes, from 0 on, but it holds {below.min()}")
    return _required(a, _LABELS)


def _required(a: Array, types: Sequence[np.dtype[Any]]) -> Array:
    if a.dtype == np.bool_ and a.flags.c_contiguous:
        a = a.view(np.uint8)
    if a.dtype not in types:
        a = a.astype(_AS.get(a.dtype.str[1:], "f8"))
    return np.require(a, requirements=["C", "A"])


def rows_of(a: Array, shape: tuple[int, ...], what: str, hint: str = "") -> Array:
    """The array as rows of that shape, [rows, *shape], without a copy.

    Sizes of 1 may be missing or added, and a vector of all numbers is as good as a row of that shape, since neither
    changes their order.
    """
    if a.ndim == 0:
        raise ValueError(f"{what} should be rows, {_shape(shape)}, not a single number")
    row = a.shape[1:]
    same = [n for n in row if n != 1] == [n for n in shape if n != 1]
    if same or prod(row) == prod(shape) and min(len(row), len(shape)) <= 1:
        return a.reshape(a.shape[:1] + shape)
    if not hint and a.shape == shape:
        hint = f"; for one row: {what}[None]"
    raise ValueError(f"{what} should be rows, {_shape(shape)}, not {_shape(row, a.shape[0])}{hint}")


def _shape(row: Sequence[int], rows: int | str = "rows") -> str:
    return f"[{', '.join(map(str, (rows, *row)))}]"
