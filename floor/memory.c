/* memory.c: an arena is a list of blocks that are freed together; texts of the library are copied into one; what is undone
 * when memory runs out. */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct cli_block {
    struct cli_block *before;
    size_t size;
    max_align_t data[];
};

static cli_undo **kept(void)
{
    static cli_undo *last;
    return &last;
}

void cli_undo_keep(cli_undo *u, void (*undo)(void *of), void *of)
{
    *u = (cli_undo){undo, of, *kept()};
    *kept() = u;
}

void cli_undo_drop(cli_undo *u)
{
    cli_undo **at = kept();
    while (*at && *at != u) at = &(*at)->before;
    if (*at) *at = u->before;
}

noreturn void cli_exit(tacet_status s)
{
    for (cli_undo *u; (u = *kept()) != NULL;) {
        *kept() = u->before;
        u->undo(u->of);
    }
    exit((int)s);
}

noreturn void cli_no_memory(void) { cli_exit(cli_fail(TACET_MEMORY, "out of memory")); }

void *cli_take(cli_arena *a, size_t size)
{
    struct cli_block *b = size < SIZE_MAX - sizeof *b ? calloc(1, sizeof *b + size) : NULL;
    if (!b) cli_no_memory();
    b->before = a->last;
    b->size = size;
    a->last = b;
    return b->data;
}

static void *resize(void *arena, void *old, size_t size)
{
    if (size == 0) return NULL;
    const size_t before = old ? ((struct cli_block *)((char *)old - offsetof(struct cli_block, data)))->size : 0;
    void *block = before < size ? cli_take(arena, size) : old;
    if (old && block != old) memcpy(block, old, before);
    return block;
}

tc_mem cli_memory(cli_arena *a) { return (tc_mem){resize, a}; }

char *cli_copy(cli_arena *a, const char *text, size_t length)
{
    char *copy = cli_take(a, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *cli_format_list(cli_arena *a, const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    const int length = vsnprintf(NULL, 0, format, list);
    if (length < 0) cli_no_memory();
    const size_t size = (size_t)length + 1;
    char *text = cli_take(a, size);
    vsnprintf(text, size, format, again);
    va_end(again);
    return text;
}

char *cli_format(cli_arena *a, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text = cli_format_list(a, format, list);
    va_end(list);
    return text;
}

void cli_arena_free(cli_arena *a)
{
    while (a->last) {
        struct cli_block *before = a->last->before;
        free(a->last);
        a->last = before;
    }
}

char *cli_text_of(cli_arena *a, size_t (*write)(const void *from, char *text, size_t capacity), const void *from)
{
    size_t size = write(from, NULL, 0) + 1;
    char *text = cli_take(a, size);
    write(from, text, size);
    return text;
}

char *cli_graph_part(cli_arena *a, const tacet_graph *g, const char *part)
{
    const size_t size = tacet_graph_text(g, part, NULL, 0) + 1;
    char *text = cli_take(a, size);
    tacet_graph_text(g, part, text, size);
    return text;
}

char *cli_machine(cli_arena *a)
{
    const size_t size = tacet_machine(NULL, 0) + 1;
    char *text = cli_take(a, size);
    tacet_machine(text, size);
    return text;
}
