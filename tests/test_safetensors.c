/* The safetensors container: written files can be read; bad files are refused, with their name and the reason; a failed
 * write leaves the old file unchanged; memory may run out anywhere. */
#include "cmocka_all.h"
#include "failing.h"
#include "model/safetensors.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/tacet_safetensors_XXXXXX";
static char path[64], temporary[80];

static int make_folder(void **unused)
{
    (void)unused;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/a.safetensors", folder);
    snprintf(temporary, sizeof temporary, "%s.tmp", path);
    return 0;
}

static int remove_folder(void **unused)
{
    (void)unused;
    unlink(path);
    return rmdir(folder); /* fails if a test leaves a temporary file */
}

/* ---- Files made by hand ---- */

static void put_file(const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static size_t get_file(char *bytes, size_t capacity)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    const size_t n = fread(bytes, 1, capacity, f);
    assert_true(n < capacity);
    fclose(f);
    return n;
}

/* length, header, `data` bytes 0, 1, 2, ... */
static size_t compose(char *file, const char *header, size_t data)
{
    const uint64_t n = strlen(header);
    memcpy(file, &n, 8);
    memcpy(file + 8, header, n);
    for (size_t i = 0; i < data; i++) file[8 + n + i] = (char)i;
    return 8 + n + data;
}

static tacet_status try_read(const tacet_memory *memory, tacet_error *e)
{
    tacet_file *f = tacet_file_open(path, memory, e);
    tacet_file_free(f);
    return f ? TACET_OK : e->status;
}

static void refused(const char *header, size_t data, const char *why)
{
    char file[4096];
    tacet_error e = {0};
    put_file(file, compose(file, header, data));
    if (try_read(NULL, &e) != TACET_FILE) fail_msg("%s: status %d, %s", header, e.status, e.message);
    if (!strstr(e.message, why) || !strstr(e.message, path))
        fail_msg("%s: \"%s\" does not say \"%s\"", header, e.message, why);
}

