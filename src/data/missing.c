/* missing.c: the spellings of a missing value, and means and medians of the values that are there. */
#include "data/missing.h"

#include "base/rng.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

bool tc_missing(const char *text, bool quoted, bool words)
{
    /* What NumPy, pandas, R, SQL, Weka and spreadsheets write. None may be a word of its own. */
    static const char *const spelling[] = {"NA",   "nan",     "NaN",      "N/A",    "n/a",     "null",    "NULL", "?",
                                           "<NA>", "#N/A",    "NAN",      "-nan",   "-NaN",    "Null",    "na",   "#NA",
                                           "NaT",  "1.#QNAN", "-1.#QNAN", "1.#IND", "-1.#IND", "#N/A N/A"};
    if (!*text) return true;
    if (words && quoted) return false;
    for (size_t i = 0; i < sizeof spelling / sizeof *spelling; i++)
        if (strcmp(spelling[i], text) == 0) return true;
    return !words && strcmp(text, "None") == 0;
}

bool tc_fill_read(const char *text, tc_fill *fill, double *value)
{
    const int word = tc_word_read("refuse|mean|median", text);
    *fill = word < 0 ? TC_FILL_VALUE : (tc_fill)word;
    *value = NAN;
    return word >= 0 || tc_number_read(text, value);
}

/* ---- Means ---- */

/* The first value is subtracted from all, so that a column of large numbers that are close together loses no digits. */
static double mean(const double *x, int64_t rows, int64_t n)
{
    double first = NAN, sum = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < rows; i++) {
        if (isnan(x[i * n])) continue;
        if (count++ == 0) first = x[i * n];
        sum += x[i * n] - first;
    }
    return count ? first + sum / (double)count : NAN;
}

/* ---- Medians ---- */

/* Value k of x[n] in ascending order, which it moves to x[k], with no smaller one after it (Hoare, Find, 1961). */
static double find_rank(double *x, int64_t n, int64_t k)
{
    for (int64_t low = 0, high = n - 1; low < high;) {
        const double pivot = x[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (x[i] < pivot) i++;
            while (x[j] > pivot) j--;
            if (i > j) break;
            const double swapped = x[i];
            x[i++] = x[j];
            x[j--] = swapped;
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            break;
    }
    return x[k];
}

/* The values of a column, or as many of them as TC_MEDIAN_ROWS, drawn with equal chance (Vitter, Random sampling with a
 * reservoir, 1985, algorithm R). Returns their number. */
static int64_t take(const double *x, int64_t rows, int64_t n, int64_t at, double *to)
{
    const tc_stream s = tc_stream_of(0, (uint64_t)at, "median");
    int64_t seen = 0;
    for (int64_t i = 0; i < rows; i++) {
        const double value = x[i * n];
        if (isnan(value)) continue;
        const int64_t place = seen < TC_MEDIAN_ROWS ? seen
                                                    : (int64_t)tc_stream_below(s, (uint64_t)seen, (uint64_t)seen + 1);
        if (place < TC_MEDIAN_ROWS) to[place] = value;
        seen++;
    }
    return seen < TC_MEDIAN_ROWS ? seen : TC_MEDIAN_ROWS;
}

static bool median(const tc_mem *m, const double *x, int64_t rows, int64_t n, int64_t at, double *value)
{
    double *sample = tc_resize(m, NULL, (size_t)(rows < TC_MEDIAN_ROWS ? rows : TC_MEDIAN_ROWS), sizeof *sample);
    if (!sample) return false;
    const int64_t count = take(x, rows, n, at, sample), middle = count / 2;
    *value = count ? find_rank(sample, count, middle) : NAN;
    if (count > 0 && count % 2 == 0) {
        double below = sample[0]; /* the largest of those before the middle */
        for (int64_t i = 1; i < middle; i++) below = fmax(below, sample[i]);
        *value = below + (*value - below) / 2;
    }
    tc_free(m, sample);
    return true;
}

bool tc_fill_learn(const tc_mem *m, tc_fill fill, const double *x, int64_t rows, int64_t n, int64_t at, double *value)
{
    if (fill == TC_FILL_MEDIAN) return median(m, x + at, rows, n, at, value);
    if (fill == TC_FILL_MEAN) *value = mean(x + at, rows, n);
    return true;
}
