/* page.c: writes HTML to a file, call by call. The style is in page_style.c. */
#include "report/page.h"

#include <string.h>

/* The browser loads nothing and runs nothing, even if some text from a file were not escaped. */
static const char policy[] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

void cli_page_escape(cli_page *p, const char *text)
{
    static const struct {
        char c;
        const char *text;
    } entity[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (size_t n; *text; text += n) {
        uint32_t code;
        size_t i = 0, length = tc_char(text, &code);
        n = length ? length : 1;
        while (i < sizeof entity / sizeof *entity && entity[i].c != *text) i++;
        if (i < sizeof entity / sizeof *entity)
            fputs(entity[i].text, p->to);
        else if (length && (tc_char_shown(code) || *text == '\n' || *text == '\t'))
            fwrite(text, 1, n, p->to);
        else
            fputc('?', p->to);
    }
}

/* An element that contains only text. */
static void element(cli_page *p, const char *name, const char *text)
{
    fprintf(p->to, "<%s>", name);
    cli_page_escape(p, text);
    fprintf(p->to, "</%s>\n", name);
}

/* Begins a row of cards of this kind, unless one is open. NULL only ends the open row. */
static void group(cli_page *p, const char *kind)
{
    if (p->group && kind && strcmp(p->group, kind) == 0) return;
    if (p->group) fputs("</div>\n", p->to);
    if (kind) fprintf(p->to, "<div class=\"%s\">\n", kind);
    p->group = kind;
}

tacet_status cli_page_open(cli_arena *a, const char *path, const char *title, cli_page *p)
{
    *p = (cli_page){.arena = a};
    tacet_status s = cli_outfile_open(path, &p->file);
    if (s != TACET_OK) return s;
    p->to = p->file.f;
    fprintf(p->to,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"color-scheme\" content=\"light dark\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n"
            "<meta name=\"generator\" content=\"tacet %s\">\n",
            policy, tacet_version());
    element(p, "title", title);
    fprintf(p->to, "<style>\n%s</style>\n</head>\n<body>\n<main>\n", cli_page_style);
    element(p, "h1", title);
    return TACET_OK;
}

static void end_section(cli_page *p)
{
    group(p, NULL);
    if (p->section) fputs("</div>\n</section>\n", p->to);
    p->section = false;
}

tacet_status cli_page_close(cli_page *p)
{
    end_section(p);
    fprintf(p->to, "<footer>Written by tacet %s</footer>\n</main>\n</body>\n</html>\n", tacet_version());
    cli_arena_free(&p->lasting);
    return cli_outfile_close(&p->file);
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

void cli_page_numbers(cli_page *p, const char *name, int count, const char *const *pair)
{
    group(p, "numbers");
    fputs("<div class=\"card\">\n", p->to);
    if (name) element(p, "h3", name);
    fputs("<dl>\n", p->to);
    for (int i = 0; i < count; i++) {
        fputs("<div>", p->to);
        element(p, "dt", pair[2 * i + 1]);
        element(p, "dd", pair[2 * i]);
        fputs("</div>", p->to);
    }
    fputs("</dl>\n</div>\n", p->to);
}

void cli_page_section(cli_page *p, const char *title, const char *note)
{
    end_section(p);
    fputs("<section>\n<div class=\"head\">\n", p->to);
    element(p, "h2", title);
    if (note) element(p, "p", note);
    fputs("</div>\n<div class=\"body\">\n", p->to);
    p->section = true;
}

void cli_page_heading(cli_page *p, const char *text)
{
    group(p, NULL);
    element(p, "h3", text);
}

void cli_page_paragraph(cli_page *p, const char *text)
{
    group(p, NULL);
    element(p, "p", text);
}

static void missing(cli_page *p, const char *text)
{
    group(p, NULL);
    fputs("<p class=\"missing\">", p->to);
    cli_page_escape(p, text);
    fputs("</p>\n", p->to);
}

void cli_page_missing(cli_page *p, tacet_status s, const char *format, ...)
{
    va_list list;
    bool said = false;
    va_start(list, format);
    const char *text = cli_format_list(&p->lasting, format, list);
    va_end(list);
    for (int i = 0; i < p->missing.n; i++) said = said || strcmp(p->missing.text[i], text) == 0;
    if (!said) cli_missing_add(&p->lasting, &p->missing, s, "%s", text);
    missing(p, text);
}

void cli_page_was_missing(cli_page *p, const cli_missing *m)
{
    if (p->missing.status == TACET_OK) p->missing.status = m->status;
    for (int i = 0; i < m->n; i++) missing(p, m->text[i]);
}

void cli_page_fold(cli_page *p, const char *title, const char *text)
{
    group(p, NULL);
    fputs("<details class=\"fold\">\n", p->to);
    element(p, "summary", title);
    element(p, "pre", text);
    fputs("</details>\n", p->to);
}

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

void cli_sheet_add(cli_arena *a, cli_sheet *t, ...)
{
    va_list list;
    va_start(list, t);
    for (const char *text; (text = va_arg(list, const char *)); t->cell[t->cells++] = text) {
        if (t->cells < t->room) continue;
        t->room = 2 * t->room + 64;
        const char **more = cli_take(a, (size_t)t->room * sizeof *more);
        if (t->cells) memcpy(more, t->cell, (size_t)t->cells * sizeof *more);
        t->cell = more;
    }
    va_end(list);
}

/* Whether a word of the text is so long that it must be broken. Shorter ones must not be: a column of them could shrink
 * to nothing beside columns that are never broken. */
static bool must_break(const char *text)
{
    enum { LONG = 24 };
    size_t n = 0;
    for (; *text; text += n + (text[n] == ' ')) {
        n = strcspn(text, " ");
        if (n > LONG) return true;
    }
    return false;
}

/* Whether a phone has room for the columns. A cell that is aligned left can be broken between words. */
static bool fits_phone(const cli_sheet *t, int columns)
{
    enum { ROOM = 316, LETTER = 8, GAP = 14 }; /* pixels */
    int width = 0;
    for (int c = 0; c < columns; c++) {
        size_t most = 0;
        for (int i = c; i < t->cells; i += columns)
            for (const char *word = t->cell[i]; *word; word += strspn(word, " ")) {
                const size_t n = t->align[c] == 'r' && i >= columns ? strlen(word) : strcspn(word, " ");
                most = n > most ? n : most;
                word += n;
            }
        width += LETTER * (int)(most < ROOM ? most : ROOM) + GAP;
    }
    return width <= ROOM;
}

/* On a phone, each row of a table that is too wide becomes a block of lines, in which the heads of the columns are
 * repeated. */
static void table(cli_page *p, const cli_sheet *t)
{
    const int columns = (int)strlen(t->align);
    const bool fits = fits_phone(t, columns);
    fprintf(p->to, "<div class=\"wide\"><table%s>\n", !fits ? " class=\"many\"" : "");
    for (int i = 0; i < t->cells; i++) {
        const int column = i % columns;
        const char *kind = i < columns ? "th" : "td", *href = t->href ? t->href[i] : NULL;
        if (column == 0) fputs(i ? "<tr>" : "<thead><tr>", p->to);
        fprintf(p->to, "<%s%s", kind,
                t->align[column] == 'r'                  ? " class=\"r\""
                : i >= columns && must_break(t->cell[i]) ? " class=\"long\""
                                                         : "");
        if (!fits && i >= columns && *t->cell[column]) {
            fputs(" data-head=\"", p->to);
            cli_page_escape(p, t->cell[column]);
            fputc('"', p->to);
        }
        fputc('>', p->to);
        if (href) {
            fputs("<a href=\"", p->to);
            cli_page_escape(p, href);
            fputs("\">", p->to);
        }
        cli_page_escape(p, t->cell[i]);
        fprintf(p->to, "%s</%s>", href ? "</a>" : "", kind);
        if (column + 1 == columns) fputs(i < columns ? "</tr></thead>\n" : "</tr>\n", p->to);
    }
    fputs("</table></div>\n", p->to);
}

void cli_page_table(cli_page *p, const char *title, const cli_sheet *t)
{
    group(p, title ? "cards" : NULL);
    if (title) {
        fputs("<div class=\"card\">\n", p->to);
        element(p, "h3", title);
    }
    table(p, t);
    if (title) fputs("</div>\n", p->to);
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

void cli_page_figure(cli_page *p, const char *title, const char *description, double width, double height)
{
    group(p, "cards");
    const int id = ++p->ids;
    p->figure = title;
    fputs("<figure class=\"card\">\n", p->to);
    element(p, "h3", title);
    fprintf(p->to, "<svg class=\"drawing\" viewBox=\"0 0 %g %g\" role=\"img\" aria-labelledby=\"t%d d%d\">\n", width,
            height, id, id);
    fprintf(p->to, "<title id=\"t%d\">", id);
    cli_page_escape(p, title);
    fprintf(p->to, "</title>\n<desc id=\"d%d\">", id);
    cli_page_escape(p, description);
    fputs("</desc>\n", p->to);
}

void cli_page_drawing_end(cli_page *p) { fputs("</svg>\n", p->to); }

void cli_page_figure_end(cli_page *p, const char *caption, const cli_sheet *numbers)
{
    if (numbers->cells) {
        fputs("<details>\n<summary>Numbers</summary>\n", p->to);
        table(p, numbers);
        fputs("</details>\n", p->to);
    }
    if (caption) element(p, "figcaption", caption); /* HTML allows it only at either end of the figure */
    fputs("</figure>\n", p->to);
    if (p->undrawn) cli_page_missing(p, TACET_MEMORY, "the picture of %s could not be made: out of memory", p->figure);
    p->undrawn = false;
}
