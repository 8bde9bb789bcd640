/* Weights of rows in data, the weights of classes that balance them, and labels that are no classes. */
#include "data_files.h"

#include <math.h>

static void balances(const char *csv, const char *words, const char *loss, const char *balanced)
{
    char spec[300], text[300] = "";
    tacet_error e = {0};
    write_text("t.csv", csv);
    snprintf(spec, sizeof spec, "csv @/t.csv %s", words);
    tacet_data *d = must_open(spec, "train");
    const size_t n = tacet_data_balance(d, loss, text, sizeof text, &e);
    if (n != strlen(text) || strcmp(n ? text : e.message, balanced) != 0)
        fail_msg("%s: %s", loss, n ? text : e.message);
    tacet_data_free(d);
}

static void classes_are_balanced(void **state)
{
    (void)state;
    static const char csv[] = "a,w,y\n1,1,0\n2,0,0\n3,2,1\n4,1,3\n", loss[] = "cross_entropy class_weight=balanced";
    balances(csv, "label=y", loss, "cross_entropy class_weight=\"0.666666667 1.33333333 0 1.33333333\"");
    balances(csv, "label=y sample_weight=w", loss, "cross_entropy class_weight=\"1.33333333 0.666666667 0 1.33333333\"");
    balances(csv, "label=y", "cross_entropy class_weight=balanced ignore=3",
             "cross_entropy class_weight=\"0.75 1.5 0 0\" ignore=3");
    balances(csv, "label=y", "cross_entropy class_weight=1,2,3,4", "cross_entropy class_weight=1,2,3,4");
    balances(csv, "target=y", loss, "class_weight=balanced needs labels, and the data have none");
}

static void ignored_labels_are_no_classes(void **state)
{
    (void)state;
    static const struct {
        const char *csv, *words;
        int64_t classes;
    } with[] = {{"a,y\n1,0\n2,-100\n3,1\n", "label=y ignore=-100", 2},
                {"a,y\n1,0\n2,255\n3,1\n", "label=y ignore=255", 2},
                {"a,y\n1,no\n2,-1\n3,yes\n", "label=y ignore=-1", 2}};
    for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
        char spec[300];
        tacet_data_info info = {.size = sizeof info};
        write_text("t.csv", with[i].csv);
        snprintf(spec, sizeof spec, "csv @/t.csv %s", with[i].words);
        tacet_data *d = must_open(spec, "train");
        tacet_data_describe(d, &info);
        if (info.classes != with[i].classes) fail_msg("%s: %d classes", with[i].words, (int)info.classes);
        assert_false(info.weighed);
        tacet_data_free(d);
    }
}

static void refused(const char *csv, const char *words, const char *message)
{
    char spec[300];
    tacet_error e = {0};
    write_text("t.csv", csv);
    snprintf(spec, sizeof spec, "csv %s %s", path_of("t.csv"), words);
    tacet_data *d = tacet_data_open(spec, "train", NULL, &e);
    if (d || !strstr(e.message, message)) fail_msg("%s: %s", words, d ? "opened" : e.message);
}

static void what_is_no_weight_is_refused(void **state)
{
    (void)state;
    refused("a,w,y\n1,1,0\n2,-2,1\n", "label=y sample_weight=w", "line 3, column 2 (w): the weight is -2");
    refused("a,w,y\n1,1,0\n2,,1\n", "label=y sample_weight=w", "line 3, column 2 (w): the field is empty");
    refused("a,w,y\n1,1,0\n2,x,1\n", "label=y sample_weight=w", "\"x\" is not a number");
    refused("a,w,y\n1,1,0\n", "label=y sample_weight=y", "\"y\" is already the label");
    refused("a,w,y\n1,1,0\n", "label=y sample_weight=a,w", "sample_weight must be one column");
    refused("a,w,y\n1,1,0\n", "label=y sample_weight=v", "no column \"v\"");
    refused("a,y\n1,0\n", "label=y ignore=1e12", "ignore should fit into 32 bits");
}

/* Weights of arrays: once, of the right size, and fed to the input that a loss names. */
static void weights_of_arrays_are_fed(void **state)
{
    (void)state;
    static const float x[] = {1, 2, 3, 4}, t[] = {0, 0, 0, 0}, w[] = {1, 0, 2, 1}, bad[] = {1, NAN, 1, 1};
    const tacet_array ax = {sizeof ax, TACET_F32, 1, {1}, x}, at = {sizeof at, TACET_F32, 1, {1}, t},
                      aw = {sizeof aw, TACET_F32, 0, {0}, w}, ab = {sizeof ab, TACET_F32, 0, {0}, bad};
    tacet_error e = {0};
    tacet_result r = {.size = sizeof r};
    tacet_data *d = tacet_data_new(4, &ax, &at, false, NULL, NULL, &e);
    assert_int_equal(tacet_data_weigh(d, &ab, &e), TACET_DESCRIPTION);
    assert_non_null(strstr(e.message, "row 1"));
    tacet_loader *plain = tacet_loader_new(d, 3, 0, false, &e);
    assert_int_equal(tacet_data_weigh(d, &aw, &e), TACET_OK);
    assert_int_equal(tacet_data_weigh(d, &aw, &e), TACET_FAILED);
    tacet_graph *g = tacet_graph_new(NULL);
    const tacet_value in = tacet_input(g, "x", 1, (int64_t[]){1}), aim = tacet_input(g, "t", 1, (int64_t[]){1});
    tacet_input(g, "w", 0, NULL);
    tacet_loss(g, "mse sample_weight=w", in, aim);
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 3}, &e);
    if (!p) fail_msg("%s", e.message);
    assert_int_equal(tacet_evaluate(p, plain, in, aim, in, &r), TACET_OK);
    assert_true(r.data_loss == (1.0 + 2 * 9 + 16) / 4);
    tacet_feed(p, in, TACET_F32, x);
    tacet_feed(p, aim, TACET_F32, t);
    assert_int_equal(tacet_forward(p, 3), TACET_OK); /* without weights */
    assert_true(fabs(tacet_data_loss(p) - 14.0 / 3) < 1e-12);
    tacet_feed(p, in, TACET_F32, x);
    tacet_feed(p, aim, TACET_F32, t);
    tacet_feed(p, tacet_find(g, "w"), TACET_F32, bad);
    assert_int_equal(tacet_forward(p, 3), TACET_FAILED);
    assert_non_null(strstr(tacet_plan_error(p)->message, "row 1 has the weight nan"));
    tacet_plan_free(p);
    tacet_graph_free(g);
    tacet_loader_free(plain);
    tacet_data_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_balanced),         cmocka_unit_test(ignored_labels_are_no_classes),
        cmocka_unit_test(what_is_no_weight_is_refused), cmocka_unit_test(weights_of_arrays_are_fed),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
