/* describe.c: writes the graph as text and reads it back. Every part is lines `on: text`, except the model, which is
 * one chain, and the inputs, which are `name sizes`, `name labels sizes` or `name int32 classes sizes`. Reading a part
 * back and writing it again gives the same text. */
#include "graph/graph.h"

#include "op/user.h"

#include <stdio.h>
#include <string.h>

static void write_inputs(const tacet_graph *g, const tc_extent *e, tc_text *t)
{
    for (int i = 0; i < e->values; i++) {
        const tc_value *v = &g->value[i];
        if (v->op || v->owner >= 0) continue;
        tc_text_add(t, "%s%s", t->length ? "\n" : "", v->name);
        if (v->type == TACET_I32 && v->classes == 0) tc_text_add(t, " labels");
        if (v->type == TACET_I32 && v->classes > 0) tc_text_add(t, " int32 %lld", (long long)v->classes);
        for (int k = 0; k < v->shape.rank; k++) tc_text_add(t, " %lld", (long long)v->shape.dim[k]);
    }
}

/* A stage follows the one before it unless `from` says otherwise. Layers without a given name get the same numbers
 * again: each takes the first free number from a count on, and nothing that is described after a layer can have taken
 * its name. */
static void write_model(const tacet_graph *g, const tc_extent *e, tc_text *t)
{
    int last = -1;
    for (int i = 0; i < e->values; i++) {
        const tc_value *v = &g->value[i];
        if (!v->op) continue;
        if (v->input[0] != last) tc_text_add(t, "%sfrom %s", t->length ? " | " : "", g->value[v->input[0]].name);
        tc_text_add(t, " | ");
        tc_spec_print(&v->spec, t);
        last = i;
    }
}

static void write_line(tc_text *t, const char *on, const char *text)
{
    tc_text_add(t, "%s%s: %s", t->length ? "\n" : "", on, text);
}

static void write_losses(const tacet_graph *g, const tc_extent *e, tc_text *t)
{
    for (int i = 0; i < e->losses; i++) write_line(t, g->losses.line[i].on, g->losses.line[i].text);
}

static void write_options(const tacet_graph *g, const tc_extent *e, tc_text *t)
{
    for (int i = 0; i < e->options; i++) write_line(t, g->options.line[i].on, g->options.line[i].text);
}

/* Whether a term is on exactly this selector: on a single value, or joint. */
static bool is_term(const tacet_graph *g, const char *selector)
{
    for (int i = 0; i < g->terms; i++)
        if (strcmp(g->term[i].on, selector) == 0) return true;
    return false;
}

/* A selector that also matches values described after it would match more when read back, so its values are then
 * written one by one. */
static void write_penalties(const tacet_graph *g, const tc_extent *e, tc_text *t)
{
    for (int i = 0; i < e->penalties; i++) {
        const tc_statement *s = &g->penalties.line[i];
        if (tc_select(g, s->on, false, s->values) >= e->values || is_term(g, s->on))
            write_line(t, s->on, s->text);
        else
            for (int v = 0; (v = tc_select(g, s->on, false, v)) < s->values; v++)
                write_line(t, g->value[v].name, s->text);
    }
}

static void write_operators(const tacet_graph *g, const tc_extent *e, tc_text *t)
{
    for (const tc_user_op *o = g->own; o; o = o->next) {
        bool used = false;
        for (int i = 0; i < e->values; i++) used = used || g->value[i].op == &o->op;
        for (int i = 0; i < g->terms; i++) used = used || g->term[i].op == &o->op;
        if (used)
            tc_text_add(t, "%s%s %s", t->length ? "\n" : "", tacet_role_name(o->op.role->is), o->op.name);
    }
}

/* Operators cannot be read back: they must be there. */
static void read_operator(tacet_graph *g, char *line, const char *text)
{
    (void)text;
    const char *space = strchr(line, ' ');
    const tc_op *op = tc_graph_find_op(g, space ? space + 1 : line);
    if (op && space && strncmp(tacet_role_name(op->role->is), line, (size_t)(space - line)) == 0) return;
    tc_graph_fail(g, "the %s is not an operator of the library, but of whoever wrote the model", line);
    tc_fail_hint(&g->error,
                 "add it before the model is read: tacet_operator_add and tacet_file_describe in C, operators= in Python; "
                 "the program does not have it");
}

