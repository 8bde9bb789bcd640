/* user.c: operators of the caller's own, as rows of the operator contract.
 *
 * The caller's functions get parts of the tensors: everything, or the rows or elements of a piece of the range, so that
 * they need not know how the work is cut. A gradient is written to zeros, in its own place if it is stored there and
 * otherwise in scratch memory; then it is multiplied by what the term's lambda and denominator make, and added. So the
 * functions cannot get either wrong. */
#include "op/user.h"

#include "op/labelled.h"
#include "op/penalty.h"

#include <string.h>

/* One call of a function: what it sees of the tensors. */
typedef struct part {
    const tc_call *of;
    tacet_call call;
    tacet_operand operand[TC_MAX_INPUTS];
    int first; /* which of the inputs is operand 0 */
    double number[TACET_ATTRIBUTES];
} part;

static const tc_user_op *user_of(const tc_op *op) { return (const tc_user_op *)(const void *)op; }

static void begin_part(const tc_op *op, const tc_arg *arg, part *p)
{
    const tc_user_op *o = user_of(op);
    *p = (part){.call = {.size = sizeof p->call, .context = o->user.context}};
    p->call.attribute = p->number;
    p->call.input = p->operand;
    for (int i = 0; i < o->numbers; i++) p->number[i] = arg[o->values + i].number;
}

/* The numbers of a view that a part has: all, or its rows or elements [begin, end). */
typedef struct stretch {
    int64_t from, rows, elements;
    int rank;
} stretch;

static stretch stretch_of(const tc_call *c, const tc_view *v, int64_t begin, int64_t end)
{
    const tacet_cut cut = user_of(c->op)->user.cut;
    const bool whole = cut == TACET_WHOLE, elements = cut == TACET_BY_ELEMENT;
    const int64_t rows = whole ? tc_rows(c, v) : end - begin, each = elements ? 1 : v->n;
    return (stretch){whole ? 0 : begin * each, rows, rows * each, elements ? 0 : v->shape.rank};
}

/* What a function sees of inputs [first, first + inputs) and of y in the rows or elements [begin, end). */
static void set_part(const tc_call *c, part *p, int first, int inputs, int64_t begin, int64_t end)
{
    begin_part(c->op, c->arg, p);
    p->of = c;
    p->first = first;
    p->call.inputs = inputs;
    p->call.begin = begin;
    p->call.training = c->run->training;
    p->call.step = (int64_t)c->run->step;
    for (int i = 0; i < inputs; i++) {
        const tc_view *x = &c->x[first + i];
        const stretch s = stretch_of(c, x, begin, end);
        p->operand[i] = (tacet_operand){.x = x->data ? x->data + s.from : NULL,
                                        .ids = x->ids ? x->ids + s.from : NULL,
                                        .rows = s.rows,
                                        .elements = s.elements,
                                        .rank = s.rank,
                                        .shape = x->shape.dim,
                                        .batch = x->batch};
    }
    if (c->op->role->scalar) return;
    const stretch s = stretch_of(c, &c->y, begin, end);
    p->call.outputs = s.elements;
    p->call.y = c->y.data ? c->y.data + s.from : NULL;
    p->call.g = c->g ? c->g + s.from : NULL;
    p->call.y_rank = s.rank;
    p->call.y_shape = c->y.shape.dim;
}

/* Rows or elements of a part, so that what it writes to scratch memory has a limit. */
static int64_t grain_of(const tc_op *op, const tc_shape *x)
{
    const int64_t n = tc_shape_count(x);
    const tacet_cut cut = user_of(op)->user.cut;
    return cut == TACET_WHOLE ? 1 : cut == TACET_BY_ELEMENT ? TC_RANGE : n < TC_RANGE ? TC_RANGE / n : 1;
}

/* Runs a function on a part; sum: a scalar's. */
typedef tacet_status part_function(part *p, double *sum);

/* Notes that a function has failed; nothing is called after that until the next pass begins. */
static bool note(const tc_call *c, tacet_status status)
{
    tc_refusal *r = c->run->refusal;
    int none = TACET_OK;
    if (status == TACET_OK) return true;
    if (r && atomic_compare_exchange_strong(&r->status, &none, (int)status)) atomic_store(&r->op, c->op);
    return false;
}

static bool is_refused(const tc_call *c)
{
    return c->run->refusal && atomic_load(&c->run->refusal->status) != TACET_OK;
}

/* The parts of [begin, end), one after the other. */
static void run_parts(const tc_call *c, int first, int inputs, int64_t begin, int64_t end, part_function *run, double *sum)
{
    const int64_t grain = grain_of(c->op, &c->x[first].shape);
    bool good = !is_refused(c);
    for (int64_t i = begin; i < end && good; i += grain) {
        part p;
        set_part(c, &p, first, inputs, i, i + grain < end ? i + grain : end);
        good = note(c, run(&p, sum));
    }
}

