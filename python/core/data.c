/* data.c: Data, rows of numbers from files or from the caller's memory. Loaders in several threads may read the same
 * data: only holding out changes them, and that comes before the first loader. */
#include "core.h"

#include <string.h>

static PyObject *data_of(PyTypeObject *type, tacet_data *data, PyObject *of, const tacet_error *e)
{
    if (!data) return core_raise(e);
    core_data *self = (core_data *)core_new(type);
    if (!self) {
        tacet_data_free(data);
        return NULL;
    }
    self->data = data;
    self->of = (core_data *)Py_XNewRef(of);
    return (PyObject *)self;
}

static PyObject *data_open(PyObject *type, PyObject *args, PyObject *keys)
{
    static char *names[] = {"source", "part", NULL};
    PyObject *source;
    const char *part = "train";
    tacet_error e;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "O&|s:open", names, core_path, &source, &part)) return NULL;
    const char *text = PyBytes_AsString(source);
    tacet_data *d;
    Py_BEGIN_ALLOW_THREADS
    d = tacet_data_open(text, part, NULL, &e);
    Py_END_ALLOW_THREADS
    Py_DECREF(source);
    return data_of((PyTypeObject *)type, d, NULL, &e);
}

static PyObject *data_open_as(PyObject *type, PyObject *args, PyObject *keys)
{
    static char *names[] = {"source", "schema", "part", "answers", NULL};
    PyObject *source, *schema;
    const char *part = "train";
    int answers = 1;
    tacet_error e;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "O&U|sp:open_as", names, core_path, &source, &schema, &part, &answers))
        return NULL;
    PyObject *bytes = core_bytes(schema);
    const char *text = PyBytes_AsString(source), *as = bytes ? PyBytes_AsString(bytes) : NULL;
    tacet_data *d = NULL;
    if (bytes) {
        Py_BEGIN_ALLOW_THREADS
        d = tacet_data_open_as(text, part, as, answers, NULL, &e);
        Py_END_ALLOW_THREADS
    }
    Py_DECREF(source);
    if (!bytes) return NULL;
    Py_DECREF(bytes);
    return data_of((PyTypeObject *)type, d, NULL, &e);
}

static bool rows_of(PyObject *from, const char *what, core_buffer *b, tacet_array *r)
{
    if (!core_buffer_take(from, what, b)) return false;
    const Py_buffer *v = &b->view;
    *r = (tacet_array){.size = sizeof *r, .type = b->type, .rank = v->ndim - 1, .data = v->buf};
    if (v->ndim < 1 || v->ndim > 9) {
        PyErr_Format(PyExc_ValueError, "%s should be rows, and have from 1 to 9 dimensions, not %d", what, v->ndim);
        return false;
    }
    for (int i = 1; i < v->ndim; i++) r->shape[i - 1] = v->shape[i];
    return true;
}

/* Bytes of x are scaled as those of images, which would be wrong for yes and no. */
static bool are_truths(const core_buffer *b)
{
    if (!b->view.format || strcmp(b->view.format, "?") != 0) return false;
    PyErr_SetString(PyExc_TypeError, "x should be numbers, not bool: x.astype(\"float32\")");
    return true;
}

static PyObject *data_arrays(PyObject *type, PyObject *args, PyObject *keys)
{
    static char *names[] = {"x", "y", "labels", "options", "schema", NULL};
    PyObject *x, *y = Py_None, *result = NULL;
    int labels = 0;
    const char *options = NULL, *schema = NULL;
    core_buffer b[2] = {0};
    tacet_array r[2];
    tacet_error e;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "O|Opzz:arrays", names, &x, &y, &labels, &options, &schema))
        return NULL;
    if (rows_of(x, "x", &b[0], &r[0]) && !are_truths(&b[0]) && (y == Py_None || rows_of(y, "y", &b[1], &r[1]))) {
        const int64_t rows = b[0].view.shape[0];
        if (y != Py_None && b[1].view.shape[0] != rows)
            PyErr_Format(PyExc_ValueError, "x has %lld rows, but y has %zd", (long long)rows, b[1].view.shape[0]);
        else {
            tacet_data *d;
            const tacet_array *target = y == Py_None ? NULL : &r[1];
            Py_BEGIN_ALLOW_THREADS
            d = schema ? tacet_data_new_as(rows, &r[0], target, labels, options, schema, NULL, &e)
                       : tacet_data_new(rows, &r[0], target, labels, options, NULL, &e);
            Py_END_ALLOW_THREADS
            result = data_of((PyTypeObject *)type, d, NULL, &e);
        }
    }
    if (result) {
        ((core_data *)result)->x = b[0];
        ((core_data *)result)->y = b[1];
    } else {
        core_buffer_drop(&b[0]);
        core_buffer_drop(&b[1]);
    }
    return result;
}

