/* data.c: data as the user holds them: a table, or a view of some of its rows, and a scaling. */
#include "data/data.h"

#include <math.h>
#include <string.h>

static const char *source_name(const void *context, int i)
{
    (void)context;
    return i < tc_source_count() ? tc_source_at(i)->name : NULL;
}

static tacet_status find_source(const tc_spec *spec, const tc_source **source, tacet_error *e)
{
    *source = tc_source_find(spec->name);
    if (*source) return TACET_OK;
    const tacet_status status =
        tc_refuse(e, spec->source, spec->column, spec->width, "there is no data source \"%s\"", spec->name);
    tc_fail_choices(e, "there are", spec->name, source_name, NULL);
    return status;
}

static tacet_status find_part(const tc_spec *spec, const tc_source *source, const char *part, bool *test,
                              tacet_error *e)
{
    *test = part && strcmp(part, "test") == 0;
    if (part && !*test && strcmp(part, "train") != 0)
        return tc_fail(e, TACET_DESCRIPTION, "data have the parts \"train\" and \"test\", not \"%s\"", part);
    if (!*test || source->has_test) return TACET_OK;
    const tacet_status status =
        tc_refuse(e, spec->source, spec->column, spec->width, "%s has no test part", source->name);
    tc_fail_hint(e, "keep test rows in files of their own, and open those");
    return status;
}

/* Figures taken from data are the training part's, also for the test part. */
static tacet_status make_scale(tacet_data *d, const tc_source *source, const tc_spec *spec, const tc_arg *arg,
                               const tc_arg *common, bool test, tacet_error *e)
{
    if (!test || common[TC_SOURCE_NORMALIZE].number == 0) return tc_scale_make(&d->scale, &d->own, spec, common, e);
    tc_samples train = {.mem = d->mem};
    tacet_status status = source->open(&train, spec, arg, false, e);
    if (!status) status = tc_scale_make(&d->scale, &train, spec, common, e);
    tc_samples_free(&train);
    if (!status && d->scale.count != tc_shape_count(&d->own.shape))
        status = tc_fail(e, TACET_FILE, "%s: rows of the training part and of the test part differ in size",
                         spec->name);
    return status;
}

static tacet_status open_spec(tacet_data *d, const tc_spec *spec, const char *part, tacet_error *e)
{
    const tc_source *source;
    bool test;
    tacet_status status = find_source(spec, &source, e);
    if (!status) status = find_part(spec, source, part, &test, e);
    if (status) return status;

    tc_arg arg[TC_MAX_ATTRS], common[TC_MAX_ATTRS];
    const tc_binding binding[] = {{source->attribute, arg}, {tc_source_common, common}};
    status = tc_spec_bind(spec, 2, binding, true, e);
    if (!status) status = source->open(&d->own, spec, arg, test, e);
    if (status) return status;

    tc_shape *shape = &d->own.shape;
    d->own.stored = *shape;
    if (common[TC_SOURCE_FLAT].number > 0) *shape = (tc_shape){.rank = 1, .dim = {tc_shape_count(shape)}};
    d->table = &d->own;
    d->rows = d->own.rows;
    status = make_scale(d, source, spec, arg, common, test, e);
    tc_text text = {.mem = d->mem};
    if (!status) {
        tc_spec_print(spec, &text);
        if (text.failed) status = tc_fail_memory(e);
    }
    if (status)
        tc_text_free(&text);
    else
        d->spec = text.data;
    return status;
}

static tacet_data *new_data(const tc_mem *m, tacet_error *e)
{
    tacet_data *d = tc_alloc(m, 1, sizeof *d);
    if (!d) {
        tc_fail_memory(e);
        return NULL;
    }
    d->mem = *m;
    d->own.mem = *m;
    return d;
}

tacet_data *tacet_data_open(const char *source, const char *part, const tacet_memory *memory, tacet_error *why)
{
    const tc_mem m = tc_mem_of(memory);
    tc_spec spec;
    if (tc_spec_parse(&spec, &m, source, why)) return NULL;
    tacet_data *d = new_data(&m, why);
    if (d && open_spec(d, &spec, part, why)) {
        tacet_data_free(d);
        d = NULL;
    }
    tc_spec_free(&spec);
    return d;
}

void tacet_data_free(tacet_data *d)
{
    if (!d) return;
    const tc_mem m = d->mem;
    tc_samples_free(&d->own);
    tc_scale_free(&m, &d->scale);
    tc_free(&m, d->index);
    tc_free(&m, d->spec);
    tc_free(&m, d);
}

