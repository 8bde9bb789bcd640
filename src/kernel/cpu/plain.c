/* plain.c: the kernels on any machine. */
#define LANES 4
#define KERNEL tc_cpu_plain
#if defined(__x86_64__)
#define NAME "x86-64 (sse2)"
#elif defined(__aarch64__)
#define NAME "aarch64 (neon, fma)"
#else
#define NAME "unknown"
#endif
#include "kernel/cpu/instruction_set.h"
