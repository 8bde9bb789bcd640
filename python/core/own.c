/* own.c: operators of one's own, whose functions are Python's. The library calls them on the thread of the call that needs
 * them, where they see its memory as buffers, until they return. */
#include "core.h"

#include <string.h>

/* The functions of an operator; it belongs to the library's operator, and is freed with it. */
struct core_own {
    core_graph *graph; /* which outlives it */
    int attributes;
    PyObject *value, *gradient, *prox, *shape; /* or NULL */
    PyObject *raised[3];                       /* what a function has raised in the call that runs */
    unsigned long thread;                      /* on this thread */
    struct core_own *next;                     /* the graph's */
};

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* Numbers of the library for one call of a function, which gets them as a buffer. */
typedef struct numbers_object {
    PyObject_HEAD void *memory; /* NULL: the call is over */
    bool ids, writable;
    int rank;
    Py_ssize_t shape[9], stride[9], bytes;
    int views; /* of the buffer that have not been released */
} numbers_object;

static int numbers_view(PyObject *self, Py_buffer *view, int flags)
{
    numbers_object *o = (numbers_object *)self;
    view->obj = NULL;
    if (!o->memory || (!o->writable && flags & PyBUF_WRITABLE)) {
        PyErr_SetString(PyExc_BufferError, o->memory ? "these numbers are read-only" : "the call of the function is over");
        return -1;
    }
    *view = (Py_buffer){.buf = o->memory,
                        .obj = Py_NewRef(self),
                        .len = o->bytes,
                        .itemsize = 4,
                        .readonly = !o->writable,
                        .ndim = o->rank,
                        .format = flags & PyBUF_FORMAT ? (o->ids ? "i" : "f") : NULL,
                        .shape = flags & PyBUF_ND ? o->shape : NULL,
                        .strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? o->stride : NULL};
    o->views++;
    return 0;
}

static void numbers_release(PyObject *self, Py_buffer *view)
{
    (void)view;
    ((numbers_object *)self)->views--;
}

static void numbers_free(PyObject *self) { core_delete(self); }

