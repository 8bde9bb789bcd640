/* pool.h: a few threads that share the parts of one job.
 *
 * A job is `parts` independent parts, numbered from 0, that may run in any order on any thread; the result must not
 * depend on which thread runs which part. The caller works too and returns when all are done.
 *
 * A lane is a thread's number in its pool, from 0 (the caller) to threads - 1: no two parts of a job run on one lane at
 * the same time, so memory that belongs to a lane needs no lock. */
#ifndef TC_POOL_H
#define TC_POOL_H

#include "base/alloc.h"
#include "base/status.h"

typedef void tc_part(void *job, int64_t part, int lane);

tacet_pool *tc_pool_new(int threads, const tacet_memory *memory, tacet_error *e); /* 1..256 */
void tc_pool_run(tacet_pool *pool, int64_t parts, tc_part *run, void *job);       /* pool NULL: on the caller alone */
int tc_pool_threads(const tacet_pool *pool);                                      /* NULL: 1 */

#endif
