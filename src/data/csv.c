/* csv.c: rows of text. All columns are x except those of the label or the targets; x and targets become float32. */
#include "data/data.h"
#include "data/field.h"
#include "data/words.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { FILE_, LABEL, TARGET, DELIMITER, MAX_COLUMNS = 1 << 16, MAX_TARGETS = 256 };
static const tc_attribute attribute[] = {
    {"file", "text", NULL, "the file, plain or .gz", true},
    {"label", "text", "", "the column that holds the class: its name, or its number from 1; whole numbers or words",
     false},
    {"target", "text", "", "the columns that a regression predicts, \"price,size\"", false},
    {"delimiter", "text", ",", "the separator of fields: one character, or the word tab", false},
    {0},
};

typedef struct column {
    const char *name; /* its field in the first row, whether or not that is a header */
    int64_t y;        /* its index in a row of y; X: it belongs to x */
} column;

enum { X = -1 };

typedef struct csv {
    tc_samples *t;
    const tc_spec *spec;
    const tc_arg *arg;
    tacet_error *e;
    tc_reader reader;
    tc_fields fields;
    tc_text first; /* the fields of the first row, each ended by a NUL */
    int64_t columns;
    column *column; /* [columns] */
    bool header;
    bool labels;  /* y is one label, not targets */
    int64_t n, m; /* elements of a row of x, of a row of y */
    int64_t room; /* rows that there is room for */
    int64_t at;   /* elements of x so far */
    tc_words words;
} csv;

static tacet_status refuse_word(const csv *c, int attr, const char *message, const char *word)
{
    return tc_refuse(c->e, c->spec->source, c->arg[attr].column, c->arg[attr].width, "csv: %s%s", message, word);
}

/* ---- The first row ---- */

static tacet_status read_first(csv *c)
{
    tc_fields *f = &c->fields;
    do {
        if (!tc_fields_next(f))
            return c->reader.status ? c->reader.status : tc_reader_refuse(&c->reader, "has no rows");
        if (c->columns == MAX_COLUMNS) return tc_fields_refuse(f, "a row has more than %d fields", MAX_COLUMNS);
        tc_text_add(&c->first, "%s%c", f->text, 0);
        if (c->first.failed) return tc_fail_memory(c->e);
        c->columns++;
    } while (!f->new_row);
    c->column = tc_alloc(&c->t->mem, (size_t)c->columns, sizeof *c->column);
    if (!c->column) return tc_fail_memory(c->e);
    const char *name = c->first.data;
    for (int64_t i = 0; i < c->columns; i++, name += strlen(name) + 1) c->column[i] = (column){.name = name, .y = X};
    return TACET_OK;
}

/* The first row is a header if one of its fields is a word, unless it is in a label column that is given by number:
 * there a word may be a label. */
static bool is_header(const csv *c)
{
    int64_t label = 0;
    if (!tc_integer_read(c->arg[LABEL].text, &label)) label = 0;
    for (int64_t i = 0; i < c->columns; i++) {
        double x;
        const char *field = c->column[i].name;
        if (i != label - 1 && *field && !tc_field_number(field, &x)) return true;
    }
    return false;
}

static const char *next_name(const void *context, int i)
{
    const csv *c = context;
    return i < c->columns ? c->column[i].name : NULL;
}

/* Makes the column of that name, or of that number from 1, the next one of y. */
static tacet_status add_y(csv *c, int attr, const char *name)
{
    int64_t i = 0, number;
    while (i < c->columns && !(c->header && strcmp(c->column[i].name, name) == 0)) i++;
    if (i == c->columns && tc_integer_read(name, &number) && number >= 1 && number <= c->columns) i = number - 1;
    if (i == c->columns) {
        const tacet_status status = refuse_word(c, attr, "the file has no such column: ", name);
        const char *near = c->header ? tc_nearest(name, next_name, c) : NULL;
        if (near)
            tc_fail_hint(c->e, "did you mean %.60s?", near);
        else
            tc_fail_hint(c->e, "%s has %" PRId64 " columns%s", c->reader.path, c->columns,
                         c->header ? ", named in its first line" : ", without names");
        return status;
    }
    if (c->column[i].y != X) return refuse_word(c, attr, "a column that is already taken: ", name);
    c->column[i].y = c->m++;
    return TACET_OK;
}

static tacet_status add_targets(csv *c)
{
    const char *p = c->arg[TARGET].text;
    for (;; p++) {
        char name[TC_MAX_FIELD + 1];
        const size_t length = strcspn(p, ",");
        if (length >= sizeof name) return refuse_word(c, TARGET, "a name is too long", "");
        memcpy(name, p, length);
        name[length] = '\0';
        if (c->m == MAX_TARGETS) return refuse_word(c, TARGET, "too many targets", "");
        const tacet_status status = add_y(c, TARGET, name);
        p += length;
        if (status || !*p) return status;
    }
}

/* Decides what each column is, which gives the shapes of rows. */
static tacet_status set_columns(csv *c)
{
    tc_samples *t = c->t;
    tacet_status status = TACET_OK;
    c->header = is_header(c);
    c->labels = *c->arg[LABEL].text != '\0';
    if (c->labels) status = add_y(c, LABEL, c->arg[LABEL].text);
    if (!status && *c->arg[TARGET].text) status = add_targets(c);
    c->n = c->columns - c->m;
    if (!status && c->n < 1) status = tc_reader_refuse(&c->reader, "has no column left for x");
    t->x.shape = (tc_shape){.rank = 1, .dim = {c->n}};
    t->x.type = t->y.type = TACET_F32;
    if (c->labels)
        t->y.type = TACET_I32;
    else
        t->y.shape = (tc_shape){.rank = 1, .dim = {c->m}};
    return status;
}

/* ---- All rows ---- */

