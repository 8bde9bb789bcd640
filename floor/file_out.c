/* file_out.c: files that are whole or not there; npy. */
#include "output.h"

#include <unistd.h>

tacet_status cli_outfile_open(cli_arena *a, const char *path, cli_outfile *o)
{
    tacet_error e;
    *o = (cli_outfile){0};
    if (tc_whole_open(&o->file, path, cli_format(a, "%s.tmp", path), &e) != TACET_OK) return cli_refuse(&e, 0, NULL);
    o->f = fdopen(o->file.fd, "wb");
    if (o->f) return TACET_OK;
    tc_whole_fail(&o->file, "write", &e);
    tc_whole_drop(&o->file);
    close(o->file.fd);
    return cli_refuse(&e, 0, NULL);
}

void cli_outfile_drop(cli_outfile *o)
{
    if (!o->f) return;
    tc_whole_drop(&o->file);
    fclose(o->f);
    o->f = NULL;
}

tacet_status cli_outfile_close(cli_outfile *o)
{
    tacet_error e;
    tacet_status s = TACET_OK;
    if (fflush(o->f) == 0 && !ferror(o->f)) {
        s = tc_whole_commit(&o->file, &e);
        fclose(o->f);
        o->f = NULL;
    } else {
        s = tc_whole_fail(&o->file, "write", &e);
        cli_outfile_drop(o);
    }
    return s == TACET_OK ? s : cli_refuse(&e, 0, NULL);
}

/* NumPy's format 1.0: magic, version, length of the head (little endian, 2 bytes), the head as a Python dict padded
 * with blanks such that the data begin at a multiple of 64 (numpy.lib.format). */
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
