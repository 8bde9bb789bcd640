/* curves.c: the sections with lines over epochs. What a line shows is a small function; the rest is tables. */
#include "report/families.h"

#include <math.h>
#include <string.h>

/* ---- What can be read from an epoch ------------------------------------------------------------------------------ */

static const json_t *epoch(const cli_record *r, size_t i) { return json_array_get(r->epochs, i); }
static const json_t *validation(const cli_record *r, size_t i) { return json_object_get(epoch(r, i), "validation"); }
static const json_t *term(const cli_record *r, size_t i, const char *n)
{
    return cli_entry_of(epoch(r, i), "terms", n);
}
static const json_t *layer(const cli_record *r, size_t i, const char *n)
{
    return cli_entry_of(epoch(r, i), "layers", n);
}

static double loss(const cli_record *r, size_t i, const char *name)
{
    (void)name;
    return cli_record_number(epoch(r, i), "data_loss");
}

static double loss_validated(const cli_record *r, size_t i, const char *name)
{
    (void)name;
    return cli_record_number(validation(r, i), "data_loss");
}

static double objective(const cli_record *r, size_t i, const char *name)
{
    (void)name;
    return cli_record_number(epoch(r, i), "objective");
}

static double objective_validated(const cli_record *r, size_t i, const char *name)
{
    (void)name;
    return cli_record_number(validation(r, i), "objective");
}

static double learning_rate(const cli_record *r, size_t i, const char *name)
{
    (void)name;
    return cli_record_number(epoch(r, i), "learning_rate");
}

static double accuracy(const cli_record *r, size_t i, const char *name)
{
    (void)name;
    return cli_record_number(validation(r, i), "accuracy");
}

static double value(const cli_record *r, size_t i, const char *n) { return cli_record_number(term(r, i, n), "value"); }

static double value_validated(const cli_record *r, size_t i, const char *n)
{
    return cli_record_number(cli_twin(epoch(r, i), n, json_object_get(validation(r, i), "terms")), "value");
}

static double density(const cli_record *r, size_t i, const char *n)
{
    return cli_record_number(layer(r, i, n), "density");
}

/* A figure of the first term that steers a layer. */
static double steering(const cli_record *r, size_t i, const char *n, const char *key)
{
    const json_t *t;
    size_t k;
    json_array_foreach(json_object_get(epoch(r, i), "terms"), k, t)
    {
        const char *on = json_string_value(json_object_get(t, "on"));
        if (on && strcmp(on, n) == 0 && isfinite(cli_record_number(t, "target"))) return cli_record_number(t, key);
    }
    return NAN;
}

static double target(const cli_record *r, size_t i, const char *n) { return steering(r, i, n, "target"); }
static double due(const cli_record *r, size_t i, const char *n) { return steering(r, i, n, "due"); }

/* Of terms on parameters, whose names alone have a dot. */
static double weight_figure(const cli_record *r, size_t i, const char *n, const char *key)
{
    const json_t *t = term(r, i, n);
    const char *on = json_string_value(json_object_get(t, "on"));
    return on && strchr(on, '.') ? cli_record_number(t, key) : NAN;
}

static double weights(const cli_record *r, size_t i, const char *n) { return weight_figure(r, i, n, "density"); }
static double weights_target(const cli_record *r, size_t i, const char *n) { return weight_figure(r, i, n, "target"); }

static double lambda(const cli_record *r, size_t i, const char *n)
{
    return cli_record_number(term(r, i, n), "lambda");
}
static double share(const cli_record *r, size_t i, const char *n) { return cli_record_number(term(r, i, n), "share"); }

static double gradient(const cli_record *r, size_t i, const char *n)
{
    return cli_record_number(term(r, i, n), "gradient") / cli_record_number(term(r, i, n), "data_gradient");
}

static double mean_density(const cli_record *r, size_t i, const char *n)
{
    (void)n;
    return cli_mean_density(json_object_get(epoch(r, i), "layers"));
}

static double density_validated(const cli_record *r, size_t i, const char *n)
{
    (void)n;
    return cli_mean_density(json_object_get(validation(r, i), "layers"));
}

static double step_ms(const cli_record *r, size_t i, const char *n)
{
    (void)n;
    return cli_step_ms(r, i);
}

/* ---- And between epochs ------------------------------------------------------------------------------------------ */

static double loss_of_step(const cli_record *r, const json_t *step, const char *n)
{
    (void)r, (void)n;
    return cli_record_number(step, "data_loss");
}

