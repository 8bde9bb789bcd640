/* test_evaluate.c: figures over a whole set, in batches with a short last one, equal those of all rows at once; so do
 * the counts of which units fired. */
#include "trained.h"

/* A plan and a loader for all rows at once, with the weights of the plan of n. */
static void at_once(const network *n, tacet_plan **p, tacet_loader **l)
{
    tacet_error why;
    *p = tacet_compile(n->g, &(tacet_config){TACET_CONFIG, .batch = ROWS, .seed = usual.seed}, &why);
    *l = tacet_loader_new(n->data, ROWS, 0, false, &why);
    assert_non_null(*p);
    assert_non_null(*l);
}

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-5 * (1 + fabs(b)))) fail_msg("%.9g is not %.9g", a, b);
}

/* Asserts that the values of both plans have the same densities and dead units. */
static void same_values(const tacet_plan *p, const tacet_plan *whole)
{
    for (int i = 0; i < tacet_value_count(p); i++) {
        tacet_value_info a = {.size = sizeof a}, b = {.size = sizeof b};
        tacet_value_at(p, i, &a);
        tacet_value_at(whole, i, &b);
        assert_true(a.density == b.density || (isnan(a.density) && isnan(b.density)));
        assert_int_equal(a.dead, b.dead);
    }
}

static void a_short_batch_counts_by_its_rows(void **state)
{
    (void)state;
    network n;
    tacet_plan *whole;
    tacet_loader *all;
    tacet_result r = {.size = sizeof r}, w = {.size = sizeof w};
    begin(&n, &usual);
    at_once(&n, &whole, &all);
    assert_int_equal(tacet_evaluate(whole, all, n.x, n.target, n.y, &w), TACET_OK);
    /* From the beginning, from the middle of an epoch, after its last batch. */
    for (int batches = 0; batches <= (ROWS + BATCH - 1) / BATCH; batches += 2 + batches / 2) {
        for (int i = 0; i < batches; i++) assert_true(tacet_loader_next(n.loader, n.p, n.x, n.target) > 0);
        if (tacet_evaluate(n.p, n.loader, n.x, n.target, n.y, &r)) fail_msg("%s", tacet_plan_error(n.p)->message);
        assert_int_equal(r.rows, ROWS);
        near(r.accuracy, w.accuracy);
        near(r.objective, w.objective);
        near(r.data_loss, w.data_loss);
        for (int i = 0; i < tacet_term_count(n.p); i++) {
            tacet_term a = {.size = sizeof a}, b = {.size = sizeof b};
            tacet_term_at(n.p, i, &a);
            tacet_term_at(whole, i, &b);
            near(a.value, b.value);
        }
        same_values(n.p, whole);
    }
    tacet_loader_free(all);
    tacet_plan_free(whole);
    end(&n);
}

/* Accuracy compares the label with the largest output, counted here by hand. A value without rows has no accuracy. */
static void accuracy_is_over_rows(void **state)
{
    (void)state;
    network n;
    tacet_plan *whole;
    tacet_loader *all;
    tacet_result r = {.size = sizeof r};
    float y[ROWS * OUT];
    int right = 0;
    begin(&n, &usual);
    const tacet_value flat = tacet_chain(n.g, (tacet_value){0}, "from a.weight | relu name=flat");
    at_once(&n, &whole, &all);
    assert_int_equal(tacet_evaluate(whole, all, n.x, n.target, n.y, &r), TACET_OK);
    assert_int_equal(tacet_read(whole, "head", y, ROWS * OUT), TACET_OK);
    for (int i = 0; i < ROWS; i++) {
        const float *row = y + i * OUT;
        right += row[i % OUT] >= row[0] && row[i % OUT] >= row[1] && row[i % OUT] >= row[2];
    }
    near(r.accuracy, (double)right / ROWS);
    assert_int_equal(tacet_evaluate(whole, all, n.x, n.target, flat, &r), TACET_OK);
    assert_true(isnan(r.accuracy));
    assert_int_equal(tacet_evaluate(whole, all, n.x, (tacet_value){0}, (tacet_value){0}, &r), TACET_OK);
    assert_true(isnan(r.accuracy) && isnan(r.data_loss) && isnan(r.objective));
    tacet_loader_free(all);
    tacet_plan_free(whole);
    end(&n);
}

