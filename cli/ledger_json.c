/* ledger_json.c: the table of figures, and a plan's figures of its penalties and layers as JSON. */
#include "ledger.h"

#include <math.h>
#include <string.h>

/* ---- The table --------------------------------------------------------------------------------------------------- */

static const char *digits(cli_arena *a, const tc_json *o, const char *key) { return cli_digits(a, cli_number(o, key)); }

static const char *shown(cli_arena *a, const char *format, double x)
{
    return isfinite(x) ? cli_format(a, format, x) : "-";
}
static const char *three(cli_arena *a, const tc_json *o, const char *key)
{
    return shown(a, "%.3g", cli_number(o, key));
}
static const char *whole(cli_arena *a, const tc_json *o, const char *key)
{
    return shown(a, "%.0f", cli_number(o, key));
}

static const char *lambda(cli_arena *a, const tc_json *o, const char *key)
{
    return isnan(cli_number(o, "value")) ? "-" : three(a, o, key); /* a constraint has no lambda */
}

static const char *rounded(cli_arena *a, const tc_json *o, const char *key)
{
    return shown(a, "%.0f%%", 100 * cli_number(o, key));
}

static const char *percent(cli_arena *a, const tc_json *o, const char *key)
{
    const double x = cli_number(o, key);
    return shown(a, x > 0 && x < 0.001 ? "%.1g%%" : "%.1f%%", 100 * x);
}

static const char *part(cli_arena *a, const tc_json *o, const char *key)
{
    const double x = cli_number(o, key);
    return isnan(x) ? "-" : cli_format(a, "%.0f/%.0f", x, cli_number(o, "units"));
}

