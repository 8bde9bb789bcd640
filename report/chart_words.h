/* chart_words.h: a chart in words and as a table, for those who cannot see it. */
#ifndef CLI_CHART_WORDS_H
#define CLI_CHART_WORDS_H

#include "report/chart.h"

/* Whether point i can be drawn. */
bool cli_chart_shows(const cli_series *s, int i);
double cli_chart_x(const cli_series *s, int i);

/* "loss over epoch. training: from 0.61 to 0.30, between 0.30 and 0.61. ..." */
const char *cli_chart_words(cli_arena *a, const cli_chart *c);

/* "epoch 3; training 0.41": a point of a series, for its tooltip. */
const char *cli_chart_point_words(cli_arena *a, const cli_chart *c, const cli_series *s, int i);

/* The numbers, thinned out if there are many. */
cli_sheet cli_chart_table(cli_arena *a, const cli_chart *c);

#endif
