/* begun.c: keeps the folders of a run in its record, and visits them. */
#include "begun.h"

#include "run_folder.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Paths ------------------------------------------------------------------------------------------------------- */

/* The absolute path, without links; NULL if it does not exist. */
static const char *absolute(cli_arena *a, const char *path)
{
    char *all = realpath(*path ? path : ".", NULL);
    const char *copy = all ? cli_copy(a, all, strlen(all)) : NULL;
    free(all);
    return copy;
}

static const char *folder_of(cli_arena *a, const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash ? cli_copy(a, file, (size_t)(slash - file) + 1) : "./";
}

/* Where `to` is as seen from `from`, both absolute: "../..", "../data", ".". */
static const char *seen_from(cli_arena *a, const char *from, const char *to)
{
    size_t same = 0; /* the length of what both begin with, in whole names */
    for (size_t i = 0;; i++) {
        const bool end = !from[i] || from[i] == '/', other = !to[i] || to[i] == '/';
        if (end && other) same = i;
        if (from[i] != to[i] || !from[i]) break;
    }
    const char *path = "";
    for (const char *at = from + same; *at; at++)
        if (*at == '/' && at[1]) path = cli_format(a, "%s%s..", path, *path ? "/" : "");
    to += same + (to[same] == '/');
    return *to ? cli_format(a, "%s%s%s", path, *path ? "/" : "", to) : *path ? path : ".";
}

/* ---- The record -------------------------------------------------------------------------------------------------- */

cli_begun *cli_begun_read(cli_arena *a, const char *file)
{
    const char *home = folder_of(a, file);
    const tc_mem m = cli_memory(a);
    cli_folder f;
    size_t length, i;
    const tc_json *one;
    cli_folder_name(a, home, &f);
    char *text = cli_file_text(a, cli_folder_has(f.run) ? f.run : f.sweep, &length);
    if (!text) return NULL;
    cli_begun *b = cli_take(a, sizeof *b);
    *b = (cli_begun){.instead = "--set data=..."};
    const tc_json *folders = tc_json_get(tc_json_read(&m, text, length, &(tc_json_error){0}), "folders");
    tc_json_each(folders, i, one)
    {
        const char *folder = tc_json_text(one);
        if (folder && *folder && b->count < CLI_FOLDERS)
            b->folder[b->count++] = *folder == '/' ? folder : cli_format(a, "%s%s", home, folder);
    }
    return b;
}

/* Adds a folder to a record unless it is there: as it is seen from the record, and its absolute path. */
static void add(cli_arena *a, cli_begun *to, const char *home, const char *folder)
{
    const char *all = absolute(a, folder);
    if (!all && *folder == '/') all = folder; /* it may exist on another machine */
    for (int i = 0; i < to->count && all; i++)
        if (strcmp(to->folder[i], all) == 0) all = NULL;
    if (!all || to->count + 2 > CLI_FOLDERS) return;
    to->folder[to->count++] = seen_from(a, home, all);
    to->folder[to->count++] = all;
}

/* Whether paths start in the current folder: none are known to start elsewhere, or some are from the command line. */
static bool starts_here(const cli_config *c)
{
    static const int key[] = {CLI_DATA, CLI_TEST, CLI_VALIDATE};
    bool here = !c->source.begun || c->source.begun->count == 0;
    for (int i = 0; i < 3; i++) {
        const cli_item *item = &c->value[key[i]].item;
        here = here || (*item->text && item->place.source && item->place.source->begun != c->source.begun);
    }
    return here;
}

void cli_begun_json(tc_json_writer *j, const cli_config *c, const char *home)
{
    cli_arena *a = c->arena;
    const cli_begun *b = c->source.begun;
    const char *from = absolute(a, home);
    cli_begun all = {0};
    for (int i = 0; b && from && i < b->count; i++) add(a, &all, from, b->folder[i]);
    if (from && starts_here(c)) add(a, &all, from, ".");
    tc_json_open(j, "folders", '[');
    for (int i = 0; i < all.count; i++) tc_json_add_text(j, NULL, all.folder[i]);
    tc_json_close(j, ']');
}

/* ---- The search -------------------------------------------------------------------------------------------------- */

cli_search cli_search_of(const cli_item *item)
{
    const cli_source *from = item->place.source;
    return (cli_search){
        .file = from && *from->name != '-' ? from->name : NULL, .in = from ? from->begun : NULL, .back = -1};
}

/* Goes to the next folder that can be entered; the last is the current one. */
static bool enter(cli_search *s)
{
    const int count = s->in ? s->in->count : 0;
    if (s->back < 0 && count > 0) s->back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (; s->next < count && s->back >= 0; s->next++)
        if (fchdir(s->back) == 0 && chdir(s->in->folder[s->next]) == 0) {
            s->next++;
            return true;
        }
    if (s->next > count || (s->back >= 0 && fchdir(s->back) != 0)) return false;
    s->next = count + 1;
    return true;
}

static void explain(const cli_search *s, tacet_error *e)
{
    const cli_begun *b = s->in;
    const char *folder = "another folder";
    for (int i = b->count - 1; i >= 0; i--)
        if (*b->folder[i] == '/') folder = b->folder[i];
    if (!*e->hint)
        tc_snprintf(e->hint, sizeof e->hint, "the path is that of the run, which was begun in %.300s; %s replaces it",
                    folder, b->instead);
}

/* A path in a configuration of another folder may have been meant to start there. */
static void explain_start(const cli_search *s, tacet_error *e)
{
    static const char head[] = "cannot open ";
    const char *path = e->message + strlen(head), *end = strrchr(e->message, ':');
    const char *slash = s->file ? strrchr(s->file, '/') : NULL;
    if (!slash || strncmp(e->message, head, strlen(head)) != 0 || *path == '/' || end < path || *e->hint) return;
    char there[1024];
    tc_snprintf(there, sizeof there, "%.*s/%.*s", (int)(slash - s->file), s->file, (int)(end - path), path);
    tc_snprintf(
        e->hint, sizeof e->hint, "paths start in the current folder, not in that of the configuration%s%.200s%s",
        cli_folder_has(there) ? "; " : "", cli_folder_has(there) ? there : "", cli_folder_has(there) ? " exists" : "");
}

bool cli_search_next(cli_search *s, bool found, tacet_error *e)
{
    const bool begun = s->next > 0;
    if (begun && !found && s->first.status == TACET_OK) s->first = *e;
    if (!(begun && (found || e->status != TACET_IO)) && enter(s)) return true;
    if (s->back >= 0) {
        (void)!fchdir(s->back);
        close(s->back);
    }
    if (!found && !s->in && e->status == TACET_IO) explain_start(s, e);
    if (!found && s->in && e->status == TACET_IO) {
        *e = s->first;
        explain(s, e);
    }
    return false;
}
