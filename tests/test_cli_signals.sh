# test_cli_signals.sh: a run or a sweep that is told to stop writes its checkpoint and says so; one that nobody reads any
# more goes on; standard output and standard error keep their order where both go to the same place.
. "$TACET_SOURCE/tests/cli.sh"

# begin DIR COMMAND...: begins a run in DIR in the background, and waits until it has done an epoch.
begin() {
    dir=$1
    shift
    rm -rf "$dir"
    "$@" --out "$dir" --set train.epochs=100000000 > out 2> err &
    child=$!
    await "$dir/metrics.jsonl" '"validation"\|"seconds"'
}
ends() { # CODE
    wait $child
    code=$?
    [ $code -eq "$1" ] || fault "ended with $code, not $1: $(cat err)"
}

# ---- The terminal is closed, a batch system is about to kill ----
for signal in HUP:129 USR1:138 USR2:140 XCPU:152; do
    begin run "$tacet" train net.yaml
    kill -"${signal%:*}" $child
    ends "${signal#*:}"
    has err "^stopped at step [0-9]*; continue with: tacet train --resume run$"
    has run/run.json '"state":"stopped"'
    step=$(sed -n 's/^stopped at step \([0-9]*\);.*/\1/p' err)
    runs 0 "$tacet" train --resume run --set train.steps=$((step + 1))
    has err "^resumed run at step $step$"
    has run/run.json '"state":"ended"'
done

# A shell that exits sends SIGHUP after the system has: the checkpoint is written all the same.
begin run "$tacet" train net.yaml
for _ in $(seq 20); do kill -HUP $child 2> /dev/null; done
ends 129
has run/run.json '"state":"stopped"'
runs 0 "$tacet" train --resume run --set train.steps=1

# nohup: a run outlives its terminal, but not a batch system.
begin run nohup "$tacet" train net.yaml
kill -HUP $child
lines=$(wc -l < run/metrics.jsonl)
for _ in $(seq 400); do
    [ "$(wc -l < run/metrics.jsonl)" -gt $((lines + 20)) ] && break
    sleep 0.05
done
[ "$(wc -l < run/metrics.jsonl)" -gt $((lines + 20)) ] || fault "nohup: the run does not go on"
kill -USR1 $child
ends 138

# ---- A second Ctrl-C ends the program at once, in the middle of a step ----
sed 's/^model:.*/model: linear 3000 | relu | linear 3000 | relu | linear 3/' net.yaml > slow.yaml
"$tacet" train slow.yaml --out slow --set train.epochs=1000 -q > out 2> err &
child=$!
await slow/run.json '"state":"running"'
kill -TERM $child
kill -TERM $child
ends 143
has slow/run.json '"state":"stopped"'

# ---- A run that was killed, and is told to stop while it reads its data again ----
awk 'NR == 1 { print } NR > 1 { row[NR - 1] = $0 } END { for (i = 0; i < 300000; i++) print row[i % (NR - 1) + 1] }' \
    classes.csv > many.csv
"$tacet" train net.yaml --out killed --set 'data=csv many.csv label=kind' --set train.epochs=100000 -q > out 2> err &
child=$!
await killed/run.json '"state":"running"'
kill -KILL $child
wait $child 2> out
[ -e killed/checkpoint.safetensors ] || fault "a run began without a checkpoint"
"$tacet" train --resume killed -q > out 2> err &
child=$!
for _ in $(seq 400); do
    grep -q '^SigCgt:.*[4-7c-f]...$' /proc/$child/status 2> /dev/null && break # SIGTERM is caught
    sleep 0.01
done
kill -TERM $child
ends 143
has killed/run.json '"state":"stopped"'
runs 0 "$tacet" train --resume killed -q --set train.steps=1

# A sweep passes them on to its runs.
for signal in HUP:129 USR1:138; do
    rm -rf sweep
    "$tacet" sweep net.yaml --over 'relu1: l1 lambda=1e-4..1e-3:2' --out sweep --set train.epochs=100000000 > out 2> err &
    child=$!
    await sweep/relu1-l1-0.0001-seed1/metrics.jsonl '"seconds"'
    kill -"${signal%:*}" $child
    ends "${signal#*:}"
    has err "^stopping: waiting for 1 run to write a checkpoint$" "^stopped; continue with: tacet sweep --resume sweep$"
    has sweep/relu1-l1-0.0001-seed1/run.json '"state":"stopped"'
done

# ---- A reader that goes away ----
complete() { # DIR
    has "$1/run.json" '"state":"ended"' '"figures":'
    [ -s "$1/report.html" ] && [ -s "$1/model.safetensors" ] || fault "files of $1 are missing"
}
code_of() { # COMMAND...: its exit code, where one line is read of what it writes to both streams
    { "$@" 2>&1; echo $? > code; } | head -n 1 > out
}
code_of "$tacet" train net.yaml --out read
has out '^300 rows'
[ "$(cat code)" -eq 0 ] || fault "a run whose reader went away ended with $(cat code)"
complete read
code_of "$tacet" train net.yaml --out json --json -q
[ "$(cat code)" -eq 0 ] || fault "a run whose reader went away ended with $(cat code)"
{ "$tacet" train net.yaml --out lone; echo $? > code; } 2>&1 > out | head -n 1 > err
[ "$(cat code)" -eq 0 ] || fault "a run whose reader of errors went away ended with $(cat code)"
complete lone
has out accuracy
{ "$tacet" train net.yaml --out none 3>&-; echo $? > code; } 2>&1 | true
[ "$(cat code)" -eq 0 ] || fault "a run that nobody read ended with $(cat code)"
complete none
code_of "$tacet" sweep net.yaml --over 'relu1: l1 lambda=1e-4..1e-3:2' --out swept
[ "$(cat code)" -eq 0 ] || fault "a sweep whose reader went away ended with $(cat code)"
[ -s swept/sweep.csv ] && [ -s swept/report.html ] || fault "files of the sweep are missing"
# A failure is still one, and so is a disk without space.
code_of "$tacet" train net.yaml --out bad --set optimizer.lr=1e30
[ "$(cat code)" -eq 6 ] || fault "a run that failed ended with $(cat code)"
if [ -e /dev/full ]; then
    "$tacet" train net.yaml --out full > /dev/full 2> err
    code=$?
    [ $code -eq 5 ] || fault "a full disk gave $code"
    has err "cannot write to standard output: No space left on device"
fi

# ---- One order: what is printed last comes last, also after a table that is longer than any buffer ----
sweep="$tacet sweep net.yaml --set train.steps=1 --set train.log=0 --jobs 2 --over"
runs 0 $sweep 'relu1: l1 lambda=1e-5..1e-3:12' --over 'relu2: l1 lambda=1e-5..1e-3:12' --out grid -q
[ "$(wc -c < out)" -gt 8192 ] || fault "the table is short"
"$tacet" sweep --resume grid > both 2>&1
runs 0 "$tacet" sweep --resume grid
has err '^144 of 144 runs have already finished$' '^report: grid/report.html$'
grep -v '^report: ' err > before
echo 'report: grid/report.html' | cat before out - > expected
same expected both
finish
