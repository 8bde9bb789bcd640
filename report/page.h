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

/* A table as it is filled, the head first: a column for each letter of `align`, l or r. Zero-initialise the rest. */
typedef struct cli_sheet {
    const char *align;
    int cells, room;
    const char **cell;
    const char *const *href; /* [cells], where a cell leads; NULL, or NULL for a cell: nowhere */
} cli_sheet;

/* Adds cells, a row of them as a rule; the last argument is NULL. */
__attribute__((sentinel)) void cli_sheet_add(cli_arena *a, cli_sheet *t, ...);

/* title: the table is in a card under it; NULL: it is not. */
void cli_page_table(cli_page *p, const char *title, const cli_sheet *t);

/* ---- Figures -----------------------------------------------------------------------------------------------------
 *
 * A drawing takes its colours from the page's style, so that it is right in light and dark. Classes of an SVG's elements:
 *
 *     s0 ... s7, f0 ... f7    stroke, fill of palette colour 0 ... 7
 *     grid, axis              lines of the page's grey; text is of the page's soft ink, 13 units high
 *     chart (on a g)          text grows on a phone, where the drawing shrinks: leave room for 16 units */

extern const char cli_page_style[]; /* the CSS of all that the calls write (page_style.c) */
enum { CLI_PALETTE = 8 };

/* Begins a figure, a card with an SVG of this size (it is scaled to the card's width, some 330 to 560 pixels), which the
 * caller draws to p->to. title and description are read to those who cannot see it. Cards that follow one another are
 * side by side as far as there is room. */
void cli_page_figure(cli_page *p, const char *title, const char *description, double width, double height);
void cli_page_drawing_end(cli_page *p); /* what is written next is below the drawing */
/* Below the drawing a table of its numbers can be opened, unless it is empty. caption: a line under it all, or NULL. */
void cli_page_figure_end(cli_page *p, const char *caption, const cli_sheet *numbers);

#endif
