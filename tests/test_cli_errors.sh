# test_cli_errors.sh: a mistake is refused with an exit code, its place, a caret and a suggestion.
. "$TACET_SOURCE/tests/cli.sh"

# refused CODE ARGUMENTS...: checks the exit code, and that standard output stays empty.
refused() {
    expected=$1
    shift
    runs "$expected" "$tacet" "$@"
    empty out
}

# caret TEXT: checks that the caret in err is under TEXT in the line above it, and as wide.
caret() {
    awk -v want="$1" '{ if (match($0, /^[ \t]*\^~*$/)) { gsub(/ /, "", $0)
        from = RLENGTH - length($0) + 1; if (substr(before, from, length($0)) == want) good = 1 } before = $0 }
        END { exit !good }' err || fault "the caret is not under '$1':
$(cat err)"
}

# edited SED-COMMAND: writes net.yaml with a mistake to bad.yaml.
edited() { sed "$1" net.yaml > bad.yaml; }

# ---- Usage ----
refused 2
refused 2 trian net.yaml
has err "unknown command 'trian'" "did you mean train?"
refused 2 train net.yaml --epochs 3
has err "unknown option '--epochs'" "^    --set train.epochs=3$"
refused 2 train net.yaml --batch=64 --quiet; has err "^    --set train.batch=64$"
refused 2 train net.yaml --lr -q; has err "^    --set optimizer.lr=...$"
refused 2 sweep net.yaml --loss 'mse reduce=sum'; has err "^    --set 'loss=mse reduce=sum'$"
refused 2 train net.yaml --set train.lr=0.1; has err "unknown key 'train.lr'" "did you mean optimizer.lr?"
refused 5 train net.yaml --data 'csv none.csv label=kind'
has err "^tacet: --data: cannot open none.csv"; caret 'csv none.csv label=kind'
refused 5 train net.yaml --init none.safetensors; has err "^tacet: --init: "
refused 2 train net.yaml --treads 2
has err "unknown option '--treads'" "did you mean --threads?"
refused 2 train net.yaml --threads
has err "needs a value"
refused 2 train net.yaml --resume --set train.epochs=2
has err "^tacet: --resume needs a value: DIR$"
refused 2 train net.yaml --out ''
has err "needs a value"
refused 2 train net.yaml --threads 0
refused 2 train net.yaml --threads x
refused 2 train net.yaml --quiet=3
has err "takes no value"
refused 2 train net.yaml --out a --out b
has err "given twice"
refused 2 train
has err "CONFIG is missing"
refused 2 train net.yaml net.yaml
has err "unexpected operand"
refused 2 train net.yaml --out a --resume b
refused 2 ops l11
has err "did you mean l1?"
refused 2 predict no.safetensors --csv
has err "data is missing"

# ---- The file ----
mkdir other
for path in classes.csv none.csv; do
    (cd other && "$tacet" train ../net.yaml --set "data=csv $path label=kind" 2> ../err); hasnt err "paths start"
    sed "s/classes.csv/$path/" net.yaml > at.yaml
    (cd other && "$tacet" train ../at.yaml 2> ../err)
    has err "cannot open $path" "paths start in the current folder"
done
hasnt err exists
(cd other && "$tacet" train ../net.yaml 2> ../err); has err "; ../classes.csv exists$"
awk -F, 'NR > 1 { $5 = $5 == 1 ? "no" : "yes" } { print $1 "," $2 "," $5 }' few_classes.csv > two.csv
refused 2 train net.yaml --data 'csv two.csv label=kind' --set loss=bce_with_logits --set test=
has err "end the model with linear 1"
refused 2 train net.yaml --set loss=mse; has err "target= and not label= in csv"
refused 3 train net.yaml --set loss=mse --data 'csv two.csv target=kind' --set test=; has err "label=kind instead of target="
refused 5 train nope.yaml
has err "nope.yaml: No such file"
edited 's/optimizer/optimiser/'; refused 2 train bad.yaml
has err "bad.yaml:5:1: unknown key 'optimiser'" "did you mean optimizer?"
caret optimiser
edited 's/epochs/epoch/'; refused 2 train bad.yaml
has err "bad.yaml:8:13: unknown key 'train.epoch'" "did you mean epochs?"
caret epoch
for key in 'train: {lr: 0.1}|optimizer: ... lr=...?' 'train: {momentum: 1}|optimizer: ... momentum=...?' 'lr: 1|optimizer: ... lr=...?' \
    'epochs: 3|train.epochs?' 'train: {loss: mse}|loss is a key outside train'; do
    grep -v '^train' net.yaml > bad.yaml
    echo "${key%|*}" >> bad.yaml
    refused 2 train bad.yaml
    has err "${key#*|}$"
