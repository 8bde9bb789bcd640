/* column_sums.h: the gradient of a bias. */
#ifndef TC_COLUMN_SUMS_H
#define TC_COLUMN_SUMS_H

#include "kernel/sum.h"
#include "op/op.h"

/* d [n] = sum over rows of g [rows, n]: over a few rows in float32, and of those sums in double. */
TC_CLONES static void tc_column_sums(const float *g, int64_t rows, int64_t n, int64_t pitch, float *d, bool add)
{
    enum { RUN = 8 };
    int64_t j = 0;
    for (; j + TC_LANES <= n; j += TC_LANES) {
        double sum[TC_LANES] = {0};
        for (int64_t i = 0; i < rows;) {
            float run[TC_LANES] = {0};
            for (const int64_t end = rows - i < RUN ? rows : i + RUN; i < end; i++)
                for (int k = 0; k < TC_LANES; k++) run[k] += g[i * pitch + j + k];
            for (int k = 0; k < TC_LANES; k++) sum[k] += (double)run[k];
        }
        for (int k = 0; k < TC_LANES; k++) {
            if (isfinite(sum[k])) continue;
            sum[k] = 0; /* a run may overflow although the whole sum does not */
            for (int64_t i = 0; i < rows; i++) sum[k] += (double)g[i * pitch + j + k];
        }
        for (int k = 0; k < TC_LANES; k++) d[j + k] = (add ? d[j + k] : 0.0f) + (float)sum[k];
    }
    for (; j < n; j++) {
        double sum = 0;
        for (int64_t i = 0; i < rows; i++) sum += (double)g[i * pitch + j];
        d[j] = (add ? d[j] : 0.0f) + (float)sum;
    }
}

#endif
