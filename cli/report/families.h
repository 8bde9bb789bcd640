/* families.h: line charts over epochs, of which a report has many: all of one make. */
#ifndef CLI_FAMILIES_H
#define CLI_FAMILIES_H

#include "report/chart.h"
#include "report/run_set.h"

/* What a line shows: the figure `key`, of the end of epoch i of a run, or of a line between epochs (step); NAN: nothing.
 * name: of the term or layer. */
typedef double (*cli_measure)(const cli_record *r, size_t i, const char *name, const char *key);
typedef double (*cli_step_measure)(const cli_record *r, const tc_json *step, const char *name, const char *key);

typedef enum cli_dash { CLI_SOLID, CLI_DASHED, CLI_DOTTED } cli_dash;

typedef struct cli_line {
    const char *name; /* "training" */
    cli_measure of;
    const char *key;
    cli_dash dash;
} cli_line;

enum { CLI_LINES = 3 };

/* Several runs: a chart a name, its lines in the colours of the runs. One run: the same, its lines in colours of their own
 * (apart); or one chart for all names, each in a colour. */
typedef struct cli_family {
    const char *list;  /* "terms", "layers": where names are from; NULL: there is one, and it is the title */
    const char *title; /* of the charts; of one for one name "title · NAME", or (NULL) the name */
    const char *y_name;
    cli_line line[CLI_LINES]; /* up to one without a name */
    cli_step_measure step;    /* the first line's figure between epochs, behind it where there is one run; or NULL */
    bool apart, y_log, y_zero;
    bool changing; /* only what changes at all */
    const char *(*note)(cli_run_set *s, const char *name);
} cli_family;

void cli_family_draw(cli_run_set *s, const cli_family *f);

/* Draws a chart, in the section that is to begin, unless there is no number in it. */
void cli_set_chart(cli_run_set *s, const cli_chart *c);

#endif
