/* sparse_codes.c: the generator. Random numbers are hashes of (seed, row, feature), so that a row depends on no other. */
#include "sparse_codes.h"

#include <math.h>
#include <stdlib.h>

#define NOISE 0.1 /* the deviation of the noise, where the rows without it have one of 1 */

/* The finaliser of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014). */
static uint64_t mixed(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* In (0, 1). */
static double uniform(uint64_t seed, uint64_t a, uint64_t b)
{
    return ((double)(mixed(mixed(mixed(seed) ^ a) ^ b) >> 12) + 0.5) * 0x1p-52;
}

static double normal(uint64_t seed, uint64_t a, uint64_t b)
{
    return sqrt(-2 * log(uniform(seed, a, 2 * b))) * cos(6.283185307179586 * uniform(seed, a, 2 * b + 1));
}

static double chance(int k)
{
    double all = 0;
    for (int j = 0; j < CODE_FEATURES; j++) all += 1 / sqrt(j + 10);
    return CODE_ACTIVE / sqrt(k + 10) / all;
}

/* Of a row: features are there independently of one another, and E weight^2 is 5. */
static double scale_of(const double *probability)
{
    double variance = 0;
    for (int k = 0; k < CODE_FEATURES; k++) variance += 5 * probability[k] / CODE_INPUTS;
    return 1 / sqrt(variance);
}

float *sparse_codes(uint64_t seed, int64_t first, int64_t rows)
{
    enum { ROW, WEIGHT, FEATURE, OTHER };
    float *x = malloc((size_t)rows * CODE_INPUTS * sizeof *x);
    float *feature = malloc((size_t)CODE_FEATURES * CODE_INPUTS * sizeof *feature);
    double probability[CODE_FEATURES];
    if (!x || !feature) abort();
    for (int k = 0; k < CODE_FEATURES; k++) probability[k] = chance(k);
    const double size = scale_of(probability) / sqrt(CODE_INPUTS);
    for (int k = 0; k < CODE_FEATURES; k++)
        for (int j = 0; j < CODE_INPUTS; j++)
            feature[k * CODE_INPUTS + j] = (float)(size * normal(seed * 4 + FEATURE, (uint64_t)k, (uint64_t)j));
    for (int64_t i = 0; i < rows; i++) {
        float *row = x + i * CODE_INPUTS;
        const uint64_t n = (uint64_t)(first + i);
        for (int j = 0; j < CODE_INPUTS; j++) row[j] = (float)(NOISE * normal(seed * 4 + OTHER, n, (uint64_t)j));
        for (int k = 0; k < CODE_FEATURES; k++) {
            if (uniform(seed * 4 + ROW, n, (uint64_t)k) >= probability[k]) continue;
            const float weight = (float)(1 - log(uniform(seed * 4 + WEIGHT, n, (uint64_t)k)));
            for (int j = 0; j < CODE_INPUTS; j++) row[j] += weight * feature[k * CODE_INPUTS + j];
        }
    }
    free(feature);
    return x;
}
