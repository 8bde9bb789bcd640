"""Which module of PyTorch is which word of the small language: one table, read in both directions.

A row says which argument of the module is which attribute of the word, and of what shape the values are that both take.
PyTorch has the units of an image second, [N, C, H, W], and so of what its convolutions and pools make; the units of a
linear layer or of a layer norm are last. `Axis` says which of these a module expects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from . import _core
from .catalogue import entry


class Axis(Enum):
    """Where a module expects the units of its input."""

    ANY = 0
    SECOND = 1
    LAST = 2


class Row(NamedTuple):
    """A module and the word that does the same.

    Attributes
    ----------
    module : type
        The class of the module.
    word : str
        The layer of the small language.
    attributes : mapping of str to str
        The attributes of the word, with the arguments of the module that mean the same.
    units : str
        The argument that is the number of units of the input, or "".
    axis : Axis
        Where the module expects these units.
    rank : int
        The rank of the rows that it takes, 0: any.
    only : mapping of str to tuple
        Arguments that the word lacks, and the values at which that makes no difference.
    """

    module: type[nn.Module]
    word: str
    attributes: Mapping[str, str] = {}
    units: str = ""
    axis: Axis = Axis.ANY
    rank: int = 0
    only: Mapping[str, tuple[Any, ...]] = {}


CONVOLUTION = {"out": "out_channels", "k": "kernel_size", "stride": "stride", "padding": "padding",
               "dilation": "dilation", "groups": "groups", "bias": "bias"}
WINDOW = {"k": "kernel_size", "stride": "stride", "padding": "padding", "ceil": "ceil_mode"}
BATCH_NORM = {"eps": "eps", "momentum": "momentum", "affine": "affine"}
NORM = {"eps": "eps", "affine": "affine"}
ZEROS = {"padding_mode": ("zeros",)}
MEANS = {"track_running_stats": (True,)}
NO_MEANS = {"track_running_stats": (False,)}

ROWS = (
    Row(nn.Linear, "linear", {"out": "out_features", "bias": "bias"}, "in_features", Axis.LAST),
    Row(nn.Conv2d, "conv2d", CONVOLUTION, "in_channels", Axis.SECOND, 3, ZEROS),
    Row(nn.Conv1d, "conv1d", CONVOLUTION, "in_channels", Axis.SECOND, 2, ZEROS),
    Row(nn.ReLU, "relu"),
    Row(nn.ReLU6, "relu6"),
    Row(nn.Hardtanh, "clip", {"low": "min_val", "high": "max_val"}),
    Row(nn.LeakyReLU, "leaky_relu", {"slope": "negative_slope"}),
    Row(nn.PReLU, "prelu", {"by": "num_parameters"}, axis=Axis.SECOND),
    Row(nn.ELU, "elu", {"alpha": "alpha"}),
    Row(nn.SELU, "selu"),
    Row(nn.Threshold, "threshold_relu", {"theta": "threshold"}, only={"value": (0,)}),
    Row(nn.GELU, "gelu", {"approximate": "approximate"}),
    Row(nn.SiLU, "silu"),
    Row(nn.Mish, "mish"),
    Row(nn.Softplus, "softplus", {"beta": "beta", "threshold": "threshold"}),
    Row(nn.Hardswish, "hardswish"),
    Row(nn.Sigmoid, "sigmoid"),
    Row(nn.Hardsigmoid, "hardsigmoid"),
    Row(nn.Tanh, "tanh"),
    Row(nn.Softmax, "softmax"),
    Row(nn.LogSoftmax, "log_softmax"),
    Row(nn.Dropout, "dropout", {"p": "p"}),
    Row(nn.LayerNorm, "layer_norm", {"eps": "eps", "affine": "elementwise_affine"}, "normalized_shape", Axis.LAST),
    Row(nn.BatchNorm2d, "batch_norm", BATCH_NORM, "num_features", Axis.SECOND, 3, MEANS),
    Row(nn.BatchNorm1d, "batch_norm", BATCH_NORM, "num_features", Axis.SECOND, 0, MEANS),
    Row(nn.GroupNorm, "group_norm", {"groups": "num_groups", **NORM}, "num_channels", Axis.SECOND),
    Row(nn.InstanceNorm2d, "instance_norm", NORM, "num_features", Axis.SECOND, 3, NO_MEANS),
    Row(nn.InstanceNorm1d, "instance_norm", NORM, "num_features", Axis.SECOND, 2, NO_MEANS),
    Row(nn.MaxPool2d, "max_pool2d", {**WINDOW, "dilation": "dilation"}, "", Axis.SECOND, 3,
        {"return_indices": (False,)}),
    Row(nn.AvgPool2d, "avg_pool2d", {**WINDOW, "count_pad": "count_include_pad"}, "", Axis.SECOND, 3,
        {"divisor_override": (None,)}),
    Row(nn.AdaptiveAvgPool2d, "global_avg_pool", {}, "", Axis.SECOND, 3, {"output_size": (1, (1, 1))}),
    Row(nn.AdaptiveAvgPool1d, "global_avg_pool", {}, "", Axis.SECOND, 2, {"output_size": (1, (1,))}),
    Row(nn.Upsample, "upsample", {"factor": "scale_factor"}, "", Axis.SECOND, 3,
        {"mode": ("nearest",), "size": (None,)}),
    Row(nn.ZeroPad2d, "pad", {}, "", Axis.SECOND, 3, {"value": (0,)}),
    Row(nn.ConstantPad3d, "pad", {}, "", Axis.SECOND, 3, {"value": (0,)}),
)
BY_MODULE = {row.module: row for row in ROWS}


def one_slope(module: nn.Module) -> bool:
    """Whether it is a PReLU with one slope for all units, wherever these are."""
    return isinstance(module, nn.PReLU) and module.num_parameters == 1


def row_of(module: nn.Module) -> Row | None:
    """The row of a module, also of one whose class adds nothing to the forward pass of a class in the table."""
    for kind in type(module).__mro__:
        if kind in BY_MODULE:
            same = type(module).forward is kind.forward and not hasattr(module, "parametrizations")
            row = BY_MODULE[kind]._replace(axis=Axis.ANY) if one_slope(module) else BY_MODULE[kind]
            return row if same else None
    return None


PADS = ("left", "right", "top", "bottom", "before", "after")
"""The numbers of `padding` in a module that pads, as attributes of `pad`."""


def _max_pool2d(kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
                return_indices: bool = False) -> nn.Module:
    return nn.MaxPool2d(kernel_size, stride, padding, dilation, return_indices, ceil_mode)


def _clamp(min: float | None = None, max: float | None = None) -> nn.Module:
    if min == 0 and max is None:
        return nn.ReLU()
    if min is None or max is None:
        raise ValueError(f"min={min}, max={max} has no counterpart")
    return nn.Hardtanh(min, max)


def _pad(pad: Any, mode: str = "constant", value: float | None = None) -> nn.Module:
    if mode != "constant" or len(pad) > 6:
        raise ValueError(f"pad={tuple(pad)}, mode={mode!r} has no counterpart")
    return nn.ConstantPad3d((*pad, *[0] * (6 - len(pad))), value or 0)


def _upsample(size: Any = None, scale_factor: Any = None, mode: str = "nearest", **others: Any) -> nn.Module:
    return nn.Upsample(size, scale_factor, mode)


FUNCTIONS: dict[Any, Callable[..., nn.Module]] = {
    F.relu: nn.ReLU, torch.relu: nn.ReLU, torch.relu_: nn.ReLU, "relu": nn.ReLU, "relu_": nn.ReLU,
    F.relu6: nn.ReLU6, F.leaky_relu: nn.LeakyReLU, F.gelu: nn.GELU, F.silu: nn.SiLU, F.hardswish: nn.Hardswish,
    F.elu: nn.ELU, F.selu: nn.SELU, torch.selu: nn.SELU, F.mish: nn.Mish, F.softplus: nn.Softplus,
    F.hardsigmoid: nn.Hardsigmoid, F.sigmoid: nn.Sigmoid, torch.sigmoid: nn.Sigmoid, "sigmoid": nn.Sigmoid,
    F.tanh: nn.Tanh, torch.tanh: nn.Tanh, "tanh": nn.Tanh, F.threshold: nn.Threshold, F.hardtanh: nn.Hardtanh,
    torch.clamp: _clamp, torch.clip: _clamp, "clamp": _clamp, "clip": _clamp,
    F.softmax: nn.Softmax, torch.softmax: nn.Softmax, "softmax": nn.Softmax,
    F.log_softmax: nn.LogSoftmax, torch.log_softmax: nn.LogSoftmax, "log_softmax": nn.LogSoftmax,
    F.dropout: nn.Dropout, torch.dropout: nn.Dropout, F.max_pool2d: _max_pool2d, torch.max_pool2d: _max_pool2d,
    F.avg_pool2d: nn.AvgPool2d, F.adaptive_avg_pool2d: nn.AdaptiveAvgPool2d,
    F.adaptive_avg_pool1d: nn.AdaptiveAvgPool1d, F.interpolate: _upsample, F.pad: _pad,
}
"""Functions, and names of a tensor's methods, with what makes the module that does the same from their arguments."""

