"""Modules of PyTorch as networks, and networks as modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from .arrays import as_array
from .network import Network
from .torch_reader import Reader

TOLERANCE = 1e-4
"""How far an output may be from PyTorch's, as a share of the largest."""


def from_torch(module: nn.Module, example: Any, **settings: Any) -> Network:
    """A network with the layers, the names and the weights of a module."""
    x = example if isinstance(example, torch.Tensor) else torch.as_tensor(as_array(example, "example"))
    x = x.detach()
    if x.ndim < 2 or len(x) == 0:
        raise ValueError(f"example should be rows, [N, ...], not {list(x.shape)}")
    modes = {m: m.training for m in module.modules()}
    module.eval()
    try:
        read = Reader(module, x)
    finally:
        for m, mode in modes.items():
            m.training = mode
    if not read.layers:
        raise ValueError("the module returns its input: it has no layers")
    row = tuple(x.shape[1:])
    parameters = {**dict.fromkeys(read.frozen, "frozen"), **(settings.pop("parameters", None) or {})}
    net = Network(read.layers, input=row, layout="chw" if len(row) == 3 else None, parameters=parameters, **settings)
    net.load_state_dict(read.weights)
    y, expected = net.predict(x), read.expected.numpy()
    if read.output.second and y.ndim == expected.ndim:
        expected = np.moveaxis(expected, 1, -1)
    expected = expected.reshape(y.shape)
    difference, largest = np.abs(y - expected).max(), np.abs(expected).max()
    if not difference <= TOLERANCE * largest + 1e-6:
        raise ValueError(f"the network differs from the module by {difference:.3g} in outputs up to {largest:.3g}: a call of "
                         "the module changes what another one reads, or depends on the numbers")
    return net
