/* double.h: included before all else, it makes a double of every float in the sources of operators. The headers of the
 * system come first, since they must not change. */
#include "cmocka_all.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define float double
#define copysignf copysign
#define cosf cos
#define coshf cosh
#define erff erf
#define expf exp
#define fabsf fabs
#define fmaxf fmax
#define fminf fmin
#define log1pf log1p
#define logf log
#define powf pow
#define sinf sin
#define sinhf sinh
#define sqrtf sqrt
#define tanhf tanh

/* What reads the bits of a float is written again. */
#include "formula/magnitude.h"
#include "op/largest.h"
#include "op/rows.h"

#define tc_exp exp
#define tc_kept(x, keep) ((keep) < 0 ? (x) : fabs(x))
#define tc_larger(most, x) ((most) | (isfinite(x) ? 0 : INT32_MAX))
#define tc_cut_of(x, n, k) (k)
#define tc_keep double_keep

/* Keeps the k largest of x[n], the first among equals, and sets the others to 0. */
static inline void double_keep(const float *x, float *y, int64_t n, int64_t k)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t before = 0;
        for (int64_t j = 0; j < n; j++) before += x[j] > x[i] || (x[j] == x[i] && j < i);
        y[i] = before < k ? x[i] : 0;
    }
}
