/* checkpoint.c: all that the rest of a run depends on, to a file and back, to the bit.
 *
 * The tensors of a checkpoint are those of a model, and what terms and the optimizer remember (model.h). Everything else
 * is in the note tacet.checkpoint, a JSON object:
 *
 *     version      3. Versions 1 and 2 are read too (checkpoint_lines.c)
 *     optimizer    its description
 *     seed         of dropout: 16 hexadecimal digits
 *     step         training steps done
 *     rate         the schedule's factor in the last step
 *     given_rate   the learning rate that the caller has set (tacet_set_rate), or null
 *     averaged     steps that the averages of the weights have seen, if there are averages
 *     total        the ledger's sums over the objective
 *     clipped      steps since then whose gradients were clipped, if the optimizer clips them
 *     plateau      what schedule=plateau remembers (spec/schedule.h), once it has been told a loss
 *     terms        under the name of each:
 *         lambda     in the last step
 *         given      the lambda that the caller has set (tacet_set_lambda), or null
 *         account    the ledger's sums (plan/table.h)
 *         rise       how often data loss and lambda have risen together, once the ledger has been reset
 *         control    the bounds of lambda, and what else the controller remembers (steer/control.c)
 *         trend      how the density of a steered activation falls, which earlier checkpoints do not have
 *     values       under the name of each that has any of these:
 *         lists      training steps that made its firing list, and those whose products used it
 *         break_even of a layer that may run on lists: a density for each way (op/silent.h)
 *         fired      if training counts it: its density in the first step, rows (times positions), and how often each
 *                    unit fired. Version 1 counted elements; those of a unit are added up
 *         silent     of a layer with revive=: what is known of its dead units (checkpoint_silent.c)
 *     metrics      what training has added up for metrics, if the library had them (checkpoint_metrics.c)
 *     loader       epoch, position in it, batches of an epoch, the fingerprint of the data (data/fingerprint.c), which
 *                  earlier checkpoints do not have; if there is a loader
 *
 * A number that is not finite is null. A resume reads everything twice: first it only checks, then it sets. So a refused
 * resume has changed nothing. */
#include "model/checkpoint_fields.h"
#include "model/checksum_note.h"
#include "model/model.h"

#include "steer/steer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 3 };

typedef struct resuming {
    const tacet_file *f;
    tacet_plan *p;
    tacet_error *e;
    int64_t version;
    bool set; /* false: only checks */
} resuming;

/* ---- Which members of structs are in it ---- */

static const tc_field run_fields[] = {COUNT(tc_table, step), NUMBER(tc_table, rate), NUMBER(tc_table, given_rate), {0}};
static const tc_field total_fields[] = {
    COUNT(tc_total, steps), COUNT(tc_total, rows), NUMBER(tc_total, objective), NUMBER(tc_total, data_loss), {0}};
static const tc_field clipped_field[] = {COUNT(tc_total, clipped), {0}};
static const tc_field plateau_fields[] = {
    NUMBER(tc_plateau, factor), NUMBER(tc_plateau, best), COUNT(tc_plateau, bad), COUNT(tc_plateau, cooldown), {0}};
static const tc_field account_fields[] = {
    NUMBER(tc_account, value),         NUMBER(tc_account, weighted),       NUMBER(tc_account, lambda),
    NUMBER(tc_account, gradient),      NUMBER(tc_account, data),           NUMBER(tc_account, samples),
    NUMBER(tc_account, lambda_before), NUMBER(tc_account, density_before), {0}};
static const tc_field rise_fields[] = {
    NUMBER(tc_rise, times), NUMBER(tc_rise, loss), NUMBER(tc_rise, loss_from), NUMBER(tc_rise, lambda_from), {0}};
static const tc_field control_fields[] = {
    NUMBER(tc_control, least), NUMBER(tc_control, most),   NUMBER(tc_control, pull), NUMBER(tc_control, smooth),
    NUMBER(tc_control, error), NUMBER(tc_control, landed), NUMBER(tc_control, next), {0}};
static const tc_field trend_fields[] = {
    NUMBER(tc_trend, step), NUMBER(tc_trend, density), NUMBER(tc_trend, variance), NUMBER(tc_trend, covariance), {0}};
static const tc_field list_fields[] = {
    COUNT(tc_list_steps, steps), COUNT(tc_list_steps, forward), COUNT(tc_list_steps, backward), {0}};

