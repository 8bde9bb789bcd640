# test_cli_resume.sh: a run that is killed at any moment and resumed ends with the same bytes as one that was not; signals
# and NaN leave a checkpoint.
. "$TACET_SOURCE/tests/cli.sh"

cat > long.yaml << 'END'
model:     linear 32 | relu | dropout 0.2 | linear 16 | relu | linear 3
loss:      cross_entropy
penalties: {relu1: l1 1e-3, "*.weight": l2 1e-4}
optimizer: adam lr=0.01 schedule=cosine
data:      csv classes.csv label=kind
train:     {epochs: 24, batch: 16, seed: 3, validate: 0.2, checkpoint: 7, log: 10}
END
plain() { sed 's/"seconds":[^}]*//' "$1"; }

begun=$(date +%s%N)
runs 0 "$tacet" train long.yaml --out whole -q --threads 1
taken=$((($(date +%s%N) - begun) / 1000))
plain whole/metrics.jsonl > whole.metrics

# ---- SIGKILL, 24 times, at moments spread over the duration of a run; some runs are killed again ----
kill_after() { # MICROSECONDS COMMAND...
    pause=$(awk "BEGIN { printf \"%.6f\", $1 / 1e6 }")
    shift
    "$@" > /dev/null 2>&1 &
    child=$!
    sleep "$pause"
    if kill -KILL $child 2> /dev/null; then
        killed=$((killed + 1))
    else
        late=1 # the run had already ended
    fi
    wait $child 2> /dev/null
}
killed=0
i=1
while [ $killed -lt 24 ] && [ $i -le 60 ]; do
    rm -rf cut
    late=0
    kill_after $((taken * (i * 7 % 24) / 24)) "$tacet" train long.yaml --out cut -q --threads 1
    [ $late = 0 ] || taken=$((taken * 9 / 10)) # the machine was busier when the whole run was timed
    if [ $((i % 3)) -eq 0 ]; then
        kill_after $((taken / 5)) "$tacet" train long.yaml --resume cut -q --threads 1
        kill_after $((taken / 3)) "$tacet" train long.yaml --resume cut -q --threads 1
    fi
    runs 0 "$tacet" train long.yaml --resume cut -q --threads 1
    same whole/model.safetensors cut/model.safetensors
    same whole/best.safetensors cut/best.safetensors
    plain cut/metrics.jsonl > cut.metrics
    same whole.metrics cut.metrics
    i=$((i + 1))
done
[ $killed -ge 24 ] || fault "only $killed runs were killed before they ended"
# Only temporary files may be left.
rm -f cut/*.tmp
echo cut/* > names
has names "^cut/best.safetensors cut/checkpoint.safetensors cut/config.yaml cut/metrics.jsonl cut/model.safetensors cut/report.html cut/run.json$"

# ---- Ended by train.steps, then resumed with more steps ----
runs 0 "$tacet" train long.yaml --out part -q --set train.steps=70 --set optimizer.schedule=constant
runs 0 "$tacet" train --resume part -q --set train.steps=110
runs 0 "$tacet" train long.yaml --resume fresh --set train.steps=3; has err "^fresh has no checkpoint: the run begins there$"
runs 0 "$tacet" train long.yaml --out full -q --set train.steps=110 --set optimizer.schedule=constant
same part/model.safetensors full/model.safetensors
plain part/metrics.jsonl > part.metrics; plain full/metrics.jsonl > full.metrics; same part.metrics full.metrics
runs 0 "$tacet" train --resume full -q; hasnt err "begins there"; same part/model.safetensors full/model.safetensors # nothing left to do

# The same with clipped gradients and a rate that drops on a plateau.
set -- "optimizer=sgd lr=0.3 momentum=0.9 clip_norm=0.5 schedule=plateau patience=0 gamma=0.5 threshold=0.1"
runs 0 "$tacet" train long.yaml --out flat -q --set train.steps=70 --set "$1"
runs 0 "$tacet" train --resume flat -q --set train.steps=210
runs 0 "$tacet" train long.yaml --out level -q --set train.steps=210 --set "$1"
same flat/model.safetensors level/model.safetensors
plain flat/metrics.jsonl > flat.metrics; plain level/metrics.jsonl > level.metrics; same flat.metrics level.metrics
[ "$(grep '"epoch"' level/metrics.jsonl | grep -o '"learning_rate":[^,}]*' | sort -u | wc -l)" -ge 3 ] || fault "the rate did not drop"

# Without epochs in the configuration, train.steps determines them.
sed 's/epochs: 24, //' long.yaml > open.yaml
runs 0 "$tacet" train open.yaml --out more -q --set train.steps=70 --set optimizer.schedule=constant
runs 0 "$tacet" train --resume more -q --set train.steps=110
same full/model.safetensors more/model.safetensors

# ---- Ctrl-C and SIGTERM ----
for signal in INT:130 TERM:143; do
    rm -rf cut
    # Background children of a shell ignore SIGINT, so the trap is reset first.
    sh -c 'trap - INT; exec "$@"' sh "$tacet" train long.yaml --out cut --set train.epochs=100000 > out 2> err &
    child=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        grep -q '^epoch 2/' err && break
        sleep 0.5
    done
    kill -"${signal%:*}" $child
    wait $child
    code=$?
    [ $code -eq "${signal#*:}" ] || fault "SIG${signal%:*} ended with $code"
    has err "stopped at step [0-9]*; continue with: tacet train --resume cut"
    empty out
    step=$(sed -n 's/^stopped at step \([0-9]*\);.*/\1/p' err)
    runs 0 "$tacet" train --resume cut --set train.steps=$((step + 1)) # continues from that step
    has err "resumed cut at step $step"
