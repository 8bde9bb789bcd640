/* test_lasso.c: the proximal step on problems with a known solution.
 *
 * One linear layer without a bias, mse on the whole data as one batch, a penalty on the weight: the lasso, ridge and the
 * elastic net, (1/n) |X w - y|^2 + a |w|_1 + b |w|^2. If X'X = n I, w has a closed form:
 * w_j = soft(u_j, a/2) / (1 + b) with u = X'y/n. Otherwise coordinate descent in double finds it (Friedman, Hastie,
 * Tibshirani: Regularization paths for generalized linear models via coordinate descent, JSS 33, 2010). Training must
 * end at the same weights: within 1e-4, and with exact zeros in the same places. */
#include "tacet/tacet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"

enum { N = 24, K = 8, STEPS = 6000 };

typedef struct problem {
    float x[N][K], y[N];
    double l1, l2;
} problem;

static double soft(double x, double t)
{
    return fabs(x) > t ? (x > 0 ? x - t : x + t) : 0;
}

/* Numbers in [-1, 1), the same on every machine. */
static double draw(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) / (1 << 23) - 1;
}

/* Targets from sparse true weights, with noise. */
static void make_targets(problem *p, uint32_t *seed)
{
    static const double truth[K] = {0.9, 0, -0.7, 0, 0.35, 0, 0.05, 0};
    for (int i = 0; i < N; i++) {
        double sum = 0.2 * draw(seed);
        for (int j = 0; j < K; j++) sum += truth[j] * (double)p->x[i][j];
        p->y[i] = (float)sum;
    }
}

/* Columns of a Hadamard matrix with 8 rows, repeated three times: X'X = N I. */
static problem orthogonal(double l1, double l2)
{
    problem p = {.l1 = l1, .l2 = l2};
    uint32_t seed = 3;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < K; j++) {
            int bits = (i % 8) & j;
            p.x[i][j] = ((bits >> 2) + (bits >> 1) + bits) & 1 ? -1.0f : 1.0f;
        }
    make_targets(&p, &seed);
    return p;
}

/* Neighbouring columns are correlated, and no two columns have the same length. */
static problem correlated(double l1, double l2)
{
    problem p = {.l1 = l1, .l2 = l2};
    uint32_t seed = 11;
    for (int i = 0; i < N; i++) {
        double last = 0;
        for (int j = 0; j < K; j++) {
            last = 0.6 * last + draw(&seed);
            p.x[i][j] = (float)(last * (1 + 0.1 * j));
        }
    }
    make_targets(&p, &seed);
    return p;
}

static void solve_orthogonal(const problem *p, double w[K])
{
    for (int j = 0; j < K; j++) {
        double u = 0;
        for (int i = 0; i < N; i++) u += (double)p->x[i][j] * (double)p->y[i] / N;
        w[j] = soft(u, p->l1 / 2) / (1 + p->l2);
    }
}

/* Minimises one coordinate given the others: soft(x_j'r / n, a/2) / (x_j'x_j / n + b), r the residual without it. */
static void solve_descent(const problem *p, double w[K])
{
    memset(w, 0, sizeof(double) * K);
    double moved = 1;
    for (int sweep = 0; moved > 1e-12; sweep++) {
        assert_true(sweep < 100000);
        moved = 0;
        for (int j = 0; j < K; j++) {
            double xr = 0, xx = 0;
            for (int i = 0; i < N; i++) {
                double r = (double)p->y[i];
                for (int k = 0; k < K; k++) r -= k == j ? 0 : (double)p->x[i][k] * w[k];
                xr += (double)p->x[i][j] * r / N;
                xx += (double)p->x[i][j] * (double)p->x[i][j] / N;
            }
            const double now = soft(xr, p->l1 / 2) / (xx + p->l2);
            moved = fmax(moved, fabs(now - w[j]));
            w[j] = now;
        }
    }
}

