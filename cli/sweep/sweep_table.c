/* sweep_table.c: the points of a sweep as a table, as CSV and as JSON. */
#include "prediction.h"
#include "sweep/sweep.h"

#include <math.h>
#include <string.h>

/* A column of figures. */
typedef struct column {
    const char *head, *key; /* of the table, NULL: not in it; of CSV and JSON */
    int figure;
} column;

static const column of_all[] = {{"accuracy", "accuracy", CLI_OF_ACCURACY},
                                {"data loss", "data_loss", CLI_OF_LOSS},
                                {"ms/step", "step_us", CLI_OF_STEP_US},
                                {"fires", "firing", CLI_OF_FIRING},
                                {NULL, "training_loss", CLI_OF_TRAINING_LOSS}};
enum { OF_ALL = sizeof of_all / sizeof *of_all, COLUMNS = 2 * CLI_OVERS + OF_ALL + CLI_SWEEP_METRICS };

/* "relu1:l1 " if several penalties are swept. */
static const char *prefix(const cli_sweep *s, int over)
{
    const cli_over *o = &s->over[over];
    return s->overs == 1 ? "" : cli_format(s->arena, "%s:%s ", o->on, *o->called ? o->called : o->kind);
}

/* The columns after those of the swept values: density and dead units of each penalty, then figures of the network. */
static int columns_of(const cli_sweep *s, column c[COLUMNS])
{
    int n = 0;
    for (; n < 2 * s->overs; n++) {
        const char *name = cli_format(s->arena, "%s%s", prefix(s, n / 2), n % 2 ? "dead" : "density");
        c[n] = (column){name, name, CLI_OF_OVER + n};
    }
    memcpy(&c[n], of_all, sizeof of_all);
    n += OF_ALL;
    for (int i = 0; i < s->metrics; i++) c[n++] = (column){s->metric[i], s->metric[i], CLI_OF_METRICS + i};
    return n;
}

static bool any(const cli_sweep *s, int figure)
{
    for (int i = 0; i < s->points; i++)
        if (!isnan(s->point[i].mean[figure])) return true;
    return false;
}

/* The heading of the swept values, different from that of a figure of the same name. */
static const char *asked(const cli_sweep *s, int over)
{
    return cli_format(s->arena, s->over[over].lambda ? "%s%s" : "%s%s asked", prefix(s, over), s->over[over].attribute);
}

/* A single accuracy has three decimals, or four if there are more than a thousand rows, in which a fourth can differ. A
 * mean has the decimals of its standard error, which has two digits: more would be chance. */
const char *cli_sweep_figure(const cli_sweep *s, int figure, double mean, double error, const char *plus)
{
    enum { ROWS = 1000, DIGITS = 3 };
    const double scale = figure == CLI_OF_STEP_US ? 1e-3 : 1; /* it is shown in ms */
    const bool loss = figure == CLI_OF_LOSS || figure == CLI_OF_TRAINING_LOSS;
    const bool dead = figure >= CLI_OF_OVER && figure < CLI_OF_METRICS && (figure - CLI_OF_OVER) % 2;
    if (isfinite(error) && isfinite(mean) && error > 0)
        return cli_with_error(s->arena, scale * mean, scale * error, plus);
    if (!isfinite(mean)) return "-";
    if (dead) return cli_format(s->arena, mean == floor(mean) ? "%.0f" : "%.2f", mean);
    if (figure == CLI_OF_ACCURACY) return cli_format(s->arena, "%.*f", s->rows > ROWS ? DIGITS + 1 : DIGITS, mean);
    return cli_significant(s->arena, scale * mean, loss ? DIGITS + 1 : DIGITS);
}

static const char *mark(const cli_sweep *s, int i)
{
    if (!s->point[i].ended) return "failed";
    if (i == s->chosen) return "taken";
    return i == s->best ? "best" : "";
}

