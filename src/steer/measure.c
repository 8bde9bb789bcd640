/* measure.c: figures over a whole set of data. Values of terms are means over the rows: a batch counts by its rows. (A
 * term that is not additive over samples, such as the norm of a whole value, is the mean of what it is on each
 * batch.) */
#include "steer/steer.h"

#include <math.h>

/* What answers are compared with their labels, one a position: y [rows, ..., classes], labels [rows, ...]. */
typedef struct scores {
    int y, labels;
    int64_t positions, classes; /* of a row, and of a position; classes 0: nothing can be compared */
} scores;

static scores scores_of(const tacet_plan *p, tacet_value y, tacet_value target)
{
    scores s = {.y = (int)y.id - 1, .labels = (int)target.id - 1};
    if (s.y < 0 || s.y >= p->values || s.labels < 0 || s.labels >= p->values) return s;
    const tc_value *labels = &p->graph->value[s.labels];
    tc_shape shape = p->graph->value[s.y].shape;
    if (labels->type != TACET_I32 || shape.rank < 1) return s;
    const int64_t classes = shape.dim[--shape.rank];
    if (!tc_shape_equal(&shape, &labels->shape)) return s;
    s.positions = tc_shape_count(&shape);
    s.classes = classes;
    return s;
}

/* Positions at which the largest entry of y [n, classes] is that of the label. */
static int64_t count_right(const float *y, int64_t n, int64_t classes, const int32_t *label)
{
    int64_t right = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t best = 0;
        for (int64_t j = 1; j < classes; j++)
            if (y[i * classes + j] > y[i * classes + best]) best = j;
        right += best == label[i];
    }
    return right;
}

/* The loader's batch was refused: where other ranks wait for it, they are told. The reason stays. */
static tacet_status refuse(tacet_plan *p)
{
    const tacet_error why = p->error;
    tacet_forward(p, -1);
    p->error = why;
    return why.status;
}

/* Right answers are counted rank by rank; the results of terms are those of all ranks already. */
static tacet_status add_batches(tacet_plan *p, tacet_loader *l, tacet_value x, tacet_value target, tacet_value y,
                                double *sum, tacet_result *r)
{
    const scores s = scores_of(p, y, target);
    int64_t rows;
    double right = 0;
    bool compared = false;
    while ((rows = tacet_loader_next(l, p, x, target)) > 0) {
        if (tacet_forward(p, rows) != TACET_OK) return p->error.status;
        const int32_t *label = s.classes ? tc_run_left(p, s.labels, TACET_I32) : NULL;
        const float *answer = label ? tc_run_left(p, s.y, TACET_F32) : NULL;
        const int64_t all = p->run.global_rows;
        for (int i = 0; i < p->terms; i++) sum[i] += p->result.value[i] * (double)all;
        compared = answer != NULL;
        if (compared) right += (double)count_right(answer, rows * s.positions, s.classes, label);
        r->rows += all;
    }
    if (rows < 0) return refuse(p);
    if (r->rows == 0) return tc_fail(&p->error, TACET_FAILED, "there are no rows to evaluate on");
    tc_exchange_sum(p, &right, TACET_F64, 1);
    r->accuracy = compared ? right / ((double)r->rows * (double)s.positions) : NAN;
    return tc_exchange_verdict(p, &(bool){false});
}

/* From the first batch of the epoch in which the loader is, whatever it has given already. */
tacet_status tacet_evaluate(tacet_plan *p, tacet_loader *l, tacet_value x, tacet_value target, tacet_value y,
                            tacet_result *result)
{
    int64_t epoch, position;
    double *sum = tc_alloc(&p->mem, (size_t)p->terms + 1, sizeof *sum);
    const tacet_status ready = sum ? TACET_OK : tc_fail_memory(&p->error);
    *result = (tacet_result){0};
    tacet_status status = tc_exchange_batches(p, tacet_loader_batches(l), ready);
    if (status == TACET_OK) {
        tacet_loader_tell(l, &epoch, &position);
        tacet_loader_seek(l, epoch, 0);
        tacet_reset_counts(p);
        status = add_batches(p, l, x, target, y, sum, result);
    }
    if (status == TACET_OK) {
        for (int i = 0; i < p->terms; i++) p->result.value[i] = sum[i] / (double)result->rows;
        result->objective = tacet_objective(p);
        result->data_loss = tacet_data_loss(p);
    }
    tc_free(&p->mem, sum);
    return status;
}
