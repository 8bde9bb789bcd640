/* buffers.c: arrays of other packages, borrowed through the buffer protocol, and new ones of NumPy. */
#include "core.h"

#include <string.h>

/* The formats of the struct module, by the type that the library has for them. */
static const struct {
    const char *format, *name;
    size_t width;
    tacet_type type;
} formats[] = {
    {"f", "float32", 4, TACET_F32}, {"B", "uint8", 1, TACET_U8},  {"i", "int32", 4, TACET_I32},
    {"d", "float64", 8, TACET_F64}, {"q", "int64", 8, TACET_I64}, {"l", "int64", 8, TACET_I64},
    {"l", "int32", 4, TACET_I32},   {"?", "bool", 1, TACET_U8},
};

const char *core_type_name(tacet_type type)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].type == type) return formats[i].name;
    return "";
}

static bool find_type(core_buffer *b)
{
    const char *format = b->view.format ? b->view.format : "B", own = PY_LITTLE_ENDIAN ? '<' : '>';
    format += *format == '@' || *format == '=' || *format == own;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(format, formats[i].format) == 0 && (size_t)b->view.itemsize == formats[i].width) {
            b->type = formats[i].type;
            return (uintptr_t)b->view.buf % formats[i].width == 0;
        }
    return false;
}

/* Asks for the buffer. Others' errors do not say which array they are about. */
static bool take(PyObject *from, int flags, const char *what, core_buffer *b)
{
    *b = (core_buffer){0};
    if (!PyObject_CheckBuffer(from)) {
        PyErr_Format(PyExc_TypeError, "%s should be an array, an object with a buffer, not %R", what, Py_TYPE(from));
        return false;
    }
    if (PyObject_GetBuffer(from, &b->view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | flags) == 0) {
        b->own = b->view.shape == &b->view.len;
        return true;
    }
    b->view.obj = NULL;
    if (PyErr_ExceptionMatches(PyExc_ValueError) || PyErr_ExceptionMatches(PyExc_BufferError))
        PyErr_Format(PyExc_ValueError, flags ? "%s should be writable and C-contiguous" : "%s should be C-contiguous",
                     what);
    return false;
}

bool core_buffer_take(PyObject *from, const char *what, core_buffer *b)
{
    if (!take(from, 0, what, b)) return false;
    if (find_type(b)) return true;
    PyErr_Format(
        PyExc_TypeError,
        "%s should be aligned numbers of float32, float64, uint8, bool, int32 or int64 in the order of bytes of "
        "this machine, not \"%s\"",
        what, b->view.format ? b->view.format : "B");
    core_buffer_drop(b);
    return false;
}

bool core_buffer_floats(PyObject *to, bool writable, const char *what, core_buffer *b)
{
    if (!take(to, writable ? PyBUF_WRITABLE : 0, what, b)) return false;
    if (find_type(b) && b->type == TACET_F32) return true;
    PyErr_Format(PyExc_TypeError, "%s should be numbers of float32", what);
    core_buffer_drop(b);
    return false;
}

void core_buffer_drop(core_buffer *b)
{
    PyObject *type, *value, *place;
    Py_buffer view = b->view;
    if (!view.obj) return;
    b->view.obj = NULL; /* first: releasing may run code of the array's owner, which may come here again */
    if (b->own) {       /* the owner may look at them, and the view has moved since */
        view.shape = &view.len;
        view.strides = &view.itemsize;
    }
    PyErr_Fetch(&type, &value, &place);
    PyBuffer_Release(&view);
    PyErr_Restore(type, value, place);
}

PyObject *core_array(const char *type, int rank, const int64_t *shape, core_buffer *b)
{
    *b = (core_buffer){0};
    PyObject *numpy = PyImport_ImportModule("numpy"), *size = numpy ? PyTuple_New(rank) : NULL, *array = NULL;
    for (int i = 0; size && i < rank; i++) {
        PyObject *n = PyLong_FromLongLong(shape[i]);
        if (!n)
            Py_CLEAR(size);
        else
            PyTuple_SetItem(size, i, n);
    }
    if (size) array = PyObject_CallMethod(numpy, "empty", "Os", size, type);
    Py_XDECREF(numpy);
    Py_XDECREF(size);
    if (array && !core_buffer_take(array, "the result", b)) Py_CLEAR(array);
    return array;
}

PyObject *core_array_copy(const char *type, int rank, const int64_t *shape, const void *numbers)
{
    core_buffer b;
    PyObject *array = core_array(type, rank, shape, &b);
    if (array && b.view.len) memcpy(b.view.buf, numbers, (size_t)b.view.len);
    core_buffer_drop(&b);
    return array;
}
