#!/usr/bin/python3
"""golden.py: trains small networks in PyTorch, as reference results for tests/test_golden.c.

    python3 tools/golden.py [DIRECTORY]          default: tests/golden

Needs only torch (1.13 or newer) and numpy. Each network is written twice, side by side: in Tacet's small language, and
by hand in PyTorch, as its users write it, so the results agree only if both mean the same. Inputs and initial weights
are float32; PyTorch computes in float64. Every network is also run in float32, and refused if its two results differ,
because its figures would show rounding rather than correctness.

Networks that need the operators of tests/ops go into the subfolder "extra" (tests/test_extra_golden.c).

Each network is one file in the safetensors format. Its metadata holds Tacet's description: input (lines "x 128", "target
labels", "target labels 4" or "kind int32 3 4"), model, loss (lines "OUTPUT TARGET: SPEC"), penalties and options (lines
"SELECTOR: SPEC"), optimizer, batch, rows. Its tensors, all float32:

    feed.NAME          [batches, rows, ...] input data: step k is fed batch k % batches
    before.NAME        a parameter before the first step
    value.NAME         a hidden value of the first step
    gradient.NAME      dObjective/dNAME at the first step, of parameters, inputs and hidden values
    term.NAME          a term at the first step, without lambda
    objective          [steps] the objective at each step, of ten unless the network says otherwise
    gradient_norm      the norm of the gradient at the first step, over all parameters
    after1.NAME        a parameter after 1 step
    after10.NAME       a parameter after 10 steps
    state1.NAME        what a layer remembers, such as a running mean, after 1 step
    state10.NAME       and after 10 steps; before the first step it has PyTorch's default
"""
import json
import os
import struct
import sys
import zlib

import numpy as np
import torch
import torch.nn.functional as F

STEPS = 10
CASES = []
STATE = (".running_mean", ".running_var")


class Network:
    """A network in Tacet's language (text) and the same network in PyTorch (forward, clip, optimizer, after).

    feeds: name -> shape of a row, ("labels", classes, shape of a row...), or ("unit", shape...) for numbers in [0, 1].
    layers: name -> (in, out), (in, out, "nobias"), (width,) for layer_norm, ("theta", width) for jump_relu,
    ("prelu", slopes), ("bias", width) for a linear that uses another layer's weight, ("table", rows, width) for test_table,
    ("conv", out, in / groups, height, width) and ("conv", ..., "nobias"), ("batch_norm", width), or ("transpose", LAYER) for
    a weight that begins as the transpose of another.
    """

    def __init__(self, name, feeds, layers, forward, optimizer, after=None, frozen=(), batches=1, folder="", clip=None,
                 project=None, steps=STEPS, **text):
        self.name, self.feeds, self.layers, self.forward = name, feeds, layers, forward
        self.optimizer, self.after, self.frozen, self.batches = optimizer, after, frozen, batches
        self.folder, self.clip, self.project, self.steps = folder, clip, project, steps
        self.text = {key.replace("_text", ""): str(value) for key, value in text.items()}
        self.text.setdefault("rows", self.text["batch"])
        CASES.append(self)


def draw(case):
    """Inputs and initial weights, from a stream that is the same in all versions of numpy."""
    rng = np.random.RandomState(zlib.crc32(case.name.encode()) & 0x7FFFFFFF)
    lead = (case.batches, int(case.text["rows"]))
    feed, weight = {}, {}
    for name, shape in case.feeds.items():
        if shape[0] == "labels":
            feed[name] = rng.randint(0, shape[1], lead + shape[2:])
        elif shape[0] == "unit":
            feed[name] = rng.uniform(0, 1, lead + shape[1:])
        else:
            feed[name] = rng.uniform(-1, 1, lead + shape)
    for name, size in case.layers.items():
        if size[0] == "theta":
            weight[name + ".theta"] = rng.uniform(0.05, 0.4, size[1])
            continue
        if size[0] == "prelu":
            weight[name + ".weight"] = rng.uniform(-0.3, 0.5, size[1])
            continue
        if size[0] == "bias":
            weight[name + ".bias"] = rng.uniform(-0.5, 0.5, size[1])
            continue
        if size[0] == "transpose":
            weight[name + ".weight"] = weight[size[1] + ".weight"].T
            continue
        if size[0] == "table":
            weight[name + ".weight"] = rng.uniform(-1, 1, size[1:])
            continue
        if size[0] == "conv":
            shape = tuple(n for n in size[1:] if n != "nobias")
            bound = np.prod(shape[1:]) ** -0.5
            weight[name + ".weight"] = rng.uniform(-bound, bound, shape)
            if size[-1] != "nobias":
                weight[name + ".bias"] = rng.uniform(-bound, bound, shape[0])
            continue
        if len(size) == 1 or size[0] == "batch_norm":
            weight[name + ".weight"] = rng.uniform(0.5, 1.5, size[-1])
            weight[name + ".bias"] = rng.uniform(-0.5, 0.5, size[-1])
            if size[0] == "batch_norm":
                weight[name + ".running_mean"] = np.zeros(size[-1])
                weight[name + ".running_var"] = np.ones(size[-1])
            continue
        bound = size[0] ** -0.5
        weight[name + ".weight"] = rng.uniform(-bound, bound, (size[1], size[0]))
        if len(size) == 2:
            weight[name + ".bias"] = rng.uniform(-bound, bound, size[1])
    return ({k: a.astype(np.float32) for k, a in feed.items()}, {k: a.astype(np.float32) for k, a in weight.items()})


class Run:
    """One step's forward pass: parameters w, values v by name, and the terms in the order in which they are added."""

    def __init__(self, w, feed, step):
        self.w, self.v, self.terms, self.objective, self.step = w, dict(feed), {}, 0.0, step

    def linear(self, x, name):
        return F.linear(x, self.w[name + ".weight"], self.w.get(name + ".bias"))

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[1:], self.w[name + ".weight"], self.w[name + ".bias"])

    def term(self, name, weight, value):
        self.terms[name] = value
        self.objective = self.objective + weight * value


def train(case, dtype):
    """Runs the steps; returns the tensors of the file."""
    feed, weight = draw(case)
    fixed = case.frozen + tuple(k for k in weight if k.endswith(STATE))
    w = {k: torch.tensor(a, dtype=dtype, requires_grad=k not in fixed) for k, a in weight.items()}
    optimizer = case.optimizer(w)
    out = {"feed." + k: a for k, a in feed.items()}
    out.update({"before." + k: a for k, a in weight.items() if not k.endswith(STATE)})
    objectives = []
    for step in range(case.steps):
        now = {}
        for name, a in feed.items():
            a = torch.tensor(a[step % case.batches], dtype=dtype)
            now[name] = a.long() if case.feeds[name][0] == "labels" else a
        if "x" in now:
            now["x"].requires_grad_()
        run = Run(w, now, step)
        case.forward(run)
        hidden = {k: v for k, v in run.v.items() if k not in now}
        for v in hidden.values():
            v.retain_grad()
        optimizer.zero_grad()
        run.objective.backward()
        objectives.append(run.objective.item())
        if case.project:
            with torch.no_grad():
                case.project(w)
        squares = [v.grad.double().square().sum().item() for v in w.values() if v.requires_grad]
        if case.clip:
            case.clip([v for v in w.values() if v.requires_grad])
        if step == 0:
            out.update({"value." + k: v.detach().numpy() for k, v in hidden.items()})
            leaves = dict(hidden, x=now["x"]) if "x" in now else hidden
            out.update({"gradient." + k: v.grad.numpy().copy() for k, v in leaves.items()})
            out.update({"gradient." + k: v.grad.numpy().copy() for k, v in w.items() if v.requires_grad})
            out.update({"term." + k: v.item() for k, v in run.terms.items()})
            out["gradient_norm"] = sum(squares) ** 0.5
        optimizer.step()
        if case.after:
            with torch.no_grad():
                case.after(w)
        if step in (0, STEPS - 1):
            for k, v in w.items():
                kind = "state" if k.endswith(STATE) else "after"
                out["%s%d.%s" % (kind, step + 1, k)] = v.detach().numpy().copy()
    out["objective"] = objectives
    return {k: np.asarray(a) for k, a in out.items()}


def save(path, text, tensors):
    """The safetensors format: the header's length (8 bytes, little-endian), a JSON header, the numbers."""
    header, blobs, offset = {"__metadata__": text}, [], 0
    for name, a in tensors.items():
        blob = a.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head + b"".join(blobs))


