/* fuzz_runs.c: the folder of a run, and that of a sweep: each part of an input is a file. Whatever they hold, the page is
 * whole and shows nothing as HTML that is not the program's own; and the records can be asked. */
#include "begun.h"
#include "fuzz.h"
#include "ledger.h"
#include "report/report.h"
#include "sweep/sweep.h"

#include <sys/stat.h>

static const char *const files[] = {"config.yaml", "run.json", "metrics.jsonl", "sweep.json", "model.safetensors"};
enum { FILES = sizeof files / sizeof *files };

static void check_page(const char *name)
{
    static char text[1 << 22];
    static const char *const never[] = {"<script", "<img src=x", "<iframe"};
    const size_t n = fuzz_get(name, text, sizeof text - 1);
    text[n] = '\0';
    if (n == 0 || n == sizeof text - 1) return;
    if (strlen(text) != n) fuzz_fail("a page with a NUL");
    if (!strstr(text, "</html>")) fuzz_fail("half a page");
    if (!tc_text_utf8(text)) fuzz_fail("a page that is not UTF-8");
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (strstr(text, never[i])) fuzz_fail("a page with %s:\n%.300s", never[i], strstr(text, never[i]));
}

static void report(int runs, const char *const *run, const char *page)
{
    cli_arena a = {0};
    fuzz_remove(page);
    bool written;
    const tacet_status s = cli_report_write(&a, runs, run, fuzz_path(page), &written);
    cli_arena_free(&a);
    char byte;
    const bool exists = fuzz_get(page, &byte, 1) == 1;
    if (written != exists || (s == TACET_OK && !exists))
        fuzz_fail("status %d, and the page %s", s, exists ? "exists" : "does not exist");
    check_page(page);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n)
{
    char folder[300], other[300];
    snprintf(folder, sizeof folder, "%s", fuzz_path("a"));
    snprintf(other, sizeof other, "%s", fuzz_path("b"));
    mkdir(folder, 0777);
    mkdir(other, 0777);
    for (int i = 0; i < FILES; i++) {
        char name[80];
        size_t length;
        snprintf(name, sizeof name, "a/%s", files[i]);
        char *text = fuzz_part(bytes, n, files[i], &length);
        if (text)
            fuzz_put(name, text, length);
        else
            fuzz_remove(name);
        if (i < FILES - 2) { /* the other run has no model */
            *name = 'b';
            if (text) fuzz_put(name, text, length);
        }
        free(text);
    }
    const char *const run[] = {folder, other};
    report(1, run, "one.html");
    report(2, run, "two.html");

    cli_arena a = {0};
    (void)cli_ledger_show_run(stdout, &a, folder);
    cli_begun *begun;
    (void)cli_begun_read(&a, fuzz_path("a/config.yaml"), &begun);
    cli_sweep s = {.arena = &a};
    cli_sweep_asked asked;
    cli_folder_name(&a, folder, &s.folder);
    if (cli_sweep_asked_read(&s, &asked) == TACET_OK)
        for (int i = 0; i < asked.overs; i++) {
            cli_over over = {0};
            if (cli_over_read(&a, asked.over[i], &over) != TACET_OK) continue;
            over.largest = asked.largest[i];
            (void)cli_over_fill(&a, &over);
        }
    cli_arena_free(&a);
    return 0;
}

/* ---- Seeds: what a short training leaves, and the record of a sweep ---- */

static const char table[] = "a,b,kind\n1,2,cat\n3,4,dog\n5,6,cat\n7,8,eel\n9,1,dog\n2,3,eel\n0,0,cat\n1,0,dog\n";

static void train(cli_arena *a, const char *config, const char *folder)
{
    const cli_command *const *c = cli_command_table;
    char *argument[] = {(char *)fuzz_path(config), "--out", (char *)folder, "--quiet", "--threads", "1"};
    while (strcmp((*c)->name, "train") != 0) c++;
    cli_args args = {.arena = a, .command = *c, .program = "tacet"};
    bool help;
    if (cli_args_read(sizeof argument / sizeof *argument, argument, &args, &help) || (*c)->run(&args))
        fuzz_fail("cannot train");
}

static size_t part(char *to, size_t n, const char *name, const char *bytes, size_t length)
{
    n += (size_t)sprintf(to + n, "%s%%%% %s\n", n ? "\n" : "", name);
    memcpy(to + n, bytes, length);
    return n + length;
}

static void seed(const char *model, const char *more)
{
    static char all[1 << 18], bytes[1 << 16];
    static int number;
    char folder[300], name[80];
    size_t n = 0;
    cli_arena a = {0};
    snprintf(name, sizeof name, "run%d", number++);
    snprintf(folder, sizeof folder, "%s", fuzz_path(name));
    fuzz_put("t.csv", table, sizeof table - 1);
    const char *config = cli_format(&a,
                                    "model: %s\nloss: cross_entropy\noptimizer: sgd lr=0.1\n%s"
                                    "data: csv %s label=kind\ntrain: {epochs: 2, batch: 3, log: 2, validate: 0.3}\n",
                                    model, more, fuzz_path("t.csv"));
    fuzz_put("seed.yaml", config, strlen(config));
    train(&a, "seed.yaml", folder);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "run%d/%s", number - 1, files[i]);
        const size_t length = fuzz_get(name, bytes, sizeof bytes);
        if (length) n = part(all, n, files[i], bytes, length);
    }
    const char
        *sweep = "{\"tacet\": \"0.1.0\", \"folders\": [\"..\", \"/tmp\"], \"over\": [{\"text\": \"relu1: l1 "
                 "lambda=max/100..max:3\", \"largest\": 0.25, \"values\": [\"0.0025\", \"0.25\"]}], \"seed\": 0, "
                 "\"seeds\": 2, \"fresh\": 1}\n";
    n = part(all, n, "sweep.json", sweep, strlen(sweep));
    fuzz_seed(all, n);
    cli_arena_free(&a);
}

void fuzz_seeds(void)
{
    seed("linear 4 | relu | linear 3", "penalties: {relu1: l1 1e-2, linear1.weight: l1 1e-3 prox}\n");
    seed("linear 4 name=a.0 | topk 2 | linear 3",
         "penalties: {topk1: l1 density=0.2}\nmetrics: [f1, confusion, top_k k=2]\n");
    fuzz_seed_text(
        "%% metrics.jsonl\n{\"epoch\": 1, \"seconds\": 1, \"warnings\": [{\"on\": \"<b>\", \"kind\": \"dead\", \"text\": "
        "\"<script>\"}]}\n{\"epoch\": 2, \"step\": 3}\n\n%% run.json\n{\"state\": \"ended\"}");
}
