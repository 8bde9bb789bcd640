/* The csv source: headers, labels and numbers; quotes and line ends; what is refused, and its place. */
#include "data/data.h"
#include "data/field.h"
#include "data_files.h"

#include <sys/socket.h>

/* The x of the table, row by row, as "1 2 3 4". */
static void x_is(const tacet_data *d, const char *expected)
{
    char text[400] = "";
    const int64_t n = d->table->x.rows * tc_shape_count(&d->table->x.shape);
    for (int64_t i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), i ? " %g" : "%g", ((double *)d->table->x.data)[i]);
    assert_string_equal(text, expected);
}

static void labels_are(const tacet_data *d, const char *expected)
{
    for (int64_t i = 0; i < d->rows; i++) assert_int_equal(((int32_t *)d->table->y.data)[i], expected[i] - '0');
}

/* Writes the text as t.csv, opens it with these words, compares x and the labels ("": none). */
static void reads(const char *csv, const char *words, const char *x, const char *labels)
{
    char spec[300];
    write_text("t.csv", csv);
    snprintf(spec, sizeof spec, "csv @/t.csv %s", words);
    tacet_data *d = must_open(spec, "train");
    x_is(d, x);
    if (*labels)
        labels_are(d, labels);
    else
        assert_null(d->table->y.data);
    tacet_data_free(d);
}

static void refused(const char *csv, const char *words, tacet_status status, const char *message)
{
    char spec[300];
    write_text("t.csv", csv);
    snprintf(spec, sizeof spec, "csv @/t.csv %s", words);
    refuses(spec, status, message);
}

static void headers_and_labels(void **state)
{
    (void)state;
    reads("a,b,kind\n1,2,0\n3,4,2\n", "label=kind", "1 2 3 4", "02");
    reads("a,b,kind\n1,2,0\n3,4,2\n", "label=3", "1 2 3 4", "02");
    reads("1,2,0\n3,4,2\n", "label=1", "2 0 4 2", "13");
    reads("1,2,0\n3,4,2\n", "", "1 2 0 3 4 2", "");
    reads("a,2\n1,5\n", "label=2", "1", "5"); /* a name takes precedence over a number */
    /* Words are numbered in sorted order; a word in the label column does not make the first row a header. */
    reads("5.1,setosa\n6.2,virginica\n5.9,setosa\n4,alba\n", "label=2", "5.1 6.2 5.9 4", "1210");
    reads("size,flower\n5.1,setosa\n6.2,alba\n", "label=flower", "5.1 6.2", "10");
    /* Numbers are class indices, however they are written and in any order. */
    reads("1,3.0\n2,1\n3,3\n", "label=2", "1 2 3", "313");
}

static void targets(void **state)
{
    (void)state;
    write_text("t.csv", "a,b,price,size\n1,2,10,0.5\n3,4,20,-1e3\n");
    tacet_data *d = must_open("csv @/t.csv target=size,price", "train");
    tacet_data_info info = {.size = sizeof info};
    tacet_data_describe(d, &info);
    assert_int_equal(info.classes, 0);
    assert_int_equal(info.target_rank, 1);
    assert_int_equal(info.target_shape[0], 2);
    x_is(d, "1 2 3 4");
    const double expected[] = {0.5, 10, -1e3, 20};
    assert_memory_equal(d->table->y.data, expected, sizeof expected);
    tacet_data_free(d);
}

static void quotes_delimiters_and_blank_lines(void **state)
{
    (void)state;
    reads("\"a\",\"b\"\r\n\"1\",2\r\n3,\"4\"\r\n", "", "1 2 3 4", "");
    reads("\xEF\xBB\xBF"
          "1,2\n3,4",
          "", "1 2 3 4", "");
    reads("\n\n1,2\n\n  \n3,4\n\n", "", "1 2 3 4", "");
    reads("  1 ,\t2\n 3,4 \n", "", "1 2 3 4", "");
    reads("1;2\n3;4\n", "delimiter=;", "1 2 3 4", "");
    reads("1\t2\n3\t4\n", "delimiter=tab", "1 2 3 4", "");
    reads("1 2\n3 4\n", "delimiter=\" \"", "1 2 3 4", "");
    reads("7\n8\n", "", "7 8", "");
    reads("1,\"a,\"\"b\"\"\n c\"\n2,plain\n", "label=2", "1 2", "01");
    unsigned char text[100];
    write_text("t.csv", "1,2\n3,4\n");
    write_gzip("t.csv.gz", text, read_bytes("t.csv", text, sizeof text));
    tacet_data *d = must_open("csv @/t.csv.gz", "train");
    x_is(d, "1 2 3 4");
    tacet_data_free(d);
}

