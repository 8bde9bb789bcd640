/* classes_shown.c: the metrics that have a figure for each class, as a table, or for each pair of classes, as a picture:
 * the final figures of a run. */
#include "report/picture.h"
#include "report/run_set.h"

#include <math.h>
#include <string.h>

enum { ROWS = 100 /* of a table */, TOOLTIPS = 30 /* classes whose cells have one */, WORD = 11 /* bytes */ };
enum { LEFT = 110, TOP = 8, SIDE = 360, BELOW = 22, NAMES_BELOW = 110, WIDTH = LEFT + SIDE + 10 };

/* The word of class k, or its number. */
static const char *class_word(cli_arena *a, const cli_record *r, size_t k)
{
    const char *word = tc_json_text(tc_json_at(tc_json_get(r->run, "classes"), k));
    return word ? tc_tame(cli_copy(a, word, strlen(word)), "\n") : cli_whole(a, (double)k);
}

static void by_class(cli_run_set *s, int run)
{
    enum { COLUMNS = 16 };
    const cli_record *r = &s->record[run];
    const char *part, *key[COLUMNS], *name[COLUMNS];
    const tc_json *m, *figures = cli_final_figures(s->arena, r, &part);
    char align[COLUMNS + 2] = "l";
    size_t i, classes = 0;
    int n = 0;
    tc_json_each(tc_json_get(r->run, "metrics"), i, m)
    {
        if (cli_number(m, "by") != 1 || n == COLUMNS) continue;
        name[n] = cli_record_text(s->arena, m, "name");
        key[n] = cli_format(s->arena, "%s_by_class", name[n]);
        if (!tc_json_size(tc_json_get(figures, key[n]))) continue;
        classes = tc_json_size(tc_json_get(figures, key[n]));
        align[++n] = 'r';
    }
    if (n == 0) return;
    cli_sheet t = {.align = cli_copy(s->arena, align, strlen(align))};
    cli_sheet_add(s->arena, &t, "class", NULL);
    for (int k = 0; k < n; k++) cli_sheet_add(s->arena, &t, name[k], NULL);
    for (size_t c = 0; c < classes && c < ROWS; c++) {
        cli_sheet_add(s->arena, &t, class_word(s->arena, r, c), NULL);
        for (int k = 0; k < n; k++)
            cli_sheet_add(s->arena, &t,
                          cli_digits(s->arena, tc_json_number(tc_json_at(tc_json_get(figures, key[k]), c))), NULL);
    }
    cli_set_begin(s);
    cli_page_table(s->page, cli_set_title(s, run, cli_format(s->arena, "By class, on the %s data", part)), &t);
}

/* ---- Pairs ------------------------------------------------------------------------------------------------------- */

/* The word of a class, shortened. */
static const char *short_word(cli_arena *a, const cli_record *r, size_t k)
{
    const char *word = class_word(a, r, k);
    if (strlen(word) <= WORD) return word;
    return cli_format(a, "%s\u2026", tc_tame(cli_copy(a, word, WORD - 1), ""));
}

/* How columns are labelled: with names if all of them fit, running upwards if they are wider than a column; otherwise
 * with numbers. */
typedef enum below { NUMBERS, NAMES, UPWARDS } below;

static below below_columns(cli_arena *a, const cli_record *r, size_t n)
{
    enum { LINE = 20, LETTER = 10 };
    size_t most = 0;
    if (tc_json_size(tc_json_get(r->run, "classes")) < n || n * LINE > SIDE) return NUMBERS;
    for (size_t i = 0; i < n; i++) {
        const size_t length = strlen(class_word(a, r, i));
        most = length > most ? length : most;
    }
    most = most < WORD ? most : WORD;
    return n * most * LETTER > SIDE ? UPWARDS : NAMES;
}

