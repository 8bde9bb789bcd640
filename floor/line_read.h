/* line_read.h: reads a file line by line, however long it and its lines are. */
#ifndef CLI_LINE_READ_H
#define CLI_LINE_READ_H

#include "cli.h"

enum { CLI_LINE_MOST = 16 << 20 /* bytes */ };

/* Zero-initialise all but fd. */
typedef struct cli_lines {
    int fd;
    cli_arena arena; /* of the buffer */
    char *buffer;
    size_t room, begin, end;
    size_t number; /* of the last line that was read, from 1 */
    char *line;    /* ends in a NUL, in place of the newline; NULL: it is longer than CLI_LINE_MOST */
    size_t length;
    int error; /* the errno that ended the reading; 0: the end of the file */
} cli_lines;

/* The next line; false after the last, or if the rest cannot be read. A last line without a newline is ignored: whoever
 * writes the file may not have finished it, or been killed. */
bool cli_lines_next(cli_lines *l);
void cli_lines_end(cli_lines *l); /* frees the buffer; fd stays open */

#endif