#define ENTRY(dtype, shape, offsets) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void false_headers_are_refused(void **unused)
{
    (void)unused;
    refused("", 0, "does not begin with {");
    refused(" {}", 0, "does not begin with {");
    refused("[]", 0, "does not begin with {");
    refused("{", 0, "invalid at byte");
    refused("{} x", 0, "invalid at byte");
    refused("{\"a\":1}", 0, "no dtype");
    refused("{\"a\":{}}", 0, "no dtype");
    refused("{\"a\":{\"dtype\":4}}", 0, "no dtype");
    refused("{\"a\":" ENTRY("BF16", "[1]", "[0,4]") "}", 4, "needs 2");
    refused("{\"a\":" ENTRY("F4", "[2]", "[0,2]") "}", 1, "data_offsets");
    refused("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "no shape");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets");
    refused("{\"a\":" ENTRY("F32", "[1]", "[0]") "}", 4, "data_offsets");
    refused("{\"a\":" ENTRY("F32", "[1]", "[0,4,4]") "}", 4, "data_offsets");
    refused("{\"a\":" ENTRY("F32", "[1]", "[0,8]") "}", 4, "data_offsets");
    refused("{\"a\":" ENTRY("F32", "[1]", "[-4,0]") "}", 4, "data_offsets");
    refused("{\"a\":" ENTRY("F32", "[1]", "[4,0]") "}", 4, "data_offsets");
    refused("{\"a\":" ENTRY("F32", "[1]", "[0.0,4.0]") "}", 4, "data_offsets");
    refused("{\"a\":" ENTRY("F32", "[2]", "[0,4]") "}", 4, "needs 8");
    refused("{\"a\":" ENTRY("F64", "[1]", "[0,4]") "}", 4, "needs 8");
    refused("{\"a\":" ENTRY("F32", "[-1]", "[0,4]") "}", 4, "size 0");
    refused("{\"a\":" ENTRY("F32", "[1,1.5]", "[0,4]") "}", 4, "size 1");
    refused("{\"a\":" ENTRY("F32", "[1,\"2\"]", "[0,4]") "}", 4, "size 1");
    refused("{\"a\":" ENTRY("F32", "[1099511627776,1099511627776]", "[0,4]") "}", 4, "too large");
    refused("{\"a\":" ENTRY("F32", "[4294967296,4294967296,4294967296,4294967296]", "[0,0]") "}", 0, "too large");
    refused("{\"a\":" ENTRY("F32", "[9223372036854775808]", "[0,4]") "}", 4, "too large");
    refused("{\"a\":" ENTRY("F32", "[1]", "[4,8]") "}", 8, "begins at byte 4");
    refused("{\"a\":" ENTRY("F32", "[1]", "[0,4]") ",\"b\":" ENTRY("F32", "[1]", "[8,12]") "}", 12, "begins at byte 8");
    refused("{\"a\":" ENTRY("F32", "[2]", "[0,8]") ",\"b\":" ENTRY("F32", "[2]", "[4,12]") "}", 12, "begins at byte 4");
    refused("{\"a\":" ENTRY("F32", "[1]", "[0,4]") "}", 5, "1 bytes follow");
    refused("{\"a\":" ENTRY("F32", "[1]", "[0,4]") ",\"a\":" ENTRY("F32", "[1]", "[4,8]") "}", 8, "duplicate");
    refused("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, "duplicate");
    refused("{\"__metadata__\":[]}", 0, "not an object");
    refused("{\"__metadata__\":{\"k\":1}}", 0, "\"k\" is not a string");
    refused("{\"a\xff\":1}", 0, "invalid at byte");
}

/* Their order must not depend on whether qsort had memory. */
static void empty_tensors_are_in_the_order_of_their_names(void **unused)
{
    (void)unused;
    char file[512];
    tacet_error e;
    const char *name;
    const char header[] = "{\"b\":" ENTRY("F32", "[0]", "[0,0]") ",\"a\":" ENTRY("F32", "[0,2]", "[0,0]") "}";
    put_file(file, compose(file, header, 0));
    tacet_file *f = tacet_file_open(path, NULL, &e);
    assert_non_null(f);
    assert_int_equal(tacet_file_tensor(f, 0, &name, NULL, NULL, NULL), TACET_OK);
    assert_string_equal(name, "a");
    tacet_file_free(f);
}

static void short_files_are_refused(void **unused)
{
    (void)unused;
    char file[4096];
    tacet_error e = {0};
    const size_t n = compose(file, "{\"a\":" ENTRY("F32", "[2,2]", "[0,16]") "}", 16);
    put_file(file, n);
    assert_int_equal(try_read(NULL, &e), TACET_OK);
    for (size_t k = 0; k < n; k++) {
        put_file(file, k);
        assert_int_equal(try_read(NULL, &e), TACET_FILE);
    }
    const uint64_t lies[] = {(uint64_t)n - 7, TC_HEADER_MAX, UINT64_MAX, UINT64_MAX - 7, UINT64_C(1) << 63};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        memcpy(file, &lies[i], 8);
        put_file(file, n);
        assert_int_equal(try_read(NULL, &e), TACET_FILE);
    }
}

/* Changes every byte of a file in a few ways: the file is read or refused, without memory errors (under asan). */
static void damaged_files_do_no_harm(void **unused)
{
    (void)unused;
    char file[4096];
    static const unsigned char turns[] = {0x01, 0x02, 0x10, 0x20, 0x80, 0xFF};
    const size_t n = compose(file,
                             "{\"__metadata__\":{\"k\":\"v\"},\"a\":" ENTRY("F32", "[1,2]", "[0,8]") ",\"b\":" ENTRY(
                                 "I64", "[1]", "[8,16]") "}",
                             16);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof turns; k++) {
            tacet_error e = {0};
            file[i] = (char)(file[i] ^ (char)turns[k]);
            put_file(file, n);
            const tacet_status s = try_read(NULL, &e);
            assert_true(s == TACET_OK || (s == TACET_FILE && e.message[0]));
            file[i] = (char)(file[i] ^ (char)turns[k]);
        }
}

