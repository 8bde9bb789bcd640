/* calls.c: makes every public call of tacet.h once, on a small network, and prints what it gets. A command of `make
 * faults`, so that every allocation and every use of a file in the library fails in turn. */
#include "tacet/tacet.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void stop(tacet_status s, const char *message)
{
    fprintf(stderr, "calls: %s\n", message);
    exit((int)s);
}

static void ok(tacet_status s, const char *message)
{
    if (s != TACET_OK) stop(s, message);
}

static void made(const void *object, const tacet_error *why)
{
    if (!object && why) stop(why->status, why->message);
    if (!object) stop(TACET_MEMORY, "out of memory");
}

static void planned(tacet_plan *p, tacet_status s) { ok(s, s == TACET_OK ? "" : tacet_plan_error(p)->message); }

/* Text that is never empty: "" means that memory is short. */
static void text(size_t length, const char *text)
{
    if (length == 0) stop(TACET_MEMORY, "out of memory");
    printf("%s\n", text);
}

/* ---- Without a graph --------------------------------------------------------------------------------------------- */

static void catalogue(void)
{
    char to[2000];
    tacet_error why;
    double number;
    int64_t integer;
    tacet_setting setting = {.size = sizeof setting};
    for (int i = 0; i < tacet_entry_count(); i++) {
        tacet_entry e = {.size = sizeof e};
        tacet_attribute a = {.size = sizeof a};
        ok(tacet_entry_at(i, &e), "entry");
        int n = 0;
        while (tacet_attribute_at(i, n, &a) == TACET_OK) n++;
        printf("%s %s %d\n", tacet_role_name(e.role), e.name, n);
    }
    if (!tacet_spec_find(TACET_ROLE_PENALTY, "l1 1e-4 reduce=sum", "lambda", &setting, to, sizeof to, &why))
        stop(why.status, why.message);
    printf("%s\n", to);
    if (!tacet_spec_set(TACET_ROLE_PENALTY, "l1 1e-4 reduce=sum", "lambda", "0.5", to, sizeof to, &why))
        stop(why.status, why.message);
    printf("%s %d\n", to, tacet_spec_number("int", "12", &number, &integer));
    text(tacet_machine(to, sizeof to), tacet_version());
}

/* ---- Data -------------------------------------------------------------------------------------------------------- */

typedef struct data {
    tacet_data *train, *held, *test, *prices, *arrays;
    tacet_loader *loader;
} data;

static void print_data(const tacet_data *d)
{
    tacet_data_info info = {.size = sizeof info};
    ok(tacet_data_describe(d, &info), "data");
    printf("%lld %lld %s %s\n", (long long)info.rows, (long long)info.classes, info.spec, info.remarks);
}

static void open_data(data *d, const tacet_memory *m)
{
    char schema[4000];
    tacet_error why;
    float y[2] = {0.5F, 1};
    made(d->train = tacet_data_open("csv t.csv label=kind normalize=feature", "train", m, &why), &why);
    made(d->held = tacet_data_hold_out(d->train, 0.25, 1, &why), &why);
    text(tacet_data_schema(d->train, schema, sizeof schema), schema);
    made(d->test = tacet_data_open_as("csv e.csv id=a", "train", schema, true, m, &why), &why);
    made(d->prices = tacet_data_open("csv t.csv target=c normalize_target=true drop=kind", "train", m, &why), &why);
    const tacet_array x = {.size = sizeof x, .rank = 1, .shape = {1}, .data = y};
    made(d->arrays = tacet_data_new(2, &x, NULL, false, "normalize=feature", m, &why), &why);
    print_data(d->arrays);
    text(tacet_data_schema(d->arrays, schema, sizeof schema), schema);
    tacet_data *same;
    made(same = tacet_data_new_as(2, &x, NULL, false, NULL, schema, m, &why), &why);
    print_data(same);
    tacet_data_free(same);
    ok(tacet_data_restore(d->prices, 2, 1, y), "restore");
    printf("%g %g %s\n", (double)y[0], (double)y[1], tacet_data_id(d->test, 1));
    print_data(d->train);
    print_data(d->test);
    made(d->loader = tacet_loader_new(d->train, 6, 1, true, &why), &why);
}

static void close_data(data *d)
{
    tacet_loader_free(d->loader);
    tacet_data_free(d->test);
    tacet_data_free(d->prices);
    tacet_data_free(d->arrays);
    tacet_data_free(d->held);
    tacet_data_free(d->train);
}

