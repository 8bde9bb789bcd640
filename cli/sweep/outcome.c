/* outcome.c: the results of a sweep: figures of runs, means over seeds, the points that no other beats, and the choice.
 *
 * The choice follows Breiman, Friedman, Olshen, Stone (Classification and regression trees, 1984, section 3.4.3), the
 * rule that glmnet calls lambda.1se: of all points within one standard error of the best, the simplest. */
#include "sweep/sweep.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- One run ----------------------------------------------------------------------------------------------------- */

static bool is(const tc_json *entry, const char *key, const char *word)
{
    const char *text = tc_json_text(tc_json_get(entry, key));
    return text && strcmp(text, word) == 0;
}

/* The entry of the swept penalty on this value among the terms; NULL if not found. */
static const tc_json *term_on(const tc_json *terms, const cli_over *o, const char *on)
{
    const tc_json *t;
    size_t i;
    tc_json_each(terms, i, t) if (is(t, "on", on) && is(t, "kind", o->kind)) return t;
    return NULL;
}

/* Where the zeros of a value were counted: its layer in the evaluation, otherwise its term in the last epoch. */
static const tc_json *counted(const cli_over *o, int k, const tc_json *layers, const tc_json *terms)
{
    const tc_json *layer;
    size_t i;
    tc_json_each(layers, i, layer) if (is(layer, "name", o->matched[k].name)) return layer;
    return term_on(terms, o, o->matched[k].name);
}

/* Density, dead units and target of the values that a penalty is on. */
static void over_figures(const cli_over *o, const tc_json *layers, const tc_json *terms, double *density, double *dead,
                         double *target)
{
    double sum = 0, units = 0, elements = 0, targets = 0;
    for (int k = 0; k < o->matches; k++) {
        const tc_json *from = counted(o, k, layers, terms);
        const double n = (double)o->matched[k].elements;
        elements += n;
        sum += cli_number(from, "density") * n;
        units += cli_number(from, "dead");
        targets += cli_number(term_on(terms, o, o->matched[k].name), "target") * n;
    }
    const tc_json *joint = isnan(sum) ? term_on(terms, o, o->on) : NULL;
    *density = joint ? cli_number(joint, "density") : sum / elements;
    *dead = joint ? cli_number(joint, "dead") : units;
    *target = targets / elements; /* NAN for a joint penalty, which has no target */
}

/* Whether an earlier --over is on this value as well. */
static bool seen(const cli_sweep *s, int over, const char *name)
{
    for (int i = 0; i < over; i++)
        for (int k = 0; k < s->over[i].matches; k++)
            if (strcmp(s->over[i].matched[k].name, name) == 0) return true;
    return false;
}

/* How many elements of the swept weights, or of the swept activations, are not 0, counting each value once; *of: how
 * many elements they have. */
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
            const double density = cli_number(counted(o, k, layers, terms), "density");
            sum += n * (isnan(density) ? figure[CLI_OF_OVER + 2 * i] : density); /* joint: one density for all */
            *of += n;
        }
    }
    return sum;
}

/* CLI_OF_FIRING: counts weights if only weights are swept, or if no layer can be silent. */
static double firing(const cli_sweep *s, const tc_json *layers, const tc_json *terms, const double *figure)
{
    double units = 0, n;
    const double weights = not_zero(s, true, layers, terms, figure, &n);
    const tc_json *l;
    size_t i;
    if (s->weights || tc_json_size(layers) == 0) return n > 0 ? weights : NAN;
    tc_json_each(layers, i, l) units += cli_number(l, "density") * cli_number(l, "units");
    return units;
}

/* The place of a metric among those of the sweep; -1: the sweep does not have it. */
static int metric_of(cli_sweep *s, const char *name)
{
    int k = 0;
    while (k < s->metrics && strcmp(s->metric[k], name) != 0) k++;
    if (k == CLI_SWEEP_METRICS) return -1;
    if (k == s->metrics) s->metric[s->metrics++] = name;
    return k;
}

