/* sweep_folder.c: the folder of a sweep: its options, and the layout of points and runs.
 *
 * sweep.json and config.yaml define a sweep; the folders of its runs show which of them are done. So a sweep that was
 * killed at any moment can continue from its folder. */
#include "begun.h"
#include "sweep/sweep.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* ---- The options ------------------------------------------------------------------------------------------------- */

static tacet_status odd(const cli_sweep *s, const char *what)
{
    return cli_fail_hint(TACET_FILE, "begin the sweep again in another folder", "%s: not a record of a sweep: %s",
                         s->folder.sweep, what);
}

tacet_status cli_sweep_asked_read(const cli_sweep *s, cli_sweep_asked *asked)
{
    const tc_json *o, *one;
    const tacet_status status = cli_json_file(s->arena, s->folder.sweep, "not a record of a sweep", &o);
    if (status != TACET_OK) return status;
    const tc_json *over = tc_json_get(o, "over");
    const int64_t seeds = tc_json_whole(tc_json_get(o, "seeds"), CLI_SWEEP_SEEDS);
    const int64_t fresh = tc_json_whole(tc_json_get(o, "fresh"), 1);
    const size_t n = tc_json_size(over);
    size_t i;
    if (n < 1 || n > CLI_OVERS) return odd(s, "over must be a list of one to four");
    if (seeds < 1) return odd(s, "seeds must be a whole number");
    if (fresh < 0) return odd(s, "fresh must be 0 or 1");
    *asked = (cli_sweep_asked){
        .overs = (int)n, .seeds = (int)seeds, .warm = fresh == 0, .init = tc_json_text(tc_json_get(o, "init"))};
    tc_json_each(over, i, one)
    {
        const char *text = tc_json_text(tc_json_get(one, "text"));
        if (!text) return odd(s, "each over must have a text");
        asked->over[i] = text;
        asked->largest[i] = cli_number(one, "largest");
    }
    return TACET_OK;
}

static tacet_status write_asked(const cli_sweep *s, const cli_config *c)
{
    cli_outfile o;
    tacet_status status = cli_outfile_open(s->folder.sweep, &o);
    if (status != TACET_OK) return status;
    tc_json_writer j = cli_json(s->arena);
    tc_json_open(&j, NULL, '{');
    tc_json_add_text(&j, "tacet", tacet_version());
    cli_begun_json(&j, c, s->folder.path);
    tc_json_open(&j, "over", '[');
    for (int i = 0; i < s->overs; i++) {
        const cli_over *v = &s->over[i];
        tc_json_open(&j, NULL, '{');
        tc_json_add_text(&j, "text", v->text);
        tc_json_add_number(&j, "largest", v->largest);
        tc_json_open(&j, "values", '[');
        for (int k = 0; k < v->count; k++) tc_json_add_text(&j, NULL, v->value[k]);
        tc_json_close(&j, ']');
        tc_json_close(&j, '}');
    }
    tc_json_close(&j, ']');
    tc_json_add_integer(&j, "seed", s->seed);
    tc_json_add_integer(&j, "seeds", s->seeds);
    tc_json_add_integer(&j, "fresh", !s->warm);
    tc_json_add_text(&j, "init", s->init);
    tc_json_close(&j, '}');
    cli_json_print(&j, o.f);
    return cli_outfile_close(&o);
}

/* ---- The configuration ------------------------------------------------------------------------------------------- */

/* Compares line by line and reports the first difference. */
static tacet_status compare(const char *folder, const char *hint, const char *theirs, const char *own)
{
    for (;;) {
        const size_t n = strcspn(theirs, "\n"), m = strcspn(own, "\n");
        if (n != m || strncmp(theirs, own, n) != 0)
            return cli_fail_hint(TACET_DESCRIPTION, hint, "%s was begun with \"%.*s\", not with \"%.*s\"", folder,
                                 (int)n, theirs, (int)m, own);
        if (!theirs[n] && !own[m]) return TACET_OK;
        theirs += n + (theirs[n] == '\n');
        own += m + (own[m] == '\n');
    }
}

static const char *printed(cli_arena *a, const cli_config *c)
{
    tc_text text = {.mem = cli_memory(a)};
    FILE *to = cli_stream_text(&text);
    if (!to) return NULL;
    cli_config_print(c, to);
    return fclose(to) == 0 ? text.data : NULL;
}

tacet_status cli_sweep_same_config(cli_arena *a, const char *folder, const char *hint, const cli_config *theirs,
                                   const cli_config *own)
{
    const char *there = printed(a, theirs), *here = printed(a, own);
    if (!there || !here) return cli_fail(TACET_MEMORY, "out of memory");
    return compare(folder, hint, there, here);
}

/* Warns if runs are left of a sweep that an earlier version began, which kept no folders. */
static tacet_status compare_version(const cli_sweep *s)
{
    cli_begun *b;
    bool there;
    int left = 0;
    tacet_status status = cli_begun_read(s->arena, s->folder.sweep, &b);
    for (int i = 0; i < s->runs && status == TACET_OK; i++) {
        status = cli_folder_holds(s->run[i].folder.model, &there);
        left += !there;
    }
    if (status == TACET_OK && b && b->count == 0 && left > 0)
        cli_warn(
            "%s was begun by an earlier version of Tacet: the %d run%s without a model get%s the rows in another order "
            "than those before",
            s->folder.path, left, tc_plural(left), left == 1 ? "s" : "");
    return status;
}

