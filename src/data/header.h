/* header.h: whether the first row of a table holds the names of its columns. */
#ifndef TC_HEADER_H
#define TC_HEADER_H

#include "data/row_reader.h"

/* How sure the answer is: of a guess the user is told. */
typedef enum tc_header { TC_HEADER_NO, TC_HEADER_YES, TC_HEADER_GUESS_NO, TC_HEADER_GUESS_YES } tc_header;

static inline bool tc_header_is(tc_header h) { return h == TC_HEADER_YES || h == TC_HEADER_GUESS_YES; }

/* Decides from the rows that are held, at least one. */
tc_header tc_header_find(const tc_rows *r, int64_t columns);

#endif
