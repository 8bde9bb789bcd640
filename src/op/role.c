/* role.c: the roles of operators, and the attributes that all operators of a role share.
 *
 * All terms have the same order of common attributes (op.h), and every role has the first few, so that TC_TERM_NAME and
 * the others are the same index everywhere. An attribute whose default is "" has no common default: if it is not given
 * (tc_arg.given), the operator decides, as with lambda and reduce. */
#include "op/op.h"
#include "spec/schedule.h"

#define NAME(what) {"name", "text", "", what, false}
#define REDUCE(otherwise)                                                                                              \
    {"reduce", TC_REDUCE_WORDS, "",                                                                                    \
     "the divisor: sample, the rows of the batch; sum, nothing; mean, the elements; position, the rows "               \
     "times the positions of a row (the sizes before the last one). " otherwise,                                       \
     false}

#define LAYER_NAME NAME("the layer's name, which may have dots, layer1.0.conv1; by default its kind and a number")

#define LAYER_TRANSPOSED                                                                                               \
    {                                                                                                                  \
        "transposed", "bool", "false", "where the weight is another layer's: it is used transposed", false             \
    }
#define LAYER_FIRST                                                                                                    \
    {                                                                                                                  \
        "init_transpose", "text", "",                                                                                  \
            "the name of another layer's weight: this layer's own begins as its transpose, and is trained by itself",  \
            false                                                                                                      \
    }
#define LAYER_REVIVE                                                                                                   \
    {"revive", "none|resample|aux", "none",                                                                            \
     "brings dead units back: resample gives them weights from inputs that are reconstructed badly; aux lets them "    \
     "predict the error of a reconstruction, by an auxiliary loss",                                                    \
     false},                                                                                                           \
    {                                                                                                                  \
        "dead_after", "int", "",                                                                                       \
            "with revive: training steps without firing after which a unit is dead; by default those of an epoch, but " \
            "at most a tenth of the run",                                                                              \
            false                                                                                                      \
    }

static const tc_attribute layer[] = {LAYER_NAME, LAYER_TRANSPOSED, LAYER_FIRST, LAYER_REVIVE, {0}};

/* What the layers of a kind can use of it. */
static const tc_attribute layer_that_turns[] = {LAYER_NAME, LAYER_TRANSPOSED, LAYER_FIRST, {0}};
static const tc_attribute layer_of_zeros[] = {LAYER_NAME, LAYER_REVIVE, {0}};
static const tc_attribute any_layer[] = {LAYER_NAME, {0}};

static const tc_attribute loss[] = {
    NAME("the term's name; by default value:kind"),
    {"lambda", "float", "1", "the factor on the loss, at least 0", false},
    REDUCE("Unless given: mean"),
    {"sample_weight", "text", "",
     "the name of an input with a weight of at least 0 for each row: its factor in the loss, where sample, mean and "
     "position then divide by the weights. Where none are fed they are 1. The program and Python set it if the data have "
     "sample_weight=",
     false},
    {0}};

static const tc_attribute penalty[] = {
    NAME("the term's name; by default value:kind"),
    {"lambda", "float", "", "the factor on the penalty, at least 0; required unless the penalty has its own factors",
     true},
    REDUCE("Unless given: sample, and sum on parameters"),
    {"joint", "bool", "false", "all values that the selector matches are one vector and make one term", false},
    {"prox", "bool", "false", "on parameters: acts by its proximal step after the update, not by its gradient", false},
    {"density", "float", "",
     "instead of lambda: the share of a value's elements that should be nonzero; lambda is steered to hold it", false},
    {"l0", "float", "", "like density, as the number of units that should be nonzero (at each position)", false},
    {"zeros", "float", "", "instead of lambda, with prox: the share of a parameter's elements that should be 0", false},
    TC_SCHEDULE_BOUNDS,
    TC_SCHEDULE_ROWS("lambda", "drop", TC_SCHEDULE_WORDS, "step"),
    {0}};

static const tc_attribute constraint[] = {NAME("the constraint's name; by default value:kind"), {0}};

const char *tacet_role_name(tacet_role role)
{
    static const char *const name[] = {[TACET_ROLE_LAYER] = "layer",         [TACET_ROLE_LOSS] = "loss",
                                       [TACET_ROLE_PENALTY] = "penalty",     [TACET_ROLE_CONSTRAINT] = "constraint",
                                       [TACET_ROLE_OPTIMIZER] = "optimizer", [TACET_ROLE_SCHEDULE] = "schedule",
                                       [TACET_ROLE_DATA] = "data",           [TACET_ROLE_INPUT] = "input",
                                       [TACET_ROLE_LABELS] = "labels",       [TACET_ROLE_PARAMETER] = "parameter",
                                       [TACET_ROLE_METRIC] = "metric",
                                       [TACET_ROLE_AUGMENTATION] = "augmentation"};
    const unsigned i = (unsigned)role;
    return i >= TACET_ROLE_LAYER && i < sizeof name / sizeof *name ? name[i] : "";
}

const tc_role tc_layer = {TACET_ROLE_LAYER, layer, .inputs = 1, .shape = tc_shape_same};
const tc_role tc_loss = {
    TACET_ROLE_LOSS, loss, .scalar = true, .reduce = TC_MEAN, .inputs = 2, .lambda = 1, .shape = tc_shape_pair};
const tc_role tc_penalty = {
    TACET_ROLE_PENALTY, penalty, .scalar = true, .reduce = TC_SAMPLE, .inputs = TC_MAX_INPUTS, .lambda = NAN};
const tc_role tc_constraint = {TACET_ROLE_CONSTRAINT, constraint, .scalar = true, .inputs = 1};

const tc_attribute *tc_common_shown(const tc_op *op)
{
    if (op->role != &tc_layer) return op->role->common;
    return op->flags & TC_TURNS ? layer_that_turns : op->flags & TC_MAKES_ZEROS ? layer_of_zeros : any_layer;
}
