/* bench.c: runs Tacet and PyTorch in turn on the same network, initial weights, data and batches. A round is some steps
 * of one, then as many of the other. The report gives the median over the rounds of the ratio of their times, and the
 * smallest and largest ratio: on a shared machine, times alone mean little.
 *
 *     bench [--out FOLDER] [--threads N] [CASE ...]      PEER_PYTHON is the Python of the peer; "": no peer */
#include "bench.h"
#include "images.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEED_CASE                                                                                                      \
    .model = "linear 32 | relu | linear 16 | relu | linear 2", .loss = "cross_entropy", .optimizer = "sgd lr=1e-4",    \
    .penalty = {{"relu1", "l1 0.5 reduce=sum"}, {"relu2", "norm 0.01 p=2 reduce=sum"}}, .in = 128, .batch = 4
#define MLP_CASE                                                                                                       \
    .model = "linear 512 | relu | linear 512 | relu | linear 10", .loss = "cross_entropy", .in = 784, .batch = 128
#define L1_CASE MLP_CASE, .penalty[0] = {"relu*", "l1 1e-3"}
#define SGD .optimizer = "sgd lr=0.1 momentum=0.9"
#define SLOWER_SGD .optimizer = "sgd lr=0.05 momentum=0.9"
#define ADAM .optimizer = "adam lr=1e-3"
#define ON_RELU1 .penalty[0] = {"relu1"}
#define DIGITS_CASE                                                                                                    \
    .model = "linear 128 | relu | linear 64 | relu | linear 10", .loss = "cross_entropy", .in = 64, .batch = 82,       \
    ON_RELU1
#define SMALL_CNN_CASE                                                                                                 \
    .model = "conv2d 16 3 padding=1 | relu | max_pool2d 2 | conv2d 32 3 padding=1 | relu | max_pool2d 2 | flatten | "  \
             "linear 10",                                                                                              \
    IMAGE_CASE, .batch = 64
#define CODES_CASE                                                                                                     \
    .model = "linear 2048 | relu | linear 512", .loss = "mse reduce=sample", .in = 512, .batch = 128, ON_RELU1
#define STILL .optimizer = "sgd lr=0 momentum=0.9" /* all the work of a step, but the weights do not change */

static const bench_case cases[] = {
    {"seed", run_paired, 1.0 / 250, SEED_CASE, .warm = 200, .rounds = 15, .steps = 1000},
    /* Epochs 2 and 3, of 469 steps each. */
    {"mlp", run_paired, 0.60, .memory = 0.25, MLP_CASE, SGD, .images = true, .warm = 469, .rounds = 14, .steps = 67},
    /* Epoch 5. */
    {"mlp-l1", run_paired, 0.36, L1_CASE, SGD, .images = true, .warm = 4 * 469, .rounds = 9, .steps = 52},
    /* After 1000 steps the density of the code is about 0.005; both sides begin with Adam's state at 0. */
    {"sae", run_paired, 0.30, .model = "linear 4096 name=encoder | relu name=code | linear 784 name=decoder",
     .loss = "mse reduce=sample", .optimizer = "adam lr=1e-3",
     .penalty = {{"code", "l1 0.5"}, {"decoder.weight", "unit_norm by=input"}}, .in = 784, .batch = 256, .images = true,
     .alone = 1000, .warm = 9, .rounds = 9, .steps = 6},
    {"infer-1", run_paired, 0.12, .model = "linear 2048 | relu | linear 2048 | relu | linear 2048 | relu | linear 10",
     .in = 784, .batch = 1, .density = 0.02, .warm = 64, .rounds = 15, .steps = 64},
    {"python-seed", run_python, 1.0 / 60, .over = 3, .threads = 1, SEED_CASE, .peer = {"seed"}, .warm = 200,
     .rounds = 15, .steps = 1000},
    {"python-mlp-l1", run_python, 0.30, .threads = 1, L1_CASE, SGD, .images = true, .peer = {"mlp-l1"}, .warm = 4 * 469,
     .rounds = 9, .steps = 52},
    /* A step is an epoch. */
    {"python-fit", run_fit, 1.03, .threads = 1, .rounds = 5, .steps = 3},
    /* Epoch 2, of 938 steps. */
    {"cnn", run_paired, 0.50, .memory = 0.35, CNN_CASE, .batch = 64, .peer = {"cnn", "cnn-last"}, .warm = 938,
     .rounds = 9, .steps = 20},
    {"cnn-l1", run_paired, 0.30, CNN_L1_CASE, .batch = 64, .peer = {"cnn-l1", "cnn-l1-last"}, .warm = 9, .rounds = 9,
     .steps = 20},
    {"resnet20", run_paired, 0.75, RESNET20_CASE, .batch = 64, .peer = {"resnet20", "resnet20-last"}, .warm = 19,
     .rounds = 9, .steps = 5},
    {"infer-cnn", run_paired, 0.35, CNN_L1_CASE, .infer = true, .batch = 1,
     .peer = {"infer-cnn", "infer-cnn-last", "infer-onnx"}, .warm = 64, .rounds = 15, .steps = 200},
    {"conv-lists", run_conv_lists, .model = "conv2d 64 3 padding=1", .threads = 1,
     .peer = {"conv-dense", "conv-dense-last"}, .warm = 2, .rounds = 15},
    {"conv-dense", run_convolution, 1.05, .model = "conv2d 64 3 padding=1", .threads = 1,
     .peer = {"conv-dense", "conv-dense-last"}, .warm = 2, .rounds = 25, .steps = 4},
    /* On made-up rows: images would have to be decompressed under valgrind. */
    {"penalty", run_penalty, 1.02, .threads = 1, L1_CASE, STILL, .density = 0.1, .warm = 20, .rounds = 201, .steps = 2},
    {"ledger", run_ledger, 1.01, .threads = 1, L1_CASE, STILL, .density = 0.1},
    {"formula", run_formulas, 2.5, .threads = 1, .rounds = 201, .steps = 10},
    {"start", run_start, 20, .threads = 1, SEED_CASE, .rounds = 15},
    {"deep", run_deep, 2.5, .threads = 1, .rounds = 15},
    {"accuracy", run_accuracy, .threads = 2, L1_CASE, SGD, .images = true},
    {"cnn-accuracy", run_taught, .threads = 1, .named = true, CNN_L1_CASE, .batch = 64},
    {"products", run_products, .threads = 1, .rounds = 101},
    {"density", run_density, .threads = 1, MLP_CASE, STILL, .images = true, .warm = 3, .rounds = 9, .steps = 10},
    {"cores", run_cores, .threads = 2, MLP_CASE, SGD, .images = true, .warm = 469, .rounds = 15, .steps = 60},
    {"steering-sgd", run_steering, .threads = 1, .named = true, .optimizer = "sgd lr=0.05 momentum=0.9"},
    {"steering-adam", run_steering, .threads = 1, .named = true, .optimizer = "adam lr=1e-3"},
    {"targets-digits-sgd", run_targets, .threads = 1, .named = true, DIGITS_CASE, SGD},
    {"targets-digits-adam", run_targets, .threads = 1, .named = true, DIGITS_CASE, ADAM},
    {"targets-mlp-sgd", run_targets, .threads = 1, .named = true, MLP_CASE, SLOWER_SGD, .images = true, ON_RELU1},
    {"targets-mlp-adam", run_targets, .threads = 1, .named = true, MLP_CASE, ADAM, .images = true, ON_RELU1},
    {"targets-cnn-sgd", run_targets, .threads = 1, .named = true, SMALL_CNN_CASE, SLOWER_SGD, ON_RELU1},
    {"targets-cnn-adam", run_targets, .threads = 1, .named = true, SMALL_CNN_CASE, ADAM, ON_RELU1},
    {"targets-codes-sgd", run_targets, .threads = 1, .named = true, CODES_CASE,
     .optimizer = "sgd lr=1e-3 momentum=0.9"},
    {"targets-codes-adam", run_targets, .threads = 1, .named = true, CODES_CASE, ADAM},
};
enum { CASES = sizeof cases / sizeof *cases };

