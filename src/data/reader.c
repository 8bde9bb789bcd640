/* reader.c: bytes of a plain or gzipped file, in order.
 *
 *     file --read--> buffer[0, CHUNK) --inflate--> buffer[CHUNK, 2 CHUNK)      a plain file stops after the first arrow
 *
 * gzip: RFC 1952. Members may follow one another and are read as one; zlib checks each one's CRC and length. Zeros may
 * follow the last one, because tapes and block devices are filled up with them; gzip itself accepts them too. */
#include "data/reader.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
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
    return r->status = tc_fail_system(r->error, doing, r->path);
}

static tacet_status refuse_memory(tc_reader *r) { return r->status = tc_fail_memory(r->error); }

/* Reads up to CHUNK bytes of the file, or of the part of it; 0 at its end and on failure. */
static size_t fill_raw(tc_reader *r)
{
    size_t have = 0;
    while (have < CHUNK && !r->at_end && !r->status) {
        const size_t room = r->part && r->raw_left < (int64_t)(CHUNK - have) ? (size_t)r->raw_left : CHUNK - have;
        const ssize_t n = read(r->file, r->buffer + have, room);
        if (n < 0 && errno != EINTR) refuse_io(r, "read");
        r->at_end = n == 0;
        if (n > 0) have += (size_t)n, r->raw_left -= n;
    }
    return r->status ? 0 : have;
}

/* Gives inflate more raw bytes once it has used up the last ones. False at the end of the file. */
static bool feed(tc_reader *r)
{
    if (r->stream.avail_in > 0) return true;
    r->stream.next_in = r->buffer;
    r->stream.avail_in = (uInt)fill_raw(r);
    return r->stream.avail_in > 0;
}

/* After a member: true if another one begins here; false at the end, which zeros may come before, and on failure. */
static bool next_member(tc_reader *r)
{
    bool zeros = false;
    if (r->part && feed(r)) tc_reader_refuse(r, "has other bytes after its compressed data");
    for (; feed(r); r->stream.next_in++, r->stream.avail_in--) {
        if (*r->stream.next_in == 0) {
            zeros = true;
        } else {
            if (zeros) tc_reader_refuse(r, "has zeros after its compressed data, and then other bytes");
            return !zeros;
        }
    }
    return false;
}

/* Inflated bytes, at least one and up to CHUNK; 0 at the end and on failure. */
static size_t fill_gzip(tc_reader *r)
{
    r->stream.next_out = r->window;
    r->stream.avail_out = CHUNK;
    while (r->stream.avail_out == CHUNK && (r->inside ? feed(r) : next_member(r))) {
        if (!r->inside && inflateReset(&r->stream) != Z_OK) {
            tc_reader_refuse(r, "cannot be decompressed");
            return 0;
        }
        const int result = inflate(&r->stream, Z_NO_FLUSH);
        r->inside = result != Z_STREAM_END;
        if (result == Z_MEM_ERROR)
            refuse_memory(r);
        else if (result != Z_OK && result != Z_BUF_ERROR && r->inside)
            tc_reader_refuse(r, "its compressed data are damaged, or something else follows them: %s",
                             r->stream.msg ? r->stream.msg : "not gzip");
        if (r->status) return 0;
    }
    if (r->stream.avail_out == CHUNK && r->inside) tc_reader_refuse(r, "is truncated: its compressed data end early");
    return CHUNK - r->stream.avail_out;
}

/* Adds what is in the window to the checksum of the part, and compares it at the end. */
static void check_part(tc_reader *r)
{
    const tc_extract *p = r->part;
    r->crc = (uint32_t)crc32(r->crc, r->window, (uInt)r->have);
    if (r->have > 0 || r->status) return;
    if (r->taken != p->size)
        tc_reader_refuse(r, "has %" PRId64 " bytes, but should have %" PRId64, r->taken, p->size);
    else if (r->crc != p->crc)
        tc_reader_refuse(r, "is damaged: its checksum is %08" PRIx32 ", but should be %08" PRIx32, r->crc, p->crc);
}

bool tc_reader_fill(tc_reader *r)
{
    if (r->status) return false;
    r->at = 0;
    r->have = r->gzip ? fill_gzip(r) : fill_raw(r);
    if (r->part) check_part(r);
    return r->have > 0;
}

static void *zlib_alloc(void *context, unsigned n, unsigned size) { return tc_alloc(context, n, size); }
static void zlib_free(void *context, void *p) { tc_free(context, p); }

