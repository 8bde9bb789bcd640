/* draw.c: a training step on the batches that a loader draws, one or several. */
#include "steer/steer.h"

typedef struct draw {
    tacet_loader *l;
    tacet_plan *p;
    tacet_value x, target;
    int64_t batches, rows; /* of the step */
} draw;

static tacet_status weigh(const draw *d, int64_t i, int64_t rows)
{
    (void)i;
    return tacet_weigh(d->p, rows);
}

static tacet_status learn(const draw *d, int64_t i, int64_t rows)
{
    return i + 1 < d->batches ? tacet_accumulate(d->p, rows, d->rows) : tacet_step(d->p, rows);
}

/* Gives the step up. Other ranks wait for this one in the next call, which refuses it. */
static tacet_status refuse(const draw *d, int64_t i)
{
    const tacet_error why = d->p->error;
    learn(d, i, -1);
    d->p->error = why;
    return why.status;
}

/* Feeds each batch of the step to `to`. */
static tacet_status each(const draw *d, tacet_status (*to)(const draw *d, int64_t i, int64_t rows))
{
    tacet_status s = TACET_OK;
    for (int64_t i = 0; i < d->batches && s == TACET_OK; i++) {
        const int64_t rows = tacet_loader_next(d->l, d->p, d->x, d->target);
        s = rows > 0 ? to(d, i, rows) : refuse(d, to == learn ? i : 0);
        if (s != TACET_OK && rows > 0 && to == weigh) refuse(d, 0);
    }
    return s;
}

int64_t tacet_loader_step(tacet_loader *l, tacet_plan *p, tacet_value x, tacet_value target)
{
    int64_t epoch, position;
    draw d = {l, p, x, target, p->set.accumulate > 1 ? p->set.accumulate : 1, 0};
    tacet_loader_tell(l, &epoch, &position);
    const int64_t left = tacet_loader_batches(l) - position;
    if (left == 0) return tacet_loader_next(l, p, x, target); /* on to the next epoch */
    if (left < d.batches) d.batches = left;
    d.rows = tc_loader_rows(l, d.batches);
    tacet_status s = TACET_OK;
    if (d.batches > 1 && tacet_weighs(p)) {
        s = each(&d, weigh);
        tacet_loader_seek(l, epoch, position);
    }
    if (s == TACET_OK) s = each(&d, learn);
    if (s == TACET_OK) return d.rows;
    tacet_loader_seek(l, epoch, position);
    return -1;
}
