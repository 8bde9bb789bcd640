/* top_k: the share of labels among the k largest outputs. Of equal outputs that of the higher class counts as larger, as
 * scikit-learn has it. */
#include "metric/right.h"

static const char *refuse(const tc_arg *arg, const tc_compared *c)
{
    if (arg[0].number < 1) return "needs a k of at least 1";
    return arg[0].number < (double)c->classes ? NULL
                                              : "needs a k below the number of classes: otherwise it is always 1";
}

static void add(const tc_arg *arg, const tc_compared *c, const tc_outputs *o, double *sum)
{
    const int64_t classes = c->classes;
    for (int64_t i = 0; i < o->n; i++) {
        const float *x = o->logits + i * classes, own = x[o->label[i]];
        int64_t above = 0;
        for (int64_t j = 0; j < classes; j++) above += x[j] > own || (x[j] == own && j > o->label[i]);
        sum[0] += (double)above < arg[0].number ? tc_weight(o, i) : 0;
    }
    sum[1] += tc_weights(o);
}

const tc_metric tc_metric_top_k = {
    .name = "top_k",
    .formula = "share of labels among the k largest outputs",
    .doc = "The share of labels that are among the k largest outputs.",
    .source = "sklearn.metrics.top_k_accuracy_score",
    .attribute = (const tc_attribute[]){{"k", "int", "5", "how many outputs count, fewer than there are classes", true},
                                        {0}},
    .takes = TC_CLASSES,
    .better = 1,
    .refuse = refuse,
    .sums = tc_right_sums,
    .add = add,
    .finish = tc_right_share,
};
