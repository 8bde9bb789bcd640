/* l1_activations.c: how to add an L1 penalty to the outputs of a ReLU, and how to penalise only one layer. Trains the
 * same network, 128-32-16-2 with a batch of 4, twice: once with penalties on the outputs of two layers, once with
 * penalties on the parameters of two layers, weight and bias as one vector. Only the names and descriptions of the
 * penalties differ.
 *
 *     cc l1_activations.c $(pkg-config --cflags --libs tacet) */
#include <tacet/tacet.h>

#include <stdio.h>

enum { BATCH = 4, INPUT = 128, HIDDEN = 32, STEPS = 10 };

typedef struct penalty {
    const char *on, *text;
} penalty;

static int failed(const tacet_error *why)
{
    char text[2048];
    tacet_error_text(why, text, sizeof text);
    fprintf(stderr, "%s\n", text);
    return (int)why->status;
}

static void print_terms(const tacet_plan *p)
{
    printf("step %2d: objective %.6g =", (int)tacet_steps(p), tacet_objective(p));
    for (int i = 0; i < tacet_term_count(p); i++) {
        tacet_term t = {.size = sizeof t};
        tacet_term_at(p, i, &t);
        printf("%s %g * %.6g (%s)", i ? " +" : "", t.lambda, t.value, t.name);
    }
    printf("\n");
}

static int train(const char *title, const penalty penalties[2])
{
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_value x = tacet_input(g, "x", 1, (int64_t[]){INPUT});
    tacet_value target = tacet_labels(g, "target");
    tacet_value y = tacet_chain(g, x, "linear 32 | relu | linear 16 | relu | linear 2");
    tacet_loss(g, "cross_entropy", y, target);
    for (int i = 0; i < 2; i++) tacet_penalize(g, penalties[i].on, penalties[i].text);
    tacet_keep(g, "relu1"); /* so that it can be read after a step, like `return out, layer1_out` in PyTorch */

    tacet_error why;
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=1e-4"}, &why);
    tacet_graph_free(g);
    if (!p) return failed(&why);

    float data[BATCH * INPUT], hidden[BATCH * HIDDEN];
    const int32_t labels[BATCH] = {1, 1, 1, 1};
    for (int i = 0; i < BATCH * INPUT; i++) data[i] = (float)(i * 37 % 101) / 101.0f;
    printf("%s\n", title);
    tacet_status s = TACET_OK;
    for (int step = 1; step <= STEPS && s == TACET_OK; step++) {
        tacet_feed(p, x, TACET_F32, data);
        tacet_feed(p, target, TACET_I32, labels);
        s = tacet_step(p, BATCH);
        if (s == TACET_OK && (step == 1 || step == STEPS)) print_terms(p);
    }
    if (s == TACET_OK) s = tacet_read(p, "relu1", hidden, BATCH * HIDDEN);
    if (s != TACET_OK) failed(tacet_plan_error(p));
    tacet_plan_free(p);
    if (s != TACET_OK) return (int)s;

    int firing = 0;
    for (int i = 0; i < BATCH * HIDDEN; i++) firing += hidden[i] > 0;
    printf("relu1: %d of %d outputs fire\n\n", firing, BATCH * HIDDEN);
    return 0;
}

int main(void)
{
    const penalty activations[] = {{"relu1", "l1 0.5 reduce=sum"}, {"relu2", "norm 0.01 p=2 reduce=sum"}};
    const penalty parameters[] = {{"linear1.*", "l1 0.5 joint"}, {"linear2.*", "norm 0.01 p=2 joint"}};
    int status = train("Penalties on activations: the outputs of the first and the second ReLU", activations);
    if (status == 0) status = train("Penalties on parameters: those of the first and the second layer", parameters);
    return status;
}
