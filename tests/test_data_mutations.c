/* Damaged files: bytes of good files are flipped, cut off, overwritten or inserted, by a fixed random sequence. Every
 * reader accepts such a file or says why not; a sanitizer checks that it touches no other memory and leaks nothing. */
#include "base/rng.h"
#include "failing.h"
#include "zip_files.h"

enum { ROOM = 4096, ROUNDS = 800 };

/* The file that is damaged, and what reads it. */
static const struct target {
    const char *file, *spec, *part;
} targets[] = {
    {"train-images-idx3-ubyte", "idx @ normalize=feature", "train"},
    {"train-labels-idx1-ubyte", "idx @", "train"},
    {"a-test-images.idx3-ubyte.gz", "idx @ prefix=a", "test"},
    {"x.npy", "npy @/x.npy y=@/y.npy", "train"},
    {"y.npy", "npy @/x.npy y=@/y.npy", "train"},
    {"f.npy", "npy @/f.npy", "train"},
    {"h.npy", "npy @/h.npy", "train"},
    {"u.npy", "npy @/x.npy y=@/u.npy", "train"},
    {"t.csv", "csv @/t.csv label=kind", "train"},
    {"t.csv", "csv @/t.csv onehot=3 x=2-3 missing=median unknown=ignore", "train"},
    {"z.csv.gz", "csv @/z.csv.gz target=b", "train"},
    {"x.npy.gz", "npy @/x.npy.gz", "train"},
    {"s.npz", "npy @/s.npz:x y=@/s.npz:y", "train"},
    {"d.npz", "npy @/d.npz:x y=@/d.npz:y", "train"},
    {"w.npz", "npy @/w.npz:x y=@/w.npz:y", "train"},
};

enum { TARGETS = sizeof targets / sizeof *targets };

static void write_zip(const char *name, bool deflated, bool wide)
{
    zip z = {.deflated = deflated, .wide = wide};
    zip_add_file(&z, "x.npy", "x.npy");
    zip_add_file(&z, "y.npy", "y.npy");
    zip_end(&z, name);
}

static void write_good(void)
{
    unsigned char bytes[ROOM];
    write_idx_set();
    write_npy("x.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", (float[]){1, 2, 3, 4, 5, 6},
              24);
    write_npy("y.npy", 2, "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", (int32_t[]){1, 0, 2}, 12);
    write_npy("f.npy", 1, "{'descr': '>i2', 'fortran_order': True, 'shape': (3, 2L, 2), }",
              (uint8_t[24]){0, 1, 0, 2, 0, 3}, 24);
    write_npy("h.npy", 1, "{'descr': '<f2', 'fortran_order': True, 'shape': (3, 1), }", "\0\x3c\0\x7c\1\0", 6);
    write_npy("u.npy", 3, "{'descr': '>u8', 'fortran_order': False, 'shape': (3, 1), }", (uint64_t[]){0, 0, 0}, 24);
    write_zip("s.npz", false, false);
    write_zip("d.npz", true, false);
    write_zip("w.npz", true, true);
    write_gzip("a-test-images.idx3-ubyte.gz", bytes, read_bytes("t10k-images-idx3-ubyte", bytes, sizeof bytes));
    rename(path_of("t10k-labels-idx1-ubyte"), path_of("a-test-labels.idx1-ubyte"));
    write_text("t.csv", "a,b,\"kind\"\r\n1,2.5,cat\r\n-3e2,4,\"a \"\"dog\"\"\"\n\n5,6,cat\n");
    write_gzip("x.npy.gz", bytes, read_bytes("x.npy", bytes, sizeof bytes));
    write_text("u.csv", "a,b\n1,2\n3,4\n5,6\n");
    write_gzip("z.csv.gz", bytes, read_bytes("u.csv", bytes, sizeof bytes));
}