static const char *program;

const char *self(void) { return program; }

double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static const bench_case *find(const char *name)
{
    for (int i = 0; i < CASES; i++)
        if (strcmp(cases[i].name, name) == 0) return &cases[i];
    fprintf(stderr, "bench: unknown case %s; the cases are", name);
    for (int i = 0; i < CASES; i++) fprintf(stderr, " %s", cases[i].name);
    fprintf(stderr, "\n");
    exit(1);
}

static void run_case(const bench_case *c, int threads)
{
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        report_case(c->name);
        c->run(c, threads);
        fflush(stdout);
        _exit(0);
    }
    int status = 1;
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) exit(1);
}

static void run_all(int threads, int count, char **names)
{
    print_header(threads);
    for (int i = 0; i < CASES; i++) {
        bool asked = count == 0 && !cases[i].named;
        for (int k = 0; k < count; k++) asked = asked || find(names[k]) == &cases[i];
        if (asked && (cases[i].threads == 0 || cases[i].threads == threads)) run_case(&cases[i], threads);
    }
}

static int usage(void)
{
    fprintf(stderr, "usage: bench [--out FOLDER] [--threads 1|2] [CASE ...]\ncases:");
    for (int i = 0; i < CASES; i++) fprintf(stderr, " %s", cases[i].name);
    fprintf(stderr, "\n");
    return 2;
}

int main(int argc, char **argv)
{
    const char *folder = NULL;
    int threads = 0, first = 1;
    program = argv[0];
    if (argc == 3 && strcmp(argv[1], "--first-step") == 0) return first_step(find(argv[2]));
    if (argc == 8 && strcmp(argv[1], "--steps") == 0) return counted_steps(find(argv[2]), argv + 3);
    for (; first < argc && argv[first][0] == '-'; first += 2) {
        const char *value = first + 1 < argc ? argv[first + 1] : "";
        if (strcmp(argv[first], "--out") == 0 && *value)
            folder = value;
        else if (strcmp(argv[first], "--threads") == 0 && (*value == '1' || *value == '2'))
            threads = atoi(value);
        else
            return usage();
    }
    for (int i = first; i < argc; i++) find(argv[i]);
    signal(SIGPIPE, SIG_IGN);
    report_open(folder);
    printf(
        "us: median time per step over the rounds. ratio: Tacet's time over the other's; least and most over rounds.\n"
        "GFLOP/s: of a dense step in Tacet's time, out of what sgemm reaches on one thread.\n");
    for (int t = 1; t <= 2; t++)
        if (threads == 0 || threads == t) run_all(t, argc - first, argv + first);
    report_close();
    return 0;
}
