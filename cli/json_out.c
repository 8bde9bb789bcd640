/* json_out.c: JSON as it goes. */
#include "output.h"

#include <math.h>
#include <stdlib.h>

static void string(FILE *to, const char *s)
{
    fputc('"', to);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') fputc('\\', to);
        if (c < ' ')
            fprintf(to, "\\u%04x", c);
        else
            fputc(c, to);
    }
    fputc('"', to);
}

static void before(cli_json *j, const char *key)
{
    if (j->comma) fputc(',', j->to);
    if (key) string(j->to, key), fputc(':', j->to);
    j->comma = true;
}

void cli_json_open(cli_json *j, const char *key, char bracket)
{
    before(j, key);
    fputc(bracket, j->to);
    j->comma = false;
}

void cli_json_close(cli_json *j, char bracket)
{
    fputc(bracket, j->to);
    j->comma = true;
}

void cli_json_text(cli_json *j, const char *key, const char *value)
{
    before(j, key);
    string(j->to, value);
}

void cli_json_integer(cli_json *j, const char *key, int64_t value)
{
    before(j, key);
    fprintf(j->to, "%lld", (long long)value);
}

void cli_json_number(cli_json *j, const char *key, double value)
{
    char text[40] = "null";
    for (int digits = 6; digits <= 17 && isfinite(value); digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    before(j, key);
    fputs(text, j->to);
}
