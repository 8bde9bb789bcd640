/* figure_table.c: the rows of figures.def as tables and events need them: headings, tags, and how a figure is shown. */
#include "ledger.h"

#include <math.h>

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

#define ROW(name, key, heading, tag, when, form, show, ...) {key, heading, tag, when, show},
#define TERM_FIGURE ROW
const cli_figure cli_term_figure[] = {
#include "record/figures.def"
};
#define LAYER_FIGURE ROW
const cli_figure cli_layer_figure[] = {
#include "record/figures.def"
};
#define RUN_FIGURE ROW
const cli_figure cli_run_figure[] = {
#include "record/figures.def"
};

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

/* ---- Records ----------------------------------------------------------------------------------------------------- */

tc_json_writer cli_plan_record(cli_arena *a, tacet_plan *p, const char *what, const tacet_stamp *stamp)
{
    const size_t size = tacet_record(p, what, stamp, NULL, 0) + 1;
    char *text = cli_take(a, size);
    tacet_record(p, what, stamp, text, size);
    return (tc_json_writer){.to = {.mem = cli_memory(a), .data = text, .length = size - 1, .capacity = size}};
}

const tc_json *cli_plan_figures(cli_arena *a, tacet_plan *p, const char *what)
{
    tc_json_writer j = cli_plan_record(a, p, what, NULL);
    return cli_json_value(&j);
}
