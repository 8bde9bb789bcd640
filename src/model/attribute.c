/* attribute.c: one attribute of a description: what sets it, and the text in which something else does. The description
 * is read as everywhere, by the tables of the catalogue; nothing is allocated. */
#include "spec/spec.h"

#include <string.h>

enum { TABLES = 3 }; /* an entry's own attributes, those of its role, parameters of other layers */

typedef struct reading {
    tc_spec spec;
    char source[TC_MAX_SPEC + 1], words[TC_MAX_SPEC + 1];
    tacet_attribute shared[sizeof((tacet_entry *)0)->parameter / sizeof(char *)];
    tc_arg arg[TABLES][TC_MAX_ATTRS];
    tc_binding binding[TABLES];
} reading;

/* Entry i of those that may stand where one of that role is due. */
static bool entry_at(const char *role, int i, tacet_entry *e)
{
    const bool penalty = strcmp(role, "penalty") == 0;
    for (int k = 0; tacet_entry_at(k, e) == TACET_OK; k++)
        if ((strcmp(e->role, role) == 0 || (penalty && strcmp(e->role, "constraint") == 0)) && i-- == 0) return true;
    return false;
}

static const char *name_at(const void *role, int i)
{
    tacet_entry e;
    return entry_at(role, i, &e) ? e.name : NULL;
}

/* values: each word must be a value of the type that its attribute has. */
static tacet_status read_text(reading *r, const char *role, const char *text, bool values, tacet_error *why)
{
    tacet_entry e;
    const tc_spec *s = &r->spec;
    const tacet_status status = tc_spec_cut(&r->spec, text, r->source, r->words, why);
    if (status != TACET_OK) return status;
    for (int i = 0;; i++) {
        if (!entry_at(role, i, &e)) {
            tc_refuse(why, text, s->column, s->width, "unknown %s \"%.100s\"", role, s->name);
            tc_fail_choices(why, "there are", s->name, name_at, role);
            return TACET_DESCRIPTION;
        }
        if (strcmp(e.name, s->name) == 0) break;
    }
    memset(r->shared, 0, sizeof r->shared);
    for (int k = 0; e.parameter[k]; k++)
        r->shared[k] = (tacet_attribute){.name = e.parameter[k], .type = "text", .preset = ""};
    const tacet_attribute *table[TABLES] = {e.attribute, e.common, r->shared};
    for (int k = 0; k < TABLES; k++) r->binding[k] = (tc_binding){table[k], r->arg[k]};
    return values ? tc_spec_bind(s, TABLES, r->binding, false, why) : tc_spec_place(s, TABLES, r->binding, why);
}

size_t tacet_spec_find(const char *role, const char *text, const char *key, tacet_setting *setting, char *value,
                       size_t capacity, tacet_error *why)
{
    reading r;
    const tc_arg *arg;
    *setting = (tacet_setting){.column = -1};
    if (capacity > 0) *value = '\0';
    if (read_text(&r, role, text, false, why) != TACET_OK) return 0;
    setting->attribute = tc_spec_find(&r.spec, TABLES, r.binding, key, &arg, why);
    if (!setting->attribute) return 0;
    setting->given = arg->given;
    if (arg->given) setting->column = arg->column, setting->width = arg->width;
    return tc_text_copy(arg->text ? arg->text : "", value, capacity);
}

static void *no_more(void *context, void *old, size_t size)
{
    (void)context, (void)old, (void)size;
    return NULL;
}

size_t tacet_spec_set(const char *role, const char *text, const char *key, const char *value, char *to, size_t capacity,
                      tacet_error *why)
{
    reading r;
    const tc_arg *arg;
    char made[TC_MAX_SPEC + 1];
    tc_text t = {.mem = {.resize = no_more}, .data = made, .capacity = sizeof made};
    if (read_text(&r, role, text, false, why) != TACET_OK) return 0;
    const bool given = tc_spec_find(&r.spec, TABLES, r.binding, key, &arg, NULL) && arg->given;
    const int column = given ? arg->column : (int)strlen(text), width = given ? arg->width : 0;
    tc_text_add(&t, "%.*s%s", column, text, given ? "" : " ");
    if (!given || text[column - 1] != '=') tc_text_add(&t, "%s=", key);
    tc_spec_print_value(value, false, &t);
    tc_text_add(&t, "%s", text + column + width);
    if (t.failed) {
        tc_fail(why, TACET_DESCRIPTION, "with this %s the description is more than %d bytes long", key, TC_MAX_SPEC);
        return 0;
    }
    return read_text(&r, role, made, true, why) == TACET_OK ? tc_text_copy(made, to, capacity) : 0;
}
