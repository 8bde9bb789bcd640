# test_cli_terminal.sh: on a terminal, a progress line that is never wider than the window and stays after its epoch;
# colour, unless NO_COLOR is set; neither with -q, in a log or if TERM is dumb.
command -v script > /dev/null || exit 77
. "$TACET_SOURCE/tests/cli.sh"
export TERM=xterm
unset NO_COLOR

# on_terminal COLUMNS COMMAND: writes the output on a terminal of this width to the file seen, with ESC as ^, CR as %.
on_terminal() {
    width=$1
    shift
    script -qec "stty cols $width rows 24; $*" /dev/null < /dev/null | tr '\033\r' '^%' > seen
}

# Prints the lines that appeared on the screen, without escapes, each after its length.
lengths() { tr '%' '\n' < seen | sed 's/\^\[[0-9;]*[A-Za-z]//g' | grep "$1" | awk '{ print length($0), $0 }'; }

# no_wider COLUMNS PATTERN: checks that matching lines exist and fit into the window.
no_wider() {
    lengths "$2" > lines
    awk -v most="$1" '$1 >= most { bad = 1 } END { exit bad || NR == 0 }' lines || fault "not within $1 columns: $(cat lines)"
}

long="$tacet train net.yaml --set train.epochs=3"

# ---- The line is updated, and stays after the epoch ----
on_terminal 120 "$long --out a"
has seen '^layer  *output  *params  *penalties%$' '^relu1 (relu)  *16  *0  l1 1e-3%$' \
    '^243 parameters: 243 trainable, 0 frozen%$' '^300 rows to train, 90 to test%$' '^10 steps of 32 rows per epoch, on '
has seen '%Epoch 1/3 \[=*> *\] ^\[2m *[0-9]*:[0-9]* left^\[0m  ^\[2mloss^\[0m [0-9.]*  *^\[2mrelu1:l1^\[0m [0-9.]*  *^\[2mrelu1 density^\[0m 0\.[0-9]* *^\[2mrelu2 density^\[0m 0\.[0-9]* *^\[J%' \
    '%Epoch 3/3 \[==========\] ^\[2m *[0-9.]*[mu]*s/step^\[0m  ^\[2mloss^\[0m [0-9.]* .*^\[J%%$' '^the run is in a%$'
[ "$(grep -c 'Epoch [0-9]/3 [^%]*^\[J%%$' seen)" -eq 3 ] || fault "not one line per epoch stays: $(cat seen)"

# ---- The line is never wider than the window, and only its figures change ----
sed 's/relu |/relu name=a_layer_with_quite_a_long_name |/' net.yaml > named.yaml
for width in 20 40 60 80 120 200; do
    rm -rf wide
    on_terminal $width "$tacet train net.yaml --out wide --set train.validate=0.2 --set train.epochs=100 \
        --penalty '*.weight: l2 1e-4' --penalty 'relu*: l2 1e-5'"
    no_wider $width 'Epoch'
    [ $width -lt 40 ] || no_wider $width '^linear1 '
    # The columns where names begin.
    lengths 'Epoch  *[0-9]*/100 .*\(left\|s/step\)' | sed 's/^[0-9]* //; s/^\(Epoch\).*\(left\|s.step\)/\1/; s/ [0-9.e-]*[kM]\{0,1\} *$//' |
        awk '{ at = ""; for (i = 1; i < length($0); i++) if (substr($0, i, 3) ~ /^  [a-z]$/) at = at " " i; print at }' | sort -u > shapes
    [ $width -lt 60 ] || [ "$(wc -l < shapes)" -eq 1 ] || fault "lines that differ in more than figures: $(cat shapes)"
done
lengths Epoch > lines
has lines ' loss [0-9.]*  *val loss [0-9.]*  *val acc 0[0-9.]*  *relu1:l1 .*relu1 density 0'
has seen 'linear2.weight:l2' 'acc'
sed -i 's/relu1:/a_layer_with_quite_a_long_name:/' named.yaml
on_terminal 80 "$tacet train named.yaml --out named"
no_wider 80 'Epoch .* a_layer_with_quite '

