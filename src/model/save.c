/* save.c: writes a plan to a file: its tensors and notes. */
#include "model/model.h"

#include <string.h>

/* ---- Tensors ---- */

static void add(tc_tensors *t, tc_text *name, const tc_shape *shape, const tc_place *at, float *numbers)
{
    t->failed = t->failed || name->failed;
    t->at[t->count] = at;
    t->tensor[t->count++] = (tc_tensor){
        .name = name->data, .shape = *shape, .count = tc_shape_count(shape), .data = numbers};
}

/* A parameter (of NULL), or numbers that belong to it. */
static void add_place(tc_tensors *t, const tc_place *at, const char *of, float *numbers)
{
    const tacet_plan *p = t->plan;
    const tc_shape shape = tc_plan_shape(p, at->value);
    tc_text name = {.mem = p->mem};
    tc_text_add(&name, "%s%s%s", tc_plan_name(p, at->value), of ? ":" : "", of ? of : "");
    add(t, &name, &shape, at, numbers);
}

static void add_states(tc_tensors *t, bool terms)
{
    for (int i = 0; i < t->plan->states; i++) {
        const tc_state *r = &t->plan->state[i];
        tc_text name = {.mem = t->plan->mem};
        if (terms != (r->node >= t->plan->values)) continue;
        tc_text_add(&name, "%s", r->name);
        add(t, &name, &r->shape, NULL, *r->at);
    }
}

bool tc_tensors_of(tc_tensors *t, const tacet_plan *p, bool moments)
{
    const size_t most = (size_t)(p->block.places * (2 + p->block.moments) + p->states);
    const tc_place *at = p->block.place, *end = at + p->block.places;
    *t = (tc_tensors){.plan = p};
    t->tensor = tc_alloc(&p->mem, most, sizeof *t->tensor);
    t->at = tc_alloc(&p->mem, most, sizeof *t->at);
    t->found = tc_alloc(&p->mem, most, sizeof *t->found);
    if (!t->tensor || !t->at || !t->found) return false;
    for (; at < end; at++) add_place(t, at, NULL, tc_plan_parameter(p, at));
    add_states(t, false);
    t->model = t->count;
    for (at = p->block.place; at < end && moments; at++)
        for (int k = 0; k < p->block.moments && at->trains; k++)
            add_place(t, at, p->update.optim->moment[k], tc_plan_moment(p, at, k));
    add_states(t, true);
    t->without_averages = t->count;
    for (at = p->block.place; at < end && moments && p->set.ema > 0; at++)
        if (at->trains) add_place(t, at, "average", tc_plan_average(p, at));
    return !t->failed;
}

void tc_tensors_free(tc_tensors *t)
{
    for (int i = 0; i < t->count; i++) tc_free(&t->plan->mem, (char *)(uintptr_t)t->tensor[i].name);
    tc_free(&t->plan->mem, t->tensor);
    tc_free(&t->plan->mem, t->at);
    tc_free(&t->plan->mem, t->found);
}

static void fill(const void *context, int i, float *to)
{
    const tc_tensors *t = context;
    if (t->at[i])
        tc_plan_copy_out(t->plan, t->at[i], t->tensor[i].data, to);
    else
        memcpy(to, t->tensor[i].data, sizeof *to * (size_t)t->tensor[i].count);
}

/* ---- Notes ---- */

const tc_part_note tc_part_notes[TC_PARTS] = {{"operators", "tacet.operators", false},
                                              {"input", "tacet.input", true},
                                              {"model", "tacet.model", true},
                                              {"loss", "tacet.loss", false},
                                              {"penalties", "tacet.penalties", false},
                                              {"options", "tacet.options", false}};

void tc_notes_add(tc_notes *n, const char *key)
{
    tc_json_add_text(&n->done, key, n->text.data ? n->text.data : "");
    n->done.to.failed = n->done.to.failed || n->text.failed;
    tc_text_free(&n->text);
}

/* Lambdas are those of the last step: a schedule has changed the described one, and a steered one is not described. */
tc_notes tc_notes_of(const tacet_plan *p)
{
    char number[TC_NUMBER_MAX];
    tc_notes n = {.plan = p, .done = {.to.mem = p->mem}, .text = {.mem = p->mem}};
    tc_text_add(&n.text, "pt");
    tc_notes_add(&n, "format");
    for (int i = 0; i < TC_PARTS; i++) {
        tc_graph_write(p->graph, &p->extent, tc_part_notes[i].part, &n.text);
        if (n.text.length > 0 || n.text.failed || tc_part_notes[i].must) tc_notes_add(&n, tc_part_notes[i].key);
    }
    for (int i = 0; i < p->terms; i++)
        tc_text_add(&n.text, "%s %s\n", p->graph->term[i].name, tc_number_text(p->table.lambda[i], number));
    tc_notes_add(&n, "tacet.lambdas");
    return n;
}

static tacet_status add_callers(tc_notes *n, int notes, const tacet_note *note, tacet_error *e)
{
    for (int i = 0; i < notes; i++) {
        const char *key = note[i].key;
        bool there = strcmp(key, "format") == 0;
        for (int k = 0; k < i; k++) there = there || strcmp(note[k].key, key) == 0;
        if (strncmp(key, "tacet.", 6) == 0)
            return tc_fail(e, TACET_FAILED,
                           "the note %.100s: keys that begin with \"tacet.\" are reserved for the library", key);
        if (there) return tc_fail(e, TACET_FAILED, "the note %.100s already exists: each key can be used once", key);
        if (!tc_text_utf8(key)) /* replacing such bytes could make two keys equal */
            return tc_fail(e, TACET_FAILED, "the note %.100s: its key is not UTF-8", key);
        tc_json_add_text(&n->done, key, note[i].text);
    }
    return TACET_OK;
}

tacet_status tc_notes_write(tc_notes *n, bool checkpoint, const char *path, int notes, const tacet_note *note,
                            tacet_error *e)
{
    tc_tensors t;
    const bool room = tc_tensors_of(&t, n->plan, checkpoint);
    tacet_status s = add_callers(n, notes, note, e);
    if (s == TACET_OK && (!room || n->done.to.failed)) s = tc_fail_memory(e);
    const tc_outline o = {n->done.to.data, checkpoint ? t.count : t.model, t.tensor, fill, &t};
    if (s == TACET_OK) s = tc_safetensors_write(&n->plan->mem, path, &o, e);
    tc_tensors_free(&t);
    tc_text_free(&n->done.to);
    return s;
}

tacet_status tacet_save(const tacet_plan *p, const char *path, int notes, const tacet_note *note, tacet_error *why)
{
    tc_notes n = tc_notes_of(p);
    return tc_notes_write(&n, false, path, notes, note, why);
}
