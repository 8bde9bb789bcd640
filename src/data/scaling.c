/* scaling.c: x = number * scale + shift, one pair for all elements of a row, a pair for each, or one for each channel.
 *
 * A scaling is given in words (scale=, mean=, std=, normalize=), kept as pairs of doubles, and saved with a model in its
 * schema, to the bit. */
#include "data/data.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static tacet_status reserve(tc_scale *s, const tc_mem *m, int64_t count, tacet_error *e)
{
    s->scale = tc_alloc(m, (size_t)count, 2 * sizeof *s->scale);
    if (!s->scale) return tc_fail_memory(e);
    s->count = count;
    s->shift = s->scale + count;
    return TACET_OK;
}

tacet_status tc_scale_copy(tc_scale *to, const tc_mem *m, const tc_scale *from, tacet_error *e)
{
    if (from->count == 0) return TACET_OK;
    const tacet_status status = reserve(to, m, from->count, e);
    if (!status) memcpy(to->scale, from->scale, 2 * (size_t)from->count * sizeof *from->scale);
    return status;
}

/* ---- From words ---- */

/* Means and deviations of each of n neighbouring numbers over the rest, in two passes: n elements of a row, or n channels
 * of a pixel. The first n are subtracted first, so that a number that never changes has a deviation of exactly 0. */
static void measure(const tc_array *x, int64_t n, double *first, double *row, double *mean, double *std)
{
    const int64_t count = x->rows * (tc_shape_count(&x->shape) / n);
    const double rows = (double)count;
    tc_widen(x, 0, n, first);
    for (int64_t i = 0; i < count; i++) {
        tc_widen(x, i * n, n, row);
        for (int64_t j = 0; j < n; j++) mean[j] += row[j] - first[j];
    }
    for (int64_t j = 0; j < n; j++) mean[j] /= rows;
    for (int64_t i = 0; i < count; i++) {
        tc_widen(x, i * n, n, row);
        for (int64_t j = 0; j < n; j++) std[j] += (row[j] - first[j] - mean[j]) * (row[j] - first[j] - mean[j]);
    }
    for (int64_t j = 0; j < n; j++) {
        std[j] = sqrt(std[j] / rows);
        mean[j] += first[j];
    }
}

/* Stores a pair; false when it is too large for what is fed, float32, or makes all numbers equal. */
static bool set(tc_scale *s, int64_t j, double scale, double shift)
{
    s->scale[j] = scale;
    s->shift[j] = shift + 0.0; /* no -0 in the text */
    return isfinite((float)scale) && isfinite((float)shift) && scale != 0;
}

/* (number * scale - mean) / std with the own mean and std of each of n neighbouring numbers; scale cancels out. One that
 * never changes gets std 1 and so stays 0. `what` they are: "element" or "channel". */
static tacet_status by_number(tc_scale *s, const tc_array *a, int64_t n, const char *what, const char *which,
                              const tc_mem *m, const char *name, tacet_error *e)
{
    double *work = tc_alloc(m, (size_t)n, 4 * sizeof *work);
    if (!work) return tc_fail_memory(e);
    double *mean = work + 2 * n, *std = work + 3 * n;
    measure(a, n, work, work + n, mean, std);
    tacet_status status = reserve(s, m, n, e);
    for (int64_t j = 0; j < n && !status; j++) {
        const double scale = std[j] == 0 ? 1 : 1 / std[j]; /* a NaN is passed on and refused */
        if (set(s, j, scale, -mean[j] * scale)) continue;
        status = tc_fail(e, TACET_FILE,
                         "%s: %s %" PRId64 " of %s cannot be normalised: its mean is %g, its standard deviation %g",
                         name, what, j, which, mean[j], std[j]);
        tc_fail_hint(e, "does it hold numbers that are not finite?");
    }
    tc_free(m, work);
    return status;
}

static tacet_status refuse(const tc_spec *spec, const tc_arg *a, tacet_error *e, const char *message)
{
    return tc_refuse(e, spec->source, a->column, a->width, "%s: %s", spec->name, message);
}

