/* command.h: the contract of a command. ONE COMMAND = ONE FILE, and one line in commands.def.
 *
 * A command declares its options and operands in tables; parsing, --help and the manual page are loops over them. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "run_folder.h"

typedef struct cli_option {
    const char *name;     /* "threads"; a table ends with NULL */
    char letter;          /* or 0 */
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
    const struct cli_command *command;
    const char *program; /* argv[0] */
    int threads;         /* --threads, otherwise the cores that this process may use */
    int operands, count;
    const char **operand;
    cli_given *given; /* in the order of the command line */
} cli_args;

typedef struct cli_command {
    const char *name, *operands, *brief; /* "train", "CONFIG", one line */
    const char *doc;                     /* a paragraph */
    int least, most;                     /* operands */
    bool keys;                           /* reads a configuration: the help lists its keys */
    bool outlives;                       /* goes on, and succeeds, even if nobody reads its output any more */
    const cli_option *option;
    tacet_status (*run)(const cli_args *a); /* the exit code; after a signal 128 + its number */
} cli_command;

extern const cli_command *const cli_command_table[]; /* ends with NULL */

/* The value of an option, or NULL if it is not given; the value of a flag is "". */
const char *cli_given_value(const cli_args *a, const char *name);

/* The value of an option as a whole number from 1 to `most`; without the option, *to does not change. */
tacet_status cli_given_count(const cli_args *a, const char *name, int most, int *to);

/* Names the folder of a command that has --out and --resume: the one given, otherwise a new one under `under`. */
tacet_status cli_given_folder(const cli_args *a, const char *under, cli_folder *f);

/* Reads the arguments after the name of the command according to its tables. *help: --help was given. */
tacet_status cli_args_read(int argc, char **argv, cli_args *a, bool *help);

/* Print the help of a command (c NULL: of the program), and the manual page of the whole program in man macros. */
void cli_help(FILE *to, const cli_command *c);
void cli_manual(FILE *to);

/* From now on, a data file that becomes shorter while it is mapped ends the program with a message that names it. */
void cli_watch_files(void);

/* Options that several commands share. */
// clang-format off
#define CLI_OPTION_THREADS \
    {"threads", 0, "N", "Use N threads (default: the available cores). The result does not depend on it", false}
#define CLI_OPTION_JSON \
    {"json", 0, NULL, "Print the figures as one JSON object, on the last line of standard output", false}
#define CLI_OPTION_QUIET \
    {"quiet", 'q', NULL, "Print only warnings and errors on standard error", false}
#define CLI_OPTION_SET \
    {"set", 0, "KEY=VALUE", \
     "Set a key of the configuration (train.epochs=3), or an attribute of a description (optimizer.lr=0.05)", true}
#define CLI_OPTION_PENALTY \
    {"penalty", 0, "SELECTOR: PENALTY", "Add a penalty to those in the file: 'relu1: l1 1e-4'", true}
#define CLI_OPTION_NO_PENALTIES \
    {"no-penalties", 0, NULL, "Ignore the penalties in the file", false}
// clang-format on

#endif
