/* test_accumulate.c: steps of several batches, where they are more than an operator's (test_ranks.c and test_extra_ranks.c
 * train every operator and several networks in them): what a loader draws, what is refused and leaves nothing behind, what
 * layers that mix samples see, threads, checkpoints. */
#include "trained.h"

enum { LARGE = 3 * BATCH, PARTS = 3 };

static tacet_plan *plan_of(tacet_graph *g, int64_t batch, int64_t accumulate, int threads)
{
    tacet_error why;
    const tacet_config c = {TACET_CONFIG,
                            .batch = batch,
                            .optimizer = usual.optimizer,
                            .seed = usual.seed,
                            .threads = threads,
                            .steps_per_epoch = 2,
                            .epochs = 9,
                            .ledger = 3,
                            .metrics = "f1",
                            .accumulate = accumulate};
    tacet_plan *p = tacet_compile(g, &c, &why);
    if (!p) fail_msg("%s", why.message);
    return p;
}

/* The usual network, for batches of that size. */
static void begin_with(network *n, int64_t batch, int64_t accumulate, int threads)
{
    tacet_error why;
    begin(n, &usual);
    tacet_plan_free(n->p);
    tacet_loader_free(n->loader);
    n->p = plan_of(n->g, batch, accumulate, threads);
    n->loader = tacet_loader_new(n->data, batch, usual.shuffle, true, &why);
    assert_non_null(n->loader);
}

static int64_t step(network *n)
{
    int64_t rows = tacet_loader_step(n->loader, n->p, n->x, n->target);
    if (rows == 0) rows = tacet_loader_step(n->loader, n->p, n->x, n->target);
    if (rows < 0) fail_msg("%s", tacet_plan_error(n->p)->message);
    return rows;
}

static void assert_near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-5 * (1e-3 + fabs(b)))) fail_msg("%.9g is not %.9g", a, b);
}

static void assert_near_weights(const network *a, const network *b)
{
    float x[MOST], y[MOST];
    const size_t n = weights(a->p, x);
    assert_int_equal(weights(b->p, y), n);
    for (size_t i = 0; i < n; i++) assert_near((double)x[i], (double)y[i]);
}

/* 23 rows: the large batches have 15 and 8 rows, the last in parts of 5 and 3. */
static void a_loader_draws_the_same_rows(void **unused)
{
    (void)unused;
    network small, large;
    tacet_total a = {.size = sizeof a}, b = {.size = sizeof b};
    tacet_metric f = {.size = sizeof f}, g = {.size = sizeof g};
    begin_with(&small, BATCH, PARTS, 1), begin_with(&large, LARGE, 0, 1);
    for (int i = 0; i < 8; i++) {
        const int64_t rows = step(&small);
        assert_int_equal(rows, i % 2 ? 8 : 15);
        assert_int_equal(step(&large), rows);
        assert_near_weights(&small, &large);
        assert_near(tacet_objective(small.p), tacet_objective(large.p));
        assert_near(tacet_gradient_norm(small.p), tacet_gradient_norm(large.p));
        assert_int_equal(tacet_steps(small.p), i + 1);
    }
    tacet_ledger_total(small.p, &a), tacet_ledger_total(large.p, &b);
    assert_true(a.steps == 8 && b.steps == 8 && a.rows == b.rows && a.rows == 4 * ROWS);
    assert_near(a.objective, b.objective);
    for (int i = 0; tacet_metric_at(small.p, i, true, &f) == TACET_OK; i++) {
        assert_int_equal(tacet_metric_at(large.p, i, true, &g), TACET_OK);
        assert_true(f.value == g.value);
    }
    end(&small), end(&large);
}

static void bits_do_not_depend_on_threads(void **unused)
{
    (void)unused;
    network one, three;
    begin_with(&one, BATCH, PARTS, 1), begin_with(&three, BATCH, PARTS, 3);
    for (int i = 0; i < 6; i++) step(&one), step(&three);
    assert_same_weights(one.p, three.p);
    end(&one), end(&three);
}

