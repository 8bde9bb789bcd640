/* metrics_json.c: a plan's metrics. The list of metrics is the plan's: nothing here knows any by name. */
#include "record/record.h"
#include "spec/spec.h"

#include <math.h>

static const char by_class[] = "_by_class"; /* after the name of a metric: its number for each class */

static void add_each(tc_json_writer *j, const tacet_metric *m, bool whole, int64_t row)
{
    for (int64_t k = 0; k < m->classes; k++) {
        const double x = m->each[row * m->classes + k];
        if (whole && isfinite(x))
            tc_json_add_integer(j, NULL, (int64_t)x);
        else
            tc_json_add_number(j, NULL, x);
    }
}

static void add_metric(tc_json_writer *j, const tacet_metric *m)
{
    if (m->better) tc_json_add_number(j, m->name, m->value);
    if (m->by == 0 || !m->each) return;
    char key[TC_MAX_SPEC + sizeof by_class];
    tc_snprintf(key, sizeof key, "%s%s", m->name, m->better ? by_class : "");
    tc_json_open(j, key, '[');
    for (int64_t i = 0; i < (m->by == 1 ? 1 : m->classes); i++) {
        if (m->by == 2) tc_json_open(j, NULL, '[');
        add_each(j, m, m->by == 2, i);
        if (m->by == 2) tc_json_close(j, ']');
    }
    tc_json_close(j, ']');
}

/* Whether a metric is measured at all: in training, not every one is. */
static bool measured(const tacet_metric *m) { return m->by == 0 || m->each; }

void tc_metrics_json(tc_json_writer *j, tacet_plan *p, bool training)
{
    tacet_metric m = {.size = sizeof m};
    int notes = 0;
    for (int i = 0; tacet_metric_at(p, i, training, &m) == TACET_OK; i++) {
        if (!measured(&m)) continue;
        add_metric(j, &m);
        notes += *m.note != '\0';
    }
    if (notes) tc_json_open(j, "notes", '{');
    for (int i = 0; notes && tacet_metric_at(p, i, training, &m) == TACET_OK; i++)
        if (measured(&m) && *m.note) tc_json_add_text(j, m.name, m.note);
    if (notes) tc_json_close(j, '}');
}

void tc_metrics_listed(tc_json_writer *j, tacet_plan *p)
{
    tacet_metric m = {.size = sizeof m};
    tc_json_open(j, "metrics", '[');
    for (int i = 0; tacet_metric_at(p, i, false, &m) == TACET_OK; i++) {
        tc_json_open(j, NULL, '{');
        tc_json_add_text(j, "name", m.name);
        tc_json_add_integer(j, "better", m.better);
        tc_json_add_integer(j, "by", m.by);
        tc_json_close(j, '}');
    }
    tc_json_close(j, ']');
}
