/* test_ranks.c: training on ranks beyond single operators (test_extra_ranks.c): masks of dropout, steered lambdas,
 * values computed from weights, evaluation; and what must be equal on all ranks. */
#include "ranks.h"

static void open_network(network *net, const char *optimizer, int64_t ledger)
{
    *net = (network){.g = tacet_graph_new(NULL), .optimizer = optimizer, .ledger = ledger, .epochs = 1};
}

static tacet_value add_input(network *net) { return add_feed(net, "x", 0, 1, (int64_t[]){6}, -1, 1); }

static void add_loss(network *net, tacet_value y)
{
    tacet_loss(net->g, "cross_entropy", y, add_feed(net, "t", 3, 0, NULL, 0, 0));
}

/* ---- Networks ---- */

/* A network with many features, and steered lambdas. */
static void build_steered(network *net)
{
    open_network(net, "sgd lr=0.1 momentum=0.9 schedule=cosine", 3);
    const tacet_value x = add_input(net);
    add_loss(net,
             tacet_chain(net->g, x,
                         "linear 12 name=a | relu | dropout 0.2 | linear 12 name=b | relu | layer_norm | linear 3"));
    tacet_penalize(net->g, "relu1", "l1 density=0.2 warmup=0.5");
    tacet_penalize(net->g, "a.weight", "l1 zeros=0.5 prox");
    tacet_penalize(net->g, "relu2", "l1 1e-2 warmup=1");
    tacet_penalize(net->g, "*.weight", "norm 1e-2 joint");
    tacet_penalize(net->g, "b.weight", "spectral_norm 1e-2");
}

/* A value without a batch, computed from a weight: every rank has all of it, and all of its penalties. */
static void build_from_weights(network *net)
{
    open_network(net, "sgd lr=0.1 momentum=0.9", 2);
    const tacet_value x = add_input(net);
    add_loss(net, tacet_chain(net->g, x, "linear 8 name=a | tanh | linear 3"));
    const tacet_value w = tacet_chain(net->g, (tacet_value){0}, "from a.weight | relu name=w");
    tacet_loss(net->g, "mse lambda=0.3", w, tacet_chain(net->g, (tacet_value){0}, "from a.weight | gelu name=v"));
    tacet_penalize(net->g, "w", "l1 0.02");
    tacet_penalize(net->g, "v", "l2 0.03");
    tacet_penalize(net->g, "[wv]", "norm 0.01 joint");
    tacet_penalize(net->g, "a.weight", "l2 0.01");
}

static void build_adam(network *net)
{
    open_network(net, "adam lr=0.01", -1);
    const tacet_value x = add_input(net);
    add_loss(net, tacet_chain(net->g, x, "linear 12 | relu | linear 3"));
    tacet_options(net->g, "linear1.bias", "frozen");
}

/* Large enough for products on firing lists, and for gradients that a plan without ranks would not store. */
static void build_large(network *net)
{
    open_network(net, "sgd lr=0.1 momentum=0.9", 1);
    net->sparse = TACET_SPARSE_ALWAYS;
    const tacet_value x = add_input(net);
    add_loss(net, tacet_chain(net->g, x, "linear 192 | relu | linear 192 | topk 9 | linear 3"));
    tacet_penalize(net->g, "relu1", "l1 1e-3");
}

/* One weight in three layers, once transposed: its gradient has three parts on every rank, its penalty only one. */
static void build_shared(network *net)
{
    open_network(net, "sgd lr=0.1 momentum=0.9", 2);
    const tacet_value x = add_input(net);
    add_loss(net, tacet_chain(net->g, x,
                              "linear 6 name=a | relu | linear 6 weight=a.weight bias=a.bias | tanh | "
                              "linear 6 weight=a.weight transposed | linear 3"));
    tacet_penalize(net->g, "a.weight", "l2 0.05");
    tacet_penalize(net->g, "relu1", "l1 0.01");
}

/* Dead units that predict the error of a reconstruction: which are dead is counted over all ranks. */
static void build_revived(network *net)
{
    open_network(net, "sgd lr=0.1 momentum=0.9", 2);
    const tacet_value x = add_input(net);
    tacet_loss(net->g, "mse", tacet_chain(net->g, x, "linear 24 | topk 1 revive=aux dead_after=2 | linear 6"), x);
}

