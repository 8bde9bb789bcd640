/* paths.c: runs as processes: this same program, `tacet train`, once for each run.
 *
 * A new run gets the configuration of the sweep, its penalties, its seed and the model of its neighbour; a run whose
 * folder holds a checkpoint continues from that folder. So the result of a run does not depend on what the sweep has in
 * memory, and a sweep that was killed and resumed ends with the same bytes.
 *
 * Each path has one run at a time, and --jobs paths run in parallel. Signals are blocked and waited for, together with
 * the ends of runs. Each run is its own process group, so that Ctrl-C reaches it only once, from here. */
#include "stop_signals.h"
#include "sweep/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { ARGUMENTS = 16 + 2 * CLI_OVERS, CANNOT_RUN = 127 };

/* A path that is being run. */
typedef struct slot {
    pid_t process; /* 0: not running */
    int at, end;   /* the run, and one past the last run of the path */
    double began;
} slot;

typedef struct paths {
    cli_sweep *sweep;
    slot slot[CLI_SWEEP_JOBS];
    int next;     /* the first run of the next path */
    int length;   /* runs per path */
    int running;  /* processes */
    int signal;   /* the number of the signal received, or 0 */
    int done, of; /* runs in this process */
    double spent; /* seconds, in finished runs */
    sigset_t before, waited;
} paths;

/* ---- One run ----------------------------------------------------------------------------------------------------- */

/* The model that run i starts from: that of the last run before it on its path that ended; NULL: no such run. */
static const char *neighbour(const cli_sweep *s, int i)
{
    const int length = s->over[0].count, first = i - i % length;
    for (int k = i - 1; k >= first && s->warm; k--)
        if (s->run[k].state == CLI_RUN_ENDED) return s->run[k].folder.model;
    return NULL;
}

static void command(const cli_sweep *s, int i, const char *argument[ARGUMENTS])
{
    const cli_sweep_run *r = &s->run[i];
    cli_arena *a = s->arena;
    const bool begun = cli_folder_has(r->folder.checkpoint);
    const char *init = neighbour(s, i);
    const char *const always[] = {"tacet",    "train",       "--quiet", "--threads", cli_format(a, "%d", s->threads),
                                  "--resume", r->folder.path};
    int n = sizeof always / sizeof *always;
    memcpy(argument, always, sizeof always);
    argument[n] = NULL;
    if (begun) return;
    for (int k = 0; k < s->overs; k++) {
        const cli_over *o = &s->over[k];
        argument[n++] = "--penalty";
        argument[n++] = cli_over_penalty(a, o, o->value[s->point[r->point].index[k]]);
    }
    argument[n++] = "--set";
    argument[n++] = cli_format(a, "train.seed=%lld", (long long)r->seed);
    if (init) argument[n++] = "--init", argument[n++] = init;
    argument[n++] = "--";
    argument[n++] = s->folder.config;
    argument[n] = NULL;
}

