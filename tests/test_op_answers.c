/* Operators with known answers: values computed by hand or documented elsewhere, slopes at kinks, shapes that are
 * refused, initial weights, the randomness of dropout. */
#include "op_answers.h"

static void set_all(op_case *k, int i, float value)
{
    for (int64_t j = 0; j < room_of(k, i); j++) k->x[i].data[j] = value;
}

static void set(op_case *k, int i, const float *from)
{
    memcpy(k->x[i].data, from, (size_t)room_of(k, i) * sizeof *from);
}

static void open_one(op_case *k, const char *spec, const char *shape, bool parameter, int64_t rows)
{
    case_open(k, spec, (const char *const[]){shape, NULL}, parameter, 1, rows);
}

static void open_two(op_case *k, const char *spec, const char *shape, const char *target, int64_t rows)
{
    case_open(k, spec, (const char *const[]){shape, target, NULL}, false, 1, rows);
}

/* ---- Formulas ---- */

/* One number in, one out; expected values are from the formula, in double. */
static void test_layers(void **state)
{
    (void)state;
    static const op_answer known[] = {
        {"relu", 1.5, 1.5, 1},
        {"relu", -1.5, 0, 0},
        {"leaky_relu", -2, -0.02, 0.01},
        {"leaky_relu 0.2", -2, -0.4, 0.2},
        {"leaky_relu slope=0.2", 3, 3, 1},
        {"threshold_relu 0.5", 0.75, 0.75, 1},
        {"threshold_relu 0.5", 0.5, 0, 0},
        {"threshold_relu theta=0.5", -2, 0, 0},
        {"gelu", 1, 0.84134475, 1.0833155},
        {"gelu", -0.5, -0.15426877, 0.13250488},
        {"gelu approximate=tanh", 1, 0.84119199, 1.0829641},
        {"silu", 1, 0.73105858, 0.92767051},
        {"silu", -100, 0, 0},
        {"elu", 1.5, 1.5, 1},
        {"elu", -1, -0.63212056, 0.36787944},
        {"elu 0.5", -1e-4, -4.9997500e-5, 0.49995},
        {"elu", -3e38, -1, 0},
        {"elu 0", -2, 0, 0},
        {"selu", 1, 1.0507010, 1.0507010},
        {"selu", -1, -1.1113307, 0.64676860},
        {"selu", -INFINITY, -1.7580993, 0},
        {"softplus", 0, 0.69314718, 0.5},
        {"softplus 2", -1, 0.063464006, 0.11920292},
        {"softplus", 20.5, 20.5, 1},
        {"softplus threshold=5", 5.5, 5.5, 1},
        {"softplus 1e15 threshold=1e30", 3e38, 3e38, 1},
        {"softplus", -3e38, 0, 0},
        {"softplus", -INFINITY, 0, 0},
        {"mish", 1, 0.86509839, 1.0490363},
        {"mish", -1, -0.30340146, 0.059216756},
        {"mish", -3e38, 0, 0},
        {"mish", -INFINITY, 0, 0},
        {"mish", 3e38, 3e38, 1},
        {"sigmoid", 0.5, 0.62245933, 0.23500371},
        {"sigmoid", -200, 0, 0},
        {"tanh", 0.5, 0.46211716, 0.78644773},
    };
    assert_answers(known, sizeof known / sizeof *known);
}

/* At the kink the slope is w; infinities pass through, and at +infinity w plays no part. */
static void test_prelu(void **state)
{
    (void)state;
    static const float x[] = {INFINITY, -2, 0, 3, -INFINITY, -0.0f}, w[] = {0, -0.5f, 2};
    static const struct {
        const char *spec;
        float y[6], dx[6], dw[3];
    } known[] = {{"prelu by=unit", {INFINITY, 1, 0, 3, INFINITY, 0}, {1, -0.5f, 2, 1, -0.5f, 2}, {0, -INFINITY, 0}},
                 {"prelu", {INFINITY, -1, 0, 3, -INFINITY, 0}, {1, 0.5f, 0.5f, 1, 0.5f, 0.5f}, {-INFINITY}}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        op_case k;
        open_one(&k, known[i].spec, "3", false, 2);
        set(&k, 0, x), set(&k, 1, i ? (const float[]){0.5f} : w);
        for (int j = 0; j < 6; j++) k.g[j] = 1;
        run_forward(&k, WHOLE);
        run_backward(&k, WHOLE);
        for (int j = 0; j < 6; j++)
            if (k.y[j] != known[i].y[j] || k.d[0][j] != known[i].dx[j])
                fail_msg("%s: y %g, slope %g", known[i].spec, (double)k.y[j], (double)k.d[0][j]);
        for (int j = 0; j < (i ? 1 : 3); j++) assert_true(k.d[1][j] == known[i].dw[j]);
        case_close(&k);
    }
}

