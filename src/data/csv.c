/* csv.c: rows of text. Numbers stay double until they have been scaled, so that large ones that are close together stay
 * apart; labels become int32. */
#include "data/columns.h"
#include "data/encoding.h"
#include "data/header.h"
#include "data/missing.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const tc_attribute attribute[] = {
    {"file", "text", NULL, "the file, plain or .gz", true},
    {"label", "text", "", "the column that holds the class: its name, or its number from 1; whole numbers or words",
     false},
    {"target", "text", "", "the columns that a regression predicts: price,size", false},
    {"x", "text", "", "the columns that are inputs, by name or number: age,height or 1-4,7; otherwise all others",
     false},
    {"drop", "text", "", "the columns that are left out: id,date", false},
    {"header", "auto|yes|no", "auto", "whether the first row has the names of the columns", false},
    {"missing", "text", "refuse",
     "what a missing value of x (empty, NA, nan, null, ?) becomes: mean or median of the training rows, or a number",
     false},
    {"onehot", "text", "", "the columns of words; each word becomes an element that is 0 or 1", false},
    {"unknown", "refuse|ignore", "refuse",
     "ignore: a word of a onehot column that the training rows do not have, or a missing one, is all zeros", false},
    {"delimiter", "text", ",", "the separator of fields: one character, or the word tab", false},
    {"id", "text", "",
     "a column that tacet predict --id writes next to its predictions; an input only if the model has it as one",
     false},
    {"sample_weight", "text", "", "the column with a weight of at least 0 for each row, in losses and metrics", false},
    {0},
};

enum { MAX_TARGETS = 256, HEADER_AUTO = 0, HEADER_YES = 1 };

typedef struct csv {
    tc_samples *t;
    tc_columns columns;
    tc_reader reader;
    tc_rows rows;
    tc_fill fill;
    double value;
    int64_t room; /* rows that there is room for */
} csv;

/* ---- Header and columns ---- */

/* Columns that are empty in all of the first rows, to the right of all others, are only delimiters. */
static int64_t count_columns(const csv *c)
{
    const tc_rows *r = &c->rows;
    int64_t count = 0;
    for (int k = 0; k < r->held; k++)
        for (int64_t i = k == 0 ? 0 : count; i < r->row[k].count && i < r->row[0].count; i++)
            if (*tc_rows_text(r, &r->row[k], i)) count = i + 1;
    return count;
}

static bool find_header(csv *c, int64_t count)
{
    const tc_rows *r = &c->rows;
    const int given = (int)c->columns.arg[TC_CSV_HEADER].number;
    if (given != HEADER_AUTO) return given == HEADER_YES;
    if (tc_columns_named(&c->columns, r, &r->row[0])) return true;
    const tc_header h = tc_header_find(r, count);
    if (h == TC_HEADER_GUESS_NO || h == TC_HEADER_GUESS_YES)
        tc_text_add(
            &c->t->remarks,
            "%s: the first row may be names or values, and is taken for %s; header=yes or header=no says which\n",
            c->reader.path, tc_header_is(h) ? "names" : "values");
    return tc_header_is(h);
}

static tacet_status refuse_encoding(csv *c, const tc_row *row, int64_t i, const char *name)
{
    tc_rows_refuse(&c->rows, row, i, name, "the text is not UTF-8, perhaps Latin-1 (ISO 8859-1)");
    tc_fail_hint(c->reader.error, "iconv -f LATIN1 -t UTF-8 FILE > NEW makes a file in UTF-8");
    return c->reader.status;
}

/* For names of columns, words and ids, which are shown. */
static tacet_status check_text(csv *c, const tc_row *row, int64_t i, const char *name)
{
    const char *text = tc_rows_text(&c->rows, row, i);
    if (!tc_text_utf8(text)) return refuse_encoding(c, row, i, name);
    const uint32_t code = tc_text_acting(text);
    return code ? tc_rows_refuse(&c->rows, row, i, name, "the text has the control character U+%04X", (unsigned)code)
                : TACET_OK;
}

