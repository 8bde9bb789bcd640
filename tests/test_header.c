/* Whether the first row of a csv file has names: header=auto on tables of many kinds, and header=yes, header=no. */
#include "data/data.h"
#include "data_files.h"

typedef struct expected {
    const char *csv, *words;
    int header; /* 1: names, 0: values */
    bool told;  /* it is a guess, and the user is told */
    int64_t rows;
} expected;

static void decided(const expected *x)
{
    char spec[300];
    tacet_data_info info = {.size = sizeof info};
    write_text("t.csv", x->csv);
    snprintf(spec, sizeof spec, "csv @/t.csv %s", x->words);
    tacet_data *d = must_open(spec, "train");
    tacet_data_describe(d, &info);
    const bool told = strstr(info.remarks, "may be names or values") != NULL;
    if (info.header != x->header || told != x->told || info.rows != x->rows)
        fail_msg("%s\n%s: header %d, told %d, %d rows", x->csv, x->words, info.header, told, (int)info.rows);
    tacet_data_free(d);
}

static void from_the_rows_below(void **state)
{
    (void)state;
    static const expected table[] = {
        /* Words above numbers are names; numbers above numbers are not. */
        {"a,b\n1,2\n", "", 1, false, 1},
        {"1,2\n3,4\n", "", 0, false, 2},
        {"1,b\n3,4\n", "", 1, false, 1},
        {"7\n8\n", "", 0, false, 2},
        {"a\n8\n", "", 1, false, 1},
        {"-1,0\n3,4\n", "", 0, false, 2},
        {"1e3,0\n3,4\n", "", 0, false, 2},
        /* A missing value is not a name. */
        {"nan,2,0\n1,2,1\n", "missing=0", 0, false, 2},
        {",2,0\n1,2,1\n", "missing=0", 0, false, 2},
        {"NA,?,0\n1,2,1\n", "missing=0", 0, false, 2},
        {"?,b\n1,2\n", "", 1, false, 1},
        /* The numbers that pandas gives to columns without names, with and without those of rows. */
        {"0,1,2\n5.1,3.5,0\n4.9,3,1\n", "label=3", 1, false, 2},
        {",0,1,2\n0,5.1,3.5,0\n1,4.9,3,1\n", "label=4", 1, false, 2},
        {",0,1\n0,5,3\n1,4,3\n", "", 1, false, 2},
        {"0,1\n5.1,3.5\n", "", 1, false, 1},
        {"0\n5.1\n4.9\n", "", 1, false, 2},
        {"0,1,2\n5,3,0\n4,3,1\n", "", 1, true, 2},
        {"0,1\n1,0\n", "", 0, true, 2},
        {"0,0,0\n0,1,1\n1,0,1\n1,1,0\n", "label=3", 0, false, 4},
        {"0\n1\n2\n", "", 0, false, 3},
        {"0,1,2\n3,4,5\n6,7,8\n", "", 0, false, 3}, /* a table that counts on */
        {"1,2,3\n4,5,6.5\n", "", 0, false, 2},
        {"2019,2020,2021\n1.5,2.5,3.5\n", "", 1, false, 1},
        {"\"1\",\"2\"\n3,4\n", "", 1, false, 1},
        {"\"1\",\"2\"\n\"3\",\"4\"\n", "", 0, false, 2},
        /* A year above numbers, beside a word above words. */
        {"2019,species\n5.1,ant\n4.9,bee\n", "label=2", 1, false, 2},
        {"2019,species\n5.1,ant\n4.9,bee\n", "label=species", 1, false, 2},
        {"2019,species\n5,ant\n4,bee\n6,ant\n7,bee\n", "label=2", 1, true, 4},
        {"2019,species\n5,ant\n4,bee\n", "label=2", 0, true, 3},
        {"0,1,species\n5.1,3.5,ant\n4.9,3,bee\n", "label=3", 1, false, 2},
        /* A word that comes again is a label; so is one beside a number with a fraction. */
        {"5.1,setosa\n6.2,virginica\n5.9,setosa\n", "label=2", 0, false, 3},
        {"5.1,setosa\n6.2,virginica\n", "label=2", 0, false, 2},
        {"5,ant\n6,bee\n5,ant\n", "label=2", 0, false, 3},
        {"1,ant\n2,bee\n", "label=2", 0, true, 2},
        {"5.1,rare\n6,ant\n6,ant\n6,ant\n6,ant\n", "label=2", 0, true, 5},
        /* Words in all columns. */
        {"colour,kind\nred,ant\nred,bee\nblue,ant\n", "label=kind onehot=colour", 1, false, 3},
        {"colour,kind\nred,ant\nred,bee\nblue,ant\n", "label=2 onehot=1", 1, true, 3},
        {"red,ant\nred,bee\nblue,ant\n", "label=2 onehot=1", 0, false, 3},
        /* One row. */
        {"1.5,2,0\n", "label=3", 0, false, 1},
        {"0,1,2\n", "", 0, false, 1},
        {"5,ant\n", "label=2", 0, false, 1},
        /* What is given. */
        {"0,1,2\n5.1,3.5,0\n", "header=no", 0, false, 2},
        {"1,2\n3,4\n", "header=yes", 1, false, 1},
        {"5.1,ant\n6.2,bee\n", "label=2 header=no", 0, false, 2},
        /* Columns that are named in an attribute. */
        {"5,ant\n5,ant\n6,bee\n", "label=ant", 1, false, 2},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) decided(&table[i]);
}

static void names_like_numbers(void **state)
{
    (void)state;
    static const expected table[] = {
        {"id,400.5,401\n7,1,2\n", "", 1, true, 1}, /* wave lengths; or a word in the place of a value */
        {"E1,e2\n8,9\n", "", 1, false, 1},
        {"2020-01,2020-02\n8,9\n", "", 1, false, 1},
        {"#NA,2,0\n1,2,1\n", "missing=0", 0, false, 2},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) decided(&table[i]);
}

/* The first row is read as values, one of which is refused, and not lost. */
static void infinity_is_no_name(void **state)
{
    (void)state;
    static const char *const first[] = {"inf", "-Infinity", "+INF", "-", ".", "1e400", "5%", "\"1,5\"", "n.a.", "N.A."};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        char text[100];
        snprintf(text, sizeof text, "%s,2,0\n1,2,1\n3,4,0\n", first[i]);
        write_text("t.csv", text);
        refuses("csv @/t.csv label=3", TACET_FILE, "line 1, column 1: ");
    }
}

static void a_header_alone_is_no_data(void **state)
{
    (void)state;
    write_text("t.csv", "a,b\n");
    refuses("csv @/t.csv", TACET_FILE, "has a header but no rows");
    write_text("t.csv", "1,2\n");
    refuses("csv @/t.csv header=yes", TACET_FILE, "has a header but no rows");
    write_text("t.csv", "a,b\n1,2\n");
    refuses("csv @/t.csv header=no", TACET_FILE, "line 1, column 1: \"a\" is not a number");
    refuses("csv @/t.csv header=maybe", TACET_DESCRIPTION, "auto|yes|no");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_the_rows_below),
        cmocka_unit_test(names_like_numbers),
        cmocka_unit_test(infinity_is_no_name),
        cmocka_unit_test(a_header_alone_is_no_data),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
