/* sweep_table.c: a sweep's points as a table, as CSV, as JSON. */
#include "sweep/sweep.h"

#include <math.h>
#include <string.h>

/* Columns behind those of the ranges; figures of one --over come first. */
static const struct {
    const char *head, *key;
    int figure, digits; /* digits behind the point; 0: four that count */
    double scale;
} column[] = {{"accuracy", "accuracy", CLI_OF_ACCURACY, 4, 1},
              {"data loss", "data_loss", CLI_OF_LOSS, 0, 1},
              {"ms a step", "step_us", CLI_OF_STEP_US, 0, 1e-3},
              {"fires", "firing", CLI_OF_FIRING, 0, 1}};
enum { COLUMNS = sizeof column / sizeof *column };

static bool any(const cli_sweep *s, int figure)
{
    for (int i = 0; i < s->points; i++)
        if (!isnan(s->point[i].mean[figure])) return true;
    return false;
}

/* "relu1:l1 " where there are several. */
static const char *prefix(const cli_sweep *s, int over)
{
    const cli_over *o = &s->over[over];
    return s->overs == 1 ? "" : cli_format(s->arena, "%s:%s ", o->on, *o->called ? o->called : o->kind);
}

/* Of what is swept; the figures have a density too. */
static const char *asked(const cli_sweep *s, int over)
{
    return cli_format(s->arena, s->over[over].lambda ? "%s%s" : "%s%s asked", prefix(s, over), s->over[over].attribute);
}

static const char *number(cli_arena *a, double x, int digits)
{
    if (!isfinite(x)) return "-";
    return digits ? cli_format(a, "%.*f", digits, x) : cli_digits(a, x);
}

static const char *figure(const cli_sweep *s, const cli_sweep_point *p, int f, int digits, double scale,
                          const char *plus)
{
    const char *text = number(s->arena, p->mean[f] * scale, digits);
    if (!isfinite(p->error[f]) || !isfinite(p->mean[f])) return text;
    return cli_format(s->arena, "%s %s %s", text, plus,
                      digits ? number(s->arena, p->error[f] * scale, digits)
                             : cli_format(s->arena, "%.2g", p->error[f] * scale));
}

static const char *mark(const cli_sweep *s, int i)
{
    if (!s->point[i].ended) return "failed";
    if (i == s->chosen) return "taken";
    return i == s->best ? "best" : "";
}

const char **cli_sweep_cells(const cli_sweep *s, const char *plus, int *columns, const char **align)
{
    const char **cell = cli_take(s->arena, ((size_t)s->points + 1) * (3 * CLI_OVERS + COLUMNS + 1) * sizeof *cell);
    int n = 0;
    for (int r = -1; r < s->points; r++) {
        const cli_sweep_point *p = r < 0 ? NULL : &s->point[r];
        *columns = n;
        for (int i = 0; i < s->overs; i++) cell[n++] = p ? s->over[i].value[p->index[i]] : asked(s, i);
        for (int i = 0; i < 2 * s->overs; i++)
            if (any(s, CLI_OF_OVER + i))
                cell[n++] = p ? figure(s, p, CLI_OF_OVER + i, 0, 1, plus)
                              : cli_format(s->arena, "%s%s", prefix(s, i / 2), i % 2 ? "dead" : "density");
        for (int i = 0; i < COLUMNS; i++)
            if (any(s, column[i].figure))
                cell[n++] = p ? figure(s, p, column[i].figure, column[i].digits, column[i].scale, plus)
                              : column[i].head;
        cell[n++] = p ? mark(s, r) : "";
        *columns = n - *columns;
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
            cli_print(to, "%s:%s: the largest lambda that changes anything, by the gradients at the start: %s\n",
                      s->over[i].on, s->over[i].kind, cli_digits(s->arena, s->over[i].largest));
    fputc('\n', to);
    cli_table(to, align, s->points + 1, cell);
    cli_print(to, "\n%s", cli_sweep_notes(s, "+-"));
    if (s->chosen < 0) return;
    cli_print(to, "Taken: %s: %s.\nIts model: %s\n", cli_sweep_point_text(s, s->chosen), cli_sweep_reason(s),
              cli_sweep_run_of(s, s->chosen)->folder.model);
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
    for (int k = 0; k < COLUMNS; k++) figure_json(j, p, column[k].figure, column[k].key);
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

static void csv_text(FILE *to, const char *text)
{
    const bool quoted = strpbrk(text, ",\"\n") != NULL;
    if (quoted) fputc('"', to);
    for (; *text; text++) {
        if (*text == '"') fputc('"', to);
        fputc(*text, to);
    }
    if (quoted) fputc('"', to);
}

/* A mean and its error, nothing where there is none. */
static void csv_pair(const cli_sweep *s, FILE *to, const cli_sweep_point *p, int f, const char *head)
{
    if (!p) {
        fputc(',', to);
        csv_text(to, head);
        if (s->seeds == 1) return;
        fputc(',', to);
        csv_text(to, cli_format(s->arena, "%s_error", head));
        return;
    }
    fprintf(to, isnan(p->mean[f]) ? "," : ",%.9g", p->mean[f]);
    if (s->seeds > 1) fprintf(to, isnan(p->error[f]) ? "," : ",%.9g", p->error[f]);
}

static void csv_row(const cli_sweep *s, FILE *to, int row)
{
    const cli_sweep_point *p = row < 0 ? NULL : &s->point[row];
    for (int i = 0; i < s->overs; i++) {
        if (i) fputc(',', to);
        csv_text(to, p ? s->over[i].value[p->index[i]] : asked(s, i));
    }
    for (int i = 0; i < 2 * s->overs; i++)
        csv_pair(s, to, p, CLI_OF_OVER + i, cli_format(s->arena, "%s%s", prefix(s, i / 2), i % 2 ? "dead" : "density"));
    for (int i = 0; i < COLUMNS; i++) csv_pair(s, to, p, column[i].figure, column[i].key);
    const cli_sweep_run *r = p ? cli_sweep_run_of(s, row) : NULL;
    if (p)
        fprintf(to, ",%d,%s,", p->ended, mark(s, row));
    else
        fprintf(to, ",runs,mark,");
    csv_text(to, !p ? "folder" : r ? r->folder.path : "");
    fputc('\n', to);
}

tacet_status cli_sweep_csv(const cli_sweep *s)
{
    cli_outfile o;
    tacet_status status = cli_outfile_open(s->arena, cli_format(s->arena, "%s/sweep.csv", s->folder.path), &o);
    if (status != TACET_OK) return status;
    for (int i = -1; i < s->points; i++) csv_row(s, o.f, i);
    return cli_outfile_close(&o);
}
