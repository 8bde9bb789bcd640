# test_cli_shared.sh: parameters that several layers use, in the program's output: the table of the network, totals, the
# report, the catalogue; and a resumed run.
. "$TACET_SOURCE/tests/cli.sh"

cat > tied.yaml << 'END'
model:     linear 8 | relu | linear 4 weight=linear1.weight transposed
loss:      mse
target:    x
penalties: {linear1.weight: l2 1e-3, "*.bias": l1 1e-4}
optimizer: adam lr=0.01
data:      csv unlabelled.csv
train:     {epochs: 6, batch: 32, seed: 1}
END

# ---- Parameters count once, and sharing is shown ----
runs 0 "$tacet" train tied.yaml --out a --json
has err '^linear1 (linear 8)  *8  *40  *weight: l2 1e-3; bias: l1 1e-4$' \
    '^linear2 (linear 4 weight=linear1.weight transposed)  *4  *4  *bias: l1 1e-4$' \
    '^44 parameters: 44 trainable, 0 frozen; linear2 uses linear1.weight$'
has a/run.json '"spec":"linear 4 weight=linear1.weight transposed","shape":"4","parameters":4,"frozen":0,"uses":"linear1.weight","penalties":"bias: l1 1e-4"'
tr -d '\n' < a/report.html | sed 's/<\/tr>/\n/g; s/<[^>]*>/ /g' > page
has page 'linear2 *linear 4 weight=linear1.weight transposed *4 *4 and linear1.weight *bias: l1 1e-4 *$' ' total *44 *$'
runs 0 "$tacet" inspect a/model.safetensors
has out '^linear1.weight *\[8, 4\]' '^linear2.bias ' 'model *from x | linear 8 | relu | linear 4 weight=linear1.weight transposed$'
hasnt out '^linear2.weight'

# ---- The file describes the whole network; a stopped and resumed run gives the same figures ----
runs 0 "$tacet" eval a/model.safetensors --json
cp out evaluated
runs 0 "$tacet" train tied.yaml --out b -q --set train.epochs=3
runs 0 "$tacet" train --resume b -q --set train.epochs=6
runs 0 "$tacet" eval b/model.safetensors --json
same out evaluated
runs 0 "$tacet" explain tied.yaml
has out 'linear1.weight:l2 backward'
[ "$(grep -c 'weight:l2 backward' out)" -eq 1 ] || fault "the penalty on the weight does not count once"

# ---- A layer that uses all parameters of another ----
runs 0 "$tacet" train tied.yaml --out c --set 'model=linear 4 | relu | linear 4 weight=linear1.weight bias=linear1.bias'
has err '^linear2 (linear 4 weight=linear1.weight bias=linear1.bias)  *4  *0$' \
    '^20 parameters: 20 trainable, 0 frozen; linear2 uses linear1.weight, linear1.bias$'
tr -d '\n' < c/report.html | sed 's/<\/tr>/\n/g; s/<[^>]*>/ /g' > page
has page 'linear2 *linear 4 weight=linear1.weight bias=linear1.bias *4 *linear1.weight, linear1.bias  *$'

# ---- Mistakes, and the catalogue ----
runs 2 "$tacet" train tied.yaml --out d --penalty 'linear2.weight: l1 1e-3'
has err 'matches no value' 'linear2 uses linear1.weight$'
runs 2 "$tacet" train tied.yaml --out d --set 'model=linear 8 | relu | linear 4 weight=linear1.weight'
has err 'needs a weight \[4, 8\] here, but linear1.weight is \[8, 4\]' 'add the word transposed'
runs 0 "$tacet" ops linear
has out '^  transposed  bool, default false$' '^Parameters: weight, bias$' 'weight=LAYER.weight shares the parameter of an earlier layer'
runs 0 "$tacet" ops relu
hasnt out '^Parameters'
finish
