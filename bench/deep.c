/* deep.c: the time to compile a chain of small layers, and one half as long. The times should be proportional to the
 * lengths. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 16, LAYERS = 800 };

/* Milliseconds to compile a chain of this many layers. */
static double compile_ms(int layers)
{
    tacet_error why;
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_value x = tacet_input(g, "x", 1, (int64_t[]){WIDTH});
    for (int i = 0; i < layers; i += 2) x = tacet_chain(g, x, "linear 16 | relu");
    tacet_loss(g, "cross_entropy", x, tacet_labels(g, "t"));
    tacet_penalize(g, "relu*", "l1 1e-4");
    const double begin = now();
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 32, .optimizer = "adam"}, &why);
    const double ms = (now() - begin) * 1e3;
    if (!p) stop("cannot compile the chain", &why);
    tacet_plan_free(p);
    tacet_graph_free(g);
    return ms;
}

void run_deep(const bench_case *c, int threads)
{
    double us[MOST_ROUNDS], half_us[MOST_ROUNDS];
    (void)threads;
    /* By default, glibc returns the longer chain's memory to the system after every round but keeps the shorter one's,
     * so the ratio would measure page faults. After a block of this size has been freed, glibc keeps blocks up to that
     * size (mallopt(3), M_MMAP_THRESHOLD). */
    void *volatile large = malloc(16 << 20);
    free(large);
    for (int i = 0; i < c->rounds; i++) {
        us[i] = compile_ms(LAYERS) * 1e3;
        half_us[i] = compile_ms(LAYERS / 2) * 1e3;
    }
    row r = {.name = c->name, .peer = "half as many layers", .threads = 1, .rss = peak_memory()};
    add_figures(&r, us, half_us, c->rounds);
    print_row(&r);
    print_bar("time to compile, 800 layers over 400", r.ratio, c->bar, true);
}
