/* growth.c: a program and a library of different versions. This program is compiled twice: with tacet.h, to run with a
 * library whose structs have one more field, and with the header of that library, to run with today's library. */
#include "cmocka_all.h"
#include "tacet/tacet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef TACET_GROWN_tacet
#define TOMORROW(type) offsetof(type, tomorrow)
#else
#define TOMORROW(type) sizeof(type)
#endif

enum { ROOM = 4096, MARK = 0xA5 };

typedef struct network {
    tacet_graph *g;
    tacet_plan *p;
    tacet_value x, target, y;
    char path[64];
    tacet_data *data;
    tacet_loader *loader;
} network;

static const char *compiled(network *n, const tacet_config *config)
{
    static tacet_error why;
    why.message[0] = '\0';
    n->p = tacet_compile(n->g, config, &why);
    return why.message;
}

static int begin(void **state)
{
    static network n;
    tacet_error why;
    snprintf(n.path, sizeof n.path, "/tmp/tacet_growth_XXXXXX");
    FILE *f = fdopen(mkstemp(n.path), "w");
    fprintf(f, "a,b,y\n1,2,0\n3,4,1\n-1,2,1\n");
    fclose(f);
    char source[128];
    snprintf(source, sizeof source, "csv %s label=y", n.path);
    n.data = tacet_data_open(source, "train", NULL, &why);
    if (!n.data) return printf("%s\n", why.message), 1;
    n.loader = tacet_loader_new(n.data, 2, 0, false, &why);
    n.g = tacet_graph_new(NULL);
    n.x = tacet_input(n.g, "x", 1, (const int64_t[]){2});
    n.target = tacet_labels(n.g, "target");
    n.y = tacet_chain(n.g, n.x, "linear 4 | relu | linear 2");
    tacet_loss(n.g, "cross_entropy", n.y, n.target);
    tacet_penalize(n.g, "relu1", "l1 100");
    const char *said = compiled(&n, &(tacet_config){TACET_CONFIG, .batch = 2, .optimizer = "sgd lr=1", .ledger = 1});
    if (!n.p) return printf("%s\n", said), 1;
    for (int k = 0; k < 40; k++) { /* the penalty silences all units, which causes a warning to read */
        if (k % 10 == 0) tacet_ledger_reset(n.p);
        for (int64_t rows; (rows = tacet_loader_next(n.loader, n.p, n.x, n.target)) > 0;)
            if (tacet_step(n.p, rows) != TACET_OK) return printf("%s\n", tacet_plan_error(n.p)->message), 1;
    }
    *state = &n;
    return 0;
}

static int end(void **state)
{
    network *n = *state;
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
    tacet_loader_free(n->loader);
    tacet_data_free(n->data);
    remove(n->path);
    return 0;
}

/* ---- Structs that the library fills ---- */

static tacet_status fill_term(network *n, void *s) { return tacet_term_at(n->p, 1, s); }
static tacet_status fill_value(network *n, void *s) { return tacet_value_at(n->p, 0, s); }
static tacet_status fill_firing(network *n, void *s) { return tacet_firing_at(n->p, n->y.id - 1, true, s); }
static tacet_status fill_term_firing(network *n, void *s) { return tacet_term_firing(n->p, 1, s); }
static tacet_status fill_total(network *n, void *s) { return tacet_ledger_total(n->p, s); }
static tacet_status fill_account(network *n, void *s) { return tacet_account_at(n->p, 1, s); }
static tacet_status fill_warning(network *n, void *s) { return tacet_warning_at(n->p, 0, s); }
static tacet_status fill_data(network *n, void *s) { return tacet_data_describe(n->data, s); }
static tacet_status fill_entry(network *n, void *s) { return (void)n, tacet_entry_at(0, s); }
static tacet_status fill_attribute(network *n, void *s) { return (void)n, tacet_attribute_at(0, 0, s); }

static tacet_status fill_setting(network *n, void *s)
{
    tacet_error why = {0};
    (void)n;
    tacet_spec_find(TACET_ROLE_PENALTY, "l1 1", "lambda", s, NULL, 0, &why);
    return why.status;
}

static tacet_status fill_metric(network *n, void *s) { return tacet_metric_at(n->p, 0, true, s); }

