/* checksum_note.c: finds the checksum of a checkpoint. */
#include "model/checksum_note.h"

#include <string.h>

/* The key cannot be in a text of the header, where its quotes would be escaped. */
char *tc_checksum_find(char *header)
{
    static const char key[] = "\"" TC_CHECKSUM_KEY "\":\"";
    char *at = strstr(header, key);
    if (!at) return NULL;
    at += strlen(key);
    return strnlen(at, TC_CHECKSUM_DIGITS) == TC_CHECKSUM_DIGITS ? at : NULL;
}
