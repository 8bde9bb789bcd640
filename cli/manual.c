/* manual.c: the manual page, docs/tacet.1, from the same tables as the help: tacet --manual > docs/tacet.1 */
#include "command.h"
#include "config.h"

#include <ctype.h>
#include <string.h>

/* Text in which roff sees nothing of its own. */
static void text(FILE *to, const char *s)
{
    if (*s == '.' || *s == '\'') fputs("\\&", to);
    for (; *s; s++) {
        if (*s == '\\')
            fputs("\\e", to);
        else if (*s == '-')
            fputs("\\-", to);
        else
            fputc(*s, to);
    }
}

static void line(FILE *to, const char *s)
{
    text(to, s);
    fputc('\n', to);
}

/* A term in bold, what follows it in italics, and its paragraph. */
static void term(FILE *to, const char *name, const char *argument, const char *doc)
{
    fputs(".TP\n\\fB", to);
    text(to, name);
    fputs("\\fR", to);
    if (argument && *argument) {
        fputs(" \\fI", to);
        text(to, argument);
        fputs("\\fR", to);
    }
    fputc('\n', to);
    line(to, doc);
}

static void command(FILE *to, const cli_command *c)
{
    fprintf(to, ".SS tacet %s ", c->name);
    line(to, c->operands);
    line(to, c->doc);
    for (const cli_option *o = c->option; o && o->name; o++) {
        char name[80];
        snprintf(name, sizeof name, "--%s%s%c", o->name, o->letter ? ", -" : "", o->letter);
        term(to, name, o->argument, o->doc);
    }
}

static void keys(FILE *to)
{
    fputs(".SH CONFIGURATION\n", to);
    line(to,
         "A YAML file of these keys; a dot stands for a level (train: {epochs: 5}). A key that begins with * or [ must "
         "be quoted. A text in the small language is name [positional ...] [key=value ...] [flag ...]; tacet ops lists "
         "the names.");
    for (int i = 0; i < CLI_KEYS; i++) {
        const cli_key *k = &cli_key_table[i];
        term(to, k->name, k->type->name, k->doc);
        if (!k->value || *k->value) fputs(".br\n", to);
        if (!k->value) line(to, "Must be given.");
        if (k->value && *k->value) {
            fputs("Default: ", to);
            line(to, k->value);
        }
    }
}

static void codes(FILE *to)
{
    static const char *const code[][2] = {
        {"0", "All went well."},
        {"1", "The run failed: the data do not fit the network, say."},
        {"2", "A mistake in the usage, in the configuration or in a description."},
        {"3", "A file was refused: truncated, mislabelled, lying about its size."},
        {"4", "Out of memory."},
        {"5", "The system could not open, read or write a file."},
        {"6", "The objective or a gradient was not a number. The checkpoint keeps the weights before that step."},
        {"130, 143", "Ended by Ctrl-C or SIGTERM, after a checkpoint."},
    };
    fputs(".SH EXIT STATUS\n", to);
    for (size_t i = 0; i < sizeof code / sizeof *code; i++) term(to, code[i][0], NULL, code[i][1]);
}

static void files(FILE *to)
{
    static const char *const file[][2] = {
        {"config.yaml", "The configuration as resolved: with defaults and what the command line changed."},
        {"run.json", "What was run, where and when, whether it ended, and the figures that it ended with."},
        {"metrics.jsonl",
         "One JSON object an epoch and every train.log steps. On resume it is cut back to the checkpoint."},
        {"checkpoint.safetensors", "All that the rest of the run depends on."},
        {"model.safetensors", "The network as it was at the end of the last epoch, or of the run."},
        {"best.safetensors", "Where there is validation: the network of the epoch with the lowest data loss there."},
        {"report.html", "The run as a page to look at, by itself; tacet report writes it anew."},
    };
    fputs(".SH FILES\n", to);
    line(to, "A run folder holds:");
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) term(to, file[i][0], NULL, file[i][1]);
}

void cli_manual(FILE *to)
{
    fprintf(to, ".\\\" Written by tacet --manual from the program's tables; do not edit.\n");
    fprintf(to, ".TH TACET 1 \"\" \"tacet %s\" \"User Commands\"\n", tacet_version());
    fputs(".SH NAME\ntacet \\- train neural networks in which any value can carry a penalty\n", to);
    fputs(".SH SYNOPSIS\n", to);
    for (int i = 0; i < cli_command_count(); i++) {
        const cli_command *c = cli_command_at(i);
        fprintf(to, "%s\\fBtacet %s\\fR [\\fIOPTION\\fR ...] ", i ? ".br\n" : "", c->name);
        line(to, c->operands);
    }
    fputs(".SH DESCRIPTION\n", to);
    line(to, "Tacet trains neural networks in which any layer's activations or weights can carry a penalty of their "
             "own, and shows what the penalty did. Data go to standard output, all else to standard error.");
    fputs(".SH COMMANDS\n", to);
    for (int i = 0; i < cli_command_count(); i++) command(to, cli_command_at(i));
    keys(to);
    files(to);
    fputs(".SH ENVIRONMENT\n", to);
    term(to, "NO_COLOR", NULL, "If set and not empty, no colours.");
    codes(to);
}
