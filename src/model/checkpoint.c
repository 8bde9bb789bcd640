/* checkpoint.c: all that the rest of a run depends on, to a file and back, to the bit.
 *
 *     tacet.checkpoint   "2", the version of these notes. "1" is read too: it counted what fires by elements, not units
 *     tacet.optimizer    its description; what it remembers are the tensors "linear1.weight:momentum"
 *                        (what layers and terms remember are tensors too: model.h)
 *     tacet.step         training steps done          tacet.seed   of dropout
 *     tacet.rate         the schedule's factor of the last step
 *     tacet.lists        a line "relu1 12 12 9" for each value with a firing list: steps, forward, backward on it
 *     tacet.break_even   a line "linear1 0.6 ..." for each layer that may run on lists: a density for each way
 *                        (op/silent.h)
 *     tacet.total, tacet.accounts, tacet.controls, tacet.fired   the ledger and what steers lambdas: history.c
 *     tacet.loader       epoch, position in it, batches of an epoch
 *
 * Doubles are written as the shortest decimal that reads back as the same double. A resume first looks at everything
 * and then sets everything, so that a checkpoint that is refused has changed nothing. */
#include "model/history.h"

#include <inttypes.h>
#include <string.h>

static const char version[] = "2", first_version[] = "1";

/* ---- Writing ---- */

/* A note made with a format. */
__attribute__((format(printf, 3, 4))) static void note_format(tc_bundle *b, const char *key, const char *format, ...)
{
    char text[128];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    tc_bundle_note(b, key, text);
}

static void note_lists(tc_bundle *b)
{
    const tacet_plan *p = b->plan;
    tc_text uses = {.mem = b->mem}, densities = {.mem = b->mem};
    char number[TC_NUMBER_MAX];
    for (int v = 0; v < p->values; v++) {
        const tc_list_steps *u = &p->table.list_steps[v];
        const tc_op *op = p->graph->value[v].op;
        if (u->steps)
            tc_text_add(&uses, "%s %" PRId64 " %" PRId64 " %" PRId64 "\n", tc_plan_name(p, v), u->steps, u->forward,
                        u->backward);
        if (!op || !op->silent || p->set.sparse != TACET_SPARSE_AUTO) continue;
        tc_text_add(&densities, "%s", tc_plan_name(p, v));
        for (int k = 0; k < TC_WAYS; k++)
            tc_text_add(&densities, " %s", tc_number_text(p->table.break_even[v * TC_WAYS + k], number));
        tc_text_add(&densities, "\n");
    }
    tc_bundle_text(b, "tacet.lists", &uses);
    tc_bundle_text(b, "tacet.break_even", &densities);
}

static void note_loader(tc_bundle *b, const tacet_loader *l)
{
    int64_t epoch, position;
    if (!l) return;
    tacet_loader_tell(l, &epoch, &position);
    note_format(b, "tacet.loader", "%" PRId64 " %" PRId64 " %" PRId64, epoch, position, tacet_loader_batches(l));
}

tacet_status tacet_checkpoint(const tacet_plan *p, const tacet_loader *l, const char *path, int notes,
                              const tacet_note *note, tacet_error *why)
{
    if (!p->update.optim)
        return tc_fail(why, TACET_FAILED, "a plan without an optimizer has nothing to resume: use tacet_save");
    tc_bundle b = {.mem = p->mem, .plan = p};
    tc_text optimizer = {.mem = p->mem};
    char rate[TC_NUMBER_MAX];
    tc_bundle_model(&b);
    for (int i = 0; i < p->block.places; i++)
        for (int k = 0; k < p->block.moments && p->block.place[i].trains; k++)
            tc_bundle_moment(&b, &p->block.place[i], k);
    tc_bundle_states(&b, true);
    tc_bundle_note(&b, "tacet.checkpoint", version);
    tc_spec_print(&p->update.spec, &optimizer);
    tc_bundle_text(&b, "tacet.optimizer", &optimizer);
    note_format(&b, "tacet.step", "%" PRId64, p->table.step);
    note_format(&b, "tacet.seed", "%016" PRIx64, p->set.seed);
    tc_bundle_note(&b, "tacet.rate", tc_number_text(p->table.rate, rate));
    note_lists(&b);
    tc_history_note(&b);
    note_loader(&b, l);
    return tc_bundle_write(&b, path, notes, note, why);
}

/* ---- Reading ---- */

