/* status.h: how a call says that it failed. The floor of everything. */
#ifndef TC_STATUS_H
#define TC_STATUS_H

#include "tacet/tacet.h"

#include <stdarg.h>

/* Fills *e (may be NULL) with a message and returns s, so that a call can end in `return tc_fail(...)`. */
__attribute__((format(printf, 3, 4))) tacet_status tc_fail(tacet_error *e, tacet_status s, const char *format, ...);
__attribute__((format(printf, 3, 0))) void tc_fail_list(tacet_error *e, tacet_status s, const char *format,
                                                        va_list arguments);

/* The same for a mistake at a place of a description, `source`: returns TACET_DESCRIPTION. */
__attribute__((format(printf, 5, 6))) tacet_status tc_refuse(tacet_error *e, const char *source, int column, int width,
                                                             const char *format, ...);

/* Adds the text with the mistake and its place; or what to do about it. */
void tc_fail_at(tacet_error *e, const char *source, int column, int width);
__attribute__((format(printf, 2, 3))) void tc_fail_hint(tacet_error *e, const char *format, ...);

/* Hints at the choice that is nearest to word, or lists the choices after `head` ("it takes"), as many as fit.
 * next(context, i) gives choice i, NULL at the end. */
void tc_fail_choices(tacet_error *e, const char *head, const char *word,
                     const char *(*next)(const void *context, int i), const void *context);

/* "out of memory", TACET_MEMORY. */
tacet_status tc_fail_memory(tacet_error *e);

#endif
