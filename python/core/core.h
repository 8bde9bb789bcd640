/* core.h: what the files of the extension share.
 *
 * tacetnn._core is tacet.h in Python, one to one: an object of the library is a Python object that frees it, a struct
 * of the library is a named tuple, a failed call is an exception. Nothing here decides anything. Arrays come and go
 * through the buffer protocol, so the extension is built without NumPy. */
#ifndef TACETNN_CORE_H
#define TACETNN_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "tacet/tacet.h"

#include <stddef.h>

/* ---- Errors (error.c) -------------------------------------------------------------------------------------------- */

/* Raise the exception that belongs to the error's status, with its text and place as attributes. */
void *core_raise(const tacet_error *e);
PyObject *core_result(tacet_status s, const tacet_error *e); /* None, or NULL with an exception */
int core_add_errors(PyObject *module);

/* ---- Structs as named tuples (fields.c) -------------------------------------------------------------------------- */

typedef enum core_kind {
    CORE_TEXT,   /* const char *; NULL is None */
    CORE_CHARS,  /* char[] */
    CORE_INT,    /* int */
    CORE_LONG,   /* int64_t */
    CORE_DOUBLE, /* double */
    CORE_BOOL,   /* bool */
    CORE_ROLE,   /* tacet_role, as its name */
    CORE_TYPE,   /* tacet_type, as NumPy's name of it */
    CORE_VALUE,  /* tacet_value; no value is None */
    CORE_SHAPE,  /* int64_t[8], whose rank is the int at `also`; rank -1 is None */
    CORE_LONGS,  /* int64_t[also] */
    CORE_TEXTS,  /* const char *[], ended by NULL */
    CORE_EACH,   /* the figures of a metric by class, as an array */
} core_kind;

typedef struct core_field {
    const char *name; /* NULL ends a list of fields */
    core_kind kind;
    size_t at, also;
} core_field;

typedef struct core_record {
    const char *name; /* "Term" */
    const core_field *field;
} core_record;

/* The records, each of which is a type of the module with that name. */
enum {
#define RECORD(name, ...) CORE_##name,
#include "records.def"
    CORE_RECORDS
};
PyObject *core_tuple(int record, const void *from);
int core_add_records(PyObject *module);

/* A list of the records that `at` gives, from 0 until it fails. It stops with an exception if `at` raises one. */
typedef tacet_status core_at(void *of, int i, void *to);
PyObject *core_list(int record, core_at *at, void *of);

PyObject *core_numbers(const int64_t *x, size_t n); /* a tuple */
PyObject *core_text(const char *text);              /* str; NULL is None; paths are carried as they are */

PyObject *core_bytes(PyObject *text); /* the other way: new bytes of a str, which must not contain a NUL */

/* A converter of PyArg_ParseTuple: a str, bytes or PathLike as new bytes without NUL, for paths and for texts with
 * paths in them. */
#define core_path PyUnicode_FSConverter
int core_seed(PyObject *from, void *seed); /* another one, to a uint64_t */

/* A text that a call like snprintf writes. */
typedef size_t core_writer(const void *of, const char *what, char *text, size_t capacity);
PyObject *core_written(core_writer *write, const void *of, const char *what);

/* ---- Arrays (buffers.c) ------------------------------------------------------------------------------------------ */

/* Numbers that belong to a Python object, held until core_buffer_drop. */
typedef struct core_buffer {
    Py_buffer view;
    tacet_type type;
    bool own; /* the view's shape and strides were in the view, as PyBuffer_FillInfo makes them */
} core_buffer;

/* Borrows a C-contiguous buffer of float32, float64, uint8, bool, int32 or int64. `what` names it in errors. False with
 * an exception. */
bool core_buffer_take(PyObject *from, const char *what, core_buffer *b);
bool core_buffer_floats(PyObject *to, bool writable, const char *what, core_buffer *b);
void core_buffer_drop(core_buffer *b);
const char *core_type_name(tacet_type type);

/* ---- Objects ----------------------------------------------------------------------------------------------------- */

/* An object of the library must not be used by two threads at the same time. Python code of other threads can run
 * whenever a call of Python's interface is made, since any of them may let go of the interpreter's lock; so each method
 * converts its arguments and makes its arrays first, then asks for the object (core_plan_of, core_loader_of ...), which
 * fails if it is in use, and then calls the library at once.
 *
 * Types that hold objects of others take part in the collection of cycles, but clear nothing: what they hold is older
 * than they are, so a cycle always has something else in it that can be cleared (as with tuples). */
PyObject *core_new(PyTypeObject *type); /* its contents are 0 */
void core_delete(PyObject *self);

typedef struct core_graph {
    PyObject_HEAD tacet_graph *graph;
    int running;          /* plans of it that are running, and functions of its operators */
    struct core_own *own; /* its operators (own.c) */
} core_graph;

typedef struct core_pool {
    PyObject_HEAD tacet_pool *pool;
} core_pool;

typedef struct core_data {
    PyObject_HEAD tacet_data *data;
    struct core_data *of; /* the data that these were held out of; or NULL */
    core_buffer x, y, w;  /* of data in memory */
    int loaders;          /* of these data */
} core_data;

