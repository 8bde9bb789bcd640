/* jump.h: the learned threshold that jump_relu and its penalty l0 share: which elements are above it, and which are
 * near enough to it for the estimate of a gradient.
 *
 * H(x - theta) has the derivative 0 wherever it has one. If x has the probability density p, the expected value of H(x
 * - theta) falls at the rate p(theta) as theta grows; K((x - theta) / eps) / eps, K = 1 on (-1/2, 1/2), counts the
 * elements within eps / 2 and so estimates p(theta) (Rajamanoharan et al., arXiv:2407.14435). */
#ifndef TC_JUMP_H
#define TC_JUMP_H

#include "op/pointwise.h"

enum { TC_JUMP_THETA, TC_JUMP_EPS }; /* the attributes */
enum { TC_JUMP_COLUMNS = 128 };      /* of theta's gradient, summed over all rows by one range */

/* A threshold is at least 0: an update may make the number negative, which then counts as 0. */
TC_INLINE float tc_jump_theta(float theta) { return theta > 0.0f ? theta : theta != theta ? theta : 0.0f; }

/* sum[k] of w K((x - theta) / eps) over all rows, in the columns [j, j + m); g NULL: w is 1. */
TC_INLINE void tc_jump_near(const tc_call *c, const float *g, int64_t j, int64_t m, double sum[TC_JUMP_COLUMNS])
{
    const int64_t n = tc_last(&c->x[0]), rows = tc_elements(c, &c->x[0]) / n;
    const float half = (float)(c->arg[TC_JUMP_EPS].number / 2), *theta = c->x[1].data + j;
    for (int64_t k = 0; k < m; k++) sum[k] = 0;
    for (int64_t i = 0; i < rows; i++) {
        const float *x = c->x[0].data + i * n + j, *w = g ? g + i * n + j : NULL;
        for (int64_t k = 0; k < m; k++) {
            const float off = x[k] - tc_jump_theta(theta[k]);
            const bool near = off < half && off > -half;
            sum[k] += near ? (w ? (double)w[k] : 1.0) : 0.0;
        }
    }
}

#endif
