/* fuzz_differential.c: the same training in several ways. The bytes of an input choose a network from the catalogue, its
 * penalties, optimizer, options and data; whatever the library refuses is left out. Then these must agree:
 *
 *     one thread and three, in every bit of the checkpoint and of the outputs
 *     a run that was resumed from a checkpoint and one that was not, likewise
 *     a network and the model that was saved and loaded, in the outputs and in the terms
 *     products on firing lists and dense ones, up to rounding
 *     steps of several batches and of one, likewise, unless a layer mixes samples
 *
 * In the first three, too, steps may have several batches, and weights be averaged. */
#include "fuzz.h"

#include <math.h>
#include <stdarg.h>

enum { LAYERS = 7, PENALTIES = 4, LOSSES = 2, MOST_BYTES = 64 << 20, STEPS = 4, TEXT = 240 };

/* ---- The choices ---- */

typedef struct bytes {
    const unsigned char *at;
    size_t left;
} bytes;

/* A number from 0 to n - 1; 0 when the bytes are used up. */
static int pick(bytes *b, int n)
{
    if (b->left == 0) return 0;
    b->left--;
    return n > 0 ? *b->at++ % n : 0;
}

typedef enum target { LABELS, NUMBERS, ITSELF, TARGETS } target;

typedef struct net {
    int rank;
    int64_t shape[3];
    target target;
    int64_t labels[2], targets[3]; /* the shapes that fit the output */
    int label_rank, target_rank;
    int layers, losses, penalties, options;
    char layer[LAYERS][TEXT], loss[LOSSES][TEXT];
    char penalty[PENALTIES][2][TEXT], option[1][2][TEXT], optimizer[TEXT], metrics[TEXT];
    int64_t batch;
    tacet_sparse sparse;
    bool keeps; /* every value and gradient is readable */
    bool large; /* so large that its steps are divided among threads */
    int parts;  /* batches of a step */
    double ema;
} net;

/* One plan, and what it is fed. */
typedef struct run {
    tacet_graph *g;
    tacet_value x, t, y;
    tacet_plan *p;
} run;

static const tacet_memory *hook;

/* ---- A network as a graph ---- */

static tacet_graph *describe(const net *n, run *r)
{
    tacet_graph *g = tacet_graph_new(hook);
    *r = (run){.g = g, .x = tacet_input(g, "x", n->rank, n->shape)};
    r->y = r->x;
    for (int i = 0; i < n->layers; i++) r->y = tacet_chain(g, r->y, n->layer[i]);
    if (n->losses) {
        if (n->target == LABELS) r->t = tacet_input_of(g, "target", TACET_I32, 0, n->label_rank, n->labels);
        if (n->target == NUMBERS) r->t = tacet_input(g, "target", n->target_rank, n->targets);
    }
    for (int i = 0; i < n->losses; i++) tacet_loss(g, n->loss[i], r->y, n->target == ITSELF ? r->x : r->t);
    for (int i = 0; i < n->penalties; i++) tacet_penalize(g, n->penalty[i][0], n->penalty[i][1]);
    for (int i = 0; i < n->options; i++) tacet_options(g, n->option[i][0], n->option[i][1]);
    if (n->keeps) tacet_keep(g, "*");
    if (n->keeps) tacet_keep_gradient(g, "*");
    return g;
}

static bool compile(const net *n, bool trains, tacet_sparse sparse, int threads, run *r)
{
    tacet_config c = {TACET_CONFIG,
                      .batch = n->batch,
                      .optimizer = trains ? n->optimizer : NULL,
                      .seed = 3,
                      .threads = threads,
                      .steps_per_epoch = 2,
                      .epochs = 2,
                      .sparse = sparse,
                      .ledger = 1,
                      .accumulate = n->parts,
                      .ema = n->ema,
                      .metrics = trains ? n->metrics : NULL};
    r->p = tacet_graph_error(describe(n, r)) ? NULL : tacet_compile(r->g, &c, NULL);
    return r->p;
}

static void end(run *r)
{
    tacet_plan_free(r->p);
    tacet_graph_free(r->g);
}

static bool accepted(const net *n, bool trains)
{
    run r;
    const bool good = compile(n, trains, n->sparse, 1, &r);
    end(&r);
    return good;
}

/* ---- Choosing ---- */

static void add(char to[TEXT], const char *key, const char *value)
{
    const size_t n = strlen(to);
    snprintf(to + n, TEXT - n, *key ? " %s=%s" : " %s%s", key, value);
}

