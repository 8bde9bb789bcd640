/* checkpoint_metrics.c: what training has added up for metrics, in a checkpoint: the member `metrics` of its JSON.
 *
 *     batches, without, soft   of the pass (plan/measured.h)
 *     sums                     under the description of each metric: its sums (metric/metric.h)
 *
 * A run may continue with other metrics. One that the checkpoint does not have is unknown until the ledger is reset. */
#include "model/model.h"

#include <string.h>

void tc_checkpoint_metrics(const tacet_plan *p, tc_json_writer *j)
{
    const tc_measured *m = &p->measured;
    const tc_metric_pass *pass = &m->pass[TC_TRAIN];
    bool any = false;
    for (int i = 0; i < m->count; i++) any = any || m->use[i].of[TC_TRAIN].sum;
    if (!any) return;
    tc_json_open(j, "metrics", '{');
    tc_json_add_number(j, "batches", pass->batches);
    tc_json_add_number(j, "without", pass->without);
    tc_json_add_number(j, "soft", pass->soft);
    tc_json_open(j, "sums", '{');
    for (int i = 0; i < m->count; i++) {
        const double *sum = m->use[i].of[TC_TRAIN].sum;
        if (!sum || m->use[i].of[TC_TRAIN].lost) continue;
        tc_json_open(j, m->use[i].text, '[');
        for (int64_t k = 0; k < m->use[i].sums; k++) tc_json_add_number(j, NULL, sum[k]);
        tc_json_close(j, ']');
    }
    tc_json_close(j, '}');
    tc_json_close(j, '}');
}

static bool is_number(const tc_json *x)
{
    return x && x->kind <= TC_JSON_REAL && x->kind != TC_JSON_TRUE && x->kind != TC_JSON_FALSE;
}

static bool read_sums(tc_metric_use *u, const tc_json *from, bool set)
{
    const tc_json *number;
    size_t i;
    if (!from) return true;
    if (from->kind != TC_JSON_LIST || tc_json_size(from) != (size_t)u->sums) return false;
    tc_json_each(from, i, number)
    {
        if (!is_number(number)) return false;
        if (set) u->of[TC_TRAIN].sum[i] = tc_json_number(number);
    }
    if (set) u->of[TC_TRAIN].lost = false;
    return true;
}

bool tc_checkpoint_metrics_read(tacet_plan *p, const tc_json *from, bool set)
{
    tc_measured *m = &p->measured;
    const tc_json *sums = tc_json_get(from, "sums");
    const double batches = tc_json_number(tc_json_get(from, "batches"));
    const double without = tc_json_number(tc_json_get(from, "without")),
                 soft = tc_json_number(tc_json_get(from, "soft"));
    if (from && (!sums || !(batches >= 0) || !(without >= 0) || !(soft >= 0))) return false;
    for (int i = 0; set && i < m->count; i++) m->use[i].of[TC_TRAIN].lost = p->table.total.steps > 0;
    if (set)
        m->pass[TC_TRAIN] = from ? (tc_metric_pass){.batches = batches, .without = without, .soft = soft}
                                 : (tc_metric_pass){.batches = (double)p->table.total.steps};
    for (int i = 0; i < m->count; i++) {
        tc_metric_use *u = &m->use[i];
        if (u->of[TC_TRAIN].sum && !read_sums(u, tc_json_get(sums, u->text), set)) return false;
    }
    return true;
}
