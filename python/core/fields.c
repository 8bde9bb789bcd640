/* fields.c: the structs of tacet.h as named tuples. A record is a list of fields in records.def; the types of the
 * tuples and their contents are made by loops over it. */
#include "core.h"

#include <string.h>

/* ---- The records ------------------------------------------------------------------------------------------------- */

#define NAMED(python, name, kind) {#python, CORE_##kind, offsetof(of, name), 0},
#define FIELD(name, kind) NAMED(name, name, kind)
#define SHAPE(name, rank) {#name, CORE_SHAPE, offsetof(of, name), offsetof(of, rank)},
#define LONGS(name, n) {#name, CORE_LONGS, offsetof(of, name), n},
#define RECORD(record, type, ...)                                                                                      \
    static const core_field *fields_of_##record(void)                                                                  \
    {                                                                                                                  \
        typedef type of;                                                                                               \
        static const core_field field[] = {__VA_ARGS__{NULL, CORE_TEXT, 0, 0}};                                        \
        return field;                                                                                                  \
    }
#include "records.def"

static const struct {
    const char *name;
    size_t size; /* of the struct, whose first field is often its size */
    const core_field *(*fields)(void);
} records[] = {
#define RECORD(record, type, ...) {"tacetnn._core." #record, sizeof(type), fields_of_##record},
#include "records.def"
};

static PyTypeObject *types[CORE_RECORDS];

static int add_record(PyObject *module, int i)
{
    enum { MOST = 24 };
    PyStructSequence_Field field[MOST + 1] = {0};
    PyStructSequence_Desc about = {.name = records[i].name, .doc = NULL, .fields = field};
    for (const core_field *f = records[i].fields(); f->name && about.n_in_sequence < MOST; f++)
        field[about.n_in_sequence++].name = f->name;
    types[i] = PyStructSequence_NewType(&about);
    if (!types[i]) return -1;
    return PyModule_AddObjectRef(module, strrchr(records[i].name, '.') + 1, (PyObject *)types[i]);
}

int core_add_records(PyObject *module)
{
    for (int i = 0; i < CORE_RECORDS; i++)
        if (add_record(module, i) < 0) return -1;
    return 0;
}

/* ---- Their contents ---------------------------------------------------------------------------------------------- */

PyObject *core_text(const char *text)
{
    if (!text) return Py_NewRef(Py_None);
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "surrogateescape");
}

PyObject *core_numbers(const int64_t *x, size_t n)
{
    PyObject *tuple = PyTuple_New((Py_ssize_t)n);
    for (size_t i = 0; tuple && i < n; i++) {
        PyObject *number = PyLong_FromLongLong(x[i]);
        if (!number)
            Py_CLEAR(tuple);
        else
            PyTuple_SetItem(tuple, (Py_ssize_t)i, number);
    }
    return tuple;
}

static PyObject *texts(const char *const *x)
{
    Py_ssize_t n = 0;
    while (x[n]) n++;
    PyObject *tuple = PyTuple_New(n);
    for (Py_ssize_t i = 0; tuple && i < n; i++) {
        PyObject *text = core_text(x[i]);
        if (!text)
            Py_CLEAR(tuple);
        else
            PyTuple_SetItem(tuple, i, text);
    }
    return tuple;
}

static PyObject *text_at(const char *at, const core_field *f)
{
    (void)f;
    return core_text(*(const char *const *)(const void *)at);
}
static PyObject *chars_at(const char *at, const core_field *f)
{
    (void)f;
    return core_text(at);
}
#define READ(name, type, make)                                                                                         \
    static PyObject *name(const char *at, const core_field *f)                                                         \
    {                                                                                                                  \
        type x;                                                                                                        \
        (void)f;                                                                                                       \
        memcpy(&x, at, sizeof x);                                                                                      \
        return make;                                                                                                   \
    }
