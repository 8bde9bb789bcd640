/* idx_files.h: the four files of a data set in IDX format, whatever their names were made of. */
#ifndef TC_IDX_FILES_H
#define TC_IDX_FILES_H

#include "base/status.h"
#include "base/text.h"

enum { TC_TRAIN_IMAGES, TC_TRAIN_LABELS, TC_TEST_IMAGES, TC_TEST_LABELS, TC_IDX_FILES };

typedef struct tc_idx_files {
    tc_mem mem;
    const char *folder, *prefix; /* not owned; prefix: the one asked for, or "" */
    char *path[TC_IDX_FILES];    /* owned; NULL: the folder has no such file */
} tc_idx_files;

/* Looks for the files in a folder. prefix: of their names, "" for the only one there. On failure, too, free them. */
tacet_status tc_idx_files_find(tc_idx_files *f, const tc_mem *m, const char *folder, const char *prefix,
                               tacet_error *e);
void tc_idx_files_free(tc_idx_files *f);

/* Says that file i is not there, and what the usual name of such a file is. */
tacet_status tc_idx_files_missing(const tc_idx_files *f, int i, tacet_error *e);

#endif
