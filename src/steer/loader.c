/* loader.c: iterates over the rows in batches.
 *
 * The order of an epoch depends only on (seed, epoch): a Fisher-Yates shuffle (Knuth, TAOCP 2, 3.4.2, algorithm P) with
 * a separate stream of random numbers for each epoch. So a loader that is moved to any place continues exactly like one
 * that got there batch by batch. Rows are never copied: the plan is told which rows of the table make up the batch. */
#include "data/data.h"
#include "steer/steer.h"

struct tacet_loader {
    tc_mem mem;
    const tacet_data *data;
    int64_t rows, batch, batches; /* rows: of an epoch */
    uint64_t seed;
    bool shuffle;
    tc_text *fingerprint;    /* empty until it is asked for */
    int64_t epoch, position; /* the next batch; position = batches: the end of the epoch comes next */
    int64_t drawn;           /* the epoch that `order` is for; -1: none yet */
    int64_t order[];         /* [rows] rows of the table */
};

tacet_loader *tacet_loader_new(const tacet_data *d, int64_t batch, uint64_t seed, bool shuffle, tacet_error *why)
{
    if (batch < 1) {
        tc_fail(why, TACET_DESCRIPTION, "a batch should have at least 1 row, got %lld", (long long)batch);
        return NULL;
    }
    const size_t bytes = sizeof(tacet_loader) + (size_t)d->rows * sizeof(int64_t); /* at most TC_MAX_COUNT rows */
    tacet_loader *l = tc_alloc(&d->mem, bytes, 1);
    tc_text *fingerprint = tc_alloc(&d->mem, 1, sizeof *fingerprint);
    if (!l || !fingerprint) {
        tc_free(&d->mem, l);
        tc_free(&d->mem, fingerprint);
        tc_fail_memory(why);
        return NULL;
    }
    *l = (tacet_loader){.mem = d->mem, .data = d, .rows = d->rows, .seed = seed, .shuffle = shuffle, .drawn = -1};
    l->fingerprint = fingerprint;
    fingerprint->mem = d->mem;
    l->batch = batch < l->rows ? batch : l->rows;
    l->batches = (l->rows - 1) / l->batch + 1;
    return l;
}

void tacet_loader_free(tacet_loader *l)
{
    if (!l) return;
    const tc_mem m = l->mem;
    tc_text_free(l->fingerprint);
    tc_free(&m, l->fingerprint);
    tc_free(&m, l);
}

const char *tc_loader_fingerprint(const tacet_loader *l)
{
    tc_text *t = l->fingerprint;
    if (t->length == 0) tc_fingerprint(l->data, t);
    if (!t->failed) return t->data;
    tc_text_free(t); /* to be tried again */
    return NULL;
}

int64_t tacet_loader_batches(const tacet_loader *l) { return l->batches; }

bool tc_loader_same_data(const tacet_loader *l, const char *fingerprint, tc_text *why)
{
    const char *own = tc_loader_fingerprint(l);
    why->failed = why->failed || !own;
    return own && tc_fingerprint_same(fingerprint, own, why);
}

static void draw(tacet_loader *l)
{
    if (l->drawn == l->epoch || (l->drawn >= 0 && !l->shuffle)) return;
    const tacet_data *d = l->data;
    for (int64_t i = 0; i < l->rows; i++) l->order[i] = d->index ? d->index[i] : i;
    const tc_stream s = tc_stream_of(l->seed, (uint64_t)l->epoch, "shuffle");
    for (int64_t i = l->rows - 1; i > 0 && l->shuffle; i--) {
        const int64_t j = (int64_t)tc_stream_below(s, (uint64_t)i, (uint64_t)i + 1), row = l->order[j];
        l->order[j] = l->order[i];
        l->order[i] = row;
    }
    l->drawn = l->epoch;
}

/* NULL if numbers are fed as they are. */
static const tacet_scaling *scaling_of(const tc_scale *s, tacet_scaling *to)
{
    *to = (tacet_scaling){.size = sizeof *to, .count = s->count, .scale = s->scale, .shift = s->shift};
    const bool same = s->count == 1 && s->scale[0] == 1 && s->shift[0] == 0;
    return s->count && !same ? to : NULL;
}

/* The plan keeps the addresses of its feeds until it has run. If the data have no targets, the plan reports that the
 * target was not fed. */
static tacet_status feed(tacet_loader *l, const int64_t *index, tacet_plan *p, tacet_value x, tacet_value target)
{
    const tc_samples *t = l->data->table;
    tacet_scaling of_x, of_y;
    const tacet_scaling *in = scaling_of(&l->data->scale, &of_x), *out = scaling_of(&l->data->target, &of_y);
    tacet_status status = TACET_OK;
    if (x.id) status = tacet_feed_rows(p, x, t->x.type, t->x.data, tc_shape_count(&t->x.shape), index, in);
    if (!status && target.id && t->y.data)
        status = tacet_feed_rows(p, target, t->y.type, t->y.data, tc_shape_count(&t->y.shape), index, out);
    return status;
}

int64_t tacet_loader_next(tacet_loader *l, tacet_plan *p, tacet_value x, tacet_value target)
{
    if (l->position >= l->batches) {
        l->epoch++;
        l->position = 0;
        return 0;
    }
    draw(l);
    const int64_t begin = l->position * l->batch, left = l->rows - begin, rows = left < l->batch ? left : l->batch;
    if (feed(l, l->order + begin, p, x, target)) return -1;
    l->position++;
    return rows;
}

void tacet_loader_tell(const tacet_loader *l, int64_t *epoch, int64_t *position)
{
    *epoch = l->epoch;
    *position = l->position;
}

void tacet_loader_seek(tacet_loader *l, int64_t epoch, int64_t position)
{
    l->epoch = epoch > 0 ? epoch : 0;
    l->position = position < 0 ? 0 : position < l->batches ? position : l->batches;
}
