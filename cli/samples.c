/* samples.c: runs a model on single rows, with a plan of its own: a plan for training would need more memory if it kept
 * these values. */
#include "samples.h"

#include <math.h>
#include <string.h>

enum { SAMPLES = 4, LAYERS = 16, CHANNELS = 12 };
enum { IMAGES = 3, DRAWS = 8 };      /* rows whose augmentations are drawn; how often: once as it is, then anew */
enum { SIDE = 32, INPUT_SIDE = 64 }; /* pixels along a side at most; larger images are reduced */

/* A value that is an image, of all samples. */
typedef struct map {
    const char *name;
    int samples;
    int64_t height, width, units;
    int rows, columns; /* the height and width that are kept */
    float *mean;    /* [samples, rows, columns, units], over the pixels that each covers; of a layer: of magnitudes */
    float *density; /* [samples, units] */
    int shown;
    int64_t channel[CHANNELS]; /* [shown], those that fire most first */
} map;

typedef struct samples {
    cli_arena *arena;
    cli_model m;
    int rows;          /* samples that the data have */
    map x;             /* height 0: it is not an image */
    const char *chain; /* the augmentations; "": none, or x is not an image */
    map augmented;     /* x of a few training rows, DRAWS times each */
    int images;        /* how many rows */
    map *layer;
    int layers;
    const char *answer[SAMPLES]; /* NULL: the data have no classes */
} samples;

/* ---- The values -------------------------------------------------------------------------------------------------- */

static map map_of(cli_arena *a, const char *name, int64_t height, int64_t width, int64_t units, int side, int samples)
{
    map m = {.name = name, .samples = samples, .height = height, .width = width, .units = units};
    m.rows = (int)(height < side ? height : side);
    m.columns = (int)(width < side ? width : side);
    m.mean = cli_take(a, (size_t)(samples * m.rows * m.columns * units) * sizeof *m.mean);
    m.density = cli_take(a, (size_t)(samples * units) * sizeof *m.density);
    return m;
}

static bool is_map(const tacet_value_info *v)
{
    return v->role == TACET_ROLE_LAYER && v->batch && v->silent && v->rank == 3;
}

/* The layers, evenly spread if there are too many. */
static void find_layers(samples *s, const tacet_plan *p)
{
    int all = 0, k = 0;
    tacet_value_info v = {.size = sizeof v};
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++) all += is_map(&v);
    const int most = all < LAYERS ? all : LAYERS;
    s->layer = cli_take(s->arena, ((size_t)most + 1) * sizeof *s->layer);
    for (int i = 0; s->layers < most && tacet_value_at(p, i, &v) == TACET_OK; i++)
        if (is_map(&v) && k++ == s->layers * all / most)
            s->layer[s->layers++] = map_of(s->arena, cli_copy(s->arena, v.name, strlen(v.name)), v.shape[0], v.shape[1],
                                           v.shape[2], SIDE, SAMPLES);
}

/* Images whose rows are fed as vectors are drawn as well, unless their colours may come first. */
static void find_input(samples *s, const cli_job *job)
{
    const tacet_data_info *info = &job->info;
    if (info->rank == 3)
        s->x = map_of(s->arena, "x", info->shape[0], info->shape[1], info->shape[2], INPUT_SIDE, SAMPLES);
    else if (info->stored_rank == 2)
        s->x = map_of(s->arena, "x", info->stored_shape[0], info->stored_shape[1], 1, INPUT_SIDE, SAMPLES);
    if (info->rank == 3) s->chain = job->config->value[CLI_AUGMENT].item.text;
    if (*s->chain)
        s->augmented = map_of(s->arena, "x", info->shape[0], info->shape[1], info->shape[2], SIDE, IMAGES * DRAWS);
}

static void reduce(map *m, const float *from, int sample, bool magnitudes)
{
    float *to = m->mean + (int64_t)sample * m->rows * m->columns * m->units, *density = m->density + sample * m->units;
    for (int64_t y = 0; y < m->rows; y++)
        for (int64_t x = 0; x < m->columns; x++, to += m->units) {
            const int64_t top = y * m->height / m->rows, bottom = (y + 1) * m->height / m->rows;
            const int64_t left = x * m->width / m->columns, right = (x + 1) * m->width / m->columns;
            const float share = 1 / (float)((bottom - top) * (right - left));
            for (int64_t i = top; i < bottom; i++)
                for (int64_t k = left * m->units; k < right * m->units; k++) {
                    const float v = from[i * m->width * m->units + k];
                    to[k % m->units] += share * (magnitudes ? fabsf(v) : v);
                    density[k % m->units] += (float)(v != 0);
                }
        }
    for (int64_t u = 0; u < m->units; u++) density[u] /= (float)(m->height * m->width);
}

