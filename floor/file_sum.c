/* file_sum.c: the checksum is FNV-1a with 64 bits, in hexadecimal: it is meant to notice that a file was replaced, not to
 * withstand an attack. */
#include "file_sum.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

/* Adds the rest of a file to a sum; false, with errno, if it cannot be read. */
static bool add(int file, uint64_t *sum)
{
    unsigned char part[16384];
    ssize_t n;
    while ((n = read(file, part, sizeof part)) != 0) {
        if (n < 0 && errno != EINTR) return false;
        for (ssize_t i = 0; i < n; i++) *sum = (*sum ^ part[i]) * UINT64_C(1099511628211);
    }
    return true;
}

tacet_status cli_file_sum(cli_arena *a, const char *path, const char **sum, tacet_error *e)
{
    uint64_t h = UINT64_C(14695981039346656037);
    struct stat is;
    const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a FIFO would make it wait */
    bool read = file >= 0 && fstat(file, &is) == 0;
    if (read) {
        errno = 0;
        read = S_ISREG(is.st_mode) && add(file, &h);
    }
    const tacet_status s = read ? TACET_OK : cli_file_error(e, "read", path);
    if (file >= 0) close(file);
    if (read) *sum = cli_format(a, "%016" PRIx64, h);
    return s;
}
