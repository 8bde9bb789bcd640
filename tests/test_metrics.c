/* test_metrics.c: every metric gives what scikit-learn gives, on the files of tests/metrics (tools/metrics.py): at once,
 * in batches, over several ranks, and in training; and says why where it gives nothing. */
#include "failing.h"
#include "ranks.h"

#include "base/json.h"
#include "base/text.h"

#include <dirent.h>

enum { RANKS = 3, FEW = 7 };

static const char *root(void) { return getenv("TACET_SOURCE") ? getenv("TACET_SOURCE") : "."; }

typedef struct sample {
    char *text;
    tc_json *json;
    const char *loss, *metrics;
    bool labels;
    int rank;
    int64_t shape[8], rows, width, aims; /* of a row: outputs, targets */
    float *output, *target;
    int32_t *label;
} sample;

/* All numbers in a list of lists, in order. Returns how many. */
static size_t flatten(const tc_json *from, double *to)
{
    const tc_json *x;
    size_t n = 0, i;
    if (!from || from->kind != TC_JSON_LIST) return to[0] = tc_json_number(from), 1;
    tc_json_each(from, i, x) n += flatten(x, to + n);
    return n;
}

static void read_sample(sample *c, const char *name)
{
    char path[512];
    const tc_mem m = tc_mem_of(NULL);
    tc_json_error why;
    snprintf(path, sizeof path, "%s/tests/metrics/%s", root(), name);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("cannot open %s", path);
    *c = (sample){.text = calloc(1, 1 << 20)};
    const size_t length = fread(c->text, 1, (1 << 20) - 1, f);
    fclose(f);
    c->json = tc_json_read(&m, c->text, length, &why);
    if (!c->json) fail_msg("%s: %s", path, why.text);
    const tc_json *shape = tc_json_get(c->json, "shape"), *outputs = tc_json_get(c->json, "outputs");
    c->loss = tc_json_text(tc_json_get(c->json, "loss"));
    c->metrics = tc_json_text(tc_json_get(c->json, "metrics"));
    c->labels = strcmp(c->loss, "cross_entropy") == 0;
    c->rank = (int)tc_json_size(shape);
    c->rows = (int64_t)tc_json_size(outputs);
    c->width = 1;
    for (int i = 0; i < c->rank; i++) c->width *= c->shape[i] = (int64_t)tc_json_number(tc_json_at(shape, (size_t)i));
    c->aims = c->labels ? 1 : c->width;
    const size_t n = (size_t)(c->rows * c->width);
    double *numbers = malloc(sizeof *numbers * n);
    c->output = malloc(sizeof *c->output * n);
    c->target = malloc(sizeof *c->target * n);
    c->label = malloc(sizeof *c->label * n);
    assert_int_equal(flatten(outputs, numbers), n);
    for (size_t i = 0; i < n; i++) c->output[i] = (float)numbers[i];
    assert_int_equal(flatten(tc_json_get(c->json, "targets"), numbers), c->rows * c->aims);
    for (int64_t i = 0; i < c->rows * c->aims; i++) c->label[i] = (int32_t)numbers[i], c->target[i] = (float)numbers[i];
    free(numbers);
}

static void free_sample(sample *c)
{
    const tc_mem m = tc_mem_of(NULL);
    tc_free(&m, c->json);
    free(c->text);
    free(c->output);
    free(c->target);
    free(c->label);
}

/* A network that passes its input through. */
typedef struct passing {
    tacet_graph *g;
    tacet_value x, target, y;
    tacet_plan *p;
} passing;

static void describe(passing *n, const sample *c)
{
    n->x = tacet_input(n->g, "x", c->rank, c->shape);
    n->target = c->labels ? tacet_labels(n->g, "target") : tacet_input(n->g, "target", c->rank, c->shape);
    n->y = tacet_chain(n->g, n->x, "leaky_relu 1");
    tacet_loss(n->g, c->loss, n->y, n->target);
}

