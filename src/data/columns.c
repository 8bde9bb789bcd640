/* columns.c: names of columns, lists of columns in attributes, and what each column is.
 *
 * A list is "a,b,7-9": names first, then numbers from 1 and ranges of them. A name may contain commas: the longest name
 * that fits is taken. */
#include "data/columns.h"

#include "base/nearest.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tc_columns_free(tc_columns *c)
{
    const tc_mem *m = &c->t->mem;
    for (int64_t i = 0; c->column && i < c->count; i++) tc_words_free(&c->column[i].words);
    tc_free(m, c->column);
    tc_free(m, c->by_name);
    tc_text_free(&c->names);
}

tacet_status tc_columns_refuse(const tc_columns *c, int attr, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return tc_refuse(c->e, c->spec->source, c->arg[attr].column, c->arg[attr].width, "csv: %s", text);
}

tacet_status tc_columns_refuse_file(const tc_columns *c, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return tc_fail(c->e, TACET_FILE, "%s: %s", c->arg[TC_CSV_FILE].text, text);
}

const char *tc_columns_title(const tc_columns *c, int64_t i, char text[160])
{
    const char *name = c->column[i].name;
    snprintf(text, 160, *name ? "\"%.100s\"" : "column %.0s%" PRId64, name, i + 1);
    return text;
}

const char *tc_columns_value(const tc_columns *c, int64_t i, char text[160])
{
    const char *name = c->column[i].name;
    tc_text t = {.mem = c->t->mem};
    tc_spec_print_value(name, false, &t);
    snprintf(text, 160, *name && !t.failed && t.length < 100 ? "%s" : "%.0s%" PRId64, t.failed ? "" : t.data, i + 1);
    tc_text_free(&t);
    return text;
}

const char *tc_columns_delimiter(const tc_columns *c, const char *text)
{
    if (c->count > 1) return NULL;
    return strchr(text, ';') ? "\";\"" : strchr(text, '\t') ? "tab" : strchr(text, '|') ? "\"|\"" : NULL;
}

char tc_delimiter_of(const char *text)
{
    if (strcmp(text, "tab") == 0) return '\t';
    const bool one = strlen(text) == 1 && *text > 0 && !strchr("\"\r\n.+-", *text);
    const bool digit_or_letter = (*text >= '0' && *text <= '9') || ((*text | 32) >= 'a' && (*text | 32) <= 'z');
    return one && !digit_or_letter ? *text : '\0';
}

/* ---- Names ---- */

typedef struct named {
    const char *name;
    int64_t i;
} named;

static int by_name(const void *a, const void *b)
{
    const named *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    return order ? order : (x->i > y->i) - (x->i < y->i);
}

