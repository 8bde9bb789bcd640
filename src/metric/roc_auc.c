/* roc_auc: the area under the receiver operating characteristic: the share of pairs of a position of the class and one of
 * another class in which the first has the higher score; a pair with equal scores counts as one half (Mann, Whitney,
 * 1947). So it needs all scores at the end.
 *
 * Of two classes: that of class 1, by the difference of the logits. Of more: that of each class against all others, by
 * its probability (the logarithm of it, which has the same order), and the mean over classes. Logarithms that differ by
 * less than 2^-40 are equal: otherwise rounding would decide where two probabilities are the same.
 *
 * sum [n, scores, label], and the weight where positions have one: a pair then counts as the product of two weights. */
#include "metric/metric.h"

static int64_t scores(const tc_compared *c) { return c->classes == 2 ? 1 : c->classes; }
static int64_t sums(const tc_compared *c) { return scores(c) + 1 + c->weighed; }

static const char *refuse(const tc_arg *arg, const tc_compared *c)
{
    (void)arg;
    return c->classes < 2 ? "needs two classes or more" : NULL;
}

static void add(const tc_arg *arg, const tc_compared *c, const tc_outputs *o, double *sum)
{
    (void)arg;
    const int64_t each = scores(c);
    for (int64_t i = 0; i < o->n; i++, sum += sums(c)) {
        const float *x = o->logits + i * (c->offers & TC_BINARY ? 1 : c->classes);
        sum[each] = o->label[i];
        if (c->weighed) sum[each + 1] = tc_weight(o, i);
        if (each == 1) {
            sum[0] = c->offers & TC_BINARY ? (double)x[0] : (double)x[1] - (double)x[0];
            continue;
        }
        double top = (double)x[0], total = 0;
        for (int64_t j = 1; j < each; j++) top = fmax(top, (double)x[j]);
        for (int64_t j = 0; j < each; j++) total += exp((double)x[j] - top);
        for (int64_t j = 0; j < each; j++) sum[j] = rint(0x1p40 * ((double)x[j] - top - log(total)));
    }
}

/* A score, and its weight: below 0 if its position is not of the class. */
typedef struct scored {
    double score, weight;
} scored;

/* Sorts list[n] by merging ever longer runs, with as much room beside it. Returns where the result is. */
static scored *sort(scored *list, scored *beside, int64_t n)
{
    for (int64_t run = 1; run < n; run *= 2) {
        for (int64_t at = 0; at < n; at += 2 * run) {
            const int64_t middle = at + run < n ? at + run : n, end = middle + run < n ? middle + run : n;
            int64_t i = at, j = middle;
            for (int64_t k = at; k < end; k++)
                beside[k] = i < middle && (j >= end || list[i].score <= list[j].score) ? list[i++] : list[j++];
        }
        scored *other = list;
        list = beside;
        beside = other;
    }
    return list;
}

/* That of class k by score `at`; NAN if all positions are of the class, or none is. */
static double area(const tc_compared *c, const double *sum, int64_t n, int64_t at, int64_t k, double *spare)
{
    const int64_t each = scores(c);
    scored *list = (scored *)spare;
    for (int64_t i = 0; i < n; i++, sum += sums(c)) {
        const double weight = c->weighed ? sum[each + 1] : 1;
        list[i] = (scored){sum[at], sum[each] == (double)k ? weight : -weight};
    }
    list = sort(list, list + n, n);
    double above = 0, yes = 0, no = 0;
    for (int64_t i = 0, next; i < n; i = next) {
        double here = 0, others = 0;
        for (next = i; next < n && list[next].score == list[i].score; next++)
            *(list[next].weight > 0 ? &here : &others) += fabs(list[next].weight);
        above += here * (no + others / 2);
        yes += here;
        no += others;
    }
    return above / (yes * no);
}

static double finish(const tc_arg *arg, const tc_compared *c, double *sum, int64_t n, tc_answer *to)
{
    (void)arg;
    const int64_t each = scores(c);
    double all = 0;
    for (int64_t i = 0; i < n * sums(c); i++)
        if (isnan(sum[i])) {
            tc_metric_note(to, "not defined: a score is not a number");
            for (int64_t k = 0; k < c->classes; k++) to->each[k] = NAN;
            return NAN;
        }
    for (int64_t k = 0; k < each; k++) {
        const int64_t class = each == 1 ? 1 : k;
        const double x = area(c, sum, n, k, class, to->spare);
        if (isnan(x) && !*to->note)
            tc_metric_note(to, "not defined: %s label is class %lld",
                           n > 0 && sum[each] == (double)class ? "every" : "no", (long long)class);
        to->each[class] = x;
        all += x;
    }
    if (each == 1) to->each[0] = to->each[1];
    return all / (double)each;
}

const tc_metric tc_metric_roc_auc = {
    .name = "roc_auc",
    .formula = "share of pairs, one of the class and one not, that its score puts in order",
    .doc =
        "The area under the ROC curve, exact also where scores are equal. With two classes it is that of class 1; with "
        "more, the mean over classes of each against all others. It is not defined if a class is no label, or every "
        "one. All scores are kept until the end: it is measured only in evaluations, on a single rank, and up to "
        "10,000,000 scores (positions times classes, each with its label).",
    .source = "sklearn.metrics.roc_auc_score with multi_class=ovr, average=macro",
    .takes = TC_CLASSES | TC_BINARY,
    .better = 1,
    .by = 1,
    .refuse = refuse,
    .sums = sums,
    .add = add,
    .finish = finish,
    .keeps = true,
};
