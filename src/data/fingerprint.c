/* fingerprint.c: what tells the rows of one source from those of another, as lines of text that a checkpoint keeps.
 *
 * The first lines are for people; lines that begin with # hold a hash: FNV-1a with 64 bits, of numbers as doubles. Only a
 * few rows are hashed, spread over the table, each with its label or targets: enough to notice a file that was sorted,
 * filtered or written anew, in a moment, also where it is larger than memory. */
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
    enum { SOME = 256 };
    double x[SOME];
    const int64_t n = a->data ? tc_shape_count(&a->shape) : 0;
    for (int64_t i = 0, some; i < n; i += some) {
        some = n - i < SOME ? n - i : SOME;
        tc_widen(a, row * n + i, some, x);
        h = hash(h, x, (size_t)some * sizeof *x);
    }
    return h;
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

/* A member of the schema, whose values follow one another in an array. */
static void add_member(const tacet_data *d, const char *key, tc_text *to)
{
    uint64_t h = begin;
    tc_json_error why;
    char *text = tc_strdup(&d->mem, d->schema ? d->schema : "{}");
    tc_json *schema = text ? tc_json_read(&d->mem, text, strlen(text), &why) : NULL;
    const tc_json *member = tc_json_get(schema, key);
    for (uint32_t i = 0; member && i < member->span; i++) {
        const tc_json *j = &member[i];
        const char *word = tc_json_text(j);
        const double number = tc_json_number(j);
        h = hash(h, &j->kind, sizeof j->kind);
        h = word ? hash(h, word, strlen(word)) : hash(h, &number, sizeof number);
    }
    to->failed = to->failed || !schema;
    tc_text_add(to, "#%016" PRIx64, h);
    tc_free(&d->mem, schema);
    tc_free(&d->mem, text);
}

static void add_sample(const tacet_data *d, tc_text *to)
{
    const tc_samples *t = d->table;
    const int64_t all = t->x.rows, n = all < ROWS ? all : ROWS;
    uint64_t h = begin;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = n > 1 ? i * (all - 1) / (n - 1) : 0;
        h = hash_row(hash_row(hash_row(h, &t->x, row), &t->y, row), &t->weight, row);
    }
    tc_text_add(to, "#%016" PRIx64, h);
}

/* The order of the lines. New ones may follow; whoever reads a text of another version compares what both have. */
static const struct {
    const char *what; /* is said if a hash differs */
    const char *key;  /* of the schema, or how the line is written: */
    void (*add)(const tacet_data *d, tc_text *to);
} line[] = {{NULL, NULL, add_rows},
            {NULL, NULL, add_x},
            {NULL, NULL, add_y},
            {"the input columns are others", "inputs", NULL},
            {"the column of the labels is another one", "label", NULL},
            {"the columns of the targets are others", "targets", NULL},
            {"the words of the classes are others", "classes", NULL},
            {"the inputs are scaled in another way", "scale", NULL},
            {"the inputs are scaled in another way", "shift", NULL},
            {"the targets are scaled in another way", "target_scale", NULL},
            {"the targets are scaled in another way", "target_shift", NULL},
            {"the numbers in the rows are others", NULL, add_sample}};
enum { LINES = sizeof line / sizeof *line };

void tc_fingerprint(const tacet_data *d, tc_text *to)
{
    for (int i = 0; i < LINES; i++) {
        if (i > 0) tc_text_add(to, "\n");
        if (line[i].key)
            add_member(d, line[i].key, to);
        else
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
