/* safetensors_read.c: reads a safetensors file into memory. Nothing in it is trusted: the header's length is checked
 * against the file's, every tensor's bytes against its shape, and all tensors together against the data, without gap or
 * overlap.
 *
 * Tensors are read one after another, in the order of the data, into one block of float32; other types are converted to
 * float32 on the way. So every tensor is aligned, whatever its offset in the file. A tensor of an unknown type is passed
 * over, and is refused only where it is needed. */
#include "kernel/kernel.h"
#include "model/checksum_note.h"
#include "model/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char metadata_key[] = "__metadata__";

/* A file being read. */
typedef struct reading {
    tacet_file *f;
    tacet_error *e;
    int fd;
    int64_t size, data; /* bytes of the file, and of the part after the header */
    bool summed;
    uint64_t sum;                         /* of the header */
    char written[TC_CHECKSUM_DIGITS + 1]; /* the checksum in the file, if it has one */
} reading;

/* "path: why" */
__attribute__((format(printf, 2, 3))) static tacet_status refuse(const reading *r, const char *format, ...)
{
    char why[640];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    return tc_fail(r->e, TACET_FILE, "%.300s: %s", r->f->path, why);
}

static tacet_status refuse_io(const reading *r, const char *doing) { return tc_fail_system(r->e, doing, r->f->path); }

