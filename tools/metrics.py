#!/usr/bin/python3
"""metrics.py: what scikit-learn says of some outputs, as reference results for tests/test_metrics.c.

    python3 tools/metrics.py [DIRECTORY]         default: tests/metrics

Needs only numpy and scikit-learn (1.4 or newer). Each case is one JSON file:

    loss       of the network whose outputs these are
    shape      of a row of the outputs
    metrics    to measure, in Tacet's small language; the loss's usual ones are measured too
    outputs    [rows, ...] logits or numbers, exact in float32
    targets    [rows, ...] labels, or numbers exact in float32
    expected   under the name of each metric: its value, null if it is not defined
    each       the figures by class, or by pair of classes
"""
import json
import os
import sys
import warnings

import numpy as np
from sklearn import metrics as m

warnings.simplefilter("ignore")
TARGET = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "tests", "metrics")
rng = np.random.default_rng(7)


def f32(x):
    return np.asarray(x, np.float32).astype(np.float64)


def write(name, loss, x, t, names, expected, each):
    def plain(v):
        v = np.asarray(v, float)
        return [plain(i) for i in v] if v.ndim else (None if np.isnan(v) else float(v))

    case = {"loss": loss, "shape": list(x.shape[1:]), "metrics": names, "outputs": x.tolist(),
            "targets": np.asarray(t).tolist(), "expected": {k: plain(v) for k, v in expected.items()},
            "each": {k: plain(v) for k, v in each.items()}}
    with open(os.path.join(TARGET, name + ".json"), "w") as f:
        json.dump(case, f, separators=(",", ":"))
        f.write("\n")


def attempt(f):
    try:
        return f()
    except ValueError:
        return np.nan


def of_guesses(t, guess, score, p, classes):
    """What classes and yes-or-no answers have in common. score: of class 1 for two classes, otherwise p is used."""
    all_classes = list(range(classes))
    expected = {"accuracy": m.accuracy_score(t, guess), "confusion": np.nan,
                "log_loss": m.log_loss(t, p, labels=all_classes)}
    each = {"confusion": m.confusion_matrix(t, guess, labels=all_classes)}
    for name, f in [("precision", m.precision_score), ("recall", m.recall_score), ("f1", m.f1_score)]:
        expected[name] = f(t, guess, average="macro", zero_division=0)
        each[name] = f(t, guess, average=None, labels=all_classes, zero_division=0)
    if classes == 2:
        expected["roc_auc"] = attempt(lambda: m.roc_auc_score(t, score))
        each["roc_auc"] = [expected["roc_auc"]] * 2
    else:
        # One against the others, of probabilities whose last bits, which only rounding decides, are cut off.
        each["roc_auc"] = [attempt(lambda: m.roc_auc_score(t == k, np.round(np.log(p[:, k]), 11))) for k in all_classes]
        expected["roc_auc"] = np.mean(each["roc_auc"])
        if not np.isnan(expected["roc_auc"]):
            own = m.roc_auc_score(t, p, multi_class="ovr", average="macro", labels=all_classes)
            assert abs(own - expected["roc_auc"]) < 1e-4
    return expected, each


