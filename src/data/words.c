/* words.c: words in a sorted list, found by bisection; the order of the list is also the order of the classes. */
#include "data/words.h"

#include "data/field.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void tc_words_free(tc_words *w)
{
    tc_text_free(&w->text);
    tc_free(&w->text.mem, w->word);
}

static const char *word_at(const tc_words *w, int32_t place) { return w->text.data + w->word[place].start; }

/* The place of the word in the list, or where it would be inserted. */
static int32_t find(const tc_words *w, const char *text)
{
    int32_t low = 0, high = w->count;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (strcmp(word_at(w, middle), text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Numbers a new word. The first word decides whether all must be whole numbers. */
static tacet_status number_of(tc_words *w, const char *text, int64_t line, int32_t *number)
{
    if (w->count == TC_MAX_LABEL_WORDS)
        return tc_fail(w->error, TACET_FILE, "%s, line %" PRId64 ": more than %d different labels", w->path, line,
                       TC_MAX_LABEL_WORDS);
    double x = w->count;
    const bool is_number = tc_field_number(text, &x);
    if (w->count == 0) w->numbers = is_number;
    if (w->numbers && !is_number)
        return tc_fail(w->error, TACET_FILE,
                       "%s, line %" PRId64 ": the label \"%.60s\" is a word, but those before it are numbers", w->path,
                       line, text);
    if (!w->numbers && is_number)
        return tc_fail(w->error, TACET_FILE,
                       "%s, line %" PRId64 ": the label %.60s is a number, but those before it are words", w->path,
                       line, text);
    if (x < 0 || x >= INT32_MAX || x != floor(x)) {
        tc_fail(w->error, TACET_FILE, "%s, line %" PRId64 ": the label %.60s is not a whole number counted from 0",
                w->path, line, text);
        tc_fail_hint(w->error, "target= instead of label= makes it the target of a regression");
        return TACET_FILE;
    }
    *number = (int32_t)x;
    return TACET_OK;
}

static tacet_status insert(tc_words *w, int32_t place, const char *text, int32_t number)
{
    if (w->count == w->room) {
        const int32_t room = w->room ? 2 * w->room : 16;
        tc_label_word *word = tc_resize(&w->text.mem, w->word, (size_t)room, sizeof *word);
        if (!word) return tc_fail_memory(w->error);
        w->word = word;
        w->room = room;
    }
    const tc_label_word new = {.start = (uint32_t)w->text.length, .number = number};
    tc_text_add(&w->text, "%s%c", text, 0);
    if (w->text.failed) return tc_fail_memory(w->error);
    memmove(w->word + place + 1, w->word + place, (size_t)(w->count - place) * sizeof new);
    w->word[place] = new;
    w->count++;
    return TACET_OK;
}

int32_t tc_words_add(tc_words *w, const char *text, int64_t line)
{
    const int32_t place = find(w, text);
    if (place < w->count && strcmp(word_at(w, place), text) == 0) return w->word[place].number;
    int32_t number = 0;
    if (!w->status) w->status = number_of(w, text, line, &number);
    if (!w->status) w->status = insert(w, place, text, number);
    return number;
}

/* A line end within a word becomes a vertical tab, the next byte value, so that the order is kept. */
static char *lines_of(const tc_words *w)
{
    char *lines = tc_resize(&w->text.mem, NULL, w->text.length + 1, 1), *to = lines;
    for (int32_t i = 0; lines && i < w->count; i++) {
        for (const char *text = word_at(w, i); *text; text++) *to++ = *text == '\n' ? '\v' : *text;
        *to++ = '\n';
    }
    if (lines) *to = '\0';
    return lines;
}

tacet_status tc_words_classes(const tc_words *w, int64_t n, int32_t *label, int64_t *classes, char **lines)
{
    *classes = w->numbers ? 0 : w->count;
    *lines = NULL;
    if (w->numbers) {
        for (int64_t i = 0; i < n; i++)
            if (label[i] >= *classes) *classes = (int64_t)label[i] + 1;
        return TACET_OK;
    }
    int32_t *class_of = tc_resize(&w->text.mem, NULL, (size_t)w->count, sizeof *class_of);
    *lines = lines_of(w);
    const bool ok = class_of && *lines;
    for (int32_t i = 0; ok && i < w->count; i++) class_of[w->word[i].number] = i;
    for (int64_t i = 0; ok && i < n; i++) label[i] = class_of[label[i]];
    tc_free(&w->text.mem, class_of);
    return ok ? TACET_OK : tc_fail_memory(w->error);
}
