#!/usr/bin/python3
"""golden_images.py: golden.py for networks that see images. Files, checks and usage are the same.

    python3 tools/golden_images.py [DIRECTORY]          default: tests/golden

A value of an image is [rows, height, width, channels] in Tacet and in the files, and [rows, channels, height, width] in
PyTorch. A network keeps its values as Tacet has them, and reads and writes them through ChannelFirst, where they are as
PyTorch's users know them. Weights are PyTorch's in both: [out, in / groups, height, width].
"""
import torch
import torch.nn.functional as F

import golden
from golden import Network, per_sample


class ChannelFirst:
    """The values of a run (Run.v) with channels in the second dimension: [N, C], [N, C, L] or [N, C, H, W]."""

    def __init__(self, r):
        self.v = r.v

    def __getitem__(self, name):
        return self.v[name].movedim(-1, 1)

    def __setitem__(self, name, value):
        self.v[name] = value.movedim(1, -1)


golden.CASES.clear()  # those of golden.py

# ---- Convolutions ----------------------------------------------------------------------------------------------------


def plain(r):
    v = ChannelFirst(r)
    v["test_conv1"] = F.conv2d(v["x"], r.w["test_conv1.weight"], r.w["test_conv1.bias"])
    v["relu1"] = F.relu(v["test_conv1"])
    v["test_conv2"] = F.conv2d(v["relu1"], r.w["test_conv2.weight"], r.w["test_conv2.bias"])
    r.term("test_conv2:mse", 1, F.mse_loss(r.v["test_conv2"], r.v["target"]))
    r.term("relu1:l1", 0.01, per_sample(r.v["relu1"].abs()))


Network("plain_convolution", {"x": (6, 7, 2), "target": (3, 4, 3)},
        {"test_conv1": ("conv", 4, 2, 3, 3), "test_conv2": ("conv", 3, 4, 2, 2)}, plain,
        lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.5), folder="extra",
        input="x 6 7 2\ntarget 3 4 3", model="test_conv 4 | relu | test_conv 3 k=2", loss="test_conv2 target: mse",
        penalties="relu1: l1 0.01", optimizer_text="sgd lr=0.05 momentum=0.5", batch=5, rows=4, batches=2)


def convolutions(r):
    v = ChannelFirst(r)
    v["conv2d1"] = F.conv2d(v["x"], r.w["conv2d1.weight"], r.w["conv2d1.bias"], stride=(2, 1), padding=1, groups=2)
    v["relu1"] = F.relu(v["conv2d1"])
    v["conv2d2"] = F.conv2d(v["relu1"], r.w["conv2d2.weight"], padding="same", dilation=(1, 2), groups=6)
    v["tanh1"] = torch.tanh(v["conv2d2"])
    v["conv2d3"] = F.conv2d(v["tanh1"], r.w["conv2d3.weight"], r.w["conv2d3.bias"], stride=2, padding=(3, 2), dilation=2)
    v["relu2"] = F.relu(v["conv2d3"])
    v["conv2d4"] = F.conv2d(v["relu2"], r.w["conv2d4.weight"], r.w["conv2d4.bias"])
    r.term("conv2d4:mse", 1, F.mse_loss(r.v["conv2d4"], r.v["target"]))
    r.term("relu2:l1", 0.01, per_sample(r.v["relu2"].abs()))


Network("convolutions", {"x": (9, 10, 4), "target": (4, 6, 3)},
        {"conv2d1": ("conv", 6, 2, 3, 2), "conv2d2": ("conv", 6, 1, 3, 3, "nobias"), "conv2d3": ("conv", 8, 6, 3, 3),
         "conv2d4": ("conv", 3, 8, 1, 1)}, convolutions,
        lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.5), input="x 9 10 4\ntarget 4 6 3",
        model="conv2d 6 3x2 stride=2x1 padding=1 groups=2 | relu | "
              "conv2d 6 3 padding=same dilation=1x2 groups=6 bias=false | tanh | "
              "conv2d 8 3 stride=2 padding=3x2 dilation=2 | relu | conv2d 3 1",
        loss="conv2d4 target: mse", penalties="relu2: l1 0.01", optimizer_text="sgd lr=0.05 momentum=0.5", batch=5,
        rows=4, batches=2)


