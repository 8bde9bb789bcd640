/* file.c: a model or a checkpoint that was opened: its notes and tensors, its network, and its numbers into a plan. */
#include "model/model.h"

#include <string.h>

tacet_file *tacet_file_open(const char *path, const tacet_memory *memory, tacet_error *why)
{
    const tc_mem m = tc_mem_of(memory);
    tacet_file *f = tc_alloc(&m, 1, sizeof *f);
    if (!f) {
        tc_fail_memory(why);
        return NULL;
    }
    f->mem = m;
    if (tc_safetensors_read(f, path, why) == TACET_OK) return f;
    tacet_file_free(f);
    return NULL;
}

void tacet_file_free(tacet_file *f)
{
    if (!f) return;
    const tc_mem m = f->mem;
    json_decref(f->header);
    tc_free_aligned(&m, f->data);
    tc_free(&m, f->tensor);
    tc_free(&m, f->path);
    tc_free(&m, f);
}

const char *tacet_file_note(const tacet_file *f, const char *key)
{
    return json_string_value(json_object_get(json_object_get(f->header, "__metadata__"), key));
}

int tacet_file_count(const tacet_file *f) { return f->tensors; }

tacet_status tacet_file_tensor(const tacet_file *f, int i, const char **name, int *rank, const int64_t **shape,
                               const float **data)
{
    if (i < 0 || i >= f->tensors) return TACET_FAILED;
    const tc_tensor *t = &f->tensor[i];
    if (name) *name = t->name;
    if (rank) *rank = t->shape.rank;
    if (shape) *shape = t->shape.dim;
    if (data) *data = t->data;
    return TACET_OK;
}

/* ---- The network ---- */

/* A mistake in a file's description is the file's. */
static void blame(const tacet_file *f, const char *key, const tacet_graph *g, tacet_error *why)
{
    if (!why) return;
    *why = g->error;
    if (why->status == TACET_MEMORY) return;
    tc_fail(why, TACET_FILE, "%.300s: %s: %.600s", f->path, key, g->error.message);
    if (g->error.column >= 0) tc_fail_at(why, g->error.source, g->error.column, g->error.width);
    tc_fail_hint(why, "%s", g->error.hint);
}

tacet_graph *tacet_file_graph(const tacet_file *f, const tacet_memory *memory, tacet_error *why)
{
    static const struct {
        const char *part, *key;
        bool must;
    } part[] = {{"input", "tacet.input", true},
                {"model", "tacet.model", true},
                {"loss", "tacet.loss", false},
                {"penalties", "tacet.penalties", false},
                {"options", "tacet.options", false}};
    tacet_graph *g = tacet_graph_new(memory);
    if (!g) {
        tc_fail_memory(why);
        return NULL;
    }
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        const char *text = tacet_file_note(f, part[i].key);
        if (text) tc_graph_rebuild(g, part[i].part, text);
        const bool missing = !text && part[i].must;
        if (!missing && !tacet_graph_error(g)) continue;
        if (missing)
            tc_fail(why, TACET_FILE, "%.300s does not say what the network is: it has no note %s", f->path,
                    part[i].key);
        else
            blame(f, part[i].key, g, why);
        tacet_graph_free(g);
        return NULL;
    }
    return g;
}

/* ---- The numbers ---- */

const tc_tensor *tc_file_find(const tacet_file *f, const char *name)
{
    for (int i = 0; i < f->tensors; i++)
        if (strcmp(f->tensor[i].name, name) == 0) return &f->tensor[i];
    return NULL;
}

/* The tensor of a state's name and shape, or NULL; *failed when out of memory. */
static const tc_tensor *find_state(const tacet_file *f, const tacet_plan *p, const tc_state *r, bool *failed)
{
    tc_text name = {.mem = f->mem};
    tc_state_name(p, r, &name);
    const tc_tensor *t = name.failed ? NULL : tc_file_find(f, name.data);
    *failed = name.failed;
    tc_text_free(&name);
    return t && tc_shape_equal(&t->shape, &r->shape) ? t : NULL;
}

bool tc_file_match_states(const tacet_file *f, const tacet_plan *p, bool strict, bool terms, const tc_tensor **found,
                          tacet_error *e)
{
    for (int i = 0; i < p->states; i++) {
        const tc_state *r = &p->state[i];
        bool failed;
        found[i] = find_state(f, p, r, &failed);
        if (failed) return tc_fail_memory(e) == TACET_OK;
        if (found[i] || !strict || (r->node >= p->values && !terms)) continue;
        tc_fail(e, TACET_FILE, "%.300s has no %.100s.%s of the right shape, which this network remembers", f->path,
                tc_plan_node(p, r->node).name, r->name);
        return false;
    }
    return true;
}

