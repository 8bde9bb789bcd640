/* by_layer.c: the density of each layer in the last epoch, and how many of its units are dead, as bars. */
#include "report/run_set.h"

#include <math.h>
#include <string.h>

enum {
    WIDTH = 480,
    LINE = 24,
    NAME = 16 /* characters */,
    LEFT = 152,
    RIGHT = 132,
    LOWEST = 176,
    LEAST = 2,
    MOST = 60 /* layers */
};

/* A name that is too long loses its middle. */
static const char *short_name(cli_arena *a, const char *name)
{
    const size_t n = strlen(name);
    if (n <= NAME) return name;
    return cli_format(a, "%s\u2026%s", tc_tame(cli_copy(a, name, NAME / 2 - 1), ""),
                      tc_tame(cli_copy(a, name + n - NAME / 2, NAME / 2), ""));
}

/* most: the largest density, whose bar has the whole length. */
static void bar(cli_run_set *s, int run, const tc_json *layer, int row, double most)
{
    cli_arena *a = s->arena;
    FILE *to = s->page->to;
    const double density = cli_number(layer, "density"), dead = cli_number(layer, "dead");
    const double length = most > 0 ? (WIDTH - LEFT - RIGHT) * density / most : 0;
    const char *name = cli_record_text(a, layer, "name");
    const int y = row * LINE;
    fprintf(to, "<text class=\"name\" x=\"%d\" y=\"%d\" text-anchor=\"end\">", LEFT - 8, y + 17);
    cli_page_escape(s->page, short_name(a, name));
    fprintf(to, "</text>\n<rect class=\"f%d\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"><title>",
            s->runs > 1 ? run % CLI_PALETTE : 0, LEFT, y + 5, fmax(1, length), LINE - 9);
    cli_page_escape(s->page, cli_format(a, "%s: density %s", name, cli_digits(a, density)));
    fprintf(to, "</title></rect>\n<text x=\"%.1f\" y=\"%d\">%.3f", LEFT + length + 7, y + 17, density);
    if (dead > 0) fprintf(to, ", %s dead", cli_whole(a, dead));
    fputs("</text>\n", to);
}

static void draw(cli_run_set *s, int run, const tc_json *layers)
{
    cli_arena *a = s->arena;
    cli_page *p = s->page;
    const tc_json *layer;
    size_t i;
    int n = 0;
    double most = 0;
    cli_sheet numbers = {.align = "lrrr"};
    cli_sheet_add(a, &numbers, "layer", "density", "dead units", "of", NULL);
    tc_json_each(layers, i, layer)
    {
        if (!isfinite(cli_number(layer, "density"))) continue;
        n++;
        most = fmax(most, cli_number(layer, "density"));
        cli_sheet_add(a, &numbers, cli_record_text(a, layer, "name"), cli_digits(a, cli_number(layer, "density")),
                      cli_whole(a, cli_number(layer, "dead")), cli_whole(a, cli_number(layer, "units")), NULL);
    }
    if (n < LEAST || n > MOST) return;
    cli_set_begin(s);
    cli_page_figure(p, cli_set_title(s, run, "Density by layer"),
                    cli_format(a, "The density of %d layers in the last epoch.", n), WIDTH, fmax(n * LINE, LOWEST));
    fputs("<g class=\"chart\">\n", p->to);
    n = 0;
    tc_json_each(layers, i, layer) if (isfinite(cli_number(layer, "density"))) bar(s, run, layer, n++, most);
    fputs("</g>\n", p->to);
    cli_page_drawing_end(p);
    cli_page_figure_end(
        p, "The share of units that fire, in the order of the network, on the training data of the last epoch.",
        &numbers);
}

void cli_by_layer(cli_run_set *s)
{
    for (int r = 0; r < s->runs; r++) draw(s, r, tc_json_get(cli_last_epoch(&s->record[r]), "layers"));
}
