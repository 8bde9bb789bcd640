/* Missing values and categories of a csv file: what they become, what other data get from the schema, and what is
 * refused. */
#include "data/data.h"
#include "data/missing.h"
#include "data_files.h"

#include <math.h>

/* Compares x of the training data, and (unless it is NULL) that of other data opened with their schema. */
static void becomes(const char *csv, const char *words, const char *x, const char *other, const char *other_x)
{
    char spec[300], schema[2000], text[400];
    tacet_error e = {0};
    write_text("t.csv", csv);
    snprintf(spec, sizeof spec, "csv @/t.csv %s", words);
    tacet_data *d = must_open(spec, "train");
    assert_true(tacet_data_schema(d, schema, sizeof schema) < sizeof schema);
    for (int k = 0; k < 2; k++) {
        double value[64];
        const int64_t n = d->table->x.rows * tc_shape_count(&d->table->x.shape);
        tc_widen(&d->table->x, 0, n, value);
        *text = '\0';
        for (int64_t i = 0; i < n; i++)
            snprintf(text + strlen(text), sizeof text - strlen(text), i ? " %g" : "%g", value[i]);
        if (strcmp(text, k ? other_x : x) != 0) fail_msg("%s%s: %s", k ? other : csv, words, text);
        tacet_data_free(d);
        if (!other || k) break;
        write_text("t.csv", other);
        snprintf(spec, sizeof spec, "csv %s", path_of("t.csv"));
        d = tacet_data_open_as(spec, "train", schema, true, NULL, &e);
        if (!d) fail_msg("%s", e.message);
    }
}

static void refused(const char *csv, const char *words, const char *other, const char *message, const char *hint)
{
    char spec[300], schema[2000];
    tacet_error e = {0};
    write_text("t.csv", csv);
    snprintf(spec, sizeof spec, "csv @/t.csv %s", words);
    tacet_data *d = open_data(spec, "train", NULL, &e);
    if (other) {
        if (!d) fail_msg("%s", e.message);
        tacet_data_schema(d, schema, sizeof schema);
        tacet_data_free(d);
        write_text("t.csv", other);
        snprintf(spec, sizeof spec, "csv %s", path_of("t.csv"));
        d = tacet_data_open_as(spec, "train", schema, true, NULL, &e);
    }
    assert_null(d);
    if (!strstr(e.message, message)) fail_msg("'%s' is not in: %s", message, e.message);
    if (!strstr(e.hint, hint)) fail_msg("'%s' is not in: %s", hint, e.hint);
}

static void every_spelling_is_refused(void **state)
{
    (void)state;
    static const char *const spelling[] = {"",     "NA",   "nan", "NaN",  "N/A",    "null", "?",   "\"\"",   "NULL",
                                           "#N/A", "<NA>", "n/a", "-nan", "\"NA\"", "NaT",  "#NA", "1.#QNAN"};
    for (size_t i = 0; i < sizeof spelling / sizeof *spelling; i++) {
        char csv[100];
        snprintf(csv, sizeof csv, "a,b\n1,2\n3,%s\n", spelling[i]);
        refused(csv, "", NULL, "line 3, column 2 (b): the ", "missing=mean, missing=median or missing=NUMBER");
        becomes(csv, "missing=9", "1 2 3 9", NULL, NULL);
        snprintf(csv, sizeof csv, "a,k\n1,ant\n3,%s\n", spelling[i]);
        if (strcmp(spelling[i], "\"NA\"") != 0) /* a word in quotes is a word */
            refused(csv, "label=k missing=9", NULL, "line 3, column 2 (k): the ", "rows without an answer");
        refused(csv, "target=k x=a missing=9", NULL, "line 2, column 2 (k): \"ant\" is not a number", "");
    }
    refused("a,k\n1,2\n3,?\n", "target=k missing=9", NULL, "line 3, column 2 (k): the value is missing: ?",
            "rows without an answer");
    becomes("a,k\n1,ant\n3,\"NA\"\n4,None\n", "label=k", "1 3 4", NULL, NULL);
    refused("a,b\n1,2\n3,-\n", "missing=mean", NULL, "\"-\" is not a number", "");
}

static void what_is_missing_is_filled_in(void **state)
{
    (void)state;
    static const char csv[] = "a,b\n1,10\n,30\n2,NA\n6,20\n";
    becomes(csv, "missing=mean", "1 10 3 30 2 20 6 20", "b,a\n?,?\n", "3 20");
    becomes(csv, "missing=median", "1 10 2 30 2 20 6 20", "b,a\n?,?\n", "2 20");
    becomes(csv, "missing=-1.5", "1 10 -1.5 30 2 -1.5 6 20", "b,a\n?,7\n", "7 -1.5");
    becomes("a\n4\n1\n?\n3\n2\n", "missing=median", "4 1 2.5 3 2", "a\n?\n", "2.5");
    /* Training data without missing values give the fill as well; other data have no say. */
    becomes("a,b\n1,10\n3,20\n", "missing=mean", "1 10 3 20", "a,b\n?,?\n99,99\n", "2 15 99 99");
    becomes("a,b\n1,10\n?,20\n", "missing=mean drop=b", "1 1", "a,b\n?,?\n", "1");
    refused("a,b\n1,10\n3,20\n", "", "a,b\n1,2\n?,4\n", "line 3, column 1 (a): the value is missing: ?",
            "trained without missing=");
    refused("a,b\n1,?\n3,NA\n", "missing=mean", NULL, "\"b\" has no values at all", "");
    becomes("a,b\n1,?\n3,NA\n", "missing=0", "1 0 3 0", NULL, NULL);
    refused("a\n1\n", "missing=most", NULL, "missing should be refuse, mean, median or a number", "");
    refused("a\n1\n", "missing=nan", NULL, "missing should be refuse, mean, median or a number", "");
    refused("a,b\n1,?\n", "missing=1e39", NULL, "1e39 is too large for a 32-bit float", "");
}

