/* measured.c: which metrics a plan measures, from its first loss and the configuration, and room for their sums. */
#include "plan/plan.h"

#include <string.h>

/* ---- What is compared -------------------------------------------------------------------------------------------- */

static void compare_labels(tc_measured *m, const tc_value *y, const tc_value *t)
{
    tc_shape shape = y->shape;
    if (shape.rank < 1) return;
    const int64_t classes = shape.dim[--shape.rank];
    if (!tc_shape_equal(&shape, &t->shape)) return;
    m->on = (tc_compared){.kind = TC_CLASSES, .offers = TC_CLASSES, .classes = classes};
    m->positions = tc_shape_count(&shape);
}

static void compare_numbers(tc_measured *m, const tc_op *loss, const tc_value *y, const tc_value *t, bool copies)
{
    const int64_t width = tc_shape_count(&y->shape);
    const bool binary = (loss->flags & TC_LOGITS) != 0;
    if (!tc_shape_equal(&y->shape, &t->shape)) return;
    m->on = (tc_compared){.kind = copies   ? TC_COPIES
                                  : binary ? TC_BINARY
                                           : TC_NUMBERS,
                          .offers = TC_NUMBERS | (copies ? TC_COPIES : 0) | (binary ? TC_BINARY : 0),
                          .classes = binary ? 2 : 0,
                          .width = width};
    m->positions = width;
}

/* The first loss on values of the batch. */
static void find_compared(tacet_plan *p)
{
    tc_measured *m = &p->measured;
    m->output = m->target = m->factor = -1;
    for (int i = 0; i < p->terms; i++) {
        const tc_term *t = &p->graph->term[i];
        if (t->op->role != &tc_loss || t->inputs != 2) continue;
        const tc_value *y = &p->graph->value[t->input[0]], *aim = &p->graph->value[t->input[1]];
        m->output = t->input[0];
        m->target = t->input[1];
        m->factor = t->weighed ? t->input[2] : -1;
        m->ignored = p->feed[m->target].ignored;
        const bool copies = !aim->op && !p->feed[m->target].optional; /* a layer reads it too */
        if (y->batch && aim->batch && aim->type == TACET_I32) compare_labels(m, y, aim);
        if (y->batch && aim->batch && aim->type == TACET_F32) compare_numbers(m, t->op, y, aim, copies);
        m->on.weighed = t->weighed || m->ignored.given;
        return;
    }
}

/* ---- The list ---------------------------------------------------------------------------------------------------- */

static const char *row_name(const void *context, int i)
{
    (void)context;
    const tc_metric *row = tc_metric_row(i);
    return row ? row->name : NULL;
}

/* Points at the metric's name, or at its first attribute. */
static tacet_status refuse(tacet_plan *p, const tc_metric_use *u, const char *why)
{
    const tc_arg *a = u->is->attribute && u->arg[0].given ? &u->arg[0] : NULL;
    return tc_refuse(&p->error, u->text, a ? a->column : u->spec.column, a ? a->width : u->spec.width, "%s %s",
                     u->is->name, why);
}

static tacet_status check(tacet_plan *p, const tc_metric_use *u)
{
    static const struct {
        unsigned kind;
        const char *needs;
    } kinds[] = {{TC_CLASSES, "needs labels, as cross_entropy does"},
                 {TC_BINARY, "needs the loss bce_with_logits"},
                 {TC_NUMBERS, "needs targets that are numbers, as mse does"}};
    const tc_measured *m = &p->measured;
    const tc_metric *is = u->is;
    if (!m->on.kind) return refuse(p, u, "needs a loss whose output and target have the same positions");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !(is->takes & m->on.offers); i++)
        if (is->takes & kinds[i].kind) return refuse(p, u, kinds[i].needs);
    if (is->most && m->on.classes > is->most) {
        char why[80];
        tc_snprintf(why, sizeof why, "takes at most %lld classes, and there are %lld", (long long)is->most,
                    (long long)m->on.classes);
        return refuse(p, u, why);
    }
    const char *why = is->refuse ? is->refuse(u->arg, &m->on) : NULL;
    return why ? refuse(p, u, why) : TACET_OK;
}

