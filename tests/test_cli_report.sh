# test_cli_report.sh: the page of one run and of several: it is written, is self-contained, escapes text, and shows the
# measured figures.
. "$TACET_SOURCE/tests/cli.sh"

# alone FILE: checks that the page loads and runs nothing, and that every element is closed.
alone() {
    for pattern in '<script' 'src=' 'href=' 'https*:' 'url(' '@import' '<link' '<iframe' '<object' ' on[a-z]*='; do
        hasnt "$1" "$pattern"
    done
    has "$1" '^<!DOCTYPE html>' 'Content-Security-Policy" content="default-src .none.' '^</html>$'
    awk '
        { text = text $0 "\n" }
        END {
            sub(/<style>.*<\/style>/, "", text)
            while (match(text, /<\/?[a-z0-9]+[^>]*>/)) {
                tag = substr(text, RSTART, RLENGTH)
                text = substr(text, RSTART + RLENGTH)
                name = tag
                gsub(/^<\/?|[ \t\n>\/].*$/, "", name)
                if (tag ~ /\/>$/ || name == "meta") continue
                if (tag !~ /^<\//) { open[++n] = name; continue }
                if (open[n] != name) { print "</" name "> closes <" open[n] ">"; exit 1 }
                n--
            }
            if (n) { print "<" open[n] "> is not closed"; exit 1 }
        }' "$1" > balance || fault "$1: $(cat balance)"
}

# figures FILE: prints the number of figures, after checking that each has a drawing, a title, a description and a table.
figures() {
    awk '
        /<figure/ { n++; svg = title = desc = table = 0 }
        /<svg class="drawing" viewBox="0 0 [0-9.]* [0-9.]*" role="img" aria-labelledby="t[0-9]* d[0-9]*">/ { svg++ }
        /<title id="t[0-9]*">[^<]/ { title++ }
        /<desc id="d[0-9]*">[^<]/ { desc++ }
        /<summary>Numbers/ { table++ }
        /<\/figure>/ { if (svg != 1 || title != 1 || desc != 1 || table != 1) bad = bad " " n }
        END { if (bad) print "figures" bad; else print n + 0 }' "$1"
}

# numbers FILE TITLE: prints the table of the figure with this title, one line per row.
numbers() {
    awk -v title="<h3>$2</h3>" '
        $0 == title { on = 1 }
        /<\/figure>/ { on = 0 }
        on && /<\/tr>/ { gsub(/<\/t[dh]>/, " "); gsub(/<[^>]*>/, ""); sub(/ *$/, ""); print }' "$1"
}

# ---- A run writes its page ----
sed -e 's/^train: *{/train: {validate: 0.2, /' -e 's/relu1: l1 1e-3/relu1: l1 density=0.2\n  linear1.weight: l1 1e-4 prox/' \
    net.yaml > steer.yaml
runs 0 "$tacet" train steer.yaml --out a
has err "^report: a/report.html$"
alone a/report.html
[ "$(figures a/report.html)" -ge 10 ] || fault "figures: $(figures a/report.html)"
has a/report.html '<title>a</title>' '<dt>accuracy, test</dt>' '<h2>Loss</h2>' '<h2>Penalties</h2>' '<h2>Density</h2>' \
    '<h2>Time</h2>' '<h2>Weights</h2>' '<h3>Data loss</h3>' '<h3>accuracy</h3>' '<h3>relu1:l1</h3>' '<h3>linear1.weight:l1</h3>' '<h3>Lambda</h3>' \
    'relu1, target' 'relu1, due by then' '<td>state</td><td>ended</td>' 'l1 density=0.2' '240 training, 60 validation' \
    '^  relu1: l1 density=0.2' '<td class="r"[^>]*>243</td>' '<li><svg class="key"[^>]*><path class="line s0 faint"[^>]*></svg>single steps</li>'
cp a/report.html first
runs 0 "$tacet" report a
empty out; has err "^report: a/report.html$"
same first a/report.html
runs 0 "$tacet" report a --out elsewhere.html
same first elsewhere.html

runs 0 "$tacet" report a/ --out elsewhere.html # a slash from shell completion
same first elsewhere.html

# ---- The last step of an epoch is drawn; a partial epoch does not count as an epoch ----
runs 0 "$tacet" train net.yaml --out ends -q --set train.log=10 --set train.steps=25
hasnt ends/report.html 'faint" d=""'
has ends/report.html "2 epochs and part of the next, 25 steps"

# ---- Any two doubles can be drawn ----
mkdir -p far_apart
printf '{"epoch":1,"step":10,"data_loss":1e-9,"seconds":1}\n{"epoch":2,"step":20,"data_loss":1e298,"seconds":1}\n' > far_apart/metrics.jsonl
runs 0 timeout 20 "$tacet" report far_apart
printf '{"epoch":1,"step":10,"data_loss":5e-324,"seconds":1}\n{"epoch":2,"step":20,"data_loss":1e-323,"seconds":1}\n' > far_apart/metrics.jsonl
runs 0 timeout 20 "$tacet" report far_apart
hasnt far_apart/report.html '[^a-z]-\{0,1\}nan[^a-z]'

# ---- A configuration that cannot be read is left out of the comparison ----
cp -r a bad; printf 'model: linear 99\nloss: [mse\noptimizer: sgd lr=7\n' > bad/config.yaml
runs 3 "$tacet" report a bad --out bad.html
has err "bad/config.yaml:3:10: " "bad/config.yaml is left out of the comparison: it is not YAML" "^report: bad.html$"
has bad.html '<p class="missing">bad/config.yaml is left out of the comparison: it is not YAML</p>'
hasnt bad.html 'linear 99</td>'
rm -r bad far_apart ends

# ---- The figures are those of metrics.jsonl ----
grep '^{"epoch":' a/metrics.jsonl > epochs
n='\([^,]*\)'
sed "s/^{\"epoch\":$n,.*\"data_loss\":$n,\"learning_rate.*\"validation\":{\"accuracy\":$n,\"data_loss\":$n,.*/\1 \2 \4/" epochs |
    awk 'BEGIN { print "epoch training validation" } { printf "%d %.4g %.4g\n", $1, $2, $3 }' > expected
numbers a/report.html "Data loss" > shown
same shown expected
sed "s/^{\"epoch\":$n,.*,\"accuracy\":$n,\"terms.*\"validation\":{\"accuracy\":$n,.*/\1 \2 \3/" epochs |
    awk 'BEGIN { print "epoch training validation" } { printf "%d %.4g %.4g\n", $1, $2, $3 }' > expected
numbers a/report.html accuracy > shown
same shown expected
sed 's/^{"epoch":\([0-9]*\),"step":\([0-9]*\),.*"seconds":\([^}]*\)}$/\1 \2 \3/' epochs |
    awk 'BEGIN { print "epoch time per step [ms]" } { printf "%d %.4g\n", $1, $3 / ($2 - before) * 1000; before = $2 }' > expected
numbers a/report.html "Time per step" > shown
same shown expected
numbers a/report.html "How often units of relu2 fire" | awk 'NR > 1 { sum += $2 } END { exit sum != 8 || NR != 12 }' || fault "not 8 units in 11 bars"

# ---- No validation; regression; one epoch; no finished epoch ----
runs 0 "$tacet" train net.yaml --out plain --no-penalties -q
empty err
alone plain/report.html
has plain/report.html 'No data were held out for validation'
hasnt plain/report.html '<h2>Penalties</h2>'
hasnt plain/report.html '<h2>Warnings</h2>'
hasnt plain/report.html 'objective'
sed -e 's/linear 3$/linear 1/; s/cross_entropy/mse/; /^test/d' \
    -e 's/classes.csv label=kind/prices.csv target=price/' net.yaml > reg.yaml
runs 0 "$tacet" train reg.yaml --out r -q --set optimizer.lr=0.02 --set train.validate=0.1
hasnt r/report.html '[aA]ccuracy'
runs 0 "$tacet" train net.yaml --out one -q --set train.epochs=1
numbers one/report.html "Data loss" | awk 'END { exit NR != 2 }' || fault "not one row for one epoch"
sed -n '/<h3>relu1:l1</,/<\/figure>/p' one/report.html > part
has part '<circle class="f0" cx="[0-9.]*" cy="[0-9.]*" r="3.5"><title>epoch 1; training [0-9.]*</title></circle>' # one point is a dot
cp -r one none
: > none/metrics.jsonl
sed -i 's/"ended","began"/"stopped","began"/; s/,"figures":{.*}}$/}/' none/run.json
runs 0 "$tacet" report none
alone none/report.html
has none/report.html 'No epoch has finished yet' 'stopped by a signal' '<td[^>]*>linear 16</td>'
hasnt none/report.html '<figure'
grep '^{"step"' one/metrics.jsonl > none/metrics.jsonl # only steps of the first epoch
runs 0 "$tacet" report none
[ "$(figures none/report.html)" -eq 1 ] || fault "the steps before the first epoch are not shown"
rm none/run.json none/config.yaml
runs 0 "$tacet" report none
alone none/report.html

# ---- Runs that fail, are stopped, or cannot write the page ----
runs 6 "$tacet" train net.yaml --out inf --set optimizer.lr=1e30
has inf/report.html '<td>state</td><td>failed</td>'
"$tacet" train net.yaml --out stop -q --set train.epochs=1000000 2> err &
while ! grep -qs '^{"epoch"' stop/metrics.jsonl; do sleep 0.1; done
kill -INT $!
wait $!
code=$?
[ "$code" -eq 130 ] || fault "exit code $code after SIGINT: $(cat err)"
has stop/report.html 'stopped by a signal' '<h3>Data loss</h3>'
mkdir -p lost/report.html
runs 5 "$tacet" train net.yaml --out lost
has lost/run.json '"state":"ended"'
has err "^tacet: cannot write lost/report.html: not a regular file$" "the run is in lost"
has out "^relu1:l1 "

# ---- Several runs ----
runs 0 "$tacet" train net.yaml --out b -q --set train.seed=2 --penalty 'relu2: l1 1e-4'
runs 0 "$tacet" report a b plain
alone report.html
[ "$(figures report.html)" -ge 15 ] || fault "figures: $(figures report.html)"
has report.html '<title>a, b and plain</title>' '<h2>Differences</h2>' '<h2>What was trained</h2>' '<li>.*a, training</li>' \
    '<li>.*b, training</li>' '<td data-head="setting">penalties.relu1</td><td data-head="a">l1 density=0.2</td><td data-head="b">l1 1e-3</td><td data-head="plain">-</td>' \
    '<td[^>]*>train.seed</td><td[^>]*>1</td><td[^>]*>2</td><td[^>]*>1</td>' '<td[^>]*>accuracy</td><td[^>]*>0\.[0-9]*</td><td[^>]*>0' \
    '<h3>Network of a</h3>'
hasnt report.html '>train.batch</td>' # the same in all runs
numbers report.html "Data loss" > shown
has shown "^epoch a, training a, validation b, training plain, training$" "^3 [0-9.e-]* [0-9.e-]* [0-9.e-]* [0-9.e-]*$"
runs 0 "$tacet" report a ./a --out twice.html # runs with the same name are shown by their paths
has twice.html '<title>a and ./a</title>' 'The configurations are the same.'
runs 0 "$tacet" report r one none inf --out mixed.html
alone mixed.html
has mixed.html 'none has not finished an epoch' 'inf has not finished an epoch'

# ---- Text from files is escaped ----
hostile='x&<b onload="1">'"'"
runs 0 "$tacet" train net.yaml --out "$hostile" -q --set train.epochs=2
hasnt "$hostile/report.html" '<b '
has "$hostile/report.html" '<title>x&amp;&lt;b onload=&quot;1&quot;&gt;&#39;</title>'
sed -i 's/"warnings":\[\]/"warnings":[{"on":"<i>","kind":"k","text":"a\\u0007<script>\&amp;"}]/; s/"name":"relu1"/"name":"<u>\&"/' \
    "$hostile/metrics.jsonl"
sed -i '1s/$/ <script>/' "$hostile/config.yaml"
runs 0 "$tacet" report "$hostile" a --out hostile.html
runs 0 "$tacet" report "$hostile"
for page in hostile.html "$hostile/report.html"; do
    for tag in '<b ' '<i>' '<u>' '<script'; do hasnt "$page" "$tag"; done
    has "$page" '&lt;i&gt;: a?&lt;script&gt;&amp;amp;' '&lt;u&gt;&amp;' '&lt;script&gt;$'
done

# ---- Odd lines: missing values, zeros, wrong types, a thousand epochs ----
mkdir odd
awk 'BEGIN {
    for (e = 1; e <= 1000; e++)
        printf "{\"epoch\":%d,\"step\":%d,\"data_loss\":%s,\"objective\":5,\"learning_rate\":\"x\",\"terms\":[" \
            "{\"name\":\"t\",\"on\":\"w\",\"lambda\":0,\"value\":0,\"gradient\":0,\"data_gradient\":0,\"share\":1e308}]," \
            "\"layers\":[{\"name\":\"l\",\"density\":%s,\"units\":4,\"dead\":9,\"histogram\":[4,0,0,0,0,0,0,0,\"y\",null]," \
            "\"dead_units\":[1,2]},3,{}],\"warnings\":7,\"seconds\":%d}\n", e, e, e == 2 ? "null" : e, e % 2 ? "1e-9" : "[]", e
}' > odd/metrics.jsonl
printf '{"epoch":1001,"seconds":' >> odd/metrics.jsonl # the run is still writing
runs 0 "$tacet" report odd
alone odd/report.html
figures odd/report.html > count
has count '^[1-9][0-9]*$'
numbers odd/report.html "Data loss" > shown
has shown "^1 1$" "^1000 1000$"
[ "$(wc -l < shown)" -eq 61 ] || fault "$(wc -l < shown) lines for a thousand epochs"
hasnt odd/report.html 'nan\|inf[^oe]'
[ "$(wc -c < odd/report.html)" -lt 300000 ] || fault "a page of $(wc -c < odd/report.html) bytes"

