/* matrices.c: where exact zeros are in each matrix. A matrix of thousands by thousands becomes a grid of cells, each as
 * strong as the share of its weights that are not 0. */
#include "report/picture.h"
#include "report/run_set.h"

#include <math.h>
#include <string.h>

enum { ACROSS = 112, DOWN = 84, BLOCKS = 8, COLUMNS = 6 };
enum { WIDTH = 480, HEIGHT = 360, LEFT = 62, RIGHT = 14, TOP = 28, BOTTOM = 44 };

typedef struct matrix {
    const char *name;
    int64_t out, in;
    const float *w; /* [out, in] */
    int64_t zeros, empty_in, empty_out;
} matrix;

static void count(cli_arena *a, matrix *m)
{
    bool *used = cli_take(a, (size_t)m->in);
    m->zeros = m->empty_out = 0;
    m->empty_in = m->in;
    for (int64_t o = 0; o < m->out; o++) {
        int64_t here = 0;
        for (int64_t i = 0; i < m->in; i++) {
            const bool zero = m->w[o * m->in + i] == 0;
            here += zero;
            if (zero || used[i]) continue;
            used[i] = true;
            m->empty_in--;
        }
        m->zeros += here;
        m->empty_out += here == m->in;
    }
}

/* The share of weights that are 0 in a block of the matrix that is cell (x, y) of a grid; n x m cells. */
static double zeros_in(const matrix *m, int64_t x, int64_t y, int64_t across, int64_t down)
{
    const int64_t top = y * m->out / down, bottom = (y + 1) * m->out / down;
    const int64_t left = x * m->in / across, right = (x + 1) * m->in / across;
    int64_t zeros = 0;
    for (int64_t o = top; o < bottom; o++)
        for (int64_t i = left; i < right; i++) zeros += m->w[o * m->in + i] == 0;
    return (double)zeros / (double)((bottom - top) * (right - left));
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
        label(p, LEFT + (right - LEFT) * k / 2, bottom + 17, place[k].anchor, whole(p->arena, m->in * k / 2));
        label(p, LEFT - 6, TOP + (bottom - TOP) * k / 2 + place[k].drop, "end", whole(p->arena, m->out * k / 2));
    }
    label(p, (LEFT + right) / 2, HEIGHT - 6, "middle", "input [number]");
    label(p, 2, 14, "start", "unit [number]");
}

static const char *range(cli_arena *a, int64_t from, int64_t to)
{
    return to - from == 1 ? cli_format(a, "%lld", (long long)from)
                          : cli_format(a, "%lld-%lld", (long long)from, (long long)to - 1);
}

/* ---- One matrix -------------------------------------------------------------------------------------------------- */

/* Zeros block by block, for those who cannot see the picture. */
static const char *const *blocks(cli_arena *a, const matrix *m, int across, int down)
{
    const char **cell = cli_take(a, (size_t)(across + 1) * (size_t)(down + 1) * sizeof *cell), **c = cell;
    *c++ = "units \\ inputs";
    for (int x = 0; x < across; x++) *c++ = range(a, x * m->in / across, (x + 1) * m->in / across);
    for (int y = 0; y < down; y++) {
        *c++ = range(a, y * m->out / down, (y + 1) * m->out / down);
        for (int x = 0; x < across; x++) *c++ = cli_format(a, "%.1f%%", 100 * zeros_in(m, x, y, across, down));
    }
    return cell;
}

static void figure(cli_page *p, const matrix *m, const char *title)
{
    cli_arena *a = p->arena;
    const int64_t across = least(m->in, ACROSS), down = least(m->out, DOWN);
    cli_picture c = cli_picture_new(a, (int)across, (int)down);
    for (int64_t y = 0; y < down; y++)
        for (int64_t x = 0; x < across; x++) cli_picture_set(&c, (int)x, (int)y, 1 - zeros_in(m, x, y, across, down));
    const char *share = cli_format(a, "%.1f%% exact zeros", 100 * (double)m->zeros / ((double)m->out * (double)m->in));
    cli_page_figure(p, title,
                    cli_format(a, "Where weights are 0 in a matrix of %lld units by %lld inputs: %s.",
                               (long long)m->out, (long long)m->in, share),
                    WIDTH, HEIGHT);
    cli_picture_write(p, &c, LEFT, TOP, WIDTH - RIGHT - LEFT, HEIGHT - BOTTOM - TOP);
    axes(p, m);
    const int columns = (int)least(m->in, BLOCKS), rows = (int)least(m->out, BLOCKS);
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
        *c++ = m->name;
        *c++ = cli_format(p->arena, "%lld x %lld", (long long)m->out, (long long)m->in);
        *c++ = whole(p->arena, m->zeros);
        *c++ = cli_format(p->arena, "%.1f%%", 100 * (double)m->zeros / ((double)m->out * (double)m->in));
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
    const int64_t *shape;
    int rank;
    *n = 0;
    for (int i = 0; i < all; i++) {
        matrix *to = &m[*n];
        if (tacet_file_tensor(f, i, &to->name, &rank, &shape, &to->w) != TACET_OK || !to->w || rank != 2) continue;
        to->out = shape[0];
        to->in = shape[1];
        if (to->out < 1 || to->in < 1) continue;
        count(a, to);
        ++*n;
    }
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
        if (m[i].zeros) figure(s->page, &m[i], cli_set_title(s, run, m[i].name));
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
