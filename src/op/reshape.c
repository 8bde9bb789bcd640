/* reshape: the same elements in another shape, [rows, n] to [rows, a, b, ...] with a b ... = n. Between an image
 * [H, W, C] and one dimension they are in PyTorch's order (picture_order.h), so that reshape undoes flatten; otherwise
 * they keep their order in memory, as between [H, W, C] and [H W, C]. dL/dx = g in the same order. */
#include "op/picture_order.h"

#include <string.h>

enum { TO, ORDER };

/* Reads "7x7x64"; at most one size is -1, which *open then points to. */
static bool read_sizes(const char *text, tc_shape *y, int64_t **open)
{
    *y = (tc_shape){0};
    *open = NULL;
    for (const char *at = text; at; at = strchr(at, 'x') ? strchr(at, 'x') + 1 : NULL) {
        char size[16];
        const size_t length = strcspn(at, "x");
        if (length >= sizeof size || y->rank == TC_MAX_RANK) return false;
        memcpy(size, at, length);
        size[length] = '\0';
        int64_t *n = &y->dim[y->rank++];
        if (!tc_integer_read(size, n) || *n == 0 || *n < -1 || (*n == -1 && *open)) return false;
        if (*n == -1) *open = n;
    }
    return true;
}

static bool shape(tc_sketch *s)
{
    char got[TC_SHAPE_TEXT];
    int64_t *open;
    const int64_t n = tc_shape_count(&s->x[0]);
    if (!read_sizes(s->arg[TO].text, &s->y, &open))
        return tc_shape_refuse(s, "needs sizes as 7x7x64, at most %d, of which one may be -1, got %.60s", TC_MAX_RANK,
                               s->arg[TO].text);
    if (open) *open = 1;
    const int64_t given = tc_shape_count(&s->y);
    if (open && given > 0 && n % given == 0) *open = n / given;
    if (tc_shape_count(&s->y) == n) return true;
    return tc_shape_refuse(s, "needs as many numbers as its input, %s has others than %.60s",
                           tc_shape_text(&s->x[0], s->batch[0], got), s->arg[TO].text);
}

static int64_t unit(const tc_sketch *s, int i, int64_t u)
{
    return tc_reordered_unit(s, i, u, (int)s->arg[ORDER].number);
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_reorder(c, (int)c->arg[ORDER].number, begin, end);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_reorder_back(c, (int)c->arg[ORDER].number, begin, end);
}

const tc_op tc_op_reshape = {
    .name = "reshape",
    .formula = "y = x as [rows, a, b, ...]",
    .doc =
        "Gives the numbers of a row another shape. Between an image [height, width, channels] and one dimension they "
        "are in PyTorch's order, channel by channel; otherwise they keep their order.",
    .source = "torch.nn.Unflatten",
    .role = &tc_layer,
    .flags = TC_KEEPS_ZEROS | TC_PICKS,
    .attribute = {{"to", "text", NULL, "the sizes, as 7x7x64; one of them may be -1: what is left", true},
                  TC_PICTURE_ORDER},
    .shape = shape,
    .unit = unit,
    .span = tc_span_rows,
    .forward = forward,
    .backward = backward,
    .probe = {{"reshape 2x3x4", {"24"}, -2, 2, NAN},
              {"reshape 5x-1 order=hwc", {"30"}, -2, 2, NAN},
              {"reshape -1x3", {"2 3 5"}, -2, 2, NAN},
              {"reshape 30", {"2 3 5"}, -2, 2, NAN}},
};
