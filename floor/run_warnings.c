/* run_warnings.c: however many epochs there are, the ranges of epochs and the different warnings are limited. */
#include "run_warnings.h"
#include "run_read.h"

#include <string.h>

enum { DIFFERENT = 1000, RANGES = 50 };

/* A warning, and the last of the ranges of epochs in which it held. */
struct cli_warning {
    const char *on, *kind, *when;
    const char *text;
    cli_arena own; /* of the text, which changes from epoch to epoch */
    double from, to;
    int ranges;
    double more; /* epochs after the last range that is named */
};

static void end_range(cli_arena *a, struct cli_warning *w)
{
    const char *range = w->from == w->to ? cli_format(a, "%.0f", w->to) : cli_format(a, "%.0f to %.0f", w->from, w->to);
    if (w->ranges == RANGES)
        w->more += w->to - w->from + 1;
    else
        w->when = cli_format(a, "%s%s%s", w->when, w->ranges++ ? ", " : "", range);
}

static struct cli_warning *find(cli_warning_list *all, const char *on, const char *kind)
{
    for (int i = 0; i < all->n; i++)
        if (strcmp(all->list[i].on, on) == 0 && strcmp(all->list[i].kind, kind) == 0) return &all->list[i];
    return NULL;
}

static struct cli_warning *add(cli_warning_list *all, const char *on, const char *kind, double epoch)
{
    if (all->n == all->room) {
        all->room = 2 * all->room + 8;
        struct cli_warning *list = cli_take(&all->arena, (size_t)all->room * sizeof *list);
        if (all->n) memcpy(list, all->list, (size_t)all->n * sizeof *list);
        all->list = list;
    }
    struct cli_warning *w = &all->list[all->n++];
    *w = (struct cli_warning){.on = cli_copy(&all->arena, on, strlen(on)),
                              .kind = cli_copy(&all->arena, kind, strlen(kind)),
                              .when = "",
                              .from = epoch};
    return w;
}

static void add_one(cli_warning_list *all, cli_arena *a, double epoch, const tc_json *warning)
{
    const char *on = cli_record_text(a, warning, "on"), *kind = cli_record_text(a, warning, "kind");
    struct cli_warning *w = find(all, on, kind);
    if (!w && all->n == DIFFERENT) {
        all->more++;
        return;
    }
    if (!w) {
        w = add(all, on, kind, epoch);
    } else if (epoch > w->to + 1) {
        end_range(&all->arena, w);
        w->from = epoch;
    }
    const char *text = cli_record_text(a, warning, "text");
    cli_arena_free(&w->own);
    w->text = cli_copy(&w->own, text, strlen(text));
    w->to = epoch;
}

void cli_warnings_add(cli_warning_list *w, const tc_json *line)
{
    const tc_json *warning;
    size_t i;
    cli_arena a = {0};
    tc_json_each(tc_json_get(line, "warnings"), i, warning) add_one(w, &a, cli_number(line, "epoch"), warning);
    cli_arena_free(&a);
}

const cli_warned *cli_warnings_list(cli_arena *a, const cli_warning_list *all, int *n)
{
    cli_warned *shown = cli_take(a, ((size_t)all->n + 2) * sizeof *shown);
    for (*n = 0; *n < all->n; ++*n) {
        struct cli_warning w = all->list[*n];
        end_range(a, &w);
        const char *many = w.ranges == 1 && w.from == w.to ? "" : "s";
        const char *more = w.more > 0 ? cli_format(a, " and %.0f more", w.more) : "";
        shown[*n] = (cli_warned){w.on, w.text, cli_format(a, "epoch%s %s%s", many, w.when, more)};
    }
    if (all->more)
        shown[(*n)++] = (cli_warned){"more", cli_format(a, "%lld other warnings", (long long)all->more),
                                     "see metrics.jsonl"};
    return shown;
}

void cli_warnings_free(cli_warning_list *w)
{
    for (int i = 0; i < w->n; i++) cli_arena_free(&w->list[i].own);
    cli_arena_free(&w->arena);
    *w = (cli_warning_list){0};
}