/* "sep=;" in the first line tells a spreadsheet what separates the fields. */
static bool says_separator(const tc_rows *r)
{
    const char *text = tc_rows_text(r, &r->row[0], 0);
    bool alone = strncmp(text, "sep=", 4) == 0 && strlen(text) <= 5;
    for (int64_t i = 1; i < r->row[0].count; i++) alone = alone && !*tc_rows_text(r, &r->row[0], i);
    return alone;
}

static tacet_status set_columns(csv *c)
{
    tc_samples *t = c->t;
    tc_columns *all = &c->columns;
    tc_rows *r = &c->rows;
    if (tc_encoding_check(&c->reader) || tc_rows_hold(r)) return c->reader.status;
    if (r->held == 0) return tc_reader_refuse(&c->reader, "has no rows");
    if (says_separator(r)) {
        tc_rows_refuse(r, &r->row[0], 0, NULL, "\"sep=\" is for spreadsheets: neither names nor a row");
        tc_fail_hint(c->reader.error, "remove the line; delimiter= says what separates the fields");
        return c->reader.status;
    }
    const int64_t count = count_columns(c);
    const tc_row *names = find_header(c, count) ? tc_rows_next(r) : NULL;
    for (int64_t i = 0; names && i < count; i++)
        if (check_text(c, names, i, NULL)) return c->reader.status;
    tacet_status status = tc_columns_set(all, r, names, count);
    if (!status && all->targets > MAX_TARGETS)
        status = tc_columns_refuse(all, TC_CSV_TARGET, "more than %d targets", MAX_TARGETS);
    for (int64_t i = 0; i < count && !status && !t->expect; i++) {
        tc_column *column = &all->column[i];
        column->ignore = column->onehot && all->arg[TC_CSV_UNKNOWN].number > 0;
        if (column->role == TC_INPUT && !column->onehot) column->missing = c->value;
    }
    t->header = names != NULL;
    t->x.type = TACET_F64;
    t->x.shape = (tc_shape){.rank = 1, .dim = {all->inputs}};
    t->weight.type = TACET_F64;
    t->y.type = all->label ? TACET_I32 : TACET_F64;
    if (!all->label) t->y.shape = (tc_shape){.rank = 1, .dim = {all->targets}};
    return status;
}

/* ---- Fields ---- */

/* Whether text is a number with a decimal comma. */
static bool has_comma(const char *text)
{
    char copy[64];
    double x;
    if (strlen(text) >= sizeof copy) return false;
    strcpy(copy, text);
    char *comma = strchr(copy, ',');
    if (comma) *comma = '.';
    return comma && tc_field_number(copy, &x);
}

static tacet_status refuse_number(csv *c, const tc_row *row, int64_t i)
{
    const tc_columns *all = &c->columns;
    const tc_column *column = &all->column[i];
    const char *text = tc_rows_text(&c->rows, row, i), *delimiter = tc_columns_delimiter(all, text);
    const bool answered = all->label || all->targets;
    char value[160];
    tacet_error *e = c->reader.error;
    const tacet_status status = tc_rows_refuse(&c->rows, row, i, column->name, "\"%.60s\" is not a number", text);
    tc_columns_value(all, i, value);
    if (delimiter)
        tc_fail_hint(e, "delimiter=%s if that separates the fields", delimiter);
    else if (has_comma(text))
        tc_fail_hint(e, "numbers have a decimal point, 1.5, and no thousands separators");
    else if (column->role == TC_TARGET && !c->t->expect)
        tc_fail_hint(e, "label=%s instead of target= takes words, as classes", value);
    else if (column->role == TC_INPUT && !c->t->expect)
        tc_fail_hint(e, "drop=%s leaves the column out, onehot=%s is for words%s%s", value, value,
                     answered ? "" : "; if it holds the labels: label=", answered ? "" : value);
    return status;
}

