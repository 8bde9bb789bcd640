/* feed.c: what a plan is fed: arrays of the caller, which are borrowed until the call that reads them has ended. */
#include "core.h"

#include <string.h>

static void drop(core_fed *of)
{
    core_fed had = *of;
    *of = (core_fed){0}; /* first: see core_buffer_drop */
    PyMem_Free(had.index);
    PyMem_Free(had.scaling);
    core_buffer_drop(&had.buffer);
}

/* The plan is in use meanwhile: an array that goes may run code of its owner, which could feed the plan again. */
void core_feed_drop(core_plan *p)
{
    if (p->busy) return; /* another thread has begun a call, which drops what it was fed */
    p->busy = true;
    tacet_unfeed(p->plan);
    for (int i = 0; i < p->feeds; i++) {
        if (!p->feed[i].fed) continue;
        p->feed[i].fed = false;
        drop(&p->feed[i].with);
    }
    p->busy = false;
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

/* A shape as Python writes it, "(8, 4)"; `first` stands before the numbers, or is "". */
static PyObject *shape_text(int rank, const int64_t *shape, const char *first)
{
    PyObject *text = PyUnicode_FromFormat("(%s", first);
    for (int i = 0; text && i < rank; i++) {
        PyObject *longer = PyUnicode_FromFormat(*first || i ? "%U, %lld" : "%U%lld", text, (long long)shape[i]);
        Py_DECREF(text);
        text = longer;
    }
    PyObject *closed = text ? PyUnicode_FromFormat(rank + (*first != 0) == 1 ? "%U,)" : "%U)", text) : NULL;
    Py_XDECREF(text);
    return closed;
}

static bool refuse_shape(const core_feed *f, const Py_buffer *v)
{
    int64_t shape[64]; /* PyBUF_MAX_NDIM */
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
    bool same = v->ndim - 1 == f->rank;
    for (int i = 1; same && i < v->ndim; i++) same = v->shape[i] == f->shape[i - 1];
    const bool flat = v->ndim == 2 && v->shape[1] == f->elements;
    return same || flat || (v->ndim == 1 && f->elements == 1) || refuse_shape(f, v);
}

/* Borrows the array that an input is fed. */
static bool take_data(const core_feed *f, PyObject *array, core_fed *to)
{
    const char *what = PyUnicode_AsUTF8AndSize(f->name, NULL);
    if (!what || !core_buffer_take(array, what, &to->buffer)) return false;
    if (!fits(f, &to->buffer.view)) return false;
    to->rows = to->buffer.view.shape[0];
    return true;
}

/* Feeds what was taken, if `taken`; it is dropped if that fails, and what was fed before stays. */
static bool feed(core_plan *p, core_feed *f, bool taken, core_fed *with, const tacet_scaling *scaling)
{
    static const char nothing;
    const Py_buffer *v = &with->buffer.view;
    if (taken && core_plan_of((PyObject *)p)) {
        taken = tacet_feed_rows(p->plan, f->value, with->buffer.type, v->len ? v->buf : &nothing, f->elements,
                                with->index, scaling) == TACET_OK;
        if (taken) {
            core_fed before = f->with;
            f->with = *with;
            f->fed = true;
            drop(&before);
            return true;
        }
        core_raise(tacet_plan_error(p->plan));
    }
    drop(with);
    return false;
}

static bool feed_array(core_plan *p, PyObject *name, PyObject *array)
{
    core_fed with = {0};
    core_feed *f = feed_of(p, name);
    return f && feed(p, f, take_data(f, array, &with), &with, NULL);
}

static PyObject *plan_feed(PyObject *self, PyObject *args)
{
    PyObject *name, *array;
    if (!PyArg_ParseTuple(args, "OO:feed", &name, &array)) return NULL;
    return feed_array((core_plan *)self, name, array) ? Py_NewRef(Py_None) : NULL;
}

/* ---- Rows by their numbers --------------------------------------------------------------------------------------- */

/* A copy of the numbers of rows, each of which is checked. */
static bool take_index(PyObject *from, core_fed *to)
{
    core_buffer b = {0};
    if (!core_buffer_take(from, "index", &b)) return false;
    const Py_ssize_t n = b.view.len / b.view.itemsize, rows = to->buffer.view.shape[0];
    bool good = b.type == TACET_I64;
    if (!good) PyErr_SetString(PyExc_TypeError, "index should be numbers of int64");
    to->index = good ? PyMem_Malloc((size_t)(n ? n : 1) * sizeof *to->index) : NULL;
    if (good && !to->index) PyErr_NoMemory();
    good = to->index != NULL;
    if (good && n) memcpy(to->index, b.view.buf, (size_t)b.view.len);
    for (Py_ssize_t i = 0; good && i < n; i++)
        if (to->index[i] < 0 || to->index[i] >= rows) {
            PyErr_Format(PyExc_IndexError, "index[%zd] is %lld, but the data have %zd rows", i, (long long)to->index[i],
                         rows);
            good = false;
        }
    to->rows = n;
    core_buffer_drop(&b);
    return good;
}

/* scale and shift as pairs: a number, or one for each channel. */
static bool take_scaling(PyObject *scale, PyObject *shift, core_fed *with, tacet_scaling *to)
{
    core_buffer b[2] = {0};
    bool good = core_buffer_take(scale, "scale", &b[0]) && core_buffer_take(shift, "shift", &b[1]);
    const Py_ssize_t n = good ? b[0].view.len : 0;
    if (good && (b[0].type != TACET_F64 || b[1].type != TACET_F64 || n != b[1].view.len || n == 0)) {
        PyErr_SetString(PyExc_TypeError, "scale and shift should be as many numbers of float64 each");
        good = false;
    }
    with->scaling = good ? PyMem_Malloc(2 * (size_t)n) : NULL;
    if (good && !with->scaling) PyErr_NoMemory();
    if (with->scaling) {
        memcpy(with->scaling, b[0].view.buf, (size_t)n);
        memcpy((char *)with->scaling + n, b[1].view.buf, (size_t)n);
        const int64_t count = (int64_t)((size_t)n / sizeof(double));
        *to = (tacet_scaling){sizeof *to, count, with->scaling, with->scaling + count};
    }
    core_buffer_drop(&b[0]);
    core_buffer_drop(&b[1]);
    return with->scaling != NULL;
}

static PyObject *plan_feed_rows(PyObject *self, PyObject *args, PyObject *keys)
{
    static char *names[] = {"name", "data", "index", "scale", "shift", NULL};
    PyObject *name, *data, *index = Py_None, *scale = Py_None, *shift = Py_None;
    core_fed with = {0};
    tacet_scaling s;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "OO|O$OO:feed_rows", names, &name, &data, &index, &scale, &shift))
        return NULL;
    core_feed *f = feed_of((core_plan *)self, name);
    if (!f) return NULL;
    const bool scaled = scale != Py_None || shift != Py_None;
    const bool taken = take_data(f, data, &with) && (index == Py_None || take_index(index, &with)) &&
                       (!scaled || take_scaling(scale, shift, &with, &s));
    return feed((core_plan *)self, f, taken, &with, scaled ? &s : NULL) ? Py_NewRef(Py_None) : NULL;
}