def disagreement(exact, rough):
    """The largest difference relative to the largest element of its tensor, and the name of that tensor."""
    def of(name):
        a, b = np.asarray(exact[name], np.float64), np.asarray(rough[name], np.float64)
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            return np.inf
        return np.abs(a - b).max() / max(np.abs(a).max(), 1e-3)
    return max((of(name), name) for name in exact)


# ---- What penalties mean, in PyTorch ---------------------------------------------------------------------------------


def rows(x):
    return x.flatten(1)


def joint(w, *names):
    """Several parameters as one vector."""
    return torch.cat([w[name].view(-1) for name in names])


def per_sample(x):
    """The mean over samples of the sum over the rest: reduce=sample."""
    return rows(x).sum(1).mean()


def hoyer(x):
    """The 1-norm of each row over its 2-norm; 0 for a row of zeros."""
    x = rows(x)
    out, live = x.new_zeros(len(x)), (x != 0).any(1)
    out[live] = torch.norm(x[live], 1, dim=1) / torch.norm(x[live], 2, dim=1)
    return out


def transformed_l1(x, beta):
    return (1 + beta) * x.abs() / (beta + x.abs())


def mcp(x, gamma):
    return torch.where(x.abs() <= gamma, x.abs() - x.square() / (2 * gamma), torch.full_like(x, gamma / 2))


def l1_huber(x, delta):
    return F.huber_loss(x, torch.zeros_like(x), reduction="none", delta=delta) / delta


def kl_sparsity(x, rho):
    """The divergence of each unit, from its mean over the batch."""
    p = x.mean(0)
    return torch.distributions.kl_divergence(torch.distributions.Bernoulli(torch.full_like(p, rho)),
                                             torch.distributions.Bernoulli(p))


def soft(x, t):
    """The proximal step of t * |x|."""
    x.copy_(x.sign() * (x.abs() - t).clamp(min=0))


# ---- The network of a question on Stack Overflow ----------------------------------------------------------------------

ASKED = {"feeds": {"x": (128,), "target": ("labels", 2)},
         "layers": {"linear1": (128, 32), "linear2": (32, 16), "linear3": (16, 2)},
         "optimizer": lambda w: torch.optim.SGD(w.values(), lr=1e-4),
         "input": "x 128\ntarget labels", "model": "linear 32 | relu | linear 16 | relu | linear 2", "batch": 4,
         "loss": "linear3 target: cross_entropy", "optimizer_text": "sgd lr=1e-4"}


