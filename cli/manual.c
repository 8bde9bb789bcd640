/* manual.c: the manual page docs/tacet.1, printed from the same tables as the help: tacet --manual > docs/tacet.1 */
#include "command.h"
#include "config.h"

#include <ctype.h>
#include <string.h>

/* Prints text, escaping the characters that roff would interpret. */
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

/* Prints a term in bold, its argument in italics, and the paragraph that explains it. */
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
         "A YAML file of these keys; a dot separates levels (train: {epochs: 5}). A key that begins with * or [ must "
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

typedef struct entry {
    const char *name, *doc;
} entry;

static const entry codes[] = {
    {"0", "Success."},
    {"1", "The run failed: for example, the data do not fit the network; or a run of a sweep was killed."},
    {"2", "A mistake in the usage, in the configuration or in a description."},
    {"3", "A file was refused: truncated, in the wrong format, or not of the size that it claims."},
    {"4", "Out of memory, or the system refuses a thread."},
    {"5", "The system could not open, read or write a file."},
    {"6", "The objective or a gradient was not finite. The checkpoint has the weights before that step."},
    {"128 + N",
     "Stopped by signal N, after writing a checkpoint: 130 by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP (the terminal was "
     "closed; with nohup a run goes on), and by SIGUSR1, SIGUSR2 or SIGXCPU, which batch systems send before the end of "
     "a job's time. A second Ctrl-C or SIGTERM ends the program at once. If nobody reads its output any more, a run or "
     "a sweep goes on, and its code is that of the work."},
    {0},
};

static const entry files[] = {
    {"config.yaml", "The resolved configuration, with defaults and with the changes made on the command line."},
    {"run.json", "What was run, where and when, whether it ended, and its final figures."},
    {"metrics.jsonl",
     "One JSON object per epoch, and one every train.log steps. A resume cuts it back to the checkpoint."},
    {"checkpoint.safetensors", "Everything that the rest of the run depends on."},
    {"model.safetensors", "The network at the end of the last epoch, or of the run."},
    {"model.ema.safetensors", "With train.ema: the same network with the averages of its weights."},
    {"best.safetensors", "With validation: the network of the epoch that is the best by train.metric."},
    {"samples.safetensors", "If layers with silent units are images: what they make of a few samples, for report.html."},
    {"report.html", "A self-contained page about the run; tacet report writes it again."},
    {"events.out.tfevents.*",
     "With --tensorboard: figures and histograms over steps, for TensorBoard. A resumed run adds a file."},
    {0},
};

static void entries(FILE *to, const entry *e)
{
    for (; e->name; e++) term(to, e->name, NULL, e->doc);
}

void cli_manual(FILE *to)
{
    fprintf(to, ".\\\" Written by tacet --manual from the program's tables; do not edit.\n");
    fprintf(to, ".TH TACET 1 \"\" \"tacet %s\" \"User Commands\"\n", tacet_version());
    fputs(".SH NAME\ntacet \\- train neural networks in which any value can carry a penalty\n", to);
    fputs(".SH SYNOPSIS\n", to);
    for (const cli_command *const *c = cli_command_table; *c; c++) {
        fprintf(to, "%s\\fBtacet %s\\fR [\\fIOPTION\\fR ...] ", c > cli_command_table ? ".br\n" : "", (*c)->name);
        line(to, (*c)->operands);
    }
    fputs(".SH DESCRIPTION\n", to);
    line(to, "Tacet trains neural networks with penalties on any layer's activations or weights, and shows what each "
             "penalty did. Data go to standard output, everything else to standard error.");
    fputs(".SH COMMANDS\n", to);
    for (const cli_command *const *c = cli_command_table; *c; c++) command(to, *c);
    keys(to);
    fputs(".SH FILES\n", to);
    line(to, "A run folder contains:");
    entries(to, files);
    fputs(".SH ENVIRONMENT\n", to);
    term(to, "NO_COLOR", NULL, "If set and not empty, output has no colours.");
    fputs(".SH EXIT STATUS\n", to);
    entries(to, codes);
}
