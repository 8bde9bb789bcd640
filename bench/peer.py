"""peer.py: the benchmark's networks in PyTorch, as its users write them. bench/peer.c starts one process per case:

    peer.py CASE MODEL.safetensors THREADS

It reads the initial weights from the file and prints what runs them, with its version. For every number N on standard
input, it runs N steps and prints a line: seconds, peak memory in kB, mean loss (or the outputs of the last row, or the
sums of squares of the last products). It ends with its input."""
import json
import resource
import struct
import sys
import tempfile
import time
import warnings

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    from torch import nn

    import rows
    from rows import rounds
except ImportError as why:
    sys.exit(f"peer.py: {why}")

LAMBDAS = 7.5e-5, 3e-4, 9.5e-3  # of cnn-l1


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


def images():
    return map(torch.from_numpy, rows.images())


def layer(w, name, x):
    return F.linear(x, w[name + ".weight"], w[name + ".bias"])


def hidden(w, x):
    h1 = F.relu(layer(w, "linear1", x))
    h2 = F.relu(layer(w, "linear2", h1))
    return h1, h2, layer(w, "linear3", h2)


def trainer(optimizer, batches, objective, constrain=None):
    """Returns a step: the next batch, the objective, the update. The step returns the data loss."""
    def step():
        x, target = next(batches)
        total, loss = objective(x, target)
        optimizer.zero_grad(set_to_none=True)  # faster, and the default since PyTorch 2
        total.backward()
        optimizer.step()
        if constrain:
            constrain()
        return loss.item()
    return step


def made_up(count, width):
    return map(torch.from_numpy, rows.made_up(count, width))


def seed(w):
    def objective(x, target):
        h1, h2, y = hidden(w, x)
        loss = F.cross_entropy(y, target)
        return loss + 0.5 * torch.norm(h1, 1) + 0.01 * torch.norm(h2, 2), loss
    return trainer(torch.optim.SGD(w.values(), lr=1e-4), rounds(*made_up(256, 128), 4), objective)


def mlp(w, data, penalty=0.0, rate=0.1):
    def objective(x, target):
        h1, h2, y = hidden(w, x)
        loss = F.cross_entropy(y, target)
        if penalty == 0:
            return loss, loss
        return loss + penalty * (h1.abs().sum(1).mean() + h2.abs().sum(1).mean()), loss
    return trainer(torch.optim.SGD(w.values(), lr=rate, momentum=0.9), rounds(*data, 128), objective)


def sae(w):
    dictionary = w["decoder.weight"]

    def objective(x, target):
        code = F.relu(layer(w, "encoder", x))
        loss = ((layer(w, "decoder", code) - x) ** 2).sum(1).mean()
        return loss + 0.5 * code.abs().sum(1).mean(), loss

    def unit_norm():
        with torch.no_grad():
            dictionary.div_(dictionary.norm(dim=0, keepdim=True))
    return trainer(torch.optim.Adam(w.values(), lr=1e-3), rounds(*images(), 256), objective, unit_norm)


def infer(w):
    """A forward pass on one row; its outputs."""
    batches = rounds(*made_up(256, 784), 1)

    @torch.inference_mode()
    def step():
        y, _ = next(batches)
        for i in range(1, 4):
            y = F.relu(layer(w, f"linear{i}", y))
        return layer(w, "linear4", y)
    return step


# ---- Images ----

class Cnn(nn.Module):
    """The values after each ReLU, as far as the next layer reads them or a penalty needs them, and the logits."""
    def __init__(self):
        super().__init__()
        self.conv2d1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2d2 = nn.Conv2d(32, 64, 3, padding=1)
        self.linear1 = nn.Linear(3136, 128)
        self.linear2 = nn.Linear(128, 10)

    def features(self, x):
        h1 = F.relu(self.conv2d1(x))
        h2 = F.relu(self.conv2d2(F.max_pool2d(h1, 2)))
        h3 = F.relu(self.linear1(F.max_pool2d(h2, 2).flatten(1)))
        return h1, h2, h3, self.linear2(h3)

    def forward(self, x):
        return self.features(x)[-1]


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.down = nn.Sequential()
        if stride > 1:
            self.down = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.down(x))