def signals(r):
    v = ChannelFirst(r)
    v["conv1d1"] = F.conv1d(v["x"], r.w["conv1d1.weight"], r.w["conv1d1.bias"], stride=2, padding=4, dilation=2, groups=2)
    v["relu1"] = F.relu(v["conv1d1"])
    v["conv1d2"] = F.conv1d(v["relu1"], r.w["conv1d2.weight"], padding="same")
    r.term("conv1d2:mse", 1, F.mse_loss(r.v["conv1d2"], r.v["target"]))
    r.term("relu1:l1", 0.01, per_sample(r.v["relu1"].abs()))


Network("conv1d", {"x": (11, 4), "target": (6, 3)},
        {"conv1d1": ("conv", 6, 2, 5), "conv1d2": ("conv", 3, 6, 4, "nobias")}, signals,
        lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.5), input="x 11 4\ntarget 6 3",
        model="conv1d 6 5 stride=2 padding=4 dilation=2 groups=2 | relu | conv1d 3 4 padding=same bias=false",
        loss="conv1d2 target: mse", penalties="relu1: l1 0.01", optimizer_text="sgd lr=0.05 momentum=0.5", batch=5,
        rows=4, batches=2)

def beyond(r):
    """With ceil_mode a window may be larger than the image and its padding."""
    v = ChannelFirst(r)
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    v["max_pool2d1"] = F.max_pool2d(v["linear1"], (4, 2), stride=3, ceil_mode=True)
    v["avg_pool2d1"] = F.avg_pool2d(v["linear1"], (4, 3), stride=3, ceil_mode=True)
    v["avg_pool2d2"] = F.avg_pool2d(v["linear1"], (6, 3), stride=4, padding=(1, 0), ceil_mode=True)
    for name in ("max_pool2d1", "avg_pool2d1", "avg_pool2d2"):
        r.term(name + ":mse", 1, F.mse_loss(r.v[name], r.v["target"]))


Network("pools_beyond", {"x": (3, 1, 2), "target": (1, 1, 2)}, {"linear1": (2, 2)}, beyond,
        lambda w: torch.optim.SGD(w.values(), lr=0.1), input="x 3 1 2\ntarget 1 1 2",
        model="linear 2 | max_pool2d 4x2 stride=3 ceil | from linear1 | avg_pool2d 4x3 stride=3 ceil | "
              "from linear1 | avg_pool2d 6x3 stride=4 padding=1x0 ceil",
        loss="max_pool2d1 target: mse\navg_pool2d1 target: mse\navg_pool2d2 target: mse",
        optimizer_text="sgd lr=0.1", batch=4)

# ---- Normalisation ---------------------------------------------------------------------------------------------------


def batch_norm(r, x, name, **settings):
    """In training; F.batch_norm updates the running statistics."""
    return F.batch_norm(x, r.w[name + ".running_mean"], r.w[name + ".running_var"], r.w.get(name + ".weight"),
                        r.w.get(name + ".bias"), True, **settings)


def normal(r):
    v = ChannelFirst(r)
    v["linear1"] = r.linear(r.v["x"], "linear1").movedim(-1, 1)
    v["batch_norm1"] = batch_norm(r, v["linear1"], "batch_norm1")
    v["relu61"] = F.relu6(v["batch_norm1"])
    v["linear2"] = r.linear(r.v["relu61"], "linear2").movedim(-1, 1)
    v["batch_norm2"] = batch_norm(r, v["linear2"], "batch_norm2", momentum=0.3, eps=1e-3)
    r.term("batch_norm2:mse", 1, F.mse_loss(r.v["batch_norm2"], r.v["target"]))
    r.term("relu61:l1", 0.01, per_sample(r.v["relu61"].abs()))
    r.term("batch_norm2.*:l2", 0.02, sum(r.w["batch_norm2." + k].square().sum() for k in ("weight", "bias")))
    r.term("batch_norm1.weight:l1", 0.2, r.w["batch_norm1.weight"].abs().sum())


