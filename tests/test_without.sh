#!/bin/sh
# test_without.sh: the library built without BLAS, zlib, libpng, libjpeg and libyaml (TACET_REQUIRE=OFF) trains and reads plain
# files, and refuses compressed ones. timeout 300
set -eu
[ -z "${TACET_SANITIZE:-}" ] || exit 77 # once is enough
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cmake -S "$TACET_SOURCE" -B "$room/build" -DCMAKE_BUILD_TYPE=Debug -DTACET_REQUIRE=OFF -DTACET_TESTS=OFF -DTACET_PYTHON=OFF \
    -DCMAKE_DISABLE_FIND_PACKAGE_CBLAS=ON -DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON -DCMAKE_DISABLE_FIND_PACKAGE_PNG=ON \
    -DCMAKE_DISABLE_FIND_PACKAGE_JPEG=ON -DCMAKE_DISABLE_FIND_PACKAGE_LibYAML=ON >"$room/log" 2>&1 || { cat "$room/log"; exit 1; }
cmake --build "$room/build" --target tacet_static >"$room/log" 2>&1 || { tail -n 30 "$room/log"; exit 1; }

cat >"$room/user.c" <<'EOC'
#include <stdio.h>
#include <tacet/tacet.h>

static int step(void)
{
    static float x[64 * 100];
    tacet_error why;
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_value in = tacet_input(g, "x", 1, (int64_t[]){100});
    tacet_loss(g, "mse", tacet_chain(g, in, "linear 100 | relu | linear 100"), in);
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 64, .optimizer = "sgd lr=0.1"}, &why);
    if (!p) return fprintf(stderr, "%s\n", why.message), 1;
    for (int i = 0; i < 64 * 100; i++) x[i] = (float)(i % 7) - 3;
    double first = 0;
    for (int i = 0; i < 10; i++) {
        if (tacet_feed(p, in, TACET_F32, x) || tacet_step(p, 64)) return fprintf(stderr, "%s\n", tacet_plan_error(p)->message), 1;
        if (i == 0) first = tacet_data_loss(p);
    }
    const int bad = !(tacet_data_loss(p) < 0.9 * first);
    tacet_plan_free(p), tacet_graph_free(g);
    return bad;
}

int main(int count, char **sources)
{
    for (int i = 1; i < count; i++) {
        tacet_error why;
        tacet_data *d = tacet_data_open(sources[i], "train", NULL, &why);
        printf("%s: %s\n", sources[i], d ? "read" : why.message);
        tacet_data_free(d);
    }
    return step();
}
EOC
cc -o "$room/user" "$room/user.c" -I"$TACET_SOURCE/include" "$room/build/libtacet.a" -pthread -lm

cd "$room"
printf 'a,y\n1,2\n2,3\n3,4\n' >t.csv
gzip -k t.csv
mkdir -p pictures/train/cat pictures/train/dog
printf '\211PNG\r\n\032\n' >pictures/train/cat/1.png
cp pictures/train/cat/1.png pictures/train/dog/1.png
python3 - <<'EOP'
import struct, zipfile
def npy(shape, kind, data):
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + data
arrays = {"x.npy": npy((4, 2), "<f4", struct.pack("<8f", *range(8))), "y.npy": npy((4,), "<i4", struct.pack("<4i", 0, 1, 0, 1))}
for name, how in ("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(f"{name}.npz", "w", how) as to:
        for file, data in arrays.items():
            to.writestr(file, data)
stored = open("stored.npz", "rb").read()
open("damaged.npz", "wb").write(stored.replace(struct.pack("<f", 5), struct.pack("<f", 6), 1))
EOP
./user 'csv t.csv' 'csv t.csv.gz' 'npy x=stored.npz:x y=stored.npz:y' 'npy x=deflated.npz:x y=deflated.npz:y' \
    'npy x=damaged.npz:x y=damaged.npz:y' 'images pictures size=8' >said || { cat said; exit 1; }
cat >expected <<'EOE'
csv t.csv: read
csv t.csv.gz: t.csv.gz: is compressed, and this Tacet was built without zlib
npy x=stored.npz:x y=stored.npz:y: read
npy x=deflated.npz:x y=deflated.npz:y: deflated.npz:x: is compressed, and this Tacet was built without zlib
npy x=damaged.npz:x y=damaged.npz:y: damaged.npz:x: is damaged: its checksum is SUM, but should be SUM
images pictures size=8: pictures/train/cat/1.png: is a PNG file, and this Tacet was built without libpng
EOE
sed 's/[0-9a-f]\{8\}/SUM/g' said | diff expected -
