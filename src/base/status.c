/* status.c: errors are filled in by the call that fails and printed by whoever owns the struct.
 *
 * Messages are formatted in the C locale, so that numbers have a decimal point in whatever locale the program runs. */
#include "base/status.h"

#include "base/nearest.h"
#include "base/text.h"

#include <errno.h>
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
    /* It is one sentence: a path or a word in it must not begin a line. */
    for (char *c = e->message; (c = strpbrk(c, "\n\r")) != NULL; c++) *c = '?';
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
    /* A long text is cut to a window around the mistake, with an ellipsis at each end that was cut. */
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

tacet_status tc_fail_system(tacet_error *e, const char *doing, const char *path)
{
    const int error = errno;
    if (error == ENOMEM) return tc_fail(e, TACET_MEMORY, "cannot %s %.500s: out of memory", doing, path);
    return tc_fail(e, TACET_IO, "cannot %s %.500s: %s", doing, path, strerror(error));
}

/* Appends to text as snprintf would. Control characters become question marks: an error may quote a file, and a
 * terminal would obey them. */
typedef struct sink {
    char *text;
    size_t capacity, length;
} sink;

static void put(sink *s, const char *text, size_t n)
{
    for (; n > 0; n--, text++, s->length++)
        if (s->length + 1 < s->capacity) s->text[s->length] = *text;
}

/* Appends the character at text, or a question mark if it must not be shown; returns its length. */
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

static size_t end_sink(const sink *s)
{
    if (s->capacity > 0) s->text[s->length < s->capacity ? s->length : s->capacity - 1] = '\0';
    return s->length;
}

/* Bytes that continue a UTF-8 character take up no column. */
static bool continues(char c) { return (c & 0xC0) == 0x80; }

size_t tc_caret(const char *text, size_t length, size_t at, size_t width, const char *const colour[2], char *to,
                size_t capacity)
{
    enum { AROUND = 256 };
    sink s = {.text = to, .capacity = capacity}, under = {0};
    if (at > length) at = length;
    size_t begin = at, end = at;
    while (begin > 0 && text[begin - 1] != '\n' && at - begin < AROUND) begin--;
    while (begin < at && continues(text[begin])) begin++;
    while (end < length && text[end] != '\n' && text[end] != '\r' && end - at < AROUND) end++;
    const size_t last = at + width < end ? at + width : end;
    put_text(&s, "    ");
    for (size_t i = begin; i < end;) i += put_char(&s, text + i);
    put_text(&s, "\n    ");
    for (size_t i = begin; i < at; i += put_char(&under, text + i)) put(&s, text[i] == '\t' ? "\t" : " ", 1);
    if (colour) put(&s, colour[0], strlen(colour[0]));
    put(&s, "^", 1);
    if (at < last) at += put_char(&under, text + at);
    for (; at < last; at += put_char(&under, text + at)) put(&s, "~", 1);
    if (colour) put(&s, colour[1], strlen(colour[1]));
    return end_sink(&s);
}

size_t tacet_error_text(const tacet_error *error, char *text, size_t capacity)
{
    sink s = {.text = text, .capacity = capacity};
    put_text(&s, error->message);
    if (error->column >= 0 && error->source[0]) {
        char lines[2 * sizeof error->source];
        tc_caret(error->source, strlen(error->source), (size_t)error->column,
                 error->width > 0 ? (size_t)error->width : 1, NULL, lines, sizeof lines);
        put(&s, "\n", 1);
        put_text(&s, lines);
    }
    if (error->hint[0]) {
        put_text(&s, "\n    ");
        put_text(&s, error->hint);
    }
    return end_sink(&s);
}
