/* outcome.c: what the runs of a sweep came to: figures, means, the points that no other beats, and the choice.
 *
 * The choice is that of Breiman, Friedman, Olshen, Stone (Classification and regression trees, 1984, section 3.4.3)
 * which glmnet calls lambda.1se: of all that are within one standard error of the best, the simplest. */
#include "sweep/sweep.h"

#include <math.h>
#include <string.h>

/* ---- One run ----------------------------------------------------------------------------------------------------- */

static const tc_json *named(const tc_json *list, const char *key, const char *name)
{
    for (size_t i = 0; i < tc_json_size(list); i++) {
        const tc_json *o = tc_json_at(list, i);
        const char *text = tc_json_text(tc_json_get(o, key));
        if (text && strcmp(text, name) == 0) return o;
    }
    return NULL;
}

/* The account of a term by what it is on. */
static const tc_json *term_on(const tc_json *terms, const cli_over *o, const char *on)
{
    for (size_t i = 0; i < tc_json_size(terms); i++) {
        const tc_json *t = tc_json_at(terms, i);
        const char *there = tc_json_text(tc_json_get(t, "on"));
        const char *kind = tc_json_text(tc_json_get(t, "kind"));
        if (there && kind && strcmp(there, on) == 0 && strcmp(kind, o->kind) == 0) return t;
    }
    return NULL;
}

static double elements(const cli_over *o)
{
    double n = 0;
    for (int k = 0; k < o->matches; k++) n += (double)o->matched[k].elements;
    return n;
}

/* What was counted of one value: of a layer in the evaluation, else of the term in the last epoch. */
static const tc_json *counted(const cli_over *o, int k, const tc_json *layers, const tc_json *terms)
{
    const tc_json *from = named(layers, "name", o->matched[k].name);
    return from ? from : term_on(terms, o, o->matched[k].name);
}

/* Density and dead units of what a penalty is on. */
static void over_figures(const cli_over *o, const tc_json *layers, const tc_json *terms, double *density, double *dead)
{
    double sum = 0, units = 0;
    for (int k = 0; k < o->matches; k++) {
        const tc_json *from = counted(o, k, layers, terms);
        sum += cli_record_number(from, "density") * (double)o->matched[k].elements;
        units += cli_record_number(from, "dead");
    }
    const tc_json *joint = isnan(sum) ? term_on(terms, o, o->on) : NULL;
    *density = joint ? cli_record_number(joint, "density") : sum / elements(o);
    *dead = joint ? cli_record_number(joint, "dead") : units;
}

/* Whether an --over before has the value too. */
static bool seen(const cli_sweep *s, int over, const char *name)
{
    for (int i = 0; i < over; i++)
        for (int k = 0; k < s->over[i].matches; k++)
            if (strcmp(s->over[i].matched[k].name, name) == 0) return true;
    return false;
}

/* Elements that are not 0 in the swept weights, or activations, each value once; *of: how many elements there are. */
static double not_zero(const cli_sweep *s, bool weights, const tc_json *layers, const tc_json *terms,
                       const double *figure, double *of)
{
    double sum = 0;
    *of = 0;
    for (int i = 0; i < s->overs; i++) {
        const cli_over *o = &s->over[i];
        for (int k = 0; k < o->matches && o->parameter == weights; k++) {
            if (seen(s, i, o->matched[k].name)) continue;
            const double n = (double)o->matched[k].elements;
            const double density = cli_record_number(counted(o, k, layers, terms), "density");
            sum += n * (isnan(density) ? figure[CLI_OF_OVER + 2 * i] : density); /* joint: one density for all */
            *of += n;
        }
    }
    return sum;
}

/* What fires: units of all layers that can be silent; or, where weights alone are swept or no layer can be, weights. */
static double firing(const cli_sweep *s, const tc_json *layers, const tc_json *terms, const double *figure)
{
    double units = 0, n;
    const double weights = not_zero(s, true, layers, terms, figure, &n);
    for (size_t i = 0; i < tc_json_size(layers); i++) {
        const tc_json *l = tc_json_at(layers, i);
        units += cli_record_number(l, "density") * cli_record_number(l, "units");
    }
    if (!s->weights && tc_json_size(layers)) return units;
    return n > 0 ? weights : NAN;
}

