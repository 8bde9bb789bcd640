# test_cli_text.sh: text from files, paths and arguments that could act on a terminal, hide itself or is not UTF-8 is shown
# harmlessly wherever it is shown, reaches files unchanged or escaped, or is refused before the work begins.
command -v script > /dev/null || exit 77
. "$TACET_SOURCE/tests/cli.sh"
export LC_ALL=C TERM=xterm

# An escape sequence, C1 as U+009B, a right-to-left override, a zero-width space, a tag character.
bad=$(printf 'p\033[31m\302\233\342\200\256\342\200\213\363\240\201\201q')
acting='[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f\xad]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xf3\xa0|\xff'
harmless() { # FILE...
    for file; do
        grep -aP -e "$acting" "$file" > raw
        [ ! -s raw ] || fault "$file acts on a terminal: $(head -n 3 raw | cat -v)"
    done
}
# shown COMMAND...: runs it, into files and on a terminal.
shown() {
    "$tacet" "$@" > out 2> err
    harmless out err
    shown_on_terminal "$@"
}
shown_on_terminal() { # its own sequences (colours, clearing) are removed
    quoted=$(printf "'%s' " "$tacet" "$@")
    script -qec "$quoted" /dev/null < /dev/null | sed 's/\x1b\[[0-9;]*[mJ]//g; s/\r//g' > seen
    harmless seen
}

# ---- Arguments and names of files, most of them mistakes ----
for word in "$bad" "$(printf 'a\377\200b')" "$(printf 'a\nb')"; do
    shown "$word"
    shown "--$word"
    shown ops "$word"
    for command in train explain report inspect eval; do shown $command "$word"; done
    shown train --resume "$word"
    shown sweep --resume "$word"
    shown sweep net.yaml --over "$word"
    shown sweep net.yaml --over "relu1: l1 lambda=$word"
    for option in --set --penalty --data --init --threads "--$word"; do shown train net.yaml $option "$word"; done
    shown explain net.yaml --set "train.$word=3"
    shown explain net.yaml --set "model=linear 3 | $word"
    shown explain net.yaml --set "penalties.$word=l1 1"
    shown explain net.yaml --set "data=csv $word label=kind"
    shown train "net.yaml$word" --out "$word"
done
shown train "$(printf 'x\ntacet: all is well')"
[ "$(wc -l < err)" -eq 1 ] || fault "a name begins a line: $(cat err)"

# ---- A configuration ----
while read -r line; do
    sed '/^test:/d' net.yaml > odd.yaml
    printf "$line\n" >> odd.yaml
    shown train odd.yaml --out none
    [ -s err ] && [ ! -e none ] || fault "accepted: $line"
done << 'END'
"a\\e[31m\\u202e\\u200bb": 3
metrics: ["f1\\u202e"]
init: "x\\e\\N\\u2028"
te\\302\\233st: 1
test: "csv \\x1b\\uFEFF.csv label=kind"
test: csv \\377.csv
test: "csv classes.csv label=\\eb"
END
printf 'model: linear \033[31m3\n' > odd.yaml
runs 2 "$tacet" explain odd.yaml
has err '^tacet: odd.yaml:1:15: a control character$' 'stand for U+001B'
printf 'model: linear \000 3\n' > odd.yaml
runs 2 "$tacet" explain odd.yaml
has err '^tacet: odd.yaml:1:15: a control character$'

# ---- Data: a path, and words that are invisible but do not act ----
awk -F, -v OFS=, 'NR > 1 { $5 = "k\342\200\213" $5 "\342\200\216"; $6 = "id" NR "\342\200\215" }
    NR == 1 { $1 = "a\302\255"; $6 = "id" } { print }' classes.csv > "$bad.csv"
