/* words.h: the distinct words of a column: the names of classes, or categories. */
#ifndef TC_WORDS_H
#define TC_WORDS_H

#include "base/json.h"
#include "base/text.h"

enum { TC_MAX_WORDS_OF_COLUMN = 1 << 16 };

typedef struct tc_column_word {
    uint32_t start; /* in text */
    int32_t number;
} tc_column_word;

/* Zero-initialise with {.text.mem = m}. */
typedef struct tc_words {
    tc_text text;         /* the words, each ended by a NUL */
    tc_column_word *word; /* [count], in the order of their bytes */
    int32_t count, room;
    bool classes; /* whole numbers are their own number, and a column has either words or numbers */
    bool numbers; /* it has whole numbers */
    bool known;   /* only the words of tc_words_expect are accepted */
} tc_words;

void tc_words_free(tc_words *w);

/* The number of the word: how many other words came before it, or its value if it is a whole number and w->classes is
 * set. -1 if it is not accepted; *fault then says why ("is not one of the classes"), or is NULL if memory is short. */
int32_t tc_words_add(tc_words *w, const char *text, const char **fault);

/* Only these words are accepted: a list of texts, numbered in its order, or (anything else) whole numbers. */
tacet_status tc_words_expect(tc_words *w, const tc_json *list, tacet_error *e);

/* place[number] = the place of that word in sorted order; if the words were expected, in the order of that list. */
void tc_words_places(const tc_words *w, int32_t *place);

/* Writes the words as a list, in the order of their places. */
void tc_words_write(const tc_words *w, const char *key, tc_json_writer *to);

#endif
