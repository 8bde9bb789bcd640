"""The program in the package, and `python -m tacetnn`, which runs it."""

import subprocess
import sys
import unittest

import tacetnn as tn
from tacetnn._program import program

try:
    program()
except FileNotFoundError as missing:
    raise unittest.SkipTest(str(missing))


def tacet(*arguments):
    return subprocess.run([sys.executable, "-m", "tacetnn", *arguments], capture_output=True, text=True)


class Program(unittest.TestCase):
    def test_the_package_has_it_in_its_own_version(self):
        direct = subprocess.run([program(), "--version"], capture_output=True, text=True)
        self.assertEqual(direct.stdout, f"tacet {tn.__version__}\n")

    def test_python_runs_it_with_its_arguments(self):
        self.assertEqual(tacet("--version").stdout, f"tacet {tn.__version__}\n")

    def test_what_it_refuses_is_refused(self):
        refused = tacet("train", "no such file.yaml")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("no such file.yaml", refused.stderr)


if __name__ == "__main__":
    unittest.main()
