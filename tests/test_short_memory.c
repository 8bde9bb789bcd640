/* Memory that runs out: whichever allocation fails, a call says so or gives the same numbers; and texts that are written
 * into a caller's memory need no other. */
#include "cmocka_all.h"

#include "failing.h"
#include "trained.h"

enum { NUMBERS = MOST + ROWS * OUT, TEXT = 1 << 14 };

static char scaled[128]; /* the source, with inputs that are standardised */

/* A model or a checkpoint that is opened, and the numbers that it gives. */
typedef struct work {
    const tacet_memory *memory;
    tacet_error why;
    tacet_file *file;
    tacet_graph *graph;
    tacet_plan *plan;
    tacet_data *data;
    tacet_loader *loader;
    tacet_value x, target;
    float number[NUMBERS];
    size_t count;
} work;

/* optimizer NULL: for inference. */
static bool open_work(work *w, const char *path, const char *optimizer, const char *rows)
{
    const tacet_config c = {TACET_CONFIG, .batch = BATCH,       .optimizer = optimizer,
                            .seed = 1,    .steps_per_epoch = 5, .epochs = 9};
    tacet_error *e = &w->why;
    if (!(w->file = tacet_file_open(path, w->memory, e))) return false;
    if (!(w->graph = tacet_file_graph(w->file, w->memory, e))) return false;
    if (!(w->plan = tacet_compile(w->graph, &c, e))) return false;
    w->x = tacet_find(w->graph, "x"), w->target = tacet_find(w->graph, "target");
    w->data = optimizer ? tacet_data_open(rows, "train", w->memory, e)
                        : tacet_data_open_as(rows, "train", tacet_file_note(w->file, "schema"), true, w->memory, e);
    if (!w->data) return false;
    w->loader = tacet_loader_new(w->data, BATCH, usual.shuffle, optimizer != NULL, e);
    return w->loader != NULL;
}

static void close_work(work *w)
{
    tacet_loader_free(w->loader);
    tacet_data_free(w->data);
    tacet_plan_free(w->plan);
    tacet_graph_free(w->graph);
    tacet_file_free(w->file);
}

static tacet_status predict(work *w)
{
    if (!open_work(w, model_path, NULL, scaled)) return w->why.status;
    tacet_status s = tacet_file_load(w->file, w->plan, true, NULL, &w->why);
    if (s != TACET_OK) return s;
    for (int64_t rows; (rows = tacet_loader_next(w->loader, w->plan, w->x, (tacet_value){0})) > 0;) {
        assert_int_equal(tacet_forward(w->plan, rows), TACET_OK);
        assert_int_equal(tacet_read(w->plan, "head", w->number + w->count, (size_t)rows * OUT), TACET_OK);
        w->count += (size_t)rows * OUT;
    }
    return TACET_OK;
}

static tacet_status evaluate(work *w)
{
    tacet_result r = {.size = sizeof r};
    if (!open_work(w, model_path, NULL, scaled)) return w->why.status;
    tacet_status s = tacet_file_load(w->file, w->plan, true, NULL, &w->why);
    if (s != TACET_OK) return s;
    s = tacet_evaluate(w->plan, w->loader, w->x, w->target, tacet_find(w->graph, "head"), &r);
    if (s != TACET_OK) return w->why = *tacet_plan_error(w->plan), s;
    memcpy(w->number, (double[]){r.objective, r.data_loss, r.accuracy}, 3 * sizeof(double));
    w->count = 6;
    return s;
}

static tacet_status resume_from(work *w, const char *path, const char *rows)
{
    if (!open_work(w, path, usual.optimizer, rows)) return w->why.status;
    tacet_status s = tacet_resume(w->plan, w->loader, w->file, &w->why);
    if (s != TACET_OK) return s;
    network n = {.g = w->graph, .x = w->x, .target = w->target, .p = w->plan, .data = w->data, .loader = w->loader};
    train(&n, 3);
    w->count = weights(w->plan, w->number);
    return s;
}

static tacet_status resume(work *w) { return resume_from(w, checkpoint_path, scaled); }

/* The state of an old checkpoint is turned into that of a new one. */
static tacet_status resume_old(work *w)
{
    char path[512];
    const char *root = getenv("TACET_SOURCE");
    snprintf(path, sizeof path, "%s/tests/checkpoints/version2.safetensors", root ? root : ".");
    return resume_from(w, path, source);
}