/* A penalty that is cut by element sees one of its joint values at a time. */
static void run_range(const tc_call *c, int64_t begin, int64_t end, part_function *run, double *sum)
{
    if (c->op->role != &tc_penalty || user_of(c->op)->user.cut != TACET_BY_ELEMENT) {
        run_parts(c, 0, c->inputs, begin, end, run, sum);
        return;
    }
    int64_t start = 0;
    for (int i = 0; i < c->inputs; i++) {
        const tc_overlap o = tc_overlap_of(c, i, begin, end, &start);
        run_parts(c, i, 1, o.from, o.to, run, sum);
    }
}

/* Whether there is anything to call the function with: a rank may have no rows. */
static bool has_rows(const part *p) { return p->operand[0].rows > 0; }

static tacet_status value_of_part(part *p, double *sum)
{
    return has_rows(p) ? user_of(p->of->op)->user.value(&p->call, sum) : TACET_OK;
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    double sum = 0;
    run_range(c, begin, end, value_of_part, &sum);
    if (c->op->role->scalar) *tc_partial(c, begin) = sum;
}

/* Scales what the function left for an operand, and puts it in its place. */
TC_CLONES static void take(const float *from, float *to, int64_t n, float factor, bool add)
{
    if (add)
        for (int64_t i = 0; i < n; i++) to[i] += factor * from[i];
    else if (factor != 1.0f)
        for (int64_t i = 0; i < n; i++) to[i] *= factor;
}

static tacet_status gradient_of_part(part *p, double *sum)
{
    (void)sum;
    const tc_call *c = p->of;
    const float factor = c->op->role->scalar ? (float)tc_seed(c) : 1.0f;
    float *spare = c->scratch, *to[TC_MAX_INPUTS] = {0};
    for (int i = 0; i < p->call.inputs; i++) {
        tacet_operand *o = &p->operand[i];
        if (!c->d[p->first + i]) continue;
        to[i] = c->d[p->first + i] + (o->x - c->x[p->first + i].data);
        o->d = c->add[p->first + i] ? spare : to[i];
        if (o->d == spare) spare += o->elements;
        memset(o->d, 0, (size_t)o->elements * sizeof(float));
    }
    const tacet_status status = has_rows(p) ? user_of(c->op)->user.gradient(&p->call) : TACET_OK;
    for (int i = 0; i < p->call.inputs && status == TACET_OK; i++)
        if (to[i]) take(p->operand[i].d, to[i], p->operand[i].elements, factor, to[i] != p->operand[i].d);
    return status;
}

static void backward(const tc_call *c, int64_t begin, int64_t end) { run_range(c, begin, end, gradient_of_part, NULL); }

static tacet_status prox_of_part(part *p, double *t)
{
    p->call.y = p->of->x[0].data + (p->operand[0].x - p->of->x[0].data);
    p->call.outputs = p->operand[0].elements;
    p->call.y_rank = p->operand[0].rank;
    p->call.y_shape = p->operand[0].shape;
    return user_of(p->of->op)->user.prox(&p->call, *t);
}

static void prox(const tc_call *c, double t, int64_t begin, int64_t end)
{
    run_parts(c, 0, 1, begin, end, prox_of_part, &t);
}

static int64_t scratch(const tc_sketch *s, int64_t rows)
{
    const bool elements = user_of(s->op)->user.cut == TACET_BY_ELEMENT, whole = user_of(s->op)->user.cut == TACET_WHOLE;
    int64_t n = 0;
    for (int i = 0; i < s->inputs; i++) {
        const int64_t each = elements ? 1 : tc_shape_count(&s->x[i]);
        n += each * (whole ? (s->batch[i] ? rows : 1) : grain_of(s->op, &s->x[0]));
    }
    return n * (int64_t)sizeof(float);
}

/* ---- Shapes ---- */

/* What is cut into parts has a row, or an element, of every input in each. */
static bool can_be_cut(tc_sketch *s)
{
    const tacet_cut cut = user_of(s->op)->user.cut;
    char a[TC_SHAPE_TEXT], b[TC_SHAPE_TEXT];
    for (int i = 1; i < s->inputs && cut != TACET_WHOLE; i++) {
        if (s->batch[i] != s->batch[0])
            return tc_shape_refuse(s, "is cut into parts, and needs values of the batch alone, or parameters alone");
        if (cut == TACET_BY_ELEMENT && s->op->role == &tc_layer && !tc_shape_equal(&s->x[i], &s->x[0]))
            return tc_shape_refuse(s, "is cut by element, and needs values of the same shape, got %s and %s",
                                   tc_shape_text(&s->x[0], s->batch[0], a), tc_shape_text(&s->x[i], s->batch[i], b));
    }
    return true;
}

