/* Models and checkpoints: a saved network, rebuilt from its file alone, gives the same outputs; a resumed run ends with
 * the same bits as one that was never stopped; what belongs to something else is refused and changes nothing. */
#include "cmocka_all.h"

#include "failing.h"
#include "model/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { IN = 6, OUT = 3, BATCH = 5, ROWS = 23, MOST = 512 };

static char folder[] = "/tmp/tacet_model_XXXXXX";
static char model_path[64], checkpoint_path[64], csv_path[64], source[96];

static int make_folder(void **unused)
{
    (void)unused;
    if (!mkdtemp(folder)) return -1;
    snprintf(model_path, sizeof model_path, "%s/model.safetensors", folder);
    snprintf(checkpoint_path, sizeof checkpoint_path, "%s/checkpoint.safetensors", folder);
    snprintf(csv_path, sizeof csv_path, "%s/data.csv", folder);
    snprintf(source, sizeof source, "csv %s label=y", csv_path);
    FILE *f = fopen(csv_path, "w");
    if (!f) return -1;
    for (int j = 0; j < IN; j++) fprintf(f, "x%d,", j);
    fprintf(f, "y\n");
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < IN; j++) fprintf(f, "%d,", (i * 37 + j * 101) % 19 - 9);
        fprintf(f, "%d\n", i % OUT);
    }
    return fclose(f);
}

static int remove_folder(void **unused)
{
    (void)unused;
    unlink(model_path), unlink(checkpoint_path), unlink(csv_path);
    return rmdir(folder); /* fails when something was left behind */
}

/* A network with everything that a description can say. */
typedef struct network {
    tacet_graph *g;
    tacet_value x, target, y;
    tacet_plan *p;
    tacet_data *data;
    tacet_loader *loader;
} network;

typedef struct variant {
    const char *model, *penalty, *options, *optimizer;
    uint64_t seed, shuffle;
} variant;

static const variant usual = {
    .model = "linear 8 name=a | relu | dropout 0.3 | linear 8 | gelu | add relu1 | layer_norm | linear 3 bias=false name=head",
    .penalty = "l1 0.1234567890123456789",
    .options = "lr=0.01",
    .optimizer = "sgd lr=0.1 momentum=0.9 weight_decay=1e-3 schedule=cosine warmup=1",
    .seed = UINT64_C(0xFEDCBA9876543210),
    .shuffle = 7,
};

static tacet_plan *compile(tacet_graph *g, const char *optimizer, uint64_t seed)
{
    tacet_error why;
    const tacet_config c = {TACET_CONFIG, .batch = BATCH, .optimizer = optimizer, .seed = seed, .steps_per_epoch = 5, .epochs = 9};
    tacet_plan *p = tacet_compile(g, &c, &why);
    if (!p) fail_msg("%s", why.message);
    return p;
}

static void begin(network *n, const variant *v)
{
    tacet_error why;
    n->g = tacet_graph_new(NULL);
    n->x = tacet_input(n->g, "x", 1, (int64_t[]){IN});
    n->target = tacet_labels(n->g, "target");
    n->y = tacet_chain(n->g, n->x, v->model);
    tacet_loss(n->g, "cross_entropy lambda=0.7", n->y, n->target);
    if (v->penalty) tacet_penalize(n->g, "relu1", v->penalty);
    tacet_penalize(n->g, "linear2.*", "norm 1e-2 joint");
    tacet_penalize(n->g, "a.weight", "l1 1e-3 prox");
    tacet_options(n->g, "head.*", v->options);
    tacet_options(n->g, "a.bias", "frozen");
    n->p = compile(n->g, v->optimizer, v->seed);
    n->data = tacet_data_open(source, "train", NULL, &why);
    if (!n->data) fail_msg("%s", why.message);
    n->loader = tacet_loader_new(n->data, BATCH, v->shuffle, true, &why);
    assert_non_null(n->loader);
}

