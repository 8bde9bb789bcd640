#!/bin/sh
# The program on arrays from other programs: .npz files, IDX files with prefixes, safetensors of other types.
. "$TACET_SOURCE/tests/cli.sh"

# le WIDTH NUMBER...: prints each number, little-endian.
le() {
    width=$1
    shift
    for number; do
        for _ in $(seq "$width"); do
            # shellcheck disable=SC2059 # the format is the byte as \ooo
            printf "\\$(printf %03o $((number % 256)))"
            number=$((number / 256))
        done
    done
}

bytes() { wc -c < "$1"; }

# The last eight bytes of a gzip file are the CRC and the length; the first ten are its header.
# entry NAME FILE: adds a file to the zip file `zip`, and its entry to `directory`.
entry() {
    gzip -nc "$2" > packed
    at=$(bytes zip)
    {
        le 2 20 0 8 0 0
        tail -c 8 packed | head -c 4
        le 4 $(($(bytes packed) - 18)) "$(bytes "$2")"
        le 2 ${#1} 0
    } > about
    { printf 'PK\003\004' && cat about && printf %s "$1" && tail -c +11 packed | head -c -8; } >> zip
    { printf 'PK\001\002' && le 2 20 && cat about && le 2 0 0 0 && le 4 0 "$at" && printf %s "$1"; } >> directory
}

# npy FILE SHAPE PROGRAM: an array of bytes, which the awk program prints for the rows i.
npy() {
    printf '\223NUMPY\001\000v\000%-117s\n' "{'descr': '|u1', 'fortran_order': $4, 'shape': ($2), }" > "$1"
    # shellcheck disable=SC2059 # the format has the numbers as \ooo
    printf "$(awk "BEGIN { for (i = 0; i < 90; i++) { $3 } }")" >> "$1"
}
row='for (k = 0; k < 4; k++) printf "\\%03o", (i * (k + 3) + 40 * k) % 256;'
npy x.npy '90, 4' "$row" False
npy y.npy '90, 1' 'printf "\\%03o", i % 3;' True # the order of one column means nothing
npy columns.npy '90L, 4L' 'for (n = 0; n < 4; n++) { at = 4 * i + n; k = int(at / 90); j = at % 90;
    printf "\\%03o", (j * (k + 3) + 40 * k) % 256 }' True # as Python 2 wrote sizes

: > zip
: > directory
entry x.npy x.npy
entry labels.npy y.npy
{ cat zip directory && printf 'PK\005\006' && le 2 0 0 2 2 && le 4 "$(bytes directory)" "$(bytes zip)" && le 2 0; } > s.npz

# ---- .npz ----
runs 0 "$tacet" train net.yaml --out run --set 'data=npy x=s.npz:x y=s.npz:labels' --set test=
runs 0 "$tacet" eval run/model.safetensors --data 'npy x.npy y.npy' --json
has out '"accuracy":0.[0-9]'
mv out plain
runs 0 "$tacet" eval run/model.safetensors --data 'npy columns.npy y.npy' --json; same plain out
runs 0 "$tacet" eval run/model.safetensors --data 'npy s.npz:x s.npz:labels' --json; same plain out
trained="the figures include rows that the model was trained on"
has err "$trained"
runs 0 "$tacet" eval run/model.safetensors; has err "$trained"
runs 0 "$tacet" eval run/model.safetensors --data 'npy x.npy y.npy'; hasnt err "$trained"
runs 3 "$tacet" eval run/model.safetensors --data 'npy s.npz:y'
has err 's.npz:y: there is no array "y" in the file' 'it holds x, labels'
runs 3 "$tacet" eval run/model.safetensors --data 'npy s.npz'
has err 'holds several arrays; name one, FILE.npz:NAME' 'it holds x, labels'

# ---- A model that another program trained on arrays in its memory ----
unread='these data were arrays in the memory of a program, and are in no file' named="--data 'npy x=FILE y=FILE'"
LC_ALL=C sed 's/npy x=s.npz:x y=s.npz:labels/arrays                      /' run/model.safetensors > arrays.safetensors
runs 2 "$tacet" eval arrays.safetensors; has err "$unread" "$named"
runs 0 "$tacet" eval arrays.safetensors --data 'npy x.npy y.npy' --json; same plain out; hasnt err "$trained"
runs 2 "$tacet" predict arrays.safetensors --csv; has err '--data is missing' "--data 'npy x=FILE'"
runs 0 "$tacet" predict arrays.safetensors --csv --data 'npy x=x.npy'
cp -r run arrays
sed -i 's/^data:.*/data: arrays/' arrays/config.yaml
runs 2 "$tacet" train --resume arrays; has err "arrays/config.yaml:[0-9]*:[0-9]*: $unread" "$named"
runs 0 "$tacet" train --resume arrays --data 'npy x=s.npz:x y=s.npz:labels'

# ---- IDX ----
mkdir sets
{ printf '\000\000\010\002\000\000\000\132\000\000\000\004' && tail -c +129 x.npy; } > sets/a-b-train-images.idx2-ubyte
{ printf '\000\000\010\001\000\000\000\132' && tail -c +129 y.npy; } > sets/a-b-train-labels.idx1-ubyte
runs 0 "$tacet" eval run/model.safetensors --data 'idx sets' --json; same plain out
for part in images.idx2 labels.idx1; do gzip -c sets/a-b-train-$part-ubyte > sets/c-train-$part-ubyte.gz; done
runs 3 "$tacet" eval run/model.safetensors --data 'idx sets'
has err 'sets has several data sets' 'choose one with prefix=; there are: a-b, c'
runs 0 "$tacet" eval run/model.safetensors --data 'idx sets prefix=c' --json; same plain out

# ---- safetensors ----
# tensors FILE HEADER BYTES: a file with this header and so many bytes of 64.
tensors() { { le 8 ${#2} && printf %s "$2" && head -c "$3" /dev/zero | tr '\0' '@'; } > "$1"; }
tensors half.safetensors '{"odd":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},
    "linear1.weight":{"dtype":"BF16","shape":[16,4],"data_offsets":[2,130]},
    "linear2.weight":{"dtype":"F16","shape":[16,8],"data_offsets":[130,386]}}' 386
runs 0 "$tacet" train net.yaml --out half --init half.safetensors
has err 'half.safetensors: linear2.weight is \[16, 8\], but in this network it is \[8, 16\] (transposed?): not taken'
has err '1 of 6 parameters from half.safetensors'
runs 0 "$tacet" inspect half.safetensors
has out 'odd *\[2\] *cannot be read' 'linear1.weight *\[16, 4\] *3  ' 'linear2.weight *\[16, 8\] *2.125'
tensors eighth.safetensors '{"linear1.weight":{"dtype":"F8_E4M3","shape":[16,4],"data_offsets":[0,64]}}' 64
runs 3 "$tacet" train net.yaml --out eighth --init eighth.safetensors
has err 'linear1.weight is F8_E4M3; the types that can be read are F32, ' 'save it as float32'
finish