/* What the caller's function says. */
static bool own_shape(tc_sketch *s)
{
    part p;
    int64_t dim[TC_MAX_RANK] = {0};
    char got[TC_SHAPE_TEXT];
    begin_part(s->op, s->arg, &p);
    p.call.inputs = s->inputs;
    for (int i = 0; i < s->inputs; i++)
        p.operand[i] = (tacet_operand){.rank = s->x[i].rank, .shape = s->x[i].dim, .batch = s->batch[i]};
    const int rank = user_of(s->op)->user.shape(&p.call, dim);
    if (rank < 0)
        return tc_shape_refuse(s, "its shape function does not take %s", tc_shape_text(&s->x[0], s->batch[0], got));
    if (s->op->role->scalar) return true;
    if (rank > TC_MAX_RANK) return tc_shape_refuse(s, "its shape function gave the rank %d", rank);
    s->y.rank = rank;
    memcpy(s->y.dim, dim, sizeof dim);
    for (int i = 0; i < rank; i++)
        if (dim[i] < 1) return tc_shape_refuse(s, "its shape function gave the size %lld", (long long)dim[i]);
    return true;
}

static bool shape(tc_sketch *s)
{
    const tacet_operator *u = &user_of(s->op)->user;
    if (!can_be_cut(s) || (u->labels && !tc_labelled_shape(s))) return false;
    if (u->shape) return own_shape(s);
    return u->labels || !s->op->role->shape || s->op->role->shape(s);
}

/* ---- Making one ---- */

enum { MOST_NAME = 63, MOST_INPUTS = 4 }; /* inputs: of a layer */

static bool is_word(const char *name)
{
    const size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return n > 0 && n <= MOST_NAME && !name[n] && !(name[0] >= '0' && name[0] <= '9');
}

static const tc_role *role_of(tacet_role is)
{
    static const tc_role *const roles[] = {&tc_layer, &tc_loss, &tc_penalty, &tc_constraint};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (roles[i]->is == is) return roles[i];
    return NULL;
}

static const char *check_name(const char *name)
{
    if (!name || !is_word(name)) return "a name consists of letters, digits and _, at most 63, and no digit comes first";
    return tc_op_find(name) || strcmp(name, "from") == 0 ? "the name is a word of the library" : NULL;
}

/* Whether the role and the functions fit each other. */
static const char *check_functions(const tacet_operator *u, const tc_role *role)
{
    const bool acts = role == &tc_penalty || role == &tc_constraint;
    if (role == &tc_constraint ? !u->prox || u->value || u->gradient : !u->value || !u->gradient)
        return role == &tc_constraint ? "a constraint has a function prox, and no value or gradient"
                                      : "it needs the functions value and gradient";
    if (u->prox && !acts) return "only penalties and constraints have a function prox";
    if (u->zeros && role != &tc_layer && !(role == &tc_penalty && u->prox))
        return "zeros are what a layer makes, or the function prox of a penalty";
    if (u->labels && role != &tc_loss) return "only the target of a loss can be labels";
    return NULL;
}

static const char *check_cut(const tacet_operator *u, const tc_role *role)
{
    if (u->cut != TACET_WHOLE && u->cut != TACET_BY_ROW && u->cut != TACET_BY_ELEMENT)
        return "its cut is not one of tacet_cut";
    if (u->cut == TACET_BY_ELEMENT && (u->shape || u->labels))
        return "what is cut by element has one shape: it has no labels, and no function shape";
    if (u->cut != TACET_WHOLE && u->mixes) return "what mixes rows must see them all: it cannot be cut into parts";
    const int most = role == &tc_layer ? MOST_INPUTS : role == &tc_penalty ? TC_MAX_INPUTS : role->inputs;
    if (u->inputs < 0 || u->inputs > most || (role == &tc_loss && u->inputs == 1))
        return "a layer reads 1 to 4 values, a loss 2, a constraint 1, a joint penalty at most 16";
    return NULL;
}

static bool has_name(const tc_attribute *table, const char *name)
{
    for (; table && table->name; table++)
        if (strcmp(table->name, name) == 0) return true;
    return false;
}

/* Copies a text to *at. */
static const char *copy(char **at, const char *text)
{
    char *to = *at;
    strcpy(to, text);
    *at += strlen(text) + 1;
    return to;
}

static const char *const input_name[] = {NULL, "x2", "x3", "x4"};

