/* bench.h: what the files of the benchmark share. A case is a line of the table in bench.c: which network, how many
 * steps, and the function that times it. Each runs in a process of its own, so that peak memory is the case's. */
#ifndef BENCH_H
#define BENCH_H

#include <tacet/tacet.h>

#include <stdio.h>
#include <sys/types.h>

enum { MOST_ROUNDS = 201, MADE_UP_ROWS = 256, SEED_ROWS = 4 };

typedef struct bench_case {
    const char *name;
    void (*run)(const struct bench_case *c, int threads);
    double bar;  /* the ratio that is asked for; 0: none */
    int threads; /* 0: one, then two; else so many alone */
    /* The network */
    const char *model, *loss, *optimizer; /* optimizer NULL: inference */
    const char *penalty[2][2];            /* selector, penalty */
    int64_t in, batch;
    bool images;    /* Fashion-MNIST; else made-up rows, in turn */
    double density; /* above 0: biases are set so that its ReLUs fire so often */
    /* How it is timed */
    int alone;         /* steps by Tacet, before both begin from the weights that it then has */
    int warm;          /* steps by both before the first round */
    int rounds, steps; /* rounds, and steps of a round */
} bench_case;

/* ---- bench.c ---- */
__attribute__((noreturn)) void stop(const char *what, const tacet_error *why);
double now(void);
double median(const double *x, int n);
/* What is printed of a case, and the line in the CSV file; peer: what Tacet was compared with. */
typedef struct row {
    const char *name, *peer;
    int threads;
    double us, peer_us, ratio, least, most;
    double flops; /* of a dense step; 0: not said */
    long rss, peer_rss;
    double bar;
} row;
void print_row(const row *r);
void csv_row(const row *r); /* the line alone */
void print_bar(const char *what, double is, double bar, bool at_most);
const char *self(void); /* the program's path */

/* ---- network.c ---- */
typedef struct network {
    const bench_case *c;
    tacet_plan *p;
    tacet_value x, target, y;
    tacet_data *data;
    tacet_loader *loader;
    float *made_up; /* [MADE_UP_ROWS, in] */
    int64_t at;     /* the next of them */
    double loss;    /* mean over the last steps */
    double dense_flops;
} network;

/* model: a file with the weights, or NULL. */
typedef struct network_options {
    int threads;
    tacet_sparse sparse;
    bool no_penalties, shuffle;
    uint64_t seed;
    const char *model;
    const char *keep; /* values that can be read, or NULL */
} network_options;
network *network_open(const bench_case *c, const network_options *o);
void network_close(network *n);
double network_run(network *n, int steps); /* seconds; steps of training, or forward passes */
void network_densities(network *n);        /* prints them */
double network_density(network *n);        /* mean over what makes zeros */
double network_accuracy(network *n);       /* on the test images */
/* Writes weights to `path` with which the ReLUs fire as often as `density` says. */
void network_silence(const bench_case *c, double density, const char *path);
/* The weights with which both begin, in a file that the caller removes. */
void network_begin(const bench_case *c, int threads, char path[]);

/* ---- peer.c ---- */
typedef struct peer {
    pid_t pid;
    FILE *to, *from;
    char version[64];
    double loss;
    long rss;
} peer;
bool peer_open(peer *q, const char *name, const char *model, int threads);
double peer_run(peer *q, int steps); /* seconds */
void peer_close(peer *q);

/* ---- The cases ---- */
void run_paired(const bench_case *c, int threads); /* paired.c */
void run_densities(const bench_case *c, int threads);
void run_penalty(const bench_case *c, int threads); /* alone.c */
void run_start(const bench_case *c, int threads);
void run_accuracy(const bench_case *c, int threads);
void run_cores(const bench_case *c, int threads);
void run_products(const bench_case *c, int threads); /* products.c */
/* What the program does when it is started by itself: one step; or `count` steps for who counts instructions. */
int first_step(const bench_case *c);
int counted_steps(const bench_case *c, const char *model, const char *sparse, const char *penalties, int count);
double sgemm_peak(void); /* flops a second, on one thread; products.c */

/* ---- picture.c ---- */
typedef struct point {
    double density, us;
} point;
void picture_of(const point *p, int n, double peer_us, const char *version, int threads); /* into the results' folder */
void picture(const char *path, const point *p, int n, double peer_us, const char *version, int threads);

#endif