static void a_resume_has_the_same_bits(void **unused)
{
    (void)unused;
    network n, resumed;
    tacet_error why;
    begin_with(&n, BATCH, PARTS, 1), begin_with(&resumed, BATCH, PARTS, 1);
    for (int i = 0; i < 3; i++) step(&n); /* in the middle of an epoch */
    checkpoint(&n);
    step(&resumed);
    tacet_file *f = opened(checkpoint_path);
    if (tacet_resume(resumed.p, resumed.loader, f, &why)) fail_msg("%s", why.message);
    tacet_file_free(f);
    for (int i = 0; i < 4; i++) step(&n), step(&resumed);
    assert_same_weights(n.p, resumed.p);
    end(&n), end(&resumed);
}

/* ---- What is refused --------------------------------------------------------------------------------------------- */

static float rows_of_x[LARGE * IN];
static int32_t labels[LARGE];

static void feed(network *n, int64_t row)
{
    for (int i = 0; i < LARGE * IN; i++)
        if (i != 7 * IN + 2) rows_of_x[i] = (float)((i * 37) % 19 - 9);
    for (int i = 0; i < LARGE; i++) labels[i] = i % OUT;
    tacet_feed(n->p, n->x, TACET_F32, rows_of_x + row * IN);
    tacet_feed(n->p, n->target, TACET_I32, labels + row);
}

static tacet_status part(network *n, int i, int64_t of)
{
    feed(n, (int64_t)i * BATCH);
    return i + 1 < PARTS ? tacet_accumulate(n->p, BATCH, of) : tacet_step(n->p, BATCH);
}

static void whole(network *n)
{
    for (int i = 0; i < PARTS; i++)
        if (part(n, i, LARGE)) fail_msg("%s", tacet_plan_error(n->p)->message);
}

static void lacks(const tacet_error *e, tacet_status s, tacet_status due, const char *text)
{
    assert_int_equal(s, due);
    if (!strstr(e->message, text)) fail_msg("\"%s\" lacks \"%s\"", e->message, text);
}

/* A number that is not finite, in any part, takes the whole step back, and is named. */
static void a_bad_part_leaves_nothing(void **unused)
{
    (void)unused;
    for (int bad = 0; bad < PARTS; bad++) {
        network n, other;
        tacet_status s = TACET_OK;
        begin_with(&n, BATCH, PARTS, 1), begin_with(&other, BATCH, PARTS, 1);
        whole(&n), whole(&other);
        for (int i = 0; i < PARTS && s == TACET_OK; i++) {
            feed(&n, (int64_t)i * BATCH);
            rows_of_x[7 * IN + 2] = 3;
            if (i == bad) rows_of_x[(i * BATCH + 2) * IN + 1] = NAN;
            s = i + 1 < PARTS ? tacet_accumulate(n.p, BATCH, LARGE) : tacet_step(n.p, BATCH);
            assert_int_equal(s, i == bad ? TACET_NOT_FINITE : TACET_OK);
        }
        lacks(tacet_plan_error(n.p), s, TACET_NOT_FINITE, "the input x [batch, 6], row 2, element 1");
        assert_same_weights(n.p, other.p);
        assert_int_equal(tacet_steps(n.p), 1);
        whole(&n), whole(&other);
        checkpoint(&n); /* which holds counts, metrics and the ledger as well */
        FILE *f = fopen(checkpoint_path, "rb");
        static char a[1 << 16], b[1 << 16];
        const size_t size = fread(a, 1, sizeof a, f);
        fclose(f);
        checkpoint(&other);
        f = fopen(checkpoint_path, "rb");
        assert_int_equal(fread(b, 1, sizeof b, f), size);
        fclose(f);
        assert_memory_equal(a, b, size);
        end(&n), end(&other);
    }
}

