/* arguments.c: cuts a command line by the tables of its command. */
#define _GNU_SOURCE /* sched_getaffinity: the cores that we may use, not those that there are */
#include "command.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#define COMMAND(name) extern const cli_command cli_command_##name;
#include "commands.def"
#undef COMMAND

static const cli_command *const table[] = {
#define COMMAND(name) &cli_command_##name,
#include "commands.def"
#undef COMMAND
};

int cli_command_count(void) { return (int)(sizeof table / sizeof *table); }
const cli_command *cli_command_at(int i) { return table[i]; }

const char *cli_given_value(const cli_args *a, const char *name)
{
    for (int i = 0; i < a->count; i++)
        if (strcmp(a->given[i].option->name, name) == 0) return a->given[i].value ? a->given[i].value : "";
    return NULL;
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

static tacet_status usage(const cli_command *c, cli_arena *a, const char *message)
{
    return cli_fail_hint(TACET_DESCRIPTION, cli_format(a, "see tacet %s --help", c->name), "%s", message);
}

/* One option that begins at argv[i]; moves i over its value. */
static tacet_status read_option(const cli_command *c, int argc, char **argv, int *i, cli_args *a)
{
    const char *word = argv[*i];
    size_t n = word[1] == '-' ? strcspn(word, "=") : strlen(word);
    const cli_option *o = find(c, word, n);
    const char *name = cli_copy(a->arena, word, n), *value = word[n] ? word + n + 1 : NULL;
    if (!o) {
        const char *near = word[1] == '-' ? tc_nearest(name + 2, option_name, c) : NULL;
        const char *hint = near ? cli_format(a->arena, "did you mean --%s?", near)
                                : cli_format(a->arena, "see tacet %s --help", c->name);
        return cli_fail_hint(TACET_DESCRIPTION, hint, "unknown option '%s' of tacet %s", name, c->name);
    }
    if (!o->argument && value) return usage(c, a->arena, cli_format(a->arena, "%s takes no value", name));
    if (o->argument && !value && *i + 1 < argc) value = argv[++*i];
    if (o->argument && (!value || !*value))
        return usage(c, a->arena, cli_format(a->arena, "%s needs a value: %s", name, o->argument));
    for (int j = 0; j < a->count && !o->many; j++)
        if (a->given[j].option == o && o->argument)
            return usage(c, a->arena, cli_format(a->arena, "%s is given twice", name));
    a->given[a->count++] = (cli_given){o, value};
    return TACET_OK;
}

tacet_status cli_args_read(const cli_command *c, int argc, char **argv, cli_args *a, bool *help)
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
            s = read_option(c, argc, argv, &i, a);
        else if (a->operands == c->most)
            s = usage(c, a->arena, cli_format(a->arena, "'%s' is one operand too many", word));
        else
            a->operand[a->operands++] = word;
        if (s != TACET_OK) return s;
    }
    if (a->operands < c->least) return usage(c, a->arena, cli_format(a->arena, "%s is missing", c->operands));
    return TACET_OK;
}

tacet_status cli_threads(const cli_args *a, int *threads)
{
    const char *text = cli_given_value(a, "threads");
    int64_t n = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) n = CPU_COUNT(&set);
#endif
    if (text && (!tacet_spec_number("int", text, NULL, &n) || n < 1 || n > 1024))
        return cli_fail(TACET_DESCRIPTION, "--threads is a whole number from 1 to 1024, not '%s'", text);
    *threads = n < 1 ? 1 : n > 1024 ? 1024 : (int)n;
    return TACET_OK;
}
