#!/bin/sh
# The golden files are those that tools/golden.py and tools/golden_images.py make: if PyTorch is installed, running them
# again gives the same descriptions and the same numbers, except for the last bits.
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
"$python" - "$here" "$TACET_SOURCE/tests/golden" <<'END'
import json, os, sys
import numpy as np


def read(path):
    blob = open(path, "rb").read()
    size = int.from_bytes(blob[:8], "little")
    return json.loads(blob[8:8 + size]), np.frombuffer(blob, "<f4", offset=8 + size)


made, kept = sys.argv[1:]
def files(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


if files(made) != files(kept):
    sys.exit("tests/golden does not hold the files that tools/golden*.py make")
for name in files(made):
    (head, data), (head_kept, data_kept) = read(os.path.join(made, name)), read(os.path.join(kept, name))
    if head != head_kept or not np.allclose(data, data_kept, rtol=1e-5, atol=1e-8):
        sys.exit(name + " is not what tools/golden*.py make: run them again")
END
