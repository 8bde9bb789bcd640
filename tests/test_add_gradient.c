/* test_add_gradient.c: gradients from the caller: they do what a loss with these derivatives does, on threads, ranks, in steps
 * of several batches, with clipping, and beside other terms; and what is refused. */
#include "ranks.h"

enum { OUT = 3, WIDE = 300 };

typedef struct setting {
    const char *model, *penalty[3][2], *optimizer;
    tacet_sparse sparse;
} setting;

static const setting settings[] = {
    {.model = "linear 5 | tanh | linear 3 name=y", .optimizer = "sgd lr=0.1 momentum=0.9"},
    {.model = "linear 300 | relu name=r | linear 128 | relu | linear 3 name=y",
     .penalty = {{"r", "l1 1e-2"}, {"linear2.weight", "l1 1e-3 prox"}},
     .optimizer = "sgd lr=0.1 clip_norm=0.5",
     .sparse = TACET_SPARSE_ALWAYS},
    {.model = "linear 5 | gelu | linear 3 name=y", .penalty = {{"y", "l2 0.1"}}, .optimizer = "adam lr=0.01"},
};
enum { SETTINGS = sizeof settings / sizeof *settings };

/* taken: without the loss, whose gradient the test gives. The target is an input in both. */
static void describe(network *net, const setting *s, bool taken)
{
    *net = (network){.g = tacet_graph_new(NULL), .optimizer = s->optimizer, .ledger = -1, .sparse = s->sparse};
    const tacet_value x = add_feed(net, "x", 0, 1, (int64_t[]){6}, -1, 1),
                      t = add_feed(net, "target", 0, 1, (int64_t[]){OUT}, -1, 1);
    const tacet_value y = tacet_chain(net->g, x, s->model);
    if (taken)
        tacet_take_gradient(net->g, "y");
    else
        tacet_loss(net->g, "mse reduce=sample lambda=0.5", y, t);
    for (int i = 0; i < 3 && s->penalty[i][0]; i++) tacet_penalize(net->g, s->penalty[i][0], s->penalty[i][1]);
    const tacet_error *e = tacet_graph_error(net->g);
    if (e) fail_msg("%s", e->message);
}

/* Feeds rows [first, first + rows) of the data and gives the gradient of the loss, over `of` rows. */
static void give(member *m, int64_t first, int64_t rows, int64_t of)
{
    float y[BATCH * OUT];
    feed_from(m, first);
    if (rows > 0) {
        /* Evaluation has the same numbers as training here. */
        tacet_plan *reader = m->more;
        tacet_feed(reader, m->net->feed[0].value, TACET_F32, (const float *)m->net->feed[0].data + first * 6);
        for (int i = 0; i < tacet_value_count(m->p); i++) {
            tacet_value_info v = {.size = sizeof v};
            float w[WIDE * 128];
            tacet_value_at(m->p, i, &v);
            if (v.role != TACET_ROLE_PARAMETER) continue;
            tacet_read(m->p, v.name, w, (size_t)v.elements);
            tacet_write(reader, v.name, w, (size_t)v.elements);
        }
        if (tacet_forward(reader, rows)) abort();
        tacet_read(reader, "y", y, (size_t)(rows * OUT));
    }
    const float *t = (const float *)m->net->feed[1].data + first * OUT;
    for (int64_t i = 0; i < rows * OUT; i++) y[i] = (y[i] - t[i]) / (float)of;
    if (rows > 0 && tacet_add_gradient(m->p, "y", y, (size_t)(rows * OUT)))
        snprintf(m->t.error, sizeof m->t.error, "%s", tacet_plan_error(m->p)->message);
}

static void *train_given(void *argument)
{
    member *m = argument;
    open_trace(m);
    for (int step = 0; step < STEPS; step++) {
        const int64_t all = rows_of(m, step), first = step * BATCH + rows_before(all, m->seat.w->size, m->seat.rank, step),
                      rows = step * BATCH + rows_before(all, m->seat.w->size, m->seat.rank + 1, step) - first;
        const int parts = parts_of(m, step);
        tacet_status s = TACET_OK;
        for (int i = 0; i < (parts < 2 ? 1 : parts) && s == TACET_OK; i++) {
            const int64_t from = parts < 2 ? 0 : rows * i / parts, n = parts < 2 ? rows : rows * (i + 1) / parts - from;
            give(m, first + from, n, all);
            s = parts > 1 && i < parts - 1 ? tacet_accumulate(m->p, n, rows) : tacet_step(m->p, n);
        }
        if (s && !m->t.error[0]) snprintf(m->t.error, sizeof m->t.error, "%s", tacet_plan_error(m->p)->message);
        read_weights(m->p, m->t.weight + (size_t)step * m->t.weights);
    }
    return NULL;
}

