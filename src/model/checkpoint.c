/* checkpoint.c: all that the rest of a run depends on, to a file and back, to the bit.
 *
 *     tacet.checkpoint   "2", the version of these notes. "1" is read too: it counted what fires by elements, not units
 *     tacet.optimizer    its description; what it remembers are the tensors "linear1.weight:momentum"
 *                        (what layers and terms remember are tensors too: model.h)
 *     tacet.step         training steps done          tacet.seed   of dropout
 *     tacet.rate         the schedule's factor of the last step
 *     tacet.given_rate   the learning rate that the caller has set, if any (tacet_set_rate)
 *     tacet.given        a line for each term, if the caller has set any lambda (tacet_set_lambda): its name, and its
 *                        lambda or a dash
 *     tacet.lists        a line "relu1 12 12 9" for each value with a firing list: steps, forward, backward on it
 *     tacet.break_even   a line "linear1 0.6 ..." for each layer that may run on lists: a density for each way
 *                        (op/silent.h)
 *     tacet.total        the ledger: steps, rows, sums of the objective and of the losses
 *     tacet.accounts     a line for each term: its name and the sums of its account
 *     tacet.controls     a line for each term: its name, the bounds of lambda and what the controller remembers
 *     tacet.fired        a line for each value that training counts: its name, its density in the first step, rows
 *                        times positions, and how often each unit fired. In version 1: rows, and how often each element
 *                        of a row fired; what a unit has at all positions is added up
 *     tacet.loader       epoch, position in it, batches of an epoch
 *
 * Doubles are written as the shortest decimal that reads back as the same double; a dash is one that is not finite. A
 * resume reads all notes twice: first it only checks them, then it sets what they say. So a refused resume has changed
 * nothing. */
#include "model/model.h"

#include "run/run.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char version[] = "2", first_version[] = "1";

enum { ACCOUNT = sizeof(tc_account) / sizeof(double), CONTROL = sizeof(tc_control) / sizeof(double) };
_Static_assert(sizeof(tc_account) == ACCOUNT * sizeof(double), "an account is only numbers");
_Static_assert(sizeof(tc_control) == CONTROL * sizeof(double), "a control is only numbers");

typedef struct resuming {
    const tacet_file *f;
    tacet_plan *p;
    tacet_error *e;
    bool set;   /* false: only looks */
    bool apart; /* version 1: what fired was counted by elements, not units */
} resuming;

/* ---- What notes have in common ---- */

/* A line for each term, of x[terms * numbers]. */
static void write_terms(const tacet_plan *p, const double *x, int numbers, tc_text *t)
{
    for (int i = 0; i < p->terms; i++) tc_line_add(t, p->graph->term[i].name, x + i * numbers, numbers);
}

/* The rest of a line. dash: a number may be one. */
static bool take_numbers(const char **at, double *x, int numbers, bool dash)
{
    for (int i = 0; i < numbers; i++)
        if (!tc_take_number(at, i + 1 < numbers ? ' ' : '\n', &x[i]) || !(dash || isfinite(x[i]))) return false;
    return true;
}

/* A whole number that a double holds exactly, at least 0. */
static bool is_count(double x) { return x >= 0 && x <= 0x1p53 && x == floor(x); }

/* Counts up to `end`. */
static bool take_counts(const char **at, int64_t *to, int counts, char end)
{
    double x;
    for (int i = 0; i < counts; i++) {
        if (!tc_take_number(at, i + 1 < counts ? ' ' : end, &x) || !is_count(x)) return false;
        to[i] = (int64_t)x;
    }
    return true;
}

/* The terms must be the plan's, in their order. ledger: a note of the ledger, whose numbers may be dashes; if it names
 * other terms it is damaged, because lambdas have been compared by then. */
