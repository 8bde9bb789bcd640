/* alone.c: cases in which Tacet is compared with itself: what a penalty costs, how soon the first step is done, what
 * firing lists do to the accuracy, what a second core gains. */
#include "bench.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static row row_of(const bench_case *c, const char *name, const char *with, int threads)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (row){.name = name, .peer = with, .threads = threads, .rss = usage.ru_maxrss, .bar = c->bar};
}

/* Two networks in turn. */
static row in_turn(const bench_case *c, const char *name, const char *with, network *a, network *b)
{
    double us[2][MOST_ROUNDS], ratio[MOST_ROUNDS];
    row r = row_of(c, name, with, 1);
    network_run(a, c->warm), network_run(b, c->warm);
    for (int i = 0; i < c->rounds; i++) {
        us[0][i] = network_run(a, c->steps) / c->steps * 1e6;
        us[1][i] = network_run(b, c->steps) / c->steps * 1e6;
        ratio[i] = us[0][i] / us[1][i];
    }
    r.us = median(us[0], c->rounds), r.peer_us = median(us[1], c->rounds), r.ratio = median(ratio, c->rounds);
    r.least = r.most = ratio[0];
    for (int i = 0; i < c->rounds; i++) r.least = fmin(r.least, ratio[i]), r.most = fmax(r.most, ratio[i]);
    return r;
}

/* ---- The cost of a penalty ---- */

int counted_steps(const bench_case *c, const char *model, const char *sparse, const char *penalties, int count)
{
    network *n = network_open(c, &(network_options){.threads = 1,
                                                    .model = model,
                                                    .sparse = (tacet_sparse)atoi(sparse),
                                                    .no_penalties = atoi(penalties) == 0});
    network_run(n, count);
    network_close(n);
    return 0;
}

/* Instructions of `count` steps and what is around them, or 0 where there is no valgrind. */
static double instructions(const bench_case *c, const char *model, int sparse, int penalties, int count)
{
    char line[1024];
    double collected = 0;
    snprintf(line, sizeof line,
             "valgrind --tool=callgrind --callgrind-out-file=/dev/null %s --steps %s %s %d %d %d 2>&1 >/dev/null",
             self(), c->name, model, sparse, penalties, count);
    FILE *f = popen(line, "r");
    while (f && fgets(line, sizeof line, f)) {
        const char *at = strstr(line, "Collected : ");
        if (at) collected = atof(at + strlen("Collected : "));
    }
    if (f) pclose(f);
    return collected;
}

static void count_instructions(const bench_case *c, const char *model, int sparse, const char *name)
{
    double a_step[2];
    for (int penalties = 0; penalties < 2; penalties++) {
        const double few = instructions(c, model, sparse, penalties, 2),
                     more = instructions(c, model, sparse, penalties, 6);
        if (few == 0 || more == 0) {
            printf("    no valgrind: instructions are not counted\n");
            return;
        }
        a_step[penalties] = (more - few) / 4;
    }
    printf("    %s: %.0f instructions a step with penalties, %.0f without (of AVX2, which is what valgrind knows)\n",
           name, a_step[1], a_step[0]);
    print_bar("instructions", a_step[1] / a_step[0], c->bar, true);
}

void run_penalty(const bench_case *c, int threads)
{
    static const char *const name[] = {"", "penalty-dense", "penalty-lists"};
    char model[] = "/tmp/tacet_bench_XXXXXX";
    network_begin(c, threads, model);
    for (int sparse = TACET_SPARSE_NEVER; sparse <= TACET_SPARSE_ALWAYS; sparse++) {
        network_options o = {.threads = 1, .model = model, .sparse = (tacet_sparse)sparse};
        network *with = network_open(c, &o);
        o.no_penalties = true;
        network *without = network_open(c, &o);
        row r = in_turn(c, name[sparse], "the step without", with, without);
        print_row(&r);
        network_close(with), network_close(without);
        count_instructions(c, model, sparse, name[sparse]);
    }
    peer q = {0}, plain = {0};
    if (peer_open(&q, "penalty", model, 1) && peer_open(&plain, "density", model, 1)) {
        double ratio[MOST_ROUNDS];
        peer_run(&q, 5), peer_run(&plain, 5);
        for (int i = 0; i < c->rounds; i++) ratio[i] = peer_run(&q, c->steps) / peer_run(&plain, c->steps);
        printf("    the peer's step with over that without: %.4f\n", median(ratio, c->rounds));
    }
    peer_close(&q), peer_close(&plain);
    unlink(model);
}

/* ---- The first step ---- */

int first_step(const bench_case *c)
{
    network *n = network_open(c, &(network_options){.threads = 1});
    network_run(n, 1);
    return write(STDOUT_FILENO, "x", 1) == 1 ? 0 : 1;
}

