/* idx.c: the IDX files of MNIST and similar data sets.
 *
 *     0 0 type rank | size[rank], 32 bits each | numbers, the last index running fastest         all big-endian
 *
 * As described on the MNIST page (LeCun, Cortes, Burges: The MNIST database of handwritten digits, "file format"). */
#include "data/data.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DIR, MAX_PATH = TC_MAX_SPEC + 64 /* the folder is part of a description */ };
static const tc_attribute attribute[] = {
    {"dir", "text", NULL, "the folder with train-images-idx3-ubyte and the other three files, plain or .gz", true},
    {0},
};

static const struct type {
    int code;
    const char *name;
    size_t width;    /* in the file */
    tacet_type type; /* in memory: the two types that Tacet lacks are widened */
} types[] = {
    {0x08, "unsigned byte", 1, TACET_U8}, {0x09, "signed byte", 1, TACET_I32}, {0x0B, "short", 2, TACET_I32},
    {0x0C, "int", 4, TACET_I32},          {0x0D, "float", 4, TACET_F32},       {0x0E, "double", 8, TACET_F64},
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
    a->type = (*type)->type;
    if (tc_array_sizes(a, rank, sizes)) return TACET_OK;
    return tc_reader_refuse(r, "has sizes in its header that are 0 or too large (the first is %" PRId64 ")", sizes[0]);
}

/* Images have a rank of 2 or more, and labels are one whole number for each. */
static tacet_status check_header(tc_reader *r, const tc_samples *t, const struct type *type, bool is_labels)
{
    const int rank = is_labels ? t->y.shape.rank + 1 : t->x.shape.rank + 1;
    if (!is_labels && rank < 2)
        return tc_reader_refuse(r, "has rank 1, but images have a rank of 2 or more: are these the labels?");
    if (is_labels && (rank != 1 || !tc_type_whole(type->type)))
        return tc_reader_refuse(r, "holds rank %d of type %s; labels are whole numbers of rank 1", rank, type->name);
    if (is_labels && t->x.data && t->y.rows != t->x.rows)
        return tc_reader_refuse(r, "has %" PRId64 " labels, but %" PRId64 " images", t->y.rows, t->x.rows);
    return TACET_OK;
}

/* Converts big-endian numbers of `width` bytes to this machine's order, little-endian, and signed ones that are
 * narrower than int32 to int32. */
static tacet_status turn(tc_reader *r, tc_array *a, size_t width)
{
    const int64_t n = a->rows * tc_shape_count(&a->shape);
    unsigned char *p = a->data;
    for (int64_t i = 0; i < n && width > 1; i++, p += width)
        for (size_t k = 0; k < width / 2; k++) {
            const unsigned char byte = p[k];
            p[k] = p[width - 1 - k];
            p[width - 1 - k] = byte;
        }
    if (width == tc_type_size(a->type)) return TACET_OK;
    int32_t *wide = tc_resize(&r->mem, NULL, (size_t)n, sizeof *wide);
    if (!wide) return r->status = tc_fail_memory(r->error);
    for (int64_t i = 0; i < n; i++) wide[i] = width == 1 ? ((int8_t *)a->data)[i] : ((int16_t *)a->data)[i];
    tc_free(&r->mem, a->data);
    a->data = wide;
    return TACET_OK;
}

/* ---- The files of a part ---- */

static const char *const images[] = {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte"};
static const char *const labels[] = {"train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"};

/* The path of DIR/name or DIR/name.gz, whichever is there. */
static bool find(const char *dir, const char *name, char path[MAX_PATH])
{
    static const char *const ending[] = {"", ".gz"};
    for (int i = 0; i < 2; i++) {
        snprintf(path, MAX_PATH, "%s/%s%s", dir, name, ending[i]);
        if (access(path, F_OK) == 0) return true;
    }
    return false;
}

/* Images into x, or labels into y. */
static tacet_status read_file(tc_samples *t, const char *dir, const char *name, bool is_labels, tacet_error *e)
{
    char path[MAX_PATH];
    if (!find(dir, name, path)) {
        tc_fail(e, TACET_IO, "cannot open %s/%s, neither plain nor .gz: %s", dir, name, strerror(errno));
        tc_fail_hint(e, "Debian's dataset-fashion-mnist puts its four files into /usr/share/datasets/fashion-mnist");
        return TACET_IO;
    }
    tc_array *a = is_labels ? &t->y : &t->x;
    const struct type *type = NULL;
    tc_reader r;
    tc_reader_open(&r, path, &t->mem, e);
    if (!read_header(&r, a, &type) && !check_header(&r, t, type, is_labels) && !tc_array_read(a, &r, type->width) &&
        !turn(&r, a, type->width) && is_labels)
        tc_array_classes(a, &r, &t->classes);
    return tc_reader_close(&r);
}

/* The classes of the test part are those of the training labels. */
static tacet_status take_classes(tc_samples *t, const char *dir, tacet_error *e)
{
    tc_samples train = {.mem = t->mem};
    tacet_status status = read_file(&train, dir, labels[0], true, e);
    if (!status && t->classes > train.classes)
        status = tc_fail(e, TACET_FILE, "%s/%s has labels up to %" PRId64 ", but those for training end at %" PRId64,
                         dir, labels[1], t->classes - 1, train.classes - 1);
    t->classes = train.classes;
    tc_samples_free(&train);
    return status;
}

static tacet_status read_part(tc_samples *t, const tc_spec *spec, const tc_arg *arg, bool test, tacet_error *e)
{
    (void)spec;
    const char *dir = arg[DIR].text;
    char path[MAX_PATH];
    tacet_status status = read_file(t, dir, images[test], false, e);
    if (!status) status = read_file(t, dir, labels[test], true, e);
    if (!status && test && find(dir, labels[0], path)) status = take_classes(t, dir, e);
    t->has_test = find(dir, images[1], path) && find(dir, labels[1], path);
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
