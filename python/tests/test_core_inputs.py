"""What the extension is given: names, paths, sizes, numbers and arrays of all kinds, also wrong ones."""

import array
import copy
import os
import pathlib
import pickle
import tempfile
import unittest

try:
    import numpy as np
except ImportError as missing:
    raise unittest.SkipTest(str(missing)) from missing

from core_network import X, Y, graph, loader, plan
from tacetnn import _core

HUGE = (2**31, 2**63 - 1, 2**63, 2**64, 10**30)


class Arrays(unittest.TestCase):
    def objective(self, x, y):
        p = plan()
        p.step(x=x, target=y)
        return p.objective

    def test_all_types_that_hold_the_same_numbers(self):
        whole = np.arange(32).reshape(8, 4) % 5
        want = self.objective(whole.astype(np.float32), Y[:8])
        for kind in (np.float64, np.uint8, np.int32, np.int64, np.longlong, np.intc):
            self.assertEqual(self.objective(whole.astype(kind), Y[:8]), want)
        for kind in (np.uint8, np.int32, np.int64, np.bool_):
            self.assertEqual(self.objective(whole.astype(np.float32), Y[:8].astype(kind)), want)

    def test_truths_are_not_pixels(self):
        with self.assertRaisesRegex(TypeError, "not bool"):
            _core.Data.arrays(X > 0, Y, labels=True)
        self.assertEqual(_core.Data.arrays(X, Y > 0, labels=True).info.classes, 2)

    def test_anything_with_a_buffer(self):
        want = self.objective(X[:8], Y[:8])
        rows = array.array("f", X[:8].tobytes())
        view = memoryview(rows).cast("B").cast("f", (8, 4))
        self.assertEqual(self.objective(view, array.array("q", Y[:8].tobytes())), want)
        self.assertEqual(self.objective(X[:8], bytes(Y[:8].astype(np.uint8))), want)
        readonly = X[:8].copy()
        readonly.flags.writeable = False
        self.assertEqual(self.objective(readonly, Y[:8]), want)

    def test_what_is_not_numbers_in_a_row(self):
        misaligned = np.frombuffer(b"\0" + X[:8].tobytes(), np.uint8)[1:].view(np.float32).reshape(8, 4)
        for bad, kind in (
            (X[:16:2], ValueError),
            (X[:8][::-1], ValueError),
            (np.asfortranarray(X[:8]), ValueError),
            (X[:8].astype(np.float16), TypeError),
            (X[:8].astype(">f4"), TypeError),
            (X[:8].astype(complex), TypeError),
            (np.zeros((8, 4), "U3"), (TypeError, ValueError)),
            (np.zeros((8, 4), object), (TypeError, ValueError)),
            (np.zeros((8, 4), [("a", "f4")]), TypeError),
            (np.zeros((8, 4), "M8[s]"), (TypeError, ValueError)),
            (misaligned, TypeError),
            (X[:8].tolist(), TypeError),
            (None, TypeError),
            (3.0, TypeError),
        ):
            with self.assertRaises(kind) as caught:
                self.objective(bad, Y[:8])
            self.assertNotIsInstance(caught.exception, SystemError)

    def test_the_message_names_the_input(self):
        for bad in (X[:16:2], X[:8].tolist(), X[:8].astype(np.float16), X[:8, :3].copy()):
            with self.assertRaisesRegex((TypeError, ValueError), "^x should"):
                self.objective(bad, Y[:8])

    def test_the_message_has_both_shapes(self):
        with self.assertRaisesRegex(ValueError, r"target should have the shape \(rows,\), not \(8, 2\)"):
            self.objective(X[:8], np.zeros((8, 2), np.int64))
        with self.assertRaisesRegex(ValueError, r"x should have the shape \(rows, 4\), not \(8,\)"):
            self.objective(X[:8, 0].copy(), Y[:8])

    def test_shapes(self):
        g = _core.Graph()
        g.loss("mse", g.chain(g.input("x", (2, 2)), "linear 1"), g.input("t", (2, 1)))
        p = g.compile(batch=8, optimizer="sgd lr=0.1")
        x, t = X[:8].reshape(8, 2, 2), X[:8, :2].copy()
        for a, b in ((x, t), (X[:8], t.reshape(8, 2, 1)), (x[:1], t[:1])):
            p.step(x=a, t=b)
        for a, b in ((x[0], t), (x, t[:, :1]), (x.reshape(2, 8, 2), t), (np.float32(1), t), (x[:0], t[:0]), (x, t[:7])):
            with self.assertRaises((ValueError, TypeError, _core.RunError)):
                p.step(x=a, t=np.ascontiguousarray(b))

    def test_one_number_in_a_row(self):
        g = _core.Graph()
        g.loss("mse", g.chain(g.input("x", 1), "linear 1"), g.input("t", 1))
        p = g.compile(batch=8, optimizer="sgd lr=0.1")
        p.step(x=X[:8, 0].copy(), t=X[:8, 1].copy())
        self.assertEqual(p.steps, 1)

    def test_rows_by_their_numbers(self):
        p, q = plan(), plan()
        index = np.array([5, 1, 63, 0, 5, 7, 9, 11])
        p.feed_rows("x", X, index)
        p.feed_rows("target", Y, index)
        p.step()
        q.step(x=X[index], target=Y[index])
        self.assertEqual(p.objective, q.objective)
        p.feed_rows("x", X.astype(np.uint8), index, scale=np.array([0.5]), shift=np.array([1.0]))
        p.forward()
        for index, kind in (([64], IndexError), ([-1], IndexError), ([1.0], TypeError), ([[1]], None)):
            if kind:
                with self.assertRaises(kind):
                    p.feed_rows("x", X, np.array(index))
        for scaling in ([1.0, 2.0, 3.0], [], np.ones(4, np.float32)):
            with self.assertRaises((TypeError, _core.RunError)):
                p.feed_rows("x", X, scale=np.array(scaling), shift=np.array(scaling))
        with self.assertRaises(TypeError):
            p.feed_rows("x", X, scale=np.ones(1))

    def test_labels_out_of_range(self):
        for y in (Y[:8] + 1, -Y[:8], Y[:8] + 2**40):
            with self.assertRaisesRegex(_core.RunError, "class index"):
                self.objective(X[:8], y)

    def test_numbers_that_are_not_finite(self):
        p = plan()
        before = p.read("linear1.weight")
        with self.assertRaises(ArithmeticError):
            p.step(x=X[:8] * np.float32("inf"), target=Y[:8])
        np.testing.assert_array_equal(p.read("linear1.weight"), before)

    def test_writing(self):
        p = plan()
        p.write("linear1.bias", np.arange(8, dtype=np.float32))
        np.testing.assert_array_equal(p.read("linear1.bias"), np.arange(8))
        for bad in (np.zeros(7, np.float32), np.zeros(8), [0.0] * 8, np.zeros(16, np.float32)[::2]):
            with self.assertRaises((TypeError, ValueError, _core.RunError)):
                p.write("linear1.bias", bad)

    def test_restoring_targets(self):
        t = X[:, :2].astype(np.float64) * 3 + 1
        d = _core.Data.arrays(X, t, options="normalize_target=true")
        y = np.zeros((5, 2), np.float32)
        d.restore(y)
        np.testing.assert_allclose(y[0], t.mean(0), rtol=1e-5)
        frozen = y.copy()
        frozen.flags.writeable = False
        for bad in (y[:, :1].copy(), frozen, y.T, y.astype(float)):
            with self.assertRaises((TypeError, ValueError)):
                d.restore(bad)


