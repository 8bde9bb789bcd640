/* wording.c: near words, entries of the catalogue, wrapped paragraphs. */
#include "cli.h"

#include <string.h>

const char *cli_suggest(cli_arena *a, const char *word, const char *(*next)(const void *context, int i),
                        const void *context)
{
    const char *near = tc_nearest(word, next, context);
    return near ? cli_format(a, "did you mean %s?", near) : NULL;
}

bool cli_entry(const char *role, const char *name, tacet_entry *entry)
{
    for (int i = 0; i < tacet_entry_count(); i++)
        if (tacet_entry_at(i, entry) == TACET_OK && (!role || strcmp(entry->role, role) == 0) &&
            strcmp(entry->name, name) == 0)
            return true;
    return false;
}

void cli_wrap(FILE *to, const char *text, int at, int indent, int width)
{
    bool fresh = at <= indent; /* nothing stands on this line yet */
    while (*text) {
        int n = (int)strcspn(text, " \n");
        if (!fresh && at + 1 + n > width) {
            fputc('\n', to);
            at = 0;
            fresh = true;
        }
        int gap = fresh ? indent - at : 1;
        cli_print(to, "%*s%.*s", gap, "", n, text);
        at += gap + n;
        fresh = false;
        text += n + (int)strspn(text + n, " \n");
    }
    fputc('\n', to);
}
