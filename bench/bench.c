/* bench.c: Tacet and PyTorch in turn, in one run: the same network, initial weights, data and batches. A round is some
 * steps of the one, then as many of the other; what is reported is the median over the rounds of the ratio of their times,
 * and how far the rounds lie apart. Times alone mean little on a machine that others use too.
 *
 *     bench [--csv FILE] [--threads N] [CASE ...]      PEER_PYTHON names the Python of the peer (python3); "" : no peer */
#include <tacet/tacet.h>

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ROUNDS = 21, SEED_ROWS = 4, SEED_IN = 128 };

/* A network, and which of its steps are timed. */
typedef struct bench_case {
    const char *name, *model, *optimizer;
    const char *penalty[2][2]; /* selector, penalty */
    int64_t batch;
    bool images;               /* Fashion-MNIST, else SEED_ROWS made-up rows */
    int warm, rounds, steps;   /* steps before the first round; rounds; steps of a round */
} bench_case;

static const bench_case cases[] = {
    {.name = "seed", .model = "linear 32 | relu | linear 16 | relu | linear 2", .optimizer = "sgd lr=1e-4",
     .penalty = {{"relu1", "l1 0.5 reduce=sum"}, {"relu2", "norm 0.01 p=2 reduce=sum"}}, .batch = SEED_ROWS, .warm = 200,
     .rounds = 11, .steps = 1000},
    /* Epochs 2 and 3 of 469 steps. */
    {.name = "mlp", .model = "linear 512 | relu | linear 512 | relu | linear 10", .optimizer = "sgd lr=0.1 momentum=0.9",
     .batch = 128, .images = true, .warm = 469, .rounds = 14, .steps = 67},
    /* Epoch 5. */
    {.name = "mlp-l1", .model = "linear 512 | relu | linear 512 | relu | linear 10", .optimizer = "sgd lr=0.1 momentum=0.9",
     .penalty = {{"relu*", "l1 1e-3"}}, .batch = 128, .images = true, .warm = 4 * 469, .rounds = 7, .steps = 67},
};

