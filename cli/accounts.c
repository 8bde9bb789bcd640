/* accounts.c: the figures of penalties and layers, from a plan or from a line of metrics.jsonl, and as JSON. */
#include "ledger.h"
#include "run_record.h"

#include <math.h>
#include <string.h>

/* ---- How figures are shown --------------------------------------------------------------------------------------- */

static const char *digits(cli_arena *a, const double *x) { return cli_digits(a, *x); }
static const char *three(cli_arena *a, const double *x) { return isfinite(*x) ? cli_format(a, "%.3g", *x) : "-"; }
static const char *whole(cli_arena *a, const double *x) { return isfinite(*x) ? cli_format(a, "%.0f", *x) : "-"; }
static const char *lambda(cli_arena *a, const double *x)
{
    return isnan(x[1]) ? "-" : three(a, x);
} /* a constraint's */
static const char *rounded(cli_arena *a, const double *x)
{
    return isnan(*x) ? "-" : cli_format(a, "%.0f%%", 100 * *x);
}
static const char *part(cli_arena *a, const double *x)
{
    return isnan(*x) ? "-" : cli_format(a, "%.0f/%.0f", *x, x[1]);
}

static const char *percent(cli_arena *a, const double *x)
{
    return isfinite(*x) ? cli_format(a, *x > 0 && *x < 0.001 ? "%.1g%%" : "%.1f%%", 100 * *x) : "-";
}

/* Three digits, to keep a row within a terminal. */
static const char *brief(cli_arena *a, const double *x)
{
    static const char *const unit[] = {"", "k", "M", "G", "T"};
    double left = *x;
    size_t u = 0;
    if (!isfinite(left)) return "-";
    for (; fabs(left) >= (u ? 999.5 : 9999.5) && u + 1 < sizeof unit / sizeof *unit; u++) left /= 1000;
    return cli_format(a, u ? "%.3g%s" : "%.0f%s", left, unit[u]);
}

#define ROW(name, key, heading, tag, when, form, show, ...) {key, heading, tag, when, CLI_##form, show},
#define TERM_FIGURE ROW
const cli_figure cli_term_figure[] = {
#include "figures.def"
};
#define LAYER_FIGURE ROW
const cli_figure cli_layer_figure[] = {
#include "figures.def"
};
#define RUN_FIGURE ROW
const cli_figure cli_run_figure[] = {
#include "figures.def"
};

void cli_run_blank(double x[CLI_RUN_FIGURES])
{
    for (int k = 0; k < CLI_RUN_FIGURES; k++) x[k] = NAN;
}

/* ---- From a plan ------------------------------------------------------------------------------------------------- */

bool cli_penalises(const tacet_plan *p, int i, tacet_term *t)
{
    return tacet_term_at(p, i, t) == TACET_OK && strcmp(t->role, "loss") != 0;
}

static int64_t *bins_of(cli_arena *a, const tacet_firing *f)
{
    return f->rows == 0 ? NULL : memcpy(cli_take(a, sizeof f->histogram), f->histogram, sizeof f->histogram);
}

static cli_account term_of(cli_arena *arena, const tacet_plan *p, int i, bool training)
{
    tacet_term t;
    tacet_account a;
    tacet_term_at(p, i, &t);
    if (!training || tacet_account_at(p, i, &a) != TACET_OK)
        a = (tacet_account){NAN, NAN, NAN, NAN, NAN, NAN, NAN, .firing = {.density = NAN, .natural = NAN}};
    const double value = training ? a.value : t.value;
    const bool counted = !isnan(a.firing.density);
    const double x[] = {
#define COUNTED(n) (counted ? (double)(n) : NAN)
#define TERM_FIGURE(name, key, heading, tag, when, form, show, field, ...) field,
#include "figures.def"
    };
    return (cli_account){.name = t.name,
                         .on = t.on,
                         .kind = t.kind,
                         .bound = a.bound < 0   ? "least"
                                  : a.bound > 0 ? "most"
                                                : NULL,
                         .x = memcpy(cli_take(arena, sizeof x), x, sizeof x),
                         .bin = counted ? bins_of(arena, &a.firing) : NULL};
}