static int visit_data(PyObject *self, visitproc visit, void *arg)
{
    const core_data *d = (core_data *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)d->of);
    Py_VISIT(d->x.view.obj);
    Py_VISIT(d->y.view.obj);
    Py_VISIT(d->w.view.obj);
    return 0;
}

static void free_data(PyObject *self)
{
    core_data *d = (core_data *)self;
    PyObject_GC_UnTrack(self);
    tacet_data_free(d->data);
    core_buffer_drop(&d->x);
    core_buffer_drop(&d->y);
    core_buffer_drop(&d->w);
    Py_XDECREF((PyObject *)d->of);
    core_delete(self);
}

static PyObject *data_info(PyObject *self, void *unused)
{
    (void)unused;
    tacet_data_info i = {.size = sizeof i};
    tacet_data_describe(((core_data *)self)->data, &i);
    return core_tuple(CORE_DataInfo, &i);
}

static size_t schema_text(const void *of, const char *what, char *text, size_t capacity)
{
    (void)what;
    return tacet_data_schema(of, text, capacity);
}

static PyObject *data_schema(PyObject *self, void *unused)
{
    (void)unused;
    return core_written(schema_text, ((core_data *)self)->data, NULL);
}

static PyObject *data_id(PyObject *self, PyObject *args)
{
    long long i;
    return PyArg_ParseTuple(args, "L:id", &i) ? core_text(tacet_data_id(((core_data *)self)->data, i)) : NULL;
}

static PyObject *data_weigh(PyObject *self, PyObject *weight)
{
    core_data *d = (core_data *)self;
    core_buffer b = {0};
    tacet_array r;
    tacet_error e;
    tacet_data_info info = {.size = sizeof info};
    tacet_data_describe(d->data, &info);
    if (rows_of(weight, "sample_weight", &b, &r)) {
        if (b.view.shape[0] != info.rows)
            PyErr_Format(PyExc_ValueError, "x has %lld rows, but sample_weight has %zd", (long long)info.rows,
                         b.view.shape[0]);
        else if (d->loaders)
            PyErr_Format(PyExc_RuntimeError, "data get weights before loaders of them are made");
        else if (tacet_data_weigh(d->data, &r, &e) != TACET_OK)
            core_raise(&e);
        else {
            d->w = b;
            return Py_NewRef(Py_None);
        }
    }
    core_buffer_drop(&b);
    return NULL;
}

typedef struct balanced {
    const tacet_data *data;
    tacet_error error;
} balanced;

static size_t balanced_text(const void *of, const char *loss, char *text, size_t capacity)
{
    balanced *b = (balanced *)(uintptr_t)of;
    return tacet_data_balance(b->data, loss, text, capacity, &b->error);
}

static PyObject *data_balance(PyObject *self, PyObject *args)
{
    const char *loss;
    balanced b = {.data = ((core_data *)self)->data};
    if (!PyArg_ParseTuple(args, "s:balance", &loss)) return NULL;
    PyObject *text = core_written(balanced_text, &b, loss);
    if (text && b.error.status == TACET_OK) return text;
    Py_XDECREF(text);
    return b.error.status == TACET_OK ? NULL : core_raise(&b.error);
}