static bool refuse(const resuming *r, const char *part, const char *of, const char *name)
{
    return tc_fail(r->e, TACET_FILE, "%.300s is a damaged checkpoint: its %s%s%.100s cannot be read", r->f->path, part,
                   of, name) == TACET_OK;
}

/* ---- The run ---- */

static void write_run(const tacet_plan *p, tc_json_writer *j)
{
    char seed[17];
    tc_text spec = {.mem = p->mem};
    tc_spec_print(&p->update.spec, &spec);
    tc_json_add_text(j, "optimizer", spec.data ? spec.data : "");
    j->to.failed = j->to.failed || spec.failed;
    tc_text_free(&spec);
    snprintf(seed, sizeof seed, "%016" PRIx64, p->set.seed);
    tc_json_add_text(j, "seed", seed);
    tc_write_fields(j, run_fields, &p->table);
    if (p->set.ema > 0) tc_json_add_integer(j, "averaged", p->table.averaged);
    tc_write_struct(j, "total", total_fields, &p->table.total);
    if (tc_plan_clips(p)) tc_write_fields(j, clipped_field, &p->table.total);
    if (!isnan(p->table.plateau.best) || p->table.plateau.bad > 0)
        tc_write_struct(j, "plateau", plateau_fields, &p->table.plateau);
}

static bool read_run(const resuming *r, const tc_json *from)
{
    const char *own = r->p->update.optim->name, *theirs = tc_json_text(tc_json_get(from, "optimizer"));
    const char *seed = tc_json_text(tc_json_get(from, "seed"));
    const tc_json *sums = tc_json_get(from, "total"), *averaged = tc_json_get(from, "averaged");
    const tc_json *plateau = tc_json_get(from, "plateau");
    tc_table table = r->p->table;
    if (!theirs) return refuse(r, "optimizer", "", "");
    if (strcspn(theirs, " ") != strlen(own) || strncmp(theirs, own, strlen(own)) != 0)
        return tc_fail(r->e, TACET_FILE, "%.300s is a checkpoint of a run with %.100s, and this plan has %s",
                       r->f->path, theirs, own) == TACET_OK;
    if (!seed || strlen(seed) != 16 || seed[strspn(seed, "0123456789abcdef")]) return refuse(r, "seed", "", "");
    if (!tc_read_fields(from, run_fields, &table) || isnan(table.rate) || table.given_rate < 0)
        return refuse(r, "step or rate", "", "");
    table.averaged = 0;
    if (averaged && !tc_take_whole(averaged, &table.averaged)) return refuse(r, "averages", "", "");
    if ((sums || r->version == VERSION) && !tc_read_fields(sums, total_fields, &table.total))
        return refuse(r, "total", "", "");
    table.total.clipped = 0;
    if (tc_json_get(from, "clipped") && !tc_read_fields(from, clipped_field, &table.total))
        return refuse(r, "clipped", "", "");
    table.plateau = TC_PLATEAU_NEW;
    if (plateau && !(tc_read_fields(plateau, plateau_fields, &table.plateau) && table.plateau.factor >= 0))
        return refuse(r, "plateau", "", "");
    if (!r->set) return true;
    r->p->table = table;
    r->p->set.seed = r->p->run.seed = strtoull(seed, NULL, 16);
    return true;
}

/* ---- Terms ---- */

static void write_terms(const tacet_plan *p, tc_json_writer *j)
{
    const tc_table *t = &p->table;
    tc_json_open(j, "terms", '{');
    for (int i = 0; i < p->terms; i++) {
        tc_json_open(j, p->graph->term[i].name, '{');
        tc_json_add_number(j, "lambda", t->lambda[i]);
        tc_json_add_number(j, "given", t->given[i]);
        tc_write_struct(j, "account", account_fields, &t->account[i]);
        if (t->account[i].rise.loss > 0) tc_write_struct(j, "rise", rise_fields, &t->account[i].rise);
        tc_write_struct(j, "control", control_fields, &t->control[i]);
        if (t->control[i].trend.density < 0) tc_write_struct(j, "trend", trend_fields, &t->control[i].trend);
        tc_json_close(j, '}');
    }
    tc_json_close(j, '}');
}