class Numbers(unittest.TestCase):
    def test_sizes(self):
        for n in (0, -1, *HUGE):
            for make in (
                lambda: graph().compile(batch=n),
                lambda: graph().compile(threads=n),
                lambda: _core.Pool(n),
                lambda: _core.Graph().input("x", (n, n)),
            ):
                with self.assertRaises((ValueError, OverflowError, MemoryError, RuntimeError)):
                    make()
        for n in (0, -1, 2**63):
            with self.assertRaises((ValueError, OverflowError)):
                loader(n)

    def test_a_batch_larger_than_the_data(self):
        self.assertEqual(loader(2**62).batches, 1)

    def test_rows(self):
        p = plan()
        for rows in (0, 9, -1, -2, *HUGE):
            with self.assertRaises((ValueError, OverflowError, _core.RunError)):
                p.step(rows, x=X[:8], target=Y[:8])
        with self.assertRaisesRegex(ValueError, "nothing was fed"):
            p.step()
        with self.assertRaises(TypeError):
            p.step(8.0, x=X, target=Y)
        with self.assertRaises(TypeError):
            p.step(8, 8)
        p.step(4, x=X[:8], target=Y[:8])
        self.assertEqual(p.rows, 4)

    def test_whole_numbers_of_numpy(self):
        g = _core.Graph()
        g.input("x", np.int64(4))
        g.input("y", np.array([2, 3]))
        self.assertEqual(graph().compile(batch=np.int32(8), seed=np.uint64(2**64 - 1)).steps, 0)
        with self.assertRaises(TypeError):
            g.input("z", 4.0)
        with self.assertRaises(TypeError):
            g.input("z", (4, 2.5))
        with self.assertRaises(ValueError):
            g.input("z", (1,) * 9)

    def test_seeds(self):
        for seed in (-1, 2**64):
            for make in (lambda: plan(seed=seed), lambda: loader(seed=seed)):
                with self.assertRaises(OverflowError):
                    make()

    def test_indices(self):
        p, l = plan(), loader()
        other = _core.Graph()
        last = other.chain(other.input("x", 3), "relu | relu | relu | relu | relu | relu | relu | relu | relu | relu")
        for i in (-1, 2, *HUGE):
            for call in (p.account, p.term_firing, p.term_on, p.depends_on_length, p.lambda_max):
                with self.assertRaises((IndexError, OverflowError)):
                    call(i)
            with self.assertRaises((IndexError, OverflowError)):
                _core.attributes(i if i != 2 else 10**6)
        for call in (p.firing, p.dead_units, p.value_inputs):
            with self.assertRaises(IndexError):
                call(last)
            with self.assertRaises(IndexError):
                call(None)
        with self.assertRaises(_core.DescriptionError):
            graph().chain(last, "relu")
        for call in (
            lambda: p.feed(last, X),
            lambda: p.train(l, last, "target"),
            lambda: p.evaluate(l, "x", last, "linear2"),
            lambda: p.evaluate(l, last, "target", "linear2"),
        ):
            with self.assertRaises((ValueError, _core.RunError)):
                call()
        l.seek(-5, 10**12)
        self.assertEqual(l.tell(), (0, 8))
        self.assertIsNone(_core.Data.arrays(X).id(-1))
        self.assertIsNone(graph().parameter("linear1", -1))
        self.assertIsNone(graph().parameter("linear1", 2))

    def test_a_value_that_is_not_an_input(self):
        p = plan()
        for name in ("relu1", "linear1.weight", None):
            with self.assertRaises((ValueError, _core.RunError)):
                p.feed(name, X)
        with self.assertRaises(KeyError):
            p.feed("nothing", X)


