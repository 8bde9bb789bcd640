/* run.h: the loop: the parts of a step, once everything is compiled.
 *
 *     run.c         walks a list, step by step or band by band         feed.c      feeds -> the inputs' buffers
 *     choose.c      which products run on firing lists                 exchange.c  what the ranks tell each other
 *     guard.c       checks the objective and the gradients             apply.c     the update
 *     fused.c       gradients that are made in the update              sampled.c   a sample of gradients
 *     tally.c       how often units fired, over many passes            read.c      numbers on their way out
 *     tell.c        what a plan tells                              reach.c     whether an update stays finite
 *     average.c     averages of the weights                       parts.c     several batches in one step */
#ifndef TC_RUN_H
#define TC_RUN_H

#include "plan/plan.h"

/* Gathers what was fed and runs the list, pass by pass, on `rows` rows. */
tacet_status tc_run_forward(tacet_plan *p, int list, int64_t rows);
void tc_run_backward(tacet_plan *p);
void tc_run_step(tacet_plan *p, tc_list *l, int i);               /* one step by itself */
void tc_run_sums(tacet_plan *p, const tc_call *c, bool backward); /* the sums over ranks of the call's phase */
void tc_run_finish_terms(tacet_plan *p, int list); /* sums of all ranks, and from them the terms' results */
void tc_run_for(tacet_plan *p, tc_span span, bool shared, tc_part *part, void *job); /* ranges over the pool */
/* Where the range of a part ends. */
static inline int64_t tc_part_end(tc_span s, int64_t part)
{
    return (part + 1) * s.grain < s.pieces ? (part + 1) * s.grain : s.pieces;
}
double tc_tree_sum(const double *x, int64_t n); /* a fixed tree */

/* tacet_feed_rows for rows in any places; data->to is not used. The index, if there is one, is what errors call a row.
 * stored: in what shape the numbers of a row are, or NULL; images whose numbers are in another order are refused. */
tacet_status tc_run_feed(tacet_plan *p, tacet_value x, const tc_gather *data, const tc_shape *stored);
tacet_status tc_run_gather(tacet_plan *p, int list);
tacet_status tc_run_gather_input(tacet_plan *p, int list, int value); /* one input */
void tc_run_unfeed(tacet_plan *p);

/* Whether the gradients that the caller has given have the rows of this batch; forgets them, after a step. */
tacet_status tc_run_check_given(tacet_plan *p);
void tc_run_forget_given(tacet_plan *p);

/* A value of the batch after the last run, [rows, shape...], as float (TACET_F32) or int32_t (TACET_I32). NULL if
 * nothing has run, if the value was not kept or not fed, or if it has the other type. */
const void *tc_run_left(const tacet_plan *p, int value, tacet_type type);

/* tc_choose_most finds, before the forward pass, the density above which no product reads a list. tc_choose_back chooses,
 * before the backward pass, the products that run on lists, and thus the lists to make. tc_choose_note counts, after a
 * training step, how often lists were used. */
void tc_choose_most(tc_list *l);
void tc_choose_back(tc_list *l);
void tc_choose_note(tacet_plan *p);

/* What the ranks tell each other. All ranks make these calls in the same order, up to the verdict, which decides
 * whether they accept the step or the forward pass. With a single rank they do nothing.
 *
 * rows       begins a call that runs a list, and sets what the run knows of the rows of all ranks. Not OK, on all: they
 *            are not alike. A rank that has refused its feed continues without rows; a single rank stops here
 * batches    begins an evaluation or its end; ready: whether this rank can do it, which the verdict tells the others.
 *            Not OK: on all ranks, they are not alike; on a single rank, it cannot do it
 * sum        replaces numbers by their sums over all ranks; a failure is remembered until the verdict
 * terms      sums what the terms' ranges have left, and how often units fired
 * verdict    not OK: the call has failed on this rank or on another, and p->error says why. Otherwise *bad becomes
 *            whether any rank has found it bad
 * first      the rank that has found the smallest number, 0 counting as none; -1: no rank has found one */
tacet_status tc_exchange_rows(tacet_plan *p, int list, tacet_status feed);
tacet_status tc_exchange_batches(tacet_plan *p, int64_t batches, tacet_status ready);
void tc_exchange_sum(tacet_plan *p, void *numbers, tacet_type type, int64_t n);
void tc_exchange_terms(tacet_plan *p, int list);
tacet_status tc_exchange_verdict(tacet_plan *p, bool *bad);
int tc_exchange_first(tacet_plan *p, int64_t found);

