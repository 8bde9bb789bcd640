/* checksum_note.h: the note in which a checkpoint keeps the sum of the whole file (base/checksum.h): 16 digits, which count
 * as zeros in the sum. */
#ifndef TC_CHECKSUM_NOTE_H
#define TC_CHECKSUM_NOTE_H

#include "base/checksum.h"

#define TC_CHECKSUM_KEY "tacet.sum"
#define TC_CHECKSUM_NONE "0000000000000000"

/* The place of the digits in the text of a header; NULL: it has no such note. */
char *tc_checksum_find(char *header);

#endif
