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


if __name__ == "__main__":
    golden.make(golden.CASES, "tools/golden_images.py")