mkdir far # extreme numbers must not give an axis endless ticks
printf '{"epoch":%s,"step":%s,"data_loss":%s,"objective":%s,"terms":[{"name":"t","lambda":%s}],"seconds":1}\n' \
    1 9007199254740992 1e-320 9007199254740993 1e-320 9007199254740992 1e308 1e-300 9007199254740992 1e-5 \
    9007199254740993 -1e308 1e299 9007199254740992 1 > far/metrics.jsonl
runs 0 timeout 20 "$tacet" report far
alone far/report.html

# ---- An axis is marked at both ends, which lie around the numbers ----
mkdir marked
for range in '0.0003 0.3' '0.02 0.08' '1e-12 2e5' '0.2 0.25' '3 29' '0.001 0.0015' '1e-6 1e-1' '0.5 1.01' '7e-200 3e200' '0.099 0.51'; do
    # shellcheck disable=SC2086
    printf '{"epoch":1,"step":1,"terms":[{"name":"t","on":"w","lambda":%s}],"seconds":1}\n{"epoch":2,"step":2,"terms":[{"name":"t","on":"w","lambda":%s}],"seconds":1}\n' \
        $range > marked/metrics.jsonl
    runs 0 "$tacet" report marked
    sed -n '/<h3>Lambda/,/<\/figure>/s/^\(<text.*\)text-anchor="end">\([^<]*\)<.*/\2/p' marked/report.html > labels
    # shellcheck disable=SC2086
    awk -v range="$range" 'BEGIN { split(range, r, " ") } NR == 1 { least = $1 } NR > 1 && $1 + 0 <= last + 0 { bad = 1 } { last = $1 }
        END { exit bad || NR < 2 || NR > 12 || least > r[1] * 1.0001 || last < r[2] * 0.9999 }' labels || fault "an axis for $range: $(paste -s -d ' ' labels)"
    for end in 224 33; do
        sed -n '/<h3>Lambda/,/<\/figure>/p' marked/report.html | grep -q "class=\"grid\" d=\"M[0-9.]* $end.0H" || fault "no mark at an end of the axis for $range"
    done