/* ---- Graph ------------------------------------------------------------------------------------------------------- */

static tacet_graph *describe(const tacet_memory *m)
{
    static const char *const part[] = {"input", "model", "loss", "penalties", "options"};
    const int64_t shape[] = {3};
    char to[2000];
    tacet_graph *g = tacet_graph_new(m);
    made(g, NULL);
    const tacet_value x = tacet_input(g, "x", 1, shape), target = tacet_labels(g, "target");
    const tacet_value y = tacet_chain(g, x, "linear 4 | relu | linear 3 | relu | linear 3");
    tacet_input_of(g, "unused", TACET_I32, 5, 1, shape);
    tacet_loss(g, "cross_entropy", y, target);
    tacet_penalize(g, "relu1", "l1 density=0.3");
    tacet_penalize(g, "linear1.weight", "group_lasso 1e-3 by=input prox");
    tacet_penalize(g, "linear3.*", "norm 0.01 joint");
    tacet_options(g, "linear2.bias", "frozen");
    tacet_keep(g, "relu2");
    tacet_keep_gradient(g, "relu1");
    if (tacet_graph_error(g)) stop(tacet_graph_error(g)->status, tacet_graph_error(g)->message);
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) text(tacet_graph_text(g, part[i], to, sizeof to), to);
    printf("%d %d %s %d %s\n", tacet_find(g, "relu2").id, tacet_matches(g, "relu*", tacet_find(g, "relu1")),
           tacet_axes(g, "linear1.weight"), (int)tacet_groups(g, "linear1.weight"), tacet_parameter(g, "linear2", 1));
    return g;
}

/* ---- What a plan tells ------------------------------------------------------------------------------------------- */

static void print_terms(tacet_plan *p)
{
    for (int i = 0; i < tacet_term_count(p); i++) {
        tacet_term t = {.size = sizeof t};
        tacet_account a = {.size = sizeof a};
        tacet_firing f = {.size = sizeof f};
        ok(tacet_term_at(p, i, &t), "term");
        ok(tacet_account_at(p, i, &a), "account");
        ok(tacet_term_firing(p, i, &f), "firing");
        printf("%s %s %g %g %g %lld %d %d\n", t.name, t.note, t.lambda, tacet_term_value(p, t.name), a.gradient,
               (long long)f.dead, tacet_depends_on_length(p, i), tacet_term_on(p, i, 0).id);
    }
}

static void print_values(tacet_plan *p)
{
    for (int i = 0; i < tacet_value_count(p); i++) {
        tacet_value_info v = {.size = sizeof v};
        tacet_firing f = {.size = sizeof f};
        int64_t dead[8];
        ok(tacet_value_at(p, i, &v), "value");
        const bool counted = tacet_firing_at(p, i, true, &f) == TACET_OK;
        printf("%s %g %d %zu %d\n", v.name, v.density, counted, tacet_dead_units(p, i, true, dead, 8),
               tacet_value_input(p, i, 0).id);
    }
}

static void print_records(tacet_plan *p)
{
    static const char *const what[] = {"step", "epoch", "evaluation", "figures", "network", "metrics"};
    const tacet_stamp stamp = {.size = sizeof stamp, .epoch = 1};
    char to[8000];
    for (size_t i = 0; i < sizeof what / sizeof *what; i++) text(tacet_record(p, what[i], &stamp, to, sizeof to), to);
}

static void print_plan(tacet_plan *p)
{
    char to[8000];
    float relu[12], gradient[12], bias[4] = {0};
    tacet_total total = {.size = sizeof total};
    tacet_warning warning = {.size = sizeof warning};
    tacet_metric metric = {.size = sizeof metric};
    tacet_state state = {.size = sizeof state};
    print_terms(p);
    print_values(p);
    ok(tacet_ledger_total(p, &total), "total");
    printf("%g %g %g %g %lld %lld %lld\n", tacet_objective(p), tacet_data_loss(p), tacet_gradient_norm(p),
           tacet_learning_rate(p), (long long)tacet_steps(p), (long long)tacet_rows(p), (long long)total.rows);
    planned(p, tacet_read(p, "relu2", relu, sizeof relu / sizeof *relu - 3)); /* [3, 3] */
    planned(p, tacet_read_gradient(p, "relu1", gradient, sizeof gradient / sizeof *gradient));
    planned(p, tacet_write(p, "linear1.bias", bias, 4));
    printf("%g %g\n", (double)relu[0], (double)gradient[0]);
    for (int i = 0; tacet_state_at(p, i, &state) == TACET_OK; i++) printf("%s\n", state.name);
    for (int i = 0; tacet_warning_at(p, i, &warning) == TACET_OK; i++) printf("%s\n", warning.text);
    for (int i = 0; tacet_metric_at(p, i, true, &metric) == TACET_OK; i++) printf("%s %g\n", metric.name, metric.value);
    text(tacet_explain(p, to, sizeof to), to);
    print_records(p);
}