static const char *add_attributes(tc_user_op *o, char **at)
{
    tc_attribute *row = o->op.attribute;
    if (o->op.role == &tc_layer)
        for (; o->values + 1 < o->op.inputs; o->values++)
            *row++ = (tc_attribute){input_name[o->values + 1], "value", NULL, "a further value that it reads", true};
    const tacet_operator_attribute *own = o->user.attribute;
    for (; o->numbers < TACET_ATTRIBUTES && own[o->numbers].name; o->numbers++) {
        const tacet_operator_attribute *a = &own[o->numbers];
        char preset[TC_NUMBER_MAX];
        if (o->values + o->numbers == TC_OWN_ATTRS) return "it has more than 8 attributes, further inputs included";
        if (!is_word(a->name) || has_name(o->op.attribute, a->name) || has_name(o->op.role->common, a->name))
            return "the name of an attribute is not a word, is used twice, or is that of an attribute that its role has";
        if (isinf(a->preset)) return "the preset of an attribute is not finite";
        row->name = copy(at, a->name);
        row->type = "float";
        row->preset = isnan(a->preset) ? NULL : copy(at, tc_number_text(a->preset, preset));
        row->doc = copy(at, a->doc ? a->doc : "");
        row++->positional = true;
    }
    return NULL;
}

static void set_functions(tc_user_op *o)
{
    const tacet_operator *u = &o->user;
    tc_op *op = &o->op;
    const bool scalar = op->role->scalar;
    op->flags = TC_READS_X | (u->mixes ? TC_MIXES : 0) | (u->cut == TACET_BY_ELEMENT ? TC_ELEMENTWISE : 0);
    op->flags |= scalar ? (u->mixes ? 0 : TC_PER_SAMPLE) : TC_READS_Y;
    if (u->zeros) op->flags |= scalar ? TC_SPARSIFIES : TC_MAKES_ZEROS;
    if (u->prox) op->flags |= TC_GROWS;
    op->ids = u->labels ? 1 << 1 : 0;
    op->work = 4;
    op->shape = shape;
    /* Losses that are cut by row have the rows of the default, so that samples can have weights. */
    op->span = u->cut == TACET_WHOLE ? tc_span_whole : u->cut == TACET_BY_ROW && op->role != &tc_loss ? tc_span_rows : NULL;
    op->scratch = u->gradient ? scratch : NULL;
    op->forward = u->value ? forward : NULL;
    op->backward = u->gradient ? backward : NULL;
    op->prox = u->prox ? prox : NULL;
}

static size_t text_size(const tacet_operator *u)
{
    size_t n = 1 + MOST_NAME + strlen(u->formula ? u->formula : "") + strlen(u->doc ? u->doc : "") + 2;
    for (int i = 0; i < TACET_ATTRIBUTES && u->attribute[i].name; i++)
        n += strlen(u->attribute[i].name) + strlen(u->attribute[i].doc ? u->attribute[i].doc : "") + TC_NUMBER_MAX + 3;
    return n;
}

static const char *fill(tc_user_op *o, const tc_role *role)
{
    const tacet_operator *u = &o->user;
    char *at = o->text;
    const int least = role == &tc_layer || role == &tc_penalty ? 1 : role->inputs;
    o->op.role = role;
    o->op.inputs = role == &tc_penalty && u->cut == TACET_BY_ELEMENT ? TC_MAX_INPUTS : u->inputs ? u->inputs : least;
    o->op.name = copy(&at, u->name);
    o->op.formula = copy(&at, u->formula ? u->formula : "");
    o->op.doc = copy(&at, u->doc ? u->doc : "");
    o->op.source = "the user's own";
    set_functions(o);
    return add_attributes(o, &at);
}

tc_user_op *tc_user_op_new(const tc_mem *m, const tacet_operator *given, tacet_error *e)
{
    const tc_role *role = role_of(given->role);
    const char *why = check_name(given->name);
    if (!why && !role) why = "its role is a layer, a loss, a penalty or a constraint";
    if (!why) why = check_functions(given, role);
    if (!why) why = check_cut(given, role);
    tc_user_op *o = why ? NULL : tc_alloc(m, 1, sizeof *o);
    char *text = o ? tc_alloc(m, text_size(given), 1) : NULL;
    if (!why && text) {
        *o = (tc_user_op){.user = *given, .text = text, .mem = *m};
        why = fill(o, role);
        if (!why) return o;
    }
    tc_free(m, text);
    tc_free(m, o);
    if (why)
        tc_fail(e, TACET_DESCRIPTION, "the operator %.100s cannot be added: %s", given->name ? given->name : "NULL", why);
    else
        tc_fail_memory(e);
    return NULL;
}

void tc_user_op_free(tc_user_op *o)
{
    const tc_mem m = o->mem;
    if (o->user.free) o->user.free(o->user.context);
    tc_free(&m, o->text);
    tc_free(&m, o);
}