static bool read_term(const resuming *r, int term, const tc_json *from)
{
    tc_table *t = &r->p->table;
    double lambda, given;
    tc_account account = t->account[term];
    tc_control control = t->control[term];
    const tc_json *a = tc_json_get(from, "account"), *c = tc_json_get(from, "control");
    const tc_json *trend = tc_json_get(from, "trend"), *rise = tc_json_get(from, "rise");
    if (!tc_take_real(tc_json_get(from, "lambda"), &lambda) || !(lambda >= 0)) return false;
    if (!tc_take_real(tc_json_get(from, "given"), &given) || given < 0) return false;
    if ((a || r->version == VERSION) && !tc_read_fields(a, account_fields, &account)) return false;
    if ((c || r->version == VERSION) && !tc_read_fields(c, control_fields, &control)) return false;
    if (rise && !tc_read_fields(rise, rise_fields, &account.rise)) return false;
    if (trend && !tc_read_fields(trend, trend_fields, &control.trend)) return false;
    if (!(control.least >= 0 && control.next >= 0) || control.most < 0 || control.pull < 0) return false;
    if (!r->set) return true;
    t->lambda[term] = lambda;
    t->given[term] = given;
    t->account[term] = account;
    t->control[term] = control;
    return true;
}

/* The terms must be the plan's, in their order. */
static bool read_terms(const resuming *r, const tc_json *from)
{
    const tc_json *theirs = tc_json_first(from);
    if (!from || from->kind != TC_JSON_OBJECT) return refuse(r, "terms", "", "");
    for (int i = 0; i < r->p->terms; i++, theirs = tc_json_next(theirs)) {
        const char *name = r->p->graph->term[i].name;
        if (!theirs || strcmp(theirs->key, name) != 0)
            return tc_fail(r->e, TACET_FILE,
                           "%.300s is a checkpoint of another objective: where it has \"%.100s\", this one has %s",
                           r->f->path, theirs ? theirs->key : "nothing more", name) == TACET_OK;
        if (!read_term(r, i, theirs)) return refuse(r, "state", " of ", name);
    }
    return !theirs || tc_fail(r->e, TACET_FILE, "%.300s is a checkpoint of another objective: it also has \"%.100s\"",
                              r->f->path, theirs->key) == TACET_OK;
}

/* ---- Values ---- */

static bool has_break_even(const tacet_plan *p, int value)
{
    const tc_op *op = p->graph->value[value].op;
    return p->set.sparse == TACET_SPARSE_AUTO && op && op->silent;
}

static void write_value(const tacet_plan *p, int v, tc_json_writer *j)
{
    const tc_tally *c = &p->count[TC_TRAIN][v];
    if (!p->table.list_steps[v].steps && !has_break_even(p, v) && !c->now) return;
    tc_json_open(j, tc_plan_name(p, v), '{');
    if (p->table.list_steps[v].steps) tc_write_struct(j, "lists", list_fields, &p->table.list_steps[v]);
    if (has_break_even(p, v)) {
        tc_json_open(j, "break_even", '[');
        for (int k = 0; k < TC_WAYS; k++) tc_json_add_number(j, NULL, p->table.break_even[v * TC_WAYS + k]);
        tc_json_close(j, ']');
    }
    if (c->now) {
        tc_json_open(j, "fired", '{');
        tc_json_add_number(j, "natural", c->natural);
        tc_json_add_integer(j, "rows", c->rows);
        tc_json_open(j, "units", '[');
        for (int64_t k = 0; k < c->units; k++) tc_json_add_integer(j, NULL, c->fired[k]);
        tc_json_close(j, ']');
        tc_json_close(j, '}');
    }
    tc_checkpoint_silent(c, j);
    tc_json_close(j, '}');
}

static bool read_lists(const resuming *r, int value, const tc_json *from)
{
    tc_list_steps n;
    if (!tc_read_fields(from, list_fields, &n) || n.steps < 1 || n.forward > n.steps || n.backward > n.steps) return false;
    if (r->set) r->p->table.list_steps[value] = n;
    return true;
}

static bool read_break_even(const resuming *r, int value, const tc_json *from)
{
    double x[TC_WAYS];
    size_t i;
    const tc_json *number;
    if (from->kind != TC_JSON_LIST || tc_json_size(from) != TC_WAYS) return false;
    tc_json_each(from, i, number) if (!tc_take_real(number, &x[i]) || isnan(x[i])) return false;
    if (r->set && r->p->set.sparse == TACET_SPARSE_AUTO) memcpy(&r->p->table.break_even[value * TC_WAYS], x, sizeof x);
    return true;
}