static void build(passing *n, const sample *c, tacet_config config)
{
    tacet_error why;
    *n = (passing){.g = tacet_graph_new(NULL)};
    describe(n, c);
    config.size = sizeof config;
    config.metrics = c->metrics;
    n->p = tacet_compile(n->g, &config, &why);
    if (!n->p) fail_msg("%s", why.message);
}

static void destroy(passing *n)
{
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

static void feed_rows(passing *n, const sample *c, int64_t from)
{
    const int64_t at = from < c->rows ? from : 0;
    tacet_feed(n->p, n->x, TACET_F32, c->output + at * c->width);
    tacet_feed(n->p, n->target, c->labels ? TACET_I32 : TACET_F32,
               c->labels ? (const void *)(c->label + at) : c->target + at * c->aims);
}

static bool alike(double a, double b) { return isnan(b) ? isnan(a) : fabs(a - b) <= 1e-6 * fmax(1, fabs(b)); }

/* keeps: whether metrics that keep all scores are measured. */
static void check(passing *n, const sample *c, const char *name, bool training, bool keeps)
{
    const tc_json *expected = tc_json_get(c->json, "expected"), *each = tc_json_get(c->json, "each"), *e;
    tacet_metric m = {.size = sizeof m};
    size_t k;
    tc_json_each(expected, k, e)
    {
        int i = 0;
        while (tacet_metric_at(n->p, i, training, &m) == TACET_OK && strcmp(m.name, e->key) != 0) i++;
        if (tacet_metric_at(n->p, i, training, &m) != TACET_OK) fail_msg("%s: %s is not measured", name, e->key);
        const bool kept = strcmp(m.kind, "roc_auc") == 0;
        const double x = kept && !keeps ? NAN : tc_json_number(e);
        if (!alike(m.value, x)) fail_msg("%s: %s is %.12g, not %.12g", name, m.name, m.value, x);
        if (isnan(m.value) && m.better && !*m.note) fail_msg("%s: no word why there is no %s", name, m.name);
        const tc_json *own = tc_json_get(each, e->key);
        if (!own || (kept && !keeps)) continue;
        double figures[1000];
        const size_t count = flatten(own, figures);
        assert_int_equal(count, m.by == 1 ? m.classes : m.classes * m.classes);
        for (size_t j = 0; j < count; j++)
            if (!alike(m.each[j], figures[j]))
                fail_msg("%s: %s of %zu is %g, not %g", name, m.name, j, m.each[j], figures[j]);
    }
}

static void evaluate_rows(passing *n, const sample *c, int64_t batch)
{
    tacet_result r = {.size = sizeof r};
    tacet_evaluate_begin(n->p, n->target, n->y);
    for (int64_t at = 0; at < c->rows; at += batch) {
        feed_rows(n, c, at);
        if (tacet_evaluate_batch(n->p, c->rows - at < batch ? c->rows - at : batch))
            fail_msg("%s", tacet_plan_error(n->p)->message);
    }
    if (tacet_evaluate_end(n->p, &r)) fail_msg("%s", tacet_plan_error(n->p)->message);
}

/* At once; again, since an evaluation begins anew; in batches of a few rows and of one. */
static void batches(const sample *c, const char *name)
{
    const int64_t batch[] = {c->rows, c->rows, FEW, 1};
    passing n;
    build(&n, c, (tacet_config){.batch = c->rows > FEW ? c->rows : FEW});
    for (size_t i = 0; i < sizeof batch / sizeof *batch; i++) {
        evaluate_rows(&n, c, batch[i]);
        check(&n, c, name, false, true);
    }
    destroy(&n);
}

/* Over training steps with a rate of 0; a reset of the ledger begins anew. */
static void steps(const sample *c, const char *name)
{
    passing n;
    build(&n, c, (tacet_config){.batch = FEW, .optimizer = "sgd lr=0", .ledger = 100});
    for (int pass = 0; pass < 2; pass++) {
        tacet_ledger_reset(n.p);
        for (int64_t at = 0; at < c->rows; at += FEW) {
            feed_rows(&n, c, at);
            if (tacet_step(n.p, c->rows - at < FEW ? c->rows - at : FEW))
                fail_msg("%s", tacet_plan_error(n.p)->message);
        }
        check(&n, c, name, true, false);
    }
    destroy(&n);
}

/* A target that is scaled when it is fed, as normalize_target does: figures are in its own unit. */
static void targets_keep_their_unit(void **state)
{
    (void)state;
    sample c;
    passing n;
    tacet_result r = {.size = sizeof r};
    double scale[8] = {0}, shift[8] = {0};
    read_sample(&c, "five_numbers.json");
    for (int64_t j = 0; j < c.width; j++) scale[j] = ldexp(j % 2 ? -1 : 1, (int)j - 2);
    for (int64_t i = 0; i < c.rows * c.width; i++) c.output[i] *= (float)scale[i % c.width];
    build(&n, &c, (tacet_config){.batch = c.rows});
    tacet_evaluate_begin(n.p, n.target, n.y);
    const tacet_scaling own = {.size = sizeof own, .count = c.width, .scale = scale, .shift = shift};
    tacet_feed(n.p, n.x, TACET_F32, c.output);
    assert_int_equal(tacet_feed_rows(n.p, n.target, TACET_F32, c.target, c.width, NULL, &own), TACET_OK);
    assert_int_equal(tacet_evaluate_batch(n.p, c.rows), TACET_OK);
    assert_int_equal(tacet_evaluate_end(n.p, &r), TACET_OK);
    check(&n, &c, "scaled targets", false, true);
    destroy(&n);
    free_sample(&c);
}

/* Wherever memory runs out, the call fails, and nothing is lost. */
static void memory_may_run_out(void **state)
{
    (void)state;
    static const char *const file[] = {"yes_or_no.json", "five_numbers.json", "three_classes.json"};
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        sample c;
        failing memory = {0};
        const tacet_memory m = failing_memory(&memory);
        bool done = false;
        read_sample(&c, file[i]);
        for (int at = 1; !done; at++) {
            tacet_error why = {0};
            tacet_result r = {.size = sizeof r};
            memory.calls = 0;
            memory.fail_at = at;
            passing n = {.g = tacet_graph_new(&m)};
            describe(&n, &c);
            n.p = n.g ? tacet_compile(n.g, &(tacet_config){TACET_CONFIG, .batch = FEW, .metrics = c.metrics}, &why)
                      : NULL;
            tacet_status s = n.p ? TACET_OK : TACET_MEMORY;
            if (n.g && !n.p) assert_int_equal(why.status, TACET_MEMORY);
            if (n.p) tacet_evaluate_begin(n.p, n.target, n.y);
            for (int64_t row = 0; row < c.rows && s == TACET_OK; row += FEW) {
                feed_rows(&n, &c, row);
                s = tacet_evaluate_batch(n.p, c.rows - row < FEW ? c.rows - row : FEW);
            }
            if (s == TACET_OK) s = tacet_evaluate_end(n.p, &r);
            assert_true(s == TACET_OK || s == TACET_MEMORY);
            done = s == TACET_OK;
            memory.fail_at = 0;
            if (done) check(&n, &c, file[i], false, true);
            destroy(&n);
            assert_int_equal(memory.alive, 0);
        }
        free_sample(&c);
    }
}

