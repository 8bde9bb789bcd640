/* row_reader.c: collects fields into rows. Rows in memory share one text and one array of cells, which begin anew when all of
 * them have been taken. */
#include "data/row_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HELD_BYTES = 1 << 20 };

void tc_rows_begin(tc_rows *r, tc_reader *reader, char delimiter)
{
    tc_fields_begin(&r->fields, reader, delimiter);
    r->at = -1;
}

void tc_rows_free(tc_rows *r)
{
    tc_free(&r->text.mem, r->cell);
    tc_text_free(&r->text);
}

static bool fail_memory(tc_rows *r)
{
    tc_reader *reader = r->fields.reader;
    reader->status = tc_fail_memory(reader->error);
    return false;
}

static bool add_cell(tc_rows *r, tc_row *row)
{
    const tc_fields *f = &r->fields;
    if (r->cells == r->cell_room) {
        const int64_t room = r->cell_room ? 2 * r->cell_room : 64;
        tc_cell *cell = tc_resize(&r->text.mem, r->cell, (size_t)room, sizeof *cell);
        if (!cell) return fail_memory(r);
        r->cell = cell;
        r->cell_room = room;
    }
    r->cell[r->cells++] = (tc_cell){r->text.length, f->quoted};
    tc_text_put(&r->text, f->text, f->length + 1);
    row->count++;
    return !r->text.failed || fail_memory(r);
}

/* Reads one row, with any number of fields, after those in memory. */
static bool read_any(tc_rows *r, tc_row *row, bool *blank)
{
    tc_fields *f = &r->fields;
    *row = (tc_row){.first = r->cells};
    *blank = true;
    do {
        if (!tc_fields_next(f)) return false;
        if (row->count == 0) row->line = f->line;
        if (row->count == TC_MAX_COLUMNS) {
            tc_fields_refuse(f, "a row has more than %d fields", TC_MAX_COLUMNS);
            return false;
        }
        if (f->length > 0) *blank = false;
        if (!add_cell(r, row)) return false;
    } while (!f->new_row);
    return true;
}

static bool read_row(tc_rows *r)
{
    tc_row *row = &r->row[r->held];
    const size_t length = r->text.length;
    bool blank;
    while (read_any(r, row, &blank)) {
        if (!blank) {
            r->held++;
            return true;
        }
        r->cells = row->first;
        r->text.length = length;
    }
    return false;
}

tacet_status tc_rows_hold(tc_rows *r)
{
    while (r->held < TC_MAX_HELD && r->text.length < HELD_BYTES && read_row(r)) {}
    return r->fields.reader->status;
}

const tc_row *tc_rows_next(tc_rows *r)
{
    if (r->at + 1 < r->held) return &r->row[++r->at];
    r->held = r->at = 0;
    r->cells = 0;
    r->text.length = 0;
    return read_row(r) ? &r->row[0] : NULL;
}

const char *tc_rows_text(const tc_rows *r, const tc_row *row, int64_t i)
{
    return i < row->count ? r->text.data + r->cell[row->first + i].start : "";
}

bool tc_rows_quoted(const tc_rows *r, const tc_row *row, int64_t i)
{
    return i < row->count && r->cell[row->first + i].quoted;
}

tacet_status tc_rows_refuse(tc_rows *r, const tc_row *row, int64_t i, const char *name, const char *format, ...)
{
    tc_reader *reader = r->fields.reader;
    if (reader->status) return reader->status;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const bool named = name && *name;
    return reader->status = tc_fail(reader->error, TACET_FILE, "%s, line %" PRId64 ", column %" PRId64 "%s%.60s%s: %s",
                                    reader->path, row->line, i + 1, named ? " (" : "", named ? name : "",
                                    named ? ")" : "", text);
}
