/* edit.c: what the command line changes in a configuration: --set and --penalty. */
#include "config.h"

#include <string.h>

/* An argument as a source of its own, for errors to point into. */
cli_place cli_argument(cli_arena *a, const char *option, const char *text)
{
    cli_source *s = cli_take(a, sizeof *s);
    *s = (cli_source){option, cli_copy(a, text, strlen(text)), strlen(text), false};
    return (cli_place){s, 0};
}

static cli_item part_of(cli_config *c, cli_place whole, size_t from, size_t to)
{
    return (cli_item){cli_copy(c->arena, whole.source->text + from, to - from), {whole.source, from}};
}

/* ---- Near keys --------------------------------------------------------------------------------------------------- */

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

/* ---- One attribute of a description ------------------------------------------------------------------------------ */

/* The end of the word that begins at text: blanks inside double quotes belong to it. */
const char *cli_word_end(const char *text)
{
    for (bool quoted = false; *text && (quoted || (*text != ' ' && *text != '\t')); text++) {
        if (quoted && *text == '\\' && text[1])
            text++;
        else if (*text == '"')
            quoted = !quoted;
    }
    return text;
}

static bool has_key(const char *word, const char *end, const char *name)
{
    size_t n = strlen(name);
    return (size_t)(end - word) > n && strncmp(word, name, n) == 0 && word[n] == '=';
}

static bool given_by_key(const char *text, const char *name)
{
    for (const char *end; *text; text = end + strspn(end, " \t")) {
        end = cli_word_end(text);
        if (has_key(text, end, name)) return true;
    }
    return false;
}

/* Whether a bare word of the description, the `bare`-th that is no flag, is the value of the positional attribute
 * `name`; or the word is the flag `name` itself. */
static bool is_value_of(int entry, const char *text, const char *word, const char *end, const char *name, int *bare)
{
    tacet_attribute a = {.size = sizeof a};
    for (int i = 0; tacet_attribute_at(entry, i, &a) == TACET_OK; i++)
        if (strcmp(a.type, "bool") == 0 && strlen(a.name) == (size_t)(end - word) &&
            strncmp(a.name, word, (size_t)(end - word)) == 0)
            return strcmp(a.name, name) == 0;
    int place = 0, i = 0;
    for (; tacet_attribute_at(entry, i, &a) == TACET_OK; i++)
        if (a.positional && !given_by_key(text, a.name) && place++ == *bare) break;
    ++*bare;
    return tacet_attribute_at(entry, i, &a) == TACET_OK && strcmp(a.name, name) == 0;
}

const char *cli_spec_attribute(cli_arena *a, tacet_role role, const char *text, const char *word)
{
    const char *end = cli_word_end(text), *to = cli_word_end(word);
    const char *equals = *word == '"' ? NULL : memchr(word, '=', (size_t)(to - word));
    int bare = 0;
    if (equals) return cli_copy(a, word, (size_t)(equals - word));
    const int entry = cli_entry(role, cli_copy(a, text, (size_t)(end - text)));
    for (const char *at = end + strspn(end, " \t"); at < word; at = end + strspn(end, " \t")) {
        end = cli_word_end(at);
        if (!memchr(at, '=', (size_t)(end - at)) || *at == '"') is_value_of(entry, text, at, end, "", &bare);
    }
    tacet_attribute found = {.size = sizeof found};
    for (int i = 0; tacet_attribute_at(entry, i, &found) == TACET_OK; i++) {
        int here = bare;
        if (is_value_of(entry, text, word, to, found.name, &here)) return found.name;
    }
    return NULL;
}

static const char *quoted(cli_arena *a, const char *value)
{
    if (*value && !strpbrk(value, " \t\"\\|")) return value;
    char *text = cli_take(a, 2 * strlen(value) + 3), *to = text;
    *to++ = '"';
    for (; *value; *to++ = *value++)
        if (*value == '"' || *value == '\\') *to++ = '\\';
    *to = '"';
    return text;
}

