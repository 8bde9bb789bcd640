/* checkpoint_silent.c: the dead units of a layer with revive=, in a checkpoint: the member `silent` of its value.
 *
 *     after     steps without firing after which a unit is dead
 *     revived   units that have come back since the ledger was reset
 *     steps     for each unit: steps since it last fired
 *
 * A resumed run keeps `after`, whatever its length is now, unless the description gives it. A checkpoint without this
 * member leaves all units as they are in a new run. */
#include "model/model.h"

static const int64_t most = INT64_C(1) << 53;

void tc_checkpoint_silent(const tc_tally *t, tc_json_writer *j)
{
    if (t->after == 0) return;
    tc_json_open(j, "silent", '{');
    tc_json_add_integer(j, "after", t->after);
    tc_json_add_integer(j, "revived", t->revived);
    tc_json_open(j, "steps", '[');
    for (int64_t k = 0; k < t->units; k++) tc_json_add_integer(j, NULL, t->silent[k]);
    tc_json_close(j, ']');
    tc_json_close(j, '}');
}

bool tc_checkpoint_silent_read(tacet_plan *p, int value, const tc_json *from, bool set)
{
    const tc_value *v = &p->graph->value[value];
    tc_tally *t = &p->count[TC_TRAIN][value];
    const tc_json *steps = tc_json_get(from, "steps"), *number;
    const int64_t after = tc_json_whole(tc_json_get(from, "after"), most);
    const int64_t revived = tc_json_whole(tc_json_get(from, "revived"), most);
    size_t i;
    if (after < 1 || revived < 0 || !steps || steps->kind != TC_JSON_LIST ||
        tc_json_size(steps) != (size_t)tc_shape_units(&v->shape))
        return false;
    set = set && t->after > 0;
    if (set && !v->dead_after) t->after = after;
    if (set) t->revived = revived;
    tc_json_each(steps, i, number)
    {
        const int64_t n = tc_json_whole(number, most);
        if (n < 0) return false;
        if (!set) continue;
        t->silent[i] = n;
        t->dead[i] = n >= t->after;
    }
    return true;
}
