# test_cli_batch_norm.sh: training with batch_norm: network slimming to exact zeros, a resumed run, what is said about
# mixing samples, and batch sizes that leave a last batch of one row.
. "$TACET_SOURCE/tests/cli.sh"

cat > slim.yaml << 'END'
model:     linear 24 bias=false | batch_norm | relu | linear 3
loss:      cross_entropy
penalties: {"batch_norm*.weight": l1 0.02 prox}
optimizer: sgd lr=0.1 momentum=0.9
data:      csv classes.csv label=kind
test:      csv few_classes.csv label=kind
train:     {epochs: 12, batch: 32, seed: 3}
END

# Some scales are exactly 0 at the end, others are not, and the network still answers in evaluation.
runs 0 "$tacet" train slim.yaml --out slim -q --json
grep -o '"zeros": *[0-9]*' slim/metrics.jsonl | tail -n 1 | tr -dc 0-9 > zeros
if [ "$(cat zeros)" -eq 0 ] || [ "$(cat zeros)" -eq 24 ]; then fault "$(cat zeros) of 24 scales are 0"; fi
runs 0 "$tacet" eval slim/model.safetensors --json
has out '"accuracy": *\(1\|0\.9\)'

# A run that ends and goes on has the bits of one that does not, and so has one on two threads.
runs 0 "$tacet" train slim.yaml --out part -q --set train.steps=45
runs 0 "$tacet" train --resume part -q --set train.steps=95
runs 0 "$tacet" train slim.yaml --out whole -q --set train.steps=95
same whole/model.safetensors part/model.safetensors
runs 0 "$tacet" train slim.yaml --out two -q --set train.steps=95 --threads 2
same whole/model.safetensors two/model.safetensors

runs 0 "$tacet" explain slim.yaml
has out 'batch_norm1 mixes samples'
runs 0 "$tacet" ops batch_norm
has out 'Mixes samples'
runs 0 "$tacet" ops group_norm
! grep -q 'Mixes samples' out || fault "group_norm does not mix samples"

# 300 rows in batches of 23 leave one row, which is said before anything is trained.
runs 2 "$tacet" train slim.yaml --out no -q --set train.batch=23
has err 'the last batch of an epoch of 300 rows would have 1 row, and batch normalisation needs at least 2' 'train.batch=23'
[ ! -e no ] || fault "a folder was made for a run that cannot be trained"
runs 2 "$tacet" train slim.yaml --out no -q --set train.batch=1
has err 'batch_norm1 has one value of each unit in a batch of 1 row'
runs 0 "$tacet" train slim.yaml --out yes -q --set train.batch=23 --set train.validate=0.1 --set train.epochs=1
runs 0 "$tacet" train slim.yaml --out other -q --set train.batch=23 --set train.epochs=1 \
    --set 'model=linear 24 | layer_norm | relu | linear 3' --no-penalties
finish
