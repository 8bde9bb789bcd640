/* test_set.c: lambdas and learning rates set between steps act as if they had been described with these values, and are
 * kept in checkpoints. */
#include "trained.h"

static double lambda_of(const tacet_plan *p, const char *name)
{
    tacet_term t = {.size = sizeof t};
    for (int i = 0; i < tacet_term_count(p); i++)
        if (tacet_term_at(p, i, &t) == TACET_OK && strcmp(t.name, name) == 0) return t.lambda;
    fail_msg("no term %s", name);
    return NAN;
}

static void set_lambda(network *n, const char *term, double lambda)
{
    if (tacet_set_lambda(n->p, term, lambda)) fail_msg("%s", tacet_plan_error(n->p)->message);
}

static void setting_equals_describing(void **unused)
{
    (void)unused;
    static const char sgd[] = "sgd lr=0.1 momentum=0.9 schedule=cosine",
                      slow[] = "sgd lr=0.03 momentum=0.9 schedule=cosine";
    static const struct {
        const char *penalty, *optimizer, *options, *so_penalty, *so_optimizer;
        double lambda, rate; /* setting these makes the first network act like the second; NAN: not set */
    } way[] = {
        {"l1 0.1", sgd, "lr=0.01", "l1 0.4", sgd, 0.4, NAN},
        {"l1 0.1", sgd, "lr=0.01", "l1 0", sgd, 0, NAN},
        {"l1 0.1 warmup=3", sgd, "lr=0.01", "l1 0.4 warmup=3", sgd, 0.4, NAN},
        {"l1 0.1", sgd, "lr=0.01", "l1 0.1", slow, NAN, 0.03},
        {"l1 0.1", sgd, "lr=0.1", "l1 0.1", slow, NAN, 0.03}, /* the option repeats the optimizer's rate */
        {"l1 0.1", sgd, "weight_decay=0.1", "l1 0.1", slow, NAN, 0.03},
        {"l1 0.1", "adam lr=0.1", "lr=0.01", "l1 0.4", "adam lr=0.003", 0.4, 0.003},
    };
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        network set, so, not ;
        variant v = usual;
        v.options = way[i].options;
        v.penalty = way[i].penalty, v.optimizer = way[i].optimizer;
        begin(&set, &v), begin(&not, &v);
        v.penalty = way[i].so_penalty, v.optimizer = way[i].so_optimizer;
        begin(&so, &v);
        if (!isnan(way[i].lambda)) set_lambda(&set, "relu1:l1", way[i].lambda);
        if (!isnan(way[i].rate)) assert_int_equal(tacet_set_rate(set.p, way[i].rate), TACET_OK);
        assert_true(tacet_learning_rate(set.p) == tacet_learning_rate(so.p));
        train(&set, 8), train(&so, 8), train(&not, 8);
        assert_same_weights(set.p, so.p);
        assert_true(lambda_of(set.p, "relu1:l1") == lambda_of(so.p, "relu1:l1"));
        assert_true(tacet_learning_rate(set.p) == tacet_learning_rate(so.p));
        float a[MOST], b[MOST];
        const size_t n = weights(set.p, a);
        weights(not .p, b);
        if (memcmp(a, b, n * sizeof *a) == 0) fail_msg("setting changed nothing in case %zu", i);
        end(&set), end(&so), end(&not );
    }
}

