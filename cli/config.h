/* config.h: a configuration: what a run is, from a file and from the command line.
 *
 * Every key is a row of keys.def. The value of a key is kept as text, with the place where it was written, so that what
 * the library says of it can be shown there. */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "yaml_tree.h"

/* What a key's text must be. `role` is that of the catalogue where the text is in the small language and its attributes
 * can be set one by one (--set optimizer.lr=0.05). */
typedef struct cli_type {
    const char *name;
    tacet_role role;
    bool map;
    const char *expected; /* "a whole number" */
    const char *value;    /* of which type the value of an attribute would be, "int"; NULL: any text */
} cli_type;
extern const cli_type cli_type_chain, cli_type_loss, cli_type_map, cli_type_optimizer, cli_type_data, cli_type_path,
    cli_type_int, cli_type_share, cli_type_bool, cli_type_sparse, cli_type_target;

typedef struct cli_key {
    const char *name;
    const cli_type *type;
    const char *value; /* the default; NULL: must be given; "": not set */
    double least, most;
    const char *doc;
} cli_key;

enum {
#define KEY(symbol, name, type, value, least, most, doc) CLI_##symbol,
#include "keys.def"
#undef KEY
    CLI_KEYS
};
extern const cli_key cli_key_table[CLI_KEYS];

/* One entry of penalties or parameters. */
typedef struct cli_pair {
    cli_item on, spec;
    struct cli_pair *next;
} cli_pair;

typedef struct cli_config {
    cli_arena *arena;
    cli_source source; /* the file */
    struct {
        cli_item item; /* text "": not set */
        double number;
        int64_t integer;
        bool given;
    } value[CLI_KEYS];
    cli_pair *penalties, *parameters;
} cli_config;

/* Defaults, then the file. */
tacet_status cli_config_read(cli_arena *a, const char *path, cli_config *c);

/* One --set: "train.epochs=3", "optimizer.lr=0.05", "parameters.linear1.*=frozen". One penalty, "relu1: l1 1e-4", which
 * `option` ("--penalty") gave. */
tacet_status cli_config_set(cli_config *c, const char *text);
tacet_status cli_config_penalty(cli_config *c, const char *option, const char *text);

/* Whether all is there that must be, and goes together. */
tacet_status cli_config_check(const cli_config *c);

/* Puts another text in a key's place, where it was written (a resolved source, say). */
void cli_config_put(cli_config *c, int key, const char *text);

/* Writes the configuration, with defaults, as YAML that reads back to the same. */
void cli_config_print(const cli_config *c, FILE *to);

/* ---- For the files of the configuration -------------------------------------------------------------------------- */

tacet_status cli_key_store(cli_config *c, int key, cli_item item);
/* Behind the last entry of the same name, so that the order is that of the file which cli_config_print writes. */
tacet_status cli_pair_add(cli_config *c, cli_pair **list, cli_item on, cli_item spec);

/* The nearest to an unknown key, as a hint, among the names that begin with `group` ("train.", or "" for those of the
 * top); the names are given without the group. */
const char *cli_key_suggest(const cli_config *c, const char *group, const char *word);

/* An argument as a source of its own, for errors to point into. */
cli_place cli_argument(cli_arena *a, const char *option, const char *text);

#endif