static void read_figures(const cli_sweep *s, cli_sweep_run *r, const cli_record *record)
{
    const tc_json *last = record->epoch[record->epochs - 1];
    const tc_json *validation = tc_json_get(last, "validation"), *end = tc_json_get(record->run, "figures");
    const tc_json *from = validation ? validation : end, *layers = tc_json_get(from, "layers");
    const tc_json *terms = tc_json_get(last, "terms");
    double seconds = 0, n;
    r->part = validation ? "validation" : cli_record_text(s->arena, end, "part");
    const double rows = validation ? cli_record_number(tc_json_get(record->run, "rows"), "validation")
                                   : cli_record_number(end, "rows");
    r->rows = rows > 0 ? (int64_t)rows : 0;
    r->figure[CLI_OF_ACCURACY] = cli_record_number(from, "accuracy");
    r->figure[CLI_OF_LOSS] = cli_record_number(from, "data_loss");
    for (size_t i = 0; i < record->epochs; i++)
        seconds += cli_record_number(record->epoch[i], "seconds");
    r->figure[CLI_OF_STEP_US] = seconds / cli_record_number(last, "step") * 1e6;
    for (int i = 0; i < s->overs; i++) {
        double *figure = &r->figure[CLI_OF_OVER + 2 * i];
        over_figures(&s->over[i], layers, terms, &figure[0], &figure[1]);
    }
    r->figure[CLI_OF_SILENCE] = not_zero(s, s->weights, layers, terms, r->figure, &n) / n;
    r->figure[CLI_OF_FIRING] = firing(s, layers, terms, r->figure);
}

void cli_sweep_run_look(cli_sweep *s, cli_sweep_run *r)
{
    cli_record record;
    for (int i = 0; i < CLI_SWEEP_FIGURES; i++) r->figure[i] = NAN;
    const cli_folder *f = &r->folder;
    if (!cli_folder_has(f->run) || !cli_folder_has(f->metrics) || !cli_folder_has(f->model)) return;
    if (cli_record_open(s->arena, r->folder.path, &record) == TACET_OK &&
        strcmp(cli_record_text(s->arena, record.run, "state"), "ended") == 0 &&
        tc_json_get(record.run, "figures")) {
        r->state = CLI_RUN_ENDED;
        read_figures(s, r, &record);
    }
    cli_record_close(&record);
}

/* ---- Points ------------------------------------------------------------------------------------------------------ */

static void means(const cli_sweep *s, int at)
{
    cli_sweep_point *p = &s->point[at];
    for (int f = 0; f < CLI_SWEEP_FIGURES; f++) {
        double sum = 0, squares = 0;
        int n = 0;
        for (int k = 0; k < s->seeds; k++) {
            const cli_sweep_run *r = cli_sweep_run_at(s, at, k);
            if (r->state == CLI_RUN_ENDED) sum += r->figure[f], n++;
        }
        p->ended = n;
        p->mean[f] = n ? sum / n : NAN;
        for (int k = 0; k < s->seeds; k++) {
            const cli_sweep_run *r = cli_sweep_run_at(s, at, k);
            const double off = r->figure[f] - p->mean[f];
            if (r->state == CLI_RUN_ENDED) squares += off * off;
        }
        p->error[f] = n > 1 ? sqrt(squares / (n - 1) / n) : NAN;
    }
}

/* How good a point is: the larger the better. */
int cli_sweep_judged_by(const cli_sweep *s) { return s->by_loss ? CLI_OF_LOSS : CLI_OF_ACCURACY; }
static double merit(const cli_sweep *s, const cli_sweep_point *p)
{
    return s->by_loss ? -p->mean[CLI_OF_LOSS] : p->mean[CLI_OF_ACCURACY];
}

/* Whether no other point is at least as good in both and better in one. */
static bool on_front(const cli_sweep *s, const cli_sweep_point *p, int figure)
{
    const double x = p->mean[figure], y = merit(s, p);
    if (isnan(x) || isnan(y)) return false;
    for (int i = 0; i < s->points; i++) {
        const double a = s->point[i].mean[figure], b = merit(s, &s->point[i]);
        if (a <= x && b >= y && (a < x || b > y)) return false;
    }
    return true;
}

const cli_sweep_run *cli_sweep_run_of(const cli_sweep *s, int point)
{
    for (int k = 0; k < s->seeds; k++)
        if (cli_sweep_run_at(s, point, k)->state == CLI_RUN_ENDED) return cli_sweep_run_at(s, point, k);
    return NULL;
}

static void measure_tolerance(cli_sweep *s)
{
    const cli_sweep_point *best = &s->point[s->best];
    const cli_sweep_run *r = cli_sweep_run_of(s, s->best);
    const double p = best->mean[CLI_OF_ACCURACY];
    s->tolerance = best->error[cli_sweep_judged_by(s)];
    s->binomial = isnan(s->tolerance) && !isnan(p) && r && r->rows > 0;
    if (s->binomial) s->tolerance = sqrt(p * (1 - p) / (double)r->rows);
}

