# test_cli_autoencoder.sh: target: x compares the output with the input: it gives the same numbers as the input as
# targets, needs no labels, and is saved in models.
. "$TACET_SOURCE/tests/cli.sh"

cat > auto.yaml << 'END'
model:     linear 8 | relu | linear 4
loss:      mse
target:    x
penalties: {relu1: l1 1e-3, linear2.weight: unit_norm by=input}
optimizer: adam lr=0.01
data:      csv unlabelled.csv
train:     {epochs: 30, batch: 32, seed: 1}
END
answers() { "$tacet" predict "$1/model.safetensors" --data 'csv unlabelled.csv' --csv --raw; }
number() { sed -n "\$s/.*\"$1\":\([^,}]*\).*/\1/p" "$2"; }

# ---- A run without targets, and its model ----
runs 0 "$tacet" train auto.yaml --out a --json -q
empty err
has out '^{"explained_variance":[^,]*,"data_loss":[^,]*,"objective":'
hasnt out accuracy
cp out trained
has a/config.yaml "^target: x$"
runs 0 "$tacet" inspect a/model.safetensors
has out "^input  *x 4$" "^loss  *linear2 x: mse$"
hasnt out target
runs 0 "$tacet" eval a/model.safetensors --json
sed 's/,"training":{[^}]*}//g; s/"step_us":[^,]*,//' trained > expected; same out expected
runs 0 "$tacet" train a/config.yaml --out again -q; same a/model.safetensors again/model.safetensors
runs 0 "$tacet" explain auto.yaml
has out "linear2:mse forward"
# It has learned: eight units can reproduce the four numbers, whose mean variance is 0.48.
awk "BEGIN { exit !($(number data_loss trained) < 0.1) }" || fault "the loss is $(number data_loss trained)"
answers a > a.csv
[ "$(awk -F, 'NF == 4' a.csv | wc -l)" -eq 90 ] || fault "not four numbers for each of 90 rows"
# The loss that eval prints is the mean square of output less input.
tail -n +2 unlabelled.csv | paste -d, - a.csv | awk -F, -v said="$(number data_loss trained)" '
    { for (i = 1; i <= 4; i++) sum += ($i - $(i + 4))^2 } END { mean = sum / NR / 4; exit (mean / said - 1)^2 > 1e-8 }' ||
    fault "the loss does not match the outputs"

# ---- The input as targets gives the same outputs, to the bit ----
runs 0 "$tacet" predict a/model.safetensors --data 'csv unlabelled.csv' --keep x --out x.npy
runs 0 "$tacet" train auto.yaml --out twice -q --set target= --set 'data=npy x.npy x.npy'
answers twice > twice.csv; same a.csv twice.csv

# ---- Labels and targets of the data are ignored ----
runs 0 "$tacet" train auto.yaml --out labelled -q --set 'data=csv few_classes.csv label=kind'
answers labelled > labelled.csv; same a.csv labelled.csv
runs 0 "$tacet" train auto.yaml --out nolabels --set 'data=csv few_classes.csv label=kind' --set train.validate=0.2
has err "^epoch 1/.*val loss"; hasnt err " acc"
sed '1s/kind/name/; 2,$s/[0-9]$/cat/' few_classes.csv > cats.csv
sed 's/cat/owl/' cats.csv > owls.csv
runs 0 "$tacet" train auto.yaml --out words -q --set 'data=csv cats.csv label=name' \
    --set 'test=csv owls.csv label=name' --set 'validate=csv unlabelled.csv'
has words/metrics.jsonl '"validation":{"explained_variance":[^,]*,"data_loss":'
[ -s words/best.safetensors ] || fault "no best.safetensors"
answers words > words.csv; same a.csv words.csv
runs 0 "$tacet" eval words/model.safetensors --data 'csv unlabelled.csv' --json; mv out none
runs 0 "$tacet" eval words/model.safetensors --data 'csv owls.csv label=name' --json; same none out
runs 0 "$tacet" eval words/model.safetensors --data 'csv few_classes.csv target=kind' --json; same none out

