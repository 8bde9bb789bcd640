/* status.c: errors are filled in by the call that fails and printed by whoever owns the struct.
 *
 * Messages are written under the C locale, so that a number in one has a point wherever the program runs. */
#include "base/status.h"

#include "base/text.h"

#include <string.h>

const char *tacet_version(void) { return TACET_VERSION; }

tacet_status tc_fail(tacet_error *e, tacet_status s, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tc_fail_list(e, s, format, arguments);
    va_end(arguments);
    return s;
}

void tc_fail_list(tacet_error *e, tacet_status s, const char *format, va_list arguments)
{
    if (!e) return;
    e->status = s;
    e->column = -1;
    e->width = 0;
    e->source[0] = e->hint[0] = '\0';
    tc_format(e->message, sizeof e->message, format, arguments);
}

tacet_status tc_refuse(tacet_error *e, const char *source, int column, int width, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tc_fail_list(e, TACET_DESCRIPTION, format, arguments);
    va_end(arguments);
    tc_fail_at(e, source, column, width);
    return TACET_DESCRIPTION;
}

void tc_fail_at(tacet_error *e, const char *source, int column, int width)
{
    if (!e) return;
    /* A long text is cut to a window with the mistake in its middle, and an ellipsis where it continues. */
    const size_t length = strlen(source), room = sizeof e->source - 1, n = length < room ? length : room;
    size_t from = 0;
    if (column > 0 && (size_t)column > length) column = (int)length;
    if (column > (int)room / 2) from = (size_t)column - room / 2;
    if (from > length - n) from = length - n;
    memcpy(e->source, source + from, n);
    e->source[n] = '\0';
    if (from > 0) memcpy(e->source, "...", 3);
    if (from + n < length) memcpy(e->source + n - 3, "...", 3);
    e->column = column < 0 ? -1 : column - (int)from;
    e->width = width < 1 ? 1 : width;
}

void tc_fail_hint(tacet_error *e, const char *format, ...)
{
    if (!e) return;
    va_list arguments;
    va_start(arguments, format);
    tc_format(e->hint, sizeof e->hint, format, arguments);
    va_end(arguments);
}

void tc_fail_choices(tacet_error *e, const char *head, const char *word,
                     const char *(*next)(const void *context, int i), const void *context)
{
    const char *near = tc_nearest(word, next, context), *choice;
    if (near) {
        tc_fail_hint(e, "did you mean %s?", near);
        return;
    }
    char list[400] = "";
    size_t at = 0;
    for (int i = 0; (choice = next(context, i)) && at + strlen(choice) + 2 < sizeof list; i++) {
        if (at) at += tc_text_copy(", ", list + at, sizeof list - at);
        at += tc_text_copy(choice, list + at, sizeof list - at);
    }
    tc_fail_hint(e, "%s %s", head, at ? list : "nothing");
}

tacet_status tc_fail_memory(tacet_error *e) { return tc_fail(e, TACET_MEMORY, "out of memory"); }

/* Appends to text as snprintf would. What a terminal would obey (a file's words may stand in an
 * error) becomes a question mark. */
typedef struct sink {
    char *text;
    size_t capacity, length;
} sink;

static void put(sink *s, const char *text, size_t n)
{
    for (; n > 0; n--, text++, s->length++)
        if (s->length + 1 < s->capacity) s->text[s->length] = *text;
}

/* The character at text, in one column or, where it is not shown, as a question mark; its length. */
static size_t put_char(sink *s, const char *text)
{
    uint32_t code;
    const size_t n = tc_char(text, &code);
    const bool shown = n > 0 && (tc_char_shown(code) || *text == '\n' || *text == '\t');
    put(s, shown ? text : *text == '\r' ? " " : "?", shown ? n : 1);
    return n > 0 ? n : 1;
}

static void put_text(sink *s, const char *text)
{
    while (*text) text += put_char(s, text);
}

/* The line of the source that holds the column, and carets under it. */
static void put_caret(sink *s, const tacet_error *e)
{
    const size_t length = strlen(e->source);
    size_t at = (size_t)e->column < length ? (size_t)e->column : length, begin = at, end = at;
    while (begin > 0 && e->source[begin - 1] != '\n') begin--;
    while (end < length && e->source[end] != '\n') end++;
    const size_t to = at + (size_t)(e->width > 0 ? e->width : 1);
    sink under = {0};

    put_text(s, "\n    ");
    for (size_t i = begin; i < end;) i += put_char(s, e->source + i);
    put_text(s, "\n    ");
    for (size_t i = begin; i < at; i += put_char(&under, e->source + i)) put(s, e->source[i] == '\t' ? "\t" : " ", 1);
    put(s, "^", 1);
    if (at < end) at += put_char(&under, e->source + at);
    for (; at < end && at < to; at += put_char(&under, e->source + at)) put(s, "~", 1);
}

size_t tacet_error_text(const tacet_error *error, char *text, size_t capacity)
{
    sink s = {.text = text, .capacity = capacity};
    put_text(&s, error->message);
    if (error->column >= 0 && error->source[0]) put_caret(&s, error);
    if (error->hint[0]) {
        put_text(&s, "\n    ");
        put_text(&s, error->hint);
    }
    if (capacity > 0) text[s.length < capacity ? s.length : capacity - 1] = '\0';
    return s.length;
}
