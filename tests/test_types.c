/* test_types.c: values that are class indices. Their description and its text, which operators may read them, feeding
 * and checking, cross entropy and accuracy over positions. (test_extra_types.c trains a layer that reads them.) */
#include "data/data.h"
#include "data_files.h"
#include "op_case.h"
#include "run/run.h"

static tacet_value ids_of(tacet_graph *g, const char *name, int64_t classes, int rank, const int64_t *shape)
{
    return tacet_input_of(g, name, TACET_I32, classes, rank, shape);
}

static void says(const tacet_error *e, const char *part)
{
    if (!e) fail_msg("expected the error \"%s\", but there was none", part);
    if (!strstr(e->message, part)) fail_msg("\"%s\" does not say \"%s\"", e->message, part);
}

static tacet_plan *compiled(tacet_graph *g, int64_t batch, const char *optimizer)
{
    tacet_error why;
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = batch, .optimizer = optimizer}, &why);
    if (!p) fail_msg("%s", why.message);
    return p;
}

/* ---- The description --------------------------------------------------------------------------------------------- */

static const char inputs[] = "x 28 28\nt labels\nu labels 3 4\ntokens int32 1000 12\nkind int32 7\nwide 1";

static void check_inputs(const tacet_graph *g)
{
    static const struct {
        tacet_type type;
        int64_t classes;
        tc_shape shape;
    } are[] = {{TACET_F32, 0, {2, {28, 28}}}, {TACET_I32, 0, {0}}, {TACET_I32, 0, {2, {3, 4}}},
               {TACET_I32, 1000, {1, {12}}},  {TACET_I32, 7, {0}}, {TACET_F32, 0, {1, {1}}}};
    char text[256];
    assert_int_equal(g->values, 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(g->value[i].type, are[i].type);
        assert_int_equal(g->value[i].classes, are[i].classes);
        assert_true(tc_shape_equal(&g->value[i].shape, &are[i].shape));
        assert_true(g->value[i].batch);
    }
    tacet_graph_text(g, "input", text, sizeof text);
    assert_string_equal(text, inputs);
}

static void text_round_trips(void **state)
{
    (void)state;
    tacet_graph *g = tacet_graph_new(NULL), *h = tacet_graph_new(NULL);
    tacet_input(g, "x", 2, (int64_t[]){28, 28});
    tacet_labels(g, "t");
    ids_of(g, "u", 0, 2, (int64_t[]){3, 4});
    ids_of(g, "tokens", 1000, 1, (int64_t[]){12});
    ids_of(g, "kind", 7, 0, NULL);
    tacet_input_of(g, "wide", TACET_F32, 0, 1, (int64_t[]){1});
    check_inputs(g);
    tc_graph_rebuild(h, "input", inputs);
    assert_null(tacet_graph_error(h));
    check_inputs(h);
    tacet_graph_free(g);
    tacet_graph_free(h);
}

static void texts_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"a int32", "int32 is followed by the number of classes"},
        {"a int32 x", "\"x\" is not a size"},
        {"a int32 -3 2", "-3 classes"},
        {"a labels 2 x", "\"x\" is not a size"},
        {"a labels 0", "the shape [0]"},
        {"a 3 labels", "\"labels\" is not a size"},
        {"a int32 5 1 1 1 1 1 1 1 1 1", "\"1\" is not a size"},
        {"a 1 1 1 1 1 1 1 1 1", "\"1\" is not a size"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tacet_graph *g = tacet_graph_new(NULL);
        tc_graph_rebuild(g, "input", bad[i].text);
        says(tacet_graph_error(g), bad[i].why);
        tacet_graph_free(g);
    }
}

