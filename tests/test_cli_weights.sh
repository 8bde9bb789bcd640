# test_cli_weights.sh: weights of rows and classes and ignored labels on the command line: a weight is a repetition, in training, in
# evaluation, and after a resume; the model keeps the numbers.
. "$TACET_SOURCE/tests/cli.sh"

awk 'BEGIN {
    print "a,b,w,y" > "weighed.csv"; print "a,b,y" > "repeated.csv"; print "a,b,y" > "ignored.csv"; print "a,b,y" > "kept.csv"
    for (i = 0; i < 200; i++) {
        a = sin(i * 1.7); b = cos(i * 2.3); w = i * 7 % 4; y = (a > 0.5) + (b > 0)
        print a "," b "," w "," y > "weighed.csv"
        for (k = 0; k < w; k++) print a "," b "," y > "repeated.csv"
        print a "," b "," (i % 5 ? y : -100) > "ignored.csv"
        if (i % 5) print a "," b "," y > "kept.csv"
    }
}'

# trained NAME DATA LOSS: writes NAME.json, the figures of the model on its own data.
trained() {
    cat > $1.yaml << END
data: csv $2
model: linear 6 | relu | linear 3
loss: $3
optimizer: sgd lr=0.3 momentum=0.9
metrics: [f1, log_loss, roc_auc]
train: {epochs: 5, batch: 1000, seed: 2}
END
    runs 0 "$tacet" train $1.yaml --out $1
    runs 0 "$tacet" eval $1/model.safetensors --data "csv $2" --json
    grep -o '"\(accuracy\|f1\|log_loss\|roc_auc\|data_loss\)":[0-9.]*' out | sed 's/\(\.[0-9]\{5\}\).*/\1/' > $1.figures
    [ "$(wc -l < $1.figures)" -ge 5 ] || fault "$1: $(cat out)"
}
same() { cmp -s $1.figures $2.figures || fault "$1: $(paste $1.figures $2.figures)"; }

for loss in cross_entropy "cross_entropy class_weight=balanced label_smoothing=0.1" "focal alpha=1,2,3"; do
    trained weighed "weighed.csv label=y sample_weight=w" "$loss"
    trained repeated "repeated.csv label=y" "$loss"
    same weighed repeated
done
runs 0 "$tacet" inspect weighed/model.safetensors
has out 'sample_weight=sample_weight'
trained balanced "weighed.csv label=y sample_weight=w" "cross_entropy class_weight=balanced"
runs 0 "$tacet" inspect balanced/model.safetensors
has out 'class_weight="[0-9.]* [0-9.]* [0-9.]*"'

trained ignored "ignored.csv label=y" "cross_entropy ignore=-100"
trained kept "kept.csv label=y" cross_entropy
same ignored kept

# Weights of the validation data alone.
runs 0 "$tacet" train kept.yaml --out apart --set validate='csv weighed.csv label=y sample_weight=w'
runs 0 "$tacet" eval apart/model.safetensors --data 'csv repeated.csv label=y' --json
loss=$(grep -o '"data_loss":[0-9.]*' out | sed 's/\(\.[0-9]\{5\}\).*/\1/')
tail -1 apart/metrics.jsonl | grep -q "\"validation\":.*$loss" || fault "the weights of the validation data do not count: $loss"

# ---- A run that was interrupted ----
runs 0 "$tacet" train weighed.yaml --out half --set train.epochs=2
runs 0 "$tacet" train --resume half --set train.epochs=5
tail -c 300 half/model.safetensors > half.end
tail -c 300 weighed/model.safetensors > weighed.end
cmp half.end weighed.end || fault "a resumed run differs"

# ---- What is refused, or does nothing ----
sed 's/,2,/,-2,/' weighed.csv > bad.csv
sed 's/weighed.csv/bad.csv/' weighed.yaml > bad.yaml
runs 3 "$tacet" train bad.yaml --out bad
has err 'bad.csv, line [0-9]*, column 3 (w): the weight is -2, and should be at least 0'
runs 3 "$tacet" train kept.yaml --out bad --set data='csv ignored.csv label=y'
has err 'ignore= in a cross_entropy leaves such labels out'
sed 's/label=y sample_weight=w/target=y/; s/^loss:.*/loss: mse class_weight=balanced/; s/linear 3/linear 1/' weighed.yaml > bad.yaml
runs 2 "$tacet" train bad.yaml --out bad
has err 'class_weight=balanced needs labels'
runs 2 "$tacet" train weighed.yaml --out bad --set 'loss=cross_entropy sample_weight=w'
has err 'the data say where the weights of rows are, sample_weight= of csv or npy'
runs 2 "$tacet" train weighed.yaml --out bad --set 'loss=formula_loss "y - target"'
has err '^    loss=formula_loss "y - target"$' '^                           ^~~~~~$' # the place, although the loss got an input for the weights
runs 0 "$tacet" eval kept/model.safetensors --data "csv weighed.csv label=y sample_weight=w"
has err 'the weights of the rows do not count'
