/* Weights of any rank: how they are stored and how users see them, and every penalty on parts of a weight, with the
 * convolution of tests/ops. Expected values are computed only from the users' layout, [out, in, kh, kw]. */
#include "cmocka_all.h"
#include "op/weight.h"
#include "plan/plan.h"

#include "../floor/weight_view.c" /* a file of the program: it stands on tacet.h alone */
#include "tacet/tacet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void near(const char *what, int64_t i, double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance * (1 + fabs(wanted))))
        fail_msg("%s: [%d] is %.9g, not %.9g", what, (int)i, got, wanted);
}

static float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-23f - 1;
}

/* ---- Layouts ---- */

/* The users' index of element i in memory, found digit by digit. */
static int64_t seen_at(const char *axes, const tc_shape *stored, int64_t i)
{
    const int rank = stored->rank;
    int64_t digit[TC_MAX_RANK], size[TC_MAX_RANK], at = 0; /* by the users' number of the dimension */
    char order[TC_MAX_RANK + 1] = "";
    for (const char *c = axes; *c; c++)
        if (*c != 'i' && *c != 'o') strncat(order, c, 1);
    if (strchr(axes, 'i')) strcat(order, "i");
    if (strchr(axes, 'o')) strcat(order, "o");
    for (int k = rank - 1; k >= 0; k--) {
        const int user = (int)(strchr(axes, order[k]) - axes);
        size[user] = stored->dim[k];
        digit[user] = i % stored->dim[k];
        i /= stored->dim[k];
    }
    for (int k = 0; k < rank; k++) at = at * size[k] + digit[k];
    return at;
}