void tacet_data_describe(const tacet_data *d, tacet_data_info *info)
{
    const tc_samples *t = d->table;
    *info = (tacet_data_info){
        .rows = d->rows,
        .rank = t->shape.rank,
        .type = t->type,
        .classes = t->labels ? t->classes : 0,
        .target_rank = t->targets ? t->target_shape.rank : -1,
        .spec = d->spec,
        .has_test = t->has_test,
        .stored_rank = t->stored.rank,
        .label_rank = t->label_shape.rank,
    };
    for (int i = 0; i < t->shape.rank; i++) info->shape[i] = t->shape.dim[i];
    for (int i = 0; i < t->stored.rank; i++) info->stored_shape[i] = t->stored.dim[i];
    for (int i = 0; i < info->target_rank; i++) info->target_shape[i] = t->target_shape.dim[i];
    for (int i = 0; i < info->label_rank; i++) info->label_shape[i] = t->label_shape.dim[i];
}

/* ---- Scaling ---- */

size_t tacet_data_scaling(const tacet_data *d, char *text, size_t capacity)
{
    return tc_text_copy(d->scale.text, text, capacity);
}

tacet_status tacet_data_set_scaling(tacet_data *d, const char *text, tacet_error *why)
{
    tc_scale scale;
    const tacet_status status = tc_scale_read(&scale, &d->mem, tc_shape_count(&d->table->shape), text, why);
    if (status) return status;
    tc_scale_free(&d->mem, &d->scale);
    d->scale = scale;
    return TACET_OK;
}

/* ---- Holding out ---- */

/* Which of n rows are held out: `count` of them, marked in taken[n]. A shuffle that stops after `count` draws (Fisher,
 * Yates), on order[n]. */
static void draw(int64_t *order, bool *taken, int64_t n, int64_t count, uint64_t seed)
{
    const tc_stream s = tc_stream_of(seed, 0, "hold_out");
    for (int64_t i = 0; i < n; i++) order[i] = i;
    for (int64_t i = 0; i < count; i++) {
        const int64_t j = i + (int64_t)tc_stream_below(s, (uint64_t)i, (uint64_t)(n - i)), row = order[j];
        order[j] = order[i];
        order[i] = row;
        taken[row] = true;
    }
}

/* Gives d's rows that are not taken back to d, the others to `held`. */
static tacet_status split(tacet_data *d, tacet_data *held, uint64_t seed, tacet_error *e)
{
    const int64_t n = d->rows, rest = n - held->rows;
    bool *taken = tc_alloc(&d->mem, (size_t)n, sizeof *taken);
    int64_t *order = tc_resize(&d->mem, NULL, (size_t)n, sizeof *order);
    int64_t *keep = tc_resize(&d->mem, NULL, (size_t)rest, sizeof *keep);
    held->index = tc_resize(&d->mem, NULL, (size_t)held->rows, sizeof *held->index);
    const bool ok = taken && order && keep && held->index;
    if (ok) {
        draw(order, taken, n, held->rows, seed);
        int64_t kept = 0, gone = 0;
        for (int64_t i = 0; i < n; i++) {
            const int64_t row = d->index ? d->index[i] : i;
            if (taken[i])
                held->index[gone++] = row;
            else
                keep[kept++] = row;
        }
        tc_free(&d->mem, d->index);
        d->index = keep;
        d->rows = rest;
    } else {
        tc_free(&d->mem, keep);
    }
    tc_free(&d->mem, order);
    tc_free(&d->mem, taken);
    return ok ? TACET_OK : tc_fail_memory(e);
}

tacet_data *tacet_data_hold_out(tacet_data *d, double share, uint64_t seed, tacet_error *why)
{
    if (!(share > 0 && share < 1)) {
        tc_fail(why, TACET_DESCRIPTION, "the share to hold out should be between 0 and 1, got %g", share);
        return NULL;
    }
    if (d->rows < 2) {
        tc_fail(why, TACET_FAILED, "a single row cannot be divided to hold a share out");
        return NULL;
    }
    tacet_data *held = new_data(&d->mem, why);
    if (!held) return NULL;
    const int64_t count = (int64_t)llround(share * (double)d->rows);
    held->rows = count < 1 ? 1 : count < d->rows ? count : d->rows - 1;
    held->table = d->table;
    held->spec = tc_strdup(&d->mem, d->spec);
    tacet_status status = held->spec ? TACET_OK : tc_fail_memory(why);
    if (!status) status = tc_scale_read(&held->scale, &d->mem, tc_shape_count(&d->table->shape), d->scale.text, why);
    if (!status) status = split(d, held, seed, why);
    if (!status) return held;
    tacet_data_free(held);
    return NULL;
}
