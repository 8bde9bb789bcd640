/* encoding.h: files that are not the text they should be. */
#ifndef TC_ENCODING_H
#define TC_ENCODING_H

#include "data/reader.h"

/* Refuses a file that begins like UTF-16, UTF-32, a spreadsheet or another known kind of file, by that name and with
 * what to do. Takes no byte. */
tacet_status tc_encoding_check(tc_reader *r);

#endif
