#!/bin/sh
# Every figure of src/record/figures.def has a line "| `key` | meaning |" in docs/steering.md, word for word, and every line there
# describes a key that is written.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
cat > figures.c <<'END'
#include <stdio.h>
int main(void)
{
#define TERM_FIGURE(name, key, heading, tag, when, form, show, field, meaning) \
    if (*key && *meaning) puts("| `" key "` | " meaning " |");
#define LAYER_FIGURE TERM_FIGURE
#define RUN_FIGURE(name, key, heading, tag, when, form, show, meaning) TERM_FIGURE(name, key, , , , , , , meaning)
#include "rows.def"
}
END
# Each section ends with an #undef of its macro, but here macros use each other.
grep -v '^#undef' "$TACET_SOURCE/src/record/figures.def" > rows.def
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$TACET_BUILD/CMakeCache.txt")
"${compiler:-cc}" -std=c17 figures.c -o figures
./figures > rows
[ "$(wc -l < rows)" -ge 20 ] || { echo "only $(wc -l < rows) figures were found" >&2 && exit 1; }
bad=0
while IFS= read -r row; do
    grep -qxF "$row" "$TACET_SOURCE/docs/steering.md" || { echo "docs/steering.md lacks: $row" >&2 && bad=1; }
done < rows
sed -n '/^### Keys/,/^## /p' "$TACET_SOURCE/docs/steering.md" | grep '^| `' | grep -v '^| `\(bound\|histogram\|decades\|dead_units\|on\|name\)`' > there
grep -vxFf rows there && echo "docs/steering.md has lines that are not in src/record/figures.def" >&2 && bad=1
exit $bad
