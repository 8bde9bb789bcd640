/* whole_file.c: writes a file that exists complete or not at all. */
#include "base/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

tacet_status tc_whole_fail(const tc_whole_file *w, const char *doing, tacet_error *e)
{
    return tc_fail_system(e, doing, w->path);
}

int tc_file_exists(const char *path)
{
    if (access(path, F_OK) == 0) return 1;
    return errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG ? 0 : -1;
}

int tc_file_lock(int fd, const char *path, int *without)
{
    struct stat own, there;
    do *without = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    while (*without == EINTR); /* interrupted by a signal */
    if (*without == EWOULDBLOCK) return 0;
    if (fstat(fd, &own) != 0) return -1;
    if (lstat(path, &there) != 0) return errno == ENOENT ? 0 : -1;
    return own.st_ino == there.st_ino && own.st_dev == there.st_dev && S_ISREG(own.st_mode);
}

/* Removes a temporary file that a killed writer left: it is locked while its writer lives. On a file system without locks, this
 * is not known, and the file stays. */
static bool remove_left(const char *temporary)
{
    int without;
    const int fd = open(temporary, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    const bool left = fd >= 0 && tc_file_lock(fd, temporary, &without) > 0 && !without && unlink(temporary) == 0;
    if (fd >= 0) close(fd);
    return left;
}

/* Creates w->temporary for this writer alone. -1: the name is in use; -2: errno says why it cannot be created. */
static int create(const tc_whole_file *w)
{
    enum { FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC };
    int without;
    int fd = open(w->temporary, FLAGS, 0666);
    if (fd < 0 && errno == EEXIST) {
        if (!remove_left(w->temporary)) return -1;
        fd = open(w->temporary, FLAGS, 0666);
    }
    if (fd < 0) return errno == EEXIST ? -1 : -2;
    const int locked = tc_file_lock(fd, w->temporary, &without);
    if (locked > 0) return fd;
    if (locked < 0) tc_whole_drop(w);
    const int why = errno;
    close(fd);
    errno = why;
    return locked < 0 ? -2 : -1; /* 0: another writer took the file for one that was left, and has removed it */
}

tacet_status tc_whole_open(tc_whole_file *w, const char *path, tacet_error *e)
{
    enum { WRITERS = 100 };
    struct stat there;
    w->fd = -1;
    w->path = path;
    const bool exists = stat(path, &there) == 0;
    if (!exists && errno != ENOENT) return tc_whole_fail(w, "write", e);
    if (exists && !S_ISREG(there.st_mode)) /* /dev/null would be replaced */
        return tc_fail(e, TACET_IO, "cannot write %.300s: not a regular file", path);
    for (int i = 1; i <= WRITERS && w->fd < 0; i++) {
        const int n = i == 1 ? snprintf(w->temporary, sizeof w->temporary, "%s.tmp", path)
                             : snprintf(w->temporary, sizeof w->temporary, "%s.%d.tmp", path, i);
        if (n >= (int)sizeof w->temporary) errno = ENAMETOOLONG;
        w->fd = n < (int)sizeof w->temporary ? create(w) : -2;
        if (w->fd == -2) return tc_whole_fail(w, "write", e);
    }
    if (w->fd >= 0) return TACET_OK;
    return tc_fail(e, TACET_IO, "cannot write %.300s: it has %d temporary files, up to %.300s", path, WRITERS,
                   w->temporary);
}

/* A rename is on the disk only after its folder is synced. Some file systems cannot sync a folder and return EINVAL:
 * that is accepted. */
static tacet_status sync_folder(tc_whole_file *w, tacet_error *e)
{
    char *slash = strrchr(w->temporary, '/'); /* the name is not needed after this */
    if (slash) slash[slash == w->temporary ? 1 : 0] = '\0';
    const int fd = open(slash ? w->temporary : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    const tacet_status s = ok ? TACET_OK : tc_whole_fail(w, "sync the folder of", e);
    if (fd >= 0) close(fd);
    return s;
}

tacet_status tc_whole_commit(tc_whole_file *w, tacet_error *e)
{
    if (fsync(w->fd) == 0 && rename(w->temporary, w->path) == 0) return sync_folder(w, e);
    const tacet_status s = tc_whole_fail(w, "write", e);
    tc_whole_drop(w);
    return s;
}

void tc_whole_drop(const tc_whole_file *w)
{
    const int why = errno;
    unlink(w->temporary);
    errno = why;
}
