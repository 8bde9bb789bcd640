/* config.h: a configuration, from a file and the command line. Every key is a row of keys.def; its value is kept as
 * text with the place where it was written, so that the library's errors can point there. */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "yaml_tree.h"

/* What a key's text must be. If the text describes an entry of the catalogue, `role` is the entry's role, and its
 * attributes can be set one by one (--set optimizer.lr=0.05). */
typedef struct cli_type {
    const char *name;
    tacet_role role;
    bool map, list;
    const char *expected; /* "a whole number" */
    const char *value;    /* its type, named as for attributes ("int"); NULL: any text */
} cli_type;

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
    cli_pair *metrics; /* the texts of the key metrics, one by one, each as `on` and as `spec` */
} cli_config;

/* Sets the defaults, then reads the file. */
tacet_status cli_config_read(cli_arena *a, const char *path, cli_config *c);

/* Applies one --set: "train.epochs=3", "optimizer.lr=0.05" or "parameters.linear1.*=frozen". */
tacet_status cli_config_set(cli_config *c, const char *text);

/* Sets a key that has an option of its own ("--data"). */
tacet_status cli_config_option(cli_config *c, const char *option, int key, const char *text);

/* Adds one penalty, "relu1: l1 1e-4", that was given with `option` ("--penalty"). */
tacet_status cli_config_penalty(cli_config *c, const char *option, const char *text);

/* Checks that all required keys are set, and that no two exclude each other. */
tacet_status cli_config_check(const cli_config *c);

/* Replaces the text of a key (by a resolved source, for example), but not its place. */
void cli_config_put(cli_config *c, int key, const char *text);

/* Writes the configuration, with defaults, as YAML that reads back as the same configuration. */
void cli_config_print(const cli_config *c, FILE *to);

/* ---- For the files of the configuration -------------------------------------------------------------------------- */

/* The key that is all of `name`, or the part of `name` before a dot; -1: no such key. */
int cli_key_of(const char *name);

/* The first key of a group ("train"), or -1. */
int cli_key_in(const char *group);

tacet_status cli_key_store(cli_config *c, int key, cli_item item);
/* Adds an entry after the last one of the same name, the order in which cli_config_print writes them. */
tacet_status cli_pair_add(cli_config *c, cli_pair **list, cli_item on, cli_item spec);

/* A hint for an unknown key: the nearest name in `group` ("train."; "": the top level). */
const char *cli_key_suggest(const cli_config *c, const char *group, const char *word);

/* What a word alone may have been meant for: "epochs" for "train.epochs", "lr" for "optimizer.lr"; NULL: nothing. */
const char *cli_key_meant(cli_arena *a, const char *word);

/* An argument of the command line as a source that errors can point into. */
cli_place cli_argument(cli_arena *a, const char *option, const char *text);

#endif
