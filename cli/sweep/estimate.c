/* estimate.c: the largest lambda that changes anything.
 *
 * For the lasso it is known exactly: all coefficients are 0 as soon as lambda is max |g|, g the gradient of the data
 * term at 0, because |x| pulls at every coefficient with the same force lambda and no data pull is stronger
 * (Friedman, Hastie, Tibshirani: Regularization paths for generalized linear models via coordinate descent, Journal
 * of Statistical Software 33, 2010, section 2.5). A network has no such point, and its gradients change while it
 * learns. What can be had before training are the forces at the start. With g the gradient of the losses and d that
 * of the penalty with lambda 1, at the elements that are not 0,
 *
 *     largest = max over parts of rms(g in the part) / rms(d)
 *
 * A part is what the penalty pulls at as one. For l1 it is an element, and rms(d) is the pull on any of them: 1 on a
 * weight, 1 / rows on an activation with reduce=sample, where g has the same 1 / rows from the mean over samples, so
 * that the batch's size cancels. For a lasso of groups it is the group: d in it has norm sqrt(n_g), so rms(d) is 1,
 * and |g_g| <= lambda sqrt(n_g) is the condition for the group to be 0 (Yuan, Lin 2006). For a norm it is the whole
 * vector: rms(d) is 1 / sqrt(n), and what comes out is |g|. Where the pull depends on how large an element is (l2,
 * log_sum), rms(d) is that on a typical one.
 *
 * A proximal step under sgd has the same fixed point as the objective, so the same holds. Under an optimizer that
 * divides the gradient by its size the data move a weight by at most the rate, and the proximal step by rate *
 * lambda * d: the pull of the data is 1 there, whatever g is. */
#include "sweep/estimate.h"
#include "ledger.h"
#include "weight_view.h"

#include <math.h>
#include <string.h>

/* ---- What the penalty is on -------------------------------------------------------------------------------------- */

void cli_over_match(cli_arena *a, const tacet_graph *g, const tacet_plan *p, cli_over *o)
{
    tacet_value_info v = {.size = sizeof v};
    cli_matched *m = cli_take(a, ((size_t)tacet_value_count(p) + 1) * sizeof *m);
    o->matches = 0;
    o->parameter = false;
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++) {
        if (!tacet_matches(g, o->on, v.value)) continue;
        m[o->matches++] = (cli_matched){cli_copy(a, v.name, strlen(v.name)), v.elements};
        o->parameter = v.role == TACET_ROLE_PARAMETER;
    }
    o->matched = m;
}

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

/* A part is a tile of the matrix that a value is: positions of a batch by units, a weight [units, taps * inputs], or
 * one row. */
typedef struct tile {
    int64_t rows, columns; /* 0: all */
    bool input;            /* a tile has the columns of one input instead, at all its taps */
} tile;

static const struct {
    const char *kind;
    tile weight, batch;
} whole[] = {{"norm", {0, 0, false}, {1, 0, false}},
             {"spectral_norm", {0, 0, false}, {0, 0, false}},
             {"kl_sparsity", {0, 1, false}, {0, 1, false}}};

static const struct {
    const char *by;
    tile weight;
} grouped[] = {{"unit", {1, 0, false}}, {"input", {0, 1, true}}};

static const char *attribute(cli_arena *a, const cli_over *o, const char *spec, const char *name)
{
    tacet_attribute found = {.size = sizeof found};
    const char *given = cli_over_given(a, spec, name);
    if (*given || !cli_attribute(cli_entry(TACET_ROLE_PENALTY, o->kind), name, &found)) return given;
    return found.preset ? found.preset : "";
}

static tile tile_of(cli_arena *a, const cli_over *o, const char *spec)
{
    const char *by = attribute(a, o, spec, "by");
    int64_t block = 1;
    double p = 2;
    for (size_t i = 0; i < sizeof grouped / sizeof *grouped; i++)
        if (strcmp(grouped[i].by, by) == 0) return grouped[i].weight;
    if (strcmp(by, "block") == 0 && tc_integer_read(attribute(a, o, spec, "block"), &block) && block > 0)
        return (tile){block, block, false};
    if (tc_number_read(attribute(a, o, spec, "p"), &p) && p == 1) return (tile){1, 1, false};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (strcmp(whole[i].kind, o->kind) == 0) return o->parameter ? whole[i].weight : whole[i].batch;
    return (tile){1, 1, false};
}