done

# ---- Not a number ----
runs 6 "$tacet" train net.yaml --out nan --set optimizer.lr=1e30 --json
empty out
has err "step [0-9]" "not finite" "weights from before that step are in nan/checkpoint.safetensors"
runs 0 "$tacet" inspect nan/checkpoint.safetensors
hasnt out "nan"
runs 6 "$tacet" train --resume nan # fails in the same step again
# The last update may make weights infinite without a later step to notice.
runs 6 "$tacet" train net.yaml --out huge --set optimizer.lr=1e30 --set train.steps=1 --json
has out '"data_loss":null'
has err "the objective is not finite on the test data"

# ---- A run of an earlier version, which drew its rows in another order, goes on ----
runs 0 "$tacet" train long.yaml --out old -q --set train.steps=20
hasnt err "earlier version"
sed 's/tacet\.sum/other.sum/; s/run\.order/run.older/' old/checkpoint.safetensors > older; mv older old/checkpoint.safetensors
runs 0 "$tacet" train --resume old -q --set train.steps=40
has err "warning: old was begun by an earlier version of Tacet: from here on, its rows come in another order"
runs 0 "$tacet" train --resume old -q --set train.steps=60
hasnt err "earlier version"

# ---- A checkpoint that does not match the configuration, or is damaged; a refused run does not change the folder ----
cp whole/config.yaml begun.yaml
runs 2 "$tacet" train --resume whole --set train.seed=4
has err 'whole was begun with "batch 16, seed 3, .*, not with "batch 16, seed 4, '
runs 2 "$tacet" train --resume whole --set train.shuffle=false
runs 3 "$tacet" train --resume whole --no-penalties --penalty 'relu2: l1 1e-3'
runs 2 "$tacet" train long.yaml --resume whole --no-penalties --penalty 'relu1: l1 2e-3' --penalty '*.weight: l2 1e-4'
has err 'with "relu1: l1 1e-3'
runs 3 "$tacet" train --resume whole --set 'model=linear 5 | relu | linear 3'
same begun.yaml whole/config.yaml
head -c 300 whole/checkpoint.safetensors > torn; mv torn whole/checkpoint.safetensors
runs 3 "$tacet" train --resume whole
has err "whole/checkpoint.safetensors"

# ---- metrics.jsonl has lost its end, in the middle of a line ----
rm -rf torn
runs 0 "$tacet" train long.yaml --out torn -q --set train.steps=70
size=$(wc -c < torn/metrics.jsonl)
head -c $((size / 2)) torn/metrics.jsonl > cut.metrics && cp cut.metrics torn/metrics.jsonl
runs 0 "$tacet" train --resume torn -q --set train.steps=110
has err "warning: torn/metrics.jsonl is shorter than when the checkpoint was written: epochs are missing in it"
[ "$(grep -vc '^{.*}$' torn/metrics.jsonl)" -eq 0 ] || fault "a line of torn/metrics.jsonl is torn"
runs 0 "$tacet" report torn
finish