static double density_of(const map *m, int64_t unit)
{
    double sum = 0;
    for (int s = 0; s < m->samples; s++) sum += (double)m->density[s * m->units + unit];
    return sum;
}

/* Of channels that fire equally often, the first ones. */
static void choose(map *m)
{
    for (int64_t u = 0; u < m->units; u++) {
        int at = m->shown;
        while (at > 0 && density_of(m, u) > density_of(m, m->channel[at - 1])) at--;
        if (at == CHANNELS) continue;
        if (m->shown < CHANNELS) m->shown++;
        memmove(m->channel + at + 1, m->channel + at, (size_t)(m->shown - at - 1) * sizeof *m->channel);
        m->channel[at] = u;
    }
}

static tacet_status read(samples *s, map *m, int sample, bool magnitudes, float *buffer)
{
    const size_t n = (size_t)(m->height * m->width * m->units);
    const tacet_status status = tacet_read(s->m.plan, m->name, buffer, n);
    if (status == TACET_OK) reduce(m, buffer, sample, magnitudes);
    return status;
}

/* The class with the largest output. */
static const char *answer(samples *s, const float *y, int64_t n, const char *classes)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (y[i] > y[best]) best = i;
    for (int64_t i = 0; i < best && *classes; i++) classes += strcspn(classes, "\n") + 1;
    return classes && *classes ? cli_copy(s->arena, classes, strcspn(classes, "\n"))
                               : cli_format(s->arena, "%lld", (long long)best);
}

static int64_t largest(const samples *s, int64_t outputs)
{
    int64_t most = outputs, n = s->x.height * s->x.width * s->x.units;
    if (n > most) most = n;
    for (int i = 0; i < s->layers; i++) {
        n = s->layer[i].height * s->layer[i].width * s->layer[i].units;
        if (n > most) most = n;
    }
    return most;
}

static tacet_status run(samples *s, const cli_job *job, tacet_loader *l)
{
    tacet_value_info y = {.size = sizeof y};
    tacet_value_at(s->m.plan, s->m.y.id - 1, &y);
    const int64_t all = tacet_loader_batches(l);
    const bool classes = job->info.classes > 1 && y.elements == job->info.classes;
    float *buffer = cli_take(s->arena, (size_t)largest(s, y.elements) * sizeof *buffer);
    s->rows = (int)(all < SAMPLES ? all : SAMPLES);
    for (int i = 0; i < s->rows; i++) {
        tacet_loader_seek(l, 0, i * all / s->rows);
        if (tacet_loader_next(l, s->m.plan, s->m.x, (tacet_value){0}) < 0) return TACET_FAILED;
        tacet_status status = tacet_forward(s->m.plan, 1);
        if (status == TACET_OK && s->x.height) status = read(s, &s->x, i, false, buffer);
        for (int k = 0; k < s->layers && status == TACET_OK; k++) status = read(s, &s->layer[k], i, true, buffer);
        if (status == TACET_OK && classes) status = tacet_read(s->m.plan, y.name, buffer, (size_t)y.elements);
        if (status != TACET_OK) return status;
        if (classes) s->answer[i] = answer(s, buffer, y.elements, job->classes);
    }
    for (int k = 0; k < s->layers; k++) choose(&s->layer[k]);
    return TACET_OK;
}