/* ---- Training ---------------------------------------------------------------------------------------------------- */

static void train(tacet_plan *p, data *d, tacet_value x, tacet_value target)
{
    static const float rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const int64_t index[] = {2, 0, 1};
    static const int32_t label[] = {0, 1, 2};
    static const double scale = 0.1, shift = 0;
    const tacet_scaling scaling = {sizeof scaling, 1, &scale, &shift};
    double lambda;
    int64_t epoch, position, n;
    planned(p, tacet_feed(p, x, TACET_F32, rows));
    planned(p, tacet_feed(p, target, TACET_I32, label));
    planned(p, tacet_lambda_max(p, 1, 3, &lambda));
    while ((n = tacet_loader_next(d->loader, p, x, target)) > 0) planned(p, tacet_step(p, n));
    tacet_loader_tell(d->loader, &epoch, &position);
    tacet_loader_seek(d->loader, epoch, position);
    tacet_ledger_reset(p);
    tacet_reset_counts(p);
    planned(p, tacet_set_lambda(p, "linear3.*:norm", 0.02));
    planned(p, tacet_set_rate(p, 0.05));
    planned(p, tacet_feed_rows(p, x, TACET_F32, rows, 3, index, &scaling));
    planned(p, tacet_feed(p, target, TACET_I32, label));
    planned(p, tacet_step(p, 3));
    printf("%lld %lld %g\n", (long long)tacet_loader_batches(d->loader), (long long)epoch, lambda);
}

static void evaluate(tacet_plan *p, data *d, tacet_value x, tacet_value target, tacet_value y)
{
    static const float rows[] = {1, 2, 3};
    static const int32_t label[] = {0};
    tacet_result r = {.size = sizeof r};
    planned(p, tacet_evaluate(p, d->loader, x, target, y, &r));
    printf("%g %g\n", r.objective, r.accuracy);
    tacet_evaluate_begin(p, target, y);
    planned(p, tacet_feed(p, x, TACET_F32, rows));
    planned(p, tacet_feed(p, target, TACET_I32, label));
    planned(p, tacet_evaluate_batch(p, 1));
    planned(p, tacet_evaluate_end(p, &r));
    planned(p, tacet_feed(p, x, TACET_F32, rows));
    planned(p, tacet_forward(p, 1));
    printf("%g\n", r.data_loss);
}

/* ---- Operators of its own ---------------------------------------------------------------------------------------- */

static tacet_status halve(const tacet_call *call, double *sum)
{
    (void)sum;
    for (int64_t i = 0; i < call->outputs; i++) call->y[i] = call->input->x[i] / 2;
    return TACET_OK;
}

static tacet_status halve_gradient(const tacet_call *call)
{
    for (int64_t i = 0; i < call->outputs; i++) call->input->d[i] = call->g[i] / 2;
    return TACET_OK;
}