static void end(network *n)
{
    tacet_loader_free(n->loader);
    tacet_data_free(n->data);
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

static void train(network *n, int steps)
{
    while (steps > 0) {
        const int64_t rows = tacet_loader_next(n->loader, n->p, n->x, n->target);
        if (rows < 0) fail_msg("%s", tacet_plan_error(n->p)->message);
        if (rows == 0) continue;
        if (tacet_step(n->p, rows)) fail_msg("%s", tacet_plan_error(n->p)->message);
        steps--;
    }
}

static size_t weights(tacet_plan *p, float w[MOST])
{
    size_t n = 0;
    for (int i = 0; i < tacet_value_count(p); i++) {
        tacet_value_info info;
        size_t count = 1;
        assert_int_equal(tacet_value_at(p, i, &info), TACET_OK);
        if (strcmp(info.kind, "parameter") != 0) continue;
        for (int k = 0; k < info.rank; k++) count *= (size_t)info.shape[k];
        assert_true(n + count <= MOST);
        assert_int_equal(tacet_read(p, info.name, w + n, count), TACET_OK);
        n += count;
    }
    return n;
}

static void assert_same_weights(tacet_plan *p, tacet_plan *q)
{
    float a[MOST], b[MOST];
    const size_t n = weights(p, a);
    assert_true(n > 100);
    assert_int_equal(weights(q, b), n);
    assert_memory_equal(a, b, n * sizeof *a);
}

static tacet_file *opened(const char *path)
{
    tacet_error why;
    tacet_file *f = tacet_file_open(path, NULL, &why);
    if (!f) fail_msg("%s", why.message);
    return f;
}

static void outputs(tacet_plan *p, tacet_graph *g, float y[BATCH * OUT])
{
    float x[BATCH * IN];
    for (int i = 0; i < BATCH * IN; i++) x[i] = (float)(i % 11) * 0.25f - 1;
    assert_int_equal(tacet_feed(p, tacet_find(g, "x"), TACET_F32, x), TACET_OK);
    if (tacet_forward(p, BATCH)) fail_msg("%s", tacet_plan_error(p)->message);
    assert_int_equal(tacet_read(p, "head", y, BATCH * OUT), TACET_OK);
}

static void save(const network *n, int notes, const tacet_note *note)
{
    tacet_error why;
    if (tacet_save(n->p, model_path, notes, note, &why)) fail_msg("%s", why.message);
}

static void checkpoint(const network *n)
{
    tacet_error why;
    if (tacet_checkpoint(n->p, n->loader, checkpoint_path, 0, NULL, &why)) fail_msg("%s", why.message);
}

/* ---- Models ---- */

static void a_model_file_is_enough(void **unused)
{
    (void)unused;
    network n;
    tacet_error why;
    float y[BATCH * OUT], again[BATCH * OUT];
    static const tacet_note note[] = {{"scaling", "x * 2"}, {"who", "me"}};
    begin(&n, &usual);
    train(&n, 7);
    save(&n, 2, note);
    outputs(n.p, n.g, y);

    tacet_file *f = opened(model_path);
    assert_string_equal(tacet_file_note(f, "scaling"), "x * 2");
    assert_string_equal(tacet_file_note(f, "format"), "pt");
    tacet_graph *g = tacet_file_graph(f, NULL, &why);
    if (!g) fail_msg("%s", why.message);
    static const char *const part[] = {"input", "model", "loss", "penalties", "options"};
    for (int i = 0; i < 5; i++) {
        char was[1024], is[1024];
        assert_true(tacet_graph_text(n.g, part[i], was, sizeof was) > 0);
        tacet_graph_text(g, part[i], is, sizeof is);
        assert_string_equal(was, is);
    }
    tacet_plan *p = compile(g, NULL, 99);
    int taken = 0;
    if (tacet_file_load(f, p, true, &taken, &why)) fail_msg("%s", why.message);
    assert_int_equal(taken, tacet_file_count(f));
    assert_same_weights(n.p, p);
    outputs(p, g, again);
    assert_memory_equal(y, again, sizeof y);
    tacet_plan_free(p);
    tacet_graph_free(g);
    tacet_file_free(f);
    end(&n);
}

/* Weights are [out, in] in the file, as tacet_read gives them. */
static void tensors_are_as_users_see_them(void **unused)
{
    (void)unused;
    network n;
    float w[8 * IN];
    begin(&n, &usual);
    save(&n, 0, NULL);
    tacet_file *f = opened(model_path);
    bool seen = false;
    for (int i = 0; i < tacet_file_count(f); i++) {
        const char *name;
        const int64_t *shape;
        const float *data;
        int rank;
        assert_int_equal(tacet_file_tensor(f, i, &name, &rank, &shape, &data), TACET_OK);
        if (strcmp(name, "a.weight") != 0) continue;
        seen = true;
        assert_true(rank == 2 && shape[0] == 8 && shape[1] == IN);
        assert_int_equal(tacet_read(n.p, name, w, 8 * IN), TACET_OK);
        assert_memory_equal(data, w, sizeof w);
    }
    assert_true(seen);
    tacet_file_free(f);
    end(&n);
}

static void notes_keep_to_their_names(void **unused)
{
    (void)unused;
    network n;
    tacet_error why;
    static const tacet_note ours[] = {{"tacet.model", "x"}}, twice[] = {{"a", "1"}, {"a", "2"}}, taken[] = {{"format", "tf"}};
    begin(&n, &usual);
    assert_int_equal(tacet_save(n.p, model_path, 1, ours, &why), TACET_FAILED);
    assert_int_equal(tacet_save(n.p, model_path, 2, twice, &why), TACET_FAILED);
    assert_int_equal(tacet_save(n.p, model_path, 1, taken, &why), TACET_FAILED);
    assert_int_equal(tacet_save(n.p, "/tmp/no/such/folder/m", 0, NULL, &why), TACET_IO);
    end(&n);
}

/* Loads the usual model's file into another network. */
static tacet_status load_into(const char *model, bool strict, int *taken, tacet_error *why)
{
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){IN}), model);
    tacet_plan *p = compile(g, NULL, 5);
    tacet_file *f = opened(model_path);
    float before[MOST], after[MOST];
    weights(p, before);
    const tacet_status s = tacet_file_load(f, p, strict, taken, why);
    const size_t n = weights(p, after);
    if (s != TACET_OK) assert_memory_equal(before, after, n * sizeof *before);
    tacet_file_free(f);
    tacet_plan_free(p);
    tacet_graph_free(g);
    return s;
}

