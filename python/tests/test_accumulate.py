"""Steps of several batches and averaged weights: the bits of the program, batches of the caller, PyTorch's average."""

import tempfile
import unittest
from pathlib import Path

try:
    import numpy as np
except ImportError as missing:
    raise unittest.SkipTest(str(missing)) from missing

import tacetnn as tn
from tacetnn._program import program

X = np.random.default_rng(1).standard_normal((230, 4), dtype=np.float32)
Y = (X[:, 0] > 0).astype(np.int64) + (X[:, 1] > 0.5)
LAYERS = "linear 16 | relu | dropout 0.2 | linear 3"


def network(layers=LAYERS, **more):
    return tn.Network(layers, input=4, loss="cross_entropy", optimizer="adam lr=0.01",
                      penalties={"relu1": "l1 1e-3", "linear1.weight": "l2 1e-3"}, **more)


def batches(size, rows=len(X)):
    return [(X[i : min(i + size, rows)], Y[i : min(i + size, rows)]) for i in range(0, rows, size)]


def distance(a, b):
    return max(np.abs(a[k] - b[k]).max() for k in a)


class Accumulate(unittest.TestCase):
    def test_it_is_the_step_of_a_large_batch(self):
        small, large = network(), network()
        s = small.fit(X, Y, epochs=3, batch=10, accumulate=4, progress=False)
        t = large.fit(X, Y, epochs=3, batch=40, progress=False)
        self.assertEqual((small.plan.steps, large.plan.steps), (18, 18))
        self.assertLess(distance(small.state_dict(), large.state_dict()), 1e-6)
        self.assertAlmostEqual(s.ledger[-1]["objective"], t.ledger[-1]["objective"], 6)
        self.assertEqual(s.record["steps_per_epoch"], 6)

    def test_batches_of_the_caller(self):
        small, large = network(), network()
        small.fit(batches(10), epochs=2, accumulate=4, progress=False)
        large.fit(batches(40), epochs=2, progress=False)
        self.assertEqual(small.plan.steps, large.plan.steps)
        self.assertLess(distance(small.state_dict(), large.state_dict()), 1e-6)

    def test_a_batch_that_is_larger_than_the_first(self):
        small, large = network(), network()
        few = batches(10, 50)
        small.fit([few[0], (X[10:50], Y[10:50])], epochs=2, accumulate=2, progress=False)
        large.fit([(X[:50], Y[:50])], epochs=2, progress=False)
        self.assertLess(distance(small.state_dict(), large.state_dict()), 1e-6)

    def test_resume_with_batches_of_the_caller(self):
        with tempfile.TemporaryDirectory() as folder:
            one, two = network(), network()
            one.fit(lambda: batches(10), epochs=2, accumulate=4, steps=0, progress=False)
            two.fit(lambda: batches(10), epochs=2, accumulate=4, steps=8, out=folder, progress=False)
            again = network()
            again.fit(lambda: batches(10), epochs=2, accumulate=4, out=folder, resume=True, progress=False)
            self.assertEqual(distance(one.state_dict(), again.state_dict()), 0)
            with self.assertRaisesRegex(ValueError, "accumulate 4.*not with"):
                network().fit(lambda: batches(10), epochs=2, out=folder, resume=True, progress=False)

    def test_what_is_refused(self):
        for given, error in ((0, ValueError), (2.5, TypeError), (True, TypeError)):
            with self.assertRaisesRegex(error, "accumulate should be"):
                network().fit(X, Y, accumulate=given)
        net = network()
        net.penalties = {"relu1": "kl_sparsity 0.1"}
        with self.assertRaisesRegex(tn.DescriptionError, "needs all samples of a step at once"):
            net.fit(X, Y, accumulate=2, progress=False)

    def test_a_number_that_is_not_finite_takes_the_step_back(self):
        net = network()
        net.fit(X, Y, epochs=1, batch=10, accumulate=4, progress=False)
        before = net.state_dict()
        net.optimizer = "sgd lr=1e38"
        with self.assertRaises(tn.NotFiniteError):
            net.fit([(X[:10], Y[:10]), (X[:10] * np.float32(1e38), Y[:10])], epochs=1, accumulate=2, progress=False)
        self.assertEqual(distance(before, net.state_dict()), 0)


