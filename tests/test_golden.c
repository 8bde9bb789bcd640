/* test_golden.c: Tacet against PyTorch. Every file in tests/golden (made by tools/golden.py, which explains the format,
 * tools/golden_images.py and tools/golden_sae.py) describes a network and has PyTorch's results: hidden values, terms,
 * gradients, weights and what layers remember after 1 and 10 steps, and the objective of each step. The test builds the
 * network from the description, only by public calls, and must get the same numbers. */
#include "tacet/tacet.h"

#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"

#ifndef EXTRA
#define EXTRA "" /* the subfolder of networks that need the operators of tests/ops */
#endif

/* The largest difference over the largest entry, or over SMALL for a tensor that is almost zero. */
static const double TOLERANCE = 1e-5, SMALL = 1e-3, LOSS_TOLERANCE = 1e-5;

enum { STEPS = 10, MOST_STEPS = 100, MAX_FILES = 64, MAX_COUNT = 1 << 14, MAX_FEEDS = 4 };

typedef struct tensor {
    const char *name; /* "value.relu1" */
    int rank;
    const int64_t *shape;
    const float *data;
    size_t count;
} tensor;

typedef struct golden {
    const char *path;
    tacet_file *file;
    tacet_graph *graph;
    tacet_plan *plan;
} golden;

static const char *note(const golden *o, const char *key)
{
    const char *text = tacet_file_note(o->file, key);
    return text ? text : "";
}

static tensor tensor_at(const golden *o, int i)
{
    tensor t;
    assert_int_equal(tacet_file_tensor(o->file, i, &t.name, &t.rank, &t.shape, &t.data), TACET_OK);
    t.count = 1;
    for (int k = 0; k < t.rank; k++) t.count *= (size_t)t.shape[k];
    assert_true(t.count <= MAX_COUNT);
    return t;
}

/* The rest of a tensor's name if it begins with prefix, otherwise NULL. */
static const char *after(const tensor *t, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(t->name, prefix, n) == 0 ? t->name + n : NULL;
}

static void must(const golden *o, tacet_status s)
{
    if (s == TACET_OK) return;
    fail_msg("%s: %s", o->path, tacet_plan_error(o->plan)->message);
}

/* ---- The description --------------------------------------------------------------------------------------------- */

typedef void line_reader(tacet_graph *g, char *head, const char *text);

static void each_line(tacet_graph *g, const char *lines, const char *cut, line_reader *read)
{
    char copy[2048], *save = NULL;
    assert_true((size_t)snprintf(copy, sizeof copy, "%s", lines) < sizeof copy);
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *rest = strstr(line, cut);
        assert_non_null(rest);
        *rest = 0;
        read(g, line, rest + strlen(cut));
    }
}

static void read_input(tacet_graph *g, char *name, const char *text)
{
    int64_t shape[3] = {0}, classes = 0;
    const bool labels = strncmp(text, "labels", 6) == 0;
    int read = labels ? 6 : 0;
    if (sscanf(text, "int32 %" SCNd64 "%n", &classes, &read) < 1) classes = 0;
    int rank = sscanf(text + read, "%" SCNd64 " %" SCNd64 " %" SCNd64, &shape[0], &shape[1], &shape[2]);
    tacet_input_of(g, name, labels || classes ? TACET_I32 : TACET_F32, classes, rank > 0 ? rank : 0, shape);
}

static void read_loss(tacet_graph *g, char *on, const char *text)
{
    char *target = strchr(on, ' ');
    assert_non_null(target);
    *target++ = 0;
    tacet_loss(g, text, tacet_find(g, on), tacet_find(g, target));
}

static void read_penalty(tacet_graph *g, char *on, const char *text) { tacet_penalize(g, on, text); }
static void read_options(tacet_graph *g, char *on, const char *text) { tacet_options(g, on, text); }

static void build(golden *o)
{
    tacet_graph *g = o->graph = tacet_graph_new(NULL);
    each_line(g, note(o, "input"), " ", read_input);
    tacet_chain(g, tacet_find(g, "x"), note(o, "model"));
    each_line(g, note(o, "loss"), ": ", read_loss);
    each_line(g, note(o, "penalties"), ": ", read_penalty);
    each_line(g, note(o, "options"), ": ", read_options);
    for (int i = 0; i < tacet_file_count(o->file); i++) {
        const tensor t = tensor_at(o, i);
        const char *value = after(&t, "value."), *gradient = after(&t, "gradient.");
        if (value) tacet_keep(g, value);
        if (gradient && !strchr(gradient, '.')) tacet_keep_gradient(g, gradient);
    }
    tacet_error why;
    const tacet_config config = {TACET_CONFIG, .batch = atoi(note(o, "batch")), .optimizer = note(o, "optimizer")};
    o->plan = tacet_compile(g, &config, &why);
    if (!o->plan) fail_msg("%s: %s %s", o->path, why.message, why.hint);
}

/* ---- The comparison ---------------------------------------------------------------------------------------------- */

