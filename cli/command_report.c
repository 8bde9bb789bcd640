/* command_report.c: tacet report RUN ... */
#include "command.h"
#include "report/report.h"
#include "run_folder.h"

static const cli_option option[] = {
    {"out", 0, "FILE", "The page (default: RUN/report.html; for several runs, report.html in the current folder)",
     false},
    {0},
};

static tacet_status run(const cli_args *a)
{
    const char *out = cli_given_value(a, "out");
    cli_folder folder;
    cli_folder_name(a->arena, a->operand[0], &folder);
    if (!out) out = a->operands > 1 ? "report.html" : folder.report;
    bool written;
    const tacet_status s = cli_report_write(a->arena, a->operands, a->operand, out, &written);
    if (written) cli_print(cli_log(), "report: %s\n", out);
    return s;
}

const cli_command cli_command_report = {
    .name = "report",
    .operands = "RUN [RUN ...]",
    .brief = "Write a page that shows a run, or compares several",
    .doc =
        "Reads the folders of runs and writes one self-contained HTML page: what was trained, the data loss, each "
        "penalty, how many units fire and how often, the weight of each penalty, the time of a step. For several runs "
        "it first shows how their configurations differ, and draws their curves in the same charts. A run writes its "
        "page when it ends; the page of a run in progress shows the epochs so far. If a part cannot be read, the page says "
        "at its place what is missing and why, and the exit code is not 0.",
    .least = 1,
    .most = 1000,
    .option = option,
    .run = run,
};