class Texts(unittest.TestCase):
    def test_names_with_a_nul_or_a_surrogate(self):
        p = plan()
        for text in ("a\0b", "\ud800"):
            for call in (
                lambda: _core.Graph().input(text, 3),
                lambda: _core.Graph().labels(text),
                lambda: graph().chain("x", text),
                lambda: graph().penalize(text, "l1 1"),
                lambda: graph().find(text),
                lambda: graph().compile(optimizer=text),
                lambda: p.read(text),
                lambda: p.feed(text, X),
                lambda: p.account(text),
                lambda: p.set_lambda(text, 1),
                lambda: p.step(**{text: X}),
                lambda: p.save("\0"),
                lambda: _core.spec_find("penalty", text, "lambda"),
                lambda: _core.Data.open("csv \0"),
                lambda: _core.File("\0"),
            ):
                with self.assertRaises((ValueError, KeyError, _core.Error)) as caught:
                    call()
                self.assertNotIsInstance(caught.exception, SystemError)

    def test_paths(self):
        with tempfile.TemporaryDirectory() as folder:
            p = plan()
            strange = os.fsencode(folder) + b"/m\xff\xc3\xa4"
            for path in (folder + "/a", pathlib.Path(folder, "ü"), os.fsencode(folder) + b"/c", strange,
                         os.fsdecode(strange)):
                p.save(path, {"ä": "ö\udcff"})
                self.assertTrue(os.path.exists(path))
                f = _core.File(path)
                self.assertEqual(f.load(p), 4)
                self.assertEqual(f.note("ä")[0], "ö")
                p.checkpoint(path)
                p.resume(_core.File(path))
            for bad in (3, None, [], object()):
                with self.assertRaises(TypeError):
                    p.save(bad)
                with self.assertRaises(TypeError):
                    _core.File(bad)
            with self.assertRaisesRegex(OSError, "cannot open"):
                _core.File(os.fsdecode(strange) + "2")

    def test_notes(self):
        with tempfile.TemporaryDirectory() as folder:
            p = plan()
            for notes in ({"a": 3}, {3: "a"}, {"a": None}, [("a", "b")], 3, {"a": "\0"}):
                with self.assertRaises((TypeError, ValueError, AttributeError)):
                    p.save(folder + "/m", notes)
            with self.assertRaises(_core.Error):
                p.save(folder + "/m", {"tacet.reserved": "a"})
            self.assertEqual(os.listdir(folder), [])
            many = {f"key {i}": "text" * i for i in range(1000)}
            p.save(folder + "/m", many)
            f = _core.File(folder + "/m")
            self.assertEqual({key: f.note(key) for key in many}, many)
            self.assertIsNone(f.note("nothing"))

    def test_sources(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "t.csv")
            path.write_text("id,a,b,y\nr0,1,2,0\nr1,3,4,1\n")
            d = _core.Data.open(f"csv {path} label=y id=id")
            self.assertEqual((d.info.rows, d.info.classes, d.id(1), d.id(2)), (2, 2, "r1", None))
            path.write_text("b,a,id\n4,3,r9\n")
            other = _core.Data.open_as(f"csv {path} id=id", d.schema, answers=False)
            self.assertEqual((other.info.rows, other.id(0)), (1, "r9"))
            with self.assertRaises(_core.DescriptionError):
                _core.Data.open(f"csv {path}", "nothing")

    def test_mistakes_have_their_place(self):
        with self.assertRaises(_core.DescriptionError) as caught:
            graph().penalize("relu1", "l1 1e-3 redcue=sum")
        e = caught.exception
        self.assertEqual(e.source[e.column : e.column + e.width], "redcue")
        self.assertIn("reduce", e.hint)
        self.assertIn("^~~~~~", str(e))


