"""Fitting: arrays and batches, the end of a fit, the best epoch, and what is refused."""

import contextlib
import copy
import io
import os
import signal
import subprocess
import sys
import time
import unittest
import warnings

try:
    import numpy as np
except ImportError as missing:
    raise unittest.SkipTest(f"{missing}") from missing

import tacetnn as tn

RANDOM = np.random.default_rng(2)
X = RANDOM.standard_normal((100, 5), dtype=np.float32)
Y = (X[:, 0] > 0).astype(np.int64)
BATCHES = [(X[i : i + 20], Y[i : i + 20]) for i in range(0, 100, 20)]


def network(layers="linear 8 | relu | linear 2", **settings):
    given = {"input": 5, "loss": "cross_entropy", "optimizer": "sgd lr=0.1 momentum=0.9"}
    return tn.Network(layers, **given | settings)


def fitted(*args, net=None, **settings):
    net = net or network()
    return net, net.fit(*args, **{"progress": False} | settings)


def same(a, b):
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


def untimed(run):
    return [{k: v for k, v in line.items() if k != "seconds"} for line in run.ledger]


class Batches(unittest.TestCase):
    """Batches that the caller makes give the steps that a loader gives from the whole arrays."""

    def check(self, source, **settings):
        net, run = fitted(X, Y, epochs=3, batch=20, shuffle=False, **settings)
        other, batches = fitted(source, epochs=3, **settings)
        self.assertTrue(same(net, other))
        self.assertEqual(untimed(run), untimed(batches))

    def test_lists_functions_and_iterables(self):
        class Iterable:
            def __iter__(self):
                return iter(BATCHES)

        def generator():
            yield from BATCHES

        for source in (BATCHES, tuple(BATCHES), generator, Iterable(), lambda: iter(BATCHES),
                       [list(b) for b in BATCHES], [{"x": x, "target": y} for x, y in BATCHES]):
            with self.subTest(type(source).__name__):
                self.check(source)

    def test_a_data_loader(self):
        try:
            import torch
        except ImportError as missing:
            self.skipTest(str(missing))
        data = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
        self.check(torch.utils.data.DataLoader(data, batch_size=20))

    def test_validation_of_every_kind(self):
        held = (X[:30], Y[:30])
        expected = untimed(fitted(X, Y, epochs=2, validation=held)[1])
        for validation in ([held], [(X[:10], Y[:10]), (X[10:30], Y[10:30])], lambda: [held],
                           tn.Data.arrays(*held, labels=True)):
            run = fitted(X, Y, epochs=2, validation=validation)[1]
            for a, b in zip(expected, untimed(run), strict=True):
                self.assertAlmostEqual(a["validation"]["data_loss"], b["validation"]["data_loss"], places=6)
                self.assertEqual(a["validation"]["accuracy"], b["validation"]["accuracy"])

    def test_what_an_earlier_fit_has_learned_of_its_data_is_forgotten(self):
        net = fitted(X * 100 + 7, Y, data="normalize=feature")[0]
        fresh = network()
        fresh.load_state_dict(net.state_dict())
        for validation in (BATCHES, (X, Y)):
            again = copy.deepcopy(net)
            expected = fitted(BATCHES, net=copy.deepcopy(fresh), epochs=1, validation=validation)[1]
            self.assertEqual(untimed(fitted(BATCHES, net=again, epochs=1, validation=validation)[1]), untimed(expected))

    def test_larger_batches_come_later(self):
        sizes = [(0, 10), (10, 70), (70, 100)]
        batches = [(X[a:b], Y[a:b]) for a, b in sizes]
        settings = {"layers": "linear 8 | batch_norm | relu | dropout 0.5 | linear 2", "optimizer": "adam lr=0.01",
                    "penalties": {"relu1": "l1 density=0.3"}}
        net, run = fitted(batches, epochs=3, net=network(**settings))
        other = network(**settings)
        other.compile(100, 3, 3)
        for i in range(9):
            if i % 3 == 0:
                other.plan.ledger_reset()
            x, y = batches[i % 3]
            other.plan.step(x=x, target=y)
        self.assertTrue(same(net, other))
        total = other.plan.ledger_total()
        self.assertEqual((run.ledger[-1]["data_loss"], run.step), (total.data_loss, 9))

    def test_an_autoencoder_takes_x_alone(self):
        def auto():
            return network("linear 3 | linear 5", loss="mse", target="x")

        net, _ = fitted(X, net=auto(), epochs=2, batch=20, shuffle=False)
        for source in ([x for x, _ in BATCHES], [[x] for x, _ in BATCHES], BATCHES, [{"x": x} for x, _ in BATCHES]):
            self.assertTrue(same(net, fitted(source, net=auto(), epochs=2)[0]))
        rows = X.tolist()  # a list of rows is an array, not batches
        self.assertTrue(same(net, fitted(rows, net=auto(), epochs=2, batch=20, shuffle=False)[0]))

    def test_an_iterator_has_one_epoch(self):
        def generator():
            yield from BATCHES

        self.assertEqual(fitted(generator(), epochs=1)[1].step, 5)
        self.assertEqual(fitted((b for _ in range(10) for b in BATCHES), steps=7)[1].step, 7)
        with self.assertRaisesRegex(ValueError, "only once, but there are 10 epochs: give a function"):
            fitted(generator())
        with self.assertRaisesRegex(ValueError, "no batch in epoch 2: it is an iterator"):
            fitted(generator(), steps=7)
        with self.assertRaisesRegex(ValueError, "validation is an iterator"):
            fitted(X, Y, validation=generator())

    def test_mistakes_in_batches_are_named(self):
        for source, message in (
            ([(X, Y, Y, Y)], "batch 1 of x should be x, .* or a dictionary, not 4 things"),
            ([(X, Y), X], "batch 2 of x has no targets"),
            ([(X, Y), (X[:0], Y[:0])], "batch 2 of x has no rows"),
            ([(X, Y), (X[:, :3], Y)], "\\[rows, 5\\], not \\[100, 3\\]"),
            ([(X, Y[:9])], "x has 100 rows, but y has 9"),
            ([{"x": X, "label": Y}], 'the keys "x" and "target", .*not x, label'),
            (lambda: iter([]), "x gave no batch in epoch 1"),
        ):
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                fitted(source)
        for name in ("data", "augment"):
            with self.assertRaisesRegex(ValueError, f"{name} needs arrays"):
                fitted(BATCHES, **{name: "flip"})
        with self.assertRaisesRegex(ValueError, "a share for validation needs arrays"):
            fitted(BATCHES, validation=0.1)

    def test_the_length_of_an_epoch_is_needed_only_for_what_depends_on_it(self):
        def source():
            return iter(BATCHES)

        for settings in ({"optimizer": "sgd lr=0.1 schedule=cosine"}, {"optimizer": "sgd lr=0.1 warmup=2"},
                         {"penalties": {"relu1": "l1 density=0.2"}}, {"penalties": {"*.weight": "l1 1e-3 from=1"}}):
            with self.subTest(**settings):
                with self.assertRaisesRegex(ValueError, "depends on how many batches an epoch has"):
                    fitted(source, net=network(**settings), epochs=2)
                fitted(BATCHES, net=network(**settings), epochs=2)
        net = network(optimizer="sgd lr=0.1 schedule=linear")
        rates = []
        fitted(source, net=net, steps=4, on_step=lambda run: rates.append(net.plan.learning_rate))
        self.assertEqual(len(rates), 4)
        self.assertLess(rates[-1], rates[0] / 2)


