/* run_folder.h: the folder of a run (config.yaml, run.json, metrics.jsonl, checkpoint, model, its average, best, samples,
 * report) or of a sweep (config.yaml, sweep.json, report, and the folders of its runs). */
#ifndef CLI_RUN_FOLDER_H
#define CLI_RUN_FOLDER_H

#include "output.h"

typedef struct cli_folder {
    const char *path, *config, *run, *metrics, *checkpoint, *model, *average, *best, *samples, *report, *sweep, *lock;
    const char *stem; /* NULL: `path` was given; otherwise the first name to try for a new folder */
    cli_stream log;   /* metrics.jsonl, open at its end; then the folder is not moved */
    int locked;       /* the descriptor of the lock; 0: not locked */
    bool made;        /* by cli_folder_make; it is removed if nothing is written to it */
    cli_undo undo;    /* from cli_folder_make or cli_folder_lock to cli_folder_unlock */
} cli_folder;

/* Sets the names of the files in a folder, without accessing the disk. */
void cli_folder_name(cli_arena *a, const char *path, cli_folder *f);

/* The names of a folder that is still to be created, which cli_folder_make chooses: with `under` "runs" and the file
 * NAME.yaml it is runs/NAME or, if that exists, runs/NAME-2, ... */
void cli_folder_new(cli_arena *a, const char *under, const char *config, cli_folder *f);

/* Whether a file exists. If that cannot be told, the reason is printed, and the status is TACET_IO. */
tacet_status cli_folder_holds(const char *file, bool *there);

/* Creates the folder and its parents. A new folder gets a name that did not exist before. */
tacet_status cli_folder_make(cli_arena *a, cli_folder *f);

/* Keeps other processes from writing to the folder until cli_folder_unlock or the end of this process. If another one
 * holds the lock, waits up to 10 s for it: a process that has been killed may still be writing. A process that this one
 * starts holds the lock as well if it inherits the descriptor. */
tacet_status cli_folder_lock(cli_arena *a, cli_folder *f, bool inherit);
void cli_folder_unlock(cli_folder *f);

/* Opens metrics.jsonl and cuts it to `length` bytes: a resumed run writes the lines after its checkpoint again. If it is
 * shorter, it is cut to whole lines. */
tacet_status cli_folder_log(cli_folder *f, int64_t length);

/* Flushes metrics.jsonl to disk; returns its length, or -1 with errno. */
int64_t cli_folder_sync(cli_folder *f);
void cli_folder_close(cli_folder *f);

#endif