done

# ---- Warnings of all epochs, with the epochs; bars by powers of ten where most units fire rarely ----
mkdir rare
awk 'BEGIN {
    for (e = 1; e <= 9; e++) {
        w = (e < 4 || e == 6 ? "{\"on\":\"l\",\"kind\":\"k\",\"text\":\"text " e "\"}" : "")
        w = w (w && e == 3 ? "," : "") (e == 3 ? "{\"on\":\"l\",\"kind\":\"other\",\"text\":\"once\"}" : "")
        printf "{\"epoch\":%d,\"step\":%d,\"data_loss\":1,\"layers\":[" \
            "{\"name\":\"few\",\"units\":20,\"dead\":2,\"histogram\":[13,7,0,0,0,0,0,0,0,0],\"decades\":[3,0,1,4,5,7]}," \
            "{\"name\":\"many\",\"units\":20,\"dead\":2,\"histogram\":[10,10,0,0,0,0,0,0,0,0],\"decades\":[2,0,0,0,8,10]}," \
            "{\"name\":\"small\",\"units\":20,\"dead\":2,\"histogram\":[13,7,0,0,0,0,0,0,0,0],\"decades\":[2,0,0,6,5,7]}," \
            "{\"name\":\"old\",\"units\":20,\"dead\":2,\"histogram\":[13,7,0,0,0,0,0,0,0,0]}],\"warnings\":[%s],\"seconds\":1}\n", e, e, w
    }
}' > rare/metrics.jsonl
runs 0 "$tacet" report rare
alone rare/report.html
has rare/report.html '<h2>Warnings</h2>' '<p>l: text 6 (epochs 1 to 3, 6)</p>' '<p>l: once (epoch 3)</p>'
numbers rare/report.html "How often units of few fire" | tail -n +2 | paste -s -d, - > shown
has shown '^0 2,.001 1,.01 0,.1 1,1 4,10 5,100 7$'
# With few samples no unit can fire so seldom.
numbers rare/report.html "How often units of small fire" | tail -n +2 | paste -s -d, - > shown
has shown '^0 2,1 6,10 5,100 7$'
for layer in many old; do numbers rare/report.html "How often units of $layer fire" | wc -l > shown; has shown '^12$'; done
runs 0 "$tacet" inspect rare
has out '^layer  density  never  .001%  .01%  .1%  1%  10%  100%$' '^few  *-  *2  *1  *0  *1  *4  *5  *7$' '^many  *-  *2  *8  *10  *0 ' \
    'never, in up to .001%, .01%, ... of the samples$' 'never, in up to 10%, 20%, ... of the samples$'
