/* yaml_tree.c: builds a small tree from libyaml's events. Events have exact positions, and reading stops at the first
 * one that is refused, before any memory is spent on it. */
#include "yaml_tree.h"
#include "base/status.h"

#include "output.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <yaml.h>

enum { MAX_DEPTH = 8, MAX_NODES = 4096, MAX_FILE = 1 << 20 };

typedef struct reader {
    cli_arena *arena;
    const cli_source *source;
    yaml_parser_t parser;
    size_t index, offset; /* a place in characters, as libyaml counts, and in bytes */
    int nodes;
    tacet_status status;
} reader;

/* Converts a position to bytes; fast if the positions come in ascending order. */
static cli_place place_of(reader *r, yaml_mark_t mark)
{
    const cli_source *s = r->source;
    if (mark.index < r->index) r->index = r->offset = 0;
    for (; r->index < mark.index && r->offset < s->length; r->index++) {
        r->offset++;
        while (r->offset < s->length && ((unsigned char)s->text[r->offset] & 0xc0) == 0x80) r->offset++;
    }
    return (cli_place){s, r->offset};
}

static const char quote_it[] = "text that begins with * or [ or { must be quoted: \"*.bias\": l2 1e-4";

/* The hint for a line that begins with what YAML takes for an alias or a list. */
static const char *hint_for(cli_place p)
{
    size_t at = p.offset;
    while (at > 0 && p.source->text[at - 1] != '\n') at--;
    while (at < p.source->length && strchr(" -?", p.source->text[at])) at++;
    return at < p.source->length && strchr("*[{", p.source->text[at]) ? quote_it : NULL;
}

/* Whether the tab at this place, if it is one, has only blanks before it in its line. */
static bool tab_indents(cli_place p)
{
    const char *text = p.source->text;
    size_t at = p.offset;
    if (at >= p.source->length || text[at] != '\t') return false;
    while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t')) at--;
    return at == 0 || text[at - 1] == '\n';
}

static bool refuse(reader *r, yaml_mark_t mark, const char *hint, const char *message)
{
    r->status = cli_fail_at(place_of(r, mark), 1, hint, "%s", message);
    return false;
}

static bool next_event(reader *r, yaml_event_t *event)
{
    const yaml_parser_t *p = &r->parser;
    if (yaml_parser_parse(&r->parser, event)) return true;
    const bool alias = p->context && strstr(p->context, "alias");
    const cli_place place = place_of(r, alias ? p->context_mark : p->problem_mark);
    if (p->error == YAML_MEMORY_ERROR)
        r->status = cli_fail(TACET_MEMORY, "out of memory");
    else if (p->error == YAML_READER_ERROR && strstr(p->problem, "control characters"))
        r->status = cli_fail_at((cli_place){r->source, p->problem_offset}, 1,
                                "in double quotes, \\e and \\x1b stand for U+001B", "a control character");
    else if (p->error == YAML_READER_ERROR)
        r->status = cli_fail_at((cli_place){r->source, p->problem_offset}, 1, NULL, "this is not UTF-8 text: %s",
                                p->problem);
    else if (alias)
        r->status = cli_fail_at(place, 1, quote_it, "a key that begins with * or [ must be quoted");
    else if (tab_indents(place))
        r->status = cli_fail_at(place, 1, NULL, "a tab cannot indent; use spaces");
    else
        r->status = cli_fail_at(place, 1, hint_for(place), "%s%s%s", p->problem, p->context ? " " : "",
                                p->context ? p->context : "");
    return false;
}

static bool plain_node(reader *r, const yaml_event_t *e)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (e->type == YAML_ALIAS_EVENT) return refuse(r, e->start_mark, quote_it, "aliases are not supported");
    if (e->type == YAML_SCALAR_EVENT) anchor = e->data.scalar.anchor, tag = e->data.scalar.tag;
    if (e->type == YAML_SEQUENCE_START_EVENT) anchor = e->data.sequence_start.anchor, tag = e->data.sequence_start.tag;
    if (e->type == YAML_MAPPING_START_EVENT) anchor = e->data.mapping_start.anchor, tag = e->data.mapping_start.tag;
    if (anchor) return refuse(r, e->start_mark, "text that begins with & must be quoted", "anchors are not supported");
    if (tag) return refuse(r, e->start_mark, "text that begins with ! must be quoted", "tags are not supported");
    return true;
}

static bool read_scalar(reader *r, const yaml_event_t *e, cli_item *item)
{
    const char *value = (const char *)e->data.scalar.value;
    if (memchr(value, 0, e->data.scalar.length)) return refuse(r, e->start_mark, NULL, "text must not contain a NUL");
    item->text = cli_copy(r->arena, value, e->data.scalar.length);
    item->place = place_of(r, e->start_mark);
    return true;
}

static bool read_key(reader *r, const yaml_event_t *e, const cli_node *map, cli_item *key)
{
    if (e->type == YAML_SEQUENCE_START_EVENT || e->type == YAML_MAPPING_START_EVENT)
        return refuse(r, e->start_mark, quote_it, "a key that begins with [ or { must be quoted");
    if (!plain_node(r, e) || !read_scalar(r, e, key)) return false;
    for (const cli_node *n = map->first; n; n = n->next)
        if (strcmp(n->key.text, key->text) == 0) {
            r->status = cli_fail_at(key->place, strlen(key->text), NULL, "the key '%s' is given twice", key->text);
            return false;
        }
    return true;
}

