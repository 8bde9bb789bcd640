/* picture.h: pixels in a figure, as a PNG that is embedded in the SVG. */
#ifndef CLI_PICTURE_H
#define CLI_PICTURE_H

#include "report/page.h"

/* 8 bits each of red, green, blue and opacity per pixel, row by row. The page shows through transparent pixels. */
typedef struct cli_picture {
    int width, height;
    unsigned char *rgba; /* [height, width, 4] */
    bool own;            /* has colours of its own, which are the same in light and dark (cli_picture_colour) */
} cli_picture;

cli_picture cli_picture_new(cli_arena *a, int width, int height); /* all transparent */

/* Paints one pixel for a number from -1 to 1: blue above 0, orange below, fainter near 0; 0 is transparent. */
void cli_picture_set(cli_picture *c, int x, int y, double value);

/* Paints one pixel of a picture in a colour of its own, each part from 0 to 1. */
void cli_picture_colour(cli_picture *c, int x, int y, double red, double green, double blue);

/* Writes <image ...> at a position in the figure, with sharp pixels. */
void cli_picture_write(cli_page *p, const cli_picture *c, double x, double y, double width, double height);

#endif