static bool read_terms(const resuming *r, const char *at, double *to, int numbers, bool ledger)
{
    double line[ACCOUNT > CONTROL ? ACCOUNT : CONTROL];
    for (int i = 0; i < r->p->terms; i++) {
        const char *name = r->p->graph->term[i].name;
        if (!tc_take_name(&at, name))
            return !ledger &&
                   tc_fail(r->e, TACET_FILE,
                           "%.300s is a checkpoint of another objective: where it has \"%.100s\", this one has %s",
                           r->f->path, *at ? at : "nothing more", name) == TACET_OK;
        if (!take_numbers(&at, line, numbers, ledger)) return false;
        if (numbers == 1 && line[0] < 0) return false; /* a lambda */
        if (r->set) memcpy(to + i * numbers, line, sizeof *line * (size_t)numbers);
    }
    return !*at ||
           (!ledger && tc_fail(r->e, TACET_FILE, "%.300s is a checkpoint of another objective: it also has \"%.100s\"",
                               r->f->path, at) == TACET_OK);
}

/* The value that a line begins with; -1: no value has that name. */
static int take_value(const char **at, const tacet_plan *p)
{
    int v = 0;
    while (v < p->values && !tc_take_name(at, tc_plan_name(p, v))) v++;
    return v < p->values ? v : -1;
}

/* ---- Note by note ---- */

static void write_optimizer(const tacet_plan *p, tc_text *t) { tc_spec_print(&p->update.spec, t); }

static bool read_optimizer(const resuming *r, const char *theirs)
{
    const char *own = r->p->update.optim->name;
    const size_t n = strcspn(theirs, " ");
    if (n == strlen(own) && memcmp(theirs, own, n) == 0) return true;
    return tc_fail(r->e, TACET_FILE, "%.300s is a checkpoint of a run with %.100s, and this plan has %s", r->f->path,
                   theirs, own) == TACET_OK;
}

static void write_step(const tacet_plan *p, tc_text *t) { tc_text_add(t, "%" PRId64, p->table.step); }

static bool read_step(const resuming *r, const char *at)
{
    int64_t step;
    if (!take_counts(&at, &step, 1, '\0')) return false;
    if (r->set) r->p->table.step = step;
    return true;
}

static void write_seed(const tacet_plan *p, tc_text *t) { tc_text_add(t, "%016" PRIx64, p->set.seed); }

static bool read_seed(const resuming *r, const char *text)
{
    if (strlen(text) != 16 || text[strspn(text, "0123456789abcdef")]) return false;
    if (r->set) r->p->set.seed = r->p->run.seed = strtoull(text, NULL, 16);
    return true;
}

static void write_rate(const tacet_plan *p, tc_text *t)
{
    char number[TC_NUMBER_MAX];
    tc_text_add(t, "%s", tc_number_text(p->table.rate, number));
}

static bool read_rate(const resuming *r, const char *text)
{
    double rate;
    if (!tc_number_read(text, &rate)) return false;
    if (r->set) r->p->table.rate = rate;
    return true;
}

static void write_given_rate(const tacet_plan *p, tc_text *t)
{
    char number[TC_NUMBER_MAX];
    if (!isnan(p->table.given_rate)) tc_text_add(t, "%s", tc_number_text(p->table.given_rate, number));
}

static bool read_given_rate(const resuming *r, const char *text)
{
    double rate;
    if (!tc_number_read(text, &rate) || !(rate >= 0)) return false;
    if (r->set) r->p->table.given_rate = rate;
    return true;
}

static void write_given(const tacet_plan *p, tc_text *t)
{
    bool any = false;
    for (int i = 0; i < p->terms; i++) any = any || !isnan(p->table.given[i]);
    if (any) write_terms(p, p->table.given, 1, t);
}

static bool read_given(const resuming *r, const char *text) { return read_terms(r, text, r->p->table.given, 1, true); }

static bool read_lambdas(const resuming *r, const char *text)
{
    return read_terms(r, text, r->p->table.lambda, 1, false);
}

static void write_lists(const tacet_plan *p, tc_text *t)
{
    for (int v = 0; v < p->values; v++) {
        const tc_list_steps *u = &p->table.list_steps[v];
        if (u->steps)
            tc_text_add(t, "%s %" PRId64 " %" PRId64 " %" PRId64 "\n", tc_plan_name(p, v), u->steps, u->forward,
                        u->backward);
    }
}