/* The name of one of the values so far. */
static const char *name_of(const net *n, bytes *b, char to[TEXT])
{
    run r;
    tacet_value_info v = {.size = sizeof v, .name = "x"};
    if (compile(n, false, n->sparse, 1, &r)) tacet_value_at(r.p, pick(b, tacet_value_count(r.p)), &v);
    snprintf(to, TEXT, "%s", v.name);
    end(&r);
    return to;
}

/* A value for an attribute of that type; false: none is tried. */
static bool value_of(const net *n, bytes *b, const char *type, char to[TEXT])
{
    static const char *const numbers[] = {"0.1", "0", "0.001", "0.01", "0.3", "0.5", "0.9", "1", "2", "3"};
    static const char *const wholes[] = {"24", "1", "2", "3", "5", "8", "17", "40", "64", "33"};
    if (strchr(type, '|')) {
        int words = 1;
        for (const char *c = type; *c; c++) words += *c == '|';
        for (int skip = pick(b, words); skip > 0; skip--) type = strchr(type, '|') + 1;
        snprintf(to, TEXT, "%.*s", (int)strcspn(type, "|"), type);
    } else if (strcmp(type, "float") == 0) {
        snprintf(to, TEXT, "%s", numbers[pick(b, 10)]);
    } else if (strcmp(type, "int") == 0) {
        snprintf(to, TEXT, "%s", wholes[pick(b, 10)]);
    } else if (strcmp(type, "bool") == 0) {
        snprintf(to, TEXT, "%s", pick(b, 2) ? "true" : "false");
    } else if (strcmp(type, "value") == 0) {
        name_of(n, b, to);
    } else {
        return false;
    }
    return true;
}

/* An entry of that role with some of its attributes. */
static void entry(const net *n, bytes *b, tacet_role role, char to[TEXT])
{
    enum { MOST = 100 };
    int found[MOST], count = 0;
    tacet_entry e = {.size = sizeof e};
    tacet_attribute a = {.size = sizeof a};
    char value[TEXT];
    for (int i = 0; count < MOST && tacet_entry_at(i, &e) == TACET_OK; i++)
        if (e.role == role || (role == TACET_ROLE_PENALTY && e.role == TACET_ROLE_CONSTRAINT)) found[count++] = i;
    const int i = found[pick(b, count)];
    tacet_entry_at(i, &e);
    snprintf(to, TEXT, "%s", e.name);
    for (int k = 0; tacet_attribute_at(i, k, &a) == TACET_OK; k++)
        if ((!a.preset || pick(b, 4) == 1) && value_of(n, b, a.type, value)) add(to, a.name, value);
    for (int k = 0; role == TACET_ROLE_LAYER && e.parameter[k]; k++)
        if (pick(b, 8) == 1) add(to, e.parameter[k], name_of(n, b, value));
}

static void selector(const net *n, bytes *b, char to[TEXT])
{
    static const char *const patterns[] = {"*.weight", "relu*", "linear*", "*.bias", "*.*", "linear1.*"};
    const int i = pick(b, 12);
    if (i < 6)
        snprintf(to, TEXT, "%s", patterns[i]);
    else
        name_of(n, b, to);
}

static void choose_layers(net *n, bytes *b)
{
    for (int tries = 2 + pick(b, 9); tries > 0 && n->layers < LAYERS; tries--) {
        char *to = n->layer[n->layers];
        switch (pick(b, 3)) { /* most networks have these two */
        case 0:
            snprintf(to, TEXT, "linear %d", 1 + pick(b, 70));
            break;
        case 1:
            snprintf(to, TEXT, "relu");
            break;
        default:
            entry(n, b, TACET_ROLE_LAYER, to);
        }
        n->layers++;
        if (!accepted(n, false)) n->layers--;
    }
}

/* The shapes of targets that fit the output. */
static void shape_targets(net *n)
{
    run r;
    tacet_value_info v = {.size = sizeof v};
    if (compile(n, false, n->sparse, 1, &r) && tacet_value_at(r.p, r.y.id - 1, &v) == TACET_OK && v.rank <= 3) {
        n->label_rank = v.rank > 0 ? v.rank - 1 : 0;
        n->target_rank = v.rank;
        for (int i = 0; i < v.rank; i++) n->targets[i] = v.shape[i];
        for (int i = 0; i < n->label_rank; i++) n->labels[i] = v.shape[i];
    }
    end(&r);
}

