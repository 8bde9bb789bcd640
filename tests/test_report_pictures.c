/* test_report_pictures.c: decodes the pictures in a report: PNGs with correct checksums, whose pixels are the weights
 * of the saved model. */
#include "data_files.h"

#include <math.h>

enum { SIDE = 8, PIXELS = SIDE * SIDE, ROWS = 96, UNITS = 12, PICTURES = 32, MOST = 1 << 20 };

typedef struct picture {
    unsigned width, height;
    unsigned char *rgba;
} picture;

/* ---- Reading a page ---------------------------------------------------------------------------------------------- */

static unsigned long number_at(const unsigned char *b)
{
    return (unsigned long)b[0] << 24 | (unsigned long)b[1] << 16 | (unsigned long)b[2] << 8 | b[3];
}

static size_t from_base64(const char *text, unsigned char *to)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned long bits = 0;
    int have = 0;
    size_t n = 0;
    for (; *text != '"' && *text != '='; text++) {
        const char *at = strchr(digit, *text);
        assert_non_null(at);
        bits = (bits << 6 | (unsigned long)(at - digit)) & 0xffffff;
        have += 6;
        if (have >= 8) to[n++] = (unsigned char)(bits >> (have -= 8) & 255);
    }
    return n;
}

/* Checks every chunk and decompresses the pixels. */
static picture unpack(const unsigned char *png, size_t n)
{
    picture p = {0};
    size_t at = 8, chunks = 0;
    assert_memory_equal(png, "\x89PNG\r\n\x1a\n", 8);
    for (; at < n; chunks++) {
        const size_t length = number_at(png + at);
        const unsigned char *name = png + at + 4, *data = name + 4;
        assert_true(at + 12 + length <= n);
        assert_int_equal(number_at(data + length), crc32(0, name, (uInt)length + 4));
        if (memcmp(name, "IHDR", 4) == 0) {
            p.width = (unsigned)number_at(data);
            p.height = (unsigned)number_at(data + 4);
            assert_memory_equal(data + 8, "\x08\x06\0\0\0", 5);
        } else if (memcmp(name, "IDAT", 4) == 0) {
            const size_t row = 4 * (size_t)p.width;
            uLongf size = (uLongf)((row + 1) * p.height);
            unsigned char *lines = malloc(size);
            p.rgba = malloc(row * p.height);
            assert_int_equal(uncompress(lines, &size, data, (uLong)length), Z_OK);
            assert_int_equal(size, (row + 1) * p.height);
            for (size_t y = 0; y < p.height; y++) {
                assert_int_equal(lines[y * (row + 1)], 0);
                memcpy(p.rgba + y * row, lines + y * (row + 1) + 1, row);
            }
            free(lines);
        }
        at += 12 + length;
    }
    assert_int_equal(chunks, 3);
    assert_memory_equal(png + n - 8, "IEND", 4);
    return p;
}

/* Finds the pictures of the figure with this title; returns their number. */
static int pictures_of(const char *page, const char *title, picture to[PICTURES])
{
    char head[200];
    snprintf(head, sizeof head, "<h3>%s</h3>", title);
    const char *at = strstr(page, head), mark[] = "base64,";
    if (!at) return 0;
    const char *end = strstr(at, "</figure>");
    int n = 0;
    unsigned char *png = malloc(MOST);
    for (at = strstr(at, mark); at && at < end && n < PICTURES; at = strstr(at, mark)) {
        at += sizeof mark - 1;
        to[n++] = unpack(png, from_base64(at, png));
    }
    free(png);
    return n;
}

static void drop(picture *p, int n)
{
    for (int i = 0; i < n; i++) free(p[i].rgba);
}

static const unsigned char *pixel(const picture *p, int x, int y)
{
    return p->rgba + 4 * ((size_t)y * p->width + (size_t)x);
}

/* ---- A run ------------------------------------------------------------------------------------------------------- */

static char *page;
static float first[UNITS * PIXELS], last[PIXELS * UNITS];

static void write_images(void)
{
    const int images[] = {ROWS, SIDE, SIDE, 0}, labels[] = {ROWS, 0};
    unsigned char x[ROWS * PIXELS], y[ROWS], file[ROWS * PIXELS + 64];
    for (int r = 0; r < ROWS; r++) {
        y[r] = (unsigned char)(r % 2);
        for (int k = 0; k < PIXELS; k++) /* a horizontal or vertical bar; the frame is noise */
            x[r * PIXELS + k] = (unsigned char)((r % 2 ? k / SIDE : k % SIDE) == 3 + r / 2 % 2 ? 255
                                                                                               : (r * 7 + k * 13) % 20);
    }
    write_bytes("train-images-idx3-ubyte", file, idx_bytes(file, 8, images, x, sizeof x));
    write_bytes("train-labels-idx1-ubyte", file, idx_bytes(file, 8, labels, y, sizeof y));
}