static tacet_status refuse_missing(csv *c, const tc_row *row, int64_t i)
{
    const tc_column *column = &c->columns.column[i];
    const char *text = tc_rows_text(&c->rows, row, i);
    tc_rows_refuse(&c->rows, row, i, column->name, *text ? "the value is missing: %.60s" : "the field is empty%s",
                   text);
    if (column->role == TC_WEIGHT)
        tc_fail_hint(c->reader.error, "each row needs a weight; 0 leaves it out");
    else if (column->role != TC_INPUT)
        tc_fail_hint(c->reader.error, "rows without an answer cannot be learned from: remove them%s",
                     *text && column->role == TC_LABEL ? "; a word in quotes is a word" : "");
    else if (c->t->expect)
        tc_fail_hint(c->reader.error, "the model was trained without missing=, and so has no value for it");
    else
        tc_fail_hint(c->reader.error, column->onehot ? "unknown=ignore makes it all zeros"
                                                     : "missing=mean, missing=median or missing=NUMBER fills it in");
    return c->reader.status;
}

/* The number of the word; -1: it is not accepted, or (ignored) unknown. */
static tacet_status put_word(csv *c, const tc_row *row, int64_t i, int32_t *number)
{
    tc_column *column = &c->columns.column[i];
    const char *text = tc_rows_text(&c->rows, row, i), *fault = NULL;
    double x;
    if (check_text(c, row, i, column->name)) return c->reader.status;
    const bool ignored = column->role == TC_LABEL && c->t->ignore < 0 && tc_field_number(text, &x) && x == c->t->ignore;
    *number = ignored ? (int32_t)x : tc_words_add(&column->words, text, &fault);
    if (*number >= 0 || ignored || (fault && column->ignore)) return TACET_OK;
    if (!fault) return tc_fail_memory(c->reader.error);
    const bool label = column->role == TC_LABEL;
    const tacet_status status = tc_rows_refuse(&c->rows, row, i, column->name, "the %s \"%.60s\" %s",
                                               label ? "label" : "word", text, fault);
    if (strstr(fault, "whole number"))
        tc_fail_hint(c->reader.error, "%starget= instead of label= makes it the target of a regression",
                     *text == '-' ? "ignore= in a cross_entropy leaves such labels out; " : "");
    else if (!label && column->words.known)
        tc_fail_hint(c->reader.error, "train with unknown=ignore to make such words all zeros");
    return status;
}

/* Whether a missing value of the column can be accepted. */
static bool may_miss(const csv *c, const tc_column *column)
{
    if (column->role != TC_INPUT) return false;
    if (column->onehot) return column->ignore;
    return !isnan(column->missing) || (c->fill && !c->t->expect);
}

static tacet_status put_id(csv *c, const tc_row *row, int64_t i)
{
    tc_samples *t = c->t;
    const char *text = tc_rows_text(&c->rows, row, i);
    if (check_text(c, row, i, c->columns.column[i].name)) return c->reader.status;
    t->id[t->x.rows] = t->ids.length;
    tc_text_put(&t->ids, text, strlen(text) + 1);
    return t->ids.failed ? tc_fail_memory(c->reader.error) : TACET_OK;
}

/* Stores a field of the row that becomes row t->x.rows. */
static tacet_status put(csv *c, const tc_row *row, int64_t i)
{
    tc_samples *t = c->t;
    const tc_column *column = &c->columns.column[i];
    const bool input = column->role == TC_INPUT, words = column->role == TC_LABEL || column->onehot;
    tacet_status status = column == c->columns.id ? put_id(c, row, i) : TACET_OK;
    if (status || column->role == TC_LEFT_OUT || (!input && t->x_only)) return status;
    const char *text = tc_rows_text(&c->rows, row, i);
    int32_t word = -1;
    double x = NAN;
    const bool number = !words && tc_field_number(text, &x);
    if (!number && tc_missing(text, tc_rows_quoted(&c->rows, row, i), words))
        status = may_miss(c, column) ? TACET_OK : refuse_missing(c, row, i);
    else if (words)
        status = put_word(c, row, i, &word);
    else if (!number)
        status = refuse_number(c, row, i);
    else if (!isfinite((float)x))
        status = tc_rows_refuse(&c->rows, row, i, column->name, "%.60s is too large for a 32-bit float", text);
    else if (column->role == TC_WEIGHT && x < 0)
        status = tc_rows_refuse(&c->rows, row, i, column->name, "the weight is %.60s, and should be at least 0", text);
    if (input)
        ((double *)t->x.data)[t->x.rows * c->columns.inputs + column->at] = column->onehot ? word : x;
    else if (column->role == TC_TARGET)
        ((double *)t->y.data)[t->x.rows * c->columns.targets + column->at] = x;
    else if (column->role == TC_WEIGHT)
        ((double *)t->weight.data)[t->x.rows] = x;
    else
        ((int32_t *)t->y.data)[t->x.rows] = word;
    return status;
}

