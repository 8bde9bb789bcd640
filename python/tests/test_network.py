"""Network: the same bits as the program, values, gradients, state, files, mistakes."""

import copy
import functools
import json
import pickle
import subprocess
import tempfile
import threading
import unittest
import weakref

try:
    import numpy as np
except ImportError as missing:
    raise unittest.SkipTest(f"{missing}")

import tacetnn as tn
from tacetnn import _program

RANDOM = np.random.default_rng(1)
X = RANDOM.standard_normal((300, 8), dtype=np.float32)
Y = (X[:, 0] + X[:, 1] ** 2 > 1).astype(np.int64)
IMAGES = RANDOM.integers(0, 256, (100, 8, 8, 3), dtype=np.uint8)
CNN = "conv2d 4 3 padding=1 | batch_norm | relu | max_pool2d 2 | flatten | linear 2"


def program(*args, where):
    try:
        path = _program.program()
    except FileNotFoundError as missing:
        raise unittest.SkipTest(str(missing))
    return subprocess.run([path, *args], cwd=where, capture_output=True, text=True, check=True).stdout


def tensors(path):
    f = tn.File(path)
    return {name: value for name, _, value in map(f.tensor, range(f.count))}


def small(layers="linear 16 | relu | linear 2", **settings):
    given = {"input": 8, "loss": "cross_entropy", "optimizer": "sgd lr=0.1 momentum=0.9"}
    return tn.Network(layers, **given | {"penalties": {"relu1": "l1 1e-3"}} | settings)


def fitted(**settings):
    net = small(**settings)
    net.fit(X, Y, epochs=2, batch=32, progress=False)
    return net


class Bits(unittest.TestCase):
    """Each network is trained by the program, from files, and here, from arrays."""

    CASES = {
        "a share for validation, schedules, state": (
            small("linear 16 | batch_norm | relu | dropout 0.5 | linear 2", seed=5,
                  optimizer="adam lr=0.01 schedule=cosine",
                  penalties={"relu1": ["l1 density=0.3", "l2 1e-3 warmup=1"], "*.weight": "l2 1e-4"},
                  parameters={"linear1.*": "lr=0.001", "linear2.bias": "frozen"}), X, Y, "", {"validation": 0.1}),
        "clipped, and a plateau": (
            small("linear 16 | prelu by=unit | mish | linear 2", penalties={},
                  optimizer="rmsprop lr=0.1 clip_norm=0.5 schedule=plateau patience=0 gamma=0.5"), X, Y, "",
            {"validation": 0.2}),
        "a plateau without validation": (
            small(optimizer="adagrad lr=1 schedule=plateau patience=0 threshold=0.5"), X, Y, "", {}),
        "normalised": (small(metrics="f1"), X, Y, "normalize=feature", {}),
        "yes or no": (small("linear 4 | relu | linear 1", loss="bce_with_logits"), X, Y, "", {"validation": 0.2}),
        "targets": (small("linear 4 | relu | linear 2", loss="mse", optimizer="adam lr=0.01",
                          penalties={"linear1.weight": "group_lasso 1e-2 prox"}),
                    X, X[:, :2] * 3 + 1, "normalize_target=true", {"steps": 17}),
        "one target": (small("linear 4 | relu | linear 1", loss="huber"), X, X[:, 0].astype(float), "", {}),
        "itself": (small("linear 4 | relu | linear 8", loss="mse", target="x"), X, Y, "", {}),
        "images": (small(CNN, input=(8, 8, 3), layout="hwc"), IMAGES, Y[:100], "layout=hwc normalize=channel",
                   {"augment": "flip"}),
        "channels first": (small(CNN, input=(3, 8, 8), layout="chw"), np.ascontiguousarray(np.moveaxis(IMAGES, -1, 1)),
                           Y[:100], "layout=chw", {}),
        "positions": (small("linear 8 | relu | linear 3", input=(5, 4)), RANDOM.standard_normal((60, 5, 4)),
                      RANDOM.integers(0, 3, (60, 5)), "flat=false", {}),
    }

    def configuration(self, net, data, fit):
        known = {"model": net.layers, "loss": net.loss, "optimizer": net.optimizer,
                 "data": f"npy x=x.npy y=y.npy {data}", "target": net.target, "augment": fit.get("augment"),
                 "penalties": net.penalties,
                 "metrics": net.metrics, "parameters": {k: v[0] for k, v in net.parameters.items()},
                 "train": {"epochs": 3, "batch": 32, "seed": net.seed, "steps": fit.get("steps", 0),
                           "validate": fit.get("validation", 0)}}
        return json.dumps({k: v for k, v in known.items() if v})

    def test_the_same_bits_as_the_program(self):
        for name, (net, x, y, data, fit) in self.CASES.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as d:
                np.save(f"{d}/x.npy", x)
                np.save(f"{d}/y.npy", y)
                with open(f"{d}/run.yaml", "w") as f:
                    f.write(self.configuration(net, data, fit))
                program("train", "run.yaml", "--out", "run", where=d)
                net.fit(x, y, epochs=3, batch=32, data=data, progress=False, **fit)
                net.save(f"{d}/model.safetensors")
                theirs, ours = tensors(f"{d}/run/model.safetensors"), tensors(f"{d}/model.safetensors")
                self.assertEqual(list(theirs), list(ours))
                for key, value in theirs.items():
                    np.testing.assert_array_equal(value, ours[key], key)
                self.check_files(net, x, y, data, d)

    def check_files(self, net, x, y, data, d):
        """The program reads what is saved here, and the other way round."""
        source = f"npy x=x.npy y=y.npy {data}"
        figures = json.loads(program("eval", "model.safetensors", "--data", source, "--json", where=d))
        own = net.evaluate(x, y)
        self.assertEqual({k: figures[k] for k in own}, own)
        program("predict", "model.safetensors", "--data", source, "--out", "p.npy", where=d)
        np.testing.assert_array_equal(np.load(f"{d}/p.npy"), net.predict(x))
        np.testing.assert_array_equal(tn.Network.load(f"{d}/run").predict(x), net.predict(x))