const char *cli_spec_edit(cli_arena *a, tacet_role role, const char *text, const char *name, const char *value)
{
    const char *end = cli_word_end(text), *word = end + strspn(end, " \t");
    const int entry = cli_entry(role, cli_copy(a, text, (size_t)(end - text)));
    int bare = 0;
    value = quoted(a, value);
    for (; *word; word = end + strspn(end, " \t")) {
        end = cli_word_end(word);
        bool key = memchr(word, '=', (size_t)(end - word)) && *word != '"';
        if (key ? has_key(word, end, name) : is_value_of(entry, text, word, end, name, &bare))
            return cli_format(a, "%.*s%s=%s%s", (int)(word - text), text, name, value, end);
    }
    return cli_format(a, "%s %s=%s", text, name, value);
}

/* ---- --set and --penalty ----------------------------------------------------------------------------------------- */

static tacet_status set_attribute(cli_config *c, int key, cli_place whole, cli_item name, cli_item value)
{
    const cli_key *k = &cli_key_table[key];
    size_t width = strlen(k->name) + 1 + strlen(name.text);
    if (!k->type->role)
        return cli_fail_at(whole, width, NULL, "%s has no attributes of its own; set it whole: %s=...", k->name,
                           k->name);
    if (!*c->value[key].item.text)
        return cli_fail_at(whole, width, NULL, "%s is not set, so %s cannot be", k->name, name.text);
    const char *text = cli_spec_edit(c->arena, k->type->role, c->value[key].item.text, name.text, value.text);
    const char *label = cli_format(c->arena, "--set %s", whole.source->text);
    return cli_key_store(c, key, (cli_item){text, cli_argument(c->arena, label, text)});
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

/* The key that begins `name`: all of it, or up to a dot; -1: none. */
static int key_of(const char *name)
{
    for (int i = 0; i < CLI_KEYS; i++)
        if (strcmp(cli_key_table[i].name, name) == 0) return i;
    for (int i = 0; i < CLI_KEYS; i++) {
        size_t n = strlen(cli_key_table[i].name);
        if (strncmp(cli_key_table[i].name, name, n) == 0 && name[n] == '.') return i;
    }
    return -1;
}

tacet_status cli_config_set(cli_config *c, const char *text)
{
    cli_place whole = cli_argument(c->arena, "--set", text);
    size_t equals = strcspn(text, "="), length = strlen(text);
    if (!text[equals]) return cli_fail_at(whole, length, "--set train.epochs=3", "an = is missing: KEY=VALUE");
    const char *name = cli_copy(c->arena, text, equals);
    cli_item value = part_of(c, whole, equals + 1, length);
    int key = key_of(name);
    if (key < 0) {
        for (int i = 0; i < CLI_KEYS; i++)
            if (equals && strncmp(cli_key_table[i].name, name, equals) == 0 && cli_key_table[i].name[equals] == '.')
                return cli_fail_at(whole, equals, cli_format(c->arena, "--set %s=...", cli_key_table[i].name),
                                   "%s is a group of keys", name);
        return cli_fail_at(whole, equals, cli_key_suggest(c, "", name), "unknown key '%s'", name);
    }
    size_t width = strlen(cli_key_table[key].name);
    if (key == CLI_PENALTIES)
        return cli_fail_at(whole, equals, "--penalty 'relu1: l1 1e-4' adds one; --no-penalties drops those of the file",
                           "penalties are not set by --set");
    if (cli_key_table[key].type->map && !name[width])
        return cli_fail_at(whole, equals, "--set 'parameters.linear1.*=lr=0.01'", "%s needs a selector", name);
    cli_item rest = name[width] ? part_of(c, whole, width + 1, equals) : (cli_item){0};
    if (rest.text && !*rest.text) return cli_fail_at(whole, equals, NULL, "there is nothing behind the dot");
    if (cli_key_table[key].type->map) return set_pair(c, rest, value);
    return rest.text ? set_attribute(c, key, whole, rest, value) : cli_key_store(c, key, value);
}

tacet_status cli_config_penalty(cli_config *c, const char *option, const char *text)
{
    cli_place whole = cli_argument(c->arena, option, text);
    size_t colon = strcspn(text, ":"), from = colon, to = colon;
    if (!text[colon])
        return cli_fail_at(whole, strlen(text), "--penalty 'relu1: l1 1e-4'", "a colon is missing: SELECTOR: PENALTY");
    while (to > 0 && text[to - 1] == ' ') to--;
    for (from++; text[from] == ' ';) from++;
    return cli_pair_add(c, &c->penalties, part_of(c, whole, 0, to), part_of(c, whole, from, strlen(text)));
}
