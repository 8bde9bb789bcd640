/* say.c: errors for people: the place, the message, the line with a caret, a hint.
 *
 *     tacet: net.yaml:3:26: unknown layer 'rlu'
 *         model: linear 512 | rlu | linear 10
 *                             ^~~
 *         did you mean relu? */
#include "base/status.h"
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Standard error gets whole lines, so that another process cannot write into the middle of one. */
void cli_log_begin(void) { setvbuf(stderr, NULL, _IOLBF, BUFSIZ); }

FILE *cli_log(void)
{
    fflush(stdout);
    return stderr;
}

/* The program's standard output is a stream of its own (stream.h), which stdio knows no descriptor of. */
static int descriptor(FILE *f) { return f == stdout ? STDOUT_FILENO : fileno(f); }

bool cli_terminal(FILE *f)
{
    const char *term = getenv("TERM");
    return isatty(descriptor(f)) && term && *term && strcmp(term, "dumb") != 0;
}

int cli_columns(FILE *f)
{
    struct winsize w;
    if (!cli_terminal(f)) return 0;
    return ioctl(descriptor(f), TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? (w.ws_col > 1 ? w.ws_col - 1 : 1) : 79;
}

const char *cli_colour(FILE *f, const char *escape)
{
    const char *no = getenv("NO_COLOR");
    return (no && *no) || !cli_terminal(f) ? "" : escape;
}

__attribute__((format(printf, 3, 0))) static void print_tame(FILE *to, const char *keep, const char *format,
                                                             va_list list)
{
    char few[4096];
    va_list again;
    va_copy(again, list);
    const int n = vsnprintf(few, sizeof few, format, list);
    char *all = n < (int)sizeof few ? NULL : malloc((size_t)n + 1);
    if (n < 0 || (n >= (int)sizeof few && !all)) cli_no_memory();
    if (all) vsnprintf(all, (size_t)n + 1, format, again);
    va_end(again);
    fputs(tc_tame(all ? all : few, keep), to);
    free(all);
}

void cli_print_list(FILE *to, const char *format, va_list list) { print_tame(to, "\n\t", format, list); }

/* A part of an error message: a name or a path in it cannot begin a line. */
__attribute__((format(printf, 1, 2))) static void print_error(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    print_tame(cli_log(), "\t", format, list);
    va_end(list);
}

void cli_print(FILE *to, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    cli_print_list(to, format, list);
    va_end(list);
}

static void prefix(void)
{
    fprintf(cli_log(), "%stacet:%s ", cli_colour(stderr, "\033[1;31m"), cli_colour(stderr, "\033[0m"));
}

static void hint_line(const char *hint)
{
    if (hint && *hint) cli_print(cli_log(), "    %s\n", hint);
}

/* Bytes that continue a UTF-8 character do not count as columns. */
static bool continues(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

static void say_at(cli_place place, size_t width, const char *hint, const char *message)
{
    const cli_source *s = place.source;
    prefix();
    if (!s) {
        print_error("%s", message);
        fputc('\n', cli_log());
    } else {
        size_t at = place.offset < s->length ? place.offset : s->length;
        int line = 1, column = 1;
        for (size_t i = 0; i < at; i++) {
            column = s->text[i] == '\n' ? 1 : column + !continues(s->text[i]);
            line += s->text[i] == '\n';
        }
        print_error("%s", s->name);
        if (s->file) fprintf(cli_log(), ":%d:%d", line, column);
        print_error(": %s", message);
        fputc('\n', cli_log());
        const char *const colour[] = {cli_colour(stderr, "\033[1;32m"), cli_colour(stderr, "\033[0m")};
        char text[2048];
        tc_caret(s->text, s->length, at, width, colour, text, sizeof text);
        fprintf(cli_log(), "%s\n", text);
    }
    hint_line(hint);
}

tacet_status cli_fail_hint(tacet_status s, const char *hint, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    prefix();
    print_tame(cli_log(), "\t", format, list);
    va_end(list);
    fputc('\n', cli_log());
    hint_line(hint);
    return s;
}

tacet_status cli_file_error(tacet_error *e, const char *doing, const char *path)
{
    if (errno) return tc_fail_system(e, doing, path);
    return tc_fail(e, TACET_IO, "cannot %s %.500s: not a regular file", doing, path);
}

tacet_status cli_fail_file(const char *doing, const char *path)
{
    tacet_error e;
    cli_file_error(&e, doing, path);
    return cli_refuse(&e, 0, NULL);
}

tacet_status cli_fail_at(cli_place place, size_t width, const char *hint, const char *format, ...)
{
    char message[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    say_at(place, width, hint, message);
    return TACET_DESCRIPTION;
}

static void paragraph(const char *prefix, const char *format, va_list list)
{
    cli_arena a = {0};
    cli_paragraph(cli_log(), prefix, cli_format_list(&a, format, list));
    cli_arena_free(&a);
}

void cli_warn(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    paragraph("tacet: warning:", format, list);
    va_end(list);
}

void cli_note(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    paragraph("tacet:", format, list);
    va_end(list);
}

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* Finds byte `column` of an item's text in its source. A YAML scalar may be quoted or folded over lines, so any run of
 * blanks matches any other. False if the texts differ, for example by an escape. */
static bool offset_in(const cli_item *item, size_t column, size_t *offset)
{
    const cli_source *s = item->place.source;
    size_t at = item->place.offset;
    if (at < s->length && (s->text[at] == '"' || s->text[at] == '\'') && item->text[0] != s->text[at]) at++;
    for (size_t i = 0; i < column;) {
        if (at >= s->length || !item->text[i]) return false;
        if (blank(item->text[i]) && blank(s->text[at])) {
            size_t from = i, raw = at;
            while (i < column && blank(item->text[i])) i++;
            while (at < s->length && blank(s->text[at])) at++;
            if (i == column && blank(item->text[i])) at = raw + (i - from);
        } else if (item->text[i] == s->text[at]) {
            i++, at++;
        } else {
            return false;
        }
    }
    *offset = at;
    return true;
}

/* Whether the error is about this text. An error contains only the beginning of a long text. */
static bool is_about(const tacet_error *e, const char *text)
{
    size_t n = strlen(e->source);
    return n > 0 && strncmp(e->source, text, n) == 0 && (!text[n] || n + 1 >= sizeof e->source);
}

tacet_status cli_refuse(const tacet_error *e, int items, const cli_item *item)
{
    for (int i = 0; i < items; i++) {
        cli_place place = item[i].place;
        if (e->column < 0 || !place.source || !is_about(e, item[i].text)) continue;
        bool found = offset_in(&item[i], (size_t)e->column, &place.offset);
        say_at(place, found ? (size_t)(e->width > 0 ? e->width : 1) : 1, e->hint, e->message);
        return e->status;
    }
    if (items > 0 && item[0].place.source) {
        say_at(item[0].place, strlen(item[0].text), e->hint, e->message);
        return e->status;
    }
    char text[sizeof *e];
    tacet_error own = *e;
    tc_tame(own.message, "\t"); /* as in print_error */
    tacet_error_text(&own, text, sizeof text);
    size_t length = strlen(text);
    prefix();
    fprintf(cli_log(), "%s%s", text, length && text[length - 1] == '\n' ? "" : "\n");
    return e->status;
}
