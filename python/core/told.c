/* told.c: what can be read of a plan: values, gradients, figures, the ledger. */
#include "core.h"

#include <math.h>
#include <string.h>

/* ---- Arrays ------------------------------------------------------------------------------------------------------ */

PyObject *core_array(const char *type, int rank, const int64_t *shape, core_buffer *b)
{
    *b = (core_buffer){0};
    PyObject *numpy = PyImport_ImportModule("numpy"), *size = PyTuple_New(rank), *array = NULL;
    for (int i = 0; size && i < rank; i++) {
        PyObject *n = PyLong_FromLongLong(shape[i]);
        if (!n)
            Py_CLEAR(size);
        else
            PyTuple_SetItem(size, i, n);
    }
    if (numpy && size) array = PyObject_CallMethod(numpy, "empty", "Os", size, type);
    Py_XDECREF(numpy);
    Py_XDECREF(size);
    if (array && !core_buffer_take(array, "the result", b)) Py_CLEAR(array);
    return array;
}

static bool value_named(tacet_plan *p, const char *name, tacet_value_info *v)
{
    *v = (tacet_value_info){.size = sizeof *v};
    for (int i = 0; tacet_value_at(p, i, v) == TACET_OK; i++)
        if (strcmp(v->name, name) == 0) return true;
    PyErr_Format(PyExc_KeyError, "the network has no value \"%s\"", name);
    return false;
}

static PyObject *read_value(PyObject *self, PyObject *args,
                            tacet_status (*read)(tacet_plan *, const char *, float *, size_t))
{
    const char *name;
    tacet_value_info v;
    core_buffer b;
    int64_t shape[9] = {0};
    tacet_plan *p = core_plan_of(self);
    if (!p || !PyArg_ParseTuple(args, "s", &name) || !value_named(p, name, &v)) return NULL;
    shape[0] = tacet_rows(p);
    memcpy(shape + v.batch, v.shape, (size_t)v.rank * sizeof *shape);
    PyObject *array = core_array("float32", v.rank + v.batch, shape, &b);
    if (!array) return NULL;
    const tacet_status s = read(p, name, b.view.buf, (size_t)(b.view.len / b.view.itemsize));
    core_buffer_drop(&b);
    if (s == TACET_OK) return array;
    Py_DECREF(array);
    return core_raise(tacet_plan_error(p));
}

static PyObject *plan_read(PyObject *self, PyObject *args) { return read_value(self, args, tacet_read); }
static PyObject *plan_read_gradient(PyObject *self, PyObject *args)
{
    return read_value(self, args, tacet_read_gradient);
}

