/* test_events.c: the event files of tacet train --tensorboard, read by a separate decoder: records and their checksums,
 * tags and steps, the figures of metrics.jsonl, histograms; what TensorBoard keeps of a run that was killed. TACET is
 * the path of the program. */
#include "base/json.h"
#include "cmocka_all.h"

#include <glob.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- The decoder ------------------------------------------------------------------------------------------------- */

enum { BUCKETS = 40, EVENTS = 20000 };

typedef struct event {
    char tag[96]; /* "": a version or a mark */
    int64_t step;
    double wall;
    char version[32];
    int status;
    float value;
    bool histogram, used;
    double of[6];                           /* by field: min, max, num, sum, sum of squares */
    double limit[BUCKETS], bucket[BUCKETS]; /* of the histogram */
    int limits, buckets;
} event;

static event *all;
static int events;
static char folder[64];

static uint32_t crc32c(const unsigned char *x, size_t n)
{
    uint32_t crc = ~0u;
    while (n--) {
        crc ^= *x++;
        for (int bit = 0; bit < 8; bit++) crc = (crc & 1) ? (crc >> 1) ^ 0x82f63b78u : crc >> 1;
    }
    return ~crc;
}

static uint64_t little(const unsigned char *x, int n)
{
    uint64_t v = 0;
    for (int i = n - 1; i >= 0; i--) v = v << 8 | x[i];
    return v;
}

static void check_crc(const unsigned char *x, size_t n, const unsigned char *masked)
{
    const uint32_t m = (uint32_t)little(masked, 4) - 0xa282ead8u, crc = m >> 17 | m << 15;
    assert_int_equal(crc, crc32c(x, n));
}

typedef struct span {
    const unsigned char *at, *end;
} span;

static uint64_t varint(span *s)
{
    uint64_t v = 0;
    for (int shift = 0;; shift += 7) {
        assert_true(s->at < s->end && shift < 70);
        v |= (uint64_t)(*s->at & 127) << shift;
        if (!(*s->at++ & 128)) return v;
    }
}

/* Reads the next field: its number, and its content: the bits of a number, or a span. */
static int field(span *s, uint64_t *bits, span *held)
{
    const uint64_t key = varint(s);
    const int type = (int)(key & 7), size = type == 1 ? 8 : 4;
    *held = (span){NULL, NULL};
    if (type == 0) {
        *bits = varint(s);
    } else if (type == 2) {
        const uint64_t n = varint(s);
        assert_true(n <= (uint64_t)(s->end - s->at));
        *held = (span){s->at, s->at + n};
        s->at += n;
    } else {
        assert_true(type == 1 || type == 5);
        assert_true(s->end - s->at >= size);
        *bits = little(s->at, size);
        s->at += size;
    }
    return (int)(key >> 3);
}

