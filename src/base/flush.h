/* flush.h: treats denormals as zeros. On most machines arithmetic on numbers below 2^-126 is a hundred times slower,
 * and where the gradient is 0, momenta and means of squares decay into such numbers and stay there. So steps run with
 * denormals flushed to 0, and every call restores the caller's mode. On other machines than these two it does
 * nothing. */
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

/* Makes this thread flush denormals. Returns the previous mode, for tc_float_mode_set. */
static inline uint64_t tc_flush_denormals(void)
{
    const uint64_t before = tc_float_mode();
    tc_float_mode_set(before | TC_FLUSHES);
    return before;
}

#endif
