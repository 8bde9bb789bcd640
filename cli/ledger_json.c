/* ledger_json.c: a plan's ledger as JSON. */
#include "ledger.h"

#include <math.h>
#include <string.h>

enum { BINS = 10 };

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

static void histogram_json(cli_json *j, const tacet_firing *f)
{
    if (f->rows == 0) return;
    cli_json_open(j, "histogram", '[');
    for (int k = 0; k < BINS; k++) cli_json_integer(j, NULL, f->histogram[k]);
    cli_json_close(j, ']');
}

static void some_number(cli_json *j, const char *key, double value)
{
    if (!isnan(value)) cli_json_number(j, key, value);
}

void cli_account_json(cli_json *j, const tacet_plan *p, int i)
{
    tacet_account a = {.size = sizeof a};
    tacet_firing f = {.size = sizeof f};
    if (tacet_account_at(p, i, &a) != TACET_OK) return;
    some_number(j, "share", a.share);
    some_number(j, "gradient", a.gradient);
    some_number(j, "data_gradient", a.data_gradient);
    some_number(j, "target", a.target);
    some_number(j, "due", a.due);
    if (a.bound) cli_json_text(j, "bound", a.bound < 0 ? "least" : "most");
    if (tacet_term_firing(p, i, &f) != TACET_OK || isnan(f.density)) return;
    cli_json_number(j, "density", f.density);
    cli_json_integer(j, "zeros", a.zeros);
    cli_json_integer(j, "dead", f.dead);
    cli_json_integer(j, "units", f.units);
    if (a.inputs) {
        cli_json_integer(j, "inputs", a.inputs);
        cli_json_integer(j, "empty_inputs", a.empty_inputs);
    }
    some_number(j, "natural_density", f.natural);
    histogram_json(j, &f);
}

/* Which units are dead; all of them, since a table has room for few. */
static void dead_json(cli_json *j, const tacet_plan *p, int i, int64_t dead)
{
    cli_arena a = {0};
    int64_t *unit = cli_take(&a, sizeof *unit * ((size_t)dead + 1));
    tacet_dead_units(p, i, true, unit, (size_t)dead);
    cli_json_open(j, "dead_units", '[');
    for (int64_t k = 0; k < dead; k++) cli_json_integer(j, NULL, unit[k]);
    cli_json_close(j, ']');
    cli_arena_free(&a);
}

void cli_units_json(cli_json *j, const tacet_value_info *v)
{
    cli_json_integer(j, "units", v->units);
    if (v->elements > v->units) cli_json_integer(j, "positions", v->elements / v->units);
}

void cli_firing_json(cli_json *j, const tacet_plan *p, int i)
{
    tacet_value_info v = {.size = sizeof v};
    tacet_firing f = {.size = sizeof f};
    if (tacet_firing_at(p, i, true, &f) != TACET_OK || f.rows == 0 || tacet_value_at(p, i, &v) != TACET_OK) return;
    cli_json_number(j, "density", f.density);
    cli_json_integer(j, "dead", f.dead);
    cli_units_json(j, &v);
    some_number(j, "natural_density", f.natural);
    histogram_json(j, &f);
    dead_json(j, p, i, f.dead);
}

void cli_ledger_json(cli_json *j, cli_arena *a, const tacet_plan *p)
{
    tacet_term t = {.size = sizeof t};
    tacet_account account = {.size = sizeof account};
    tacet_value_info v = {.size = sizeof v};
    cli_json_open(j, "terms", '[');
    for (int i = 0; i < tacet_term_count(p); i++) {
        if (!cli_penalises(p, i, &t)) continue;
        cli_json_open(j, NULL, '{');
        cli_json_text(j, "on", t.on);
        cli_json_text(j, "kind", t.kind);
        cli_json_number(j, "lambda", t.lambda);
        cli_json_number(j, "value", tacet_account_at(p, i, &account) == TACET_OK ? account.value : NAN);
        cli_json_text(j, "name", t.name);
        cli_account_json(j, p, i);
        cli_json_close(j, '}');
    }
    cli_json_close(j, ']');
    cli_json_open(j, "layers", '[');
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++) {
        if (!v.silent) continue;
        cli_json_open(j, NULL, '{');
        cli_json_text(j, "name", v.name);
        cli_firing_json(j, p, i);
        cli_json_close(j, '}');
    }
    cli_json_close(j, ']');
    tacet_warning *w = cli_take(a, sizeof *w);
    w->size = sizeof *w;
    cli_json_open(j, "warnings", '[');
    for (int i = 0; tacet_warning_at(p, i, w) == TACET_OK; i++) {
        cli_json_open(j, NULL, '{');
        cli_json_text(j, "on", w->on);
        cli_json_text(j, "kind", w->kind);
        cli_json_text(j, "text", w->text);
        cli_json_close(j, '}');
    }
    cli_json_close(j, ']');
}
