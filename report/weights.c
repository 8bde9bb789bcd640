/* weights.c: how many exact zeros each matrix of the model has, and where. If the input is an image, also the units of
 * the first layer as images and, if the output is one too, the columns of the last layer. A weight with taps is drawn as
 * [units, inputs * taps], with the taps of an input side by side. */
#include "report/filters.h"
#include "report/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ACROSS = 112, DOWN = 84, ROWS = 8 };
enum { LEAST = 4 /* pixels along each side of an image; also the most colours */, MOST = 64, SHOWN = 64, IN_ROW = 8 };
enum { WIDTH = 480, HEIGHT = 360 };

typedef struct matrix {
    cli_weight of;
    int64_t columns; /* inputs * taps */
    int64_t zeros, empty_in, empty_out;
} matrix;

/* Weights that are not 0 in rows [top, bottom) and columns [left, right). */
static int64_t present(const matrix *m, int64_t top, int64_t bottom, int64_t left, int64_t right)
{
    int64_t n = 0;
    for (int64_t o = top; o < bottom; o++)
        for (int64_t c = left; c < right; c++) n += cli_weight_at(&m->of, o, c / m->of.taps, c % m->of.taps) != 0;
    return n;
}

static void count(matrix *m)
{
    m->columns = m->of.inputs * m->of.taps;
    m->zeros = m->of.units * m->columns - present(m, 0, m->of.units, 0, m->columns);
    for (int64_t o = 0; o < m->of.units; o++) m->empty_out += cli_weight_is_empty(&m->of, false, o);
    for (int64_t i = 0; i < m->of.inputs * m->of.groups; i++) m->empty_in += cli_weight_is_empty(&m->of, true, i);
}

/* The *n matrices of a model, with their counts. They point into the file. */
static matrix *matrices(cli_page *p, const tacet_file *f, const char *path, int *n)
{
    tacet_error e;
    const char *name;
    const float *data;
    const int all = tacet_file_count(f);
    matrix *m = cli_take(p->arena, ((size_t)all + 1) * sizeof *m);
    tacet_graph *g = tacet_file_graph(f, NULL, &e);
    if (!g) cli_page_missing(p, e.status, "%s", e.message);
    *n = 0;
    for (int i = 0; i < all; i++)
        if (cli_weight_in(f, g, i, &m[*n].of))
            count(&m[(*n)++]);
        else if (tacet_file_tensor(f, i, &name, NULL, NULL, &data) == TACET_OK && !data)
            cli_page_missing(p, TACET_FILE, "%s: %s is of a type that cannot be read", path, name);
    tacet_graph_free(g);
    return m;
}

static const char *percent(cli_arena *a, const matrix *m)
{
    return cli_format(a, "%.1f%%", 100 * (double)m->zeros / ((double)m->of.units * (double)m->columns));
}

static const char *size(cli_arena *a, const matrix *m)
{
    const char *text = cli_format(a, "%lld x %lld", (long long)m->of.units, (long long)m->of.inputs);
    return m->of.taps > 1 ? cli_format(a, "%s of %lld taps", text, (long long)m->of.taps) : text;
}

static void table(cli_page *p, int n, const matrix *m)
{
    cli_arena *a = p->arena;
    cli_sheet t = {.align = "llrrrr"};
    cli_sheet_add(a, &t, "matrix", "units x inputs", "exact zeros", "", "units without weights",
                  "inputs without weights", NULL);
    for (int i = 0; i < n; i++)
        cli_sheet_add(a, &t, m[i].of.name, size(a, &m[i]), cli_whole(a, (double)m[i].zeros), percent(a, &m[i]),
                      cli_whole(a, (double)m[i].empty_out), cli_whole(a, (double)m[i].empty_in), NULL);
    cli_page_table(p, NULL, &t);
}

/* ---- Zeros as a picture ------------------------------------------------------------------------------------------ */

static int least(int64_t a, int b) { return a < b ? (int)a : b; }

/* The share of weights that are not 0 in cell (x, y) of [down, across] cells, which are nearly equal in size. */
static double filled(const matrix *m, int y, int down, int x, int across)
{
    const int64_t top = y * m->of.units / down, bottom = (y + 1) * m->of.units / down;
    const int64_t left = x * m->columns / across, right = (x + 1) * m->columns / across;
    return (double)present(m, top, bottom, left, right) / (double)((bottom - top) * (right - left));
}

