/* revived.h: a small network on made-up rows, for the tests of dead units that come back. */
#ifndef REVIVED_H
#define REVIVED_H

#include "cmocka_all.h"

#include "tacet/tacet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STILL "sgd lr=1e-30" /* the update changes nothing */

enum { WIDTH = 8, UNITS = 12, SAMPLES = 16, DEAD = 3 };

static inline void near(double a, double b, double by)
{
    if (!(fabs(a - b) <= by)) fail_msg("%.9g is not %.9g", a, b);
}

typedef struct made {
    tacet_graph *g;
    tacet_value x, y, target;
    tacet_plan *p;
    float in[SAMPLES][WIDTH];
    uint32_t seed;
} made;

static inline float draw(made *m)
{
    m->seed = m->seed * 1664525u + 1013904223u;
    return (float)(m->seed >> 8) * 0x1p-24f;
}

static inline tacet_plan *compiled(made *m, const char *optimizer, int threads, tacet_error *why)
{
    return tacet_compile(m->g,
                         &(tacet_config){TACET_CONFIG, .batch = SAMPLES, .optimizer = optimizer, .seed = 3,
                                         .threads = threads, .ledger = 5},
                         why);
}

static inline void describe(made *m, const char *model, const char *loss, bool autoencoder)
{
    *m = (made){.seed = 5};
    m->g = tacet_graph_new(NULL);
    m->x = tacet_input(m->g, "x", 1, (int64_t[]){WIDTH});
    m->y = tacet_chain(m->g, m->x, model);
    m->target = autoencoder ? m->x : tacet_labels(m->g, "target");
    tacet_loss(m->g, loss, m->y, m->target);
}

static inline void make(made *m, const char *model, const char *loss, bool autoencoder, const char *optimizer)
{
    tacet_error why;
    describe(m, model, loss, autoencoder);
    m->p = compiled(m, optimizer, 1, &why);
    if (!m->p) fail_msg("%s", why.message);
}

static inline void step_on(made *m, tacet_plan *p, int steps)
{
    static const int32_t label[SAMPLES] = {0, 1, 2, 0, 1, 2};
    for (int s = 0; s < steps; s++) {
        for (int i = 0; i < SAMPLES; i++)
            for (int j = 0; j < WIDTH; j++) m->in[i][j] = 1 + draw(m) * draw(m);
        assert_int_equal(tacet_feed(p, m->x, TACET_F32, m->in), TACET_OK);
        if (m->target.id != m->x.id) assert_int_equal(tacet_feed(p, m->target, TACET_I32, label), TACET_OK);
        assert_int_equal(tacet_step(p, SAMPLES), TACET_OK);
    }
}

static inline void end(made *m)
{
    tacet_plan_free(m->p);
    tacet_graph_free(m->g);
}

static inline void get(made *m, const char *name, float *to, size_t n)
{
    if (tacet_read(m->p, name, to, n)) fail_msg("%s", tacet_plan_error(m->p)->message);
}

/* Silences unit DEAD, which a relu never passes on and which is not among the largest; all others fire. */
static inline void silence(made *m)
{
    float bias[UNITS];
    for (int u = 0; u < UNITS; u++) bias[u] = u == DEAD ? -1000 : 10;
    assert_int_equal(tacet_write(m->p, "linear1.bias", bias, UNITS), TACET_OK);
}

static inline tacet_firing firing_of(made *m, const char *name)
{
    tacet_firing f = {.size = sizeof f};
    assert_int_equal(tacet_firing_at(m->p, tacet_find(m->g, name).id - 1, true, &f), TACET_OK);
    return f;
}

#endif
