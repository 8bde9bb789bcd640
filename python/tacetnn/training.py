"""The loop over epochs and steps. It does what ``tacet train`` does with the same data and settings, to the bit."""

from __future__ import annotations

import json
import math
import os
import tempfile
import time
from typing import TYPE_CHECKING, Any

from . import _core
from .batches import Batches, Feed, Rows
from .caller import warn
from .catalogue import entries, entry
from .description import pairs_in, value_of
from .keeping import Kept, averages
from .progress import Cell, Epoch, Progress, digits
from .record import config_of, now, record_of
from .run import Line, Run, TrainingWarning, counted

if TYPE_CHECKING:
    from .fitting import Settings
    from .network import Network

LOSSES = ("data_loss", "objective")
TIMES = {"warmup", "every", "milestones", "from", "until"}
"""Attributes of optimizers and penalties that are numbers of epochs."""


class Training:
    """A fit while it goes on."""

    def __init__(self, net: Network, run: Run, feed: Feed, held_out: Feed | None, settings: Settings) -> None:
        self.net, self.run, self.feed, self.held_out, self.settings = net, run, feed, held_out, settings
        self.progress = Progress(settings.progress)
        self.epoch = 0  # that goes on, from 0
        self.spent = 0.0  # seconds in its steps
        self.time = 0.0  # seconds in all steps of this process
        self.best, self.waited = math.nan, 0  # the figure of the best epoch; epochs since then
        self.length = float(settings.epochs)
        if settings.steps:  # without a number of steps, a step counts as an epoch
            self.length = min(self.length, settings.steps / feed.steps) if feed.steps else float(settings.steps)
        self.started, self.first, self.began = time.monotonic(), 0, now()
        self.undefined = False  # whether it was said that an epoch has no figure to be compared by
        self.kept: Kept | None = None
        self.compile()

    def compile(self) -> None:
        """Makes the plan."""
        s, feed = self.settings, self.feed
        if isinstance(feed, Batches):
            feed.grow = self.grow
        self.net.compile(s.batch, self.length, feed.steps, metrics=self.measured(), accumulate=s.accumulate, ema=s.ema)
        if not feed.batches:
            self.check_length()
        self.metric = metric_name(s.metric)
        self.better = {m["name"]: m["better"] for m in line_of(self.net.plan, "metrics")["metrics"]}
        if self.better.get(self.metric) == 0:
            raise ValueError(f"{self.metric} is not one number, so no epoch can be the best by it: choose one like "
                             "accuracy or f1")
        self.test: Rows | None = None
        if isinstance(feed, Rows) and feed.data.info.has_test:
            data = _core.Data.open_as(feed.data.info.spec, feed.data.schema, "test", self.net.aim != "x")
            self.test = Rows(self.net, data, s.batch)
        least = self.net.plan.least_rows
        if isinstance(feed, Rows) and 0 < (left := feed.data.info.rows % s.batch) < least:
            rows = feed.data.info.rows
            raise ValueError(f"the last batch of an epoch of {rows:,} rows would have {counted(left, 'row')}, and "
                             f"batch normalisation needs at least {least} to train: another batch leaves more rows, or "
                             "none")

    def check_length(self) -> None:
        """Refuses what depends on the length of an epoch or of the run if that is not known."""
        net, plan = self.net, self.net.plan
        texts = [("optimizer", net.optimizer), *(("penalty", text) for _, text in pairs_in(net.penalties))]
        what = [text for role, text in texts if in_epochs(role, text)]
        if not self.settings.steps:
            what += [f"the lambda of {t.name}" for t in plan.terms() if plan.depends_on_length(t.name)]
            what += ["the learning rate"] * plan.depends_on_length()
        if what:
            raise ValueError(f"{what[0]}: this depends on how many batches an epoch has, which x does not say: give "
                             "batches that have a len(), as lists and most DataLoaders do")

    def measured(self) -> str:
        """The metrics of the network, and the one that epochs are compared by."""
        own, metrics = self.settings.metric, self.net.metrics
        named = [metric_name(m) for m in metrics.split(",") if m.strip()]
        if own in LOSSES or metric_name(own) in named:
            return metrics
        return f"{metrics}, {own}" if metrics else own

    def grow(self, rows: int) -> None:
        """Makes a plan for larger batches, which continues where the present one is."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "checkpoint")
            self.net.plan.checkpoint(path)
            s = self.settings
            self.net.compile(rows, self.length, self.feed.steps, metrics=self.measured(), accumulate=s.accumulate,
                             ema=s.ema)
            self.net.plan.resume(_core.File(path))

    # ---- The loop ----

    def begin(self) -> None:
        """Begins the run, or continues it."""
        s = self.settings
        if s.out is not None:
            if s.resume and isinstance(self.feed, Batches) and self.feed.once:
                raise ValueError("resume needs batches that can be had again: give a function that returns a new "
                                 "iterator")
            kept = Kept(self, s.out, s.resume)
            kept.begin()
            self.kept = kept
        self.warn_of_logits()
        self.say_what_mixes()
        self.started = time.monotonic()

    def go(self) -> None:
        """All epochs."""
        if self.feed.over and self.written:  # resumed at the end of an epoch
            self.epoch += 1
        elif self.feed.over:
            self.end_epoch()
        while self.epoch < self.settings.epochs and not self.ended and not self.gives_up:
            if self.feed.over:
                self.feed.begin(self.epoch)
            if not self.feed.begun:
                self.net.plan.ledger_reset()
                self.spent = 0.0
            self.run.epoch = self.epoch + 1
            while not self.feed.over and not self.ended:
                self.steps()
            if self.feed.begun:
                self.end_epoch()
        if self.gives_up:
            self.run.stopped = "patience"
        self.say_best()

    def say_best(self) -> None:
        """Says which epoch was the best."""
        run, by = self.run, f"{self.settings.metric} on the validation data"
        if self.gives_up:
            self.progress.say(f"stopped early: {by} has not improved for {counted(self.waited, 'epoch')}")
        if run.best_epoch:
            which = " (the weights, not their averages)" if self.settings.ema else ""
            self.progress.say(f"the best epoch is {run.best_epoch}, with {self.settings.metric} {digits(self.best)} on "
                              f"the validation data{which}: run.best")

    @property
    def gives_up(self) -> bool:
        """Whether the patience has run out."""
        return 0 < self.settings.patience <= self.waited

    @property
    def written(self) -> bool:
        """Whether the epoch has its line."""
        return bool(self.run.ledger) and self.run.ledger[-1]["epoch"] > self.epoch

    @property
    def ended(self) -> bool:
        """Whether no more steps are to be made."""
        if self.run.asked_to_stop:
            self.run.stopped = "callback"
        return self.run.asked_to_stop or 0 < self.settings.steps <= self.net.plan.steps

    def steps(self) -> None:
        """A few steps: up to the next thing that has to be done between two of them."""
        s, plan = self.settings, self.net.plan
        most = 1 if s.on_step else 1 << 30
        for every in (s.log, s.checkpoint):
            if every:
                most = min(most, every - plan.steps % every)
        if s.steps:
            most = min(most, s.steps - plan.steps)
        begun = time.perf_counter()
        try:
            done = self.feed.train(plan, most)
        finally:
            self.spent += time.perf_counter() - begun
            self.time += time.perf_counter() - begun
        if done:
            self.after_steps()

    def after_steps(self) -> None:
        """What is done between two steps."""
        s, run, plan = self.settings, self.run, self.net.plan
        self.note_step()
        if self.progress.due:
            self.progress.draw(self.shown(line_of(plan, "epoch", epoch=run.epoch)))
        if self.kept and s.checkpoint and run.step % s.checkpoint == 0 and not self.feed.over:
            self.kept.checkpoint()
        if s.on_step:
            s.on_step(run)

    def note_step(self) -> None:
        """Writes the line of the last step if it gets one and has none yet."""
        run, step, log = self.run, self.net.plan.steps, self.settings.log
        if log and run.step < step and step % log == 0:
            run.steps_log.append(self.write("step", epoch=run.epoch))
        run.step = step

    def write(self, what: str, **stamp: Any) -> Line:
        """A line of metrics.jsonl."""
        text = self.net.plan.record(what, **stamp)
        if self.kept:
            self.kept.line(text)
        line: Line = json.loads(text)
        return line

    def end_epoch(self) -> None:
        """Validates, and writes the line of the epoch, which may be the best; goes to the next one if it is whole."""
        net, run, whole = self.net, self.run, self.feed.over
        if self.kept and not whole:  # a resume does the rest of it, and writes its line again
            self.kept.checkpoint()
        best, ema, loss = False, None, net.plan.ledger_total().data_loss
        if self.held_out:
            ema = self.averaged(self.held_out)
            loss = self.held_out.evaluate(net.plan, net.output).data_loss
            best = self.compare(line_of(net.plan, "figures"))
        if whole:
            net.plan.schedule_step(loss)
        line = self.write("epoch", epoch=run.epoch, best_epoch=run.best_epoch, seconds=self.spent,
                          validated=self.held_out is not None, ema=ema)
        run.ledger.append(line)
        self.progress.keep(self.shown(line, over=True))
        if self.kept:  # the best after the checkpoint that says so: a resume saves it if it is missing
            for save in [self.kept.checkpoint] * whole + [self.kept.best] * best + [self.kept.model] * whole:
                save()
        self.epoch += whole
        self.warn(line)
        if self.settings.on_epoch:
            self.settings.on_epoch(run)

    def averaged(self, feed: Feed) -> str | None:
        """The figures of the averaged weights, as a record; None without any."""
        if not self.settings.ema:
            return None
        with averages(self.net.plan):
            feed.evaluate(self.net.plan, self.net.output)
            return self.net.plan.record("evaluation")

    def compare(self, figures: Line) -> bool:
        """Decides whether this epoch is the best so far. One in which a target is not yet due does not count; nor does
        part of an epoch, unless there is nothing else."""
        terms = [t["training"] for t in figures["terms"]]
        due = any(t.get("due") != t.get("target") for t in terms)  # a target has a schedule that has not ended
        if due or not self.feed.over and math.isfinite(self.best):
            return False
        x = number(figures.get(self.metric))
        better = self.better.get(self.metric, -1)
        best = math.isfinite(x) and (not math.isfinite(self.best) or better * x > better * self.best)
        self.waited = 0 if best else self.waited + self.feed.over
        if not math.isfinite(x) and not self.undefined:
            self.undefined = True
            self.tell(f"{self.settings.metric} of the validation data is not a number, so epoch {self.run.epoch} and "
                      "others like it cannot be the best")
        if best:
            self.best, self.run.best_epoch = x, self.run.epoch
            self.run.best = self.net.state_dict()
        return best

    def warn(self, line: Line) -> None:
        """Tells each warning of the ledger once."""
        for w in line["warnings"]:
            if not self.known(w):
                self.run.warnings.append(w)
                self.tell(f"{w['on']}: {w['text']}")

    def known(self, w: Line) -> bool:
        """Whether the run has a warning of that kind about that term or value."""
        return any(w["on"] == o["on"] and w["kind"] == o["kind"] for o in self.run.warnings)

    def tell(self, text: str) -> None:
        """Warns."""
        self.progress.clear()
        warn(text, TrainingWarning)

    # ---- The end ----

    def end(self) -> None:
        """All has gone well."""
        self.finish("ended")
        if (self.kept or self.test) and (figures := self.final()):
            self.run.record["figures"] = figures
        if self.test:
            self.run.test = self.run.record["figures"]
        if self.kept:
            self.kept.model()
            self.kept.record(self.run.record)
            self.kept.page()

    def interrupted(self, why: BaseException) -> None:
        """Keeps what has been done so far."""
        self.progress.leave()
        try:
            self.note_step()
            self.finish("stopped" if isinstance(why, KeyboardInterrupt) else "failed")
            if self.kept:
                self.kept.checkpoint()
                self.kept.record(self.run.record)
                path = self.kept.folder.path
                self.progress.say(f"stopped at step {self.run.step}; out={path!r}, resume=True continues")
        except (OSError, RuntimeError, _core.Error) as e:
            why.add_note(f"what had been done could not be kept: {e}")

    def finish(self, state: str) -> None:
        if self.settings.ema:
            with averages(self.net.plan):
                self.run.average = self.net.state_dict()
        self.run.config, self.run.record = config_of(self), record_of(self, state, self.began)

    def warn_of_logits(self) -> None:
        """A loss of logits applies the softmax or the sigmoid itself; after another one it is applied twice.

        The logarithm that kl_div needs is not applied by it.
        """
        plan = self.net.plan
        y = value_of(plan, self.net.output)
        for t in (t for t in plan.terms() if t.role == "loss" and not self.net.own_loss):
            within = "softmax" if entry(t.kind, "loss").labels else "sigmoid" if entry(t.kind, "loss").logits else ""
            if y.kind == within:
                self.tell(f"{t.kind} includes the {within}, so after {y.name} it is applied twice: leave out the "
                          f"{within} at the end of the layers")
            if t.kind == "kl_div" and y.kind in ("linear", "softmax"):
                self.tell(f"kl_div takes logarithms of probabilities, which {y.name} does not give: end the layers with "
                          f"log_softmax{' instead of softmax' if y.kind == 'softmax' else ''}")

    def say_what_mixes(self) -> None:
        """Says which layers see only a part of each step."""
        mixing = {e.name for e in entries("layer") if e.mixes} | {o.name for o in self.net.operators if o.mixes}
        kinds = dict.fromkeys(v.kind for v in self.net.plan.values() if v.kind in mixing)
        if self.settings.accumulate > 1 and kinds:
            self.progress.say(f"{', '.join(kinds)} mixes samples: it sees each batch by itself, not all rows of a step")

    def final(self) -> Line | None:
        """The figures that the run ends with: of the test data if there are any, otherwise of the validation data,
        otherwise of all training rows."""
        part, feed = next(((p, f) for p, f in self.parts.items() if f), ("", None))
        if feed is None:
            return None
        done = self.net.plan.steps - self.first
        ema = self.averaged(feed)
        rows = feed.evaluate(self.net.plan, self.net.output).rows
        figures = line_of(self.net.plan, "figures", best_epoch=self.run.best_epoch,
                          step_us=self.time / done * 1e6 if done else 0.0, ema=ema)
        return {"part": part, "rows": rows} | figures

    def close(self) -> None:
        self.progress.clear()
        if self.kept:
            self.kept.close()

    @property
    def parts(self) -> dict[str, Feed | None]:
        """The parts of the data, the one whose figures matter most first."""
        return {"test": self.test, "validation": self.held_out, "training": self.feed.whole}

    @property
    def rows(self) -> dict[str, int]:
        """The rows of each part of the data."""
        rows = {part: feed.data.info.rows for part, feed in reversed(self.parts.items()) if isinstance(feed, Rows)}
        return rows or {"training": self.net.plan.ledger_total().rows}

    @property
    def classes(self) -> list[str]:
        """What the classes are called, if they have names."""
        if not isinstance(self.feed, Rows) or self.net.aim == "x":
            return []
        names = json.loads(self.feed.data.schema or "{}").get("classes")
        return [str(name) for name in names] if isinstance(names, list) else []

    # ---- The line that moves ----

    def shown(self, line: Line, over: bool = False) -> Epoch:
        """What the line of an epoch shows."""
        plan, s = self.net.plan, self.settings
        total = plan.ledger_total()
        done = plan.steps
        each = self.feed.steps
        whole = min(s.epochs * each, s.steps or math.inf) if each else s.steps or math.nan
        pace = (time.monotonic() - self.started) / (done - self.first) if done > self.first else math.nan
        e = Epoch(self.run.epoch, s.epochs, total.steps, each, left=pace * (whole - done), spent=self.spent,
                  loss=total.data_loss, objective=total.objective, over=over, penalised=len(plan.terms()) > 1,
                  cells=cells_of(plan, line))
        if self.held_out:
            validation = line.get("validation") or {}
            e.validation_loss = number(validation.get("data_loss"))
            name = self.metric if self.metric in self.better else next(iter(self.better), "")
            if self.better.get(name):
                e.metric, e.figure = name, number(validation.get(name))
            if s.ema:
                ema = line.get("ema") or {}
                e.averaged_loss, e.averaged_figure = number(ema.get("data_loss")), number(ema.get(name))
        return e


def in_epochs(role: str, text: str) -> bool:
    """Whether a description says something in epochs."""
    kinds = entries(role) + (entries("constraint") if role == "penalty" else [])
    names = {a.name for e in kinds if [e.name] == text.split()[:1] for a in e.attributes}
    return any(_core.spec_find(role, text, name)[1].given for name in names & TIMES)


def metric_name(spec: str) -> str:
    """What the figure of a metric is called: its own name, or what name= gives."""
    words = spec.split()
    return next((w.removeprefix("name=") for w in words if w.startswith("name=")), words[0] if words else "")


def number(x: Any) -> float:
    return math.nan if x is None else float(x)


def cells_of(plan: _core.Plan, line: Line) -> list[Cell]:
    """Each penalty, followed by the density of what it is on; then the densities of other layers."""
    density = {layer["name"]: number(layer.get("density")) for layer in line.get("layers", ())}
    prox = {t.name for t in plan.terms() if t.prox}
    cells: list[Cell] = []

    def add(on: str, value: float) -> None:
        if not any(c.density and c.label == on for c in cells):
            cells.append(Cell(on, value, True))

    for t in line.get("terms", ()):
        if t["value"] is not None:
            cells.append(Cell(t["name"], t["value"]))
        if t["on"] in density:
            add(t["on"], density[t["on"]])
        elif t.get("density") is not None and ("target" in t or t["name"] in prox):
            add(t["on"], t["density"])
    for name, value in density.items():
        add(name, value)
    return cells


def line_of(plan: _core.Plan, what: str, **stamp: Any) -> Line:
    """A record of the plan."""
    line: Line = json.loads(plan.record(what, **stamp))
    return line
