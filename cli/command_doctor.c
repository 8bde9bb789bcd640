/* command_doctor.c: tacet doctor: what a question about speed or results begins with. */
#include "command.h"

#include <unistd.h>

static size_t machine(const void *nothing, char *text, size_t capacity)
{
    (void)nothing;
    return tacet_machine(text, capacity);
}

/* Where Debian's packages put what the examples train on. */
static void data(void)
{
    static const char *const path[] = {"/usr/share/datasets/fashion-mnist"};
    for (size_t i = 0; i < sizeof path / sizeof *path; i++)
        printf("data: %s %s\n", path[i],
               access(path[i], R_OK) == 0 ? "found" : "not found (apt-get install dataset-fashion-mnist)");
}

static tacet_status run(const cli_args *a)
{
    int threads;
    tacet_status s = cli_threads(a, &threads);
    if (s != TACET_OK) return s;
    cli_print(stdout, "%s", cli_text_of(a->arena, machine, NULL));
    printf("threads: %d\n", threads);
    data();
    return TACET_OK;
}

const cli_command cli_command_doctor = {
    .name = "doctor",
    .operands = "",
    .brief = "Show what this program and this machine are",
    .doc = "Prints the version, compiler flags, CPU features, the BLAS and its core type, how many threads a run "
           "would use, and which data are installed.",
    .run = run,
};