done
edited 's/^train:.*/epochs: 3/'; refused 2 train bad.yaml
has err "did you mean train.epochs?"
edited 's/^train/trian/'; refused 2 train bad.yaml
has err "did you mean train?"
edited 's/epochs: 3/epochs: many/'; refused 2 train bad.yaml
has err "bad.yaml:8:21: train.epochs must be a whole number, not 'many'"
caret many
edited 's/epochs: 3/epochs: 0/'; refused 2 train bad.yaml
has err "at least 1"
edited 's/epochs: 3/validate: 1.5/'; refused 2 train bad.yaml
has err "train.validate"
edited 's/^train:.*/train: 3/'; refused 2 train bad.yaml
has err "bad.yaml:8:8: train must be a map"
edited 's/^test.*/loss: mse/'; refused 2 train bad.yaml
has err "bad.yaml:7:1: the key 'loss' is given twice"
edited 's/^loss.*//'; refused 2 train bad.yaml
has err "the key loss is missing"
edited 's/relu1: /*.weight: /'; refused 2 train bad.yaml
has err "bad.yaml:4:3: a key that begins with \* or \[ must be quoted" '"\*.bias"'
edited 's/relu1: /[ab]: /'; refused 2 train bad.yaml
has err "bad.yaml:4:3: a key that begins with" "must be quoted"
edited 's/relu1: /"*.weight": /'; runs 0 "$tacet" explain bad.yaml
edited 's/^  relu1: .*/  {relu1: formula "max(x, 0)" 1e-3}/'; refused 2 train bad.yaml
has err "'0)\" 1e-3' has no value" "between { and } a comma ends a value: {relu1: 'formula"
edited 's/^test:.*/test: *x/'; refused 2 train bad.yaml
has err "bad.yaml:7:7: aliases are not supported"
edited 's/^test:.*/test: \&x csv/'; refused 2 train bad.yaml
has err "anchors are not supported"
edited 's/^test:.*/test: !x csv/'; refused 2 train bad.yaml
has err "tags are not supported"
edited 's/^test:.*/test: [[[[[[[[[[[[[[[[[[[[[[[[[[/'; refused 2 train bad.yaml
has err "nested too deeply"
edited 's/^loss/\tloss/'; refused 2 train bad.yaml; has err "bad.yaml:2:1: a tab cannot indent; use spaces"
edited 's/^  relu1/ \trelu1/'; refused 2 train bad.yaml; has err "bad.yaml:4:2: a tab cannot indent; use spaces"
edited 's/^test:.*/test: "a/'; refused 2 train bad.yaml
has err "bad.yaml:"
printf 'model: "\377"\n' > bad.yaml; refused 2 train bad.yaml
has err "bad.yaml:1:9: this is not UTF-8"
: > bad.yaml; refused 2 train bad.yaml
has err "is empty"
printf -- '- a\n- b\n' > bad.yaml; refused 2 train bad.yaml
has err "bad.yaml:1:1: a configuration must be a map"
printf 'loss: mse\n---\nloss: mse\n' > bad.yaml; refused 2 train bad.yaml
has err "one document"
{ cat net.yaml; head -c 1100000 /dev/zero | tr '\0' '#'; } > bad.yaml; refused 3 train bad.yaml
has err "too large for a configuration"

# A byte order mark does not count as a column.
{ printf '\357\273\277'; sed 's/^model/modle/' net.yaml; } > bad.yaml; refused 2 train bad.yaml
has err "bad.yaml:1:1: unknown key 'modle'"

# ---- The small language, shown in the file ----
edited 's/16 | relu/16 | rlu/'; refused 2 train bad.yaml
has err 'bad.yaml:1:24: unknown layer "rlu"' "did you mean relu?"
caret rlu
edited 's/linear 8/linear size=8/'; refused 2 train bad.yaml
caret size
edited 's/momentum/momentun/'; refused 2 train bad.yaml
has err "bad.yaml:5:23: " "did you mean momentum?"
caret momentun
edited 's/  relu1/  relu7/'; refused 2 train bad.yaml
has err 'bad.yaml:4:3: the selector "relu7" matches no' "did you mean relu1?" "linear2.weight"
caret relu7
edited 's/l1 1e-3/[l2 1e-3, l9 3]/'; refused 2 train bad.yaml
has err 'bad.yaml:4:20: unknown penalty "l9"'
caret l9
edited 's/label=kind/lable=kind/'; refused 2 train bad.yaml
has err "bad.yaml:6:28: " "did you mean label?"
# A text that spans two lines of YAML, and one in quotes.
sed 's/^model:.*/model: linear 4 |/; /^loss/i\       rlu | linear 3' net.yaml > bad.yaml
refused 2 train bad.yaml
has err "bad.yaml:2:8: unknown layer"
edited 's/^model:.*/model: "linear 3 | rlu"/'; refused 2 train bad.yaml
has err "bad.yaml:1:20: unknown layer"
caret rlu
edited 's/linear 3$/linear 0/'; refused 2 train bad.yaml
has err "bad.yaml:1:"

