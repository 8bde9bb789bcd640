/* optim.c: the table of optimizers. */
#include "optim/optim.h"

#include <string.h>

#define TC_OPTIM(name) extern const tc_optim tc_optim_##name;
#include "optim/optims.def"
#undef TC_OPTIM

#define TC_OPTIM(name) &tc_optim_##name,
static const tc_optim *const table[] = {
#include "optim/optims.def"
};
#undef TC_OPTIM

const tc_attribute tc_optim_common[] = {
    TC_SCHEDULE_RATE,
    {"clip_norm", "float", "",
     "scales the gradients of all parameters, as one vector, down to at most this norm; after clip_value", false},
    {"clip_value", "float", "", "moves each element of the gradients to at most this magnitude", false},
    {0}};

const char *tc_optim_check_common(const tc_arg *arg)
{
    const tc_arg *norm = &arg[TC_OPTIM_CLIP_NORM], *value = &arg[TC_OPTIM_CLIP_VALUE];
    if (norm->given && !(norm->number > 0)) return "clip_norm must be above 0";
    if (value->given && !(value->number > 0)) return "clip_value must be above 0";
    return tc_schedule_check(arg);
}

int tc_optim_count(void) { return (int)(sizeof table / sizeof table[0]); }

const tc_optim *tc_optim_at(int i) { return i >= 0 && i < tc_optim_count() ? table[i] : NULL; }

const tc_optim *tc_optim_find(const char *name)
{
    for (int i = 0; i < tc_optim_count(); i++)
        if (strcmp(table[i]->name, name) == 0) return table[i];
    return NULL;
}

int tc_optim_moments(const tc_optim *o, const tc_arg *arg)
{
    if (o->moments) return o->moments(arg);
    int n = 0;
    while (o->moment[n]) n++;
    return n;
}
