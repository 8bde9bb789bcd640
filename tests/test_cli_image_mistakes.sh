# test_cli_image_mistakes.sh: what people get wrong with images at first: the message says what to do.
. "$TACET_SOURCE/tests/cli.sh"

array() { printf '\223NUMPY\001\000v\000%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': ($1), }"; }
{ array '12, 3, 8, 8'; head -c 2304 "$tacet"; } > images.npy
{ array '12,'; printf '\000\001\002%.0s' 1 2 3 4; } > labels.npy

# wrong MODEL DATA TEXT...: training fails, and the messages are among what is printed.
wrong() {
    cat > wrong.yaml << E
model:     $1
loss:      cross_entropy
optimizer: sgd lr=0.01
data:      npy x=images.npy y=labels.npy $2
train:     {steps: 1, batch: 4}
E
    shift 2
    "$tacet" train wrong.yaml --out never -q > out 2> err && fault "trained: $(cat wrong.yaml)"
    has err "$@"
}
net="conv2d 8 5 | relu | flatten | linear 3"
runs 0 "$tacet" train net.yaml --out good -q --set "model=$net" --set 'data=npy x=images.npy y=labels.npy layout=chw' --set test= \
    --no-penalties
wrong "$net" "" 'needs an image \[height, width, channels\], got \[batch, 192\]' '^    with layout=chw, rows of the data are images: '
wrong "$net" flat=false 'needs a height of at least 5 ' '^    x has 3 rows of pixels; if these are its channels: layout=chw$'
wrong "$net" layout=hwc 'needs a height of at least 5 ' '^    x has 3 rows of pixels; if these are its channels: layout=chw$'
wrong "conv2d 8 5 | relu | linear 3" layout=chw 'needs labels \[batch, 4, 4\]' 'put flatten before the last linear$'
wrong "conv2d 8 5 | relu | flatten | linear 2" layout=chw 'labels up to 2' 'as linear 3 at its end; labels that are numbers count from 0$'
wrong "conv2d 3 8 5 | relu | flatten | linear 3" layout=chw "conv2d has no place for '5'" '^    it takes out, k, stride,'
wrong "conv 8 5 | relu | flatten | linear 3" layout=chw 'unknown layer "conv"' '^    did you mean conv2d?$'
wrong "conv2d 8 9 | relu | flatten | linear 3" layout=chw 'needs a height of at least 9 with its padding, got \[batch, 8, 8, 3\]$'
hasnt err 'layout'
wrong "$net" 'layout=chw flat=true' 'leave one of them out$'
wrong "$net" 'flat=true' 'needs an image' '^    flat=true makes vectors of images; leave it out, and add layout=chw$'

# Rows in another order than those that a network was trained on.
for words in layout=hwc layout=none flat=true; do
    "$tacet" predict good/model.safetensors --data "npy x=images.npy $words" --csv > out 2> err && fault "predicted with $words"
    has err 'is \[3, 8, 8\], but the network takes \[8, 8, 3\]$' 'without layout= and flat=, they are read as'
done
runs 0 "$tacet" predict good/model.safetensors --csv --data 'npy x=images.npy'
runs 0 "$tacet" predict good/model.safetensors --csv --data 'npy x=images.npy flat=false'
finish