static const char *brief(cli_arena *a, const tc_json *o, const char *key)
{
    return cli_short(a, cli_number(o, key), 5); /* to keep a row within a terminal */
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

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void add_figure(tc_json_writer *j, const cli_figure *f, double x)
{
    if (strchr(f->key, '/') || (isnan(x) && f->form != CLI_ALWAYS)) return;
    if (f->form == CLI_WHOLE)
        tc_json_add_integer(j, f->key, (int64_t)x);
    else
        tc_json_add_number(j, f->key, x);
}

void cli_run_json(tc_json_writer *j, const double x[CLI_RUN_FIGURES], int n, const int *order)
{
    for (int i = 0; i < n; i++) add_figure(j, &cli_run_figure[order[i]], x[order[i]]);
}

static void add_list(tc_json_writer *j, const char *key, const int64_t *x, size_t n)
{
    tc_json_open(j, key, '[');
    for (size_t i = 0; i < n; i++) tc_json_add_integer(j, NULL, x[i]);
    tc_json_close(j, ']');
}

bool cli_penalises(const tacet_plan *p, int i, tacet_term *t)
{
    return tacet_term_at(p, i, t) == TACET_OK && t->role != TACET_ROLE_LOSS;
}

int cli_silent_value(const tacet_plan *p, int i)
{
    tacet_value_info v = {.size = sizeof v};
    const int on = tacet_term_on(p, i, 0).id - 1;
    return !tacet_term_on(p, i, 1).id && tacet_value_at(p, on, &v) == TACET_OK && v.silent ? on : -1;
}

/* The figures that every list of terms has, or those that the ledger adds (`added`). */
static void term_figures(tc_json_writer *j, tacet_term t, tacet_account a, tacet_firing f, double value, bool added)
{
    const bool counted = !isnan(f.density);
    const double x[] = {
#define COUNTED(n) (counted ? (double)(n) : NAN)
#define TERM_FIGURE(name, key, heading, tag, when, form, show, field, ...) field,
#include "figures.def"
    };
    for (int k = added ? CLI_TERM_share : 0; k < (added ? CLI_TERM_FIGURES : CLI_TERM_share); k++)
        add_figure(j, &cli_term_figure[k], x[k]);
    if (!added) return;
    if (a.bound) tc_json_add_text(j, "bound", a.bound < 0 ? "least" : "most");
    if (counted && f.rows) add_list(j, "histogram", f.histogram, CLI_BINS);
    if (counted && f.rows) add_list(j, "decades", f.decades, CLI_DECADES);
}

void cli_terms_json(tc_json_writer *j, const tacet_plan *p, cli_told told)
{
    tacet_term t = {.size = sizeof t};
    tacet_account a = {.size = sizeof a};
    tacet_firing f = {.size = sizeof f};
    tc_json_open(j, "terms", '[');
    for (int i = 0; i < tacet_term_count(p); i++) {
        if (!cli_penalises(p, i, &t) || (told != CLI_OF_PASS && tacet_account_at(p, i, &a) != TACET_OK)) continue;
        if (told == CLI_OF_PASS || tacet_term_firing(p, i, &f) != TACET_OK) f.density = NAN;
        tc_json_open(j, NULL, '{');
        tc_json_add_text(j, "on", t.on);
        tc_json_add_text(j, "kind", t.kind);
        term_figures(j, t, a, f, told == CLI_OF_LEDGER ? a.value : t.value, false);
        if (told == CLI_OF_LEDGER) tc_json_add_text(j, "name", t.name);
        if (told == CLI_OF_BOTH) tc_json_open(j, "training", '{');
        if (told != CLI_OF_PASS) term_figures(j, t, a, f, NAN, true);
        if (told == CLI_OF_BOTH) tc_json_close(j, '}');
        tc_json_close(j, '}');
    }
    tc_json_close(j, ']');
}

/* The figures of value i, in training or in the last evaluation; nothing if no row was counted. */
static void layer_figures(tc_json_writer *j, const tacet_plan *p, int i, bool training)
{
    tacet_value_info v = {.size = sizeof v};
    tacet_value_at(p, i, &v);
    tacet_firing f = {.size = sizeof f, .density = v.density, .dead = v.dead, .units = v.units, .natural = NAN};
    if (training && (tacet_firing_at(p, i, true, &f) != TACET_OK || f.rows == 0)) return;
    if (training) v.sparse_forward = v.sparse_backward = NAN;
    const double x[] = {
#define LAYER_FIGURE(name, key, heading, tag, when, form, show, field, ...) field,
#include "figures.def"
    };
    for (int k = 0; k < CLI_LAYER_FIGURES; k++) add_figure(j, &cli_layer_figure[k], x[k]);
    if (!training) return;
    cli_arena a = {0};
    int64_t *dead = cli_take(&a, sizeof *dead * ((size_t)f.dead + 1));
    tacet_dead_units(p, i, true, dead, (size_t)f.dead);
    add_list(j, "histogram", f.histogram, CLI_BINS);
    add_list(j, "decades", f.decades, CLI_DECADES);
    add_list(j, "dead_units", dead, (size_t)f.dead);
    cli_arena_free(&a);
}

void cli_layers_json(tc_json_writer *j, const tacet_plan *p, cli_told told)
{
    tacet_value_info v = {.size = sizeof v};
    tc_json_open(j, "layers", '[');
    for (int i = 0; i < tacet_value_count(p); i++) {
        if (tacet_value_at(p, i, &v) != TACET_OK || !v.silent) continue;
        tc_json_open(j, NULL, '{');
        tc_json_add_text(j, "name", v.name);
        layer_figures(j, p, i, told == CLI_OF_LEDGER);
        if (told == CLI_OF_BOTH) {
            tc_json_open(j, "training", '{');
            layer_figures(j, p, i, true);
            tc_json_close(j, '}');
        }
        tc_json_close(j, '}');
    }
    tc_json_close(j, ']');
}

void cli_ledger_json(tc_json_writer *j, const tacet_plan *p)
{
    tacet_warning w = {.size = sizeof w};
    cli_terms_json(j, p, CLI_OF_LEDGER);
    cli_layers_json(j, p, CLI_OF_LEDGER);
    tc_json_open(j, "warnings", '[');
    for (int i = 0; tacet_warning_at(p, i, &w) == TACET_OK; i++) {
        tc_json_open(j, NULL, '{');
        tc_json_add_text(j, "on", w.on);
        tc_json_add_text(j, "kind", w.kind);
        tc_json_add_text(j, "text", w.text);
        tc_json_close(j, '}');
    }
    tc_json_close(j, ']');
}

const tc_json *cli_ledger_of(cli_arena *a, const tacet_plan *p, cli_told told)
{
    tc_json_writer j = cli_json(a);
    tc_json_open(&j, NULL, '{');
    if (told == CLI_OF_LEDGER)
        cli_ledger_json(&j, p);
    else
        cli_terms_json(&j, p, told), cli_layers_json(&j, p, told);
    tc_json_close(&j, '}');
    return cli_json_value(&j);
}