static bool read_lists(const resuming *r, const char *at)
{
    tc_list_steps *steps = r->p->table.list_steps;
    while (*at) {
        int64_t x[3];
        const int v = take_value(&at, r->p);
        if (v < 0 || !take_counts(&at, x, 3, '\n') || x[0] < 1 || x[1] > x[0] || x[2] > x[0]) return false;
        if (r->set) steps[v] = (tc_list_steps){x[0], x[1], x[2]};
    }
    return true;
}

static void write_break_even(const tacet_plan *p, tc_text *t)
{
    for (int v = 0; v < p->values && p->set.sparse == TACET_SPARSE_AUTO; v++) {
        const tc_op *op = p->graph->value[v].op;
        if (op && op->silent) tc_line_add(t, tc_plan_name(p, v), &p->table.break_even[v * TC_WAYS], TC_WAYS);
    }
}

static bool read_break_even(const resuming *r, const char *at)
{
    while (*at) {
        double x[TC_WAYS];
        const int v = take_value(&at, r->p);
        if (v < 0 || !take_numbers(&at, x, TC_WAYS, false)) return false;
        if (r->set && r->p->set.sparse == TACET_SPARSE_AUTO) memcpy(&r->p->table.break_even[v * TC_WAYS], x, sizeof x);
    }
    return true;
}

static void write_total(const tacet_plan *p, tc_text *t)
{
    const tc_total *all = &p->table.total;
    tc_line_add(t, "all", (const double[]){(double)all->steps, (double)all->rows, all->objective, all->data_loss}, 4);
}

static bool read_total(const resuming *r, const char *at)
{
    double x[4];
    if (!tc_take_name(&at, "all") || !take_numbers(&at, x, 4, true) || *at) return false;
    if (!is_count(x[0]) || !is_count(x[1])) return false;
    if (r->set) r->p->table.total = (tc_total){(int64_t)x[0], (int64_t)x[1], x[2], x[3]};
    return true;
}

static void write_accounts(const tacet_plan *p, tc_text *t)
{
    write_terms(p, (const double *)(const void *)p->table.account, ACCOUNT, t);
}

static bool read_accounts(const resuming *r, const char *text)
{
    return read_terms(r, text, (double *)(void *)r->p->table.account, ACCOUNT, true);
}

static void write_controls(const tacet_plan *p, tc_text *t)
{
    write_terms(p, (const double *)(const void *)p->table.control, CONTROL, t);
}

static bool read_controls(const resuming *r, const char *text)
{
    return read_terms(r, text, (double *)(void *)r->p->table.control, CONTROL, true);
}

static void write_fired(const tacet_plan *p, tc_text *t)
{
    for (int v = 0; v < p->values; v++) {
        const tc_tally *c = &p->count[TC_TRAIN][v];
        char number[TC_NUMBER_MAX];
        if (!c->now) continue;
        tc_text_add(t, "%s %s", tc_plan_name(p, v), isfinite(c->natural) ? tc_number_text(c->natural, number) : "-");
        tc_text_add(t, " %s", tc_number_text((double)c->rows, number));
        for (int64_t k = 0; k < c->units; k++) tc_text_add(t, " %s", tc_number_text((double)c->fired[k], number));
        tc_text_add(t, "\n");
    }
}

/* Which values are counted does not belong to the run: it may continue with another kind of ledger. */
static bool read_fired(const resuming *r, const char *at)
{
    tc_tally *count = r->p->count[TC_TRAIN];
    double natural, rows, fired;
    if (r->set) tc_tally_reset(r->p, TC_TRAIN);
    for (int v = 0; v < r->p->values && r->set; v++) count[v].natural = NAN;
    while (*at) {
        const int v = take_value(&at, r->p);
        if (v < 0 || !tc_take_number(&at, ' ', &natural) || !tc_take_number(&at, ' ', &rows)) return false;
        tc_tally *to = r->set && count[v].now ? &count[v] : NULL;
        const tc_shape *s = &r->p->graph->value[v].shape;
        const int64_t units = tc_shape_units(s), numbers = r->apart ? tc_shape_count(s) : units;
        if (!is_count(rows) || !is_count(rows * (double)numbers)) return false; /* what fired in all is added up */
        if (to) {
            to->natural = natural;
            to->rows = (int64_t)rows * (numbers / units);
            memset(to->fired, 0, sizeof *to->fired * (size_t)units);
        }
        for (int64_t k = 0; k < numbers; k++) {
            if (!tc_take_number(&at, k + 1 < numbers ? ' ' : '\n', &fired) || !is_count(fired) || fired > rows)
                return false;
            if (to) to->fired[k % units] += (int64_t)fired;
        }
    }
    return true;
}