static void zeros(cli_page *p, const matrix *m, const char *title)
{
    cli_arena *a = p->arena;
    const int across = least(m->columns, ACROSS), down = least(m->of.units, DOWN), rows = least(m->of.units, ROWS);
    cli_sheet numbers = {.align = "lr"};
    cli_picture picture = cli_picture_new(a, across, down);
    for (int y = 0; y < down; y++)
        for (int x = 0; x < across; x++) cli_picture_set(&picture, x, y, filled(m, y, down, x, across));
    cli_sheet_add(a, &numbers, "units", "exact zeros", NULL);
    for (int y = 0; y < rows; y++) {
        const int64_t from = y * m->of.units / rows, last = (y + 1) * m->of.units / rows - 1;
        cli_sheet_add(a, &numbers,
                      from == last ? cli_whole(a, (double)from)
                                   : cli_format(a, "%lld to %lld", (long long)from, (long long)last),
                      cli_format(a, "%.1f%%", 100 * (1 - filled(m, y, rows, 0, 1))), NULL);
    }
    cli_page_figure(p, title,
                    cli_format(a, "A matrix of %s; %s of its weights are exact zeros.", size(a, m), percent(a, m)),
                    WIDTH, HEIGHT);
    cli_picture_write(p, &picture, 1, 1, WIDTH - 2, HEIGHT - 2);
    fprintf(p->to, "<rect class=\"axis\" x=\"1\" y=\"1\" width=\"%d\" height=\"%d\"/>\n", WIDTH - 2, HEIGHT - 2);
    cli_page_drawing_end(p);
    const char *caption = cli_format(
        a,
        "Units from top to bottom, inputs from left to right. %s exact zeros. The stronger the "
        "colour of a cell, the more of its weights are not 0.",
        percent(a, m));
    cli_page_figure_end(p, caption, &numbers);
}

/* ---- Units as images --------------------------------------------------------------------------------------------- */

/* Element (y, x, colour) of an image is at y * down + x * right + colour * c. Colours are summed. */
typedef struct image {
    int height, width, colours, down, right, colour;
} image;

static bool image_of(const cli_record *r, image *m)
{
    const tc_json *input = tc_json_get(r->run, "input");
    const size_t rank = tc_json_size(input);
    int d[3] = {0};
    for (size_t i = 0; i < rank && i < 3; i++) {
        d[i] = (int)tc_json_whole(tc_json_at(input, i), MOST);
        if (d[i] < 1) return false;
    }
    if (rank == 2)
        *m = (image){d[0], d[1], 1, d[1], 1, 0};
    else if (rank == 3 && d[0] <= LEAST)
        *m = (image){d[1], d[2], d[0], d[2], 1, d[1] * d[2]};
    else if (rank == 3 && d[2] <= LEAST)
        *m = (image){d[0], d[1], d[2], d[1] * d[2], d[2], 1};
    else
        return false;
    return m->height >= LEAST && m->width >= LEAST;
}

typedef struct ranked {
    int64_t unit;
    double norm;
} ranked;

/* The largest norm first; if equal, the lower number. */
static int order(const void *one, const void *two)
{
    const ranked *a = one, *b = two;
    if (a->norm != b->norm) return a->norm < b->norm ? 1 : -1;
    return a->unit < b->unit ? -1 : 1;
}

static ranked *rank_units(cli_arena *a, const cli_weight *w)
{
    ranked *list = cli_take(a, (size_t)w->units * sizeof *list);
    for (int64_t u = 0; u < w->units; u++) {
        double square = 0;
        for (int64_t i = 0; i < w->inputs; i++) square += pow((double)cli_weight_at(w, u, i, 0), 2);
        list[u] = (ranked){u, isnan(square) ? -1 : sqrt(square)};
    }
    qsort(list, (size_t)w->units, sizeof *list, order);
    return list;
}

/* Draws one unit as tile k of the picture, scaled by its largest weight, with gaps of a pixel. */
static void tile(cli_picture *to, const cli_weight *w, const image *m, int64_t unit, int k)
{
    double sum[MOST][MOST], most = 0;
    const int left = k % IN_ROW * (m->width + 1), top = k / IN_ROW * (m->height + 1);
    for (int y = 0; y < m->height; y++)
        for (int x = 0; x < m->width; x++) {
            sum[y][x] = 0;
            for (int c = 0; c < m->colours; c++)
                sum[y][x] += (double)cli_weight_at(w, unit, y * m->down + x * m->right + c * m->colour, 0);
            most = fmax(most, fabs(sum[y][x]));
        }
    for (int y = 0; y < m->height; y++)
        for (int x = 0; x < m->width; x++) cli_picture_set(to, left + x, top + y, most > 0 ? sum[y][x] / most : 0);
}

