# test_sweep_faults.sh: a sweep that is disturbed, by a kill or a state that cannot be read, says which runs are missing; resumed,
# it ends with the same bytes as one that was not. A run whose input or output has been altered is done again.
# timeout 300
if [ -w /dev/shm ]; then export TMPDIR=/dev/shm; fi # it syncs some 10,000 files, which takes minutes on a slow disk
. "$TACET_SOURCE/tests/cli.sh"
sed -i 's/^train:.*/train: {epochs: 2, batch: 32, seed: 1, validate: 0.2, log: 0, checkpoint: 5}/' net.yaml
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
# written: when the models of cut were written.
written() { stat -c '%y %n' cut/*/model.safetensors; }
# repeated RUN...: checks that these runs were done again, and no others, since written > before.
repeated() { written > after; diff before after | sed -n 's,^> .*cut/\(.*\)/model.*,\1,p' | paste -s -d ' ' - > own; [ "$(cat own)" = "$*" ] || fault "done again: $(cat own), not $*"; }
cp -r whole cut; as_whole

# ---- A run is removed, or its model is altered: it is done again, and no other ----
again; written > before; rm -r cut/"$second"; resumed -q; repeated "$second"
again; written > before; printf x >> cut/"$second"/model.safetensors; resumed; repeated "$second"
has err "$second/model.safetensors is not as the run left it; it is written again"
again; written > before; cp cut/"$third"/model.safetensors cut/"$second"/; rm cut/"$second"/checkpoint.safetensors; resumed -q; repeated "$second"
again; written > before; rm cut/"$second"/model.safetensors; resumed -q; repeated "$second"
again; written > before; rm cut/"$second"/report.html; resumed -q; repeated "$second"
for part in best.safetensors metrics.jsonl; do
    again; written > before; echo >> cut/"$second"/$part; resumed; repeated "$second"
    has err "$second is done again: cut/$second/$part is not as the run left it"
    again; written > before; rm cut/"$second"/$part; resumed -q; repeated "$second"
done

# ---- A run that began from other weights is done again, and its followers only if they began from others as well ----
again
runs 0 "$tacet" train cut/config.yaml --penalty 'relu1: l1 lambda=0.001' --init whole/"$third"/model.safetensors --out other -q
rm -r cut/"$second"; cp -r other cut/"$second"; written > before
resumed; repeated "$second"
has err "$second is done again: it began from other weights than those of $first"
again
runs 0 "$tacet" train cut/config.yaml --penalty 'relu1: l1 lambda=0.01' --init cut/"$first"/model.safetensors --out fallback -q
runs 0 "$tacet" train cut/config.yaml --penalty 'relu1: l1 lambda=0.1' --init fallback/model.safetensors --out beyond -q
rm -r cut/"$second" cut/"$third" cut/"$fourth"; cp -r fallback cut/"$third"; cp -r beyond cut/"$fourth"; rm cut/"$third"/run.json; written > before
resumed -q; repeated "$second" "$third" "$fourth"

# ---- A run that was continued by hand with other settings is kept, but is not taken for a run of the sweep ----
again
runs 0 "$tacet" train --resume cut/"$second" --set train.epochs=3 -q; cp cut/"$second"/model.safetensors longer
runs 2 "$tacet" sweep --resume cut
has err "cut/$second was begun with \"  epochs: 3\", not with \"  epochs: 2\"" "^tacet: 1 of 8 runs is missing: $second$"
empty out; same longer cut/"$second"/model.safetensors; [ ! -e cut/sweep.csv ] || fault "an incomplete sweep has a table"
rm -r cut/"$second"; resumed -q

# ---- The data are changed in the meantime ----
again; rm -r cut/"$second"; cp classes.csv kept.csv; awk -F, -v OFS=, 'NR > 1 { $1 += 1 } 1' kept.csv > classes.csv
runs 3 "$tacet" sweep --resume cut -q
has err "^tacet: cut/$second was trained on other rows than the runs before it" "^tacet: 1 of 8 runs is missing: $second$"
cp kept.csv classes.csv; runs 3 "$tacet" sweep --resume cut -q; rm -r cut/"$second"; resumed -q

# ---- Runs of an earlier version kept no checksums: they are taken as they are, and named ----
again; sed -i 's/"sums":{[^}]*},//' cut/"$second"/run.json cut/"$third"/run.json; sed -i 's/,"init":"none"//' cut/sweep.json
resumed; has out "^Not verified, because .*: $second, $third$"; has cut/report.html "Not verified, because .*: $second, $third"
runs 0 "$tacet" sweep --resume cut --json -q; [ "$(grep -o '"verified":0' out | wc -l)" -eq 2 ] || fault "not 2 runs are said not to be verified"

again; rm -r cut/"$second"; sed -i 's/"sums":{[^}]*},//' cut/"$third"/run.json; mv cut/"$third"/checkpoint.safetensors kept
sed -i "s,^init:.*,init: cut/$first/model.safetensors," cut/"$third"/config.yaml; written > before
resumed; repeated "$second" "$third"; has err "$third is done again: it began from other weights than those of $second"

# ---- The model of the key init ----
cp whole/"$first"/model.safetensors base.safetensors
eval "runs 0 '$tacet' sweep net.yaml $over --set init=base.safetensors --out based -q"
rm -r based/"$second"; cp whole/"$fourth"/model.safetensors base.safetensors
runs 3 "$tacet" sweep --resume based -q; has err "based was begun with another model in base.safetensors" "1 of 4 runs is missing: $second$"
cp whole/"$first"/model.safetensors base.safetensors; runs 0 "$tacet" sweep --resume based -q

# ---- Faults of the system, from a library that is loaded before ----
cat > shim.c << 'END'
/* WHEN="CALL PATH N ACTION": when CALL is called for the N-th time on a path that contains PATH, ACTION happens: a number is the
 * error that it returns, K9 is signal 9 to this process, P9 to its parent, B9 to both: before the call or, if N has a +, after.
 * N is 0 for each time. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/types.h>
#include <unistd.h>

static int act(const char *call, const char *path, int after)
{
    static int count;
    char of[20], part[200], n[20], action[20];
    const char *when = getenv("WHEN");
    if (!when || sscanf(when, "%19s %199s %19s %19s", of, part, n, action) != 4) return 0;
    if (strcmp(of, call) != 0 || !strstr(path, part) || (strchr(n, '+') != NULL) != after || (++count != atoi(n) && *n != '0')) return 0;
    if (*action >= '0' && *action <= '9') return errno = atoi(action);
    if (*action != 'K') kill(getppid(), atoi(action + 1));
    if (*action != 'P') kill(getpid(), atoi(action + 1));
    return 0;
}
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
int rename(const char *from, const char *to)
{
    if (act("rename", to, 0)) return -1;
    const int code = REAL(rename)(from, to);
    return act("rename", to, 1) ? -1 : code;
}
int unlink(const char *path)
{
    const int code = REAL(unlink)(path);
    return act("unlink", path, 1) ? -1 : code;
}
int access(const char *path, int mode) { return act("access", path, 0) ? -1 : REAL(access)(path, mode); }
FILE *fopen(const char *path, const char *mode) { return act("fopen", path, 0) ? NULL : REAL(fopen)(path, mode); }
int open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    const int mode = flags & O_CREAT ? va_arg(list, int) : 0;
    va_end(list);
    return act("open", path, 0) ? -1 : REAL(open)(path, flags, mode);
}
int flock(int fd, int how) { return act("flock", "-", 0) ? -1 : REAL(flock)(fd, how); }
pid_t fork(void) { return act("fork", "-", 0) ? -1 : REAL(fork)(); }
pid_t waitpid(pid_t child, int *status, int options) { return act("waitpid", "-", 0) ? -1 : REAL(waitpid)(child, status, options); }
int execv(const char *path, char *const argument[]) { return act("exec", "-", 0) ? -1 : REAL(execv)(path, argument); }
int execvp(const char *path, char *const argument[]) { return act("exec", "-", 0) ? -1 : REAL(execvp)(path, argument); }
END
${CC:-cc} -O1 -shared -fPIC -o shim.so shim.c -ldl || fault "the library cannot be compiled"
# under WHEN COMMAND...: runs a command with the library.
under() { when=$1; shift; ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" WHEN=$when LD_PRELOAD=$folder/shim.so "$@"; }
one="sweep net.yaml $over --seeds 2 --warm --out cut"; swept=$one
commas() { echo "$*" | sed 's/ /, /g'; }

# killed WHEN MISSING...: a run of a sweep is killed; its path ends there, the other goes on, and the sweep can be resumed.
killed() {
    rm -rf cut; when_=$1; shift
    runs 1 eval "under '$when_' '$tacet' $swept -q"
    empty out; [ ! -e cut/sweep.csv ] || fault "an incomplete sweep has a table"
    has err "^tacet: $# of 8 runs \(is\|are\) missing: $(commas "$@")$" "continue with: tacet sweep --resume cut"
    cp err said
    resumed -q
}
for at in 'config.yaml 1+' 'checkpoint 1' 'run.json 1' 'checkpoint 2+' 'checkpoint 3' 'best 1' 'model 1' 'checkpoint 5+' 'best 2' 'model 3+' \
    'run.json 2' 'report 1'; do
    killed "rename $second/$at K9" "$second" "$third" "$fourth"
done
killed "rename $first/model 2+ K9" "$first" "$second" "$third" "$fourth"
has said "warning: $first: killed by signal 9"
killed "rename $fourth/checkpoint 4 K9" "$fourth"
swept="$swept --jobs 2"
killed "rename $(point 0.01 2)/checkpoint 2+ K9" "$(point 0.01 2)" "$(point 0.1 2)"
killed "rename $third/checkpoint 2+ K15" "$third" "$fourth"
has said "warning: $third: stopped by signal 15"

# Where every run begins from initial weights, only the one that is killed is missing.
eval "runs 0 '$tacet' sweep net.yaml $over --out fresh -q"
rm -rf cut; runs 1 eval "under 'rename $second/checkpoint 2 K9' '$tacet' sweep net.yaml $over --out cut -q"
has err "^tacet: 1 of 4 runs is missing: $second$"
runs 0 "$tacet" sweep --resume cut -q
for run in fresh/*/; do same "${run}model.safetensors" "cut/${run#fresh/}model.safetensors"; done
untimed fresh/sweep.csv > a; untimed cut/sweep.csv > b; same a b

# The sweep is killed, alone or with its run.
for at in 'config.yaml 1 P' 'checkpoint 1+ B' 'checkpoint 2 B' 'checkpoint 2+ P' 'model 2 B' 'model 3 P' 'run.json 2 P' 'run.json 2+ B' 'report 1 B'; do
    rm -rf cut
    runs 137 eval "under 'rename $second/${at}9' '$tacet' $swept -q" 2> /dev/null
    resumed
done
for at in cut/config.yaml cut/sweep.json cut/sweep.csv cut/report.html; do
    for late in "" +; do
        rm -rf cut
        runs 137 eval "under 'rename $at 1$late K9' '$tacet' $swept -q" 2> /dev/null
        eval "runs 0 '$tacet' sweep net.yaml $over --seeds 2 --warm --resume cut -q"; as_whole
    done
done
# It is killed while it removes what a run has written.
for n in 1 2 3 4 5 6 7; do
    again; rm -r cut/"$second"; cp -r other cut/"$second"; [ $((n % 2)) -eq 0 ] || sed -i 's/"ended"/"running"/' cut/"$second"/run.json
    runs 137 under "unlink $second/ $n+ K9" "$tacet" sweep --resume cut --threads 1 -q 2> /dev/null
    resumed -q
done
# A run that was stopped has a page. If it is killed before it has written that of its end, it is not taken for done.
again; sed -i 's/"ended"/"stopped"/' cut/"$second"/run.json; echo halfway > cut/"$second"/report.html
runs 1 under "rename $second/report 1 K9" "$tacet" sweep --resume cut --threads 1 -q
resumed -q; hasnt cut/"$second"/report.html halfway

# ---- What cannot be read is an error with the reason: 5, or 4 without memory ----
# unread CODE WHEN PATTERN MISSING...: the last run, whose path goes on, is done in any case.
unread() {
    code_=$1; when_=$2; pattern=$3; shift 3
    again; rm -r cut/"$(point 0.1 2)"
    runs "$code_" under "$when_" "$tacet" sweep --resume cut --threads 1 -q
    has err "$pattern" "^tacet: $# of 8 runs \(is\|are\) missing: $(commas "$@")$"
    empty out; hasnt err Failed; hasnt err Success; hasnt err "$(point 0.1 2)"
    resumed -q
}
while read -r number expects words; do
    unread "$expects" "open $second/model 1 $number" "cannot read cut/$second/model.safetensors: $words" "$second"
    unread 5 "access $second/run.json 1 $number" "cannot tell whether cut/$second/run.json exists: $words" "$second"
    unread 5 "open $second/run.json 1 $number" "cannot read cut/$second/run.json: $words" "$second"
    unread 5 "open $second/metrics.jsonl 1 $number" "cannot read cut/$second/metrics.jsonl: $words" "$second"
    unread 5 "open $second/config.yaml 1 $number" "cannot .* cut/$second/config.yaml: $words" "$second"
    unread 5 "open $second/checkpoint 1 $number" "cannot open cut/$second/checkpoint.safetensors: $words" "$second"
done << 'END'
5 5 Input/output error
24 5 Too many open files
END
unread 4 "open $second/model 1 12" "cannot read cut/$second/model.safetensors: out of memory" "$second"
again; rm cut/"$second"/run.json; mkdir cut/"$second"/run.json
runs 5 "$tacet" sweep --resume cut -q; has err "cannot read cut/$second/run.json: Is a directory" "^tacet: 1 of 8 runs is missing: $second$"
rmdir cut/"$second"/run.json; resumed -q
again; echo '{' > cut/"$second"/run.json
runs 3 "$tacet" sweep --resume cut -q; has err "cut/$second/run.json:2:1: not a record of a run: " "^tacet: 1 of 8 runs is missing: $second$" \
    "mend the file that is named above, or remove the folder of its run; then continue with: tacet sweep --resume cut"
rm cut/"$second"/run.json; resumed -q

# ---- A signal while the folder is being locked: it has locks all the same ----
again; rm -r cut/"$second"
runs 0 under "flock - 1 4" "$tacet" sweep --resume cut --threads 1
hasnt err 'cannot lock'; as_whole

# ---- A log that is a FIFO ----
again; rm -r cut/"$second" cut/"$second".log; mkfifo cut/"$second".log
runs 5 timeout 60 "$tacet" sweep --resume cut -q
has err "cannot open cut/$second.log: No such device or address"
rm cut/"$second".log

# ---- A log that cannot be written; an error of an earlier attempt is not taken for that of the last one ----
again; rm -r cut/"$second"
{ echo 'tacet: an earlier error'; head -c 9000 /dev/zero | tr '\0' '\n'; } > cut/"$second".log
runs 5 sh -c 'ulimit -f 1; exec "$@"' sh "$tacet" sweep --resume cut -q
has err "cannot write cut/$second.log: File too large"
rm -r cut/"$second" 2> /dev/null
runs 1 under "rename $second/checkpoint 1 K9" "$tacet" sweep --resume cut -q
has err "$second: killed by signal 9"
hasnt err 'an earlier error'
resumed -q

# ---- A run that cannot be started ----
cannot() {
    code_=$1; when_=$2; pattern=$3; shift 3
    rm -rf cut
    runs "$code_" eval "under '$when_' '$tacet' $one -q"
    has err "$pattern" "^tacet: $# of 8 runs \(is\|are\) missing: $(commas "$@")$"
    empty out
    resumed -q
}
cannot 5 'fork - 2 11' "cannot start the run $second: Resource temporarily unavailable" "$second" "$third" "$fourth"
cannot 4 'fork - 2 12' "cannot start the run $second: out of memory" "$second" "$third" "$fourth"
cannot 5 "open $third.log 1 24" "cannot open cut/$third.log: Too many open files" "$third" "$fourth"
cannot 4 'exec - 0 12' "warning: $first: cannot run .*: Cannot allocate memory" \
    "$first" "$second" "$third" "$fourth" "$(point 0.0001 2)" "$(point 0.001 2)" "$(point 0.01 2)" "$(point 0.1 2)"
cannot 5 "rename $third/report 1 5" "warning: $third: cannot write cut/$third/report.html: Input/output error" "$third" "$fourth"
cannot 5 'waitpid - 1 10' "cannot wait for $first: No child processes" "$first" "$second" "$third" "$fourth"

finish
