/* Dead units that come back: the weights that they get, the same bits on any number of threads and after a checkpoint, and
 * what is refused. */
#include "revived.h"

static char checkpoint_path[] = "/tmp/tacet_revive_XXXXXX";

static double norm(const float *x, int n, int step)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)x[i * step] * (double)x[i * step];
    return sqrt(sum);
}

/* The row of which `w` is a multiple, less the mean of the batch; -1: of none. */
static int row_of(const made *m, const float *w, double mean[WIDTH])
{
    for (int j = 0; j < WIDTH; j++) {
        mean[j] = 0;
        for (int i = 0; i < SAMPLES; i++) mean[j] += (double)m->in[i][j] / SAMPLES;
    }
    for (int i = 0; i < SAMPLES; i++) {
        double dot = 0, square = 0;
        for (int j = 0; j < WIDTH; j++) {
            const double d = (double)m->in[i][j] - mean[j];
            dot += d * (double)w[j];
            square += d * d;
        }
        if (dot / sqrt(square) > 0.9999 * norm(w, WIDTH, 1)) return i;
    }
    return -1;
}

/* encoder [UNITS, WIDTH], decoder [WIDTH, UNITS] */
static void check_new_unit(made *m, const float *old, const float *encoder, const float *decoder, double part)
{
    double mean[WIDTH], in = 0, out = 0, shift = 0;
    float bias[UNITS], column[WIDTH];
    get(m, "linear1.bias", bias, UNITS);
    const int row = row_of(m, &encoder[DEAD * WIDTH], mean);
    assert_true(row >= 0);
    for (int u = 0; u < UNITS; u++) {
        if (u == DEAD) continue;
        assert_memory_equal(&encoder[u * WIDTH], &old[u * WIDTH], sizeof *old * WIDTH);
        in += norm(&encoder[u * WIDTH], WIDTH, 1) / (UNITS - 1);
        out += norm(&decoder[u], WIDTH, UNITS) / (UNITS - 1);
    }
    for (int j = 0; j < WIDTH; j++) {
        column[j] = decoder[j * UNITS + DEAD];
        shift += (double)encoder[DEAD * WIDTH + j] * mean[j];
    }
    near(norm(&encoder[DEAD * WIDTH], WIDTH, 1), part * in, 1e-5);
    near(norm(column, WIDTH, 1), out, 1e-5);
    assert_int_equal(row_of(m, column, mean), row);
    near(bias[DEAD], -shift, 1e-5);
}

static void a_dead_unit_gets_a_row(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        double part;
    } cases[] = {{"linear 12 | relu revive=resample dead_after=3 | linear 8", 0.2},
                 {"linear 12 | topk 11 revive=resample dead_after=3 | linear 8", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        made m;
        float old[UNITS * WIDTH], encoder[UNITS * WIDTH], decoder[WIDTH * UNITS];
        make(&m, cases[i].model, "mse", true, STILL);
        const char *layer = i ? "topk1" : "relu1";
        silence(&m);
        get(&m, "linear1.weight", old, UNITS * WIDTH);
        step_on(&m, m.p, 2);
        get(&m, "linear1.weight", encoder, UNITS * WIDTH);
        assert_memory_equal(old, encoder, sizeof old);
        assert_int_equal(firing_of(&m, layer).revived, 0);
        step_on(&m, m.p, 1);
        get(&m, "linear1.weight", encoder, UNITS * WIDTH);
        get(&m, "linear2.weight", decoder, WIDTH * UNITS);
        check_new_unit(&m, old, encoder, decoder, cases[i].part);
        assert_int_equal(firing_of(&m, layer).revived, 1);
        step_on(&m, m.p, 1);
        char text[8192];
        tacet_record(m.p, "epoch", NULL, text, sizeof text);
        assert_non_null(strstr(text, "\"revived\":1"));
        tacet_ledger_reset(m.p);
        assert_int_equal(firing_of(&m, layer).revived, 0);
        end(&m);
    }
}

