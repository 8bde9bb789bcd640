#!/bin/sh
# timeout 300
# Every row of the tables in docs/from-pytorch.md and docs/from-keras.md runs, in C and as YAML or on the command line, and
# both describe the same network. tests/docs/rows.awk extracts the rows, tests/docs/rows.c runs the C ones.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
mkdir cells yaml

for page in pytorch keras; do
    awk -v prefix=$page -v folder=cells -f "$TACET_SOURCE/tests/docs/rows.awk" "$TACET_SOURCE/docs/from-$page.md" >$page.inc
    rows=$(grep -c '^static void describe_' $page.inc) || true
    [ "$rows" -ge 20 ] || { echo "from-$page.md: only $rows rows were found" >&2 && exit 1; }
done
cat pytorch.inc keras.inc >rows.inc

compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$TACET_BUILD/CMakeCache.txt")
sanitize=${TACET_SANITIZE:+-fsanitize=$TACET_SANITIZE}
# shellcheck disable=SC2086
"${compiler:-cc}" -std=c17 -Wall -Wextra -Werror $sanitize -I. -I"$TACET_SOURCE/include" "$TACET_SOURCE/tests/docs/rows.c" \
    -L"$TACET_BUILD" -Wl,-rpath,"$TACET_BUILD" -ltacet -lm -o rows

# ---- YAML: each cell overrides keys of one configuration, which is trained for two steps ----
./rows data
bad=0
complain() {
    echo "$*" >&2
    bad=1
}

# base KEY TEXT: prints a line of the configuration, unless the cell has the key.
base() {
    grep -q "^$1:" "$cell" || echo "$1: $2"
}
: >cells/base.yaml
for cell in cells/*.yaml; do # base.yaml comes first
    row=$(basename "$cell" .yaml)
    y=labels.npy
    grep -qE '^loss: (mse|l1_loss|huber|formula_loss|bce_with_logits|focal_with_logits|kl_div)' "$cell" && y=targets.npy
    x=x.npy layout=
    network="linear 32 | relu | linear 16 | relu | linear 2"
    [ ! -e "cells/$row.image" ] || { x="images.npy" && layout=" layout=hwc" && network="conv2d 8 3 | relu | flatten | linear 2"; }
    {
        base model "$network"
        base loss cross_entropy
        base optimizer "sgd lr=1e-4"
        base data "npy $x $y$layout"
        base train "{steps: 2, batch: 4}"
        cat "$cell"
    } >"$row.yaml"
    if "$TACET" train "$row.yaml" --out "run_$row" -q >log 2>&1; then
        cp "run_$row/model.safetensors" "yaml/$row.safetensors"
        [ -f model.safetensors ] || cp "yaml/$row.safetensors" model.safetensors
    else
        complain "$row: tacet train failed:" && cat "$row.yaml" log >&2
    fi
    if [ -f "cells/$row.optimizer" ] && ! grep -qx "optimizer: $(cat "cells/$row.optimizer")" "$cell"; then
        complain "$row: the optimizer differs between C and YAML"
    fi
done

# ---- Commands ----
for cell in cells/*.command; do
    while read -r command; do
        rm -f ./*out.npy hidden.npy
        eval "\"\$TACET\" ${command#tacet }" >log 2>&1 || { complain "$cell: $command failed:" && cat log >&2; }
    done <"$cell"
done

# ---- C ----
./rows run "$TACET_SOURCE/tests/golden/l1_activations.safetensors" yaml || bad=1
exit $bad
