/* page.h: one HTML page that needs nothing but itself: no network, no script. Text, tables and figures, in light and dark,
 * on a phone, on a desk, on paper. Whatever is written through these calls is escaped. */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include "output.h"

typedef struct cli_page {
    cli_arena *arena;
    cli_outfile file;
    FILE *to;          /* for what the calls below have no word for, SVG above all */
    int ids;           /* given out so far */
    bool section;      /* one is open */
    bool svg;          /* a figure's drawing is open */
    const char *group; /* the kind of cards that stand side by side here, NULL: none */
} cli_page;

/* The page appears under its path when it is closed, whole. The status says why not, after saying it. */
tacet_status cli_page_open(cli_arena *a, const char *path, const char *title, cli_page *p);
tacet_status cli_page_close(cli_page *p);

void cli_page_escape(cli_page *p, const char *text); /* as HTML or SVG, in text or in a quoted attribute */

/* The figures that matter, large: `count` pairs of a figure and what it is, under a name (NULL: none). */
void cli_page_numbers(cli_page *p, const char *name, int count, const char *const *pair);

/* A section goes on until the next one. Its note (NULL: none) is a paragraph under the title. */
void cli_page_section(cli_page *p, const char *title, const char *note);
void cli_page_heading(cli_page *p, const char *text); /* a small title inside a section */
void cli_page_paragraph(cli_page *p, const char *text);
/* A text as it is, line by line, which opens under its title. */
void cli_page_fold(cli_page *p, const char *title, const char *text);

/* A table as cli_table takes it: a column a letter of `align`, cells row by row, the head first. */
void cli_page_table(cli_page *p, const char *align, int rows, const char *const *cell);
/* The same where some cells lead elsewhere: href is as large as cell, NULL for those that do not. */
void cli_page_table_linked(cli_page *p, const char *align, int rows, const char *const *cell, const char *const *href);
void cli_page_table_card(cli_page *p, const char *title, const char *align, int rows, const char *const *cell);

/* ---- Figures -----------------------------------------------------------------------------------------------------
 *
 * A drawing takes its colours from the page's style, so that it is right in light and dark. Classes of an SVG's elements:
 *
 *     s0 ... s7, f0 ... f7    stroke, fill of palette colour 0 ... 7
 *     grid, axis              lines of the page's grey; text is of the page's soft ink, 13 units high
 *     chart (on a g)          text grows on a phone, where the drawing shrinks: leave room for 16 units */

extern const char cli_page_style[]; /* the CSS of all that the calls write (page_style.c) */
enum { CLI_PALETTE = 8 };

/* A figure: a card with an SVG of this size (it is scaled to the card's width, some 330 to 560 pixels) that is drawn to
 * p->to between the two calls. title and description are read to those who cannot see it; behind the figure a table of
 * its numbers can be opened (rows 0: there is none to show). Cards that follow one another stand side by side as far as
 * there is room. caption: NULL or a line under the figure. */
void cli_page_figure(cli_page *p, const char *title, const char *description, double width, double height);
void cli_page_figure_end(cli_page *p, const char *caption, const char *align, int rows, const char *const *cell);

/* Ends the drawing of a figure and says below it which mark is what. */
typedef struct cli_legend {
    const char *name;
    int colour;
    bool dashed, dotted, points, hollow;
} cli_legend;
void cli_page_legend(cli_page *p, int count, const cli_legend *entry);

#endif
