/* user.h: operators of the caller's own (tacet/operator.h): a row of the contract that is made at run time, whose functions
 * call those of the caller. Nothing else knows that an operator is one. */
#ifndef TC_USER_H
#define TC_USER_H

#include "op/op.h"

typedef struct tc_user_op {
    tc_op op;            /* first: it is all that functions get. Its texts are in `text` */
    tacet_operator user; /* its texts are the caller's, and not used */
    int values, numbers; /* of op.attribute: those that name a further input, then the caller's own */
    char *text;
    tc_mem mem;
    struct tc_user_op *next; /* the graph's */
} tc_user_op;

/* Makes the operator that was described. NULL with the error: the context is then still the caller's. */
tc_user_op *tc_user_op_new(const tc_mem *m, const tacet_operator *given, tacet_error *e);
void tc_user_op_free(tc_user_op *o); /* with its context */

#endif
