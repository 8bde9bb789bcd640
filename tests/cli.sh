# cli.sh: shared by the tests of the program, which begin with `. "$TACET_SOURCE/tests/cli.sh"`.
# Changes to a new folder with small data, and counts failures.
set -u
tacet=${TACET:?}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
wrong=0

# Three classes of points in four dimensions, and a linear function of them for regression.
awk 'BEGIN {
    srand(7); print "a,b,c,d,kind,price"
    for (i = 0; i < 300; i++) {
        k = i % 3; a = rand() + k; b = rand() - k; c = rand() * 2; d = rand()
        printf "%.4f,%.4f,%.4f,%.4f,%d,%.4f\n", a, b, c, d, k, 2 * a - b + 0.5 * c
    }
}' > points.csv
head -n 91 points.csv > few.csv
cut -d, -f1-5 points.csv > classes.csv
cut -d, -f1-5 few.csv > few_classes.csv
cut -d, -f1-4,6 points.csv > prices.csv
cut -d, -f1-4 few.csv > unlabelled.csv

cat > net.yaml << 'END'
model:     linear 16 | relu | linear 8 | relu | linear 3
loss:      cross_entropy
penalties:
  relu1: l1 1e-3
optimizer: sgd lr=0.1 momentum=0.9
data:      csv classes.csv label=kind
test:      csv few_classes.csv label=kind
train:     {epochs: 3, batch: 32, seed: 1, log: 5}
END

fault() {
    echo "FAIL: $*" >&2
    wrong=$((wrong + 1))
}

# runs CODE COMMAND...: checks the exit code of the command; its output goes to the files out and err.
runs() {
    expected=$1
    shift
    "$@" > out 2> err
    code=$?
    [ "$code" -eq "$expected" ] || fault "exit code $code, not $expected: $*
$(cat out err)"
}

# has FILE PATTERN...: checks that each pattern (a basic regular expression) matches a line of the file.
has() {
    file=$1
    shift
    for pattern; do
        grep -q -e "$pattern" "$file" || fault "no '$pattern' in $file:
$(head -c 2000 "$file")"
    done
}

# await FILE PATTERN: waits until a line of the file matches.
await() {
    for _ in $(seq 400); do
        grep -q "$2" "$1" 2> /dev/null && return
        sleep 0.05
    done
    fault "no '$2' in $1"
}

hasnt() { ! grep -q -e "$2" "$1" || fault "'$2' is in $1: $(grep -e "$2" "$1")"; }
same() { cmp -s "$1" "$2" || fault "$1 and $2 differ"; }
empty() { [ ! -s "$1" ] || fault "$1 is not empty: $(cat "$1")"; }

finish() {
    [ "$wrong" -eq 0 ] || echo "$wrong checks failed" >&2
    [ "$wrong" -eq 0 ]
    exit
}
