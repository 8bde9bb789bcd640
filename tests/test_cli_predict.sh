#!/bin/sh
# test_cli_predict.sh: the CSV of tacet predict: names, classes with probabilities, targets in their own unit, ids.
. "$TACET_SOURCE/tests/cli.sh"

number() { sed -n "s/.*\"$1\":\([0-9.e+-]*\).*/\1/p" "$2" | head -n 1; }
predicts() { runs 0 "$tacet" predict "$1/model.safetensors" --data "$2" --csv ${3-}; }

# ---- Classes ----
awk -F, 'BEGIN { split("ant,bee,cat", w, ",") } NR == 1 { print "no,kind,d,c,b,a" }
    NR > 1 { printf "\"row, %d\",%s,%s,%s,%s,%s\n", NR - 1, w[$5 + 1], $4, $3, $2, $1 }' few_classes.csv > words.csv
sed 's/optimizer:.*/optimizer: adam lr=0.02/; /^penalties/,/^  relu1/d; /^test/d' net.yaml > words.yaml
runs 0 "$tacet" train words.yaml --out words --set 'data=csv words.csv label=kind drop=no' --set train.epochs=20
predicts words 'csv words.csv' '--id no'
[ "$(head -n 1 out)" = 'no,class,p(ant),p(bee),p(cat)' ] || fault "the names are $(head -n 1 out)"
has out '^"row, 1",[a-z]*,' '^"row, 90",'
[ "$(wc -l < out)" -eq 91 ] || fault "not a line for each row"
# The class is the most probable one, and probabilities add up to 1.
sed 's/"row, /"row /' out | awk -F, 'BEGIN { split("ant,bee,cat", w, ",") } NR > 1 {
    b = 3; for (i = 4; i <= 5; i++) if ($i > $b) b = i
    if ($2 != w[b - 2] || ($3 + $4 + $5 - 1)^2 > 1e-12) exit 1 }' || fault "a class or its probabilities are wrong"
# Probabilities are the softmax of the outputs.
cut -d, -f4- out | tail -n +2 > probabilities
predicts words 'csv words.csv' --raw
paste -d, out probabilities | awk -F, '{ s = exp($1) + exp($2) + exp($3)
    for (i = 1; i <= 3; i++) if ((exp($i) / s - $(i + 3))^2 > 1e-12) exit 1 }' || fault "not the softmax of the outputs"
# The share of right classes is the accuracy of eval, whether or not the label is in the file.
predicts words 'csv words.csv'
sed 's/^"row, [0-9]*",//; s/^no,//; s/,.*//' words.csv > labels
cut -d, -f1 out | paste -d, - labels | awk -F, 'NR > 1 { n += $1 == $2 } END { print n / (NR - 1) }' > share
runs 0 "$tacet" eval words/model.safetensors --json
awk "BEGIN { d = $(cat share) - $(number accuracy out); exit d * d > 1e-9 || $(cat share) < 0.6 }" ||
    fault "accuracy is $(number accuracy out), and $(cat share) of the classes are right"
predicts words 'csv words.csv'; cp out with
sed 's/^\("row, [0-9]*"\|no\),[a-z]*,/\1,/' words.csv > unlabelled_words.csv
has unlabelled_words.csv '^no,d,c,b,a$'
predicts words 'csv unlabelled_words.csv'
same out with

# A file that a C program saved without saying which value is the output.
LC_ALL=C sed 's/"output"/"outpux"/' words/model.safetensors > nameless.safetensors
runs 3 "$tacet" eval nameless.safetensors
has err 'does not say what its input and its output are' 'the note {"output", "linear2"} for tacet_save$'

# ---- Two classes with one output ----
awk -F, 'NR == 1 || $5 < 2 { sub(/,0$/, ",no"); sub(/,1$/, ",yes"); print }' few_classes.csv > two.csv
sed 's/linear 3$/linear 1/; s/cross_entropy/bce_with_logits/' words.yaml > two.yaml
runs 0 "$tacet" train two.yaml --out two --set 'data=csv two.csv label=kind' --set train.epochs=20
predicts two 'csv two.csv'
[ "$(head -n 1 out)" = 'class,p(no),p(yes)' ] || fault "the names are $(head -n 1 out)"
awk -F, 'NR > 1 { if (($2 + $3 - 1)^2 > 1e-12 || $1 != ($3 > 0.5 ? "yes" : "no")) exit 1 }' out ||
    fault "a class or its probabilities are wrong"
cut -d, -f1 out > classes
cut -d, -f5 two.csv | paste -d, classes - | awk -F, 'NR > 1 { n += $1 == $2 } END { exit n < 0.8 * NR }' ||
    fault "two classes are not learned"
