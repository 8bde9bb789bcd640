"""Modules of PyTorch as networks, and networks as modules.

The names stay: the layer ``layer1.0.conv1`` of a network is the module of that name. So a state dict of one is a state
dict of the other::

    net.load_state_dict(module.state_dict())
    module.load_state_dict({k: torch.from_numpy(v) for k, v in net.state_dict().items()})

Images are [N, channels, height, width] for a module. A network computes in [height, width, channels].
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import torch
from torch import nn

from .arrays import Array, as_array
from .network import Network
from .torch_reader import Reader
from .torch_words import row_of
from .torch_writer import Writer

TOLERANCE = 1e-4
"""How far an output may be from PyTorch's, as a share of the largest."""


def from_torch(module: nn.Module, example: Any, **settings: Any) -> Network:
    """A network with the layers, the names and the weights of a module.

    The calls of the module are followed with torch.fx, so it must not choose between them by the numbers that it is
    given. Layers that are functions in the module, ``F.relu``, are named after the module that calls them, their kind
    and a number: ``layer1.0.relu1``. So are products and sums with parameters that belong to no layer of the module,
    ``x @ self.w + self.b``: then ``w`` is ``linear1.weight`` in the network.

    Parameters
    ----------
    module : nn.Module
        Of one input and one output, of any nested modules, functions and operators that have a counterpart in the small
        language. It is not changed.
    example : tensor or array_like, [N, ...]
        Some rows of x, on which the outputs of both are compared, in evaluation mode. Rows of rank 3 are images
        [channels, height, width], for a module as for the network that is made: its `layout` is ``"chw"``.
    **settings
        What else `Network` takes: loss, optimizer, penalties, ... Parameters that do not require a gradient are frozen.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If a part of the module, which is named with its place, has no counterpart; or if the outputs differ.

    Examples
    --------
    >>> import torch, tacetnn as tn
    >>> module = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
    >>> net = tn.Network.from_torch(module, torch.randn(4, 8), loss="cross_entropy", optimizer="adam",
    ...                             penalties={"1": "l1 1e-3"})
    >>> net.layers
    'linear 16 name=0 | relu name=1 | linear 2 name=2'
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"module should be a torch.nn.Module, not {type(module).__name__}")
    if rule := row_of(module):  # a layer alone has no name
        module = nn.Sequential(OrderedDict({f"{rule.word}1": module}))
    elif type(module).__module__.startswith("torch.nn.") and not isinstance(module, nn.Sequential):
        raise ValueError(f"{type(module).__name__} has no counterpart")
    x = rows_for(module, example)
    modes = {m: m.training for m in module.modules()}
    module.eval()
    try:
        with torch.no_grad():
            try:
                expected = module(x.clone())
            except RuntimeError as e:
                raise ValueError(f"the module does not take example, {list(x.shape)}: {e}") from e
            read = Reader(module, x)
    finally:
        for m, mode in modes.items():
            m.training = mode
    if not read.layers:
        raise ValueError("the module returns its input: it has no layers")
    row = tuple(x.shape[1:])
    parameters = {**dict.fromkeys(read.frozen, "frozen"), **(settings.pop("parameters", None) or {})}
    net = Network(read.layers, input=row, layout="chw" if len(row) == 3 else None, parameters=parameters, **settings)
    net.load_state_dict({k: v.cpu() for k, v in read.weights.items()})
    compare(net, read, x.cpu(), expected.cpu().numpy())
    return net


def rows_for(module: nn.Module, example: Any) -> torch.Tensor:
    """The example as a tensor of the type and on the device of the module's parameters."""
    x = example.detach() if isinstance(example, torch.Tensor) else torch.as_tensor(as_array(example, "example"))
    if x.ndim < 2 or len(x) == 0:
        raise ValueError(f"example should be rows, [N, ...], not {list(x.shape)}")
    if not torch.isfinite(x).all():
        raise ValueError("example should hold finite numbers")
    if any(isinstance(m, nn.Embedding) for m in module.modules()):  # which is refused by its name
        return x
    floats = [p for p in module.parameters() if p.is_floating_point()]
    return x.to(floats[0]) if floats else x.float()


def compare(net: Network, read: Reader, x: torch.Tensor, expected: Array) -> None:
    """Refuses a network whose outputs are not those of the module."""
    y = net.predict(x)
    if read.output.second and y.ndim == expected.ndim:
        expected = np.moveaxis(expected, 1, -1)
    expected = expected.reshape(y.shape)
    difference, largest = np.abs(y - expected).max(), np.abs(expected).max()
    if not difference <= TOLERANCE * largest + 1e-6:
        raise ValueError(f"the outputs of the network differ from those of the module by {difference:.3g}, in numbers "
                         f"up to {largest:.3g}. Does the module draw random numbers, choose by the numbers of x, or "
                         "change a value that it also uses elsewhere (inplace=True)?")


def to_torch(net: Network) -> nn.Module:
    """A module with the layers, the names and the weights of a network.

    Parameters
    ----------
    net : Network
        Images are [N, channels, height, width] for the module, whatever the layout of the network is; other rows are as
        `Network.predict` takes them.

    Returns
    -------
    nn.Module
        In evaluation mode. It is an ``nn.Sequential`` where the network is a chain, otherwise an ``fx.GraphModule``,
        whose ``code`` is its forward pass. A network that has learned a scaling (``data="normalize=feature"``) becomes
        a module that does it. Parameters that stayed frozen in a fit do not require a gradient. jump_relu and
        batch_topk compute what they do in evaluation.

    Raises
    ------
    ValueError
        If PyTorch has no counterpart of a layer, which is named.

    Examples
    --------
    >>> import tacetnn as tn
    >>> tn.Network("linear 16 | relu | linear 2", input=8).to_torch()
    Sequential(
      (linear1): Linear(in_features=8, out_features=16, bias=True)
      (relu1): ReLU()
      (linear2): Linear(in_features=16, out_features=2, bias=True)
    )
    """
    with torch.random.fork_rng(devices=[]):  # making a module draws weights, which are then replaced
        module = Writer(net.plan, net.scaling).module()
    state = {k: torch.from_numpy(v) for k, v in net.state_dict().items()}
    unexpected = module.load_state_dict(state, strict=False).unexpected_keys
    assert not unexpected, unexpected
    parameters = [v for v in net.plan.values() if v.role == "parameter"]
    for v in parameters if any(v.trainable for v in parameters) else ():  # a plan that does not train says it of none
        module.get_parameter(v.name).requires_grad_(v.trainable)
    return module.eval()
