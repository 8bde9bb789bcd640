/* field.c: RFC 4180, plus what real files contain: LF as well as CRLF, a byte order mark, spaces around a field.
 *
 * A field in quotes may hold the delimiter, line ends and doubled quotes. One field is in memory at a time. */
#include "data/field.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void tc_fields_begin(tc_fields *f, tc_reader *reader, char delimiter)
{
    *f = (tc_fields){.reader = reader, .delimiter = delimiter, .line = 1, .next_line = 1, .new_row = true};
}

tacet_status tc_fields_refuse(tc_fields *f, const char *format, ...)
{
    tc_reader *r = f->reader;
    if (r->status) return r->status;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return r->status = tc_fail(r->error, TACET_FILE, "%s, line %" PRId64 ", column %" PRId64 ": %s", r->path, f->line,
                               f->column, text);
}

/* ---- Bytes ---- */

/* CRLF comes out as LF. */
static int next_byte(tc_fields *f)
{
    if (f->pushed_count > 0) return f->pushed[--f->pushed_count];
    int c = tc_reader_byte(f->reader);
    if (c == '\r' && tc_reader_peek(f->reader) == '\n') c = tc_reader_byte(f->reader);
    if (c == '\n') f->next_line++;
    return c;
}

/* A byte order mark at the start of the file is skipped. Other characters may begin with the same byte. */
static int first_byte(tc_fields *f)
{
    const int c = next_byte(f);
    if (c != 0xEF) return c;
    const int second = next_byte(f), third = second == 0xBB ? next_byte(f) : -1;
    if (third == 0xBF) return next_byte(f);
    if (third >= 0) f->pushed[f->pushed_count++] = (unsigned char)third;
    if (second >= 0) f->pushed[f->pushed_count++] = (unsigned char)second;
    return c;
}

static bool is_end(const tc_fields *f, int c) { return c < 0 || c == '\n' || c == (unsigned char)f->delimiter; }

/* The delimiter itself may be a space or a tab, which then counts. */
static bool is_space(const tc_fields *f, int c) { return (c == ' ' || c == '\t') && c != f->delimiter; }

static bool keep(tc_fields *f, int c)
{
    if (c == 0) tc_fields_refuse(f, "contains a zero byte, so it is not text");
    if (f->length == TC_MAX_FIELD) tc_fields_refuse(f, "is longer than %d bytes", TC_MAX_FIELD);
    if (f->reader->status) return false;
    f->text[f->length++] = (char)c;
    return true;
}

/* ---- Fields ---- */

/* Reads on after an opening quote; returns the byte that ends the field. */
static int read_quoted(tc_fields *f)
{
    for (;;) {
        int c = next_byte(f);
        if (c == '"') {
            c = next_byte(f);
            if (c != '"') {
                while (is_space(f, c)) c = next_byte(f);
                if (!is_end(f, c)) tc_fields_refuse(f, "has something after its closing quote");
                return c;
            }
        } else if (c < 0) {
            tc_fields_refuse(f, "has a quote that is never closed");
            return c;
        }
        if (!keep(f, c)) return c;
    }
}

static int read_bare(tc_fields *f, int c)
{
    for (; !is_end(f, c); c = next_byte(f)) {
        if (c == '\r') {
            tc_fields_refuse(f, "has a carriage return that no line feed follows, as in files with the line ends CR");
            tc_fail_hint(f->reader->error, "tr '\\r' '\\n' < FILE > NEW makes one with the line ends LF");
        }
        if (c == '"')
            tc_fields_refuse(f, "has a quote inside; a field with quotes should be in quotes, each of them doubled");
        if (!keep(f, c)) return c;
    }
    while (f->length > 0 && is_space(f, f->text[f->length - 1])) f->length--;
    return c;
}

bool tc_fields_next(tc_fields *f)
{
    if (f->reader->status) return false;
    f->length = 0;
    f->line = f->next_line;
    const bool first = f->column == 0;
    f->column = f->new_row ? 1 : f->column + 1;
    int c = first ? first_byte(f) : next_byte(f);
    for (; is_space(f, c) || (f->new_row && c == '\n'); c = next_byte(f)) f->line = f->next_line;
    if (c < 0 && f->new_row) return false;
    f->quoted = c == '"';
    c = f->quoted ? read_quoted(f) : read_bare(f, c);
    f->text[f->length] = '\0';
    f->new_row = c < 0 || c == '\n';
    return !f->reader->status;
}

/* ---- Numbers ---- */

/* Reads what most files hold, such as 12 or -3.25: up to 15 digits (so below 2^53) over a power of ten that a double
 * holds exactly take one division, which is correctly rounded (Clinger, How to read floating point numbers accurately,
 * PLDI 1990). False: the general reader must read it. */
static bool plain_number(const char *p, double *x)
{
    static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const bool negative = *p == '-';
    p += negative;
    int64_t digits = 0;
    int n = 0, point = -1;
    for (; n <= 15; p++) {
        if (*p >= '0' && *p <= '9') {
            digits = 10 * digits + (*p - '0');
            n++;
        } else if (*p == '.' && point < 0) {
            point = n;
        } else {
            break;
        }
    }
    if (*p || n == 0 || n > 15) return false;
    *x = (double)digits / power[point < 0 ? 0 : n - point];
    if (negative) *x = -*x;
    return true;
}

bool tc_field_number(const char *text, double *x) { return plain_number(text, x) || tc_number_read(text, x); }
