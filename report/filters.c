/* filters.c: the kernels of a convolution: as small images, one for each unit, if they look at one channel or at the
 * three colours of the image; otherwise their norms, as a matrix of units by inputs. */
#include "report/filters.h"
#include "report/picture.h"

#include <math.h>
#include <string.h>

enum {
    WIDTH = 480,
    LOWEST = 176,
    SHOWN = 64,
    FEW = 8,
    SOME = 32,
    COLOURS = 3,
    MOST = 32 /* taps along a side that are drawn */
};
enum { ACROSS = 112, DOWN = 84, ROWS = 8 };

static double norm(const cli_weight *w, int64_t unit, int64_t input)
{
    double sum = 0;
    for (int64_t t = 0; t < w->taps; t++) sum += pow((double)cli_weight_at(w, unit, input, t), 2);
    return sqrt(sum);
}

static double norm_of_unit(const cli_weight *w, int64_t unit)
{
    double sum = 0;
    for (int64_t i = 0; i < w->inputs; i++) sum += pow(norm(w, unit, i), 2);
    return sqrt(sum);
}

/* ---- Which units are dead ---------------------------------------------------------------------------------------- */

/* The entry, in the last epoch, of the layer with silent units that the outputs of a convolution go to: the next one in the
 * network that has the same units, before another layer of that kind. NULL: none. */
static const tc_json *fired(cli_arena *a, const cli_record *r, const cli_weight *w)
{
    const tc_json *layer, *last = cli_last_epoch(r);
    const char *kind = NULL, *dot = strrchr(w->name, '.');
    size_t i;
    tc_json_each(tc_json_get(r->run, "network"), i, layer)
    {
        const char *name = cli_record_text(a, layer, "name"), *own = cli_record_text(a, layer, "kind");
        if (kind) {
            const tc_json *entry = cli_entry_of(NULL, "layers", name, last);
            if (strcmp(own, kind) == 0) return NULL;
            if (entry) return cli_number(entry, "units") == (double)w->units ? entry : NULL;
        } else if (dot && strlen(name) == (size_t)(dot - w->name) && strncmp(name, w->name, strlen(name)) == 0) {
            kind = own;
        }
    }
    return NULL;
}

static bool is_dead(const tc_json *entry, int64_t unit)
{
    const tc_json *dead;
    size_t i;
    bool found = false;
    tc_json_each(tc_json_get(entry, "dead_units"), i, dead) found = found || tc_json_number(dead) == (double)unit;
    return found;
}

/* ---- Kernels as images ------------------------------------------------------------------------------------------- */

typedef struct grid {
    const cli_weight *w;
    int height, width; /* of a kernel */
    int n, columns;    /* kernels that are shown, and in a row */
    double unit;       /* of the drawing, for each tap */
} grid;

static grid grid_of(const cli_weight *w)
{
    grid g = {.w = w, .width = (int)w->across, .height = (int)(w->taps / w->across)};
    g.n = w->units < SHOWN ? (int)w->units : SHOWN;
    g.columns = g.n <= FEW ? 4 : g.n <= SOME ? 8 : 16;
    g.unit = WIDTH / (double)(g.columns * (g.width + 1) - 1);
    return g;
}

static void kernel(cli_picture *to, const grid *g, int k)
{
    const int left = k % g->columns * (g->width + 1), top = k / g->columns * (g->height + 1);
    double most = 0;
    for (int64_t i = 0; i < g->w->inputs; i++)
        for (int64_t t = 0; t < g->w->taps; t++) most = fmax(most, fabs((double)cli_weight_at(g->w, k, i, t)));
    for (int t = 0; t < g->w->taps && most > 0; t++) {
        const int x = left + t % g->width, y = top + t / g->width;
        double shade[COLOURS];
        for (int i = 0; i < g->w->inputs; i++) shade[i] = (double)cli_weight_at(g->w, k, i, t) / most;
        if (g->w->inputs == COLOURS)
            cli_picture_colour(to, x, y, (1 + shade[0]) / 2, (1 + shade[1]) / 2, (1 + shade[2]) / 2);
        else
            cli_picture_set(to, x, y, shade[0]);
    }
}

/* A frame around each kernel that shows its figures. A dead one is orange. */
static void frame(cli_page *p, const grid *g, int k, const tc_json *entry)
{
    const double x = k % g->columns * (g->width + 1) * g->unit, y = k / g->columns * (g->height + 1) * g->unit;
    const bool dead = is_dead(entry, k);
    fprintf(p->to, "<rect class=\"%s\" pointer-events=\"all\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">",
            dead ? "s1 ring" : "grid", x, y, g->width * g->unit, g->height * g->unit);
    fprintf(p->to, "<title>unit %d: norm %.3g%s</title></rect>\n", k, norm_of_unit(g->w, k), dead ? ", dead" : "");
}

