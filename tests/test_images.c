/* Pictures in folders: what is decoded from every kind of PNG and JPEG, sizes, labels, and what is refused. */
#include "data/data.h"
#include "data/picture_file.h"
#include "data_files.h"
#include "failing.h"

#include <jpeglib.h>
#include <png.h>
#include <sys/stat.h>

static void make(const char *name) { assert_int_equal(mkdir(path_of(name), 0777), 0); }

/* Removes what is in the folder, but not the folder. */
static int empty_folder(void **state)
{
    (void)state;
    char command[200];
    snprintf(command, sizeof command, "rm -rf %s/* %s/.[A-Z]*", folder, folder);
    return system(command);
}

static int remove_all(void **state)
{
    empty_folder(state);
    return rmdir(folder);
}

typedef struct kind {
    int colour, depth;
    bool interlaced, transparent; /* transparent: the palette has a tRNS chunk */
} kind;

/* A PNG whose rows, as they are stored, are in `rows`. */
static void write_png(const char *name, int w, int h, kind k, const unsigned char *rows)
{
    FILE *f = fopen(path_of(name), "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    const png_color palette[] = {{10, 20, 30}, {200, 100, 50}, {1, 2, 3}, {4, 5, 6}};
    png_init_io(png, f);
    png_set_IHDR(png, info, (unsigned)w, (unsigned)h, k.depth, k.colour, k.interlaced, 0, 0);
    if (k.colour == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 4);
    if (k.transparent) png_set_tRNS(png, info, (unsigned char[]){0, 255}, 2, NULL);
    png_write_info(png, info);
    const size_t n = png_get_rowbytes(png, info);
    unsigned char *row[64];
    for (int i = 0; i < h; i++) row[i] = (unsigned char *)(uintptr_t)rows + (size_t)i * n;
    png_write_image(png, row);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(f);
}

static void write_grey(const char *name, int w, int h, unsigned char value)
{
    unsigned char rows[64 * 64];
    memset(rows, value, sizeof rows);
    write_png(name, w, h, (kind){PNG_COLOR_TYPE_GRAY, 8, false, false}, rows);
}

static void write_jpeg(const char *name, int w, int h, int space, int channels, bool progressive, unsigned char *rows)
{
    FILE *f = fopen(path_of(name), "wb");
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr error;
    j.err = jpeg_std_error(&error);
    jpeg_create_compress(&j);
    jpeg_stdio_dest(&j, f);
    j.image_width = (unsigned)w;
    j.image_height = (unsigned)h;
    j.input_components = channels;
    j.in_color_space = (J_COLOR_SPACE)space;
    jpeg_set_defaults(&j);
    jpeg_set_quality(&j, 100, TRUE);
    if (progressive) jpeg_simple_progression(&j);
    jpeg_start_compress(&j, TRUE);
    for (int i = 0; i < h; i++) {
        JSAMPROW row = rows + i * w * channels;
        jpeg_write_scanlines(&j, &row, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    fclose(f);
}

static void pixels_are(const char *name, int channels, int n, const unsigned char *expected, int within)
{
    tc_picture p = {.channels = channels};
    tacet_error e = {0};
    const tc_mem m = tc_mem_of(NULL);
    if (tc_picture_read(&p, path_of(name), &m, &e)) fail_msg("%s", e.message);
    assert_int_equal(p.height * p.width * channels, n);
    for (int i = 0; i < n; i++)
        if (abs(p.pixels[i] - expected[i]) > within)
            fail_msg("%s: byte %d is %d, not %d", name, i, p.pixels[i], expected[i]);
    tc_picture_free(&p);
}

static void every_png(void **state)
{
    (void)state;
    const struct {
        kind k;
        unsigned char rows[16];
        unsigned char colour[12], grey[4]; /* of 2 x 2 pixels */
    } cases[] = {
        {{PNG_COLOR_TYPE_GRAY, 8, false, false},
         {0, 9, 100, 255},
         {0, 0, 0, 9, 9, 9, 100, 100, 100, 255, 255, 255},
         {0, 9, 100, 255}},
        {{PNG_COLOR_TYPE_GRAY, 1, false, false},
         {0x40, 0x80},
         {0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0},
         {0, 255, 255, 0}},
        {{PNG_COLOR_TYPE_GRAY, 2, true, false},
         {0x10, 0xB0},
         {0, 0, 0, 85, 85, 85, 170, 170, 170, 255, 255, 255},
         {0, 85, 170, 255}},
        {{PNG_COLOR_TYPE_GRAY, 16, false, false},
         {0, 128, 0, 129, 128, 0, 255, 255},
         {0, 0, 0, 1, 1, 1, 128, 128, 128, 255, 255, 255},
         {0, 1, 128, 255}},
        {{PNG_COLOR_TYPE_GRAY_ALPHA, 8, false, false},
         {7, 0, 8, 255, 9, 1, 10, 128},
         {7, 7, 7, 8, 8, 8, 9, 9, 9, 10, 10, 10},
         {7, 8, 9, 10}},
        {{PNG_COLOR_TYPE_RGB, 8, true, false},
         {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30},
         {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30},
         {76, 150, 29, 18}},
        {{PNG_COLOR_TYPE_RGB_ALPHA, 8, false, false},
         {1, 2, 3, 0, 4, 5, 6, 255, 7, 8, 9, 1, 10, 20, 30, 2},
         {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30},
         {2, 5, 8, 18}},
        {{PNG_COLOR_TYPE_PALETTE, 4, false, false},
         {0x01, 0x23},
         {10, 20, 30, 200, 100, 50, 1, 2, 3, 4, 5, 6},
         {18, 124, 2, 5}},
        {{PNG_COLOR_TYPE_PALETTE, 8, true, true},
         {0, 1, 2, 3},
         {10, 20, 30, 200, 100, 50, 1, 2, 3, 4, 5, 6},
         {18, 124, 2, 5}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_png("a.png", 2, 2, cases[i].k, cases[i].rows);
        pixels_are("a.png", 3, 12, cases[i].colour, 0);
        pixels_are("a.png", 1, 4, cases[i].grey, 0);
    }
}

static void every_jpeg(void **state)
{
    (void)state;
    unsigned char rows[8 * 8 * 3], grey[64], expected[8 * 8 * 3], luma[64];
    for (int i = 0; i < 64; i++) {
        grey[i] = 90;
        memcpy(rows + 3 * i, (unsigned char[]){200, 100, 50}, 3);
        memset(expected + 3 * i, 90, 3);
        luma[i] = 124;
    }
    for (int progressive = 0; progressive < 2; progressive++) {
        write_jpeg("a.jpg", 8, 8, JCS_GRAYSCALE, 1, progressive, grey);
        pixels_are("a.jpg", 1, 64, grey, 1);
        pixels_are("a.jpg", 3, 192, expected, 1);
        write_jpeg("b.jpg", 8, 8, JCS_RGB, 3, progressive, rows);
        pixels_are("b.jpg", 3, 192, rows, 3);
        pixels_are("b.jpg", 1, 64, luma, 2);
    }
}

/* Pillow 9.4: Image.resize(size, BILINEAR) of these pixels; it rounds between its two passes, so 1 is allowed. */
static void other_sizes(void **state)
{
    (void)state;
    unsigned char x[24], to[24];
    for (int i = 0; i < 24; i++) x[i] = (unsigned char)(i * i % 251);
    tc_picture p = {.channels = 1, .height = 4, .width = 6, .pixels = x, .mem = tc_mem_of(NULL)};
    assert_true(tc_picture_fit(&p, 4, 6, to));
    assert_memory_equal(to, x, 24);
    assert_true(tc_picture_fit(&p, 2, 3, to));
    const unsigned char half[] = {43, 60, 61, 119, 160, 97};
    for (int i = 0; i < 6; i++) assert_in_range(to[i], half[i] - 1, half[i] + 1);
    assert_true(tc_picture_fit(&p, 3, 8, to));
    const unsigned char wide[] = {11,  14, 18, 23, 29, 37,  46,  54,  90,  102, 117, 133,
                                  150, 91, 63, 80, 94, 115, 141, 168, 196, 178, 114, 30};
    for (int i = 0; i < 24; i++) assert_in_range(to[i], wide[i] - 1, wide[i] + 1);
    p = (tc_picture){.channels = 3, .height = 1, .width = 1, .pixels = (unsigned char[]){9, 8, 7}, .mem = p.mem};
    assert_true(tc_picture_fit(&p, 2, 2, to));
    for (int i = 0; i < 12; i++) assert_int_equal(to[i], 9 - i % 3);
}

static tacet_data_info about(const tacet_data *d)
{
    tacet_data_info info = {.size = sizeof info};
    tacet_data_describe(d, &info);
    return info;
}

static void folders_are_classes(void **state)
{
    (void)state;
    make("dog");
    make("cat");
    make("none");
    write_grey("dog/2.PNG", 3, 2, 30);
    write_grey("dog/1.png", 3, 2, 20);
    write_grey("cat/z.png", 3, 2, 10);
    write_text("cat/notes.txt", "");
    write_text(".DS_Store", "");
    tacet_data *d = must_open("images @ channels=1", "train");
    const tacet_data_info info = about(d);
    assert_int_equal(info.rows, 3);
    assert_int_equal(info.rank, 3);
    assert_memory_equal(info.shape, ((int64_t[]){2, 3, 1}), 3 * sizeof(int64_t));
    assert_int_equal(info.classes, 3); /* none has no pictures */
    assert_false(info.has_test);
    assert_non_null(strstr(info.remarks, "1 file is left out, as only .png, .jpg and .jpeg files are read: "));
    assert_non_null(strstr(info.remarks, "cat/notes.txt"));
    const unsigned char *x = d->table->x.data;
    assert_int_equal(x[0], 10); /* cat/z, dog/1, dog/2 */
    assert_int_equal(x[6], 20);
    assert_int_equal(x[12], 30);
    assert_memory_equal(d->table->y.data, ((int32_t[]){0, 1, 1}), 12);
    assert_string_equal(strrchr(tacet_data_id(d, 1), '/'), "/1.png");
    assert_string_equal(strrchr(tacet_data_id(d, 2), '/'), "/2.PNG");
    assert_null(tacet_data_id(d, 3));
    char schema[400];
    assert_true(tacet_data_schema(d, schema, sizeof schema) < sizeof schema);
    assert_non_null(strstr(schema, "\"cat\""));
    tacet_data_free(d);
    d = must_open("images @ flat=true", "train");
    assert_int_equal(about(d).shape[0], 18);
    tacet_data_free(d);

    /* Other data for the model: its classes, its channels, its size; without answers, no folders are needed. */
    char path[100];
    tacet_error e = {0};
    make("new");
    make("new/dog");
    write_grey("new/dog/a.png", 3, 2, 40);
    snprintf(path, sizeof path, "images %s/new", folder);
    assert_non_null(d = tacet_data_open_as(path, "train", schema, true, NULL, &e));
    assert_int_equal(((int32_t *)d->table->y.data)[0], 1);
    assert_int_equal(about(d).shape[2], 1);
    tacet_data_free(d);
    make("new/bird");
    assert_null(tacet_data_open_as(path, "train", schema, true, NULL, &e));
    assert_non_null(strstr(e.message, "new/bird: the name of the folder is not one of the classes"));
    snprintf(path, sizeof path, "images %s/new/dog", folder);
    assert_null(tacet_data_open_as(path, "train", schema, true, NULL, &e));
    assert_non_null(strstr(e.message, "has no folders, and so no classes"));
    assert_non_null(d = tacet_data_open_as(path, "train", schema, false, NULL, &e));
    assert_int_equal(about(d).rows, 1);
    tacet_data_free(d);
    write_grey("new/dog/b.png", 4, 4, 40);
    assert_null(tacet_data_open_as(path, "train", schema, false, NULL, &e));
    assert_non_null(strstr(e.message, "4 x 4 pixels, but the model takes 2 x 3"));
    empty_folder(NULL);
}

static void opened_saying(const char *spec, const char *words)
{
    tacet_data *d = must_open(spec, "train");
    const tacet_data_info info = about(d);
    if (!strstr(info.remarks, words)) fail_msg("\"%s\" is not in: %s", words, info.remarks);
    tacet_data_free(d);
}

/* What is not read is said. */
static void what_is_not_read(void **state)
{
    (void)state;
    make("cat");
    make("dog");
    write_grey("cat/1.png", 3, 2, 10);
    make("cat/more");
    write_grey("cat/more/2.png", 3, 2, 10);
    write_grey("3.png", 3, 2, 10);
    write_text("README", "");
    opened_saying("images @", "images: 1 folder is left out, as folders in the folder of a class are not read: ");
    opened_saying("images @", "images: 1 file is left out, as pictures should be in the folder of their class: ");
    opened_saying("images @", "images: 1 class has no pictures: ");
    refuses("images @/cat/1.png", TACET_FILE, "cat/1.png is not a folder");
    empty_folder(NULL);
    make("train");
    make("train/cat");
    make("val");
    make("val/cat");
    make("notes");
    write_grey("train/cat/1.png", 3, 2, 10);
    opened_saying("images @", "images: 1 folder is left out, as the parts are the folders train and test: ");
    empty_folder(NULL);
}

static void two_parts(void **state)
{
    (void)state;
    make("train");
    make("train/7");
    make("train/10");
    make("test");
    make("test/10");
    write_grey("train/7/a.png", 2, 2, 1);
    write_grey("train/10/a.png", 2, 2, 2);
    write_grey("test/10/a.png", 2, 2, 3);
    tacet_data *d = must_open("images @", "train");
    assert_true(about(d).has_test);
    assert_int_equal(about(d).rows, 2);
    assert_int_equal(about(d).classes, 11); /* whole numbers are their own class */
    assert_memory_equal(d->table->y.data, ((int32_t[]){10, 7}), 8);
    tacet_data_free(d);
    d = must_open("images @", "test");
    assert_int_equal(about(d).rows, 1);
    assert_int_equal(about(d).classes, 11);
    assert_int_equal(*(int32_t *)d->table->y.data, 10);
    tacet_data_free(d);
    make("train/dog");
    refuses("images @", TACET_FILE, "train/dog: the name of the folder is a word");
    empty_folder(NULL);
}

static void broken_files(void **state)
{
    (void)state;
    unsigned char whole[4096], rows[64 * 64 * 3] = {0};
    make("a");
    refuses("images @", TACET_FILE, "has no pictures");
    refuses("images @/b", TACET_IO, "/b");
    write_grey("a/1.png", 4, 4, 9);
    for (int jpeg = 0; jpeg < 2; jpeg++) {
        const char *name = jpeg ? "a/2.jpg" : "a/2.png";
        for (size_t i = 0; i < sizeof rows; i++) rows[i] = (unsigned char)(i * 37 % 256);
        if (jpeg)
            write_jpeg(name, 4, 4, JCS_RGB, 3, true, rows);
        else
            write_png(name, 4, 4, (kind){PNG_COLOR_TYPE_RGB, 8, true, false}, rows);
        const size_t n = read_bytes(name, whole, sizeof whole);
        for (size_t k = 0; k < n; k++) {
            write_bytes(name, whole, k);
            refuses("images @", TACET_FILE, strrchr(name, '/') + 1);
            tacet_data *d = must_open("images @ skip=true", "train");
            assert_int_equal(about(d).rows, 1);
            assert_non_null(strstr(about(d).remarks, "1 of 2 files cannot be decoded and is left out: "));
            tacet_data_free(d);
        }
        unlink(path_of(name));
    }
    write_text("a/2.png", "GIF89a");
    refuses("images @", TACET_FILE, "2.png: is a GIF file");
    write_text("a/2.png", "hello");
    refuses("images @", TACET_FILE, "2.png: is neither a PNG nor a JPEG file");
    memset(rows, 0, sizeof rows);
    write_jpeg("a/2.png", 4, 4, JCS_CMYK, 4, false, rows);
    refuses("images @", TACET_FILE, "2.png: is a JPEG file in CMYK");
    write_grey("a/2.png", 5, 4, 0);
    refuses("images @ skip=true", TACET_DESCRIPTION, "2.png has 4 x 5 pixels, but the first picture has 4 x 4");
    tacet_data *d = must_open("images @ size=4x5", "train");
    assert_memory_equal(about(d).shape, ((int64_t[]){4, 5, 3}), 3 * sizeof(int64_t));
    tacet_data_free(d);
    refuses("images @ size=4 flat=true normalize=channel", TACET_DESCRIPTION, "leave out flat=true");
    unlink(path_of("a/2.png"));
    write_text("a/1.png", "x");
    refuses("images @ skip=true", TACET_FILE, "1.png");
    refuses("images @ size=0", TACET_DESCRIPTION, "size should be from 1x1");
    refuses("images @ channels=2", TACET_DESCRIPTION, "1|3");
    /* A header that promises more than is allowed, with a right checksum. */
    unsigned char huge[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xff\xff\0\0\xff\xff\x08\0\0\0\0\0\0\0\0\0\0\0\0IDAT";
    const uint32_t crc = (uint32_t)crc32(0, huge + 12, 17);
    for (int i = 0; i < 4; i++) huge[29 + i] = (unsigned char)(crc >> (24 - 8 * i));
    write_bytes("a/1.png", huge, sizeof huge - 1);
    refuses("images @", TACET_FILE, "65535 x 65535 pixels");
    empty_folder(NULL);
}

/* Every allocation fails once, on several threads. */
static void each_allocation_fails(void)
{
    for (int64_t at = 1;; at++) {
        failing f = {.fail_at = at};
        const tacet_memory m = failing_memory(&f);
        tacet_error e = {0};
        tacet_data *d = open_data("images @ size=3", "train", &m, &e);
        if (!d) assert_int_equal(e.status, TACET_MEMORY);
        tacet_data_free(d);
        assert_int_equal(f.alive, 0);
        if (!f.failed) break;
    }
}

static void without_memory(void **state)
{
    (void)state;
    unsigned char rows[48] = {0};
    char name[20];
    make("a");
    make("b");
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "%c/%d.png", i % 2 ? 'a' : 'b', i);
        write_png(name, 4, 4, (kind){PNG_COLOR_TYPE_RGB, 8, true, false}, rows);
    }
    write_jpeg("a/a.jpg", 4, 4, JCS_RGB, 3, false, rows);
    each_allocation_fails();
    make("a/more");
    write_png("0.png", 4, 4, (kind){PNG_COLOR_TYPE_RGB, 8, true, false}, rows);
    write_text("a/notes.txt", "");
    each_allocation_fails();
    make("train");
    make("train/a");
    make("train/none");
    make("val");
    make("val/a");
    write_png("train/a/0.png", 4, 4, (kind){PNG_COLOR_TYPE_RGB, 8, true, false}, rows);
    each_allocation_fails();
    empty_folder(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_png),
        cmocka_unit_test(every_jpeg),
        cmocka_unit_test(other_sizes),
        cmocka_unit_test_teardown(folders_are_classes, empty_folder),
        cmocka_unit_test_teardown(what_is_not_read, empty_folder),
        cmocka_unit_test_teardown(two_parts, empty_folder),
        cmocka_unit_test_teardown(broken_files, empty_folder),
        cmocka_unit_test_teardown(without_memory, empty_folder),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_all);
}