Network("batch_norm", {"x": (5, 6, 3), "target": (5, 6, 3)},
        {"linear1": (3, 4, "nobias"), "batch_norm1": ("batch_norm", 4), "linear2": (4, 3, "nobias"),
         "batch_norm2": ("batch_norm", 3)}, normal,
        lambda w: torch.optim.SGD([t for t in w.values() if t.requires_grad], lr=0.05, momentum=0.5),
        input="x 5 6 3\ntarget 5 6 3",
        model="linear 4 bias=false | batch_norm | relu6 | linear 3 bias=false | batch_norm momentum=0.3 eps=1e-3",
        loss="batch_norm2 target: mse",
        penalties="relu61: l1 0.01\nbatch_norm2.*: l2 0.02 joint\nbatch_norm1.weight: l1 0.2",
        optimizer_text="sgd lr=0.05 momentum=0.5", batch=5, rows=4, batches=2)


def table(r):
    """Columns of numbers: the input itself is normalised."""
    r.v["batch_norm1"] = batch_norm(r, r.v["x"], "batch_norm1")
    r.v["linear1"] = r.linear(r.v["batch_norm1"], "linear1")
    r.v["hardswish1"] = F.hardswish(r.v["linear1"])
    r.v["linear2"] = r.linear(r.v["hardswish1"], "linear2")
    r.v["hardsigmoid1"] = F.hardsigmoid(r.v["linear2"])
    r.v["linear3"] = r.linear(r.v["hardsigmoid1"], "linear3")
    r.v["clip1"] = F.hardtanh(r.v["linear3"], -0.25, 0.5)
    r.term("clip1:mse", 1, F.mse_loss(r.v["clip1"], r.v["target"]))


Network("batch_norm_table", {"x": (5,), "target": (4,)},
        {"batch_norm1": ("batch_norm", 5), "linear1": (5, 7), "linear2": (7, 6), "linear3": (6, 4)}, table,
        lambda w: torch.optim.SGD([t for t in w.values() if t.requires_grad], lr=0.05, momentum=0.5),
        input="x 5\ntarget 4",
        model="batch_norm | linear 7 | hardswish | linear 6 | hardsigmoid | linear 4 | clip -0.25 0.5",
        loss="clip1 target: mse", optimizer_text="sgd lr=0.05 momentum=0.5", batch=9, rows=7, batches=3)

# ---- Pools -----------------------------------------------------------------------------------------------------------


def pools(r):
    v = ChannelFirst(r)
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["relu1"] = F.relu(r.v["linear1"])
    v["max_pool2d1"] = F.max_pool2d(v["relu1"], 2)
    v["max_pool2d2"] = F.max_pool2d(v["linear1"], (3, 2), stride=(2, 3), padding=(1, 0), dilation=(2, 1), ceil_mode=True)
    v["avg_pool2d1"] = F.avg_pool2d(v["max_pool2d2"], 3, stride=2, padding=1, ceil_mode=True)
    v["avg_pool2d2"] = F.avg_pool2d(v["relu1"], (3, 2), stride=(2, 1), padding=1, count_include_pad=False)
    r.v["flatten1"] = v["avg_pool2d1"].flatten(1)
    r.v["linear2"] = r.linear(r.v["flatten1"], "linear2")
    r.v["flatten2"] = v["max_pool2d1"].flatten(1)
    r.v["linear3"] = r.linear(r.v["flatten2"], "linear3")
    v["global_avg_pool1"] = F.adaptive_avg_pool2d(v["avg_pool2d2"], 1).flatten(1)
    r.v["linear4"] = r.linear(r.v["global_avg_pool1"], "linear4")
    r.term("linear2:mse", 1, F.mse_loss(r.v["linear2"], r.v["target"]))
    r.term("linear3:mse", 1, F.mse_loss(r.v["linear3"], r.v["target"]))
    r.term("linear4:mse", 1, F.mse_loss(r.v["linear4"], r.v["target"]))
    r.term("max_pool2d1:l1", 0.01, per_sample(r.v["max_pool2d1"].abs()))


