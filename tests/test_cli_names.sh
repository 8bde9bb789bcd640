# test_cli_names.sh: names with dots, like those of PyTorch's modules, in the program: selectors and what a run prints about
# them, the table of the network, files, the report, a sweep, a resumed run.
. "$TACET_SOURCE/tests/cli.sh"

cat > nested.yaml << 'END'
model:     linear 8 name=0 | relu name=1 | linear 8 name=layer1.0.fc | relu name=layer1.0.relu | add 1 name=layer1.0.out |
           linear 8 name=layer1.1.fc bias=0.bias | relu name=layer1.1.relu | linear 3 name=fc
loss:      cross_entropy
penalties:
  1: l1 1e-3
  layer1.*.relu: l1 1e-3
  "*.weight": l2 1e-3
  "fc.*": norm 0.01 joint
  layer1.*.out: norm 0.01
parameters: {"layer1.*.*": lr=0.05, 0.bias: frozen}
optimizer: sgd lr=0.1
data:      csv classes.csv label=kind
train:     {epochs: 4, batch: 32, seed: 1, validate: 0.2}
END

# ---- A run prints what each selector matches, unless it is a name or with -q ----
selected='layer1.\*.relu: l1 1e-3 on 2 values: layer1.0.relu, layer1.1.relu'
runs 0 "$tacet" train nested.yaml --out whole
has err '^0 (linear 8)  *8  *40  *weight: l2 1e-3$' '^1 (relu)  *8  *0  *l1 1e-3$' '^layer1.0.out (add 1)  *8  *0  *norm 0.01$' \
    '^layer1.1.fc (linear 8 bias=0.bias)  *8  *64  *weight: l2 1e-3$' '; layer1.1.fc uses 0.bias$' \
    '^fc (linear 3) .*  weight: l2 1e-3; weight: norm 0.01 joint; bias: norm 0.01 joint$' "^$selected\$" \
    '^\*.weight: l2 1e-3 on 4 values: 0.weight, layer1.0.fc.weight, layer1.1.fc.weight, fc.weight$' \
    '^fc.\*: norm 0.01 joint on 2 values: fc.weight, fc.bias$' '^layer1.\*.out: norm 0.01 on 1 value: layer1.0.out$' \
    '^layer1.\*.\*: lr=0.05 on 3 values: layer1.0.fc.weight, layer1.0.fc.bias, layer1.1.fc.weight$'
hasnt err '^1: l1'
hasnt err '^0.bias: frozen'
has out '^layer1.0.relu:l1 ' '^0.weight:l2 ' '^fc.\*:norm '
runs 0 "$tacet" explain nested.yaml
has out "^$selected\$"
runs 0 "$tacet" train nested.yaml --out quiet -q
hasnt err "$selected"
runs 0 "$tacet" explain nested.yaml --no-penalties --penalty 'layer1.*: l1 1e-4'
has out '^layer1.\*: l1 1e-4 on 5 values: layer1.0.fc, layer1.0.relu, layer1.0.out, layer1.1.fc, layer1.1.relu$'
runs 0 "$tacet" explain nested.yaml --no-penalties --penalty '*: l1 1e-4'
has out '^\*: l1 1e-4 on 9 values: x, 0, 1, layer1.0.fc, ..., fc$'

# ---- Remaining weights are shown only for parameters, although other names have dots too ----
runs 0 "$tacet" train nested.yaml --out zeros -q --penalty 'layer1.0.fc.weight: l1 0.1 prox'
hasnt whole/report.html 'Remaining weights' # none of its penalties makes zeros
sed -n '/<h3>Remaining weights/,/<\/desc>/p' zeros/report.html > weights
has weights 'layer1.0.fc.weight:l2'
hasnt weights 'relu:l1'
hasnt weights 'out:norm'

# ---- Files: tensors, the text of the network, outputs of a layer, a resumed run ----
runs 0 "$tacet" inspect whole/model.safetensors
has out '^0.weight  *\[8, 4\]' '^layer1.0.fc.bias  *\[8\]' 'layer1.\*.relu: l1 1e-3$' 'linear 8 name=layer1.1.fc bias=0.bias'
hasnt out '^layer1.1.fc.bias'
runs 0 "$tacet" predict whole/model.safetensors --data 'csv classes.csv label=kind' --keep layer1.0.relu --csv --raw
[ "$(head -n 1 out | tr ',' '\n' | wc -l)" -eq 8 ] || fault "layer1.0.relu has not 8 units: $(head -n 1 out)"
runs 0 "$tacet" train nested.yaml --out part -q --set train.epochs=2
runs 0 "$tacet" train --resume part -q --set train.epochs=4
same whole/model.safetensors part/model.safetensors
runs 0 "$tacet" train nested.yaml --out begun -q --init whole/model.safetensors --set optimizer.lr=0 \
    --set 'parameters.layer1.*.*=lr=0' --set train.epochs=1 --no-penalties
runs 0 "$tacet" inspect whole/model.safetensors
sed -n '/^tensor/,$p' out > tensors
runs 0 "$tacet" inspect begun/model.safetensors
sed -n '/^tensor/,$p' out > again
same tensors again

# ---- A sweep over a penalty on names with dots ----
runs 0 "$tacet" sweep nested.yaml --over 'layer1.*.relu: l1 lambda=1e-3..1e-2:2' --out swept --set train.epochs=1
has out '^ *0.01 '

# ---- Mistakes ----
runs 2 "$tacet" explain nested.yaml --penalty 'layer1.*.*: l2 1e-3'
has err 'matches both layer1.0.fc and the parameter layer1.0.fc.weight' '^    ^~~~~~~~~~$'
runs 2 "$tacet" explain nested.yaml --penalty 'layer1.1.fc.bias: l2 1e-3'
has err 'matches no value' 'layer1.1.fc uses 0.bias$'
runs 2 "$tacet" explain nested.yaml --set 'parameters.layer1.*=lr=1'
has err 'matches no parameter' 'the parameters of layer1.\* are layer1.\*.\*$'
runs 2 "$tacet" explain nested.yaml --penalty 'layer1.0.rleu: l1 1e-3'
has err 'did you mean layer1.0.relu?'
runs 2 "$tacet" explain nested.yaml --set 'model=linear 3 name=a..b'
has err '"a..b" cannot be a name' '^    model=linear 3 name=a..b$' '^                        ^~~~$'
finish