static void choose(cli_sweep *s)
{
    s->best = s->chosen = -1;
    for (int i = 0; i < s->points; i++)
        if (!isnan(merit(s, &s->point[i])) && (s->best < 0 || merit(s, &s->point[i]) > merit(s, &s->point[s->best])))
            s->best = i;
    if (s->best < 0) return;
    measure_tolerance(s);
    const double least = merit(s, &s->point[s->best]) - (isnan(s->tolerance) ? 0 : s->tolerance);
    s->chosen = s->best;
    for (int i = 0; i < s->points; i++) {
        const cli_sweep_point *p = &s->point[i], *now = &s->point[s->chosen];
        const double fires = p->mean[CLI_OF_FIRING], most = now->mean[CLI_OF_FIRING];
        if (merit(s, p) >= least && (fires < most || (fires == most && merit(s, p) > merit(s, now)))) s->chosen = i;
    }
}

void cli_sweep_weigh(cli_sweep *s)
{
    s->by_loss = true;
    for (int i = 0; i < s->points; i++) {
        means(s, i);
        s->by_loss = s->by_loss && isnan(s->point[i].mean[CLI_OF_ACCURACY]);
    }
    for (int i = 0; i < s->points; i++) {
        s->point[i].density_front = on_front(s, &s->point[i], CLI_OF_SILENCE);
        s->point[i].time_front = on_front(s, &s->point[i], CLI_OF_STEP_US);
    }
    choose(s);
}

/* ---- In words ---------------------------------------------------------------------------------------------------- */

const char *cli_sweep_point_text(const cli_sweep *s, int point)
{
    const char *text = "";
    for (int i = 0; i < s->overs; i++) {
        const cli_over *o = &s->over[i];
        text = cli_format(s->arena, "%s%s%s:%s %s=%s", text, *text ? ", " : "", o->on, o->kind, o->attribute,
                          o->value[s->point[point].index[i]]);
    }
    return text;
}

const char *cli_sweep_reason(const cli_sweep *s)
{
    cli_arena *a = s->arena;
    const cli_sweep_point *best = &s->point[s->best], *chosen = &s->point[s->chosen];
    const char *what = s->by_loss ? "data loss" : "accuracy";
    const char *top = cli_format(a, "the best %s is %.4f, with %s", what, best->mean[cli_sweep_judged_by(s)],
                                 cli_sweep_point_text(s, s->best));
    if (isnan(best->mean[CLI_OF_FIRING])) return cli_format(a, "%s; what fires is not counted here", top);
    if (isnan(s->tolerance))
        return cli_format(a, "%s; how far others are from it by chance is not known with %s", top,
                          s->seeds == 1 ? "one seed: --seeds 3 tells" : "one run of it");
    const cli_sweep_run *r = cli_sweep_run_of(s, s->best);
    const char *of = s->binomial ? cli_format(a, "binomial, %s", cli_count(a, r->rows, "row"))
                                 : cli_format(a, "over %s", cli_count(a, best->ended, "seed"));
    const char *error = cli_format(a, "one standard error of it is %.4f (%s)", s->tolerance, of);
    if (s->chosen == s->best) return cli_format(a, "%s; %s, and nowhere within it less fires", top, error);
    return cli_format(a, "%s; %s; within it least fires with %s: %.4g, not %.4g; %s %.4f", top, error,
                      cli_sweep_point_text(s, s->chosen), chosen->mean[CLI_OF_FIRING], best->mean[CLI_OF_FIRING], what,
                      chosen->mean[cli_sweep_judged_by(s)]);
}

const char *cli_sweep_notes(const cli_sweep *s, const char *plus)
{
    cli_arena *a = s->arena;
    const cli_sweep_run *r = s->best < 0 ? NULL : cli_sweep_run_of(s, s->best);
    const char *text = "";
    if (s->seeds > 1)
        text = cli_format(a, "%sFigures are means over %d seeds, %s their standard error.\n", text, s->seeds, plus);
    if (r && strcmp(r->part, "validation") != 0)
        text = cli_format(
            a,
            "%sFigures are of the %s data: what is chosen by them looks better than it is. Hold some out: "
            "--set train.validate=0.1.\n",
            text, r->part);
    if (s->jobs > 1) text = cli_format(a, "%sTimes were taken with %d runs side by side.\n", text, s->jobs);
    for (int i = 0; i < s->runs; i++)
        if (s->run[i].state == CLI_RUN_FAILED)
            text = cli_format(a, "%sFailed: %s: %s\n", text, s->run[i].name, s->run[i].said);
    return text;
}
