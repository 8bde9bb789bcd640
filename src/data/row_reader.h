/* row_reader.h: comma-separated text, row by row.
 *
 * The first rows can be held before they are taken, so that what the columns are can be decided from them. Rows of
 * nothing but delimiters, which spreadsheets write, are skipped. */
#ifndef TC_ROW_READER_H
#define TC_ROW_READER_H

#include "base/text.h"
#include "data/field.h"

enum { TC_MAX_COLUMNS = 1 << 16, TC_MAX_HELD = 128 };

typedef struct tc_cell {
    size_t start; /* in text */
    bool quoted;
} tc_cell;

typedef struct tc_row {
    int64_t line;  /* on which it begins, from 1 */
    int64_t first; /* its first cell */
    int64_t count; /* of its cells */
} tc_row;

/* Zero-initialise with {.text.mem = m}. */
typedef struct tc_rows {
    tc_fields fields;
    tc_text text; /* of the rows in memory: fields, each ended by a NUL */
    tc_cell *cell;
    int64_t cells, cell_room;
    tc_row row[TC_MAX_HELD]; /* the rows in memory */
    int held, at;            /* their number; the row that was taken last, -1 before the first */
} tc_rows;

void tc_rows_begin(tc_rows *r, tc_reader *reader, char delimiter);
void tc_rows_free(tc_rows *r);

/* Holds the first rows of the file: TC_MAX_HELD, or fewer if they are long or the file is short. */
tacet_status tc_rows_hold(tc_rows *r);

/* Takes the next row; NULL at the end of the file and on failure (reader->status). */
const tc_row *tc_rows_next(tc_rows *r);

/* Field i, from 0, of a row in memory; "" if the row is shorter. */
const char *tc_rows_text(const tc_rows *r, const tc_row *row, int64_t i);
bool tc_rows_quoted(const tc_rows *r, const tc_row *row, int64_t i);

/* Fails with "path, line L, column C (name): message"; name NULL: the column has none. */
__attribute__((format(printf, 5, 6))) tacet_status tc_rows_refuse(tc_rows *r, const tc_row *row, int64_t i,
                                                                  const char *name, const char *format, ...);

#endif
