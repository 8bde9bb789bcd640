/* history.h: the ledger and the controllers' memory on their way into a checkpoint and out of it. */
#ifndef TC_HISTORY_H
#define TC_HISTORY_H

#include "model/model.h"

typedef struct tc_history {
    bool there; /* false: a checkpoint without a ledger; nothing is set */
    tc_total total;
    tc_account *account; /* [terms] */
    tc_control *control; /* [terms] */
    double *natural;     /* [values] */
    int64_t *rows;       /* [values]: times positions */
    int64_t *fired;      /* by units, of all values that are counted, one after another */
} tc_history;

void tc_history_note(tc_bundle *b);
bool tc_history_alloc(tc_history *h, const tacet_plan *p); /* false: out of memory; tc_history_free in any case */
void tc_history_free(tc_history *h, const tacet_plan *p);
/* Returns NULL, or the note that is bad. apart: of version 1, which counted elements, not units. */
const char *tc_history_read(const tacet_file *f, const tacet_plan *p, bool apart, tc_history *h);
void tc_history_set(const tc_history *h, tacet_plan *p);

#endif