/* Constraints hold at once, also on a weight that encodes and decodes. */
static void constraints_hold(void **state)
{
    (void)state;
    static const char *const model[] = {
        "linear 12 | relu revive=resample dead_after=3 | linear 8",
        "linear 12 | relu revive=resample dead_after=3 | linear 8 weight=linear1.weight transposed"};
    for (int tied = 0; tied < 2; tied++) {
        made m;
        float w[UNITS * WIDTH];
        tacet_error why;
        describe(&m, model[tied], "mse", true);
        tacet_penalize(m.g, tied ? "linear1.weight" : "linear2.weight", tied ? "unit_norm" : "unit_norm by=input");
        m.p = compiled(&m, STILL, 1, &why);
        assert_non_null(m.p);
        silence(&m);
        step_on(&m, m.p, 3);
        get(&m, tied ? "linear1.weight" : "linear2.weight", w, UNITS * WIDTH);
        for (int u = 0; u < UNITS; u++) near(norm(tied ? &w[u * WIDTH] : &w[u], WIDTH, tied ? 1 : UNITS), 1, 1e-5);
        assert_int_equal(firing_of(&m, "relu1").revived, 1);
        double mean[WIDTH];
        float in[UNITS * WIDTH];
        get(&m, "linear1.weight", in, UNITS * WIDTH);
        assert_true(row_of(&m, &in[DEAD * WIDTH], mean) >= 0);
        end(&m);
    }
}

/* Where no row is reconstructed, the network computes what it did. */
static void other_weights_out_become_0(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        int inputs, dead; /* of linear2 */
    } cases[] = {{"linear 12 | relu revive=resample dead_after=3 | linear 3", UNITS, DEAD},
                 {"linear 12 | relu revive=resample dead_after=3 | tanh | concat x | linear 3", UNITS + WIDTH, DEAD},
                 {"linear 12 | relu revive=resample dead_after=3 name=r | from x | concat r | linear 3", UNITS + WIDTH,
                  WIDTH + DEAD}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        made m;
        float w[3 * (UNITS + WIDTH)], old[3 * (UNITS + WIDTH)];
        const int n = cases[i].inputs;
        make(&m, cases[i].model, "cross_entropy", false, STILL);
        silence(&m);
        get(&m, "linear2.weight", old, (size_t)(3 * n));
        step_on(&m, m.p, 3);
        get(&m, "linear2.weight", w, (size_t)(3 * n));
        for (int k = 0; k < 3 * n; k++) assert_true(w[k] == (k % n == cases[i].dead ? 0 : old[k]));
        assert_int_equal(firing_of(&m, i == 2 ? "r" : "relu1").revived, 1);
        end(&m);
    }
}

/* Moments of a tensor in a checkpoint; of unit DEAD alone, or the sum of the magnitudes of all others. */
static void check_moments(const tacet_file *f, const char *of)
{
    int seen = 0;
    for (int i = 0; i < tacet_file_count(f); i++) {
        const char *name;
        int rank;
        const int64_t *shape;
        const float *data;
        assert_int_equal(tacet_file_tensor(f, i, &name, &rank, &shape, &data), TACET_OK);
        if (strncmp(name, of, strlen(of)) != 0 || name[strlen(of)] != ':') continue;
        double others = 0;
        const bool encoder = shape[0] == UNITS;
        for (int u = 0; u < UNITS; u++)
            for (int j = 0; j < WIDTH; j++) {
                const float x = data[encoder ? u * WIDTH + j : j * UNITS + u];
                if (u == DEAD) assert_true(x == 0);
                if (u != DEAD) others += fabs((double)x);
            }
        assert_true(others > 0);
        seen++;
    }
    assert_int_equal(seen, 2);
}

static void the_optimizer_forgets(void **state)
{
    (void)state;
    made m;
    tacet_error why;
    make(&m, "linear 12 | relu revive=resample dead_after=3 | linear 8", "mse", true, "adam lr=1e-3");
    step_on(&m, m.p, 4);
    silence(&m);
    step_on(&m, m.p, 3);
    assert_true(firing_of(&m, "relu1").revived >= 1);
    assert_int_equal(tacet_checkpoint(m.p, NULL, checkpoint_path, 0, NULL, &why), TACET_OK);
    tacet_file *f = tacet_file_open(checkpoint_path, NULL, &why);
    assert_non_null(f);
    check_moments(f, "linear1.weight");
    check_moments(f, "linear2.weight");
    tacet_file_free(f);
    end(&m);
}

/* ---- The same bits ---- */

static const char *const trained_model[] = {
    "linear 64 | topk 3 revive=resample dead_after=4 | linear 8",
    "linear 64 | topk 3 revive=aux dead_after=4 | linear 8",
    "linear 64 | relu revive=resample dead_after=4 | linear 8 weight=linear1.weight transposed",
    "linear 64 | batch_norm | jump_relu 1.9 revive=resample dead_after=2 | linear 8"};
enum { MODELS = sizeof trained_model / sizeof *trained_model, TRAINED = 64 * WIDTH };