static void check_copies(const char *axes, tc_shape stored, bool turned)
{
    const int64_t n = tc_shape_count(&stored);
    float *x = malloc((size_t)n * 3 * sizeof *x), *user = x + n, *back = user + n;
    assert_non_null(x);
    for (int64_t i = 0; i < n; i++) x[i] = (float)i;
    tc_weight_copy_out(axes, &stored, x, user);
    tc_weight_copy_in(axes, &stored, user, back);
    assert_memory_equal(back, x, (size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++) near(axes, i, (double)user[seen_at(axes, &stored, i)], (double)i, 0);
    assert_int_equal(tc_weight_turned(axes), turned);
    free(x);
}

static void any_order_is_copied(void **unused)
{
    (void)unused;
    static const struct {
        const char *axes;
        tc_shape stored;
        bool turned;
    } known[] = {
        {"o", {1, {7}}, false},
        {"io", {2, {5, 7}}, false},
        {"oi", {2, {5, 7}}, true},
        {"oi", {2, {70, 45}}, true}, /* whole blocks, and partial ones at the edges */
        {"oi", {2, {1, 9}}, true},
        {"oi", {2, {9, 1}}, true},
        {"oi", {2, {1, 1}}, true},
        {"oiw", {3, {3, 40, 33}}, true},
        {"oihw", {4, {2, 3, 4, 5}}, true},
        {"oihw", {4, {1, 1, 40, 33}}, true},
        {"oihw", {4, {3, 1, 1, 5}}, true},
        {"oihw", {4, {6, 7, 1, 50}}, true},
        {"iohw", {4, {2, 3, 4, 5}}, true},
        {"hwio", {4, {2, 3, 4, 5}}, false},
        {"oidhw", {5, {2, 3, 2, 4, 5}}, true},
        {"hoiw", {4, {2, 3, 4, 5}}, true},
        {"whio", {4, {2, 3, 4, 5}}, false},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        check_copies(known[i].axes, known[i].stored, known[i].turned);
    const tc_shape conv = {4, {2, 3, 4, 5}}, user = tc_weight_seen("oihw", &conv), same = tc_weight_seen(NULL, &conv);
    assert_true(tc_shape_equal(&user, &(tc_shape){4, {5, 4, 2, 3}}));
    assert_true(tc_shape_equal(&same, &conv));
    assert_false(tc_weight_turned(NULL));
}

static void a_shape_gives_its_matrix(void **unused)
{
    (void)unused;
    const struct {
        tc_shape stored;
        tc_matrix m;
    } known[] = {{{4, {2, 3, 4, 5}}, {6, 4, 24, 5}},
                 {{3, {2, 4, 5}}, {2, 4, 8, 5}},
                 {{2, {4, 5}}, {1, 4, 4, 5}},
                 {{1, {5}}, {1, 1, 1, 5}},
                 {{0, {0}}, {1, 1, 1, 1}}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const tc_matrix m = tc_matrix_of(&known[i].stored);
        assert_memory_equal(&m, &known[i].m, sizeof m);
    }
}

/* The program itself uses the letters to find the numbers of a unit, an input and a tap. */
static void the_program_finds_units_inputs_and_taps(void **unused)
{
    (void)unused;
    static const struct {
        const char *axes, *told; /* told: "" assumes PyTorch's order */
        tc_shape stored;
    } known[] = {{"oihw", "oihw", {4, {2, 3, 4, 5}}},
                 {"oihw", "", {4, {2, 3, 4, 5}}},
                 {"iohw", "iohw", {4, {2, 3, 4, 5}}},
                 {"hwio", "hwio", {4, {2, 3, 4, 5}}},
                 {"oihw", "oihw", {4, {3, 1, 4, 5}}},
                 {"oi", "", {2, {4, 5}}},
                 {"io", "io", {2, {4, 5}}}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        float stored[120], user[120];
        cli_weight w;
        const tc_matrix m = tc_matrix_of(&known[k].stored);
        const tc_shape seen = tc_weight_seen(known[k].axes, &known[k].stored);
        for (int i = 0; i < 120; i++) stored[i] = (float)i;
        tc_weight_copy_out(known[k].axes, &known[k].stored, stored, user);
        assert_true(cli_weight_view(known[k].told, seen.rank, seen.dim, user, &w));
        assert_true(w.units == m.out && w.inputs == m.in && w.taps == m.taps);
        for (int64_t i = 0; i < m.rows * m.out; i++)
            near(known[k].axes, i, (double)cli_weight_at(&w, i % m.out, i / m.out % m.in, i / m.out / m.in), (double)i,
                 0);
    }
    cli_weight w;
    assert_false(cli_weight_view("o", 1, (int64_t[]){5}, NULL, &w));
    assert_false(cli_weight_view("oi", 2, (int64_t[]){5, 0}, NULL, &w));
}

/* ---- A network with a weight of four dimensions ---- */

enum { H = 5, W = 4, C = 3, K = 2, OUT = 4, ROWS = 3, MOST = 20 * C * K * K };
enum { HY = H - K + 1, WY = W - K + 1, N = OUT * C * K * K };

typedef struct network {
    tacet_graph *g;
    tacet_plan *p;
    float w[MOST];
    int out, n, groups; /* groups: of units, each with inputs of its own */
} network;

static tacet_plan *compile(tacet_graph *g, const char *optimizer, uint64_t seed)
{
    tacet_error why;
    const tacet_config c = {TACET_CONFIG, .batch = ROWS, .optimizer = optimizer, .seed = seed, .ledger = 1};
    tacet_plan *p = tacet_compile(g, &c, &why);
    if (!p) fail_msg("%s", why.message);
    return p;
}

static void put(network *n) { assert_int_equal(tacet_write(n->p, "test_conv1.weight", n->w, (size_t)n->n), TACET_OK); }

static void get(network *n, float *w)
{
    assert_int_equal(tacet_read(n->p, "test_conv1.weight", w, (size_t)n->n), TACET_OK);
}

/* loss: the lambda of the loss. The weights are noise, generated in the users' order. With groups, the convolution still
 * computes as without, but its weight has groups for penalties and constraints. */
static void begin_grouped(network *n, int out, int groups, const char *loss, const char *penalty, const char *optimizer)
{
    char chain[64];
    uint32_t state = 3;
    *n = (network){.g = tacet_graph_new(NULL), .out = out, .n = out * C * K * K, .groups = groups};
    snprintf(chain, sizeof chain, "test_conv %d k=%d", out, K);
    const tacet_value x = tacet_input(n->g, "x", 3, (int64_t[]){H, W, C}), y = tacet_chain(n->g, x, chain);
    const tacet_value t = tacet_input(n->g, "t", 3, (int64_t[]){HY, WY, out});
    tacet_loss(n->g, loss, y, t);
    n->g->value[tc_graph_index(n->g, "test_conv1.weight")].groups = groups;
    if (penalty) tacet_penalize(n->g, "test_conv1.weight", penalty);
    n->p = compile(n->g, optimizer, 1);
    for (int i = 0; i < n->n; i++) n->w[i] = noise(&state);
    put(n);
}

static void begin(network *n, int out, const char *loss, const char *penalty, const char *optimizer)
{
    begin_grouped(n, out, 1, loss, penalty, optimizer);
}

static void end(network *n)
{
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

static void feed(network *n)
{
    static float x[ROWS * H * W * C], t[ROWS * HY * WY * 20];
    uint32_t state = 9;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = noise(&state);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) t[i] = noise(&state);
    assert_int_equal(tacet_feed(n->p, tacet_find(n->g, "x"), TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_feed(n->p, tacet_find(n->g, "t"), TACET_F32, t), TACET_OK);
}

static void step(network *n)
{
    feed(n);
    if (tacet_step(n->p, ROWS)) fail_msg("%s", tacet_plan_error(n->p)->message);
}

/* The users' index of w(o, i, h, w). */
static int at(int o, int i, int h, int w) { return ((o * C + i) * K + h) * K + w; }

static void memory_has_taps_first_and_units_last(void **unused)
{
    (void)unused;
    network n;
    float back[MOST];
    tacet_value_info v = {.size = sizeof v};
    begin(&n, OUT, "mse", NULL, NULL);
    for (int j = 0; j < N; j++) n.w[j] = (float)j;
    put(&n);
    get(&n, back);
    assert_memory_equal(back, n.w, N * sizeof *back);
    const int weight = tc_graph_index(n.g, "test_conv1.weight");
    const float *stored = tc_plan_parameter(n.p, tc_plan_find(n.p, weight));
    for (int h = 0; h < K; h++)
        for (int w = 0; w < K; w++)
            for (int i = 0; i < C; i++)
                for (int o = 0; o < OUT; o++)
                    near("stored", at(o, i, h, w), (double)stored[((h * K + w) * C + i) * OUT + o], at(o, i, h, w), 0);
    assert_int_equal(tacet_value_at(n.p, weight, &v), TACET_OK);
    assert_int_equal(v.rank, 4);
    assert_memory_equal(v.shape, ((int64_t[]){OUT, C, K, K}), 4 * sizeof *v.shape);
    assert_string_equal(tacet_axes(n.g, "test_conv1.weight"), "oihw");
    assert_string_equal(tacet_axes(n.g, "test_conv1.bias"), "o");
    assert_string_equal(tacet_axes(n.g, "test_conv1"), "");
    assert_string_equal(tacet_axes(n.g, "no such"), "");
    end(&n);
}

static void errors_name_the_shape_that_users_see(void **unused)
{
    (void)unused;
    static const struct {
        const char *penalty, *chain, *why;
    } bad[] = {{"max_norm 0", NULL, "test_conv1.weight [4, 3, 2, 2]"},
               {NULL, "from test_conv1.weight | softmax", "is a weight"},
               {NULL, "from test_conv1.weight | add test_conv1.bias", "test_conv1.weight [4, 3, 2, 2]"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tacet_graph *g = tacet_graph_new(NULL);
        tacet_chain(g, tacet_input(g, "x", 3, (int64_t[]){H, W, C}), "test_conv 4 k=2");
        if (bad[i].penalty) tacet_penalize(g, "*.weight", bad[i].penalty);
        if (bad[i].chain) tacet_chain(g, (tacet_value){0}, bad[i].chain);
        const tacet_error *e = tacet_graph_error(g);
        if (!e || !strstr(e->message, bad[i].why)) fail_msg("\"%s\"", e ? e->message : "taken");
        tacet_graph_free(g);
    }
}

/* Compares the convolution with a loop over the users' layout. */
static void forward_is_a_convolution(void **unused)
{
    (void)unused;
    network n;
    float y[ROWS * HY * WY * OUT], x[ROWS * H * W * C], bias[OUT];
    begin(&n, OUT, "mse", NULL, NULL);
    feed(&n);
    assert_int_equal(tacet_forward(n.p, ROWS), TACET_OK);
    assert_int_equal(tacet_read(n.p, "test_conv1", y, sizeof y / sizeof *y), TACET_OK);
    assert_int_equal(tacet_read(n.p, "x", x, sizeof x / sizeof *x), TACET_OK);
    assert_int_equal(tacet_read(n.p, "test_conv1.bias", bias, OUT), TACET_OK);
    for (int e = 0; e < ROWS * HY * WY * OUT; e++) {
        const int o = e % OUT, j = e / OUT % WY, i = e / OUT / WY % HY, r = e / OUT / WY / HY;
        double sum = (double)bias[o];
        for (int k = 0; k < C * K * K; k++) {
            const int c = k / K / K, h = k / K % K, w = k % K;
            sum += (double)n.w[at(o, c, h, w)] * (double)x[((r * H + i + h) * W + j + w) * C + c];
        }
        near("y", e, (double)y[e], sum, 1e-5);
    }
    end(&n);
}

static double objective(network *n)
{
    feed(n);
    assert_int_equal(tacet_forward(n->p, ROWS), TACET_OK);
    return tacet_objective(n->p);
}

static void gradients_have_the_layout_of_their_weight(void **unused)
{
    (void)unused;
    network n;
    float g[N];
    begin(&n, OUT, "mse", NULL, "sgd lr=0");
    step(&n);
    assert_int_equal(tacet_read_gradient(n.p, "test_conv1.weight", g, N), TACET_OK);
    for (int i = 0; i < N; i++) {
        const float x = n.w[i], h = 1e-2f;
        n.w[i] = x + h;
        put(&n);
        const double up = objective(&n);
        n.w[i] = x - h;
        put(&n);
        const double down = objective(&n);
        n.w[i] = x;
        near("gradient", i, (double)g[i], (up - down) / (2 * (double)h), 1e-3);
    }
    end(&n);
}

/* ---- Files ---- */

static void models_have_the_layout_of_users(void **unused)
{
    (void)unused;
    network n;
    tacet_error why;
    const char *path = "/tmp/tacet_extra_weights.safetensors", *name;
    const int64_t *shape;
    const float *data;
    int rank, found = 0, taken = 0;
    float back[N];
    begin(&n, OUT, "mse", NULL, NULL);
    if (tacet_save(n.p, path, 0, NULL, &why)) fail_msg("%s", why.message);
    tacet_file *f = tacet_file_open(path, NULL, &why);
    unlink(path);
    if (!f) fail_msg("%s", why.message);
    for (int i = 0; i < tacet_file_count(f); i++) {
        assert_int_equal(tacet_file_tensor(f, i, &name, &rank, &shape, &data), TACET_OK);
        if (strcmp(name, "test_conv1.weight") != 0) continue;
        assert_int_equal(rank, 4);
        assert_memory_equal(shape, ((int64_t[]){OUT, C, K, K}), 4 * sizeof *shape);
        assert_memory_equal(data, n.w, sizeof back);
        found++;
    }
    assert_int_equal(found, 1);
    tacet_plan *other = compile(n.g, NULL, 2);
    if (tacet_file_load(f, other, true, &taken, &why)) fail_msg("%s", why.message);
    assert_int_equal(taken, 2);
    assert_int_equal(tacet_read(other, "test_conv1.weight", back, N), TACET_OK);
    assert_memory_equal(back, n.w, sizeof back);
    tacet_plan_free(other);
    tacet_file_free(f);
    end(&n);
}

/* Moments are restored too: the step after a resume equals that of a run that was not stopped. */
static void a_resumed_run_has_the_same_bits(void **unused)
{
    (void)unused;
    const char *path = "/tmp/tacet_extra_weights_checkpoint.safetensors";
    network a, b;
    tacet_error why;
    float one[N], two[N];
    begin(&a, OUT, "mse", "group_lasso 0.1 by=input", "adam lr=0.1");
    begin(&b, OUT, "mse", "group_lasso 0.1 by=input", "adam lr=0.1");
    for (int i = 0; i < 3; i++) step(&a);
    if (tacet_checkpoint(a.p, NULL, path, 0, NULL, &why)) fail_msg("%s", why.message);
    tacet_file *f = tacet_file_open(path, NULL, &why);
    unlink(path);
    if (!f) fail_msg("%s", why.message);
    if (tacet_resume(b.p, NULL, f, &why)) fail_msg("%s", why.message);
    for (int i = 0; i < 3; i++) step(&a), step(&b);
    get(&a, one);
    get(&b, two);
    assert_memory_equal(one, two, sizeof one);
    tacet_file_free(f);
    end(&a), end(&b);
}

/* ---- Groups, in the users' layout ---- */

enum { BY_UNIT, BY_INPUT, BY_BLOCK };

/* The group of element j of the users' [out, C, K, K]. Blocks are those of the matrix [K K C, out]. */
static int group_of(const network *n, int by, int block, int j)
{
    const int o = j / (C * K * K), i = j / (K * K) % C, tap = j % (K * K);
    const int across = (n->out + block - 1) / block;
    return by == BY_UNIT    ? o
           : by == BY_INPUT ? o / (n->out / n->groups) * C + i
                            : (tap * C + i) / block * across + o / block;
}

typedef struct group {
    double square, norm; /* the sum of squares, and its root */
    int size;
} group;

static void groups_of(const network *n, int by, int block, const float *w, group g[MOST])
{
    for (int j = 0; j < n->n; j++) g[j] = (group){0};
    for (int j = 0; j < n->n; j++) {
        group *to = &g[group_of(n, by, block, j)];
        to->square += (double)w[j] * (double)w[j];
        to->size++;
    }
    for (int j = 0; j < n->n; j++) g[j].norm = sqrt(g[j].square);
}

static const struct {
    const char *words;
    int by, block, groups;
} cuts[] = {{"by=unit", BY_UNIT, 1, 1},           {"by=input", BY_INPUT, 1, 1},
            {"by=input", BY_INPUT, 1, 2},         {"by=input", BY_INPUT, 1, OUT}, /* depthwise: a group has one unit */
            {"by=unit", BY_UNIT, 1, 2},           {"by=block block=2", BY_BLOCK, 2, 1},
            {"by=block block=3", BY_BLOCK, 3, 1}, {"by=block block=5", BY_BLOCK, 5, 1}};
enum { CUTS = sizeof cuts / sizeof *cuts, VECTORS = 5 /* the cuts that constraints have */ };

/* Compares the term's value and gradient with the expected ones. The lambda of the loss is 0. */
static void check_term(network *n, const char *spec, const char *kind, double value, const double *gradient)
{
    char name[64];
    float g[MOST];
    snprintf(name, sizeof name, "test_conv1.weight:%s", kind);
    step(n);
    near(spec, -1, tacet_term_value(n->p, name), value, 1e-6);
    assert_int_equal(tacet_read_gradient(n->p, "test_conv1.weight", g, (size_t)n->n), TACET_OK);
    for (int j = 0; j < n->n; j++) near(spec, j, (double)g[j], gradient[j], 1e-5);
}

static void check_group_penalty(const char *kind, int cut, double alpha, int out)
{
    char spec[128];
    network n;
    group g[MOST];
    double value = 0, gradient[MOST];
    const int by = cuts[cut].by, block = cuts[cut].block;
    snprintf(spec, sizeof spec, "%s 0.3 %s", kind, cuts[cut].words);
    begin_grouped(&n, out, cuts[cut].groups, "mse lambda=0", spec, "sgd lr=0");
    groups_of(&n, by, block, n.w, g);
    for (int j = 0; j < n.n; j++) {
        const group *own = &g[group_of(&n, by, block, j)];
        const double w = (double)n.w[j];
        value += alpha * fabs(w);
        gradient[j] = 0.3 * (alpha * copysign(1, w) + (1 - alpha) * sqrt(own->size) * w / own->norm);
    }
    for (int k = 0; k < n.n; k++) value += (1 - alpha) * sqrt(g[k].size) * g[k].norm;
    check_term(&n, spec, kind, value, gradient);
    end(&n);
}

static void group_penalties(void **unused)
{
    (void)unused;
    for (int cut = 0; cut < CUTS; cut++) {
        check_group_penalty("group_lasso", cut, 0, OUT);
        check_group_penalty("sparse_group_lasso", cut, 0.5, OUT);
        check_group_penalty("group_lasso", cut, 0, 20);
    }
}

/* z is w after the step. Some of its numbers must be 0. */
static void check_prox(const char *kind, int cut, double alpha)
{
    char spec[128];
    network n;
    group g[MOST];
    float z[MOST], soft[MOST];
    int zeros = 0;
    const double t = 0.25; /* rate times lambda */
    const int by = cuts[cut].by, block = cuts[cut].block;
    snprintf(spec, sizeof spec, "%s 0.5 %s prox", kind, cuts[cut].words);
    begin_grouped(&n, OUT, cuts[cut].groups, "mse lambda=0", spec, "sgd lr=0.5");
    for (int j = 0; j < N; j++) /* makes some groups small */
        n.w[j] *= group_of(&n, by, block, j) % 2 ? 1 : 0.3f;
    put(&n);
    for (int j = 0; j < N; j++) soft[j] = copysignf(fmaxf(fabsf(n.w[j]) - (float)(t * alpha), 0), n.w[j]);
    groups_of(&n, by, block, soft, g);
    step(&n);
    get(&n, z);
    for (int j = 0; j < N; j++) {
        const group *own = &g[group_of(&n, by, block, j)];
        const double left = own->norm > 0 ? fmax(0, 1 - t * (1 - alpha) * sqrt(own->size) / own->norm) : 0;
        near(spec, j, (double)z[j], left * (double)soft[j], 1e-6);
        zeros += z[j] == 0;
    }
    if (zeros == 0 || zeros == N) fail_msg("%s: %d zeros of %d do not test anything", spec, zeros, N);
    end(&n);
}

static void group_steps(void **unused)
{
    (void)unused;
    for (int cut = 0; cut < CUTS; cut++) {
        check_prox("group_lasso", cut, 0);
        check_prox("sparse_group_lasso", cut, 0.5);
    }
}

/* ---- Constraints ---- */

static double unit_norm(const group *g, double w) { return w / g->norm; }

static double max_norm(const group *g, double w) { return w * fmin(1, 1.9 / g->norm); }

/* Bisection for the theta with which the projection of the group's elements has |w|_1 = radius. */
static double theta_of(const network *n, int by, int own, double radius)
{
    double low = 0, high = 2;
    for (int turn = 0; turn < 60; turn++) {
        double sum = 0;
        const double theta = (low + high) / 2;
        for (int j = 0; j < n->n; j++)
            if (group_of(n, by, 1, j) == own) sum += fmax(fabs((double)n->w[j]) - theta, 0);
        *(sum > radius ? &low : &high) = theta;
    }
    return low;
}

static void norms_are_held(void **unused)
{
    (void)unused;
    static const struct {
        const char *spec;
        double (*held)(const group *g, double w);
    } norms[] = {{"unit_norm", unit_norm}, {"max_norm 1.9", max_norm}};
    for (int i = 0; i < 2; i++)
        for (int cut = 0; cut < VECTORS; cut++) {
            char spec[64];
            network n;
            group g[MOST];
            float z[MOST];
            snprintf(spec, sizeof spec, "%s %s", norms[i].spec, cuts[cut].words);
            begin_grouped(&n, OUT, cuts[cut].groups, "mse lambda=0", spec, "sgd lr=0.1");
            groups_of(&n, cuts[cut].by, 1, n.w, g);
            step(&n);
            get(&n, z);
            for (int j = 0; j < N; j++)
                near(spec, j, (double)z[j], norms[i].held(&g[group_of(&n, cuts[cut].by, 1, j)], (double)n.w[j]), 1e-6);
            end(&n);
        }
}

static void l1_balls(void **unused)
{
    (void)unused;
    for (int cut = 0; cut < VECTORS; cut++) {
        char spec[64];
        network n;
        float z[MOST];
        int zeros = 0;
        const double radius = 3.5 / cuts[cut].groups;
        snprintf(spec, sizeof spec, "l1_ball %g %s", radius, cuts[cut].words);
        begin_grouped(&n, OUT, cuts[cut].groups, "mse lambda=0", spec, "sgd lr=0.1");
        step(&n);
        get(&n, z);
        for (int j = 0; j < N; j++) {
            const double w = (double)n.w[j];
            const double theta = theta_of(&n, cuts[cut].by, group_of(&n, cuts[cut].by, 1, j), radius);
            near(spec, j, (double)z[j], copysign(fmax(fabs(w) - theta, 0), w), 1e-5);
            zeros += z[j] == 0;
        }
        assert_in_range(zeros, 5, N - 5);
        end(&n);
    }
}

/* ---- Whole matrices, [out, C K K] in the users' layout ---- */

static double dot(const float *a, const float *b, int n, int step)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)a[i * step] * (double)b[i * step];
    return sum;
}

static void orthogonal_weights(void **unused)
{
    (void)unused;
    static const int outs[] = {OUT, 20}; /* fewer and more than the weights of a unit */
    const int columns = C * K * K;
    for (int k = 0; k < 2; k++) {
        network n;
        double value = 0, gradient[MOST] = {0};
        begin(&n, outs[k], "mse lambda=0", "orthogonal 0.3", "sgd lr=0");
        for (int a = 0; a < n.out; a++)
            for (int b = 0; b < n.out; b++) { /* W W^T - I, and 4 of it times W */
                const double e = dot(&n.w[a * columns], &n.w[b * columns], columns, 1) - (a == b);
                value += e * e;
                for (int c = 0; c < columns; c++)
                    gradient[a * columns + c] += 0.3 * 4 * e * (double)n.w[b * columns + c];
            }
        if (n.out > columns) value -= n.out - columns; /* the value uses the smaller Gram matrix */
        check_term(&n, "orthogonal", "orthogonal", value, gradient);
        end(&n);
    }
}

static void spectral_norms(void **unused)
{
    (void)unused;
    static const int outs[] = {OUT, 20};
    enum { COLUMNS = C * K * K };
    for (int k = 0; k < 2; k++) {
        network n;
        double u[20], v[COLUMNS], sigma = 0, gradient[MOST];
        begin(&n, outs[k], "mse lambda=0", "spectral_norm 0.3 iterations=500", "sgd lr=0");
        for (int o = 0; o < n.out; o++) u[o] = 1 + o;
        for (int turn = 0; turn < 500; turn++) {
            double length = 0;
            for (int c = 0; c < COLUMNS; c++) {
                v[c] = 0;
                for (int o = 0; o < n.out; o++) v[c] += (double)n.w[o * COLUMNS + c] * u[o];
                length += v[c] * v[c];
            }
            sigma = 0;
            for (int c = 0; c < COLUMNS; c++) v[c] /= sqrt(length);
            for (int o = 0; o < n.out; o++) {
                u[o] = 0;
                for (int c = 0; c < COLUMNS; c++) u[o] += (double)n.w[o * COLUMNS + c] * v[c];
                sigma += u[o] * u[o];
            }
            sigma = sqrt(sigma);
            for (int o = 0; o < n.out; o++) u[o] /= sigma;
        }
        for (int j = 0; j < n.n; j++) gradient[j] = 0.3 * u[j / COLUMNS] * v[j % COLUMNS];
        check_term(&n, "spectral_norm", "spectral_norm", sigma, gradient);
        end(&n);
    }
}

/* ---- The ledger ---- */

/* Sets the weights between unit o and input i to 0; -1 means all units, or all inputs. */
static void clear(network *n, int o, int i)
{
    for (int j = 0; j < N; j++)
        if ((o < 0 || j / (C * K * K) == o) && (i < 0 || j / (K * K) % C == i)) n->w[j] = 0;
    put(n);
}

static void check_account(network *n, int64_t empty, int64_t dead, int64_t zeros)
{
    const int64_t inputs = C * n->groups;
    tacet_account a = {.size = sizeof a};
    tacet_firing f = {.size = sizeof f};
    assert_int_equal(tacet_account_at(n->p, 1, &a), TACET_OK);
    assert_int_equal(a.inputs, inputs);
    assert_int_equal(a.empty_inputs, empty);
    assert_int_equal(tacet_term_firing(n->p, 1, &f), TACET_OK);
    assert_int_equal(f.units, OUT);
    assert_int_equal(f.dead, dead);
    assert_int_equal(a.zeros, zeros);
    near("density", 0, f.density, (double)(N - zeros) / N, 1e-12);
}

static void the_ledger_counts_inputs_and_units(void **unused)
{
    (void)unused;
    network n;
    begin(&n, OUT, "mse", "l1 0.1", "sgd lr=0.1");
    check_account(&n, 0, 0, 0);
    clear(&n, -1, 1);
    check_account(&n, 1, 0, OUT * K * K);
    for (int tap = 0; tap < K * K; tap++) { /* one weight, at any tap to any unit, makes an input used */
        n.w[at(tap % OUT, 1, tap / K, tap % K)] = 1;
        put(&n);
        check_account(&n, 0, 0, OUT * K * K - 1);
        clear(&n, -1, 1);
    }
    clear(&n, 2, -1);
    check_account(&n, 1, 1, OUT * K * K + (C - 1) * K * K);
    for (int i = 0; i < C; i++) { /* likewise for a unit */
        n.w[at(2, i, i % K, 1)] = 1;
        put(&n);
        check_account(&n, i != 1, 0, OUT * K * K + (C - 1) * K * K - 1);
        n.w[at(2, i, i % K, 1)] = 0;
    }
    end(&n);
}

/* The weights from input (0, 1) are those to the units of group 0 alone. */
static void the_ledger_counts_the_inputs_of_every_group(void **unused)
{
    (void)unused;
    network n;
    begin_grouped(&n, OUT, 2, "mse", "l1 0.1", "sgd lr=0.1");
    check_account(&n, 0, 0, 0);
    for (int o = 0; o < OUT / 2; o++) {
        check_account(&n, 0, 0, o * K * K);
        clear(&n, o, 1);
    }
    check_account(&n, 1, 0, OUT / 2 * K * K);
    clear(&n, -1, 1);
    check_account(&n, 2, 0, OUT * K * K);
    end(&n);
}

/* ---- Training ---- */

static void training_empties_whole_inputs_and_units(void **unused)
{
    (void)unused;
    static const struct {
        const char *penalty;
        bool inputs, units; /* whether some are empty in the end */
    } known[] = {{"group_lasso 0.02 by=input prox", true, false},
                 {"group_lasso 0.024 by=unit prox", false, true},
                 {"sparse_group_lasso 0.03 by=input prox", true, false},
                 {"group_lasso 0.01 by=block", false, false},
                 {"orthogonal 0.01", false, false},
                 {"spectral_norm 0.01", false, false},
                 {"unit_norm by=input", false, false},
                 {"max_norm 0.5", false, false},
                 {"l1_ball 0.5 by=input", false, false}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        network n;
        tacet_account a = {.size = sizeof a};
        begin(&n, OUT, "mse", known[i].penalty, "sgd lr=0.1 momentum=0.5");
        step(&n);
        const double first = tacet_data_loss(n.p);
        for (int k = 0; k < 200; k++) step(&n);
        if (!(tacet_data_loss(n.p) < first)) fail_msg("%s: the loss did not fall", known[i].penalty);
        tacet_firing f = {.size = sizeof f};
        assert_int_equal(tacet_account_at(n.p, 1, &a), TACET_OK);
        assert_int_equal(tacet_term_firing(n.p, 1, &f), TACET_OK);
        if ((a.empty_inputs > 0) != known[i].inputs || (f.dead > 0) != known[i].units)
            fail_msg("%s: %d empty inputs, %d empty units", known[i].penalty, (int)a.empty_inputs, (int)f.dead);
        end(&n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_is_copied),
        cmocka_unit_test(a_shape_gives_its_matrix),
        cmocka_unit_test(the_program_finds_units_inputs_and_taps),
        cmocka_unit_test(memory_has_taps_first_and_units_last),
        cmocka_unit_test(errors_name_the_shape_that_users_see),
        cmocka_unit_test(forward_is_a_convolution),
        cmocka_unit_test(gradients_have_the_layout_of_their_weight),
        cmocka_unit_test(models_have_the_layout_of_users),
        cmocka_unit_test(a_resumed_run_has_the_same_bits),
        cmocka_unit_test(group_penalties),
        cmocka_unit_test(group_steps),
        cmocka_unit_test(norms_are_held),
        cmocka_unit_test(l1_balls),
        cmocka_unit_test(orthogonal_weights),
        cmocka_unit_test(spectral_norms),
        cmocka_unit_test(the_ledger_counts_inputs_and_units),
        cmocka_unit_test(the_ledger_counts_the_inputs_of_every_group),
        cmocka_unit_test(training_empties_whole_inputs_and_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
