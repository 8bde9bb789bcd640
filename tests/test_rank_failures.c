/* test_rank_failures.c: what goes wrong on one rank, in a sum, in what it is fed, in its numbers: every rank refuses the
 * step, nothing is updated on any, none waits for ever, and training goes on as if the step had not been tried. */
#include "ranks.h"

/* What a rank does in the step that is to fail. */
typedef enum fault { NONE, NOT_FED, BAD_LABEL, TOO_MANY_ROWS, NOT_A_NUMBER } fault;

enum { RANKS = 3, FAILING = 2 /* the step */ };

typedef struct plot {
    fault fault;
    tacet_status status; /* of the step */
    char path[64];       /* of a checkpoint at the end */
} plot;

/* With all that is remembered from step to step, and all that makes sums: phases, samples, counts, state. */
static void build(network *net)
{
    *net = (network){.g = tacet_graph_new(NULL), .optimizer = "sgd lr=0.1 momentum=0.9", .ledger = 2, .epochs = 1};
    const tacet_value x = add_feed(net, "x", 0, 1, (int64_t[]){6}, -1, 1);
    const tacet_value t = add_feed(net, "t", 3, 0, NULL, 0, 0);
    tacet_loss(net->g, "cross_entropy",
               tacet_chain(net->g, x, "linear 12 | relu | dropout 0.2 | linear 12 name=b | sigmoid name=s | linear 3"), t);
    tacet_penalize(net->g, "relu1", "l1 density=0.2");
    tacet_penalize(net->g, "s", "kl_sparsity 0.1 rho=0.3");
    tacet_penalize(net->g, "b.weight", "spectral_norm 1e-2");
    tacet_penalize(net->g, "linear1.weight", "l1 1e-3 prox");
}

/* Feeds what the plot wants; returns the rows. */
static int64_t feed_wrong(const member *m, int step, float *bad)
{
    static const int32_t labels[BATCH] = {0, 1, 3};
    const int64_t rows = feed_share(m, step);
    const feed *f = m->net->feed;
    const plot *plan = m->more;
    if (plan->fault == NOT_FED) {
        tacet_forward(m->p, -1);
    }
    if (plan->fault == BAD_LABEL) tacet_feed(m->p, f[1].value, TACET_I32, labels);
    if (plan->fault == TOO_MANY_ROWS) return BATCH + 1;
    if (plan->fault != NOT_A_NUMBER) return rows;
    memcpy(bad, f[0].data, sizeof *bad * 6 * BATCH);
    bad[6 + 4] = NAN;
    tacet_feed(m->p, f[0].value, TACET_F32, bad);
    return 2;
}
