/* tree.c: folders as lists of files with their bytes. */
#define _GNU_SOURCE
#include "base/json.h"
#include "faults.h"
#include "tacet/tacet.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void faults_stop(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("faults: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(2);
}

char *faults_text(const char *format, ...)
{
    va_list list;
    char *text;
    va_start(list, format);
    if (vasprintf(&text, format, list) < 0) abort();
    va_end(list);
    return text;
}

/* The clock stands still (shim.c), so a step takes no time; but a run that had done all its steps does not say so. */
static void forget_times(faults_file *f)
{
    static const char *const time[] = {",\"step_us\":0", "; 0 ms per training step"};
    for (size_t i = 0; f->bytes && i < sizeof time / sizeof *time; i++) {
        const size_t n = strlen(time[i]);
        for (char *at; (at = memmem(f->bytes, f->size, time[i], n)) != NULL; f->size -= n)
            memmove(at, at + n, f->size + 1 - n - (size_t)(at - f->bytes));
    }
}

bool faults_file_read(faults_file *f, const char *path)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    *f = (faults_file){0};
    if (fd < 0 || fstat(fd, &st) != 0) return false;
    f->path = faults_text("%s", path);
    f->size = (size_t)st.st_size;
    f->bytes = calloc(1, f->size + 1);
    if (!f->bytes || read(fd, f->bytes, f->size) != (ssize_t)f->size) faults_stop("cannot read %s", path);
    close(fd);
    forget_times(f);
    return true;
}

static void add(faults_tree *t, faults_file f)
{
    t->file = realloc(t->file, (t->files + 1) * sizeof f);
    if (!t->file) abort();
    t->file[t->files++] = f;
}

static void walk(faults_tree *t, const char *folder, const char *below)
{
    char *full = faults_text("%s/%s", folder, below);
    DIR *d = opendir(full);
    if (!d) faults_stop("cannot read %s: %s", full, strerror(errno));
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        char *path = faults_text("%s%s%s", below, e->d_name, e->d_type == DT_DIR ? "/" : "");
        if (e->d_type == DT_DIR) {
            add(t, (faults_file){.path = path});
            walk(t, folder, path);
        } else {
            char *from = faults_text("%s/%s", folder, path);
            faults_file f;
            if (!faults_file_read(&f, from)) faults_stop("cannot read %s", from);
            free(f.path);
            free(from);
            f.path = path;
            add(t, f);
        }
    }
    closedir(d);
    free(full);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const faults_file *)a)->path, ((const faults_file *)b)->path);
}

/* A run notes the folder in which it began. Those of workers differ in two digits (root/w01/tree), which this sets. */
static void set_digits(faults_file *f, const char *folder, const char *digits)
{
    const size_t n = strlen(folder) - strlen("01/tree");
    const char *end = f->bytes + f->size;
    for (char *at = f->bytes; at && (at = memmem(at, (size_t)(end - at), folder, n)) != NULL; at += n)
        if (end - at >= (ptrdiff_t)n + 2) memcpy(at + n, digits, 2);
}

void faults_tree_read(faults_tree *t, const char *folder)
{
    *t = (faults_tree){0};
    walk(t, folder, "");
    for (size_t i = 0; i < t->files; i++) {
        set_digits(&t->file[i], folder, "00");
    }
    if (t->files) qsort(t->file, t->files, sizeof *t->file, by_path);
}

void faults_tree_free(faults_tree *t)
{
    for (size_t i = 0; i < t->files; i++) {
        free(t->file[i].path);
        free(t->file[i].bytes);
    }
    free(t->file);
    *t = (faults_tree){0};
}

static void empty(const char *folder)
{
    faults_tree t;
    faults_tree_read(&t, folder);
    for (size_t i = t.files; i-- > 0;) {
        char *path = faults_text("%s/%s", folder, t.file[i].path);
        if (remove(path) != 0) faults_stop("cannot remove %s: %s", path, strerror(errno));
        free(path);
    }
    faults_tree_free(&t);
}

