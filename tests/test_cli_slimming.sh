# test_cli_slimming.sh: on images, units are channels: in the ledger, in metrics.jsonl and in what `tacet inspect` says would
# be left of a network.
. "$TACET_SOURCE/tests/cli.sh"

cat > slim.yaml << END
model:     conv2d 4 1x3 padding=0x1 bias=false | batch_norm | relu | conv2d 6 1 groups=2 bias=false | relu | flatten | linear 3
loss:      cross_entropy
penalties:
  batch_norm1.weight: l1 1e-4 prox
  "relu*": l1 1e-4
optimizer: sgd lr=0.05 momentum=0.9
data:      idx $TACET_SOURCE/tests/faults/files layout=hwc
train:     {epochs: 2, batch: 4, seed: 1}
END

# ---- A small lambda removes nothing; twelve samples of three positions are counted by channel ----
runs 0 "$tacet" train slim.yaml --out small
has out "^batch_norm1.weight:l1 .* 0/4$" "^relu1:l1 .*/4$" "^relu2:l1 .*/6$"
has small/metrics.jsonl '"name":"relu1","density":[^{]*"units":4,[^{]*"positions":3,' '"name":"relu2",[^{]*"units":6,'
runs 0 "$tacet" explain slim.yaml
has out "^ *relu1 .*\[batch, 1, 3, 4\]"
runs 0 "$tacet" inspect small/model.safetensors
hasnt out "do nothing"
runs 0 "$tacet" inspect small --json
has out '^{"layers":\[{"layer":"conv2d1","units":4,"units_left":4,"parameters":12,"parameters_left":12,"flops":' \
    '"layer":"conv2d2","units":6,"units_left":6,"parameters":12,"parameters_left":12,' \
    ',"parameters":89,"parameters_left":89,"flops":'

# ---- A large one makes every scale exactly 0, and nothing is left ----
runs 0 "$tacet" train slim.yaml --out large --no-penalties \
    --penalty 'batch_norm1.weight: l1 100 prox'
has out "^batch_norm1.weight:l1 .* 4/4$" "^relu2 .* 6 "
runs 0 "$tacet" inspect large/model.safetensors
has out "^batch_norm1.weight .* 1$" "^Without the units that do nothing:$" \
    "^layer  *units  left  parameters  left  flops  left$" "^conv2d1  *4  *0  *12  *0 .* 0$" "^linear1  *3  *0  *57  *0 .* 0$" \
    "^all layers  *89  *0 .* 0$"
runs 0 "$tacet" inspect large/model.safetensors --json
has out '"layer":"batch_norm1","units":4,"units_left":0,"parameters":8,"parameters_left":0,'

# ---- A group lasso on what is read of a channel: with two groups, an input is two numbers of a channel to three filters ----
runs 0 "$tacet" train slim.yaml --out inputs --no-penalties --penalty 'conv2d2.weight: group_lasso 100 by=input prox'
has out "^conv2d2.weight:group_lasso .* 6/6$"
runs 0 "$tacet" inspect inputs/model.safetensors
has out "^conv2d1  *4  *0 "
runs 0 "$tacet" train slim.yaml --out some --no-penalties --penalty 'conv2d2.weight: group_lasso 0.05 by=input prox' \
    --set train.epochs=8
runs 0 "$tacet" inspect some/model.safetensors
has out "^conv2d2.weight: 3 of 4 inputs have no weight left; the others: 0$" "^conv2d1  *4  *1  *12  *3 "
finish
