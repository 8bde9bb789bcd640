/* file_sum.h: a checksum of the bytes of a file, by which a run knows later what it began from and what it wrote. */
#ifndef CLI_FILE_SUM_H
#define CLI_FILE_SUM_H

#include "cli.h"

/* Sets *sum to the checksum as text. On failure returns TACET_IO, or TACET_MEMORY, with a message that names the file. */
tacet_status cli_file_sum(cli_arena *a, const char *path, const char **sum, tacet_error *e);

#endif
