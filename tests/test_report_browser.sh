# test_report_browser.sh: reports of runs and sweeps in a browser: their layout, narrow and wide, light and dark.
# timeout 240
# A script is added to a copy of the page to measure it; the page itself has no script.
command -v chromium > /dev/null || { echo "no chromium: skipped"; exit 77; }
. "$TACET_SOURCE/tests/cli.sh"

# A headless window is never narrower than 500 pixels, so each page is in a frame, which sends its results to the outer
# page. The colour scheme is that of the outer page.
cat > measure << 'END'
<script>
const wrong = [], width = document.documentElement.clientWidth;
const drawings = document.querySelectorAll('figure svg.drawing');
for (const d of drawings) {
    const name = d.querySelector('title').textContent, box = d.getBoundingClientRect();
    if (box.width < 200 || box.height < 100) wrong.push(name + ' is ' + box.width + ' by ' + box.height);
    const texts = [...d.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
    for (const [text, b] of texts) {
        if (b.left < box.left - 4 || b.right > box.right + 4 || b.top < box.top - 4 || b.bottom > box.bottom + 4)
            wrong.push(name + ': "' + text + '" is cut');
        if (b.height < 9) wrong.push(name + ': "' + text + '" is too small');
    }
    for (let i = 0; i < texts.length; i++)
        for (let k = 0; k < i; k++) {
            const [a, b] = [texts[i][1], texts[k][1]];
            if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
                Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)
                wrong.push(name + ': "' + texts[i][0] + '" and "' + texts[k][0] + '" touch');
        }
}
for (const p of document.querySelectorAll('details')) p.open = true;
for (const t of document.querySelectorAll('.wide')) {
    if (width < 500 && t.scrollWidth > t.clientWidth + 1) wrong.push('a table is ' + t.scrollWidth + ' wide: ' + t.textContent.slice(0, 60));
}
for (const t of document.querySelectorAll('td')) {
    const box = t.getBoundingClientRect();
    if (box.height > 60 && box.width < 20) wrong.push('a cell is squeezed: ' + t.textContent);
}
for (const p of document.querySelectorAll('pre'))
    if (p.scrollWidth > p.clientWidth) wrong.push('text is ' + p.scrollWidth + ' wide: ' + p.textContent.slice(0, 60));
for (const c of document.querySelectorAll('.cards')) { // each row ends where the cards end
    const box = c.getBoundingClientRect(), rows = new Map();
    for (const b of [...c.children].map(x => x.getBoundingClientRect())) rows.set(b.top, Math.max(rows.get(b.top) || 0, b.right));
    for (const right of rows.values()) if (right < box.right - 2) wrong.push('a row of cards ends at ' + right + ', not at ' + box.right);
}
if (document.documentElement.scrollWidth > width) wrong.push('wider than the window: ' + document.documentElement.scrollWidth);
const colour = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
parent.postMessage([drawings.length, innerWidth, colour[0] < 128 ? 'dark' : 'light', ...wrong].join('\n'), '*');
</script>
END

# look PAGE WIDTH COLOURS: writes the files dom and said.
look() {
    sed -e '/http-equiv="Content-Security-Policy"/d' "$1" > copy.html
    cat measure >> copy.html
    cat > frame.html << END
<!DOCTYPE html><meta name="color-scheme" content="light dark"><body style="margin:0"><pre></pre>
<script>
addEventListener('message', e => document.querySelector('pre').textContent = e.data + '\n');
console.info('begun');
</script>
<iframe src="copy.html" style="border:0;width:$2px;height:900px"></iframe>
END
    scheme=1
    [ "$3" = dark ] && scheme=0
    rm -rf profile
    timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$folder/profile" --window-size=1500,1000 \
        --blink-settings=preferredColorScheme=$scheme --enable-logging=stderr --v=0 --virtual-time-budget=5000 \
        --dump-dom "file://$folder/frame.html" > dom 2> said || fault "chromium ended with $?: $(tail -n 5 said)"
}

# looks_right PAGE FIGURES
looks_right() {
    for width in 360 900 1400; do
        for colours in light dark; do
            look "$1" "$width" "$colours"
            sed -n '/<pre>/,/<\/pre>/p' dom | sed 's/.*<pre>//; s/<\/pre>.*//' > found
            printf '%d\n%d\n%s\n' "$2" "$width" "$colours" > expected
            head -n 3 found | cmp -s - expected || fault "$1 at $width in $colours: $(cat found), not $(cat expected)"
            [ "$(sed '1,3d; /^$/d' found | wc -l)" -eq 0 ] || fault "$1 at $width in $colours:
$(sed '1,3d; s/&lt;/</g; s/&quot;/"/g' found)"
            grep CONSOLE said | grep -v '"begun"' > console
            grep -q '"begun"' said || fault "the console of the browser is not in its output"
            empty console
        done
    done
}

sed -e 's/^train: *{/train: {validate: 0.2, /' -e 's/relu1: l1 1e-3/relu1: l1 density=0.2\n  linear1.weight: l1 1e-4 prox/' \
    net.yaml > steer.yaml
runs 0 "$tacet" train steer.yaml --out a -q --set train.epochs=12
runs 0 "$tacet" train net.yaml --out with-a-rather-long-name-that-no-phone-has-room-for -q --set train.seed=2
runs 0 "$tacet" train net.yaml --out one -q --set train.epochs=1 --set optimizer.schedule=cosine
runs 0 "$tacet" report a with-* one --out several.html
runs 0 "$tacet" sweep steer.yaml --over 'relu2: l1 lambda=max/1000..max:9' --out lambdas -q
runs 0 "$tacet" sweep steer.yaml --over 'relu2: l1 1e-4..1e-1:5' --over 'linear2.weight: l1 1e-3..1e-5:3 prox' --seeds 2 --out grid -q
# Twelve columns of figures, and a picture whose columns have the names of classes.
awk 'BEGIN { print "a,b,class"; for (i = 0; i < 300; i++) print i % 7 "," i % 11 ",the class named " i % 10 }' > named.csv
sed -e '/^test:/d' -e 's/^data:.*/data: csv named.csv label=class/' -e 's/linear 3$/linear 10/' steer.yaml > named.yaml
echo 'metrics: [f1, precision, recall, confusion]' >> named.yaml
runs 0 "$tacet" sweep named.yaml --over 'relu2: l1 1e-4..1e-1:4' --seeds 2 --out wide -q
has wide/relu2-l1-0.1-seed1/report.html 'rotate(-90)" text-anchor="end">the class'
looks_right wide/report.html 5
looks_right wide/relu2-l1-0.1-seed1/report.html "$(grep -c '<figure' wide/relu2-l1-0.1-seed1/report.html)"
looks_right lambdas/report.html 5
looks_right grid/report.html 5
looks_right a/report.html "$(grep -c '<figure' a/report.html)"
looks_right several.html "$(grep -c '<figure' several.html)"
finish
