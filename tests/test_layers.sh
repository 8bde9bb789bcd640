#!/bin/sh
# test_layers.sh: checks the structure of the sources and the objects:
#   - a folder of src ("room") includes and calls only itself and the rooms below it; the program uses only tacet.h, floor/,
#     which its parts share, src/base and the table of figures; the Python extension only tacet.h
#   - file names are unique; files stay under 500 lines, functions under 60
#   - the library never prints or ends the process, allocates in one place, has no variables outside functions
#   - libtacet.so exports exactly what tacet.h declares
set -u
cd "$TACET_SOURCE" || exit 1
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
complain() {
    echo "$1"
    failed=1
}

# ---- Includes. The rooms that a room may include besides itself. ----
below() {
    case $1 in
    base) ;;
    spec) echo base ;;
    kernel) echo base spec ;;
    formula) echo base spec kernel ;;
    op) echo base spec kernel formula ;;
    optim) echo base spec kernel ;;
    metric) echo base spec kernel ;;
    graph) echo base spec kernel formula op optim ;;
    step) echo base spec kernel formula op ;;
    plan) echo base spec kernel formula op optim metric graph step ;;
    run) echo base spec kernel formula op optim metric graph step plan ;;
    data) echo base spec kernel ;;
    augment) echo base spec ;;
    steer) echo base spec kernel formula op optim metric graph step plan run data augment ;;
    model) echo base spec kernel formula op optim metric graph step plan run data augment steer ;;
    record) echo base spec kernel formula op optim metric graph step plan run data augment steer ;;
    *) echo unknown ;;
    esac
}

includes() { sed -n 's/^ *# *include *[<"]\([^>"]*\)[>"].*/\1/p' "$1"; }

for file in $(find src -name '*.[ch]'); do
    room=${file#src/}
    room=${room%%/*}
    allowed=" $room $(below "$room") "
    for header in $(includes "$file"); do
        [ -e "src/$header" ] || continue # a system header, or tacet.h
        case $allowed in
        *" ${header%%/*} "* | *" $header "*) ;;
        *) complain "$file includes $header, which is not below it" ;;
        esac
    done
    # The check above misses a header in the same folder that is included by its bare name.
    grep -Hn '^ *# *include *"[^/"]*"' "$file" && complain "$file: includes are written from src/, as \"room/file.h\""
done

# Parts of the program, each with the parts that it may include.
for part in "floor" "report floor" "cli report floor"; do
    own=${part%% *}
    for file in $(find "$own" -name '*.[ch]'); do
        for header in $(includes "$file"); do
            found=
            for folder in $part; do
                if [ -e "$folder/$header" ] || { [ -e "$header" ] && [ "${header%%/*}" = "$folder" ]; }; then found=1; fi
            done
            case $found$header in
            1* | base/* | tacet/tacet.h | record/figures.def) ;;
            *) [ -n "$(find src include cli report floor -path "*/${header#../}")" ] &&
                complain "$file includes $header, which is not below it" ;;
            esac
        done
    done
done

# The Python extension uses only tacet.h, Python and the C library, and never prints.
for file in python/core/*.[ch]; do
    own=$(sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$file" | grep -vxE 'core\.h|records\.def|tacet/tacet\.h')
    [ -z "$own" ] || complain "$file includes $own; of the library it may include only tacet.h"
    grep -HnE '\b(v?f?printf|puts|fputs|putchar|exit|abort|PySys_Write[A-Za-z]*|PyObject_Print|PyErr_Print[A-Za-z]*)\(' "$file" &&
        complain "$file prints or ends the process"
done

# ---- Names and sizes ----
for name in $(find src cli report floor -name '*.[ch]' -exec basename {} \; 2>/dev/null | sort | uniq -d); do
    complain "more than one file is called $name"
done
for file in $(find src cli report floor python tests -name '*.[ch]'); do
    # A function begins with { and ends with } in the first column.
    awk -v file="$file" '
        /^\{/ { begin = NR }
        /^}/ && begin { if (NR - begin >= 61) { print file ":" begin ": a function of " NR - begin - 1 " lines"; bad = 1 }; begin = 0 }
        END { if (NR >= 500 && file !~ /^tests/) { print file ": " NR " lines"; bad = 1 }; exit bad }' "$file" || failed=1
done

# ---- The objects. Sanitizers and coverage add symbols, so builds with them are skipped. ----
library=$TACET_BUILD/libtacet.a
if [ -n "${TACET_SANITIZE:-}" ] || nm "$library" 2>/dev/null | grep -q __gcov; then
    exit $failed
fi

undefined() { nm -A -u "$library" 2>/dev/null | sed 's/.*libtacet\.a:\([^:]*\):.* U /\1 /'; }
uses=$(undefined | grep -E ' (_IO_|__)?(v?printf|puts|putchar|perror|stdout|stderr|exit|_exit|_Exit|quick_exit|abort|v?printf_chk)$')
[ -z "$uses" ] || complain "the library prints or ends the process:
$uses"
uses=$(undefined | grep -E ' (malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|aligned_alloc|posix_memalign)$' | grep -v '^alloc\.c')
[ -z "$uses" ] || complain "the library allocates outside alloc.c:
$uses"

# Calls through tacet.h need no include, so symbols are checked too: "object its-room symbol's-object symbol's-room symbol".
find src -name '*.c' | sed 's|src/\([^/]*\)/.*/|src/\1/|; s|src/\([^/]*\)/\(.*\)|room \2.o \1|' > "$work/rooms"
nm -A --defined-only "$library" 2>/dev/null | sed -n 's/.*libtacet\.a:\([^:]*\):.* [TRDBV] /defined \1 /p' > "$work/defined"
undefined | sed 's/^/wanted /' | cat "$work/rooms" "$work/defined" - | awk '
    $1 == "room" { room[$2] = $3 }
    $1 == "defined" { home[$3] = $2 }
    $1 == "wanted" && $3 in home && room[$2] != room[home[$3]] { print $2, room[$2], home[$3], room[home[$3]], $3 }' > "$work/calls"
[ -s "$work/calls" ] || complain "no calls between rooms were found: the test checks nothing"
while read -r object room other theirs symbol; do
    case " $(below "$room") " in
    *" $theirs "*) ;;
    *) complain "$room/$object calls $symbol of $theirs/$other, which is not below it" ;;
    esac
done < "$work/calls"

# Writable variables outside functions are in .data and .bss. (.data.rel.ro has constant tables of addresses.)
variables=$(objdump -t "$library" | awk '
    /\.c\.o:/ { object = $1 }
    $NF !~ /^\./ && / (\.data|\.bss|\.tdata|\.tbss|\*COM\*)(\.[^ ]*)?\t/ && !/\.data\.rel\.ro/ { print object, $NF }')
[ -z "$variables" ] || complain "variables outside functions:
$variables"

shown=$(nm -D --defined-only "$TACET_BUILD/libtacet.so" | awk '$2 != "A" { print $3 }' | sort)
declared=$(grep -hv '^#' include/tacet/tacet.h include/tacet/operator.h | sed -n 's/^TACET_API .*[ *]\(tacet_[a-z0-9_]*\)(.*/\1/p' | sort)
extra=$(printf '%s\n' "$shown" | grep -vxF "$declared")
[ -z "$extra" ] || complain "libtacet.so exports what tacet.h does not declare:
$extra"
missing=$(printf '%s\n' "$declared" | grep -vxF "$shown")
[ -z "$missing" ] || complain "tacet.h declares what libtacet.so does not have:
$missing"
exit $failed
