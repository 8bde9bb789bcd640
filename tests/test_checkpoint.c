/* Checkpoints: a resumed run ends with the same bits as one that was never stopped; a checkpoint of another run is
 * refused and changes nothing; memory may run out anywhere, in checkpoints and in models. */
#include "failing.h"
#include "trained.h"

/* A run without a stop and one that is resumed with a new graph and plan end with the same bits. */
static void resumes_to_the_bit(const char *optimizer, int before, int after)
{
    network whole, first, second;
    tacet_error why;
    variant v = usual, other = usual;
    v.optimizer = other.optimizer = optimizer;
    other.seed = 1; /* the checkpoint's seed is used instead */
    begin(&whole, &v);
    train(&whole, before + after);
    begin(&first, &v);
    train(&first, before);
    checkpoint(&first);
    const double rate = tacet_learning_rate(first.p);
    end(&first);

    begin(&second, &other);
    train(&second, 3); /* loading must discard these steps */
    tacet_file *f = opened(checkpoint_path);
    if (tacet_resume(second.p, second.loader, f, &why)) fail_msg("%s", why.message);
    tacet_file_free(f);
    assert_int_equal(tacet_steps(second.p), before);
    assert_true(tacet_learning_rate(second.p) == rate);
    train(&second, after);
    assert_same_weights(whole.p, second.p);
    assert_true(tacet_objective(whole.p) == tacet_objective(second.p));
    assert_true(tacet_learning_rate(whole.p) == tacet_learning_rate(second.p));
    int64_t place[4];
    tacet_loader_tell(whole.loader, &place[0], &place[1]);
    tacet_loader_tell(second.loader, &place[2], &place[3]);
    assert_true(place[0] == place[2] && place[1] == place[3]);
    /* The optimizers' states are equal too, so both would continue alike. */
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

/* Every optimizer of the catalogue, with all its features on. */
static void every_optimizer_resumes(void **unused)
{
    (void)unused;
    static const struct {
        const char *name, *with;
    } more[] = {{"sgd", " momentum=0.9 weight_decay=1e-3 schedule=cosine warmup=1"}, {"adamw", " weight_decay=0.1"},
                {"adam", " amsgrad beta2=0.5 clip_norm=0.1 schedule=one_cycle"},
                {"rmsprop", " momentum=0.9 centered eps=0.1 clip_value=0.01"},
                {"adagrad", " lr_decay=0.1 initial_accumulator_value=0.1 schedule=step milestones=1,2"}};
    int count = 0;
    for (int i = 0; i < tacet_entry_count(); i++) {
        tacet_entry entry = {.size = sizeof entry};
        char optimizer[128];
        assert_int_equal(tacet_entry_at(i, &entry), TACET_OK);
        if (entry.role != TACET_ROLE_OPTIMIZER) continue;
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

/* At the beginning, after the first step, just before and after the end of an epoch. */
static void any_step_can_be_resumed(void **unused)
{
    (void)unused;
    for (int before = 0; before < 12; before++) resumes_to_the_bit("adam lr=0.05 schedule=cosine", before, 3);
}

/* The terms must be the same; their lambdas come from the checkpoint, to the bit. */
static void lambdas_come_from_the_checkpoint(void **unused)
{
    (void)unused;
    network n;
    tacet_error why;
    tacet_term was = {.size = sizeof was}, is = {.size = sizeof is};
    variant v = usual;
    begin(&n, &usual);
    train(&n, 2);
    checkpoint(&n);
    v.penalty = "l1 0.5";
    network other;
    begin(&other, &v);
    tacet_file *f = opened(checkpoint_path);
    if (tacet_resume(other.p, other.loader, f, &why)) fail_msg("%s", why.message);
    tacet_file_free(f);
    for (int i = 0; i < tacet_term_count(n.p); i++) {
        assert_int_equal(tacet_term_at(n.p, i, &was), TACET_OK);
        assert_int_equal(tacet_term_at(other.p, i, &is), TACET_OK);
        assert_true(was.lambda == is.lambda);
    }
    train(&n, 2);
    train(&other, 2);
    assert_same_weights(n.p, other.p);
    end(&n);
    end(&other);
}

/* Asserts that the file is refused with this text in the message, and that nothing has changed. */
static void refused(const variant *v, const char *path, const char *why_not)
{
    network n;
    tacet_error why = {0};
    float before[MOST], after[MOST];
    begin(&n, v);
    const size_t count = weights(n.p, before);
    tacet_file *f = opened(path);
    assert_int_equal(tacet_resume(n.p, n.loader, f, &why), TACET_FILE);
    if (!strstr(why.message, why_not) || !strstr(why.message, path))
        fail_msg("\"%s\" does not say \"%s\"", why.message, why_not);
    weights(n.p, after);
    assert_memory_equal(before, after, count * sizeof *before);
    assert_int_equal(tacet_steps(n.p), 0);
    tacet_file_free(f);
    end(&n);
}

static void checkpoints_of_other_runs_are_refused(void **unused)
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
    v.options = "frozen"; /* the checkpoint has more states than the plan; then fewer */
    begin(&n, &v);
    checkpoint(&n);
    end(&n);
    refused(&usual, checkpoint_path, "head.weight:momentum");
    static const char *const model[] = {"linear 9 name=a | relu | dropout 0.3 | linear 9 | gelu | add relu1 | "
                                        "layer_norm | linear 3 bias=false name=head",
                                        "linear 8 name=a | relu | dropout 0.4 | linear 8 | gelu | add relu1 | "
                                        "layer_norm | linear 3 bias=false name=head",
                                        "linear 8 name=a | relu | dropout 0.3 | linear 8 | gelu | add relu1 | "
                                        "layer_norm | linear 3 name=head"};
    static const char *const why[] = {"a.weight is [8, 6]", "dropout 0.3", "has no head.bias"};
    for (int i = 0; i < 3; i++) {
        v = usual;
        v.model = model[i];
        refused(&v, checkpoint_path, why[i]);
    }
}

/* A checkpoint of version 2 continues: it is saved again with the same state, which version2.json has. The file was made
 * by an earlier commit: this network after seven steps, with a lambda and a rate set after the fourth. */
static void version_2_is_read(void **unused)
{
    (void)unused;
    const char *root = getenv("TACET_SOURCE");
    char path[2][512], expected[4096];
    tacet_error why;
    variant v = usual;
    v.penalty = "l1 density=0.3";
    network n;
    begin(&n, &v);
    for (int i = 0; i < 2; i++)
        snprintf(path[i], sizeof path[i], "%s/tests/checkpoints/version2.%s", root ? root : ".",
                 i ? "json" : "safetensors");
    tacet_file *f = opened(path[0]);
    if (tacet_resume(n.p, n.loader, f, &why)) fail_msg("%s", why.message);
    tacet_file_free(f);
    checkpoint(&n);
    FILE *file = fopen(path[1], "r");
    assert_non_null(file);
    const size_t size = fread(expected, 1, sizeof expected - 1, file);
    fclose(file);
    expected[size - 1] = '\0'; /* the line's end */
    f = opened(checkpoint_path);
    assert_string_equal(tacet_file_note(f, "tacet.checkpoint"), expected);
    tacet_file_free(f);
    train(&n, 3);
    end(&n);
}

/* A state that is JSON but not a state is refused. */
static void other_json_is_refused(void **unused)
{
    (void)unused;
    static const char *const change[][2] = {
        {"\\\"terms\\\":{", "\\\"terms\\\":[{}],\\\"x\\\":{"},
        {"\\\"values\\\":{", "\\\"values\\\":[{}],\\\"x\\\":{"},
        {"\\\"values\\\":{", "\\\"values\\\":5,\\\"x\\\":{"},
        {"\\\"control\\\":{", "\\\"control\\\":[{}],\\\"x\\\":{"},
        {"\\\"least\\\":0", "\\\"least\\\":-1"},
        {"\\\"step\\\":4", "\\\"stop\\\":4"},
        {"\\\"natural\\\":", "\\\"natural\\\":[],\\\"n\\\":"},
        {"\\\"version\\\":3", "\\\"version\\\":0"},
    };
    static char good[1 << 15], bad[1 << 15];
    network n;
    begin(&n, &usual);
    train(&n, 4);
    checkpoint(&n);
    FILE *f = fopen(checkpoint_path, "rb");
    uint64_t length;
    assert_int_equal(fread(&length, sizeof length, 1, f), 1);
    const size_t size = fread(good, 1, sizeof good - 1, f);
    assert_true(size > length && size < sizeof good - 1);
    fclose(f);
    memcpy(strstr(good, "tacet.sum"), "other", 5); /* a file without a checksum */
    for (size_t i = 0; i < sizeof change / sizeof *change; i++) {
        char *at = strstr(good, change[i][0]);
        assert_non_null(at);
        const size_t before = (size_t)(at - good), old = strlen(change[i][0]), new = strlen(change[i][1]);
        memcpy(bad, good, before);
        memcpy(bad + before, change[i][1], new);
        memcpy(bad + before + new, at + old, size - before - old);
        const uint64_t head = length - old + new;
        f = fopen(checkpoint_path, "wb");
        fwrite(&head, sizeof head, 1, f);
        fwrite(bad, 1, size - old + new, f);
        fclose(f);
        tacet_error why;
        tacet_file *file = opened(checkpoint_path);
        assert_int_equal(tacet_resume(n.p, n.loader, file, &why), TACET_FILE);
        assert_non_null(strstr(why.message, "is a damaged checkpoint"));
        tacet_file_free(file);
    }
    end(&n);
}

/* Any byte that is changed, in the header or in the numbers, is noticed before anything is taken from the file. */
static void a_damaged_byte_is_noticed(void **unused)
{
    (void)unused;
    network n;
    begin(&n, &usual);
    train(&n, 4);
    checkpoint(&n);
    FILE *f = fopen(checkpoint_path, "r+b");
    assert_non_null(f);
    static char file[1 << 15];
    const long size = (long)fread(file, 1, sizeof file - 1, f);
    assert_true(size < (long)sizeof file - 1);
    const long key = strstr(file + 8, "\"tacet.sum\"") - file; /* without its key, a checksum cannot be known */
    for (long at = 0; at < size; at += 1 + size / 500) {
        tacet_error why;
        if (at >= key && at < key + 13) continue;
        fseek(f, at, SEEK_SET);
        const int byte = fgetc(f);
        fseek(f, at, SEEK_SET);
        fputc(byte ^ 1, f);
        fflush(f);
        assert_null(tacet_file_open(checkpoint_path, NULL, &why));
        assert_int_equal(why.status, TACET_FILE);
        fseek(f, at, SEEK_SET);
        fputc(byte, f);
        fflush(f);
    }
    fclose(f);
    tacet_file_free(opened(checkpoint_path));
    end(&n);
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
#define TRY(i, call)                                                                                                   \
    do {                                                                                                               \
        memory.calls = 0, memory.fail_at = n, memory.failed = false;                                                   \
        const tacet_status s = (call);                                                                                 \
        if (memory.failed ? s != TACET_MEMORY : s != TACET_OK)                                                         \
            fail_msg("%s, allocation %d: %s", #call, (int)n, why.message);                                             \
        done[i] = !memory.failed;                                                                                      \
        memory.fail_at = 0;                                                                                            \
        assert_int_equal(memory.alive, alive);                                                                         \
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

/* ---- Networks that are described in another order than they are rebuilt in, or have no layers ---- */

static void penalised(tacet_graph *g, tacet_value z)
{
    const tacet_value y = tacet_chain(g, tacet_find(g, "x"), "linear 8 | relu | linear 3 name=head");
    tacet_penalize(g, "*", "l1 0.01");
    tacet_penalize(g, "*.weight", "l2 0.01");
    tacet_loss(g, "mse", y, z.id ? z : tacet_input(g, "z", 1, (int64_t[]){OUT}));
    tacet_penalize(g, "head", "l2 0.1");
}

static void penalised_first(tacet_graph *g)
{
    tacet_input(g, "x", 1, (int64_t[]){IN});
    penalised(g, tacet_input(g, "z", 1, (int64_t[]){OUT}));
}

static void input_last(tacet_graph *g)
{
    tacet_input(g, "x", 1, (int64_t[]){IN});
    penalised(g, (tacet_value){0});
}

static void inputs_alone(tacet_graph *g)
{
    const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){OUT}), z = tacet_input(g, "z", 1, (int64_t[]){OUT});
    tacet_input(g, "w", 2, (int64_t[]){2, OUT});
    tacet_labels(g, "target");
    tacet_penalize(g, "x", "l1 0.1");
    tacet_loss(g, "mse", x, z);
    tacet_penalize(g, "*", "l2 0.1 joint");
}

static void only_labels(tacet_graph *g) { tacet_labels(g, "target"); }
static void nothing(tacet_graph *g) { (void)g; }

/* The objectives of `steps` steps. */
static void objectives(tacet_graph *g, tacet_plan *p, int steps, double *to)
{
    static float x[BATCH * 2 * IN];
    for (int i = 0; i < BATCH * 2 * IN; i++) x[i] = (float)(i % 7) * 0.5f - 1;
    for (int i = 0; i < steps; i++) {
        for (const char *const *name = (const char *const[]){"x", "z", "w", NULL}; *name; name++)
            if (tacet_find(g, *name).id)
                assert_int_equal(tacet_feed(p, tacet_find(g, *name), TACET_F32, x), TACET_OK);
        assert_int_equal(tacet_step(p, BATCH), TACET_OK);
        to[i] = tacet_objective(p);
    }
}

static void any_description_resumes(void **unused)
{
    (void)unused;
    void (*const describe[])(tacet_graph *g) = {penalised_first, inputs_alone, only_labels, nothing, input_last};
    for (size_t i = 0; i < sizeof describe / sizeof *describe; i++) {
        double before[3], after[3], resumed[3];
        tacet_error why;
        tacet_graph *g = tacet_graph_new(NULL);
        describe[i](g);
        tacet_plan *p = compile(g, "sgd lr=0.1 momentum=0.9", 1);
        objectives(g, p, 3, before);
        assert_int_equal(tacet_checkpoint(p, NULL, checkpoint_path, 0, NULL, &why), TACET_OK);
        assert_int_equal(tacet_save(p, model_path, 0, NULL, &why), TACET_OK);
        objectives(g, p, 3, after);
        tacet_file *f = opened(checkpoint_path), *model = opened(model_path);
        tacet_graph *again = tacet_file_graph(f, NULL, &why), *same = tacet_file_graph(model, NULL, &why);
        if (!again || !same) fail_msg("%d: %s", (int)i, why.message);
        tacet_plan *q = compile(again, "sgd lr=0.1 momentum=0.9", 2), *r = compile(same, NULL, 2);
        if (tacet_resume(q, NULL, f, &why) || tacet_file_load(model, r, true, NULL, &why))
            fail_msg("%d: %s", (int)i, why.message);
        objectives(again, q, 3, resumed);
        for (int k = 0; k < 3; k++) /* terms on an input that came last are added in another order */
            if (describe[i] == input_last ? !(fabs(resumed[k] - after[k]) < 1e-6) : resumed[k] != after[k])
                fail_msg("%d, step %d: %.17g, not %.17g", (int)i, k, resumed[k], after[k]);
        tacet_file_free(f), tacet_file_free(model);
        tacet_plan_free(p), tacet_plan_free(q), tacet_plan_free(r);
        tacet_graph_free(g), tacet_graph_free(again), tacet_graph_free(same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_optimizer_resumes),
        cmocka_unit_test(any_step_can_be_resumed),
        cmocka_unit_test(lambdas_come_from_the_checkpoint),
        cmocka_unit_test(a_damaged_byte_is_noticed),
        cmocka_unit_test(checkpoints_of_other_runs_are_refused),
        cmocka_unit_test(without_an_optimizer),
        cmocka_unit_test(version_2_is_read),
        cmocka_unit_test(other_json_is_refused),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(any_description_resumes),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
