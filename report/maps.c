/* maps.c: the sections of feature maps and of augmented images: what a trained network makes of a few samples, from
 * samples.safetensors, whose contents cli/samples.h describes. For each layer a row of pictures for each sample: the image,
 * then channels. */
#include "report/picture.h"
#include "report/run_set.h"

#include <math.h>
#include <string.h>

enum {
    WIDTH = 480,
    LOWEST = 176,
    GAP = 3,
    HEAD = 20 /* for the numbers of channels */,
    LARGEST = 999 /* number that fits there */
};
enum { SAMPLES = 64, SIDE = 256, CHANNELS = 64, LAYERS = 64 }; /* the most that is drawn */

/* [samples, height, width, channels], from 0 to 255. */
typedef struct map {
    const char *name;
    int samples, height, width, channels;
    const float *data;
} map;

/* Tensor i of the file, if it can be drawn. */
static bool map_in(const tacet_file *f, int i, map *m)
{
    int rank;
    const int64_t *d;
    if (tacet_file_tensor(f, i, &m->name, &rank, &d, &m->data) != TACET_OK || !m->data || rank != 4) return false;
    for (int k = 0; k < rank; k++)
        if (d[k] < 1 || d[k] > (k == 0 ? SAMPLES : k < 3 ? SIDE : CHANNELS)) return false;
    m->samples = (int)d[0], m->height = (int)d[1], m->width = (int)d[2], m->channels = (int)d[3];
    return true;
}

static bool map_named(const tacet_file *f, const char *name, map *m)
{
    for (int i = 0; i < tacet_file_count(f); i++)
        if (map_in(f, i, m) && strcmp(m->name, name) == 0) return true;
    return false;
}

static double at(const map *m, int sample, int y, int x, int channel)
{
    const double v = (double)m->data[((int64_t)(sample * m->height + y) * m->width + x) * m->channels + channel];
    return v >= 0 && v <= 255 ? v / 255 : 0;
}

/* ---- A figure ---------------------------------------------------------------------------------------------------- */

/* A grid of pictures. */
typedef struct layout {
    const map *x, *m; /* the images, or NULL; the maps, or NULL */
    int columns;
    double width, height; /* of a tile */
    double top;
} layout;

/* Sets the size of tiles that show so many pixels. */
static void place(layout *l, int height, int width)
{
    l->width = (WIDTH - GAP * (l->columns - 1)) / (double)l->columns;
    l->height = l->width * fmin(4, fmax(0.25, (double)height / width));
}

static double left_of(const layout *l, int column) { return column * (l->width + GAP); }
static double top_of(const layout *l, int sample) { return l->top + sample * (l->height + GAP); }

/* Draws image i at a place of the grid. */
static void image(cli_run_set *s, const layout *l, int i, int row, int column)
{
    const map *x = l->x;
    cli_picture c = cli_picture_new(s->page->arena, x->width, x->height);
    const int green = x->channels == 3 ? 1 : 0, blue = x->channels == 3 ? 2 : 0;
    for (int y = 0; y < x->height; y++)
        for (int k = 0; k < x->width; k++)
            cli_picture_colour(&c, k, y, at(x, i, y, k, 0), at(x, i, y, k, green), at(x, i, y, k, blue));
    cli_picture_write(s->page, &c, left_of(l, column), top_of(l, row), l->width, l->height);
}

static void tile(cli_run_set *s, const layout *l, int sample, int channel, const char *words)
{
    const map *m = l->m;
    const double left = left_of(l, channel + (l->x != NULL)), top = top_of(l, sample);
    cli_picture c = cli_picture_new(s->page->arena, m->width, m->height);
    double most = 0;
    for (int y = 0; y < m->height; y++)
        for (int x = 0; x < m->width; x++) {
            const double v = at(m, sample, y, x, channel);
            most = fmax(most, v);
            cli_picture_set(&c, x, y, v > 0 ? 0.15 + 0.85 * v : 0); /* the weakest can still be seen */
        }
    if (most > 0) cli_picture_write(s->page, &c, left, top, l->width, l->height);
    fprintf(s->page->to,
            "<rect class=\"grid\" pointer-events=\"all\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>",
            left, top, l->width, l->height);
    cli_page_escape(s->page, words);
    fputs("</title></rect>\n", s->page->to);
}

