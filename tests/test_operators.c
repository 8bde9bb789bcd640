/* Every operator of the table against its contract. No operator is named here: a new one is tested as soon as it is in
 * ops.def with a probe. (Known answers are in test_op_answers.c.) */
#include "op_case.h"

#include "base/slope.h"

#include <ctype.h>

#define PRECISION 2e-3 /* of a central difference in float32 */

static int64_t bytes_of(const op_case *k, int i) { return room_of(k, i) * (int64_t)sizeof(float); }

static float *copy_of(const float *x, int64_t n)
{
    float *c = floats(n);
    if (n) memcpy(c, x, (size_t)n * sizeof *c);
    return c;
}

static void same_bits(const op_case *k, const char *what, const float *a, const float *b, int64_t n)
{
    char text[160];
    for (int64_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof a[i]) != 0)
            fail_msg("%s: %s[%d] is %.9g, not %.9g", case_text(k, text), what, (int)i, (double)a[i], (double)b[i]);
}

static void near(const op_case *k, const char *what, int64_t i, double a, double b, double tolerance)
{
    char text[160];
    if (!(fabs(a - b) <= tolerance * (1 + fabs(b))))
        fail_msg("%s: %s[%d] is %.9g, not %.9g", case_text(k, text), what, (int)i, a, b);
}

/* ---- The table ---- */

static void check_attributes(const tc_op *op, const tc_attribute *table)
{
    const tc_mem mem = tc_mem_of(NULL);
    for (const tc_attribute *a = table; a && a->name; a++) {
        assert_non_null(a->doc);
        assert_true(a->doc[0] != '\0');
        if (!a->preset || !a->preset[0]) continue;
        char text[256];
        snprintf(text, sizeof text, "%s %s=%s", op->name, a->name, a->preset);
        tc_spec s;
        tc_arg own[TC_MAX_ATTRS], common[TC_COMMON_ATTRS];
        tacet_error e;
        assert_int_equal(tc_spec_parse(&s, &mem, text, &e), TACET_OK);
        const tc_binding binding[] = {{op->attribute, own}, {op->role->common, common}};
        if (tc_spec_bind(&s, 2, binding, false, &e)) fail_msg("%s: %s", text, e.message);
        tc_spec_free(&s);
    }
}

/* The letters of a parameter: one for each dimension, all different, one for the units. A matrix has inputs. Taps are
 * adjacent. */
static void check_axes(const op_case *k)
{
    char text[160];
    for (int i = 0; k->op->param[i].name; i++) {
        const char *axes = k->op->param[i].axes ? k->op->param[i].axes : "";
        const int rank = k->x[k->inputs + i].shape.rank, letters = (int)strlen(axes);
        const char *taps = axes + strspn(axes, "io");
        bool good = letters ? strchr(axes, 'o') && (letters < 2 || strchr(axes, 'i')) : rank < 2;
        for (int j = 0; j < letters; j++) good = good && islower(axes[j]) && !strchr(axes + j + 1, axes[j]);
        for (taps += strcspn(taps, "io"); *taps; taps++) good = good && strchr("io", *taps);
        if (!good || (k->x[k->inputs + i].data && letters && letters != rank))
            fail_msg("%s: the letters of %s are \"%s\"", case_text(k, text), k->op->param[i].name, axes);
    }
}

static void test_table(void **state)
{
    (void)state;
    assert_true(tc_op_count() > 0);
    assert_null(tc_op_find("no such"));
    assert_null(tc_op_at(-1));
    assert_null(tc_op_at(tc_op_count()));
    for (int i = 0; i < tc_op_count(); i++) {
        const tc_op *op = tc_op_at(i);
        assert_ptr_equal(tc_op_find(op->name), op);
        if (!op->formula || !op->doc || !op->source || !op->role || !op->probe[0].spec)
            fail_msg("%s is not complete", op->name);
        if (!op->prox && (!op->forward || !op->backward)) fail_msg("%s does nothing", op->name);
        if (op->of && (op->attribute[0].name || op->param[0].name || op->state[0].name))
            fail_msg("%s belongs to a layer and cannot have attributes, parameters or state", op->name);
        if (op->role == &tc_constraint && !op->prox) fail_msg("%s is a constraint without prox", op->name);
        check_attributes(op, op->attribute);
        check_attributes(op, op->role->common);
        for (const tc_probe *p = op->probe; p->spec; p++) {
            op_case k;
            case_open(&k, p->spec, p->x, op->flags & TC_NO_BATCH, 1, 2);
            assert_ptr_equal(k.op, op);
            check_axes(&k);
            case_close(&k);
        }
    }
}