/* A network on images, with convolutions on firing lists and a normalisation over the rows of all ranks. */
static void build_images(network *net)
{
    open_network(net, "sgd lr=0.1 momentum=0.9", 2);
    net->sparse = TACET_SPARSE_ALWAYS;
    const tacet_value x = add_feed(net, "x", 0, 3, (int64_t[]){5, 4, 3}, -1, 1);
    add_loss(net, tacet_chain(net->g, x,
                              "conv2d 8 3 padding=1 | batch_norm | relu | conv2d 9 3 padding=1 stride=2 | relu | "
                              "conv2d 9 3 padding=1 groups=9 bias=false | group_norm 3 | relu6 name=a | "
                              "global_avg_pool | linear 9 | hardsigmoid name=gate | from a | mul gate | max_pool2d 2 | "
                              "scale_shift | flatten | linear 3"));
    tacet_penalize(net->g, "relu1", "l1 1e-3");
    tacet_penalize(net->g, "conv2d1.weight", "group_lasso 1e-3 by=input prox");
}

/* Denominators that are sums of weights: of classes, without those that are ignored, and of samples. */
static void build_weighed(network *net)
{
    open_network(net, "sgd lr=0.1 momentum=0.9", 2);
    const tacet_value x = add_input(net), w = add_feed(net, "w", 0, 1, (int64_t[]){1}, 0.2, 3);
    (void)w;
    const tacet_value y = tacet_chain(net->g, x, "linear 8 | relu | linear 3"),
                      t = add_feed(net, "t", 3, 0, NULL, 0, 0);
    tacet_loss(net->g, "cross_entropy class_weight=\"1 2 5\" ignore=1", y, t);
    tacet_loss(net->g, "cross_entropy sample_weight=w name=shares lambda=0.5 class_weight=\"3 1 2\"", y, t);
    tacet_loss(net->g, "mse sample_weight=w lambda=0.1 reduce=sample", y,
               add_feed(net, "u", 0, 1, (int64_t[]){3}, -1, 1));
    tacet_penalize(net->g, "relu1", "l1 0.01");
}

/* Gradients are clipped by the norm of their sum over the ranks; slopes, and what rmsprop remembers. */
static void build_clipped(network *net)
{
    open_network(net, "rmsprop lr=0.01 momentum=0.9 centered eps=0.01 clip_norm=0.2 clip_value=0.1", 2);
    const tacet_value x = add_input(net);
    add_loss(net, tacet_chain(net->g, x, "linear 9 | prelu by=unit | linear 8 | elu | prelu | linear 3"));
    tacet_penalize(net->g, "linear2.weight", "l1 1e-3 prox");
}

/* The usual sparse autoencoder: a gradient without its part along the weights, one from activations into weights. */
static void build_sparse_code(network *net)
{
    open_network(net, "adam lr=0.01 eps=0.01 clip_norm=0.5", 2);
    const tacet_value x = add_input(net);
    tacet_loss(net->g, "mse reduce=sample",
               tacet_chain(net->g, x,
                           "scale_shift weight=false negate name=pre | linear 16 | relu | "
                           "linear 6 bias=pre.bias init_transpose=linear1.weight"),
               x);
    tacet_penalize(net->g, "relu1", "weighted_l1 0.1 norms=linear2.weight");
    tacet_penalize(net->g, "linear2.weight", "unit_norm by=input tangent");
}

static void networks_train_the_same(void **state)
{
    (void)state;
    static void (*const build[])(network *) = {build_steered, build_from_weights, build_adam,
                                               build_large,   build_shared,       build_images,
                                               build_weighed, build_clipped,      build_revived,
                                               build_sparse_code};
    static const char *const name[] = {"steered", "from weights", "adam",    "large",  "shared",
                                       "images",  "weighed",      "clipped", "revived", "sparse code"};
    for (size_t i = 0; i < sizeof build / sizeof *build; i++) {
        network net;
        build[i](&net);
        compare_over_ranks(name[i], &net);
        free_network(&net);
    }
}

/* ---- Dropout ---- */

/* more: floats [BATCH, 8], for the global batch. */
static void *keep_masks(void *argument)
{
    member *m = argument;
    const int64_t rows = feed_share(m, 0), before = rows_before(BATCH, m->seat.w->size, m->seat.rank, 0);
    if (tacet_step(m->p, rows) || tacet_read(m->p, "d", (float *)m->more + 8 * before, (size_t)(8 * rows)))
        snprintf(m->t.error, sizeof m->t.error, "%s", tacet_plan_error(m->p)->message);
    return NULL;
}

