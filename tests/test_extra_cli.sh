# test_extra_cli.sh: the program's output about weights with taps, with the convolution of tests/ops: the ledger, inspect,
# the report, the largest lambda of a sweep.
# timeout 120
. "$TACET_SOURCE/tests/cli.sh"

# npy FILE SHAPE: writes a NumPy array of bytes; the numbers come from standard input.
npy() {
    { printf '\223NUMPY\001\000\166\000%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': ($2), }"
      awk '{ for (i = 1; i <= NF; i++) printf "\\%03o", $i }' | { read -r bytes; printf "$bytes"; }; } > "$1"
}
# 60 images of 5 x 5 pixels and 3 channels: channel 0 has a bright line, whose direction is the class; the others are noise.
awk 'BEGIN { srand(5)
    for (r = 0; r < 60; r++) for (y = 0; y < 5; y++) for (x = 0; x < 5; x++) for (c = 0; c < 3; c++)
        print (c ? int(250 * rand()) : (r % 2 ? y : x) == 2 ? 250 : int(20 * rand())) }' |
    npy images.npy '60, 5, 5, 3'
awk 'BEGIN { for (r = 0; r < 60; r++) print r % 2 }' | npy labels.npy '60,'
cat > conv.yaml << 'END'
model:     test_conv 6 k=3 | relu | flatten | linear 2
loss:      cross_entropy
penalties:
  test_conv1.weight: group_lasso 6e-3 by=input prox
optimizer: sgd lr=0.1 momentum=0.9
data:      npy x=images.npy y=labels.npy flat=false
train:     {epochs: 30, batch: 20, seed: 1}
END

# ---- An input is empty if all its taps to all units are 0 ----
runs 0 "$tacet" train conv.yaml --out a -q
has a/metrics.jsonl '"inputs":3,"empty_inputs":2'
runs 0 "$tacet" inspect a/model.safetensors
has out 'test_conv1.weight *\[6, 3, 3, 3\]' '^test_conv1.weight: 2 of 3 inputs have no weight left; the others: 0$'
hasnt out 'units have no weight left'
runs 0 "$tacet" inspect a/checkpoint.safetensors
has out '^test_conv1.weight: 2 of 3 inputs have no weight left; the others: 0$'
has a/report.html '>6 x 3 of 9 taps<' 'A matrix of 6 x 3 of 9 taps; 66.7% of it'
# The row of the table has the weights, the share of exact zeros, and the units and inputs without weights.
tr -d '\n' < a/report.html | sed 's/<\/tr>/\n/g; s/<[^>]*>/ /g' > page
has page 'test_conv1.weight *6 x 3 of 9 taps *108 *66.7% *0 *2 *$'
has page '^ *0 *66.7% *$' '^ *5 *66.7% *$'

# ---- What the network makes of a few samples ----
# The bytes of samples.safetensors are 0 exactly where a channel is silent, in the rows 0, 15, 30 and 45.
runs 0 "$tacet" predict a --keep relu1 --data 'npy images.npy flat=false' --csv --raw
awk -F, 'NR % 15 == 1 { for (i = 1; i <= NF; i++) n += $i != 0 } END { print n, NF }' out > fires
od -An -v -tu1 -w1 a/samples.safetensors | awk '
    NR <= 8 { header += $1 * 256 ^ (NR - 1); next }
    NR == 9 + header { at = NR }
    at && NR >= at + 4 * 5 * 5 * 3 { n += $1 > 0; all++ }
    END { print n, all / 4 }' > bytes
same fires bytes
has a/samples.safetensors '"x":{"dtype":"U8","shape":\[4,5,5,3\]' '"relu1":{"dtype":"U8","shape":\[4,3,3,6\]'
has a/report.html '<h2>Feature maps</h2>' '^<p>4 samples of the training data. The network answers 0, 1, 0, 1.</p>$' \
    'all 6 channels, those that fire most first' '<h3>kernels of test_conv1.weight</h3>' '<title>unit 5: norm '
