/* file.c: an open model or checkpoint: its notes and tensors, its network, and loading its numbers into a plan. */
#include "model/model.h"

#include <math.h>
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
    tc_free(&m, f->header);
    tc_free(&m, f->text);
    tc_free_aligned(&m, f->data);
    tc_free(&m, f->tensor);
    tc_free(&m, f->path);
    tc_free(&m, f);
}

const char *tacet_file_note(const tacet_file *f, const char *key) { return tc_json_text(tc_json_get(f->notes, key)); }

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

/* A mistake in a file's description is an error of the file. */
static void blame(const tacet_file *f, const char *key, const tacet_graph *g, tacet_error *why)
{
    if (!why) return;
    *why = g->error;
    if (why->status == TACET_MEMORY) return;
    tc_fail(why, TACET_FILE, "%.300s: %s: %.600s", f->path, key, g->error.message);
    if (g->error.column >= 0) tc_fail_at(why, g->error.source, g->error.column, g->error.width);
    tc_fail_hint(why, "%s", g->error.hint);
}

/* Puts the terms in the order in which they were described, which the notes of losses and of penalties do not tell. */
static void arrange_terms(const tacet_file *f, tacet_graph *g)
{
    const char *line = tacet_file_note(f, "tacet.lambdas");
    for (int to = 0; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        int from = to;
        while (from < g->terms && !tc_take_name(&(const char *){line}, g->term[from].name)) from++;
        if (from == g->terms) continue;
        const tc_term term = g->term[from];
        memmove(g->term + to + 1, g->term + to, sizeof term * (size_t)(from - to));
        g->term[to++] = term;
    }
}

tacet_status tacet_file_describe(const tacet_file *f, tacet_graph *g, tacet_error *why)
{
    if (tacet_graph_error(g)) {
        if (why) *why = *tacet_graph_error(g);
        return tacet_graph_error(g)->status;
    }
    bool described = false; /* a part that is empty may be missing */
    const tc_part_note *part = tc_part_notes, *lacks = NULL;
    for (; part < tc_part_notes + TC_PARTS && !tacet_graph_error(g); part++) {
        const char *text = tacet_file_note(f, part->key);
        if (text) tc_graph_rebuild(g, part->part, text);
        described = described || (text && part->must);
        if (!text && part->must && !lacks) lacks = part;
    }
    if (described && !tacet_graph_error(g)) {
        arrange_terms(f, g);
        return TACET_OK;
    }
    if (lacks && g->error.status != TACET_MEMORY)
        tc_fail(why, TACET_FILE, "%.300s does not say what the network is: it has no note %s", f->path, lacks->key);
    else
        blame(f, part[-1].key, g, why);
    return g->error.status == TACET_MEMORY ? TACET_MEMORY : TACET_FILE;
}

tacet_graph *tacet_file_graph(const tacet_file *f, const tacet_memory *memory, tacet_error *why)
{
    tacet_graph *g = tacet_graph_new(memory);
    if (tacet_file_describe(f, g, why) == TACET_OK) return g;
    tacet_graph_free(g);
    return NULL;
}

/* ---- The numbers ---- */

static const tc_tensor *find(const tc_tensor *tensor, int tensors, const char *name)
{
    for (int i = 0; i < tensors; i++)
        if (strcmp(tensor[i].name, name) == 0) return &tensor[i];
    return NULL;
}

enum { DIFFERENCE = 2 * TC_SHAPE_TEXT + 200 };

/* "a.weight is [2, 3], but in this network it is [3, 2] (transposed?)"; like snprintf. */
static int compare(const char *name, const tc_shape *theirs, const tc_shape *ours, char *to, size_t capacity)
{
    char have[TC_SHAPE_TEXT], want[TC_SHAPE_TEXT];
    const bool turned = ours->rank == 2 && theirs->rank == 2 && theirs->dim[0] == ours->dim[1] &&
                        theirs->dim[1] == ours->dim[0];
    return tc_snprintf(to, capacity, "%.100s is %s, but in this network it is %s%s", name,
                       tc_shape_text(theirs, false, have), tc_shape_text(ours, false, want),
                       turned ? " (transposed?)" : "");
}

size_t tacet_file_differences(const tacet_file *f, const tacet_plan *p, char *text, size_t capacity)
{
    tc_text to = tc_text_into(text, capacity);
    tacet_value_info v = {.size = sizeof v};
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++) {
        const tc_tensor *t = v.role == TACET_ROLE_PARAMETER ? find(f->tensor, f->tensors, v.name) : NULL;
        tc_shape ours = {.rank = v.rank};
        memcpy(ours.dim, v.shape, sizeof ours.dim);
        if (!t || tc_shape_equal(&t->shape, &ours)) continue;
        char line[DIFFERENCE];
        compare(v.name, &t->shape, &ours, line, sizeof line);
        tc_text_add(&to, "%s%s", to.length ? "\n" : "", line);
    }
    return to.length;
}