/* What a checkpoint says, read and checked before any of it is used. */
typedef struct resumed {
    const tacet_file *f;
    const tacet_plan *p;
    tacet_error *e;
    const tc_tensor **parameter, **moment; /* [places], [places * moments] */
    const tc_tensor **state;               /* [states] */
    double *lambda;                        /* [terms] */
    tc_list_steps *use;                    /* [values] */
    double *break_even;                    /* [values * TC_WAYS] */
    tc_history history;
    int64_t step, epoch, position;
    uint64_t seed;
    double rate;
} resumed;

static tacet_status refuse_note(const resumed *r, const char *key)
{
    return tc_fail(r->e, TACET_FILE, "%.300s: the note %s is missing or not what a checkpoint has there", r->f->path,
                   key);
}

/* The next word of *text, up to `end` (or the end of it all), moved past it. False when it is too long or not there. */
static bool next_word(const char **text, char end, char word[TC_NUMBER_MAX])
{
    const char *stop = strchr(*text, end);
    const size_t n = stop ? (size_t)(stop - *text) : strlen(*text);
    if (n == 0 || n >= TC_NUMBER_MAX) return false;
    memcpy(word, *text, n);
    word[n] = '\0';
    *text += n + (stop != NULL);
    return true;
}

static bool read_integers(const char *text, int count, int64_t *to)
{
    char word[TC_NUMBER_MAX];
    if (!text) return false;
    for (int i = 0; i < count; i++)
        if (!next_word(&text, ' ', word) || !tc_integer_read(word, &to[i]) || to[i] < 0) return false;
    return *text == '\0';
}

