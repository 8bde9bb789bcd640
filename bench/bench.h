/* bench.h: what the files of the benchmark share. A case is a line of the table in bench.c: which network, how many
 * steps, and the function that times it. Each runs in a process of its own, so that peak memory is the case's. */
#ifndef BENCH_H
#define BENCH_H

#include <tacet/tacet.h>

#include <stdio.h>
#include <sys/types.h>

enum { MOST_ROUNDS = 201, MADE_UP_ROWS = 256, MOST_ANSWERS = 16 };

typedef struct bench_case {
    const char *name;
    void (*run)(const struct bench_case *c, int threads);
    double bar;    /* the ratio that is asked for; 0: none */
    double memory; /* of the peer's; 0: nothing is asked for */
    int threads;   /* 0: one, then two; else so many alone */
    bool named;    /* runs only where it is asked for by name: it takes many minutes */
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
const char *self(void); /* the program's path */
double now(void);       /* seconds */

/* ---- report.c ---- */
/* What is printed of a case, and the line in the CSV file. Figures that there are not are NAN. */
typedef struct row {
    const char *name, *peer; /* peer: what Tacet was compared with */
    int threads;
    double us, peer_us, ratio, least, most;
    double flops; /* of a dense step; 0: not said */
    long rss, peer_rss;
} row;
__attribute__((noreturn)) void stop(const char *what, const tacet_error *why);
double median(const double *x, int n);
long peak_memory(void); /* of this process, in kB */
/* The times of a row and their ratio, from n rounds in microseconds. */
void add_figures(row *r, const double *us, const double *peer_us, int n);
void report_open(const char *folder); /* NULL: nothing is written */
FILE *report_file(const char *name);  /* a new file in the folder, or NULL where there is none */
void report_case(const char *name);   /* whose bars come now */
void report_close(void);              /* prints all bars once more */
void print_header(int threads);
void print_row(const row *r); /* and writes it */
void write_row(const row *r);
void print_bar(const char *what, double is, double bar, bool at_most);

/* ---- network.c ---- */
typedef struct network {
    const bench_case *c;
    tacet_plan *p;
    tacet_value x, target, y;
    tacet_data *data;
    tacet_loader *loader;
    float *made_up; /* [MADE_UP_ROWS, in] */
    int32_t labels[MADE_UP_ROWS];
    int64_t at;                  /* the next of them */
    double answer[MOST_ANSWERS]; /* training: the mean loss of the last steps; else the outputs of the last row */
    int answers;
    double dense_flops;
} network;

/* model: a file with the weights, or NULL: initial ones. */
typedef struct network_options {
    int threads;
    tacet_sparse sparse;
    bool no_penalties, shuffle;
    int64_t ledger; /* as in tacet_config */
    uint64_t seed; /* of weights and shuffling */
    const char *model;
} network_options;
network *network_open(const bench_case *c, const network_options *o);
void network_close(network *n);
void network_load(network *n, const char *path);
void network_rewind(network *n);           /* to the first batch */
double network_run(network *n, int steps); /* seconds; steps of training, or forward passes */
void network_densities(network *n);        /* prints them */
double network_density(network *n);        /* mean over what makes zeros */
double network_accuracy(network *n);       /* on the test images */
/* Writes the weights with which both sides begin into a new file, whose name it puts into path. The caller removes
 * it. */
enum { PATH = 64 };
void network_begin(const bench_case *c, int threads, char path[PATH]);

/* ---- peer.c ---- */
typedef struct peer {
    pid_t pid;
    int threads;
    FILE *to, *from;
    char version[64];
    double answer[MOST_ANSWERS]; /* as a network's */
    int answers;
    long rss;
} peer;
bool peer_open(peer *q, const char *name, const char *model, int threads); /* false: there is none, version says so */
double peer_run(peer *q, int steps);                                       /* seconds */
void peer_close(peer *q);

/* ---- cores.c ---- */
void place_threads(pid_t process, int threads); /* a core each, where that says something */
void free_threads(void);                        /* a child, before it becomes another program: all cores again */

/* ---- The cases ---- */
void run_paired(const bench_case *c, int threads);  /* paired.c */
void run_density(const bench_case *c, int threads); /* density.c */
void run_penalty(const bench_case *c, int threads); /* alone.c */
void run_ledger(const bench_case *c, int threads);
void run_steering(const bench_case *c, int threads); /* steering.c */
void run_deep(const bench_case *c, int threads);
void run_start(const bench_case *c, int threads);
void run_accuracy(const bench_case *c, int threads);
void run_cores(const bench_case *c, int threads);    /* cores.c */
void run_products(const bench_case *c, int threads); /* products.c */
/* What the program does when a case starts it by itself: one step; or `count` steps for who counts instructions. */
int first_step(const bench_case *c);
int counted_steps(const bench_case *c, char **argument);
double sgemm_peak(void); /* flops a second, on one thread; products.c */

/* ---- picture.c ---- */
typedef struct point {
    double density, us;
} point;
void picture(FILE *f, const point *p, int n, double peer_us, const char *version); /* peer_us NAN: no peer */

#endif
