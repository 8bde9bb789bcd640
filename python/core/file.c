/* file.c: File, an open model or checkpoint, and how a plan is saved and read back. */
#include "core.h"

/* ---- Notes ------------------------------------------------------------------------------------------------------- */

/* What is written with a plan: the path and the notes, as the library takes them. */
typedef struct notes {
    PyObject *path;
    PyObject *texts; /* a list of the bytes that `note` points into */
    tacet_note *note;
    int n;
} notes;

static void free_notes(notes *w)
{
    Py_XDECREF(w->path);
    Py_XDECREF(w->texts);
    PyMem_Free(w->note);
}

/* The text as bytes that live as long as *w. */
static const char *keep_text(notes *w, PyObject *from)
{
    if (!PyUnicode_Check(from)) {
        PyErr_Format(PyExc_TypeError, "a note has a key and a text that are str, not %R", from);
        return NULL;
    }
    PyObject *bytes = core_bytes(from);
    const bool kept = bytes && PyList_Append(w->texts, bytes) == 0;
    Py_XDECREF(bytes);
    return kept ? PyBytes_AsString(bytes) : NULL;
}

/* Adds the notes of a mapping, or none of None. */
static bool take_notes(notes *w, PyObject *from)
{
    if (from == Py_None) return true;
    PyObject *items = PyMapping_Items(from);
    const Py_ssize_t n = items ? PyList_Size(items) : 0;
    w->texts = PyList_New(0);
    w->note = PyMem_Calloc((size_t)n + 1, sizeof *w->note);
    if (!w->note) PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < n && w->texts && w->note && !PyErr_Occurred(); i++) {
        PyObject *key, *text;
        if (!PyArg_ParseTuple(PyList_GetItem(items, i), "OO", &key, &text)) break;
        w->note[i].key = keep_text(w, key);
        w->note[i].text = w->note[i].key ? keep_text(w, text) : NULL;
        w->n++;
    }
    Py_XDECREF(items);
    return !PyErr_Occurred();
}

/* ---- Writing a plan ---------------------------------------------------------------------------------------------- */

static PyObject *plan_save(PyObject *self, PyObject *args, PyObject *keys)
{
    static char *names[] = {"path", "notes", NULL};
    core_plan *p = (core_plan *)self;
    PyObject *with = Py_None;
    notes w = {0};
    tacet_error e;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "O&|O:save", names, core_path, &w.path, &with)) return NULL;
    const bool good = take_notes(&w, with) && core_plan_of(self) &&
                      CORE_RUN(p, &e, tacet_save(p->plan, PyBytes_AsString(w.path), w.n, w.note, &e));
    free_notes(&w);
    return good ? Py_NewRef(Py_None) : NULL;
}

/* A loader, or NULL from None. False with an exception. */
static bool loader_of(PyObject *from, core_loader **l)
{
    *l = from == Py_None ? NULL : (core_loader *)from;
    if (!*l || Py_IS_TYPE(from, core_type.loader)) return !*l || core_loader_of(from);
    PyErr_Format(PyExc_TypeError, "loader should be a Loader, not %R", from);
    return false;
}

static PyObject *plan_checkpoint(PyObject *self, PyObject *args, PyObject *keys)
{
    static char *names[] = {"path", "loader", "notes", NULL};
    core_plan *p = (core_plan *)self;
    core_loader *l;
    PyObject *loader = Py_None, *with = Py_None;
    notes w = {0};
    tacet_error e;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "O&|OO:checkpoint", names, core_path, &w.path, &loader, &with))
        return NULL;
    bool good = take_notes(&w, with) && loader_of(loader, &l) && core_plan_of(self);
    if (good) {
        if (l) l->busy = true;
        good = CORE_RUN(p, &e,
                        tacet_checkpoint(p->plan, l ? l->loader : NULL, PyBytes_AsString(w.path), w.n, w.note, &e));
        if (l) l->busy = false;
    }
    free_notes(&w);
    return good ? Py_NewRef(Py_None) : NULL;
}

