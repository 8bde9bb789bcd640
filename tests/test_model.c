/* Models: a saved network, rebuilt only from its file, gives the same outputs; a file that does not fit is refused and
 * changes nothing. Also the catalogue, which lists every word of the small language. */
#include "model/safetensors.h"
#include "trained.h"

static void a_model_file_is_enough(void **unused)
{
    (void)unused;
    network n;
    tacet_error why;
    float y[BATCH * OUT], again[BATCH * OUT];
    static const tacet_note note[] = {{"scaling", "x * 2"}, {"who", "me"}};
    begin(&n, &usual);
    train(&n, 7);
    save(&n, 2, note);
    outputs(n.p, n.g, y);

    tacet_file *f = opened(model_path);
    assert_string_equal(tacet_file_note(f, "scaling"), "x * 2");
    assert_string_equal(tacet_file_note(f, "format"), "pt");
    tacet_graph *g = tacet_file_graph(f, NULL, &why);
    if (!g) fail_msg("%s", why.message);
    static const char *const part[] = {"input", "model", "loss", "penalties", "options"};
    for (int i = 0; i < 5; i++) {
        char was[1024], is[1024];
        assert_true(tacet_graph_text(n.g, part[i], was, sizeof was) > 0);
        tacet_graph_text(g, part[i], is, sizeof is);
        assert_string_equal(was, is);
    }
    tacet_plan *p = compile(g, NULL, 99);
    int taken = 0;
    if (tacet_file_load(f, p, true, &taken, &why)) fail_msg("%s", why.message);
    assert_int_equal(taken, tacet_file_count(f));
    assert_same_weights(n.p, p);
    outputs(p, g, again);
    assert_memory_equal(y, again, sizeof y);
    tacet_plan_free(p);
    tacet_graph_free(g);
    tacet_file_free(f);
    end(&n);
}

/* Weights are [out, in] in the file, as in tacet_read. */
static void tensors_have_the_users_layout(void **unused)
{
    (void)unused;
    network n;
    float w[8 * IN];
    begin(&n, &usual);
    save(&n, 0, NULL);
    tacet_file *f = opened(model_path);
    bool seen = false;
    for (int i = 0; i < tacet_file_count(f); i++) {
        const char *name;
        const int64_t *shape;
        const float *data;
        int rank;
        assert_int_equal(tacet_file_tensor(f, i, &name, &rank, &shape, &data), TACET_OK);
        if (strcmp(name, "a.weight") != 0) continue;
        seen = true;
        assert_true(rank == 2 && shape[0] == 8 && shape[1] == IN);
        assert_int_equal(tacet_read(n.p, name, w, 8 * IN), TACET_OK);
        assert_memory_equal(data, w, sizeof w);
    }
    assert_true(seen);
    tacet_file_free(f);
    end(&n);
}

/* Names with dots and digits, as in a state dict, are the names of tensors in a file, and can be loaded again. */
static void names_match_those_of_modules(void **unused)
{
    (void)unused;
    static const char *const tensor[] = {"0.weight", "0.bias", "layer1.0.fc.weight", "layer1.0.fc.bias",
                                         "layer1.1.weight"};
    enum { TENSORS = sizeof tensor / sizeof *tensor };
    tacet_error why;
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){IN}),
                "linear 8 name=0 | relu name=1 | linear 8 name=layer1.0.fc | relu name=layer1.0.relu | "
                "linear 3 name=layer1.1 bias=false");
    tacet_plan *p = compile(g, NULL, 3), *q = compile(g, NULL, 4);
    if (tacet_save(p, model_path, 0, NULL, &why)) fail_msg("%s", why.message);
    tacet_file *f = opened(model_path);
    assert_int_equal(tacet_file_count(f), TENSORS);
    for (int k = 0; k < TENSORS; k++) {
        const char *name = "";
        const int64_t *shape;
        const float *data;
        int rank, i = 0;
        while (strcmp(name, tensor[k]) != 0)
            if (tacet_file_tensor(f, i++, &name, &rank, &shape, &data)) fail_msg("no %s", tensor[k]);
    }
    int taken = 0;
    if (tacet_file_load(f, q, true, &taken, &why)) fail_msg("%s", why.message);
    assert_int_equal(taken, TENSORS);
    assert_same_weights(p, q);
    tacet_file_free(f);
    tacet_plan_free(p);
    tacet_plan_free(q);
    tacet_graph_free(g);
}

