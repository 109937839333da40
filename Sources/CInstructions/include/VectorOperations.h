// Vector operations that Swift lacks or compiles lane by lane (on 32 lanes, all but `&+ &- &*` and comparisons).
// Vectors of any length compile for any instruction set: a narrower one uses several registers.
#pragma once

#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef uint8_t atelier_u8x32 __attribute__((ext_vector_type(32)));
typedef uint8_t atelier_u8x64 __attribute__((ext_vector_type(64)));
typedef uint16_t atelier_u16x16 __attribute__((ext_vector_type(16)));
typedef uint16_t atelier_u16x32 __attribute__((ext_vector_type(32)));
typedef int16_t atelier_i16x32 __attribute__((ext_vector_type(32)));
typedef int32_t atelier_i32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t atelier_u32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t atelier_u32x32 __attribute__((ext_vector_type(32)));
typedef long long atelier_i64x16 __attribute__((ext_vector_type(16)));
typedef float atelier_f32x16 __attribute__((ext_vector_type(16)));
typedef double atelier_f64x16 __attribute__((ext_vector_type(16)));

// Wide vectors are passed between functions of these headers only, so their calling convention does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

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

// Joins upper bytes from `rotated`, whose halves are swapped, and the lower byte `lower`.
ATELIER_INLINE atelier_u16x32 atelier_u16_from_rotated_bytes(atelier_u8x32 rotated, uint8_t lower) {
  atelier_u16x32 bytes = __builtin_convertvector(rotated, atelier_u16x32);
  return (bytes << 12) | (bytes << 4 & 0x0f00) | (uint16_t)lower;
}

ATELIER_INLINE atelier_i32x16 atelier_i32_from_even_u16(atelier_u16x32 v) {
  return (atelier_i32x16)((atelier_u32x16)v & 0xffff);
}

ATELIER_INLINE atelier_i32x16 atelier_i32_from_odd_u16(atelier_u16x32 v) {
  return (atelier_i32x16)((atelier_u32x16)v >> 16);
}

ATELIER_INLINE atelier_u32x16 atelier_u32_from_low_u16(atelier_u16x32 v) {
  return __builtin_convertvector(v.lo, atelier_u32x16);
}

ATELIER_INLINE atelier_u32x16 atelier_u32_from_high_u16(atelier_u16x32 v) {
  return __builtin_convertvector(v.hi, atelier_u32x16);
}

ATELIER_INLINE atelier_u32x16 atelier_u32_from_u16(atelier_u16x16 v) {
  return __builtin_convertvector(v, atelier_u32x16);
}

ATELIER_INLINE atelier_f32x16 atelier_float_from_u32(atelier_u32x16 v) {
  return __builtin_convertvector((atelier_i32x16)v, atelier_f32x16);  // Below 2^31, the same number.
}

// a > b ? then : otherwise
ATELIER_INLINE atelier_i32x16 atelier_if_greater_i32(
    atelier_i32x16 a, atelier_i32x16 b, atelier_i32x16 then, atelier_i32x16 otherwise) {
  atelier_i32x16 mask = a > b;
  return (mask & then) | (~mask & otherwise);
}

// a > b ? then : otherwise
ATELIER_INLINE atelier_i32x16 atelier_if_greater_f32(
    atelier_f32x16 a, atelier_f32x16 b, int32_t then, atelier_i32x16 otherwise) {
  atelier_i32x16 mask = a > b;
  return (mask & then) | (~mask & otherwise);
}

// a > b ? a : b
ATELIER_INLINE atelier_f32x16 atelier_greater_f32(atelier_f32x16 a, atelier_f32x16 b) {
  atelier_i32x16 mask = a > b;
  return (atelier_f32x16)((mask & (atelier_i32x16)a) | (~mask & (atelier_i32x16)b));
}

// x log2 x of integers below 2^24, with an absolute error below 2^-15 x; 0 for x = 0.
ATELIER_INLINE atelier_f32x16 atelier_times_log2_f32(atelier_f32x16 x) {
  atelier_i32x16 bits = (atelier_i32x16)x;
  atelier_f32x16 exponent = __builtin_convertvector((bits >> 23) - 127, atelier_f32x16);
  atelier_f32x16 m = (atelier_f32x16)((bits & 0x7fffff) | 0x3f800000);
  // The polynomial of degree 5 that is closest to log2 m for 1 <= m < 2.
  atelier_f32x16 log = 0.044873539f * m - 0.41656315f;
  log = log * m + 1.6311473f;
  log = log * m - 3.5507908f;
  log = log * m + 5.0917091f;
  log = log * m + (exponent - 2.8003635f);
  return x * log;
}