typedef struct member_of {
    seat seat;
    passing n;
    const sample *c;
    tacet_status status;
} member_of;

/* Each rank takes FEW rows of every batch; the last ones may have none. */
static void *evaluate_share(void *context)
{
    member_of *s = context;
    tacet_result r = {.size = sizeof r};
    s->status = TACET_OK;
    tacet_evaluate_begin(s->n.p, s->n.target, s->n.y);
    for (int64_t at = 0; at < s->c->rows && s->status == TACET_OK; at += FEW * RANKS) {
        const int64_t own = at + FEW * s->seat.rank, left = s->c->rows - own;
        feed_rows(&s->n, s->c, own);
        s->status = tacet_evaluate_batch(s->n.p, left < 0 ? 0 : left < FEW ? left : FEW);
    }
    if (s->status == TACET_OK) s->status = tacet_evaluate_end(s->n.p, &r);
    return NULL;
}

static void ranks(const sample *c, const char *name)
{
    world w;
    member_of s[RANKS];
    pthread_t thread[RANKS];
    alarm(SECONDS);
    open_world(&w, RANKS);
    for (int r = 0; r < RANKS; r++) {
        s[r] = (member_of){.seat = {&w, r}, .c = c};
        const tacet_ranks own = {
            .size = sizeof own, .rank = r, .count = RANKS, .sum = sum_over_ranks, .context = &s[r].seat};
        build(&s[r].n, c, (tacet_config){.batch = FEW, .ranks = &own});
    }
    for (int r = 0; r < RANKS; r++) assert_int_equal(pthread_create(&thread[r], NULL, evaluate_share, &s[r]), 0);
    for (int r = 0; r < RANKS; r++) pthread_join(thread[r], NULL);
    for (int r = 0; r < RANKS; r++) {
        if (s[r].status) fail_msg("%s: %s", name, tacet_plan_error(s[r].n.p)->message);
        check(&s[r].n, c, name, false, false);
        destroy(&s[r].n);
    }
    close_world(&w);
}