# ---- A line that has no room for a figure ends in dots; a bar gives its room to figures ----
for width in 34 46 80 100 200; do
    rm -rf cut
    on_terminal $width "$tacet train net.yaml --out cut --set train.validate=0.2"
    no_wider $width 'Epoch 3/3 .*s/step'
    tail -n 1 lines > line
    case $width in
    200) has line 'Epoch 3/3 \[==========\] .* val acc .* relu2 density 0[0-9.]* *$' ;;
    100) has line 'Epoch 3/3  *[0-9.]*[mu]*s/step  loss [0-9.]*  *val loss [0-9.]*  *val acc [0-9.]*  *relu1:l1 [0-9.]*  *\.\.\.$' ;;
    80) has line 'Epoch 3/3  *[0-9.]*[mu]*s/step  loss [0-9.]*  *val loss [0-9.]*  *val acc [0-9.]*  *\.\.\.$' ;;
    46) has line 'loss [0-9.]*  *\.\.\.$' ;;
    34) has line 's/step  \.\.\.$' ;;
    esac
done
# Tables come apart between columns, and sentences between words.
on_terminal 60 "$tacet train net.yaml --out narrow --set train.validate=0.2 --penalty 'linear2.weight: l1 1e-4 prox'"
no_wider 60 '^linear2.weight:l1 '
[ "$(grep -c '^linear2.weight:l1 ' seen)" -eq 4 ] || fault "not four rows of the penalty: $(cat seen)"
no_wider 60 '^    0[0-9.]* ms per training step%$\|^test, '

# The size of the window can change during a run; Ctrl-C keeps the progress line and begins a new one.
# (Without --foreground, timeout sends two signals, and a second one ends a run at once.)
on_terminal 100 "(sleep 0.5; stty cols 50 < /dev/tty) & timeout --foreground -s INT 1.5 $long --out r --set train.epochs=100000000"
lengths Epoch | awk '$1 >= 50' > before
[ -s before ] || fault "no line of the wide window"
lengths Epoch | tail -n 1 > lines
awk '$1 >= 50 { exit 1 }' lines || fault "wider than the window: $(cat lines)"
has seen '^[%^J[]*stopped at step [0-9]*; continue with: tacet train --resume r%$'

# ---- With -q, on a dumb terminal, in a log ----
on_terminal 80 "$long --out b -q"
hasnt seen Epoch
hasnt seen '^layer.*output'
TERM=dumb on_terminal 80 "$long --out c"
has seen '^epoch 3/3  loss'
hasnt seen '\^\['
hasnt seen '%[^%]*Epoch'
runs 0 "$tacet" train net.yaml --out d --set train.validate=0.2
has err '^layer  *output  *params  *penalties$' '^linear1 (linear 16)  *16  *80$' \
    '^epoch 3/3  loss [0-9.]*  val loss [0-9.]*  val acc [0-9.]*  objective [0-9.]*  relu1:l1 [0-9.]*  relu1 density [0-9.]*  relu2 density [0-9.]*\(  [0-9.]* s\)*$'
hasnt err ' 0.0 s'
runs 0 "$tacet" train net.yaml --out none --no-penalties
has err '^epoch 3/3  loss [0-9.]*  relu1 density [0-9.]*  relu2 density'
tr -d '\n -~' < err > odd; empty odd

# ---- Colour ----
on_terminal 80 "$tacet train nope.yaml"
has seen '^^\[1;31mtacet:^\[0m cannot read'
NO_COLOR=1 on_terminal 80 "$tacet train nope.yaml"
has seen '^tacet: cannot read'
NO_COLOR=1 on_terminal 120 "$long --out e"
has seen '%Epoch 1/3 \[=*> *\]  *[0-9]*:[0-9]* left  loss [0-9.]*  *relu1:l1 [0-9.]*  *relu1 density '
hasnt seen '\^\[[0-9;]*m'
finish
