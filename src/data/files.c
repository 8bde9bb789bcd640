/* files.c: patterns. */
#include "data/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_bytes(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

tacet_status tc_files_find(tc_files *f, const char *const *path, tacet_error *e)
{
    *f = (tc_files){.given = *path, .count = 1, .path = path};
    if (!strpbrk(*path, "*?[") || access(*path, F_OK) == 0) return TACET_OK;
    /* glob itself would sort as the locale does. */
    const int result = glob(*path, GLOB_NOSORT | GLOB_ERR, NULL, &f->found);
    if (result == GLOB_NOSPACE) return tc_fail_memory(e);
    if (result == GLOB_ABORTED && errno != ENOENT)
        return tc_fail(e, TACET_IO, "cannot look for %s: %s", *path, strerror(errno));
    if (result != 0) return tc_fail(e, TACET_IO, "no file matches %s: %s", *path, strerror(ENOENT));
    qsort(f->found.gl_pathv, f->found.gl_pathc, sizeof *f->found.gl_pathv, by_bytes);
    f->count = (int)f->found.gl_pathc;
    f->path = (const char *const *)f->found.gl_pathv;
    return TACET_OK;
}

void tc_files_free(tc_files *f) { globfree(&f->found); }
