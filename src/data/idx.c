/* idx.c: the IDX files in which MNIST and its kin are kept.
 *
 *     0 0 type rank | size[rank], 32 bits each | numbers, the last index running fastest         all big-endian
 *
 * As described on the MNIST page (LeCun, Cortes, Burges: The MNIST database of handwritten digits, "file format"). */
#include "data/data.h"
#include "data/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { DIR };
static const tacet_attribute attribute[] = {
    {"dir", "text", NULL, "the folder with train-images-idx3-ubyte and its three fellows, plain or .gz", true},
    {0},
};

static const struct type {
    int code;
    const char *name;
    size_t size;
    tacet_type type; /* in memory: the two that we have no type for are widened */
    bool whole;
} types[] = {
    {0x08, "unsigned byte", 1, TACET_U8, true}, {0x09, "signed byte", 1, TACET_I32, true},
    {0x0B, "short", 2, TACET_I32, true},        {0x0C, "int", 4, TACET_I32, true},
    {0x0D, "float", 4, TACET_F32, false},       {0x0E, "double", 8, TACET_F64, false},
};

static const struct type *find_type(int code)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].code == code) return &types[i];
    return NULL;
}

typedef struct header {
    const struct type *type;
    int64_t rows;
    tc_shape shape; /* of a row */
    int rank;       /* of the file */
} header;

static tacet_status read_header(tc_reader *r, header *h)
{
    unsigned char magic[4], size[4 * (TC_MAX_RANK + 1)];
    if (tc_reader_get(r, magic, sizeof magic, "the start of an IDX file")) return r->status;
    h->type = find_type(magic[2]);
    h->rank = magic[3];
    if (magic[0] || magic[1] || !h->type)
        return tc_reader_refuse(r,
                                "is not an IDX file: it should begin with 0, 0, a type and a rank, not with the bytes "
                                "%d, %d, %d, %d",
                                magic[0], magic[1], magic[2], magic[3]);
    if (h->rank < 1 || h->rank > TC_MAX_RANK + 1)
        return tc_reader_refuse(r, "has rank %d, Tacet reads ranks from 1 to %d", h->rank, TC_MAX_RANK + 1);
    if (tc_reader_get(r, size, 4 * (size_t)h->rank, "the sizes in its header")) return r->status;
    int64_t sizes[TC_MAX_RANK + 1];
    for (int i = 0; i < h->rank; i++) {
        const unsigned char *s = size + 4 * i;
        sizes[i] = (int64_t)s[0] << 24 | (int64_t)s[1] << 16 | (int64_t)s[2] << 8 | s[3];
    }
    if (tc_rows_of(h->rank, sizes, &h->rows, &h->shape)) return TACET_OK;
    return tc_reader_refuse(r, "has sizes in its header that are 0 or too large (the first is %" PRId64 ")", sizes[0]);
}

/* A new block with the signed bytes or shorts in it as int32. */
static void *widen(const tc_mem *m, const void *from, int64_t n, size_t size)
{
    int32_t *to = tc_resize(m, NULL, (size_t)n, sizeof *to);
    for (int64_t i = 0; to && i < n; i++) to[i] = size == 1 ? ((const int8_t *)from)[i] : ((const int16_t *)from)[i];
    return to;
}

/* The numbers behind the header, in this machine's byte order, and the end of the file. */
static tacet_status read_numbers(tc_reader *r, const header *h, void **numbers)
{
    const int64_t n = h->rows * tc_shape_count(&h->shape);
    if (tc_reader_block(r, (size_t)n * h->type->size, "the numbers that its header promises", numbers))
        return r->status;
    if (tc_reader_finish(r)) return r->status;
    tc_reader_order(*numbers, n, h->type->size, true);
    if (h->type->size >= tc_type_size(h->type->type)) return TACET_OK;
    void *wide = widen(&r->mem, *numbers, n, h->type->size);
    if (!wide) return r->status = tc_fail_memory(r->error);
    tc_free(&r->mem, *numbers);
    *numbers = wide;
    return TACET_OK;
}

/* ---- The pair of files ---- */

/* Finds DIR/name or DIR/name.gz; path is the caller's to free. Sets *there; not there is no failure. */
static tacet_status find(const tc_mem *m, const char *dir, const char *name, tc_text *path, bool *there, tacet_error *e)
{
    static const char *const ending[] = {"", ".gz"};
    *there = false;
    for (int i = 0; i < 2 && !*there; i++) {
        tc_text_free(path);
        *path = (tc_text){.mem = *m};
        tc_text_add(path, "%s/%s%s", dir, name, ending[i]);
        if (path->failed) return tc_fail_memory(e);
        *there = access(path->data, F_OK) == 0;
    }
    return TACET_OK;
}