static void choose(net *n, bytes *b)
{
    *n = (net){.rank = 1 + pick(b, 3), .optimizer = "sgd lr=0.1"};
    n->shape[n->rank - 1] = 1 + pick(b, 60);
    for (int i = 0; i < n->rank - 1; i++) n->shape[i] = 1 + pick(b, 4);
    n->large = pick(b, 8) == 1;
    n->batch = n->large ? 100 + pick(b, 200) : 1 + pick(b, 40);
    n->sparse = (tacet_sparse)pick(b, 3);
    n->keeps = pick(b, 4) == 1;
    choose_layers(n, b);
    shape_targets(n);
    for (int tries = 1 + pick(b, 4); tries > 0 && n->losses < LOSSES; tries--) {
        if (n->losses == 0) n->target = (target)pick(b, TARGETS);
        entry(n, b, TACET_ROLE_LOSS, n->loss[n->losses++]);
        if (!accepted(n, true)) n->losses--;
    }
    for (int tries = pick(b, 7); tries > 0 && n->penalties < PENALTIES; tries--) {
        selector(n, b, n->penalty[n->penalties][0]);
        entry(n, b, TACET_ROLE_PENALTY, n->penalty[n->penalties++][1]);
        if (!accepted(n, true)) n->penalties--;
    }
    char before[TEXT];
    memcpy(before, n->optimizer, TEXT);
    entry(n, b, TACET_ROLE_OPTIMIZER, n->optimizer);
    if (!accepted(n, true)) memcpy(n->optimizer, before, TEXT);
    entry(n, b, TACET_ROLE_METRIC, n->metrics);
    if (!accepted(n, true)) *n->metrics = '\0';
    if (pick(b, 4) == 1) {
        selector(n, b, n->option[0][0]);
        snprintf(n->option[0][1], TEXT, "%s", pick(b, 2) ? "frozen" : "lr=0.01 weight_decay=0.1");
        n->options++;
        if (!accepted(n, true)) n->options--;
    }
    n->ema = pick(b, 4) == 1 ? 0.5 : 0;
    n->parts = 1 + pick(b, 4);
    if (!accepted(n, true)) n->parts = 1;
}

/* ---- Data ---- */

enum { ROOM = 1 << 17 };

typedef struct data {
    float *x, *t;
    int32_t *labels;
    int64_t rows[STEPS], row, target; /* elements of a row */
} data;

static float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-24f;
}

/* Whether they fit in memory. */
static bool fill(const net *n, bytes *b, data *d)
{
    static float x[ROOM], t[ROOM];
    static int32_t labels[ROOM];
    static const float densities[] = {0.3f, 0, 0.02f, 0.1f, 0.5f, 1};
    uint32_t s = 7 + (uint32_t)pick(b, 256);
    const float density = densities[pick(b, 6)], size = pick(b, 8) == 1 ? 10 : 1;
    const int shares = pick(b, 3); /* targets: yes or no, any number from 0 to 1, the same for all */
    int64_t classes = n->target_rank ? n->targets[n->target_rank - 1] : 1;
    *d = (data){x, t, labels, {n->batch, 1 + pick(b, (int)n->batch), n->batch, 1 + pick(b, (int)n->batch)}, 1, 1};
    for (int i = 0; i < n->rank; i++) d->row *= n->shape[i];
    for (int i = 0; i < n->target_rank; i++) d->target *= n->targets[i];
    if (d->row * n->batch > ROOM || d->target * n->batch > ROOM) return false;
    for (int i = 0; i < ROOM; i++) {
        const float positive = size * (0.05f + noise(&s)), u = noise(&s);
        x[i] = noise(&s) < density ? positive : u < 0.5f ? 0 : -positive;
        t[i] = shares == 0 ? (float)(u < 0.5f) : shares == 1 ? u : 0.5f;
        labels[i] = (int32_t)((int64_t)(u * 1000) % classes);
    }
    return true;
}

static void feed(const net *n, run *r, const data *d, int64_t row)
{
    int64_t label = 1;
    for (int i = 0; i < n->label_rank; i++) label *= n->labels[i];
    if (tacet_feed(r->p, r->x, TACET_F32, d->x + row * d->row)) fuzz_fail("%s", tacet_plan_error(r->p)->message);
    if (!r->t.id) return;
    const bool labels = n->target == LABELS;
    if (tacet_feed(r->p, r->t, labels ? TACET_I32 : TACET_F32,
                   labels ? (const void *)(d->labels + row * label) : d->t + row * d->target))
        fuzz_fail("%s", tacet_plan_error(r->p)->message);
}