typedef struct core_loader {
    PyObject_HEAD tacet_loader *loader;
    core_data *data;
    bool busy;
} core_loader;

typedef struct core_file {
    PyObject_HEAD tacet_file *file;
} core_file;

/* What was fed to an input for the next call. */
typedef struct core_fed {
    int64_t rows;
    core_buffer buffer;
    int64_t *index;
    double *scaling;
} core_fed;

/* An input of a plan. */
typedef struct core_feed {
    PyObject *name;
    tacet_value value;
    int rank; /* of a row */
    int64_t shape[8], elements;
    bool fed; /* the library has it */
    core_fed with;
} core_feed;

typedef struct core_plan {
    PyObject_HEAD tacet_plan *plan;
    core_graph *graph;
    PyObject *pool, *ranks; /* None, or the object */
    core_feed *feed;        /* of each input, in the order of the graph */
    int feeds;
    bool busy;
    PyThreadState *state; /* while it runs: of the thread that runs it */
    PyObject *raised[3];  /* the exception of a sum over ranks */
} core_plan;

/* The types, created with the module; static because a module of one phase has one state. */
typedef struct core_types {
    PyTypeObject *graph, *value, *pool, *ranks, *data, *loader, *file, *plan, *numbers;
} core_types;
extern core_types core_type;

/* A value from None, a Value or a name in the graph. False with an exception. */
bool core_value_of(const tacet_graph *g, PyObject *from, tacet_value *v);
PyObject *core_value_new(tacet_value v);
PyObject *core_graph_new(tacet_graph *g); /* takes g, also when it fails */

/* A tuple of sizes, or one size, as a shape. Returns the rank, or -1 with an exception. */
int core_shape_of(PyObject *from, int64_t shape[8]);

/* Methods of a graph for operators of one's own (own.c). core_own_raise raises what one of their functions has raised on this
 * thread in a call that has just ended; false: none has. */
PyObject *core_operator_add(PyObject *self, PyObject *args, PyObject *keys);
PyObject *core_check_operator(PyObject *self, PyObject *args);
bool core_own_raise(core_graph *g);
int core_own_visit(core_graph *g, visitproc visit, void *arg);

/* The object of the library, unless another thread is using it: then NULL with an exception. */
tacet_plan *core_plan_of(PyObject *self);
tacet_graph *core_graph_of(PyObject *self);
tacet_loader *core_loader_of(PyObject *self);

/* For methods of a plan; these fail if it is in use (ledger.c). */
int core_term_of(core_plan *p, PyObject *from);  /* the number of a term, from its name or number; or -1 */
int core_index_of(core_plan *p, PyObject *from); /* the number of a value, from a Value or a name; or -1 */
PyObject *core_plan_list(PyObject *self, int record, core_at *at);
PyObject *core_values(core_plan *p, tacet_value (*at)(const tacet_plan *, int, int),
                      int i); /* at(plan, i, 0), 1, ... */

PyObject *core_compile(core_graph *g, PyObject *args, PyObject *keys); /* compile.c */
bool core_ranks_of(core_plan *p, tacet_ranks *r);                      /* from p->ranks; ranks.c */

/* A new NumPy array of float32 (`type` "float32") or another type; *b is its buffer. NULL with an exception. */
PyObject *core_array(const char *type, int rank, const int64_t *shape, core_buffer *b);
PyObject *core_array_copy(const char *type, int rank, const int64_t *shape, const void *numbers);

/* The methods of a plan by file: what it is fed (feed.c), what it runs on a loader (run.c), its numbers (told.c), its
 * figures (ledger.c; record.c: as JSON), its files (file.c). Each list ends with {0}. */
extern PyMethodDef core_feed_methods[], core_run_methods[], core_told_methods[], core_ledger_methods[],
    core_record_methods[], core_file_methods[];
extern PyGetSetDef core_told_members[];

void core_feed_drop(core_plan *p); /* forgets what was fed */

/* Runs a call of the library on a plan without the interpreter's lock. The plan was asked for (core_plan_of). False
 * with an exception if the call failed, for the reason in *error, or if a sum over ranks raised one. */
#define CORE_RUN(plan, error, call) (core_begin(plan), core_end(plan, call, error))
void core_begin(core_plan *p);
bool core_end(core_plan *p, tacet_status s, const tacet_error *error);

/* For tables of methods. The signature becomes Python's own: "feed($self, name, array, /)". */
#define CORE_DOC(signature, text) signature "\n--\n\n" text
#define CORE_FUNCTION(f) (PyCFunction)(void (*)(void)) f
#define CORE_KEYS METH_VARARGS | METH_KEYWORDS
#define CORE_FAST METH_FASTCALL | METH_KEYWORDS

/* Add what a file defines to the module: 0, or -1 with an exception. */
int core_add_graph(PyObject *module);
int core_add_plan(PyObject *module);
int core_add_data(PyObject *module);
int core_add_loader(PyObject *module);
int core_add_pool(PyObject *module);
int core_add_ranks(PyObject *module);
int core_add_own(PyObject *module);
int core_add_file(PyObject *module);
int core_add_catalogue(PyObject *module);

/* Creates a type and adds it to the module. */
PyTypeObject *core_add_type(PyObject *module, PyType_Spec *spec);

#endif
