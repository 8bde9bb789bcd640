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


if __name__ == "__main__":
    golden.make(golden.CASES, "tools/golden_images.py")
