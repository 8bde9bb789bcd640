/* npz.c: finds an array in a zip file.
 *
 *     local header | bytes | local header | bytes | ... | directory: an entry for each | (end in 64 bits) | end
 *
 * Everything is taken from the directory at the end; of a local header only its length is used. Bytes are plain or deflated.
 * Format: APPNOTE.TXT of PKWARE, 4.3 and 4.5.3 (sizes of 64 bits). All numbers are little-endian. */
#include "data/npz.h"

#include "base/whole_file.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum {
    END = 22,     /* bytes of the end, without the comment that may follow it */
    END64 = 56,   /* of the end in 64 bits */
    LOCATOR = 20, /* of what says where that is */
    COMMENT = 65535,
    ENTRY = 46, /* of an entry, without its name, extra fields and comment */
    LOCAL = 30,
    MAX_DIRECTORY = 1 << 26,
};

/* Where the directory is. */
typedef struct directory {
    int64_t from, size, entries;
} directory;

/* What is known of the arrays. */
typedef struct search {
    tc_reader *reader;
    const char *name; /* NULL: any */
    int arrays, matches;
    const unsigned char *entry; /* the last match */
    char names[600];            /* of the arrays, as many as there is room for */
    size_t length;
} search;

static uint64_t number(const unsigned char *bytes, int width)
{
    uint64_t x = 0;
    while (width-- > 0) x = x << 8 | bytes[width];
    return x;
}

static bool signature(const unsigned char *bytes, const char *two)
{
    return memcmp(bytes, "PK", 2) == 0 && memcmp(bytes + 2, two, 2) == 0;
}

static tacet_status damaged(tc_reader *r, const char *what)
{
    return tc_reader_refuse(r, "is a damaged or truncated .npz file: %s", what);
}

static tacet_status read_at(tc_reader *r, int64_t from, void *to, size_t n)
{
    for (size_t done = 0; done < n && !r->status;) {
        const ssize_t got = pread(r->file, (char *)to + done, n - done, (off_t)(from + (int64_t)done));
        if (got < 0 && errno != EINTR) r->status = tc_fail_system(r->error, "read", r->path);
        if (got == 0) damaged(r, "it became shorter while it was read");
        if (got > 0) done += (size_t)got;
    }
    return r->status;
}

/* ---- The directory ---- */

/* The end, which begins at tail[at]; the tail begins at `from` in the file. */
static tacet_status read_end(tc_reader *r, const unsigned char *tail, size_t at, int64_t from, directory *d)
{
    const unsigned char *end = tail + at;
    unsigned char end64[END64];
    uint64_t entries = number(end + 10, 2), size = number(end + 12, 4), begin = number(end + 16, 4);
    uint64_t limit = (uint64_t)from + at;
    if (number(end + 4, 2) || number(end + 6, 2)) return tc_reader_refuse(r, "is one of several parts of a zip file");
    if (at >= LOCATOR && signature(end - LOCATOR, "\6\7")) {
        const uint64_t place = number(end - LOCATOR + 8, 8);
        if (limit < LOCATOR + END64 || place > limit - LOCATOR - END64) return damaged(r, "its end is not in the file");
        if (read_at(r, (int64_t)place, end64, END64)) return r->status;
        if (!signature(end64, "\6\6")) return damaged(r, "its end is not where it says");
        entries = number(end64 + 32, 8), size = number(end64 + 40, 8), begin = number(end64 + 48, 8);
        limit = place;
    }
    if (begin > limit || size > limit - begin || entries > size / ENTRY)
        return damaged(r, "its directory is not in the file");
    if (size > MAX_DIRECTORY)
        return tc_reader_refuse(r, "has a directory of %" PRIu64 " bytes, but at most %d can be read", size,
                                MAX_DIRECTORY);
    *d = (directory){(int64_t)begin, (int64_t)size, (int64_t)entries};
    return TACET_OK;
}

