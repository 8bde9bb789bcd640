/* planted.c: reads a number from one file and writes it into another, with a mistake that the driver must find. The
 * first argument names the mistake; "none" has none. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is(const char *mistake, const char *name) { return strcmp(mistake, name) == 0; }

static int fail(const char *mistake, const char *file, int error)
{
    const char *why = error == ENOMEM ? "out of memory" : is(mistake, "untrue") ? "it is empty" : strerror(error);
    if (!is(mistake, "silent")) fprintf(stderr, "planted: %s: %s\n", is(mistake, "nameless") ? "a file" : file, why);
    return is(mistake, "code") ? 3 : error == ENOMEM ? 4 : 5;
}

static int read_number(const char *mistake, int *number)
{
    errno = 0;
    FILE *in = fopen("number.txt", "r");
    if (!in) return fail(mistake, "number.txt", errno);
    const bool ok = fscanf(in, "%d", number) == 1;
    const int error = errno;
    fclose(in);
    return ok || is(mistake, "answer") ? 0 : fail(mistake, "number.txt", error);
}

static int write_number(const char *mistake, int number)
{
    const char *path = is(mistake, "half") ? "copy.json" : "copy.json.tmp";
    FILE *out = fopen(path, "w");
    if (!out) return fail(mistake, "copy.json", errno);
    fprintf(out, "[%d", number);
    if (is(mistake, "half")) fflush(out);
    fprintf(out, "]\n");
    bool ok = fflush(out) == 0;
    ok = fclose(out) == 0 && ok;
    if (!ok && is(mistake, "careless")) ok = true;
    if (ok && !is(mistake, "half")) ok = rename(path, "copy.json") == 0;
    const int error = errno;
    if (!ok && !is(mistake, "left") && !is(mistake, "half")) unlink(path);
    return ok ? 0 : fail(mistake, "copy.json", error);
}

int main(int argc, char **argv)
{
    const char *mistake = argc > 1 ? argv[1] : "none";
    signal(SIGXFSZ, SIG_IGN);
    int number = 0, *copy = malloc(sizeof number);
    while (!copy && is(mistake, "hang")) usleep(1000);
    if (!copy && !is(mistake, "crash")) return fail(mistake, "number.txt", ENOMEM);
    *copy = 0;
    int code = read_number(mistake, copy);
    if (code == 0) code = write_number(mistake, *copy);
    free(copy);
    return code;
}
