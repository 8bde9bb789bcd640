/* fuzz_language.c: a graph in the small language, line by line, "PART TEXT", with the parts of tacet_graph_text and a few
 * more. What compiles can be trained, explained and saved, and the saved model is the same network. */
#include "fuzz.h"

enum { BATCH = 4, MOST_BYTES = 4 << 20, MOST_FED = 1 << 14 };

typedef struct network {
    tacet_graph *g;
    tacet_value y;
    const char *optimizer, *metrics;
} network;

/* ---- The lines ---- */

/* Cuts "SELECTOR: TEXT". */
static char *after_colon(char *text)
{
    char *colon = strstr(text, ": ");
    if (colon) *colon = '\0';
    return colon ? colon + 2 : text + strlen(text);
}

static void input(network *n, char *text)
{
    int64_t shape[9] = {0};
    int rank = 0;
    char *word = strtok(text, " "), *size = strtok(NULL, " ");
    const bool labels = size && strcmp(size, "labels") == 0, ids = size && strcmp(size, "int32") == 0;
    if (labels || ids) size = strtok(NULL, " ");
    const int64_t classes = ids && size ? atoll(size) : 0;
    if (ids) size = strtok(NULL, " ");
    for (; size && rank < 9; size = strtok(NULL, " ")) shape[rank++] = atoll(size);
    const tacet_type type = labels || ids ? TACET_I32 : TACET_F32;
    const tacet_value x = tacet_input_of(n->g, word ? word : "", type, classes, rank, shape);
    if (!n->y.id) n->y = x;
}

static void model(network *n, char *text) { n->y = tacet_chain(n->g, n->y, text); }

/* "linear3 target: mse" */
static void loss(network *n, char *text)
{
    const char *spec = after_colon(text);
    char *target = strchr(text, ' ');
    if (target) *target++ = '\0';
    tacet_loss(n->g, spec, tacet_find(n->g, text), tacet_find(n->g, target ? target : "target"));
}

static void penalty(network *n, char *text)
{
    const char *spec = after_colon(text);
    tacet_penalize(n->g, text, spec);
}

static void options(network *n, char *text)
{
    const char *spec = after_colon(text);
    tacet_options(n->g, text, spec);
}

static void keep(network *n, char *text)
{
    tacet_keep(n->g, text);
    tacet_keep_gradient(n->g, text);
    (void)tacet_matches(n->g, text, n->y);
    (void)tacet_axes(n->g, text);
    (void)tacet_parameter(n->g, text, 0);
}

static void optimizer(network *n, char *text) { n->optimizer = text; }
static void metrics(network *n, char *text) { n->metrics = text; }

/* The role of the entry that a description begins with, or 0. */
static tacet_role role_of(const char *spec)
{
    enum { MOST = 200 };
    static tacet_entry entry[MOST]; /* kept, as looking them up takes longer than the rest of an input */
    static int entries;
    for (; entries < MOST; entries++) {
        entry[entries].size = sizeof *entry;
        if (tacet_entry_at(entries, &entry[entries])) break;
    }
    const size_t n = strcspn(spec, " ");
    for (int i = 0; i < entries; i++)
        if (strlen(entry[i].name) == n && strncmp(entry[i].name, spec, n) == 0) return entry[i].role;
    return (tacet_role)0;
}

/* "KEY VALUE TEXT": a value that has been set is found again. */
static void set(network *n, char *text)
{
    (void)n;
    char *key = strtok(text, " "), *value = strtok(NULL, " "), *spec = strtok(NULL, "");
    char made[2000], found[2000];
    tacet_error e;
    tacet_setting s = {.size = sizeof s};
    const tacet_role role = spec ? role_of(spec) : (tacet_role)0;
    if (!role) return;
    const size_t length = tacet_spec_set(role, spec, key, value, made, sizeof made, &e);
    if (length == 0) fuzz_refused("setting an attribute", &e);
    if (length == 0 || length >= sizeof made) return;
    const size_t has = tacet_spec_find(role, made, key, &s, found, sizeof found, &e);
    if (!s.given || has != strlen(value) || strcmp(found, value) != 0)
        fuzz_fail("%s=%s set in \"%s\" makes \"%s\", where it is \"%s\"", key, value, spec, made, has ? found : "");
}