void tc_file_set_states(tacet_plan *p, const tc_tensor *const *found)
{
    for (int i = 0; i < p->states; i++)
        if (found[i]) memcpy(*p->state[i].at, found[i]->data, sizeof(float) * (size_t)p->state[i].n);
}

/* Whether a tensor has the name of what a layer of the plan remembers. */
static bool is_state(const tacet_plan *p, const char *name)
{
    for (int i = 0; i < p->states; i++) {
        const tc_state *r = &p->state[i];
        const char *of = r->node < p->values ? tc_plan_name(p, r->node) : "";
        const size_t n = strlen(of);
        if (n && strncmp(name, of, n) == 0 && name[n] == '.' && strcmp(name + n + 1, r->name) == 0) return true;
    }
    return false;
}

/* The first tensor that is neither a parameter nor a state of the plan nor one of a checkpoint alone, or NULL. */
static const char *unknown(const tacet_file *f, const tacet_plan *p, const tc_tensor *const *found)
{
    for (int i = 0; i < f->tensors; i++) {
        bool known = strchr(f->tensor[i].name, ':') || is_state(p, f->tensor[i].name);
        for (int k = 0; k < p->block.places && !known; k++) known = found[k] == &f->tensor[i];
        if (!known) return f->tensor[i].name;
    }
    return NULL;
}

int tc_file_match(const tacet_file *f, const tacet_plan *p, bool strict, const tc_tensor **found, tacet_error *e)
{
    int count = 0;
    for (int i = 0; i < p->block.places; i++) {
        const char *name = tc_plan_name(p, p->block.place[i].value);
        const tc_shape shape = tc_plan_shape(p, p->block.place[i].value);
        const tc_tensor *t = tc_file_find(f, name);
        found[i] = t && tc_shape_equal(&t->shape, &shape) ? t : NULL;
        if (found[i]) count++;
        if (found[i] || !strict) continue;
        char want[TC_SHAPE_TEXT], have[TC_SHAPE_TEXT];
        tc_shape_text(&shape, false, want);
        if (t)
            tc_fail(e, TACET_FILE, "%.300s: %.100s is %s, and in this network it is %s", f->path, name,
                    tc_shape_text(&t->shape, false, have), want);
        else
            tc_fail(e, TACET_FILE, "%.300s has no %.100s, which in this network is %s", f->path, name, want);
        return -1;
    }
    const char *other = strict ? unknown(f, p, found) : NULL;
    if (!other) return count;
    tc_fail(e, TACET_FILE, "%.300s holds %.100s, which this network does not have", f->path, other);
    return -1;
}

/* Lambdas of a plan that does not train are those of the model's last step, where its terms have the names. */
static void take_lambdas(const tacet_file *f, tacet_plan *p)
{
    const char *at = p->update.optim ? NULL : tacet_file_note(f, "tacet.lambdas");
    for (size_t line; at && *at; at += line + (at[line] == '\n')) {
        char number[TC_NUMBER_MAX];
        double lambda;
        line = strcspn(at, "\n");
        for (int i = 0; i < p->terms; i++) {
            const size_t n = strlen(p->graph->term[i].name);
            if (n >= line || line - n > sizeof number || at[n] != ' ' || memcmp(at, p->graph->term[i].name, n) != 0)
                continue;
            memcpy(number, at + n + 1, line - n - 1);
            number[line - n - 1] = '\0';
            if (tc_number_read(number, &lambda) && lambda >= 0) p->table.lambda[i] = lambda;
        }
    }
}

tacet_status tacet_file_load(const tacet_file *f, tacet_plan *p, bool strict, int *taken, tacet_error *why)
{
    const tc_tensor **found = tc_alloc(&f->mem, (size_t)(p->block.places + p->states), sizeof *found);
    if (!found) return tc_fail_memory(why);
    const tc_tensor **state = found + p->block.places;
    tacet_error e = {0};
    int count = tc_file_match(f, p, strict, found, &e);
    if (count >= 0 && !tc_file_match_states(f, p, strict, false, state, &e)) count = -1;
    for (int i = 0; i < p->block.places && count >= 0; i++)
        if (found[i]) tc_plan_copy_in(p, &p->block.place[i], found[i]->data, tc_plan_parameter(p, &p->block.place[i]));
    if (count >= 0) tc_file_set_states(p, state);
    if (count >= 0) take_lambdas(f, p);
    tc_free(&f->mem, found);
    if (count < 0) {
        if (why) *why = e;
        return e.status;
    }
    if (taken) *taken = count;
    return TACET_OK;
}