/* ---- Rows ---- */

/* Makes room for `rows` rows of n elements; on failure the contents are kept. */
static bool resize(const csv *c, tc_array *a, int64_t rows, int64_t n)
{
    void *data = n > 0 ? tc_resize(&c->t->mem, a->data, (size_t)(rows * n), tc_type_size(a->type)) : NULL;
    if (data) a->data = data;
    return data || n == 0;
}

/* Elements of a row of y. */
static int64_t answers(const csv *c) { return c->t->x_only ? 0 : c->columns.label ? 1 : c->columns.targets; }

static int64_t weights(const csv *c) { return !c->t->x_only && c->columns.weight; }

static tacet_status reserve_row(csv *c)
{
    tc_samples *t = c->t;
    const int64_t n = c->columns.inputs, m = answers(c);
    if (t->x.rows < c->room) return TACET_OK;
    const int64_t room = c->room ? 2 * c->room : 64;
    if (room > TC_MAX_COUNT / (n > m ? n : m)) return tc_reader_refuse(&c->reader, "is too large");
    size_t *id = c->columns.id ? tc_resize(&t->mem, t->id, (size_t)room, sizeof *id) : NULL;
    if (id) t->id = id;
    if ((c->columns.id && !id) || !resize(c, &t->x, room, n) || !resize(c, &t->y, room, m) ||
        !resize(c, &t->weight, room, weights(c)))
        return tc_fail_memory(c->reader.error);
    c->room = room;
    return TACET_OK;
}

/* Fields after the last column are accepted if they are empty. */
static tacet_status check_width(csv *c, const tc_row *row)
{
    const int64_t count = c->columns.count;
    int64_t i = row->count;
    while (i > count && !*tc_rows_text(&c->rows, row, i - 1)) i--;
    if (i == count) return TACET_OK;
    const char *delimiter = tc_columns_delimiter(&c->columns, c->columns.column->name);
    const tacet_status status = tc_rows_refuse(&c->rows, row, i - 1, NULL,
                                               "the row has %s than the %" PRId64 " field%s of the first one",
                                               i > count ? "more" : "fewer", count, tc_plural(count));
    if (delimiter)
        tc_fail_hint(c->reader.error, "delimiter=%s if that separates the fields", delimiter);
    else if (c->columns.header && i == count + 1 && c->t->x.rows == 0)
        tc_fail_hint(c->reader.error, "the first line lacks a name, as where row names were written without one");
    return status;
}

static tacet_status read_rows(csv *c)
{
    const tc_row *row;
    tacet_status status = TACET_OK;
    while (!status && (row = tc_rows_next(&c->rows))) {
        status = check_width(c, row);
        if (!status) status = reserve_row(c);
        for (int64_t i = 0; i < c->columns.count && !status; i++) status = put(c, row, i);
        if (!status) c->t->x.rows++;
    }
    if (!status) status = c->reader.status;
    if (!status && c->t->x.rows == 0) {
        status = tc_reader_refuse(&c->reader, "has a header but no rows");
        tc_fail_hint(c->reader.error, "header=no reads its first row as numbers");
    }
    return status;
}

/* ---- After the last row ---- */

