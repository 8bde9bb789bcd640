/* output.h: the formats that the program writes: JSON, tables, npy; and files that appear only when they are whole. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/json.h"
#include "base/whole_file.h"
#include "cli.h"

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* A document in the arena; prints it as a line. */
tc_json_writer cli_json(cli_arena *a);
void cli_json_print(const tc_json_writer *j, FILE *to);
const tc_json *cli_json_value(tc_json_writer *j); /* reads it in place, after which it cannot be printed */

/* All of a file, with a NUL at its end; NULL with errno if it cannot be read. */
char *cli_file_text(cli_arena *a, const char *path, size_t *length);

/* Reads a file that is one object, into the arena. An error begins "PATH:1:7: WHAT: expected :". */
tacet_status cli_json_file(cli_arena *a, const char *path, const char *what, const tc_json **object);

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

/* A letter of `align`, l or r, for each column; cells row by row, beginning with the headings. */
void cli_table(FILE *to, const char *align, int rows, const char *const *cell);

/* Numbers for people: 4 significant digits; "-" if it is not finite. */
const char *cli_digits(cli_arena *a, double value);

/* The same in at most `width` columns (5 or more), in k, M, ... from 10 thousand on: "13.34", "1.3e-05", "402k". */
const char *cli_short(cli_arena *a, double value, int width);

/* "401,920"; and with a noun: "1 step", "401,920 steps". */
const char *cli_thousands(cli_arena *a, int64_t n);
const char *cli_count(cli_arena *a, int64_t n, const char *noun);

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* A file that appears under its path only when it is whole (base/whole_file.h). */
typedef struct cli_outfile {
    FILE *f;
    tc_whole_file file;
} cli_outfile;

tacet_status cli_outfile_open(cli_arena *a, const char *path, cli_outfile *o);
tacet_status cli_outfile_close(cli_outfile *o);
void cli_outfile_drop(cli_outfile *o); /* after a failure */

/* The header of an npy file of float32 in C order. */
void cli_npy_head(FILE *to, int rank, const int64_t *shape);

#endif