/* Descriptions added after compiling are not part of the plan or its file. */
static void a_plan_saves_what_it_was_compiled_from(void **unused)
{
    (void)unused;
    network n;
    tacet_error why;
    begin(&n, &usual);
    tacet_chain(n.g, n.y, "relu | linear 4 name=later");
    tacet_penalize(n.g, "later", "l1 1");
    assert_null(tacet_graph_error(n.g));
    save(&n, 0, NULL);
    tacet_file *f = opened(model_path);
    tacet_graph *g = tacet_file_graph(f, NULL, &why);
    if (!g) fail_msg("%s", why.message);
    assert_int_equal(tacet_find(g, "later").id, 0);
    tacet_plan *p = compile(g, NULL, 0);
    if (tacet_file_load(f, p, true, NULL, &why)) fail_msg("%s", why.message);
    assert_same_weights(n.p, p);
    tacet_plan_free(p);
    tacet_graph_free(g);
    tacet_file_free(f);
    end(&n);
}

static void bad_notes_are_refused(void **unused)
{
    (void)unused;
    network n;
    tacet_error why;
    static const tacet_note ours[] = {{"tacet.model", "x"}}, twice[] = {{"a", "1"}, {"a", "2"}},
                            taken[] = {{"format", "tf"}}, latin[] = {{"caf\xe9", "1"}};
    begin(&n, &usual);
    assert_int_equal(tacet_save(n.p, model_path, 1, ours, &why), TACET_FAILED);
    assert_int_equal(tacet_save(n.p, model_path, 2, twice, &why), TACET_FAILED);
    assert_int_equal(tacet_save(n.p, model_path, 1, taken, &why), TACET_FAILED);
    assert_int_equal(tacet_save(n.p, model_path, 1, latin, &why), TACET_FAILED);
    assert_int_equal(tacet_save(n.p, "/tmp/no/such/folder/m", 0, NULL, &why), TACET_IO);
    end(&n);
}

/* Loads the usual model's file into another network. */
static tacet_status load_into(const char *model, bool strict, int *taken, tacet_error *why)
{
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){IN}), model);
    tacet_plan *p = compile(g, NULL, 5);
    tacet_file *f = opened(model_path);
    float before[MOST], after[MOST];
    weights(p, before);
    const tacet_status s = tacet_file_load(f, p, strict, taken, why);
    const size_t n = weights(p, after);
    if (s != TACET_OK) assert_memory_equal(before, after, n * sizeof *before);
    tacet_file_free(f);
    tacet_plan_free(p);
    tacet_graph_free(g);
    return s;
}

static void loading_into_another_network(void **unused)
{
    (void)unused;
    network n;
    tacet_error why = {0};
    int taken = -1;
    begin(&n, &usual);
    save(&n, 0, NULL);
    assert_int_equal(load_into("linear 9 name=a", true, &taken, &why), TACET_FILE);
    assert_non_null(strstr(why.message, "a.weight is [8, 6], but in this network it is [9, 6]"));
    assert_int_equal(load_into("linear 8 name=b", true, &taken, &why), TACET_FILE);
    assert_non_null(strstr(why.message, "has no b.weight"));
    assert_int_equal(load_into("linear 8 name=a", true, &taken, &why), TACET_FILE);
    assert_non_null(strstr(why.message, "linear2.weight, which this network does not have"));
    assert_int_equal(taken, -1);
    assert_int_equal(load_into("linear 8 name=a | linear 9", false, &taken, &why), TACET_OK);
    assert_int_equal(taken, 2);
    assert_int_equal(load_into("linear 9 name=b", false, &taken, &why), TACET_OK);
    assert_int_equal(taken, 0);
    end(&n);
}

/* Writes a file with this header and so many bytes of numbers, and loads it into "linear 4 name=a" of 3 inputs. */
static tacet_status load_header(const char *header, int bytes, bool strict, char *text, size_t capacity,
                                tacet_error *why)
{
    char file[400];
    const uint64_t n = strlen(header);
    assert_true(8 + n + (size_t)bytes <= sizeof file);
    memset(file, 0, sizeof file);
    memcpy(file, &n, 8);
    memcpy(file + 8, header, n);
    FILE *to = fopen(model_path, "wb");
    assert_int_equal(fwrite(file, 1, 8 + n + (size_t)bytes, to), 8 + n + (size_t)bytes);
    fclose(to);
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){3}), "linear 4 name=a bias=false");
    tacet_plan *p = compile(g, NULL, 5);
    tacet_file *f = opened(model_path);
    const tacet_status s = tacet_file_load(f, p, strict, NULL, why);
    const size_t all = tacet_file_differences(f, p, text, capacity);
    assert_int_equal(tacet_file_differences(f, p, NULL, 0), all);
    tacet_file_free(f);
    tacet_plan_free(p);
    tacet_graph_free(g);
    return s;
}

