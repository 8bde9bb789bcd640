/* graph.c: Graph, the description of a network, and Value. A mistake is raised by the call that makes it. */
#include "core.h"

/* ---- Value ------------------------------------------------------------------------------------------------------- */

typedef struct value_object {
    PyObject_HEAD tacet_value value;
} value_object;

PyObject *core_value_new(tacet_value v)
{
    if (!v.id) return Py_NewRef(Py_None);
    value_object *o = PyObject_New(value_object, core_type.value);
    if (o) o->value = v;
    return (PyObject *)o;
}

static void value_free(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyObject *value_repr(PyObject *self)
{
    return PyUnicode_FromFormat("Value(%d)", (int)((value_object *)self)->value.id);
}

static PyObject *value_id(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(((value_object *)self)->value.id);
}

static PyObject *value_compare(PyObject *self, PyObject *other, int how)
{
    if (!Py_IS_TYPE(other, core_type.value) || (how != Py_EQ && how != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
    const bool same = ((value_object *)self)->value.id == ((value_object *)other)->value.id;
    return PyBool_FromLong(same == (how == Py_EQ));
}

static Py_hash_t value_hash(PyObject *self) { return ((value_object *)self)->value.id; }

static PyGetSetDef value_members[] = {
    {"id", value_id, NULL, "Its number in the graph, from 1.", NULL},
    {0},
};

static PyType_Slot value_slots[] = {
    {Py_tp_dealloc, value_free},
    {Py_tp_repr, value_repr},
    {Py_tp_getset, value_members},
    {Py_tp_richcompare, value_compare},
    {Py_tp_hash, value_hash},
    {Py_tp_doc, "A value of a graph: an input, the output of a layer, or a parameter."},
    {0},
};
static PyType_Spec value_spec = {
    .name = "tacetnn._core.Value",
    .basicsize = sizeof(value_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = value_slots,
};

bool core_value_of(const tacet_graph *g, PyObject *from, tacet_value *v)
{
    *v = (tacet_value){0};
    if (from == Py_None) return true;
    if (Py_IS_TYPE(from, core_type.value)) {
        *v = ((value_object *)from)->value;
        return true;
    }
    if (!PyUnicode_Check(from)) {
        PyErr_Format(PyExc_TypeError, "a value is a Value, a name or None, not %R", from);
        return false;
    }
    PyObject *name = PyUnicode_AsUTF8String(from);
    if (!name) return false;
    *v = tacet_find(g, PyBytes_AsString(name));
    Py_DECREF(name);
    if (!v->id) PyErr_Format(PyExc_KeyError, "the network has no value \"%U\"", from);
    return v->id != 0;
}

/* ---- Graph ------------------------------------------------------------------------------------------------------- */

PyObject *core_graph_new(tacet_graph *g)
{
    core_graph *self = (core_graph *)core_new(core_type.graph);
    if (self)
        self->graph = g;
    else
        tacet_graph_free(g);
    return (PyObject *)self;
}

static PyObject *graph_new(PyTypeObject *type, PyObject *args, PyObject *keys)
{
    static char *names[] = {NULL};
    (void)type;
    if (!PyArg_ParseTupleAndKeywords(args, keys, ":Graph", names)) return NULL;
    tacet_graph *g = tacet_graph_new(NULL);
    return g ? core_graph_new(g) : PyErr_NoMemory();
}

static int visit_graph(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return core_own_visit((core_graph *)self, visit, arg);
}

static void graph_free(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    tacet_graph_free(((core_graph *)self)->graph);
    core_delete(self);
}

tacet_graph *core_graph_of(PyObject *self)
{
    core_graph *g = (core_graph *)self;
    if (!g->running) return g->graph;
    PyErr_SetString(PyExc_RuntimeError, "a plan of this graph is running in another thread");
    return NULL;
}

static PyObject *checked(PyObject *self, PyObject *result)
{
    core_graph *g = (core_graph *)self;
    const tacet_error *e = tacet_graph_error(g->graph);
    if (!e) return result;
    Py_XDECREF(result);
    return core_own_raise(g) ? NULL : core_raise(e);
}

int core_shape_of(PyObject *from, int64_t shape[8])
{
    if (PyIndex_Check(from) && !PySequence_Check(from)) {
        shape[0] = PyLong_AsLongLong(from);
        return PyErr_Occurred() ? -1 : 1;
    }
    PyObject *list = PySequence_Tuple(from);
    const Py_ssize_t rank = list ? PyTuple_Size(list) : -1;
    if (rank > 8) PyErr_Format(PyExc_ValueError, "a shape has at most 8 dimensions, not %zd", rank);
    for (Py_ssize_t i = 0; i < rank && !PyErr_Occurred(); i++) shape[i] = PyLong_AsLongLong(PyTuple_GetItem(list, i));
    Py_XDECREF(list);
    return PyErr_Occurred() ? -1 : (int)rank;
}

static bool value_in(PyObject *self, PyObject *from, tacet_value *v)
{
    return core_value_of(((core_graph *)self)->graph, from, v);
}

static PyObject *graph_input(PyObject *self, PyObject *args, PyObject *keys)
{
    static char *names[] = {"name", "shape", "classes", "indices", NULL};
    const char *name;
    PyObject *size;
    long long classes = 0;
    int indices = 0;
    int64_t shape[8] = {0};
    if (!PyArg_ParseTupleAndKeywords(args, keys, "sO|Lp:input", names, &name, &size, &classes, &indices)) return NULL;
    const int rank = core_shape_of(size, shape);
    tacet_graph *g = rank < 0 ? NULL : core_graph_of(self);
    if (!g) return NULL;
    const tacet_type type = indices || classes ? TACET_I32 : TACET_F32;
    return checked(self, core_value_new(tacet_input_of(g, name, type, classes, rank, shape)));
}

static PyObject *graph_labels(PyObject *self, PyObject *args)
{
    const char *name;
    tacet_graph *g = PyArg_ParseTuple(args, "s:labels", &name) ? core_graph_of(self) : NULL;
    if (!g) return NULL;
    return checked(self, core_value_new(tacet_labels(g, name)));
}

static PyObject *graph_chain(PyObject *self, PyObject *args)
{
    PyObject *from;
    const char *layers;
    tacet_value x;
    if (!PyArg_ParseTuple(args, "Os:chain", &from, &layers) || !value_in(self, from, &x)) return NULL;
    tacet_graph *g = core_graph_of(self);
    if (!g) return NULL;
    return checked(self, core_value_new(tacet_chain(g, x, layers)));
}

static PyObject *graph_loss(PyObject *self, PyObject *args)
{
    PyObject *y, *target;
    const char *loss;
    tacet_value v[2];
    if (!PyArg_ParseTuple(args, "sOO:loss", &loss, &y, &target) || !value_in(self, y, &v[0]) ||
        !value_in(self, target, &v[1]))
        return NULL;
    tacet_graph *g = core_graph_of(self);
    if (!g) return NULL;
    tacet_loss(g, loss, v[0], v[1]);
    return checked(self, Py_NewRef(Py_None));
}

static PyObject *select_two(PyObject *self, PyObject *args, void (*call)(tacet_graph *, const char *, const char *))
{
    const char *selector, *text;
    tacet_graph *g = PyArg_ParseTuple(args, "ss", &selector, &text) ? core_graph_of(self) : NULL;
    if (!g) return NULL;
    call(g, selector, text);
    return checked(self, Py_NewRef(Py_None));
}
static PyObject *graph_penalize(PyObject *self, PyObject *args) { return select_two(self, args, tacet_penalize); }
static PyObject *graph_options(PyObject *self, PyObject *args) { return select_two(self, args, tacet_options); }

static PyObject *select_one(PyObject *self, PyObject *args, void (*call)(tacet_graph *, const char *))
{
    const char *selector;
    tacet_graph *g = PyArg_ParseTuple(args, "s", &selector) ? core_graph_of(self) : NULL;
    if (!g) return NULL;
    call(g, selector);
    return checked(self, Py_NewRef(Py_None));
}
static PyObject *graph_keep(PyObject *self, PyObject *args) { return select_one(self, args, tacet_keep); }
static PyObject *graph_keep_gradient(PyObject *self, PyObject *args)
{
    return select_one(self, args, tacet_keep_gradient);
}

static PyObject *graph_take_gradient(PyObject *self, PyObject *args)
{
    return select_one(self, args, tacet_take_gradient);
}

static PyObject *graph_find(PyObject *self, PyObject *args)
{
    const char *name;
    if (!PyArg_ParseTuple(args, "s:find", &name)) return NULL;
    return core_value_new(tacet_find(((core_graph *)self)->graph, name));
}

static PyObject *graph_matches(PyObject *self, PyObject *args)
{
    const char *selector;
    PyObject *value;
    tacet_value v;
    if (!PyArg_ParseTuple(args, "sO:matches", &selector, &value) || !value_in(self, value, &v)) return NULL;
    return PyBool_FromLong(tacet_matches(((core_graph *)self)->graph, selector, v));
}

static PyObject *graph_axes(PyObject *self, PyObject *args)
{
    const char *name;
    if (!PyArg_ParseTuple(args, "s:axes", &name)) return NULL;
    return core_text(tacet_axes(((core_graph *)self)->graph, name));
}

static PyObject *graph_groups(PyObject *self, PyObject *args)
{
    const char *name;
    if (!PyArg_ParseTuple(args, "s:groups", &name)) return NULL;
    return PyLong_FromLongLong(tacet_groups(((core_graph *)self)->graph, name));
}

static PyObject *graph_parameter(PyObject *self, PyObject *args)
{
    const char *layer;
    int i;
    if (!PyArg_ParseTuple(args, "si:parameter", &layer, &i)) return NULL;
    return core_text(tacet_parameter(((core_graph *)self)->graph, layer, i));
}

static size_t part_text(const void *of, const char *part, char *text, size_t capacity)
{
    return tacet_graph_text(of, part, text, capacity);
}

static PyObject *graph_text(PyObject *self, PyObject *args)
{
    const char *part;
    if (!PyArg_ParseTuple(args, "s:text", &part)) return NULL;
    return core_written(part_text, ((core_graph *)self)->graph, part);
}

static PyObject *graph_compile(PyObject *self, PyObject *args, PyObject *keys)
{
    return core_compile((core_graph *)self, args, keys);
}

static PyMethodDef graph_methods[] = {
    {"input", CORE_FUNCTION(graph_input), CORE_KEYS,
     CORE_DOC("input($self, name, shape, classes=0, indices=False)",
              "An input [batch, *shape] of float32 or, with classes or indices, of class indices.")},
    {"labels", graph_labels, METH_VARARGS, CORE_DOC("labels($self, name, /)", "One class index for each sample.")},
    {"chain", graph_chain, METH_VARARGS,
     CORE_DOC("chain($self, x, layers, /)", "Appends layers to x; returns the output of the last one.")},
    {"loss", graph_loss, METH_VARARGS, CORE_DOC("loss($self, loss, y, target, /)", "Adds a loss to the objective.")},
    {"penalize", graph_penalize, METH_VARARGS,
     CORE_DOC("penalize($self, selector, penalty, /)", "Adds a penalty on every value that the selector matches.")},
    {"options", graph_options, METH_VARARGS,
     CORE_DOC("options($self, selector, options, /)", "Sets options of parameters.")},
    {"keep", graph_keep, METH_VARARGS, CORE_DOC("keep($self, selector, /)", "Makes the values that match readable.")},
    {"keep_gradient", graph_keep_gradient, METH_VARARGS,
     CORE_DOC("keep_gradient($self, selector, /)", "Makes the gradients of the values that match readable.")},
    {"take_gradient", graph_take_gradient, METH_VARARGS,
     CORE_DOC("take_gradient($self, selector, /)",
              "Makes the values that match take gradients from the caller: Plan.add_gradient.")},
    {"operator_add", CORE_FUNCTION(core_operator_add), CORE_KEYS,
     CORE_DOC("operator_add($self, role, name, *, value=None, gradient=None, prox=None, shape=None, attributes=(), inputs=0, "
              "mixes=False, zeros=False, labels=False, formula=None, doc=None)",
              "Adds an operator of one's own, whose functions get Numbers: value(x, y, attributes), gradient(x, d, y, g, "
              "attributes), prox(y, t, attributes), shape(shapes, attributes). x and d are tuples. tacetnn.Operator takes "
              "functions of arrays.")},
    {"check_operator", core_check_operator, METH_VARARGS,
     CORE_DOC("check_operator($self, spec, inputs, /)",
              "Compares the gradient of an operator with differences of its value, on arrays [rows, shape...].")},
    {"find", graph_find, METH_VARARGS, CORE_DOC("find($self, name, /)", "The value with that name, or None.")},
    {"matches", graph_matches, METH_VARARGS,
     CORE_DOC("matches($self, selector, value, /)", "Whether the selector matches the value.")},
    {"axes", graph_axes, METH_VARARGS,
     CORE_DOC("axes($self, name, /)", "What the dimensions of a parameter mean, a letter each: \"oi\" is [out, in].")},
    {"groups", graph_groups, METH_VARARGS,
     CORE_DOC("groups($self, name, /)",
              "The groups of a weight, as of a grouped convolution; 1 for other values, 0 for an unknown name.")},
    {"parameter", graph_parameter, METH_VARARGS,
     CORE_DOC("parameter($self, layer, i, /)", "The name of parameter i of a layer; None past the last one.")},
    {"text", graph_text, METH_VARARGS,
     CORE_DOC("text($self, part, /)",
              "The graph in the small language: \"input\", \"model\", \"loss\", \"penalties\", \"options\" or "
              "\"operators\".")},
    {"compile", CORE_FUNCTION(graph_compile), CORE_KEYS,
     CORE_DOC("compile($self, *, batch=1, optimizer=None, seed=0, threads=1, pool=None, steps_per_epoch=1, epochs=0, "
              "sparse='auto', ledger=0, ranks=None, metrics=None, accumulate=0, ema=0.0)",
              "Compiles the graph into a Plan.")},
    {0},
};
static PyType_Slot graph_slots[] = {
    {Py_tp_new, graph_new},
    {Py_tp_dealloc, graph_free},
    {Py_tp_traverse, visit_graph},
    {Py_tp_methods, graph_methods},
    {Py_tp_doc,
     CORE_DOC("Graph()",
              "The description of a network: values, losses, penalties. A mistake is raised by the call that "
              "makes it, and the graph is then of no more use.")},
    {0},
};
static PyType_Spec graph_spec = {
    .name = "tacetnn._core.Graph",
    .basicsize = sizeof(core_graph),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = graph_slots,
};

int core_add_graph(PyObject *module)
{
    core_type.value = core_add_type(module, &value_spec);
    core_type.graph = core_add_type(module, &graph_spec);
    return core_type.value && core_type.graph ? 0 : -1;
}