const char **cli_sweep_cells(const cli_sweep *s, const char *plus, int *columns, const char **align)
{
    column c[COLUMNS];
    const int all = columns_of(s, c);
    int known = 0, n = 0;
    for (int i = 0; i < all; i++)
        if (c[i].head && any(s, c[i].figure)) c[known++] = c[i];
    *columns = s->overs + known + 1;
    const char **cell = cli_take(s->arena, ((size_t)s->points + 1) * (size_t)*columns * sizeof *cell);
    for (int r = -1; r < s->points; r++) {
        const cli_sweep_point *p = r < 0 ? NULL : &s->point[r];
        for (int i = 0; i < s->overs; i++) cell[n++] = p ? s->over[i].value[p->index[i]] : asked(s, i);
        for (int i = 0; i < known; i++)
            cell[n++] = p ? cli_sweep_figure(s, c[i].figure, p->mean[c[i].figure], p->error[c[i].figure], plus)
                          : c[i].head;
        cell[n++] = p ? mark(s, r) : "";
    }
    char *letters = cli_take(s->arena, (size_t)*columns + 1);
    memset(letters, 'r', (size_t)*columns - 1);
    letters[*columns - 1] = 'l';
    *align = letters;
    return cell;
}

void cli_sweep_table(const cli_sweep *s, FILE *to)
{
    int columns;
    const char *align;
    const char *const *cell = cli_sweep_cells(s, "+-", &columns, &align);
    for (int i = 0; i < s->overs; i++)
        if (s->over[i].lambda)
            cli_paragraph(
                to, "",
                cli_format(s->arena,
                           "%s:%s: the largest lambda that changes anything, from the gradients at the start: %s",
                           s->over[i].on, s->over[i].kind, cli_digits(s->arena, s->over[i].largest)));
    fputc('\n', to);
    cli_table(to, align, s->points + 1, cell);
    fputc('\n', to);
    if (cli_sweep_misled(s)) cli_paragraph(to, "", cli_sweep_misled(s));
    for (const char *notes = cli_sweep_notes(s, "+-"); *notes; notes += strcspn(notes, "\n") + 1)
        cli_paragraph(to, "", cli_copy(s->arena, notes, strcspn(notes, "\n")));
    if (s->chosen < 0) return;
    cli_paragraph(to, "",
                  cli_format(s->arena, "Taken: %s: %s.", cli_sweep_point_text(s, s->chosen), cli_sweep_reason(s)));
    cli_print(to, "Its model: %s\n", cli_sweep_run_of(s, s->chosen)->folder.model);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void figure_json(tc_json_writer *j, const cli_sweep_point *p, int f, const char *key)
{
    char name[64];
    if (isnan(p->mean[f])) return;
    tc_json_add_number(j, key, p->mean[f]);
    snprintf(name, sizeof name, "%s_error", key);
    if (!isnan(p->error[f])) tc_json_add_number(j, name, p->error[f]);
}

static void runs_json(tc_json_writer *j, const cli_sweep *s, int point)
{
    static const char *const state[] = {"waits", "ended", "failed", "stopped"};
    tc_json_open(j, "runs", '[');
    for (int k = 0; k < s->seeds; k++) {
        const cli_sweep_run *r = cli_sweep_run_at(s, point, k);
        tc_json_open(j, NULL, '{');
        tc_json_add_text(j, "folder", r->folder.path);
        tc_json_add_integer(j, "seed", r->seed);
        tc_json_add_text(j, "state", state[r->state]);
        if (r->state == CLI_RUN_ENDED) tc_json_add_integer(j, "verified", r->verified);
        if (r->said) tc_json_add_text(j, "said", r->said);
        tc_json_close(j, '}');
    }
    tc_json_close(j, ']');
}

static void point_json(tc_json_writer *j, const cli_sweep *s, int i)
{
    const cli_sweep_point *p = &s->point[i];
    tc_json_open(j, NULL, '{');
    tc_json_open(j, "over", '[');
    for (int k = 0; k < s->overs; k++) {
        tc_json_open(j, NULL, '{');
        const char *name = s->over[k].attribute;
        tc_json_add_number(j, s->over[k].lambda ? name : cli_format(s->arena, "%s asked", name),
                           s->over[k].number[p->index[k]]);
        figure_json(j, p, CLI_OF_OVER + 2 * k, "density");
        figure_json(j, p, CLI_OF_OVER + 2 * k + 1, "dead");
        tc_json_close(j, '}');
    }
    tc_json_close(j, ']');
    for (int k = 0; k < OF_ALL; k++) figure_json(j, p, of_all[k].figure, of_all[k].key);
    for (int k = 0; k < s->metrics; k++) figure_json(j, p, CLI_OF_METRICS + k, s->metric[k]);
    tc_json_add_integer(j, "density_front", cli_sweep_on_front(s, p, CLI_OF_SILENCE));
    tc_json_add_integer(j, "time_front", cli_sweep_on_front(s, p, CLI_OF_STEP_US));
    runs_json(j, s, i);
    tc_json_close(j, '}');
}

void cli_sweep_json(const cli_sweep *s, FILE *to)
{
    const cli_sweep_run *taken = s->chosen < 0 ? NULL : cli_sweep_run_of(s, s->chosen);
    tc_json_writer j = cli_json(s->arena);
    tc_json_open(&j, NULL, '{');
    tc_json_open(&j, "over", '[');
    for (int i = 0; i < s->overs; i++) {
        tc_json_open(&j, NULL, '{');
        tc_json_add_text(&j, "on", s->over[i].on);
        tc_json_add_text(&j, "kind", s->over[i].kind);
        tc_json_add_text(&j, "attribute", s->over[i].attribute);
        tc_json_add_number(&j, "largest", s->over[i].largest);
        tc_json_close(&j, '}');
    }
    tc_json_close(&j, ']');
    tc_json_add_integer(&j, "seeds", s->seeds);
    tc_json_add_integer(&j, "jobs", s->jobs);
    if (cli_sweep_misled(s)) tc_json_add_text(&j, "misled", cli_sweep_misled(s));
    if (taken) {
        tc_json_add_text(&j, "part", taken->part);
        tc_json_add_integer(&j, "rows", taken->rows);
        tc_json_add_integer(&j, "best", s->best);
        tc_json_add_integer(&j, "taken", s->chosen);
        tc_json_add_number(&j, "standard_error", s->tolerance);
        tc_json_add_text(&j, "reason", cli_sweep_reason(s));
        tc_json_add_text(&j, "model", taken->folder.model);
    }
    tc_json_open(&j, "points", '[');
    for (int i = 0; i < s->points; i++) point_json(&j, s, i);
    tc_json_close(&j, ']');
    tc_json_close(&j, '}');
    cli_json_print(&j, to);
}

/* ---- CSV --------------------------------------------------------------------------------------------------------- */

static void csv_text(FILE *to, const char *separator, const char *text)
{
    fputs(separator, to);
    cli_csv_field(to, text);
}

static void csv_number(FILE *to, double x) { fprintf(to, isnan(x) ? "," : ",%.9g", x); }

static void csv_head(const cli_sweep *s, FILE *to, const column *c, int columns)
{
    for (int i = 0; i < s->overs; i++) csv_text(to, i ? "," : "", asked(s, i));
    for (int i = 0; i < columns; i++) {
        csv_text(to, ",", c[i].key);
        if (s->seeds > 1) csv_text(to, ",", cli_format(s->arena, "%s_error", c[i].key));
    }
    fputs(",runs,mark,folder\n", to);
}

static void csv_row(const cli_sweep *s, FILE *to, const column *c, int columns, int row)
{
    const cli_sweep_point *p = &s->point[row];
    const cli_sweep_run *r = cli_sweep_run_of(s, row);
    for (int i = 0; i < s->overs; i++) csv_text(to, i ? "," : "", s->over[i].value[p->index[i]]);
    for (int i = 0; i < columns; i++) {
        csv_number(to, p->mean[c[i].figure]);
        if (s->seeds > 1) csv_number(to, p->error[c[i].figure]);
    }
    fprintf(to, ",%d,%s", p->ended, mark(s, row));
    csv_text(to, ",", r ? r->folder.path : "");
    fputc('\n', to);
}

tacet_status cli_sweep_csv(const cli_sweep *s)
{
    cli_outfile o;
    tacet_status status = cli_outfile_open(cli_format(s->arena, "%s/sweep.csv", s->folder.path), &o);
    if (status != TACET_OK) return status;
    column c[COLUMNS];
    const int columns = columns_of(s, c);
    csv_head(s, o.f, c, columns);
    for (int i = 0; i < s->points; i++) csv_row(s, o.f, c, columns, i);
    return cli_outfile_close(&o);
}