Network("pools", {"x": (7, 9, 3), "target": (4,)},
        {"linear1": (3, 5), "linear2": (20, 4), "linear3": (60, 4), "linear4": (5, 4)}, pools,
        lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.5), input="x 7 9 3\ntarget 4",
        model="linear 5 | relu | max_pool2d 2 | from linear1 | max_pool2d 3x2 stride=2x3 padding=1x0 dilation=2x1 ceil | "
              "avg_pool2d 3 stride=2 padding=1 ceil | from relu1 | avg_pool2d 3x2 stride=2x1 padding=1 count_pad=false | "
              "from avg_pool2d1 | flatten | linear 4 | from max_pool2d1 | flatten | linear 4 | "
              "from avg_pool2d2 | global_avg_pool | linear 4",
        loss="linear2 target: mse\nlinear3 target: mse\nlinear4 target: mse", penalties="max_pool2d1: l1 0.01",
        optimizer_text="sgd lr=0.05 momentum=0.5", batch=5, rows=4, batches=2)


def joins(r):
    """Squeeze and excite, a dense block, a decoder, and a shortcut that adds pixels and channels."""
    v = ChannelFirst(r)
    r.v["linear1"] = r.linear(r.v["x"], "linear1")
    r.v["relu1"] = F.relu(r.v["linear1"])
    v["global_avg_pool1"] = v["relu1"].mean((2, 3))
    r.v["linear2"] = r.linear(r.v["global_avg_pool1"], "linear2")
    r.v["sigmoid1"] = torch.sigmoid(r.v["linear2"])
    v["mul1"] = v["relu1"] * v["sigmoid1"][:, :, None, None]
    v["mul2"] = v["mul1"] * v["relu1"]
    v["sub1"] = v["mul1"] - v["linear1"]
    v["concat1"] = torch.cat([v["sub1"], v["x"], v["mul2"]], 1)
    v["max_pool2d1"] = v["concat1"][:, :, ::2, ::2]
    v["pad1"] = F.pad(v["max_pool2d1"], (1, 0, 2, 2, 1, 2))
    r.v["flatten1"] = v["pad1"].flatten(1)
    r.v["linear3"] = r.linear(r.v["flatten1"], "linear3")
    v["reshape1"] = r.v["linear3"].unflatten(1, (5, 2, 3))
    v["upsample1"] = F.interpolate(v["reshape1"], scale_factor=(2, 1))
    r.v["reshape2"] = r.v["upsample1"].reshape(-1, 12, 5)
    r.term("reshape2:mse", 1, F.mse_loss(r.v["reshape2"], r.v["target"]))


Network("joins", {"x": (4, 5, 3), "target": (12, 5)}, {"linear1": (3, 6), "linear2": (6, 6), "linear3": (18 * 24, 30)},
        joins, lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.5), input="x 4 5 3\ntarget 12 5",
        model="linear 6 | relu | global_avg_pool | linear 6 | sigmoid | mul relu1 | mul relu1 | from mul1 | sub linear1 | "
              "concat x mul2 | max_pool2d 1 stride=2 | pad 2x1 right=0 before=1 after=2 | flatten | linear 30 | "
              "reshape 2x3x5 | upsample 2x1 | reshape 12x5",
        loss="reshape2 target: mse", optimizer_text="sgd lr=0.05 momentum=0.5", batch=5, rows=4, batches=2)


def pre_bias(r):
    """An autoencoder that subtracts a learnt vector from its input and adds the same to its output."""
    b = r.w["scale_shift1.bias"]
    r.v["scale_shift1"] = r.v["x"] - b
    r.v["linear1"] = r.linear(r.v["scale_shift1"], "linear1")
    r.v["relu1"] = F.relu(r.v["linear1"])
    r.v["scale_shift2"] = r.v["relu1"] * r.w["scale_shift2.weight"] + r.w["scale_shift2.bias"]
    r.v["linear2"] = F.linear(r.v["scale_shift2"], r.w["linear2.weight"], b)
    r.v["scale_shift3"] = r.v["linear2"] + b
    r.term("scale_shift3:mse", 1, F.mse_loss(r.v["scale_shift3"], r.v["x"]))
    r.term("relu1:l1", 0.01, per_sample(r.v["relu1"].abs()))


Network("pre_bias", {"x": (3, 9)},
        {"scale_shift1": ("bias", 9), "linear1": (9, 14), "scale_shift2": (14,), "linear2": (14, 9, "nobias")}, pre_bias,
        lambda w: torch.optim.SGD(w.values(), lr=0.1, momentum=0.9), input="x 3 9",
        model="scale_shift weight=false negate | linear 14 | relu | scale_shift | linear 9 bias=scale_shift1.bias | "
              "scale_shift weight=false bias=scale_shift1.bias",
        loss="scale_shift3 x: mse", penalties="relu1: l1 0.01", optimizer_text="sgd lr=0.1 momentum=0.9", batch=6,
        rows=5, batches=2)
