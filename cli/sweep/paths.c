/* paths.c: runs as processes: this same program, `tacet train`, once for each run.
 *
 * A new run gets the configuration of the sweep, its penalties, its seed and the model of its neighbour; a run whose
 * folder holds a checkpoint continues from that folder. So the result of a run does not depend on what the sweep has in
 * memory, and a sweep that was killed and resumed ends with the same bytes.
 *
 * A path ends early at a run without a result, one that was killed or could not read or write a file: the runs after it
 * would begin from other weights. They are missing until the sweep is resumed. A run that fails because of its numbers has
 * a result, and the path goes on without it.
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

enum { ARGUMENTS = 16 + 2 * CLI_OVERS };

/* A path that is being run. */
typedef struct slot {
    pid_t process; /* 0: not running */
    int at, end;   /* the run, and one past the last run of the path */
    double began;
} slot;

typedef struct paths {
    cli_sweep *sweep;
    slot slot[CLI_SWEEP_JOBS];
    int next;             /* the first run of the next path */
    int length;           /* runs per path */
    int running;          /* processes */
    int signal;           /* the number of the signal received, or 0 */
    tacet_status stopped; /* why the first path was stopped; OK: none was */
    int done, of;         /* runs in this process */
    double spent;         /* seconds, in finished runs */
    sigset_t before, waited;
} paths;

/* ---- One run ----------------------------------------------------------------------------------------------------- */

static void command(const cli_sweep *s, const cli_sweep_run *r, const char *argument[ARGUMENTS])
{
    cli_arena *a = s->arena;
    const cli_sweep_run *before = cli_sweep_run_before(s, r);
    const char *const always[] = {"tacet",    "train",       "--quiet", "--threads", cli_format(a, "%d", s->threads),
                                  "--resume", r->folder.path};
    int n = sizeof always / sizeof *always;
    memcpy(argument, always, sizeof always);
    argument[n] = NULL;
    if (r->begun) return;
    for (int k = 0; k < s->overs; k++) {
        const cli_over *o = &s->over[k];
        argument[n++] = "--penalty";
        argument[n++] = cli_over_penalty(a, o, o->value[s->point[r->point].index[k]]);
    }
    argument[n++] = "--set";
    argument[n++] = cli_format(a, "train.seed=%lld", (long long)r->seed);
    if (before) argument[n++] = "--init", argument[n++] = before->folder.model;
    argument[n++] = "--";
    argument[n++] = s->folder.config;
    argument[n] = NULL;
}

/* Called in the new process, where nothing may allocate. A failure is said in the log, as the program would. */
static void become(const cli_sweep *s, const int stream[2], pid_t parent, const sigset_t *mask,
                   const char *const argument[ARGUMENTS])
{
    setpgid(0, 0);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(TACET_FAILED); /* the parent ended before the call */
#else
    (void)parent;
#endif
    if (dup2(stream[0], STDIN_FILENO) >= 0 && dup2(stream[1], STDOUT_FILENO) >= 0 &&
        dup2(stream[1], STDERR_FILENO) >= 0) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        /* This runs the program of this process, even if its file has been replaced meanwhile. */
        execv("/proc/self/exe", (char *const *)argument);
        execvp(s->program, (char *const *)argument);
    }
    const int error = errno;
    dprintf(stream[1], "tacet: cannot run %s: %s\n", s->program, strerror(error));
    _exit(error == ENOMEM ? TACET_MEMORY : TACET_IO);
}

/* The line with which each attempt begins in the log of a run. */
static const char attempt[] = "==== tacet train";

static tacet_status start_process(paths *p, slot *t)
{
    const cli_sweep *s = p->sweep;
    const cli_sweep_run *r = &s->run[t->at];
    const char *argument[ARGUMENTS], *const path[] = {"/dev/null", r->log};
    tacet_status status = TACET_OK;
    int stream[2] = {-1, -1};
    command(s, r, argument);
    for (int i = 0; i < 2 && status == TACET_OK; i++) {
        stream[i] = open(path[i], (i ? O_WRONLY | O_CREAT | O_APPEND : O_RDONLY) | O_NONBLOCK | O_CLOEXEC, 0666);
        if (stream[i] < 0) status = cli_fail_file("open", path[i]);
    }
    if (status == TACET_OK && dprintf(stream[1], "%s\n", attempt) < 0) status = cli_fail_file("write", r->log);
    const pid_t parent = getpid(), child = status == TACET_OK ? fork() : -1;
    if (child == 0) become(s, stream, parent, &p->before, argument);
    if (child < 0 && status == TACET_OK) status = cli_fail_file("start the run", r->name);
    for (int i = 0; i < 2; i++)
        if (stream[i] >= 0) close(stream[i]);
    if (child < 0) return status;
    t->process = child;
    t->began = cli_now();
    p->running++;
    return TACET_OK;
}

