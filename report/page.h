/* page.h: one self-contained HTML page without scripts: text, tables and figures, light or dark, for phone, desktop and
 * paper. Everything that these calls write is escaped. */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include "missing_parts.h"
#include "output.h"

typedef struct cli_page {
    cli_arena *arena;
    cli_outfile file;
    FILE *to;           /* for output that the calls below cannot write, mainly SVG */
    int ids;            /* used so far */
    bool section;       /* one is open */
    const char *group;  /* the kind of the row of cards that is open, or NULL */
    const char *figure; /* the title of the figure that is open */
    bool undrawn;       /* its picture could not be made, for lack of memory */
    cli_missing missing;
    cli_arena lasting; /* of what is missing; `arena` may be another one for each part of the page */
} cli_page;

/* The page appears under its path when it is closed. A failure has already been printed. */
tacet_status cli_page_open(cli_arena *a, const char *path, const char *title, cli_page *p);
tacet_status cli_page_close(cli_page *p);

/* Says at this place that a part is missing, and why, and prints it unless it has been printed for another place. */
__attribute__((format(printf, 3, 4))) void cli_page_missing(cli_page *p, tacet_status s, const char *format, ...);

/* Says what has been printed before the page was opened. */
void cli_page_was_missing(cli_page *p, const cli_missing *m);

void cli_page_escape(cli_page *p, const char *text); /* as HTML or SVG, in text or in a quoted attribute */

/* The most important figures, in large type: `count` pairs of a figure and its meaning, under a name or NULL. */
void cli_page_numbers(cli_page *p, const char *name, int count, const char *const *pair);

/* A section ends where the next one begins. Its note, or NULL, is a paragraph under the title. */
void cli_page_section(cli_page *p, const char *title, const char *note);
void cli_page_heading(cli_page *p, const char *text); /* a small title inside a section */
void cli_page_paragraph(cli_page *p, const char *text);
/* Preformatted text that is hidden under its title until it is opened. */
void cli_page_fold(cli_page *p, const char *title, const char *text);

/* A table, filled row by row, the head first. `align`: l or r for each column. Zero-initialise the rest. */
typedef struct cli_sheet {
    const char *align;
    int cells, room;
    const char **cell;
    const char *const *href; /* [cells], the target of each link or NULL; NULL: no cell has a link */
} cli_sheet;

/* Adds cells; the last argument is NULL. */
__attribute__((sentinel)) void cli_sheet_add(cli_arena *a, cli_sheet *t, ...);

/* With a title the table is in a card; title may be NULL. */
void cli_page_table(cli_page *p, const char *title, const cli_sheet *t);

/* ---- Figures -----------------------------------------------------------------------------------------------------
 *
 * Drawings take their colours, which differ between light and dark, from the style. Classes of SVG elements:
 *
 *     s0 ... s7, f0 ... f7    stroke, fill of palette colour 0 ... 7
 *     grid, axis              grey lines; text is grey too, 13 units high
 *     chart (on a g)          text grows on a phone, where the drawing shrinks: leave room for 16 units */

extern const char cli_page_style[]; /* CSS (page_style.c) */
enum { CLI_PALETTE = 8 };

/* Begins a figure, a card with an SVG of this size, which the caller writes to p->to. It is scaled to the width of the
 * card, some 330 to 560 pixels. Screen readers read title and description. Consecutive cards are placed side by side if
 * there is room. */
void cli_page_figure(cli_page *p, const char *title, const char *description, double width, double height);
void cli_page_drawing_end(cli_page *p); /* required; what follows is below the drawing */
/* The table of numbers, if it is not empty, can be opened below the drawing. caption: a line below them, or NULL. */
void cli_page_figure_end(cli_page *p, const char *caption, const cli_sheet *numbers);

#endif
