/* curves.c: the sections with lines over epochs. What a line shows is a small function; the rest is tables. */
#include "report/families.h"

#include <math.h>
#include <string.h>

/* ---- What can be read from an epoch ------------------------------------------------------------------------------ */

static const tc_json *epoch(const cli_record *r, size_t i) { return r->epoch[i]; }
static const tc_json *validation(const cli_record *r, size_t i) { return tc_json_get(epoch(r, i), "validation"); }

static double figure(const cli_record *r, size_t i, const char *name, const char *key)
{
    (void)name;
    return cli_record_number(epoch(r, i), key);
}

static double validated(const cli_record *r, size_t i, const char *name, const char *key)
{
    (void)name;
    return cli_record_number(validation(r, i), key);
}

static double of_term(const cli_record *r, size_t i, const char *name, const char *key)
{
    return cli_record_number(cli_entry_of(epoch(r, i), "terms", name), key);
}

static double of_term_validated(const cli_record *r, size_t i, const char *name, const char *key)
{
    return cli_record_number(cli_twin(epoch(r, i), name, tc_json_get(validation(r, i), "terms")), key);
}

static double of_layer(const cli_record *r, size_t i, const char *name, const char *key)
{
    return cli_record_number(cli_entry_of(epoch(r, i), "layers", name), key);
}

/* Of the first term that steers a layer. */
static double of_steering(const cli_record *r, size_t i, const char *name, const char *key)
{
    const tc_json *t;
    size_t k;
    tc_json_each(tc_json_get(epoch(r, i), "terms"), k, t)
    {
        const char *on = tc_json_text(tc_json_get(t, "on"));
        if (on && strcmp(on, name) == 0 && isfinite(cli_record_number(t, "target"))) return cli_record_number(t, key);
    }
    return NAN;
}

/* Of terms on parameters: they have a density, and no histogram, since parameters have no rows. */
static double of_weights(const cli_record *r, size_t i, const char *name, const char *key)
{
    const tc_json *t = cli_entry_of(epoch(r, i), "terms", name);
    const bool weights = tc_json_get(t, "density") && !tc_json_get(t, "histogram");
    return weights ? cli_record_number(t, key) : NAN;
}

static double pull(const cli_record *r, size_t i, const char *name, const char *key)
{
    return of_term(r, i, name, key) / of_term(r, i, name, "data_gradient");
}

/* key: "layers". */
static double mean_density(const cli_record *r, size_t i, const char *name, const char *key)
{
    (void)name;
    return cli_mean_density(tc_json_get(epoch(r, i), key));
}

static double mean_density_validated(const cli_record *r, size_t i, const char *name, const char *key)
{
    (void)name;
    return cli_mean_density(tc_json_get(validation(r, i), key));
}

static double step_ms(const cli_record *r, size_t i, const char *name, const char *key)
{
    (void)name, (void)key;
    return cli_step_ms(r, i);
}

/* ---- And between epochs ------------------------------------------------------------------------------------------ */

static double of_step(const cli_record *r, const tc_json *step, const char *name, const char *key)
{
    (void)r, (void)name;
    return cli_record_number(step, key);
}

static double of_term_at_step(const cli_record *r, const tc_json *step, const char *name, const char *key)
{
    return cli_record_number(cli_twin(cli_last_epoch(r), name, tc_json_get(step, "terms")), key);
}

/* ---- Notes of a run alone: of several there is a table ----------------------------------------------------------- */

static const char *outcome(cli_run_set *s, const char *key, int sign)
{
    const cli_record *r = &s->record[0];
    const tc_json *figures = tc_json_get(r->run, "figures");
    const double x = cli_record_number(figures, key);
    const char *best = cli_best(s->arena, r, key, sign);
    const char *end = isfinite(x) ? cli_format(s->arena, "%s on the %s data at the end", cli_digits(s->arena, x),
                                               cli_record_text(s->arena, figures, "part"))
                                  : NULL;
    if (s->runs > 1 || (!end && !best)) return NULL;
    if (!best) return cli_format(s->arena, "%s.", end);
    best = cli_format(s->arena, "best on the validation data: %s", best);
    return cli_format(s->arena, "%s%s%s.", end ? end : "", end ? "; " : "", best);
}

static const char *loss_note(cli_run_set *s, const char *name)
{
    (void)name;
    return outcome(s, "data_loss", -1);
}

static const char *accuracy_note(cli_run_set *s, const char *name)
{
    (void)name;
    return outcome(s, "accuracy", 1);
}

/* ---- One figure against another ---------------------------------------------------------------------------------- */

typedef struct curve {
    const char *title;
    cli_line x, y; /* by the names of the axes */
    bool y_zero;
} curve;

/* Epoch by epoch, each by its number. */
static cli_series curve_of(cli_run_set *s, int run, const curve *c)
{
    const cli_record *r = &s->record[run];
    const size_t n = cli_epochs(r);
    double *x = cli_take(s->arena, (n + 1) * sizeof *x), *y = cli_take(s->arena, (n + 1) * sizeof *y);
    const char **label = cli_take(s->arena, (n + 1) * sizeof *label);
    for (size_t i = 0; i < n; i++) {
        x[i] = c->x.of(r, i, "", c->x.key);
        y[i] = c->y.of(r, i, "", c->y.key);
        label[i] = cli_whole(s->arena, cli_record_number(epoch(r, i), "epoch"));
    }
    const char *name = s->runs > 1 ? s->name[run] : "epochs, by number";
    return (cli_series){.name = name, .n = (int)n, .x = x, .y = y, .label = label, .colour = run};
}

