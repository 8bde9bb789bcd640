/* whole_file.h: a file that appears at its path only when complete: it is written next to that path, synced and
 * renamed, and then the folder is synced. */
#ifndef TC_WHOLE_FILE_H
#define TC_WHOLE_FILE_H

#include "base/status.h"

#include <limits.h>

typedef struct tc_whole_file {
    int fd; /* to write to; -1: not open */
    const char *path;
    char temporary[PATH_MAX]; /* path + ".tmp", or ".2.tmp", ... while others write; overwritten by the commit */
} tc_whole_file;

/* Opens a temporary file that no other writer uses. Here and below errors are TACET_IO and name the path. */
tacet_status tc_whole_open(tc_whole_file *w, const char *path, tacet_error *e);

/* "cannot DOING PATH: " and what errno says. */
tacet_status tc_whole_fail(const tc_whole_file *w, const char *doing, tacet_error *e);

/* Renames the file to its path, or removes it if that fails. In both cases fd stays open and locked until the caller
 * closes it. */
tacet_status tc_whole_commit(tc_whole_file *w, tacet_error *e);

/* Removes what was written, and keeps errno. The caller closes fd. */
void tc_whole_drop(const tc_whole_file *w);

/* 1: the file exists; 0: it does not; -1: errno says why this cannot be told. */
int tc_file_exists(const char *path);

/* Takes the lock of an open file, which lasts as long as the file is open, and checks that the file is still at `path`:
 * the holder before may have renamed or removed it. 1: locked; 0: somebody else holds the lock, or the file is gone; -1:
 * errno says why it is not known. Locks are those of flock(2). If the file system has none, *without is the errno of
 * that, and 1 is returned; otherwise it is 0. */
int tc_file_lock(int fd, const char *path, int *without);

#endif
