/* report.c: the page of a run, or of several: its head, and the table of its sections. */
#include "report/report.h"
#include "report/run_set.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *title, *note;
    void (*write)(cli_run_set *s);
} section[] = {
    {"Differences", "The keys of the configurations that are not the same in all runs.", cli_differences},
    {"Results", "What the runs ended with; of one that did not end, what its last epoch had.", cli_summary},
    {"What was trained", NULL, cli_trained},
    {"Warnings", "Of the last epoch, on the training data.", cli_warnings},
    {"Data loss",
     "The loss without the penalties; of training it is the mean over an epoch, while the network changes.",
     cli_data_loss},
    {"Penalties", "The value of each before it is multiplied by its lambda.", cli_penalty_values},
    {"Accuracy", NULL, cli_accuracy},
    {"Density", "How many units fire, of all, averaged over the samples of an epoch; and how many weights are not 0.",
     cli_densities},
    {"How often units fire", "In the last epoch, on the training data.", cli_how_often},
    {"Steered and scheduled", "Lambdas that change, and the learning rate if it does.", cli_lambdas},
    {"What penalties weigh", "How hard each pulls beside the data, and what it makes of the objective.", cli_gradients},
    {"Time", "Of a training step, with all that belongs to it. The work is done for the units that fire.",
     cli_step_times},
    {"Zeros in the weights", "Of the model that the run left.", cli_weight_zeros},
    {"What units see", "Units that have the image before them, drawn as images.", cli_unit_images},
};

/* ---- Names ------------------------------------------------------------------------------------------------------- */

/* The last part of a path; of "/" all. */
static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static void name_runs(cli_run_set *s)
{
    for (int r = 0; r < s->runs; r++) {
        const char *path = s->record[r].folder.path;
        bool alone = true;
        for (int q = 0; q < s->runs && alone; q++)
            alone = q == r || strcmp(last_part(s->record[q].folder.path), last_part(path)) != 0;
        char *name = cli_copy(s->arena, alone ? last_part(path) : path, strlen(alone ? last_part(path) : path));
        tc_tame(name, "\n");
        s->name[r] = name;
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

static int figure(const char **pair, int n, const char *text, const char *name)
{
    pair[2 * n] = text;
    pair[2 * n + 1] = name;
    return n + 1;
}

static const char *duration(cli_arena *a, double ms)
{
    return ms < 0.9995 ? cli_format(a, "%.3g µs", 1e3 * ms) : cli_format(a, "%.*f ms", ms < 10 ? 2 : ms < 100, ms);
}

static void numbers(cli_run_set *s, int run)
{
    const cli_record *r = &s->record[run];
    const cli_ending e = cli_ending_of(s->arena, r);
    const double density = cli_mean_density(e.layers);
    const double dead = cli_dead(e.layers);
    const char *pair[10];
    int n = 0;
    if (isfinite(e.accuracy))
        n = figure(pair, n, cli_format(s->arena, "%.4f", e.accuracy), cli_format(s->arena, "accuracy, %s", e.part));
    if (isfinite(e.data_loss))
        n = figure(pair, n, cli_digits(s->arena, e.data_loss), cli_format(s->arena, "data loss, %s", e.part));
    if (isfinite(density)) n = figure(pair, n, cli_format(s->arena, "%.3f", density), "mean density");
    if (dead > 0) n = figure(pair, n, cli_whole(s->arena, dead), cli_format(s->arena, "dead units, %s", e.part));
    if (isfinite(e.step_ms)) n = figure(pair, n, duration(s->arena, e.step_ms), "time per step");
    if (n) cli_page_numbers(s->page, s->runs > 1 ? s->name[run] : NULL, run, n, pair);
}

/* "linear 512 | relu | linear 10", as far as the record has it. */
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
    for (int r = 0; r < s->runs; r++) numbers(s, r);
    for (int r = 0; r < s->runs; r++) {
        if (cli_epochs(&s->record[r])) continue;
        cli_page_paragraph(s->page, s->runs > 1 ? cli_format(s->arena, "%s has not finished an epoch.", s->name[r])
                                                : "No epoch is finished yet: there are no figures.");
    }
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

static tacet_status write_page(cli_run_set *s, const char *path)
{
    tacet_status status = cli_page_open(s->arena, path, title(s), s->page);
    if (status != TACET_OK) return status;
    head(s);
    for (size_t i = 0; i < sizeof section / sizeof *section; i++) {
        s->title = section[i].title;
        s->note = section[i].note;
        section[i].write(s);
    }
    return cli_page_close(s->page);
}

tacet_status cli_report_write(cli_arena *a, int runs, const char *const *run, const char *path)
{
    cli_page page;
    cli_run_set s = {.arena = a, .page = &page, .runs = runs};
    tacet_status status = TACET_OK;
    s.record = cli_take(a, (size_t)runs * sizeof *s.record);
    s.name = cli_take(a, (size_t)runs * sizeof *s.name);
    for (int r = 0; r < runs && status == TACET_OK; r++) status = cli_record_open(a, run[r], &s.record[r]);
    if (status == TACET_OK) {
        name_runs(&s);
        status = write_page(&s, path);
    }
    for (int r = 0; r < runs; r++) cli_record_close(&s.record[r]);
    return status;
}