sed "s/^data:.*/data: \"csv p\\\\e[31m\\\\x9b\\\\u202e\\\\u200b\\\\U000e0041q.csv label=kind id=id\"/; /^test:/d" net.yaml > odd.yaml
echo 'metrics: [f1, confusion]' >> odd.yaml
for out in "$bad" "$(printf 'o\377')"; do
    runs 0 "$tacet" train odd.yaml --out "$out" --tensorboard --set train.validate=0.2
    harmless out err
    runs 0 "$tacet" train --resume "$out" --set train.epochs=4
    harmless out err
    harmless "$out/run.json" "$out/metrics.jsonl" "$out/config.yaml" "$out/report.html"
    for command in inspect report explain; do shown $command "$out"; done
    shown eval "$out/model.safetensors"
    shown eval "$out/model.safetensors" --json
    runs 0 "$tacet" sweep odd.yaml --over 'relu1: l1 lambda=1e-4..1e-3:2' --no-penalties --out "$out-s"
    harmless out err "$out-s/sweep.json" "$out-s/config.yaml" "$out-s/report.html"
    shown sweep --resume "$out-s" --json
    runs 0 "$tacet" report "$out" "$out-s"/*1 --out page.html
    harmless out err page.html
done
# CSV for programs has the words as they are, on a terminal they are shown.
runs 0 "$tacet" predict "$bad/model.safetensors" --csv --id id --data "csv $bad.csv label=kind"
grep -q "^id2$(printf '\342\200\215'),k$(printf '\342\200\213')" out || fault "CSV has other words: $(sed -n 2p out | cat -v)"
shown_on_terminal predict "$bad/model.safetensors" --csv --id id --data "csv $bad.csv label=kind"

# ---- Paths that are not UTF-8 ----
odd=$(printf 'home\377')
mkdir "$odd"
cp net.yaml classes.csv few_classes.csv "$odd"
(cd "$odd" && runs 0 "$tacet" train net.yaml --out run -q)
has "$odd/run/run.json" '"folders":\["..",{"bytes":"2f[0-9a-f]*2f686f6d65ff"}\]'
mv "$odd/run" moved
runs 0 "$tacet" train --resume moved --set train.epochs=4 -q # finds the data where the run was begun
runs 0 "$tacet" eval moved/model.safetensors
runs 2 "$tacet" sweep net.yaml --over 'relu1: l1 lambda=1e-4..1e-3:2' --warm --out "$odd/sweep"
has err "^tacet: with --warm, the folder's name must be UTF-8: home?/sweep$"
[ ! -e "$odd/sweep" ] || fault "a refused sweep left a folder"

# ---- Words and names that act are refused ----
refuses() { # FIELD LINE COLUMN CHARACTER: in the place of the label of row 2
    printf "x,y,kind\n1,2,a\n2,3,$1\n3,1,b\n" > words.csv
    runs 3 "$tacet" train net.yaml --set 'data=csv words.csv label=kind' --set test= --out none
    has err "words.csv, line 3, column 3 (kind): the text has the control character $2$"
    printf "x,\"$1\",kind\n1,2,a\n2,3,b\n" > words.csv
    runs 3 "$tacet" train net.yaml --set 'data=csv words.csv label=kind' --set test= --out none
    has err "words.csv, line 1, column 2: the text has the control character $2$"
}
refuses 'a\033[31m' U+001B
refuses '\302\233a' U+009B
refuses 'a\177' U+007F
refuses 'a\342\200\256b' U+202E
refuses 'a\342\201\246b' U+2066
[ ! -e none ] || fault "refused data left a folder"

# The name of a term may have a character that cannot be seen, as in a family of emoji, but none that acts.
joined=$(printf 'relu1: l1 1e-4 name=a\342\200\215b')
runs 0 "$tacet" train net.yaml --penalty "$joined" --out joined
harmless out err
has out '^relu1:a?b'
runs 0 "$tacet" eval joined
runs 2 "$tacet" train net.yaml --penalty "$(printf 'relu1: l1 1e-4 name=a\342\200\256b')" --out none
has err 'a name is UTF-8 text, one line without control characters'

# A class whose name has two lines is one class.
awk -F, -v OFS=, 'NR > 1 { $5 = $5 == 1 ? "\"one\nmore\"" : "c" $5 } { print }' classes.csv > lines.csv
runs 0 "$tacet" train net.yaml --set 'data=csv lines.csv label=kind' --set test= --set 'metrics=f1' --out lines
has out '^c2  *[0-9.]*$' '^one more  *[0-9.]*$'
has lines/run.json '"classes":\["c0","c2","one more"\]'
finish
