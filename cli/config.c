/* config.c: reads a configuration file by the table of keys, and writes it as YAML. */
#include "begun.h"

#include <string.h>

static const cli_type type_chain = {.name = "layers", .expected = "layers like linear 512 | relu"};
static const cli_type type_loss = {.name = "loss", .role = TACET_ROLE_LOSS, .expected = "a loss like cross_entropy"};
static const cli_type type_optimizer = {
    .name = "optimizer", .role = TACET_ROLE_OPTIMIZER, .expected = "an optimizer like sgd lr=0.1"};
static const cli_type type_data = {.name = "source", .role = TACET_ROLE_DATA, .expected = "a source like idx DIR"};
static const cli_type type_augments = {.name = "augmentations", .expected = "augmentations like flip | crop 4"};
static const cli_type type_map = {.name = "map", .map = true, .expected = "a map like {selector: text}"};
static const cli_type type_list = {.name = "list", .list = true, .expected = "a list like [f1, top_k k=5]"};
static const cli_type type_metric = {
    .name = "metric", .role = TACET_ROLE_METRIC, .expected = "data_loss, objective or a metric like f1"};
static const cli_type type_path = {.name = "path", .expected = "a path"};
static const cli_type type_int = {.name = "int", .expected = "a whole number", .value = "int"};
static const cli_type type_share = {.name = "share", .expected = "a number, at least 0 and below 1", .value = "float"};
static const cli_type type_bool = {.name = "bool", .expected = "true or false", .value = "bool"};
/* The default of target is "", so that --set target= resets it. Those of sparse are in the order of tacet_sparse. */
static const cli_type type_target = {
    .name = "target", .expected = "x (the input itself) or not set (what the data have)", .value = "|x"};
static const cli_type type_sparse = {
    .name = "sparse", .expected = "auto, never or always", .value = "auto|never|always"};

const cli_key cli_key_table[CLI_KEYS] = {
#define KEY(symbol, name, type, value, least, most, doc) {name, &type_##type, value, least, most, doc},
#include "keys.def"
#undef KEY
};

/* ---- Values ------------------------------------------------------------------------------------------------------ */

/* Adds the texts of a list, "f1, top_k k=5". */
static tacet_status add_items(cli_config *c, cli_item list)
{
    tacet_status s = TACET_OK;
    for (size_t at = 0, end; list.text[at] && s == TACET_OK; at = end + (list.text[end] == ',')) {
        end = at + strcspn(list.text + at, ",");
        size_t from = at, to = end;
        while (from < to && list.text[from] == ' ') from++;
        while (to > from && list.text[to - 1] == ' ') to--;
        cli_item one = {cli_copy(c->arena, list.text + from, to - from), list.place};
        one.place.offset += from;
        if (from == to) return cli_fail_at(one.place, 1, NULL, "a metric is missing before the comma");
        s = cli_pair_add(c, &c->metrics, one, one);
    }
    return s;
}

/* The texts of the list as one. */
static void join_items(cli_config *c, int key)
{
    const char *text = "";
    for (const cli_pair *p = c->metrics; p; p = p->next)
        text = cli_format(c->arena, "%s%s%s", text, *text ? ", " : "", p->spec.text);
    c->value[key].item = (cli_item){text, c->metrics ? c->metrics->spec.place : (cli_place){0}};
    c->value[key].given = true;
}

tacet_status cli_key_store(cli_config *c, int key, cli_item item)
{
    const cli_key *k = &cli_key_table[key];
    double number = 0;
    int64_t integer = 0;
    if (!*item.text && k->type->role && k->value) item.text = k->value; /* so that it is the same when it is read back */
    size_t width = strlen(item.text);
    if (k->type->list) {
        c->metrics = NULL;
        if (width >= 2 && item.text[0] == '[' && item.text[width - 1] == ']') /* as a file has it */
            item = (cli_item){cli_copy(c->arena, item.text + 1, width - 2), {item.place.source, item.place.offset + 1}};
        const tacet_status s = add_items(c, item);
        join_items(c, key);
        return s;
    }
    if (k->type->value && !tacet_spec_number(k->type->value, item.text, &number, &integer))
        return cli_fail_at(item.place, width, NULL, "%s must be %s, not '%s'", k->name, k->type->expected, item.text);
    if (k->most > k->least && (number < k->least || number > k->most))
        return cli_fail_at(item.place, width, NULL, "%s must be at least %g and at most %g, not %s", k->name, k->least,
                           k->most, item.text);
    c->value[key].item = item;
    c->value[key].number = number;
    c->value[key].integer = integer;
    c->value[key].given = true;
    return TACET_OK;
}

