/* faults.h: makes one call of a command fail at a time, and judges what the command makes of it.
 *
 * A fault is a class of calls, an error, and which call of the class gets it. System calls are counted and failed from
 * outside: a seccomp filter stops the command at the calls of calls.def, and the driver, its tracer, lets the call run
 * or answers it with the error. So nothing stands between the command and its C library, and what stdio reads or writes
 * is included. Allocations are counted and failed by shim.c, which is loaded before the C library. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- Classes of calls -------------------------------------------------------------------------------------------- */

typedef enum faults_kind {
    FAULTS_MEMORY, /* malloc and its relatives; the others are system calls */
    FAULTS_PAGES,  /* anonymous memory, mapped: what malloc and threads are made of */
    FAULTS_PROCESS,
    FAULTS_OPEN,
    FAULTS_CREATE,
    FAULTS_READ,
    FAULTS_WRITE,
    FAULTS_SYNC,
    FAULTS_RENAME,
    FAULTS_CLOSE,
    FAULTS_FOLDER,
    FAULTS_LOCK,
    FAULTS_STAT,
    FAULTS_TRUNCATE,
    FAULTS_SEEK,
    FAULTS_REMOVE,
    FAULTS_MAP,
    FAULTS_LIST,
    FAULTS_PATH,
    FAULTS_DISK,    /* all files together may take `at` bytes */
    FAULTS_LIMIT,   /* each file may have `at` bytes: ulimit -f */
    FAULTS_STREAMS, /* row `at` of stream_table (trace.c): standard streams that are closed or full */
    FAULTS_KINDS
} faults_kind;

/* What takes the place of an errno. */
enum {
    FAULTS_SHORT = 4096, /* only half is read or written */
    FAULTS_TERM,         /* the process gets SIGTERM, and the call is made */
    FAULTS_KILL          /* the process gets SIGKILL, and the call is not made */
};

typedef struct faults_class {
    const char *name;
    int error[8]; /* ends with 0 */
    bool onwards; /* also fails the n-th and every later call */
    int points;   /* so many values of `at`; 0: all */
} faults_class;
extern const faults_class faults_class_table[FAULTS_KINDS];

typedef struct faults_fault {
    faults_kind kind;
    int error; /* 0: none, calls are only counted */
    int64_t at;
    bool onwards;
} faults_fault;

const char *faults_error_name(int error);

/* ---- Running a command ------------------------------------------------------------------------------------------- */

/* A page that shim.c shares with the driver. */
typedef struct faults_shared {
    int64_t count, at;
    bool onwards, backtrace;
} faults_shared;
#define FAULTS_SHARED "FAULTS_SHARED" /* the variable of the environment that holds the path of the page */
enum { FAULTS_MAIN = 1 << 20 };       /* shim.c closes minus this descriptor when main begins */

typedef struct faults_result {
    int status; /* as from waitpid */
    bool hung, hit;
    char call[40], path[1000]; /* the call that failed first, and its file */
    int64_t count[FAULTS_KINDS];
} faults_result;

/* Runs a command line in dir/tree, at most so many seconds; its standard output and error go to dir/out and dir/err. */
void faults_run(const char *dir, const char *line, faults_fault f, int seconds, bool backtrace, faults_result *r);
enum { FAULTS_SECONDS = 60 };

/* ---- Folders ----------------------------------------------------------------------------------------------------- */

typedef struct faults_file {
    char *path; /* relative to the folder; that of a folder ends with / */
    char *bytes;
    size_t size;
} faults_file;

typedef struct faults_tree {
    faults_file *file; /* in the order of their paths */
    size_t files;
} faults_tree;

void faults_tree_read(faults_tree *t, const char *folder);
void faults_tree_free(faults_tree *t);
void faults_tree_write(const faults_tree *t, const char *folder); /* makes the folder, without what it held before */
const faults_file *faults_tree_find(const faults_tree *t, const char *path);
bool faults_file_equal(const faults_file *a, const faults_file *b); /* NULL is equal to NULL */
bool faults_file_read(faults_file *f, const char *path);            /* false: it does not exist */

/* NULL if the file could be what its name says: JSON that parses, a page with its end; otherwise what is wrong. */
const char *faults_file_flaw(const faults_file *f);

/* ---- Judging ----------------------------------------------------------------------------------------------------- */

/* A row of commands.def. */
typedef struct faults_command {
    const char *name;
    const char *before; /* for sh: prepares the folder */
    const char *line;
    const char *again; /* what to run after a failure; NULL: the line */
    const char *work;  /* the folder that a failed run may leave unfinished, and that `again` then completes; or NULL */
} faults_command;

typedef struct faults_case {
    const faults_command *command;
    faults_tree before, clean; /* its folder before and after a run without fault */
    faults_file out;           /* what that run prints */
    int64_t count[FAULTS_KINDS];
} faults_case;

typedef struct faults_verdict {
    char what[600]; /* what is found, "" for nothing */
    char said[200]; /* the last error that the command printed */
} faults_verdict;

/* Judges the run in dir, and runs the command again if it failed. */
void faults_judge(const faults_case *c, const char *dir, faults_fault f, const faults_result *r, faults_verdict *v);

__attribute__((noreturn, format(printf, 1, 2))) void faults_stop(const char *format, ...);
__attribute__((format(printf, 1, 2))) char *faults_text(const char *format, ...); /* on the heap */

#endif