static bool read_seed(const char *text, uint64_t *seed)
{
    if (!text || strlen(text) != 16 || text[strspn(text, "0123456789abcdef")]) return false;
    *seed = 0;
    for (; *text; text++) *seed = *seed << 4 | (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
    return true;
}

static tacet_status read_scalars(resumed *r)
{
    const char *rate = tacet_file_note(r->f, "tacet.rate");
    if (!read_integers(tacet_file_note(r->f, "tacet.step"), 1, &r->step)) return refuse_note(r, "tacet.step");
    if (!read_seed(tacet_file_note(r->f, "tacet.seed"), &r->seed)) return refuse_note(r, "tacet.seed");
    if (!rate || !tc_number_read(rate, &r->rate)) return refuse_note(r, "tacet.rate");
    return TACET_OK;
}

/* The terms must be the plan's, in their order. */
static tacet_status read_lambdas(resumed *r)
{
    const char *at = tacet_file_note(r->f, "tacet.lambdas");
    if (!at) return refuse_note(r, "tacet.lambdas");
    for (int i = 0; i < r->p->terms; i++) {
        const char *name = r->p->graph->term[i].name;
        const size_t n = strlen(name);
        char number[TC_NUMBER_MAX];
        if (strncmp(at, name, n) != 0 || at[n] != ' ')
            return tc_fail(r->e, TACET_FILE,
                           "%.300s is a checkpoint of another objective: where it has \"%.100s\", this one has %s",
                           r->f->path, *at ? at : "nothing more", name);
        at += n + 1;
        if (!next_word(&at, '\n', number) || !tc_number_read(number, &r->lambda[i]))
            return refuse_note(r, "tacet.lambdas");
    }
    if (*at)
        return tc_fail(r->e, TACET_FILE, "%.300s is a checkpoint of another objective: it also has \"%.100s\"",
                       r->f->path, at);
    return TACET_OK;
}

/* The value that a line begins with, moved past its name and the blank; -1: there is none. */
static int next_value(const tacet_plan *p, const char **text)
{
    const size_t n = strcspn(*text, " \n");
    for (int v = 0; v < p->values; v++) {
        if (strlen(tc_plan_name(p, v)) != n || memcmp(tc_plan_name(p, v), *text, n) != 0 || (*text)[n] != ' ') continue;
        *text += n + 1;
        return v;
    }
    return -1;
}

/* Checkpoints of versions without firing lists lack these notes: nothing is set then. */
static tacet_status read_lists(resumed *r)
{
    static const char lists[] = "tacet.lists", densities[] = "tacet.break_even";
    const char *at = tacet_file_note(r->f, lists);
    char word[3][TC_NUMBER_MAX];
    while (at && *at) {
        const int v = next_value(r->p, &at);
        tc_list_steps u;
        if (v < 0 || !next_word(&at, ' ', word[0]) || !next_word(&at, ' ', word[1]) || !next_word(&at, '\n', word[2]) ||
            !tc_integer_read(word[0], &u.steps) || !tc_integer_read(word[1], &u.forward) ||
            !tc_integer_read(word[2], &u.backward) || u.steps < 1 || u.forward < 0 || u.forward > u.steps ||
            u.backward < 0 || u.backward > u.steps)
            return refuse_note(r, lists);
        r->use[v] = u;
    }
    at = tacet_file_note(r->f, densities);
    while (at && *at) {
        const int v = next_value(r->p, &at);
        for (int k = 0; k < TC_WAYS; k++)
            if (v < 0 || !next_word(&at, k + 1 < TC_WAYS ? ' ' : '\n', word[0]) ||
                !tc_number_read(word[0], &r->break_even[v * TC_WAYS + k]))
                return refuse_note(r, densities);
    }
    return TACET_OK;
}

static tacet_status read_history(resumed *r)
{
    const bool apart = strcmp(tacet_file_note(r->f, "tacet.checkpoint"), first_version) == 0;
    const char *bad = tc_history_read(r->f, r->p, apart, &r->history);
    return bad ? refuse_note(r, bad) : TACET_OK;
}

/* The same layers, as the description has them: parameters of the same shapes are not enough. */
static tacet_status check_part(const resumed *r, const char *part, const char *key)
{
    tc_text own = {.mem = r->p->mem};
    const char *theirs = tacet_file_note(r->f, key);
    tacet_status s = TACET_OK;
    tc_graph_write(r->p->graph, &r->p->extent, part, &own);
    if (own.failed)
        s = tc_fail_memory(r->e);
    else if (strcmp(own.data ? own.data : "", theirs ? theirs : "") != 0)
        s = tc_fail(r->e, TACET_FILE,
                    "%.200s is a checkpoint of another network: its %s is \"%.300s\", and here it is \"%.300s\"",
                    r->f->path, part, theirs ? theirs : "", own.data ? own.data : "");
    tc_text_free(&own);
    return s;
}

static tacet_status check_optimizer(const resumed *r)
{
    const char *theirs = tacet_file_note(r->f, "tacet.optimizer"), *own = r->p->update.optim->name;
    if (!theirs) return refuse_note(r, "tacet.optimizer");
    const size_t n = strcspn(theirs, " ");
    if (n == strlen(own) && memcmp(theirs, own, n) == 0) return TACET_OK;
    return tc_fail(r->e, TACET_FILE, "%.300s is a checkpoint of a run with %.100s, and this plan has %s", r->f->path,
                   theirs, own);
}

static tacet_status find_moments(const resumed *r)
{
    const tacet_plan *p = r->p;
    for (int i = 0; i < p->block.places; i++)
        for (int k = 0; k < p->block.moments && p->block.place[i].trains; k++) {
            tc_text name = {.mem = p->mem};
            const tc_shape shape = tc_plan_shape(p, p->block.place[i].value);
            tc_moment_name(p, &p->block.place[i], k, &name);
            const tc_tensor *t = name.failed ? NULL : tc_file_find(r->f, name.data);
            tacet_status s = TACET_OK;
            if (name.failed)
                s = tc_fail_memory(r->e);
            else if (!t || !tc_shape_equal(&t->shape, &shape))
                s = tc_fail(r->e, TACET_FILE, "%.300s has no %.100s of the right shape, which this plan trains with",
                            r->f->path, name.data);
            tc_text_free(&name);
            if (s != TACET_OK) return s;
            r->moment[i * p->block.moments + k] = t;
        }
    return TACET_OK;
}

static tacet_status read_loader(resumed *r, const tacet_loader *l)
{
    int64_t place[3];
    if (!l) return TACET_OK;
    if (!read_integers(tacet_file_note(r->f, "tacet.loader"), 3, place)) return refuse_note(r, "tacet.loader");
    if (place[2] != tacet_loader_batches(l) || place[1] > place[2])
        return tc_fail(r->e, TACET_FILE,
                       "%.300s is a checkpoint of other data or another batch: an epoch had %" PRId64
                       " batches, and has %" PRId64 " here",
                       r->f->path, place[2], tacet_loader_batches(l));
    r->epoch = place[0];
    r->position = place[1];
    return TACET_OK;
}

static tacet_status read_all(resumed *r, const tacet_loader *l)
{
    const char *is = tacet_file_note(r->f, "tacet.checkpoint");
    if (!is)
        return tc_fail(r->e, TACET_FILE, "%.300s is a model, not a checkpoint: its weights can be loaded, not resumed",
                       r->f->path);
    if (strcmp(is, version) != 0 && strcmp(is, first_version) != 0)
        return tc_fail(r->e, TACET_FILE, "%.300s is a checkpoint of version %.20s, and versions %s and %s are read",
                       r->f->path, is, first_version, version);
    if (tc_file_match(r->f, r->p, true, r->parameter, r->e) < 0) return TACET_FILE;
    tacet_status s = check_part(r, "input", "tacet.input");
    if (s == TACET_OK) s = check_part(r, "model", "tacet.model");
    if (s == TACET_OK) s = check_optimizer(r);
    if (s == TACET_OK) s = find_moments(r);
    if (s == TACET_OK && !tc_file_match_states(r->f, r->p, true, true, r->state, r->e)) s = r->e->status;
    if (s == TACET_OK) s = read_scalars(r);
    if (s == TACET_OK) s = read_lambdas(r);
    if (s == TACET_OK) s = read_lists(r);
    if (s == TACET_OK) s = read_history(r);
    return s == TACET_OK ? read_loader(r, l) : s;
}

static void set_all(const resumed *r, tacet_plan *p, tacet_loader *l)
{
    const int moments = p->block.moments;
    for (int i = 0; i < p->block.places; i++) {
        const tc_place *at = &p->block.place[i];
        tc_plan_copy_in(p, at, r->parameter[i]->data, tc_plan_parameter(p, at));
        for (int k = 0; k < moments && at->trains; k++)
            tc_plan_copy_in(p, at, r->moment[i * moments + k]->data, tc_plan_moment(p, at, k));
    }
    tc_file_set_states(p, r->state);
    for (int i = 0; i < p->terms; i++) p->table.lambda[i] = r->lambda[i];
    for (int v = 0; v < p->values; v++) p->table.list_steps[v] = r->use[v];
    for (int i = 0; i < p->values * TC_WAYS && p->set.sparse == TACET_SPARSE_AUTO; i++)
        p->table.break_even[i] = r->break_even[i];
    tc_history_set(&r->history, p);
    p->table.step = r->step;
    p->table.rate = r->rate;
    p->set.seed = p->run.seed = r->seed;
    if (l) tacet_loader_seek(l, r->epoch, r->position);
}

tacet_status tacet_resume(tacet_plan *p, tacet_loader *l, const tacet_file *f, tacet_error *why)
{
    if (!p->update.optim)
        return tc_fail(why, TACET_FAILED, "a plan without an optimizer cannot be resumed: use tacet_file_load");
    tacet_error e = {0};
    const size_t places = (size_t)p->block.places, moments = places * (size_t)p->block.moments;
    resumed r = {.f = f, .p = p, .e = &e};
    r.parameter = tc_alloc(&p->mem, places, sizeof *r.parameter);
    r.moment = tc_alloc(&p->mem, moments, sizeof *r.moment);
    r.state = tc_alloc(&p->mem, (size_t)p->states, sizeof *r.state);
    r.lambda = tc_alloc(&p->mem, (size_t)p->terms, sizeof *r.lambda);
    r.use = tc_alloc(&p->mem, (size_t)p->values, sizeof *r.use);
    r.break_even = tc_alloc(&p->mem, (size_t)p->values * TC_WAYS, sizeof *r.break_even);
    const bool own = tc_history_alloc(&r.history, p);
    const bool room = own && r.parameter && r.moment && r.state && r.lambda && r.use && r.break_even;
    for (int i = 0; room && i < p->values * TC_WAYS; i++) r.break_even[i] = p->table.break_even[i];
    const tacet_status s = room ? read_all(&r, l) : tc_fail_memory(&e);
    if (s == TACET_OK) set_all(&r, p, l);
    tc_history_free(&r.history, p);
    tc_free(&p->mem, r.parameter);
    tc_free(&p->mem, r.moment);
    tc_free(&p->mem, r.state);
    tc_free(&p->mem, r.lambda);
    tc_free(&p->mem, r.use);
    tc_free(&p->mem, r.break_even);
    if (s != TACET_OK && why) *why = e;
    return s;
}
