/* The products of convolutions on firing lists, in every instruction set of this machine, compared with sums in double.
 * Images are allocated without spare room, so that the address sanitizer sees reads past their end. */
#include "kernel/cpu/cpu.h"

#include "cmocka_all.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 5 };

static float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * (2.0f / 16777216.0f) - 1.0f;
}

static void *room(int64_t bytes)
{
    void *p = aligned_alloc(64, ((size_t)bytes + 64) / 64 * 64);
    assert_non_null(p);
    return p;
}

/* Exactly `count` floats, each not 0 with the given probability. */
static float *noisy(int64_t count, double density, uint32_t *state)
{
    float *x = malloc((size_t)count * sizeof *x + !count);
    assert_non_null(x);
    for (int64_t i = 0; i < count; i++) x[i] = (double)noise(state) < 2 * density - 1 ? noise(state) : 0;
    return x;
}

/* LINES lines of x, listed by one of the sets. */
static tc_firing list_of(const tc_kernel *set, const float *x, int64_t pixels, int64_t channels)
{
    tc_firing f = {.rows = LINES, .n = pixels * channels, .parts = pixels, .pitch = pixels * channels + TC_FIRING_PAD};
    f.count = room(4 * LINES * pixels);
    f.in_row = room(LINES * f.pitch * (int64_t)sizeof *f.in_row);
    f.fired = set->fire(x, 0, LINES, &f);
    for (int64_t i = 0; i < LINES; i++) {
        int32_t count = 0;
        for (int64_t j = 0; j < f.n; j++) {
            const tc_entry *e = &f.in_row[i * f.pitch + count];
            if (x[i * f.n + j] != 0) assert_true(e->at == j && e->value == x[i * f.n + j]);
            count += x[i * f.n + j] != 0;
            if (j % channels == channels - 1) assert_int_equal(f.count[i * pixels + j / channels], count);
        }
    }
    return f;
}

static void near(const tc_kernel *set, const char *what, double got, double wanted, double size)
{
    if (fabs(got - wanted) > 1e-6 * (size + 1)) fail_msg("%s: %s is %g, not %g", set->name, what, got, wanted);
}

/* A sum by lines: n pixels of y, `cols` columns each, with `taps` taps from pixel `first` on. */
static void check_line(const tc_kernel *set, int64_t pixels, int64_t channels, int64_t cols, int64_t n, int64_t first,
                       int64_t step, int64_t taps, double density)
{
    uint32_t state = (uint32_t)(pixels * 31 + channels * 7 + cols);
    const int64_t width = (cols + 15) / 16 * 16, pitch = cols + 3, line = 2;
    float *x = noisy(LINES * pixels * channels, density, &state), *w = noisy(taps * channels * width, 1, &state);
    float *y = noisy((n - 1) * pitch + cols, 1, &state), *was = room(4 * n * pitch);
    memcpy(was, y, (size_t)((n - 1) * pitch + cols) * sizeof *y);
    tc_firing f = list_of(set, x, pixels, channels);
    set->line_sum(&(tc_line_sum){&f, line, n, first, step, taps, w, cols, width, y, pitch});
    for (int64_t j = 0; j < n; j++)
        for (int64_t o = 0; o < pitch && (o < cols || j + 1 < n); o++) {
            double sum = (double)was[j * pitch + o], size = fabs(sum);
            for (int64_t t = 0; t < taps * channels && o < cols; t++) {
                const int64_t at = first + j * step + t / channels;
                if (at < 0 || at >= pixels) continue;
                const double part = (double)x[(line * pixels + at) * channels + t % channels] *
                                    (double)w[t * width + o];
                sum += part, size += fabs(part);
            }
            near(set, "y", (double)y[j * pitch + o], sum, size);
        }
    free(x), free(w), free(y), free(was), free(f.count), free(f.in_row);
}