/* Checks that the model of the key init is still that with which the sweep was begun, for a run that starts from it. */
static tacet_status check_init(const cli_sweep *s)
{
    const char *now;
    if (!s->init || strcmp(s->init, "none") == 0) return TACET_OK;
    const tacet_status status = cli_job_origin(s->config, &now);
    if (status != TACET_OK || strcmp(s->init, now) == 0) return status;
    return cli_fail(TACET_FILE, "%s was begun with another model in %s", s->folder.path,
                    s->config->value[CLI_INIT].item.text);
}

/* Ends the path of a run that has no result. */
static void stop(paths *p, slot *t, tacet_status status)
{
    p->sweep->run[t->at].state = CLI_RUN_STOPPED;
    if (p->stopped == TACET_OK) p->stopped = status;
    t->at = t->end;
}

static void start(paths *p, slot *t)
{
    cli_sweep *s = p->sweep;
    cli_sweep_run *r = &s->run[t->at];
    const char *stale = cli_sweep_run_stale(s, r);
    tacet_status status = TACET_OK;
    cli_progress_clear(&s->progress);
    if (stale) {
        cli_progress_say(&s->progress, "%s is done again: %s", r->name, stale);
        status = cli_sweep_run_forget(s, r);
    }
    if (status == TACET_OK && !r->begun && !cli_sweep_run_before(s, r)) status = check_init(s);
    if (status == TACET_OK) status = start_process(p, t);
    if (status != TACET_OK) stop(p, t, status);
}

/* ---- Its result -------------------------------------------------------------------------------------------------- */

/* The last error of the last attempt in the log of a run, or why the log cannot be read; NULL: there was no error. */
static const char *last_words(cli_arena *a, const char *log)
{
    size_t length;
    const char *said = NULL, *mark = "tacet: ", *remark = "tacet: warning: ", *text = cli_file_text(a, log, &length);
    if (!text) return cli_format(a, "cannot read %s: %s", log, strerror(errno));
    for (const char *line = text; *line;) {
        const size_t n = strcspn(line, "\n");
        if (strncmp(line, attempt, strlen(attempt)) == 0) said = NULL;
        if (strncmp(line, mark, strlen(mark)) == 0 && strncmp(line, remark, strlen(remark)) != 0)
            said = cli_copy(a, line + strlen(mark), n - strlen(mark));
        line += n + (line[n] == '\n');
    }
    return said;
}

static const char *why(cli_arena *a, const cli_sweep_run *r, int status)
{
    if (WIFSIGNALED(status)) return cli_format(a, "killed by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) > 128) return cli_format(a, "stopped by signal %d", WEXITSTATUS(status) - 128);
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

/* Whether a run that has not ended would fail again in the same way: its numbers are not finite, or the library refuses its
 * penalty, which it does before anything is written. */
static bool is_result(const cli_sweep_run *r, int status)
{
    if (!WIFEXITED(status) || r->again) return false;
    return WEXITSTATUS(status) == TACET_NOT_FINITE || (WEXITSTATUS(status) == TACET_DESCRIPTION && !r->begun);
}

/* What the end of a run without a result means for the exit code of the sweep, which no signal has stopped. */
static tacet_status status_of(int status)
{
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : TACET_FAILED;
    if (code == TACET_OK) return TACET_IO; /* it could not write its page, which does not end a run */
    return code <= TACET_NOT_FINITE ? (tacet_status)code : TACET_FAILED;
}

/* Whether a run has stopped because the sweep was told to. */
static bool is_told(const paths *p, int status)
{
    return p->signal && p->signal == (WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) - 128);
}

static void ended(paths *p, slot *t, int status)
{
    cli_sweep *s = p->sweep;
    cli_sweep_run *r = &s->run[t->at];
    t->process = 0;
    p->running--;
    cli_progress_clear(&s->progress);
    const tacet_status seen = cli_sweep_run_look(s, r);
    if (seen != TACET_OK) { /* why is printed */
        stop(p, t, seen);
        return;
    }
    if (r->state != CLI_RUN_ENDED || !r->page) {
        r->state = is_result(r, status) ? CLI_RUN_FAILED : CLI_RUN_STOPPED;
        r->said = r->again ? r->again : why(s->arena, r, status);
        if (!is_told(p, status)) cli_warn("%s: %s", r->name, r->said);
    }
    if (r->state == CLI_RUN_STOPPED) {
        stop(p, t, status_of(status));
        return;
    }
    p->done++;
    p->spent += cli_now() - t->began;
    if (r->state == CLI_RUN_ENDED) say(p, t);
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
        cli_sweep_run *r = &p->sweep->run[t->at];
        if (r->state == CLI_RUN_STOPPED) t->at = t->end - 1;
        if (r->state == CLI_RUN_ENDED && (r->again = cli_sweep_run_stale(p->sweep, r)) != NULL) {
            r->state = CLI_RUN_WAITS;
            p->of++;
        }
        if (r->state == CLI_RUN_WAITS) return true;
    }
}

