/* file_out.c: files that are written whole or not at all, files that are read whole, JSON, npy. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void undo(void *of) { tc_whole_drop(of); }

tacet_status cli_outfile_open(const char *path, cli_outfile *o)
{
    tacet_error e;
    *o = (cli_outfile){0};
    if (tc_whole_open(&o->file, path, &e) != TACET_OK) return cli_refuse(&e, 0, NULL);
    if (cli_stream_open(&o->stream, o->file.fd)) {
        o->f = o->stream.f;
        cli_undo_keep(&o->undo, undo, &o->file);
        return TACET_OK;
    }
    tc_whole_drop(&o->file);
    close(o->file.fd);
    return cli_fail(TACET_MEMORY, "out of memory");
}

static void end(cli_outfile *o)
{
    cli_stream_close(&o->stream);
    close(o->file.fd);
    o->f = NULL;
}

void cli_outfile_drop(cli_outfile *o)
{
    if (!o->f) return;
    cli_undo_drop(&o->undo);
    tc_whole_drop(&o->file);
    end(o);
}

tacet_status cli_outfile_close(cli_outfile *o)
{
    tacet_error e;
    tacet_status s;
    if (cli_stream_flush(&o->stream)) {
        cli_undo_drop(&o->undo);
        s = tc_whole_commit(&o->file, &e);
        end(o);
    } else {
        s = tc_whole_fail(&o->file, "write", &e);
        cli_outfile_drop(o);
    }
    return s == TACET_OK ? s : cli_refuse(&e, 0, NULL);
}

/* errno 0: not a regular file. */
static char *read_all(cli_arena *a, int file, size_t most, size_t *length)
{
    struct stat is;
    if (fstat(file, &is) != 0) return NULL;
    const bool regular = S_ISREG(is.st_mode), fits = (uintmax_t)is.st_size <= most;
    errno = S_ISDIR(is.st_mode) ? EISDIR : regular && !fits ? EFBIG : 0;
    if (!regular || !fits) return NULL;
    char *text = cli_take(a, (size_t)is.st_size + 1);
    for (ssize_t n = 1; n != 0 && *length < (size_t)is.st_size;) {
        n = read(file, text + *length, (size_t)is.st_size - *length);
        if (n < 0 && errno != EINTR) return NULL;
        if (n > 0) *length += (size_t)n;
    }
    return text;
}

/* O_NONBLOCK: to open a FIFO that nobody writes to would take for ever. */
char *cli_file_within(cli_arena *a, const char *path, size_t most, size_t *length)
{
    *length = 0;
    const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return NULL;
    char *text = read_all(a, file, most, length);
    const int why = errno;
    close(file);
    errno = why;
    return text;
}

char *cli_file_text(cli_arena *a, const char *path, size_t *length)
{
    return cli_file_within(a, path, SIZE_MAX - 1, length);
}

tc_json_writer cli_json(cli_arena *a) { return (tc_json_writer){.to.mem = cli_memory(a)}; }

void cli_json_print(const tc_json_writer *j, FILE *to)
{
    if (j->to.failed) cli_no_memory();
    fprintf(to, "%s\n", j->to.data);
}

const tc_json *cli_json_value(tc_json_writer *j)
{
    return tc_json_read(&j->to.mem, j->to.data, j->to.length, &(tc_json_error){0});
}

tacet_status cli_json_parse(cli_arena *a, const char *path, const char *what, char *text, size_t length,
                            const tc_json **object, tacet_error *error)
{
    const tc_mem m = cli_memory(a);
    tc_json_error e;
    const tc_json *read = tc_json_read(&m, text, length, &e);
    if (!read) return tc_fail(error, TACET_FILE, "%s:%zu:%zu: %s: %s", path, e.line, e.column, what, e.text);
    if (read->kind != TC_JSON_OBJECT) return tc_fail(error, TACET_FILE, "%s:1:1: %s: expected an object", path, what);
    *object = read;
    return TACET_OK;
}

tacet_status cli_json_file(cli_arena *a, const char *path, const char *what, const tc_json **object)
{
    tacet_error e;
    size_t length;
    char *text = cli_file_text(a, path, &length);
    if (!text) return cli_fail_file("read", path);
    return cli_json_parse(a, path, what, text, length, object, &e) == TACET_OK ? TACET_OK : cli_refuse(&e, 0, NULL);
}

/* NumPy's format 1.0 (numpy.lib.format): magic, version, length of the header (2 bytes, little endian), and the
 * header, a Python dict that is padded with blanks so that the data begin at a multiple of 64. */
void cli_npy_head(FILE *to, int rank, const int64_t *shape)
{
    char head[512];
    const uint16_t one = 1;
    char order = *(const char *)&one ? '<' : '>';
    int n = snprintf(head, sizeof head, "{'descr': '%cf4', 'fortran_order': False, 'shape': (", order);
    for (int i = 0; i < rank; i++)
        n += snprintf(head + n, sizeof head - (size_t)n, "%lld%s", (long long)shape[i],
                      i + 1 < rank ? ", "
                      : rank == 1  ? ","
                                   : "");
    n += snprintf(head + n, sizeof head - (size_t)n, "), }");
    int length = (10 + n + 1 + 63) / 64 * 64 - 10;
    fwrite("\x93NUMPY\x01\x00", 1, 8, to);
    fputc(length & 255, to);
    fputc(length >> 8, to);
    fprintf(to, "%s%*s\n", head, length - 1 - n, "");
}