static tacet_status read_exactly(const reading *r, void *to, size_t bytes)
{
    for (char *at = to; bytes > 0;) {
        const ssize_t n = read(r->fd, at, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return refuse_io(r, "read");
        if (n == 0) return refuse(r, "it became shorter while it was read");
        at += n;
        bytes -= (size_t)n;
    }
    return TACET_OK;
}

/* ---- The header ---- */

static tacet_status parse_header(const reading *r, char *text, size_t length)
{
    tc_json_error why;
    if (length == 0 || text[0] != '{') return refuse(r, "not a safetensors file: its header does not begin with {");
    r->f->header = tc_json_read(&r->f->mem, text, length, &why);
    if (r->f->header) return TACET_OK;
    if (!why.text) return tc_fail_memory(r->e);
    return refuse(r, "its header is invalid at byte %zu: %s", why.at, why.text);
}

/* Begins the sum of a file that has one. */
static void take_sum(reading *r, const unsigned char prefix[8], size_t length)
{
    char *digits = length % sizeof(uint32_t) == 0 ? tc_checksum_find(r->f->text) : NULL;
    if (!digits) return;
    r->summed = true;
    memcpy(r->written, digits, TC_CHECKSUM_DIGITS);
    memcpy(digits, TC_CHECKSUM_NONE, TC_CHECKSUM_DIGITS);
    r->sum = tc_checksum(tc_checksum(TC_CHECKSUM_EMPTY, prefix, 8), r->f->text, length);
    memcpy(digits, r->written, TC_CHECKSUM_DIGITS);
}

/* All numbers of a file with a sum are float32, as they were written. */
static tacet_status compare_sum(const reading *r)
{
    char digits[TC_CHECKSUM_DIGITS + 1];
    const tacet_file *f = r->f;
    uint64_t sum = r->sum;
    bool floats = true;
    if (!r->summed) return TACET_OK;
    for (const tc_tensor *t = f->tensor; t < f->tensor + f->tensors && floats; t++) {
        floats = t->dtype && t->dtype->type == TACET_F32 && !t->dtype->read;
        if (floats) sum = tc_checksum(sum, t->data, (size_t)(t->end - t->begin));
    }
    tc_checksum_text(sum, digits);
    if (floats && strcmp(digits, r->written) == 0) return TACET_OK;
    tc_fail(r->e, TACET_FILE, "%.300s is a damaged checkpoint: its checksum is not the one with which it was written",
            f->path);
    tc_fail_hint(r->e, "restore it from a copy, or begin a new run");
    return TACET_FILE;
}

static tacet_status read_header(reading *r)
{
    unsigned char prefix[8];
    uint64_t length = 0;
    if (r->size < (int64_t)sizeof prefix)
        return refuse(r, "not a safetensors file: it has %lld bytes, too few for the length of the header",
                      (long long)r->size);
    tacet_status s = read_exactly(r, prefix, sizeof prefix);
    if (s != TACET_OK) return s;
    memcpy(&length, prefix, sizeof length);
    if (length > TC_HEADER_MAX && length > (uint64_t)r->size)
        return refuse(r, "not a safetensors file: it does not begin with the length of a header");
    if (length > (uint64_t)(r->size - (int64_t)sizeof prefix))
        return refuse(r, "truncated, or not a safetensors file: its header should have %llu bytes, but %lld are left",
                      (unsigned long long)length, (long long)(r->size - (int64_t)sizeof prefix));
    if (length > TC_HEADER_MAX)
        return refuse(r, "its header has %llu bytes, but at most %d can be read", (unsigned long long)length,
                      TC_HEADER_MAX);
    r->data = r->size - (int64_t)sizeof prefix - (int64_t)length;
    r->f->text = tc_alloc(&r->f->mem, (size_t)length + 1, 1);
    if (!r->f->text) return tc_fail_memory(r->e);
    s = read_exactly(r, r->f->text, (size_t)length);
    if (s != TACET_OK) return s;
    take_sum(r, prefix, (size_t)length);
    return parse_header(r, r->f->text, (size_t)length);
}

static tacet_status read_notes(const reading *r, const tc_json *notes)
{
    if (notes->kind != TC_JSON_OBJECT) return refuse(r, "%s is not an object", metadata_key);
    for (const tc_json *note = tc_json_first(notes); note; note = tc_json_next(note))
        if (!tc_json_text(note)) return refuse(r, "%s: \"%.100s\" is not a string", metadata_key, note->key);
    r->f->notes = notes;
    return TACET_OK;
}

/* ---- Tensors ---- */

/* The sizes of the tensor, as many as can be kept; *rank is how many there are. */
static tacet_status read_shape(const reading *r, tc_tensor *t, const tc_json *sizes, size_t *rank)
{
    if (!sizes || sizes->kind != TC_JSON_LIST) return refuse(r, "tensor \"%.100s\" has no shape", t->name);
    *rank = tc_json_size(sizes);
    t->count = 1;
    for (size_t i = 0; i < *rank && i < TC_MAX_RANK; i++) {
        const int64_t size = tc_json_whole(tc_json_at(sizes, i), TC_MAX_COUNT);
        if (size < 0 || __builtin_mul_overflow(t->count, size, &t->count) || t->count > TC_MAX_COUNT)
            return refuse(r, "tensor \"%.100s\": size %zu of its shape is not a number, negative or too large", t->name,
                          i);
        t->shape.dim[t->shape.rank++] = size;
    }
    return TACET_OK;
}

static tacet_status read_entry(const reading *r, tc_tensor *t, const tc_json *entry)
{
    size_t rank = 0;
    t->stored = tc_json_text(tc_json_get(entry, "dtype"));
    if (!t->stored) return refuse(r, "tensor \"%.100s\" has no dtype", t->name);
    tacet_status s = read_shape(r, t, tc_json_get(entry, "shape"), &rank);
    if (s != TACET_OK) return s;
    const tc_dtype *d = t->dtype = rank > TC_MAX_RANK ? NULL : tc_dtype_safetensors(t->stored);
    const tc_json *offsets = tc_json_get(entry, "data_offsets");
    t->begin = tc_json_whole(tc_json_at(offsets, 0), r->data);
    t->end = tc_json_whole(tc_json_at(offsets, 1), r->data);
    if (tc_json_size(offsets) != 2 || offsets->kind != TC_JSON_LIST || t->begin < 0 || t->end < t->begin)
        return refuse(
            r, "truncated, or tensor \"%.100s\" is wrong: its data_offsets are not within the %lld bytes of data",
            t->name, (long long)r->data);
    char buffer[TC_SHAPE_TEXT];
    if (d && t->end - t->begin != t->count * (int64_t)d->width)
        return refuse(r, "tensor \"%.100s\" has %lld bytes, but %s of %s needs %lld", t->name,
                      (long long)(t->end - t->begin), tc_shape_text(&t->shape, false, buffer), t->stored,
                      (long long)(t->count * (int64_t)d->width));
    return TACET_OK;
}

tacet_status tc_tensor_refuse(const tc_tensor *t, const char *path, tacet_error *e)
{
    char types[TC_DTYPES_TEXT];
    if (tc_dtype_safetensors(t->stored))
        return tc_fail(e, TACET_FILE, "%.300s: %.100s has more than %d sizes", path, t->name, TC_MAX_RANK);
    tc_fail(e, TACET_FILE, "%.300s: %.100s is %.20s; the types that can be read are %s", path, t->name, t->stored,
            tc_dtypes_safetensors(types));
    tc_fail_hint(e, "save it as float32: tensor.float()");
    return TACET_FILE;
}

/* Empty tensors may be at the same place: then their names decide, because qsort has no fixed order of equal ones. */
static int by_place(const void *a, const void *b)
{
    const tc_tensor *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end) return x->end < y->end ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* The header's tensors, in the order of the data, which they must fill without gap or overlap. */
static tacet_status read_entries(const reading *r)
{
    tacet_file *f = r->f;
    f->tensor = tc_alloc(&f->mem, tc_json_size(f->header), sizeof *f->tensor);
    if (!f->tensor) return tc_fail_memory(r->e);
    for (const tc_json *entry = tc_json_first(f->header); entry; entry = tc_json_next(entry)) {
        tacet_status s;
        if (strcmp(entry->key, metadata_key) == 0) {
            s = read_notes(r, entry);
        } else {
            f->tensor[f->tensors].name = entry->key;
            s = read_entry(r, &f->tensor[f->tensors++], entry);
        }
        if (s != TACET_OK) return s;
    }
    qsort(f->tensor, (size_t)f->tensors, sizeof *f->tensor, by_place);
    int64_t end = 0;
    for (int i = 0; i < f->tensors; i++) {
        const tc_tensor *t = &f->tensor[i];
        if (t->begin != end)
            return refuse(r, "tensor \"%.100s\" begins at byte %lld of the data, but the data before it end at %lld",
                          t->name, (long long)t->begin, (long long)end);
        end = t->end;
    }
    if (end != r->data)
        return refuse(r, "%lld bytes follow the last tensor, and no tensor uses them", (long long)(r->data - end));
    return TACET_OK;
}

/* ---- Numbers ---- */

/* Converts the tensor's numbers to float32, a few at a time. work: WORK bytes for what is in the file, and as many for
 * the same in a type of memory. */
enum { FEW = 1 << 13, WORK = FEW * 8 };

static tacet_status read_numbers(const reading *r, const tc_tensor *t, char *work)
{
    const tc_dtype *d = t->dtype;
    if (d->type == TACET_F32 && !d->read) return read_exactly(r, t->data, (size_t)(t->end - t->begin));
    for (int64_t first = 0; first < t->count; first += FEW) {
        const int64_t left = t->count - first, n = left < FEW ? left : FEW;
        const tacet_status s = read_exactly(r, work, (size_t)n * d->width);
        if (s != TACET_OK) return s;
        if (d->read) (void)d->read(work, n, work + WORK); /* all numbers of these types fit */
        const tc_gather to_float = {
            .type = d->type, .from = d->read ? work + WORK : work, .n = n, .to = t->data + first};
        tc_cpu()->gather(&to_float, 0, 1);
    }
    return TACET_OK;
}

static tacet_status read_tensors(const reading *r, char *work)
{
    tacet_file *f = r->f;
    float *at = f->data;
    for (tc_tensor *t = f->tensor; t < f->tensor + f->tensors; t++) {
        if (t->dtype) {
            t->data = at;
            at += t->count;
            const tacet_status s = read_numbers(r, t, work);
            if (s != TACET_OK) return s;
        } else if (lseek(r->fd, (off_t)(t->end - t->begin), SEEK_CUR) < 0) {
            return refuse_io(r, "read");
        }
    }
    return TACET_OK;
}

static tacet_status read_data(const reading *r)
{
    tacet_file *f = r->f;
    int64_t count = 0;
    for (int i = 0; i < f->tensors; i++) count += f->tensor[i].dtype ? f->tensor[i].count : 0;
    char *work = tc_alloc(&f->mem, 2, WORK);
    f->data = tc_alloc_aligned(&f->mem, (size_t)count, sizeof *f->data);
    const tacet_status s = work && f->data ? read_tensors(r, work) : tc_fail_memory(r->e);
    tc_free(&f->mem, work);
    return s;
}

tacet_status tc_safetensors_read(tacet_file *f, const char *path, tacet_error *e)
{
    reading r = {.f = f, .e = e};
    struct stat is;
    f->path = tc_strdup(&f->mem, path);
    if (!f->path) return tc_fail_memory(e);
    do r.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    while (r.fd < 0 && errno == EINTR);
    if (r.fd < 0) return refuse_io(&r, "open");
    tacet_status s = TACET_OK;
    if (fstat(r.fd, &is) != 0)
        s = refuse_io(&r, "open");
    else if (!S_ISREG(is.st_mode))
        s = tc_fail(e, TACET_IO, "cannot open %.300s: not a regular file", path);
    r.size = (int64_t)is.st_size;
    if (s == TACET_OK) s = read_header(&r);
    if (s == TACET_OK) s = read_entries(&r);
    if (s == TACET_OK) s = read_data(&r);
    if (s == TACET_OK) s = compare_sum(&r);
    close(r.fd);
    return s;
}