/* ---- One call ---------------------------------------------------------------------------------------------------- */

/* Whether every array that was fed has the rows of the call, at least; *rows below 0 becomes the number that all
 * have. */
static bool check_rows(const core_plan *p, bool given, int64_t *rows)
{
    for (int i = 0; i < p->feeds; i++) {
        const core_feed *f = &p->feed[i];
        if (!f->fed) continue;
        if (!given && *rows < 0) *rows = f->with.rows;
        if (given ? f->with.rows >= *rows : f->with.rows == *rows) continue;
        PyErr_Format(PyExc_ValueError, "%U was fed with %lld rows, but the call is for %lld", f->name,
                     (long long)f->with.rows, (long long)*rows);
        return false;
    }
    if (given || *rows >= 0) return true;
    PyErr_SetString(PyExc_ValueError, "nothing was fed, so the number of rows is not known");
    return false;
}

typedef tacet_status make_call(tacet_plan *p, int64_t rows, void *with);

/* args: the rows, if n is 1, and then what the inputs called `keys` are fed. Returns the rows of the call, or -2 with
 * an exception. */
static int64_t feed_call(core_plan *p, PyObject *const *args, Py_ssize_t n, PyObject *keys)
{
    const Py_ssize_t named = keys ? PyTuple_Size(keys) : 0;
    if (n > 1) {
        PyErr_SetString(PyExc_TypeError, "only the number of rows is given by its position");
        return -2;
    }
    for (Py_ssize_t i = 0; i < named; i++)
        if (!feed_array(p, PyTuple_GetItem(keys, i), args[n + i])) return -2;
    const bool given = n && args[0] != Py_None;
    int64_t rows = given ? PyLong_AsLongLong(args[0]) : -1;
    if (given && rows < -1 && !PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "rows should be at least 0");
    return PyErr_Occurred() || !core_plan_of((PyObject *)p) || !check_rows(p, given, &rows) ? -2 : rows;
}

static bool call(core_plan *p, PyObject *const *args, Py_ssize_t n, PyObject *keys, make_call *make, void *with)
{
    const int64_t rows = feed_call(p, args, n, keys);
    const bool good = rows > -2 && CORE_RUN(p, tacet_plan_error(p->plan), make(p->plan, rows, with));
    core_feed_drop(p);
    return good;
}

