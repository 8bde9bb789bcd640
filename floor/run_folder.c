/* run_folder.c: the folder of a run. */
#include "run_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
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
        .best = cli_format(a, "%s/best.safetensors", path),
        .report = cli_format(a, "%s/report.html", path),
        .sweep = cli_format(a, "%s/sweep.json", path),
    };
}

bool cli_folder_has(const char *file) { return access(file, F_OK) == 0; }

tacet_status cli_folder_holds(const char *file, bool *there)
{
    *there = access(file, F_OK) == 0;
    if (*there || errno == ENOENT || errno == ENOTDIR) return TACET_OK;
    return cli_fail(TACET_IO, "cannot tell whether %s exists: %s", file, strerror(errno));
}

const char *cli_folder_free_name(cli_arena *a, const char *under, const char *config)
{
    const char *slash = strrchr(config, '/'), *base = slash ? slash + 1 : config, *dot = strrchr(base, '.');
    const int stem = dot && dot > base ? (int)(dot - base) : (int)strlen(base);
    const char *name = cli_format(a, "%s/%.*s", under, stem, base);
    for (int i = 2; cli_folder_has(name) && i < 100000; i++) name = cli_format(a, "%s/%.*s-%d", under, stem, base, i);
    return name;
}

tacet_status cli_folder_make(const cli_folder *f)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s", f->path) >= (int)sizeof path)
        return cli_fail(TACET_IO, "the name of the folder is too long");
    for (char *at = path + 1;; at++) {
        char c = *at;
        if (c != '/' && c) continue;
        *at = 0;
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return cli_fail(TACET_IO, "cannot create the folder %s: %s", path, strerror(errno));
        if (!c) return TACET_OK;
        *at = c;
    }
}

tacet_status cli_folder_log(cli_folder *f, int64_t length)
{
    const int file = open(f->metrics, O_WRONLY | O_CREAT, 0666);
    const off_t end = file < 0 ? -1 : lseek(file, 0, SEEK_END);
    if (end >= 0 && end < length) cli_warn("%s is shorter than when the checkpoint was written", f->metrics);
    if (end >= 0 && (end <= length || (ftruncate(file, (off_t)length) == 0 && lseek(file, 0, SEEK_END) >= 0)))
        f->log = fdopen(file, "w");
    if (f->log) return TACET_OK;
    const tacet_status s = cli_fail(TACET_IO, "cannot write %s: %s", f->metrics, strerror(errno));
    if (file >= 0) close(file);
    return s;
}

int64_t cli_folder_sync(const cli_folder *f)
{
    if (fflush(f->log) == 0 && !ferror(f->log) && fdatasync(fileno(f->log)) == 0) return (int64_t)ftello(f->log);
    return -1;
}
