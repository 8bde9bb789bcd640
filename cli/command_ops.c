/* command_ops.c: tacet ops [NAME]: the catalogue of the small language, from the tables of the library. */
#include "command.h"
#include "output.h"

#include <string.h>

enum { WIDTH = 100, DOCS = 18 };

static const char *entry_name(const void *context, int i)
{
    tacet_entry *e = (tacet_entry *)(uintptr_t)context; /* holds the name until the next call */
    return tacet_entry_at(i, e) == TACET_OK ? e->name : NULL;
}

static void list(void)
{
    tacet_entry e = {.size = sizeof e};
    tacet_role role = 0;
    for (int i = 0; tacet_entry_at(i, &e) == TACET_OK; i++) {
        if (role != e.role) printf("%s%s\n", role ? "\n" : "", tacet_role_name(e.role));
        role = e.role;
        int at = printf("  %-*s", DOCS - 3, e.name);
        cli_wrap(stdout, e.formula && *e.formula ? e.formula : e.doc, at, DOCS, WIDTH);
    }
    printf("\ntacet ops NAME describes one of them.\n");
}

static void attributes(int entry)
{
    tacet_attribute t = {.size = sizeof t};
    for (int i = 0; tacet_attribute_at(entry, i, &t) == TACET_OK; i++) {
        printf("  %s%s  %s", t.name, t.positional ? " (positional)" : "", t.type);
        if (!t.preset)
            printf(", must be given");
        else if (*t.preset)
            printf(", default %s", t.preset);
        printf("\n");
        cli_wrap(stdout, t.doc, 0, 6, WIDTH);
    }
}

/* The parameters of a layer, and how it can share those of another. */
static void parameters(const tacet_entry *e)
{
    const char *first = e->parameter[0];
    if (!first) return;
    printf("\nParameters: ");
    for (int k = 0; e->parameter[k]; k++) printf("%s%s", k ? ", " : "", e->parameter[k]);
    printf("\n");
    char text[256];
    snprintf(
        text, sizeof text,
        "%s=LAYER.%s shares the parameter of an earlier layer: a single parameter, which receives the gradients of "
        "both layers",
        first, first);
    cli_wrap(stdout, text, 0, 6, WIDTH);
}

static void paragraph(const char *head, const char *text)
{
    if (!text || !*text) return;
    int at = printf("\n%s", head) - 1;
    cli_wrap(stdout, text, at, at, WIDTH);
}

static void detail(int entry, const tacet_entry *e)
{
    printf("%s (%s)\n", e->name, tacet_role_name(e->role));
    if (e->formula && *e->formula) cli_wrap(stdout, e->formula, 0, 4, WIDTH);
    paragraph("", e->doc);
    if (e->mixes) paragraph("", "Mixes samples: in training, its output for one sample depends on the whole batch.");
    if (e->attributes) printf("\nAttributes:\n");
    attributes(entry);
    parameters(e);
    paragraph("Source: ", e->source);
}

static tacet_status run(const cli_args *a)
{
    tacet_entry e = {.size = sizeof e};
    if (a->operands == 0) {
        list();
        return TACET_OK;
    }
    const char *name = a->operand[0];
    int found = 0;
    for (int i = 0; tacet_entry_at(i, &e) == TACET_OK; i++) {
        if (strcmp(e.name, name) != 0) continue;
        if (found++) printf("\n");
        detail(i, &e);
    }
    if (found) return TACET_OK;
    const char *hint = cli_suggest(a->arena, name, entry_name, &e);
    return cli_fail_hint(TACET_DESCRIPTION, hint ? hint : "tacet ops lists them", "unknown name '%s'", name);
}

const cli_command cli_command_ops = {
    .name = "ops",
    .operands = "[NAME]",
    .brief = "List layers, losses, penalties, optimizers and sources of data, or describe one",
    .doc = "Prints the catalogue of the small language: every layer, loss, penalty, constraint, optimizer, schedule, "
           "metric, source of data and augmentation with its formula. With NAME: what it does, its attributes with types "
           "and defaults, and its source in the literature.",
    .most = 1,
    .run = run,
};