/* Names of classes beside the rows and below the columns, as many as there is room for. */
static void labels(cli_page *p, const cli_record *r, size_t n)
{
    const double cell = SIDE / (double)n;
    const below kind = below_columns(p->arena, r, n);
    const size_t rows = 1 + (size_t)(20 / cell), columns = kind == NUMBERS ? 1 + (size_t)(36 / cell) : 1;
    for (size_t i = 0; i < n; i += rows) {
        fprintf(p->to, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 6, TOP + cell * ((double)i + 0.5) + 5);
        cli_page_escape(p, short_word(p->arena, r, i));
        fprintf(p->to, "</text>\n");
    }
    for (size_t i = 0; i < n; i += columns) {
        const double x = LEFT + cell * ((double)i + 0.5);
        if (kind == UPWARDS)
            fprintf(p->to, "<text transform=\"translate(%.1f %d) rotate(-90)\" text-anchor=\"end\">", x + 5,
                    TOP + SIDE + 6);
        else
            fprintf(p->to, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", x, TOP + SIDE + 17);
        cli_page_escape(p, kind == NUMBERS ? cli_whole(p->arena, (double)i) : short_word(p->arena, r, i));
        fprintf(p->to, "</text>\n");
    }
}

static void tooltips(cli_page *p, const cli_record *r, const tc_json *matrix, size_t n)
{
    const double cell = SIDE / (double)n;
    const tc_json *row, *count;
    size_t i, k;
    if (n > TOOLTIPS) return;
    tc_json_each(matrix, i, row) tc_json_each(row, k, count)
    {
        fprintf(p->to, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"transparent\"><title>",
                LEFT + cell * (double)k, TOP + cell * (double)i, cell, cell);
        cli_page_escape(p, cli_format(p->arena, "label %s, answer %s: %s", class_word(p->arena, r, i),
                                      class_word(p->arena, r, k), cli_whole(p->arena, tc_json_number(count))));
        fprintf(p->to, "</title></rect>\n");
    }
}

static cli_sheet sheet_of(cli_arena *a, const cli_record *r, const tc_json *matrix, size_t n)
{
    const tc_json *row, *count;
    size_t i, k;
    char *align = cli_take(a, n + 2);
    memset(align, 'r', n + 1);
    *align = 'l';
    cli_sheet t = {.align = align};
    if (n > TOOLTIPS) return t;
    cli_sheet_add(a, &t, "label \\ answer", NULL);
    for (k = 0; k < n; k++) cli_sheet_add(a, &t, class_word(a, r, k), NULL);
    tc_json_each(matrix, i, row)
    {
        cli_sheet_add(a, &t, class_word(a, r, i), NULL);
        tc_json_each(row, k, count) cli_sheet_add(a, &t, cli_whole(a, tc_json_number(count)), NULL);
    }
    return t;
}

/* Whether it is a list of n lists of n. */
static bool square(const tc_json *matrix)
{
    const size_t n = tc_json_size(matrix);
    const tc_json *row;
    size_t i;
    bool good = n > 0 && n <= 1000;
    tc_json_each(matrix, i, row) good = good && tc_json_size(row) == n;
    return good;
}

/* The colour of a cell is its share of its row: of the labels of that class. */
static void picture(cli_run_set *s, int run, const char *name)
{
    const cli_record *r = &s->record[run];
    const char *part;
    const tc_json *row, *count, *matrix = tc_json_get(cli_final_figures(s->arena, r, &part), name);
    const size_t n = tc_json_size(matrix);
    size_t i, k;
    if (!square(matrix)) return;
    cli_picture c = cli_picture_new(s->arena, (int)n, (int)n);
    tc_json_each(matrix, i, row)
    {
        double all = 0;
        tc_json_each(row, k, count) all += tc_json_number(count);
        tc_json_each(row, k, count) cli_picture_set(&c, (int)k, (int)i, all > 0 ? tc_json_number(count) / all : 0);
    }
    const cli_sheet numbers = sheet_of(s->arena, r, matrix, n);
    cli_page *p = s->page;
    cli_set_begin(s);
    cli_page_figure(
        p, cli_set_title(s, run, cli_format(s->arena, "%s, on the %s data", name, part)),
        cli_format(s->arena, "A matrix of %zu classes: labels from top to bottom, answers from left to right.", n),
        WIDTH, TOP + SIDE + (below_columns(s->arena, r, n) == UPWARDS ? NAMES_BELOW : BELOW));
    fprintf(p->to, "<g class=\"chart\">\n");
    cli_picture_write(p, &c, LEFT, TOP, SIDE, SIDE);
    fprintf(p->to, "<rect class=\"axis\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", LEFT, TOP, SIDE, SIDE);
    labels(p, r, n);
    tooltips(p, r, matrix, n);
    fprintf(p->to, "</g>\n");
    cli_page_drawing_end(p);
    cli_page_figure_end(p,
                        "Labels from top to bottom, answers from left to right. The stronger the colour of a cell, the "
                        "larger its share of the labels of its row.",
                        &numbers);
}

void cli_classes(cli_run_set *s)
{
    const tc_json *m;
    size_t i;
    for (int r = 0; r < s->runs; r++) {
        by_class(s, r);
        tc_json_each(tc_json_get(s->record[r].run, "metrics"), i, m) if (cli_number(m, "by") == 2)
            picture(s, r, cli_record_text(s->arena, m, "name"));
    }
}
