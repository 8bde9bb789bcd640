/* idx.c: the IDX files of MNIST and similar data sets.
 *
 *     0 0 type rank | size[rank], 32 bits each | numbers, the last index running fastest         all big-endian
 *
 * As described on the MNIST page (LeCun, Cortes, Burges: The MNIST database of handwritten digits, "file format"). */
#include "data/data.h"
#include "data/idx_files.h"

#include <inttypes.h>

enum { FOLDER, PREFIX };
static const tc_attribute attribute[] = {
    {"dir", "text", NULL, "the folder with train-images-idx3-ubyte and the other three files, plain or .gz", true},
    {"prefix", "text", "",
     "what the names of the files begin with, if the folder has several data sets: emnist-letters", false},
    {0},
};

static const struct type {
    int code;
    const char *name, *numpy;
} types[] = {
    {0x08, "unsigned byte", "u1"}, {0x09, "signed byte", "i1"}, {0x0B, "short", "i2"},
    {0x0C, "int", "i4"},           {0x0D, "float", "f4"},       {0x0E, "double", "f8"},
};

/* *type must be NULL. */
static tacet_status read_header(tc_reader *r, tc_array *a, const struct type **type)
{
    unsigned char magic[4], size[4 * (TC_MAX_RANK + 1)];
    if (tc_reader_get(r, magic, sizeof magic, "the start of an IDX file")) return r->status;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].code == magic[2]) *type = &types[i];
    const int rank = magic[3];
    if (magic[0] || magic[1] || !*type)
        return tc_reader_refuse(r,
                                "is not an IDX file: it should begin with 0, 0, a type and a rank, not with the bytes "
                                "%d, %d, %d, %d",
                                magic[0], magic[1], magic[2], magic[3]);
    if (rank < 1 || rank > TC_MAX_RANK + 1)
        return tc_reader_refuse(r, "has rank %d; Tacet reads ranks from 1 to %d", rank, TC_MAX_RANK + 1);
    if (tc_reader_get(r, size, 4 * (size_t)rank, "the sizes in its header")) return r->status;
    int64_t sizes[TC_MAX_RANK + 1];
    for (int i = 0; i < rank; i++) {
        const unsigned char *s = size + 4 * i;
        sizes[i] = (int64_t)s[0] << 24 | (int64_t)s[1] << 16 | (int64_t)s[2] << 8 | s[3];
    }
    if (tc_array_sizes(a, rank, sizes)) return TACET_OK;
    return tc_reader_refuse(r, "has sizes in its header that are 0 or too large (the first is %" PRId64 ")", sizes[0]);
}

/* Images have a rank of 2 or more, and labels are one whole number for each. */
static tacet_status check_header(tc_reader *r, const tc_samples *t, const struct type *type, bool is_labels)
{
    const int rank = is_labels ? t->y.shape.rank + 1 : t->x.shape.rank + 1;
    if (!is_labels && rank < 2)
        return tc_reader_refuse(r, "has rank 1, but images have a rank of 2 or more: are these the labels?");
    if (is_labels && (rank != 1 || !tc_type_whole(tc_dtype_numpy(type->numpy)->type)))
        return tc_reader_refuse(r, "holds rank %d of type %s; labels are whole numbers of rank 1", rank, type->name);
    if (is_labels && t->x.data && t->y.rows != t->x.rows)
        return tc_reader_refuse(r, "has %" PRId64 " labels, but %" PRId64 " images", t->y.rows, t->x.rows);
    return TACET_OK;
}

/* ---- The files of a part ---- */

/* Images into x, or labels into y. */
static tacet_status read_file(tc_samples *t, const tc_idx_files *f, int file, tacet_error *e)
{
    if (!f->path[file]) return tc_idx_files_missing(f, file, e);
    const bool is_labels = file == TC_TRAIN_LABELS || file == TC_TEST_LABELS;
    tc_array *a = is_labels ? &t->y : &t->x;
    const struct type *type = NULL;
    tc_reader r;
    tc_reader_open(&r, f->path[file], &t->mem, e);
    if (!read_header(&r, a, &type) && !check_header(&r, t, type, is_labels)) {
        const tc_layout layout = {.dtype = tc_dtype_numpy(type->numpy), .big_endian = true};
        if (!tc_array_take(a, &r, &layout) && is_labels) r.status = tc_array_classes(a, r.path, t->ignore, &t->classes, e);
    }
    return tc_reader_close(&r);
}

/* The classes of the test part are those of the training labels. */
static tacet_status take_classes(tc_samples *t, const tc_idx_files *f, tacet_error *e)
{
    tc_samples train = {.mem = t->mem};
    tacet_status status = read_file(&train, f, TC_TRAIN_LABELS, e);
    if (!status && t->classes > train.classes)
        status = tc_fail(e, TACET_FILE, "%s has labels up to %" PRId64 ", but those for training end at %" PRId64,
                         f->path[TC_TEST_LABELS], t->classes - 1, train.classes - 1);
    t->classes = train.classes;
    tc_samples_free(&train);
    return status;
}

static tacet_status read_part(tc_samples *t, const tc_spec *spec, const tc_arg *arg, bool test, tacet_error *e)
{
    (void)spec;
    tc_idx_files f;
    tacet_status status = tc_idx_files_find(&f, &t->mem, arg[FOLDER].text, arg[PREFIX].text, e);
    if (!status) status = read_file(t, &f, test ? TC_TEST_IMAGES : TC_TRAIN_IMAGES, e);
    if (!status && !t->x_only) status = read_file(t, &f, test ? TC_TEST_LABELS : TC_TRAIN_LABELS, e);
    if (!status && !t->x_only && test && f.path[TC_TRAIN_LABELS]) status = take_classes(t, &f, e);
    t->has_test = f.path[TC_TEST_IMAGES] && (t->x_only || f.path[TC_TEST_LABELS]);
    tc_idx_files_free(&f);
    return status;
}

const tc_source tc_source_idx = {
    .name = "idx",
    .formula = "idx DIR [prefix=NAME]",
    .doc =
        "Images and labels as MNIST has them: DIR/train-images-idx3-ubyte, train-labels-idx1-ubyte and, for the test "
        "part, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte.",
    .source = "LeCun, Cortes, Burges: The MNIST database of handwritten digits",
    .attribute = attribute,
    .has_test = true,
    .open = read_part,
};
