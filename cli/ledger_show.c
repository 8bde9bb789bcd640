/* ledger_show.c: figures as tables. What is not known is shown as "-". */
#include "ledger.h"
#include "run_record.h"

#include <math.h>
#include <string.h>

enum { EPOCHS = 20 /* rows of a table over epochs, at most */, NAMED = 20 /* dead units that are named */ };

void cli_accounts_table(FILE *to, cli_arena *a, const char *head, const cli_figure *figure, int figures, int entries,
                        const cli_account *entry, const char *const *row)
{
    const size_t rows = (size_t)entries + 1;
    const char **column = cli_take(a, rows * (size_t)(figures + 1) * sizeof *column), **cell;
    char *align = cli_take(a, (size_t)figures + 2);
    int columns = 1;
    column[0] = head;
    align[0] = 'l';
    for (int i = 0; i < entries; i++) column[i + 1] = row ? row[i] : entry[i].name;
    for (int k = 0; k < figures; k++) {
        const char **to_fill = &column[(size_t)columns * rows];
        bool any = false;
        if (!*figure[k].heading) continue;
        to_fill[0] = figure[k].heading;
        for (int i = 0; i < entries; i++) {
            to_fill[i + 1] = figure[k].show(a, &entry[i].x[k]);
            any = any || strcmp(to_fill[i + 1], "-") != 0;
        }
        if (any) align[columns++] = 'r';
    }
    cell = cli_take(a, rows * (size_t)columns * sizeof *cell);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < (size_t)columns; c++) cell[r * (size_t)columns + c] = column[c * rows + r];
    cli_table(to, align, (int)rows, cell);
}

static void terms_table(FILE *to, cli_arena *a, const char *head, int terms, const cli_account *term,
                        const char *const *row)
{
    cli_accounts_table(to, a, head, cli_term_figure, CLI_TERM_FIGURES, terms, term, row);
}

static void layers_table(FILE *to, cli_arena *a, const cli_ledger *l)
{
    enum { COLUMNS = CLI_BINS + 3 };
    const char **cell = cli_take(a, ((size_t)l->layers + 1) * COLUMNS * sizeof *cell);
    int rows = 1;
    bool positions = false;
    cell[0] = "layer", cell[1] = "density", cell[2] = "never";
    for (int k = 0; k < CLI_BINS; k++) cell[k + 3] = cli_format(a, "%d%%", 10 * k + 10);
    for (int i = 0; i < l->layers; i++) {
        const cli_account *e = &l->layer[i];
        const double dead = e->x[CLI_LAYER_dead];
        if (!e->bin) continue;
        const char **c = &cell[COLUMNS * rows++];
        positions = positions || e->x[CLI_LAYER_positions] > 1;
        c[0] = e->name;
        c[1] = cli_format(a, "%.3g", e->x[CLI_LAYER_density]);
        c[2] = cli_format(a, "%.0f", dead);
        for (int k = 0; k < CLI_BINS; k++) c[k + 3] = cli_format(a, "%.0f", (double)e->bin[k] - (k ? 0 : dead));
    }
    if (rows == 1) return;
    cli_print(to, "\nunits by how often they fire: never, %s, up to 20%%, ...\n",
              positions ? "at up to 10% of the positions of all samples" : "in up to 10% of the samples");
    cli_table(to, "lrrrrrrrrrrrr", rows, cell);
}

static void dead_named(FILE *to, const cli_account *e)
{
    if (e->deads == 0) return;
    cli_print(to, "dead units of %s:", e->name);
    for (size_t k = 0; k < e->deads && k < NAMED; k++) cli_print(to, "%s %lld", k ? "," : "", (long long)e->dead[k]);
    if (e->deads > NAMED) cli_print(to, " and %zu more, in metrics.jsonl", e->deads - NAMED);
    cli_print(to, "\n");
}

void cli_ledger_show(FILE *to, cli_arena *a, const cli_ledger *l, double epoch)
{
    cli_print(to, "ledger of epoch %.0f, on training data (grad: of the data's):\n", epoch);
    if (l->terms) terms_table(to, a, "term", l->terms, l->term, NULL);
    for (int i = 0; i < l->terms; i++)
        if (l->term[i].x[CLI_TERM_empty_inputs] > 0)
            cli_print(to, "%s: %.0f of %.0f inputs have no weight left\n", l->term[i].name,
                      l->term[i].x[CLI_TERM_empty_inputs], l->term[i].x[CLI_TERM_inputs]);
    layers_table(to, a, l);
    for (int i = 0; i < l->layers; i++) dead_named(to, &l->layer[i]);
}

/* How term i of the last epoch's line went, from epoch to epoch. */
static void term_over_epochs(FILE *to, cli_arena *a, const cli_record *r, int i)
{
    const size_t n = r->epochs, shown = n < EPOCHS ? n : EPOCHS;
    cli_account *term = cli_take(a, shown * sizeof *term);
    const char **row = cli_take(a, shown * sizeof *row);
    int rows = 0;
    for (size_t k = 0; k < shown; k++) {
        const tc_json *line = r->epoch[shown == 1 ? n - 1 : k * (n - 1) / (shown - 1)];
        const cli_ledger l = cli_ledger_read(a, line);
        if (i >= l.terms) continue;
        row[rows] = cli_format(a, "%.0f", cli_record_number(line, "epoch"));
        term[rows++] = l.term[i];
    }
    cli_print(to, "\n%s\n", term[rows - 1].name);
    terms_table(to, a, "epoch", rows, term, row);
}

tacet_status cli_ledger_show_run(FILE *to, cli_arena *a, const char *run)
{
    cli_record r;
    const tacet_status s = cli_record_open(a, run, &r);
    if (s == TACET_OK && r.epochs > 0) {
        const tc_json *last = r.epoch[r.epochs - 1];
        const cli_ledger l = cli_ledger_read(a, last);
        cli_ledger_show(to, a, &l, cli_record_number(last, "epoch"));
        for (int i = 0; i < l.warnings; i++) cli_print(to, "warning: %s: %s\n", l.warning[i].on, l.warning[i].name);
        for (int i = 0; i < l.terms && r.epochs > 1; i++) term_over_epochs(to, a, &r, i);
    }
    cli_record_close(&r);
    return s;
}
