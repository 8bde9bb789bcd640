/* safetensors_write.c: a safetensors file, written so that it is there whole or not at all. */
#include "model/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- The header ---- */

static void add_tensor(tc_json_writer *j, const tc_tensor *x, int64_t begin)
{
    tc_json_open(j, x->name, '{');
    tc_json_add_text(j, "dtype", "F32");
    tc_json_open(j, "shape", '[');
    for (int i = 0; i < x->shape.rank; i++) tc_json_add_integer(j, NULL, x->shape.dim[i]);
    tc_json_close(j, ']');
    tc_json_open(j, "data_offsets", '[');
    tc_json_add_integer(j, NULL, begin);
    tc_json_add_integer(j, NULL, begin + tc_shape_count(&x->shape) * (int64_t)sizeof(float));
    tc_json_close(j, ']');
    tc_json_close(j, '}');
}

static void make_header(const tc_outline *o, tc_json_writer *j)
{
    int64_t begin = 0;
    tc_json_open(j, NULL, '{');
    tc_json_open(j, "__metadata__", '{');
    if (o->notes) tc_text_add(&j->to, "%s", o->notes);
    tc_json_close(j, '}');
    for (int i = 0; i < o->tensors; i++) {
        add_tensor(j, &o->tensor[i], begin);
        begin += tc_shape_count(&o->tensor[i].shape) * (int64_t)sizeof(float);
    }
    tc_json_close(j, '}');
    while (!j->to.failed && j->to.length % 8) tc_text_add(&j->to, " ");
}

/* ---- The file ---- */

/* A file that is being written. */
typedef struct writing {
    tc_mem mem;
    const char *path;
    char *temporary;
    tacet_error *e;
    int fd;
} writing;

static tacet_status fail_io(const writing *w, const char *doing)
{
    return tc_fail(w->e, TACET_IO, "cannot %s %.300s: %s", doing, w->path, strerror(errno));
}

static tacet_status write_all(const writing *w, const void *from, size_t bytes)
{
    for (const char *at = from; bytes > 0;) {
        const ssize_t n = write(w->fd, at, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_io(w, "write");
        at += n;
        bytes -= (size_t)n;
    }
    return TACET_OK;
}

/* Opens the temporary file for this writer only. What another writer holds is locked; what a killed one left
 * is not, and is reused. Between open and flock the other may have renamed its file: then this is no longer
 * the temporary file, and must not be touched. */
static tacet_status open_temporary(writing *w)
{
    struct stat own, there;
    if (stat(w->path, &there) == 0 && !S_ISREG(there.st_mode))
        return tc_fail(w->e, TACET_IO, "cannot write %.300s: not a regular file", w->path);
    const int fd = open(w->temporary, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd < 0) return fail_io(w, "write");
    const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    if (!locked || fstat(fd, &own) != 0 || lstat(w->temporary, &there) != 0 || own.st_ino != there.st_ino ||
        own.st_dev != there.st_dev || !S_ISREG(own.st_mode)) {
        close(fd);
        return tc_fail(w->e, TACET_IO, "cannot write %.300s: something else is writing it", w->path);
    }
    w->fd = fd;
    return ftruncate(fd, 0) == 0 ? TACET_OK : fail_io(w, "write");
}

static tacet_status write_tensors(const writing *w, const tc_outline *o)
{
    int64_t most = 0;
    for (int i = 0; i < o->tensors; i++)
        if (tc_shape_count(&o->tensor[i].shape) > most) most = tc_shape_count(&o->tensor[i].shape);
    float *numbers = tc_alloc(&w->mem, (size_t)most, sizeof *numbers);
    if (!numbers) return tc_fail_memory(w->e);
    tacet_status s = TACET_OK;
    for (int i = 0; i < o->tensors && s == TACET_OK; i++) {
        o->fill(o->context, i, numbers);
        s = write_all(w, numbers, (size_t)tc_shape_count(&o->tensor[i].shape) * sizeof *numbers);
    }
    tc_free(&w->mem, numbers);
    return s;
}

/* A rename is on the disk once its folder is. Some file systems cannot sync a folder and say EINVAL: then this is the
 * best there is. */
static tacet_status sync_folder(const writing *w)
{
    char *slash = strrchr(w->temporary, '/'); /* the name is not needed any more */
    if (slash) slash[slash == w->temporary ? 1 : 0] = '\0';
    const int fd = open(slash ? w->temporary : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    const tacet_status s = ok ? TACET_OK : fail_io(w, "sync the folder of");
    if (fd >= 0) close(fd);
    return s;
}

static tacet_status write_file(writing *w, const char *header, size_t length, const tc_outline *o)
{
    unsigned char prefix[8];
    for (size_t i = 0; i < sizeof prefix; i++) prefix[i] = (unsigned char)((uint64_t)length >> (8 * i));
    tacet_status s = open_temporary(w);
    if (w->fd < 0) return s;
    if (s == TACET_OK) s = write_all(w, prefix, sizeof prefix);
    if (s == TACET_OK) s = write_all(w, header, length);
    if (s == TACET_OK) s = write_tensors(w, o);
    if (s == TACET_OK && fsync(w->fd) != 0) s = fail_io(w, "write");
    if (s == TACET_OK && rename(w->temporary, w->path) != 0) s = fail_io(w, "write");
    if (s != TACET_OK) unlink(w->temporary);
    close(w->fd); /* holds the lock until here; the data are synced, so nothing can fail any more */
    return s == TACET_OK ? sync_folder(w) : s;
}

tacet_status tc_safetensors_write(const tc_mem *m, const char *path, const tc_outline *o, tacet_error *e)
{
    tc_json_writer header = {.to.mem = *m};
    tc_text temporary = {.mem = *m};
    tacet_status s;
    make_header(o, &header);
    tc_text_add(&temporary, "%s.tmp", path);
    writing w = {.mem = *m, .path = path, .temporary = temporary.data, .e = e, .fd = -1};
    if (header.to.failed || temporary.failed)
        s = tc_fail_memory(e);
    else if (header.to.length > TC_HEADER_MAX)
        s = tc_fail(e, TACET_FAILED, "cannot write %.300s: names and notes are more than %d bytes", path,
                    TC_HEADER_MAX);
    else
        s = write_file(&w, header.to.data, header.to.length, o);
    tc_text_free(&header.to);
    tc_text_free(&temporary);
    return s;
}
