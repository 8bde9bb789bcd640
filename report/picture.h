/* picture.h: pixels in a figure, as a PNG that is embedded in the SVG. */
#ifndef CLI_PICTURE_H
#define CLI_PICTURE_H

#include "report/page.h"

/* 8 bits each of red, green, blue and opacity per pixel, row by row. The page shows through transparent pixels. */
typedef struct cli_picture {
    int width, height;
    unsigned char *rgba; /* [height, width, 4] */
} cli_picture;

cli_picture cli_picture_new(cli_arena *a, int width, int height); /* all transparent */

/* Paints one pixel for a number from -1 to 1: blue above 0, orange below, fainter near 0; 0 is transparent. */
void cli_picture_set(cli_picture *c, int x, int y, double value);

/* Writes <image ...> at a position in the figure, with sharp pixels. */
void cli_picture_write(cli_page *p, const cli_picture *c, double x, double y, double width, double height);

#endif
