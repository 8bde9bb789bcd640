"""Train neural networks in which any value can carry a penalty of its own."""

from importlib import import_module

from . import _core
from ._core import (Data, DescriptionError, Error, File, FileError, Graph, IOFailure, Loader, NotFiniteError,
                    OutOfMemoryError, Plan, Pool, RunError, Value, machine)
from .catalogue import Entry, entries, help
from .network import Network
from .own import Operator
from .run import Run, TrainingWarning

__all__ = ["Data", "DescriptionError", "Entry", "Error", "File", "FileError", "Graph", "IOFailure", "Loader", "Network",
           "NotFiniteError", "Operator", "OutOfMemoryError", "Plan", "Pool", "Run", "RunError", "TrainingWarning", "Value",
           "entries", "explain", "help", "machine"]

__version__ = _core.version()


def explain(net: Network) -> str:
    """The compiled steps of a network, with shapes, operations, bytes and memory, as text."""
    return net.explain()


def __getattr__(name: str) -> object:
    """The modules of packages that are imported only when they are used, and the estimators of scikit-learn."""
    if name in ("sklearn", "torch"):
        return import_module(f"{__name__}.{name}")
    if name in ("SparseAutoencoder", "TacetClassifier", "TacetRegressor"):
        return getattr(import_module(f"{__name__}.sklearn"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