/* The same for one tensor, which has this name, type and shape. */
static tacet_status load_one(const char *name, const char *type, const char *shape, int bytes, bool strict, char *text,
                             size_t capacity, tacet_error *why)
{
    char header[300];
    snprintf(header, sizeof header, "{\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[0,%d]}}", name, type,
             shape, bytes);
    return load_header(header, bytes, strict, text, capacity, why);
}

/* The right name and another shape is said with both shapes; a type that cannot be read counts only where it is needed. */
static void tensors_that_do_not_fit(void **unused)
{
    (void)unused;
    char text[300];
    tacet_error why = {0};
    assert_int_equal(load_one("a.weight", "F32", "[3, 4]", 48, false, text, sizeof text, &why), TACET_OK);
    assert_string_equal(text, "a.weight is [3, 4], but in this network it is [4, 3] (transposed?)");
    assert_int_equal(load_one("a.weight", "F32", "[3, 4]", 48, true, text, sizeof text, &why), TACET_FILE);
    assert_non_null(strstr(why.message, "a.weight is [3, 4], but in this network it is [4, 3] (transposed?)"));
    assert_int_equal(load_one("a.weight", "F32", "[12]", 48, false, text, sizeof text, &why), TACET_OK);
    assert_string_equal(text, "a.weight is [12], but in this network it is [4, 3]");
    assert_int_equal(load_one("a.weight", "BF16", "[4, 3]", 24, true, text, sizeof text, &why), TACET_OK);
    assert_string_equal(text, "");
    assert_int_equal(load_one("b", "F8_E5M2", "[4, 3]", 12, false, text, sizeof text, &why), TACET_OK);
    for (int strict = 0; strict < 2; strict++) {
        assert_int_equal(load_one("a.weight", "F8_E5M2", "[4, 3]", 12, strict, text, sizeof text, &why), TACET_FILE);
        assert_non_null(strstr(why.message, "a.weight is F8_E5M2; the types that can be read are F32, F64"));
    }
    assert_int_equal(load_one("a.weight", "F32", "[1,1,1,1,1,1,1,4,3]", 48, true, text, sizeof text, &why), TACET_FILE);
    assert_non_null(strstr(why.message, "more than 8 sizes"));
}

/* A state dict of PyTorch also says how many batches its batch norms have seen, which nothing here needs. */
static void counts_of_batches_are_not_needed(void **unused)
{
    (void)unused;
    char text[300], header[300];
    tacet_error why = {0};
    const char *const two = "{\"a.weight\":{\"dtype\":\"F32\",\"shape\":[4,3],\"data_offsets\":[0,48]},"
                            "\"%s\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[48,56]}}";
    snprintf(header, sizeof header, two, "layer1.0.bn1.num_batches_tracked");
    assert_int_equal(load_header(header, 56, true, text, sizeof text, &why), TACET_OK);
    snprintf(header, sizeof header, two, "num_batches_tracked");
    assert_int_equal(load_header(header, 56, true, text, sizeof text, &why), TACET_FILE);
    assert_non_null(strstr(why.message, "holds num_batches_tracked, which this network does not have"));
}

/* A file with only these notes cannot become a network; the message names the note and the reason. */
static void no_network(int notes, const tacet_note *note, const char *why_not)
{
    tacet_error why = {0};
    const tc_mem m = tc_mem_of(NULL);
    tc_json_writer text = {.to.mem = m};
    for (int i = 0; i < notes; i++) tc_json_add_text(&text, note[i].key, note[i].text);
    const tc_outline o = {.notes = text.to.data};
    assert_int_equal(tc_safetensors_write(&m, model_path, &o, &why), TACET_OK);
    tc_text_free(&text.to);
    tacet_file *f = opened(model_path);
    assert_null(tacet_file_graph(f, NULL, &why));
    assert_int_equal(why.status, TACET_FILE);
    if (!strstr(why.message, why_not) || !strstr(why.message, model_path))
        fail_msg("\"%s\" does not say \"%s\"", why.message, why_not);
    tacet_file_free(f);
}