READ(int_at, int, PyLong_FromLong(x))
READ(long_at, int64_t, PyLong_FromLongLong(x))
READ(double_at, double, PyFloat_FromDouble(x))
READ(bool_at, bool, PyBool_FromLong(x))
READ(role_at, tacet_role, core_text(tacet_role_name(x)))
READ(type_at, tacet_type, core_text(core_type_name(x)))
READ(value_at, tacet_value, core_value_new(x))
static PyObject *longs_at(const char *at, const core_field *f)
{
    return core_numbers((const int64_t *)(const void *)at, f->also);
}
static PyObject *texts_at(const char *at, const core_field *f)
{
    (void)f;
    return texts((const char *const *)(const void *)at);
}

/* [classes] or [classes, classes]. */
static PyObject *each_at(const char *at, const core_field *f)
{
    const tacet_metric *m = (const tacet_metric *)(const void *)(at - f->at);
    if (!m->each) return Py_NewRef(Py_None);
    return core_array_copy("float64", m->by, (const int64_t[]){m->classes, m->classes}, m->each);
}

static PyObject *(*const read_kind[])(const char *at, const core_field *f) = {
    [CORE_TEXT] = text_at,     [CORE_CHARS] = chars_at, [CORE_INT] = int_at,     [CORE_LONG] = long_at,
    [CORE_DOUBLE] = double_at, [CORE_BOOL] = bool_at,   [CORE_ROLE] = role_at,   [CORE_TYPE] = type_at,
    [CORE_VALUE] = value_at,   [CORE_LONGS] = longs_at, [CORE_TEXTS] = texts_at, [CORE_EACH] = each_at,
};

static PyObject *read_field(const char *from, const core_field *f)
{
    if (f->kind != CORE_SHAPE) return read_kind[f->kind](from + f->at, f);
    int rank;
    memcpy(&rank, from + f->also, sizeof rank);
    return rank < 0 ? Py_NewRef(Py_None) : core_numbers((const int64_t *)(const void *)(from + f->at), (size_t)rank);
}

PyObject *core_tuple(int record, const void *from)
{
    PyObject *tuple = PyStructSequence_New(types[record]);
    const core_field *field = records[record].fields();
    for (int i = 0; tuple && field[i].name; i++) {
        PyObject *value = read_field(from, &field[i]);
        if (!value)
            Py_CLEAR(tuple);
        else
            PyStructSequence_SetItem(tuple, i, value);
    }
    return tuple;
}

PyObject *core_list(int record, core_at *at, void *of)
{
    PyObject *list = PyList_New(0);
    char *room = PyMem_Calloc(1, records[record].size);
    if (list && !room) PyErr_NoMemory();
    for (int i = 0; list && room; i++) {
        memcpy(room, &records[record].size, sizeof(size_t));
        if (at(of, i, room) != TACET_OK) break;
        PyObject *tuple = core_tuple(record, room);
        if (!tuple || PyList_Append(list, tuple) < 0) Py_CLEAR(list);
        Py_XDECREF(tuple);
    }
    PyMem_Free(room);
    if (PyErr_Occurred()) Py_CLEAR(list);
    return list;
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

PyObject *core_written(core_writer *write, const void *of, const char *what)
{
    char brief[2048] = ""; /* a call that fails writes nothing */
    const size_t n = write(of, what, brief, sizeof brief);
    if (n < sizeof brief) return core_text(brief);
    char *text = PyMem_Malloc(n + 1);
    if (!text) return PyErr_NoMemory();
    *text = 0;
    write(of, what, text, n + 1);
    PyObject *result = core_text(text);
    PyMem_Free(text);
    return result;
}

PyObject *core_bytes(PyObject *text)
{
    PyObject *bytes = PyUnicode_AsEncodedString(text, "utf-8", "surrogateescape");
    if (bytes && strlen(PyBytes_AsString(bytes)) == (size_t)PyBytes_Size(bytes)) return bytes;
    if (bytes) PyErr_Format(PyExc_ValueError, "%R contains a NUL", text);
    Py_XDECREF(bytes);
    return NULL;
}

int core_seed(PyObject *from, void *seed)
{
    PyObject *number = PyNumber_Index(from);
    const unsigned long long n = number ? PyLong_AsUnsignedLongLong(number) : 0;
    Py_XDECREF(number);
    if (PyErr_Occurred()) return 0;
    *(uint64_t *)seed = n;
    return 1;
}
