/* judge.c: what a command must do when one of its calls fails.
 *
 * Its exit code is 4 when memory is short and 5 when a file cannot be read or written, with a message that says the
 * reason and names the file; or it is 0, and everything is as without the fault. Files that existed are as before or as
 * after a run without fault; nothing is left over and nothing is half written. Then the command, run again, completes
 * its work: everything is as after a run without fault. */
#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

typedef struct judge {
    const faults_case *c;
    const char *dir;
    faults_fault fault;
    const faults_result *result;
    faults_tree tree;
    faults_file out, err;
    faults_verdict *verdict;
} judge;

/* Adds to what is found. */
__attribute__((format(printf, 2, 3))) static void find(const judge *j, const char *format, ...)
{
    char *what = j->verdict->what;
    const size_t size = sizeof j->verdict->what, n = strlen(what);
    va_list list;
    va_start(list, format);
    const int length = snprintf(what + n, size - n, "%s", n ? "; " : "");
    if (n + (size_t)length < size) vsnprintf(what + n + length, size - n - (size_t)length, format, list);
    va_end(list);
}

static void look(judge *j)
{
    char *path = faults_text("%s/tree", j->dir), *out = faults_text("%s/out", j->dir),
         *err = faults_text("%s/err", j->dir);
    faults_tree_read(&j->tree, path);
    faults_file_read(&j->out, out);
    faults_file_read(&j->err, err);
    free(path);
    free(out);
    free(err);
}

static void forget(judge *j)
{
    faults_tree_free(&j->tree);
    free(j->out.bytes);
    free(j->out.path);
    free(j->err.bytes);
    free(j->err.path);
}

/* Then the process is stopped, and it is enough that the command, run again, completes its work. */
static bool stopped(faults_fault f) { return f.error == FAULTS_KILL || f.error == FAULTS_TERM; }

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* A resumed run adds a file of events, and the log of a sweep's run tells what went wrong before. */
static bool counts(const faults_file *f)
{
    return !strstr(f->path, "events.out.tfevents.") && !strstr(f->path, ".log");
}

static bool is_lock(const char *path)
{
    const size_t n = strlen(path);
    return n > 5 && strcmp(path + n - 5, "/lock") == 0;
}

/* What cannot be removed is left over; so is a lock of which it cannot be told whose it is, and that of a killed process,
 * which nobody waits for. */
static bool may_stay(const judge *j, const char *path)
{
    if (j->fault.kind == FAULTS_REMOVE || is_lock(j->result->path)) return true;
    return j->fault.error == FAULTS_KILL && is_lock(path);
}

/* Everything must be as after a run without fault. Two differences are enough to tell. */
static void same(const judge *j, const char *when)
{
    const faults_tree *clean = &j->c->clean, *tree = &j->tree;
    int found = 0;
    for (size_t i = 0; i < clean->files && found < 2; i++) {
        const faults_file *f = &clean->file[i], *now = faults_tree_find(tree, f->path);
        if (!counts(f) || (now && faults_file_equal(f, now))) continue;
        find(j, "%s, but %s %s", when, f->path, now ? "differs" : "is missing");
        found++;
    }
    for (size_t i = 0; i < tree->files && found < 2; i++) {
        const char *path = tree->file[i].path;
        if (!counts(&tree->file[i]) || may_stay(j, path) || faults_tree_find(clean, path)) continue;
        find(j, "%s, but %s is left over", when, path);
        found++;
    }
}

static bool in_work(const judge *j, const char *path)
{
    const char *work = j->c->command->work;
    return work && strncmp(path, work, strlen(work)) == 0 && path[strlen(work)] == '/';
}

/* A page that says what is missing is whole; one that a run could not write again is removed. */
static bool is_page(const char *path)
{
    const size_t n = strlen(path);
    return n > 5 && strcmp(path + n - 5, ".html") == 0;
}

/* A command that failed may have done a part of its work, but not half of a file. */
static void unharmed(const judge *j)
{
    const faults_tree *clean = &j->c->clean, *before = &j->c->before, *tree = &j->tree;
    const bool killed = stopped(j->fault);
    for (size_t i = 0; i < before->files; i++)
        if (!faults_tree_find(tree, before->file[i].path) && faults_tree_find(clean, before->file[i].path) &&
            !(in_work(j, before->file[i].path) && is_page(before->file[i].path)))
            find(j, "%s is lost", before->file[i].path);
    for (size_t i = 0; i < tree->files; i++) {
        const faults_file *f = &tree->file[i], *was = faults_tree_find(before, f->path),
                          *done = faults_tree_find(clean, f->path);
        const char *flaw = faults_file_flaw(f);
        if (!counts(f)) continue;
        if (flaw && !(was && faults_file_flaw(was))) find(j, "%s %s", f->path, flaw);
        if (!was && !done && !killed && !may_stay(j, f->path)) find(j, "%s is left over", f->path);
        if ((was && faults_file_equal(f, was)) || (done && faults_file_equal(f, done))) continue;
        if ((was || done) && !in_work(j, f->path) && !is_page(f->path))
            find(j, "%s is neither as before nor complete", f->path);
    }
}

