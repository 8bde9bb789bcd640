/* weight.c: the order of a parameter's dimensions in memory, and the copy that puts them into another order.
 *
 * A copy drops dimensions of size 1 and joins those that are neighbours in both layouts: "oi" leaves two, "oihw" three
 * (taps, inputs, units), a plain copy one. Then one dimension is stored without gaps in the source and one in the
 * target. The planes of these two are copied in blocks that stay in cache, one plane for each index of the other
 * dimensions. */
#include "op/weight.h"

#include <string.h>

enum { BLOCK = 32 };

tc_matrix tc_matrix_of(const tc_shape *stored)
{
    const int rank = stored->rank;
    tc_matrix m = {1, rank > 1 ? stored->dim[rank - 2] : 1, 1, rank > 0 ? stored->dim[rank - 1] : 1};
    for (int i = 0; i < rank - 2; i++) m.taps *= stored->dim[i];
    m.rows = m.taps * m.in;
    return m;
}

/* The order of dimensions in memory: taps 0, inputs 1, units 2. */
static int turn_of(char letter) { return letter == 'o' ? 2 : letter == 'i'; }

/* seen[k] is the index that users give to the dimension that is stored as number k. */
static void order_of(const char *axes, int rank, int seen[TC_MAX_RANK])
{
    int n = 0;
    for (int turn = 0; turn <= 2; turn++)
        for (int i = 0; i < rank; i++)
            if ((axes ? turn_of(axes[i]) : 0) == turn) seen[n++] = i;
}

bool tc_weight_turned(const char *axes)
{
    int seen[TC_MAX_RANK];
    const int rank = axes ? (int)strlen(axes) : 0;
    order_of(axes, rank, seen);
    for (int k = 0; k < rank; k++)
        if (seen[k] != k) return true;
    return false;
}

tc_shape tc_weight_seen(const char *axes, const tc_shape *stored)
{
    int seen[TC_MAX_RANK];
    tc_shape s = {.rank = stored->rank};
    order_of(axes, s.rank, seen);
    for (int k = 0; k < s.rank; k++) s.dim[seen[k]] = stored->dim[k];
    return s;
}

tc_fit tc_weight_fit(const char *axes, const tc_shape *stored, const char *own_axes, const tc_shape *own,
                     bool transposed)
{
    const tc_shape seen = tc_weight_seen(axes, stored), wanted = tc_weight_seen(own_axes, own);
    const int rank = seen.rank;
    const bool swaps = transposed && rank == 2;
    int order[TC_MAX_RANK], own_order[TC_MAX_RANK];
    bool same = true;
    if (rank != wanted.rank || transposed != swaps) return TC_FIT_SHAPE;
    order_of(axes, rank, order);
    order_of(own_axes, rank, own_order);
    /* The users' dimension i is dimension i of the other layer, or 1 - i if the two are swapped. */
    for (int i = 0; i < rank; i++)
        if (seen.dim[i] != wanted.dim[swaps ? 1 - i : i]) return TC_FIT_SHAPE;
    for (int k = 0; k < rank; k++) same = same && order[k] == (swaps ? 1 - own_order[k] : own_order[k]);
    return same ? TC_FIT_AS_IS : rank == 2 ? TC_FIT_TURNED : TC_FIT_ORDER;
}

/* ---- Copies ---- */

/* A dimension of size n, and how far apart its elements are in the two layouts. */
typedef struct axis {
    int64_t n, from, to;
} axis;

/* The distance between neighbours along each dimension. */
static void pitches(const tc_shape *s, int64_t pitch[TC_MAX_RANK])
{
    int64_t n = 1;
    for (int i = s->rank - 1; i >= 0; i--) pitch[i] = n, n *= s->dim[i];
}

/* Finds the dimensions of a copy from memory to users' order, as few as possible; returns their number. */
static int axes_of(const char *axes, const tc_shape *stored, axis a[TC_MAX_RANK])
{
    const tc_shape user = tc_weight_seen(axes, stored);
    int64_t from[TC_MAX_RANK], to[TC_MAX_RANK];
    int seen[TC_MAX_RANK], n = 0;
    pitches(stored, from);
    pitches(&user, to);
    order_of(axes, stored->rank, seen);
    for (int k = 0; k < stored->rank; k++) {
        axis now = {stored->dim[k], from[k], to[seen[k]]};
        if (now.n == 1) continue;
        if (n > 0 && a[n - 1].from == now.n * now.from && a[n - 1].to == now.n * now.to) now.n *= a[--n].n;
        a[n++] = now;
    }
    return n;
}

/* p is stored without gaps in the source, q in the target; they may be the same. */
static void copy_plane(const axis *p, const axis *q, const float *from, float *to)
{
    if (p == q) {
        memcpy(to, from, sizeof *to * (size_t)p->n);
        return;
    }
    for (int64_t i = 0; i < p->n; i += BLOCK)
        for (int64_t j = 0; j < q->n; j += BLOCK) {
            const int64_t bottom = p->n - i < BLOCK ? p->n : i + BLOCK, right = q->n - j < BLOCK ? q->n : j + BLOCK;
            for (int64_t k = i; k < bottom; k++)
                for (int64_t l = j; l < right; l++) to[k * p->to + l] = from[l * q->from + k];
        }
}

static void copy(int n, const axis *a, const float *from, float *to)
{
    const axis one = {1, 1, 1}, *p = &one, *q = &one;
    int64_t planes = 1;
    for (int k = 0; k < n; k++) {
        if (a[k].from == 1) p = &a[k];
        if (a[k].to == 1) q = &a[k];
    }
    for (int k = 0; k < n; k++) planes *= &a[k] != p && &a[k] != q ? a[k].n : 1;
    for (int64_t plane = 0; plane < planes; plane++) {
        int64_t source = 0, target = 0, rest = plane;
        for (int k = n - 1; k >= 0; k--) {
            if (&a[k] == p || &a[k] == q) continue;
            source += rest % a[k].n * a[k].from;
            target += rest % a[k].n * a[k].to;
            rest /= a[k].n;
        }
        copy_plane(p, q, from + source, to + target);
    }
}

void tc_weight_copy_out(const char *axes, const tc_shape *stored, const float *from, float *seen)
{
    axis a[TC_MAX_RANK];
    const int n = axes_of(axes, stored, a);
    copy(n, a, from, seen);
}

void tc_weight_copy_in(const char *axes, const tc_shape *stored, const float *seen, float *to)
{
    axis a[TC_MAX_RANK];
    const int n = axes_of(axes, stored, a);
    for (int k = 0; k < n; k++) a[k] = (axis){a[k].n, a[k].to, a[k].from};
    copy(n, a, seen, to);
}
