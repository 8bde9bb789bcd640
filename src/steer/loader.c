/* loader.c: iterates over the rows in batches.
 *
 * The order of an epoch depends only on (seed, epoch), and which row comes next is computed from its place in the epoch
 * (data/order.h). So a loader that is moved to any place continues exactly like one that got there batch by batch, and
 * needs memory for one batch, however many rows there are. Rows are not copied: the plan is told where those of the
 * batch are. Only images that are augmented are: as they are stored, into memory for one batch. */
#include "augment/augment.h"
#include "data/data.h"
#include "run/run.h"
#include "steer/steer.h"

#include <string.h>

struct tacet_loader {
    tc_mem mem;
    const tacet_data *data;
    int64_t rows, batch, batches; /* rows: of an epoch */
    uint64_t seed;
    bool shuffle;
    tc_text *fingerprint;          /* empty until it is asked for */
    int64_t epoch, position;       /* the next batch; position = batches: the end of the epoch comes next */
    int64_t *index;                /* [batch] rows of the table */
    const void **x, **y, **weight; /* [batch] where they are */
    tc_augments augments;          /* count 0: none */
    char *made;                    /* [batch] rows of x that are augmented, or NULL */
};

tacet_loader *tacet_loader_new(const tacet_data *d, int64_t batch, uint64_t seed, bool shuffle, tacet_error *why)
{
    if (batch < 1) {
        tc_fail(why, TACET_DESCRIPTION, "a batch should have at least 1 row, got %lld", (long long)batch);
        return NULL;
    }
    tacet_loader *l = tc_alloc(&d->mem, 1, sizeof *l);
    if (l) {
        *l = (tacet_loader){.mem = d->mem, .data = d, .rows = d->rows, .seed = seed, .shuffle = shuffle};
        l->batch = batch < l->rows ? batch : l->rows;
        l->batches = (l->rows - 1) / l->batch + 1;
        l->index = tc_resize(&d->mem, NULL, (size_t)l->batch, sizeof *l->index);
        l->x = tc_resize(&d->mem, NULL, (size_t)l->batch, sizeof *l->x);
        l->y = tc_resize(&d->mem, NULL, (size_t)l->batch, sizeof *l->y);
        l->weight = tc_resize(&d->mem, NULL, (size_t)l->batch, sizeof *l->weight);
        l->fingerprint = tc_alloc(&d->mem, 1, sizeof *l->fingerprint);
    }
    if (l && l->fingerprint) l->fingerprint->mem = d->mem;
    if (l && l->index && l->x && l->y && l->weight && l->fingerprint) return l;
    tacet_loader_free(l);
    tc_fail_memory(why);
    return NULL;
}

void tacet_loader_free(tacet_loader *l)
{
    if (!l) return;
    const tc_mem m = l->mem;
    if (l->fingerprint) tc_text_free(l->fingerprint);
    tc_free(&m, l->fingerprint);
    tc_free(&m, l->index);
    tc_free(&m, l->x);
    tc_free(&m, l->made);
    tc_free(&m, l->y);
    tc_free(&m, l->weight);
    tc_free(&m, l);
}

