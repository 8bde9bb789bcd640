/* image_rows.c: how rows are fed: as one vector, in the shape that the file has, or as images [height, width, channels].
 *
 *     layout=hwc    [h, w] and [h, w, c]     only the shape changes
 *     layout=chw    [c, h, w]                turned in memory, once: the channels of a pixel become neighbours
 *
 * Which of the two a file has cannot be told from its sizes, so it must be said. Other data for a model are read as its
 * training data were, unless their source says otherwise. */
#include "data/data.h"

#include <string.h>

/* The layout in words: "none", "hwc" or "chw". */
static const char *layout_of(const tc_samples *t, const tc_arg *common)
{
    const tc_arg *layout = &common[TC_SOURCE_LAYOUT], *flat = &common[TC_SOURCE_FLAT];
    const char *learned = tc_json_text(tc_json_get(t->expect, "layout"));
    const bool same = !layout->given && !(flat->given && flat->number > 0);
    if (same && t->pixels) return "hwc";
    return same && learned && tc_word_read(TC_LAYOUT_WORDS, learned) >= 0 ? learned : layout->text;
}

/* [c, pixels] of each row to [pixels, c]. */
static void turn_rows(const tc_array *a, const tc_shape *chw, char *to)
{
    const size_t width = tc_type_size(a->type);
    const int64_t c = chw->dim[0], pixels = chw->dim[1] * chw->dim[2];
    for (int64_t i = 0; i < a->rows; i++) {
        const char *from = (const char *)a->data + (size_t)(i * c * pixels) * width;
        for (int64_t j = 0; j < pixels; j++)
            for (int64_t k = 0; k < c; k++, to += width) memcpy(to, from + (size_t)(k * pixels + j) * width, width);
    }
}

/* Replaces the numbers of one array, which may be mapped, by turned ones. */
static tacet_status turn(tc_array *a, const tc_shape *chw, const tc_mem *m, tacet_error *e)
{
    tc_array turned = {.type = a->type, .rows = a->rows, .shape = a->shape, .before = a->before};
    turned.data = tc_resize(m, NULL, (size_t)(a->rows * tc_shape_count(chw)), tc_type_size(a->type));
    if (!turned.data) return tc_fail_memory(e);
    turn_rows(a, chw, turned.data);
    tc_array_free(a, m);
    *a = turned;
    return TACET_OK;
}

static tacet_status turn_all(tc_array *a, const tc_shape *chw, const tc_mem *m, tacet_error *e)
{
    if (chw->dim[0] == 1 || chw->dim[1] * chw->dim[2] == 1) return TACET_OK; /* in memory both are the same */
    if (!a->part) return turn(a, chw, m, e);
    tacet_status status = TACET_OK;
    for (int i = 0; i < a->parts && !status; i++) status = turn(&a->part[i], chw, m, e);
    a->data = a->part[0].data;
    return status;
}

static tacet_status refuse(const tc_shape *x, const tc_spec *spec, const tc_arg *layout, const char *word,
                           tacet_error *e)
{
    char got[TC_SHAPE_TEXT];
    tc_refuse(e, spec->source, layout->given ? layout->column : spec->column,
              layout->given ? layout->width : spec->width,
              "layout=%s takes rows that are images, [h, w] or %s, and the rows of this %s are %s", word,
              strcmp(word, "chw") == 0 ? "[c, h, w]" : "[h, w, c]", spec->name, tc_shape_text(x, false, got));
    if (x->rank == 1 && strcmp(spec->name, "npy") == 0)
        tc_fail_hint(e, "numpy.reshape(x, (-1, height, width, channels)) makes images of vectors");
    return TACET_DESCRIPTION;
}

tacet_status tc_image_rows(tc_samples *t, const tc_spec *spec, const tc_arg *common, tacet_error *e)
{
    const tc_arg *flat = &common[TC_SOURCE_FLAT];
    const char *layout = layout_of(t, common);
    const tc_shape stored = t->stored = t->x.shape;
    const int64_t *dim = stored.dim;
    const bool image = strcmp(layout, "none") != 0, flatten = flat->number > 0;
    if (!image && flatten) t->x.shape = (tc_shape){.rank = 1, .dim = {tc_shape_count(&stored)}};
    if (!image) return TACET_OK;
    if (flat->given && flatten)
        return tc_refuse(e, spec->source, flat->column, flat->width,
                         "layout=%s feeds rows as images, and flat=true as vectors: leave one of them out", layout);
    if (t->pixels && strcmp(layout, "chw") == 0)
        return tc_refuse(e, spec->source, common[TC_SOURCE_LAYOUT].column, common[TC_SOURCE_LAYOUT].width,
                         "%s makes rows [height, width, channels]; layout=chw is for files that have channels first",
                         spec->name);
    if (stored.rank != 2 && stored.rank != 3) return refuse(&stored, spec, &common[TC_SOURCE_LAYOUT], layout, e);
    if (!t->expect) tc_json_add_text(&t->schema, "layout", layout);
    if (stored.rank == 2) t->x.shape = (tc_shape){3, {dim[0], dim[1], 1}};
    if (stored.rank == 2 || strcmp(layout, "hwc") == 0) return TACET_OK;
    t->x.shape = (tc_shape){3, {dim[1], dim[2], dim[0]}};
    return turn_all(&t->x, &stored, &t->mem, e);
}