/* ---- All of them ---- */

/* The notes, in the order in which files have them. A reader returns false for what it cannot read; if there is more to
 * say than that, it sets the error. A note may be missing if the one that it goes `with` is missing too, and then
 * nothing is set: the first versions had no firing lists and no ledger, whose four notes always come together. */
static const struct entry {
    const char *key;
    void (*write)(const tacet_plan *p, tc_text *t); /* NULL: models have it too (save.c) */
    bool (*read)(const resuming *r, const char *text);
    const char *with; /* NULL: it must be there */
    bool rare;        /* left out where it has no text */
} entry[] = {
    {"tacet.optimizer", write_optimizer, read_optimizer, NULL, false},
    {"tacet.step", write_step, read_step, NULL, false},
    {"tacet.seed", write_seed, read_seed, NULL, false},
    {"tacet.rate", write_rate, read_rate, NULL, false},
    {"tacet.lambdas", NULL, read_lambdas, NULL, false},
    {"tacet.given_rate", write_given_rate, read_given_rate, "tacet.given_rate", true},
    {"tacet.given", write_given, read_given, "tacet.given", true},
    {"tacet.lists", write_lists, read_lists, "tacet.lists", false},
    {"tacet.break_even", write_break_even, read_break_even, "tacet.break_even", false},
    {"tacet.total", write_total, read_total, "tacet.accounts", false},
    {"tacet.accounts", write_accounts, read_accounts, "tacet.controls", false},
    {"tacet.controls", write_controls, read_controls, "tacet.fired", false},
    {"tacet.fired", write_fired, read_fired, "tacet.total", false},
};
enum { ENTRIES = sizeof entry / sizeof *entry };

tacet_status tacet_checkpoint(const tacet_plan *p, const tacet_loader *l, const char *path, int notes,
                              const tacet_note *note, tacet_error *why)
{
    int64_t epoch, position;
    if (!p->update.optim)
        return tc_fail(why, TACET_FAILED, "a plan without an optimizer has nothing to resume: use tacet_save");
    tc_notes n = tc_notes_of(p);
    tc_text_add(&n.text, "%s", version);
    tc_notes_add(&n, "tacet.checkpoint");
    for (int i = 0; i < ENTRIES; i++) {
        if (!entry[i].write) continue;
        entry[i].write(p, &n.text);
        if (!entry[i].rare || n.text.length > 0 || n.text.failed) tc_notes_add(&n, entry[i].key);
    }
    if (l) {
        tacet_loader_tell(l, &epoch, &position);
        tc_text_add(&n.text, "%" PRId64 " %" PRId64 " %" PRId64, epoch, position, tacet_loader_batches(l));
        tc_notes_add(&n, "tacet.loader");
    }
    return tc_notes_write(&n, true, path, notes, note, why);
}

static tacet_status refuse_note(const resuming *r, const char *key)
{
    return tc_fail(r->e, TACET_FILE, "%.300s: the note %s is missing or not what a checkpoint has there", r->f->path,
                   key);
}

static tacet_status read_loader(const resuming *r, tacet_loader *l)
{
    const char *at = l ? tacet_file_note(r->f, "tacet.loader") : NULL;
    int64_t x[3];
    if (!l) return TACET_OK;
    if (!at || !take_counts(&at, x, 3, '\0')) return refuse_note(r, "tacet.loader");
    if (x[2] != tacet_loader_batches(l) || x[1] > x[2])
        return tc_fail(r->e, TACET_FILE,
                       "%.300s is a checkpoint of other data or another batch: an epoch had %" PRId64
                       " batches, and has %" PRId64 " here",
                       r->f->path, x[2], tacet_loader_batches(l));
    if (r->set) tacet_loader_seek(l, x[0], x[1]);
    return TACET_OK;
}

