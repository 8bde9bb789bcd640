"""A small network for the tests of the extension."""

import numpy as np

from tacetnn import _core

X = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
Y = np.arange(64) % 2


def graph():
    g = _core.Graph()
    y = g.chain(g.input("x", 4), "linear 8 | relu | linear 2")
    g.loss("cross_entropy", y, g.labels("target"))
    g.penalize("relu1", "l1 1e-3")
    g.keep("relu1")
    return g


def plan(batch=8, **settings):
    return graph().compile(batch=batch, optimizer="sgd lr=0.1", **settings)


def loader(batch=8, **settings):
    return _core.Loader(_core.Data.arrays(X, Y, labels=True), batch, **settings)
