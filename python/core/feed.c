/* feed.c: what a plan is fed: arrays of the caller, which are borrowed until the call that reads them has ended. */
#include "core.h"

#include <string.h>

static void drop(core_feed *f)
{
    core_buffer_drop(&f->buffer);
    PyMem_Free(f->index);
    PyMem_Free(f->scaling);
    f->index = NULL;
    f->scaling = NULL;
    f->fed = false;
}

void core_feed_drop(core_plan *p)
{
    for (int i = 0; i < p->feeds; i++) drop(&p->feed[i]);
}

static core_feed *feed_of(core_plan *p, PyObject *name)
{
    tacet_value v = {0};
    for (int i = 0; i < p->feeds; i++)
        if (p->feed[i].name == name) return &p->feed[i];
    if (!core_value_of(p->graph->graph, name, &v)) return NULL;
    for (int i = 0; i < p->feeds; i++)
        if (p->feed[i].value.id == v.id) return &p->feed[i];
    PyErr_Format(PyExc_ValueError, "%S is not an input of this plan", name);
    return NULL;
}

static PyObject *shape_text(int rank, const int64_t *shape, const char *first)
{
    PyObject *text = PyUnicode_FromFormat("(%s", first);
    for (int i = 0; text && i < rank; i++) {
        PyObject *longer = PyUnicode_FromFormat(*first || i ? "%U, %lld" : "%U%lld", text, (long long)shape[i]);
        Py_DECREF(text);
        text = longer;
    }
    PyObject *closed = text ? PyUnicode_FromFormat(rank == 1 && !*first ? "%U,)" : "%U)", text) : NULL;
    Py_XDECREF(text);
    return closed;
}

static bool refuse_shape(const core_feed *f, const Py_buffer *v)
{
    int64_t shape[64];
    for (int i = 0; i < v->ndim; i++) shape[i] = v->shape[i];
    PyObject *takes = shape_text(f->rank, f->shape, "rows"), *got = shape_text(v->ndim, shape, "");
    if (takes && got) PyErr_Format(PyExc_ValueError, "%U should have the shape %U, not %U", f->name, takes, got);
    Py_XDECREF(takes);
    Py_XDECREF(got);
    return false;
}

/* Whether the array is [rows, shape...], or [rows, elements]. */
static bool fits(const core_feed *f, const Py_buffer *v)
{
    int64_t elements = 1;
    bool same = v->ndim - 1 == f->rank;
    if (v->ndim < 1) return refuse_shape(f, v);
    for (int i = 1; i < v->ndim; i++) {
        elements *= v->shape[i];
        same = same && v->shape[i] == f->shape[i - 1];
    }
    const bool flat = v->ndim <= 2 && elements == f->elements;
    return same || flat || refuse_shape(f, v);
}

static bool feed(core_plan *p, PyObject *name, PyObject *array)
{
    core_feed *f = feed_of(p, name);
    if (!f) return false;
    drop(f);
    const char *what = PyUnicode_AsUTF8AndSize(f->name, NULL);
    if (!what || !core_buffer_take(array, what, &f->buffer)) return false;
    if (!fits(f, &f->buffer.view)) {
        drop(f);
        return false;
    }
    if (tacet_feed(p->plan, f->value, f->buffer.type, f->buffer.view.buf) != TACET_OK) {
        drop(f);
        return core_raise(tacet_plan_error(p->plan)) != NULL;
    }
    f->rows = f->buffer.view.shape[0];
    f->fed = true;
    return true;
}

static PyObject *plan_feed(PyObject *self, PyObject *args)
{
    PyObject *name, *array;
    if (!core_plan_of(self) || !PyArg_ParseTuple(args, "OO:feed", &name, &array)) return NULL;
    return feed((core_plan *)self, name, array) ? Py_NewRef(Py_None) : NULL;
}

/* ---- Rows by their numbers --------------------------------------------------------------------------------------- */

/* A copy of the numbers of rows, each of which is checked. */
static bool take_index(core_feed *f, PyObject *from)
{
    core_buffer b = {0};
    if (!core_buffer_take(from, "index", &b)) return false;
    const Py_ssize_t n = b.view.len / b.view.itemsize;
    const int64_t *x = b.view.buf;
    bool good = b.type == TACET_I64;
    if (!good) PyErr_SetString(PyExc_TypeError, "index should be numbers of int64");
    for (Py_ssize_t i = 0; good && i < n; i++)
        if (x[i] < 0 || x[i] >= f->buffer.view.shape[0]) {
            PyErr_Format(PyExc_IndexError, "index[%zd] is %lld, but the data have %zd rows", i, (long long)x[i],
                         f->buffer.view.shape[0]);
            good = false;
        }
    f->index = good ? PyMem_Malloc((size_t)(n ? n : 1) * sizeof *f->index) : NULL;
    if (good && !f->index) PyErr_NoMemory();
    if (f->index) memcpy(f->index, x, (size_t)n * sizeof *x);
    f->rows = n;
    core_buffer_drop(&b);
    return f->index != NULL;
}

