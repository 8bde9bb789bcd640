/* train_images.c: trains on Fashion-MNIST (Debian package dataset-fashion-mnist) with an L1 penalty on the output of the
 * ReLU. After each epoch, prints the accuracy on the test images and the share of the layer's outputs that are not 0.
 *
 *     train_images [EPOCHS [PENALTY]]        train_images 2 "l1 1e-3" */
#include <tacet/tacet.h>

#include <stdio.h>
#include <stdlib.h>

static void stop(const tacet_error *why)
{
    char text[2048];
    tacet_error_text(why, text, sizeof text);
    fprintf(stderr, "%s\n", text);
    exit((int)why->status);
}

int main(int argc, char **argv)
{
    const int epochs = argc > 1 ? atoi(argv[1]) : 2;
    const char *penalty = argc > 2 ? argv[2] : "l1 1e-3", *source = "idx /usr/share/datasets/fashion-mnist";
    tacet_error why;
    tacet_data *train = tacet_data_open(source, "train", NULL, &why);
    if (!train) stop(&why);
    tacet_data *test = tacet_data_open(source, "test", NULL, &why);
    if (!test) stop(&why);

    tacet_graph *g = tacet_graph_new(NULL);
    tacet_value x = tacet_input(g, "x", 1, (int64_t[]){784}), target = tacet_labels(g, "target");
    tacet_value y = tacet_chain(g, x, "linear 512 | relu | linear 10");
    tacet_loss(g, "cross_entropy", y, target);
    tacet_penalize(g, "relu1", penalty);
    tacet_config config = {TACET_CONFIG, .batch = 128, .optimizer = "sgd lr=0.05 momentum=0.9"};
    tacet_plan *p = tacet_compile(g, &config, &why);
    tacet_graph_free(g);
    if (!p) stop(&why);

    tacet_loader *batches = tacet_loader_new(train, 128, 0, true, &why);
    tacet_loader *tests = batches ? tacet_loader_new(test, 128, 0, false, &why) : NULL;
    if (!tests) stop(&why);
    for (int epoch = 1; epoch <= epochs; epoch++) {
        for (int64_t rows; (rows = tacet_loader_next(batches, p, x, target)) != 0;)
            if (rows < 0 || tacet_step(p, rows) != TACET_OK) stop(tacet_plan_error(p));
        tacet_result r = {.size = sizeof r};
        if (tacet_evaluate(p, tests, x, target, y, &r) != TACET_OK) stop(tacet_plan_error(p));
        printf("epoch %d: accuracy %.4f, loss %.4f", epoch, r.accuracy, r.data_loss);
        for (int i = 0; i < tacet_value_count(p); i++) {
            tacet_value_info v = {.size = sizeof v};
            if (tacet_value_at(p, i, &v) == TACET_OK && v.silent)
                printf(", %s fires at %.3f, %d of %d units are dead", v.name, v.density, (int)v.dead, (int)v.units);
        }
        printf("\n");
    }
    tacet_loader_free(tests);
    tacet_loader_free(batches);
    tacet_plan_free(p);
    tacet_data_free(test);
    tacet_data_free(train);
    return 0;
}