/* ---- Gradients ---- */

static double objective_of(void *k) { return objective(k); }

static void check_gradient_at(op_case *k, int i, int64_t j)
{
    const tc_slope s = tc_slope_of(objective_of, k, &k->x[i].data[j], 1e-2f, 0);
    near(k, i < k->inputs ? "gradient of an input" : "gradient of a parameter", j, (double)k->d[i][j], s.value, PRECISION);
}

static void check_gradient(op_case *k)
{
    enum { MOST = 40 }; /* elements checked per tensor */
    run_forward(k, WHOLE);
    run_backward(k, WHOLE);
    for (int i = 0; i < (k->op->flags & TC_ESTIMATES ? k->inputs : k->tensors); i++) {
        const int64_t n = count_of(k, i);
        for (int64_t t = 0; k->d[i] && t < n && t < MOST; t++)
            check_gradient_at(k, i, n <= MOST ? t : (int64_t)(noise_of(&k->noise) * (float)n));
    }
}

static void test_gradient(void **state)
{
    (void)state;
    over_settings(3, 5, check_gradient);
}

/* An input that needs no gradient gets none, and the others get the same as before. */
static void check_unwanted(op_case *k)
{
    run_forward(k, WHOLE);
    run_backward(k, WHOLE);
    for (int i = 0; i < k->tensors; i++) {
        if (!k->d[i]) continue;
        float *before[MAX_TENSORS] = {0}, *hidden = k->d[i];
        for (int j = 0; j < k->tensors; j++)
            if (k->d[j]) before[j] = copy_of(k->d[j], room_of(k, j));
        k->d[i] = NULL;
        run_backward(k, WHOLE);
        k->d[i] = hidden;
        for (int j = 0; j < k->tensors; j++) {
            if (before[j]) same_bits(k, "d", k->d[j], before[j], room_of(k, j));
            free(before[j]);
        }
    }
}

static void test_unwanted(void **state)
{
    (void)state;
    over_settings(3, 3, check_unwanted);
}

/* Adding gives the old content plus the stored gradient; storing does not read the old content (NAN at first). */
static void check_add(op_case *k)
{
    run_forward(k, WHOLE);
    run_backward(k, WHOLE);
    for (int i = 0; i < k->tensors; i++) {
        if (!k->d[i]) continue;
        const int64_t n = count_of(k, i);
        float *stored = copy_of(k->d[i], n);
        for (int64_t j = 0; j < n; j++) {
            assert_true(isfinite(stored[j]));
            k->d[i][j] = (float)(j % 7) - 3;
        }
        k->add[i] = true;
        run_backward(k, WHOLE);
        k->add[i] = false;
        for (int64_t j = 0; j < n; j++)
            near(k, "d +=", j, (double)k->d[i][j], (double)((float)(j % 7) - 3) + (double)stored[j], 2e-6);
        free(stored);
    }
}

static void test_add(void **state)
{
    (void)state;
    over_settings(3, 3, check_add);
}

/* ---- Ranges, batches, buffers ---- */

static void check_ranges(op_case *k)
{
    run_forward(k, WHOLE);
    run_backward(k, WHOLE);
    const double value = k->value;
    const int64_t n = outputs_of(k);
    float *y = copy_of(k->y, n), *d[MAX_TENSORS] = {0};
    for (int i = 0; i < k->tensors; i++)
        if (k->d[i]) d[i] = copy_of(k->d[i], count_of(k, i));
    for (order how = SHUFFLED; how <= CUT; how++) {
        for (int64_t j = 0; j < n; j++) k->y[j] = NAN;
        for (int i = 0; i < k->tensors; i++)
            if (k->d[i]) memset(k->d[i], 0xff, (size_t)bytes_of(k, i));
        run_forward(k, how);
        run_backward(k, how);
        if (k->op->role->scalar) assert_memory_equal(&value, &k->value, sizeof value);
        same_bits(k, "y", k->y, y, n);
        for (int i = 0; i < k->tensors; i++)
            if (d[i]) same_bits(k, "d", k->d[i], d[i], count_of(k, i));
    }
    free(y);
    for (int i = 0; i < k->tensors; i++) free(d[i]);
}

