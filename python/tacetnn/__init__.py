"""Train neural networks in which any value can carry a penalty of its own."""

from ._core import (Data, DescriptionError, Error, FileError, Graph, IOFailure, Loader, NotFiniteError, OutOfMemoryError,
                    Plan, Pool, RunError, Value, machine)
from .network import Network
from .run import Run, TrainingWarning

__all__ = ["Data", "DescriptionError", "Error", "FileError", "Graph", "IOFailure", "Loader", "Network", "NotFiniteError",
           "OutOfMemoryError", "Plan", "Pool", "Run", "RunError", "TrainingWarning", "Value", "machine"]
