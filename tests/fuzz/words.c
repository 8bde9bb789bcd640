/* words.c: prints a dictionary for libFuzzer: the words of the catalogue and the keys of configurations. */
#include "config.h"

#include <string.h>

/* A word, and the parts of a list "a|b|c". */
static void print(const char *words, const char *end)
{
    for (size_t n; *words; words += n + (words[n] == '|')) {
        n = strcspn(words, "|");
        printf("\"%.*s%s\"\n", (int)n, words, end);
    }
}

int main(void)
{
    tacet_entry e = {.size = sizeof e};
    for (int i = 0; tacet_entry_at(i, &e) == TACET_OK; i++) {
        tacet_attribute a = {.size = sizeof a};
        print(e.name, "");
        for (int k = 0; tacet_attribute_at(i, k, &a) == TACET_OK; k++) {
            print(a.name, "=");
            if (strchr(a.type, '|')) print(a.type, "");
        }
        for (int k = 0; e.parameter[k]; k++) print(e.parameter[k], "=");
    }
    for (int i = 0; i < CLI_KEYS; i++) print(cli_key_table[i].name, "=");
    return 0;
}