static PyType_Slot numbers_slots[] = {
    {Py_tp_dealloc, numbers_free},
    {Py_bf_getbuffer, numbers_view},
    {Py_bf_releasebuffer, numbers_release},
    {Py_tp_doc, "Numbers of the library during one call of an operator's function: a buffer of float32 or int32."},
    {0},
};
static PyType_Spec numbers_spec = {
    .name = "tacetnn._core.Numbers",
    .basicsize = sizeof(numbers_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = numbers_slots,
};

int core_add_own(PyObject *module)
{
    core_type.numbers = core_add_type(module, &numbers_spec);
    return core_type.numbers ? 0 : -1;
}

/* Those of one call. */
enum { MOST_NUMBERS = 40 };
typedef struct lent {
    numbers_object *of[MOST_NUMBERS];
    int n;
} lent;

/* New numbers [rows, shape...], also kept in *all; without memory None. */
static PyObject *lend(lent *all, const void *memory, bool ids, bool writable, const tacet_operand *like)
{
    if (!memory) return Py_NewRef(Py_None);
    numbers_object *o = (numbers_object *)core_new(core_type.numbers);
    if (!o) return NULL;
    o->memory = (void *)(uintptr_t)memory;
    o->ids = ids;
    o->writable = writable;
    o->rank = like->rank + like->batch;
    o->bytes = (Py_ssize_t)like->elements * 4;
    o->shape[0] = (Py_ssize_t)like->rows;
    for (int i = 0; i < like->rank; i++) o->shape[i + like->batch] = (Py_ssize_t)like->shape[i];
    for (int i = o->rank - 1; i >= 0; i--) o->stride[i] = i + 1 < o->rank ? o->stride[i + 1] * o->shape[i + 1] : 4;
    all->of[all->n++] = (numbers_object *)Py_NewRef((PyObject *)o);
    return (PyObject *)o;
}

/* After an exception its frames still hold the arrays of the function. */
static void clear_frames(PyObject *trace)
{
    PyObject *module = trace ? PyImport_ImportModule("traceback") : NULL;
    PyObject *done = module ? PyObject_CallMethod(module, "clear_frames", "O", trace) : NULL;
    Py_XDECREF(done);
    Py_XDECREF(module);
}

/* Takes the numbers back: their memory is used for something else from now on. */
static void take_back(lent *all)
{
    PyObject *raised[3];
    bool kept = false;
    PyErr_Fetch(&raised[0], &raised[1], &raised[2]);
    clear_frames(raised[2]);
    PyErr_Clear();
    for (int i = 0; i < all->n && !kept; i++) kept = all->of[i]->views > 0;
    if (kept) PyGC_Collect(); /* perhaps by a cycle of the function, such as an inner function that calls itself */
    kept = false;
    for (int i = 0; i < all->n; i++) {
        kept = kept || all->of[i]->views > 0;
        all->of[i]->memory = NULL;
        Py_DECREF((PyObject *)all->of[i]);
    }
    PyErr_Restore(raised[0], raised[1], raised[2]);
    if (kept && !raised[0])
        PyErr_SetString(PyExc_RuntimeError, "a function of an operator keeps one of its arrays: it must keep a copy");
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static PyObject *attributes_of(const struct core_own *o, const tacet_call *c)
{
    PyObject *tuple = PyTuple_New(o->attributes);
    for (int i = 0; tuple && i < o->attributes; i++) {
        PyObject *number = PyFloat_FromDouble(c->attribute[i]);
        if (number)
            PyTuple_SetItem(tuple, i, number);
        else
            Py_CLEAR(tuple);
    }
    return tuple;
}

/* The inputs, or (gradient) where their derivatives go. */
static PyObject *inputs_of(lent *all, const tacet_call *c, bool gradient)
{
    PyObject *tuple = PyTuple_New(c->inputs);
    for (int i = 0; tuple && i < c->inputs; i++) {
        const tacet_operand *in = &c->input[i];
        PyObject *view = gradient ? lend(all, in->d, false, true, in)
                         : in->ids ? lend(all, in->ids, true, false, in)
                                   : lend(all, in->x, false, false, in);
        if (view)
            PyTuple_SetItem(tuple, i, view);
        else
            Py_CLEAR(tuple);
    }
    return tuple;
}

/* y or g, whose rows are those of the first input. */
static PyObject *output_of(lent *all, const tacet_call *c, const float *memory, bool writable)
{
    const tacet_operand like = {.rows = c->input->rows,
                                .elements = c->outputs,
                                .rank = c->y_rank,
                                .shape = c->y_shape,
                                .batch = c->input->batch};
    return lend(all, memory, false, writable, &like);
}

/* Keeps the exception, if there is one, until the call of the library has ended. */
static tacet_status keep(struct core_own *o)
{
    if (!PyErr_Occurred()) return TACET_OK;
    if (o->raised[0]) {
        PyErr_Clear();
        return TACET_FAILED;
    }
    o->thread = PyThread_get_thread_ident();
    PyErr_Fetch(&o->raised[0], &o->raised[1], &o->raised[2]);
    return TACET_FAILED;
}

bool core_own_raise(core_graph *g)
{
    for (struct core_own *o = g->own; o; o = o->next) {
        if (!o->raised[0] || o->thread != PyThread_get_thread_ident()) continue;
        PyObject *type = o->raised[0], *value = o->raised[1], *trace = o->raised[2];
        o->raised[0] = o->raised[1] = o->raised[2] = NULL;
        PyErr_Restore(type, value, trace);
        return true;
    }
    return false;
}

/* Calls a function with the arguments, of which none may be NULL. Returns what it returns. */
static PyObject *call_with(PyObject *function, int n, PyObject **argument)
{
    PyObject *tuple = PyTuple_New(n), *result = NULL;
    bool good = tuple != NULL;
    for (int i = 0; i < n; i++) {
        good = good && argument[i];
        if (tuple && argument[i])
            PyTuple_SetItem(tuple, i, argument[i]);
        else
            Py_XDECREF(argument[i]);
    }
    if (good) result = PyObject_Call(function, tuple, NULL);
    Py_XDECREF(tuple);
    return result;
}

/* Around each function: the interpreter's lock, and the graph must not change. */
static PyGILState_STATE enter(struct core_own *o)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    o->graph->running++;
    return state;
}

static tacet_status leave(struct core_own *o, PyGILState_STATE state)
{
    const tacet_status s = keep(o);
    o->graph->running--;
    PyGILState_Release(state);
    return s;
}

static tacet_status value_of(const tacet_call *c, double *sum)
{
    struct core_own *o = c->context;
    const PyGILState_STATE state = enter(o);
    lent all = {.n = 0};
    PyObject *argument[] = {inputs_of(&all, c, false), output_of(&all, c, c->y, true), attributes_of(o, c)};
    PyObject *result = call_with(o->value, 3, argument);
    const double number = result && !c->y ? PyFloat_AsDouble(result) : 0;
    if (!PyErr_Occurred()) *sum += number;
    Py_XDECREF(result);
    take_back(&all);
    return leave(o, state);
}

static tacet_status gradient_of(const tacet_call *c)
{
    struct core_own *o = c->context;
    const PyGILState_STATE state = enter(o);
    lent all = {.n = 0};
    PyObject *argument[] = {inputs_of(&all, c, false), inputs_of(&all, c, true), output_of(&all, c, c->y, false),
                            output_of(&all, c, c->g, false), attributes_of(o, c)};
    Py_XDECREF(call_with(o->gradient, 5, argument));
    take_back(&all);
    return leave(o, state);
}

static tacet_status prox_of(const tacet_call *c, double t)
{
    struct core_own *o = c->context;
    const PyGILState_STATE state = enter(o);
    lent all = {.n = 0};
    PyObject *argument[] = {output_of(&all, c, c->y, true), PyFloat_FromDouble(t), attributes_of(o, c)};
    Py_XDECREF(call_with(o->prox, 3, argument));
    take_back(&all);
    return leave(o, state);
}

static PyObject *shapes_of(const tacet_call *c)
{
    PyObject *tuple = PyTuple_New(c->inputs);
    for (int i = 0; tuple && i < c->inputs; i++) {
        PyObject *shape = core_numbers(c->input[i].shape, (size_t)c->input[i].rank);
        if (shape)
            PyTuple_SetItem(tuple, i, shape);
        else
            Py_CLEAR(tuple);
    }
    return tuple;
}

static int shape_of(const tacet_call *c, int64_t shape[8])
{
    struct core_own *o = c->context;
    const PyGILState_STATE state = enter(o);
    PyObject *argument[] = {shapes_of(c), attributes_of(o, c)};
    PyObject *result = call_with(o->shape, 2, argument);
    const int rank = result && result != Py_None ? core_shape_of(result, shape) : 0;
    Py_XDECREF(result);
    return leave(o, state) == TACET_OK ? rank : -1;
}

static void free_own(void *context)
{
    struct core_own *o = context;
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject *const held[] = {o->value, o->gradient, o->prox, o->shape, o->raised[0], o->raised[1], o->raised[2]};
    PyMem_Free(o);
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) Py_XDECREF(held[i]);
    PyGILState_Release(state);
}

