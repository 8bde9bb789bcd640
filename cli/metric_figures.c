/* metric_figures.c: a plan's metrics in a line and as tables. The list of metrics is the library's: nothing here knows any
 * by name. */
#include "ledger.h"

#include <math.h>
#include <string.h>

enum { CLASSES = 30 /* more are not shown as a table */ };

static const char *shown(cli_arena *a, double x)
{
    return !isfinite(x) ? "-" : fabs(x) < 1 ? cli_format(a, "%.4f", x) : cli_digits(a, x);
}

const char *cli_metrics_line(cli_arena *a, tacet_plan *p)
{
    tacet_metric m = {.size = sizeof m};
    const char *text = "";
    for (int i = 0; tacet_metric_at(p, i, false, &m) == TACET_OK; i++)
        if (m.better) text = cli_format(a, "%s %s %s,", text, m.name, shown(a, m.value));
    return text;
}

/* The word of class k, or its number. */
static const char *class_word(cli_arena *a, const char *classes, int64_t k)
{
    int64_t i = 0;
    for (; classes && *classes && i < k; i++) classes += strcspn(classes, "\n") + (strchr(classes, '\n') != NULL);
    return classes && *classes ? cli_copy(a, classes, strcspn(classes, "\n")) : cli_format(a, "%lld", (long long)k);
}

/* A row for each class, a column for each metric that has a figure for it. */
static void by_class(FILE *to, cli_arena *a, tacet_plan *p, const char *classes)
{
    tacet_metric m = {.size = sizeof m};
    int columns = 0, n = 0;
    int64_t rows = 0;
    for (int i = 0; tacet_metric_at(p, i, false, &m) == TACET_OK; i++)
        if (m.by == 1 && m.each) columns++, rows = m.classes;
    if (columns == 0 || rows > CLASSES) return;
    const char **cell = cli_take(a, ((size_t)rows + 1) * ((size_t)columns + 1) * sizeof *cell);
    char *align = cli_take(a, (size_t)columns + 2);
    memset(align, 'r', (size_t)columns + 1);
    *align = 'l';
    for (int64_t k = -1; k < rows; k++) {
        cell[n++] = k < 0 ? "class" : class_word(a, classes, k);
        for (int i = 0; tacet_metric_at(p, i, false, &m) == TACET_OK; i++)
            if (m.by == 1 && m.each) cell[n++] = k < 0 ? cli_copy(a, m.name, strlen(m.name)) : shown(a, m.each[k]);
    }
    fputc('\n', to);
    cli_table(to, align, (int)rows + 1, cell);
}

static void by_pair(FILE *to, cli_arena *a, const tacet_metric *m, const char *classes)
{
    const int64_t n = m->classes;
    if (n > CLASSES) return;
    const char **cell = cli_take(a, ((size_t)n + 1) * ((size_t)n + 1) * sizeof *cell);
    char *align = cli_take(a, (size_t)n + 2);
    memset(align, 'r', (size_t)n + 1);
    *align = 'l';
    int k = 0;
    for (int64_t row = -1; row < n; row++) {
        cell[k++] = row < 0 ? "label \\ answer" : class_word(a, classes, row);
        for (int64_t j = 0; j < n; j++)
            cell[k++] = row < 0 ? class_word(a, classes, j) : cli_format(a, "%.0f", m->each[row * n + j]);
    }
    fputc('\n', to);
    cli_table(to, align, (int)n + 1, cell);
}

void cli_metrics_tables(FILE *to, cli_arena *a, tacet_plan *p, const char *classes)
{
    tacet_metric m = {.size = sizeof m};
    by_class(to, a, p, classes);
    for (int i = 0; tacet_metric_at(p, i, false, &m) == TACET_OK; i++)
        if (m.by == 2 && m.each) by_pair(to, a, &m, classes);
    for (int i = 0; tacet_metric_at(p, i, false, &m) == TACET_OK; i++)
        if (*m.note) cli_print(to, "%s: %s\n", m.name, m.note);
}
