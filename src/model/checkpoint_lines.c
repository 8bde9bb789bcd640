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
enum { OF_TERM = sizeof of_term / sizeof *of_term, OF_VALUE = sizeof of_value / sizeof *of_value, FIRED = 2 };

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

/* The rest of a line, as the kind has it. A line of "fired" ends with a number for each unit, at most `units`. */
static bool add(tc_json_writer *j, const kind *k, int64_t units, const char **at)
{
    bool good = true;
    if (!k->field[0] && !k->count) return add_number(j, k->key, at, '\n');
    tc_json_open(j, k->key, k->count ? '[' : '{');
    for (int i = 0; i < k->count && good; i++) good = add_number(j, NULL, at, i + 1 < k->count ? ' ' : '\n');
    for (int i = 0; k->field[i] && good; i++)
        good = add_number(j, k->field[i], at, k->field[i + 1] || units ? ' ' : '\n');
    if (units) {
        tc_json_open(j, "units", '[');
        while (good && --units > 0 && add_number(j, NULL, at, ' ')) {}
        good = good && add_number(j, NULL, at, '\n');
        tc_json_close(j, ']');
    }
    tc_json_close(j, k->count ? ']' : '}');
    return good;
}

static bool all_read(const char *const *at, int notes)
{
    bool all = true;
    for (int i = 0; i < notes; i++) all = all && (!at[i] || !*at[i]);
    return all;
}

/* The terms have the file's names, so that those of another objective can be told. A note has all of them or does not
 * exist. */
static bool add_terms(tc_json_writer *j, const tacet_file *f)
{
    const char *at[OF_TERM], *line = tacet_file_note(f, "tacet.lambdas");
    bool good = line != NULL;
    for (int i = 0; i < OF_TERM; i++) at[i] = tacet_file_note(f, of_term[i].note);
    tc_json_open(j, "terms", '{');
    while (good && *line) {
        const char *number = line + strcspn(line, "\n");
        while (number > line && number[-1] != ' ') number--;
        tc_text name = {.mem = j->to.mem};
        tc_text_put(&name, line, (size_t)(number - line));
        good = name.length > 1;
        if (good) {
            name.data[name.length - 1] = '\0';
            tc_json_open(j, name.data, '{');
            good = add_number(j, "lambda", &number, '\n');
            if (!at[0]) tc_json_add_number(j, "given", NAN);
            for (int i = 0; i < OF_TERM && good; i++)
                good = !at[i] || (tc_take_name(&at[i], name.data) && add(j, &of_term[i], 0, &at[i]));
            tc_json_close(j, '}');
        }
        j->to.failed = j->to.failed || name.failed;
        tc_text_free(&name);
        line = number;
    }
    tc_json_close(j, '}');
    return good && all_read(at, OF_TERM);
}

/* The lines of all notes are in the order of the plan's values. */
static bool add_values(tc_json_writer *j, const tacet_file *f, const tacet_plan *p)
{
    const char *at[OF_VALUE];
    bool good = true;
    for (int i = 0; i < OF_VALUE; i++) at[i] = tacet_file_note(f, of_value[i].note);
    tc_json_open(j, "values", '{');
    for (int v = 0; v < p->values && good; v++) {
        tc_json_open(j, tc_plan_name(p, v), '{');
        for (int i = 0; i < OF_VALUE && good; i++) {
            const int64_t units = i == FIRED ? tc_shape_count(&p->graph->value[v].shape) : 0;
            if (at[i] && tc_take_name(&at[i], tc_plan_name(p, v))) good = add(j, &of_value[i], units, &at[i]);
        }
        tc_json_close(j, '}');
    }
    tc_json_close(j, '}');
    return good && all_read(at, OF_VALUE);
}

/* A note of numbers; it may be missing if `must` is false. */
static bool add_note(tc_json_writer *j, const tacet_file *f, const kind *k, const char *name, bool must)
{
    const char *at = tacet_file_note(f, k->note);
    if (!at) return !must;
    return (!name || tc_take_name(&at, name)) && add(j, k, 0, &at) && !*at;
}

static bool add_run(tc_json_writer *j, const tacet_file *f)
{
    static const kind step = {"tacet.step", "step", {0}, 0}, rate = {"tacet.rate", "rate", {0}, 0},
                      given = {"tacet.given_rate", "given_rate", {0}, 0},
                      loader = {"tacet.loader", "loader", {"epoch", "position", "batches"}, 0},
                      version = {"tacet.checkpoint", "version", {0}, 0};
    static const char *const text[][2] = {{"tacet.optimizer", "optimizer"}, {"tacet.seed", "seed"}};
    static const char *const ledger[] = {"tacet.total", "tacet.accounts", "tacet.controls", "tacet.fired"};
    int notes = 0;
    for (int i = 0; i < 4; i++) notes += tacet_file_note(f, ledger[i]) != NULL;
    for (int i = 0; i < 2; i++)
        if (tacet_file_note(f, text[i][0])) tc_json_add_text(j, text[i][1], tacet_file_note(f, text[i][0]));
    if (!tacet_file_note(f, given.note)) tc_json_add_number(j, given.key, NAN);
    return (notes == 0 || notes == 4) && add_note(j, f, &version, NULL, true) && add_note(j, f, &step, NULL, true) &&
           add_note(j, f, &rate, NULL, true) && add_note(j, f, &given, NULL, false) &&
           add_note(j, f, &total, "all", false) && add_note(j, f, &loader, NULL, false);
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
