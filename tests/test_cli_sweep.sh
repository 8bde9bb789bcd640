# test_cli_sweep.sh: a sweep runs each point once, starting from its neighbour, reports the results and chooses by its rule;
# killed at any moment and resumed, it ends with the same bytes as one that was not.
# timeout 240
if [ -w /dev/shm ]; then export TMPDIR=/dev/shm; fi # it syncs some 10,000 files, which takes minutes on a slow disk
. "$TACET_SOURCE/tests/cli.sh"
sed -i 's/^train:.*/train: {epochs: 4, batch: 32, seed: 1, validate: 0.2, log: 0}/' net.yaml
sweep() { "$tacet" sweep "$@"; }

# column FILE NAME: prints this column of a CSV file, one line per row.
column() { awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print $c }' "$1"; }
# last KEY FILE: prints the last number with this key in a JSON file.
last() { grep -o "\"$1\":[-0-9.e]*" "$2" | tail -n 1 | cut -d: -f2; }
# near A B [TOLERANCE]: checks that two numbers agree.
near() { awk -v a="$1" -v b="$2" -v t="${3:-1e-6}" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(a != "" && b != "" && d <= t * (b < 0 ? -b : b) + 1e-12) }' ||
    fault "$1 is not $2"; }

# ---- One path ----
runs 0 sweep net.yaml --over 'relu1: l1 lambda=1e-4..1e-1:4' --out warm --warm
has err "^relu1:l1: the largest lambda that changes anything is about 0\.0" "^4/4  relu1-l1-0.1-seed1 " \
    "^1/4  relu1-l1-0.0001-seed1  val loss [0-9.]*  val acc [01]\.[0-9][0-9][0-9]  density 0\.[0-9][0-9][0-9]\(  [0-9.]* s\)*$"
hasnt err ' 0.0 s'
has out "^ *lambda  density  dead  accuracy  data loss  *ms/step  fires" "^Taken: relu1:l1 lambda=" "^Its model: warm/relu1-l1-"
hasnt out "test data" # validation data are used
column warm/sweep.csv lambda > lambdas
printf '0.0001\n0.001\n0.01\n0.1\n' | cmp -s - lambdas || fault "the points are $(cat lambdas)"
hasnt warm/relu1-l1-0.0001-seed1/config.yaml "^init:"
before=0.0001
for lambda in 0.001 0.01 0.1; do
    has warm/relu1-l1-$lambda-seed1/config.yaml "^init: warm/relu1-l1-$before-seed1/model.safetensors$" "^  relu1: l1 lambda=$lambda$"
    before=$lambda
done
# The file also has a penalty l1 on relu1, which that of the sweep replaces.
hasnt warm/config.yaml relu1
runs 0 sweep net.yaml --over 'relu1: l1 lambda=1e-4..1e-1:4' --out fresh -q
hasnt err "density"
for lambda in 0.0001 0.001 0.01 0.1; do
    hasnt fresh/relu1-l1-$lambda-seed1/config.yaml "^init:"
    first=$(head -n 1 fresh/relu1-l1-$lambda-seed1/metrics.jsonl | sed 's/.*"data_loss":\([0-9.]*\),"learning.*/\1/')
    there=$(head -n 1 warm/relu1-l1-$lambda-seed1/metrics.jsonl | sed 's/.*"data_loss":\([0-9.]*\),"learning.*/\1/')
    case $lambda in
    0.0001) near "$first" "$there" ;;
    *) awk "BEGIN { exit !($there < 0.9 * $first) }" || fault "lambda=$lambda begins no better than fresh: $there, $first" ;;
    esac
done
# A run of a sweep equals one of tacet train.
runs 0 "$tacet" train net.yaml --no-penalties --penalty 'relu1: l1 lambda=0.01' --out alone -q
same alone/model.safetensors fresh/relu1-l1-0.01-seed1/model.safetensors
for page in warm/report.html fresh/report.html; do has $page "<h2>What silence costs</h2>" 'href="relu1-l1-0.01-seed1/report.html"' "<h1>Sweep over lambda of relu1:l1</h1>"; done

