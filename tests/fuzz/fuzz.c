/* fuzz.c: what the fuzz targets share: their folder, their seeds, how they report, what they do with data. */
#include "fuzz.h"

#include <malloc.h>
#include <stdarg.h>
#include <unistd.h>

static char folder[200];
static const char *seeds; /* the folder that seeds are written to; NULL: none are */
static FILE *report;      /* standard error, which libFuzzer closes so that the program's messages are not seen */

static void end(void)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command)) fprintf(stderr, "cannot remove %s\n", folder);
}

/* With FUZZ_SEEDS=FOLDER in the environment the target only writes its seeds into that folder. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    const char *under = getenv("TMPDIR");
    report = fdopen(dup(STDERR_FILENO), "w");
    snprintf(folder, sizeof folder, "%.150s/tacet-fuzz-XXXXXX", under ? under : "/tmp");
    if (!report || !mkdtemp(folder)) abort();
    atexit(end);
    seeds = getenv("FUZZ_SEEDS");
    if (!seeds) return 0;
    fuzz_seeds();
    exit(0);
}

/* ---- Findings ---- */

void fuzz_fail(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("FINDING: ", report);
    vfprintf(report, format, list);
    fputc('\n', report);
    fflush(report);
    va_end(list);
    abort();
}

void fuzz_refused(const char *what, const tacet_error *e)
{
    char text[sizeof *e];
    if (e->status <= TACET_OK || e->status > TACET_NOT_FINITE) fuzz_fail("%s: failed with status %d", what, e->status);
    if (!e->message[0]) fuzz_fail("%s: failed without a message", what);
    if (e->column >= 0 && e->width < 0) fuzz_fail("%s: points at %d bytes: %s", what, e->width, e->message);
    if (tacet_error_text(e, text, sizeof text) == 0) fuzz_fail("%s: its error has no text", what);
    fprintf(stderr, "%s: %s\n", what, text);
}

static struct {
    size_t used, most;
    tacet_memory hook;
} memory;

static void *resize(void *context, void *old, size_t size)
{
    (void)context;
    const size_t before = old ? malloc_usable_size(old) : 0;
    if (size == 0) {
        memory.used -= before;
        free(old);
        return NULL;
    }
    if (size > memory.most || memory.used - before + size > memory.most) return NULL;
    void *block = realloc(old, size);
    if (block) memory.used += malloc_usable_size(block) - before;
    return block;
}

tacet_memory *fuzz_memory_begin(size_t most)
{
    memory.used = 0;
    memory.most = most;
    memory.hook = (tacet_memory){resize, NULL};
    return &memory.hook;
}

void fuzz_memory_end(void)
{
    if (memory.used) fuzz_fail("%zu bytes were not freed", memory.used);
}

/* ---- Files ---- */

const char *fuzz_path(const char *name)
{
    static char path[4][300];
    static int next;
    char *to = path[next = (next + 1) % 4];
    snprintf(to, sizeof path[0], "%s/%.80s", folder, name);
    return to;
}

static void put(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (!f || (n && fwrite(bytes, 1, n, f) != n) || fclose(f) != 0) fuzz_fail("cannot write %s", path);
}

void fuzz_put(const char *name, const void *bytes, size_t n) { put(fuzz_path(name), bytes, n); }
void fuzz_remove(const char *name) { remove(fuzz_path(name)); }

size_t fuzz_get(const char *name, void *bytes, size_t most)
{
    FILE *f = fopen(fuzz_path(name), "rb");
    const size_t n = f ? fread(bytes, 1, most, f) : 0;
    if (f) fclose(f);
    return n;
}

/* ---- Seeds ---- */

void fuzz_seed(const void *bytes, size_t n)
{
    static int number;
    char path[300];
    if (!seeds) return;
    snprintf(path, sizeof path, "%.250s/seed%03d", seeds, number++);
    put(path, bytes, n);
}

void fuzz_seed_text(const char *text) { fuzz_seed(text, strlen(text)); }

char *fuzz_source(const char *path, const char *before, size_t *n)
{
    char name[500];
    const size_t skip = strlen(before);
    snprintf(name, sizeof name, "%s/%s", FUZZ_SOURCE, path);
    FILE *f = fopen(name, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0) fuzz_fail("cannot read %s", name);
    const size_t size = (size_t)ftell(f);
    char *text = malloc(skip + size + 1);
    if (!text) fuzz_fail("out of memory");
    memcpy(text, before, skip);
    rewind(f);
    *n = skip + fread(text + skip, 1, size, f);
    text[*n] = '\0';
    fclose(f);
    return text;
}

/* ---- Input ---- */

char *fuzz_part(const unsigned char *bytes, size_t n, const char *name, size_t *length)
{
    const size_t named = strlen(name);
    const unsigned char *from = NULL, *to = bytes + n;
    for (const unsigned char *at = bytes, *next; at && at < bytes + n; at = next ? next + 1 : NULL) {
        const size_t left = n - (size_t)(at - bytes);
        next = memchr(at, '\n', left);
        if (left < 3 || memcmp(at, "%% ", 3) != 0) continue;
        if (from) {
            to = at > from ? at - 1 : at;
            break;
        }
        if (next && (size_t)(next - at) == named + 3 && memcmp(at + 3, name, named) == 0) from = next + 1;
    }
    if (!from) return NULL;
    *length = (size_t)(to - from);
    char *text = malloc(*length + 1);
    if (!text) fuzz_fail("out of memory");
    memcpy(text, from, *length);
    text[*length] = '\0';
    return text;
}

