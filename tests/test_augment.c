/* Augmentations: what each does to an image, how often, and that a row is changed in the same way on any thread, in any
 * batch and after a seek. */
#include "augment/augment.h"
#include "data/data.h"
#include "data_files.h"
#include "failing.h"

enum { H = 5, W = 7, ROWS = 2000 };

static tc_augments read_chain(const char *chain)
{
    tc_augments c;
    tacet_error e = {0};
    const tc_mem m = tc_mem_of(NULL);
    if (tc_augments_read(&c, &m, chain, H, W, &e)) fail_msg("%s", e.message);
    return c;
}

/* An image of the bytes 1 .. H W. */
static const unsigned char *image(void)
{
    static unsigned char x[H][W];
    for (int i = 0; i < H * W; i++) x[i / W][i % W] = (unsigned char)(i + 1);
    return x[0];
}

static void apply(const char *chain, int64_t row, unsigned char to[H][W])
{
    const tc_augments c = read_chain(chain);
    tc_augments_apply(&c, 3, 1, row, 1, image(), to);
}

/* Pixel (y, x) of the image, 0 outside; with `edge` the nearest pixel. */
static int pixel(int y, int x, bool edge)
{
    const int i = y < 0 ? 0 : y < H ? y : H - 1, j = x < 0 ? 0 : x < W ? x : W - 1;
    return (i == y && j == x) || edge ? image()[i * W + j] : 0;
}

static bool is_moved(unsigned char x[H][W], int dy, int dx, bool edge)
{
    for (int i = 0; i < H; i++)
        for (int j = 0; j < W; j++)
            if (x[i][j] != pixel(i + dy, j + dx, edge)) return false;
    return true;
}

static void flips(void **state)
{
    (void)state;
    unsigned char x[H][W];
    apply("flip p=1", 0, x);
    for (int i = 0; i < H; i++)
        for (int j = 0; j < W; j++) assert_int_equal(x[i][j], pixel(i, W - 1 - j, false));
    apply("flip 1 | flip 1", 0, x);
    assert_true(is_moved(x, 0, 0, false));
    int plain = 0;
    for (int row = 0; row < ROWS; row++) {
        apply("flip 0.25", row, x);
        plain += is_moved(x, 0, 0, false);
    }
    assert_in_range(plain, 0.75 * ROWS - 100, 0.75 * ROWS + 100);
    /* Stages of one kind draw different numbers: not all images come out as they were. */
    plain = 0;
    for (int row = 0; row < ROWS; row++) {
        apply("flip | flip", row, x);
        plain += is_moved(x, 0, 0, false);
    }
    assert_in_range(plain, 0.5 * ROWS - 120, 0.5 * ROWS + 120);
}

/* Every offset comes up, each about as often. */
static void moves(const char *chain, int up, int left, bool edge)
{
    unsigned char x[H][W];
    int count[9][9] = {{0}};
    for (int row = 0; row < ROWS; row++) {
        int found = 0;
        apply(chain, row, x);
        for (int dy = -up; dy <= up; dy++)
            for (int dx = -left; dx <= left; dx++)
                if (is_moved(x, dy, dx, edge)) found++, count[dy + up][dx + left]++;
        assert_int_equal(found, 1);
    }
    const int mean = ROWS / ((2 * up + 1) * (2 * left + 1));
    for (int i = 0; i <= 2 * up; i++)
        for (int j = 0; j <= 2 * left; j++) assert_in_range(count[i][j], mean / 2, 2 * mean);
}

static void crops_and_shifts(void **state)
{
    (void)state;
    moves("crop 1", 1, 1, false);
    moves("crop 2x0", 2, 0, false);
    moves("shift 1x3", 1, 3, true);
}

