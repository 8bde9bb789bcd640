# browser.sh: shared by the tests that look at pages in a browser, which begin with `. "$TACET_SOURCE/tests/browser.sh"`.
command -v chromium > /dev/null || { echo "no chromium: skipped"; exit 77; }
. "$TACET_SOURCE/tests/cli.sh"

# A script is added to a copy of the page to measure it; the page itself has no script.
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