static void read_metrics(cli_sweep *s, cli_sweep_run *r, const cli_record *record, const tc_json *from)
{
    const bool two_classes = tc_json_size(tc_json_get(record->run, "classes")) == 2;
    const tc_json *m;
    size_t i;
    tc_json_each(tc_json_get(record->run, "metrics"), i, m)
    {
        const char *name = cli_record_text(s->arena, m, "name");
        const int better = (int)cli_number(m, "better");
        if (better == 0 || strcmp(name, "accuracy") == 0) continue;
        const int k = metric_of(s, name);
        if (k < 0) continue;
        r->figure[CLI_OF_METRICS + k] = cli_number(from, name);
        const bool binary = two_classes && strcmp(name, "binary_accuracy") == 0;
        const cli_sweep_judge judge = {CLI_OF_METRICS + k, name, name, better, binary};
        if (binary) s->binary = judge;
        if (is(record->run, "metric", name)) s->asked = judge;
    }
}

void cli_sweep_run_figures(cli_sweep *s, cli_sweep_run *r, const cli_record *record)
{
    const tc_json *last = record->epoch[record->epochs - 1];
    const tc_json *validation = tc_json_get(last, "validation"), *end = tc_json_get(record->run, "figures");
    const tc_json *from = validation ? validation : end, *layers = tc_json_get(from, "layers");
    const tc_json *terms = tc_json_get(last, "terms");
    double n;
    r->part = validation ? "validation" : cli_record_text(s->arena, end, "part");
    const double rows = validation ? cli_number(tc_json_get(record->run, "rows"), "validation")
                                   : cli_number(end, "rows");
    r->rows = rows > 0 ? (int64_t)rows : 0;
    r->figure[CLI_OF_ACCURACY] = cli_number(from, "accuracy");
    r->figure[CLI_OF_LOSS] = cli_number(from, "data_loss");
    r->figure[CLI_OF_TRAINING_LOSS] = cli_number(last, "data_loss");
    read_metrics(s, r, record, from);
    r->figure[CLI_OF_STEP_US] = record->seconds / cli_number(last, "step") * 1e6;
    for (int i = 0; i < s->overs; i++) {
        double *figure = &r->figure[CLI_OF_OVER + 2 * i];
        over_figures(&s->over[i], layers, terms, &figure[0], &figure[1], &r->figure[CLI_OF_TARGET + i]);
    }
    r->figure[CLI_OF_SILENCE] = not_zero(s, s->weights, layers, terms, r->figure, &n) / n;
    r->figure[CLI_OF_FIRING] = firing(s, layers, terms, r->figure);
}

/* ---- Points ------------------------------------------------------------------------------------------------------ */

static void means(const cli_sweep *s, int at)
{
    cli_sweep_point *p = &s->point[at];
    const cli_sweep_run *run[CLI_SWEEP_SEEDS];
    int n = 0;
    for (int k = 0; k < s->seeds; k++) {
        const cli_sweep_run *r = cli_sweep_run_at(s, at, k);
        if (r->state == CLI_RUN_ENDED) run[n++] = r;
    }
    p->ended = n;
    for (int f = 0; f < CLI_SWEEP_FIGURES; f++) {
        double sum = 0, squares = 0;
        for (int k = 0; k < n; k++) sum += run[k]->figure[f];
        p->mean[f] = n ? sum / n : NAN;
        for (int k = 0; k < n; k++) squares += (run[k]->figure[f] - p->mean[f]) * (run[k]->figure[f] - p->mean[f]);
        p->error[f] = n > 1 ? sqrt(squares / (n - 1) / n) : NAN;
    }
}

/* How good a point is: the larger the better. */
static double merit(const cli_sweep *s, const cli_sweep_point *p) { return s->by.sign * p->mean[s->by.figure]; }

bool cli_sweep_on_front(const cli_sweep *s, const cli_sweep_point *p, int figure)
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
    const double p = best->mean[s->by.figure];
    s->tolerance = best->error[s->by.figure];
    s->binomial = isnan(s->tolerance) && s->by.share && !isnan(p) && r && r->rows > 0;
    if (s->binomial) s->tolerance = sqrt(p * (1 - p) / (double)r->rows);
}

/* More or less than 0 if a is: the same mean may come out differently by rounding. */
static double beyond(double a, double b) { return fabs(a - b) <= 1e-9 * fabs(b) ? 0 : a - b; }

/* Whether a is better than b, by the figure that points are compared by; if that is the same, by the loss. */
static bool better(const cli_sweep *s, const cli_sweep_point *a, const cli_sweep_point *b)
{
    const double more = beyond(merit(s, a), merit(s, b));
    return more > 0 || (more == 0 && beyond(a->mean[CLI_OF_LOSS], b->mean[CLI_OF_LOSS]) < 0);
}