static void loading_into_another_network(void **unused)
{
    (void)unused;
    network n;
    tacet_error why = {0};
    int taken = -1;
    begin(&n, &usual);
    save(&n, 0, NULL);
    assert_int_equal(load_into("linear 9 name=a", true, &taken, &why), TACET_FILE);
    assert_non_null(strstr(why.message, "a.weight is [8, 6], and in this network it is [9, 6]"));
    assert_int_equal(load_into("linear 8 name=b", true, &taken, &why), TACET_FILE);
    assert_non_null(strstr(why.message, "has no b.weight"));
    assert_int_equal(load_into("linear 8 name=a", true, &taken, &why), TACET_FILE);
    assert_non_null(strstr(why.message, "linear2.weight, which this network does not have"));
    assert_int_equal(taken, -1);
    assert_int_equal(load_into("linear 8 name=a | linear 9", false, &taken, &why), TACET_OK);
    assert_int_equal(taken, 2);
    assert_int_equal(load_into("linear 9 name=b", false, &taken, &why), TACET_OK);
    assert_int_equal(taken, 0);
    end(&n);
}

/* A file with these notes and nothing else cannot be made a network; the message says which note, and why. */
static void no_network(int notes, const tacet_note *note, const char *why_not)
{
    tacet_error why = {0};
    const tc_outline o = {.notes = notes, .note = note};
    const tc_mem m = tc_mem_of(NULL);
    assert_int_equal(tc_safetensors_write(&m, model_path, &o, &why), TACET_OK);
    tacet_file *f = opened(model_path);
    assert_null(tacet_file_graph(f, NULL, &why));
    assert_int_equal(why.status, TACET_FILE);
    if (!strstr(why.message, why_not) || !strstr(why.message, model_path)) fail_msg("\"%s\" does not say \"%s\"", why.message, why_not);
    tacet_file_free(f);
}

