/* data.c: data as the user sees them: a table, or a view of some of its rows, and a scaling. */
#include "data/data.h"

#include "base/sized.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

static const char *source_name(const void *context, int i)
{
    (void)context;
    return i < tc_source_count() ? tc_source_at(i)->name : NULL;
}

/* A path where the name of a source should be: says what to write before it. */
static void hint_path(const char *source, tacet_error *e)
{
    const char *path = source + strspn(source, " "), *before = tc_source_of_path(path, strcspn(path, " "));
    char folder[256];
    struct stat is;
    tc_snprintf(folder, sizeof folder, "%.*s", (int)strcspn(path, " "), path);
    if (before)
        tc_fail_hint(e, "%s%s", before, path);
    else if (stat(folder, &is) == 0 && S_ISDIR(is.st_mode))
        tc_fail_hint(e, "images %s reads a folder of pictures, idx %s one of IDX files", folder, folder);
}

static tacet_status find_source(const tc_spec *spec, const tc_source **source, tacet_error *e)
{
    *source = tc_source_find(spec->name);
    if (*source) return TACET_OK;
    if (strcmp(spec->name, TC_ARRAYS) == 0) {
        tc_refuse(e, spec->source, spec->column, spec->width,
                  "these data were arrays in the memory of a program, and are in no file");
        tc_fail_hint(e, "name files that hold the same, or other data: --data 'npy x=FILE y=FILE'");
        return TACET_DESCRIPTION;
    }
    const tacet_status status = tc_refuse(e, spec->source, spec->column, spec->width, "unknown data source \"%s\"",
                                          spec->name);
    tc_fail_choices(e, "there are", spec->name, source_name, NULL);
    hint_path(spec->source, e);
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
    const bool learned = common[TC_SOURCE_NORMALIZE].number > 0 || common[TC_SOURCE_NORMALIZE_TARGET].number > 0;
    tc_samples train = tc_samples_of(&d->mem, NULL, false);
    const tc_samples *from = &d->own;
    tacet_status status = TACET_OK;
    if (test && learned) {
        from = &train;
        train.ignore = d->own.ignore;
        status = source->open(&train, spec, arg, false, e);
        if (!status) status = tc_image_rows(&train, spec, common, e);
    }
    if (!status) status = tc_scale_make(&d->scale, from, spec, common, e);
    if (!status) status = tc_scale_target(&d->target, from, spec, common, e);
    if (!status && from == &train && d->scale.count && tc_shape_count(&d->own.x.shape) % d->scale.count != 0)
        status = tc_fail(e, TACET_FILE, "%s: rows of the training part and of the test part differ in size",
                         spec->name);
    tc_samples_free(&train);
    return status;
}

/* A path with = in it may have been meant as an attribute that the source does not have. */
static void hint_equals(const tc_source *source, const tc_arg *arg, tacet_error *e)
{
    for (int i = 0; source->attribute[i].name; i++) {
        const char *text = source->attribute[i].positional ? arg[i].text : NULL;
        if (text && strchr(text, '='))
            tc_fail_hint(e, "%s has no attribute %.*s, so this was taken for its %s", source->name,
                         (int)strcspn(text, "="), text, source->attribute[i].name);
    }
}

/* Labels [rows, 1] are one label for each row, unless a row of x is [1, n], whose one position goes with them. */
static void drop_position(tc_samples *t)
{
    const tc_shape *x = &t->x.shape;
    const bool one = t->classes && t->y.shape.rank == 1 && t->y.shape.dim[0] == 1;
    if (one && !(x->rank == 2 && x->dim[0] == 1)) t->y.shape.rank = 0;
}