/* The largest rms(g) of a tile, over the elements where x is not 0; `some` is their number. m says where they are. */
static double strongest(tile t, const cli_weight *m, const float *x, const float *g, int64_t *some)
{
    cli_arena a = {0};
    const int64_t columns = m->taps * m->inputs, high = t.rows && t.rows < m->units ? t.rows : m->units;
    const int64_t wide = t.columns && t.columns < columns ? t.columns : columns;
    const int64_t across = t.input ? m->inputs : (columns + wide - 1) / wide;
    double *sum = cli_take(&a, sizeof *sum * (size_t)across), most = 0;
    int64_t *n = cli_take(&a, sizeof *n * (size_t)across);
    for (int64_t r = 0; r < m->units; r++) {
        for (int64_t c = 0; c < columns; c++) {
            const int64_t input = c % m->inputs, k = t.input ? input : c / wide;
            const int64_t at = r * m->unit + input * m->input + c / m->inputs * m->tap;
            if (x[at] == 0.0f) continue;
            sum[k] += (double)g[at] * (double)g[at];
            n[k]++;
        }
        if ((r + 1) % high != 0 && r + 1 < m->units) continue;
        for (int64_t k = 0; k < across; k++) {
            if (n[k] && sqrt(sum[k] / (double)n[k]) > most) most = sqrt(sum[k] / (double)n[k]);
            *some += n[k];
            n[k] = 0;
            sum[k] = 0;
        }
    }
    cli_arena_free(&a);
    return most;
}

/* ---- One step ---------------------------------------------------------------------------------------------------- */

typedef struct step {
    cli_config config;
    cli_job job; /* the data of the open one; graph and plan of its own */
    int64_t rows;
} step;

static void end(step *t)
{
    tacet_plan_free(t->job.plan);
    tacet_graph_free(t->job.graph);
}

/* A graph of the configuration without penalties. */
static tacet_status begin(step *t, const cli_job *job)
{
    *t = (step){.config = *job->config, .job = *job};
    t->config.penalties = NULL;
    t->config.value[CLI_LEDGER].integer = 1;
    t->job.config = &t->config;
    t->job.graph = NULL;
    t->job.plan = NULL;
    return cli_job_describe(&t->job);
}

static tacet_status ready(step *t, int threads)
{
    tacet_error e;
    const cli_item *init = &t->config.value[CLI_INIT].item;
    tacet_status s = cli_job_compile(&t->job, threads);
    if (s != TACET_OK || !*init->text) return s;
    tacet_file *f = tacet_file_open(init->text, NULL, &e);
    if (!f) return cli_refuse(&e, 1, init);
    s = tacet_file_load(f, t->job.plan, false, NULL, &e);
    tacet_file_free(f);
    return s == TACET_OK ? s : cli_refuse(&e, 1, init);
}

/* On the first batch. What is not finite here will be said by the run. */
static bool go(step *t)
{
    tacet_loader_seek(t->job.loader, 0, 0);
    t->rows = tacet_loader_next(t->job.loader, t->job.plan, t->job.x, t->job.target);
    const bool done = t->rows > 0 && tacet_step(t->job.plan, t->rows) == TACET_OK;
    tacet_loader_seek(t->job.loader, 0, 0);
    return done;
}

/* ---- The estimate ------------------------------------------------------------------------------------------------ */

/* The value's matrix: units in rows, one for each position of each sample; or a weight's units; anything else is one
 * row. */
static cli_weight matrix(const cli_job *job, const char *name)
{
    tacet_value_info v = {.size = sizeof v};
    cli_weight m = {.units = 1, .inputs = 1, .taps = 1, .input = 1};
    if (tacet_value_at(job->plan, tacet_find(job->graph, name).id - 1, &v) != TACET_OK) return m;
    if (!v.batch && cli_weight_view(tacet_axes(job->graph, name), v.rank, v.shape, NULL, &m)) return m;
    const int64_t columns = v.batch ? v.units : v.elements;
    return (cli_weight){.units = v.batch ? job->batch * (v.elements / v.units) : 1,
                        .inputs = columns,
                        .taps = 1,
                        .unit = columns,
                        .input = 1};
}

/* The ledger's account of the term of that name ("on"), in a plan that has one penalty; all is NAN without one. */
static tacet_account account_of(const tacet_plan *p, const char *on)
{
    tacet_term t = {.size = sizeof t};
    tacet_account account = {.size = sizeof account};
    for (int i = 0; i < tacet_term_count(p); i++)
        if (cli_penalises(p, i, &t) && strcmp(t.on, on) == 0 && tacet_account_at(p, i, &account) == TACET_OK)
            return account;
    return (tacet_account){.size = sizeof account, .gradient = NAN, .data_gradient = NAN};
}

/* Elements and gradients of one value, before and after the step of the plan that has no penalty. */
typedef struct pulled {
    float *x, *g;
    size_t n;
    cli_weight at; /* where they are in x and g */
    bool known;
} pulled;

static size_t elements_of(const cli_weight *m) { return (size_t)(m->units * m->inputs * m->taps); }

static void look(cli_arena *a, const step *t, const cli_over *o, pulled *v)
{
    for (int k = 0; k < o->matches; k++) {
        v[k].at = matrix(&t->job, o->matched[k].name);
        v[k].n = elements_of(&v[k].at);
        v[k].x = cli_take(a, v[k].n * sizeof *v->x);
        v[k].g = cli_take(a, v[k].n * sizeof *v->g);
        /* Weights as they are before the step. */
        if (o->parameter) v[k].known = tacet_read(t->job.plan, o->matched[k].name, v[k].x, v[k].n) == TACET_OK;
    }
}