cp -r a damaged
printf '\377' | dd of=damaged/samples.safetensors bs=1 seek=3 conv=notrunc 2> said
runs 3 "$tacet" report damaged
has damaged/report.html '^<p class="missing">damaged/samples.safetensors: '
sed 's/"shape":\[4,3,3,6\]/"shape":[4,9,6]  /' a/samples.safetensors > damaged/samples.safetensors
runs 3 "$tacet" report damaged
has damaged/report.html '^<p class="missing">damaged/samples.safetensors: the feature maps of relu1 are missing</p>$'
sed 's/"samples":/"simples":/' a/samples.safetensors > damaged/samples.safetensors
runs 3 "$tacet" report damaged
has damaged/report.html '^<p class="missing">damaged/samples.safetensors: the note is missing</p>$'
# A run that goes on leaves none until it has ended again; a network without images leaves none.
runs 0 "$tacet" train --resume a -q --set train.epochs=31
[ -e a/samples.safetensors ] || fault "no samples of a run that was made longer"
runs 0 "$tacet" train net.yaml --out table -q
[ ! -e table/samples.safetensors ] || fault "samples of a table"
runs 0 "$tacet" train conv.yaml --out b -q --no-penalties --penalty 'test_conv1.weight: group_lasso 1.4e-2 by=unit prox'
runs 0 "$tacet" inspect b/model.safetensors
has out '^test_conv1.weight: [1-5] of 6 units have no weight left; the others: [0-5]'
hasnt out 'inputs have no weight left'

# ---- A file without a description: PyTorch's order, [out, in, taps] ----
# Only one weight is not 0: that of unit 2 and input 0 at the second of two taps.
header='{"conv.weight":{"dtype":"F32","shape":[3,2,1,2],"data_offsets":[0,48]}} '
{ printf "\\$(printf '%03o' ${#header})\0\0\0\0\0\0\0%s" "$header"
  head -c 36 /dev/zero; printf '\0\0\200\077'; head -c 8 /dev/zero; } > foreign.safetensors
runs 0 "$tacet" inspect foreign.safetensors
has out 'conv.weight *\[3, 2, 1, 2\]' '^conv.weight: 1 of 2 inputs have no weight left; the others: 0$' \
    '^conv.weight: 2 of 3 units have no weight left; the others: 2$'
cp foreign.safetensors b/model.safetensors
runs 3 "$tacet" report b # the weights are shown, although the model does not say what the network is
tr -d '\n' < b/report.html | sed 's/<\/tr>/\n/g; s/<[^>]*>/ /g' > page
has page 'conv.weight *3 x 2 of 2 taps *11 *91.7% *2 *1 *$'

# ---- The largest lambda ----
# The kernel is as large as the image, in which only channels 0 and 1 at the first tap are not 0, and equal. So the
# weight's gradient is 0 except for two equal columns of 4, each with a sum of squares G. The estimate is the largest
# root mean square of a group:
#     by=block block=12    all 48 weights                                       2 G / 48
#     by=block block=4     the inputs of the first tap and one of the next      2 G / 16
#     by=input             input 0 or 1, at 4 taps to 4 units                     G / 16
awk 'BEGIN { for (r = 0; r < 20; r++) print 50 + 150 * (r % 2), 50 + 150 * (r % 2), 0, "0 0 0 0 0 0 0 0 0" }' |
    npy images.npy '20, 2, 2, 3'
awk 'BEGIN { for (r = 0; r < 20; r++) print r % 2 }' | npy labels.npy '20,'
sed -i 's/k=3/k=2/; s/test_conv 6/test_conv 4/' conv.yaml
largest() {
    rm -rf sweep
    runs 0 "$tacet" sweep conv.yaml --no-penalties --set train.steps=1 --json -q --out sweep \
        --over "test_conv1.weight: group_lasso max/10..max:2 $1"
    value=$(grep -o '"largest":[-0-9.e]*' out | tail -n 1 | cut -d: -f2)
}
# is TIMES B: checks that the value is B times the root of TIMES.
is() { awk -v a="$value" -v b="$2" -v t="$1" 'BEGIN { exit !(a != "" && b > 0 && (a / b - sqrt(t)) ^ 2 < 1e-6) }' ||
    fault "$value is not the root of $1 times $2"; }
largest 'by=block block=12'
all=$value
largest 'by=block block=4'; is 3 "$all"
largest 'by=input'; is 1.5 "$all"
finish
