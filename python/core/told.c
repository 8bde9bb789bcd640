/* told.c: the numbers of a plan: values, gradients, parameters, what layers remember, and the figures of the last
 * call. */
#include "core.h"

#include <string.h>

/* ---- Arrays ------------------------------------------------------------------------------------------------------ */

/* The shape of what has that name. Returns the rank, or -1 with an exception. */
static int shape_named(const tacet_plan *p, const char *name, int64_t shape[9])
{
    tacet_value_info v = {.size = sizeof v};
    tacet_state s = {.size = sizeof s};
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++)
        if (strcmp(v.name, name) == 0) {
            shape[0] = tacet_rows(p);
            memcpy(shape + v.batch, v.shape, (size_t)v.rank * sizeof *shape);
            return v.rank + v.batch;
        }
    for (int i = 0; tacet_state_at(p, i, &s) == TACET_OK; i++)
        if (strcmp(s.name, name) == 0) {
            memcpy(shape, s.shape, (size_t)s.rank * sizeof *shape);
            return s.rank;
        }
    PyErr_Format(PyExc_KeyError, "the network has no value \"%s\"", name);
    return -1;
}

static PyObject *read_value(PyObject *self, PyObject *args,
                            tacet_status (*read)(tacet_plan *, const char *, float *, size_t))
{
    const char *name;
    core_buffer b;
    int64_t shape[9];
    const tacet_plan *of = PyArg_ParseTuple(args, "s", &name) ? core_plan_of(self) : NULL;
    const int rank = of ? shape_named(of, name, shape) : -1;
    PyObject *array = rank < 0 ? NULL : core_array("float32", rank, shape, &b);
    if (!array) return NULL;
    tacet_plan *p = core_plan_of(self);
    const tacet_status s = p ? read(p, name, b.view.buf, (size_t)(b.view.len / b.view.itemsize)) : TACET_OK;
    if (s != TACET_OK) core_raise(tacet_plan_error(p));
    if (!p || s != TACET_OK) Py_CLEAR(array);
    core_buffer_drop(&b);
    return array;
}

static PyObject *plan_read(PyObject *self, PyObject *args) { return read_value(self, args, tacet_read); }
static PyObject *plan_read_gradient(PyObject *self, PyObject *args)
{
    return read_value(self, args, tacet_read_gradient);
}

/* Hands numbers of a value to a call. */
static PyObject *write_value(PyObject *self, PyObject *args,
                             tacet_status (*write)(tacet_plan *, const char *, const float *, size_t))
{
    const char *name;
    PyObject *array, *result = NULL;
    core_buffer b;
    if (!PyArg_ParseTuple(args, "sO", &name, &array) || !core_buffer_floats(array, false, name, &b)) return NULL;
    tacet_plan *p = core_plan_of(self);
    if (p) {
        const tacet_status s = write(p, name, b.view.buf, (size_t)(b.view.len / b.view.itemsize));
        result = core_result(s, tacet_plan_error(p));
    }
    core_buffer_drop(&b);
    return result;
}

