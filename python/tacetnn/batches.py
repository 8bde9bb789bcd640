"""Where the rows of a fit come from: arrays and files, which the library's loader draws from, or batches that the
caller makes. A feed gives a plan the batches of one epoch after another.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from itertools import islice
from typing import TYPE_CHECKING, Any

from . import _core
from .arrays import Array, numbers, rows_of

if TYPE_CHECKING:
    from .network import Network

SLICE = 0.05
"""Seconds after which a call returns to Python, so that Ctrl-C is noticed."""


class Rows:
    """Rows that a loader draws from data."""

    def __init__(self, net: Network, data: _core.Data, batch: int, *, seed: int = 0, shuffle: bool = False,
                 augment: str = "", accumulate: int = 1) -> None:
        self.net, self.data, self.batch, self.accumulate = net, data, batch, accumulate
        self.loader = _core.Loader(data, batch, seed, shuffle, augment or None)
        self.batches: int = self.loader.batches
        self.steps = math.ceil(self.batches / accumulate)

    def begin(self, epoch: int) -> None:
        """Goes to the beginning of an epoch, from 0."""
        self.loader.seek(epoch, 0)

    @property
    def over(self) -> bool:
        """Whether the epoch has no batch left."""
        return bool(self.loader.tell()[1] >= self.batches)

    @property
    def begun(self) -> bool:
        """Whether a step of the epoch has been made."""
        return bool(self.loader.tell()[1])

    def train(self, plan: _core.Plan, most: int) -> int:
        """Makes steps for a short time, at most that many of this epoch. Returns how many."""
        left = math.ceil((self.batches - self.loader.tell()[1]) / self.accumulate)
        done, _ = plan.train(self.loader, "x", self._target, min(most, left), SLICE)
        return int(done)

    def evaluate(self, plan: _core.Plan, output: Any) -> Any:
        """The figures of all rows."""
        self.loader.seek(0, 0)
        plan.evaluate_begin(self.net.aim, output)
        over = False
        while not over:
            _, over = plan.evaluate_batches(self.loader, "x", self._target, seconds=SLICE)
        return plan.evaluate_end()

    @property
    def whole(self) -> Rows | None:
        """The same rows, in their order and as they are."""
        return Rows(self.net, self.data, self.batch)

    @property
    def _target(self) -> str | None:
        return None if self.net.aim == "x" else self.net.aim


class Batches:
    """Batches that the caller makes: an iterable of x, (x, y) or {"x": x, "target": y}, or a function that returns one
    for each epoch. Every batch is a step, whatever its size, or `accumulate` of them are.
    """

    def __init__(self, net: Network, source: Iterable[Any] | Callable[[], Iterable[Any]], what: str = "x",
                 accumulate: int = 1) -> None:
        self.net, self.source, self.what, self.accumulate = net, source, what, accumulate
        self.grow: Callable[[int], None] = lambda rows: None
        """Is called with the rows of a batch that the plan is too small for."""
        self.batches = length(source)
        self.steps = math.ceil(self.batches / accumulate)
        self.over = False
        self.epoch = self.position = 0
        self.whole = None
        """Its batches may not be the same again."""
        self._iterator: Iterator[Any] = iter(())
        self._next: list[dict[str, Array]] = []
        """The batches of the next step."""

    @property
    def once(self) -> bool:
        """Whether its batches can be had only once."""
        return isinstance(self.source, Iterator)

    def begin(self, epoch: int) -> None:
        """Begins an epoch, from 0."""
        self._iterator = iter(self.source() if callable(self.source) else self.source)
        self.epoch, self.position, self.over, self._next = epoch, 0, False, []
        if not self._peek():
            end = (": it is an iterator, whose batches can be had only once; a function that returns a new iterator is "
                   "called for each epoch")
            raise ValueError(f"{self.what} gave no batch in epoch {epoch + 1}{end if self.once else ''}")

    @property
    def done(self) -> int:
        """Batches of the epoch that have been learned."""
        return self.position - len(self._next)

    @property
    def begun(self) -> bool:
        """Whether a step of the epoch has been made."""
        return self.done > 0

    def skip(self, epoch: int, done: int) -> None:
        """Goes to the place at which so many batches of an epoch had been learned."""
        self.begin(epoch)
        for _ in range(done - len(self._next)):
            next(self._iterator, None)
            self.position += 1
        if done:
            self._next = []
            self.over = self.position == self.batches or not self._peek()

    @property
    def weighed(self) -> bool:
        """Whether the batch that comes next has weights."""
        return bool(self._next) and "sample_weight" in self._next[0]

    @property
    def rows(self) -> Array | None:
        """The rows of the batch that comes next."""
        return self._next[0]["x"] if self._next else None

    @property
    def first(self) -> int:
        """Rows of the batch that comes next."""
        return len(self._next[0]["x"]) if self._next else 0

    def train(self, plan: _core.Plan, most: int) -> int:
        """Makes steps for a short time, at most that many of this epoch. Returns how many."""
        end = time.monotonic() + SLICE
        done = 0
        while done < most and not self.over and (done == 0 or time.monotonic() < end):
            feeds = self._peek()
            self.over = not feeds
            if feeds:
                most_rows = max(len(feed["x"]) for feed in feeds)
                if most_rows > self.net.batch:
                    self.grow(most_rows)
                self._learn(self.net.plan, feeds)
                self._next = []  # only now: the batches of a step that failed have not been learned
                self.net.remember(feeds[-1]["x"], feeds[-1].get("target"), fitted=True)
                self.over = self.position == self.batches
                done += 1
        return done

    def _learn(self, plan: _core.Plan, feeds: list[dict[str, Array]]) -> None:
        """Makes one step of some batches."""
        rows = sum(len(feed["x"]) for feed in feeds)
        for feed in feeds if len(feeds) > 1 and plan.weighs else []:
            self.net.feed(plan, feed)
            plan.weigh()
        for feed in feeds[:-1]:
            self.net.feed(plan, feed)
            plan.accumulate(rows)
        self.net.feed(plan, feeds[-1])
        plan.step()

    def evaluate(self, plan: _core.Plan, output: Any) -> Any:
        """The figures of all rows."""
        self.begin(0)
        plan.evaluate_begin(self.net.aim, output)
        while feeds := self._peek():
            self._next = []
            for part in (part for feed in feeds for part in pieces(feed, self.net.batch)):
                self.net.feed(plan, part)
                plan.evaluate_batch()
        return plan.evaluate_end()

    def _peek(self) -> list[dict[str, Array]]:
        """The batches of the next step."""
        if not self._next:
            for batch in islice(self._iterator, self.accumulate):
                self._next.append(self._feed_of(batch))
                self.position += 1
        return self._next

    def _feed_of(self, batch: Any) -> dict[str, Array]:
        where = f"batch {self.position + 1} of {self.what}"
        x, y, weight = parts_of(batch, where)
        if self.net.aim != "x" and y is None:
            raise ValueError(f"{where} has no targets: it should be (x, y). If x is not a list of batches but rows: "
                             "fit(x, y)")
        feed = self.net.pair(x, y)
        if len(feed["x"]) == 0:
            raise ValueError(f"{where} has no rows")
        if weight is not None:
            feed["sample_weight"] = rows_of(numbers(weight, "sample_weight"), (1,), "sample_weight")
            if len(feed["sample_weight"]) != len(feed["x"]):
                raise ValueError(f"{where} has {len(feed['x'])} rows, but {len(feed['sample_weight'])} weights")
        return feed


Feed = Rows | Batches


def length(source: object) -> int:
    """How many batches there are; 0 if it does not say."""
    try:
        return len(source) if isinstance(source, Sized) else 0
    except TypeError:  # a DataLoader of a Dataset that is only iterable
        return 0


def pieces(feed: dict[str, Array], most: int) -> Iterator[dict[str, Array]]:
    """The rows of a batch, at most that many at a time."""
    for i in range(0, len(feed["x"]), most):
        yield {name: rows[i : i + most] for name, rows in feed.items()}


def parts_of(batch: Any, where: str) -> tuple[Any, Any, Any]:
    """x, y and the weights of rows of a batch; y and the weights may be None."""
    if isinstance(batch, Mapping):
        unknown = [str(k) for k in batch if k not in ("x", "target", "sample_weight")]
        if unknown or "x" not in batch:
            raise ValueError(f'{where} should have the keys "x" and "target", and perhaps "sample_weight", not '
                             f'{", ".join(map(str, batch))}')
        return batch["x"], batch.get("target"), batch.get("sample_weight")
    if isinstance(batch, list | tuple):
        if len(batch) not in (1, 2, 3):
            raise ValueError(f"{where} should be x, (x, y), (x, y, sample_weight) or a dictionary, not {len(batch)} "
                             "things")
        return tuple(batch) + (None,) * (3 - len(batch))
    return batch, None, None


def each_x(source: Iterable[Any] | Callable[[], Iterable[Any]]) -> Iterator[Any]:
    """The rows of each batch."""
    at = 0
    for at, batch in enumerate(source() if callable(source) else source, 1):
        yield parts_of(batch, f"batch {at} of x")[0]
    if not at:
        raise ValueError("x gave no batch")


def depth(x: Any) -> int:
    """How many dimensions an array, or a list of lists, has."""
    if hasattr(x, "shape"):
        return len(x.shape)
    return 1 + depth(x[0]) if isinstance(x, list | tuple) and len(x) else 0


def is_batches(x: Any, rank: int) -> bool:
    """Whether x is batches rather than an array; `rank` is that of a row. In a list, what is deeper than a row is a
    batch."""
    if isinstance(x, list | tuple):
        return len(x) > 0 and (isinstance(x[0], Mapping) or depth(x[0]) > rank)
    if any(hasattr(x, name) for name in ("shape", "to_numpy", "__array__", "__dlpack__")):
        return False
    return callable(x) or hasattr(x, "__iter__") and not isinstance(x, bytes | bytearray | memoryview | str | Mapping)