/* Rows of the training data as they are, then as they are in the first epochs. */
static tacet_status augment(samples *s, const cli_job *job)
{
    tacet_error e;
    const tacet_data *data = job->part[CLI_TRAINING_PART].data;
    const uint64_t seed = (uint64_t)job->config->value[CLI_SEED].integer;
    float *buffer = cli_take(s->arena, (size_t)largest(s, 0) * sizeof *buffer);
    tacet_loader *l[2] = {tacet_loader_new(data, 1, seed, false, &e), NULL};
    if (l[0]) l[1] = tacet_loader_new(data, 1, seed, false, &e);
    tacet_status status = l[1] ? tacet_loader_augment(l[1], s->chain, &e) : e.status;
    if (status != TACET_OK) cli_refuse(&e, 0, NULL);
    const int64_t all = l[0] ? tacet_loader_batches(l[0]) : 0;
    s->images = (int)(all < IMAGES ? all : IMAGES);
    for (int i = 0; i < s->images * DRAWS && status == TACET_OK; i++) {
        const int draw = i % DRAWS;
        tacet_loader *from = l[draw > 0];
        tacet_loader_seek(from, draw > 0 ? draw - 1 : 0, i / DRAWS * all / s->images);
        status = tacet_loader_next(from, s->m.plan, s->m.x, (tacet_value){0}) < 0 ? TACET_FAILED
                                                                                  : tacet_forward(s->m.plan, 1);
        if (status == TACET_OK) status = read(s, &s->augmented, i, false, buffer);
        if (status != TACET_OK) cli_refuse(tacet_plan_error(s->m.plan), 0, NULL);
    }
    tacet_loader_free(l[0]);
    tacet_loader_free(l[1]);
    return status;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static void describe(tc_json_writer *j, const char *name, int rows, const map *m, int channels, int64_t *at)
{
    tc_json_open(j, name, '{');
    tc_json_add_text(j, "dtype", "U8");
    tc_json_open(j, "shape", '[');
    const int64_t shape[] = {rows, m->rows, m->columns, channels};
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) tc_json_add_integer(j, NULL, shape[i]);
    tc_json_close(j, ']');
    tc_json_open(j, "data_offsets", '[');
    tc_json_add_integer(j, NULL, *at);
    tc_json_add_integer(j, NULL, *at += shape[0] * shape[1] * shape[2] * shape[3]);
    tc_json_close(j, ']');
    tc_json_close(j, '}');
}

static const char *note(const samples *s, const char *part)
{
    tc_json_writer j = cli_json(s->arena);
    tc_json_open(&j, NULL, '{');
    tc_json_add_text(&j, "part", part);
    if (s->images) {
        tc_json_add_text(&j, "augment", s->chain);
        tc_json_add_integer(&j, "draws", DRAWS);
    }
    tc_json_open(&j, "answers", '[');
    for (int i = 0; i < s->rows && s->answer[i]; i++) tc_json_add_text(&j, NULL, s->answer[i]);
    tc_json_close(&j, ']');
    tc_json_open(&j, "layers", '[');
    for (const map *m = s->layer; m < s->layer + s->layers; m++) {
        tc_json_open(&j, NULL, '{');
        tc_json_add_text(&j, "name", m->name);
        tc_json_add_integer(&j, "units", m->units);
        tc_json_open(&j, "channels", '[');
        for (int c = 0; c < m->shown; c++) tc_json_add_integer(&j, NULL, m->channel[c]);
        tc_json_close(&j, ']');
        tc_json_open(&j, "density", '[');
        for (int i = 0; i < s->rows; i++)
            for (int c = 0; c < m->shown; c++)
                tc_json_add_number(&j, NULL, (double)m->density[i * m->units + m->channel[c]]);
        tc_json_close(&j, ']');
        tc_json_close(&j, '}');
    }
    tc_json_close(&j, ']');
    tc_json_close(&j, '}');
    return j.to.data;
}

/* What is not a number becomes 0. */
static int byte(double share) { return share > 0 ? (int)ceil(255 * fmin(share, 1)) : 0; }

static void put_layer(FILE *to, const samples *s, const map *m)
{
    const int64_t pixels = (int64_t)s->rows * m->rows * m->columns;
    double most = 0;
    for (int64_t i = 0; i < pixels; i++)
        for (int c = 0; c < m->shown; c++) most = fmax(most, (double)m->mean[i * m->units + m->channel[c]]);
    for (int64_t i = 0; i < pixels; i++)
        for (int c = 0; c < m->shown; c++) fputc(byte((double)m->mean[i * m->units + m->channel[c]] / most), to);
}

static int colours(const map *x) { return x->units == 3 ? 3 : 1; }

