/* run_read.c: run.json and metrics.jsonl, read back. */
#include "run_read.h"

#include "line_read.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

double cli_number(const tc_json *object, const char *key)
{
    char first[32];
    const char *over = strchr(key, '/');
    if (!over) return tc_json_number(tc_json_get(object, key));
    snprintf(first, sizeof first, "%.*s", (int)(over - key), key);
    return cli_number(object, first) / cli_number(object, over + 1);
}

const char *cli_record_text(cli_arena *a, const tc_json *object, const char *key)
{
    const char *s = tc_json_text(tc_json_get(object, key));
    return s ? tc_tame(cli_copy(a, s, strlen(s)), "\n") : "-";
}

const char *cli_record_name(cli_arena *a, const tc_json *entry)
{
    if (tc_json_get(entry, "name")) return cli_record_text(a, entry, "name");
    return cli_format(a, "%s:%s", cli_record_text(a, entry, "on"), cli_record_text(a, entry, "kind"));
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

enum { EPOCHS, STEPS, WRONG_NAMED = 10, VALUES = 1 << 20 /* in a line */ };

size_t cli_record_bytes(const cli_record *r) { return r->kept[EPOCHS].bytes + r->kept[STEPS].bytes; }

static void show(cli_record *r)
{
    r->epochs = r->kept[EPOCHS].n;
    r->epoch = r->kept[EPOCHS].line;
    r->steps = r->kept[STEPS].n;
    r->step = r->kept[STEPS].line;
}

/* Drops half of the lines of one kind; false if only first and last are left. */
static bool drop_lines(cli_record *r)
{
    cli_kept *k = &r->kept[EPOCHS], *other = &r->kept[STEPS];
    if (k->n <= 2 || (other->n > 2 && other->bytes > k->bytes)) k = other;
    return k->n > 2 && cli_kept_thin(k);
}

bool cli_record_thin(cli_record *r)
{
    bool less = drop_lines(r);
    if (!less && cli_kept_thin(&r->kept[EPOCHS])) {
        less = true;
        cli_missing_add(&r->arena, &r->missing[CLI_MISSING_LINES], TACET_MEMORY,
                        "%s: the lists in its last line are too long to be shown with so many runs", r->folder.metrics);
    }
    show(r);
    return less;
}

/* Only the lines that end an epoch have "seconds". */
static void take_line(cli_record *r, const tc_json *line, cli_arena own, size_t bytes, bool steps)
{
    const bool ends = tc_json_get(line, "seconds") != NULL;
    if (ends) {
        r->seconds += cli_number(line, "seconds");
        cli_warnings_add(&r->warnings, line);
        if (cli_number(line, "epoch") == cli_number(line, "best_epoch")) {
            cli_arena_free(&r->best_own);
            r->best = cli_kept_brief(&r->best_own, line, &(size_t){0});
        }
    }
    if (ends || steps)
        cli_kept_add(&r->kept[ends ? EPOCHS : STEPS], line, own, bytes);
    else
        cli_arena_free(&own);
    while (cli_record_bytes(r) > CLI_RECORD_BYTES && drop_lines(r)) continue;
}

/* What is wrong with a line, or NULL. */
static const char *read_line(cli_record *r, const cli_lines *l, bool steps, size_t *column)
{
    size_t values = 1;
    tc_json_error e = {0};
    *column = 1;
    if (!l->line) return "too long";
    for (size_t i = 0; i < l->length; i++) values += l->line[i] == ',' || l->line[i] == '[' || l->line[i] == '{';
    if (values > VALUES) return "too many values";
    cli_arena own = {0};
    const tc_mem m = cli_memory(&own);
    const tc_json *line = tc_json_read(&m, cli_copy(&own, l->line, l->length), l->length, &e);
    if (line && line->kind == TC_JSON_OBJECT) {
        take_line(r, line, own, l->length + values * sizeof *line, steps);
        return NULL;
    }
    cli_arena_free(&own);
    if (line) return "expected an object";
    *column = e.column;
    return e.text;
}

static void read_lines(cli_record *r, int fd, bool steps)
{
    cli_missing *m = &r->missing[CLI_MISSING_LINES];
    const char *path = r->folder.metrics;
    cli_lines l = {.fd = fd};
    size_t wrong = 0, column;
    while (cli_lines_next(&l)) {
        const char *why = read_line(r, &l, steps, &column);
        if (why && wrong++ < WRONG_NAMED)
            cli_missing_add(&r->arena, m, TACET_FILE, "%s:%zu:%zu: not a line of metrics: %s", path, l.number, column,
                            why);
    }
    cli_lines_end(&l);
    if (wrong > WRONG_NAMED)
        cli_missing_add(&r->arena, m, TACET_FILE, "%s: %zu more lines are not lines of metrics", path,
                        wrong - WRONG_NAMED);
    if (!l.error) return;
    tacet_error e;
    errno = l.error;
    cli_file_error(&e, "read", path);
    cli_missing_add(&r->arena, m, e.status, "%s", e.message);
}

/* ---- A record ---------------------------------------------------------------------------------------------------- */

static bool nowhere(int error) { return error == ENOENT || error == ENOTDIR; }
static bool may_exist(const char *path) { return tc_file_exists(path) != 0; }

bool cli_record_ended(const cli_record *r)
{
    const char *state = tc_json_text(tc_json_get(r->run, "state"));
    return state && strcmp(state, "ended") == 0;
}

/* A run that has not ended may have no metrics yet. */
static void read_metrics(cli_record *r, bool steps)
{
    struct stat st;
    tacet_error e;
    const char *path = r->folder.metrics;
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a FIFO would make it wait */
    if (fd < 0 && nowhere(errno) && !cli_record_ended(r)) return;
    const bool opened = fd >= 0 && fstat(fd, &st) == 0;
    if (opened && S_ISREG(st.st_mode)) {
        read_lines(r, fd, steps);
    } else {
        if (opened) errno = 0;
        cli_file_error(&e, "read", path);
        cli_missing_add(&r->arena, &r->missing[CLI_MISSING_LINES], e.status, "%s", e.message);
    }
    if (fd >= 0) close(fd);
}

static void read_run(cli_record *r)
{
    tacet_error e;
    size_t length;
    const char *path = r->folder.run;
    char *text = cli_file_text(&r->arena, path, &length);
    if (!text && nowhere(errno)) return;
    const tacet_status s = text ? cli_json_parse(&r->arena, path, "not a record of a run", text, length, &r->run, &e)
                                : cli_file_error(&e, "read", path);
    if (s != TACET_OK)
        cli_missing_add(&r->arena, &r->missing[CLI_MISSING_RUN], e.status, "%s", e.message);
}

tacet_status cli_record_open(cli_arena *a, const char *path, bool steps, cli_record *r, bool *found)
{
    *r = (cli_record){0};
    cli_folder_name(a, path, &r->folder);
    const bool run = may_exist(r->folder.metrics) || may_exist(r->folder.run), sweep = may_exist(r->folder.sweep);
    *found = run || (!sweep && may_exist(r->folder.config));
    if (!*found && sweep)
        return cli_fail_hint(TACET_IO,
                             cli_format(a, "its page is %s; the folders in it are its runs", r->folder.report),
                             "%s holds a sweep, not a run", path);
    if (!*found) return cli_fail(TACET_IO, "cannot open %s: is this the folder of a run?", r->folder.metrics);
    read_run(r);
    read_metrics(r, steps);
    show(r);
    for (size_t i = 0; i < sizeof r->missing / sizeof *r->missing; i++)
        if (r->missing[i].status != TACET_OK) return r->missing[i].status;
    return TACET_OK;
}

void cli_record_close(cli_record *r)
{
    for (size_t i = 0; i < sizeof r->kept / sizeof *r->kept; i++) cli_kept_free(&r->kept[i]);
    cli_warnings_free(&r->warnings);
    cli_arena_free(&r->best_own);
    cli_arena_free(&r->arena);
    *r = (cli_record){0};
}

/* ---- How often units fire ---------------------------------------------------------------------------------------- */

const cli_bins *cli_record_bins(const tc_json *layer)
{
    static const cli_bins tenths = {
        "histogram", 10, {"0", "10", "20", "30", "40", "50", "60", "70", "80", "90", "100"}};
    static const cli_bins decades = {"decades", 6, {"0", ".001", ".01", ".1", "1", "10", "100"}};
    const double few = tc_json_number(tc_json_at(tc_json_get(layer, tenths.key), 0));
    const bool rare = few > cli_number(layer, "dead") && few > cli_number(layer, "units") / 2;
    return rare && tc_json_size(tc_json_get(layer, decades.key)) == (size_t)decades.n ? &decades : &tenths;
}

int cli_record_bins_empty(const tc_json *layer)
{
    const cli_bins *b = cli_record_bins(layer);
    const tc_json *bins = tc_json_get(layer, b->key);
    int k = 0;
    if (b->n == CLI_MOST_BINS) return 0;
    while (k + 2 < b->n && tc_json_number(tc_json_at(bins, (size_t)k)) == (k ? 0 : cli_number(layer, "dead"))) k++;
    return k;
}
