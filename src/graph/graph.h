/* graph.h: the description of a network: values, terms and statements. It holds no numbers.
 *
 * Values are in the order in which they were described, so every value comes after its inputs. A parameter is a
 * separate value, made by its layer, and any later layer can use it (share.c). Strings and tables belong to the graph.
 * A plan holds a reference to its graph and reads it by index, so later additions do not affect it. */
#ifndef TC_GRAPH_H
#define TC_GRAPH_H

#include "op/op.h"
#include "op/weight.h"

#include <stdatomic.h>

enum { TC_MAX_VALUES = 1 << 16, TC_MAX_TERMS = 4096, TC_MAX_NAME = 127, TC_SLOTS = TC_MAX_INPUTS + TC_MAX_PARAMS };

typedef struct tc_value {
    char *name;
    const tc_op *op;     /* of the layer whose output it is; NULL for an input or parameter */
    tc_spec spec;        /* of the layer */
    tc_arg *arg;         /* the operator's attributes, bound */
    int inputs, slots;   /* inputs; inputs and parameters */
    int input[TC_SLOTS]; /* values; parameters follow the inputs; -1: an absent parameter. A shared parameter is
                          * listed by every layer that uses it; the first is its owner */
    bool turned;         /* the first parameter is another layer's, and is stored transposed */
    int first;           /* the parameter whose transpose is what the first parameter begins as; 0: none (it is never one) */
    bool first_turned;   /* that parameter is stored transposed */
    tc_shape shape;      /* without the batch; of a parameter: as stored */
    bool batch;
    tacet_type type; /* F32; I32: an input of class indices, without a gradient and matched by no selector */
    int64_t classes; /* I32: indices are below this; 0: the layers and terms that read it decide */
    int64_t groups;  /* a weight: of its units (op/weight.h); 0 means 1 */
    int owner, slot; /* a parameter: the layer that owns it, and which of its parameters; otherwise owner is -1 */
    int number;      /* a layer: how many layers of its operator exist up to this one, for its name */
    bool keep, keep_gradient;
    bool takes_gradient; /* from the caller; keep_gradient is then set too */
    int revive;         /* a layer that makes zeros: how its dead units come back, TC_REVIVE_NONE ... */
    int64_t dead_after; /* training steps without firing after which one is dead; 0: not given */
} tc_value;

/* A loss, a penalty or a constraint on one or (joint) several values. */
typedef struct tc_term {
    char *name, *on;
    const tc_op *op;
    tc_spec spec;
    tc_arg *arg, *common;
    int of; /* a penalty on a layer (tc_op.of): the layer, which gives it inputs and attributes; or -1 */
    int inputs, slots;   /* with the layer's parameters */
    int input[TC_SLOTS]; /* values; parameters follow the inputs, the layer's or those that attributes name; -1: absent */
    double lambda;       /* 0 if steered: the plan's table has the current one */
    double target;       /* the share of nonzero elements that lambda is steered to; NAN: not steered */
    bool scheduled;      /* lambda follows the schedule in the common attributes */
    int reduce;
    bool prox;    /* acts after the update: a proximal step or a constraint */
    bool weighed; /* a loss whose last slot, after its inputs, is an input with a weight for each sample */
    bool turned;  /* its first parameter is stored transposed (tc_value.turned) */
} tc_term;

/* Whether a term came with a layer (revive=aux), instead of being described. */
static inline bool tc_term_implied(const tc_term *t) { return t->of >= 0 && !t->op->of; }

/* Whether a term acts on slot k, which may otherwise be an input of the layer it is on, a parameter that it names, or the
 * samples' weights; whether it sends a gradient there, as also to parameters that it names. */
static inline bool tc_term_acts(const tc_term *t, int k) { return t->input[k] >= 0 && (t->of < 0) == (k < t->inputs); }
static inline bool tc_term_pulls(const tc_term *t, int k)
{
    return !t->prox && (tc_term_acts(t, k) || (t->of < 0 && k < t->slots - t->weighed));
}

/* A line of the description as it was given: `text` applies to what `on` matches among the first `values` of the
 * graph. */
typedef struct tc_statement {
    char *on, *text;
    int values;
} tc_statement;

typedef struct tc_statements {
    int count;
    tc_statement *line;
} tc_statements;

struct tacet_graph {
    tc_mem mem;
    atomic_int references;
    tacet_error error; /* the first mistake; status TACET_OK before any */
    int values, terms, places;
    tc_value *value;
    tc_term *term;
    struct tc_user_op *own; /* operators of the caller's own (op/user.h) */
    int *named; /* [places], a hash table of the values by name (names.c) */
    tc_statements losses, penalties, options;
};

/* The attributes that are passed to a term's operator. */
static inline const tc_arg *tc_term_arg(const tacet_graph *g, const tc_term *t)
{
    return t->of >= 0 ? g->value[t->of].arg : t->arg;
}

/* The value that a term is on: its input k, or the layer that it penalises; how many these are. */
static inline int tc_term_on(const tc_term *t, int k) { return t->of >= 0 ? t->of : t->input[k]; }
static inline int tc_term_values(const tc_term *t) { return t->of >= 0 ? 1 : t->inputs; }

/* Whether a selector can match the value: class indices cannot be penalised, kept or trained. parameters: it matches
 * only parameters. */
static inline bool tc_selectable(const tc_value *v, bool parameters)
{
    return v->type == TACET_F32 && (!parameters || v->owner >= 0);
}

/* Reference counting, for plans. */
tacet_graph *tc_graph_hold(tacet_graph *g);

/* Adds a value under a name (copied) and takes ownership of what it holds. Returns its index, or -1 with the sticky
 * error set. */
