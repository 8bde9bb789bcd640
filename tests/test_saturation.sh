# test_saturation.sh: short versions of the tables of docs/penalties.md: every line exists, the gradient makes no zeros, and
# the shares are those of tacet inspect.
. "$TACET_SOURCE/tests/cli.sh"
[ -d /usr/share/datasets/fashion-mnist ] || exit 77
[ -z "${TACET_SANITIZE:-}" ] || exit 77 # other tests run the same code, and this would take minutes

LAMBDAS=1e-2 SEEDS=0 runs 0 "$TACET_SOURCE/tools/saturation" --set train.steps=20
n='  *[01]\.[0-9][0-9][0-9]'
has out "^linear\*.weight: l1 LAMBDA, under adam lr=1e-3$" "^linear\*.weight: l1 LAMBDA, under sgd lr=0.05 momentum=0.9$" \
    "^l1 2e-4 prox$n$n  *[0-9]*  *[0-9]*$" "^mcp 5e-4 gamma=0.1 prox$n$n" "^log_sum 3e-5 prox$n$n" "^group_lasso 4e-5 by=input prox$n$n"
[ "$(grep -c "^  *1e-2  |$n  *0.000$n$n  |$n$n$n$n$" out)" -eq 2 ] || fault "no line for each optimizer: $(cat out)"

# zeros RUN: prints the share of zeros in all weights, from the shares that inspect prints for each tensor.
zeros() {
    "$tacet" inspect "$TACET_BUILD/saturation/$1/model.safetensors" | tr -d '[],' | awk '
        /^linear[123]\.weight / { size = $2 * $3; zero += size * $NF; all += size }
        END { printf "%.3f", zero / all }'
}
for optimizer in adam sgd; do
    zeros "$optimizer-prox-1e-2"
    echo
done > inspected
awk '/^ *1e-2/ { print $9 }' out > table
same table inspected
[ "$(tail -n 1 table)" != 0.000 ] || fault "no zeros: the test checks nothing"
finish
