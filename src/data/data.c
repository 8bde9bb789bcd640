/* data.c: data as the user sees them: a table, or a view of some of its rows, and a scaling. */
#include "data/data.h"

#include "base/sized.h"

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
    const tacet_status status = tc_refuse(e, spec->source, spec->column, spec->width, "unknown data source \"%s\"",
                                          spec->name);
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
    const tacet_status status = tc_refuse(e, spec->source, spec->column, spec->width, "%s has no test part",
                                          source->name);
    tc_fail_hint(e, "keep test rows in separate files, and open those");
    return status;
}

/* A scaling that is computed from data uses the training part, also when it scales the test part. */
static tacet_status make_scale(tacet_data *d, const tc_source *source, const tc_spec *spec, const tc_arg *arg,
                               const tc_arg *common, bool test, tacet_error *e)
{
    if (!test || common[TC_SOURCE_NORMALIZE].number == 0) return tc_scale_make(&d->scale, &d->own, spec, common, e);
    tc_samples train = {.mem = d->mem};
    tacet_status status = source->open(&train, spec, arg, false, e);
    if (!status) status = tc_scale_make(&d->scale, &train, spec, common, e);
    tc_samples_free(&train);
    if (!status && d->scale.count != tc_shape_count(&d->own.x.shape))
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

    tc_shape *shape = &d->own.x.shape;
    d->own.stored = *shape;
    if (common[TC_SOURCE_FLAT].number > 0) *shape = (tc_shape){.rank = 1, .dim = {tc_shape_count(shape)}};
    d->table = &d->own;
    d->rows = d->own.x.rows;
    status = make_scale(d, source, spec, arg, common, test, e);
    if (status) return status;
    tc_text text = {.mem = d->mem};
    tc_spec_print(spec, &text);
    d->spec = text.data;
    return text.failed ? tc_fail_memory(e) : TACET_OK;
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
    tc_free(&m, d->scale.scale);
    tc_free(&m, d->split);
    tc_free(&m, d->spec);
    tc_free(&m, d);
}

tacet_status tacet_data_describe(const tacet_data *d, tacet_data_info *info)
{
    const tc_samples *t = d->table;
    const tc_shape *x = &t->x.shape, *y = &t->y.shape;
    const bool targets = t->y.data && !t->classes;
    tacet_data_info own = {
        .rows = d->rows,
        .rank = x->rank,
        .type = t->x.type,
        .classes = t->classes,
        .target_rank = targets ? y->rank : -1,
        .spec = d->spec,
        .has_test = t->has_test,
        .stored_rank = t->stored.rank,
        .label_rank = t->classes ? y->rank : 0,
    };
    memcpy(own.shape, x->dim, sizeof own.shape);
    memcpy(own.stored_shape, t->stored.dim, sizeof own.stored_shape);
    memcpy(targets ? own.target_shape : own.label_shape, y->dim, sizeof own.label_shape);
    return tc_sized_give(info, &own, sizeof own);
}

/* ---- Holding out ---- */

int64_t tc_data_row(const tacet_data *d, int64_t i)
{
    for (int k = d->splits - 1; k >= 0; k--) i = tc_split_row(&d->split[k], i);
    return i;
}

/* The splits of d and one more. */
static tc_split *add_split(const tacet_data *d, tc_split last)
{
    tc_split *split = tc_alloc(&d->mem, (size_t)d->splits + 1, sizeof *split);
    if (!split) return NULL;
    if (d->splits) memcpy(split, d->split, (size_t)d->splits * sizeof *split);
    split[d->splits] = last;
    return split;
}

/* Moves `count` rows from d to `held`. */
static tacet_status split(tacet_data *d, tacet_data *held, int64_t count, uint64_t seed, tacet_error *e)
{
    tc_split side = {.n = d->rows, .count = count, .draws = tc_stream_of(seed, 0, "hold_out")};
    tc_split *keep = add_split(d, side);
    side.held = true;
    held->split = add_split(d, side);
    if (!keep || !held->split) {
        tc_free(&d->mem, keep);
        return tc_fail_memory(e);
    }
    tc_free(&d->mem, d->split);
    d->split = keep;
    held->splits = ++d->splits;
    held->rows = count;
    d->rows -= count;
    return TACET_OK;
}

tacet_data *tacet_data_hold_out(tacet_data *d, double share, uint64_t seed, tacet_error *why)
{
    if (!(share > 0 && share < 1)) {
        tc_fail(why, TACET_DESCRIPTION, "the share to hold out should be between 0 and 1, got %g", share);
        return NULL;
    }
    if (d->rows < 2) {
        tc_fail(why, TACET_FAILED, "cannot hold out part of a single row");
        return NULL;
    }
    tacet_data *held = new_data(&d->mem, why);
    if (!held) return NULL;
    const int64_t wanted = (int64_t)llround(share * (double)d->rows);
    const int64_t count = wanted < 1 ? 1 : wanted < d->rows ? wanted : d->rows - 1;
    held->table = d->table;
    held->spec = tc_strdup(&d->mem, d->spec);
    tacet_status status = held->spec ? TACET_OK : tc_fail_memory(why);
    if (!status) status = tc_scale_copy(&held->scale, &d->mem, &d->scale, why);
    if (!status) status = split(d, held, count, seed, why);
    if (!status) return held;
    tacet_data_free(held);
    return NULL;
}
