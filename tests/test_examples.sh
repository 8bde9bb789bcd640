#!/bin/sh
# The examples without images run and give the results in their READMEs; the others are in test_examples_fashion.sh.
. "$TACET_SOURCE/tests/cli.sh"
cp -R "$TACET_SOURCE/examples" examples

# number NAME FILE: prints the first number with this name in one line of JSON. holds EXPRESSION: checks an awk condition.
number() { sed -n "\$s/.*\"$1\":\([^,}]*\).*/\1/p" "$2"; }
holds() { awk "BEGIN { exit !($1) }" || fault "does not hold: $1"; }

# ---- Each folder is in the table, and has a README and a configuration, or a program with its name ----
for each in examples/*/; do # not "folder": that one is removed at the end
    name=$(basename "$each")
    has examples/README.md "^| \[$name\]($name) |"
    [ -s "${each}README.md" ] || fault "$name has no README.md"
    [ -f "$each$name.c" ] || ls "$each"*.yaml > found 2> err || fault "$name has no configuration and no $name.c"
done

# ---- l1_activations ----
runs 0 "$TACET_BUILD/examples/l1_activations"
expect() { # PATTERN COUNT: checks that this many lines match
    n=$(grep -cE "$1" out)
    [ "$n" = "$2" ] || fault "l1_activations: $n lines match '$1', not $2"
}
expect '^Penalties on ' 2
expect '= 1 \* [0-9.]+ \(linear3:cross_entropy\)' 4
expect ' \+ 0\.5 \* [0-9.]+ \(relu1:l1\) \+ 0\.01 \* [0-9.]+ \(relu2:norm\)$' 2
expect ' \+ 0\.5 \* [0-9.]+ \(linear1\.\*:l1\) \+ 0\.01 \* [0-9.]+ \(linear2\.\*:norm\)$' 2
expect '^relu1: [0-9]+ of 128 outputs fire$' 2
# In both versions, the terms add up to the objective, and ten steps reduce it.
awk '
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
    END { exit bad || lines != 4 }' out || fault "l1_activations: $(cat out)"

# ---- own_operators: the gradients are right, and the results those in its README ----
runs 0 "$TACET_BUILD/examples/own_operators"
has out "^log_penalty 1 width=0.5: 32 derivatives are right to 1%$" "^rms: 32 derivatives" "^uneven above=5: 32 derivatives"
awk '/^step/ { loss[++n] = $4 + 0 } END { exit !(n == 2 && loss[2] < 0.05 * loss[1]) }' out || fault "own_operators: $(cat out)"

# ---- inputs: only the three columns that matter remain; the tables are those that inputs.awk makes ----
awk -v seed=1 -v rows=400 -f examples/inputs/inputs.awk > made; same made examples/inputs/inputs.csv
awk -v seed=2 -v rows=200 -f examples/inputs/inputs.awk > made; same made examples/inputs/inputs_test.csv
runs 0 "$tacet" train examples/inputs/inputs.yaml --quiet --json
holds "$(number data_loss out) < 0.2" # y has a variance of 2.7
runs 0 "$tacet" inspect runs/inputs/model.safetensors
has out "^linear1.weight: 17 of 20 inputs have no weight left; the others: 3, 7, 12$"
runs 0 "$tacet" train examples/inputs/inputs.yaml --out plain --quiet --no-penalties
runs 0 "$tacet" inspect plain/model.safetensors
hasnt out "no weight left"

# ---- penguins: columns are removed, and the species are still classified ----
runs 0 "$tacet" train examples/penguins/penguins.yaml --quiet --json
holds "$(number accuracy out) >= 0.95"
runs 0 "$tacet" inspect runs/penguins/model.safetensors
has out "^classes *Adelie, Chinstrap, Gentoo$" \
    "^linear1.weight: [34] of 9 inputs have no weight left; the others: 0, 1, 2, \(3, \)\{0,1\}6, 7$"
finish
