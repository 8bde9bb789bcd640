# test_cli_metrics.sh: metrics in every place where figures stand; train.metric and train.patience: which epoch is the best
# is decided once, and best.safetensors, metrics.jsonl, run.json, the page and the last lines say the same.
. "$TACET_SOURCE/tests/cli.sh"

sed 's/^train:.*/train: {epochs: 30, batch: 32, seed: 1, validate: 0.2}/' net.yaml > long.yaml
echo 'metrics: [f1, top_k k=2, precision, recall, roc_auc, log_loss, confusion]' >> long.yaml
last() { tail -n 1 "$1/metrics.jsonl"; }
figure() { sed 's/.*"validation":{//' | grep -o "\"$1\":[^,}]*" | head -n 1 | cut -d: -f2; } # of the validation data
epoch_of() { grep "^{\"epoch\":$2," "$1/metrics.jsonl"; }
best_of() { last "$1" | grep -o '"best_epoch":[0-9]*' | cut -d: -f2; }

# ---- Where figures stand ----
runs 0 "$tacet" train long.yaml --out a --set train.epochs=3
has err '^epoch 3/3 .* val loss [0-9.]*  val acc 0\.[0-9]* '
has out '^test, 90 rows: accuracy [01][0-9.]*, f1 [01][0-9.]*, top_k [01][0-9.]*, .* log_loss [0-9.]*, data loss' \
    '^class  *f1  *precision  *recall  *roc_auc$' '^label . answer  *0  *1  *2$'
for part in '"epoch":3.*' '"validation":{'; do
    has a/metrics.jsonl "$part\"accuracy\":[0-9.]*,\"f1\":[0-9.]*,\"f1_by_class\":\[[0-9.]*,[0-9.]*,[0-9.]*\],\"top_k\":[0-9.]*,"
done
last a > line
has line '"validation".*"roc_auc":[0-9.]*,"roc_auc_by_class":\[.*"confusion":\[\[[0-9]*,[0-9]*,[0-9]*\],\[.*\]\]'
sed 's/"validation".*//' line > training
hasnt training roc_auc # it would need the scores of the whole epoch
has a/run.json '"metrics":\[{"name":"accuracy","better":1,"by":0},{"name":"f1","better":1,"by":1}.*{"name":"confusion","better":0,"by":2}\]' \
    '"figures":{"part":"test","rows":90,"accuracy":'
has a/report.html '<h3>f1</h3>' '<h3>roc_auc</h3>' '<h3>By class, on the test data</h3>' '<h3>confusion, on the test data</h3>' \
    'label 0, answer 0: [0-9]*<'
runs 0 "$tacet" eval a/model.safetensors --data 'csv classes.csv label=kind' --json
has out '^{"accuracy":[0-9.]*,"f1":[0-9.]*,"f1_by_class":\[.*,"log_loss":[0-9.]*,"confusion":\[\[.*"data_loss":'
runs 0 "$tacet" eval a/model.safetensors
has out '^evaluation, 90 rows: accuracy .* f1 ' '^class  *f1 '
runs 0 "$tacet" ops; has out '^metric$' '^  accuracy  *share of labels'
runs 0 "$tacet" ops top_k; has out '^top_k (metric)$' '  k (positional)  int, default 5' 'Source: sklearn.metrics.top_k_accuracy_score'

# Words of classes stand beside their figures; a class that does not occur is named.
sed '1!s/,0$/,ant/; s/,1$/,bee/; s/,2$/,cat/' classes.csv > words.csv
grep -v ',cat$' words.csv | head -n 60 > two.csv
sed -e 's/^data.*/data: csv words.csv label=kind/; /^test/d' long.yaml > words.yaml
runs 0 "$tacet" train words.yaml --out w -q --set train.epochs=2
runs 0 "$tacet" eval w/model.safetensors --data 'csv two.csv label=kind'
has out '^bee  *[01-]' '^label . answer  *ant  *bee  *cat$' '^roc_auc: not defined: no label is class 2$'
runs 0 "$tacet" eval w/model.safetensors --data 'csv two.csv label=kind' --json
has out '"roc_auc":null' '"notes":{.*"roc_auc":"not defined: no label is class 2"'
has w/report.html 'label bee, answer ant: [0-9]*<'

