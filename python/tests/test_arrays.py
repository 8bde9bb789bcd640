"""Arrays of other packages: what is taken, without a copy or with one, and what is refused."""

import array
import unittest

try:
    import numpy as np
except ImportError as missing:
    raise unittest.SkipTest(f"{missing}")

import tacetnn as tn
from tacetnn.arrays import as_array, labels, numbers


def optional(name):
    try:
        return __import__(name)
    except ImportError:
        return None


def with_numpy(package):
    """PyTorch, unless it was built for another NumPy."""
    try:
        return package and package.zeros(1).numpy() is not None and package
    except RuntimeError:
        return None


torch, pandas, scipy = with_numpy(optional("torch")), optional("pandas"), optional("scipy.sparse")
NUMBERS = np.arange(12).reshape(3, 4)
TAKEN = "f4", "f8", "u1", "i4", "i8"


class Taken(unittest.TestCase):
    def test_types_that_the_library_takes_are_not_copied(self):
        for kind in TAKEN:
            a = NUMBERS.astype(kind)
            a.setflags(write=False)
            self.assertTrue(np.shares_memory(numbers(a, "x"), a), kind)
            self.assertIs(numbers(a, "x").dtype, a.dtype)

    def test_other_types_and_orders(self):
        others = [NUMBERS.astype(k) for k in ("f2", "i1", "i2", "u2", "u4", "u8", ">f4", ">f8", ">i4", ">i2", "O", "g")]
        others += [np.asfortranarray(NUMBERS.astype("f4")), NUMBERS.T.copy().T, NUMBERS[:, ::-1].copy()[:, ::-1],
                   np.broadcast_to(np.float32(1), (3, 4)) * NUMBERS, NUMBERS.tolist(), tuple(map(tuple, NUMBERS)),
                   [array.array("d", row) for row in NUMBERS.tolist()], memoryview(NUMBERS.astype("f4")), 
                   np.ma.array(NUMBERS), list(NUMBERS), NUMBERS.astype("f4").view(np.memmap)]
        unaligned = np.frombuffer(b"\0" + NUMBERS.astype("f4").tobytes(), np.uint8)[1:].view("f4").reshape(3, 4)
        for x in [*others, unaligned]:
            with self.subTest(type(x), dtype=getattr(x, "dtype", None)):
                a = numbers(x, "x")
                self.assertIn(a.dtype.str[1:], TAKEN)
                self.assertTrue(a.flags.c_contiguous and a.flags.aligned and a.dtype.isnative)
                np.testing.assert_array_equal(a, NUMBERS)

    def test_wide_numbers_keep_their_digits(self):
        self.assertEqual(numbers(np.array([1 + 1e-9], ">f8"), "x")[0], 1 + 1e-9)
        self.assertEqual(numbers(np.array([2**31], "u4"), "x")[0], 2**31)
        self.assertEqual(numbers(np.array([-128], "i1"), "x")[0], -128)

    def test_empty_arrays(self):
        self.assertEqual(numbers(np.empty((0, 4)), "x").shape, (0, 4))
        self.assertEqual(labels([], "y").shape, (0,))

    def test_labels(self):
        for y in [0, 1, 2], [0.0, 1.0, 2.0], *(np.array([0, 1, 2], kind) for kind in ("u8", "i1", "O", ">i8")):
            np.testing.assert_array_equal(labels(y, "y"), [0, 1, 2])
            self.assertIn(labels(y, "y").dtype.str[1:], ("u1", "i4", "i8"))
        np.testing.assert_array_equal(labels([True, False], "y"), [1, 0])

    def test_rows_of_yes_and_no_are_not_scaled(self):
        net = tn.Network("linear 2", input=4, loss="cross_entropy", optimizer="sgd lr=0.1")
        net.fit(NUMBERS > 3, [0, 1, 1], epochs=1, progress=False)
        np.testing.assert_array_equal(net["x"], NUMBERS > 3)


class Refused(unittest.TestCase):
    def refused(self, error, text, x, call=numbers):
        with self.assertRaisesRegex(error, text):
            call(x, "x")

    def test_what_is_not_numbers(self):
        for text, x in {"not complex numbers": NUMBERS + 1j, "not text": [["a", "b"]],
                        "not dates": np.array(["2020-01-01"], "M8[D]"),
                        "not records": np.zeros(3, [("a", "f4")]), "it holds 'a'": np.array([[1, "a"]], object),
                        "it holds None": [[1, None]], "not str": "text", "not bytes": b"text", "not dict": {"a": 1},
                        "not generator": (i for i in range(3)), "missing": None, "not function": lambda: 0}.items():
            with self.subTest(text):
                self.refused(TypeError, text, x)

    def test_what_is_not_there(self):
        self.refused(ValueError, r"masked values: fill them first, x.filled\(0\)", np.ma.array([1, 2], mask=[0, 1]))
        self.refused(ValueError, "rows have different lengths", [[1, 2], [3]])

    def test_what_is_not_classes(self):
        self.refused(TypeError, "it holds 0.5", [0.5, 1], labels)
        self.refused(TypeError, "it holds nan", [np.nan, 1], labels)
        self.refused(ValueError, "it holds -1", [-1, 1], labels)
        self.refused(TypeError, r"classes, x = numpy.unique\(x, return_inverse=True\)", ["a", "b"], labels)


