/* error.c: a failed call as an exception: one class for each status, each of which is also the built-in exception that
 * such a mistake has elsewhere in Python. */
#include "core.h"

static const struct {
    tacet_status status;
    const char *name, *doc;
    PyObject **also;
} classes[] = {
    {TACET_FAILED, "tacetnn.RunError", "Calls in the wrong order, or data that do not fit the network.",
     &PyExc_RuntimeError},
    {TACET_DESCRIPTION, "tacetnn.DescriptionError", "A mistake in a description, a shape or a selector.",
     &PyExc_ValueError},
    {TACET_FILE, "tacetnn.FileError", "A file was refused: truncated, in the wrong format, or not of its size.",
     &PyExc_ValueError},
    {TACET_MEMORY, "tacetnn.OutOfMemoryError", "An allocation failed, or the system refused a thread.",
     &PyExc_MemoryError},
    {TACET_IO, "tacetnn.IOFailure", "The system could not open, read or write a file.", &PyExc_OSError},
    {TACET_NOT_FINITE, "tacetnn.NotFiniteError",
     "The objective, a gradient or the update is not finite; all is as before the step.", &PyExc_ArithmeticError},
};
enum { CLASSES = sizeof classes / sizeof *classes };

static PyObject *base, *class[CLASSES];

static int set(PyObject *o, const char *name, PyObject *value)
{
    const int s = value ? PyObject_SetAttrString(o, name, value) : -1;
    Py_XDECREF(value);
    return s;
}

static size_t error_text(const void *of, const char *what, char *text, size_t capacity)
{
    (void)what;
    return tacet_error_text(of, text, capacity);
}

static PyObject *class_of(tacet_status s)
{
    for (int i = 0; i < CLASSES; i++)
        if (classes[i].status == s) return class[i];
    return base;
}

void *core_raise(const tacet_error *from)
{
    const tacet_error copy = *from, *e = &copy; /* the plan that it belongs to may run in another thread again */
    PyObject *type = class_of(e->status), *text = core_written(error_text, e, NULL);
    PyObject *error = text ? PyObject_CallFunctionObjArgs(type, text, NULL) : NULL;
    Py_XDECREF(text);
    if (error && set(error, "message", core_text(e->message)) == 0 && set(error, "source", core_text(e->source)) == 0 &&
        set(error, "hint", core_text(e->hint)) == 0 && set(error, "column", PyLong_FromLong(e->column)) == 0 &&
        set(error, "width", PyLong_FromLong(e->width)) == 0)
        PyErr_SetObject(type, error);
    Py_XDECREF(error);
    return NULL;
}

PyObject *core_result(tacet_status s, const tacet_error *e)
{
    return s == TACET_OK ? Py_NewRef(Py_None) : core_raise(e);
}

int core_add_errors(PyObject *module)
{
    base = PyErr_NewExceptionWithDoc(
        "tacetnn.Error",
        "A call of the library failed. `message` is one sentence; if the mistake is in a text, `source` is that text, "
        "and "
        "`column` (from 0; otherwise -1) and `width` give the place in it; `hint` says what to do, or is empty.",
        NULL, NULL);
    if (!base || PyModule_AddObjectRef(module, "Error", base) < 0) return -1;
    for (int i = 0; i < CLASSES; i++) {
        PyObject *bases = PyTuple_Pack(2, base, *classes[i].also);
        class[i] = bases ? PyErr_NewExceptionWithDoc(classes[i].name, classes[i].doc, bases, NULL) : NULL;
        Py_XDECREF(bases);
        if (!class[i] || PyModule_AddObjectRef(module, classes[i].name + sizeof "tacetnn." - 1, class[i]) < 0)
            return -1;
    }
    return 0;
}
