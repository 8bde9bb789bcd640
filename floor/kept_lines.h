/* kept_lines.h: lines of metrics.jsonl in memory, as many as there is room for: an even choice of all of them, without
 * their lists of numbers, which can be long, and the newest, whole. */
#ifndef CLI_KEPT_LINES_H
#define CLI_KEPT_LINES_H

#include "base/json.h"
#include "cli.h"

enum { CLI_KEPT_MOST = 16384 };

/* Zero-initialise. Line 0, `every`, 2 * every, ... of those `seen` are kept, and the newest. */
typedef struct cli_kept {
    size_t n, room, seen, every, bytes;
    const tc_json **line;    /* [n] */
    struct cli_kept_at *own; /* [n] */
} cli_kept;

/* Adds a line, which was parsed in `own` and takes `bytes`, and takes over `own`. */
void cli_kept_add(cli_kept *k, const tc_json *line, cli_arena own, size_t bytes);

/* Keeps half as many lines, or no more lists of numbers if only the newest is left; false if that has been done. */
bool cli_kept_thin(cli_kept *k);
void cli_kept_free(cli_kept *k);

/* A line without its lists of numbers, in one block; *bytes is what it takes. */
const tc_json *cli_kept_brief(cli_arena *a, const tc_json *line, size_t *bytes);

#endif
