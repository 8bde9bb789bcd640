/* source.c: the list of sources, and what all of them share. */
#include "data/data.h"

#include <string.h>

const tc_attribute tc_source_common[] = {
    {"scale", "text", "auto", "what every number of x is multiplied by; auto: 1/255 for bytes, otherwise 1", false},
    {"mean", "float", "0", "subtracted after scale", false},
    {"std", "float", "1", "what the rest is divided by: x = (number * scale - mean) / std", false},
    {"normalize", "none|feature", "none",
     "feature: every element of a row gets the mean and standard deviation that it has over the training rows", false},
    {"flat", "bool", "true", "a row is one vector; false keeps its shape, [28, 28]", false},
    {0},
};

static const tc_source *const source[] = {&tc_source_idx, &tc_source_npy, &tc_source_csv};

int tc_source_count(void) { return (int)(sizeof source / sizeof *source); }

const tc_source *tc_source_at(int i) { return source[i]; }

const tc_source *tc_source_find(const char *name)
{
    for (int i = 0; i < tc_source_count(); i++)
        if (strcmp(source[i]->name, name) == 0) return source[i];
    return NULL;
}

void tc_samples_free(tc_samples *t)
{
    tc_array_free(&t->x, &t->mem);
    tc_array_free(&t->y, &t->mem);
    tc_free(&t->mem, t->words);
}
