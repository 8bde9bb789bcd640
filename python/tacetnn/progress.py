"""What a fit shows on standard error, and in a notebook on standard output: on a terminal a line that moves while an
epoch runs, otherwise a line for each epoch.

The lines are those of ``tacet train``::

    Epoch 3/5 [=====>    ]   0:02 left  loss 0.3856  val loss -       val acc -       relu1 density 0.047
    Epoch 3/5 [==========] 1.43ms/step  loss 0.3712  val loss 0.4011  val acc 0.8373  relu1 density 0.049

The bar is drawn if there is room for it after all figures. The first figure that does not fit, and all after it, are
left out; the line then ends in dots.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

BAR, TIME, FIGURE, LABEL = 10, 11, 6, 18
LOGGED = 10
"""Figures of penalties and densities in a plain line, at most."""


@dataclass
class Cell:
    """A figure of an epoch's line: the value of a penalty, or a density."""

    label: str
    value: float
    density: bool = False

    def name(self, most: int | None = None) -> str:
        return self.label[:most] + (" density" if self.density else "")


@dataclass
class Epoch:
    """What the line of an epoch shows. What is not known, or only when the epoch is over, is NaN."""

    epoch: int
    epochs: int
    batch: int
    batches: int
    left: float
    spent: float
    loss: float
    objective: float
    over: bool = False
    validation_loss: float | None = None
    metric: str = ""
    figure: float = math.nan
    averaged_loss: float | None = None
    averaged_figure: float = math.nan
    penalised: bool = False
    cells: Sequence[Cell] = field(default_factory=list)

    def figures(self) -> list[tuple[str, float]]:
        """The losses of the epoch and its metric."""
        named = [("loss", self.loss)]
        metric = "acc" if self.metric == "accuracy" else self.metric
        if self.validation_loss is not None:
            named.append(("val loss", self.validation_loss))
        if self.metric:
            named.append((f"val {metric}", self.figure))
        if self.averaged_loss is not None:
            named.append(("ema loss", self.averaged_loss))
        if self.averaged_loss is not None and metric:
            named.append((f"ema {metric}", self.averaged_figure))
        return named

    def line(self, columns: int, dim: str = "", plain: str = "") -> str:
        """The line on a terminal that is so wide."""
        figures = self.figures() + [(c.name(LABEL), c.value) for c in self.cells]
        wide = sum(2 + len(name) + 1 + FIGURE for name, _ in figures)
        text = f"Epoch {self.epoch:>{len(str(self.epochs))}}/{self.epochs}"
        room = columns - len(text)
        if self.batches and room >= BAR + 3 + TIME + 1 + wide:
            full = min(self.batch * BAR // self.batches, BAR)
            text += f" [{('=' * full + '>' * (full < BAR)).ljust(BAR)}]"
            room -= BAR + 3
        if room >= TIME + 1:
            step = self.spent / self.batch if self.batch else math.nan
            text += f" {dim}{step_text(step) if self.over else left_text(self.left):>{TIME}}{plain}"
            room -= TIME + 1
        cut = wide > room
        room -= 5 * cut
        for name, value in figures:
            room -= 2 + len(name) + 1 + FIGURE
            if room < 0:
                break
            text += f"  {dim}{name}{plain} {short(value):<{FIGURE}}"
        return text + "  ..." * cut

    def text(self) -> str:
        """The line in a log."""
        figures = self.figures()
        if self.penalised:
            figures.append(("objective", self.objective))
        figures += [(c.name(), c.value) for c in self.cells[:LOGGED]]
        text = "".join(f"  {name} {digits(value)}" for name, value in figures)
        more = len(self.cells) - LOGGED
        return (f"epoch {self.epoch}/{self.epochs}{text}" + (f"  and {more} more" if more > 0 else "") +
                spent_text(self.spent))


def digits(x: float) -> str:
    """Four digits, or those of a whole number."""
    if not math.isfinite(x):
        return "-"
    return f"{x:.0f}" if 9999.5 <= abs(x) < 999999.5 else f"{x:.4g}"


def short(x: float) -> str:
    """At most `FIGURE` characters."""
    if not math.isfinite(x):
        return "-"
    unit = 0
    while abs(x) >= (999.5 if unit else 9999.5) and unit < 6:
        x, unit = x / 1000, unit + 1
    texts = [f"{x:.{n}g}" + " kMGTPE"[unit].strip() for n in (4, 3, 2, 1)]
    return next((t for t in texts if len(t) <= FIGURE), texts[-1])


def left_text(seconds: float) -> str:
    if not math.isfinite(seconds):
        return ""
    s = math.ceil(max(seconds, 0))
    if s < 3600:
        return f"{s // 60}:{s % 60:02} left"
    return f"{s // 3600}h{s // 60 % 60:02} left" if s < 360000 else f"{s // 86400}d left"


def step_text(s: float) -> str:
    if not math.isfinite(s):
        return ""
    if s < 0.9995e-3:
        return f"{s * 1e6:.3g}us/step"
    return f"{s * 1e3:.3g}ms/step" if s < 0.9995 else f"{s:.3g}s/step"


def spent_text(seconds: float) -> str:
    if seconds < 0.095:
        return ""
    s = round(seconds)
    if seconds < 9.95:
        return f"  {seconds:.1f} s"
    return f"  {s} s" if s < 100 else f"  {s // 60}:{s % 60:02} min"


class Progress:
    """The lines that a fit shows."""

    def __init__(self, wanted: bool | None) -> None:
        terminal = is_terminal()
        self.quiet = wanted is False or sys.stderr is None
        self.moving = not self.quiet and bool(wanted or terminal)
        self._clear = "\r\033[J" if terminal else ""
        self._dim, self._plain = ("\033[2m", "\033[0m") if terminal and not os.environ.get("NO_COLOR") else ("", "")
        self._shown = 0  # characters of the moving line
        self._last, self._pause = 0.0, 0.1

    @property
    def due(self) -> bool:
        """Whether to draw now: at most ten times a second, and so rarely that drawing takes a fiftieth of the time."""
        return self.moving and time.monotonic() - self._last >= self._pause

    def draw(self, epoch: Epoch) -> None:
        """Replaces the moving line."""
        begun = time.monotonic()
        line = epoch.line(columns(), self._dim, self._plain)
        if self._clear:
            self._write(f"\r{line}\033[J\r")
        else:
            self._write(f"\r{line.ljust(self._shown)}")
        self._shown = len(line)
        self._last = time.monotonic()
        self._pause = min(max(0.1, 50 * (self._last - begun)), 2.0)

    def keep(self, epoch: Epoch) -> None:
        """The line of an epoch that is over."""
        if self.quiet:
            return
        if self.moving:
            self.draw(epoch)
            self._write("\n")
        else:
            self._write(epoch.text() + "\n")
        self._shown = 0
        self._last = time.monotonic()

    def say(self, text: str) -> None:
        """A line that stays."""
        if not self.quiet:
            self.clear()
            self._write(text + "\n")

    def leave(self) -> None:
        """Leaves the moving line as it is."""
        if self._shown:
            self._write("\n")
        self._shown = 0

    def clear(self) -> None:
        """Removes the moving line."""
        if self._shown:
            self._write(self._clear or f"\r{' ' * self._shown}\r")
        self._shown = 0

    def _write(self, text: str) -> None:
        try:
            to = stream()
            to.write(text)
            to.flush()
        except (OSError, ValueError):  # closed: the fit goes on without it
            self.quiet, self.moving = True, False


def stream() -> Any:
    """Where progress is written: standard error, but in a notebook, which shows that as if something were wrong,
    standard output."""
    return sys.stdout if type(sys.stderr).__module__.startswith("ipykernel") else sys.stderr


def is_terminal() -> bool:
    try:
        return sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
    except (AttributeError, ValueError):  # none, or closed
        return False


def columns() -> int:
    """The columns that a line may take; 79 where that is not known."""
    try:
        return max(os.get_terminal_size(sys.stderr.fileno()).columns - 1, 1)
    except (OSError, ValueError, AttributeError):
        return 79
