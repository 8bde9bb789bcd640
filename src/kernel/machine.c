/* machine.c: tacet_machine, what the library was built with and what it runs on. */
#include "base/text.h"
#include "kernel/cpu/cpu.h"

#include <stdio.h>
#include <unistd.h>

/* The compiler and its flags; TC_BUILD_FLAGS comes from the build. */
#if defined(__clang__)
#define COMPILER "Clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "GCC " __VERSION__
#else
#define COMPILER "unknown"
#endif
#ifndef TC_BUILD_FLAGS
#define TC_BUILD_FLAGS "unknown"
#endif

size_t tacet_machine(char *text, size_t capacity)
{
    char lines[2048];
    const char *core = tc_blas_core();
    snprintf(lines, sizeof lines,
             "tacet: %s\ncompiler: %s\nflags: %s\ncpu: %s\nkernels: for %s\nblas: %s\nblas core: %s\nprocessors: %ld\n",
             tacet_version(), COMPILER, TC_BUILD_FLAGS, tc_cpu()->name, TC_BUILT_FOR, tc_blas_name(),
             *core ? core : "none", sysconf(_SC_NPROCESSORS_ONLN));
    return tc_text_copy(lines, text, capacity);
}
