/* ledger.c: the terms of a plan's objective, what training did with them, warnings and metrics. */
#include "core.h"

#include <string.h>

/* ---- What the files about a plan share --------------------------------------------------------------------------- */

PyObject *core_plan_list(PyObject *self, int record, core_at *at)
{
    core_plan *p = (core_plan *)self;
    if (!core_plan_of(self)) return NULL;
    p->busy = true; /* making the tuples may let other threads run */
    PyObject *list = core_list(record, at, p->plan);
    p->busy = false;
    return list;
}

int core_index_of(core_plan *p, PyObject *from)
{
    tacet_value v;
    if (!core_value_of(p->graph->graph, from, &v) || !core_plan_of((PyObject *)p)) return -1;
    if (v.id >= 1 && v.id <= tacet_value_count(p->plan)) return (int)v.id - 1;
    PyErr_Format(PyExc_IndexError, "%S is not a value of this plan", from);
    return -1;
}

PyObject *core_values(core_plan *p, tacet_value (*at)(const tacet_plan *, int, int), int i)
{
    PyObject *list = PyList_New(0);
    for (int k = 0; list && at(p->plan, i, k).id; k++) {
        PyObject *value = core_value_new(at(p->plan, i, k));
        if (!value || PyList_Append(list, value) < 0) Py_CLEAR(list);
        Py_XDECREF(value);
    }
    return list;
}

static int term_named(const tacet_plan *p, const char *name)
{
    tacet_term t = {.size = sizeof t};
    for (int i = 0; tacet_term_at(p, i, &t) == TACET_OK; i++)
        if (strcmp(t.name, name) == 0) return i;
    PyErr_Format(PyExc_KeyError, "the objective has no term \"%s\"", name);
    return -1;
}

int core_term_of(core_plan *p, PyObject *from)
{
    if (PyUnicode_Check(from)) {
        const char *name = PyUnicode_AsUTF8AndSize(from, NULL);
        return name && core_plan_of((PyObject *)p) ? term_named(p->plan, name) : -1;
    }
    const long i = PyLong_AsLong(from);
    if (PyErr_Occurred() || !core_plan_of((PyObject *)p)) return -1;
    if (i >= 0 && i < tacet_term_count(p->plan)) return (int)i;
    PyErr_Format(PyExc_IndexError, "the objective has %d terms, from 0 on: %ld is none of them",
                 tacet_term_count(p->plan), i);
    return -1;
}

/* ---- Terms ------------------------------------------------------------------------------------------------------- */

static tacet_status term_at(void *of, int i, void *to) { return tacet_term_at(of, i, to); }
static tacet_status warning_at(void *of, int i, void *to) { return tacet_warning_at(of, i, to); }
static tacet_status metric_at(void *of, int i, void *to) { return tacet_metric_at(of, i, false, to); }
static tacet_status trained_at(void *of, int i, void *to) { return tacet_metric_at(of, i, true, to); }

static PyObject *plan_terms(PyObject *self, PyObject *unused)
{
    (void)unused;
    return core_plan_list(self, CORE_Term, term_at);
}
static PyObject *plan_warnings(PyObject *self, PyObject *unused)
{
    (void)unused;
    return core_plan_list(self, CORE_Warning, warning_at);
}

static PyObject *plan_metrics(PyObject *self, PyObject *args)
{
    int training = 0;
    if (!PyArg_ParseTuple(args, "|p:metrics", &training)) return NULL;
    return core_plan_list(self, CORE_Metric, training ? trained_at : metric_at);
}

/* Parses one argument, a term. */
static int one_term(PyObject *self, PyObject *args, const char *format)
{
    PyObject *term;
    return PyArg_ParseTuple(args, format, &term) ? core_term_of((core_plan *)self, term) : -1;
}

static PyObject *plan_account(PyObject *self, PyObject *args)
{
    tacet_account a = {.size = sizeof a};
    const int i = one_term(self, args, "O:account");
    if (i < 0) return NULL;
    tacet_account_at(((core_plan *)self)->plan, i, &a);
    return core_tuple(CORE_Account, &a);
}

static PyObject *plan_term_firing(PyObject *self, PyObject *args)
{
    tacet_firing f = {.size = sizeof f};
    const int i = one_term(self, args, "O:term_firing");
    if (i < 0) return NULL;
    tacet_term_firing(((core_plan *)self)->plan, i, &f);
    return core_tuple(CORE_Firing, &f);
}