static void inputs_are_refused(void **state)
{
    (void)state;
    static const struct {
        tacet_type type;
        int64_t classes;
        int rank;
        int64_t size;
        const char *why;
    } bad[] = {
        {TACET_U8, 0, 1, 3, "input a: an input is float32 or int32, not uint8"},
        {TACET_F64, 0, 1, 3, "not float64"},
        {TACET_I64, 9, 1, 3, "not int64"},
        {(tacet_type)9, 0, 1, 3, "not of an unknown type"},
        {(tacet_type)-1, 0, 1, 3, "not of an unknown type"},
        {TACET_F32, 9, 1, 3, "input a: it is float32, and only an int32 input has classes"},
        {TACET_I32, -1, 1, 3, "-1 classes; give 1 to 2147483647"},
        {TACET_I32, INT64_C(1) << 31, 1, 3, "2147483648 classes"},
        {TACET_I32, 9, 9, 3, "rank 9 is not supported (0 to 8)"},
        {TACET_I32, 9, 1, 0, "the shape [0] has no size"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tacet_graph *g = tacet_graph_new(NULL);
        assert_int_equal(tacet_input_of(g, "a", bad[i].type, bad[i].classes, bad[i].rank, &bad[i].size).id, 0);
        says(tacet_graph_error(g), bad[i].why);
        assert_int_equal(tacet_graph_error(g)->status, TACET_DESCRIPTION);
        tacet_graph_free(g);
    }
}

/* Numbers are read only as numbers, and class indices only as class indices, which cannot have penalties. */
static void wrong_readers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *chain, *loss, *target, *on, *why, *hint;
    } bad[] = {
        {"from tokens | relu", NULL, NULL, NULL, "relu: tokens holds int32 class indices, but relu takes numbers", ""},
        {"from t | linear 3", NULL, NULL, NULL, "linear: t holds int32 class indices, but linear takes numbers", ""},
        {"relu | add tokens", NULL, NULL, NULL, "add: tokens holds int32 class indices", ""},
        {"linear 5", "mse", "t", NULL, "mse on linear1: t holds int32 class indices, but mse takes numbers", "floats"},
        {"linear 5", "cross_entropy", "x", NULL,
         "cross_entropy on linear1: x holds float32 numbers, but cross_entropy needs class indices here",
         "tacet_labels"},
        {"linear 5", "cross_entropy", "t", NULL,
         "linear1 [batch, 4, 5] and t [batch]: needs labels [batch, 4] with logits [batch, 4, 5]", ""},
        {"linear 5", "cross_entropy", "tokens", NULL, "the labels are of 6 classes, the logits [batch, 4, 5]", ""},
        {"linear 6", "cross_entropy", "tokens", NULL, NULL, NULL},
        {"relu", NULL, NULL, "tokens", "the selector \"tokens\" matches no value", "x, relu1"},
        {"relu", NULL, NULL, "to*", "matches no value", ""},
        {"relu", NULL, NULL, "*", NULL, NULL}, /* x and relu1 */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tacet_graph *g = tacet_graph_new(NULL);
        const tacet_value x = tacet_input(g, "x", 2, (int64_t[]){4, 3});
        tacet_labels(g, "t");
        ids_of(g, "tokens", 6, 1, (int64_t[]){4});
        const tacet_value y = tacet_chain(g, x, bad[i].chain);
        if (bad[i].loss) tacet_loss(g, bad[i].loss, y, tacet_find(g, bad[i].target));
        if (bad[i].on)
            tacet_penalize(g, bad[i].on, "l1 1"), tacet_keep(g, bad[i].on), tacet_keep_gradient(g, bad[i].on);
        const tacet_error *e = tacet_graph_error(g);
        if (bad[i].why)
            says(e, bad[i].why);
        else if (e)
            fail_msg("%s", e->message);
        if (bad[i].hint && !strstr(e->hint, bad[i].hint)) fail_msg("\"%s\" does not say %s", e->hint, bad[i].hint);
        tacet_graph_free(g);
    }
    tacet_graph *g = tacet_graph_new(NULL); /* with class indices as the output */
    const tacet_value t = tacet_labels(g, "t");
    tacet_loss(g, "cross_entropy", t, t);
    says(tacet_graph_error(g), "t holds int32 class indices, but cross_entropy takes numbers");
    tacet_graph_free(g);
}

/* The plan reports types, and the least number of classes given by an input or one of its readers. */
static void classes_are_the_least(void **state)
{
    (void)state;
    static const struct {
        const char *name, *kind;
        tacet_type type;
        int64_t classes;
    } are[] = {{"x", "input", TACET_F32, 0},
               {"t", "labels", TACET_I32, 5},
               {"u", "labels", TACET_I32, 0},
               {"kind", "input", TACET_I32, 4},
               {"linear1", "linear", TACET_F32, 0},
               {"linear2", "linear", TACET_F32, 0},
               {"linear1.weight", "parameter", TACET_F32, 0}};
    tacet_graph *g = tacet_graph_new(NULL);
    const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){3}), t = tacet_labels(g, "t");
    ids_of(g, "u", 0, 1, (int64_t[]){2});
    const tacet_value kind = ids_of(g, "kind", 4, 0, NULL), y = tacet_chain(g, x, "linear 7"),
                      z = tacet_chain(g, x, "linear 5");
    tacet_loss(g, "cross_entropy", y, t);
    tacet_loss(g, "cross_entropy", z, t);
    tacet_loss(g, "cross_entropy name=k", z, kind);
    tacet_plan *p = compiled(g, 2, "sgd lr=0.1");
    int found = 0;
    for (size_t i = 0; i < sizeof are / sizeof *are; i++)
        for (int v = 0; v < tacet_value_count(p); v++) {
            tacet_value_info info = {.size = sizeof info};
            assert_int_equal(tacet_value_at(p, v, &info), TACET_OK);
            if (strcmp(info.name, are[i].name) != 0) continue;
            assert_string_equal(info.kind, are[i].kind);
            assert_int_equal(info.type, are[i].type);
            assert_int_equal(info.classes, are[i].classes);
            found++;
        }
    assert_int_equal(found, sizeof are / sizeof *are);
    tacet_plan_free(p);
    tacet_graph_free(g);
}

