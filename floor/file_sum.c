/* file_sum.c: sums a file, part by part. */
#include "file_sum.h"

#include "base/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Fills a part as far as the file goes; -1 with errno. */
static ssize_t fill(int file, char *part, size_t size)
{
    size_t n = 0;
    for (ssize_t k = 1; k != 0 && n < size;) {
        k = read(file, part + n, size - n);
        if (k < 0 && errno != EINTR) return -1;
        if (k > 0) n += (size_t)k;
    }
    return (ssize_t)n;
}

/* Adds the rest of a file to a sum; false, with errno, if it cannot be read. */
static bool add(int file, uint64_t *sum)
{
    char part[16384];
    ssize_t n;
    while ((n = fill(file, part, sizeof part)) > 0) *sum = tc_checksum(*sum, part, (size_t)n);
    return n == 0;
}

tacet_status cli_file_sum(cli_arena *a, const char *path, const char **sum, tacet_error *e)
{
    char digits[TC_CHECKSUM_DIGITS + 1];
    uint64_t h = TC_CHECKSUM_EMPTY;
    struct stat is;
    const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a FIFO would make it wait */
    bool read = file >= 0 && fstat(file, &is) == 0;
    if (read) {
        errno = 0;
        read = S_ISREG(is.st_mode) && add(file, &h);
    }
    const tacet_status s = read ? TACET_OK : cli_file_error(e, "read", path);
    if (file >= 0) close(file);
    tc_checksum_text(h, digits);
    if (read) *sum = cli_copy(a, digits, TC_CHECKSUM_DIGITS);
    return s;
}
