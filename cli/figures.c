/* figures.c: evaluates data and prints the figures. */
#include "figures.h"

#include "base/shape.h"

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

/* The entry of the loss that a description begins with. */
static bool entry_of_loss(const char *loss, tacet_entry *e)
{
    const size_t n = strcspn(loss, " ");
    for (int i = 0; tacet_entry_at(i, e) == TACET_OK; i++)
        if (e->role == TACET_ROLE_LOSS && strlen(e->name) == n && strncmp(e->name, loss, n) == 0) return true;
    return false;
}

bool cli_loss_of_logits(const char *loss)
{
    tacet_entry e = {.size = sizeof e};
    return entry_of_loss(loss, &e) && e.logits;
}

bool cli_loss_of_labels(const char *loss)
{
    tacet_entry e = {.size = sizeof e};
    return entry_of_loss(loss, &e) && e.labels;
}

static bool is_binary(const tacet_plan *p)
{
    tacet_term t = {.size = sizeof t};
    for (int i = 0; tacet_term_at(p, i, &t) == TACET_OK; i++)
        if (t.role == TACET_ROLE_LOSS && cli_loss_of_logits(t.kind)) return true;
    return false;
}

/* The shape in which the numbers of a row are stored, without sides of 1. Rank 0: none that says anything. */
static tc_shape order_of(int rank, const int64_t *shape)
{
    tc_shape s = {0};
    for (int i = 0; i < rank && i < TC_MAX_RANK; i++)
        if (shape[i] > 1) s.dim[s.rank++] = shape[i];
    return s;
}

/* Whether rows are images whose numbers have another order than those of the network, [3, 32, 32] and [32, 32, 3]. */
static bool other_order(const tacet_value_info *in, const tacet_data_info *d)
{
    const bool fed = d->rank == 3;
    const tc_shape takes = order_of(in->rank, in->shape);
    const tc_shape has = fed ? order_of(d->rank, d->shape) : order_of(d->stored_rank, d->stored_shape);
    if (in->rank != 3 || has.rank < 2) return false;
    return has.rank != takes.rank || memcmp(has.dim, takes.dim, sizeof takes.dim) != 0;
}

static tacet_status refuse_order(const tacet_value_info *in, const tacet_data_info *d, const cli_item *source)
{
    char got[TC_SHAPE_TEXT], wants[TC_SHAPE_TEXT];
    tc_shape x = {.rank = in->rank}, row = {.rank = d->rank == 3 ? d->rank : d->stored_rank};
    memcpy(x.dim, in->shape, sizeof x.dim);
    memcpy(row.dim, d->rank == 3 ? d->shape : d->stored_shape, sizeof row.dim);
    return cli_fail_at(source->place, strlen(source->text),
                       "layout=hwc or layout=chw says what the rows hold; without layout= and flat=, they are read as "
                       "those that the network was trained on",
                       "a row of '%s' is %s, but the network takes %s", source->text, tc_shape_text(&row, false, got),
                       tc_shape_text(&x, false, wants));
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
    char hint[128];
    tc_snprintf(hint, sizeof hint,
                "it needs an output for each class, as linear %lld at its end; labels that are numbers count from 0",
                (long long)d.classes);
    char size[96];
    tc_snprintf(size, sizeof size, "size=%lldx%lld channels=%lld makes images that it takes", (long long)in.shape[0],
                (long long)in.shape[1], (long long)in.shape[2]);
    const bool fit = strncmp(what, "images ", strlen("images ")) == 0 && in.rank == 3 &&
                     (in.shape[2] == 1 || in.shape[2] == 3);
    if (width != wants)
        cli_fail_at(source->place, n, fit ? size : NULL, "a row of '%s' has %lld number%s, but the network takes %lld",
                    what, width, tc_plural(width), wants);
    else if (other_order(&in, &d))
        refuse_order(&in, &d, source);
    else if (labels && !d.classes)
        cli_fail_at(source->place, n, NULL, "'%s' has no labels to compare the network's outputs with", what);
    else if (target.id && targets != aims)
        cli_fail_at(source->place, n, NULL, "a row of '%s' has %lld %s%s, but the network expects %lld", what, targets,
                    labels ? "label" : "target", tc_plural(targets), aims);
    else if (target.id && d.classes > 2 && is_binary(p))
        cli_fail_at(source->place, n, NULL, "'%s' has labels up to %lld, but the network was trained on 0 and 1", what,
                    (long long)d.classes - 1);
    else if (labels && d.classes > outputs)
        cli_fail_at(source->place, n, hint, "'%s' has labels up to %lld, but the network has outputs for 0 to %lld",
                    what, (long long)d.classes - 1, outputs - 1);
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

tc_json_writer cli_figures_json(cli_arena *a, tacet_plan *p, const cli_figures *f, bool training)
{
    const tacet_stamp stamp = {
        .size = sizeof stamp, .best_epoch = f->best_epoch, .step_us = f->step_us, .ema = f->averaged.record};
    return cli_plan_record(a, p, training ? "figures" : "evaluation", &stamp);
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
        if (tacet_term_at(p, i, &t) == TACET_OK && *t.note) cli_print(to, "%s: %s\n", t.name, t.note);
}

static void table(FILE *to, cli_arena *a, tacet_plan *p, const cli_figures *f)
{
    const char *line = cli_format(a, "%s, %s:%s data loss %s, objective %s", f->part,
                                  cli_count(a, f->result.rows, "row"), cli_metrics_line(a, p),
                                  cli_digits(a, f->result.data_loss), cli_digits(a, f->result.objective));
    if (!isnan(f->step_us)) line = cli_format(a, "%s; %s ms per training step", line, cli_digits(a, f->step_us / 1000));
    cli_paragraph(to, "", line);
    if (f->averaged.record)
        cli_paragraph(to, "",
                      cli_format(a, "with averaged weights:%s data loss %s, objective %s", f->averaged.line,
                                 cli_digits(a, f->averaged.result.data_loss),
                                 cli_digits(a, f->averaged.result.objective)));
    fputc('\n', to);
    const tc_json *layers = tc_json_get(cli_plan_figures(a, p, "evaluation"), "layers");
    terms_table(to, a, p);
    cli_metrics_tables(to, a, p, f->classes);
    if (tc_json_size(layers) == 0) return;
    fputc('\n', to);
    cli_layers_table(to, a, layers);
}

void cli_figures_print(cli_arena *a, tacet_plan *p, const cli_figures *f, bool json, bool training)
{
    if (!json) {
        table(stdout, a, p, f);
        return;
    }
    const tc_json_writer j = cli_figures_json(a, p, f, training);
    cli_json_print(&j, stdout);
}
