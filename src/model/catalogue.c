/* catalogue.c: every word of the small language, as one list over the tables of operators, optimizers, schedules,
 * metrics, sources of data and augmentations. */
#include "model/catalogue.h"

#include "augment/augment.h"
#include "base/sized.h"
#include "data/data.h"
#include "metric/metric.h"
#include "op/op.h"
#include "optim/optim.h"
#include "spec/schedule.h"

_Static_assert(sizeof((tacet_entry *)0)->parameter / sizeof(char *) == TC_MAX_PARAMS + 1, "room for all and the end");

static void op_entry(int i, tc_listed *w)
{
    const tc_op *op = tc_op_at(i);
    w->is = (tacet_entry){
        .role = op->role->is, .name = op->name, .formula = op->formula, .doc = op->doc, .source = op->source};
    w->own = op->attribute;
    w->common = tc_common_shown(op);
    w->is.mixes = (op->flags & TC_MIXES) != 0;
    w->is.logits = (op->flags & TC_LOGITS) != 0;
    w->is.labels = op->role == &tc_loss && tc_takes_ids(op, 1);
    for (int k = 0; op->param[k].name; k++) w->is.parameter[k] = op->param[k].name;
}

static void optim_entry(int i, tc_listed *w)
{
    const tc_optim *o = tc_optim_at(i);
    w->is = (tacet_entry){
        .role = TACET_ROLE_OPTIMIZER, .name = o->name, .formula = o->formula, .doc = o->doc, .source = o->source};
    w->own = o->attribute;
    w->common = tc_optim_common;
}

static void metric_entry(int i, tc_listed *w)
{
    const tc_metric *m = tc_metric_row(i);
    w->is = (tacet_entry){
        .role = TACET_ROLE_METRIC, .name = m->name, .formula = m->formula, .doc = m->doc, .source = m->source};
    w->own = m->attribute;
    w->common = tc_metric_common;
}

/* A schedule's attributes are those that may follow any optimizer. */
static void schedule_entry(int i, tc_listed *w)
{
    const tc_schedule *s = tc_schedule_at(i);
    w->is = (tacet_entry){
        .role = TACET_ROLE_SCHEDULE, .name = s->name, .formula = s->formula, .doc = s->doc, .source = s->source};
    w->common = tc_schedule_attribute;
}

static void source_entry(int i, tc_listed *w)
{
    const tc_source *s = tc_source_at(i);
    w->is = (tacet_entry){
        .role = TACET_ROLE_DATA, .name = s->name, .formula = s->formula, .doc = s->doc, .source = s->source};
    w->own = s->attribute;
    w->common = tc_source_common;
}

static void augmentation_entry(int i, tc_listed *w)
{
    const tc_augment *a = tc_augment_at(i);
    w->is = (tacet_entry){
        .role = TACET_ROLE_AUGMENTATION, .name = a->name, .formula = a->formula, .doc = a->doc, .source = a->source};
    w->own = a->attribute;
}

static const struct shelf {
    int (*count)(void);
    void (*entry)(int i, tc_listed *w);
} shelf[] = {
    {tc_op_count, op_entry},
    {tc_optim_count, optim_entry},
    {tc_schedule_count, schedule_entry},
    {tc_metric_count, metric_entry},
    {tc_source_count, source_entry},
    {tc_augment_count, augmentation_entry},
};

enum { SHELVES = sizeof shelf / sizeof *shelf };

int tacet_entry_count(void)
{
    int n = 0;
    for (int i = 0; i < SHELVES; i++) n += shelf[i].count();
    return n;
}

bool tc_listed_at(int i, tc_listed *w)
{
    *w = (tc_listed){0};
    for (int k = 0; k < SHELVES && i >= 0; k++) {
        const int n = shelf[k].count();
        if (i < n) return shelf[k].entry(i, w), true;
        i -= n;
    }
    return false;
}

tacet_status tacet_entry_at(int i, tacet_entry *entry)
{
    tc_listed w;
    if (!tc_listed_at(i, &w)) return TACET_FAILED;
    w.is.attributes = tc_attr_count(w.own) + tc_attr_count(w.common);
    return tc_sized_give(entry, &w.is, sizeof w.is);
}

tacet_status tacet_attribute_at(int entry, int i, tacet_attribute *attribute)
{
    tc_listed w;
    if (!tc_listed_at(entry, &w) || i < 0) return TACET_FAILED;
    const int n = tc_attr_count(w.own);
    if (i >= n + tc_attr_count(w.common)) return TACET_FAILED;
    const tc_attribute *a = i < n ? &w.own[i] : &w.common[i - n];
    const tacet_attribute own = {.name = a->name,
                                 .type = a->type,
                                 .preset = a->preset,
                                 .doc = a->doc,
                                 .positional = a->positional,
                                 .common = i >= n};
    return tc_sized_give(attribute, &own, sizeof own);
}
