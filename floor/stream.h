/* stream.h: a stream that remembers why its first write failed. stdio only remembers that one has failed: when the
 * stream is flushed at last, errno is that of another call. */
#ifndef CLI_STREAM_H
#define CLI_STREAM_H

#include "base/text.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct cli_stream {
    FILE *f; /* to write to; NULL: not open */
    int fd;
    int error; /* the errno of the first write that failed; 0: none has */
} cli_stream;

/* A stream that appends to fd; it stays where it is until it is closed. False with errno. */
bool cli_stream_open(cli_stream *s, int fd);

/* Whether everything has been written so far; otherwise errno is that of the first failure. */
bool cli_stream_flush(cli_stream *s);

/* The same, and to the disk. */
bool cli_stream_sync(cli_stream *s);

/* Flushes, closes the stream but not fd, and returns as cli_stream_flush does. */
bool cli_stream_close(cli_stream *s);

/* A stream that appends to a text, to be closed with fclose; NULL when out of memory. It replaces open_memstream, whose
 * fclose in glibc can lose the end of the text, without an error, when it is out of memory. */
FILE *cli_stream_text(tc_text *to);

#endif
