/* prediction.c: names the columns of predictions, and turns outputs into probabilities. */
#include "prediction.h"
#include "command.h"
#include "figures.h"
#include "output.h"

#include <math.h>
#include <string.h>

/* A file gets the words as they are, except what would act on a terminal that the file is shown on. */
void cli_csv_field(FILE *to, const char *text)
{
    const bool quoted = text[strcspn(text, ",\"\r\n")];
    if (quoted) fputc('"', to);
    uint32_t code;
    for (size_t n; *text; text += n ? n : 1) {
        n = tc_char(text, &code);
        const bool acts = n == 0 || (tc_char_acts(code) && *text != '\t' && *text != '\n');
        if (*text == '"') fputc('"', to);
        if (acts || (code > 0x7F && !tc_char_shown(code) && cli_terminal(to)))
            fputc('?', to);
        else
            fwrite(text, 1, n, to);
    }
    if (quoted) fputc('"', to);
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

/* The first n texts of a list in the schema; NULL where there is no text. */
static const char **texts(cli_arena *a, const tc_json *list, int n)
{
    size_t i;
    const tc_json *value;
    const char **text = cli_take(a, (size_t)n * sizeof *text);
    tc_json_each(list, i, value) if (i < (size_t)n) text[i] = tc_json_text(value);
    return text;
}

static void name_classes(cli_arena *a, const tc_json *schema, cli_prediction *p)
{
    const char **word = texts(a, tc_json_get(schema, "classes"), p->columns);
    for (int i = 0; i < p->columns; i++) {
        if (!word[i]) word[i] = cli_format(a, "%d", i);
        p->name[i] = cli_format(a, "p(%s)", word[i]);
    }
    p->word = word;
}

/* Targets have their names if the number of outputs is theirs. */
static void name_outputs(cli_arena *a, const tc_json *schema, const char *value, bool targets, cli_prediction *p)
{
    const tc_json *list = tc_json_get(schema, "targets");
    const char **name = texts(a, targets && (int64_t)tc_json_size(list) == p->outputs ? list : NULL, p->columns);
    for (int i = 0; i < p->columns; i++) {
        if (!name[i]) name[i] = p->columns > 1 ? cli_format(a, "%s.%d", value, i) : value;
        p->name[i] = targets && p->convert == sigmoid ? cli_format(a, "p(%s)", name[i]) : name[i];
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
    size_t i;
    const tc_json *value;
    double *x = cli_take(a, (size_t)n * sizeof *x);
    tc_json_each(list, i, value) x[i] = tc_json_number(value);
    return x;
}

cli_prediction cli_prediction_of(cli_arena *a, const cli_model *m, const char *schema, const tacet_value_info *value)
{
    const tc_json *all = cli_schema_read(a, schema);
    const char *loss = loss_of(m, value);
    const int64_t n = value->rank ? value->shape[value->rank - 1] : 1;
    cli_prediction p = {.outputs = n, .columns = (int)n, .convert = same};
    tacet_value_info target = {.size = sizeof target};
    const bool answers = tacet_value_at(m->plan, m->target.id - 1, &target) == TACET_OK; /* otherwise compared with x */
    const bool named = tc_json_size(tc_json_get(all, "targets")) == 1, logits = answers && cli_loss_of_logits(loss);
    const bool two = logits && n == 1 && !named;
    if (answers && *loss && target.type == TACET_I32) p.convert = softmax;
    if (logits) p.convert = two ? two_classes : sigmoid;
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

/* Writes a target in its own unit, with enough digits to keep those of its standardised value. */
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