/* scale and shift as pairs: a number, or one for each channel. */
static bool take_scaling(core_feed *f, PyObject *scale, PyObject *shift, tacet_scaling *to)
{
    core_buffer b[2] = {0};
    bool good = core_buffer_take(scale, "scale", &b[0]) && core_buffer_take(shift, "shift", &b[1]);
    const Py_ssize_t n = good ? b[0].view.len : 0;
    if (good && (b[0].type != TACET_F64 || b[1].type != TACET_F64 || n != b[1].view.len || n == 0)) {
        PyErr_SetString(PyExc_TypeError, "scale and shift should be as many numbers of float64 each");
        good = false;
    }
    f->scaling = good ? PyMem_Malloc(2 * (size_t)n) : NULL;
    if (good && !f->scaling) PyErr_NoMemory();
    if (f->scaling) {
        memcpy(f->scaling, b[0].view.buf, (size_t)n);
        memcpy((char *)f->scaling + n, b[1].view.buf, (size_t)n);
        const int64_t count = (int64_t)((size_t)n / sizeof(double));
        *to = (tacet_scaling){sizeof *to, count, f->scaling, f->scaling + count};
    }
    core_buffer_drop(&b[0]);
    core_buffer_drop(&b[1]);
    return f->scaling != NULL;
}

static PyObject *plan_feed_rows(PyObject *self, PyObject *args, PyObject *keys)
{
    static char *names[] = {"name", "data", "index", "scale", "shift", NULL};
    PyObject *name, *data, *index = Py_None, *scale = Py_None, *shift = Py_None;
    core_plan *p = (core_plan *)self;
    tacet_scaling s;
    if (!core_plan_of(self) ||
        !PyArg_ParseTupleAndKeywords(args, keys, "OO|O$OO:feed_rows", names, &name, &data, &index, &scale, &shift))
        return NULL;
    if (!feed(p, name, data)) return NULL;
    core_feed *f = feed_of(p, name);
    const bool scaled = scale != Py_None || shift != Py_None;
    if ((index != Py_None && !take_index(f, index)) || (scaled && !take_scaling(f, scale, shift, &s))) {
        drop(f);
        return NULL;
    }
    if (tacet_feed_rows(p->plan, f->value, f->buffer.type, f->buffer.view.buf, f->elements, f->index,
                        scaled ? &s : NULL) == TACET_OK)
        return Py_NewRef(Py_None);
    drop(f);
    return core_raise(tacet_plan_error(p->plan));
}

/* ---- One call ---------------------------------------------------------------------------------------------------- */

/* The rows of a call: as given, otherwise those that were fed. -2 with an exception. */
static int64_t rows_of(core_plan *p, PyObject *given)
{
    int64_t rows = given ? PyLong_AsLongLong(given) : -1;
    if (PyErr_Occurred()) return -2;
    for (int i = 0; i < p->feeds; i++) {
        const core_feed *f = &p->feed[i];
        if (!f->fed) continue;
        if (!given && rows < 0) rows = f->rows;
        if (f->rows == rows || (given && f->rows > rows)) continue;
        PyErr_Format(PyExc_ValueError, "%U was fed with %lld rows, but the call is for %lld", f->name,
                     (long long)f->rows, (long long)rows);
        return -2;
    }
    if (rows >= 0) return rows;
    PyErr_SetString(PyExc_ValueError, "nothing was fed, so the number of rows is not known");
    return -2;
}

static PyObject *call(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *keys,
                      tacet_status (*make)(tacet_plan *, int64_t))
{
    core_plan *p = (core_plan *)self;
    if (!core_plan_of(self)) return NULL;
    if (n > 1) return PyErr_Format(PyExc_TypeError, "only the number of rows is given by its position");
    const Py_ssize_t named = keys ? PyTuple_Size(keys) : 0;
    for (Py_ssize_t i = 0; i < named; i++)
        if (!feed(p, PyTuple_GetItem(keys, i), args[n + i])) return NULL;
    const int64_t rows = rows_of(p, n && args[0] != Py_None ? args[0] : NULL);
    if (rows < 0) return NULL;
    tacet_status s;
    CORE_RUN(p, s, make(p->plan, rows));
    core_feed_drop(p);
    if (PyErr_Occurred()) return NULL; /* raised by the sum over ranks */
    return core_result(s, tacet_plan_error(p->plan));
}

static PyObject *plan_step(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *keys)
{
    return call(self, args, n, keys, tacet_step);
}
static PyObject *plan_forward(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *keys)
{
    return call(self, args, n, keys, tacet_forward);
}
static PyObject *plan_evaluate_batch(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *keys)
{
    return call(self, args, n, keys, tacet_evaluate_batch);
}

#define FAST METH_FASTCALL | METH_KEYWORDS
PyMethodDef core_feed_methods[] = {
    {"feed", plan_feed, METH_VARARGS,
     "feed(name, array)\n\nSays where the next call finds the data of an input: [rows, shape...]. The array is borrowed, "
     "not copied, until that call has ended."},
    {"feed_rows", (PyCFunction)(void (*)(void))plan_feed_rows, METH_VARARGS | METH_KEYWORDS,
     "feed_rows(name, data, index=None, *, scale=None, shift=None)\n\nFeeds row index[i] of data as row i, as data * scale + "
     "shift."},
    {"step", (PyCFunction)(void (*)(void))plan_step, FAST,
     "step(rows=None, **inputs)\n\nOne training step: forward, backward, update. Inputs are fed by their names."},
    {"forward", (PyCFunction)(void (*)(void))plan_forward, FAST,
     "forward(rows=None, **inputs)\n\nOnly the forward pass, in evaluation mode."},
    {"evaluate_batch", (PyCFunction)(void (*)(void))plan_evaluate_batch, FAST,
     "evaluate_batch(rows=None, **inputs)\n\nA forward pass whose figures are added to the evaluation that "
     "evaluate_begin has begun."},
    {0},
};
