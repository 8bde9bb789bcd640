/* clipping.c: gradients that are too large are made smaller between the guard and the update, as by
 * torch.nn.utils.clip_grad_value_ and then clip_grad_norm_.
 *
 *     clip_value    g <- min(max(g, -clip_value), clip_value)
 *     clip_norm     g <- g min(1, clip_norm / (|g| + 1e-6)),   |g| the norm of the gradients of all parameters
 *
 * Both are done in the block of gradients, so what is read of a parameter's gradient after the step is what the update
 * has used. With several ranks the gradients have been summed by then. */
#include "run/run.h"

#include <math.h>

typedef struct job {
    float *g;
    tc_span span;
    float most, factor;
} job;

TC_CLONES static void clip(float *g, int64_t n, float most, float factor)
{
    for (int64_t i = 0; i < n; i++) {
        const float x = g[i] > most ? most : g[i] < -most ? -most : g[i];
        g[i] = x * factor;
    }
}

static void clip_part(void *context, int64_t part, int lane)
{
    (void)lane;
    const job *j = context;
    const int64_t from = part * j->span.grain;
    clip(j->g + from, tc_part_end(j->span, part) - from, j->most, j->factor);
}

static void clip_all(tacet_plan *p, float most, float factor)
{
    const int64_t n = p->block.stored;
    job j = {.g = p->block.numbers + p->block.floats, .span = {n, TC_RANGE}, .most = most, .factor = factor};
    tc_run_for(p, j.span, n > 8 * TC_RANGE, clip_part, &j);
}

double tc_run_clip(tacet_plan *p, double norm)
{
    const tc_arg *most_norm = &p->update.common[TC_OPTIM_CLIP_NORM], *most = &p->update.common[TC_OPTIM_CLIP_VALUE];
    const double before = norm;
    double largest = norm;
    if (most->given && norm > most->number) { /* otherwise no element is larger */
        clip_all(p, (float)most->number, 1);
        norm = sqrt(tc_run_squares(p, p->block.numbers + p->block.floats, p->block.stored));
        largest = fmin(norm, most->number);
    }
    const double factor = most_norm->given ? most_norm->number / (norm + 1e-6) : 1;
    if (factor < 1) clip_all(p, INFINITY, (float)factor);
    p->update.clipped = norm < before || factor < 1;
    return factor < 1 ? largest * factor : largest;
}
