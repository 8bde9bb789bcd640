/* step.h: one entry of a compiled list: what runs, what it reads and writes, and how its work is cut.
 *
 * There are four kinds of steps, one file each:
 *
 *     call.c        a phase of an operator, forward or backward
 *     make_list.c   the firing list of a value or of a gradient, by row or by unit
 *     count.c       how often each unit of a value fires
 *     given.c       the caller's share of a gradient
 *
 * A kind is a row of functions. The passes and the loop never look at the kind of a step: lifetimes, bands, the guard
 * and explain() all use its ports. */
#ifndef TC_STEP_H
#define TC_STEP_H

#include "op/op.h"

#include <stdatomic.h>

typedef struct tc_step tc_step;

typedef struct tc_kind {
    const char *name; /* what explain() calls the step; NULL: "forward" or "backward" */
    tc_span (*span)(const tc_step *s);
    void (*resolve)(tc_step *s); /* sets pointers from the ports, once the buffers have memory */
    void (*prepare)(tc_step *s); /* before the first range, on one thread, if the step has `prepares` */
    void (*run)(const tc_step *s, int64_t begin, int64_t end, int lane);
    void (*finish)(tc_step *s, double sum); /* takes the sum over the ranges; NULL: it is a term's */
    bool (*again)(tc_step *s);              /* after finish: whether all ranges must run once more; NULL: never */
} tc_kind;

/* A buffer that a step reads or writes. */
typedef struct tc_port {
    int buffer;    /* its index in the step's list, or -1 */
    int value;     /* the value of the graph that it holds; -1: it has no name, like `save` */
    bool gradient; /* the gradient of that value */
    bool write;
    bool ids;     /* class indices, int32; otherwise numbers */
    void *memory; /* once the buffer is placed */
} tc_port;

/* A firing list that steps make, of a value or of a gradient. */
typedef struct tc_silence {
    const tc_run *run;
    tc_firing f;
    int value;
    bool lines;                /* by lines of pixels (tc_silent.lines); otherwise a row of the list is a position */
    int64_t each, capacity;    /* rows of the list: for a sample, and at most */
    int by_row, by_unit;       /* buffers, or -1 */
    bool read;                 /* a layer reads the entries; otherwise only the count is used */
    bool rows, units;          /* wanted in this step */
    double most;               /* of a value: no product runs on the list at this density or above */
    atomic_bool left_out;      /* of a value: ranges have been counted, but not listed */
    bool again;                /* those ranges are being listed */
    bool forward, backward;    /* a product ran on it, or on that of a gradient derived from it, since it was made */
    struct tc_silence *source; /* of a gradient: the list of the value that is silent where it is; NULL: of a value */
    struct tc_silence *also;   /* of a value: its other list, one of them by lines; or NULL */
    struct tc_silence *next;
} tc_silence;

/* The work of a step that is a phase of an operator. The call points to the tables next to it. */
typedef struct tc_work {
    void (*run)(const tc_call *c, int64_t begin, int64_t end); /* the operator's forward or backward */
    int64_t scratch; /* bytes for each lane, a multiple of TC_ALIGN; 0: none */
    tc_call call;
    int slots; /* inputs and parameters: the length of x, d and add */
    tc_view *x;
    float **d;
    bool *add;
    tc_silence *x_list, *g_list; /* the lists that it may run on, or NULL */
    char *lanes;                 /* [lanes, scratch] */
} tc_work;

struct tc_step {
    const tc_kind *kind;
    tc_span span; /* how it is cut for the current number of rows, and into how many parts */
    int64_t parts;
    int waits; /* an input that evaluation can run without, which then skips the step; or -1 */
    bool backward;
    bool band;        /* runs range by range together with the next step */
    bool sums;        /* its ranges write partial sums */
    bool prepares;    /* its kind's prepare() runs in every pass */
    bool shared;      /* large enough to be worth waking threads for */
    bool elementwise; /* output element i depends only on input element i; pieces are elements */
    int value, term;  /* the value or term of the graph that it computes; the other is -1 */
    tc_work work;     /* of a call of an operator */
    void *context;    /* of other kinds: the tc_silence or tc_tally */
    double *partial;  /* [parts]: where its ranges write their sums */
    double *weights;  /* [parts]: likewise, their parts of the denominator (TC_WEIGHS) */
    int ports;
    tc_port *port;
    tc_view view; /* the tensor that it processes (no memory) */
    double flops, bytes;
};