/* Called in the new process, where nothing may allocate. */
static void become(const cli_sweep *s, const char *log, pid_t parent, const sigset_t *mask,
                   const char *const argument[ARGUMENTS])
{
    const int in = open("/dev/null", O_RDONLY), out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    setpgid(0, 0);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(CANNOT_RUN); /* the parent ended before the call */
#else
    (void)parent;
#endif
    if (in < 0 || out < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
        _exit(CANNOT_RUN);
    if (in > STDERR_FILENO) close(in);
    if (out > STDERR_FILENO) close(out);
    sigprocmask(SIG_SETMASK, mask, NULL);
    /* This runs the program of this process, even if its file has been replaced meanwhile. */
    execv("/proc/self/exe", (char *const *)argument);
    execvp(s->program, (char *const *)argument);
    _exit(CANNOT_RUN);
}

static tacet_status start(paths *p, slot *t)
{
    const cli_sweep *s = p->sweep;
    const char *argument[ARGUMENTS];
    command(s, t->at, argument);
    const pid_t parent = getpid(), child = fork();
    if (child == 0) become(s, s->run[t->at].log, parent, &p->before, argument);
    if (child < 0) return cli_fail(TACET_IO, "cannot start a run: %s", strerror(errno));
    t->process = child;
    t->began = cli_now();
    p->running++;
    return TACET_OK;
}

/* ---- Its result -------------------------------------------------------------------------------------------------- */

/* The last error in the log of a run; NULL: the log has no error. */
static const char *last_words(cli_arena *a, const char *log)
{
    size_t length;
    const char *said = NULL, *mark = "tacet: ", *remark = "tacet: warning: ", *text = cli_file_text(a, log, &length);
    for (const char *line = text ? text : ""; *line;) {
        const size_t n = strcspn(line, "\n");
        if (strncmp(line, mark, strlen(mark)) == 0 && strncmp(line, remark, strlen(remark)) != 0)
            said = cli_copy(a, line + strlen(mark), n - strlen(mark));
        line += n + (line[n] == '\n');
    }
    return said;
}

static const char *why(cli_arena *a, const cli_sweep_run *r, int status)
{
    if (WIFSIGNALED(status)) return cli_format(a, "ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) == CANNOT_RUN) return "the program could not be run, or its log could not be written";
    const char *words = last_words(a, r->log);
    char *text = cli_format(a, "%s", words ? words : cli_format(a, "ended with code %d", WEXITSTATUS(status)));
    tc_tame(text, "\n");
    return text;
}

static void say(paths *p, const slot *t)
{
    cli_sweep *s = p->sweep;
    const cli_sweep_run *r = &s->run[t->at];
    const char *line = cli_format(s->arena, "%d/%d  %s", p->done, p->of, r->name);
    if (r->state == CLI_RUN_FAILED) {
        cli_progress_clear(&s->progress);
        cli_warn("%s: %s", r->name, r->said);
        return;
    }
    const char *part = strcmp(r->part, "validation") == 0 ? "val" : r->part;
    const struct {
        const char *of, *name;
        int figure;
    } shown[] = {{part, " loss", CLI_OF_LOSS}, {part, " acc", CLI_OF_ACCURACY}, {"", "density", CLI_OF_SILENCE}};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        const double x = r->figure[shown[i].figure];
        if (isnan(x)) continue;
        line = cli_format(s->arena, "%s  %s%s %s", line, shown[i].of, shown[i].name,
                          cli_sweep_figure(s, shown[i].figure, x, NAN, ""));
    }
    cli_progress_tell(&s->progress, cli_format(s->arena, "%s%s", line, cli_spent(s->arena, cli_now() - t->began)));
}

static void ended(paths *p, slot *t, int status)
{
    cli_sweep *s = p->sweep;
    cli_sweep_run *r = &s->run[t->at];
    t->process = 0;
    p->running--;
    cli_sweep_run_look(s, r);
    if (r->state != CLI_RUN_ENDED) {
        r->state = p->signal ? CLI_RUN_STOPPED : CLI_RUN_FAILED;
        r->said = why(s->arena, r, status);
    }
    if (r->state == CLI_RUN_STOPPED) return;
    p->done++;
    p->spent += cli_now() - t->began;
    say(p, t);
    t->at++;
}

/* ---- All runs ---------------------------------------------------------------------------------------------------- */

/* Finds the next run for a slot, on its path or the next one; false: no run is left. */
static bool find_work(paths *p, slot *t)
{
    for (;; t->at++) {
        if (t->at == t->end) {
            if (p->next == p->sweep->runs) return false;
            t->at = p->next;
            t->end = p->next += p->length;
        }
        if (p->sweep->run[t->at].state == CLI_RUN_WAITS) return true;
    }
}

static tacet_status fill(paths *p)
{
    tacet_status status = TACET_OK;
    for (int i = 0; i < p->sweep->jobs && status == TACET_OK; i++)
        if (!p->slot[i].process && find_work(p, &p->slot[i])) status = start(p, &p->slot[i]);
    return status;
}

static void reap(paths *p)
{
    int status;
    for (pid_t child; (child = waitpid(-1, &status, WNOHANG)) > 0;)
        for (int i = 0; i < p->sweep->jobs; i++)
            if (p->slot[i].process == child) ended(p, &p->slot[i], status);
}

static void pass_on(paths *p, int number)
{
    p->signal = number;
    cli_progress_say(&p->sweep->progress, "stopping: waiting for %s to write a checkpoint",
                     cli_count(p->sweep->arena, p->running, "run"));
    for (int i = 0; i < p->sweep->jobs; i++)
        if (p->slot[i].process) kill(p->slot[i].process, number);
}

static void draw(const paths *p)
{
    cli_progress *to = &p->sweep->progress;
    char left[40] = "", line[120];
    if (!cli_progress_due(to, cli_now())) return;
    if (p->done > 0) {
        const double seconds = p->spent / p->done * (p->of - p->done) / (p->running ? p->running : 1);
        const long long n = seconds < 1e6 ? (long long)seconds : 999999;
        snprintf(left, sizeof left, ", %lld:%02lld left", n / 60, n % 60);
    }
    snprintf(line, sizeof line, "%d/%d done, %d running%s", p->done, p->of, p->running, left);
    const int columns = cli_progress_columns(to);
    if (columns < (int)strlen(line)) {
        line[columns] = '\0';
        for (int i = columns > 3 ? columns - 3 : 0; i < columns; i++) line[i] = '.';
    }
    cli_progress_draw(to, line);
}

static tacet_status go(paths *p)
{
    tacet_status status = TACET_OK;
    for (;;) {
        if (!p->signal && status == TACET_OK) status = fill(p);
        if (p->running == 0) break;
        draw(p);
        const int number = sigtimedwait(&p->waited, NULL, &(struct timespec){0, 200000000});
        if (number > 0 && number != SIGCHLD) pass_on(p, number);
        reap(p);
    }
    cli_progress_clear(&p->sweep->progress);
    return status;
}

static void listen(paths *p)
{
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    sigemptyset(&p->waited);
    sigaddset(&p->waited, SIGCHLD);
    for (int i = 0; i < CLI_STOP_SIGNALS; i++) {
        const int number = cli_stop_signal_table[i].number;
        if (!cli_stop_signal_ignored(number)) sigaddset(&p->waited, number);
    }
    sigprocmask(SIG_BLOCK, &p->waited, &p->before);
    for (int n = 1; n < NSIG; n++) /* an ignored signal would never arrive */
        if (sigismember(&p->waited, n) == 1) sigaction(n, &usual, NULL);
}

tacet_status cli_sweep_paths(cli_sweep *s)
{
    paths *p = cli_take(s->arena, sizeof *p);
    *p = (paths){.sweep = s, .length = s->warm ? s->over[0].count : 1};
    for (int i = 0; i < s->runs; i++) {
        cli_sweep_run_look(s, &s->run[i]);
        p->of += s->run[i].state != CLI_RUN_ENDED;
    }
    if (p->of < s->runs)
        cli_progress_say(&s->progress, "%d of %s have already finished", s->runs - p->of,
                         cli_count(s->arena, s->runs, "run"));
    listen(p);
    const tacet_status status = go(p);
    /* After a stop they stay blocked: one that was sent twice would end the program before it has said so. */
    if (!p->signal) sigprocmask(SIG_SETMASK, &p->before, NULL);
    if (!p->signal) return status;
    cli_progress_say(&s->progress, "stopped; continue with: tacet sweep --resume %s", s->folder.path);
    return (tacet_status)(128 + p->signal);
}
