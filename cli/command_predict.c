/* command_predict.c: tacet predict MODEL. */
#include "command.h"
#include "figures.h"
#include "output.h"
#include "prediction.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const cli_option option[] = {
    {"data", 0, "SPEC",
     "The data: idx DIR, npy x=FILE, csv FILE, images DIR. Uses their test part if they have one, otherwise all",
     false},
    {"out", 0, "FILE.npy", "Write the outputs to this file, float32 [rows, out]", false},
    {"csv", 0, NULL,
     "Write CSV to standard output instead: names in the first line, then for each row the class and the probability "
     "of each class, or the targets in their own unit",
     false},
    {"id", 0, "COLUMN",
     "With --csv: copy this column of a csv source to the front of each line; with images: the path of each picture, in a "
     "column of this name",
     false},
    {"raw", 0, NULL, "With --csv: write only the outputs of the network, without names", false},
    {"keep", 0, "NAME", "Write this value (relu1) instead of the output", false},
    CLI_OPTION_THREADS,
    {0},
};

/* How the rows are written. */
typedef struct sink {
    FILE *to;
    const tacet_data *data;
    bool raw; /* as npy, or as CSV without names */
    bool csv, restore, id;
    int64_t width, positions, row;
    cli_prediction prediction;
    float *y;       /* [batch, width] */
    double *number; /* of a line */
} sink;

static void write_names(const sink *s, const char *id)
{
    if (s->id) {
        cli_csv_field(s->to, id);
        fputc(',', s->to);
    }
    if (s->positions > 1) fputs("row,position,", s->to);
    cli_prediction_head(&s->prediction, s->to);
    fputc('\n', s->to);
}

/* Warns of targets that float32 cannot hold as finely as the model predicts them. */
static void warn_of_targets(const sink *s)
{
    const cli_prediction *p = &s->prediction;
    const double most = 0x1p24 / 100; /* from there on, steps are above a hundredth of the targets' deviation */
    for (int64_t i = 0; i < s->width && p->scale && p->shift; i++)
        if (fabs(p->shift[i]) > most) {
            cli_warn("the targets are so far from 0 that float32 holds them only in steps of about %.2g: --csv writes "
                     "them with all digits",
                     fabs(p->shift[i] / p->scale[i]) * 0x1p-23);
            return;
        }
}

/* A line for each position of a row. */
static void write_lines(const sink *s, int64_t row)
{
    for (int64_t i = 0; i < s->positions; i++) {
        const float *y = s->y + row * s->width + i * s->prediction.outputs;
        if (s->id) {
            cli_csv_field(s->to, tacet_data_id(s->data, s->row + row));
            fputc(',', s->to);
        }
        if (s->positions > 1) fprintf(s->to, "%lld,%lld,", (long long)(s->row + row), (long long)i);
        cli_prediction_write(&s->prediction, i, y, s->number, s->to);
        fputc('\n', s->to);
    }
}

static void write_rows(sink *s, int64_t rows)
{
    if (s->restore && !s->csv) tacet_data_restore(s->data, rows, s->width, s->y);
    if (!s->csv) fwrite(s->y, sizeof *s->y * (size_t)s->width, (size_t)rows, s->to);
    for (int64_t i = 0; i < rows * s->width && s->csv && s->raw; i++)
        fprintf(s->to, "%.9g%c", (double)s->y[i], (i + 1) % s->width ? ',' : '\n');
    for (int64_t i = 0; i < rows && s->csv && !s->raw; i++) write_lines(s, i);
    s->row += rows;
}

static tacet_status find_value(const cli_model *m, const char *name, tacet_value_info *v)
{
    if (tacet_value_at(m->plan, tacet_find(m->graph, name).id - 1, v) == TACET_OK && v->batch &&
        v->value.id != m->target.id)
        return TACET_OK;
    return cli_fail(TACET_DESCRIPTION, "'%s' is not a value with one row per sample; tacet inspect lists the layers",
                    name);
}

static tacet_status predict(cli_model *m, const tacet_data *data, const char *name, sink *to)
{
    tacet_error e;
    tacet_loader *l = tacet_loader_new(data, m->batch, 0, false, &e);
    if (!l) return cli_refuse(&e, 0, NULL);
    tacet_status s = TACET_OK;
    for (int64_t rows; s == TACET_OK && (rows = tacet_loader_next(l, m->plan, m->x, (tacet_value){0})) != 0;) {
        s = rows > 0 ? tacet_forward(m->plan, rows) : TACET_FAILED;
        if (s == TACET_OK) s = tacet_read(m->plan, name, to->y, (size_t)(rows * to->width));
        if (s == TACET_OK) write_rows(to, rows);
    }
    tacet_loader_free(l);
    return s == TACET_OK ? s : cli_refuse(tacet_plan_error(m->plan), 0, NULL);
}

