/* Damaged files: bytes of good files are flipped, cut off, overwritten or inserted, by a fixed random sequence. Every
 * reader accepts such a file or says why not; a sanitizer checks that it touches no other memory and leaks nothing. */
#include "base/rng.h"
#include "data_files.h"
#include "failing.h"

enum { ROOM = 4096, ROUNDS = 800 };

static const char *const files[] = {
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "x.npy", "y.npy", "t.csv", "t.csv", "z.csv.gz", "x.npy.gz"};
static const char *const specs[] = {
    "idx @ normalize=feature", "idx @",
    "npy @/x.npy y=@/y.npy",   "npy @/x.npy y=@/y.npy",
    "csv @/t.csv label=kind",  "csv @/t.csv onehot=3 x=2-3 missing=median unknown=ignore",
    "csv @/z.csv.gz target=b", "npy @/x.npy.gz"};

static void write_good(void)
{
    unsigned char bytes[ROOM];
    write_idx_set();
    write_npy("x.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", (float[]){1, 2, 3, 4, 5, 6},
              24);
    write_npy("y.npy", 2, "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", (int32_t[]){1, 0, 2}, 12);
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
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        write_good();
        unsigned char good[ROOM], bytes[ROOM];
        const size_t n = read_bytes(files[k], good, sizeof good);
        for (uint64_t round = 0; round < ROUNDS; round++) {
            memcpy(bytes, good, n);
            write_bytes(files[k], bytes, mutate(bytes, n, tc_stream_of(1, round, files[k])));
            failing hook = {0};
            const tacet_memory m = failing_memory(&hook);
            tacet_error e = {0};
            tacet_data *d = open_data(specs[k], "train", &m, &e);
            taken += d != NULL;
            refused += d == NULL;
            if (!d && (!e.status || !*e.message)) fail_msg("%s, round %d: no reason", files[k], (int)round);
            if (!d && e.status == TACET_MEMORY) fail_msg("%s, round %d: trusted a size", files[k], (int)round);
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
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        write_good();
        unsigned char bytes[ROOM];
        for (size_t n = read_bytes(files[k], bytes, sizeof bytes); n-- > 0;) {
            write_bytes(files[k], bytes, n);
            tacet_error e = {0};
            tacet_data *d = open_data(specs[k], "train", NULL, &e);
            if (d && !strstr(files[k], "t.csv")) fail_msg("%s was accepted at %zu bytes", files[k], n);
            tacet_data_free(d);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(damaged_files), cmocka_unit_test(cut_files)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
