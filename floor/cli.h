/* cli.h: what the files of the program share: memory, errors that point at their place, words.
 *
 * The program is written on tacet.h, and shares src/base with the library. The library computes and stays silent;
 * everything that is printed is printed here: data to standard output, all else to standard error. Memory lives in arenas,
 * which are freed whole; when there is none left the program ends with TACET_MEMORY. A call that fails has already said
 * why: its caller passes the status on, which in the end is the exit code. */
#ifndef CLI_H
#define CLI_H

#include "base/text.h"
#include "tacet/tacet.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Texts and tables that live until the arena goes. Zero-initialise. */
typedef struct cli_arena {
    struct cli_block *last;
} cli_arena;

void *cli_take(cli_arena *a, size_t size); /* zeroed; never NULL */
__attribute__((format(printf, 2, 3))) char *cli_format(cli_arena *a, const char *format, ...);
char *cli_copy(cli_arena *a, const char *text, size_t length);
void cli_arena_free(cli_arena *a);

/* The arena as memory for what allocates through a hook; freeing does nothing. */
tc_mem cli_memory(cli_arena *a);

/* What a call of the library writes as text, whole: cli_text_of(a, tacet_explain_of_plan, plan). */
char *cli_text_of(cli_arena *a, size_t (*write)(const void *from, char *text, size_t capacity), const void *from);

/* ---- Places and errors ------------------------------------------------------------------------------------------- */

/* A text that errors can point into: a file, or what followed an option ("--set"). */
typedef struct cli_source {
    const char *name;
    const char *text;
    size_t length;
    bool file; /* named with line and column */
} cli_source;

/* A place in it; source NULL: nowhere. */
typedef struct cli_place {
    const cli_source *source;
    size_t offset; /* bytes */
} cli_place;

/* A text and where it was written. */
typedef struct cli_item {
    const char *text;
    cli_place place;
} cli_item;

/* fprintf to people: characters that a terminal would obey, or that would make a text look like another one, and bytes
 * that are not UTF-8 become question marks (tc_tame). All that may hold words of a file or a path goes through here. */
__attribute__((format(printf, 2, 3))) void cli_print(FILE *to, const char *format, ...);
__attribute__((format(printf, 2, 0))) void cli_print_list(FILE *to, const char *format, va_list list);

/* Says "tacet: message" on standard error and returns the status. */
__attribute__((format(printf, 2, 3))) tacet_status cli_fail(tacet_status s, const char *format, ...);

/* The same with a hint on a line of its own: "see tacet train --help". */
__attribute__((format(printf, 3, 4))) tacet_status cli_fail_hint(tacet_status s, const char *hint, const char *format,
                                                                 ...);

/* The same at a place: "tacet: net.yaml:3:12: message", that line, a caret under `width` bytes, a hint or NULL. */
__attribute__((format(printf, 4, 5))) tacet_status cli_fail_at(cli_place place, size_t width, const char *hint,
                                                               const char *format, ...);

/* Says what the library refused. Where the error's text is that of one of the items, it is shown in place there; else
 * at the first item; without items as the library writes it. */
tacet_status cli_refuse(const tacet_error *e, int items, const cli_item *item);

/* A remark on standard error, "tacet: warning: ...". */
__attribute__((format(printf, 1, 2))) void cli_warn(const char *format, ...);

/* Whether f is a terminal that understands escapes: TERM=dumb says that it does not. */
bool cli_terminal(FILE *f);

/* The escape sequence if f is such a terminal and NO_COLOR is not set, else "". */
const char *cli_colour(FILE *f, const char *escape);

/* ---- Words ------------------------------------------------------------------------------------------------------- */

/* "did you mean NAME?", or NULL when there is nothing near. */
const char *cli_suggest(cli_arena *a, const char *word, const char *(*next)(const void *context, int i),
                        const void *context);

/* The index of an entry of the library's catalogue, by role (0: any) and name, or -1; and an attribute of it by name. */
int cli_entry(tacet_role role, const char *name);
bool cli_attribute(int entry, const char *name, tacet_attribute *a);

/* Paragraphs of at most `width` columns, each line after `indent` spaces; the first one is at column `at` already. */
void cli_wrap(FILE *to, const char *text, int at, int indent, int width);

#endif
