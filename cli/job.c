/* job.c: turns a configuration into a plan to train. Errors of the library point at the text that they are about. */
#include "job.h"
#include "begun.h"
#include "command.h"
#include "figures.h"
#include "file_sum.h"
#include "output.h"
#include "run_folder.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const cli_item *item(const cli_config *c, int key) { return &c->value[key].item; }
static const char *text(const cli_config *c, int key) { return c->value[key].item.text; }

tacet_status cli_job_configure(const cli_args *a, const char *path, cli_config *c)
{
    tacet_status s = cli_config_read(a->arena, path, c);
    if (s == TACET_OK && cli_given_value(a, "no-penalties")) c->penalties = NULL;
    for (const cli_option *o = a->command->option; s == TACET_OK && o->name; o++)
        if (c->source.begun && strcmp(o->name, "data") == 0) c->source.begun->instead = "--data";
    for (int i = 0; i < a->count && s == TACET_OK; i++) {
        if (strcmp(a->given[i].option->name, "set") == 0) s = cli_config_set(c, a->given[i].value);
        if (strcmp(a->given[i].option->name, "penalty") == 0) s = cli_config_penalty(c, "--penalty", a->given[i].value);
    }
    return s == TACET_OK ? cli_config_check(c) : s;
}

/* ---- The network ------------------------------------------------------------------------------------------------- */

/* OK if the graph is; otherwise shows what is wrong in the texts that were just added. */
static tacet_status look(const tacet_graph *g, cli_item first, cli_item second)
{
    const tacet_error *e = tacet_graph_error(g);
    return e ? cli_refuse(e, 2, (cli_item[]){first, second}) : TACET_OK;
}

/* Whether the rows of a file look as if their channels came first, and were not turned. */
static bool channels_first(const tacet_data_info *i)
{
    enum { COLOURS = 4 };
    const int64_t *d = i->stored_shape;
    return i->stored_rank == 3 && d[0] <= COLOURS && d[2] > COLOURS && (i->rank != 3 || i->shape[0] == d[0]);
}

/* Rows that were read as vectors may be images, and what was taken for their height may be their channels. */
static tacet_status look_at_model(const cli_job *job)
{
    const cli_item *model = item(job->config, CLI_MODEL);
    const tacet_error *e = tacet_graph_error(job->graph);
    if (!e) return TACET_OK;
    tacet_error own = *e;
    const char *order = channels_first(&job->info) ? "chw" : "hwc";
    const bool vectors = job->info.rank != 3 && job->info.stored_rank > 1 && strstr(e->message, "needs an image");
    const bool pictures = strncmp(job->info.spec, "images ", strlen("images ")) == 0;
    if (vectors && strstr(job->info.spec, "flat=true"))
        tc_snprintf(own.hint, sizeof own.hint, "flat=true makes vectors of images; leave it out%s%s",
                    pictures ? "" : ", and add layout=", pictures ? "" : order);
    else if (vectors)
        tc_snprintf(own.hint, sizeof own.hint, "with layout=%s, rows of the data are images: data: %.200s layout=%s",
                    order, job->info.spec, order);
    else if (channels_first(&job->info) && strstr(e->message, "on x ["))
        tc_snprintf(own.hint, sizeof own.hint, "x has %lld rows of pixels; if these are its channels: layout=chw",
                    (long long)job->info.shape[0]);
    return cli_refuse(&own, 1, model);
}

static tacet_status look_at_loss(const cli_job *job, const tacet_error *e)
{
    if (!e) return TACET_OK;
    const char *written = text(job->config, CLI_LOSS);
    const size_t n = strlen(written);
    tacet_error own = *e;
    /* What loss_of appended is not in the configuration, so the place is shown in what is. */
    if (strncmp(own.source, written, n) == 0 && own.column >= 0 && (size_t)own.column <= n) own.source[n] = '\0';
    if (job->info.classes == 2 && cli_loss_of_logits(written) && strstr(e->message, "the same shape"))
        tc_snprintf(own.hint, sizeof own.hint,
                    "two classes need one output here: end the model with linear 1; cross_entropy takes linear 2");
    else if (job->info.rank > 1 && job->info.label_rank == 0 && strstr(e->message, "needs labels"))
        tc_snprintf(own.hint, sizeof own.hint,
                    "the network has an answer for each position; for one answer for each row, put flatten before the "
                    "last linear");
    else if (strstr(written, "sample_weight=") && strstr(e->message, "no value is called"))
        tc_snprintf(own.hint, sizeof own.hint,
                    "the data say where the weights of rows are, sample_weight= of csv or npy; every loss then has them");
    return cli_refuse(&own, 1, item(job->config, CLI_LOSS));
}

