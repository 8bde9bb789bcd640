/* classes.c: the words of the classes as text, which carries them from the data that a model was trained on to other
 * data.
 *
 * Both texts are sorted lines, so one pass over the two finds the place of each word. */
#include "data/data.h"

#include <string.h>

size_t tacet_data_classes(const tacet_data *d, char *text, size_t capacity)
{
    return tc_text_copy(d->table->words ? d->table->words : "", text, capacity);
}

/* The length of the line, without its end; *next is the line after it. */
static size_t line(const char *text, const char **next)
{
    const size_t n = strcspn(text, "\n");
    *next = text + n + (text[n] == '\n');
    return n;
}

/* place[i] = the number of the line of `all` that equals line i of `some`; *lines = the number of lines of `all`. */
static tacet_status match(const char *some, const char *all, const char *spec, int32_t *place, int64_t *lines,
                          tacet_error *e)
{
    const char *next_some, *next_all;
    int32_t at = 0;
    for (; *some; some = next_some) {
        const size_t n = line(some, &next_some);
        while (*all && (line(all, &next_all) != n || memcmp(some, all, n) != 0)) {
            at++;
            all = next_all;
        }
        if (!*all)
            return tc_fail(e, TACET_FILE, "%s: the label \"%.*s\" is not one of the classes", spec,
                           n < 60 ? (int)n : 60, some);
        *place++ = at;
    }
    for (*lines = at; *all; ++*lines) line(all, &all);
    return TACET_OK;
}

static tacet_status renumber(tacet_data *d, const char *text, tacet_error *e)
{
    tc_samples *t = &d->own;
    int32_t *label = t->y.data; /* words make labels of this type, one for each row */
    char *words = tc_strdup(&d->mem, text);
    int32_t *place = tc_alloc(&d->mem, (size_t)t->classes, sizeof *place);
    const tacet_status status = words && place ? match(t->words, text, d->spec, place, &t->classes, e)
                                               : tc_fail_memory(e);
    for (int64_t i = 0; i < t->y.rows && !status; i++) label[i] = place[label[i]];
    tc_free(&d->mem, place);
    tc_free(&d->mem, status ? words : t->words);
    if (!status) t->words = words;
    return status;
}

tacet_status tacet_data_set_classes(tacet_data *d, const char *text, tacet_error *why)
{
    const char *words = d->table->words ? d->table->words : "";
    if (!d->table->classes || strcmp(words, text) == 0) return TACET_OK;
    if (!*words) return tc_fail(why, TACET_FILE, "%s: the labels are numbers, and the classes are words", d->spec);
    if (!*text) return tc_fail(why, TACET_FILE, "%s: the labels are words, and the classes are numbers", d->spec);
    if (d->table != &d->own || d->splits)
        return tc_fail(why, TACET_FAILED, "set the classes before holding out a share");
    return renumber(d, text, why);
}