/* The scalings that the model expects; without them the source's own. */
static tacet_status take_scale(tacet_data *d, const tc_json *expect, tacet_error *e)
{
    const tc_samples *t = &d->own;
    const int64_t n = tc_shape_count(&t->x.shape);
    const int64_t targets = t->y.data && !t->classes ? tc_shape_count(&t->y.shape)
                                                     : (int64_t)tc_json_size(tc_json_get(expect, "target_scale"));
    tacet_status status = tc_scale_read(&d->scale, &d->mem, expect, "scale", "shift", n, e);
    if (!status && (!t->classes || !t->y.data))
        status = tc_scale_read(&d->target, &d->mem, expect, "target_scale", "target_shift", targets, e);
    return status;
}

/* The schema of training data: what the source has added, the number of classes, and the scalings. */
static tacet_status write_schema(tacet_data *d, tacet_error *e)
{
    tc_samples *t = &d->own;
    tc_json_writer *j = &t->schema;
    if (t->classes && !t->words) tc_json_add_integer(j, "classes", t->classes);
    tc_scale_write(&d->scale, "scale", "shift", j);
    tc_scale_write(&d->target, "target_scale", "target_shift", j);
    tc_json_close(j, '}');
    d->schema = j->to.data;
    j->to.data = NULL;
    return j->to.failed ? tc_fail_memory(e) : TACET_OK;
}

static tacet_status finish_text(tacet_data *d, const tc_spec *spec, tacet_error *e)
{
    tc_text text = {.mem = d->mem}, *remarks = &d->own.remarks;
    const tc_json *inputs = tc_json_get(d->own.expect, "inputs");
    tc_spec_print(spec, &text);
    tc_text_add(remarks,
                inputs && d->own.header < 0 ? "%s: columns of x are taken for those of the model by position\n"
                                            : "%.0s",
                spec->name);
    d->spec = text.data;
    d->remarks = remarks->data;
    remarks->data = NULL;
    return text.failed || remarks->failed ? tc_fail_memory(e) : TACET_OK;
}

/* Makes the rows of a table that was just opened usable. */
static tacet_status finish(tacet_data *d, const tc_source *source, const tc_spec *spec, const tc_arg *arg,
                           const tc_arg *common, bool test, tacet_error *e)
{
    tc_samples *t = &d->own;
    tacet_status status = tc_image_rows(t, spec, common, e);
    if (status) return status;
    drop_position(t);
    d->table = t;
    d->rows = t->x.rows;
    status = t->expect ? take_scale(d, t->expect, e) : make_scale(d, source, spec, arg, common, test, e);
    if (!status && !t->expect) status = write_schema(d, e);
    return status ? status : finish_text(d, spec, e);
}

/* The label that is ignored: the one that is given, or that of the data that the model was trained on. Labels have 32
 * bits; a schema that ignores another number was damaged, and ignores nothing. */
static tacet_status take_ignored(tc_samples *t, const tc_spec *spec, const tc_arg *common, tacet_error *e)
{
    const tc_arg *given = &common[TC_SOURCE_IGNORE];
    const double x = given->given ? given->number : tc_json_number(tc_json_get(t->expect, "ignore"));
    const bool label = x >= INT32_MIN && x <= INT32_MAX;
    if (given->given && !label)
        return tc_refuse(e, spec->source, given->column, given->width, "ignore should fit into 32 bits");
    t->ignore = label ? x : NAN;
    if (given->given && !t->expect) tc_json_add_integer(&t->schema, "ignore", (int64_t)x);
    return TACET_OK;
}

static tacet_status open_spec(tacet_data *d, const tc_spec *spec, const char *part, tacet_error *e)
{
    const tc_source *source;
    bool test;
    tacet_status status = find_source(spec, &source, e);
    if (!status) status = find_part(spec, source, part, &test, e);
    if (status) return status;

    tc_samples *t = &d->own;
    tc_arg arg[TC_MAX_ATTRS], common[TC_MAX_ATTRS];
    const tc_binding binding[] = {{source->attribute, arg}, {tc_source_common, common}};
    status = tc_spec_bind(spec, 2, binding, true, e);
    if (!t->expect) tc_json_open(&t->schema, NULL, '{');
    if (!status) status = take_ignored(t, spec, common, e);
    if (!status) status = source->open(t, spec, arg, test, e);
    if (status == TACET_IO) hint_equals(source, arg, e);
    return status ? status : finish(d, source, spec, arg, common, test, e);
}

