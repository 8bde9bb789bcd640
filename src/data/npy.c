/* npy.c: NumPy's array files.
 *
 *     \x93 N U M P Y | major minor | length of the header, 2 bytes (version 1) or 4 | header | numbers
 *
 * The header is a Python dictionary of three keys, {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), },
 * read here by hand and no further than that. Format: NEP 1 and the manual of numpy.lib.format (versions 1 to 3). */
#include "data/data.h"
#include "data/reader.h"

#include <inttypes.h>
#include <string.h>

enum { X, Y, MAX_HEADER = 1 << 16, MAX_WORD = 32 };
static const tacet_attribute attribute[] = {
    {"x", "text", NULL, "the file with the rows, [rows, ...]", true},
    {"y", "text", "", "the file with what belongs to them: whole numbers [rows, ...] are labels, others are targets",
     true},
    {0},
};

static const struct type {
    const char *descr;
    tacet_type type;
    bool whole;
} types[] = {
    {"<f4", TACET_F32, false}, {"<f8", TACET_F64, false}, {"|u1", TACET_U8, true},
    {"<i4", TACET_I32, true},  {"<i8", TACET_I64, true},
};

typedef struct header {
    const struct type *type;
    int rank; /* of the file; -1: no shape yet */
    int64_t size[TC_MAX_RANK + 1];
    bool has_order;
} header;

/* ---- The dictionary ---- */

/* The rest of the header, which ends with a NUL that is not part of it. */
typedef struct text {
    tc_reader *reader;
    const char *at;
} text;

static void spaces(text *t) { t->at += strspn(t->at, " \t\r\n"); }

/* Steps over c if it is next. */
static bool take(text *t, char c)
{
    spaces(t);
    if (*t->at != c) return false;
    t->at++;
    return true;
}

static tacet_status expected(text *t, const char *what)
{
    return tc_reader_refuse(t->reader, "its header should have %s at \"%.20s\"", what, t->at);
}

/* 'word' or "word", without escapes. */
static tacet_status quoted(text *t, char word[MAX_WORD])
{
    spaces(t);
    const char quote = *t->at;
    if (quote != '\'' && quote != '"') return expected(t, "a word in quotes");
    const size_t length = strcspn(t->at + 1, "'\"\\");
    if (t->at[1 + length] != quote || length >= MAX_WORD) return expected(t, "a short word in quotes");
    memcpy(word, t->at + 1, length);
    word[length] = '\0';
    t->at += length + 2;
    return TACET_OK;
}

static tacet_status read_descr(text *t, header *h)
{
    spaces(t);
    if (*t->at == '[') return tc_reader_refuse(t->reader, "holds records of several fields, save one array of numbers");
    char word[MAX_WORD];
    if (h->type) return expected(t, "each key once");
    if (quoted(t, word)) return t->reader->status;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].descr, word) == 0) h->type = &types[i];
    if (h->type) return TACET_OK;
    tc_reader_refuse(t->reader, "holds numbers of type '%s', Tacet reads <f4, <f8, |u1, <i4 and <i8", word);
    tc_fail_hint(t->reader->error,
                 "numpy.save(file, array.astype('<f4')) makes one that it reads; of labels, astype('<i4')");
    return t->reader->status;
}

static tacet_status read_order(text *t, header *h)
{
    spaces(t);
    if (h->has_order) return expected(t, "each key once");
    if (strncmp(t->at, "True", 4) == 0) {
        tc_reader_refuse(t->reader, "is stored column by column (fortran_order), rows are needed");
        tc_fail_hint(t->reader->error, "numpy.save(file, numpy.ascontiguousarray(array)) makes one that is");
        return t->reader->status;
    }
    if (strncmp(t->at, "False", 5) != 0) return expected(t, "True or False");
    t->at += 5;
    h->has_order = true;
    return TACET_OK;
}

static tacet_status read_shape(text *t, header *h)
{
    if (h->rank >= 0) return expected(t, "each key once");
    if (!take(t, '(')) return expected(t, "a shape in parentheses");
    h->rank = 0;
    while (!take(t, ')')) {
        const size_t digits = strspn(t->at, "0123456789");
        if (digits == 0 || digits > 18) return expected(t, "a size");
        if (h->rank > TC_MAX_RANK) return expected(t, "no more sizes");
        int64_t size = 0;
        for (size_t i = 0; i < digits; i++) size = 10 * size + (*t->at++ - '0');
        h->size[h->rank++] = size;
        if (!take(t, ',') && *t->at != ')') return expected(t, "a comma");
    }
    return TACET_OK;
}

static const struct key {
    const char *name;
    tacet_status (*read)(text *t, header *h);
} keys[] = {{"descr", read_descr}, {"fortran_order", read_order}, {"shape", read_shape}};

