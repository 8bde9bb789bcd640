/* files.c: patterns. A pattern is split at its slashes, and each piece is matched against the names in the folders that the
 * pieces before it have found. glob would leave out the rest of a folder that cannot be read to its end, in silence. */
#include "data/files.h"

#include "base/text.h"
#include "base/whole_file.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

tacet_status tc_folder_walk(const char *path, tacet_status (*take)(void *context, const char *name), void *context,
                            tacet_error *e)
{
    const char *folder = *path ? path : ".";
    DIR *d = opendir(folder);
    if (!d) return tc_fail_system(e, "open", folder);
    tacet_status s = TACET_OK;
    struct dirent *entry;
    while (s == TACET_OK && (errno = 0, entry = readdir(d))) s = take(context, entry->d_name);
    if (s == TACET_OK && errno) s = tc_fail_system(e, "read", folder);
    closedir(d);
    return s;
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void sort(tc_files *f)
{
    if (f->count) qsort(f->found, (size_t)f->count, sizeof *f->found, by_bytes);
    f->path = (const char *const *)f->found;
}

/* Takes the path, which is NULL if memory was short. */
static tacet_status add_path(tc_files *f, char *path, tacet_error *e)
{
    if (!path) return tc_fail_memory(e);
    if (f->count == f->room) {
        const int room = f->room < INT_MAX / 4 ? f->room * 2 + 16 : 0;
        char **more = room ? tc_resize(&f->mem, f->found, (size_t)room, sizeof *more) : NULL;
        if (!more) return tc_free(&f->mem, path), tc_fail_memory(e);
        f->found = more;
        f->room = room;
    }
    f->found[f->count++] = path;
    return TACET_OK;
}

/* ---- Folders ---- */

typedef struct listing {
    tc_files *files;
    const char *folder;
    tacet_error *e;
} listing;

static tacet_status add_name(void *context, const char *name)
{
    const listing *l = context;
    tc_text path = {.mem = l->files->mem};
    if (*name == '.') return TACET_OK;
    tc_text_add(&path, "%s/%s", l->folder, name);
    if (!path.failed) return add_path(l->files, path.data, l->e);
    tc_text_free(&path);
    return tc_fail_memory(l->e);
}

tacet_status tc_files_list(tc_files *f, const tc_mem *m, const char *folder, tacet_error *e)
{
    *f = (tc_files){.given = folder, .mem = *m};
    const tacet_status status = tc_folder_walk(folder, add_name, &(listing){f, folder, e}, e);
    sort(f);
    return status;
}

/* ---- Patterns ---- */

typedef struct search {
    tc_files *files;
    tacet_error *e;
    tc_text path;                 /* what the pieces so far have found */
    const char *piece, *last_end; /* the piece to be matched; where the last one ends */
} search;

static tacet_status add(search *s)
{
    const int exists = tc_file_exists(s->path.data);
    if (exists <= 0) return exists == 0 ? TACET_OK : tc_fail_system(s->e, "open", s->path.data);
    return add_path(s->files, tc_strdup(&s->files->mem, s->path.data), s->e);
}

static tacet_status match(search *s);

/* Goes on with a name that the piece matches. */
static tacet_status enter(search *s, const char *name)
{
    const size_t length = s->path.length;
    const char *piece = s->piece, *end = piece + strlen(piece);
    const bool last = end == s->last_end;
    tc_text_add(&s->path, "%s%s", name, last ? "" : "/");
    if (s->path.failed) return tc_fail_memory(s->e);
    s->piece = end + 1;
    const tacet_status status = last ? add(s) : match(s);
    s->piece = piece;
    s->path.length = length;
    s->path.data[length] = '\0';
    return status;
}

static tacet_status take_name(void *context, const char *name)
{
    search *s = context;
    return fnmatch(s->piece, name, FNM_PERIOD) == 0 ? enter(s, name) : TACET_OK;
}

static tacet_status match(search *s)
{
    if (!strpbrk(s->piece, "*?[")) return enter(s, s->piece);
    const char *folder = s->path.length > 0 ? s->path.data : "";
    return *folder && tc_file_exists(folder) == 0 ? TACET_OK : tc_folder_walk(folder, take_name, s, s->e);
}

tacet_status tc_files_find(tc_files *f, const tc_mem *m, const char *const *path, tacet_error *e)
{
    *f = (tc_files){.given = *path, .mem = *m, .count = 1, .path = path};
    if (!strpbrk(*path, "*?[")) return TACET_OK;
    const int exists = tc_file_exists(*path);
    if (exists != 0) return exists > 0 ? TACET_OK : tc_fail_system(e, "open", *path);
    f->count = 0;
    char *pieces = tc_strdup(m, *path);
    if (!pieces) return tc_fail_memory(e);
    for (char *c = pieces; *c; c++)
        if (*c == '/') *c = '\0';
    search s = {f, e, {.mem = *m}, pieces, pieces + strlen(*path)};
    tacet_status status = match(&s);
    tc_text_free(&s.path);
    tc_free(m, pieces);
    if (status == TACET_OK && f->count == 0)
        status = tc_fail(e, TACET_IO, "no file matches %s: %s", *path, strerror(ENOENT));
    sort(f);
    return status;
}

void tc_files_free(tc_files *f)
{
    for (int i = 0; f->found && i < f->count; i++) tc_free(&f->mem, f->found[i]);
    tc_free(&f->mem, f->found);
}