static void test_ranges(void **state)
{
    (void)state;
    over_settings(5, 5, check_ranges);
    over_settings(1300, 1300, check_ranges); /* many ranges even if ranges are long */
}

/* A short batch reads and writes only its own rows: the rows after them are NAN before and after. */
static void check_short(op_case *k)
{
    run_forward(k, WHOLE);
    run_backward(k, WHOLE);
    assert_true(!k->op->role->scalar || isfinite(k->value));
    for (int64_t j = 0; j < k->call.y.n * k->capacity; j++) assert_int_equal(isnan(k->y[j]) != 0, j >= outputs_of(k));
    for (int i = 0; i < k->tensors; i++)
        for (int64_t j = 0; k->d[i] && j < room_of(k, i); j++)
            assert_int_equal(isnan(k->d[i][j]) != 0, j >= count_of(k, i));
}

static void test_short(void **state)
{
    (void)state;
    over_settings(1, 4, check_short);
    over_settings(3, 4, check_short);
}

static void check_in_place(op_case *k)
{
    if (!(k->op->flags & TC_IN_PLACE)) return;
    run_forward(k, WHOLE);
    run_backward(k, WHOLE);
    const int64_t n = outputs_of(k);
    float *x = k->x[0].data, *d = k->d[0], *own = copy_of(x, n), *g = copy_of(k->g, n);
    k->x[0].data = k->call.y.data = own;
    k->d[0] = g;
    k->call.g = g;
    run_forward(k, WHOLE);
    run_backward(k, WHOLE);
    same_bits(k, "y in place", own, k->y, n);
    same_bits(k, "d in place", g, d, n);
    k->x[0].data = x, k->d[0] = d;
    free(own), free(g);
}

static void test_in_place(void **state)
{
    (void)state;
    over_settings(3, 3, check_in_place);
}

/* ---- Flags ---- */

/* Values that backward does not declare as read may have been overwritten. */
static void check_reads(op_case *k)
{
    const bool x = k->op->flags & TC_READS_X, y = k->op->flags & TC_READS_Y;
    run_forward(k, WHOLE);
    for (int i = 0; i < k->tensors && !x; i++)
        for (int64_t j = 0; k->x[i].data && j < count_of(k, i); j++) k->x[i].data[j] = NAN;
    for (int64_t j = 0; j < outputs_of(k) && !y; j++) k->y[j] = NAN;
    run_backward(k, WHOLE);
    for (int i = 0; i < k->tensors; i++)
        for (int64_t j = 0; k->d[i] && j < count_of(k, i); j++) assert_true(isfinite(k->d[i][j]));
}

static void check_elementwise(op_case *k)
{
    if (!k->y || !(k->op->flags & TC_ELEMENTWISE)) return;
    run_forward(k, WHOLE);
    const int64_t n = outputs_of(k), at = n / 2;
    float *y = copy_of(k->y, n);
    k->x[0].data[at] = 0.77f;
    run_forward(k, WHOLE);
    y[at] = k->y[at];
    same_bits(k, "y of another element", k->y, y, n);
    free(y);
}

static void check_zeros(op_case *k)
{
    if (!k->y) return;
    run_forward(k, WHOLE);
    run_backward(k, WHOLE);
    int64_t zeros = 0;
    for (int64_t j = 0; j < outputs_of(k); j++) {
        zeros += k->y[j] == 0;
        if (k->op->flags & TC_BLOCKS && k->y[j] == 0) assert_true(k->d[0][j] == 0);
    }
    if (k->op->flags & TC_MAKES_ZEROS) assert_true(zeros > 0);
    if (!(k->op->flags & TC_KEEPS_ZEROS)) return;
    for (int64_t j = 0; j < count_of(k, 0); j++) k->x[0].data[j] = 0;
    run_forward(k, WHOLE);
    for (int64_t j = 0; j < outputs_of(k); j++) assert_true(k->y[j] == 0);
}

/* Only random operators depend on the stream, and only in training. (Operators with a state may act differently in
 * evaluation.) */
static void check_random(op_case *k)
{
    if (!k->y) return;
    const bool random = k->op->flags & TC_RANDOM;
    const int64_t n = outputs_of(k);
    run_forward(k, WHOLE);
    float *y = copy_of(k->y, n);
    run_forward(k, WHOLE);
    same_bits(k, "y again", k->y, y, n);
    k->call.stream = tc_stream_of(7, 4, "layer1");
    run_forward(k, WHOLE);
    assert_int_equal(memcmp(k->y, y, (size_t)n * sizeof *y) != 0, random);
    k->run.training = false;
    run_forward(k, WHOLE);
    if (!k->op->state[0].name) assert_int_equal(memcmp(k->y, y, (size_t)n * sizeof *y) != 0, random);
    free(y);
}

