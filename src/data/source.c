/* source.c: the list of sources, and what all of them share. */
#include "data/data.h"

#include <math.h>
#include <string.h>

const tc_attribute tc_source_common[] = {
    {"scale", "text", "auto", "the factor on every number of x; auto: 1/255 for bytes, otherwise 1", false},
    {"mean", "float", "0", "subtracted after scale", false},
    {"std", "float", "1", "the divisor after that: x = (number * scale - mean) / std", false},
    {"normalize", "none|feature|channel", "none",
     "feature: every element of a row gets the mean and standard deviation that it has over the training rows; channel: "
     "every channel of an image does, over all positions",
     false},
    {"normalize_target", "bool", "false",
     "the targets of a regression get mean 0 and standard deviation 1 over the training rows", false},
    {"flat", "bool", "true",
     "a row is one vector; false keeps its shape, [28, 28], as images and layout= do by themselves", false},
    {"layout", TC_LAYOUT_WORDS, "none",
     "a row is an image, fed as [height, width, channels]. hwc: [h, w] or [h, w, c] in the file; chw: [c, h, w], which is "
     "turned once when it is read",
     false},
    {"ignore", "int", "",
     "a label, such as -100, that stands for no class; the loss leaves it out with the same attribute", false},
    {0},
};

static const tc_source *const source[] = {&tc_source_idx, &tc_source_npy, &tc_source_csv, &tc_source_images};

int tc_source_count(void) { return (int)(sizeof source / sizeof *source); }

const tc_source *tc_source_at(int i) { return source[i]; }

const tc_source *tc_source_find(const char *name)
{
    for (int i = 0; i < tc_source_count(); i++)
        if (strcmp(source[i]->name, name) == 0) return source[i];
    return NULL;
}

tc_samples tc_samples_of(const tc_mem *m, const tc_json *expect, bool x_only)
{
    return (tc_samples){.mem = *m,
                        .header = -1,
                        .expect = expect,
                        .x_only = x_only,
                        .ignore = NAN,
                        .schema.to.mem = *m,
                        .remarks.mem = *m,
                        .ids.mem = *m};
}

void tc_samples_free(tc_samples *t)
{
    tc_array_free(&t->x, &t->mem);
    tc_array_free(&t->y, &t->mem);
    tc_array_free(&t->weight, &t->mem);
    tc_text_free(&t->schema.to);
    tc_text_free(&t->remarks);
    tc_text_free(&t->ids);
    tc_free(&t->mem, t->id);
}
