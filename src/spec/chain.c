/* chain.c: a chain of layers, "linear 512 | relu | linear 10", one stage at a time. A bar inside quotes is no end. */
#include "spec/spec.h"

#include <string.h>

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool tc_chain_next(const char **chain, const char *whole, char *stage, size_t capacity, int *column)
{
    /* Behind the last stage *chain is NULL: a chain that ends in a bar has one more, empty, stage. */
    const char *begin = *chain;
    if (!begin) return false;
    const char *bar = begin;
    for (bool quoted = false; *bar && (quoted || *bar != '|'); bar++) {
        if (quoted && *bar == '\\' && bar[1]) bar++;
        else if (*bar == '"') quoted = !quoted;
    }
    *chain = *bar ? bar + 1 : NULL;

    const char *end = bar;
    while (begin < end && is_space(*begin)) begin++;
    while (end > begin && is_space(end[-1])) end--;
    *column = (int)(begin - whole);
    const size_t n = (size_t)(end - begin) < capacity ? (size_t)(end - begin) : capacity - 1;
    memcpy(stage, begin, n);
    stage[n] = '\0';
    return true;
}
