/* picture_file.c: which decoder reads a file, limits, and pictures of another size.
 *
 * A picture is resized as by Pillow's BILINEAR, torchvision's default: each output pixel is a mean of the source pixels
 * around it, weighted by a triangle that is two output pixels wide where the picture becomes smaller and two source pixels
 * where it becomes larger. So a small picture has no moire. Height and width are scaled independently. */
#include "data/picture_file.h"

#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <strings.h>

static const struct format {
    const char *begin; /* of the file */
    size_t length;
    tc_picture_decoder *read; /* NULL: a format that is only known by its name */
    const char *name;
} formats[] = {
    {"\x89PNG\r\n\x1a\n", 8, tc_picture_png, "PNG"},
    {"\xFF\xD8\xFF", 3, tc_picture_jpeg, "JPEG"},
    {"GIF8", 4, NULL, "GIF"},
    {"BM", 2, NULL, "BMP"},
    {"RIFF", 4, NULL, "WebP"},
    {"II*\0", 4, NULL, "TIFF"},
    {"MM\0*", 4, NULL, "TIFF"},
};

bool tc_picture_named(const char *path)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return false;
}

static tacet_status decode(tc_picture *p, tc_reader *r)
{
    if (tc_reader_peek(r) == TC_READER_END) return tc_reader_refuse(r, "is empty");
    for (size_t i = 0; i < sizeof formats / sizeof *formats && !r->status; i++) {
        const struct format *f = &formats[i];
        if (r->have - r->at < f->length || memcmp(r->window + r->at, f->begin, f->length) != 0) continue;
        return f->read ? f->read(p, r) : tc_reader_refuse(r, "is a %s file; PNG and JPEG can be read", f->name);
    }
    return tc_reader_refuse(r, "is neither a PNG nor a JPEG file");
}

tacet_status tc_picture_read(tc_picture *p, const char *path, const tc_mem *m, tacet_error *e)
{
    tc_reader r;
    p->mem = *m;
    tc_reader_open(&r, path, m, e);
    if (!r.status) decode(p, &r);
    return tc_reader_close(&r);
}

void tc_picture_free(tc_picture *p)
{
    tc_free(&p->mem, p->pixels);
    p->pixels = NULL;
}

bool tc_picture_size(tc_picture *p, tc_reader *r, uint64_t height, uint64_t width, int channels)
{
    if (height < 1 || width < 1 || height > TC_MAX_SIDE || width > TC_MAX_SIDE || height * width > TC_MAX_PIXELS) {
        tc_reader_refuse(r, "is said to have %" PRIu64 " x %" PRIu64 " pixels; Tacet reads up to %d, and %d on a side",
                         height, width, TC_MAX_PIXELS, TC_MAX_SIDE);
        return false;
    }
    p->height = (int64_t)height;
    p->width = (int64_t)width;
    if (p->header) return true;
    p->pixels = tc_resize(&r->mem, NULL, (size_t)(height * width), (size_t)channels);
    if (!p->pixels) r->status = tc_fail_memory(r->error);
    return p->pixels != NULL;
}

void tc_picture_grey(tc_picture *p)
{
    unsigned char *x = p->pixels;
    for (int64_t i = 0; i < p->height * p->width; i++)
        x[i] = (unsigned char)((299 * x[3 * i] + 587 * x[3 * i + 1] + 114 * x[3 * i + 2] + 500) / 1000);
}

/* ---- Sizes ---- */

/* The source pixels first..last-1 that output pixel i of n is a mean of; the triangle is `reach` wide on either side. */
typedef struct taps {
    double centre, reach, sum;
    int64_t first, last;
} taps;

static double weight(const taps *t, int64_t k) { return fmax(0, 1 - fabs(((double)k + 0.5 - t->centre) / t->reach)); }

static taps taps_of(int64_t i, int64_t n, int64_t source)
{
    const double scale = (double)source / (double)n;
    taps t = {.centre = ((double)i + 0.5) * scale, .reach = scale > 1 ? scale : 1};
    t.first = (int64_t)fmax(0, t.centre - t.reach + 0.5);
    t.last = (int64_t)fmin((double)source, t.centre + t.reach + 0.5);
    for (int64_t k = t.first; k < t.last; k++) t.sum += weight(&t, k);
    return t;
}

bool tc_picture_fit(const tc_picture *p, int64_t height, int64_t width, unsigned char *to)
{
    const int64_t c = p->channels, n = p->width * c;
    if (height == p->height && width == p->width) return memcpy(to, p->pixels, (size_t)(height * n)), true;
    float *line = tc_resize(&p->mem, NULL, (size_t)n, sizeof *line);
    for (int64_t y = 0; y < height && line; y++) {
        const taps rows = taps_of(y, height, p->height);
        for (int64_t j = 0; j < n; j++) line[j] = 0;
        for (int64_t k = rows.first; k < rows.last; k++) {
            const float w = (float)(weight(&rows, k) / rows.sum);
            for (int64_t j = 0; j < n; j++) line[j] += w * (float)p->pixels[k * n + j];
        }
        for (int64_t x = 0; x < width; x++) {
            const taps columns = taps_of(x, width, p->width);
            double sum[3] = {0};
            for (int64_t k = columns.first; k < columns.last; k++)
                for (int64_t j = 0; j < c; j++) sum[j] += weight(&columns, k) * (double)line[k * c + j];
            for (int64_t j = 0; j < c; j++) *to++ = (unsigned char)(sum[j] / columns.sum + 0.5);
        }
    }
    tc_free(&p->mem, line);
    return line != NULL;
}