static PyObject *plan_resume(PyObject *self, PyObject *args, PyObject *keys)
{
    static char *names[] = {"file", "loader", NULL};
    core_plan *p = (core_plan *)self;
    core_loader *l;
    PyObject *file, *loader = Py_None;
    tacet_error e;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "O!|O:resume", names, core_type.file, &file, &loader) ||
        !loader_of(loader, &l) || !core_plan_of(self))
        return NULL;
    const tacet_status s = tacet_resume(p->plan, l ? l->loader : NULL, ((core_file *)file)->file, &e);
    return core_result(s, &e);
}

PyMethodDef core_file_methods[] = {
    {"save", CORE_FUNCTION(plan_save), CORE_KEYS,
     CORE_DOC("save($self, path, notes=None)", "Saves the parameters as safetensors, with notes, a dict of texts.")},
    {"checkpoint", CORE_FUNCTION(plan_checkpoint), CORE_KEYS,
     CORE_DOC("checkpoint($self, path, loader=None, notes=None)",
              "Saves everything that the rest of a run depends on.")},
    {"resume", CORE_FUNCTION(plan_resume), CORE_KEYS,
     CORE_DOC("resume($self, file, loader=None)", "Continues from a checkpoint; the loader is moved to its place.")},
    {0},
};

/* ---- File -------------------------------------------------------------------------------------------------------- */

static PyObject *file_new(PyTypeObject *type, PyObject *args, PyObject *keys)
{
    static char *names[] = {"path", NULL};
    PyObject *path;
    tacet_error e;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "O&:File", names, core_path, &path)) return NULL;
    const char *text = PyBytes_AsString(path);
    tacet_file *f;
    Py_BEGIN_ALLOW_THREADS
    f = tacet_file_open(text, NULL, &e);
    Py_END_ALLOW_THREADS
    Py_DECREF(path);
    if (!f) return core_raise(&e);
    core_file *self = (core_file *)core_new(type);
    if (self)
        self->file = f;
    else
        tacet_file_free(f);
    return (PyObject *)self;
}

static void free_file(PyObject *self)
{
    tacet_file_free(((core_file *)self)->file);
    core_delete(self);
}

static PyObject *file_note(PyObject *self, PyObject *args)
{
    const char *key;
    return PyArg_ParseTuple(args, "s:note", &key) ? core_text(tacet_file_note(((core_file *)self)->file, key)) : NULL;
}

static PyObject *file_count(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(tacet_file_count(((core_file *)self)->file));
}

static PyObject *file_tensor(PyObject *self, PyObject *args)
{
    int i, rank;
    const char *name;
    const int64_t *shape;
    const float *data;
    if (!PyArg_ParseTuple(args, "i:tensor", &i)) return NULL;
    if (tacet_file_tensor(((core_file *)self)->file, i, &name, &rank, &shape, &data) != TACET_OK)
        return PyErr_Format(PyExc_IndexError, "the file has %d tensors, from 0 on: %d is none of them",
                            tacet_file_count(((core_file *)self)->file), i);
    PyObject *array = data ? core_array_copy("float32", rank, shape, data) : Py_NewRef(Py_None);
    PyObject *text = array ? core_text(name) : NULL, *sizes = text ? core_numbers(shape, (size_t)rank) : NULL;
    PyObject *all = sizes ? PyTuple_Pack(3, text, sizes, array) : NULL;
    Py_XDECREF(array);
    Py_XDECREF(text);
    Py_XDECREF(sizes);
    return all;
}

static PyObject *file_graph(PyObject *self, PyObject *unused)
{
    tacet_error e;
    tacet_graph *g = tacet_file_graph(((core_file *)self)->file, NULL, &e);
    (void)unused;
    return g ? core_graph_new(g) : core_raise(&e);
}

static PyObject *file_describe(PyObject *self, PyObject *args)
{
    PyObject *graph;
    tacet_error e;
    tacet_graph *g = PyArg_ParseTuple(args, "O!:describe", core_type.graph, &graph) ? core_graph_of(graph) : NULL;
    if (!g) return NULL;
    const tacet_status s = tacet_file_describe(((core_file *)self)->file, g, &e);
    return core_own_raise((core_graph *)graph) ? NULL : core_result(s, &e);
}