static void test_softmax(void **state)
{
    (void)state;
    static const float x[] = {1000, 1001, 1002, -5, -5, -5}; /* the first row would overflow */
    static const double y[] = {0.09003057, 0.24472847, 0.66524096, 1.0 / 3, 1.0 / 3, 1.0 / 3};
    op_case k;
    open_one(&k, "softmax", "2 3", false, 1);
    set(&k, 0, x);
    run_forward(&k, WHOLE);
    for (int i = 0; i < 6; i++) near("softmax", (double)k.y[i], y[i], 1e-6);
    case_close(&k);
    open_one(&k, "log_softmax", "2 3", false, 1);
    set(&k, 0, x);
    run_forward(&k, WHOLE);
    for (int i = 0; i < 6; i++) near("log_softmax", (double)k.y[i], log(y[i]), 1e-6);
    case_close(&k);
}

static void test_layer_norm(void **state)
{
    (void)state;
    static const float x[] = {1, 2, 3, 6}, w[] = {1, 1, 2, 1}, b[] = {0, 10, 0, 0}; /* mean 3, variance 3.5 */
    op_case k;
    open_one(&k, "layer_norm eps=0", "4", false, 1);
    set(&k, 0, x), set(&k, 1, w), set(&k, 2, b);
    run_forward(&k, WHOLE);
    const double r = 1 / sqrt(3.5), y[] = {-2 * r, 10 - r, 0, 3 * r};
    for (int i = 0; i < 4; i++) near("layer_norm", (double)k.y[i], y[i], 1e-6);
    case_close(&k);
}

static void test_linear(void **state)
{
    (void)state;
    static const float x[] = {1, 2}, w[] = {1, 2, 3, /* the second input */ 10, 20, 30}, b[] = {0.5f, 0, -0.5f};
    static const double y[] = {21.5, 42, 62.5};
    op_case k;
    open_one(&k, "linear 3", "2", false, 1);
    set(&k, 0, x), set(&k, 1, w), set(&k, 2, b);
    run_forward(&k, WHOLE);
    for (int i = 0; i < 3; i++) near("linear", (double)k.y[i], y[i], 1e-6);
    case_close(&k);
}