UNUSED = ("inplace", "training", "_stacklevel", "dtype")
"""Arguments of functions that say nothing about the result of a network in evaluation."""


def module_of(function: Any, args: Sequence[Any], keys: Mapping[str, Any]) -> nn.Module | None:
    """The module that does what a call of a function does, or None."""
    make, keys = FUNCTIONS.get(function), {k: v for k, v in keys.items() if k not in UNUSED}
    try:
        return make and make(*args, **keys)
    except TypeError:
        raise ValueError(f"with {[*args, *keys]} has no counterpart") from None


# ---- Attributes ------------------------------------------------------------------------------------------------------


def text_of(value: Any, kind: str) -> str:
    """An argument of a module as the text of an attribute of that type."""
    if kind == "bool":
        return "true" if value is not None and value is not False else "false"
    if value == "valid":
        return "0"
    if isinstance(value, (tuple, list)):
        return "x".join(text_of(n, kind) for n in (value[:1] if len(set(value)) == 1 else value))
    if isinstance(value, float):
        return str(int(value)) if value == int(value) and abs(value) < 1e9 else repr(value)
    return str(value)


def value_of(text: str, kind: str) -> Any:
    """The text of an attribute of that type as an argument of a module."""
    if kind == "bool":
        return text == "true"
    if kind in ("size", "padding") and text != "same":
        sizes = tuple(int(n) for n in text.split("x"))
        return sizes[0] if len(sizes) == 1 else sizes
    number = _core.spec_number(kind, text) if kind in ("int", "float") else None
    return text if number is None else number[1] if kind == "int" else number[0]