/* Both ways of reading a number give the same double as the C library. */
static void numbers(void **state)
{
    (void)state;
    static const char *const good[] = {"0",
                                       "-0",
                                       "12",
                                       "-3.25",
                                       "0.1",
                                       ".5",
                                       "5.",
                                       "123456789012345",
                                       "1234567890123456",
                                       "0.3",
                                       "1e-7",
                                       "+2",
                                       "1E5",
                                       "0.000001",
                                       "99999.99999",
                                       "9007199254740993",
                                       "2.2250738585072014e-308",
                                       "179769313486231570000000"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        double x = 7, expected = strtod(good[i], NULL);
        assert_true(tc_field_number(good[i], &x));
        assert_memory_equal(&x, &expected, sizeof x);
    }
    static const char *const bad[] = {"",    "-",  ".",   "1.2.3", "1,5",   "0x10", "nan",
                                      "inf", "1e", "--1", "1 2",   "1e999", "12a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double x;
        if (tc_field_number(bad[i], &x)) fail_msg("\"%s\" is a number", bad[i]);
    }
}

static void refusals(void **state)
{
    (void)state;
    refused("", "", TACET_FILE, "no rows");
    refused("\n\n", "", TACET_FILE, "no rows");
    refused("a,b\n", "", TACET_FILE, "a header but no rows");
    refused("1,2\n3,x\n", "", TACET_FILE, "line 2, column 2: \"x\" is not a number");
    refused("a,b\n1,2\n\n3,\n", "", TACET_FILE, "line 4, column 2 (b): the field is empty");
    refused("1,,2\n", "", TACET_FILE, "line 1, column 2: the field is empty");
    refused("1,2\n3,4,5\n", "", TACET_FILE, "line 2, column 3: the row has more than the 2 fields");
    refused("1,2\n3\n", "", TACET_FILE, "line 2, column 1: the row has fewer");
    refused("1,2\n3,1e39\n", "", TACET_FILE, "line 2, column 2: 1e39 is too large");
    refused("1,2\n3,nan\n", "", TACET_FILE, "line 2, column 2: the value is missing: nan");
    refused("1,\"2\n3,4\n", "", TACET_FILE, "line 1, column 2: has a quote that is never closed");
    refused("1,\"2\" 3\n", "", TACET_FILE, "something after its closing quote");
    refused("1,2\"\n", "", TACET_FILE, "line 1, column 2: has a quote inside");
    refused("1,2\n3,0\n", "label=4", TACET_DESCRIPTION, "has no column \"4\"");
    refused("size,kind\n3,0\n", "label=kid", TACET_DESCRIPTION, "has no column \"kid\"");
    refused("size,kind\n3,0\n", "target=size,size", TACET_DESCRIPTION, "\"size\" is already a target");
    refused("size,kind\n3,0\n", "label=kind target=size", TACET_DESCRIPTION, "cannot be used together");
    refused("kind\n3\n", "label=kind", TACET_FILE, "no column is left");
    refused("1,2\n", "delimiter=ab", TACET_DESCRIPTION, "delimiter");
    refused("1,2\n", "delimiter=7", TACET_DESCRIPTION, "delimiter");
    refused("1,0\n1,1.5\n", "label=2", TACET_FILE, "line 2, column 2: the label \"1.5\" is not a whole number");
    refused("1,0\n1,-1\n", "label=2", TACET_FILE, "line 2, column 2: the label \"-1\" is not a whole number");
    refused("1,0\n1,cat\n", "label=2", TACET_FILE, "line 2, column 2: the label \"cat\" is a word");
    refused("1,cat\n1,cat\n1,3\n", "label=2", TACET_FILE, "line 3, column 2: the label \"3\" is a number");
    refuses("csv @/none.csv", TACET_IO, "No such file");
    refuses("csv @", TACET_IO, "directory");

    write_bytes("t.csv", "1,2\n3,\0004\n", 10);
    refuses("csv @/t.csv", TACET_FILE, "line 2, column 2: contains a zero byte");
    write_bytes("t.csv", "\xEFoo", 3);
    refuses("csv @/t.csv", TACET_FILE, "UTF-8");
    char *wide = malloc(300000);
    memset(wide, '1', 5000);
    wide[5000] = '\0';
    refused(wide, "", TACET_FILE, "longer than 4096 bytes");
    for (int i = 0; i < 140000; i++) wide[i] = i % 2 ? ',' : '1';
    wide[140000] = '\0';
    refused(wide, "", TACET_FILE, "more than 65536 fields");
    free(wide);
}