static tacet_data *new_data(const tc_mem *m, tacet_error *e)
{
    tacet_data *d = tc_alloc(m, 1, sizeof *d);
    if (!d) {
        tc_fail_memory(e);
        return NULL;
    }
    d->mem = *m;
    d->own = tc_samples_of(m, NULL, false);
    return d;
}

static tacet_data *open_as(const char *source, const char *part, const tc_json *expect, bool x_only, const tc_mem *m,
                           tacet_error *e)
{
    tc_spec spec;
    if (tc_spec_parse(&spec, m, source, e)) {
        hint_path(source, e);
        return NULL;
    }
    tacet_data *d = new_data(m, e);
    if (d) d->own = tc_samples_of(m, expect, x_only);
    if (d && open_spec(d, &spec, part, e)) {
        tacet_data_free(d);
        d = NULL;
    }
    tc_spec_free(&spec);
    return d;
}

tacet_data *tacet_data_open(const char *source, const char *part, const tacet_memory *memory, tacet_error *why)
{
    const tc_mem m = tc_mem_of(memory);
    return open_as(source, part, NULL, false, &m, why);
}

/* ---- Arrays ---- */

static tacet_status take_arrays(tacet_data *d, const tc_spec *spec, int64_t rows, const tacet_array *x,
                                const tacet_array *y, bool labels, tacet_error *e)
{
    tc_arg common[TC_MAX_ATTRS];
    const tc_binding binding = {tc_source_common, common};
    tacet_status status = tc_spec_bind(spec, 1, &binding, true, e);
    if (!d->own.expect) tc_json_open(&d->own.schema, NULL, '{');
    if (!status) status = take_ignored(&d->own, spec, common, e);
    if (!status) status = tc_arrays_take(&d->own, rows, x, y, labels, e);
    if (!status) status = finish(d, NULL, spec, NULL, common, false, e);
    if (status == TACET_FILE && e) e->status = TACET_DESCRIPTION; /* it is the same mistake, but in no file */
    return status;
}

static tacet_data *new_as(int64_t rows, const tacet_array *x, const tacet_array *y, bool labels, const char *options,
                          const tc_json *expect, const tc_mem *m, tacet_error *e)
{
    tc_text text = {.mem = *m};
    tc_spec spec;
    tacet_data *d = NULL;
    tc_text_add(&text, TC_ARRAYS " %s", options ? options : "");
    if (text.failed) {
        tc_fail_memory(e);
    } else if (!tc_spec_parse(&spec, m, text.data, e)) {
        d = new_data(m, e);
        if (d) d->own.expect = expect;
        if (d && take_arrays(d, &spec, rows, x, y, labels, e)) {
            tacet_data_free(d);
            d = NULL;
        }
        tc_spec_free(&spec);
    }
    tc_text_free(&text);
    return d;
}

tacet_data *tacet_data_new(int64_t rows, const tacet_array *x, const tacet_array *y, bool labels, const char *options,
                           const tacet_memory *memory, tacet_error *why)
{
    const tc_mem m = tc_mem_of(memory);
    return new_as(rows, x, y, labels, options, NULL, &m, why);
}

/* ---- As a model expects them ---- */

/* A schema and its text, which is kept with the data; the one that is parsed is overwritten. */
typedef struct schema {
    tc_mem mem;
    char *kept, *parsed;
    tc_json *expect; /* NULL: refused */
} schema;

