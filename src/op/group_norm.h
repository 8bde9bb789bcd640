/* group_norm.h: what group_norm and instance_norm have in common, in group_norm.c. */
#ifndef TC_GROUP_NORM_H
#define TC_GROUP_NORM_H

#include "op/normalise.h"

bool tc_group_shape(tc_sketch *s, bool affine);
int64_t tc_group_save(const tc_sketch *s, int64_t rows);
int64_t tc_group_scratch(const tc_sketch *s, int64_t rows);
tc_span tc_group_span_back(const tc_call *c);
void tc_group_forward(const tc_call *c, int64_t begin, int64_t end);
void tc_group_backward(const tc_call *c, int64_t begin, int64_t end);

#endif