static tacet_status step(const net *n, run *r, const data *d, int k)
{
    const int64_t rows = d->rows[k], parts = rows < n->parts ? rows : n->parts;
    tacet_status s = TACET_OK;
    for (int pass = parts < 2 || !tacet_weighs(r->p); pass < 2; pass++)
        for (int64_t i = 0; i < parts && s == TACET_OK; i++) {
            const int64_t from = rows * i / parts, of = rows * (i + 1) / parts - from;
            feed(n, r, d, from);
            s = pass == 0       ? tacet_weigh(r->p, of)
                : i + 1 < parts ? tacet_accumulate(r->p, of, rows)
                                : tacet_step(r->p, of);
        }
    return s;
}

/* ---- Findings ---- */

static const net *current;

__attribute__((format(printf, 1, 2))) static void differs(const char *format, ...)
{
    static const char *const sparse[] = {"auto", "never", "always"};
    const net *n = current;
    char text[8000], why[500];
    size_t at = 0;
    va_list list;
    va_start(list, format);
    vsnprintf(why, sizeof why, format, list);
    va_end(list);
#define LINE(...) at += (size_t)snprintf(text + at, sizeof text - at, __VA_ARGS__)
    LINE("%s\n    input x", why);
    for (int i = 0; i < n->rank; i++) LINE(" %lld", (long long)n->shape[i]);
    LINE("; batch %lld, sparse=%s, %s\n    model", (long long)n->batch, sparse[n->sparse],
         n->keeps ? "all kept" : "nothing kept");
    for (int i = 0; i < n->layers; i++) LINE("%s %s", i ? " |" : "", n->layer[i]);
    for (int i = 0; i < n->losses; i++)
        LINE("\n    loss %s: %s", n->target == LABELS ? "labels" : n->target == ITSELF ? "x" : "numbers", n->loss[i]);
    for (int i = 0; i < n->penalties; i++) LINE("\n    penalties %s: %s", n->penalty[i][0], n->penalty[i][1]);
    for (int i = 0; i < n->options; i++) LINE("\n    options %s: %s", n->option[i][0], n->option[i][1]);
    LINE("\n    optimizer %s; metrics %s; %d batches a step, ema %g", n->optimizer, n->metrics, n->parts, n->ema);
#undef LINE
    fuzz_fail("%s", text);
}

/* ---- In every bit ---- */

enum { STATE = 1 << 20 };

static void save_state(run *r, const char *name)
{
    tacet_error e;
    if (tacet_checkpoint(r->p, NULL, fuzz_path(name), 0, NULL, &e)) differs("no checkpoint: %s", e.message);
}

static void same_state(const char *first, const char *second, const char *how)
{
    static unsigned char a[STATE], b[STATE];
    const size_t n = fuzz_get(first, a, sizeof a), k = fuzz_get(second, b, sizeof b);
    size_t at = 0;
    while (at < n && at < k && a[at] == b[at]) at++;
    if (n != k || at < n) differs("%s: the checkpoints differ at byte %zu of %zu and %zu", how, at, n, k);
}

/* The outputs and the terms of a forward pass; returns how many numbers. loaded: without the values of spectral_norm,
 * which begin from a vector that models do not hold, and so agree only to about 1e-5. */
static int64_t answers(const net *n, run *r, const data *d, bool loaded, double *to)
{
    static float y[ROOM];
    int64_t count = 0;
    tacet_value_info v = {.size = sizeof v};
    feed(n, r, d, 0);
    if (tacet_forward(r->p, n->batch)) return 0;
    tacet_value_at(r->p, r->y.id - 1, &v);
    if (v.elements * n->batch <= ROOM - 100 && tacet_read(r->p, v.name, y, (size_t)(v.elements * n->batch)) == TACET_OK)
        for (; count < v.elements * n->batch; count++) to[count] = (double)y[count];
    for (int i = 0; i < tacet_term_count(r->p) && i < 50; i++) {
        tacet_term t = {.size = sizeof t};
        tacet_term_at(r->p, i, &t);
        if (!loaded || !strstr(t.name, ":spectral_norm")) to[count++] = t.value;
    }
    return count;
}