# ---- The table, the CSV, the JSON and the runs agree ----
agree() { # FOLDER LAMBDA...: for a sweep with one seed
    folder_=$1
    shift
    row=2
    for lambda; do
        run=$folder_/relu1-l1-$lambda-seed1
        grep '"validation"' $run/metrics.jsonl | tail -n 1 | sed 's/.*"validation"://' > v.json
        line=$(sed -n ${row}p $folder_/sweep.csv)
        near "$(echo "$line" | cut -d, -f4)" "$(grep -o '"accuracy":[0-9.]*' v.json | cut -d: -f2)"
        near "$(echo "$line" | cut -d, -f5)" "$(grep -o '"data_loss":[0-9.]*' v.json | cut -d: -f2)"
        near "$(echo "$line" | cut -d, -f2)" "$(sed 's/.*"name":"relu1","density":\([0-9.e-]*\).*/\1/' v.json)"
        near "$(echo "$line" | cut -d, -f3)" "$(sed 's/.*"name":"relu1","density":[0-9.e-]*,"dead":\([0-9]*\).*/\1/' v.json)"
        fires=$(sed 's/.*"name":"relu1","density":\([0-9.e-]*\).*"name":"relu2","density":\([0-9.e-]*\).*/\1 \2/' v.json)
        near "$(echo "$line" | cut -d, -f7)" "$(echo "$fires" | awk '{ printf "%.9g", $1 * 16 + $2 * 8 }')"
        seconds=$(grep -o '"seconds":[0-9.e-]*' $run/metrics.jsonl | cut -d: -f2 | awk '{ s += $1 } END { print s * 1e6 / 32 }') # 4 epochs of 8
        near "$(echo "$line" | cut -d, -f6)" "$seconds" 1e-4
        has out "^ *$lambda  *$(echo "$line" | awk -F, '
            function shown(x, n) { e = sprintf("%.*e", n - 1, x); sub(/.*e/, "", e); return sprintf("%.*f", e < n - 1 ? n - 1 - e : 0, x) }
            { printf "%s  *%d  *%.3f  *%s ", shown($2, 3), $3, $4, shown($5, 4) }')"
        row=$((row + 1))
    done
}
runs 0 sweep --resume warm
has err "4 of 4 runs have already finished"
agree warm 0.0001 0.001 0.01 0.1
runs 0 sweep --resume warm --json -q
[ "$(wc -l < out)" -eq 1 ] || fault "--json did not print exactly one line"
for key in accuracy data_loss; do
    grep -o "\"$key\":[0-9.]*" out | cut -d: -f2 > said
    column warm/sweep.csv $key | paste - said > both
    [ "$(wc -l < both)" -eq 4 ] || fault "the JSON does not have four points"
    awk '{ d = $1 - $2; if (d > 1e-8 || d < -1e-8) exit 1 }' both || fault "$key in JSON and CSV: $(cat both)"
done
has out '"part":"validation","rows":60'

# ---- A warm path of runs that have not converged misleads, and says so; one of runs that have does not ----
sed 's/linear 3$/linear 1/; s/^loss.*/loss: mse/; s/^data.*/data: csv prices.csv target=price/; /^test/d; s/^optimizer.*/optimizer: adam lr=0.01/' net.yaml > slow.yaml
runs 0 sweep slow.yaml --over 'relu1: l1 lambda=1e-4..1e-1:4' --out led --warm
has out "^The path misleads: from lambda=0.0001 to lambda=0[.01]*, a stronger penalty, the training loss falls from [0-9.]* to [0-9.]*; it would not fall if"
has led/report.html "<p>The path misleads: from lambda=0.0001"
column led/sweep.csv training_loss | awk 'NR == 1 { first = $1 } $1 < 0.9 * first { fell = 1 } END { exit !fell }' || fault "the training loss does not fall"
for lambda in 0.0001 0.1; do
    near "$(awk -F, -v l=$lambda '$1 == l { print $8 }' led/sweep.csv)" "$(tail -n 1 led/relu1-l1-$lambda-seed1/metrics.jsonl | sed 's/.*"data_loss":\([0-9.]*\),"learning.*/\1/')"
done
for range in 'density=0.5..0.2:3' 'density=0.2..0.5:3'; do # the second is trained longest where it asks for least
    rm -rf asks; runs 0 sweep slow.yaml --over "relu1: l1 $range" --out asks --warm -q
    case $range in
    *0.5..*) has out "^The path misleads: from density=0.5 to density=0.[23]*[0-9]*, a stronger penalty, the training loss falls" ;;
    *) hasnt out misleads ;;
    esac