static tacet_status find_directory(tc_reader *r, directory *d)
{
    const size_t most = COMMENT + END + LOCATOR, n = r->size < (int64_t)most ? (size_t)r->size : most;
    unsigned char *tail = tc_resize(&r->mem, NULL, n, 1);
    if (!tail) return r->status = tc_fail_memory(r->error);
    read_at(r, r->size - (int64_t)n, tail, n);
    size_t at = n < END ? 0 : n - END + 1;
    while (!r->status && at > 0) {
        at--;
        if (!signature(tail + at, "\5\6") || number(tail + at + 20, 2) != n - at - END) continue;
        read_end(r, tail, at, r->size - (int64_t)n, d);
        break;
    }
    if (!r->status && d->from < 0) damaged(r, "it has no directory");
    tc_free(&r->mem, tail);
    return r->status;
}

/* Compares an array's name, without .npy, with the one that is looked for. */
static void take_entry(search *s, const unsigned char *entry)
{
    const char *name = (const char *)entry + ENTRY;
    size_t n = number(entry + 28, 2);
    if (n < 4 || memcmp(name + n - 4, ".npy", 4) != 0) return;
    n -= 4;
    if (s->length < sizeof s->names)
        s->length += (size_t)tc_snprintf(s->names + s->length, sizeof s->names - s->length, "%s%.*s",
                                         s->arrays ? ", " : "", (int)n, name);
    s->arrays++;
    if (s->name && (strlen(s->name) != n || memcmp(s->name, name, n) != 0)) return;
    s->matches++;
    s->entry = entry;
}

static tacet_status walk(search *s, const unsigned char *bytes, const directory *d)
{
    const unsigned char *end = bytes + d->size;
    for (int64_t i = 0; i < d->entries; i++) {
        if (end - bytes < ENTRY || !signature(bytes, "\1\2"))
            return damaged(s->reader, "its directory has an invalid entry");
        const size_t n = ENTRY + number(bytes + 28, 2) + number(bytes + 30, 2) + number(bytes + 32, 2);
        if (n > (size_t)(end - bytes)) return damaged(s->reader, "its directory has an entry that is too long");
        take_entry(s, bytes);
        bytes += n;
    }
    return TACET_OK;
}

/* One array must have been found. */
static tacet_status settle(const search *s)
{
    tc_reader *r = s->reader;
    if (s->matches == 1) return TACET_OK;
    if (s->arrays == 0) return tc_reader_refuse(r, "is a zip file without arrays of NumPy");
    if (!s->name)
        tc_reader_refuse(r, "holds several arrays; name one, FILE.npz:NAME");
    else if (s->matches)
        tc_reader_refuse(r, "holds several arrays of this name");
    else
        tc_reader_refuse(r, "there is no array \"%.100s\" in the file", s->name);
    tc_fail_hint(r->error, "it holds %s", s->names);
    return r->status;
}

/* ---- An entry ---- */

/* Sizes and places above 32 bits are in an extra field, in this order. */
static bool widen(const unsigned char *entry, uint64_t *value[3])
{
    const unsigned char *at = entry + ENTRY + number(entry + 28, 2), *end = at + number(entry + 30, 2);
    while (end - at >= 4 && number(at, 2) != 1) {
        const size_t n = 4 + number(at + 2, 2);
        if (n > (size_t)(end - at)) return false;
        at += n;
    }
    if (end - at >= 4 && number(at + 2, 2) <= (size_t)(end - at - 4)) end = at + 4 + number(at + 2, 2), at += 4;
    for (int i = 0; i < 3; i++) {
        if (*value[i] != UINT32_MAX) continue;
        if (end - at < 8) return false;
        *value[i] = number(at, 8);
        at += 8;
    }
    return true;
}