static void descriptions_that_are_wrong(void **unused)
{
    (void)unused;
    tacet_note note[] = {{"tacet.input", "x 4"}, {"tacet.model", "from x | linear 3"}, {"tacet.penalties", "linear1: l1 0.1"}};
    no_network(0, note, "tacet.input");
    no_network(1, note, "tacet.model");
    note[1].text = "from x | linaer 3";
    no_network(3, note, "tacet.model: ");
    note[1].text = "from x | linear 3";
    note[2].text = "linear7: l1 0.1";
    no_network(3, note, "tacet.penalties: ");
    note[2].text = "linear1";
    no_network(3, note, "tacet.penalties: ");
    note[0].text = "x 4 -3";
    no_network(3, note, "tacet.input: ");
    note[0].text = "x 4 99999999999999999999";
    no_network(3, note, "tacet.input: ");
}

/* ---- Checkpoints ---- */

/* Runs to the end without a stop, and with a stop in which all is thrown away; both end with the same bits. */
static void resumes_to_the_bit(const char *optimizer, int before, int after)
{
    network whole, first, second;
    tacet_error why;
    variant v = usual, other = usual;
    v.optimizer = other.optimizer = optimizer;
    other.seed = 1; /* the checkpoint's seed holds */
    begin(&whole, &v);
    train(&whole, before + after);
    begin(&first, &v);
    train(&first, before);
    checkpoint(&first);
    end(&first);

    begin(&second, &other);
    train(&second, 3); /* what it did so far is forgotten */
    tacet_file *f = opened(checkpoint_path);
    if (tacet_resume(second.p, second.loader, f, &why)) fail_msg("%s", why.message);
    tacet_file_free(f);
    assert_int_equal(tacet_steps(second.p), before);
    train(&second, after);
    assert_same_weights(whole.p, second.p);
    assert_true(tacet_objective(whole.p) == tacet_objective(second.p));
    assert_true(tacet_learning_rate(whole.p) == tacet_learning_rate(second.p));
    int64_t place[4];
    tacet_loader_tell(whole.loader, &place[0], &place[1]);
    tacet_loader_tell(second.loader, &place[2], &place[3]);
    assert_true(place[0] == place[2] && place[1] == place[3]);
    /* and would go on alike: the states are the same too */
    char one[1 << 14], two[1 << 14];
    checkpoint(&whole);
    FILE *file = fopen(checkpoint_path, "rb");
    const size_t n = fread(one, 1, sizeof one, file);
    fclose(file);
    checkpoint(&second);
    file = fopen(checkpoint_path, "rb");
    assert_int_equal(fread(two, 1, sizeof two, file), n);
    fclose(file);
    assert_true(n < sizeof one);
    assert_memory_equal(one, two, n);
    end(&whole);
    end(&second);
}

/* Every optimizer of the catalogue, with what it can do switched on. */
static void every_optimizer_resumes(void **unused)
{
    (void)unused;
    static const struct {
        const char *name, *with;
    } more[] = {{"sgd", " momentum=0.9 weight_decay=1e-3 schedule=cosine warmup=1"}, {"adamw", " weight_decay=0.1"}};
    int count = 0;
    for (int i = 0; i < tacet_entry_count(); i++) {
        tacet_entry entry;
        char optimizer[128];
        assert_int_equal(tacet_entry_at(i, &entry), TACET_OK);
        if (strcmp(entry.role, "optimizer") != 0) continue;
        count++;
        snprintf(optimizer, sizeof optimizer, "%s lr=0.05", entry.name);
        resumes_to_the_bit(optimizer, 7, 9);
        for (size_t k = 0; k < sizeof more / sizeof *more; k++) {
            if (strcmp(more[k].name, entry.name) != 0) continue;
            snprintf(optimizer, sizeof optimizer, "%s lr=0.05%s", entry.name, more[k].with);
            resumes_to_the_bit(optimizer, 7, 9);
        }
    }
    assert_true(count >= 3);
}

