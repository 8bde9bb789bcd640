/* shim.c: loaded before the C library (LD_PRELOAD), makes the n-th allocation after main began fail, or the n-th and
 * all later ones; and stops the clock, so that two runs of a command write the same bytes.
 *
 * The count is shared with the driver and with all processes of the command. Only glibc is supported: main is found by
 * taking the place of __libc_start_main, and memory comes from its __libc_malloc. */
#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);

static faults_shared *shared; /* NULL until main begins */
static int (*the_main)(int, char **, char **);

static bool fails(void)
{
    if (!shared) return false;
    const int64_t n = __atomic_add_fetch(&shared->count, 1, __ATOMIC_SEQ_CST), at = shared->at;
    if (at == 0 || (shared->onwards ? n < at : n != at)) return false;
    if (shared->backtrace && n == at) {
        void *frame[40];
        faults_shared *kept = shared;
        shared = NULL; /* backtrace may allocate */
        backtrace_symbols_fd(frame, backtrace(frame, 40), STDERR_FILENO);
        shared = kept;
    }
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t n, size_t size) { return fails() ? NULL : __libc_calloc(n, size); }
void *realloc(void *old, size_t size) { return fails() ? NULL : __libc_realloc(old, size); }
void *memalign(size_t align, size_t size) { return fails() ? NULL : __libc_memalign(align, size); }
void *aligned_alloc(size_t align, size_t size) { return memalign(align, size); }

int posix_memalign(void **p, size_t align, size_t size)
{
    void *block = memalign(align, size);
    if (!block) return ENOMEM;
    *p = block;
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    *now = (struct timespec){.tv_sec = 1700000000};
    return 0;
}

time_t time(time_t *now)
{
    if (now) *now = 1700000000;
    return 1700000000;
}

static int begin(int argc, char **argv, char **environment)
{
    const char *path = getenv(FAULTS_SHARED);
    const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) _exit(99);
    close(fd);
    close(-FAULTS_MAIN);
    shared = page;
    return the_main(argc, argv, environment);
}

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end)
{
    int (*start)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
    *(void **)&start = dlsym(RTLD_NEXT, "__libc_start_main");
    the_main = main;
    return start(begin, argc, argv, init, fini, rtld_fini, stack_end);
}
