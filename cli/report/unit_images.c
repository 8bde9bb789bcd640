/* unit_images.c: units that have an image before them, drawn as images: of the first layer what each looks for (a row
 * of its weights), of an autoencoder's last layer what each unit of the code adds to the image (a column). */
#include "report/picture.h"
#include "report/run_set.h"
#include "weight_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ACROSS = 8,
    SHOWN = 64,
    TILE = 56,
    GAP = 4,
    LEFT = 4,
    LEAST = 4,
    MOST = 4096 /* pixels a side, to be an image */
};

/* Pixels of the input; colours, if any, are added up. Element (y, x, colour) is at the sum of the strides. */
typedef struct image {
    int64_t height, width, colours, down, right, colour;
} image;

static bool image_of(const cli_record *r, image *m)
{
    const tc_json *input = tc_json_get(r->run, "input");
    const size_t rank = tc_json_size(input);
    int64_t d[3] = {0};
    for (size_t i = 0; i < rank && i < 3; i++) {
        d[i] = tc_json_whole(tc_json_at(input, i), INT64_MAX);
        if (d[i] < 1 || d[i] > MOST) return false;
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

/* The images of a weight: element `pixel` of unit u is w[u * unit + pixel * step]. */
typedef struct bank {
    const char *name;
    const float *w;
    int64_t units, unit, step;
    const tc_json *fired; /* what was counted of these units, or NULL */
} bank;

typedef struct ranked {
    int64_t unit;
    double norm;
    bool dead;
} ranked;

static double pixel(const bank *b, const image *m, int64_t unit, int64_t y, int64_t x)
{
    double sum = 0;
    for (int64_t c = 0; c < m->colours; c++)
        sum += (double)b->w[unit * b->unit + (y * m->down + x * m->right + c * m->colour) * b->step];
    return sum;
}

/* Those that live first, then the larger, then the earlier. */
static int order(const void *one, const void *two)
{
    const ranked *a = one, *b = two;
    if (a->dead != b->dead) return a->dead - b->dead;
    if (a->norm != b->norm) return a->norm < b->norm ? 1 : -1;
    return a->unit < b->unit ? -1 : 1;
}

/* Whether a layer of the record has parameters, be they another's. */
static bool has_parameters(const tc_json *layer)
{
    const char *uses = tc_json_text(tc_json_get(layer, "uses"));
    return tc_json_number(tc_json_get(layer, "parameters")) > 0 || (uses && *uses);
}

/* What was counted in the last epoch of the silent layer next to a layer, `way` 1 behind it or -1 before it, with
 * nothing between them that has parameters; NULL where there is none. */
static const tc_json *fired(const cli_record *r, const char *layer, int way)
{
    const tc_json *network = tc_json_get(r->run, "network"), *last = cli_last_epoch(r);
    const size_t n = tc_json_size(network);
    size_t i = 0;
    for (; i < n; i++) {
        const char *name = tc_json_text(tc_json_get(tc_json_at(network, i), "name"));
        if (name && strcmp(name, layer) == 0) break;
    }
    for (i += (size_t)way; i < n; i += (size_t)way) { /* before the first there is SIZE_MAX */
        const tc_json *next = tc_json_at(network, i);
        const char *name = tc_json_text(tc_json_get(next, "name"));
        const tc_json *found = name ? cli_entry_of(last, "layers", name) : NULL;
        if (found || has_parameters(next)) return found;
    }
    return NULL;
}

static ranked *rank_units(cli_arena *a, const bank *b, const image *m)
{
    ranked *list = cli_take(a, (size_t)b->units * sizeof *list);
    const tc_json *dead = tc_json_get(b->fired, "dead_units"), *unit;
    size_t i;
    for (int64_t u = 0; u < b->units; u++) {
        double square = 0;
        for (int64_t k = 0; k < m->height * m->width * m->colours; k++) {
            const double w = (double)b->w[u * b->unit + k * b->step];
            square += w * w;
        }
        list[u] = (ranked){u, isnan(square) ? -1 : sqrt(square), false};
    }
    tc_json_each(dead, i, unit)
    {
        const int64_t u = tc_json_whole(unit, INT64_MAX);
        if (u >= 0 && u < b->units) list[u].dead = true;
    }
    qsort(list, (size_t)b->units, sizeof *list, order);
    return list;
}

static void tile(cli_page *p, const bank *b, const image *m, const ranked *u, int k)
{
    const double x = LEFT + k % ACROSS * (TILE + GAP), y = LEFT + k / ACROSS * (TILE + GAP);
    double most = 0;
    for (int64_t i = 0; i < m->height; i++)
        for (int64_t j = 0; j < m->width; j++) most = fmax(most, fabs(pixel(b, m, u->unit, i, j)));
    /* A large image is shown by every n-th of its pixels. */
    const int64_t skip = ((m->height > m->width ? m->height : m->width) + 63) / 64;
    cli_picture c = cli_picture_new(p->arena, (int)((m->width + skip - 1) / skip),
                                    (int)((m->height + skip - 1) / skip));
    for (int i = 0; i < c.height; i++)
        for (int j = 0; j < c.width; j++)
            cli_picture_set(&c, j, i, most > 0 ? pixel(b, m, u->unit, i * skip, j * skip) / most : 0);
    const double scale = TILE / (double)(c.width > c.height ? c.width : c.height);
    fprintf(p->to, "<g><title>unit %lld, norm %.3g%s</title>", (long long)u->unit, u->norm, u->dead ? ", dead" : "");
    fprintf(p->to, "<rect class=\"axis\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\"/>", x, y, TILE, TILE);
    cli_picture_write(p, &c, x + (TILE - c.width * scale) / 2, y + (TILE - c.height * scale) / 2, c.width * scale,
                      c.height * scale);
    if (u->dead) fprintf(p->to, "<path class=\"axis\" d=\"M%.1f %.1fl%d %d\"/>", x, y + TILE, TILE, -TILE);
    fputs("</g>\n", p->to);
}

static void tiles(cli_page *p, const bank *b, const image *m, const char *title, const char *what)
{
    cli_arena *a = p->arena;
    const ranked *list = rank_units(a, b, m);
    const int n = (int)(b->units < SHOWN ? b->units : SHOWN), down = (n + ACROSS - 1) / ACROSS;
    const char **cell = cli_take(a, ((size_t)n + 1) * 4 * sizeof *cell), **c = cell;
    *c++ = "place", *c++ = "unit", *c++ = "norm of its weights", *c++ = "fires";
    for (int k = 0; k < n; k++) {
        *c++ = cli_format(a, "row %d, column %d", k / ACROSS + 1, k % ACROSS + 1);
        *c++ = cli_format(a, "%lld", (long long)list[k].unit);
        *c++ = cli_digits(a, list[k].norm);
        *c++ = !b->fired ? "-" : list[k].dead ? "never" : "yes";
    }
    const char *which = n < b->units
                            ? cli_format(a, "The %d of %lld units with the largest weights", n, (long long)b->units)
                            : cli_format(a, "All %d units, those with the largest weights first", n);
    cli_page_figure(p, title,
                    cli_format(a, "%s, each drawn as an image of %lld x %lld pixels.", which, (long long)m->height,
                               (long long)m->width),
                    2 * LEFT + ACROSS * (TILE + GAP) - GAP, 2 * LEFT + down * (TILE + GAP) - GAP);
    for (int k = 0; k < n; k++) tile(p, b, m, &list[k], k);
    cli_page_figure_end(p,
                        cli_format(a,
                                   "%s: %s. Blue above 0, orange below, each on a scale of its own; dead ones are "
                                   "struck through.",
                                   which, what),
                        "lrrl", n + 1, cell);
}

/* For each pixel the share of units that have a weight on it. */
static void inputs(cli_page *p, const bank *b, const image *m, const char *title)
{
    enum { SIDE = 400 };
    cli_arena *a = p->arena;
    const int64_t pixels = m->height * m->width;
    double *share = cli_take(a, (size_t)pixels * sizeof *share), most = 0;
    int64_t used = 0;
    const char **cell = cli_take(a, ((size_t)m->height + 1) * 2 * sizeof *cell), **c = cell;
    *c++ = "row of pixels", *c++ = "of them in use";
    for (int64_t y = 0; y < m->height; y++) {
        int64_t here = 0;
        for (int64_t x = 0; x < m->width; x++) {
            int64_t n = 0;
            for (int64_t u = 0; u < b->units; u++)
                for (int64_t k = 0; k < m->colours; k++)
                    n += b->w[u * b->unit + (y * m->down + x * m->right + k * m->colour) * b->step] != 0;
            share[y * m->width + x] = (double)n / (double)(b->units * m->colours);
            most = fmax(most, share[y * m->width + x]);
            here += n > 0;
        }
        used += here;
        *c++ = cli_format(a, "%lld", (long long)y);
        *c++ = cli_format(a, "%lld", (long long)here);
    }
    if (used == pixels) return;
    cli_picture d = cli_picture_new(a, (int)m->width, (int)m->height);
    for (int64_t i = 0; i < pixels; i++) cli_picture_set(&d, (int)(i % m->width), (int)(i / m->width), share[i]);
    const char *text = cli_format(a, "%lld of %lld pixels are in use", (long long)used, (long long)pixels);
    const double scale = SIDE / (double)(m->width > m->height ? m->width : m->height);
    cli_page_figure(p, title, cli_format(a, "Which pixels of the input have weights: %s.", text), SIDE + 8, SIDE + 8);
    cli_picture_write(p, &d, 4, 4, (double)m->width * scale, (double)m->height * scale);
    fprintf(p->to, "<rect class=\"axis\" x=\"4\" y=\"4\" width=\"%.1f\" height=\"%.1f\"/>\n", (double)m->width * scale,
            (double)m->height * scale);
    cli_page_figure_end(
        p,
        cli_format(a, "%s; blank: no unit has a weight there. The fuller, the more units (at most %.0f%%).", text,
                   100 * most),
        "lr", (int)m->height + 1, cell);
}

/* ---- Which layers ------------------------------------------------------------------------------------------------ */

/* The first layer's weight, or the last one's, if it is a matrix; its shape is checked by the caller. */
static bool weight_of(cli_arena *a, const cli_record *r, const tacet_file *f, bool last, cli_weight *w)
{
    const tc_json *layer;
    const char *found = NULL;
    size_t i;
    tacet_graph *g = tacet_file_graph(f, NULL, NULL);
    bool good = false;
    tc_json_each(tc_json_get(r->run, "network"), i, layer) if (has_parameters(layer) && (last || !found))
        found = cli_format(a, "%s.weight", cli_record_text(a, layer, "name"));
    for (int k = 0; found && !good && k < tacet_file_count(f); k++)
        good = cli_weight_in(f, g, k, w) && w->taps == 1 && strcmp(w->name, found) == 0;
    tacet_graph_free(g);
    return good;
}

static const char *layer_of(cli_arena *a, const char *weight)
{
    return cli_copy(a, weight, strlen(weight) - strlen(".weight"));
}

static void images_of(cli_run_set *s, int run)
{
    cli_page *p = s->page;
    const cli_record *r = &s->record[run];
    cli_weight w;
    image m;
    if (!image_of(r, &m) || !cli_folder_has(r->folder.model)) return;
    tacet_file *f = tacet_file_open(r->folder.model, NULL, NULL); /* why not is said where zeros are shown */
    const int64_t pixels = m.height * m.width * m.colours;
    if (f && weight_of(p->arena, r, f, false, &w) && w.inputs == pixels) {
        const bank b = {w.name, w.w, w.units, w.unit, w.input, fired(r, layer_of(p->arena, w.name), 1)};
        cli_set_begin(s);
        inputs(p, &b, &m, cli_set_title(s, run, cli_format(p->arena, "%s: inputs in use", w.name)));
        tiles(p, &b, &m, cli_set_title(s, run, cli_format(p->arena, "units of %s", w.name)),
              "what each looks for in the image");
    }
    if (f && weight_of(p->arena, r, f, true, &w) && w.units == pixels) {
        const bank b = {w.name, w.w, w.inputs, w.input, w.unit, fired(r, layer_of(p->arena, w.name), -1)};
        cli_set_begin(s);
        tiles(p, &b, &m, cli_set_title(s, run, cli_format(p->arena, "dictionary: columns of %s", w.name)),
              "what each adds to the image that comes out");
    }
    tacet_file_free(f);
}

void cli_unit_images(cli_run_set *s)
{
    for (int r = 0; r < s->runs; r++) images_of(s, r);
}
