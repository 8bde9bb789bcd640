/* output.h: the formats that the program writes: JSON, tables, npy; and files that appear only when complete. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/json.h"
#include "base/whole_file.h"
#include "cli.h"
#include "stream.h"

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* A JSON document in the arena; cli_json_print prints it on one line. */
tc_json_writer cli_json(cli_arena *a);
void cli_json_print(const tc_json_writer *j, FILE *to);
const tc_json *cli_json_value(tc_json_writer *j); /* parses it in place; it cannot be printed afterwards */

/* The contents of a regular file, ending in a NUL. NULL if it cannot be read, for cli_fail_file to say why; errno is EFBIG
 * if it has more than `most` bytes. */
char *cli_file_text(cli_arena *a, const char *path, size_t *length);
char *cli_file_within(cli_arena *a, const char *path, size_t most, size_t *length);

/* Reads the text of a file that contains one object into the arena. */
tacet_status cli_json_parse(cli_arena *a, const char *path, const char *what, char *text, size_t length,
                            const tc_json **object, tacet_error *e);

/* Reads a file that contains one object into the arena. An error begins "PATH:1:7: WHAT: expected :". */
tacet_status cli_json_file(cli_arena *a, const char *path, const char *what, const tc_json **object);

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

/* align: a letter, l or r, for each column; the cells are given row by row, headings first. On a terminal that is too
 * narrow, the columns that do not fit follow in further tables, each after the first column. */
void cli_table(FILE *to, const char *align, int rows, const char *const *cell);

/* A number for people: 4 significant digits, or all 5 or 6 of a whole number; "-" if it is not finite. */
const char *cli_digits(cli_arena *a, double value);

/* The same in at most `width` columns (5 or more), in k, M, ... from 10,000 on: "13.34", "1.3e-05", "402k". */
const char *cli_short(cli_arena *a, double value, int width);

/* Exactly this many significant digits, with zeros at the end if need be, and all digits of whole numbers up to 9
 * places: "0.5230", "5023"; or "-". With its standard error (above 0), which has two digits: "0.8660 +- 0.0014". */
const char *cli_significant(cli_arena *a, double value, int digits);
const char *cli_with_error(cli_arena *a, double value, double error, const char *plus);

/* The time that something took, after two blanks: "  12 s"; "" if it is too short to be worth a word. */
const char *cli_spent(cli_arena *a, double seconds);

/* "401,920"; and with a noun: "1 step", "401,920 steps". */
const char *cli_thousands(cli_arena *a, int64_t n);
const char *cli_count(cli_arena *a, int64_t n, const char *noun);

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* A file that appears under its path only when it is complete (base/whole_file.h). It is not moved while it is open. */
typedef struct cli_outfile {
    FILE *f;
    cli_stream stream;
    tc_whole_file file;
    cli_undo undo;
} cli_outfile;

tacet_status cli_outfile_open(const char *path, cli_outfile *o);
tacet_status cli_outfile_close(cli_outfile *o);
void cli_outfile_drop(cli_outfile *o); /* after a failure */

/* The header of an npy file of float32 in C order. */
void cli_npy_head(FILE *to, int rank, const int64_t *shape);

#endif