/* Which values are counted does not belong to the run: it may continue with another kind of ledger. */
static bool read_fired(const resuming *r, int value, const tc_json *from)
{
    const tc_shape *s = &r->p->graph->value[value].shape;
    const int64_t units = tc_shape_units(s), numbers = r->version == 1 ? tc_shape_count(s) : units;
    const tc_json *fired = tc_json_get(from, "units"), *number;
    double natural;
    int64_t rows, n;
    size_t i;
    if (!tc_take_real(tc_json_get(from, "natural"), &natural) || !tc_take_whole(tc_json_get(from, "rows"), &rows)) return false;
    if (!fired || fired->kind != TC_JSON_LIST || tc_json_size(fired) != (size_t)numbers || rows > TC_MOST_WHOLE / numbers)
        return false; /* what fired in all is added up */
    tc_tally *to = r->set && r->p->count[TC_TRAIN][value].now ? &r->p->count[TC_TRAIN][value] : NULL;
    if (to) {
        to->natural = natural;
        to->rows = rows * (numbers / units);
        memset(to->fired, 0, sizeof *to->fired * (size_t)units);
    }
    tc_json_each(fired, i, number)
    {
        if (!tc_take_whole(number, &n) || n > rows) return false;
        if (to) to->fired[(int64_t)i % units] += n;
    }
    return true;
}

static bool read_silent(const resuming *r, int value, const tc_json *from)
{
    return tc_checkpoint_silent_read(r->p, value, from, r->set);
}

static bool read_values(const resuming *r, const tc_json *from)
{
    static const struct {
        const char *key;
        bool (*read)(const resuming *r, int value, const tc_json *from);
    } part[] = {{"lists", read_lists}, {"break_even", read_break_even}, {"fired", read_fired}, {"silent", read_silent}};
    size_t i;
    const tc_json *x;
    if (!from || from->kind != TC_JSON_OBJECT) return refuse(r, "values", "", "");
    tc_json_each(from, i, x)
    {
        const int v = tc_graph_index(r->p->graph, x->key);
        if (v < 0 || v >= r->p->values || x->kind != TC_JSON_OBJECT) return refuse(r, "value ", "", x->key);
        for (size_t k = 0; k < sizeof part / sizeof *part; k++) {
            const tc_json *of = tc_json_get(x, part[k].key);
            if (of && !part[k].read(r, v, of)) return refuse(r, part[k].key, " of ", x->key);
        }
    }
    return true;
}

/* ---- The loader ---- */

static void write_loader(const tacet_loader *l, tc_json_writer *j)
{
    int64_t epoch, position;
    tacet_loader_tell(l, &epoch, &position);
    tc_json_open(j, "loader", '{');
    tc_json_add_integer(j, "epoch", epoch);
    tc_json_add_integer(j, "position", position);
    tc_json_add_integer(j, "batches", tacet_loader_batches(l));
    const char *data = tc_loader_fingerprint(l);
    if (data) tc_json_add_text(j, "data", data);
    j->to.failed = j->to.failed || !data;
    tc_json_close(j, '}');
}

static bool same_data(const resuming *r, const char *theirs, const tacet_loader *l)
{
    tc_text why = {.mem = r->p->mem};
    const bool same = tc_loader_same_data(l, theirs, &why);
    if (why.failed)
        tc_fail_memory(r->e);
    else if (!same)
        tc_fail(r->e, TACET_FILE, "%.300s is a checkpoint of a run on other data: %.300s", r->f->path, why.data);
    tc_text_free(&why);
    return same;
}

static bool read_loader(const resuming *r, const tc_json *from, tacet_loader *l)
{
    int64_t epoch, position, batches;
    if (!tc_take_whole(tc_json_get(from, "epoch"), &epoch) || !tc_take_whole(tc_json_get(from, "position"), &position) ||
        !tc_take_whole(tc_json_get(from, "batches"), &batches))
        return refuse(r, "loader", "", "");
    const tc_json *data = tc_json_get(from, "data");
    if (data && !tc_json_text(data)) return refuse(r, "loader", "", "");
    if (data && !same_data(r, tc_json_text(data), l)) return false;
    if (batches != tacet_loader_batches(l) || position > batches)
        return tc_fail(r->e, TACET_FILE,
                       "%.300s is a checkpoint of other data or another batch: an epoch had %" PRId64
                       " batches, and has %" PRId64 " here",
                       r->f->path, batches, tacet_loader_batches(l)) == TACET_OK;
    if (r->set) tacet_loader_seek(l, epoch, position);
    return true;
}

/* ---- All of it ---- */

