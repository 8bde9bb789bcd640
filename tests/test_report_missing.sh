# test_report_missing.sh: what a page lacks: it says what is missing and why, so does the program, and the rest is shown.
. "$TACET_SOURCE/tests/cli.sh"

runs 0 "$tacet" train net.yaml --out whole -q
runs 0 "$tacet" report whole
hasnt whole/report.html 'class="missing"'

# lacks CODE TEXT: reports the run `lame`, alone and with another one: the code, the message, and the same text on the
# page, which is otherwise there.
lacks() {
    runs "$1" "$tacet" report lame
    has err "^tacet: $2$" '^report: lame/report.html$'
    [ "$(grep -c "$2" err)" -eq 1 ] || fault "said more than once: $(cat err)"
    has lame/report.html "^<p class=\"missing\">$2</p>$" '^</html>$'
    runs "$1" "$tacet" report whole lame --out both.html
    has err "^tacet: $2$" '^report: both.html$'
    has both.html "^<p class=\"missing\">$2</p>$" '^</html>$' '<h3>Data loss</h3>'
}

# fresh: the run `lame` is whole again.
fresh() {
    rm -rf lame
    cp -r whole lame
    rm lame/report.html
}

# ---- Files whose state is not known, that are no files, or that have the wrong contents ----
loop='Too many levels of symbolic links'
for file in model.safetensors config.yaml run.json metrics.jsonl; do
    fresh
    ln -sf "$file" "lame/$file"
    lacks 5 "cannot read lame/$file: $loop"
done
hasnt both.html 'lame has not finished an epoch' # nobody knows
hasnt lame/report.html 'No epoch has finished'

fresh
rm lame/model.safetensors
mkdir lame/model.safetensors
lacks 5 'cannot open lame/model.safetensors: not a regular file'
fresh
head -c 300 whole/model.safetensors > lame/model.safetensors
lacks 3 'lame/model.safetensors: truncated, or not a safetensors file: .*'
has lame/report.html '<h2>Weights</h2>' '<h3>Data loss</h3>'
fresh
sed -i 's/cross_entropy/cross_entr0py/' lame/model.safetensors
lacks 3 'lame/model.safetensors: tacet.loss: unknown loss .*'
has lame/report.html '>linear1.weight</td>' # what can be read is shown
fresh
echo '{"tacet"' > lame/run.json
lacks 3 'lame/run.json:2:1: not a record of a run: expected :'
has lame/report.html '<h3>Data loss</h3>'
fresh
rm lame/config.yaml
mkdir lame/config.yaml
lacks 5 'cannot read lame/config.yaml: Is a directory'
fresh
rm lame/metrics.jsonl
mkfifo lame/metrics.jsonl
lacks 5 'cannot read lame/metrics.jsonl: not a regular file'

# ---- Files that an ended run must have, and others need not ----
for file in model.safetensors config.yaml; do
    fresh
    rm "lame/$file"
    lacks 5 "lame/$file does not exist"
    for state in running stopped failed; do
        sed -i "s/\"state\":\"[a-z]*\"/\"state\":\"$state\"/" lame/run.json
        runs 0 "$tacet" report lame
        hasnt lame/report.html 'class="missing"'
    done
done
rm lame/model.safetensors lame/run.json lame/metrics.jsonl
cp whole/config.yaml lame
runs 0 "$tacet" report lame
has lame/report.html '<p>There is no model yet.</p>' 'No epoch has finished yet' '^train:$'
runs 0 "$tacet" inspect lame
has out '^No epoch has finished yet'

# ---- Lines of metrics.jsonl ----
fresh
sed -i '2s/.*/torn, {"epoch"/' lame/metrics.jsonl
lacks 3 'lame/metrics.jsonl:2:1: not a line of metrics: expected a value'
has lame/report.html '<h3>Data loss</h3>' '<h2>Penalties</h2>'
"$tacet" inspect whole > whole.txt
runs 3 "$tacet" inspect lame
has err '^tacet: lame/metrics.jsonl:2:1: not a line of metrics: expected a value$'
grep -v 'shows the weights' whole.txt | sed '$d' > expected
same out expected
fresh
yes 7 | head -n 30 >> lame/metrics.jsonl
runs 3 "$tacet" report lame
has err '^tacet: lame/metrics.jsonl: 20 more lines are not lines of metrics$'
[ "$(grep -c metrics err)" -eq 11 ] || fault "$(grep -c metrics err) messages"
has lame/report.html '20 more lines are not lines of metrics'
fresh
printf '{"epoch":4,"step":' >> lame/metrics.jsonl # killed while it was writing
runs 0 "$tacet" report lame