static tacet_status fill_pruned(network *n, void *s)
{
    tacet_error why;
    char path[sizeof n->path + 16]; /* of this process: two programs of this file run at the same time */
    snprintf(path, sizeof path, "%s.safetensors", n->path);
    if (tacet_save(n->p, path, 0, NULL, &why) != TACET_OK) return why.status;
    tacet_file *f = tacet_file_open(path, NULL, &why);
    unlink(path);
    tacet_graph *g = f ? tacet_file_graph(f, NULL, &why) : NULL;
    tacet_pruning *t = g ? tacet_pruning_new(f, g, NULL, &why) : NULL;
    const tacet_status status = t ? tacet_pruning_at(t, 0, s) : why.status;
    tacet_pruning_free(t);
    tacet_graph_free(g);
    tacet_file_free(f);
    return status;
}

static tacet_status fill_state(network *n, void *s)
{
    network other = {.g = tacet_graph_new(NULL)};
    (void)n;
    tacet_chain(other.g, tacet_input(other.g, "x", 1, (const int64_t[]){2}), "batch_norm");
    compiled(&other, &(tacet_config){TACET_CONFIG});
    const tacet_status status = other.p ? tacet_state_at(other.p, 0, s) : TACET_MEMORY;
    tacet_plan_free(other.p);
    tacet_graph_free(other.g);
    return status;
}

static tacet_status fill_result(network *n, void *s)
{
    return tacet_evaluate(n->p, n->loader, n->x, n->target, n->y, s);
}

static tacet_status fill_check(network *n, void *s)
{
    static const float x[] = {1, 2};
    const tacet_array a = {.size = sizeof a, .rank = 1, .shape = {2}, .data = x};
    return tacet_check_operator(n->g, "l2 1", 1, 1, &a, s, NULL);
}

#define FILLED(type, fill)                                                                                             \
    {                                                                                                                  \
#type, sizeof(type), TOMORROW(type), fill                                                                      \
    }

static const struct filled {
    const char *name;
    size_t size, tomorrow;
    tacet_status (*fill)(network *n, void *to);
} filled[] = {
    FILLED(tacet_term, fill_term),       FILLED(tacet_value_info, fill_value),
    FILLED(tacet_firing, fill_firing),   FILLED(tacet_total, fill_total),
    FILLED(tacet_account, fill_account), FILLED(tacet_warning, fill_warning),
    FILLED(tacet_data_info, fill_data),  FILLED(tacet_result, fill_result),
    FILLED(tacet_entry, fill_entry),     FILLED(tacet_attribute, fill_attribute),
    FILLED(tacet_setting, fill_setting), FILLED(tacet_metric, fill_metric),
    FILLED(tacet_pruned, fill_pruned),   FILLED(tacet_firing, fill_term_firing),
    FILLED(tacet_state, fill_state),     FILLED(tacet_gradient_check, fill_check),
};
enum { FILLS = sizeof filled / sizeof *filled, TWICE = 1, GIVEN = 6, CALLS = 1 }; /* tacet_call: only the library makes it */

/* Fills a struct of `size` bytes, in memory filled with MARK. */
static tacet_status fill(network *n, const struct filled *f, size_t size, unsigned char to[ROOM])
{
    memset(to, MARK, ROOM);
    memcpy(to, &size, sizeof size);
    return f->fill(n, to);
}

static void nothing_is_written_after_the_end(void **state)
{
    _Alignas(max_align_t) unsigned char to[ROOM];
    for (int i = 0; i < FILLS; i++) {
        const struct filled *f = &filled[i];
        /* The whole struct, and shorter ones as in earlier versions. */
        for (size_t size = f->size; size >= sizeof size; size -= sizeof size) {
            size_t after = 0;
            if (fill(*state, f, size, to) != TACET_OK) fail_msg("%s of %zu bytes is refused", f->name, size);
            memcpy(&after, to, sizeof after);
            if (after != size) fail_msg("%s: size was overwritten", f->name);
            for (size_t k = size; k < ROOM; k++)
                if (to[k] != MARK) fail_msg("%s of %zu bytes: byte %zu was written", f->name, size, k);
        }
    }
}

