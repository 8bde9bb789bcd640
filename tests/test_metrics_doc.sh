# test_metrics_doc.sh: docs/metrics.md has every metric of the table, its commands run, and print what it shows.
. "$TACET_SOURCE/tests/cli.sh"
page="$TACET_SOURCE/docs/metrics.md"
cp -R "$TACET_SOURCE/examples" examples

sed -n 's/^TC_METRIC(\(.*\))$/\1/p' "$TACET_SOURCE/src/metric/metrics.def" > names
[ "$(wc -l < names)" -ge 13 ] || fault "only $(wc -l < names) metrics"
sed -n '/^## The metrics/,/^## Where/p' "$page" > table
while read -r name; do
    grep -q "^|.*\`$name[\` ]" table || fault "docs/metrics.md lacks $name"
    runs 0 "$tacet" ops "$name"
    has out "^$name (metric)$" '^Source: sklearn.metrics\.'
done < names

grep '^    tacet ' "$page" | sed 's/^ *tacet //' > commands
[ "$(wc -l < commands)" -eq 2 ] || fault "$(wc -l < commands) commands"
while read -r command; do
    eval "runs 0 \"$tacet\" $command"
done < commands
sed -n '/^    class /,/^$/p' "$page" | sed '/^$/d; s/^    //' > shown
[ "$(wc -l < shown)" -eq 4 ] || fault "the example shows $(wc -l < shown) lines"
while read -r class f1; do # another processor may round otherwise, and stop at another epoch
    awk -v class="$class" -v f1="$f1" '$1 == class { found = found || ($2 - f1) ^ 2 < 0.001 } END { exit !found }' out ||
        fault "the example does not print: $class $f1"
done < shown

# The file of the example.
sed -e '/^train/d' examples/penguins/penguins.yaml > file.yaml
sed -n 's/^    \(metrics: .*\|train: .*\)$/\1/p' "$page" >> file.yaml
runs 0 "$tacet" train file.yaml --out file -q
has file/run.json '"metric":"f1","metrics":\[{"name":"accuracy",.*"name":"top_k",'

# What is usual for a loss is what its row says.
usual() { # LOSS METRICS CONFIGURATION
    runs 0 "$tacet" train "$3" --out "usual-$1" -q --set train.epochs=1 --set "loss=$1"
    has "usual-$1/run.json" "\"metrics\":\\[$(echo "$2" | sed 's/[a-z_0-9]*/{"name":"&","better":-\\{0,1\\}1,"by":0}/g; s/ /,/g')\\]"
    grep '^|' "$page" | grep "\`$1\`" | head -n 1 | tr -d '`,' | cut -d'|' -f3 | grep -q "^ $2 $" || fault "docs/metrics.md: $1"
}
sed -e 's/linear 3$/linear 1/; /^test/d; s/classes.csv label=kind/prices.csv target=price/; s/lr=0.1/lr=0.01/' net.yaml > reg.yaml
usual cross_entropy accuracy net.yaml
for loss in mse l1_loss huber; do usual $loss "rmse mae r2" reg.yaml; done
usual bce_with_logits binary_accuracy reg.yaml
finish
