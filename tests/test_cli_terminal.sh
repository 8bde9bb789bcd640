# test_cli_terminal.sh: on a terminal there is a moving line and colour; NO_COLOR takes the colour away, -q the line.
command -v script > /dev/null || exit 77
. "$TACET_SOURCE/tests/cli.sh"

# on_terminal COMMAND: what a terminal gets to see of it, with its escapes as ^[.
on_terminal() { script -qec "$*" /dev/null < /dev/null | tr '\033\r' '^%' > seen; }

long="$tacet train net.yaml --set train.epochs=3"
on_terminal "$long --out a"
has seen '%epoch 1/3 \[=*>* *\] [0-9]*/10  objective [0-9.]*  [0-9.]* ms/step  [0-9]*:[0-9]* left^\[K' \
    '%^\[Kepoch 1/3  loss'
on_terminal "$long --out b -q"
hasnt seen '%epoch'
on_terminal "$tacet train nope.yaml"
has seen '^^\[1;31mtacet:^\[0m cannot open'
NO_COLOR=1 on_terminal "$tacet train nope.yaml"
has seen '^tacet: cannot open'
finish
