/* fuzz_checkpoint.c: resuming from a checkpoint whose notes or numbers were changed. The parts of an input replace those
 * notes of tests/checkpoints/version2.safetensors that have their name; the part "data" replaces its numbers. What is
 * refused changes nothing; what is resumed trains on, and does the same after another checkpoint. */
#include "fuzz.h"

enum { MOST_BYTES = 16 << 20, BATCH = 5, NUMBERS = 1 << 12 };

static const char table[] = "a,b,c,d,e,f,k\n1,2,3,4,5,6,0\n2,1,0,1,2,3,1\n0,0,1,0,0,1,2\n-1,2,-3,4,-5,6,1\n"
                            "3,2,1,3,2,1,0\n1,0,1,0,1,0,2\n9,8,7,6,5,4,1\n";

/* The file to begin with; never freed. */
static struct base {
    tc_json *header;
    const char *data;
    size_t bytes;
} base;

static void read_base(void)
{
    const tc_mem mem = tc_mem_of(NULL);
    size_t n, length = 0;
    tc_json_error e;
    char *text = fuzz_source("tests/checkpoints/version2.safetensors", "", &n);
    for (int i = 0; i < 8; i++) length |= (size_t)(unsigned char)text[i] << 8 * i;
    char *header = tc_strdup(&mem, text + 8);
    header[length] = '\0';
    base = (struct base){tc_json_read(&mem, header, length, &e), text + 8 + length, n - 8 - length};
    if (!base.header) fuzz_fail("%s", e.text);
    fuzz_put("t.csv", table, sizeof table - 1);
}

/* The file with the notes and the data of the input. */
static void write_file(const unsigned char *bytes, size_t n)
{
    size_t length;
    const tc_json *entry, *note;
    size_t i, k;
    tc_json_writer j = {.to.mem = tc_mem_of(NULL)};
    tc_json_open(&j, NULL, '{');
    tc_json_each(base.header, i, entry)
    {
        if (strcmp(entry->key, "__metadata__") != 0) {
            fuzz_json(&j, entry);
            continue;
        }
        tc_json_open(&j, entry->key, '{');
        tc_json_each(entry, k, note)
        {
            char *own = fuzz_part(bytes, n, note->key, &length);
            tc_json_add_text(&j, note->key, own ? own : tc_json_text(note));
            free(own);
        }
        tc_json_close(&j, '}');
    }
    tc_json_close(&j, '}');
    char *data = fuzz_part(bytes, n, "data", &length), *file = malloc(8 + j.to.length + base.bytes);
    if (!file || j.to.failed) fuzz_fail("out of memory");
    for (i = 0; i < 8; i++) file[i] = (char)(unsigned char)((uint64_t)j.to.length >> 8 * i);
    memcpy(file + 8, j.to.data, j.to.length);
    memcpy(file + 8 + j.to.length, base.data, base.bytes);
    if (data) memcpy(file + 8 + j.to.length, data, length < base.bytes ? length : base.bytes);
    fuzz_put("in.safetensors", file, 8 + j.to.length + base.bytes);
    free(file);
    free(data);
    tc_text_free(&j.to);
}

/* ---- Training ---- */

typedef struct training {
    tacet_graph *g;
    tacet_plan *p;
    tacet_data *d;
    tacet_loader *l;
    const tacet_memory *m;
} training;

static bool begin(training *t, const tacet_file *f, const tacet_memory *m, const char *optimizer)
{
    tacet_error e;
    char source[200];
    snprintf(source, sizeof source, "csv %s label=k", fuzz_path("t.csv"));
    *t = (training){.g = tacet_file_graph(f, m, &e), .m = m};
    tacet_config config = {
        TACET_CONFIG,         .batch = BATCH, .optimizer = optimizer,  .seed = 0xfedcba9876543210, .epochs = 3,
        .steps_per_epoch = 2, .ledger = 1,    .metrics = "f1, roc_auc"};
    t->p = t->g ? tacet_compile(t->g, &config, &e) : NULL;
    t->d = t->p ? tacet_data_open(source, "train", m, &e) : NULL;
    t->l = t->d ? tacet_loader_new(t->d, BATCH, 1, true, &e) : NULL;
    if (!t->l) fuzz_refused("the training", &e);
    return t->l;
}

static void end(training *t)
{
    tacet_loader_free(t->l);
    tacet_data_free(t->d);
    tacet_plan_free(t->p);
    tacet_graph_free(t->g);
}

/* A few steps; the status of the last. */
static tacet_status train(training *t)
{
    tacet_status s = TACET_OK;
    for (int i = 0; i < 4 && s == TACET_OK; i++) {
        int64_t rows = tacet_loader_next(t->l, t->p, tacet_find(t->g, "x"), tacet_find(t->g, "target"));
        if (rows == 0) rows = tacet_loader_next(t->l, t->p, tacet_find(t->g, "x"), tacet_find(t->g, "target"));
        s = rows < 0 ? TACET_FAILED : tacet_step(t->p, rows);
    }
    if (s) fuzz_refused("a step", tacet_plan_error(t->p));
    return s;
}