static PyObject *data_restore(PyObject *self, PyObject *args)
{
    PyObject *y;
    core_buffer b;
    if (!PyArg_ParseTuple(args, "O:restore", &y) || !core_buffer_floats(y, true, "y", &b)) return NULL;
    const int64_t rows = b.view.ndim ? b.view.shape[0] : 1, elements = b.view.len / b.view.itemsize;
    tacet_status s = TACET_OK;
    if (rows) s = tacet_data_restore(((core_data *)self)->data, rows, elements / rows, b.view.buf);
    core_buffer_drop(&b);
    if (s == TACET_OK) return Py_NewRef(Py_None);
    return PyErr_Format(PyExc_ValueError, "y has %lld targets, but the data have another number",
                        (long long)(elements / rows));
}

static PyObject *data_hold_out(PyObject *self, PyObject *args)
{
    double share;
    uint64_t seed = 0;
    tacet_error e;
    if (!PyArg_ParseTuple(args, "d|O&:hold_out", &share, core_seed, &seed)) return NULL;
    if (((core_data *)self)->loaders)
        return PyErr_Format(PyExc_RuntimeError, "rows are held out before loaders of the data are made");
    tacet_data *d = tacet_data_hold_out(((core_data *)self)->data, share, seed, &e);
    return data_of(Py_TYPE(self), d, self, &e);
}

static PyMethodDef data_methods[] = {
    {"open", CORE_FUNCTION(data_open), CORE_KEYS | METH_CLASS,
     CORE_DOC("open($type, source, part='train')", "Opens a source: \"idx DIR\", \"csv FILE label=COLUMN\" ...")},
    {"open_as", CORE_FUNCTION(data_open_as), CORE_KEYS | METH_CLASS,
     CORE_DOC(
         "open_as($type, source, schema, part='train', answers=True)",
         "Opens data as a model with that schema expects them; without `answers`, labels and targets may be missing.")},
    {"arrays", CORE_FUNCTION(data_arrays), CORE_KEYS | METH_CLASS,
     CORE_DOC("arrays($type, x, y=None, labels=False, options=None, schema=None)",
              "Rows in the caller's memory, which are borrowed, not copied, and must not change: x [rows, shape...]; y "
              "labels or targets [rows, ...]. With the schema of other data they are scaled as those.")},
    {"hold_out", data_hold_out, METH_VARARGS,
     CORE_DOC("hold_out($self, share, seed=0, /)", "Moves a share of the rows into new data.")},
    {"weigh", data_weigh, METH_O,
     CORE_DOC("weigh($self, sample_weight, /)",
              "Gives the rows weights of at least 0, [rows], which are borrowed: before any is held out.")},
    {"balance", data_balance, METH_VARARGS,
     CORE_DOC("balance($self, loss, /)",
              "A loss with the numbers that its class_weight=balanced means for these data.")},
    {"id", data_id, METH_VARARGS,
     CORE_DOC("id($self, i, /)", "The text of row i in the column that id= names, or the path of its image.")},
    {"restore", data_restore, METH_VARARGS,
     CORE_DOC("restore($self, y, /)", "Turns outputs y [rows, targets], in place, into the unit of the targets.")},
    {0},
};
static PyGetSetDef data_members[] = {
    {"info", data_info, NULL, "A DataInfo.", NULL},
    {"schema", data_schema, NULL, "What a model stores about its data, as JSON.", NULL},
    {0},
};
static PyType_Slot data_slots[] = {
    {Py_tp_dealloc, free_data},
    {Py_tp_traverse, visit_data},
    {Py_tp_methods, data_methods},
    {Py_tp_getset, data_members},
    {Py_tp_doc, "Rows of numbers with labels or targets. Data.open and Data.arrays make it."},
    {0},
};
static PyType_Spec data_spec = {
    .name = "tacetnn._core.Data",
    .basicsize = sizeof(core_data),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = data_slots,
};

int core_add_data(PyObject *module)
{
    core_type.data = core_add_type(module, &data_spec);
    return core_type.data ? 0 : -1;
}