int64_t tc_columns_find(const tc_columns *c, const char *name)
{
    int64_t low = 0, high = c->count;
    if (!c->header) return -1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (strcmp(c->column[c->by_name[middle]].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const int64_t i = low < c->count ? c->by_name[low] : -1;
    return i >= 0 && strcmp(c->column[i].name, name) == 0 ? i : -1;
}

static tacet_status sort_names(tc_columns *c)
{
    const tc_mem *m = &c->t->mem;
    named *all = tc_alloc(m, (size_t)c->count, sizeof *all);
    c->by_name = tc_alloc(m, (size_t)c->count, sizeof *c->by_name);
    const bool ok = all && c->by_name;
    for (int64_t i = 0; ok && i < c->count; i++) all[i] = (named){c->column[i].name, i};
    if (ok) qsort(all, (size_t)c->count, sizeof *all, by_name);
    for (int64_t i = 0; ok && i < c->count; i++) c->by_name[i] = all[i].i;
    tc_free(m, all);
    if (!ok) return tc_fail_memory(c->e);
    for (int64_t i = 1; i < c->count; i++) {
        const int64_t before = c->by_name[i - 1], at = c->by_name[i];
        const char *name = c->column[at].name;
        if (!*name || strcmp(c->column[before].name, name) != 0) continue;
        tc_columns_refuse_file(c, "columns %" PRId64 " and %" PRId64 " are both named \"%.100s\"", before + 1, at + 1,
                               name);
        tc_fail_hint(c->e, "give each column its own name in the first line");
        return TACET_FILE;
    }
    return TACET_OK;
}

static tacet_status set_names(tc_columns *c, const tc_rows *r, const tc_row *names)
{
    c->column = tc_alloc(&c->t->mem, (size_t)c->count, sizeof *c->column);
    if (!c->column) return tc_fail_memory(c->e);
    for (int64_t i = 0; i < c->count; i++) {
        c->column[i] = (tc_column){.name = "", .missing = NAN, .words.text.mem = c->t->mem};
        if (names) tc_text_put(&c->names, tc_rows_text(r, names, i), strlen(tc_rows_text(r, names, i)) + 1);
    }
    if (c->names.failed) return tc_fail_memory(c->e);
    if (!names) return TACET_OK;
    const char *name = c->names.data;
    for (int64_t i = 0; i < c->count; i++, name += strlen(name) + 1) c->column[i].name = name;
    return sort_names(c);
}

static const char *next_name(const void *context, int i)
{
    const tc_columns *c = context;
    return i < c->count ? c->column[i].name : NULL;
}

/* ---- Lists in attributes ---- */

static bool read_range(const char *text, int64_t count, int64_t *first, int64_t *last)
{
    char word[48];
    const char *dash = strchr(text, '-');
    if (strlen(text) >= sizeof word) return false;
    strcpy(word, text);
    if (dash) word[dash - text] = '\0';
    return tc_integer_read(word, first) && tc_integer_read(dash ? dash + 1 : word, last) && *first >= 1 &&
           *first <= *last && *last <= count;
}

static tacet_status refuse_unknown(const tc_columns *c, int attr, const char *name)
{
    char value[160];
    tc_columns_refuse(c, attr, "%s has no column \"%.100s\"", c->arg[TC_CSV_FILE].text, name);
    const char *near = c->header ? tc_nearest(name, next_name, c) : NULL;
    if (near)
        tc_fail_hint(c->e, "did you mean %s?", tc_columns_value(c, tc_columns_find(c, near), value));
    else if (c->header && tc_columns_delimiter(c, c->column[0].name))
        tc_fail_hint(c->e, "its only column is named \"%.60s\": delimiter=%s?", c->column[0].name,
                     tc_columns_delimiter(c, c->column[0].name));
    else if (c->header)
        tc_fail_choices(c->e, "it has", name, next_name, c);
    else
        tc_fail_hint(c->e, "it has %" PRId64 " column%s without names: give numbers from 1", c->count,
                     tc_plural(c->count));
    return TACET_DESCRIPTION;
}

/* Copies text[length] without the spaces around it. */
static const char *trim(char to[TC_MAX_SPEC + 1], const char *text, size_t length)
{
    while (length > 0 && *text == ' ') text++, length--;
    while (length > 0 && text[length - 1] == ' ') length--;
    memcpy(to, text, length);
    to[length] = '\0';
    return to;
}

/* Reads the next item of a list, which becomes columns *first..*last from 0, and moves *list past it. */
static tacet_status next_item(const tc_columns *c, int attr, const char **list, int64_t *first, int64_t *last)
{
    char name[TC_MAX_SPEC + 1];
    size_t length = strlen(*list);
    for (;; length--) {
        if ((*list)[length] && (*list)[length] != ',') continue;
        *first = *last = tc_columns_find(c, trim(name, *list, length));
        if (*first >= 0 || !memchr(*list, ',', length)) break;
    }
    *list += length;
    if (*first >= 0) return TACET_OK;
    if (!read_range(name, c->count, first, last)) return refuse_unknown(c, attr, name);
    --*first, --*last;
    return TACET_OK;
}

tacet_status tc_columns_give(tc_columns *c, int attr, int64_t i, tc_role role)
{
    static const char *const what[] = {"", "an input", "the label", "a target", "left out", "the weight of a row"};
    tc_column *column = &c->column[i];
    char title[160];
    if (column->role)
        return tc_columns_refuse(c, attr, "%s is already %s", tc_columns_title(c, i, title), what[column->role]);
    column->role = role;
    if (role == TC_INPUT) column->at = c->inputs++;
    if (role == TC_TARGET) column->at = c->targets++;
    if (role == TC_LABEL) c->label = column;
    if (role == TC_WEIGHT) c->weight = column;
    return TACET_OK;
}

/* Gives all columns of a list the role; TC_UNUSED: they are categories, or the id, beside their role. */
static tacet_status give_roles(tc_columns *c, int attr, tc_role role)
{
    const char *list = c->arg[attr].text;
    tacet_status status = TACET_OK;
    for (; *list && !status; list += *list == ',') {
        int64_t i, last;
        status = next_item(c, attr, &list, &i, &last);
        const bool one = role == TC_LABEL || role == TC_WEIGHT || attr == TC_CSV_ID;
        if (!status && one && (*list || i != last))
            return tc_columns_refuse(c, attr, "%s must be one column",
                                     role == TC_LABEL    ? "label"
                                     : role == TC_WEIGHT ? "sample_weight"
                                                         : "id");
        for (; !status && i <= last; i++) {
            char title[160];
            if (role != TC_UNUSED)
                status = tc_columns_give(c, attr, i, role);
            else if (attr == TC_CSV_ID)
                c->id = &c->column[i];
            else if (c->column[i].role != TC_INPUT)
                status = tc_columns_refuse(c, attr, "%s is not an input", tc_columns_title(c, i, title));
            else
                c->column[i].onehot = true;
        }
    }
    return status;
}

/* Drops the columns of a list that the file has; other data than those of the training may lack them. */
static tacet_status drop(tc_columns *c)
{
    tacet_error own, *e = c->e;
    if (!c->t->expect) return give_roles(c, TC_CSV_DROP, TC_LEFT_OUT);
    const char *list = c->arg[TC_CSV_DROP].text;
    tacet_status status = TACET_OK;
    for (; *list && !status; list += *list == ',') {
        int64_t i, last;
        c->e = &own;
        const bool has = next_item(c, TC_CSV_DROP, &list, &i, &last) == TACET_OK;
        c->e = e;
        for (; has && !status && i <= last; i++) status = tc_columns_give(c, TC_CSV_DROP, i, TC_LEFT_OUT);
    }
    return status;
}

bool tc_columns_named(const tc_columns *c, const tc_rows *r, const tc_row *row)
{
    static const int lists[] = {TC_CSV_LABEL, TC_CSV_TARGET,       TC_CSV_X, TC_CSV_DROP, TC_CSV_ONEHOT,
                                TC_CSV_ID,    TC_CSV_SAMPLE_WEIGHT};
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
        const char *list = c->arg[lists[k]].text;
        for (; *list; list += *list == ',') {
            const size_t length = strcspn(list, ",");
            char name[TC_MAX_SPEC + 1];
            int64_t first, last;
            trim(name, list, length);
            list += length;
            if (!*name || read_range(name, TC_MAX_COLUMNS, &first, &last)) continue;
            for (int64_t i = 0; i < row->count; i++)
                if (strcmp(tc_rows_text(r, row, i), name) == 0) return true;
        }
    }
    size_t k;
    int64_t i = 0; /* continues after the last match, because names usually come in the same order */
    const tc_json *inputs = tc_json_get(c->t->expect, "inputs"), *input;
    tc_json_each(inputs, k, input)
    {
        const char *name = tc_json_text(tc_json_get(input, "name"));
        int64_t left = name ? row->count : 0;
        for (; left > 0 && strcmp(tc_rows_text(r, row, i), name) != 0; left--) i = (i + 1) % row->count;
        if (left == 0) return false;
    }
    return tc_json_size(inputs) > 0;
}

/* Columns that no attribute names: inputs, unless x= names the inputs. A column without a name in a file with names
 * cannot be matched with other data, and usually numbers the rows. */
static tacet_status give_rest(tc_columns *c)
{
    const bool named = *c->arg[TC_CSV_X].text != '\0', known = tc_columns_left_out(c);
    for (int64_t i = 0; i < c->count; i++) {
        tc_column *column = &c->column[i];
        if (column->role) continue;
        const bool unnamed = c->header && !*column->name;
        if (!named && !unnamed && !column->left_out) {
            column->role = TC_INPUT;
            column->at = c->inputs++;
            if (!c->t->expect && strncmp(column->name, "Unnamed: ", 9) == 0)
                tc_text_add(&c->t->remarks,
                            "%s: column %" PRId64
                            ", \"%.100s\", is an input; pandas gives such names to row numbers, and "
                            "drop=%" PRId64 " leaves it out\n",
                            c->arg[TC_CSV_FILE].text, i + 1, column->name, i + 1);
            continue;
        }
        column->role = TC_LEFT_OUT;
        if (!named && unnamed && !known)
            tc_text_add(&c->t->remarks,
                        "%s: column %" PRId64 " has no name and is left out, as pandas' row numbers should be; x= "
                        "takes it, drop=%" PRId64 " leaves it out without this remark\n",
                        c->arg[TC_CSV_FILE].text, i + 1, i + 1);
    }
    return c->t->remarks.failed ? tc_fail_memory(c->e) : TACET_OK;
}

tacet_status tc_columns_set(tc_columns *c, const tc_rows *r, const tc_row *names, int64_t count)
{
    c->count = count;
    c->header = names != NULL;
    tacet_status status = set_names(c, r, names);
    if (!status) status = give_roles(c, TC_CSV_LABEL, TC_LABEL);
    if (!status) status = give_roles(c, TC_CSV_TARGET, TC_TARGET);
    if (!status) status = give_roles(c, TC_CSV_SAMPLE_WEIGHT, TC_WEIGHT);
    if (!status) status = give_roles(c, TC_CSV_ID, TC_UNUSED);
    if (!status) status = drop(c);
    if (!status) status = give_roles(c, TC_CSV_X, TC_INPUT);
    if (!status) tc_columns_answers(c);
    if (!status && c->id && !c->id->role && !tc_columns_input(c, c->id->name)) c->id->role = TC_LEFT_OUT;
    if (!status) status = give_rest(c);
    if (!status && c->inputs < 1) status = tc_columns_refuse_file(c, "no column is left for x");
    if (!status && (!c->t->expect || !tc_json_get(c->t->expect, "inputs")))
        status = give_roles(c, TC_CSV_ONEHOT, TC_UNUSED);
    if (c->label) c->label->words.classes = true;
    if (!status && c->t->expect) status = tc_columns_match(c);
    return status;
}

/* ---- What other data need ---- */

static void write_input(const tc_column *column, bool named, tc_json_writer *to)
{
    tc_json_open(to, NULL, '{');
    if (named) tc_json_add_text(to, "name", column->name);
    if (!isnan(column->missing)) tc_json_add_number(to, "missing", column->missing);
    if (column->onehot) tc_words_write(&column->words, "words", to);
    if (column->ignore) tc_json_add_text(to, "ignore", "unknown words");
    tc_json_close(to, '}');
}

tacet_status tc_columns_write(const tc_columns *c, tc_json_writer *to)
{
    int64_t *place = tc_alloc(&c->t->mem, (size_t)c->count, sizeof *place); /* the inputs, then the targets */
    if (!place) return tc_fail_memory(c->e);
    for (int64_t i = 0; i < c->count; i++) {
        const tc_column *column = &c->column[i];
        if (column->role == TC_INPUT) place[column->at] = i;
        if (column->role == TC_TARGET) place[c->inputs + column->at] = i;
    }
    tc_json_open(to, "inputs", '[');
    for (int64_t i = 0; i < c->inputs; i++) write_input(&c->column[place[i]], c->header, to);
    tc_json_close(to, ']');
    if (c->header) {
        tc_json_open(to, "left_out", '[');
        for (int64_t i = 0; i < c->count; i++)
            if (c->column[i].role == TC_LEFT_OUT || c->column[i].role == TC_WEIGHT)
                tc_json_add_text(to, NULL, c->column[i].name);
        tc_json_close(to, ']');
        if (c->label) tc_json_add_text(to, "label", c->label->name);
    }
    if (c->targets && c->header) {
        tc_json_open(to, "targets", '[');
        for (int64_t i = 0; i < c->targets; i++) tc_json_add_text(to, NULL, c->column[place[c->inputs + i]].name);
        tc_json_close(to, ']');
    }
    if (c->label && !c->label->words.numbers) tc_words_write(&c->label->words, "classes", to);
    tc_free(&c->t->mem, place);
    return to->to.failed ? tc_fail_memory(c->e) : TACET_OK;
}