/* One to four changes; returns the new length. */
static size_t mutate(unsigned char *bytes, size_t n, tc_stream s)
{
    static const unsigned char odd[] = {0, 1, 0x7f, 0x80, 0xff, ',', '"', '\n', '\r', '\'', '(', ')', '9', '-', ' '};
    uint64_t i = 0;
    for (uint64_t changes = 1 + tc_stream_below(s, i++, 4); changes > 0 && n > 0; changes--) {
        const size_t at = (size_t)tc_stream_below(s, i++, n);
        const unsigned char byte = odd[tc_stream_below(s, i++, sizeof odd)];
        const uint64_t kind = tc_stream_below(s, i++, 8);
        if (kind < 3) {
            bytes[at] ^= (unsigned char)(1u << tc_stream_below(s, i++, 8));
        } else if (kind < 5) {
            bytes[at] = byte;
        } else if (kind == 5) {
            n = at;
        } else if (kind == 6) {
            memmove(bytes + at, bytes + at + 1, n - at - 1);
            n--;
        } else if (n < ROOM) {
            memmove(bytes + at + 1, bytes + at, n - at);
            bytes[at] = byte;
            n++;
        }
    }
    return n;
}

static void damaged_files(void **state)
{
    (void)state;
    int taken = 0, refused = 0;
    for (const struct target *k = targets; k < targets + TARGETS; k++) {
        write_good();
        unsigned char good[ROOM], bytes[ROOM];
        const size_t n = read_bytes(k->file, good, sizeof good);
        for (uint64_t round = 0; round < ROUNDS; round++) {
            memcpy(bytes, good, n);
            write_bytes(k->file, bytes, mutate(bytes, n, tc_stream_of(1, round, k->file)));
            failing hook = {0};
            const tacet_memory m = failing_memory(&hook);
            tacet_error e = {0};
            tacet_data *d = open_data(k->spec, k->part, &m, &e);
            taken += d != NULL;
            refused += d == NULL;
            if (!d && (!e.status || !*e.message)) fail_msg("%s, round %d: no reason", k->file, (int)round);
            if (!d && e.status == TACET_MEMORY) fail_msg("%s, round %d: trusted a size", k->file, (int)round);
            tacet_data_free(d);
            assert_int_equal(hook.alive, 0);
        }
    }
    assert_true(taken > 100 && refused > 1000); /* both outcomes occurred */
}

/* Every beginning of every file. */
static void cut_files(void **state)
{
    (void)state;
    for (const struct target *k = targets; k < targets + TARGETS; k++) {
        write_good();
        unsigned char bytes[ROOM];
        for (size_t n = read_bytes(k->file, bytes, sizeof bytes); n-- > 0;) {
            write_bytes(k->file, bytes, n);
            tacet_error e = {0};
            tacet_data *d = open_data(k->spec, k->part, NULL, &e);
            if (d && !strstr(k->file, "t.csv")) fail_msg("%s was accepted at %zu bytes", k->file, n);
            tacet_data_free(d);
        }
    }
}

/* A schema comes from a model's file, and is trusted no more than the data. */
static void damaged_schemas(void **state)
{
    (void)state;
    static const char *const training[] = {"csv @/t.csv label=kind missing=mean normalize=feature",
                                           "csv @/t.csv target=b onehot=kind,a unknown=ignore normalize_target=true",
                                           "csv @/n.csv onehot=2"};
    int taken = 0, refused = 0;
    write_good();
    write_text("n.csv", "1.5,2\n2,3\n");
    for (size_t k = 0; k < sizeof training / sizeof *training; k++) {
        char schema[ROOM];
        tacet_data *d = must_open(training[k], "train");
        const size_t n = tacet_data_schema(d, schema, sizeof schema);
        tacet_data_free(d);
        for (uint64_t round = 0; round < ROUNDS; round++) {
            char text[ROOM + 8] = "", spec[200];
            memcpy(text, schema, n);
            text[mutate((unsigned char *)text, n, tc_stream_of(1, round, training[k]))] = '\0';
            failing hook = {0};
            const tacet_memory m = failing_memory(&hook);
            tacet_error e = {0};
            snprintf(spec, sizeof spec, "csv %s", path_of(k == 2 ? "n.csv" : "t.csv"));
            d = tacet_data_open_as(spec, "train", text, round % 2, &m, &e);
            taken += d != NULL;
            refused += d == NULL;
            if (!d && (!e.status || !*e.message)) fail_msg("%s, round %d: no reason", text, (int)round);
            float y[4] = {0};
            if (d) tacet_data_restore(d, 4, 1, y);
            tacet_data_free(d);
            assert_int_equal(hook.alive, 0);
        }
    }
    assert_true(taken > 100 && refused > 1000); /* both outcomes occurred */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(damaged_files), cmocka_unit_test(damaged_schemas),
                                       cmocka_unit_test(cut_files)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
