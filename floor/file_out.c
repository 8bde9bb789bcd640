/* file_out.c: files that are written whole or not at all, files that are read whole, JSON, npy. */
#include "output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void undo(void *of) { tc_whole_drop(of); }

tacet_status cli_outfile_open(const char *path, cli_outfile *o)
{
    tacet_error e;
    *o = (cli_outfile){0};
    if (tc_whole_open(&o->file, path, &e) != TACET_OK) return cli_refuse(&e, 0, NULL);
    o->f = fdopen(o->file.fd, "wb");
    if (o->f) {
        cli_undo_keep(&o->undo, undo, &o->file);
        return TACET_OK;
    }
    tc_whole_fail(&o->file, "write", &e);
    tc_whole_drop(&o->file);
    close(o->file.fd);
    return cli_refuse(&e, 0, NULL);
}

void cli_outfile_drop(cli_outfile *o)
{
    if (!o->f) return;
    cli_undo_drop(&o->undo);
    tc_whole_drop(&o->file);
    fclose(o->f);
    o->f = NULL;
}

tacet_status cli_outfile_close(cli_outfile *o)
{
    tacet_error e;
    tacet_status s = TACET_OK;
    if (fflush(o->f) == 0 && !ferror(o->f)) {
        cli_undo_drop(&o->undo);
        s = tc_whole_commit(&o->file, &e);
        fclose(o->f);
        o->f = NULL;
    } else {
        s = tc_whole_fail(&o->file, "write", &e);
        cli_outfile_drop(o);
    }
    return s == TACET_OK ? s : cli_refuse(&e, 0, NULL);
}

char *cli_file_text(cli_arena *a, const char *path, size_t *length)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    char *text = NULL;
    *length = 0;
    if (f && fstat(fileno(f), &st) == 0) text = cli_take(a, (size_t)st.st_size + 1);
    if (text) *length = fread(text, 1, (size_t)st.st_size, f);
    if (f && ferror(f)) text = NULL;
    if (f) fclose(f);
    return text;
}

tc_json_writer cli_json(cli_arena *a) { return (tc_json_writer){.to.mem = cli_memory(a)}; }

void cli_json_print(const tc_json_writer *j, FILE *to) { fprintf(to, "%s\n", j->to.data); }

const tc_json *cli_json_value(tc_json_writer *j)
{
    return tc_json_read(&j->to.mem, j->to.data, j->to.length, &(tc_json_error){0});
}

tacet_status cli_json_file(cli_arena *a, const char *path, const char *what, const tc_json **object)
{
    const tc_mem m = cli_memory(a);
    tc_json_error e;
    size_t length;
    char *text = cli_file_text(a, path, &length);
    if (!text) return cli_fail(TACET_IO, "cannot read %s: %s", path, strerror(errno));
    *object = tc_json_read(&m, text, length, &e);
    if (!*object) return cli_fail(TACET_FILE, "%s:%zu:%zu: %s: %s", path, e.line, e.column, what, e.text);
    if ((*object)->kind == TC_JSON_OBJECT) return TACET_OK;
    return cli_fail(TACET_FILE, "%s:1:1: %s: expected an object", path, what);
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
