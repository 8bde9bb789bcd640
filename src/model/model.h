/* model.h: what models and checkpoints share: how a plan's numbers and texts are written to a file and read back.
 *
 *     tensors     linear1.weight              a parameter, as users see it: [out, in]
 *                 batch_topk1.threshold       what a layer remembers from step to step
 *                 linear1.weight:momentum     what the optimizer remembers of it; only in checkpoints
 *                 linear1.weight:spectral_norm.u   what a term remembers; only in checkpoints
 *                 linear1.weight:average      its average over steps, if there is one; only in checkpoints
 *     notes       format                      "pt": for torch, as safetensors files say
 *                 tacet.operators, tacet.input, tacet.model, tacet.loss, tacet.penalties, tacet.options   as
 *                                             tacet_graph_text gives them
 *                 tacet.lambdas               a line "relu1:l1 0.0001" for each term: that of the last step
 *                 tacet.checkpoint            what else a run depends on (checkpoint.c)
 *                 tacet.sum                   of a checkpoint: its checksum (checksum_note.h)
 *                 what the caller adds */
#ifndef TC_MODEL_H
#define TC_MODEL_H

#include "model/safetensors.h"
#include "plan/plan.h"

/* The parts of a description, each in a separate note. */
typedef struct tc_part_note {
    const char *part, *key;
    bool must; /* without it the network is unknown */
} tc_part_note;
enum { TC_PARTS = 6 };
extern const tc_part_note tc_part_notes[TC_PARTS];

/* The plan's tensors that files hold, in the order of files: parameters, what layers remember, then what is only in
 * checkpoints. Names are owned; `data` points to the plan's numbers. */
typedef struct tc_tensors {
    const tacet_plan *plan;
    int count, model; /* all; those at the front that models have too */
    int without_averages; /* those before the averages, which come last */
    tc_tensor *tensor;
    const tc_place **at;     /* of parameters and their moments, which are stored as in the block; NULL: as in files */
    const tc_tensor **found; /* what tc_file_match has found in a file for each, or NULL */
    bool failed;
} tc_tensors;

/* False when out of memory; call tc_tensors_free in either case. moments: also what the optimizer remembers. */
bool tc_tensors_of(tc_tensors *t, const tacet_plan *p, bool moments);
void tc_tensors_free(tc_tensors *t);

/* Finds the plan's tensors in a file, by name and shape. The first `must` are required, and then the file may have no
 * other tensors except those only in checkpoints; must -1: takes whatever matches. */
tacet_status tc_file_match(const tacet_file *f, tc_tensors *t, int must, tacet_error *e);
void tc_file_set(tacet_plan *p, const tc_tensors *t); /* copies what was found into the plan */

/* Notes on their way into a file. Failure is sticky, as with tc_text: an allocation that failed is reported by
 * tc_notes_write. */
typedef struct tc_notes {
    const tacet_plan *plan;
    tc_json_writer done; /* members of an object */
    tc_text text;        /* of the next one */
} tc_notes;

tc_notes tc_notes_of(const tacet_plan *p);       /* those of every model */
void tc_notes_add(tc_notes *n, const char *key); /* makes `text` a note and empties it */

/* Adds the caller's notes and writes all, with the plan's tensors, then frees the notes. Refuses a key that is reserved
 * for the library or used twice. */
tacet_status tc_notes_write(tc_notes *n, bool checkpoint, const char *path, int notes, const tacet_note *note,
                            tacet_error *e);

/* For reading such lines: the name at *at and the blank after it; the next number, which `end` must follow: a blank, or
 * the end of a line or of the text. Both move *at past what they have read; false if it is not there. A dash reads as
 * NAN. */
bool tc_take_name(const char **at, const char *name);
bool tc_take_number(const char **at, char end, double *x);

/* The sums of metrics over training steps, as a member of a checkpoint's state and back, NULL if it has none. set: takes
 * them over; otherwise only checks. False: they are damaged. */
void tc_checkpoint_metrics(const tacet_plan *p, tc_json_writer *j);
bool tc_checkpoint_metrics_read(tacet_plan *p, const tc_json *from, bool set);

/* Likewise what is known of the dead units of a value; nothing is written if they do not come back. */
void tc_checkpoint_silent(const tc_tally *t, tc_json_writer *j);
bool tc_checkpoint_silent_read(tacet_plan *p, int value, const tc_json *from, bool set);

/* The state of a checkpoint of version 1 or 2 as JSON, for a file that has the note tacet.checkpoint. False: a note is
 * not what it had to be. */
bool tc_checkpoint_lines(const tacet_file *f, const tacet_plan *p, tc_text *to);

#endif