static const char *percent(cli_arena *a, const tc_json *densities, int i)
{
    const double x = tc_json_number(tc_json_at(densities, (size_t)i));
    return isfinite(x) ? cli_format(a, "%.1f%%", 100 * x) : "-";
}

/* A row for each channel, a column for each sample. */
static cli_sheet sheet_of(cli_arena *a, const map *m, const tc_json *channels, const tc_json *densities)
{
    char *align = cli_take(a, (size_t)m->samples + 2);
    memset(align, 'r', (size_t)m->samples + 1);
    cli_sheet t = {.align = align};
    cli_sheet_add(a, &t, "channel", NULL);
    for (int s = 0; s < m->samples; s++) cli_sheet_add(a, &t, cli_format(a, "fires in sample %d", s + 1), NULL);
    for (int c = 0; c < m->channels; c++) {
        cli_sheet_add(a, &t, cli_whole(a, tc_json_number(tc_json_at(channels, (size_t)c))), NULL);
        for (int s = 0; s < m->samples; s++) cli_sheet_add(a, &t, percent(a, densities, s * m->channels + c), NULL);
    }
    return t;
}

/* Whether all channels have numbers that fit above their columns. */
static bool numbered(const map *m, const tc_json *channels)
{
    enum { MOST = 14 }; /* columns */
    const tc_json *c;
    size_t i;
    bool fits = m->channels < MOST;
    tc_json_each(channels, i, c) fits = fits && tc_json_whole(c, LARGEST) >= 0;
    return fits;
}

