# test_cli_continue.sh: what a run is continued with: the same rows, or it is refused and says what differs; with another
# length, which is said if something depends on it.
. "$TACET_SOURCE/tests/cli.sh"

cat > net.yaml << 'END'
model:     linear 8 | relu | linear 3
loss:      cross_entropy
penalties: {relu1: l1 1e-3}
optimizer: sgd lr=0.1
data:      csv rows.csv label=kind
train:     {epochs: 2, batch: 32, seed: 1}
END

# ---- Other rows ----
words() { awk -F, -v OFS=, 'NR > 1 { $5 = $5 == 0 ? "ant" : $5 == 1 ? "bee" : "cat" } 1' "$1"; }
begin() { # the run "run" on rows.csv
    rm -rf run
    runs 0 "$tacet" train net.yaml --out run -q
    cp run/config.yaml begun.yaml
}
refused() { # PATTERN: the run does not continue, and its folder stays as it is
    runs 3 "$tacet" train --resume run --set train.epochs=3
    has err "^tacet: run/checkpoint.safetensors is a checkpoint of a run on other data: $1"
    same begun.yaml run/config.yaml
}
words classes.csv > rows.csv
begin
head -n 251 rows.csv > other.csv; mv other.csv rows.csv
refused 'it had 300 rows, and here are 250 rows$'
words classes.csv | cut -d, -f2- > rows.csv
runs 3 "$tacet" train --resume run --set train.epochs=3
words classes.csv | sed 's/ant/bee/' > rows.csv
runs 3 "$tacet" train --resume run --set train.epochs=3
words classes.csv | sed 's/ant/ape/' > rows.csv
refused 'the words of the classes are others$'
words classes.csv | sed '1s/c,d/d,c/' > rows.csv
refused 'the input columns are others$'
words classes.csv | sed '1s/kind/sort/' > rows.csv
runs 3 "$tacet" train --resume run --set 'data=csv rows.csv label=sort'
has err 'other data: the column of the labels is another one$'
words classes.csv > rows.csv
runs 3 "$tacet" train --resume run --set data.scale=2
has err 'other data: the inputs are scaled in another way$'
runs 3 "$tacet" train --resume run --set data.mean=1
has err 'other data: the inputs are scaled in another way$'
words classes.csv | { read -r head; echo "$head"; sort; } > rows.csv # as many rows, in another order
refused 'the numbers in the rows are others$'
words classes.csv | awk -F, -v OFS=, 'NR > 1 { $1 += 1 } 1' > rows.csv
refused 'the numbers in the rows are others$'
words classes.csv | awk -F, -v OFS=, 'NR == 301 { $1 += 1 } 1' > rows.csv # the last row
refused 'the numbers in the rows are others$'
words classes.csv | awk -F, -v OFS=, 'NR == 2 { $5 = "cat" } 1' > rows.csv # the label of the first
refused 'the numbers in the rows are others$'
words classes.csv > rows.csv
runs 0 "$tacet" train --resume run --set train.epochs=3
hasnt err warning

# The type of npy files, with numbers that are the same.
cat > make.awk << 'END'
# The header of an npy file of n rows of 4 numbers of a type, padded to 128 bytes.
BEGIN {
    head = sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%d,%s), }", type, n, wide)
    printf "%s%*s\n", head, 117 - length(head), ""
}
END
npy() { # FILE TYPE ROWS WIDE BYTES: all zeros
    { printf '\223NUMPY\001\000\166\000' && awk -v type="$2" -v n="$3" -v wide="$4" -f make.awk && head -c "$5" /dev/zero; } > "$1"
}
npy x.npy '<f4' 100 4 1600
npy y.npy '<i4' 100 '' 400
sed -i 's/^data:.*/data: npy x=x.npy y=y.npy/; s/linear 3$/linear 1/' net.yaml
begin
npy x.npy '<f8' 100 4 3200
refused 'it had inputs float32 \[4\], and here are inputs float64 \[4\]$'
npy x.npy '<f4' 100 4 1600
npy y.npy '<f4' 100 '' 400
sed 's/cross_entropy/mse/' run/config.yaml > mse.yaml
runs 3 "$tacet" train mse.yaml --resume run --set train.epochs=3
npy y.npy '<i8' 100 '' 800
runs 3 "$tacet" train --resume run --set train.epochs=3
has err 'other data: it had labels int32 of 1 class, and here are labels int64 of 1 class$'

# A file at another place is the same data.
npy y.npy '<i4' 100 '' 400
mkdir -p moved && mv x.npy moved/
runs 0 "$tacet" train --resume run --set data.x=moved/x.npy --set train.epochs=3

# ---- Another length ----
words classes.csv > rows.csv
sed -i 's/^data:.*/data: csv rows.csv label=kind/; s/linear 1$/linear 3/' net.yaml
longer() { # LINE ARGUMENTS...: what is said when a run that was begun with them gets 4 epochs; "": nothing
    line=$1
    shift
    rm -rf run
    runs 0 "$tacet" train net.yaml --out run -q "$@"
    runs 0 "$tacet" train --resume run -q
    hasnt err "the length of the run" # as long as before
    runs 0 "$tacet" train --resume run -q --set train.epochs=4
    grep "the length of the run" err > said
    [ -z "$line" ] || echo "tacet: warning: $line the length of the run, which was 2 epochs and is now 4: the result is not that of a run of 4 epochs" | cmp -s - said ||
        fault "not '$line ...': $(cat err)"
    [ -n "$line" ] || empty said
    runs 0 "$tacet" train --resume run -q --set train.epochs=4
    hasnt err "the length of the run"
}
longer ''
longer '' --set optimizer.schedule=step --set optimizer.every=1
longer '' --set optimizer.warmup=1
longer 'the learning rate depends on' --set optimizer.schedule=cosine
longer 'the learning rate depends on' --set optimizer.schedule=linear
longer 'the lambda of relu1:l1 depends on' --no-penalties --penalty 'relu1: l1 1e-3 schedule=linear'
longer '' --no-penalties --penalty 'relu1: l1 1e-3 schedule=linear until=1'
longer 'the learning rate and the lambda of relu1:l1 depend on' --set optimizer.schedule=cosine \
    --no-penalties --penalty 'relu1: l1 1e-3 schedule=cosine'
longer '' --no-penalties --penalty 'relu1: l1 density=0.2 warmup=1'
# The steps end it before its epochs do.
rm -rf run
runs 0 "$tacet" train net.yaml --out run -q --set optimizer.schedule=cosine --set train.steps=5
runs 0 "$tacet" train --resume run -q --set train.steps=10
has err "which was 0.5 epochs and is now 1:"

# A checkpoint of an earlier version has neither: it continues.
sed 's/tacet\.sum/other.sum/; s/run\.length/run.lenght/; s/\\"data\\":\\"/\\"dada\\":\\"/' run/checkpoint.safetensors > old && mv old run/checkpoint.safetensors
words classes.csv | { read -r head; echo "$head"; sort; } > rows.csv
runs 0 "$tacet" train --resume run -q --set train.steps=20
empty err
finish