/* The loss with what the data say: weights of classes that balance them, and an input for the weights of rows. NULL: *s says
 * why not. */
static const char *loss_of(cli_job *job, tacet_status *s)
{
    enum { ROOM = 8192 };
    const cli_config *c = job->config;
    char *to = cli_take(c->arena, ROOM), *weighed = cli_take(c->arena, ROOM);
    tacet_setting setting = {.size = sizeof setting};
    tacet_error e;
    const size_t n = tacet_data_balance(job->part[CLI_TRAINING_PART].data, text(c, CLI_LOSS), to, ROOM, &e);
    *s = n ? TACET_OK : cli_refuse(&e, 1, item(c, CLI_LOSS));
    if (!n || !job->info.weighed) return n ? to : NULL;
    if (tacet_spec_find(TACET_ROLE_LOSS, to, "sample_weight", &setting, NULL, 0, NULL) && setting.given) return to;
    tacet_input(job->graph, "sample_weight", 1, (int64_t[]){1});
    return tacet_spec_set(TACET_ROLE_LOSS, to, "sample_weight", "sample_weight", weighed, ROOM, NULL) ? weighed : to;
}

tacet_status cli_job_describe(cli_job *job)
{
    const tacet_data_info *info = &job->info;
    const cli_config *c = job->config;
    const bool self = c->value[CLI_TARGET].integer != 0; /* the output is compared with x */
    tacet_graph *g = job->graph = tacet_graph_new(NULL);
    if (!g) return cli_fail(TACET_MEMORY, "out of memory");
    job->x = tacet_input(g, "x", info->rank, info->shape);
    const bool binary = info->classes > 0 && info->label_rank == 0 && cli_loss_of_logits(text(c, CLI_LOSS)) && !self;
    if (binary && info->classes != 2)
        return cli_fail_at(item(c, CLI_LOSS)->place, strlen(text(c, CLI_LOSS)),
                           info->classes > 2 ? "cross_entropy takes any number of classes, with an output for each"
                                             : NULL,
                           "%.*s takes labels of two classes, and these are of %lld",
                           (int)strcspn(text(c, CLI_LOSS), " "), text(c, CLI_LOSS), (long long)info->classes);
    if (binary)
        job->target = tacet_input(g, "target", 1, (int64_t[]){1});
    else if (info->classes > 0 && !self)
        job->target = tacet_input_of(g, "target", TACET_I32, 0, info->label_rank, info->label_shape);
    else if (info->target_rank >= 0 && !self)
        job->target = tacet_input(g, "target", info->target_rank, info->target_shape);
    else if (!self)
        return cli_fail_at(item(c, CLI_DATA)->place, strlen(text(c, CLI_DATA)),
                           "an autoencoder needs no targets: set target: x", "the data have no targets to learn");
    tacet_status s;
    const char *loss = loss_of(job, &s);
    if (!loss) return s;
    job->y = tacet_chain(g, job->x, text(c, CLI_MODEL));
    s = look_at_model(job);
    if (s != TACET_OK) return s;
    tacet_loss(g, loss, job->y, self ? job->x : job->target);
    s = look_at_loss(job, tacet_graph_error(g));
    for (const cli_pair *p = c->penalties; p && s == TACET_OK; p = p->next) {
        tacet_penalize(g, p->on.text, p->spec.text);
        s = look(g, p->on, p->spec);
    }
    for (const cli_pair *p = c->parameters; p && s == TACET_OK; p = p->next) {
        tacet_options(g, p->on.text, p->spec.text);
        s = look(g, p->on, p->spec);
    }
    return s;
}

