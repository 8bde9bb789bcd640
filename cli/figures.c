/* figures.c: an evaluation's figures. */
#include "figures.h"
#include "ledger.h"

#include <math.h>
#include <string.h>

static tacet_value_info info_of(const tacet_plan *p, tacet_value value)
{
    tacet_value_info v = {.size = sizeof v};
    tacet_value_at(p, value.id - 1, &v);
    return v;
}

/* Elements of a row. */
static int64_t product(int rank, const int64_t *shape)
{
    int64_t n = 1;
    for (int i = 0; i < rank; i++) n *= shape[i];
    return n;
}

tacet_status cli_figures_fit(const tacet_plan *p, const tacet_data *data, tacet_value x, tacet_value target,
                             tacet_value y, const cli_item *source)
{
    tacet_data_info d = {.size = sizeof d};
    tacet_data_describe(data, &d);
    const tacet_value_info in = info_of(p, x), out = info_of(p, y), aim = info_of(p, target);
    const long long width = product(d.rank, d.shape), wants = in.elements;
    const long long targets = d.classes           ? product(d.label_rank, d.label_shape)
                              : d.target_rank < 0 ? 0
                                                  : product(d.target_rank, d.target_shape);
    const long long outputs = out.rank > 0 ? out.shape[out.rank - 1] : 1, aims = aim.elements;
    const bool labels = aim.type == TACET_I32;
    const size_t n = strlen(source->text);
    const char *what = source->text;
    if (width != wants)
        cli_fail_at(source->place, n, NULL, "a row of '%s' has %lld number%s, the network takes %lld", what, width,
                    tc_plural(width), wants);
    else if (labels && !d.classes)
        cli_fail_at(source->place, n, NULL, "'%s' has no labels, which the network's outputs are compared with", what);
    else if (target.id && targets != aims)
        cli_fail_at(source->place, n, NULL, "a row of '%s' has %lld %s%s, and the network expects %lld", what, targets,
                    labels ? "label" : "target", tc_plural(targets), aims);
    else if (labels && d.classes > outputs)
        cli_fail_at(source->place, n, NULL, "'%s' has labels up to %lld, the network has outputs for 0 to %lld", what,
                    (long long)d.classes - 1, outputs - 1);
    else
        return TACET_OK;
    return TACET_FAILED;
}

tacet_status cli_figures_take(tacet_plan *p, const tacet_data *data, int64_t batch, tacet_value x, tacet_value target,
                              tacet_value y, cli_figures *f)
{
    tacet_error e;
    tacet_loader *l = tacet_loader_new(data, batch, 0, false, &e);
    if (!l) return cli_refuse(&e, 0, NULL);
    f->result.size = sizeof f->result;
    tacet_status s = tacet_evaluate(p, l, x, target, y, &f->result);
    tacet_loader_free(l);
    return s == TACET_OK ? s : cli_refuse(tacet_plan_error(p), 0, NULL);
}

tacet_status cli_figures_judge(const cli_figures *f)
{
    if (isfinite(f->result.objective)) return TACET_OK;
    return cli_fail(TACET_NOT_FINITE, "the objective is not finite on the %s data", f->part);
}

void cli_terms_json(cli_json *j, const tacet_plan *p, bool training)
{
    tacet_term t = {.size = sizeof t};
    cli_json_open(j, "terms", '[');
    for (int i = 0; i < tacet_term_count(p); i++) {
        if (!cli_penalises(p, i, &t)) continue;
        cli_json_open(j, NULL, '{');
        cli_json_text(j, "on", t.on);
        cli_json_text(j, "kind", t.kind);
        cli_json_number(j, "lambda", t.lambda);
        cli_json_number(j, "value", t.value);
        if (training) {
            cli_json_open(j, "training", '{');
            cli_account_json(j, p, i);
            cli_json_close(j, '}');
        }
        cli_json_close(j, '}');
    }
    cli_json_close(j, ']');
}

static void layers_json(cli_json *j, const tacet_plan *p, bool training)
{
    tacet_value_info v = {.size = sizeof v};
    cli_json_open(j, "layers", '[');
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++) {
        if (!v.silent) continue;
        cli_json_open(j, NULL, '{');
        cli_json_text(j, "name", v.name);
        cli_json_number(j, "density", v.density);
        cli_json_integer(j, "dead", v.dead);
        cli_units_json(j, &v);
        if (!isnan(v.sparse_forward)) cli_json_number(j, "sparse_forward", v.sparse_forward);
        if (!isnan(v.sparse_backward)) cli_json_number(j, "sparse_backward", v.sparse_backward);
        if (training) {
            cli_json_open(j, "training", '{');
            cli_firing_json(j, p, i);
            cli_json_close(j, '}');
        }
        cli_json_close(j, '}');
    }
    cli_json_close(j, ']');
}

