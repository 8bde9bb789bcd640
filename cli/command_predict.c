/* command_predict.c: tacet predict MODEL. */
#include "command.h"
#include "job.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

static const cli_option option[] = {
    {"data", 0, "SPEC", "The data: idx DIR, npy x=FILE, csv FILE. Uses their test part if they have one, otherwise all",
     false},
    {"out", 0, "FILE.npy", "Write the outputs to this file, float32 [rows, out]", false},
    {"csv", 0, NULL, "Write CSV to standard output instead, one line per row", false},
    {"keep", 0, "NAME", "Write this value (relu1) instead of the output", false},
    CLI_OPTION_THREADS,
    {0},
};

/* The file that the rows are written to, as npy or CSV. */
typedef struct sink {
    FILE *to;
    bool csv;
    int64_t width;
    float *row; /* [batch, width] */
} sink;

static void write_rows(const sink *s, int64_t rows)
{
    if (!s->csv) {
        fwrite(s->row, sizeof *s->row * (size_t)s->width, (size_t)rows, s->to);
        return;
    }
    for (int64_t i = 0; i < rows * s->width; i++)
        fprintf(s->to, "%.9g%c", (double)s->row[i], (i + 1) % s->width ? ',' : '\n');
}

static tacet_status find_value(const cli_model *m, const char *name, tacet_value_info *v)
{
    if (tacet_value_at(m->plan, tacet_find(m->graph, name).id - 1, v) == TACET_OK && v->batch) return TACET_OK;
    return cli_fail(TACET_DESCRIPTION, "'%s' is not a value with one row per sample; tacet inspect lists the layers",
                    name);
}

static tacet_status predict(cli_model *m, const tacet_data *data, const char *name, const sink *to)
{
    tacet_error e;
    tacet_loader *l = tacet_loader_new(data, m->batch, 0, false, &e);
    if (!l) return cli_refuse(&e, 0, NULL);
    tacet_status s = TACET_OK;
    for (int64_t rows; s == TACET_OK && (rows = tacet_loader_next(l, m->plan, m->x, (tacet_value){0})) != 0;) {
        s = rows > 0 ? tacet_forward(m->plan, rows) : TACET_FAILED;
        if (s == TACET_OK) s = tacet_read(m->plan, name, to->row, (size_t)(rows * to->width));
        if (s == TACET_OK && m->target.id && strcmp(name, m->output) == 0) tacet_data_restore(data, rows, to->width, to->row);
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
    sink to = {.to = stdout, .csv = path == NULL, .width = v.elements};
    to.row = cli_take(a->arena, sizeof *to.row * (size_t)(m->batch * v.elements));
    if (path) {
        tacet_data_info info = {.size = sizeof info};
        s = cli_outfile_open(a->arena, path, &o);
        if (s != TACET_OK) return s;
        tacet_data_describe(data, &info);
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

static tacet_status run(const cli_args *a)
{
    const char *source = cli_given_value(a, "data"), *path = cli_given_value(a, "out");
    if (!source) return cli_fail_hint(TACET_DESCRIPTION, "--data 'npy x=FILE'", "--data is missing");
    if ((path != NULL) == (cli_given_value(a, "csv") != NULL))
        return cli_fail_hint(TACET_DESCRIPTION, "see tacet predict --help", "give either --out FILE.npy or --csv");
    cli_model m;
    tacet_status s = cli_model_open(a->operand[0], cli_given_value(a, "keep"), a->threads, &m);
    if (s == TACET_OK) {
        cli_item item = {.text = source};
        tacet_data *data = cli_data_held_out(&item, cli_model_schema(a->arena, m.file), false, &s);
        if (data) s = write_all(a, &m, data);
        tacet_data_free(data);
    }
    cli_model_close(&m);
    return s;
}

const cli_command cli_command_predict = {
    .name = "predict",
    .operands = "MODEL",
    .brief = "Write the outputs of a model for data",
    .doc = "Runs a model on data, scaled as the training data were, and writes its outputs in the order of the rows, "
           "as an npy file or as CSV.",
    .least = 1,
    .most = 1,
    .option = option,
    .run = run,
};
