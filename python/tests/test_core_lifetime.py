"""Arrays are borrowed as long as they are read and no longer; objects may go in any order; nothing leaks."""

import contextlib
import ctypes
import gc
import os
import sys
import tempfile
import unittest
import weakref

try:
    import numpy as np
except ImportError as missing:
    raise unittest.SkipTest(str(missing)) from missing

try:
    import _testcapi
except ImportError:
    _testcapi = None

from core_network import X, Y, graph, loader, plan
from tacetnn import _core


class Array(np.ndarray):
    """An array that can be watched, and that can hold other objects."""


def watched(a):
    copy = a.copy().view(Array)
    return copy, weakref.ref(copy)


class View(ctypes.Structure):
    """Py_buffer."""

    _fields_ = [("buf", ctypes.c_void_p), ("obj", ctypes.c_void_p), ("len", ctypes.c_ssize_t),
                ("itemsize", ctypes.c_ssize_t), ("readonly", ctypes.c_int), ("ndim", ctypes.c_int),
                ("format", ctypes.c_char_p), ("shape", ctypes.POINTER(ctypes.c_ssize_t)),
                ("strides", ctypes.POINTER(ctypes.c_ssize_t))]


class Spec(ctypes.Structure):
    """PyType_Spec."""

    _fields_ = [("name", ctypes.c_char_p), ("basicsize", ctypes.c_int), ("itemsize", ctypes.c_int),
                ("flags", ctypes.c_uint), ("slots", ctypes.c_void_p)]


class Slot(ctypes.Structure):
    """PyType_Slot."""

    _fields_ = [("slot", ctypes.c_int), ("function", ctypes.c_void_p)]


def bytes_that_look(seen):
    """A type of 8 bytes whose shape is in the view, where PyBuffer_FillInfo puts it, and is read at the release."""
    function = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(View), ctypes.c_int)
    room = ctypes.create_string_buffer(8)

    def get(self, view, flags):
        return ctypes.pythonapi.PyBuffer_FillInfo(view, ctypes.c_void_p(self), room, ctypes.c_ssize_t(8), 0, flags)

    def release(self, view, unused):
        seen.append((view.contents.shape[0], view.contents.strides[0]))
        return 0

    kept = [function(get), function(release), room]
    slots = (Slot * 3)(*[Slot(i + 1, ctypes.cast(kept[i], ctypes.c_void_p)) for i in (0, 1)])
    make = ctypes.pythonapi.PyType_FromSpec
    make.restype = ctypes.py_object
    return make(ctypes.byref(Spec(b"tests.Looks", object.__basicsize__, 0, 0, ctypes.addressof(slots)))), kept