@unittest.skipUnless(torch, "PyTorch is not installed")
class Tensors(unittest.TestCase):
    def test_tensors(self):
        t = torch.tensor(NUMBERS, dtype=torch.float32)
        self.assertEqual(numbers(t, "x").ctypes.data, t.data_ptr())
        self.assertEqual(numbers(t.clone().requires_grad_(), "x").shape, (3, 4))
        for x in (t.half(), t.bfloat16(), t.char(), t.short(), t.long(), t.t().contiguous().t(), torch.nn.Parameter(t),
                  torch.conj(t.to(torch.complex64)).real, list(t)):
            np.testing.assert_array_equal(numbers(x, "x"), NUMBERS)
        np.testing.assert_array_equal(labels(torch.tensor([0, 2, 1]), "y"), [0, 2, 1])

    def test_refused(self):
        with self.assertRaisesRegex(TypeError, "on the device meta"):
            numbers(torch.zeros(3, device="meta"), "x")
        with self.assertRaisesRegex(TypeError, r"x.to_dense\(\)"):
            numbers(torch.eye(3).to_sparse(), "x")
        with self.assertRaisesRegex(TypeError, "complex"):
            numbers(torch.zeros(3, dtype=torch.complex64), "x")

    def test_a_state_dict_of_pytorch(self):
        module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3), torch.nn.ReLU()).eval()
        net = tn.Network("linear 3 name=0 | batch_norm name=1 | relu name=2", input=4)
        net.load_state_dict(module.state_dict())
        x = torch.randn(5, 4)
        np.testing.assert_allclose(net.predict(x), module(x).detach(), rtol=1e-5, atol=1e-6)


@unittest.skipUnless(pandas, "pandas is not installed")
class Frames(unittest.TestCase):
    def test_frames(self):
        frame = pandas.DataFrame(NUMBERS.astype("f4"), columns=list("abcd"))
        np.testing.assert_array_equal(numbers(frame, "x"), NUMBERS)
        frame["a"] = frame["a"].astype("Int64")
        frame["b"] = frame["b"].astype(object)
        frame["d"] = frame["d"] > 3
        np.testing.assert_array_equal(numbers(frame, "x"), np.column_stack([NUMBERS[:, :3], NUMBERS[:, 3] > 3]))
        np.testing.assert_array_equal(labels(frame["a"], "y"), NUMBERS[:, 0])
        np.testing.assert_array_equal(labels(frame["d"].astype("boolean"), "y"), NUMBERS[:, 3] > 3)

    def test_columns_that_are_refused_are_named(self):
        frame = pandas.DataFrame({"age": [1.5, 2.5], "city": ["a", "b"]})
        with self.assertRaisesRegex(TypeError, "the column 'city' of x "):
            numbers(frame, "x")
        with self.assertRaisesRegex(TypeError, "the column 'city' of x holds category"):
            numbers(frame.astype({"city": "category"}), "x")
        with self.assertRaisesRegex(ValueError, "the column 'age' of x has missing values"):
            numbers(pandas.DataFrame({"age": pandas.array([1, None], "Int64")}), "x")
        with self.assertRaisesRegex(ValueError, "the column 'age' of x has missing values"):
            numbers(pandas.DataFrame({"age": [1, np.nan]}), "x")
        for kind in "category", "object", "string":
            with self.assertRaisesRegex(TypeError, r"numpy.unique\(y, return_inverse=True\)"):
                labels(frame["city"].astype(kind), "y")
        with self.assertRaisesRegex(TypeError, "'when'"):
            numbers(pandas.Series(pandas.to_datetime(["2020-01-01"]), name="when"), "x")


@unittest.skipUnless(scipy, "SciPy is not installed")
class Sparse(unittest.TestCase):
    def test_sparse_matrices_are_refused(self):
        import scipy.sparse

        with self.assertRaisesRegex(TypeError, r"x.toarray\(\)"):
            as_array(scipy.sparse.csr_matrix(NUMBERS), "x")


if __name__ == "__main__":
    unittest.main()