static cli_account layer_of(cli_arena *arena, const tacet_plan *p, int i, bool training)
{
    tacet_value_info v;
    tacet_value_at(p, i, &v);
    tacet_firing f = {.density = v.density, .dead = v.dead, .units = v.units, .natural = NAN};
    if (training) v.sparse_forward = v.sparse_backward = NAN;
    const bool counted = !training || (tacet_firing_at(p, i, true, &f) == TACET_OK && f.rows > 0);
    double x[] = {
#define LAYER_FIGURE(name, key, heading, tag, when, form, show, field, ...) field,
#include "figures.def"
    };
    for (int k = 0; k < CLI_LAYER_FIGURES && !counted; k++) x[k] = NAN;
    cli_account e = {.name = v.name, .x = memcpy(cli_take(arena, sizeof x), x, sizeof x)};
    if (!training || !counted) return e;
    e.bin = bins_of(arena, &f);
    e.deads = (size_t)f.dead;
    e.dead = cli_take(arena, sizeof *e.dead * (e.deads + 1));
    tacet_dead_units(p, i, true, e.dead, e.deads);
    return e;
}

static cli_account warning_of(cli_arena *a, const tacet_warning *w)
{
    const char *text = cli_copy(a, w->text, strlen(w->text));
    return (cli_account){
        .name = text, .on = cli_copy(a, w->on, strlen(w->on)), .kind = cli_copy(a, w->kind, strlen(w->kind))};
}

cli_ledger cli_ledger_of(cli_arena *a, const tacet_plan *p, bool training)
{
    const int terms = tacet_term_count(p), values = tacet_value_count(p);
    cli_ledger l = {.term = cli_take(a, sizeof *l.term * ((size_t)terms + 1)),
                    .layer = cli_take(a, sizeof *l.layer * ((size_t)values + 1))};
    tacet_term t;
    tacet_value_info v;
    tacet_warning w;
    for (int i = 0; i < terms; i++)
        if (cli_penalises(p, i, &t)) l.term[l.terms++] = term_of(a, p, i, training);
    for (int i = 0; i < values; i++)
        if (tacet_value_at(p, i, &v) == TACET_OK && v.silent) l.layer[l.layers++] = layer_of(a, p, i, training);
    for (; training && tacet_warning_at(p, l.warnings, &w) == TACET_OK; l.warnings++) {}
    l.warning = cli_take(a, sizeof *l.warning * ((size_t)l.warnings + 1));
    for (int i = 0; i < l.warnings; i++)
        if (tacet_warning_at(p, i, &w) == TACET_OK) l.warning[i] = warning_of(a, &w);
    return l;
}

/* ---- From a line ------------------------------------------------------------------------------------------------- */

static int64_t *numbers(cli_arena *a, const tc_json *list, size_t *n)
{
    const tc_json *number;
    size_t i;
    *n = tc_json_size(list);
    int64_t *x = cli_take(a, sizeof *x * (*n + 1));
    tc_json_each(list, i, number) x[i] = tc_json_whole(number, INT64_MAX);
    return x;
}

static cli_account *entries(cli_arena *a, const tc_json *list, const cli_figure *figure, int figures, int *n)
{
    const tc_json *o;
    size_t i, bins;
    *n = (int)tc_json_size(list);
    cli_account *entry = cli_take(a, sizeof *entry * ((size_t)*n + 1));
    tc_json_each(list, i, o)
    {
        cli_account *e = &entry[i];
        *e = (cli_account){.name = cli_record_name(a, o), .on = cli_record_text(a, o, "on")};
        e->x = cli_take(a, sizeof *e->x * (size_t)(figures + 1));
        for (int k = 0; k < figures; k++) e->x[k] = cli_record_number(o, figure[k].key);
        e->bin = numbers(a, tc_json_get(o, "histogram"), &bins);
        if (bins != CLI_BINS) e->bin = NULL;
        e->dead = numbers(a, tc_json_get(o, "dead_units"), &e->deads);
    }
    return entry;
}

