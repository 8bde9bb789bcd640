/* Columns of a csv file: how they are chosen, and how those of other data are matched with the ones that a model was
 * trained on. */
#include "data/data.h"
#include "data_files.h"

static void x_of(const tacet_data *d, char text[400])
{
    double x[64];
    const int64_t n = d->table->x.rows * tc_shape_count(&d->table->x.shape);
    assert_true(n <= 64);
    tc_widen(&d->table->x, 0, n, x);
    *text = '\0';
    for (int64_t i = 0; i < n; i++) snprintf(text + strlen(text), 400 - strlen(text), i ? " %g" : "%g", x[i]);
}

static const char *remarks_of(const tacet_data *d)
{
    tacet_data_info info = {.size = sizeof info};
    tacet_data_describe(d, &info);
    return info.remarks;
}

static void chosen(const char *csv, const char *words, const char *x)
{
    char spec[300], text[400];
    write_text("t.csv", csv);
    snprintf(spec, sizeof spec, "csv @/t.csv %s", words);
    tacet_data *d = must_open(spec, "train");
    x_of(d, text);
    if (strcmp(text, x) != 0) fail_msg("%s%s: %s, not %s", csv, words, text, x);
    tacet_data_free(d);
}

static void refused(const char *csv, const char *words, tacet_status status, const char *message, const char *hint)
{
    char spec[300];
    tacet_error e = {0};
    write_text("t.csv", csv);
    snprintf(spec, sizeof spec, "csv @/t.csv %s", words);
    assert_null(open_data(spec, "train", NULL, &e));
    assert_int_equal(e.status, status);
    if (!strstr(e.message, message)) fail_msg("'%s' is not in: %s", message, e.message);
    if (!strstr(e.hint, hint)) fail_msg("'%s' is not in: %s", hint, e.hint);
}

static const char five[] = "id,a,b,c,kind\n7,1,2,3,0\n8,4,5,6,1\n";

static void lists(void **state)
{
    (void)state;
    chosen(five, "label=kind", "7 1 2 3 8 4 5 6");
    chosen(five, "label=kind drop=id", "1 2 3 4 5 6");
    chosen(five, "label=kind drop=id,b", "1 3 4 6");
    chosen(five, "label=kind x=a,c", "1 3 4 6");
    chosen(five, "label=kind x=c,a", "3 1 6 4");
    chosen(five, "label=5 x=2-3", "1 2 4 5");
    chosen(five, "label=kind x=4,2-3", "3 1 2 6 4 5");
    chosen(five, "label=kind x=2-4", "1 2 3 4 5 6");
    chosen(five, "target=kind,b drop=1", "1 3 4 6");
    chosen("1,2,3\n4,5,6\n", "x=3,1", "3 1 6 4");
    chosen("1,2,3\n4,5,6\n", "drop=2-3", "1 4");
    /* A name comes before a number, and the longest name before a shorter one. */
    chosen("3,a,b\n1,2,0.5\n", "x=3", "1");
    chosen("a-b,c\n1,2\n", "x=a-b", "1");
    chosen("1-2,c\n1,2\n", "x=1-2", "1");
    chosen("\"a,b\",a,b\n1,2,3\n", "x=\"a,b\"", "1");
    chosen("\"a b\",\"c d\",e\n1,2,3\n", "x=\"c d\",\"a b\"", "2 1");
    chosen("\"a b\",\"c d\",e\n1,2,3\n", "x=e,\"a b\"", "3 1");
    chosen("\"a,b\",a,c\n1,2,3\n", "x=\"c,a,b\"", "3 1");
    chosen("\"a,b\",a,c\n1,2,3\n", "x=c,a", "3 2");
    chosen("mean radius, mean area ,k\n1,2,0\n", "label=k x=\"mean area\"", "2");
    chosen("mean radius,mean area,k\n1,2,0\n", "label=k x=\"mean area, mean radius\"", "2 1");
    chosen("\"say \"\"hi\"\"\",b\n1,2\n", "x=\"say \\\"hi\\\"\"", "1");
}

