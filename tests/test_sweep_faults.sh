# test_sweep_faults.sh: a sweep that is disturbed, by a kill or a state that cannot be read, says which runs are missing; resumed,
# it ends with the same bytes as one that was not. A run whose input or output has been altered is done again.
# timeout 240
. "$TACET_SOURCE/tests/cli.sh"
sed -i 's/^train:.*/train: {epochs: 4, batch: 32, seed: 1, validate: 0.2, log: 0, checkpoint: 3}/' net.yaml
over="--over 'relu1: l1 lambda=1e-4..1e-1:4' --threads 1"
point() { echo "relu1-l1-$1-seed${2:-1}"; }
first=$(point 0.0001); second=$(point 0.001); third=$(point 0.01); fourth=$(point 0.1)

# whole OPTIONS: makes the folder whole, a sweep with two paths that nothing disturbs.
eval "runs 0 '$tacet' sweep net.yaml $over --seeds 2 --warm --out whole -q"
untimed() { awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i ~ /^step_us/) c[i] } { for (i in c) $i = ""; sub(/,(whole|cut|fresh)\//, ","); print }' "$1"; }
lines() { sed 's/"seconds":[-0-9.e]*//' "$1"; }

# as_whole: checks that the folder cut has what whole has, apart from times.
as_whole() {
    for run in whole/*/; do
        there=cut/${run#whole/}
        same "${run}model.safetensors" "${there}model.safetensors"; same "${run}best.safetensors" "${there}best.safetensors"
        lines "${run}metrics.jsonl" > a; lines "${there}metrics.jsonl" > b; same a b
        has "${there}run.json" '"state":"ended"'
        [ -e "${there}report.html" ] || fault "$there has no page"
    done
    untimed whole/sweep.csv > a; untimed cut/sweep.csv > b; same a b
    links whole > a; links cut > b; same a b
    [ -z "$(find cut -name '*.tmp*')" ] || fault "left over: $(find cut -name '*.tmp*')"
}
links() { grep -o 'href="[^"]*"' "$1/report.html"; }
resumed() { runs 0 "$tacet" sweep --resume cut --threads 1 "$@"; as_whole; }
again() { rm -rf cut; cp -r whole cut; rm -f cut/sweep.csv cut/report.html; }
# sums: the models of cut, with their inodes: a run that is done again has another one.
sums() { for run in cut/*/; do ls -i "${run}model.safetensors"; done; }
# repeated RUN...: checks that these runs were done again, and no others, since sums > before.
repeated() { sums > after; diff before after | sed -n 's,^> .*cut/\(.*\)/model.*,\1,p' | paste -s -d ' ' - > own; [ "$(cat own)" = "$*" ] || fault "done again: $(cat own), not $*"; }
cp -r whole cut; as_whole

# ---- A run is removed, or its model is altered: it is done again, and no other ----
again; sums > before; rm -r cut/"$second"; resumed -q; repeated "$second"
again; sums > before; printf x >> cut/"$second"/model.safetensors; resumed; repeated "$second"
has err "$second/model.safetensors is not as the run left it; it is written again"
again; sums > before; cp cut/"$third"/model.safetensors cut/"$second"/; rm cut/"$second"/checkpoint.safetensors; resumed -q; repeated "$second"
again; sums > before; rm cut/"$second"/model.safetensors; resumed -q; repeated "$second"
again; sums > before; rm cut/"$second"/report.html; resumed -q; repeated "$second"
for part in best.safetensors metrics.jsonl; do
    again; sums > before; echo >> cut/"$second"/$part; resumed; repeated "$second"
    has err "$second is done again: cut/$second/$part is not as the run left it"
    again; sums > before; rm cut/"$second"/$part; resumed -q; repeated "$second"
done

# ---- A run that began from other weights is done again, and its followers with it ----
again
runs 0 "$tacet" train cut/config.yaml --penalty 'relu1: l1 lambda=0.001' --init whole/"$third"/model.safetensors --out other -q
rm -r cut/"$second"; cp -r other cut/"$second"; sums > before
resumed; repeated "$second" "$third" "$fourth" 2> /dev/null || :
