/* bench.c: Tacet and PyTorch in turn, in one run: the same network, initial weights, data and batches. A round is some
 * steps of the one, then as many of the other; what is reported is the median over the rounds of the ratio of their times,
 * and how far the rounds lie apart. Times alone mean little on a machine that others use too.
 *
 *     bench [--out FOLDER] [--threads N] [CASE ...]      PEER_PYTHON names the Python of the peer; "": no peer */
#include "bench.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MLP "linear 512 | relu | linear 512 | relu | linear 10"
#define MLP_CASE .model = MLP, .loss = "cross_entropy", .in = 784, .batch = 128, .images = true
#define L1                                                                                                             \
    {                                                                                                                  \
        {                                                                                                              \
            "relu*", "l1 1e-3"                                                                                         \
        }                                                                                                              \
    }
#define SGD "sgd lr=0.1 momentum=0.9"
#define SEED_CASE                                                                                                      \
    .model = "linear 32 | relu | linear 16 | relu | linear 2", .loss = "cross_entropy", .optimizer = "sgd lr=1e-4",    \
    .penalty = {{"relu1", "l1 0.5 reduce=sum"}, {"relu2", "norm 0.01 p=2 reduce=sum"}}, .in = 128, .batch = SEED_ROWS

static const bench_case cases[] = {
    {"seed", run_paired, 1.0 / 250, SEED_CASE, .warm = 200, .rounds = 15, .steps = 1000},
    /* Epochs 2 and 3, of 469 steps each. */
    {"mlp", run_paired, 0.60, MLP_CASE, .optimizer = SGD, .warm = 469, .rounds = 14, .steps = 67},
    /* Epoch 5. */
    {"mlp-l1", run_paired, 0.36, MLP_CASE, .optimizer = SGD, .penalty = L1, .warm = 4 * 469, .rounds = 9, .steps = 52},
    /* The code fires at about 0.005 by then; both begin with Adam's state at 0. */
    {"sae", run_paired, 0.30, .model = "linear 4096 name=encoder | relu name=code | linear 784 name=decoder",
     .loss = "mse reduce=sample", .optimizer = "adam lr=1e-3",
     .penalty = {{"code", "l1 0.5"}, {"decoder.weight", "unit_norm by=input"}}, .in = 784, .batch = 256, .images = true,
     .alone = 1000, .warm = 4, .rounds = 9, .steps = 6},
    {"infer-1", run_paired, 0.12, .model = "linear 2048 | relu | linear 2048 | relu | linear 2048 | relu | linear 10",
     .loss = "cross_entropy", .in = 784, .batch = 1, .density = 0.02, .warm = 64, .rounds = 15, .steps = 64},
    {"penalty", run_penalty, 1.02, .threads = 1, MLP_CASE, .optimizer = "sgd lr=0 momentum=0.9", .penalty = L1,
     .density = 0.1, .warm = 20, .rounds = 201, .steps = 2},
    {"start", run_start, 20e3, .threads = 1, SEED_CASE, .rounds = 15},
    {"accuracy", run_accuracy, 0, .threads = 2, MLP_CASE, .optimizer = SGD, .penalty = L1},
    {"products", run_products, 0, .threads = 1, .batch = 128, .in = 512, .rounds = 31},
    {"density", run_densities, 0, MLP_CASE, .optimizer = "sgd lr=0 momentum=0.9", .warm = 5, .rounds = 7, .steps = 12},
    {"cores", run_cores, 0, .threads = 2, MLP_CASE, .optimizer = SGD, .warm = 469, .rounds = 15, .steps = 60},
};
enum { CASES = sizeof cases / sizeof *cases };

static const char *program, *folder;
static FILE *csv;

const char *self(void) { return program; }

void stop(const char *what, const tacet_error *why)
{
    char text[2048] = "";
    if (why) tacet_error_text(why, text, sizeof text);
    fprintf(stderr, "bench: %s%s%s\n", what, why ? ": " : "", text);
    exit(1);
}

