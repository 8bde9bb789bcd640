/* machine.c: tacet_machine, what the library was built with and what it runs on. */
#include "base/text.h"
#include "kernel/cpu/blas.h"

#include <stdio.h>
#include <unistd.h>

/* The compiler and the flags that it was given; TC_BUILD_FLAGS comes from the build. */
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

/* The machine's vector features that matter here, and which of TC_CLONES the loader picks for them. */
#if defined(__x86_64__)
static const char *features(void)
{
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
    return avx512 ? "x86-64-v4 (avx2, fma, avx512f)" : avx2 ? "x86-64-v3 (avx2, fma)" : "x86-64 (sse2)";
}
#elif defined(__aarch64__)
static const char *features(void) { return "aarch64 (neon, fma)"; }
#else
static const char *features(void) { return "unknown"; }
#endif

#if defined(__x86_64__) && (defined(__clang__) || defined(TC_SANITIZED))
static const char *built_for(void) { return "what the flags say alone"; }
#elif defined(__x86_64__) && defined(__linux__)
static const char *built_for(void) { return "x86-64-v4, x86-64-v3, x86-64; picked when the program is loaded"; }
#else
static const char *built_for(void) { return "what the flags say alone"; }
#endif

size_t tacet_machine(char *text, size_t capacity)
{
    char lines[2048];
    const char *core = tc_blas_core();
    snprintf(lines, sizeof lines,
             "tacet: %s\ncompiler: %s\nflags: %s\ncpu: %s\nkernels: for %s\nblas: %s\nblas core: %s\nprocessors: %ld\n",
             tacet_version(), COMPILER, TC_BUILD_FLAGS, features(), built_for(), tc_blas_name(), *core ? core : "none",
             sysconf(_SC_NPROCESSORS_ONLN));
    return tc_text_copy(lines, text, capacity);
}
