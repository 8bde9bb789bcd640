/* test_rank_failures.c: errors on one rank, in a sum, in its input, in its numbers: every rank refuses the step, none
 * updates anything or waits for ever, and training continues as if the step had never been tried. */
#include "ranks.h"

enum { RANKS = 3, WIDE = 6 };

static int failing = 2; /* the step that fails; it samples gradients */

/* What a rank does in the failing step. */
typedef enum fault { NONE, NOT_FED, BAD_LABEL, TOO_MANY_ROWS, NO_NUMBER } fault;

typedef struct plot {
    fault fault;
    tacet_status status; /* of the failing step */
    float bad[WIDE * BATCH];
} plot;

/* A network with every kind of state, and everything that sums over ranks: phases, samples, counts. */
static void build(network *net)
{
    *net = (network){.g = tacet_graph_new(NULL),
                     .optimizer = "sgd lr=0.1 momentum=0.9",
                     .ledger = 2,
                     .epochs = 1,
                     .sparse = TACET_SPARSE_ALWAYS};
    const tacet_value x = add_feed(net, "x", 0, 1, (int64_t[]){WIDE}, -1, 1);
    const tacet_value t = add_feed(net, "t", 3, 0, NULL, 0, 0);
    const tacet_value y = tacet_chain(
        net->g, x,
        "linear 12 | batch_norm | relu | dropout 0.2 | linear 12 name=b | sigmoid name=s | linear 3 name=head");
    tacet_loss(net->g, "cross_entropy", y, t);
    tacet_penalize(net->g, "relu1", "l1 density=0.2");
    tacet_penalize(net->g, "s", "kl_sparsity 0.1 rho=0.3");
    tacet_penalize(net->g, "b.weight", "spectral_norm 1e-2");
    tacet_penalize(net->g, "linear1.weight", "l1 1e-3 prox");
}

/* ---- The steps of a rank ---- */

static void do_steps(member *m, int begin, int end)
{
    for (int step = begin; step < end; step++)
        if (tacet_step(m->p, feed_share(m, step)))
            snprintf(m->t.error, sizeof m->t.error, "%s", tacet_plan_error(m->p)->message);
}

static void *steps_before(void *argument)
{
    member *m = argument;
    open_trace(m);
    do_steps(m, 0, failing);
    return NULL;
}

static void *steps_again(void *argument)
{
    do_steps(argument, failing, STEPS);
    return NULL;
}

static void *steps_after(void *argument)
{
    do_steps(argument, failing + 1, STEPS);
    return NULL;
}

/* Feeds the rank according to its plot; returns the number of rows. */
static int64_t feed_wrong(const member *m)
{
    static const int32_t labels[BATCH] = {0, 1, 3};
    const feed *f = m->net->feed;
    plot *plan = m->more;
    const int64_t rows = plan->fault == NOT_FED ? 1 : feed_share(m, failing);
    if (plan->fault == BAD_LABEL) tacet_feed(m->p, f[1].value, f[1].type, labels);
    if (plan->fault == NO_NUMBER) {
        memcpy(plan->bad, f[0].data, sizeof plan->bad);
        plan->bad[2 * WIDE + 4] = NAN;
        tacet_feed(m->p, f[0].value, f[0].type, plan->bad);
    }
    return plan->fault == TOO_MANY_ROWS ? BATCH + 1 : plan->fault == NONE || plan->fault == NOT_FED ? rows : BATCH;
}

/* The failing step. The weights before and after it are the first two in the trace. */
static void *try_step(void *argument)
{
    member *m = argument;
    plot *plan = m->more;
    read_weights(m->p, m->t.weight);
    plan->status = tacet_step(m->p, feed_wrong(m));
    snprintf(m->t.error, sizeof m->t.error, "%s", plan->status ? tacet_plan_error(m->p)->message : "");
    read_weights(m->p, m->t.weight + m->t.weights);
    return NULL;
}

/* ---- Checks ---- */

/* The end of a run: the contents of a checkpoint of each rank. */
static char *checkpoint_of(const tacet_plan *p, size_t *n)
{
    char path[] = "/tmp/tacet_ranks_XXXXXX";
    tacet_error why;
    close(mkstemp(path));
    if (tacet_checkpoint(p, NULL, path, 0, NULL, &why)) fail_msg("%s", why.message);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *bytes = malloc(1 << 20);
    assert_non_null(bytes);
    *n = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    unlink(path);
    return bytes;
}

