/* fingerprint.c: what tells the rows of one source from those of another, as lines of text that a checkpoint keeps.
 *
 * The first lines are for people; lines that begin with # hold a hash: FNV-1a with 64 bits, of bytes as they are in
 * memory. A row is hashed with its label or targets, and only a few are, spread over the table: enough to notice a file
 * that was sorted, filtered or written anew, in a moment, also where it is larger than memory. */
#include "data/data.h"

#include <inttypes.h>
#include <string.h>

enum { ROWS = 64 };

static uint64_t hash(uint64_t h, const void *from, size_t n)
{
    for (const unsigned char *at = from; n > 0; n--) h = (h ^ *at++) * UINT64_C(1099511628211);
    return h;
}
static const uint64_t begin = UINT64_C(14695981039346656037);

static uint64_t hash_row(uint64_t h, const tc_array *a, int64_t row)
{
    const size_t bytes = (size_t)tc_shape_count(&a->shape) * tc_type_size(a->type);
    return a->data ? hash(h, (const char *)a->data + (size_t)row * bytes, bytes) : h;
}

static void add_rows(const tacet_data *d, tc_text *to)
{
    tc_text_add(to, "%" PRId64 " row%s", d->table->x.rows, tc_plural(d->table->x.rows));
}

static void add_array(const tc_array *a, tc_text *to)
{
    char shape[TC_SHAPE_TEXT];
    tc_text_add(to, "%s", tc_type_name(a->type));
    if (a->shape.rank > 0) tc_text_add(to, " %s", tc_shape_text(&a->shape, false, shape));
}

static void add_x(const tacet_data *d, tc_text *to)
{
    tc_text_add(to, "inputs ");
    add_array(&d->table->x, to);
}

static void add_y(const tacet_data *d, tc_text *to)
{
    const tc_samples *t = d->table;
    tc_text_add(to, !t->y.data ? "no labels or targets" : t->classes ? "labels " : "targets ");
    if (t->y.data) add_array(&t->y, to);
    if (t->classes) tc_text_add(to, " of %" PRId64 " class%s", t->classes, t->classes == 1 ? "" : "es");
}

static void add_words(const tacet_data *d, tc_text *to)
{
    const char *words = d->table->words ? d->table->words : "";
    tc_text_add(to, "#%016" PRIx64, hash(begin, words, strlen(words)));
}

static void add_sample(const tacet_data *d, tc_text *to)
{
    const tc_samples *t = d->table;
    const int64_t all = t->x.rows, n = all < ROWS ? all : ROWS;
    uint64_t h = begin;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = n > 1 ? i * (all - 1) / (n - 1) : 0;
        h = hash_row(hash_row(h, &t->x, row), &t->y, row);
    }
    tc_text_add(to, "#%016" PRIx64, h);
}

/* The order of the lines. New ones may follow; whoever reads a text of another version compares what both have. */
static const struct {
    const char *what; /* differs, if a hash does */
    void (*add)(const tacet_data *d, tc_text *to);
} line[] = {{NULL, add_rows},
            {NULL, add_x},
            {NULL, add_y},
            {"the words of the classes are others", add_words},
            {"the numbers in the rows are others", add_sample}};
enum { LINES = sizeof line / sizeof *line };

void tc_fingerprint(const tacet_data *d, tc_text *to)
{
    for (int i = 0; i < LINES; i++) {
        if (i > 0) tc_text_add(to, "\n");
        line[i].add(d, to);
    }
}

bool tc_fingerprint_same(const char *theirs, const char *own, tc_text *why)
{
    for (int i = 0; i < LINES && *theirs && *own; i++) {
        const size_t n = strcspn(theirs, "\n"), m = strcspn(own, "\n");
        if (n != m || memcmp(theirs, own, n) != 0) {
            if (line[i].what)
                tc_text_add(why, "%s", line[i].what);
            else
                tc_text_add(why, "it had %.*s, and here are %.*s", (int)n, theirs, (int)m, own);
            return false;
        }
        theirs += n + (theirs[n] == '\n');
        own += m + (own[m] == '\n');
    }
    return true;
}