def classes(name, x, t):
    x, t = f32(x), np.asarray(t)
    count = x.shape[1]
    p = np.exp(x - x.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    names = "precision, recall, f1, confusion, roc_auc, log_loss"
    expected, each = of_guesses(t, x.argmax(1), x[:, 1] - x[:, 0], p, count)
    for k in (1, 2, 5):
        if k < count and count > 2:
            names += f", top_k {k} name=top_{k}"
            expected[f"top_{k}"] = m.top_k_accuracy_score(t, x, k=k, labels=list(range(count)))
    write(name, "cross_entropy", x, t, names, expected, each)


def binary(name, x, t):
    x, t = f32(x), np.asarray(t)
    p = 1 / (1 + np.exp(-x))
    flat_x, flat_t, flat_p = x.ravel(), t.ravel().astype(int), p.ravel()
    expected, each = of_guesses(flat_t, (flat_x > 0).astype(int), flat_x, np.stack([1 - flat_p, flat_p], 1), 2)
    expected["binary_accuracy"] = expected["accuracy"]
    expected["rmse"] = m.root_mean_squared_error(t, p)
    write(name, "bce_with_logits", x, t.astype(float),
          "accuracy, precision, recall, f1, confusion, roc_auc, log_loss, rmse", expected, each)


def numbers(name, y, t, loss="mse"):
    y, t = f32(y), f32(t)
    both = {"multioutput": "uniform_average"}
    expected = {"rmse": m.root_mean_squared_error(t, y, **both), "mae": m.mean_absolute_error(t, y, **both),
                "r2": m.r2_score(t, y, **both), "uniform": m.explained_variance_score(t, y, **both),
                "explained_variance": m.explained_variance_score(t, y, multioutput="variance_weighted")}
    names = "rmse, mae, r2, explained_variance, explained_variance average=uniform name=uniform"
    write(name, loss, y, t, names, expected, {})


def logits(rows, count, right=1.5):
    t = rng.integers(0, count, rows)
    x = rng.normal(size=(rows, count))
    x[np.arange(rows), t] += right
    return x, t


os.makedirs(TARGET, exist_ok=True)
classes("three_classes", *logits(60, 3))
classes("two_classes", *logits(50, 2, 0.7))
classes("ten_classes", *logits(150, 10, 2))
x, t = logits(120, 6)
classes("ties", np.round(x), t)
classes("all_outputs_equal", np.zeros((12, 4)), np.arange(12) % 4)
x, t = logits(40, 5)
classes("a_class_is_no_label", x, np.where(t == 3, 1, t))
x[:, 2] = -9
classes("a_class_is_no_answer", x, t)
classes("a_class_is_neither", x, np.where(t == 2, 0, t))
classes("one_row", [[0.5, 2, -1]], [1])
classes("one_wrong_row", [[0.5, 2, -1]], [2])
classes("all_one_class", logits(20, 3)[0], np.full(20, 1))
classes("two_classes_all_one", logits(20, 2)[0], np.full(20, 1))
classes("two_classes_with_ties", np.round(logits(80, 2, 1)[0]), rng.integers(0, 2, 80))
classes("far_logits", logits(30, 3)[0] * 4, rng.integers(0, 3, 30))

t = rng.integers(0, 2, 70)
x = rng.normal(size=70) + t
binary("yes_or_no", x[:, None], t[:, None])
binary("yes_or_no_with_ties", np.round(2 * x)[:, None], t[:, None])
binary("yes_or_no_one_row", [[-0.25]], [[0]])
binary("yes_or_no_all_yes", x[:20, None], np.ones((20, 1), int))
binary("yes_or_no_all_right", np.where(t == 1, 1.5, -1.5)[:, None], t[:, None])
binary("yes_or_no_never_yes", -np.abs(x)[:, None] - 0.5, t[:, None])
binary("several_answers", rng.normal(size=(30, 4)), rng.integers(0, 2, (30, 4)))

t = rng.normal(size=(50, 1))
numbers("one_number", t + rng.normal(size=t.shape) / 3, t)
t = rng.normal(size=(40, 5)) * [1, 10, 0.1, 100, 3]
numbers("five_numbers", t * 0.9 + rng.normal(size=t.shape), t, "huber")
numbers("one_row_of_numbers", [[2.5, 3]], [[2, 3.5]])
numbers("two_rows_of_numbers", [[2.5], [3]], [[2], [3.5]])
numbers("constant_targets", rng.normal(size=(10, 1)), np.full((10, 1), 0.1))
numbers("constant_targets_met", np.full((10, 1), 0.1), np.full((10, 1), 0.1))
t[:, 1] = 7
numbers("one_target_is_constant", t + rng.normal(size=t.shape), t)
t = 1e6 + rng.integers(0, 16, (60, 2)) / 4
numbers("far_from_zero", t + rng.integers(-2, 3, t.shape) / 4, t)
numbers("worse_than_the_mean", -t, t, "l1_loss")
t = 1.7e9 + rng.integers(0, 4, (30, 1)) * 128
numbers("time_stamps", t + 128 * rng.integers(0, 2, t.shape), t)
