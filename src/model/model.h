/* model.h: what models and checkpoints share: how a plan's numbers and texts get into a file and out of one.
 *
 *     tensors     linear1.weight              a parameter, as users see it: [out, in]
 *                 batch_topk1.threshold       what a layer remembers from step to step
 *                 linear1.weight:momentum     what the optimizer remembers of it; only in checkpoints
 *                 linear1.weight:spectral_norm.u   what a term remembers; only in checkpoints
 *     notes       format                      "pt": for torch, as safetensors files say
 *                 tacet.input, tacet.model, tacet.loss, tacet.penalties, tacet.options   as tacet_graph_text gives them
 *                 tacet.lambdas               a line "relu1:l1 0.0001" for each term: that of the last step
 *                 tacet.checkpoint and more   see checkpoint.c
 *                 what the caller adds */
#ifndef TC_MODEL_H
#define TC_MODEL_H

#include "model/safetensors.h"
#include "plan/plan.h"

/* Where a tensor's numbers are: a parameter's place, and which part of the block; or, at NULL, n numbers as they
 * are. */
struct tc_bundle_from {
    const tc_place *at;
    const float *stored;
    int64_t n;
};

/* What goes into a file, gathered piece by piece. Failure is sticky, as with tc_text: an allocation that failed is
 * reported by tc_bundle_write. Texts are copied; tensors are read from the plan when it is written. */
typedef struct tc_bundle {
    tc_mem mem;
    const tacet_plan *plan;
    int notes, tensors;
    tacet_note *note;            /* texts and keys are owned */
    tc_tensor *tensor;           /* names are owned */
    struct tc_bundle_from *from; /* [tensors] */
    bool failed;
} tc_bundle;

void tc_bundle_note(tc_bundle *b, const char *key, const char *text);
void tc_bundle_text(tc_bundle *b, const char *key, tc_text *text); /* frees the text */
void tc_bundle_model(tc_bundle *b); /* format, the description, the parameters, what layers remember */
void tc_bundle_moment(tc_bundle *b, const tc_place *at, int state); /* what the optimizer remembers of a parameter */
void tc_bundle_states(tc_bundle *b, bool terms);                    /* what layers, or terms, remember */

/* Adds the caller's notes and writes all, then frees the bundle. Refuses a key that is the library's or there twice. */
tacet_status tc_bundle_write(tc_bundle *b, const char *path, int notes, const tacet_note *note, tacet_error *e);

/* "linear1.weight:momentum". Adds to a text. */
void tc_moment_name(const tacet_plan *p, const tc_place *at, int state, tc_text *to);

/* The tensor of that name, or NULL. */
const tc_tensor *tc_file_find(const tacet_file *f, const char *name);

/* Finds the plan's parameters in the file: found[p->block.places], NULL where the file has none of that name and shape.
 * strict: each must be there, and every tensor but those only in checkpoints must be one, or a layer's state. Returns
 * the number that was found, -1 on failure. */
int tc_file_match(const tacet_file *f, const tacet_plan *p, bool strict, const tc_tensor **found, tacet_error *e);

/* What operators remember, found[p->states], likewise: strict: that of layers must be there, terms: that of terms too.
 * Then copies what was found into the plan. */
bool tc_file_match_states(const tacet_file *f, const tacet_plan *p, bool strict, bool terms, const tc_tensor **found,
                          tacet_error *e);
void tc_file_set_states(tacet_plan *p, const tc_tensor *const *found);

#endif