/* Where the range that starts at `begin` writes its sum. */
static inline double *tc_step_partial(const tc_step *s, int64_t begin)
{
    return &s->partial[begin == 0 ? 0 : begin / s->span.grain];
}

/* ---- An operator's call ---- */

/* The order of an operator's ports; `slots` inputs begin at TC_PORT_X, and the same number of gradients follow. */
enum {
    TC_PORT_Y,
    TC_PORT_G,
    TC_PORT_SAVE,
    TC_PORT_X_ROWS,
    TC_PORT_X_UNITS,
    TC_PORT_G_ROWS,
    TC_PORT_G_UNITS,
    TC_PORT_X
};

extern const tc_kind tc_kind_call;
static inline const tc_work *tc_work_of(const tc_step *s) { return s->kind == &tc_kind_call ? &s->work : NULL; }
static inline tc_port *tc_port_x(const tc_step *s, int slot) { return &s->port[TC_PORT_X + slot]; }
static inline tc_port *tc_port_d(const tc_step *s, int slot) { return &s->port[TC_PORT_X + s->work.slots + slot]; }

/* ---- Lists and counts ---- */

/* By row: made from the value or gradient in port 0, in the loop that made that; by unit: made from the list by row. */
extern const tc_kind tc_kind_list, tc_kind_list_by_unit;
enum { TC_PORT_FROM, TC_PORT_ROWS, TC_PORT_UNITS, TC_LIST_PORTS };

/* Bytes of a list; and where its parts are within memory of that size. */
int64_t tc_silence_row_bytes(const tc_silence *s);
int64_t tc_silence_unit_bytes(const tc_silence *s);

/* How often each unit of a value fired, over the passes of one list since the last reset. A pass writes its own counts
 * to `now`; they are added up once the pass can no longer be undone. */
typedef struct tc_tally {
    const tc_run *run;
    int64_t units, positions; /* of a row of the value */
    bool batch;
    int32_t *now;   /* [strips of rows, units]; NULL: nothing is counted */
    double *all;    /* [units]: `now` summed over strips and ranks; NULL: every rank counts the same */
    double sum;     /* of now */
    double earlier; /* of the earlier batches of the same step */
    int64_t *fired; /* [units] */
    int64_t rows;   /* times positions */
    double natural; /* training: the density in the very first step, before any update; NAN: no step has run */
    /* Training, of a layer with revive=; otherwise after is 0 and the tables are NULL. */
    int64_t after;         /* a unit that has not fired for so many steps is dead */
    int64_t *silent;       /* [units]: steps since each unit fired */
    bool *dead;            /* [units]: silent >= after */
    int64_t revived;       /* units that came back since the last reset */
    struct tc_tally *next; /* of the list's */
} tc_tally;

/* The number of strips of rows (times positions) with separate counts, so that an int32 holds a count. */
int64_t tc_tally_strips(int64_t rows);

extern const tc_kind tc_kind_count; /* reads port 0 */

/* ---- Gradients from the caller ---- */

/* The caller's share of the gradient of a value, for one step. */
typedef struct tc_given {
    const tc_run *run;
    const char *axes;      /* of a parameter that is stored in another order than users see; or NULL */
    float *numbers;        /* as users see the value; NULL: it takes none */
    int64_t count;         /* how many there are; 0: none was given */
    struct tc_given *next; /* the plan's */
} tc_given;

extern const tc_kind tc_kind_given; /* writes port 0 */

#endif
