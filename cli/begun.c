/* begun.c: keeps the folders of a run in its record, and visits them. */
#include "begun.h"

#include "run_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Paths ------------------------------------------------------------------------------------------------------- */

/* The absolute path, without links; NULL if it does not exist here. */
static const char *absolute(cli_arena *a, const char *path)
{
    char *all = realpath(*path ? path : ".", NULL);
    if (!all && errno != ENOENT && errno != ENOTDIR && errno != EACCES && errno != ELOOP && errno != ENAMETOOLONG)
        cli_exit(cli_fail_file("find", path)); /* to leave the path out would change where data are looked for */
    const char *copy = all ? cli_copy(a, all, strlen(all)) : NULL;
    free(all);
    return copy;
}

/* A path is bytes. One that is not UTF-8, and so no text in JSON, is written as {"bytes": "2f686f6d652fff"}. */
static void add_path(tc_json_writer *j, const char *path)
{
    if (tc_text_utf8(path)) {
        tc_json_add_text(j, NULL, path);
        return;
    }
    tc_text hex = {.mem = j->to.mem};
    for (const char *at = path; *at; at++) tc_text_add(&hex, "%02x", (unsigned)(unsigned char)*at);
    tc_json_open(j, NULL, '{');
    tc_json_add_text(j, "bytes", hex.data);
    tc_json_close(j, '}');
}

static const char *path_of(cli_arena *a, const tc_json *value)
{
    const char *hex = tc_json_text(tc_json_get(value, "bytes"));
    if (!hex) return tc_json_text(value);
    char *path = cli_take(a, strlen(hex) / 2 + 1), pair[3] = "";
    for (size_t i = 0; hex[2 * i] && hex[2 * i + 1]; i++) {
        memcpy(pair, hex + 2 * i, 2);
        path[i] = (char)strtoul(pair, NULL, 16);
    }
    return path;
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

/* The contents of a file; NULL if it does not exist. */
static tacet_status text_of(cli_arena *a, const char *path, char **text, size_t *length)
{
    bool there;
    *text = NULL;
    const tacet_status s = cli_folder_holds(path, &there);
    if (s != TACET_OK || !there) return s;
    *text = cli_file_text(a, path, length);
    return *text ? s : cli_fail_file("read", path);
}

tacet_status cli_begun_read(cli_arena *a, const char *file, cli_begun **begun)
{
    const char *home = folder_of(a, file);
    const tc_mem m = cli_memory(a);
    cli_folder f;
    size_t length, i;
    const tc_json *one;
    char *text;
    cli_folder_name(a, home, &f);
    *begun = NULL;
    tacet_status s = text_of(a, f.run, &text, &length);
    if (s == TACET_OK && !text) s = text_of(a, f.sweep, &text, &length);
    if (s != TACET_OK || !text) return s;
    cli_begun *b = *begun = cli_take(a, sizeof *b);
    *b = (cli_begun){.instead = "--set data=..."};
    const tc_json *folders = tc_json_get(tc_json_read(&m, text, length, &(tc_json_error){0}), "folders");
    tc_json_each(folders, i, one)
    {
        const char *folder = path_of(a, one);
        if (folder && *folder && b->count < CLI_FOLDERS)
            b->folder[b->count++] = *folder == '/' ? folder : cli_format(a, "%s%s", home, folder);
    }
    return TACET_OK;
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
    for (int i = 0; i < all.count; i++) add_path(j, all.folder[i]);
    tc_json_close(j, ']');
}

/* ---- The search -------------------------------------------------------------------------------------------------- */

cli_search cli_search_of(const cli_item *item)
{
    const cli_source *from = item->place.source;
    return (cli_search){
        .file = from && *from->name != '-' ? from->name : NULL, .in = from ? from->begun : NULL, .back = -1};
}

static bool stop(cli_search *s, const char *folder, tacet_error *e)
{
    s->stopped = true;
    tc_fail_system(e, "enter", folder);
    return false;
}

/* Goes to the next folder that exists here; the last is the current one. A folder that is there but cannot be entered stops
 * the search: a file of the same name in another folder is other data. */
static bool enter(cli_search *s, tacet_error *e)
{
    const int count = s->in ? s->in->count : 0;
    if (s->next > count) return false;
    if (s->back < 0 && count > 0 && (s->back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return stop(s, "the current folder", e);
    while (s->next < count) {
        const char *folder = s->in->folder[s->next++];
        if (fchdir(s->back) != 0) return stop(s, "the current folder", e);
        if (chdir(folder) == 0) return true;
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) return stop(s, folder, e);
    }
    s->next = count + 1;
    return s->back < 0 || fchdir(s->back) == 0 || stop(s, "the current folder", e);
}

bool cli_search_missed(const tacet_error *e)
{
    return e->status == TACET_IO && (strstr(e->message, strerror(ENOENT)) || strstr(e->message, strerror(ENOTDIR)));
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
    const bool exists = access(there, F_OK) == 0;
    tc_snprintf(e->hint, sizeof e->hint,
                "paths start in the current folder, not in that of the configuration%s%.200s%s", exists ? "; " : "",
                exists ? there : "", exists ? " exists" : "");
}

bool cli_search_next(cli_search *s, bool found, tacet_error *e)
{
    const bool begun = s->next > 0;
    if (begun && !found && s->first.status == TACET_OK) s->first = *e;
    if ((!begun || (!found && cli_search_missed(e))) && enter(s, e)) return true;
    if (s->back >= 0) {
        if (fchdir(s->back) != 0) /* everything else would be read and written in another folder */
            cli_exit(cli_fail(TACET_IO, "cannot return to the current folder: %s", strerror(errno)));
        close(s->back);
    }
    if (found || s->stopped || !cli_search_missed(e)) return false;
    if (!s->in) {
        explain_start(s, e);
    } else {
        *e = s->first;
        explain(s, e);
    }
    return false;
}
