/* checksum.c: sums, and finds, the checksum of a checkpoint. */
#include "model/checksum.h"

#include <string.h>

uint64_t tc_sum(uint64_t sum, const void *from, size_t bytes)
{
    for (const char *at = from, *end = at + bytes; at < end; at += sizeof(uint32_t)) {
        uint32_t word;
        memcpy(&word, at, sizeof word);
        sum = (sum ^ word) * UINT64_C(1099511628211);
    }
    return sum;
}

void tc_sum_text(uint64_t sum, char digits[TC_SUM_DIGITS + 1])
{
    for (int i = TC_SUM_DIGITS; i-- > 0; sum >>= 4) digits[i] = "0123456789abcdef"[sum & 15];
    digits[TC_SUM_DIGITS] = '\0';
}

/* The key cannot be in a text of the header, where its quotes would be escaped. */
char *tc_sum_find(char *header)
{
    static const char key[] = "\"" TC_SUM_KEY "\":\"";
    char *at = strstr(header, key);
    if (!at) return NULL;
    at += strlen(key);
    return strnlen(at, TC_SUM_DIGITS) == TC_SUM_DIGITS ? at : NULL;
}
