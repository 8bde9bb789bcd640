/* alone.c: cases that compare Tacet with itself: the cost of a penalty and of the ledger, the time to the first step. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- The cost of a penalty ---- */

/* The steps whose instructions are counted. */
typedef struct count_of {
    const char *model; /* a file with the weights */
    int sparse, penalties, ledger, steps;
} count_of;

int counted_steps(const bench_case *c, char **argument)
{
    network *n = network_open(c, &(network_options){.threads = 1,
                                                    .model = argument[0],
                                                    .sparse = (tacet_sparse)atoi(argument[1]),
                                                    .no_penalties = atoi(argument[2]) == 0,
                                                    .ledger = atoi(argument[3])});
    network_run(n, atoi(argument[4]));
    network_close(n);
    return 0;
}

static FILE *start_counting(const bench_case *c, count_of o)
{
    char line[1024];
    snprintf(line, sizeof line,
             "valgrind --tool=callgrind --callgrind-out-file=/dev/null '%s' --steps %s %s %d %d %d %d 2>&1 >/dev/null",
             self(), c->name, o.model, o.sparse, o.penalties, o.ledger, o.steps);
    return popen(line, "r");
}

/* The number of instructions that valgrind printed, or 0 without valgrind. */
static double counted(FILE *f)
{
    char line[1024];
    double collected = 0;
    while (f && fgets(line, sizeof line, f)) {
        const char *at = strstr(line, "Collected : ");
        if (at) collected = atof(at + strlen("Collected : "));
    }
    if (f) pclose(f);
    return collected;
}

enum { COUNTS = 3 };

/* Instructions of the second step of each network: those of two steps less those of one. The counts do not depend on
 * the load of the machine, so all run at once. Without valgrind, prints a message and returns false. */
static bool count_steps(const bench_case *c, const count_of *of, int n, double count[COUNTS])
{
    FILE *f[2 * COUNTS];
    bool there = true;
    fflush(stdout);
    for (int i = 0; i < 2 * n; i++) {
        count_of o = of[i / 2];
        o.steps = 1 + i % 2;
        f[i] = start_counting(c, o);
    }
    for (int i = 0; i < 2 * n; i++) {
        const double is = counted(f[i]);
        there = there && is > 0;
        count[i / 2] = i % 2 ? is - count[i / 2] : is;
    }
    if (!there) printf("    valgrind was not found: instructions are not counted\n");
    return there;
}

static void count_instructions(const bench_case *c, const char *model, int sparse)
{
    const count_of of[] = {{model, sparse, 1, -1, 0}, {model, sparse, 0, -1, 0}};
    double count[COUNTS];
    if (!count_steps(c, of, 2, count)) return;
    printf("    %.2f million instructions per step with penalties, %.2f without (AVX2; valgrind has no AVX-512)\n",
           count[0] / 1e6, count[1] / 1e6);
    print_bar("instructions, with penalties over without", count[0] / count[1], c->bar, true);
}

/* The cost of the ledger. By default it samples gradients in one of PERIOD steps, and only counts in the others. */
void run_ledger(const bench_case *c, int threads)
{
    enum { NONE = -1, PERIOD = 50, EACH = 1, SELDOM = 1 << 20 };
    static const char *const name[] = {[TACET_SPARSE_NEVER] = "ledger-dense", [TACET_SPARSE_ALWAYS] = "ledger-sparse"};
    char model[PATH];
    network_begin(c, threads, model);
    for (int sparse = TACET_SPARSE_NEVER; sparse <= TACET_SPARSE_ALWAYS; sparse++) {
        const count_of of[] = {{model, sparse, 1, EACH, 0}, {model, sparse, 1, SELDOM, 0}, {model, sparse, 1, NONE, 0}};
        double count[COUNTS];
        report_case(name[sparse]);
        if (!count_steps(c, of, 3, count)) break;
        printf("%-14s %.3f million instructions per step without the ledger, %.3f with it, %.3f in a sample\n",
               name[sparse], count[2] / 1e6, count[1] / 1e6, count[0] / 1e6);
        print_bar("instructions, with the ledger over without",
                  (count[0] + (PERIOD - 1) * count[1]) / (PERIOD * count[2]), c->bar, true);
    }
    unlink(model);
}

