/* catalogue.c: the words of the small language, and the attributes in a description. */
#include "core.h"

#include <string.h>

static tacet_status entry_at(void *of, int i, void *to)
{
    (void)of;
    return tacet_entry_at(i, to);
}

static PyObject *entries(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    return core_list(CORE_Entry, entry_at, NULL);
}

static tacet_status attribute_at(void *of, int i, void *to) { return tacet_attribute_at(*(const int *)of, i, to); }

static PyObject *attributes(PyObject *self, PyObject *args)
{
    int entry;
    (void)self;
    if (!PyArg_ParseTuple(args, "i:attributes", &entry)) return NULL;
    if (entry < 0 || entry >= tacet_entry_count())
        return PyErr_Format(PyExc_IndexError, "the catalogue has %d entries, not %d", tacet_entry_count(), entry);
    return core_list(CORE_Attribute, attribute_at, &entry);
}

static bool role_of(const char *name, tacet_role *role)
{
    for (*role = TACET_ROLE_LAYER; *tacet_role_name(*role); *role = (tacet_role)(*role + 1))
        if (strcmp(tacet_role_name(*role), name) == 0) return true;
    PyErr_Format(PyExc_ValueError, "the role \"%s\" does not exist", name);
    return false;
}

/* A description, and what is asked of it. */
typedef struct question {
    tacet_role role;
    const char *text, *key, *value; /* value NULL: it is asked for; otherwise it is set */
    tacet_setting setting;
    tacet_error error; /* status 0: no mistake */
} question;

static size_t answer(const void *of, const char *unused, char *text, size_t capacity)
{
    question *q = (question *)of;
    (void)unused;
    if (q->value) return tacet_spec_set(q->role, q->text, q->key, q->value, text, capacity, &q->error);
    return tacet_spec_find(q->role, q->text, q->key, &q->setting, text, capacity, &q->error);
}

static PyObject *ask(question *q, const char *role)
{
    if (!role_of(role, &q->role)) return NULL;
    PyObject *text = core_written(answer, q, NULL);
    if (!text || q->error.status == TACET_OK) return text;
    Py_DECREF(text);
    return core_raise(&q->error);
}

static PyObject *spec_find(PyObject *self, PyObject *args)
{
    const char *role;
    question q = {.setting = {.size = sizeof q.setting}};
    (void)self;
    if (!PyArg_ParseTuple(args, "sss:spec_find", &role, &q.text, &q.key)) return NULL;
    PyObject *value = ask(&q, role), *setting = value ? core_tuple(CORE_Setting, &q.setting) : NULL;
    PyObject *both = setting ? PyTuple_Pack(2, value, setting) : NULL;
    Py_XDECREF(value);
    Py_XDECREF(setting);
    return both;
}

static PyObject *spec_set(PyObject *self, PyObject *args)
{
    const char *role;
    question q = {0};
    (void)self;
    return PyArg_ParseTuple(args, "ssss:spec_set", &role, &q.text, &q.key, &q.value) ? ask(&q, role) : NULL;
}

static PyObject *spec_number(PyObject *self, PyObject *args)
{
    const char *type, *text;
    double number;
    int64_t integer;
    (void)self;
    if (!PyArg_ParseTuple(args, "ss:spec_number", &type, &text)) return NULL;
    if (!tacet_spec_number(type, text, &number, &integer)) Py_RETURN_NONE;
    return Py_BuildValue("dL", number, (long long)integer);
}

static PyMethodDef functions[] = {
    {"entries", entries, METH_NOARGS,
     CORE_DOC("entries($module, /)", "The catalogue: an Entry for each word of the small language.")},
    {"attributes", attributes, METH_VARARGS,
     CORE_DOC("attributes($module, i, /)",
              "An Attribute for each attribute of entries()[i]: its own first, then those of its role.")},
    {"spec_find", spec_find, METH_VARARGS,
     CORE_DOC(
         "spec_find($module, role, text, key, /)",
         "The value of an attribute in a description, and its Setting: (\"1e-4\", Setting) for spec_find(\"penalty\", "
         "\"l1 1e-4\", \"lambda\").")},
    {"spec_set", spec_set, METH_VARARGS,
     CORE_DOC("spec_set($module, role, text, key, value, /)", "The description with that attribute set to the value.")},
    {"spec_number", spec_number, METH_VARARGS,
     CORE_DOC("spec_number($module, type, text, /)",
              "The text as a value of the type of an attribute: (float, int), or None if it is not one.")},
    {0},
};

int core_add_catalogue(PyObject *module) { return PyModule_AddFunctions(module, functions); }