static void files_that_cannot_be_opened(void **unused)
{
    (void)unused;
    tacet_error e = {0};
    unlink(path);
    assert_int_equal(try_read(NULL, &e), TACET_IO);
    assert_non_null(strstr(e.message, path));
    assert_null(tacet_file_open(folder, NULL, &e));
    assert_int_equal(e.status, TACET_IO);
    assert_null(tacet_file_open("/dev/null", NULL, NULL));
}

/* Types other than float32, unordered and unaligned tensors, one without elements, a scalar. */
static void other_types_become_float32(void **unused)
{
    (void)unused;
    char file[4096];
    size_t n = compose(
        file,
        "{\"l\":" ENTRY("I64", "[2]", "[3,19]") ",\"u\":" ENTRY("U8", "[3]", "[0,3]") ",\"i\":" ENTRY(
            "I32", "[1]",
            "[19,23]") ",\"d\":" ENTRY("F64", "[]",
                                       "[23,31]") ",\"f\":" ENTRY("F32", "[1,1]",
                                                                  "[31,35]") ",\"none\":" ENTRY("F32", "[3,0]",
                                                                                                "[35,35]") "}   ",
        35);
    char *data = file + n - 35;
    const int64_t l[] = {-5, 1 << 20};
    const int32_t i = -7;
    const double d = 2.5;
    const float x = 0.1f;
    memcpy(data, "\x01\x02\xff", 3);
    memcpy(data + 3, l, 16), memcpy(data + 19, &i, 4), memcpy(data + 23, &d, 8), memcpy(data + 31, &x, 4);
    put_file(file, n);
    tacet_error e;
    tacet_file *f = tacet_file_open(path, NULL, &e);
    assert_non_null(f);
    static const struct {
        const char *name;
        int rank, count;
        float data[3];
    } expect[] = {{"u", 1, 3, {1, 2, 255}}, {"l", 1, 2, {-5, 1 << 20}}, {"i", 1, 1, {-7}},
                  {"d", 0, 1, {2.5f}},      {"f", 2, 1, {0.1f}},        {"none", 2, 0, {0}}};
    assert_int_equal(tacet_file_count(f), 6);
    for (int k = 0; k < 6; k++) {
        const char *name;
        const int64_t *shape;
        const float *numbers;
        int rank;
        assert_int_equal(tacet_file_tensor(f, k, &name, &rank, &shape, &numbers), TACET_OK);
        assert_string_equal(name, expect[k].name);
        assert_int_equal(rank, expect[k].rank);
        assert_memory_equal(numbers, expect[k].data, (size_t)expect[k].count * sizeof(float));
    }
    assert_int_equal(tacet_file_tensor(f, 6, NULL, NULL, NULL, NULL), TACET_FAILED);
    assert_int_equal(tacet_file_tensor(f, -1, NULL, NULL, NULL, NULL), TACET_FAILED);
    tacet_file_free(f);
}