/* Tensor i of the plan is not in the file, or (theirs) has another shape there. */
static tacet_status refuse(const tacet_file *f, const tc_tensors *t, int i, const tc_tensor *theirs, tacet_error *e)
{
    const char *name = t->tensor[i].name;
    char want[TC_SHAPE_TEXT], both[DIFFERENCE];
    if (theirs && !theirs->data) return tc_tensor_refuse(theirs, f->path, e);
    if (i >= t->plan->block.places)
        return tc_fail(e, TACET_FILE, "%.300s has no %.100s of the right shape, which this %s", f->path, name,
                       t->at[i] ? "plan trains with" : "network remembers");
    if (theirs) {
        compare(name, &theirs->shape, &t->tensor[i].shape, both, sizeof both);
        return tc_fail(e, TACET_FILE, "%.300s: %s", f->path, both);
    }
    return tc_fail(e, TACET_FILE, "%.300s has no %.100s, which in this network is %s", f->path, name,
                   tc_shape_text(&t->tensor[i].shape, false, want));
}

/* What a strict file may hold although the network does not: what belongs to terms, and PyTorch's count of the batches
 * that a batch norm has seen, which is in every state dict. */
static bool spare(const char *name)
{
    static const char count[] = ".num_batches_tracked";
    const size_t n = strlen(name), end = sizeof count - 1;
    return strchr(name, ':') || (n > end && strcmp(name + n - end, count) == 0);
}

tacet_status tc_file_match(const tacet_file *f, tc_tensors *t, int must, tacet_error *e)
{
    for (int i = 0; i < t->count; i++) {
        if (t->found[i]) continue; /* in an earlier call */
        const tc_tensor *theirs = find(f->tensor, f->tensors, t->tensor[i].name);
        t->found[i] = theirs && tc_shape_equal(&theirs->shape, &t->tensor[i].shape) ? theirs : NULL;
        if (t->found[i] && !theirs->data) return tc_tensor_refuse(theirs, f->path, e);
        if (!t->found[i] && i < must) return refuse(f, t, i, theirs, e);
    }
    for (int i = 0; i < f->tensors && must >= 0; i++) {
        const char *name = f->tensor[i].name;
        if (f->tensor[i].data && !spare(name) && !find(t->tensor, t->count, name))
            return tc_fail(e, TACET_FILE, "%.300s holds %.100s, which this network does not have", f->path, name);
    }
    return TACET_OK;
}

void tc_file_set(tacet_plan *p, const tc_tensors *t)
{
    p->update.reach = TC_REACH_UNKNOWN;
    for (int i = 0; i < t->count; i++) {
        if (t->found[i] && t->at[i])
            tc_plan_copy_in(p, t->at[i], t->found[i]->data, t->tensor[i].data);
        else if (t->found[i])
            memcpy(t->tensor[i].data, t->found[i]->data, sizeof(float) * (size_t)t->tensor[i].count);
    }
}

/* ---- Lines of notes ---- */

bool tc_take_name(const char **at, const char *name)
{
    const size_t n = strlen(name);
    if (strncmp(*at, name, n) != 0 || (*at)[n] != ' ') return false;
    *at += n + 1;
    return true;
}

bool tc_take_number(const char **at, char end, double *x)
{
    char word[TC_NUMBER_MAX];
    const size_t n = strcspn(*at, " \n");
    const char after = (*at)[n];
    if (n == 0 || n >= sizeof word || (after != end && !(end == '\n' && after == '\0'))) return false;
    memcpy(word, *at, n);
    word[n] = '\0';
    *at += n + (after != '\0');
    *x = NAN;
    return strcmp(word, "-") == 0 || tc_number_read(word, x);
}

/* A plan that does not train takes its lambdas from the model's last step, for terms with the same names. */
static void take_lambdas(const tacet_file *f, tacet_plan *p)
{
    const char *line = p->update.optim ? NULL : tacet_file_note(f, "tacet.lambdas");
    for (; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
        for (int i = 0; i < p->terms; i++) {
            const char *at = line;
            double lambda;
            if (tc_take_name(&at, p->graph->term[i].name) && tc_take_number(&at, '\n', &lambda) && lambda >= 0)
                p->table.lambda[i] = lambda;
        }
}

tacet_status tacet_file_load(const tacet_file *f, tacet_plan *p, bool strict, int *taken, tacet_error *why)
{
    tc_tensors t;
    tacet_status s = tc_tensors_of(&t, p, false) ? tc_file_match(f, &t, strict ? t.model : -1, why)
                                                 : tc_fail_memory(why);
    if (s == TACET_OK) {
        int count = 0;
        for (int i = 0; i < p->block.places; i++) count += t.found[i] != NULL;
        if (taken) *taken = count;
        tc_file_set(p, &t);
        take_lambdas(f, p);
    }
    tc_tensors_free(&t);
    return s;
}
