/* groups.h: the weights of a matrix in groups. A group is made of rows of the weight's matrix [taps * in, out], as in
 * weight.h, that are `step` apart, and of neighbouring columns:
 *
 *                rows            columns
 *     by=unit    all             1        the weights into a unit
 *     by=input   taps, in apart  out      the weights out of an input, with all its taps; only the columns of the
 *                                         units that read it if these are divided into groups, as in a convolution
 *     by=block   block           block    from the first weight on, smaller at the far edges
 *     the whole  all             out
 *
 * A piece of work is a group. Neighbouring groups are processed together as a strip, so that by=unit also reads whole
 * cache lines. The order of the sums over a group does not depend on its strip. */
#ifndef TC_GROUPS_H
#define TC_GROUPS_H

#include "kernel/sum.h"
#include "op/op.h"
#include "op/weight.h"

#include <string.h>

enum { TC_STRIP = 64 }; /* the most groups in a strip */

typedef struct tc_groups {
    int64_t rows, out;     /* of the matrix; out is the pitch */
    int64_t height, width; /* rows and columns of a group, fewer at the edges */
    int64_t step;          /* from a row of a group to the next one */
    int64_t below;         /* from a group's first row to that of the group below it */
    int64_t across, count; /* groups side by side; all groups */
} tc_groups;

/* The groups [first, first + n): `height` rows from row `top` on, columns from `left` on. */
typedef struct tc_strip {
    int64_t first, n, top, height, left;
} tc_strip;

/* parts: the groups of its units (tc_view.groups); 0 means 1. */
TC_INLINE tc_groups tc_groups_of(const tc_shape *weight, int64_t parts, int by, int64_t block)
{
    const tc_matrix m = tc_matrix_of(weight);
    tc_groups g = {.rows = m.rows, .out = m.out, .height = m.rows, .width = 1, .step = 1};
    if (by == TC_BY_INPUT) g.height = m.taps, g.width = m.out / (parts > 1 ? parts : 1), g.step = m.in;
    if (by == TC_BY_BLOCK) g.height = block < m.rows ? block : m.rows, g.width = block < m.out ? block : m.out;
    if (by == TC_BY_WHOLE) g.width = m.out;
    g.below = by == TC_BY_INPUT ? 1 : g.height;
    g.across = (m.out - 1) / g.width + 1;
    g.count = g.across * (by == TC_BY_INPUT ? m.in : (m.rows - 1) / g.height + 1);
    return g;
}

TC_INLINE tc_span tc_groups_span(tc_groups g)
{
    const int64_t fit = TC_RANGE / g.width / g.height;
    if (g.width < TC_LANES || fit > TC_STRIP) return (tc_span){g.count, TC_STRIP};
    return (tc_span){g.count, fit > 1 ? fit : 1};
}

/* The longest strip from group `first` on that ends before `end`. */
TC_INLINE tc_strip tc_strip_at(const tc_groups *g, int64_t first, int64_t end)
{
    const int64_t row = first / g->across, column = first % g->across, top = row * g->below;
    const int64_t fit = (g->rows - 1 - top) / g->step + 1;
    int64_t n = g->across - column;
    if (n > end - first) n = end - first;
    if (n > TC_STRIP) n = TC_STRIP;
    return (tc_strip){first, n, top, g->height < fit ? g->height : fit, column * g->width};
}

/* The element of the matrix at which row i of the strip begins. */
TC_INLINE int64_t tc_strip_row(const tc_groups *g, const tc_strip *s, int64_t i)
{
    return (s->top + i * g->step) * g->out + s->left;
}

/* Columns of the strip's group j, and of the strip. */
TC_INLINE int64_t tc_strip_width(const tc_groups *g, const tc_strip *s, int64_t j)
{
    const int64_t left = g->out - s->left - j * g->width;
    return g->width < left ? g->width : left;
}

TC_INLINE int64_t tc_strip_columns(const tc_groups *g, const tc_strip *s)
{
    return (s->n - 1) * g->width + tc_strip_width(g, s, s->n - 1);
}

/* sum[j] = the sum of w^2 over the strip's group j. */
TC_INLINE void tc_strip_squares(const tc_groups *g, const tc_strip *s, const float *w, const tc_kernel *kernel,
                                double sum[TC_STRIP])
{
    for (int64_t j = 0; j < s->n; j++) sum[j] = 0;
    for (int64_t i = 0; i < s->height; i++) {
        const float *line = w + tc_strip_row(g, s, i);
        for (int64_t j = 0; j < s->n && g->width == 1; j++) sum[j] += (double)line[j] * (double)line[j];
        for (int64_t j = 0; j < s->n && g->width > 1; j++)
            sum[j] += kernel->squares(line + j * g->width, tc_strip_width(g, s, j));
    }
}

/* sum[j] = the sum of v w over the strip's group j. */
TC_INLINE void tc_strip_dots(const tc_groups *g, const tc_strip *s, const float *v, const float *w, double sum[TC_STRIP])
{
    for (int64_t j = 0; j < s->n; j++) sum[j] = 0;
    for (int64_t i = 0; i < s->height; i++) {
        const float *a = v + tc_strip_row(g, s, i), *b = w + tc_strip_row(g, s, i);
        for (int64_t j = 0; j < s->n && g->width == 1; j++) sum[j] += (double)a[j] * (double)b[j];
        for (int64_t j = 0; j < s->n && g->width > 1; j++)
            sum[j] += tc_dot(a + j * g->width, b + j * g->width, tc_strip_width(g, s, j));
    }
}

/* d = 0 in the strip. */
TC_INLINE void tc_strip_zero(const tc_groups *g, const tc_strip *s, float *d)
{
    for (int64_t i = 0; i < s->height; i++)
        memset(d + tc_strip_row(g, s, i), 0, sizeof *d * (size_t)tc_strip_columns(g, s));
}

/* d += scale[j] w in the strip's group j. */
TC_INLINE void tc_strip_add(const tc_groups *g, const tc_strip *s, float *d, const float *w, const double scale[TC_STRIP])
{
    for (int64_t i = 0; i < s->height; i++) {
        float *to = d + tc_strip_row(g, s, i);
        const float *line = w + tc_strip_row(g, s, i);
        for (int64_t j = 0; j < s->n && g->width == 1; j++) to[j] = (float)((double)to[j] + scale[j] * (double)line[j]);
        for (int64_t j = 0; j < s->n && g->width > 1; j++, to += g->width, line += g->width)
            for (int64_t k = 0, n = tc_strip_width(g, s, j); k < n; k++)
                to[k] = (float)((double)to[k] + scale[j] * (double)line[k]);
    }
}

/* w = w * scale[j] in the strip's group j. Zeros are +0. */
TC_INLINE void tc_strip_multiply(const tc_groups *g, const tc_strip *s, float *w, const float scale[TC_STRIP])
{
    for (int64_t i = 0; i < s->height; i++) {
        float *line = w + tc_strip_row(g, s, i);
        for (int64_t j = 0; j < s->n && g->width == 1; j++) line[j] = line[j] * scale[j] + 0.0f;
        for (int64_t j = 0; j < s->n && g->width > 1; j++, line += g->width)
            for (int64_t k = 0, n = tc_strip_width(g, s, j); k < n; k++) line[k] = line[k] * scale[j] + 0.0f;
    }
}

#endif