static void look_again(const step *t, const cli_over *o, pulled *v)
{
    for (int k = 0; k < o->matches; k++) {
        const char *name = o->matched[k].name;
        if (!o->parameter) {
            v[k].at.units = v[k].at.units / t->job.batch * t->rows;
            v[k].n = elements_of(&v[k].at);
            v[k].known = tacet_read(t->job.plan, name, v[k].x, v[k].n) == TACET_OK;
        }
        v[k].known = v[k].known && tacet_read_gradient(t->job.plan, name, v[k].g, v[k].n) == TACET_OK;
    }
}

/* Whether the optimizer divides gradients by their size. */
static bool normalises(const cli_config *c)
{
    tacet_attribute a = {.size = sizeof a};
    const char *text = c->value[CLI_OPTIMIZER].item.text;
    const char *name = cli_copy(c->arena, text, (size_t)(cli_word_end(text) - text));
    return cli_attribute(cli_entry(TACET_ROLE_OPTIMIZER, name), "beta2", &a);
}

/* Whether the one penalty of a plan acts by its proximal step. */
static bool by_prox(const tacet_plan *p)
{
    tacet_term t = {.size = sizeof t};
    for (int i = 0; i < tacet_term_count(p); i++)
        if (cli_penalises(p, i, &t) && t.prox) return true;
    return false;
}

/* What the penalty and the data pull with, over n elements; what is no number is no pull. */
static double quotient(double data, double own, int64_t n)
{
    const double ratio = data / (own / sqrt((double)n));
    return n > 0 && own > 0 && isfinite(ratio) ? ratio : 0;
}

/* Several values as one vector, or the count of a jump_relu, which pulls at thresholds: by the ledger's norms alone.
 * Else one term a value. p: the plan in which the penalty has made a step with lambda 1. */
static double largest_of(const tacet_plan *p, const cli_config *c, const cli_over *o, tile t, const pulled *v)
{
    double most = 0, strong = 0;
    int64_t all = 0;
    const bool even = by_prox(p) && normalises(c);
    const tacet_account joint = account_of(p, o->on);
    for (int k = 0; k < o->matches; k++) {
        int64_t n = 0;
        const double here = v[k].known ? strongest(t, &v[k].at, v[k].x, v[k].g, &n) : 0;
        const tacet_account own = account_of(p, o->matched[k].name);
        strong = fmax(strong, here);
        all += n;
        if (strcmp(o->kind, "l0") == 0)
            most = fmax(most, quotient(own.data_gradient, own.gradient, 1));
        else
            most = fmax(most, quotient(even ? 1 : here, own.gradient, n));
    }
    if (o->matches > 1 && isfinite(joint.gradient)) {
        const bool vector = !t.rows && !t.columns;
        most = vector && !even ? quotient(joint.data_gradient, joint.gradient, 1)
                               : quotient(even ? 1 : strong, joint.gradient, all);
    }
    return most > 0 ? most : NAN;
}

static tacet_status estimate(cli_arena *a, const cli_job *job, int threads, cli_over *o, const pulled *v)
{
    step t;
    const char *unit = cli_over_one(a, o);
    tacet_status s = begin(&t, job);
    if (s == TACET_OK) s = cli_config_penalty(&t.config, "--over", cli_format(a, "%s: %s", o->on, unit));
    if (s == TACET_OK) {
        tacet_penalize(t.job.graph, o->on, unit);
        s = ready(&t, threads);
    }
    if (s == TACET_OK && go(&t)) o->largest = largest_of(t.job.plan, job->config, o, tile_of(a, o, unit), v);
    end(&t);
    return s;
}

tacet_status cli_over_estimate(cli_arena *a, const cli_job *job, int threads, int overs, cli_over *over)
{
    cli_arena arena = {0};
    pulled *v[CLI_OVERS] = {0};
    step t;
    tacet_status s = begin(&t, job);
    for (int i = 0; i < overs && s == TACET_OK; i++) {
        v[i] = cli_take(&arena, ((size_t)over[i].matches + 1) * sizeof **v);
        for (int k = 0; k < over[i].matches && !over[i].parameter; k++) {
            tacet_keep(t.job.graph, over[i].matched[k].name);
            tacet_keep_gradient(t.job.graph, over[i].matched[k].name);
        }
    }
    if (s == TACET_OK) s = ready(&t, threads);
    for (int i = 0; i < overs && s == TACET_OK; i++) look(&arena, &t, &over[i], v[i]);
    const bool done = s == TACET_OK && go(&t);
    for (int i = 0; i < overs && done; i++) look_again(&t, &over[i], v[i]);
    end(&t);
    for (int i = 0; i < overs && done && s == TACET_OK; i++)
        if (over[i].lambda) s = estimate(a, job, threads, &over[i], v[i]);
    cli_arena_free(&arena);
    return s;
}
