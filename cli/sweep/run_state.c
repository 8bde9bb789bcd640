/* run_state.c: what the folder of a run says about it, and whether it is the run that the sweep asks for.
 *
 * A run depends on the configuration, its penalties, its seed and the weights that it began from. On a warm path these are
 * the model of another run, so each run keeps a checksum of the model that it began from and, once it has ended, of its
 * own. A run that began from other weights than it would now, or that is not complete, is done again; its followers begin
 * from the same weights as before, or are done again as well. */
#include "file_sum.h"
#include "sweep/sweep.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- What the folder says ---------------------------------------------------------------------------------------- */

/* Compares a file with the checksum of it in a record (NULL: it has none). *own: that of the file; NULL: it is missing. */
static tacet_status compare(cli_arena *a, const char *path, const char *record, const char **own, bool *same)
{
    tacet_error e;
    bool there;
    *own = NULL;
    tacet_status s = cli_folder_holds(path, &there);
    if (s == TACET_OK && there && cli_file_sum(a, path, own, &e) != TACET_OK) s = cli_refuse(&e, 0, NULL);
    *same = !record || (*own && strcmp(*own, record) == 0);
    return s;
}

/* Whether the files of a run that has ended are as it left them. Its model is written again from its checkpoint, but the
 * network of its best epoch, and the epochs in metrics.jsonl, take a new run. */
static tacet_status compare_files(cli_sweep *s, cli_sweep_run *r, const tc_json *sums, bool *model)
{
    static const char *const key[] = {"best", "metrics", "model"};
    const char *const path[] = {r->folder.best, r->folder.metrics, r->folder.model};
    bool same;
    for (int i = 0; i < 3; i++) {
        const tacet_status status = compare(s->arena, path[i], tc_json_text(tc_json_get(sums, key[i])), &r->model,
                                            &same);
        if (status != TACET_OK) return status;
        if (!same && i < 2) r->again = cli_format(s->arena, "%s is not as the run left it", path[i]);
    }
    *model = same && r->model;
    if (!*model && !r->again)
        cli_progress_say(&s->progress, "%s is not as the run left it; it is written again", r->folder.model);
    return TACET_OK;
}

static tacet_status look_at_ended(cli_sweep *s, cli_sweep_run *r, const tc_json *run)
{
    cli_record record;
    bool found;
    const tc_json *sums = tc_json_get(run, "sums");
    const char *from = tc_json_text(tc_json_get(sums, "init"));
    bool model;
    if (from) r->from = from;
    r->again = NULL;
    tacet_status status = compare_files(s, r, sums, &model);
    if (status != TACET_OK || r->again || !model) return status;
    status = cli_record_open(s->arena, r->folder.path, false, &record, &found);
    if (status == TACET_OK && record.epochs == 0) {
        r->again = cli_format(s->arena, "%s has no epoch", r->folder.metrics);
    } else if (status == TACET_OK) {
        r->state = CLI_RUN_ENDED;
        r->verified = r->from && tc_json_get(sums, "model");
        cli_sweep_run_figures(s, r, &record);
        s->rows = r->rows;
    }
    cli_record_close(&record);
    return status;
}

/* A run that was continued by hand with other settings is kept, but is not a run of the sweep. */
static tacet_status compare_config(const cli_sweep *s, cli_sweep_run *r)
{
    cli_arena a = {0};
    cli_config theirs, own;
    tacet_status status = cli_config_read(&a, r->folder.config, &theirs);
    if (status == TACET_OK) status = cli_config_read(&a, s->folder.config, &own);
    for (int i = 0; i < s->overs && status == TACET_OK; i++) {
        const cli_over *o = &s->over[i];
        const char *value = o->value[s->point[r->point].index[i]];
        status = cli_config_penalty(&own, "--over", cli_over_penalty(&a, o, value));
    }
    if (status == TACET_OK) status = cli_config_set(&own, cli_format(&a, "train.seed=%lld", (long long)r->seed));
    if (status == TACET_OK) {
        const char *init = theirs.value[CLI_INIT].item.text;
        r->init = cli_copy(s->arena, init, strlen(init));
        cli_config_put(&theirs, CLI_INIT, ""); /* compared by its bytes, where they are known */
        cli_config_put(&own, CLI_INIT, "");
        status = cli_sweep_same_config(&a, r->folder.path, "remove this folder, so that the run is done again", &theirs,
                                       &own);
    }
    cli_arena_free(&a);
    return status;
}

static tacet_status look_at_record(cli_sweep *s, cli_sweep_run *r)
{
    const tc_json *run;
    tacet_status status = cli_json_file(s->arena, r->folder.run, "not a record of a run", &run);
    if (status != TACET_OK) return status;
    const char *state = tc_json_text(tc_json_get(run, "state"));
    if (!state || strcmp(state, "ended") != 0 || !tc_json_get(run, "figures")) return TACET_OK;
    return look_at_ended(s, r, run);
}

/* What a checkpoint says of the data: lines, of which a later version may write more; NULL: nothing. */
static const char *rows_of(cli_arena *a, const tacet_file *f)
{
    const tc_mem m = cli_memory(a);
    const char *note = tacet_file_note(f, "tacet.checkpoint");
    if (!note || *note != '{') return NULL;
    char *text = cli_copy(a, note, strlen(note));
    const tc_json *state = tc_json_read(&m, text, strlen(text), &(tc_json_error){0});
    return tc_json_text(tc_json_get(tc_json_get(state, "loader"), "data"));
}