static double as_double(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static int doubles(span s, double *to)
{
    const int n = (int)((s.end - s.at) / 8);
    assert_true((s.end - s.at) % 8 == 0 && n <= BUCKETS);
    for (int i = 0; i < n; i++) to[i] = as_double(little(s.at + 8 * i, 8));
    return n;
}

static void text(span s, char *to, size_t room)
{
    const size_t n = (size_t)(s.end - s.at);
    assert_true(n < room);
    memcpy(to, s.at, n);
    to[n] = '\0';
}

static void histogram(event *e, span s)
{
    uint64_t bits;
    span held;
    e->histogram = true;
    while (s.at < s.end) {
        const int f = field(&s, &bits, &held);
        assert_in_range(f, 1, 7);
        if (f < 6) e->of[f] = as_double(bits);
        if (f == 6) e->limits = doubles(held, e->limit);
        if (f == 7) e->buckets = doubles(held, e->bucket);
    }
}

static void value(event *e, span s)
{
    uint64_t bits;
    span held;
    while (s.at < s.end) {
        const int f = field(&s, &bits, &held);
        const uint32_t single = (uint32_t)bits;
        if (f == 1) text(held, e->tag, sizeof e->tag);
        if (f == 2) memcpy(&e->value, &single, sizeof single);
        if (f == 5) histogram(e, held);
        assert_true(f == 1 || f == 2 || f == 5);
    }
}

static void decode(event *e, span s)
{
    uint64_t bits = 0;
    span held, inner;
    while (s.at < s.end) {
        const int f = field(&s, &bits, &held);
        assert_true(f == 1 || f == 2 || f == 3 || f == 5 || f == 7);
        if (f == 1) e->wall = as_double(bits);
        if (f == 2) e->step = (int64_t)bits;
        if (f == 3) text(held, e->version, sizeof e->version);
        if (f == 5 && field(&held, &bits, &inner) == 1) value(e, inner);
        if (f == 7 && field(&held, &bits, &inner) == 1) e->status = (int)bits;
    }
}

/* Appends the events of one file. Its last record may be incomplete if the run was killed. */
static void read_file(const char *path)
{
    static unsigned char bytes[1 << 22];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    const size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    const int first = events;
    for (size_t at = 0; at + 12 <= n;) {
        const uint64_t length = little(bytes + at, 8);
        check_crc(bytes + at, 8, bytes + at + 8);
        if (at + 12 + length + 4 > n) break;
        check_crc(bytes + at + 12, length, bytes + at + 12 + length);
        assert_true(events < EVENTS);
        all[events] = (event){.status = -1};
        decode(&all[events++], (span){bytes + at + 12, bytes + at + 12 + length});
        at += 16 + length;
    }
    assert_true(events >= first + 2);
    assert_string_equal(all[first].version, "brain.Event:2");
    assert_int_equal(all[first + 1].status, 1);
}

/* Reads the files of a run as TensorBoard does: in the order of their names; a mark drops events from its step on. */
static int read_run(const char *run)
{
    char pattern[128];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/%s/*tfevents*", folder, run);
    events = 0;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const int before = events;
        read_file(found.gl_pathv[i]);
        for (int k = 0; k < before; k++)
            if (*all[k].tag && all[k].step >= all[before + 1].step) *all[k].tag = '\0';
    }
    const int files = (int)found.gl_pathc;
    globfree(&found);
    return files;
}

/* ---- Runs -------------------------------------------------------------------------------------------------------- */

static const char config[] =
    "model:     linear 16 | relu | linear 8 | relu | linear 3\n"
    "loss:      cross_entropy\n"
    "penalties: {relu1: l1 density=0.3, linear2.weight: l1 1e-2 prox, relu2: [l1 1e-3, l2 1e-4],"
    " linear1.weight: max_norm 3, \"linear3.*\": norm 1e-3 joint}\n"
    "optimizer: sgd lr=0.1 momentum=0.9\n"
    "data:      csv data.csv label=kind\n"
    "train:     {epochs: 4, batch: 32, seed: 1, log: 4, validate: 0.2, ledger: 3, checkpoint: 3}\n";

static int make_folder(void **state)
{
    (void)state;
    if (!getenv("TACET")) return -1;
    all = malloc(sizeof *all * EVENTS);
    strcpy(folder, "/tmp/tacet-events-XXXXXX");
    if (!all || !mkdtemp(folder) || chdir(folder) != 0) return -1;
    FILE *f = fopen("data.csv", "w");
    if (!f) return -1;
    fprintf(f, "a,b,c,kind\n");
    for (int i = 0; i < 200; i++)
        fprintf(f, "%.3f,%.3f,%.3f,%d\n", i * 7 % 11 / 11.0 + i % 3, i * 5 % 13 / 13.0 - i % 3, i * 3 % 17 / 17.0,
                i % 3);
    fclose(f);
    f = fopen("net.yaml", "w");
    return f && fputs(config, f) >= 0 ? fclose(f) : -1;
}

static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    free(all);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return chdir("/") == 0 ? system(command) : -1;
}

/* Runs "$TACET train ..." in the folder and returns its exit code. Standard error goes to the file err. */
static int train(const char *before, const char *arguments)
{
    char command[512];
    snprintf(command, sizeof command, "%s \"$TACET\" train %s -q --threads 1 > out 2> err", before, arguments);
    const int status = system(command);
    return status >= 0 ? status >> 8 & 255 : status;
}

/* ---- Events and metrics.jsonl ------------------------------------------------------------------------------------ */

static event *find(const char *group, const char *name, int64_t step)
{
    char tag[300];
    event *found = NULL;
    snprintf(tag, sizeof tag, "%s/%s", group, name);
    for (int i = 0; i < events; i++) {
        if (strcmp(all[i].tag, tag) != 0 || all[i].step != step) continue;
        if (found) fail_msg("%s occurs twice at step %lld", tag, (long long)step);
        found = &all[i];
    }
    return found;
}

/* Asserts that the event with this tag has the value; if the value is not a number, that there is no event. */
static void expect(const char *group, const char *name, int64_t step, double x)
{
    event *e = find(group, name, step);
    if (isnan(x)) {
        assert_null(e);
        return;
    }
    if (!e) fail_msg("no %s/%s at step %lld", group, name, (long long)step);
    if (e->histogram || e->value != (float)x) fail_msg("%s is %.9g, not %.9g", e->tag, e->value, x);
    e->used = true;
}

static double number(const tc_json *o, const char *key)
{
    const tc_json *x = tc_json_get(o, key);
    return tc_json_number(x);
}

static const char *name_of(const tc_json *o) { return tc_json_text(tc_json_get(o, "name")); }

/* Builds "relu1:l1" for a term in a step's line, which does not contain the name. */
static const char *term_name(const tc_json *t)
{
    static char name[256];
    if (name_of(t)) return name_of(t);
    snprintf(name, sizeof name, "%s:%s", tc_json_text(tc_json_get(t, "on")),
             tc_json_text(tc_json_get(t, "kind")));
    return name;
}

static void some(const char *group, const char *name, int64_t step)
{
    event *e = find(group, name, step);
    if (!e) fail_msg("no %s/%s at step %lld", group, name, (long long)step);
    assert_true(isfinite(e->value) && e->value >= 0);
    e->used = true;
}

static void check_step(const tc_json *line)
{
    static const char *const key[] = {"data_loss", "objective", "gradient_norm", "learning_rate"};
    const int64_t step = (int64_t)number(line, "step");
    size_t i;
    const tc_json *t;
    for (i = 0; i < 4; i++) expect("train", key[i], step, number(line, key[i]));
    some("train", "ms_per_step", step);
    tc_json_each(tc_json_get(line, "terms"), i, t)
    {
        const double v = number(t, "value"), lambda = number(t, "lambda");
        expect("penalty", term_name(t), step, v);
        expect("lambda", term_name(t), step, isnan(v) ? NAN : lambda);
        expect("share", term_name(t), step, v * lambda / number(line, "objective"));
        if (!isnan(v)) some("gradient", term_name(t), step);
    }
    some("density", "relu1", step);
    some("density", "relu2", step);
    some("density", "linear2.weight", step);
    some("density", "linear1.weight", step);
    some("density", "linear3.*", step);
}

/* Asserts that buckets rise and hold all elements, and that exact zeros have a separate bucket. */
static void check_histogram(const char *group, const char *name, int64_t step, double count, double zeros)
{
    event *e = find(group, name, step);
    double sum = 0, zero = 0;
    assert_true(e && e->histogram);
    assert_true(e->buckets > 0 && e->buckets == e->limits);
    for (int i = 0; i < e->buckets; i++) {
        sum += e->bucket[i];
        if (i) assert_true(e->limit[i] > e->limit[i - 1]);
        const double left = i ? e->limit[i - 1] : e->of[1];
        if (left == 0 && e->limit[i] < 1e-30) zero = e->bucket[i];
    }
    assert_true(sum == count && e->of[3] == count);
    assert_true(isnan(zeros) || zero == zeros);
    assert_true(e->of[1] <= e->limit[0] && e->of[2] <= e->limit[e->limits - 1] && e->of[1] <= e->of[2]);
    assert_true(e->of[4] >= count * e->of[1] - 1e-9 && e->of[4] <= count * e->of[2] + 1e-9);
    e->used = true;
}

/* If every step was logged, the density of an epoch is the mean over its five steps, which have equally many rows. */
static void check_densities(const char *name, int64_t step, double whole)
{
    double sum = 0;
    for (int64_t k = step - 4; k <= step; k++) {
        const event *e = find("density", name, k);
        if (!e) return;
        sum += e->value;
    }
    if (fabs(sum / 5 - whole) > 1e-6) fail_msg("%s at step %lld: %g, not %g", name, (long long)step, sum / 5, whole);
}

static void check_layer(const tc_json *layer, int64_t step)
{
    const tc_json *bins = tc_json_get(layer, "histogram");
    const double dead = number(layer, "dead");
    expect("epoch_density", name_of(layer), step, number(layer, "density"));
    expect("dead", name_of(layer), step, dead);
    check_densities(name_of(layer), step, number(layer, "density"));
    expect("epoch_l0", name_of(layer), step, number(layer, "l0"));
    check_histogram("firing", name_of(layer), step, number(layer, "units"), dead);
    const event *e = find("firing", name_of(layer), step);
    for (int i = 0; i < e->buckets; i++) {
        const int bin = (int)lround(e->limit[i] * 10) - 1;
        if (bin > 0) assert_true(e->bucket[i] == tc_json_number(tc_json_at(bins, (size_t)bin)));
    }
}

static void check_validation(const tc_json *v, int64_t step)
{
    static const char *const key[] = {"data_loss", "objective", "accuracy"};
    size_t i;
    const tc_json *o;
    for (i = 0; i < 3; i++) expect("validation", key[i], step, number(v, key[i]));
    tc_json_each(tc_json_get(v, "terms"), i, o)
        expect("validation_penalty", term_name(o), step, number(o, "value"));
    tc_json_each(tc_json_get(v, "layers"), i, o)
    {
        expect("validation_density", name_of(o), step, number(o, "density"));
        expect("validation_l0", name_of(o), step, number(o, "l0"));
    }
}

static void check_epoch(const tc_json *line, bool logged)
{
    const int64_t step = (int64_t)number(line, "step");
    const struct {
        const char *name;
        int count;
    } parameter[] = {{"linear1.weight", 48}, {"linear1.bias", 16},   {"linear2.weight", 128},
                     {"linear2.bias", 8},    {"linear3.weight", 24}, {"linear3.bias", 3}};
    size_t i;
    const tc_json *o;
    expect("epoch", "data_loss", step, number(line, "data_loss"));
    expect("epoch", "objective", step, number(line, "objective"));
    expect("epoch", "accuracy", step, number(line, "accuracy"));
    some("epoch", "ms_per_step", step);
    tc_json_each(tc_json_get(line, "terms"), i, o)
    {
        const double v = number(o, "value");
        expect("epoch_penalty", name_of(o), step, v);
        expect("epoch_share", name_of(o), step, isnan(v) ? NAN : number(o, "share"));
        expect("gradient", name_of(o), step, number(o, "gradient") / number(o, "data_gradient"));
        expect("lambda", name_of(o), step, isnan(v) ? NAN : number(o, "lambda"));
        if (strchr(name_of(o), '.'))
            expect("density", tc_json_text(tc_json_get(o, "on")), step, number(o, "density"));
    }
    tc_json_each(tc_json_get(line, "layers"), i, o) check_layer(o, step);
    check_validation(tc_json_get(line, "validation"), step);
    const double zeros = number(tc_json_at(tc_json_get(line, "terms"), 1), "zeros"); /* of linear2.weight */
    for (i = 0; i < sizeof parameter / sizeof *parameter; i++)
        check_histogram("parameters", parameter[i].name, step, parameter[i].count, i == 2 ? zeros : NAN);
    assert_true(logged || find("train", "data_loss", step) == NULL);
}

/* The events have every line of metrics.jsonl and nothing else, and each figure once per step. */
static void check_run(const char *run, int lines)
{
    char path[128];
    int n = 0;
    int64_t logged = 0;
    snprintf(path, sizeof path, "%s/metrics.jsonl", run);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    char *text = NULL;
    size_t room = 0;
    const tc_mem m = tc_mem_of(NULL);
    for (ssize_t length; (length = getline(&text, &room, f)) > 0; n++) {
        tc_json_error e;
        tc_json *line = tc_json_read(&m, text, (size_t)length, &e);
        if (!line) fail_msg("%s:%d:%zu: %s", path, n + 1, e.column, e.text);
        const bool epoch = tc_json_get(line, "seconds") != NULL;
        if (epoch)
            check_epoch(line, logged == (int64_t)number(line, "step"));
        else
            check_step(line);
        if (!epoch) logged = (int64_t)number(line, "step");
        tc_free(&m, line);
    }
    free(text);
    fclose(f);
    assert_int_equal(n, lines);
    for (int i = 0; i < events; i++)
        if (*all[i].tag && !all[i].used)
            fail_msg("%s at step %lld is not in metrics.jsonl", all[i].tag, (long long)all[i].step);
}

/* ---- Tests ------------------------------------------------------------------------------------------------------- */

static void test_known_answer(void **state)
{
    (void)state;
    assert_int_equal(crc32c((const unsigned char *)"123456789", 9), 0xE3069283u); /* RFC 3720 */
}

static void test_a_run(void **state)
{
    (void)state;
    assert_int_equal(train("", "net.yaml --out plain"), 0);
    assert_int_equal(train("", "net.yaml --out a --tensorboard"), 0);
    assert_int_equal(system("cmp plain/model.safetensors a/model.safetensors && ! ls plain/*tfevents* 2> out"), 0);
    assert_int_equal(read_run("a"), 1);
    assert_int_equal(all[1].step, 1);
    check_run("a", 4 + 5); /* 4 epochs, and every fourth of 20 steps */
    double wall = 1e9;     /* of this century */
    for (int i = 0; i < events; i++) {
        assert_true(all[i].wall >= wall);
        wall = all[i].wall;
    }
}

/* Resumed in the middle of an epoch; then again with nothing left to do. */
static void test_resume(void **state)
{
    (void)state;
    assert_int_equal(train("", "net.yaml --out b --tensorboard --set train.steps=13 --set optimizer.schedule=constant"),
                     0);
    assert_int_equal(read_run("b"), 1);
    const int before = events;
    assert_int_equal(train("", "--resume b --tensorboard"), 0);
    assert_int_equal(read_run("b"), 2);
    assert_int_equal(events, before + 2);
    assert_int_equal(all[before + 1].step, 14);
    check_run("b", 2 + 3 + 1);
    assert_int_equal(train("", "--resume b --tensorboard --set train.steps=20"), 0);
    assert_int_equal(read_run("b"), 3);
    assert_null(find("train", "data_loss", 13));
    assert_non_null(find("train", "data_loss", 16));
    assert_non_null(find("validation", "accuracy", 13)); /* the events of the stopped run stay */
    for (int i = 0; i < events; i++)
        if (all[i].step == 13) *all[i].tag = '\0';
    check_run("b", 4 + 5);
}

static void test_killed(void **state)
{
    (void)state;
    int killed = 0;
    for (int i = 1; i <= 12 && killed < 4; i++) {
        char before[64];
        snprintf(before, sizeof before, "rm -rf c; timeout -s KILL 0.%02d", 2 + 3 * i);
        const char *long_run = "net.yaml --resume c --tensorboard --set train.epochs=40 --set train.log=1";
        if (train(before, long_run) == 0) continue;
        const bool begun = access("c/checkpoint.safetensors", F_OK) == 0;
        train("timeout -s KILL 0.1", long_run);
        killed += begun;
        assert_int_equal(train("", long_run), 0);
        const int files = read_run("c");
        assert_in_range(files, 1, 3);
        check_run("c", 40 + 200);
    }
    assert_true(killed > 0);
}

static void test_full(void **state)
{
    (void)state;
    /* Files cannot grow beyond 32 KiB; the event file is the first to reach this size. */
    assert_int_equal(
        train("trap '' XFSZ; ulimit -f 64;", "net.yaml --out d --tensorboard --set train.log=1 --set train.epochs=30"),
        5);
    assert_int_equal(system("grep -q '^tacet: cannot write d/events.out.tfevents[0-9a-z.]*: ' err"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answer), cmocka_unit_test(test_a_run), cmocka_unit_test(test_resume),
        cmocka_unit_test(test_killed),       cmocka_unit_test(test_full),
    };
    if (!getenv("TACET") || access(getenv("TACET"), X_OK) != 0) return 77;
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
