/* match.c: the columns of a file and those that a model expects, by name or by position. */
#include "data/columns.h"

#include "base/nearest.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- Answers and columns that were left out ---- */

/* Makes a column of the model's answers the label or a target, if the file has it and it is not given another role. */
static bool expect_answer(tc_columns *c, const char *name, tc_role role)
{
    const int64_t i = name ? tc_columns_find(c, name) : -1;
    if (i < 0 || c->column[i].role) return false;
    if (c->t->x_only)
        tc_text_add(&c->t->remarks, "%s: the column \"%.100s\" holds the answers and is left out\n",
                    c->arg[TC_CSV_FILE].text, name);
    tc_columns_give(c, TC_CSV_LABEL, i, role);
    return true;
}

void tc_columns_answers(tc_columns *c)
{
    size_t k;
    const tc_json *name, *names = tc_json_get(c->t->expect, "targets");
    bool all = true;
    if (c->label || c->targets) return;
    expect_answer(c, tc_json_text(tc_json_get(c->t->expect, "label")), TC_LABEL);
    tc_json_each(names, k, name) all = expect_answer(c, tc_json_text(name), TC_TARGET) && all;
    if (all) return;
    for (int64_t i = 0; i < c->count; i++) /* some are missing, and so none can be used */
        if (c->column[i].role == TC_TARGET) c->column[i].role = TC_LEFT_OUT;
    c->targets = 0;
}

bool tc_columns_left_out(tc_columns *c)
{
    size_t k;
    const tc_json *value;
    bool unnamed = false;
    tc_json_each(tc_json_get(c->t->expect, "left_out"), k, value)
    {
        const char *name = tc_json_text(value);
        const int64_t i = name && *name ? tc_columns_find(c, name) : -1;
        if (i >= 0) c->column[i].left_out = true;
        if (name && !*name) unnamed = true;
    }
    return unnamed;
}

bool tc_columns_input(const tc_columns *c, const char *name)
{
    size_t k;
    const tc_json *value;
    tc_json_each(tc_json_get(c->t->expect, "inputs"), k, value)
    {
        const char *own = tc_json_text(tc_json_get(value, "name"));
        if (own && *own && strcmp(own, name) == 0) return true;
    }
    return false;
}

/* ---- Inputs ---- */

/* Takes over how an input of the model is read. */
static tacet_status adopt(tc_columns *c, tc_column *column, const tc_json *input, int64_t at)
{
    const tc_json *words = tc_json_get(input, "words");
    column->at = at;
    column->missing = tc_json_number(tc_json_get(input, "missing"));
    column->onehot = words != NULL;
    column->ignore = tc_json_get(input, "ignore") != NULL;
    if (isinf((float)column->missing))
        return tc_fail(c->e, TACET_DESCRIPTION, "the schema of the data has a missing value that is too large");
    return words ? tc_words_expect(&column->words, words, c->e) : TACET_OK;
}

static tacet_status refuse_extra(tc_columns *c, int64_t i)
{
    char value[160], title[160];
    tc_columns_refuse_file(c, "%s is not a column that the model takes", tc_columns_title(c, i, title));
    tc_columns_value(c, i, value);
    const char *label = c->label || c->t->x_only ? NULL : tc_json_text(tc_json_get(c->t->expect, "label"));
    if (label)
        tc_fail_hint(c->e, "label=%s if it holds the labels, which were in \"%.60s\"; drop=%s leaves it out", value,
                     label, value);
    else
        tc_fail_hint(c->e, "drop=%s leaves it out", value);
    return TACET_FILE;
}

/* The names of inputs that the model does not know. */
static const char *next_extra(const void *context, int i)
{
    const tc_columns *c = context;
    for (int64_t k = 0; k < c->count; k++)
        if (c->column[k].role == TC_INPUT && c->column[k].at < 0 && i-- == 0) return c->column[k].name;
    return NULL;
}

static tacet_status refuse_lacking(tc_columns *c, const char *name)
{
    tc_columns_refuse_file(c, "there is no column \"%.100s\", which is an input of the model", name);
    const char *near = tc_nearest(name, next_extra, c);
    const char *delimiter = tc_columns_delimiter(c, c->column->name);
    if (delimiter)
        tc_fail_hint(c->e, "delimiter=%s if that separates the fields", delimiter);
    else if (near)
        tc_fail_hint(c->e, "is it the column \"%.60s\"?", near);
    return TACET_FILE;
}