/* Runs with the same seed have the same rows, unless the data were changed in the meantime. */
static tacet_status compare_rows(const cli_sweep *s, const cli_sweep_run *r, const char *own)
{
    const char **first = &s->rows_of[r->seed - s->seed];
    if (!own) return TACET_OK;
    if (!*first) *first = own;
    const size_t n = strlen(*first), m = strlen(own);
    if (strncmp(*first, own, n < m ? n : m) == 0) return TACET_OK;
    return cli_fail_hint(TACET_FILE, "restore the data and remove the folder of a run that should be done again",
                         "%s was trained on other rows than the runs before it", r->folder.path);
}

/* Notes what a run began from and, for one that has not ended, whether metrics.jsonl has the lines from before the
 * checkpoint. */
static tacet_status look_at_checkpoint(cli_sweep *s, cli_sweep_run *r)
{
    tacet_error e;
    int64_t length = 0;
    struct stat log = {0};
    tacet_file *f = tacet_file_open(r->folder.checkpoint, NULL, &e);
    if (!f) return cli_refuse(&e, 0, NULL);
    const char *from = tacet_file_note(f, "run.init"), *metrics = tacet_file_note(f, "run.metrics");
    if (from) r->from = cli_copy(s->arena, from, strlen(from));
    if (!metrics || !tc_integer_read(metrics, &length)) length = 0;
    const char *rows = rows_of(s->arena, f);
    tacet_file_free(f);
    if (stat(r->folder.metrics, &log) != 0 && errno != ENOENT)
        return cli_fail_file("read", r->folder.metrics);
    if (log.st_size < length)
        r->again = cli_format(s->arena, "%s is shorter than when the checkpoint was written", r->folder.metrics);
    return compare_rows(s, r, rows);
}

tacet_status cli_sweep_run_look(cli_sweep *s, cli_sweep_run *r)
{
    bool run = false, config = false;
    r->state = CLI_RUN_WAITS;
    r->from = r->init = r->model = r->again = NULL;
    r->verified = false;
    for (int i = 0; i < CLI_SWEEP_FIGURES; i++) r->figure[i] = NAN;
    tacet_status status = cli_folder_holds(r->folder.report, &r->page);
    if (status == TACET_OK) status = cli_folder_holds(r->folder.checkpoint, &r->begun);
    if (status == TACET_OK) status = cli_folder_holds(r->folder.run, &run);
    if (status == TACET_OK) status = cli_folder_holds(r->folder.config, &config);
    if (status != TACET_OK || !(r->begun || run)) return status;
    if (r->begun) status = look_at_checkpoint(s, r);
    if (status == TACET_OK && run) status = look_at_record(s, r);
    if (status != TACET_OK || r->again) return status;
    if (config) return compare_config(s, r);
    r->again = cli_format(s->arena, "%s is missing", r->folder.config);
    r->state = CLI_RUN_WAITS;
    return TACET_OK;
}

/* ---- What the sweep asks for ------------------------------------------------------------------------------------- */

const cli_sweep_run *cli_sweep_run_before(const cli_sweep *s, const cli_sweep_run *r)
{
    const int i = (int)(r - s->run), length = s->over[0].count, first = i - i % length;
    for (int k = i - 1; k >= first && s->warm; k--)
        if (s->run[k].state == CLI_RUN_ENDED) return &s->run[k];
    return NULL;
}

/* Whether a path is that of a run's model, from whichever folder it starts. */
static bool is_model_of(cli_arena *a, const char *path, const cli_sweep_run *r)
{
    const char *end = cli_format(a, "/%s/model.safetensors", r->name);
    const size_t n = strlen(path), m = strlen(end);
    return n >= m && strcmp(path + n - m, end) == 0;
}

const char *cli_sweep_run_stale(const cli_sweep *s, const cli_sweep_run *r)
{
    const cli_sweep_run *before = cli_sweep_run_before(s, r);
    const char *from = before ? before->model : s->init;
    if (r->again) return r->again;
    const bool same = r->from   ? !from || strcmp(r->from, from) == 0
                      : r->init ? !before || is_model_of(s->arena, r->init, before) /* of an earlier version */
                                : true;
    if (same) return NULL;
    return before ? cli_format(s->arena, "it began from other weights than those of %s", before->name)
                  : "it began from other weights than those of the sweep";
}

/* What tells that the run has to be done again goes last, so that a sweep that is killed in between goes on here. */
tacet_status cli_sweep_run_forget(const cli_sweep *s, cli_sweep_run *r)
{
    cli_folder *f = &r->folder;
    const char *const path[] = {f->model, f->best, f->samples, f->report, f->metrics, f->config, f->checkpoint, f->run};
    tacet_status status = cli_folder_lock(s->arena, f, false);
    if (status != TACET_OK) return status;
    for (size_t i = 0; i < sizeof path / sizeof *path && status == TACET_OK; i++)
        if (unlink(path[i]) != 0 && errno != ENOENT)
            status = cli_fail_file("remove", path[i]);
    cli_folder_unlock(f);
    r->begun = false;
    return status;
}