static tacet_status read_entry(text *t, header *h)
{
    char word[MAX_WORD];
    if (quoted(t, word)) return t->reader->status;
    if (!take(t, ':')) return expected(t, "a colon");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i].name, word) == 0) return keys[i].read(t, h);
    return tc_reader_refuse(t->reader, "its header has a key '%s', there should be descr, fortran_order and shape",
                            word);
}

static tacet_status read_dictionary(text *t, header *h)
{
    *h = (header){.rank = -1};
    if (!take(t, '{')) return expected(t, "a dictionary");
    while (!take(t, '}')) {
        if (read_entry(t, h)) return t->reader->status;
        if (!take(t, ',') && *t->at != '}') return expected(t, "a comma");
    }
    spaces(t);
    if (*t->at) return expected(t, "nothing more");
    if (!h->type || h->rank < 0 || !h->has_order)
        return tc_reader_refuse(t->reader, "its header should have all of descr, fortran_order and shape");
    return TACET_OK;
}

/* ---- The file ---- */

static tacet_status read_header(tc_reader *r, header *h)
{
    unsigned char start[8], length[4] = {0};
    if (tc_reader_get(r, start, sizeof start, "the start of a .npy file")) return r->status;
    if (memcmp(start, "\x93NUMPY", 6) != 0)
        return tc_reader_refuse(r, "is not a .npy file: it does not begin with \\x93NUMPY");
    if (start[6] < 1 || start[6] > 3)
        return tc_reader_refuse(r, "has version %d of the .npy format, known are 1 to 3", start[6]);
    if (tc_reader_get(r, length, start[6] == 1 ? 2 : 4, "the length of its header")) return r->status;
    const size_t n = length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 | (size_t)length[3] << 24;
    if (n > MAX_HEADER) return tc_reader_refuse(r, "its header claims %zu bytes, more than %d", n, MAX_HEADER);
    char *bytes = tc_alloc(&r->mem, n + 1, 1);
    if (!bytes) return r->status = tc_fail_memory(r->error);
    if (!tc_reader_get(r, bytes, n, "its header")) {
        text t = {.reader = r, .at = bytes};
        if (memchr(bytes, 0, n)) tc_reader_refuse(r, "its header has a zero byte in it");
        if (!r->status) read_dictionary(&t, h);
    }
    tc_free(&r->mem, bytes);
    return r->status;
}

/* A whole file: its numbers, rows and the shape of a row. */
static tacet_status read_file(const tc_mem *m, const char *path, header *h, int64_t *rows, tc_shape *shape,
                              void **numbers, tacet_error *e)
{
    tc_reader r;
    tacet_status status = tc_reader_open(&r, path, m, e);
    if (status) return status;
    status = read_header(&r, h);
    if (!status && !tc_rows_of(h->rank, h->size, rows, shape))
        status = tc_reader_refuse(&r, "has a shape of rank %d with no rows, or with sizes that are 0 or too large",
                                  h->rank);
    if (!status) {
        const int64_t n = *rows * tc_shape_count(shape);
        const size_t size = tc_type_size(h->type->type);
        status = tc_reader_block(&r, (size_t)n * size, "the numbers that its header promises", numbers);
        if (!status) tc_reader_order(*numbers, n, size, false);
    }
    if (!status) status = tc_reader_finish(&r);
    tc_reader_close(&r);
    return status;
}

static tacet_status read_y(tc_samples *t, const char *path, tacet_error *e)
{
    header h;
    int64_t rows;
    tc_shape shape;
    void *numbers = NULL;
    tacet_status status = read_file(&t->mem, path, &h, &rows, &shape, &numbers, e);
    if (!status && rows != t->rows) {
        status = tc_fail(e, TACET_FILE, "%s: has %" PRId64 " rows, x has %" PRId64, path, rows, t->rows);
    } else if (!status && h.type->whole) {
        if (h.rank > 1) t->label_shape = shape;
        status = tc_labels_take(t, h.type->type, numbers, path, e);
    } else if (!status) {
        t->targets = numbers;
        t->target_type = h.type->type;
        t->target_shape = shape;
        return TACET_OK;
    }
    tc_free(&t->mem, numbers);
    return status;
}

static tacet_status read_pair(tc_samples *t, const tc_spec *spec, const tc_arg *arg, bool test, tacet_error *e)
{
    (void)spec, (void)test;
    header h;
    const tacet_status status = read_file(&t->mem, arg[X].text, &h, &t->rows, &t->shape, &t->x, e);
    if (status) return status;
    t->type = h.type->type;
    return *arg[Y].text ? read_y(t, arg[Y].text, e) : TACET_OK;
}

const tc_source tc_source_npy = {
    .name = "npy",
    .formula = "npy x=FILE [y=FILE]",
    .doc = "NumPy arrays: x [rows, ...] of <f4, <f8, |u1, <i4 or <i8; y [rows, ...] of whole numbers (labels, "
           "one for each row or each position) or of floats (targets of a regression). Plain or .gz.",
    .source = "NumPy, numpy.lib.format",
    .attribute = attribute,
    .open = read_pair,
};
