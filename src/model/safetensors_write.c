/* safetensors_write.c: a safetensors file, written so that it is there whole or not at all. */
#include "base/whole_file.h"
#include "model/safetensors.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- The header ---- */

/* The length of the UTF-8 character that begins at s, 0 when none does. (RFC 3629: nothing overlong, no surrogates.) */
static int utf8_length(const unsigned char *s)
{
    static const struct {
        unsigned char from, to, second_from, second_to;
        int length;
    } form[] = {{0x20, 0x7F, 0, 0xFF, 1},    {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
                {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
                {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
    for (size_t i = 0; i < sizeof form / sizeof *form; i++) {
        if (s[0] < form[i].from || s[0] > form[i].to) continue;
        if (form[i].length > 1 && (s[1] < form[i].second_from || s[1] > form[i].second_to)) return 0;
        for (int k = 2; k < form[i].length; k++)
            if ((s[k] & 0xC0) != 0x80) return 0;
        return form[i].length;
    }
    return 0;
}

/* text as a JSON string. Runs that need no care are added at once. */
static void add_string(tc_text *t, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    tc_text_add(t, "\"");
    while (*s) {
        const unsigned char *run = s;
        int n;
        while (*s && *s != '"' && *s != '\\' && (n = utf8_length(s)) > 0) s += n;
        if (s > run) tc_text_add(t, "%.*s", (int)(s - run), (const char *)run);
        if (!*s) break;
        if (*s == '"' || *s == '\\')
            tc_text_add(t, "\\%c", *s);
        else if (*s < 0x20)
            tc_text_add(t, "\\u%04x", *s);
        else
            tc_text_add(t, "\\ufffd");
        s++;
    }
    tc_text_add(t, "\"");
}

static void add_tensor(tc_text *t, const tc_tensor *x, int64_t begin)
{
    add_string(t, x->name);
    tc_text_add(t, ":{\"dtype\":\"F32\",\"shape\":[");
    for (int i = 0; i < x->shape.rank; i++) tc_text_add(t, "%s%lld", i ? "," : "", (long long)x->shape.dim[i]);
    tc_text_add(t, "],\"data_offsets\":[%lld,%lld]}", (long long)begin,
                (long long)(begin + tc_shape_count(&x->shape) * (int64_t)sizeof(float)));
}

void tc_safetensors_note(tc_text *notes, const char *key, const char *text)
{
    if (notes->length > 0) tc_text_add(notes, ",");
    add_string(notes, key);
    tc_text_add(notes, ":");
    add_string(notes, text);
}

static void make_header(const tc_outline *o, tc_text *t)
{
    int64_t begin = 0;
    tc_text_add(t, "{\"__metadata__\":{%s}", o->notes ? o->notes : "");
    for (int i = 0; i < o->tensors; i++) {
        tc_text_add(t, ",");
        add_tensor(t, &o->tensor[i], begin);
        begin += tc_shape_count(&o->tensor[i].shape) * (int64_t)sizeof(float);
    }
    tc_text_add(t, "}");
    while (!t->failed && t->length % 8) tc_text_add(t, " ");
}

/* ---- The file ---- */

/* A file that is being written. */
typedef struct writing {
    tc_mem mem;
    tc_whole_file file;
    tacet_error *e;
} writing;

static tacet_status write_all(const writing *w, const void *from, size_t bytes)
{
    for (const char *at = from; bytes > 0;) {
        const ssize_t n = write(w->file.fd, at, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tc_whole_fail(&w->file, "write", w->e);
        at += n;
        bytes -= (size_t)n;
    }
    return TACET_OK;
}

static tacet_status write_tensors(const writing *w, const tc_outline *o)
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

static tacet_status write_file(writing *w, const char *header, size_t length, const tc_outline *o)
{
    unsigned char prefix[8];
    for (size_t i = 0; i < sizeof prefix; i++) prefix[i] = (unsigned char)((uint64_t)length >> (8 * i));
    tacet_status s = write_all(w, prefix, sizeof prefix);
    if (s == TACET_OK) s = write_all(w, header, length);
    if (s == TACET_OK) s = write_tensors(w, o);
    if (s == TACET_OK)
        s = tc_whole_commit(&w->file, w->e);
    else
        tc_whole_drop(&w->file);
    close(w->file.fd); /* what was written is synced, so nothing can fail any more */
    return s;
}

tacet_status tc_safetensors_write(const tc_mem *m, const char *path, const tc_outline *o, tacet_error *e)
{
    tc_text header = {.mem = *m}, temporary = {.mem = *m};
    tacet_status s;
    make_header(o, &header);
    tc_text_add(&temporary, "%s.tmp", path);
    writing w = {.mem = *m, .e = e};
    if (header.failed || temporary.failed)
        s = tc_fail_memory(e);
    else if (header.length > TC_HEADER_MAX)
        s = tc_fail(e, TACET_FAILED, "cannot write %.300s: names and notes are more than %d bytes", path,
                    TC_HEADER_MAX);
    else if ((s = tc_whole_open(&w.file, path, temporary.data, e)) == TACET_OK)
        s = write_file(&w, header.data, header.length, o);
    tc_text_free(&header);
    tc_text_free(&temporary);
    return s;
}
