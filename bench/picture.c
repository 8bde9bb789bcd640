/* picture.c: draws the time of a step against the density of its ReLUs, as SVG. The colours follow the reader's
 * preference, light or dark. */
#include "bench.h"

#include <math.h>

enum { WIDTH = 720, HEIGHT = 440, LEFT = 76, RIGHT = 28, TOP = 76, BOTTOM = 64 };

static const char style[] =
    "<style>svg{color:#222;background:#fff;font:13px sans-serif}text{fill:currentColor}"
    ".head{font-size:16px;font-weight:bold}.grid{stroke:currentColor;stroke-opacity:.15;fill:none}"
    ".tacet{stroke:#0b6fc2;fill:none;stroke-width:2.5}.dot{fill:#0b6fc2}"
    ".peer{stroke:#c2500b;fill:none;stroke-width:2.5;stroke-dasharray:7 4}"
    "@media(prefers-color-scheme:dark){svg{color:#ddd;background:#16181b}.tacet{stroke:#5cb3ff}.dot{fill:#5cb3ff}"
    ".peer{stroke:#ff9a5c}}</style>\n";

/* The density axis is logarithmic, from 0.01 to 1; the time axis begins at 0. */
static double x_of(double density)
{
    const double share = (log10(density) + 2) / 2;
    return LEFT + fmin(fmax(share, -0.02), 1) * (WIDTH - LEFT - RIGHT);
}

static double y_of(double ms, double most) { return HEIGHT - BOTTOM - ms / most * (HEIGHT - TOP - BOTTOM); }

static void describe(FILE *f, const point *p, int n, double peer_us, const char *version)
{
    fprintf(
        f,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" "
        "aria-labelledby=\"t d\">\n<title id=\"t\">Time of a training step against the density of its ReLUs</title>\n"
        "<desc id=\"d\">784-512-512-10, batch 128, one thread. Tacet:",
        WIDTH, HEIGHT, WIDTH, HEIGHT);
    for (int i = 0; i < n; i++) fprintf(f, "%s %.2f ms at %.3f", i ? "," : "", p[i].us / 1000, p[i].density);
    if (!isnan(peer_us)) fprintf(f, "; %s: %.2f ms at any density", version, peer_us / 1000);
    fprintf(f, ".</desc>\n%s", style);
}

static void text(FILE *f, double x, double y, const char *anchor, const char *what)
{
    fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, what);
}

static void axes(FILE *f, double most, double step)
{
    static const double at[] = {.01, .02, .05, .1, .2, .5, 1};
    char label[32];
    for (double ms = 0; ms <= most + 1e-9; ms += step) {
        fprintf(f, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>", LEFT, y_of(ms, most), WIDTH - RIGHT);
        snprintf(label, sizeof label, "%g", ms);
        text(f, LEFT - 8, y_of(ms, most) + 4, "end", label);
    }
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        fprintf(f, "<path class=\"grid\" d=\"M%.1f %dV%d\"/>", x_of(at[i]), TOP, HEIGHT - BOTTOM);
        snprintf(label, sizeof label, "%g", at[i]);
        text(f, x_of(at[i]), HEIGHT - BOTTOM + 18, "middle", label);
    }
    text(f, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 18, "middle", "density: share of the ReLUs' outputs that are not 0");
    fprintf(f, "<text transform=\"translate(22 %d) rotate(-90)\" text-anchor=\"middle\">ms per training step</text>\n",
            (TOP + HEIGHT - BOTTOM) / 2);
}

static void heading(FILE *f, const char *version)
{
    fprintf(f, "<text class=\"head\" x=\"%d\" y=\"28\">784-512-512-10, batch 128, one thread: time of a step</text>\n",
            LEFT);
    fprintf(f, "<path class=\"tacet\" d=\"M%d 51h28\"/>", LEFT);
    text(f, LEFT + 36, 55, "start", "Tacet");
    if (!version) return;
    fprintf(f, "<path class=\"peer\" d=\"M%d 51h28\"/>", LEFT + 110);
    text(f, LEFT + 146, 55, "start", version);
}

void picture(FILE *f, const point *p, int n, double peer_us, const char *version)
{
    double most = isnan(peer_us) ? 0 : peer_us / 1000;
    for (int i = 0; i < n; i++) most = fmax(most, p[i].us / 1000);
    const double step = most > 16 ? 5 : most > 8 ? 2 : most > 4 ? 1 : 0.5;
    most = ceil(most * 1.05 / step) * step;
    describe(f, p, n, peer_us, version);
    heading(f, isnan(peer_us) ? NULL : version);
    axes(f, most, step);
    if (!isnan(peer_us))
        fprintf(f, "<path class=\"peer\" d=\"M%d %.1fH%d\"/>\n", LEFT, y_of(peer_us / 1000, most), WIDTH - RIGHT);
    fprintf(f, "<path class=\"tacet\" d=\"");
    for (int i = 0; i < n; i++)
        fprintf(f, "%c%.1f %.1f", i ? 'L' : 'M', x_of(p[i].density), y_of(p[i].us / 1000, most));
    fprintf(f, "\"/>\n");
    for (int i = 0; i < n; i++)
        fprintf(f, "<circle class=\"dot\" r=\"3.5\" cx=\"%.1f\" cy=\"%.1f\"><title>%.2f ms at %.3f</title></circle>\n",
                x_of(p[i].density), y_of(p[i].us / 1000, most), p[i].us / 1000, p[i].density);
    fprintf(f, "</svg>\n");
    if (fclose(f)) stop("density.svg", NULL);
}
