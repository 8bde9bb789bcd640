"""Every block of docs/python.md runs as it stands, after the first one."""

import importlib.util
import os
import re
import tempfile
import unittest

try:
    import numpy
except ImportError as missing:
    raise unittest.SkipTest(str(missing))

PAGE = os.path.join(os.environ["TACET_SOURCE"], "docs", "python.md")
MOST = 10
"""Lines in an answer."""


def blocks():
    """(number of the first line, packages that it needs, code) of each block."""
    text = open(PAGE, encoding="utf-8").read()
    for block in re.finditer(r"^```python ?([^\n]*)\n(.*?)^```$", text, re.M | re.S):
        yield text[: block.start()].count("\n") + 2, block[1].split(), block[2]


class Answers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder.name)

    def execute(self, code, names):
        try:
            exec(code, names)
        except FileNotFoundError as missing:
            if missing.errno is None:  # the package was built without the program, which writes reports
                self.skipTest(str(missing))
            raise

    def test_readme(self):
        text = open(os.path.join(os.environ["TACET_SOURCE"], "README.md"), encoding="utf-8").read()
        code = re.search(r"^```python\n(.*?)^```$", text, re.M | re.S)[1]
        rng = numpy.random.default_rng(0)
        data = {"x": rng.standard_normal((400, 128), dtype=numpy.float32), "y": rng.integers(0, 2, 400), "x_test": None}
        self.execute(code, data)


def answer(line, packages, code, first):
    def run(self):
        for package in packages:
            if importlib.util.find_spec(package) is None:
                self.skipTest(f"{package} is missing")
        self.assertLessEqual(len(code.splitlines()), MOST)
        names = {"__name__": "docs"}
        exec(compile(first, PAGE, "exec"), names)
        self.execute(compile("\n" * (line - 1) + code, PAGE, "exec"), names)

    return run


ALL = list(blocks())
assert len(ALL) > 20, f"{len(ALL)} blocks were found in {PAGE}"
for line, packages, code in ALL[1:]:
    setattr(Answers, f"test_line_{line}", answer(line, packages, code, ALL[0][2]))


if __name__ == "__main__":
    unittest.main()