static void test_flags(void **state)
{
    (void)state;
    over_settings(3, 3, check_reads);
    over_settings(3, 3, check_elementwise);
    over_settings(9, 9, check_zeros);
    over_settings(9, 9, check_random);
}

/* ---- The meaning of lambda ---- */

/* A batch of n equal samples has the value of one sample, and n times the gradient of a row is that of one. */
static void check_invariance(op_case *k)
{
    static const int64_t sizes[] = {1, 2, 5, 128};
    if (!k->op->role->scalar || !k->x[0].batch) return;
    for (int64_t r = 1; r < k->capacity; r++)
        for (int i = 0; i < k->inputs; i++) {
            const size_t n = (size_t)k->x[i].n;
            if (k->ids[i])
                memcpy(k->ids[i] + (size_t)r * n, k->ids[i], n * sizeof *k->ids[i]);
            else
                memcpy(k->x[i].data + (size_t)r * n, k->x[i].data, n * sizeof(float));
        }
    double first = 0;
    float *d = NULL;
    for (int s = 0; s < 4; s++) {
        const int64_t rows = sizes[s];
        set_rows(k, rows);
        run_forward(k, WHOLE);
        run_backward(k, WHOLE);
        if (s == 0) first = k->value, d = k->d[0] ? copy_of(k->d[0], k->x[0].n) : NULL;
        const bool of_batch = k->op->flags & TC_MIXES, sum = k->call.reduce == TC_SUM && !of_batch;
        const bool whole = k->call.reduce == TC_SUM || k->call.reduce == TC_MEAN;
        if (!(k->op->flags & TC_PER_SAMPLE) && !of_batch && whole) continue;
        near(k, "value", rows, k->value / (sum ? (double)rows : 1), first, 1e-7);
        for (int64_t j = 0; d && j < k->x[0].n * rows; j++)
            near(k, "d", j, (double)k->d[0][j] * (sum ? 1 : (double)rows), (double)d[j % k->x[0].n], 1e-5);
    }
    free(d);
}

static void test_invariance(void **state)
{
    (void)state;
    over_settings(128, 128, check_invariance);
}

/* Positions count as rows: divided by positions, a sample of T positions has the same value as T samples of one
 * position; divided by samples, T times as much. A function of means over the batch takes the mean inside, and is not
 * divided. */
static void check_positions(op_case *k)
{
    if (!k->op->role->scalar || !k->x[0].batch || k->call.reduce != TC_POSITION) return;
    const int64_t positions = tc_positions(&k->x[0]), rows = k->run.rows;
    const double times = k->op->flags & TC_MIXES ? 1 : (double)positions;
    float *d[MAX_TENSORS] = {0};
    run_forward(k, WHOLE);
    run_backward(k, WHOLE);
    const double value = k->value;
    for (int i = 0; i < k->tensors; i++)
        if (k->d[i]) d[i] = copy_of(k->d[i], count_of(k, i));
    k->call.reduce = TC_SAMPLE;
    for (int fold = 0; fold < 2; fold++) {
        run_forward(k, WHOLE);
        run_backward(k, WHOLE);
        near(k, fold ? "value of rows" : "value of a sample", positions, k->value, value * (fold ? 1 : times), 1e-12);
        for (int i = 0; i < k->tensors; i++)
            for (int64_t j = 0; d[i] && j < count_of(k, i); j++)
                near(k, "d", j, (double)k->d[i][j], (double)d[i][j] * (fold ? 1 : times), 1e-6);
        for (int i = 0; i < k->inputs; i++) {
            const int64_t n = is_ids(k, i) ? 1 : tc_units(&k->x[i]);
            k->x[i].shape = is_ids(k, i) ? (tc_shape){0} : (tc_shape){1, {n}};
            k->x[i].n = n;
        }
        set_rows(k, rows * positions);
    }
    for (int i = 0; i < k->tensors; i++) free(d[i]);
}

/* With two ranks that have the same rows, each has half the value, because the divisor is the global batch. Operators
 * that mix samples sum over both ranks, and find the same as on one. */
