/* words.c: words by number, found by bisection in a sorted list, which in the end is also their order as classes. */
#include "data/words.h"

#include "data/field.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void tc_words_free(tc_words *w)
{
    tc_free(&w->mem, w->bytes);
    tc_free(&w->mem, w->word);
    tc_free(&w->mem, w->sorted);
    *w = (tc_words){.mem = w->mem};
}

static const char *word_at(const tc_words *w, int32_t number) { return w->bytes + w->word[number].start; }

/* The place of the word in the sorted list, or where it would be. */
static int32_t find(const tc_words *w, const char *text, bool *there)
{
    int32_t low = 0, high = w->count;
    *there = false;
    while (low < high && !*there) {
        const int32_t middle = low + (high - low) / 2;
        const int order = strcmp(text, word_at(w, w->sorted[middle]));
        *there = order == 0;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return *there ? high : low;
}

static bool reserve(tc_words *w, size_t bytes)
{
    if (w->count == w->room) {
        const int32_t room = w->room ? 2 * w->room : 16;
        tc_label_word *word = tc_resize(&w->mem, w->word, (size_t)room, sizeof *word);
        if (word) w->word = word;
        int32_t *sorted = word ? tc_resize(&w->mem, w->sorted, (size_t)room, sizeof *sorted) : NULL;
        if (!sorted) return false;
        w->sorted = sorted;
        w->room = room;
    }
    if (w->capacity - w->length < bytes) {
        const size_t capacity = 2 * w->capacity + bytes;
        char *p = tc_resize(&w->mem, w->bytes, capacity, 1);
        if (!p) return false;
        w->bytes = p;
        w->capacity = capacity;
    }
    return true;
}

tacet_status tc_words_add(tc_words *w, const char *text, int64_t line, const char *path, int32_t *number,
                          tacet_error *e)
{
    bool there;
    const int32_t place = find(w, text, &there);
    if (there) {
        *number = w->sorted[place];
        return TACET_OK;
    }
    if (w->count == TC_MAX_LABEL_WORDS)
        return tc_fail(e, TACET_FILE, "%s, line %" PRId64 ": more than %d different labels", path, line,
                       TC_MAX_LABEL_WORDS);
    const size_t bytes = strlen(text) + 1;
    if (!reserve(w, bytes)) return tc_fail_memory(e);
    memcpy(w->bytes + w->length, text, bytes);
    w->word[w->count] = (tc_label_word){.start = w->length, .line = line};
    w->length += bytes;
    memmove(w->sorted + place + 1, w->sorted + place, (size_t)(w->count - place) * sizeof *w->sorted);
    w->sorted[place] = w->count;
    *number = w->count++;
    return TACET_OK;
}

/* class_of[count] of words that are numbers. */
static tacet_status by_value(const tc_words *w, int32_t *class_of, const char *path, tacet_error *e)
{
    for (int32_t i = 0; i < w->count; i++) {
        double x;
        const char *text = word_at(w, i);
        const int64_t line = w->word[i].line;
        if (!tc_field_number(text, &x))
            return tc_fail(e, TACET_FILE,
                           "%s, line %" PRId64 ": the label \"%.60s\" is a word, those before are numbers", path, line,
                           text);
        if (x < 0 || x >= INT32_MAX || x != floor(x)) {
            tc_fail(e, TACET_FILE, "%s, line %" PRId64 ": the label %.60s is not a whole number counted from 0", path,
                    line, text);
            tc_fail_hint(e, "target= instead of label= makes it the target of a regression");
            return TACET_FILE;
        }
        class_of[i] = (int32_t)x;
    }
    return TACET_OK;
}

static tacet_status by_order(const tc_words *w, int32_t *class_of, const char *path, tacet_error *e)
{
    for (int32_t i = 0; i < w->count; i++) {
        double x;
        const char *text = word_at(w, i);
        if (tc_field_number(text, &x))
            return tc_fail(e, TACET_FILE, "%s, line %" PRId64 ": the label %.60s is a number, those before are words",
                           path, w->word[i].line, text);
        class_of[w->sorted[i]] = i;
    }
    return TACET_OK;
}

/* A line end within a word becomes a vertical tab, its neighbour, so that the order stays. */
static tacet_status lines_of(const tc_words *w, char **lines, tacet_error *e)
{
    char *to = *lines = tc_resize(&w->mem, NULL, w->length + 1, 1);
    if (!to) return tc_fail_memory(e);
    for (int32_t i = 0; i < w->count; i++) {
        const char *text = word_at(w, w->sorted[i]);
        for (; *text; text++) *to++ = *text == '\n' ? '\v' : *text;
        *to++ = '\n';
    }
    *to = '\0';
    return TACET_OK;
}

tacet_status tc_words_classes(const tc_words *w, int64_t n, int32_t *label, const char *path, int64_t *classes,
                              char **lines, tacet_error *e)
{
    *classes = 0;
    *lines = NULL;
    if (w->count == 0) return TACET_OK;
    int32_t *class_of = tc_resize(&w->mem, NULL, (size_t)w->count, sizeof *class_of);
    if (!class_of) return tc_fail_memory(e);
    double x;
    const bool numbers = tc_field_number(word_at(w, 0), &x);
    tacet_status status = (numbers ? by_value : by_order)(w, class_of, path, e);
    if (!status && !numbers) status = lines_of(w, lines, e);
    for (int64_t i = 0; i < n && !status; i++) {
        label[i] = class_of[label[i]];
        if (label[i] >= *classes) *classes = (int64_t)label[i] + 1;
    }
    tc_free(&w->mem, class_of);
    return status;
}
