# test_cli_values.sh: values as people write them in YAML and after --set: True and null, 1e1 and 1_000, a path with =.
. "$TACET_SOURCE/tests/cli.sh"

# as FILE KEY TEXT: the key's line in the configuration that FILE becomes.
explained() { # CONFIG ARGUMENTS...: what a run would do
    runs 0 "$tacet" explain "$@"
    mv out explained
}
explained net.yaml --set train.batch=10 --set train.epochs=10
mv explained plain

# ---- The same in YAML and after --set ----
for ten in 1e1 1_0 10.0 1.0e+1 +10; do
    sed "s/epochs: 3, batch: 32/epochs: $ten, batch: $ten/" net.yaml > ten.yaml
    explained ten.yaml
    same plain explained
    explained net.yaml --set train.batch=$ten --set train.epochs=$ten
    same plain explained
done
for odd in 1.5 1e-1 1_ _1 1__0 0x10 1e19 ten; do
    sed "s/epochs: 3/epochs: $odd/" net.yaml > odd.yaml
    runs 2 "$tacet" train odd.yaml
    has err "train.epochs must be a whole number, not '$odd'"
    runs 2 "$tacet" train net.yaml --set train.epochs=$odd
    has err "train.epochs must be a whole number, not '$odd'"
done
runs 0 "$tacet" train net.yaml --out lr -q --set optimizer.lr=1e-1 --set 'optimizer.nesterov=True' --set model='linear 1_6 bias=True | relu | linear 3'
runs 0 "$tacet" train lr/config.yaml --out again -q
same lr/model.safetensors again/model.safetensors

# The order of the rows is in the numbers: what is read as true or false can be told.
model() { # FOLDER VALUE: of shuffle, in YAML; once more with --set
    sed "s/batch: 32/batch: 32, shuffle: $2/" net.yaml > bool.yaml
    runs 0 "$tacet" train bool.yaml --out "$1" -q
    runs 0 "$tacet" train net.yaml --set "train.shuffle=$2" --out "$1-set" -q
    same "$1/model.safetensors" "$1-set/model.safetensors"
}
model yes true
model no false
cmp -s yes/model.safetensors no/model.safetensors && fault "shuffling changes nothing"
for on in True TRUE Yes on; do model "is-$on" $on; same yes/model.safetensors "is-$on/model.safetensors"; done
for off in False FALSE No off; do model "is-$off" $off; same no/model.safetensors "is-$off/model.safetensors"; done
runs 2 "$tacet" train net.yaml --set train.shuffle=tRUE

# ---- null is no value ----
for null in null '~' Null NULL ''; do
    cat > null.yaml << END
model:     linear 16 | relu | linear 8 | relu | linear 3
loss:      cross_entropy
penalties: $null
parameters: $null
optimizer: sgd lr=0.1 momentum=0.9
data:      csv classes.csv label=kind
test:      $null
validate:  $null
init:      $null
train:     {epochs: $null, batch: 32, seed: 1, log: 5}
END
    rm -rf null
    runs 0 "$tacet" train null.yaml --out null -q
    has out '^training, 300 rows: '
    has null/config.yaml '^  epochs: 10$'
    hasnt null/config.yaml '^test\|^init\|^validate\|^penalties'
    [ -n "$null" ] || continue
    rm -rf null
    runs 0 "$tacet" train net.yaml --out null -q --set "test=$null" --set "train.epochs=$null"
    has out '^training, 300 rows: '
    has null/config.yaml '^  epochs: 10$'
    runs 2 "$tacet" train net.yaml --set "model=$null"
    has err "the key model is missing"
done
# In quotes it is a text: here the name of a file.
rm -rf null
cp classes.csv null
runs 5 "$tacet" train net.yaml --set init='./nothing'
sed 's/^test: .*/init: "null"/' net.yaml > quoted.yaml
runs 3 "$tacet" train quoted.yaml
has err "null"

# ---- A path with = in it ----
mkdir -p date=2024 && cp classes.csv a=b.csv && cp classes.csv date=2024/part=1.csv && cp classes.csv 'a = b.csv'
runs 0 "$tacet" train net.yaml --out base -q --set test=null
for data in 'csv a=b.csv label=kind' 'csv label=kind a=b.csv' 'csv "a=b.csv" label=kind' 'csv file=a=b.csv label=kind' \
    'csv date=2024/part=1.csv label=kind' 'csv "a = b.csv" label=kind'; do
    sed "s|^data: .*|data: $data|; /^test/d" net.yaml > path.yaml
    rm -rf path set
    runs 0 "$tacet" train path.yaml --out path -q
    runs 0 "$tacet" train net.yaml --out set -q --set test= --set "data=$data"
    grep -v '^data' base/config.yaml > expected
    for run in path set; do
        grep -v '^data' $run/config.yaml > config
        same expected config
        # What is stored can be read again.
        runs 0 "$tacet" eval $run/model.safetensors
        runs 0 "$tacet" train --resume $run -q --set train.epochs=4
    done
done
# An attribute that does not exist is not taken for a path where it looks like one that does, and is said otherwise.
runs 2 "$tacet" train net.yaml --set 'data=csv fil=classes.csv label=kind'
has err "csv has no attribute fil" "did you mean file?"
runs 2 "$tacet" train net.yaml --set 'data=csv classes.csv a=b.csv label=kind'
has err "csv has no attribute a"
runs 5 "$tacet" train net.yaml --set 'data=csv path=classes.csv label=kind'
has err "cannot open path=classes.csv" "csv has no attribute path, so this was taken for its file"
runs 2 "$tacet" train net.yaml --set 'optimizer=sgd a=b'
has err "sgd has no attribute a"
finish