static void read_input(tacet_graph *g, char *line, const char *text)
{
    (void)text;
    int64_t number[1 + TC_MAX_RANK] = {0}; /* classes, then sizes */
    int count = 1;
    char *save = NULL;
    const char *name = strtok_r(line, " ", &save), *w = name ? strtok_r(NULL, " ", &save) : NULL;
    if (!name) return;
    const bool labels = w && strcmp(w, "labels") == 0, ids = w && strcmp(w, "int32") == 0;
    if (labels || ids) w = strtok_r(NULL, " ", &save);
    if (ids) count = 0;
    for (; w; w = strtok_r(NULL, " ", &save), count++)
        if (count > TC_MAX_RANK || !tc_integer_read(w, &number[count])) {
            tc_graph_fail(g, "the input %s: \"%.40s\" is not a size", name, w);
            return;
        }
    if (count == 0)
        tc_graph_fail(g, "the input %s: int32 is followed by the number of classes, then sizes", name);
    else
        tacet_input_of(g, name, labels || ids ? TACET_I32 : TACET_F32, number[0], count - 1, number + 1);
}

static void read_model(tacet_graph *g, char *line, const char *text)
{
    (void)text;
    tacet_chain(g, (tacet_value){0}, line);
}

static void read_loss(tacet_graph *g, char *on, const char *text)
{
    char *space = strchr(on, ' ');
    if (!space) {
        tc_graph_fail(g, "\"%.100s\" does not name an output and a target", on);
        return;
    }
    *space = 0;
    tacet_loss(g, text, tacet_find(g, on), tacet_find(g, space + 1));
}

static void read_penalty(tacet_graph *g, char *on, const char *text) { tacet_penalize(g, on, text); }

static void read_options(tacet_graph *g, char *on, const char *text) { tacet_options(g, on, text); }

/* The parts of a description. cut: lines are `on: text`; otherwise a line is read as a whole. */
static const struct part {
    const char *name;
    bool cut;
    void (*write)(const tacet_graph *g, const tc_extent *e, tc_text *t);
    void (*read)(tacet_graph *g, char *on, const char *text);
} part[] = {
    {"operators", false, write_operators, read_operator},
    {"input", false, write_inputs, read_input},     {"model", false, write_model, read_model},
    {"loss", true, write_losses, read_loss},        {"penalties", true, write_penalties, read_penalty},
    {"options", true, write_options, read_options},
};

static const struct part *find_part(const char *name)
{
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        if (strcmp(part[i].name, name) == 0) return &part[i];
    return NULL;
}

tc_extent tc_graph_extent(const tacet_graph *g)
{
    return (tc_extent){g->values, g->losses.count, g->penalties.count, g->options.count};
}

void tc_graph_write(const tacet_graph *g, const tc_extent *extent, const char *name, tc_text *t)
{
    const struct part *p = find_part(name);
    if (p) p->write(g, extent, t);
}

size_t tacet_graph_text(const tacet_graph *g, const char *name, char *text, size_t capacity)
{
    tc_text t = tc_text_into(text, capacity);
    const tc_extent all = g ? tc_graph_extent(g) : (tc_extent){0};
    tc_graph_write(g, &all, name, &t);
    return t.length;
}

void tc_graph_rebuild(tacet_graph *g, const char *name, const char *text)
{
    const struct part *p = find_part(name);
    char *copy = tc_strdup(&g->mem, text), *save = NULL;
    if (!copy) tc_graph_no_memory(g);
    for (char *line = p && copy ? strtok_r(copy, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        char *colon = p->cut ? strstr(line, ": ") : NULL;
        if (colon) *colon = '\0';
        if (p->cut && !colon)
            tc_graph_fail(g, "\"%.100s\" is not \"name: description\"", line);
        else
            p->read(g, line, colon ? colon + 2 : NULL);
    }
    tc_free(&g->mem, copy);
}