static void masks_match_those_of_one_rank(void **state)
{
    (void)state;
    network net;
    open_network(&net, "sgd lr=0.1", -1);
    const tacet_value x = add_input(&net);
    add_loss(&net, tacet_chain(net.g, x, "linear 8 | dropout 0.5 name=d | linear 3"));
    tacet_keep(net.g, "d");
    float alone[8 * BATCH], apart[8 * BATCH];
    int dropped = 0;
    for (int size = 0; size <= MOST_RANKS; size++) {
        team t;
        tacet_error why;
        assert_true(open_team(&t, &net, size, &why));
        for (int r = 0; r < t.w.size; r++) t.member[r].more = size ? apart : alone;
        together(&t, keep_masks);
        for (int r = 0; r < t.w.size; r++) assert_string_equal(t.member[r].t.error, "");
        for (int i = 0; size && i < 8 * BATCH; i++) {
            assert_int_equal(apart[i] == 0, alone[i] == 0);
            dropped += alone[i] == 0;
        }
        close_team(&t);
    }
    assert_true(dropped > 8 * BATCH && dropped < 4 * 8 * BATCH);
    free_network(&net);
}

/* ---- What must be equal on all ranks ---- */

static void configurations_are_checked(void **state)
{
    (void)state;
    network net;
    tacet_error why;
    build_adam(&net);
    enum { SIZE = sizeof(tacet_ranks) };
    const struct {
        tacet_ranks ranks;
        const char *says;
    } bad[] = {{{SIZE, 2, 2, sum_over_ranks, NULL}, "rank 2 of 2"},
               {{SIZE, -1, 2, sum_over_ranks, NULL}, "rank -1 of 2"},
               {{SIZE, 0, 2, NULL, NULL}, "2 ranks need a function that sums"},
               {{SIZE, 0, -1, sum_over_ranks, NULL}, "count is -1"},
               {{SIZE, 1, 0, NULL, NULL}, "rank 1 of 1"},
               {{0, 0, 2, sum_over_ranks, NULL}, "tacet_ranks.size is 0"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const tacet_config c = {TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=1", .ranks = &bad[i].ranks};
        assert_null(tacet_compile(net.g, &c, &why));
        assert_int_equal(why.status, TACET_DESCRIPTION);
        if (!strstr(why.message, bad[i].says)) fail_msg("%s: %s", bad[i].says, why.message);
    }
    free_network(&net);
}

static void *one_step(void *argument)
{
    member *m = argument;
    snprintf(m->t.error, sizeof m->t.error, "%s",
             tacet_step(m->p, feed_share(m, 0)) ? tacet_plan_error(m->p)->message : "");
    return NULL;
}

static void *no_rows(void *argument)
{
    member *m = argument;
    feed_share(m, 0);
    snprintf(m->t.error, sizeof m->t.error, "%s", tacet_step(m->p, 0) ? tacet_plan_error(m->p)->message : "");
    return NULL;
}

/* Ranks above 0 feed only the first input, which is enough for evaluation. */
static void *forward_unlike(void *argument)
{
    member *m = argument;
    const feed *f = m->net->feed;
    for (int i = 0; i < (m->seat.rank ? 1 : 2); i++) tacet_feed(m->p, f[i].value, f[i].type, f[i].data);
    snprintf(m->t.error, sizeof m->t.error, "%s", tacet_forward(m->p, 2) ? tacet_plan_error(m->p)->message : "");
    return NULL;
}

/* Rank 0 steps, the others run a forward pass. */
static void *another_call(void *argument)
{
    member *m = argument;
    const int64_t rows = feed_share(m, 0);
    const tacet_status s = m->seat.rank ? tacet_forward(m->p, rows) : tacet_step(m->p, rows);
    snprintf(m->t.error, sizeof m->t.error, "%s", s ? tacet_plan_error(m->p)->message : "");
    return NULL;
}

/* Rank 0 refuses its step because of its rows; rank 1 steps; the last rank runs a forward pass. */
static void *refused_and_another_call(void *argument)
{
    member *m = argument;
    const int64_t rows = feed_share(m, 0);
    const bool last = m->seat.rank == m->seat.w->size - 1;
    const tacet_status s = last ? tacet_forward(m->p, rows) : tacet_step(m->p, m->seat.rank ? rows : BATCH + 1);
    snprintf(m->t.error, sizeof m->t.error, "%s", s ? tacet_plan_error(m->p)->message : "");
    return NULL;
}

/* A rank that refuses reports its own reason; the others report that the calls differ; no rank waits. */
static void a_refusal_hides_nothing(void **state)
{
    (void)state;
    network net;
    tacet_error why;
    build_steered(&net);
    for (int size = 2; size <= 3; size++) {
        team t;
        assert_true(open_team(&t, &net, size, &why));
        together(&t, refused_and_another_call);
        for (int r = 0; r < size; r++) {
            const char *says = r ? "makes a different call" : "rows, but the plan takes";
            if (!strstr(t.member[r].t.error, says)) fail_msg("rank %d of %d: %s", r, size, t.member[r].t.error);
            assert_int_equal(t.w.unlike[r], 0);
        }
        close_team(&t);
    }
    free_network(&net);
}

static void all_say(team *t, void *(*work)(void *), const char *what)
{
    together(t, work);
    for (int r = 0; r < t->w.size; r++)
        if (what ? !strstr(t->member[r].t.error, what) : t->member[r].t.error[0])
            fail_msg("rank %d: \"%s\" is not \"%s\"", r, t->member[r].t.error, what ? what : "");
}

static void ranks_must_agree(void **state)
{
    (void)state;
    network net;
    team t;
    tacet_error why;
    char path[] = "/tmp/tacet_ranks_XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    build_steered(&net);
    assert_true(open_team(&t, &net, 3, &why));
    all_say(&t, no_rows, "no rank has a row");
    all_say(&t, forward_unlike, "was fed different inputs");
    all_say(&t, another_call, "makes a different call");
    float bias[12] = {1};
    assert_int_equal(tacet_read(t.member[1].p, "b.bias", bias, 12), TACET_OK);
    all_say(&t, one_step, NULL);
    assert_int_equal(tacet_checkpoint(t.member[0].p, NULL, path, 0, NULL, &why), TACET_OK);
    all_say(&t, one_step, NULL);
    /* One rank is a step behind the others; then all load the same checkpoint. */
    for (int r = 2; r >= 0; r--) {
        tacet_file *f = tacet_file_open(path, NULL, &why);
        assert_non_null(f);
        assert_int_equal(tacet_resume(t.member[r].p, NULL, f, &why), TACET_OK);
        tacet_file_free(f);
        all_say(&t, one_step, r ? "a different number of steps" : NULL);
    }
    close_team(&t);
    /* The ledger is reset on only one rank; a parameter differs on one rank. */
    assert_true(open_team(&t, &net, 2, &why));
    all_say(&t, one_step, NULL);
    tacet_ledger_reset(t.member[1].p);
    all_say(&t, one_step, "tacet_ledger_reset");
    close_team(&t);
    assert_true(open_team(&t, &net, 2, &why));
    bias[0] += 1;
    assert_int_equal(tacet_write(t.member[1].p, "b.bias", bias, 12), TACET_OK);
    all_say(&t, one_step, "began with different parameters");
    assert_int_equal(tacet_steps(t.member[0].p), 0);
    close_team(&t);
    free_network(&net);
    close(file);
    unlink(path);
}

/* ---- Evaluation ---- */

enum { ROWS = 23, WIDE = 6 };

typedef struct share {
    char path[64];
    tacet_data *data;
    tacet_loader *loader;
    tacet_status status;
    bool fails;
    tacet_result result;
    double term[4];
} share;

static void open_share(share *s, int64_t begin, int64_t end, int64_t batch, int wide)
{
    s->fails = false;
    s->result.size = sizeof s->result;
    tacet_error why;
    char source[512];
    snprintf(s->path, sizeof s->path, "/tmp/tacet_share_XXXXXX");
    FILE *f = fdopen(mkstemp(s->path), "w");
    assert_non_null(f);
    for (int j = 0; j < wide; j++) fprintf(f, "x%d,", j);
    fprintf(f, "y\n");
    for (int64_t i = begin; i < end; i++) {
        for (int j = 0; j < wide; j++) fprintf(f, "%d,", (int)(i * 37 + j * 101) % 19 - 9);
        fprintf(f, "%d\n", (int)(i % 3));
    }
    fclose(f);
    snprintf(source, sizeof source, "csv %s label=y", s->path);
    s->data = tacet_data_open(source, "train", NULL, &why);
    if (!s->data) fail_msg("%s", why.message);
    s->loader = tacet_loader_new(s->data, batch, 0, false, &why);
    assert_non_null(s->loader);
}

static void close_share(share *s)
{
    tacet_loader_free(s->loader);
    tacet_data_free(s->data);
    unlink(s->path);
}

/* The results of an evaluation: its error, and the means of the terms. */
static void note_evaluation(member *m)
{
    share *s = m->more;
    snprintf(m->t.error, sizeof m->t.error, "%s", s->status ? tacet_plan_error(m->p)->message : "");
    for (int i = 0; i < tacet_term_count(m->p); i++) {
        tacet_term t = {.size = sizeof t};
        tacet_term_at(m->p, i, &t);
        s->term[i] = t.value;
    }
}

static void *evaluate(void *argument)
{
    member *m = argument;
    share *s = m->more;
    s->status = tacet_evaluate(m->p, s->loader, m->net->feed[0].value, m->net->feed[1].value,
                               tacet_find(m->net->g, "head"), &s->result);
    note_evaluation(m);
    return NULL;
}

/* The same, batch by batch. If s->fails, the rank cannot feed its second batch. */
static void *evaluate_by_hand(void *argument)
{
    member *m = argument;
    share *s = m->more;
    const tacet_value x = m->net->feed[0].value, target = m->net->feed[1].value;
    tacet_evaluate_begin(m->p, target, tacet_find(m->net->g, "head"));
    s->status = TACET_OK;
    int64_t rows, batches = 0;
    while (s->status == TACET_OK && (rows = tacet_loader_next(s->loader, m->p, x, target)) > 0)
        s->status = tacet_evaluate_batch(m->p, s->fails && batches++ == 1 ? -1 : rows);
    if (s->status == TACET_OK) s->status = tacet_evaluate_end(m->p, &s->result);
    note_evaluation(m);
    return NULL;
}

static void build_evaluated(network *net)
{
    open_network(net, "sgd lr=0.1", 1);
    const tacet_value x = add_input(net);
    add_loss(net, tacet_chain(net->g, x, "linear 9 | relu | linear 3 name=head"));
    tacet_chain(net->g, (tacet_value){0}, "from head.weight | relu name=w");
    tacet_penalize(net->g, "relu1", "l1 0.1");
    tacet_penalize(net->g, "w", "l2 0.1");
}

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-6 * (1 + fabs(b)))) fail_msg("%.9g is not %.9g", a, b);
}