/* A compile error may be about any text of the configuration. */
static tacet_status blame(const cli_config *c, const tacet_error *e)
{
    const cli_pair *const pairs[] = {c->parameters, c->penalties, c->metrics};
    enum { LISTS = sizeof pairs / sizeof *pairs };
    int n = 5, count = n;
    for (int i = 0; i < LISTS; i++)
        for (const cli_pair *p = pairs[i]; p; p = p->next) count += 2;
    cli_item *list = cli_take(c->arena, (size_t)count * sizeof *list);
    list[0] = (cli_item){"", {NULL, 0}}; /* no place, for an error that is about none of the others */
    list[1] = *item(c, CLI_OPTIMIZER);
    list[2] = *item(c, CLI_MODEL);
    list[3] = *item(c, CLI_LOSS);
    list[4] = *item(c, CLI_METRIC);
    for (int i = 0; i < LISTS; i++)
        for (const cli_pair *p = pairs[i]; p; p = p->next) list[n++] = p->spec, list[n++] = p->on;
    return cli_refuse(e, n, list);
}

/* Refuses a batch that leaves fewer rows for the last step of an epoch than the network can be trained with. */
static tacet_status check_last_batch(const cli_job *job)
{
    const cli_item *batch = item(job->config, CLI_BATCH);
    tacet_data_info info = {.size = sizeof info};
    tacet_data_describe(job->part[CLI_TRAINING_PART].data, &info);
    const int64_t least = tacet_least_rows(job->plan), left = info.rows % job->batch;
    if (left == 0 || left >= least) return TACET_OK;
    return cli_fail_at(
        batch->place, strlen(batch->text),
        "another number leaves more rows, or none: train.batch in a file, --set train.batch=N",
        "the last batch of an epoch of %lld rows would have %lld row%s, and batch normalisation needs at "
        "least %lld to train",
        (long long)info.rows, (long long)left, tc_plural(left), (long long)least);
}

int64_t cli_job_steps(const cli_job *job)
{
    return (tacet_loader_batches(job->loader) - 1) / job->config->value[CLI_ACCUMULATE].integer + 1;
}

tacet_status cli_job_compile(cli_job *job, int threads)
{
    const cli_config *c = job->config;
    int64_t steps = c->value[CLI_STEPS].integer, each = cli_job_steps(job);
    tacet_error e;
    tacet_config config = {
        TACET_CONFIG,
        .batch = job->batch,
        .optimizer = text(c, CLI_OPTIMIZER),
        .seed = (uint64_t)c->value[CLI_SEED].integer,
        .threads = threads,
        .steps_per_epoch = each,
        .epochs = (double)job->epochs,
        .sparse = (tacet_sparse)c->value[CLI_SPARSE].integer,
        .ledger = c->value[CLI_LEDGER].integer,
        .metrics = job->metrics = cli_job_metrics(c),
        .accumulate = c->value[CLI_ACCUMULATE].integer,
        .ema = c->value[CLI_EMA].number,
    };
    if (steps > 0 && (double)steps / (double)each < config.epochs) config.epochs = (double)steps / (double)each;
    job->length = config.epochs;
    job->plan = tacet_compile(job->graph, &config, &e);
    return job->plan ? check_last_batch(job) : blame(c, &e);
}

/* Says which tensors were not taken because of their shape. */
static void show_differences(const cli_job *job, const tacet_file *f, const char *path)
{
    const size_t n = tacet_file_differences(f, job->plan, NULL, 0) + 1;
    char *line = cli_take(job->config->arena, n);
    tacet_file_differences(f, job->plan, line, n);
    for (size_t length; *line; line += length + (line[length] == '\n')) {
        length = strcspn(line, "\n");
        cli_warn("%s: %.*s: not taken", path, (int)length, line);
    }
}

tacet_status cli_job_initialise(const cli_job *job, int *taken)
{
    const cli_item *init = item(job->config, CLI_INIT);
    tacet_error e;
    if (!*init->text) return TACET_OK;
    tacet_file *f = NULL;
    for (cli_search at = cli_search_of(init); cli_search_next(&at, f != NULL, &e);)
        f = tacet_file_open(init->text, NULL, &e);
    if (!f) return cli_refuse(&e, 1, init);
    const tacet_status s = tacet_file_load(f, job->plan, false, taken, &e);
    if (s == TACET_OK && taken) show_differences(job, f, init->text);
    tacet_file_free(f);
    return s == TACET_OK ? s : cli_refuse(&e, 1, init);
}

