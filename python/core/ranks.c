/* ranks.c: Ranks, several processes or threads that train one network together. The sum over them is a Python function,
 * which is called with the interpreter's lock, on the thread of the call that needs it. */
#include "core.h"

#include <string.h>

typedef struct ranks_object {
    PyObject_HEAD int rank, count;
    PyObject *sum;
} ranks_object;

/* ---- The sum ----------------------------------------------------------------------------------------------------- */

/* The letters of the struct module. */
static const struct {
    const char *format;
    size_t width;
} formats[] = {[TACET_F32] = {"f", 4}, [TACET_F64] = {"d", 8}, [TACET_I64] = {"q", 8}};

/* Calls the function with a copy of the numbers, which it may keep, and takes what it leaves there. */
static bool sum_numbers(PyObject *sum, void *numbers, tacet_type type, size_t n)
{
    const size_t size = n * formats[type].width;
    PyObject *copy = PyByteArray_FromStringAndSize(numbers, (Py_ssize_t)size);
    PyObject *bytes = copy ? PyMemoryView_FromObject(copy) : NULL;
    PyObject *view = bytes ? PyObject_CallMethod(bytes, "cast", "s", formats[type].format) : NULL;
    PyObject *result = view ? PyObject_CallFunctionObjArgs(sum, view, NULL) : NULL;
    if (result) memcpy(numbers, PyByteArray_AsString(copy), size);
    Py_XDECREF(result);
    Py_XDECREF(view);
    Py_XDECREF(bytes);
    Py_XDECREF(copy);
    return result != NULL;
}

static tacet_status sum_ranks(void *context, void *numbers, tacet_type type, size_t n)
{
    core_plan *p = context;
    PyEval_RestoreThread(p->state);
    const bool good = sum_numbers(((ranks_object *)p->ranks)->sum, numbers, type, n);
    /* The other sums of the call are still made, so the exception waits until it has ended. */
    if (!good && !p->raised[0])
        PyErr_Fetch(&p->raised[0], &p->raised[1], &p->raised[2]);
    else
        PyErr_Clear();
    p->state = PyEval_SaveThread();
    return good ? TACET_OK : TACET_FAILED;
}

bool core_ranks_of(core_plan *p, tacet_ranks *r)
{
    if (!Py_IS_TYPE(p->ranks, core_type.ranks)) {
        PyErr_Format(PyExc_TypeError, "ranks should be Ranks, not %R", p->ranks);
        return false;
    }
    const ranks_object *from = (ranks_object *)p->ranks;
    *r = (tacet_ranks){.size = sizeof *r, .rank = from->rank, .count = from->count, .sum = sum_ranks, .context = p};
    return true;
}

/* ---- The type ---------------------------------------------------------------------------------------------------- */

static PyObject *ranks_new(PyTypeObject *type, PyObject *args, PyObject *keys)
{
    static char *names[] = {"rank", "count", "sum", NULL};
    int rank, count;
    PyObject *sum;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "iiO:Ranks", names, &rank, &count, &sum)) return NULL;
    if (count < 1 || rank < 0 || rank >= count)
        return PyErr_Format(PyExc_ValueError, "rank should be from 0 to count - 1, not %d of %d", rank, count);
    if (!PyCallable_Check(sum)) return PyErr_Format(PyExc_TypeError, "sum should be a function, not %R", sum);
    ranks_object *self = (ranks_object *)core_new(type);
    if (!self) return NULL;
    self->rank = rank;
    self->count = count;
    self->sum = Py_NewRef(sum);
    return (PyObject *)self;
}

static int visit_ranks(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((ranks_object *)self)->sum);
    return 0;
}

static void free_ranks(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    Py_XDECREF(((ranks_object *)self)->sum);
    core_delete(self);
}

static PyType_Slot slots[] = {
    {Py_tp_new, ranks_new},
    {Py_tp_dealloc, free_ranks},
    {Py_tp_traverse, visit_ranks},
    {Py_tp_doc,
     CORE_DOC(
         "Ranks(rank, count, sum)",
         "The processes, or threads, that train one network together: `count`, of which this is number `rank`, from "
         "0. sum(numbers) gets a writable memoryview of float32, float64 or int64 and replaces the numbers by their "
         "sums over all ranks. What it raises, the call raises.")},
    {0},
};
static PyType_Spec spec = {
    .name = "tacetnn._core.Ranks",
    .basicsize = sizeof(ranks_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

int core_add_ranks(PyObject *module)
{
    core_type.ranks = core_add_type(module, &spec);
    return core_type.ranks ? 0 : -1;
}