/* At the beginning, the first step, both sides of an epoch's end. */
static void any_step_can_be_resumed(void **unused)
{
    (void)unused;
    for (int before = 0; before < 12; before++) resumes_to_the_bit("adam lr=0.05 schedule=cosine", before, 3);
}

/* Refused, with that in the message, and nothing has changed. */
static void refused(const variant *v, const char *path, const char *why_not)
{
    network n;
    tacet_error why = {0};
    float before[MOST], after[MOST];
    begin(&n, v);
    const size_t count = weights(n.p, before);
    tacet_file *f = opened(path);
    assert_int_equal(tacet_resume(n.p, n.loader, f, &why), TACET_FILE);
    if (!strstr(why.message, why_not) || !strstr(why.message, path)) fail_msg("\"%s\" does not say \"%s\"", why.message, why_not);
    weights(n.p, after);
    assert_memory_equal(before, after, count * sizeof *before);
    assert_int_equal(tacet_steps(n.p), 0);
    tacet_file_free(f);
    end(&n);
}

static void what_belongs_to_another_run_is_refused(void **unused)
{
    (void)unused;
    network n;
    begin(&n, &usual);
    train(&n, 3);
    checkpoint(&n);
    save(&n, 0, NULL);
    end(&n);
    variant v = usual;
    refused(&v, model_path, "not a checkpoint");
    v.optimizer = "adam";
    refused(&v, checkpoint_path, "a run with sgd");
    v = usual;
    v.penalty = "l2 0.1";
    refused(&v, checkpoint_path, "relu1:l2");
    v.penalty = NULL;
    refused(&v, checkpoint_path, "another objective");
    v = usual;
    v.options = "frozen"; /* the checkpoint has more than is needed; then less */
    begin(&n, &v);
    checkpoint(&n);
    end(&n);
    refused(&usual, checkpoint_path, "head.weight:momentum");
    static const char *const model[] = {
        "linear 9 name=a | relu | dropout 0.3 | linear 9 | gelu | add relu1 | layer_norm | linear 3 bias=false name=head",
        "linear 8 name=a | relu | dropout 0.4 | linear 8 | gelu | add relu1 | layer_norm | linear 3 bias=false name=head",
        "linear 8 name=a | relu | dropout 0.3 | linear 8 | gelu | add relu1 | layer_norm | linear 3 name=head"};
    static const char *const why[] = {"a.weight is [8, 6]", "dropout 0.3", "has no head.bias"};
    for (int i = 0; i < 3; i++) {
        v = usual;
        v.model = model[i];
        refused(&v, checkpoint_path, why[i]);
    }
}

static void without_an_optimizer(void **unused)
{
    (void)unused;
    tacet_error why;
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){IN}), "linear 3");
    tacet_plan *p = compile(g, NULL, 5);
    assert_int_equal(tacet_checkpoint(p, NULL, checkpoint_path, 0, NULL, &why), TACET_FAILED);
    assert_int_equal(tacet_save(p, model_path, 0, NULL, &why), TACET_OK);
    tacet_file *f = opened(model_path);
    assert_int_equal(tacet_resume(p, NULL, f, &why), TACET_FAILED);
    tacet_file_free(f);
    tacet_plan_free(p);
    tacet_graph_free(g);
}

static tacet_status load_and_free(tacet_file *f, tacet_plan *p, tacet_error *why)
{
    const tacet_status s = f ? tacet_file_load(f, p, true, NULL, why) : why->status;
    tacet_file_free(f);
    return s;
}