class Ends(unittest.TestCase):
    def test_the_best_epoch(self):
        settings = {"batch": 10, "validation": 0.3}
        fast = {"optimizer": "sgd lr=1 momentum=0.9"}
        net, run = fitted(X, Y, epochs=30, patience=3, net=network(**fast), **settings)
        losses = [line["validation"]["data_loss"] for line in run.ledger]
        self.assertEqual(run.stopped, "patience")
        self.assertEqual(run.best_epoch, 1 + int(np.argmin(losses)))
        self.assertEqual(len(losses), run.best_epoch + 3)
        net.load_state_dict(run.best)
        again, _ = fitted(X, Y, epochs=run.best_epoch, net=network(**fast), **settings)
        self.assertTrue(same(net, again))

    def test_a_metric_that_is_larger_when_better(self):
        run = fitted(X, Y, epochs=5, batch=10, validation=0.3, metric="f1")[1]
        figures = [line["validation"]["f1"] for line in run.ledger]
        self.assertEqual(run.best_epoch, 1 + int(np.argmax(figures)))

    def test_stop(self):
        _, run = fitted(X, Y, batch=20, on_step=lambda run: run.step == 7 and run.stop())
        self.assertEqual((run.step, len(run.ledger), run.ledger[-1]["step"], run.stopped), (7, 2, 7, "callback"))
        _, run = fitted(X, Y, batch=20, on_epoch=lambda run: run.epoch == 3 and run.stop())
        self.assertEqual((run.step, len(run.ledger), run.stopped), (15, 3, "callback"))

    def test_steps(self):
        _, run = fitted(X, Y, batch=20, steps=13)
        self.assertEqual((run.step, [line["step"] for line in run.ledger], run.stopped), (13, [5, 10, 13], None))
        _, run = fitted(X, Y, batch=20, steps=13, epochs=2)
        self.assertEqual(run.step, 10)

    def test_callbacks_do_not_change_the_bits(self):
        net, run = fitted(X, Y, batch=20, epochs=2, log=1)
        seen = []
        other = network()
        fitted(X, Y, batch=20, epochs=2, log=1, net=other,
               on_step=lambda r: seen.append((r.step, r.epoch, other.predict(X).shape)))
        self.assertTrue(same(net, other))
        self.assertEqual(run.steps_log, other.run.steps_log)
        self.assertEqual(seen, [(i + 1, 1 + i // 5, (100, 2)) for i in range(10)])

    def test_an_exception_in_a_callback_or_in_the_data(self):
        def fails(run):
            raise KeyError("mine")

        def broken():
            yield from BATCHES[:3]
            raise OSError("lost")

        for args, settings, error, step in (((X, Y), {"on_step": fails}, KeyError, 1),
                                            ((X, Y), {"on_epoch": fails}, KeyError, 5), ((broken,), {}, OSError, 3)):
            net = network()
            with self.subTest(error=error, step=step):
                with self.assertRaises(error):
                    fitted(*args, net=net, batch=20, **settings)
                self.assertEqual((net.run.stopped, net.run.step), ("interrupted", step))
                self.assertEqual(net.predict(X).shape, (100, 2))
                self.assertIsNone(fitted(X, Y, net=net)[1].stopped)

    def test_what_is_not_finite(self):
        net = network()
        x = X.astype(float)
        x[90, 1] = 1e300
        before = []
        with self.assertRaisesRegex(tn.NotFiniteError, "step 10: "):
            fitted(x, Y, net=net, batch=10, shuffle=False, on_step=lambda run: before.append(net.state_dict()))
        self.assertEqual((len(before), net.run.step, net.run.stopped), (9, 9, "interrupted"))
        self.assertTrue(all(np.array_equal(before[-1][k], v) for k, v in net.state_dict().items()))

    def test_a_fit_within_a_fit_is_refused(self):
        net = network()
        with self.assertRaisesRegex(RuntimeError, "being fitted"):
            fitted(X, Y, net=net, on_epoch=lambda run: net.fit(X, Y))
        self.assertEqual(net.run.epoch, 1)

    def test_interrupt(self):
        """Ctrl-C, while steps run and while the caller's data are awaited."""
        for source in ("(x, y)", "(forever,)"):
            code = f"""
import itertools, numpy as np, tacetnn as tn
x = np.ones((1000, 50), np.float32); y = np.arange(1000) % 2
def forever():
    print("begun", flush=True)
    while True: yield x, y
net = tn.Network("linear 64 | relu | linear 2", input=50, loss="cross_entropy", optimizer="sgd lr=0.01")
try:
    print("begun", flush=True)
    net.fit(*{source}, epochs=10**8, batch=100, progress=False)
except KeyboardInterrupt:
    print(net.run.stopped, net.run.step == net.plan.steps > 0, np.isfinite(net.predict(x)).all())
    print(net.fit(x, y, epochs=1, progress=False).stopped)
"""
            process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
            process.stdout.readline()
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            self.assertIn("interrupted True True\nNone\n", process.communicate(timeout=60)[0])


class Settings(unittest.TestCase):
    def test_refusals(self):
        for settings, error, message in (
            ({"epochs": 0}, ValueError, "epochs should be at least 1, not 0"),
            ({"epochs": 2.5}, TypeError, "epochs should be a whole number, not 2.5"),
            ({"batch": True}, TypeError, "batch should be a whole number"),
            ({"steps": -1}, ValueError, "steps should be at least 0"),
            ({"patience": 1}, ValueError, "patience needs data for validation"),
            ({"metric": "accuracy"}, ValueError, "metric needs data for validation"),
            ({"metric": "acuracy", "validation": 0.1}, tn.DescriptionError, "did you mean accuracy"),
            ({"metric": "confusion", "validation": 0.1}, ValueError, "confusion is not one number"),
            ({"validation": 1.5}, ValueError, "a share from 0 to 1"),
            ({"on_step": 3}, TypeError, "on_step should be a function"),
            ({"resume": True}, ValueError, "resume needs out"),
            ({"checkpoint": 5}, ValueError, "checkpoint needs out"),
            ({"data": "nromalize=feature"}, tn.DescriptionError, "did you mean normalize"),
        ):
            net = network()
            with self.subTest(**settings):
                with self.assertRaisesRegex(error, message):
                    fitted(X, Y, net=net, **settings)
                self.assertIsNone(net.run)
                fitted(X, Y, net=net, epochs=1)

    def test_a_last_batch_of_one_row(self):
        net = network("linear 8 | batch_norm | linear 2")
        with self.assertRaisesRegex(ValueError, "epoch of 100 rows would have 1 row, and batch normalisation needs"):
            fitted(X, Y, net=net, batch=33)
        fitted(X, Y, net=net, batch=32)

    def test_a_share_leaves_the_callers_data_whole(self):
        data = tn.Data.arrays(X, Y, labels=True)
        with self.assertRaisesRegex(ValueError, "data.hold_out"):
            fitted(data, validation=0.1)
        held = data.hold_out(0.1)
        self.assertEqual(fitted(data, epochs=1, validation=held)[1].record["rows"], {"training": 90, "validation": 10})

    def test_softmax_before_cross_entropy(self):
        with self.assertWarnsRegex(tn.TrainingWarning, "cross_entropy includes the softmax"):
            fitted(X, Y, net=network("linear 2 | softmax"), epochs=1)

    def test_logarithms_of_probabilities(self):
        shares = np.full((len(X), 2), 0.5, np.float32)
        for end, message in (("linear 2", "which linear1 does not give: end the layers with log_softmax$"),
                             ("linear 2 | softmax", "which softmax1 .* log_softmax instead of softmax$")):
            with self.assertWarnsRegex(tn.TrainingWarning, message):
                tn.Network(end, input=X.shape[1], loss="kl_div", optimizer="sgd lr=0.1").fit(X, shares, progress=False)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tn.Network("linear 2 | log_softmax", input=X.shape[1], loss="kl_div", optimizer="sgd lr=0.1").fit(
                X, shares, progress=False)

    def test_a_warning_is_given_once_at_the_callers_line(self):
        net = network(penalties={"relu1": "l1 100"}, optimizer="sgd lr=0.5")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run = net.fit(X, Y, epochs=6, batch=10, progress=False)
        self.assertEqual([str(w.message) for w in caught], [f"{w['on']}: {w['text']}" for w in run.warnings])
        self.assertTrue(run.warnings)
        self.assertTrue(all(w.filename == __file__ and w.category is tn.TrainingWarning for w in caught))


class Shown(unittest.TestCase):
    def shown(self, **settings):
        text = io.StringIO()
        with contextlib.redirect_stderr(text):
            fitted(X, Y, epochs=2, batch=20, validation=0.2, net=network(penalties={"relu1": "l1 1e-3"}), **settings)
        return text.getvalue()

    def test_a_line_for_each_epoch(self):
        self.assertEqual(self.shown(progress=False), "")
        lines = self.shown(progress=None).splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[2], r"^the best epoch is \d, with data_loss \S+ on the validation data: run.best$")
        self.assertRegex(lines[1], r"^epoch 2/2  loss \S+  val loss \S+  val acc \S+  objective \S+  relu1:l1 \S+  "
                                   r"relu1 density \S+$")

    def test_a_line_that_moves(self):
        text = self.shown(progress=True)
        self.assertEqual(text.count("\n"), 3)
        self.assertRegex(text, r"Epoch 2/2 +\S+/step  loss \S+ +val loss \S+ +val acc \S+ .*\nthe best")

    def test_a_closed_stream_does_not_end_a_fit(self):
        closed = io.StringIO()
        closed.close()
        with contextlib.redirect_stderr(closed):
            self.assertEqual(fitted(X, Y, epochs=2, progress=None)[1].epoch, 2)


class DeadUnits(unittest.TestCase):
    """Dead units come back, as in a run of the program."""

    def revived(self, how, last):
        net = tn.Network(f"linear 64 | topk 2 revive={how} dead_after=4 | linear {last}", input=5, target="x", loss="mse",
                         optimizer="adam lr=0.01")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", tn.TrainingWarning)  # most of 64 units are dead at first
            run = net.fit(X, epochs=8, batch=20, progress=False)
        return sum(line["layers"][0]["revived"] for line in run.ledger)

    def test_revive(self):
        for how in "resample", "aux":
            self.assertGreater(self.revived(how, 5), 0, how)
        with self.assertRaisesRegex(ValueError, "revive of topk: expected one of none|resample|aux"):
            self.revived("again", 5)


if __name__ == "__main__":
    unittest.main()
