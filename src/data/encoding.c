/* encoding.c: knows files by their first bytes. UTF-16 without a byte order mark is known by its zero bytes, every second
 * one in a text that begins with ASCII. A text may begin with PAR1 or BZh, the name of a column; a Parquet file goes on
 * with a field of 32 bits, bzip2 with its level and the first block. */
#include "data/encoding.h"

#include <string.h>

#define ICONV(from) "iconv -f " from " -t UTF-8 FILE > NEW makes a file in UTF-8"

static const struct kind {
    const char *begin, *mask; /* a byte counts where the mask has an x */
    const char *what, *hint;
} kinds[] = {
    {"\xFF\xFE\0\0", "xxxx", "is text in UTF-32, not UTF-8", ICONV("UTF-32")},
    {"\0\0\xFE\xFF", "xxxx", "is text in UTF-32, not UTF-8", ICONV("UTF-32")},
    {"\xFF\xFE", "xx", "is text in UTF-16, not UTF-8", ICONV("UTF-16")},
    {"\xFE\xFF", "xx", "is text in UTF-16, not UTF-8", ICONV("UTF-16")},
    {"?\0?\0", ".x.x", "looks like text in UTF-16, not UTF-8", ICONV("UTF-16LE")},
    {"\0?\0?", "x.x.", "looks like text in UTF-16, not UTF-8", ICONV("UTF-16BE")},
    {"PK\3\4", "xxxx", "is a zip archive, as a spreadsheet in xlsx or ods is", "save the sheet as CSV"},
    {"\xD0\xCF\x11\xE0", "xxxx", "is a document of an old spreadsheet (xls)", "save the sheet as CSV"},
    {"PAR1\x15", "xxxxx", "is a Parquet file", "pandas.read_parquet(file).to_csv(new, index=False) makes CSV"},
    {"\x93NUMPY", "xxxxxx", "is a .npy file", "the source npy reads it: npy x=FILE"},
    {"BZh?1AY&SY", "xxx.xxxxxx", "is compressed with bzip2", "gzip is read as it is; bunzip2 FILE"},
    {"\xFD"
     "7zXZ",
     "xxxxx", "is compressed with xz", "gzip is read as it is; unxz FILE"},
    {"\x28\xB5\x2F\xFD", "xxxx", "is compressed with zstd", "gzip is read as it is; unzstd FILE"},
};

static bool begins(const tc_reader *r, const struct kind *k)
{
    const size_t n = strlen(k->mask);
    if (r->have - r->at < n) return false;
    for (size_t i = 0; i < n; i++) {
        const unsigned char byte = r->window[r->at + i];
        if (k->mask[i] == 'x' ? byte != (unsigned char)k->begin[i] : byte == 0) return false;
    }
    return true;
}

tacet_status tc_encoding_check(tc_reader *r)
{
    if (tc_reader_peek(r) < 0) return r->status;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!begins(r, &kinds[i])) continue;
        tc_reader_refuse(r, "the file %s", kinds[i].what);
        tc_fail_hint(r->error, "%s", kinds[i].hint);
        return r->status;
    }
    return TACET_OK;
}