/* The weights after training. `penalties` include their lambdas. */
static void train(const problem *p, const char *const *penalty, const char *optimizer, float w[K], double *objective)
{
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_value x = tacet_input(g, "x", 1, (int64_t[]){K}), y = tacet_input(g, "y", 1, (int64_t[]){1});
    tacet_loss(g, "mse", tacet_chain(g, x, "linear 1 bias=false"), y);
    for (int i = 0; penalty[i]; i++) tacet_penalize(g, "linear1.weight", penalty[i]);
    tacet_error why;
    tacet_plan *plan = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = N, .optimizer = optimizer}, &why);
    if (!plan) fail_msg("%s %s", why.message, why.hint);
    for (int i = 0; i < STEPS; i++) {
        tacet_feed(plan, x, TACET_F32, p->x);
        tacet_feed(plan, y, TACET_F32, p->y);
        assert_int_equal(tacet_step(plan, N), TACET_OK);
    }
    *objective = tacet_objective(plan);
    assert_int_equal(tacet_read(plan, "linear1.weight", w, K), TACET_OK);
    tacet_plan_free(plan);
    tacet_graph_free(g);
}

static double objective_at(const problem *p, const double w[K])
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        double r = -(double)p->y[i];
        for (int j = 0; j < K; j++) r += (double)p->x[i][j] * w[j];
        sum += r * r / N;
    }
    for (int j = 0; j < K; j++) sum += p->l1 * fabs(w[j]) + p->l2 * w[j] * w[j];
    return sum;
}

static const char *const sgd[] = {"sgd lr=0.05", "sgd lr=0.01 momentum=0.9", "sgd lr=0.01 momentum=0.9 nesterov",
                                  "sgd lr=0.02 momentum=0.8 dampening=0.5"};

static void expect(const problem *p, const double exact[K], const char *const *penalty, int zeros)
{
    int found = 0;
    for (int j = 0; j < K; j++) found += exact[j] == 0;
    assert_int_equal(found, zeros); /* so that there are zeros to find */
    for (size_t k = 0; k < sizeof sgd / sizeof *sgd; k++) {
        float w[K];
        double objective;
        train(p, penalty, sgd[k], w, &objective);
        for (int j = 0; j < K; j++)
            if (!(fabs((double)w[j] - exact[j]) < 1e-4) || (w[j] == 0) != (exact[j] == 0))
                fail_msg("%s: w[%d] = %.8g, the minimum has %.8g", sgd[k], j, (double)w[j], exact[j]);
        assert_true(fabs(objective - objective_at(p, exact)) < 1e-5);
    }
}

static void test_lasso_orthogonal(void **state)
{
    (void)state;
    problem p = orthogonal(0.3, 0);
    double exact[K], found[K];
    solve_orthogonal(&p, exact);
    solve_descent(&p, found); /* both reference solutions must agree */
    for (int j = 0; j < K; j++) assert_true(fabs(exact[j] - found[j]) < 1e-10);
    expect(&p, exact, (const char *const[]){"l1 0.3 prox", NULL}, 5);
}

static void test_lasso(void **state)
{
    (void)state;
    problem p = correlated(0.2, 0);
    double exact[K];
    solve_descent(&p, exact);
    expect(&p, exact, (const char *const[]){"l1 0.2 prox", NULL}, 4);
}

static void test_ridge(void **state)
{
    (void)state;
    problem p = correlated(0, 0.4);
    double exact[K];
    solve_descent(&p, exact);
    expect(&p, exact, (const char *const[]){"l2 0.4 prox", NULL}, 0);
    expect(&p, exact, (const char *const[]){"l2 0.4", NULL}, 0);
}

/* The elastic net: a proximal l1 step with a squared penalty through its gradient, or both in one proximal step. */
static void test_elastic_net(void **state)
{
    (void)state;
    problem p = correlated(0.2, 0.3);
    double exact[K];
    solve_descent(&p, exact);
    expect(&p, exact, (const char *const[]){"l1 0.2 prox", "l2 0.3", NULL}, 4);
    expect(&p, exact, (const char *const[]){"l1_l2 l1=0.2 l2=0.3 prox", NULL}, 4);
}

/* With the same lambda through its gradient, training comes near the minimum but makes no exact zeros. */
static void test_gradient_makes_no_zeros(void **state)
{
    (void)state;
    problem p = correlated(0.2, 0);
    double exact[K], objective;
    float w[K];
    solve_descent(&p, exact);
    train(&p, (const char *const[]){"l1 0.2", NULL}, "sgd lr=0.05", w, &objective);
    for (int j = 0; j < K; j++) {
        assert_true(fabs((double)w[j] - exact[j]) < 0.05);
        assert_true(w[j] != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lasso_orthogonal), cmocka_unit_test(test_lasso), cmocka_unit_test(test_ridge),
        cmocka_unit_test(test_elastic_net),      cmocka_unit_test(test_gradient_makes_no_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