static schema read_schema(const char *text, const tc_mem *m, tacet_error *e)
{
    schema s = {.mem = *m, .kept = tc_strdup(m, text), .parsed = tc_strdup(m, text)};
    tc_json_error why = {0};
    if (s.kept && s.parsed) s.expect = tc_json_read(m, s.parsed, strlen(s.parsed), &why);
    if (s.expect && s.expect->kind == TC_JSON_OBJECT) return s;
    if (!s.expect && !why.text)
        tc_fail_memory(e);
    else
        tc_fail(e, TACET_DESCRIPTION, "the schema of the data is not one: %s",
                s.expect ? "it is not an object" : why.text);
    tc_free(m, s.expect);
    s.expect = NULL;
    return s;
}

/* Gives the data, or NULL, their schema. */
static tacet_data *with_schema(tacet_data *d, schema *s)
{
    if (d) {
        d->own.expect = NULL;
        d->schema = s->kept;
        s->kept = NULL;
    }
    tc_free(&s->mem, s->expect);
    tc_free(&s->mem, s->parsed);
    tc_free(&s->mem, s->kept);
    return d;
}

tacet_data *tacet_data_open_as(const char *source, const char *part, const char *text, bool answers,
                               const tacet_memory *memory, tacet_error *why)
{
    const tc_mem m = tc_mem_of(memory);
    schema s = read_schema(text, &m, why);
    return with_schema(s.expect ? open_as(source, part, s.expect, !answers, &m, why) : NULL, &s);
}

tacet_data *tacet_data_new_as(int64_t rows, const tacet_array *x, const tacet_array *y, bool labels,
                              const char *options, const char *text, const tacet_memory *memory, tacet_error *why)
{
    const tc_mem m = tc_mem_of(memory);
    schema s = read_schema(text, &m, why);
    return with_schema(s.expect ? new_as(rows, x, y, labels, options, s.expect, &m, why) : NULL, &s);
}

size_t tacet_data_schema(const tacet_data *d, char *text, size_t capacity)
{
    return tc_text_copy(d->schema, text, capacity);
}

/* ---- The data ---- */

void tacet_data_free(tacet_data *d)
{
    if (!d) return;
    const tc_mem m = d->mem;
    tc_samples_free(&d->own);
    tc_free(&m, d->scale.scale);
    tc_free(&m, d->target.scale);
    tc_free(&m, d->split);
    tc_free(&m, d->spec);
    tc_free(&m, d->schema);
    tc_free(&m, d->remarks);
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
        .header = t->header,
        .remarks = d->remarks,
        .weighed = t->weight.data != NULL,
    };
    memcpy(own.shape, x->dim, sizeof own.shape);
    memcpy(own.stored_shape, t->stored.dim, sizeof own.stored_shape);
    memcpy(targets ? own.target_shape : own.label_shape, y->dim, sizeof own.label_shape);
    return tc_sized_give(info, &own, sizeof own);
}

tacet_status tacet_data_weigh(tacet_data *d, const tacet_array *weight, tacet_error *why)
{
    if (d->table != &d->own || d->splits || d->own.weight.data)
        return tc_fail(why, TACET_FAILED, "data get weights once, before a part of them is held out");
    return tc_arrays_weigh(&d->own, weight, why);
}

const char *tacet_data_id(const tacet_data *d, int64_t i)
{
    const tc_samples *t = d->table;
    if (!t->id || i < 0 || i >= d->rows) return NULL;
    return t->ids.data + t->id[tc_data_row(d, i)];
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
    held->schema = tc_strdup(&d->mem, d->schema);
    held->remarks = tc_strdup(&d->mem, "");
    tacet_status status = held->spec && held->schema && held->remarks ? TACET_OK : tc_fail_memory(why);
    if (!status) status = tc_scale_copy(&held->scale, &d->mem, &d->scale, why);
    if (!status) status = tc_scale_copy(&held->target, &d->mem, &d->target, why);
    if (!status) status = split(d, held, count, seed, why);
    if (!status) return held;
    tacet_data_free(held);
    return NULL;
}