static const struct {
    const char *word;
    void (*read)(network *n, char *text);
} parts[] = {{"input", input},         {"model", model},     {"loss", loss},
             {"penalties", penalty},   {"options", options}, {"keep", keep},
             {"optimizer", optimizer}, {"metrics", metrics}, {"set", set}};
enum { PARTS = sizeof parts / sizeof *parts, STORED = 5 };

static void describe(network *n, char *text)
{
    for (char *line; (line = fuzz_line(&text));) {
        char *rest = strchr(line, ' ');
        for (int i = 0; rest && i < PARTS; i++) {
            const size_t length = (size_t)(rest - line);
            if (strlen(parts[i].word) == length && strncmp(parts[i].word, line, length) == 0)
                parts[i].read(n, rest + 1);
        }
    }
}

/* ---- What must work ---- */

static char *part_text(const tacet_graph *g, const char *part)
{
    const size_t n = tacet_graph_text(g, part, NULL, 0) + 1;
    char *text = malloc(n);
    if (!text || tacet_graph_text(g, part, text, n) + 1 != n) fuzz_fail("%s has two lengths", part);
    return text;
}

/* Also gives every input zeros, if they are not too many. */
static bool feed(tacet_plan *p)
{
    static const float zeros[MOST_FED];
    tacet_value_info v = {.size = sizeof v};
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++) {
        if (v.role != TACET_ROLE_INPUT && v.role != TACET_ROLE_LABELS) continue;
        if (v.elements > MOST_FED / BATCH) return false;
        if (tacet_feed(p, v.value, v.type, zeros)) fuzz_refused("feeding", tacet_plan_error(p));
    }
    return true;
}

static void ask(tacet_plan *p)
{
    static char text[1 << 14];
    const size_t n = tacet_explain(p, text, sizeof text);
    if (n == 0 || tacet_explain(p, NULL, 0) != n) fuzz_fail("the explanation has two lengths");
    for (int i = 0; i < tacet_term_count(p); i++) {
        tacet_term t = {.size = sizeof t};
        tacet_account a = {.size = sizeof a};
        tacet_firing f = {.size = sizeof f};
        if (tacet_term_at(p, i, &t)) fuzz_fail("a term that is not there");
        (void)tacet_account_at(p, i, &a);
        (void)tacet_term_firing(p, i, &f);
    }
    for (int i = 0; i < tacet_value_count(p); i++) {
        tacet_firing f = {.size = sizeof f};
        int64_t dead[4];
        (void)tacet_firing_at(p, i, true, &f);
        (void)tacet_dead_units(p, i, true, dead, 4);
    }
    tacet_warning w = {.size = sizeof w};
    for (int i = 0; tacet_warning_at(p, i, &w) == TACET_OK; i++)
        if (!w.text[0]) fuzz_fail("a warning without words");
    tacet_metric m = {.size = sizeof m};
    for (int i = 0; tacet_metric_at(p, i, true, &m) == TACET_OK; i++) {}
}

static void train(tacet_plan *p)
{
    for (int i = 0; i < 2; i++) {
        if (!feed(p)) return;
        if (tacet_step(p, 3)) fuzz_refused("the step", tacet_plan_error(p));
    }
    if (feed(p) && tacet_forward(p, 2)) fuzz_refused("the forward pass", tacet_plan_error(p));
    ask(p);
}