static void train(int model, int threads, bool cut, float w[TRAINED])
{
    made m;
    tacet_error why;
    describe(&m, trained_model[model], "mse", true);
    tacet_penalize(m.g, "topk1", "l1 1e-3"); /* steering and penalties go on */
    if (tacet_graph_error(m.g)) {
        tacet_graph_free(m.g);
        describe(&m, trained_model[model], "mse", true);
        tacet_penalize(m.g, model == 2 ? "relu1" : "jump_relu1", "l1 density=0.1");
    }
    m.p = compiled(&m, "adam lr=1e-2", threads, &why);
    if (!m.p) fail_msg("%s", why.message);
    step_on(&m, m.p, 13);
    if (cut) {
        assert_int_equal(tacet_checkpoint(m.p, NULL, checkpoint_path, 0, NULL, &why), TACET_OK);
        tacet_plan_free(m.p);
        m.p = compiled(&m, "adam lr=1e-2", threads, &why);
        tacet_file *f = tacet_file_open(checkpoint_path, NULL, &why);
        assert_int_equal(tacet_resume(m.p, NULL, f, &why), TACET_OK);
        tacet_file_free(f);
    }
    step_on(&m, m.p, 12);
    get(&m, "linear1.weight", w, TRAINED);
    const char *layer = model == 0 ? "topk1" : model == 2 ? "relu1" : "jump_relu1";
    if (!(model == 1 ? tacet_term_value(m.p, "topk1:aux") : (double)firing_of(&m, layer).revived))
        fail_msg("%s: nothing was dead", trained_model[model]);
    end(&m);
}

static void bits_are_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < MODELS; i++) {
        float one[TRAINED], other[TRAINED];
        train(i, 1, false, one);
        train(i, 3, false, other);
        assert_memory_equal(one, other, sizeof one);
        train(i, 1, true, other);
        assert_memory_equal(one, other, sizeof one);
    }
}

/* ---- Refusals ---- */

/* A step of two batches, the second with that number in it. */
static tacet_status step_of_two(made *m, float last)
{
    for (int i = 0; i < SAMPLES * WIDTH; i++) m->in[i / WIDTH][i % WIDTH] = 1 + draw(m);
    assert_int_equal(tacet_feed(m->p, m->x, TACET_F32, m->in), TACET_OK);
    assert_int_equal(tacet_accumulate(m->p, SAMPLES, 2 * SAMPLES), TACET_OK);
    m->in[0][0] = last;
    assert_int_equal(tacet_feed(m->p, m->x, TACET_F32, m->in), TACET_OK);
    return tacet_step(m->p, SAMPLES);
}

/* What fired in a step that was refused has not fired. */
static void a_refused_step_is_not_counted(void **state)
{
    (void)state;
    made m;
    float old[UNITS * WIDTH], now[UNITS * WIDTH];
    describe(&m, "linear 12 | relu revive=resample dead_after=2 | linear 8", "mse", true);
    m.p = tacet_compile(
        m.g, &(tacet_config){TACET_CONFIG, .batch = SAMPLES, .optimizer = STILL, .seed = 3, .ledger = 5, .accumulate = 2},
        NULL);
    assert_non_null(m.p);
    silence(&m);
    get(&m, "linear1.weight", old, UNITS * WIDTH);
    assert_int_equal(step_of_two(&m, 1), TACET_OK);
    assert_int_equal(tacet_write(m.p, "linear1.bias", (float[UNITS]){0, 0, 0, 1000}, UNITS), TACET_OK);
    assert_int_equal(step_of_two(&m, NAN), TACET_NOT_FINITE);
    silence(&m);
    get(&m, "linear1.weight", now, UNITS * WIDTH);
    assert_memory_equal(&now[DEAD * WIDTH], &old[DEAD * WIDTH], sizeof *now * WIDTH);
    assert_int_equal(step_of_two(&m, 1), TACET_OK);
    get(&m, "linear1.weight", now, UNITS * WIDTH);
    assert_memory_not_equal(&now[DEAD * WIDTH], &old[DEAD * WIDTH], sizeof *now * WIDTH);
    end(&m);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *model, *says;
        bool autoencoder;
    } cases[] = {
        {"linear 12 revive=aux | relu | linear 8", "the units of a linear are never silent", true},
        {"linear 12 | gelu dead_after=3 | linear 8", "the units of a gelu are never silent", true},
        {"linear 12 | relu dead_after=3 | linear 8", "dead_after= needs revive=", true},
        {"linear 12 | relu revive=aux dead_after=0 | linear 8", "at least 1", true},
        {"linear 12 | relu revive=again | linear 8", "none|resample|aux", true},
        {"linear 12 | relu revive=aux | linear 3", "aux needs an mse", false},
        {"linear 12 | relu revive=aux | linear 8 | sigmoid", "aux needs an mse", true},
        {"relu revive=resample | linear 8", "x is not made by weights", true},
        {"linear 12 | layer_norm | relu revive=resample | linear 8", "layer_norm1 mixes units", true},
        {"linear 12 name=a | relu revive=resample | from a | tanh name=t | linear 8", "no term depends on it", true},
        {"linear 8 name=a | relu revive=resample | linear 8 name=b | add a", "resample would change a", true},
        {"reshape 4x2x1 | conv2d 3 2 | relu revive=resample | flatten | linear 8", "linear layers", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        made m;
        tacet_error why = {0};
        describe(&m, cases[i].model, cases[i].autoencoder ? "mse" : "cross_entropy", cases[i].autoencoder);
        if (compiled(&m, "adam", 1, &why)) fail_msg("%s was compiled", cases[i].model);
        if (why.status != TACET_DESCRIPTION || !strstr(why.message, cases[i].says) || why.column < 0)
            fail_msg("%s: %s", cases[i].model, why.message);
        tacet_graph_free(m.g);
    }
}

