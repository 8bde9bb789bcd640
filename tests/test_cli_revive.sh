# test_cli_revive.sh: a run whose dead units come back ends with the same bytes after SIGKILL, on two threads, and says how
# many came back; mistakes are shown at their place.
. "$TACET_SOURCE/tests/cli.sh"

cat > revive.yaml << 'END'
model:     linear 96 | topk 2 revive=resample dead_after=5 | linear 4
loss:      mse
target:    x
penalties: {linear2.weight: unit_norm by=input}
optimizer: adam lr=0.01
data:      csv unlabelled.csv
train:     {epochs: 300, batch: 16, seed: 1, checkpoint: 7, log: 50}
END
sed 's/revive=resample/revive=aux/' revive.yaml > aux.yaml
plain() { sed 's/"seconds":[^}]*//' "$1"; }

for kind in revive aux; do
    runs 0 "$tacet" train $kind.yaml --out $kind -q --threads 1
    has $kind/metrics.jsonl '"revived":[1-9]'
    plain $kind/metrics.jsonl > whole.metrics
    runs 0 "$tacet" train $kind.yaml --out threads -q --threads 2
    same $kind/model.safetensors threads/model.safetensors
    for part in 1 2 3; do
        "$tacet" train $kind.yaml --out cut -q --threads 1 > out 2> err &
        child=$!
        # Killed after some epochs, however fast the machine is.
        for i in $(seq 1000); do
            n=$(grep -c objective cut/metrics.jsonl 2> /dev/null)
            [ "${n:-0}" -lt $((part * 60)) ] || break
            kill -0 $child 2> /dev/null || break
            sleep 0.01
        done
        kill -KILL $child 2> /dev/null
        wait $child 2> /dev/null
        runs 0 "$tacet" train $kind.yaml --resume cut -q --threads 1
        same $kind/model.safetensors cut/model.safetensors
        plain cut/metrics.jsonl > cut.metrics
        same whole.metrics cut.metrics
        rm -rf cut
    done
    rm -rf threads
done

# ---- What is said of it ----
runs 0 "$tacet" explain revive.yaml
has out "^a unit of topk1 is dead after 5 steps without firing, and comes back: linear1.weight is set from rows of x, linear2.weight likewise$"
runs 0 "$tacet" explain aux.yaml
has out "^a unit of topk1 is dead after 5 steps without firing, and comes back: it predicts the error of the reconstruction$"
has out "topk1:aux forward"
runs 0 "$tacet" inspect aux
has out "topk1:aux"
runs 0 "$tacet" ops relu
has out "revive" "dead_after"
runs 0 "$tacet" ops linear
hasnt out "revive"
runs 0 "$tacet" eval aux/model.safetensors --json
has out '"kind":"aux"'
runs 0 "$tacet" predict aux/model.safetensors --data 'csv unlabelled.csv' --csv --raw

# ---- Mistakes ----
runs 2 "$tacet" train revive.yaml --out wrong --set 'model=linear 96 revive=aux | linear 4'
has err "the units of a linear are never silent, so none of them is dead" "\^"
runs 2 "$tacet" train revive.yaml --out wrong --set 'model=linear 96 | layer_norm | relu revive=resample | linear 4'
has err "relu1: resample needs weights whose units are those of the layer, but layer_norm1 mixes units" "\^"
runs 2 "$tacet" train revive.yaml --out wrong --set 'model=linear 96 | relu revive=aux | linear 4 | tanh'
has err "relu1: aux needs an mse on the output of a linear layer that reads relu1" "\^"

finish
