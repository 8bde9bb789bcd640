/* edit.c: changes to a configuration from the command line: --set and --penalty. */
#include "config.h"

#include <string.h>

cli_place cli_argument(cli_arena *a, const char *option, const char *text)
{
    cli_source *s = cli_take(a, sizeof *s);
    *s = (cli_source){.name = option, .text = cli_copy(a, text, strlen(text)), .length = strlen(text)};
    return (cli_place){s, 0};
}

static cli_item part_of(cli_config *c, cli_place whole, size_t from, size_t to)
{
    return (cli_item){cli_copy(c->arena, whole.source->text + from, to - from), {whole.source, from}};
}

/* ---- Keys -------------------------------------------------------------------------------------------------------- */

/* Whether `word` is the beginning of `name` up to a dot. */
static bool leads(const char *word, const char *name)
{
    const size_t n = strlen(word);
    return strncmp(word, name, n) == 0 && name[n] == '.';
}

int cli_key_of(const char *name)
{
    for (int i = 0; i < CLI_KEYS; i++)
        if (strcmp(cli_key_table[i].name, name) == 0 || leads(cli_key_table[i].name, name)) return i;
    return -1;
}

int cli_key_in(const char *group)
{
    for (int i = 0; i < CLI_KEYS; i++)
        if (leads(group, cli_key_table[i].name)) return i;
    return -1;
}

static const char *listed(const void *context, int i) { return ((const char *const *)context)[i]; }

const char *cli_key_suggest(const cli_config *c, const char *group, const char *word)
{
    const char *list[2 * CLI_KEYS + 1];
    size_t skip = strlen(group);
    int n = 0;
    for (int key = 0; key < CLI_KEYS; key++) {
        const char *name = cli_key_table[key].name, *dot = strchr(name, '.');
        if (strncmp(name, group, skip) != 0) continue;
        if (dot && !skip) list[n++] = cli_copy(c->arena, name, (size_t)(dot - name));
        if (dot && !skip && strcmp(dot + 1, word) == 0) return cli_format(c->arena, "did you mean %s?", name);
        list[n++] = name + skip;
    }
    list[n] = NULL;
    return cli_suggest(c->arena, word, listed, list);
}

const char *cli_key_meant(cli_arena *a, const char *word)
{
    tacet_entry e = {.size = sizeof e};
    tacet_attribute at = {.size = sizeof at};
    for (int key = 0; key < CLI_KEYS; key++) {
        const char *name = cli_key_table[key].name, *dot = strchr(name, '.');
        if (!cli_key_table[key].type->map && strcmp(dot ? dot + 1 : name, word) == 0) return name;
    }
    for (int i = 0; tacet_entry_at(i, &e) == TACET_OK; i++)
        for (int k = 0; e.role == TACET_ROLE_OPTIMIZER && tacet_attribute_at(i, k, &at) == TACET_OK; k++)
            if (strcmp(at.name, word) == 0) return cli_format(a, "%s.%s", cli_key_table[CLI_OPTIMIZER].name, word);
    return NULL;
}

/* ---- --set and --penalty ----------------------------------------------------------------------------------------- */

static tacet_status set_attribute(cli_config *c, int key, cli_place whole, cli_item name, cli_item value)
{
    const cli_key *k = &cli_key_table[key];
    size_t width = strlen(k->name) + 1 + strlen(name.text);
    if (!k->type->role)
        return cli_fail_at(whole, width, NULL, "%s has no attributes; set all of it: %s=...", k->name, k->name);
    if (!*c->value[key].item.text)
        return cli_fail_at(whole, width, NULL, "%s is not set, so %s cannot be", k->name, name.text);
    const char *old = c->value[key].item.text, *label = cli_format(c->arena, "--set %s", whole.source->text);
    tacet_error e;
    const size_t n = tacet_spec_set(k->type->role, old, name.text, value.text, NULL, 0, &e);
    if (n == 0) {
        const char *made = cli_copy(c->arena, e.source, strlen(e.source));
        return cli_refuse(&e, 2, (cli_item[]){c->value[key].item, {made, cli_argument(c->arena, label, made)}});
    }
    char *text = cli_take(c->arena, n + 1);
    tacet_spec_set(k->type->role, old, name.text, value.text, text, n + 1, &e);
    cli_source *made = cli_take(c->arena, sizeof *made);
    *made = *cli_argument(c->arena, label, text).source;
    if (c->value[key].item.place.source) made->begun = c->value[key].item.place.source->begun;
    return cli_key_store(c, key, (cli_item){text, {made, 0}});
}

