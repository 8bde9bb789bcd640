"""Train neural networks in which any value can carry a penalty of its own."""

from ._core import (Data, DescriptionError, Error, FileError, Graph, IOFailure, Loader, NotFiniteError, OutOfMemoryError,
                    Plan, Pool, RunError, Value, machine)
from .fitting import Run
from .network import Network

__all__ = ["Data", "DescriptionError", "Error", "FileError", "Graph", "IOFailure", "Loader", "Network", "NotFiniteError",
           "OutOfMemoryError", "Plan", "Pool", "Run", "RunError", "Value", "machine"]


def __getattr__(name: str) -> object:
    """The estimators of scikit-learn, which is imported when one of them is first used."""
    if name in ("SparseAutoencoder", "TacetClassifier", "TacetRegressor"):
        from . import sklearn
        return getattr(sklearn, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
