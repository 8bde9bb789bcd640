"""What a fit with ``out`` keeps in the folder of its run, and how such a run is continued: as ``tacet train --resume``
does, with the same bits as without a stop.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import _core
from .batches import Batches, Rows
from .files import notes_of
from .folder import Folder, written
from ._program import program
from .record import config_of, config_text, record_of, write_page
from .run import Line

if TYPE_CHECKING:
    from .training import Training


@contextlib.contextmanager
def averages(plan: _core.Plan) -> Iterator[None]:
    """The averages of the weights are in their place."""
    plan.use_average(True)
    try:
        yield
    finally:
        plan.use_average(False)


class Kept:
    """The folder of a run, which may hold the beginning of it."""

    def __init__(self, training: Training, path: str | os.PathLike[str], resume: bool) -> None:
        self.training = training
        self.folder = Folder(path, resume)

    # ---- Begin ----

    def begin(self) -> None:
        """Begins the run, or continues it."""
        try:
            if self.folder.begun:
                self.resume()
            else:
                self.folder.open_metrics(0)
                self.write_config()
                self.checkpoint()
            t = self.training
            t.began = self.began() or t.began
            self.record(record_of(t, "running", t.began))
            with contextlib.suppress(FileNotFoundError):  # of another network than the one that the run goes on to
                os.unlink(self.folder.at("samples.safetensors"))
        except BaseException:
            self.folder.close()
            raise

    def resume(self) -> None:
        """Continues from the checkpoint; refuses that of a run with other settings, before anything is changed."""
        t, folder = self.training, self.folder
        file = _core.File(folder.at("checkpoint.safetensors"))
        length, seconds, best = (file.note(key) for key in ("run.metrics", "run.seconds", "run.best"))
        if length is None or seconds is None or best is None:
            raise ValueError(f"{folder.at('checkpoint.safetensors')} is not a checkpoint of a fit: it lacks notes")
        for key, own in self.fixed.items():
            if (theirs := file.note(key) or "") != own:
                begun, wanted = (f'"{text}"' if text else f"no {key.rpartition('.')[2]}" for text in (theirs, own))
                raise ValueError(f"{folder.path} was begun with {begun}, not with {wanted}: a run keeps the settings "
                                 "it was begun with")
        t.net.plan.resume(file, t.feed.loader if isinstance(t.feed, Rows) else None)
        lines = folder.open_metrics(int(length))
        self.write_config()
        t.spent = float.fromhex(seconds)
        t.best = float.fromhex(best)
        t.waited = int(file.note("run.waited") or 0)
        t.run.best_epoch = int(file.note("run.best_epoch") or 0)
        t.run.ledger = [line for line in lines if "layers" in line]
        t.run.steps_log = [line for line in lines if "layers" not in line]
        t.run.step = t.first = t.net.plan.steps
        self.find_place(file)
        self.find_best()
        self.compare_length(file.note("run.length"))
        t.progress.say(f"resumed {folder.path} at step {t.run.step}")

    def find_place(self, file: _core.File) -> None:
        """Goes to the epoch, and the batch in it, at which the checkpoint was written."""
        t = self.training
        if isinstance(t.feed, Batches):
            epoch, done = (int(n) for n in (file.note("run.place") or "0 0").split())
            t.feed.skip(epoch, done)
        else:
            epoch, _ = t.feed.loader.tell()
        for line in t.run.ledger:
            t.run.warnings += [w for w in line["warnings"] if not t.known(w)]
        t.epoch, t.run.epoch = epoch, epoch + 1

    def find_best(self) -> None:
        """Takes over the network of the best epoch."""
        t, path = self.training, self.folder.at("best.safetensors")
        if not math.isfinite(t.best):
            t.run.best_epoch = 0
        elif t.feed.over and t.run.best_epoch == t.run.epoch:  # the run may have been killed before it was written
            self.best()
            t.run.best = t.net.state_dict()
        elif os.path.exists(path):
            file = _core.File(path)
            tensors = (file.tensor(i) for i in range(file.count))
            t.run.best = {name: array for name, _, array in tensors if array is not None}

    def compare_length(self, before: str | None) -> None:
        """Warns if the run gets another length and something in it depends on that."""
        t, plan = self.training, self.training.net.plan
        now = f"{t.length:g}"
        what = [f"the lambda of {term.name}" for term in plan.terms() if plan.depends_on_length(term.name)]
        if plan.depends_on_length():
            what.insert(0, "the learning rate")
        if what and before not in (None, now):
            t.tell(f"{' and '.join(what)} depend{'s' * (len(what) == 1)} on the length of the run, which was {before} "
                   f"epochs and is now {now}: the result is not that of a run of {now} epochs")

    # ---- Files ----

    @property
    def fixed(self) -> dict[str, str]:
        """What a run that is continued must have in common with its beginning, in addition to what the library
        compares."""
        s, net = self.training.settings, self.training.net
        more = (f", accumulate {s.accumulate}" if s.accumulate > 1 else "") + (f", ema {s.ema:g}" if s.ema else "")
        return {"run.begun": f"batch {s.batch}, seed {net.seed}, shuffle {int(s.shuffle)}, validate {s.share:g}{more}",
                "run.metric": s.metric, "tacet.penalties": net.graph.text("penalties")}

    def write_config(self) -> None:
        with written(self.folder.at("config.yaml")) as f:
            f.write(config_text(config_of(self.training)))

    def line(self, text: str) -> None:
        """Adds a line to metrics.jsonl."""
        self.folder.log(text)

    def checkpoint(self) -> None:
        """Writes everything that the rest of the run depends on."""
        t = self.training
        notes = notes_of(t.net) | self.fixed | {
            "run.metrics": str(self.folder.sync()), "run.seconds": t.spent.hex(), "run.best": t.best.hex(),
            "run.best_epoch": str(t.run.best_epoch), "run.waited": str(t.waited), "run.length": f"{t.length:g}",
            "run.order": "2"}
        del notes["tacet.penalties"]  # the library writes it
        loader = None
        if isinstance(t.feed, Rows):
            loader = t.feed.loader
        else:
            notes["run.place"] = f"{t.feed.epoch} {t.feed.done}"
        t.net.plan.checkpoint(self.folder.at("checkpoint.safetensors"), loader, notes)

    def best(self) -> None:
        """Keeps the present network as that of the best epoch."""
        self.training.net.save(self.folder.at("best.safetensors"))

    def model(self) -> None:
        """Keeps the present network, and with ``ema`` the averages of its weights."""
        net = self.training.net
        net.save(self.folder.at("model.safetensors"))
        if self.training.settings.ema:
            with averages(net.plan):
                net.save(self.folder.at("model.ema.safetensors"))

    def record(self, record: Line) -> None:
        """Writes run.json."""
        with written(self.folder.at("run.json")) as f:
            f.write(json.dumps(record, separators=(",", ":")) + "\n")

    def began(self) -> str | None:
        """When the run that the folder holds began."""
        try:
            with open(self.folder.at("run.json"), encoding="utf-8") as f:
                began = json.load(f).get("began")
                return began if isinstance(began, str) else None
        except (OSError, ValueError):
            return None

    def page(self) -> None:
        """Writes the page of the run, if the program that makes it is there: a run without a page has ended, too."""
        try:
            program()
        except FileNotFoundError:
            return
        try:
            write_page(self.folder.at(""), self.folder.at("report.html"))
        except OSError as e:
            self.training.tell(f"the page of the run could not be written: {e}")

    def close(self) -> None:
        self.folder.close()