static void kernels(cli_run_set *s, int run, const cli_weight *w, const char *title)
{
    cli_arena *a = s->arena;
    cli_page *p = s->page;
    const grid g = grid_of(w);
    const int down = (g.n - 1) / g.columns + 1;
    const tc_json *entry = fired(a, &s->record[run], w);
    cli_sheet numbers = {.align = "lrl"};
    cli_picture picture = cli_picture_new(a, g.columns * (g.width + 1) - 1, down * (g.height + 1) - 1);
    cli_sheet_add(a, &numbers, "unit, row by row", "norm", "", NULL);
    int dead = 0;
    for (int k = 0; k < g.n; k++) {
        kernel(&picture, &g, k);
        dead += is_dead(entry, k);
        cli_sheet_add(a, &numbers, cli_whole(a, k), cli_format(a, "%.3g", norm_of_unit(w, k)),
                      is_dead(entry, k) ? "dead" : "", NULL);
    }
    const char *which = g.n < w->units ? cli_format(a, "The first %d of %lld kernels", g.n, (long long)w->units)
                                       : cli_format(a, "All %d kernels", g.n);
    const char *how = w->inputs == COLOURS ? "weights of the three colours; grey is 0"
                                           : "blue is above 0, orange below";
    const char *framed = dead ? cli_format(a, " An orange frame: the unit never fires at %s.",
                                           cli_record_text(a, entry, "name"))
                              : "";
    const double height = picture.height * g.unit;
    cli_page_figure(p, title, cli_format(a, "%s, each as an image of %d by %d.", which, g.height, g.width), WIDTH,
                    fmax(height, LOWEST));
    cli_picture_write(p, &picture, 0, 0, WIDTH, height);
    for (int k = 0; k < g.n; k++) frame(p, &g, k, entry);
    cli_page_drawing_end(p);
    cli_page_figure_end(p, cli_format(a, "%s: %s. Each has its own scale.%s", which, how, framed), &numbers);
}

/* ---- Norms ------------------------------------------------------------------------------------------------------- */

/* The norm of the kernels in cell (x, y) of [down, across], for each kernel. */
static double cell(const cli_weight *w, int y, int down, int x, int across)
{
    const int64_t top = y * w->units / down, bottom = (y + 1) * w->units / down;
    const int64_t left = x * w->inputs / across, right = (x + 1) * w->inputs / across;
    double sum = 0;
    for (int64_t o = top; o < bottom; o++)
        for (int64_t i = left; i < right; i++) sum += pow(norm(w, o, i), 2);
    return sqrt(sum / (double)((bottom - top) * (right - left)));
}

static int least(int64_t a, int b) { return a < b ? (int)a : b; }

static void norms(cli_page *p, const cli_weight *w, const char *title)
{
    cli_arena *a = p->arena;
    const int across = least(w->inputs, ACROSS), down = least(w->units, DOWN), rows = least(w->units, ROWS);
    double most = 0, *of = cli_take(a, (size_t)(across * down) * sizeof *of);
    cli_picture picture = cli_picture_new(a, across, down);
    cli_sheet numbers = {.align = "lr"};
    for (int k = 0; k < across * down; k++) {
        of[k] = cell(w, k / across, down, k % across, across);
        if (isfinite(of[k])) most = fmax(most, of[k]);
    }
    for (int k = 0; k < across * down && most > 0; k++) cli_picture_set(&picture, k % across, k / across, of[k] / most);
    cli_sheet_add(a, &numbers, "units", "norm of a kernel", NULL);
    for (int y = 0; y < rows; y++) {
        const int64_t from = y * w->units / rows, last = (y + 1) * w->units / rows - 1;
        cli_sheet_add(a, &numbers,
                      from == last ? cli_whole(a, (double)from)
                                   : cli_format(a, "%lld to %lld", (long long)from, (long long)last),
                      cli_format(a, "%.3g", cell(w, y, rows, 0, 1)), NULL);
    }
    const double height = fmax(LOWEST, WIDTH * fmin(1, (double)w->units / (double)w->inputs));
    cli_page_figure(p, title,
                    cli_format(a, "The norms of the kernels from %lld inputs to %lld units; the largest is %.3g.",
                               (long long)w->inputs, (long long)w->units, most),
                    WIDTH, height);
    cli_picture_write(p, &picture, 1, 1, WIDTH - 2, height - 2);
    fprintf(p->to, "<rect class=\"axis\" x=\"1\" y=\"1\" width=\"%d\" height=\"%.1f\"/>\n", WIDTH - 2, height - 2);
    cli_page_drawing_end(p);
    cli_page_figure_end(
        p,
        cli_format(a,
                   "The norms of its kernels: units from top to bottom, inputs from left to right. The stronger the "
                   "colour of a cell, the larger the norm; the largest is %.3g.",
                   most),
        &numbers);
}

void cli_filters(cli_run_set *s, int run, const cli_weight *w, const char *title)
{
    if (w->taps == 1) return;
    if ((w->inputs == 1 || w->inputs == COLOURS) && w->across <= MOST && w->taps / w->across <= MOST)
        kernels(s, run, w, title);
    else
        norms(s->page, w, title);
}
