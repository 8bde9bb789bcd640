/* slope.h: the derivative of a function by differences, to compare a gradient with.
 *
 *     slope = (4 s(h/2) - s(h)) / 3,   s(h) = (f(x + h) - f(x - h)) / 2h          Richardson's extrapolation
 *
 * f is computed in float32 and added up in double, so its rounding is a small part of its value. Near a kink the two
 * differences disagree, or (a kink at x) the change of the one-sided slopes does not shrink with h: then there is nothing
 * to compare with. A kink that goes unnoticed changes the slope by less than 3 TC_SLOPE_TOLERANCE and the doubt. */
#ifndef TC_SLOPE_H
#define TC_SLOPE_H

#include <math.h>
#include <stdbool.h>

#define TC_SLOPE_TOLERANCE 0.003

typedef struct tc_slope {
    double value;
    double doubt; /* what the rounding of f may add to it */
    bool kink;
} tc_slope;

/* f(context) with *x set to x - h ... x + h; *x is restored. least: a slope that is smaller is compared with this. */
static inline tc_slope tc_slope_of(double (*f)(void *context), void *context, float *x, float h, double least)
{
    const float was = *x, at[] = {was - h, was - h / 2, was, was + h / 2, was + h};
    double y[5];
    for (int i = 0; i < 5; i++) *x = at[i], y[i] = f(context);
    *x = was;
    const double wide = (double)(at[4] - at[0]), narrow = (double)(at[3] - at[1]);
    const double s = (y[4] - y[0]) / wide, t = (y[3] - y[1]) / narrow;
    const double bend = (y[4] - 2 * y[2] + y[0]) / wide, half_bend = (y[3] - 2 * y[2] + y[1]) / narrow;
    const double doubt = 4e-7 * (fabs(y[2]) + fabs(y[4] - y[0])) / narrow, size = fmax(least, fmax(fabs(s), fabs(t)));
    const double most = TC_SLOPE_TOLERANCE * size + doubt;
    const bool bent = fabs(half_bend) > most && fabs(half_bend) > 0.75 * fabs(bend);
    return (tc_slope){(4 * t - s) / 3, 3 * doubt, fabs(s - t) > most || bent};
}

#endif
