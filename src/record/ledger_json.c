/* ledger_json.c: the figures of a plan's penalties and layers, and its warnings. */
#include "plan/plan.h"
#include "record/record.h"

#include <math.h>
#include <string.h>

enum {
#define TERM_FIGURE(name, ...) TERM_##name,
#include "record/figures.def"
    TERM_FIGURES
};
enum {
#define LAYER_FIGURE(name, ...) LAYER_##name,
#include "record/figures.def"
    LAYER_FIGURES
};

#define ROW(name, key, heading, tag, when, form, ...) {key, TC_FORM_##form},
static const tc_figure term_figure[] = {
#define TERM_FIGURE ROW
#include "record/figures.def"
};
static const tc_figure layer_figure[] = {
#define LAYER_FIGURE ROW
#include "record/figures.def"
};

static void add_list(tc_json_writer *j, const char *key, const int64_t *x, size_t n)
{
    tc_json_open(j, key, '[');
    for (size_t i = 0; i < n; i++) tc_json_add_integer(j, NULL, x[i]);
    tc_json_close(j, ']');
}

/* The figures that every list of terms has, or those that the ledger adds (`added`). */
static void term_figures(tc_json_writer *j, tacet_term t, tacet_account a, tacet_firing f, double value, bool added)
{
    const bool counted = !isnan(f.density);
    const double x[] = {
#define COUNTED(n) (counted ? (double)(n) : NAN)
#define TERM_FIGURE(name, key, heading, tag, when, form, show, field, ...) field,
#include "record/figures.def"
    };
    for (int k = added ? TERM_share : 0; k < (added ? TERM_FIGURES : TERM_share); k++)
        tc_figure_add(j, &term_figure[k], x[k]);
    if (!added) return;
    if (a.bound) tc_json_add_text(j, "bound", a.bound < 0 ? "least" : "most");
    if (counted && f.rows) add_list(j, "histogram", f.histogram, sizeof f.histogram / sizeof *f.histogram);
    if (counted && f.rows) add_list(j, "decades", f.decades, sizeof f.decades / sizeof *f.decades);
}

void tc_terms_json(tc_json_writer *j, const tacet_plan *p, tc_told told)
{
    tacet_term t = {.size = sizeof t};
    tacet_account a = {.size = sizeof a};
    tacet_firing f = {.size = sizeof f};
    tc_json_open(j, "terms", '[');
    for (int i = 0; i < tacet_term_count(p); i++) {
        if (!tc_penalises(p, i, &t) || (told != TC_OF_PASS && tacet_account_at(p, i, &a) != TACET_OK)) continue;
        if (told == TC_OF_PASS || tacet_term_firing(p, i, &f) != TACET_OK) f.density = NAN;
        tc_json_open(j, NULL, '{');
        tc_json_add_text(j, "on", t.on);
        tc_json_add_text(j, "kind", t.kind);
        term_figures(j, t, a, f, told == TC_OF_LEDGER ? a.value : t.value, false);
        if (told == TC_OF_LEDGER) tc_json_add_text(j, "name", t.name);
        if (told == TC_OF_BOTH) tc_json_open(j, "training", '{');
        if (told != TC_OF_PASS) term_figures(j, t, a, f, NAN, true);
        if (told == TC_OF_BOTH) tc_json_close(j, '}');
        tc_json_close(j, '}');
    }
    tc_json_close(j, ']');
}

static void add_dead(tc_json_writer *j, const tacet_plan *p, int i, int64_t units)
{
    const int64_t *fired = p->count[TC_TRAIN][i].fired;
    tc_json_open(j, "dead_units", '[');
    for (int64_t k = 0; k < units; k++)
        if (fired[k] == 0) tc_json_add_integer(j, NULL, k);
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
    const bool revives = training && p->graph->value[i].revive;
    const double x[] = {
#define LAYER_FIGURE(name, key, heading, tag, when, form, show, field, ...) field,
#include "record/figures.def"
    };
    for (int k = 0; k < LAYER_FIGURES; k++) tc_figure_add(j, &layer_figure[k], x[k]);
    if (!training) return;
    add_list(j, "histogram", f.histogram, sizeof f.histogram / sizeof *f.histogram);
    add_list(j, "decades", f.decades, sizeof f.decades / sizeof *f.decades);
    add_dead(j, p, i, f.units);
}

void tc_layers_json(tc_json_writer *j, const tacet_plan *p, tc_told told)
{
    tacet_value_info v = {.size = sizeof v};
    tc_json_open(j, "layers", '[');
    for (int i = 0; i < tacet_value_count(p); i++) {
        if (tacet_value_at(p, i, &v) != TACET_OK || !v.silent) continue;
        tc_json_open(j, NULL, '{');
        tc_json_add_text(j, "name", v.name);
        layer_figures(j, p, i, told == TC_OF_LEDGER);
        if (told == TC_OF_BOTH) {
            tc_json_open(j, "training", '{');
            layer_figures(j, p, i, true);
            tc_json_close(j, '}');
        }
        tc_json_close(j, '}');
    }
    tc_json_close(j, ']');
}

void tc_warnings_json(tc_json_writer *j, const tacet_plan *p)
{
    tacet_warning w = {.size = sizeof w};
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
