"""Warnings at the place from which this package was called."""

from __future__ import annotations

import sys
import warnings


def warn(text: str, kind: type[Warning] = UserWarning) -> None:
    """Warns at the line of the caller that is outside of this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] == __package__:
        frame, level = frame.f_back, level + 1
    warnings.warn(text, kind, stacklevel=level)