class Objects(unittest.TestCase):
    def test_they_are_made_only_as_described(self):
        p = plan()
        for o in (p, loader(), _core.Data.arrays(X), p.terms()[0], _core.Graph().labels("y"), _core.Pool(1)):
            made = type(o)
            if not isinstance(o, tuple):
                for call in (copy.copy, copy.deepcopy, pickle.dumps):
                    with self.assertRaises(TypeError):
                        call(o)
                with self.assertRaises(TypeError):
                    object.__new__(made)
            with self.assertRaises(TypeError):
                made()
            with self.assertRaises(TypeError):
                type("Sub", (made,), {})
        entry = _core.entries()[0]
        self.assertEqual(pickle.loads(pickle.dumps(entry)), entry)


class Catalogue(unittest.TestCase):
    def test_every_entry_has_its_attributes(self):
        entries = _core.entries()
        self.assertIn(("penalty", "l1"), [(e.role, e.name) for e in entries])
        for i, e in enumerate(entries):
            own = [a for a in _core.attributes(i) if not a.common]
            self.assertGreaterEqual(len(own), 0)
            self.assertEqual(len(_core.attributes(i)), e.attributes)

    def test_descriptions(self):
        value, where = _core.spec_find("penalty", "l1 1e-4 reduce=sum", "lambda")
        self.assertEqual((value, where.given, where.column, where.width), ("1e-4", True, 3, 4))
        self.assertEqual(_core.spec_set("penalty", "l1 1e-4", "reduce", "sum"), "l1 1e-4 reduce=sum")
        self.assertEqual(_core.spec_number("int", "1e3"), (1000.0, 1000))
        self.assertIsNone(_core.spec_number("float", "nan"))
        for role, text, key in (("penalty", "l9", "lambda"), ("penalty", "l1", "nothing"), ("nothing", "l1", "lambda")):
            with self.assertRaises(ValueError):
                _core.spec_find(role, text, key)


if __name__ == "__main__":
    unittest.main()