/* Fills in what is missing, with what the model has for it or with what is learned here. */
static tacet_status fill_missing(csv *c)
{
    tc_samples *t = c->t;
    double *x = t->x.data;
    const int64_t n = c->columns.inputs, rows = t->x.rows;
    char title[160];
    for (int64_t i = 0; i < c->columns.count; i++) {
        tc_column *column = &c->columns.column[i];
        if (column->role != TC_INPUT || column->onehot) continue;
        if (!t->expect && !tc_fill_learn(&t->mem, c->fill, x, rows, n, column->at, &column->missing))
            return tc_fail_memory(c->reader.error);
        if (c->fill && isnan(column->missing) && !t->expect)
            return tc_reader_refuse(&c->reader, "%s has no values at all", tc_columns_title(&c->columns, i, title));
        for (int64_t k = 0; k < rows && !isnan(column->missing); k++)
            if (isnan(x[k * n + column->at])) x[k * n + column->at] = column->missing;
    }
    if (!t->expect && c->fill == TC_FILL_MEDIAN && rows > TC_MEDIAN_ROWS)
        tc_text_add(&t->remarks, "%s: medians are those of %d values, drawn at random\n", c->reader.path,
                    TC_MEDIAN_ROWS);
    return TACET_OK;
}

/* Where the elements of each input begin in a row of x: first[inputs + 1]. place[] are the places of all words. */
static int64_t lay_out(const csv *c, int64_t *first, const tc_column **of)
{
    for (int64_t i = 0; i < c->columns.count; i++)
        if (c->columns.column[i].role == TC_INPUT) of[c->columns.column[i].at] = &c->columns.column[i];
    first[0] = 0;
    for (int64_t i = 0; i < c->columns.inputs; i++) first[i + 1] = first[i] + (of[i]->onehot ? of[i]->words.count : 1);
    return first[c->columns.inputs];
}

static void expand(const csv *c, int64_t i, const tc_column *column, const int32_t *place, const int64_t *first,
                   double *to)
{
    const int64_t n = c->columns.inputs, wide = first[n];
    const double *x = c->t->x.data;
    for (int64_t k = 0; k < c->t->x.rows; k++) {
        const double value = x[k * n + i];
        double *y = to + k * wide + first[i];
        if (!column->onehot)
            *y = value;
        else if (value >= 0)
            y[place[(int32_t)value]] = 1;
    }
}

/* Turns the numbers of words in x into elements that are 0 or 1. */
static tacet_status expand_words(csv *c)
{
    tc_samples *t = c->t;
    const tc_mem *m = &t->mem;
    const int64_t n = c->columns.inputs;
    int64_t *first = tc_alloc(m, (size_t)n + 1, sizeof *first);
    const tc_column **of = tc_alloc(m, (size_t)n, sizeof *of);
    int32_t *place = tc_alloc(m, TC_MAX_WORDS_OF_COLUMN, sizeof *place);
    const int64_t wide = first && of ? lay_out(c, first, of) : 1;
    tacet_status status = TACET_OK;
    double *to = NULL;
    if (wide > TC_MAX_COUNT / t->x.rows || wide < 1)
        status = tc_reader_refuse(&c->reader, wide < 1 ? "no element is left for x" : "has too many words");
    else
        to = tc_alloc(m, (size_t)(t->x.rows * wide), sizeof *to);
    if (!status && (!first || !of || !place || !to)) status = tc_fail_memory(c->reader.error);
    for (int64_t i = 0; i < n && !status; i++) {
        if (of[i]->onehot) tc_words_places(&of[i]->words, place);
        expand(c, i, of[i], place, first, to);
    }
    tc_free(m, first);
    tc_free(m, of);
    tc_free(m, place);
    tc_free(m, status ? to : t->x.data);
    if (status) return status;
    t->x.data = to;
    t->x.shape.dim[0] = wide;
    return TACET_OK;
}

