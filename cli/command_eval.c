/* command_eval.c: tacet eval MODEL. */
#include "base/status.h"
#include "begun.h"
#include "command.h"
#include "figures.h"
#include "job.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

static const cli_option option[] = {
    {"data", 0, "SPEC",
     "The data: idx DIR, npy x=FILE y=FILE, csv FILE label=COLUMN, images DIR (default: the source that the model was "
     "trained on)",
     false},
    CLI_OPTION_THREADS,
    CLI_OPTION_JSON,
    {0},
};

/* A source in the notes of the model, whose paths start where its run was begun. */
static tacet_status noted(const cli_args *a, const char *path, const char *text, cli_item *source)
{
    cli_source *from = cli_take(a->arena, sizeof *from);
    *from = (cli_source){.name = path, .text = text, .length = strlen(text)};
    *source = (cli_item){.text = text, .place.source = from};
    const tacet_status s = cli_begun_read(a->arena, path, &from->begun);
    if (!from->begun) from->begun = cli_take(a->arena, sizeof *from->begun);
    from->begun->instead = "--data";
    return s;
}

/* --data, otherwise the source in the notes of the model. */
static tacet_status choose(const cli_args *a, const char *path, const cli_model *m, cli_item *source)
{
    const char *given = cli_given_value(a, "data"), *test = tacet_file_note(m->file, "test");
    const char *data = tacet_file_note(m->file, "data");
    const char *own = test && *test ? test : data;
    if (!given && !own)
        return cli_fail_hint(TACET_DESCRIPTION, "--data 'npy x=FILE y=FILE'",
                             "the model does not say which data it was trained on");
    if (!given) return noted(a, path, own, source);
    *source = (cli_item){.text = given};
    return TACET_OK;
}

/* The file or folder that a source reads its rows from: "csv FILE label=kind", "npy x=FILE y=OTHER"; "" if it has none. */
static const char *rows_of(cli_arena *a, const char *source)
{
    for (const char *word = source + strcspn(source, " "); *word;) {
        word += strspn(word, " ");
        size_t n = strcspn(word, " ");
        const char *text = cli_copy(a, word, n), *equals = strchr(text, '=');
        const char *path = strncmp(text, "x=", 2) == 0 ? text + 2 : text;
        if (*path == '"') { /* the word goes on to the closing quote */
            const char *from = word + (path - text) + 1;
            path = cli_copy(a, from, strcspn(from, "\""));
            n = (size_t)(from - word) + strlen(path) + 1;
        } else if (equals && path == text) {
            path = "";
        }
        if (*path) return path;
        word += n < strlen(word) ? n : strlen(word);
    }
    return "";
}

/* A file that rows are read from: "FILE" or "FILE.npz:NAME". */
typedef struct rows {
    bool found;
    struct stat file;
    const char *name; /* NAME, or "" */
} rows;

static void find_file(cli_arena *a, const char *path, rows *r, tacet_error *e)
{
    for (size_t n = strlen(path), whole = n; n > 0; n--) {
        if (n < whole && path[n] != ':') continue;
        r->name = path + n + (n < whole);
        r->found = stat(cli_copy(a, path, n), &r->file) == 0;
        if (r->found) return;
        tc_fail_system(e, "read", path);
        if (!cli_search_missed(e)) return;
    }
}

/* Of a source that has no file, none is found. */
static tacet_status find_rows(cli_arena *a, const cli_item *source, rows *r)
{
    tacet_error e = {0};
    *r = (rows){0};
    cli_search at = cli_search_of(source);
    while (cli_search_next(&at, r->found, &e)) find_file(a, rows_of(a, source->text), r, &e);
    return r->found || !*rows_of(a, source->text) || cli_search_missed(&e) ? TACET_OK : cli_refuse(&e, 1, source);
}

/* Whether two sources read their rows from the same place, whatever it is called. A file without a name has one array. */
static tacet_status same_rows(cli_arena *a, const cli_item *one, const cli_item *two, bool *same)
{
    rows s, t;
    tacet_status status = find_rows(a, one, &s);
    if (status == TACET_OK) status = find_rows(a, two, &t);
    *same = status == TACET_OK && s.found && t.found && s.file.st_dev == t.file.st_dev &&
            s.file.st_ino == t.file.st_ino && (!*s.name || !*t.name || strcmp(s.name, t.name) == 0);
    return status;
}

/* Says so if the data include rows that the model has learned: they are from its training data, and not their test
 * part. */
static tacet_status remark(const cli_args *a, const char *path, const cli_model *m, const cli_item *source,
                           const tacet_data *data)
{
    tacet_data_info info = {.size = sizeof info};
    const char *learned = tacet_file_note(m->file, "data");
    tacet_data_describe(data, &info);
    if (info.weighed && !tacet_find(m->graph, "sample_weight").id)
        cli_warn("the model's loss has no sample_weight, so the weights of the rows do not count");
    if (!learned || info.has_test) return TACET_OK;
    cli_item theirs;
    bool same = false;
    tacet_status s = noted(a, path, learned, &theirs);
    if (s == TACET_OK) s = same_rows(a->arena, source, &theirs, &same);
    if (s == TACET_OK && same)
        cli_warn("the figures include rows that the model was trained on, so they are better than on new data");
    return s;
}

static tacet_status evaluate(const cli_args *a, const char *path, cli_model *m)
{
    cli_item source;
    cli_figures f = {.part = "evaluation", .step_us = NAN};
    tacet_status s = choose(a, path, m, &source);
    if (s != TACET_OK) return s;
    if (!m->loss) return cli_fail(TACET_DESCRIPTION, "the model has no loss to evaluate; tacet predict runs it");
    tacet_data *data = cli_data_held_out(&source, cli_model_schema(a->arena, m->file), m->target.id != 0, &s);
    if (!data) return s;
    cli_print(cli_log(), "%s\n", cli_data_line(a->arena, data));
    f.classes = m->target.id ? cli_schema_classes(a->arena, cli_model_schema(a->arena, m->file)) : NULL;
    s = cli_figures_fit(m->plan, data, m->x, m->target, m->y, &source);
    if (s == TACET_OK) s = cli_figures_take(m->plan, data, m->batch, m->x, m->target, m->y, &f);
    if (s == TACET_OK) s = remark(a, path, m, &source, data);
    tacet_data_free(data);
    if (s != TACET_OK) return s;
    cli_figures_print(a->arena, m->plan, &f, cli_given_value(a, "json") != NULL, false);
    return cli_figures_judge(&f);
}

static tacet_status run(const cli_args *a)
{
    cli_model m;
    const char *path;
    tacet_status s = cli_model_path(a->arena, a->operand[0], &path);
    if (s != TACET_OK) return s;
    s = cli_model_open(path, NULL, a->threads, &m);
    if (s == TACET_OK) s = evaluate(a, path, &m);
    cli_model_close(&m);
    return s;
}

const cli_command cli_command_eval = {
    .name = "eval",
    .operands = "MODEL|RUN",
    .brief = "Evaluate a model on data",
    .doc =
        "Runs a model (model.safetensors, model.ema.safetensors, best.safetensors; of the folder of a run, "
        "model.safetensors) on data and prints the loss, the metrics, the value of each penalty and the density of each "
        "layer. Uses the test part of the data if they have one, otherwise all of them, scaled as the training data "
        "were; says so if the model was trained on some of them.",
    .least = 1,
    .most = 1,
    .option = option,
    .run = run,
};