int tc_graph_add(tacet_graph *g, const char *name, const tc_value *value);
void tc_value_free(const tc_mem *m, tc_value *v);
void tc_term_free(const tc_mem *m, tc_term *t);
int tc_graph_index(const tacet_graph *g, const char *name); /* or -1 */

/* Whether a value can be added under the name; the table of names then has room for it. False with the sticky error
 * set. tc_name_take enters the name of an added value. */
bool tc_name_free(tacet_graph *g, const char *name, bool parameter);
void tc_name_take(tacet_graph *g, int value);

/* Whether calls on the graph must do nothing: a mistake was made, or the graph is NULL because memory ran out. */
bool tc_graph_failed(const tacet_graph *g);

/* The index of a handle, or -1 after setting the sticky error; silent on {0} when the graph has failed already. */
int tc_graph_value(tacet_graph *g, tacet_value v);

/* The row of a parameter in the table of its layer's operator. */
const tc_param *tc_param_of(const tacet_graph *g, int value);

/* Gives a layer the parameters of other layers that it uses, once its inputs are set: value.input and slots, with -1
 * for its own, and `turned`; and what its own weight begins as. word[k] names parameter k, if given; common are the
 * attributes of all layers. False with the sticky error set if one does not fit. */
bool tc_share(tacet_graph *g, tc_value *layer, const tc_arg *word, const tc_arg *common, const tc_sketch *s);

/* The parameter that a word of a description names, as `key` of the layer or term `op`; or -1 with the sticky error. */
int tc_share_find(tacet_graph *g, const tc_spec *spec, const tc_arg *word, const char *key, const char *op);

/* Sets how the dead units of a layer come back, from the attributes of all layers. False with the sticky error set. */
bool tc_revive_set(tacet_graph *g, tc_value *layer, const tc_arg *common);

/* Whether y is v plus something that does not depend on v: what v is changed by reaches y as it is. */
bool tc_revive_reaches(const tacet_graph *g, int v, int y);

/* Adds the terms that a loss, the last term so far, brings to layers with revive=aux. False with the sticky error set. */
bool tc_revive_add_terms(tacet_graph *g);

/* The linear layer that makes y, which is compared with a target, from the units of `layer`: their decoder; or -1. */
int tc_revive_decoder(const tacet_graph *g, int layer, int y);

/* Whether a selector names a shared parameter by a layer that uses it: the hint of *e then names its owner. */
bool tc_shares_hint(const tacet_graph *g, const char *selector, tacet_error *e);

/* The letters of a value's dimensions (op/weight.h), or NULL if it is not a parameter or has at most one dimension. The
 * shape of any value as users see it, without the batch. */
const char *tc_graph_axes(const tacet_graph *g, int value);
tc_shape tc_graph_shape(const tacet_graph *g, int value);

/* Whether a selector matches a name, of a parameter or of another value (select.c). */
bool tc_matches(const char *selector, const char *name, bool parameter);
/* The first value from `from` on that a selector matches; after the last, g->values. */
int tc_select(const tacet_graph *g, const char *selector, bool parameters, int from);
/* Whether a selector matches any value; otherwise the sticky error lists the existing names. */
bool tc_select_any(tacet_graph *g, const char *selector, bool parameters);

void tc_statement_add(tacet_graph *g, tc_statements *s, const char *on, const char *text);

/* Set the sticky error, once, and return false. tc_graph_refuse points at the value of an attribute in the spec, or
 * (NULL) at the spec's name. */
__attribute__((format(printf, 2, 3))) bool tc_graph_fail(tacet_graph *g, const char *format, ...);
__attribute__((format(printf, 4, 5))) bool tc_graph_refuse(tacet_graph *g, const tc_spec *s, const tc_arg *at,
                                                           const char *format, ...);
bool tc_graph_no_memory(tacet_graph *g);

/* An operator of the graph's own or of the table; or NULL. tc_graph_free_own frees the former. */
const tc_op *tc_graph_find_op(const tacet_graph *g, const char *name);
void tc_graph_free_own(tacet_graph *g);

/* The operator that a spec names, if it has the role that is due (a constraint may be given as a penalty); or NULL with
 * the sticky error set. */
const tc_op *tc_graph_op(tacet_graph *g, const tc_spec *s, const tc_role *due);

/* Applies the operator's shape rule; shape and batch hold TC_SLOTS. tc_graph_refuse_inputs reports its refusal, with
 * the inputs and their shapes. */
bool tc_graph_sketch(const tacet_graph *g, const tc_op *op, const tc_arg *arg, const int *input, int inputs,
                     tc_sketch *s, tc_shape *shape, bool *batch);
bool tc_graph_refuse_inputs(tacet_graph *g, const char *what, const int *input, int inputs, const char *why);

/* Suggests the value whose name is nearest to `name`, or lists the existing ones, as the hint of the sticky error. */
void tc_graph_suggest(tacet_graph *g, const char *name, bool parameters);

/* How much of a graph was described at some time: a plan keeps the extent at which it was compiled. */
typedef struct tc_extent {
    int values, losses, penalties, options;
} tc_extent;
tc_extent tc_graph_extent(const tacet_graph *g);

/* Adds a part, as tacet_graph_text gives it, to a text, which remembers if memory ran out. */
void tc_graph_write(const tacet_graph *g, const tc_extent *extent, const char *part, tc_text *t);

/* Rebuilds a part that tacet_graph_text wrote, line by line, through the public calls. The sticky error says what
 * failed. */
void tc_graph_rebuild(tacet_graph *g, const char *part, const char *text);

#endif