static PyObject *file_load(PyObject *self, PyObject *args, PyObject *keys)
{
    static char *names[] = {"plan", "strict", NULL};
    PyObject *plan;
    int strict = 1, taken = 0;
    tacet_error e;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "O!|p:load", names, core_type.plan, &plan, &strict)) return NULL;
    tacet_plan *p = core_plan_of(plan);
    if (!p) return NULL;
    const tacet_status s = tacet_file_load(((core_file *)self)->file, p, strict, &taken, &e);
    return s == TACET_OK ? PyLong_FromLong(taken) : core_raise(&e);
}

typedef struct both {
    const tacet_file *file;
    const tacet_plan *plan;
} both;

static size_t differences_text(const void *of, const char *what, char *text, size_t capacity)
{
    const both *b = of;
    (void)what;
    return tacet_file_differences(b->file, b->plan, text, capacity);
}

static PyObject *file_differences(PyObject *self, PyObject *args)
{
    PyObject *plan;
    if (!PyArg_ParseTuple(args, "O!:differences", core_type.plan, &plan) || !core_plan_of(plan)) return NULL;
    return core_written(differences_text, &(both){((core_file *)self)->file, ((core_plan *)plan)->plan}, NULL);
}

static tacet_status layer_at(void *of, int i, void *to) { return tacet_pruning_at(of, i, to); }

static PyObject *file_pruned(PyObject *self, PyObject *args)
{
    PyObject *graph;
    tacet_error e;
    if (!PyArg_ParseTuple(args, "O!:pruned", core_type.graph, &graph)) return NULL;
    const tacet_graph *g = core_graph_of(graph);
    if (!g) return NULL;
    tacet_pruning *t = tacet_pruning_new(((core_file *)self)->file, g, NULL, &e);
    if (!t) return core_raise(&e);
    PyObject *list = core_list(CORE_Pruned, layer_at, t);
    tacet_pruning_free(t);
    return list;
}

static PyMethodDef methods[] = {
    {"note", file_note, METH_VARARGS, CORE_DOC("note($self, key, /)", "The text of a note, or None.")},
    {"tensor", file_tensor, METH_VARARGS,
     CORE_DOC("tensor($self, i, /)",
              "Tensor i as (name, shape, a copy as float32); the copy is None if the type cannot be read.")},
    {"graph", file_graph, METH_NOARGS, CORE_DOC("graph($self, /)", "The network that a model describes, as a Graph.")},
    {"describe", file_describe, METH_VARARGS,
     CORE_DOC("describe($self, graph, /)",
              "Adds that network to an empty graph, which has the operators of one's own that the model names.")},
    {"load", CORE_FUNCTION(file_load), CORE_KEYS,
     CORE_DOC("load($self, plan, strict=True)",
              "Sets the plan's parameters, and what its layers remember, by name and shape. Returns the number of "
              "parameters that were set.")},
    {"differences", file_differences, METH_VARARGS,
     CORE_DOC("differences($self, plan, /)",
              "The tensors with the name of a parameter but another shape, a line each.")},
    {"pruned", file_pruned, METH_VARARGS,
     CORE_DOC(
         "pruned($self, graph, /)",
         "What would be left of the network, whose graph() is given, without the units that do nothing: a Pruned for "
         "each layer.")},
    {0},
};
static PyGetSetDef members[] = {
    {"count", file_count, NULL, "Tensors.", NULL},
    {0},
};
static PyType_Slot slots[] = {
    {Py_tp_new, file_new},
    {Py_tp_dealloc, free_file},
    {Py_tp_methods, methods},
    {Py_tp_getset, members},
    {Py_tp_doc, CORE_DOC("File(path)", "An open model or checkpoint.")},
    {0},
};
static PyType_Spec spec = {
    .name = "tacetnn._core.File",
    .basicsize = sizeof(core_file),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = slots,
};

int core_add_file(PyObject *module)
{
    core_type.file = core_add_type(module, &spec);
    return core_type.file ? 0 : -1;
}