done
runs 0 sweep --resume led --json -q; has out '"misled":"The path misleads: '
runs 0 sweep slow.yaml --over 'relu1: l1 lambda=1e-4..1e-1:4' --out fair -q
hasnt out misleads; hasnt fair/report.html misleads
runs 0 sweep net.yaml --over 'relu1: l1 lambda=1e-1..1e-4:4' --out down --warm --set train.epochs=20 -q
hasnt out misleads
sed -i '/"epoch":20,/s/"name":"relu1","density":[0-9.e-]*,/"name":"relu1","density":0.012,/g' down/relu1-l1-0.0001-seed1/metrics.jsonl
sed -i 's/"sums":{[^}]*},//' down/relu1-l1-0.0001-seed1/run.json
runs 0 sweep --resume down -q # as if its units had died, in a run of an earlier version
has out "^Not verified, because an earlier version of Tacet .* began from: relu1-l1-0.0001-seed1$"
has out "^The path misleads: from lambda=0.0001 to lambda=0[.01]*, a stronger penalty, the density rises from 0.0120 to 0.0[0-9]*; it would not rise if"
sed 's/^model.*/model: linear 1/; s/^optimizer.*/optimizer: sgd lr=0.1 schedule=cosine/' slow.yaml > lasso.yaml # convex: it converges
for range in 1e-3..1:4 1..1e-3:4; do
    rm -rf lasso
    runs 0 sweep lasso.yaml --no-penalties --set train.epochs=60 --over "linear1.weight: l1 $range prox" --out lasso --warm -q
    hasnt out misleads
done
# Two classes with one logit are compared by accuracy as well.
awk -F, 'NR > 1 { $NF = $NF == 0 ? "no" : "yes" } 1' OFS=, classes.csv > two.csv
sed 's/linear 3$/linear 1/; s/^loss.*/loss: bce_with_logits/; s/^data.*/data: csv two.csv label=kind/; /^test/d' net.yaml > two.yaml
runs 0 sweep two.yaml --over 'relu1: l1 lambda=1e-4..1:3' --out two -q
has out "^Taken: relu1:l1 lambda=[0-9.]*: the best binary_accuracy is [01]\.[0-9]*, with .*; its standard error is [0-9.]* (binomial, [0-9]* rows)"
# Equal accuracies: the lower loss is better, as it is on 10 rows, which are all right or nearly.
runs 0 sweep net.yaml --set train.validate=0.05 --set train.epochs=20 --over 'linear2.weight: l2 1e-6..1e-3:6' --no-penalties --out ties -q
awk -F, 'NR > 1 { n[$4]++; if ($4 > top) top = $4; if (!($4 in low) || $5 < low[$4]) { low[$4] = $5; at[$4] = $0 } } END { print n[top], at[top] }' ties/sweep.csv > best
awk '{ exit !($1 > 1) }' best || fault "no ties: $(cat ties/sweep.csv)"
has best ',\(taken\|best\),'

# ---- The choice, recomputed from the CSV: of the points within one standard error of the best, the one that fires least ----
chosen() { # FILE: prints the number of the point that should be taken; there are 60 rows of validation data
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { n++; key = at["accuracy"] && $at["accuracy"] != "" ? "accuracy" : "data_loss"; y[n] = $at[key]; if (key == "data_loss") y[n] = -y[n]
          e[n] = (key "_error") in at ? $at[key "_error"] : ""; f[n] = $at["firing"] }
        END { for (i = 1; i <= n; i++) if (!best || y[i] > y[best]) best = i
            se = e[best] != "" ? e[best] : key == "accuracy" ? sqrt(y[best] * (1 - y[best]) / 60) : 0
            take = best
            for (i = 1; i <= n; i++) if (y[i] >= y[best] - se - 1e-9 && (f[i] < f[take] || (f[i] == f[take] && y[i] > y[take]))) take = i
            print take }' "$1"
}
choice() { # FOLDER
    want=$(chosen $1/sweep.csv)
    [ "$(column $1/sweep.csv mark | grep -n '^taken$' | cut -d: -f1)" = "$want" ] || fault "$1: not point $want is taken: $(cat $1/sweep.csv)"
}
choice warm
choice fresh
runs 0 sweep net.yaml --over 'relu1: l1 lambda=1e-4..1e-1:4' --out seeds --seeds 3 -q
has out "+- " "^Figures are means over 3 seeds" "(over 3 seeds)"
choice seeds
for lambda in 0.0001 0.01; do
    for seed in 1 2 3; do
        has seeds/relu1-l1-$lambda-seed$seed/config.yaml "^  seed: $seed$"
        grep '"validation"' seeds/relu1-l1-$lambda-seed$seed/metrics.jsonl | tail -n 1 | sed 's/.*"validation"//' | grep -o '"accuracy":[0-9.]*' | cut -d: -f2
    done > three
    awk -F, -v l=$lambda 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } $1 == l { print $at["accuracy"], $at["accuracy_error"] }' seeds/sweep.csv > pair
    awk '{ s += $1; q += $1 * $1 } END { m = s / 3; print m, sqrt((q - 3 * m * m) / 2 / 3) }' three > own
    near "$(cut -d' ' -f1 pair)" "$(cut -d' ' -f1 own)"
    near "$(cut -d' ' -f2 pair)" "$(cut -d' ' -f2 own)" 1e-4
