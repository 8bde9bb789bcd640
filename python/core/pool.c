/* pool.c: Pool, threads that several plans share. */
#include "core.h"

static PyObject *pool_new(PyTypeObject *type, PyObject *args, PyObject *keys)
{
    static char *names[] = {"threads", NULL};
    int threads;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "i:Pool", names, &threads)) return NULL;
    if (threads < 1) return PyErr_Format(PyExc_ValueError, "a pool has at least 1 thread, not %d", threads);
    core_pool *self = (core_pool *)core_new(type);
    if (!self) return NULL;
    self->pool = tacet_pool_new(threads, NULL);
    if (self->pool) return (PyObject *)self;
    Py_DECREF(self);
    return PyErr_Format(PyExc_RuntimeError, "a pool of %d threads could not be made", threads);
}

static void pool_free(PyObject *self)
{
    tacet_pool_free(((core_pool *)self)->pool);
    core_delete(self);
}

static PyType_Slot slots[] = {
    {Py_tp_new, pool_new},
    {Py_tp_dealloc, pool_free},
    {Py_tp_doc, CORE_DOC("Pool(threads)", "Threads, including the calling one, that several plans can share.")},
    {0},
};
static PyType_Spec spec = {
    .name = "tacetnn._core.Pool",
    .basicsize = sizeof(core_pool),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = slots,
};

int core_add_pool(PyObject *module)
{
    core_type.pool = core_add_type(module, &spec);
    return core_type.pool ? 0 : -1;
}