static void unknown_fields_become_0(void **state)
{
    _Alignas(max_align_t) unsigned char to[ROOM];
    for (int i = 0; i < FILLS; i++) {
        const struct filled *f = &filled[i];
        assert_int_equal(fill(*state, f, f->size, to), TACET_OK);
        for (size_t k = f->tomorrow; k < f->size; k++)
            if (to[k] != 0) fail_msg("%s: byte %zu, which the library does not know, is not 0", f->name, k);
    }
}

static void known_fields_are_filled(void **state)
{
    network *n = *state;
    tacet_term t = {.size = sizeof t};
    tacet_value_info v = {.size = sizeof v};
    tacet_data_info d = {.size = sizeof d};
    tacet_entry e = {.size = sizeof e};
    assert_int_equal(tacet_term_at(n->p, 1, &t), TACET_OK);
    assert_string_equal(t.name, "relu1:l1");
    assert_int_equal(t.role, TACET_ROLE_PENALTY);
    assert_true(t.lambda == 100 && !t.prox);
    assert_int_equal(tacet_value_at(n->p, 2, &v), TACET_OK);
    assert_int_equal(v.role, TACET_ROLE_LAYER);
    assert_string_equal(v.name, "linear1");
    assert_int_equal(tacet_data_describe(n->data, &d), TACET_OK);
    assert_true(d.rows == 3 && d.classes == 2 && d.stored_rank == 1);
    assert_int_equal(tacet_entry_at(0, &e), TACET_OK);
    assert_string_equal(e.name, "linear");
    assert_string_equal(e.parameter[0], "weight");
}

static void a_size_that_was_not_set_is_refused(void **state)
{
    static const size_t bad[] = {0, 1, sizeof(size_t) - 1, (size_t)MARK << 40};
    _Alignas(max_align_t) unsigned char to[ROOM];
    for (int i = 0; i < FILLS; i++)
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
            assert_int_equal(fill(*state, &filled[i], bad[k], to), TACET_FAILED);
            for (size_t j = sizeof(size_t); j < ROOM; j++) assert_int_equal(to[j], MARK);
        }
}

/* ---- Structs that the caller fills ---- */

static const double scale = 1, shift = 0;

static tacet_status give_config(network *n, const void *s, const char **said)
{
    network other = {.g = n->g};
    *said = compiled(&other, s);
    tacet_plan_free(other.p);
    return other.p ? TACET_OK : TACET_FAILED;
}

static tacet_status give_ranks(network *n, const void *s, const char **said)
{
    return give_config(n, &(tacet_config){TACET_CONFIG, .ranks = s}, said);
}

static tacet_status give_scaling(network *n, const void *s, const char **said)
{
    static const float data[] = {1, 2};
    const tacet_status status = tacet_feed_rows(n->p, n->x, TACET_F32, data, 2, NULL, s);
    *said = tacet_plan_error(n->p)->message;
    return status;
}

static tacet_status give_array(network *n, const void *s, const char **said)
{
    static tacet_error why;
    (void)n, why.message[0] = '\0';
    tacet_data *d = tacet_data_new(1, s, NULL, false, NULL, NULL, &why);
    *said = why.message;
    tacet_data_free(d);
    return d ? TACET_OK : TACET_FAILED;
}

static tacet_status give_stamp(network *n, const void *s, const char **said)
{
    const size_t length = tacet_record(n->p, "epoch", s, NULL, 0);
    *said = tacet_plan_error(n->p)->message;
    return length > 0 ? TACET_OK : TACET_FAILED;
}

static const float row[] = {1, 2};
static const tacet_stamp stamp = {.size = sizeof stamp, .epoch = 1};
static const tacet_array array = {.size = sizeof array, .rank = 1, .shape = {2}, .data = row};
static const tacet_config config = {TACET_CONFIG, .batch = 2};
static tacet_status no_prox(const tacet_call *call, double t)
{
    (void)call, (void)t;
    return TACET_OK;
}

static const tacet_operator own = {TACET_OPERATOR, .role = TACET_ROLE_CONSTRAINT, .name = "own", .prox = no_prox};

static tacet_status give_operator(network *n, const void *s, const char **said)
{
    (void)n;
    static tacet_error why;
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_operator_add(g, s);
    const tacet_error *e = tacet_graph_error(g);
    why = e ? *e : (tacet_error){0};
    *said = why.message;
    tacet_graph_free(g);
    return why.status;
}

