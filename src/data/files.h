/* files.h: names in folders, and the files that a pattern like part-*.npy names, in the byte order of their names. */
#ifndef TC_FILES_H
#define TC_FILES_H

#include "base/alloc.h"
#include "base/status.h"

typedef struct tc_files {
    const char *given; /* the path or the pattern */
    int count, room;
    const char *const *path;
    char **found; /* [count], owned; NULL: `given` is a path */
    tc_mem mem;
} tc_files;

/* What is in a folder, by path, without names that begin with a dot. */
tacet_status tc_files_list(tc_files *f, const tc_mem *m, const char *folder, tacet_error *e);

/* *path with *, ? or [ in it is a pattern, as in a shell, unless a file has that very name; any other path is taken as it
 * is, and need not exist. Refuses a pattern that no file matches. In all cases free the files afterwards; `path` must
 * outlive them. */
tacet_status tc_files_find(tc_files *f, const tc_mem *m, const char *const *path, tacet_error *e);
void tc_files_free(tc_files *f);

/* Calls take(context, name) for each name in a folder, "" for the current one, until that fails. */
tacet_status tc_folder_walk(const char *path, tacet_status (*take)(void *context, const char *name), void *context,
                            tacet_error *e);

#endif