/* A model is the network that was saved. */
static void save(const tacet_graph *g, const tacet_plan *p, const tacet_memory *m)
{
    tacet_error e;
    const char *path = fuzz_path("model.safetensors");
    if (tacet_save(p, path, 0, NULL, &e)) {
        fuzz_refused("saving", &e);
        return;
    }
    tacet_file *f = tacet_file_open(path, m, &e);
    tacet_graph *again = f ? tacet_file_graph(f, m, &e) : NULL;
    tacet_plan *q = again ? tacet_compile(again, &(tacet_config){TACET_CONFIG, .batch = BATCH}, &e) : NULL;
    if ((!q || tacet_file_load(f, q, true, NULL, &e)) && e.status != TACET_MEMORY)
        fuzz_fail("a model that was saved is refused: %s", e.message);
    for (int i = 0; q && i < STORED; i++) {
        char *first = part_text(g, parts[i].word), *second = part_text(again, parts[i].word);
        if (strcmp(first, second) != 0) fuzz_fail("%s:\n%s\nbecomes\n%s", parts[i].word, first, second);
        free(first);
        free(second);
    }
    tacet_plan_free(q);
    tacet_graph_free(again);
    tacet_file_free(f);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n)
{
    char *text = malloc(n + 1);
    if (!text) return 0;
    memcpy(text, bytes, n);
    text[n] = '\0';
    tacet_error e;
    tacet_memory *m = fuzz_memory_begin(MOST_BYTES);
    network net = {.g = tacet_graph_new(m), .optimizer = "sgd lr=0.1"};
    describe(&net, text);
    const tacet_error *wrong = tacet_graph_error(net.g);
    if (wrong) fuzz_refused("the description", wrong);
    for (int i = 0; i < STORED; i++) free(part_text(net.g, parts[i].word));
    tacet_config config = {TACET_CONFIG, .batch = BATCH, .optimizer = net.optimizer, .steps_per_epoch = 2,
                           .epochs = 2,  .ledger = 1,    .metrics = net.metrics};
    tacet_plan *p = tacet_compile(net.g, &config, &e);
    if (!p) fuzz_refused("compiling", &e);
    if (p && wrong) fuzz_fail("a graph with a mistake was compiled: %s", wrong->message);
    if (p) {
        train(p);
        save(net.g, p, m);
    }
    tacet_plan_free(p);
    tacet_graph_free(net.g);
    fuzz_memory_end();
    free(text);
    return 0;
}

/* ---- Seeds: every word of the catalogue once, and a few networks ---- */

static void seed_entry(int entry, const tacet_entry *e)
{
    char text[2000];
    tacet_attribute a = {.size = sizeof a};
    size_t n = (size_t)snprintf(text, sizeof text, "input x 3 4\ninput target labels 3\nmodel ");
    if (e->role == TACET_ROLE_LAYER) n += (size_t)snprintf(text + n, sizeof text - n, "%s | ", e->name);
    n += (size_t)snprintf(text + n, sizeof text - n, "linear 4 | relu | linear 5\n");
    if (e->role == TACET_ROLE_LOSS)
        n += (size_t)snprintf(text + n, sizeof text - n, "loss linear2 target: %s\n", e->name);
    if (e->role == TACET_ROLE_PENALTY || e->role == TACET_ROLE_CONSTRAINT)
        n += (size_t)snprintf(text + n, sizeof text - n, "penalties *.weight: %s\n", e->name);
    if (e->role == TACET_ROLE_OPTIMIZER) n += (size_t)snprintf(text + n, sizeof text - n, "optimizer %s\n", e->name);
    if (e->role == TACET_ROLE_METRIC) n += (size_t)snprintf(text + n, sizeof text - n, "metrics %s\n", e->name);
    if (e->role == TACET_ROLE_SCHEDULE)
        n += (size_t)snprintf(text + n, sizeof text - n, "optimizer sgd lr=0.1 schedule=%s\n", e->name);
    for (int i = 0; tacet_attribute_at(entry, i, &a) == TACET_OK; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "set %s %s %s\n", a.name,
                              a.preset && *a.preset ? a.preset : "1", e->name);
    fuzz_seed_text(text);
}

void fuzz_seeds(void)
{
    tacet_entry e = {.size = sizeof e};
    for (int i = 0; tacet_entry_at(i, &e) == TACET_OK; i++) seed_entry(i, &e);
    fuzz_seed_text(
        "input x 6\ninput target labels\nmodel linear 8 name=a.0 | relu name=\"a.1\" | dropout 0.3 | linear 8 | add a.1\n"
        "model layer_norm | linear 3 bias=false name=head\nloss head target: cross_entropy lambda=0.7\n"
        "penalties a.1: l1 density=0.3\npenalties linear*.*: norm 1e-2 joint\npenalties a.0.weight: l1 1e-3 prox\n"
        "options head.*: lr=0.01\noptions a.0.bias: frozen\n"
        "optimizer sgd lr=0.1 momentum=0.9 weight_decay=1e-3 schedule=cosine warmup=1\nkeep *\nmetrics f1, top_k k=2\n");
    fuzz_seed_text(
        "input x 5\nmodel linear 3 name=e | jump_relu 0.1 eps=0.5 | linear 5 weight=e.weight transposed bias=false\n"
        "loss linear1 x: mse reduce=sum\npenalties jump_relu1: l0 0.01\npenalties e.weight: [l1 1]\n"
        "penalties e.*: unit_norm by=input\noptimizer adamw lr=1e-2\n");
}
