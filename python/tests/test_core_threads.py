"""Threads: what runs lets other threads run, what is in use is refused, and ranks train one network together."""

import sys
import tempfile
import threading
import unittest

try:
    import numpy as np
except ImportError as missing:
    raise unittest.SkipTest(str(missing)) from missing

from core_network import X, Y, graph, loader, plan
from tacetnn import _core


def together(*functions):
    """Runs each in a thread; returns what each returned or raised."""
    results = [None] * len(functions)

    def run(i):
        try:
            results[i] = functions[i]()
        except BaseException as e:
            results[i] = e

    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(len(functions))]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
        assert not t.is_alive()
    return results


class Sum:
    """Adds up over threads, in the order of the ranks."""

    def __init__(self, count):
        self.barrier = threading.Barrier(count)
        self.parts = [None] * count
        self.types = set()

    def of(self, rank, fail=None):
        def sum(numbers):
            self.types.add(numbers.format)
            self.parts[rank] = np.array(numbers)
            self.barrier.wait(60)
            total = np.add.reduce(self.parts)
            self.barrier.wait(60)
            np.asarray(numbers)[:] = total
            if fail:
                raise fail

        return sum


class InUse(unittest.TestCase):
    def setUp(self):
        """Of two ranks the first waits in its sum, and so in its step, until it is let go."""
        self.entered, self.go = threading.Event(), threading.Event()
        sums = Sum(2)

        def wait(numbers):
            self.entered.set()
            if not self.go.wait(60):
                raise TimeoutError
            sums.of(0)(numbers)

        self.graph = graph()
        self.plan = self.graph.compile(batch=8, optimizer="sgd lr=0.1", ranks=_core.Ranks(0, 2, wait))
        self.second = plan(ranks=_core.Ranks(1, 2, sums.of(1)))
        self.loader = loader()

    def while_it_trains(self, check):
        def one():
            return self.plan.train(self.loader, "x", "target", 1)

        def other():
            self.assertTrue(self.entered.wait(60))
            try:
                check()
            finally:
                self.go.set()

        trained, checked, _ = together(one, other, lambda: self.second.step(x=X[:8], target=Y[:8]))
        if checked is not None:
            raise checked
        self.assertEqual(trained, (1, False))

    def refused(self, call, what):
        with self.assertRaisesRegex(RuntimeError, "in use|is running", msg=what):
            call()

    def test_a_plan_refuses_everything(self):
        with tempfile.TemporaryDirectory() as folder:
            plan().checkpoint(folder + "/checkpoint")
            file = _core.File(folder + "/checkpoint")
        arguments = {
            "feed": ("x", X[:8]),
            "feed_rows": ("x", X),
            "step": (8,),
            "forward": (8,),
            "evaluate_batch": (8,),
            "lambda_max": (1, 8),
            "check_gradient": (8,),
            "check_batch": (loader(), "x", "target"),
            "add_gradient": ("relu1", np.zeros(8, np.float32)),
            "accumulate": (8, 4),
            "weigh": (4,),
            "use_average": (True,),
            "train": (loader(), "x", "target"),
            "evaluate": (loader(), "x", "target", "linear2"),
            "evaluate_begin": ("target", "linear2"),
            "evaluate_batches": (loader(), "x", "target"),
            "write": ("linear1.bias", np.zeros(8, np.float32)),
            "set_rate": (0.1,), "schedule_step": (0.1,),
            "set_lambda": ("relu1:l1", 0.1),
            "save": ("/tmp/nothing/model",),
            "checkpoint": ("/tmp/nothing/checkpoint",),
            "resume": (file,),
            "record": ("epoch",),
        }
        one = {"read", "read_gradient", "firing", "dead_units", "value_inputs"}
        term = {"account", "term_firing", "term_on", "term_value", "depends_on_length"}

        def check():
            for name in dir(_core.Plan):
                if name.startswith("__"):
                    continue
                given = arguments.get(name, ("relu1",) if name in one else ("relu1:l1",) if name in term else ())
                self.refused(lambda: getattr(self.plan, name)(*given), name)
            self.refused(lambda: file.load(self.plan), "load")
            self.refused(lambda: file.differences(self.plan), "differences")

        self.while_it_trains(check)

    def test_a_loader_is_refused_elsewhere(self):
        def check():
            self.refused(lambda: plan().train(self.loader, "x", "target"), "train")
            self.refused(lambda: plan().evaluate(self.loader, "x", "target", "linear2"), "evaluate")
            self.refused(lambda: plan().checkpoint("/tmp/nothing/checkpoint", self.loader), "checkpoint")
            self.refused(self.loader.tell, "tell")
            self.refused(lambda: self.loader.seek(0, 0), "seek")

        self.while_it_trains(check)

    def test_a_graph_is_not_changed(self):
        def check():
            for call in (
                lambda: self.graph.input("z", 3),
                lambda: self.graph.labels("z"),
                lambda: self.graph.chain("x", "relu"),
                lambda: self.graph.loss("mse", "linear2", "x"),
                lambda: self.graph.penalize("relu1", "l2 1"),
                lambda: self.graph.options("*.*", "lr=1"),
                lambda: self.graph.keep("linear1"),
                lambda: self.graph.keep_gradient("linear1"),
                lambda: self.graph.take_gradient("linear1"),
                lambda: self.graph.operator_add("constraint", "own", prox=print),
                lambda: self.graph.check_operator("l2 1", [X[:8].astype(np.float32)]),
                lambda: self.graph.compile(),
            ):
                self.refused(call, "graph")
            self.assertEqual(self.graph.find("x").id, 1)
            self.assertEqual(self.graph.text("input"), "x 4\ntarget labels")

        self.while_it_trains(check)

    def test_a_sum_may_not_use_its_plan(self):
        p = plan(ranks=_core.Ranks(0, 2, lambda numbers: p.objective))
        self.refused(lambda: p.step(x=X[:8], target=Y[:8]), "sum")
        p = None