/* The mean of large numbers that are close together is exact. */
static void large_numbers(void **state)
{
    (void)state;
    char schema[200];
    write_text("t.csv", "t\n1700000000.25\n1700000001.25\nNA\n");
    tacet_data *d = must_open("csv @/t.csv missing=mean", "train");
    tacet_data_schema(d, schema, sizeof schema);
    assert_non_null(strstr(schema, "\"missing\":1700000000.75"));
    tacet_data_free(d);
}

/* The median is that of a sorted copy, for any order and with equal values. */
static void medians(void **state)
{
    (void)state;
    enum { ROWS = 101 };
    const tc_mem m = tc_mem_of(NULL);
    double x[2 * ROWS], value;
    for (int rows = 1; rows <= ROWS; rows++)
        for (int kind = 0; kind < 4; kind++) {
            for (int i = 0; i < rows; i++) {
                x[2 * i] = NAN;
                x[2 * i + 1] = kind == 0 ? i : kind == 1 ? -i : kind == 2 ? (i * 37) % rows : i % 3;
            }
            assert_true(tc_fill_learn(&m, TC_FILL_MEDIAN, x, rows, 2, 1, &value));
            int below = 0, above = 0;
            for (int i = 0; i < rows; i++) {
                below += x[2 * i + 1] < value;
                above += x[2 * i + 1] > value;
            }
            assert_true(below <= rows / 2 && above <= rows / 2);
            assert_true(tc_fill_learn(&m, TC_FILL_MEDIAN, x, rows, 2, 0, &value));
            assert_true(isnan(value));
        }
}

/* Of more than a million values, a sample is taken, always the same one, and that is told. */
static void the_median_of_many_rows(void **state)
{
    (void)state;
    enum { ROWS = TC_MEDIAN_ROWS + 200000 };
    FILE *f = fopen(path_of("t.csv"), "w");
    for (int i = 0; i < ROWS; i++) fprintf(f, "%d\n", i);
    fprintf(f, "NA\n");
    fclose(f);
    double first = 0;
    for (int k = 0; k < 2; k++) {
        tacet_data_info info = {.size = sizeof info};
        tacet_data *d = must_open("csv @/t.csv missing=median", "train");
        tacet_data_describe(d, &info);
        assert_non_null(strstr(info.remarks, "medians are those of 1000000 values, drawn at random"));
        const double value = ((double *)d->table->x.data)[ROWS];
        assert_true(fabs(value - ROWS / 2) < 2000);
        assert_true(k == 0 || value == first);
        first = value;
        tacet_data_free(d);
    }
}

static void words_become_elements(void **state)
{
    (void)state;
    static const char csv[] = "a,c,d\n1,red,x\n2,blue,y\n3,red,x\n";
    becomes(csv, "onehot=c,d", "1 0 1 1 0 2 1 0 0 1 3 0 1 1 0", "d,a,c\ny,7,blue\n", "7 1 0 0 1");
    becomes(csv, "onehot=c x=c,a drop=d", "0 1 1 1 0 2 0 1 3", "c,a\nblue,7\n", "1 0 7");
    becomes("1,3\n2,07\n", "onehot=2", "1 0 1 2 1 0", "5,07\n", "5 1 0"); /* words that look like numbers */
    becomes(csv, "onehot=2 unknown=ignore x=2", "0 1 1 0 0 1", "c\ngreen\n?\nred\n", "0 0 0 0 0 1");
    becomes("a,c\n1,red\n2,\n", "onehot=c unknown=ignore missing=mean", "1 1 2 0", "a,c\n?,red\n", "1.5 1");
    refused(csv, "onehot=c,d", "a,c,d\n1,red,x\n2,green,x\n",
            "line 3, column 2 (c): the word \"green\" is not one of the words of this column", "unknown=ignore");
    refused("a,c\n1,red\n2,\n", "onehot=c", NULL, "line 3, column 2 (c): the field is empty", "unknown=ignore");
    refused("c\n?\n?\n", "onehot=c unknown=ignore", NULL, "no element is left for x", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_is_refused),
        cmocka_unit_test(what_is_missing_is_filled_in),
        cmocka_unit_test(large_numbers),
        cmocka_unit_test(medians),
        cmocka_unit_test(the_median_of_many_rows),
        cmocka_unit_test(words_become_elements),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
