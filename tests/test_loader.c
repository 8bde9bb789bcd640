/* The loader: every row once per epoch, the same order for the same seed, continuing from any position, and what it
 * feeds. */
#include "data/data.h"
#include "data_files.h"
#include "failing.h"
#include "run/run.h"

static const tacet_value none = {0};

typedef struct net {
    tacet_graph *g;
    tacet_value x, target;
    tacet_plan *p;
} net;

static net net_of(int64_t units, bool labels, const char *layers, const char *loss)
{
    net n = {.g = tacet_graph_new(NULL)};
    n.x = tacet_input(n.g, "x", 1, &units);
    n.target = labels ? tacet_labels(n.g, "target") : tacet_input(n.g, "target", 1, (int64_t[]){2});
    tacet_loss(n.g, loss, tacet_chain(n.g, n.x, layers), n.target);
    tacet_error e;
    n.p = tacet_compile(n.g, &(tacet_config){TACET_CONFIG, .batch = 4}, &e);
    if (!n.p) fail_msg("%s", e.message);
    return n;
}

static void free_net(net *n)
{
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

/* The labels fed to the plan for the last pass. */
static const int32_t *labels_of(const net *n)
{
    const int32_t *labels = tc_run_left(n->p, (int)n->target.id - 1, TACET_I32);
    assert_non_null(labels);
    return labels;
}

static net reads_labels; /* batches of up to 10 rows */

/* The rows of one batch, identified by their labels, which are the row numbers. */
static int64_t take(tacet_loader *l, int32_t *to)
{
    const int64_t rows = tacet_loader_next(l, reads_labels.p, none, reads_labels.target);
    if (rows <= 0) return rows;
    assert_int_equal(tacet_forward(reads_labels.p, rows), TACET_OK);
    memcpy(to, labels_of(&reads_labels), (size_t)rows * sizeof *to);
    return rows;
}

/* One epoch of 10 rows in batches of 4: 4, 4, 2, then 0. */
static void epoch(tacet_loader *l, int32_t order[10])
{
    assert_int_equal(take(l, order), 4);
    assert_int_equal(take(l, order + 4), 4);
    assert_int_equal(take(l, order + 8), 2);
    assert_int_equal(tacet_loader_next(l, NULL, none, none), 0);
}

static bool complete(const int32_t *order)
{
    int seen[10] = {0};
    for (int i = 0; i < 10; i++) seen[order[i]]++;
    for (int i = 0; i < 10; i++)
        if (seen[i] != 1) return false;
    return true;
}

static void order_of_epochs(void **state)
{
    (void)state;
    write_idx_set();
    tacet_data *d = must_open("idx @", "train");
    tacet_error e;
    tacet_loader *a = tacet_loader_new(d, 4, 5, true, &e), *b = tacet_loader_new(d, 4, 5, true, &e);
    tacet_loader *other = tacet_loader_new(d, 4, 6, true, &e), *plain = tacet_loader_new(d, 4, 5, false, &e);
    assert_int_equal(tacet_loader_batches(a), 3);
    int32_t first[10], second[10], order[10];
    epoch(a, first);
    epoch(a, second);
    assert_true(complete(first) && complete(second));
    assert_memory_not_equal(first, second, sizeof first);
    epoch(b, order);
    assert_memory_equal(first, order, sizeof first);
    epoch(other, order);
    assert_memory_not_equal(first, order, sizeof first);
    for (int k = 0; k < 2; k++) {
        epoch(plain, order);
        for (int i = 0; i < 10; i++) assert_int_equal(order[i], i);
    }
    tacet_loader *all[] = {a, b, other, plain};
    for (int i = 0; i < 4; i++) tacet_loader_free(all[i]);
    assert_null(tacet_loader_new(d, 0, 0, true, &e));
    assert_int_equal(e.status, TACET_DESCRIPTION);
    tacet_loader *large = tacet_loader_new(d, INT64_MAX, 0, true, &e);
    assert_int_equal(tacet_loader_batches(large), 1);
    assert_int_equal(take(large, order), 10);
    tacet_loader_free(large);
    tacet_data_free(d);
}

/* At every position of two epochs, a loader that seeks there continues like one that iterated there. */
static void seeking(void **state)
{
    (void)state;
    write_idx_set();
    tacet_data *d = must_open("idx @", "train");
    tacet_error e;
    tacet_loader *walks = tacet_loader_new(d, 4, 9, true, &e), *jumps = tacet_loader_new(d, 4, 9, true, &e);
    for (int i = 0; i < 8; i++) {
        int64_t at, position;
        tacet_loader_tell(walks, &at, &position);
        assert_int_equal(at, i / 4);
        assert_int_equal(position, i % 4);
        int32_t x[4] = {0}, y[4] = {0};
        tacet_loader_seek(jumps, 1 - at, 1); /* from another position */
        take(jumps, y);
        memset(y, 0, sizeof y);
        tacet_loader_seek(jumps, at, position);
        assert_int_equal(take(walks, x), take(jumps, y));
        assert_memory_equal(x, y, sizeof x);
    }
    tacet_loader_seek(jumps, -3, 99);
    int64_t at, position;
    tacet_loader_tell(jumps, &at, &position);
    assert_int_equal(at, 0);
    assert_int_equal(position, 3);
    tacet_loader_seek(jumps, INT64_MAX, 99);
    assert_int_equal(take(jumps, (int32_t[4]){0}), 0);
    tacet_loader_tell(jumps, &at, &position);
    assert_int_equal(at, INT64_MAX);
    assert_int_equal(position, 0);
    tacet_loader_free(walks);
    tacet_loader_free(jumps);
    tacet_data_free(d);
}

static void views(void **state)
{
    (void)state;
    write_idx_set();
    tacet_data *d = must_open("idx @", "train");
    tacet_error e;
    tacet_data *held = tacet_data_hold_out(d, 0.4, 3, &e);
    int32_t order[10];
    tacet_loader *l = tacet_loader_new(d, 6, 1, true, &e), *h = tacet_loader_new(held, 6, 1, true, &e);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(take(l, order), 6);
        assert_int_equal(take(h, order + 6), 4);
        assert_true(complete(order));
        assert_int_equal(take(l, order), 0);
        assert_int_equal(take(h, order), 0);
    }
    tacet_loader_free(l);
    tacet_loader_free(h);
    tacet_data_free(held);
    tacet_data_free(d);
}

