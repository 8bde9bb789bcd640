/* picture.c: PNG (W3C, Portable Network Graphics, third edition): a signature, then chunks of length, name, data, CRC. */
#include "report/picture.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

cli_picture cli_picture_new(cli_arena *a, int width, int height)
{
    return (cli_picture){width, height, cli_take(a, (size_t)width * (size_t)height * 4)};
}

void cli_picture_set(cli_picture *c, int x, int y, double value)
{
    /* Two of the hues of Okabe and Ito that stay apart for the colour-blind, on white as on black. */
    static const unsigned char above[] = {0, 114, 178}, below[] = {213, 94, 0};
    unsigned char *to = c->rgba + 4 * ((size_t)y * (size_t)c->width + (size_t)x);
    memcpy(to, value < 0 ? below : above, 3);
    to[3] = isfinite(value) ? (unsigned char)lround(255 * fmin(fabs(value), 1)) : 0;
}

/* ---- PNG --------------------------------------------------------------------------------------------------------- */

typedef struct bytes {
    unsigned char *data;
    size_t count;
} bytes;

static void put32(bytes *b, unsigned long x)
{
    for (int shift = 24; shift >= 0; shift -= 8) b->data[b->count++] = (unsigned char)(x >> shift & 255);
}

static void chunk(bytes *b, const char *name, const unsigned char *data, size_t n)
{
    put32(b, (unsigned long)n);
    const size_t begin = b->count;
    memcpy(b->data + begin, name, 4);
    if (n) memcpy(b->data + begin + 4, data, n);
    b->count += 4 + n;
    put32(b, crc32(0, b->data + begin, (uInt)(4 + n)));
}

/* The picture as a file; count 0 where it could not be packed. */
static bytes png(cli_arena *a, const cli_picture *c)
{
    static const unsigned char signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    const size_t row = (size_t)c->width * 4, raw = (row + 1) * (size_t)c->height;
    unsigned char *lines = cli_take(a, raw); /* each with the number of its filter before it: 0, none */
    for (int y = 0; y < c->height; y++) memcpy(lines + (size_t)y * (row + 1) + 1, c->rgba + (size_t)y * row, row);
    uLongf packed = compressBound((uLong)raw);
    unsigned char *data = cli_take(a, packed);
    bytes b = {cli_take(a, packed + 128), 0};
    if (compress2(data, &packed, lines, (uLong)raw, Z_BEST_COMPRESSION) != Z_OK) return b;
    memcpy(b.data, signature, sizeof signature);
    b.count = sizeof signature;
    unsigned char head[16];
    bytes h = {head, 0};
    put32(&h, (unsigned long)c->width);
    put32(&h, (unsigned long)c->height);
    h.data[h.count++] = 8, h.data[h.count++] = 6; /* 8 bits, RGBA; then the only methods that exist */
    for (int i = 0; i < 3; i++) h.data[h.count++] = 0;
    chunk(&b, "IHDR", head, h.count);
    chunk(&b, "IDAT", data, packed);
    chunk(&b, "IEND", NULL, 0);
    return b;
}

/* RFC 4648 */
static void base64(FILE *to, const bytes *b)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < b->count; i += 3) {
        const size_t n = b->count - i < 3 ? b->count - i : 3;
        unsigned long bits = 0;
        for (size_t k = 0; k < 3; k++) bits = bits << 8 | (k < n ? b->data[i + k] : 0);
        for (size_t k = 0; k < 4; k++) fputc(k <= n ? digit[bits >> (18 - 6 * k) & 63] : '=', to);
    }
}

void cli_picture_write(cli_page *p, const cli_picture *c, double x, double y, double width, double height)
{
    cli_arena a = {0};
    const bytes b = png(&a, c);
    fprintf(p->to,
            "<image x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" preserveAspectRatio=\"none\" "
            "style=\"image-rendering:pixelated\" href=\"data:image/png;base64,",
            x, y, width, height);
    base64(p->to, &b);
    fputs("\"/>\n", p->to);
    cli_arena_free(&a);
}