# Labels of more than two classes are refused, in training and later.
runs 2 "$tacet" train two.yaml --out three --set 'data=csv words.csv label=kind drop=no'
has err 'bce_with_logits takes labels of two classes, and these are of 3' 'cross_entropy takes any number'
npy() { printf "\223NUMPY\001\000v\000%-117s\n" "{'descr': '$1', 'fortran_order': False, 'shape': ($2), }"; }
{ npy '<f4' '4, 4'; head -c 64 /dev/zero; } > four_x.npy
{ npy '|u1' '4,'; printf '\000\001\000\002'; } > four_y.npy
runs 1 "$tacet" eval two/model.safetensors --data 'npy x=four_x.npy y=four_y.npy'
has err 'has labels up to 2, but the network was trained on 0 and 1'

# ---- Regression ----
awk -F, 'NR == 1 { print $1 "," $2 "," $3 "," $4 ",price,\"size, m\"" } NR > 1 { print $0 "," 1000 + $1 }' prices.csv |
    tr -d '\r' > targets.csv
sed 's/linear 3$/linear 2/; s/cross_entropy/mse/' words.yaml > prices.yaml
runs 0 "$tacet" train prices.yaml --out prices --set train.epochs=30 \
    --set 'data=csv targets.csv target="price,size, m" normalize=feature normalize_target=true'
predicts prices 'csv targets.csv'
[ "$(head -n 1 out)" = 'price,"size, m"' ] || fault "the names are $(head -n 1 out)"
awk -F, 'NR > 1 { s += $2 } END { m = s / (NR - 1); exit m < 999 || m > 1004 }' out ||
    fault "predictions are not in the unit of the target"
runs 0 "$tacet" predict prices/model.safetensors --data 'csv targets.csv' --out y.npy
od -A n -j 128 -N 8 -t f4 y.npy | awk '{ exit $2 < 900 }' || fault "npy is not in the unit of the target"

# Targets that are far from 0, such as time stamps, keep their digits.
awk -F, 'NR == 1 { print $1 "," $2 ",time" } NR > 1 { printf "%s,%s,%.3f\n", $1, $2, 1700000000 + $1 }' prices.csv > times.csv
sed 's/model:.*/model: linear 1/' prices.yaml > times.yaml
runs 0 "$tacet" train times.yaml --out times --set train.epochs=100 --set 'data=csv times.csv target=time normalize_target=true'
predicts times 'csv times.csv'
tail -n +2 times.csv | cut -d, -f3 > right
tail -n +2 out | paste -d, - right | awk -F, '{ d = $1 - $2; if (d * d > 0.01 || length($1) > 16) exit 1 }' ||
    fault "predictions of time stamps lost their digits: $(head -n 3 out)"
runs 0 "$tacet" predict times/model.safetensors --data 'csv times.csv' --out times.npy
has err 'float32 holds them only in steps of about 2e+02'
# Yes or no for a target that has a name: its probability.
awk -F, 'NR == 1 { print "a,b,rain" } NR > 1 { print $1 "," $2 "," ($1 > 1) }' prices.csv > rain.csv
runs 0 "$tacet" train two.yaml --out rain --set 'data=csv rain.csv target=rain'
predicts rain 'csv rain.csv'
[ "$(head -n 1 out)" = 'p(rain)' ] || fault "the names are $(head -n 1 out)"

# ---- Other values, and what is refused ----
predicts words 'csv words.csv'; sed 's/^/?,/' out > plain
predicts words 'csv words.csv' '--id b' # an input
[ "$(head -n 1 out)" = 'b,class,p(ant),p(bee),p(cat)' ] || fault "the names are $(head -n 1 out)"
sed 's/^[^,]*,/?,/' out > others; same others plain
sed 's/^"row, [0-9]*"/no/' words.csv | cut -d, -f5 > b
cut -d, -f1 out > ids; same ids b
predicts words 'csv words.csv' '--id kind'; has out '^cat,[a-z]*,' # the label
predicts words 'csv words.csv' '--keep relu2'
[ "$(head -n 1 out | cut -d, -f1,2)" = relu2.0,relu2.1 ] || fault "the names are $(head -n 1 out)"
runs 2 "$tacet" predict words/model.safetensors --data 'csv words.csv' --csv --id nothing
has err 'has no column "nothing"'
runs 2 "$tacet" predict words/model.safetensors --data 'csv words.csv' --out z.npy --id no
has err "are for --csv"
runs 2 "$tacet" predict prices/model.safetensors --data 'csv targets.csv' --csv --keep target
has err "'target' is not a value"
empty out
# Rows of another width are refused by name, before anything is written.
{ npy '<f4' '2, 3'; head -c 24 /dev/zero; } > wide.npy
runs 2 "$tacet" predict words/model.safetensors --data 'npy x=wide.npy' --csv --id no
has err "^tacet: --id names a column of a csv source"
runs 1 "$tacet" predict words/model.safetensors --data 'npy x=wide.npy' --csv
has err "a row of 'npy x=wide.npy' has 3 numbers, but the network takes 4"
empty out
finish
