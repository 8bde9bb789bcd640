/* begun.h: the folders from which relative paths of data start, wherever a command is run.
 *
 * A run and a sweep keep them in their records, run.json and sweep.json: the folder in which they were begun, as seen from
 * the record, so that all may be moved together, and from the root, so that the record may be moved alone. A relative path
 * in a configuration or a model that lies next to a record is tried from each of them, then from the current folder. */
#ifndef CLI_BEGUN_H
#define CLI_BEGUN_H

#include "config.h"
#include "output.h"

enum { CLI_FOLDERS = 8 };

typedef struct cli_begun {
    int count;
    const char *folder[CLI_FOLDERS]; /* as seen from the current folder, or from the root */
    const char *instead;             /* what replaces a path that is not found: "--data" */
} cli_begun;

/* Reads the folders from the record next to a file; NULL: it does not exist. */
tacet_status cli_begun_read(cli_arena *a, const char *file, cli_begun **begun);

/* Writes the folders of a configuration, and the current one if some of its paths start there, for a record in the
 * folder `home`: "folders": ["../..", "/home/ann/digits"]. A path that is not UTF-8 is {"bytes": "2f64ff"}. */
void cli_begun_json(tc_json_writer *j, const cli_config *c, const char *home);

/* Opens something from each folder in turn, until it is found:
 *
 *     for (cli_search at = cli_search_of(item); cli_search_next(&at, d != NULL, &e);) d = tacet_data_open(item->text, ...);
 *
 * The search goes on as long as the error is that a file does not exist. After the last folder, *e is the error of the
 * first, with a hint. */
typedef struct cli_search {
    const char *file;    /* the configuration that the item is in, or NULL */
    const cli_begun *in; /* NULL: only the current folder */
    int next, back;      /* back: the current folder as a file descriptor; -1: not left */
    bool stopped;        /* the error is of the search itself */
    tacet_error first;
} cli_search;

cli_search cli_search_of(const cli_item *item); /* from the folders of the source that the item is in */
bool cli_search_next(cli_search *s, bool found, tacet_error *e);

/* Whether an error says that a file does not exist, rather than that it cannot be read. */
bool cli_search_missed(const tacet_error *e);

#endif
