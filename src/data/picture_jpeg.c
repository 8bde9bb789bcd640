/* picture_jpeg.c: JPEG files, with libjpeg (libjpeg-turbo's libjpeg.txt).
 *
 * Baseline and progressive, grey and colour. Files in CMYK are refused, since their colours depend on a profile; an EXIF
 * orientation is ignored. libjpeg allocates its own memory, which does not go through the hook. An error jumps back to
 * guarded(); so do warnings that the pixels are damaged, which libjpeg would make up for with grey. */
#include "data/picture_file.h"

#ifdef TC_JPEG
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs it */

#include <jerror.h>
#include <jpeglib.h>

enum { MAX_SCANS = 500 }; /* a progressive file has about ten; each costs time even if it is empty */

typedef struct decoding {
    jmp_buf back;
    tc_reader *r;
    tc_picture *p;
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr error;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
} decoding;

/* The reader has the error. */
static _Noreturn void leave(decoding *d) { longjmp(d->back, 1); }

static _Noreturn void fail(j_common_ptr jpeg)
{
    decoding *d = jpeg->client_data;
    char why[JMSG_LENGTH_MAX];
    d->error.format_message(jpeg, why);
    if (d->error.msg_code == JERR_OUT_OF_MEMORY)
        d->r->status = tc_fail_memory(d->r->error);
    else
        tc_reader_refuse(d->r, "is a damaged JPEG file: %s", why);
    leave(d);
}

static void warn(j_common_ptr jpeg, int level)
{
    const int code = jpeg->err->msg_code;
    const bool damage = code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE || code == JWRN_MUST_RESYNC;
    if (level < 0 && damage) fail(jpeg);
}

static void say_nothing(j_common_ptr jpeg) { (void)jpeg; }
static void do_nothing(j_decompress_ptr jpeg) { (void)jpeg; }

/* The window of the reader is the buffer of libjpeg. */
static boolean fill(j_decompress_ptr jpeg)
{
    decoding *d = jpeg->client_data;
    tc_reader *r = d->r;
    if (tc_reader_peek(r) < 0) {
        tc_reader_refuse(r, "is truncated: its picture is not complete");
        leave(d);
    }
    jpeg->src->next_input_byte = r->window + r->at;
    jpeg->src->bytes_in_buffer = r->have - r->at;
    r->taken += (int64_t)(r->have - r->at);
    r->at = r->have;
    return TRUE;
}

static void skip(j_decompress_ptr jpeg, long n)
{
    for (size_t left = n > 0 ? (size_t)n : 0; left > 0;) {
        struct jpeg_source_mgr *s = jpeg->src;
        if (s->bytes_in_buffer == 0) fill(jpeg);
        const size_t some = left < s->bytes_in_buffer ? left : s->bytes_in_buffer;
        s->next_input_byte += some;
        s->bytes_in_buffer -= some;
        left -= some;
    }
}

static void count_scans(j_common_ptr jpeg)
{
    decoding *d = jpeg->client_data;
    if (d->jpeg.input_scan_number <= MAX_SCANS) return;
    tc_reader_refuse(d->r, "has more than %d scans", MAX_SCANS);
    leave(d);
}

static void run(decoding *d)
{
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    tc_picture *p = d->p;
    jpeg_create_decompress(jpeg);
    jpeg->client_data = d;
    jpeg->src = &d->source;
    jpeg->progress = &d->progress;
    jpeg_read_header(jpeg, TRUE);
    if (jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK) {
        tc_reader_refuse(d->r, "is a JPEG file in CMYK; save it in RGB");
        return;
    }
    if (!tc_picture_size(p, d->r, jpeg->image_height, jpeg->image_width, p->channels) || p->header) return;
    jpeg->out_color_space = p->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(jpeg);
    if (jpeg->output_components != p->channels) {
        tc_reader_refuse(d->r, "has %d channels that cannot be converted", jpeg->output_components);
        return;
    }
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = p->pixels + (size_t)jpeg->output_scanline * jpeg->output_width * (size_t)p->channels;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
}

/* Nothing that changes after setjmp is a variable of this function. */
static void guarded(decoding *d)
{
    if (setjmp(d->back) == 0) run(d);
}

tacet_status tc_picture_jpeg(tc_picture *p, tc_reader *r)
{
    decoding d = {.r = r, .p = p};
    d.jpeg.err = jpeg_std_error(&d.error);
    d.jpeg.client_data = &d;
    d.error.error_exit = fail;
    d.error.emit_message = warn;
    d.error.output_message = say_nothing;
    d.source = (struct jpeg_source_mgr){.init_source = do_nothing,
                                        .fill_input_buffer = fill,
                                        .skip_input_data = skip,
                                        .resync_to_restart = jpeg_resync_to_restart,
                                        .term_source = do_nothing};
    d.progress.progress_monitor = count_scans;
    guarded(&d);
    jpeg_destroy_decompress(&d.jpeg);
    return r->status;
}

#else

tacet_status tc_picture_jpeg(tc_picture *p, tc_reader *r)
{
    (void)p;
    tc_reader_refuse(r, "is a JPEG file, and this Tacet was built without libjpeg");
    tc_fail_hint(r->error, "install libjpeg-dev, and configure and build Tacet again");
    return r->status;
}

#endif