class Parallel(unittest.TestCase):
    def test_loaders_over_the_same_data(self):
        d = _core.Data.arrays(X, Y, labels=True)

        def fit():
            p, l = plan(), _core.Loader(d, 8)
            for _ in range(50):
                p.train(l, "x", "target")
            return p.read("linear1.weight")

        want = fit()
        for got in together(fit, fit, fit):
            np.testing.assert_array_equal(got, want)

    def test_plans_on_one_pool(self):
        pool = _core.Pool(2)

        def fit():
            p, l = plan(pool=pool), loader()
            for _ in range(50):
                p.train(l, "x", "target")
            return p.read("linear1.weight")

        want = fit()
        for got in together(fit, fit):
            np.testing.assert_array_equal(got, want)

    def test_many_threads_on_the_same_objects(self):
        """They are refused or wait, but nothing breaks."""
        g = graph()
        p, l = g.compile(batch=8, optimizer="sgd lr=0.1", metrics="f1", ledger=1), loader()
        calls = [
            lambda: p.step(x=X[:8], target=Y[:8]),
            lambda: p.feed("x", X[:8].copy()),
            lambda: p.feed_rows("x", X, np.arange(8)),
            lambda: p.forward(8),
            lambda: p.train(l, "x", "target"),
            lambda: p.evaluate(l, "x", "target", "linear2"),
            lambda: (p.values(), p.terms(), p.metrics(), p.metrics(True), p.warnings()),
            lambda: (p.read("relu1"), p.dead_units("relu1"), p.account("relu1:l1"), p.objective),
            lambda: p.step(x=X[:3], target=Y[:8]),
            lambda: p.set_lambda("nothing", 1),
            lambda: l.seek(0, 2),
            lambda: (g.text("model"), g.compile(batch=2)),
            p.unfeed,
        ]

        def use(seed):
            rng = np.random.default_rng(seed)
            for k in rng.integers(len(calls), size=3000):
                try:
                    calls[k]()
                except (RuntimeError, ValueError):
                    pass

        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-6)
        self.assertEqual(together(*(lambda s=s: use(s) for s in range(4))), [None] * 4)
        p.unfeed()
        p.step(x=X[:8], target=Y[:8])


class Ranks(unittest.TestCase):
    def test_two_ranks_are_one_with_all_rows(self):
        sums = Sum(2)

        def rank(r):
            p = plan(4, ranks=_core.Ranks(r, 2, sums.of(r)), ledger=2)
            for i in range(8):
                k = slice(8 * i + 4 * r, 8 * i + 4 * r + 4)
                p.step(x=X[k], target=Y[k])
            p.evaluate_begin("target", "linear2")
            p.evaluate_batch(x=X[4 * r : 4 * r + 4], target=Y[4 * r : 4 * r + 4])
            return p.read("linear1.weight"), p.ledger_total(), p.evaluate_end()

        one, two = together(lambda: rank(0), lambda: rank(1))
        np.testing.assert_array_equal(one[0], two[0])
        self.assertEqual(str(one[1:]), str(two[1:]))  # a NaN is not equal to itself
        self.assertEqual(sums.types, {"f", "d"})
        p = plan(ledger=2)
        for i in range(8):
            p.step(x=X[8 * i : 8 * i + 8], target=Y[8 * i : 8 * i + 8])
        np.testing.assert_allclose(one[0], p.read("linear1.weight"), rtol=1e-5, atol=1e-6)
        self.assertAlmostEqual(one[1].objective, p.ledger_total().objective, 6)
        self.assertEqual(one[2].rows, 8)

    def test_what_a_sum_raises_the_call_raises(self):
        for error in (ValueError("lost"), KeyboardInterrupt()):
            sums = Sum(2)

            def rank(r):
                p = plan(4, ranks=_core.Ranks(r, 2, sums.of(r, error if r else None)))
                before = p.read("linear1.weight")
                try:
                    p.step(x=X[:4], target=Y[:4])
                finally:
                    np.testing.assert_array_equal(before, p.read("linear1.weight"))

            one, two = together(lambda: rank(0), lambda: rank(1))
            self.assertIs(two, error)
            self.assertIsInstance(one, _core.RunError)
            self.assertIn("rank 1", str(one))

    def test_a_sum_may_keep_the_numbers(self):
        sums, kept = Sum(2), []

        def rank(r):
            p = plan(ranks=_core.Ranks(r, 2, lambda numbers: (sums.of(r)(numbers), kept.append(numbers))))
            p.step(x=X[:8], target=Y[:8])

        self.assertEqual(together(lambda: rank(0), lambda: rank(1)), [None, None])
        self.assertTrue(all(len(bytes(v)) == v.nbytes for v in kept))

    def test_mistakes(self):
        for arguments in ((2, 2, print), (-1, 2, print), (0, 0, print)):
            with self.assertRaises(ValueError):
                _core.Ranks(*arguments)
        with self.assertRaises(TypeError):
            _core.Ranks(0, 2, 3)
        with self.assertRaises(TypeError):
            plan(ranks=(0, 2, print))


if __name__ == "__main__":
    unittest.main()
