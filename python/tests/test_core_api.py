"""The extension is the whole of tacet.h, and its stub describes it."""

import ast
import inspect
import re
import unittest
from pathlib import Path

try:
    import numpy  # noqa: F401
except ImportError as missing:
    raise unittest.SkipTest(str(missing)) from missing

from tacetnn import _core

ROOT = Path(__file__).resolve().parents[2]

# What Python reaches by another function of tacet.h.
OTHERWISE = {"tacet_input": "tacet_input_of", "tacet_feed": "tacet_feed_rows"}


def header_text() -> str:
    return "".join((ROOT / "include/tacet" / name).read_text() for name in ("tacet.h", "operator.h"))


def called() -> set[str]:
    """The functions of tacet.h that the extension calls, directly or by a macro that is given the rest of the name."""
    text = "\n".join(path.read_text() for path in (ROOT / "python/core").glob("*.c"))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    made = re.findall(r"^(?:NUMBER|CALL)\((\w+)", text, re.M)
    return set(re.findall(r"\btacet_\w+", text)) | {f"tacet_{name}" for name in made}


class Header(unittest.TestCase):
    def test_every_function_is_called(self):
        header = header_text()
        declared = set(re.findall(r"^TACET_API [^;(]*?\b(tacet_\w+)\(", header, re.M))
        self.assertGreater(len(declared), 90)
        self.assertEqual(declared - called() - set(OTHERWISE), set(), "the extension does not call these")
        self.assertLessEqual(set(OTHERWISE.values()), called())

    def test_every_field_of_a_struct_that_is_given_is_in_its_record(self):
        header = re.sub(r"/\*.*?\*/", "", header_text(), flags=re.S)
        records = (ROOT / "python/core/records.def").read_text()
        record = r"^RECORD\((\w+), (tacet_\w+),(.*?)(?=^RECORD|^#undef)"
        for name, struct, text in re.findall(record, records, re.M | re.S):
            body = re.search(r"typedef struct %s \{(.*?)\}" % struct, header, re.S).group(1)
            # The last word of each declaration and of each part before a comma: "double share, due", "int64_t shape[8]"
            fields = set(re.findall(r"(\w+)(?:\[\d+\])?\s*[,;]", body))
            lacks = fields - set(re.findall(r"\w+", text)) - {"size"}
            self.assertEqual(lacks, set(), f"{name} lacks fields of {struct}")


P = inspect.Parameter
KINDS = {P.POSITIONAL_ONLY: "/", P.POSITIONAL_OR_KEYWORD: "", P.KEYWORD_ONLY: "*", P.VAR_KEYWORD: "**"}


def signature(function: ast.FunctionDef) -> list[tuple[str, str, bool]]:
    """Each parameter, as (kind, name, whether it has a default)."""
    a = function.args
    first = [("/", p.arg) for p in a.posonlyargs] + [("", p.arg) for p in a.args]
    given = [False] * (len(first) - len(a.defaults)) + [True] * len(a.defaults)
    named = [("*", p.arg, d is not None) for p, d in zip(a.kwonlyargs, a.kw_defaults)]
    rest = [("**", a.kwarg.arg, False)] if a.kwarg else []
    both = [(kind, name, d) for (kind, name), d in zip(first, given) if name not in ("self", "cls")]
    return both + named + rest


class Stub(unittest.TestCase):
    def setUp(self):
        tree = ast.parse((ROOT / "python/tacetnn/_core.pyi").read_text())
        self.classes = {n.name: n for n in tree.body if isinstance(n, ast.ClassDef)}
        self.functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}

    def test_it_has_the_names_of_the_module(self):
        public = {name for name in dir(_core) if not name.startswith("_")}
        self.assertEqual(public, set(self.classes) | set(self.functions))

    def test_records_have_the_fields_of_the_module(self):
        for name, node in self.classes.items():
            made = getattr(_core, name)
            if issubclass(made, tuple):
                fields = [n.target.id for n in node.body]
                self.assertEqual(fields, list(made.__match_args__), name)

    def test_classes_have_the_methods_of_the_module(self):
        for name, node in self.classes.items():
            made = getattr(_core, name)
            if issubclass(made, (tuple, Exception)):
                continue
            stubbed = {n.name for n in node.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("__")}
            self.assertEqual(stubbed, {n for n in vars(made) if not n.startswith("__")}, name)

    def test_parameters_are_those_of_the_module(self):
        own = [(_core, n) for n in self.functions.values()]
        for name, node in self.classes.items():
            own += [(getattr(_core, name), n) for n in node.body if isinstance(n, ast.FunctionDef)]
        seen = 0
        for of, node in own:
            if node.name in ("__hash__", "__buffer__"):  # the latter is seen from Python 3.12 on
                continue
            made = of if node.name == "__new__" else getattr(of, node.name)
            if not callable(made):
                continue
            told = [p for p in inspect.signature(made).parameters.values() if p.name != "self"]
            self.assertEqual(
                signature(node), [(KINDS[p.kind], p.name, p.default is not p.empty) for p in told], f"{of}.{node.name}"
            )
            seen += 1
        self.assertGreater(seen, 70)


if __name__ == "__main__":
    unittest.main()
