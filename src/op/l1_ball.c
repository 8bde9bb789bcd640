/* l1_ball: after every update, the projection onto sum |w| <= radius: of the whole parameter, or of each unit's or each
 * input's weights. Inside the ball it changes nothing; outside it is the soft threshold sign(w) max(|w| - theta, 0)
 * whose sum is the radius, with exact zeros. No gradient and no value.
 *
 * theta without sorting (Michelot 1986; the same theta as in Duchi and others 2008): begin with all magnitudes; theta =
 * (their sum - radius) / their count; drop those that are not above theta; repeat until none is dropped. Fewer
 * magnitudes remain each time, so this ends, usually after about ten rounds. */
#include "op/groups.h"
#include "op/penalty.h"

enum { RADIUS, BY };
enum { ALL, UNIT, INPUT }; /* words of by: the first, then those of TC_BY_WORDS */

static bool shape(tc_sketch *s) { return s->arg[BY].number == ALL || tc_shape_weight(s); }

static tc_groups groups_of(const tc_call *c)
{
    return tc_groups_of(&c->x[0].shape, c->x[0].groups, c->arg[BY].number == UNIT ? TC_BY_UNIT : TC_BY_INPUT, 0);
}

static tc_span span(const tc_call *c)
{
    if (c->arg[BY].number == ALL) return tc_span_whole(c);
    const tc_groups g = groups_of(c);
    if (c->arg[BY].number == UNIT) return (tc_span){g.count, TC_LANES}; /* a line of memory is read once */
    return (tc_span){g.count, g.height * g.width < TC_RANGE ? TC_RANGE / (g.height * g.width) : 1};
}

/* The numbers of one projection: `lines` lines that begin `pitch` apart, of n numbers that are `step` apart. */
typedef struct vector {
    float *w;
    int64_t lines, pitch, n, step;
} vector;

static vector vector_at(const tc_call *c, int64_t piece)
{
    if (c->arg[BY].number == ALL) return (vector){c->x[0].data, 1, 0, c->x[0].n, 1};
    const tc_groups g = groups_of(c);
    const tc_strip s = tc_strip_at(&g, piece, piece + 1);
    float *w = c->x[0].data + tc_strip_row(&g, &s, 0);
    const int64_t next = g.step * g.out;
    return g.width == 1 ? (vector){w, 1, 0, s.height, next} : (vector){w, s.height, next, g.width, 1};
}

/* How many magnitudes are above theta, and their sum. */
typedef struct tally {
    double sum, count;
} tally;

/* The tally of n numbers that are `step` apart. */
TC_INLINE tally tally_line(const float *w, int64_t n, int64_t step, double theta)
{
    double sum[TC_LANES] = {0}, count[TC_LANES] = {0};
    tally t = {0, 0};
    int64_t i = 0;
    for (; i + TC_LANES <= n; i += TC_LANES)
        for (int64_t j = 0; j < TC_LANES; j++) {
            const double m = fabs((double)w[(i + j) * step]);
            sum[j] += m > theta ? m : 0, count[j] += m > theta ? 1 : 0;
        }
    for (; i < n; i++) {
        const double m = fabs((double)w[i * step]);
        t.sum += m > theta ? m : 0, t.count += m > theta ? 1 : 0;
    }
    return (tally){t.sum + tc_sum_lanes(sum), t.count + tc_sum_lanes(count)};
}

TC_INLINE tally tally_of(const vector *v, int64_t step, double theta)
{
    tally all = {0, 0};
    for (int64_t i = 0; i < v->lines; i++) {
        const tally t = tally_line(v->w + i * v->pitch, v->n, step, theta);
        all.sum += t.sum, all.count += t.count;
    }
    return all;
}

TC_INLINE void shrink(const vector *v, int64_t step, double theta)
{
    for (int64_t i = 0; i < v->lines; i++)
        for (int64_t k = 0; k < v->n; k++) {
            float *w = v->w + i * v->pitch + k * step;
            const double m = fabs((double)*w) - theta;
            *w = m > 0 ? copysignf((float)m, *w) : (m == m ? 0.0f : *w);
        }
}

/* step is that of v, passed as a constant where it is 1, so that the compiler can vectorise the loops. */
TC_INLINE void project(const vector *v, int64_t step, double radius)
{
    tally now = tally_of(v, step, -1);
    if (!(now.sum > radius && isfinite(now.sum))) return;
    /* Slightly inside the ball, so that rounding cannot leave it and a second projection changes nothing. */
    const double aim = radius * (1 - 0x1p-22);
    double theta = 0;
    for (double count = INFINITY; now.count < count && now.count > 0;) {
        count = now.count;
        theta = (now.sum - aim) / count;
        now = tally_of(v, step, theta);
    }
    shrink(v, step, theta);
}

TC_CLONES static void prox(const tc_call *c, double t, int64_t begin, int64_t end)
{
    (void)t;
    for (int64_t u = begin; u < end; u++) {
        const vector v = vector_at(c, u);
        if (v.step == 1)
            project(&v, 1, c->arg[RADIUS].number);
        else
            project(&v, v.step, c->arg[RADIUS].number);
    }
}

const tc_op tc_op_l1_ball = {
    .name = "l1_ball",
    .formula = "sign(w) max(|w| - theta, 0), theta such that sum |w| <= radius",
    .doc = "Keeps the sum of a parameter's magnitudes at or below radius, with exact zeros.",
    .source = "Duchi, Shalev-Shwartz, Singer, Chandra: Efficient projections onto the l1-ball for learning in high "
              "dimensions, ICML 2008; the search: Michelot, J. Optimization Theory and Applications 50, 1986",
    .role = &tc_constraint,
    .flags = TC_NO_BATCH,
    .attribute = {{"radius", "float", "1", "the largest sum of magnitudes, above 0", true},
                  {"by", "all|unit|input", "all",
                   "which sum: of all weights, those into each unit, or those out of each input", true}},
    .limit = {{"needs radius above 0", RADIUS, TC_ABOVE_0, INFINITY}},
    .shape = shape,
    .work = 20,
    .span = span,
    .prox = prox,
    .probe = {{"l1_ball 3", {"5 7"}, -2, 2, NAN},
              {"l1_ball 1", {"40"}, -2, 2, NAN},
              {"l1_ball 2.5 by=unit", {"5 70"}, -2, 2, NAN},
              {"l1_ball 2.5 by=input", {"70 5"}, -2, 2, NAN},
              {"l1_ball 2.5 by=input", {"3 2 4 20"}, -2, 2, NAN}},
};
