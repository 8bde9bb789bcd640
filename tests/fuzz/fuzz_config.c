/* fuzz_config.c: configurations, changed by --set, --penalty and --over. What is accepted can be written and is read back as
 * the same; with data that exist, it is made into a plan. The part "arguments" has an option on each line, "set KEY=VALUE".
 *
 * Running out of memory ends the program, so sizes are small: ASAN_OPTIONS limits each allocation. */
#include "fuzz.h"
#include "job.h"
#include "network.h"
#include "sweep/range.h"

static const char table[] = "a,b,kind\n1,2,cat\n3,4,dog\n5,6,cat\n7,8,eel\n9,1,dog\n2,3,eel\n";

static char *printed(const cli_config *c)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to) fuzz_fail("out of memory");
    cli_config_print(c, to);
    fclose(to);
    return text;
}

/* Written and read, it is the same. */
static void read_back(cli_arena *a, const cli_config *c)
{
    cli_config again;
    char *text = printed(c);
    fuzz_put("again.yaml", text, strlen(text));
    if (cli_config_read(a, fuzz_path("again.yaml"), &again) != TACET_OK) fuzz_fail("cannot be read again:\n%s", text);
    for (int i = 0; i < CLI_KEYS; i++)
        if (strcmp(c->value[i].item.text, again.value[i].item.text) != 0)
            fuzz_fail("%s is \"%s\", and \"%s\" after:\n%s", cli_key_table[i].name, c->value[i].item.text,
                      again.value[i].item.text, text);
    char *second = printed(&again);
    if (strcmp(text, second) != 0) fuzz_fail("%s\nbecomes\n%s", text, second);
    free(text);
    free(second);
}

/* The network on data that exist, with as many steps as are quick. */
static void open(cli_arena *a, cli_config *c, const char *over)
{
    cli_job job;
    cli_over range = {0};
    cli_config_put(c, CLI_DATA, cli_format(a, "csv %s label=kind", fuzz_path("t.csv")));
    for (int key = 0; key < CLI_KEYS; key++)
        if (key == CLI_TEST || key == CLI_VALIDATE || key == CLI_INIT) cli_config_put(c, key, "");
    if (cli_job_open(c, 1, &job) == TACET_OK) {
        cli_network_table(stdout, a, job.plan, 80);
        cli_network_selected(stdout, a, job.graph, job.plan, 80);
        if (over && cli_over_read(a, over, &range) == TACET_OK) {
            range.largest = 0.5;
            cli_over_match(a, job.graph, job.plan, &range);
            if (cli_over_fill(a, &range) == TACET_OK) (void)cli_over_try(a, &job, 1, &range, 0);
        }
    }
    cli_job_close(&job);
}

/* One line of the part "arguments"; an --over is kept for later. */
static tacet_status change(cli_config *c, char *line, const char **over)
{
    char *text = strchr(line, ' ');
    if (!text) return TACET_OK;
    *text++ = '\0';
    if (strcmp(line, "set") == 0) return cli_config_set(c, text);
    if (strcmp(line, "penalty") == 0) return cli_config_penalty(c, "--penalty", text);
    if (strcmp(line, "data") == 0) return cli_config_option(c, "--data", CLI_DATA, text);
    if (strcmp(line, "over") == 0) *over = text;
    return TACET_OK;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n)
{
    size_t length, ignored;
    cli_arena a = {0};
    cli_config c;
    const char *over = NULL;
    char *file = fuzz_part(bytes, n, "config.yaml", &length), *arguments = fuzz_part(bytes, n, "arguments", &ignored);
    fuzz_put("config.yaml", file ? file : "", file ? length : 0);
    fuzz_put("t.csv", table, sizeof table - 1);
    tacet_status s = cli_config_read(&a, fuzz_path("config.yaml"), &c);
    char *rest = arguments;
    for (char *line; s == TACET_OK && (line = fuzz_line(&rest));) s = change(&c, line, &over);
    if (s == TACET_OK) read_back(&a, &c);
    if (s == TACET_OK && cli_config_check(&c) == TACET_OK) open(&a, &c, over);
    cli_arena_free(&a);
    free(file);
    free(arguments);
    return 0;
}

static void seed(const char *path, const char *arguments)
{
    size_t n;
    char *text = fuzz_source(path, "%% config.yaml\n", &n), *all = malloc(n + strlen(arguments) + 30);
    if (!all) fuzz_fail("out of memory");
    fuzz_seed(all, (size_t)sprintf(all, "%s\n%%%% arguments\n%s", text, arguments));
    free(text);
    free(all);
}

void fuzz_seeds(void)
{
    seed("examples/penguins/penguins.yaml", "set optimizer.lr=0.05\nset train.epochs=3\npenalty linear1.bias: l2 1e-4\n"
                                            "over linear1.weight: l1 lambda=1e-6..1e-2:9");
    seed("examples/inputs/inputs.yaml",
         "set parameters.linear1.*=frozen\nset target=x\nset test=null\nset train.metric=");
    seed("examples/density/density.yaml", "set metrics=[f1, top_k k=2]\nset train.metric=f1\nset train.validate=0.3");
    seed("examples/autoencoder/autoencoder.yaml", "over relu1: l1 density=0.1..0.9:3\nset train.sparse=never");
    seed("examples/fashion/fashion.yaml",
         "data csv x.csv label=1\nset train.steps=10\nover *.weight: l1 lambda=max/100..max:5");
    char longest[1400] = "penalty ";
    memset(longest + 8, '*', 1200);
    seed("examples/density/density.yaml", strcat(longest, ": l1 1e-3"));
    fuzz_seed_text(
        "%% config.yaml\nmodel: linear 3\nloss: mse\noptimizer: {sgd}\n---\n? [a, b]\n: &x 'it''s'\n%% arguments\nset =\n");
}
