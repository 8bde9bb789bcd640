/* picture.h: pixels in a figure: a PNG inside an SVG image, so that a page holds its pictures itself. */
#ifndef CLI_PICTURE_H
#define CLI_PICTURE_H

#include "report/page.h"

/* 8 bits red, green, blue, opacity a pixel, row by row; what is transparent shows the page. */
typedef struct cli_picture {
    int width, height;
    unsigned char *rgba; /* [height, width, 4] */
} cli_picture;

cli_picture cli_picture_new(cli_arena *a, int width, int height); /* all transparent */

/* Paints one pixel by a number from -1 to 1: blue above 0, orange below, the nearer to 0 the fainter; 0 is the page. */
void cli_picture_set(cli_picture *c, int x, int y, double value);

/* Writes <image ...> at a place of the figure, pixels with sharp edges. */
void cli_picture_write(cli_page *p, const cli_picture *c, double x, double y, double width, double height);

#endif