/* Opens t.csv and compares the error's message and hint. */
static void named(const void *bytes, size_t n, const char *message, const char *hint)
{
    tacet_error e = {0};
    write_bytes("t.csv", bytes, n);
    assert_null(open_data("csv @/t.csv label=k", "train", NULL, &e));
    assert_int_equal(e.status, TACET_FILE);
    if (!strstr(e.message, message)) fail_msg("'%s' is not in: %s", message, e.message);
    if (!strstr(e.hint, hint)) fail_msg("'%s' is not in: %s", hint, e.hint);
}

#define NAMED(bytes, message, hint) named(bytes, sizeof(bytes) - 1, message, hint)

static void other_encodings(void **state)
{
    (void)state;
    NAMED("a,k\n1,caf\xE9\n2,th\xE9\n", "line 2, column 2 (k): the text is not UTF-8, perhaps Latin-1",
          "iconv -f LATIN1 -t UTF-8 FILE");
    NAMED("\xE9,k\n1,2\n", "line 1, column 1: the text is not UTF-8", "iconv -f LATIN1");
    NAMED("\xEF,k\n1,2\n", "line 1, column 1: the text is not UTF-8", "iconv -f LATIN1");
    NAMED("\xEF\xBB,k\n1,2\n", "line 1, column 1: the text is not UTF-8", "iconv -f LATIN1");
    NAMED("\xFF\xFE"
          "a\0,\0k\0\n\0",
          "t.csv: the file is text in UTF-16", "iconv -f UTF-16 -t UTF-8 FILE");
    NAMED("\xFE\xFF\0a\0,\0k\0\n", "t.csv: the file is text in UTF-16", "iconv -f UTF-16 ");
    NAMED("a\0,\0k\0\n\0", "t.csv: the file looks like text in UTF-16", "iconv -f UTF-16LE ");
    NAMED("\0a\0,\0k\0\n", "t.csv: the file looks like text in UTF-16", "iconv -f UTF-16BE ");
    NAMED("\xFF\xFE\0\0a\0\0\0", "t.csv: the file is text in UTF-32", "iconv -f UTF-32 ");
    NAMED("a,k\r1,2\r3,4\r", "line 1, column 2: has a carriage return that no line feed follows", "tr '\\r' '\\n'");
    NAMED("PK\3\4\24\0\6\0", "t.csv: the file is a zip archive", "save the sheet as CSV");
    NAMED("PAR1\x15...", "t.csv: the file is a Parquet file", "to_csv");
    reads("PAR1,PAR2,k\n1,2,x\n3,4,y\n", "label=k", "1 2 3 4", "01"); /* names, not kinds of files */
    reads("BZh,b,k\n1,2,x\n3,4,y\n", "label=k", "1 2 3 4", "01");
    NAMED("BZh91AY&SY", "t.csv: the file is compressed with bzip2", "bunzip2");
    reads("\xEF\xBD\xB6,b,k\n1,2,x\n3,4,y\n", "label=k", "1 2 3 4", "01"); /* half-width katakana */
    reads("\xEF\xBB\xBF\"a\",b,k\n1,2,x\n3,4,y\n", "label=k x=a", "1 3", "01");
}

/* Rows that are wider than the first line: another delimiter, or a name is missing, as R's write.table leaves it out. */
static void wide_rows(void **state)
{
    (void)state;
    tacet_error e = {0};
    write_text("t.csv", "a;b;k\n1,5;2,5;0\n");
    assert_null(open_data("csv @/t.csv", "train", NULL, &e));
    assert_non_null(strstr(e.message, "line 2, column 3: the row has more than the 1 field of the first one"));
    assert_non_null(strstr(e.hint, "delimiter=\";\""));
    NAMED("sep=;\na;b;k\n1;2;0\n", "line 1, column 1: \"sep=\" is for spreadsheets", "delimiter= says");
    NAMED("sep=,\na,b,k\n1,2,0\n", "line 1, column 1: \"sep=\" is for spreadsheets", "remove the line");
    NAMED("a,b,k\n1,1,2,0\n2,3,4,1\n", "line 2, column 4: the row has more than the 3 fields", "lacks a name");
}