static void figure(cli_run_set *s, int run, const map *x, const map *m, const tc_json *layer)
{
    cli_arena *a = s->arena;
    cli_page *p = s->page;
    const tc_json *channels = tc_json_get(layer, "channels"), *densities = tc_json_get(layer, "density");
    layout l = {.x = x, .m = m, .columns = m->channels + (x != NULL), .top = numbered(m, channels) ? HEAD : 0};
    place(&l, m->height, m->width);
    const char *all = cli_whole(a, cli_number(layer, "units"));
    const char *which = cli_number(layer, "units") > m->channels
                            ? cli_format(a, "the %d of %s channels that fire most", m->channels, all)
                            : cli_format(a, "all %d channels, those that fire most first", m->channels);
    const cli_sheet numbers = sheet_of(a, m, channels, densities);
    cli_page_figure(p, cli_set_title(s, run, cli_record_text(a, layer, "name")),
                    cli_format(a, "%d samples from top to bottom, %s from left to right.", m->samples, which), WIDTH,
                    fmax(LOWEST, top_of(&l, m->samples) - GAP));
    fprintf(p->to, "<g class=\"chart\">\n");
    for (int c = 0; c < m->channels && l.top > 0; c++)
        fprintf(p->to, "<text x=\"%.1f\" y=\"14\" text-anchor=\"middle\">%.0f</text>\n",
                left_of(&l, c + (x != NULL)) + l.width / 2, tc_json_number(tc_json_at(channels, (size_t)c)));
    for (int i = 0; i < m->samples; i++) {
        if (x) image(s, &l, i, i, 0);
        for (int c = 0; c < m->channels; c++)
            tile(s, &l, i, c,
                 cli_format(a, "sample %d, channel %s: fires at %s of the positions", i + 1,
                            cli_whole(a, tc_json_number(tc_json_at(channels, (size_t)c))),
                            percent(a, densities, i * m->channels + c)));
    }
    fprintf(p->to, "</g>\n");
    cli_page_drawing_end(p);
    cli_page_figure_end(p, cli_format(a, "Samples from top to bottom%s, %s.", x ? ", each with its image" : "", which),
                        &numbers);
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

/* "4 samples of the validation data. The network answers 9, 0, 3, 1." */
static void say_what(cli_run_set *s, const tc_json *note, int samples)
{
    cli_arena *a = s->arena;
    const tc_json *answer;
    size_t i;
    const char *text = cli_format(a, "%s of the %s data.", cli_count(a, samples, "sample"),
                                  cli_record_text(a, note, "part"));
    tc_json_each(tc_json_get(note, "answers"), i, answer)
    {
        const char *word = tc_json_text(answer);
        text = cli_format(a, "%s%s %s", text, i ? "," : " The network answers",
                          word ? tc_tame(cli_copy(a, word, strlen(word)), "\n") : "-");
    }
    cli_page_paragraph(s->page, tc_json_size(tc_json_get(note, "answers")) ? cli_format(a, "%s.", text) : text);
}

static const tc_json *note_of(cli_run_set *s, const tacet_file *f, const char *path)
{
    const char *text = tacet_file_note(f, "samples");
    const tc_json *note = NULL;
    tacet_error e = {.status = TACET_FILE, .message = ""};
    const tacet_status status = text ? cli_json_parse(s->arena, path, "the note \"samples\"",
                                                      cli_copy(s->arena, text, strlen(text)), strlen(text), &note, &e)
                                     : TACET_FILE;
    if (status == TACET_OK) return note;
    cli_set_begin(s);
    cli_page_missing(s->page, status, "%s",
                     *e.message ? e.message : cli_format(s->arena, "%s: the note is missing", path));
    return NULL;
}

static void maps(cli_run_set *s, int run, const tacet_file *f, const char *path)
{
    const tc_json *layer, *note = note_of(s, f, path);
    size_t i;
    map m, x;
    if (note && !tc_json_size(tc_json_get(note, "layers"))) return;
    cli_set_begin(s);
    if (s->runs > 1) cli_page_heading(s->page, s->name[run]);
    if (!note) return;
    const bool images = map_named(f, "x", &x) && (x.channels == 1 || x.channels == 3);
    int said = 0;
    tc_json_each(tc_json_get(note, "layers"), i, layer)
    {
        if (i == LAYERS) return;
        const char *name = cli_record_text(s->arena, layer, "name");
        if (!map_named(f, name, &m) || (images && m.samples != x.samples)) {
            cli_page_missing(s->page, TACET_FILE, "%s: the feature maps of %s are missing", path, name);
            continue;
        }
        if (said++ == 0) say_what(s, note, m.samples);
        figure(s, run, images ? &x : NULL, &m, layer);
    }
}

/* Calls show for each run that has left samples. */
static void each_run(cli_run_set *s, void (*show)(cli_run_set *s, int run, const tacet_file *f, const char *path))
{
    for (int r = 0; r < s->runs; r++) {
        tacet_error e;
        bool there;
        const char *path = s->record[r].folder.samples;
        if (cli_set_holds(s, path, &there) != TACET_OK || !there) continue;
        tacet_file *f = tacet_file_open(path, NULL, &e);
        if (f) {
            show(s, r, f, path);
        } else {
            cli_set_begin(s);
            cli_page_missing(s->page, e.status, "%s", e.message);
        }
        tacet_file_free(f);
    }
}

void cli_maps(cli_run_set *s) { each_run(s, maps); }

/* ---- Augmentation ------------------------------------------------------------------------------------------------ */

static void augmented(cli_run_set *s, int run, const tacet_file *f, const char *path)
{
    enum { DRAWS = 32 };
    map x;
    if (!map_named(f, "x/augmented", &x) || (x.channels != 1 && x.channels != 3)) return;
    cli_arena *a = s->arena;
    const tc_json *note = note_of(s, f, path);
    const int draws = (int)tc_json_whole(tc_json_get(note, "draws"), DRAWS);
    if (draws < 2 || x.samples % draws != 0) return;
    const int rows = x.samples / draws;
    layout l = {.x = &x, .columns = draws};
    place(&l, x.height, x.width);
    cli_set_begin(s);
    cli_page_figure(s->page, cli_set_title(s, run, cli_record_text(a, note, "augment")),
                    cli_format(a, "%s of the training data, each %d times.", cli_count(a, rows, "image"), draws), WIDTH,
                    fmax(LOWEST, top_of(&l, rows) - GAP));
    for (int i = 0; i < x.samples; i++) image(s, &l, i, i / draws, i % draws);
    cli_page_drawing_end(s->page);
    cli_page_figure_end(s->page, cli_format(a, "Each image as it is, and then as it is in epochs 1 to %d.", draws - 1),
                        &(cli_sheet){0});
}

void cli_augmented(cli_run_set *s) { each_run(s, augmented); }