/* Makes room for `rows` rows of n elements, float or int32; on failure the contents are kept. */
static bool resize(const csv *c, tc_array *a, int64_t rows, int64_t n)
{
    void *data = n > 0 ? tc_resize(&c->t->mem, a->data, (size_t)(rows * n), sizeof(float)) : NULL;
    if (data) a->data = data;
    return data || n == 0;
}

static tacet_status reserve_row(csv *c)
{
    tc_samples *t = c->t;
    if (t->x.rows < c->room) return TACET_OK;
    const int64_t room = c->room ? 2 * c->room : 64;
    if (room > TC_MAX_COUNT / (c->n > c->m ? c->n : c->m)) return tc_reader_refuse(&c->reader, "is too large");
    if (!resize(c, &t->x, room, c->n) || !resize(c, &t->y, room, c->m)) return tc_fail_memory(c->e);
    c->room = room;
    return TACET_OK;
}

/* Stores a field of row t->x.rows, in column i from 0. */
static tacet_status put(csv *c, int64_t i, const char *text)
{
    tc_samples *t = c->t;
    tc_fields *f = &c->fields;
    if (!*text) return tc_fields_refuse(f, "the field is empty, and every field should have a value");
    const int64_t y = c->column[i].y, at = y == X ? c->at++ : t->x.rows * c->m + y;
    if (y != X && c->labels) {
        ((int32_t *)t->y.data)[at] = tc_words_add(&c->words, text, f->line);
        return TACET_OK;
    }
    double x;
    if (!tc_field_number(text, &x)) {
        const tacet_status status = tc_fields_refuse(f, "\"%.60s\" is not a number", text);
        if (t->x.rows == 0 && !c->labels) tc_fail_hint(c->e, "if that column holds the labels: label=%" PRId64, i + 1);
        return status;
    }
    if (!isfinite((float)x)) return tc_fields_refuse(f, "%.60s is too large for a 32-bit float", text);
    ((float *)(y == X ? t->x.data : t->y.data))[at] = (float)x;
    return TACET_OK;
}

/* A bad label is refused only at the end of its row: in a row with one field too many, the label's column may hold
 * another field. */
static tacet_status end_row(csv *c)
{
    c->t->x.rows++;
    return c->words.status;
}

/* Stores the first row, unless it is a header. */
static tacet_status put_first(csv *c)
{
    if (c->header) return TACET_OK;
    tacet_status status = reserve_row(c);
    for (int64_t i = 0; i < c->columns && !status; i++) {
        c->fields.column = i + 1;
        status = put(c, i, c->column[i].name);
    }
    return status ? status : end_row(c);
}

static tacet_status put_rest(csv *c)
{
    tc_fields *f = &c->fields;
    tacet_status status = TACET_OK;
    while (!status && tc_fields_next(f)) {
        if (f->column == 1) status = reserve_row(c);
        if (!status && (f->column > c->columns || (f->new_row && f->column < c->columns)))
            status = tc_fields_refuse(f, "the row has %s than the %" PRId64 " fields of the first one",
                                      f->column > c->columns ? "more" : "fewer", c->columns);
        if (!status) status = put(c, f->column - 1, f->text);
        if (!status && f->new_row) status = end_row(c);
    }
    if (!status) status = c->reader.status;
    if (!status && c->t->x.rows == 0) status = tc_reader_refuse(&c->reader, "has a header but no rows");
    return status;
}

static tacet_status read_rows(csv *c)
{
    tc_samples *t = c->t;
    tacet_status status = read_first(c);
    if (!status) status = set_columns(c);
    if (!status) status = put_first(c);
    if (!status) status = put_rest(c);
    if (!status && c->labels) status = tc_words_classes(&c->words, t->x.rows, t->y.data, &t->classes, &t->words);
    if (status) return status;
    t->y.rows = t->x.rows;
    /* Memory after the last row is given back; if the hook refuses to shrink it, nothing is lost. */
    resize(c, &t->x, t->x.rows, c->n);
    resize(c, &t->y, t->y.rows, c->m);
    return TACET_OK;
}

/* The delimiter, or 0. */
static char delimiter_of(const char *text)
{
    if (strcmp(text, "tab") == 0) return '\t';
    const bool one = strlen(text) == 1 && *text > 0 && !strchr("\"\r\n.+-", *text);
    const bool digit_or_letter = (*text >= '0' && *text <= '9') || ((*text | 32) >= 'a' && (*text | 32) <= 'z');
    return one && !digit_or_letter ? *text : '\0';
}

static tacet_status read_table(tc_samples *t, const tc_spec *spec, const tc_arg *arg, bool test, tacet_error *e)
{
    (void)test;
    csv *c = tc_alloc(&t->mem, 1, sizeof *c);
    if (!c) return tc_fail_memory(e);
    *c = (csv){.t = t, .spec = spec, .arg = arg, .e = e, .first = {.mem = t->mem}};
    c->words = (tc_words){.text = {.mem = t->mem}, .path = arg[FILE_].text, .error = e};
    const char delimiter = delimiter_of(arg[DELIMITER].text);
    tacet_status status;
    if (!delimiter) {
        status = refuse_word(c, DELIMITER, "the delimiter should be one character that is not part of numbers, or tab",
                             "");
    } else if (*arg[LABEL].text && *arg[TARGET].text) {
        status = refuse_word(c, TARGET, "label and target cannot be used together", "");
    } else {
        status = tc_reader_open(&c->reader, arg[FILE_].text, &t->mem, e);
        tc_fields_begin(&c->fields, &c->reader, delimiter);
        if (!status) status = read_rows(c);
        tc_reader_close(&c->reader);
    }
    tc_words_free(&c->words);
    tc_text_free(&c->first);
    tc_free(&t->mem, c->column);
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