static void check_ranks(op_case *k)
{
    if (!k->op->role->scalar) return;
    const bool mixes = k->op->flags & TC_MIXES, halved = k->x[0].batch && (k->call.reduce != TC_SUM || mixes);
    float *d[MAX_TENSORS] = {0};
    run_forward(k, WHOLE);
    run_backward(k, WHOLE);
    const double value = k->value;
    for (int i = 0; i < k->tensors; i++)
        if (k->d[i]) d[i] = copy_of(k->d[i], count_of(k, i));
    k->run.batch_rows *= 2;
    k->run.global_rows *= 2;
    k->ranks = 2;
    run_forward(k, WHOLE);
    run_backward(k, WHOLE);
    near(k, "value", 0, k->value * (halved && !mixes ? 2 : 1), value, 1e-12);
    for (int i = 0; i < k->tensors; i++)
        for (int64_t j = 0; d[i] && j < count_of(k, i); j++)
            near(k, "d", j, (double)k->d[i][j] * (halved ? 2 : 1), (double)d[i][j], 1e-6);
    for (int i = 0; i < k->tensors; i++) free(d[i]);
}

/* Joint or separate, the sum is the same, if the operator says so. */
static void check_separable(op_case *k)
{
    if (!(k->op->flags & TC_ELEMENTWISE) || k->op->role != &tc_penalty || k->call.reduce == TC_MEAN) return;
    run_forward(k, WHOLE);
    const double together = k->value;
    double apart = 0;
    const tc_view first = k->x[0];
    k->call.inputs = 1;
    for (int i = 0; i < k->inputs; i++) {
        if (i > 0) k->x[0] = k->x[i];
        run_forward(k, WHOLE);
        apart += k->value;
    }
    k->x[0] = first;
    near(k, "value", 0, together, apart, 1e-12);
}

/* What forward saves does not depend on lambda: backward may be called with another lambda, even 0, and is linear in
 * it. */
static void check_lambda(op_case *k)
{
    const double lambda = k->lambda;
    float *d[MAX_TENSORS] = {0};
    if (!k->op->role->scalar) return;
    run_forward(k, WHOLE);
    run_backward(k, WHOLE);
    for (int i = 0; i < k->tensors; i++)
        if (k->d[i]) d[i] = copy_of(k->d[i], count_of(k, i));
    for (int times = 0; times <= 4; times += 4) {
        k->lambda = times * lambda;
        run_backward(k, WHOLE);
        for (int i = 0; i < k->tensors; i++)
            for (int64_t j = 0; d[i] && j < count_of(k, i); j++)
                near(k, "d by lambda", j, (double)k->d[i][j], times * (double)d[i][j], 1e-6);
    }
    for (int i = 0; i < k->tensors; i++) free(d[i]);
}

/* The guard must find a NaN, so every operator passes it on, from inputs and parameters, in training or not. (A random
 * operator may drop it; what a layer's penalty reads, the layer passes on.) */
static void check_not_a_number(op_case *k)
{
    char text[160];
    if (k->op->flags & TC_RANDOM || k->op->of) return;
    for (int i = 0; i < k->tensors; i++)
        for (int training = 0; training < 2 && k->x[i].data; training++) {
            float *at = &k->x[i].data[count_of(k, i) / 2], was = *at;
            bool found = false;
            *at = NAN;
            k->run.training = training;
            run_forward(k, WHOLE);
            for (int64_t j = 0; j < outputs_of(k); j++) found = found || isnan(k->y[j]);
            if (!(k->y ? found : isnan(k->value) != 0))
                fail_msg("%s: a NaN in tensor %d is lost%s", case_text(k, text), i, training ? " in training" : "");
            *at = was;
        }
    k->run.training = true;
}

static void test_not_a_number(void **state)
{
    (void)state;
    over_settings(3, 3, check_not_a_number);
}

static void set_state(op_case *k, float *const *from)
{
    for (int i = 0; k->op->state[i].name; i++)
        memcpy(k->state[i], from[i], (size_t)k->states[i] * sizeof *from[i]);
}

/* Fills the second half of the buffers with the first, which has all real rows. */
static void repeat_rows(op_case *k)
{
    for (int i = 0; i < k->inputs && k->x[i].batch; i++)
        if (k->x[i].data) memcpy(k->x[i].data + count_of(k, i), k->x[i].data, (size_t)count_of(k, i) * sizeof(float));
    set_rows(k, 2 * k->run.rows);
}

