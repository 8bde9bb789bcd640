/* fuzz_npy.c: npy files, plain, as .gz and in a zip file, and broken zip files. With the part "gz" or "zip", the files x and
 * y are packed here, so that their contents are read in spite of checksums. */
#include "fuzz.h"

#include <zlib.h>

/* ---- A zip file of stored entries ---- */

typedef struct zip {
    unsigned char bytes[1 << 15], directory[1000];
    size_t n, listed;
} zip;

static size_t number(unsigned char *to, uint64_t x, int width)
{
    for (int i = 0; i < width; i++) to[i] = (unsigned char)(x >> 8 * i);
    return (size_t)width;
}

/* What an entry's head and its line in the directory have in common. */
static size_t fields(unsigned char *to, const char *name, const void *bytes, size_t n)
{
    memset(to, 0, 26);
    to[0] = 20;
    number(to + 10, crc32(0, bytes, (unsigned)n), 4);
    number(to + 14, n, 4);
    number(to + 18, n, 4);
    number(to + 22, strlen(name), 2);
    return 26;
}

static void add(zip *z, const char *name, const void *bytes, size_t n)
{
    unsigned char *to = z->bytes + z->n, *list = z->directory + z->listed;
    const size_t named = strlen(name), at = z->n;
    if (z->n + n + 100 > sizeof z->bytes) return;
    to += number(to, 0x04034b50, 4);
    to += fields(to, name, bytes, n);
    memcpy(to, name, named);
    memcpy(to + named, bytes, n);
    z->n = (size_t)(to - z->bytes) + named + n;
    list += number(list, 0x02014b50, 4);
    list += number(list, 20, 2);
    list += fields(list, name, bytes, n);
    memset(list, 0, 10);
    list += 10;
    list += number(list, at, 4);
    memcpy(list, name, named);
    z->listed = (size_t)(list - z->directory) + named;
}

static void end(zip *z, int entries)
{
    const size_t at = z->n;
    if (z->n + z->listed + 22 > sizeof z->bytes) return;
    memcpy(z->bytes + z->n, z->directory, z->listed);
    unsigned char *to = z->bytes + at + z->listed;
    memset(to, 0, 22);
    number(to, 0x06054b50, 4);
    number(to + 8, (unsigned)entries, 2);
    number(to + 10, (unsigned)entries, 2);
    number(to + 12, z->listed, 4);
    number(to + 16, at, 4);
    z->n = at + z->listed + 22;
}

/* ---- The files ---- */

static void gz(const char *name, const void *bytes, size_t n)
{
    gzFile f = gzopen(fuzz_path(name), "wb1");
    if (!f || (n && gzwrite(f, bytes, (unsigned)n) != (int)n) || gzclose(f) != Z_OK) fuzz_fail("cannot write %s", name);
}

static const char *pack(const unsigned char *bytes, size_t n, char *x, size_t nx, char *y, size_t ny)
{
    size_t length;
    char *zipped = fuzz_part(bytes, n, "zip", &length), *packed = fuzz_part(bytes, n, "gz", &length);
    const char *source = y ? "npy @/x.npy y=@/y.npy " : "npy @/x.npy ";
    static zip z;
    if (zipped) {
        z = (zip){0};
        if (x) add(&z, "x.npy", x, nx);
        if (y) add(&z, "y.npy", y, ny);
        end(&z, (x != NULL) + (y != NULL));
        fuzz_put("z.npz", z.bytes, z.n);
        source = y ? "npy @/z.npz:x y=@/z.npz:y " : "npy @/z.npz:x ";
    } else if (packed) {
        gz("x.npy.gz", x ? x : "", nx);
        source = "npy @/x.npy.gz ";
    } else {
        fuzz_put("x.npy", x ? x : "", nx);
        if (y) fuzz_put("y.npy", y, ny);
    }
    free(zipped);
    free(packed);
    return source;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n)
{
    char source[500];
    size_t nx = 0, ny = 0, nz = 0, ignored;
    char *x = fuzz_part(bytes, n, "x", &nx), *y = fuzz_part(bytes, n, "y", &ny), *z = fuzz_part(bytes, n, "npz", &nz),
         *options = fuzz_part(bytes, n, "options", &ignored);
    const char *files = z ? "npy @/z.npz:x y=@/z.npz:y " : pack(bytes, n, x, nx, y, ny);
    if (z) fuzz_put("z.npz", z, nz);
    snprintf(source, sizeof source, "%s%s", files, options ? fuzz_line(&(char *){options}) : "");
    fuzz_data(source, NULL);
    free(x);
    free(y);
    free(z);
    free(options);
    return 0;
}

/* ---- Seeds ---- */

typedef struct text {
    char bytes[2000];
    size_t n;
} text;

static void part(text *to, const char *name, const void *bytes, size_t n)
{
    to->n += (size_t)snprintf(to->bytes + to->n, sizeof to->bytes - to->n, "%s%%%% %s\n", to->n ? "\n" : "", name);
    memcpy(to->bytes + to->n, bytes, n);
    to->n += n;
}

/* An array of bytes in the format of NumPy; returns its length. */
static size_t array(unsigned char *to, int version, const char *type, const char *shape, size_t bytes)
{
    char head[128];
    const size_t wide = version > 1 ? 4 : 2;
    const size_t n = (size_t)snprintf(head, sizeof head, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", type,
                                      version > 2 ? "True" : "False", shape);
    memcpy(to, "\x93NUMPY", 6);
    to[6] = (unsigned char)version;
    to[7] = 0;
    number(to + 8, n, (int)wide);
    memcpy(to + 8 + wide, head, n);
    for (size_t i = 0; i < bytes; i++) to[8 + wide + n + i] = (unsigned char)(i % 3);
    return 8 + wide + n + bytes;
}

void fuzz_seeds(void)
{
    static const struct {
        const char *mode, *type[2], *shape[2], *options;
        int version;
        size_t bytes[2];
    } seeds[] = {
        {"plain", {"<f4", "<i8"}, {"(3, 2)", "(3,)"}, "normalize=feature", 1, {24, 24}},
        {"plain", {"|u1", "<f8"}, {"(2, 3, 2)", "(2, 1)"}, "flat=false scale=1", 1, {12, 16}},
        {"plain", {">i2", "|b1"}, {"(3, 2L, 2)", "(3,)"}, "mean=1 std=2", 3, {24, 3}},
        {"gz", {"<f2", "|u1"}, {"(3, 1)", "(3,)"}, "", 2, {6, 3}},
        {"zip", {"<f4", ">u4"}, {"(3, 2)", "(3,)"}, "normalize_target=true", 1, {24, 12}},
        {"npz", {"<f4", ">u4"}, {"(3, 2)", "(3,)"}, "", 1, {24, 12}},
    };
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        unsigned char x[300], y[300];
        const size_t nx = array(x, seeds[i].version, seeds[i].type[0], seeds[i].shape[0], seeds[i].bytes[0]);
        const size_t ny = array(y, seeds[i].version, seeds[i].type[1], seeds[i].shape[1], seeds[i].bytes[1]);
        static zip z;
        text t = {0};
        z = (zip){0};
        add(&z, "x.npy", x, nx);
        add(&z, "y.npy", y, ny);
        end(&z, 2);
        part(&t, "options", seeds[i].options, strlen(seeds[i].options));
        part(&t, seeds[i].mode, z.bytes, strcmp(seeds[i].mode, "npz") == 0 ? z.n : 0);
        part(&t, "x", x, nx);
        part(&t, "y", y, ny);
        fuzz_seed(t.bytes, t.n);
    }
}