/* Draws the units, if their inputs are the elements of an image. */
static void tiles(cli_page *p, const cli_weight *w, const image *m, const char *title, const char *what)
{
    if (w->inputs != (int64_t)m->height * m->width * m->colours || w->taps != 1) return;
    cli_arena *a = p->arena;
    const int n = least(w->units, SHOWN), down = (n - 1) / IN_ROW + 1;
    const ranked *list = rank_units(a, w);
    cli_sheet numbers = {.align = "lr"};
    cli_picture picture = cli_picture_new(a, IN_ROW * (m->width + 1) - 1, down * (m->height + 1) - 1);
    cli_sheet_add(a, &numbers, "unit, row by row", "norm", NULL);
    for (int k = 0; k < n; k++) {
        tile(&picture, w, m, list[k].unit, k);
        cli_sheet_add(a, &numbers, cli_whole(a, (double)list[k].unit), cli_format(a, "%.3g", list[k].norm), NULL);
    }
    const char *which = n < w->units
                            ? cli_format(a, "The %d of %lld units with the largest weights", n, (long long)w->units)
                            : "All units, the largest weights first";
    const double height = WIDTH * (double)picture.height / picture.width;
    cli_page_figure(p, title, cli_format(a, "%s, each as an image of %d by %d pixels.", which, m->height, m->width),
                    WIDTH, height);
    cli_picture_write(p, &picture, 0, 0, WIDTH, height);
    cli_page_drawing_end(p);
    cli_page_figure_end(
        p, cli_format(a, "%s: %s. Blue is above 0, orange below; each unit has its own scale.", which, what), &numbers);
}

/* The same weight with units and inputs swapped. */
static cli_weight turned(cli_weight w)
{
    return (cli_weight){w.name, w.w, w.inputs, w.units, w.taps, w.across, w.input, w.unit, w.tap, w.groups};
}

static void images(cli_run_set *s, int run, int n, const matrix *m)
{
    image i;
    if (n == 0 || !image_of(&s->record[run], &i)) return;
    const cli_weight first = m[0].of, last = turned(m[n - 1].of);
    tiles(s->page, &first, &i, cli_set_title(s, run, cli_format(s->arena, "units of %s", first.name)),
          "what each looks for in the image");
    tiles(s->page, &last, &i, cli_set_title(s, run, cli_format(s->arena, "columns of %s", last.name)),
          "what each adds to the output image");
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

/* Models are large, so each is closed before the next is opened. */
static void model(cli_run_set *s, int run)
{
    tacet_error e;
    const char *path = s->record[run].folder.model;
    bool there;
    int n;
    cli_set_begin(s);
    if (s->runs > 1) cli_page_heading(s->page, s->name[run]);
    if (cli_set_holds(s, path, &there) != TACET_OK) return;
    if (!there && cli_record_ended(&s->record[run]))
        cli_page_missing(s->page, TACET_IO, "%s does not exist", path);
    else if (!there)
        cli_page_paragraph(s->page, "There is no model yet.");
    if (!there) return;
    tacet_file *f = tacet_file_open(path, NULL, &e);
    if (!f) {
        cli_page_missing(s->page, e.status, "%s", e.message);
        return;
    }
    const matrix *m = matrices(s->page, f, path, &n);
    if (n)
        table(s->page, n, m);
    else
        cli_page_paragraph(s->page, "The model has no matrices.");
    for (int i = 0; i < n; i++)
        if (m[i].zeros) zeros(s->page, &m[i], cli_set_title(s, run, m[i].of.name));
    for (int i = 0; i < n; i++)
        cli_filters(s, run, &m[i].of, cli_set_title(s, run, cli_format(s->arena, "kernels of %s", m[i].of.name)));
    images(s, run, n, m);
    tacet_file_free(f);
}

void cli_weights(cli_run_set *s)
{
    for (int r = 0; r < s->runs; r++) model(s, r);
}
