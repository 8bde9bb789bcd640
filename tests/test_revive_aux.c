/* The auxiliary loss of revive=aux: its value and its gradients by their formula, in doubles; and that it is for training. */
#include "revived.h"

/* What the dead units predict, less the error, in doubles: [SAMPLES, WIDTH]. The k largest of each row predict. */
static void predict(made *m, const float *x, const bool *dead, int k, double *a, double *diff)
{
    float w[WIDTH * UNITS], y[SAMPLES * WIDTH];
    char decoder[32];
    snprintf(decoder, sizeof decoder, "%s",
             tacet_find(m->g, "linear2.weight").id ? "linear2.weight" : "linear1.weight");
    const bool tied = strcmp(decoder, "linear1.weight") == 0;
    get(m, decoder, w, WIDTH * UNITS);
    get(m, "linear2", y, SAMPLES * WIDTH);
    for (int i = 0; i < SAMPLES; i++) {
        for (int u = 0; u < UNITS; u++) {
            int larger = 0;
            for (int v = 0; v < UNITS; v++) larger += dead[v] && x[i * UNITS + v] > x[i * UNITS + u];
            a[i * UNITS + u] = dead[u] && larger < k ? (double)x[i * UNITS + u] : 0;
        }
        for (int j = 0; j < WIDTH; j++) {
            diff[i * WIDTH + j] = (double)y[i * WIDTH + j] - (double)m->in[i][j];
            for (int u = 0; u < UNITS; u++)
                diff[i * WIDTH + j] += a[i * UNITS + u] * (double)w[tied ? u * WIDTH + j : j * UNITS + u];
        }
    }
}

/* A step on the batch that was fed last, with lambda of the auxiliary loss; the gradient at the layer's input. */
static void gradient(made *m, double lambda, float *dx, float *dw)
{
    assert_int_equal(tacet_set_lambda(m->p, "topk1:aux", lambda), TACET_OK);
    assert_int_equal(tacet_feed(m->p, m->x, TACET_F32, m->in), TACET_OK);
    assert_int_equal(tacet_step(m->p, SAMPLES), TACET_OK);
    assert_int_equal(tacet_read_gradient(m->p, "linear1", dx, SAMPLES * UNITS), TACET_OK);
    assert_int_equal(tacet_read_gradient(m->p, "linear1.weight", dw, UNITS * WIDTH), TACET_OK);
}

static void aux_is_its_formula(void **state)
{
    (void)state;
    static const char *const model[] = {
        "linear 12 | topk 3 revive=aux dead_after=1000 | linear 8",
        "linear 12 | topk 3 revive=aux dead_after=1000 | linear 8 weight=linear1.weight transposed",
        "linear 12 | topk 3 revive=aux dead_after=2 | linear 8",
        "linear 12 | topk 3 revive=aux dead_after=2 | linear 8 weight=linear1.weight transposed"};
    for (int i = 0; i < 4; i++) {
        made m;
        tacet_error why;
        float x[SAMPLES * UNITS], dx[2][SAMPLES * UNITS], dw[2][UNITS * WIDTH], bias[UNITS];
        double a[SAMPLES * UNITS], diff[SAMPLES * WIDTH], sum = 0, most = 0;
        bool dead[UNITS] = {0};
        describe(&m, model[i], "mse", true);
        tacet_keep(m.g, "linear1");
        tacet_keep_gradient(m.g, "linear1");
        m.p = compiled(&m, STILL, 1, &why);
        assert_non_null(m.p);
        get(&m, "linear1.bias", bias, UNITS);
        for (int u = 1; u < 8; u++) bias[u] = -10 - (float)u / 8;
        assert_int_equal(tacet_write(m.p, "linear1.bias", bias, UNITS), TACET_OK);
        step_on(&m, m.p, 2);
        for (int u = 1; u < 8; u++) dead[u] = i >= 2;
        for (int on = 0; on < 2; on++) gradient(&m, on, dx[on], dw[on]);
        get(&m, "linear1", x, SAMPLES * UNITS);
        /* Units 0 and 8 to 11 have 3 places: one or two of them may be dead as well. */
        size_t n = tacet_dead_units(m.p, tacet_find(m.g, "topk1").id - 1, true, (int64_t[UNITS]){0}, UNITS);
        int64_t unit[UNITS];
        tacet_dead_units(m.p, tacet_find(m.g, "topk1").id - 1, true, unit, UNITS);
        for (size_t k = 0; k < n && i >= 2; k++) dead[unit[k]] = true;
        predict(&m, x, dead, 4, a, diff);
        for (int k = 0; k < SAMPLES * WIDTH; k++) sum += i >= 2 ? diff[k] * diff[k] / (SAMPLES * WIDTH) : 0;
        near(tacet_term_value(m.p, "topk1:aux"), sum, 1e-5 * (1 + sum));
        float w[UNITS * WIDTH];
        const bool tied = i % 2;
        get(&m, tied ? "linear1.weight" : "linear2.weight", w, UNITS * WIDTH);
        for (int r = 0; r < SAMPLES; r++)
            for (int u = 0; u < UNITS; u++) {
                double d = 0;
                for (int j = 0; j < WIDTH && a[r * UNITS + u] != 0; j++)
                    d += 2 * diff[r * WIDTH + j] * (double)w[tied ? u * WIDTH + j : j * UNITS + u] / (SAMPLES * WIDTH);
                const double got = (double)dx[1][r * UNITS + u] - (double)dx[0][r * UNITS + u];
                near(got, d, 1e-5 * (1 + fabs(d)));
                most = fmax(most, fabs(d));
            }
        for (int u = 0; u < UNITS && i >= 2; u++)
            for (int j = 0; j < WIDTH; j++) {
                double d = 0; /* into linear1.weight by x, and, if it is the decoder too, by a */
                for (int r = 0; r < SAMPLES; r++) {
                    d += ((double)dx[1][r * UNITS + u] - (double)dx[0][r * UNITS + u]) * (double)m.in[r][j];
                    if (tied) d += 2 * a[r * UNITS + u] * diff[r * WIDTH + j] / (SAMPLES * WIDTH);
                }
                near(dw[1][u * WIDTH + j] - dw[0][u * WIDTH + j], d, 1e-4 * (1 + fabs(d)));
            }
        assert_true(i < 2 ? most == 0 : most > 1e-3);
        end(&m);
    }
}

/* In evaluation it is 0, and the target need not be fed. */
static void aux_is_for_training(void **state)
{
    (void)state;
    made m;
    make(&m, "linear 12 | topk 3 revive=aux dead_after=1 | linear 8", "mse", true, "adam lr=1e-2");
    step_on(&m, m.p, 3);
    assert_true(tacet_term_value(m.p, "topk1:aux") > 0);
    near(tacet_objective(m.p), tacet_data_loss(m.p) + tacet_term_value(m.p, "topk1:aux") / 32, 1e-6);
    assert_int_equal(tacet_feed(m.p, m.x, TACET_F32, m.in), TACET_OK);
    assert_int_equal(tacet_forward(m.p, SAMPLES), TACET_OK);
    assert_true(tacet_term_value(m.p, "topk1:aux") == 0);
    char text[512];
    tacet_graph_text(m.g, "penalties", text, sizeof text);
    assert_string_equal(text, ""); /* it comes with the layer when the description is read again */
    end(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(aux_is_its_formula), cmocka_unit_test(aux_is_for_training)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