class Borrowed(unittest.TestCase):
    def test_an_array_lives_until_the_call_that_reads_it_has_ended(self):
        p = plan()
        x, gone = watched(X[:8])
        p.feed("x", x)
        del x
        self.assertIsNotNone(gone())
        p.step(target=Y[:8])
        self.assertIsNone(gone())

    def test_a_call_that_fails_lets_go_of_it_and_reads_it_no_more(self):
        p = plan()
        for call in (lambda: p.step(9), lambda: p.step(8), lambda: p.step(target=Y[:4]), lambda: p.lambda_max(0, 8)):
            x, gone = watched(X[:8])
            p.feed("x", x)
            del x
            with self.assertRaises(Exception):
                call()
            self.assertIsNone(gone())
            with self.assertRaisesRegex(_core.RunError, "x was not fed"):
                p.step(8, target=Y[:8])

    def test_what_goes_cannot_feed_the_plan(self):
        """The library would read an array that the plan then lets go of."""
        p = plan()
        refused = []

        class Feeds(np.ndarray):
            def __del__(self):
                try:
                    p.feed("target", Y[:8])
                except RuntimeError as e:
                    refused.append(str(e))


        def train():
            p.train(loader(), "x", "target")

        for call in [lambda: p.step(target=Y[:8]), lambda: p.step(9), p.unfeed, train]:
            x = X[:8].copy().view(Feeds)
            p.feed("x", x)
            del x
            with contextlib.suppress(Exception):
                call()
            self.assertRegex(refused.pop(), "in use")
            with self.assertRaisesRegex(_core.RunError, "target was not fed"):
                p.step(8, x=X[:8])

    def test_a_view_is_given_back_as_it_was_got(self):
        """Its shape may be a part of it, which has moved with it."""
        seen = []
        looks, kept = bytes_that_look(seen)
        p = plan()
        for _ in range(2):
            p.feed("target", looks())
        p.unfeed()
        del p
        _core.Data.arrays(looks(), looks(), labels=True)
        self.assertEqual(seen, [(8, 1)] * 4)
        del kept

    def test_a_feed_that_is_refused_leaves_the_one_before(self):
        p = plan()
        x, gone = watched(X[:8])
        p.feed("x", x)
        for bad in (X.T, [1.0], X[:8, :3].copy(), X.astype(np.float16), np.zeros(())):
            with self.assertRaises((TypeError, ValueError)):
                p.feed("x", bad)
        with self.assertRaises(IndexError):
            p.feed_rows("x", X, np.array([64]))
        del x
        self.assertIsNotNone(gone())
        p.step(target=Y[:8])
        want = plan()
        want.step(x=X[:8], target=Y[:8])
        self.assertEqual(p.objective, want.objective)

    def test_training_on_a_loader_forgets_what_was_fed(self):
        p, l = plan(), loader()
        x, gone = watched(X[:8])
        p.feed("x", x)
        del x
        self.assertEqual(p.train(l, "x", "target"), (8, True))
        self.assertIsNone(gone())
        with self.assertRaisesRegex(_core.RunError, "target was not fed"):
            p.train(l, "x", None)
        del l
        with self.assertRaisesRegex(_core.RunError, "x was not fed"):
            p.forward(8)

    def test_data_live_as_long_as_they_are_used(self):
        x, gone = watched(X)
        d = _core.Data.arrays(x, Y, labels=True)
        held = d.hold_out(0.25)
        l = _core.Loader(held, 4)
        del x, d, held
        p = plan()
        self.assertEqual(p.train(l, "x", "target"), (4, True))
        self.assertIsNotNone(gone())
        del l
        self.assertIsNone(gone())

    def test_data_that_are_refused_are_not_kept(self):
        x, gone = watched(X)
        for y, labels in ((Y[:3], True), (Y - 5, True), ([1], True), (Y.astype("f"), True)):
            with self.assertRaises(Exception):
                _core.Data.arrays(x, y, labels=labels)
        del x
        self.assertIsNone(gone())

    def test_what_was_read_is_a_copy(self):
        p = plan()
        p.step(x=X[:8], target=Y[:8])
        w = p.read("linear1.weight")
        before = w.copy()
        p.step(x=X[8:16], target=Y[8:16])
        np.testing.assert_array_equal(w, before)
        w[:] = 0
        self.assertTrue(p.read("linear1.weight").any())


class Cycles(unittest.TestCase):
    """An object of the extension holds an array or a function that holds the object."""

    def collected(self, make):
        gone = make()
        self.assertIsNotNone(gone())
        gc.collect()
        self.assertIsNone(gone())

    def test_a_plan(self):
        def make():
            x, gone = watched(X[:8])
            x.plan = plan()
            x.plan.feed("x", x)
            return gone

        self.collected(make)

    def test_data_and_a_loader(self):
        def make():
            x, gone = watched(X)
            x.rows = _core.Data.arrays(x, Y, labels=True)
            x.loader = _core.Loader(x.rows.hold_out(0.5), 8)
            return gone

        self.collected(make)

    def test_ranks(self):
        def make():
            def sum(numbers):
                return keep

            keep = plan(ranks=_core.Ranks(0, 2, sum))
            return weakref.ref(sum)

        self.collected(make)


class Order(unittest.TestCase):
    def test_objects_go_in_any_order(self):
        for order in range(24):
            pool = _core.Pool(2)
            g = graph()
            objects = [pool, g, g.compile(batch=8, optimizer="sgd lr=0.1", pool=pool), loader()]
            objects[2].train(objects[3], "x", "target", 2)
            del pool, g
            while objects:
                objects.pop(order % len(objects))
                order //= 2

    def test_a_plan_needs_neither_its_graph_nor_its_pool(self):
        p = graph().compile(batch=8, optimizer="sgd lr=0.1", pool=_core.Pool(2))
        gc.collect()
        p.step(x=X[:8], target=Y[:8])
        self.assertEqual(p.steps, 1)

    def test_rows_are_held_out_before_loaders_are_made(self):
        d = _core.Data.arrays(X, Y, labels=True)
        l = _core.Loader(d, 8)
        with self.assertRaisesRegex(RuntimeError, "before loaders"):
            d.hold_out(0.5)
        del l
        self.assertEqual(d.hold_out(0.5).info.rows, 32)
        self.assertEqual(d.info.rows, 32)


