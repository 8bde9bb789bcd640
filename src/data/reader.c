/* reader.c: bytes of a plain or gzipped file, in order. What is compressed passes through inflate.c on its way. */
#include "data/reader.h"

#include "base/text.h"
#include "data/inflate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_BLOCK = 1 << 20 };

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

size_t tc_reader_raw(tc_reader *r)
{
    size_t have = 0;
    while (have < TC_READER_CHUNK && !r->at_end && !r->status) {
        const size_t room = r->part && r->raw_left < (int64_t)(TC_READER_CHUNK - have) ? (size_t)r->raw_left
                                                                                       : TC_READER_CHUNK - have;
        const ssize_t n = read(r->file, r->buffer + have, room);
        if (n < 0 && errno != EINTR) refuse_io(r, "read");
        r->at_end = n == 0;
        if (n > 0) have += (size_t)n, r->raw_left -= n;
    }
    return r->status ? 0 : have;
}

/* Adds what is in the window to the checksum of the part, and compares it at the end. */
static void check_part(tc_reader *r)
{
    const tc_extract *p = r->part;
    r->crc = tc_crc32(r->crc, r->window, r->have);
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
    r->have = r->inflate ? tc_inflate_fill(r) : tc_reader_raw(r);
    if (r->part) check_part(r);
    return r->have > 0;
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
    r->window = r->buffer = tc_resize(m, NULL, TC_READER_CHUNK, 1);
    if (!r->buffer) return refuse_memory(r);
    r->have = tc_reader_raw(r);
    if (r->have >= 2 && r->buffer[0] == 0x1f && r->buffer[1] == 0x8b) tc_inflate_open(r, true);
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
    return part->deflated ? tc_inflate_open(r, false) : TACET_OK;
}

tacet_status tc_reader_close(tc_reader *r)
{
    tc_inflate_close(r);
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
