/* fuzz_safetensors.c: a file that is opened as a model. The input is the header, then, after a NUL, the data; the length of
 * the header is put before it. With the first byte 1, the input is the whole file. */
#include "fuzz.h"

enum { BATCH = 2, MOST_BYTES = 8 << 20, MOST_FED = 1 << 12 };

static void write_file(const unsigned char *bytes, size_t n)
{
    const unsigned char *end = n ? memchr(bytes + 1, '\0', n - 1) : NULL;
    const size_t header = n == 0 ? 0 : end ? (size_t)(end - bytes) - 1 : n - 1;
    unsigned char *file = calloc(n + 9, 1), *to = file;
    if (!file) fuzz_fail("out of memory");
    if (n && bytes[0] == 1) {
        memcpy(to, bytes + 1, n - 1), to += n - 1;
    } else {
        for (int i = 0; i < 8; i++) *to++ = (unsigned char)((uint64_t)header >> 8 * i);
        if (n) memcpy(to, bytes + 1, header), to += header;
        if (end) memcpy(to, end + 1, n - header - 2), to += n - header - 2;
    }
    fuzz_put("model.safetensors", file, (size_t)(to - file));
    free(file);
}

static void look(const tacet_file *f)
{
    volatile float sum = 0;
    for (int i = 0; i < tacet_file_count(f); i++) {
        const char *name;
        int rank;
        const int64_t *shape;
        const float *data;
        int64_t count = 1;
        if (tacet_file_tensor(f, i, &name, &rank, &shape, &data) != TACET_OK) fuzz_fail("tensor %d is not there", i);
        for (int k = 0; k < rank; k++) count *= shape[k];
        for (int64_t k = 0; data && k < count; k++) sum = sum + data[k];
    }
    (void)tacet_file_note(f, "tacet.model");
}

/* The network as it is, or to train it on. */
static void use(const tacet_file *f, tacet_graph *g, const char *optimizer)
{
    static const float zeros[BATCH * MOST_FED];
    tacet_error e;
    char text[500];
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = optimizer}, &e);
    if (!p) fuzz_refused("compiling", &e);
    if (!p) return;
    (void)tacet_file_differences(f, p, text, sizeof text);
    int taken = 0;
    if (tacet_file_load(f, p, false, &taken, &e)) fuzz_refused("loading", &e);
    if (tacet_file_load(f, p, true, &taken, &e)) fuzz_refused("loading all", &e);
    tacet_value_info v = {.size = sizeof v};
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++) {
        if (v.role != TACET_ROLE_INPUT && v.role != TACET_ROLE_LABELS) continue;
        if (v.elements <= MOST_FED && tacet_feed(p, v.value, v.type, zeros))
            fuzz_refused("feeding", tacet_plan_error(p));
    }
    if (optimizer ? tacet_step(p, BATCH) : tacet_forward(p, BATCH)) fuzz_refused("a pass", tacet_plan_error(p));
    tacet_plan_free(p);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n)
{
    tacet_error e;
    tacet_memory *m = fuzz_memory_begin(MOST_BYTES);
    write_file(bytes, n);
    tacet_file *f = tacet_file_open(fuzz_path("model.safetensors"), m, &e);
    if (!f) fuzz_refused("opening the file", &e);
    if (f) {
        look(f);
        tacet_graph *g = tacet_file_graph(f, m, &e);
        if (!g) fuzz_refused("the network", &e);
        if (g) use(f, g, NULL);
        if (g) use(f, g, "adam lr=0.1");
        tacet_graph_free(g);
    }
    tacet_file_free(f);
    fuzz_memory_end();
    return 0;
}

void fuzz_seeds(void)
{
    static const char *const files[] = {"tests/checkpoints/model1.safetensors",
                                        "tests/checkpoints/version1.safetensors", "tests/golden/norms_adam.safetensors",
                                        "tests/golden/tied_autoencoder.safetensors"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t n, header = 0;
        unsigned char *text = (unsigned char *)fuzz_source(files[i], "\1", &n);
        for (int k = 0; k < 8; k++) header |= (size_t)text[k + 1] << 8 * k;
        fuzz_seed(text, n);
        text[8] = 0; /* over the length: the header, which begins with byte 0, a NUL, the data */
        memmove(text, text + 8, header + 1);
        text[header + 1] = 0;
        memmove(text + header + 2, text + header + 9, n - header - 9);
        fuzz_seed(text, n - 7);
        free(text);
    }
}
