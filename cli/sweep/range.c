/* range.c: finds the range A..B:N in a penalty, and replaces it by each of N numbers.
 *
 * The numbers are evenly spaced on a logarithmic scale. Those between the ends are rounded to four digits, or more if
 * some would be equal: a lambda can then be copied from the table, and names a folder. */
#include "sweep/range.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXAMPLE "--over 'relu1: l1 lambda=1e-6..1e-2:9' tries nine lambdas"

/* A part of the argument, for errors to point at. */
typedef struct part {
    cli_place place; /* of the whole argument */
    const char *from, *to;
} part;

static tacet_status refuse(part p, const char *hint, const char *message)
{
    p.place.offset = (size_t)(p.from - p.place.source->text);
    return cli_fail_at(p.place, p.to > p.from ? (size_t)(p.to - p.from) : 1, hint, "%s", message);
}

static const char *text_of(cli_arena *a, part p) { return cli_copy(a, p.from, (size_t)(p.to - p.from)); }

/* ---- The ends ---------------------------------------------------------------------------------------------------- */

static const char
    *const positive = "the points of a range are evenly spaced on a logarithmic scale: both ends must be above 0";

static tacet_status read_end(cli_arena *a, const cli_over *o, part p, cli_range_end *end)
{
    const char *text = text_of(a, p);
    end->number = 1;
    end->of_largest = strncmp(text, "max", 3) == 0 && (!text[3] || text[3] == '/');
    if (end->of_largest && !o->lambda)
        return refuse(
            p, NULL,
            cli_format(a, "max is the largest lambda that changes anything; %s has no such value", o->attribute));
    const char *number = end->of_largest && text[3] ? text + 4 : text;
    if (end->of_largest && !text[3]) return TACET_OK;
    if (!*text) return refuse(p, EXAMPLE, "a number is missing: a range is FROM..TO:POINTS");
    if (!tc_written_number(number, &end->number))
        return refuse(p, o->lambda ? "a number, max, or max/1000" : NULL, cli_format(a, "'%s' is not a number", text));
    return end->number > 0 ? TACET_OK : refuse(p, NULL, positive);
}

/* range: the text "A..B:N"; dots: the .. in it. */
static tacet_status read_range(cli_arena *a, cli_over *o, part range, const char *dots)
{
    int64_t n = 0;
    const char *colon = memchr(dots, ':', (size_t)(range.to - dots));
    part first = {range.place, range.from, dots}, last = {range.place, dots + 2, colon ? colon : range.to};
    tacet_status s = read_end(a, o, first, &o->end[0]);
    if (s == TACET_OK) s = read_end(a, o, last, &o->end[1]);
    if (s != TACET_OK) return s;
    if (!colon) return refuse(range, EXAMPLE, "the number of points is missing: a range is FROM..TO:POINTS");
    part count = {range.place, colon + 1, range.to};
    if (!tc_written_integer(text_of(a, count), &n) || n < 1 || n > CLI_RANGE_POINTS)
        return refuse(
            count, NULL,
            cli_format(a, "the number of points must be from 1 to %d, not '%s'", CLI_RANGE_POINTS, text_of(a, count)));
    o->count = (int)n;
    if (n == 1 && (o->end[0].number != o->end[1].number || o->end[0].of_largest != o->end[1].of_largest))
        return refuse(count, NULL, "one point cannot have two ends: use 2 points, or the same number twice");
    return TACET_OK;
}

/* ---- The penalty ------------------------------------------------------------------------------------------------- */

static const char *kind_of(cli_arena *a, const char *penalty)
{
    penalty += strspn(penalty, " \t\r\n");
    return cli_copy(a, penalty, strcspn(penalty, " \t\r\n"));
}

/* The name given to a penalty; "" if it has no name or is malformed. */
static const char *called(cli_arena *a, const char *penalty)
{
    tacet_setting at = {.size = sizeof at};
    const size_t n = tacet_spec_find(TACET_ROLE_PENALTY, penalty, "name", &at, NULL, 0, NULL) + 1;
    char *name = cli_take(a, n);
    tacet_spec_find(TACET_ROLE_PENALTY, penalty, "name", &at, name, n, NULL);
    return name;
}

/* Reads the value of an attribute if it is a range; text in quotes is not a range. */
static tacet_status read_value(cli_arena *a, cli_over *o, part spec, const tacet_attribute *attribute)
{
    tacet_setting found = {.size = sizeof found}, *at = &found;
    tacet_spec_find(TACET_ROLE_PENALTY, spec.from, attribute->name, at, NULL, 0, NULL);
    const size_t column = at->given ? (size_t)at->column : 0;
    part range = {spec.place, spec.from + column, spec.from + column + at->width};
    const char *dots = strstr(range.from, "..");
    if (*range.from == '"' || !dots || dots >= range.to) return TACET_OK;
    if (o->attribute)
        return refuse(range, "a second --over can sweep the other attribute, in every combination",
                      "a second range: an --over sweeps only one attribute");
    o->attribute = attribute->name;
    o->lambda = strcmp(o->attribute, "lambda") == 0;
    o->whole = strcmp(attribute->type, "int") == 0;
    o->before = cli_copy(a, spec.from, (size_t)(range.from - spec.from));
    o->after = range.to;
    return read_range(a, o, range, dots);
}

