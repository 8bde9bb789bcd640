/* data.c: Data, rows of numbers from files or from the caller's memory, and Loader, which draws batches of them. */
#include "core.h"

/* ---- Data -------------------------------------------------------------------------------------------------------- */

static PyObject *data_of(PyTypeObject *type, tacet_data *data, PyObject *of, const tacet_error *e)
{
    if (!data) return core_raise(e);
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    core_data *self = (core_data *)alloc(type, 0);
    if (!self) {
        tacet_data_free(data);
        return NULL;
    }
    self->data = data;
    self->of = Py_XNewRef(of);
    return (PyObject *)self;
}

static PyObject *data_open(PyObject *type, PyObject *args, PyObject *keys)
{
    static char *names[] = {"source", "part", NULL};
    const char *source, *part = "train";
    tacet_error e;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "s|s:open", names, &source, &part)) return NULL;
    tacet_data *d;
    Py_BEGIN_ALLOW_THREADS d = tacet_data_open(source, part, NULL, &e);
    Py_END_ALLOW_THREADS return data_of((PyTypeObject *)type, d, NULL, &e);
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

static PyObject *data_arrays(PyObject *type, PyObject *args, PyObject *keys)
{
    static char *names[] = {"x", "y", "labels", "options", NULL};
    PyObject *x, *y = Py_None, *result = NULL;
    int labels = 0;
    const char *options = NULL;
    core_buffer b[2] = {0};
    tacet_array r[2];
    tacet_error e;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "O|Opz:arrays", names, &x, &y, &labels, &options)) return NULL;
    if (rows_of(x, "x", &b[0], &r[0]) && (y == Py_None || rows_of(y, "y", &b[1], &r[1]))) {
        const int64_t rows = b[0].view.shape[0];
        if (y != Py_None && b[1].view.shape[0] != rows)
            PyErr_Format(PyExc_ValueError, "x has %lld rows, but y has %zd", (long long)rows, b[1].view.shape[0]);
        else {
            tacet_data *d = tacet_data_new(rows, &r[0], y == Py_None ? NULL : &r[1], labels, options, NULL, &e);
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

static void data_free(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    core_data *d = (core_data *)self;
    tacet_data_free(d->data);
    core_buffer_drop(&d->x);
    core_buffer_drop(&d->y);
    Py_XDECREF(d->of);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyObject *data_info(PyObject *self, void *unused)
{
    (void)unused;
    tacet_data_info i = {.size = sizeof i};
    tacet_data_describe(((core_data *)self)->data, &i);
    return core_tuple(CORE_DataInfo, &i);
}

static PyObject *data_hold_out(PyObject *self, PyObject *args)
{
    double share;
    unsigned long long seed = 0;
    tacet_error e;
    if (!PyArg_ParseTuple(args, "d|K:hold_out", &share, &seed)) return NULL;
    tacet_data *d = tacet_data_hold_out(((core_data *)self)->data, share, seed, &e);
    return data_of(Py_TYPE(self), d, self, &e);
}

#define KEYS METH_VARARGS | METH_KEYWORDS
static PyMethodDef data_methods[] = {
    {"open", (PyCFunction)(void (*)(void))data_open, KEYS | METH_CLASS,
     "open(source, part='train')\n\nOpens a source: \"idx DIR\", \"csv FILE label=COLUMN\" ..."},
    {"arrays", (PyCFunction)(void (*)(void))data_arrays, KEYS | METH_CLASS,
     "arrays(x, y=None, labels=False, options=None)\n\nRows in the caller's memory, which are borrowed, not copied: x "
     "[rows, shape...]; y labels or targets [rows, ...]."},
    {"hold_out", data_hold_out, METH_VARARGS, "hold_out(share, seed=0)\n\nMoves a share of the rows into new data."},
    {0},
};
static PyGetSetDef data_members[] = {
    {"info", data_info, NULL, "A DataInfo.", NULL},
    {0},
};
static PyType_Slot data_slots[] = {
    {Py_tp_dealloc, data_free},
    {Py_tp_methods, data_methods},
    {Py_tp_getset, data_members},
    {Py_tp_doc, "Rows of numbers with labels or targets. Data.open and Data.arrays make it."},
    {0},
};
static PyType_Spec data_spec = {
    .name = "tacetnn._core.Data",
    .basicsize = sizeof(core_data),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = data_slots,
};

/* ---- Loader ------------------------------------------------------------------------------------------------------ */

static PyObject *loader_new(PyTypeObject *type, PyObject *args, PyObject *keys)
{
    static char *names[] = {"data", "batch", "seed", "shuffle", "augment", NULL};
    PyObject *data;
    long long batch;
    unsigned long long seed = 0;
    int shuffle = 1;
    const char *augment = NULL;
    tacet_error e;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "O!L|Kpz:Loader", names, core_type.data, &data, &batch, &seed,
                                     &shuffle, &augment))
        return NULL;
    tacet_loader *l = tacet_loader_new(((core_data *)data)->data, batch, seed, shuffle, &e);
    if (!l || tacet_loader_augment(l, augment, &e) != TACET_OK) {
        tacet_loader_free(l);
        return core_raise(&e);
    }
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    core_loader *self = (core_loader *)alloc(type, 0);
    if (!self) {
        tacet_loader_free(l);
        return NULL;
    }
    self->loader = l;
    self->data = (core_data *)Py_NewRef(data);
    return (PyObject *)self;
}

static void loader_free(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    core_loader *l = (core_loader *)self;
    tacet_loader_free(l->loader);
    Py_XDECREF((PyObject *)l->data);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyObject *loader_batches(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLongLong(tacet_loader_batches(((core_loader *)self)->loader));
}

static PyObject *loader_tell(PyObject *self, PyObject *unused)
{
    (void)unused;
    int64_t epoch, position;
    tacet_loader_tell(((core_loader *)self)->loader, &epoch, &position);
    return Py_BuildValue("LL", (long long)epoch, (long long)position);
}

static PyObject *loader_seek(PyObject *self, PyObject *args)
{
    long long epoch, position;
    if (!PyArg_ParseTuple(args, "LL:seek", &epoch, &position)) return NULL;
    tacet_loader_seek(((core_loader *)self)->loader, epoch, position);
    Py_RETURN_NONE;
}

static PyMethodDef loader_methods[] = {
    {"tell", loader_tell, METH_NOARGS, "tell()\n\nIts place: (epoch, batch), both from 0."},
    {"seek", loader_seek, METH_VARARGS, "seek(epoch, batch)\n\nMoves it to a place."},
    {0},
};
static PyGetSetDef loader_members[] = {
    {"batches", loader_batches, NULL, "Batches in an epoch.", NULL},
    {0},
};
static PyType_Slot loader_slots[] = {
    {Py_tp_new, loader_new},
    {Py_tp_dealloc, loader_free},
    {Py_tp_methods, loader_methods},
    {Py_tp_getset, loader_members},
    {Py_tp_doc,
     "Loader(data, batch, seed=0, shuffle=True, augment=None)\n\nGoes through the rows in batches, in an order "
     "drawn from (seed, epoch)."},
    {0},
};
static PyType_Spec loader_spec = {
    .name = "tacetnn._core.Loader",
    .basicsize = sizeof(core_loader),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = loader_slots,
};

int core_add_data(PyObject *module)
{
    core_type.data = core_add_type(module, &data_spec);
    core_type.loader = core_add_type(module, &loader_spec);
    return core_type.data && core_type.loader ? 0 : -1;
}