/* ---- With a network ---- */

/* Rows arrive scaled and with the right labels, in full and in short batches. */
static void feeding(void **state)
{
    (void)state;
    write_idx_set();
    net n = net_of(6, true, "linear 10", "cross_entropy");
    tacet_data *d = must_open("idx @ scale=2 mean=1", "train");
    tacet_error e;
    tacet_loader *l = tacet_loader_new(d, 4, 2, true, &e);
    float x[24];
    int seen = 0;
    for (int64_t rows; (rows = tacet_loader_next(l, n.p, n.x, n.target)) != 0;) {
        assert_true(rows > 0);
        assert_int_equal(tacet_forward(n.p, rows), TACET_OK);
        assert_int_equal(tacet_read(n.p, "x", x, (size_t)rows * 6), TACET_OK);
        for (int64_t i = 0; i < rows * 6; i++)
            assert_float_equal(x[i], (float)(2 * (6 * labels_of(&n)[i / 6] + i % 6) - 1), 0);
        assert_true(tacet_data_loss(n.p) > 0);
        seen += (int)rows;
    }
    assert_int_equal(seen, 10);
    tacet_loader_free(l);
    tacet_data_free(d);
    free_net(&n);
}

/* Regression targets arrive with their rows: relu returns these inputs, which equal their targets but for the last
 * number. */
static void feeding_targets(void **state)
{
    (void)state;
    write_text("t.csv", "a,b,p,q\n1,2,1,2\n3,4,3,4\n5,6,5,6\n7,8,7,8\n9,1,9,2\n");
    tacet_data *d = must_open("csv @/t.csv target=p,q", "train");
    net n = net_of(2, false, "relu", "mse");
    tacet_error e;
    tacet_loader *l = tacet_loader_new(d, 4, 2, true, &e);
    double sum = 0;
    for (int64_t rows; (rows = tacet_loader_next(l, n.p, n.x, n.target)) > 0;) {
        assert_int_equal(tacet_forward(n.p, rows), TACET_OK);
        sum += tacet_data_loss(n.p) * (double)rows * 2;
    }
    assert_float_equal(sum, 1, 1e-6); /* (1 - 2)^2 in the last row */
    tacet_loader_free(l);
    tacet_data_free(d);
    free_net(&n);
}

/* The plan refuses rows that are too short for the network, and the loader keeps its position. */
static void feeding_the_wrong_network(void **state)
{
    (void)state;
    write_idx_set();
    net n = net_of(7, true, "linear 10", "cross_entropy");
    tacet_data *d = must_open("idx @", "train");
    tacet_error e;
    tacet_loader *l = tacet_loader_new(d, 4, 2, true, &e);
    assert_int_equal(tacet_loader_next(l, n.p, n.x, n.target), -1);
    assert_non_null(strstr(tacet_plan_error(n.p)->message, "7"));
    int64_t at, position;
    tacet_loader_tell(l, &at, &position);
    assert_int_equal(position, 0);
    tacet_loader_free(l);
    tacet_data_free(d);
    free_net(&n);
}

/* Iterating over epochs allocates nothing. */
static void no_allocation(void **state)
{
    (void)state;
    write_idx_set();
    failing hook = {0};
    const tacet_memory m = failing_memory(&hook);
    tacet_error e;
    tacet_data *d = open_data("idx @", "train", &m, &e);
    tacet_loader *l = tacet_loader_new(d, 4, 2, true, &e);
    const int64_t before = hook.calls;
    int32_t order[10];
    for (int i = 0; i < 3; i++) epoch(l, order);
    assert_int_equal(hook.calls, before);
    tacet_loader_free(l);
    tacet_data_free(d);
    assert_int_equal(hook.alive, 0);
}

static int open_all(void **state)
{
    net *n = &reads_labels;
    n->g = tacet_graph_new(NULL);
    n->target = tacet_labels(n->g, "target");
    n->p = tacet_compile(n->g, &(tacet_config){TACET_CONFIG, .batch = 10}, NULL);
    return n->p ? make_folder(state) : -1;
}

static int close_all(void **state)
{
    free_net(&reads_labels);
    return remove_folder(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_of_epochs), cmocka_unit_test(seeking),
        cmocka_unit_test(views),           cmocka_unit_test(feeding),
        cmocka_unit_test(feeding_targets), cmocka_unit_test(feeding_the_wrong_network),
        cmocka_unit_test(no_allocation),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
