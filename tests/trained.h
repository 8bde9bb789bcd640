/* trained.h: a network that uses every feature of a description, data to train it on, and a folder for its files. */
#ifndef TRAINED_H
#define TRAINED_H

#include "cmocka_all.h"

#include "tacet/tacet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IN = 6, OUT = 3, BATCH = 5, ROWS = 23, MOST = 512 };

static char folder[] = "/tmp/tacet_model_XXXXXX";
static char model_path[64], checkpoint_path[64], csv_path[64], source[96];

static inline int make_folder(void **unused)
{
    (void)unused;
    if (!mkdtemp(folder)) return -1;
    snprintf(model_path, sizeof model_path, "%s/model.safetensors", folder);
    snprintf(checkpoint_path, sizeof checkpoint_path, "%s/checkpoint.safetensors", folder);
    snprintf(csv_path, sizeof csv_path, "%s/data.csv", folder);
    snprintf(source, sizeof source, "csv %s label=y", csv_path);
    FILE *f = fopen(csv_path, "w");
    if (!f) return -1;
    for (int j = 0; j < IN; j++) fprintf(f, "x%d,", j);
    fprintf(f, "y\n");
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < IN; j++) fprintf(f, "%d,", (i * 37 + j * 101) % 19 - 9);
        fprintf(f, "%d\n", i % OUT);
    }
    return fclose(f);
}

static inline int remove_folder(void **unused)
{
    (void)unused;
    unlink(model_path), unlink(checkpoint_path), unlink(csv_path);
    return rmdir(folder); /* fails if a file is left */
}

/* A network that uses every feature of a description. */
typedef struct network {
    tacet_graph *g;
    tacet_value x, target, y;
    tacet_plan *p;
    tacet_data *data;
    tacet_loader *loader;
} network;

typedef struct variant {
    const char *model, *penalty, *options, *optimizer;
    uint64_t seed, shuffle;
} variant;

static const variant usual = {
    .model = "linear 8 name=a | relu | dropout 0.3 | linear 8 | gelu | add relu1 | "
             "layer_norm | linear 3 bias=false name=head",
    .penalty = "l1 0.1234567890123456789",
    .options = "lr=0.01",
    .optimizer = "sgd lr=0.1 momentum=0.9 weight_decay=1e-3 schedule=cosine warmup=1",
    .seed = UINT64_C(0xFEDCBA9876543210),
    .shuffle = 7,
};

static inline tacet_plan *compile(tacet_graph *g, const char *optimizer, uint64_t seed)
{
    tacet_error why;
    const tacet_config c = {TACET_CONFIG, .batch = BATCH,       .optimizer = optimizer,
                            .seed = seed, .steps_per_epoch = 5, .epochs = 9};
    tacet_plan *p = tacet_compile(g, &c, &why);
    if (!p) fail_msg("%s", why.message);
    return p;
}

static inline void begin(network *n, const variant *v)
{
    tacet_error why;
    n->g = tacet_graph_new(NULL);
    n->x = tacet_input(n->g, "x", 1, (int64_t[]){IN});
    n->target = tacet_labels(n->g, "target");
    n->y = tacet_chain(n->g, n->x, v->model);
    tacet_loss(n->g, "cross_entropy lambda=0.7", n->y, n->target);
    if (v->penalty) tacet_penalize(n->g, "relu1", v->penalty);
    tacet_penalize(n->g, "linear2.*", "norm 1e-2 joint");
    tacet_penalize(n->g, "a.weight", "l1 1e-3 prox");
    tacet_options(n->g, "head.*", v->options);
    tacet_options(n->g, "a.bias", "frozen");
    n->p = compile(n->g, v->optimizer, v->seed);
    n->data = tacet_data_open(source, "train", NULL, &why);
    if (!n->data) fail_msg("%s", why.message);
    n->loader = tacet_loader_new(n->data, BATCH, v->shuffle, true, &why);
    assert_non_null(n->loader);
}

static inline void end(network *n)
{
    tacet_loader_free(n->loader);
    tacet_data_free(n->data);
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

static inline void train(network *n, int steps)
{
    while (steps > 0) {
        const int64_t rows = tacet_loader_next(n->loader, n->p, n->x, n->target);
        if (rows < 0) fail_msg("%s", tacet_plan_error(n->p)->message);
        if (rows == 0) continue;
        if (tacet_step(n->p, rows)) fail_msg("%s", tacet_plan_error(n->p)->message);
        steps--;
    }
}

static inline size_t weights(tacet_plan *p, float w[MOST])
{
    size_t n = 0;
    for (int i = 0; i < tacet_value_count(p); i++) {
        tacet_value_info info = {.size = sizeof info};
        size_t count = 1;
        assert_int_equal(tacet_value_at(p, i, &info), TACET_OK);
        if (info.role != TACET_ROLE_PARAMETER) continue;
        for (int k = 0; k < info.rank; k++) count *= (size_t)info.shape[k];
        assert_true(n + count <= MOST);
        assert_int_equal(tacet_read(p, info.name, w + n, count), TACET_OK);
        n += count;
    }
    return n;
}

static inline void assert_same_weights(tacet_plan *p, tacet_plan *q)
{
    float a[MOST], b[MOST];
    const size_t n = weights(p, a);
    assert_true(n > 100);
    assert_int_equal(weights(q, b), n);
    assert_memory_equal(a, b, n * sizeof *a);
}

static inline tacet_file *opened(const char *path)
{
    tacet_error why;
    tacet_file *f = tacet_file_open(path, NULL, &why);
    if (!f) fail_msg("%s", why.message);
    return f;
}

static inline void outputs(tacet_plan *p, tacet_graph *g, float y[BATCH * OUT])
{
    float x[BATCH * IN];
    for (int i = 0; i < BATCH * IN; i++) x[i] = (float)(i % 11) * 0.25f - 1;
    assert_int_equal(tacet_feed(p, tacet_find(g, "x"), TACET_F32, x), TACET_OK);
    if (tacet_forward(p, BATCH)) fail_msg("%s", tacet_plan_error(p)->message);
    assert_int_equal(tacet_read(p, "head", y, BATCH * OUT), TACET_OK);
}

static inline void save(const network *n, int notes, const tacet_note *note)
{
    tacet_error why;
    if (tacet_save(n->p, model_path, notes, note, &why)) fail_msg("%s", why.message);
}

static inline void checkpoint(const network *n)
{
    tacet_error why;
    if (tacet_checkpoint(n->p, n->loader, checkpoint_path, 0, NULL, &why)) fail_msg("%s", why.message);
}

#endif
