/* cores.c: places threads on cores while they are timed, and measures how much a second core speeds up a training step,
 * compared with a loop that only multiplies and adds. */
#define _GNU_SOURCE /* sched_setaffinity */
#include "bench.h"

#include "kernel/kernel.h"

#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The cores of this process before it pinned a thread. */
static const cpu_set_t *cores(void)
{
    static cpu_set_t all;
    if (CPU_COUNT(&all) == 0) sched_getaffinity(0, sizeof all, &all);
    return &all;
}

static int core_at(int n)
{
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET((size_t)i, cores()) && n-- == 0) return i;
    return -1;
}

static void pin(pid_t thread, int core)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)core, &one);
    sched_setaffinity(thread, sizeof one, &one);
}

/* With exactly two cores and two threads, pins the first thread of the process to the first core and the others to the
 * second. Some schedulers, especially those of virtual machines, leave two threads on one core for a while, which would
 * falsify the times. With spare cores, nothing is pinned. Tacet and its peer are treated alike. */
void place_threads(pid_t process, int threads)
{
    char path[64];
    if (threads != 2 || CPU_COUNT(cores()) != 2) return;
    snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    DIR *d = opendir(path);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        const pid_t thread = (pid_t)atoi(e->d_name);
        if (thread > 0) pin(thread, core_at(thread == process ? 0 : 1));
    }
    closedir(d);
}

void free_threads(void) { sched_setaffinity(0, sizeof(cpu_set_t), cores()); }

/* ---- The speedup from a second core ---- */

typedef float lanes __attribute__((vector_size(32)));
enum { CHAINS = 10 }; /* enough to keep two units busy that take 4 or 5 cycles */

/* Only multiplications and additions, in registers. */
TC_CLONES static float multiply(int64_t times)
{
    lanes x[CHAINS];
    for (int k = 0; k < CHAINS; k++) x[k] = (lanes){0} + (float)k;
    const lanes scale = (lanes){0} + 0.999f, shift = (lanes){0} + 0.001f;
    for (int64_t i = 0; i < times; i++)
        for (int k = 0; k < CHAINS; k++) x[k] = x[k] * scale + shift;
    for (int k = 1; k < CHAINS; k++) x[0] += x[k];
    return x[0][0] + x[0][7];
}

static void *multiply_beside(void *argument)
{
    if (CPU_COUNT(cores()) == 2) pin(0, core_at(1));
    *(float *)argument = multiply(10000000);
    return NULL;
}

/* The time of a fixed amount of work on one thread, over that on two. */
static double fma_gain(void)
{
    float sum[2];
    pthread_t other;
    double begin = now();
    sum[0] = multiply(20000000);
    const double one = now() - begin;
    begin = now();
    if (pthread_create(&other, NULL, multiply_beside, &sum[1])) stop("cannot create a thread", NULL);
    sum[0] += multiply(10000000);
    pthread_join(other, NULL);
    return sum[0] + sum[1] > 0 ? one / (now() - begin) : NAN;
}

void run_cores(const bench_case *c, int threads)
{
    double fma[MOST_ROUNDS], us[2][MOST_ROUNDS];
    network *one = network_open(c, &(network_options){.threads = 1}),
            *two = network_open(c, &(network_options){.threads = threads});
    network_run(one, c->warm), network_run(two, c->warm);
    for (int i = 0; i < c->rounds; i++) {
        fma[i] = fma_gain();
        us[0][i] = network_run(one, c->steps) / c->steps * 1e6;
        us[1][i] = network_run(two, c->steps) / c->steps * 1e6;
    }
    row r = {.name = c->name, .peer = "Tacet on one thread", .threads = threads, .rss = peak_memory()};
    add_figures(&r, us[1], us[0], c->rounds);
    print_row(&r);
    const double gain = median(fma, c->rounds);
    printf("    speedup from the second core: %.2f for a loop of multiplications and additions, %.2f for a step\n",
           gain, 1 / r.ratio);
    print_bar("speedup from the second core", 1 / r.ratio, fmin(1.7, 0.9 * gain), false);
    network_close(one), network_close(two);
}