/* Two ranks with the same rows get the same state as one with all of them. Leaves half the rows. */
static void check_state_of_ranks(op_case *k, float *const *before)
{
    float *alone[TC_OP_STATES] = {0};
    const int64_t rows = k->run.rows;
    if (k->op->flags & TC_MIXES && !k->op->sums) return;
    repeat_rows(k);
    run_forward(k, WHOLE);
    k->op->commit(&k->call);
    for (int i = 0; k->op->state[i].name; i++) alone[i] = copy_of(k->state[i], k->states[i]);
    set_state(k, before);
    k->run.rows = rows;
    k->ranks = 2;
    run_forward(k, WHOLE);
    k->op->commit(&k->call);
    for (int i = 0; k->op->state[i].name; i++)
        for (int64_t j = 0; j < k->states[i]; j++)
            near(k, "state of two ranks", j, (double)k->state[i][j], (double)alone[i][j], 1e-5);
    for (int i = 0; i < TC_OP_STATES; i++) free(alone[i]);
}

/* State: the forward pass only reads it, commit() changes it, and a layer uses it in evaluation. */
static void check_state(op_case *k)
{
    float *before[TC_OP_STATES] = {0}, *after[TC_OP_STATES] = {0};
    bool changed = false;
    if (!k->op->commit) return;
    for (int i = 0; k->op->state[i].name; i++) before[i] = copy_of(k->state[i], k->states[i]);
    run_forward(k, WHOLE);
    for (int i = 0; k->op->state[i].name; i++) same_bits(k, "state", k->state[i], before[i], k->states[i]);
    k->op->commit(&k->call);
    for (int i = 0; k->op->state[i].name; i++) {
        after[i] = copy_of(k->state[i], k->states[i]);
        for (int64_t j = 0; j < k->states[i]; j++) changed = changed || after[i][j] != before[i][j];
    }
    if (!changed) fail_msg("%s: commit() does not change the state", k->op->name);
    set_state(k, before);
    check_state_of_ranks(k, before);
    k->run.training = false;
    set_state(k, after);
    run_forward(k, WHOLE);
    float *y = k->y ? copy_of(k->y, outputs_of(k)) : NULL;
    for (int64_t j = 0; j < k->states[0]; j++) k->state[0][j] += 1;
    run_forward(k, WHOLE);
    if (y && memcmp(y, k->y, (size_t)outputs_of(k) * sizeof *y) == 0)
        fail_msg("%s: evaluation does not depend on the state", k->op->name);
    free(y);
    for (int i = 0; i < TC_OP_STATES; i++) free(before[i]), free(after[i]);
}

static void test_state(void **state)
{
    (void)state;
    over_settings(4, 8, check_state);
}

static void test_meaning(void **state)
{
    (void)state;
    over_settings(4, 4, check_lambda);
    over_settings(4, 4, check_positions);
    over_settings(4, 4, check_ranks);
    over_settings(4, 4, check_separable);
}

/* ---- The proximal step ---- */

/* t times (lambda f(z) + |z - x|^2 / (2 t)), with lambda = 1. */
static double prox_objective(op_case *k, double t, const float *x)
{
    run_forward(k, WHOLE);
    double sum = t * k->value;
    for (int64_t i = 0; i < count_of(k, 0); i++) sum += pow((double)k->x[0].data[i] - (double)x[i], 2) / 2;
    return sum;
}

/* Elements z[first + i step], i < n, that are moved together. */
typedef struct line {
    int64_t first, step, n;
} line;

/* Asserts that z is the minimiser. A penalty that is not a sum over elements is convex, so the objective has a
 * curvature of at least 1 everywhere: at any other place it is higher by at least half the squared distance. This is
 * tried with a line moved in two random directions, and with the whole line at 0. */
static void check_line(op_case *k, double t, const float *x, double least, line l)
{
    char text[160];
    float *z = k->x[0].data, *kept = copy_of(z, count_of(k, 0));
    for (int how = 0; how < 5; how++) {
        double distance = 0;
        for (int64_t i = 0; i < l.n; i++) {
            float *at = &z[l.first + i * l.step];
            const float keep = *at;
            *at = how == 4 ? 0 : keep + between(k, -1, 1) * (how % 2 ? 3e-3f : 3e-2f);
            distance += pow((double)*at - (double)keep, 2);
        }
        const double rounding = 2e-7 * sqrt((double)l.n * distance) + 1e-9 * (1 + least); /* of z, times the distance */
        const double more = k->op->flags & TC_ELEMENTWISE ? 0 : distance / 2;
        if (prox_objective(k, t, x) < least + more - rounding)
            fail_msg("%s: prox at t = %g is not the minimiser: line %d + i %d, moved %g", case_text(k, text), t,
                     (int)l.first, (int)l.step, sqrt(distance));
        memcpy(z, kept, (size_t)count_of(k, 0) * sizeof *z);
    }
    free(kept);
}

