/* files.h: the files that a pattern like part-*.npy names, in the byte order of their names. */
#ifndef TC_FILES_H
#define TC_FILES_H

#include "base/alloc.h"
#include "base/status.h"

#include <glob.h>

typedef struct tc_files {
    const char *given; /* the path or the pattern */
    int count;
    const char *const *path;
    glob_t found;
} tc_files;

/* *path with *, ? or [ in it is a pattern (glob, POSIX), unless a file has that very name; any other path is taken as
 * it is, and need not exist. Refuses a pattern that no file matches. In all cases free the files afterwards; `path`
 * must outlive them. */
tacet_status tc_files_find(tc_files *f, const char *const *path, tacet_error *e);
void tc_files_free(tc_files *f);

#endif
