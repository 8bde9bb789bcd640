/* run_folder.h: the folder of a run (config.yaml, run.json, metrics.jsonl, checkpoint, model, best, report) or of a
 * sweep (config.yaml, sweep.json, report, and the folders of its runs). */
#ifndef CLI_RUN_FOLDER_H
#define CLI_RUN_FOLDER_H

#include "output.h"

typedef struct cli_folder {
    const char *path, *config, *run, *metrics, *checkpoint, *model, *best, *report, *sweep;
    FILE *log; /* metrics.jsonl, open at its end */
} cli_folder;

/* Sets the names of the files in a folder, without accessing the disk. */
void cli_folder_name(cli_arena *a, const char *path, cli_folder *f);

/* A free name for a new folder: with `under` "runs" and the file NAME.yaml it is runs/NAME, or runs/NAME-2, ... */
const char *cli_folder_free_name(cli_arena *a, const char *under, const char *config);

bool cli_folder_has(const char *file);

/* Sets *there; TACET_IO, after a message, if it cannot be told. */
tacet_status cli_folder_holds(const char *file, bool *there);

/* Creates the folder and its parents. */
tacet_status cli_folder_make(const cli_folder *f);

/* Opens metrics.jsonl and cuts it to `length` bytes: a resumed run writes the lines after its checkpoint again. */
tacet_status cli_folder_log(cli_folder *f, int64_t length);

/* Flushes metrics.jsonl to disk; returns its length, or -1 with errno. */
int64_t cli_folder_sync(const cli_folder *f);

#endif