def fit(folder):
    p = plan(metrics="f1", ledger=4)
    l = loader()
    p.train(l, "x", "target")
    p.evaluate(l, "x", "target", "linear2")
    p.values(), p.terms(), p.warnings(), p.metrics(), p.account(0), p.read("relu1"), p.dead_units("relu1"), p.explain()
    [p.record(what) for what in ("step", "epoch", "evaluation", "figures", "network", "metrics")]
    p.save(folder + "/model", {"output": "linear2"})
    p.checkpoint(folder + "/checkpoint", l)
    f = _core.File(folder + "/model")
    f.load(p), f.tensor(0), f.pruned(f.graph()), f.differences(p)
    p.resume(_core.File(folder + "/checkpoint"), l)
    _core.spec_find("penalty", "l1 1e-4", "lambda"), _core.entries()[0], _core.attributes(0)


def fail(folder):
    p = plan()
    bad = (
        lambda: p.step(x=X[:8], target=Y[:8] + 7),
        lambda: p.step(x=X[:8], nothing=X),
        lambda: p.feed_rows("x", X, np.array([0, 64])),
        lambda: p.feed_rows("x", X, scale=np.ones(3), shift=np.ones(3)),
        lambda: p.read("nothing"),
        lambda: p.set_lambda("nothing", 1),
        lambda: p.save(folder + "/nothing/model", {"a": 3}),
        lambda: p.save(folder + "/nothing/model", {"a": "b"}),
        lambda: p.step(x=X[:8] * np.float32("nan"), target=Y[:8]),
        lambda: graph().chain(None, "lineer 3"),
        lambda: graph().compile(optimizer="sgd lr=-1"),
        lambda: graph().compile(ranks=3),
        lambda: _core.Data.open("csv /nothing/here.csv"),
        lambda: _core.Data.open_as("csv /nothing/here.csv", "{"),
        lambda: _core.Data.arrays(X, Y - 3, labels=True),
        lambda: _core.Loader(_core.Data.arrays(X), 8, augment="flip"),
        lambda: _core.File(folder),
        lambda: _core.spec_set("penalty", "l1", "nothing", "3"),
    )
    for call in bad:
        try:
            call()
        except Exception:
            continue
        raise AssertionError("no exception")


def resident():
    gc.collect()
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


class Leaks(unittest.TestCase):
    @unittest.skipUnless(os.path.exists("/proc/self/statm"), "needs /proc")
    @unittest.skipIf(os.environ.get("TACET_SANITIZE"), "sanitizers keep memory that was freed")
    def test_memory_does_not_grow(self):
        rounds = int(os.environ.get("TACET_LEAK_ROUNDS", 300))
        with tempfile.TemporaryDirectory() as folder:
            for use in (fit, fail):
                for _ in range(100):
                    use(folder)
                before, blocks = resident(), sys.getallocatedblocks()
                for _ in range(rounds):
                    use(folder)
                # Python's small blocks are counted one by one; the rest is too small to see unless it is lost often.
                self.assertLess(sys.getallocatedblocks() - blocks, rounds / 2, f"{rounds} rounds of {use.__name__}")
                self.assertLess(resident() - before, 1 << 18, f"{rounds} rounds of {use.__name__}")

    @unittest.skipIf(_testcapi is None, "needs CPython's _testcapi")
    def test_any_allocation_may_fail(self):
        with tempfile.TemporaryDirectory() as folder:
            fit(folder)
            failed = 0
            for n in range(900):
                _testcapi.set_nomemory(n, n + 1)
                try:
                    fit(folder)
                except MemoryError:
                    failed += 1
                finally:
                    _testcapi.remove_mem_hooks()
            self.assertGreater(failed, 100)

    def test_references_are_given_back(self):
        """Of objects that all share, whose memory would not show a lost reference."""
        with tempfile.TemporaryDirectory() as folder:
            shared = [None, True, False, (), "x", "target", _core.Value, _core.Graph, _core.Plan, _core.Data,
                      _core.Loader]
            shared += [_core.Term, _core.ValueInfo, _core.File, _core.Pool, _core.Ranks, X, Y, np.float32, 0, 1]
            for use in (fit, fail):
                use(folder)
                before = [sys.getrefcount(o) for o in shared]
                for _ in range(50):
                    use(folder)
                for o, n in zip(shared, before):
                    self.assertLess(abs(sys.getrefcount(o) - n), 40, f"{o!r} after {use.__name__}")


if __name__ == "__main__":
    unittest.main()