/* Every kind of term: a loss, a proximal step, a joint term. A set value acts from the next step or forward pass on. */
static void every_lambda_can_be_set(void **unused)
{
    (void)unused;
    network n;
    float x[IN] = {1, 2, 3, 4, 5, 6};
    begin(&n, &usual);
    train(&n, 3);
    tacet_term t = {.size = sizeof t};
    for (int i = 0; i < tacet_term_count(n.p); i++) {
        assert_int_equal(tacet_term_at(n.p, i, &t), TACET_OK);
        set_lambda(&n, t.name, 0.125 * (i + 1));
        assert_true(lambda_of(n.p, t.name) == 0.125 * (i + 1));
    }
    assert_int_equal(tacet_feed(n.p, n.x, TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_feed(n.p, n.target, TACET_I32, (int32_t[]){1}), TACET_OK);
    assert_int_equal(tacet_forward(n.p, 1), TACET_OK);
    double sum = 0;
    for (int i = 0; i < tacet_term_count(n.p); i++) {
        tacet_term_at(n.p, i, &t);
        sum += 0.125 * (i + 1) * t.value;
    }
    assert_true(fabs(tacet_objective(n.p) - sum) < 1e-9);
    end(&n);
}

static void a_steered_term_is_held(void **unused)
{
    (void)unused;
    network n;
    variant v = usual;
    v.penalty = "l1 density=0.3 warmup=1";
    begin(&n, &v);
    train(&n, 9);
    const double reached = lambda_of(n.p, "relu1:l1");
    assert_true(reached > 0);
    tacet_account a = {.size = sizeof a};
    assert_int_equal(tacet_account_at(n.p, 1, &a), TACET_OK);
    assert_true(a.target == 0.3 && !isnan(a.due));
    train(&n, 1);
    assert_true(lambda_of(n.p, "relu1:l1") != reached);
    set_lambda(&n, "relu1:l1", reached);
    train(&n, 9);
    assert_true(lambda_of(n.p, "relu1:l1") == reached);
    assert_int_equal(tacet_account_at(n.p, 1, &a), TACET_OK);
    assert_true(isnan(a.target) && isnan(a.due) && a.bound == 0);
    end(&n);
}

static void checkpoints_keep_set_values(void **unused)
{
    (void)unused;
    static const char *const penalty[] = {"l1 0.1", "l1 0.1 warmup=4", "l1 density=0.3"};
    for (size_t i = 0; i < sizeof penalty / sizeof *penalty; i++) {
        network whole, cut;
        variant v = usual;
        tacet_error why;
        v.penalty = penalty[i];
        begin(&whole, &v), begin(&cut, &v);
        train(&whole, 4);
        set_lambda(&whole, "relu1:l1", 0.7);
        assert_int_equal(tacet_set_rate(whole.p, 0.02), TACET_OK);
        train(&whole, 3);
        checkpoint(&whole);
        train(&whole, 6);
        tacet_file *f = opened(checkpoint_path);
        if (tacet_resume(cut.p, cut.loader, f, &why)) fail_msg("%s", why.message);
        train(&cut, 6);
        assert_same_weights(whole.p, cut.p);
        assert_true(lambda_of(whole.p, "relu1:l1") == lambda_of(cut.p, "relu1:l1"));
        assert_true(tacet_learning_rate(whole.p) == tacet_learning_rate(cut.p));
        tacet_file_free(f);
        end(&whole), end(&cut);
    }
}

/* A checkpoint of a run in which nothing was set says so, and loading it discards values set before. */
static void a_resume_discards_set_values(void **unused)
{
    (void)unused;
    network plain, n;
    tacet_error why;
    begin(&plain, &usual), begin(&n, &usual);
    train(&plain, 4);
    checkpoint(&plain);
    train(&plain, 4);
    tacet_file *f = opened(checkpoint_path);
    set_lambda(&n, "relu1:l1", 0.7);
    assert_int_equal(tacet_set_rate(n.p, 0.02), TACET_OK);
    if (tacet_resume(n.p, n.loader, f, &why)) fail_msg("%s", why.message);
    train(&n, 4);
    assert_same_weights(plain.p, n.p);
    tacet_file_free(f);
    end(&plain), end(&n);
}

static void nonsense_is_refused(void **unused)
{
    (void)unused;
    static const double bad[] = {-1, -0x1p-1074, NAN, INFINITY, -INFINITY};
    network n, before;
    begin(&n, &usual), begin(&before, &usual);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(tacet_set_lambda(n.p, "relu1:l1", bad[i]), TACET_FAILED);
        assert_non_null(strstr(tacet_plan_error(n.p)->message, "lambda of relu1:l1"));
        assert_int_equal(tacet_set_rate(n.p, bad[i]), TACET_FAILED);
        assert_non_null(strstr(tacet_plan_error(n.p)->message, "learning rate"));
    }
    assert_int_equal(tacet_set_lambda(n.p, "relu1:l2", 1), TACET_FAILED);
    assert_non_null(strstr(tacet_plan_error(n.p)->message, "\"relu1:l2\" does not exist"));
    assert_non_null(strstr(tacet_plan_error(n.p)->hint, "relu1:l1"));
    train(&n, 3), train(&before, 3);
    assert_same_weights(n.p, before.p);
    tacet_penalize(n.g, "head.weight", "max_norm 1 name=cap");
    tacet_plan *p = compile(n.g, NULL, 0);
    assert_int_equal(tacet_set_lambda(p, "head.weight:cap", 1), TACET_FAILED);
    assert_non_null(strstr(tacet_plan_error(p)->message, "is a constraint"));
    assert_int_equal(tacet_set_rate(p, 1), TACET_FAILED);
    assert_non_null(strstr(tacet_plan_error(p)->message, "inference"));
    tacet_plan_free(p);
    end(&n), end(&before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_equals_describing),   cmocka_unit_test(every_lambda_can_be_set),
        cmocka_unit_test(a_steered_term_is_held),        cmocka_unit_test(checkpoints_keep_set_values),
        cmocka_unit_test(a_resume_discards_set_values), cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests_name("set", tests, make_folder, remove_folder);
}
