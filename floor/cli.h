/* cli.h: what the files of the program share: memory, error messages that point at a place, wording.
 *
 * The program uses tacet.h, and shares src/base with the library. The library never prints; the program prints results
 * to standard output and everything else to standard error. Memory is allocated in arenas, which are freed as a
 * whole; when it runs out the program exits with TACET_MEMORY. A call that fails has already printed why; its
 * caller only passes on the status, which becomes the exit code. */
#ifndef CLI_H
#define CLI_H

#include "base/text.h"
#include "tacet/tacet.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdnoreturn.h>

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Texts and tables that live until the arena is freed. Zero-initialise. */
typedef struct cli_arena {
    struct cli_block *last;
} cli_arena;

void *cli_take(cli_arena *a, size_t size); /* zeroed; never NULL */
__attribute__((format(printf, 2, 3))) char *cli_format(cli_arena *a, const char *format, ...);
__attribute__((format(printf, 2, 0))) char *cli_format_list(cli_arena *a, const char *format, va_list list);
char *cli_copy(cli_arena *a, const char *text, size_t length);
void cli_arena_free(cli_arena *a);

/* What must not be left behind when the program ends in the middle of something, such as a temporary file: cli_exit calls
 * undo(of), for what was kept last first. Zero-initialise; what is kept must be dropped before it goes out of scope. */
typedef struct cli_undo {
    void (*undo)(void *of);
    void *of;
    struct cli_undo *before;
} cli_undo;
void cli_undo_keep(cli_undo *u, void (*undo)(void *of), void *of);
void cli_undo_drop(cli_undo *u); /* does nothing if it is not kept */
noreturn void cli_exit(tacet_status s);

/* Undoes what is kept, and ends the program with TACET_MEMORY and a message. */
noreturn void cli_no_memory(void);

/* The arena as an allocator for src/base; freeing does nothing. */
tc_mem cli_memory(cli_arena *a);

/* All of the text that a library call writes; cli_graph_part: of a part of a graph, such as "penalties". */
char *cli_text_of(cli_arena *a, size_t (*write)(const void *from, char *text, size_t capacity), const void *from);
char *cli_graph_part(cli_arena *a, const tacet_graph *g, const char *part);
char *cli_machine(cli_arena *a);

/* Splits off the first of the lines "key: value"; false after the last. */
bool cli_next_line(cli_arena *a, const char **lines, const char **key, const char **value);

/* ---- Places and errors ------------------------------------------------------------------------------------------- */

/* A text that errors can point into: a file, or the argument of an option ("--set"). */
typedef struct cli_source {
    const char *name;
    const char *text;
    size_t length;
    bool file;               /* errors name line and column */
    struct cli_begun *begun; /* where its relative paths start (cli/begun.h); NULL: in the current folder */
} cli_source;

/* A place in a source; source NULL: unknown. */
typedef struct cli_place {
    const cli_source *source;
    size_t offset; /* bytes */
} cli_place;

/* A text and the place where it was written. */
typedef struct cli_item {
    const char *text;
    cli_place place;
} cli_item;

/* fprintf for people: control characters, characters that disguise a text, and bytes that are not UTF-8 become question
 * marks (tc_tame). Anything that may contain text from a file, or a path, must be printed with it. */
__attribute__((format(printf, 2, 3))) void cli_print(FILE *to, const char *format, ...);
__attribute__((format(printf, 2, 0))) void cli_print_list(FILE *to, const char *format, va_list list);

/* Prints "tacet: message" to standard error, with a hint ("see tacet train --help"; NULL: none) on the next line, and
 * returns the status. */
__attribute__((format(printf, 3, 4))) tacet_status cli_fail_hint(tacet_status s, const char *hint, const char *format,
                                                                 ...);
#define cli_fail(s, ...) cli_fail_hint(s, NULL, __VA_ARGS__)

/* "cannot DOING PATH: " and what errno says; 0 says that it is not a regular file. The status is TACET_IO, or
 * TACET_MEMORY if that was the reason. */
tacet_status cli_fail_file(const char *doing, const char *path);
tacet_status cli_file_error(tacet_error *e, const char *doing, const char *path); /* the same, without printing it */

/* The same at a place: "tacet: net.yaml:3:12: message", that line, and a caret under `width` bytes. */
__attribute__((format(printf, 4, 5))) tacet_status cli_fail_at(cli_place place, size_t width, const char *hint,
                                                               const char *format, ...);

/* Prints an error of the library, pointing at the item whose text it is about, otherwise at the first item; without
 * items, it is printed as the library words it. */
tacet_status cli_refuse(const tacet_error *e, int items, const cli_item *item);

/* Prints "tacet: warning: ..." to standard error. */
__attribute__((format(printf, 1, 2))) void cli_warn(const char *format, ...);

/* Prints "tacet: ..." to standard error: what users should know although nothing is wrong. */
__attribute__((format(printf, 1, 2))) void cli_note(const char *format, ...);

/* Standard error, for writing to it, after what has been printed to standard output so far: where both go to the same
 * place, the order of the lines is that in which they were printed. cli_log_begin is called once, first. */
void cli_log_begin(void);
FILE *cli_log(void);

/* Whether f is a terminal that understands escape sequences: TERM is set and not "dumb". */
bool cli_terminal(FILE *f);

/* The columns that a line of f may take: on such a terminal all but the last, which it may wrap after; 0: any number. */
int cli_columns(FILE *f);

/* The escape sequence if f is such a terminal and NO_COLOR is not set, otherwise "". */
const char *cli_colour(FILE *f, const char *escape);

/* ---- Words ------------------------------------------------------------------------------------------------------- */

/* "did you mean NAME?", or NULL if no name is similar. */
const char *cli_suggest(cli_arena *a, const char *word, const char *(*next)(const void *context, int i),
                        const void *context);

/* Prints text, after a beginning unless that is ""; on a terminal it is wrapped to the window. */
void cli_paragraph(FILE *to, const char *begin, const char *text);

/* Wraps text to `width` columns (0: 120) and indents each line; the first line begins at column `at`. */
void cli_wrap(FILE *to, const char *text, int at, int indent, int width);

#endif
