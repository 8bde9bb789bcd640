# test_cli_help.sh: help, the manual page and the program agree.
. "$TACET_SOURCE/tests/cli.sh"

runs 0 "$tacet" --help
empty err
commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p' out)
[ "$(echo "$commands" | tr '
' ' ')" = "train sweep eval predict report inspect explain ops doctor " ] ||
    fault "commands: $commands"
runs 0 "$tacet" --version
has out "^tacet [0-9][0-9.]*$"

# The checked-in page is the one that this program writes.
runs 0 "$tacet" --manual
same out "$TACET_SOURCE/docs/tacet.1" ||
    echo "update it: tacet --manual > docs/tacet.1" >&2
sed 's/\\-/-/g' out > manual

for command in $commands; do
    runs 0 "$tacet" "$command" --help
    empty err
    has out "^Usage: tacet $command "
    sed -n 's/^  --\([a-z-]*\).*/\1/p' out > options
    grep -v '^help$' options > named
    # Every option in the help is in the manual page, and the program accepts it.
    sed -n "/^\.SS tacet $command /,/^\.S[SH]/p" manual > part
    while read -r option; do
        has part "^.fB--$option"
        "$tacet" "$command" "--$option" > said 2>&1 < /dev/null
        hasnt said "unknown option"
    done < named
    [ "$(grep -c '^.fB--' part)" -eq "$(wc -l < named)" ] || fault "the manual page and tacet $command --help differ"
    runs 2 "$tacet" "$command" --no-such-option
done

# Every key in the help is in the manual page and can be set; its default is accepted.
runs 0 "$tacet" train --help
sed -n '/^Keys/,$s/^  \([a-z][a-z.]*\) .*/\1/p' out > keys
[ "$(wc -l < keys)" -ge 15 ] || fault "the help has only $(wc -l < keys) keys"
while read -r key; do
    has manual "^.fB$key.fR "
    case $key in penalties | parameters) continue ;; esac
    runs 2 "$tacet" train net.yaml --set "$key" # the value is missing, but the key is known
    runs 0 "$tacet" explain net.yaml --set "$key=$(sed -n "/^$key: /s/^[^ ]* //p" net.yaml)"
done << END
model
loss
optimizer
data
test
END
grep '^train\.' keys > trained
while read -r key; do
    value=$(sed -n "/^.fB$key.fR/,/^\.TP/s/^Default: //p" manual)
    "$tacet" explain net.yaml --set "$key=$value" > said 2>&1 || fault "$key=$value: $(cat said)"
done < trained
finish