static void compare(const golden *o, const tensor *t, const float *got)
{
    double largest = 0, worst = 0;
    for (size_t i = 0; i < t->count; i++) {
        const double difference = fabs((double)got[i] - (double)t->data[i]);
        largest = fmax(largest, fabs((double)t->data[i]));
        worst = difference <= worst ? worst : difference; /* a NaN is kept */
    }
    if (worst <= TOLERANCE * fmax(largest, SMALL)) return;
    fail_msg("%s: %s is off by %g, its largest entry is %g", o->path, t->name, worst, largest);
}

typedef tacet_status reader(tacet_plan *p, const char *name, float *data, size_t count);

/* Compares all tensors with a prefix, read by the same call. */
static void compare_all(const golden *o, const char *prefix, reader *read)
{
    static float got[MAX_COUNT];
    for (int i = 0; i < tacet_file_count(o->file); i++) {
        const tensor t = tensor_at(o, i);
        const char *name = after(&t, prefix);
        if (!name) continue;
        must(o, read(o->plan, name, got, t.count));
        compare(o, &t, got);
    }
}

static tacet_status read_term(tacet_plan *p, const char *name, float *data, size_t count)
{
    (void)count;
    data[0] = (float)tacet_term_value(p, name);
    return TACET_OK;
}

static tacet_status read_norm(tacet_plan *p, const char *name, float *data, size_t count)
{
    (void)name, (void)count;
    data[0] = (float)tacet_gradient_norm(p);
    return TACET_OK;
}

/* What a layer remembers can only be read from a saved model. */
static tacet_status read_state(tacet_plan *p, const char *name, float *data, size_t count)
{
    char saved[] = "/tmp/tacet_golden_XXXXXX";
    tacet_error why;
    const int descriptor = mkstemp(saved);
    assert_true(descriptor >= 0);
    close(descriptor);
    assert_int_equal(tacet_save(p, saved, 0, NULL, &why), TACET_OK);
    const golden o = {.path = saved, .file = tacet_file_open(saved, NULL, &why)};
    unlink(saved);
    assert_non_null(o.file);
    int found = 0;
    for (int i = 0; i < tacet_file_count(o.file); i++) {
        const tensor t = tensor_at(&o, i);
        if (strcmp(t.name, name) != 0) continue;
        assert_int_equal(t.count, count);
        memcpy(data, t.data, count * sizeof *data);
        found++;
    }
    if (found != 1) fail_msg("a saved model has %d tensors %s", found, name);
    tacet_file_free(o.file);
    return TACET_OK;
}

/* Every term is in the file, and their sum is the objective. */
static void compare_terms(const golden *o)
{
    double sum = 0;
    int here = 0, there = 0;
    for (int i = 0; i < tacet_term_count(o->plan); i++) {
        tacet_term t = {.size = sizeof t};
        assert_int_equal(tacet_term_at(o->plan, i, &t), TACET_OK);
        if (t.role == TACET_ROLE_CONSTRAINT) continue;
        here++;
        sum += t.lambda * t.value;
    }
    for (int i = 0; i < tacet_file_count(o->file); i++) {
        const tensor t = tensor_at(o, i);
        there += after(&t, "term.") != NULL;
    }
    assert_int_equal(here, there);
    assert_true(fabs(sum - tacet_objective(o->plan)) <= 1e-9 * fabs(sum));
    compare_all(o, "term.", read_term);
}

/* ---- The run ----------------------------------------------------------------------------------------------------- */

static void write_weights(const golden *o)
{
    for (int i = 0; i < tacet_file_count(o->file); i++) {
        const tensor t = tensor_at(o, i);
        const char *name = after(&t, "before.");
        if (name) must(o, tacet_write(o->plan, name, t.data, t.count));
    }
}

static void step(const golden *o, int k)
{
    static int32_t labels[MAX_FEEDS][MAX_COUNT]; /* the step reads them */
    int feeds = 0;
    const int64_t rows = atoi(note(o, "rows"));
    for (int i = 0; i < tacet_file_count(o->file); i++) {
        const tensor t = tensor_at(o, i);
        const char *name = after(&t, "feed.");
        if (!name) continue;
        assert_int_equal(t.shape[1], rows);
        const float *data = t.data + (size_t)(k % t.shape[0]) * (t.count / (size_t)t.shape[0]);
        const tacet_value v = tacet_find(o->graph, name);
        tacet_value_info info = {.size = sizeof info};
        assert_int_equal(tacet_value_at(o->plan, v.id - 1, &info), TACET_OK);
        const bool ids = info.type == TACET_I32;
        int32_t *to = labels[feeds++];
        assert_true(feeds <= MAX_FEEDS);
        for (size_t j = 0; ids && j < t.count / (size_t)t.shape[0]; j++) to[j] = (int32_t)data[j];
        must(o, tacet_feed(o->plan, v, info.type, ids ? (const void *)to : (const void *)data));
    }
    must(o, tacet_step(o->plan, rows));
}

