"""Fitting: the loop over epochs, and Run, what it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _core

if TYPE_CHECKING:
    from .network import Network

SLICE = 0.05
"""Seconds after which a call returns to Python, so that Ctrl-C is noticed."""


class Run:
    """What a fit has done: a record of each epoch."""

    def __init__(self) -> None:
        self.ledger: list[dict[str, Any]] = []


def fit(net: Network, x: Any, y: Any = None, *, epochs: int = 10, batch: int = 128, validation: float = 0,
        shuffle: bool = True) -> Run:
    """Trains a network on rows in memory."""
    rows = net.rows(x)
    target = None if net.target == "x" else net.targets(y)
    data = _core.Data.arrays(rows, target, labels=net.needs_labels and target is not None)
    held_out = data.hold_out(validation, net.seed) if validation else None
    batch = min(batch, data.info.rows)
    loader = _core.Loader(data, batch, net.seed, shuffle)
    net.compile(batch, epochs, loader.batches)
    run = Run()
    aim = "x" if net.target == "x" else "target"
    for epoch in range(1, epochs + 1):
        net.plan.ledger_reset()
        over = False
        while not over:
            _, over = net.plan.train(loader, "x", None if aim == "x" else aim, seconds=SLICE)
        total = net.plan.ledger_total()
        line: dict[str, Any] = {"epoch": epoch, "objective": total.objective, "data_loss": total.data_loss}
        if held_out:
            line["validation"] = evaluate(net, held_out, aim)
        run.ledger.append(line)
    return run


def evaluate(net: Network, data: _core.Data, aim: str) -> dict[str, Any]:
    """The figures of all rows of the data."""
    loader = _core.Loader(data, net.batch, shuffle=False)
    net.plan.evaluate_begin(aim, net.output)
    over = False
    while not over:
        _, over = net.plan.evaluate_batches(loader, "x", None if aim == "x" else aim, seconds=SLICE)
    result = net.plan.evaluate_end()
    return {"data_loss": result.data_loss, "objective": result.objective, "accuracy": result.accuracy}