tacet_status cli_job_origin(const cli_config *c, const char **sum)
{
    const cli_item *init = item(c, CLI_INIT);
    tacet_error e = {0};
    *sum = "none";
    if (!*init->text) return TACET_OK;
    tacet_status s = TACET_IO;
    for (cli_search at = cli_search_of(init); cli_search_next(&at, s == TACET_OK, &e);)
        s = cli_file_sum(c->arena, init->text, sum, &e);
    return s == TACET_OK ? s : cli_refuse(&e, 1, init);
}

/* ---- The data ---------------------------------------------------------------------------------------------------- */

void cli_data_remarks(const tacet_data *d)
{
    tacet_data_info info = {.size = sizeof info};
    tacet_data_describe(d, &info);
    for (const char *at = info.remarks; *at;) {
        const int n = (int)strcspn(at, "\n");
        cli_note("%.*s", n, at);
        at += n + (at[n] == '\n');
    }
}

/* Opening a FIFO takes until another program opens it too. */
static void say_waiting(const char *source)
{
    static const char *const key[] = {"file", "x", "y"};
    for (size_t i = 0; i < sizeof key / sizeof *key; i++) {
        char path[4096];
        tacet_setting setting = {.size = sizeof setting};
        struct stat about;
        const size_t n = tacet_spec_find(TACET_ROLE_DATA, source, key[i], &setting, path, sizeof path, NULL);
        if (n > 0 && n < sizeof path && lstat(path, &about) == 0 && S_ISFIFO(about.st_mode))
            cli_note("waiting for a program that writes to %s", path);
    }
}

/* schema NULL: for training. */
static tacet_data *open_part(const cli_item *source, const char *part, const char *schema, bool answers, tacet_error *e)
{
    tacet_data *d = NULL;
    for (cli_search at = cli_search_of(source); cli_search_next(&at, d != NULL, e);) {
        say_waiting(source->text);
        d = schema ? tacet_data_open_as(source->text, part, schema, answers, NULL, e)
                   : tacet_data_open(source->text, part, NULL, e);
    }
    return d;
}

tacet_data *cli_data_held_out(const cli_item *source, const char *schema, bool answers, tacet_status *s)
{
    tacet_error e;
    tacet_data_info info = {.size = sizeof info};
    tacet_data *d = open_part(source, "train", schema, answers, &e);
    if (d) tacet_data_describe(d, &info);
    if (d && info.has_test) {
        tacet_data_free(d);
        d = open_part(source, "test", schema, answers, &e);
    }
    if (d) cli_data_remarks(d);
    *s = d ? TACET_OK : cli_refuse(&e, 1, source);
    return d;
}

/* The other parts are read as the training part was. Labels that are not used may differ from part to part. */
static tacet_status open_parts(cli_job *job)
{
    cli_config *c = job->config;
    tacet_error e;
    tacet_status s = TACET_OK;
    const bool answers = c->value[CLI_TARGET].integer == 0;
    tacet_data **validation = &job->part[CLI_VALIDATION_PART].data;
    if (*text(c, CLI_TEST) || job->info.has_test)
        job->part[CLI_TEST_PART].data = cli_data_held_out(job->part[CLI_TEST_PART].from, job->schema, answers, &s);
    if (s == TACET_OK && *text(c, CLI_VALIDATE))
        *validation = cli_data_held_out(item(c, CLI_VALIDATE), job->schema, answers, &s);
    if (s == TACET_OK && c->value[CLI_SHARE].number > 0) {
        *validation = tacet_data_hold_out(job->part[CLI_TRAINING_PART].data, c->value[CLI_SHARE].number,
                                          (uint64_t)c->value[CLI_SEED].integer, &e);
        if (!*validation) s = cli_refuse(&e, 1, item(c, CLI_SHARE));
    }
    return s;
}

