/* tensorboard.c: event files. A file is a list of records; a record is an Event, in the protocol buffer encoding.
 * Field numbers are those of tensorflow/core/util/event.proto (Event, SessionLog) and
 * tensorflow/core/framework/summary.proto (Summary, HistogramProto); records are those of
 * tensorflow/core/lib/io/record_writer.h. */
#include "tensorboard.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- Bytes ------------------------------------------------------------------------------------------------------- */

static void put_little(tc_text *b, uint64_t x, size_t n)
{
    for (size_t i = 0; i < n; i++) tc_text_put(b, &(unsigned char){(unsigned char)(x >> 8 * i)}, 1);
}

/* ---- Fields of a protocol buffer --------------------------------------------------------------------------------- */

enum { VARINT = 0, EIGHT = 1, LENGTH = 2, FOUR = 5 }; /* wire types */

static void varint(tc_text *b, uint64_t x)
{
    for (; x >= 128; x >>= 7) put_little(b, x | 128, 1);
    put_little(b, x, 1);
}

static void put_key(tc_text *b, unsigned field, unsigned type) { varint(b, field << 3 | type); }

static void put_integer(tc_text *b, unsigned field, int64_t x)
{
    put_key(b, field, VARINT);
    varint(b, (uint64_t)x);
}

static void put_double(tc_text *b, unsigned field, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (field) put_key(b, field, EIGHT);
    put_little(b, bits, sizeof bits);
}

static void put_float(tc_text *b, unsigned field, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    put_key(b, field, FOUR);
    put_little(b, bits, sizeof bits);
}

static void put_bytes(tc_text *b, unsigned field, const void *from, size_t n)
{
    put_key(b, field, LENGTH);
    varint(b, n);
    tc_text_put(b, from, n);
}

static void put_doubles(tc_text *b, unsigned field, const double *x, int n)
{
    put_key(b, field, LENGTH);
    varint(b, (uint64_t)n * sizeof *x);
    for (int i = 0; i < n; i++) put_double(b, 0, x[i]);
}

/* ---- Records ----------------------------------------------------------------------------------------------------- */

/* CRC-32C (RFC 3720, B.4), rotated and shifted as in tensorflow/core/lib/hash/crc32c.h. */
static uint32_t masked_crc(const char *x, size_t n)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        crc ^= (unsigned char)x[i];
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xa282ead8;
}

/* An Event has the time, the step, and one field with the contents. */
static void write_event(cli_tensorboard *t, cli_arena *a, int64_t step, unsigned field, const tc_text *what)
{
    tc_text event = {.mem = cli_memory(a)}, record = {.mem = cli_memory(a)};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    put_double(&event, 1, (double)now.tv_sec + (double)now.tv_nsec * 1e-9);
    put_integer(&event, 2, step);
    put_bytes(&event, field, what->data, what->length);
    put_little(&record, event.length, 8);
    put_little(&record, masked_crc(record.data, 8), 4);
    tc_text_put(&record, event.data, event.length);
    put_little(&record, masked_crc(event.data, event.length), 4);
    fwrite(record.data, 1, record.length, t->to.f);
}

/* ---- Events ------------------------------------------------------------------------------------------------------ */

bool cli_tensorboard_open(cli_arena *a, const char *folder, int64_t step, cli_tensorboard *t)
{
    static const char version[] = "brain.Event:2";
    struct timespec now;
    cli_arena own = {0};
    tc_text what = {.mem = cli_memory(&own)}, log = {.mem = cli_memory(&own)};
    clock_gettime(CLOCK_REALTIME, &now);
    t->path = cli_format(a, "%s/events.out.tfevents.%010lld.tacet.%09ld.%ld", folder, (long long)now.tv_sec,
                         now.tv_nsec, (long)getpid());
    const int fd = open(t->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 || !cli_stream_open(&t->to, fd)) return false;
    tc_text_put(&what, version, sizeof version - 1);
    write_event(t, &own, 0, 3, &what);
    put_integer(&log, 1, 1); /* SessionLog.status = START */
    write_event(t, &own, step, 7, &log);
    cli_arena_free(&own);
    return cli_tensorboard_flush(t, false);
}

/* An Event whose Summary is one Value. */
static void write_value(cli_tensorboard *t, cli_arena *a, int64_t step, const tc_text *value)
{
    tc_text summary = {.mem = cli_memory(a)};
    put_bytes(&summary, 1, value->data, value->length);
    write_event(t, a, step, 5, &summary);
}

void cli_tensorboard_scalar(cli_tensorboard *t, int64_t step, const char *tag, double value)
{
    if (!t->to.f || isnan(value)) return;
    cli_arena a = {0};
    tc_text v = {.mem = cli_memory(&a)};
    put_bytes(&v, 1, tag, strlen(tag));
    put_float(&v, 2, (float)value);
    write_value(t, &a, step, &v);
    cli_arena_free(&a);
}

void cli_tensorboard_histogram(cli_tensorboard *t, int64_t step, const char *tag, const cli_histogram *h)
{
    if (!t->to.f) return;
    const double first[] = {h->min, h->max, h->count, h->sum, h->squares};
    cli_arena a = {0};
    tc_text v = {.mem = cli_memory(&a)}, histo = {.mem = cli_memory(&a)};
    for (unsigned i = 0; i < sizeof first / sizeof *first; i++) put_double(&histo, i + 1, first[i]);
    put_doubles(&histo, 6, h->limit, h->buckets);
    put_doubles(&histo, 7, h->in, h->buckets);
    put_bytes(&v, 1, tag, strlen(tag));
    put_bytes(&v, 5, histo.data, histo.length);
    write_value(t, &a, step, &v);
    cli_arena_free(&a);
}

bool cli_tensorboard_flush(cli_tensorboard *t, bool sync)
{
    if (!t->to.f) return true;
    return sync ? cli_stream_sync(&t->to) : cli_stream_flush(&t->to);
}

void cli_tensorboard_close(cli_tensorboard *t)
{
    if (!t->to.f) return;
    cli_stream_close(&t->to);
    close(t->to.fd);
}
