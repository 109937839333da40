// The values of one feature in a node whose rows are in groups: bit i of `masks[g]` is set if row `firstRows[g] + i` is
// in the node. A column is aligned to 64 bytes, as are the first rows of groups, and its length is a multiple of 64.
#pragma once

#include "VectorOperations.h"

// Whether a group costs about as much as one row, so that groups are worth it.
#if defined(__AVX512BW__)
#define ATELIER_FAST_ROW_GROUPS 1
#else
#define ATELIER_FAST_ROW_GROUPS 0
#endif
ATELIER_INLINE int atelier_has_fast_row_groups(void) { return ATELIER_FAST_ROW_GROUPS; }

#if defined(__AVX512BW__)
ATELIER_INLINE uint8_t atelier_least_of_u8x64(__m512i v) {
  __m256i half = _mm256_min_epu8(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
  __m128i quarter = _mm_min_epu8(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  // Eight words, each the smaller one of two bytes.
  return (uint8_t)_mm_cvtsi128_si32(_mm_minpos_epu16(_mm_min_epu8(quarter, _mm_srli_epi16(quarter, 8))));
}
#endif

// Returns the least value of the node's rows, plus 256 times the greatest one.
ATELIER_INLINE uint32_t atelier_ends_of_groups(
    const uint8_t *column, const uint64_t *masks, const uint32_t *firstRows, long count) {
#if defined(__AVX512BW__)
  __m512i ones = _mm512_set1_epi8(-1), least = ones, greatest = _mm512_setzero_si512();
  for (long group = 0; group < count; group++) {
    __m512i values = _mm512_load_si512(column + firstRows[group]);
    least = _mm512_mask_min_epu8(least, masks[group], least, values);
    greatest = _mm512_mask_max_epu8(greatest, masks[group], greatest, values);
  }
  uint32_t top = 255u - atelier_least_of_u8x64(_mm512_xor_si512(greatest, ones));
  return atelier_least_of_u8x64(least) | top << 8;
#else
  uint32_t least = 255, greatest = 0;
  for (long group = 0; group < count; group++) {
    for (uint64_t mask = masks[group]; mask; mask &= mask - 1) {
      uint32_t value = column[firstRows[group] + __builtin_ctzll(mask)];
      least = value < least ? value : least;
      greatest = value > greatest ? value : greatest;
    }
  }
  return least | greatest << 8;
#endif
}

// Returns the number of the groups' rows whose values are at most `cut`.
ATELIER_INLINE uint32_t atelier_count_at_most(
    const uint8_t *column, const uint64_t *masks, const uint32_t *firstRows, long count, uint8_t cut) {
  uint32_t sum = 0;
#if defined(__AVX512BW__)
  __m512i cuts = _mm512_set1_epi8((char)cut);
  for (long group = 0; group < count; group++) {
    __m512i values = _mm512_load_si512(column + firstRows[group]);
    sum += (uint32_t)__builtin_popcountll(_mm512_mask_cmple_epu8_mask(masks[group], values, cuts));
  }
#else
  for (long group = 0; group < count; group++) {
    for (uint64_t mask = masks[group]; mask; mask &= mask - 1) {
      sum += column[firstRows[group] + __builtin_ctzll(mask)] <= cut;
    }
  }
#endif
  return sum;
}