ATELIER_INLINE atelier_f32x16 atelier_add_square_f32(atelier_f32x16 sum, atelier_f32x16 x) { return sum + x * x; }

// Whether a > b in some lane.
ATELIER_INLINE int atelier_some_greater_f32(atelier_f32x16 a, atelier_f32x16 b) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ) != 0;
#else
  atelier_i32x16 mask = a > b;
  int some = 0;
  for (int lane = 0; lane < 16; lane++) some |= mask[lane];
  return some != 0;
#endif
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

// Rows of 32 lanes, aligned to 32 bytes. Two rows are read at a time, then an odd last one.

typedef uint8_t atelier_two_rows __attribute__((ext_vector_type(64), aligned(32)));

// The least value of each lane, over `count` rows.
ATELIER_INLINE atelier_u8x32 atelier_least_u8(const uint8_t *rows, long count) {
  atelier_u8x64 least = 255;
  for (long i = 0; i + 1 < count; i += 2) {
    least = __builtin_elementwise_min(least, (atelier_u8x64)*(const atelier_two_rows *)(rows + 32 * i));
  }
  atelier_u8x32 last = *(const atelier_u8x32 *)(rows + 32 * (count - 1));
  return __builtin_elementwise_min(__builtin_elementwise_min(least.lo, least.hi), last);
}

// The greatest value of each lane, over `count` rows.
ATELIER_INLINE atelier_u8x32 atelier_greatest_u8(const uint8_t *rows, long count) {
  atelier_u8x64 greatest = 0;
  for (long i = 0; i + 1 < count; i += 2) {
    greatest = __builtin_elementwise_max(greatest, (atelier_u8x64)*(const atelier_two_rows *)(rows + 32 * i));
  }
  atelier_u8x32 last = *(const atelier_u8x32 *)(rows + 32 * (count - 1));
  return __builtin_elementwise_max(__builtin_elementwise_max(greatest.lo, greatest.hi), last);
}

// The number of rows, out of up to 255, whose value in a lane is at most that of `cuts`.
ATELIER_INLINE atelier_u8x32 atelier_count_at_most_u8(const uint8_t *rows, long count, atelier_u8x32 cuts) {
  atelier_u8x64 bounds = __builtin_shufflevector(
      cuts, cuts, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
      28, 29, 30, 31, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
      27, 28, 29, 30, 31);
  atelier_u8x64 sums = 0;
  for (long i = 0; i + 1 < count; i += 2) {
    sums -= (atelier_u8x64)((atelier_u8x64)*(const atelier_two_rows *)(rows + 32 * i) <= bounds);
  }
  atelier_u8x32 sum = sums.lo + sums.hi;
  if (count % 2 == 1) sum -= (atelier_u8x32)(*(const atelier_u8x32 *)(rows + 32 * (count - 1)) <= cuts);
  return sum;
}

// Bit k is set if a[k] != b[k].
ATELIER_INLINE uint32_t atelier_differing_lanes_u8(atelier_u8x32 a, atelier_u8x32 b) {
#if defined(__AVX2__)
  return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8((__m256i)a, (__m256i)b));
#else
  uint32_t mask = 0;
  for (int lane = 0; lane < 32; lane++) mask |= (uint32_t)(a[lane] != b[lane]) << lane;
  return mask;
#endif
}

// Bit k is set if a[k] > b[k].
ATELIER_INLINE uint32_t atelier_greater_lanes_u16(atelier_u16x32 a, atelier_u16x32 b) {
#if defined(__AVX512BW__)
  return _mm512_cmpgt_epu16_mask((__m512i)a, (__m512i)b);
#else
  uint32_t mask = 0;
  for (int lane = 0; lane < 32; lane++) mask |= (uint32_t)(a[lane] > b[lane]) << lane;
  return mask;
#endif
}