class Averages(unittest.TestCase):
    def test_they_change_nothing_else(self):
        plain, net = network(), network()
        plain.fit(X, Y, epochs=3, batch=10, progress=False)
        run = net.fit(X, Y, epochs=3, batch=10, ema=0.9, validation=0, progress=False)
        self.assertEqual(distance(plain.state_dict(), net.state_dict()), 0)
        self.assertGreater(distance(run.average, net.state_dict()), 1e-4)

    def test_they_are_those_of_pytorch(self):
        try:
            import torch
            from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
        except ImportError as missing:
            self.skipTest(str(missing))
        net = network()
        module = torch.nn.ParameterDict({k.replace(".", "_"): torch.zeros(v.shape) for k, v in net.state_dict().items()})
        averaged = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(0.9))

        def follow(run):
            with torch.no_grad():
                for k, v in net.state_dict().items():
                    module[k.replace(".", "_")].copy_(torch.from_numpy(v))
            averaged.update_parameters(module)

        run = net.fit(X, Y, epochs=2, batch=10, ema=0.9, on_step=follow, progress=False)
        theirs = {k: averaged.module[k.replace(".", "_")].detach().numpy() for k in run.average}
        self.assertLess(distance(run.average, theirs), 1e-7)

    def test_figures_and_files(self):
        with tempfile.TemporaryDirectory() as folder:
            net = network()
            run = net.fit(X, Y, epochs=3, batch=10, ema=0.9, validation=(X[:50], Y[:50]), out=folder, progress=False)
            other = tn.Network.load(Path(folder, "model.ema.safetensors"))
            self.assertEqual(distance(run.average, other.state_dict()), 0)
            mean = other.evaluate(X[:50], Y[:50])
            self.assertAlmostEqual(run.ledger[-1]["ema"]["data_loss"], mean["data_loss"], 6)
            self.assertNotEqual(run.ledger[-1]["ema"]["data_loss"], run.ledger[-1]["validation"]["data_loss"])
            self.assertIn("ema", run.record["figures"])

    def test_what_is_refused(self):
        for given, error in ((1, ValueError), (-0.1, ValueError), ("0.9", TypeError)):
            with self.assertRaisesRegex(error, "ema should be"):
                network().fit(X, Y, ema=given)


class Program(unittest.TestCase):
    def test_the_bits_are_those_of_the_program(self):
        import subprocess
        try:
            tacet = program()
        except FileNotFoundError as missing:
            self.skipTest(str(missing))
        with tempfile.TemporaryDirectory() as folder:
            np.save(Path(folder, "x.npy"), X)
            np.save(Path(folder, "y.npy"), Y)
            Path(folder, "net.yaml").write_text(
                f"model: {LAYERS}\nloss: cross_entropy\noptimizer: adam lr=0.01\ndata: npy x=x.npy y=y.npy\n"
                "penalties: {relu1: l1 1e-3, linear1.weight: l2 1e-3}\n"
                "train: {epochs: 3, batch: 10, accumulate: 3, ema: 0.95, validate: 0.1}\n")
            subprocess.run([tacet, "train", "net.yaml", "--out", "run", "-q"], cwd=folder, check=True,
                           stdout=subprocess.DEVNULL)
            net = network()
            run = net.fit(X, Y, epochs=3, batch=10, accumulate=3, ema=0.95, validation=0.1, progress=False)
            for name, own in (("model", net.state_dict()), ("model.ema", run.average)):
                theirs = tn.Network.load(Path(folder, "run", f"{name}.safetensors")).state_dict()
                self.assertEqual(distance(own, theirs), 0, name)


if __name__ == "__main__":
    unittest.main()
