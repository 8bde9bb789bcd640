/* wording.c: numbers in the C locale (the program never sets another), near words, wrapped paragraphs. */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool cli_number(const char *text, double *x)
{
    char *end;
    if (!*text || isspace((unsigned char)*text)) return false;
    *x = strtod(text, &end);
    return !*end && isfinite(*x);
}

bool cli_integer(const char *text, int64_t *x)
{
    char *end;
    if (!*text || isspace((unsigned char)*text)) return false;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    *x = value;
    return !*end && errno == 0;
}

void cli_tame(char *text)
{
    for (; *text; text++)
        if (iscntrl((unsigned char)*text) && *text != '\n') *text = '?';
}

enum { WORD = 64 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Edit distance: insert, delete, replace, or swap two neighbours, each 1, row by row (Damerau, CACM 7, 1964; Wagner,
 * Fischer, J. ACM 21, 1974). */
static size_t distance(const char *a, const char *b)
{
    size_t row[3][WORD + 1], n = strlen(a), m = strlen(b);
    if (n > WORD || m > WORD) return WORD;
    for (size_t j = 0; j <= m; j++) row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = row[i % 3];
        const size_t *one = row[(i + 2) % 3], *two = row[(i + 1) % 3]; /* the rows before */
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = least(one[j - 1] + (strncasecmp(a + i - 1, b + j - 1, 1) != 0), least(one[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = least(now[j], two[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

const char *cli_nearest(const char *word, const char *(*next)(const void *context, int i), const void *context)
{
    const char *best = NULL, *candidate;
    size_t limit = strlen(word) / 3 > 1 ? strlen(word) / 3 : 1;
    for (int i = 0; (candidate = next(context, i)); i++) {
        size_t d = distance(word, candidate);
        if (d > limit) continue;
        if (d == 0) return candidate;
        best = candidate;
        limit = d - 1;
    }
    return best;
}

const char *cli_suggest(cli_arena *a, const char *word, const char *(*next)(const void *context, int i),
                        const void *context)
{
    const char *near = cli_nearest(word, next, context);
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
        at += fprintf(to, "%*s%.*s", gap, "", n, text);
        fresh = false;
        text += n + (int)strspn(text + n, " \n");
    }
    fputc('\n', to);
}