/* Figures are over the rows of all ranks, including densities and dead units. */
static void compare_evaluation(const network *net, int size, int64_t batch, const share *alone,
                               const tacet_firing *fired, void *(*by)(void *))
{
    team t;
    share s[MOST_RANKS];
    tacet_error why;
    assert_true(open_team(&t, net, size, &why));
    for (int r = 0; r < size; r++) {
        open_share(&s[r], ROWS * r / size, ROWS * (r + 1) / size, batch, WIDE);
        t.member[r].more = &s[r];
    }
    all_say(&t, by, NULL);
    for (int r = 0; r < size; r++) {
        tacet_firing f = {.size = sizeof f};
        assert_int_equal(s[r].result.rows, ROWS);
        assert_true(s[r].result.accuracy == alone->result.accuracy);
        near(s[r].result.objective, alone->result.objective);
        near(s[r].result.data_loss, alone->result.data_loss);
        for (int i = 0; i < tacet_term_count(t.member[r].p); i++) near(s[r].term[i], alone->term[i]);
        assert_true(s[r].result.objective == s[0].result.objective);
        for (int i = 0; i < tacet_value_count(t.member[r].p); i++) {
            tacet_value_info info = {.size = sizeof info};
            tacet_value_at(t.member[r].p, i, &info);
            tacet_firing_at(t.member[r].p, i, false, &f);
            if (info.batch) assert_int_equal(f.rows, fired[i].rows); /* otherwise counts passes */
            assert_int_equal(f.dead, fired[i].dead);
            assert_true(f.density == fired[i].density || (isnan(f.density) && isnan(fired[i].density)));
        }
        close_share(&s[r]);
    }
    close_team(&t);
}