static void bad_lists(void **state)
{
    (void)state;
    refused("a,y,y\n1,2,0\n", "label=y", TACET_FILE, "columns 2 and 3 are both named \"y\"", "its own name");
    refused("a,y,y\n1,2,0\n", "label=1", TACET_FILE, "columns 2 and 3 are both named \"y\"", "");
    refused("mean radius,k\n1,0\n", "target=\"mean rdius\"", TACET_DESCRIPTION, "no column \"mean rdius\"",
            "did you mean \"mean radius\"?");
    refused("mean radius,k\n1,0\n", "target=mean", TACET_DESCRIPTION, "no column \"mean\"",
            "did you mean \"mean radius\"?");
    refused("mean radius,k\n1,0\n", "target=area", TACET_DESCRIPTION, "no column \"area\"", "it has mean radius, k");
    refused("1,2\n3,4\n", "label=kind", TACET_DESCRIPTION, "no column \"kind\"", "without names: give numbers");
    refused(five, "label=kind x=a,kind", TACET_DESCRIPTION, "\"kind\" is already the label", "");
    refused(five, "label=kind x=1-5", TACET_DESCRIPTION, "\"kind\" is already the label", "");
    refused(five, "label=kind x=a,a", TACET_DESCRIPTION, "\"a\" is already an input", "");
    refused(five, "label=kind drop=kind", TACET_DESCRIPTION, "\"kind\" is already the label", "");
    refused(five, "label=kind drop=a x=a,b", TACET_DESCRIPTION, "\"a\" is already left out", "");
    refused(five, "label=a,b", TACET_DESCRIPTION, "label must be one column", "");
    refused(five, "label=2-3", TACET_DESCRIPTION, "label must be one column", "");
    refused(five, "x=3-2", TACET_DESCRIPTION, "no column \"3-2\"", "");
    refused(five, "x=2-9", TACET_DESCRIPTION, "no column \"2-9\"", "it has id, a, b, c, kind");
    refused(five, "x=0", TACET_DESCRIPTION, "no column \"0\"", "");
    refused(five, "x=a,,b", TACET_DESCRIPTION, "no column \"\"", "");
    refused(five, "label=kind drop=1-4", TACET_FILE, "no column is left", "");
    refused(five, "onehot=kind label=kind", TACET_DESCRIPTION, "\"kind\" is not an input", "");
    refused("a;kind\n1;0\n2;1\n", "label=kind", TACET_DESCRIPTION, "no column \"kind\"", "delimiter=\";\"?");
    refused("1;0\n2;1\n", "", TACET_FILE, "is not a number", "delimiter=\";\"");
    refused("1\t0\n2\t1\n", "", TACET_FILE, "is not a number", "delimiter=tab");
    refused("a;b\n1,5;0\n", "delimiter=\";\"", TACET_FILE, "\"1,5\" is not a number", "decimal point");
    refused("a,kind\n1,ant\n2,bee\n", "", TACET_FILE, "column 2 (kind): \"ant\" is not a number", "label=kind");
    refused("a,k k\n1,ant\n2,bee\n", "", TACET_FILE, "\"ant\" is not a number", "label=\"k k\"");
}

/* Row numbers, as pandas writes them, are left out unless x= takes them. */
static void columns_without_a_name(void **state)
{
    (void)state;
    static const char index[] = ",a,k\n0,5,1\n1,6,0\n";
    chosen(index, "label=k", "5 6");
    chosen(index, "label=k drop=1", "5 6");
    chosen(index, "label=k x=1-2", "0 5 1 6");
    tacet_data *d = must_open("csv @/t.csv label=k", "train");
    assert_non_null(strstr(remarks_of(d), "column 1 has no name and is left out"));
    tacet_data_free(d);
    d = must_open("csv @/t.csv label=k drop=1", "train");
    assert_string_equal(remarks_of(d), "");
    tacet_data_free(d);
    write_text("t.csv", "Unnamed: 0,a,k\n0,5,0\n1,6,1\n");
    d = must_open("csv @/t.csv label=k", "train");
    assert_non_null(strstr(remarks_of(d), "column 1, \"Unnamed: 0\", is an input"));
    assert_non_null(strstr(remarks_of(d), "drop=1 leaves it out"));
    tacet_data_free(d);
    chosen("a,b,\n1,2,3\n", "", "1 2"); /* a column without a name, but with values */
}

/* Opens other data with the schema of t.csv; NULL with the error. */
static tacet_data *other_data(const char *training, const char *words, const char *csv, const char *other, bool answers,
                              tacet_error *e)
{
    char spec[300], schema[2000];
    write_text("t.csv", training);
    snprintf(spec, sizeof spec, "csv @/t.csv %s", words);
    tacet_data *d = must_open(spec, "train");
    assert_true(tacet_data_schema(d, schema, sizeof schema) < sizeof schema);
    tacet_data_free(d);
    write_text("u.csv", csv);
    snprintf(spec, sizeof spec, "csv %s %s", path_of("u.csv"), other);
    d = tacet_data_open_as(spec, "train", schema, answers, NULL, e);
    if (!d) return NULL;
    char again[2000];
    tacet_data_schema(d, again, sizeof again);
    assert_string_equal(again, schema);
    return d;
}

