"""Pages: what a notebook shows of a network.

The colours are those of the text around the page, so that it is readable on dark and on light.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .network import Network

STYLE = """<style>
.tacetnn table { border-collapse: collapse; margin: 0.4em 0; color: inherit; background: transparent }
.tacetnn th, .tacetnn td { text-align: left; padding: 0.15em 0.8em; border: 0; color: inherit; background: transparent;
  border-bottom: 1px solid rgba(128, 128, 128, 0.35); vertical-align: top }
.tacetnn .n { text-align: right; font-variant-numeric: tabular-nums }
</style>"""

HEAD = ("layer", "", "shape", "parameters", "penalties")


def network_html(net: Network) -> str:
    """A table of the layers: name, description, shape of the output, parameters, penalties."""
    values = net.plan.values()
    terms = [t for t in net.plan.terms() if t.role != "loss"]
    rows: list[Sequence[str]] = []
    for v in values:
        if v.role not in ("input", "layer") or v.name == "target":
            continue
        own = [p for p in values if p.role == "parameter" and p.owner == v.value]
        names = {v.name, *(p.name for p in own)}
        on = [t for t in terms if t.on in names]
        rows.append((v.name, v.spec, " × ".join(map(str, v.shape)) or "1",
                     f"{sum(p.elements for p in own):,}" if own else "",
                     "; ".join(t.spec if t.on == v.name else f"{t.on}: {t.spec}" for t in on)))
        terms = [t for t in terms if t not in on]
    parameters = sum(v.elements for v in values if v.role == "parameter")
    facts = [f"loss: {net.loss}"] * bool(net.loss) + [f"optimizer: {net.optimizer}"] * bool(net.optimizer)
    facts += [f"{t.on}: {t.spec}" for t in terms]
    head = "".join(f"<th{' class=n' if name == 'parameters' else ''}>{name}</th>" for name in HEAD)
    body = "".join(f"<tr>{''.join(map(_cell, HEAD, row))}</tr>" for row in rows)
    return (f"<div class=tacetnn>{STYLE}<table><tr>{head}</tr>{body}</table>"
            f"{escape('; '.join([f'{parameters:,} parameters', *facts]))}</div>")


def _cell(head: str, text: str) -> str:
    return f"<td{' class=n' if head == 'parameters' else ''}>{escape(text)}</td>"