/* ---- Feeding ----------------------------------------------------------------------------------------------------- */

enum { POSITIONS = 3, DATA = 4, CLASSES = 200 };

typedef struct fed {
    tacet_graph *g;
    tacet_value x, ids;
    tacet_plan *p;
} fed;

static fed fed_begin(int64_t classes)
{
    fed f = {.g = tacet_graph_new(NULL)};
    f.x = tacet_input(f.g, "x", 1, (int64_t[]){2});
    f.ids = ids_of(f.g, "tokens", classes, 1, (int64_t[]){POSITIONS});
    tacet_chain(f.g, f.x, "relu");
    f.p = compiled(f.g, 3, NULL);
    return f;
}

static void fed_end(fed *f)
{
    tacet_plan_free(f->p);
    tacet_graph_free(f->g);
}

static tacet_status forward(fed *f, tacet_type type, const void *ids, const int64_t *index, int64_t rows)
{
    static const float x[DATA * 2];
    static const double scale[POSITIONS] = {9, 9, 9};
    const tacet_scaling unused = {.size = sizeof unused, .count = POSITIONS, .scale = scale, .shift = scale};
    assert_int_equal(tacet_feed(f->p, f->x, TACET_F32, x), TACET_OK);
    if (tacet_feed_rows(f->p, f->ids, type, ids, POSITIONS, index, index ? &unused : NULL)) return TACET_FAILED;
    return tacet_forward(f->p, rows);
}

static const uint8_t bytes[DATA * POSITIONS] = {0, 1, 2, 10, 11, 12, 20, 21, 22, 199, 31, 0};

static const void *as_type(tacet_type type)
{
    static int32_t i32[DATA * POSITIONS];
    static int64_t i64[DATA * POSITIONS];
    for (int i = 0; i < DATA * POSITIONS; i++) i64[i] = i32[i] = bytes[i];
    return type == TACET_U8 ? (const void *)bytes : type == TACET_I32 ? (const void *)i32 : (const void *)i64;
}

static void every_type_of_integer(void **state)
{
    (void)state;
    static const tacet_type types[] = {TACET_U8, TACET_I32, TACET_I64};
    static const int64_t index[] = {3, 0, 2};
    fed f = fed_begin(CLASSES);
    for (size_t t = 0; t < 3; t++)
        for (int64_t rows = 1; rows <= 3; rows++)
            for (int picked = 0; picked < 2; picked++) {
                if (forward(&f, types[t], as_type(types[t]), picked ? index : NULL, rows))
                    fail_msg("%s", tacet_plan_error(f.p)->message);
                const int32_t *got = tc_run_left(f.p, (int)f.ids.id - 1, TACET_I32);
                assert_non_null(got);
                assert_null(tc_run_left(f.p, (int)f.ids.id - 1, TACET_F32));
                for (int64_t i = 0; i < rows * POSITIONS; i++)
                    assert_int_equal(
                        got[i], bytes[(picked ? index[i / POSITIONS] : i / POSITIONS) * POSITIONS + i % POSITIONS]);
            }
    assert_null(tc_run_left(f.p, (int)f.x.id - 1, TACET_I32));
    fed_end(&f);
}

