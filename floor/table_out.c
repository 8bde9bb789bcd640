/* table_out.c: tables and numbers for people. */
#include "output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 64 };

/* Characters of UTF-8, each as one column of the terminal. */
static int characters(const char *text)
{
    int n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static int wide(const int *width, int c) { return c < COLUMNS ? width[c] : 0; }

static void print_cell(FILE *to, char align, int width, const char *text, const char *gap, bool last)
{
    if (last && !*text) return;
    width += (int)strlen(text) - characters(text); /* printf pads to a number of bytes */
    if (align == 'r')
        cli_print(to, "%s%*s", gap, width, text);
    else
        cli_print(to, "%s%-*s", gap, last ? 0 : width, text);
}

void cli_table(FILE *to, const char *align, int rows, const char *const *cell)
{
    const int columns = (int)strlen(align), room = cli_columns(to);
    int width[COLUMNS] = {0};
    for (int i = 0; i < rows * columns; i++) {
        const int n = characters(cell[i]), c = i % columns;
        if (c < COLUMNS && n > width[c]) width[c] = n;
    }
    int from = 1, end;
    do {
        int at = width[0];
        for (end = from; end < columns && (end == from || room == 0 || at + 2 + wide(width, end) <= room); end++)
            at += 2 + wide(width, end);
        if (from > 1) fputc('\n', to);
        for (int r = 0; r < rows; r++) {
            print_cell(to, align[0], width[0], cell[r * columns], "", end == 1);
            for (int c = from; c < end; c++)
                print_cell(to, align[c], wide(width, c), cell[r * columns + c], "  ", c + 1 == end);
            fputc('\n', to);
        }
        from = end;
    } while (from < columns);
}

const char *cli_digits(cli_arena *a, double value)
{
    if (!isfinite(value)) return "-";
    return cli_format(a, fabs(value) >= 9999.5 && fabs(value) < 999999.5 ? "%.0f" : "%.4g", value);
}

/* Digits after the point that a number needs to have this many significant ones; -1: write it with an exponent. */
static int decimals(cli_arena *a, double value, int digits)
{
    const int power = value == 0 ? 0 : atoi(strchr(cli_format(a, "%.*e", digits - 1, value), 'e') + 1);
    if (power < -6 || power > 8) return -1;
    return power < digits - 1 ? digits - 1 - power : 0;
}

const char *cli_significant(cli_arena *a, double value, int digits)
{
    if (!isfinite(value)) return "-";
    if (value == 0) return "0";
    const int n = decimals(a, value, digits);
    return n < 0 ? cli_format(a, "%.*g", digits, value) : cli_format(a, "%.*f", n, value);
}

const char *cli_with_error(cli_arena *a, double value, double error, const char *plus)
{
    const int n = decimals(a, error, 2);
    if (n < 0) return cli_format(a, "%.3g %s %.2g", value, plus, error);
    return cli_format(a, "%.*f %s %.*f", n, value, plus, n, error);
}

const char *cli_spent(cli_arena *a, double seconds)
{
    const double s = round(seconds);
    if (!(seconds >= 0.095)) return "";
    if (seconds < 9.95) return cli_format(a, "  %.1f s", seconds);
    return s < 100 ? cli_format(a, "  %.0f s", s) : cli_format(a, "  %.0f:%02.0f min", floor(s / 60), fmod(s, 60));
}

const char *cli_short(cli_arena *a, double value, int width)
{
    static const char *const unit[] = {"", "k", "M", "G", "T", "P", "E"};
    enum { DIGITS = 4, UNITS = sizeof unit / sizeof *unit };
    int u = 0;
    for (; fabs(value) >= (u ? 999.5 : 9999.5) && u + 1 < UNITS && isfinite(value); u++) value /= 1000;
    for (int digits = DIGITS;; digits--) {
        const char *text = isfinite(value) ? cli_format(a, "%.*g%s", digits, value, unit[u]) : "-";
        if ((int)strlen(text) <= width || digits == 1) return text;
    }
}

const char *cli_thousands(cli_arena *a, int64_t n)
{
    const char *text = "";
    for (; n >= 1000; n /= 1000) text = cli_format(a, ",%03d%s", (int)(n % 1000), text);
    return cli_format(a, "%lld%s", (long long)n, text);
}

const char *cli_count(cli_arena *a, int64_t n, const char *noun)
{
    return cli_format(a, "%s %s%s", cli_thousands(a, n), noun, tc_plural(n));
}