/* A trained network whose inputs are standardised: its model and its checkpoint. */
static void train_scaled(void)
{
    network n;
    tacet_error why;
    char schema[2000];
    begin(&n, &usual);
    tacet_loader_free(n.loader);
    tacet_data_free(n.data);
    snprintf(scaled, sizeof scaled, "%s normalize=feature", source);
    n.data = tacet_data_open(scaled, "train", NULL, &why);
    n.loader = tacet_loader_new(n.data, BATCH, usual.shuffle, true, &why);
    train(&n, 7);
    assert_true(tacet_data_schema(n.data, schema, sizeof schema) < sizeof schema);
    save(&n, 1, &(tacet_note){"schema", schema});
    checkpoint(&n);
    end(&n);
}

static void the_same_numbers_or_none(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        tacet_status (*run)(work *w);
    } kind[] = {{"predict", predict}, {"evaluate", evaluate}, {"resume", resume}, {"resume of version 2", resume_old}};
    train_scaled();
    for (size_t k = 0; k < sizeof kind / sizeof *kind; k++) {
        work good = {0};
        assert_int_equal(kind[k].run(&good), TACET_OK);
        assert_true(good.count > 0);
        bool failed = true;
        for (int64_t n = 1; failed; n++) {
            failing hook = {.fail_at = n};
            const tacet_memory m = failing_memory(&hook);
            work w = {.memory = &m};
            const tacet_status s = kind[k].run(&w);
            failed = hook.failed;
            if (s != TACET_OK && (!failed || s != TACET_MEMORY || !strstr(w.why.message, "out of memory")))
                fail_msg("%s, allocation %d: status %d, %s", kind[k].name, (int)n, (int)s, w.why.message);
            if (s == TACET_OK) {
                assert_int_equal(w.count, good.count);
                assert_memory_equal(w.number, good.number, good.count * sizeof *good.number);
            }
            close_work(&w);
            assert_int_equal(hook.alive, 0);
            assert_true(n < 3000);
        }
        close_work(&good);
    }
}

static size_t explanation(const network *n, char *to, size_t room) { return tacet_explain(n->p, to, room); }
static size_t inputs(const network *n, char *to, size_t room) { return tacet_graph_text(n->g, "input", to, room); }
static size_t layers(const network *n, char *to, size_t room) { return tacet_graph_text(n->g, "model", to, room); }
static size_t losses(const network *n, char *to, size_t room) { return tacet_graph_text(n->g, "loss", to, room); }
static size_t penalties(const network *n, char *to, size_t room)
{
    return tacet_graph_text(n->g, "penalties", to, room);
}
static size_t options(const network *n, char *to, size_t room) { return tacet_graph_text(n->g, "options", to, room); }
static size_t schema(const network *n, char *to, size_t room) { return tacet_data_schema(n->data, to, room); }
static size_t machine(const network *n, char *to, size_t room) { return n ? tacet_machine(to, room) : 0; }

/* In room for all of it, for part of it and for none. */
static void texts_need_no_memory(void **unused)
{
    (void)unused;
    size_t (*const text[])(const network *n, char *to, size_t room) = {explanation, inputs,  layers, losses,
                                                                       penalties,   options, schema, machine};
    failing hook = {0};
    const tacet_memory m = failing_memory(&hook);
    tacet_error why;
    network n = {.g = tacet_graph_new(&m), .data = tacet_data_open(source, "train", &m, &why)};
    n.x = tacet_input(n.g, "x", 1, (int64_t[]){IN});
    n.target = tacet_labels(n.g, "target");
    tacet_loss(n.g, "cross_entropy", tacet_chain(n.g, n.x, usual.model), n.target);
    tacet_penalize(n.g, "relu*", "l1 0.1");
    tacet_penalize(n.g, "linear2.*", "norm 1e-2 joint");
    tacet_options(n.g, "head.*", usual.options);
    n.p = compile(n.g, usual.optimizer, 1);
    const int64_t calls = hook.calls;
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        static char all[TEXT], part[TEXT];
        const size_t length = text[i](&n, NULL, 0);
        assert_in_range(length, 1, TEXT - 1);
        assert_int_equal(text[i](&n, all, TEXT), length);
        assert_int_equal(strlen(all), length);
        for (size_t room = 1; room <= length; room++) {
            memset(part, '#', sizeof part);
            assert_int_equal(text[i](&n, part, room), length);
            assert_memory_equal(part, all, room - 1);
            assert_int_equal(part[room - 1], '\0');
            assert_int_equal(part[room], '#');
        }
    }
    assert_int_equal(hook.calls, calls);
    tacet_data_free(n.data);
    tacet_plan_free(n.p);
    tacet_graph_free(n.g);
    assert_int_equal(hook.alive, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_numbers_or_none),
        cmocka_unit_test(texts_need_no_memory),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
