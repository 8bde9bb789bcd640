/* yaml_tree.h: the part of YAML that configurations use: maps, lists and texts, each with its place. */
#ifndef CLI_YAML_TREE_H
#define CLI_YAML_TREE_H

#include "cli.h"

typedef enum cli_kind { CLI_SCALAR, CLI_LIST, CLI_MAP } cli_kind;

typedef struct cli_node {
    cli_kind kind;
    cli_item key;  /* of an entry of a map */
    cli_item text; /* the text of a scalar; the place of any node */
    bool quoted;
    struct cli_node *first, *next; /* children; the next sibling */
} cli_node;

/* Reads one document into *root (NULL if it is empty). Refuses aliases, anchors, tags, duplicate keys and deep
 * nesting. The tree is in the arena and points into the source. */
tacet_status cli_yaml_read(cli_arena *a, const cli_source *source, cli_node **root);

/* Reads a whole file of at most 1 MiB. */
tacet_status cli_source_load(cli_arena *a, const char *path, cli_source *source, tacet_error *e);
tacet_status cli_source_read(cli_arena *a, const char *path, cli_source *source);

/* Whether a value without quotes is null or ~, which stand for no value. It is read as "". */
bool cli_yaml_null(const char *text);

/* Writes text so that it is read back unchanged: plain if possible, otherwise in double quotes. */
void cli_yaml_text(FILE *to, const char *text);

#endif
