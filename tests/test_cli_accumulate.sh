#!/bin/sh
# timeout 240
# train.accumulate and train.ema from the command line: the steps of a large batch, what is said and refused, resuming, and the
# averaged network in files, lines, figures and the page; the same bits from Python.
. "$TACET_SOURCE/tests/cli.sh"

awk 'BEGIN { print "a,b,c,d,y"
    for (i = 0; i < 230; i++) { for (j = 0; j < 4; j++) printf "%d,", (i * 37 + j * 101 + i * j) % 19 - 9; print "k" i % 3 } }' >t.csv
cat >net.yaml <<'END'
model: linear 16 | relu | dropout 0.2 | linear 3
loss: cross_entropy
optimizer: adam lr=0.01
data: csv t.csv label=y
penalties: {relu1: l1 1e-3, linear1.weight: l2 1e-3}
train: {epochs: 4, validate: 0.1, log: 0}
END

# ---- Steps of several batches ----
runs 0 "$tacet" train net.yaml --set train.batch=40 --out large
runs 0 "$tacet" train net.yaml --set train.batch=10 --set train.accumulate=4 --out small
has err '^6 steps of 4 batches of 10 rows per epoch'
last() { tail -1 "$1/metrics.jsonl" | sed 's/.*"validation":{\(.*\)/\1/; s/"terms.*//; s/\(\.[0-9]\{4\}\)[0-9]*/\1/g'; }
[ "$(last large)" = "$(last small)" ] || fault "large: $(last large), small: $(last small)"
has small/run.json '"steps_per_epoch":6'
has small/config.yaml '^  accumulate: 4'
has small/metrics.jsonl '"epoch":4,"step":24'

runs 0 "$tacet" train small/config.yaml --out part -q --set train.steps=9
runs 0 "$tacet" train --resume part -q --set train.steps=0 --threads 1
same small/model.safetensors part/model.safetensors
runs 2 "$tacet" train --resume part --set train.accumulate=2
has err 'was begun with "batch 10, seed 0, shuffle 1, validate 0.1, accumulate 4", not with'

runs 0 "$tacet" train net.yaml --set train.batch=10 --set train.accumulate=4 --out norm \
    --set 'model=linear 16 | batch_norm | relu | linear 3'
has err '^batch_norm mixes samples: it sees each batch by itself, not all rows of a step$'
runs 2 "$tacet" train net.yaml --set train.accumulate=2 --out refused --penalty 'relu1: kl_sparsity 0.1'
has err 'relu1:kl_sparsity needs all samples of a step at once, so a step cannot be divided into batches'
runs 2 "$tacet" train net.yaml --set train.accumulate=0 --out refused
has err 'train.accumulate must be at least 1'

runs 0 "$tacet" explain net.yaml --set train.accumulate=4 --set train.ema=0.99
has out 'of the gradients of up to 4 batches, added up' 'averages of the weights follow them, ema 0.99'

# Weights of rows and of classes, and labels that do not count: the sums by which a mean divides are those of the whole step.
awk -F, 'NR == 1 { print $0 ",w"; next } { print $0 "," (NR % 5) / 2 }' t.csv >w.csv
for size in "40 1" "10 4"; do
    runs 0 "$tacet" train net.yaml --set train.batch="${size% *}" --set train.accumulate="${size#* }" --out "w${size% *}" \
        --set 'data=csv w.csv label=y sample_weight=w' --set 'loss=cross_entropy class_weight=balanced ignore=1 label_smoothing=0.1'
done
[ "$(last w40)" = "$(last w10)" ] || fault "large: $(last w40), small: $(last w10)"

# A number that is not finite: the checkpoint is that of the step before, at its place.
runs 6 "$tacet" train net.yaml --set train.batch=10 --set train.accumulate=4 --out hot --set optimizer='sgd lr=1e30'
has err 'the weights from before that step are in hot/checkpoint.safetensors'

# ---- Averaged weights ----
runs 0 "$tacet" train net.yaml --set train.batch=10 --out plain
runs 0 "$tacet" train net.yaml --set train.batch=10 --set train.ema=0.9 --out ema --tensorboard
same plain/model.safetensors ema/model.safetensors
has err 'val acc [0-9.]*  ema loss [0-9.]*  ema acc [0-9.]*'
has err 'on the validation data (the weights, not their averages): ema/best.safetensors'
has out '^with averaged weights: accuracy [0-9.]*, data loss '
has ema/run.json '"ema":{"accuracy":'
has ema/report.html 'with averaged weights'
has ema/report.html 'validation, averaged weights'
hasnt plain/run.json '"ema"'
hasnt plain/report.html "averaged weights"
[ ! -e plain/model.ema.safetensors ] || fault "averages without train.ema"
runs 0 "$tacet" eval ema/model.ema.safetensors --json
runs 0 "$tacet" eval ema
has err '^model: ema/model.safetensors; the best .* is ema/best.safetensors; that with averaged weights is ema/model.ema.safetensors$'
runs 0 "$tacet" predict ema/model.ema.safetensors --data 'csv t.csv' --csv

runs 0 "$tacet" train ema/config.yaml --out half -q --set train.steps=33
runs 0 "$tacet" train --resume half -q --set train.steps=0 --threads 1
same ema/model.ema.safetensors half/model.ema.safetensors
same ema/best.safetensors half/best.safetensors
runs 2 "$tacet" train --resume half --set train.ema=0.99
has err 'was begun with "batch 10, seed 0, shuffle 1, validate 0.1, ema 0.9", not with'
runs 2 "$tacet" train net.yaml --set train.ema=1 --out refused
has err "train.ema must be at least 0 and at most 0.999999, not 1"

finish
