/* measure.c: results over a whole data set. Values of terms are means over batches, weighted by their rows. (So a term
 * that is not additive over samples, such as the norm of a whole value, is the mean of its values on the batches.) */
#include "base/sized.h"
#include "steer/steer.h"

#include <math.h>

/* Outputs y [rows, ..., classes] are compared with labels [rows, ...], one for each position. */
static void set_compared(tacet_plan *p, tacet_value target, tacet_value y)
{
    tc_evaluation *e = &p->evaluation;
    e->y = (int)y.id - 1;
    e->labels = (int)target.id - 1;
    if (e->y < 0 || e->y >= p->values || e->labels < 0 || e->labels >= p->values) return;
    const tc_value *labels = &p->graph->value[e->labels];
    tc_shape shape = p->graph->value[e->y].shape;
    if (labels->type != TACET_I32 || shape.rank < 1) return;
    const int64_t classes = shape.dim[--shape.rank];
    if (!tc_shape_equal(&shape, &labels->shape)) return;
    e->positions = tc_shape_count(&shape);
    e->classes = classes;
}

/* Adds the positions at which the largest entry of y [n, classes] is that of the label. The metrics may know it, and how
 * much each position counts. */
static void count_right(tacet_plan *p, const float *y, int64_t n, const int32_t *label)
{
    tc_evaluation *e = &p->evaluation;
    const tc_measured *m = &p->measured;
    const bool known = e->y == m->output && e->labels == m->target;
    const tc_ignored ignored = p->feed[e->labels].ignored;
    for (int64_t i = 0; i < n; i++) {
        const int32_t guess = known && m->guess ? m->guess[i] : tc_guess(y + i * e->classes, e->classes);
        const double w = known && m->weight ? (double)m->weight[i] : !tc_is_ignored(ignored, label[i]);
        e->right += guess == label[i] ? w : 0;
        e->counted += w;
    }
}

/* What the value of a term is a mean over, in this batch. */
static double weight_of(const tacet_plan *p, int term)
{
    const tc_list *l = &p->list[TC_EVAL];
    const tc_step *s = l->result[term] < 0 ? NULL : &l->step[l->result[term]];
    return s && tc_weighs(&tc_work_of(s)->call) ? p->result.weight[term] : (double)p->run.global_rows;
}

/* Right answers are counted by each rank; the results of terms are already those of all ranks. */
static void add_batch(tacet_plan *p)
{
    tc_evaluation *e = &p->evaluation;
    const int32_t *label = e->classes ? tc_run_left(p, e->labels, TACET_I32) : NULL;
    const float *answer = label ? tc_run_left(p, e->y, TACET_F32) : NULL;
    for (int i = 0; i < p->terms; i++) {
        const double weight = weight_of(p, i);
        e->sum[i] += p->result.value[i] * weight;
        e->weight[i] += weight;
    }
    e->compared = answer != NULL && (e->compared || e->batches == 0); /* without it in one batch, accuracy is unknown */
    if (answer) count_right(p, answer, p->run.rows * e->positions, label);
    e->rows += p->run.global_rows;
    e->batches++;
}

/* For a batch that cannot be evaluated: tells the other ranks, which wait for it, and keeps the reason. */
static tacet_status refuse(tacet_plan *p)
{
    const tacet_error why = p->error;
    tacet_forward(p, -1);
    p->error = why;
    return why.status;
}

static tacet_status check_result(tacet_plan *p, const tacet_result *result)
{
    if (tc_sized_check(result) == TACET_OK) return TACET_OK;
    return tc_fail(&p->error, TACET_FAILED, "tacet_result.size is %zu: set it to sizeof(tacet_result)", result->size);
}

void tacet_evaluate_begin(tacet_plan *p, tacet_value target, tacet_value y)
{
    double *sum = p->evaluation.sum, *weight = p->evaluation.weight;
    p->evaluation = (tc_evaluation){.open = true, .sum = sum, .weight = weight};
    for (int i = 0; i < p->terms; i++) sum[i] = weight[i] = 0;
    set_compared(p, target, y);
    tc_metrics_reset(p, TC_EVAL);
    tacet_reset_counts(p);
}

tacet_status tacet_evaluate_batch(tacet_plan *p, int64_t rows)
{
    if (!p->evaluation.open) {
        tc_fail(&p->error, TACET_FAILED, "an evaluation begins with tacet_evaluate_begin");
        return refuse(p);
    }
    tacet_status status = tacet_forward(p, rows);
    if (status == TACET_OK) status = tc_metrics_note(p, TC_EVAL);
    if (status == TACET_OK) add_batch(p);
    return status;
}

tacet_status tacet_evaluate_end(tacet_plan *p, tacet_result *result)
{
    tc_evaluation *e = &p->evaluation;
    const bool open = e->open;
    e->open = false;
    tacet_status status = open ? check_result(p, result)
                               : tc_fail(&p->error, TACET_FAILED, "an evaluation begins with tacet_evaluate_begin");
    status = tc_exchange_batches(p, e->batches, status);
    if (status != TACET_OK) return status;
    double right[] = {e->right, e->counted};
    tc_exchange_sum(p, right, TACET_F64, 2);
    tc_metrics_exchange(p);
    status = tc_exchange_verdict(p, &(bool){false});
    if (status != TACET_OK) return status;
    if (e->rows == 0) return tc_fail(&p->error, TACET_FAILED, "cannot evaluate on 0 rows");
    status = tc_metrics_finish(p, TC_EVAL);
    if (status != TACET_OK) return status;
    for (int i = 0; i < p->terms; i++)
        p->result.value[i] = e->weight[i] > 0 || isnan(e->sum[i]) ? e->sum[i] / e->weight[i] : 0;
    const tacet_result own = {.rows = e->rows,
                              .objective = tacet_objective(p),
                              .data_loss = tacet_data_loss(p),
                              .accuracy = e->compared ? right[0] / right[1] : NAN};
    return tc_sized_give(result, &own, sizeof own);
}

/* Starts at the first batch of the loader's epoch, whatever its position. */
tacet_status tacet_evaluate(tacet_plan *p, tacet_loader *l, tacet_value x, tacet_value target, tacet_value y,
                            tacet_result *result)
{
    int64_t epoch, position, rows;
    tacet_status status = tc_exchange_batches(p, tacet_loader_batches(l), check_result(p, result));
    if (status == TACET_OK) status = tc_exchange_verdict(p, &(bool){false});
    if (status != TACET_OK) return status;
    tacet_loader_tell(l, &epoch, &position);
    tacet_loader_seek(l, epoch, 0);
    tacet_evaluate_begin(p, target, y);
    while (status == TACET_OK && (rows = tacet_loader_next(l, p, x, target)) != 0)
        status = rows > 0 ? tacet_evaluate_batch(p, rows) : refuse(p);
    if (status == TACET_OK) return tacet_evaluate_end(p, result);
    p->evaluation.open = false;
    return status;
}