static void choose(cli_sweep *s)
{
    s->best = s->chosen = -1;
    for (int i = 0; i < s->points; i++)
        if (!isnan(merit(s, &s->point[i])) && (s->best < 0 || better(s, &s->point[i], &s->point[s->best]))) s->best = i;
    if (s->best < 0) return;
    measure_tolerance(s);
    const double least = merit(s, &s->point[s->best]) - (isnan(s->tolerance) ? 0 : s->tolerance);
    s->chosen = s->best;
    for (int i = 0; i < s->points; i++) {
        const cli_sweep_point *p = &s->point[i], *now = &s->point[s->chosen];
        const double more = beyond(p->mean[CLI_OF_FIRING], now->mean[CLI_OF_FIRING]);
        if (beyond(merit(s, p), least) >= 0 && (more < 0 || (more == 0 && better(s, p, now)))) s->chosen = i;
    }
}

void cli_sweep_weigh(cli_sweep *s)
{
    s->by = (cli_sweep_judge){CLI_OF_LOSS, "data loss", "Data loss", -1, false};
    if (s->binary.name) s->by = s->binary;
    for (int i = 0; i < s->points; i++) {
        means(s, i);
        if (!isnan(s->point[i].mean[CLI_OF_ACCURACY]))
            s->by = (cli_sweep_judge){CLI_OF_ACCURACY, "accuracy", "Accuracy", 1, true};
    }
    if (s->asked.name) s->by = s->asked;
    choose(s);
}

/* ---- Warm paths ----------------------------------------------------------------------------------------------------
 *
 * If every run had found the minimum of its objective, a larger lambda could only raise the loss and lower what the
 * penalty measures. Where the training loss falls or the density rises as lambda grows, the points differ by more than
 * lambda: mostly, later ones have been trained longer. */

/* How far a figure moves from the weaker to the stronger penalty in the wrong direction, relative to the weaker; 0 if
 * standard errors can explain it. */
static double wrong_way(const cli_sweep_point *weak, const cli_sweep_point *strong, int figure, int sign)
{
    const double from = weak->mean[figure], to = strong->mean[figure], move = sign * (to - from);
    const double chance = hypot(weak->error[figure], strong->error[figure]);
    return move > 0 && !(move < 2 * chance) ? move / fmax(fabs(from), DBL_MIN) : 0;
}

/* 1: the larger the number, the stronger the penalty; -1: the weaker; 0: neither. */
static int strength(const cli_over *o)
{
    static const struct {
        const char *attribute;
        int sign;
    } known[] = {{"lambda", 1}, {"zeros", 1}, {"density", -1}, {"l0", -1}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(o->attribute, known[i].attribute) == 0) return known[i].sign;
    return 0;
}

