/* idx_files.c: finds files by their names.
 *
 *     emnist-letters - train - images - idx3 - ubyte . gz        "." and "_" may stand for "-", and what follows "idx" and
 *     prefix           part    kind                              everything around part and kind may be missing
 *
 * MNIST's own names have no prefix and call the test part t10k; programs that unpack them write train-images.idx3-ubyte;
 * EMNIST has six data sets in one folder. */
#include "data/idx_files.h"

#include "data/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A name in the folder that is one of the four. */
typedef struct found {
    int file;
    bool gzip;
    size_t prefix; /* bytes of the name */
    char name[256];
} found;

typedef struct listing {
    tc_mem mem;
    const char *folder;
    tacet_error *e;
    found *found; /* [count] */
    size_t count, room;
} listing;

static const char *const usual[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                    "t10k-labels-idx1-ubyte"};

/* ---- Names ---- */

/* Cuts `ending` off name[n]; false if it does not end so. */
static bool cut(const char *name, size_t *n, const char *ending)
{
    const size_t length = strlen(ending);
    if (*n < length || memcmp(name + *n - length, ending, length) != 0) return false;
    *n -= length;
    return true;
}

static size_t span_back(const char *name, size_t n, const char *bytes)
{
    size_t length = 0;
    while (length < n && strchr(bytes, name[n - 1 - length])) length++;
    return length;
}

/* Cuts off "-idx", "-idx3" or "-idx3-ubyte". */
static bool cut_idx(const char *name, size_t *n)
{
    size_t whole = *n;
    for (int with_type = 0; with_type < 2; with_type++) {
        whole -= span_back(name, whole, "0123456789");
        if (cut(name, &whole, "-idx")) return *n = whole, true;
        whole = *n - span_back(name, *n, "abcdefghijklmnopqrstuvwxyz");
        if (whole == *n || !cut(name, &whole, "-")) return false;
    }
    return false;
}

/* Fills in f if the name is that of a file of a data set. */
static bool take_name(found *f, const char *name)
{
    static const char *const part[] = {"train-images", "train-labels", "t10k-images",
                                       "t10k-labels",  "test-images",  "test-labels"};
    char plain[sizeof f->name];
    size_t n = strlen(name);
    if (n >= sizeof plain) return false;
    memcpy(f->name, name, n + 1);
    for (size_t i = 0; i < n; i++) plain[i] = strchr("._", name[i]) ? '-' : name[i];
    f->gzip = cut(plain, &n, "-gz");
    if (!cut_idx(plain, &n)) return false;
    for (int i = 0; i < 6; i++) {
        f->prefix = n;
        if (!cut(plain, &f->prefix, part[i]) || (f->prefix > 0 && plain[f->prefix - 1] != '-')) continue;
        f->prefix -= f->prefix > 0;
        f->file = i < 4 ? i : i - 2;
        return true;
    }
    return false;
}

/* ---- The folder ---- */

