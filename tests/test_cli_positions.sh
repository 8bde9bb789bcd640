#!/bin/sh
# A label for every position of a sample: train, eval and predict with npy files that have labels [rows, 4].
. "$TACET_SOURCE/tests/cli.sh"

# npy FILE SHAPE PROGRAM: writes an array of bytes, which the awk program prints.
npy() {
    printf '\223NUMPY\001\000v\000%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': ($2), }" > "$1"
    places="for (i = 0; i < 200; i++) { for (k = 0; k < 3; k++) x[k] = int(256 * rand()); $3 }"
    # shellcheck disable=SC2059 # the format has the numbers as \ooo
    printf "$(awk "BEGIN { srand(5); $places }")" >> "$1"
}
most='m = 0; for (k = 1; k < 3; k++) if (x[k] > x[m]) m = k;'
npy x.npy '50, 4, 3' 'for (k = 0; k < 3; k++) printf "\\%03o", x[k]'
npy y.npy '50, 4' "$most printf \"\\\\%03o\", m"
npy one.npy '50,' "$most if (i % 4 == 0) printf \"\\\\%03o\", m"
cat > places.yaml << 'E'
model:     linear 8 | relu | linear 3
loss:      cross_entropy
penalties: {relu1: l1 1e-4}
optimizer: adam lr=0.05
data:      npy x.npy y.npy flat=false
train:     {epochs: 30, batch: 16, validate: 0.2}
E

runs 0 "$tacet" train places.yaml --out run -q --json
has out '"accuracy": *\(1\|0\.9\)'
runs 0 "$tacet" eval run/model.safetensors --json
has out '"accuracy": *\(1\|0\.9\)'
runs 0 "$tacet" inspect run/model.safetensors
runs 0 "$tacet" predict run/model.safetensors --data 'npy x.npy flat=false' --out p.npy
head -c 128 p.npy | tr -d '\0' > start
has start "'shape': (50, 4, 3)"

# Data, labels and losses that do not fit are refused before anything runs.
runs 1 "$tacet" eval run/model.safetensors --data 'npy x.npy one.npy flat=false'
has err "a row of 'npy x.npy one.npy flat=false' has 1 label, but the network expects 4"
runs 2 "$tacet" train places.yaml --out no -q --set data='npy x.npy one.npy flat=false'
has err 'linear2 \[batch, 4, 3\] and target \[batch\]: needs labels \[batch, 4\] with logits \[batch, 4, 3\]'
runs 2 "$tacet" train places.yaml --out no -q --set data='npy x.npy y.npy'
has err 'linear2 \[batch, 3\] and target \[batch, 4\]: needs labels \[batch\] with logits \[batch, 3\]'
runs 2 "$tacet" train places.yaml --out no -q --set loss=mse
has err 'target holds int32 class indices, but mse takes numbers' 'targets of a regression are float32'
runs 1 "$tacet" train places.yaml --out no -q --no-penalties --set 'model=linear 2'
has err "'npy x.npy y.npy flat=false' has labels up to 2, but the network has outputs for 0 to 1"
finish
