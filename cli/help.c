/* help.c: the help, printed from the tables. */
#include "command.h"
#include "config.h"

#include <string.h>

enum { WIDTH = 100, DOCS = 26 };

static void entry(FILE *to, const char *term, const char *doc)
{
    int at = fprintf(to, "  %s", term);
    if (at > DOCS - 2) {
        fputc('\n', to);
        at = 0;
    }
    cli_wrap(to, doc, at, DOCS, WIDTH);
}

static void options(FILE *to, const cli_command *c)
{
    fprintf(to, "\nOptions:\n");
    for (const cli_option *o = c->option; o && o->name; o++) {
        char term[80];
        snprintf(term, sizeof term, "--%s%s%s%s%c", o->name, o->argument ? " " : "", o->argument ? o->argument : "",
                 o->letter ? ", -" : "", o->letter);
        entry(to, term, o->doc);
    }
    entry(to, "--help, -h", "Print this help");
}

static void keys(FILE *to)
{
    fprintf(to, "\nKeys of the configuration (YAML; a dot separates levels: train: {epochs: 5}):\n");
    for (int i = 0; i < CLI_KEYS; i++) {
        const cli_key *k = &cli_key_table[i];
        char doc[512];
        const char *given = !k->value ? " (must be given)" : *k->value ? " (default: " : "";
        snprintf(doc, sizeof doc, "%s: %s%s%s%s", k->type->name, k->doc, given, k->value ? k->value : "",
                 k->value && *k->value ? ")" : "");
        entry(to, k->name, doc);
    }
}

static void program(FILE *to)
{
    fprintf(to, "Usage: tacet COMMAND ...\n\n");
    cli_wrap(to,
             "Trains neural networks with penalties on any activations or weights, and shows what each penalty did.", 0,
             0, WIDTH);
    fprintf(to, "\nCommands:\n");
    for (const cli_command *const *c = cli_command_table; *c; c++) {
        char term[80];
        snprintf(term, sizeof term, "%s %s", (*c)->name, (*c)->operands);
        entry(to, term, (*c)->brief);
    }
    fprintf(to, "\nOptions:\n");
    entry(to, "--help, -h", "Print this help; after a command, the help of that command");
    entry(to, "--version", "Print the version");
}

void cli_help(FILE *to, const cli_command *c)
{
    if (!c) {
        program(to);
        return;
    }
    fprintf(to, "Usage: tacet %s [OPTION ...]%s%s\n\n", c->name, *c->operands ? " " : "", c->operands);
    cli_wrap(to, c->doc, 0, 0, WIDTH);
    options(to, c);
    if (c->keys) keys(to);
}
