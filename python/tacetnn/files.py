"""Files: what a saved network says of itself, beside its description and its weights, and a network made of a file."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from . import _core
from .description import of_graph, value_of

if TYPE_CHECKING:
    from .network import Network


def notes_of(net: Network) -> dict[str, str]:
    """What a file says of the network, in addition to its description."""
    notes = {"data": net.source, "schema": net.schema, "output": value_of(net.plan, net.output).name,
             "batch": str(net.batch), "metrics": net.metrics, "optimizer": net.optimizer, "seed": str(net.seed),
             "layout": net.layout, "at_most_one": "1" if net.at_most_one else ""}
    return {key: text for key, text in notes.items() if text}


def load(cls: type[Network], path: str | os.PathLike[str], settings: dict[str, Any]) -> Network:
    """The network in a file; see `Network.load`."""
    file = _core.File(os.path.join(path, "model.safetensors") if os.path.isdir(path) else path)
    keys = "optimizer", "metrics", "seed", "layout", "batch", "schema", "data", "at_most_one"
    notes = {key: file.note(key) or "" for key in keys}
    layout = json.loads(notes["schema"] or "{}").get("layout") or notes["layout"] or "hwc"
    graph = _core.Graph()
    for own in settings.get("operators", ()):
        own.add(graph)
    file.describe(graph)
    known = of_graph(graph, str(path), layout)
    known |= {"optimizer": notes["optimizer"], "metrics": notes["metrics"], "seed": int(notes["seed"] or 0)}
    net = cls(**known | settings)
    net.compile(batch=int(notes["batch"] or 128), training=False)
    file.load(net.plan)
    net.schema, net.source, net.at_most_one = notes["schema"], notes["data"], notes["at_most_one"] == "1"
    return net
