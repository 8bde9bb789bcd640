/* command_explain.c: tacet explain CONFIG, tacet explain RUN. */
#include "command.h"
#include "job.h"
#include "network.h"
#include "run_folder.h"

static const cli_option option[] = {
    CLI_OPTION_SET, CLI_OPTION_PENALTY, CLI_OPTION_NO_PENALTIES, CLI_OPTION_THREADS, {0},
};

static size_t explanation(const void *plan, char *text, size_t capacity) { return tacet_explain(plan, text, capacity); }

/* The checkpoint of a run records how often its products ran on firing lists. */
static tacet_status recall(const cli_job *job, const char *checkpoint)
{
    tacet_error e;
    bool there;
    const tacet_status s = cli_folder_holds(checkpoint, &there);
    if (!there) return s;
    tacet_file *f = tacet_file_open(checkpoint, NULL, &e);
    const bool known = f && tacet_resume(job->plan, job->loader, f, &e) == TACET_OK;
    tacet_file_free(f);
    return known ? TACET_OK : cli_refuse(&e, 0, NULL);
}

static tacet_status run(const cli_args *a)
{
    cli_config c;
    cli_job job = {0};
    cli_folder folder;
    cli_folder_name(a->arena, a->operand[0], &folder);
    bool ran;
    tacet_status s = cli_folder_holds(folder.config, &ran);
    if (s == TACET_OK) s = cli_job_configure(a, ran ? folder.config : a->operand[0], &c);
    if (s == TACET_OK) s = cli_job_open(&c, a->threads, &job);
    if (s == TACET_OK && ran) s = recall(&job, folder.checkpoint);
    if (s == TACET_OK) {
        cli_print(stdout, "%s", cli_text_of(a->arena, explanation, job.plan));
        cli_network_selected(stdout, a->arena, job.graph, job.plan, 0);
    }
    cli_job_close(&job);
    return s;
}

const cli_command cli_command_explain = {
    .name = "explain",
    .operands = "CONFIG|RUN",
    .brief = "Show the steps that a configuration compiles to",
    .doc = "Compiles the network that CONFIG, or the folder RUN, describes and prints its steps, with shapes, "
           "operations, bytes and the size of the memory they share. Steps marked with / and | run as one loop; block "
           "is the memory of the parameters' gradients. Says which products can run on only the units that fire, "
           "below which density they do, and, for a run, in what share of its steps they did; and which values each "
           "selector matches. Trains nothing.",
    .least = 1,
    .most = 1,
    .keys = true,
    .option = option,
    .run = run,
};