/* A sum at taps: an image of size[2] pixels, all lines of x at once or some. */
static void check_taps(const tc_kernel *set, int64_t pixels, int64_t channels, tc_tap_sum s, double density)
{
    uint32_t state = (uint32_t)(pixels * 31 + channels * 7 + s.cols);
    float *x = noisy(LINES * pixels * channels, density, &state);
    s.pitch = s.cols + 2;
    s.width = (s.cols + TC_TAP_COLUMNS - 1) / TC_TAP_COLUMNS * TC_TAP_COLUMNS;
    const int64_t taps = s.taps[0] * s.taps[1], sums = s.units * taps * s.width;
    float *a = noisy((s.size[0] * s.size[1] - 1) * s.pitch + s.cols, 1, &state), *was = noisy(sums, 1, &state);
    tc_firing f = list_of(set, x, pixels, channels);
    s.x = &f, s.a = a, s.sum = room(4 * sums), s.scratch = room(tc_tap_scratch(&s, pixels));
    memcpy(s.sum, was, (size_t)sums * sizeof *was);
    set->tap_sum(&s);
    for (int64_t u = 0; u < s.units; u++)
        for (int64_t t = 0; t < taps; t++)
            for (int64_t o = 0; o < s.cols; o++) {
                const int64_t at = (u * taps + t) * s.width + o;
                double sum = (double)was[at], size = fabs(sum);
                for (int64_t e = 0; e < s.lines * pixels; e++) {
                    const int64_t i = s.at[0] + e / pixels * s.stride[0] + t / s.taps[1] * s.dilation[0];
                    const int64_t j = s.at[1] + e % pixels * s.stride[1] + t % s.taps[1] * s.dilation[1];
                    if (i < 0 || i >= s.size[0] || j < 0 || j >= s.size[1]) continue;
                    const double part = (double)x[(s.line * pixels + e) * channels + s.unit + u] *
                                        (double)a[(i * s.size[1] + j) * s.pitch + o];
                    sum += part, size += fabs(part);
                }
                near(set, "a tap", (double)s.sum[at], sum, size);
            }
    free(x), free(a), free(was), free(s.sum), free(s.scratch), free(f.count), free(f.in_row);
}

static void by_lines(void **unused)
{
    (void)unused;
    static const int64_t channels[] = {1, 3, 16, 64, 70}, cols[] = {1, 15, 16, 17, 40, 64};
    for (const tc_kernel *const *set = tc_cpu_sets(); *set; set++)
        for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
            for (size_t k = 0; k < sizeof cols / sizeof *cols; k++) {
                check_line(*set, 6, channels[i], cols[k], 6, -1, 1, 3, 0.3);
                check_line(*set, 7, channels[i], cols[k], 3, -2, 2, 5, 1);
                check_line(*set, 1, channels[i], cols[k], 4, -9, 5, 2, 0.5); /* most taps are beside the line */
                check_line(*set, 9, channels[i], cols[k], 2, 4, 3, 1, 0);
            }
}

static void at_taps(void **unused)
{
    (void)unused;
    static const int64_t cols[] = {1, 15, 16, 31, 32, 64};
    for (const tc_kernel *const *set = tc_cpu_sets(); *set; set++)
        for (size_t k = 0; k < sizeof cols / sizeof *cols; k++)
            for (int all = 0; all < 2; all++) {
                tc_tap_sum s = {.line = all ? 0 : 1, .lines = all ? LINES : 2, .cols = cols[k]};
                s.unit = all ? 0 : 3, s.units = all ? 20 : 9;
                s.size[0] = 5, s.size[1] = 6, s.at[0] = s.at[1] = -1;
                s.stride[0] = s.stride[1] = s.dilation[0] = s.dilation[1] = 1, s.taps[0] = s.taps[1] = 3;
                check_taps(*set, 6, 20, s, 0.3);
                s.taps[0] = 2, s.taps[1] = 4, s.stride[0] = 2, s.stride[1] = 3, s.dilation[1] = 2;
                check_taps(*set, 4, 20, s, 1);
                s.taps[0] = s.taps[1] = 1, s.at[0] = -7, s.at[1] = 9; /* beside the image */
                check_taps(*set, 4, 20, s, 0.5);
            }
}

/* The number of a pixel is exact for many channels: the last of one pixel must not count as the first of the next. */
static void of_many_channels(void **unused)
{
    (void)unused;
    enum { CHANNELS = (1 << 20) + 1 };
    tc_tap_sum s = {.line = 1, .lines = 1, .unit = CHANNELS - 9, .units = 9, .cols = 8, .size = {LINES, 1}};
    s.stride[0] = s.stride[1] = s.dilation[0] = s.dilation[1] = s.taps[0] = s.taps[1] = 1;
    check_taps(tc_cpu(), 1, CHANNELS, s, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_lines), cmocka_unit_test(at_taps),
                                       cmocka_unit_test(of_many_channels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
