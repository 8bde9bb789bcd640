/* reader.c: bytes of a plain or gzipped file, in order.
 *
 *     file --read--> buffer[0, CHUNK) --inflate--> buffer[CHUNK, 2 CHUNK)      a plain file stops after the first arrow
 *
 * gzip: RFC 1952. Members may follow one another and are read as one; zlib checks each one's CRC and length. */
#include "data/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 16, FIRST_BLOCK = 1 << 20 };

tacet_status tc_reader_refuse(tc_reader *r, const char *format, ...)
{
    if (r->status) return r->status;
    char text[768];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return r->status = tc_fail(r->error, TACET_FILE, "%s: %s", r->path, text);
}

static tacet_status refuse_io(tc_reader *r, const char *doing)
{
    return r->status = tc_fail(r->error, TACET_IO, "cannot %s %s: %s", doing, r->path, strerror(errno));
}

static tacet_status refuse_memory(tc_reader *r) { return r->status = tc_fail_memory(r->error); }

/* As many bytes of the file as there are, up to CHUNK. */
static bool fill_raw(tc_reader *r, size_t *have)
{
    *have = 0;
    while (*have < CHUNK && !r->at_end) {
        const ssize_t n = read(r->file, r->buffer + *have, CHUNK - *have);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            refuse_io(r, "read");
            return false;
        }
        r->at_end = n == 0;
        *have += (size_t)n;
    }
    return true;
}

/* The next raw bytes for inflate, when it has used up those before. False when there are none. */
static bool feed(tc_reader *r)
{
    if (r->stream.avail_in > 0) return true;
    size_t have;
    if (!fill_raw(r, &have)) return false;
    r->stream.next_in = r->buffer;
    r->stream.avail_in = (uInt)have;
    return have > 0;
}

static bool fill_gzip(tc_reader *r)
{
    r->stream.next_out = r->window;
    r->stream.avail_out = CHUNK;
    while (r->stream.avail_out == CHUNK) {
        if (!feed(r)) {
            if (r->inside) tc_reader_refuse(r, "is truncated: its compressed data end early");
            return false;
        }
        if (!r->inside && inflateReset(&r->stream) != Z_OK) {
            tc_reader_refuse(r, "cannot be decompressed");
            return false;
        }
        r->inside = true;
        const int result = inflate(&r->stream, Z_NO_FLUSH);
        if (result == Z_STREAM_END) {
            r->inside = false;
        } else if (result == Z_MEM_ERROR) {
            refuse_memory(r);
            return false;
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            tc_reader_refuse(r, "its compressed data are damaged, or something else follows them: %s",
                             r->stream.msg ? r->stream.msg : "not gzip");
            return false;
        }
    }
    r->have = CHUNK - r->stream.avail_out;
    return true;
}

bool tc_reader_fill(tc_reader *r)
{
    if (r->status) return false;
    r->at = r->have = 0;
    if (r->gzip) return fill_gzip(r);
    return fill_raw(r, &r->have) && r->have > 0;
}

static void *zlib_alloc(void *context, unsigned n, unsigned size) { return tc_alloc(context, n, size); }
static void zlib_free(void *context, void *p) { tc_free(context, p); }

static tacet_status open_gzip(tc_reader *r)
{
    enum { GZIP_WINDOW = 15 + 16 }; /* largest window; + 16: a gzip header is expected (zlib.h, inflateInit2) */
    r->stream = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = &r->mem};
    r->stream.next_in = r->buffer;
    r->stream.avail_in = (uInt)r->have;
    if (inflateInit2(&r->stream, GZIP_WINDOW) != Z_OK) return refuse_memory(r);
    r->gzip = r->inside = true;
    r->size = -1;
    r->window = r->buffer + CHUNK;
    r->have = 0;
    return TACET_OK;
}