static int by_name(const void *a, const void *b)
{
    const found *x = a, *y = b;
    const int order = memcmp(x->name, y->name, x->prefix < y->prefix ? x->prefix : y->prefix);
    if (order || x->prefix != y->prefix) return order ? order : x->prefix < y->prefix ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Unpackers also leave folders with the name of a file. */
static bool is_folder(const char *folder, const char *name)
{
    char path[4096];
    struct stat about;
    return tc_snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path && stat(path, &about) == 0 &&
           S_ISDIR(about.st_mode);
}

/* Lists a name that counts. */
static tacet_status add(void *context, const char *name)
{
    listing *l = context;
    found f = {0};
    if (!take_name(&f, name) || is_folder(l->folder, name)) return TACET_OK;
    if (l->count == l->room) {
        found *more = tc_resize(&l->mem, l->found, 2 * l->room + 16, sizeof *more);
        if (!more) return tc_fail_memory(l->e);
        l->found = more;
        l->room = 2 * l->room + 16;
    }
    l->found[l->count++] = f;
    return TACET_OK;
}

/* All names that count, sorted by prefix. */
static tacet_status list(listing *l)
{
    const tacet_status status = tc_folder_walk(l->folder, add, l, l->e);
    if (status == TACET_IO) tc_fail_hint(l->e, "idx reads the folder that has %s and the other three files", usual[0]);
    if (l->count) qsort(l->found, l->count, sizeof *l->found, by_name);
    return status;
}

static bool has_prefix(const found *f, const char *prefix, size_t n)
{
    return f->prefix == n && memcmp(f->name, prefix, n) == 0;
}

/* Refuses a folder with these prefixes, which it lists. */
static tacet_status refuse(const tc_idx_files *f, const listing *l, tacet_error *e)
{
    char all[400];
    size_t at = 0;
    const found *last = NULL;
    for (const found *i = l->found; i < l->found + l->count && at < sizeof all - 1; i++) {
        if (last && has_prefix(i, last->name, last->prefix)) continue;
        at += (size_t)tc_snprintf(all + at, sizeof all - at, "%s%.*s", last ? ", " : "", i->prefix ? (int)i->prefix : 6,
                                  i->prefix ? i->name : "(none)");
        last = i;
    }
    if (*f->prefix)
        tc_fail(e, TACET_FILE, "%.300s has no files of a data set whose names begin with %.100s", f->folder, f->prefix);
    else
        tc_fail(e, TACET_FILE, "%.300s has several data sets", f->folder);
    tc_fail_hint(e, last ? "choose one with prefix=; there are: %s" : "it has no files of a data set%s",
                 last ? all : "");
    return TACET_FILE;
}

/* The files that count for a prefix. A file that is not compressed comes before its .gz. */
static tacet_status take(tc_idx_files *f, const listing *l, const char *prefix, size_t length, tacet_error *e)
{
    const found *of[TC_IDX_FILES] = {0};
    for (const found *i = l->found; i < l->found + l->count; i++) {
        const found **old = &of[i->file];
        if (!has_prefix(i, prefix, length)) continue;
        if (*old && (*old)->gzip == i->gzip)
            return tc_fail(e, TACET_FILE, "%.300s has both %s and %s; move one of them away", f->folder, (*old)->name,
                           i->name);
        if (!*old || !i->gzip) *old = i;
    }
    for (int i = 0; i < TC_IDX_FILES; i++) {
        tc_text path = {.mem = f->mem};
        if (!of[i]) continue;
        tc_text_add(&path, "%s/%s", f->folder, of[i]->name);
        f->path[i] = path.data;
        if (path.failed) return tc_fail_memory(e);
    }
    return TACET_OK;
}

tacet_status tc_idx_files_find(tc_idx_files *f, const tc_mem *m, const char *folder, const char *prefix, tacet_error *e)
{
    *f = (tc_idx_files){.mem = *m, .folder = folder, .prefix = prefix};
    listing l = {.mem = *m, .folder = folder, .e = e};
    tacet_status status = list(&l);
    /* Names without a prefix are sorted to the front and are the ones meant if nothing else is said. */
    const char *chosen = *prefix || l.count == 0 ? prefix : l.found->name;
    const size_t length = *prefix || l.count == 0 ? strlen(prefix) : l.found->prefix;
    size_t match = 0;
    for (size_t i = 0; i < l.count; i++) match += has_prefix(&l.found[i], chosen, length);
    const bool wrong = *prefix ? match == 0 : length > 0 && match < l.count;
    if (!status) status = wrong ? refuse(f, &l, e) : take(f, &l, chosen, length, e);
    tc_free(m, l.found);
    return status;
}

void tc_idx_files_free(tc_idx_files *f)
{
    for (int i = 0; i < TC_IDX_FILES; i++) tc_free(&f->mem, f->path[i]);
}

tacet_status tc_idx_files_missing(const tc_idx_files *f, int i, tacet_error *e)
{
    tc_fail(e, TACET_IO, "%.300s has no file %.100s%s%s, neither plain nor .gz: %s", f->folder, f->prefix,
            *f->prefix ? "-" : "", usual[i], strerror(ENOENT));
    tc_fail_hint(e, "Debian's dataset-fashion-mnist puts its four files into /usr/share/datasets/fashion-mnist");
    return TACET_IO;
}