static void test_losses(void **state)
{
    (void)state;
    static const float x[] = {2, -1, 0.5f}, t[] = {0, 1, 0.5f};
    /* -log(1 - s(2)) - log s(-1) - (log s(0.5) + log(1 - s(0.5))) / 2, s the sigmoid */
    const double bce = log1p(exp(2)) + log1p(exp(1)) + (log1p(exp(-0.5)) + log1p(exp(0.5))) / 2;
    const struct {
        const char *spec;
        double sum;
    } known[] = {
        {"mse", 4 + 4}, {"l1_loss", 2 + 2}, {"huber", 1.5 + 1.5}, {"huber delta=3", 2 + 2}, {"bce_with_logits", bce},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (int reduce = 0; reduce < 3; reduce++) {
            static const double divisor[] = {[TC_SAMPLE] = 1, [TC_SUM] = 1, [TC_MEAN] = 3};
            op_case k;
            open_two(&k, known[i].spec, "3", "3", 1);
            assert_int_equal(k.call.reduce, TC_MEAN);
            set(&k, 0, x), set(&k, 1, t);
            k.call.reduce = reduce;
            run_forward(&k, WHOLE);
            near(known[i].spec, k.value, known[i].sum / divisor[reduce], 1e-6);
            case_close(&k);
        }
}

static void test_cross_entropy(void **state)
{
    (void)state;
    op_case k;
    open_two(&k, "cross_entropy", "3", "labels", 2);
    set(&k, 0, (const float[]){1000, 1001, 1002, 0, 0, 0});
    k.ids[1][0] = 0, k.ids[1][1] = 2;
    run_forward(&k, WHOLE);
    run_backward(&k, WHOLE);
    near("cross_entropy", k.value, (2.40760596 + 1.09861229) / 2, 1e-7); /* over samples by default */
    static const double d[] = {-0.45498472, 0.12236424, 0.33262048, 1.0 / 6, 1.0 / 6, -1.0 / 3};
    for (int i = 0; i < 6; i++) near("its gradient", (double)k.d[0][i], d[i], 1e-6);
    case_close(&k);
    /* A class that is ruled out. */
    static const float masked[] = {0, 1.09861229f, -INFINITY, 0, 0, 0};
    open_two(&k, "cross_entropy class_weight=1,2,3", "3", "labels", 2);
    set(&k, 0, masked);
    k.ids[1][0] = 1, k.ids[1][1] = 0;
    run_forward(&k, WHOLE);
    near("cross_entropy, -inf", k.value, (2 * 0.28768207 + 1.09861229) / 3, 1e-7);
    case_close(&k);
}

/* ---- Kinks ---- */

static void test_kinks(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *target;
        float slope; /* at 0, or if the output equals its target */
    } kink[] = {
        {"relu", NULL, 0},         {"threshold_relu 0", NULL, 0},
        {"topk 2", NULL, 0},       {"leaky_relu 0.2", NULL, 0.2f},
        {"elu 0.3", NULL, 0.3f},   {"softplus", NULL, 0.5f},
        {"l1 1", NULL, 0},         {"l1_l2 l1=1 l2=1", NULL, 0},
        {"norm 1", NULL, 0},       {"norm 1 p=1", NULL, 0},
        {"norm 1 p=1.5", NULL, 0}, {"norm 1 p=3", NULL, 0},
        {"l1_loss", "3", 0},       {"huber", "3", 0},
    };
    for (size_t i = 0; i < sizeof kink / sizeof *kink; i++)
        for (int zero = 0; zero < 2; zero++) { /* 0 and -0 */
            op_case k;
            case_open(&k, kink[i].spec, (const char *const[]){"3", kink[i].target, NULL}, false, 1, 2);
            for (int t = 0; t < k.inputs; t++) set_all(&k, t, zero ? -0.0f : 0.0f);
            for (int64_t j = 0; j < outputs_of(&k); j++) k.g[j] = 1;
            run_forward(&k, WHOLE);
            run_backward(&k, WHOLE);
            for (int64_t j = 0; j < count_of(&k, 0); j++)
                if (k.d[0][j] != kink[i].slope) fail_msg("%s: %g at the kink", kink[i].spec, (double)k.d[0][j]);
            case_close(&k);
        }
}

/* ---- Shapes ---- */

static void test_refused(void **state)
{
    (void)state;
    static const op_refusal bad[] = {
        {"linear 5", {""}, false, "[batch]"},
        {"linear 0", {"3"}, false, "at least 1"},
        {"linear 1099511627776", {"3"}, false, "too many"},
        {"linear 9007199254740992", {"3"}, false, "too many"},
        {"softmax", {""}, false, "at least one dimension"},
        {"log_softmax", {""}, false, "at least one dimension"},
        {"layer_norm", {""}, false, "at least one dimension"},
        {"layer_norm eps=-1", {"3"}, false, "eps"},
        {"leaky_relu -1", {"3"}, false, "slope"},
        {"elu -1", {"3"}, false, "alpha"},
        {"softplus 0", {"3"}, false, "beta"},
        {"prelu", {""}, false, "at least one dimension"},
        {"dropout 1.5", {"3"}, false, "from 0 to 1"},
        {"dropout p=-0.1", {"3"}, false, "from 0 to 1"},
        {"add b", {"3", "4"}, false, "[batch, 3] and [batch, 4]"},
        {"cross_entropy", {"2 3", "labels"}, false, "labels [batch, 2] with logits [batch, 2, 3]"},
        {"cross_entropy", {"2 3", "labels"}, false, "got [batch]"},
        {"cross_entropy", {"3", "labels 3"}, false, "labels [batch] with logits [batch, 3]"},
        {"cross_entropy", {"", "labels"}, false, "logits [batch, ..., classes], got [batch]"},
        {"cross_entropy", {"3", "labels"}, true, "logits [batch, ..., classes], got [3]"},
        {"cross_entropy", {"2 3", "ids 4 2"}, false, "the labels are of 4 classes, the logits [batch, 2, 3]"},
        {"mse", {"3", "4"}, false, "[batch, 3] and [batch, 4]"},
        {"l1_loss", {"3", "1 3"}, false, "[batch, 3] and [batch, 1, 3]"},
        {"huber delta=0", {"3", "3"}, false, "delta"},
        {"bce_with_logits", {"3", ""}, false, "[batch, 3] and [batch]"},
        {"norm 1 p=0.5", {"3"}, false, "p from 1 to 32"},
        {"l1_l2 l1=-1", {"3"}, false, "l1 and l2"},
        {"unit_norm", {"3"}, true, "[3]"},
        {"unit_norm", {"3 4"}, false, "[batch, 3, 4]"},
    };
    assert_refusals(bad, sizeof bad / sizeof *bad);
}

