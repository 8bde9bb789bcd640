/* measure.c: figures over a whole set of data. Values of terms are means over the rows: a batch counts by its rows. (A
 * term that is not additive over samples, such as the norm of a whole value, is the mean of what it is on each
 * batch.) */
#include "steer/steer.h"

#include <math.h>

/* Rows of y [rows, classes] whose largest entry is the label. */
static int64_t count_right(const float *y, int64_t rows, int64_t classes, const int32_t *label)
{
    int64_t right = 0;
    for (int64_t i = 0; i < rows; i++) {
        int64_t best = 0;
        for (int64_t j = 1; j < classes; j++)
            if (y[i * classes + j] > y[i * classes + best]) best = j;
        right += best == label[i];
    }
    return right;
}

/* Where the plan holds y [rows, ...] after a forward pass, or NULL. */
static const float *answers(const tacet_plan *p, int y)
{
    const tc_list *l = &p->list[TC_EVAL];
    if (y < 0 || y >= p->values || l->value[y] < 0 || !p->graph->value[y].batch) return NULL;
    return tc_buffer_lasts(&l->buffer[l->value[y]]) ? tc_buffer_memory(p, l, l->value[y]) : NULL;
}

static tacet_status add_batches(tacet_plan *p, tacet_loader *l, tacet_value x, tacet_value target, tacet_value y,
                                double *sum, tacet_result *r)
{
    const int64_t classes = y.id > 0 && y.id <= p->values ? tc_shape_count(&p->graph->value[y.id - 1].shape) : 0;
    int64_t rows, right = 0;
    const bool classifies = target.id > 0 && target.id <= p->values && p->graph->value[target.id - 1].labels;
    bool labels = false;
    while ((rows = tacet_loader_next(l, p, x, target)) > 0) {
        if (tacet_forward(p, rows) != TACET_OK) return p->error.status;
        const int32_t *label = classifies ? tacet_loader_labels(l) : NULL;
        const float *answer = answers(p, (int)y.id - 1);
        for (int i = 0; i < p->terms; i++) sum[i] += p->result.value[i] * (double)rows;
        if (label && answer) right += count_right(answer, rows, classes, label);
        labels = label && answer;
        r->rows += rows;
    }
    if (rows < 0) return p->error.status;
    if (r->rows == 0) return tc_fail(&p->error, TACET_FAILED, "there are no rows to evaluate on");
    r->accuracy = labels ? (double)right / (double)r->rows : NAN;
    return TACET_OK;
}

tacet_status tacet_evaluate(tacet_plan *p, tacet_loader *l, tacet_value x, tacet_value target, tacet_value y,
                            tacet_result *result)
{
    double *sum = tc_alloc(&p->mem, (size_t)p->terms + 1, sizeof *sum);
    if (!sum) return tc_fail_memory(&p->error);
    *result = (tacet_result){0};
    int64_t epoch, position;
    tacet_loader_tell(l, &epoch, &position);
    tacet_loader_seek(l, epoch, 0); /* it may stand in the middle, or at the end */
    tacet_reset_counts(p);
    tacet_status status = add_batches(p, l, x, target, y, sum, result);
    for (int i = 0; i < p->terms && status == TACET_OK; i++) p->result.value[i] = sum[i] / (double)result->rows;
    tc_free(&p->mem, sum);
    if (status != TACET_OK) return status;
    result->objective = tacet_objective(p);
    result->data_loss = tacet_data_loss(p);
    return TACET_OK;
}