static bool same_values(const tc_metric_use *a, const tc_metric_use *b)
{
    bool same = a->is == b->is;
    for (int k = 0; same && k < tc_attr_count(a->is->attribute); k++) same = a->arg[k].number == b->arg[k].number;
    return same;
}

/* Whether the metric is on the list already; if only its name is, that is a mistake. */
static tacet_status find_same(tacet_plan *p, const tc_metric_use *u, bool *same)
{
    const tc_measured *m = &p->measured;
    *same = false;
    for (int i = 0; i < m->count; i++) {
        const tc_metric_use *o = &m->use[i];
        if (strcmp(o->name, u->name) != 0) continue;
        *same = same_values(o, u);
        if (*same) continue;
        tc_refuse(&p->error, u->text, u->spec.column, u->spec.width, "the name %s is taken by \"%s\"", u->name,
                  o->text);
        tc_fail_hint(&p->error, "name= gives it another: %s name=other", u->text);
        return TACET_DESCRIPTION;
    }
    return TACET_OK;
}

static tacet_status bind(tacet_plan *p, tc_metric_use *u)
{
    static const char by_class[] = "_by_class"; /* where the figures of each class are, in JSON */
    u->is = tc_metric_find(u->spec.name);
    if (!u->is) {
        tc_refuse(&p->error, u->text, u->spec.column, u->spec.width, "unknown metric \"%.100s\"", u->spec.name);
        tc_fail_choices(&p->error, "there are", u->spec.name, row_name, NULL);
        return TACET_DESCRIPTION;
    }
    const tc_binding binding[] = {{u->is->attribute, u->arg}, {tc_metric_common, u->common}};
    const tacet_status s = tc_spec_bind(&u->spec, 2, binding, true, &p->error);
    if (s != TACET_OK) return s;
    const tc_arg *name = &u->common[TC_METRIC_NAME];
    u->name = name->given ? name->text : u->is->name;
    if (u->name[strspn(u->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] || !*u->name)
        return tc_refuse(&p->error, u->text, name->column, name->width,
                         "the name of a metric consists of letters, digits and _");
    const tc_metric *other = tc_metric_find(u->name);
    const size_t n = strlen(u->name), end = sizeof by_class - 1;
    if ((other && other != u->is) || (n > end && strcmp(u->name + n - end, by_class) == 0))
        return tc_refuse(&p->error, u->text, name->column, name->width, "%s is the name of another figure", u->name);
    return check(p, u);
}

/* Room for the sums, in evaluation and, if they are measured there, in training. */
static tacet_status allocate(tacet_plan *p, tc_metric_use *u)
{
    const tc_measured *m = &p->measured;
    u->sums = u->is->sums(&m->on);
    u->each = u->is->by == 0 ? 0 : u->is->by == 1 ? m->on.classes : m->on.classes * m->on.classes;
    for (int i = 0; i < TC_LISTS; i++) {
        tc_metric_sum *s = &u->of[i];
        s->value = NAN;
        if (!tc_measures(p, u, i)) continue;
        if (!u->is->keeps && !(s->sum = tc_plan_alloc(p, (size_t)u->sums, sizeof *s->sum)))
            return tc_fail_memory(&p->error);
        if (u->each && !(s->answer.each = tc_plan_alloc(p, (size_t)u->each, sizeof *s->answer.each)))
            return tc_fail_memory(&p->error);
        for (int64_t k = 0; s->answer.each && k < u->each; k++) s->answer.each[k] = NAN;
        tc_text_copy("nothing was measured", s->answer.note, sizeof s->answer.note);
    }
    return TACET_OK;
}

/* Adds the metric that text[length] describes. */
static tacet_status add(tacet_plan *p, const char *text, size_t length)
{
    tc_measured *m = &p->measured;
    char *own = tc_plan_alloc(p, length + 1, 1);
    tc_metric_use *u = tc_plan_alloc(p, (size_t)m->count + 1, sizeof *u);
    bool same;
    if (!own || !u) return tc_fail_memory(&p->error);
    memcpy(own, text, length);
    if (m->count) memcpy(u, m->use, (size_t)m->count * sizeof *u);
    m->use = u;
    u = &u[m->count];
    *u = (tc_metric_use){.text = own};
    char *source = tc_plan_alloc(p, length + 1, 1), *words = tc_plan_alloc(p, length + 1, 2);
    if (!source || !words) return tc_fail_memory(&p->error);
    tacet_status s = tc_spec_cut(&u->spec, own, source, words, &p->error);
    if (s == TACET_OK) s = bind(p, u);
    if (s == TACET_OK) s = find_same(p, u, &same);
    if (s != TACET_OK || same) return s;
    s = allocate(p, u);
    m->count++;
    return s;
}

/* "f1, top_k k=5" */
static tacet_status add_list(tacet_plan *p, const char *list)
{
    tacet_status s = TACET_OK;
    for (const char *at = list; at && *at && s == TACET_OK;) {
        size_t n = strcspn(at, ","), begin = strspn(at, " "), end = n;
        while (end > begin && at[end - 1] == ' ') end--;
        if (begin >= n)
            return tc_refuse(&p->error, list, (int)(at - list), n ? (int)n : 1,
                             "a metric is missing: the list is f1, top_k k=5");
        s = add(p, at + begin, end - begin);
        at += n + (at[n] == ',');
        if (s == TACET_OK && !*at && at[-1] == ',')
            s = tc_refuse(&p->error, list, (int)(at - list) - 1, 1, "a metric is missing after the comma");
    }
    return s;
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

bool tc_measures(const tacet_plan *p, const tc_metric_use *u, int list)
{
    const bool alone = p->set.ranks.count == 1;
    if (list == TC_EVAL) return alone || !u->is->keeps;
    return p->update.optim && p->set.watch && alone && !u->is->keeps;
}

static tacet_status buffers(tacet_plan *p)
{
    tc_measured *m = &p->measured;
    const size_t n = (size_t)p->set.batch * (size_t)m->positions;
    unsigned takes = 0;
    int64_t most = 0;
    bool room = true;
    for (int i = 0; i < m->count; i++) {
        takes |= m->use[i].is->takes;
        if (m->use[i].is->merge && m->use[i].sums > most) most = m->use[i].sums;
    }
    if (takes & (TC_CLASSES | TC_BINARY) & m->on.offers)
        room &= (m->guess = tc_plan_alloc(p, n, sizeof(int32_t))) != NULL;
    if (m->on.weighed) room &= (m->weight = tc_plan_alloc(p, n, sizeof(float))) != NULL;
    if (takes & TC_BINARY & m->on.offers || m->ignored.given) {
        room &= (m->label = tc_plan_alloc(p, n, sizeof(int32_t))) != NULL;
        if (takes & TC_NUMBERS & m->on.offers) room &= (m->probability = tc_plan_alloc(p, n, sizeof(float))) != NULL;
    }
    if (m->on.width) room &= (m->on.unit = tc_plan_alloc(p, (size_t)m->on.width, sizeof(double))) != NULL;
    for (int64_t j = 0; room && j < m->on.width; j++) m->on.unit[j] = 1;
    if (most && p->set.ranks.count > 1)
        room &= (m->told = tc_plan_alloc(p, (size_t)most * (size_t)p->set.ranks.count, sizeof(double))) != NULL;
    return room ? TACET_OK : tc_fail_memory(&p->error);
}

tacet_status tc_plan_measured(tacet_plan *p, const char *list)
{
    tc_measured *m = &p->measured;
    tacet_status s = TACET_OK;
    find_compared(p);
    for (int i = 0; i < tc_metric_count() && s == TACET_OK; i++)
        if (tc_metric_row(i)->usual & m->on.kind) s = add(p, tc_metric_row(i)->name, strlen(tc_metric_row(i)->name));
    if (s == TACET_OK) s = add_list(p, list);
    return s == TACET_OK && m->count ? buffers(p) : s;
}