done
same seeds/relu1-l1-0.01-seed1/model.safetensors fresh/relu1-l1-0.01-seed1/model.safetensors
for seeds in 1 3; do # slow learning, so that accuracies differ and the best point is not the one taken
    runs 0 sweep net.yaml --set optimizer.lr=0.03 --over 'relu1: l1 lambda=1e-3..3e-1:6' --seeds $seeds --out slow$seeds -q
    choice slow$seeds
    has slow$seeds/sweep.csv ",best,"
    has out "of the points within that range, relu1:l1 lambda=[0-9.e-]* fires least"
done
sed 's/linear 3$/linear 1/; s/^loss.*/loss: mse/; s/^data.*/data: csv prices.csv target=price/; /^test/d; s/lr=0.1/lr=0.01/' net.yaml > price.yaml
runs 0 sweep price.yaml --over 'relu1: l1 lambda=1e-4..1:4' --out loss -q
hasnt out accuracy
has out "the best data loss is" "one seed cannot show .*: use --seeds 3"
choice loss
runs 0 sweep price.yaml --over 'relu1: l1 lambda=1e-4..1:4' --out losses --seeds 2 -q
choice losses
# Without validation data, the figures are of the test data, and the output says so.
runs 0 sweep net.yaml --set train.validate=0 --over 'relu1: l1 lambda=1e-3..1e-2:2' --out test -q
has out "Figures are of the test data, .*train.validate"
near "$(column test/sweep.csv accuracy | tail -n 1)" "$(sed 's/.*"part":"test","rows":90,"accuracy":\([0-9.]*\).*/\1/' test/relu1-l1-0.01-seed1/run.json)"

# ---- The largest lambda ----
largest() { runs 0 sweep net.yaml --no-penalties --json -q --set train.steps=1 --over "$@" --out one; value=$(last largest out); rm -rf one; }
largest 'relu1: l1 max/1000..max:4'
one=$value
largest 'relu1: l1 lambda=max/10..max:2 reduce=sum'; near "$value" "$(awk "BEGIN { print $one / 32 }")" 1e-4 # a batch has 32 rows
largest 'relu1: l1 lambda=max/10..max:2 reduce=mean'; near "$value" "$(awk "BEGIN { print $one * 16 }")" 1e-4 # relu1 has 16 units
largest 'relu1: l1 lambda=max/10..max:2 warmup=2'; near "$value" "$one"
largest 'linear2.weight: l1 max/10..max:2'
weight=$value
largest 'linear2.weight: norm max/10..max:2 p=1'; near "$value" "$weight"
largest 'linear2.weight: l1 max/10..max:2 prox'; near "$value" "$weight"
largest 'linear2.weight: group_lasso max/10..max:2 by=block block=1'; near "$value" "$weight" 1e-4
largest 'linear2.weight: l1 max/10..max:2 prox' --set 'optimizer=adam lr=0.01'; near "$value" 1
largest 'linear2.weight: norm max/10..max:2'
norm=$value
# For a norm, it is the ratio of the losses' gradient to that of the norm; the ledger of the first step has both.
runs 0 "$tacet" train net.yaml --no-penalties --penalty 'linear2.weight: norm 1' --set train.steps=1 --out step -q
near "$norm" "$(awk "BEGIN { print $(last data_gradient step/metrics.jsonl) / $(last gradient step/metrics.jsonl) }")" 1e-4
largest 'linear2.*: norm max/10..max:2 joint'
awk "BEGIN { exit !($value > $norm) }" || fault "the largest lambda is not greater with the bias than without"
# A network that starts with the largest lambda falls silent; a thousandth of it changes almost nothing.
runs 0 sweep net.yaml --set train.epochs=40 --over 'relu1: l1 max/1000..max:2' --out ends -q
runs 0 "$tacet" train net.yaml --no-penalties --set train.epochs=40 --out natural -q
natural=$(grep '"validation"' natural/metrics.jsonl | tail -n 1 | sed 's/.*"validation".*"name":"relu1","density":\([0-9.]*\).*/\1/')
column ends/sweep.csv density | paste -s - | awk -v n="$natural" '{ exit !($1 > 0.75 * n && $1 < 1.25 * n && $2 < 0.15 * n) }' || fault "natural $natural, then $(column ends/sweep.csv density)"
[ "$(last largest ends/sweep.json | cut -c1-4)" = "$(echo "$one" | cut -c1-4)" ] || fault "the estimate depends on the epochs"
runs 0 sweep net.yaml --set train.steps=1 --over 'relu1: l1 1..10:2' --out above -q
has err "warning: relu1:l1: the range goes up to 10: according to the estimate, .* more than 0\.0[0-9]* falls silent"