void cli_figures_json(cli_json *j, const tacet_plan *p, const cli_figures *f, bool training)
{
    if (!isnan(f->result.accuracy)) cli_json_number(j, "accuracy", f->result.accuracy);
    cli_json_number(j, "data_loss", f->result.data_loss);
    cli_json_number(j, "objective", f->result.objective);
    if (!isnan(f->step_us)) cli_json_number(j, "step_us", f->step_us);
    cli_terms_json(j, p, training);
    layers_json(j, p, training);
}

static void terms_table(FILE *to, cli_arena *a, const tacet_plan *p)
{
    int n = tacet_term_count(p), rows = 1;
    const char **cell = cli_take(a, ((size_t)n + 1) * 5 * sizeof *cell);
    const char *const head[] = {"term", "reduce", "lambda", "value", "lambda * value"};
    memcpy(cell, head, sizeof head);
    tacet_term t = {.size = sizeof t};
    for (int i = 0; i < n; i++) {
        if (tacet_term_at(p, i, &t) != TACET_OK) continue;
        const char **c = &cell[5 * rows++];
        c[0] = t.name;
        const bool constraint = t.role == TACET_ROLE_CONSTRAINT;
        c[1] = constraint ? "-" : t.prox ? cli_format(a, "%s prox", t.reduce) : t.reduce;
        c[2] = constraint ? "-" : cli_digits(a, t.lambda);
        c[3] = cli_digits(a, t.value);
        c[4] = cli_digits(a, t.lambda * t.value);
    }
    cli_table(to, "llrrr", rows, cell);
    for (int i = 0; i < n; i++)
        if (tacet_term_at(p, i, &t) == TACET_OK && *t.note) fprintf(to, "%s: %s\n", t.name, t.note);
}

enum { COLUMNS = 6 };

static void layers_table(FILE *to, cli_arena *a, const tacet_plan *p)
{
    int n = tacet_value_count(p), rows = 1;
    const char **cell = cli_take(a, ((size_t)n + 1) * COLUMNS * sizeof *cell);
    const char *const head[COLUMNS] = {"layer", "density", "dead", "units", "steps on lists: forward", "backward"};
    bool listed = false;
    memcpy(cell, head, sizeof head);
    tacet_value_info v = {.size = sizeof v};
    for (int i = 0; i < n; i++) {
        if (tacet_value_at(p, i, &v) != TACET_OK || !v.silent) continue;
        const char **c = &cell[COLUMNS * rows++];
        c[0] = v.name;
        c[1] = cli_digits(a, v.density);
        c[2] = cli_format(a, "%lld", (long long)v.dead);
        c[3] = cli_format(a, "%lld", (long long)v.units);
        c[4] = isnan(v.sparse_forward) ? "-" : cli_format(a, "%.0f%%", 100 * v.sparse_forward);
        c[5] = isnan(v.sparse_backward) ? "-" : cli_format(a, "%.0f%%", 100 * v.sparse_backward);
        listed = listed || !isnan(v.sparse_forward);
    }
    if (rows == 1) return;
    /* Figures that nobody has are no columns: the rest of each row moves up. */
    const int columns = listed ? COLUMNS : COLUMNS - 2;
    for (int i = 1; i < rows && !listed; i++)
        memmove(&cell[columns * i], &cell[COLUMNS * i], (size_t)columns * sizeof *cell);
    fputc('\n', to);
    cli_table(to, listed ? "lrrrrr" : "lrrr", rows, cell);
}

void cli_figures_table(FILE *to, cli_arena *a, const tacet_plan *p, const cli_figures *f)
{
    fprintf(to, "%s, %s:", f->part, cli_count(a, f->result.rows, "row"));
    if (!isnan(f->result.accuracy)) fprintf(to, " accuracy %.4f,", f->result.accuracy);
    fprintf(to, " data loss %s, objective %s", cli_digits(a, f->result.data_loss), cli_digits(a, f->result.objective));
    if (!isnan(f->step_us)) fprintf(to, "; %s ms a training step", cli_digits(a, f->step_us / 1000));
    fprintf(to, "\n\n");
    terms_table(to, a, p);
    layers_table(to, a, p);
}
