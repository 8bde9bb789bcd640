/* fuzz_idx.c: images and labels as MNIST has them, raw and compressed. The first byte says which file the rest is, and
 * whether it is compressed here; every other file is good. */
#include "fuzz.h"

#include <zlib.h>

static const struct {
    const char *file, *good;
    size_t n;
} files[] = {
    {"train-images-idx3-ubyte", "\0\0\10\3\0\0\0\4\0\0\0\1\0\0\0\2abcdefgh", 24},
    {"train-labels-idx1-ubyte", "\0\0\10\1\0\0\0\4\1\0\2\1", 12},
    {"t10k-images-idx3-ubyte", "\0\0\10\3\0\0\0\1\0\0\0\1\0\0\0\2ab", 18},
    {"t10k-labels-idx1-ubyte", "\0\0\10\1\0\0\0\1\1", 9},
};
enum { FILES = sizeof files / sizeof *files };

/* Of the first byte: which file, how it is packed, the options. */
enum { RAW, GZIPPED, BROKEN_GZIP, PACKINGS };
static const char *const options[] = {"", "flat=false", "normalize=feature"};
enum { OPTIONS = sizeof options / sizeof *options };

static void put(const char *name, const void *bytes, size_t n, int packing)
{
    char gz[80];
    snprintf(gz, sizeof gz, "%s.gz", name);
    fuzz_remove(name);
    fuzz_remove(gz);
    if (packing == BROKEN_GZIP) fuzz_put(gz, bytes, n);
    if (packing == RAW) fuzz_put(name, bytes, n);
    if (packing != GZIPPED) return;
    gzFile f = gzopen(fuzz_path(gz), "wb1");
    if (!f || (n && gzwrite(f, bytes, (unsigned)n) != (int)n) || gzclose(f) != Z_OK) fuzz_fail("cannot write %s", gz);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n)
{
    char source[100];
    if (n == 0) return 0;
    const int file = bytes[0] % FILES, packing = bytes[0] / FILES % PACKINGS,
              option = bytes[0] / FILES / PACKINGS % OPTIONS;
    for (int i = 0; i < FILES; i++) put(files[i].file, files[i].good, files[i].n, RAW);
    put(files[file].file, bytes + 1, n - 1, packing);
    snprintf(source, sizeof source, "idx @ %s", options[option]);
    fuzz_data(source, NULL);
    return 0;
}

void fuzz_seeds(void)
{
    unsigned char bytes[200];
    for (int kind = 0; kind < FILES * PACKINGS * OPTIONS; kind++) {
        const int file = kind % FILES;
        const char *gz = "good.gz";
        size_t n = files[file].n;
        bytes[0] = (unsigned char)kind;
        memcpy(bytes + 1, files[file].good, n);
        if (kind / FILES % PACKINGS == BROKEN_GZIP) {
            put("good", files[file].good, n, GZIPPED);
            n = fuzz_get(gz, bytes + 1, sizeof bytes - 1);
        }
        fuzz_seed(bytes, n + 1);
    }
}
