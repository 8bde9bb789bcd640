#!/bin/sh
# The examples run and say what their comments promise.
set -eu
out=$("$TACET_BUILD/examples/l1_activations")
echo "$out"

# expect PATTERN COUNT: that many lines match.
expect() {
    n=$(echo "$out" | grep -cE "$1") || true
    [ "$n" = "$2" ] || { echo "l1_activations: $n lines match '$1', not $2" >&2 && exit 1; }
}
expect '^Penalties on ' 2
expect '= 1 \* [0-9.]+ \(linear3:cross_entropy\)' 4
expect ' \+ 0\.5 \* [0-9.]+ \(relu1:l1\) \+ 0\.01 \* [0-9.]+ \(relu2:norm\)$' 2
expect ' \+ 0\.5 \* [0-9.]+ \(linear1\.\*:l1\) \+ 0\.01 \* [0-9.]+ \(linear2\.\*:norm\)$' 2
expect '^relu1: [0-9]+ of 128 outputs fire$' 2

# In each version the terms add up to the objective, and ten steps make it smaller.
echo "$out" | awk '
    /^step/ {
        now = substr($0, index($0, "objective ") + 10) + 0
        n = split(substr($0, index($0, "=") + 1), term, " \\+ ")
        sum = 0
        for (i = 1; i <= n; i++) { split(term[i], part, " "); sum += part[1] * part[3] }
        if (sum - now > 1e-4 * now || now - sum > 1e-4 * now) { print "terms do not add up: " $0; bad = 1 }
        if (/^step 10/ && now >= last) { print "the objective did not fall: " $0; bad = 1 }
        last = now
        lines++
    }
    END { exit bad || lines != 4 }'

# One epoch on real images, where they are installed: it learns, and the penalty silences.
[ -d /usr/share/datasets/fashion-mnist ] && [ -z "${TACET_SANITIZE:-}" ] || exit 0
for penalty in "l1 0" "l1 1e-3"; do
    "$TACET_BUILD/examples/train_images" 1 "$penalty"
done | awk '
    { print; accuracy[NR] = $4 + 0; density[NR] = $10 + 0 }
    END { exit !(NR == 2 && accuracy[1] > 0.8 && accuracy[2] > 0.8 && density[2] > 0 && density[2] < 0.7 * density[1]) }'