double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median(const double *x, int n)
{
    double sorted[4096];
    if (n > 4096) stop("too many figures", NULL);
    memcpy(sorted, x, (size_t)n * sizeof *x);
    qsort(sorted, (size_t)n, sizeof *sorted, ascending);
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

void print_bar(const char *what, double is, double bar, bool at_most)
{
    if (bar == 0) return;
    const bool met = at_most ? is <= bar : is >= bar;
    printf("    %s %.4g, asked for: at %s %.4g: %s\n", what, is, at_most ? "most" : "least", bar,
           met ? "met" : "not met");
}

void print_row(const row *r)
{
    printf("%-14s %2d %11.1f %11.1f %8.4f %8.4f %8.4f", r->name, r->threads, r->us, r->peer_us, r->ratio, r->least,
           r->most);
    if (r->flops > 0) {
        const double rate = r->flops / r->us * 1e-3, peak = sgemm_peak() * 1e-9;
        printf(" %6.0f of %3.0f", rate, peak);
    } else {
        printf("%14s", "");
    }
    printf(" %8.1f %8.1f  %s\n", (double)r->rss / 1024, (double)r->peer_rss / 1024, r->peer);
    if (r->ratio > 0 && r->ratio < 0.1) printf("    the ratio is 1/%.0f\n", 1 / r->ratio);
    if (r->bar > 0 && !isnan(r->ratio)) print_bar("ratio", r->ratio, r->bar, true);
    fflush(stdout);
    csv_row(r);
}

void csv_row(const row *r)
{
    if (!csv) return;
    fprintf(csv, "%s,%d,%s,%.2f,%.2f,%.5f,%ld,%ld\n", r->name, r->threads, r->peer, r->us, r->peer_us, r->ratio, r->rss,
            r->peer_rss);
    fflush(csv);
}

/* The file of that name in the folder where results go, or NULL. */
static const char *in_folder(const char *name, char path[512])
{
    if (!folder) return NULL;
    snprintf(path, 512, "%s/%s", folder, name);
    return path;
}

void picture_of(const point *p, int n, double peer_us, const char *version, int threads)
{
    char path[512], name[32];
    snprintf(name, sizeof name, "density-%d.svg", threads);
    if (in_folder(name, path)) picture(path, p, n, peer_us, version, threads);
}

static const bench_case *find(const char *name)
{
    for (int i = 0; i < CASES; i++)
        if (strcmp(cases[i].name, name) == 0) return &cases[i];
    fprintf(stderr, "bench: there is no case %s; there are", name);
    for (int i = 0; i < CASES; i++) fprintf(stderr, " %s", cases[i].name);
    fprintf(stderr, "\n");
    exit(1);
}

static void run_case(const bench_case *c, int threads)
{
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        c->run(c, threads);
        fflush(stdout);
        _exit(0);
    }
    int status = 1;
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) exit(1);
}

static void run_all(int threads, int count, char **names)
{
    printf("\n%-14s %2s %11s %11s %8s %8s %8s %13s %8s %8s  compared with\n", "case", "th", "Tacet us", "peer us",
           "ratio", "least", "most", "GFLOP/s", "Tacet MB", "peer MB");
    for (int i = 0; i < CASES; i++) {
        bool asked = count == 0;
        for (int k = 0; k < count; k++) asked = asked || find(names[k]) == &cases[i];
        if (asked && (cases[i].threads == 0 || cases[i].threads == threads)) run_case(&cases[i], threads);
    }
}

int main(int argc, char **argv)
{
    int threads = 0, first = 1;
    program = argv[0];
    if (argc == 3 && strcmp(argv[1], "--first-step") == 0) return first_step(find(argv[2]));
    if (argc == 7 && strcmp(argv[1], "--steps") == 0)
        return counted_steps(find(argv[2]), argv[3], argv[4], argv[5], atoi(argv[6]));
    for (; first + 1 < argc && strncmp(argv[first], "--", 2) == 0; first += 2) {
        if (strcmp(argv[first], "--out") == 0) folder = argv[first + 1];
        if (strcmp(argv[first], "--threads") == 0) threads = atoi(argv[first + 1]);
    }
    signal(SIGPIPE, SIG_IGN);
    char path[512];
    if (in_folder("results.csv", path) && !(csv = fopen(path, "a"))) stop(strerror(errno), NULL);
    if (csv && fseek(csv, 0, SEEK_END) == 0 && ftell(csv) == 0)
        fprintf(csv, "case,threads,peer,tacet_us,peer_us,ratio,tacet_rss_kb,peer_rss_kb\n");
    if (csv) fflush(csv); /* before a child inherits the buffer */
    printf(
        "us: medians a step, over rounds in turn; ratio: Tacet's time over the other's, and the least and most of the "
        "rounds; GFLOP/s: those of a dense step over its time, of what sgemm reaches on one thread\n");
    for (int t = 1; t <= 2; t++)
        if (threads == 0 || threads == t) run_all(t, argc - first, argv + first);
    if (csv) fclose(csv);
    return 0;
}
