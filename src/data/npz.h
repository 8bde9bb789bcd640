/* npz.h: the arrays of a .npz file, which is a zip file of .npy files. */
#ifndef TC_NPZ_H
#define TC_NPZ_H

#include "base/text.h"
#include "data/reader.h"

/* Opens a file as tc_reader_open does; "FILE.npz:NAME" opens one of its arrays, as if it were a .npy file. The name may be
 * left out if there is only one. *part belongs to the reader and must outlive it. */
tacet_status tc_npz_open(tc_reader *r, tc_extract *part, const char *text, const tc_mem *m, tacet_error *e);

#endif
