/* history.c: what training has measured so far, in a checkpoint: the ledger, and what steers lambdas.
 *
 *     tacet.total      steps, rows, sums of the objective and of the losses
 *     tacet.accounts   a line for each term: its name and the sums of its account
 *     tacet.controls   a line for each term: its name, the bounds of lambda and what the controller remembers
 *     tacet.fired      a line for each value that training counts: its name, its density in the first step, rows times
 *                      positions, and how often each unit fired. In version 1 of checkpoints: rows, and how often each
 *                      element of a row fired; what a unit has at all positions is added up
 *
 * A number that is not finite is written as a dash. */
#include "model/history.h"

#include <math.h>
#include <string.h>

enum { ACCOUNT = sizeof(tc_account) / sizeof(double), CONTROL = sizeof(tc_control) / sizeof(double) };
_Static_assert(sizeof(tc_account) == ACCOUNT * sizeof(double), "an account is numbers alone");
_Static_assert(sizeof(tc_control) == CONTROL * sizeof(double), "a control is numbers alone");

/* ---- Writing ---- */

static void add_number(tc_text *t, double x)
{
    char number[TC_NUMBER_MAX];
    tc_text_add(t, " %s", isfinite(x) ? tc_number_text(x, number) : "-");
}

static void add_line(tc_text *t, const char *name, const double *x, int n)
{
    tc_text_add(t, "%s", name);
    for (int i = 0; i < n; i++) add_number(t, x[i]);
    tc_text_add(t, "\n");
}

void tc_history_note(tc_bundle *b)
{
    const tacet_plan *p = b->plan;
    const tc_total *all = &p->table.total;
    tc_text total = {.mem = b->mem}, accounts = {.mem = b->mem}, controls = {.mem = b->mem}, fired = {.mem = b->mem};
    add_line(&total, "all", (const double[]){(double)all->steps, (double)all->rows, all->objective, all->data_loss}, 4);
    for (int i = 0; i < p->terms; i++) {
        const char *name = p->graph->term[i].name;
        add_line(&accounts, name, (const double *)(const void *)&p->table.account[i], ACCOUNT);
        add_line(&controls, name, (const double *)(const void *)&p->table.control[i], CONTROL);
    }
    for (int v = 0; v < p->values; v++) {
        const tc_tally *c = &p->count[TC_TRAIN][v];
        if (!c->now) continue;
        tc_text_add(&fired, "%s", tc_plan_name(p, v));
        add_number(&fired, c->natural);
        add_number(&fired, (double)c->rows);
        for (int64_t k = 0; k < tc_shape_units(&p->graph->value[v].shape); k++) add_number(&fired, (double)c->fired[k]);
        tc_text_add(&fired, "\n");
    }
    tc_bundle_text(b, "tacet.total", &total);
    tc_bundle_text(b, "tacet.accounts", &accounts);
    tc_bundle_text(b, "tacet.controls", &controls);
    tc_bundle_text(b, "tacet.fired", &fired);
}

/* ---- Reading ---- */

/* The name at *at, moved past it. */
static bool take_name(const char **at, const char *name)
{
    const size_t n = strlen(name);
    if (strncmp(*at, name, n) != 0 || (*at)[n] != ' ') return false;
    *at += n;
    return true;
}

/* The next number behind a blank, moved past it. */
static bool take_number(const char **at, double *x)
{
    char word[TC_NUMBER_MAX];
    if (**at != ' ') return false;
    const size_t n = strcspn(++*at, " \n");
    if (n == 0 || n >= sizeof word) return false;
    memcpy(word, *at, n);
    word[n] = '\0';
    *at += n;
    *x = NAN;
    return strcmp(word, "-") == 0 || tc_number_read(word, x);
}

static bool take_line(const char **at, const char *name, double *x, int n)
{
    if (!take_name(at, name)) return false;
    for (int i = 0; i < n; i++)
        if (!take_number(at, &x[i])) return false;
    return *(*at)++ == '\n';
}

/* A count: a whole number that a double holds exactly, at least 0. */
static bool is_count(double x) { return x >= 0 && x <= 0x1p53 && x == floor(x); }

/* The value whose name stands at *at, moved past it, and where its counts go (NULL: this plan does not count it); -1:
 * there is none. */
static int take_value(const char **at, const tacet_plan *p, const tc_history *h, int64_t **to)
{
    int64_t *next = h->fired;
    for (int v = 0; v < p->values; v++) {
        *to = p->count[TC_TRAIN][v].now ? next : NULL;
        if (take_name(at, tc_plan_name(p, v))) return v;
        if (*to) next += tc_shape_units(&p->graph->value[v].shape);
    }
    return -1;
}

