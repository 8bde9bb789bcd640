/* flush.h: denormals as zeros. A number below 2^-126 costs a hundred times what another does on most machines, and
 * momenta and means of squares whose gradient is 0 decay into such numbers and stay there. So steps run with the mode
 * in which the machine reads and writes them as 0; the caller's own mode is restored after every call. Nothing on
 * machines that are not known here. */
#ifndef TC_FLUSH_H
#define TC_FLUSH_H

#include <stdint.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
enum { TC_FLUSHES = 1 << 15 | 1 << 6 }; /* MXCSR: flush to zero, denormals are zeros */
static inline uint64_t tc_float_mode(void) { return _mm_getcsr(); }
static inline void tc_float_mode_set(uint64_t mode) { _mm_setcsr((unsigned)mode); }
#elif defined(__aarch64__)
enum { TC_FLUSHES = 1 << 24 }; /* FPCR.FZ */
static inline uint64_t tc_float_mode(void)
{
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}
static inline void tc_float_mode_set(uint64_t mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode) : "memory"); }
#else
enum { TC_FLUSHES = 0 };
static inline uint64_t tc_float_mode(void) { return 0; }
static inline void tc_float_mode_set(uint64_t mode) { (void)mode; }
#endif

/* From here on this thread flushes. What it returns, tc_float_mode_set puts back. */
static inline uint64_t tc_flush_denormals(void)
{
    const uint64_t before = tc_float_mode();
    tc_float_mode_set(before | TC_FLUSHES);
    return before;
}

#endif
