#pragma once

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__)

#include <cpuid.h>

// Reads extended control register 0: the register files that the operating system saves. Instructions that use other
// register files must not be executed, even if the processor has them.
static inline uint64_t atelier_saved_register_files(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((uint64_t)high << 32) | low;
}

static inline bool atelier_bit(uint32_t word, int bit) { return (word >> bit) & 1; }

// Whether the processor has x86-64-v3: AVX2, FMA, BMI1 and 2, F16C, MOVBE, LZCNT.
static inline bool atelier_cpu_has_avx2(void) {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
  bool base =
      atelier_bit(c, 12) && atelier_bit(c, 22) && atelier_bit(c, 27) && atelier_bit(c, 28) && atelier_bit(c, 29);
  if (!base || (atelier_saved_register_files() & 0x6) != 0x6) return false;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  if (!(atelier_bit(b, 3) && atelier_bit(b, 5) && atelier_bit(b, 8))) return false;
  return __get_cpuid(0x80000001, &a, &b, &c, &d) && atelier_bit(c, 5);
}

// Whether the processor has x86-64-v4 (AVX-512 F, DQ, CD, BW, VL) and VNNI.
static inline bool atelier_cpu_has_avx512(void) {
  if (!atelier_cpu_has_avx2() || (atelier_saved_register_files() & 0xe6) != 0xe6) return false;
  uint32_t a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  return atelier_bit(b, 16) && atelier_bit(b, 17) && atelier_bit(b, 28) && atelier_bit(b, 30) && atelier_bit(b, 31) &&
         atelier_bit(c, 11);
}

#else

static inline bool atelier_cpu_has_avx2(void) { return false; }
static inline bool atelier_cpu_has_avx512(void) { return false; }

#endif
