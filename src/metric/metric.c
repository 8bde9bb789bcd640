/* metric.c: the table of metrics, and the attributes that all of them have. */
#include "metric/metric.h"

#include <string.h>

#define TC_METRIC(name) extern const tc_metric tc_metric_##name;
#include "metric/metrics.def"
#undef TC_METRIC

#define TC_METRIC(name) &tc_metric_##name,
static const tc_metric *const table[] = {
#include "metric/metrics.def"
};
#undef TC_METRIC

const tc_attribute tc_metric_common[] = {
    {"name", "text", "", "what the figure is called; the metric's own name unless given", false}, {0}};

int tc_metric_count(void) { return (int)(sizeof table / sizeof table[0]); }

const tc_metric *tc_metric_row(int i) { return i >= 0 && i < tc_metric_count() ? table[i] : NULL; }

const tc_metric *tc_metric_find(const char *name)
{
    for (int i = 0; i < tc_metric_count(); i++)
        if (strcmp(table[i]->name, name) == 0) return table[i];
    return NULL;
}

void tc_metric_note(tc_answer *to, const char *format, ...)
{
    va_list v;
    va_start(v, format);
    tc_format(to->note, sizeof to->note, format, v);
    va_end(v);
}