/* Every drawn number is in [cos, sin] of an angle; a quarter turn of a square is exact. */
static void rotates(void **state)
{
    (void)state;
    unsigned char x[H][W];
    const tc_augmented square = {.height = 3, .width = 3};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            int64_t y = i, at = j;
            assert_true(tc_augment_at(3)->from(&square, (double[]){0, 1, 0, 0}, &y, &at));
            assert_int_equal(y, 2 - j);
            assert_int_equal(at, i);
        }
    apply("rotate 0", 0, x);
    assert_true(is_moved(x, 0, 0, false));
    int zeros = 0, plain = 0;
    for (int row = 0; row < 100; row++) {
        apply("rotate 40", row, x);
        assert_int_equal(x[2][3], pixel(2, 3, false)); /* the centre stays */
        plain += is_moved(x, 0, 0, false);
        for (int i = 0; i < H * W; i++) zeros += x[i / W][i % W] == 0;
    }
    assert_in_range(plain, 1, 40);
    assert_in_range(zeros, 100, 100 * H * W / 2);
}

static void erases(void **state)
{
    (void)state;
    unsigned char x[H][W];
    int erased = 0, most = 0;
    for (int row = 0; row < ROWS; row++) {
        int top = H, left = W, bottom = 0, right = 0, zeros = 0;
        apply("erase 0.4", row, x);
        for (int i = 0; i < H; i++)
            for (int j = 0; j < W; j++) {
                if (x[i][j]) {
                    assert_int_equal(x[i][j], pixel(i, j, false));
                    continue;
                }
                zeros++;
                top = i < top ? i : top, bottom = i + 1 > bottom ? i + 1 : bottom;
                left = j < left ? j : left, right = j + 1 > right ? j + 1 : right;
            }
        erased += zeros > 0;
        most = zeros > most ? zeros : most;
        if (zeros) assert_int_equal(zeros, (bottom - top) * (right - left)); /* a rectangle */
    }
    assert_in_range(erased, 0.4 * ROWS - 100, 0.4 * ROWS + 100);
    assert_in_range(most, H * W / 4, H * W / 2);
}

static void refuses_chain(const char *chain, const char *message, int column)
{
    tc_augments c;
    tacet_error e = {0};
    const tc_mem m = tc_mem_of(NULL);
    assert_int_equal(tc_augments_read(&c, &m, chain, H, W, &e), TACET_DESCRIPTION);
    if (!strstr(e.message, message)) fail_msg("%s: \"%s\" has no \"%s\"", chain, e.message, message);
    assert_int_equal(e.column, column);
    assert_string_equal(e.source, chain);
}

static void refused_chains(void **state)
{
    (void)state;
    refuses_chain("flip | mirror", "unknown augmentation \"mirror\"", 7);
    refuses_chain("flip 2", "flip takes p from 0 to 1, not 2", 5);
    refuses_chain("flip nan", "flip", 5);
    refuses_chain("flip | rotate 200", "from 0 to 180", 14);
    refuses_chain("crop 5", "leaves nothing of images of 5 x 7 pixels", 5);
    refuses_chain("shift 1x7", "leaves nothing", 6);
    refuses_chain("crop 1 2", "crop has no place for '2'", 7);
    refuses_chain("flip||crop 1", "", 5);
    char many[200] = "flip";
    for (int i = 0; i < 16; i++) strcat(many, "|flip");
    refuses_chain(many, "at most 16", 80);
}

/* ---- Loaders ---- */

typedef struct net {
    tacet_graph *g;
    tacet_value x;
    tacet_plan *p;
} net;

static net net_of(int64_t batch, int threads)
{
    net n = {.g = tacet_graph_new(NULL)};
    tacet_error e = {0};
    n.x = tacet_input(n.g, "x", 3, (int64_t[]){28, 28, 2});
    tacet_chain(n.g, n.x, "relu");
    n.p = tacet_compile(n.g, &(tacet_config){TACET_CONFIG, .batch = batch, .threads = threads}, &e);
    if (!n.p) fail_msg("%s", e.message);
    return n;
}

enum { N = 28 * 28 * 2, IMAGES = 40 };

/* The x of a whole epoch without a shuffle, from batch `first` on. */
static void fed(const char *source, const char *chain, int64_t batch, int threads, int64_t epoch, int64_t first,
                float *to)
{
    net n = net_of(batch, threads);
    tacet_error e = {0};
    tacet_data *d = must_open(source, "train");
    tacet_loader *l = tacet_loader_new(d, batch, 9, false, &e);
    if (tacet_loader_augment(l, chain, &e)) fail_msg("%s", e.message);
    tacet_loader_seek(l, epoch, first);
    for (int64_t rows, at = first * batch; (rows = tacet_loader_next(l, n.p, n.x, (tacet_value){0})) > 0; at += rows) {
        assert_int_equal(tacet_forward(n.p, rows), TACET_OK);
        assert_int_equal(tacet_read(n.p, "x", to + at * N, (size_t)(rows * N)), TACET_OK);
    }
    tacet_loader_free(l);
    tacet_data_free(d);
    tacet_plan_free(n.p);
    tacet_graph_free(n.g);
}