int core_own_visit(core_graph *g, visitproc visit, void *arg)
{
    for (struct core_own *o = g->own; o; o = o->next) {
        Py_VISIT(o->value);
        Py_VISIT(o->gradient);
        Py_VISIT(o->prox);
        Py_VISIT(o->shape);
    }
    return 0;
}

/* ---- Adding one -------------------------------------------------------------------------------------------------- */

/* A function or None. */
static bool function_of(PyObject *from, const char *what, PyObject **to)
{
    if (from == Py_None) return true;
    if (PyCallable_Check(from)) {
        *to = Py_NewRef(from);
        return true;
    }
    PyErr_Format(PyExc_TypeError, "%s should be a function, not %R", what, from);
    return false;
}

/* The names and presets of a sequence of pairs; preset None: it must be given. The names live as long as the pairs. */
static bool attributes_from(PyObject *pairs, tacet_operator *op, int *n)
{
    const Py_ssize_t count = PyTuple_Size(pairs);
    if (count > TACET_ATTRIBUTES) PyErr_SetString(PyExc_ValueError, "an operator has at most 8 attributes");
    for (; *n < count && !PyErr_Occurred(); ++*n) {
        PyObject *preset;
        tacet_operator_attribute *a = &op->attribute[*n];
        if (!PyArg_ParseTuple(PyTuple_GetItem(pairs, *n), "sO;an attribute is a pair (name, preset)", &a->name, &preset))
            break;
        a->preset = preset == Py_None ? Py_NAN : PyFloat_AsDouble(preset);
    }
    return !PyErr_Occurred();
}

static bool role_of(const char *word, tacet_role *role)
{
    for (int r = TACET_ROLE_LAYER; r <= TACET_ROLE_CONSTRAINT; r++)
        if (strcmp(word, tacet_role_name((tacet_role)r)) == 0) *role = (tacet_role)r;
    if (!*role)
        PyErr_Format(PyExc_ValueError, "role should be \"layer\", \"loss\", \"penalty\" or \"constraint\", not \"%s\"",
                     word);
    return *role != 0;
}