# ---- Other ranges ----
values() { rm -rf range; runs 0 sweep net.yaml --no-penalties --set train.steps=1 --over "$1" --out range -q; column range/sweep.csv "$2" | paste -s -d ' ' - > said; }
values 'relu1: l1 lambda=1e-2..1e-6:5' lambda; has said "^0.01 0.001 0.0001 1e-05 1e-06$"
values 'relu1:l1 1..10:3' lambda; has said "^1 3.162 10$"
values 'relu1: l1 0.123456..0.123456:1' lambda; has said "^0.123456$"
values 'relu1: l1 density=0.4..0.1:3' 'density asked'; has said "^0.4 0.2 0.1$"
has out "^Missed its target: relu1:l1 density=0.1: density of relu1 0\.[0-9]* instead of 0.1 ([0-9]*% above)$" \
    "^Taken: .*; the point taken missed its target: density of relu1 0\."
has range/report.html "<p>Missed its target: relu1:l1 density=0.1: density of relu1 0" "; the point taken missed its target: "
hasnt range/report.html "largest lambda" "largest that changes"
values 'linear1.weight: l1 zeros=0.4..0.8:2 prox' 'zeros asked'
has out "^Missed its target: linear1.weight:l1 zeros=0.8: zeros of linear1.weight 0[.0-9]* instead of 0.8 ([0-9]*% below)$"
values 'relu1: l1 l0=8..2:2' 'l0 asked'
has out "^Missed its target: relu1:l1 l0=2: density of relu1 0\.[0-9]* instead of 0.125 "
values 'relu1: l1 1.00004..1.0003:3' lambda; awk '{ exit !($1 < $2 && $2 < $3) }' said || fault "not in order: $(cat said)"
values 'relu1: l1 1e-3..1e-2:2 name="a\"..b"' lambda; has said '^0.001 0.01$'
values 'linear1.weight: group_lasso 1e-3 by=block block=2..8:3' 'block asked'; has said "^2 4 8$"

