"""The record of a run: what ``run.json`` and ``config.yaml`` say of it, from which ``tacet report`` makes its page."""

from __future__ import annotations

import html
import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _core
from ._program import program
from .batches import Rows
from .description import short

if TYPE_CHECKING:
    from .training import Training

Settings = Mapping[str, Any]


def now() -> str:
    """The time, as a record has it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def machine() -> dict[str, str]:
    """What the library runs on."""
    return dict(line.split(": ", 1) for line in _core.machine().splitlines() if ": " in line)


def path_of(path: str) -> str | dict[str, str]:
    """A path as a record has it; one that is not UTF-8, and so no text in JSON, by its bytes."""
    try:
        path.encode()
        return path
    except UnicodeEncodeError:
        return {"bytes": os.fsencode(path).hex()}


def record_of(t: Training, state: str, began: str) -> dict[str, Any]:
    """run.json of a run; the state is "running", "ended", "stopped" or "failed"."""
    plan, about = t.net.plan, machine()
    record: dict[str, Any] = {"tacet": about.get("tacet", ""), "state": state, "began": began}
    if state != "running":
        record["ended"] = now()
    record |= {"folders": [path_of(os.getcwd())], "threads": t.net.threads, "machine": about, "rows": t.rows}
    if isinstance(t.feed, Rows):
        record["input"] = list(t.feed.data.info.stored_shape)
    if t.feed.steps:
        record["steps_per_epoch"] = t.feed.steps
    record |= json.loads(plan.record("network")) | {"metric": t.settings.metric} | json.loads(plan.record("metrics"))
    if t.classes:
        record["classes"] = t.classes
    return record


def config_of(t: Training) -> Settings:
    """The settings of a run, as a configuration has them."""
    net, s = t.net, t.settings
    return {
        "model": net.layers, "loss": net.loss, "penalties": short(net.penalties), "parameters": short(net.parameters),
        "optimizer": net.optimizer, "data": t.feed.data.info.spec if isinstance(t.feed, Rows) else "batches",
        "augment": s.augment, "target": net.target, "metrics": net.metrics,
        "train": {
            "epochs": s.epochs, "batch": s.batch, "accumulate": s.accumulate, "seed": net.seed, "validate": s.share,
            "metric": s.metric, "patience": s.patience, "ema": s.ema, "steps": s.steps, "shuffle": s.shuffle,
            "sparse": net.sparse, "ledger": net.ledger, "checkpoint": s.checkpoint, "log": s.log,
        },
    }


# ---- YAML ------------------------------------------------------------------------------------------------------------


def config_text(settings: Settings) -> str:
    """config.yaml of a run."""
    return "# The run's configuration, as tacetnn.Network.fit had it.\n" + yaml(settings)


def yaml(settings: Settings, indent: str = "") -> str:
    """A configuration as YAML; what is not set is left out."""
    text = ""
    for key, value in settings.items():
        head = f"{indent}{scalar(key)}:"
        if value is None or value == "" or value == {}:
            continue
        if isinstance(value, Mapping):
            text += f"{head}\n{yaml(value, indent + '  ')}"
        elif isinstance(value, Sequence) and not isinstance(value, str):
            text += f"{head}\n" + "".join(f"{indent}  - {scalar(v)}\n" for v in value)
        else:
            text += f"{head} {scalar(value)}\n"
    return text


def scalar(value: Any) -> str:
    """A value in YAML: a quoted text of JSON is one in YAML, too."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    plain = text.isascii() and text[:1].isalnum() and text == text.strip() and text.lower() != "null"
    plain = plain and all(c.isalnum() or c in " _.=|+-/*" for c in text)
    return text if plain else json.dumps(text, ensure_ascii=False)


# ---- The page --------------------------------------------------------------------------------------------------------


def write_page(folder: str, to: str) -> None:
    """Writes the page of the run in a folder."""
    parent, name = os.path.split(os.path.abspath(folder))  # whose name is the title
    command = [os.fspath(program()), "report", name, "--out", os.path.abspath(to)]
    done = subprocess.run(command, cwd=parent, capture_output=True, text=True)
    if done.returncode and "report: " not in done.stderr + done.stdout:  # otherwise the page says what it lacks
        raise OSError(done.stderr.strip() or f"tacet report failed: {done.returncode}")


def frame(page: str) -> str:
    """A page inside another one, which it cannot change."""
    return (f'<iframe sandbox srcdoc="{html.escape(page)}" title="report" '
            'style="width: 100%; height: 60em; border: 1px solid #8888"></iframe>')
