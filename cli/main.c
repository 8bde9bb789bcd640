/* main.c: finds the command and runs it; its status is the exit code. */
#include "command.h"
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char *command_name(const void *context, int i)
{
    (void)context;
    return cli_command_table[i] ? cli_command_table[i]->name : NULL;
}

static tacet_status run(int argc, char **argv, cli_arena *arena, bool *outlives)
{
    const cli_command *const *at = cli_command_table, *c;
    while ((c = *at) != NULL && strcmp(c->name, argv[1]) != 0) at++;
    if (!c) {
        const char *hint = cli_suggest(arena, argv[1], command_name, NULL);
        return cli_fail_hint(TACET_DESCRIPTION, hint ? hint : "see tacet --help", "unknown command '%s'", argv[1]);
    }
    *outlives = c->outlives;
    if (*outlives) signal(SIGPIPE, SIG_IGN);
    cli_args args = {.arena = arena, .command = c, .program = argv[0]};
    bool help;
    tacet_status s = cli_args_read(argc - 2, argv + 2, &args, &help);
    if (s == TACET_OK && help)
        cli_help(stdout, c);
    else if (s == TACET_OK)
        s = c->run(&args);
    return s;
}

/* If the caller has closed a standard stream, the next file to be opened would get its descriptor, and with it all that
 * is printed. /dev/null takes the descriptor instead, opened for reading, so that printing is still an error. */
static void hold_streams(void)
{
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        if (fcntl(i, F_GETFD) < 0) (void)!open("/dev/null", O_RDONLY);
}

/* Whether standard output is a pipe or a terminal that nobody reads any more. */
static bool reader_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP));
}

int main(int argc, char **argv)
{
    hold_streams();
    signal(SIGXFSZ, SIG_IGN); /* beyond ulimit -f, writing is then an error like any other */
    cli_log_begin();
    cli_watch_files();
    cli_arena arena = {0};
    tacet_status s = TACET_OK;
    bool outlives = false;
    FILE *const given = stdout;
    cli_stream out;
    if (!cli_stream_open(&out, STDOUT_FILENO)) return (int)cli_fail(TACET_MEMORY, "out of memory");
    stdout = out.f; /* glibc allows it */
    if (argc < 2) {
        cli_help(cli_log(), NULL);
        s = TACET_DESCRIPTION;
    } else if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        cli_help(stdout, NULL);
    } else if (strcmp(argv[1], "--version") == 0) {
        printf("tacet %s\n", tacet_version());
    } else if (strcmp(argv[1], "--manual") == 0) {
        cli_manual(stdout);
    } else {
        s = run(argc, argv, &arena, &outlives);
    }
    cli_arena_free(&arena);
    const bool printed = cli_stream_flush(&out);
    const int error = errno;
    stdout = given;
    cli_stream_close(&out);
    if (!printed && s == TACET_OK && !(outlives && reader_gone()))
        s = cli_fail(TACET_IO, "cannot write to standard output: %s", strerror(error));
    return (int)s;
}
