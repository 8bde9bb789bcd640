/* catalogue.h: an entry of the catalogue as the library sees it: what tacet_entry_at returns, and its tables. */
#ifndef TC_CATALOGUE_H
#define TC_CATALOGUE_H

#include "spec/spec.h"

typedef struct tc_listed {
    tacet_entry is;                   /* its size and number of attributes are not filled in */
    const tc_attribute *own, *common; /* its own attributes, and those that all entries of its role share */
} tc_listed;

/* Entry i, from 0; false past the last one. */
bool tc_listed_at(int i, tc_listed *entry);

#endif