def groups(r):
    v = ChannelFirst(r)
    v["group_norm1"] = F.group_norm(v["x"], 3, r.w["group_norm1.weight"], r.w["group_norm1.bias"])
    v["linear1"] = r.linear(r.v["group_norm1"], "linear1").movedim(-1, 1)
    v["instance_norm1"] = F.instance_norm(v["linear1"], weight=r.w["instance_norm1.weight"],
                                          bias=r.w["instance_norm1.bias"], eps=1e-2)
    r.v["tanh1"] = torch.tanh(r.v["instance_norm1"])
    r.v["linear2"] = r.linear(r.v["tanh1"], "linear2")
    v["instance_norm2"] = F.instance_norm(v["linear2"])
    r.v["linear3"] = r.linear(r.v["instance_norm2"], "linear3")
    v["group_norm2"] = F.group_norm(v["linear3"], 2, eps=0.1)
    r.term("group_norm2:mse", 1, F.mse_loss(r.v["group_norm2"], r.v["target"]))


Network("group_norm", {"x": (4, 5, 6), "target": (4, 5, 4)},
        {"group_norm1": (6,), "linear1": (6, 5, "nobias"), "instance_norm1": (5,), "linear2": (5, 3, "nobias"),
         "linear3": (3, 4)}, groups,
        lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.5), input="x 4 5 6\ntarget 4 5 4",
        model="group_norm 3 | linear 5 bias=false | instance_norm affine=true eps=1e-2 | tanh | linear 3 bias=false "
              "| instance_norm | linear 4 | group_norm 2 affine=false eps=0.1",
        loss="group_norm2 target: mse", optimizer_text="sgd lr=0.05 momentum=0.5", batch=4, rows=3, batches=2)


# ---- Penalties on images ---------------------------------------------------------------------------------------------


def l1_penalty(x, l1weight, size_average=False):
    """Lua Torch's nn.L1Penalty: l1weight * sum |x|, and with sizeAverage that divided by the number of elements."""
    return (l1weight / x.numel() if size_average else l1weight) * x.abs().sum()


def activity_regularizer(x, l1):
    """Keras's: the sum over positions and channels, divided by the batch size."""
    return l1 * x.abs().sum() / len(x)


def penalised(r):
    """A channel is a unit: sums are over positions and channels, vectors are over the channels of a position."""
    v = ChannelFirst(r)
    v["conv2d1"] = F.conv2d(v["x"], r.w["conv2d1.weight"], r.w["conv2d1.bias"], padding=1)
    v["relu1"] = F.relu(v["conv2d1"])
    v["conv2d2"] = F.conv2d(v["relu1"], r.w["conv2d2.weight"], r.w["conv2d2.bias"], stride=2)
    v["relu2"] = F.relu(v["conv2d2"])
    r.v["flatten1"] = v["relu2"].flatten(1)
    r.v["linear1"] = r.linear(r.v["flatten1"], "linear1")
    h = v["relu1"]
    r.term("linear1:cross_entropy", 1, F.cross_entropy(r.v["linear1"], r.v["target"]))
    r.term("relu1:l1", 0.002, activity_regularizer(h, 1))
    r.term("relu1:lua", 0.001, l1_penalty(h, 1))
    r.term("relu1:lua_average", 0.3, l1_penalty(h, 1, True))
    r.term("relu1:by_position", 0.02, h.abs().sum(1).mean())
    r.term("conv2d2:norm", 0.01, torch.norm(v["conv2d2"], 2, dim=1).sum((1, 2)).mean())
    r.term("conv2d1.weight:l1_l2", 1, 0.01 * r.w["conv2d1.weight"].abs().sum() +
           0.02 * r.w["conv2d1.weight"].square().sum())


