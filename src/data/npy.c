/* npy.c: NumPy's array files.
 *
 *     \x93 N U M P Y | major minor | length of the header, 2 bytes (version 1) or 4 | header | numbers
 *
 * The header is a Python dictionary of three keys, {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), },
 * parsed here by hand, and only in this form. Format: NEP 1 and the manual of numpy.lib.format (versions 1 to 3). */
#include "data/data.h"
#include "data/files.h"
#include "data/npz.h"

#include <inttypes.h>
#include <string.h>

enum { X, Y, WEIGHT, MAX_HEADER = 1 << 16, MAX_WORD = 32 };
static const tc_attribute attribute[] = {
    {"x", "text", NULL,
     "the file with the rows, [rows, ...], FILE.npz:NAME, or a pattern like shards/*.npy: several files as one", true},
    {"y", "text", "", "the file with their labels (whole numbers, [rows, ...]) or targets (floats), or a pattern",
     true},
    {"sample_weight", "text", "",
     "the file with a weight of at least 0 for each row, in losses and metrics, or a pattern", false},
    {0},
};

typedef struct header {
    tc_layout layout;
    int rank; /* of the file */
    int64_t size[TC_MAX_RANK + 1];
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

/* What to do with an array of another kind, which is the first letter after the order of its bytes. */
static const struct kind {
    const char *letters, *what, *hint;
} kinds[] = {
    {"O", "Python objects", "rows of different lengths? make them equally long, and save numbers: array.astype('<f4')"},
    {"SUa", "words", "number them: words, y = numpy.unique(array, return_inverse=True), then save y"},
    {"Mm", "dates or durations", "save them as numbers: array.astype('<i8')"},
    {"c", "complex numbers", "save numpy.stack([array.real, array.imag], -1)"},
    {"", "numbers of a type that cannot be read",
     "numpy.save(file, array.astype('<f4')) makes a file that can be read; of labels, astype('<i4')"},
};

static tacet_status refuse_descr(text *t, const char *word)
{
    const struct kind *k = kinds;
    const char *letter = word + strspn(word, "<>|=");
    char types[TC_DTYPES_TEXT];
    while (*k->letters && !(*letter && strchr(k->letters, *letter))) k++;
    tc_reader_refuse(t->reader, "holds %s, '%s'; the types that can be read are %s, < or >", k->what, word,
                     tc_dtypes_numpy(types));
    tc_fail_hint(t->reader->error, "%s", k->hint);
    return t->reader->status;
}

/* '<f4', '>f4'; '|u1': the bytes of a byte have no order. */
static tacet_status read_descr(text *t, header *h)
{
    if (*t->at == '[') return tc_reader_refuse(t->reader, "holds records of several fields, save one array of numbers");
    char word[MAX_WORD] = "";
    if (quoted(t, word)) return t->reader->status;
    h->layout.dtype = *word ? tc_dtype_numpy(word + 1) : NULL;
    h->layout.big_endian = *word == '>';
    if (h->layout.dtype && strchr(h->layout.dtype->width == 1 ? "|<>" : "<>", *word)) return TACET_OK;
    return refuse_descr(t, word);
}

static tacet_status read_order(text *t, header *h)
{
    h->layout.columns = strncmp(t->at, "True", 4) == 0;
    if (!h->layout.columns && strncmp(t->at, "False", 5) != 0) return expected(t, "True or False");
    t->at += h->layout.columns ? 4 : 5;
    return TACET_OK;
}

static tacet_status read_shape(text *t, header *h)
{
    if (!take(t, '(')) return expected(t, "a shape in parentheses");
    while (!take(t, ')')) {
        const size_t digits = strspn(t->at, "0123456789");
        if (digits == 0 || digits > 18) return expected(t, "a size");
        if (h->rank > TC_MAX_RANK) return expected(t, "no more sizes");
        int64_t size = 0;
        for (size_t i = 0; i < digits; i++) size = 10 * size + (*t->at++ - '0');
        t->at += *t->at == 'L'; /* as Python 2 writes long integers */
        h->size[h->rank++] = size;
        if (!take(t, ',') && *t->at != ')') return expected(t, "a comma");
    }
    return TACET_OK;
}

static const struct key {
    const char *name;
    tacet_status (*read)(text *t, header *h);
} keys[] = {{"descr", read_descr}, {"fortran_order", read_order}, {"shape", read_shape}};

enum { KEYS = sizeof keys / sizeof *keys };

static tacet_status read_entry(text *t, header *h, bool seen[KEYS])
{
    char word[MAX_WORD];
    if (quoted(t, word)) return t->reader->status;
    if (!take(t, ':')) return expected(t, "a colon");
    spaces(t);
    for (int i = 0; i < KEYS; i++) {
        if (strcmp(keys[i].name, word) != 0) continue;
        if (seen[i]) return expected(t, "each key once");
        seen[i] = true;
        return keys[i].read(t, h);
    }
    return tc_reader_refuse(t->reader, "its header has a key '%s'; its keys should be descr, fortran_order and shape",
                            word);
}

static tacet_status read_dictionary(text *t, header *h)
{
    bool seen[KEYS] = {false};
    if (!take(t, '{')) return expected(t, "a dictionary");
    while (!take(t, '}')) {
        if (read_entry(t, h, seen)) return t->reader->status;
        if (!take(t, ',') && *t->at != '}') return expected(t, "a comma");
    }
    spaces(t);
    if (*t->at) return expected(t, "nothing more");
    for (int i = 0; i < KEYS; i++)
        if (!seen[i])
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
        return tc_reader_refuse(r, "has version %d of the .npy format; Tacet reads 1 to 3", start[6]);
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

/* Reads x, or the labels, targets or weights of its rows. The number of classes is raised to that of labels. */
static tacet_status read_file(tc_array *a, tc_samples *t, const char *path, int what, tacet_error *e)
{
    const tc_mem *m = &t->mem;
    header h = {0};
    tc_reader r;
    tc_extract part;
    tc_npz_open(&r, &part, path, m, e);
    if (!read_header(&r, &h) && !tc_array_sizes(a, h.rank, h.size))
        tc_reader_refuse(&r, "has a shape of rank %d with no rows, or with sizes that are 0 or too large", h.rank);
    if (!r.status) tc_array_take(a, &r, &h.layout);
    const bool labels = what == Y && tc_type_whole(a->type);
    int64_t own = 0;
    if (!r.status && labels) r.status = tc_array_classes(a, r.path, t->ignore, &own, e);
    if (!r.status && what == WEIGHT) r.status = tc_array_weights(a, r.path, e);
    if (own > t->classes) t->classes = own;
    if (!labels && h.rank == 1) a->shape = (tc_shape){.rank = 1, .dim = {1}}; /* a vector of one number */
    return tc_reader_close(&r);
}

/* Files of x and of y that go together should have as many rows: one for all, or each for one. */
static tacet_status compare(const tc_array *x, const tc_array *y, const tc_files *f, tacet_error *e)
{
    if (y->rows != x->rows && f->count != x->parts)
        return tc_fail(e, TACET_FILE, "%s: has %" PRId64 " rows, but x has %" PRId64, f->given, y->rows, x->rows);
    for (int i = 0; i < f->count && f->count == x->parts; i++)
        if (y->part[i].rows != x->part[i].rows)
            return tc_fail(e, TACET_FILE, "%s: has %" PRId64 " rows, but %s has %" PRId64, f->path[i], y->part[i].rows,
                           f->count > 1 ? "the file of x that goes with it" : "x", x->part[i].rows);
    return TACET_OK;
}

/* Reads all files that match the path as one array: x, or what belongs to its rows. */
static tacet_status read_files(tc_array *a, tc_samples *t, const char *path, int what, tacet_error *e)
{
    const tc_mem *m = &t->mem;
    const tc_array *x = what == X ? NULL : &t->x;
    tc_files f;
    tacet_status status = tc_files_find(&f, m, &path, e);
    a->part = status ? NULL : tc_alloc(m, (size_t)f.count, sizeof *a->part);
    if (!status && !a->part) status = tc_fail_memory(e);
    for (int i = 0; i < f.count && !status; i++) {
        status = read_file(&a->part[a->parts++], t, f.path[i], what, e);
        if (!status) status = tc_array_join(a, f.path, e);
    }
    if (!status && x) status = compare(x, a, &f, e);
    if (!status) tc_array_warm(a);
    tc_files_free(&f);
    return status;
}

static tacet_status read_pair(tc_samples *t, const tc_spec *spec, const tc_arg *arg, bool test, tacet_error *e)
{
    (void)spec, (void)test;
    tacet_status status = read_files(&t->x, t, arg[X].text, X, e);
    if (!status && *arg[Y].text && !t->x_only) status = read_files(&t->y, t, arg[Y].text, Y, e);
    if (!status && *arg[WEIGHT].text && !t->x_only) status = read_files(&t->weight, t, arg[WEIGHT].text, WEIGHT, e);
    return status;
}

const tc_source tc_source_npy = {
    .name = "npy",
    .formula = "npy x=FILE [y=FILE]",
    .doc =
        "NumPy arrays of numbers: x [rows, ...]; y [rows, ...] of whole numbers or bool (labels, one for each row or "
        "each position) or of floats (targets of a regression). Plain, .gz, or FILE.npz:NAME.",
    .source = "NumPy, numpy.lib.format",
    .attribute = attribute,
    .open = read_pair,
};