# ---- --set and --penalty ----
refused 2 train net.yaml --set train.epochs
has err "= is missing"
refused 2 train net.yaml --set train.epoch=3
has err "unknown key 'train.epoch'" "did you mean train.epochs?"
caret train.epoch
refused 2 train net.yaml --set train=3
has err "group of keys"
refused 2 train net.yaml --set penalties.relu1=l1
has err "not set by --set" "penalty 'relu1: l1 1e-4'"
refused 2 train net.yaml --set optimizer.momentun=0.5
has err "set optimizer.momentun=0.5: sgd has no attribute momentun" "did you mean momentum?"
caret momentun
refused 2 train net.yaml --set optimizer.lr=fast
has err "set optimizer.lr=fast: lr of sgd: expected a number, got 'fast'"
caret lr=fast
refused 2 train net.yaml --set train.validate=0x1p-2 # like "l1 0x1p-3"
has err "set: train.validate must be a number, at least 0 and below 1, not '0x1p-2'"
caret 0x1p-2
refused 2 train net.yaml --set train.validate=1
has err "between 0 and 1, got 1"
refused 2 train net.yaml --set train.sparse=often
has err "train.sparse must be auto, never or always, not 'often'"
edited 's/^optimizer.*/optimizer: sgd lr=0.1 momentum=0.9 nesterow/'; refused 2 train bad.yaml --set optimizer.lr=0.2
has err "bad.yaml:[0-9]*:[0-9]*: sgd has no place for 'nesterow'"
caret nesterow
edited 's/^optimizer.*/optimizer: sgd lr=0.1 schedule=step milestones=30 60 80/'; refused 2 train bad.yaml
has err "sgd has no place for '60'" 'several numbers are written with commas: milestones=30,60$'
refused 2 train net.yaml --set model.x=3
has err "no attributes; set all of it"
refused 2 train net.yaml --penalty 'relu1 l1 3'
has err "colon is missing"
refused 2 train net.yaml --penalty 'relu1: l1 3'
has err "relu1:l1"
refused 2 train net.yaml --penalty 'relu2: l8 3'
has err 'penalty: unknown penalty "l8"'
caret l8

