/* test_known.c: results documented elsewhere: Lua Torch's nn.L1Penalty, the examples in Keras's manual, PyTorch's
 * weight_decay. Each network is a linear layer without a bias whose weight is set by hand. */
#include "tacet/tacet.h"

#include <math.h>
#include <string.h>

#include "cmocka_all.h"

enum { SIZE = 5 };

typedef struct net {
    tacet_graph *graph;
    tacet_value x, target;
    tacet_plan *plan;
} net;

/* x [in] -> linear1 [out], mse with targets of 0. Penalties are pairs of selector and text; the list ends with NULL. */
static net build(int64_t in, int64_t out, int64_t batch, const char *loss, const char *optimizer, const char *const *penalty)
{
    net n = {.graph = tacet_graph_new(NULL)};
    n.x = tacet_input(n.graph, "x", 1, &in);
    n.target = tacet_input(n.graph, "target", 1, &out);
    char layer[64] = "linear 5 bias=false";
    layer[7] = (char)('0' + out);
    tacet_loss(n.graph, loss, tacet_chain(n.graph, n.x, layer), n.target);
    for (int i = 0; penalty[i]; i += 2) tacet_penalize(n.graph, penalty[i], penalty[i + 1]);
    tacet_keep_gradient(n.graph, "x");
    tacet_error why;
    n.plan = tacet_compile(n.graph, &(tacet_config){TACET_CONFIG, .batch = batch, .optimizer = optimizer}, &why);
    if (!n.plan) fail_msg("%s %s", why.message, why.hint);
    return n;
}

static void step(const net *n, const float *x, int64_t rows)
{
    static const float zeros[SIZE * SIZE];
    assert_int_equal(tacet_feed(n->plan, n->x, TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_feed(n->plan, n->target, TACET_F32, zeros), TACET_OK);
    assert_int_equal(tacet_step(n->plan, rows), TACET_OK);
}

static void done(net *n)
{
    tacet_plan_free(n->plan);
    tacet_graph_free(n->graph);
}

static double weighted(const net *n, const char *name)
{
    for (int i = 0; i < tacet_term_count(n->plan); i++) {
        tacet_term t = {.size = sizeof t};
        assert_int_equal(tacet_term_at(n->plan, i, &t), TACET_OK);
        if (strcmp(t.name, name) == 0) return t.lambda * t.value;
    }
    return NAN;
}

static void near(double got, double expected)
{
    if (!(fabs(got - expected) <= 1e-6 * fmax(1, fabs(expected)))) fail_msg("got %.9g, expected %.9g", got, expected);
}

/* nn.L1Penalty(l1weight, sizeAverage): loss = m |input|_1, gradInput = m sign(input) + gradOutput, where m is l1weight, or
 * l1weight / nElement with sizeAverage. Its sign of 0 is 0. */
static void test_l1_penalty_of_lua_torch(void **state)
{
    (void)state;
    static const float x[2][3] = {{-2, 0, 3}, {1, -1, 0.5f}}, weight[3] = {0.5f, -1, 2};
    static const char *const text[] = {"l1 0.25 reduce=sum", "l1 0.25 reduce=mean"};
    for (int average = 0; average < 2; average++) {
        const double m = average ? 0.25 / 6 : 0.25;
        net n = build(3, 1, 2, "mse reduce=sum", "sgd lr=0", (const char *const[]){"x", text[average], NULL});
        assert_int_equal(tacet_write(n.plan, "linear1.weight", weight, 3), TACET_OK);
        step(&n, &x[0][0], 2);
        float got[2][3];
        assert_int_equal(tacet_read_gradient(n.plan, "x", &got[0][0], 6), TACET_OK);
        near(weighted(&n, "x:l1"), m * 7.5);
        for (int r = 0; r < 2; r++) {
            double y = 0;
            for (int j = 0; j < 3; j++) y += (double)weight[j] * (double)x[r][j];
            for (int j = 0; j < 3; j++) {
                const double output = 2 * y * (double)weight[j], sign = (x[r][j] > 0) - (x[r][j] < 0);
                near((double)got[r][j], m * sign + output);
            }
        }
        done(&n);
    }
}

/* Keras, "Layer weight regularizers": a Dense(5) with a kernel of ones, L1(0.01) on the kernel, L2(0.01) on the activity, and
 * 2 * ones(5, 5) as the input: 0.25, and 5.0 after the division by the batch. */
static void test_keras_vectors(void **state)
{
    (void)state;
    float ones[SIZE * SIZE], twos[SIZE * SIZE];
    for (int i = 0; i < SIZE * SIZE; i++) ones[i] = 1, twos[i] = 2;
    net n = build(SIZE, SIZE, SIZE, "mse", "sgd lr=0.1",
                  (const char *const[]){"linear1.weight", "l1 0.01", "linear1", "l2 0.01", NULL});
    assert_int_equal(tacet_write(n.plan, "linear1.weight", ones, SIZE * SIZE), TACET_OK);
    step(&n, twos, SIZE);
    near(weighted(&n, "linear1.weight:l1"), 0.25);
    near(weighted(&n, "linear1:l2"), 5.0);
    done(&n);
}

/* weight_decay=w under plain SGD moves the weights as the penalty l2 w/2 does, though only the penalty is in the objective. */
static void test_weight_decay_is_twice_l2(void **state)
{
    (void)state;
    static const float x[2][3] = {{-2, 0, 3}, {1, -1, 0.5f}}, weight[3] = {0.5f, -1, 2};
    float moved[2][3];
    double objective[2];
    static const char *const optimizer[] = {"sgd lr=0.1 weight_decay=0.4", "sgd lr=0.1"};
    for (int i = 0; i < 2; i++) {
        const char *const penalty[] = {"linear1.weight", "l2 0.2", NULL}, *const none[] = {NULL};
        net n = build(3, 1, 2, "mse", optimizer[i], i ? penalty : none);
        assert_int_equal(tacet_write(n.plan, "linear1.weight", weight, 3), TACET_OK);
        step(&n, &x[0][0], 2);
        assert_int_equal(tacet_read(n.plan, "linear1.weight", moved[i], 3), TACET_OK);
        objective[i] = tacet_objective(n.plan);
        done(&n);
    }
    for (int j = 0; j < 3; j++) near((double)moved[0][j], (double)moved[1][j]);
    near(objective[1] - objective[0], 0.2 * (0.25 + 1 + 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_l1_penalty_of_lua_torch),
        cmocka_unit_test(test_keras_vectors),
        cmocka_unit_test(test_weight_decay_is_twice_l2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
