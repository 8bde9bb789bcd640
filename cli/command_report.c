/* command_report.c: tacet report RUN ... */
#include "command.h"
#include "report/report.h"
#include "run_folder.h"

static const cli_option option[] = {
    {"out", 0, "FILE", "The page; RUN/report.html if not given, of several runs report.html in the current folder",
     false},
    {0},
};

static tacet_status run(const cli_args *a)
{
    const char *out = cli_given_value(a, "out");
    cli_folder folder;
    cli_folder_name(a->arena, a->operand[0], &folder);
    if (!out) out = a->operands > 1 ? "report.html" : folder.report;
    tacet_status s = cli_report_write(a->arena, a->operands, a->operand, out);
    if (s == TACET_OK) fprintf(stderr, "to look at it: %s\n", out);
    return s;
}

enum { RUNS = 1000 };

const cli_command cli_command_report = {
    .name = "report",
    .operands = "RUN [RUN ...]",
    .brief = "Write a page that shows a run, or compares several",
    .doc =
        "Reads the folders of runs and writes one HTML page, which needs nothing but itself: what was trained, the data "
        "loss, each penalty, how many units fire and how often, what penalties weigh, the time of a step. Of several "
        "runs it shows first in what their configurations differ, and draws them over one another. A run writes its "
        "own page at its end; one that still goes on has what is finished of it.",
    .least = 1,
    .most = RUNS,
    .option = option,
    .run = run,
};
