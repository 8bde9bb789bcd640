/* report.c: the page of one run or of several: its head and the table of its sections. */
#include "report/report.h"
#include "report/run_set.h"

#include <string.h>

static const struct {
    const char *title, *note;
    void (*write)(cli_run_set *s);
} section[] = {
    {"Differences", "Settings that differ between the runs.", cli_differences},
    {"What was trained", NULL, cli_trained},
    {"Augmentation", "How the images of the training data are changed, anew in each epoch.", cli_augmented},
    {"Warnings", "On the training data. The figures in a warning are those of the last epoch that is named.",
     cli_warnings},
    {"Loss",
     "The data loss is the loss without the penalties. On the training data it is the mean over an epoch, during "
     "which the network changes.",
     cli_losses},
    {"Metrics",
     "How good the outputs are: on the training data of an epoch, during which the network changes, and on the "
     "validation data after it.",
     cli_metrics},
    {"Penalties",
     "The value of each penalty before it is multiplied by lambda; its lambda, if that changes; how strong its "
     "gradient is compared with that of the data loss; and its share of the objective.",
     cli_penalties},
    {"Density",
     "The share of units that fire, averaged over the samples of an epoch; the share of weights that are not 0; and "
     "how often each unit fired in the last epoch.",
     cli_densities},
    {"Feature maps",
     "Where the channels of a layer fire in an image. The stronger the blue, the larger the number there; a blank pixel "
     "is silent.",
     cli_maps},
    {"Time", "The time of a training step. Units that do not fire can save work.", cli_times},
    {"Weights", "The weights of the model that the run saved.", cli_weights},
};

/* ---- Names ------------------------------------------------------------------------------------------------------- */

/* The last part of a path; "/" is returned whole. */
static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static void name_runs(cli_run_set *s)
{
    for (int r = 0; r < s->runs; r++) {
        const char *path = s->record[r].folder.path;
        const char *name = last_part(path);
        for (int q = 0; q < s->runs; q++)
            if (q != r && strcmp(last_part(s->record[q].folder.path), last_part(path)) == 0) name = path;
        s->name[r] = tc_tame(cli_copy(s->arena, name, strlen(name)), "\n");
    }
}

static const char *title(cli_run_set *s)
{
    enum { NAMED = 4 };
    const char *text = s->name[0];
    if (s->runs > NAMED) return cli_format(s->arena, "%d runs", s->runs);
    for (int r = 1; r < s->runs; r++)
        text = cli_format(s->arena, "%s%s%s", text, r + 1 == s->runs ? " and " : ", ", s->name[r]);
    return text;
}

/* ---- The head ---------------------------------------------------------------------------------------------------- */

/* "linear 512 | relu | linear 10". Parts of it may be missing in a record. */
static const char *chain(cli_arena *a, const cli_record *r)
{
    enum { LAYERS = 100 };
    const tc_json *layer;
    size_t i;
    const char *text = "";
    tc_json_each(tc_json_get(r->run, "network"), i, layer)
    {
        const char *spec = cli_record_text(a, layer, "spec");
        if (i == LAYERS) return cli_format(a, "%s | ...", text);
        if (*spec && strcmp(spec, "-") != 0) text = cli_format(a, "%s%s%s", text, *text ? " | " : "", spec);
    }
    return text;
}

static void head(cli_run_set *s)
{
    const char *text = chain(s->arena, s->record);
    if (s->runs == 1 && *text) cli_page_paragraph(s->page, text);
    if (s->runs == 1) cli_results(s);
    for (int r = 0; r < s->runs; r++) {
        const cli_record *record = &s->record[r];
        const cli_missing *m = &record->missing[CLI_MISSING_LINES];
        cli_page_was_missing(s->page, m);
        if (record->epochs || m->n) continue;
        cli_page_paragraph(s->page, s->runs > 1 ? cli_format(s->arena, "%s has not finished an epoch yet.", s->name[r])
                                                : "No epoch has finished yet, so there are no figures.");
    }
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

/* What a section takes is freed after it: pages of many runs are long. */
static void write_section(cli_run_set *s, const char *title, const char *note, void (*write)(cli_run_set *s))
{
    cli_arena *const lasting = s->arena;
    cli_arena own = {0};
    s->arena = s->page->arena = &own;
    s->title = title;
    s->note = note;
    write(s);
    s->arena = s->page->arena = lasting;
    cli_arena_free(&own);
}

static tacet_status write_page(cli_run_set *s, const char *path, bool *written)
{
    tacet_status status = cli_page_open(s->arena, path, title(s), s->page);
    if (status != TACET_OK) return status;
    head(s);
    for (size_t i = 0; i < sizeof section / sizeof *section; i++)
        write_section(s, section[i].title, section[i].note, section[i].write);
    status = cli_page_close(s->page);
    *written = status == TACET_OK;
    return *written ? s->page->missing.status : status;
}

/* Drops lines of the largest records until all of them take no more than one may. */
static void make_room(int runs, cli_record *record)
{
    for (;;) {
        size_t all = 0;
        cli_record *largest = record;
        for (int r = 0; r < runs; r++) {
            all += cli_record_bytes(&record[r]);
            if (cli_record_bytes(&record[r]) > cli_record_bytes(largest)) largest = &record[r];
        }
        if (runs == 1 || all <= CLI_RECORD_BYTES || !cli_record_thin(largest)) return;
    }
}

tacet_status cli_report_write(cli_arena *a, int runs, const char *const *run, const char *path, bool *written)
{
    cli_page page;
    cli_run_set s = {.arena = a, .page = &page, .runs = runs};
    tacet_status status = TACET_OK;
    bool found = true;
    *written = false;
    s.record = cli_take(a, (size_t)runs * sizeof *s.record);
    s.name = cli_take(a, (size_t)runs * sizeof *s.name);
    for (int r = 0; r < runs && found; r++) {
        status = cli_record_open(a, run[r], runs == 1, &s.record[r], &found);
        make_room(r + 1, s.record);
    }
    if (found) {
        name_runs(&s);
        status = write_page(&s, path, written);
    }
    for (int r = 0; r < runs; r++) cli_record_close(&s.record[r]);
    return status;
}