void faults_tree_write(const faults_tree *t, const char *folder)
{
    if (mkdir(folder, 0777) != 0) empty(folder);
    for (size_t i = 0; i < t->files; i++) {
        const faults_file *f = &t->file[i];
        char *path = faults_text("%s/%s", folder, f->path);
        if (!f->bytes) {
            if (mkdir(path, 0777) != 0) faults_stop("cannot make %s: %s", path, strerror(errno));
        } else {
            const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
            faults_file own = {.bytes = memcpy(malloc(f->size + 1), f->bytes, f->size), .size = f->size};
            set_digits(&own, folder, folder + strlen(folder) - strlen("01/tree"));
            if (fd < 0 || write(fd, own.bytes, own.size) != (ssize_t)own.size) faults_stop("cannot write %s", path);
            free(own.bytes);
            close(fd);
        }
        free(path);
    }
}

const faults_file *faults_tree_find(const faults_tree *t, const char *path)
{
    const faults_file key = {.path = (char *)(uintptr_t)path};
    return t->files ? bsearch(&key, t->file, t->files, sizeof key, by_path) : NULL;
}

bool faults_file_equal(const faults_file *a, const faults_file *b)
{
    if (!a || !b) return a == b;
    return a->size == b->size && !a->bytes == !b->bytes && (!a->bytes || memcmp(a->bytes, b->bytes, a->size) == 0);
}

/* ---- Whether a file is whole ------------------------------------------------------------------------------------- */

static const char *json(const char *text, size_t length)
{
    const tc_mem m = tc_mem_of(NULL);
    tc_json_error why;
    char *copy = strndup(text, length);
    tc_json *value = copy ? tc_json_read(&m, copy, length, &why) : NULL;
    const bool ok = value != NULL;
    if (value) tc_free(&m, value);
    free(copy);
    return ok ? NULL : "is not JSON";
}

/* Its last line may be cut off: only a run that is killed leaves one, and a resume drops it. */
static const char *json_lines(const faults_file *f)
{
    const char *wrong = NULL;
    for (const char *line = f->bytes, *end; !wrong && (end = strchr(line, '\n')) != NULL; line = end + 1)
        wrong = json(line, (size_t)(end - line));
    return wrong;
}

static bool ends(const faults_file *f, const char *with)
{
    const size_t n = strlen(with);
    return f->size >= n && memcmp(f->bytes + f->size - n, with, n) == 0;
}

static const char *tensors(const faults_file *f)
{
    char name[] = "/tmp/faultsXXXXXX";
    const int fd = mkstemp(name);
    if (fd < 0 || write(fd, f->bytes, f->size) != (ssize_t)f->size) faults_stop("cannot write %s", name);
    close(fd);
    tacet_error why;
    tacet_file *file = tacet_file_open(name, NULL, &why);
    const bool ok = file != NULL;
    tacet_file_free(file);
    unlink(name);
    return ok ? NULL : "cannot be opened";
}

static const char *whole_json(const faults_file *f) { return json(f->bytes, f->size); }
static const char *page(const faults_file *f) { return ends(f, "</html>\n") ? NULL : "does not end with </html>"; }
static const char *text_lines(const faults_file *f) { return ends(f, "\n") ? NULL : "does not end with a line"; }

const char *faults_file_flaw(const faults_file *f)
{
    static const struct {
        const char *end;
        const char *(*flaw)(const faults_file *f);
    } table[] = {{".json", whole_json}, {".jsonl", json_lines}, {".html", page},
                 {".csv", text_lines},  {".yaml", text_lines},  {".safetensors", tensors}};
    for (size_t i = 0; f->bytes && i < sizeof table / sizeof *table; i++) {
        const size_t n = strlen(f->path), m = strlen(table[i].end);
        if (n > m && strcmp(f->path + n - m, table[i].end) == 0) return table[i].flaw(f);
    }
    return NULL;
}
