# test_demo.sh: a short version of the demo: two runs with one epoch's line each, and one table with every figure.
. "$TACET_SOURCE/tests/cli.sh"
[ -d /usr/share/datasets/fashion-mnist ] || exit 77

runs 0 "$TACET_SOURCE/tools/demo" --set train.steps=60
has err "^Without a penalty" "^With l1 1e-3" "^epoch 1/"
[ "$(wc -l < out)" -eq 11 ] || fault "the table has $(wc -l < out) lines: $(cat out)"
n='[0-9][0-9]*\.[0-9]*'
has out "^  *no penalty  *l1 1e-3$" "^test accuracy  *0.[0-9]*  *0.[0-9]*$" "^density of relu1  *$n  *$n$" \
    "^density of relu2  *$n  *$n$" "^dead units of relu1  *[0-9]*  *[0-9]*$" "^dead units of relu2  *[0-9]*  *[0-9]*$" \
    "^data loss  *$n  *$n$" "^l1 of relu1  *-  *$n$" "^l1 of relu2  *-  *$n$" "^time per step  *$n ms  *$n ms$"
# Each figure is in the column of its run.
for name in plain l1; do
    "$tacet" eval "$TACET_BUILD/demo/$name/model.safetensors" --json > "$name.json"
done
cat plain.json l1.json | sed 's/.*"accuracy":\([^,]*\).*/\1/' | tr '\n' ' ' > eval
awk '/^test accuracy/ { printf "%.4f %.4f ", $3, $4 }' out > table
awk '{ printf "%.4f %.4f ", $1, $2 }' eval > rounded
same table rounded
finish
