/* matrices.c: where exact zeros are in each matrix. A matrix of thousands by thousands becomes a grid of cells, each as
 * strong as the share of its weights that are not 0. A weight with taps is drawn as [units, inputs * taps]: the taps of
 * an input stand side by side. */
#include "report/picture.h"
#include "report/run_set.h"
#include "weight_view.h"

#include <math.h>
#include <string.h>

enum { ACROSS = 112, DOWN = 84, BLOCKS = 8, COLUMNS = 6 };
enum { WIDTH = 480, HEIGHT = 360, LEFT = 62, RIGHT = 14, TOP = 28, BOTTOM = 44 };

typedef struct matrix {
    cli_weight of;
    int64_t columns; /* inputs * taps */
    int64_t zeros, empty_in, empty_out;
} matrix;

static void count(cli_arena *a, matrix *m)
{
    bool *used = cli_take(a, (size_t)m->of.inputs);
    m->zeros = m->empty_out = 0;
    m->empty_in = m->of.inputs;
    for (int64_t o = 0; o < m->of.units; o++) {
        int64_t here = 0;
        for (int64_t i = 0; i < m->of.inputs; i++) {
            int64_t zeros = 0;
            for (int64_t t = 0; t < m->of.taps; t++) zeros += cli_weight_at(&m->of, o, i, t) == 0;
            here += zeros;
            if (zeros == m->of.taps || used[i]) continue;
            used[i] = true;
            m->empty_in--;
        }
        m->zeros += here;
        m->empty_out += here == m->columns;
    }
}

static double share_of_zeros(const matrix *m) { return (double)m->zeros / ((double)m->of.units * (double)m->columns); }

/* Cell x of n that share out m rows or columns, as even as whole ones allow: [from, to). */
typedef struct cell {
    int64_t from, to;
} cell;

static cell cell_at(int64_t x, int64_t n, int64_t m) { return (cell){x * m / n, (x + 1) * m / n}; }

