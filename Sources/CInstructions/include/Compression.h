// Operations that select lanes, and the transposition of a square: used to list the gradients that are not zero.
#pragma once

#include "VectorOperations.h"

// Bit i: whether lane i is not zero. A NaN is not zero.
ATELIER_INLINE uint32_t atelier_lanes_not_zero(atelier_f32x16 v) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask((__m512)v, _mm512_setzero_ps(), _CMP_NEQ_UQ);
#elif defined(__x86_64__)
  __m128 parts[4];
  __builtin_memcpy(parts, &v, sizeof parts);
  uint32_t mask = 0;
  for (int part = 0; part < 4; part++)
    mask |= (uint32_t)_mm_movemask_ps(_mm_cmpneq_ps(parts[part], _mm_setzero_ps())) << 4 * part;
  return mask;
#else
  uint32_t mask = 0;
  for (int lane = 0; lane < 16; lane++) mask |= (uint32_t)(v[lane] != 0) << lane;
  return mask;
#endif
}

// Bit i: whether lane i equals `value`.
ATELIER_INLINE uint32_t atelier_lanes_equal(atelier_i32x16 v, int32_t value) {
#if defined(__AVX512F__)
  return _mm512_cmpeq_epi32_mask((__m512i)v, _mm512_set1_epi32(value));
#elif defined(__x86_64__)
  __m128i parts[4];
  __builtin_memcpy(parts, &v, sizeof parts);
  uint32_t mask = 0;
  for (int part = 0; part < 4; part++)
    mask |= (uint32_t)_mm_movemask_ps((__m128)_mm_cmpeq_epi32(parts[part], _mm_set1_epi32(value))) << 4 * part;
  return mask;
#else
  uint32_t mask = 0;
  for (int lane = 0; lane < 16; lane++) mask |= (uint32_t)(v[lane] == value) << lane;
  return mask;
#endif
}

// Stores the lanes whose bit is set, one after the other, and nothing after them. The lanes are compressed in a
// register and stored with a mask: AVX-512's compressing store takes more than a hundred cycles on Zen 4.
ATELIER_INLINE void atelier_store_selected_i32(int32_t *target, atelier_i32x16 v, uint32_t mask) {
#if defined(__AVX512F__)
  const __mmask16 stored = (__mmask16)((1u << __builtin_popcount(mask)) - 1);
  _mm512_mask_storeu_epi32(target, stored, _mm512_maskz_compress_epi32((__mmask16)mask, (__m512i)v));
#elif defined(__AVX2__)
  __m256i halves[2];
  __builtin_memcpy(halves, &v, sizeof halves);
  for (int half = 0; half < 2; half++, mask >>= 8) {
    if ((mask & 0xff) == 0xff) {
      _mm256_storeu_si256((__m256i *)target, halves[half]);
      target += 8;
      continue;
    }
    // The numbers of the selected lanes, a byte each.
    const uint64_t lanes = _pext_u64(0x0706050403020100, _pdep_u64(mask, 0x0101010101010101) * 0xff);
    const __m256i packed =
        _mm256_permutevar8x32_epi32(halves[half], _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)lanes)));
    const int count = __builtin_popcount(mask & 0xff);
    const __m256i stored =
        _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    _mm256_maskstore_epi32(target, stored, packed);
    target += count;
  }
#else
  for (; mask != 0; mask &= mask - 1) *target++ = v[__builtin_ctz(mask)];
#endif
}

ATELIER_INLINE void atelier_store_selected_f32(float *target, atelier_f32x16 v, uint32_t mask) {
  atelier_store_selected_i32((int32_t *)target, (atelier_i32x16)v, mask);
}

// Transposes the square source[rows[i]][j] of 16x16 numbers of 32 bits, where a row has 16 numbers, to target[j][i].
// Rows are aligned to 64 bytes.
ATELIER_INLINE void atelier_transpose_rows_16x16(const int32_t *source, const int32_t *rows, int32_t *target) {
  atelier_i32x16 a[16];
  for (int i = 0; i < 16; i++) a[i] = *(const atelier_i32x16 *)(source + 16 * rows[i]);
  atelier_transpose_lanes(a);
  for (int i = 0; i < 16; i++) *(atelier_i32x16 *)(target + 16 * i) = a[i];
}

// Transposes a square of 16x16 numbers of 32 bits in place. It is aligned to 64 bytes.
ATELIER_INLINE void atelier_transpose_square_16x16(int32_t *square) {
  atelier_i32x16 a[16];
  for (int i = 0; i < 16; i++) a[i] = *(const atelier_i32x16 *)(square + 16 * i);
  atelier_transpose_lanes(a);
  for (int i = 0; i < 16; i++) *(atelier_i32x16 *)(square + 16 * i) = a[i];
}

#if defined(__AVX512BW__)
// Divides 64 samples of eight bytes: those whose value is at most `cut` go to `left`, the others to `right`, both in
// order. Up to eight samples are overwritten behind either, but none behind `samples + 64`; `left` may be at or below
// `samples`.
//
// values: (64), aligned to 64 bytes; if `areRotated`, with their halves swapped
// ends: the largest value on the left and the smallest on the right, updated
// Returns the number of samples on the left.
ATELIER_INLINE int atelier_partition_64(
    const void *samples, const uint8_t *values, int areRotated, uint8_t cut, void *left, void *right, void *ends) {
  __m512i value = _mm512_load_si512(values);
  if (areRotated) {
    const __m512i low = _mm512_set1_epi8(15);
    value = _mm512_or_si512(
        _mm512_and_si512(_mm512_srli_epi16(value, 4), low), _mm512_slli_epi16(_mm512_and_si512(value, low), 4));
  }
  const __mmask64 goesLeft = _mm512_cmple_epu8_mask(value, _mm512_set1_epi8((char)cut));
  uint64_t *leftTarget = (uint64_t *)left, *rightTarget = (uint64_t *)right;
  for (int group = 0; group < 8; group++) {
    const __m512i eight = _mm512_loadu_si512((const uint64_t *)samples + 8 * group);
    const __mmask8 mask = (__mmask8)(goesLeft >> 8 * group);
    _mm512_storeu_si512(leftTarget, _mm512_maskz_compress_epi64(mask, eight));
    _mm512_storeu_si512(rightTarget, _mm512_maskz_compress_epi64((__mmask8)~mask, eight));
    const int leftCount = __builtin_popcount(mask);
    leftTarget += leftCount;
    rightTarget += 8 - leftCount;
  }
  // Reductions would cost more than the comparison with the ends so far, which seldom change.
  uint8_t *sides = (uint8_t *)ends;
  const __mmask64 larger = _mm512_mask_cmpgt_epu8_mask(goesLeft, value, _mm512_set1_epi8((char)sides[0]));
  const __mmask64 smaller = _mm512_mask_cmplt_epu8_mask(~goesLeft, value, _mm512_set1_epi8((char)sides[1]));
  if (larger) {
    uint8_t bytes[64];
    _mm512_storeu_si512(bytes, value);
    for (uint64_t rest = larger; rest; rest &= rest - 1) {
      const uint8_t one = bytes[__builtin_ctzll(rest)];
      if (one > sides[0]) sides[0] = one;
    }
  }
  if (smaller) {
    uint8_t bytes[64];
    _mm512_storeu_si512(bytes, value);
    for (uint64_t rest = smaller; rest; rest &= rest - 1) {
      const uint8_t one = bytes[__builtin_ctzll(rest)];
      if (one < sides[1]) sides[1] = one;
    }
  }
  return __builtin_popcountll(goesLeft);
}
#endif