static void run(const char *path)
{
    golden o = {.path = path};
    tacet_error why;
    float objective[MOST_STEPS];
    int steps = STEPS;
    o.file = tacet_file_open(path, NULL, &why);
    if (!o.file) fail_msg("%s", why.message);
    build(&o);
    write_weights(&o);
    for (int i = 0; i < tacet_file_count(o.file); i++) {
        const tensor t = tensor_at(&o, i);
        if (strcmp(t.name, "objective") == 0) steps = (int)t.count;
    }
    assert_true(steps >= STEPS && steps <= MOST_STEPS);
    for (int k = 0; k < steps; k++) {
        step(&o, k);
        objective[k] = (float)tacet_objective(o.plan);
        if (k == STEPS - 1) {
            compare_all(&o, "after10.", tacet_read);
            compare_all(&o, "state10.", read_state);
        }
        if (k > 0) continue;
        compare_terms(&o);
        compare_all(&o, "value.", tacet_read);
        compare_all(&o, "gradient.", tacet_read_gradient);
        compare_all(&o, "gradient_norm", read_norm);
        compare_all(&o, "after1.", tacet_read);
        compare_all(&o, "state1.", read_state);
    }
    for (int i = 0; i < tacet_file_count(o.file); i++) {
        const tensor t = tensor_at(&o, i);
        if (strcmp(t.name, "objective") != 0) continue;
        compare(&o, &t, objective);
        for (int k = 0; k < steps; k++)
            if (fabs((double)(objective[k] - t.data[k])) > LOSS_TOLERANCE * fmax(fabs((double)t.data[k]), SMALL))
                fail_msg("%s: the objective of step %d is %g, not %g", path, k + 1, (double)objective[k], (double)t.data[k]);
    }
    tacet_plan_free(o.plan);
    tacet_graph_free(o.graph);
    tacet_file_free(o.file);
}

/* ---- The files --------------------------------------------------------------------------------------------------- */

static int files(char path[MAX_FILES][1024])
{
    const char *source = getenv("TACET_SOURCE");
    char folder[512];
    snprintf(folder, sizeof folder, "%s/tests/golden" EXTRA, source ? source : ".");
    DIR *d = opendir(folder);
    assert_non_null(d);
    int n = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (!strstr(e->d_name, ".safetensors")) continue;
        assert_true(n < MAX_FILES);
        snprintf(path[n++], sizeof path[0], "%s/%s", folder, e->d_name);
    }
    closedir(d);
    return n;
}

static char path[MAX_FILES][1024];

static void test_every_network(void **state)
{
    (void)state;
    int n = files(path);
    assert_true(n >= (*EXTRA ? 1 : 12));
    for (int i = 0; i < n; i++) run(path[i]);
}

/* Whether the text contains the word as a whole word. */
static bool has_word(const char *text, const char *word)
{
    const char *const letters = "abcdefghijklmnopqrstuvwxyz_0123456789";
    const size_t n = strlen(word);
    for (const char *c = strstr(text, word); c; c = strstr(c + 1, word))
        if ((c == text || !strchr(letters, c[-1])) && (!c[n] || !strchr(letters, c[n]))) return true;
    return false;
}

/* Every entry of the catalogue that PyTorch also has is in one of the files, and so is every reduction. */
static void test_every_word(void **state)
{
    (void)state;
    static const char *const role[] = {"layer", "loss", "penalty", "constraint", "optimizer"};
    static const char *const key[] = {"model", "loss", "penalties", "penalties", "optimizer"};
    static const char *const also[][2] = {{"loss", "sum"},           {"loss", "sample"},    {"loss", "position"},
                                          {"penalties", "sum"},      {"penalties", "mean"}, {"penalties", "joint"},
                                          {"penalties", "position"}, {"penalties", "prox"}, {"options", "frozen"}};
    static bool also_seen[sizeof also / sizeof *also];
    static bool seen[256];
    if (*EXTRA) skip();
    int n = files(path);
    assert_true(tacet_entry_count() < 256);
    for (int f = 0; f < n; f++) {
        golden o = {.file = tacet_file_open(path[f], NULL, NULL)};
        assert_non_null(o.file);
        for (int i = 0; i < tacet_entry_count(); i++) {
            tacet_entry e = {.size = sizeof e};
            assert_int_equal(tacet_entry_at(i, &e), TACET_OK);
            for (size_t r = 0; r < sizeof role / sizeof *role; r++)
                if (strcmp(tacet_role_name(e.role), role[r]) == 0 && has_word(note(&o, key[r]), e.name)) seen[i] = true;
        }
        for (size_t i = 0; i < sizeof also / sizeof *also; i++)
            if (has_word(note(&o, also[i][0]), also[i][1])) also_seen[i] = true;
        tacet_file_free(o.file);
    }
    for (int i = 0; i < tacet_entry_count(); i++) {
        tacet_entry e = {.size = sizeof e};
        assert_int_equal(tacet_entry_at(i, &e), TACET_OK);
        for (size_t r = 0; r < sizeof role / sizeof *role; r++)
            if (strcmp(tacet_role_name(e.role), role[r]) == 0 && !seen[i])
                fail_msg("no golden file has the %s %s", role[r], e.name);
    }
    for (size_t i = 0; i < sizeof also / sizeof *also; i++)
        if (!also_seen[i]) fail_msg("no golden file has %s in its %s", also[i][1], also[i][0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_network), cmocka_unit_test(test_every_word)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
