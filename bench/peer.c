/* peer.c: starts and talks to a Python process that reads numbers of steps and answers with seconds: the peer (peer.py), or
 * Tacet in Python (python_side.py). */
#include "bench.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void become_python(const char *python, const char *script, const char *name, const char *model, int threads)
{
    /* torch.set_num_threads does not affect every BLAS: Debian's would use all cores. */
    static const char *const count_of[] = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"};
    char count[16];
    snprintf(count, sizeof count, "%d", threads);
    free_threads();
    for (size_t i = 0; i < sizeof count_of / sizeof *count_of; i++) setenv(count_of[i], count, 1);
    /* On two cores, Debian's PyTorch is several times faster if its threads do not spin while they wait, so the peer
     * gets this setting. */
    if (threads > 1) setenv("OMP_WAIT_POLICY", "passive", 0);
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", BENCH_SOURCE, script);
    setenv("PYTHONPATH", BENCH_PYTHON, 1);
    setenv("TACET", BENCH_TACET, 1);
    execlp(python, python, path, name, model, count, (char *)NULL);
    _exit(127);
}

bool peer_open_script(peer *q, const char *script, const char *name, const char *model, int threads)
{
    const char *python = getenv("PEER_PYTHON");
    int in[2], out[2];
    if (!python) python = "/usr/bin/python3";
    snprintf(q->version, sizeof q->version, "no peer");
    if (!*python || pipe(in) || pipe(out)) return false;
    fflush(stdout);
    q->threads = threads;
    q->pid = fork();
    if (q->pid < 0) return false;
    if (q->pid == 0) {
        dup2(in[0], 0), dup2(out[1], 1);
        close(in[0]), close(in[1]), close(out[0]), close(out[1]);
        become_python(python, script, name, model, threads);
    }
    close(in[0]), close(out[1]);
    /* A peer that is started later must not hold this one's input open. */
    fcntl(in[1], F_SETFD, FD_CLOEXEC), fcntl(out[0], F_SETFD, FD_CLOEXEC);
    q->to = fdopen(in[1], "w");
    q->from = fdopen(out[0], "r");
    char version[sizeof q->version];
    if (!q->to || !q->from || !fgets(version, sizeof version, q->from)) {
        fprintf(stderr, "bench: cannot run %s of %s with %s: Tacet is timed without it\n", name, script, python);
        return false;
    }
    version[strcspn(version, ",\n")] = 0;
    memcpy(q->version, version, sizeof version);
    return true;
}

bool peer_open(peer *q, const char *name, const char *model, int threads)
{
    return peer_open_script(q, "peer.py", name, model, threads);
}

double peer_run(peer *q, int steps)
{
    char line[1024];
    fprintf(q->to, "%d\n", steps);
    fflush(q->to);
    if (!fgets(line, sizeof line, q->from)) stop("the peer ended", NULL);
    char *at = line, *end;
    const double seconds = strtod(at, &at);
    q->rss = strtol(at, &at, 10);
    q->answers = 0;
    for (double x; q->answers < MOST_ANSWERS && (x = strtod(at, &end), end != at); at = end)
        q->answer[q->answers++] = x;
    /* All its threads exist only after it has run. */
    place_threads(q->pid, q->threads);
    return seconds;
}

void peer_close(peer *q)
{
    if (q->to) fclose(q->to);
    if (q->from) fclose(q->from);
    if (q->pid > 0) waitpid(q->pid, NULL, 0);
}
