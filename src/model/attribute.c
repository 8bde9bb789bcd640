/* attribute.c: one attribute of a description: finds the word that sets it, and writes the text with another value. The
 * description is read by the tables of the catalogue, as everywhere; nothing is allocated. */
#include "base/sized.h"
#include "model/catalogue.h"

#include <string.h>

enum { TABLES = 3 }; /* an entry's own attributes, those of its role, parameters of other layers */

typedef struct reading {
    int entry; /* of the catalogue */
    tc_spec spec;
    char source[TC_MAX_SPEC + 1], words[2 * (TC_MAX_SPEC + 1)];
    tc_attribute shared[sizeof((tacet_entry *)0)->parameter / sizeof(char *)];
    tc_arg arg[TABLES][TC_MAX_ATTRS];
    tc_binding binding[TABLES];
} reading;

/* Entry i, in the catalogue's order, of those that are allowed where that role is expected; -1 after the last one. */
static int entry_at(tacet_role role, int i, tc_listed *e)
{
    for (int k = 0; tc_listed_at(k, e); k++) {
        const bool due = e->is.role == role || (role == TACET_ROLE_PENALTY && e->is.role == TACET_ROLE_CONSTRAINT);
        if (due && i-- == 0) return k;
    }
    return -1;
}

static const char *name_at(const void *role, int i)
{
    tc_listed e;
    return entry_at(*(const tacet_role *)role, i, &e) >= 0 ? e.is.name : NULL;
}

/* values: each word must be a value of the type that its attribute has. */
static tacet_status read_text(reading *r, tacet_role role, const char *text, bool values, tacet_error *why)
{
    tc_listed e;
    const tc_spec *s = &r->spec;
    const tacet_status status = tc_spec_cut(&r->spec, text, r->source, r->words, why);
    if (status != TACET_OK) return status;
    for (int i = 0;; i++) {
        r->entry = entry_at(role, i, &e);
        if (r->entry < 0) {
            tc_refuse(why, text, s->column, s->width, "unknown %s \"%.100s\"", tacet_role_name(role), s->name);
            tc_fail_choices(why, "there are", s->name, name_at, &role);
            return TACET_DESCRIPTION;
        }
        if (strcmp(e.is.name, s->name) == 0) break;
    }
    memset(r->shared, 0, sizeof r->shared);
    for (int k = 0; e.is.parameter[k]; k++)
        r->shared[k] = (tc_attribute){.name = e.is.parameter[k], .type = "text", .preset = ""};
    const tc_attribute *table[TABLES] = {e.own, e.common, r->shared};
    for (int k = 0; k < TABLES; k++) r->binding[k] = (tc_binding){table[k], r->arg[k]};
    return values ? tc_spec_bind(s, TABLES, r->binding, false, why) : tc_spec_place(s, TABLES, r->binding, why);
}

/* The place of an attribute among those that tacet_attribute_at gives; parameters of other layers follow them. */
static int place_of(const reading *r, const tc_attribute *a)
{
    int before = 0;
    for (int k = 0; k < TABLES; k++) {
        const tc_attribute *table = r->binding[k].table;
        const int n = tc_attr_count(table);
        if (n > 0 && a >= table && a < table + n) return before + (int)(a - table);
        before += n;
    }
    return -1;
}

size_t tacet_spec_find(tacet_role role, const char *text, const char *key, tacet_setting *setting, char *value,
                       size_t capacity, tacet_error *why)
{
    reading r;
    const tc_arg *arg = NULL;
    tacet_setting own = {.entry = -1, .attribute = -1, .column = -1};
    const tc_attribute *a = NULL;
    if (capacity > 0) *value = '\0';
    if (tc_sized_give(setting, &own, sizeof own) != TACET_OK) {
        tc_fail(why, TACET_FAILED, "tacet_setting has no size: begin it with {.size = sizeof(tacet_setting)}");
        return 0;
    }
    if (read_text(&r, role, text, false, why) == TACET_OK) a = tc_spec_find(&r.spec, TABLES, r.binding, key, &arg, why);
    if (!a) return 0;
    own = (tacet_setting){.entry = r.entry, .attribute = place_of(&r, a), .given = arg->given, .column = -1};
    if (arg->given) own.column = arg->column, own.width = arg->width;
    tc_sized_give(setting, &own, sizeof own);
    return tc_text_copy(arg->text ? arg->text : "", value, capacity);
}

size_t tacet_spec_set(tacet_role role, const char *text, const char *key, const char *value, char *to, size_t capacity,
                      tacet_error *why)
{
    reading r;
    const tc_arg *arg;
    char made[TC_MAX_SPEC + 1];
    tc_text t = tc_text_into(made, sizeof made);
    if (read_text(&r, role, text, false, why) != TACET_OK) return 0;
    const bool given = tc_spec_find(&r.spec, TABLES, r.binding, key, &arg, NULL) && arg->given;
    const int column = given ? arg->column : (int)strlen(text), width = given ? arg->width : 0;
    tc_text_add(&t, "%.*s%s", column, text, given ? "" : " ");
    if (!given || text[column - 1] != '=') tc_text_add(&t, "%s=", key);
    tc_spec_print_value(value, false, &t);
    tc_text_add(&t, "%s", text + column + width);
    if (t.length > TC_MAX_SPEC) {
        tc_fail(why, TACET_DESCRIPTION, "with this %s the description is more than %d bytes long", key, TC_MAX_SPEC);
        return 0;
    }
    if (read_text(&r, role, made, true, why) != TACET_OK) return 0;
    /* A key of several words has set something else. */
    return tc_spec_find(&r.spec, TABLES, r.binding, key, &arg, why) ? tc_text_copy(made, to, capacity) : 0;
}
