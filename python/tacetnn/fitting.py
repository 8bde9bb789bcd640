"""Fitting: the loop over epochs and steps, which does what ``tacet train`` does with the same data and settings."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _core
from .batches import Batches, Feed, Rows, is_batches
from .run import Line, Run

if TYPE_CHECKING:
    from .network import Network

LOSSES = ("data_loss", "objective")


@dataclass(frozen=True)
class Settings:
    """The settings of a fit that the loop needs, named as the keys of a configuration."""

    epochs: int
    batch: int
    steps: int
    metric: str
    patience: int
    log: int
    on_epoch: Callable[[Run], None] | None
    on_step: Callable[[Run], None] | None


def fit(net: Network, x: Any, y: Any = None, *, epochs: int | None = None, batch: int = 128, steps: int = 0,
        validation: Any = None, data: str = "", augment: str = "", shuffle: bool = True, metric: str = "data_loss",
        patience: int = 0, on_epoch: Callable[[Run], None] | None = None,
        on_step: Callable[[Run], None] | None = None, log: int = 100) -> Run:
    """Trains a network; see `Network.fit`."""
    feed, held_out = feeds(net, x, y, batch=batch, validation=validation, data=data, augment=augment, shuffle=shuffle)
    if epochs is None:
        epochs = math.ceil(steps / feed.batches) if steps and feed.batches else 10
    settings = Settings(epochs, batch, steps, metric, patience, log, on_epoch, on_step)
    check(settings, feed, held_out)
    run = net.run = Run(net)
    begun = time.monotonic()
    try:
        Training(net, run, feed, held_out, settings).go()
    except BaseException:
        run.stopped = "interrupted"
        raise
    finally:
        run.seconds = time.monotonic() - begun
    return run


def check(s: Settings, feed: Feed, held_out: Feed | None) -> None:
    """Refuses settings that do not go together."""
    for name in ("epochs", "batch"):
        if getattr(s, name) < 1:
            raise ValueError(f"{name} should be at least 1, not {getattr(s, name)}")
    for name in ("steps", "patience", "log"):
        if getattr(s, name) < 0:
            raise ValueError(f"{name} should be at least 0, not {getattr(s, name)}")
    if held_out is None and (s.patience or s.metric != "data_loss"):
        raise ValueError(f"{'patience' if s.patience else 'metric'} needs data for validation: validation=0.1 holds a tenth "
                         "of the rows out")
    if isinstance(feed, Batches) and feed.once and s.epochs > 1 and not s.steps:
        raise ValueError(f"{feed.what} is an iterator, whose batches can be had only once, but there are {s.epochs} epochs: "
                         "give a function that returns a new iterator for each epoch, or epochs=1")


# ---- Data ------------------------------------------------------------------------------------------------------------


def feeds(net: Network, x: Any, y: Any, *, batch: int, validation: Any, data: str, augment: str,
          shuffle: bool) -> tuple[Feed, Feed | None]:
    """The feeds of the training data and of the data for validation."""
    if y is None and not isinstance(x, _core.Data) and is_batches(x, len(net.input)):
        return Batches(net, x), feed_apart(net, validation, batch)
    rows = data_of(net, x, y, data)
    if isinstance(validation, float | int) and not isinstance(validation, bool):
        held_out = rows.hold_out(validation, net.seed) if validation else None
    else:
        held_out = None
    batch = min(batch, max(d.info.rows for d in (rows, held_out) if d))
    feed = Rows(net, rows, batch, seed=net.seed, shuffle=shuffle, augment=augment)
    return feed, Rows(net, held_out, batch) if held_out else feed_apart(net, validation, batch)


def feed_apart(net: Network, validation: Any, batch: int) -> Feed | None:
    """The feed of data for validation that are given by themselves."""
    if validation is None or validation == 0 and not hasattr(validation, "shape"):
        return None
    if isinstance(validation, tuple) and len(validation) == 2:
        return Rows(net, data_of(net, *validation), batch)
    return Batches(net, validation, "validation")


def data_of(net: Network, x: Any, y: Any = None, options: str = "") -> _core.Data:
    """Arrays as data that a loader can draw from."""
    if isinstance(x, _core.Data):
        return x
    target = None if net.aim == "x" else net.targets(y)
    return _core.Data.arrays(net.rows(x), target, labels=net.needs_labels and target is not None, options=options or None)


# ---- The loop --------------------------------------------------------------------------------------------------------


class Training:
    """A fit while it goes on."""

    def __init__(self, net: Network, run: Run, feed: Feed, held_out: Feed | None, settings: Settings) -> None:
        self.net, self.run, self.feed, self.held_out, self.settings = net, run, feed, held_out, settings
        self.waited = 0  # epochs since the best one
        self.best = math.nan
        self.spent = 0.0  # seconds in the steps of this epoch
        length = float(settings.epochs)
        if settings.steps and feed.batches:
            length = min(length, settings.steps / feed.batches)
        batch = settings.batch
        if isinstance(feed, Batches):
            feed.begin(0)
            batch = feed.first
        net.compile(batch, length, feed.batches)

    def go(self) -> None:
        """All epochs."""
        s, run = self.settings, self.run
        for epoch in range(s.epochs):
            if epoch or isinstance(self.feed, Rows):
                self.feed.begin(epoch)
            self.net.plan.ledger_reset()
            self.spent = 0.0
            run.epoch = epoch + 1
            while not self.feed.over and not self.ended:
                self.steps()
            if self.net.plan.ledger_total().steps:
                self.end_epoch()
            if s.patience and self.waited >= s.patience:
                run.stopped = "patience"
            if run.stopped or self.ended:
                return

    @property
    def ended(self) -> bool:
        """Whether no more steps are to be made."""
        if self.run._stop:
            self.run.stopped = "callback"
        return self.run._stop or 0 < self.settings.steps <= self.run.step

    def steps(self) -> None:
        """A few steps: up to the next thing that has to be done between two of them."""
        s, run = self.settings, self.run
        most = 1 if s.on_step else 1 << 30
        for every in (s.log, s.steps):
            if every:
                most = min(most, every - run.step % every)
        begun = time.perf_counter()
        done = self.feed.train(self.net.plan, most)
        self.spent += time.perf_counter() - begun
        run.step = self.net.plan.steps
        if done and s.log and run.step % s.log == 0:
            run.steps_log.append(step_line(self.net.plan, run.epoch))
        if done and s.on_step:
            s.on_step(run)

    def end_epoch(self) -> None:
        """Validates, and writes the line of the epoch, which may be the best."""
        net, run = self.net, self.run
        validation = None
        if self.held_out:
            validation = figures(self.held_out.evaluate(net.plan, net.output))
            self.compare(validation)
        run.ledger.append(epoch_line(net.plan, run, validation, self.spent))
        if self.settings.on_epoch:
            self.settings.on_epoch(run)

    def compare(self, validation: Line) -> None:
        """Decides whether this epoch is the best so far."""
        x, better = validation[self.settings.metric], -1
        best = math.isfinite(x) and (not math.isfinite(self.best) or better * x > better * self.best)
        self.waited = 0 if best else self.waited + self.feed.over
        if best:
            self.best, self.run.best_epoch = x, self.run.epoch
            self.run.best = self.net.weights()


def step_line(plan: _core.Plan, epoch: int) -> Line:
    return {"step": plan.steps, "epoch": epoch, "objective": plan.objective, "data_loss": plan.data_loss,
            "gradient_norm": plan.gradient_norm, "learning_rate": plan.learning_rate}


def epoch_line(plan: _core.Plan, run: Run, validation: Line | None, seconds: float) -> Line:
    total = plan.ledger_total()
    line = {"epoch": run.epoch, "step": run.step, "objective": total.objective, "data_loss": total.data_loss,
            "learning_rate": plan.learning_rate}
    if validation:
        line["validation"] = validation
    if run.best_epoch:
        line["best_epoch"] = run.best_epoch
    return line | {"seconds": seconds}


def figures(result: Any) -> Line:
    return {"accuracy": result.accuracy, "data_loss": result.data_loss, "objective": result.objective}
