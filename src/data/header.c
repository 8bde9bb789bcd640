/* header.c: decides by comparing the first row with the rows below it, column by column.
 *
 * A word above numbers is a name. A word that comes again in its column is a value, and so is a number that nobody would
 * give to a column, such as -1 or 5.1. What is left are whole numbers: 0, 1, 2, ..., which pandas writes when columns
 * have no names, years, and, above columns of words, words that do not come again. A missing value, infinity, a number
 * that cannot be read and a mark such as - are never names. */
#include "data/header.h"

#include "data/missing.h"

#include <math.h>
#include <string.h>

enum { MANY = 5 }; /* rows in which a word that does not come again is remarkable */

/* What the fields of one column are. */
typedef struct look {
    bool word;          /* the first is a word */
    bool whole, quoted; /* the first is a whole number from 0 on; in quotes */
    bool fraction;      /* the first is another number */
    double number;      /* the first, if it is one */
    bool numbers;       /* some number below it */
    bool fractions;     /* some number below it is written with a fraction */
    bool words;         /* some word below it */
    bool again;         /* the first comes again */
    bool once;          /* some word below it comes only once */
    bool any_quoted;    /* some field below it is in quotes */
} look;

static int64_t times(const tc_rows *r, int64_t i, const char *text)
{
    int64_t n = 0;
    for (int k = 1; k < r->held; k++) n += strcmp(tc_rows_text(r, &r->row[k], i), text) == 0;
    return n;
}

/* A number that cannot be read (inf, 1e400, 1,5, 5%), or a mark such as - or n.a. for a value that is not known. */
static bool is_mark(const char *text)
{
    static const char *const mark[] = {"inf", "Inf", "INF", "infinity", "Infinity", "n.a.", "N.A.", "n.a", "n.d."};
    const char *rest = text + (*text == '-' || *text == '+');
    for (size_t i = 0; i < sizeof mark / sizeof *mark; i++)
        if (strcmp(mark[i], rest) == 0) return true;
    const bool digits = strspn(text, "0123456789+-.,eE%") == strlen(text) && strpbrk(text, "0123456789");
    return (digits && strpbrk(text, ".,eE%") && !strchr("eE", *text)) || strspn(text, "-.?*/") == strlen(text);
}

static bool is_word(const char *text)
{
    double x;
    return !tc_missing(text, false, false) && !tc_field_number(text, &x) && !is_mark(text);
}

static look look_at(const tc_rows *r, int64_t i)
{
    const char *first = tc_rows_text(r, &r->row[0], i);
    look l = {.quoted = tc_rows_quoted(r, &r->row[0], i), .number = NAN, .word = is_word(first)};
    if (!l.word && tc_field_number(first, &l.number)) {
        l.whole = strspn(first, "0123456789") == strlen(first);
        l.fraction = !l.whole;
    }
    for (int k = 1; k < r->held; k++) {
        const char *text = tc_rows_text(r, &r->row[k], i);
        double x;
        if (tc_rows_quoted(r, &r->row[k], i)) l.any_quoted = true;
        if (tc_field_number(text, &x)) {
            l.numbers = true;
            if (strpbrk(text, ".eE")) l.fractions = true;
        } else if (is_word(text)) {
            l.words = true;
            if (l.word && strcmp(text, first) == 0) l.again = true;
            if (l.word && !l.once) l.once = times(r, i, text) == 1;
        }
    }
    return l;
}

/* What is seen in all columns together. */
typedef struct sum {
    int64_t words, whole, fractions; /* fractions: columns with whole numbers above fractions */
    bool named;                      /* a word above nothing but numbers */
    bool again;                      /* a word that comes again */
    bool fraction;                   /* a number that is no name */
    bool unique;                     /* a word that does not come again, in a column where all others do */
    bool counts;                     /* whole numbers, each one more than the one before */
    bool quoted;                     /* all of the first row is in quotes, and no other number is */
    double first, last;              /* of the whole numbers */
} sum;

static sum look_at_all(const tc_rows *r, int64_t columns)
{
    sum s = {.counts = true, .quoted = true, .first = NAN, .last = NAN};
    for (int64_t i = 0; i < columns; i++) {
        const look l = look_at(r, i);
        if (l.word) s.words++;
        if (l.word && l.numbers && !l.words) s.named = true;
        if (l.again) s.again = true;
        if (l.fraction) s.fraction = true;
        if (l.word && !l.numbers && !l.again && !l.once && r->held >= MANY) s.unique = true;
        if (l.whole) {
            s.whole++;
            if (l.fractions) s.fractions++;
            if (!isnan(s.last) && l.number != s.last + 1) s.counts = false;
            if (isnan(s.first)) s.first = l.number;
            s.last = l.number;
        }
        if (!l.quoted || (l.any_quoted && l.numbers)) s.quoted = false;
    }
    return s;
}

/* Whether the second row goes on counting where the first one ends, as in a table of 0, 1, 2, ... in rows. */
static bool goes_on(const tc_rows *r, const sum *s)
{
    double x;
    return tc_field_number(tc_rows_text(r, &r->row[1], 0), &x) && x == s->last + 1;
}

/* A first row of whole numbers and of words that do not come again. */
static tc_header decide(const tc_rows *r, int64_t columns, const sum *s)
{
    if (r->held < 2) return s->words == columns ? TC_HEADER_YES : TC_HEADER_NO;
    if (s->quoted) return TC_HEADER_YES;
    if (s->words > 0 && s->whole > 0 && s->fractions == s->whole) return TC_HEADER_YES;
    if (s->words > 0) return s->unique || s->whole == 0 ? TC_HEADER_GUESS_YES : TC_HEADER_GUESS_NO;
    const bool unnamed = !*tc_rows_text(r, &r->row[0], 0) && s->whole == columns - 1; /* pandas' row numbers */
    if (!s->counts || s->whole + unnamed < columns || goes_on(r, s)) return TC_HEADER_NO;
    if (s->fractions == s->whole || (s->first == 0 && s->fractions > 0)) return TC_HEADER_YES;
    if (s->first != 0) return TC_HEADER_NO;
    if (unnamed) return TC_HEADER_YES;
    return columns > 2 ? TC_HEADER_GUESS_YES : columns == 2 ? TC_HEADER_GUESS_NO : TC_HEADER_NO;
}

tc_header tc_header_find(const tc_rows *r, int64_t columns)
{
    const sum s = look_at_all(r, columns);
    if (s.named) return s.fraction ? TC_HEADER_GUESS_YES : TC_HEADER_YES;
    if (s.again) return TC_HEADER_NO;
    if (s.fraction) return s.unique ? TC_HEADER_GUESS_NO : TC_HEADER_NO;
    return decide(r, columns, &s);
}