void cli_config_put(cli_config *c, int key, const char *text)
{
    c->value[key].item.text = cli_copy(c->arena, text, strlen(text));
}

tacet_status cli_pair_add(cli_config *c, cli_pair **list, cli_item on, cli_item spec)
{
    if (!*on.text) return cli_fail_at(on.place, 1, NULL, "a selector is missing");
    if (!*spec.text) {
        const char *hint = "between { and } a comma ends a value: {relu1: 'formula \"max(x, 0)\" 1e-3'}";
        return cli_fail_at(on.place, strlen(on.text), strchr(on.text, ')') ? hint : NULL, "'%s' has no value", on.text);
    }
    cli_pair **at = NULL;
    for (; *list; list = &(*list)->next)
        if (strcmp((*list)->on.text, on.text) == 0) at = &(*list)->next;
    if (!at) at = list;
    cli_pair *pair = cli_take(c->arena, sizeof *pair);
    *pair = (cli_pair){on, spec, *at};
    *at = pair;
    return TACET_OK;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

/* Adds a text, or a list of texts. */
static tacet_status read_entry(cli_config *c, cli_pair **to, const cli_node *entry)
{
    const bool list = entry->kind == CLI_LIST;
    tacet_status s = TACET_OK;
    for (const cli_node *n = list ? entry->first : entry; n && s == TACET_OK; n = list ? n->next : NULL)
        s = n->kind == CLI_SCALAR
                ? cli_pair_add(c, to, entry->key, n->text)
                : cli_fail_at(n->text.place, 1, NULL, "'%s' must be a text or a list of texts", entry->key.text);
    return s;
}

/* "test:" or "test: null" */
static bool nothing(const cli_node *n) { return n->kind == CLI_SCALAR && !n->quoted && !*n->text.text; }

static tacet_status read_map(cli_config *c, int key, const cli_node *map)
{
    cli_pair **to = key == CLI_PENALTIES ? &c->penalties : &c->parameters;
    if (map->kind != CLI_MAP && !nothing(map))
        return cli_fail_at(map->text.place, 1, NULL, "%s must be %s", cli_key_table[key].name, type_map.expected);
    tacet_status s = TACET_OK;
    for (const cli_node *n = map->first; n && s == TACET_OK; n = n->next) s = read_entry(c, to, n);
    return s;
}

static tacet_status read_list(cli_config *c, int key, const cli_node *list)
{
    tacet_status s = TACET_OK;
    c->metrics = NULL;
    for (const cli_node *n = list->first; n && s == TACET_OK; n = n->next)
        s = n->kind == CLI_SCALAR
                ? add_items(c, n->text)
                : cli_fail_at(n->text.place, 1, NULL, "%s must be %s", cli_key_table[key].name, type_list.expected);
    join_items(c, key);
    return s;
}

static tacet_status read_value(cli_config *c, int key, const cli_node *n)
{
    const cli_key *k = &cli_key_table[key];
    if (k->type->map) return read_map(c, key, n);
    if (k->type->list && n->kind == CLI_LIST) return read_list(c, key, n);
    if (n->kind != CLI_SCALAR) return cli_fail_at(n->text.place, 1, NULL, "%s must be %s", k->name, k->type->expected);
    if (nothing(n)) return TACET_OK;
    return cli_key_store(c, key, n->text);
}

/* What an unknown key of a group was meant for: a word that is known elsewhere, or one that is similar. */
static const char *meant(const cli_config *c, const char *group, const char *word)
{
    const char *name = cli_key_meant(c->arena, word);
    if (!name) return cli_key_suggest(c, group, word);
    const char *key = cli_key_table[cli_key_of(name)].name;
    if (strcmp(key, name) != 0) return cli_format(c->arena, "did you mean %s: ... %s=...?", key, word);
    if (*group && !strchr(name, '.'))
        return cli_format(c->arena, "%s is a key outside %.*s", name, (int)strlen(group) - 1, group);
    return cli_format(c->arena, "did you mean %s?", name);
}

/* Reads the keys of a group ("train."; "": the top level, where "train" is the map of such a group). */
static tacet_status read_level(cli_config *c, const char *group, const cli_node *map)
{
    for (const cli_node *e = map->first; e; e = e->next) {
        const char *word = e->key.text, *name = cli_format(c->arena, "%s%s", group, word);
        const int key = strchr(word, '.') ? -1 : cli_key_of(name);
        tacet_status s = TACET_OK;
        if (key >= 0)
            s = read_value(c, key, e);
        else if (*group || cli_key_in(word) < 0)
            s = cli_fail_at(e->key.place, strlen(word), meant(c, group, word), "unknown key '%s'", name);
        else if (nothing(e))
            continue;
        else if (e->kind != CLI_MAP)
            s = cli_fail_at(e->text.place, 1, NULL, "%s must be a map like {epochs: 5, batch: 128}", word);
        else
            s = read_level(c, cli_format(c->arena, "%s.", word), e);
        if (s != TACET_OK) return s;
    }
    return TACET_OK;
}

tacet_status cli_config_read(cli_arena *a, const char *path, cli_config *c)
{
    cli_node *root;
    *c = (cli_config){.arena = a};
    tacet_status s = TACET_OK;
    for (int i = 0; i < CLI_KEYS && s == TACET_OK; i++) {
        const cli_key *k = &cli_key_table[i];
        c->value[i].item.text = "";
        if (k->value && *k->value) s = cli_key_store(c, i, (cli_item){.text = k->value});
        c->value[i].given = false;
    }
    if (s == TACET_OK) s = cli_source_read(a, path, &c->source);
    if (s == TACET_OK) s = cli_begun_read(a, path, &c->source.begun);
    if (s == TACET_OK) s = cli_yaml_read(a, &c->source, &root);
    if (s != TACET_OK) return s;
    if (!root) return cli_fail(TACET_DESCRIPTION, "%s: the configuration is empty", path);
    if (root->kind != CLI_MAP)
        return cli_fail_at(root->text.place, 1, NULL, "a configuration must be a map of keys like model: linear 10");
    return read_level(c, "", root);
}

tacet_status cli_config_check(const cli_config *c)
{
    for (int i = 0; i < CLI_KEYS; i++)
        if (!cli_key_table[i].value && !*c->value[i].item.text)
            return cli_fail(TACET_DESCRIPTION, "%s: the key %s is missing: %s", c->source.name, cli_key_table[i].name,
                            cli_key_table[i].doc);
    if (*c->value[CLI_VALIDATE].item.text && c->value[CLI_SHARE].number > 0)
        return cli_fail_at(c->value[CLI_SHARE].item.place, 1, "remove one of them",
                           "both validate and train.validate are given");
    return TACET_OK;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* In YAML a key of more than 1024 characters must begin with "? ". Escaped, a byte becomes 6 characters. */
enum { LONG_KEY = 1024 / 6 };

static void print_map(FILE *to, const char *name, const cli_pair *list)
{
    if (list) fprintf(to, "%s:\n", name);
    const char *before = "";
    for (const cli_pair *p = list; p; before = p->on.text, p = p->next) {
        bool first = strcmp(before, p->on.text) != 0, many = p->next && strcmp(p->next->on.text, p->on.text) == 0;
        if (first) {
            const bool is_long = strlen(p->on.text) > LONG_KEY;
            fprintf(to, is_long ? "  ? " : "  ");
            cli_yaml_text(to, p->on.text);
            fprintf(to, is_long ? "\n  :" : ":");
        }
        fprintf(to, "%s", first ? (many ? "\n    - " : " ") : "    - ");
        cli_yaml_text(to, p->spec.text);
        fprintf(to, "\n");
    }
}

void cli_config_print(const cli_config *c, FILE *to)
{
    size_t open = 0; /* length of the current group's name, with its dot */
    for (int i = 0; i < CLI_KEYS; i++) {
        const char *name = cli_key_table[i].name, *dot = strchr(name, '.');
        if (cli_key_table[i].type->map) {
            print_map(to, name, i == CLI_PENALTIES ? c->penalties : c->parameters);
            continue;
        }
        if (!*c->value[i].item.text) continue;
        /* Not written, so that a run that is resumed with more steps gets more epochs, too. */
        if (i == CLI_EPOCHS && c->value[CLI_STEPS].integer > 0 && !c->value[CLI_EPOCHS].given) continue;
        size_t group = dot ? (size_t)(dot - name) + 1 : 0;
        if (group && !open) fprintf(to, "%.*s:\n", (int)group - 1, name);
        open = group;
        fprintf(to, "%s%s: ", group ? "  " : "", name + group);
        cli_yaml_text(to, c->value[i].item.text);
        fprintf(to, "\n");
    }
}
