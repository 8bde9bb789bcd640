/* words.h: the distinct words of a label column, and their classes. */
#ifndef TC_WORDS_H
#define TC_WORDS_H

#include "base/text.h"

enum { TC_MAX_LABEL_WORDS = 1 << 16 };

typedef struct tc_label_word {
    uint32_t start; /* in text */
    int32_t number;
} tc_label_word;

/* Zero-initialise with {.text.mem = m, .path = ..., .error = e}. */
typedef struct tc_words {
    tc_text text;     /* the words, each ended by a NUL */
    const char *path; /* of the file, for messages */
    tacet_error *error;
    tacet_status status; /* of the first failure; sticky */
    tc_label_word *word; /* [count], in the order of their bytes */
    int32_t count, room;
    bool numbers; /* they are whole numbers */
} tc_words;

void tc_words_free(tc_words *w);

/* The number of the word, which was read on this line: its value if it is a whole number, otherwise how many other
 * words came before it. A file must not mix the two kinds. 0 on failure (status). */
int32_t tc_words_add(tc_words *w, const char *text, int64_t line);

/* Turns the numbers of words in label[n] into classes. Whole numbers are their own class; other words are numbered in
 * sorted order, and *lines then lists them in that order, one on each line (otherwise NULL). The caller owns it. */
tacet_status tc_words_classes(const tc_words *w, int64_t n, int32_t *label, int64_t *classes, char **lines);

#endif
