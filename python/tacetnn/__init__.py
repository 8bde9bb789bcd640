"""Train neural networks in which any value can carry a penalty of its own."""

from ._core import (Data, DescriptionError, Error, File, FileError, Graph, IOFailure, Loader, NotFiniteError,
                    OutOfMemoryError, Plan, Pool, RunError, Value, machine)
from .catalogue import Entry, entries, help
from .network import Network
from .run import Run, TrainingWarning

__all__ = ["Data", "DescriptionError", "Entry", "Error", "File", "FileError", "Graph", "IOFailure", "Loader", "Network",
           "NotFiniteError", "OutOfMemoryError", "Plan", "Pool", "Run", "RunError", "TrainingWarning", "Value", "entries", "explain", "help",
           "machine"]


def explain(net: Network) -> str:
    """The compiled steps of a network, with shapes, operations, bytes and memory, as text."""
    return net.explain()
