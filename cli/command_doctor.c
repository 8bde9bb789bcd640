/* command_doctor.c: tacet doctor: the facts to look at first when speed or results are in question. */
#include "command.h"
#include "run_folder.h"

/* Where the Debian package installs the data that the examples train on. */
static const char data[] = "/usr/share/datasets/fashion-mnist";

static tacet_status run(const cli_args *a)
{
    bool there;
    cli_print(stdout, "%s", cli_machine(a->arena));
    printf("threads: %d\n", a->threads);
    const tacet_status s = cli_folder_holds(data, &there);
    if (s == TACET_OK)
        printf("data: %s %s\n", data, there ? "found" : "not found (apt-get install dataset-fashion-mnist)");
    return s;
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