static void a_gradient_does_what_its_loss_does(void **state)
{
    (void)state;
    for (int i = 0; i < SETTINGS; i++) {
        network net, given;
        team plain;
        tacet_error why;
        describe(&net, &settings[i], false);
        if (!open_team(&plain, &net, 0, &why)) fail_msg("%s", why.message);
        together(&plain, train);
        for (int size = 0; size < 4; size += 3)
            for (int parts = 0; parts < 4; parts += 3) {
                describe(&given, &settings[i], true);
                given.parts = parts;
                team t;
                tacet_plan *reader[MOST_RANKS];
                if (!open_team(&t, &given, size, &why)) fail_msg("%s", why.message);
                for (int r = 0; r < t.w.size; r++) {
                    reader[r] = tacet_compile(given.g, &(tacet_config){TACET_CONFIG, .batch = BATCH}, &why);
                    t.member[r].more = reader[r];
                }
                together(&t, train_given);
                assert_near_weights(settings[i].model, &t.member[0].t, &plain.member[0].t);
                for (int r = 0; r < t.w.size; r++) tacet_plan_free(reader[r]);
                close_team(&t), free_network(&given);
            }
        close_team(&plain), free_network(&net);
    }
}

/* At a parameter, in the order that users see, also where its gradient would be made in the update; at a value in the middle;
 * given twice; and without one, nothing changes. */
static void parameters_and_values_take_gradients(void **state)
{
    (void)state;
    tacet_error why;
    float x[4 * 256], before[300 * 256], after[300 * 256], d[300 * 256], r[4 * 300];
    uint32_t noise_state = 1;
    for (int i = 0; i < 4 * 256; i++) x[i] = noise(&noise_state);
    for (int i = 0; i < 300 * 256; i++) d[i] = noise(&noise_state) - 0.5f;
    tacet_graph *g = tacet_graph_new(NULL);
    const tacet_value in = tacet_input(g, "x", 1, (int64_t[]){256});
    tacet_chain(g, in, "linear 300 name=a | relu name=r | linear 2 name=y");
    tacet_take_gradient(g, "[ar]"), tacet_take_gradient(g, "a.weight");
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 4, .optimizer = "sgd lr=1"}, &why);
    if (!p) fail_msg("%s", why.message);
    assert_int_equal(tacet_read(p, "a.weight", before, 300 * 256), TACET_OK);
    for (int times = 0; times < 3; times++) {
        for (int k = 0; k < times; k++) assert_int_equal(tacet_add_gradient(p, "a.weight", d, 300 * 256), TACET_OK);
        tacet_feed(p, in, TACET_F32, x);
        assert_int_equal(tacet_step(p, 4), TACET_OK);
        assert_int_equal(tacet_read(p, "a.weight", after, 300 * 256), TACET_OK);
        for (int i = 0; i < 300 * 256; i++)
            if (fabsf(after[i] - (before[i] - (float)times * d[i])) > 1e-5f) fail_msg("%d: %g", i, (double)after[i]);
        memcpy(before, after, sizeof after);
    }
    /* The gradient of the ReLU reaches the layer before it only where it fired, that of the layer itself everywhere. */
    tacet_feed(p, in, TACET_F32, x);
    assert_int_equal(tacet_add_gradient(p, "r", d, 4 * 300), TACET_OK);
    assert_int_equal(tacet_add_gradient(p, "a", d + 5000, 4 * 300), TACET_OK);
    assert_int_equal(tacet_step(p, 4), TACET_OK);
    assert_int_equal(tacet_read_gradient(p, "a", after, 4 * 300), TACET_OK);
    tacet_write(p, "a.weight", before, 300 * 256);
    assert_int_equal(tacet_read_gradient(p, "r", r, 4 * 300), TACET_OK);
    assert_memory_equal(r, d, sizeof r);
    int fired = 0;
    for (int i = 0; i < 4 * 300; i++) {
        const bool on = after[i] != d[5000 + i];
        fired += on;
        if (on && fabsf(after[i] - d[5000 + i] - d[i]) > 1e-6f) fail_msg("%d: %g", i, (double)after[i]);
    }
    assert_in_range(fired, 100, 4 * 300 - 100);
    tacet_plan_free(p);
    tacet_graph_free(g);
}

