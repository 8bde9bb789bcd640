/* catalogue.c: every word of the small language, as one list over the tables of operators, optimizers, schedules and
 * sources of data. */
#include "base/sized.h"
#include "data/data.h"
#include "op/op.h"
#include "optim/optim.h"
#include "spec/schedule.h"

_Static_assert(sizeof((tacet_entry *)0)->parameter / sizeof(char *) == TC_MAX_PARAMS + 1, "room for all and the end");

static void op_entry(int i, tacet_entry *e)
{
    const tc_op *op = tc_op_at(i);
    *e = (tacet_entry){
        .role = op->role->is, .name = op->name, .formula = op->formula, .doc = op->doc, .source = op->source};
    e->attribute = op->attribute;
    e->common = tc_common_shown(op);
    e->mixes = (op->flags & TC_MIXES) != 0;
    for (int k = 0; op->param[k].name; k++) e->parameter[k] = op->param[k].name;
}

static void optim_entry(int i, tacet_entry *e)
{
    const tc_optim *o = tc_optim_at(i);
    *e = (tacet_entry){
        .role = TACET_ROLE_OPTIMIZER, .name = o->name, .formula = o->formula, .doc = o->doc, .source = o->source};
    e->attribute = o->attribute;
    e->common = tc_schedule_attribute;
}

/* A schedule's attributes are those that may follow any optimizer. */
static void schedule_entry(int i, tacet_entry *e)
{
    const tc_schedule *s = tc_schedule_at(i);
    *e = (tacet_entry){
        .role = TACET_ROLE_SCHEDULE, .name = s->name, .formula = s->formula, .doc = s->doc, .source = s->source};
    e->common = tc_schedule_attribute;
}

static void source_entry(int i, tacet_entry *e)
{
    const tc_source *s = tc_source_at(i);
    *e = (tacet_entry){
        .role = TACET_ROLE_DATA, .name = s->name, .formula = s->formula, .doc = s->doc, .source = s->source};
    e->attribute = s->attribute;
    e->common = tc_source_common;
}

static const struct shelf {
    int (*count)(void);
    void (*entry)(int i, tacet_entry *e);
} shelf[] = {
    {tc_op_count, op_entry},
    {tc_optim_count, optim_entry},
    {tc_schedule_count, schedule_entry},
    {tc_source_count, source_entry},
};

enum { SHELVES = sizeof shelf / sizeof *shelf };

int tacet_entry_count(void)
{
    int n = 0;
    for (int i = 0; i < SHELVES; i++) n += shelf[i].count();
    return n;
}

tacet_status tacet_entry_at(int i, tacet_entry *entry)
{
    for (int k = 0; k < SHELVES && i >= 0; k++) {
        const int n = shelf[k].count();
        if (i < n) {
            tacet_entry own;
            shelf[k].entry(i, &own);
            own.attributes = tc_attr_count(own.attribute);
            own.common_attributes = tc_attr_count(own.common);
            return tc_sized_give(entry, &own, sizeof own);
        }
        i -= n;
    }
    return TACET_FAILED;
}
