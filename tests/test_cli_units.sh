# test_cli_units.sh: data with positions. A unit is an index of the last dimension in all output of a run: its tables, its
# files, its report.
. "$TACET_SOURCE/tests/cli.sh"

# Rows of four numbers, as two positions of two.
cat > flat.yaml << 'END'
model: linear 8 | relu | linear 4
loss:  mse
target: x
optimizer: adam lr=0.01
data:  csv unlabelled.csv
train: {epochs: 1, batch: 32, seed: 1}
END
runs 0 "$tacet" train flat.yaml --out flat -q
runs 0 "$tacet" predict flat/model.safetensors --data 'csv unlabelled.csv' --keep x --out flat.npy
LC_ALL=C sed 's/(90, 4), }   /(90, 2, 2), }/' flat.npy > grid.npy

cat > grid.yaml << 'END'
model:     linear 6 | relu | linear 2
loss:      mse reduce=position
target:    x
penalties: {relu1: [l1 1e-3 reduce=position, hoyer 1e-4], linear2.weight: norm 1e-4}
optimizer: sgd lr=0.05 momentum=0.9
data:      npy grid.npy flat=false
train:     {epochs: 4, batch: 32, seed: 1, validate: 0.1}
END
runs 0 "$tacet" train grid.yaml --out a --threads 2
has out '^relu1:l1 ' '^relu1 .* [0-9]* *6 *[0-9.]*$'
grep -q '"name":"relu1","density":[^}]*"units":6,"l0":[0-9.]*,"positions":2' a/metrics.jsonl || fault "no units in metrics.jsonl"
grep -q '"on":"relu1","kind":"l1"[^}]*"units":6[,}]' a/metrics.jsonl || fault "no units in the term"
hasnt a/metrics.jsonl '"units":12'
runs 0 "$tacet" inspect a
has out '^units by how often they fire: never, at up to 10%, 20%, ... of the positions of all samples$'
has out 'relu1:l1 .*/6$'
# The bins in the row of relu1 have its six units.
awk '/^relu1  /{ for (i = 3; i <= NF; i++) n += $i; if (n != 6) exit 1 }' out || fault "not six units: $(cat out)"
# Units that never fire are listed by number.
for dead in '20' '3,20'; do
    cp a/metrics.jsonl saved
    sed "s/\"dead_units\":\[[0-9,]*\]/\"dead_units\":[$dead]/" saved > a/metrics.jsonl
    runs 0 "$tacet" inspect a
    [ "$dead" = 20 ] && has out '^unit 20 of relu1 never fires$' || has out '^units 3, 20 of relu1 never fire$'
    cp saved a/metrics.jsonl
done
has a/report.html 'fire at up to this % of positions (0: never)'
runs 0 "$tacet" eval a/model.safetensors --json
has out '"layers":\[{"name":"relu1","density":[0-9.]*,"dead":[0-9]*,"units":6,"l0":[0-9.]*,"positions":2}\]'
runs 0 "$tacet" predict a/model.safetensors --data 'npy grid.npy flat=false' --keep relu1 --out relu1.npy
[ "$(wc -c < relu1.npy)" -eq $((128 + 4 * 90 * 2 * 6)) ] || fault "relu1.npy has the wrong size"
has a/config.yaml 'l1 1e-3 reduce=position'

# Positions are not mentioned for values without them.
hasnt flat/metrics.jsonl positions
runs 0 "$tacet" inspect flat
hasnt out positions

# ---- Targets ----
runs 0 "$tacet" train grid.yaml --out steered -q --no-penalties --penalty 'relu1: l1 l0=2' --json
has steered/metrics.jsonl '"target":0.333333'
runs 2 "$tacet" train grid.yaml --out no --no-penalties --penalty 'relu1: l1 l0=6'
has err 'l0 must be above 0 and below the number of units'
runs 2 "$tacet" train grid.yaml --out no --no-penalties --penalty 'linear1.weight: l1 1 reduce=position'
has err 'a parameter has no positions'

# ---- Sweeps: rows of two positions act like twice as many rows of one ----
LC_ALL=C sed 's/(90, 4), } /(180, 2), }/' flat.npy > rows.npy
largest() { # PENALTY SETTINGS...
    penalty=$1; shift
    rm -rf swept
    runs 0 "$tacet" sweep grid.yaml --no-penalties --set train.validate=0 --set train.epochs=1 --over "relu1: $penalty" \
        --out swept "$@"
    sed -n 's/^relu1:.*at the start: //p' out
}
for penalty in 'norm max/10..max:2 reduce' 'kl_sparsity max/10..max:2 rho=0.2 reduce' 'l1 max/10..max:2 reduce'; do
    apart=$(largest "$penalty=position" --set train.batch=90)
    folded=$(largest "$penalty=sample" --set train.batch=180 --set 'data=npy rows.npy' --set 'loss=mse reduce=sample')
    awk "BEGIN { exit !($apart > 0 && ($apart / $folded - 1) ^ 2 < 1e-6) }" || fault "$penalty: $apart and $folded"
done

# ---- A run that stops within an epoch and is resumed ends like one that does not stop ----
runs 0 "$tacet" train grid.yaml --out half -q --set train.steps=7
runs 0 "$tacet" train --resume half -q --set train.steps=0
same a/model.safetensors half/model.safetensors
tail -n 1 a/metrics.jsonl | sed 's/"seconds":[^,]*//g; s/"[a-z_]*seconds":[^,]*//g; s/"step_us":[^,]*//g' > whole
tail -n 1 half/metrics.jsonl | sed 's/"seconds":[^,]*//g; s/"[a-z_]*seconds":[^,]*//g; s/"step_us":[^,]*//g' > parts
same whole parts

finish
