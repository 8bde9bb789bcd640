/* status.h: how a call reports that it failed. */
#ifndef TC_STATUS_H
#define TC_STATUS_H

#include "tacet/tacet.h"

#include <stdarg.h>

/* Fills *e (may be NULL) with a message and returns s, so that a call can end in `return tc_fail(...)`. */
__attribute__((format(printf, 3, 4))) tacet_status tc_fail(tacet_error *e, tacet_status s, const char *format, ...);
__attribute__((format(printf, 3, 0))) void tc_fail_list(tacet_error *e, tacet_status s, const char *format,
                                                        va_list arguments);

/* The same for a mistake at a place in a description, `source`; returns TACET_DESCRIPTION. */
__attribute__((format(printf, 5, 6))) tacet_status tc_refuse(tacet_error *e, const char *source, int column, int width,
                                                             const char *format, ...);

/* tc_fail_at adds the text that has the mistake, and its place; tc_fail_hint adds what to do about it. */
void tc_fail_at(tacet_error *e, const char *source, int column, int width);
__attribute__((format(printf, 2, 3))) void tc_fail_hint(tacet_error *e, const char *format, ...);

/* Hints at the choice that is nearest to word, or lists the choices after `head` ("it takes"), as many as fit.
 * next(context, i) gives choice i, NULL at the end. */
void tc_fail_choices(tacet_error *e, const char *head, const char *word,
                     const char *(*next)(const void *context, int i), const void *context);

/* Writes the line of a text that contains byte `at`, and under it a caret and `width` - 1 tildes, each line after 4
 * spaces; of a long line only the part around the place. colour: NULL, or what to write before and after the carets.
 * Control characters become question marks. Truncates and returns as snprintf does. */
size_t tc_caret(const char *text, size_t length, size_t at, size_t width, const char *const colour[2], char *to,
                size_t capacity);

/* "out of memory", TACET_MEMORY. */
tacet_status tc_fail_memory(tacet_error *e);

/* "cannot DOING PATH: " and what errno says: TACET_IO, but TACET_MEMORY if the system is out of memory. */
tacet_status tc_fail_system(tacet_error *e, const char *doing, const char *path);

#endif
