/* command_explain.c: tacet explain CONFIG. */
#include "command.h"
#include "job.h"

static const cli_option option[] = {
    CLI_OPTION_SET, CLI_OPTION_PENALTY, CLI_OPTION_NO_PENALTIES, CLI_OPTION_THREADS, {0},
};

static size_t explanation(const void *plan, char *text, size_t capacity) { return tacet_explain(plan, text, capacity); }

static tacet_status run(const cli_args *a)
{
    cli_config c;
    cli_job job = {0};
    int threads;
    tacet_status s = cli_threads(a, &threads);
    if (s == TACET_OK) s = cli_job_configure(a, a->operand[0], &c);
    if (s == TACET_OK) s = cli_job_open(&c, threads, &job);
    if (s == TACET_OK) fputs(cli_text_of(a->arena, explanation, job.plan), stdout);
    cli_job_close(&job);
    return s;
}

const cli_command cli_command_explain = {
    .name = "explain",
    .operands = "CONFIG",
    .brief = "Show the steps that a configuration compiles to",
    .doc = "Compiles the network that CONFIG describes and prints its steps, with shapes, operations, bytes and the "
           "size of the memory they share. Steps with / and | before them run as one loop; block is the memory of the "
           "parameters' gradients. Trains nothing.",
    .least = 1,
    .most = 1,
    .keys = true,
    .option = option,
    .run = run,
};