static void wrong_calls_are_refused(void **unused)
{
    (void)unused;
    network n, other, plain;
    tacet_error why;
    double lambda;
    begin_with(&n, BATCH, PARTS, 1), begin_with(&other, BATCH, PARTS, 1), begin_with(&plain, BATCH, 1, 1);
    whole(&n), whole(&other);
    const tacet_error *e = tacet_plan_error(n.p);
    part(&n, 0, LARGE);
    lacks(e, part(&n, 1, LARGE + 1), TACET_FAILED, "a step of 16 rows was given for one of 15");
    part(&n, 0, 8);
    lacks(e, part(&n, 1, 8), TACET_FAILED, "got 5 rows for a step that lacks only 3");
    part(&n, 0, 12);
    lacks(e, part(&n, 2, 12), TACET_FAILED, "got 5 rows for the last batch of a step that lacks 7");
    part(&n, 0, LARGE);
    lacks(&why, tacet_checkpoint(n.p, n.loader, checkpoint_path, 0, NULL, &why), TACET_FAILED, "between the batches");
    feed(&n, 0);
    lacks(e, tacet_lambda_max(n.p, 1, BATCH, &lambda), TACET_FAILED, "between the batches");
    feed(&n, 0);
    assert_int_equal(tacet_forward(n.p, BATCH), TACET_OK); /* this does no harm */
    part(&n, 1, LARGE), part(&n, 2, LARGE), whole(&other);
    part(&n, 0, LARGE);
    lacks(e, tacet_step(n.p, -1), TACET_FAILED, "got -1 rows");
    whole(&n), whole(&other);
    assert_same_weights(n.p, other.p);
    lacks(tacet_plan_error(plain.p), part(&plain, 0, LARGE), TACET_FAILED, "tacet_config.accumulate");
    tacet_penalize(n.g, "a", "norm 0.1 reduce=sum");
    const tacet_config c = {TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0.1", .accumulate = 2};
    assert_null(tacet_compile(n.g, &c, &why));
    assert_string_equal(why.message, "a:norm needs all samples of a step at once, so a step cannot be divided into "
                                     "batches: train without accumulate");
    assert_string_equal(why.source, "norm 0.1 reduce=sum");
    end(&n), end(&other), end(&plain);
}

/* A loader that has failed is where it was. */
static void a_failed_loader_goes_back(void **unused)
{
    (void)unused;
    network n;
    int64_t epoch, position;
    float w[IN * 8];
    begin_with(&n, BATCH, PARTS, 1);
    step(&n);
    assert_int_equal(tacet_read(n.p, "a.weight", w, IN * 8), TACET_OK);
    w[0] = INFINITY;
    assert_int_equal(tacet_write(n.p, "a.weight", w, IN * 8), TACET_OK);
    assert_int_equal(tacet_loader_step(n.loader, n.p, n.x, n.target), -1);
    tacet_loader_tell(n.loader, &epoch, &position);
    assert_true(epoch == 0 && position == PARTS);
    assert_int_equal(tacet_plan_error(n.p)->status, TACET_NOT_FINITE);
    end(&n);
}

/* ---- What mixes samples ------------------------------------------------------------------------------------------ */

/* Two parts with the same rows: batch_norm normalises each by itself, so the gradient is that of one part; and it sees
 * them one after the other, so its running mean moves twice. */
static void batch_norm_sees_each_batch(void **unused)
{
    (void)unused;
    static const float x[] = {1, 2, -1, 4, 3, 0, 2, 5};
    static const int32_t t[] = {0, 1, 0, 1};
    tacet_plan *p[2];
    float w[2][4], mean[2][2];
    for (int i = 0; i < 2; i++) {
        tacet_graph *g = tacet_graph_new(NULL);
        const tacet_value in = tacet_input(g, "x", 1, (int64_t[]){2}), labels = tacet_labels(g, "target");
        tacet_loss(g, "cross_entropy", tacet_chain(g, in, "batch_norm momentum=0.5 | linear 2"), labels);
        const tacet_config c = {TACET_CONFIG, .batch = 4, .optimizer = "sgd lr=0.1", .accumulate = 2};
        p[i] = tacet_compile(g, &c, NULL);
        assert_non_null(p[i]);
        for (int k = 0; k <= i; k++) {
            tacet_feed(p[i], in, TACET_F32, x), tacet_feed(p[i], labels, TACET_I32, t);
            assert_int_equal(k < i ? tacet_accumulate(p[i], 4, 8) : tacet_step(p[i], 4), TACET_OK);
        }
        tacet_read(p[i], "linear1.weight", w[i], 4), tacet_read(p[i], "batch_norm1.running_mean", mean[i], 2);
        tacet_plan_free(p[i]), tacet_graph_free(g);
    }
    for (int k = 0; k < 4; k++) assert_near((double)w[1][k], (double)w[0][k]);
    for (int k = 0; k < 2; k++) assert_near((double)mean[1][k], 1.5 * (double)mean[0][k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loader_draws_the_same_rows), cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(a_resume_has_the_same_bits),   cmocka_unit_test(a_bad_part_leaves_nothing),
        cmocka_unit_test(wrong_calls_are_refused),      cmocka_unit_test(a_failed_loader_goes_back),
        cmocka_unit_test(batch_norm_sees_each_batch)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