mkdir small; sed 's/{"name":"few".*{"name":"small"/{"name":"small"/; s/,{"name":"old".*}\],"warn/],"warn/' rare/metrics.jsonl > small/metrics.jsonl
runs 0 "$tacet" inspect small
has out '^layer  density  never  1%  10%  100%$' '^small  *-  *2  *6  *5  *7$' 'never, in up to 1%, 10%, ... of the samples$'
runs 0 "$tacet" inspect rare
has out '^warning, epochs 1 to 3, 6: l: text 6$' '^warning, epoch 3: l: once$'

# ---- Weights of which none can become 0 have no density; of several terms on the same weights a penalty has it ----
runs 0 "$tacet" train net.yaml --out norms -q --penalty 'linear1.weight: unit_norm' --penalty 'linear2.weight: l2 1e-4'
hasnt norms/report.html 'Remaining weights'
runs 0 "$tacet" train net.yaml --out both -q --penalty 'linear1.weight: max_norm' --penalty 'linear1.weight: l1 0.05 prox' \
    --penalty 'linear2.weight: l1_ball 2'
numbers both/report.html 'Remaining weights' > shown
has shown '^epoch linear1.weight:l1 linear2.weight:l1_ball$'

# ---- Refused ----
cp -r a bad
sed -i '2s/.*/{"epoch":/' bad/metrics.jsonl
runs 3 "$tacet" report bad
has err "^tacet: bad/metrics.jsonl:2:10: not a line of metrics: expected a value"
echo '[1]' > bad/metrics.jsonl
runs 3 "$tacet" report bad
has err "^tacet: bad/metrics.jsonl:1:1: not a line of metrics: expected an object"
cp a/metrics.jsonl bad/metrics.jsonl
echo '[' > bad/run.json
runs 3 "$tacet" report a bad --out bad.html
has err "^tacet: bad/run.json:2:1: not a record of a run: expected a value"
runs 5 "$tacet" report a nowhere --out never.html
[ ! -e never.html ] || fault "a page of a folder that does not exist"
runs 5 "$tacet" report nowhere
has err "cannot open nowhere/metrics.jsonl: is this the folder of a run?"
runs 5 "$tacet" report a --out no/such/folder.html
has err "cannot write no/such/folder.html"
runs 2 "$tacet" report
has err "is missing"
finish
