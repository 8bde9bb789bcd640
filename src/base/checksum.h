/* checksum.h: a checksum, which notices that bytes have changed but does not withstand an attack. It is FNV-1a with 64 bits
 * over words of 32 (http://www.isthe.com/chongo/tech/comp/fnv); bytes after the last word are added one by one. */
#ifndef TC_CHECKSUM_H
#define TC_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

enum { TC_CHECKSUM_DIGITS = 16 };

/* The sum of no bytes. */
#define TC_CHECKSUM_EMPTY UINT64_C(14695981039346656037)

/* Adds bytes. The number of bytes is a multiple of 4, but for the last that are added. */
uint64_t tc_checksum(uint64_t sum, const void *from, size_t bytes);

/* The sum in hexadecimal. */
void tc_checksum_text(uint64_t sum, char digits[TC_CHECKSUM_DIGITS + 1]);

#endif