static void same_answers(const net *n, run *r, run *s, const data *d, bool loaded, const char *how)
{
    static double a[ROOM], b[ROOM];
    const int64_t count = answers(n, r, d, loaded, a), other = answers(n, s, d, loaded, b);
    if (count != other) differs("%s: %lld and %lld numbers", how, (long long)count, (long long)other);
    for (int64_t i = 0; i < count; i++)
        if (memcmp(&a[i], &b[i], sizeof a[i]) != 0 && !(isnan(a[i]) && isnan(b[i])))
            differs("%s: number %lld of the outputs and terms is %.17g and %.17g", how, (long long)i, a[i], b[i]);
}

static void same_steps(const net *n, run *r, run *s, const data *d, int from, const char *how)
{
    for (int k = from; k < STEPS; k++) {
        const tacet_status a = step(n, r, d, k), b = step(n, s, d, k);
        if (a != b) differs("%s: step %d ends with %d and %d", how, k, a, b);
    }
}

static void load(const net *n, run *r, const data *d)
{
    tacet_error e;
    tacet_value_info v = {.size = sizeof v};
    const char *path = fuzz_path("model.safetensors");
    if (tacet_save(r->p, path, 0, NULL, &e)) differs("cannot be saved: %s", e.message);
    tacet_file *f = tacet_file_open(path, hook, &e);
    run s = {.g = f ? tacet_file_graph(f, hook, &e) : NULL};
    tacet_config c = {TACET_CONFIG, .batch = n->batch, .sparse = n->sparse};
    s.p = s.g ? tacet_compile(s.g, &c, &e) : NULL;
    if (!s.p || tacet_file_load(f, s.p, true, NULL, &e)) differs("saved and loaded: %s", e.message);
    s.x = tacet_find(s.g, "x");
    s.t = tacet_find(s.g, "target");
    tacet_value_at(r->p, r->y.id - 1, &v);
    s.y = tacet_find(s.g, v.name);
    tacet_file_free(f);
    same_answers(n, r, &s, d, true, "saved and loaded");
    end(&s);
}

static bool resume(run *r, const char *name)
{
    tacet_error e;
    tacet_file *f = tacet_file_open(fuzz_path(name), hook, &e);
    if (!f || tacet_resume(r->p, NULL, f, &e)) differs("its checkpoint is refused: %s", e.message);
    tacet_file_free(f);
    return true;
}

static void in_every_bit(const net *n, const data *d)
{
    run one, three, resumed;
    const bool first = compile(n, true, n->sparse, 1, &one), second = compile(n, true, n->sparse, 3, &three);
    if (compile(n, true, n->sparse, 1, &resumed) && first && second) {
        for (int k = 0; k < STEPS / 2; k++) {
            const tacet_status a = step(n, &one, d, k), b = step(n, &three, d, k);
            if (a != b) differs("three threads: step %d ends with %d and %d", k, a, b);
        }
        save_state(&one, "half");
        resume(&resumed, "half");
        same_steps(n, &one, &resumed, d, STEPS / 2, "resumed");
        for (int k = STEPS / 2; k < STEPS; k++) (void)step(n, &three, d, k);
        save_state(&one, "one");
        save_state(&three, "three");
        save_state(&resumed, "resumed");
        same_state("one", "three", "three threads");
        same_state("one", "resumed", "resumed");
        same_answers(n, &one, &three, d, false, "three threads");
        load(n, &one, d);
    }
    end(&one);
    end(&three);
    end(&resumed);
}

/* ---- Up to rounding ---- */

/* The gradients of all parameters, one after another. */
static int64_t gradients(run *r, float *to)
{
    int64_t count = 0;
    tacet_value_info v = {.size = sizeof v};
    for (int i = 0; tacet_value_at(r->p, i, &v) == TACET_OK; i++)
        if (v.role == TACET_ROLE_PARAMETER && count + v.elements <= ROOM &&
            tacet_read_gradient(r->p, v.name, to + count, (size_t)v.elements) == TACET_OK)
            count += v.elements;
    return count;
}