static void stop(const char *what, const tacet_error *why)
{
    char text[2048] = "";
    if (why) tacet_error_text(why, text, sizeof text);
    fprintf(stderr, "bench: %s%s%s\n", what, why ? ": " : "", text);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- Tacet ---- */

typedef struct network {
    tacet_plan *p;
    tacet_value x, target, y;
    tacet_data *data;
    tacet_loader *loader;
    float made_up[SEED_ROWS * SEED_IN];
    double loss; /* of the last steps, mean */
} network;

static void open_network(network *n, const bench_case *c, int threads)
{
    tacet_error why;
    tacet_graph *g = tacet_graph_new(NULL);
    const int64_t width = c->images ? 784 : SEED_IN;
    n->x = tacet_input(g, "x", 1, &width);
    n->target = tacet_labels(g, "target");
    n->y = tacet_chain(g, n->x, c->model);
    tacet_loss(g, "cross_entropy", n->y, n->target);
    for (int i = 0; i < 2; i++)
        if (c->penalty[i][0]) tacet_penalize(g, c->penalty[i][0], c->penalty[i][1]);
    tacet_config config = {TACET_CONFIG, .batch = c->batch, .optimizer = c->optimizer, .threads = threads};
    n->p = tacet_compile(g, &config, &why);
    if (!n->p) stop(c->name, &why);
    tacet_graph_free(g);
    for (int i = 0; i < SEED_ROWS * SEED_IN; i++) n->made_up[i] = (float)sin(i);
    if (!c->images) return;
    n->data = tacet_data_open("idx /usr/share/datasets/fashion-mnist", "train", NULL, &why);
    if (!n->data) stop(c->name, &why);
    n->loader = tacet_loader_new(n->data, c->batch, 0, false, &why);
    if (!n->loader) stop(c->name, &why);
}

static void close_network(network *n)
{
    tacet_loader_free(n->loader);
    tacet_data_free(n->data);
    tacet_plan_free(n->p);
}

/* Rows that were fed; an epoch's end is passed over. */
static int64_t feed(network *n)
{
    static const int32_t labels[SEED_ROWS] = {0, 1, 1, 0};
    if (n->loader) {
        const int64_t rows = tacet_loader_next(n->loader, n->p, n->x, n->target);
        return rows ? rows : tacet_loader_next(n->loader, n->p, n->x, n->target);
    }
    tacet_feed(n->p, n->x, TACET_F32, n->made_up);
    tacet_feed(n->p, n->target, TACET_I32, labels);
    return SEED_ROWS;
}

static double run(network *n, int steps)
{
    const double begin = now();
    n->loss = 0;
    for (int i = 0; i < steps; i++) {
        if (tacet_step(n->p, feed(n)) != TACET_OK) stop("step", tacet_plan_error(n->p));
        n->loss += tacet_data_loss(n->p) / steps;
    }
    return now() - begin;
}

static void print_densities(network *n)
{
    tacet_result r;
    if (!n->loader || tacet_evaluate(n->p, n->loader, n->x, n->target, n->y, &r) != TACET_OK) return;
    for (int i = 0; i < tacet_value_count(n->p); i++) {
        tacet_value_info v;
        if (tacet_value_at(n->p, i, &v) == TACET_OK && v.silent) printf("  %s fires at %.3f", v.name, v.density);
    }
    printf("\n");
}

/* ---- The peer ---- */

typedef struct peer {
    pid_t pid;
    FILE *to, *from;
    char version[64];
    double loss;
    long rss;
} peer;

static bool open_peer(peer *q, const bench_case *c, const char *model, int threads)
{
    const char *python = getenv("PEER_PYTHON");
    int in[2], out[2];
    char count[16];
    if (!python) python = "/usr/bin/python3";
    if (!*python || pipe(in) || pipe(out)) return false;
    snprintf(count, sizeof count, "%d", threads);
    q->pid = fork();
    if (q->pid < 0) return false;
    if (q->pid == 0) {
        dup2(in[0], 0), dup2(out[1], 1);
        close(in[0]), close(in[1]), close(out[0]), close(out[1]);
        /* On two cores Debian's PyTorch is three times faster when its threads do not spin for each other: the peer gets
         * its better setting. */
        if (threads > 1) setenv("OMP_WAIT_POLICY", "passive", 0);
        execlp(python, python, BENCH_SOURCE "/peer.py", c->name, model, count, (char *)NULL);
        _exit(127);
    }
    close(in[0]), close(out[1]);
    q->to = fdopen(in[1], "w");
    q->from = fdopen(out[0], "r");
    if (!q->to || !q->from || !fgets(q->version, sizeof q->version, q->from)) return false;
    q->version[strcspn(q->version, "\n")] = 0;
    return true;
}

static double ask(peer *q, int steps)
{
    double seconds = 0;
    fprintf(q->to, "%d\n", steps);
    fflush(q->to);
    if (fscanf(q->from, "%lf %lf %ld", &seconds, &q->loss, &q->rss) != 3) stop("the peer ended", NULL);
    return seconds;
}

static void close_peer(peer *q)
{
    if (q->to) fclose(q->to);
    if (q->from) fclose(q->from);
    if (q->pid > 0) waitpid(q->pid, NULL, 0);
}

/* ---- A case ---- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, ascending);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/* Both must be training the same network: their first losses agree closely, later ones as far as rounding lets them. */
static void compare(const bench_case *c, double ours, double theirs, double tolerance)
{
    if (fabs(ours - theirs) <= tolerance * fabs(theirs)) return;
    fprintf(stderr, "bench: %s: the losses do not agree: %g here, %g there\n", c->name, ours, theirs);
    exit(1);
}

static void run_case(const bench_case *c, int threads, FILE *csv)
{
    network n = {0};
    peer q = {0};
    tacet_error why;
    char model[] = "/tmp/tacet_bench_XXXXXX";
    double ours[MAX_ROUNDS], theirs[MAX_ROUNDS], ratio[MAX_ROUNDS];
    struct rusage usage;
    open_network(&n, c, threads);
    const int handle = mkstemp(model);
    if (handle < 0) stop("no temporary file", NULL);
    close(handle);
    if (tacet_save(n.p, model, 0, NULL, &why) != TACET_OK) stop("save", &why);
    const bool together = open_peer(&q, c, model, threads);
    run(&n, 1);
    if (together) {
        ask(&q, 1);
        compare(c, n.loss, q.loss, 1e-4);
        ask(&q, c->warm - 1);
    }
    run(&n, c->warm - 1);
    for (int i = 0; i < c->rounds; i++) {
        ours[i] = run(&n, c->steps) / c->steps;
        theirs[i] = together ? ask(&q, c->steps) / c->steps : NAN;
        ratio[i] = ours[i] / theirs[i];
        if (together) compare(c, n.loss, q.loss, 0.25);
    }
    getrusage(RUSAGE_SELF, &usage);
    const double us = median(ours, c->rounds) * 1e6, peer_us = together ? median(theirs, c->rounds) * 1e6 : NAN;
    const double middle = together ? median(ratio, c->rounds) : NAN;
    printf("%-8s %7d %12.1f %12.1f %8.4f %8.4f %8.4f %9ld %9ld  %s\n", c->name, threads, us, peer_us, middle,
           together ? ratio[0] : NAN, together ? ratio[c->rounds - 1] : NAN, usage.ru_maxrss, q.rss,
           together ? q.version : "no peer");
    if (csv)
        fprintf(csv, "%s,%d,%s,%.2f,%.2f,%.5f,%ld,%ld\n", c->name, threads, together ? q.version : "", us, peer_us, middle,
                usage.ru_maxrss, q.rss);
    print_densities(&n);
    fflush(stdout);
    close_peer(&q);
    close_network(&n);
    unlink(model);
}

int main(int argc, char **argv)
{
    const char *csv_path = NULL;
    int threads = 1, first = 1;
    for (; first + 1 < argc && strncmp(argv[first], "--", 2) == 0; first += 2) {
        if (strcmp(argv[first], "--csv") == 0) csv_path = argv[first + 1];
        if (strcmp(argv[first], "--threads") == 0) threads = atoi(argv[first + 1]);
    }
    signal(SIGPIPE, SIG_IGN);
    FILE *csv = csv_path ? fopen(csv_path, "a") : NULL;
    if (csv_path && !csv) stop(strerror(errno), NULL);
    if (csv && fseek(csv, 0, SEEK_END) == 0 && ftell(csv) == 0)
        fprintf(csv, "case,threads,peer,tacet_us,peer_us,ratio,tacet_rss_kb,peer_rss_kb\n");
    if (csv) fflush(csv); /* before a child inherits the buffer */
    printf("%-8s %7s %12s %12s %8s %8s %8s %9s %9s\n", "case", "threads", "tacet us", "peer us", "ratio", "least", "most",
           "tacet kB", "peer kB");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool asked = first >= argc;
        for (int k = first; k < argc; k++) asked = asked || strcmp(argv[k], cases[i].name) == 0;
        if (!asked) continue;
        /* A process of its own, so that peak memory is the case's. */
        fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            run_case(&cases[i], threads, csv);
            if (csv) fclose(csv);
            return 0;
        }
        int status = 1;
        if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) return 1;
    }
    if (csv) fclose(csv);
    return 0;
}
