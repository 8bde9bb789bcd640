/* given.c: steps that begin the gradient of a value with numbers from the caller (tacet_add_gradient), or with zeros. They
 * come first in the backward pass: what the operators send there is added to them. */
#include "op/weight.h"
#include "step/step.h"

#include <string.h>

static int64_t elements_of(const tc_step *s)
{
    const tc_given *t = s->context;
    return s->view.n * (s->view.batch ? t->run->rows : 1);
}

static tc_span span(const tc_step *s)
{
    const tc_given *t = s->context;
    return (tc_span){elements_of(s), t->axes ? elements_of(s) : TC_RANGE};
}

static void run(const tc_step *s, int64_t begin, int64_t end, int lane)
{
    (void)lane;
    const tc_given *t = s->context;
    float *d = s->port[0].memory;
    if (t->count > 0 && t->axes)
        tc_weight_copy_in(t->axes, &s->view.shape, t->numbers, d);
    else if (t->count > 0)
        memcpy(d + begin, t->numbers + begin, (size_t)(end - begin) * sizeof *d);
    else
        memset(d + begin, 0, (size_t)(end - begin) * sizeof *d);
}

const tc_kind tc_kind_given = {.name = "given", .span = span, .run = run};