tacet_status tacet_checkpoint(const tacet_plan *p, const tacet_loader *l, const char *path, int notes,
                              const tacet_note *note, tacet_error *why)
{
    if (!p->update.optim)
        return tc_fail(why, TACET_FAILED, "a plan without an optimizer has nothing to resume: use tacet_save");
    if (p->parts.open || p->averaged)
        return tc_fail(why, TACET_FAILED, "a checkpoint cannot be written %s",
                       p->averaged ? "of averages: tacet_use_average(plan, false) comes before it"
                                   : "between the batches of a step");
    tc_notes n = tc_notes_of(p);
    tc_json_writer j = {.to.mem = p->mem};
    tc_json_open(&j, NULL, '{');
    tc_json_add_integer(&j, "version", VERSION);
    write_run(p, &j);
    write_terms(p, &j);
    tc_json_open(&j, "values", '{');
    for (int v = 0; v < p->values; v++) write_value(p, v, &j);
    tc_json_close(&j, '}');
    tc_checkpoint_metrics(p, &j);
    if (l) write_loader(l, &j);
    tc_json_close(&j, '}');
    n.text = j.to;
    tc_notes_add(&n, "tacet.checkpoint");
    tc_text_add(&n.text, TC_CHECKSUM_NONE);
    tc_notes_add(&n, TC_CHECKSUM_KEY);
    return tc_notes_write(&n, true, path, notes, note, why);
}

static bool read_metrics(const resuming *r, const tc_json *from)
{
    return tc_checkpoint_metrics_read(r->p, from, r->set) || refuse(r, "metrics", "", "");
}

static bool read_state(const resuming *r, const tc_json *state, tacet_loader *l)
{
    return read_run(r, state) && read_terms(r, tc_json_get(state, "terms")) &&
           read_values(r, tc_json_get(state, "values")) && read_metrics(r, tc_json_get(state, "metrics")) &&
           (!l || read_loader(r, tc_json_get(state, "loader"), l));
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

/* What says whose checkpoint it is comes before the state, so that one of another network is not called damaged. */
static tacet_status look(const resuming *r, tc_tensors *t)
{
    if (!tacet_file_note(r->f, "tacet.checkpoint"))
        return tc_fail(r->e, TACET_FILE, "%.300s is a model, not a checkpoint: its weights can be loaded, not resumed",
                       r->f->path);
    tacet_status s = tc_file_match(r->f, t, r->p->block.places, r->e);
    for (int i = 0; i < TC_PARTS && s == TACET_OK; i++)
        if (tc_part_notes[i].must) s = check_part(r, &tc_part_notes[i]);
    return s;
}

/* *state, whose texts point into *text: the caller frees both. */
static tacet_status parse(resuming *r, tc_text *text, tc_json **state)
{
    const char *note = tacet_file_note(r->f, "tacet.checkpoint");
    tc_json_error why = {0};
    bool good = true;
    if (*note == '{')
        tc_text_add(text, "%s", note);
    else
        good = tc_checkpoint_lines(r->f, r->p, text);
    *state = text->failed ? NULL : tc_json_read(&r->p->mem, text->data, text->length, &why);
    if (!*state && !why.text) return tc_fail_memory(r->e);
    r->version = tc_json_whole(tc_json_get(*state, "version"), TC_MOST_WHOLE);
    if (r->version > VERSION)
        tc_fail(r->e, TACET_FILE, "%.300s is a checkpoint of version %" PRId64 ", and versions 1 to %d are read",
                r->f->path, r->version, VERSION);
    else if (!good || r->version < 1)
        refuse(r, "state", "", "");
    return r->e->status;
}

/* Undoes what a checkpoint may not mention. */
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
    tc_text text = {.mem = p->mem};
    tc_json *state = NULL;
    resuming r = {.f = f, .p = p, .e = &e};
    tacet_status s = tc_tensors_of(&t, p, true) ? look(&r, &t) : tc_fail_memory(&e);
    if (s == TACET_OK) s = parse(&r, &text, &state);
    if (s == TACET_OK && !read_state(&r, state, l)) s = e.status;
    if (s == TACET_OK) s = tc_file_match(f, &t, tc_json_get(state, "averaged") ? t.count : t.without_averages, &e);
    if (s == TACET_OK) {
        r.set = true;
        p->averaged = p->parts.open = false;
        forget(p);
        read_state(&r, state, l);
        tc_file_set(p, &t);
    }
    tc_free(&p->mem, state);
    tc_text_free(&text);
    tc_tensors_free(&t);
    if (s != TACET_OK && why) *why = e;
    return s;
}
