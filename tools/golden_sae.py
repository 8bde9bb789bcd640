#!/usr/bin/python3
"""golden_sae.py: golden.py for the usual sparse autoencoder, of 100 steps. Files, checks and usage are the same.

    python3 tools/golden_sae.py [DIRECTORY]          default: tests/golden

A vector is subtracted from x before the encoder and added after the decoder (the pre-bias); the decoder begins as the
encoder's transpose; the penalty grows from 0 in the first 20 steps. There are two ways to keep the code from shrinking
while the decoder grows:

    sae_unit_norm       the norms of the decoder's columns are 1, and the gradient has no part along them (Bricken et al.:
                        Towards monosemanticity, 2023)
    sae_weighted_l1     each activation counts as much as the norm of its column (Conerly et al.: Update on how we train
                        SAEs, 2024)

The data of both are sums of a few of many directions (draw_sparse), so that there is something to find.
"""
import numpy as np
import torch
import torch.nn.functional as F

import golden
from golden import Network, per_sample

WIDTH, UNITS, ROWS, BATCHES, WARMUP, L1 = 12, 24, 16, 4, 20, 0.2
golden.CASES.clear()  # those of golden.py
draw = golden.draw


def draw_sparse(case):
    """As golden.draw, but each row of x is a sum of 2 of UNITS directions."""
    feed, weight = draw(case)
    rng = np.random.RandomState(7)
    direction = rng.uniform(-1, 1, (UNITS, WIDTH))
    pick = rng.randint(0, UNITS, (BATCHES, ROWS, 2))
    scale = rng.uniform(0.5, 1.5, (BATCHES, ROWS, 2, 1))
    feed["x"] = ((direction[pick] * scale).sum(2) + 0.3).astype(np.float32)
    return feed, weight


golden.draw = draw_sparse


def reconstruct(r):
    b = r.w["pre.bias"]
    r.v["pre"] = r.v["x"] - b
    r.v["linear1"] = r.linear(r.v["pre"], "linear1")
    r.v["relu1"] = F.relu(r.v["linear1"])
    r.v["linear2"] = F.linear(r.v["relu1"], r.w["linear2.weight"], b)
    r.term("linear2:mse", 1, per_sample((r.v["linear2"] - r.v["x"]).square()))


def warm(r):
    return L1 * min(r.step / WARMUP, 1)


def with_unit_norm(r):
    reconstruct(r)
    r.term("relu1:l1", warm(r), per_sample(r.v["relu1"].abs()))


def with_norms(r):
    reconstruct(r)
    r.term("relu1:weighted_l1", warm(r), per_sample(r.v["relu1"].abs() * r.w["linear2.weight"].norm(dim=0)))


def project(w):
    """Each column of the decoder's gradient loses its part along the column of the decoder."""
    weight, grad = w["linear2.weight"], w["linear2.weight"].grad
    grad.sub_(weight * (grad * weight).sum(0) / weight.square().sum(0))


def normalise(w):
    w["linear2.weight"].div_(w["linear2.weight"].norm(dim=0))


AUTOENCODER = dict(
    feeds={"x": (WIDTH,)},
    layers={"pre": ("bias", WIDTH), "linear1": (WIDTH, UNITS), "linear2": ("transpose", "linear1")},
    optimizer=lambda w: torch.optim.Adam(w.values(), lr=0.01), input="x %d" % WIDTH,
    model="scale_shift weight=false negate name=pre | linear %d | relu | "
          "linear %d bias=pre.bias init_transpose=linear1.weight" % (UNITS, WIDTH),
    loss="linear2 x: mse reduce=sample", optimizer_text="adam lr=0.01", batch=ROWS, batches=BATCHES, steps=100)

Network("sae_unit_norm", forward=with_unit_norm, project=project, after=normalise,
        penalties="relu1: l1 %g warmup=%d\nlinear2.weight: unit_norm by=input tangent" % (L1, WARMUP), **AUTOENCODER)

Network("sae_weighted_l1", forward=with_norms,
        penalties="relu1: weighted_l1 %g norms=linear2.weight warmup=%d" % (L1, WARMUP), **AUTOENCODER)


if __name__ == "__main__":
    golden.make(golden.CASES, "tools/golden_sae.py")