/* Every type of whole numbers and of floats; what cannot be read is passed over, wherever it stands in the file. */
static void every_type(void **unused)
{
    (void)unused;
    static const struct {
        const char *type, *bytes;
        int width;
        float x[2];
    } cases[] = {
        {"F16", "\x01\x3c\x00\xc0", 2, {1 + 0x1p-10f, -2}},
        {"BF16", "\xc0\x3f\x80\x7f", 2, {1.5f, INFINITY}},
        {"BOOL", "\0\1", 1, {0, 1}},
        {"I8", "\xff\1", 1, {-1, 1}},
        {"I16", "\xff\xfe\1\0", 2, {-257, 1}},
        {"U16", "\xff\xfe\1\0", 2, {65279, 1}},
        {"U32", "\0\0\0\x80\1\0\0\0", 4, {2147483648.0f, 1}},
        {"F8_E4M3", "ab", 1, {0}},
        {"F4", "ab", 1, {0}},
        {"U64", "abcdefghijklmnop", 8, {0}},
        {"C64", "abcdefghijklmnop", 8, {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char file[1024], header[512];
        const int n = 2 * cases[i].width;
        snprintf(header, sizeof header,
                 "{\"a\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[4,%d]},"
                 "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                 "\"c\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%d,%d]}}",
                 cases[i].type, 4 + n, 4 + n, 8 + n);
        const size_t length = compose(file, header, (size_t)n + 8);
        const float x = 2.5f;
        memcpy(file + length - 4, &x, 4);
        memcpy(file + length - 8 - n, &x, 4);
        memcpy(file + length - 4 - n, cases[i].bytes, (size_t)n);
        put_file(file, length);
        tacet_error e;
        tacet_file *f = tacet_file_open(path, NULL, &e);
        if (!f) fail_msg("%s: %s", cases[i].type, e.message);
        const float *data;
        for (int k = 0; k < 3; k += 2) {
            assert_int_equal(tacet_file_tensor(f, k, NULL, NULL, NULL, &data), TACET_OK);
            assert_memory_equal(data, &x, 4);
        }
        tacet_file_tensor(f, 1, NULL, NULL, NULL, &data);
        if (i >= 7)
            assert_null(data);
        else
            assert_memory_equal(data, cases[i].x, sizeof cases[i].x);
        tacet_file_free(f);
    }
}

/* More numbers than are converted at a time, and more sizes than a shape can have. */
static void long_and_deep(void **unused)
{
    (void)unused;
    enum { MANY = 20000 };
    char *file = malloc(2 * MANY + 400);
    char header[300];
    snprintf(header, sizeof header,
             "{\"a\":" ENTRY("BF16", "[20000]", "[0,40000]") ",\"b\":" ENTRY("F32", "[1,1,1,1,1,1,1,1,1]",
                                                                             "[40000,40004]") "}");
    const size_t length = compose(file, header, 2 * MANY + 4);
    for (int i = 0; i < MANY; i++) memcpy(file + length - 4 - 2 * (MANY - i), (char[]){0, (char)(i % 64)}, 2);
    put_file(file, length);
    tacet_error e;
    tacet_file *f = tacet_file_open(path, NULL, &e);
    assert_non_null(f);
    const float *data;
    tacet_file_tensor(f, 0, NULL, NULL, NULL, &data);
    for (int i = 0; i < MANY; i++) {
        const uint32_t bits = (uint32_t)(i % 64) << 24;
        assert_memory_equal(&data[i], &bits, 4);
    }
    tacet_file_tensor(f, 1, NULL, NULL, NULL, &data);
    assert_null(data);
    tacet_file_free(f);
    free(file);
}

/* ---- Writing ---- */

static void fill(const void *context, int i, float *to)
{
    const float first = *(const float *)context;
    for (int k = 0; k < 6; k++) to[k] = first + (float)(10 * i + k);
}

static const char odd_text[] = "a \"quoted\" \\ line\nand \x01 and \xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\xb5";
static const tacet_note notes[] = {{"format", "pt"}, {"odd \"key\"", odd_text}, {"empty", ""}};
static const tc_tensor tensors[] = {{.name = "w", .shape = {2, {2, 3}}}, {.name = "b.\"x\"", .shape = {1, {6}}}};

static tacet_status put(const tc_mem *m, float first, const char *to, tacet_error *e)
{
    const tc_mem own = m ? *m : tc_mem_of(NULL);
    tc_json_writer text = {.to.mem = tc_mem_of(NULL)};
    for (int i = 0; i < 3; i++) tc_json_add_text(&text, notes[i].key, notes[i].text);
    const tc_outline o = {text.to.data, 2, tensors, fill, &first};
    const tacet_status s = tc_safetensors_write(&own, to, &o, e);
    tc_text_free(&text.to);
    return s;
}

/* Asserts that the file at path is complete and has the contents that put wrote with this number. */
static void check_file(float first)
{
    tacet_error e;
    tacet_file *f = tacet_file_open(path, NULL, &e);
    if (!f) fail_msg("%s", e.message);
    assert_int_equal(tacet_file_count(f), 2);
    for (int i = 0; i < 2; i++) {
        const char *name;
        const int64_t *shape;
        const float *data;
        float expect[6];
        int rank;
        tacet_file_tensor(f, i, &name, &rank, &shape, &data);
        fill(&first, i, expect);
        assert_string_equal(name, tensors[i].name);
        assert_int_equal(rank, tensors[i].shape.rank);
        assert_memory_equal(shape, tensors[i].shape.dim, (size_t)rank * sizeof *shape);
        assert_memory_equal(data, expect, sizeof expect);
    }
    for (int i = 0; i < 3; i++) assert_string_equal(tacet_file_note(f, notes[i].key), notes[i].text);
    assert_null(tacet_file_note(f, "no such key"));
    tacet_file_free(f);
    assert_int_not_equal(access(temporary, F_OK), 0);
}

static void written_files_can_be_read(void **unused)
{
    (void)unused;
    char one[4096], two[4096];
    tacet_error e;
    unlink(path);
    assert_int_equal(put(NULL, 1, path, &e), TACET_OK);
    check_file(1);
    const size_t n = get_file(one, sizeof one);
    uint64_t header;
    memcpy(&header, one, 8);
    assert_int_equal(header % 8, 0);
    assert_int_equal(put(NULL, 2, path, &e), TACET_OK);
    check_file(2);
    assert_int_equal(put(NULL, 1, path, &e), TACET_OK);
    assert_int_equal(get_file(two, sizeof two), n);
    assert_memory_equal(one, two, n);
}

static void text_that_is_not_utf8(void **unused)
{
    (void)unused;
    static const tacet_note bad[] = {{"k", "a\xff\xc3(\xed\xa0\x80\xc0\xafz\xe2\x82"}};
    const tc_mem m = tc_mem_of(NULL);
    tc_json_writer text = {.to.mem = m};
    tc_json_add_text(&text, bad[0].key, bad[0].text);
    const tc_outline o = {.notes = text.to.data};
    tacet_error e;
    assert_int_equal(tc_safetensors_write(&m, path, &o, &e), TACET_OK);
    tc_text_free(&text.to);
    tacet_file *f = tacet_file_open(path, NULL, &e);
    assert_non_null(f);
#define X "\xef\xbf\xbd"
    assert_string_equal(tacet_file_note(f, "k"), "a" X X "(" X X X X X "z" X X);
    tacet_file_free(f);
}

/* If the disk is full after any number of bytes, the old file stays and the temporary one is removed. */
static void a_full_disk_leaves_the_old_file(void **unused)
{
    (void)unused;
    char whole[4096];
    tacet_error e;
    struct rlimit before, limit;
    assert_int_equal(put(NULL, 1, path, &e), TACET_OK);
    const size_t n = get_file(whole, sizeof whole);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (size_t k = 0; k < n; k += 5) {
        limit = before;
        limit.rlim_cur = k;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        const tacet_status s = put(NULL, 2, path, &e);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(s, TACET_IO);
        assert_non_null(strstr(e.message, path));
        check_file(1);
    }
    assert_int_equal(put(NULL, 2, path, &e), TACET_OK);
    check_file(2);
}

static void places_that_cannot_be_written(void **unused)
{
    (void)unused;
    tacet_error e;
    char nowhere[96];
    snprintf(nowhere, sizeof nowhere, "%s/none/a.safetensors", folder);
    assert_int_equal(put(NULL, 1, nowhere, &e), TACET_IO);
    assert_non_null(strstr(e.message, nowhere));
    assert_int_equal(put(NULL, 1, folder, &e), TACET_IO);
    assert_int_equal(put(NULL, 1, "/dev/full", &e), TACET_IO);
    struct stat is;
    assert_int_equal(stat("/dev/full", &is), 0);
    assert_true(S_ISCHR(is.st_mode));
    /* A link at the path of the temporary file is not followed, nor is a folder there a reason to fail. */
    char other[96];
    snprintf(other, sizeof other, "%s/other", folder);
    assert_int_equal(put(NULL, 1, path, &e), TACET_OK);
    assert_int_equal(symlink(other, temporary), 0);
    assert_int_equal(put(NULL, 2, path, &e), TACET_OK);
    check_file(2);
    assert_int_not_equal(access(other, F_OK), 0);
    unlink(temporary);
    assert_int_equal(mkdir(temporary, 0700), 0);
    assert_int_equal(put(NULL, 1, path, &e), TACET_OK);
    assert_int_equal(rmdir(temporary), 0);
    check_file(1);
    if (geteuid() == 0) return; /* root may write everywhere */
    assert_int_equal(chmod(folder, 0500), 0);
    const tacet_status s = put(NULL, 2, path, &e);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(s, TACET_IO);
    check_file(1);
}

/* The temporary file of a killed writer is removed; that of a running one stays, and another name is used. */
static void two_writers_do_not_mix(void **unused)
{
    (void)unused;
    tacet_error e;
    const int fd = open(temporary, O_WRONLY | O_CREAT, 0600);
    char long_rubbish[4000] = {0}, other[96];
    struct stat is;
    snprintf(other, sizeof other, "%s/other", folder);
    assert_int_equal(write(fd, long_rubbish, sizeof long_rubbish), sizeof long_rubbish);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(put(NULL, 3, path, &e), TACET_OK);
    assert_int_equal(stat(temporary, &is), 0);
    assert_int_equal(is.st_size, sizeof long_rubbish);
    close(fd);
    assert_int_equal(rename(temporary, other), 0);
    check_file(3);
    assert_int_equal(rename(other, temporary), 0);
    assert_int_equal(put(NULL, 4, path, &e), TACET_OK);
    check_file(4);
}

static void memory_may_run_out_anywhere(void **unused)
{
    (void)unused;
    tacet_error e = {0};
    failing memory = {0};
    const tc_mem m = failing_memory(&memory);
    assert_int_equal(put(NULL, 1, path, &e), TACET_OK);
    for (int64_t n = 1;; n++) {
        memory = (failing){.fail_at = n};
        const tacet_status s = put(&m, 2, path, &e);
        assert_int_equal(memory.alive, 0);
        if (!memory.failed) break;
        assert_int_equal(s, TACET_MEMORY);
        check_file(1);
    }
    check_file(2);
    for (int64_t n = 1;; n++) {
        memory = (failing){.fail_at = n};
        const tacet_status s = try_read(&m, &e);
        assert_int_equal(memory.alive, 0);
        assert_int_equal(s, memory.failed ? TACET_MEMORY : TACET_OK);
        if (!memory.failed) break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(false_headers_are_refused),
        cmocka_unit_test(empty_tensors_are_in_the_order_of_their_names),
        cmocka_unit_test(short_files_are_refused),
        cmocka_unit_test(damaged_files_do_no_harm),
        cmocka_unit_test(files_that_cannot_be_opened),
        cmocka_unit_test(other_types_become_float32),
        cmocka_unit_test(every_type),
        cmocka_unit_test(long_and_deep),
        cmocka_unit_test(written_files_can_be_read),
        cmocka_unit_test(text_that_is_not_utf8),
        cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(places_that_cannot_be_written),
        cmocka_unit_test(two_writers_do_not_mix),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
