// Vector operations that Swift lacks or compiles lane by lane (on 32 lanes, all but `&+ &- &*` and comparisons).
// Vectors of any length compile for any instruction set: a narrower one uses several registers.
#pragma once

#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef uint8_t atelier_u8x32 __attribute__((ext_vector_type(32)));
typedef uint16_t atelier_u16x16 __attribute__((ext_vector_type(16)));
typedef uint16_t atelier_u16x32 __attribute__((ext_vector_type(32)));
typedef int16_t atelier_i16x32 __attribute__((ext_vector_type(32)));
typedef int32_t atelier_i32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t atelier_u32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t atelier_u32x32 __attribute__((ext_vector_type(32)));
typedef long long atelier_i64x16 __attribute__((ext_vector_type(16)));
typedef float atelier_f32x16 __attribute__((ext_vector_type(16)));
typedef double atelier_f64x16 __attribute__((ext_vector_type(16)));

#define ATELIER_INLINE static inline __attribute__((always_inline))

// Conversions, lane by lane.

ATELIER_INLINE atelier_f64x16 atelier_double_from_u32(atelier_u32x16 v) {
  return __builtin_convertvector(v, atelier_f64x16);
}

ATELIER_INLINE atelier_f64x16 atelier_double_from_i64(atelier_i64x16 v) {
  return __builtin_convertvector(v, atelier_f64x16);
}

// Returns the bits of a / b in single precision.
ATELIER_INLINE atelier_i32x16 atelier_quotient_bits(atelier_i32x16 a, atelier_i32x16 b) {
  return (atelier_i32x16)(__builtin_convertvector(a, atelier_f32x16) / __builtin_convertvector(b, atelier_f32x16));
}

// Joins upper bytes from `upper` and the lower byte `lower`.
ATELIER_INLINE atelier_u16x32 atelier_u16_from_bytes(atelier_u8x32 upper, uint8_t lower) {
  return __builtin_convertvector(upper, atelier_u16x32) << 8 | (uint16_t)lower;
}

ATELIER_INLINE atelier_i32x16 atelier_i32_from_low_u16(atelier_u16x32 v) {
  return __builtin_convertvector(v.lo, atelier_i32x16);
}

ATELIER_INLINE atelier_i32x16 atelier_i32_from_high_u16(atelier_u16x32 v) {
  return __builtin_convertvector(v.hi, atelier_i32x16);
}

// a > b ? then : otherwise
ATELIER_INLINE atelier_i32x16 atelier_if_greater_i32(
    atelier_i32x16 a, atelier_i32x16 b, atelier_i32x16 then, atelier_i32x16 otherwise) {
  atelier_i32x16 mask = a > b;
  return (mask & then) | (~mask & otherwise);
}

// Thirty-two lanes of 16 bits.

ATELIER_INLINE atelier_u16x32 atelier_and_u16(atelier_u16x32 a, atelier_u16x32 b) { return a & b; }
ATELIER_INLINE atelier_u16x32 atelier_xor_u16(atelier_u16x32 a, atelier_u16x32 b) { return a ^ b; }
ATELIER_INLINE atelier_u16x32 atelier_min_u16(atelier_u16x32 a, atelier_u16x32 b) {
  return __builtin_elementwise_min(a, b);
}
ATELIER_INLINE atelier_u16x32 atelier_max_u16(atelier_u16x32 a, atelier_u16x32 b) {
  return __builtin_elementwise_max(a, b);
}

// a == b ? then : otherwise
ATELIER_INLINE atelier_u16x32 atelier_if_equal_u16(
    atelier_u16x32 a, atelier_u16x32 b, atelier_u16x32 then, atelier_u16x32 otherwise) {
  atelier_u16x32 mask = (atelier_u16x32)(a == b);
  return (mask & then) | (~mask & otherwise);
}

// Thirty-two lanes of 8 bits.

ATELIER_INLINE atelier_u8x32 atelier_min_u8(atelier_u8x32 a, atelier_u8x32 b) {
  return __builtin_elementwise_min(a, b);
}
ATELIER_INLINE atelier_u8x32 atelier_max_u8(atelier_u8x32 a, atelier_u8x32 b) {
  return __builtin_elementwise_max(a, b);
}

// a <= b ? sum + addend : sum
ATELIER_INLINE atelier_u16x32 atelier_add_if_at_most_u8(
    atelier_u16x32 sum, atelier_u8x32 a, atelier_u8x32 b, uint16_t addend) {
  return sum + ((atelier_u16x32)__builtin_convertvector(a <= b, atelier_i16x32) & addend);
}

// least + (the upper 24 bits of words[lane]) * (greatest - least) / 2^24
ATELIER_INLINE atelier_u8x32 atelier_random_between_u8(
    atelier_u8x32 least, atelier_u8x32 greatest, const uint32_t *words) {
  typedef uint32_t unaligned __attribute__((ext_vector_type(32), aligned(4)));
  atelier_u32x32 random = *(const unaligned *)words >> 8;
  atelier_u32x32 offset = random * __builtin_convertvector((atelier_u8x32)(greatest - least), atelier_u32x32) >> 24;
  return least + __builtin_convertvector(offset, atelier_u8x32);
}

// table[index] in every lane.

ATELIER_INLINE atelier_i32x16 atelier_gather_i32(const int32_t *table, atelier_i32x16 index) {
#if defined(__AVX512F__)
  return (atelier_i32x16)_mm512_i32gather_epi32((__m512i)index, table, 4);
#else
  atelier_i32x16 result;
  for (int lane = 0; lane < 16; lane++) result[lane] = table[index[lane]];
  return result;
#endif
}

ATELIER_INLINE atelier_i64x16 atelier_gather_i64(const int64_t *table, atelier_u32x16 index) {
  atelier_i64x16 result;
#if defined(__AVX512F__)
  result.lo = _mm512_i32gather_epi64((__m256i)index.lo, table, 8);
  result.hi = _mm512_i32gather_epi64((__m256i)index.hi, table, 8);
#else
  for (int lane = 0; lane < 16; lane++) result[lane] = table[index[lane]];
#endif
  return result;
}

// target[column * stride + row] = rows[row][offset + column], for 16 rows and 16 columns, by four perfect shuffles.
ATELIER_INLINE void atelier_transpose_16x16(const uint8_t *const *rows, long offset, uint8_t *target, long stride) {
  typedef uint8_t u8x16 __attribute__((ext_vector_type(16)));
  typedef uint8_t unaligned __attribute__((ext_vector_type(16), aligned(1)));
  u8x16 a[16], b[16];
  for (int row = 0; row < 16; row++) a[row] = *(const unaligned *)(rows[row] + offset);
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < 8; i++) {
      b[2 * i] = __builtin_shufflevector(a[i], a[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      b[2 * i + 1] =
          __builtin_shufflevector(a[i], a[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    for (int i = 0; i < 16; i++) a[i] = b[i];
  }
  for (int column = 0; column < 16; column++) *(unaligned *)(target + column * stride) = a[column];
}

// a[i][j] becomes a[j][i]. Each step interleaves the first and the second halves of two rows that are eight apart:
// after four steps, every number is in its place.
ATELIER_INLINE void atelier_transpose_lanes(atelier_i32x16 a[16]) {
  atelier_i32x16 b[16];
#pragma clang loop unroll(full)
  for (int step = 0; step < 4; step++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) {
      b[2 * i] = __builtin_shufflevector(a[i], a[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      b[2 * i + 1] = __builtin_shufflevector(
          a[i], a[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) a[i] = b[i];
  }
}
