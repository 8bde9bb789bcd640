"""Fitting: what is asked of a fit, and the data that it is made on. training.py has the loop."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _core
from .batches import Batches, Feed, Rows, is_batches
from .run import Run
from .training import Training

if TYPE_CHECKING:
    from .network import Network

Callback = Callable[[Run], object]


@dataclass
class Settings:
    """What is asked of a fit, named as the keys of a configuration."""

    epochs: int
    batch: int
    steps: int
    data: str
    augment: str
    share: float
    shuffle: bool
    metric: str
    patience: int
    checkpoint: int
    log: int
    on_epoch: Callback | None
    on_step: Callback | None
    progress: bool | None
    out: str | os.PathLike[str] | None
    resume: bool

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch", 1), ("steps", 0), ("patience", 0), ("checkpoint", 0), ("log", 0)):
            value = getattr(self, name)
            if not hasattr(value, "__index__") or isinstance(value, bool):
                raise TypeError(f"{name} should be a whole number, not {value!r}")
            if value < least:
                raise ValueError(f"{name} should be at least {least}, not {value}")
            setattr(self, name, int(value))
        for name in ("on_epoch", "on_step"):
            if getattr(self, name) is not None and not callable(getattr(self, name)):
                raise TypeError(f"{name} should be a function of the run, not {getattr(self, name)!r}")
        if self.out is None and (self.resume or self.checkpoint):
            raise ValueError(f"{'resume' if self.resume else 'checkpoint'} needs out, the folder of the run")


def fit(net: Network, x: Any, y: Any = None, *, epochs: int | None = None, batch: int = 128, steps: int = 0,
        validation: Any = None, data: str = "", augment: str = "", shuffle: bool = True, metric: str = "data_loss",
        patience: int = 0, on_epoch: Callback | None = None, on_step: Callback | None = None,
        progress: bool | None = None, out: str | os.PathLike[str] | None = None, resume: bool = False,
        checkpoint: int = 0, log: int = 100) -> Run:
    """Trains a network; see `Network.fit`."""
    share = float(validation) if is_share(validation) else 0.0
    settings = Settings(10 if epochs is None else epochs, batch, steps, data, augment, share, shuffle, metric, patience,
                        checkpoint, log, on_epoch, on_step, progress, out, resume)
    if not net.loss or not net.optimizer:
        raise ValueError("the network has no loss or no optimizer to be trained with: Network(..., loss=\"cross_entropy\", "
                         "optimizer=\"adam lr=0.001\")")
    feed, held_out = feeds(net, x, y, settings, None if share else validation)
    if epochs is None and steps and feed.batches:
        settings.epochs = math.ceil(steps / feed.batches)
    if held_out is None and (patience or metric != "data_loss"):
        raise ValueError(f"{'patience' if patience else 'metric'} needs data for validation: validation=0.1 holds a tenth of "
                         "the rows out")
    if isinstance(feed, Batches) and feed.once and settings.epochs > 1 and not steps:
        raise ValueError(f"x is an iterator, whose batches can be had only once, but there are {settings.epochs} epochs: give "
                         "a function that returns a new iterator for each epoch, or epochs=1")
    return conduct(net, feed, held_out, settings)


def conduct(net: Network, feed: Feed, held_out: Feed | None, settings: Settings) -> Run:
    """Makes a run, which the network keeps even if it is interrupted."""
    if net.run is not None and net.run.going:
        raise RuntimeError("this network is being fitted")
    run = Run(net)
    training = Training(net, run, feed, held_out, settings)
    net.run = run
    begun = time.monotonic()
    run.going = True
    try:
        training.begin()
        training.go()
        training.end()
    except BaseException as e:
        run.stopped = "interrupted"
        training.interrupted(e)
        raise
    finally:
        run.going = False
        run.seconds = time.monotonic() - begun
        training.close()
    return run


# ---- Data ------------------------------------------------------------------------------------------------------------


def is_share(validation: Any) -> bool:
    """Whether it is a share of the rows, rather than rows."""
    number = isinstance(validation, int | float) and not isinstance(validation, bool)
    if number and not 0 <= validation < 1:
        raise ValueError(f"validation should be a share from 0 to 1 or (x, y), not {validation}")
    return number


def feeds(net: Network, x: Any, y: Any, s: Settings, validation: Any) -> tuple[Feed, Feed | None]:
    """The feeds of the training data and of the data for validation."""
    if y is None and not isinstance(x, _core.Data) and is_batches(x, len(net.input)):
        given = [name for name in ("share", "data", "augment") if getattr(s, name)]
        if given:
            name = {"share": "a share for validation"}.get(given[0], given[0])
            raise ValueError(f"{name} needs arrays, but x is batches")
        net.learned_from("", "")
        return Batches(net, x), feed_apart(net, validation, s.batch)
    rows = data_of(net, x, y, s.data)
    net.learned_from(rows.schema, rows.info.spec)
    held_out = held_out_of(rows, s.share, net.seed) if s.share else None
    s.batch = min(s.batch, max(d.info.rows for d in (rows, held_out) if d))
    feed = Rows(net, rows, s.batch, seed=net.seed, shuffle=s.shuffle, augment=s.augment)
    return feed, Rows(net, held_out, s.batch) if held_out else feed_apart(net, validation, s.batch)


def feed_apart(net: Network, validation: Any, batch: int) -> Feed | None:
    """The feed of data for validation that are given by themselves."""
    if validation is None or is_share(validation):
        return None
    if isinstance(validation, _core.Data):
        net.seen(validation)
        return Rows(net, validation, batch)
    pair = isinstance(validation, tuple) and len(validation) == 2
    if not pair and is_batches(validation, len(net.input)):
        return Batches(net, validation, "validation")
    return Batches(net, [validation], "validation")


def data_of(net: Network, x: Any, y: Any, options: str) -> _core.Data:
    """Arrays as data that a loader can draw from, which the network remembers."""
    if isinstance(x, _core.Data):
        if y is not None or options:
            raise ValueError(f"{'y' if y is not None else 'data'} cannot be given with data, which have their own")
        net.seen(x)  # which refuses data that do not fit
        net.remember(x, fitted=True)
        return x
    if y is None and net.aim != "x":
        raise ValueError('x has no targets: give y; an autoencoder has target="x"')
    data = net.data(net.seen(x, y), options)
    net.remember(x, y, fitted=True)
    return data


def held_out_of(rows: _core.Data, share: float, seed: int) -> _core.Data:
    return rows.hold_out(share, seed)