static void same_on_any_thread(void **state)
{
    (void)state;
    static unsigned char bytes[IMAGES * N];
    static float one[IMAGES * N], two[IMAGES * N], plain[IMAGES * N];
    char head[128];
    for (int i = 0; i < IMAGES * N; i++) bytes[i] = (unsigned char)(1 + i * 31 % 255);
    FILE *f = fopen(path_of("x.npy"), "wb");
    const int length = snprintf(head, sizeof head,
                                "{'descr': '|u1', 'fortran_order': False, 'shape': (%d, 28, 28, 2), }\n", IMAGES);
    fwrite((unsigned char[]){0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)length, 0}, 1, 10, f);
    fwrite(head, 1, (size_t)length, f);
    fwrite(bytes, 1, sizeof bytes, f);
    fclose(f);
    const char *source = "npy @/x.npy layout=hwc mean=0.5 std=0.25",
               *chain = "flip | crop 4 | shift 1 | rotate 20 | erase";
    fed(source, NULL, 16, 1, 1, 0, plain);
    fed(source, chain, 16, 1, 1, 0, one);
    assert_memory_not_equal(one, plain, sizeof one);
    for (int i = 0; i < IMAGES * N; i++)
        if (plain[i] == -2) fail_msg("a pixel is 0"); /* so what is 0 below comes from outside the image */
    int outside = 0;
    for (int i = 0; i < IMAGES * N; i++) outside += one[i] == -2; /* (0 - 0.5) / 0.25: scaled like every pixel */
    assert_in_range(outside, IMAGES * N / 50, IMAGES * N / 2);
    fed(source, chain, 7, 3, 1, 0, two);
    assert_memory_equal(one, two, sizeof one);
    memset(two, 0, sizeof two);
    fed(source, chain, 16, 2, 1, 2, two); /* from its third batch on, as after a resume */
    assert_memory_equal(one + 32 * N, two + 32 * N, 8 * N * sizeof *one);
    fed(source, chain, 16, 1, 2, 0, two);
    for (int i = 0; i < IMAGES; i++) assert_memory_not_equal(one + i * N, two + i * N, N * sizeof *one);
    fed(source, "", 16, 1, 1, 0, two);
    assert_memory_equal(plain, two, sizeof two);
}

static void refused_data(void **state)
{
    (void)state;
    tacet_error e = {0};
    write_idx_set();
    tacet_data *d = must_open("idx @", "train");
    tacet_loader *l = tacet_loader_new(d, 4, 0, true, &e);
    assert_int_equal(tacet_loader_augment(l, NULL, &e), TACET_OK);
    assert_int_equal(tacet_loader_augment(l, "flip", &e), TACET_DESCRIPTION);
    assert_non_null(strstr(e.message, "the rows of the data are [6]"));
    assert_non_null(strstr(e.hint, "layout=hwc"));
    tacet_loader_free(l);
    tacet_data_free(d);
    for (int64_t at = 1;; at++) {
        failing m = {.fail_at = at};
        const tacet_memory memory = failing_memory(&m);
        d = open_data("idx @ layout=hwc", "train", &memory, &e);
        l = d ? tacet_loader_new(d, 4, 0, true, &e) : NULL;
        if (l && tacet_loader_augment(l, "flip | crop 1", &e)) assert_int_equal(e.status, TACET_MEMORY);
        tacet_loader_free(l);
        tacet_data_free(d);
        assert_int_equal(m.alive, 0);
        if (!m.failed) break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flips),        cmocka_unit_test(crops_and_shifts), cmocka_unit_test(rotates),
        cmocka_unit_test(erases),       cmocka_unit_test(refused_chains),   cmocka_unit_test(same_on_any_thread),
        cmocka_unit_test(refused_data),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