static void memory_may_run_out_anywhere(void **unused)
{
    (void)unused;
    failing memory = {0};
    const tacet_memory m = failing_memory(&memory);
    tacet_error why;
    tacet_graph *g = tacet_graph_new(&m);
    const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){IN}), t = tacet_labels(g, "t");
    tacet_loss(g, "cross_entropy", tacet_chain(g, x, "linear 4 | relu | linear 3"), t);
    tacet_penalize(g, "relu1", "l1 0.1");
    tacet_plan *p = compile(g, "adam lr=0.1", 1);
    const int64_t alive = memory.alive;
    assert_int_equal(tacet_checkpoint(p, NULL, checkpoint_path, 0, NULL, &why), TACET_OK);
    assert_int_equal(tacet_save(p, model_path, 0, NULL, &why), TACET_OK);
    bool done[5] = {0};
    for (int64_t n = 1; !done[0] || !done[1] || !done[2] || !done[3] || !done[4]; n++) {
        assert_true(n < 1000);
#define TRY(i, call)                                                                                                       \
    do {                                                                                                                   \
        memory.calls = 0, memory.fail_at = n, memory.failed = false;                                                       \
        const tacet_status s = (call);                                                                                     \
        if (memory.failed ? s != TACET_MEMORY : s != TACET_OK) fail_msg("%s, allocation %d: %s", #call, (int)n, why.message);  \
        done[i] = !memory.failed;                                                                                          \
        memory.fail_at = 0;                                                                                                \
        assert_int_equal(memory.alive, alive);                                                                             \
    } while (0)
        TRY(0, tacet_save(p, model_path, 0, NULL, &why));
        TRY(1, tacet_checkpoint(p, NULL, checkpoint_path, 0, NULL, &why));
        tacet_file *f = opened(checkpoint_path), *own;
        TRY(2, tacet_resume(p, NULL, f, &why));
        tacet_graph *again;
        TRY(3, ((again = tacet_file_graph(f, &m, &why)), tacet_graph_free(again), again ? TACET_OK : why.status));
        TRY(4, ((own = tacet_file_open(model_path, &m, &why)), load_and_free(own, p, &why)));
        tacet_file_free(f);
    }
    tacet_plan_free(p);
    tacet_graph_free(g);
    assert_int_equal(memory.alive, 0);
}

/* ---- The catalogue ---- */

static void the_catalogue_lists_everything(void **unused)
{
    (void)unused;
    static const struct {
        const char *role, *name;
    } must[] = {{"layer", "linear"},   {"loss", "cross_entropy"}, {"penalty", "l1"}, {"constraint", "unit_norm"},
                {"optimizer", "sgd"}, {"schedule", "cosine"},    {"data", "idx"}};
    tacet_entry e;
    const int n = tacet_entry_count();
    bool seen[sizeof must / sizeof *must] = {0};
    for (int i = 0; i < n; i++) {
        assert_int_equal(tacet_entry_at(i, &e), TACET_OK);
        assert_true(e.role && e.name && e.formula && e.doc);
        for (int k = 0; k < e.attributes; k++) assert_non_null(e.attribute[k].name);
        for (int k = 0; k < e.common_attributes; k++) assert_non_null(e.common[k].name);
        for (size_t k = 0; k < sizeof must / sizeof *must; k++)
            seen[k] |= strcmp(must[k].role, e.role) == 0 && strcmp(must[k].name, e.name) == 0;
    }
    for (size_t k = 0; k < sizeof must / sizeof *must; k++)
        if (!seen[k]) fail_msg("%s %s is not in the catalogue", must[k].role, must[k].name);
    assert_int_equal(tacet_entry_at(n, &e), TACET_FAILED);
    assert_int_equal(tacet_entry_at(-1, &e), TACET_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_file_is_enough),
        cmocka_unit_test(tensors_are_as_users_see_them),
        cmocka_unit_test(notes_keep_to_their_names),
        cmocka_unit_test(loading_into_another_network),
        cmocka_unit_test(descriptions_that_are_wrong),
        cmocka_unit_test(every_optimizer_resumes),
        cmocka_unit_test(any_step_can_be_resumed),
        cmocka_unit_test(what_belongs_to_another_run_is_refused),
        cmocka_unit_test(without_an_optimizer),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(the_catalogue_lists_everything),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
