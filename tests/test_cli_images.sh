#!/bin/sh
# Images: layout=, augment:, and folders of pictures, in train, eval and predict.
. "$TACET_SOURCE/tests/cli.sh"

# idx PREFIX N: images of 6 x 6 whose left or right half is brighter, and which half.
number() { printf "\\$(printf '%03o' "$1")"; }
idx() {
    { printf '\0\0\010\003\0\0\0'; number "$2"; printf '\0\0\0\006\0\0\0\006'; } > "$1-images-idx3-ubyte"
    { printf '\0\0\010\001\0\0\0'; number "$2"; } > "$1-labels-idx1-ubyte"
    # shellcheck disable=SC2059 # the format has the numbers as \ooo
    printf "$(awk -v n="$2" 'BEGIN { srand(3); for (i = 0; i < n; i++) for (k = 0; k < 36; k++)
        printf "\\%03o", int(100 * rand()) + ((k % 6 < 3) == i % 2 ? 100 : 0) }')" >> "$1-images-idx3-ubyte"
    # shellcheck disable=SC2059
    printf "$(awk -v n="$2" 'BEGIN { for (i = 0; i < n; i++) printf "\\%03o", i % 2 }')" >> "$1-labels-idx1-ubyte"
}
idx train 120
idx t10k 40
cat > images.yaml << 'END'
model:     flatten | linear 8 | relu | linear 2
loss:      cross_entropy
optimizer: adam lr=0.02
data:      idx . layout=hwc normalize=channel
augment:   crop 1 | shift 1 | rotate 10 | erase
train:     {epochs: 4, batch: 16, seed: 2}
END

# ---- Augmented rows are the same on any number of threads and after a resume; other rows are not augmented ----
runs 0 "$tacet" train images.yaml --out whole -q --threads 1
runs 0 "$tacet" train images.yaml --out threads -q --threads 3
same whole/model.safetensors threads/model.safetensors
runs 0 "$tacet" train images.yaml --out cut -q --set train.steps=13
runs 0 "$tacet" train images.yaml --resume cut -q --set train.steps=0
same whole/model.safetensors cut/model.safetensors
runs 0 "$tacet" train images.yaml --out plain -q --threads 1 --set augment=
cmp -s whole/model.safetensors plain/model.safetensors && fault "augment changes nothing"
runs 0 "$tacet" eval whole --json
cp out first
runs 0 "$tacet" eval whole --json --data 'idx .'
same out first
has first '"accuracy": *\(1\|0\.9\)'
runs 2 "$tacet" train images.yaml --out no --set data='idx .'
has err 'augmentations are for images \[height, width, channels\], and the rows of the data are \[36\]' 'layout=hwc'
runs 2 "$tacet" train images.yaml --out no --set augment= --set 'data=idx .' --set 'model=conv2d 2 3 | flatten | linear 2'
has err 'conv2d 2 3 on x \[batch, 36\]: needs an image' 'data: idx \. layout=hwc'
runs 2 "$tacet" train images.yaml --out no --set 'augment=flip | turn 3'
has err 'unknown augmentation "turn"' 'rotate'
runs 0 "$tacet" ops erase
has out 'erase (augmentation)'

runs 0 "$tacet" train images.yaml --out convolution -q --set 'model=conv2d 4 3 | relu | flatten | linear 2'
runs 0 "$tacet" predict convolution --csv --data 'idx .'
has out '^1,0' '^0,'

# ---- Folders of pictures ----
picture() { echo "$2" | base64 -d > "$1"; }
mkdir -p pictures/train/dark pictures/train/light pictures/test/light
for i in 1 2 3 4; do
    picture pictures/train/dark/$i.png iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAAAAACMmsGiAAAAEElEQVR42mMUYWBgYGJAIQAB4AAc9JrVOAAAAABJRU5ErkJggg==
    picture pictures/train/light/$i.png iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAAAAACMmsGiAAAAEUlEQVR42mN8xsDAwMSAQgAAEXYA7q6BBHkAAAAASUVORK5CYII=
done
cp pictures/train/light/1.png pictures/test/light
runs 0 "$tacet" train images.yaml --out run --set 'data=images pictures channels=1' --set augment=flip
if grep -q 'built without libpng' err; then
    finish
    exit
fi
has err '8 rows of 4 x 4 x 1, 2 classes: dark light'
runs 0 "$tacet" eval run
runs 0 "$tacet" predict run --csv --data 'images pictures/test/light'
has out 'class,p(dark),p(light)' 'light,'
runs 0 "$tacet" predict run --csv --data 'images pictures/test/light' --id file
has out '^file,class,p(dark),p(light)$' '^pictures/test/light/1.png,light,'
runs 2 "$tacet" predict run --csv --data 'images pictures/test/light channels=3'
has err 'the model takes images with channels=1$'
runs 1 "$tacet" predict convolution --csv --data 'images pictures/test/light'
has err '48 numbers, but the network takes 36' '^    size=6x6 channels=1 makes images that it takes$'
head -c 60 pictures/train/dark/1.png > pictures/train/dark/3.png
runs 3 "$tacet" train images.yaml --out no --set 'data=images pictures'
has err 'pictures/train/dark/3.png: is truncated' '^    skip=true leaves out files that cannot be decoded$'
runs 0 "$tacet" train images.yaml --out skipped --set 'data=images pictures skip=true'
has err '1 of 8 files cannot be decoded and is left out: pictures/train/dark/3.png: is truncated'
mv pictures/train/dark 'pictures/train/very dark'
runs 0 "$tacet" train images.yaml --out named --set 'data=images pictures/train skip=true' --set augment= --set test=
has err '7 rows of 4 x 4 x 3, 2 classes: light "very dark"$'
finish
