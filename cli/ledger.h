/* ledger.h: the ledger of a run, what each term did: as JSON from a plan, and as tables from a run's folder. */
#ifndef CLI_LEDGER_H
#define CLI_LEDGER_H

#include "output.h"

/* Whether there is a term i, which is then in *t, and it is no loss: a penalty or a constraint. */
bool cli_penalises(const tacet_plan *p, int i, tacet_term *t);

/* The value that term i is on, if it is one alone and its zeros are counted; otherwise -1. */
int cli_silent_value(const tacet_plan *p, int i);

/* The keys of term i's account, or of what fired in value i in training, inside an object that is open; and how many
 * units a value has, and positions if it has several. */
void cli_account_json(cli_json *j, const tacet_plan *p, int i);
void cli_firing_json(cli_json *j, const tacet_plan *p, int i);
void cli_units_json(cli_json *j, const tacet_value_info *v);

/* "terms", "layers" and "warnings" of the training steps since the ledger was reset. */
void cli_ledger_json(cli_json *j, cli_arena *a, const tacet_plan *p);

/* Tables of the last epoch of a run and, with `all`, of how each term got there. Nothing where no term is a penalty
 * and no layer was watched. */
tacet_status cli_ledger_show(FILE *to, cli_arena *a, const char *run, bool all);

#endif
