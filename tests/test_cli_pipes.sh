# test_cli_pipes.sh: a FIFO, a pipe or a device as data is read to its end. Opening a FIFO waits for a program that writes to
# it, which is said, and Ctrl-C ends the wait.
. "$TACET_SOURCE/tests/cli.sh"

runs 0 "$tacet" train net.yaml --out run
runs 0 "$tacet" predict run --csv --data 'csv unlabelled.csv'
cp out expected
mkfifo fifo

# reads COMMAND...: predicts from what the command writes to the FIFO.
reads() {
    "$@" > fifo &
    runs 0 timeout 30 "$tacet" predict run --csv --data 'csv fifo'
    same out expected
    has err '^tacet: waiting for a program that writes to fifo$'
    wait
}
reads cat unlabelled.csv
reads gzip -c unlabelled.csv
reads sh -c 'while read -r line; do echo "$line"; done < unlabelled.csv' # a short read for each line

cat unlabelled.csv | "$tacet" predict run --csv --data 'csv /dev/stdin' > out 2> err || fault "standard input: $(cat err)"
same out expected
hasnt err waiting
runs 3 "$tacet" predict run --csv --data 'csv /dev/null'
has err '^tacet: /dev/null: has no rows$'

# Training reads it once, also where rows are held out of it.
cat classes.csv > fifo &
runs 0 timeout 30 "$tacet" train net.yaml --out piped --set 'data=csv fifo label=kind' --set 'train.validate=0.2'
runs 0 "$tacet" train net.yaml --out plain --set 'train.validate=0.2'
for name in piped plain; do "$tacet" predict $name --csv --data 'csv unlabelled.csv' > $name.csv 2> err || fault "predict $name"; done
same piped.csv plain.csv
wait

# What cannot be read from a pipe says so.
printf 'PK\003\004' > fifo &
runs 3 timeout 30 "$tacet" predict run --csv --data 'npy x=fifo'
has err 'fifo: is a .npz file, which cannot be read from a pipe$' 'write it to a file first'
wait

# Nobody writes. Background children of a shell ignore SIGINT, unless it is reset.
env --default-signal=INT "$tacet" train net.yaml --out waits --set 'data=csv fifo label=kind' > out 2> err &
child=$!
for _ in $(seq 400); do
    grep -q waiting err && break
    sleep 0.05
done
has err '^tacet: waiting for a program that writes to fifo$'
kill -INT $child
for _ in $(seq 400); do
    kill -0 $child 2> /dev/null || break
    sleep 0.05
done
kill -KILL $child 2> /dev/null && fault "Ctrl-C does not end the wait"
wait $child
code=$?
[ $code -eq 130 ] || fault "ended with $code: $(cat err)"
[ ! -e waits ] || fault "a folder is left: $(ls waits)"

finish
