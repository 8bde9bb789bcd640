/* groups.h: the weights of a matrix in groups. A group is a tile of the weight as stored, [in, out]:
 *
 *     by=unit    [in, 1]          the weights into a unit: a row of what users see
 *     by=input   [1, out]         the weights out of an input: a column of what users see
 *     by=block   [block, block]   from the first weight on, smaller at the far edges; the same blocks for users
 *
 * A piece of work is a group. Groups that lie side by side are taken together, a strip, so that by=unit too reads whole
 * lines. Sums over a group have an order of their own, whichever strip it is in. */
#ifndef TC_GROUPS_H
#define TC_GROUPS_H

#include "kernel/sum.h"
#include "op/op.h"

enum { TC_BY_UNIT, TC_BY_INPUT, TC_BY_BLOCK }; /* order of the words in TC_BY_WORDS */
#define TC_BY_WORDS "unit|input"

enum { TC_STRIP = 64 }; /* groups of a strip, at most */

typedef struct tc_groups {
    int64_t in, out;       /* of the weight as stored; out is the pitch */
    int64_t height, width; /* of a group, less at the edges */
    int64_t across, count; /* groups side by side; all */
} tc_groups;

/* The groups [first, first + n), which are the rows [top, bottom) and begin in column `left`. */
typedef struct tc_strip {
    int64_t first, n, top, bottom, left;
} tc_strip;

TC_INLINE tc_groups tc_groups_of(const tc_shape *weight, int by, int64_t block)
{
    const int64_t in = weight->dim[0], out = weight->dim[1];
    tc_groups g = {in, out, by == TC_BY_UNIT ? in : 1, by == TC_BY_INPUT ? out : 1, 0, 0};
    if (by == TC_BY_BLOCK) g.height = block < in ? block : in, g.width = block < out ? block : out;
    g.across = (out - 1) / g.width + 1;
    g.count = g.across * ((in - 1) / g.height + 1);
    return g;
}

TC_INLINE tc_span tc_groups_span(const tc_groups *g)
{
    const int64_t fit = TC_RANGE / g->width / g->height;
    if (g->width < TC_LANES || fit > TC_STRIP) return (tc_span){g->count, TC_STRIP};
    return (tc_span){g->count, fit > 1 ? fit : 1};
}

/* The longest strip from group `first` on that ends before `end`. */
TC_INLINE tc_strip tc_strip_at(const tc_groups *g, int64_t first, int64_t end)
{
    const int64_t row = first / g->across, column = first % g->across, top = row * g->height;
    int64_t n = g->across - column;
    if (n > end - first) n = end - first;
    if (n > TC_STRIP) n = TC_STRIP;
    return (tc_strip){first, n, top, g->height < g->in - top ? top + g->height : g->in, column * g->width};
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
    for (int64_t i = s->top; i < s->bottom; i++) {
        const float *line = w + i * g->out + s->left;
        for (int64_t j = 0; j < s->n && g->width == 1; j++) sum[j] += (double)line[j] * (double)line[j];
        for (int64_t j = 0; j < s->n && g->width > 1; j++)
            sum[j] += kernel->squares(line + j * g->width, tc_strip_width(g, s, j));
    }
}

/* w = w * scale[j] in the strip's group j. Zeros are +0. */
TC_INLINE void tc_strip_multiply(const tc_groups *g, const tc_strip *s, float *w, const float scale[TC_STRIP])
{
    for (int64_t i = s->top; i < s->bottom; i++) {
        float *line = w + i * g->out + s->left;
        for (int64_t j = 0; j < s->n && g->width == 1; j++) line[j] = line[j] * scale[j] + 0.0f;
        for (int64_t j = 0; j < s->n && g->width > 1; j++, line += g->width)
            for (int64_t k = 0, n = tc_strip_width(g, s, j); k < n; k++) line[k] = line[k] * scale[j] + 0.0f;
    }
}

#endif
