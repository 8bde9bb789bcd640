#!/bin/sh
# Data that are larger than memory: a sparse file of 40 GB, of which only what is read takes memory. timeout 300
. "$TACET_SOURCE/tests/cli.sh"

# array FILE ROWS WIDTH: an npy file of zeros, float32
array() {
    printf '\223NUMPY\001\000v\000%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': ($2, $3), }" > "$1"
    truncate -s $((128 + $2 * $3 * 4)) "$1"
}
array x.npy 10000000 1024 2> err || { echo "no sparse files of 40 GB here: skipped" && cat err && exit 77; }
[ "$(du -k x.npy | cut -f1)" -lt 1000 ] || exit 77

cat > large.yaml << 'END'
model:     linear 16 | relu | linear 1024
loss:      mse
target:    x
optimizer: sgd lr=0.01
data:      npy x=x.npy
train:     {steps: 1000000, batch: 64, log: 1, validate: 0.0001}
END

# lines FILE N: waits until the file has N lines or the program has ended
lines() {
    while kill -0 "$pid" 2> /dev/null && [ "$(cat "$1" 2> /dev/null | wc -l)" -lt "$2" ]; do sleep 0.1; done
}

# ---- It trains, shuffled, and its own memory stays small ----
"$tacet" train large.yaml --out run --quiet 2> err & pid=$!
lines run/metrics.jsonl 20
own=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status")
kill -TERM "$pid"
wait "$pid"
code=$?
[ "$code" = 143 ] || fault "exit code $code, not 143: $(cat err)"
[ "${own:-999999}" -lt 500000 ] || fault "$own kB of its own memory"
has run/run.json '"training":9999000' '"validation":1000'

# ---- Several files as one ----
mkdir shards
for i in 1 2 3; do array shards/x$i.npy 100 4; done
runs 0 "$tacet" train large.yaml --out shards/run --set 'data=npy x=shards/x*.npy' --set train.steps=10 \
    --set train.validate=0 --set 'model=linear 4'
has err "^300 rows to train"
has shards/run/config.yaml 'npy x=shards/x\*.npy'
array shards/x4.npy 100 5
runs 3 "$tacet" eval shards/run/model.safetensors
has err "shards/x4.npy: its rows are float32 \[5\], those of shards/x1.npy are float32 \[4\]"

# ---- A file that is cut off while it is read ends the program, with its name ----
"$tacet" train large.yaml --out cut --quiet 2> err & pid=$!
lines cut/metrics.jsonl 5
truncate -s 1000000 x.npy
wait "$pid"
code=$?
[ "$code" = 5 ] || fault "exit code $code, not 5: $(cat err)"
has err "/x.npy: became shorter while it was being read"
finish