/* The training data. A label that the loss ignores is not counted as a class of the data either. */
static cli_item data_of(const cli_config *c)
{
    cli_item data = *item(c, CLI_DATA);
    char label[64], *to = cli_take(c->arena, strlen(data.text) + sizeof label + 16);
    tacet_setting set = {.size = sizeof set};
    const size_t room = strlen(data.text) + sizeof label + 16;
    if (tacet_spec_find(TACET_ROLE_LOSS, text(c, CLI_LOSS), "ignore", &set, label, sizeof label, NULL) && set.given)
        if (tacet_spec_find(TACET_ROLE_DATA, data.text, "ignore", &set, NULL, 0, NULL) == 0 && !set.given &&
            tacet_spec_set(TACET_ROLE_DATA, data.text, "ignore", label, to, room, NULL))
            data.text = to;
    return data;
}

static tacet_status open_data(cli_job *job)
{
    tacet_data_info *info = &job->info;
    cli_config *c = job->config;
    tacet_error e;
    const cli_item from = data_of(c);
    tacet_data *d = open_part(&from, "train", NULL, true, &e);
    job->part[CLI_TRAINING_PART].data = d;
    if (!d) return cli_refuse(&e, 1, item(c, CLI_DATA));
    cli_data_remarks(d);
    job->schema = cli_schema_of(c->arena, d);
    job->read = cli_data_line(c->arena, d);
    job->classes = c->value[CLI_TARGET].integer ? "" : cli_schema_classes(c->arena, job->schema);
    tacet_data_describe(d, info);
    tacet_status s = open_parts(job);
    if (s != TACET_OK) return s;
    int64_t most = 0;
    bool weighed = false;
    for (int i = CLI_PARTS - 1; i >= 0; i--) { /* backwards, so that *info is that of the training part in the end */
        if (!job->part[i].data) continue;
        tacet_data_describe(job->part[i].data, info);
        if (info->rows > most) most = info->rows;
        weighed = weighed || info->weighed;
    }
    info->weighed = weighed; /* so that the weights of other parts count in their figures */
    job->batch = c->value[CLI_BATCH].integer < most ? c->value[CLI_BATCH].integer : most;
    job->batch_text = cli_format(c->arena, "%lld", (long long)job->batch);
    job->loader = tacet_loader_new(d, job->batch, (uint64_t)c->value[CLI_SEED].integer,
                                   c->value[CLI_SHUFFLE].integer != 0, &e);
    if (!job->loader) return cli_refuse(&e, 1, item(c, CLI_DATA));
    s = tacet_loader_augment(job->loader, text(c, CLI_AUGMENT), &e);
    return s == TACET_OK ? s : cli_refuse(&e, 1, item(c, CLI_AUGMENT));
}

tacet_status cli_job_open(cli_config *c, int threads, cli_job *job)
{
    *job = (cli_job){.config = c,
                     .info.size = sizeof job->info,
                     .part = {{"training", item(c, CLI_DATA), NULL},
                              {"validation", item(c, *text(c, CLI_VALIDATE) ? CLI_VALIDATE : CLI_DATA), NULL},
                              {"test", item(c, *text(c, CLI_TEST) ? CLI_TEST : CLI_DATA), NULL}}};
    tacet_status s = open_data(job);
    if (s != TACET_OK) return s;
    int64_t steps = c->value[CLI_STEPS].integer, each = cli_job_steps(job);
    if (steps > 0 && !c->value[CLI_EPOCHS].given) {
        c->value[CLI_EPOCHS].integer = steps / each + (steps % each != 0);
        cli_config_put(c, CLI_EPOCHS, cli_format(c->arena, "%lld", (long long)c->value[CLI_EPOCHS].integer));
    }
    job->epochs = c->value[CLI_EPOCHS].integer;
    s = cli_job_describe(job);
    if (s == TACET_OK) s = cli_job_compile(job, threads);
    if (s == TACET_OK) s = cli_job_choose_metric(job);
    for (int i = 0; i < CLI_PARTS && s == TACET_OK; i++)
        if (job->part[i].data)
            s = cli_figures_fit(job->plan, job->part[i].data, job->x, job->target, job->y, job->part[i].from);
    cli_config_put(c, CLI_DATA, job->info.spec);
    return s;
}

void cli_job_close(cli_job *job)
{
    tacet_plan_free(job->plan);
    tacet_graph_free(job->graph);
    tacet_loader_free(job->loader);
    for (int i = 0; i < CLI_PARTS; i++) tacet_data_free(job->part[i].data);
}

