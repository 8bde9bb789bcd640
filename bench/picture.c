/* picture.c: the time of a step against the density of its ReLUs, as SVG. */
#include "bench.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 720, HEIGHT = 440, LEFT = 76, RIGHT = 24, TOP = 64, BOTTOM = 64 };

/* The density's axis is logarithmic, from 0.01 to 1. */
static double x_of(double density)
{
    const double share = (log10(density) + 2) / 2;
    return LEFT + fmin(fmax(share, -0.02), 1) * (WIDTH - LEFT - RIGHT);
}
static double y_of(double ms, double most) { return HEIGHT - BOTTOM - ms / most * (HEIGHT - TOP - BOTTOM); }

static void axes(FILE *f, double most, double step)
{
    static const double at[] = {.01, .02, .05, .1, .2, .5, 1};
    for (double ms = 0; ms <= most + 1e-9; ms += step)
        fprintf(f, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
                LEFT, y_of(ms, most), WIDTH - RIGHT, LEFT - 8, y_of(ms, most) + 4, ms);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++)
        fprintf(f,
                "<path class=\"grid\" d=\"M%.1f %dV%d\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g</text>\n",
                x_of(at[i]), TOP, HEIGHT - BOTTOM, x_of(at[i]), HEIGHT - BOTTOM + 18, at[i]);
    fprintf(f,
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">share of the ReLUs' outputs that fire (density)</text>\n",
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 18);
    fprintf(f, "<text transform=\"translate(22 %d) rotate(-90)\" text-anchor=\"middle\">ms a training step</text>\n",
            (TOP + HEIGHT - BOTTOM) / 2);
}

void picture(const char *path, const point *p, int n, double peer_us, const char *version, int threads)
{
    double most = isnan(peer_us) ? 0 : peer_us / 1000;
    for (int i = 0; i < n; i++) most = fmax(most, p[i].us / 1000);
    const double step = most > 8 ? 2 : most > 4 ? 1 : 0.5;
    most = ceil(most * 1.05 / step) * step;
    FILE *f = fopen(path, "w");
    if (!f) stop(path, NULL);
    fprintf(
        f,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"t d\">\n"
        "<title id=\"t\">Time of a training step against the density of its ReLUs</title>\n<desc id=\"d\">784-512-512-10, "
        "batch 128, %d thread%s. Tacet:",
        WIDTH, HEIGHT, threads, threads > 1 ? "s" : "");
    for (int i = 0; i < n; i++) fprintf(f, " %.2f ms at %.3f%s", p[i].us / 1000, p[i].density, i + 1 < n ? "," : ".");
    if (!isnan(peer_us)) fprintf(f, " %s: %.2f ms at any density.", version, peer_us / 1000);
    fprintf(
        f,
        "</desc>\n<style>svg{color:#222;background:#fff;font:13px sans-serif}text{fill:currentColor}.grid{stroke:currentColor;"
        "stroke-opacity:.15;fill:none}.a{stroke:#0b6fc2;fill:none;stroke-width:2.5}.d{fill:#0b6fc2}.b{stroke:#c2500b;fill:none;"
        "stroke-width:2.5;stroke-dasharray:7 4}@media(prefers-color-scheme:dark){svg{color:#ddd;background:#16181b}"
        ".a{stroke:#5cb3ff}.d{fill:#5cb3ff}.b{stroke:#ff9a5c}}</style>\n");
    fprintf(
        f,
        "<text x=\"%d\" y=\"26\" font-size=\"16\" font-weight=\"bold\">784-512-512-10, batch 128, %d thread%s: time of a step"
        "</text>\n",
        LEFT, threads, threads > 1 ? "s" : "");
    axes(f, most, step);
    fprintf(f, "<path class=\"a\" d=\"");
    for (int i = 0; i < n; i++)
        fprintf(f, "%c%.1f %.1f", i ? 'L' : 'M', x_of(p[i].density), y_of(p[i].us / 1000, most));
    fprintf(f, "\"/>\n");
    for (int i = 0; i < n; i++)
        fprintf(f,
                "<circle class=\"d\" r=\"3.5\" cx=\"%.1f\" cy=\"%.1f\"><title>density %.3f: %.2f ms</title></circle>\n",
                x_of(p[i].density), y_of(p[i].us / 1000, most), p[i].density, p[i].us / 1000);
    fprintf(f, "<path class=\"a\" d=\"M%d 44h28\"/><text x=\"%d\" y=\"48\">Tacet</text>\n", LEFT, LEFT + 36);
    if (!isnan(peer_us))
        fprintf(
            f,
            "<path class=\"b\" d=\"M%d %.1fH%d\"/><path class=\"b\" d=\"M%d 44h28\"/><text x=\"%d\" y=\"48\">%s</text>\n",
            LEFT, y_of(peer_us / 1000, most), WIDTH - RIGHT, LEFT + 110, LEFT + 146, version);
    fprintf(f, "</svg>\n");
    if (fclose(f)) stop(path, NULL);
}
