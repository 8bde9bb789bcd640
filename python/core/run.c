/* run.c: what a plan runs on a loader: many steps, or the batches of an evaluation, in one call and without the
 * interpreter's lock. The calls end early, after about `seconds`, so that the caller can look at signals and show where
 * it is. */
#include "core.h"

#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The arguments that both calls share. */
typedef struct batches {
    core_plan *plan;
    core_loader *loader;
    tacet_value x, target;
    long long most;
    double seconds;
} batches;

static bool batches_of(PyObject *self, PyObject *args, PyObject *keys, batches *b)
{
    static char *names[] = {"loader", "x", "target", "most", "seconds", NULL};
    PyObject *loader, *x, *target;
    *b = (batches){.plan = (core_plan *)self, .most = INT64_MAX, .seconds = 1e9};
    const tacet_graph *g = b->plan->graph->graph;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "O!OO|Ld", names, core_type.loader, &loader, &x, &target, &b->most,
                                     &b->seconds) ||
        !core_value_of(g, x, &b->x) || !core_value_of(g, target, &b->target))
        return false;
    b->loader = (core_loader *)loader;
    return core_loader_of(loader) && core_plan_of(self);
}

/* Feeds and runs what comes next, as tacet_loader_step does. */
typedef int64_t run_next(tacet_loader *l, tacet_plan *p, tacet_value x, tacet_value target);

static int64_t evaluate_next(tacet_loader *l, tacet_plan *p, tacet_value x, tacet_value target)
{
    const int64_t rows = tacet_loader_next(l, p, x, target);
    return rows > 0 && tacet_evaluate_batch(p, rows) != TACET_OK ? -1 : rows;
}

/* Makes up to `most` calls; *done: how many. The epoch is over when fewer were made before the time was up. */
static tacet_status go(const batches *b, run_next *next, int64_t *done, bool *over)
{
    tacet_plan *p = b->plan->plan;
    const double begun = now();
    while (*done < b->most) {
        const int64_t rows = next(b->loader->loader, p, b->x, b->target);
        if (rows < 0) return tacet_plan_error(p)->status;
        *over = rows == 0;
        if (*over) return TACET_OK;
        ++*done;
        if (now() - begun >= b->seconds) break;
    }
    return TACET_OK;
}

/* What the caller fed would have other rows than the loader's batches, so it is forgotten; and so is what the loader
 * has fed if its batch was refused. */
static PyObject *run(PyObject *self, PyObject *args, PyObject *keys, run_next *next)
{
    batches b;
    int64_t done = 0;
    bool over = false;
    if (!batches_of(self, args, keys, &b)) return NULL;
    tacet_unfeed(b.plan->plan);
    b.loader->busy = true;
    const bool good = CORE_RUN(b.plan, tacet_plan_error(b.plan->plan), go(&b, next, &done, &over));
    b.loader->busy = false;
    core_feed_drop(b.plan);
    return good ? Py_BuildValue("LO", (long long)done, over ? Py_True : Py_False) : NULL;
}

static PyObject *plan_train(PyObject *self, PyObject *args, PyObject *keys)
{
    return run(self, args, keys, tacet_loader_step);
}
static PyObject *plan_evaluate_batches(PyObject *self, PyObject *args, PyObject *keys)
{
    return run(self, args, keys, evaluate_next);
}

static tacet_status check_next(const batches *b, tacet_gradient_check *found)
{
    tacet_plan *p = b->plan->plan;
    const int64_t rows = tacet_loader_next(b->loader->loader, p, b->x, b->target);
    return rows < 0 ? tacet_plan_error(p)->status : tacet_check_gradient(p, rows, found);
}