/* What inflateInit2 is told: the largest window; + 16: a gzip header is expected; negative: no header (zlib.h). */
enum { GZIP_WINDOW = 15 + 16, RAW_WINDOW = -15 };

static tacet_status open_inflate(tc_reader *r, int window)
{
    r->stream = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = &r->mem};
    r->stream.next_in = r->buffer;
    r->stream.avail_in = (uInt)r->have;
    if (inflateInit2(&r->stream, window) != Z_OK) return refuse_memory(r);
    r->gzip = r->inside = true;
    r->size = -1;
    r->window = r->buffer + CHUNK;
    r->have = 0;
    return TACET_OK;
}

/* A FIFO is opened once another program opens it for writing. Linux cannot open standard input again, or another
 * descriptor, where it is a socket; it can be duplicated. */
static int open_file(const char *path)
{
    static const char descriptor[] = "/dev/fd/";
    int64_t number = strcmp(path, "/dev/stdin") == 0 ? STDIN_FILENO : -1;
    int file;
    do file = open(path, O_RDONLY | O_CLOEXEC);
    while (file < 0 && errno == EINTR);
    if (file >= 0 || errno != ENXIO) return file;
    if (strncmp(path, descriptor, strlen(descriptor)) == 0) tc_integer_read(path + strlen(descriptor), &number);
    if (number >= 0 && number <= INT_MAX) file = fcntl((int)number, F_DUPFD_CLOEXEC, 0);
    return file;
}

tacet_status tc_reader_open(tc_reader *r, const char *path, const tc_mem *m, tacet_error *e)
{
    *r = (tc_reader){.mem = *m, .path = path, .error = e, .size = -1, .raw_left = -1, .file = open_file(path)};
    struct stat about;
    if (r->file < 0 || fstat(r->file, &about) != 0) return refuse_io(r, "open");
    if (S_ISREG(about.st_mode)) r->size = (int64_t)about.st_size;
    r->window = r->buffer = tc_resize(m, NULL, 2 * CHUNK, 1);
    if (!r->buffer) return refuse_memory(r);
    r->have = fill_raw(r);
    if (r->have >= 2 && r->buffer[0] == 0x1f && r->buffer[1] == 0x8b) open_inflate(r, GZIP_WINDOW);
    return r->status;
}

tacet_status tc_reader_part(tc_reader *r, const tc_extract *part)
{
    if (r->status) return r->status;
    if (lseek(r->file, (off_t)part->from, SEEK_SET) < 0) return refuse_io(r, "read");
    r->part = part;
    r->raw_left = part->stored;
    r->crc = 0;
    r->at_end = false;
    r->size = -1; /* what the directory says of it is compared at its end */
    r->taken = 0;
    r->at = r->have = 0;
    return part->deflated ? open_inflate(r, RAW_WINDOW) : TACET_OK;
}

tacet_status tc_reader_close(tc_reader *r)
{
    if (r->gzip) inflateEnd(&r->stream);
    tc_free(&r->mem, r->buffer);
    if (r->file >= 0) close(r->file);
    return r->status;
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
    return tc_reader_refuse(r, "is truncated: %s should be %zu bytes, but only %zu are left", what, n, got);
}

static tacet_status refuse_more(tc_reader *r, int64_t end)
{
    return tc_reader_refuse(r, "has more bytes than its header says (data end at byte %" PRId64 ")", end);
}

tacet_status tc_reader_left(tc_reader *r, size_t n, const char *what)
{
    const size_t left = r->size > r->taken ? (size_t)(r->size - r->taken) : 0;
    if (r->size < 0 || left == n) return r->status;
    return left < n ? refuse_short(r, what, n, left) : refuse_more(r, r->taken + (int64_t)n);
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
    const size_t left = r->size > r->taken ? (size_t)(r->size - r->taken) : 0;
    if (r->size >= 0 && n > left) refuse_short(r, what, n, left);
    size_t have = 0, capacity = r->size < 0 && n > FIRST_BLOCK ? FIRST_BLOCK : n;
    while (!r->status && have < n) {
        unsigned char *more = tc_resize(&r->mem, *block, capacity, 1);
        if (!more) return refuse_memory(r);
        *block = more;
        have += take(r, more + have, capacity - have);
        if (have < capacity) refuse_short(r, what, n, have);
        capacity = capacity > n / 2 ? n : 2 * capacity;
    }
    return r->status;
}

tacet_status tc_reader_finish(tc_reader *r)
{
    if (!r->status && tc_reader_peek(r) >= 0) refuse_more(r, r->taken);
    return r->status;
}