class Values(unittest.TestCase):
    def test_values_are_those_of_the_rows_seen_last(self):
        net = fitted()
        self.assertEqual(net["relu1"].shape, (300, 16))
        y = net.predict(X[:5])
        w = net.weights()
        hidden = np.maximum(X[:5] @ w["linear1.weight"].T + w["linear1.bias"], 0)
        np.testing.assert_allclose(net["relu1"], hidden, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(net["linear2"], y)
        np.testing.assert_array_equal(net["x"], X[:5])
        net.evaluate(X[:7], Y[:7])
        self.assertEqual({k: v.shape for k, v in net.activations(X[:9], "relu*", "linear2").items()},
                         {"relu1": (9, 16), "linear2": (9, 2)})
        self.assertEqual(net["linear1"].shape, (9, 16))
        self.assertEqual(list(net.activations(X)), ["x", "linear1", "relu1", "linear2"])
        np.testing.assert_array_equal(net.activations(X, "linear1.*")["linear1.bias"], w["linear1.bias"])
        self.assertTrue("relu1" in net and "relu2" not in net)

    def test_values_follow_the_weights(self):
        net = fitted()
        net["linear1.weight"] = np.zeros((16, 8))
        net["linear1.bias"] = np.arange(16)
        np.testing.assert_array_equal(net["relu1"][3], np.arange(16))
        np.testing.assert_array_equal(net["linear1.bias"], np.arange(16))

    def test_rows_are_not_copied(self):
        net, x = fitted(), X[:5].copy()
        self.assertTrue(np.shares_memory(net.rows(x), x))
        net.predict(x)
        before = net["relu1"]
        x[:] = 0
        self.assertFalse(np.array_equal(before, net["relu1"]))
        self.assertTrue(np.shares_memory(net.rows(IMAGES.reshape(-1, 8)), IMAGES))

    def test_the_rows_of_more_than_a_batch(self):
        net = fitted()
        np.testing.assert_allclose(net.predict(X)[130:140], net.predict(X[130:140]), rtol=1e-5)
        self.assertEqual(net.predict(X[:0]).shape, (0, 2))
        self.assertEqual(net["relu1"].shape, (0, 16))

    def test_missing_numbers_are_refused(self):
        x = X[:3].copy()
        x[1, 2] = np.nan
        with self.assertRaisesRegex(ValueError, "x: row 1 .* NaN"):
            fitted().predict(x)

    def test_values_of_data_and_of_batches(self):
        net = small()
        net.fit(tn.Data.arrays(X, Y, labels=True), epochs=1, progress=False)
        self.assertEqual((net["relu1"].shape, net.gradient("relu1").shape), ((300, 16), (300, 16)))
        net.fit([(X[:50], Y[:50]), (X[50:90], Y[50:90])], epochs=1, progress=False)
        self.assertEqual((net["relu1"].shape, net.gradient("relu1").shape), ((40, 16), (40, 16)))

    def test_uint8_is_scaled_as_in_training(self):
        net = small("linear 4 | relu | linear 2", input=192)
        net.fit(IMAGES, Y[:100], epochs=1, shuffle=False, progress=False)
        self.assertEqual(net["x"].max(), 1)
        x = IMAGES.reshape(100, -1)
        batches = small("linear 4 | relu | linear 2", input=192)
        batches.fit([(IMAGES, Y[:100])], epochs=1, progress=False)
        for name, value in net.weights().items():
            np.testing.assert_allclose(batches[name], value, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(batches["x"], net["x"])
        np.testing.assert_allclose(net.predict(IMAGES), net.predict(x.astype(np.int64)), rtol=1e-5)

    def test_layouts(self):
        hwc, chw = small(CNN, input=(8, 8, 3), layout="hwc"), small(CNN, input=(3, 8, 8), layout="chw")
        np.testing.assert_array_equal(hwc.predict(IMAGES), chw.predict(np.moveaxis(IMAGES, -1, 1)))
        self.assertEqual(chw["relu1"].shape, (100, 8, 8, 4))
        flat = IMAGES.reshape(100, -1)
        np.testing.assert_array_equal(hwc.predict(flat), hwc.predict(IMAGES))
        with self.assertRaisesRegex(ValueError, r"\[rows, 3, 8, 8\], not \[100, 8, 8, 3\] \(layout='chw'\)"):
            chw.predict(IMAGES)
        grey = tn.Network("conv2d 2 3 | flatten | linear 2", input=(8, 8, 1), layout="hwc")
        np.testing.assert_array_equal(grey.predict(IMAGES[..., 0]), grey.predict(IMAGES[..., :1]))


class Gradients(unittest.TestCase):
    def numeric(self, net, name, at, x, y):
        value, step = net[name], 1e-2
        figures = []
        for sign in (1, -1):
            moved = value.copy()
            moved[at] += sign * step
            net[name] = moved
            figures.append(net.evaluate(x, y)["objective"])
        net[name] = value
        return (figures[0] - figures[1]) / (2 * step)

    def test_gradients_are_those_of_the_objective(self):
        net = fitted(penalties={"relu1": "l1 1e-2", "*.weight": "l2 0.1"})
        weight = net.gradient("linear1.weight", X, Y)
        for at in (0, 0), (3, 4), (15, 7):
            self.assertAlmostEqual(weight[at], self.numeric(net, "linear1.weight", at, X, Y), delta=1e-3)
        np.testing.assert_array_equal(net.gradients("*.weight", x=X, y=Y)["linear1.weight"], weight)
        np.testing.assert_array_equal(net.gradient("linear1.weight"), weight)  # of the rows last fitted

    def test_gradients_of_many_batches(self):
        net = fitted()
        many = net.gradients("relu1", "*.weight")
        net.compile(batch=300)
        once = net.gradients("relu1", "*.weight")
        data = net.gradients("relu1", "*.weight", x=tn.Data.arrays(X, Y, labels=True))
        self.assertEqual(list(many), ["linear1.weight", "relu1", "linear2.weight"])
        for name in many:
            np.testing.assert_allclose(many[name], once[name], rtol=1e-4, atol=1e-7)
            np.testing.assert_array_equal(data[name], once[name])
        norm = small("linear 3 | batch_norm | linear 2", penalties=None)
        self.assertEqual(norm.gradient("linear1", X[:257], Y[:257]).shape, (257, 3))  # no batch has a single row

    def test_nothing_changes(self):
        net = fitted()
        before = net.state_dict()
        net.predict(X[:3])
        self.assertEqual(net.gradient("relu1").shape, (300, 16))
        for name, value in net.state_dict().items():
            np.testing.assert_array_equal(value, before[name])

    def test_lambdas_are_the_current_ones(self):
        for penalty in "l1 1e-1 warmup=3", "l1 1e-1 schedule=cosine from=1 until=3", "l1 density=0.2":
            with self.subTest(penalty):
                net = fitted(penalties={"relu1": penalty})
                now = next(t.lambda_ for t in net.plan.terms() if t.on == "relu1")
                plain = fitted(penalties={"relu1": f"l1 {now!r}"})
                plain.load_state_dict(net.state_dict())
                self.assertGreater(now, 0)
                np.testing.assert_allclose(net.gradient("relu1"), plain.gradient("relu1"), rtol=1e-5)


class Threads(unittest.TestCase):
    def together(self, *work):
        failed = []

        def go(task):
            try:
                task()
            except BaseException as e:
                failed.append(e)

        threads = [threading.Thread(target=go, args=(task,)) for task in work]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return failed

    def test_threads_take_turns(self):
        net = fitted()
        expected, hidden = net.predict(X), net["relu1"]

        def ask():
            for _ in range(30):
                np.testing.assert_array_equal(net.predict(X), expected)
                np.testing.assert_array_equal(net.activations(X, "relu1")["relu1"], hidden)
                net.gradient("relu1", X[:20], Y[:20])

        self.assertEqual(self.together(*[ask] * 4), [])

    def test_a_fit_is_not_disturbed(self):
        def end_when_asked(run):
            begun.set()
            asked.wait(60)

        def ask():
            begun.wait(60)
            try:
                with self.assertRaisesRegex(RuntimeError, "fitted in another thread"):
                    net.predict(X)
                with self.assertRaisesRegex(RuntimeError, "is being fitted"):
                    net.fit(X, Y)
            finally:
                asked.set()

        net, begun, asked = small(), threading.Event(), threading.Event()
        fit = functools.partial(net.fit, X, Y, epochs=2, batch=32, progress=False, on_step=end_when_asked)
        self.assertEqual(self.together(fit, ask), [])
        for name, value in fitted().weights().items():
            np.testing.assert_array_equal(net[name], value)


class State(unittest.TestCase):
    def test_state_goes_round(self):
        net = small("linear 4 | batch_norm | relu | linear 2")
        net.fit(X, Y, epochs=1, progress=False)
        state = net.state_dict()
        self.assertEqual(list(state)[2:6], ["batch_norm1.weight", "batch_norm1.bias", "batch_norm1.running_mean",
                                            "batch_norm1.running_var"])
        other = small("linear 4 | batch_norm | relu | linear 2", seed=3)
        other.load_state_dict(state | {"batch_norm1.num_batches_tracked": np.array(3)})
        np.testing.assert_array_equal(other.predict(X), net.predict(X))

    def test_every_mistake_is_named_and_nothing_changes(self):
        net = fitted()
        before = net.state_dict()
        state = before | {"linear1.weight": before["linear1.weight"].T, "extra": np.zeros(3)}
        state["linear2.weight"] = state["linear2.weight"] + 1
        del state["linear2.bias"]
        with self.assertRaisesRegex(ValueError, r"linear1.weight should be \[16, 8\], not \[8, 16\]; "
                                                "linear2.bias is missing; extra does not exist"):
            net.load_state_dict(state)
        np.testing.assert_array_equal(net["linear2.weight"], before["linear2.weight"])
        with self.assertRaisesRegex(ValueError, r"^linear1.weight should be \[16, 8\], not \[8, 16\]$"):
            net.load_state_dict(state, strict=False)

    def test_copies(self):
        net = fitted(penalties={"relu1": "l1 density=0.2", "*.weight": "l2 1e-3 schedule=cosine"})
        with tempfile.TemporaryDirectory() as d:
            net.save(f"{d}/m.safetensors")
            loaded = tn.Network.load(f"{d}/m.safetensors")
            faster = tn.Network.load(f"{d}/m.safetensors", optimizer="sgd lr=0.2")
        self.assertEqual(faster.optimizer, "sgd lr=0.2")
        for other in copy.deepcopy(net), copy.copy(net), pickle.loads(pickle.dumps(net)), loaded:
            self.assertEqual(other.settings, net.settings)
            np.testing.assert_array_equal(other.predict(X), net.predict(X))
            self.assertEqual(other.evaluate(X, Y), net.evaluate(X, Y))  # with the current lambdas
            np.testing.assert_array_equal(other.gradient("relu1", X, Y), net.gradient("relu1", X, Y))
            other["linear1.bias"] = np.zeros(16)
        self.assertTrue(net["linear1.bias"].any())

    def test_a_later_fit_continues(self):
        once, twice = fitted(optimizer="sgd lr=0.1"), small(optimizer="sgd lr=0.1")
        for i in range(2):
            twice.fit(X, Y, epochs=1, batch=32, shuffle=False, progress=False)
        once = small(optimizer="sgd lr=0.1")
        once.fit(X, Y, epochs=2, batch=32, shuffle=False, progress=False)
        for name, value in once.weights().items():
            np.testing.assert_array_equal(value, twice[name], name)

    def test_callbacks_that_read_change_nothing(self):
        def read(run):
            net.predict(X[:3]), net["relu1"], net.gradient("relu1", X[:3], Y[:3]), net.evaluate(X[:3], Y[:3])

        quiet, net = fitted(), small()
        net.fit(X, Y, epochs=2, batch=32, progress=False, on_step=read, on_epoch=read)
        for name, value in quiet.state_dict().items():
            np.testing.assert_array_equal(value, net[name], name)
        self.assertEqual(net.gradient("relu1").shape, (300, 16))

    def test_a_network_is_freed_at_once(self):
        net = fitted()
        net["relu1"], net.gradient("relu1")
        gone = weakref.ref(net)
        del net
        self.assertIsNone(gone())


class Mistakes(unittest.TestCase):
    def refused(self, error, text, call, *args, **settings):
        with self.assertRaisesRegex(error, text):
            call(*args, **settings)

    def test_descriptions(self):
        for text, settings in {
            "did you mean relu": {"layers": "linear 3 | rellu"}, "unknown loss": {"loss": "mes"},
            "sgd needs lr": {"optimizer": "sgd"}, "unknown metric": {"metrics": "f5"},
            "relu2\" matches no value": {"penalties": {"relu2": "l1 1"}},
            "unknown penalty": {"penalties": {"relu1": "l3 1"}},
            "matches no parameter": {"parameters": {"relu1": "frozen"}}, "layout=\"hwc\" is": {"input": (8, 8, 3)},
            "layout should be": {"input": (8, 8, 3), "layout": "nchw"}, "layout is for images": {"layout": "hwc"},
            "target should be": {"target": "y"}, "sparse should be": {"sparse": "sometimes"},
            "at least 1": {"input": (8, 0)},
            "seed should be at least 0": {"seed": -1}, "threads should be at least 1": {"threads": 0},
        }.items():
            with self.subTest(text):
                self.refused(ValueError, text, small, **{"layers": "linear 16 | relu | linear 2"} | settings)
        for settings in ({"penalties": "l1 1e-3"}, {"penalties": {"relu1": 1e-3}}, {"loss": None}, {"input": 8.5},
                         {"seed": 1.5}):
            with self.subTest(settings):
                self.refused(TypeError, "should", small, **settings)
        self.refused(TypeError, r'{"relu1": "l1 1e-3"}, not', small, penalties={"relu1": 1e-3})

    def test_settings_that_are_set_later(self):
        net = small()
        for name, value, text in (("penalties", "l1", "map selectors"), ("loss", None, "a text"), ("seed", 1.5, "whole")):
            self.refused(TypeError, text, setattr, net, name, value)
        for name, known in (("penalty", "penalties"), ("optimiser", "optimizer"), ("layer", "layers")):
            self.refused(AttributeError, f"did you mean {known}", setattr, net, name, "l1")
        net.note = "a name of the caller's own"
        net.penalties = {"relu1": "l1 1"}
        self.assertEqual(net.penalties, {"relu1": ["l1 1"]})

    def test_rows(self):
        net = fitted()
        self.refused(ValueError, r"\[rows, 8\], not \[300, 4\]", net.predict, X[:, :4])
        self.refused(ValueError, r"for one row: x\[None\]", net.predict, X[0])
        self.refused(ValueError, "not a single number", net.predict, 3)
        self.refused(ValueError, "x has 300 rows, but y has 5", net.evaluate, X, Y[:5])
        self.refused(TypeError, "y is missing", net.evaluate, X)
        self.refused(ValueError, r"y.argmax\(axis=-1\)", net.evaluate, X, np.eye(2)[Y])
        self.refused(ValueError, "class 6, but the network has outputs for 0 to 1", net.fit, X, Y + 5)
        self.refused(TypeError, "it holds 0.5", net.evaluate, X, Y / 2)
        self.refused(TypeError, r"numpy.unique\(y", net.evaluate, X, np.where(Y, "a", "b"))
        self.refused(ValueError, "x has 0 rows", net.evaluate, X[:0], Y[:0])
        self.refused(ValueError, "put flatten before", small(input=(4, 2)).fit, X.reshape(300, 4, 2), Y)
        two = small("linear 2", loss="bce_with_logits", penalties=None)
        self.refused(ValueError, "end the layers with linear 1", two.fit, X, Y)
        binary = small("linear 1", loss="bce_with_logits", penalties=None)
        self.refused(ValueError, "takes y of 0 and 1, but it holds 2", binary.fit, X, Y + 1)
        self.refused(ValueError, "no optimizer", small(optimizer="").fit, X, Y)
        self.refused(ValueError, "no loss", tn.Network("linear 2", input=8).evaluate, X, Y)

    def test_rows_for_validation_are_named(self):
        with self.assertRaises(ValueError) as caught:
            fitted().fit(X, Y, validation=(X[:, :4], Y), progress=False)
        self.assertIn("validation=", "".join(getattr(caught.exception, "__notes__", ())))

    def test_data(self):
        net, numbers = fitted(), small("linear 2", loss="mse", penalties=None)
        labelled, bare = tn.Data.arrays(X, Y, labels=True), tn.Data.arrays(X)
        targets = tn.Data.arrays(X, X[:, :3].copy())
        self.refused(ValueError, "neither labels nor targets", net.fit, bare)
        self.refused(ValueError, "takes labels, but the data have targets", net.fit, labelled, validation=targets)
        self.refused(ValueError, r"targets of the shape \[3\], but mse", numbers.evaluate, targets)
        self.refused(ValueError, "outputs for 0 to 0", small("linear 1", penalties=None).fit, labelled)
        self.refused(ValueError, "has 8 numbers, but the network takes 7", small(input=7).predict, bare)
        self.refused(ValueError, "cannot be given with data", net.fit, labelled, Y)
        self.assertEqual(net.evaluate(labelled), net.evaluate(X, Y))
        np.testing.assert_array_equal(net.predict(bare), net.predict(X))

    def test_data_that_are_scaled_in_another_way(self):
        learned, other = (tn.Data.arrays(x, Y, labels=True, options="normalize=feature") for x in (X, X * 2))
        same = tn.Data.arrays(X * 2, Y, labels=True, schema=learned.schema)
        net = small()
        self.refused(ValueError, "have other scale than", net.fit, learned, validation=other, progress=False)
        net.fit(learned, validation=same, epochs=1, progress=False)
        self.refused(ValueError, "have other scale than", net.predict, other)
        np.testing.assert_array_equal(net.predict(same), net.predict(X * 2))

    def test_names(self):
        net = fitted()
        self.refused(KeyError, "did you mean relu1", net.__getitem__, "relu2")
        self.refused(KeyError, "activations", net.__getitem__, "relu*")
        self.refused(KeyError, "did you mean linear1.weight", net.gradient, "linear1.wieght")
        self.refused(KeyError, "relu1 is computed", net.__setitem__, "relu1", 1)
        self.refused(ValueError, "matches no value", net.activations, X, "foo*")
        self.refused(TypeError, "has a name", net.__getitem__, 1)
        self.refused(TypeError, "should be a text, such as", net.activations, X, ["relu1", "linear1"])
        self.refused(RuntimeError, "not seen rows", small().__getitem__, "relu1")
        self.refused(RuntimeError, "not been fitted to rows", small().gradient, "relu1")
        self.refused(ValueError, "no loss", tn.Network("linear 2", input=8).gradient, "linear1", X, Y)

    def test_a_network_without_loss_predicts(self):
        net = tn.Network("linear 2 | relu", input=8)
        self.assertEqual((net.predict(X).shape, net["linear1"].shape), ((300, 2), (300, 2)))


class Shown(unittest.TestCase):
    def test_repr_makes_the_same_network(self):
        net = small(CNN, input=(3, 8, 8), layout="chw", seed=4)
        self.assertEqual(eval(repr(net), {"Network": tn.Network}).settings, net.settings)
        self.assertNotIn("sparse", repr(net))

    def test_html_escapes(self):
        page = small(penalties={"relu1": 'l1 1e-3 name="<b>"'})._repr_html_()
        self.assertIn("l1 1e-3 name=&quot;&lt;b&gt;&quot;", page)
        self.assertNotIn("<b>", page)
        self.assertIn("178 parameters", page)

    def test_explain(self):
        self.assertIn("linear1 forward", tn.explain(small()))

    def test_the_catalogue(self):
        self.assertIn("l1", [e.name for e in tn.entries("penalty")])
        for name in {e.name for e in tn.entries()}:
            with self.subTest(name):
                self.assertEqual(tn.help(name), program("ops", name, where=".").strip())
        self.assertIn("batch normalisation" if False else "batch_norm", tn.help("batch_norm"))
        with self.assertRaisesRegex(KeyError, "did you mean hoyer"):
            tn.help("hoier")
        with self.assertRaisesRegex(ValueError, "role should be one of layer, "):
            tn.entries("penalties")


if __name__ == "__main__":
    unittest.main()
