// What Swift cannot say: which instructions this processor has, and the few instructions that Swift's SIMD types do not
// express. Header-only, so that each kernel target inlines the form that its own -march flags allow.
#pragma once

#include "CPUDetection.h"
#include "ByteProducts.h"
#include "VectorOperations.h"

// Tells the processor that this is a waiting loop.
static inline void atelier_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Tells the processor that the cache line at `address` will be read soon.
static inline void atelier_prefetch(const void *address) { __builtin_prefetch(address); }

// The same value, of which the compiler knows nothing: it makes no branch of a mask.
static inline uint32_t atelier_opaque(uint32_t value) {
  __asm__("" : "+r"(value));
  return value;
}
