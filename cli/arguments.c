/* arguments.c: parses a command line according to the tables of its command. */
#define _GNU_SOURCE /* sched_getaffinity: the cores that this process may use, not all cores of the machine */
#include "command.h"
#include "config.h"

#include "base/nearest.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#define COMMAND(name) extern const cli_command cli_command_##name;
#include "commands.def"
#undef COMMAND

const cli_command *const cli_command_table[] = {
#define COMMAND(name) &cli_command_##name,
#include "commands.def"
#undef COMMAND
    NULL,
};

const char *cli_given_value(const cli_args *a, const char *name)
{
    for (int i = 0; i < a->count; i++)
        if (strcmp(a->given[i].option->name, name) == 0) return a->given[i].value ? a->given[i].value : "";
    return NULL;
}

tacet_status cli_given_count(const cli_args *a, const char *name, int most, int *to)
{
    int64_t n = *to;
    const char *text = cli_given_value(a, name);
    if (text && (!tc_written_integer(text, &n) || n < 1 || n > most))
        return cli_fail(TACET_DESCRIPTION, "--%s must be a whole number from 1 to %d, not '%s'", name, most, text);
    *to = (int)n;
    return TACET_OK;
}

static const char *option_name(const void *context, int i)
{
    const cli_command *c = context;
    return c->option ? c->option[i].name : NULL;
}

static const cli_option *find(const cli_command *c, const char *word, size_t n)
{
    for (const cli_option *o = c->option; o && o->name; o++) {
        if (word[1] == '-' ? strlen(o->name) == n - 2 && strncmp(o->name, word + 2, n - 2) == 0
                           : n == 2 && o->letter == word[1])
            return o;
    }
    return NULL;
}

static tacet_status usage(const cli_args *a, const char *message)
{
    return cli_fail_hint(TACET_DESCRIPTION, cli_format(a->arena, "see tacet %s --help", a->command->name), "%s",
                         message);
}

/* An option that does not exist may have been meant as a key of the configuration, --epochs 3 or --lr=0.1. */
static tacet_status refuse_option(const cli_args *a, const char *name, const char *value, const char *next)
{
    const cli_command *c = a->command;
    const bool whole = name[1] == '-';
    const char *meant = whole && find(c, "--set", 5) ? cli_key_meant(a->arena, name + 2) : NULL;
    const char *near = whole ? tc_nearest(name + 2, option_name, c) : NULL;
    const char *message = cli_format(a->arena, "unknown option '%s' of tacet %s", name, c->name), *hint;
    if (!meant && !near) return usage(a, message);
    if (!value) value = next && *next != '-' ? next : "...";
    const char *quote = strchr(value, ' ') ? "'" : "";
    hint = meant ? cli_format(a->arena, "--set %s%s=%s%s", quote, meant, value, quote)
                 : cli_format(a->arena, "did you mean --%s?", near);
    return cli_fail_hint(TACET_DESCRIPTION, hint, "%s", message);
}

/* Whether a word is a long option, and so not the value of the one before it: --resume --quiet. */
static bool is_option(const cli_command *c, const char *word)
{
    return strncmp(word, "--", 2) == 0 && find(c, word, strcspn(word, "="));
}

/* Reads the option at argv[*i], and advances *i if its value is the next argument. */
static tacet_status read_option(int argc, char **argv, int *i, cli_args *a)
{
    const cli_command *c = a->command;
    const char *word = argv[*i];
    size_t n = word[1] == '-' ? strcspn(word, "=") : strlen(word);
    const cli_option *o = find(c, word, n);
    const char *name = cli_copy(a->arena, word, n), *value = word[n] ? word + n + 1 : NULL;
    if (!o) return refuse_option(a, name, value, *i + 1 < argc ? argv[*i + 1] : NULL);
    if (!o->argument && value) return usage(a, cli_format(a->arena, "%s takes no value", name));
    if (o->argument && !value && *i + 1 < argc && !is_option(c, argv[*i + 1])) value = argv[++*i];
    if (o->argument && (!value || !*value))
        return usage(a, cli_format(a->arena, "%s needs a value: %s", name, o->argument));
    for (int j = 0; j < a->count && !o->many; j++)
        if (a->given[j].option == o && o->argument) return usage(a, cli_format(a->arena, "%s is given twice", name));
    a->given[a->count++] = (cli_given){o, value};
    return TACET_OK;
}

/* A data file may have been meant for --data. */
static tacet_status refuse_operand(const cli_args *a, const char *word)
{
    const char *message = cli_format(a->arena, "unexpected operand '%s'", word);
    const char *before = find(a->command, "--data", 6) ? tc_source_of_path(word, strlen(word)) : NULL;
    if (!before) return usage(a, message);
    return cli_fail_hint(TACET_DESCRIPTION, cli_format(a->arena, "--data '%s%s'", before, word), "%s", message);
}

tacet_status cli_given_folder(const cli_args *a, const char *under, cli_folder *f)
{
    const char *out = cli_given_value(a, "out"), *resume = cli_given_value(a, "resume"), *path = out ? out : resume;
    if (out && resume) return usage(a, "--resume DIR continues in DIR; leave out --out");
    if (!resume && a->operands == 0) return usage(a, "CONFIG is missing");
    if (path)
        cli_folder_name(a->arena, path, f);
    else
        cli_folder_new(a->arena, under, a->operand[0], f);
    return TACET_OK;
}

enum { MOST_THREADS = 1024 };

static int cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) n = CPU_COUNT(&set);
#endif
    return n < 1 ? 1 : n > MOST_THREADS ? MOST_THREADS : (int)n;
}

tacet_status cli_args_read(int argc, char **argv, cli_args *a, bool *help)
{
    a->operand = cli_take(a->arena, ((size_t)argc + 1) * sizeof *a->operand);
    a->given = cli_take(a->arena, ((size_t)argc + 1) * sizeof *a->given);
    bool ended = false;
    *help = false;
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            *help = true;
            return TACET_OK;
        }
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        tacet_status s = TACET_OK;
        if (!ended && strcmp(word, "--") == 0)
            ended = true;
        else if (!ended && word[0] == '-' && word[1])
            s = read_option(argc, argv, &i, a);
        else if (a->operands == a->command->most)
            s = refuse_operand(a, word);
        else
            a->operand[a->operands++] = word;
        if (s != TACET_OK) return s;
    }
    if (a->operands < a->command->least) return usage(a, cli_format(a->arena, "%s is missing", a->command->operands));
    a->threads = cores();
    return cli_given_count(a, "threads", MOST_THREADS, &a->threads);
}