static void densities_are_counted(void **state)
{
    (void)state;
    static const float data[] = {1, -1, 0, 2, 1, -1, -3, -1, 0, -1, 0, 5};
    tacet_value_info info = {.size = sizeof info};
    tacet_graph *g = tacet_graph_new(NULL);
    const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){4});
    tacet_chain(g, x, "relu | linear 2");
    tacet_plan *p = compile(g, NULL, 0);
    tacet_value_at(p, 1, &info);
    assert_true(info.silent && isnan(info.density));
    for (int i = 0; i < 2; i++) {
        tacet_feed(p, x, TACET_F32, data);
        assert_int_equal(tacet_forward(p, 3), TACET_OK);
    }
    tacet_value_at(p, 1, &info);
    assert_string_equal(info.name, "relu1");
    assert_int_equal(info.dead, 2);
    assert_true(info.density == 4.0 / 12);
    tacet_reset_counts(p);
    tacet_value_at(p, 1, &info);
    assert_true(isnan(info.density));
    tacet_plan_free(p);
    tacet_graph_free(g);
}

/* Batches of any size that the caller feeds give the same figures as those of a loader. */
static void batches_may_be_fed_by_hand(void **state)
{
    (void)state;
    static const int64_t sizes[] = {5, 1, 4, 5, 3, 5};
    network n;
    tacet_plan *whole;
    tacet_loader *all;
    tacet_result r = {.size = sizeof r}, w = {.size = sizeof w};
    float x[ROWS * IN];
    int32_t label[ROWS];
    begin(&n, &usual);
    at_once(&n, &whole, &all);
    assert_int_equal(tacet_evaluate(whole, all, n.x, n.target, n.y, &w), TACET_OK);
    assert_int_equal(tacet_read(whole, "x", x, ROWS * IN), TACET_OK);
    for (int i = 0; i < ROWS; i++) label[i] = i % OUT;
    for (int again = 0; again < 2; again++) {
        tacet_evaluate_begin(n.p, n.target, n.y);
        for (int64_t k = 0, at = 0; at < ROWS; at += sizes[k++]) {
            assert_int_equal(tacet_feed(n.p, n.x, TACET_F32, x + at * IN), TACET_OK);
            assert_int_equal(tacet_feed(n.p, n.target, TACET_I32, label + at), TACET_OK);
            if (tacet_evaluate_batch(n.p, sizes[k])) fail_msg("%s", tacet_plan_error(n.p)->message);
            if (again) assert_int_equal(tacet_evaluate_batch(n.p, 2), TACET_FAILED); /* not fed: it adds nothing */
        }
        if (tacet_evaluate_end(n.p, &r)) fail_msg("%s", tacet_plan_error(n.p)->message);
        assert_int_equal(r.rows, ROWS);
        near(r.accuracy, w.accuracy);
        near(r.objective, w.objective);
        near(r.data_loss, w.data_loss);
        near(tacet_objective(n.p), w.objective);
        same_values(n.p, whole);
    }
    tacet_loader_free(all);
    tacet_plan_free(whole);
    end(&n);
}

static void an_evaluation_begins_and_ends(void **state)
{
    (void)state;
    network n;
    tacet_result r = {.size = sizeof r};
    begin(&n, &usual);
    assert_int_equal(tacet_evaluate_batch(n.p, 1), TACET_FAILED);
    assert_non_null(strstr(tacet_plan_error(n.p)->message, "tacet_evaluate_begin"));
    assert_int_equal(tacet_evaluate_end(n.p, &r), TACET_FAILED);
    assert_non_null(strstr(tacet_plan_error(n.p)->message, "tacet_evaluate_begin"));
    tacet_evaluate_begin(n.p, n.target, n.y);
    assert_int_equal(tacet_evaluate_end(n.p, &r), TACET_FAILED);
    assert_non_null(strstr(tacet_plan_error(n.p)->message, "0 rows"));
    assert_int_equal(tacet_evaluate_batch(n.p, 1), TACET_FAILED); /* the evaluation has ended */
    r.size = 0;
    assert_int_equal(tacet_evaluate(n.p, n.loader, n.x, n.target, n.y, &r), TACET_FAILED);
    assert_non_null(strstr(tacet_plan_error(n.p)->message, "sizeof(tacet_result)"));
    end(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_batch_counts_by_its_rows),
        cmocka_unit_test(accuracy_is_over_rows),
        cmocka_unit_test(densities_are_counted),
        cmocka_unit_test(batches_may_be_fed_by_hand),
        cmocka_unit_test(an_evaluation_begins_and_ends),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
