/* checkpoint_lines.c: the state of checkpoints of versions 1 and 2 as the JSON object of version 3 (checkpoint.c).
 *
 * They had a note for each kind of figure: of one number, or of lines such as "relu1:l1 0.5 -", in which the numbers of
 * a term or value follow its name. A dash is a number that is not finite. Versions before the ledger lack its notes. */
#include "model/model.h"

#include <math.h>
#include <string.h>

typedef struct kind {
    const char *note, *key, *field[9]; /* without fields: a list of `count` numbers; count 0: one number */
    int count;
} kind;

static const kind of_term[] = {
    {"tacet.given", "given", {0}, 0},
    {"tacet.accounts",
     "account",
     {"value", "weighted", "lambda", "gradient", "data", "samples", "lambda_before", "density_before"},
     0},
    {"tacet.controls", "control", {"least", "most", "pull", "smooth", "error", "landed", "next"}, 0}};
static const kind of_value[] = {{"tacet.lists", "lists", {"steps", "forward", "backward"}, 0},
                                {"tacet.break_even", "break_even", {0}, TC_WAYS},
                                {"tacet.fired", "fired", {"natural", "rows"}, 0}};
static const kind total = {"tacet.total", "total", {"steps", "rows", "objective", "data_loss"}, 0};
enum { OF_TERM = sizeof of_term / sizeof *of_term, OF_VALUE = sizeof of_value / sizeof *of_value };

static const char *note_of(const tacet_file *f, const char *key)
{
    const char *note = tacet_file_note(f, key);
    return note ? note : "";
}

static bool add_number(tc_json_writer *j, const char *key, const char **at, char end)
{
    double x;
    if (!tc_take_number(at, end, &x)) return false;
    if (fabs(x) <= 0x1p53 && x == floor(x) && !signbit(x))
        tc_json_add_integer(j, key, (int64_t)x);
    else
        tc_json_add_number(j, key, x);
    return true;
}

/* The rest of a line, as the kind has it. A line of "fired" ends with a number for each unit. */
static bool add(tc_json_writer *j, const kind *k, const char **at)
{
    const bool fired = strcmp(k->key, "fired") == 0;
    bool good = true;
    if (!k->field[0] && !k->count) return add_number(j, k->key, at, '\n');
    tc_json_open(j, k->key, k->count ? '[' : '{');
    for (int i = 0; i < k->count && good; i++) good = add_number(j, NULL, at, i + 1 < k->count ? ' ' : '\n');
    for (int i = 0; k->field[i] && good; i++)
        good = add_number(j, k->field[i], at, k->field[i + 1] || fired ? ' ' : '\n');
    if (fired) {
        tc_json_open(j, "units", '[');
        while (good && add_number(j, NULL, at, ' ')) {}
        good = good && add_number(j, NULL, at, '\n');
        tc_json_close(j, ']');
    }
    tc_json_close(j, k->count ? ']' : '}');
    return good;
}

/* The lines of several notes that begin with one name: all notes have the same order. */
static bool add_lines(tc_json_writer *j, const char *name, const kind *k, int kinds, const char **at)
{
    bool good = true;
    for (int i = 0; i < kinds && good; i++) good = !tc_take_name(&at[i], name) || add(j, &k[i], &at[i]);
    return good;
}

/* The names are the file's own, so that those of another objective can be told. */
static bool add_terms(tc_json_writer *j, const tacet_file *f)
{
    const char *at[OF_TERM], *line = note_of(f, "tacet.lambdas");
    bool good = true;
    for (int i = 0; i < OF_TERM; i++) at[i] = note_of(f, of_term[i].note);
    tc_json_open(j, "terms", '{');
    while (*line && good) {
        const char *end = line + strcspn(line, "\n"), *number = end;
        while (number > line && number[-1] != ' ') number--;
        tc_text name = {.mem = j->to.mem};
        tc_text_put(&name, line, (size_t)(number - line));
        if (name.length > 0) name.data[name.length - 1] = '\0';
        good = name.length > 1;
        if (good) {
            tc_json_open(j, name.data, '{');
            good = add_number(j, "lambda", &number, '\n');
            if (!*at[0]) tc_json_add_number(j, "given", NAN);
            good = good && add_lines(j, name.data, of_term, OF_TERM, at);
            tc_json_close(j, '}');
        }
        j->to.failed = j->to.failed || name.failed;
        tc_text_free(&name);
        line = number;
    }
    tc_json_close(j, '}');
    for (int i = 0; i < OF_TERM; i++) good = good && !*at[i];
    return good;
}

static bool add_values(tc_json_writer *j, const tacet_file *f, const tacet_plan *p)
{
    const char *at[OF_VALUE];
    bool good = true;
    for (int i = 0; i < OF_VALUE; i++) at[i] = note_of(f, of_value[i].note);
    tc_json_open(j, "values", '{');
    for (int v = 0; v < p->values && good; v++) {
        tc_json_open(j, tc_plan_name(p, v), '{');
        good = add_lines(j, tc_plan_name(p, v), of_value, OF_VALUE, at);
        tc_json_close(j, '}');
    }
    tc_json_close(j, '}');
    for (int i = 0; i < OF_VALUE; i++) good = good && !*at[i];
    return good;
}

static bool add_run(tc_json_writer *j, const tacet_file *f)
{
    const char *version = note_of(f, "tacet.checkpoint"), *step = note_of(f, "tacet.step");
    const char *rate = note_of(f, "tacet.rate"), *given = note_of(f, "tacet.given_rate");
    const char *sums = note_of(f, total.note), *loader = note_of(f, "tacet.loader");
    tc_json_add_text(j, "optimizer", note_of(f, "tacet.optimizer"));
    tc_json_add_text(j, "seed", note_of(f, "tacet.seed"));
    if (!*given) tc_json_add_number(j, "given_rate", NAN);
    return add_number(j, "version", &version, '\n') && add_number(j, "step", &step, '\n') &&
           add_number(j, "rate", &rate, '\n') && (!*given || add_number(j, "given_rate", &given, '\n')) &&
           (!*sums || (tc_take_name(&sums, "all") && add(j, &total, &sums))) &&
           (!*loader || add(j, &(kind){"", "loader", {"epoch", "position", "batches"}, 0}, &loader));
}

bool tc_checkpoint_lines(const tacet_file *f, const tacet_plan *p, tc_text *to)
{
    tc_json_writer j = {.to = *to};
    tc_json_open(&j, NULL, '{');
    const bool good = add_run(&j, f) && add_terms(&j, f) && add_values(&j, f, p);
    tc_json_close(&j, '}');
    *to = j.to;
    return good;
}