/* Whether a function of the caller's own has failed since the pass began (op/user.h): its status, with an error that
 * names the operator and ends in `so`. */
tacet_status tc_run_refused(tacet_plan *p, const char *so);

int tc_run_term(const tacet_plan *p, const char *name); /* the index of a term, or -1 */

/* After the backward pass and before the update. On failure the error names the first value that is not finite. */
tacet_status tc_run_guard(tacet_plan *p);

/* For a batch that is not the last of its step: the same without the update. */
tacet_status tc_run_guard_part(tacet_plan *p);

/* A step of several batches (parts.c). All do nothing, or are not called, in a step by itself.
 *
 * take          whether the current call can be a part, after p->run.rows has been set; the first keeps what parts change
 * done          the part has been accepted
 * undo          takes the parts so far back; forget: only forgets them
 * weigh         adds the weights of what was fed to the denominators of the next step
 * add_terms     adds the results of the earlier parts to those of this one
 * mute          terms of parameters send no gradients, or do again
 * add_gradient  adds this part's gradient to those of the earlier parts; in the last part the block then has their sum
 * add_sampled   the same for a gradient at a parameter in a sample: their sum so far */
tacet_status tc_parts_take(tacet_plan *p);
void tc_parts_done(tacet_plan *p);
void tc_parts_undo(tacet_plan *p);
void tc_parts_forget(tacet_plan *p);
bool tc_parts_weighs(const tacet_plan *p); /* whether a term needs it */
tacet_status tc_parts_weigh(tacet_plan *p, int64_t rows);
void tc_parts_add_terms(tacet_plan *p);
void tc_parts_mute(tacet_plan *p, bool mute);
void tc_parts_add_gradient(tacet_plan *p);
const float *tc_parts_add_sampled(tacet_plan *p, const float *g, int64_t n);
static inline bool tc_parts_go_on(const tacet_plan *p) { return p->parts.several && !p->parts.last; }

/* After the guard: operators remember what they will; terms do so only in the last part of a step. */
void tc_run_commit(tacet_plan *p);

/* The sum of x^2 over x[n], run by run; the runs are added in a fixed tree. */
double tc_run_squares(tacet_plan *p, const float *x, int64_t n);
/* Clips the gradients, whose norm is given. Returns a bound on their magnitudes. */
double tc_run_clip(tacet_plan *p, double norm);
void tc_run_apply(tacet_plan *p);
void tc_run_average(tacet_plan *p);                      /* after a step: the averages follow the weights */
double tc_run_prox_time(const tacet_plan *p, int group); /* t */
void tc_fused_store(tacet_plan *p, const tc_fused *f); /* writes out a fused gradient, after a step */
void tc_fused_apply(tacet_plan *p);

void tc_run_project(tacet_plan *p); /* lets constraints change the gradients (tc_op.project) */
void tc_run_constrain(tacet_plan *p, const tc_place *at); /* applies the constraints on a parameter again */

/* Fills in the updates of the next step. Then: the place in the block of the first parameter whose number or moments the
 * updates would make not finite; -1: all will be finite. */
void tc_run_prepare(tacet_plan *p);
int64_t tc_reach_check(tacet_plan *p);

/* Takes a sample between the passes: sample.own and sample.measure[].data. look (may be NULL) is called with each
 * measured value x and the losses' gradient g there, as they are stored. tc_sampled_data: the squared norm of the
 * losses' gradient at a term's values. */
typedef void (*tc_look)(void *context, const tacet_plan *p, int value, const float *x, const float *g);
void tc_run_sample(tacet_plan *p, tc_look look, void *context);
double tc_sampled_data(const tacet_plan *p, int term);

/* Adds the counts of the last pass; tc_tally_reset forgets all counts. */
void tc_tally_note(tacet_plan *p, int list);
bool tc_tally_read(const tacet_plan *p, int list, int value, tacet_firing *f); /* false: not counted */
double tc_tally_density(const tacet_plan *p, int list, int value); /* in the last pass; NAN: not counted */
void tc_tally_reset(tacet_plan *p, int list);

#endif
