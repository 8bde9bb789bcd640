#!/bin/sh
# timeout 300
# The networks of examples/networks and PyTorch: each module loads the model that Tacet has trained, with
# load_state_dict(strict=True), and a run of Tacet starts from each module's state dict; in both directions the outputs
# are the same. Skipped if python3 has no torch.
set -eu
python=/usr/bin/python3
"$python" -c 'import torch, numpy' 2>/dev/null || { echo "no torch for $python: skipped" && exit 77; }
[ -x "$TACET" ] || { echo "no program $TACET: skipped" && exit 77; }
[ -z "${TACET_SANITIZE:-}" ] || { echo "takes minutes with sanitizers: skipped" && exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
PYTHONDONTWRITEBYTECODE=1 "$python" - <<'PYTHON'
import json
import os
import subprocess
import sys

import numpy as np
import torch

source = os.environ["TACET_SOURCE"]
sys.path.insert(0, os.path.join(source, "examples", "networks"))
import networks

NETWORKS = {"lenet": networks.LeNet, "vgg11": networks.VGG11, "resnet20": networks.ResNet20,
            "resnet20_a": lambda: networks.ResNet20("A"), "mobilenet_v2": networks.MobileNetV2}
TYPES = {torch.float32: ("F32", "<f4"), torch.int64: ("I64", "<i8")}


def load_file(path):  # replaces safetensors.torch.load_file, which may not be installed
    blob = open(path, "rb").read()
    start = 8 + int.from_bytes(blob[:8], "little")
    head = json.loads(blob[8:start])
    head.pop("__metadata__", None)
    return {name: torch.from_numpy(np.frombuffer(blob[start:][slice(*t["data_offsets"])], "<f4").copy()).view(t["shape"])
            for name, t in head.items()}


def save_file(tensors, path):
    head, data = {}, b""
    for name, t in tensors.items():
        kind, code = TYPES[t.dtype]
        piece = t.numpy().astype(code).tobytes()
        head[name] = {"dtype": kind, "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    text = json.dumps(head).encode()
    open(path, "wb").write(len(text).to_bytes(8, "little") + text + data)


def tacet(*words):
    subprocess.run([os.environ["TACET"], *words], check=True, stdout=subprocess.DEVNULL)


def compare(name, module, x):
    """The outputs of the model that Tacet has written, in Tacet and in the module."""
    tacet("predict", "run/model.safetensors", "--data", "npy x=x.npy layout=hwc", "--out", "y.npy")
    module.eval()
    with torch.no_grad():
        wanted = module(torch.from_numpy(x).movedim(3, 1))
    far = float(torch.norm(torch.from_numpy(np.load("y.npy")) - wanted) / torch.norm(wanted))
    print("%s: outputs differ by %.1e" % (name, far))
    if not far < 1e-5:
        sys.exit(1)


rng = np.random.RandomState(3)
x = rng.uniform(0, 1, (24, 28, 28, 1)).astype(np.float32)
np.save("x.npy", x)
np.save("y_true.npy", np.arange(24) % 10)
for name, module in NETWORKS.items():
    torch.manual_seed(5)
    module = module()
    for t in module.modules():
        if isinstance(t, torch.nn.BatchNorm2d):
            t.running_mean.uniform_(-0.2, 0.2)
            t.running_var.uniform_(0.5, 2)
            t.weight.data.uniform_(0.5, 1.5)
    save_file(module.state_dict(), "torch.safetensors")
    text = open(os.path.join(source, "examples", "networks", name + ".yaml")).read()
    open("net.yaml", "w").write(text)
    open("still.yaml", "w").write(text.replace("batch_norm name", "batch_norm momentum=0 name"))
    train = ["--data", "npy x=x.npy y=y_true.npy layout=hwc", "--set", "train.batch=8", "--out", "run", "-q"]
    tacet("train", "still.yaml", *train, "--init", "torch.safetensors", "--set", "optimizer.lr=0",
          "--set", "train.steps=1")
    compare(name + " from PyTorch", module, x)
    got = load_file("run/model.safetensors")
    for key, t in module.state_dict().items():
        assert key.endswith("num_batches_tracked") or torch.equal(got[key], t), key
    subprocess.run(["rm", "-r", "run"], check=True)
    tacet("train", "net.yaml", *train, "--set", "train.steps=5")
    print(module.load_state_dict(load_file("run/model.safetensors"), strict=True))
    compare(name + " to PyTorch", module, x)
    subprocess.run(["rm", "-r", "run"], check=True)
PYTHON