/* The file is read and printed again, so that keys that it does not have stand there with their defaults. */
static tacet_status same_config(const cli_sweep *s, const cli_config *c)
{
    cli_config begun;
    tacet_status status = cli_config_read(s->arena, s->folder.config, &begun);
    if (status != TACET_OK) return status;
    static const char hint[] = "a sweep keeps the settings it was begun with; --out DIR begins a new one";
    status = cli_sweep_same_config(s->arena, s->folder.path, hint, &begun, c);
    return status == TACET_OK ? compare_version(s) : status;
}

static const char head[] =
    "# The sweep's configuration, without the penalties that are swept. To continue: tacet sweep --resume FOLDER\n";

static tacet_status write_config(const cli_sweep *s, const cli_config *c)
{
    cli_outfile o;
    tacet_status status = cli_outfile_open(s->folder.config, &o);
    if (status != TACET_OK) return status;
    fputs(head, o.f);
    cli_config_print(c, o.f);
    return cli_outfile_close(&o);
}

/* Refuses a folder with other files, or with runs of another sweep. The folder may hold the configuration of
 * a sweep that was killed before it wrote sweep.json. */
static tacet_status vacant(const cli_sweep *s)
{
    size_t length;
    bool there;
    const char *found = NULL, *config;
    tacet_status status = cli_folder_holds(s->folder.config, &there);
    if (status == TACET_OK && there) {
        config = cli_file_text(s->arena, s->folder.config, &length);
        if (!config) return cli_fail_file("read", s->folder.config);
        if (strncmp(config, head, strlen(head)) != 0) found = s->folder.config;
    }
    if (status == TACET_OK) status = cli_folder_holds(s->folder.checkpoint, &there);
    if (status == TACET_OK && there) found = s->folder.checkpoint;
    for (int i = 0; i < s->runs && !found && status == TACET_OK; i++) {
        status = cli_folder_holds(s->run[i].folder.config, &there);
        if (there) found = s->run[i].folder.path;
    }
    if (!found) return status;
    return cli_fail_hint(TACET_DESCRIPTION, "use another folder", "%s does not hold a sweep, but %s exists",
                         s->folder.path, found);
}

static void name_run(cli_sweep *s, cli_sweep_run *r)
{
    const char *name = "";
    for (int i = 0; i < s->overs; i++) {
        const cli_over *o = &s->over[i];
        name = cli_format(s->arena, "%s%s%s-%s", name, *name ? "-" : "", o->name,
                          o->value[s->point[r->point].index[i]]);
    }
    /* A file name has at most 255 bytes. */
    if (strlen(name) > 200) name = cli_format(s->arena, "%.180s-%d", name, r->point);
    r->name = cli_format(s->arena, "%s-seed%lld", name, (long long)r->seed);
    cli_folder_name(s->arena, cli_format(s->arena, "%s/%s", s->folder.path, r->name), &r->folder);
    r->log = cli_format(s->arena, "%s.log", r->folder.path);
}

tacet_status cli_sweep_begin(cli_sweep *s, const cli_config *c)
{
    bool there;
    tacet_status status = cli_folder_holds(s->folder.sweep, &there);
    if (status != TACET_OK) return status;
    if (there && !s->begun)
        return cli_fail_hint(TACET_FAILED, "begin again, or use another folder with --out",
                             "another sweep has begun in %s in the meantime", s->folder.path);
    for (int i = 0; i < s->runs; i++) name_run(s, &s->run[i]);
    if (there) return same_config(s, c);
    status = vacant(s);
    if (status == TACET_OK) status = write_config(s, c);
    return status == TACET_OK ? write_asked(s, c) : status;
}

/* ---- The layout -------------------------------------------------------------------------------------------------- */

cli_sweep_run *cli_sweep_run_at(const cli_sweep *s, int point, int seed)
{
    const int length = s->over[0].count;
    return &s->run[(point / length * s->seeds + seed) * length + point % length];
}

tacet_status cli_sweep_lay_out(cli_sweep *s)
{
    int64_t points = 1;
    for (int i = 0; i < s->overs; i++) points *= s->over[i].count;
    if (points * s->seeds > CLI_SWEEP_RUNS)
        return cli_fail(TACET_DESCRIPTION, "%s with %s are more than %d runs", cli_count(s->arena, points, "point"),
                        cli_count(s->arena, s->seeds, "seed"), CLI_SWEEP_RUNS);
    s->points = (int)points;
    s->runs = s->points * s->seeds;
    s->point = cli_take(s->arena, (size_t)s->points * sizeof *s->point);
    s->run = cli_take(s->arena, (size_t)s->runs * sizeof *s->run);
    s->rows_of = cli_take(s->arena, (size_t)s->seeds * sizeof *s->rows_of);
    for (int i = 0; i < s->points; i++)
        for (int k = 0, rest = i; k < s->overs; rest /= s->over[k++].count)
            s->point[i].index[k] = rest % s->over[k].count;
    const int length = s->over[0].count;
    for (int i = 0; i < s->runs; i++) {
        const int path = i / length, other = path / s->seeds;
        cli_sweep_run *r = &s->run[i];
        r->point = other * length + i % length;
        r->seed = s->seed + path % s->seeds;
    }
    return TACET_OK;
}
