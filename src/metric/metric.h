/* metric.h: the contract of metrics. ONE METRIC = ONE FILE, and one line in metrics.def.
 *
 * A metric says how good the outputs of a network are: accuracy, f1, r2. It is measured in one pass, batch by batch: add
 * adds a batch to `sum`, an array of doubles that begins as zeros; finish turns the sums into the figure. A metric keeps
 * nothing else, never allocates and never prints. Help, files, the report and the generic tests are loops over the
 * table.
 *
 * What is compared are the output and the target of the network's first loss:
 *
 *     TC_CLASSES   logits [n, classes] and a label for each position (cross_entropy)
 *     TC_BINARY    logits [n], a yes or a no each, and targets 1 or 0 (bce_with_logits); two classes, 0 and 1
 *     TC_NUMBERS   numbers [rows, width] and numbers (mse and others); of logits, their probabilities
 *     TC_COPIES    the same, where the target is the network's own input: a reconstruction
 *
 * Positions may have weights: those of the samples (sample_weight of the loss), and 0 where the label is ignored.
 *
 * Results agree with those of scikit-learn (tests/metrics), whose functions the `source` of each metric names. */
#ifndef TC_METRIC_H
#define TC_METRIC_H

#include "spec/spec.h"

#include <math.h>

enum { TC_CLASSES = 1 << 0, TC_BINARY = 1 << 1, TC_NUMBERS = 1 << 2, TC_COPIES = 1 << 3 };
enum { TC_METRIC_NOTE = 160 };

/* What a plan compares. */
typedef struct tc_compared {
    unsigned kind;   /* the one whose usual metrics are measured */
    unsigned offers; /* all that it can be compared as */
    int64_t classes; /* 2 for TC_BINARY; 0 for numbers */
    int64_t width;   /* of numbers: elements of a row */
    bool weighed;    /* positions have weights */
    double *unit;    /* [width]: numbers times this are in the unit in which the target was given */
} tc_compared;

/* A batch. Fields that the plan does not offer are NULL or 0. */
typedef struct tc_outputs {
    int64_t n;           /* positions that have a label */
    const float *logits; /* [n, classes]; TC_BINARY: [n], of class 1 */
    const int32_t *label;
    const int32_t *guess; /* [n]: the class with the largest logit, the first of several */
    int64_t rows;
    const float *y, *t; /* [rows, width]: output and target */
    const float *weight; /* [n]: how much each position counts; NULL: all count as 1 */
} tc_outputs;

/* How much position i counts, and row i of numbers. */
static inline double tc_weight(const tc_outputs *o, int64_t i) { return o->weight ? (double)o->weight[i] : 1; }
static inline double tc_row_weight(const tc_compared *c, const tc_outputs *o, int64_t i)
{
    return tc_weight(o, i * c->width);
}

/* The sum of the weights of all positions. */
static inline double tc_weights(const tc_outputs *o)
{
    double sum = o->weight ? 0 : (double)o->n;
    for (int64_t i = 0; o->weight && i < o->n; i++) sum += (double)o->weight[i];
    return sum;
}

/* The class with the largest of the logits, the first of several. */
static inline int32_t tc_guess(const float *logits, int64_t classes)
{
    int64_t best = 0;
    for (int64_t j = 1; j < classes; j++)
        if (logits[j] > logits[best]) best = j;
    return (int32_t)best;
}

/* Where finish puts what is not the figure itself. */
typedef struct tc_answer {
    double *each;              /* [classes] or [classes, classes], if the metric has `by`; zeros at first */
    double *spare;             /* of a metric that keeps its scores: [4 * n] */
    char note[TC_METRIC_NOTE]; /* what to know about the figure, or why it is unknown; "" at first */
} tc_answer;

typedef struct tc_metric {
    const char *name, *formula, *doc, *source;
    const tc_attribute *attribute; /* NULL: none */
    unsigned takes;                /* kinds of comparison for which it has a meaning */
    unsigned usual;                /* those for which it is measured unless others are asked for */
    int better;                    /* 1: the larger the better; -1: the smaller; 0: it is not one number */
    int by;                        /* it also has a figure for each class (1) or each pair of classes (2) */
    int64_t most;                  /* the most classes that it takes; 0: any number */
    /* Why it cannot be measured with these attributes, after its name; NULL: it can. NULL: always. */
    const char *(*refuse)(const tc_arg *arg, const tc_compared *c);
    /* The length of `sum`. Of a metric that keeps its scores: for each position. */
    int64_t (*sums)(const tc_compared *c);
    /* Adds a batch. Of a metric that keeps its scores: writes those of each position, sum [n, sums]. */
    void (*add)(const tc_arg *arg, const tc_compared *c, const tc_outputs *o, double *sum);
    /* Adds what another rank has summed. NULL: number by number. */
    void (*merge)(const tc_compared *c, double *sum, const double *other);
    /* The figure; NAN with a note if it is not defined. n: positions, of a metric that keeps its scores. */
    double (*finish)(const tc_arg *arg, const tc_compared *c, double *sum, int64_t n, tc_answer *to);
    /* It needs the score of each position at the end, so it is measured only in evaluations, on a single rank, and up to
     * TC_MOST_SCORES numbers. */
    bool keeps;
} tc_metric;

enum { TC_MOST_SCORES = 10000000 };

__attribute__((format(printf, 2, 3))) void tc_metric_note(tc_answer *to, const char *format, ...);

/* Attributes that all metrics have. */
extern const tc_attribute tc_metric_common[];
enum { TC_METRIC_NAME, TC_METRIC_COMMON };

/* The table, made from metrics.def. */
int tc_metric_count(void);
const tc_metric *tc_metric_row(int i);
const tc_metric *tc_metric_find(const char *name); /* or NULL */

#endif