static tacet_status match_names(tc_columns *c, const tc_json *inputs)
{
    size_t k;
    const tc_json *input;
    const char *lacking = NULL;
    tacet_status status = TACET_OK;
    for (int64_t i = 0; i < c->count; i++)
        if (c->column[i].role == TC_INPUT) c->column[i].at = -1;
    tc_json_each(inputs, k, input)
    {
        const char *name = tc_json_text(tc_json_get(input, "name"));
        const int64_t i = tc_columns_find(c, name ? name : "");
        if (i >= 0 && *c->column[i].name && c->column[i].role != TC_INPUT)
            return tc_columns_refuse_file(
                c, "the column \"%.100s\" is an input of the model, but label=, target= or drop= gives it another role",
                name);
        if (i < 0 || c->column[i].role != TC_INPUT)
            lacking = lacking ? lacking : name ? name : "";
        else if (c->column[i].at >= 0)
            status = tc_fail(c->e, TACET_DESCRIPTION, "the schema of the data has the input \"%.100s\" twice", name);
        else
            status = adopt(c, &c->column[i], input, (int64_t)k);
        if (status) return status;
    }
    if (lacking) return refuse_lacking(c, lacking);
    for (int64_t i = 0; i < c->count; i++)
        if (c->column[i].role == TC_INPUT && c->column[i].at < 0) return refuse_extra(c, i);
    return TACET_OK;
}

static tacet_status match_places(tc_columns *c, const tc_json *inputs)
{
    const int64_t n = (int64_t)tc_json_size(inputs);
    if (c->inputs != n) {
        tc_columns_refuse_file(c, "%" PRId64 " of its columns are inputs, the model takes %" PRId64, c->inputs, n);
        tc_fail_hint(c->e, "x= or drop= choose columns; label= or target= name the column of the answers");
        return TACET_FILE;
    }
    size_t k = 0;
    const tc_json *input = tc_json_first(inputs);
    tacet_status status = TACET_OK;
    for (int64_t at = 0; at < n && !status; at++, input = tc_json_next(input)) { /* in the order of x= */
        while (c->column[k].role != TC_INPUT || c->column[k].at != at) k = (k + 1) % (size_t)c->count;
        status = adopt(c, &c->column[k], input, at);
    }
    return status;
}

/* Targets with the names of the model's come in the order of the model. */
static tacet_status match_targets(tc_columns *c)
{
    size_t k;
    const tc_json *value, *names = tc_json_get(c->t->expect, "targets");
    if (!c->header || c->targets == 0 || c->targets != (int64_t)tc_json_size(names)) return TACET_OK;
    tc_json_each(names, k, value)
    {
        const char *name = tc_json_text(value);
        const int64_t i = name ? tc_columns_find(c, name) : -1;
        if (i < 0 || c->column[i].role != TC_TARGET) return TACET_OK;
    }
    for (int64_t i = 0; i < c->count; i++)
        if (c->column[i].role == TC_TARGET) c->column[i].at = -1;
    tc_json_each(names, k, value)
    {
        tc_column *column = &c->column[tc_columns_find(c, tc_json_text(value))];
        if (column->at >= 0)
            return tc_fail(c->e, TACET_DESCRIPTION, "the schema of the data has the target \"%.100s\" twice",
                           column->name);
        column->at = (int64_t)k;
    }
    return TACET_OK;
}

tacet_status tc_columns_match(tc_columns *c)
{
    const tc_json *inputs = tc_json_get(c->t->expect, "inputs"), *classes = tc_json_get(c->t->expect, "classes");
    const bool named = tc_json_get(tc_json_first(inputs), "name") != NULL;
    tacet_status status = c->label && classes ? tc_words_expect(&c->label->words, classes, c->e) : TACET_OK;
    if (!status) status = match_targets(c);
    if (status) return status;
    if (named && c->header) return match_names(c, inputs);
    tc_text_add(&c->t->remarks, "%s: the columns are matched with those of the model by position: %s has no names\n",
                c->arg[TC_CSV_FILE].text, named ? "the file" : "the model");
    if (c->t->remarks.failed) return tc_fail_memory(c->e);
    return inputs ? match_places(c, inputs) : TACET_OK;
}
