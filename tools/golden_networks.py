#!/usr/bin/python3
"""golden_networks.py: trains whole networks in PyTorch, as reference results for tests/test_networks.c.

    python3 tools/golden_networks.py [DIRECTORY [NAME...]]          default: tests/golden, all networks

The networks are those of examples/networks: the module from networks.py, and Tacet's description from the .yaml file.
They are too large to be stored, so a file in the subfolder "networks" holds only what the test cannot compute itself.

What goes in is a formula. Element i of the tensor `name` is made from hash(name, i), a whole number of 24 bits, as
float32: uniform(name, i) = hash / 2^23 - 1 in [-1, 1).

    weights of rank 2 and 4           uniform * sqrt(6 / weights into a unit)
    scales of batch norm              1 + uniform / 4
    biases                            uniform / 10
    running means, running variances  0, 1
    images [steps, rows, 28, 28, 1]   uniform, of all steps; the note "images" has their name
    target [steps, rows]              hash % 10

What comes out is computed in float64 and stored as a sketch: every element of a tensor is added to one of SKETCH sums,
or subtracted from it; hash("sketch", i) decides. (Charikar, Chen, Farach-Colton: Finding frequent items in data
streams, 2002.) The sketch is linear, and its norm is that of the tensor up to about a tenth, so the norm of the
difference of two sketches says how far apart two tensors are. Tensors of at most SKETCH elements are stored whole.

    output0            in evaluation, before the first step, [rows, 10]
    output1            of the first step
    gradient1.NAME     dObjective/dNAME at the first step
    after10.NAME       a parameter, or what batch norm remembers, after 10 steps
    output10           in evaluation, after 10 steps, on the images of the first
    objective          [10] the objective at each step
    float32.NAME       how far PyTorch's own float32 is from these results: the norm of the difference; NAME is that of
                       one of the above

A rounding error that turns one ReLU on or off changes a gradient much more than other errors do, and whether that
happens is chance. So float32.NAME is the worst of RUNS runs, which differ in the layout in memory (channels first or
last) and in the last bits of images and weights. The images of the ResNets are such that no ReLU of the first step is
close to turning: none of their inputs, which are of the order of 1, is within 2e-6 of 0.
"""
import os
import re
import sys

import numpy as np
import torch
import torch.nn.functional as F

from golden import save

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(ROOT, "examples", "networks"))
import networks  # noqa: E402

STEPS, ROWS, SKETCH, RUNS = 10, 16, 128, 6
CASES = (("lenet", networks.LeNet, "x"), ("vgg11", networks.VGG11, "x"),
         ("resnet20_a", lambda: networks.ResNet20("A"), "x65"), ("resnet20", networks.ResNet20, "x15"),
         ("mobilenet_v2", lambda: networks.MobileNetV2(dropout=0), "x"))


def hashes(name, n):
    """24 bits for each element: FNV-1a of the name, and a mixer with full avalanche."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 & 0xFFFFFFFF
    x = np.arange(n, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(seed)
    x = (x ^ x >> np.uint32(16)) * np.uint32(0x7FEB352D)
    x = (x ^ x >> np.uint32(15)) * np.uint32(0x846CA68B)
    return (x ^ x >> np.uint32(16)) >> np.uint32(8)


def uniform(name, shape):
    whole = hashes(name, int(np.prod(shape))).astype(np.float32)
    return (whole * np.float32(2.0 ** -23) - np.float32(1)).reshape(shape)


def first(name, t):
    """The first numbers of a tensor of the module."""
    if name.endswith("num_batches_tracked") or ".running_" in name:
        return t
    u = uniform(name, tuple(t.shape))
    if t.ndim > 1:
        return torch.from_numpy(u * np.float32((6 / (t.numel() / t.shape[0])) ** 0.5))
    return torch.from_numpy(1 + u / 4 if name.endswith(".weight") else u / 10)


def nudged(t, nudge):
    """Each number one float32 above or below what it was; 0: as it was."""
    if not nudge or not t.is_floating_point():
        return t
    up = torch.from_numpy(uniform("nudge%d" % nudge, tuple(t.shape))) > 0
    return torch.nextafter(t, (up.to(t.dtype) - 0.5) * np.inf)


def sketch(t):
    t = t.detach().double().contiguous().view(-1).numpy()
    if t.size <= SKETCH:
        return t.copy()
    bits = hashes("sketch", t.size)
    return np.bincount(bits >> 1 & SKETCH - 1, np.where(bits & 1, t, -t), SKETCH)


def evaluate(module, x):
    module.eval()
    with torch.no_grad():
        y = module(x)
    module.train()
    return y


def train(module, images, dtype, layout=torch.contiguous_format, nudge=0):
    """Ten steps; returns the tensors of the file before they are made into sketches."""
    torch.manual_seed(0)
    module = module()
    module.load_state_dict({name: nudged(first(name, t), nudge) for name, t in module.state_dict().items()})
    module = module.to(dtype=dtype, memory_format=layout)
    x = nudged(torch.from_numpy(uniform(images, (STEPS, ROWS, 28, 28, 1))), nudge).movedim(4, 2)
    x = [batch.to(dtype).contiguous(memory_format=layout) for batch in x]
    target = torch.from_numpy((hashes("target", STEPS * ROWS) % 10).astype(np.int64)).view(STEPS, ROWS)
    optimizer = torch.optim.SGD(module.parameters(), lr=1e-3)
    out, objective = {"output0": evaluate(module, x[0])}, []
    for step in range(STEPS):
        y = module(x[step])
        loss = F.cross_entropy(y, target[step])
        optimizer.zero_grad()
        loss.backward()
        objective.append(loss.item())
        if step == 0:
            out["output1"] = y.detach().clone()
            out.update({"gradient1." + name: t.grad.clone() for name, t in module.named_parameters()})
        optimizer.step()
    out.update({"after10." + name: t for name, t in module.state_dict().items() if t.is_floating_point()})
    out["output10"] = evaluate(module, x[0])
    out["objective"] = torch.tensor(objective, dtype=torch.float64)
    return out


def distance(a, b):
    return torch.linalg.norm((a.double() - b).flatten()).item()


def model_of(path):
    """The text of `model:` in a configuration, with its dropout switched off."""
    text = re.search(r"^model: >\n((?:  .*\n)+)", open(path).read(), re.M).group(1)
    return re.sub(r"\bdropout 0\.2\b", "dropout 0", " ".join(text.split()))


def main():
    folder = os.path.join(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "tests", "golden"), "networks")
    os.makedirs(folder, exist_ok=True)
    torch.set_num_threads(1)
    for name, module, images in CASES:
        if sys.argv[2:] and name not in sys.argv[2:]:
            continue
        exact = train(module, images, torch.float64)
        layouts = (torch.contiguous_format, torch.channels_last)
        rough = [train(module, images, torch.float32, layouts[k % 2], nudge=k if k > 1 else 0) for k in range(RUNS)]
        out = {key: sketch(t) for key, t in exact.items()}
        for key, t in exact.items():
            out["float32." + key] = np.float64(max(distance(r[key], t) for r in rough))
        far, where = max((out["float32." + key] / np.linalg.norm(t), key) for key, t in exact.items())
        print("%-14s float32 and float64 differ by up to %.1e, in %s" % (name, far, where))
        text = {"model": model_of(os.path.join(ROOT, "examples", "networks", name + ".yaml")), "rows": str(ROWS),
                "images": images,
                "optimizer": "sgd lr=1e-3", "made_by": "tools/golden_networks.py"}
        save(os.path.join(folder, name + ".safetensors"), text, out)


if __name__ == "__main__":
    main()