const char *cli_sweep_misled(const cli_sweep *s)
{
    static const struct {
        int figure, sign;
        const char *name, *moves, *would;
    } of[] = {{CLI_OF_TRAINING_LOSS, -1, "training loss", "falls", "fall"},
              {CLI_OF_OVER, 1, "density", "rises", "rise"}};
    const cli_over *o = &s->over[0];
    const int length = o->count, figures = o->lambda ? 2 : 1; /* a density that is asked for may be missed */
    const int up = (o->number[0] <= o->number[length - 1] ? 1 : -1) * strength(o);
    const cli_sweep_point *weak = NULL, *strong = NULL;
    double most = 0.1;
    int k = 0;
    if (!s->warm || up == 0) return NULL;
    for (int f = 0; f < figures; f++)
        for (int i = 0; i < s->points; i++)
            for (int j = i + 1; j < s->points && j / length == i / length; j++) {
                const cli_sweep_point *a = &s->point[up > 0 ? i : j], *b = &s->point[up > 0 ? j : i];
                const double wrong = wrong_way(a, b, of[f].figure, of[f].sign);
                if (wrong > most) most = wrong, weak = a, strong = b, k = f;
            }
    if (!weak) return NULL;
    const double from = weak->mean[of[k].figure], to = strong->mean[of[k].figure];
    return cli_format(
        s->arena,
        "The path misleads: from %s=%s to %s=%s, a stronger penalty, the %s %s from %s to %s; it would not %s if each "
        "run had converged. Each run goes on from the previous one, so a point also shows how long the runs before it "
        "were trained. Compare runs of the same length, without --warm, or train longer (train.epochs).",
        o->attribute, o->value[weak->index[0]], o->attribute, o->value[strong->index[0]], of[k].name, of[k].moves,
        cli_sweep_figure(s, of[k].figure, from, NAN, ""), cli_sweep_figure(s, of[k].figure, to, NAN, ""), of[k].would);
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

/* The figure that points are compared by. */
static const char *judged(const cli_sweep *s, const cli_sweep_point *p)
{
    return cli_sweep_figure(s, s->by.figure, p->mean[s->by.figure], NAN, "");
}

/* Which targets a point missed by more than a tenth, as the warnings of a run count it; "" if none. */
static const char *missed(const cli_sweep *s, int point)
{
    cli_arena *a = s->arena;
    const double *mean = s->point[point].mean;
    const char *text = "";
    for (int i = 0; i < s->overs; i++) {
        const bool zeros = s->over[i].parameter;
        double got = mean[CLI_OF_OVER + 2 * i], target = mean[CLI_OF_TARGET + i];
        if (zeros) got = 1 - got, target = 1 - target;
        const double off = got / target - 1;
        if (!(fabs(off) > 0.1)) continue;
        text = cli_format(a, "%s%s%s of %s %s instead of %s (%.0f%% %s)", text, *text ? " and " : "",
                          zeros ? "zeros" : "density", s->over[i].on, cli_significant(a, got, 3), cli_digits(a, target),
                          100 * fabs(off), off > 0 ? "above" : "below");
    }
    return text;
}

static const char *choice(const cli_sweep *s)
{
    cli_arena *a = s->arena;
    const cli_sweep_point *best = &s->point[s->best], *chosen = &s->point[s->chosen];
    const char *top = cli_format(a, "the best %s is %s, with %s", s->by.name, judged(s, best),
                                 cli_sweep_point_text(s, s->best));
    if (isnan(best->mean[CLI_OF_FIRING]))
        return cli_format(a, "%s; for these penalties it is not known how many units fire", top);
    if (isnan(s->tolerance))
        return cli_format(a, "%s; %s cannot show how much of a difference is chance%s", top,
                          s->seeds == 1 ? "one seed" : "one run of it", s->seeds == 1 ? ": use --seeds 3" : "");
    const cli_sweep_run *r = cli_sweep_run_of(s, s->best);
    const char *of = s->binomial ? cli_format(a, "binomial, %s", cli_count(a, r->rows, "row"))
                                 : cli_format(a, "over %s", cli_count(a, best->ended, "seed"));
    const char *error = cli_format(a, "its standard error is %s (%s)", cli_significant(a, s->tolerance, 2), of);
    if (s->chosen == s->best) return cli_format(a, "%s; %s, and no point within that range fires less", top, error);
    return cli_format(
        a, "%s; %s; of the points within that range, %s fires least: %s instead of %s, with %s %s", top, error,
        cli_sweep_point_text(s, s->chosen), cli_sweep_figure(s, CLI_OF_FIRING, chosen->mean[CLI_OF_FIRING], NAN, ""),
        cli_sweep_figure(s, CLI_OF_FIRING, best->mean[CLI_OF_FIRING], NAN, ""), s->by.name, judged(s, chosen));
}

const char *cli_sweep_reason(const cli_sweep *s)
{
    const char *off = missed(s, s->chosen);
    return *off ? cli_format(s->arena, "%s; the point taken missed its target: %s", choice(s), off) : choice(s);
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
            "%sFigures are of the %s data, so a point chosen by them looks better than it is. To hold some data out: "
            "--set train.validate=0.1.\n",
            text, r->part);
    for (int i = 0; i < s->points; i++)
        if (*missed(s, i))
            text = cli_format(a, "%sMissed its target: %s: %s\n", text, cli_sweep_point_text(s, i), missed(s, i));
    if (s->jobs > 1) text = cli_format(a, "%sTimes were measured with %d runs in parallel.\n", text, s->jobs);
    const char *unknown = "";
    for (int i = 0; i < s->runs; i++) {
        const cli_sweep_run *run = &s->run[i];
        if (run->state == CLI_RUN_FAILED) text = cli_format(a, "%sFailed: %s: %s\n", text, run->name, run->said);
        if (run->state == CLI_RUN_ENDED && !run->verified)
            unknown = cli_format(a, "%s%s%s", unknown, *unknown ? ", " : "", run->name);
    }
    if (*unknown)
        text = cli_format(
            a, "%sNot verified, because an earlier version of Tacet kept no checksums of what they began from: %s\n",
            text, unknown);
    return text;
}