/* Moves every parameter by a few units in its last place; 0: none. */
static void shake(run *r, uint32_t seed)
{
    static float w[ROOM];
    tacet_value_info v = {.size = sizeof v};
    for (int i = 0; seed && tacet_value_at(r->p, i, &v) == TACET_OK; i++) {
        if (v.role != TACET_ROLE_PARAMETER || v.elements > ROOM) continue;
        if (tacet_read(r->p, v.name, w, (size_t)v.elements)) continue;
        for (int64_t k = 0; k < v.elements; k++) w[k] *= 1 + 2e-6f * (noise(&seed) - 0.5f);
        tacet_write(r->p, v.name, w, (size_t)v.elements);
    }
}

/* One step from the state `from` ("": the first); -1: it is refused. */
static int64_t one_step(const net *n, const data *d, const char *from, tacet_sparse sparse, uint32_t seed, float *to)
{
    run r;
    int64_t count = -1;
    if (compile(n, true, sparse, 1, &r) && (!*from || resume(&r, from))) {
        shake(&r, seed);
        if (step(n, &r, d, 0) == TACET_OK) count = gradients(&r, to);
    }
    end(&r);
    return count;
}

/* How far apart two vectors are, compared with their largest number. */
static double distance(const float *a, const float *b, int64_t n)
{
    double most = 1e-30, far = 0;
    for (int64_t i = 0; i < n; i++) {
        most = fmax(most, fabs((double)b[i]));
        far = fmax(far, fabs((double)a[i] - (double)b[i]));
    }
    return far / most;
}

/* Two ways of making one step. A network in which the last bit of a weight matters more than the difference, at a kink or
 * a tie, proves nothing. */
typedef struct way {
    const char *name;
    int parts;
    tacet_sparse sparse;
} way;

static void up_to_rounding(const net *n, const data *d, const char *from, way a, way b)
{
    enum { SHAKES = 8 };
    static float first[ROOM], second[ROOM], shaken[ROOM];
    net one = *n, other = *n;
    one.sparse = other.sparse = TACET_SPARSE_AUTO; /* a checkpoint has figures of lists only then */
    one.parts = a.parts, other.parts = b.parts;
    const int64_t count = one_step(&one, d, from, a.sparse, 0, first);
    const int64_t due = one_step(&other, d, from, b.sparse, 0, second);
    const double far = count == due ? distance(first, second, count) : 1;
    if (far <= 2e-6) return;
    for (uint32_t seed = 1; seed <= SHAKES; seed++) {
        if (one_step(&other, d, from, b.sparse, seed, shaken) != due) return;
        if (distance(shaken, second, due) > far / 10) return;
    }
    if (count != due) differs("%s: %lld gradients, %s: %lld", a.name, (long long)count, b.name, (long long)due);
    differs("%s, gradients differ from those %s by %g of the largest", a.name, b.name, far);
}

/* Whether a layer sees only a batch, not the whole step. */
static bool mixes(const net *n)
{
    bool found = false;
    tacet_entry e = {.size = sizeof e};
    for (int i = 0; tacet_entry_at(i, &e) == TACET_OK; i++)
        for (int k = 0; k < n->layers && e.mixes; k++) found = found || strstr(n->layer[k], e.name) == n->layer[k];
    return found;
}

int LLVMFuzzerTestOneInput(const unsigned char *input, size_t size)
{
    bytes b = {input, size};
    static net n;
    data d;
    current = &n;
    hook = fuzz_memory_begin(MOST_BYTES);
    choose(&n, &b);
    if (n.losses && fill(&n, &b, &d) && accepted(&n, true)) {
        in_every_bit(&n, &d);
        for (int i = 0; i < 2; i++) {
            const char *from = i ? "half" : "";
            up_to_rounding(&n, &d, from, (way){"on lists", n.parts, TACET_SPARSE_ALWAYS},
                           (way){"of dense products", n.parts, TACET_SPARSE_NEVER});
            if (n.parts > 1 && !mixes(&n))
                up_to_rounding(&n, &d, from, (way){"in several batches", n.parts, TACET_SPARSE_NEVER},
                               (way){"of one batch", 1, TACET_SPARSE_NEVER});
        }
    }
    fuzz_memory_end();
    return 0;
}

/* Numbers that look random. */
void fuzz_seeds(void)
{
    enum { SEEDS = 40, BYTES = 200 };
    uint32_t s = 1;
    for (int i = 0; i < SEEDS; i++) {
        unsigned char bytes[BYTES];
        for (int k = 0; k < BYTES; k++) bytes[k] = (unsigned char)(256 * noise(&s));
        fuzz_seed(bytes, BYTES);
    }
}
