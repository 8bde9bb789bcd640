"""peer.py: the benchmark's networks in PyTorch, as its users write them. bench/bench.c starts it, one process a case:

    peer.py CASE MODEL.safetensors THREADS

It reads the initial weights from the file, says its version, and then for every number N on standard input runs N
steps and answers with a line: seconds, mean loss, peak memory in kB. The end of input ends it."""
import gzip
import json
import math
import resource
import struct
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = "/usr/share/datasets/fashion-mnist/"


def load(path):
    """The tensors of a safetensors file, by name."""
    raw = open(path, "rb").read()
    size = struct.unpack("<Q", raw[:8])[0]
    header, data = json.loads(raw[8:8 + size]), raw[8 + size:]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        numbers = np.frombuffer(data[begin:end], np.float32).reshape(entry["shape"]).copy()
        tensors[name] = torch.tensor(numbers, requires_grad=True)
    return tensors


def unpack(name, skip):
    return np.frombuffer(gzip.open(FOLDER + name).read(), np.uint8, offset=skip)


def images():
    """The training images as float32 in [0, 1], and their labels."""
    x = unpack("train-images-idx3-ubyte.gz", 16).reshape(-1, 784).astype(np.float32) / 255
    return torch.tensor(x), torch.tensor(unpack("train-labels-idx1-ubyte.gz", 8).astype(np.int64))


def hidden(w, x):
    h1 = F.relu(F.linear(x, w["linear1.weight"], w["linear1.bias"]))
    h2 = F.relu(F.linear(h1, w["linear2.weight"], w["linear2.bias"]))
    return h1, h2, F.linear(h2, w["linear3.weight"], w["linear3.bias"])


def trainer(optimizer, batches, objective):
    """A step: the next batch, the objective (and the data loss that is reported), the update."""
    def step():
        x, target = next(batches)
        total, loss = objective(x, target)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        return loss.item()
    return step


def rounds(x, target, size):
    while True:
        for i in range(0, len(x), size):
            yield x[i:i + size], target[i:i + size]


def seed(w):
    x = torch.tensor([math.sin(i) for i in range(4 * 128)], dtype=torch.float32).reshape(4, 128)
    target = torch.tensor([0, 1, 1, 0])

    def objective(x, target):
        h1, h2, y = hidden(w, x)
        loss = F.cross_entropy(y, target)
        return loss + 0.5 * torch.norm(h1, 1) + 0.01 * torch.norm(h2, 2), loss
    return trainer(torch.optim.SGD(w.values(), lr=1e-4), rounds(x, target, 4), objective)


def mlp(w, penalty=0.0, rate=0.1):
    def objective(x, target):
        h1, h2, y = hidden(w, x)
        loss = F.cross_entropy(y, target)
        if penalty == 0:
            return loss, loss
        return loss + penalty * (h1.abs().sum(1).mean() + h2.abs().sum(1).mean()), loss
    return trainer(torch.optim.SGD(w.values(), lr=rate, momentum=0.9), rounds(*images(), 128), objective)


CASES = {"seed": seed, "mlp": mlp, "mlp-l1": lambda w: mlp(w, 1e-3)}


def main():
    case, model, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(threads)
    step = CASES[case](load(model))
    print("torch", torch.__version__, flush=True)
    for line in sys.stdin:
        count, loss = int(line), 0.0
        begin = time.perf_counter()
        for _ in range(count):
            loss += step()
        seconds = time.perf_counter() - begin
        print(seconds, loss / count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)


main()
