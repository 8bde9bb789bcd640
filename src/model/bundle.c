/* bundle.c: gathers what goes into a model or a checkpoint, and hands it to the writer. */
#include "model/model.h"

#include <string.h>

static void free_bundle(tc_bundle *b)
{
    for (int i = 0; i < b->notes; i++) {
        tc_free(&b->mem, (char *)(uintptr_t)b->note[i].key);
        tc_free(&b->mem, (char *)(uintptr_t)b->note[i].text);
    }
    for (int i = 0; i < b->tensors; i++) tc_free(&b->mem, (char *)(uintptr_t)b->tensor[i].name);
    tc_free(&b->mem, b->note);
    tc_free(&b->mem, b->tensor);
    tc_free(&b->mem, b->from);
    *b = (tc_bundle){.mem = b->mem};
}

/* Room for one more in a table of the bundle; false, for good, when there is none. */
static bool grow(tc_bundle *b, void **table, int count, size_t size)
{
    void *grown = b->failed ? NULL : tc_resize(&b->mem, *table, (size_t)count + 1, size);
    if (grown) *table = grown;
    b->failed = grown == NULL;
    return !b->failed;
}

void tc_bundle_note(tc_bundle *b, const char *key, const char *text)
{
    void *table = b->note;
    const bool room = grow(b, &table, b->notes, sizeof *b->note);
    b->note = table;
    if (!room) return;
    const tacet_note n = {tc_strdup(&b->mem, key), tc_strdup(&b->mem, text)};
    b->note[b->notes++] = n;
    b->failed = !n.key || !n.text;
}

static void add_tensor(tc_bundle *b, const char *name, const tc_shape *shape, struct tc_bundle_from where)
{
    void *table = b->tensor, *from = b->from;
    bool room = grow(b, &table, b->tensors, sizeof *b->tensor);
    b->tensor = table;
    room = room && grow(b, &from, b->tensors, sizeof *b->from);
    b->from = from;
    if (!room) return;
    b->tensor[b->tensors] = (tc_tensor){.name = tc_strdup(&b->mem, name), .shape = *shape};
    b->from[b->tensors] = where;
    b->failed = b->tensor[b->tensors++].name == NULL;
}

static void add_place(tc_bundle *b, const char *name, const tc_place *at, const float *stored)
{
    const tc_shape shape = tc_plan_shape(b->plan, at->value);
    add_tensor(b, name, &shape, (struct tc_bundle_from){at, stored, at->n});
}

void tc_bundle_states(tc_bundle *b, bool terms)
{
    for (int i = 0; i < b->plan->states; i++) {
        const tc_state *r = &b->plan->state[i];
        tc_text name = {.mem = b->mem};
        if (terms != (r->node >= b->plan->values)) continue;
        tc_state_name(b->plan, r, &name);
        b->failed = b->failed || name.failed;
        if (!name.failed) add_tensor(b, name.data, &r->shape, (struct tc_bundle_from){NULL, *r->at, r->n});
        tc_text_free(&name);
    }
}

static void add_part(tc_bundle *b, const char *part, const char *key)
{
    tc_text text = {.mem = b->mem};
    tc_graph_write(b->plan->graph, &b->plan->extent, part, &text);
    b->failed = b->failed || text.failed;
    if (text.length > 0 && !text.failed) tc_bundle_note(b, key, text.data);
    tc_text_free(&text);
}

void tc_bundle_text(tc_bundle *b, const char *key, tc_text *t)
{
    b->failed = b->failed || t->failed;
    if (!b->failed) tc_bundle_note(b, key, t->data ? t->data : "");
    tc_text_free(t);
}

/* What they were in the last step: a schedule has moved on, and what is steered has no other. */
static void add_lambdas(tc_bundle *b)
{
    const tacet_plan *p = b->plan;
    tc_text lines = {.mem = b->mem};
    char number[TC_NUMBER_MAX];
    for (int i = 0; i < p->terms; i++)
        tc_text_add(&lines, "%s %s\n", p->graph->term[i].name, tc_number_text(p->table.lambda[i], number));
    tc_bundle_text(b, "tacet.lambdas", &lines);
}

void tc_bundle_model(tc_bundle *b)
{
    const tacet_plan *p = b->plan;
    tc_bundle_note(b, "format", "pt");
    add_part(b, "input", "tacet.input");
    add_part(b, "model", "tacet.model");
    add_part(b, "loss", "tacet.loss");
    add_part(b, "penalties", "tacet.penalties");
    add_part(b, "options", "tacet.options");
    add_lambdas(b);
    for (int i = 0; i < p->block.places; i++)
        add_place(b, tc_plan_name(p, p->block.place[i].value), &p->block.place[i],
                  tc_plan_parameter(p, &p->block.place[i]));
    tc_bundle_states(b, false);
}

void tc_moment_name(const tacet_plan *p, const tc_place *at, int state, tc_text *to)
{
    tc_text_add(to, "%s:%s", tc_plan_name(p, at->value), p->update.optim->moment[state]);
}

void tc_bundle_moment(tc_bundle *b, const tc_place *at, int state)
{
    tc_text name = {.mem = b->mem};
    tc_moment_name(b->plan, at, state, &name);
    b->failed = b->failed || name.failed;
    if (!name.failed) add_place(b, name.data, at, tc_plan_moment(b->plan, at, state));
    tc_text_free(&name);
}

static void fill(const void *context, int i, float *to)
{
    const tc_bundle *b = context;
    const struct tc_bundle_from *from = &b->from[i];
    if (from->at)
        tc_plan_copy_out(b->plan, from->at, from->stored, to);
    else
        memcpy(to, from->stored, sizeof *to * (size_t)from->n);
}

static tacet_status add_callers(tc_bundle *b, int notes, const tacet_note *note, tacet_error *e)
{
    for (int i = 0; i < notes; i++) {
        if (strncmp(note[i].key, "tacet.", 6) == 0)
            return tc_fail(e, TACET_FAILED, "the note %.100s: keys that begin with \"tacet.\" are the library's",
                           note[i].key);
        for (int k = 0; k < b->notes; k++)
            if (strcmp(b->note[k].key, note[i].key) == 0)
                return tc_fail(e, TACET_FAILED, "the note %.100s is there already: each key can be used once",
                               note[i].key);
        tc_bundle_note(b, note[i].key, note[i].text);
        if (b->failed) return TACET_OK; /* reported with the rest */
    }
    return TACET_OK;
}

tacet_status tc_bundle_write(tc_bundle *b, const char *path, int notes, const tacet_note *note, tacet_error *e)
{
    tacet_status s = b->failed ? TACET_OK : add_callers(b, notes, note, e);
    if (s == TACET_OK && b->failed) s = tc_fail_memory(e);
    const tc_outline o = {b->notes, b->tensors, b->note, b->tensor, fill, b};
    if (s == TACET_OK) s = tc_safetensors_write(&b->mem, path, &o, e);
    free_bundle(b);
    return s;
}
