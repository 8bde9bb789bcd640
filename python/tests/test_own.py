"""Operators of one's own, gradients from the caller, and checks of gradients."""

import gc
import pickle
import subprocess
import tempfile
import traceback
import unittest
import warnings
import weakref
from pathlib import Path

try:
    import numpy as np
except ImportError as missing:
    raise unittest.SkipTest(str(missing)) from missing

import tacetnn as tn
from tacetnn import _core
from tacetnn._program import program

rng = np.random.default_rng(0)
X = rng.standard_normal((60, 6), dtype=np.float32)
LABELS = rng.integers(0, 3, 60)
Y = rng.standard_normal((60, 3), dtype=np.float32)


def l1_value(*x):
    return sum(np.abs(a).sum(dtype=np.float64) for a in x)


def l1_gradient(*x):
    return tuple(np.sign(a) for a in x)


def l1_prox(x, t):
    return np.sign(x) * np.maximum(np.abs(x) - t, 0)


def softmax(y):
    e = np.exp(y - y.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def one_hot(t):
    return np.eye(3)[t]


L1 = tn.Operator("penalty", "my_l1", value=l1_value, gradient=l1_gradient, prox=l1_prox, zeros=True, inputs=4)
TANH = tn.Operator("layer", "my_tanh", value=lambda x, slope: np.tanh(slope * x),
                   gradient=lambda g, x, y, slope: g * slope * (1 - y * y), attributes={"slope": 1})
ADD = tn.Operator("layer", "my_add", value=lambda x, x2: x + x2, gradient=lambda g, x, x2, y: (g, g), inputs=2)
HALF = tn.Operator("layer", "my_half", value=lambda x: x[:, ::2] + x[:, 1::2],
                   gradient=lambda g, x, y: np.repeat(g, 2, axis=1), shape=lambda x: (x[0] // 2,))
MSE = tn.Operator("loss", "my_mse", value=lambda y, t: np.square(y - t).sum(dtype=np.float64),
                  gradient=lambda y, t: 2 * (y - t))
CE = tn.Operator("loss", "my_ce", value=lambda y, t: -np.log((softmax(y) * one_hot(t)).sum(axis=-1)).sum(),
                 gradient=lambda y, t: softmax(y) - one_hot(t), labels=True)
POSITIVE = tn.Operator("constraint", "my_positive", prox=lambda x, t: np.maximum(x, 0))
ALL = [L1, TANH, ADD, HALF, MSE, CE, POSITIVE]


def network(own, **settings):
    my = "my_" if own else ""
    words = {"layers": f"linear 8 | {my}tanh | linear 8 | {my}add tanh1 | linear 3".replace("tanh1", f"{my}tanh1"),
             "loss": "my_ce" if own else "cross_entropy",
             "penalties": {f"{my}tanh1": f"{my}l1 1e-2", "linear2.weight": f"{my}l1 1e-3 prox",
                           "linear[12].weight": f"{my}l1 1e-4 joint", "linear3.bias": "my_positive" if own else
                           "non_negative"}}
    given = words | {"input": 6, "optimizer": "sgd lr=0.1 momentum=0.9", "threads": 2,
                     "operators": ALL if own else ()} | settings
    return tn.Network(given.pop("layers"), **given)


class Own(unittest.TestCase):
    def setUp(self):
        quiet = warnings.catch_warnings()
        quiet.__enter__()
        self.addCleanup(quiet.__exit__, None, None, None)
        warnings.simplefilter("ignore", tn.TrainingWarning)

    def test_they_train_as_those_of_the_library(self):
        nets = [network(own) for own in (False, True)]
        for net in nets:
            net.fit(X, LABELS, epochs=3, batch=10, progress=False)
        for a, b in zip(nets[0].weights().values(), nets[1].weights().values()):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
        plain, own = (net.evaluate(X, LABELS) for net in nets)
        self.assertAlmostEqual(plain["data_loss"], own["data_loss"], 4)
        self.assertEqual(plain["accuracy"], own["accuracy"])
        np.testing.assert_allclose(nets[0].gradient("linear1.weight", X[:10], LABELS[:10]),
                                   nets[1].gradient("linear1.weight", X[:10], LABELS[:10]), rtol=1e-3, atol=1e-6)

    def test_other_losses_shapes_and_weights(self):
        plain = tn.Network("linear 3", input=6, loss="mse reduce=sample", optimizer="sgd lr=0.05")
        own = tn.Network("linear 6 | my_half | linear 3", input=6, loss="my_mse", optimizer="sgd lr=0.05", operators=ALL)
        self.assertEqual(own.predict(X).shape, (60, 3))
        self.assertLess(own.check_gradient(X[:9], Y[:9]).error, 0.01)
        own = tn.Network("linear 3", input=6, loss="my_mse reduce=sample", optimizer="sgd lr=0.05", operators=ALL)
        for net in (plain, own):
            net.fit(X, Y, epochs=2, batch=10, progress=False)
        np.testing.assert_allclose(plain["linear1.weight"], own["linear1.weight"], rtol=1e-4, atol=1e-6)

    def test_files_and_copies(self):
        net = network(True)
        net.fit(X, LABELS, epochs=1, batch=10, progress=False)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.safetensors")
            net.save(path)
            with self.assertRaisesRegex(tn.FileError, "the penalty my_l1 is not an operator of the library.*") as caught:
                tn.Network.load(path)
            self.assertIn("operators=", caught.exception.hint)
            try:
                for command in (["eval", path, "--data", "npy x=x.npy y=y.npy"], ["predict", path, "--data", "npy x=x.npy", "--out", "y.npy"]):
                    told = subprocess.run([program(), *command], capture_output=True, text=True)
                    self.assertEqual(told.returncode, 3, command)
                    self.assertIn("the penalty my_l1 is not an operator of the library", told.stderr)
                    self.assertIn("the program does not have it", told.stderr)
            except FileNotFoundError:
                pass  # the package was built without it
            same = tn.Network.load(path, operators=ALL)
            np.testing.assert_array_equal(net.predict(X), same.predict(X))
            runs = [network(True) for _ in range(2)]
            runs[0].fit(X, LABELS, epochs=4, batch=10, progress=False, out=Path(folder, "run"))
            runs[1].fit(X, LABELS, epochs=2, batch=10, progress=False, out=Path(folder, "part"))
            again = network(True)
            again.fit(X, LABELS, epochs=4, batch=10, progress=False, out=Path(folder, "part"), resume=True)
            np.testing.assert_array_equal(runs[0]["linear1.weight"], again["linear1.weight"])
        pickled = network(True, operators=[o for o in ALL if o.name in ("my_l1",)], layers="linear 3", loss="mse",
                          penalties={"linear1": "my_l1 1"})
        copy = pickle.loads(pickle.dumps(pickled))
        np.testing.assert_array_equal(pickled.predict(X), copy.predict(X))

    def test_an_exception_refuses_the_step(self):
        calls = []

        def broken(x):
            calls.append(x.shape)
            if len(calls) > 2:
                raise KeyError("mine")
            return np.sign(x)

        own = tn.Operator("penalty", "broken", value=l1_value, gradient=broken)
        net = tn.Network("linear 3", input=6, loss="mse", optimizer="sgd lr=0.1", penalties={"linear1": "broken 0.1"},
                         operators=[own], ledger=1000)
        try:
            net.fit(X, Y, epochs=1, batch=10, progress=False)
            self.fail("it was not refused")
        except KeyError as error:
            self.assertEqual(error.args, ("mine",))
            self.assertIn("broken", [f.name for f in traceback.extract_tb(error.__traceback__)])
        self.assertTrue(np.isfinite(net["linear1.weight"]).all())
        calls.clear()
        net.ledger = 1000
        self.assertEqual(net.predict(X).shape, (60, 3))

    def test_exceptions_of_every_function(self):
        def raises(*args, **more):
            raise ZeroDivisionError

        for function, role, on in [("value", "penalty", "linear1"), ("gradient", "penalty", "linear1"),
                                   ("prox", "constraint", "linear1.weight")]:
            functions = {"prox": l1_prox} if role == "constraint" else {"value": l1_value, "gradient": np.sign}
            own = tn.Operator(role, "own", **functions | {function: raises})
            net = tn.Network("linear 3", input=6, loss="mse", optimizer="sgd lr=0.1", operators=[own],
                             penalties={on: "own 0.1" if role == "penalty" else "own"})
            before = net["linear1.weight"]
            with self.assertRaises(ZeroDivisionError):
                net.fit(X, Y, epochs=1, batch=10, progress=False)
            if role == "penalty":
                np.testing.assert_array_equal(before, net["linear1.weight"])
        own = tn.Operator("layer", "own", value=np.copy, gradient=lambda g, x, y: g, shape=raises)
        with self.assertRaises(ZeroDivisionError):
            tn.Network("own", input=6, operators=[own])

    def test_arrays_are_views_that_end(self):
        seen, kept = [], []

        def looks(x):
            seen.append((x.flags.writeable, x.flags.owndata, x.dtype, x.shape))
            return float(np.abs(x).sum())

        def keeps(x):
            kept.append(x)
            return np.sign(x)

        own = tn.Operator("penalty", "own", value=looks, gradient=keeps)
        net = tn.Network("linear 3", input=6, loss="mse", optimizer="sgd lr=0.1", penalties={"linear1": "own 0.1"},
                         operators=[own])
        with self.assertRaisesRegex(RuntimeError, "must keep a copy"):
            net.fit(X, Y, epochs=1, batch=10, progress=False)
        self.assertEqual(seen[0], (False, False, np.float32, (10, 3)))
        kept.clear()

    def test_cycles_of_a_function_keep_nothing(self):
        def value(x):
            def total(i):
                return float(np.abs(x[i]).sum()) + (total(i - 1) if i else 0)

            return total(len(x) - 1)

        own = tn.Operator("penalty", "own", value=value, gradient=np.sign)
        self.assertLess(own.check("own 1", X[:3, :4]).error, 0.01)

    def test_mistakes(self):
        def net(**settings):
            own = tn.Operator(**{"role": "penalty", "name": "own", "value": l1_value, "gradient": np.sign} | settings)
            return tn.Network("linear 3", input=6, loss="mse", optimizer="sgd lr=0.1", penalties={"linear1": "own 0.1"},
                              operators=[own])

        for says, settings in [("word of the library", {"name": "l1"}), ("role should be", {"role": "optimizer"}),
                               ("value and gradient", {"value": None}), ("zeros are", {"zeros": True})]:
            with self.assertRaisesRegex(ValueError, says):
                net(**settings)
        with self.assertRaisesRegex(TypeError, "value should be a function"):
            net(value=3)
        with self.assertRaisesRegex(TypeError, "operators should be"):
            tn.Network("linear 3", input=6, operators=["own"])
        with self.assertRaisesRegex(ValueError, r"gradient of own should return an array \(10, 3\), not \(3,\)"):
            net(gradient=lambda x: x[0]).fit(X, Y, epochs=1, batch=10, progress=False)
        with self.assertRaisesRegex(ValueError, "at most 8 attributes"):
            net(attributes={f"a{i}": 1 for i in range(9)})

    def test_a_network_that_its_functions_hold_is_freed(self):
        class Holder:
            def __init__(self):
                own = tn.Operator("penalty", "own", value=self.value, gradient=np.sign)
                self.net = tn.Network("linear 3", input=6, loss="mse", penalties={"linear1": "own 1"}, operators=[own])

            def value(self, x):
                return l1_value(x)

        holder = Holder()
        seen = weakref.ref(holder)
        del holder
        gc.collect()
        self.assertIsNone(seen())


class Check(unittest.TestCase):
    def test_operators(self):
        x = rng.uniform(-2, 2, (5, 4)).astype(np.float32)
        for own, spec, inputs in [(L1, "my_l1 0.5", [x]), (TANH, "my_tanh slope=2", [x]), (HALF, "my_half", [x]),
                                  (ADD, "my_add x2", [x, x[::-1]]), (MSE, "my_mse", [x, x[::-1]]),
                                  (CE, "my_ce", [x[:, :3], [0, 1, 2, 0, 1]])]:
            check = own.check(spec, *inputs)
            self.assertLess(check.error, 0.01, check.text)
            self.assertGreater(check.checked, 10, spec)
        wrong = tn.Operator("layer", "my_tanh", value=np.tanh, gradient=lambda g, x, y: g * (1 - y))
        check = wrong.check("my_tanh", x)
        self.assertGreater(check.error, 0.1)
        self.assertRegex(check.text, r"^x\[\d, \d\]: .*, differences say ")

    def test_network(self):
        net = network(True)
        self.assertLess(net.check_gradient(X[:7], LABELS[:7]).error, 0.01)
        wrong = tn.Operator("penalty", "my_l1", value=l1_value, gradient=lambda x: 2 * np.sign(x), prox=l1_prox, inputs=4)
        net = network(True, operators=[wrong, *ALL[1:]], penalties={"my_tanh1": "my_l1 1"})
        check = net.check_gradient(X[:7], LABELS[:7])
        self.assertGreater(check.error, 0.1)
        self.assertIn("linear1.", check.text)
        with self.assertRaisesRegex(ValueError, "no loss"):
            tn.Network("linear 3", input=6).check_gradient(X)


class Given(unittest.TestCase):
    def test_a_gradient_does_what_its_loss_does(self):
        plans = []
        for given in (False, True):
            g = _core.Graph()
            x, t = g.input("x", 6), g.input("t", 3)
            y = g.chain(x, "linear 3")
            if given:
                g.take_gradient("linear1")
            else:
                g.loss("mse reduce=sample", y, t)
            plans.append(g.compile(batch=10, optimizer="sgd lr=0.1", seed=3))
        for i in range(0, 60, 10):
            plans[0].step(x=X[i:i + 10], t=Y[i:i + 10])
            plans[1].forward(x=X[i:i + 10])
            plans[1].add_gradient("linear1", (2 * (plans[1].read("linear1") - Y[i:i + 10]) / 10).astype(np.float32))
            plans[1].step(x=X[i:i + 10])
        np.testing.assert_allclose(plans[0].read("linear1.weight"), plans[1].read("linear1.weight"), rtol=1e-4, atol=1e-6)
        with self.assertRaisesRegex(tn.RunError, "takes no gradient here"):
            plans[0].add_gradient("linear1", np.zeros((10, 3), np.float32))


if __name__ == "__main__":
    unittest.main()