static bool read_node(reader *r, const yaml_event_t *start, int depth, cli_node **to);

/* The entries of a map or a list up to its end. */
static bool read_children(reader *r, cli_node *node, int depth)
{
    cli_node **tail = &node->first;
    for (;;) {
        yaml_event_t event;
        cli_item key = {0};
        if (!next_event(r, &event)) return false;
        if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return true;
        }
        bool ok = true;
        if (node->kind == CLI_MAP) {
            ok = read_key(r, &event, node, &key);
            yaml_event_delete(&event);
            if (!ok || !next_event(r, &event)) return false;
        }
        ok = read_node(r, &event, depth + 1, tail);
        yaml_event_delete(&event);
        if (!ok) return false;
        (*tail)->key = key;
        tail = &(*tail)->next;
    }
}

/* Sets `to` only when the node is complete, so that the map around it never contains half an entry. */
static bool read_node(reader *r, const yaml_event_t *start, int depth, cli_node **to)
{
    if (!plain_node(r, start)) return false;
    if (depth > MAX_DEPTH) return refuse(r, start->start_mark, NULL, "this is nested too deeply");
    if (++r->nodes > MAX_NODES) return refuse(r, start->start_mark, NULL, "too many entries");
    cli_node *node = cli_take(r->arena, sizeof *node);
    node->text.place = place_of(r, start->start_mark);
    if (start->type == YAML_SCALAR_EVENT) {
        node->kind = CLI_SCALAR;
        node->quoted = start->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        if (!read_scalar(r, start, &node->text)) return false;
        if (!node->quoted && cli_yaml_null(node->text.text)) node->text.text = "";
    } else {
        node->kind = start->type == YAML_MAPPING_START_EVENT ? CLI_MAP : CLI_LIST;
        if (!read_children(r, node, depth)) return false;
    }
    *to = node;
    return true;
}

/* The events are stream start, document start, those of the root, document end, stream end. */
static bool read_document(reader *r, cli_node **root)
{
    bool ok = true, done = false;
    int documents = 0;
    while (ok && !done) {
        yaml_event_t event;
        if (!next_event(r, &event)) return false;
        done = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT && documents++ > 0)
            ok = refuse(r, event.start_mark, NULL, "a configuration must be one document");
        if (event.type == YAML_ALIAS_EVENT || event.type == YAML_SCALAR_EVENT ||
            event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT)
            ok = read_node(r, &event, 0, root);
        yaml_event_delete(&event);
    }
    return ok;
}

tacet_status cli_yaml_read(cli_arena *a, const cli_source *source, cli_node **root)
{
    reader r = {.arena = a, .source = source};
    *root = NULL;
    if (!yaml_parser_initialize(&r.parser)) return cli_fail(TACET_MEMORY, "out of memory");
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)source->text, source->length);
    read_document(&r, root);
    yaml_parser_delete(&r.parser);
    return r.status;
}

tacet_status cli_source_load(cli_arena *a, const char *path, cli_source *source, tacet_error *e)
{
    size_t length;
    char *text = cli_file_within(a, path, MAX_FILE, &length);
    if (!text && errno == EFBIG)
        return tc_fail(e, TACET_FILE, "%s is too large for a configuration (more than 1 MiB)", path);
    if (!text) {
        const bool regular = errno != 0;
        cli_file_error(e, "read", path);
        if (!regular) tc_fail_hint(e, "write the configuration to a file first");
        return e->status;
    }
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) text += 3, length -= 3; /* a byte order mark */
    *source = (cli_source){.name = cli_copy(a, path, strlen(path)), .text = text, .length = length, .file = true};
    return TACET_OK;
}

tacet_status cli_source_read(cli_arena *a, const char *path, cli_source *source)
{
    tacet_error e;
    return cli_source_load(a, path, source, &e) == TACET_OK ? TACET_OK : cli_refuse(&e, 0, NULL);
}

bool cli_yaml_null(const char *text) { return tc_word_read("~|null|Null|NULL", text) >= 0; }

/* Whether text can be written without quotes, as a value and in a list. */
static bool is_plain(const char *text)
{
    size_t n = strlen(text);
    if (!n || strspn(text, " -?:,[]{}#&*!|>'\"%@`") || text[n - 1] == ' ' || text[n - 1] == ':') return false;
    for (size_t i = 0; i < n; i++)
        if (!isprint((unsigned char)text[i]) || strchr("[]{},\"", text[i])) return false;
    return !strstr(text, ": ") && !strstr(text, " #") && !cli_yaml_null(text);
}

void cli_yaml_text(FILE *to, const char *text)
{
    if (is_plain(text)) {
        fputs(text, to);
        return;
    }
    fputc('"', to);
    uint32_t code;
    for (size_t n; *text; text += n ? n : 1) {
        n = tc_char(text, &code);
        if (*text == '"' || *text == '\\') fputc('\\', to);
        if (n > 0 && (!tc_char_shown(code) || code == 0xFFFE || code == 0xFFFF)) /* YAML forbids these characters */
            fprintf(to, code > 0xFFFF ? "\\U%08x" : "\\u%04x", (unsigned)code);
        else
            fwrite(text, 1, n ? n : 1, to);
    }
    fputc('"', to);
}
