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
    return tc_fail(e, TACET_IO, "cannot %s %.300s: %s", doing, w->path, strerror(errno));
}

/* A temporary file is locked while its writer lives; one that a killed writer left is not, and is reused. Between open
 * and flock the other writer may have renamed its file: then fd is the finished file, which must not be touched. */
tacet_status tc_whole_open(tc_whole_file *w, const char *path, char *temporary, tacet_error *e)
{
    struct stat own, there;
    *w = (tc_whole_file){-1, path, temporary};
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) /* /dev/null would be replaced */
        return tc_fail(e, TACET_IO, "cannot write %.300s: not a regular file", path);
    const int fd = open(temporary, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd < 0) return tc_whole_fail(w, "write", e);
    const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    tacet_status s = TACET_OK;
    if (!locked || fstat(fd, &own) != 0 || lstat(temporary, &there) != 0 || own.st_ino != there.st_ino ||
        own.st_dev != there.st_dev || !S_ISREG(own.st_mode))
        s = tc_fail(e, TACET_IO, "cannot write %.300s: something else is writing it", path);
    else if (ftruncate(fd, 0) != 0)
        s = tc_whole_fail(w, "write", e);
    if (s != TACET_OK)
        close(fd);
    else
        w->fd = fd;
    return s;
}

/* A rename is on the disk only after its folder is synced. Some file systems cannot sync a folder and return EINVAL:
 * that is accepted. */
static tacet_status sync_folder(const tc_whole_file *w, tacet_error *e)
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

void tc_whole_drop(const tc_whole_file *w) { unlink(w->temporary); }
