"""Weights of rows and of classes, and labels that do not count: a weight is a repetition, and a row of weight 0, or with an
ignored label, is as if it were not there."""

import tempfile
import unittest
from pathlib import Path
from typing import Any

try:
    import numpy as np
except ImportError as missing:
    raise unittest.SkipTest(f"{missing}") from missing

import tacetnn as tn

ROWS = 240
RNG = np.random.default_rng(3)
X = RNG.standard_normal((ROWS, 4)).astype(np.float32)
Y = (X[:, 0] > 0.5).astype(int) + (X[:, 1] > 0.8)
W = RNG.integers(0, 4, ROWS)
MANY_X, MANY_Y = X.repeat(W, 0), Y.repeat(W)
LABELS = ("cross_entropy", "cross_entropy reduce=sample label_smoothing=0.1", "cross_entropy class_weight=balanced",
          "focal alpha=1,2,3", "cross_entropy ignore=2 class_weight=1,2,0.5")
NUMBERS = ("mse", "l1_loss reduce=sum", "huber delta=0.5", "bce_with_logits pos_weight=3", "focal_with_logits")


def trained(loss: str, x: Any, y: Any, outputs: int, metrics: str = "", **more: Any) -> tn.Network:
    """A network after six steps on all rows."""
    rate = 0.5 / len(x) if "reduce=sum" in loss else 0.5
    if "reduce=sum" in loss and "sample_weight" in more:
        rate = 0.5 / more["sample_weight"].sum()
    net = tn.Network(f"linear 8 | relu | linear {outputs}", input=4, loss=loss, optimizer=f"sgd lr={rate}",
                     metrics=metrics, seed=1)
    net.fit(x, y, epochs=6, batch=10 * ROWS, progress=False, **more)
    return net


class Weights(unittest.TestCase):
    """Weights, labels that are ignored, and what is refused."""

    def assert_same(self, a: tn.Network, b: tn.Network) -> None:
        for name, value in a.state_dict().items():
            np.testing.assert_allclose(value, b.state_dict()[name], rtol=1e-4, atol=1e-6)

    def assert_figures(self, a: dict[str, Any], b: dict[str, Any]) -> None:
        for name, value in a.items():
            if isinstance(value, float):
                np.testing.assert_allclose(value, b[name], rtol=1e-5, err_msg=name)

    def test_a_weight_is_a_repetition(self) -> None:
        yes = (X[:, :2] > 0).astype(np.float32)
        for losses, y, outputs, metrics in ((LABELS, Y, 3, "f1, log_loss, top_k k=2, roc_auc"),
                                            (NUMBERS, yes, 2, "rmse, r2, mae, explained_variance")):
            for loss in losses:
                with self.subTest(loss):
                    a = trained(loss, X, y, outputs, metrics, sample_weight=W)
                    b = trained(loss, MANY_X, y.repeat(W, 0), outputs, metrics)
                    self.assert_same(a, b)
                    self.assert_figures(a.evaluate(X, y, sample_weight=W), b.evaluate(MANY_X, y.repeat(W, 0)))
                    self.assert_figures(a.evaluate(X, y), b.evaluate(X, y))

    def test_an_ignored_label_is_a_missing_row(self) -> None:
        for ignored in (-100, 7, 2):
            y = Y.copy()
            y[::5] = ignored
            kept = y != ignored
            a = trained(f"cross_entropy label_smoothing=0.1 ignore={ignored}", X, y, 3)
            b = trained("cross_entropy label_smoothing=0.1", X[kept], y[kept], 3)
            self.assert_same(a, b)
            self.assert_figures(a.evaluate(X, y), b.evaluate(X[kept], y[kept]))

    def test_nothing_counts(self) -> None:
        for net in (trained("cross_entropy ignore=-100", X, np.full(ROWS, -100), 3),
                    trained("cross_entropy", X, Y, 3, sample_weight=np.zeros(ROWS))):
            first = tn.Network(net.layers, input=4, seed=1).state_dict()
            self.assertTrue(all(np.array_equal(a, first[name]) for name, a in net.state_dict().items()))

    def test_batches_bring_their_own(self) -> None:
        a = trained("cross_entropy", X, Y, 3, sample_weight=W, shuffle=False)
        b = tn.Network(a.layers, input=4, loss=a.loss, optimizer=a.optimizer, seed=1)
        b.fit([(X, Y, W)], epochs=6, progress=False)
        self.assert_same(a, b)

    def test_balance_is_that_of_the_rows_that_train(self) -> None:
        net = tn.Network("linear 3", input=4, loss="cross_entropy class_weight=balanced", optimizer="sgd lr=0.1", seed=1)
        net.fit(X, Y, epochs=1, validation=0.5, progress=False)
        data = net.learn_from(X, Y)
        data.hold_out(0.5, 1)
        self.assertEqual(net.balance, data.balance(net.loss))
        self.assertNotEqual(net.balance, net.learn_from(X, Y).balance(net.loss))

    def test_of_validation_alone(self) -> None:
        net = tn.Network("linear 3", input=4, loss="cross_entropy", optimizer="sgd lr=0.1", seed=1)
        for x, y in ((X, Y), ([(X, Y)], None)):
            run = net.fit(x, y, epochs=1, validation=(X, Y, W), progress=False)
            self.assert_figures(run.ledger[-1]["validation"], net.evaluate(X, Y, sample_weight=W))
            self.assertNotAlmostEqual(run.ledger[-1]["validation"]["data_loss"], net.evaluate(X, Y)["data_loss"])

    def test_of_some_batches(self) -> None:
        net = tn.Network("linear 3", input=4, loss="cross_entropy", optimizer="sgd lr=0.1", seed=1)
        net.fit([(X, Y, W), (X, Y)], epochs=1, progress=False)
        for batches, validation in (([(X, Y), (X, Y, W)], None), ([(X, Y)], [(X, Y, W)])):
            with self.assertRaisesRegex(ValueError, "the first batch of the fit had none"):
                net.fit(batches, epochs=1, validation=validation, progress=False)

    def test_a_model_keeps_the_numbers(self) -> None:
        a = trained("cross_entropy class_weight=balanced", X, Y, 3, sample_weight=W)
        with tempfile.TemporaryDirectory() as folder:
            a.save(Path(folder) / "m.safetensors")
            b = tn.Network.load(Path(folder) / "m.safetensors")
        self.assertNotIn("balanced", b.loss)
        self.assert_figures(a.evaluate(X, Y, sample_weight=W), b.evaluate(X, Y, sample_weight=W))

    def test_refused(self) -> None:
        for weight, what in ((np.where(W == 1, -1.0, 1.0), "weight -1"), (np.where(W == 1, np.nan, 1), "weight nan"),
                             (W[:3], "240 rows"), (np.ones((ROWS, 2)), r"\[rows, 1\]")):
            with self.assertRaisesRegex((ValueError, tn.DescriptionError), what):
                trained("cross_entropy", X, Y, 3, sample_weight=weight)
        with self.assertRaisesRegex(ValueError, "batches"):
            balanced = "cross_entropy class_weight=balanced"
            tn.Network("linear 3", input=4, loss=balanced, optimizer="sgd lr=1").fit([(X, Y)])
        with self.assertRaisesRegex(tn.DescriptionError, "each of the 3 classes, got 2"):
            tn.Network("linear 3", input=4, loss="cross_entropy class_weight=1,2")
        with self.assertRaisesRegex(tn.DescriptionError, "at least 0"):
            tn.Network("linear 3", input=4, loss="cross_entropy class_weight=1,2,-3")


if __name__ == "__main__":
    unittest.main()
