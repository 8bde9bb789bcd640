/* command.h: the contract of a command. ONE COMMAND = ONE FILE, and one line in commands.def.
 *
 * A command says in tables what may follow it; parsing, --help and the manual are loops over them. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli.h"

typedef struct cli_option {
    const char *name;     /* "threads"; a table ends with NULL */
    char letter;          /* 0: none */
    const char *argument; /* "N"; NULL: a flag */
    const char *doc;
    bool many; /* may be given more than once */
} cli_option;

typedef struct cli_given {
    const cli_option *option;
    const char *value; /* NULL for a flag */
} cli_given;

typedef struct cli_args {
    cli_arena *arena;
    const char *program; /* as it was called */
    int operands, count;
    const char **operand;
    cli_given *given; /* in the order of the command line */
} cli_args;

typedef struct cli_command {
    const char *name, *operands, *brief; /* "train", "CONFIG", one line */
    const char *doc;                     /* a paragraph */
    int least, most;                     /* operands */
    bool keys;                           /* reads a configuration: help lists its keys */
    const cli_option *option;
    tacet_status (*run)(const cli_args *a); /* the exit code; may be 130 or 143 */
} cli_command;

int cli_command_count(void);
const cli_command *cli_command_at(int i);

/* The value of an option, NULL where it is not given; a flag's value is "". */
const char *cli_given_value(const cli_args *a, const char *name);

/* Cuts what follows the command's name by its tables. *help: --help was among it. */
tacet_status cli_args_read(const cli_command *c, int argc, char **argv, cli_args *a, bool *help);

/* The help of one command, and of the program (c NULL). The manual page, in the man macros, of all of it. */
void cli_help(FILE *to, const cli_command *c);
void cli_manual(FILE *to);

/* Options that several commands have. */
// clang-format off
#define CLI_OPTION_THREADS \
    {"threads", 0, "N", "Work on N threads; the cores there are, if not given. The result is the same", false}
#define CLI_OPTION_JSON \
    {"json", 0, NULL, "Print the figures as one JSON object, the last line of standard output", false}
#define CLI_OPTION_QUIET \
    {"quiet", 'q', NULL, "Say nothing on standard error but warnings and errors", false}
#define CLI_OPTION_SET \
    {"set", 0, "KEY=VALUE", \
     "Set a key of the configuration (train.epochs=3), or an attribute of a description (optimizer.lr=0.05)", true}
#define CLI_OPTION_PENALTY \
    {"penalty", 0, "SELECTOR: PENALTY", "Add a penalty to those of the file: 'relu1: l1 1e-4'", true}
#define CLI_OPTION_NO_PENALTIES \
    {"no-penalties", 0, NULL, "Drop the penalties of the file", false}
// clang-format on

/* --threads, or the cores that this process may use. */
tacet_status cli_threads(const cli_args *a, int *threads);

#endif
