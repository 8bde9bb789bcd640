/* stream.c: streams of stdio whose writes come here. */
#define _GNU_SOURCE /* fopencookie */
#include "stream.h"

#include <errno.h>
#include <unistd.h>

/* After a failure nothing more is written: what came after the gap would be taken for what was lost in it. */
static ssize_t put(void *to, const char *data, size_t n)
{
    cli_stream *s = to;
    size_t done = 0;
    while (done < n && !s->error) {
        const ssize_t k = write(s->fd, data + done, n - done);
        if (k > 0)
            done += (size_t)k;
        else if (k == 0 || errno != EINTR)
            s->error = k == 0 ? ENOSPC : errno;
    }
    return s->error ? 0 : (ssize_t)n; /* stdio takes 0 for a failure */
}

static ssize_t add(void *to, const char *data, size_t n)
{
    tc_text *text = to;
    tc_text_add(text, "%.*s", (int)n, data);
    return text->failed ? 0 : (ssize_t)n;
}

FILE *cli_stream_text(tc_text *to) { return fopencookie(to, "w", (cookie_io_functions_t){.write = add}); }

bool cli_stream_open(cli_stream *s, int fd)
{
    *s = (cli_stream){.f = fopencookie(s, "w", (cookie_io_functions_t){.write = put}), .fd = fd};
    if (s->f && isatty(fd)) setvbuf(s->f, NULL, _IOLBF, BUFSIZ);
    return s->f != NULL;
}

static bool good(const cli_stream *s, bool flushed)
{
    if (s->error) errno = s->error;
    return flushed && !s->error;
}

bool cli_stream_flush(cli_stream *s) { return good(s, fflush(s->f) == 0); }

bool cli_stream_sync(cli_stream *s) { return cli_stream_flush(s) && fdatasync(s->fd) == 0; }

bool cli_stream_close(cli_stream *s)
{
    const bool flushed = fclose(s->f) == 0;
    s->f = NULL;
    return good(s, flushed);
}
