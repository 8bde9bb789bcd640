/* missing_parts.c: prints and keeps the messages. */
#include "missing_parts.h"

#include <string.h>

void cli_missing_add(cli_arena *a, cli_missing *m, tacet_status s, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *text = cli_format_list(a, format, list), **all = cli_take(a, ((size_t)m->n + 1) * sizeof *all);
    va_end(list);
    if (m->n) memcpy(all, m->text, (size_t)m->n * sizeof *all);
    all[m->n++] = text;
    m->text = all;
    if (m->status == TACET_OK) m->status = s;
    cli_fail(s, "%s", text);
}
