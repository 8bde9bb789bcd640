# test_examples_fashion.sh: short versions of the examples on Fashion-MNIST, which already show the effect. Every command in
# the READMEs runs.
# timeout 300
. "$TACET_SOURCE/tests/cli.sh"
[ -d /usr/share/datasets/fashion-mnist ] || exit 77
[ -z "${TACET_SANITIZE:-}" ] || exit 77 # other tests run the same code, and this would take minutes
cp -R "$TACET_SOURCE/examples" examples
mkdir build && ln -s "$TACET_BUILD" build/release

number() { sed -n "\$s/.*\"$1\":\([^,}]*\).*/\1/p" "$2"; }
holds() { awk "BEGIN { exit !($1) }" || fault "does not hold: $1"; }

# ---- fashion: the penalty silences both layers, and the network still learns ----
for run in plain l1; do
    set -- --penalty 'relu*: l1 1e-3'
    [ $run = l1 ] || set --
    runs 0 "$tacet" train examples/fashion/fashion.yaml --out $run --quiet --json --set train.steps=200 "$@"
    cp out $run.json
    holds "$(number accuracy $run.json) > 0.7"
done
density() { sed "s/.*\"name\":\"$2\",\"density\":\([^,]*\).*/\1/" "$1.json"; }
holds "$(density l1 relu1) < 0.6 * $(density plain relu1) && $(density l1 relu2) < 0.9 * $(density plain relu2)"

# ---- convolution: the penalty silences all layers, and the network still learns ----
for run in convolution convolution_l1; do
    set -- --penalty 'relu*: l1 3e-4'
    [ $run = convolution_l1 ] || set --
    runs 0 "$tacet" train examples/convolution/convolution.yaml --out $run --quiet --json --set train.steps=60 "$@"
    cp out $run.json
    holds "$(number accuracy $run.json) > 0.5"
    has $run/report.html '<h2>Augmentation</h2>' '<h2>Feature maps</h2>' '<h3>kernels of conv2d1.weight</h3>'
done
holds "$(density convolution_l1 relu1) < 0.5 * $(density convolution relu1)"

# ---- density: the target is reached in fewer epochs ----
runs 0 "$tacet" train examples/density/density.yaml --quiet --json --set train.epochs=2
cp out density.json
holds "$(density density relu1) > 0.035 && $(density density relu1) < 0.065 && $(density density relu2) > 0.2"
holds "$(number accuracy density.json) > 0.75"
sed 's/.*"on":"relu1","kind":"l1","lambda":\([^,]*\).*/\1/' density.json > lambda
holds "$(cat lambda) > 1e-4 && $(cat lambda) < 1e-2"

# ---- autoencoder: ten units per image, few dead units, pictures of length 1, an error below the variance ----
runs 0 "$tacet" train examples/autoencoder/autoencoder.yaml --quiet --json --set train.epochs=3
cp out autoencoder.json
hasnt autoencoder.json accuracy
holds "196 * $(density autoencoder relu1) > 5 && 196 * $(density autoencoder relu1) < 15"
holds "$(sed 's/.*"name":"relu1","density":[^,]*,"dead":\([0-9]*\).*/\1/' autoencoder.json) <= 20"
holds "$(number data_loss autoencoder.json) < 0.85" # pixels have variance 1
runs 0 "$tacet" inspect runs/autoencoder/model.safetensors
has out "^loss *linear2 x: mse$"
awk '/^linear2.weight / { good = ($4^2 + $5^2) * 784; exit } END { exit !(good > 0.999 && good < 1.001) }' out ||
    fault "the pictures are not of length 1: $(grep '^linear2.weight' out)"

# ---- sae: few units per image explain much of the variance, in both variants; pictures of length 1; the histogram ----
# 'weighted' has no constraint, so its pictures need not have length 1.
l0() { sed 's/.*"name":"code",[^}]*"l0":\([^,]*\),"sparse.*/\1/' "$1.json"; }
for run in sae weighted; do
    set -- --no-penalties --penalty 'code: weighted_l1 4 norms=decoder.weight warmup=1'
    [ $run = weighted ] || set --
    runs 0 "$tacet" train examples/autoencoder/sae.yaml --out $run --quiet --json --set train.epochs=2 "$@"
    cp out $run.json
    holds "$(number explained_variance $run.json) > 0.6 && $(l0 $run) > 5 && $(l0 $run) < 80"
    has $run/report.html '<h3>How often units of code fire</h3>' 'fire for up to this % of the samples'
    has $run/report.html '<h3>explained_variance</h3>'
done
runs 0 "$tacet" inspect sae/model.safetensors
awk '/^decoder.weight / { good = ($4^2 + $5^2) * 784; exit } END { exit !(good > 0.999 && good < 1.001) }' out ||
    fault "the pictures are not of length 1: $(grep '^decoder.weight' out)"

# ---- train_images: one epoch without and one with a penalty ----
for penalty in "l1 0" "l1 1e-3"; do
    "$TACET_BUILD/examples/train_images" 1 "$penalty"
done > images
awk '{ accuracy[NR] = $4 + 0; density[NR] = $10 + 0 }
    END { exit !(NR == 2 && accuracy[1] > 0.8 && accuracy[2] > 0.8 && density[2] > 0 && density[2] < 0.7 * density[1]) }' \
    images || fault "train_images: $(cat images)"

# ---- The commands in the READMEs, for two steps; tacet inspect reads their results ----
rm -rf runs
count=0
cat examples/*/README.md | sed -n 's/^    \(tacet \)/\1/p; s/^    \(build\/release\/\)/\1/p' > commands
while read -r command; do
    case $command in
    "tacet train "* | "tacet sweep "*) eval "\"\$tacet\" ${command#tacet } --set train.steps=2" ;;
    "tacet "*) eval "\"\$tacet\" ${command#tacet }" ;;
    *" 2 "*) continue ;; # train_images: above
    *) eval "$command" ;;
    esac > said 2>&1 < /dev/null || fault "$command: $(cat said)"
    count=$((count + 1))
done < commands
[ $count -ge 9 ] || fault "only $count commands were found"
finish
