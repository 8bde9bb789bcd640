/* picture_png.c: PNG files, with libpng (its manual, libpng-manual.txt, chapters III and V).
 *
 * Palettes and 1, 2 and 4 bits become bytes, 16 bits are rounded to 8, interlaced files are read like others, and alpha is
 * left out, as by Pillow's convert("RGB"). All memory goes through the hook. An error of libpng jumps back to
 * guarded(). */
#include "data/picture_file.h"

#ifdef TC_PNG
#include <png.h>
#include <setjmp.h>
#include <stdio.h>

typedef struct decoding {
    jmp_buf back;
    tc_reader *r;
    tc_picture *p;
    png_structp png;
    png_infop info;
    bool memory; /* an allocation failed */
    char why[128];
} decoding;

static _Noreturn void fail(png_structp png, png_const_charp message)
{
    decoding *d = png_get_error_ptr(png);
    snprintf(d->why, sizeof d->why, "%s", message);
    longjmp(d->back, 1);
}

static void ignore(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static png_voidp allocate(png_structp png, png_alloc_size_t n)
{
    decoding *d = png_get_mem_ptr(png);
    void *block = tc_resize(&d->r->mem, NULL, n, 1);
    d->memory = d->memory || !block;
    return block;
}

static void release(png_structp png, png_voidp block)
{
    decoding *d = png_get_mem_ptr(png);
    tc_free(&d->r->mem, block);
}

static void take_bytes(png_structp png, png_bytep to, size_t n)
{
    decoding *d = png_get_io_ptr(png);
    if (tc_reader_get(d->r, to, n, "its next part")) fail(png, "");
}

/* How the pixels of the file become bytes of one or three channels. */
static int transform(decoding *d, int colour, int depth)
{
    png_structp png = d->png;
    const bool grey = !(colour & PNG_COLOR_MASK_COLOR);
    if (depth == 16) png_set_scale_16(png);
    png_set_expand(png);
    png_set_strip_alpha(png);
    if (grey && d->p->channels == 3) png_set_gray_to_rgb(png);
    return grey ? d->p->channels : 3;
}

static void run(decoding *d)
{
    tc_picture *p = d->p;
    png_uint_32 height, width;
    int depth, colour;
    d->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, d, fail, ignore, d, allocate, release);
    if (d->png) d->info = png_create_info_struct(d->png);
    if (!d->info) {
        snprintf(d->why, sizeof d->why, "libpng cannot be used");
        return;
    }
    png_set_read_fn(d->png, d, take_bytes);
    png_set_user_limits(d->png, TC_MAX_SIDE, TC_MAX_SIDE);
    png_read_info(d->png, d->info);
    png_get_IHDR(d->png, d->info, &width, &height, &depth, &colour, NULL, NULL, NULL);
    const int channels = transform(d, colour, depth);
    if (!tc_picture_size(p, d->r, height, width, channels) || p->header) return;
    const int passes = png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
    if (png_get_rowbytes(d->png, d->info) != width * (size_t)channels) fail(d->png, "it has other channels");
    for (int pass = 0; pass < passes; pass++)
        for (png_uint_32 y = 0; y < height; y++)
            png_read_row(d->png, p->pixels + (size_t)y * width * (size_t)channels, NULL);
    png_read_end(d->png, NULL);
    if (channels > p->channels) tc_picture_grey(p);
}

/* Nothing that changes after setjmp is a variable of this function. */
static void guarded(decoding *d)
{
    if (setjmp(d->back) == 0) run(d);
}

tacet_status tc_picture_png(tc_picture *p, tc_reader *r)
{
    decoding d = {.r = r, .p = p};
    guarded(&d);
    png_destroy_read_struct(&d.png, &d.info, NULL);
    if (r->status || !*d.why) return r->status;
    return d.memory ? (r->status = tc_fail_memory(r->error)) : tc_reader_refuse(r, "is a damaged PNG file: %s", d.why);
}

#else

tacet_status tc_picture_png(tc_picture *p, tc_reader *r)
{
    (void)p;
    tc_reader_refuse(r, "is a PNG file, and this Tacet was built without libpng");
    tc_fail_hint(r->error, "install libpng-dev, and configure and build Tacet again");
    return r->status;
}

#endif
