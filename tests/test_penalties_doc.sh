#!/bin/sh
# docs/penalties.md matches the code: it has a section with all rows for every penalty and constraint of the table, no other
# sections, and every test and golden file that it names exists.
set -eu
page=$TACET_SOURCE/docs/penalties.md
bad=0
complain() {
    echo "docs/penalties.md: $*" >&2
    bad=1
}

kinds=$(grep -lE '\.role = &tc_(penalty|constraint),' "$TACET_SOURCE"/src/op/*.c |
    sed 's|.*/\(.*\)\.c$|\1|' | grep -vx aux_k | sort) # aux_k comes with revive=aux, in docs/steering.md
sections=$(sed -n 's/^## \([a-z0-9_]*\)$/\1/p' "$page" | sort)
[ -n "$kinds" ] || complain "no penalty found in src/op"
[ "$kinds" = "$sections" ] || complain "sections are" $sections ", operators are" $kinds

for kind in $kinds; do
    section=$(awk -v kind="$kind" '/^## / { on = $2 == kind } on' "$page")
    for row in value gradient "at the kink" prox joint from tests; do
        echo "$section" | grep -q "^| $row | [^ ]" || complain "the section $kind has no row '$row'"
    done
    grep -q "TC_OP($kind)" "$TACET_SOURCE/src/op/ops.def" || complain "$kind is not in ops.def"
done

# `test_x` ... in `tests/test_y.c`: test_y.c must run test_x.
tr '\n' ' ' <"$page" | grep -oE '`test_[^`]*`(, | and )?|in +`tests/test_[a-z_]*\.c`' | sed 's/[`,]//g; s/ and //; s/^in *//' |
    {
        names=
        while read -r word; do
            case $word in
            tests/*)
                for name in $names; do
                    grep -qE "cmocka_unit_test\w*\($name\)" "$TACET_SOURCE/$word" 2>/dev/null ||
                        complain "$word does not run $name"
                done
                names=
                ;;
            *) names="$names $word" ;;
            esac
        done
        [ -z "$names" ] || complain "these tests are named without a file:$names"
        exit $bad
    } || bad=1

for file in $(grep -oE '[a-z0-9_]+\.safetensors' "$page" | sort -u); do
    [ -f "$TACET_SOURCE/tests/golden/$file" ] || complain "tests/golden/$file does not exist"
done
exit $bad
