/* line_read.c: a buffer that grows to the longest line. */
#include "line_read.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void grow(cli_lines *l)
{
    cli_arena arena = {0};
    const size_t room = l->room ? 2 * l->room : 64 << 10;
    char *buffer = cli_take(&arena, room + 1);
    if (l->end) memcpy(buffer, l->buffer, l->end);
    cli_arena_free(&l->arena);
    l->arena = arena;
    l->buffer = buffer;
    l->room = room;
}

/* Adds what comes next to the buffer; false at the end of the file. */
static bool fill(cli_lines *l)
{
    ssize_t n;
    do n = read(l->fd, l->buffer + l->end, l->room - l->end);
    while (n < 0 && errno == EINTR);
    if (n < 0) l->error = errno;
    if (n > 0) l->end += (size_t)n;
    return n > 0;
}

bool cli_lines_next(cli_lines *l)
{
    bool cut = false;
    for (size_t looked = 0;;) {
        char *line = l->buffer ? l->buffer + l->begin : NULL, *end;
        end = l->end > l->begin + looked ? memchr(line + looked, '\n', l->end - l->begin - looked) : NULL;
        if (end) {
            *end = '\0';
            l->number++;
            l->line = cut ? NULL : line;
            l->length = (size_t)(end - line);
            l->begin += l->length + 1;
            return true;
        }
        if (l->begin) memmove(l->buffer, line, l->end - l->begin);
        l->end -= l->begin;
        l->begin = 0;
        if (l->end >= CLI_LINE_MOST) cut = true, l->end = 0;
        looked = l->end;
        if (l->end == l->room) grow(l);
        if (!fill(l)) return false;
    }
}

void cli_lines_end(cli_lines *l)
{
    cli_arena_free(&l->arena);
    l->buffer = NULL;
}
