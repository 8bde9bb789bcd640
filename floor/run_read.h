/* run_read.h: reads run.json, whose members cli/run_record.h lists, and the lines of metrics.jsonl from a run's
 * folder. */
#ifndef CLI_RUN_READ_H
#define CLI_RUN_READ_H

#include "base/json.h"
#include "kept_lines.h"
#include "missing_parts.h"
#include "run_folder.h"
#include "run_warnings.h"

/* What a record takes at most, but for its newest lines. */
enum { CLI_RECORD_BYTES = 32 << 20 };

typedef struct cli_record {
    cli_folder folder;
    cli_arena arena;
    const tc_json *run; /* run.json; NULL: it does not exist, or is missing */
    size_t epochs, steps;
    const tc_json *const
        *epoch; /* [epochs], lines of metrics.jsonl that end an epoch (kept_lines.h); the last is whole */
    const tc_json *const *step; /* [steps], the others */
    const tc_json *best;        /* the line of the best epoch so far, or NULL */
    cli_arena best_own;
    double seconds;            /* in the steps of all epochs */
    cli_missing missing[2];    /* of run.json, of metrics.jsonl */
    cli_warning_list warnings; /* of all epochs */
    cli_kept kept[2];          /* the epochs, the steps */
} cli_record;
enum { CLI_MISSING_RUN, CLI_MISSING_LINES };

/* Reads what can be read, with the lines of steps if they are wanted; returns the status of the first part that is
 * missing. If nothing of a run is there, *found is false. cli_record_close must follow even then. A last line without a
 * newline is ignored, because a run that is still running, or was killed, may have written only part of it. */
tacet_status cli_record_open(cli_arena *a, const char *path, bool steps, cli_record *r, bool *found);
void cli_record_close(cli_record *r);

/* The memory that its lines take; fewer lines, or no lists of numbers (false: no less is possible). */
size_t cli_record_bytes(const cli_record *r);
bool cli_record_thin(cli_record *r);

/* Whether it has done all it was to do: all of its files should then exist. */
bool cli_record_ended(const cli_record *r);

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

/* The name of a term or layer, "relu1:l1". */
const char *cli_record_name(cli_arena *a, const tc_json *entry);

#endif
