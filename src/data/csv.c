/* csv.c: rows of text. All columns are x but the label's or the targets'; x and targets become float32. */
#include "data/data.h"
#include "data/field.h"
#include "data/words.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { FILE_, LABEL, TARGET, DELIMITER, MAX_COLUMNS = 1 << 16, MAX_TARGETS = 256 };
static const tacet_attribute attribute[] = {
    {"file", "text", NULL, "the file, plain or .gz", true},
    {"label", "text", "", "the column that holds the class: its name, or its number from 1; whole numbers or words",
     false},
    {"target", "text", "", "the columns that a regression is to give, \"price,size\"", false},
    {"delimiter", "text", ",", "what stands between fields: one character, or the word tab", false},
    {0},
};

/* What a column is: X, LABELS, or the number of a target. */
enum { X = -1, LABELS = -2 };

typedef struct csv {
    tc_samples *t;
    const tc_spec *spec;
    const tc_arg *arg;
    tacet_error *e;
    tc_reader reader;
    tc_fields fields;
    tc_text first; /* the fields of the first row, each ended by a NUL */
    int64_t columns;
    bool header;
    int *role;    /* [columns] */
    int64_t n, m; /* elements of a row of x, of a row of targets */
    bool labels;
    int64_t room; /* rows that fit */
    int64_t at;   /* elements of x so far */
    tc_words words;
} csv;

static tacet_status refuse_word(const csv *c, int attr, const char *message, const char *word)
{
    return tc_refuse(c->e, c->spec->source, c->arg[attr].column, c->arg[attr].width, "csv: %s%s", message, word);
}

/* ---- The first row ---- */

/* What tc_nearest walks over: the names of the columns, one after another. */
typedef struct walk {
    const csv *c;
    const char **at;
} walk;

static const char *next_name(const void *context, int i)
{
    const walk *w = context;
    if (i >= w->c->columns) return NULL;
    *w->at = i == 0 ? w->c->first.data : *w->at + strlen(*w->at) + 1;
    return *w->at;
}

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
    return TACET_OK;
}

/* A first row is a header when a field of it is a word; but a word in the column that is said by number to hold labels
 * may well be a label. */
static bool is_header(const csv *c)
{
    int64_t label = 0;
    if (!tc_integer_read(c->arg[LABEL].text, &label)) label = 0;
    const char *field = c->first.data;
    for (int64_t i = 0; i < c->columns; i++, field += strlen(field) + 1) {
        double x;
        if (i != label - 1 && *field && !tc_field_number(field, &x)) return true;
    }
    return false;
}

/* The column of that name, or of that number from 1, becomes `role`. */
static tacet_status set_role(csv *c, int attr, const char *name, int role)
{
    int64_t column = -1, number;
    const char *field = c->first.data;
    for (int64_t i = 0; i < c->columns && c->header && column < 0; i++, field += strlen(field) + 1)
        if (strcmp(field, name) == 0) column = i;
    if (column < 0 && tc_integer_read(name, &number) && number >= 1 && number <= c->columns) column = number - 1;
    if (column < 0) {
        const tacet_status status = refuse_word(c, attr, "the file has no such column: ", name);
        const char *at, *near = c->header ? tc_nearest(name, next_name, &(walk){c, &at}) : NULL;
        if (near)
            tc_fail_hint(c->e, "did you mean %.60s?", near);
        else
            tc_fail_hint(c->e, "%s has %" PRId64 " columns%s", c->reader.path, c->columns,
                         c->header ? ", named in its first line" : ", without names");
        return status;
    }
    if (c->role[column] != X) return refuse_word(c, attr, "a column that is taken already: ", name);
    c->role[column] = role;
    return TACET_OK;
}

static tacet_status set_targets(csv *c)
{
    const char *p = c->arg[TARGET].text;
    for (;;) {
        char name[TC_MAX_FIELD + 1];
        const size_t length = strcspn(p, ",");
        if (length >= sizeof name) return refuse_word(c, TARGET, "a name is too long", "");
        memcpy(name, p, length);
        name[length] = '\0';
        if (c->m == MAX_TARGETS) return refuse_word(c, TARGET, "too many targets", "");
        const tacet_status status = set_role(c, TARGET, name, (int)c->m);
        if (status) return status;
        c->m++;
        if (!p[length]) return TACET_OK;
        p += length + 1;
    }
}

static tacet_status set_roles(csv *c)
{
    c->header = is_header(c);
    c->role = tc_alloc(&c->t->mem, (size_t)c->columns, sizeof *c->role);
    if (!c->role) return tc_fail_memory(c->e);
    for (int64_t i = 0; i < c->columns; i++) c->role[i] = X;
    c->labels = *c->arg[LABEL].text != '\0';
    tacet_status status = TACET_OK;
    if (c->labels) status = set_role(c, LABEL, c->arg[LABEL].text, LABELS);
    if (!status && *c->arg[TARGET].text) status = set_targets(c);
    c->n = c->columns - c->m - c->labels;
    if (!status && c->n < 1) status = tc_reader_refuse(&c->reader, "has no column left for x");
    return status;
}

