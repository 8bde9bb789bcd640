/* inflate.c: compressed bytes, in order.
 *
 *     file --tc_reader_raw--> buffer --inflate--> window
 *
 * gzip: RFC 1952. Members may follow one another and are read as one; zlib checks each one's CRC and length. Zeros may
 * follow the last one, because tapes and block devices are filled up with them; gzip itself accepts them too. */
#include "data/inflate.h"

#ifdef TC_ZLIB
#include <zlib.h>

struct tc_inflate {
    z_stream stream;
    bool inside; /* within a member */
    unsigned char window[TC_READER_CHUNK];
};

/* Gives inflate more raw bytes once it has used up the last ones. False at the end of the file. */
static bool feed(tc_reader *r)
{
    z_stream *s = &r->inflate->stream;
    if (s->avail_in > 0) return true;
    s->next_in = r->buffer;
    s->avail_in = (uInt)tc_reader_raw(r);
    return s->avail_in > 0;
}

/* After a member: true if another one begins here; false at the end, which zeros may come before, and on failure. */
static bool next_member(tc_reader *r)
{
    z_stream *s = &r->inflate->stream;
    bool zeros = false;
    if (r->part && feed(r)) tc_reader_refuse(r, "has other bytes after its compressed data");
    for (; feed(r); s->next_in++, s->avail_in--) {
        if (*s->next_in == 0) {
            zeros = true;
        } else {
            if (zeros) tc_reader_refuse(r, "has zeros after its compressed data, and then other bytes");
            return !zeros;
        }
    }
    return false;
}

size_t tc_inflate_fill(tc_reader *r)
{
    tc_inflate *f = r->inflate;
    z_stream *s = &f->stream;
    s->next_out = r->window;
    s->avail_out = TC_READER_CHUNK;
    while (s->avail_out == TC_READER_CHUNK && (f->inside ? feed(r) : next_member(r))) {
        if (!f->inside && inflateReset(s) != Z_OK) {
            tc_reader_refuse(r, "cannot be decompressed");
            return 0;
        }
        const int result = inflate(s, Z_NO_FLUSH);
        f->inside = result != Z_STREAM_END;
        if (result == Z_MEM_ERROR)
            r->status = tc_fail_memory(r->error);
        else if (result != Z_OK && result != Z_BUF_ERROR && f->inside)
            tc_reader_refuse(r, "its compressed data are damaged, or something else follows them: %s",
                             s->msg ? s->msg : "not gzip");
        if (r->status) return 0;
    }
    if (s->avail_out == TC_READER_CHUNK && f->inside)
        tc_reader_refuse(r, "is truncated: its compressed data end early");
    return TC_READER_CHUNK - s->avail_out;
}

static void *zlib_alloc(void *context, unsigned n, unsigned size) { return tc_alloc(context, n, size); }
static void zlib_free(void *context, void *p) { tc_free(context, p); }

/* What inflateInit2 is told: the largest window; + 16: a gzip header is expected; negative: no header (zlib.h). */
enum { GZIP_WINDOW = 15 + 16, RAW_WINDOW = -15 };

tacet_status tc_inflate_open(tc_reader *r, bool gzip)
{
    tc_inflate *f = tc_alloc(&r->mem, 1, sizeof *f);
    if (!f) return r->status = tc_fail_memory(r->error);
    f->stream = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = &r->mem};
    f->stream.next_in = r->buffer;
    f->stream.avail_in = (uInt)r->have;
    if (inflateInit2(&f->stream, gzip ? GZIP_WINDOW : RAW_WINDOW) != Z_OK) {
        tc_free(&r->mem, f);
        return r->status = tc_fail_memory(r->error);
    }
    f->inside = true;
    r->inflate = f;
    r->window = f->window;
    r->have = 0;
    r->size = -1;
    return TACET_OK;
}

void tc_inflate_close(tc_reader *r)
{
    if (r->inflate) inflateEnd(&r->inflate->stream);
    tc_free(&r->mem, r->inflate);
}

uint32_t tc_crc32(uint32_t crc, const unsigned char *data, size_t n) { return (uint32_t)crc32(crc, data, (uInt)n); }

#else

tacet_status tc_inflate_open(tc_reader *r, bool gzip)
{
    (void)gzip;
    tc_reader_refuse(r, "is compressed, and this Tacet was built without zlib");
    tc_fail_hint(r->error, "decompress it, or install zlib1g-dev, and configure and build Tacet again");
    return r->status;
}

void tc_inflate_close(tc_reader *r) { (void)r; }

size_t tc_inflate_fill(tc_reader *r)
{
    (void)r;
    return 0;
}

/* RFC 1952, section 8. */
uint32_t tc_crc32(uint32_t crc, const unsigned char *data, size_t n)
{
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
    }
    return ~crc;
}

#endif