static void with_each(void (*test)(const sample *c, const char *name))
{
    char path[512];
    int samples = 0;
    snprintf(path, sizeof path, "%s/tests/metrics", root());
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *e; (e = readdir(folder)) != NULL;) {
        sample c;
        if (!strstr(e->d_name, ".json")) continue;
        read_sample(&c, e->d_name);
        test(&c, e->d_name);
        free_sample(&c);
        samples++;
    }
    closedir(folder);
    assert_true(samples >= 30);
}

static void batches_agree(void **state) { (void)state, with_each(batches); }
static void training_agrees(void **state) { (void)state, with_each(steps); }
static void ranks_agree(void **state) { (void)state, with_each(ranks); }

/* Every metric of the catalogue is in some file. */
static void every_metric_is_tried(void **state)
{
    (void)state;
    tacet_entry e = {.size = sizeof e};
    DIR *folder;
    char path[512];
    snprintf(path, sizeof path, "%s/tests/metrics", root());
    for (int i = 0; tacet_entry_at(i, &e) == TACET_OK; i++) {
        if (e.role != TACET_ROLE_METRIC) continue;
        bool found = false;
        assert_non_null(folder = opendir(path));
        for (const struct dirent *d; (d = readdir(folder)) != NULL && !found;) {
            sample c;
            if (!strstr(d->d_name, ".json")) continue;
            read_sample(&c, d->d_name);
            found = strstr(c.metrics, e.name) || tc_json_get(tc_json_get(c.json, "expected"), e.name);
            free_sample(&c);
        }
        closedir(folder);
        if (!found) fail_msg("%s is in no file of tests/metrics", e.name);
    }
}

/* ---- What is measured -------------------------------------------------------------------------------------------- */

/* Compiles a network of 3 inputs with that list of metrics: the names of its metrics, or the error. */
static const char *listed(const char *layers, const char *loss, const char *target, const char *list)
{
    static char text[2048];
    tacet_error why;
    tacet_metric m = {.size = sizeof m};
    tacet_graph *g = tacet_graph_new(NULL);
    const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){3}), y = tacet_chain(g, x, layers);
    const tacet_value t = strcmp(target, "x") == 0        ? x
                          : strcmp(target, "labels") == 0 ? tacet_labels(g, "target")
                                                          : tacet_input(g, "target", 1, (int64_t[]){atoi(target)});
    tacet_loss(g, loss, y, t);
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 2, .metrics = list}, &why);
    *text = '\0';
    for (int i = 0; p && tacet_metric_at(p, i, false, &m) == TACET_OK; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "", m.name);
    if (!p) snprintf(text, sizeof text, "%s|%s|%d", why.message, why.hint, why.column);
    tacet_plan_free(p);
    tacet_graph_free(g);
    return text;
}

