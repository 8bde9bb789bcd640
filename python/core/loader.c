/* loader.c: Loader, which goes through data in batches. */
#include "core.h"

tacet_loader *core_loader_of(PyObject *self)
{
    core_loader *l = (core_loader *)self;
    if (!l->busy) return l->loader;
    PyErr_SetString(PyExc_RuntimeError, "this loader is in use: a call that it was given to has not ended");
    return NULL;
}

static PyObject *loader_new(PyTypeObject *type, PyObject *args, PyObject *keys)
{
    static char *names[] = {"data", "batch", "seed", "shuffle", "augment", NULL};
    PyObject *data;
    long long batch;
    uint64_t seed = 0;
    int shuffle = 1;
    const char *augment = NULL;
    tacet_error e;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "O!L|O&pz:Loader", names, core_type.data, &data, &batch, core_seed,
                                     &seed, &shuffle, &augment))
        return NULL;
    core_loader *self = (core_loader *)core_new(type);
    if (!self) return NULL;
    self->loader = tacet_loader_new(((core_data *)data)->data, batch, seed, shuffle, &e);
    if (self->loader) {
        self->data = (core_data *)Py_NewRef(data);
        self->data->loaders++;
        if (tacet_loader_augment(self->loader, augment, &e) == TACET_OK) return (PyObject *)self;
    }
    Py_DECREF(self);
    return core_raise(&e);
}

static int visit_loader(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)((core_loader *)self)->data);
    return 0;
}

static void free_loader(PyObject *self)
{
    core_loader *l = (core_loader *)self;
    PyObject_GC_UnTrack(self);
    tacet_loader_free(l->loader);
    if (l->data) l->data->loaders--;
    Py_XDECREF((PyObject *)l->data);
    core_delete(self);
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
    const tacet_loader *l = core_loader_of(self);
    if (!l) return NULL;
    tacet_loader_tell(l, &epoch, &position);
    return Py_BuildValue("LL", (long long)epoch, (long long)position);
}

static PyObject *loader_seek(PyObject *self, PyObject *args)
{
    long long epoch, position;
    tacet_loader *l = PyArg_ParseTuple(args, "LL:seek", &epoch, &position) ? core_loader_of(self) : NULL;
    if (!l) return NULL;
    tacet_loader_seek(l, epoch, position);
    Py_RETURN_NONE;
}

static PyMethodDef loader_methods[] = {
    {"tell", loader_tell, METH_NOARGS, CORE_DOC("tell($self, /)", "Its place: (epoch, batch), both from 0.")},
    {"seek", loader_seek, METH_VARARGS, CORE_DOC("seek($self, epoch, batch, /)", "Moves it to a place.")},
    {0},
};
static PyGetSetDef loader_members[] = {
    {"batches", loader_batches, NULL, "Batches in an epoch.", NULL},
    {0},
};
static PyType_Slot loader_slots[] = {
    {Py_tp_new, loader_new},
    {Py_tp_dealloc, free_loader},
    {Py_tp_traverse, visit_loader},
    {Py_tp_methods, loader_methods},
    {Py_tp_getset, loader_members},
    {Py_tp_doc, CORE_DOC("Loader(data, batch, seed=0, shuffle=True, augment=None)",
                         "Goes through the rows in batches, in an order drawn from (seed, epoch).")},
    {0},
};
static PyType_Spec loader_spec = {
    .name = "tacetnn._core.Loader",
    .basicsize = sizeof(core_loader),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = loader_slots,
};

int core_add_loader(PyObject *module)
{
    core_type.loader = core_add_type(module, &loader_spec);
    return core_type.loader ? 0 : -1;
}
