/* buffers.c: arrays of other packages, borrowed through the buffer protocol. */
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
    const char *format = b->view.format ? b->view.format : "B";
    format += *format == '@' || *format == '='; /* in the order of bytes of this machine */
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(format, formats[i].format) == 0 && (size_t)b->view.itemsize == formats[i].width) {
            b->type = formats[i].type;
            return (uintptr_t)b->view.buf % formats[i].width == 0;
        }
    return false;
}

bool core_buffer_take(PyObject *from, const char *what, core_buffer *b)
{
    core_buffer_drop(b);
    if (PyObject_GetBuffer(from, &b->view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0) return false;
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
    core_buffer_drop(b);
    if (PyObject_GetBuffer(to, &b->view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0)) < 0)
        return false;
    if (find_type(b) && b->type == TACET_F32) return true;
    PyErr_Format(PyExc_TypeError, "%s should be numbers of float32", what);
    core_buffer_drop(b);
    return false;
}

void core_buffer_drop(core_buffer *b)
{
    if (b->view.obj) PyBuffer_Release(&b->view);
    b->view.obj = NULL;
}
