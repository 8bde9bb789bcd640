/* run_read.h: reads run.json, whose members cli/run_record.h lists, and the lines of metrics.jsonl from a run's
 * folder. */
#ifndef CLI_RUN_READ_H
#define CLI_RUN_READ_H

#include "base/json.h"
#include "run_folder.h"

typedef struct cli_record {
    cli_folder folder;
    cli_arena arena;
    const tc_json *run; /* run.json, or NULL if it does not exist */
    size_t epochs, steps;
    const tc_json **epoch; /* [epochs], the lines of metrics.jsonl that end an epoch */
    const tc_json **step;  /* [steps], the others */
} cli_record;

/* A failure is printed; cli_record_close must follow even then. A last line without a newline is ignored, because a run
 * that is still running, or was killed, may have written only part of it. */
tacet_status cli_record_open(cli_arena *a, const char *path, cli_record *r);
void cli_record_close(cli_record *r);

/* A member as a number, otherwise NAN; "one/other" is the quotient of two members. */
double cli_number(const tc_json *object, const char *key);
/* A member as text without control characters, otherwise "-". */
const char *cli_record_text(cli_arena *a, const tc_json *object, const char *key);
/* A list of a layer that counts its units by how often they fire. Its first bin includes those that never do, which have
 * the first label. */
enum { CLI_MOST_BINS = 10 };
typedef struct cli_bins {
    const char *key;
    int n;
    const char *label[CLI_MOST_BINS + 1]; /* the share, in per cent, up to which a bin counts */
} cli_bins;

/* By tenths; by powers of ten if most units fire in less than a tenth, where all of them would be in one bin. */
const cli_bins *cli_record_bins(const tc_json *layer);

/* How many of the lowest powers of ten have no unit of the layer, and need not be shown: with few samples, no unit can fire
 * so seldom. Tenths are all shown. */
int cli_record_bins_empty(const tc_json *layer);

/* The *n warnings of all epochs, each once: what it is on, its text in the last epoch that has it, and the epochs, as
 * "epoch 3" or "epochs 1, 4 to 9". */
typedef struct cli_warned {
    const char *on, *text, *when;
} cli_warned;
const cli_warned *cli_record_warnings(cli_arena *a, const cli_record *r, int *n);

/* The name of a term or layer, "relu1:l1". */
const char *cli_record_name(cli_arena *a, const tc_json *entry);

#endif