static tacet_status read_penalty(cli_arena *a, cli_over *o, part spec)
{
    tacet_error why;
    tacet_setting at = {.size = sizeof at};
    tacet_attribute attribute = {.size = sizeof attribute};
    const cli_item item = {spec.from, {spec.place.source, (size_t)(spec.from - spec.place.source->text)}};
    tacet_spec_find(TACET_ROLE_PENALTY, spec.from, "name", &at, NULL, 0, &why);
    if (at.attribute < 0) return cli_refuse(&why, 1, &item);
    tacet_status s = TACET_OK;
    for (int i = 0; s == TACET_OK && tacet_attribute_at(at.entry, i, &attribute) == TACET_OK; i++)
        s = read_value(a, o, spec, &attribute);
    if (s == TACET_OK && !o->attribute) s = refuse(spec, EXAMPLE, "the range FROM..TO:POINTS is missing");
    return s;
}

/* The first `most` bytes of text, with _ for characters that a file name should not contain. */
static const char *plain(cli_arena *a, const char *text, size_t most)
{
    char *copy = cli_copy(a, text, strlen(text) < most ? strlen(text) : most);
    for (char *at = copy; *at; at++)
        if (!isalnum((unsigned char)*at) && *at != '.' && *at != '_') *at = '_';
    return copy;
}

static const char *name_of(cli_arena *a, const cli_over *o)
{
    const char *name = cli_format(a, "%s-%s", plain(a, o->on, 24), plain(a, o->kind, 20));
    return o->lambda ? name : cli_format(a, "%s-%s", name, plain(a, o->attribute, 12));
}

tacet_status cli_over_read(cli_arena *a, const char *text, cli_over *o)
{
    *o = (cli_over){.text = text, .largest = NAN};
    const cli_place place = cli_argument(a, "--over", text);
    text = place.source->text;
    const char *end = text + strlen(text), *colon = strchr(text, ':'), *to = colon;
    part whole = {place, text, end};
    const char *dots = strstr(text, "..");
    if (!colon || (dots && dots < colon)) return refuse(whole, EXAMPLE, "a colon is missing: SELECTOR: PENALTY");
    while (to > text && to[-1] == ' ') to--;
    part spec = {place, colon + 1 + strspn(colon + 1, " \t"), end};
    if (to == text) return refuse(whole, EXAMPLE, "a selector is missing: SELECTOR: PENALTY");
    if (spec.from == end) return refuse(whole, EXAMPLE, "a penalty is missing: SELECTOR: PENALTY");
    o->on = cli_copy(a, text, (size_t)(to - text));
    o->kind = kind_of(a, spec.from);
    tacet_status s = read_penalty(a, o, spec);
    o->called = called(a, spec.from);
    if (s == TACET_OK) o->name = name_of(a, o);
    return s;
}

/* ---- The points -------------------------------------------------------------------------------------------------- */

static double end_of(const cli_over *o, int i)
{
    return o->end[i].of_largest ? o->largest / o->end[i].number : o->end[i].number;
}

static const char *point(cli_arena *a, const cli_over *o, int i, int digits)
{
    char text[TC_NUMBER_MAX];
    const int n = o->count, end = i == 0 ? 0 : i == n - 1 ? 1 : -1;
    const double from = log(end_of(o, 0)), to = log(end_of(o, 1));
    const double x = end >= 0 ? end_of(o, end) : exp(from + (to - from) * i / (n - 1));
    if (o->whole) return cli_format(a, "%.0f", x);
    if (end < 0 || o->end[end].of_largest) return cli_format(a, "%.*g", digits, x);
    return cli_format(a, "%s", tc_number_digits(x, 4, text)); /* an end that was given as a number is kept exactly */
}

static bool write_points(cli_arena *a, cli_over *o, int digits)
{
    bool differ = true;
    for (int i = 0; i < o->count; i++) {
        o->value[i] = point(a, o, i, digits);
        o->number[i] = strtod(o->value[i], NULL);
        /* Rounding may neither make neighbours equal nor change their order. */
        const double way = end_of(o, 1) - end_of(o, 0);
        if (i > 0 && !((o->number[i] - o->number[i - 1]) * way > 0)) differ = false;
    }
    return differ;
}

tacet_status cli_over_fill(cli_arena *a, cli_over *o)
{
    const cli_place place = cli_argument(a, "--over", o->text);
    const size_t width = strlen(o->text);
    for (int i = 0; i < 2; i++) {
        if (o->end[i].of_largest && !(o->largest > 0))
            return cli_fail_at(place, width, "write numbers: 1e-6..1e-2:9",
                               "the largest lambda could not be estimated here, so max has no value");
        if (!(end_of(o, i) >= FLT_MIN && end_of(o, i) <= FLT_MAX))
            return cli_fail_at(place, width, NULL, "the ends of a range must be from %g to %g; one is %g",
                               (double)FLT_MIN, (double)FLT_MAX, end_of(o, i));
    }
    o->value = cli_take(a, (size_t)o->count * sizeof *o->value);
    o->number = cli_take(a, (size_t)o->count * sizeof *o->number);
    for (int digits = 4; digits <= 17; digits++)
        if (write_points(a, o, digits)) return TACET_OK;
    return cli_fail_at(place, width, "use fewer points, or ends further apart",
                       "%d points do not fit between %s and %s: some would be the same", o->count, o->value[0],
                       o->value[o->count - 1]);
}

/* ---- Penalties --------------------------------------------------------------------------------------------------- */

const char *cli_over_penalty(cli_arena *a, const cli_over *o, const char *value)
{
    return cli_format(a, "%s: %s%s%s", o->on, o->before, value, o->after);
}

void cli_over_replace(const cli_over *o, cli_config *c)
{
    for (cli_pair **p = &c->penalties; *p;) {
        const char *text = (*p)->spec.text;
        if (strcmp((*p)->on.text, o->on) == 0 && strcmp(kind_of(c->arena, text), o->kind) == 0 &&
            strcmp(called(c->arena, text), o->called) == 0)
            *p = (*p)->next;
        else
            p = &(*p)->next;
    }
}