/* ---- Words ------------------------------------------------------------------------------------------------------- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* Whether the message names a file of the tree whose name is a part of `name`, as that of a temporary file has it. */
static bool names_one_of(const faults_tree *t, const char *name, const char *message)
{
    for (size_t i = 0; i < t->files; i++) {
        char *path = faults_text("%s", t->file[i].path);
        const size_t n = strlen(path);
        if (path[n - 1] == '/') path[n - 1] = '\0';
        const char *own = last_part(path);
        const bool yes = (!name || strstr(name, own)) && strstr(message, own);
        free(path);
        if (yes) return true;
    }
    return false;
}

static bool names_file(const judge *j)
{
    const char *message = j->err.bytes, *path = j->result->path, *name = last_part(path);
    if (strcmp(path, "/dev/full") == 0) name = "standard output";
    if (!*path) return true; /* getcwd: it is about no file */
    if (strcmp(path, ".") == 0) name = NULL;
    return (name && strstr(message, name)) || names_one_of(&j->c->before, name, message) ||
           names_one_of(&j->c->clean, name, message);
}

static int true_error(faults_fault f)
{
    return f.kind == FAULTS_LIMIT ? EFBIG : f.kind == FAULTS_STREAMS ? 0 : f.error;
}

static void words(const judge *j, int code)
{
    const int error = true_error(j->fault);
    const bool memory = error == ENOMEM, either = error == EAGAIN;
    const char *message = j->err.bytes ? j->err.bytes : "";
    if (code != 5 && !((memory || either) && code == 4)) find(j, "exit code %d", code);
    if (j->fault.kind == FAULTS_MEMORY && code == 5) find(j, "exit code 5");
    if (!*message) {
        if (j->fault.kind != FAULTS_STREAMS) find(j, "says nothing");
        return;
    }
    const bool refused = j->fault.kind == FAULTS_PAGES; /* pthread_create makes another error of it */
    const bool reason = error == 0 || (refused && strstr(message, strerror(EAGAIN))) ||
                        strstr(message, strerror(error)) || ((memory || either) && strstr(message, "out of memory"));
    if (!reason) find(j, "does not say '%s'", memory ? "out of memory" : strerror(error));
    /* If later calls fail as well, the message may name their file. */
    const bool one = !j->fault.onwards && j->fault.kind < FAULTS_DISK;
    if (!memory && !either && one && !names_file(j)) find(j, "does not name the file");
}

static void last_words(judge *j)
{
    const char *at = j->err.bytes ? j->err.bytes : "", *last = at;
    while ((at = strstr(at, "tacet: ")) != NULL) last = at++;
    char *said = j->verdict->said;
    for (size_t i = 0; i + 1 < sizeof j->verdict->said && last[i]; i++) said[i] = last[i] == '\n' ? '|' : last[i];
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

static void again(judge *j)
{
    const faults_command *c = j->c->command;
    faults_result r;
    forget(j);
    faults_run(j->dir, c->again ? c->again : c->line, (faults_fault){0}, FAULTS_SECONDS, false, &r);
    look(j);
    if (r.hung)
        find(j, "run again: hangs");
    else if (!WIFEXITED(r.status) || WEXITSTATUS(r.status) != 0)
        find(j, "run again: status %d: %.300s", r.status, j->err.bytes);
    else
        same(j, "run again");
    if (!c->again && !faults_file_equal(&j->out, &j->c->out)) find(j, "run again, but standard output differs");
}

void faults_judge(const faults_case *c, const char *dir, faults_fault f, const faults_result *r, faults_verdict *v)
{
    judge j = {.c = c, .dir = dir, .fault = f, .result = r, .verdict = v};
    *v = (faults_verdict){0};
    const bool killed = WIFSIGNALED(r->status);
    const int code = WIFEXITED(r->status) ? WEXITSTATUS(r->status) : -1;
    look(&j);
    last_words(&j);
    if (r->hung)
        find(&j, "hangs");
    else if (killed && !stopped(f))
        find(&j, "ends by signal %d (%s)", WTERMSIG(r->status), strsignal(WTERMSIG(r->status)));
    if (code == 0) {
        same(&j, "exit code 0");
        if (!faults_file_equal(&j.out, &c->out)) find(&j, "exit code 0, but standard output differs");
    } else {
        if (f.error == FAULTS_SHORT)
            find(&j, "fails, although nothing is wrong");
        else if (code > 0 && !stopped(f))
            words(&j, code);
        unharmed(&j);
        again(&j);
    }
    forget(&j);
}
