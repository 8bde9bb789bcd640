/* run_set.c: what the sections of a report read from runs. Runs are files, and files may lack anything: what is not there
 * is NULL or NAN. */
#include "report/run_set.h"

#include <math.h>
#include <string.h>

void cli_set_begin(cli_run_set *s)
{
    if (s->title) cli_page_section(s->page, s->title, s->note);
    s->title = s->note = NULL;
}

const char *cli_set_title(const cli_run_set *s, int run, const char *what)
{
    return s->runs > 1 ? cli_format(s->arena, "%s · %s", what, s->name[run]) : what;
}

size_t cli_epochs(const cli_record *r) { return json_array_size(r->epochs); }

const json_t *cli_last_epoch(const cli_record *r)
{
    const size_t n = cli_epochs(r);
    return n ? json_array_get(r->epochs, n - 1) : NULL;
}

/* ---- Entries by name --------------------------------------------------------------------------------------------- */

/* The arena is one for the call: a long run has a line for each of many steps. */
static size_t index_of(const json_t *list, const char *name)
{
    const json_t *entry;
    size_t i, found = SIZE_MAX;
    cli_arena a = {0};
    json_array_foreach(list, i, entry) if (found == SIZE_MAX && strcmp(cli_record_name(&a, entry), name) == 0)
        found = i;
    cli_arena_free(&a);
    return found;
}

const json_t *cli_entry_of(const json_t *epoch, const char *list, const char *name)
{
    const json_t *entries = json_object_get(epoch, list);
    return json_array_get(entries, index_of(entries, name));
}

static bool same_text(const json_t *a, const json_t *b, const char *key)
{
    return json_equal(json_object_get(a, key), json_object_get(b, key));
}

const json_t *cli_twin(const json_t *epoch, const char *name, const json_t *terms)
{
    const json_t *own = json_object_get(epoch, "terms");
    const size_t i = index_of(own, name);
    const json_t *term = json_array_get(own, i), *twin = json_array_get(terms, i);
    return term && twin && same_text(term, twin, "on") && same_text(term, twin, "kind") ? twin : NULL;
}

static bool among(const char *const *name, int n, const char *text)
{
    for (int i = 0; i < n; i++)
        if (strcmp(name[i], text) == 0) return true;
    return false;
}

const char **cli_names(cli_run_set *s, const char *list, int *n)
{
    size_t room = 1, i;
    const json_t *entry;
    for (int r = 0; r < s->runs; r++) room += json_array_size(json_object_get(cli_last_epoch(&s->record[r]), list));
    const char **name = cli_take(s->arena, room * sizeof *name);
    *n = 0;
    for (int r = 0; r < s->runs; r++) json_array_foreach(json_object_get(cli_last_epoch(&s->record[r]), list), i, entry)
        {
            const char *text = cli_record_name(s->arena, entry);
            if (!among(name, *n, text)) name[(*n)++] = text;
        }
    return name;
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

const char *cli_whole(cli_arena *a, double count)
{
    return fabs(count) < 1e15 ? cli_format(a, "%.0f", count) : cli_digits(a, count);
}

double cli_epoch_place(const cli_record *r, const json_t *line)
{
    const double epoch = cli_record_number(line, "epoch"), step = cli_record_number(line, "step");
    const double each = cli_record_number(r->run, "steps_per_epoch");
    /* A step lies within its epoch; so does the end of one that was cut short. */
    if (each >= 1 && step <= epoch * each) return step / each;
    return json_object_get(line, "seconds") ? epoch : NAN;
}

double cli_dead(const json_t *layers)
{
    const json_t *layer;
    size_t i;
    double dead = NAN;
    json_array_foreach(layers, i, layer)
    {
        const double n = cli_record_number(layer, "dead");
        if (isfinite(n)) dead = isnan(dead) ? n : dead + n;
    }
    return dead;
}

double cli_mean_density(const json_t *layers)
{
    const json_t *layer;
    size_t i;
    double sum = 0, units = 0;
    json_array_foreach(layers, i, layer)
    {
        const double density = cli_record_number(layer, "density"), n = cli_record_number(layer, "units");
        if (!isfinite(density) || !isfinite(n)) continue;
        sum += density * n;
        units += n;
    }
    return units > 0 ? sum / units : NAN;
}

double cli_step_ms(const cli_record *r, const json_t *line)
{
    const double each = cli_record_number(r->run, "steps_per_epoch");
    const double steps = cli_record_number(line, "step") - (cli_record_number(line, "epoch") - 1) * each;
    return steps > 0 ? cli_record_number(line, "seconds") / steps * 1e3 : NAN;
}

cli_ending cli_ending_of(cli_arena *a, const cli_record *r)
{
    const json_t *figures = json_object_get(r->run, "figures"), *last = cli_last_epoch(r);
    const json_t *validation = json_object_get(last, "validation"), *from = figures;
    cli_ending e = {.part = "training", .step_ms = cli_record_number(figures, "step_us") / 1e3};
    if (figures) e.part = cli_record_text(a, figures, "part");
    if (!from && validation) from = validation, e.part = "validation";
    if (!from) from = last;
    e.accuracy = cli_record_number(from, "accuracy");
    e.data_loss = cli_record_number(from, "data_loss");
    e.layers = json_object_get(from, "layers");
    if (!isfinite(e.step_ms)) e.step_ms = cli_step_ms(r, last);
    return e;
}
