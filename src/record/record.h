/* record.h: a plan as JSON: what it measured in a step, an epoch or an evaluation, and what it is made of. The figures are
 * the rows of figures.def, the metrics those of the plan. Nothing here allocates. */
#ifndef TC_RECORD_H
#define TC_RECORD_H

#include "base/json.h"
#include "tacet/tacet.h"

/* How a figure is written: NUMBER and WHOLE (an integer) are left out if they are not known (NAN); ALWAYS is then null. */
typedef enum tc_form { TC_FORM_NUMBER, TC_FORM_ALWAYS, TC_FORM_WHOLE } tc_form;

/* A row of figures.def, as far as it concerns JSON. */
typedef struct tc_figure {
    const char *key;
    tc_form form;
} tc_figure;
void tc_figure_add(tc_json_writer *j, const tc_figure *f, double x);

/* Which figures of terms and layers: those of the last step or evaluation; these and the ledger's, as "training"; only
 * the ledger's, which cover the training steps since it was reset. */
typedef enum tc_told { TC_OF_PASS, TC_OF_BOTH, TC_OF_LEDGER } tc_told;

/* Add members to an open object: "terms"; "layers"; "warnings" (ledger_json.c). */
void tc_terms_json(tc_json_writer *j, const tacet_plan *p, tc_told told);
void tc_layers_json(tc_json_writer *j, const tacet_plan *p, tc_told told);
void tc_warnings_json(tc_json_writer *j, const tacet_plan *p);

/* The plan's metrics, "f1": 0.9, "f1_by_class": [...], "notes": {"f1": ...}, of the last evaluation or of training since the
 * ledger was reset; and "metrics", which says what they are (metrics_json.c). */
void tc_metrics_json(tc_json_writer *j, tacet_plan *p, bool training);
void tc_metrics_listed(tc_json_writer *j, tacet_plan *p);

/* "network": [{"name", "kind", "spec", "shape", "parameters", "frozen", "uses", "penalties"}] (network_json.c). */
void tc_network_json(tc_json_writer *j, const tacet_plan *p);

/* Whether term i, which is stored in *t, is a penalty or a constraint. */
static inline bool tc_penalises(const tacet_plan *p, int i, tacet_term *t)
{
    return tacet_term_at(p, i, t) == TACET_OK && t->role != TACET_ROLE_LOSS;
}

#endif
