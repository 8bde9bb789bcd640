/* fuzz_images.c: a folder with a good picture and one that is the input, PNG or JPEG, whose first byte chooses the options.
 * With option byte 128 and above, the chunks of a PNG get right checksums, so that libpng reads what is in them. */
#include "fuzz.h"

#include <sys/stat.h>
#include <zlib.h>

/* A grey PNG of 4 x 4 pixels, and a JPEG of 1 x 1. */
static const unsigned char png[] = {
    137, 80, 78, 71, 13,  10,  26,  10,  0,   0,   0,  13, 73, 72, 68, 82, 0,   0,   0,  4,   0,  0,  0,  4,  8,
    0,   0,  0,  0,  140, 154, 193, 162, 0,   0,   0,  16, 73, 68, 65, 84, 120, 218, 99, 20,  97, 96, 96, 96, 98,
    64,  33, 0,  1,  224, 0,   28,  244, 154, 213, 56, 0,  0,  0,  0,  73, 69,  78,  68, 174, 66, 96, 130};
static const unsigned char jpeg[] = {
    255, 216, 255, 224, 0,  16, 74,  70,  73,  70,  0,   1,   1,   0,   0,   1,   0,  1,   0,   0,   255, 219, 0,
    67,  0,   16,  11,  12, 14, 12,  10,  16,  14,  13,  14,  18,  17,  16,  19,  24, 40,  26,  24,  22,  22,  24,
    49,  35,  37,  29,  40, 58, 51,  61,  60,  57,  51,  56,  55,  64,  72,  92,  78, 64,  68,  87,  69,  55,  56,
    80,  109, 81,  87,  95, 98, 103, 104, 103, 62,  77,  113, 121, 112, 100, 120, 92, 101, 103, 99,  255, 192, 0,
    11,  8,   0,   1,   0,  1,  1,   1,   17,  0,   255, 196, 0,   20,  0,   1,   0,  0,   0,   0,   0,   0,   0,
    0,   0,   0,   0,   0,  0,  0,   0,   6,   255, 196, 0,   20,  16,  1,   0,   0,  0,   0,   0,   0,   0,   0,
    0,   0,   0,   0,   0,  0,  0,   0,   255, 218, 0,   8,   1,   1,   0,   0,   63, 0,   72,  255, 217};

static const char *const options[] = {
    "", "size=3x5", "channels=1", "skip=true", "skip=true size=2 normalize=channel", "flat=true size=9"};
enum { OPTIONS = sizeof options / sizeof *options, SUMMED = 128 };

/* Corrects the checksum of every chunk that is whole. */
static void sum_chunks(unsigned char *bytes, size_t n)
{
    for (size_t at = 8; at + 12 <= n;) {
        const size_t length = (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 | (size_t)bytes[at + 2] << 8 |
                              bytes[at + 3];
        if (length > n - at - 12) return;
        const unsigned long crc = crc32(0, bytes + at + 4, (unsigned)length + 4);
        at += length + 12;
        for (int i = 0; i < 4; i++) bytes[at - 4 + (size_t)i] = (unsigned char)(crc >> (24 - 8 * i));
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n)
{
    char source[100];
    if (n == 0) return 0;
    unsigned char *own = malloc(n);
    if (!own) return 0;
    memcpy(own, bytes + 1, n - 1);
    if (bytes[0] >= SUMMED) sum_chunks(own, n - 1);
    mkdir(fuzz_path("a"), 0777);
    mkdir(fuzz_path("b"), 0777);
    fuzz_put("a/1.png", png, sizeof png);
    fuzz_put("b/2.png", own, n - 1);
    snprintf(source, sizeof source, "images @ %s", options[bytes[0] % SUMMED % OPTIONS]);
    fuzz_data(source, NULL);
    free(own);
    return 0;
}

void fuzz_seeds(void)
{
    unsigned char bytes[1000];
    for (int kind = 0; kind < 2 * OPTIONS; kind++) {
        const bool is_png = kind < OPTIONS;
        const size_t n = is_png ? sizeof png : sizeof jpeg;
        bytes[0] = (unsigned char)(is_png ? kind + SUMMED : kind);
        memcpy(bytes + 1, is_png ? png : jpeg, n);
        fuzz_seed(bytes, n + 1);
    }
}
