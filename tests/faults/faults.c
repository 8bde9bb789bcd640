/* faults.c: `make faults`. For every command of commands.def, every class of calls and every error: makes the first
 * call fail, then the second, ... and judges each run.
 *
 *     faults [--only COMMAND] [--class CLASS] [--errno ERROR] [--onwards] [--every K] [--jobs N] [--seconds N]
 *
 * --onwards: only the faults that last; --every K: only every K-th fault; --seconds: after which a run hangs. A
 * finding is one line, at the end of which is the command that repeats it:
 *
 *     faults --only train --class write --errno EIO --at 17 [--onwards] [--backtrace]
 *
 * prints what the command printed, keeps its folder and, with --backtrace, shows where memory was asked for. */
#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const faults_command command_table[] = {
#define COMMAND(name, before, line, again, work) {name, before, line, again, work},
#include FAULTS_COMMANDS
#undef COMMAND
};
enum { COMMANDS = sizeof command_table / sizeof *command_table };

const faults_class faults_class_table[FAULTS_KINDS] = {
    [FAULTS_MEMORY] = {"memory", {ENOMEM}, true, 0},
    [FAULTS_PAGES] = {"pages", {ENOMEM}, true, 0},
    [FAULTS_PROCESS] = {"process", {EAGAIN}, true, 0},
    [FAULTS_OPEN] = {"open", {EIO, EMFILE, EACCES, ESTALE}, true, 0},
    [FAULTS_CREATE] = {"create", {EIO, EMFILE, EACCES, ENOSPC, FAULTS_TERM, FAULTS_KILL}, true, 0},
    [FAULTS_READ] = {"read", {EIO, ESTALE, FAULTS_SHORT}, true, 0},
    [FAULTS_WRITE] = {"write", {EIO, ENOSPC, FAULTS_SHORT, FAULTS_TERM, FAULTS_KILL}, true, 0},
    [FAULTS_SYNC] = {"sync", {EIO, ENOSPC, FAULTS_KILL}, true, 0},
    [FAULTS_RENAME] = {"rename", {EIO, ENOSPC, EACCES, FAULTS_KILL}, true, 0},
    [FAULTS_CLOSE] = {"close", {EIO}, false, 0},
    [FAULTS_FOLDER] = {"folder", {EIO, ENOSPC, EACCES, FAULTS_KILL}, true, 0},
    [FAULTS_LOCK] = {"lock", {EIO, ENOLCK, ESTALE}, true, 0},
    [FAULTS_STAT] = {"stat", {EIO, EACCES, ESTALE}, true, 0},
    [FAULTS_TRUNCATE] = {"truncate", {EIO, ENOSPC, FAULTS_KILL}, true, 0},
    [FAULTS_SEEK] = {"seek", {EIO}, true, 0},
    [FAULTS_REMOVE] = {"remove", {EIO, EACCES, FAULTS_KILL}, true, 0},
    [FAULTS_MAP] = {"map", {EIO, ENOMEM}, true, 0},
    [FAULTS_LIST] = {"list", {EIO, ESTALE}, true, 0},
    [FAULTS_PATH] = {"path", {EIO}, true, 0},
    [FAULTS_DISK] = {"disk", {ENOSPC}, false, 24},
    [FAULTS_LIMIT] = {"limit", {EFBIG}, false, 12},
    [FAULTS_STREAMS] = {"streams", {EBADF}, false, 0},
};

const char *faults_error_name(int error)
{
    static const char *const name[] = {"SHORT", "TERM", "KILL"};
    return error >= FAULTS_SHORT ? name[error - FAULTS_SHORT] : strerrorname_np(error);
}

typedef struct options {
    const char *only, *class, *error;
    int64_t at;
    int every, jobs, seconds;
    bool onwards, backtrace;
} options;

/* What the workers share: the next fault, and counts. */
typedef struct counts {
    int64_t next;
    int64_t runs[FAULTS_KINDS], found[FAULTS_KINDS];
} counts;

typedef struct faults_list {
    faults_fault *fault;
    int64_t length;
} faults_list;

/* ---- The faults of a command ------------------------------------------------------------------------------------- */