class Resnet20(nn.Module):
    """He, Zhang, Ren, Sun: Deep residual learning for image recognition, section 4.2, with projections (B)."""
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(Block(16, 16, 1), Block(16, 16, 1), Block(16, 16, 1))
        self.layer2 = nn.Sequential(Block(16, 32, 2), Block(32, 32, 1), Block(32, 32, 1))
        self.layer3 = nn.Sequential(Block(32, 64, 2), Block(64, 64, 1), Block(64, 64, 1))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def build(net, w, last):
    """The module with these weights; last: with the layout channels-last."""
    missing, unexpected = net.load_state_dict({name: v.detach() for name, v in w.items()}, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
    return net.to(memory_format=torch.channels_last) if last else net


def picture(x, last):
    x = x.view(-1, 1, 28, 28)
    return x.to(memory_format=torch.channels_last) if last else x


def cnn(w, last, lambdas=None):
    net = build(Cnn(), w, last)

    def objective(x, target):
        *hidden, y = net.features(picture(x, last))
        loss = F.cross_entropy(y, target)
        if not lambdas:
            return loss, loss
        return loss + sum(l * h.abs().sum(tuple(range(1, h.dim()))).mean() for l, h in zip(lambdas, hidden)), loss
    return trainer(torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9), rounds(*images(), 64), objective)


def resnet(w, last):
    net = build(Resnet20(), w, last).train()

    def objective(x, target):
        loss = F.cross_entropy(net(picture(x, last)), target)
        return loss, loss
    return trainer(torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9), rounds(*images(), 64), objective)


def infer_cnn(w, last):
    net, batches = build(Cnn(), w, last).eval(), rounds(*images(), 1)

    @torch.inference_mode()
    def step():
        return net(picture(next(batches)[0], last))
    return step


def infer_onnx(w):
    """The same in ONNX Runtime."""
    try:
        import onnxruntime
    except ImportError as why:
        sys.exit(f"peer.py: {why}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    warnings.simplefilter("ignore")  # the exporter that needs only the package onnx is the older one
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        torch.onnx.export(build(Cnn(), w, False).eval(), (torch.zeros(1, 1, 28, 28),), file.name, dynamo=False)
        session = onnxruntime.InferenceSession(file.name, options, providers=["CPUExecutionProvider"])
    batches, name = rounds(*images(), 1), session.get_inputs()[0].name

    def step():
        x, _ = next(batches)
        return torch.from_numpy(session.run(None, {name: x.view(1, 1, 28, 28).numpy()})[0])
    return step, f"onnxruntime {onnxruntime.__version__}"


def convolution(last):
    """The three products of a convolution; the sums of squares of y and of the gradients of x, the weight and the bias."""
    layout = torch.channels_last if last else torch.contiguous_format

    def image():
        return next(made_up(64, 14 * 14 * 64)).view(64, 14, 14, 64).permute(0, 3, 1, 2).contiguous(memory_format=layout)
    x, g = image(), image()
    w = next(made_up(576, 64)).view(3, 3, 64, 64).permute(3, 2, 0, 1).contiguous(memory_format=layout)
    b = next(made_up(4, 16)).flatten()
    products = [None] * 4  # one list for all steps, so that memory is used again

    @torch.inference_mode()
    def step():
        products[0] = F.conv2d(x, w, b, padding=1)
        products[1:] = torch.ops.aten.convolution_backward(g, x, w, [64], [1, 1], [1, 1], [1, 1], False, [0, 0], 1,
                                                           [True] * 3)
        return products
    return step


CASES = {"seed": seed, "sae": sae, "infer-1": infer,
         "mlp": lambda w: mlp(w, images()),
         "mlp-l1": lambda w: mlp(w, images(), 1e-3),
         "density": lambda w: mlp(w, images(), rate=0.0),
         "penalty": lambda w: mlp(w, made_up(256, 784), 1e-3, 0.0),
         "no-penalty": lambda w: mlp(w, made_up(256, 784), rate=0.0),
         "infer-onnx": infer_onnx}
for last in False, True:  # in PyTorch's two layouts
    CASES |= {name + ("-last" if last else ""): case for name, case in {
        "cnn": lambda w, last=last: cnn(w, last),
        "cnn-l1": lambda w, last=last: cnn(w, last, LAMBDAS),
        "resnet20": lambda w, last=last: resnet(w, last),
        "infer-cnn": lambda w, last=last: infer_cnn(w, last),
        "conv-dense": lambda w, last=last: convolution(last)}.items()}


def main():
    case, model, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # as Tacet does; the momentum of silent units has many denormals
    made = CASES[case](load(model) if model else {})
    step, version = made if isinstance(made, tuple) else (made, f"torch {torch.__version__}")
    print(version + (" channels-last" if case.endswith("-last") else ""), flush=True)
    for line in sys.stdin:
        count = int(line)
        begin = time.perf_counter()
        answers = [step() for _ in range(count)]
        seconds = time.perf_counter() - begin
        last = answers[-1]
        if isinstance(last, list):
            said = [t.double().square().sum().item() for t in last]
        else:
            said = last.flatten().tolist() if torch.is_tensor(last) else [sum(answers) / count]
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, *said, flush=True)


main()
