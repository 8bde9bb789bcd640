/* kept_lines.c: each line has an arena of its own, so that it can be dropped. */
#include "kept_lines.h"

#include <stdlib.h>
#include <string.h>

/* The memory of a line; brief: it has no lists of numbers any more. */
struct cli_kept_at {
    cli_arena arena;
    size_t bytes;
    bool brief;
};

/* ---- A line without its lists of numbers ------------------------------------------------------------------------- */

static bool left_out(const tc_json *v)
{
    const tc_json *first = v->kind == TC_JSON_LIST ? tc_json_first(v) : NULL;
    return first && first->kind != TC_JSON_OBJECT;
}

static size_t text_size(const char *text) { return text ? strlen(text) + 1 : 0; }

static void measure(const tc_json *v, size_t *nodes, size_t *letters)
{
    ++*nodes;
    *letters += text_size(v->key) + text_size(tc_json_text(v));
    if (left_out(v)) return;
    for (const tc_json *c = tc_json_first(v); c; c = tc_json_next(c)) measure(c, nodes, letters);
}

static const char *put(char **to, const char *text)
{
    char *begin = *to;
    if (!text) return NULL;
    memcpy(begin, text, text_size(text));
    *to += text_size(text);
    return begin;
}

/* Returns the node after the copy. */
static tc_json *copy(const tc_json *v, tc_json *to, char **letters)
{
    tc_json *next = to + 1;
    *to = *v;
    to->key = put(letters, v->key);
    if (v->kind == TC_JSON_TEXT) to->text = put(letters, v->text);
    if (left_out(v))
        to->count = 0;
    else
        for (const tc_json *c = tc_json_first(v); c; c = tc_json_next(c)) next = copy(c, next, letters);
    to->span = (uint32_t)(next - to);
    return next;
}

const tc_json *cli_kept_brief(cli_arena *a, const tc_json *line, size_t *bytes)
{
    size_t nodes = 0, letters = 0;
    measure(line, &nodes, &letters);
    *bytes = nodes * sizeof *line + letters;
    tc_json *to = cli_take(a, *bytes);
    char *text = (char *)(to + nodes);
    copy(line, to, &text);
    return to;
}

/* ---- All lines --------------------------------------------------------------------------------------------------- */

enum { OVERHEAD = 64 /* bytes for each line: its block, and its place in the lists */ };

static void drop(cli_kept *k, size_t i)
{
    k->bytes -= k->own[i].bytes;
    cli_arena_free(&k->own[i].arena);
}

static void shorten(cli_kept *k, size_t i)
{
    struct cli_kept_at brief = {.brief = true};
    const tc_json *line = cli_kept_brief(&brief.arena, k->line[i], &brief.bytes);
    brief.bytes += OVERHEAD;
    drop(k, i);
    k->own[i] = brief;
    k->line[i] = line;
    k->bytes += brief.bytes;
}

static void *more(void *old, size_t n, size_t size)
{
    void *block = realloc(old, n * size);
    if (!block) cli_no_memory();
    return block;
}

void cli_kept_add(cli_kept *k, const tc_json *line, cli_arena own, size_t bytes)
{
    if (k->every == 0) k->every = 1;
    if (k->n == CLI_KEPT_MOST) cli_kept_thin(k);
    if (k->n && (k->seen - 1) % k->every != 0)
        drop(k, --k->n);
    else if (k->n && !k->own[k->n - 1].brief)
        shorten(k, k->n - 1);
    if (k->n == k->room) {
        k->room = 2 * k->room + 16;
        k->line = more(k->line, k->room, sizeof *k->line);
        k->own = more(k->own, k->room, sizeof *k->own);
    }
    k->line[k->n] = line;
    k->own[k->n++] = (struct cli_kept_at){own, bytes + OVERHEAD, false};
    k->bytes += bytes + OVERHEAD;
    k->seen++;
}

bool cli_kept_thin(cli_kept *k)
{
    const size_t last = k->n - 1;
    if (k->n == 0) return false;
    if (k->n <= 2) {
        if (k->own[last].brief) return false;
        shorten(k, last);
        return true;
    }
    size_t to = 0;
    for (size_t i = 0; i < k->n; i++) {
        if (i % 2 && i != last) {
            drop(k, i);
            continue;
        }
        k->line[to] = k->line[i];
        k->own[to++] = k->own[i];
    }
    k->n = to;
    k->every *= 2;
    return true;
}

void cli_kept_free(cli_kept *k)
{
    for (size_t i = 0; i < k->n; i++) drop(k, i);
    free(k->line);
    free(k->own);
    *k = (cli_kept){0};
}
