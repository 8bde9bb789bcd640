/* run_folder.c: the folder of a run or of a sweep: names, creation, lock, metrics.jsonl. */
#include "run_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void cli_folder_name(cli_arena *a, const char *path, cli_folder *f)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--; /* shells complete a folder's name with a slash */
    path = cli_copy(a, path, n);
    *f = (cli_folder){
        .path = path,
        .config = cli_format(a, "%s/config.yaml", path),
        .run = cli_format(a, "%s/run.json", path),
        .metrics = cli_format(a, "%s/metrics.jsonl", path),
        .checkpoint = cli_format(a, "%s/checkpoint.safetensors", path),
        .model = cli_format(a, "%s/model.safetensors", path),
        .average = cli_format(a, "%s/model.ema.safetensors", path),
        .best = cli_format(a, "%s/best.safetensors", path),
        .samples = cli_format(a, "%s/samples.safetensors", path),
        .report = cli_format(a, "%s/report.html", path),
        .sweep = cli_format(a, "%s/sweep.json", path),
        .lock = cli_format(a, "%s/lock", path),
    };
}

void cli_folder_new(cli_arena *a, const char *under, const char *config, cli_folder *f)
{
    const char *slash = strrchr(config, '/'), *base = slash ? slash + 1 : config, *dot = strrchr(base, '.');
    const int length = dot && dot > base ? (int)(dot - base) : (int)strlen(base);
    cli_folder_name(a, cli_format(a, "%s/%.*s", under, length, base), f);
    f->stem = f->path;
}

tacet_status cli_folder_holds(const char *file, bool *there)
{
    const int exists = tc_file_exists(file);
    *there = exists > 0;
    if (exists >= 0) return TACET_OK;
    return cli_fail(errno == ENOMEM ? TACET_MEMORY : TACET_IO, "cannot tell whether %s exists: %s", file,
                    strerror(errno));
}

static tacet_status uncreated(const char *path) { return cli_fail_file("create the folder", path); }

/* Creates the folders that a path goes through, but not the one that it names. */
static tacet_status make_parents(cli_arena *a, const char *path)
{
    for (const char *at = strchr(path + (*path != 0), '/'); at; at = strchr(at + 1, '/')) {
        const char *parent = cli_copy(a, path, (size_t)(at - path));
        if (mkdir(parent, 0777) != 0 && errno != EEXIST) return uncreated(parent);
    }
    return TACET_OK;
}

static void undo(void *f) { cli_folder_unlock(f); }

tacet_status cli_folder_make(cli_arena *a, cli_folder *f)
{
    enum { TRIES = 100000 };
    if (strpbrk(f->path, "\r\n")) /* it would begin a line wherever it is shown */
        return cli_fail(TACET_DESCRIPTION, "cannot create the folder %s: its name has a line end", f->path);
    const tacet_status s = make_parents(a, f->path);
    if (s != TACET_OK) return s;
    for (int i = 2; mkdir(f->path, 0777) != 0; i++) {
        const char *stem = f->stem;
        if (errno != EEXIST || (stem && i == TRIES)) return uncreated(f->path);
        if (!stem) return TACET_OK;
        cli_folder_name(a, cli_format(a, "%s-%d", stem, i), f);
        f->stem = stem;
    }
    f->made = true;
    cli_undo_keep(&f->undo, undo, f);
    return TACET_OK;
}

/* ---- The lock ---------------------------------------------------------------------------------------------------- */

/* Who holds the lock, as the holder has written it: "process 712 on host". */
static const char *holder(cli_arena *a, int fd)
{
    char text[128];
    const ssize_t n = pread(fd, text, sizeof text, 0);
    return n > 0 ? cli_copy(a, text, (size_t)n) : "another process";
}

static void say_holder(int fd)
{
    char host[65] = "";
    gethostname(host, sizeof host - 1);
    if (ftruncate(fd, 0) == 0) dprintf(fd, "process %ld on %s", (long)getpid(), host); /* a courtesy, so it may fail */
}

/* The file is removed when it is unlocked, so it may be another one each time. */
static int try_lock(const cli_folder *f, int *fd, bool inherit, int *without)
{
    if (*fd >= 0) close(*fd);
    *fd = open(f->lock, O_RDWR | O_CREAT | O_NONBLOCK | (inherit ? 0 : O_CLOEXEC), 0666);
    return *fd < 0 ? -1 : tc_file_lock(*fd, f->lock, without);
}

tacet_status cli_folder_lock(cli_arena *a, cli_folder *f, bool inherit)
{
    enum { PATIENCE = 10 }; /* seconds: enough for a process that has been told to stop to write its checkpoint */
    int fd = -1, locked, without = 0;
    for (int tenths = 0; (locked = try_lock(f, &fd, inherit, &without)) == 0; tenths++) {
        const char *who = holder(a, fd);
        if (tenths == 10 * PATIENCE) {
            close(fd);
            return cli_fail_hint(TACET_FAILED, "wait until it has ended, or use another folder", "%s is in use by %s",
                                 f->path, who);
        }
        if (tenths == 0) cli_note("%s is in use by %s; waiting up to %d s", f->path, who, PATIENCE);
        nanosleep(&(struct timespec){0, 100000000}, NULL);
    }
    if (locked < 0) {
        const tacet_status s = cli_fail_file("lock", f->lock);
        if (fd >= 0) close(fd);
        return s;
    }
    if (without)
        cli_warn("cannot lock %s: %s; make sure that no other process writes to %s", f->lock, strerror(without),
                 f->path);
    say_holder(fd);
    f->locked = fd;
    if (!f->made) cli_undo_keep(&f->undo, undo, f);
    return TACET_OK;
}

void cli_folder_unlock(cli_folder *f)
{
    const int why = errno;
    cli_undo_drop(&f->undo);
    if (f->locked) {
        unlink(f->lock);
        close(f->locked);
        f->locked = 0;
    }
    if (f->made) rmdir(f->path); /* fails if anything has been written to it */
    errno = why;
}

/* ---- metrics.jsonl ----------------------------------------------------------------------------------------------- */

/* The end of the last whole line before `end`; -1 with errno if it cannot be read. */
static off_t end_of_line(int file, off_t end)
{
    char c;
    for (; end > 0; end--) {
        if (pread(file, &c, 1, end - 1) != 1) return -1;
        if (c == '\n') break;
    }
    return end;
}

tacet_status cli_folder_log(cli_folder *f, int64_t length)
{
    struct stat is;
    const int file = open(f->metrics, O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666);
    const bool opened = file >= 0 && fstat(file, &is) == 0, regular = opened && S_ISREG(is.st_mode);
    if (opened && !regular) errno = 0;
    const off_t end = regular ? lseek(file, 0, SEEK_END) : -1;
    const bool lost = end >= 0 && end < length;
    if (lost) cli_warn("%s is shorter than when the checkpoint was written: epochs are missing in it", f->metrics);
    const off_t keep = lost ? end_of_line(file, end) : (off_t)length;
    if (end >= 0 && keep >= 0 && ftruncate(file, keep) == 0 && lseek(file, keep, SEEK_SET) >= 0 &&
        cli_stream_open(&f->log, file))
        return TACET_OK;
    const tacet_status s = cli_fail_file("write", f->metrics);
    if (file >= 0) close(file);
    return s;
}

int64_t cli_folder_sync(cli_folder *f)
{
    return cli_stream_sync(&f->log) ? (int64_t)lseek(f->log.fd, 0, SEEK_CUR) : -1;
}

void cli_folder_close(cli_folder *f)
{
    if (!f->log.f) return;
    cli_stream_close(&f->log);
    close(f->log.fd);
}