#define CALL(name)                                                                                                     \
    static tacet_status make_##name(tacet_plan *p, int64_t rows, void *unused)                                         \
    {                                                                                                                  \
        (void)unused;                                                                                                  \
        return tacet_##name(p, rows);                                                                                  \
    }                                                                                                                  \
    static PyObject *plan_##name(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *keys)                  \
    {                                                                                                                  \
        return call((core_plan *)self, args, n, keys, make_##name, NULL) ? Py_NewRef(Py_None) : NULL;                  \
    }
CALL(step)
CALL(forward)
CALL(evaluate_batch)
CALL(weigh)

static tacet_status accumulate(tacet_plan *p, int64_t rows, void *of)
{
    return tacet_accumulate(p, rows, *(const int64_t *)of);
}

static PyObject *plan_accumulate(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *keys)
{
    if (n < 1) return PyErr_Format(PyExc_TypeError, "accumulate needs the rows of the whole step");
    int64_t of = PyLong_AsLongLong(args[0]);
    if (PyErr_Occurred()) return NULL;
    return call((core_plan *)self, args + 1, n - 1, keys, accumulate, &of) ? Py_NewRef(Py_None) : NULL;
}

typedef struct largest {
    int term;
    double lambda;
} largest;

static tacet_status measure(tacet_plan *p, int64_t rows, void *with)
{
    largest *l = with;
    return tacet_lambda_max(p, l->term, rows, &l->lambda);
}

static PyObject *plan_lambda_max(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *keys)
{
    largest l;
    if (n < 1) return PyErr_Format(PyExc_TypeError, "lambda_max needs a term");
    l.term = core_term_of((core_plan *)self, args[0]);
    if (l.term < 0) return NULL;
    return call((core_plan *)self, args + 1, n - 1, keys, measure, &l) ? PyFloat_FromDouble(l.lambda) : NULL;
}

static tacet_status check_gradient(tacet_plan *p, int64_t rows, void *found)
{
    return tacet_check_gradient(p, rows, found);
}

static PyObject *plan_check_gradient(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *keys)
{
    tacet_gradient_check found = {.size = sizeof found};
    return call((core_plan *)self, args, n, keys, check_gradient, &found) ? core_tuple(CORE_GradientCheck, &found) : NULL;
}

static PyObject *plan_unfeed(PyObject *self, PyObject *unused)
{
    (void)unused;
    if (!core_plan_of(self)) return NULL;
    core_feed_drop((core_plan *)self);
    Py_RETURN_NONE;
}

PyMethodDef core_feed_methods[] = {
    {"feed", plan_feed, METH_VARARGS,
     CORE_DOC(
         "feed($self, name, array, /)",
         "Says where the next call finds the data of an input: [rows, shape...]. The array is borrowed, not copied, "
         "until that call has ended. It must not change while the call runs.")},
    {"feed_rows", CORE_FUNCTION(plan_feed_rows), CORE_KEYS,
     CORE_DOC("feed_rows($self, name, data, index=None, *, scale=None, shift=None)",
              "Feeds row index[i] of data as row i, as data * scale + shift.")},
    {"unfeed", plan_unfeed, METH_NOARGS, CORE_DOC("unfeed($self, /)", "Forgets what was fed.")},
    {"step", CORE_FUNCTION(plan_step), CORE_FAST,
     CORE_DOC(
         "step($self, rows=None, /, **inputs)",
         "One training step: forward, backward, update. Inputs are fed by their names. Afterwards nothing is fed, also "
         "if the step failed.")},
    {"accumulate", CORE_FUNCTION(plan_accumulate), CORE_FAST,
     CORE_DOC(
         "accumulate($self, of, rows=None, /, **inputs)",
         "A batch of a step of `of` rows, which has several (accumulate= of compile), but not its last, which step "
         "takes. If one fails, the whole step has.")},
    {"weigh", CORE_FUNCTION(plan_weigh), CORE_FAST,
     CORE_DOC("weigh($self, rows=None, /, **inputs)",
              "Comes before the first batch of such a step, once for each of its batches, if `weighs`.")},
    {"forward", CORE_FUNCTION(plan_forward), CORE_FAST,
     CORE_DOC("forward($self, rows=None, /, **inputs)", "Only the forward pass, in evaluation mode.")},
    {"evaluate_batch", CORE_FUNCTION(plan_evaluate_batch), CORE_FAST,
     CORE_DOC(
         "evaluate_batch($self, rows=None, /, **inputs)",
         "A forward pass whose figures are added to the evaluation that evaluate_begin has begun. A rank that cannot "
         "feed its rows gives rows -1.")},
    {"lambda_max", CORE_FUNCTION(plan_lambda_max), CORE_FAST,
     CORE_DOC("lambda_max($self, term, rows=None, /, **inputs)",
              "The largest useful lambda for a penalty, before training; NaN if it is not known. Nothing is updated.")},
    {"check_gradient", CORE_FUNCTION(plan_check_gradient), CORE_FAST,
     CORE_DOC("check_gradient($self, rows=None, /, **inputs)",
              "Compares the gradients of the parameters with differences of the objective. Nothing is updated.")},
    {0},
};