/* The lines of a parameter: all of it, and the rows and columns of a matrix. */
static void check_lines(op_case *k, double t, const float *x, double least)
{
    const tc_shape *s = &k->x[0].shape;
    check_line(k, t, x, least, (line){0, 1, count_of(k, 0)});
    for (int64_t i = 0; s->rank == 2 && i < s->dim[0]; i++)
        check_line(k, t, x, least, (line){i * s->dim[1], 1, s->dim[1]});
    for (int64_t j = 0; s->rank == 2 && j < s->dim[1]; j++) check_line(k, t, x, least, (line){j, s->dim[1], s->dim[0]});
}

static void check_prox(op_case *k)
{
    static const double time[] = {0.02, 0.3, 2};
    if (k->op->role != &tc_penalty || !k->op->prox) return;
    if (k->x[0].batch || k->inputs > 1 || k->call.reduce != TC_SUM) return;
    char text[160];
    const int64_t n = count_of(k, 0);
    float *x = copy_of(k->x[0].data, n), *z = k->x[0].data;
    for (int s = 0; s < 3; s++) {
        memcpy(z, x, (size_t)n * sizeof *z);
        run_prox(k, time[s]);
        const double least = prox_objective(k, time[s], x);
        for (int64_t i = 0; i < 4 * n; i++) {
            const float keep = z[i / 4], h = i % 2 ? 3e-3f : 3e-2f;
            z[i / 4] = keep + (i / 2 % 2 ? h : -h);
            if (prox_objective(k, time[s], x) < least + 1e-7)
                fail_msg("%s: prox at t = %g is not the minimiser in element %d", case_text(k, text), time[s],
                         (int)(i / 4));
            z[i / 4] = keep;
        }
        check_lines(k, time[s], x, least);
    }
    free(x);
}

/* For a sum over elements, the step finds the best z for each element: at least as good as a grid, 0 and x, for any x.
 * (If two are equally good in float32, either is right.) */
static void check_prox_at(op_case *k, double t, float x)
{
    enum { GRID = 2001 };
    float *z = k->x[0].data;
    *z = x;
    run_prox(k, t);
    const float given = *z;
    const double least = prox_objective(k, t, &x), edge = 1.25 * fmax(fabs(k->probe->low), fabs(k->probe->high));
    for (int i = -2; i < GRID; i++) {
        *z = i == -2 ? 0 : i == -1 ? x : (float)(edge * (2.0 * i / (GRID - 1) - 1));
        const double other = prox_objective(k, t, &x);
        if (!(least <= other + 1e-6 * (1 + fabs(other))))
            fail_msg("%s: prox at t = %g takes %.9g to %.9g (%.9g); %.9g is better (%.9g)", k->spec.source, t,
                     (double)x, (double)given, least, (double)*z, other);
    }
}

static void check_prox_everywhere(op_case *k)
{
    enum { PLACES = 65 };
    static const double time[] = {0, 0.005, 0.02, 0.3, 1, 2, 3, 9};
    if (k->op->role != &tc_penalty || !k->op->prox || !(k->op->flags & TC_ELEMENTWISE)) return;
    if (k->x[0].batch || k->inputs > 1 || k->call.reduce != TC_SUM) return;
    op_case one;
    case_open(&one, k->probe->spec, (const char *const[]){"1", NULL}, true, 1, 1);
    one.probe = k->probe;
    one.call.reduce = TC_SUM;
    for (size_t s = 0; s < sizeof time / sizeof *time; s++)
        for (int i = 0; i < PLACES; i++)
            check_prox_at(&one, time[s], (float)(k->probe->low + (k->probe->high - k->probe->low) * i / (PLACES - 1)));
    case_close(&one);
}