Network("convolution_penalties", {"x": (6, 5, 2), "target": ("labels", 3)},
        {"conv2d1": ("conv", 5, 2, 3, 3), "conv2d2": ("conv", 4, 5, 3, 3), "linear1": (16, 3)}, penalised,
        lambda w: torch.optim.SGD(w.values(), lr=0.05, momentum=0.5), input="x 6 5 2\ntarget labels",
        model="conv2d 5 3 padding=1 | relu | conv2d 4 3 stride=2 | relu | flatten | linear 3",
        loss="linear1 target: cross_entropy",
        penalties="relu1: l1 0.002\nrelu1: l1 0.001 reduce=sum name=lua\nrelu1: l1 0.3 reduce=mean name=lua_average\n"
                  "relu1: l1 0.02 reduce=position name=by_position\nconv2d2: norm 0.01\n"
                  "conv2d1.weight: l1_l2 l1=0.01 l2=0.02",
        optimizer_text="sgd lr=0.05 momentum=0.5", batch=5, rows=4, batches=2)


def filters(w, groups, by):
    """A weight of a convolution as [groups of weights, their weights]: the weights into a unit, or those from an input.
    Inputs of different groups of the convolution are different inputs, although they share an index."""
    w = w.view(groups, w.shape[0] // groups, *w.shape[1:])
    return w.flatten(0, 1).flatten(1) if by == "unit" else w.transpose(1, 2).flatten(0, 1).flatten(1)


def filter_lasso(w, groups, by):
    w = filters(w, groups, by)
    return w.shape[1] ** 0.5 * torch.norm(w, dim=1).sum()


def filter_soft(w, groups, by, t):
    """The proximal step of t times the filter lasso, in its closed form."""
    size = filters(w, groups, by).shape[1]
    keep = (1 - t * size ** 0.5 / torch.norm(filters(w, groups, by), dim=1)).clamp(min=0)
    shape = (w.shape[0], 1, 1, 1) if by == "unit" else (groups, 1, w.shape[1], 1, 1)
    w.view(*((w.shape if by == "unit" else (groups, -1) + tuple(w.shape[1:])))).mul_(keep.view(shape))


FILTERS = (("conv2d1", 1, "unit", 0.21), ("conv2d2", 2, "input", 0.34), ("conv2d3", 6, "unit", 0.35),
           ("conv2d4", 1, "input", 0.23))


def pruned(r):
    v = ChannelFirst(r)
    v["conv2d1"] = F.conv2d(v["x"], r.w["conv2d1.weight"], r.w["conv2d1.bias"], padding=1)
    v["conv2d2"] = F.conv2d(v["conv2d1"], r.w["conv2d2.weight"], r.w["conv2d2.bias"], groups=2)
    v["conv2d3"] = F.conv2d(v["conv2d2"], r.w["conv2d3.weight"], padding=(0, 1), groups=6)
    v["conv2d4"] = F.conv2d(v["conv2d3"], r.w["conv2d4.weight"])
    r.term("conv2d4:mse", 1, F.mse_loss(r.v["conv2d4"], r.v["target"]))
    for name, groups, by, weight in FILTERS:
        r.term(name + ".weight:group_lasso", weight, filter_lasso(r.w[name + ".weight"].detach(), groups, by))


def pruned_after(w):
    for name, groups, by, weight in FILTERS:
        filter_soft(w[name + ".weight"], groups, by, 0.05 * weight)


Network("filter_lasso", {"x": (5, 6, 3), "target": (2, 4, 3)},
        {"conv2d1": ("conv", 4, 3, 3, 3), "conv2d2": ("conv", 6, 2, 3, 2), "conv2d3": ("conv", 6, 1, 1, 3, "nobias"),
         "conv2d4": ("conv", 3, 6, 2, 2, "nobias")}, pruned,
        lambda w: torch.optim.SGD(w.values(), lr=0.05), pruned_after, input="x 5 6 3\ntarget 2 4 3",
        model="conv2d 4 3 padding=1 | conv2d 6 3x2 groups=2 | conv2d 6 1x3 padding=0x1 groups=6 bias=false | "
              "conv2d 3 2 bias=false", loss="conv2d4 target: mse",
        penalties="\n".join("%s.weight: group_lasso %g by=%s prox" % (name, weight, by)
                            for name, _, by, weight in FILTERS), optimizer_text="sgd lr=0.05", batch=5)


if __name__ == "__main__":
    golden.make(golden.CASES, "tools/golden_images.py")