static PyObject *plan_check_batch(PyObject *self, PyObject *args)
{
    batches b;
    tacet_gradient_check found = {.size = sizeof found};
    if (!batches_of(self, args, NULL, &b)) return NULL;
    tacet_unfeed(b.plan->plan);
    b.loader->busy = true;
    const bool good = CORE_RUN(b.plan, tacet_plan_error(b.plan->plan), check_next(&b, &found));
    b.loader->busy = false;
    core_feed_drop(b.plan);
    return good ? core_tuple(CORE_GradientCheck, &found) : NULL;
}

static PyObject *plan_evaluate_begin(PyObject *self, PyObject *args)
{
    PyObject *target, *y;
    tacet_value v[2];
    if (!PyArg_ParseTuple(args, "OO:evaluate_begin", &target, &y)) return NULL;
    const tacet_graph *g = ((core_plan *)self)->graph->graph;
    if (!core_value_of(g, target, &v[0]) || !core_value_of(g, y, &v[1]) || !core_plan_of(self)) return NULL;
    tacet_evaluate_begin(((core_plan *)self)->plan, v[0], v[1]);
    Py_RETURN_NONE;
}

static PyObject *plan_evaluate_end(PyObject *self, PyObject *unused)
{
    (void)unused;
    core_plan *p = (core_plan *)self;
    tacet_result r = {.size = sizeof r};
    if (!core_plan_of(self)) return NULL;
    /* It may sum over ranks. */
    return CORE_RUN(p, tacet_plan_error(p->plan), tacet_evaluate_end(p->plan, &r)) ? core_tuple(CORE_Result, &r) : NULL;
}

static PyObject *plan_evaluate(PyObject *self, PyObject *args)
{
    PyObject *loader, *value[3];
    tacet_value v[3];
    core_plan *p = (core_plan *)self;
    tacet_result r = {.size = sizeof r};
    if (!PyArg_ParseTuple(args, "O!OOO:evaluate", core_type.loader, &loader, &value[0], &value[1], &value[2]))
        return NULL;
    for (int i = 0; i < 3; i++)
        if (!core_value_of(p->graph->graph, value[i], &v[i])) return NULL;
    core_loader *l = (core_loader *)loader;
    if (!core_loader_of(loader) || !core_plan_of(self)) return NULL;
    tacet_unfeed(p->plan);
    l->busy = true;
    const bool good = CORE_RUN(p, tacet_plan_error(p->plan), tacet_evaluate(p->plan, l->loader, v[0], v[1], v[2], &r));
    l->busy = false;
    core_feed_drop(p);
    return good ? core_tuple(CORE_Result, &r) : NULL;
}

PyMethodDef core_run_methods[] = {
    {"train", CORE_FUNCTION(plan_train), CORE_KEYS,
     CORE_DOC("train($self, loader, x, target, most=..., seconds=...)",
              "Training steps on the loader's next batches (accumulate= of compile: so many each), at most `most`, for "
              "about `seconds`. Returns how many were done and whether the epoch is over.")},
    {"evaluate", plan_evaluate, METH_VARARGS,
     CORE_DOC(
         "evaluate($self, loader, x, target, y, /)",
         "The forward pass on the whole of the loader's epoch; returns its Result. y: the outputs that are compared "
         "with labels.")},
    {"evaluate_begin", plan_evaluate_begin, METH_VARARGS,
     CORE_DOC("evaluate_begin($self, target, y, /)", "Begins an evaluation; one that has not ended is dropped.")},
    {"check_batch", plan_check_batch, METH_VARARGS,
     CORE_DOC("check_batch($self, loader, x, target, /)", "check_gradient on the loader's next batch.")},
    {"evaluate_batches", CORE_FUNCTION(plan_evaluate_batches), CORE_KEYS,
     CORE_DOC("evaluate_batches($self, loader, x, target, most=..., seconds=...)",
              "As train, but adds the batches to the evaluation.")},
    {"evaluate_end", plan_evaluate_end, METH_NOARGS,
     CORE_DOC("evaluate_end($self, /)", "Ends the evaluation; returns its Result.")},
    {0},
};