char *fuzz_line(char **text)
{
    char *line = *text, *end = line ? strchr(line, '\n') : NULL;
    if (end) *end = '\0';
    *text = end ? end + 1 : NULL;
    return line;
}

void fuzz_json(tc_json_writer *to, const tc_json *v)
{
    const bool list = v->kind == TC_JSON_LIST;
    const tc_json *one;
    size_t i;
    if (v->kind == TC_JSON_INTEGER) {
        tc_json_add_integer(to, v->key, v->integer);
    } else if (v->kind == TC_JSON_TEXT) {
        tc_json_add_text(to, v->key, v->text);
    } else if (list || v->kind == TC_JSON_OBJECT) {
        tc_json_open(to, v->key, list ? '[' : '{');
        tc_json_each(v, i, one) fuzz_json(to, one);
        tc_json_close(to, list ? ']' : '}');
        if (i != v->count) fuzz_fail("%u values, but %zu were visited", v->count, i);
    } else {
        tc_json_add_number(to, v->key, tc_json_number(v)); /* null, true and false become null */
    }
}

/* ---- Data ---- */

static char *whole(size_t (*write)(const tacet_data *d, char *text, size_t capacity), const tacet_data *d)
{
    const size_t n = write(d, NULL, 0) + 1;
    char *text = malloc(n);
    if (!text) fuzz_fail("out of memory");
    if (write(d, text, n) + 1 != n) fuzz_fail("a text has two lengths");
    return text;
}

/* The data's own schema opens them again, as the same data. */
static void reopen(const char *source, const tacet_data *d, const tacet_data_info *info)
{
    tacet_error e;
    char *schema = whole(tacet_data_schema, d);
    tacet_data_info again = {.size = sizeof again};
    tacet_data *same = tacet_data_open_as(source, "train", schema, true, &memory.hook, &e);
    if (!same && e.status != TACET_MEMORY) fuzz_fail("its own schema is refused: %s\n%s", e.message, schema);
    if (same) {
        tacet_data_describe(same, &again);
        if (again.rows != info->rows || again.rank != info->rank || again.classes != info->classes ||
            memcmp(again.shape, info->shape, sizeof again.shape) != 0)
            fuzz_fail("with its own schema it is other data\n%s", schema);
    }
    tacet_data_free(same);
    free(schema);
}

/* Trains on a few batches. */
static void train(tacet_data *d, const tacet_data_info *info)
{
    tacet_error e;
    tacet_graph *g = tacet_graph_new(&memory.hook);
    const tacet_value x = tacet_input(g, "x", info->rank, info->shape);
    tacet_value t = {0};
    if (info->classes > 0)
        t = tacet_input_of(g, "target", TACET_I32, 0, info->label_rank, info->label_shape);
    else if (info->target_rank >= 0)
        t = tacet_input(g, "target", info->target_rank, info->target_shape);
    tacet_chain(g, x, info->rank > 1 ? "flatten | linear 2" : "linear 2");
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 3}, &e);
    tacet_loader *l = tacet_loader_new(d, 3, 1, true, &e);
    for (int i = 0; p && l && i < 10; i++) {
        const int64_t rows = tacet_loader_next(l, p, x, t);
        if (rows < 0) fuzz_refused("feeding", tacet_plan_error(p));
        if (rows <= 0) break;
        if (tacet_forward(p, rows)) fuzz_refused("the forward pass", tacet_plan_error(p));
    }
    tacet_loader_free(l);
    tacet_plan_free(p);
    tacet_graph_free(g);
}

static void use(const char *source, tacet_data *d)
{
    tacet_error e;
    tacet_data_info info = {.size = sizeof info};
    if (tacet_data_describe(d, &info) || info.rows < 1) fuzz_fail("data without rows");
    reopen(source, d, &info);
    for (int64_t i = 0; i < info.rows && i < 10; i++) (void)tacet_data_id(d, i);
    tacet_data *held = tacet_data_hold_out(d, 0.3, 1, &e);
    if (!held) fuzz_refused("holding rows out", &e);
    train(d, &info);
    tacet_data_free(held);
}

void fuzz_data(const char *source, const char *schema)
{
    enum { MOST = 8 << 20 };
    char text[2000];
    size_t n = 0;
    for (; *source && n + sizeof folder < sizeof text; source++) {
        if (*source == '@')
            n += (size_t)snprintf(text + n, sizeof text - n, "%s", folder);
        else
            text[n++] = *source;
    }
    text[n] = '\0';
    tacet_memory *m = fuzz_memory_begin(MOST);
    for (int test = 0; test < 2; test++) {
        tacet_error e;
        const char *part = test ? "test" : "train";
        tacet_data *d = schema ? tacet_data_open_as(text, part, schema, !test, m, &e)
                               : tacet_data_open(text, part, m, &e);
        if (!d) fuzz_refused("opening the data", &e);
        if (d && !test) use(text, d);
        tacet_data_free(d);
    }
    fuzz_memory_end();
}
