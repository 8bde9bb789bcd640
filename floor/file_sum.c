/* file_sum.c: the checksum is FNV-1a with 64 bits, in hexadecimal: it is meant to notice that a file was replaced, not to
 * withstand an attack. */
#include "file_sum.h"

#include "base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
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
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* does not wait for the writer of a FIFO */
    const bool read = file >= 0 && add(file, &h);
    const int error = errno;
    if (file >= 0) close(file);
    if (!read)
        return tc_fail(e, error == ENOMEM ? TACET_MEMORY : TACET_IO, "cannot read %.300s: %s", path, strerror(error));
    *sum = cli_format(a, "%016" PRIx64, h);
    return TACET_OK;
}