static void read_weight(const tacet_file *f, const char *name, float *to, size_t n)
{
    const char *tensor;
    const int64_t *shape;
    const float *data;
    int rank;
    for (int i = 0; i < tacet_file_count(f); i++) {
        if (tacet_file_tensor(f, i, &tensor, &rank, &shape, &data) != TACET_OK || strcmp(tensor, name) != 0) continue;
        memcpy(to, data, n * sizeof *to);
        return;
    }
    fail_msg("no %s", name);
}

/* Trains 64-12-64 on the images; a penalty removes pixels and weights. */
static int train(void **state)
{
    char command[1024], text[600];
    const char *tacet = getenv("TACET");
    if (!tacet || make_folder(state)) return -1;
    write_images();
    snprintf(
        text, sizeof text,
        "model: linear %d | relu | linear %d\nloss: mse\ntarget: x\noptimizer: sgd lr=0.5\ndata: idx %s\n"
        "penalties: {linear1.weight: [group_lasso 2e-3 by=input prox, l1 4e-4 prox], linear2.weight: l1 1e-4 prox}\n"
        "train: {epochs: 40, batch: 16}\n",
        UNITS, PIXELS, folder);
    write_text("net.yaml", text);
    snprintf(command, sizeof command, "%s train %s/net.yaml --out %s/run -q > %s/out 2>&1", tacet, folder, folder,
             folder);
    if (system(command)) return -1;
    tacet_error e;
    tacet_file *f = tacet_file_open(path_of("run/model.safetensors"), NULL, &e);
    if (!f) return -1;
    read_weight(f, "linear1.weight", first, sizeof first / sizeof *first);
    read_weight(f, "linear2.weight", last, sizeof last / sizeof *last);
    tacet_file_free(f);
    page = calloc(MOST + 1, 1);
    return page && read_bytes("run/report.html", page, MOST) < MOST ? 0 : -1;
}

static int clean(void **state)
{
    char command[200];
    free(page);
    snprintf(command, sizeof command, "rm -rf %s/run", folder);
    return system(command) ? -1 : remove_folder(state);
}

/* ---- Tests ------------------------------------------------------------------------------------------------------- */

/* A small matrix is drawn weight by weight: weights of 0 are blank, others are filled. */
static void zeros_are_blank(void **state)
{
    (void)state;
    const struct {
        const char *name;
        const float *w;
        int out, in;
    } matrix[] = {{"linear1.weight", first, UNITS, PIXELS}, {"linear2.weight", last, PIXELS, UNITS}};
    for (size_t m = 0; m < 2; m++) {
        picture p[PICTURES];
        int zeros = 0, out = matrix[m].out, in = matrix[m].in;
        assert_int_equal(pictures_of(page, matrix[m].name, p), 1);
        assert_int_equal(p[0].width, in);
        assert_int_equal(p[0].height, out);
        for (int y = 0; y < out; y++)
            for (int x = 0; x < in; x++) {
                const bool zero = matrix[m].w[y * in + x] == 0;
                zeros += zero;
                assert_int_equal(pixel(&p[0], x, y)[3], zero ? 0 : 255);
            }
        assert_true(zeros > 0 && zeros < out * in);
        drop(p, 1);
    }
}

/* Each tile shows one unit's weights by sign and size; `unit` and `step` are the strides of the weights. */
static void tiles_are(const char *title, const float *w, int unit, int step)
{
    enum { IN_ROW = 8 };
    picture p[PICTURES];
    bool seen[UNITS] = {0};
    assert_int_equal(pictures_of(page, title, p), 1);
    assert_int_equal(p[0].width, IN_ROW * (SIDE + 1) - 1);
    assert_int_equal(p[0].height, (UNITS - 1) / IN_ROW * (SIDE + 1) + SIDE);
    for (int i = 0; i < UNITS; i++) {
        int found = -1;
        for (int u = 0; u < UNITS && found < 0; u++) {
            double most = 0;
            bool all = !seen[u];
            for (int k = 0; k < PIXELS; k++) most = fmax(most, fabs((double)w[u * unit + k * step]));
            for (int k = 0; k < PIXELS && all; k++) {
                const double x = (double)w[u * unit + k * step];
                const unsigned char *at = pixel(&p[0], i % IN_ROW * (SIDE + 1) + k % SIDE,
                                                i / IN_ROW * (SIDE + 1) + k / SIDE);
                all = at[3] == (most > 0 ? lround(255 * fabs(x) / most) : 0) &&
                      (at[3] == 0 || (at[2] > at[0]) == (x > 0));
            }
            if (all) found = u;
        }
        if (found < 0) fail_msg("%s: tile %d does not match any unit", title, i);
        seen[found] = true;
    }
    drop(p, 1);
}

static void units_are_images(void **state)
{
    (void)state;
    tiles_are("units of linear1.weight", first, PIXELS, 1);
    tiles_are("columns of linear2.weight", last, 1, UNITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeros_are_blank),
        cmocka_unit_test(units_are_images),
    };
    return cmocka_run_group_tests(tests, train, clean);
}