cli_ledger cli_ledger_read(cli_arena *a, const tc_json *line)
{
    cli_ledger l;
    const tc_json *w, *warnings = tc_json_get(line, "warnings");
    size_t i;
    l.term = entries(a, tc_json_get(line, "terms"), cli_term_figure, CLI_TERM_FIGURES, &l.terms);
    l.layer = entries(a, tc_json_get(line, "layers"), cli_layer_figure, CLI_LAYER_FIGURES, &l.layers);
    l.warning = entries(a, warnings, NULL, 0, &l.warnings);
    tc_json_each(warnings, i, w) l.warning[i].name = cli_record_text(a, w, "text");
    for (int k = 0; k < l.terms; k++) /* a figure without a key */
        l.term[k].x[CLI_TERM_ratio] = l.term[k].x[CLI_TERM_gradient] / l.term[k].x[CLI_TERM_data_gradient];
    return l;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void add_figure(tc_json_writer *j, const cli_figure *f, double x)
{
    if (!*f->key || (isnan(x) && f->form != CLI_ALWAYS)) return;
    if (f->form == CLI_WHOLE)
        tc_json_add_integer(j, f->key, (int64_t)x);
    else
        tc_json_add_number(j, f->key, x);
}

static void add_figures(tc_json_writer *j, const cli_figure *figure, int from, int to, const double *x)
{
    for (int k = from; k < to; k++) add_figure(j, &figure[k], x[k]);
}

void cli_run_json(tc_json_writer *j, const double x[CLI_RUN_FIGURES], int n, const int *order)
{
    for (int i = 0; i < n; i++) add_figure(j, &cli_run_figure[order[i]], x[order[i]]);
}

static void add_list(tc_json_writer *j, const char *key, const int64_t *x, size_t n)
{
    if (!x) return;
    tc_json_open(j, key, '[');
    for (size_t i = 0; i < n; i++) tc_json_add_integer(j, NULL, x[i]);
    tc_json_close(j, ']');
}

enum { EVERY = CLI_TERM_share }; /* the first figure that is the ledger's alone */

/* What the ledger alone has of a term or a layer. */
static void add_account(tc_json_writer *j, bool term, const cli_account *e)
{
    if (term)
        add_figures(j, cli_term_figure, EVERY, CLI_TERM_FIGURES, e->x);
    else
        add_figures(j, cli_layer_figure, 0, CLI_LAYER_FIGURES, e->x);
    if (e->bound) tc_json_add_text(j, "bound", e->bound);
    add_list(j, "histogram", e->bin, CLI_BINS);
    add_list(j, "dead_units", e->dead, e->deads);
}

static void add_accounts(tc_json_writer *j, bool term, int n, const cli_account *e, const cli_account *training,
                         bool epoch)
{
    tc_json_open(j, term ? "terms" : "layers", '[');
    for (int i = 0; i < n; i++, e++) {
        tc_json_open(j, NULL, '{');
        if (term) {
            tc_json_add_text(j, "on", e->on);
            tc_json_add_text(j, "kind", e->kind);
            add_figures(j, cli_term_figure, 0, EVERY, e->x);
        }
        if (epoch || !term) {
            tc_json_add_text(j, "name", e->name);
            add_account(j, term, e);
        }
        if (training) {
            tc_json_open(j, "training", '{');
            add_account(j, term, &training[i]);
            tc_json_close(j, '}');
        }
        tc_json_close(j, '}');
    }
    tc_json_close(j, ']');
}

void cli_terms_json(tc_json_writer *j, const cli_ledger *l, const cli_ledger *training)
{
    add_accounts(j, true, l->terms, l->term, training ? training->term : NULL, false);
}

void cli_layers_json(tc_json_writer *j, const cli_ledger *l, const cli_ledger *training)
{
    add_accounts(j, false, l->layers, l->layer, training ? training->layer : NULL, false);
}

void cli_ledger_json(tc_json_writer *j, const cli_ledger *l)
{
    add_accounts(j, true, l->terms, l->term, NULL, true);
    add_accounts(j, false, l->layers, l->layer, NULL, true);
    tc_json_open(j, "warnings", '[');
    for (int i = 0; i < l->warnings; i++) {
        tc_json_open(j, NULL, '{');
        tc_json_add_text(j, "on", l->warning[i].on);
        tc_json_add_text(j, "kind", l->warning[i].kind);
        tc_json_add_text(j, "text", l->warning[i].name);
        tc_json_close(j, '}');
    }
    tc_json_close(j, ']');
}
