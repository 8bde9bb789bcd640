/* checksum.c: a checksum. */
#include "base/checksum.h"

#include <string.h>

static uint64_t add(uint64_t sum, uint32_t word) { return (sum ^ word) * UINT64_C(1099511628211); }

uint64_t tc_checksum(uint64_t sum, const void *from, size_t bytes)
{
    const unsigned char *at = from, *end = at + bytes;
    uint32_t word;
    for (; (size_t)(end - at) >= sizeof word; at += sizeof word) {
        memcpy(&word, at, sizeof word);
        sum = add(sum, word);
    }
    while (at < end) sum = add(sum, *at++);
    return sum;
}

void tc_checksum_text(uint64_t sum, char digits[TC_CHECKSUM_DIGITS + 1])
{
    for (int i = TC_CHECKSUM_DIGITS; i-- > 0; sum >>= 4) digits[i] = "0123456789abcdef"[sum & 15];
    digits[TC_CHECKSUM_DIGITS] = '\0';
}
