/* prediction.c: names the columns of predictions, and turns outputs into probabilities. */
#include "prediction.h"
#include "command.h"
#include "output.h"

#include <math.h>
#include <string.h>

void cli_csv_field(FILE *to, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        cli_print(to, "%s", text);
        return;
    }
    fputc('"', to);
    for (; *text; text += strcspn(text, "\"")) {
        if (*text == '"') fputs("\"\"", to), text++;
        cli_print(to, "%.*s", (int)strcspn(text, "\""), text);
    }
    fputc('"', to);
}

/* ---- From outputs to numbers ---- */

static void same(int64_t n, const float *y, double *to)
{
    for (int64_t i = 0; i < n; i++) to[i] = (double)y[i];
}

static void softmax(int64_t n, const float *y, double *to)
{
    double most = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++) most = fmax(most, (double)y[i]);
    for (int64_t i = 0; i < n; i++) sum += to[i] = exp((double)y[i] - most);
    for (int64_t i = 0; i < n; i++) to[i] /= sum;
}

static void sigmoid(int64_t n, const float *y, double *to)
{
    for (int64_t i = 0; i < n; i++) to[i] = 1 / (1 + exp(-(double)y[i]));
}

/* One output, the logit of class 1. */
static void two_classes(int64_t n, const float *y, double *to)
{
    (void)n;
    sigmoid(1, y, &to[1]);
    to[0] = 1 / (1 + exp((double)*y));
}

/* ---- Names ---- */

/* Name i of a list in the schema, or NULL. */
static const char *listed(const tc_json *schema, const char *key, int64_t i)
{
    const tc_json *list = tc_json_get(schema, key);
    return i < (int64_t)tc_json_size(list) ? tc_json_text(tc_json_at(list, (size_t)i)) : NULL;
}

static void name_classes(cli_arena *a, const tc_json *schema, cli_prediction *p)
{
    const char **word = cli_take(a, (size_t)p->columns * sizeof *word);
    for (int i = 0; i < p->columns; i++) {
        word[i] = listed(schema, "classes", i) ? listed(schema, "classes", i) : cli_format(a, "%d", i);
        p->name[i] = cli_format(a, "p(%s)", word[i]);
    }
    p->word = word;
}

/* Targets have their names if the number of outputs is theirs. */
static void name_outputs(cli_arena *a, const tc_json *schema, const char *value, bool targets, cli_prediction *p)
{
    const bool named = targets && (int64_t)tc_json_size(tc_json_get(schema, "targets")) == p->outputs;
    for (int i = 0; i < p->columns; i++) {
        const char *name = named ? listed(schema, "targets", i) : NULL;
        p->name[i] = name ? name : p->columns > 1 ? cli_format(a, "%s.%d", value, i) : value;
        if (targets && p->convert == sigmoid) p->name[i] = cli_format(a, "p(%s)", p->name[i]);
    }
}

/* The kind of the loss on the output; "" for other values. */
static const char *loss_of(const cli_model *m, const tacet_value_info *value)
{
    tacet_term t = {.size = sizeof t};
    for (int i = 0; tacet_term_at(m->plan, i, &t) == TACET_OK; i++)
        if (t.role == TACET_ROLE_LOSS && value->value.id == m->y.id) return t.kind;
    return "";
}

/* A list of n numbers in the schema, or NULL. */
static const double *numbers(cli_arena *a, const tc_json *schema, const char *key, int64_t n)
{
    const tc_json *list = tc_json_get(schema, key);
    if ((int64_t)tc_json_size(list) != n) return NULL;
    double *x = cli_take(a, (size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++) x[i] = tc_json_number(tc_json_at(list, (size_t)i));
    return x;
}

cli_prediction cli_prediction_of(cli_arena *a, const cli_model *m, const char *schema, const tacet_value_info *value)
{
    const tc_json *all = cli_schema_read(a, schema);
    const char *loss = loss_of(m, value);
    const int64_t n = value->rank ? value->shape[value->rank - 1] : 1;
    cli_prediction p = {.outputs = n, .columns = (int)n, .convert = same};
    const bool answers = m->target.id != 0; /* otherwise the output is compared with x */
    const bool named = tc_json_size(tc_json_get(all, "targets")) == 1;
    const bool two = answers && n == 1 && !named && strcmp(loss, "bce_with_logits") == 0;
    if (answers && strcmp(loss, "cross_entropy") == 0) p.convert = softmax;
    if (answers && strcmp(loss, "bce_with_logits") == 0) p.convert = two ? two_classes : sigmoid;
    if (two) p.columns = 2;
    p.name = cli_take(a, (size_t)p.columns * sizeof *p.name);
    if (two || p.convert == softmax)
        name_classes(a, all, &p);
    else
        name_outputs(a, all, value->name, answers && *loss, &p);
    if (answers && *loss && p.convert == same) {
        p.scale = numbers(a, all, "target_scale", value->elements);
        p.shift = numbers(a, all, "target_shift", value->elements);
    }
    return p;
}

/* ---- Rows ---- */

void cli_prediction_head(const cli_prediction *p, FILE *to)
{
    if (p->word) fputs("class,", to);
    for (int i = 0; i < p->columns; i++) {
        if (i) fputc(',', to);
        cli_csv_field(to, p->name[i]);
    }
}

/* Writes a target in its own unit, with the digits that its standardised value has behind the larger shift. */
static void write_target(double x, double scale, FILE *to)
{
    enum { DIGITS = 9, MOST = 15 };
    const double more = ceil(log10(fabs(x * scale)));
    fprintf(to, "%.*g", more > MOST - DIGITS ? MOST : more > 0 ? DIGITS + (int)more : DIGITS, x);
}

void cli_prediction_write(const cli_prediction *p, int64_t position, const float *y, double *number, FILE *to)
{
    const int64_t at = position * p->outputs;
    p->convert(p->outputs, y, number);
    int best = 0;
    for (int i = 1; i < p->columns; i++)
        if (number[i] > number[best]) best = i;
    if (p->word) {
        cli_csv_field(to, p->word[best]);
        fputc(',', to);
    }
    for (int i = 0; i < p->columns; i++) {
        if (i) fputc(',', to);
        if (p->scale && p->shift)
            write_target((number[i] - p->shift[at + i]) / p->scale[at + i], p->scale[at + i], to);
        else
            fprintf(to, "%.9g", number[i]);
    }
}