static bool operator_of(PyObject *args, PyObject *keys, struct core_own *o, tacet_operator *op)
{
    static char *names[] = {"role",   "name",  "value", "gradient", "prox",    "shape", "attributes",
                            "inputs", "mixes", "zeros", "labels",   "formula", "doc",   NULL};
    const char *role;
    PyObject *value = Py_None, *gradient = Py_None, *prox = Py_None, *shape = Py_None, *attributes = NULL;
    int mixes = 0, zeros = 0, labels = 0;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "ss|$OOOOO!ipppzz:operator_add", names, &role, &op->name, &value,
                                     &gradient, &prox, &shape, &PyTuple_Type, &attributes, &op->inputs, &mixes, &zeros,
                                     &labels, &op->formula, &op->doc) ||
        !role_of(role, &op->role) || !function_of(value, "value", &o->value) ||
        !function_of(gradient, "gradient", &o->gradient) || !function_of(prox, "prox", &o->prox) ||
        !function_of(shape, "shape", &o->shape) || (attributes && !attributes_from(attributes, op, &o->attributes)))
        return false;
    op->mixes = mixes, op->zeros = zeros, op->labels = labels;
    op->value = o->value ? value_of : NULL;
    op->gradient = o->gradient ? gradient_of : NULL;
    op->prox = o->prox ? prox_of : NULL;
    op->shape = o->shape ? shape_of : NULL;
    op->context = o;
    op->free = free_own;
    return true;
}

PyObject *core_operator_add(PyObject *self, PyObject *args, PyObject *keys)
{
    core_graph *g = (core_graph *)self;
    tacet_operator op = {TACET_OPERATOR};
    struct core_own *o = PyMem_Calloc(1, sizeof *o);
    if (!o) return PyErr_NoMemory();
    o->graph = g;
    if (!operator_of(args, keys, o, &op) || !core_graph_of(self)) {
        free_own(o);
        return NULL;
    }
    tacet_operator_add(g->graph, &op); /* which has freed it if the graph has an error */
    const tacet_error *e = tacet_graph_error(g->graph);
    if (e) return core_raise(e);
    o->next = g->own;
    g->own = o;
    Py_RETURN_NONE;
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

/* An array [rows, shape...] as the library takes it. */
static bool array_of(PyObject *from, core_buffer *b, tacet_array *a, int64_t *rows)
{
    if (!core_buffer_take(from, "an input", b)) return false;
    const bool known = b->type == TACET_F32 || b->type == TACET_I32;
    if (!known || b->view.ndim < 1 || b->view.ndim > 9 || (*rows && b->view.shape[0] != *rows)) {
        PyErr_SetString(PyExc_ValueError,
                        "inputs should be [rows, shape...] of float32, or labels of int32, all with the same rows");
        return false;
    }
    *rows = b->view.shape[0];
    *a = (tacet_array){.size = sizeof *a, .type = b->type, .rank = b->view.ndim - 1, .data = b->view.buf};
    for (int i = 0; i < a->rank; i++) a->shape[i] = b->view.shape[i + 1];
    return true;
}

PyObject *core_check_operator(PyObject *self, PyObject *args)
{
    enum { MOST = 16 };
    core_graph *g = (core_graph *)self;
    core_buffer b[MOST] = {0};
    tacet_array a[MOST];
    tacet_gradient_check found = {.size = sizeof found};
    tacet_error e;
    const char *spec;
    PyObject *inputs, *result = NULL;
    if (!PyArg_ParseTuple(args, "sO:check_operator", &spec, &inputs)) return NULL;
    PyObject *list = PySequence_Tuple(inputs);
    const Py_ssize_t n = list ? PyTuple_Size(list) : 0;
    if (list && n > MOST) PyErr_SetString(PyExc_ValueError, "an operator has at most 16 inputs");
    int64_t rows = 0;
    bool good = list && n <= MOST;
    for (Py_ssize_t i = 0; i < n && good; i++) good = array_of(PyTuple_GetItem(list, i), &b[i], &a[i], &rows);
    if (good && core_graph_of(self)) {
        tacet_status s;
        g->running++;
        Py_BEGIN_ALLOW_THREADS
        s = tacet_check_operator(g->graph, spec, rows, (int)n, a, &found, &e);
        Py_END_ALLOW_THREADS
        g->running--;
        if (!core_own_raise(g)) result = s == TACET_OK ? core_tuple(CORE_GradientCheck, &found) : core_raise(&e);
    }
    for (Py_ssize_t i = 0; i < n && i < MOST; i++) core_buffer_drop(&b[i]);
    Py_XDECREF(list);
    return result;
}