typedef struct ending {
    char *bytes[RANKS];
    size_t n[RANKS];
    int sums; /* in the step that fails in other runs */
} ending;

static void end_run(const char *what, team *t, ending *e)
{
    for (int r = 0; r < RANKS; r++) {
        if (t->member[r].t.error[0]) fail_msg("%s, rank %d: %s", what, r, t->member[r].t.error);
        e->bytes[r] = checkpoint_of(t->member[r].p, &e->n[r]);
    }
}

static void free_ending(ending *e)
{
    for (int r = 0; r < RANKS; r++) free(e->bytes[r]);
}

static void assert_same_ending(const char *what, const ending *a, const ending *b)
{
    for (int r = 0; r < RANKS; r++)
        if (a->n[r] != b->n[r] || memcmp(a->bytes[r], b->bytes[r], a->n[r]) != 0)
            fail_msg("%s: the run of rank %d does not end like one without an error", what, r);
}

/* Asserts that all ranks refused: the failing one with its own status and message, the others with theirs. */
static void assert_refused(const team *t, int who, tacet_status own, const char *says, tacet_status others,
                           const char *others_say)
{
    for (int r = 0; r < RANKS; r++) {
        const member *m = &t->member[r];
        const char *what = r == who ? says : others_say;
        if (!strstr(m->t.error, what)) fail_msg("rank %d: \"%s\" does not say \"%s\"", r, m->t.error, what);
        assert_int_equal(((const plot *)m->more)->status, r == who ? own : others);
        assert_int_equal(tacet_steps(m->p), failing);
        assert_memory_equal(m->t.weight, m->t.weight + m->t.weights, m->t.weights * sizeof(float));
    }
}

/* ---- The runs ---- */

typedef struct run {
    team team;
    plot plot[RANKS];
} run;

static void begin_run(run *r, const network *net)
{
    tacet_error why;
    if (!open_team(&r->team, net, RANKS, &why)) fail_msg("%s", why.message);
    for (int i = 0; i < RANKS; i++) {
        r->plot[i] = (plot){.fault = NONE};
        r->team.member[i].more = &r->plot[i];
    }
    together(&r->team, steps_before);
    for (int i = 0; i < RANKS; i++) assert_string_equal(r->team.member[i].t.error, "");
    memset(r->team.w.calls, 0, sizeof r->team.w.calls);
}

/* Continues to the end, which must be that of a run without an error. */
static void end_like(run *r, const char *what, void *(*rest)(void *), const ending *clean)
{
    ending e;
    r->team.w.fails = -1;
    for (int i = 0; i < RANKS; i++) r->plot[i].fault = NONE, r->team.member[i].t.error[0] = 0;
    together(&r->team, rest);
    end_run(what, &r->team, &e);
    assert_same_ending(what, &e, clean);
    free_ending(&e);
    close_team(&r->team);
}

static void run_clean(const network *net, ending *e)
{
    run r;
    begin_run(&r, net);
    together(&r.team, try_step);
    e->sums = r.team.w.calls[0];
    together(&r.team, steps_after);
    end_run("clean", &r.team, e);
    close_team(&r.team);
}

/* Each sum of a step fails, on each rank. The last sum only reports success; ranks cannot learn that it failed, so all
 * take the step. */
static void any_sum_may_fail(void **state)
{
    (void)state;
    network net;
    ending clean;
    build(&net);
    run_clean(&net, &clean);
    assert_true(clean.sums > 8);
    for (int k = 0; k < clean.sums; k++)
        for (int who = 0; who < RANKS; who++) {
            const bool last = k == clean.sums - 1;
            char what[64], others[64];
            run r;
            snprintf(what, sizeof what, "sum %d on rank %d", k, who);
            snprintf(others, sizeof others, "failed on rank %d", who);
            begin_run(&r, &net);
            r.team.w.fails = who;
            r.team.w.at = k;
            together(&r.team, try_step);
            if (!last)
                assert_refused(&r.team, who, TACET_IO, "a sum over the ranks failed on this rank", TACET_FAILED,
                               others);
            for (int i = 0; last && i < RANKS; i++) assert_int_equal(r.plot[i].status, TACET_OK);
            end_like(&r, what, last ? steps_after : steps_again, &clean);
        }
    free_ending(&clean);
    free_network(&net);
}

/* The same in the first step, whose sample also tells where steered lambdas begin. */
static void any_sum_of_the_first_step_may_fail(void **state)
{
    failing = 0;
    any_sum_may_fail(state);
    failing = 2;
}

