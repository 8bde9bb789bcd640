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