static void matches(const char *training, const char *words, const char *csv, const char *other, const char *x,
                    const char *remark)
{
    char text[400];
    for (int answers = 0; answers < 2; answers++) {
        tacet_error e = {0};
        tacet_data *d = other_data(training, words, csv, other, answers, &e);
        if (!d) fail_msg("%s", e.message);
        x_of(d, text);
        if (strcmp(text, x) != 0) fail_msg("%s%s: %s, not %s", csv, other, text, x);
        if (*remark ? !strstr(remarks_of(d), remark) : answers && *remarks_of(d)) fail_msg("%s", remarks_of(d));
        tacet_data_free(d);
    }
}

static void mismatches(const char *training, const char *words, const char *csv, const char *other, const char *message,
                       const char *hint)
{
    for (int answers = 0; answers < 2; answers++) {
        tacet_error e = {0};
        assert_null(other_data(training, words, csv, other, answers, &e));
        if (!strstr(e.message, message)) fail_msg("'%s' is not in: %s", message, e.message);
        if (!strstr(e.hint, hint)) fail_msg("'%s' is not in: %s", hint, e.hint);
    }
}

/* A column that the model does not know may hold the labels under another name. */
static void labels_of_another_name(void **state)
{
    (void)state;
    tacet_error e = {0};
    assert_null(other_data("a,kind\n1,0\n4,1\n", "label=kind", "a,sort\n1,0\n", "", true, &e));
    assert_non_null(strstr(e.message, "\"sort\" is not a column that the model takes"));
    assert_non_null(
        strstr(e.hint, "label=sort if it holds the labels, which were in \"kind\"; drop=sort leaves it out"));
    assert_null(other_data("a,kind\n1,0\n4,1\n", "label=kind", "a,sort\n1,0\n", "", false, &e));
    assert_string_equal(e.hint, "drop=sort leaves it out");
}

static void names_are_matched(void **state)
{
    (void)state;
    static const char abc[] = "a,b,c,kind\n1,2,3,0\n4,5,6,1\n";
    matches(abc, "label=kind", "c,kind,a,b\n3,0,1,2\n6,1,4,5\n", "label=kind", "1 2 3 4 5 6", "");
    matches(abc, "label=kind", "c,kind,a,b\n3,0,1,2\n6,1,4,5\n", "", "1 2 3 4 5 6", "");
    matches(abc, "label=kind", "c,a,b\n3,1,2\n", "", "1 2 3", "");
    matches(abc, "label=kind", "c,a,b,class\n3,1,2,1\n", "label=class", "1 2 3", "");
    matches(abc, "label=kind", "c,a,b,id\n3,1,2,1\n", "drop=id", "1 2 3", "");
    matches(abc, "label=kind", "c,a,b\n3,1,2\n", "drop=id", "1 2 3", "");
    matches(abc, "label=kind x=c,a", "a,b,c,kind\n1,2,3,0\n", "label=kind", "3 1", "");
    matches(abc, "label=kind x=c,a", "a,c\n1,3\n", "", "3 1", "");
    matches(abc, "label=kind drop=b", "b,kind,c,a\nx,0,3,1\n", "", "1 3", ""); /* it was left out in training */
    matches(abc, "target=c,b drop=kind", "b,a,c\n2,1,3\n", "", "1", "");
    matches(abc, "target=c,b drop=kind", "b,a\n2,1\n", "", "1", "");
    matches(",a,k\n0,5,1\n1,6,0\n", "label=k", "k,a\n1,5\n", "", "5", "");
    matches(",a,k\n0,5,1\n1,6,0\n", "label=k", ",k,a\n9,1,5\n", "", "5", "");
    matches(",a,k\n0,5,1\n1,6,0\n", "label=k", "5,1\n", "label=2 header=no", "5", "the file has no names");
    matches("a,k\n5,1\n6,0\n", "label=k", ",k,a\n9,1,5\n", "", "5", "column 1 has no name and is left out");
    matches("0,1,k\n5,6.5,1\n6,7,0\n", "label=k", "k,1,0\n1,2,3\n", "", "3 2", ""); /* names that are numbers */
    mismatches(abc, "label=kind", "a,c\n1,2\n", "", "no column \"b\", which is an input", "");
    mismatches(abc, "label=kind", "a,B,c\n1,2,3\n", "", "no column \"b\", which is an input",
               "is it the column \"B\"?");
    mismatches(abc, "label=kind", "a,b,c,d\n1,2,3,4\n", "", "\"d\" is not a column that the model takes", "drop=d");
    mismatches(abc, "label=kind", "a;b;c;kind\n1;2;3;0\n", "", "no column \"a\"", "delimiter=\";\"");
    mismatches(abc, "label=kind", "a,b,c,d d\n1,2,3,4\n", "", "\"d d\" is not", "drop=\"d d\"");
    mismatches(abc, "label=kind", "a,b,c\n1,2,0\n", "label=c",
               "\"c\" is an input of the model, but label=, target= or drop= gives it another role", "");
    mismatches(abc, "label=kind", "a,b,c\n1,2,0\n", "drop=c",
               "\"c\" is an input of the model, but label=, target= or drop= gives it another role", "");
    mismatches(abc, "label=kind", "a,b,b,c\n1,2,0,1\n", "", "both named \"b\"", "");
}

