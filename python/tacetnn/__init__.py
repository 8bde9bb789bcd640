"""Train neural networks in which any value can carry a penalty of its own."""

from ._core import Data, DescriptionError, Error, Graph, Loader, Plan, Pool, Value, machine

__all__ = ["Data", "DescriptionError", "Error", "Graph", "Loader", "Plan", "Pool", "Value", "machine"]
