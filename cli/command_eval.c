/* command_eval.c: tacet eval MODEL. */
#include "begun.h"
#include "command.h"
#include "figures.h"
#include "job.h"

#include <math.h>
#include <string.h>

static const cli_option option[] = {
    {"data", 0, "SPEC",
     "The data: idx DIR, npy x=FILE y=FILE, csv FILE label=COLUMN (default: the source that the model was trained "
     "on)",
     false},
    CLI_OPTION_THREADS,
    CLI_OPTION_JSON,
    {0},
};

/* --data, otherwise the source in the notes of the model. */
static tacet_status choose(const cli_args *a, const cli_model *m, cli_item *source)
{
    const char *given = cli_given_value(a, "data"), *test = tacet_file_note(m->file, "test");
    const char *data = tacet_file_note(m->file, "data");
    *source = (cli_item){.text = given ? given : test && *test ? test : data};
    if (!source->text)
        return cli_fail_hint(TACET_DESCRIPTION, "--data 'npy x=FILE y=FILE'",
                             "the model does not say which data it was trained on");
    if (!given) {
        cli_source *from = cli_take(a->arena, sizeof *from);
        *from = (cli_source){.name = a->operand[0], .text = source->text, .length = strlen(source->text)};
        from->begun = cli_begun_read(a->arena, a->operand[0]);
        if (!from->begun) from->begun = cli_take(a->arena, sizeof *from->begun);
        from->begun->instead = "--data";
        source->place.source = from;
    }
    return TACET_OK;
}

static tacet_status evaluate(const cli_args *a, cli_model *m)
{
    cli_item source;
    cli_figures f = {.part = "evaluation", .step_us = NAN};
    tacet_status s = choose(a, m, &source);
    if (s != TACET_OK) return s;
    if (!m->loss) return cli_fail(TACET_DESCRIPTION, "the model has no loss to evaluate; tacet predict runs it");
    tacet_data *data = cli_data_held_out(&source, cli_model_schema(a->arena, m->file), m->target.id != 0, &s);
    if (!data) return s;
    cli_print(cli_log(), "%s\n", cli_data_line(a->arena, data));
    f.classes = m->target.id ? cli_schema_classes(a->arena, cli_model_schema(a->arena, m->file)) : NULL;
    s = cli_figures_fit(m->plan, data, m->x, m->target, m->y, &source);
    if (s == TACET_OK) s = cli_figures_take(m->plan, data, m->batch, m->x, m->target, m->y, &f);
    tacet_data_free(data);
    if (s != TACET_OK) return s;
    cli_figures_print(a->arena, m->plan, &f, cli_given_value(a, "json") != NULL, false);
    return cli_figures_judge(&f);
}

static tacet_status run(const cli_args *a)
{
    cli_model m;
    tacet_status s = cli_model_open(a->operand[0], NULL, a->threads, &m);
    if (s == TACET_OK) s = evaluate(a, &m);
    cli_model_close(&m);
    return s;
}

const cli_command cli_command_eval = {
    .name = "eval",
    .operands = "MODEL",
    .brief = "Evaluate a model on data",
    .doc = "Runs a model (model.safetensors, best.safetensors) on data and prints the loss, the accuracy, the value of "
           "each penalty and the density of each layer. Uses the test part of the data if they have one, otherwise "
           "all of them, scaled as the training data were.",
    .least = 1,
    .most = 1,
    .option = option,
    .run = run,
};