static void draw_curve(cli_run_set *s, const curve *c)
{
    cli_series *series = cli_take(s->arena, (size_t)s->runs * sizeof *series);
    for (int r = 0; r < s->runs; r++) series[r] = curve_of(s, r, c);
    const cli_chart chart = {.title = c->title,
                             .x_name = c->x.name,
                             .y_name = c->y.name,
                             .y_zero = c->y_zero,
                             .count = s->runs,
                             .series = series};
    cli_set_chart(s, &chart);
}

/* ---- Sections ---------------------------------------------------------------------------------------------------- */

static bool penalised(cli_run_set *s)
{
    int n;
    cli_names(s, "terms", &n);
    return n > 0;
}

void cli_data_loss(cli_run_set *s)
{
    static const cli_family f = {
        .title = "Data loss",
        .y_name = "data loss",
        .line = {{"training", figure, "data_loss", CLI_SOLID}, {"validation", validated, "data_loss", CLI_DASHED}},
        .step = of_step,
        .note = loss_note};
    static const cli_family whole = {
        .title = "Objective: data loss and penalties",
        .y_name = "objective",
        .line = {{"training", figure, "objective", CLI_SOLID}, {"validation", validated, "objective", CLI_DASHED}},
        .step = of_step};
    cli_family_draw(s, &f);
    if (penalised(s)) cli_family_draw(s, &whole);
}

void cli_penalty_values(cli_run_set *s)
{
    static const cli_family f = {
        .list = "terms",
        .y_name = "value",
        .line = {{"training", of_term, "value", CLI_SOLID}, {"validation", of_term_validated, "value", CLI_DASHED}},
        .apart = true};
    cli_family_draw(s, &f);
}

void cli_accuracy(cli_run_set *s)
{
    static const cli_family f = {.title = "Accuracy",
                                 .y_name = "accuracy on the validation data",
                                 .line = {{"", validated, "accuracy", CLI_SOLID}},
                                 .note = accuracy_note};
    static const curve c = {"Accuracy by density",
                            {"mean density of all layers", mean_density_validated, "layers", CLI_SOLID},
                            {"accuracy on the validation data", validated, "accuracy", CLI_SOLID},
                            false};
    const char *text = accuracy_note(s, "");
    cli_family_draw(s, &f);
    if (penalised(s)) draw_curve(s, &c);
    if (!s->title || !text) return; /* drawn; or there is nothing, as where a number is foretold */
    cli_set_begin(s);
    cli_page_paragraph(s->page, text);
    cli_page_paragraph(s->page,
                       "Nothing was kept for validation: with train.validate=0.1 a tenth of the training data is, "
                       "and there is a figure for each epoch.");
}

void cli_densities(cli_run_set *s)
{
    static const cli_family fire = {.list = "layers",
                                    .title = "Units that fire",
                                    .y_name = "share of units that fire",
                                    .line = {{"", of_layer, "density", CLI_SOLID},
                                             {"target", of_steering, "target", CLI_DASHED},
                                             {"due by then", of_steering, "due", CLI_DOTTED}},
                                    .y_zero = true};
    static const cli_family weight = {
        .list = "terms",
        .title = "Weights left",
        .y_name = "share of weights that are not 0",
        .line = {{"", of_weights, "density", CLI_SOLID}, {"target", of_weights, "target", CLI_DASHED}},
        .y_zero = true};
    cli_family_draw(s, &fire);
    cli_family_draw(s, &weight);
}

void cli_lambdas(cli_run_set *s)
{
    static const cli_family f = {.list = "terms",
                                 .title = "Lambda",
                                 .y_name = "lambda",
                                 .line = {{"", of_term, "lambda", CLI_SOLID}},
                                 .step = of_term_at_step,
                                 .y_log = true,
                                 .changing = true};
    static const cli_family rate = {.title = "Learning rate",
                                    .y_name = "learning rate",
                                    .line = {{"", figure, "learning_rate", CLI_SOLID}},
                                    .step = of_step,
                                    .changing = true};
    cli_family_draw(s, &f);
    cli_family_draw(s, &rate);
}

void cli_gradients(cli_run_set *s)
{
    static const cli_family beside = {.list = "terms",
                                      .title = "Gradient beside the data's",
                                      .y_name = "ratio of norms",
                                      .line = {{"", pull, "gradient", CLI_SOLID}},
                                      .y_log = true};
    static const cli_family part = {.list = "terms",
                                    .title = "Share of the objective",
                                    .y_name = "share",
                                    .line = {{"", of_term, "share", CLI_SOLID}},
                                    .y_zero = true};
    cli_family_draw(s, &beside);
    cli_family_draw(s, &part);
}

void cli_step_times(cli_run_set *s)
{
    static const cli_family f = {.title = "Time per step",
                                 .y_name = "time per step [ms]",
                                 .line = {{"", step_ms, "", CLI_SOLID}},
                                 .y_zero = true};
    static const curve c = {"Time per step by density",
                            {"mean density of all layers", mean_density, "layers", CLI_SOLID},
                            {"time per step [ms]", step_ms, "", CLI_SOLID},
                            true};
    draw_curve(s, &c);
    cli_family_draw(s, &f);
}
