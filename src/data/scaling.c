/* scaling.c: x = number * scale + shift, one pair for all elements of a row or a pair for each.
 *
 * A scaling is given in words (scale=, mean=, std=, normalize=), kept as pairs, and saved with a model as text: "scale
 * 0.00392156886 shift 0", with enough digits (9) to read back as the same floats. */
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
    const tacet_status status = reserve(to, m, from->count, e);
    if (!status) memcpy(to->scale, from->scale, 2 * (size_t)from->count * sizeof *from->scale);
    return status;
}

/* ---- From words ---- */

/* Means and deviations of every element over the rows, in two passes. The first row is subtracted first, so that an
 * element that never changes has a deviation of exactly 0. */
static void measure(const tc_array *x, int64_t n, double *first, double *row, double *mean, double *std)
{
    const double rows = (double)x->rows;
    tc_widen(x, 0, n, first);
    for (int64_t i = 0; i < x->rows; i++) {
        tc_widen(x, i * n, n, row);
        for (int64_t j = 0; j < n; j++) mean[j] += row[j] - first[j];
    }
    for (int64_t j = 0; j < n; j++) mean[j] /= rows;
    for (int64_t i = 0; i < x->rows; i++) {
        tc_widen(x, i * n, n, row);
        for (int64_t j = 0; j < n; j++) std[j] += (row[j] - first[j] - mean[j]) * (row[j] - first[j] - mean[j]);
    }
    for (int64_t j = 0; j < n; j++) {
        std[j] = sqrt(std[j] / rows);
        mean[j] += first[j];
    }
}

/* Stores a pair; false when floats cannot hold it. */
static bool set(tc_scale *s, int64_t j, double scale, double shift)
{
    s->scale[j] = (float)scale;
    s->shift[j] = (float)shift + 0.0f; /* no -0 in the text */
    return isfinite(s->scale[j]) && isfinite(s->shift[j]);
}

/* (number * scale - mean) / std with the element's own mean and std; scale cancels out. An element that never changes
 * gets std 1 and so stays 0. */
static tacet_status by_feature(tc_scale *s, const tc_samples *t, const char *name, tacet_error *e)
{
    const int64_t n = tc_shape_count(&t->x.shape);
    double *work = tc_alloc(&t->mem, (size_t)n, 4 * sizeof *work);
    if (!work) return tc_fail_memory(e);
    double *mean = work + 2 * n, *std = work + 3 * n;
    measure(&t->x, n, work, work + n, mean, std);
    tacet_status status = reserve(s, &t->mem, n, e);
    for (int64_t j = 0; j < n && !status; j++) {
        const double scale = std[j] == 0 ? 1 : 1 / std[j]; /* a NaN is passed on and refused */
        if (set(s, j, scale, -mean[j] * scale)) continue;
        status = tc_fail(e, TACET_FILE,
                         "%s: element %" PRId64 " of x cannot be normalised: its mean is %g, its standard deviation %g",
                         name, j, mean[j], std[j]);
        tc_fail_hint(e, "does it hold numbers that are not finite?");
    }
    tc_free(&t->mem, work);
    return status;
}

static tacet_status refuse(const tc_spec *spec, const tc_arg *a, tacet_error *e, const char *message)
{
    return tc_refuse(e, spec->source, a->column, a->width, "%s: %s", spec->name, message);
}

tacet_status tc_scale_make(tc_scale *s, const tc_samples *t, const tc_spec *spec, const tc_arg *common, tacet_error *e)
{
    const tc_arg *scale = &common[TC_SOURCE_SCALE], *mean = &common[TC_SOURCE_MEAN], *std = &common[TC_SOURCE_STD];
    double factor = t->x.type == TACET_U8 ? 1.0 / 255 : 1.0;
    if (strcmp(scale->text, "auto") != 0 && (!tc_number_read(scale->text, &factor) || factor == 0))
        return refuse(spec, scale, e, "scale should be a number other than 0, or auto");
    if (!(std->number > 0)) return refuse(spec, std, e, "std should be above 0");
    if (common[TC_SOURCE_NORMALIZE].number > 0) {
        for (int i = TC_SOURCE_SCALE; i <= TC_SOURCE_STD; i++)
            if (common[i].given)
                return refuse(spec, &common[i], e, "normalize=feature sets scale, mean and std itself");
        return by_feature(s, t, spec->name, e);
    }
    const tacet_status status = reserve(s, &t->mem, 1, e);
    if (status || set(s, 0, factor / std->number, -mean->number / std->number)) return status;
    const tc_arg *cause = scale->given ? scale : std->given ? std : mean;
    return refuse(spec, cause, e, "scale, mean and std are too large");
}

/* ---- From text and to text ---- */

size_t tacet_data_scaling(const tacet_data *d, char *text, size_t capacity)
{
    const tc_scale *s = &d->scale;
    size_t n = 0;
    for (int64_t j = 0; j < 2 * s->count; j++) {
        const char *before = j == 0 ? "scale " : j == s->count ? " shift " : " ";
        char *at = n < capacity ? text + n : NULL;
        n += (size_t)tc_snprintf(at, at ? capacity - n : 0, "%s%.9g", before, (double)s->scale[j]);
    }
    return n;
}

typedef struct words {
    const char *at;
    char word[64];
} words;

/* The next word, cut at 63 bytes; "" at the end. */
static const char *next(words *w)
{
    w->at += strspn(w->at, " \t\r\n");
    const size_t length = strcspn(w->at, " \t\r\n");
    const size_t kept = length < sizeof w->word ? length : sizeof w->word - 1;
    memcpy(w->word, w->at, kept);
    w->word[kept] = '\0';
    w->at += length;
    return w->word;
}

/* How many words follow until `end` ("": the end of the text). */
static int64_t count_until(words w, const char *end)
{
    int64_t n = 0;
    while (*next(&w) && strcmp(w.word, end) != 0) n++;
    return n;
}

tacet_status tacet_data_set_scaling(tacet_data *d, const char *text, tacet_error *why)
{
    const int64_t n = tc_shape_count(&d->table->x.shape);
    const char *form = "a scaling is \"scale NUMBERS shift NUMBERS\"";
    words w = {.at = text};
    if (strcmp(next(&w), "scale") != 0) return tc_fail(why, TACET_DESCRIPTION, "%s, not \"%.40s\"", form, text);
    const int64_t count = count_until(w, "shift");
    if (count != 1 && count != n)
        return tc_fail(why, TACET_DESCRIPTION,
                       "the scaling is for rows of %" PRId64 " elements; these rows have %" PRId64, count, n);
    tc_scale s = {0};
    tacet_status status = reserve(&s, &d->mem, count, why);
    for (int64_t j = 0; j < 2 * count && !status; j++) {
        double x;
        if (j == count && (strcmp(next(&w), "shift") != 0 || count_until(w, "") != count))
            status = tc_fail(why, TACET_DESCRIPTION, "%s, with as many shifts as scales (%" PRId64 ")", form, count);
        else if (!tc_number_read(next(&w), &x) || !isfinite((float)x))
            status = tc_fail(why, TACET_DESCRIPTION, "%s; \"%s\" is not a number for it", form, w.word);
        else
            s.scale[j] = (float)x; /* and then into shift, which follows scale */
    }
    tc_free(&d->mem, status ? s.scale : d->scale.scale);
    if (!status) d->scale = s;
    return status;
}
