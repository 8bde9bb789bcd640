/* options.c: which options of the optimizer apply to which parameters (PyTorch's param groups). Parameters with the
 * same options form a group. */
#include "plan/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const tc_attribute frozen_attribute[] = {{"frozen", "bool", "false", "the parameter keeps its values", false},
                                                {0}};

static const char *optim_name_at(const void *context, int i)
{
    (void)context;
    return i < tc_optim_count() ? tc_optim_at(i)->name : NULL;
}

/* Binds the optimizer's own line. */
static tacet_status bind_optimizer(tacet_plan *p)
{
    const tc_spec *s = &p->update.spec;
    p->update.optim = tc_optim_find(s->name);
    if (!p->update.optim) {
        tc_refuse(&p->error, s->source, s->column, s->width, "unknown optimizer \"%.100s\"", s->name);
        tc_fail_choices(&p->error, "there are", s->name, optim_name_at, NULL);
        return p->error.status;
    }
    p->update.arg = tc_plan_alloc(p, TC_MAX_ATTRS, sizeof *p->update.arg);
    if (!p->update.arg) return tc_fail_memory(&p->error);
    const tc_binding binding[] = {{p->update.optim->attribute, p->update.arg},
                                  {tc_optim_common, p->update.common + TC_SCHEDULE_KIND}};
    tacet_status status = tc_spec_bind(s, 2, binding, true, &p->error);
    if (status != TACET_OK) return status;
    const char *why = tc_optim_check_common(p->update.common);
    if (!why) why = tc_schedule_end(p->update.common, p->set.epochs);
    return why ? tc_refuse(&p->error, s->source, s->column, s->width, "%s", why) : TACET_OK;
}

static tacet_status check(tacet_plan *p, const tc_arg *arg, const char *where)
{
    const char *why = p->update.optim->check ? p->update.optim->check(arg) : NULL;
    return why ? tc_fail(&p->error, TACET_DESCRIPTION, "%s (%s)", why, where) : TACET_OK;
}

/* Applies one line of options on top of a parameter's options. The line has no name, so it is read after the
 * optimizer's name, and the place of a mistake is moved back by the length of that. */
static tacet_status lay_over(tacet_plan *p, const char *text, tc_group *to)
{
    tc_text line = {.mem = p->mem};
    tc_arg own[TC_MAX_ATTRS] = {0}, extra[1] = {0};
    const tc_binding binding[] = {{p->update.optim->attribute, own}, {frozen_attribute, extra}};
    tc_spec s;
    tc_text_add(&line, "%s %s", p->update.optim->name, text);
    if (line.failed) return tc_fail_memory(&p->error);
    tacet_status status = tc_spec_parse(&s, &p->mem, line.data, &p->error);
    tc_text_free(&line);
    if (status == TACET_OK) {
        status = tc_spec_bind(&s, 2, binding, false, &p->error);
        tc_spec_free(&s);
    }
    if (status != TACET_OK) {
        const int before = (int)strlen(p->update.optim->name) + 1;
        if (p->error.column >= before) tc_fail_at(&p->error, text, p->error.column - before, p->error.width);
        return status;
    }
    for (int i = 0; i < tc_attr_count(p->update.optim->attribute); i++)
        if (own[i].given) to->arg[i] = own[i];
    if (extra[0].given) to->frozen = extra[0].number != 0;
    to->own_rate = to->own_rate || own[TC_OPTIM_LR].given;
    return TACET_OK;
}

/* The group with these options; creates it if it does not exist yet. */
static int group_of(tacet_plan *p, const tc_group *like)
{
    const int n = tc_attr_count(p->update.optim->attribute);
    for (int i = 0; i < p->update.groups; i++) {
        const tc_group *g = &p->update.group[i];
        bool same = g->frozen == like->frozen && g->own_rate == like->own_rate;
        for (int k = 0; k < n; k++) same = same && g->arg[k].number == like->arg[k].number;
        if (same) return i;
    }
    tc_group *new = &p->update.group[p->update.groups];
    *new = *like;
    new->arg = tc_plan_alloc(p, TC_MAX_ATTRS, sizeof *new->arg);
    if (!new->arg) return -1;
    for (int k = 0; k < n; k++) {
        new->arg[k] = like->arg[k];
        new->arg[k].text = NULL; /* belongs to a line that no longer exists */
    }
    const int moments = like->frozen ? 0 : tc_optim_moments(p->update.optim, like->arg);
    if (moments > p->block.moments) p->block.moments = moments;
    return p->update.groups++;
}

double tc_plan_rate(const tacet_plan *p, int group)
{
    const tc_group *g = &p->update.group[group];
    return g->own_rate || isnan(p->table.given_rate) ? g->arg[TC_OPTIM_LR].number : p->table.given_rate;
}

tacet_status tc_plan_options(tacet_plan *p)
{
    const tacet_graph *g = p->graph;
    tacet_status status = bind_optimizer(p);
    if (status == TACET_OK) status = check(p, p->update.arg, p->update.optim->name);
    if (status != TACET_OK) return status;
    p->update.group = tc_plan_alloc(p, (size_t)p->values + 1, sizeof *p->update.group);
    if (!p->update.group) return tc_fail_memory(&p->error);
    for (int v = 0; v < p->values; v++) {
        if (g->value[v].owner < 0) continue;
        tc_arg arg[TC_MAX_ATTRS] = {0};
        tc_group like = {.arg = arg};
        memcpy(arg, p->update.arg, sizeof arg);
        for (int i = 0; i < g->options.count; i++) {
            if (!tc_matches(g->options.line[i].on, g->value[v].name, true)) continue;
            status = lay_over(p, g->options.line[i].text, &like);
            if (status == TACET_OK) status = check(p, arg, g->options.line[i].on);
            if (status != TACET_OK) return status;
        }
        const int group = group_of(p, &like);
        if (group < 0) return tc_fail_memory(&p->error);
        p->block.place[p->block.places++] = (tc_place){.value = v, .group = group};
    }
    return TACET_OK;
}