static void wrong_descriptions_are_refused(void **unused)
{
    (void)unused;
    tacet_note note[] = {
        {"tacet.input", "x 4"}, {"tacet.model", "from x | linear 3"}, {"tacet.penalties", "linear1: l1 0.1"}};
    no_network(0, note, "tacet.input");
    no_network(1, note + 2, "tacet.input"); /* a penalty on what? */
    no_network(1, &(tacet_note){"tacet.loss", ""}, "tacet.input");
    note[1].text = "from x | linaer 3";
    no_network(3, note, "tacet.model: ");
    note[1].text = "from x | linear 3";
    note[2].text = "linear7: l1 0.1";
    no_network(3, note, "tacet.penalties: ");
    note[2].text = "linear1";
    no_network(3, note, "tacet.penalties: ");
    note[0].text = "x 4 -3";
    no_network(3, note, "tacet.input: ");
    note[0].text = "x 4 99999999999999999999";
    no_network(3, note, "tacet.input: ");
}

/* ---- The catalogue ---- */

static void the_catalogue_lists_everything(void **unused)
{
    (void)unused;
    static const struct {
        tacet_role role;
        const char *word, *name;
    } must[] = {{TACET_ROLE_LAYER, "layer", "linear"},
                {TACET_ROLE_LOSS, "loss", "cross_entropy"},
                {TACET_ROLE_PENALTY, "penalty", "l1"},
                {TACET_ROLE_CONSTRAINT, "constraint", "unit_norm"},
                {TACET_ROLE_OPTIMIZER, "optimizer", "sgd"},
                {TACET_ROLE_SCHEDULE, "schedule", "cosine"},
                {TACET_ROLE_DATA, "data", "idx"}};
    tacet_entry e = {.size = sizeof e};
    const int n = tacet_entry_count();
    bool seen[sizeof must / sizeof *must] = {0};
    for (int i = 0; i < n; i++) {
        assert_int_equal(tacet_entry_at(i, &e), TACET_OK);
        assert_true(e.role && e.name && e.formula && e.doc);
        const bool labels = strcmp(e.name, "cross_entropy") == 0 || strcmp(e.name, "focal") == 0;
        assert_int_equal(e.labels, labels); /* which losses read class indices */
        tacet_attribute a = {.size = sizeof a};
        bool common = false; /* common attributes follow those of the entry */
        for (int k = 0; k < e.attributes; k++) {
            assert_int_equal(tacet_attribute_at(i, k, &a), TACET_OK);
            assert_true(a.name && a.type && a.doc && a.common >= common);
            common = a.common;
        }
        assert_int_equal(tacet_attribute_at(i, e.attributes, &a), TACET_FAILED);
        assert_int_equal(tacet_attribute_at(i, -1, &a), TACET_FAILED);
        for (size_t k = 0; k < sizeof must / sizeof *must; k++)
            seen[k] |= must[k].role == e.role && strcmp(must[k].name, e.name) == 0;
    }
    for (size_t k = 0; k < sizeof must / sizeof *must; k++)
        if (!seen[k]) fail_msg("%s %s is not in the catalogue", must[k].word, must[k].name);
    for (size_t k = 0; k < sizeof must / sizeof *must; k++)
        assert_string_equal(tacet_role_name(must[k].role), must[k].word);
    assert_string_equal(tacet_role_name((tacet_role)0), "");
    assert_string_equal(tacet_role_name((tacet_role)-1), "");
    assert_string_equal(tacet_role_name((tacet_role)99), "");
    assert_int_equal(tacet_entry_at(n, &e), TACET_FAILED);
    assert_int_equal(tacet_entry_at(-1, &e), TACET_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_file_is_enough),
        cmocka_unit_test(tensors_have_the_users_layout),
        cmocka_unit_test(bad_notes_are_refused),
        cmocka_unit_test(loading_into_another_network),
        cmocka_unit_test(tensors_that_do_not_fit),
        cmocka_unit_test(counts_of_batches_are_not_needed),
        cmocka_unit_test(wrong_descriptions_are_refused),
        cmocka_unit_test(the_catalogue_lists_everything),
        cmocka_unit_test(a_plan_saves_what_it_was_compiled_from),
        cmocka_unit_test(names_match_those_of_modules),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