static void test_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *x[3], *y, *param[2];
    } good[] = {
        {"linear 5", {"3"}, "5", {"3 5", "5"}},
        {"linear 5 bias=false", {"2 3"}, "2 5", {"3 5", NULL}},
        {"relu", {"2 3"}, "2 3", {NULL, NULL}},
        {"flatten", {"2 3 4"}, "24", {NULL, NULL}},
        {"flatten", {""}, "1", {NULL, NULL}},
        {"layer_norm", {"2 3"}, "2 3", {"3", "3"}},
        {"layer_norm affine=false", {"2 3"}, "2 3", {NULL, NULL}},
        {"add b", {"2 3", "2 3"}, "2 3", {NULL, NULL}},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        op_case k;
        tc_sketch s;
        assert_true(case_try(&k, good[i].spec, good[i].x, false, 1, 2, &s));
        tc_shape wanted = shape_of(good[i].y);
        if (!tc_shape_equal(&s.y, &wanted)) fail_msg("%s has a wrong output", good[i].spec);
        for (int j = 0; j < 2 && k.op->param[0].name; j++) {
            if (!good[i].param[j]) {
                assert_int_equal(s.param[j].rank, -1);
                continue;
            }
            wanted = shape_of(good[i].param[j]);
            if (!tc_shape_equal(&s.param[j], &wanted)) fail_msg("%s has a wrong parameter %d", good[i].spec, j);
        }
        case_close(&k);
    }
}

/* ---- Penalties documented elsewhere ---- */

/* keras.io/api/layers/regularizers: L1(0.01) on a kernel ones(5, 5) is 0.25; the input 2 * ones(5, 5) through that
 * kernel with L2(0.01) on the output gives 5.0, which is 25 divided by the batch. */
static void test_keras(void **state)
{
    (void)state;
    op_case kernel, layer, activity;
    open_one(&kernel, "l1 0.01", "5 5", true, 1);
    set_all(&kernel, 0, 1);
    kernel.call.reduce = TC_SUM;
    run_forward(&kernel, WHOLE);
    near("L1 on the kernel", kernel.lambda * kernel.value, 0.25, 1e-12);

    open_one(&layer, "linear 5 bias=false", "5", false, 5);
    set_all(&layer, 0, 2);
    set_all(&layer, 1, 1);
    run_forward(&layer, WHOLE);
    open_one(&activity, "l2 0.01 reduce=sample", "5", false, 5);
    assert_int_equal(activity.call.reduce, TC_SAMPLE);
    set(&activity, 0, layer.y);
    run_forward(&activity, WHOLE);
    near("L2 on the activity", activity.lambda * activity.value, 5.0, 1e-12);
    case_close(&kernel), case_close(&layer), case_close(&activity);

    open_one(&kernel, "l1_l2 l1=0.01 l2=0.02", "2 2", true, 1); /* L1L2(0.01, 0.02) */
    set(&kernel, 0, (const float[]){1, -2, 3, -4});
    kernel.call.reduce = TC_SUM;
    run_forward(&kernel, WHOLE);
    near("L1L2", kernel.lambda * kernel.value, 0.01 * 10 + 0.02 * 30, 1e-7);
    case_close(&kernel);
}