/* Delimiters at the end of every row, and rows of delimiters alone, as spreadsheets write them. */
static void delimiters_alone(void **state)
{
    (void)state;
    reads("a,b,k,,\n1,2,x,,\n3,4,y,,\n,,,,\n,,,,\n", "label=k", "1 2 3 4", "01");
    reads(",,\na,k,\n , ,\n1,0,\n\n2,1,\n", "label=k", "1 2", "01");
    reads("1,2,\n3,4,\n", "", "1 2 3 4", "");
    reads("a,b\n1,2,\n3,4,,\n", "", "1 2 3 4", "");
    refused("a,b\n1,2,\n3,4,,5\n", "", TACET_FILE, "line 3, column 4: the row has more than the 2 fields");
    refused("a,b,\n1,2,\n3,\n", "", TACET_FILE, "line 3, column 2 (b): the field is empty");
    reads("a,b\n1,\n3,\n", "missing=0", "1 0 3 0", ""); /* a column with a name */
}

/* More rows and labels than fit into the first buffer. */
static void long_file(void **state)
{
    (void)state;
    enum { ROWS = 5000, KINDS = 300 };
    FILE *f = fopen(path_of("t.csv"), "w");
    for (int i = 0; i < ROWS; i++) fprintf(f, "%d,k%03d\n", i, (i * 7) % KINDS);
    fclose(f);
    tacet_data *d = must_open("csv @/t.csv label=2", "train");
    assert_int_equal(d->rows, ROWS);
    assert_int_equal(d->table->classes, KINDS);
    for (int i = 0; i < ROWS; i++) {
        assert_int_equal(((int32_t *)d->table->y.data)[i], (i * 7) % KINDS);
        assert_int_equal((int)((double *)d->table->x.data)[i], i);
    }
    tacet_data_free(d);
}

/* Words in other data get the classes of the first data; a new word is refused. */
static void classes_of_words(void **state)
{
    (void)state;
    char schema[400], spec[200];
    tacet_error e;
    write_text("t.csv", "1,emu\n2,cat\n3,dog\n4,cat\n");
    tacet_data *d = must_open("csv @/t.csv label=2", "train");
    labels_are(d, "2010");
    assert_true(tacet_data_schema(d, schema, sizeof schema) < sizeof schema);
    assert_non_null(strstr(schema, "\"classes\":[\"cat\",\"dog\",\"emu\"]"));
    tacet_data_free(d);
    write_text("u.csv", "1,emu\n2,dog\n");
    snprintf(spec, sizeof spec, "csv %s label=2", path_of("u.csv"));
    d = tacet_data_open_as(spec, "train", schema, true, NULL, &e);
    labels_are(d, "21");
    tacet_data_info info = {.size = sizeof info};
    tacet_data_describe(d, &info);
    assert_int_equal(info.classes, 3);
    tacet_data_free(d);
    write_text("u.csv", "1,emu\n2,elk\n");
    assert_null(tacet_data_open_as(spec, "train", schema, true, NULL, &e));
    assert_non_null(strstr(e.message, "line 2, column 2: the label \"elk\" is not one of the classes"));
    write_text("u.csv", "1,1\n2,0\n");
    assert_null(tacet_data_open_as(spec, "train", schema, true, NULL, &e));
    d = tacet_data_open_as(spec, "train", "{\"classes\":2}", true, NULL, &e);
    labels_are(d, "10");
    tacet_data_free(d);
    write_text("u.csv", "1,emu\n2,elk\n");
    assert_null(tacet_data_open_as(spec, "train", "{\"classes\":2}", true, NULL, &e));
    assert_non_null(strstr(e.message, "the label \"emu\" is a word, but the classes are numbers"));
    d = tacet_data_open_as(spec, "train", schema, false, NULL, &e); /* labels that nobody needs */
    assert_null(d->table->y.data);
    tacet_data_free(d);
}

/* A program that starts another with sockets as its standard streams, as Node.js does. */
static void a_socket(void **state)
{
    (void)state;
    static const char text[] = "1,emu\n2,cat\n";
    int end[2];
    char spec[60];
    tacet_error e;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, end), 0);
    assert_int_equal(write(end[0], text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(shutdown(end[0], SHUT_WR), 0);
    snprintf(spec, sizeof spec, "csv /dev/fd/%d label=2", end[1]);
    tacet_data *d = tacet_data_open(spec, "train", NULL, &e);
    labels_are(d, "10");
    tacet_data_free(d);
    close(end[0]);
    close(end[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_and_labels),
        cmocka_unit_test(targets),
        cmocka_unit_test(quotes_delimiters_and_blank_lines),
        cmocka_unit_test(numbers),
        cmocka_unit_test(refusals),
        cmocka_unit_test(other_encodings),
        cmocka_unit_test(wide_rows),
        cmocka_unit_test(delimiters_alone),
        cmocka_unit_test(long_file),
        cmocka_unit_test(classes_of_words),
        cmocka_unit_test(a_socket),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
