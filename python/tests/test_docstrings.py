"""The examples in docstrings run, and every public name has a docstring."""

import doctest
import importlib
import inspect
import pkgutil
import unittest

try:
    import numpy  # noqa: F401
except ImportError as missing:
    raise unittest.SkipTest(f"{missing}")

import tacetnn as tn


def modules():
    for info in pkgutil.iter_modules(tn.__path__, "tacetnn."):
        if not info.name.endswith("__main__"):
            try:
                yield importlib.import_module(info.name)
            except ImportError as e:
                if (e.name or "").startswith("tacetnn"):
                    raise
                print(f"skipped: {info.name}: {e}")


class Examples(unittest.TestCase):
    def test_examples(self):
        tried = 0
        for module in modules():
            with self.subTest(module.__name__):
                found = doctest.testmod(module)
                self.assertEqual(found.failed, 0)
                tried += found.attempted
        self.assertGreater(tried, 10)

    def test_public_names_have_docstrings(self):
        for name in tn.__all__:
            thing = getattr(tn, name)
            with self.subTest(name):
                self.assertTrue(inspect.getdoc(thing))
            for method, value in vars(thing).items() if inspect.isclass(thing) else ():
                if not method.startswith("_") and callable(getattr(value, "__func__", value)):
                    with self.subTest(f"{name}.{method}"):
                        self.assertTrue(inspect.getdoc(value))


if __name__ == "__main__":
    unittest.main()