/* The ranges of a proximal step can run in any order. */
static void check_prox_order(op_case *k)
{
    if (!k->op->prox || k->x[0].batch || k->inputs > 1) return;
    const tc_span s = k->op->span ? k->op->span(&k->call) : tc_span_elements(&k->call);
    float *x = copy_of(k->x[0].data, count_of(k, 0));
    run_prox(k, 0.3);
    float *z = copy_of(k->x[0].data, count_of(k, 0));
    memcpy(k->x[0].data, x, (size_t)count_of(k, 0) * sizeof *x);
    for (int64_t i = (s.pieces - 1) / s.grain * s.grain; i >= 0; i -= s.grain)
        k->op->prox(&k->call, 0.3, i, i + s.grain < s.pieces ? i + s.grain : s.pieces);
    same_bits(k, "prox", k->x[0].data, z, count_of(k, 0));
    free(x), free(z);
}

static void test_prox(void **state)
{
    (void)state;
    over_settings(1, 1, check_prox);
    over_settings(1, 1, check_prox_everywhere);
    over_settings(1, 1, check_prox_order);
    over_constraints(check_prox_order);
}

/* ---- Constraints ---- */

/* Projects x to p. */
static void project(op_case *k, const float *x, float *p)
{
    const size_t bytes = (size_t)count_of(k, 0) * sizeof *x;
    memcpy(k->x[0].data, x, bytes);
    run_prox(k, 0);
    memcpy(p, k->x[0].data, bytes);
}

/* (a - b) . (c - d) */
static double dot(const float *a, const float *b, const float *c, const float *d, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += ((double)a[i] - (double)b[i]) * ((double)c[i] - (double)d[i]);
    return sum;
}

/* The allowed set is the set of all projections. Tests whether it is convex: then the point halfway between two allowed
 * points is allowed too. */
static bool is_convex(op_case *k, float *a, float *b, float *p)
{
    const int64_t n = count_of(k, 0);
    double moved = 0;
    for (int turn = 0; turn < 20; turn++) {
        for (int64_t i = 0; i < n; i++) a[i] = between(k, -2, 2), b[i] = between(k, -2, 2);
        project(k, a, a), project(k, b, b);
        for (int64_t i = 0; i < n; i++) a[i] = (a[i] + b[i]) / 2;
        project(k, a, p);
        moved = fmax(moved, dot(a, p, a, p, n));
    }
    return moved < 1e-10;
}

/* A second projection changes nothing, and no other allowed point is nearer to x, whether far or close. For a convex
 * set, p is the projection of x if (x - p) . (z - p) <= 0 for all z in the set. */
static void check_projection(op_case *k)
{
    char text[160];
    const int64_t n = count_of(k, 0);
    float *x = copy_of(k->x[0].data, n), *p = floats(n), *z = floats(n), *y = floats(n);
    const bool convex = is_convex(k, p, z, y);
    project(k, x, p);
    project(k, p, z);
    for (int64_t i = 0; i < n; i++) near(k, "the projection of a projection", i, (double)z[i], (double)p[i], 2e-7);
    const double nearest = sqrt(dot(x, p, x, p, n));
    if (nearest == 0) fail_msg("%s: the probe's numbers are already allowed", case_text(k, text));
    for (int turn = 0; turn < 200; turn++) {
        const double size = turn % 2 ? 2 : 0.05;
        for (int64_t i = 0; i < n; i++) y[i] = (turn % 2 ? 0 : p[i]) + between(k, -size, size);
        project(k, y, z);
        if (sqrt(dot(x, z, x, z, n)) < nearest * (1 - 1e-6))
            fail_msg("%s: another allowed point is nearer", case_text(k, text));
        if (convex && dot(x, p, z, p, n) > 1e-6 * nearest * (1 + nearest))
            fail_msg("%s: the projection is not the nearest point", case_text(k, text));
    }
    free(x), free(p), free(z), free(y);
}

static void test_projections(void **state)
{
    (void)state;
    over_constraints(check_projection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),    cmocka_unit_test(test_gradient),   cmocka_unit_test(test_unwanted),
        cmocka_unit_test(test_add),      cmocka_unit_test(test_ranges),     cmocka_unit_test(test_short),
        cmocka_unit_test(test_in_place), cmocka_unit_test(test_flags),      cmocka_unit_test(test_invariance),
        cmocka_unit_test(test_state),    cmocka_unit_test(test_meaning),    cmocka_unit_test(test_prox),
        cmocka_unit_test(test_projections), cmocka_unit_test(test_not_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