/* From one sum on, all sums fail on a rank, as if it lost its connection. */
static void a_rank_may_be_cut_off(void **state)
{
    (void)state;
    network net;
    ending clean;
    build(&net);
    run_clean(&net, &clean);
    for (int k = 0; k < clean.sums - 1; k++) {
        run r;
        begin_run(&r, &net);
        r.team.w.fails = 1;
        r.team.w.at = k;
        r.team.w.for_good = true;
        together(&r.team, try_step);
        assert_refused(&r.team, 1, TACET_IO, "failed on this rank", TACET_FAILED, "failed on rank 1");
        r.team.w.for_good = false;
        end_like(&r, "a line", steps_again, &clean);
    }
    free_ending(&clean);
    free_network(&net);
}

static void feeds_may_be_refused(void **state)
{
    (void)state;
    static const struct {
        fault fault;
        tacet_status own, others;
        const char *says, *before, *after; /* others say: before, the rank, after */
    } faults[] = {
        {NOT_FED, TACET_FAILED, TACET_FAILED, "x was not fed", "refused on rank ", ", whose message"},
        {BAD_LABEL, TACET_FAILED, TACET_FAILED, "t: row 2 has the class index 3", "refused on rank ", ", whose"},
        {TOO_MANY_ROWS, TACET_FAILED, TACET_FAILED, "8 rows, but the plan takes 0 to 7", "refused on rank ", ", whose"},
        {NO_NUMBER, TACET_NOT_FINITE, TACET_NOT_FINITE, "is the input x [batch, 6], row 2, element 4", "is on rank ",
         ", whose message names it"},
    };
    network net;
    ending clean;
    build(&net);
    run_clean(&net, &clean);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        for (int who = 0; who < RANKS; who++) {
            char others[64];
            run r;
            snprintf(others, sizeof others, "%s%d%s", faults[i].before, who, faults[i].after);
            begin_run(&r, &net);
            r.plot[who].fault = faults[i].fault;
            together(&r.team, try_step);
            assert_refused(&r.team, who, faults[i].own, faults[i].says, faults[i].others, others);
            end_like(&r, faults[i].says, steps_again, &clean);
        }
    free_ending(&clean);
    free_network(&net);
}

/* If a number is not finite on all ranks, all of them name it: a weight, or a sum of numbers finite on each rank. */
static void common_errors_are_named_by_all(void **state)
{
    (void)state;
    network net;
    float bias[3] = {0, NAN, 0};
    run r;
    build(&net);
    begin_run(&r, &net);
    for (int i = 0; i < RANKS; i++) tacet_write(r.team.member[i].p, "head.bias", bias, 3);
    together(&r.team, try_step);
    for (int i = 0; i < RANKS; i++) {
        assert_int_equal(r.plot[i].status, TACET_NOT_FINITE);
        assert_non_null(strstr(r.team.member[i].t.error, "the parameter head.bias [3], row 0, element 1"));
    }
    close_team(&r.team);
    free_network(&net);
}

static void *one_row_each(void *argument)
{
    static const float one[] = {1}, zero[] = {0};
    member *m = argument;
    tacet_feed(m->p, m->net->feed[0].value, TACET_F32, one);
    tacet_feed(m->p, m->net->feed[1].value, TACET_F32, zero);
    ((plot *)m->more)->status = tacet_step(m->p, 1);
    snprintf(m->t.error, sizeof m->t.error, "%s", tacet_plan_error(m->p)->message);
    return NULL;
}

/* The gradient of each rank is 1.6e38; the sum over three overflows a float. */
static void a_sum_may_be_too_large(void **state)
{
    (void)state;
    network net = {.g = tacet_graph_new(NULL), .optimizer = "sgd lr=1"};
    const tacet_value x = add_feed(&net, "x", 0, 1, (int64_t[]){1}, 0, 1),
                      t = add_feed(&net, "t", 0, 1, (int64_t[]){1}, 0, 1);
    tacet_loss(net.g, "mse lambda=8e37 reduce=sum", tacet_chain(net.g, x, "linear 1 name=one bias=false"), t);
    team team;
    plot plot[RANKS];
    tacet_error why;
    assert_true(open_team(&team, &net, RANKS, &why));
    for (int r = 0; r < RANKS; r++) {
        team.member[r].more = &plot[r];
        assert_int_equal(tacet_write(team.member[r].p, "one.weight", &(float){1}, 1), TACET_OK);
    }
    together(&team, one_row_each);
    for (int r = 0; r < RANKS; r++) {
        assert_int_equal(plot[r].status, TACET_NOT_FINITE);
        if (!strstr(team.member[r].t.error, "too large for a number")) fail_msg("%s", team.member[r].t.error);
    }
    close_team(&team);
    free_network(&net);
}