static tacet_status set_pair(cli_config *c, cli_item on, cli_item spec)
{
    for (cli_pair *p = c->parameters; p; p = p->next)
        if (strcmp(p->on.text, on.text) == 0) {
            p->spec = spec;
            return TACET_OK;
        }
    return cli_pair_add(c, &c->parameters, on, spec);
}

/* Otherwise config.yaml could not be read again. */
static tacet_status refuse_bytes(cli_place whole, const char *hint)
{
    return cli_fail_at(whole, whole.source->length, hint, "this is not UTF-8 text");
}
static const char of_a_file[] = "rename the file, or use a link to it";

tacet_status cli_config_option(cli_config *c, const char *option, int key, const char *text)
{
    const cli_place whole = cli_argument(c->arena, option, text);
    if (!tc_text_utf8(text)) return refuse_bytes(whole, of_a_file);
    return cli_key_store(c, key, (cli_item){whole.source->text, whole});
}

tacet_status cli_config_set(cli_config *c, const char *text)
{
    cli_place whole = cli_argument(c->arena, "--set", text);
    size_t equals = strcspn(text, "="), length = strlen(text);
    if (!text[equals]) return cli_fail_at(whole, length, "--set train.epochs=3", "an = is missing: KEY=VALUE");
    if (!tc_text_utf8(text)) return refuse_bytes(whole, of_a_file);
    const char *name = cli_copy(c->arena, text, equals);
    cli_item value = part_of(c, whole, equals + 1, length);
    const int key = cli_key_of(name), first = cli_key_in(name);
    if (key < 0 && first >= 0)
        return cli_fail_at(whole, equals, cli_format(c->arena, "--set %s=...", cli_key_table[first].name),
                           "%s is a group of keys", name);
    if (key < 0) {
        const char *dot = strrchr(name, '.'), *meant = cli_key_meant(c->arena, dot ? dot + 1 : name);
        const char *hint = meant ? cli_format(c->arena, "did you mean %s?", meant) : cli_key_suggest(c, "", name);
        return cli_fail_at(whole, equals, hint, "unknown key '%s'", name);
    }
    size_t width = strlen(cli_key_table[key].name);
    if (key == CLI_PENALTIES)
        return cli_fail_at(whole, equals, "--penalty 'relu1: l1 1e-4' adds one; --no-penalties drops those in the file",
                           "penalties are not set by --set");
    if (cli_key_table[key].type->map && !name[width])
        return cli_fail_at(whole, equals, "--set 'parameters.linear1.*=lr=0.01'", "%s needs a selector", name);
    cli_item rest = name[width] ? part_of(c, whole, width + 1, equals) : (cli_item){0};
    if (rest.text && !*rest.text) return cli_fail_at(whole, equals, NULL, "a name is missing after the dot");
    if (cli_key_table[key].type->map) return set_pair(c, rest, value);
    if (rest.text) return set_attribute(c, key, whole, rest, value);
    const bool none = cli_yaml_null(value.text);
    if (none) value.text = cli_key_table[key].value ? cli_key_table[key].value : "";
    const tacet_status s = cli_key_store(c, key, value);
    if (none) c->value[key].given = false;
    return s;
}

tacet_status cli_config_penalty(cli_config *c, const char *option, const char *text)
{
    cli_place whole = cli_argument(c->arena, option, text);
    size_t colon = strcspn(text, ":"), from = colon, to = colon;
    if (!tc_text_utf8(text)) return refuse_bytes(whole, NULL);
    if (!text[colon])
        return cli_fail_at(whole, strlen(text), "--penalty 'relu1: l1 1e-4'", "a colon is missing: SELECTOR: PENALTY");
    while (to > 0 && text[to - 1] == ' ') to--;
    for (from++; text[from] == ' ';) from++;
    return cli_pair_add(c, &c->penalties, part_of(c, whole, 0, to), part_of(c, whole, from, strlen(text)));
}
