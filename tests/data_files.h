/* data_files.h: a folder of small files, for tests that read or write files. */
#ifndef DATA_FILES_H
#define DATA_FILES_H

#include "cmocka_all.h"
#include "tacet/tacet.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static char folder[64];

static inline int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/tacet-data-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    DIR *d = opendir(folder);
    for (struct dirent *f; d && (f = readdir(d));) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", folder, f->d_name);
        unlink(path);
    }
    closedir(d);
    return rmdir(folder);
}

/* "FOLDER/name", in one of a few buffers used in turn. */
static inline const char *path_of(const char *name)
{
    static char path[4][200];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static inline void write_bytes(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline void write_text(const char *name, const char *text) { write_bytes(name, text, strlen(text)); }

static inline void write_gzip(const char *name, const void *bytes, size_t n)
{
    gzFile f = gzopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, bytes, (unsigned)n), n);
    assert_int_equal(gzclose(f), Z_OK);
}

/* Reads a file of up to `room` bytes. */
static inline size_t read_bytes(const char *name, void *bytes, size_t room)
{
    FILE *f = fopen(path_of(name), "rb");
    assert_non_null(f);
    const size_t n = fread(bytes, 1, room, f);
    fclose(f);
    return n;
}

/* Makes an IDX file and returns its length. The sizes end with 0. */
static inline size_t idx_bytes(unsigned char *to, int type, const int *sizes, const void *numbers, size_t n)
{
    size_t at = 4;
    memcpy(to, (unsigned char[]){0, 0, (unsigned char)type, 0}, 4);
    for (; *sizes; sizes++, to[3]++) {
        for (int shift = 24; shift >= 0; shift -= 8) to[at++] = (unsigned char)(*sizes >> shift);
    }
    memcpy(to + at, numbers, n);
    return at + n;
}

static inline void write_idx(const char *name, int type, const int *sizes, const void *numbers, size_t n)
{
    unsigned char bytes[4096];
    write_bytes(name, bytes, idx_bytes(bytes, type, sizes, numbers, n));
}

/* Training: ten images of 2x3 bytes 0..59 with labels 0..9. Testing: four images. */
static inline void write_idx_set(void)
{
    unsigned char x[60], y[10];
    for (int i = 0; i < 60; i++) x[i] = (unsigned char)i;
    for (int i = 0; i < 10; i++) y[i] = (unsigned char)i;
    write_idx("train-images-idx3-ubyte", 8, (int[]){10, 2, 3, 0}, x, 60);
    write_idx("train-labels-idx1-ubyte", 8, (int[]){10, 0}, y, 10);
    write_idx("t10k-images-idx3-ubyte", 8, (int[]){4, 2, 3, 0}, x, 24);
    write_idx("t10k-labels-idx1-ubyte", 8, (int[]){4, 0}, y, 4);
}

/* Makes a .npy file of version 1, 2 or 3 with this dictionary. */
static inline void write_npy(const char *name, int version, const char *dictionary, const void *numbers, size_t n)
{
    unsigned char bytes[4096] = "\x93NUMPY";
    size_t at = 6, length = strlen(dictionary) + 1;
    bytes[at++] = (unsigned char)version;
    bytes[at++] = 0;
    for (int i = 0; i < (version == 1 ? 2 : 4); i++) bytes[at++] = (unsigned char)(length >> 8 * i);
    memcpy(bytes + at, dictionary, length - 1);
    bytes[at + length - 1] = '\n';
    if (n) memcpy(bytes + at + length, numbers, n);
    write_bytes(name, bytes, at + length + n);
}

/* Opens "KIND ... @ ...", with @ replaced by the folder. */
static inline tacet_data *open_data(const char *format, const char *part, const tacet_memory *m, tacet_error *e)
{
    char spec[1024];
    size_t n = 0;
    for (; *format; format++) {
        if (*format == '@')
            n += (size_t)snprintf(spec + n, sizeof spec - n, "%s", folder);
        else
            spec[n++] = *format;
    }
    spec[n] = '\0';
    return tacet_data_open(spec, part, m, e);
}

static inline tacet_data *must_open(const char *format, const char *part)
{
    tacet_error e = {0};
    tacet_data *d = open_data(format, part, NULL, &e);
    if (!d) fail_msg("%s: %s", format, e.message);
    return d;
}

/* Asserts that opening fails with this status and a message that contains this text. */
static inline void refuses_part(const char *format, const char *part, tacet_status status, const char *message)
{
    tacet_error e = {0};
    tacet_data *d = open_data(format, part, NULL, &e);
    if (d) fail_msg("%s was not refused", format);
    if (!strstr(e.message, message)) fail_msg("%s: \"%s\" has no \"%s\"", format, e.message, message);
    assert_int_equal(e.status, status);
}

static inline void refuses(const char *format, tacet_status status, const char *message)
{
    refuses_part(format, "train", status, message);
}

#endif
