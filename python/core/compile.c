/* compile.c: Plan, the object: how it is compiled, run and freed. Its methods are in other files. */
#include "core.h"

#include <string.h>

tacet_plan *core_plan_of(PyObject *self)
{
    core_plan *p = (core_plan *)self;
    if (p->plan && !p->busy) return p->plan;
    PyErr_SetString(PyExc_RuntimeError, "this plan is in use: a call of it has not ended");
    return NULL;
}

/* ---- Running ----------------------------------------------------------------------------------------------------- */

void core_begin(core_plan *p)
{
    p->busy = true;
    p->graph->running++;
    p->state = PyEval_SaveThread();
}

bool core_end(core_plan *p, tacet_status s, const tacet_error *error)
{
    PyEval_RestoreThread(p->state);
    p->graph->running--;
    p->busy = false;
    PyObject *raised[3] = {p->raised[0], p->raised[1], p->raised[2]};
    p->raised[0] = p->raised[1] = p->raised[2] = NULL;
    if (raised[0]) {
        PyErr_Restore(raised[0], raised[1], raised[2]);
        return false;
    }
    if (core_own_raise(p->graph)) return false;
    if (s != TACET_OK) core_raise(error);
    return s == TACET_OK;
}

/* ---- The configuration ------------------------------------------------------------------------------------------- */

static bool sparse_of(const char *word, tacet_sparse *to)
{
    static const char *const words[] = {
        [TACET_SPARSE_AUTO] = "auto", [TACET_SPARSE_NEVER] = "never", [TACET_SPARSE_ALWAYS] = "always"};
    for (int i = 0; i < 3; i++)
        if (strcmp(word, words[i]) == 0) {
            *to = (tacet_sparse)i;
            return true;
        }
    PyErr_Format(PyExc_ValueError, "sparse should be \"auto\", \"never\" or \"always\", not \"%s\"", word);
    return false;
}

static bool pool_of(PyObject *from, tacet_pool **pool)
{
    *pool = NULL;
    if (from == Py_None) return true;
    if (!Py_IS_TYPE(from, core_type.pool)) {
        PyErr_Format(PyExc_TypeError, "pool should be a Pool, not %R", from);
        return false;
    }
    *pool = ((core_pool *)from)->pool;
    return true;
}

/* ---- The object -------------------------------------------------------------------------------------------------- */

static bool add_feeds(core_plan *p)
{
    tacet_value_info v = {.size = sizeof v};
    const int n = tacet_value_count(p->plan);
    p->feed = PyMem_Calloc((size_t)n + 1, sizeof *p->feed);
    if (!p->feed) return PyErr_NoMemory() != NULL;
    for (int i = 0; i < n; i++) {
        if (tacet_value_at(p->plan, i, &v) != TACET_OK || !*v.name) continue;
        if (v.role != TACET_ROLE_INPUT && v.role != TACET_ROLE_LABELS) continue;
        core_feed *f = &p->feed[p->feeds++];
        *f = (core_feed){.value = v.value, .rank = v.rank, .elements = v.elements};
        memcpy(f->shape, v.shape, sizeof f->shape);
        f->name = PyUnicode_InternFromString(v.name);
        if (!f->name) return false;
    }
    return true;
}