static const tacet_ranks ranks = {.size = sizeof ranks, .count = 1};
static const tacet_scaling scaling = {.size = sizeof scaling, .count = 1, .scale = &scale, .shift = &shift};

#define GIVES(type, from, give)                                                                                        \
    {                                                                                                                  \
#type, sizeof(type), TOMORROW(type), from, give                                                                \
    }

static const struct given {
    const char *name;
    size_t size, tomorrow;
    const void *from;
    tacet_status (*give)(network *n, const void *s, const char **said);
} given[GIVEN] = {
    GIVES(tacet_config, &config, give_config),    GIVES(tacet_ranks, &ranks, give_ranks),
    GIVES(tacet_scaling, &scaling, give_scaling), GIVES(tacet_array, &array, give_array),
    GIVES(tacet_stamp, &stamp, give_stamp),       GIVES(tacet_operator, &own, give_operator),
};

/* Memory after a struct must not be read: here it cannot be. */
static void nothing_is_read_after_the_end(void **state)
{
    enum { PAGE = 1 << 16 };
    const char *said = "";
    char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED && mprotect(page + PAGE, PAGE, PROT_NONE) == 0);
    for (int i = 0; i < GIVEN; i++) {
        const struct given *s = &given[i];
        void *at = memcpy(page + PAGE - s->size, s->from, s->size);
        if (s->give(*state, at, &said) != TACET_OK) fail_msg("%s: %s", s->name, said);
    }
    munmap(page, 2 * PAGE);
}

static void unknown_fields_must_be_0(void **state)
{
    _Alignas(max_align_t) unsigned char at[ROOM];
    for (int i = 0; i < GIVEN; i++) {
        const struct given *s = &given[i];
        const char *said = "";
        for (size_t k = s->tomorrow; k < s->size; k++) {
            memcpy(at, s->from, s->size);
            at[k] = 1;
            if (s->give(*state, at, &said) == TACET_OK) fail_msg("%s: byte %zu is not 0, and was accepted", s->name, k);
            if (!strstr(said, s->name) || !strstr(said, "does not know")) fail_msg("%s: %s", s->name, said);
        }
    }
}

static void a_size_must_be_given(void **state)
{
    static const size_t bad[] = {0, 1, (size_t)MARK << 40};
    _Alignas(max_align_t) unsigned char at[ROOM];
    for (int i = 0; i < GIVEN; i++)
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
            const char *said = "";
            memcpy(at, given[i].from, given[i].size);
            memcpy(at, &bad[k], sizeof bad[k]);
            assert_int_equal(given[i].give(*state, at, &said) == TACET_OK, 0);
            if (!strstr(said, given[i].name) || !strstr(said, "sizeof")) fail_msg("%s: %s", given[i].name, said);
        }
}

/* The config of an earlier program lacks newer fields; they count as 0. */
static void missing_fields_are_0(void **state)
{
    network other = {.g = ((network *)*state)->g};
    tacet_config c = {TACET_CONFIG, .batch = 2, .optimizer = "sgd lr=1", .sparse = (tacet_sparse)77};
    c.size = offsetof(tacet_config, optimizer);
    if (*compiled(&other, &c)) fail_msg("refused");
    assert_int_equal(tacet_step(other.p, 1), TACET_FAILED); /* it has no optimizer */
    tacet_plan_free(other.p);
}

static void every_struct_is_tested(void **state)
{
    (void)state;
#ifdef TACET_GROWN_tacet
    assert_int_equal(FILLS - TWICE + GIVEN + CALLS, TACET_GROWN_tacet + TACET_GROWN_operator);
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_written_after_the_end),
        cmocka_unit_test(unknown_fields_become_0),
        cmocka_unit_test(known_fields_are_filled),
        cmocka_unit_test(a_size_that_was_not_set_is_refused),
        cmocka_unit_test(nothing_is_read_after_the_end),
        cmocka_unit_test(unknown_fields_must_be_0),
        cmocka_unit_test(a_size_must_be_given),
        cmocka_unit_test(missing_fields_are_0),
        cmocka_unit_test(every_struct_is_tested),
    };
    return cmocka_run_group_tests_name("growth", tests, begin, end);
}
