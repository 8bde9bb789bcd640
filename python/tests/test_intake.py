"""What a network takes as rows: batches, and bytes or numbers."""

import os
import pickle
import tempfile
import unittest
import warnings

try:
    import numpy as np
except ImportError as missing:
    raise unittest.SkipTest(str(missing)) from missing

import tacetnn as tn


class InBatches(unittest.TestCase):
    def test_batches_are_taken_as_by_fit(self):
        net = tn.Network("linear 2", input=4, loss="cross_entropy", optimizer="sgd lr=0.1")
        x, y = np.random.default_rng(0).standard_normal((300, 4), dtype=np.float32), np.arange(300) % 2
        pairs = [(x[i : i + 77], y[i : i + 77]) for i in range(0, 300, 77)]
        figures, outputs = net.evaluate(x, y), net.predict(x)
        for batches in (pairs, lambda: iter(pairs), iter(pairs), [{"x": a, "target": b} for a, b in pairs]):
            self.assertTrue(np.array_equal(net.predict(batches), outputs))
        for batches in (pairs, lambda: iter(pairs)):
            got = net.evaluate(batches)
            self.assertEqual(got["accuracy"], figures["accuracy"])
            self.assertAlmostEqual(got["data_loss"], figures["data_loss"], 6)
        self.assertTrue(np.array_equal(net.predict([a for a, _ in pairs]), outputs))
        with self.assertRaisesRegex(ValueError, "no batch"):
            net.predict(lambda: iter(()))


class Pixels(unittest.TestCase):
    """Bytes are divided by 255, numbers are not: what the network was fitted to decides."""

    def fitted(self, x):
        net = tn.Network("linear 2", input=4, loss="cross_entropy", optimizer="sgd lr=0.1")
        net.fit(x, np.arange(len(x)) % 2, epochs=1, progress=False)
        return net

    def setUp(self):
        self.x = np.random.default_rng(0).integers(0, 256, (20, 4), dtype=np.uint8)

    def test_numbers_after_bytes(self):
        net = self.fitted(self.x)
        with self.assertWarnsRegex(UserWarning, "fitted to bytes") as caught:
            net.predict(self.x / 255.0)
        self.assertEqual(caught.filename, __file__)

    def test_bytes_after_batches_of_numbers(self):
        net = tn.Network("linear 2", input=4, loss="cross_entropy", optimizer="sgd lr=0.1")
        net.fit([(self.x / 255.0, np.arange(20) % 2)], epochs=1, progress=False)
        with self.assertWarnsRegex(UserWarning, "x / 255"):
            net.predict(self.x)

    def test_bytes_after_numbers(self):
        net = self.fitted(self.x / 255.0)
        with self.assertWarnsRegex(UserWarning, "x / 255"):
            net.evaluate(self.x, np.arange(20) % 2)

    def test_bytes_after_numbers_and_a_copy(self):
        net = self.fitted(self.x / 255.0)
        with tempfile.TemporaryDirectory() as folder:
            net.save(os.path.join(folder, "model"))
            loaded = tn.Network.load(os.path.join(folder, "model"))
        for copy in (loaded, pickle.loads(pickle.dumps(net))):
            with self.assertWarnsRegex(UserWarning, "x / 255"):
                copy.predict(self.x)

    def test_no_warning_where_nothing_is_wrong(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for fitted, asked in ((self.x, self.x), (self.x, self.x.astype(float)), (self.x / 255.0, self.x / 255.0),
                                  (self.x.astype(float), self.x), (self.x, np.eye(4))):
                self.fitted(fitted).predict(asked)


if __name__ == "__main__":
    unittest.main()
