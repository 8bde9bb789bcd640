/* bench.h: declarations shared by the files of the benchmark. A case is a row of the table in bench.c: the network, the
 * number of steps, and the function that times it. Each case runs in a separate process, so that peak memory is that of
 * the case alone. */
#ifndef BENCH_H
#define BENCH_H

#include <tacet/tacet.h>

#include <stdio.h>
#include <sys/types.h>

enum { MOST_ROUNDS = 201, MADE_UP_ROWS = 256, MOST_ANSWERS = 16, MOST_PEERS = 4, PENALTIES = 3 };

typedef struct bench_case {
    const char *name;
    void (*run)(const struct bench_case *c, int threads);
    double bar;    /* the ratio to reach; 0: none */
    double memory; /* the share of the peer's memory to stay within; 0: none */
    double over;   /* microseconds over the same step in C to stay within; 0: none */
    int threads;   /* 0: one, then two; otherwise only this number */
    bool named;    /* runs only if it is named on the command line, because it takes many minutes */
    /* The network */
    const char *model, *loss, *optimizer; /* optimizer NULL: inference */
    const char *penalty[PENALTIES][2];    /* selector, penalty */
    /* While Tacet makes the first weights (alone): the same, if not empty; times in schedules are in steps */
    const char *before[PENALTIES][2], *teacher; /* teacher: the optimizer */
    const char *reads[PENALTIES];               /* with `teacher`: what the products after the first read */
    int64_t in, batch;
    bool images;                  /* Fashion-MNIST; otherwise made-up rows */
    bool hwc;                     /* rows are [28, 28, 1]; otherwise vectors */
    bool infer;                   /* the optimizer makes the weights (alone), and forward passes are timed */
    double density;               /* above 0: biases are set so that the ReLUs have this density */
    const char *peer[MOST_PEERS]; /* cases of peer.py, the fastest of which counts; NULL: the one with the same name */
    /* Timing */
    int alone;         /* steps by Tacet that make the weights from which both begin */
    int warm;          /* steps by both before the first round */
    int rounds, steps; /* the number of rounds, and of steps in a round */
} bench_case;

/* ---- bench.c ---- */
const char *self(void); /* the program's path */
double now(void);       /* seconds */

/* ---- report.c ---- */
/* What is printed about a case and written to the CSV file. Missing figures are NAN. */
typedef struct row {
    const char *name, *peer; /* peer: what Tacet was compared with */
    int threads;
    double us, peer_us, ratio, least, most;
    double flops; /* of a dense step; 0: not printed */
    long rss, peer_rss;
} row;
__attribute__((noreturn)) void stop(const char *what, const tacet_error *why);
double median(const double *x, int n);
long peak_memory(void); /* of this process, in kB */
/* Sets the times of a row and their ratio, from n rounds in microseconds. */
void add_figures(row *r, const double *us, const double *peer_us, int n);
void report_open(const char *folder); /* NULL: no files are written */
FILE *report_file(const char *name);  /* a new file in the folder; NULL without a folder */
void report_case(const char *name);   /* names the case of the bars that follow */
void report_close(void);              /* prints all bars again */
void print_header(int threads);
void print_row(const row *r); /* also writes it to the CSV file */
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
    int64_t at;                  /* the next made-up row */
    double answer[MOST_ANSWERS]; /* training: the mean loss of the last steps; inference: outputs of the last row */
    int answers;
    double dense_flops;
} network;

/* model: a file with the weights; NULL: initial weights. */
typedef struct network_options {
    int threads;
    tacet_sparse sparse;
    bool no_penalties, shuffle;
    int64_t ledger; /* as in tacet_config */
    uint64_t seed;  /* of weights and shuffling */
    const char *model;
} network_options;
network *network_open(const bench_case *c, const network_options *o);
void network_close(network *n);
void network_load(network *n, const char *path);
void network_rewind(network *n);           /* to the first batch */
double network_run(network *n, int steps); /* the seconds of these training steps or forward passes */
void network_densities(network *n);        /* prints the densities */
double network_density(network *n);        /* the mean over all values that make zeros */
double network_accuracy(network *n);       /* on the test images */
float made_up(uint32_t i);                 /* a number in [-1, 1) that looks like noise */
/* The densities of the case's `reads` over the next 64 batches, in a network without an optimizer. */
void network_reads(network *n, double density[PENALTIES]);
/* Writes the weights with which both sides begin to a new file and sets path to its name. The caller removes it. */
enum { PATH = 64 };
void network_begin(const bench_case *c, int threads, char path[PATH]);
void network_teach(const bench_case *c, const network_options *o, char path[PATH]); /* the same, with these options */

/* ---- peer.c ---- */
typedef struct peer {
    pid_t pid;
    int threads;
    FILE *to, *from;
    char version[64];
    double answer[MOST_ANSWERS]; /* as in network */
    int answers;
    long rss;
} peer;
bool peer_open(peer *q, const char *name, const char *model, int threads); /* false: no peer */
/* The same for another script than peer.py: python_side.py, where Tacet itself runs in Python. */
bool peer_open_script(peer *q, const char *script, const char *name, const char *model, int threads);
double peer_run(peer *q, int steps);                                       /* seconds */
void peer_close(peer *q);

/* ---- cores.c ---- */
void place_threads(pid_t process, int threads); /* on separate cores, if there are only as many cores as threads */
void free_threads(void);                        /* lets a child use all cores again, before exec */

/* ---- The cases ---- */
void run_paired(const bench_case *c, int threads);  /* paired.c */
void run_density(const bench_case *c, int threads); /* density.c */
void run_penalty(const bench_case *c, int threads); /* alone.c */
void run_ledger(const bench_case *c, int threads);
void run_steering(const bench_case *c, int threads); /* steering.c */
void run_targets(const bench_case *c, int threads);  /* targets.c */
void run_deep(const bench_case *c, int threads);
void run_start(const bench_case *c, int threads);
void run_accuracy(const bench_case *c, int threads); /* accuracy.c */
void run_taught(const bench_case *c, int threads);
/* Prints the accuracy of the model with which both sides began, and without penalties. */
void report_taught(const bench_case *c, const char *model);
void run_cores(const bench_case *c, int threads);       /* cores.c */
void run_formulas(const bench_case *c, int threads);    /* formulas.c */
void run_products(const bench_case *c, int threads);    /* products.c */
void run_python(const bench_case *c, int threads);      /* python.c */
void run_fit(const bench_case *c, int threads);
void run_convolution(const bench_case *c, int threads); /* convolution.c */
void run_conv_lists(const bench_case *c, int threads);
/* What the program does when a case starts it: one step; or several steps under valgrind. */
int first_step(const bench_case *c);
int counted_steps(const bench_case *c, char **argument);
double sgemm_peak(void); /* flops a second, on one thread; products.c */

/* ---- picture.c ---- */
typedef struct point {
    double density, us;
} point;
void picture(FILE *f, const point *p, int n, double peer_us, const char *version); /* peer_us NAN: no peer */

#endif
