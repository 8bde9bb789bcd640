/* All of the library's allocations go through the hook that it was given. malloc is replaced by one that counts, and what is
 * not called from the hook is an allocation of the C library: tacet.h says which these are. */
#include "cmocka_all.h"

#include "data_files.h"
#include "zip_files.h"

#include <stdatomic.h>
#include <stdlib.h>

#if defined(__GLIBC__) && !defined(TC_SANITIZED)
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
static atomic_int past, inside;

void *malloc(size_t size)
{
    past += !inside;
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    past += !inside;
    return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    past += !inside;
    return __libc_realloc(old, size);
}

static void *resize(void *context, void *old, size_t size)
{
    (void)context;
    if (size == 0) {
        free(old);
        return NULL;
    }
    inside++;
    void *block = realloc(old, size);
    inside--;
    return block;
}

static const tacet_memory hook = {resize, NULL};

/* At most `most` allocations of the C library. */
#define COUNTS(most, call)                                                                                             \
    do {                                                                                                               \
        past = 0;                                                                                                      \
        call;                                                                                                          \
        const int n = past;                                                                                            \
        if (n > (most)) fail_msg("%s: %d allocations past the hook", #call, n);                                        \
    } while (0)

/* A source in the folder, which @ stands for. */
static tacet_data *open_counted(const char *with, int most)
{
    char spec[400];
    tacet_error e;
    const char *at = strchr(with, '@');
    tacet_data *d;
    snprintf(spec, sizeof spec, "%.*s%s%s", (int)(at - with), with, folder, at + 1);
    COUNTS(most, d = tacet_data_open(spec, "train", &hook, &e));
    if (!d) fail_msg("%s: %s", spec, e.message);
    return d;
}

static void write_files(void)
{
    zip z = {.deflated = true};
    char text[4000] = "a,b,kind\n";
    for (int i = 0; i < 60; i++) snprintf(text + strlen(text), 40, "%d,%d,%d\n", i, i * i, i % 3);
    write_text("t.csv", text);
    write_gzip("t.csv.gz", text, strlen(text));
    write_npy("x.npy", 1, "{'descr': '>f4', 'fortran_order': True, 'shape': (2, 2), }", (float[4]){0}, 16);
    zip_add_file(&z, "x.npy", "x.npy");
    zip_end(&z, "x.npz");
    write_idx_set();
}

static void data_are_read_through_the_hook(void **unused)
{
    (void)unused;
    enum { FOLDER = 1 };
    write_files();
    tacet_data_free(open_counted("csv @/t.csv label=kind missing=median normalize=feature", 0));
    tacet_data_free(open_counted("csv @/t.csv.gz label=kind", 0));
    tacet_data_free(open_counted("npy @/x.npy", 0));
    tacet_data_free(open_counted("npy @/x.npz:x", 0));
    tacet_data_free(open_counted("npy @/x*.npy", FOLDER));
    tacet_data_free(open_counted("idx @", FOLDER));
}

static void models_are_trained_through_the_hook(void **unused)
{
    (void)unused;
    char path[100];
    tacet_error e;
    tacet_pool *pool;
    tacet_plan *p;
    tacet_loader *l;
    tacet_file *f;
    tacet_graph *again;
    tacet_result r = {.size = sizeof r};
    tacet_status s = TACET_OK;
    write_files();
    snprintf(path, sizeof path, "%s/model", folder);
    tacet_data *d = open_counted("csv @/t.csv label=kind", 0);
    tacet_graph *g = tacet_graph_new(&hook);
    const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){2}), t = tacet_labels(g, "target");
    const tacet_value y = tacet_chain(g, x, "linear 12 | relu | linear 3");
    COUNTS(0, tacet_loss(g, "cross_entropy", y, t));
    COUNTS(0, tacet_penalize(g, "*.weight", "l1 0.01 prox"));
    COUNTS(0, tacet_penalize(g, "relu1", "l1 density=0.5"));
    tacet_pool_free(tacet_pool_new(3, &hook)); /* the stacks of threads that have ended are used again */
    COUNTS(2 * 3, pool = tacet_pool_new(3, &hook));
    const tacet_config c = {TACET_CONFIG, .batch = 16, .optimizer = "adam lr=0.01",
                            .pool = pool, .ledger = 2, .metrics = "f1"};
    COUNTS(0, p = tacet_compile(g, &c, &e));
    COUNTS(0, l = tacet_loader_new(d, 16, 1, true, &e));
    for (int i = 0; i < 10; i++) {
        int64_t rows;
        COUNTS(0, rows = tacet_loader_next(l, p, x, t));
        if (rows > 0) COUNTS(0, s = tacet_step(p, rows));
        assert_true(rows >= 0 && s == TACET_OK);
    }
    COUNTS(0, s = tacet_evaluate(p, l, x, t, y, &r));
    assert_int_equal(s, TACET_OK);
    COUNTS(0, s = tacet_save(p, path, 0, NULL, &e));
    COUNTS(0, s = tacet_checkpoint(p, l, path, 0, NULL, &e));
    COUNTS(0, f = tacet_file_open(path, &hook, &e));
    COUNTS(0, again = tacet_file_graph(f, &hook, &e));
    COUNTS(0, s = tacet_file_load(f, p, false, NULL, &e));
    COUNTS(0, s = tacet_resume(p, l, f, &e));
    assert_int_equal(s, TACET_OK);
    COUNTS(0, tacet_explain(p, NULL, 0));
    COUNTS(0, tacet_machine(NULL, 0));
    tacet_graph_free(again);
    tacet_file_free(f);
    tacet_loader_free(l);
    tacet_plan_free(p);
    tacet_pool_free(pool);
    tacet_graph_free(g);
    tacet_data_free(d);
}
#else
static void data_are_read_through_the_hook(void **unused) { (void)unused, skip(); }
static void models_are_trained_through_the_hook(void **unused) { (void)unused, skip(); }
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_are_read_through_the_hook),
        cmocka_unit_test(models_are_trained_through_the_hook),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
