/* fuzz_data.c: feeds any bytes to the data readers. The first byte selects the type of file, the rest is the file.
 *
 *     clang -g -O1 -std=c17 -D_DEFAULT_SOURCE -D_POSIX_C_SOURCE=200809L -DTC_SANITIZED \
 *         -fsanitize=fuzzer,address,undefined -Iinclude -Isrc \
 *         tests/fuzz/fuzz_data.c src/data/[!l]*.c src/base/[adjrst]*.c src/spec/[!c]*.c -lz -lm -o fuzz_data
 *     ./fuzz_data -max_len=4096 -max_total_time=60 */
#include "tacet/tacet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *file, *spec, *part;
} cases[] = {
    {"train-images-idx3-ubyte", "idx %s", "train"},
    {"train-labels-idx1-ubyte", "idx %s", "train"},
    {"x.npy", "npy %s/x.npy", "train"},
    {"y.npy", "npy %s/g.npy y=%s/y.npy", "train"},
    {"s.npz", "npy %s/s.npz", "train"},
    {"s.npz", "npy %s/s.npz:x y=%s/s.npz:y", "train"},
    {"t.csv", "csv %s/t.csv label=1", "train"},
    {"t.csv", "csv %s/t.csv target=b,2 delimiter=;", "train"},
    {"t.csv", "csv %s/t.csv normalize=feature", "train"},
    {"t.csv", "csv %s/t.csv onehot=1 x=1-3 missing=median unknown=ignore", "train"},
};

static void put(const char *folder, const char *name, const void *bytes, size_t n)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0) abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n)
{
    static char folder[] = "/tmp/tacet-fuzz-XXXXXX";
    static int ready;
    if (!ready && !mkdtemp(folder)) abort();
    ready = 1;
    if (n == 0) return 0;
    put(folder, "train-images-idx3-ubyte", "\0\0\10\2\0\0\0\2\0\0\0\1ab", 14);
    put(folder, "train-labels-idx1-ubyte", "\0\0\10\1\0\0\0\2\1\0", 10);
    static const char good[] = "\x93NUMPY\1\0\x3a\0{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\nab";
    put(folder, "g.npy", good, sizeof good - 1);
    const size_t k = bytes[0] % (sizeof cases / sizeof *cases);
    put(folder, cases[k].file, bytes + 1, n - 1);
    char spec[1000];
    tacet_error e;
    snprintf(spec, sizeof spec, cases[k].spec, folder, folder);
    tacet_data_free(tacet_data_open(spec, cases[k].part, NULL, &e));
    return 0;
}
