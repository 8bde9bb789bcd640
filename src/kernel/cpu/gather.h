/* gather.h: rows of raw data into the rows of a batch; see tc_gather in kernel/kernel.h. */
#ifndef TC_GATHER_H
#define TC_GATHER_H

#include "kernel/kernel.h"

void tc_gather_cpu(const tc_gather *g, int64_t begin, int64_t end);

#endif
