/* zip_files.h: makes zip files of .npy files, as numpy.savez and other programs write them. */
#ifndef ZIP_FILES_H
#define ZIP_FILES_H

#include "data_files.h"

/* Entries are written one after another with zip_add, then the directory with zip_end. wide: sizes and places have 64 bits;
 * every other field is what it is in a small file. */
typedef struct zip {
    unsigned char bytes[4096], directory[1024];
    size_t n, length; /* bytes of both */
    int entries;
    bool deflated, wide;
} zip;

static inline void zip_put(unsigned char *to, size_t *at, uint64_t x, int width)
{
    for (int i = 0; i < width; i++) to[(*at)++] = (unsigned char)(x >> 8 * i);
}

static inline size_t zip_deflate(const void *bytes, size_t n, unsigned char *to, size_t room)
{
    z_stream s = {0};
    assert_int_equal(deflateInit2(&s, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    s.next_in = (unsigned char *)bytes;
    s.avail_in = (unsigned)n;
    s.next_out = to;
    s.avail_out = (unsigned)room;
    assert_int_equal(deflate(&s, Z_FINISH), Z_STREAM_END);
    deflateEnd(&s);
    return room - s.avail_out;
}

static inline void zip_add(zip *z, const char *name, const void *bytes, size_t size)
{
    unsigned char packed[1024];
    const size_t stored = z->deflated ? zip_deflate(bytes, size, packed, sizeof packed) : size, from = z->n;
    const uint64_t crc = crc32(0, bytes, (unsigned)size), method = z->deflated ? 8 : 0, none = UINT32_MAX;
    size_t *n = &z->n, *d = &z->length;
    zip_put(z->bytes, n, 0x04034b50, 4);
    zip_put(z->bytes, n, 20 | method << 32, 8); /* version, flags, method */
    zip_put(z->bytes, n, 0x5a21, 2);            /* a time and a date that are not read */
    zip_put(z->bytes, n, crc, 4);
    zip_put(z->bytes, n, z->wide ? none : stored, 4);
    zip_put(z->bytes, n, z->wide ? none : size, 4);
    zip_put(z->bytes, n, strlen(name), 2);
    zip_put(z->bytes, n, 4, 2);
    memcpy(z->bytes + *n, name, strlen(name)), *n += strlen(name);
    zip_put(z->bytes, n, 0x0000ffff, 4); /* an extra field that the directory does not have */
    memcpy(z->bytes + *n, z->deflated ? packed : bytes, stored), *n += stored;

    zip_put(z->directory, d, 0x02014b50, 4);
    zip_put(z->directory, d, 20, 2);
    zip_put(z->directory, d, 20 | method << 32, 8);
    zip_put(z->directory, d, 0x5a21, 2);
    zip_put(z->directory, d, crc, 4);
    zip_put(z->directory, d, z->wide ? none : stored, 4);
    zip_put(z->directory, d, z->wide ? none : size, 4);
    zip_put(z->directory, d, strlen(name), 2);
    zip_put(z->directory, d, z->wide ? 34 : 0, 2);
    zip_put(z->directory, d, 0, 6); /* comment, part, kind */
    zip_put(z->directory, d, 0, 6); /* permissions, and 2 bytes of: */
    *d -= 2;
    zip_put(z->directory, d, z->wide ? none : from, 4);
    memcpy(z->directory + *d, name, strlen(name)), *d += strlen(name);
    if (z->wide) {
        zip_put(z->directory, d, 0x00027777 | UINT64_C(0xabcd) << 32, 6); /* another extra field comes first */
        zip_put(z->directory, d, 0x00180001, 4);
        zip_put(z->directory, d, size, 8);
        zip_put(z->directory, d, stored, 8);
        zip_put(z->directory, d, from, 8);
    }
    z->entries++;
}

static inline void zip_end(zip *z, const char *name)
{
    const size_t from = z->n, length = z->length;
    const uint64_t entries = (uint64_t)z->entries;
    memcpy(z->bytes + z->n, z->directory, length);
    z->n += length;
    const size_t end64 = z->n;
    if (z->wide) {
        zip_put(z->bytes, &z->n, 0x06064b50, 4);
        zip_put(z->bytes, &z->n, 44, 8);
        zip_put(z->bytes, &z->n, 45 | 45 << 16, 4);
        zip_put(z->bytes, &z->n, 0, 8);
        zip_put(z->bytes, &z->n, entries, 8);
        zip_put(z->bytes, &z->n, entries, 8);
        zip_put(z->bytes, &z->n, length, 8);
        zip_put(z->bytes, &z->n, from, 8);
        zip_put(z->bytes, &z->n, 0x07064b50, 4);
        zip_put(z->bytes, &z->n, 0, 4);
        zip_put(z->bytes, &z->n, end64, 8);
        zip_put(z->bytes, &z->n, 1, 4);
    }
    zip_put(z->bytes, &z->n, 0x06054b50, 4);
    zip_put(z->bytes, &z->n, 0, 4);
    zip_put(z->bytes, &z->n, z->wide ? 0xffff : entries, 2);
    zip_put(z->bytes, &z->n, z->wide ? 0xffff : entries, 2);
    zip_put(z->bytes, &z->n, z->wide ? UINT32_MAX : length, 4);
    zip_put(z->bytes, &z->n, z->wide ? UINT32_MAX : from, 4);
    zip_put(z->bytes, &z->n, 0, 2);
    write_bytes(name, z->bytes, z->n);
}

/* The file's bytes become an entry. */
static inline void zip_add_file(zip *z, const char *name, const char *file)
{
    unsigned char bytes[1024];
    zip_add(z, name, bytes, read_bytes(file, bytes, sizeof bytes));
}

#endif
