/* whole_file.h: a file that appears at its path only when complete: it is written next to that path, synced and
 * renamed, and then the folder is synced. */
#ifndef TC_WHOLE_FILE_H
#define TC_WHOLE_FILE_H

#include "base/status.h"

typedef struct tc_whole_file {
    int fd; /* to write to; -1: not open */
    const char *path;
    char *temporary; /* path + ".tmp", which the caller makes and owns; overwritten by the commit */
} tc_whole_file;

/* Opens the temporary file for this writer alone. Here and below errors are TACET_IO and name the path. */
tacet_status tc_whole_open(tc_whole_file *w, const char *path, char *temporary, tacet_error *e);

/* "cannot DOING PATH: " and what errno says. */
tacet_status tc_whole_fail(const tc_whole_file *w, const char *doing, tacet_error *e);

/* Renames the file to its path, or removes it if that fails. In both cases fd stays open and locked until the caller
 * closes it. */
tacet_status tc_whole_commit(tc_whole_file *w, tacet_error *e);

/* Removes what was written. The caller closes fd. */
void tc_whole_drop(const tc_whole_file *w);

#endif
