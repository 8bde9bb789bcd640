/* test_average.c: averages of the weights follow the formula, change nothing else, take the place of the weights and give it
 * back, and are kept in checkpoints and models. */
#include "trained.h"

enum { STEPS = 13 };

static const float decay = 0.75f; /* 1 - decay is exact */

static tacet_plan *averaging(const network *n, double ema, int threads)
{
    tacet_error why;
    const tacet_config c = {TACET_CONFIG,       .batch = BATCH,     .optimizer = usual.optimizer,
                            .threads = threads, .seed = usual.seed, .steps_per_epoch = 5,
                            .epochs = 9,        .ema = ema};
    tacet_plan *p = tacet_compile(n->g, &c, &why);
    if (!p) fail_msg("%s", why.message);
    return p;
}

/* The usual network with averages. */
static void begin_averaging(network *n, double ema, int threads)
{
    begin(n, &usual);
    tacet_plan_free(n->p);
    n->p = averaging(n, ema, threads);
}

static void use(network *n, bool average)
{
    if (tacet_use_average(n->p, average)) fail_msg("%s", tacet_plan_error(n->p)->message);
}

static void averages(network *n, float to[MOST])
{
    use(n, true);
    weights(n->p, to);
    use(n, false);
}

static void they_follow_the_formula(void **unused)
{
    (void)unused;
    network n, plain;
    float w[MOST], average[MOST], own[MOST];
    size_t count = 0;
    begin(&plain, &usual), begin_averaging(&n, decay, 1);
    averages(&n, average);
    count = weights(n.p, w);
    assert_memory_equal(average, w, count * sizeof *w); /* before the first step */
    for (int i = 0; i < STEPS; i++) {
        train(&plain, 1), train(&n, 1);
        assert_same_weights(n.p, plain.p);
        weights(n.p, w), averages(&n, average);
        assert_same_weights(n.p, plain.p);
        for (size_t k = 0; k < count; k++) own[k] = i == 0 ? w[k] : decay * own[k] + (1 - decay) * w[k];
        for (size_t k = 0; k < count; k++) assert_true(fabsf(average[k] - own[k]) <= 1e-6f * (1 + fabsf(own[k])));
    }
    assert_true(memcmp(average, w, count * sizeof *w) != 0);
    end(&n), end(&plain);
}

static void they_do_not_depend_on_threads(void **unused)
{
    (void)unused;
    network n[2];
    float a[2][MOST];
    for (int i = 0; i < 2; i++) {
        begin_averaging(&n[i], 0.9, 1 + 2 * i);
        train(&n[i], STEPS);
        averages(&n[i], a[i]);
    }
    float w[MOST];
    assert_memory_equal(a[0], a[1], sizeof *w * weights(n[0].p, w));
    end(&n[0]), end(&n[1]);
}

static void refused(const tacet_error *e, tacet_status s, const char *part)
{
    assert_int_equal(s, TACET_FAILED);
    if (!strstr(e->message, part)) fail_msg("\"%s\" lacks \"%s\"", e->message, part);
}

static void in_their_place_nothing_trains(void **unused)
{
    (void)unused;
    network n, other;
    tacet_error why;
    float x[BATCH * IN] = {1};
    double lambda;
    begin_averaging(&n, decay, 1), begin(&other, &usual);
    train(&n, 3), train(&other, 3);
    use(&n, true), use(&n, true);
    assert_true(tacet_loader_next(n.loader, n.p, n.x, n.target) > 0);
    refused(tacet_plan_error(n.p), tacet_step(n.p, 1), "tacet_use_average(plan, false)");
    refused(&why, tacet_checkpoint(n.p, n.loader, checkpoint_path, 0, NULL, &why), "tacet_use_average(plan, false)");
    tacet_feed(n.p, n.x, TACET_F32, x), tacet_feed(n.p, n.target, TACET_I32, (int32_t[BATCH]){0});
    refused(tacet_plan_error(n.p), tacet_lambda_max(n.p, 1, BATCH, &lambda), "tacet_use_average(plan, false)");
    use(&n, false), use(&n, false);
    assert_int_equal(tacet_loader_next(other.loader, other.p, other.x, other.target), BATCH);
    tacet_unfeed(other.p);
    train(&n, 2), train(&other, 2); /* the refused step has changed nothing */
    assert_same_weights(n.p, other.p);
    refused(tacet_plan_error(other.p), tacet_use_average(other.p, true), "tacet_config.ema");
    const tacet_config bad = {TACET_CONFIG, .optimizer = "sgd lr=1", .ema = 1};
    assert_null(tacet_compile(n.g, &bad, &why));
    assert_string_equal(why.message, "ema must be at least 0 and below 1, got 1");
    end(&n), end(&other);
}

/* The network of the averages, saved, gives what the plan gives with them in their place. */
static void they_are_saved_as_a_model(void **unused)
{
    (void)unused;
    network n;
    tacet_error why;
    float own[BATCH * OUT], theirs[BATCH * OUT], plain[BATCH * OUT];
    begin_averaging(&n, decay, 1);
    train(&n, STEPS);
    outputs(n.p, n.g, plain);
    use(&n, true);
    outputs(n.p, n.g, own);
    save(&n, 0, NULL);
    use(&n, false);
    tacet_file *f = opened(model_path);
    tacet_plan *p = compile(n.g, NULL, 1);
    if (tacet_file_load(f, p, true, NULL, &why)) fail_msg("%s", why.message);
    outputs(p, n.g, theirs);
    assert_memory_equal(own, theirs, sizeof own);
    assert_true(memcmp(own, plain, sizeof own) != 0);
    tacet_plan_free(p), tacet_file_free(f), end(&n);
}

static void resume(network *n)
{
    tacet_error why;
    tacet_file *f = opened(checkpoint_path);
    if (tacet_resume(n->p, n->loader, f, &why)) fail_msg("%s", why.message);
    tacet_file_free(f);
}

static void a_resume_has_their_bits(void **unused)
{
    (void)unused;
    network n, resumed;
    float a[MOST], b[MOST];
    begin_averaging(&n, 0.9, 1), begin_averaging(&resumed, 0.9, 1);
    train(&n, 6);
    checkpoint(&n);
    train(&resumed, 2);
    use(&resumed, true); /* of the state before, which is forgotten */
    resume(&resumed);
    train(&n, 7), train(&resumed, 7);
    assert_same_weights(n.p, resumed.p);
    averages(&n, a), averages(&resumed, b);
    float w[MOST];
    assert_memory_equal(a, b, sizeof *w * weights(n.p, w));
    end(&n), end(&resumed);
}

/* A checkpoint without averages: they begin with the next step. One with averages serves a plan without. */
static void a_checkpoint_may_lack_them(void **unused)
{
    (void)unused;
    network plain, n;
    float a[MOST], w[MOST];
    begin(&plain, &usual), begin_averaging(&n, decay, 1);
    train(&plain, 6), train(&n, 2);
    checkpoint(&plain);
    resume(&n);
    train(&n, 1), train(&plain, 1);
    assert_same_weights(n.p, plain.p);
    averages(&n, a);
    assert_memory_equal(a, w, weights(n.p, w) * sizeof *w);
    train(&n, 3);
    checkpoint(&n);
    resume(&plain);
    assert_same_weights(n.p, plain.p);
    end(&plain), end(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_follow_the_formula),       cmocka_unit_test(they_do_not_depend_on_threads),
        cmocka_unit_test(in_their_place_nothing_trains), cmocka_unit_test(they_are_saved_as_a_model),
        cmocka_unit_test(a_resume_has_their_bits),       cmocka_unit_test(a_checkpoint_may_lack_them)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