static PyObject *plan_term_on(PyObject *self, PyObject *args)
{
    const int i = one_term(self, args, "O:term_on");
    return i < 0 ? NULL : core_values((core_plan *)self, tacet_term_on, i);
}

static PyObject *plan_term_value(PyObject *self, PyObject *args)
{
    const char *name;
    const tacet_plan *p = PyArg_ParseTuple(args, "s:term_value", &name) ? core_plan_of(self) : NULL;
    return p ? PyFloat_FromDouble(tacet_term_value(p, name)) : NULL;
}

static PyObject *plan_depends_on_length(PyObject *self, PyObject *args)
{
    PyObject *term = Py_None;
    if (!PyArg_ParseTuple(args, "|O:depends_on_length", &term)) return NULL;
    const int i = term == Py_None ? -1 : core_term_of((core_plan *)self, term);
    if (PyErr_Occurred() || !core_plan_of(self)) return NULL;
    return PyBool_FromLong(tacet_depends_on_length(((core_plan *)self)->plan, i));
}

static PyObject *plan_set_lambda(PyObject *self, PyObject *args)
{
    const char *term;
    double lambda;
    core_plan *p = (core_plan *)self;
    if (!PyArg_ParseTuple(args, "sd:set_lambda", &term, &lambda) || !core_plan_of(self)) return NULL;
    /* Ranks may sum here. */
    const bool good = CORE_RUN(p, tacet_plan_error(p->plan), tacet_set_lambda(p->plan, term, lambda));
    return good ? Py_NewRef(Py_None) : NULL;
}

/* ---- The ledger -------------------------------------------------------------------------------------------------- */

static PyObject *plan_ledger_reset(PyObject *self, PyObject *unused)
{
    (void)unused;
    core_plan *p = (core_plan *)self;
    if (!core_plan_of(self)) return NULL;
    const bool good = CORE_RUN(p, tacet_plan_error(p->plan), (tacet_ledger_reset(p->plan), TACET_OK));
    return good ? Py_NewRef(Py_None) : NULL;
}

static PyObject *plan_ledger_total(PyObject *self, PyObject *unused)
{
    (void)unused;
    tacet_total t = {.size = sizeof t};
    const tacet_plan *p = core_plan_of(self);
    if (!p) return NULL;
    const tacet_status s = tacet_ledger_total(p, &t);
    return s == TACET_OK ? core_tuple(CORE_Total, &t) : core_raise(tacet_plan_error(p));
}

PyMethodDef core_ledger_methods[] = {
    {"terms", plan_terms, METH_NOARGS, CORE_DOC("terms($self, /)", "A Term for each term of the objective.")},
    {"warnings", plan_warnings, METH_NOARGS, CORE_DOC("warnings($self, /)", "The warnings of the ledger.")},
    {"metrics", plan_metrics, METH_VARARGS,
     CORE_DOC(
         "metrics($self, training=False, /)",
         "A Metric for each: over the training steps since the ledger was reset, otherwise over the last evaluation "
         "that has ended.")},
    {"account", plan_account, METH_VARARGS,
     CORE_DOC("account($self, term, /)",
              "What training did with a term, by its name or number, since the ledger was reset: an Account.")},
    {"term_firing", plan_term_firing, METH_VARARGS,
     CORE_DOC("term_firing($self, term, /)",
              "How often the units of all values of a term fired, taken together: a Firing.")},
    {"term_on", plan_term_on, METH_VARARGS, CORE_DOC("term_on($self, term, /)", "The Values that a term is on.")},
    {"term_value", plan_term_value, METH_VARARGS,
     CORE_DOC("term_value($self, name, /)", "The result of a term, without its lambda; NaN if it was not computed.")},
    {"depends_on_length", plan_depends_on_length, METH_VARARGS,
     CORE_DOC("depends_on_length($self, term=None, /)",
              "Whether the lambda of a term (None: the learning rate) still depends on the length of the run.")},
    {"set_lambda", plan_set_lambda, METH_VARARGS,
     CORE_DOC("set_lambda($self, term, value, /)", "From the next call on.")},
    {"ledger_reset", plan_ledger_reset, METH_NOARGS, CORE_DOC("ledger_reset($self, /)", "Begins the ledger anew.")},
    {"ledger_total", plan_ledger_total, METH_NOARGS,
     CORE_DOC("ledger_total($self, /)", "Steps, rows and losses since the reset.")},
    {0},
};
