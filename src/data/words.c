/* words.c: words in a sorted list, found by bisection; the order of the list is also the order of the classes. */
#include "data/words.h"

#include "base/status.h"
#include "data/field.h"

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

/* Why the class is not accepted, or NULL. The first one decides whether all must be whole numbers. */
static const char *refuse_class(tc_words *w, bool is_number, double x)
{
    if (w->count == 0 && !w->known) w->numbers = is_number;
    if (w->numbers && !is_number)
        return w->known ? "is a word, but the classes are numbers" : "is a word, but the labels before it are numbers";
    if (!w->numbers && is_number && !w->known) return "is a number, but the labels before it are words";
    if (w->numbers && (x < 0 || x >= INT32_MAX || x != floor(x))) return "is not a whole number counted from 0";
    return NULL;
}

static bool insert(tc_words *w, int32_t place, const char *text, int32_t number)
{
    if (w->count == w->room) {
        const int32_t room = w->room ? 2 * w->room : 16;
        tc_column_word *word = tc_resize(&w->text.mem, w->word, (size_t)room, sizeof *word);
        if (!word) return false;
        w->word = word;
        w->room = room;
    }
    const tc_column_word new = {.start = (uint32_t)w->text.length, .number = number};
    tc_text_put(&w->text, text, strlen(text) + 1);
    if (w->text.failed) return false;
    memmove(w->word + place + 1, w->word + place, (size_t)(w->count - place) * sizeof new);
    w->word[place] = new;
    w->count++;
    return true;
}

int32_t tc_words_add(tc_words *w, const char *text, const char **fault)
{
    const int32_t place = find(w, text);
    if (place < w->count && strcmp(word_at(w, place), text) == 0) return w->word[place].number;
    double x = w->count;
    const bool is_number = w->classes && tc_field_number(text, &x);
    *fault = w->classes ? refuse_class(w, is_number, x) : NULL;
    if (!*fault && w->known && !w->numbers)
        *fault = w->classes ? "is not one of the classes" : "is not one of the words of this column";
    if (!*fault && w->count == TC_MAX_WORDS_OF_COLUMN) *fault = "is the 65537th different word of this column";
    if (*fault) return -1;
    const int32_t number = w->numbers ? (int32_t)x : w->count;
    return insert(w, place, text, number) ? number : -1;
}

tacet_status tc_words_expect(tc_words *w, const tc_json *list, tacet_error *e)
{
    size_t i;
    const tc_json *value;
    tc_json_each(list, i, value)
    {
        const char *text = tc_json_text(value);
        if (!text || i == TC_MAX_WORDS_OF_COLUMN)
            return tc_fail(e, TACET_DESCRIPTION, "the schema of the data has a list of words that is not one");
        const int32_t place = find(w, text);
        if (!insert(w, place, text, (int32_t)i)) return tc_fail_memory(e);
    }
    w->known = true;
    w->numbers = w->classes && w->count == 0;
    return TACET_OK;
}

void tc_words_places(const tc_words *w, int32_t *place)
{
    for (int32_t i = 0; i < w->count; i++) {
        const int32_t number = w->word[i].number;
        place[number] = w->known ? number : i;
    }
}

void tc_words_write(const tc_words *w, const char *key, tc_json_writer *to)
{
    tc_json_open(to, key, '[');
    for (int32_t i = 0; i < w->count; i++) tc_json_add_text(to, NULL, word_at(w, i));
    tc_json_close(to, ']');
}