static void the_loss_says_what_is_usual(void **state)
{
    (void)state;
    assert_string_equal(listed("linear 4", "cross_entropy", "labels", NULL), "accuracy");
    assert_string_equal(listed("linear 1", "bce_with_logits", "1", NULL), "binary_accuracy");
    assert_string_equal(listed("linear 2", "mse", "2", NULL), "rmse mae r2");
    assert_string_equal(listed("linear 2", "huber", "2", ""), "rmse mae r2");
    assert_string_equal(listed("linear 3", "mse", "x", NULL), "explained_variance");
    assert_string_equal(listed("linear 3", "bce_with_logits", "x", NULL), "explained_variance");
    assert_string_equal(listed("linear 4", "cross_entropy", "labels", "f1, top_k k=2 , accuracy"), "accuracy f1 top_k");
    assert_string_equal(listed("linear 4", "cross_entropy", "labels", "top_k 2, top_k 3 name=top3,top_k k=2"),
                        "accuracy top_k top3");
    assert_string_equal(listed("linear 1", "bce_with_logits", "1", "roc_auc,f1"), "binary_accuracy roc_auc f1");
}

static void a_list_may_be_wrong(void **state)
{
    (void)state;
    static const char *const wrong[][5] = {
        {"linear 4", "cross_entropy", "labels", "f2", "unknown metric \"f2\"|did you mean f1?|0"},
        {"linear 4", "cross_entropy", "labels", "f1,", "a metric is missing after the comma||2"},
        {"linear 4", "cross_entropy", "labels", "f1,,recall", "a metric is missing"},
        {"linear 4", "cross_entropy", "labels", "rmse", "rmse needs targets that are numbers"},
        {"linear 2", "mse", "2", "f1", "f1 needs labels"},
        {"linear 2", "mse", "2", "binary_accuracy", "binary_accuracy needs the loss bce_with_logits"},
        {"linear 4", "cross_entropy", "labels", "top_k k=4", "needs a k below the number of classes"},
        {"linear 4", "cross_entropy", "labels", "top_k k=0", "needs a k of at least 1"},
        {"linear 4", "cross_entropy", "labels", "top_k", "needs a k below the number of classes"},
        {"linear 4", "cross_entropy", "labels", "top_k 2, top_k 3",
         "the name top_k is taken by \"top_k 2\"|name= gives"},
        {"linear 4", "cross_entropy", "labels", "f1 name=\"a b\"", "letters, digits and _"},
        {"linear 4", "cross_entropy", "labels", "f1 average=micro", "f1 has no attribute average"},
        {"linear 1001", "cross_entropy", "labels", "confusion", "takes at most 1000 classes, and there are 1001"},
        {"linear 1", "cross_entropy", "labels", "roc_auc", "needs two classes"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *said = listed(wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3]);
        if (!strstr(said, wrong[i][4])) fail_msg("%s: %s", wrong[i][3], said);
    }
}

/* ---- What is not known -------------------------------------------------------------------------------------------- */

/* The only metric's note after an evaluation. */
static const char *note_of(passing *n)
{
    static char note[256];
    tacet_metric m = {.size = sizeof m};
    assert_int_equal(tacet_metric_at(n->p, 0, false, &m), TACET_OK);
    assert_true(isnan(m.value));
    snprintf(note, sizeof note, "%s", m.note);
    return note;
}