static void add_range(faults_list *l, const options *o, const faults_case *c, faults_fault f)
{
    const faults_class *k = &faults_class_table[f.kind];
    const int64_t n = c->count[f.kind], step = k->points ? n / k->points + 1 : 1;
    const int64_t points = (n + step - 1) / step, every = o->every < points ? o->every : points;
    /* The short form begins elsewhere in each command and class, and leaves none out. */
    const int64_t first = every > 1 ? (f.kind * 7 + (int64_t)strlen(c->command->line) + f.error) % every : 0;
    for (int64_t at = o->at ? o->at : 1 + first * step; at <= n || at == o->at; at += step * every) {
        f.at = at;
        l->fault = realloc(l->fault, (size_t)(l->length + 1) * sizeof f);
        if (!l->fault) abort();
        l->fault[l->length++] = f;
        if (o->at) break;
    }
}

static faults_list list_of(const options *o, const faults_case *c)
{
    faults_list l = {0};
    for (int kind = 0; kind < FAULTS_KINDS; kind++) {
        const faults_class *k = &faults_class_table[kind];
        if (o->class && strcmp(o->class, k->name) != 0) continue;
        for (const int *error = k->error; *error; error++) {
            if (o->error && strcmp(o->error, faults_error_name(*error)) != 0) continue;
            if (!o->onwards) add_range(&l, o, c, (faults_fault){(faults_kind)kind, *error, 0, false});
            if (k->onwards && *error < FAULTS_TERM && !(o->at && !o->onwards))
                add_range(&l, o, c, (faults_fault){(faults_kind)kind, *error, 0, true});
        }
    }
    return l;
}

/* ---- One run ----------------------------------------------------------------------------------------------------- */

/* One line, written at once, so that those of several workers do not mix. */
static void print_finding(const faults_case *c, const faults_fault *f, const faults_result *r, const faults_verdict *v)
{
    const char *name = c->command->name, *class = faults_class_table[f->kind].name;
    char *line = faults_text("FOUND %s: %s [%s %s: %s] \"%s\"  --only %s --class %s --errno %s --at %lld%s\n", name,
                             v->what, class, r->call, r->path, v->said, name, class, faults_error_name(f->error),
                             (long long)f->at, f->onwards ? " --onwards" : "");
    if (write(STDOUT_FILENO, line, strlen(line)) < 0) exit(2);
    free(line);
}

static void run_one(const options *o, const faults_case *c, const char *dir, const faults_fault *f, counts *sum)
{
    char *tree = faults_text("%s/tree", dir);
    faults_result r;
    faults_tree_write(&c->before, tree);
    faults_run(dir, c->command->line, *f, o->seconds, o->backtrace, &r);
    if (o->at) {
        printf("%s: status %d, %s %s %s\n", dir, r.status, r.hit ? "failed" : "not reached", r.call, r.path);
        fflush(stdout);
        char *show = faults_text("cat %s/out %s/err; ls -lAR %s/tree", dir, dir, dir);
        if (system(show) != 0) fflush(stdout);
        free(show);
    }
    faults_verdict v;
    faults_judge(c, dir, *f, &r, &v);
    if (*v.what) print_finding(c, f, &r, &v);
    if (*v.what) __atomic_add_fetch(&sum->found[f->kind], 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&sum->runs[f->kind], 1, __ATOMIC_SEQ_CST);
    free(tree);
}

static void run_all(const options *o, const faults_case *c, const char *root, const faults_list *l, counts *sum)
{
    const int jobs = o->at ? 1 : o->jobs < 99 ? o->jobs : 99; /* two digits: w01 */
    fflush(NULL);
    for (int i = 0; i < jobs; i++) {
        const pid_t worker = fork();
        if (worker < 0) faults_stop("cannot fork: %s", strerror(errno));
        if (worker > 0) continue;
        char *dir = faults_text("%s/w%02d", root, i + 1);
        if (mkdir(dir, 0777) != 0 && errno != EEXIST) faults_stop("cannot make %s", dir);
        for (int64_t at; (at = __atomic_fetch_add(&sum->next, 1, __ATOMIC_SEQ_CST)) < l->length;)
            run_one(o, c, dir, &l->fault[at], sum);
        exit(0);
    }
    for (int status; wait(&status) > 0;)
        if (status != 0) faults_stop("a worker ended with status %d", status);
}

/* ---- One command ------------------------------------------------------------------------------------------------- */