static void own(const tacet_memory *m)
{
    static const tacet_operator half = {TACET_OPERATOR, .role = TACET_ROLE_LAYER, .name = "half", .value = halve,
                                        .gradient = halve_gradient};
    const float numbers[] = {1, 2, 3, 4};
    const tacet_array a = {.size = sizeof a, .rank = 1, .shape = {2}, .data = numbers};
    tacet_error why;
    tacet_gradient_check found = {.size = sizeof found};
    tacet_graph *g = tacet_graph_new(m), *read = tacet_graph_new(m);
    tacet_operator_add(g, &half);
    tacet_operator_add(read, &half);
    const tacet_value x = tacet_input(g, "x", 1, (const int64_t[]){2});
    tacet_chain(g, x, "linear 2 | half");
    tacet_take_gradient(g, "half1");
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 2, .optimizer = "sgd lr=0.1"}, &why);
    made(p, &why);
    planned(p, tacet_feed(p, x, TACET_F32, numbers));
    planned(p, tacet_check_gradient(p, 2, &found));
    planned(p, tacet_feed(p, x, TACET_F32, numbers));
    planned(p, tacet_add_gradient(p, "half1", numbers, 4));
    planned(p, tacet_step(p, 2));
    ok(tacet_check_operator(g, "half", 2, 1, &a, &found, &why), why.message);
    ok(tacet_save(p, "own.safetensors", 0, NULL, &why), why.message);
    tacet_file *f = tacet_file_open("own.safetensors", m, &why);
    made(f, &why);
    ok(tacet_file_describe(f, read, &why), why.message);
    printf("%d\n", (int)found.checked);
    tacet_file_free(f);
    tacet_plan_free(p);
    tacet_graph_free(read);
    tacet_graph_free(g);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static void load(tacet_plan *p, const char *path, const tacet_memory *m)
{
    char to[2000], model[2000];
    tacet_error why;
    int taken;
    tacet_file *f = tacet_file_open(path, m, &why);
    made(f, &why);
    tacet_graph *g = tacet_file_graph(f, m, &why);
    made(g, &why);
    ok(tacet_file_load(f, p, true, &taken, &why), why.message);
    tacet_file_differences(f, p, to, sizeof to);
    text(tacet_graph_text(g, "model", model, sizeof model), model);
    printf("%s %s %d\n", tacet_file_note(f, "by"), to, taken);
    for (int i = 0; i < tacet_file_count(f); i++) {
        const char *name;
        const int64_t *shape;
        const float *numbers;
        int rank;
        ok(tacet_file_tensor(f, i, &name, &rank, &shape, &numbers), "out of memory");
        printf("%s %d %g\n", name, rank, (double)numbers[0]);
    }
    tacet_pruning *left = tacet_pruning_new(f, g, m, &why);
    tacet_pruned layer = {.size = sizeof layer};
    made(left, &why);
    for (int i = 0; tacet_pruning_at(left, i, &layer) == TACET_OK; i++)
        printf("%s %d %d %g\n", layer.name, (int)layer.units_left, (int)layer.parameters_left, layer.flops_left);
    tacet_pruning_free(left);
    tacet_graph_free(g);
    tacet_file_free(f);
}

static void save(tacet_plan *p, data *d, const tacet_memory *m)
{
    const tacet_note note = {"by", "calls"};
    tacet_error why;
    ok(tacet_save(p, "model.safetensors", 1, &note, &why), why.message);
    ok(tacet_checkpoint(p, d->loader, "checkpoint.safetensors", 1, &note, &why), why.message);
    load(p, "model.safetensors", m);
    tacet_file *f = tacet_file_open("checkpoint.safetensors", m, &why);
    made(f, &why);
    ok(tacet_resume(p, d->loader, f, &why), why.message);
    tacet_file_free(f);
}

int main(void)
{
    char to[1000];
    tacet_error why;
    data d;
    static char printed[1 << 16]; /* so that everything is written at the end, and errno says why it cannot be */
    setvbuf(stdout, printed, _IOFBF, sizeof printed);
    signal(SIGXFSZ, SIG_IGN); /* a library leaves signals alone; a write beyond the limit then fails */
    catalogue();
    open_data(&d, NULL);
    tacet_graph *g = describe(NULL);
    tacet_pool *pool = tacet_pool_new(2, NULL);
    made(pool, NULL);
    const tacet_config config = {TACET_CONFIG,
                                 .batch = 6,
                                 .optimizer = "adam lr=0.01 schedule=cosine",
                                 .pool = pool,
                                 .steps_per_epoch = 3,
                                 .epochs = 2,
                                 .ledger = 1,
                                 .metrics = "f1, top_k k=2"};
    tacet_plan *p = tacet_compile(g, &config, &why);
    made(p, &why);
    const tacet_value x = tacet_find(g, "x"), target = tacet_find(g, "target"), y = tacet_find(g, "linear3");
    train(p, &d, x, target);
    print_plan(p);
    evaluate(p, &d, x, target, y);
    save(p, &d, NULL);
    own(NULL);
    if (tacet_compile(g, &(tacet_config){TACET_CONFIG, .optimizer = "sgd lr=x"}, &why)) stop(TACET_FAILED, "compiled");
    if (why.status != TACET_DESCRIPTION) stop(why.status, why.message);
    text(tacet_error_text(&why, to, sizeof to), to);
    tacet_plan_free(p);
    tacet_pool_free(pool);
    tacet_graph_free(g);
    close_data(&d);
    if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
    perror("calls: standard output");
    return TACET_IO;
}
