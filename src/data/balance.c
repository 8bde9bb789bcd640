/* balance.c: weights of classes by which each class counts as much as any other, from the labels of data.
 *
 *     weight of class j = all / (classes * count of j)        counts are sums of the weights of rows, all their sum
 *
 * Source: sklearn.utils.class_weight.compute_class_weight. */
#include "data/data.h"

#include <math.h>
#include <string.h>

/* Adds the labels of every row to count[classes]. */
static void count_labels(const tacet_data *d, double ignore, double *count)
{
    const tc_samples *t = d->table;
    const int64_t per = tc_shape_count(&t->y.shape);
    for (int64_t i = 0; i < d->rows; i++) {
        const int64_t row = tc_data_row(d, i);
        double weight = 1, label;
        if (t->weight.data) tc_widen(&t->weight, row, 1, &weight);
        for (int64_t k = 0; k < per; k++) {
            tc_widen(&t->y, row * per + k, 1, &label);
            if (label != ignore && label >= 0 && label < (double)t->classes) count[(int64_t)label] += weight;
        }
    }
}

static void write_weights(const double *count, int64_t classes, tc_text *to)
{
    double all = 0, there = 0;
    for (int64_t j = 0; j < classes; j++) all += count[j], there += count[j] > 0;
    for (int64_t j = 0; j < classes; j++)
        tc_text_add(to, "%s%.9g", j ? " " : "", count[j] > 0 ? all / (there * count[j]) : 0);
}

/* The words of the loss, of which `balanced` is replaced. */
static tacet_status balance(const tacet_data *d, tc_spec *s, tc_text *to, tacet_error *e)
{
    const int64_t classes = d->table->classes;
    tc_word *balanced = NULL;
    double ignore = d->table->ignore;
    for (tc_word *w = s->word; w < s->word + s->count; w++) {
        if (w->key && strcmp(w->key, "class_weight") == 0 && strcmp(w->text, "balanced") == 0) balanced = w;
        if (w->key && strcmp(w->key, "ignore") == 0) tc_number_read(w->text, &ignore);
    }
    if (!balanced) {
        tc_text_add(to, "%s", s->source);
        return to->failed ? tc_fail_memory(e) : TACET_OK;
    }
    if (!classes || !d->table->y.data)
        return tc_refuse(e, s->source, balanced->column, balanced->width,
                         "class_weight=balanced needs labels, and the data have none");
    double *count = tc_alloc(&d->mem, (size_t)classes, sizeof *count);
    tc_text weights = {.mem = d->mem};
    if (count) {
        count_labels(d, ignore, count);
        write_weights(count, classes, &weights);
        balanced->text = weights.data;
        if (!weights.failed) tc_spec_print(s, to);
    }
    const bool good = count && !weights.failed && !to->failed;
    tc_free(&d->mem, count);
    tc_text_free(&weights);
    if (!good) return tc_fail_memory(e);
    if (to->length <= TC_MAX_SPEC) return TACET_OK;
    return tc_refuse(e, s->source, balanced->column, balanced->width,
                     "the weights of %lld classes do not fit into a description", (long long)classes);
}

size_t tacet_data_balance(const tacet_data *d, const char *loss, char *text, size_t capacity, tacet_error *why)
{
    tc_text to = {.mem = d->mem};
    tc_spec s;
    tacet_status status = tc_spec_parse(&s, &d->mem, loss, why);
    if (!status) {
        status = balance(d, &s, &to, why);
        tc_spec_free(&s);
    }
    const size_t n = status ? 0 : tc_text_copy(to.data, text, capacity);
    tc_text_free(&to);
    return n;
}
