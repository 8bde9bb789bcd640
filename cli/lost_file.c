/* lost_file.c: what to say when a data file becomes shorter while it is mapped, or a disk fails under it: the kernel then
 * sends SIGBUS, and nothing can be done but to name the file. Only calls that are safe in a signal handler are used
 * (POSIX, 2.4.3); which file it is comes from /proc/self/maps, a line for each mapping:
 *
 *     7f3c5a000000-7f45aa6c3000 r--s 00000000 fe:00 1704092                    /home/me/x.npy */
#include "command.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { LINE = PATH_MAX + 256 };

static void say(const char *text) { (void)!write(STDERR_FILENO, text, strlen(text)); }

/* The next line, without its end; false at the end of the file. */
static bool next_line(int file, char line[LINE])
{
    size_t n = 0;
    char c;
    while (read(file, &c, 1) == 1 && c != '\n')
        if (n + 1 < LINE) line[n++] = c;
    line[n] = '\0';
    return n > 0;
}

static char *hexadecimal(char *at, uintptr_t *to)
{
    const char digits[] = "0123456789abcdef", *digit;
    for (*to = 0; *at && (digit = strchr(digits, *at)) != NULL; at++) *to = *to * 16 + (uintptr_t)(digit - digits);
    return at;
}

/* The path of the file that is mapped at the address, in `line`; NULL: no file is mapped there. */
static char *file_at(uintptr_t address, char line[LINE])
{
    const int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    char *path = NULL;
    while (maps >= 0 && !path && next_line(maps, line)) {
        uintptr_t begin, end;
        char *rest = hexadecimal(line, &begin);
        if (*rest != '-') break;
        rest = hexadecimal(rest + 1, &end);
        if (address >= begin && address < end) path = strchr(rest, '/');
    }
    return path;
}

/* An error that has nothing to do with a file occurs again after the return, and then ends the program. */
static void on_signal(int number, siginfo_t *about, void *context)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;
    (void)context;
    while (atomic_flag_test_and_set(&said)) pause(); /* another thread read a lost row too, and ends the program */
    char line[LINE];
    char *path = file_at((uintptr_t)about->si_addr, line);
    if (!path) {
        atomic_flag_clear(&said);
        signal(number, SIG_DFL);
        return;
    }
    say("\ntacet: ");
    say(tc_tame(path, ""));
    say(": became shorter while it was being read, or its disk failed\n    write new data to another file and rename it "
        "to this name; tacet train --resume continues a run from its last checkpoint\n");
    _exit(TACET_IO);
}

void cli_watch_files(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
}
