/* record.c: the records that a caller can ask for, as a table, and the figures of the whole network in them. */
#include "record/record.h"

#include "base/sized.h"
#include "plan/plan.h"

#include <math.h>
#include <string.h>

enum {
#define RUN_FIGURE(name, ...) RUN_##name,
#include "record/figures.def"
    RUN_FIGURES
};

static const tc_figure run_figure[] = {
#define RUN_FIGURE(name, key, heading, tag, when, form, ...) {key, TC_FORM_##form},
#include "record/figures.def"
};

void tc_figure_add(tc_json_writer *j, const tc_figure *f, double x)
{
    if (strchr(f->key, '/') || (isnan(x) && f->form != TC_FORM_ALWAYS)) return;
    if (f->form == TC_FORM_WHOLE && fabs(x) < 0x1p63)
        tc_json_add_integer(j, f->key, (int64_t)x);
    else
        tc_json_add_number(j, f->key, x);
}

static void run_figures(tc_json_writer *j, const double x[RUN_FIGURES], int n, const int *order)
{
    for (int i = 0; i < n; i++) tc_figure_add(j, &run_figure[order[i]], x[order[i]]);
}

static double known(double x) { return x > 0 ? x : NAN; }

/* ---- The records ------------------------------------------------------------------------------------------------- */

typedef struct record {
    tc_json_writer *j;
    tacet_plan *p;
    const tacet_stamp *stamp;
} record;

/* A line of metrics.jsonl begins with these; `mean`: over the steps since the ledger was reset. */
static void begin_line(const record *r, bool mean)
{
    const int order[] = {mean ? RUN_epoch : RUN_step,
                         mean ? RUN_step : RUN_epoch,
                         RUN_objective,
                         RUN_data_loss,
                         RUN_gradient_norm,
                         RUN_clipped,
                         RUN_learning_rate};
    tacet_total total = {.size = sizeof total};
    tacet_ledger_total(r->p, &total);
    const double x[RUN_FIGURES] = {
        [RUN_epoch] = known((double)r->stamp->epoch),
        [RUN_step] = (double)tacet_steps(r->p),
        [RUN_objective] = mean ? total.objective : tacet_objective(r->p),
        [RUN_data_loss] = mean ? total.data_loss : tacet_data_loss(r->p),
        [RUN_gradient_norm] = mean ? NAN : tacet_gradient_norm(r->p),
        [RUN_clipped] = mean ? total.clipped : NAN,
        [RUN_learning_rate] = tacet_learning_rate(r->p),
    };
    run_figures(r->j, x, sizeof order / sizeof *order, order);
}

static void add_step(const record *r)
{
    begin_line(r, false);
    tc_terms_json(r->j, r->p, TC_OF_PASS);
}

/* The figures of the last evaluation. */
static void add_figures(const record *r, tc_told told)
{
    static const int order[] = {RUN_data_loss, RUN_objective, RUN_best_epoch, RUN_step_us};
    const double x[RUN_FIGURES] = {
        [RUN_data_loss] = tacet_data_loss(r->p),
        [RUN_objective] = tacet_objective(r->p),
        [RUN_best_epoch] = known((double)r->stamp->best_epoch),
        [RUN_step_us] = known(r->stamp->step_us),
    };
    tc_metrics_json(r->j, r->p, false);
    run_figures(r->j, x, sizeof order / sizeof *order, order);
    tc_terms_json(r->j, r->p, told);
    tc_layers_json(r->j, r->p, told);
}

/* What the caller has kept of the evaluation of the averaged weights. */
static void add_averaged(const record *r)
{
    if (!r->stamp->ema) return;
    tc_json_open(r->j, "ema", '{');
    tc_json_add_members(r->j, r->stamp->ema);
    tc_json_close(r->j, '}');
}

static void add_evaluation(const record *r) { add_figures(r, TC_OF_PASS); }

static void add_both(const record *r)
{
    add_figures(r, TC_OF_BOTH);
    add_averaged(r);
}

static void add_epoch(const record *r)
{
    static const int order[] = {RUN_best_epoch, RUN_seconds};
    const double x[RUN_FIGURES] = {
        [RUN_best_epoch] = known((double)r->stamp->best_epoch), [RUN_seconds] = r->stamp->seconds};
    begin_line(r, true);
    tc_metrics_json(r->j, r->p, true);
    tc_terms_json(r->j, r->p, TC_OF_LEDGER);
    tc_layers_json(r->j, r->p, TC_OF_LEDGER);
    tc_warnings_json(r->j, r->p);
    if (r->stamp->validated) {
        tc_json_open(r->j, "validation", '{');
        add_evaluation(&(record){r->j, r->p, &(tacet_stamp){0}});
        tc_json_close(r->j, '}');
    }
    add_averaged(r);
    run_figures(r->j, x, sizeof order / sizeof *order, order);
}

static void add_network(const record *r) { tc_network_json(r->j, r->p); }
static void add_metrics(const record *r) { tc_metrics_listed(r->j, r->p); }

static const struct {
    const char *what;
    void (*add)(const record *r);
} records[] = {
    {"step", add_step},    {"epoch", add_epoch},     {"evaluation", add_evaluation},
    {"figures", add_both}, {"network", add_network}, {"metrics", add_metrics},
};
enum { RECORDS = sizeof records / sizeof *records };

static const char *what_at(const void *unused, int i)
{
    (void)unused;
    return i < RECORDS ? records[i].what : NULL;
}

size_t tacet_record(tacet_plan *p, const char *what, const tacet_stamp *stamp, char *text, size_t capacity)
{
    tc_json_writer j = {.to = tc_text_into(text, capacity)};
    tacet_stamp own = {0};
    int i = 0;
    if (stamp && tc_sized_take(&own, sizeof own, stamp, "tacet_stamp", &p->error) != TACET_OK) return 0;
    if (own.ema && (*own.ema != '{' || strlen(own.ema) < 2)) {
        tc_fail(&p->error, TACET_DESCRIPTION, "tacet_stamp.ema should be a record, \"{...}\"");
        return 0;
    }
    while (i < RECORDS && strcmp(records[i].what, what) != 0) i++;
    if (i == RECORDS) {
        tc_fail(&p->error, TACET_DESCRIPTION, "a plan has no record \"%.100s\"", what);
        tc_fail_choices(&p->error, "it has", what, what_at, NULL);
        return 0;
    }
    tc_json_open(&j, NULL, '{');
    records[i].add(&(record){&j, p, &own});
    tc_json_close(&j, '}');
    return j.to.length;
}