/* Times steps with penalties and steps without, in turn. */
static void time_penalty(const bench_case *c, const char *model, int sparse, const char *name)
{
    double us[2][MOST_ROUNDS];
    network *n[2];
    for (int k = 0; k < 2; k++) {
        n[k] = network_open(
            c, &(network_options){
                   .threads = 1, .model = model, .sparse = (tacet_sparse)sparse, .no_penalties = k == 1, .ledger = -1});
        network_run(n[k], c->warm);
    }
    for (int i = 0; i < c->rounds; i++)
        for (int k = 0; k < 2; k++) us[(i + k) % 2][i] = network_run(n[(i + k) % 2], c->steps) / c->steps * 1e6;
    row r = {.name = name, .peer = "Tacet without penalties", .threads = 1, .rss = peak_memory()};
    add_figures(&r, us[0], us[1], c->rounds);
    print_row(&r);
    print_bar("time, with penalties over without", r.ratio, c->bar, true);
    network_close(n[0]), network_close(n[1]);
}

static void time_peers(const bench_case *c, const char *model)
{
    double us[2][MOST_ROUNDS];
    peer q[2] = {{0}};
    if (peer_open(&q[0], "penalty", model, 1) && peer_open(&q[1], "no-penalty", model, 1)) {
        peer_run(&q[0], 5), peer_run(&q[1], 5);
        for (int i = 0; i < c->rounds; i++)
            for (int k = 0; k < 2; k++) us[k][i] = peer_run(&q[k], c->steps) / c->steps * 1e6;
        row r;
        add_figures(&r, us[0], us[1], c->rounds);
        printf("    the peer's time, with penalties over without: %.4f (%.4f to %.4f)\n", r.ratio, r.least, r.most);
    }
    peer_close(&q[0]), peer_close(&q[1]);
}

void run_penalty(const bench_case *c, int threads)
{
    static const char *const name[] = {
        [TACET_SPARSE_NEVER] = "penalty-dense", [TACET_SPARSE_ALWAYS] = "penalty-sparse"};
    char model[PATH];
    network_begin(c, threads, model);
    for (int sparse = TACET_SPARSE_NEVER; sparse <= TACET_SPARSE_ALWAYS; sparse++) {
        report_case(name[sparse]);
        time_penalty(c, model, sparse, name[sparse]);
        count_instructions(c, model, sparse);
    }
    time_peers(c, model);
    unlink(model);
}

/* ---- The first step ---- */

int first_step(const bench_case *c)
{
    network *n = network_open(c, &(network_options){.threads = 1});
    network_run(n, 1);
    return write(STDOUT_FILENO, "x", 1) == 1 ? 0 : 1;
}

/* Microseconds from before the fork to the end of the first step; *rss: the peak memory of the process. */
static double start_us(const bench_case *c, long *rss)
{
    int out[2];
    char byte;
    struct rusage usage;
    if (pipe(out)) stop("cannot create a pipe", NULL);
    const double begin = now();
    const pid_t child = fork();
    if (child == 0) {
        dup2(out[1], STDOUT_FILENO);
        execl(self(), self(), "--first-step", c->name, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    const bool there = read(out[0], &byte, 1) == 1;
    const double us = (now() - begin) * 1e6;
    close(out[0]);
    if (child < 0 || wait4(child, NULL, 0, &usage) < 0 || !there) stop("the first step failed", NULL);
    *rss = usage.ru_maxrss;
    return us;
}

static double start_of_peer(const char *model, peer *q)
{
    const double begin = now();
    if (!peer_open(q, "seed", model, 1)) return NAN;
    peer_run(q, 1);
    const double us = (now() - begin) * 1e6;
    peer_close(q);
    return us;
}

void run_start(const bench_case *c, int threads)
{
    enum { PEERS = 3 };
    double us[MOST_ROUNDS], peer_us[PEERS];
    char model[PATH];
    row r = {.name = c->name, .threads = 1};
    peer q[PEERS] = {{0}};
    network_begin(c, threads, model);
    start_us(c, &r.rss);
    for (int i = 0; i < c->rounds; i++) {
        us[i] = start_us(c, &r.rss);
        if (i < PEERS) peer_us[i] = start_of_peer(model, &q[i]);
    }
    add_figures(&r, us, peer_us, PEERS);
    r.us = median(us, c->rounds), r.ratio = r.us / r.peer_us;
    r.peer = q[0].version, r.peer_rss = q[0].rss;
    print_row(&r);
    print_bar("ms from the start of the process to the end of its first step", r.us / 1e3, c->bar, true);
    unlink(model);
}
