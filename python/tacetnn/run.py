"""Run: what a fit has done, epoch by epoch."""

from __future__ import annotations

import html
import json
import os
import tempfile
import weakref
from threading import get_ident
from typing import TYPE_CHECKING, Any

from . import record
from .arrays import Array

if TYPE_CHECKING:
    from .network import Network

Line = dict[str, Any]


class TrainingWarning(UserWarning):
    """What the ledger has found during a fit: units that never fire, a penalty without effect, a target that was
    missed."""


class Run:
    """What a fit has done.

    Attributes
    ----------
    ledger : list of dict
        A record of each epoch: the lines that ``tacet train`` writes to ``metrics.jsonl``.
    steps_log : list of dict
        A record of every 100th step (``log``).
    figures : dict
        The record of the last epoch, empty before the first has ended.
    test : dict
        The figures that the run ended with on the test part of the data; empty if x has none.
    warnings : list of dict
        What the ledger has warned of, each once: ``on``, ``kind`` and ``text``.
    best_epoch : int
        The epoch, from 1, that was the best by ``metric`` on the validation data; 0 without any.
    best : dict of str to ndarray, or None
        The network of that epoch, for ``net.load_state_dict``.
    average : dict of str to ndarray, or None
        The network with the averages of its weights (``ema``), for ``net.load_state_dict``.
    epoch, step : int
        The epoch, from 1, and the steps done so far.
    seconds : float
        How long the fit took.
    stopped : str or None
        Why it ended early: ``"patience"``, ``"callback"`` (`stop` was called) or ``"interrupted"`` (Ctrl-C, or an
        exception); None if all epochs were done.

    Examples
    --------
    >>> import numpy as np, tacetnn as tn
    >>> x = np.random.default_rng(0).standard_normal((200, 8), dtype=np.float32)
    >>> net = tn.Network("linear 3 | linear 8", input=8, target="x", loss="mse", optimizer="adam lr=0.01")
    >>> run = net.fit(x, epochs=5, validation=0.2, progress=False)
    >>> [line["epoch"] for line in run.ledger], sorted(run.best)[:2]
    ([1, 2, 3, 4, 5], ['linear1.bias', 'linear1.weight'])
    >>> losses = [line["validation"]["data_loss"] for line in run.ledger]
    >>> run.best_epoch == 1 + losses.index(min(losses))
    True
    """

    def __init__(self, net: Network) -> None:
        # The network holds this run: with another kind of reference, neither would be freed at once.
        self._net: weakref.ref[Network] | None = weakref.ref(net)
        self.ledger: list[Line] = []
        self.steps_log: list[Line] = []
        self.warnings: list[Line] = []
        self.test: Line = {}
        self.best_epoch = 0
        self.best: dict[str, Array] | None = None
        self.average: dict[str, Array] | None = None
        self.epoch = self.step = 0
        self.seconds = 0.0
        self.stopped: str | None = None
        self.asked_to_stop = False
        self.thread = get_ident()
        self.config: record.Settings = {}
        self.record: Line = {}

    @property
    def figures(self) -> Line:
        return self.ledger[-1] if self.ledger else {}

    def stop(self) -> None:
        """Ends the fit after the current step; for ``on_epoch`` and ``on_step``."""
        self.asked_to_stop = True

    def report(self, path: str | os.PathLike[str] = "report.html") -> None:
        """Writes the page of the run, as ``tacet report`` does.

        Parameters
        ----------
        path : str or path
            The file, which is replaced: one HTML page without scripts, which needs no other file.

        Raises
        ------
        FileNotFoundError
            If the program ``tacet`` is not there.
        """
        with tempfile.TemporaryDirectory() as parent:
            folder = os.path.join(parent, "run")
            self.save(folder)
            record.write_page(folder, os.fspath(path))

    def save(self, folder: str) -> None:
        """Writes the files that a page is made from."""
        os.mkdir(folder)
        lines = sorted(self.steps_log + self.ledger, key=lambda line: (line["step"], "layers" in line))
        texts = {"run.json": json.dumps(self.record), "config.yaml": record.config_text(self.config),
                 "metrics.jsonl": "".join(json.dumps(line) + "\n" for line in lines)}
        for name, text in texts.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8", errors="surrogateescape") as f:
                f.write(text)
        net = self._net() if self._net else None
        if net is not None and net.run is self:  # otherwise its weights are those of a later run
            net.save(os.path.join(folder, "model.safetensors"))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_net": None}

    def _repr_html_(self) -> str:
        with tempfile.TemporaryDirectory() as parent:
            path = os.path.join(parent, "report.html")
            try:
                self.report(path)
            except OSError:
                return f"<p>{html.escape(repr(self))}</p>{table(self.ledger)}"
            with open(path, encoding="utf-8") as f:
                return record.frame(f.read())

    def __repr__(self) -> str:
        return f"<Run: {counted(len(self.ledger), 'epoch')}, {counted(self.step, 'step')}{said(self.figures)}>"


def counted(n: int, what: str) -> str:
    """ "1 epoch", "12,000 steps"."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def said(line: Line) -> str:
    """The losses of a line, for people."""
    validation = line.get("validation") or {}
    shown = {"loss": line.get("data_loss"), "validation loss": validation.get("data_loss")}
    return "".join(f", {name} {value:.4g}" for name, value in shown.items() if value is not None)


def table(lines: list[Line]) -> str:
    """The epochs as a table of HTML."""
    head = ["epoch", "loss", "objective", "validation loss"]
    rows = [[line["epoch"], line["data_loss"], line["objective"], (line.get("validation") or {}).get("data_loss")]
            for line in lines]
    texts = [["" if x is None else f"{x:.4g}" for x in row] for row in rows]
    cells = "".join(f"<tr>{''.join(f'<td>{text}</td>' for text in row)}</tr>" for row in texts)
    return f"<table><tr>{''.join(f'<th>{h}</th>' for h in head)}</tr>{cells}</table>"
