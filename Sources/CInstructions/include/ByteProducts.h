// Sums of products and of differences of bytes, four or more per lane of 32 bits, for the search of nearest neighbors.
#pragma once

#include "VectorOperations.h"

typedef uint8_t atelier_u8x64 __attribute__((ext_vector_type(64)));

// sum[lane] += the four unsigned bytes of rows[lane] times the four signed bytes of `query`.
ATELIER_INLINE atelier_i32x16 atelier_add_products(atelier_i32x16 sum, atelier_i32x16 rows, int32_t query) {
#if defined(__AVX512VNNI__)
  return (atelier_i32x16)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)rows, _mm512_set1_epi32(query));
#elif defined(__AVX2__)
  // vpmaddubsw would saturate, so bytes are widened to 16 bits first: the even ones, then the odd ones.
  const __m256i even = _mm256_set1_epi32((uint16_t)(int8_t)query | (uint32_t)(int8_t)(query >> 16) << 16);
  const __m256i odd = _mm256_set1_epi32((uint16_t)(int8_t)(query >> 8) | (uint32_t)(int8_t)(query >> 24) << 16);
  const __m256i low = _mm256_set1_epi32(0x00ff00ff);
  __m256i parts[2] = {(__m256i)rows.lo, (__m256i)rows.hi};
  __m256i sums[2] = {(__m256i)sum.lo, (__m256i)sum.hi};
  for (int half = 0; half < 2; half++) {
    __m256i product = _mm256_madd_epi16(_mm256_and_si256(parts[half], low), even);
    sums[half] = _mm256_add_epi32(sums[half], product);
    product = _mm256_madd_epi16(_mm256_srli_epi16(parts[half], 8), odd);
    sums[half] = _mm256_add_epi32(sums[half], product);
  }
  atelier_i32x16 result;
  __builtin_memcpy(&result, sums, sizeof result);
  return result;
#else
  atelier_u32x16 bytes = (atelier_u32x16)rows;
  for (int byte = 0; byte < 4; byte++)
    sum += (atelier_i32x16)(bytes >> 8 * byte & 0xff) * (int32_t)(int8_t)(query >> 8 * byte);
  return sum;
#endif
}

// sum[lane] += the absolute differences of the four bytes of rows[lane] and of `query`, all unsigned.
ATELIER_INLINE atelier_i32x16 atelier_add_differences(atelier_i32x16 sum, atelier_i32x16 rows, int32_t query) {
  atelier_u8x64 a = (atelier_u8x64)rows;
  atelier_u8x64 b = (atelier_u8x64)(atelier_i32x16)query;
  atelier_u8x64 differences = __builtin_elementwise_max(a, b) - __builtin_elementwise_min(a, b);
#if defined(__AVX512VNNI__)
  return (atelier_i32x16)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)differences, _mm512_set1_epi8(1));
#elif defined(__AVX2__)
  __m256i parts[2] = {(__m256i)(atelier_u8x32)differences.lo, (__m256i)(atelier_u8x32)differences.hi};
  for (int half = 0; half < 2; half++)
    parts[half] =
        _mm256_madd_epi16(_mm256_maddubs_epi16(parts[half], _mm256_set1_epi8(1)), _mm256_set1_epi16(1));
  atelier_i32x16 sums;
  __builtin_memcpy(&sums, parts, sizeof sums);
  return sum + sums;
#else
  atelier_u32x16 bytes = (atelier_u32x16)differences;
  atelier_u32x16 pairs = (bytes & 0x00ff00ff) + (bytes >> 8 & 0x00ff00ff);
  return sum + (atelier_i32x16)((pairs & 0xffff) + (pairs >> 16));
#endif
}

// The sum over all lanes grows by the products of 64 unsigned bytes of a row and 64 signed bytes of a query.
ATELIER_INLINE atelier_i32x16 atelier_add_row_products(atelier_i32x16 sum, atelier_u8x64 row, atelier_u8x64 query) {
#if defined(__AVX512VNNI__)
  return (atelier_i32x16)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)row, (__m512i)query);
#elif defined(__AVX2__)
  __m128i rows[4], queries[4];
  __m256i sums[2];
  __builtin_memcpy(rows, &row, sizeof rows);
  __builtin_memcpy(queries, &query, sizeof queries);
  __builtin_memcpy(sums, &sum, sizeof sums);
  for (int part = 0; part < 4; part++) {
    __m256i products = _mm256_madd_epi16(_mm256_cvtepu8_epi16(rows[part]), _mm256_cvtepi8_epi16(queries[part]));
    sums[part % 2] = _mm256_add_epi32(sums[part % 2], products);
  }
  __builtin_memcpy(&sum, sums, sizeof sum);
  return sum;
