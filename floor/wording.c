/* wording.c: suggestions, lines "key: value", wrapped paragraphs. */
#include "cli.h"

#include "base/nearest.h"

#include <string.h>

const char *cli_suggest(cli_arena *a, const char *word, const char *(*next)(const void *context, int i),
                        const void *context)
{
    const char *near = tc_nearest(word, next, context);
    return near ? cli_format(a, "did you mean %s?", near) : NULL;
}

bool cli_next_line(cli_arena *a, const char **lines, const char **key, const char **value)
{
    const char *line = *lines, *colon = strstr(line, ": ");
    const size_t n = strcspn(line, "\n");
    if (!colon || colon >= line + n) return false;
    *key = cli_copy(a, line, (size_t)(colon - line));
    *value = cli_copy(a, colon + 2, (size_t)(line + n - colon - 2));
    *lines = line + n + (line[n] == '\n');
    return true;
}

void cli_paragraph(FILE *to, const char *begin, const char *text)
{
    const int columns = cli_columns(to);
    if (columns == 0) {
        cli_print(to, "%s%s%s\n", begin, *begin ? " " : "", text);
        return;
    }
    cli_print(to, "%s", begin);
    cli_wrap(to, text, (int)strlen(begin), *begin ? 4 : 0, columns);
}

void cli_wrap(FILE *to, const char *text, int at, int indent, int width)
{
    bool fresh = at <= indent; /* this line is still empty */
    int blanks = 1;
    if (width == 0) width = 120;
    while (*text) {
        int n = (int)strcspn(text, " \n");
        if (!fresh && at + blanks + n > width) {
            fputc('\n', to);
            at = 0;
            fresh = true;
        }
        int gap = fresh ? indent - at : blanks;
        cli_print(to, "%*s%.*s", gap, "", n, text);
        at += gap + n;
        fresh = false;
        text += n;
        blanks = (int)strspn(text, " "); /* of a path, or between figures; a new line is one blank */
        if (text[blanks] == '\n') blanks = 1;
        text += strspn(text, " \n");
    }
    fputc('\n', to);
}