/* ---- All rows ---- */

static tacet_status reserve_row(csv *c)
{
    tc_samples *t = c->t;
    if (t->rows < c->room) return TACET_OK;
    const int64_t widest = c->n > c->m ? c->n : c->m;
    const int64_t room = c->room ? 2 * c->room : 64;
    if (room > TC_MAX_COUNT / widest) return tc_reader_refuse(&c->reader, "is too large");
    float *x = tc_resize(&t->mem, t->x, (size_t)(room * c->n), sizeof *x);
    if (!x) return tc_fail_memory(c->e);
    t->x = x;
    if (c->labels) {
        int32_t *labels = tc_resize(&t->mem, t->labels, (size_t)room, sizeof *labels);
        if (!labels) return tc_fail_memory(c->e);
        t->labels = labels;
    }
    if (c->m) {
        float *targets = tc_resize(&t->mem, t->targets, (size_t)(room * c->m), sizeof *targets);
        if (!targets) return tc_fail_memory(c->e);
        t->targets = targets;
    }
    c->room = room;
    return TACET_OK;
}

static bool has_labels(const csv *c)
{
    for (int64_t i = 0; i < c->columns; i++)
        if (c->role[i] == LABELS) return true;
    return false;
}

/* One field of row t->rows, in column i from 0. */
static tacet_status put(csv *c, int64_t i, const char *text)
{
    tc_samples *t = c->t;
    tc_fields *f = &c->fields;
    if (!*text) return tc_fields_refuse(f, "nothing is there, every field should have a value");
    const int role = c->role[i];
    if (role == LABELS) return tc_words_add(&c->words, text, f->line, c->reader.path, &t->labels[t->rows], c->e);
    double x;
    if (!tc_field_number(text, &x)) {
        const tacet_status status = tc_fields_refuse(f, "\"%.60s\" is not a number", text);
        if (c->t->rows == 0 && !has_labels(c))
            tc_fail_hint(c->e, "if that column holds the labels: label=%" PRId64, i + 1);
        return status;
    }
    if (!isfinite((float)x)) return tc_fields_refuse(f, "%.60s is too large for a 32-bit float", text);
    if (role == X)
        ((float *)t->x)[c->at++] = (float)x;
    else
        ((float *)t->targets)[t->rows * c->m + role] = (float)x;
    return TACET_OK;
}

/* The first row, where it is no header. */
static tacet_status put_first(csv *c)
{
    if (c->header) return TACET_OK;
    tacet_status status = reserve_row(c);
    const char *field = c->first.data;
    for (int64_t i = 0; i < c->columns && !status; i++, field += strlen(field) + 1) {
        c->fields.column = i + 1;
        status = put(c, i, field);
    }
    c->t->rows++;
    return status;
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
        if (!status && f->new_row) c->t->rows++;
    }
    if (!status) status = c->reader.status;
    if (!status && c->t->rows == 0) status = tc_reader_refuse(&c->reader, "has a header but no rows");
    return status;
}

/* Gives back what was reserved beyond the last row; a hook that refuses to shrink loses nothing. */
static void shrink(const tc_mem *m, void **block, int64_t n)
{
    void *p = *block ? tc_resize(m, *block, (size_t)n, sizeof(float)) : NULL;
    if (p) *block = p;
}

static tacet_status read_rows(csv *c)
{
    tc_samples *t = c->t;
    tacet_status status = read_first(c);
    if (!status) status = set_roles(c);
    if (!status) status = put_first(c);
    if (!status) status = put_rest(c);
    if (!status && c->labels)
        status = tc_words_classes(&c->words, t->rows, t->labels, c->reader.path, &t->classes, &t->words, c->e);
    if (status) return status;
    t->type = t->target_type = TACET_F32;
    t->shape = (tc_shape){.rank = 1, .dim = {c->n}};
    t->target_shape = (tc_shape){.rank = 1, .dim = {c->m}};
    shrink(&t->mem, &t->x, t->rows * c->n);
    shrink(&t->mem, &t->targets, t->rows * c->m);
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
    c->t = t;
    c->spec = spec;
    c->arg = arg;
    c->e = e;
    c->first.mem = c->words.mem = t->mem;
    const char delimiter = delimiter_of(arg[DELIMITER].text);
    tacet_status status;
    if (!delimiter)
        status = refuse_word(c, DELIMITER, "the delimiter should be one character that is not part of numbers, or tab",
                             "");
    else if (*arg[LABEL].text && *arg[TARGET].text)
        status = refuse_word(c, TARGET, "label and target do not go together", "");
    else
        status = tc_reader_open(&c->reader, arg[FILE_].text, &t->mem, e);
    if (!status) {
        tc_fields_begin(&c->fields, &c->reader, delimiter);
        status = read_rows(c);
        tc_reader_close(&c->reader);
    }
    tc_words_free(&c->words);
    tc_text_free(&c->first);
    tc_free(&t->mem, c->role);
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
