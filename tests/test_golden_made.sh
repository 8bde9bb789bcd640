#!/bin/sh
# timeout 300
# The golden files are those that tools/golden.py, golden_images.py, golden_sae.py and golden_networks.py make: if PyTorch is
# installed, running them again gives the same descriptions and the same numbers, except for the last bits. Of the whole
# networks, which take longest, only two are made. How far PyTorch's own float32 is from the truth differs from machine to machine.
set -eu
python=
for p in /usr/bin/python3 python3; do
    "$p" -c 'import torch, numpy' 2>/dev/null && python=$p && break
done
[ -n "$python" ] || { echo "no Python with torch and numpy" && exit 77; }
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
"$python" "$TACET_SOURCE/tools/golden.py" "$here"
"$python" "$TACET_SOURCE/tools/golden_images.py" "$here"
"$python" "$TACET_SOURCE/tools/golden_sae.py" "$here"
"$python" "$TACET_SOURCE/tools/golden_networks.py" "$here" lenet resnet20
"$python" - "$here" "$TACET_SOURCE/tests/golden" <<'END'
import json, os, sys
import numpy as np


def read(path):
    blob = open(path, "rb").read()
    size = int.from_bytes(blob[:8], "little")
    head = json.loads(blob[8:8 + size])
    tensors = {name: np.frombuffer(blob[8 + size:][t["data_offsets"][0]:t["data_offsets"][1]], "<f4")
               for name, t in head.items() if name != "__metadata__" and not name.startswith("float32.")}
    return head, tensors


def files(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


made, kept = sys.argv[1:]
if files(made) != [name for name in files(kept) if "networks/" not in name or os.path.exists(os.path.join(made, name))]:
    sys.exit("tests/golden does not hold the files that tools/golden*.py make")
for name in files(made):
    (head, made_here), (head_kept, data) = read(os.path.join(made, name)), read(os.path.join(kept, name))
    if head != head_kept or not all(np.allclose(a, data[key], rtol=1e-5, atol=1e-8) for key, a in made_here.items()):
        sys.exit(name + " is not what tools/golden*.py make: run them again")
END