#else
  atelier_u32x16 rows = (atelier_u32x16)row, queries = (atelier_u32x16)query;
  for (int byte = 0; byte < 4; byte++)
    sum += (atelier_i32x16)(rows >> 8 * byte & 0xff) * ((atelier_i32x16)(queries << (24 - 8 * byte)) >> 24);
  return sum;
#endif
}

// The sum over all lanes grows by the absolute differences of 64 unsigned bytes of a row and of a query.
ATELIER_INLINE atelier_i32x16 atelier_add_row_differences(
    atelier_i32x16 sum, atelier_u8x64 row, atelier_u8x64 query) {
#if defined(__AVX512BW__)
  return sum + (atelier_i32x16)_mm512_sad_epu8((__m512i)row, (__m512i)query);
#elif defined(__AVX2__)
  __m256i rows[2], queries[2], sums[2];
  __builtin_memcpy(rows, &row, sizeof rows);
  __builtin_memcpy(queries, &query, sizeof queries);
  for (int half = 0; half < 2; half++) sums[half] = _mm256_sad_epu8(rows[half], queries[half]);
  atelier_i32x16 differences;
  __builtin_memcpy(&differences, sums, sizeof differences);
  return sum + differences;
#else
  atelier_u8x64 differences = __builtin_elementwise_max(row, query) - __builtin_elementwise_min(row, query);
  atelier_u32x16 bytes = (atelier_u32x16)differences;
  atelier_u32x16 pairs = (bytes & 0x00ff00ff) + (bytes >> 8 & 0x00ff00ff);
  return sum + (atelier_i32x16)((pairs & 0xffff) + (pairs >> 16));
#endif
}

// Returns the sum of the lanes.
ATELIER_INLINE int32_t atelier_lane_sum(atelier_i32x16 v) { return __builtin_reduce_add(v); }

// Returns 64 bytes; of fewer than 64, all `count`, followed by zeros. Reads nothing behind them.
ATELIER_INLINE atelier_u8x64 atelier_load_bytes(const uint8_t *source, long count) {
  atelier_u8x64 bytes = 0;
#if defined(__AVX512BW__)
  const __mmask64 mask = count < 64 ? ((__mmask64)1 << count) - 1 : ~(__mmask64)0;
  bytes = (atelier_u8x64)_mm512_maskz_loadu_epi8(mask, source);
#else
  __builtin_memcpy(&bytes, source, count < 64 ? count : 64);
#endif
  return bytes;
}

// Returns 64 bytes at any address.
ATELIER_INLINE atelier_u8x64 atelier_load_64_bytes(const uint8_t *source) {
  atelier_u8x64 bytes;
  __builtin_memcpy(&bytes, source, sizeof bytes);
  return bytes;
}

// Returns 16 bits: bit i is set if sums[i] >= limit.
ATELIER_INLINE uint16_t atelier_lanes_at_least(atelier_i32x16 sums, int32_t limit) {
#if defined(__AVX512F__)
  return _mm512_cmpge_epi32_mask((__m512i)sums, _mm512_set1_epi32(limit));
#elif defined(__AVX2__)
  atelier_i32x16 below = sums < limit;
  __m256 parts[2];
  __builtin_memcpy(parts, &below, sizeof parts);
  return ~(_mm256_movemask_ps(parts[0]) | _mm256_movemask_ps(parts[1]) << 8);
#else
  uint16_t mask = 0;
  for (int lane = 0; lane < 16; lane++) mask |= (uint16_t)((sums[lane] >= limit) << lane);
  return mask;
#endif
}

ATELIER_INLINE atelier_f64x16 atelier_double_from_i32(atelier_i32x16 v) {
  return __builtin_convertvector(v, atelier_f64x16);
}

ATELIER_INLINE atelier_f64x16 atelier_double_from_float(atelier_f32x16 v) {
  return __builtin_convertvector(v, atelier_f64x16);
}

// Returns 16 bits: bit i is set if values[i] < limit.
ATELIER_INLINE uint32_t atelier_lanes_below(const double *values, double limit) {
#if defined(__AVX512F__)
  const __m512d limits = _mm512_set1_pd(limit);
  return _mm512_cmp_pd_mask(_mm512_load_pd(values), limits, _CMP_LT_OQ) |
         (uint32_t)_mm512_cmp_pd_mask(_mm512_load_pd(values + 8), limits, _CMP_LT_OQ) << 8;
#else
  uint32_t mask = 0;
  for (int lane = 0; lane < 16; lane++) mask |= (uint32_t)(values[lane] < limit) << lane;
  return mask;
#endif
}
