# test_cli_files.sh: what is not a regular file is refused before anything waits for it, and files that grow beyond
# ulimit -f are an error like a full disk.
. "$TACET_SOURCE/tests/cli.sh"

# ---- A configuration that is a FIFO, a device or a folder ----
mkfifo fifo.yaml
for path in fifo.yaml /dev/null /dev/zero; do
    runs 5 timeout 20 "$tacet" train "$path" --out none
    has err "^tacet: cannot read $path: not a regular file$" "write the configuration to a file first"
done
runs 5 "$tacet" train . --out none
has err "^tacet: cannot read .: Is a directory$"
runs 5 "$tacet" explain net.yaml/none
has err "^tacet: cannot read net.yaml/none: Not a directory$"
[ ! -e none ] || fault "a configuration that cannot be read made a folder"
runs 0 "$tacet" explain /dev/stdin < net.yaml
cat net.yaml | runs 5 timeout 20 "$tacet" explain /dev/stdin
has err "^tacet: cannot read /dev/stdin: not a regular file$"

# ---- A file of a run that is a FIFO ----
runs 0 "$tacet" train net.yaml --out whole -q
with_fifo() { # FILE: a copy of the run in which it is a FIFO
    rm -rf run
    cp -r whole run
    rm "run/$1"
    mkfifo "run/$1"
}
for file in run.json metrics.jsonl config.yaml checkpoint.safetensors; do
    with_fifo $file
    runs 5 timeout 20 "$tacet" train --resume run --set train.epochs=4 -q
    has err "^tacet: cannot [a-z]* run/$file: not a regular file$"
done
for command in report inspect; do
    with_fifo run.json
    runs 5 timeout 20 "$tacet" $command run
    has err "^tacet: cannot read run/run.json: not a regular file$"
    with_fifo metrics.jsonl
    runs 5 timeout 20 "$tacet" $command run
done
runs 0 "$tacet" sweep net.yaml --over 'relu1: l1 lambda=1e-4..1e-3:2' --out swept -q
rm swept/sweep.json
mkfifo swept/sweep.json
runs 5 timeout 20 "$tacet" sweep --resume swept
has err "^tacet: cannot read swept/sweep.json: not a regular file$"
mkdir fifos
mkfifo fifos/config.yaml
runs 5 timeout 20 "$tacet" sweep net.yaml --over 'relu1: l1 lambda=1e-4..1e-3:2' --out fifos -q
has err "^tacet: cannot read fifos/config.yaml: not a regular file$"
runs 5 timeout 20 "$tacet" sweep net.yaml --over 'relu1: l1 lambda=1e-4..1e-3:2' --set init=fifo.yaml --out third -q
has err "^tacet: --set: cannot read fifo.yaml: not a regular file$"

# ---- ulimit -f ----
limited() { # COMMAND...: with files of at most 1 KB
    (
        ulimit -f 2
        exec "$@"
    )
}
too_large() { # FILE
    has err "^tacet: cannot write $1: File too large\$"
    find . -name '*.tmp*' > left
    empty left
}
data='csv classes.csv label=kind'
runs 5 limited "$tacet" train net.yaml --out small -q
too_large small/checkpoint.safetensors
cp whole/report.html before
runs 5 limited "$tacet" report whole
too_large whole/report.html
same whole/report.html before
runs 5 limited "$tacet" predict whole/model.safetensors --data "$data" --out y.npy
too_large y.npy
[ ! -e y.npy ] || fault "half of y.npy is left"
runs 5 limited "$tacet" predict whole/model.safetensors --csv --data "$data"
too_large 'to standard output'
for command in ops --manual "explain net.yaml" "train --help"; do
    runs 5 limited "$tacet" $command
    too_large 'to standard output'
done
runs 5 limited "$tacet" train --resume whole --set train.epochs=9 -q
has err "^tacet: cannot write whole/[a-z.]*: File too large$"
runs 0 "$tacet" train --resume whole --set train.epochs=9 -q
runs 0 "$tacet" train net.yaml --out other --set train.epochs=9 -q
same whole/model.safetensors other/model.safetensors
runs 5 limited "$tacet" sweep net.yaml --over 'relu1: l1 lambda=1e-4..1e-3:2' --out sweep
has err "relu1-l1-0.0001-seed1: cannot write sweep/relu1-l1-0.0001-seed1/checkpoint.safetensors: File too large$"
finish
