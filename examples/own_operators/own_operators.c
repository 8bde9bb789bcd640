/* own_operators.c: a penalty, a layer and a loss that are functions of this program, in a network of 16-32-1. Each has a
 * value and a gradient; the library does the rest: lambda, the mean over the batch, the ledger, threads. Their gradients
 * are compared with differences before the network is trained.
 *
 *     cc own_operators.c $(pkg-config --cflags --libs tacet) -lm */
#include <tacet/tacet.h>

#include <math.h>
#include <stdio.h>

enum { BATCH = 64, INPUT = 16, STEPS = 200 };

/* ---- A penalty: the sum of log(1 + |x| / width), element by element ---- */

static tacet_status log_value(const tacet_call *call, double *sum)
{
    const tacet_operand *in = call->input;
    const double width = call->attribute[0];
    for (int64_t i = 0; i < in->elements; i++) *sum += log1p(fabs((double)in->x[i]) / width);
    return TACET_OK;
}

static tacet_status log_gradient(const tacet_call *call)
{
    const tacet_operand *in = call->input;
    const float width = (float)call->attribute[0];
    for (int64_t i = 0; i < in->elements; i++)
        if (in->x[i] != 0) in->d[i] = copysignf(1, in->x[i]) / (width + fabsf(in->x[i])); /* at the kink it stays 0 */
    return TACET_OK;
}

static const tacet_operator log_penalty = {TACET_OPERATOR,
                                           .role = TACET_ROLE_PENALTY,
                                           .name = "log_penalty",
                                           .formula = "lambda * sum log(1 + |x| / width)",
                                           .attribute = {{"width", 0.1, "where the penalty begins to level off"}},
                                           .cut = TACET_BY_ELEMENT,
                                           .value = log_value,
                                           .gradient = log_gradient};

/* ---- A layer: each row divided by its root mean square, row by row ---- */

static double root(const float *x, int64_t n)
{
    double square = 0;
    for (int64_t j = 0; j < n; j++) square += (double)x[j] * (double)x[j];
    return sqrt(square / (double)n + 1e-6);
}

static tacet_status rms_value(const tacet_call *call, double *sum)
{
    (void)sum;
    const int64_t rows = call->input->rows, n = call->outputs / rows;
    for (int64_t i = 0; i < rows; i++) {
        const double r = root(call->input->x + i * n, n);
        for (int64_t j = 0; j < n; j++) call->y[i * n + j] = (float)((double)call->input->x[i * n + j] / r);
    }
    return TACET_OK;
}

/* dL/dx_j = (g_j - y_j mean(g y)) / r */
static tacet_status rms_gradient(const tacet_call *call)
{
    const int64_t rows = call->input->rows, n = call->outputs / rows;
    for (int64_t i = 0; i < rows; i++) {
        const float *y = call->y + i * n, *g = call->g + i * n;
        const double r = root(call->input->x + i * n, n);
        double dot = 0;
        for (int64_t j = 0; j < n; j++) dot += (double)g[j] * (double)y[j];
        for (int64_t j = 0; j < n; j++)
            call->input->d[i * n + j] = (float)(((double)g[j] - (double)y[j] * dot / (double)n) / r);
    }
    return TACET_OK;
}

static const tacet_operator rms = {TACET_OPERATOR,
                                   .role = TACET_ROLE_LAYER,
                                   .name = "rms",
                                   .cut = TACET_BY_ROW,
                                   .value = rms_value,
                                   .gradient = rms_gradient};

/* ---- A loss: outputs above the target cost `above` times as much as those below it ---- */

static tacet_status uneven_value(const tacet_call *call, double *sum)
{
    for (int64_t i = 0; i < call->input->elements; i++) {
        const double e = (double)call->input[0].x[i] - (double)call->input[1].x[i];
        *sum += (e > 0 ? call->attribute[0] : 1) * e * e;
    }
    return TACET_OK;
}

static tacet_status uneven_gradient(const tacet_call *call)
{
    for (int64_t i = 0; i < call->input->elements; i++) {
        const float e = call->input[0].x[i] - call->input[1].x[i];
        call->input[0].d[i] = 2 * (e > 0 ? (float)call->attribute[0] : 1) * e;
    }
    return TACET_OK;
}

static const tacet_operator uneven = {TACET_OPERATOR,
                                      .role = TACET_ROLE_LOSS,
                                      .name = "uneven",
                                      .attribute = {{"above", 2, "what an output above the target costs"}},
                                      .cut = TACET_BY_ELEMENT,
                                      .value = uneven_value,
                                      .gradient = uneven_gradient};

/* ---- The network ---- */

static int failed(const tacet_error *why)
{
    char text[2048];
    tacet_error_text(why, text, sizeof text);
    fprintf(stderr, "%s\n", text);
    return (int)why->status;
}

static float data[BATCH * INPUT], target[BATCH];

/* Compares the gradient of one operator with differences. */
static int check(tacet_graph *g, const char *spec, int inputs)
{
    tacet_error why;
    tacet_gradient_check c = {.size = sizeof c};
    const tacet_array x[] = {{.size = sizeof *x, .type = TACET_F32, .rank = 1, .shape = {8}, .data = data},
                             {.size = sizeof *x, .type = TACET_F32, .rank = 1, .shape = {8}, .data = data + 256}};
    if (tacet_check_operator(g, spec, 4, inputs, x, &c, &why) != TACET_OK) return failed(&why);
    printf("%s: %d derivatives are right to %s\n", spec, (int)c.checked, c.error < 0.01 ? "1%" : c.text);
    return c.error < 0.01 ? 0 : 1;
}

int main(void)
{
    tacet_error why;
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_operator_add(g, &log_penalty);
    tacet_operator_add(g, &rms);
    tacet_operator_add(g, &uneven);
    const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){INPUT}), t = tacet_input(g, "target", 1, (int64_t[]){1});
    const tacet_value y = tacet_chain(g, x, "linear 32 | rms | relu | linear 1");
    tacet_loss(g, "uneven above=5", y, t);
    tacet_penalize(g, "relu1", "log_penalty 0.01 width=0.5");

    for (int i = 0; i < BATCH * INPUT; i++) data[i] = (float)((i * 7919) % 2003) / 1001.0f - 1;
    for (int i = 0; i < BATCH; i++) target[i] = data[i * INPUT] * data[i * INPUT + 1];
    int status = check(g, "log_penalty 1 width=0.5", 1);
    if (status == 0) status = check(g, "rms", 1);
    if (status == 0) status = check(g, "uneven above=5", 2);

    const tacet_config config = {TACET_CONFIG, .batch = BATCH, .optimizer = "adam lr=0.01", .threads = 2};
    tacet_plan *p = status == 0 ? tacet_compile(g, &config, &why) : NULL;
    if (status == 0 && !p) status = failed(&why);
    tacet_graph_free(g);
    for (int step = 1; status == 0 && step <= STEPS; step++) {
        tacet_feed(p, x, TACET_F32, data);
        tacet_feed(p, t, TACET_F32, target);
        if (tacet_step(p, BATCH) != TACET_OK) status = failed(tacet_plan_error(p));
        if (status == 0 && (step == 1 || step == STEPS))
            printf("step %3d: uneven %.4f, log_penalty %.2f\n", step, tacet_term_value(p, "linear2:uneven"),
                   tacet_term_value(p, "relu1:log_penalty"));
    }
    tacet_plan_free(p);
    return status;
}
