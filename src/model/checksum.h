/* checksum.h: the checksum of a checkpoint, in its note tacet.sum: 16 hexadecimal digits, which count as zeros in what is
 * summed. It is FNV-1a with 64 bits over words of 32 (http://www.isthe.com/chongo/tech/comp/fnv), and notices damage, not
 * an attack. */
#ifndef TC_CHECKSUM_H
#define TC_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

enum { TC_SUM_DIGITS = 16 };
#define TC_SUM_KEY "tacet.sum"
#define TC_SUM_NONE "0000000000000000"

/* A sum of no bytes. */
#define TC_SUM_EMPTY UINT64_C(14695981039346656037)

/* Adds bytes, whose number is a multiple of 4. */
uint64_t tc_sum(uint64_t sum, const void *from, size_t bytes);

void tc_sum_text(uint64_t sum, char digits[TC_SUM_DIGITS + 1]);

/* The place of the digits in the text of a header; NULL: it has no such note. */
char *tc_sum_find(char *header);

#endif
