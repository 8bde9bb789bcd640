/* classes.c: which word is which class, as text that goes from the data that a model learned from to other data.
 *
 * Both texts are ascending lines, so that one walk over the two finds the place of each word. */
#include "data/data.h"

#include <string.h>

size_t tacet_data_classes(const tacet_data *d, char *text, size_t capacity)
{
    return tc_text_copy(d->table->words ? d->table->words : "", text, capacity);
}

/* The length of the line, without its end; *next is the line behind it. */
static size_t line(const char *text, const char **next)
{
    const size_t n = strcspn(text, "\n");
    *next = text + n + (text[n] == '\n');
    return n;
}

/* As strcmp orders the words themselves. */
static int compare(const char *a, size_t n, const char *b, size_t m)
{
    const int order = memcmp(a, b, n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

static int64_t count_lines(const char *text)
{
    int64_t n = 0;
    for (; *text; n++) line(text, &text);
    return n;
}

/* place[i] = the line of `all` that the i-th line of `some` is. */
static tacet_status match(const char *some, const char *all, const char *spec, int32_t *place, tacet_error *e)
{
    const char *next_some, *next_all = all;
    int32_t at = 0;
    for (int64_t i = 0; *some; i++, some = next_some) {
        const size_t n = line(some, &next_some);
        int order = 1;
        for (; *all; at++, all = next_all) {
            order = compare(some, n, all, line(all, &next_all));
            if (order <= 0) break;
        }
        if (!*all || order != 0)
            return tc_fail(e, TACET_FILE, "%s: the label \"%.*s\" is none of the classes", spec, n < 60 ? (int)n : 60,
                           some);
        place[i] = at;
    }
    return TACET_OK;
}

static tacet_status renumber(tacet_data *d, const char *text, tacet_error *e)
{
    tc_samples *t = &d->own;
    const size_t length = strlen(text);
    char *words = tc_resize(&d->mem, NULL, length + 1, 1);
    int32_t *place = tc_alloc(&d->mem, (size_t)t->classes, sizeof *place);
    tacet_status status = words && place ? match(t->words, text, d->spec, place, e) : tc_fail_memory(e);
    for (int64_t i = 0; i < t->rows && !status; i++) t->labels[i] = place[t->labels[i]];
    tc_free(&d->mem, place);
    if (status) {
        tc_free(&d->mem, words);
        return status;
    }
    memcpy(words, text, length + 1);
    tc_free(&d->mem, t->words);
    t->words = words;
    t->classes = count_lines(text);
    return TACET_OK;
}

tacet_status tacet_data_set_classes(tacet_data *d, const char *text, tacet_error *why)
{
    const char *words = d->table->words ? d->table->words : "";
    if (!d->table->labels || strcmp(words, text) == 0) return TACET_OK;
    if (!*words) return tc_fail(why, TACET_FILE, "%s: the labels are numbers, and the classes are words", d->spec);
    if (!*text) return tc_fail(why, TACET_FILE, "%s: the labels are words, and the classes are numbers", d->spec);
    if (d->table != &d->own || d->index)
        return tc_fail(why, TACET_FAILED, "classes are set before a share is held out");
    return renumber(d, text, why);
}