tacet_status tc_scale_make(tc_scale *s, const tc_samples *t, const tc_spec *spec, const tc_arg *common, tacet_error *e)
{
    const tc_arg *scale = &common[TC_SOURCE_SCALE], *mean = &common[TC_SOURCE_MEAN], *std = &common[TC_SOURCE_STD];
    const tc_arg *normalize = &common[TC_SOURCE_NORMALIZE];
    double factor = t->x.type == TACET_U8 ? 1.0 / 255 : 1.0;
    if (strcmp(scale->text, "auto") != 0 && (!tc_number_read(scale->text, &factor) || factor == 0))
        return refuse(spec, scale, e, "scale should be a number other than 0, or auto");
    if (!(std->number > 0)) return refuse(spec, std, e, "std should be above 0");
    if (normalize->number > 0) {
        for (int i = TC_SOURCE_SCALE; i <= TC_SOURCE_STD; i++)
            if (common[i].given) return refuse(spec, &common[i], e, "normalize= sets scale, mean and std itself");
        const bool channels = normalize->number > 1;
        if (channels && t->x.shape.rank < 2)
            return refuse(spec, normalize, e,
                          common[TC_SOURCE_FLAT].given
                              ? "normalize=channel needs rows with channels: leave out flat=true"
                              : "normalize=channel needs rows with channels: add layout=hwc or layout=chw");
        const int64_t n = channels ? tc_shape_units(&t->x.shape) : tc_shape_count(&t->x.shape);
        return by_number(s, &t->x, n, channels ? "channel" : "element", "x", &t->mem, spec->name, e);
    }
    const tacet_status status = reserve(s, &t->mem, 1, e);
    if (status || set(s, 0, factor / std->number, -mean->number / std->number)) return status;
    const tc_arg *cause = scale->given ? scale : std->given ? std : mean;
    return refuse(spec, cause, e, "scale, mean and std are too large");
}

tacet_status tc_scale_target(tc_scale *s, const tc_samples *t, const tc_spec *spec, const tc_arg *common,
                             tacet_error *e)
{
    const tc_arg *given = &common[TC_SOURCE_NORMALIZE_TARGET];
    if (given->number == 0) return TACET_OK;
    if (t->classes || !t->y.data)
        return refuse(spec, given, e, t->classes ? "labels are classes, not targets" : "the data have no targets");
    return by_number(s, &t->y, tc_shape_count(&t->y.shape), "element", "the targets", &t->mem, spec->name, e);
}

/* ---- In a schema ---- */

static void write_list(const char *key, int64_t n, const double *x, tc_json_writer *to)
{
    tc_json_open(to, key, '[');
    for (int64_t j = 0; j < n; j++) tc_json_add_number(to, NULL, x[j]);
    tc_json_close(to, ']');
}

void tc_scale_write(const tc_scale *s, const char *scale, const char *shift, tc_json_writer *to)
{
    if (s->count == 0) return;
    write_list(scale, s->count, s->scale, to);
    write_list(shift, s->count, s->shift, to);
}

static bool read_list(const tc_json *list, double *x)
{
    size_t j;
    const tc_json *value;
    bool good = true;
    tc_json_each(list, j, value)
    {
        x[j] = tc_json_number(value);
        good = good && isfinite((float)x[j]);
    }
    return good;
}

tacet_status tc_scale_read(tc_scale *s, const tc_mem *m, const tc_json *schema, const char *scale, const char *shift,
                           int64_t n, tacet_error *e)
{
    const tc_json *first = tc_json_get(schema, scale), *second = tc_json_get(schema, shift);
    const int64_t count = (int64_t)tc_json_size(first);
    if (count == 0 && tc_json_size(second) == 0) return TACET_OK;
    if (count != (int64_t)tc_json_size(second))
        return tc_fail(e, TACET_DESCRIPTION, "the schema should have as many numbers in %s as in %s", scale, shift);
    if (n % count != 0)
        return tc_fail(e, TACET_DESCRIPTION, "the model scales rows of %" PRId64 " elements; these have %" PRId64,
                       count, n);
    const tacet_status status = reserve(s, m, count, e);
    if (status) return status;
    if (!read_list(first, s->scale) || !read_list(second, s->shift))
        return tc_fail(e, TACET_DESCRIPTION, "the schema has something in %s or %s that is not a number", scale, shift);
    for (int64_t j = 0; j < count; j++)
        if (s->scale[j] == 0) return tc_fail(e, TACET_DESCRIPTION, "the schema has a 0 in %s", scale);
    return TACET_OK;
}

tacet_status tacet_data_restore(const tacet_data *d, int64_t rows, int64_t targets, float *y)
{
    const tc_scale *s = &d->target;
    if (s->count == 0) return TACET_OK;
    if (s->count != targets) return TACET_FAILED;
    for (int64_t i = 0; i < rows * targets; i++) {
        const int64_t j = i % targets;
        y[i] = (float)(((double)y[i] - s->shift[j]) / s->scale[j]);
    }
    return TACET_OK;
}