static tacet_status place(tc_reader *r, const unsigned char *entry, const directory *d, tc_extract *part)
{
    unsigned char local[LOCAL];
    const uint64_t method = number(entry + 10, 2), limit = (uint64_t)d->from;
    uint64_t stored = number(entry + 20, 4), size = number(entry + 24, 4), from = number(entry + 42, 4);
    if (number(entry + 8, 2) & 1) return tc_reader_refuse(r, "is encrypted");
    if (method != 0 && method != 8) {
        tc_reader_refuse(r, "is compressed by method %" PRIu64 " of zip files, but only deflate (8) can be read",
                         method);
        tc_fail_hint(r->error, "numpy.savez and numpy.savez_compressed write files that can be read");
        return r->status;
    }
    if (!widen(entry, (uint64_t *[]){&size, &stored, &from})) return damaged(r, "a large size is missing");
    if (limit < LOCAL || from > limit - LOCAL) return damaged(r, "an array is not in the file");
    if (read_at(r, (int64_t)from, local, LOCAL)) return r->status;
    const uint64_t begin = from + LOCAL + number(local + 26, 2) + number(local + 28, 2);
    if (!signature(local, "\3\4") || begin > limit || stored > limit - begin || size > INT64_MAX ||
        (method == 0 && size != stored))
        return damaged(r, "an array is not where the directory says");
    *part = (tc_extract){(int64_t)begin, (int64_t)stored, (int64_t)size, (uint32_t)number(entry + 16, 4), method == 8};
    return TACET_OK;
}

static tacet_status find(tc_reader *r, const char *name, tc_extract *part)
{
    directory d = {.from = -1};
    search s = {.reader = r, .name = name};
    if (find_directory(r, &d)) return r->status;
    unsigned char *bytes = tc_resize(&r->mem, NULL, (size_t)d.size + 1, 1);
    if (!bytes) return r->status = tc_fail_memory(r->error);
    if (!read_at(r, d.from, bytes, (size_t)d.size) && !walk(&s, bytes, &d) && !settle(&s)) place(r, s.entry, &d, part);
    tc_free(&r->mem, bytes);
    return r->status;
}

/* ---- The path ---- */

/* Cuts text, "PATH:NAME", after the path, the longest that exists, otherwise up to .npz. *name becomes NULL if there is
 * none. */
static tacet_status cut_path(char *text, const char **name, tacet_error *e)
{
    const size_t whole = strlen(text);
    *name = NULL;
    for (size_t n = whole; n > 0; n--) {
        if (n < whole && text[n] != ':') continue;
        const char old = text[n];
        text[n] = '\0';
        const int exists = tc_file_exists(text);
        if (exists < 0) return tc_fail_system(e, "open", text);
        if (exists && n < whole) *name = text + n + 1;
        if (exists) return TACET_OK;
        text[n] = old;
    }
    char *ending = strstr(text, ".npz:");
    if (ending) ending[4] = '\0';
    return TACET_OK;
}

tacet_status tc_npz_open(tc_reader *r, tc_extract *part, const char *text, const tc_mem *m, tacet_error *e)
{
    const char *name;
    char *path = tc_strdup(m, text);
    const tacet_status status = path ? cut_path(path, &name, e) : tc_fail_memory(e);
    if (status) {
        *r = (tc_reader){.mem = *m, .file = -1, .status = status};
        tc_free(m, path);
        return status;
    }
    tc_reader_open(r, path, m, e);
    r->path = text; /* for messages, and `path` goes */
    const bool zip = r->have - r->at >= 4 && (signature(r->window, "\3\4") || signature(r->window, "\5\6"));
    if (!r->status && zip && r->size < 0) {
        tc_reader_refuse(r, "is a .npz file, which cannot be read from a pipe");
        tc_fail_hint(e, "write it to a file first; a .npy file can be read from a pipe");
    } else if (!r->status && name && !zip) {
        tc_reader_refuse(r, "is not a .npz file, so it has no array \"%.100s\"", name);
    }
    if (!r->status && zip && !find(r, name, part)) tc_reader_part(r, part);
    tc_free(m, path);
    return r->status;
}