/* Classes in the order of their words. */
static tacet_status set_classes(csv *c)
{
    tc_samples *t = c->t;
    const tc_words *w = &c->columns.label->words;
    int32_t *label = t->y.data, *place = tc_alloc(&t->mem, (size_t)w->count, sizeof *place);
    if (!place) return tc_fail_memory(c->reader.error);
    if (!w->numbers) tc_words_places(w, place);
    t->words = !w->numbers;
    t->classes = w->numbers ? 0 : w->count;
    for (int64_t i = 0; i < t->x.rows; i++) {
        if (label[i] < 0 || (w->numbers && label[i] == t->ignore)) continue;
        if (!w->numbers)
            label[i] = place[label[i]];
        else if (label[i] >= t->classes)
            t->classes = (int64_t)label[i] + 1;
    }
    tc_free(&t->mem, place);
    return TACET_OK;
}

static tacet_status read_all(csv *c)
{
    tc_samples *t = c->t;
    tacet_status status = set_columns(c);
    if (!status) status = read_rows(c);
    if (status) return status;
    /* Memory after the last row is given back; if the hook refuses to shrink it, nothing is lost. */
    resize(c, &t->x, t->x.rows, c->columns.inputs);
    resize(c, &t->y, t->x.rows, answers(c));
    resize(c, &t->weight, t->x.rows, weights(c));
    bool words = false;
    for (int64_t i = 0; i < c->columns.count; i++) words |= c->columns.column[i].onehot;
    status = fill_missing(c);
    if (!status && words) status = expand_words(c);
    if (!status && c->columns.label && t->y.data) status = set_classes(c);
    if (!status && !t->expect) status = tc_columns_write(&c->columns, &t->schema);
    const tc_arg *delimiter = &c->columns.arg[TC_CSV_DELIMITER];
    if (delimiter->given && !t->expect) tc_json_add_text(&t->schema, "delimiter", delimiter->text);
    t->y.rows = t->weight.rows = t->x.rows;
    return !status && t->remarks.failed ? tc_fail_memory(c->reader.error) : status;
}

static tacet_status read_table(tc_samples *t, const tc_spec *spec, const tc_arg *arg, bool test, tacet_error *e)
{
    (void)test;
    const tc_columns columns = {.t = t, .spec = spec, .arg = arg, .e = e, .names.mem = t->mem};
    const char *theirs = tc_json_text(
        tc_json_get(t->expect, "delimiter")); /* of the rows that the model was trained on */
    const char delimiter = tc_delimiter_of(theirs && !arg[TC_CSV_DELIMITER].given ? theirs
                                                                                  : arg[TC_CSV_DELIMITER].text);
    tc_fill fill;
    double value;
    if (!delimiter)
        return tc_columns_refuse(&columns, TC_CSV_DELIMITER,
                                 "the delimiter should be one character that is not part of numbers, or tab");
    if (*arg[TC_CSV_LABEL].text && *arg[TC_CSV_TARGET].text)
        return tc_columns_refuse(&columns, TC_CSV_TARGET, "label and target cannot be used together");
    if (!tc_fill_read(arg[TC_CSV_MISSING].text, &fill, &value))
        return tc_columns_refuse(&columns, TC_CSV_MISSING, "missing should be refuse, mean, median or a number");
    if (isinf((float)value))
        return tc_columns_refuse(&columns, TC_CSV_MISSING, "%.60s is too large for a 32-bit float",
                                 arg[TC_CSV_MISSING].text);
    csv *c = tc_alloc(&t->mem, 1, sizeof *c);
    if (!c) return tc_fail_memory(e);
    c->t = t;
    c->columns = columns;
    c->rows.text.mem = t->mem;
    c->fill = fill;
    c->value = value;
    tacet_status status = tc_reader_open(&c->reader, arg[TC_CSV_FILE].text, &t->mem, e);
    tc_rows_begin(&c->rows, &c->reader, delimiter);
    if (!status) status = read_all(c);
    tc_reader_close(&c->reader);
    tc_columns_free(&c->columns);
    tc_rows_free(&c->rows);
    tc_free(&t->mem, c);
    return status;
}

const tc_source tc_source_csv = {
    .name = "csv",
    .formula = "csv FILE label=COLUMN",
    .doc =
        "Rows of text, with or without names in the first line. label= for classes, target= for a regression, neither "
        "for rows to predict from. Plain or .gz.",
    .source = "RFC 4180",
    .attribute = attribute,
    .open = read_table,
};