def described(row: Row, module: nn.Module) -> str:
    """The module in the small language, without a name.

    Raises
    ------
    ValueError
        If it has an argument without a counterpart.
    """
    for argument, values in row.only.items():
        value = getattr(module, argument)
        if value not in values:
            raise ValueError(f"{argument}={value!r} has no counterpart")
    if isinstance(module, nn.LayerNorm) and len(module.normalized_shape) > 1:
        raise ValueError(f"normalized_shape={module.normalized_shape} has no counterpart")
    if "affine" in row.attributes and getattr(module, row.attributes["affine"]) and module.bias is None:
        raise ValueError("bias=False has no counterpart")
    given = {attribute: getattr(module, argument) for attribute, argument in row.attributes.items()}
    if row.word == "prelu":
        given = {"by": "all" if one_slope(module) else "unit"}
    if row.word == "pad":
        given = dict(zip(PADS, module.padding))
    words = [row.word]
    for a in entry(row.word, "layer").attributes:
        if a.name not in given:
            continue
        if given[a.name] is None and a.type != "bool":
            raise ValueError(f"{row.attributes[a.name]}=None has no counterpart")
        text = text_of(given[a.name], a.type)
        if a.positional:
            words.append(text)
        elif text != text_of(value_of(a.preset or "0", a.type), a.type):
            words.append(f"{a.name}={text}")
    return " ".join(words)
