"""The catalogue: every word of the small language, with its formula, its attributes and where it comes from.

It is the library's own, so that what is here is what the library can do.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from . import _core

WIDTH = 100


@dataclass(frozen=True)
class Entry:
    """A word of the small language.

    Attributes
    ----------
    name : str
        ``"l1"``.
    role : str
        ``"layer"``, ``"loss"``, ``"penalty"``, ``"constraint"``, ``"optimizer"``, ``"schedule"``, ``"metric"``,
        ``"data"`` or ``"augmentation"``.
    formula, doc, source : str
        What it computes, in a line and in a few, and the publication that it comes from.
    attributes : tuple of Attribute
        Its own, then those that all entries of its role have. Each has name, type, preset (None: it must be given),
        doc, positional and common.
    parameter : tuple of str
        The parameters that a layer has, ``("weight", "bias")``.
    labels : bool
        Whether it is a loss whose target is class indices.
    logits : bool
        Whether it is a loss of logits of yes or no, whose targets are 1 and 0.
    mixes : bool
        Whether its result for a row depends on the other rows of the batch.
    """

    name: str
    role: str
    formula: str
    doc: str
    source: str
    attributes: tuple[_core.Attribute, ...]
    parameter: tuple[str, ...]
    labels: bool
    logits: bool
    mixes: bool

    def __str__(self) -> str:
        """What ``tacet ops`` prints of it."""
        lines = [f"{self.name} ({self.role})", *_wrapped(self.formula or "", 4), *_paragraph("", self.doc)]
        if self.mixes:
            lines += _paragraph("", "Mixes samples: in training, its output for one sample depends on the whole batch.")
        if self.attributes:
            lines += ["", "Attributes:"]
        for a in self.attributes:
            preset = "" if a.preset == "" else ", must be given" if a.preset is None else f", default {a.preset}"
            lines.append(f"  {a.name}{' (positional)' if a.positional else ''}  {a.type}{preset}")
            lines += _wrapped(a.doc, 6)
        if self.parameter:
            lines += ["", f"Parameters: {', '.join(self.parameter)}"]
            name = self.parameter[0]
            lines += _wrapped(f"{name}=LAYER.{name} shares the parameter of an earlier layer: a single parameter, "
                              "which receives the gradients of both layers", 6)
        return "\n".join([*lines, *_paragraph("Source: ", self.source)])


def _wrapped(text: str, indent: int, head: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=head or " " * indent, subsequent_indent=" " * indent,
                         break_on_hyphens=False, break_long_words=False)


def _paragraph(head: str, text: str) -> list[str]:
    return ["", *_wrapped(text, len(head), head)] if text else []


@cache
def _all() -> tuple[Entry, ...]:
    return tuple(Entry(e.name, e.role, e.formula, e.doc, e.source, tuple(_core.attributes(i)), tuple(e.parameter),
                       e.labels, e.logits, e.mixes) for i, e in enumerate(_core.entries()))


def entries(role: str | None = None) -> list[Entry]:
    """The entries of the catalogue, or those of one role.

    Examples
    --------
    >>> "l1" in [e.name for e in entries("penalty")]
    True
    """
    roles = dict.fromkeys(e.role for e in _all())
    if role is not None and role not in roles:
        raise ValueError(f"role should be one of {', '.join(roles)}, not {role!r}")
    return [e for e in _all() if role in (None, e.role)]


def entry(name: str, role: str | None = None) -> Entry:
    """The entry with that name.

    Raises
    ------
    KeyError
        If the catalogue has no such entry.
    """
    for e in entries(role):
        if e.name == name:
            return e
    near = get_close_matches(name, [e.name for e in entries(role)])
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise KeyError(f"the catalogue has no {role or 'word'} {name!r}{hint}")


def help(word: str) -> str:
    """What a word of the small language means: its formula, its attributes, where it comes from.

    Examples
    --------
    >>> print(help("l1"))  # doctest: +ELLIPSIS
    l1 (penalty)
        lambda * sum |x|
    ...
    """
    found = [e for e in _all() if e.name == word]
    return "\n\n".join(map(str, found)) if found else str(entry(word))