/* Lua Torch, nn.L1Penalty(l1weight, sizeAverage): the loss is l1weight * |x|_1, the gradient l1weight * sign(x); with
 * sizeAverage l1weight is first divided by the number of elements. */
static void test_lua(void **state)
{
    (void)state;
    static const float x[] = {1, -2, 0, 0.5f, -0.25f, 4};
    for (int average = 0; average < 2; average++) {
        op_case k;
        open_one(&k, "l1 0.1", "3", false, 2);
        set(&k, 0, x);
        k.call.reduce = average ? TC_MEAN : TC_SUM;
        run_forward(&k, WHOLE);
        run_backward(&k, WHOLE);
        const double m = average ? 0.1 / 6 : 0.1;
        near("L1Penalty's loss", k.lambda * k.value, m * 7.75, 1e-12);
        for (int i = 0; i < 6; i++) near("its gradient", (double)k.d[0][i], m * ((x[i] > 0) - (x[i] < 0)), 1e-7);
        case_close(&k);
    }
}

static void test_norm(void **state)
{
    (void)state;
    static const float x[] = {3, 4, /* the second sample */ 6, -8};
    static const struct {
        const char *spec;
        int reduce;
        double value, d[4];
    } known[] = {
        {"norm 1", TC_SUM, 11.18033989, {0.26832816, 0.35777088, 0.53665631, -0.71554175}},
        {"norm 1", TC_MEAN, 11.18033989 / 4, {0.06708204, 0.08944272, 0.13416408, -0.17888544}},
        {"norm 1", TC_SAMPLE, (5 + 10) / 2.0, {0.3, 0.4, 0.3, -0.4}},
        {"norm 1 p=1", TC_SUM, 21, {1, 1, 1, -1}},
        {"norm 1 p=1", TC_SAMPLE, 10.5, {0.5, 0.5, 0.5, -0.5}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        op_case k;
        open_one(&k, known[i].spec, "2", false, 2);
        set(&k, 0, x);
        k.call.reduce = known[i].reduce;
        run_forward(&k, WHOLE);
        run_backward(&k, WHOLE);
        near(known[i].spec, k.value, known[i].value, 1e-8);
        for (int j = 0; j < 4; j++) near(known[i].spec, (double)k.d[0][j], known[i].d[j], 1e-6);
        assert_false(k.op->flags & (TC_PER_SAMPLE | TC_ELEMENTWISE)); /* the norm of the whole is not 5 + 10 */
        case_close(&k);
    }
}

/* ---- Proximal steps ---- */

static void test_prox(void **state)
{
    (void)state;
    static const float x[] = {3, -3, 0.5f, -0.5f, 0};
    static const struct {
        const char *spec;
        double t;
        float z[5];
    } known[] = {
        {"l1 1", 1, {2, -2, 0, 0, 0}},
        {"l2 1", 0.5, {1.5f, -1.5f, 0.25f, -0.25f, 0}},
        {"l1_l2 l1=1 l2=0.5", 1, {1, -1, 0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        op_case k;
        open_one(&k, known[i].spec, "5", true, 1);
        set(&k, 0, x);
        run_prox(&k, known[i].t);
        for (int j = 0; j < 5; j++) assert_true(k.x[0].data[j] == known[i].z[j]);
        case_close(&k);
    }
}

/* by=unit: columns of the stored [in, out]; by=input: its rows. Zeros and directions do not change. */
static void test_unit_norm(void **state)
{
    (void)state;
    enum { IN = 150, OUT = 140 }; /* more than one range in both directions */
    for (int by_input = 0; by_input < 2; by_input++) {
        op_case k;
        open_one(&k, by_input ? "unit_norm input" : "unit_norm", "150 140", true, 1);
        float *w = k.x[0].data;
        for (int i = 0; i < IN * OUT; i++) w[i] = between(&k, -1, 1);
        const int64_t step = by_input ? 1 : OUT, next = by_input ? OUT : 1, n = by_input ? OUT : IN;
        for (int64_t i = 0; i < n; i++) w[7 * next + i * step] = 0;
        const double ratio = (double)w[3 * step] / (double)w[0];
        run_prox(&k, 0);
        near("a direction", (double)w[3 * step] / (double)w[0], ratio, 1e-6);
        for (int64_t v = 0; v < (by_input ? IN : OUT); v++) {
            double sum = 0;
            for (int64_t i = 0; i < n; i++) sum += pow((double)w[v * next + i * step], 2);
            near("a norm", sqrt(sum), v == 7 ? 0 : 1, 1e-6);
        }
        case_close(&k);
    }
}

/* ---- Initial weights and dropout ---- */

static void check_init(const char *spec, double weight_bound, double bias_bound)
{
    const double bound[] = {weight_bound, bias_bound};
    op_case k;
    open_one(&k, spec, "64", false, 1);
    for (int p = 0; p < 2; p++) {
        const tc_view *v = &k.x[1 + p];
        k.op->param[p].init(k.arg, &k.x[0].shape, &v->shape, v->data, v->n, tc_stream_of(5, 0, "w"));
        double most = 0, sum = 0, squares = 0;
        for (int64_t i = 0; i < v->n; i++) {
            const double w = (double)v->data[i];
            most = fabs(w) > most ? fabs(w) : most, sum += w, squares += w * w;
        }
        assert_true(most <= bound[p] * 1.000001 && most >= bound[p] * 0.97);
        assert_true(fabs(sum) <= bound[p] * 3 * sqrt((double)v->n)); /* the standard deviation is bound / sqrt(3) */
        near(spec, squares / (double)v->n, bound[p] * bound[p] / 3, 0.01);
    }
    case_close(&k);
}

static void test_init(void **state)
{
    (void)state;
    check_init("linear 200", 1.0 / 8, 1.0 / 8);  /* as in torch.nn.Linear: both within 1 / sqrt(in) */
    check_init("linear 86 init=xavier", 0.2, 0); /* sqrt(6 / 150) */
    check_init("linear 200 init=zeros", 0, 0);
    op_case k;
    open_one(&k, "layer_norm", "9", false, 1);
    for (int p = 0; p < 2; p++) {
        k.op->param[p].init(k.arg, &k.x[0].shape, &k.x[1 + p].shape, k.x[1 + p].data, 9, k.call.stream);
        for (int i = 0; i < 9; i++) assert_true(k.x[1 + p].data[i] == (p == 0 ? 1.0f : 0.0f));
    }
    case_close(&k);
}

static void test_dropout(void **state)
{
    (void)state;
    static const double p[] = {0, 0.25, 1};
    for (int i = 0; i < 3; i++) {
        char spec[32];
        snprintf(spec, sizeof spec, "dropout %g", p[i]);
        op_case k;
        open_one(&k, spec, "100", false, 400);
        set_all(&k, 0, 3);
        for (int64_t j = 0; j < 40000; j++) k.g[j] = 1;
        run_forward(&k, CUT);
        run_backward(&k, SHUFFLED);
        int dropped = 0;
        for (int64_t j = 0; j < 40000; j++) {
            dropped += k.y[j] == 0;
            assert_true(k.y[j] == 0 || fabsf(k.y[j] - (float)(3 / (1 - p[i]))) < 1e-6f);
            assert_true((k.d[0][j] == 0) == (k.y[j] == 0)); /* the mask of the forward pass */
            const float u = tc_uniform(tc_stream_word(k.call.stream, (uint64_t)j));
            assert_true((k.y[j] == 0) == (u < (float)p[i])); /* element j uses element j of the stream */
        }
        assert_true(fabs(dropped - 40000 * p[i]) <= 4 * sqrt(40000 * p[i] * (1 - p[i])));
        k.run.training = false;
        run_forward(&k, WHOLE);
        run_backward(&k, WHOLE);
        for (int64_t j = 0; j < 40000; j++) assert_true(k.y[j] == 3 && k.d[0][j] == 1);
        case_close(&k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),        cmocka_unit_test(test_prelu),   cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_layer_norm),    cmocka_unit_test(test_linear),  cmocka_unit_test(test_losses),
        cmocka_unit_test(test_cross_entropy), cmocka_unit_test(test_kinks),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_shapes),        cmocka_unit_test(test_keras),   cmocka_unit_test(test_lua),
        cmocka_unit_test(test_norm),          cmocka_unit_test(test_prox),    cmocka_unit_test(test_unit_norm),
        cmocka_unit_test(test_init),          cmocka_unit_test(test_dropout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
