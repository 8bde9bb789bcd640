/* command_doctor.c: tacet doctor: the facts to look at first when speed or results are in question. */
#include "command.h"

#include <unistd.h>

/* Where the Debian package installs the data that the examples train on. */
static const char data[] = "/usr/share/datasets/fashion-mnist";

static tacet_status run(const cli_args *a)
{
    cli_print(stdout, "%s", cli_machine(a->arena));
    printf("threads: %d\n", a->threads);
    printf("data: %s %s\n", data,
           access(data, R_OK) == 0 ? "found" : "not found (apt-get install dataset-fashion-mnist)");
    return TACET_OK;
}

const cli_command cli_command_doctor = {
    .name = "doctor",
    .operands = "",
    .brief = "Describe this program and this machine",
    .doc =
        "Prints the version, the compiler flags, the CPU features, the BLAS and its core type, the number of threads "
        "that a run would use, and which data are installed.",
    .run = run,
};