/* Without names on one side, position decides, and that is told. */
static void positions_are_matched(void **state)
{
    (void)state;
    static const char ab[] = "a,b,kind\n1,2,0\n4,5,1\n", plain[] = "1,2,0\n4,5,1\n";
    matches(ab, "label=kind", "7,8,1\n9,9,0\n", "label=3", "7 8 9 9", "by position: the file has no names");
    matches(ab, "label=kind", "7,8\n9,9\n", "", "7 8 9 9", "by position: the file has no names");
    matches(ab, "label=kind", "7,8\n9,9\n", "x=2,1", "8 7 9 9", "by position");
    matches(plain, "label=3", "b,a,k\n7,8,1\n", "label=k", "7 8", "by position: the model has no names");
    matches(plain, "label=3", "7,8,1\n9,9,0\n", "label=3", "7 8 9 9", "by position");
    mismatches(ab, "label=kind", "7,8,1\n9,9,0\n", "", "3 of its columns are inputs, the model takes 2", "label=");
    mismatches(plain, "label=3", "b,a,k\n7,8,1\n", "drop=b label=k", "1 of its columns are inputs", "");
}

/* Targets of the names that the model has are in its order, however they are given. */
static void targets_are_matched(void **state)
{
    (void)state;
    static const char *const given[] = {"", "target=p,q", "target=q,p", "target=1-2"};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        tacet_error e = {0};
        double y[2];
        tacet_data *d = other_data("a,p,q\n1,2,3\n", "target=p,q", "q,p,a\n30,20,10\n", given[i], true, &e);
        if (!d) fail_msg("%s", e.message);
        tc_widen(&d->table->y, 0, 2, y);
        assert_true(y[0] == 20 && y[1] == 30);
        tacet_data_free(d);
    }
}

/* A caller that needs no answers is not asked for good ones. */
static void answers_may_be_left_out(void **state)
{
    (void)state;
    tacet_error e;
    static const char words[] = "a,kind\n1,ant\n2,bee\n";
    tacet_data *d = other_data(words, "label=kind", "kind,a\n,5\nelk,6\n", "", false, &e);
    assert_non_null(d);
    assert_null(d->table->y.data);
    assert_non_null(strstr(remarks_of(d), "the column \"kind\" holds the answers and is left out"));
    tacet_data_free(d);
    assert_null(other_data(words, "label=kind", "kind,a\n,5\nbee,6\n", "", true, &e));
    assert_non_null(strstr(e.message, "line 2, column 1 (kind): the field is empty"));
    assert_null(other_data(words, "label=kind", "kind,a\nelk,5\nbee,6\n", "", true, &e));
    assert_non_null(strstr(e.message, "line 2, column 1 (kind): the label \"elk\" is not one of the classes"));
}

static void a_schema_is_not_trusted(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{\"inputs\":[{\"name\":\"a\"},{\"name\":\"a\"}]}",
        "{\"inputs\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"b\"}]}",
        "{\"inputs\":[{\"name\":\"a\"},{\"name\":\"b\",\"words\":[1]}]}",
        "{\"inputs\":[{\"name\":\"a\"},{}]}",
        "{\"inputs\":[{\"name\":\"a\"}]}",
        "{\"inputs\":[]}",
        "{\"inputs\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"scale\":[1,2,3],\"shift\":[1,2,3]}",
    };
    char spec[200];
    tacet_error e;
    write_text("t.csv", "a,b\n1,2\n3,4\n");
    snprintf(spec, sizeof spec, "csv %s", path_of("t.csv"));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (tacet_data_open_as(spec, "train", wrong[i], true, NULL, &e)) fail_msg("%s", wrong[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(bad_lists),
        cmocka_unit_test(columns_without_a_name),
        cmocka_unit_test(names_are_matched),
        cmocka_unit_test(labels_of_another_name),
        cmocka_unit_test(positions_are_matched),
        cmocka_unit_test(targets_are_matched),
        cmocka_unit_test(answers_may_be_left_out),
        cmocka_unit_test(a_schema_is_not_trusted),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
