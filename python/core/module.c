/* module.c: the module tacetnn._core. */
#include "core.h"

core_types core_type;

PyTypeObject *core_add_type(PyObject *module, PyType_Spec *spec)
{
    PyTypeObject *type = (PyTypeObject *)PyType_FromSpec(spec);
    if (type && PyModule_AddType(module, type) == 0) return type;
    Py_XDECREF((PyObject *)type);
    return NULL;
}

PyObject *core_new(PyTypeObject *type) { return ((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0); }

void core_delete(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyObject *version(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    return core_text(tacet_version());
}

static size_t machine_text(const void *of, const char *what, char *text, size_t capacity)
{
    (void)of, (void)what;
    return tacet_machine(text, capacity);
}

static PyObject *machine(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    return core_written(machine_text, NULL, NULL);
}

static PyMethodDef functions[] = {
    {"version", version, METH_NOARGS, CORE_DOC("version($module, /)", "The version of the library, \"0.1.0\".")},
    {"machine", machine, METH_NOARGS,
     CORE_DOC("machine($module, /)",
              "Compiler and flags, CPU features in use, BLAS: one \"key: value\" on each line.")},
    {0},
};

/* A module of one phase, with one state for all interpreters, which share its types: an interpreter with a lock of its
 * own refuses to import it, and one without a lock turns its lock on, so that "with the interpreter's lock" is always
 * true. */
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "tacetnn._core",
    .m_doc = "tacet.h in Python, one to one. tacetnn is the module to import.",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__core(void)
{
    int (*const add[])(PyObject *) = {
        core_add_errors, core_add_records, core_add_catalogue, core_add_graph, core_add_pool,
        core_add_ranks,  core_add_data,    core_add_loader,    core_add_plan,  core_add_file,
        core_add_own,
    };
    PyObject *module = PyModule_Create(&definition);
    for (size_t i = 0; module && i < sizeof add / sizeof *add; i++)
        if (add[i](module) < 0) Py_CLEAR(module);
    return module;
}