/* The checkpoint as bytes; 0: it cannot be written. */
static size_t state(const training *t, const char *name, unsigned char *to, size_t most)
{
    tacet_error e;
    if (tacet_checkpoint(t->p, t->l, fuzz_path(name), 0, NULL, &e)) {
        fuzz_refused("a checkpoint", &e);
        return 0;
    }
    return fuzz_get(name, to, most);
}

enum { STATE = 1 << 16 };

/* Both have trained on from here: they must be in the same state. */
static void compare(training *first, const tacet_file *f, const char *optimizer)
{
    static unsigned char a[STATE], b[STATE];
    tacet_error e;
    training second;
    const size_t before = state(first, "out.safetensors", a, sizeof a);
    tacet_file *out = before ? tacet_file_open(fuzz_path("out.safetensors"), first->m, &e) : NULL;
    if (before && !out && e.status != TACET_MEMORY) fuzz_fail("its own checkpoint is refused: %s", e.message);
    if (out && begin(&second, f, first->m, optimizer)) {
        if (tacet_resume(second.p, second.l, out, &e)) {
            if (e.status != TACET_MEMORY) fuzz_fail("its own checkpoint cannot be resumed: %s", e.message);
        } else {
            const tacet_status s = train(first), same = train(&second);
            const size_t n = state(first, "out.safetensors", a, sizeof a),
                         k = state(&second, "out.safetensors", b, sizeof b);
            if (s != same || n != k || memcmp(a, b, n) != 0)
                fuzz_fail("after another checkpoint it trains on differently");
        }
    }
    if (out) end(&second);
    tacet_file_free(out);
}

static void resume(const tacet_file *f, const tacet_memory *m, const char *optimizer, bool loader)
{
    static unsigned char before[STATE], after[STATE];
    tacet_error e;
    training t;
    if (begin(&t, f, m, optimizer)) {
        const size_t n = state(&t, "out.safetensors", before, sizeof before);
        if (tacet_resume(t.p, loader ? t.l : NULL, f, &e)) {
            fuzz_refused("resuming", &e);
            if (state(&t, "out.safetensors", after, sizeof after) != n || memcmp(before, after, n) != 0)
                fuzz_fail("a refused checkpoint has changed the training: %s", e.message);
        } else if (train(&t) == TACET_OK) {
            compare(&t, f, optimizer);
        }
    }
    end(&t);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n)
{
    tacet_error e;
    if (!base.header) read_base();
    write_file(bytes, n);
    tacet_memory *m = fuzz_memory_begin(MOST_BYTES);
    tacet_file *f = tacet_file_open(fuzz_path("in.safetensors"), m, &e);
    size_t ignored;
    char *optimizer = fuzz_part(bytes, n, "optimizer", &ignored), *loader = fuzz_part(bytes, n, "loader", &ignored);
    if (!f) fuzz_refused("opening the file", &e);
    if (f)
        resume(f, m, optimizer ? optimizer : "sgd lr=0.1 momentum=0.9 weight_decay=1e-3 schedule=cosine warmup=1",
               loader);
    tacet_file_free(f);
    fuzz_memory_end();
    free(optimizer);
    free(loader);
    return 0;
}

/* ---- Seeds ---- */

static void seed(const char *const *key, const char *const *text, int n)
{
    char all[1 << 14];
    size_t length = 0;
    for (int i = 0; i < n; i++)
        length += (size_t)snprintf(all + length, sizeof all - length, "%s%%%% %s\n%s", i ? "\n" : "", key[i], text[i]);
    fuzz_seed(all, length);
}

void fuzz_seeds(void)
{
    enum { MOST = 30 };
    const char *key[MOST], *text[MOST];
    const tc_json *note;
    int n = 0;
    size_t i, length;
    tacet_error e;
    training t;
    read_base();
    tc_json_each(tc_json_get(base.header, "__metadata__"), i, note) if (n < MOST) key[n] = note->key,
                                                                                  text[n++] = tc_json_text(note);
    seed(key, text, n); /* as it was stored by version 2 */
    char *three = fuzz_source("tests/checkpoints/version2.json", "", &length);
    seed((const char *[]){"tacet.checkpoint"}, (const char *[]){three}, 1);
    free(three);

    fuzz_put("in.safetensors", "", 0);
    write_file((const unsigned char *)"", 0);
    tacet_file *f = tacet_file_open(fuzz_path("in.safetensors"), NULL, &e);
    const char *optimizer = "sgd lr=0.1 momentum=0.9 schedule=step every=1";
    if (!f || !begin(&t, f, NULL, optimizer) || train(&t)) fuzz_fail("cannot make a checkpoint");
    tacet_checkpoint(t.p, t.l, fuzz_path("out.safetensors"), 0, NULL, &e);
    tacet_file *out = tacet_file_open(fuzz_path("out.safetensors"), NULL, &e);
    if (!out) fuzz_fail("%s", e.message);
    seed((const char *[]){"optimizer", "loader", "tacet.checkpoint"},
         (const char *[]){optimizer, "", tacet_file_note(out, "tacet.checkpoint")}, 3);
    end(&t);
    tacet_file_free(out);
    tacet_file_free(f);
}