static void fill(paths *p)
{
    for (int i = 0; i < p->sweep->jobs; i++)
        while (!p->slot[i].process && find_work(p, &p->slot[i])) start(p, &p->slot[i]);
}

static void reap(paths *p)
{
    int status;
    pid_t child;
    while ((child = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < p->sweep->jobs; i++)
            if (p->slot[i].process == child) ended(p, &p->slot[i], status);
    if (child == 0 || p->running == 0 || errno == EINTR) return;
    const int error = errno;
    for (int i = 0; i < p->sweep->jobs; i++) {
        slot *t = &p->slot[i];
        if (!t->process) continue;
        cli_progress_clear(&p->sweep->progress);
        stop(p, t, cli_fail(TACET_IO, "cannot wait for %s: %s", p->sweep->run[t->at].name, strerror(error)));
        t->process = 0;
        p->running--;
    }
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

static void go(paths *p)
{
    for (;;) {
        if (!p->signal) fill(p);
        if (p->running == 0) break;
        draw(p);
        const int number = sigtimedwait(&p->waited, NULL, &(struct timespec){0, 200000000});
        if (number > 0 && number != SIGCHLD) pass_on(p, number);
        reap(p);
    }
    cli_progress_clear(&p->sweep->progress);
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

/* Looks at all runs. One whose page is missing was killed before it had written it. */
static void look(paths *p)
{
    cli_sweep *s = p->sweep;
    int ended = 0;
    for (int i = 0; i < s->runs; i++) {
        cli_sweep_run *r = &s->run[i];
        const tacet_status status = cli_sweep_run_look(s, r);
        if (status != TACET_OK) stop(p, &(slot){.at = i}, status);
        if (r->state == CLI_RUN_ENDED && !r->page) r->state = CLI_RUN_WAITS;
        ended += r->state == CLI_RUN_ENDED;
        p->of += r->state == CLI_RUN_WAITS;
    }
    if (ended > 0)
        cli_progress_say(&s->progress, "%d of %s have already finished", ended, cli_count(s->arena, s->runs, "run"));
}

/* OK if all runs have a result; otherwise says which do not. */
static tacet_status all(const paths *p)
{
    cli_sweep *s = p->sweep;
    const char *names = "";
    int n = 0;
    for (int i = 0; i < s->runs; i++) {
        if (s->run[i].state == CLI_RUN_ENDED || s->run[i].state == CLI_RUN_FAILED) continue;
        names = cli_format(s->arena, "%s%s%s", names, n++ ? ", " : "", s->run[i].name);
    }
    if (n == 0) return TACET_OK;
    const char *first = p->stopped == TACET_FILE
                            ? "mend the file that is named above, or remove the folder of its run; then "
                            : "";
    return cli_fail_hint(
        p->stopped, cli_format(s->arena, "%scontinue with: tacet sweep --resume %s", first, s->folder.path),
        "%d of %s %s missing: %s", n, cli_count(s->arena, s->runs, "run"), n == 1 ? "is" : "are", names);
}

tacet_status cli_sweep_paths(cli_sweep *s)
{
    paths *p = cli_take(s->arena, sizeof *p);
    *p = (paths){.sweep = s, .length = s->warm ? s->over[0].count : 1};
    look(p);
    listen(p);
    go(p);
    /* After a stop they stay blocked: one that was sent twice would end the program before it has said so. */
    if (!p->signal) sigprocmask(SIG_SETMASK, &p->before, NULL);
    if (!p->signal) return all(p);
    cli_progress_say(&s->progress, "stopped; continue with: tacet sweep --resume %s", s->folder.path);
    return (tacet_status)(128 + p->signal);
}
