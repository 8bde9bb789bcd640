#!/usr/bin/python3
"""paths.py: regularization paths from scikit-learn, as reference results for tests/test_paths.c.

    /usr/bin/python3 tools/paths.py > tests/paths.h

Needs scikit-learn (python3-sklearn; version 1.2 made the file that is checked in). Only this script needs it, not the
build or the tests, so it is not in tools/packages.

The network is one linear layer without a bias, with mse over all data as one batch, ROWS rows of INPUTS numbers. mse divides
by the number of targets, rows times outputs m; scikit-learn's objectives have the factor 1 / (2 rows). So Tacet's objective
is theirs times 2 / m, which gives these lambdas:

    lasso         sklearn alpha |w|_1                                              l1 2 alpha
    elastic net   sklearn alpha (r |w|_1 + (1 - r) / 2 |w|^2)                      l1_l2 l1=2 alpha r  l2=alpha (1 - r)
    group lasso   sklearn alpha sum over inputs |w_i|_2 (MultiTaskLasso)           group_lasso 2 alpha / (m sqrt(m)) by=input

(The sqrt(m) is the size of a group, a factor of Tacet's penalty but not of theirs.) A path begins where the first weight
leaves 0. A point that rounding could put on the wrong side of 0 is refused: a weight that is not 0 must not be small, and if
a weight is 0, its gradient must be clearly smaller than the penalty allows.
"""
import warnings

import numpy as np
from sklearn.linear_model import ElasticNet, Lasso, MultiTaskLasso

INPUTS, ROWS, OUTPUTS, POINTS, SHARE = 20, 60, 3, 9, 0.7
EXACT = {"fit_intercept": False, "tol": 1e-14, "max_iter": 1000000}


def draw():
    """Correlated inputs of different scales, and noisy targets that depend on a few of them. float32, as they are fed."""
    rng = np.random.RandomState(26)
    x = rng.normal(size=(ROWS, INPUTS))
    for j in range(1, INPUTS):
        x[:, j] = 0.4 * x[:, j - 1] + 0.9 * x[:, j]
    x *= rng.uniform(0.7, 1.4, INPUTS)
    truth = np.zeros((INPUTS, OUTPUTS))
    truth[rng.permutation(INPUTS)[:7]] = rng.uniform(-1, 1, (7, OUTPUTS))
    y = x @ truth + 0.4 * rng.normal(size=(ROWS, OUTPUTS))
    return x.astype(np.float32), y.astype(np.float32)


def check(x, y, w, alpha, ridge, name):
    """Asserts that w [INPUTS, m] is the minimum, with a margin around every decision."""
    gradient = np.linalg.norm(x.T @ (x @ w - y) / ROWS + ridge * w, axis=1)
    size = np.linalg.norm(w, axis=1)
    assert np.allclose(gradient[size > 0], alpha, rtol=1e-6), (name, "not the minimum")
    assert size[size > 0].min(initial=1) > 1e-3, (name, "a weight near 0", size[size > 0].min())
    assert gradient[size == 0].max(initial=0) < alpha * 0.999, (name, "nearly not 0", gradient[size == 0].max() / alpha)


def path(x, y, share, point):
    """[(alpha, w)] from just below the largest alpha at which a weight is not 0, down by a factor of about 70."""
    most = np.linalg.norm(x.T @ y / ROWS, axis=1).max() / share
    found = []
    for k in range(POINTS):
        alpha = most * 0.9 * 10 ** (-1.85 * k / (POINTS - 1))
        w = point(alpha).reshape(INPUTS, -1)
        check(x, y, w, alpha * share, alpha * (1 - share), (point, k))
        found.append((alpha, w))
    return found


def array(name, shape, numbers):
    text, line = [], "   "
    for number in np.asarray(numbers, np.float64).ravel():
        word = " %#.9gf," % number if name.startswith("float") else " %.9g," % (number + 0.0)  # no -0
        if len(line) + len(word) > 118:
            text.append(line)
            line = "   "
        line += word
    print("static const %s[%s] = {\n%s\n};" % (name, shape, "\n".join(text + [line])))


def main():
    warnings.simplefilter("error")
    x32, y32 = draw()
    x, y = x32.astype(np.float64), y32.astype(np.float64)
    one = y[:, :1]
    lasso = path(x, one, 1, lambda a: Lasso(alpha=a, **EXACT).fit(x, one[:, 0]).coef_)
    net = path(x, one, SHARE, lambda a: ElasticNet(alpha=a, l1_ratio=SHARE, **EXACT).fit(x, one[:, 0]).coef_)
    group = path(x, y, 1, lambda a: MultiTaskLasso(alpha=a, **EXACT).fit(x, y).coef_.T)
    print("/* Made by tools/paths.py, which explains the contents. Do not edit. */")
    print("enum { INPUTS = %d, ROWS = %d, OUTPUTS = %d, POINTS = %d };" % (INPUTS, ROWS, OUTPUTS, POINTS))
    print("static const double elastic_share = %g;" % SHARE)
    array("float paths_x", "ROWS * INPUTS", x)
    array("float paths_y", "ROWS * OUTPUTS", y)
    for name, m, points in (("lasso", 1, lasso), ("elastic", 1, net), ("group", OUTPUTS, group)):
        array("double %s_alpha" % name, "POINTS", [a for a, _ in points])
        array("double %s_w" % name, "POINTS * INPUTS * %d" % m, [w for _, w in points])


if __name__ == "__main__":
    main()
