/* report.h: the page of one run, or of a comparison of several. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli.h"

/* Reads the folders of `runs` runs and writes the page to `path`. If parts of them cannot be read, the page says so at
 * their place, and the status is that of the first; *written: whether there is a page. */
tacet_status cli_report_write(cli_arena *a, int runs, const char *const *run, const char *path, bool *written);

#endif