/* The share of weights that are 0 in these units and columns. */
static double zeros_in(const matrix *m, cell units, cell columns)
{
    int64_t zeros = 0;
    for (int64_t o = units.from; o < units.to; o++) {
        int64_t i = columns.from / m->of.taps, t = columns.from % m->of.taps;
        for (int64_t c = columns.from; c < columns.to; c++) {
            zeros += cli_weight_at(&m->of, o, i, t) == 0;
            if (++t == m->of.taps) t = 0, i++;
        }
    }
    return (double)zeros / (double)((units.to - units.from) * (columns.to - columns.from));
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- Axes: numbers of inputs and of units ------------------------------------------------------------------------ */

static const char *whole(cli_arena *a, int64_t n) { return cli_format(a, "%lld", (long long)n); }

static void label(cli_page *p, double x, double y, const char *anchor, const char *text)
{
    fprintf(p->to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    cli_page_escape(p, text);
    fputs("</text>\n", p->to);
}

static void axes(cli_page *p, const matrix *m)
{
    static const struct {
        const char *anchor; /* of a number below the frame */
        int drop;           /* of one at its left, to stay beside it */
    } place[] = {{"start", 11}, {"middle", 4}, {"end", 0}};
    const double right = WIDTH - RIGHT, bottom = HEIGHT - BOTTOM;
    fprintf(p->to, "<rect class=\"axis\" x=\"%d\" y=\"%d\" width=\"%.0f\" height=\"%.0f\"/>\n", LEFT, TOP, right - LEFT,
            bottom - TOP);
    for (int k = 0; k <= 2; k++) {
        label(p, LEFT + (right - LEFT) * k / 2, bottom + 17, place[k].anchor, whole(p->arena, m->of.inputs * k / 2));
        label(p, LEFT - 6, TOP + (bottom - TOP) * k / 2 + place[k].drop, "end", whole(p->arena, m->of.units * k / 2));
    }
    label(p, (LEFT + right) / 2, HEIGHT - 6, "middle", "input [number]");
    label(p, 2, 14, "start", "unit [number]");
}

static const char *range(cli_arena *a, cell c)
{
    return c.to - c.from == 1 ? cli_format(a, "%lld", (long long)c.from)
                              : cli_format(a, "%lld-%lld", (long long)c.from, (long long)c.to - 1);
}

/* ---- One matrix -------------------------------------------------------------------------------------------------- */

/* Zeros block by block, for those who cannot see the picture. */
static const char *const *blocks(cli_arena *a, const matrix *m, int across, int down)
{
    const char **text = cli_take(a, (size_t)(across + 1) * (size_t)(down + 1) * sizeof *text), **t = text;
    *t++ = "units \\ inputs";
    for (int x = 0; x < across; x++) *t++ = range(a, cell_at(x, across, m->of.inputs));
    for (int y = 0; y < down; y++) {
        const cell units = cell_at(y, down, m->of.units);
        *t++ = range(a, units);
        for (int x = 0; x < across; x++) {
            const cell in = cell_at(x, across, m->of.inputs), all = {in.from * m->of.taps, in.to * m->of.taps};
            *t++ = cli_format(a, "%.1f%%", 100 * zeros_in(m, units, all));
        }
    }
    return text;
}

/* " of 9 taps", nothing where there is one. */
static const char *taps(cli_arena *a, const matrix *m)
{
    return m->of.taps > 1 ? cli_format(a, " of %lld taps", (long long)m->of.taps) : "";
}

static void figure(cli_page *p, const matrix *m, const char *title)
{
    cli_arena *a = p->arena;
    const int64_t across = least(m->columns, ACROSS), down = least(m->of.units, DOWN);
    cli_picture c = cli_picture_new(a, (int)across, (int)down);
    for (int64_t y = 0; y < down; y++)
        for (int64_t x = 0; x < across; x++)
            cli_picture_set(&c, (int)x, (int)y,
                            1 - zeros_in(m, cell_at(y, down, m->of.units), cell_at(x, across, m->columns)));
    const char *share = cli_format(a, "%.1f%% exact zeros", 100 * share_of_zeros(m));
    cli_page_figure(p, title,
                    cli_format(a, "Where weights are 0 in a matrix of %lld units by %lld inputs%s: %s.",
                               (long long)m->of.units, (long long)m->of.inputs, taps(a, m), share),
                    WIDTH, HEIGHT);
    cli_picture_write(p, &c, LEFT, TOP, WIDTH - RIGHT - LEFT, HEIGHT - BOTTOM - TOP);
    axes(p, m);
    const int columns = (int)least(m->of.inputs, BLOCKS), rows = (int)least(m->of.units, BLOCKS);
    cli_page_figure_end(p, cli_format(a, "%s. The fuller a place, the more of its weights are not 0.", share),
                        cli_format(a, "l%.*s", columns, "rrrrrrrr"), rows + 1, blocks(a, m, columns, rows));
}

/* ---- All of them ------------------------------------------------------------------------------------------------- */

static void table(cli_page *p, int n, const matrix *m)
{
    static const char *const head[COLUMNS] = {"matrix", "units x inputs",         "exact zeros",
                                              "",       "units without a weight", "inputs without a weight"};
    const char **cell = cli_take(p->arena, (size_t)(n + 1) * sizeof head), **c = cell + COLUMNS;
    memcpy(cell, head, sizeof head);
    for (int i = 0; i < n; i++, m++) {
        *c++ = m->of.name;
        *c++ = cli_format(p->arena, "%lld x %lld%s", (long long)m->of.units, (long long)m->of.inputs,
                          taps(p->arena, m));
        *c++ = whole(p->arena, m->zeros);
        *c++ = cli_format(p->arena, "%.1f%%", 100 * share_of_zeros(m));
        *c++ = whole(p->arena, m->empty_out);
        *c++ = whole(p->arena, m->empty_in);
    }
    cli_page_table(p, "llrrrr", n + 1, cell);
}

/* The matrices of a model, with their counts; *n of them. They point into the file. */
static matrix *matrices(cli_arena *a, const tacet_file *f, int *n)
{
    const int all = tacet_file_count(f);
    matrix *m = cli_take(a, ((size_t)all + 1) * sizeof *m);
    tacet_graph *g = tacet_file_graph(f, NULL, NULL);
    *n = 0;
    for (int i = 0; i < all; i++) {
        matrix *to = &m[*n];
        if (!cli_weight_in(f, g, i, &to->of)) continue;
        to->columns = to->of.inputs * to->of.taps;
        count(a, to);
        ++*n;
    }
    tacet_graph_free(g);
    return m;
}

/* The table of a run's matrices; *zeros: whether there is one to draw. Returns how many matrices there are. */
static int tables(cli_run_set *s, int run, bool *zeros)
{
    tacet_error e;
    int n = 0;
    const char *model = s->record[run].folder.model;
    if (!cli_folder_has(model)) return 0;
    cli_set_begin(s);
    if (s->runs > 1) cli_page_heading(s->page, s->name[run]);
    tacet_file *f = tacet_file_open(model, NULL, &e);
    if (!f) {
        cli_page_paragraph(s->page, cli_format(s->arena, "The weights could not be read: %s", e.message));
        return 0;
    }
    const matrix *m = matrices(s->arena, f, &n);
    if (n) table(s->page, n, m);
    for (int i = 0; i < n; i++) *zeros = *zeros || m[i].zeros > 0;
    tacet_file_free(f);
    return n;
}

static void figures(cli_run_set *s, int run)
{
    tacet_file *f = tacet_file_open(s->record[run].folder.model, NULL, NULL);
    int n = 0;
    const matrix *m = f ? matrices(s->arena, f, &n) : NULL;
    for (int i = 0; i < n; i++)
        if (m[i].zeros) figure(s->page, &m[i], cli_set_title(s, run, m[i].of.name));
    tacet_file_free(f);
}

/* A model is large: none is held for longer than it is looked at. */
void cli_weight_zeros(cli_run_set *s)
{
    bool *zeros = cli_take(s->arena, (size_t)s->runs * sizeof *zeros), any = false;
    int all = 0;
    for (int r = 0; r < s->runs; r++) {
        all += tables(s, r, &zeros[r]);
        any = any || zeros[r];
    }
    for (int r = 0; r < s->runs; r++)
        if (zeros[r]) figures(s, r);
    if (all && !any)
        cli_page_paragraph(s->page, "No weight is exactly 0, so there is nothing to draw: a penalty with prox makes "
                                    "zeros.");
}