static tacet_status no_sum(void *context, void *numbers, tacet_type type, size_t n)
{
    (void)context, (void)numbers, (void)type, (void)n;
    return TACET_FAILED;
}

static void resample_is_for_one_rank(void **state)
{
    (void)state;
    const tacet_ranks ranks = {.size = sizeof ranks, .count = 2, .sum = no_sum};
    made m;
    tacet_error why;
    describe(&m, "linear 12 | relu revive=resample | linear 8", "mse", true);
    assert_null(tacet_compile(
        m.g, &(tacet_config){TACET_CONFIG, .batch = SAMPLES, .optimizer = "adam", .ranks = &ranks}, &why));
    assert_non_null(strstr(why.message, "relu1: resample draws rows on one rank"));
    tacet_graph_free(m.g);
}

static int open_file(void **state)
{
    (void)state;
    const int f = mkstemp(checkpoint_path);
    return f < 0 ? -1 : close(f);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(checkpoint_path);
}

/* A row of weight 0 is as if it were not there: no unit is made from it, however large its loss is. */
static void rows_of_weight_0_are_not_drawn(void **state)
{
    (void)state;
    enum { OTHERS = SAMPLES / 2 };
    made m = {.seed = 5};
    tacet_error why;
    float weight[SAMPLES] = {0}, in[UNITS][WIDTH];
    m.g = tacet_graph_new(NULL);
    m.x = tacet_input(m.g, "x", 1, (int64_t[]){WIDTH});
    const tacet_value w = tacet_input(m.g, "w", 1, (int64_t[]){1});
    m.y = tacet_chain(m.g, m.x, "linear 12 | relu revive=resample dead_after=1 | linear 8");
    tacet_loss(m.g, "mse sample_weight=w", m.y, m.x);
    m.p = compiled(&m, STILL, 1, &why);
    assert_non_null(m.p);
    silence(&m);
    for (int i = 0; i < SAMPLES; i++) {
        weight[i] = i < OTHERS ? 1 : 0;
        m.in[i][i < OTHERS ? 0 : 1] = i < OTHERS ? 1 : 10;
    }
    assert_int_equal(tacet_feed(m.p, m.x, TACET_F32, m.in), TACET_OK);
    assert_int_equal(tacet_feed(m.p, w, TACET_F32, weight), TACET_OK);
    assert_int_equal(tacet_step(m.p, SAMPLES), TACET_OK);
    assert_int_equal(firing_of(&m, "relu1").revived, 1);
    get(&m, "linear1.weight", in[0], UNITS * WIDTH);
    assert_true(in[DEAD][0] > 0 && in[DEAD][1] < 0);
    end(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_weight_0_are_not_drawn),
        cmocka_unit_test(a_dead_unit_gets_a_row),     cmocka_unit_test(constraints_hold),
        cmocka_unit_test(other_weights_out_become_0), cmocka_unit_test(the_optimizer_forgets),
        cmocka_unit_test(bits_are_the_same),          cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(resample_is_for_one_rank),
        cmocka_unit_test(a_refused_step_is_not_counted)};
    return cmocka_run_group_tests(tests, open_file, remove_file);
}
