# test_cli_shared_folder.sh: several processes and one folder. One writes, the others wait and then say who does; new folders
# get names of their own; whether a file exists is never guessed. timeout 240
. "$TACET_SOURCE/tests/cli.sh"

# ---- A run in a folder that another process writes to ----
"$tacet" train net.yaml --out run -q --set train.epochs=100000000 > first 2>&1 &
first=$!
await run/metrics.jsonl '"seconds"'
[ "$(cat run/lock)" = "process $first on $(uname -n)" ] || fault "run/lock says $(cat run/lock)"
runs 1 "$tacet" train --resume run
has err "^tacet: run is in use by process $first on $(uname -n); waiting up to 10 s$" "^tacet: run is in use by process $first on " \
    "wait until it has ended, or use another folder"
kill -0 $first || fault "the first run has ended"
kill -TERM $first
wait $first
[ ! -e run/lock ] || fault "the lock is left over"
tail -n 1 run/metrics.jsonl | grep -q '}$' || fault "metrics.jsonl does not end in a whole line"
# One that is killed leaves no lock that matters; the next waits for one that is about to end.
"$tacet" train --resume run -q > first 2>&1 &
first=$!
await run/lock "process $first on"
kill -KILL $first
wait $first 2> /dev/null
[ -e run/lock ] || fault "a killed run has removed its lock"
"$tacet" train --resume run -q > first 2>&1 &
first=$!
await run/lock "process $first on"
(sleep 0.5; kill -TERM $first) &
runs 0 "$tacet" train --resume run --set train.epochs=1 --set train.steps=1
has err "waiting up to 10 s"
wait

# ---- Pairs that resume one run end as if there had been one ----
runs 0 "$tacet" train net.yaml --out whole -q --set train.epochs=6
plain() { sed 's/"seconds":[^,}]*//g' "$1"; }
plain whole/metrics.jsonl > expected
for i in 1 2 3 4 5 6; do
    rm -rf pair
    runs 0 "$tacet" train net.yaml --out pair -q --set train.epochs=6 --set train.steps=17
    "$tacet" train --resume pair -q --set train.steps=0 > one 2>&1 & one=$!
    "$tacet" train --resume pair -q --set train.steps=0 > two 2>&1 & two=$!
    wait $one || fault "the first of a pair: $(cat one)"
    wait $two || fault "the second of a pair: $(cat two)"
    plain pair/metrics.jsonl > found
    same expected found
    same whole/model.safetensors pair/model.safetensors
done

# ---- New folders ----
for i in 1 2 3 4 5 6 7 8; do "$tacet" train net.yaml -q --set train.epochs=1 > new$i 2>&1 & done
wait
names=$(cd runs && echo *)
[ "$names" = "net net-2 net-3 net-4 net-5 net-6 net-7 net-8" ] || fault "the folders are $names"
cat new? > out
for name in $names; do
    has runs/$name/run.json '"state":"ended"'
    cmp -s runs/net/model.safetensors runs/$name/model.safetensors || fault "runs/$name has another model"
done
# A run that cannot begin leaves no folder.
runs 2 "$tacet" train net.yaml --set init=whole/model.safetensors --set 'model=linear 3' --no-penalties -q
has err "no tensor in whole/model.safetensors has the name and shape"
[ ! -e runs/net-9 ] || fault "an empty folder is left over"
# Two that begin in one folder: the second is refused.
"$tacet" train net.yaml --out both -q --set train.epochs=40 > one 2>&1 & one=$!
"$tacet" train net.yaml --out both -q --set train.epochs=40 > two 2>&1 & two=$!
wait $one; one=$?
wait $two; two=$?
[ $one -eq 0 ] && [ $two -ne 0 ] || { [ $one -ne 0 ] && [ $two -eq 0 ]; } || fault "both began: $(cat one two)"
cat one two > err
has err "both already holds a run\|another run has begun in both in the meantime"

# A folder's name stands in messages, where a line end would begin a line of its own.
runs 2 "$tacet" train net.yaml --out "two
lines"
has err "^tacet: cannot create the folder two.lines: its name has a line end$"

# ---- Whether a file exists is not known ----
# A link that leads to itself (ELOOP) stands for every reason but that the file does not exist.
cp -r whole odd && ln -sf checkpoint.safetensors odd/checkpoint.safetensors
cp -r odd kept
runs 5 "$tacet" train --resume odd -q
has err "cannot tell whether odd/checkpoint.safetensors exists: Too many levels of symbolic links"
for file in whole/*; do
    name=${file##*/}
    [ "$name" = checkpoint.safetensors ] || same "$file" "odd/$name"
done
cp -r whole odd2 && ln -sf config.yaml odd2/config.yaml
runs 5 "$tacet" train --resume odd2 -q
has err "cannot tell whether odd2/config.yaml exists"
cp -r whole odd3 && ln -sf run.json odd3/run.json
for command in "eval odd3" "train --resume odd3 -q" "report odd3" "explain odd3"; do
    runs 5 "$tacet" $command
    has err "cannot \(tell whether odd3/run.json exists\|read odd3/run.json\): Too many levels"
done
cp -r whole odd4 && ln -sf model.safetensors odd4/model.safetensors
runs 5 "$tacet" eval odd4
has err "cannot tell whether odd4/model.safetensors exists"

# Data that are there but cannot be read are not looked for in another folder.
mkdir -p far/project && cp classes.csv few_classes.csv net.yaml far/project/ && cd far/project || exit 1
runs 0 "$tacet" train net.yaml --out run -q
cd ../.. && ln -sf classes.csv far/project/classes.csv
runs 5 "$tacet" train --resume far/project/run -q --set train.epochs=4
has err "classes.csv: Too many levels of symbolic links"
finish