static tacet_status write_all(const cli_args *a, cli_model *m, const tacet_data *data)
{
    const char *keep = cli_given_value(a, "keep"), *name = keep ? keep : m->output, *path = cli_given_value(a, "out");
    tacet_value_info v = {.size = sizeof v};
    cli_outfile o = {0};
    tacet_status s = find_value(m, name, &v);
    if (s != TACET_OK) return s;
    const char *id = cli_given_value(a, "id");
    sink to = {
        .to = stdout, .data = data, .csv = path == NULL, .raw = cli_given_value(a, "raw") != NULL, .id = id != NULL};
    to.restore = m->target.id && v.value.id == m->y.id && !to.raw;
    to.prediction = cli_prediction_of(a->arena, m, cli_model_schema(a->arena, m->file), &v);
    to.width = v.elements;
    to.positions = v.elements / to.prediction.outputs;
    to.y = cli_take(a->arena, sizeof *to.y * (size_t)(m->batch * v.elements));
    to.number = cli_take(a->arena, sizeof *to.number * (size_t)to.prediction.columns);
    if (to.csv && !to.raw) write_names(&to, id);
    if (path) {
        tacet_data_info info = {.size = sizeof info};
        s = cli_outfile_open(path, &o);
        if (s != TACET_OK) return s;
        tacet_data_describe(data, &info);
        warn_of_targets(&to);
        int64_t shape[9] = {info.rows};
        memcpy(shape + 1, v.shape, (size_t)v.rank * sizeof *shape);
        cli_npy_head(o.f, v.rank + 1, shape);
        to.to = o.f;
    }
    s = predict(m, data, name, &to);
    if (path && s == TACET_OK) return cli_outfile_close(&o);
    if (path) cli_outfile_drop(&o);
    return s;
}

/* The column is kept as text by the source. */
static tacet_status add_id(cli_arena *a, cli_item *source, const char *column)
{
    tacet_error e;
    if (strncmp(source->text, "images ", strlen("images ")) == 0) return TACET_OK; /* its rows have their paths */
    if (strncmp(source->text, "csv ", 4) != 0)
        return cli_fail(TACET_DESCRIPTION, "--id names a column of a csv source, and '%s' has none", source->text);
    const size_t n = tacet_spec_set(TACET_ROLE_DATA, source->text, "id", column, NULL, 0, &e);
    if (n == 0) return cli_refuse(&e, 1, source);
    char *text = cli_take(a, n + 1);
    tacet_spec_set(TACET_ROLE_DATA, source->text, "id", column, text, n + 1, &e);
    source->text = text;
    return TACET_OK;
}

/* An example of --data, with the kind of source that the model was trained on. */
static const char *example(cli_arena *a, const char *path)
{
    tacet_error e;
    tacet_file *f = tacet_file_open(path, NULL, &e);
    const char *data = f ? tacet_file_note(f, "data") : NULL;
    const char *kind = data ? cli_copy(a, data, strcspn(data, " ")) : "npy", *formula = "npy x=FILE";
    tacet_entry entry = {.size = sizeof entry};
    tacet_file_free(f);
    for (int i = 0; tacet_entry_at(i, &entry) == TACET_OK; i++)
        if (entry.role == TACET_ROLE_DATA && strcmp(entry.name, kind) == 0) formula = entry.formula;
    const char *first = formula + strcspn(formula, " ");
    return cli_format(a, "--data '%.*s'", (int)(first - formula + 1) + (int)strcspn(first + 1, " "), formula);
}

static tacet_status run(const cli_args *a)
{
    const char *source = cli_given_value(a, "data"), *path = cli_given_value(a, "out");
    const char *model;
    tacet_status s = cli_model_path(a->arena, a->operand[0], &model);
    if (s != TACET_OK) return s;
    if (!source) return cli_fail_hint(TACET_DESCRIPTION, example(a->arena, model), "--data is missing");
    if (path && (strlen(path) < 4 || strcmp(path + strlen(path) - 4, ".npy") != 0))
        return cli_fail_hint(TACET_DESCRIPTION, "--csv > FILE.csv writes CSV",
                             "--out writes an npy file, but the name %s does not end in .npy", path);
    if ((path != NULL) == (cli_given_value(a, "csv") != NULL))
        return cli_fail_hint(TACET_DESCRIPTION, "see tacet predict --help", "give either --out FILE.npy or --csv");
    if (path && (cli_given_value(a, "id") || cli_given_value(a, "raw")))
        return cli_fail_hint(TACET_DESCRIPTION, "see tacet predict --help", "--id and --raw are for --csv");
    cli_model m;
    s = cli_model_open(model, cli_given_value(a, "keep"), a->threads, &m);
    if (s == TACET_OK) {
        cli_item item = {.text = source};
        const char *id = cli_given_value(a, "id");
        if (id) s = add_id(a->arena, &item, id);
        if (s != TACET_OK) return cli_model_close(&m), s;
        tacet_data *data = cli_data_held_out(&item, cli_model_schema(a->arena, m.file), false, &s);
        if (data) s = cli_figures_fit(m.plan, data, m.x, (tacet_value){0}, m.y, &item);
        if (data && s == TACET_OK) s = write_all(a, &m, data);
        tacet_data_free(data);
    }
    cli_model_close(&m);
    return s;
}

const cli_command cli_command_predict = {
    .name = "predict",
    .operands = "MODEL|RUN",
    .brief = "Write the outputs of a model for data",
    .doc = "Runs a model (of the folder of a run, model.safetensors) on data, scaled as the training data were, and "
           "writes its outputs in the order of the rows, as an npy file or as CSV.",
    .least = 1,
    .most = 1,
    .option = option,
    .run = run,
};