/* The counts of a line, added up by units; `numbers` of them, a multiple of the units. */
static bool take_fired(const char **at, int64_t numbers, int64_t units, double rows, int64_t *to)
{
    double fired;
    if (to) memset(to, 0, (size_t)units * sizeof *to);
    for (int64_t k = 0; k < numbers; k++) {
        if (!take_number(at, &fired) || !is_count(fired) || fired > rows) return false;
        if (to) to[k % units] += (int64_t)fired;
    }
    return *(*at)++ == '\n';
}

/* Which values are counted is not the run's: it may go on with a ledger of another kind. `apart`: elements of a row
 * were counted, not units. */
static bool read_fired(const char *at, const tacet_plan *p, bool apart, tc_history *h)
{
    double natural, rows;
    int64_t *to;
    for (int v = 0; v < p->values; v++) h->natural[v] = NAN;
    while (*at) {
        const int v = take_value(&at, p, h, &to);
        if (v < 0 || !take_number(&at, &natural) || !take_number(&at, &rows)) return false;
        const tc_shape *s = &p->graph->value[v].shape;
        const int64_t units = tc_shape_units(s), elements = tc_shape_count(s), numbers = apart ? elements : units;
        if (!is_count(rows) || !is_count(rows * (double)numbers)) return false; /* what fired in all is added up */
        h->natural[v] = natural;
        h->rows[v] = (int64_t)rows * (numbers / units);
        if (!take_fired(&at, numbers, units, rows, to)) return false;
    }
    return true;
}

static bool read_lines(const char *at, const tacet_plan *p, void *to, int numbers)
{
    for (int i = 0; i < p->terms; i++)
        if (!take_line(&at, p->graph->term[i].name, (double *)to + (int64_t)i * numbers, numbers)) return false;
    return *at == '\0';
}

bool tc_history_alloc(tc_history *h, const tacet_plan *p)
{
    int64_t units = 1;
    for (int v = 0; v < p->values; v++)
        if (p->count[TC_TRAIN][v].now) units += tc_shape_units(&p->graph->value[v].shape);
    h->account = tc_alloc(&p->mem, (size_t)p->terms + 1, sizeof *h->account);
    h->control = tc_alloc(&p->mem, (size_t)p->terms + 1, sizeof *h->control);
    h->natural = tc_alloc(&p->mem, (size_t)p->values + 1, sizeof *h->natural);
    h->rows = tc_alloc(&p->mem, (size_t)p->values + 1, sizeof *h->rows);
    h->fired = tc_alloc(&p->mem, (size_t)units, sizeof *h->fired);
    return h->account && h->control && h->natural && h->rows && h->fired;
}

void tc_history_free(tc_history *h, const tacet_plan *p)
{
    tc_free(&p->mem, h->account);
    tc_free(&p->mem, h->control);
    tc_free(&p->mem, h->natural);
    tc_free(&p->mem, h->rows);
    tc_free(&p->mem, h->fired);
}

const char *tc_history_read(const tacet_file *f, const tacet_plan *p, bool apart, tc_history *h)
{
    const char *total = tacet_file_note(f, "tacet.total"), *fired = tacet_file_note(f, "tacet.fired");
    const char *accounts = tacet_file_note(f, "tacet.accounts"), *controls = tacet_file_note(f, "tacet.controls");
    double sum[4];
    h->there = total || fired || accounts || controls;
    if (!h->there) return NULL; /* written before there was a ledger */
    if (!total || !take_line(&total, "all", sum, 4) || *total || !is_count(sum[0]) || !is_count(sum[1]))
        return "tacet.total";
    h->total = (tc_total){(int64_t)sum[0], (int64_t)sum[1], sum[2], sum[3]};
    if (!accounts || !read_lines(accounts, p, h->account, ACCOUNT)) return "tacet.accounts";
    if (!controls || !read_lines(controls, p, h->control, CONTROL)) return "tacet.controls";
    return fired && read_fired(fired, p, apart, h) ? NULL : "tacet.fired";
}

void tc_history_set(const tc_history *h, tacet_plan *p)
{
    const int64_t *from = h->fired;
    if (!h->there) return;
    p->table.total = h->total;
    for (int i = 0; i < p->terms; i++) {
        p->table.account[i] = h->account[i];
        p->table.control[i] = h->control[i];
    }
    for (int v = 0; v < p->values; v++) {
        tc_tally *c = &p->count[TC_TRAIN][v];
        if (!c->now) continue;
        const int64_t n = tc_shape_units(&p->graph->value[v].shape);
        c->natural = h->natural[v];
        c->rows = h->rows[v];
        memcpy(c->fired, from, (size_t)n * sizeof *from);
        from += n;
    }
}