/* Runs the command twice without fault; both times must leave the same. */
static void prepare(faults_case *c, const char *root)
{
    char *dir = faults_text("%s/w00", root), *tree = faults_text("%s/tree", dir);
    char *out = faults_text("%s/out", dir);
    char *sh = faults_text("rm -rf %s && mkdir -p %s && cd %s && set -e && { %s; } > ../log 2>&1", dir, tree, tree,
                           c->command->before);
    if (system(sh) != 0) faults_stop("%s cannot be prepared; see %s/log", c->command->name, dir);
    faults_tree_read(&c->before, tree);
    for (int i = 0; i < 2; i++) {
        faults_result r;
        faults_tree_write(&c->before, tree);
        faults_run(dir, c->command->line, (faults_fault){0}, FAULTS_SECONDS, false, &r);
        if (r.status != 0) faults_stop("%s: status %d without fault; see %s/err", c->command->name, r.status, dir);
        if (i == 0) {
            faults_tree_read(&c->clean, tree);
            faults_file_read(&c->out, out);
            memcpy(c->count, r.count, sizeof r.count);
        }
    }
    faults_tree second;
    faults_file printed;
    faults_tree_read(&second, tree);
    faults_file_read(&printed, out);
    bool same = second.files == c->clean.files && faults_file_equal(&printed, &c->out);
    for (size_t i = 0; same && i < second.files; i++)
        if (!strstr(second.file[i].path, "tfevents"))
            same = faults_file_equal(&second.file[i], faults_tree_find(&c->clean, second.file[i].path));
    if (!same) faults_stop("%s: two runs without fault differ; see %s", c->command->name, dir);
    free(sh);
}

static int64_t run_command(const options *o, const faults_command *command, const char *root)
{
    faults_case c = {.command = command};
    counts *sum = mmap(NULL, sizeof *sum, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    prepare(&c, root);
    faults_list l = list_of(o, &c);
    run_all(o, &c, root, &l, sum);
    clock_gettime(CLOCK_MONOTONIC, &to);
    int64_t found = 0, runs = 0;
    char *classes = faults_text("%s", "");
    for (int k = 0; k < FAULTS_KINDS; k++) {
        found += sum->found[k];
        runs += sum->runs[k];
        if (sum->runs[k])
            classes = faults_text("%s  %s %lld", classes, faults_class_table[k].name, (long long)c.count[k]);
    }
    printf("%-14s %6lld runs %6.1f s %5lld found %s\n", command->name, (long long)runs,
           (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec), (long long)found, classes);
    return found;
}

static options read_options(int argc, char **argv)
{
    options o = {.every = 1, .seconds = FAULTS_SECONDS, .jobs = (int)sysconf(_SC_NPROCESSORS_ONLN)};
    static const struct option table[] = {{"only", 1, 0, 'o'},      {"class", 1, 0, 'c'},
                                          {"errno", 1, 0, 'e'},     {"at", 1, 0, 'a'},
                                          {"seconds", 1, 0, 's'},   {"every", 1, 0, 'k'},
                                          {"jobs", 1, 0, 'j'},      {"onwards", 0, 0, 'w'},
                                          {"backtrace", 0, 0, 'b'}, {0}};
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (c == 'o')
            o.only = optarg;
        else if (c == 'c')
            o.class = optarg;
        else if (c == 'e')
            o.error = optarg;
        else if (c == 'a')
            o.at = atoll(optarg);
        else if (c == 'k')
            o.every = atoi(optarg);
        else if (c == 's')
            o.seconds = atoi(optarg);
        else if (c == 'j')
            o.jobs = atoi(optarg);
        else if (c == 'w')
            o.onwards = true;
        else if (c == 'b')
            o.backtrace = true;
        else
            exit(2);
    }
    bool known = !o.class;
    for (int i = 0; i < FAULTS_KINDS && !known; i++) known = strcmp(o.class, faults_class_table[i].name) == 0;
    if (!known) faults_stop("no class is called %s", o.class);
    return o;
}

int main(int argc, char **argv)
{
    const options o = read_options(argc, argv);
    char memory[] = "/dev/shm/faultsXXXXXX", disk[] = "/tmp/faultsXXXXXX";
    char *root = mkdtemp(memory) ? memory : mkdtemp(disk);
    if (!root) faults_stop("cannot make a folder in /dev/shm or /tmp: %s", strerror(errno));
    setenv("PATH", faults_text("%s:%s", FAULTS_PROGRAMS, getenv("PATH")), 1);
    setenv("FILES", FAULTS_FILES, 1);
    int64_t found = 0;
    bool any = false;
    for (int i = 0; i < COMMANDS; i++) {
        if (o.only && strcmp(o.only, command_table[i].name) != 0) continue;
        found += run_command(&o, &command_table[i], root);
        any = true;
    }
    if (!any) faults_stop("no command is called %s", o.only);
    if (!o.at) {
        char *remove = faults_text("rm -r %s", root);
        if (system(remove) != 0) faults_stop("%s", remove);
    }
    printf("%lld found\n", (long long)found);
    return found > 0;
}