/* `r` must not move while it is open: zlib holds the address of its memory. */
tacet_status tc_reader_open(tc_reader *r, const char *path, const tc_mem *m, tacet_error *e)
{
    *r = (tc_reader){.mem = *m, .path = path, .error = e, .size = -1};
    do r->file = open(path, O_RDONLY | O_CLOEXEC);
    while (r->file < 0 && errno == EINTR);
    if (r->file < 0) return refuse_io(r, "open");
    struct stat about;
    r->buffer = tc_resize(m, NULL, 2 * CHUNK, 1);
    r->window = r->buffer;
    if (!r->buffer) {
        refuse_memory(r);
    } else if (fstat(r->file, &about) != 0) {
        refuse_io(r, "open");
    } else {
        if (S_ISREG(about.st_mode)) r->size = (int64_t)about.st_size;
        if (fill_raw(r, &r->have) && r->have >= 2 && r->buffer[0] == 0x1f && r->buffer[1] == 0x8b) open_gzip(r);
    }
    if (!r->status) return TACET_OK;
    const tacet_status status = r->status;
    tc_reader_close(r);
    return status;
}

void tc_reader_close(tc_reader *r)
{
    if (!r->path) return;
    if (r->gzip) inflateEnd(&r->stream);
    tc_free(&r->mem, r->buffer);
    close(r->file);
    *r = (tc_reader){0};
}

/* Up to n bytes; fewer only at the end or on failure. */
static size_t take(tc_reader *r, unsigned char *to, size_t n)
{
    size_t done = 0;
    while (done < n && (r->at < r->have || tc_reader_fill(r))) {
        const size_t left = r->have - r->at, part = left < n - done ? left : n - done;
        memcpy(to + done, r->window + r->at, part);
        r->at += part;
        done += part;
    }
    r->taken += (int64_t)done;
    return done;
}

static tacet_status refuse_short(tc_reader *r, const char *what, size_t n, size_t got)
{
    return tc_reader_refuse(r, "is truncated: %s should be %zu bytes, only %zu are there", what, n, got);
}

tacet_status tc_reader_get(tc_reader *r, void *to, size_t n, const char *what)
{
    if (r->status) return r->status;
    const size_t got = take(r, to, n);
    if (got < n) refuse_short(r, what, n, got);
    return r->status;
}

tacet_status tc_reader_block(tc_reader *r, size_t n, const char *what, void **block)
{
    *block = NULL;
    if (r->status) return r->status;
    size_t capacity = n;
    if (r->size >= 0) {
        const int64_t left = r->size > r->taken ? r->size - r->taken : 0;
        if ((uint64_t)n > (uint64_t)left) return refuse_short(r, what, n, (size_t)left);
    } else if (capacity > FIRST_BLOCK) {
        capacity = FIRST_BLOCK;
    }
    unsigned char *p = NULL;
    size_t have = 0;
    for (;;) {
        unsigned char *more = tc_resize(&r->mem, p, capacity, 1);
        if (!more) {
            refuse_memory(r);
            break;
        }
        p = more;
        have += take(r, p + have, capacity - have);
        if (have == n) break;
        if (have < capacity) {
            refuse_short(r, what, n, have);
            break;
        }
        capacity = capacity > n / 2 ? n : 2 * capacity;
    }
    if (r->status) {
        tc_free(&r->mem, p);
        return r->status;
    }
    *block = p;
    return TACET_OK;
}

tacet_status tc_reader_finish(tc_reader *r)
{
    if (r->status) return r->status;
    const int64_t taken = r->taken;
    const int byte = tc_reader_byte(r);
    if (byte >= 0)
        return tc_reader_refuse(r, "has more bytes than its header says (data end at byte %" PRId64 ")", taken);
    return r->status;
}

void tc_reader_order(void *numbers, int64_t count, size_t size, bool big)
{
    const uint16_t probe = 1;
    const bool machine_big = *(const unsigned char *)&probe == 0;
    if (big == machine_big || size == 1) return;
    unsigned char *p = numbers;
    for (int64_t i = 0; i < count; i++, p += size)
        for (size_t a = 0, b = size - 1; a < b; a++, b--) {
            const unsigned char byte = p[a];
            p[a] = p[b];
            p[b] = byte;
        }
}