# ---- Stopped and resumed; refused with another network ----
runs 0 "$tacet" train auto.yaml --out part -q --set train.steps=40
runs 0 "$tacet" train auto.yaml --resume part -q
same a/model.safetensors part/model.safetensors
runs 3 "$tacet" train auto.yaml --resume part -q --set target= --set 'data=npy x.npy x.npy'
has err "a checkpoint of another network"

# ---- Dropout before the encoder: the loss still compares with x before dropout ----
runs 0 "$tacet" train auto.yaml --out denoise -q --set 'model=dropout 0.3 | linear 8 | relu | linear 4'
runs 0 "$tacet" inspect denoise/model.safetensors
has out "^model  *from x | dropout 0.3 | linear 8" "^loss  *linear2 x: mse$"

# ---- A sparse autoencoder: the gradient of the decoder is changed; L1 by its norms; the same bits after a resume ----
runs 0 "$tacet" explain auto.yaml
has out "linear2.weight:unit_norm constraint$"
set -- --set 'model=linear 8 | relu revive=resample dead_after=5 | linear 4 init_transpose=linear1.weight' --no-penalties \
    --penalty 'relu1: weighted_l1 1e-2 norms=linear2.weight warmup=3' --penalty 'linear2.weight: unit_norm by=input tangent'
runs 0 "$tacet" explain auto.yaml "$@"
has out "linear2.weight:unit_norm constraint, also on the gradient before the update$"
runs 0 "$tacet" train auto.yaml --out sparse -q "$@"
runs 0 "$tacet" train auto.yaml --out sparse_part -q "$@" --set train.steps=40
runs 0 "$tacet" train auto.yaml --resume sparse_part -q "$@"
same sparse/model.safetensors sparse_part/model.safetensors
runs 0 "$tacet" inspect sparse/model.safetensors
has out "weighted_l1 1e-2 norms=linear2.weight" "linear 4 init_transpose=linear1.weight"
runs 2 "$tacet" train auto.yaml --out bad --penalty 'relu1: weighted_l1 1 norms=linear1.weight'
has err "as many norms as units, 8, but the weight has 4 inputs"

# ---- A layer may be named target if no other value is ----
runs 0 "$tacet" train auto.yaml --out named -q --no-penalties --set 'model=linear 8 | relu | linear 4 name=target'
runs 0 "$tacet" eval named/model.safetensors --json
has out '^{"explained_variance":[^,]*,"data_loss"'

# ---- Refused ----
caret() { # checks that the caret is under $1
    tail -n 3 err | awk -v want="$1" '{ if (match($0, /^ *\^~*$/)) { at = match($0, /\^/)
        good = substr(before, at, length($0) - at + 1) == want } before = $0 } END { exit !good }' ||
        fault "the caret is not under '$1': $(cat err)"
}
runs 2 "$tacet" train auto.yaml --out bad --set 'model=linear 8 | relu | linear 3'
has err "auto.yaml:2:12: " "linear2" "\[batch, 3\]" "x" "\[batch, 4\]"
runs 2 "$tacet" train auto.yaml --out bad --set loss=cross_entropy
has err "cross_entropy"
runs 2 "$tacet" train auto.yaml --out bad --set target=y
has err "target must be x (the input itself) or not set (what the data have), not 'y'"
caret y
runs 2 "$tacet" train auto.yaml --out bad --set target=
has err "the data have no targets to learn" "target: x$"
cut -d, -f1-3 unlabelled.csv > narrow.csv
runs 3 "$tacet" train auto.yaml --out bad --set 'test=csv narrow.csv'
has err 'there is no column "d"'
[ ! -e bad ] || fault "a refused run left a folder"
runs 3 "$tacet" eval a/model.safetensors --data 'csv narrow.csv'
has err 'there is no column "d"'
finish
