#!/bin/sh
# test_layers.sh: what keeps the house in order, read off the sources and the objects:
#   - a room includes only itself and the rooms below it; the program includes tacet.h, and text and JSON of base, alone
#   - file names are unique; files stay under 500 lines, functions under 60
#   - the library never prints or ends the process, allocates in one place, has no variables outside of functions
#   - libtacet.so shows exactly what tacet.h declares
set -u
cd "$TACET_SOURCE" || exit 1
failed=0
complain() {
    echo "$1"
    failed=1
}

# ---- Includes. A room, and the rooms it may include beside itself. ----
below() {
    case $1 in
    base) ;;
    spec) echo base ;;
    kernel) echo base spec ;;
    op | optim) echo base spec kernel ;;
    graph) echo base spec kernel op optim ;;
    step) echo base spec kernel op ;;
    plan) echo base spec kernel op optim graph step ;;
    run) echo base spec kernel op optim graph step plan ;;
    steer) echo base spec kernel op optim graph step plan run ;;
    model) echo base spec kernel op optim graph step plan run steer data/data.h ;; # the catalogue stands on every table
    data) echo base spec kernel/kernel.h ;;
    *) echo unknown ;;
    esac
}

includes() { sed -n 's/^ *# *include *[<"]\([^>"]*\)[>"].*/\1/p' "$1"; }

for file in $(find src -name '*.[ch]'); do
    room=${file#src/}
    room=${room%%/*}
    allowed=" $room $(below "$room") "
    for header in $(includes "$file"); do
        [ -e "src/$header" ] || continue # of the system, or tacet.h
        case $allowed in
        *" ${header%%/*} "* | *" $header "*) ;;
        *) complain "$file includes $header, which is not below it" ;;
        esac
    done
    # A header beside the file, by its bare name, would slip through.
    grep -Hn '^ *# *include *"[^/"]*"' "$file" && complain "$file: includes are written from src/, as \"room/file.h\""
done

for file in $(find cli -name '*.[ch]' 2>/dev/null); do
    for header in $(includes "$file"); do
        case $header in
        base/text.h | base/json.h) ;; # the floor on which library and program write and read text
        ../* | */src/*) complain "$file includes $header: the program stands on tacet/tacet.h and base's text and JSON" ;;
        *) [ ! -e "src/$header" ] || complain "$file includes $header: the program stands on tacet/tacet.h and base's text and JSON" ;;
        esac
    done
done

# ---- Names and sizes ----
for name in $(find src cli -name '*.[ch]' -exec basename {} \; 2>/dev/null | sort | uniq -d); do
    complain "more than one file is called $name"
done
for file in $(find src cli tests -name '*.[ch]' 2>/dev/null); do
    # A function begins with { and ends with } at the first column.
    awk -v file="$file" '
        /^\{/ { begin = NR }
        /^}/ && begin { if (NR - begin >= 61) { print file ":" begin ": a function of " NR - begin - 1 " lines"; bad = 1 }; begin = 0 }
        END { if (NR >= 500 && file !~ /^tests/) { print file ": " NR " lines"; bad = 1 }; exit bad }' "$file" || failed=1
done

# ---- The objects. Sanitizers and coverage add things of their own. ----
library=$TACET_BUILD/libtacet.a
if [ -n "${TACET_SANITIZE:-}" ] || nm "$library" 2>/dev/null | grep -q __gcov; then
    exit $failed
fi

undefined() { nm -A -u "$library" 2>/dev/null | sed 's/.*libtacet\.a:\([^:]*\):.* U /\1 /'; }
uses=$(undefined | grep -E ' (_IO_|__)?(v?printf|puts|putchar|perror|stdout|stderr|exit|_exit|_Exit|quick_exit|abort|v?printf_chk)$')
[ -z "$uses" ] || complain "the library prints or ends the process:
$uses"
uses=$(undefined | grep -E ' (malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|aligned_alloc|posix_memalign)$' | grep -v '^alloc\.c')
[ -z "$uses" ] || complain "the library allocates beside alloc.c:
$uses"

# What can be written to outside of functions: .data and .bss. (.data.rel.ro holds constant tables of addresses.)
variables=$(objdump -t "$library" | awk '
    /\.c\.o:/ { object = $1 }
    $NF !~ /^\./ && / (\.data|\.bss|\.tdata|\.tbss|\*COM\*)(\.[^ ]*)?\t/ && !/\.data\.rel\.ro/ { print object, $NF }')
[ -z "$variables" ] || complain "variables outside of functions:
$variables"

shown=$(nm -D --defined-only "$TACET_BUILD/libtacet.so" | awk '$2 != "A" { print $3 }' | sort)
declared=$(grep -v '^#' include/tacet/tacet.h | sed -n 's/^TACET_API .*[ *]\(tacet_[a-z0-9_]*\)(.*/\1/p' | sort)
extra=$(printf '%s\n' "$shown" | grep -vxF "$declared")
[ -z "$extra" ] || complain "libtacet.so shows what tacet.h does not declare:
$extra"
missing=$(printf '%s\n' "$declared" | grep -vxF "$shown")
[ -z "$missing" ] || complain "tacet.h declares what libtacet.so does not have:
$missing"
exit $failed
