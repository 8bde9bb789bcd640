/* reader.h: a file, or a part of it, that is read from front to back, plain or gzipped (recognised by its content, not its
 * name).
 *
 * Nothing is trusted: a block of n bytes gets only as much memory as the file actually fills, up to n. Every failure is
 * written to the error that the reader was opened with, with the file's path in it. */
#ifndef TC_READER_H
#define TC_READER_H

#include "base/alloc.h"
#include "base/status.h"

enum { TC_READER_END = -1, TC_READER_FAILED = -2 };
enum { TC_READER_CHUNK = 1 << 16 }; /* bytes that are read at once */

typedef struct tc_inflate tc_inflate;

/* Bytes from..from + stored of a file, plain or deflated, which make `size` bytes with this CRC-32. */
typedef struct tc_extract {
    int64_t from, stored, size;
    uint32_t crc;
    bool deflated;
} tc_extract;

typedef struct tc_reader {
    tc_mem mem;
    const char *path;    /* not owned */
    tacet_error *error;  /* may be NULL */
    tacet_status status; /* of the first failure; sticky */
    int file;
    int64_t size;           /* of a plain regular file; otherwise -1: not known in advance */
    int64_t taken;          /* bytes handed out so far */
    bool at_end;            /* of the file as stored */
    tc_inflate *inflate;    /* not NULL: what is read is inflated */
    int64_t raw_left;       /* of a part, bytes as stored that have not been read; otherwise -1 */
    const tc_extract *part; /* not owned; NULL: the whole file is read */
    uint32_t crc;           /* of the part so far */
    unsigned char *buffer;  /* bytes as stored */
    unsigned char *window;  /* what can be handed out: window[at..have); the buffer, or inflated bytes */
    size_t at, have;
} tc_reader;

/* TACET_IO when the file cannot be opened. A reader that has failed, here or later, does nothing more but must still be
 * closed, which returns its status; so the calls in between need no checks. path must outlive the reader, which must
 * not move: zlib holds the address of its memory. */
tacet_status tc_reader_open(tc_reader *r, const char *path, const tc_mem *m, tacet_error *e);
tacet_status tc_reader_close(tc_reader *r);

/* Reads a part of a plain regular file from here on, instead of the file. *part must outlive the reader. */
tacet_status tc_reader_part(tc_reader *r, const tc_extract *part);

/* Reads up to TC_READER_CHUNK bytes as stored into the buffer. Returns how many; 0 at the end and on failure. */
size_t tc_reader_raw(tc_reader *r);

bool tc_reader_fill(tc_reader *r); /* more bytes in the window; false at the end or on failure */

/* The next byte, TC_READER_END or TC_READER_FAILED; peek leaves it to be read. */
static inline int tc_reader_peek(tc_reader *r)
{
    if (r->at == r->have && !tc_reader_fill(r)) return r->status ? TC_READER_FAILED : TC_READER_END;
    return r->window[r->at];
}

static inline int tc_reader_byte(tc_reader *r)
{
    const int c = tc_reader_peek(r);
    if (c < 0) return c;
    r->taken++;
    r->at++;
    return c;
}

/* Refuses a plain file that does not have exactly n bytes left; `what` ("its header") names them in the message. Of other
 * files it is not known yet. */
tacet_status tc_reader_left(tc_reader *r, size_t n, const char *what);

/* Reads exactly n bytes into `to`, or into *block, which must be NULL and which the caller frees, even after a failure.
 * `what` names them in the message if the file ends too early. */
tacet_status tc_reader_get(tc_reader *r, void *to, size_t n, const char *what);
tacet_status tc_reader_block(tc_reader *r, size_t n, const char *what, void **block);

/* Refuses whatever follows; for gzip this is also where the checksum is compared. */
tacet_status tc_reader_finish(tc_reader *r);

/* Fails with "path: message", TACET_FILE. */
__attribute__((format(printf, 2, 3))) tacet_status tc_reader_refuse(tc_reader *r, const char *format, ...);

#endif
