#!/bin/sh
# timeout 300
# Models and PyTorch: a module with the same names loads a saved model with load_state_dict(strict=True) and then gives the
# same outputs; weights saved from PyTorch start a run of Tacet. Skipped if python3 has no torch.
set -eu
python=/usr/bin/python3
"$python" -c 'import torch' 2>/dev/null || { echo "no torch for $python: skipped" && exit 77; }
[ -x "$TACET" ] || { echo "no program $TACET: skipped" && exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

awk 'BEGIN {
    print "a,b,c,d,y"
    for (i = 0; i < 50; i++) {
        for (j = 0; j < 4; j++) printf "%d,", (i * 37 + j * 11) % 19 - 9
        print i % 3
    }
}' >data.csv
cat >config.yaml <<'END'
model: linear 16 | relu | layer_norm | linear 8 bias=false | gelu | linear 3 name=head
loss: cross_entropy
penalties:
  relu1: l1 1e-3
optimizer: adam lr=0.01
data: csv data.csv label=y
train: {epochs: 3, batch: 8, seed: 3}
END
cat >torch_side.py <<'END'
import json, struct, sys
from collections import OrderedDict
import torch

def load_file(path):  # replaces safetensors.torch.load_file, which may not be installed
    with open(path, "rb") as f:
        (length,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(length))
        data = f.read()
    header.pop("__metadata__")
    tensors = {}
    for name, t in header.items():
        assert t["dtype"] == "F32"
        begin, end = t["data_offsets"]
        numbers = torch.tensor(struct.unpack("<%df" % ((end - begin) // 4), data[begin:end]))
        tensors[name] = numbers.reshape(t["shape"])
    return tensors

def save_file(tensors, path):
    header, data = {}, b""
    for name, t in tensors.items():
        kind, code = {torch.float64: ("F64", "d"), torch.int64: ("I64", "q")}.get(t.dtype, ("F32", "f"))
        numbers = t.flatten().tolist()
        piece = struct.pack("<%d%s" % (len(numbers), code), *numbers)
        header[name] = {"dtype": kind, "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)

try:
    from safetensors.torch import load_file
except ImportError:
    pass

torch.manual_seed(1)
nn = torch.nn

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.bn, self.relu = nn.Linear(16, 16), nn.BatchNorm1d(16), nn.ReLU()
        self.fc2 = nn.Linear(16, 16, bias=False)
        self.bn.running_mean.uniform_(-1, 1)
        self.bn.running_var.uniform_(0.5, 2)

    def forward(self, x):
        return x + self.fc2(self.relu(self.bn(self.fc1(x))))

# Two levels, and digits as names: 0.weight, 1.norm.weight, 1.layer1.0.fc1.weight, 1.layer1.0.bn.running_mean, ..., 3.bias
nested = nn.Sequential(
    nn.Linear(4, 16),
    nn.Sequential(OrderedDict(norm=nn.LayerNorm(16), layer1=nn.Sequential(Block(), Block()))),
    nn.ReLU(), nn.Linear(16, 3)).eval()
module = nn.Sequential(OrderedDict(
    linear1=nn.Linear(4, 16), relu1=nn.ReLU(), layer_norm1=nn.LayerNorm(16), linear2=nn.Linear(16, 8, bias=False),
    gelu1=nn.GELU(), head=nn.Linear(8, 3)))

def rows(path):
    with open(path) as f:
        return [line.split(",") for line in f.read().split("\n")[1:] if line]

def difference(a, b):
    return float((a - b).abs().max() / b.abs().max())

def compare_outputs(module, path):  # path: the outputs of tacet predict on data.csv
    with open(path) as f:
        ours = torch.tensor([[float(x) for x in line.split(",")] for line in f])
    x = torch.tensor([[float(v) for v in row[:4]] for row in rows("data.csv")])
    with torch.no_grad():
        d = difference(ours, module(x))
    print("largest difference of outputs %.2g" % d)
    sys.exit(d > 1e-5)

if sys.argv[1] == "outputs":  # MODEL OUTPUTS: a model trained by Tacet, and its outputs
    print(module.load_state_dict(load_file(sys.argv[2]), strict=True))
    compare_outputs(module, sys.argv[3])
if sys.argv[1] == "nested":
    print(nested.load_state_dict(load_file(sys.argv[2]), strict=True))
    compare_outputs(nested, sys.argv[3])
if sys.argv[1] == "outputs_nested":  # OUTPUTS: of a model that began with these weights and kept them
    compare_outputs(nested, sys.argv[2])
if sys.argv[1] == "save_nested":
    save_file(nested.state_dict(), sys.argv[2])
if sys.argv[1] == "same_nested":
    module = nested
if sys.argv[1] == "matches":  # NAMES: a selector matches the same names as fnmatch in PyTorch
    from fnmatch import fnmatch
    assert sorted(n for n, _ in nested.named_parameters() if fnmatch(n, "*.weight")) == sys.argv[2:], sys.argv[2:]
if sys.argv[1] == "tied":  # a weight with two names in the module, but only its owner's in the file
    module = nn.Sequential(OrderedDict(
        linear1=nn.Linear(4, 4), relu1=nn.ReLU(), linear2=nn.Linear(4, 4), head=nn.Linear(4, 3)))
    module.linear2.weight = module.linear1.weight
    assert len(list(module.parameters())) == 5
    missing, more = module.load_state_dict(load_file(sys.argv[2]), strict=False)
    assert missing == ["linear2.weight"] and not more, (missing, more)
    compare_outputs(module, sys.argv[3])
if sys.argv[1] == "save":  # PyTorch's weights, one of them in double, and a tensor that no layer has
    state = OrderedDict((k, v.clone()) for k, v in module.state_dict().items())
    state["head.weight"] = state["head.weight"].double()
    state["other.weight"] = torch.zeros(3)
    save_file(state, sys.argv[2])
if sys.argv[1] in ("same", "same_nested"):  # the model of a run that began with these weights and a rate of 0
    got = load_file(sys.argv[2])
    counts = ".num_batches_tracked"  # which Tacet does not need, and PyTorch does not miss
    wanted = {name: t for name, t in module.state_dict().items() if not name.endswith(counts)}
    for name, t in wanted.items():
        assert torch.equal(got[name], t), name
    assert len(got) == len(wanted)
    print("weights are the same")
END

"$TACET" train config.yaml --out here -q >/dev/null
"$TACET" predict here/model.safetensors --data "csv data.csv label=y" --csv --raw >outputs.csv
"$python" torch_side.py outputs here/model.safetensors outputs.csv

"$python" torch_side.py save torch.safetensors
"$TACET" train config.yaml --out there -q --init torch.safetensors --set optimizer.lr=0 --set train.epochs=1 >/dev/null
"$python" torch_side.py same there/model.safetensors

"$TACET" train config.yaml --out tied -q --no-penalties \
    --set 'model=linear 4 | relu | linear 4 weight=linear1.weight | linear 3 name=head' >/dev/null
"$TACET" predict tied/model.safetensors --data "csv data.csv label=y" --csv --raw >outputs.csv
"$python" torch_side.py tied tied/model.safetensors outputs.csv

# A module of modules, in both directions. The names are those of its state dict.
block() {
    echo "linear 16 name=$1.fc1 | batch_norm name=$1.bn | relu name=$1.relu | linear 16 name=$1.fc2 bias=false | add $2 name=$1"
}
sed '/^penalties/,/^ /d' config.yaml >nested.yaml
cat >>nested.yaml <<END
penalties: {"*.weight": l2 1e-3, "1.layer1.*.relu": l1 1e-3}
END
nested="linear 16 name=0 | layer_norm name=1.norm | $(block 1.layer1.0 1.norm) | $(block 1.layer1.1 1.layer1.0) | relu name=2"
sed -i "s/^model:.*/model: $nested | linear 3 name=3/" nested.yaml
"$TACET" train nested.yaml --out nested -q >/dev/null
"$TACET" predict nested/model.safetensors --data "csv data.csv label=y" --csv --raw >outputs.csv
"$python" torch_side.py nested nested/model.safetensors outputs.csv
"$python" torch_side.py save_nested torch.safetensors
sed 's/batch_norm name/batch_norm momentum=0 name/g' nested.yaml >same.yaml
"$TACET" train same.yaml --out back -q --init torch.safetensors --no-penalties --set optimizer.lr=0 --set train.epochs=1 >/dev/null
"$python" torch_side.py same_nested back/model.safetensors
"$TACET" predict back/model.safetensors --data "csv data.csv label=y" --csv --raw >outputs.csv
"$python" torch_side.py outputs_nested outputs.csv
# shellcheck disable=SC2046
"$python" torch_side.py matches $("$TACET" explain nested.yaml | sed -n 's/^  \([^ ]*\):l2 backward .*/\1/p' | LC_ALL=C sort)
