/* safetensors_write.c: writes a safetensors file, which then exists either whole or not at all. */
#include "base/whole_file.h"
#include "model/checksum_note.h"
#include "model/safetensors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- The header ---- */

static void add_tensor(tc_json_writer *j, const tc_tensor *x, int64_t begin)
{
    tc_json_open(j, x->name, '{');
    tc_json_add_text(j, "dtype", "F32");
    tc_json_open(j, "shape", '[');
    for (int i = 0; i < x->shape.rank; i++) tc_json_add_integer(j, NULL, x->shape.dim[i]);
    tc_json_close(j, ']');
    tc_json_open(j, "data_offsets", '[');
    tc_json_add_integer(j, NULL, begin);
    tc_json_add_integer(j, NULL, begin + tc_shape_count(&x->shape) * (int64_t)sizeof(float));
    tc_json_close(j, ']');
    tc_json_close(j, '}');
}

static void make_header(const tc_outline *o, tc_json_writer *j)
{
    int64_t begin = 0;
    tc_json_open(j, NULL, '{');
    tc_json_open(j, "__metadata__", '{');
    if (o->notes) tc_text_add(&j->to, "%s", o->notes);
    tc_json_close(j, '}');
    for (int i = 0; i < o->tensors; i++) {
        add_tensor(j, &o->tensor[i], begin);
        begin += tc_shape_count(&o->tensor[i].shape) * (int64_t)sizeof(float);
    }
    tc_json_close(j, '}');
    while (!j->to.failed && j->to.length % 8) tc_text_add(&j->to, " ");
}

/* ---- The file ---- */

/* A file being written. */
typedef struct writing {
    tc_mem mem;
    tc_whole_file file;
    bool summed;
    uint64_t sum; /* of what has been written, if it is summed */
    tacet_error *e;
} writing;

static tacet_status write_all(writing *w, const void *from, size_t bytes)
{
    if (w->summed) w->sum = tc_checksum(w->sum, from, bytes);
    for (const char *at = from; bytes > 0;) {
        const ssize_t n = write(w->file.fd, at, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tc_whole_fail(&w->file, "write", w->e);
        at += n;
        bytes -= (size_t)n;
    }
    return TACET_OK;
}

static tacet_status write_tensors(writing *w, const tc_outline *o)
{
    int64_t most = 0;
    for (int i = 0; i < o->tensors; i++)
        if (tc_shape_count(&o->tensor[i].shape) > most) most = tc_shape_count(&o->tensor[i].shape);
    float *numbers = tc_alloc(&w->mem, (size_t)most, sizeof *numbers);
    if (!numbers) return tc_fail_memory(w->e);
    tacet_status s = TACET_OK;
    for (int i = 0; i < o->tensors && s == TACET_OK; i++) {
        o->fill(o->context, i, numbers);
        s = write_all(w, numbers, (size_t)tc_shape_count(&o->tensor[i].shape) * sizeof *numbers);
    }
    tc_free(&w->mem, numbers);
    return s;
}

/* Puts the digits over the zeros of the header. */
static tacet_status write_sum(const writing *w, size_t at)
{
    char digits[TC_CHECKSUM_DIGITS + 1];
    tc_checksum_text(w->sum, digits);
    for (size_t done = 0; done < TC_CHECKSUM_DIGITS;) {
        const ssize_t n = pwrite(w->file.fd, digits + done, TC_CHECKSUM_DIGITS - done, (off_t)(at + done));
        if (n < 0 && errno != EINTR) return tc_whole_fail(&w->file, "write", w->e);
        if (n > 0) done += (size_t)n;
    }
    return TACET_OK;
}

static tacet_status write_file(writing *w, char *header, size_t length, const tc_outline *o)
{
    unsigned char prefix[8];
    const char *digits = tc_checksum_find(header);
    w->summed = digits != NULL;
    for (size_t i = 0; i < sizeof prefix; i++) prefix[i] = (unsigned char)((uint64_t)length >> (8 * i));
    tacet_status s = write_all(w, prefix, sizeof prefix);
    if (s == TACET_OK) s = write_all(w, header, length);
    if (s == TACET_OK) s = write_tensors(w, o);
    if (s == TACET_OK && digits) s = write_sum(w, sizeof prefix + (size_t)(digits - header));
    if (s == TACET_OK)
        s = tc_whole_commit(&w->file, w->e);
    else
        tc_whole_drop(&w->file);
    if (close(w->file.fd) != 0 && errno != EINTR && s == TACET_OK) s = tc_whole_fail(&w->file, "write", w->e);
    return s;
}

tacet_status tc_safetensors_write(const tc_mem *m, const char *path, const tc_outline *o, tacet_error *e)
{
    tc_json_writer header = {.to.mem = *m};
    tacet_status s;
    make_header(o, &header);
    writing w = {.mem = *m, .sum = TC_CHECKSUM_EMPTY, .e = e};
    if (header.to.failed)
        s = tc_fail_memory(e);
    else if (header.to.length > TC_HEADER_MAX)
        s = tc_fail(e, TACET_FAILED, "cannot write %.300s: names and notes are more than %d bytes", path,
                    TC_HEADER_MAX);
    else if ((s = tc_whole_open(&w.file, path, e)) == TACET_OK)
        s = write_file(&w, header.to.data, header.to.length, o);
    tc_text_free(&header.to);
    return s;
}