ATELIER_INLINE atelier_u16x32 atelier_u16_from_u8(atelier_u8x32 v) {
  return __builtin_convertvector(v, atelier_u16x32);
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

// The differences of successive terms, looked up in 32 lanes at once. A table has room for 448 numbers of 32 bits.

// differences[n] = terms[n + 1] - terms[n], for n < count, in the form that `atelier_differences` reads.
ATELIER_INLINE void atelier_prepare_differences(const int32_t *terms, long count, int32_t *differences) {
#if defined(__AVX512BW__)
  // The lower halves, then the upper halves.
  uint16_t *halves = (uint16_t *)differences;
  for (long n = 0; n < count; n++) {
    uint32_t difference = (uint32_t)terms[n + 1] - (uint32_t)terms[n];
    halves[n] = (uint16_t)difference;
    halves[448 + n] = (uint16_t)(difference >> 16);
  }
#else
  for (long n = 0; n < count; n++) differences[n] = terms[n + 1] - terms[n];
#endif
}

// result[0] = the differences at the indices in even lanes, result[1] = those in odd lanes; all are below `count`.
ATELIER_INLINE void atelier_differences(const int32_t *differences, long count, atelier_u16x32 index, void *result) {
  atelier_i32x16 *even = (atelier_i32x16 *)result, *odd = even + 1;
#if defined(__AVX512BW__)
  // A permutation looks up 64 entries.
  const __m512i *lows = (const __m512i *)differences;
  const __m512i *highs = (const __m512i *)((const uint16_t *)differences + 448);
  __m512i low = _mm512_permutex2var_epi16(lows[0], (__m512i)index, lows[1]);
  __m512i high = _mm512_permutex2var_epi16(highs[0], (__m512i)index, highs[1]);
  for (long first = 64; first < count; first += 64) {
    lows += 2;
    highs += 2;
    __mmask32 mask = _mm512_cmpge_epu16_mask((__m512i)index, _mm512_set1_epi16((short)first));
    low = _mm512_mask_mov_epi16(low, mask, _mm512_permutex2var_epi16(lows[0], (__m512i)index, lows[1]));
    high = _mm512_mask_mov_epi16(high, mask, _mm512_permutex2var_epi16(highs[0], (__m512i)index, highs[1]));
  }
  *even = (atelier_i32x16)_mm512_mask_blend_epi16(0xaaaaaaaa, low, _mm512_slli_epi32(high, 16));
  *odd = (atelier_i32x16)_mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_srli_epi32(low, 16), high);
#else
  for (int lane = 0; lane < 16; lane++) {
    (*even)[lane] = differences[index[2 * lane]];
    (*odd)[lane] = differences[index[2 * lane + 1]];
  }
#endif
}

// target[column * stride + row] = rows[row][offset + column], for 16 rows and 32 columns, by four perfect shuffles of
// the rows' halves.
ATELIER_INLINE void atelier_transpose_16x32(const uint8_t *const *rows, long offset, uint8_t *target, long stride) {
  typedef uint8_t u8x32_unaligned __attribute__((ext_vector_type(32), aligned(1)));
  typedef uint8_t u8x16_unaligned __attribute__((ext_vector_type(16), aligned(1)));
  atelier_u8x32 a[16], b[16];
#pragma clang loop unroll(full)
  for (int row = 0; row < 16; row++) a[row] = *(const u8x32_unaligned *)(rows[row] + offset);
#pragma clang loop unroll(full)
  for (int round = 0; round < 4; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) {
      b[2 * i] = __builtin_shufflevector(
          a[i], a[i + 8],
          0, 32, 1, 33, 2, 34, 3, 35, 4, 36, 5, 37, 6, 38, 7, 39, 16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53, 22,
          54, 23, 55);
      b[2 * i + 1] = __builtin_shufflevector(
          a[i], a[i + 8],
          8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47, 24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29,
          61, 30, 62, 31, 63);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) a[i] = b[i];
  }
#pragma clang loop unroll(full)
  for (int column = 0; column < 16; column++) {
    *(u8x16_unaligned *)(target + column * stride) = a[column].lo;
    *(u8x16_unaligned *)(target + (16 + column) * stride) = a[column].hi;
  }
}

// The sums of lanes i and i + 16, which must fit in 16 bits.
ATELIER_INLINE atelier_u32x16 atelier_sum_of_halves_u16(atelier_u16x32 v) {
  return __builtin_convertvector((atelier_u16x16)(v.lo + v.hi), atelier_u32x16);
}

// The sum of all lower lanes.
ATELIER_INLINE atelier_u32x16 atelier_sum_of_lower_lanes_u32(atelier_u32x16 v) {
  atelier_u32x16 zero = 0;
  v = __builtin_shufflevector(zero, v, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
  v += __builtin_shufflevector(zero, v, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
  v += __builtin_shufflevector(zero, v, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
  v += __builtin_shufflevector(zero, v, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27);
  return v + __builtin_shufflevector(zero, v, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
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