/* Images that have neither one colour nor three become grey. */
static void put_input(FILE *to, const samples *s, const map *x, int rows)
{
    const int n = colours(x);
    const int64_t each = x->units / n, all = (int64_t)rows * x->rows * x->columns * n;
    double least = INFINITY, most = -INFINITY, *grey = cli_take(s->arena, (size_t)all * sizeof *grey);
    for (int64_t i = 0; i < all; i++) {
        for (int64_t k = 0; k < each; k++) grey[i] += (double)x->mean[i * each + k];
        least = fmin(least, grey[i]);
        most = fmax(most, grey[i]);
    }
    for (int64_t i = 0; i < all; i++) fputc(byte((grey[i] - least) / (most - least)), to);
}

/* A safetensors file: the length of its header in 8 bytes, least first, the header, the numbers. */
static void put_head(FILE *to, const samples *s, const char *part)
{
    int64_t at = 0;
    tc_json_writer j = cli_json(s->arena);
    tc_json_open(&j, NULL, '{');
    tc_json_open(&j, "__metadata__", '{');
    tc_json_add_text(&j, "samples", note(s, part));
    tc_json_close(&j, '}');
    if (s->x.height) describe(&j, "x", s->rows, &s->x, colours(&s->x), &at);
    if (s->images) describe(&j, "x/augmented", s->images * DRAWS, &s->augmented, colours(&s->x), &at);
    for (const map *m = s->layer; m < s->layer + s->layers; m++) describe(&j, m->name, s->rows, m, m->shown, &at);
    tc_json_close(&j, '}');
    for (int i = 0; i < 8; i++) fputc((int)(j.to.length >> 8 * i & 255), to);
    fwrite(j.to.data, 1, j.to.length, to);
}

static tacet_status write_file(const samples *s, const char *path, const char *part)
{
    cli_outfile o;
    const tacet_status status = cli_outfile_open(path, &o);
    if (status != TACET_OK) return status;
    put_head(o.f, s, part);
    if (s->x.height) put_input(o.f, s, &s->x, s->rows);
    if (s->images) put_input(o.f, s, &s->augmented, s->images * DRAWS);
    for (int i = 0; i < s->layers; i++) put_layer(o.f, s, &s->layer[i]);
    return cli_outfile_close(&o);
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

/* A plan that takes one row at a time and keeps the layers. */
static tacet_status open_model(samples *s, const char *path, int threads)
{
    tacet_error e;
    tacet_status status = TACET_OK;
    cli_model *m = &s->m;
    m->file = cli_model_file(path, &status);
    if (!m->file) return status;
    m->graph = tacet_file_graph(m->file, NULL, &e);
    if (!m->graph) return cli_refuse(&e, 0, NULL);
    for (int i = 0; i < s->layers; i++) tacet_keep(m->graph, s->layer[i].name);
    m->x = tacet_find(m->graph, "x");
    m->y = tacet_find(m->graph, tacet_file_note(m->file, "output"));
    m->plan = tacet_compile(m->graph, &(tacet_config){TACET_CONFIG, .batch = 1, .threads = threads}, &e);
    if (!m->plan) return cli_refuse(&e, 0, NULL);
    status = tacet_file_load(m->file, m->plan, true, NULL, &e);
    return status == TACET_OK ? status : cli_refuse(&e, 0, NULL);
}

tacet_status cli_samples_write(const cli_job *job, const cli_folder *f, int threads)
{
    static const int order[] = {CLI_VALIDATION_PART, CLI_TEST_PART, CLI_TRAINING_PART};
    cli_arena a = {0};
    samples s = {.arena = &a, .chain = ""};
    tacet_error e;
    size_t part = 0;
    while (!job->part[order[part]].data) part++;
    find_layers(&s, job->plan);
    find_input(&s, job);
    tacet_status status = TACET_OK;
    if (s.layers || *s.chain) {
        tacet_loader *l = tacet_loader_new(job->part[order[part]].data, 1, 0, false, &e);
        status = l ? open_model(&s, f->model, threads) : cli_refuse(&e, 0, NULL);
        if (status == TACET_OK && run(&s, job, l) != TACET_OK) status = cli_refuse(tacet_plan_error(s.m.plan), 0, NULL);
        if (status == TACET_OK && *s.chain) status = augment(&s, job);
        if (status == TACET_OK) status = write_file(&s, f->samples, job->part[order[part]].name);
        tacet_loader_free(l);
        cli_model_close(&s.m);
    }
    cli_arena_free(&a);
    return status;
}