static void what_is_not_known_is_said(void **state)
{
    (void)state;
    float x[] = {1, -1, 2}, t[] = {1, 0, 0.25f};
    sample c = {
        .loss = "bce_with_logits", .rank = 1, .shape = {1}, .rows = 3, .width = 1, .aims = 1, .output = x, .target = t};
    passing n;
    tacet_metric m = {.size = sizeof m};
    tacet_result r = {.size = sizeof r};
    build(&n, &c, (tacet_config){.batch = 3});
    assert_string_equal(note_of(&n), "nothing was measured");
    evaluate_rows(&n, &c, 2);
    assert_string_equal(note_of(&n), "not defined: a target is neither 0 nor 1");
    t[2] = 0;
    evaluate_rows(&n, &c, 2);
    assert_int_equal(tacet_metric_at(n.p, 0, false, &m), TACET_OK);
    assert_true(alike(m.value, 2 / 3.0));
    tacet_evaluate_begin(n.p, n.target, n.y);
    feed_rows(&n, &c, 0);
    assert_int_equal(tacet_evaluate_batch(n.p, 1), TACET_OK);
    tacet_feed(n.p, n.x, TACET_F32, x);
    assert_int_equal(tacet_evaluate_batch(n.p, 1), TACET_OK);
    assert_int_equal(tacet_evaluate_end(n.p, &r), TACET_OK);
    assert_string_equal(note_of(&n), "the outputs or the targets of a batch were missing");
    assert_int_equal(tacet_metric_at(n.p, 0, true, &m), TACET_OK); /* a plan for inference */
    assert_true(isnan(m.value) && *m.note);
    assert_int_equal(tacet_metric_at(n.p, 1, false, &m), TACET_FAILED);
    assert_int_equal(tacet_metric_at(n.p, -1, false, &m), TACET_FAILED);
    destroy(&n);
}

/* Scores are kept up to the stated limit, to the last one, and not beyond. */
static void scores_have_a_limit(void **state)
{
    (void)state;
    enum { MOST = 10000000, BATCH_ROWS = 1 << 18, PAIR = 2 };
    float *x = calloc(BATCH_ROWS, sizeof *x), *t = calloc(BATCH_ROWS, sizeof *t);
    sample c = {.loss = "bce_with_logits",
                .metrics = "roc_auc",
                .rank = 1,
                .shape = {1},
                .width = 1,
                .aims = 1,
                .output = x,
                .target = t};
    tacet_metric m = {.size = sizeof m};
    passing n;
    for (int i = 0; i < BATCH_ROWS; i++) t[i] = (float)(i % 2), x[i] = (float)(i % 4);
    c.rows = BATCH_ROWS;
    build(&n, &c, (tacet_config){.batch = BATCH_ROWS});
    for (int over = 0; over < 2; over++) {
        tacet_result r = {.size = sizeof r};
        tacet_evaluate_begin(n.p, n.target, n.y);
        for (int64_t left = MOST / PAIR + over; left > 0; left -= BATCH_ROWS) {
            feed_rows(&n, &c, 0);
            assert_int_equal(tacet_evaluate_batch(n.p, left < BATCH_ROWS ? left : BATCH_ROWS), TACET_OK);
        }
        assert_int_equal(tacet_evaluate_end(n.p, &r), TACET_OK);
        assert_int_equal(tacet_metric_at(n.p, 1, false, &m), TACET_OK);
        if (over)
            assert_non_null(strstr(m.note, "more than 10000000 scores"));
        else
            assert_true(alike(m.value, 0.75));
        assert_int_equal(isnan(m.value), over);
    }
    destroy(&n);
    free(x);
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_agree),
        cmocka_unit_test(training_agrees),
        cmocka_unit_test(ranks_agree),
        cmocka_unit_test(every_metric_is_tried),
        cmocka_unit_test(targets_keep_their_unit),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(scores_have_a_limit),
        cmocka_unit_test(the_loss_says_what_is_usual),
        cmocka_unit_test(a_list_may_be_wrong),
        cmocka_unit_test(what_is_not_known_is_said),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
