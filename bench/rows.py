"""rows.py: the rows that the benchmark's networks are trained on, in NumPy: for peer.py and python_side.py."""
import gzip

import numpy as np

FOLDER = "/usr/share/datasets/fashion-mnist/"


def unpack(name, skip):
    return np.frombuffer(gzip.open(FOLDER + name).read(), np.uint8, offset=skip)


def pixels():
    """The training images as bytes, and their labels."""
    return unpack("train-images-idx3-ubyte.gz", 16).reshape(-1, 784), unpack("train-labels-idx1-ubyte.gz", 8)


def images():
    """The training images as float32 in [0, 1], and their labels."""
    x, target = pixels()
    x = x.astype(np.float32)
    x /= 255  # in place: a second copy would show as peak memory
    return x, target.astype(np.int64)


def made_up(rows, width):
    """The rows, which look like noise, and labels that network.c makes up."""
    i = np.arange(rows * width, dtype=np.uint32)
    i = (i ^ i >> np.uint32(16)) * np.uint32(0x7feb352d)
    i = (i ^ i >> np.uint32(15)) * np.uint32(0x846ca68b)
    i ^= i >> np.uint32(16)
    x = (i >> np.uint32(8)).astype(np.float32) * np.float32(2**-23) - np.float32(1)
    return x.reshape(rows, width), np.tile(np.array([0, 1, 1, 0]), rows // 4)


def rounds(x, target, size):
    """Batches without end, in the order of the rows."""
    while True:
        for i in range(0, len(x), size):
            yield x[i:i + size], target[i:i + size]