/* They are not part of the objective that gradients are checked against, and stay for the next step. */
static void a_check_leaves_them(void **state)
{
    (void)state;
    tacet_error why;
    const float x[6] = {1, -2, 3, 0.5f, 2, -1}, t[4] = {1, 2, 3, 4}, given[4] = {5, 5, 5, 5};
    tacet_graph *g = tacet_graph_new(NULL);
    const tacet_value in = tacet_input(g, "x", 1, (int64_t[]){3}), target = tacet_input(g, "t", 1, (int64_t[]){2});
    tacet_loss(g, "mse", tacet_chain(g, in, "linear 2 name=y"), target);
    tacet_take_gradient(g, "y");
    float after[2][6];
    for (int check = 0; check < 2; check++) {
        tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 2, .optimizer = "sgd lr=1", .seed = 1}, &why);
        if (!p) fail_msg("%s", why.message);
        assert_int_equal(tacet_add_gradient(p, "y", given, 4), TACET_OK);
        for (int i = 1 - check; i < 2; i++) {
            tacet_gradient_check c = {.size = sizeof c};
            tacet_feed(p, in, TACET_F32, x), tacet_feed(p, target, TACET_F32, t);
            assert_int_equal(i ? tacet_step(p, 2) : tacet_check_gradient(p, 2, &c), TACET_OK);
            if (c.error > 0.01) fail_msg("%s", c.text);
        }
        assert_int_equal(tacet_read(p, "y.weight", after[check], 6), TACET_OK);
        tacet_plan_free(p);
    }
    assert_memory_equal(after[0], after[1], sizeof after[0]);
    tacet_graph_free(g);
}

static void assert_refused(tacet_plan *p, const char *name, size_t count, const char *says)
{
    static const float data[64];
    assert_int_equal(tacet_add_gradient(p, name, data, count), TACET_FAILED);
    const tacet_error *e = tacet_plan_error(p);
    if (!strstr(e->message, says)) fail_msg("%s", e->message);
}

static void mistakes_are_refused(void **state)
{
    (void)state;
    tacet_error why;
    const float x[64] = {0};
    tacet_graph *g = tacet_graph_new(NULL);
    const tacet_value in = tacet_input(g, "x", 1, (int64_t[]){3});
    tacet_chain(g, in, "linear 4 name=a | relu name=r | linear 2 name=y");
    tacet_take_gradient(g, "r"), tacet_take_gradient(g, "a.*");
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 4, .optimizer = "sgd lr=1"}, &why);
    if (!p) fail_msg("%s", why.message);
    assert_refused(p, "relu1", 4, "does not exist");
    assert_refused(p, "y", 4, "takes no gradient here");
    assert_refused(p, "r", 0, "rows of 4 elements");
    assert_refused(p, "r", 6, "rows of 4 elements");
    assert_refused(p, "r", 20, "rows of 4 elements");
    assert_refused(p, "r", (size_t)-4, "rows of 4 elements");
    assert_refused(p, "a.weight", 11, "has 12 elements here");
    assert_int_equal(tacet_add_gradient(p, "r", x, 8), TACET_OK);
    assert_refused(p, "r", 12, "rows of 4 elements");
    tacet_feed(p, in, TACET_F32, x);
    assert_int_equal(tacet_step(p, 3), TACET_FAILED);
    assert_string_equal(tacet_plan_error(p)->message, "the gradient given for r has 2 rows, and this batch 3");
    assert_int_equal(tacet_steps(p), 0);
    tacet_feed(p, in, TACET_F32, x); /* it is forgotten */
    assert_int_equal(tacet_step(p, 3), TACET_OK);
    const float nan[4] = {0, NAN};
    tacet_feed(p, in, TACET_F32, x);
    assert_int_equal(tacet_add_gradient(p, "r", nan, 4), TACET_OK);
    assert_int_equal(tacet_step(p, 1), TACET_NOT_FINITE);
    assert_non_null(strstr(tacet_plan_error(p)->message, "the gradient of r [batch, 4], row 0, element 1"));
    assert_int_equal(tacet_add_gradient(p, "r", nan, 4), TACET_OK);
    tacet_unfeed(p);
    tacet_feed(p, in, TACET_F32, x);
    assert_int_equal(tacet_step(p, 1), TACET_OK);
    tacet_plan_free(p);
    p = tacet_compile(g, &(tacet_config){TACET_CONFIG}, &why);
    assert_refused(p, "r", 4, "takes no gradient here");
    tacet_plan_free(p);
    tacet_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gradient_does_what_its_loss_does),
        cmocka_unit_test(parameters_and_values_take_gradients),
        cmocka_unit_test(a_check_leaves_them),
        cmocka_unit_test(mistakes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