static double start_us(const bench_case *c)
{
    int out[2];
    char byte;
    if (pipe(out)) stop("pipe", NULL);
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
    if (child < 0 || waitpid(child, NULL, 0) < 0 || !there) stop("the first step was not done", NULL);
    return us;
}

void run_start(const bench_case *c, int threads)
{
    double us[MOST_ROUNDS];
    char model[] = "/tmp/tacet_bench_XXXXXX";
    peer q = {0};
    start_us(c);
    for (int i = 0; i < c->rounds; i++) us[i] = start_us(c);
    network_begin(c, threads, model);
    const double begin = now();
    const bool together = peer_open(&q, "seed", model, 1);
    if (together) peer_run(&q, 1);
    row r = row_of(c, c->name, q.version, 1);
    r.peer_us = together ? (now() - begin) * 1e6 : NAN;
    r.us = median(us, c->rounds), r.ratio = r.us / r.peer_us, r.least = r.most = r.ratio, r.bar = 0, r.peer_rss = q.rss;
    print_row(&r);
    print_bar("from the start of the process to the end of the first step, ms,", r.us / 1e3, c->bar / 1e3, true);
    peer_close(&q);
    unlink(model);
}

/* ---- Accuracy ---- */

static double trained(const bench_case *c, uint64_t seed, tacet_sparse sparse)
{
    network *n = network_open(c, &(network_options){.threads = 2, .sparse = sparse, .shuffle = true, .seed = seed});
    network_run(n, 5 * 469);
    const double accuracy = network_accuracy(n);
    network_close(n);
    return accuracy;
}

void run_accuracy(const bench_case *c, int threads)
{
    enum { SEEDS = 5 };
    (void)threads;
    double is[2][SEEDS], mean[2] = {0}, spread = 0;
    for (int s = 0; s < SEEDS; s++) {
        is[0][s] = trained(c, (uint64_t)s, TACET_SPARSE_AUTO);
        is[1][s] = trained(c, (uint64_t)s, TACET_SPARSE_NEVER);
        mean[0] += is[0][s] / SEEDS, mean[1] += is[1][s] / SEEDS;
    }
    for (int s = 0; s < SEEDS; s++) spread += (is[1][s] - mean[1]) * (is[1][s] - mean[1]) / (SEEDS - 1);
    printf("accuracy       test accuracy after 5 epochs of mlp-l1, seeds 0 to %d, on firing lists / dense:", SEEDS - 1);
    for (int s = 0; s < SEEDS; s++) printf(" %.4f/%.4f", is[0][s], is[1][s]);
    printf("\n    means %.4f / %.4f; the seeds' standard deviation %.4f\n", mean[0], mean[1], sqrt(spread));
    print_bar("difference of the means", fabs(mean[0] - mean[1]), sqrt(spread), true);
}

/* ---- A second core ---- */

/* Multiplications and additions alone, in registers. */
static void *multiply(void *argument)
{
    enum { CHAINS = 12, LANES = 8 };
    float x[CHAINS][LANES];
    for (int i = 0; i < CHAINS * LANES; i++) x[i / LANES][i % LANES] = (float)i;
    for (int64_t i = 0; i < 4000000; i++)
        for (int k = 0; k < CHAINS; k++)
            for (int l = 0; l < LANES; l++) x[k][l] = x[k][l] * 0.999f + 0.001f;
    float sum = 0;
    for (int i = 0; i < CHAINS * LANES; i++) sum += x[i / LANES][i % LANES];
    *(float *)argument = sum;
    return NULL;
}

/* The work of two threads on one, over that on two. */
static double fma_gain(void)
{
    float sum[2];
    pthread_t other;
    double begin = now();
    multiply(&sum[0]), multiply(&sum[1]);
    const double one = now() - begin;
    begin = now();
    if (pthread_create(&other, NULL, multiply, &sum[1])) stop("no thread", NULL);
    multiply(&sum[0]);
    pthread_join(other, NULL);
    return one / (now() - begin);
}

void run_cores(const bench_case *c, int threads)
{
    (void)threads;
    double fma[MOST_ROUNDS];
    network *one = network_open(c, &(network_options){.threads = 1}),
            *two = network_open(c, &(network_options){.threads = 2});
    for (int i = 0; i < c->rounds; i++) fma[i] = fma_gain();
    row r = in_turn(c, c->name, "two threads over one", two, one);
    r.threads = 2, r.bar = 0;
    print_row(&r);
    const double gain = median(fma, c->rounds);
    printf("    a loop of multiplications alone gains %.2f from the second core\n", gain);
    print_bar("gain from the second core", 1 / r.ratio, fmin(1.7, 0.9 * gain), false);
    network_close(one), network_close(two);
}