/* The configuration; what the plan holds of it is put into *p. */
static bool config_of(core_plan *p, PyObject *args, PyObject *keys, tacet_config *c)
{
    static char *names[] = {"batch",           "optimizer",  "seed",   "threads", "pool",
                            "steps_per_epoch", "epochs",     "sparse", "ledger",  "ranks",
                            "metrics",         "accumulate", "ema",    NULL};
    long long batch = 1, steps = 0, ledger = 0, accumulate = 0;
    const char *sparse = "auto";
    PyObject *pool = Py_None, *ranks = Py_None;
    c->threads = 1;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "|$LzO&iOLdsLOzLd:compile", names, &batch, &c->optimizer, core_seed,
                                     &c->seed, &c->threads, &pool, &steps, &c->epochs, &sparse, &ledger, &ranks,
                                     &c->metrics, &accumulate, &c->ema) ||
        !sparse_of(sparse, &c->sparse) || !pool_of(pool, &c->pool))
        return false;
    if (batch < 1 || c->threads < 1) {
        PyErr_Format(PyExc_ValueError, "%s should be at least 1", batch < 1 ? "batch" : "threads");
        return false;
    }
    c->batch = batch, c->steps_per_epoch = steps, c->ledger = ledger, c->accumulate = accumulate;
    p->pool = Py_NewRef(pool);
    p->ranks = Py_NewRef(ranks);
    return true;
}

PyObject *core_compile(core_graph *g, PyObject *args, PyObject *keys)
{
    tacet_config c = {TACET_CONFIG};
    tacet_ranks r;
    tacet_error e;
    core_plan *p = (core_plan *)core_new(core_type.plan);
    if (!p) return NULL;
    p->graph = (core_graph *)Py_NewRef((PyObject *)g);
    bool good = config_of(p, args, keys, &c);
    if (good && p->ranks != Py_None) {
        good = core_ranks_of(p, &r);
        c.ranks = &r;
    }
    good = good && core_graph_of((PyObject *)g);
    if (good) {
        p->plan = tacet_compile(g->graph, &c, &e);
        good = !core_own_raise(g) && (p->plan ? add_feeds(p) : core_raise(&e) != NULL);
    }
    if (good) return (PyObject *)p;
    Py_DECREF(p);
    return NULL;
}

static int visit_plan(PyObject *self, visitproc visit, void *arg)
{
    core_plan *p = (core_plan *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)p->graph);
    Py_VISIT(p->pool);
    Py_VISIT(p->ranks);
    for (int i = 0; i < p->feeds; i++) Py_VISIT(p->feed[i].with.buffer.view.obj);
    return 0;
}

static void free_plan(PyObject *self)
{
    core_plan *p = (core_plan *)self;
    PyObject_GC_UnTrack(self);
    if (p->plan) core_feed_drop(p);
    tacet_plan_free(p->plan);
    for (int i = 0; i < p->feeds; i++) Py_XDECREF(p->feed[i].name);
    PyMem_Free(p->feed);
    Py_XDECREF((PyObject *)p->graph);
    Py_XDECREF(p->pool);
    Py_XDECREF(p->ranks);
    core_delete(self);
}

/* ---- The type ---------------------------------------------------------------------------------------------------- */

static PyMethodDef methods[64];

/* One list of methods from those of several files. */
static bool join(const PyMethodDef *from, size_t *n)
{
    for (; from->ml_name; from++) {
        if (*n + 1 >= sizeof methods / sizeof *methods) return false;
        methods[(*n)++] = *from;
    }
    return true;
}

int core_add_plan(PyObject *module)
{
    size_t n = 0;
    const PyMethodDef *const lists[] = {core_feed_methods,   core_run_methods,    core_told_methods,
                                        core_ledger_methods, core_record_methods, core_file_methods};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (!join(lists[i], &n)) {
            PyErr_SetString(PyExc_SystemError, "the list of a plan's methods is too short");
            return -1;
        }
    PyType_Slot slots[] = {
        {Py_tp_dealloc, free_plan},
        {Py_tp_traverse, visit_plan},
        {Py_tp_methods, methods},
        {Py_tp_getset, core_told_members},
        {Py_tp_doc, "A compiled graph: it is fed, stepped and read. Graph.compile makes it."},
        {0},
    };
    PyType_Spec spec = {
        .name = "tacetnn._core.Plan",
        .basicsize = sizeof(core_plan),
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
        .slots = slots,
    };
    core_type.plan = core_add_type(module, &spec);
    return core_type.plan ? 0 : -1;
}
