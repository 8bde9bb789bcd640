/* words.h: the different words of a label column, and the classes that they are. */
#ifndef TC_WORDS_H
#define TC_WORDS_H

#include "base/alloc.h"
#include "base/status.h"

enum { TC_MAX_LABEL_WORDS = 1 << 16 };

typedef struct tc_label_word {
    size_t start; /* in bytes */
    int64_t line; /* where it first stood */
} tc_label_word;

/* Zero-initialise with {.mem = m}. */
typedef struct tc_words {
    tc_mem mem;
    char *bytes; /* the words, each ended by a NUL */
    size_t length, capacity;
    tc_label_word *word; /* [count], in the order in which they came */
    int32_t *sorted;     /* [count] numbers of words, in the order of their bytes */
    int32_t count, room;
} tc_words;

void tc_words_free(tc_words *w);

/* The number of the word, which is new where it was not there. TACET_FILE when there are too many. */
tacet_status tc_words_add(tc_words *w, const char *text, int64_t line, const char *path, int32_t *number,
                          tacet_error *e);

/* label[n] holds numbers of words: makes classes of them. Whole numbers are their own class; other words are numbered
 * in sorted order, and *lines is then that order, a word a line (else NULL; the caller owns it). The two must not be
 * mixed. */
tacet_status tc_words_classes(const tc_words *w, int64_t n, int32_t *label, const char *path, int64_t *classes,
                              char **lines, tacet_error *e);

#endif