static tacet_status read_notes(const resuming *r, tacet_loader *l)
{
    for (int i = 0; i < ENTRIES; i++) {
        const char *text = tacet_file_note(r->f, entry[i].key);
        if (text ? entry[i].read(r, text) : entry[i].with && !tacet_file_note(r->f, entry[i].with)) continue;
        return r->e->status == TACET_OK ? refuse_note(r, entry[i].key) : r->e->status;
    }
    return read_loader(r, l);
}

/* The layers of the description must be the same: parameters of the same shapes are not enough. */
static tacet_status check_part(const resuming *r, const tc_part_note *part)
{
    tc_text own = {.mem = r->p->mem};
    const char *theirs = tacet_file_note(r->f, part->key);
    tacet_status s = TACET_OK;
    tc_graph_write(r->p->graph, &r->p->extent, part->part, &own);
    if (own.failed)
        s = tc_fail_memory(r->e);
    else if (strcmp(own.data ? own.data : "", theirs ? theirs : "") != 0)
        s = tc_fail(r->e, TACET_FILE,
                    "%.200s is a checkpoint of another network: its %s is \"%.300s\", and here it is \"%.300s\"",
                    r->f->path, part->part, theirs ? theirs : "", own.data ? own.data : "");
    tc_text_free(&own);
    return s;
}

static tacet_status look(resuming *r, tc_tensors *t, tacet_loader *l)
{
    const char *is = tacet_file_note(r->f, "tacet.checkpoint");
    if (!is)
        return tc_fail(r->e, TACET_FILE, "%.300s is a model, not a checkpoint: its weights can be loaded, not resumed",
                       r->f->path);
    r->apart = strcmp(is, first_version) == 0;
    if (!r->apart && strcmp(is, version) != 0)
        return tc_fail(r->e, TACET_FILE, "%.300s is a checkpoint of version %.20s, and versions %s and %s are read",
                       r->f->path, is, first_version, version);
    tacet_status s = tc_file_match(r->f, t, r->p->block.places, r->e);
    for (int i = 0; i < TC_PARTS && s == TACET_OK; i++)
        if (tc_part_notes[i].must) s = check_part(r, &tc_part_notes[i]);
    if (s == TACET_OK) s = read_notes(r, l);
    return s == TACET_OK ? tc_file_match(r->f, t, t->count, r->e) : s;
}

/* What notes that may be missing set. */
static void forget(tacet_plan *p)
{
    memset(p->table.list_steps, 0, sizeof *p->table.list_steps * (size_t)p->values);
    p->table.given_rate = NAN;
    p->table.total = (tc_total){0};
    tc_tally_reset(p, TC_TRAIN);
    for (int v = 0; v < p->values; v++) p->count[TC_TRAIN][v].natural = NAN;
    for (int i = 0; i < p->terms; i++) {
        p->table.given[i] = NAN;
        p->table.account[i] = (tc_account){.lambda_before = NAN, .density_before = NAN};
        p->table.control[i] = (tc_control){.smooth = NAN};
    }
}

tacet_status tacet_resume(tacet_plan *p, tacet_loader *l, const tacet_file *f, tacet_error *why)
{
    if (!p->update.optim)
        return tc_fail(why, TACET_FAILED, "a plan without an optimizer cannot be resumed: use tacet_file_load");
    tacet_error e = {0};
    tc_tensors t;
    resuming r = {.f = f, .p = p, .e = &e};
    const tacet_status s = tc_tensors_of(&t, p, true) ? look(&r, &t, l) : tc_fail_memory(&e);
    if (s == TACET_OK) {
        r.set = true;
        forget(p);
        read_notes(&r, l);
        tc_file_set(&t);
    }
    tc_tensors_free(&t);
    if (s != TACET_OK && why) *why = e;
    return s;
}
