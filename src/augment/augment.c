/* augment.c: the table of augmentations, chains of them, and what a chain does to an image. */
#include "augment/augment.h"

#include <inttypes.h>
#include <string.h>

#define TC_AUGMENT(name) extern const tc_augment tc_augment_##name;
#include "augment/augments.def"
#undef TC_AUGMENT

#define TC_AUGMENT(name) &tc_augment_##name,
static const tc_augment *const table[] = {
#include "augment/augments.def"
};
#undef TC_AUGMENT

int tc_augment_count(void) { return (int)(sizeof table / sizeof *table); }

const tc_augment *tc_augment_at(int i) { return i >= 0 && i < tc_augment_count() ? table[i] : NULL; }

/* ---- Reading ---- */

static const char *name_at(const void *context, int i)
{
    (void)context;
    return i < tc_augment_count() ? table[i]->name : NULL;
}

static tacet_status check(const tc_spec *spec, const tc_augment *is, const tc_arg *arg, const tc_augmented *a,
                          tacet_error *e)
{
    const char *source = spec->source;
    const int column = arg->given ? arg->column : spec->column, width = arg->given ? arg->width : spec->width;
    const bool size = strcmp(is->attribute->type, "size") == 0;
    if (!size && !(a->number >= is->least && a->number <= is->most))
        return tc_refuse(e, source, column, width, "%s takes %s from %g to %g, not %g", is->name, is->attribute->name,
                         is->least, is->most, a->number);
    if (size && (a->number >= (double)a->height || a->second >= (double)a->width))
        return tc_refuse(e, source, column, width,
                         "%s by %s leaves nothing of images of %" PRId64 " x %" PRId64 " pixels", is->name, arg->text,
                         a->height, a->width);
    return TACET_OK;
}

static tacet_status read_stage(tc_augments *c, const tc_spec *spec, int64_t height, int64_t width, tacet_error *e)
{
    const tc_augment *is = NULL;
    tc_arg arg[1];
    for (int i = 0; i < tc_augment_count(); i++)
        if (strcmp(table[i]->name, spec->name) == 0) is = table[i];
    if (!is) {
        tc_refuse(e, spec->source, spec->column, spec->width, "unknown augmentation \"%s\"", spec->name);
        tc_fail_choices(e, "there are", spec->name, name_at, NULL);
        return TACET_DESCRIPTION;
    }
    if (c->count == TC_MAX_AUGMENTS)
        return tc_refuse(e, spec->source, spec->column, spec->width, "a chain has at most %d augmentations",
                         TC_MAX_AUGMENTS);
    tacet_status status = tc_spec_bind(spec, 1, &(tc_binding){is->attribute, arg}, true, e);
    if (status) return status;
    const tc_augmented a = {height, width, arg->number, arg->second};
    c->stage[c->count].is = is;
    c->stage[c->count++].a = a;
    return check(spec, is, arg, &a, e);
}

tacet_status tc_augments_read(tc_augments *c, const tc_mem *m, const char *chain, int64_t height, int64_t width,
                              tacet_error *e)
{
    char stage[TC_MAX_SPEC + 2];
    int column;
    tacet_status status = TACET_OK;
    *c = (tc_augments){0};
    for (const char *at = chain; !status && tc_chain_next(&at, chain, stage, sizeof stage, &column);) {
        tc_spec spec;
        status = tc_spec_parse(&spec, m, stage, e);
        if (status == TACET_DESCRIPTION) tc_fail_hint(e, "a bar is between two augmentations: flip | crop 4");
        if (!status) {
            status = read_stage(c, &spec, height, width, e);
            tc_spec_free(&spec);
        }
        if (status == TACET_DESCRIPTION && e) tc_fail_at(e, chain, column + (e->column < 0 ? 0 : e->column), e->width);
    }
    return status;
}

/* ---- Images ---- */

/* Stage i draws words row * TC_AUGMENT_WORDS .. of its stream. */
static void draw(const tc_augments *c, uint64_t seed, uint64_t epoch, int64_t row,
                 double drawn[TC_MAX_AUGMENTS][TC_AUGMENT_NUMBERS])
{
    enum { BLOCKS = TC_AUGMENT_WORDS / 4 };
    uint32_t word[TC_AUGMENT_WORDS];
    char name[] = "augment a";
    for (int i = 0; i < c->count; i++) {
        name[sizeof name - 2] = (char)('a' + i);
        const tc_stream s = tc_stream_of(seed, epoch, name);
        for (int k = 0; k < BLOCKS; k++) tc_stream_block(s, (uint64_t)row * BLOCKS + (uint64_t)k, word + 4 * k);
        c->stage[i].is->draw(&c->stage[i].a, word, drawn[i]);
    }
}

void tc_augments_apply(const tc_augments *c, uint64_t seed, uint64_t epoch, int64_t row, size_t bytes, const void *from,
                       void *to)
{
    double drawn[TC_MAX_AUGMENTS][TC_AUGMENT_NUMBERS];
    const int64_t height = c->stage[0].a.height, width = c->stage[0].a.width;
    char *at = to;
    draw(c, seed, epoch, row, drawn);
    for (int64_t i = 0; i < height; i++)
        for (int64_t j = 0; j < width; j++, at += bytes) {
            int64_t y = i, x = j;
            bool inside = true;
            for (int k = c->count - 1; k >= 0 && inside; k--)
                inside = c->stage[k].is->from(&c->stage[k].a, drawn[k], &y, &x) && y >= 0 && y < height && x >= 0 &&
                         x < width;
            if (inside)
                memcpy(at, (const char *)from + (size_t)(y * width + x) * bytes, bytes);
            else
                memset(at, 0, bytes);
        }
}
