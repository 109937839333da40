// Detection of the processor's instructions, and the few instructions that Swift's SIMD types lack. Header-only, so that
// each kernel target inlines the form that its own -march flags allow.
#pragma once

#include "CPUDetection.h"
#include "VectorOperations.h"
#include "ByteProducts.h"
#include "ByteSelection.h"
#include "Compression.h"
#include "FusedProducts.h"
#include "LaneSort.h"
#include "RowGroups.h"
#include "TreeWalk.h"

// Hints that this is a spin-wait loop.
static inline void atelier_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Hints that the cache line at `address` will be read soon.
static inline void atelier_prefetch(const void *address) { __builtin_prefetch(address); }

// Like `atelier_prefetch`, into the second-level cache, which can have more outstanding requests than the first.
static inline void atelier_prefetch_second_level(const void *address) { __builtin_prefetch(address, 0, 2); }

// Returns `value`, but hides it from the optimizer, which would otherwise turn a mask into a branch.
static inline uint32_t atelier_opaque(uint32_t value) {
  __asm__("" : "+r"(value));
  return value;
}