static PyObject *plan_write(PyObject *self, PyObject *args) { return write_value(self, args, tacet_write); }
static PyObject *plan_add_gradient(PyObject *self, PyObject *args)
{
    return write_value(self, args, tacet_add_gradient);
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

static tacet_status value_at(void *of, int i, void *to) { return tacet_value_at(of, i, to); }
static tacet_status state_at(void *of, int i, void *to) { return tacet_state_at(of, i, to); }

static PyObject *plan_values(PyObject *self, PyObject *unused)
{
    (void)unused;
    return core_plan_list(self, CORE_ValueInfo, value_at);
}
static PyObject *plan_states(PyObject *self, PyObject *unused)
{
    (void)unused;
    return core_plan_list(self, CORE_State, state_at);
}

static PyObject *plan_value_inputs(PyObject *self, PyObject *args)
{
    PyObject *value;
    const int i = PyArg_ParseTuple(args, "O:value_inputs", &value) ? core_index_of((core_plan *)self, value) : -1;
    return i < 0 ? NULL : core_values((core_plan *)self, tacet_value_input, i);
}

static PyObject *plan_firing(PyObject *self, PyObject *args)
{
    PyObject *value;
    int training = 0;
    tacet_firing f = {.size = sizeof f};
    if (!PyArg_ParseTuple(args, "O|p:firing", &value, &training)) return NULL;
    const int i = core_index_of((core_plan *)self, value);
    if (i < 0) return NULL;
    tacet_firing_at(((core_plan *)self)->plan, i, training, &f);
    return core_tuple(CORE_Firing, &f);
}

static PyObject *plan_dead_units(PyObject *self, PyObject *args)
{
    PyObject *value;
    int training = 0;
    core_buffer b;
    if (!PyArg_ParseTuple(args, "O|p:dead_units", &value, &training)) return NULL;
    const int i = core_index_of((core_plan *)self, value);
    if (i < 0) return NULL;
    const int64_t n = (int64_t)tacet_dead_units(((core_plan *)self)->plan, i, training, NULL, 0);
    PyObject *array = core_array("int64", 1, &n, &b);
    if (!array) return NULL;
    /* Zeros after the last, if another thread has made steps in the meantime. */
    if (n) memset(b.view.buf, 0, (size_t)b.view.len);
    if (core_plan_of(self))
        tacet_dead_units(((core_plan *)self)->plan, i, training, b.view.buf, (size_t)n);
    else
        Py_CLEAR(array);
    core_buffer_drop(&b);
    return array;
}

static PyObject *plan_reset_counts(PyObject *self, PyObject *unused)
{
    tacet_plan *p = core_plan_of(self);
    (void)unused;
    if (!p) return NULL;
    tacet_reset_counts(p);
    Py_RETURN_NONE;
}

static PyObject *plan_set_rate(PyObject *self, PyObject *args)
{
    double rate;
    core_plan *p = (core_plan *)self;
    if (!PyArg_ParseTuple(args, "d:set_rate", &rate) || !core_plan_of(self)) return NULL;
    return CORE_RUN(p, tacet_plan_error(p->plan), tacet_set_rate(p->plan, rate)) ? Py_NewRef(Py_None) : NULL;
}

static PyObject *plan_weighs(PyObject *self, void *unused)
{
    (void)unused;
    const tacet_plan *p = core_plan_of(self);
    return p ? PyBool_FromLong(tacet_weighs(p)) : NULL;
}

static PyObject *plan_use_average(PyObject *self, PyObject *args)
{
    int average;
    core_plan *p = (core_plan *)self;
    if (!PyArg_ParseTuple(args, "p:use_average", &average) || !core_plan_of(self)) return NULL;
    return CORE_RUN(p, tacet_plan_error(p->plan), tacet_use_average(p->plan, average)) ? Py_NewRef(Py_None) : NULL;
}

static PyObject *plan_schedule_step(PyObject *self, PyObject *args)
{
    double loss;
    core_plan *p = (core_plan *)self;
    if (!PyArg_ParseTuple(args, "d:schedule_step", &loss) || !core_plan_of(self)) return NULL;
    return CORE_RUN(p, tacet_plan_error(p->plan), tacet_schedule_step(p->plan, loss)) ? Py_NewRef(Py_None) : NULL;
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
     CORE_DOC(
         "read($self, name, /)",
         "A copy of a value of the last call, [rows, shape...], of a parameter ([out, in], as PyTorch), or of what a "
         "layer remembers.")},
    {"read_gradient", plan_read_gradient, METH_VARARGS,
     CORE_DOC("read_gradient($self, name, /)", "A copy of dObjective/dValue of the last step.")},
    {"write", plan_write, METH_VARARGS,
     CORE_DOC("write($self, name, array, /)", "Sets a parameter, or what a layer remembers, from float32.")},
    {"add_gradient", plan_add_gradient, METH_VARARGS,
     CORE_DOC("add_gradient($self, name, array, /)",
              "Adds float32 to dObjective/dValue in the next step, of a value that Graph.take_gradient names.")},
    {"values", plan_values, METH_NOARGS,
     CORE_DOC("values($self, /)", "A ValueInfo for each value, in the order of the graph.")},
    {"states", plan_states, METH_NOARGS,
     CORE_DOC("states($self, /)",
              "A State for each tensor that a layer remembers, such as \"batch_norm1.running_mean\".")},
    {"value_inputs", plan_value_inputs, METH_VARARGS,
     CORE_DOC("value_inputs($self, value, /)",
              "The Values that a value is computed from: the inputs of its layer, then the parameters.")},
    {"firing", plan_firing, METH_VARARGS,
     CORE_DOC("firing($self, value, training=False, /)",
              "How often the units fired: in training since the ledger was reset, otherwise in forward passes since "
              "reset_counts. Returns a Firing.")},
    {"dead_units", plan_dead_units, METH_VARARGS,
     CORE_DOC("dead_units($self, value, training=False, /)",
              "The units that never fired, as int64, in ascending order.")},
    {"reset_counts", plan_reset_counts, METH_NOARGS,
     CORE_DOC("reset_counts($self, /)",
              "Sets the counts of forward passes, of which densities and dead units are made, to 0.")},
    {"set_rate", plan_set_rate, METH_VARARGS,
     CORE_DOC("set_rate($self, value, /)", "The learning rate, from the next step on.")},
    {"use_average", plan_use_average, METH_VARARGS,
     CORE_DOC(
         "use_average($self, average, /)",
         "Puts the averages of the weights (ema= of compile) in their place, or the weights back. Until then the plan "
         "cannot be trained.")},
    {"schedule_step", plan_schedule_step, METH_VARARGS,
     CORE_DOC("schedule_step($self, loss, /)", "For schedule=plateau: the loss of an epoch that has ended.")},
    {"explain", plan_explain, METH_NOARGS, CORE_DOC("explain($self, /)", "The compiled steps as text.")},
    {0},
};

PyGetSetDef core_told_members[] = {
    {"objective", plan_objective, NULL, "All terms, of the last call.", NULL},
    {"data_loss", plan_data_loss, NULL, "Only the losses, of the last call.", NULL},
    {"gradient_norm", plan_gradient_norm, NULL, "Over all parameters, of the last step.", NULL},
    {"learning_rate", plan_learning_rate, NULL, "Of the last step, or of the first to come.", NULL},
    {"steps", plan_steps, NULL, "Training steps done.", NULL},
    {"rows", plan_rows, NULL, "Rows of the last call.", NULL},
    {"weighs", plan_weighs, NULL, "Whether a step of several batches needs weigh.", NULL},
    {"least_rows", plan_least_rows, NULL, "The fewest rows that a step takes.", NULL},
    {0},
};