static void evaluation_covers_all_rows(void **state)
{
    (void)state;
    network net;
    team alone;
    share all;
    tacet_error why;
    tacet_firing fired[16];
    build_evaluated(&net);
    assert_true(open_team(&alone, &net, 0, &why));
    open_share(&all, 0, ROWS, 5, WIDE);
    alone.member[0].more = &all;
    all_say(&alone, evaluate, NULL);
    assert_true(all.result.accuracy > 0 && all.result.accuracy < 1);
    for (int i = 0; i < tacet_value_count(alone.member[0].p); i++) {
        fired[i].size = sizeof *fired;
        tacet_firing_at(alone.member[0].p, i, false, &fired[i]);
    }
    void *(*const way[])(void *) = {evaluate, evaluate_by_hand};
    for (int k = 0; k < 2; k++) {
        compare_evaluation(&net, 1, 5, &all, fired, way[k]);
        compare_evaluation(&net, 2, 4, &all, fired, way[k]);
        compare_evaluation(&net, 3, 3, &all, fired, way[k]);
        compare_evaluation(&net, 5, 5, &all, fired, way[k]);
    }
    close_share(&all);
    close_team(&alone);
    free_network(&net);
}

/* Three ranks with 8 rows each, but `middle` rows on rank 1. */
static void open_shares(team *t, network *net, share s[3], int64_t middle)
{
    tacet_error why;
    assert_true(open_team(t, net, 3, &why));
    for (int r = 0; r < 3; r++) {
        open_share(&s[r], 0, r == 1 ? middle : 8, 4, WIDE);
        t->member[r].more = &s[r];
    }
}

