/* jump_relu: y = x where x > theta, otherwise 0, with a separate threshold, theta [n], for each unit of the last
 * dimension.
 *
 *     dL/dx = g where x > theta, otherwise 0; at x = theta it is 0
 *     dL/dtheta = sum over rows of -(theta / eps) K((x - theta) / eps) g,    K = 1 on (-1/2, 1/2), otherwise 0
 *
 * The second is not the derivative, which is 0, but an estimate of how the mean over many samples changes at the step
 * (jump.h). The paper learns log theta, so that theta stays above 0; Tacet learns theta itself, so that files hold the
 * thresholds that are used, and a negative number counts as 0. dL/dtheta also reads g where y is 0.
 *
 * Backward, the first pieces are blocks of rows of dL/dx, those after them blocks of columns of dL/dtheta. */
#include "op/jump.h"

enum { X, THETA };

static bool shape(tc_sketch *s)
{
    if (!tc_shape_last(s)) return false;
    s->param[0] = (tc_shape){1, {s->x[0].dim[s->x[0].rank - 1]}};
    return true;
}

static void init(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *theta, int64_t n, tc_stream s)
{
    (void)x, (void)shape, (void)s;
    for (int64_t i = 0; i < n; i++) theta[i] = (float)arg[TC_JUMP_THETA].number;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_last(&c->x[X]), per = c->x[X].n / n;
    const float *theta = c->x[THETA].data;
    for (int64_t r = begin * per; r < end * per; r++) {
        const float *x = c->x[X].data + r * n;
        float *y = c->y.data + r * n;
        for (int64_t j = 0; j < n; j++) {
            const float t = tc_jump_theta(theta[j]), both = x[j] + t;
            y[j] = x[j] > t ? x[j] : (both != both ? both : 0.0f); /* a NaN passes through */
        }
    }
}

/* Blocks of rows of dL/dx. */
static tc_span span_x(const tc_call *c) { return c->d[X] ? tc_span_rows(c) : (tc_span){0, 1}; }

static tc_span span_back(const tc_call *c)
{
    const int64_t columns = c->d[THETA] ? (c->x[THETA].n + TC_JUMP_COLUMNS - 1) / TC_JUMP_COLUMNS : 0;
    return (tc_span){tc_ranges(span_x(c)) + columns, 1};
}

TC_INLINE void rows_back(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_last(&c->x[X]), per = c->x[X].n / n;
    const float *theta = c->x[THETA].data;
    for (int64_t r = begin * per; r < end * per; r++) {
        const float *x = c->x[X].data + r * n, *g = c->g + r * n;
        float *d = c->d[X] + r * n;
        if (c->add[X])
            for (int64_t j = 0; j < n; j++) d[j] += x[j] > tc_jump_theta(theta[j]) ? g[j] : 0.0f;
        else
            for (int64_t j = 0; j < n; j++) d[j] = x[j] > tc_jump_theta(theta[j]) ? g[j] : 0.0f;
    }
}

TC_INLINE void columns_back(const tc_call *c, int64_t j)
{
    const int64_t n = c->x[THETA].n, m = n - j < TC_JUMP_COLUMNS ? n - j : TC_JUMP_COLUMNS;
    double sum[TC_JUMP_COLUMNS];
    tc_jump_near(c, c->g, j, m, sum);
    float *d = c->d[THETA] + j;
    for (int64_t k = 0; k < m; k++) {
        const double slope = -(double)tc_jump_theta(c->x[THETA].data[j + k]) / c->arg[TC_JUMP_EPS].number;
        d[k] = (c->add[THETA] ? d[k] : 0.0f) + (float)(slope * sum[k]);
    }
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const tc_span s = span_x(c);
    const int64_t first = tc_ranges(s);
    for (int64_t u = begin; u < end; u++)
        if (u >= first)
            columns_back(c, (u - first) * TC_JUMP_COLUMNS);
        else
            rows_back(c, u * s.grain, (u + 1) * s.grain < s.pieces ? (u + 1) * s.grain : s.pieces);
}

const tc_op tc_op_jump_relu = {
    .name = "jump_relu",
    .formula = "y = x > theta ? x : 0, with a theta for each unit",
    .doc = "A rectifier with thresholds that are learned by estimated gradients: `l0` on it counts the firing units.",
    .source =
        "Rajamanoharan et al.: Jumping ahead: improving reconstruction fidelity with JumpReLU sparse autoencoders, "
        "arXiv:2407.14435, 2024; Erichson, Yao, Mahoney: JumpReLU, arXiv:1904.03750, 2019",
    .role = &tc_layer,
    .flags = TC_READS_X | TC_MAKES_ZEROS | TC_KEEPS_ZEROS | TC_BLOCKS | TC_ESTIMATES,
    .attribute = {{"theta", "float", "0.001", "each threshold's first value, at least 0", true},
                  {"eps", "float", "0.001", "the width in which a value counts as near its threshold, above 0", false}},
    .limit = {{"needs a theta of at least 0", TC_JUMP_THETA, 0, INFINITY},
              {"needs an eps from 1e-15 to 1e15", TC_JUMP_EPS, 1e-15, 1e15}},
    .param = {{"theta", "o", init}},
    .shape = shape,
    .work = 2,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .probe = {{"jump_relu", {"6"}, -20, 20, NAN}, {"jump_relu 0.4 eps=0.7", {"3 131"}, -2, 2, NAN}},
};