refused 2 explain net.yaml --set parameters.linear1=frozen
has err 'the selector "linear1" matches no parameter' "    the parameters of linear1 are linear1\.\*"
hasnt err "did you mean linear1?"
# ---- Files ----
refused 5 train net.yaml --set 'data=csv nowhere.csv label=kind'
has err "nowhere.csv"
printf 'a,b\n1,2\n3\n' > torn.csv
refused 3 train net.yaml --set 'data=csv torn.csv label=b'
has err "torn.csv"
printf 'a,kind\n1,ant\n' > words.csv
refused 3 train net.yaml --set 'data=csv words.csv'
has err "\"ant\" is not a number" "label=kind$"
refused 5 eval nowhere.safetensors
echo hello > junk.safetensors
refused 3 eval junk.safetensors
refused 3 inspect junk.safetensors
refused 3 predict junk.safetensors --data 'csv few.csv' --csv
# Control characters in a file are not passed on to the terminal.
head='{"\u001b[31mred":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
{ printf '%b' "\\0$(printf '%o' ${#head})\\0000\\0000\\0000\\0000\\0000\\0000\\0000"; printf '%s\0\0\0\0' "$head"; } > red.safetensors
runs 0 "$tacet" inspect red.safetensors
has out '^?\[31mred '
touch file
refused 5 train net.yaml --out file/below
has err "file/below"
refused 5 train --resume nowhere
has err "nowhere does not hold a run"
# A folder that contains config.yaml may belong to a run or to the user, so it is not changed.
mkdir own; cp net.yaml own/config.yaml
refused 2 train own/config.yaml --out own
same net.yaml own/config.yaml
# Data that do not fit are refused before the run, not at the end.
cut -d, -f1-3,5 classes.csv > narrow.csv
refused 3 train net.yaml --out misfit --set 'test=csv narrow.csv label=kind'
has err "narrow.csv: there is no column \"d\", which is an input of the model"
caret 'csv narrow.csv label=kind'
sed 's/,2$/,7/' few_classes.csv > seven.csv
refused 1 train net.yaml --out misfit --set 'validate=csv seven.csv label=kind'
has err "has labels up to 7, but the network has outputs for 0 to 2" "labels that are numbers count from 0"
refused 1 train net.yaml --out misfit --set 'test=csv unlabelled.csv'
has err "has no labels"
[ ! -e misfit ] || fault "a refused run left a folder"
# A closed stream's descriptor is not reused by the next file that is opened.
"$tacet" train net.yaml --out closed --set train.epochs=1 > /dev/null 2>&-
hasnt closed/metrics.jsonl "^[^{]"
"$tacet" ops >&- 2> err
[ $? -eq 5 ] || fault "a closed standard output is not noticed"
refused 1 eval closed/model.safetensors --data 'csv unlabelled.csv'
has err "'csv unlabelled.csv' has no labels"
runs 0 "$tacet" eval closed/
has err "^model: closed/model.safetensors$"
cp closed/model.safetensors closed/best.safetensors
runs 0 "$tacet" predict closed --data 'csv unlabelled.csv' --csv
has err "^model: closed/model.safetensors; the best epoch's is closed/best.safetensors$"
has out "^class,"
# inspect takes the folder of a run, and reports another folder or invalid lines.
mkdir -p bare odd own.npy
refused 5 inspect bare
has err "cannot open bare/metrics.jsonl: is this the folder of a run?"
echo '{"epoch":1,"seconds":1,"terms":7,"layers":[{"histogram":[1,2]}],"warnings":"no"}' > odd/metrics.jsonl
runs 0 "$tacet" inspect odd
echo '{"epoch":1,"seconds":1,"terms":[{"on":"a","kind":"b"}]}' > odd/metrics.jsonl
runs 0 timeout 20 "$tacet" inspect odd # a table with one column
echo '{"epoch":1,"epoch":2}' >> odd/metrics.jsonl
runs 3 "$tacet" inspect odd
has err "odd/metrics.jsonl:2:13: not a line of metrics: duplicate key"
has out "^ledger of epoch 1"
refused 5 predict closed/model.safetensors --data 'csv unlabelled.csv' --out own.npy
has err "own.npy: not a regular file"
refused 2 predict closed/model.safetensors --data 'csv unlabelled.csv' --out p.csv
has err "p.csv does not end in .npy" "^    --csv > FILE.csv writes CSV$"
[ ! -e p.csv ] || fault "p.csv is written"
refused 2 predict closed/model.safetensors --csv
has err "^    --data 'csv FILE'$"
refused 2 predict closed/model.safetensors unlabelled.csv --csv
has err "unexpected operand 'unlabelled.csv'" "^    --data 'csv unlabelled.csv'$"
for path in few.csv ./few.csv.gz few.tsv "few.csv label=kind"; do
    refused 2 eval closed --data "$path"
    has err "expected a name" "^    csv $path$"
done
for path in few.npy a/few.npz; do
    refused 2 train net.yaml --data "$path"
    has err "expected a name" "^    npy x=$path$"
done
mkdir -p shots/cat
for path in shots shots/cat "shots size=8"; do
    refused 2 train net.yaml --data "$path"
    has err "^    images ${path%% *} reads a folder of pictures, idx ${path%% *} one of IDX files$"
done
# Names must be printable text; other texts are shown without control characters.
bad=$(printf 'relu1: l1 1e-3 name=\377')
refused 2 train net.yaml --out named --penalty "$bad"
has err "^tacet: --penalty: this is not UTF-8 text" "name=?$" "^ *^"
refused 2 train net.yaml --out named --penalty "$(printf 'relu1: l1 1e-3 name=a\342\200\256b')"
has err "name=a?b$"
refused 2 train net.yaml --out named --set "$(printf 'data=csv d\377.csv label=k')"
has err "UTF-8"
[ ! -e named ] || fault "a refused run left a folder"
refused 5 train "$(printf 'esc\033[31m\302\233\342\200\256.yaml')"
has err "cannot read esc?\[31m??.yaml"
printf '{"epoch":3,"seconds":1,"terms":[{"on":"a","kind":"b","name":"x\\u001b[2J\\u202ey","value":1}]}\n' > odd/metrics.jsonl
runs 0 "$tacet" inspect odd
has out "^x?\[2J?y  *1$"
# Output that cannot be written, as on a full disk, is a failure.
if [ -w /dev/full ]; then
    "$tacet" ops > /dev/full 2> err
    [ $? -eq 5 ] || fault "a full disk is not noticed"
fi

# A network that needs more memory than the limit. (Sanitizers need the address space themselves.)
if [ -z "${TACET_SANITIZE:-}" ]; then
    runs 4 sh -c 'ulimit -v 4000000 && exec "$@"' sh "$tacet" train net.yaml --out big \
        --set 'model=linear 1000000000 | relu | linear 3'
    has err 'out of memory'
fi

finish