static void fed_values_are_checked(void **state)
{
    (void)state;
    static const int64_t index[] = {2, 0, 3};
    const struct {
        tacet_type type;
        const void *data;
        const int64_t *index;
        int64_t classes;
        const char *why; /* NULL: accepted */
    } cases[] = {
        {TACET_U8, (const uint8_t[]){0, 0, 0, 0, 9, 0, 0, 0, 0}, NULL, 9,
         "tokens: row 1, element 1 has the class index 9; the classes are 0 to 8"},
        {TACET_I32, (const int32_t[]){0, 0, -1, 0, 0, 0, 0, 0, 0}, NULL, 9, "row 0, element 2 has the class index -1"},
        {TACET_I32, (const int32_t[]){0, 0, 0, 99, 99, 99, 0, 0, 0, 0, 0, 0}, index, 9, NULL}, /* row 1 is not used */
        {TACET_I64, (const int64_t[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 8, 9}, index, 9,
         "row 3, element 2 has the class index 9"},
        {TACET_I64, (const int64_t[]){(INT64_C(1) << 32) + 1, 0, 0, 0, 0, 0, 0, 0, 0}, NULL, 9,
         "row 0, element 0 has the class index 4294967297; the classes are 0 to 8"},
        {TACET_I64, (const int64_t[]){INT32_MAX, 0, 0, 0, 0, 0, 0, 0, 0}, NULL, 0, NULL}, /* any number of classes */
        {TACET_I64, (const int64_t[]){INT64_C(1) << 31, 0, 0, 0, 0, 0, 0, 0, 0}, NULL, 0,
         "the classes are 0 to 2147483647"},
        {TACET_F32, (const float[9]){0}, NULL, 9, "tokens takes class indices, but was fed float32"},
        {TACET_F64, (const double[9]){0}, NULL, 0, "tokens takes class indices, but was fed float64"},
        {(tacet_type)7, (const float[9]){0}, NULL, 9, "unknown type 7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fed f = fed_begin(cases[i].classes);
        const tacet_status s = forward(&f, cases[i].type, cases[i].data, cases[i].index, 3);
        assert_int_equal(s, cases[i].why ? TACET_FAILED : TACET_OK);
        if (cases[i].why) says(tacet_plan_error(f.p), cases[i].why);
        assert_int_equal(tc_run_left(f.p, (int)f.ids.id - 1, TACET_I32) == NULL, cases[i].why != NULL);
        fed_end(&f);
    }
}

static void class_indices_are_not_numbers(void **state)
{
    (void)state;
    float to[POSITIONS];
    fed f = fed_begin(9);
    assert_int_equal(tacet_feed_rows(f.p, f.ids, TACET_U8, bytes, POSITIONS + 1, NULL, NULL), TACET_FAILED);
    says(tacet_plan_error(f.p), "tokens takes rows of 3 elements, but the data have 4");
    assert_int_equal(forward(&f, TACET_U8, bytes, NULL, 1), TACET_OK);
    assert_int_equal(tacet_read(f.p, "tokens", to, POSITIONS), TACET_FAILED);
    says(tacet_plan_error(f.p), "tokens holds class indices, which cannot be read as float32");
    assert_int_equal(tacet_write(f.p, "tokens", to, POSITIONS), TACET_FAILED);
    assert_int_equal(tacet_read_gradient(f.p, "tokens", to, POSITIONS), TACET_FAILED);
    /* Nothing reads them: without feeding they have no value. */
    assert_int_equal(tacet_feed(f.p, f.x, TACET_F32, (float[2]){0}), TACET_OK);
    assert_int_equal(tacet_forward(f.p, 1), TACET_OK);
    assert_null(tc_run_left(f.p, (int)f.ids.id - 1, TACET_I32));
    fed_end(&f);
}

/* ---- Cross entropy over positions ------------------------------------------------------------------------------- */

enum { T1 = 2, T2 = 3, FOLD = T1 * T2, ROWS = 50, SIZE = 150 };

/* A row of 900 logits gives several ranges. */
static void case_begin(op_case *k, bool folded, int reduce)
{
    static const tc_probe probe = {"cross_entropy", {NULL}, -4, 4, NAN};
    const char *const there[] = {"2 3 150", "labels 2 3", NULL}, *const flat[] = {"150", "labels", NULL};
    case_open(k, "cross_entropy", folded ? flat : there, false, 1, folded ? ROWS * FOLD : ROWS);
    k->probe = &probe;
    k->call.reduce = reduce;
    fill_case(k);
}

/* The sum over positions, from the formula, in double. */
static double sum_of(const op_case *k)
{
    double loss = 0;
    for (int64_t i = 0; i < count_of(k, 1); i++) {
        double sum = 0;
        const float *x = k->x[0].data + i * SIZE;
        for (int j = 0; j < SIZE; j++) sum += exp((double)x[j]);
        loss += log(sum) - (double)x[k->ids[1][i]];
    }
    return loss;
}

static void cross_entropy_is_over_positions(void **state)
{
    (void)state;
    static const double divisor[] = {[TC_SAMPLE] = ROWS, [TC_SUM] = 1, [TC_MEAN] = ROWS * FOLD};
    for (int reduce = TC_SAMPLE; reduce <= TC_MEAN; reduce++) {
        op_case k;
        case_begin(&k, false, reduce);
        assert_int_equal(k.op->role->reduce, TC_MEAN);
        run_forward(&k, WHOLE);
        run_backward(&k, WHOLE);
        const double value = sum_of(&k) / divisor[reduce];
        if (!(fabs(k.value - value) <= 1e-6 * value)) fail_msg("reduce %d: %g, not %g", reduce, k.value, value);
        for (int64_t i = 0; i < count_of(&k, 0); i++) {
            const float *x = k.x[0].data + i / SIZE * SIZE;
            double sum = 0;
            for (int j = 0; j < SIZE; j++) sum += exp((double)x[j]);
            const double right = k.ids[1][i / SIZE] == i % SIZE,
                         d = (exp((double)x[i % SIZE]) / sum - right) / divisor[reduce];
            if (!(fabs((double)k.d[0][i] - d) <= 2e-6 / divisor[reduce]))
                fail_msg("reduce %d: gradient %g, not %g", reduce, (double)k.d[0][i], d);
        }
        case_close(&k);
    }
}

/* Positions act like samples: the same bits, but for the factor of a mean over samples. */
static void positions_act_like_rows(void **state)
{
    (void)state;
    for (int reduce = TC_SAMPLE; reduce <= TC_MEAN; reduce++) {
        op_case k, flat;
        case_begin(&k, false, reduce);
        case_begin(&flat, true, reduce);
        const double factor = reduce == TC_SAMPLE ? FOLD : 1;
        memcpy(flat.x[0].data, k.x[0].data, (size_t)count_of(&k, 0) * sizeof(float));
        memcpy(flat.ids[1], k.ids[1], (size_t)count_of(&k, 1) * sizeof(int32_t));
        flat.lambda *= factor;
        run_forward(&k, SHUFFLED), run_backward(&k, SHUFFLED);
        run_forward(&flat, SHUFFLED), run_backward(&flat, SHUFFLED);
        assert_true(fabs(k.value - factor * flat.value) <= 1e-12 * k.value);
        assert_memory_equal(k.d[0], flat.d[0], (size_t)count_of(&k, 0) * sizeof(float));
        case_close(&k);
        case_close(&flat);
    }
}

/* ---- Accuracy over positions ------------------------------------------------------------------------------------ */

enum { ITEMS = 11, STEPS = 4, FEATURES = 3, KINDS = 5 };

/* ITEMS rows of [STEPS, FEATURES], with labels [STEPS]. */
static tacet_data *sequences(void)
{
    float x[ITEMS * STEPS * FEATURES];
    int64_t y[ITEMS * STEPS];
    uint32_t noise = 3;
    for (int i = 0; i < ITEMS * STEPS * FEATURES; i++) x[i] = 2 * noise_of(&noise) - 1;
    for (int i = 0; i < ITEMS * STEPS; i++) y[i] = (int64_t)(noise_of(&noise) * KINDS);
    y[5] = KINDS - 1;
    write_npy("x.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (11, 4, 3), }", x, sizeof x);
    write_npy("y.npy", 1, "{'descr': '<i8', 'fortran_order': False, 'shape': (11, 4), }", y, sizeof y);
    return must_open("npy @/x.npy y=@/y.npy flat=false", "train");
}

/* The number of positions of all rows at which the largest entry of head is the label. */
static int right_of(tacet_plan *p, const tacet_data *d)
{
    float y[ITEMS * STEPS * KINDS];
    int right = 0;
    const int64_t *label = d->table->y.data;
    assert_int_equal(tacet_read(p, "head", y, ITEMS * STEPS * KINDS), TACET_OK);
    for (int i = 0; i < ITEMS * STEPS; i++) {
        int best = 0;
        for (int j = 1; j < KINDS; j++)
            if (y[i * KINDS + j] > y[i * KINDS + best]) best = j;
        right += best == label[i];
    }
    return right;
}

static void accuracy_is_over_positions(void **state)
{
    (void)state;
    tacet_data *d = sequences();
    tacet_error why;
    for (int loss = 0; loss < 2; loss++) {
        tacet_graph *g = tacet_graph_new(NULL);
        const tacet_value x = tacet_input(g, "x", 2, (int64_t[]){STEPS, FEATURES}),
                          t = ids_of(g, "t", 0, 1, (int64_t[]){STEPS}), other = tacet_labels(g, "other"),
                          y = tacet_chain(g, x, "linear 5 name=head"), wide = tacet_chain(g, y, "flatten name=wide");
        if (loss) tacet_loss(g, "cross_entropy", y, t);
        tacet_keep(g, "head");
        double accuracy = 0, data_loss = 0;
        for (int64_t batch = ITEMS; batch > 1; batch -= 7) { /* 11: all at once; 4: the last is short */
            tacet_plan *p = compiled(g, batch, NULL);
            tacet_loader *l = tacet_loader_new(d, batch, 1, batch < ITEMS, &why);
            tacet_result r = {.size = sizeof r};
            if (tacet_evaluate(p, l, x, t, y, &r)) fail_msg("%s", tacet_plan_error(p)->message);
            assert_int_equal(r.rows, ITEMS);
            if (batch == ITEMS) {
                const int right = right_of(p, d);
                assert_true(right > 0 && right < ITEMS * STEPS);
                accuracy = (double)right / (ITEMS * STEPS), data_loss = r.data_loss;
            }
            assert_true(r.accuracy == accuracy);
            assert_true(loss == 0 || fabs(r.data_loss - data_loss) < 1e-6);
            /* Not comparable: one output per row, and labels with another shape than those of the data. */
            assert_int_equal(tacet_evaluate(p, l, x, t, wide, &r), TACET_OK);
            assert_true(isnan(r.accuracy));
            assert_int_equal(tacet_evaluate(p, l, x, other, y, &r), TACET_FAILED);
            says(tacet_plan_error(p), "other takes rows of 1 element, but the data have 4");
            tacet_loader_free(l);
            tacet_plan_free(p);
        }
        tacet_graph_free(g);
    }
    tacet_data_free(d);
}

/* In a shuffled held-out share, each row keeps the labels that it has in the table. */
static void labels_stay_with_their_rows(void **state)
{
    (void)state;
    tacet_error why;
    tacet_data *d = sequences(), *held = tacet_data_hold_out(d, 0.5, 1, &why);
    tacet_loader *l = tacet_loader_new(held, 3, 5, true, &why);
    tacet_graph *g = tacet_graph_new(NULL);
    const tacet_value x = tacet_input(g, "x", 2, (int64_t[]){STEPS, FEATURES}),
                      t = ids_of(g, "t", 0, 1, (int64_t[]){STEPS});
    tacet_chain(g, x, "relu");
    tacet_plan *p = compiled(g, 3, NULL);
    int64_t seen = 0;
    for (int64_t rows; (rows = tacet_loader_next(l, p, x, t)) > 0; seen += rows) {
        const float *from = d->table->x.data, *now;
        assert_int_equal(tacet_forward(p, rows), TACET_OK);
        now = tc_run_left(p, (int)x.id - 1, TACET_F32);
        const int32_t *labels = tc_run_left(p, (int)t.id - 1, TACET_I32);
        for (int64_t i = 0; i < rows; i++) {
            int64_t row = 0;
            while (memcmp(from + row * STEPS * FEATURES, now + i * STEPS * FEATURES, STEPS * FEATURES * sizeof *now))
                row++;
            assert_true(row < ITEMS);
            for (int64_t k = 0; k < STEPS; k++)
                assert_int_equal(labels[i * STEPS + k], ((int64_t *)d->table->y.data)[row * STEPS + k]);
        }
    }
    assert_int_equal(seen, 6);
    tacet_plan_free(p);
    tacet_graph_free(g);
    tacet_loader_free(l);
    tacet_data_free(held);
    tacet_data_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_round_trips),
        cmocka_unit_test(texts_are_refused),
        cmocka_unit_test(inputs_are_refused),
        cmocka_unit_test(wrong_readers_are_refused),
        cmocka_unit_test(classes_are_the_least),
        cmocka_unit_test(every_type_of_integer),
        cmocka_unit_test(fed_values_are_checked),
        cmocka_unit_test(class_indices_are_not_numbers),
        cmocka_unit_test(cross_entropy_is_over_positions),
        cmocka_unit_test(positions_act_like_rows),
        cmocka_unit_test(accuracy_is_over_positions),
        cmocka_unit_test(labels_stay_with_their_rows),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
