/* schema.c: what data say about themselves, as the model that is trained on them stores it. */
#include "schema.h"
#include "output.h"

#include <string.h>

static size_t schema_text(const void *data, char *to, size_t capacity) { return tacet_data_schema(data, to, capacity); }

const char *cli_schema_of(cli_arena *a, const tacet_data *d) { return cli_text_of(a, schema_text, d); }

/* Adds the numbers that come before the word `end` as a list. */
static void add_numbers(tc_json_writer *j, const char *key, const char **at, const char *end)
{
    tc_json_open(j, key, '[');
    while (**at && strncmp(*at, end, strlen(end)) != 0) {
        char *after;
        const double x = tc_number_at(*at, &after);
        if (after == *at) break;
        tc_json_add_number(j, NULL, x);
        *at = after + strspn(after, " ");
    }
    tc_json_close(j, ']');
}

/* Earlier versions stored "scale NUMBERS shift NUMBERS" and the words of the classes, one on each line. */
const char *cli_model_schema(cli_arena *a, const tacet_file *f)
{
    const char *schema = tacet_file_note(f, "schema"), *scaling = tacet_file_note(f, "scaling");
    const char *classes = tacet_file_note(f, "classes");
    if (schema) return schema;
    tc_json_writer j = cli_json(a);
    tc_json_open(&j, NULL, '{');
    if (scaling && strncmp(scaling, "scale ", 6) == 0) {
        scaling += 6;
        add_numbers(&j, "scale", &scaling, "shift ");
        scaling += strncmp(scaling, "shift ", 6) == 0 ? 6 : 0;
        add_numbers(&j, "shift", &scaling, "\n");
    }
    if (classes && !*classes) {
        tc_json_add_integer(&j, "classes", 0); /* whole numbers */
    } else if (classes) {
        tc_json_open(&j, "classes", '[');
        for (size_t n; *classes; classes += n + (classes[n] == '\n')) {
            n = strcspn(classes, "\n");
            tc_json_add_text(&j, NULL, cli_format(a, "%.*s", (int)n, classes));
        }
        tc_json_close(&j, ']');
    }
    tc_json_close(&j, '}');
    return j.to.data;
}

/* The name of a class, which is a line of a list; "" if it is not a text. */
static const char *one_line(cli_arena *a, const tc_json *name)
{
    const char *text = tc_json_text(name);
    char *line = text ? cli_copy(a, text, strlen(text)) : cli_take(a, 1);
    for (char *at = line; (at = strchr(at, '\n'));) *at = ' ';
    return line;
}

/* At most as many names of classes as a line holds. */
static const char *class_names(cli_arena *a, const tc_json *classes)
{
    enum { NAMES = 20 };
    size_t i;
    const tc_json *name;
    const char *line = "";
    tc_json_each(classes, i, name)
    {
        if (i == NAMES) return cli_format(a, "%s ...", line);
        const char *word = one_line(a, name), *quote = strchr(word, ' ') ? "\"" : "";
        line = cli_format(a, "%s %s%s%s", i ? line : ":", quote, word, quote);
    }
    return line;
}

const tc_json *cli_schema_read(cli_arena *a, const char *schema)
{
    char *text = cli_copy(a, schema, strlen(schema));
    const tc_mem m = cli_memory(a);
    tc_json_error why;
    return tc_json_read(&m, text, strlen(text), &why);
}

const char *cli_schema_classes(cli_arena *a, const char *schema)
{
    tc_text lines = {.mem = cli_memory(a)};
    size_t i;
    const tc_json *word;
    tc_json_each(tc_json_get(cli_schema_read(a, schema), "classes"), i, word)
    {
        tc_text_add(&lines, "%s\n", one_line(a, word));
    }
    return lines.data ? lines.data : "";
}

/* " of 28 x 28 x 1" for images and other rows with several dimensions, otherwise ", 4 inputs". */
static const char *row_size(cli_arena *a, const tacet_data_info *info, const tc_json *columns)
{
    if (info->rank < 2) {
        const int64_t inputs = columns ? (int64_t)tc_json_size(columns) : info->rank ? info->shape[0] : 1;
        return cli_format(a, ", %s", cli_count(a, inputs, "input"));
    }
    const char *size = " of";
    for (int i = 0; i < info->rank; i++)
        size = cli_format(a, "%s %s%s", size, i ? "x " : "", cli_thousands(a, info->shape[i]));
    return size;
}

const char *cli_data_line(cli_arena *a, const tacet_data *d)
{
    tacet_data_info info = {.size = sizeof info};
    tacet_data_describe(d, &info);
    const tc_json *all = cli_schema_read(a, cli_schema_of(a, d));
    const char *line = cli_format(a, "%s%s%s", cli_count(a, info.rows, "row"),
                                  info.header < 0 ? ""
                                  : info.header   ? ", header: yes"
                                                  : ", header: no",
                                  row_size(a, &info, tc_json_get(all, "inputs")));
    if (info.classes)
        line = cli_format(a, "%s, %s class%s%s", line, cli_thousands(a, info.classes), info.classes == 1 ? "" : "es",
                          class_names(a, tc_json_get(all, "classes")));
    else if (info.target_rank >= 0)
        line = cli_format(a, "%s, %s", line, cli_count(a, info.target_rank ? info.target_shape[0] : 1, "target"));
    return line;
}