def asked(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["relu1"] = F.relu(r.v["linear1"])
    r.v["linear2"] = r.linear(r.v["relu1"], "linear2")
    r.v["relu2"] = F.relu(r.v["linear2"])
    r.v["linear3"] = r.linear(r.v["relu2"], "linear3")
    r.term("linear3:cross_entropy", 1, F.cross_entropy(r.v["linear3"], r.v["target"]))


def on_activations(r):
    asked(r)
    r.term("relu1:l1", 0.5, torch.norm(r.v["relu1"], 1))
    r.term("relu2:norm", 0.01, torch.norm(r.v["relu2"], 2))


Network("l1_activations", forward=on_activations, **ASKED,
        penalties="relu1: l1 0.5 reduce=sum\nrelu2: norm 0.01 p=2 reduce=sum")


def on_parameters(r):
    asked(r)
    r.term("linear1.*:l1", 0.5, torch.norm(joint(r.w, "linear1.weight", "linear1.bias"), 1))
    r.term("linear2.*:norm", 0.01, torch.norm(joint(r.w, "linear2.weight", "linear2.bias"), 2))


Network("l1_parameters", forward=on_parameters, **ASKED,
        penalties="linear1.*: l1 0.5 joint\nlinear2.*: norm 0.01 p=2 joint")

# ---- Every operator, loss, penalty and optimizer ---------------------------------------------------------------------


def regression(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["tanh1"] = torch.tanh(r.v["linear1"])
    r.v["linear2"] = r.linear(r.v["tanh1"], "linear2")
    r.term("linear2:mse", 1, F.mse_loss(r.v["linear2"], r.v["target"]))
    r.term("linear1.weight:l2", 0.01, r.w["linear1.weight"].square().sum())
    r.term("linear2.weight:l2", 0.01, r.w["linear2.weight"].square().sum())
    r.term("linear1.bias:l1", 0.02, r.w["linear1.bias"].abs().sum())
    r.term("linear1:l1", 0.05, per_sample(r.v["linear1"].abs()))


Network("regression_momentum", {"x": (5,), "target": (3,)}, {"linear1": (5, 7), "linear2": (7, 3)}, regression,
        lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.9),
        input="x 5\ntarget 3", model="linear 7 | tanh | linear 3", loss="linear2 target: mse",
        penalties="linear*.weight: l2 0.01\nlinear1.bias: l1 0.02\nlinear1: l1 0.05",
        optimizer_text="sgd lr=0.05 momentum=0.9", batch=8, rows=5, batches=3)


def leaky(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["leaky_relu1"] = F.leaky_relu(r.v["linear1"], 0.2)
    r.v["linear2"] = r.linear(r.v["leaky_relu1"], "linear2")
    r.v["softmax1"] = F.softmax(r.v["linear2"], 1)
    r.term("softmax1:mse", 1, F.mse_loss(r.v["softmax1"], r.v["target"], reduction="sum"))
    r.term("x:l2", 0.1, per_sample(r.v["x"].square()))
    r.term("leaky_relu1:l1", 0.3, r.v["leaky_relu1"].abs().mean())
    r.term("linear2.weight:l1_l2", 1,
           0.02 * r.w["linear2.weight"].abs().sum() + 0.03 * r.w["linear2.weight"].square().sum())


Network("nesterov_softmax", {"x": (6,), "target": ("unit", 4)}, {"linear1": (6, 6, "nobias"), "linear2": (6, 4)}, leaky,
        lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.01),
        input="x 6\ntarget 4", model="linear 6 bias=false | leaky_relu 0.2 | linear 4 | softmax",
        loss="softmax1 target: mse reduce=sum",
        penalties="x: l2 0.1\nleaky_relu1: l1 0.3 reduce=mean\nlinear2.weight: l1_l2 l1=0.02 l2=0.03",
        optimizer_text="sgd lr=0.05 momentum=0.8 nesterov weight_decay=0.01", batch=6)


def gelus(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["gelu1"] = F.gelu(r.v["linear1"])
    r.v["linear2"] = r.linear(r.v["gelu1"], "linear2")
    r.v["gelu2"] = F.gelu(r.v["linear2"], approximate="tanh")
    r.v["linear3"] = r.linear(r.v["gelu2"], "linear3")
    r.v["log_softmax1"] = F.log_softmax(r.v["linear3"], 1)
    r.term("log_softmax1:l1_loss", 1, per_sample((r.v["log_softmax1"] - r.v["target"]).abs()))
    r.term("gelu1:l2", 0.05, per_sample(r.v["gelu1"].square()))
    r.term("gelu2:l2", 0.05, per_sample(r.v["gelu2"].square()))


Network("gelu_dampening", {"x": (5,), "target": (3,)}, {"linear1": (5, 8), "linear2": (8, 8), "linear3": (8, 3)}, gelus,
        lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.9, dampening=0.3, weight_decay=0.02),
        input="x 5\ntarget 3", model="linear 8 | gelu | linear 8 | gelu approximate=tanh | linear 3 | log_softmax",
        loss="log_softmax1 target: l1_loss reduce=sample", penalties="gelu*: l2 0.05",
        optimizer_text="sgd lr=0.05 momentum=0.9 dampening=0.3 weight_decay=0.02", batch=7)


def rectifiers(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["elu1"] = F.elu(r.v["linear1"], 0.7)
    r.v["linear2"] = r.linear(r.v["elu1"], "linear2")
    r.v["prelu1"] = F.prelu(r.v["linear2"], r.w["prelu1.weight"])
    r.v["linear3"] = r.linear(r.v["prelu1"], "linear3")
    r.v["selu1"] = F.selu(r.v["linear3"])
    r.v["prelu2"] = F.prelu(r.v["selu1"], r.w["prelu2.weight"])
    r.v["linear4"] = r.linear(r.v["prelu2"], "linear4")
    r.v["mish1"] = F.mish(r.v["linear4"])
    r.v["prelu3"] = F.prelu(r.v["mish1"], r.w["prelu1.weight"])
    r.v["linear5"] = r.linear(r.v["prelu3"], "linear5")
    r.v["softplus1"] = F.softplus(r.v["linear5"], 2.0, 0.5)
    r.term("softplus1:mse", 1, F.mse_loss(r.v["softplus1"], r.v["target"]))
    r.term("prelu2.weight:l2", 0.05, r.w["prelu2.weight"].square().sum())
    r.term("mish1:l1", 0.02, per_sample(r.v["mish1"].abs()))


Network("rectifiers", {"x": (5,), "target": ("unit", 3)},
        {"linear1": (5, 8), "linear2": (8, 7), "prelu1": ("prelu", 1), "linear3": (7, 6), "prelu2": ("prelu", 6),
         "linear4": (6, 6), "linear5": (6, 3)}, rectifiers,
        lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.9), input="x 5\ntarget 3",
        model="linear 8 | elu 0.7 | linear 7 | prelu | linear 6 | selu | prelu by=unit | linear 6 | mish | "
              "prelu weight=prelu1.weight | linear 3 | softplus 2 threshold=0.5",
        loss="softplus1 target: mse", penalties="prelu2.weight: l2 0.05\nmish1: l1 0.02",
        optimizer_text="sgd lr=0.05 momentum=0.9", batch=7, rows=6, batches=2)


def norms(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["silu1"] = F.silu(r.v["linear1"])
    r.v["linear2"] = r.linear(r.v["silu1"], "linear2")
    r.v["sigmoid1"] = torch.sigmoid(r.v["linear2"])
    r.v["linear3"] = r.linear(r.v["sigmoid1"], "linear3")
    r.term("linear3:huber", 1, F.huber_loss(r.v["linear3"], r.v["target"], delta=0.5))
    r.term("linear1:norm", 0.02, torch.norm(r.v["linear1"], 2) / r.v["linear1"].numel())
    r.term("silu1:norm", 0.03, torch.norm(r.v["silu1"], 3))
    r.term("sigmoid1:norm", 0.04, torch.norm(r.v["sigmoid1"], 1, dim=1).mean())
    r.term("linear2:norm", 0.05, torch.norm(r.v["linear2"], 2, dim=1).mean())
    r.term("linear1.weight:norm", 0.06, torch.norm(r.w["linear1.weight"], 3))
    r.term("linear3.bias:norm", 0.07, torch.norm(r.w["linear3.bias"], 2) / 2)


Network("norms_adam", {"x": (4,), "target": (2,)}, {"linear1": (4, 6), "linear2": (6, 5), "linear3": (5, 2)}, norms,
        lambda w: torch.optim.Adam(w.values(), lr=0.01, weight_decay=0.01),
        input="x 4\ntarget 2", model="linear 6 | silu | linear 5 | sigmoid | linear 2",
        loss="linear3 target: huber delta=0.5",
        penalties="linear1: norm 0.02 p=2 reduce=mean\nsilu1: norm 0.03 p=3 reduce=sum\nsigmoid1: norm 0.04 p=1\n"
                  "linear2: norm 0.05 p=2\nlinear1.weight: norm 0.06 p=3\nlinear3.bias: norm 0.07 p=2 reduce=mean",
        optimizer_text="adam lr=0.01 weight_decay=0.01", batch=6)


def bce(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["layer_norm1"] = r.norm(r.v["linear1"], "layer_norm1")
    r.v["sigmoid1"] = torch.sigmoid(r.v["layer_norm1"])
    r.v["linear2"] = r.linear(r.v["sigmoid1"], "linear2")
    r.term("linear2:bce_with_logits", 1, per_sample(
        F.binary_cross_entropy_with_logits(r.v["linear2"], r.v["target"], reduction="none")))
    r.term("layer_norm1:l1_l2", 1,
           0.02 * per_sample(r.v["layer_norm1"].abs()) + 0.03 * per_sample(r.v["layer_norm1"].square()))
    r.term("layer_norm1.weight:l2", 0.1, r.w["layer_norm1.weight"].square().sum())


Network("layer_norm_adamw", {"x": (5,), "target": ("unit", 3)},
        {"linear1": (5, 6), "layer_norm1": (6,), "linear2": (6, 3)}, bce,
        lambda w: torch.optim.AdamW(w.values(), lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1),
        input="x 5\ntarget 3", model="linear 6 | layer_norm | sigmoid | linear 3",
        loss="linear2 target: bce_with_logits reduce=sample",
        penalties="layer_norm1: l1_l2 l1=0.02 l2=0.03\nlayer_norm1.weight: l2 0.1",
        optimizer_text="adamw lr=0.02 beta1=0.8 beta2=0.95 eps=1e-6 weight_decay=0.1", batch=6)


def formulas(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["map1"] = r.v["linear1"] / (1 + torch.exp(-1.702 * r.v["linear1"]))
    r.v["linear2"] = r.linear(r.v["map1"], "linear2")
    r.v["map2"] = torch.where(r.v["linear2"] > 0, r.v["linear2"], 0.1 * (r.v["linear2"].exp() - 1))
    r.v["linear3"] = r.linear(r.v["map2"], "linear3")
    r.term("linear3:formula_loss", 1, torch.log(torch.cosh(r.v["linear3"] - r.v["target"])).mean())
    r.term("map1:formula", 0.1, per_sample(r.v["map1"] ** 2 / (1 + r.v["map1"] ** 2)))
    r.term("linear1.weight:formula", 0.05, torch.log(1 + r.w["linear1.weight"].abs() / 0.1).sum())
    r.term("linear2.weight:formula", 0.3, torch.sqrt(0.25 + r.w["linear2.weight"] ** 2).mean())
    r.term("linear3.*:formula", 0.02, torch.maximum(joint(r.w, "linear3.weight", "linear3.bias") ** 3,
                                                   torch.tensor(0.0)).sum())


Network("formulas", {"x": (5,), "target": (3,)}, {"linear1": (5, 8), "linear2": (8, 6), "linear3": (6, 3)}, formulas,
        lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.9),
        input="x 5\ntarget 3",
        model='linear 8 | map "x / (1 + exp(-1.702 x))" | linear 6 | '
              'map "where(x > 0, x, a * (exp(x) - 1))" a=0.1 | linear 3',
        loss='linear3 target: formula_loss "log(cosh(y - t))"',
        penalties='map1: formula "x^2 / (1 + x^2)" 0.1\nlinear1.weight: formula "log(1 + abs(x) / eps)" 0.05 eps=0.1\n'
                  'linear2.weight: formula "sqrt(c^2 + x^2)" 0.3 c=0.5 reduce=mean\n'
                  'linear3.*: formula "max(x^3, 0)" 0.02 joint',
        optimizer_text="sgd lr=0.05 momentum=0.9", batch=7)


def residual(r):
    r.v["flatten1"] = rows(r.v["x"])
    r.v["linear1"] = r.linear(r.v["flatten1"], "linear1")
    r.v["relu1"] = F.relu(r.v["linear1"])
    r.v["linear2"] = r.linear(r.v["relu1"], "linear2")
    r.v["add1"] = r.v["linear2"] + r.v["relu1"]
    r.v["relu2"] = F.relu(r.v["add1"])
    r.v["dropout1"] = F.dropout(r.v["relu2"], 0.0).clone()  # dropout may return its input, which has another gradient
    r.v["linear3"] = r.linear(r.v["dropout1"], "linear3")
    r.term("linear3:cross_entropy", 1, F.cross_entropy(r.v["linear3"], r.v["target"], reduction="sum"))
    r.term("relu*:norm", 0.1, torch.norm(torch.cat([r.v["relu1"], r.v["relu2"]], 1), 2, dim=1).mean())
    r.term("relu1:l1", 0.02, per_sample(r.v["relu1"].abs()))
    r.term("relu1:l2", 0.03, r.v["relu1"].square().sum())


Network("residual_groups", {"x": (3, 4), "target": ("labels", 3)},
        {"linear1": (12, 8), "linear2": (8, 8), "linear3": (8, 3)}, residual,
        lambda w: torch.optim.SGD([
            {"params": [w["linear1.weight"], w["linear3.weight"], w["linear3.bias"]]},
            {"params": [w["linear2.weight"]], "lr": 0.05, "weight_decay": 0.02},
            {"params": [w["linear2.bias"]], "lr": 0.05}], lr=0.01, momentum=0.5),
        frozen=("linear1.bias",), input="x 3 4\ntarget labels",
        model="flatten | linear 8 | relu | linear 8 | add relu1 | relu | dropout 0 | linear 3",
        loss="linear3 target: cross_entropy reduce=sum",
        penalties="relu*: norm 0.1 p=2 joint\nrelu1: l1 0.02\nrelu1: l2 0.03 reduce=sum",
        options="linear2.*: lr=0.05 weight_decay=0.02\nlinear2.bias: weight_decay=0\nlinear1.bias: frozen",
        optimizer_text="sgd lr=0.01 momentum=0.5", batch=5)


def heads(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["trunk"] = F.relu(r.v["linear1"])
    r.v["class"] = r.linear(r.v["trunk"], "class")
    r.v["place"] = r.linear(r.v["trunk"], "place")
    r.term("class:cross_entropy", 1, F.cross_entropy(r.v["class"], r.v["target"]))
    r.term("place:huber", 0.5, F.huber_loss(r.v["place"], r.v["where"], reduction="sum", delta=1.0))
    r.term("place:l1", 0.1, r.v["place"].abs().sum())
    r.term("trunk:l1", 0.05, per_sample(r.v["trunk"].abs()))


Network("two_heads", {"x": (6,), "target": ("labels", 3), "where": (2,)},
        {"linear1": (6, 10), "class": (10, 3), "place": (10, 2)}, heads,
        lambda w: torch.optim.Adam(w.values(), lr=0.01),
        input="x 6\ntarget labels\nwhere 2",
        model="linear 10 | relu name=trunk | linear 3 name=class | from trunk | linear 2 name=place",
        loss="class target: cross_entropy reduce=sample\nplace where: huber reduce=sum lambda=0.5",
        penalties="trunk: l1 0.05\nplace: l1 0.1 reduce=sum", optimizer_text="adam lr=0.01", batch=6, rows=4, batches=2)


def over_positions(y, t, reduction="mean"):
    """PyTorch takes the classes in the second dimension: [batch, classes, positions]."""
    return F.cross_entropy(y.transpose(1, 2), t, reduction=reduction)


def sequences(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["relu1"] = F.relu(r.v["linear1"])
    r.v["linear2"] = r.linear(r.v["relu1"], "linear2")
    r.v["linear3"] = r.linear(r.v["relu1"], "linear3")
    y, z, t = r.v["linear2"], r.v["linear3"], r.v["target"]
    r.term("linear2:cross_entropy", 1, over_positions(y, t))
    r.term("linear3:cross_entropy", 0.2, over_positions(z, r.v["kind"], "none").sum(1).mean())
    r.term("linear2:sum", 0.01, over_positions(y, t, "sum"))


Network("sequences", {"x": (4, 6), "target": ("labels", 5, 4), "kind": ("labels", 3, 4)},
        {"linear1": (6, 8), "linear2": (8, 5), "linear3": (8, 3)}, sequences,
        lambda w: torch.optim.SGD(w.values(), lr=0.1, momentum=0.5), input="x 4 6\ntarget labels 4\nkind int32 3 4",
        model="linear 8 | relu | linear 5 | from relu1 | linear 3",
        loss="linear2 target: cross_entropy\nlinear3 kind: cross_entropy reduce=sample lambda=0.2\n"
             "linear2 target: cross_entropy reduce=sum lambda=0.01 name=sum",
        optimizer_text="sgd lr=0.1 momentum=0.5", batch=7, rows=5, batches=2)


def class_weights(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    y, t, s = r.v["linear1"], r.v["target"], r.v["share"][:, 0]
    weight = torch.tensor([1, 2, 0.5, 3], dtype=y.dtype)

    def term(name, w=None, ignore=-100, reduction="mean", smooth=0.0):
        r.term("linear1:" + name, 0.3, F.cross_entropy(y, t, w, reduction=reduction, ignore_index=ignore,
                                                       label_smoothing=smooth))

    term("smooth", smooth=0.1)
    term("weight", weight)
    term("ignore", ignore=2)
    term("all", weight, 2, smooth=0.2)
    term("sum", weight, 2, "sum", 0.2)
    each = F.cross_entropy(y, t, weight, reduction="none", ignore_index=2, label_smoothing=0.2)
    r.term("linear1:shares", 0.4, (s * each).sum() / (s * weight[t] * (t != 2)).sum())
    r.term("linear1:by_sample", 0.4, (s * each).sum() / s.sum())


Network("class_weights", {"x": (5,), "target": ("labels", 4), "share": ("unit", 1)}, {"linear1": (5, 4)}, class_weights,
        lambda w: torch.optim.SGD(w.values(), lr=0.05), input="x 5\ntarget labels\nshare 1", model="linear 4",
        loss="\n".join("linear1 target: cross_entropy lambda=" + s for s in (
            "0.3 label_smoothing=0.1 name=smooth", '0.3 class_weight="1 2 0.5 3" name=weight', "0.3 ignore=2 name=ignore",
            "0.3 label_smoothing=0.2 class_weight=1,2,0.5,3 ignore=2 name=all",
            "0.3 label_smoothing=0.2 class_weight=1,2,0.5,3 ignore=2 name=sum reduce=sum",
            "0.4 label_smoothing=0.2 class_weight=1,2,0.5,3 ignore=2 name=shares sample_weight=share",
            "0.4 label_smoothing=0.2 class_weight=1,2,0.5,3 ignore=2 name=by_sample sample_weight=share reduce=sample")),
        optimizer_text="sgd lr=0.05", batch=9, batches=2)


def class_weights_at_positions(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    y, t, s = r.v["linear1"], r.v["target"], r.v["share"][:, 0]
    weight = torch.tensor([1, 2, 0.5], dtype=y.dtype)
    each = F.cross_entropy(y.transpose(1, 2), t, weight, reduction="none", ignore_index=0, label_smoothing=0.1)
    r.term("linear1:cross_entropy", 1, F.cross_entropy(y.transpose(1, 2), t, weight, ignore_index=0, label_smoothing=0.1))
    r.term("linear1:shares", 0.4, (s[:, None] * each).sum() / (s[:, None] * weight[t] * (t != 0)).sum())


Network("class_weights_at_positions", {"x": (4, 5), "target": ("labels", 3, 4), "share": ("unit", 1)},
        {"linear1": (5, 3)}, class_weights_at_positions, lambda w: torch.optim.SGD(w.values(), lr=0.05),
        input="x 4 5\ntarget labels 4\nshare 1", model="linear 3",
        loss="linear1 target: cross_entropy label_smoothing=0.1 class_weight=1,2,0.5 ignore=0\n"
             "linear1 target: cross_entropy lambda=0.4 label_smoothing=0.1 class_weight=1,2,0.5 ignore=0 name=shares "
             "sample_weight=share",
        optimizer_text="sgd lr=0.05", batch=6, batches=2)


def sample_weights(r):
    """The mean of each loss over the elements of a row, and then over rows by their weights."""
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    y, t, s = r.v["linear1"], r.v["target"], r.v["share"][:, 0]
    each = {"mse": (y - t).square(), "l1_loss": (y - t).abs(), "huber": F.huber_loss(y, t, reduction="none", delta=0.7),
            "bce_with_logits": F.binary_cross_entropy_with_logits(y, t, reduction="none")}
    for name, loss in each.items():
        r.term("linear1:" + name, 0.3, (s * loss.mean(1)).sum() / s.sum())
    r.term("linear1:sum", 0.1, (s * each["mse"].sum(1)).sum())
    r.term("linear1:sample", 0.1, (s * each["mse"].sum(1)).sum() / s.sum())


Network("sample_weights", {"x": (4,), "target": ("unit", 3), "share": ("unit", 1)}, {"linear1": (4, 3)}, sample_weights,
        lambda w: torch.optim.SGD(w.values(), lr=0.02), input="x 4\ntarget 3\nshare 1", model="linear 3",
        loss="\n".join("linear1 target: %s sample_weight=share" % s for s in (
            "mse lambda=0.3", "l1_loss lambda=0.3", "huber lambda=0.3 delta=0.7", "bce_with_logits lambda=0.3",
            "mse lambda=0.1 reduce=sum name=sum", "mse lambda=0.1 reduce=sample name=sample")),
        optimizer_text="sgd lr=0.02", batch=5)


def focal_of_sigmoid(x, t, alpha, gamma):
    """torchvision.ops.sigmoid_focal_loss with reduction="none"."""
    p = torch.sigmoid(x)
    cross = F.binary_cross_entropy_with_logits(x, t, reduction="none")
    return (alpha * t + (1 - alpha) * (1 - t)) * cross * (1 - (p * t + (1 - p) * (1 - t))) ** gamma


def rare_answers(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    y, t = r.v["linear1"], r.v["target"]
    three = torch.tensor([1, 2, 0.5], dtype=y.dtype)
    r.term("linear1:one", 0.3, F.binary_cross_entropy_with_logits(y, t, pos_weight=torch.tensor(3.0, dtype=y.dtype)))
    r.term("linear1:each", 0.3, F.binary_cross_entropy_with_logits(y, t, pos_weight=three, reduction="sum"))
    r.term("linear1:focal_with_logits", 0.4, focal_of_sigmoid(y, t, 0.25, 2).mean())
    r.term("linear1:focal", 0.4, focal_of_sigmoid(y, t, 0.7, 1.5).sum())
    r.term("linear1:kl_div", 0.2, F.kl_div(y, t, reduction="batchmean"))
    r.term("linear1:kl_log", 0.2, F.kl_div(y, t, log_target=True))


Network("rare_answers", {"x": (4,), "target": ("unit", 3)}, {"linear1": (4, 3)}, rare_answers,
        lambda w: torch.optim.SGD(w.values(), lr=0.02), input="x 4\ntarget 3", model="linear 3",
        loss="linear1 target: bce_with_logits lambda=0.3 pos_weight=3 name=one\n"
             "linear1 target: bce_with_logits lambda=0.3 pos_weight=1,2,0.5 reduce=sum name=each\n"
             "linear1 target: focal_with_logits lambda=0.4\n"
             "linear1 target: focal_with_logits 1.5 alpha=0.7 lambda=0.4 reduce=sum name=focal\n"
             "linear1 target: kl_div lambda=0.2 reduce=sample\nlinear1 target: kl_div log_target lambda=0.2 name=kl_log",
        optimizer_text="sgd lr=0.02", batch=5)


def focal(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    log_p = F.log_softmax(r.v["linear1"], 1).gather(1, r.v["target"][:, None])[:, 0]
    alpha = torch.tensor([1, 2, 0.5, 3], dtype=log_p.dtype)[r.v["target"]]
    r.term("linear1:focal", 1, (-((1 - log_p.exp()) ** 2) * log_p).mean())
    r.term("linear1:alpha", 0.5, (-alpha * (1 - log_p.exp()) ** 1.5 * log_p).mean())


Network("focal", {"x": (5,), "target": ("labels", 4)}, {"linear1": (5, 4)}, focal,
        lambda w: torch.optim.SGD(w.values(), lr=0.05), input="x 5\ntarget labels", model="linear 4",
        loss="linear1 target: focal\nlinear1 target: focal 1.5 alpha=1,2,0.5,3 lambda=0.5 name=alpha",
        optimizer_text="sgd lr=0.05", batch=7, batches=2)


def losses(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    y, t = r.v["linear1"], r.v["target"]
    r.term("linear1:mse", 0.3, per_sample((y - t).square()))
    r.term("linear1:l1_loss", 0.2, F.l1_loss(y, t))
    r.term("linear1:huber", 0.4, per_sample(F.huber_loss(y, t, reduction="none", delta=0.7)))
    r.term("linear1:bce_with_logits", 0.1, F.binary_cross_entropy_with_logits(y, t, reduction="sum"))
    r.term("linear1:small", 0.1, F.l1_loss(y, t, reduction="sum"))
    r.term("linear1:mean", 0.6, F.binary_cross_entropy_with_logits(y, t))


Network("losses", {"x": (4,), "target": ("unit", 3)}, {"linear1": (4, 3)}, losses,
        lambda w: torch.optim.SGD(w.values(), lr=0.02), input="x 4\ntarget 3", model="linear 3",
        loss="linear1 target: mse lambda=0.3 reduce=sample\nlinear1 target: l1_loss lambda=0.2\n"
             "linear1 target: huber lambda=0.4 delta=0.7 reduce=sample\n"
             "linear1 target: bce_with_logits lambda=0.1 reduce=sum\n"
             "linear1 target: l1_loss lambda=0.1 reduce=sum name=small\n"
             "linear1 target: bce_with_logits lambda=0.6 name=mean",
        optimizer_text="sgd lr=0.02", batch=5)


def reductions(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["relu1"] = F.relu(r.v["linear1"])
    r.v["linear2"] = r.linear(r.v["relu1"], "linear2")
    r.term("linear2:cross_entropy", 1, F.cross_entropy(r.v["linear2"], r.v["target"]))
    h, y, w = r.v["relu1"], r.v["linear1"], r.w["linear2.weight"]
    r.term("relu1:l1", 0.01, per_sample(h.abs()))
    r.term("relu1:l1_mean", 0.02, h.abs().mean())
    r.term("relu1:l2_mean", 0.03, h.square().mean())
    r.term("relu1:l1_l2", 0.5, (0.04 * h.abs() + 0.05 * h.square()).sum())
    r.term("relu1:l1_l2_mean", 1, (0.06 * h.abs() + 0.07 * h.square()).mean())
    r.term("linear1:norm", 0.08, torch.norm(y, 3, dim=1).mean())
    r.term("linear1:norm_sum", 0.09, torch.norm(y, 1))
    r.term("linear*.weight:norm", 0.1, torch.norm(joint(r.w, "linear1.weight", "linear2.weight"), 2))
    r.term("linear*.bias:l2", 0.11, joint(r.w, "linear1.bias", "linear2.bias").square().sum())
    r.term("linear2.weight:l1", 0.12, w.abs().mean())
    r.term("linear2.weight:l2", 0.13, w.square().mean())


Network("reductions", {"x": (5,), "target": ("labels", 4)}, {"linear1": (5, 9), "linear2": (9, 4)}, reductions,
        lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.5), input="x 5\ntarget labels",
        model="linear 9 | relu | linear 4", loss="linear2 target: cross_entropy",
        penalties="relu1: l1 0.01\nrelu1: l1 0.02 reduce=mean name=l1_mean\nrelu1: l2 0.03 reduce=mean name=l2_mean\n"
                  "relu1: l1_l2 lambda=0.5 l1=0.04 l2=0.05 reduce=sum\n"
                  "relu1: l1_l2 l1=0.06 l2=0.07 reduce=mean name=l1_l2_mean\nlinear1: norm 0.08 p=3\n"
                  "linear1: norm 0.09 p=1 reduce=sum name=norm_sum\nlinear*.weight: norm 0.1 p=2 joint\n"
                  "linear*.bias: l2 0.11 joint\nlinear2.weight: l1 0.12 reduce=mean\n"
                  "linear2.weight: l2 0.13 reduce=mean",
        optimizer_text="sgd lr=0.05 momentum=0.5", batch=9, rows=6, batches=2)



def sparse(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["relu1"] = F.relu(r.v["linear1"])
    r.v["linear2"] = r.linear(r.v["relu1"], "linear2")
    r.v["sigmoid1"] = torch.sigmoid(r.v["linear2"])
    r.v["linear3"] = r.linear(r.v["sigmoid1"], "linear3")
    r.term("linear3:mse", 1, F.mse_loss(r.v["linear3"], r.v["target"]))
    y, h, code, w = r.v["linear1"], r.v["relu1"], r.v["sigmoid1"], r.w
    r.term("relu1:hoyer", 0.05, hoyer(h).mean())
    r.term("linear1:hoyer", 0.02, hoyer(y).sum())
    r.term("linear*.bias:hoyer", 0.03, hoyer(joint(w, "linear1.bias", "linear2.bias", "linear3.bias")[None]).sum())
    r.term("linear2:hoyer_square", 0.1, hoyer(r.v["linear2"]).square().sum() / r.v["linear2"].numel())
    r.term("linear2.weight:hoyer_square", 0.01, hoyer(w["linear2.weight"].view(1, -1)).square().sum())
    r.term("relu1:transformed_l1", 0.04, per_sample(transformed_l1(h, 0.5)))
    r.term("linear2:log_sum", 0.03, (1 + r.v["linear2"].abs() / 0.3).log().sum())
    r.term("linear1.weight:mcp", 0.05, mcp(w["linear1.weight"], 0.25).sum())
    r.term("relu1:mcp", 0.06, per_sample(mcp(h, 0.5)))
    r.term("linear1:l1_huber", 0.07, l1_huber(y, 0.1).mean())
    r.term("linear3.weight:l1_huber", 0.08, l1_huber(w["linear3.weight"], 0.2).sum())
    r.term("sigmoid1:kl_sparsity", 0.1, kl_sparsity(code, 0.05).sum())
    r.term("sigmoid1:kl_mean", 0.2, kl_sparsity(code, 0.3).mean())
    r.term("sigmoid1:kl_sum", 0.05, kl_sparsity(code, 0.1).sum())


Network("sparse_codes", {"x": (5,), "target": (3,)}, {"linear1": (5, 9), "linear2": (9, 6), "linear3": (6, 3)}, sparse,
        lambda w: torch.optim.SGD(w.values(), lr=0.02, momentum=0.5), input="x 5\ntarget 3",
        model="linear 9 | relu | linear 6 | sigmoid | linear 3", loss="linear3 target: mse",
        penalties="relu1: hoyer 0.05\nlinear1: hoyer 0.02 reduce=sum\nlinear*.bias: hoyer 0.03 joint\n"
                  "linear2: hoyer_square 0.1 reduce=mean\nlinear2.weight: hoyer_square 0.01\n"
                  "relu1: transformed_l1 0.04 beta=0.5\nlinear2: log_sum 0.03 eps=0.3 reduce=sum\n"
                  "linear1.weight: mcp 0.05 gamma=0.25\nrelu1: mcp 0.06 gamma=0.5\n"
                  "linear1: l1_huber 0.07 reduce=mean\nlinear3.weight: l1_huber 0.08 delta=0.2\n"
                  "sigmoid1: kl_sparsity 0.1\nsigmoid1: kl_sparsity 0.2 rho=0.3 reduce=mean name=kl_mean\n"
                  "sigmoid1: kl_sparsity 0.05 rho=0.1 reduce=sum name=kl_sum",
        optimizer_text="sgd lr=0.02 momentum=0.5", batch=7, rows=5, batches=2)



def positions(r):
    """[T, D]: T positions of D units. Penalties per position, per sample, and on the whole."""
    batch, t = r.v["x"].shape[:2]
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["relu1"] = F.relu(r.v["linear1"])
    r.v["linear2"] = r.linear(r.v["relu1"], "linear2")
    r.v["sigmoid1"] = torch.sigmoid(r.v["linear2"])
    r.v["linear3"] = r.linear(r.v["sigmoid1"], "linear3")
    both = torch.cat([r.v["linear1"], r.v["linear2"]], 2)
    apart = {name: v.flatten(0, 1) for name, v in r.v.items()}
    r.term("linear3:mse", 1, (r.v["linear3"] - r.v["target"]).square().sum(2).mean())
    r.term("relu1:l1", 0.05, r.v["relu1"].abs().sum(2).mean())
    r.term("relu1:hoyer", 0.02, hoyer(apart["relu1"]).sum() / batch)
    r.term("linear1:norm", 0.03, torch.norm(r.v["linear1"], 2, dim=2).sum(1).mean())
    r.term("linear1:norm3", 0.02, torch.norm(r.v["linear1"], 3, dim=2).mean())
    r.term("linear2:hoyer_square", 0.01, hoyer(apart["linear2"]).square().mean())
    r.term("linear2:l2", 0.02, per_sample(r.v["linear2"].square()))
    r.term("relu1:norm", 0.04, torch.norm(r.v["relu1"], 2))
    r.term("linear[12]:hoyer", 0.5, hoyer(both.flatten(0, 1)).sum() / both.numel())
    r.term("linear[12]:norm", 0.01, torch.norm(both, 2, dim=2).mean())
    r.term("sigmoid1:kl_sparsity", 0.1, kl_sparsity(apart["sigmoid1"], 0.05).sum())


Network("positions", {"x": (3, 4), "target": (3, 2)}, {"linear1": (4, 6), "linear2": (6, 5), "linear3": (5, 2)},
        positions, lambda w: torch.optim.SGD(w.values(), lr=0.02, momentum=0.5), input="x 3 4\ntarget 3 2",
        model="linear 6 | relu | linear 5 | sigmoid | linear 2", loss="linear3 target: mse reduce=position",
        penalties="relu1: l1 0.05 reduce=position\nrelu1: hoyer 0.02\nlinear1: norm 0.03\n"
                  "linear1: norm 0.02 p=3 reduce=position name=norm3\nlinear2: hoyer_square 0.01 reduce=position\n"
                  "linear2: l2 0.02\nrelu1: norm 0.04 reduce=sum\nlinear[12]: hoyer 0.5 joint reduce=mean\n"
                  "linear[12]: norm 0.01 joint reduce=position\nsigmoid1: kl_sparsity 0.1",
        optimizer_text="sgd lr=0.02 momentum=0.5", batch=6, rows=4, batches=2)

# ---- Parameters that several layers use ------------------------------------------------------------------------------


def tied(r):
    """An autoencoder whose decoder is the transpose of its encoder."""
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["relu1"] = F.relu(r.v["linear1"])
    r.v["linear2"] = F.linear(r.v["relu1"], r.w["linear1.weight"].t(), r.w["linear2.bias"])
    r.term("linear2:mse", 1, F.mse_loss(r.v["linear2"], r.v["x"]))
    r.term("linear1.weight:l1", 0.002, r.w["linear1.weight"].abs().sum())


Network("tied_autoencoder", {"x": (12,)}, {"linear1": (12, 8), "linear2": ("bias", 12)}, tied,
        lambda w: torch.optim.SGD(w.values(), lr=0.1, momentum=0.9), input="x 12",
        model="linear 8 | relu | linear 12 weight=linear1.weight transposed", loss="linear2 x: mse",
        penalties="linear1.weight: l1 0.002", optimizer_text="sgd lr=0.1 momentum=0.9", batch=6, batches=2)


def twice(r):
    """One nn.Linear, called twice."""
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["relu1"] = F.relu(r.v["linear1"])
    r.v["linear2"] = r.linear(r.v["relu1"], "linear1")
    r.v["linear3"] = r.linear(r.v["linear2"], "linear3")
    r.term("linear3:cross_entropy", 1, F.cross_entropy(r.v["linear3"], r.v["target"]))


Network("one_linear_twice", {"x": (6,), "target": ("labels", 3)}, {"linear1": (6, 6), "linear3": (6, 3)}, twice,
        lambda w: torch.optim.Adam(w.values(), lr=0.01), input="x 6\ntarget labels",
        model="linear 6 | relu | linear 6 weight=linear1.weight bias=linear1.bias | linear 3",
        loss="linear3 target: cross_entropy", optimizer_text="adam lr=0.01", batch=7, rows=5, batches=2)


def tied_head(r):
    """nn.Embedding, and a head with head.weight = embedding.weight."""
    r.v["test_table1"] = F.embedding(r.v["tokens"], r.w["test_table1.weight"])
    r.v["linear1"] = r.linear(r.v["test_table1"], "linear1")
    r.v["tanh1"] = torch.tanh(r.v["linear1"])
    r.v["linear2"] = F.linear(r.v["tanh1"], r.w["test_table1.weight"], r.w["linear2.bias"])
    r.term("linear2:cross_entropy", 1, over_positions(r.v["linear2"], r.v["target"]))
    r.term("test_table1.weight:l2", 0.01, r.w["test_table1.weight"].square().sum())


Network("tied_head", {"tokens": ("labels", 7, 4), "target": ("labels", 7, 4)},
        {"test_table1": ("table", 7, 5), "linear1": (5, 5), "linear2": ("bias", 7)}, tied_head,
        lambda w: torch.optim.SGD(w.values(), lr=0.1, momentum=0.5), folder="extra",
        input="tokens int32 7 4\ntarget labels 4",
        model="from tokens | test_table 5 | linear 5 | tanh | linear 7 weight=test_table1.weight",
        loss="linear2 target: cross_entropy", penalties="test_table1.weight: l2 0.01",
        optimizer_text="sgd lr=0.1 momentum=0.5", batch=6, rows=5, batches=2)

# ---- Layers that silence units, and their thresholds ------------------------------------------------------------------


def largest(x, k):
    """Keeps the k largest of each row; no gradient flows through what is 0."""
    kept = torch.zeros_like(x).scatter(1, x.topk(k, 1).indices, 1.0)
    return x * kept * (x != 0)


def sparse_layers(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["threshold_relu1"] = F.threshold(r.v["linear1"], 0.1, 0.0)
    r.v["linear2"] = r.linear(r.v["threshold_relu1"], "linear2")
    r.v["topk1"] = largest(r.v["linear2"], 4)
    r.v["linear3"] = r.linear(r.v["topk1"], "linear3")
    r.v["batch_topk1"] = largest(r.v["linear3"].view(1, -1), 3 * len(r.v["linear3"])).view_as(r.v["linear3"])
    r.v["linear4"] = r.linear(r.v["batch_topk1"], "linear4")
    r.term("linear4:mse", 1, F.mse_loss(r.v["linear4"], r.v["target"]))
    r.term("topk1:l1", 0.02, per_sample(r.v["topk1"].abs()))
    r.term("linear1.weight:spectral_norm", 0.02, torch.linalg.matrix_norm(r.w["linear1.weight"], 2))
    r.term("linear3.weight:spectral_norm", 0.3, torch.linalg.matrix_norm(r.w["linear3.weight"], 2) / (12 * 14))


Network("sparse_layers", {"x": (6,), "target": (3,)},
        {"linear1": (6, 10), "linear2": (10, 14), "linear3": (14, 12), "linear4": (12, 3)}, sparse_layers,
        lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.5), input="x 6\ntarget 3",
        model="linear 10 | threshold_relu 0.1 | linear 14 | topk 4 | linear 12 | batch_topk 3 | linear 3",
        loss="linear4 target: mse",
        penalties="topk1: l1 0.02\nlinear1.weight: spectral_norm 0.02 iterations=500\n"
                  "linear3.weight: spectral_norm 0.3 iterations=500 reduce=mean",
        optimizer_text="sgd lr=0.05 momentum=0.5", batch=8, rows=7, batches=2)

EPS = 0.5


def near(x, theta):
    return ((x - theta).abs() < EPS / 2).to(x.dtype)


class JumpReLU(torch.autograd.Function):
    """As in Rajamanoharan et al. 2024, with theta itself as the parameter."""

    @staticmethod
    def forward(ctx, x, theta):
        ctx.save_for_backward(x, theta)
        return x * (x > theta)

    @staticmethod
    def backward(ctx, g):
        x, theta = ctx.saved_tensors
        return g * (x > theta), (-(theta / EPS) * near(x, theta) * g).sum(0)


class Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, theta):
        ctx.save_for_backward(x, theta)
        return (x > theta).to(x.dtype)

    @staticmethod
    def backward(ctx, g):
        x, theta = ctx.saved_tensors
        return torch.zeros_like(x), (-near(x, theta) / EPS * g).sum(0)


def thresholds(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["jump_relu1"] = JumpReLU.apply(r.v["linear1"], r.w["jump_relu1.theta"])
    r.v["linear2"] = r.linear(r.v["jump_relu1"], "linear2")
    r.term("linear2:mse", 1, F.mse_loss(r.v["linear2"], r.v["x"]))
    r.term("jump_relu1:l0", 0.05, per_sample(Step.apply(r.v["linear1"], r.w["jump_relu1.theta"])))
    r.term("jump_relu1.theta:l2", 0.1, r.w["jump_relu1.theta"].square().sum())


Network("jump_relu", {"x": (6,)}, {"linear1": (6, 12), "jump_relu1": ("theta", 12), "linear2": (12, 6)}, thresholds,
        lambda w: torch.optim.SGD(w.values(), lr=0.02), input="x 6",
        model="linear 12 | jump_relu eps=0.5 | linear 6", loss="linear2 x: mse",
        penalties="jump_relu1: l0 0.05\njump_relu1.theta: l2 0.1", optimizer_text="sgd lr=0.02", batch=8, batches=3)

# ---- After the update: proximal steps and constraints ----------------------------------------------------------------


def classifier(r):
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["relu1"] = F.relu(r.v["linear1"])
    r.v["linear2"] = r.linear(r.v["relu1"], "linear2")
    r.term("linear2:cross_entropy", 1, F.cross_entropy(r.v["linear2"], r.v["target"]))


CLASSIFIER = {"feeds": {"x": (6,), "target": ("labels", 3)}, "layers": {"linear1": (6, 8), "linear2": (8, 3)},
              "batch": 6, "input": "x 6\ntarget labels", "model": "linear 8 | relu | linear 3",
              "loss": "linear2 target: cross_entropy"}


def prox_classifier(r):
    """A term that acts through its proximal step is part of the objective, but adds nothing to the gradient."""
    classifier(r)
    r.term("linear1.weight:l1", 0.05, r.w["linear1.weight"].detach().abs().sum())
    r.term("linear2.weight:l2", 0.1, r.w["linear2.weight"].detach().square().sum())
    r.term("linear2.bias:l1", 0.2, r.w["linear2.bias"].detach().abs().mean())


def prox_after(t):
    def after(w):
        soft(w["linear1.weight"], t * 0.05)
        w["linear2.weight"].div_(1 + 2 * t * 0.1)
        soft(w["linear2.bias"], t * 0.2 / 3)
    return after


PROX = "linear1.weight: l1 0.05 prox\nlinear2.weight: l2 0.1 prox\nlinear2.bias: l1 0.2 prox reduce=mean"

Network("prox_sgd", forward=prox_classifier, optimizer=lambda w: torch.optim.SGD(w.values(), lr=0.1),
        after=prox_after(0.1), penalties=PROX, optimizer_text="sgd lr=0.1", **CLASSIFIER)
Network("prox_rmsprop", forward=prox_classifier,
        optimizer=lambda w: torch.optim.RMSprop(w.values(), lr=0.005, alpha=0.9, momentum=0.5, eps=1e-3),
        after=prox_after(0.01), penalties=PROX, optimizer_text="rmsprop lr=0.005 alpha=0.9 momentum=0.5 eps=1e-3",
        **CLASSIFIER)
Network("rmsprop_centered", forward=classifier,
        optimizer=lambda w: torch.optim.RMSprop(w.values(), lr=0.003, alpha=0.9, eps=1e-2, weight_decay=0.1,
                                                centered=True),
        optimizer_text="rmsprop lr=0.003 alpha=0.9 eps=1e-2 weight_decay=0.1 centered", batches=2, **CLASSIFIER)
Network("adagrad", forward=classifier,
        optimizer=lambda w: torch.optim.Adagrad(w.values(), lr=0.05, lr_decay=0.1, weight_decay=0.01,
                                                initial_accumulator_value=0.1),
        optimizer_text="adagrad lr=0.05 lr_decay=0.1 weight_decay=0.01 initial_accumulator_value=0.1", batches=2,
        **CLASSIFIER)
Network("amsgrad", forward=classifier,
        optimizer=lambda w: torch.optim.Adam(w.values(), lr=0.02, betas=(0.9, 0.5), amsgrad=True),
        optimizer_text="adam lr=0.02 beta2=0.5 amsgrad", batches=2, **CLASSIFIER)
Network("clip_norm", forward=classifier, clip=lambda w: torch.nn.utils.clip_grad_norm_(w, 0.3),
        optimizer=lambda w: torch.optim.SGD(w.values(), lr=0.5, momentum=0.9), frozen=("linear1.bias",),
        options="linear1.bias: frozen", optimizer_text="sgd lr=0.5 momentum=0.9 clip_norm=0.3", batches=2, **CLASSIFIER)


def clip_both(w):
    torch.nn.utils.clip_grad_value_(w, 0.05)
    torch.nn.utils.clip_grad_norm_(w, 0.2)


Network("clip_both", forward=classifier, clip=clip_both,
        optimizer=lambda w: torch.optim.SGD(w.values(), lr=0.5, momentum=0.9),
        optimizer_text="sgd lr=0.5 momentum=0.9 clip_value=0.05 clip_norm=0.2", batches=2, **CLASSIFIER)
Network("prox_momentum", forward=prox_classifier,
        optimizer=lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.8, dampening=0.4),
        after=prox_after(0.05 * (1 - 0.4) / (1 - 0.8)), penalties=PROX,
        optimizer_text="sgd lr=0.05 momentum=0.8 dampening=0.4", **CLASSIFIER)
Network("prox_adam", forward=prox_classifier, optimizer=lambda w: torch.optim.Adam(w.values(), lr=0.02),
        after=prox_after(0.02), penalties=PROX, optimizer_text="adam lr=0.02", **CLASSIFIER)


def prox_concave(r):
    classifier(r)
    r.term("linear1.weight:mcp", 0.3, mcp(r.w["linear1.weight"].detach(), 0.2).sum())
    r.term("linear1.bias:mcp", 3, mcp(r.w["linear1.bias"].detach(), 0.1).sum())
    r.term("linear2.weight:log_sum", 0.02, (1 + r.w["linear2.weight"].detach().abs() / 0.03).log().sum())
    r.term("linear2.bias:l1_huber", 0.5, l1_huber(r.w["linear2.bias"].detach(), 0.05).sum())


def prox_concave_after(w):
    """log_sum by iteration: reweighted l1, started from above, ends at the larger stationary point."""
    x, t = w["linear1.weight"], 0.1 * 0.3  # convex: the firm threshold
    x.copy_(torch.where(x.abs() < 0.2, x.sign() * ((x.abs() - t) / (1 - t / 0.2)).clamp(min=0), x))
    x, t = w["linear1.bias"], 0.1 * 3  # concave: all or nothing
    x.mul_((t * 0.1 / 2 < x.square() / 2).to(x.dtype))
    x, t = w["linear2.weight"], 0.1 * 0.02
    z = x.abs()
    for _ in range(500):
        z = (x.abs() - t / (0.03 + z)).clamp(min=0)
    better = t * (1 + z / 0.03).log() + (z - x.abs()).square() / 2 < x.square() / 2
    x.copy_(torch.where(better, x.sign() * z, torch.zeros_like(x)))
    x, t = w["linear2.bias"], 0.1 * 0.5
    x.copy_(torch.where(x.abs() <= 0.05 + t, x * 0.05 / (0.05 + t), x - x.sign() * t))


Network("prox_concave", forward=prox_concave, optimizer=lambda w: torch.optim.SGD(w.values(), lr=0.1),
        after=prox_concave_after,
        penalties="linear1.weight: mcp 0.3 gamma=0.2 prox\nlinear1.bias: mcp 3 gamma=0.1 prox\n"
                  "linear2.weight: log_sum 0.02 eps=0.03 prox\nlinear2.bias: l1_huber 0.5 delta=0.05 prox",
        optimizer_text="sgd lr=0.1", **CLASSIFIER)


def unit_norm(w):
    w["linear1.weight"].div_(w["linear1.weight"].norm(dim=1, keepdim=True))
    w["linear2.weight"].div_(w["linear2.weight"].norm(dim=0, keepdim=True))


Network("unit_norm", forward=classifier, optimizer=lambda w: torch.optim.SGD(w.values(), lr=0.1, momentum=0.9),
        after=unit_norm, penalties="linear1.weight: unit_norm by=unit\nlinear2.weight: unit_norm by=input",
        optimizer_text="sgd lr=0.1 momentum=0.9", **CLASSIFIER)

# ---- Groups of weights -----------------------------------------------------------------------------------------------


def tiles(w, down, across):
    """A weight [out, in] cut into tiles, smaller at the far edges: (1, in) are units, (out, 1) inputs."""
    return [w[i:i + down, j:j + across] for i in range(0, len(w), down) for j in range(0, w.shape[1], across)]


def group_lasso(w, down, across):
    return sum(tile.numel() ** 0.5 * torch.norm(tile) for tile in tiles(w, down, across))


def orthogonal(w):
    return (w @ w.T - torch.eye(len(w), dtype=w.dtype)).square().sum()


def group_penalties(r):
    classifier(r)
    w1, w2 = r.w["linear1.weight"], r.w["linear2.weight"]
    r.term("linear1.weight:group_lasso", 0.02, group_lasso(w1, 1, 6))
    r.term("linear1.weight:inputs", 0.3, group_lasso(w1, 8, 1) / 48)
    r.term("linear2.weight:group_lasso", 0.04, group_lasso(w2, 2, 2))
    r.term("linear2.weight:sparse_group_lasso", 0.05, 0.3 * w2.abs().sum() + 0.7 * group_lasso(w2, 3, 1))
    r.term("linear1.weight:orthogonal", 0.06, orthogonal(w1.T))  # more units than inputs
    r.term("linear2.weight:orthogonal", 0.06, orthogonal(w2))


Network("group_penalties", forward=group_penalties,
        optimizer=lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.5),
        penalties="linear1.weight: group_lasso 0.02\nlinear1.weight: group_lasso 0.3 by=input reduce=mean name=inputs\n"
                  "linear2.weight: group_lasso 0.04 by=block block=2\n"
                  "linear2.weight: sparse_group_lasso 0.05 alpha=0.3 by=input\nlinear*.weight: orthogonal 0.06",
        optimizer_text="sgd lr=0.05 momentum=0.5", **CLASSIFIER)


def mean_cosine(w):
    """Of the rows of w, over all pairs."""
    u = F.normalize(w, dim=1)
    return (u @ u.T).triu(1).abs().sum() / (len(w) * (len(w) - 1) / 2)


def orthogonal_cosine(r):
    classifier(r)
    r.term("linear1.weight:orthogonal_cosine", 0.2, mean_cosine(r.w["linear1.weight"]))
    r.term("linear2.weight:orthogonal_cosine", 0.3, mean_cosine(r.w["linear2.weight"].T))


Network("orthogonal_cosine", forward=orthogonal_cosine, optimizer=lambda w: torch.optim.SGD(w.values(), lr=0.05),
        penalties="linear1.weight: orthogonal_cosine 0.2 mode=columns\nlinear2.weight: orthogonal_cosine 0.3",
        optimizer_text="sgd lr=0.05", **CLASSIFIER)


def group_prox(r):
    classifier(r)
    w1, w2 = r.w["linear1.weight"].detach(), r.w["linear2.weight"].detach()
    r.term("linear1.weight:group_lasso", 0.05, group_lasso(w1, 8, 1))
    r.term("linear2.weight:sparse_group_lasso", 0.1, 0.5 * w2.abs().sum() + 0.5 * group_lasso(w2, 2, 2))


def block_soft(w, down, across, t):
    """The proximal step of t times the group lasso."""
    for tile in tiles(w, down, across):
        tile.mul_((1 - t * tile.numel() ** 0.5 / torch.norm(tile)).clamp(min=0))


def group_prox_after(w):
    t = 0.05 / (1 - 0.5)
    block_soft(w["linear1.weight"], 8, 1, t * 0.05)
    soft(w["linear2.weight"], t * 0.1 * 0.5)
    block_soft(w["linear2.weight"], 2, 2, t * 0.1 * 0.5)


Network("group_prox", forward=group_prox, optimizer=lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.5),
        after=group_prox_after,
        penalties="linear1.weight: group_lasso 0.05 by=input prox\n"
                  "linear2.weight: sparse_group_lasso 0.1 by=block block=2 prox",
        optimizer_text="sgd lr=0.05 momentum=0.5", **CLASSIFIER)


def l1_ball(w, radius):
    """The projection by sorting (Duchi et al. 2008)."""
    m = w.abs().flatten().sort(descending=True).values
    if m.sum() > radius:
        theta = (m.cumsum(0) - radius) / torch.arange(1, len(m) + 1)
        soft(w, theta[m > theta][-1])


def constraints(w):
    w["linear1.weight"].mul_((0.5 / w["linear1.weight"].norm(dim=1, keepdim=True)).clamp(max=1))
    l1_ball(w["linear2.weight"], 1.5)
    w["linear1.bias"].clamp_(min=0)


Network("constraints", forward=classifier, optimizer=lambda w: torch.optim.SGD(w.values(), lr=0.1, momentum=0.5),
        after=constraints,
        penalties="linear1.weight: max_norm 0.5\nlinear2.weight: l1_ball 1.5\nlinear1.bias: non_negative",
        optimizer_text="sgd lr=0.1 momentum=0.5", **CLASSIFIER)


def make(cases, made_by):
    """Writes the files of some networks, into the folder that the command line names."""
    here = os.path.dirname(os.path.abspath(__file__))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "tests", "golden")
    torch.set_num_threads(1)
    for case in cases:
        exact = train(case, torch.float64)
        worst, where = disagreement(exact, train(case, torch.float32))
        print("%-22s float32 and float64 differ by %.1e in %s" % (case.name, worst, where))
        if worst > 4e-6:
            sys.exit(case.name + ": too sensitive to rounding for a reference; change its sizes or its rates")
        text = dict(case.text, made_by=made_by)
        os.makedirs(os.path.join(folder, case.folder), exist_ok=True)
        save(os.path.join(folder, case.folder, case.name + ".safetensors"), text, exact)


if __name__ == "__main__":
    make(CASES, "tools/golden.py")
