# test_cli_train.sh: train, eval, predict, inspect, explain, ops and doctor on small data: folders, figures, bytes.
. "$TACET_SOURCE/tests/cli.sh"

# number NAME FILE: prints the first number with this name in one line of JSON.
number() { sed -n "\$s/.*\"$1\":\([^,}]*\).*/\1/p" "$2"; }

# holds EXPRESSION: checks an awk condition.
holds() { awk "BEGIN { exit !($1) }" || fault "does not hold: $1"; }

# ---- A run and its folder ----
runs 0 "$tacet" train net.yaml --out a
has out "test, 90 rows: accuracy" "relu1:l1 *sample *0.001" "layer *density *dead *units" "^relu2 "
has err "^epoch 1/3  loss" "^epoch 3/3" "the run is in a" "^natural density (before training): relu1 0[.0-9]*, relu2"
has out "^ledger of epoch 3" "^term  *lambda" "^relu1:l1  *0.001 .*/16$" "^layer  *density  *never  *10%"
[ "$(grep -c '^epoch' err)" -eq 3 ] || fault "not one line per epoch"
tr -d '\n\t -~' < err > odd; empty odd # no carriage returns or escapes, because standard error is not a terminal
echo a/* > names
has names "^a/checkpoint.safetensors a/config.yaml a/metrics.jsonl a/model.safetensors a/report.html a/run.json$"
has a/config.yaml "^  relu1: l1 1e-3" "^  batch: 32" "^  shuffle: true" "^optimizer: sgd lr=0.1 momentum=0.9"
[ "$(grep -c '^{"epoch":' a/metrics.jsonl)" -eq 3 ] || fault "not one object per epoch"
[ "$(grep -c '^{"step":' a/metrics.jsonl)" -eq 6 ] || fault "not one object every 5 of 30 steps"
has a/metrics.jsonl '"epoch":3,"step":30,"objective":[0-9]' \
    '"terms":\[{"on":"relu1","kind":"l1","lambda":0.001,"value":'
runs 2 "$tacet" train net.yaml --out a
has err "a already holds a run" "^    --resume a continues it; "

# ---- The same bytes in a second run, from the resolved configuration, with any number of threads ----
runs 0 "$tacet" train a/config.yaml --out b --threads 1; same a/model.safetensors b/model.safetensors
same a/config.yaml b/config.yaml
for n in 2 3; do
    runs 0 "$tacet" train net.yaml --out t$n --threads $n -q
    empty err
    same a/model.safetensors t$n/model.safetensors
done
runs 0 "$tacet" train net.yaml --out s --set train.seed=2
cmp -s a/model.safetensors s/model.safetensors && fault "another seed gave the same weights"

# ---- JSON ----
runs 0 "$tacet" train net.yaml --out j --json -q
empty err
has out '"value":[^,]*,"training":{"share":[^}]*"gradient":[^}]*"density":[^}]*"histogram":\[[0-9,]*\],"decades":\[[0-9,]*\]}}\]' \
    '"units":8,"l0":[0-9.]*,"training":{"density":[^}]*"dead_units":\[[0-9,]*\]}}\]}$'
sed -i 's/,"training":{[^}]*}//g' out # without the keys of the ledger
[ "$(wc -l < out)" -eq 1 ] || fault "more than one line of JSON"
n='-\{0,1\}[0-9][0-9.e+-]*'
term="{\"on\":\"relu1\",\"kind\":\"l1\",\"lambda\":0.001,\"value\":$n}"
layer() { printf '{"name":"%s","density":%s,"dead":[0-9]*,"units":%s,"l0":%s}' "$1" "$n" "$2" "$n"; }
tail="\"terms\":\[$term\],\"layers\":\[$(layer relu1 16),$(layer relu2 8)\]}"
has out "^{\"accuracy\":$n,\"data_loss\":$n,\"objective\":$n,\"step_us\":$n,$tail\$"
holds "$(number accuracy out) > 0.9"
holds "($(number objective out) - $(number data_loss out) - 0.001 * $(number value out))^2 < 1e-12"
cp out trained
runs 0 "$tacet" eval j/model.safetensors --json
has out "^{\"accuracy\":$n,\"data_loss\":$n,\"objective\":$n,$tail\$"
sed 's/"step_us":[^,]*,//' trained > expected; same out expected # eval prints the same figures as train, to the digit
trained="warning: the figures include rows that the model was trained on"
hasnt err "$trained" # it has test data
ln -s classes.csv linked.csv; mkdir csv kind
for rows in classes.csv "./classes.csv" "$PWD/classes.csv" linked.csv; do
    runs 0 "$tacet" eval j/model.safetensors --data "csv $rows label=kind"; has err "$trained"
done
cp classes.csv "a name.csv"
for rows in 'few_classes.csv label=kind' '"a name.csv" label=kind' 'label=kind few_classes.csv'; do
    runs 0 "$tacet" eval j/model.safetensors --data "csv $rows"; hasnt err "$trained"
done
rmdir csv kind
sed '/^test/d' net.yaml > untested.yaml
runs 0 "$tacet" train untested.yaml --out untested -q; hasnt err "$trained"
runs 0 "$tacet" eval untested/model.safetensors; has err "$trained"
runs 0 "$tacet" eval untested/model.safetensors --json; has err "$trained"; [ "$(wc -l < out)" -eq 1 ] || fault "more than one line of JSON"
runs 0 "$tacet" eval j/model.safetensors --data 'csv classes.csv label=kind'
has out "300 rows: accuracy"

# ---- Firing lists: how often they were used ----
for how in always auto never; do
    runs 0 "$tacet" train net.yaml --out l-$how --json -q --set train.sparse=$how --set 'model=linear 64 | relu | linear 3'
    sed 's/,"training":{[^}]*}//g' out > $how
done
has always '"layers":\[{"name":"relu1","density":[0-9.]*,"dead":[0-9]*,"units":64,"l0":[0-9.]*,"sparse_forward":1,"sparse_backward":1}\]'
hasnt never sparse_
for how in always never; do # the same training, up to rounding
    holds "($(number data_loss $how) - $(number data_loss auto))^2 < 1e-6 && $(number accuracy $how) > 0.9"
done
runs 0 "$tacet" train net.yaml --out l-table -q --set train.sparse=always --set 'model=linear 64 | relu | linear 3'
has out "^layer *density *dead *units *L0 *steps on lists: forward *backward" "^relu1 .* 100% *100%"
runs 0 "$tacet" explain l-always
has out "^firing lists" "^  relu1 *used in 100% of steps forward, 100% backward"
runs 0 "$tacet" explain l-never
hasnt out "used in"

# ---- Regression leaves accuracy out ----
sed -e 's/linear 3$/linear 1/; s/cross_entropy/mse/; /^test/d' \
    -e 's/classes.csv label=kind/prices.csv target=price/' net.yaml > reg.yaml
runs 0 "$tacet" train reg.yaml --out r --json --set optimizer.lr=0.02
has out "^{\"rmse\":$n,\"mae\":$n,\"r2\":$n,\"data_loss\":"
hasnt out accuracy
holds "$(number data_loss out) < 1"

runs 0 "$tacet" eval r/model.safetensors --data 'csv classes.csv label=kind' --json # whole numbers as targets
hasnt out accuracy

# ---- A batch larger than the data has all rows ----
runs 0 "$tacet" train net.yaml --out all -q --set train.batch=300
runs 0 "$tacet" train net.yaml --out vast -q --set train.batch=1000000000; same all/model.safetensors vast/model.safetensors

# ---- --set, --penalty, --no-penalties, parameters ----
runs 0 "$tacet" train net.yaml --out p --set train.steps=7 --set optimizer.lr=0.05 --set loss.reduce=sum \
    --set 'parameters.linear1.*=frozen' --penalty '*.weight: l2 1e-3' --penalty 'relu1: l2 0.5 name=two'
has p/config.yaml "^optimizer: sgd lr=0.05 momentum=0.9" "^loss: cross_entropy reduce=sum" '^  "\*.weight": l2 1e-3' \
    "^    - l1 1e-3" "^    - l2 0.5 name=two" '^  linear1.\*: frozen' "^  steps: 7"
has out "^linear3.weight:l2" "^relu1:two "
has p/metrics.jsonl '"epoch":1,"step":7,'
runs 0 "$tacet" train net.yaml --out q --no-penalties --json --set train.steps=0
has out '"terms":\[\]'
hasnt q/config.yaml penalties
# Without epochs, train.steps sets the length: 30 steps are three epochs.
sed 's/epochs: 3, //' net.yaml > steps.yaml
runs 0 "$tacet" train steps.yaml --out u --set train.steps=30; same a/model.safetensors u/model.safetensors
runs 0 "$tacet" train net.yaml --out f1 --set train.shuffle=false
cmp -s a/model.safetensors f1/model.safetensors && fault "shuffling did not change the weights"

# ---- Validation ----
runs 0 "$tacet" train net.yaml --out v --set train.validate=0.2
has err "epoch 1/3 .*val loss [0-9.]*  val acc [0-9.]*  "
has v/metrics.jsonl '"validation":{"accuracy":'
[ -s v/best.safetensors ] || fault "no best.safetensors"
runs 0 "$tacet" train net.yaml --out w --set 'validate=csv few_classes.csv label=kind'
has w/metrics.jsonl '"validation":{"accuracy":'
runs 2 "$tacet" train net.yaml --out x --set train.validate=0.2 --set 'validate=csv few_classes.csv label=kind'
has err "both validate and train.validate"

# ---- --init ----
runs 0 "$tacet" train net.yaml --out i --init a/model.safetensors --set train.steps=1 --set optimizer.lr=0
has err "6 of 6 parameters from a/model.safetensors"
runs 0 "$tacet" eval i/model.safetensors --json; mv out one
runs 0 "$tacet" eval a/model.safetensors --json; same one out
runs 0 "$tacet" train net.yaml --out k --init a/model.safetensors \
    --set 'model=linear 16 | relu | linear 3' --set train.steps=1
has err "2 of 4 parameters"
has err "a/model.safetensors: linear2.weight is \[[0-9]*, 16\], but in this network it is \[3, 16\]: not taken"
runs 2 "$tacet" train net.yaml --out l --init a/model.safetensors \
    --set 'model=linear 17 name=other | relu | linear 3 name=last'
has err "no tensor"

# ---- predict ----
runs 0 "$tacet" predict a/model.safetensors --data 'csv unlabelled.csv' --csv --raw
empty err
[ "$(wc -l < out)" -eq 90 ] || fault "not one line per row"
awk -F, 'NF != 3 { exit 1 }' out || fault "not three numbers per line"
# The share of rows whose largest output is the class is the accuracy of eval.
cut -d, -f5 few.csv | tail -n +2 | paste -d, out - |
    awk -F, '{ b = 1; for (i = 2; i <= 3; i++) if ($i > $b) b = i; n += b - 1 == $4 } END { print n / NR }' > share
runs 0 "$tacet" eval a/model.safetensors --json
holds "($(cat share) - $(number accuracy out))^2 < 1e-9"
runs 0 "$tacet" predict a/model.safetensors --data 'csv unlabelled.csv' --out y.npy --threads 2
empty out
head -c 128 y.npy | tr -d '\0' > head
has head "NUMPY.*'descr': '<f4', 'fortran_order': False, 'shape': (90, 3), "
[ "$(wc -c < y.npy)" -eq $((128 + 4 * 3 * 90)) ] || fault "y.npy has the wrong size"
"$tacet" predict a/model.safetensors --data 'csv unlabelled.csv' --csv --raw | head -n 1 > first
od -A n -j 128 -N 12 -t f4 y.npy | awk '{ print $1; print $2; print $3 }' > bits
tr , '\n' < first | paste -d' ' - bits | awk '{ if (($1 - $2)^2 > 1e-8 * ($1^2 + 1)) exit 1 }' ||
    fault "npy and CSV differ"
runs 0 "$tacet" predict a/model.safetensors --data 'csv unlabelled.csv' --keep relu1 --csv --raw
awk -F, 'NF != 16 { exit 1 } { for (i = 1; i <= 16; i++) if ($i < 0) exit 1 }' out ||
    fault "relu1 is not 16 numbers >= 0"
runs 2 "$tacet" predict a/model.safetensors --data 'csv unlabelled.csv' --keep relu7 --csv
runs 2 "$tacet" predict a/model.safetensors --data 'csv unlabelled.csv' --keep linear1.weight --csv
runs 2 "$tacet" predict a/model.safetensors --data 'csv unlabelled.csv' --csv --out y.npy
runs 5 "$tacet" predict a/model.safetensors --data 'csv unlabelled.csv' --out no/such/y.npy
cut -d, -f1-3 unlabelled.csv > narrow.csv
runs 3 "$tacet" predict a/model.safetensors --data 'csv narrow.csv' --out z.npy
[ ! -e z.npy ] || fault "a failed predict left a file"

# ---- Scaling is saved in the model ----
awk -F, 'NR > 1 { for (i = 1; i <= 4; i++) $i *= 100 } { print $1 "," $2 "," $3 "," $4 "," $5 }' classes.csv > big.csv
runs 0 "$tacet" train net.yaml --out big --set 'data=csv big.csv label=kind scale=0.01' --set test=
runs 0 "$tacet" eval big/model.safetensors --data 'csv big.csv label=kind' --json
holds "$(number accuracy out) > 0.9"
runs 0 "$tacet" train net.yaml --out norm --set 'data=csv big.csv label=kind normalize=feature' \
    --set 'test=csv big.csv label=kind' --json
holds "$(number accuracy out) > 0.9"

# ---- Labels that are words: other data may have only some of them ----
sed '1s/kind/name/; 2,$s/0$/cat/; 2,$s/1$/dog/; 2,$s/2$/emu/' classes.csv > words.csv
grep -v cat words.csv > late.csv
sed 's/emu/owl/' late.csv > owls.csv
runs 0 "$tacet" train net.yaml --out word --set 'data=csv words.csv label=name' --set 'test=csv late.csv label=name' --json
holds "$(number accuracy out) > 0.9"
runs 0 "$tacet" eval word/model.safetensors --json
holds "$(number accuracy out) > 0.9"
runs 0 "$tacet" inspect a
has out "^ledger of epoch 3, on training data" "^relu1:l1  *0.001 "
mkdir torn && cp a/* torn && printf '{"epoch":4,"sec' >> torn/metrics.jsonl # ends in the middle of a line
runs 0 "$tacet" inspect torn
has out "^ledger of epoch 3, on training data"
printf '\n' >> torn/metrics.jsonl
runs 3 "$tacet" inspect torn
has err "torn/metrics.jsonl:[0-9]*:12: not a line of metrics: a string has no closing quote"
runs 0 "$tacet" inspect word/model.safetensors
has out "^classes *cat, dog, emu$"
runs 3 "$tacet" eval word/model.safetensors --data 'csv owls.csv label=name'
has err '"owl" is not one of the classes'
runs 3 "$tacet" eval word/model.safetensors --data 'csv classes.csv label=kind'
runs 3 "$tacet" eval a/model.safetensors --data 'csv words.csv label=name'

# ---- The ledger ----
runs 0 "$tacet" inspect a
has out "^ledger of epoch 3" "^relu1:l1  *0.001 " "^relu2  *0" "^relu1:l1$" "^epoch  *lambda" "^1  *0.001 " "^3  *0.001 "
runs 0 "$tacet" train net.yaml --out steered --set train.epochs=30 --no-penalties --penalty 'relu1: l1 density=0.2' \
    --penalty 'linear2.weight: l1 zeros=0.5 prox'
has err "relu1:l1 is steered to a density of 0.2" "linear2.weight:l1 is steered to a share of zeros of 0.5"
has steered/metrics.jsonl '"name":"relu1:l1","share":.*"target":0.2,.*"natural_density":'
has steered/metrics.jsonl '"inputs":16,"empty_inputs":[0-9]'
runs 0 "$tacet" train steered/config.yaml --resume steered --json -q # the run has ended: prints its last figures again
sed 's/,"training":{[^}]*}//g; s/"step_us":[^,]*,//' out > expected
runs 0 "$tacet" eval steered/model.safetensors --json; same out expected # eval uses the lambdas from the end of the run
runs 0 "$tacet" train net.yaml --out empty --set train.epochs=1 --no-penalties --penalty 'linear2.weight: l1 1e6 prox'
has err "warning: linear2.weight:l1: all of linear2.weight is 0"
hasnt err "no effect"
runs 0 "$tacet" train net.yaml --out over --set train.epochs=1 --no-penalties --penalty 'relu1: l1 density=0.9' \
    --penalty 'linear2: l1 1e-12'
has err "warning: relu1:l1: the target density 0.9 is above" "warning: linear2:l1: lambda 1e-12 has no effect" "is never exactly 0"
has over/metrics.jsonl '"warnings":\[{"on":"relu1:l1","kind":"above","text":"'

# ---- Inputs and units without weights ----
runs 0 "$tacet" inspect a/model.safetensors
hasnt out "no weight left"
for by in input unit; do
    runs 0 "$tacet" train net.yaml --out by-$by -q --no-penalties --set train.epochs=30 \
        --penalty "linear1.weight: group_lasso 0.04 by=$by prox"
    runs 0 "$tacet" inspect by-$by/checkpoint.safetensors; mv out checkpoint
    runs 0 "$tacet" inspect by-$by/model.safetensors
    has out "^linear1.weight: [0-9]* of [0-9]* ${by}s have no weight left; the others: [0-9]"
    grep "no weight left" out > model.left; grep "no weight left" checkpoint > checkpoint.left
    same model.left checkpoint.left
done
# All other inputs are listed.
awk '/no weight left/ { split($0, part, "others: "); exit !($2 + split(part[2], name, ", ") == $4) }' out ||
    fault "not all inputs are listed: $(cat out)"

# ---- inspect, explain, ops and doctor ----
runs 0 "$tacet" inspect a/model.safetensors
has out "linear 16 | relu | linear 8" "relu1: l1 1e-3" "^output *linear3" "linear1.weight *\[16, 4\]" "cross_entropy"
runs 0 "$tacet" inspect a/checkpoint.safetensors
runs 0 "$tacet" explain net.yaml
has out "linear1" "relu1"
runs 0 "$tacet" ops
has out "^layer" "^penalty" "^optimizer" "^data" "  cross_entropy " "  l1 "
runs 0 "$tacet" ops l1
has out "lambda (positional)" "sample|sum|mean"
runs 0 "$tacet" doctor
has out "^tacet: [0-9]" "^threads: [0-9]" "^blas" "^data: "
has out "^cpu"

# ---- Without --out ----
runs 0 "$tacet" train net.yaml -q; [ -s runs/net/model.safetensors ] || fault "no runs/net"
runs 0 "$tacet" train net.yaml -q; [ -s runs/net-2/model.safetensors ] || fault "no runs/net-2"

# ---- Singular and plural ----
printf 'a,price\n1,2\n' > single.csv
printf 'model: linear 1\nloss: mse\ndata: csv single.csv target=price\ntrain: {epochs: 1, batch: 1}\noptimizer: sgd lr=0.01\n' > single.yaml
runs 0 "$tacet" train single.yaml --out single --threads 1
has err '^1 row to train$' '^1 step of 1 row per epoch, on 1 thread$'
has out '^training, 1 row: '
runs 0 "$tacet" explain single.yaml
has out '^  together [0-9]* flops; ' '^memory: parameters [0-9]*, gradients [0-9]*, '
for text in '[^0-9]1 [a-z]*s\b' ' ,' '[0-9]  flops'; do hasnt out "$text"; done

# ---- A softmax or sigmoid that the loss applies as well ----
runs 0 "$tacet" train net.yaml --out twice -q --no-penalties --set train.steps=1 --set 'model=linear 3 | softmax'
has err '^tacet: warning: cross_entropy includes the softmax, so after softmax1 it is applied twice: leave out the softmax at the'
runs 0 "$tacet" train net.yaml --out once -q --no-penalties --set train.steps=1 --set 'model=linear 3'
hasnt err 'twice'
sed 's/,2$/,1/' classes.csv > two.csv
runs 0 "$tacet" train net.yaml --out yes -q --no-penalties --set train.steps=1 --set test= --data 'csv two.csv label=kind' \
    --set loss=bce_with_logits --set 'model=linear 1 | sigmoid'
has err 'bce_with_logits includes the sigmoid, so after sigmoid1 it is applied twice'
runs 0 "$tacet" train net.yaml --out focal -q --no-penalties --set train.steps=1 --set loss=focal --set 'model=linear 3 | softmax'
has err 'focal includes the softmax, so after softmax1 it is applied twice'

# ---- Logarithms of probabilities ----
printf 'x,a,b\n1,0.2,0.8\n2,0.6,0.4\n' > shares.csv
printf 'model: linear 2\nloss: kl_div reduce=sample\ndata: csv shares.csv target=a,b\ntrain: {steps: 1, batch: 2}\noptimizer: sgd lr=0.01\n' \
    > shares.yaml
runs 0 "$tacet" train shares.yaml --out divergence1 -q
has err '^tacet: warning: kl_div takes logarithms of probabilities, which linear1 does not give: end the model with log_softmax$'
runs 0 "$tacet" train shares.yaml --out divergence2 -q --set 'model=linear 2 | softmax'
has err 'which softmax1 does not give: end the model with log_softmax instead of softmax$'
runs 0 "$tacet" train shares.yaml --out divergence3 -q --set 'model=linear 2 | log_softmax'
hasnt err 'kl_div takes'
finish