/* ---- Notes ------------------------------------------------------------------------------------------------------- */

void cli_job_notes(const cli_job *job, tacet_note note[CLI_NOTES])
{
    const cli_config *c = job->config;
    tacet_value_info y = {.size = sizeof y, .name = ""};
    tacet_value_at(job->plan, job->y.id - 1, &y);
    note[0] = (tacet_note){"data", text(c, CLI_DATA)};
    note[1] = (tacet_note){"schema", job->schema};
    note[2] = (tacet_note){"test", text(c, CLI_TEST)};
    note[3] = (tacet_note){"output", y.name};
    note[4] = (tacet_note){"batch", job->batch_text};
    note[5] = (tacet_note){"metrics", job->metrics};
}

tacet_status cli_model_path(cli_arena *a, const char *path, const char **model)
{
    cli_folder folder;
    bool run, best = false, average = false;
    cli_folder_name(a, path, &folder);
    tacet_status s = cli_folder_holds(folder.model, &run);
    if (s == TACET_OK && run) s = cli_folder_holds(folder.best, &best);
    if (s == TACET_OK && run) s = cli_folder_holds(folder.average, &average);
    *model = run ? folder.model : path;
    if (s == TACET_OK && run)
        cli_print(cli_log(), "model: %s%s%s%s%s\n", folder.model, best ? "; the best epoch's is " : "",
                  best ? folder.best : "", average ? "; that with averaged weights is " : "",
                  average ? folder.average : "");
    return s;
}

tacet_file *cli_model_file(const char *path, tacet_status *s)
{
    tacet_error e;
    tacet_file *f = tacet_file_open(path, NULL, &e);
    if (!f) *s = cli_refuse(&e, 0, NULL);
    return f;
}

/* Finds the input that the outputs are compared with, if it is fed (a layer may also be called target), and the
 * loss. */
static void find_loss(cli_model *m)
{
    tacet_value_info v = {.size = sizeof v};
    tacet_term t = {.size = sizeof t};
    if (tacet_value_at(m->plan, tacet_find(m->graph, "target").id - 1, &v) == TACET_OK &&
        (v.role == TACET_ROLE_LABELS || v.role == TACET_ROLE_INPUT))
        m->target = v.value;
    for (int i = 0; tacet_term_at(m->plan, i, &t) == TACET_OK; i++)
        if (t.role == TACET_ROLE_LOSS) m->loss = true;
}

tacet_status cli_model_open(const char *path, const char *keep, int threads, cli_model *m)
{
    tacet_error e;
    tacet_status s = TACET_OK;
    *m = (cli_model){.batch = 256};
    m->file = cli_model_file(path, &s);
    if (!m->file) return s;
    m->graph = tacet_file_graph(m->file, NULL, &e);
    if (!m->graph) return cli_refuse(&e, 0, NULL);
    const char *batch = tacet_file_note(m->file, "batch");
    if (batch && (!tc_integer_read(batch, &m->batch) || m->batch < 1)) m->batch = 256;
    m->output = tacet_file_note(m->file, "output");
    if (m->output) m->y = tacet_find(m->graph, m->output);
    m->x = tacet_find(m->graph, "x");
    if (!m->y.id || !m->x.id)
        return cli_fail_hint(
            TACET_FILE,
            "a C program says it with an input called x and the note {\"output\", \"linear2\"} for tacet_save",
            "%s does not say what its input and its output are; tacet train writes files that do", path);
    if (keep) tacet_keep(m->graph, keep);
    tacet_config config = {TACET_CONFIG, .batch = m->batch, .threads = threads,
                           .metrics = tacet_file_note(m->file, "metrics")};
    m->plan = tacet_compile(m->graph, &config, &e);
    if (!m->plan) return cli_refuse(&e, 0, NULL);
    find_loss(m);
    s = tacet_file_load(m->file, m->plan, true, NULL, &e);
    return s == TACET_OK ? s : cli_refuse(&e, 0, NULL);
}

void cli_model_close(cli_model *m)
{
    tacet_plan_free(m->plan);
    tacet_graph_free(m->graph);
    tacet_file_free(m->file);
}