# ---- Two ranges: the first is the path ----
two="--over 'relu1: l1 lambda=1e-4..1e-2:3' --over 'linear2.weight: l1 1e-3..1e-4:2 prox'"
runs 0 eval sweep net.yaml "$two" --warm --out grid -q
column grid/sweep.csv "relu1:l1 lambda" | paste -s -d ' ' - > said; has said "^0.0001 0.001 0.01 0.0001 0.001 0.01$"
column grid/sweep.csv "linear2.weight:l1 lambda" | paste -s -d ' ' - > said; has said "^0.001 0.001 0.001 0.0001 0.0001 0.0001$"
has grid/relu1-l1-0.01-linear2.weight-l1-0.0001-seed1/config.yaml "^init: grid/relu1-l1-0.001-linear2.weight-l1-0.0001-seed1/model"
hasnt grid/relu1-l1-0.0001-linear2.weight-l1-0.0001-seed1/config.yaml "^init:"
choice grid
# In parallel, everything but the times is the same.
runs 0 eval sweep net.yaml "$two" --warm --out side --jobs 2 --threads 2
has out "^Times were measured with 2 runs in parallel"
untimed() { awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "step_us") c = i } { $c = ""; gsub(/(grid|side)\//, ""); print }' "$1"; }
untimed grid/sweep.csv > a; untimed side/sweep.csv > b; same a b
for run in grid/*/; do same "${run}model.safetensors" "side/${run#grid/}model.safetensors"; done
runs 0 sweep net.yaml --over 'relu1: l1 lambda=1e-4..1e-2:3' --out jobs --jobs 3 --warm -q
has err "there is only one path"

# ---- If a point fails, the path continues from the one before it, and the sweep reports the failure ----
runs 0 sweep net.yaml --over 'linear1.weight: l2 lambda=1e-4..1e4:3' --out fails --warm
has err "warning: linear1.weight-l2-1e+04-seed1: .*not finite"
has out "^ *1e+04  *-  *-  *-  .*failed" "^Failed: linear1.weight-l2-1e+04-seed1: .*not finite"
runs 0 sweep net.yaml --no-penalties --over 'linear1.weight: l2 lambda=1e4..1e-4:3' --out nan --warm -q --json
has out '"state":"failed","said":"[^"]*not finite' '"state":"ended"'
column nan/sweep.csv mark | head -n 1 > said; has said "^failed$"
hasnt nan/linear1.weight-l2-1-seed1/config.yaml "^init:"
runs 1 sweep net.yaml --no-penalties --set optimizer.lr=1e30 --over 'linear1.weight: l2 1..10:2' --out none -q
has err "no run of the sweep has finished"

# ---- Resuming with other options, or a folder of another kind ----
refused() { pattern=$1; shift; cp warm/sweep.json kept; runs 2 sweep "$@"; has err "$pattern"; empty out; same kept warm/sweep.json; }
runs 2 "$tacet" train --resume warm; has err "warm holds a sweep, not a run" "tacet sweep --resume warm"
[ ! -e warm/model.safetensors ] || fault "a run began in the folder of a sweep"
runs 5 "$tacet" report warm; has err "warm holds a sweep" "its page is warm/report.html"

# ---- Files in a folder are kept, and runs of another sweep are not used ----
mkdir mine; (echo '# my notes'; cat net.yaml) > mine/config.yaml; cp mine/config.yaml notes
runs 2 sweep mine/config.yaml --out mine --over 'relu1: l1 1e-3..1e-2:2'; has err "mine does not hold a sweep, but mine/config.yaml exists"
same notes mine/config.yaml
cp -r warm torn; rm torn/sweep.json
runs 2 sweep net.yaml --out torn --over 'relu1: l1 lambda=1e-4..1e-1:4' --set train.epochs=5; has err "torn does not hold a sweep, but torn/"

# ---- A swept attribute and a figure with the same name have different keys ----
runs 0 sweep net.yaml --no-penalties --set train.steps=1 --out asked -q --json --over 'relu1: l1 density=0.4..0.2:2'
has out '"density asked":0.4,"density":'
refused "warm already holds a sweep" net.yaml --over 'relu1: l1 1..10:3' --out warm
has err "^    --resume warm continues it; "
refused "warm was begun with --over 'relu1: l1 lambda=1e-4..1e-1:4', not with --over 'relu1: l1 lambda=1e-4..1:4'" net.yaml --over 'relu1: l1 lambda=1e-4..1:4' --resume warm --warm
refused "not with no more --over\|with no more --over, not" net.yaml --over 'relu1: l1 lambda=1e-4..1e-1:4' --over 'relu2: l1 1..2:2' --resume warm --warm
refused "begun with --seeds 1, not with --seeds 2" --resume warm --seeds 2
refused "was begun with --warm, not with runs that start from initial weights" net.yaml --over 'relu1: l1 lambda=1e-4..1e-1:4' --resume warm
runs 2 sweep --resume fresh --warm; has err "was begun with runs that start from initial weights, not with --warm"
refused 'begun with "  epochs: 4", not with "  epochs: 5"' --resume warm --set train.epochs=5
refused 'begun with "optimizer: sgd lr=0.1' net.yaml --over 'relu1: l1 lambda=1e-4..1e-1:4' --set optimizer.lr=0.2 --resume warm --warm
runs 0 sweep net.yaml --over 'relu1: l1 lambda=1e-4..1e-1:4' --resume warm --warm --jobs 2 -q
cp alone/config.yaml kept.yaml
runs 2 sweep net.yaml --over 'relu1: l1 1..10:3' --out alone; has err "alone holds a run of tacet train"
runs 2 sweep net.yaml --over 'relu1: l1 1..10:3' --resume alone; same kept.yaml alone/config.yaml
runs 5 sweep --resume nowhere
has err "nowhere does not hold a sweep"
# A sweep of an earlier version, which knew fewer keys, goes on; it is said if runs are left.
cp -r warm earlier; sed -i 's/"folders":\[[^]]*\],//' earlier/sweep.json; sed -i '/^  metric:/d; /^  patience:/d' earlier/config.yaml
runs 0 sweep --resume earlier -q; hasnt err 'earlier version'
rm -r earlier/*1e-4-seed1 earlier/*0.0001-seed1 2> /dev/null
runs 0 sweep --resume earlier -q; has err 'earlier was begun by an earlier version of Tacet: the 1 run without a model gets the'
echo '{"over":3}' > above/sweep.json; runs 3 sweep --resume above
has err "above/sweep.json: not a record of a sweep"

# ---- Mistakes are found before anything runs ----
caret() { awk -v want="$1" '{ if (match($0, /^[ \t]*\^~*$/)) { gsub(/ /, "", $0); from = RLENGTH - length($0) + 1
    if (substr(before, from, length($0)) == want) good = 1 } before = $0 } END { exit !good }' err || fault "the caret is not under '$1': $(cat err)"; }
mistake() { # OVER PATTERN CARET
    runs 2 sweep net.yaml --over "$1" --out never
    has err "$2"
    [ $# -lt 3 ] || caret "$3"
    empty out
    [ ! -e never ] || fault "a refused sweep left a folder: $1"
}
mistake 'relu1 l1 1..2:3' "a colon is missing" 'relu1 l1 1..2:3'
mistake ': l1 1..2:3' "a selector is missing"
mistake 'relu1:' "a penalty is missing"
mistake 'relu1: l1 1e-3' "the range FROM..TO:POINTS is missing" 'l1 1e-3'
mistake 'relu1: l1 1..2:3 l0=3..4:2' "a second range" '3..4:2'
mistake 'relu1: l1 1e-3..1e-1' "the number of points is missing" '1e-3..1e-1'
mistake 'relu1: l1 1e-3..1e-1:0' "the number of points must be from 1 to 1000, not '0'" '0'
mistake 'relu1: l1 a..b=3:2' "'a' is not a number" a
mistake 'relu1: l1 1e-3 name="1..2:3"' 'the range FROM..TO:POINTS is missing'
mistake 'relu1: l1 0x1p-3..1:3' "'0x1p-3' is not a number" 0x1p-3
mistake 'relu1: l1 1..1e300:2' 'the ends of a range must be from'
mistake 'relu1: l1 max/1e-310..max:2' 'the ends of a range must be from'
mistake 'relu1: l1 1e-3..1e-1:1' "one point cannot have two ends" '1'
mistake 'relu1: l1 1e-3..1e-1:1001' "from 1 to 1000"
mistake 'relu1: l1 1e-3..1e-1:x' "not 'x'" x
mistake 'relu1: l1 0..1e-1:3' "both ends must be above 0" '0'
mistake 'relu1: l1 1e-3..-1:3' "both ends must be above 0" '-1'
mistake 'relu1: l1 1e-3..:3' "a number is missing"
mistake 'relu1: l1 lambda=1e-3..much:3' "'much' is not a number" much
mistake 'relu1: l1 density=0.5..max:3' "max is the largest lambda that changes anything; density has no such value" max
mistake 'relu1: l1 max/0..1:3' "above 0"
mistake 'relu1: l1 1..1:3' "3 points do not fit between 1 and 1"
mistake 'linear1.weight: group_lasso 1e-3 by=block block=2..4:9' "9 points do not fit"
mistake 'relu9: l1 1..2:3' 'the selector "relu9" matches no' relu9
mistake 'relu1: l9 1..2:3' 'unknown penalty "l9"' l9
mistake 'relu1: l1 1..2:3 reduc=sum' 'reduc' reduc
mistake 'relu1: l1 density=0.5..2:3' "density"
mistake 'relu*: l1 1..2:3' "relu1:l1 already" # the file has a penalty on relu1
runs 2 sweep net.yaml --out never
has err "over is missing"
runs 2 sweep --over 'relu1: l1 1..2:2'
has err "CONFIG is missing"
runs 2 sweep net.yaml --over 'relu1: l1 1..2:2' --jobs 0
runs 2 sweep net.yaml --over 'relu1: l1 1..2:2' --seeds x
runs 2 sweep net.yaml --over 'relu1: l1 1..2:1000' --over 'relu2: l1 1..2:1000' --out never
has err "more than 10000 runs"
runs 2 sweep net.yaml --over 'a:b 1..2:2' --over 'a:b 1..2:2' --over 'a:b 1..2:2' --over 'a:b 1..2:2' --over 'a:b 1..2:2'
has err "more than 4 times"
[ ! -e never ] || fault "a refused sweep left a folder"

# ---- SIGKILL at moments spread over a sweep ----
cat > long.yaml << 'END'
model:     linear 32 | relu | dropout 0.2 | linear 16 | relu | linear 3
loss:      cross_entropy
optimizer: adam lr=0.01 schedule=cosine
data:      csv classes.csv label=kind
train:     {epochs: 12, batch: 16, seed: 3, validate: 0.2, checkpoint: 7, log: 0}
END
begun=$(date +%s%N)
long="long.yaml --over 'relu1: l1 1e-4..1e-1:3' --seeds 2 --warm --threads 1 -q"
runs 0 eval sweep "$long" --out whole
taken=$((($(date +%s%N) - begun) / 1000))
untimed_whole() { awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i ~ /^step_us/) c[i] } { for (i in c) $i = ""; sub(/,(whole|cut)\//, ","); print }' "$1"; }
untimed_whole whole/sweep.csv > whole.csv
# Work done so far: models of runs that ended, and first epochs (with their times) of runs that have a later one.
ended() { for run in cut/*/; do grep -q '"state":"ended"' "${run}run.json" 2> /dev/null && ls -i "${run}model.safetensors"; done; }
firsts() { for run in cut/*/; do [ "$(wc -l < "${run}metrics.jsonl" 2> /dev/null || echo 0)" -lt 2 ] || head -n 1 "${run}metrics.jsonl"; done; }
kept() { # FILE FILE: checks that the second file has all lines of the first
    while read -r line; do grep -qxF -e "$line" "$2" || fault "done again: $line"; done < "$1"
}
i=0
killed=0
while [ $killed -lt 8 ] && [ $i -lt 24 ]; do
    rm -rf cut
    jobs=$((i % 2 + 1))
    # shellcheck disable=SC2086
    eval "$tacet sweep $long --out cut --jobs $jobs" > /dev/null 2>&1 &
    child=$!
    sleep "$(awk "BEGIN { printf \"%.6f\", $taken * (0.1 + 0.1 * ($i % 8)) / $jobs / 1e6 }")"
    kill -KILL $child 2> /dev/null && killed=$((killed + 1))
    wait $child 2> /dev/null
    i=$((i + 1))
    [ -e cut/sweep.json ] || continue # the sweep had not begun
    # Runs whose sweep was killed end by themselves and hold the lock until then. Finished work is not repeated.
    ended > models
    firsts > epochs
    runs 0 eval sweep "$long" --resume cut --jobs 2 --set train.seed=3
    for run in whole/*/; do
        same "${run}model.safetensors" "cut/${run#whole/}model.safetensors"
        same "${run}best.safetensors" "cut/${run#whole/}best.safetensors"
    done
    untimed_whole cut/sweep.csv > cut.csv
    same whole.csv cut.csv
    ended > models.after
    firsts > epochs.after
    kept models models.after
    kept epochs epochs.after
    runs 0 sweep --resume cut -q
    ended > models
    same models models.after
    [ "$(wc -l < models)" -eq 6 ] || fault "$(wc -l < models) runs ended, not 6"
done
[ $killed -ge 8 ] || fault "only $killed sweeps were killed before they ended"

# ---- After Ctrl-C, SIGTERM and SIGKILL, runs write checkpoints; a second sweep in the folder waits for them ----
for signal in INT:130 TERM:143 KILL:137; do
    rm -rf cut second.err
    sh -c 'trap - INT; exec "$@"' sh "$tacet" sweep long.yaml --set train.epochs=20000 --over 'relu1: l1 1e-4..1e-1:3' --seeds 2 --jobs 2 --out cut > out 2> err &
    child=$!
    n=0
    while [ "$(cat cut/*/metrics.jsonl 2> /dev/null | wc -l)" -lt 4 ] && [ $n -lt 300 ]; do sleep 0.1; n=$((n + 1)); done
    # Runs hold the lock, so that it is kept if a run outlives its sweep.
    for run in $(cat /proc/$child/task/$child/children 2> /dev/null); do
        # shellcheck disable=SC2012
        ls -l /proc/"$run"/fd 2> /dev/null | grep -q "cut/lock$" || fault "run $run does not hold the lock"
    done
    "$tacet" sweep --resume cut > second.out 2> second.err &
    second=$!
    n=0
    while ! grep -q "cut is in use by process" second.err 2> /dev/null && [ $n -lt 60 ]; do sleep 0.1; n=$((n + 1)); done
    has second.err "cut is in use by process"
    kill -KILL $second
    wait $second 2> /dev/null
    kill -"${signal%:*}" $child
    wait $child 2> /dev/null
    code=$?
    [ $code -eq "${signal#*:}" ] || fault "SIG${signal%:*} ended with $code"
    [ $code -eq 137 ] || has err "stopping: waiting for 2 runs to write a checkpoint" "stopped; continue with: tacet sweep --resume cut"
    empty out
    n=0
    while [ "$(cat cut/*/run.json | grep -c '"state":"stopped"')" -lt 2 ] && [ $n -lt 60 ]; do sleep 0.1; n=$((n + 1)); done
    for run in cut/*/; do has "${run}run.json" '"state":"stopped"'; done
    [ "$(ls -d cut/*/ | wc -l)" -eq 2 ] || fault "the number of runs begun is not 2"
done

finish
