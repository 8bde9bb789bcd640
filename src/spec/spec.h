/* spec.h: the small language, `name [positional ...] [key=value ...] [flag ...]`.
 *
 * One parser and one error style for layers, losses, penalties, optimizers and data. Tables of attributes
 * (tc_attribute, which the catalogue shows as tacet_attribute) define what may follow a name. A description is read
 * twice: tc_spec_parse cuts the text into words; tc_spec_bind assigns each word to an attribute.
 *
 *   - a word with = sets that key; its value may be double-quoted (\" and \\ inside), and may then hold spaces
 *   - a bare word that names a bool attribute sets it
 *   - any other bare word goes to the next positional attribute that is not set, first those that must be given, in the
 *     order of the tables; so does a word with = if that attribute is a text, such as a path, and what is before the =
 *     is not like any key
 *   - an attribute of type "values" takes all bare words that are left, one after the other
 *   - bool values: true, false, on, off, yes, no, 1, 0
 *   - a table of attributes ends with a NULL name. A type is "float", "int", "bool", "text", "a|b|c", "size" (3 or
 *     3x5: rows and columns of pixels), "padding" (a size, or same), "numbers" ("1 2 5" or 1,2,5), "weights" (numbers, or
 *     balanced) or "formula" (formula/formula.h)
 *   - key=number, where a formula uses a name that no attribute has, gives the formula that constant
 *   - limits: 4096 bytes a description, TC_MAX_WORDS words */
#ifndef TC_SPEC_H
#define TC_SPEC_H

#include "base/status.h"
#include "base/text.h"

enum { TC_MAX_WORDS = 24, TC_MAX_ATTRS = 16, TC_MAX_SPEC = 4096 };
enum { TC_PADDING_SAME = -1 }; /* both numbers of a padding that is "same" */

typedef struct tc_word {
    const char *key;   /* NULL for a bare word */
    const char *text;  /* unquoted */
    const char *whole; /* of key=value without quotes: all of it */
    int column, width; /* in the source */
} tc_word;

typedef struct tc_spec {
    tc_mem mem;
    char *source, *words; /* the text as given; the cut copies that keys and values point into */
    const char *name;
    int column, width; /* of the name */
    int count;
    tc_word word[TC_MAX_WORDS];
} tc_spec;

/* On failure nothing is left to free. The spec does not keep `text`. tc_spec_cut does the same in the caller's memory,
 * source, as large as the text (TC_MAX_SPEC + 1 always suffices), and words, twice that; such a spec is not freed. */
tacet_status tc_spec_parse(tc_spec *s, const tc_mem *m, const char *text, tacet_error *e);
tacet_status tc_spec_cut(tc_spec *s, const char *text, char *source, char *words, tacet_error *e);
void tc_spec_free(tc_spec *s);

typedef struct tc_attribute {
    const char *name, *type; /* as tacet_attribute has them */
    const char *preset;
    const char *doc;
    bool positional;
} tc_attribute; /* the last of a table has no name */

/* The value of one attribute: number for float, int, bool (0 or 1) and for choices (the index of the word); number and
 * second for sizes (height and width); text always (the word, or the default's), owned by the spec or by the table. */
typedef struct tc_arg {
    double number, second;
    const char *text;
    bool given;
    int column, width; /* of the value in the source, when given */
    void *made;        /* one block that was made of it: a list of numbers (tc_spec_list), or see tc_op.prepare */
    int64_t count;     /* of the list */
} tc_arg;

/* A table and where its values go; `arg` has an entry for every attribute. */
typedef struct tc_binding {
    const tc_attribute *table;
    tc_arg *arg;
} tc_binding;

/* Assigns every word to an attribute of the tables (searched in order; positionals of the first table come first). If
 * two have the same name, the first is set by `bias=false`, the last by a value that is itself a name,
 * `bias=linear1.bias`. `needs` false: attributes that must be given may be left out (for options that override others).
 * Refuses an unknown key (and suggests the nearest), a key given twice, a value of the wrong type, too many
 * positionals, a missing attribute. */
tacet_status tc_spec_bind(const tc_spec *s, int bindings, const tc_binding *binding, bool needs, tacet_error *e);

/* The same without reading values: fills each tc_arg except its number, and refuses only a word that belongs to no
 * attribute. */
tacet_status tc_spec_place(const tc_spec *s, int bindings, const tc_binding *binding, tacet_error *e);

/* After either: the attribute of that name (the one that was given, if two have it) and its *arg. NULL: refused. */
const tc_attribute *tc_spec_find(const tc_spec *s, int bindings, const tc_binding *binding, const char *key,
                                 const tc_arg **arg, tacet_error *e);

/* Reads the list of an attribute of type "numbers" or "weights" into arg->made, which the caller frees; does nothing for
 * other types, and if no numbers are given. False when out of memory. */
bool tc_spec_list(const tc_mem *m, const tc_attribute *attribute, tc_arg *arg);
static inline const float *tc_numbers(const tc_arg *arg) { return arg->count ? arg->made : NULL; }

/* The number of attributes of a table (NULL: 0). */
__attribute__((pure)) int tc_attr_count(const tc_attribute *table);

/* Writes the spec as it was given, in canonical form: name, then the words in order, quoted where needed. */
void tc_spec_print(const tc_spec *s, tc_text *to);
void tc_spec_print_value(const char *value, bool bare, tc_text *to); /* one value; bare: without a key */

/* Cuts the next stage off a chain "a 1 | b \"x|y\" | c", in which a bar inside quotes does not end a stage: copies it
 * without the spaces around it into stage[capacity] and moves *chain past the bar; *column is its place in the whole
 * chain. False at the end. An empty stage is returned as "". A stage that does not fit is truncated; with capacity
 * TC_MAX_SPEC + 2, tc_spec_parse then refuses it. */
bool tc_chain_next(const char **chain, const char *whole, char *stage, size_t capacity, int *column);

#endif
