/* histogram.c: the buckets of an event file's histogram. */
#include "tensorboard.h"

#include <float.h>
#include <math.h>

enum { EVEN = 30 /* buckets, as in TensorBoard's own writer */, BINS = 10 };

static int even_bucket(const cli_histogram *h, double x)
{
    const int i = (int)((x - h->min) / (h->max - h->min) * EVEN);
    return i < EVEN ? i : EVEN - 1;
}

static void add_bucket(cli_histogram *h, double limit, double in)
{
    h->limit[h->buckets] = limit;
    h->in[h->buckets++] = in;
}

/* Zeros get the bucket [0, the least number above 0), which splits the even bucket around it: of that one, in[] counts
 * the negative numbers and above_zero the positive ones. */
static void lay_out(cli_histogram *h, const double in[EVEN], double zeros, double above_zero)
{
    const int z = zeros > 0 ? even_bucket(h, 0) : -1;
    for (int i = 0; i < EVEN; i++) {
        const double limit = i + 1 < EVEN ? h->min + (h->max - h->min) * (i + 1) / EVEN : h->max;
        if (i == z && h->buckets && h->limit[h->buckets - 1] == 0) /* 0 is where two even buckets meet */
            h->in[h->buckets - 1] += in[i];
        else if (i == z)
            add_bucket(h, 0, in[i]);
        if (i == z) add_bucket(h, FLT_TRUE_MIN, zeros);
        if (i != z || limit > 0) add_bucket(h, limit, i == z ? above_zero : in[i]);
    }
}

bool cli_histogram_of(const float *x, size_t n, cli_histogram *h)
{
    double in[EVEN] = {0}, zeros = 0, above_zero = 0;
    *h = (cli_histogram){.min = HUGE_VAL, .max = -HUGE_VAL};
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) continue;
        h->min = fmin(h->min, x[i]);
        h->max = fmax(h->max, x[i]);
        h->sum += x[i];
        h->squares += (double)x[i] * x[i];
        h->count++;
        zeros += x[i] == 0;
    }
    if (h->count == 0) return false;
    if (h->min == h->max) return add_bucket(h, h->max, h->count), true;
    const int z = zeros > 0 ? even_bucket(h, 0) : -1;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]) || x[i] == 0) continue;
        const int k = even_bucket(h, x[i]);
        *(k == z && x[i] > 0 ? &above_zero : &in[k]) += 1;
    }
    lay_out(h, in, zeros, above_zero);
    return true;
}

/* Empty buckets at the ends are left out, because TensorBoard's readers disagree about them. */
void cli_histogram_firing(const int64_t bin[BINS], int64_t dead, cli_histogram *h)
{
    int first = 0, last = BINS - 1;
    *h = (cli_histogram){0};
    while (first < last && bin[first] == 0) first++;
    while (last > first && bin[last] == 0) last--;
    h->min = first / (double)BINS;
    if (dead) add_bucket(h, FLT_TRUE_MIN, (double)dead);
    for (int i = first; i <= last; i++) {
        const double in = (double)(bin[i] - (i ? 0 : dead)), middle = (i + 0.5) / BINS;
        h->count += (double)bin[i];
        h->sum += in * middle;
        h->squares += in * middle * middle;
        if (i < last || in > 0 || !dead) add_bucket(h, (i + 1) / (double)BINS, in);
    }
    h->max = h->limit[h->buckets - 1];
}