static double objective_of_step(const cli_record *r, const json_t *step, const char *n)
{
    (void)r, (void)n;
    return cli_record_number(step, "objective");
}

static double rate_of_step(const cli_record *r, const json_t *step, const char *n)
{
    (void)r, (void)n;
    return cli_record_number(step, "learning_rate");
}

static double lambda_of_step(const cli_record *r, const json_t *step, const char *n)
{
    return cli_record_number(cli_twin(cli_last_epoch(r), n, json_object_get(step, "terms")), "lambda");
}

/* ---- Notes of a run alone: of several there is a table ----------------------------------------------------------- */

static const char *outcome(cli_run_set *s, const char *key, int sign)
{
    const cli_record *r = &s->record[0];
    const json_t *figures = json_object_get(r->run, "figures");
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
    const char *title, *x_name, *y_name;
    cli_measure x, y;
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
        x[i] = c->x(r, i, "");
        y[i] = c->y(r, i, "");
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
                             .x_name = c->x_name,
                             .y_name = c->y_name,
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
    static const cli_family f = {.title = "Data loss",
                                 .y_name = "data loss",
                                 .line = {{"training", loss, CLI_SOLID}, {"validation", loss_validated, CLI_DASHED}},
                                 .step = loss_of_step,
                                 .note = loss_note};
    static const cli_family whole = {
        .title = "Objective: data loss and penalties",
        .y_name = "objective",
        .line = {{"training", objective, CLI_SOLID}, {"validation", objective_validated, CLI_DASHED}},
        .step = objective_of_step};
    cli_family_draw(s, &f);
    if (penalised(s)) cli_family_draw(s, &whole);
}

void cli_penalty_values(cli_run_set *s)
{
    static const cli_family f = {.list = "terms",
                                 .y_name = "value",
                                 .line = {{"training", value, CLI_SOLID}, {"validation", value_validated, CLI_DASHED}},
                                 .apart = true};
    cli_family_draw(s, &f);
}

void cli_accuracy(cli_run_set *s)
{
    static const cli_family f = {.title = "Accuracy",
                                 .y_name = "accuracy on the validation data",
                                 .line = {{"", accuracy, CLI_SOLID}},
                                 .note = accuracy_note};
    static const curve c = {"Accuracy by density",
                            "mean density of all layers",
                            "accuracy on the validation data",
                            density_validated,
                            accuracy,
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
    static const cli_family fire = {
        .list = "layers",
        .title = "Units that fire",
        .y_name = "share of units that fire",
        .line = {{"", density, CLI_SOLID}, {"target", target, CLI_DASHED}, {"due by then", due, CLI_DOTTED}},
        .y_zero = true};
    static const cli_family weight = {.list = "terms",
                                      .title = "Weights left",
                                      .y_name = "share of weights that are not 0",
                                      .line = {{"", weights, CLI_SOLID}, {"target", weights_target, CLI_DASHED}},
                                      .y_zero = true};
    cli_family_draw(s, &fire);
    cli_family_draw(s, &weight);
}

void cli_lambdas(cli_run_set *s)
{
    static const cli_family f = {.list = "terms",
                                 .title = "Lambda",
                                 .y_name = "lambda",
                                 .line = {{"", lambda, CLI_SOLID}},
                                 .step = lambda_of_step,
                                 .y_log = true,
                                 .changing = true};
    static const cli_family rate = {.title = "Learning rate",
                                    .y_name = "learning rate",
                                    .line = {{"", learning_rate, CLI_SOLID}},
                                    .step = rate_of_step,
                                    .changing = true};
    cli_family_draw(s, &f);
    cli_family_draw(s, &rate);
}

void cli_gradients(cli_run_set *s)
{
    static const cli_family pull = {.list = "terms",
                                    .title = "Gradient beside the data's",
                                    .y_name = "ratio of norms",
                                    .line = {{"", gradient, CLI_SOLID}},
                                    .y_log = true};
    static const cli_family part = {.list = "terms",
                                    .title = "Share of the objective",
                                    .y_name = "share",
                                    .line = {{"", share, CLI_SOLID}},
                                    .y_zero = true};
    cli_family_draw(s, &pull);
    cli_family_draw(s, &part);
}

void cli_step_times(cli_run_set *s)
{
    static const cli_family f = {
        .title = "Time per step", .y_name = "time per step [ms]", .line = {{"", step_ms, CLI_SOLID}}, .y_zero = true};
    static const curve c = {
        "Time per step by density", "mean density of all layers", "time per step [ms]", mean_density, step_ms, true};
    draw_curve(s, &c);
    cli_family_draw(s, &f);
}
