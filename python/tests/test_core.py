"""The extension: graphs, plans, arrays."""

import unittest

try:
    import numpy as np
except ImportError as missing:
    raise unittest.SkipTest(str(missing))

import tacetnn as tn


def small(**settings):
    g = tn.Graph()
    y = g.chain(g.input("x", 4), "linear 3 | relu | linear 2")
    g.loss("cross_entropy", y, g.labels("target"))
    g.keep("relu1")
    return g.compile(batch=8, optimizer="sgd lr=0.1", **settings)


class Steps(unittest.TestCase):
    def test_a_step_changes_parameters_and_can_be_read(self):
        p = small()
        x = np.linspace(-1, 1, 32, dtype=np.float32).reshape(8, 4)
        before = p.read("linear1.weight")
        p.step(x=x, target=np.arange(8) % 2)
        self.assertEqual(p.read("relu1").shape, (8, 3))
        self.assertFalse(np.array_equal(before, p.read("linear1.weight")))
        self.assertEqual(p.steps, 1)

    def test_a_mistake_has_its_place(self):
        g = tn.Graph()
        with self.assertRaises(tn.DescriptionError) as caught:
            g.chain(g.input("x", 4), "linear 3 | rellu")
        self.assertEqual(caught.exception.source[caught.exception.column :][:5], "rellu")
        self.assertIsInstance(caught.exception, ValueError)

    def test_a_wrong_shape_is_named(self):
        with self.assertRaisesRegex(ValueError, r"x should have the shape \(rows, 4\), not \(4, 8\)"):
            small().step(x=np.zeros((4, 8), np.float32), target=np.zeros(4, np.int64))


if __name__ == "__main__":
    unittest.main()
