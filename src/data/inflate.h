/* inflate.h: what zlib does for a reader. Without zlib, compressed files are refused, and the rest works. */
#ifndef TC_INFLATE_H
#define TC_INFLATE_H

#include "data/reader.h"

/* The rest of the file, which begins with what is in the window, is inflated from here on: gzip: with gzip's header
 * (RFC 1952), otherwise without one (RFC 1951). */
tacet_status tc_inflate_open(tc_reader *r, bool gzip);
void tc_inflate_close(tc_reader *r); /* may also be called without tc_inflate_open */

/* Puts inflated bytes into the window, at least one. Returns how many; 0 at the end and on failure. */
size_t tc_inflate_fill(tc_reader *r);

uint32_t tc_crc32(uint32_t crc, const unsigned char *data,
                  size_t n); /* of what came before and these n bytes; first 0 */

#endif
