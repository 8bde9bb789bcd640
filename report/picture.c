/* picture.c: PNG (W3C, Portable Network Graphics, third edition): a signature, then chunks of length, name, data and
 * CRC. */
#include "report/picture.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

cli_picture cli_picture_new(cli_arena *a, int width, int height)
{
    return (cli_picture){width, height, cli_take(a, (size_t)width * (size_t)height * 4), false};
}

void cli_picture_set(cli_picture *c, int x, int y, double value)
{
    /* Two colours of Okabe and Ito that the colour-blind can tell apart, on white and on black. */
    static const unsigned char above[] = {0, 114, 178}, below[] = {213, 94, 0};
    unsigned char *to = c->rgba + 4 * ((size_t)y * (size_t)c->width + (size_t)x);
    memcpy(to, value < 0 ? below : above, 3);
    to[3] = isfinite(value) ? (unsigned char)lround(255 * fmin(fabs(value), 1)) : 0;
}

void cli_picture_colour(cli_picture *c, int x, int y, double red, double green, double blue)
{
    const double part[] = {red, green, blue, 1};
    c->own = true;
    unsigned char *to = c->rgba + 4 * ((size_t)y * (size_t)c->width + (size_t)x);
    for (int k = 0; k < 4; k++) to[k] = isfinite(part[k]) ? (unsigned char)lround(255 * fmin(fmax(part[k], 0), 1)) : 0;
}

/* ---- PNG --------------------------------------------------------------------------------------------------------- */

static void put32(tc_text *t, unsigned long x)
{
    tc_text_put(t, (unsigned char[]){x >> 24 & 255, x >> 16 & 255, x >> 8 & 255, x & 255}, 4);
}

static void chunk(tc_text *t, const char *name, const void *data, size_t n)
{
    put32(t, (unsigned long)n);
    const size_t begin = t->length;
    tc_text_put(t, name, 4);
    tc_text_put(t, data, n);
    put32(t, crc32(0, (const unsigned char *)t->data + begin, (uInt)(4 + n)));
}

/* The picture as a file; empty if there was no memory to compress it. */
static tc_text png(cli_arena *a, const cli_picture *c)
{
    const size_t row = (size_t)c->width * 4, raw = (row + 1) * (size_t)c->height;
    unsigned char *lines = cli_take(a, raw); /* each begins with the number of its filter: 0, no filter */
    for (int y = 0; y < c->height; y++) memcpy(lines + (size_t)y * (row + 1) + 1, c->rgba + (size_t)y * row, row);
    uLongf packed = compressBound((uLong)raw);
    unsigned char *data = cli_take(a, packed);
    tc_text t = {.mem = cli_memory(a)}, head = t;
    if (compress2(data, &packed, lines, (uLong)raw, Z_BEST_COMPRESSION) != Z_OK) return t;
    put32(&head, (unsigned long)c->width);
    put32(&head, (unsigned long)c->height);
    tc_text_put(&head, "\x08\x06\0\0\0", 5); /* 8 bits, RGBA, the only compression and filter methods, not interlaced */
    tc_text_put(&t, "\x89PNG\r\n\x1a\n", 8);
    chunk(&t, "IHDR", head.data, head.length);
    chunk(&t, "IDAT", data, packed);
    chunk(&t, "IEND", "", 0);
    return t;
}

/* RFC 4648. */
static void base64(FILE *to, const unsigned char *data, size_t count)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < count; i += 3) {
        const size_t n = count - i < 3 ? count - i : 3;
        unsigned long bits = 0;
        for (size_t k = 0; k < 3; k++) bits = bits << 8 | (k < n ? data[i + k] : 0);
        for (size_t k = 0; k < 4; k++) fputc(k <= n ? digit[bits >> (18 - 6 * k) & 63] : '=', to);
    }
}

void cli_picture_write(cli_page *p, const cli_picture *c, double x, double y, double width, double height)
{
    cli_arena a = {0};
    const tc_text file = png(&a, c);
    p->undrawn = p->undrawn || file.length == 0; /* a figure may have several pictures */
    if (file.length == 0) return cli_arena_free(&a);
    fprintf(p->to,
            "<image class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" preserveAspectRatio=\"none\" "
            "style=\"image-rendering:pixelated\" href=\"data:image/png;base64,",
            c->own ? "own" : "tint", x, y, width, height);
    base64(p->to, (const unsigned char *)file.data, file.length);
    fputs("\"/>\n", p->to);
    cli_arena_free(&a);
}