/* The row of rank 1 alone has no variance; with one row on each rank, the batch has one. */
static void *rows_of_rank(void *argument)
{
    static const float x[] = {1, -2, 3}, zero[] = {0};
    member *m = argument;
    plot *plan = m->more;
    const bool has = plan->fault == NONE || m->seat.rank == 1;
    tacet_feed(m->p, m->net->feed[0].value, TACET_F32, x + m->seat.rank);
    tacet_feed(m->p, m->net->feed[1].value, TACET_F32, zero);
    plan->status = tacet_step(m->p, has ? 1 : 0);
    snprintf(m->t.error, sizeof m->t.error, "%s", plan->status ? tacet_plan_error(m->p)->message : "");
    return NULL;
}

static void one_value_of_a_unit_is_refused_on_all(void **state)
{
    (void)state;
    network net = {.g = tacet_graph_new(NULL), .optimizer = "sgd lr=0.1"};
    const tacet_value x = add_feed(&net, "x", 0, 1, (int64_t[]){1}, 0, 1),
                      t = add_feed(&net, "t", 0, 1, (int64_t[]){1}, 0, 1);
    tacet_loss(net.g, "mse", tacet_chain(net.g, x, "batch_norm | linear 1"), t);
    run r;
    tacet_error why;
    assert_true(open_team(&r.team, &net, RANKS, &why));
    for (int good = 0; good < 2; good++) {
        for (int i = 0; i < RANKS; i++) {
            r.plot[i].fault = good ? NONE : TOO_MANY_ROWS;
            r.team.member[i].more = &r.plot[i];
        }
        together(&r.team, rows_of_rank);
        for (int i = 0; i < RANKS; i++) {
            const member *m = &r.team.member[i];
            assert_int_equal(r.plot[i].status, good ? TACET_OK : TACET_FAILED);
            assert_int_equal(tacet_steps(m->p), good);
            if (!good && !strstr(m->t.error, "batch_norm1 has one value")) fail_msg("rank %d: %s", i, m->t.error);
        }
    }
    close_team(&r.team);
    free_network(&net);
}

/* ---- Evaluation ---- */

static void *forward(void *argument)
{
    member *m = argument;
    const int64_t rows = feed_share(m, 0);
    ((plot *)m->more)->status = tacet_forward(m->p, rows);
    snprintf(m->t.error, sizeof m->t.error, "%s", tacet_plan_error(m->p)->message);
    return NULL;
}

static void a_forward_pass_is_refused_on_all(void **state)
{
    (void)state;
    network net;
    run r;
    build(&net);
    begin_run(&r, &net);
    together(&r.team, forward);
    const int sums = r.team.w.calls[0];
    assert_true(sums >= 4); /* rows, the sums of kl_sparsity, terms, the status */
    for (int k = 0; k < sums; k++) {
        memset(r.team.w.calls, 0, sizeof r.team.w.calls);
        r.team.w.fails = 2;
        r.team.w.at = k;
        together(&r.team, forward);
        for (int i = 0; i < RANKS; i++)
            assert_int_equal(r.plot[i].status, k == sums - 1 ? TACET_OK : i == 2 ? TACET_IO : TACET_FAILED);
    }
    r.team.w.fails = -1;
    together(&r.team, forward);
    for (int i = 0; i < RANKS; i++) assert_int_equal(r.plot[i].status, TACET_OK);
    close_team(&r.team);
    free_network(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_sum_may_fail),
        cmocka_unit_test(any_sum_of_the_first_step_may_fail),
        cmocka_unit_test(a_rank_may_be_cut_off),
        cmocka_unit_test(feeds_may_be_refused),
        cmocka_unit_test(common_errors_are_named_by_all),
        cmocka_unit_test(a_sum_may_be_too_large),
        cmocka_unit_test(one_value_of_a_unit_is_refused_on_all),
        cmocka_unit_test(a_forward_pass_is_refused_on_all),
    };
    return cmocka_run_group_tests_name("rank failures", tests, NULL, NULL);
}
