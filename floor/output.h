/* output.h: the forms in which the program writes: JSON, tables, npy, files that are whole or not there. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/whole_file.h"
#include "cli.h"

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* Writes as it goes. Inside an object every call names its key; elsewhere key is NULL. */
typedef struct cli_json {
    FILE *to;
    bool comma; /* something stands before on this level */
} cli_json;

void cli_json_open(cli_json *j, const char *key, char bracket); /* '{' or '[' */
void cli_json_close(cli_json *j, char bracket);
void cli_json_text(cli_json *j, const char *key, const char *value);
void cli_json_integer(cli_json *j, const char *key, int64_t value);
void cli_json_number(cli_json *j, const char *key, double value); /* shortest that reads back; null if not finite */

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

/* A column a letter of `align`, l or r; cells row by row, the head first. */
void cli_table(FILE *to, const char *align, int rows, const char *const *cell);

/* Numbers for people: 4 significant digits, "-" for what is not a number. */
const char *cli_digits(cli_arena *a, double value);

/* The same in at most `width` columns (5 or more), thousands as k, M, ...: "0.0004", "13.34", "1.3e-05", "402k". */
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

/* The head of an npy file of float32, C order. */
void cli_npy_head(FILE *to, int rank, const int64_t *shape);

#endif