static tacet_status open_file(tc_reader *r, const tc_mem *m, const char *dir, const char *name, tc_text *path,
                              tacet_error *e)
{
    bool there;
    tacet_status status = find(m, dir, name, path, &there, e);
    if (status) return status;
    if (there) return tc_reader_open(r, path->data, m, e);
    status = tc_fail(e, TACET_IO, "cannot open %s/%s, neither plain nor .gz: %s", dir, name, strerror(errno));
    tc_fail_hint(e, "Debian's dataset-fashion-mnist puts its four files into /usr/share/datasets/fashion-mnist");
    return status;
}

/* Images and labels of one part. */
static tacet_status read_images(tc_samples *t, const char *dir, const char *name, tacet_error *e)
{
    tc_text path = {.mem = t->mem};
    tc_reader r = {0};
    header h;
    tacet_status status = open_file(&r, &t->mem, dir, name, &path, e);
    if (!status) status = read_header(&r, &h);
    if (!status && h.rank < 2)
        status = tc_reader_refuse(&r, "has rank 1, images have a rank of 2 or more: are these the labels?");
    if (!status) {
        t->rows = h.rows;
        t->shape = h.shape;
        t->type = h.type->type;
        status = read_numbers(&r, &h, &t->x);
    }
    tc_reader_close(&r);
    tc_text_free(&path);
    return status;
}

/* Labels into a table whose rows are known; rows 0: as many as there are. */
static tacet_status read_labels(tc_samples *t, const char *dir, const char *name, tacet_error *e)
{
    tc_text path = {.mem = t->mem};
    tc_reader r = {0};
    header h;
    void *numbers = NULL;
    tacet_status status = open_file(&r, &t->mem, dir, name, &path, e);
    if (!status) status = read_header(&r, &h);
    if (!status && (h.rank != 1 || !h.type->whole))
        status = tc_reader_refuse(&r, "holds rank %d of type %s, labels are rank 1 of whole numbers", h.rank,
                                  h.type->name);
    if (!status && t->rows > 0 && h.rows != t->rows)
        status = tc_reader_refuse(&r, "has %" PRId64 " labels, its images have %" PRId64 " rows", h.rows, t->rows);
    if (!status) status = read_numbers(&r, &h, &numbers);
    if (!status) {
        t->rows = h.rows;
        status = tc_labels_take(t, h.type->type, numbers, path.data, e);
    }
    tc_free(&t->mem, numbers);
    tc_reader_close(&r);
    tc_text_free(&path);
    return status;
}

/* The classes of the test part are those of the training labels, where these are there. */
static tacet_status agree(tc_samples *t, const char *dir, const char *name, tacet_error *e)
{
    tc_text path = {.mem = t->mem};
    tc_samples train = {.mem = t->mem};
    bool there;
    tacet_status status = find(&t->mem, dir, name, &path, &there, e);
    if (!status && there) status = read_labels(&train, dir, name, e);
    if (!status && there && t->classes > train.classes)
        status = tc_fail(e, TACET_FILE,
                         "%s/t10k-labels-idx1-ubyte has labels up to %" PRId64 ", those for training end at %" PRId64,
                         dir, t->classes - 1, train.classes - 1);
    if (!status && there) t->classes = train.classes;
    tc_samples_free(&train);
    tc_text_free(&path);
    return status;
}

static tacet_status has_pair(const tc_mem *m, const char *dir, const char *const *names, bool *both, tacet_error *e)
{
    *both = true;
    tacet_status status = TACET_OK;
    for (int i = 0; i < 2 && *both && !status; i++) {
        tc_text path = {.mem = *m};
        status = find(m, dir, names[i], &path, both, e);
        tc_text_free(&path);
    }
    return status;
}

static tacet_status read_part(tc_samples *t, const tc_spec *spec, const tc_arg *arg, bool test, tacet_error *e)
{
    static const char *const names[2][2] = {
        {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
        {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
    };
    (void)spec;
    const char *dir = arg[DIR].text;
    tacet_status status = read_images(t, dir, names[test][0], e);
    if (!status) status = read_labels(t, dir, names[test][1], e);
    if (!status && test) status = agree(t, dir, names[0][1], e);
    if (!status) status = has_pair(&t->mem, dir, names[1], &t->has_test, e);
    return status;
}

const tc_source tc_source_idx = {
    .name = "idx",
    .formula = "idx DIR",
    .doc =
        "Images and labels as MNIST has them: DIR/train-images-idx3-ubyte, train-labels-idx1-ubyte and, for the test "
        "part, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte.",
    .source = "LeCun, Cortes, Burges: The MNIST database of handwritten digits",
    .attribute = attribute,
    .has_test = true,
    .open = read_part,
};