# ---- Other losses ----
sed -e 's/linear 3$/linear 1/; s/cross_entropy/mse/; /^test/d; /^metrics/d' \
    -e 's/classes.csv label=kind/prices.csv target=price/; s/lr=0.1/lr=0.02/' long.yaml > reg.yaml
runs 0 "$tacet" train reg.yaml --out r --set train.epochs=2 --set 'metrics=explained_variance'
has out 'rmse [0-9.]*, mae [0-9.]*, r2 [-0-9.]*, explained_variance [-0-9.]*, data loss'
has err '^epoch 2/2 .* rmse [0-9.]* '
has r/metrics.jsonl '"validation":{"rmse":[0-9.]*,"mae":[0-9.]*,"r2":[-0-9.]*,'

# ---- What is wrong is pointed at ----
runs 2 "$tacet" train long.yaml --out no --set 'metrics=f1, top_q k=2'; has err 'unknown metric "top_q"' '^    metrics=f1, top_q k=2$' '^                ^'
runs 2 "$tacet" train long.yaml --out no --set train.metric=f2; has err 'unknown metric "f2"' 'did you mean f1'
runs 2 "$tacet" train long.yaml --out no --set train.metric=confusion; has err 'confusion is not one number'
runs 2 "$tacet" train reg.yaml --out no --set train.metric=f1; has err 'f1 needs labels'
runs 2 "$tacet" train long.yaml --out no --set train.validate=0 --set train.metric=f1; has err 'train.metric needs data for validation'
runs 2 "$tacet" train long.yaml --out no --set train.validate=0 --set train.patience=3; has err 'train.patience needs data for validation'
runs 2 "$tacet" train long.yaml --out no --set 'metrics=f1 name=data_loss'; has err 'data_loss is the name of another figure'
runs 2 "$tacet" train long.yaml --out no --set 'metrics=f1 name=accuracy'; has err 'accuracy is the name of another figure'
runs 2 "$tacet" train long.yaml --out no --set 'metrics=f1, recall name=f1_by_class'; has err 'f1_by_class is the name of another figure'
sed 's/^metrics.*/metrics:\n  - f1\n  - top_k k=9/' long.yaml > bad.yaml
runs 2 "$tacet" train bad.yaml --out no; has err 'bad.yaml:11:13: top_k needs a k below'

# ---- The best epoch ----
# tells FOLDER METRIC: every place has the same best epoch, and best.safetensors its network.
tells() {
    epoch=$(best_of "$1")
    value=$(epoch_of "$1" "$epoch" | figure "$2")
    short=$(printf '%.4g' "$value")
    [ -n "$epoch" ] || fault "$1 has no best epoch"
    has "$1/run.json" "\"best_epoch\":$epoch[,}]"
    has "$1/report.html" "<td>epoch $epoch, $2 $short</td>"
    grep -q "^the best epoch is $epoch, with $2 $short on the validation data: $1/best.safetensors$" err ||
        fault "the last lines do not tell the best epoch $epoch: $(cat err)"
    rm -rf until
    "$tacet" train "$1/config.yaml" --out until -q --set train.epochs="$epoch" > /dev/null 2> /dev/null
    cmp -s until/model.safetensors "$1/best.safetensors" || fault "$1/best.safetensors is not of epoch $epoch"
}

runs 0 "$tacet" train long.yaml --out loss --set train.epochs=8; tells loss data_loss
[ "$(grep '"validation"' loss/metrics.jsonl | while read -r line; do echo "$line" | figure data_loss; done | sort -g | head -n 1)" = \
    "$(epoch_of loss "$(best_of loss)" | figure data_loss)" ] || fault "not the lowest loss"