# A file that is shorter than its checkpoint, and ends within a line, is cut to whole lines when the run goes on.
runs 0 "$tacet" train net.yaml --out torn -q
head -c "$(($(wc -c < torn/metrics.jsonl) - 100))" whole/metrics.jsonl > torn/metrics.jsonl
runs 0 "$tacet" train --resume torn -q --set train.epochs=4
has err 'torn/metrics.jsonl is shorter than when the checkpoint was written'
runs 0 "$tacet" report torn
has torn/report.html '<title>epoch 4; training'

# ---- A run that has ended has metrics; one that has not may have none yet ----
fresh
rm lame/metrics.jsonl
for command in report inspect; do
    runs 5 "$tacet" $command lame
    has err '^tacet: cannot read lame/metrics.jsonl: No such file or directory$'
    hasnt out 'No epoch has finished yet'
done
sed -i 's/"state":"ended"/"state":"running"/' lame/run.json
runs 0 "$tacet" inspect lame
has out 'No epoch has finished yet'

# ---- A failure that shows only later is told with its own reason ----
runs 5 sh -c 'trap "" XFSZ; ulimit -f 4; exec "$@"' sh "$tacet" report whole --out large.html
has err '^tacet: cannot write large.html: File too large$'
[ -z "$(find . -name 'large*')" ] || fault "left over: $(find . -name 'large*')"
for command in 'ops' 'ops l1' '--help' '--manual' 'inspect whole'; do
    # shellcheck disable=SC2086
    runs 5 sh -c '"$@" > /dev/full' sh "$tacet" $command
    has err '^tacet: cannot write to standard output: No space left on device$'
done

# ---- Long files and long lines, in little memory ----
if [ -z "${TACET_SANITIZE:-}" ]; then
    mkdir long wide
    for i in 1 2 3 4 5 6; do mkdir "wide/$i"; done
    awk 'BEGIN {
        list = "0"
        for (i = 1; i < 3000; i++) list = list "," i
        for (e = 1; e <= 4000; e++) {
            for (s = 1; s <= 4; s++) printf "{\"step\":%d,\"epoch\":%d,\"data_loss\":%g}\n", 4 * e + s - 4, e, 1 / (e + s / 4)
            printf "{\"epoch\":%d,\"step\":%d,\"data_loss\":%g,\"learning_rate\":%g,\"layers\":[{\"name\":\"l\",\"density\":0.5," \
                "\"units\":5000,\"dead\":3000,\"histogram\":[5000,0,0,0,0,0,0,0,0,0],\"dead_units\":[%s]}],\"warnings\":[],\"seconds\":1}\n", e, 4 * e, 1 / e, e, list
        }
    }' > long/metrics.jsonl
    awk 'BEGIN {
        printf "{\"epoch\":1,\"step\":1,\"data_loss\":1,\"layers\":[{\"name\":\"l\",\"density\":1,\"units\":1,\"dead\":1,\"dead_units\":[0"
        for (i = 1; i < 800000; i++) printf ",%d", i
        print "]}],\"seconds\":1}"
    }' | tee wide/1/metrics.jsonl wide/2/metrics.jsonl wide/3/metrics.jsonl wide/4/metrics.jsonl wide/5/metrics.jsonl \
        > wide/6/metrics.jsonl
    # All of the lines at once take more than that.
    runs 0 sh -c 'ulimit -v 400000; exec "$@"' sh "$tacet" report long
    has long/report.html '<td class="r">4000</td>' '3000 of 5000 units of l never fired'
    runs 4 sh -c 'ulimit -v 400000; exec "$@"' sh "$tacet" report wide/1 wide/2 wide/3 wide/4 wide/5 wide/6 --out wide.html
    has err '^tacet: wide/[1-6]/metrics.jsonl: the lists in its last line are too long to be shown with so many runs$' '^report: wide.html$'
fi
finish