static PyObject *plan_write(PyObject *self, PyObject *args)
{
    const char *name;
    PyObject *array;
    core_buffer b = {0};
    tacet_plan *p = core_plan_of(self);
    if (!p || !PyArg_ParseTuple(args, "sO:write", &name, &array) || !core_buffer_floats(array, false, name, &b))
        return NULL;
    const tacet_status s = tacet_write(p, name, b.view.buf, (size_t)(b.view.len / b.view.itemsize));
    core_buffer_drop(&b);
    return core_result(s, tacet_plan_error(p));
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

#define NUMBER(name, make)                                                                                             \
    static PyObject *plan_##name(PyObject *self, void *unused)                                                         \
    {                                                                                                                  \
        (void)unused;                                                                                                  \
        const tacet_plan *p = core_plan_of(self);                                                                      \
        return p ? make(tacet_##name(p)) : NULL;                                                                       \
    }
NUMBER(objective, PyFloat_FromDouble)
NUMBER(data_loss, PyFloat_FromDouble)
NUMBER(gradient_norm, PyFloat_FromDouble)
NUMBER(learning_rate, PyFloat_FromDouble)
NUMBER(steps, PyLong_FromLongLong)
NUMBER(rows, PyLong_FromLongLong)
NUMBER(least_rows, PyLong_FromLongLong)

/* A list of the records that `at` gives, from 0 until it fails. */
static PyObject *listed(PyObject *self, int record, tacet_status (*at)(tacet_plan *, int, void *))
{
    union {
        size_t size;
        tacet_value_info v;
        tacet_term t;
        tacet_warning w;
    } room;
    static const size_t sizes[CORE_RECORDS] = {[CORE_Term] = sizeof(tacet_term),
                                               [CORE_ValueInfo] = sizeof(tacet_value_info),
                                               [CORE_Warning] = sizeof(tacet_warning)};
    tacet_plan *p = core_plan_of(self);
    PyObject *list = p ? PyList_New(0) : NULL;
    memset(&room, 0, sizeof room);
    room.size = sizes[record];
    for (int i = 0; list && at(p, i, &room) == TACET_OK; i++) {
        PyObject *tuple = core_tuple(record, &room);
        if (!tuple || PyList_Append(list, tuple) < 0) Py_CLEAR(list);
        Py_XDECREF(tuple);
    }
    return list;
}

static tacet_status value_at(tacet_plan *p, int i, void *to) { return tacet_value_at(p, i, to); }
static tacet_status term_at(tacet_plan *p, int i, void *to) { return tacet_term_at(p, i, to); }
static tacet_status warning_at(tacet_plan *p, int i, void *to) { return tacet_warning_at(p, i, to); }

static PyObject *plan_values(PyObject *self, PyObject *unused)
{
    (void)unused;
    return listed(self, CORE_ValueInfo, value_at);
}
static PyObject *plan_terms(PyObject *self, PyObject *unused)
{
    (void)unused;
    return listed(self, CORE_Term, term_at);
}
static PyObject *plan_warnings(PyObject *self, PyObject *unused)
{
    (void)unused;
    return listed(self, CORE_Warning, warning_at);
}

static PyObject *plan_ledger_reset(PyObject *self, PyObject *unused)
{
    (void)unused;
    tacet_plan *p = core_plan_of(self);
    if (!p) return NULL;
    tacet_ledger_reset(p);
    Py_RETURN_NONE;
}

static PyObject *plan_ledger_total(PyObject *self, PyObject *unused)
{
    (void)unused;
    tacet_total t = {.size = sizeof t};
    tacet_plan *p = core_plan_of(self);
    if (!p) return NULL;
    const tacet_status s = tacet_ledger_total(p, &t);
    return s == TACET_OK ? core_tuple(CORE_Total, &t) : core_raise(tacet_plan_error(p));
}

static PyObject *plan_set_lambda(PyObject *self, PyObject *args)
{
    const char *term;
    double lambda;
    tacet_plan *p = core_plan_of(self);
    if (!p || !PyArg_ParseTuple(args, "sd:set_lambda", &term, &lambda)) return NULL;
    return core_result(tacet_set_lambda(p, term, lambda), tacet_plan_error(p));
}

static PyObject *plan_set_rate(PyObject *self, PyObject *args)
{
    double rate;
    tacet_plan *p = core_plan_of(self);
    if (!p || !PyArg_ParseTuple(args, "d:set_rate", &rate)) return NULL;
    return core_result(tacet_set_rate(p, rate), tacet_plan_error(p));
}

static size_t explain_text(const void *of, const char *what, char *text, size_t capacity)
{
    (void)what;
    return tacet_explain(of, text, capacity);
}

static PyObject *plan_explain(PyObject *self, PyObject *unused)
{
    (void)unused;
    const tacet_plan *p = core_plan_of(self);
    return p ? core_written(explain_text, p, NULL) : NULL;
}

PyMethodDef core_told_methods[] = {
    {"read", plan_read, METH_VARARGS,
     "read(name)\n\nA copy of a value of the last call, [rows, shape...], or of a parameter ([out, in], as PyTorch)."},
    {"read_gradient", plan_read_gradient, METH_VARARGS,
     "read_gradient(name)\n\nA copy of dObjective/dValue of the last step."},
    {"write", plan_write, METH_VARARGS, "write(name, array)\n\nSets a parameter, from float32."},
    {"values", plan_values, METH_NOARGS, "values()\n\nA ValueInfo for each value, in the order of the graph."},
    {"terms", plan_terms, METH_NOARGS, "terms()\n\nA Term for each term of the objective."},
    {"warnings", plan_warnings, METH_NOARGS, "warnings()\n\nThe warnings of the ledger."},
    {"ledger_reset", plan_ledger_reset, METH_NOARGS, "ledger_reset()\n\nBegins the ledger anew."},
    {"ledger_total", plan_ledger_total, METH_NOARGS, "ledger_total()\n\nSteps, rows and losses since the reset."},
    {"set_lambda", plan_set_lambda, METH_VARARGS, "set_lambda(term, value)\n\nFrom the next call on."},
    {"set_rate", plan_set_rate, METH_VARARGS, "set_rate(value)\n\nThe learning rate, from the next step on."},
    {"explain", plan_explain, METH_NOARGS, "explain()\n\nThe compiled steps as text."},
    {0},
};

PyGetSetDef core_told_members[] = {
    {"objective", plan_objective, NULL, "All terms, of the last call.", NULL},
    {"data_loss", plan_data_loss, NULL, "Only the losses, of the last call.", NULL},
    {"gradient_norm", plan_gradient_norm, NULL, "Over all parameters, of the last step.", NULL},
    {"learning_rate", plan_learning_rate, NULL, "Of the last step, or of the first to come.", NULL},
    {"steps", plan_steps, NULL, "Training steps done.", NULL},
    {"rows", plan_rows, NULL, "Rows of the last call.", NULL},
    {"least_rows", plan_least_rows, NULL, "The fewest rows that a step takes.", NULL},
    {0},
};