for metric in f1 accuracy roc_auc objective; do
    rm -rf m
    runs 0 "$tacet" train long.yaml --out m --set train.epochs=8 --set train.metric=$metric; tells m $metric
    order=-gr; [ $metric = objective ] && order=-g
    [ "$(grep '"validation"' m/metrics.jsonl | while read -r line; do echo "$line" | figure $metric; done | sort $order | head -n 1)" = \
        "$(epoch_of m "$(best_of m)" | figure $metric)" ] || fault "not the best $metric"
done
# A metric that is not in the list is measured for it; one that has a name goes by that.
runs 0 "$tacet" train reg.yaml --out own --set train.epochs=3 --set 'train.metric=explained_variance average=uniform'
has own/metrics.jsonl '"validation":{.*"explained_variance":'
runs 0 "$tacet" train long.yaml --out named --set train.epochs=3 --set 'metrics=top_k 1 name=first' --set train.metric=first; tells named first

# As a file has the list; nothing is the default.
runs 0 "$tacet" train long.yaml --out listed -q --set train.epochs=1 --set 'metrics=[recall, f1]' --set train.metric=
has listed/config.yaml '^metrics: "recall, f1"$' '^  metric: data_loss$'
runs 2 "$tacet" train long.yaml --out no --set 'metrics=[recall, f2]'; has err '^    metrics=.recall, f2.$' '^                     ^~$'

# An epoch in which a target is not yet due cannot be the best, nor count as waiting.
runs 0 "$tacet" train long.yaml --out steered --no-penalties --penalty 'relu1: l1 density=0.2 warmup=4' --set train.epochs=6 --set train.patience=1
[ "$(best_of steered)" -ge 4 ] || fault "the best epoch of a steered run is $(best_of steered)"
[ "$(grep -c '"epoch":' steered/metrics.jsonl)" -ge 5 ] || fault "a steered run stopped before its target was due"
has steered/report.html "<td>epoch $(best_of steered), data_loss "
runs 0 "$tacet" train long.yaml --out never --no-penalties --penalty 'relu1: l1 density=0.2 warmup=9' --set train.epochs=10 --set train.steps=30
[ ! -e never/best.safetensors ] || fault "a best epoch although the target was never due"
hasnt err 'the best epoch'; hasnt never/metrics.jsonl best_epoch

# ---- Patience ----
runs 0 "$tacet" train long.yaml --out p --set train.patience=2 --set train.metric=f1
has err '^stopped early: f1 on the validation data has not improved for 2 epochs$'
tells p f1
[ "$(last p | grep -o '^{"epoch":[0-9]*' | cut -d: -f2)" -eq $(($(best_of p) + 2)) ] || fault "not two epochs after the best"
has p/run.json '"state":"ended"'
"$tacet" train --resume p > out 2> err || fault "a run that stopped early cannot be resumed"
has err '^stopped early'; tells p f1
# A metric that is never defined is not the same as one that does not improve.
awk -F, 'NR == 1 || $5 == 0' classes.csv > one_class.csv
runs 0 "$tacet" train long.yaml --out undefined --set train.validate=0 --set 'validate=csv one_class.csv label=kind' \
    --set train.metric=roc_auc --set train.patience=2
[ "$(grep -c 'roc_auc of the validation data is not a number: not defined: every label is class 0, so epoch 1 and' err)" -eq 1 ] ||
    fault "nothing says why there is no best epoch: $(cat err)"
has err '^stopped early: in 2 epochs, none had a roc_auc on the validation data that is a number$'
[ ! -e undefined/best.safetensors ] || fault "a best epoch by a metric that is not defined"
# A killed run that is resumed stops at the same epoch; more patience continues it.
cp -r p whole
runs 0 "$tacet" train long.yaml --out cut -q --set train.patience=2 --set train.metric=f1 --set train.steps=$(($(best_of p) * 8 + 3))
runs 0 "$tacet" train --resume cut --set train.steps=0
plain() { sed 's/"seconds":[^}]*//' "$1"; }
plain whole/metrics.jsonl > one; plain cut/metrics.jsonl > two; same one two
same whole/best.safetensors cut/best.safetensors; same whole/model.safetensors cut/model.safetensors
runs 0 "$tacet" train --resume p -q --set train.patience=6
[ "$(wc -l < p/metrics.jsonl)" -gt "$(wc -l < whole/metrics.jsonl)" ] || fault "more patience does not continue"
runs 2 "$tacet" train --resume p --set train.metric=accuracy; has err 'p was begun with "f1", not with "accuracy"'