static void close_shares(team *t, share s[3])
{
    for (int r = 0; r < 3; r++) close_share(&s[r]);
    close_team(t);
}

/* A different number of batches, or a refused batch, must not leave the other ranks waiting. */
static void evaluation_is_refused_on_all(void **state)
{
    (void)state;
    network net;
    team t;
    share s[3];
    build_evaluated(&net);
    open_shares(&t, &net, s, 9);
    all_say(&t, evaluate, "a different number of batches");
    close_share(&s[1]);
    open_share(&s[1], 0, 8, 4, WIDE + 1);
    together(&t, evaluate);
    for (int r = 0; r < 3; r++)
        if (!strstr(t.member[r].t.error,
                    r == 1 ? "x takes rows of 6 elements, but the data have 7" : "refused on rank 1"))
            fail_msg("rank %d: %s", r, t.member[r].t.error);
    close_shares(&t, s);
    free_network(&net);
}

/* A rank that cannot feed a batch, or cannot fill its result, stops all ranks. */
static void an_evaluation_by_hand_fails_on_all(void **state)
{
    (void)state;
    network net;
    team t;
    share s[3];
    build_evaluated(&net);
    for (int ends = 0; ends < 2; ends++) {
        open_shares(&t, &net, s, 8);
        s[1].fails = !ends;
        if (ends) s[1].result.size = 0;
        together(&t, evaluate_by_hand);
        for (int r = 0; r < 3; r++) {
            assert_int_equal(s[r].status, TACET_FAILED);
            const char *own = ends ? "sizeof(tacet_result)" : "-1 rows";
            if (!strstr(t.member[r].t.error, r == 1 ? own : "refused on rank 1"))
                fail_msg("rank %d: %s", r, t.member[r].t.error);
        }
        close_shares(&t, s);
    }
    free_network(&net);
}

/* Every batch ends with a sum of the ranks' statuses, and so do the beginning and the end. If such a sum fails, all
 * ranks go on; if another sum fails, all stop. */
static void any_sum_of_an_evaluation_may_fail(void **state)
{
    (void)state;
    network net;
    team t;
    share s[3];
    build_evaluated(&net);
    open_shares(&t, &net, s, 8);
    all_say(&t, evaluate, NULL);
    const int sums = t.w.calls[0];
    int taken = 0;
    for (int k = 0; k < sums; k++) {
        memset(t.w.calls, 0, sizeof t.w.calls);
        t.w.fails = k % 3;
        t.w.at = k;
        together(&t, evaluate);
        for (int r = 1; r < 3; r++) assert_int_equal(s[r].status == TACET_OK, s[0].status == TACET_OK);
        taken += s[0].status == TACET_OK;
    }
    assert_int_equal(taken, 2 + 2);
    assert_int_equal(sums, 2 + 2 * 3 + 5);
    close_shares(&t, s);
    free_network(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_train_the_same),
        cmocka_unit_test(masks_match_those_of_one_rank),
        cmocka_unit_test(configurations_are_checked),
        cmocka_unit_test(ranks_must_agree),
        cmocka_unit_test(a_refusal_hides_nothing),
        cmocka_unit_test(evaluation_covers_all_rows),
        cmocka_unit_test(evaluation_is_refused_on_all),
        cmocka_unit_test(any_sum_of_an_evaluation_may_fail),
        cmocka_unit_test(an_evaluation_by_hand_fails_on_all),
    };
    return cmocka_run_group_tests_name("ranks", tests, NULL, NULL);
}