tacet_status tacet_loader_augment(tacet_loader *l, const char *chain, tacet_error *why)
{
    const tc_array *x = &l->data->table->x;
    const tc_shape *shape = &x->shape;
    char got[TC_SHAPE_TEXT];
    tc_augments read = {0};
    tacet_status status = TACET_OK;
    if (chain && *chain && shape->rank != 3) {
        tc_refuse(why, chain, 0, (int)strlen(chain),
                  "augmentations are for images [height, width, channels], and the rows of the data are %s",
                  tc_shape_text(shape, false, got));
        tc_fail_hint(why, "layout=hwc or layout=chw says that rows are images");
        return TACET_DESCRIPTION;
    }
    if (chain && *chain) status = tc_augments_read(&read, &l->mem, chain, shape->dim[0], shape->dim[1], why);
    if (!status && read.count && !l->made) {
        const size_t n = (size_t)tc_shape_count(shape) * tc_type_size(x->type);
        l->made = tc_resize(&l->mem, NULL, (size_t)l->batch, n);
        if (!l->made) status = tc_fail_memory(why);
    }
    if (!status) l->augments = read;
    return status;
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

/* Finds the rows from place `begin` of the epoch on. */
static void draw(tacet_loader *l, int64_t begin, int64_t rows)
{
    const tacet_data *d = l->data;
    tc_shuffle order;
    if (l->shuffle) order = tc_shuffle_of(tc_stream_of(l->seed, (uint64_t)l->epoch, "shuffle"), l->rows);
    for (int64_t i = 0; i < rows; i++)
        l->index[i] = tc_data_row(d, l->shuffle ? tc_shuffle_row(&order, begin + i) : begin + i);
}

/* Rows that are far apart are not worth what the kernel would read between them. */
static tc_access access_to(const tacet_loader *l, const tc_array *a)
{
    enum { AHEAD = 1 << 17 }; /* how far Linux reads ahead if it is told nothing else */
    const int64_t bytes = tc_shape_count(&a->shape) * (int64_t)tc_type_size(a->type);
    return l->shuffle || a->rows / l->rows > AHEAD / bytes ? TC_DRAWN : TC_IN_ORDER;
}

typedef struct augmenting {
    const tacet_loader *l;
    const void **row;
    size_t pixel, bytes; /* of a pixel, of a row */
    tc_span span;
} augmenting;

static void augment_part(void *context, int64_t part, int lane)
{
    (void)lane;
    const augmenting *a = context;
    const tacet_loader *l = a->l;
    for (int64_t i = part * a->span.grain; i < tc_part_end(a->span, part); i++) {
        char *to = l->made + (size_t)i * a->bytes;
        tc_augments_apply(&l->augments, l->seed, (uint64_t)l->epoch, l->index[i], a->pixel, a->row[i], to);
        a->row[i] = to;
    }
}

static void augment(const tacet_loader *l, const tc_array *x, const void **row, int64_t rows, tacet_plan *p)
{
    const int64_t n = tc_shape_count(&x->shape);
    const size_t width = tc_type_size(x->type);
    augmenting a = {
        l, row, (size_t)tc_shape_units(&x->shape) * width, (size_t)n * width, {rows, n < TC_RANGE ? TC_RANGE / n : 1}};
    tc_run_for(p, a.span, true, augment_part, &a);
}

static tacet_status feed(const tacet_loader *l, const tc_array *a, const void **row, int64_t rows,
                         const tacet_scaling *scaling, const tc_shape *stored, tacet_plan *p, tacet_value to)
{
    const tc_access access = access_to(l, a);
    for (int64_t i = 0; i < rows; i++) row[i] = tc_array_row(a, l->index[i], access);
    if (row == l->x && l->augments.count) augment(l, a, row, rows, p);
    const tc_gather from = {
        .type = a->type, .row = row, .index = l->index, .scaling = scaling, .n = tc_shape_count(&a->shape)};
    return tc_run_feed(p, to, &from, stored);
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
static tacet_status feed_both(const tacet_loader *l, int64_t rows, tacet_plan *p, tacet_value x, tacet_value target)
{
    const tc_samples *t = l->data->table;
    tacet_scaling of_x, of_y;
    const tacet_scaling *in = scaling_of(&l->data->scale, &of_x), *out = scaling_of(&l->data->target, &of_y);
    tacet_status status = TACET_OK;
    if (x.id) status = feed(l, &t->x, l->x, rows, in, t->x.shape.rank == 3 ? &t->x.shape : &t->stored, p, x);
    if (!status && target.id && t->y.data) status = feed(l, &t->y, l->y, rows, out, NULL, p, target);
    for (const tc_feed *f = p->first_feed; f && !status && t->weight.data; f = f->next)
        if (f->weights)
            status = feed(l, &t->weight, l->weight, rows, NULL, NULL, p, (tacet_value){(int32_t)(f - p->feed) + 1});
    return status;
}

int64_t tacet_loader_next(tacet_loader *l, tacet_plan *p, tacet_value x, tacet_value target)
{
    if (l->position >= l->batches) {
        l->epoch += l->epoch < INT64_MAX; /* a caller or a checkpoint may set any epoch */
        l->position = 0;
        return 0;
    }
    const int64_t begin = l->position * l->batch, left = l->rows - begin, rows = left < l->batch ? left : l->batch;
    draw(l, begin, rows);
    if (feed_both(l, rows, p, x, target)) return -1;
    l->position++;
    return rows;
}

int64_t tc_loader_rows(const tacet_loader *l, int64_t batches)
{
    const int64_t left = l->rows - l->position * l->batch;
    return batches < l->batches - l->position ? batches * l->batch : left;
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
