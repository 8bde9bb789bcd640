"""Fitting: what is asked of a fit, and the data that it is made on. training.py has the loop."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from . import _core
from .batches import Batches, Feed, Rows, is_batches
from .description import given as given_in
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
    accumulate: int
    ema: float

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch", 1), ("steps", 0), ("patience", 0), ("checkpoint", 0), ("log", 0),
                            ("accumulate", 1)):
            value = getattr(self, name)
            if not hasattr(value, "__index__") or isinstance(value, bool):
                raise TypeError(f"{name} should be a whole number, not {value!r}")
            if value < least:
                raise ValueError(f"{name} should be at least {least}, not {value}")
            setattr(self, name, int(value))
        if not is_number(self.ema):
            raise TypeError(f"ema should be a number, not {self.ema!r}")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema should be at least 0 and below 1, not {self.ema}")
        for name in ("on_epoch", "on_step"):
            if getattr(self, name) is not None and not callable(getattr(self, name)):
                raise TypeError(f"{name} should be a function of the run, not {getattr(self, name)!r}")
        if self.out is None and (self.resume or self.checkpoint):
            raise ValueError(f"{'resume' if self.resume else 'checkpoint'} needs out, the folder of the run")


def fit(net: Network, x: Any, y: Any = None, *, sample_weight: Any = None, epochs: int | None = None, batch: int = 128,
        steps: int = 0, validation: Any = None, data: str = "", augment: str = "", shuffle: bool = True,
        metric: str = "data_loss", patience: int = 0, on_epoch: Callback | None = None,
        on_step: Callback | None = None, progress: bool | None = None, out: str | os.PathLike[str] | None = None,
        resume: bool = False, checkpoint: int = 0, log: int = 100, accumulate: int = 1, ema: float = 0.0) -> Run:
    """Trains a network; see `Network.fit`."""
    share = float(validation) if is_share(validation) else 0.0
    settings = Settings(10 if epochs is None else epochs, batch, steps, data, augment, share, shuffle, metric, patience,
                        checkpoint, log, on_epoch, on_step, progress, out, resume, accumulate, ema)
    if not net.loss or not net.optimizer:
        raise ValueError("the network has no loss or no optimizer to be trained with: Network(..., "
                         'loss="cross_entropy", optimizer="adam lr=0.001")')
    return conduct(net, x, (y, sample_weight), settings, None if share else validation, epochs is None and steps > 0)


def conduct(net: Network, x: Any, y: tuple[Any, Any], s: Settings, validation: Any, enough: bool) -> Run:
    """Makes a run on a network that no other fit is changing."""
    run = Run(net)
    goes_on: Run = net.__dict__.setdefault("_fits", run)  # in one step, whatever other threads do
    if goes_on is not run:
        raise RuntimeError("this network is being fitted")
    try:
        with net.lock:  # when other threads no longer read the network
            make(net, run, x, y, s, validation, enough)
    finally:
        del net.__dict__["_fits"]
    return run


def make(net: Network, run: Run, x: Any, y: tuple[Any, Any], s: Settings, validation: Any, enough: bool) -> None:
    """Makes a run, which the network keeps even if it is interrupted. y: the targets, and the weights of the rows."""
    begun, training, learned = time.monotonic(), None, (net.schema, net.source, net.weighed, net.balance)
    try:
        training = prepared(net, run, x, y, s, validation, enough)
        training.begin()
        net.run = run
        training.go()
        training.end()
    except BaseException as e:
        if training and net.run is run:
            run.stopped = "interrupted"
            training.interrupted(e)
        else:  # it has not begun
            net.schema, net.source, net.weighed, net.balance = learned
        raise
    finally:
        run.seconds = time.monotonic() - begun
        if training:
            training.close()


def prepared(net: Network, run: Run, x: Any, y: tuple[Any, Any], s: Settings, validation: Any,
             enough: bool) -> Training:
    """A fit that can begin; `enough`: with as many epochs as the steps take."""
    feed, held_out = feeds(net, x, y, s, validation)
    if enough and feed.steps:
        s.epochs = math.ceil(s.steps / feed.steps)
    if held_out is None and (s.patience or s.metric != "data_loss"):
        raise ValueError(f"{'patience' if s.patience else 'metric'} needs data for validation: validation=0.1 holds a "
                         "tenth of the rows out")
    if isinstance(feed, Batches) and feed.once and s.epochs > 1 and not s.steps:
        raise ValueError(f"x is an iterator, whose batches can be had only once, but there are {s.epochs} epochs: give "
                         "a function that returns a new iterator for each epoch, or epochs=1")
    return Training(net, run, feed, held_out, s)


# ---- Data ------------------------------------------------------------------------------------------------------------


def is_number(x: Any) -> bool:
    return isinstance(x, Real) and not isinstance(x, bool)


def is_share(validation: Any) -> bool:
    """Whether it is a share of the rows, rather than rows."""
    number = is_number(validation)
    if number and not 0 <= validation < 1:
        raise ValueError(f"validation should be a share from 0 to 1 or (x, y), not {validation}")
    return number


def feeds(net: Network, x: Any, answers: tuple[Any, Any], s: Settings, validation: Any) -> tuple[Feed, Feed | None]:
    """The feeds of the training data and of the data for validation."""
    y, sample_weight = answers
    if y is None and not isinstance(x, _core.Data) and is_batches(x, len(net.input)):
        given = [name for name in ("share", "data", "augment") if getattr(s, name)]
        if given:
            name = {"share": "a share for validation"}.get(given[0], given[0])
            raise ValueError(f"{name} needs arrays, but x is batches")
        if sample_weight is not None:
            raise ValueError("x is batches, which have their own weights: (x, y, sample_weight)")
        if given_in(net.loss, "class_weight") == "balanced":
            raise ValueError("class_weight=balanced needs arrays, whose labels are counted, but x is batches: give "
                             'numbers, class_weight="1 2 5"')
        batches = Batches(net, x, accumulate=s.accumulate)
        batches.begin(0)
        net.learn_of_batches(batches.rows)
        net.weighed, net.balance = batches.weighed, ""
        s.batch = batches.first
        return batches, feed_of(net, apart(net, validation), s.batch)
    if s.share and isinstance(x, _core.Data):
        x = opened_again(x)
    rows = data_of(net, x, y, s.data, sample_weight)
    held_out = rows.hold_out(s.share, net.seed) if s.share else apart(net, validation)
    net.balance = rows.balance(net.loss) if given_in(net.loss, "class_weight") == "balanced" else ""
    s.batch = min(s.batch, max(d.info.rows for d in (rows, held_out) if isinstance(d, _core.Data)))
    feed = Rows(net, rows, s.batch, seed=net.seed, shuffle=s.shuffle, augment=s.augment,
                accumulate=s.accumulate)
    return feed, feed_of(net, held_out, s.batch)


def feed_of(net: Network, data: _core.Data | Batches | None, batch: int) -> Feed | None:
    """The feed of data for validation, whose weights count although the rows of the fit may have none."""
    if not isinstance(data, _core.Data):
        return data
    net.weighed = net.weighed or data.info.weighed
    return Rows(net, data, batch)


def apart(net: Network, validation: Any) -> _core.Data | Batches | None:
    """Data for validation that are given by themselves."""
    if validation is None or is_share(validation):
        return None
    pair = isinstance(validation, tuple) and len(validation) in (2, 3)
    if not pair and not isinstance(validation, _core.Data) and is_batches(validation, len(net.input)):
        batches = Batches(net, validation, "validation")
        if batches.once:
            raise ValueError("validation is an iterator, whose batches can be had only once: give a list, or a "
                             "function that returns a new iterator")
        return batches
    try:
        if not pair:
            return net.seen(validation)
        x, y, *weight = validation
        return net.seen(x, y, sample_weight=weight[0] if weight else None)
    except (ValueError, TypeError) as error:
        error.add_note("x and y are those of validation=")
        raise


def data_of(net: Network, x: Any, y: Any, options: str, sample_weight: Any = None) -> _core.Data:
    """Arrays as data that a loader can draw from, which the network remembers."""
    if isinstance(x, _core.Data) and (y is not None or options):
        raise ValueError(f"{'y' if y is not None else 'data'} cannot be given with data, which have their own")
    if hasattr(x, "__getitem__") and not hasattr(x, "__iter__"):
        raise TypeError(f"x should be arrays, data or batches, not {type(x).__name__}: of a Dataset of PyTorch, "
                        "DataLoader(x, batch_size=128) makes batches")
    if y is None and not isinstance(x, _core.Data) and net.aim != "x":
        raise ValueError('x has no targets: give y; an autoencoder has target="x"')
    if isinstance(x, _core.Data) and sample_weight is not None:
        raise ValueError("sample_weight cannot be given with data, which have their own: data.weigh(sample_weight)")
    data = net.learn_from(x, y, options, sample_weight)
    net.remember(x, y, fitted=True)
    return data


def opened_again(data: _core.Data) -> _core.Data:
    """The same data, of which rows can be held out without taking them from the caller's."""
    spec = data.info.spec
    if spec.split()[:1] == ["arrays"]:
        raise ValueError("a share of data in memory cannot be held out again for each fit: give the arrays, or "
                         "validation=data.hold_out(0.1)")
    return _core.Data.open(spec)