# A run that was killed after the checkpoint that has a new best epoch, and before best.safetensors, saves it on resume.
runs 0 "$tacet" train long.yaml --out torn -q --set train.epochs=3 --set train.metric=objective
[ "$(best_of torn)" = 3 ] || fault "the third epoch should be the best, not $(best_of torn)"
cp torn/best.safetensors third && rm torn/best.safetensors
runs 0 "$tacet" train --resume torn -q; same third torn/best.safetensors

# A part of an epoch is the best only where there is nothing else, and not once the run goes on.
runs 0 "$tacet" train long.yaml --out short -q --set train.steps=3; [ "$(best_of short)" = 1 ] || fault "no best in a part"
[ -e short/best.safetensors ] || fault "no best.safetensors of a part"
runs 0 "$tacet" train --resume short -q --set train.steps=20
runs 0 "$tacet" train long.yaml --out straight -q --set train.steps=20
same short/best.safetensors straight/best.safetensors
plain short/metrics.jsonl > one; plain straight/metrics.jsonl > two; same one two

# ---- A sweep has a column for each, and takes a point by train.metric ----
runs 0 "$tacet" sweep long.yaml --set train.epochs=2 --set train.metric=f1 --over 'relu1: l1 lambda=1e-3..1e-1:3' --out swept -q
has out '^ *lambda .* accuracy .* f1  *top_k  *precision ' '^Taken: .*: the best f1 is 0\.[0-9]*, with'
head -n 1 swept/sweep.csv > head; has head ',accuracy,data_loss,.*,f1,top_k,precision,recall,roc_auc,log_loss,'
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR > 1 { printf "%.7g\n", $at["f1"] }' swept/sweep.csv > shown
for run in swept/*-seed1; do last $run | figure f1 | xargs printf '%.7g\n'; done | sort > theirs
sort shown > sorted; same theirs sorted
runs 0 "$tacet" sweep --resume swept --json; has out '"f1":0\.[0-9]*,"top_k":'

runs 1 "$tacet" sweep long.yaml --set train.epochs=1 --set train.validate=0 --set 'validate=csv one_class.csv label=kind' \
    --set train.metric=roc_auc --over 'relu1: l1 lambda=1e-3..1e-1:2' --out none -q
has err 'no point can be taken: roc_auc is not a number in any run'

# ---- In the middle of an epoch, training figures go on from the checkpoint ----
runs 0 "$tacet" train long.yaml --out middle -q --set train.steps=13
runs 0 "$tacet" train --resume middle -q --set train.steps=16
runs 0 "$tacet" train long.yaml --out at_once -q --set train.steps=16
plain middle/metrics.jsonl > one; plain at_once/metrics.jsonl > two; same one two
# One that the checkpoint does not have is not known in that epoch, and known in the next.
runs 0 "$tacet" train long.yaml --out added -q --set train.steps=13 --set metrics=f1
runs 0 "$tacet" train --resume added -q --set train.steps=24 --set metrics=f1,recall
has added/metrics.jsonl '^{"epoch":2,.*"f1":[0-9.]*,.*"recall":null,.*"notes":{"recall":"the checkpoint' '^{"epoch":3,.*"recall":[0-9.]*,'

# ---- Columns are aligned by characters, not by bytes ----
sed 's/ant$/küken/' words.csv > wide.csv
sed 's/words.csv/wide.csv/' words.yaml > wide.yaml
runs 0 "$tacet" train wide.yaml --out wide -q --set train.epochs=1 --set metrics=f1
has out '^class      f1$' '^küken  [01]\.[0-9]*$' '^bee    [01]\.[0-9]*$'
finish
