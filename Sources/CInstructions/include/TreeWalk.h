// The walk of images down a decision tree, with gathers.
#pragma once

#include "VectorOperations.h"

#if defined(__AVX512BW__)
// Finds the leaves of up to 32 images, in two registers, so that the loads of one overlap the computation of the other.
//
// nodes: of eight bytes: feature (24 bits) and threshold (8), all ones in a leaf; then the right child, or the number
//   of the leaf. Left children follow their parents.
// rows: the values of the images, from the first one on; those of `images` are in the first 2^31 bytes. There are at
//   least four bytes.
// images: (count), rows of the images
// first: row of the image at `rows`, at most that of any of `images`
// leaves: (count), overwritten
ATELIER_INLINE void atelier_find_leaves(
    const void *nodes, const uint8_t *rows, long rowStride, const uint32_t *images, uint32_t first, long count,
    uint32_t *leaves) {
  __m512i places[2], offsets[2];
  __mmask16 walking[2], images16[2];
  const __m512i one = _mm512_set1_epi32(1), three = _mm512_set1_epi32(3), byte = _mm512_set1_epi32(255);
  for (int k = 0; k < 2; k++) {
    const long rest = count - 16 * k;
    images16[k] = rest >= 16 ? 0xffff : rest > 0 ? (__mmask16)((1u << rest) - 1) : 0;
    walking[k] = images16[k];
    places[k] = _mm512_setzero_si512();
    const __m512i image = _mm512_sub_epi32(
        _mm512_maskz_loadu_epi32(walking[k], images + 16 * k), _mm512_set1_epi32((int)first));
    offsets[k] = _mm512_mullo_epi32(image, _mm512_set1_epi32((int)rowStride));
  }
  while (walking[0] | walking[1]) {
#pragma clang loop unroll(full)
    for (int k = 0; k < 2; k++) {
      // Images at a leaf have its number as their place, and rest.
      const __m512i split = _mm512_mask_i32gather_epi32(byte, walking[k], places[k], nodes, 8);
      const __m512i link = _mm512_mask_i32gather_epi32(
          places[k], walking[k], places[k], (const char *)nodes + 4, 8);
      const __mmask16 splits = _mm512_mask_cmpneq_epi32_mask(walking[k], split, _mm512_set1_epi32(-1));
      // Four bytes are read that end with the value, or are the first ones: nothing before or behind the rows.
      const __m512i index = _mm512_add_epi32(offsets[k], _mm512_srli_epi32(split, 8));
      const __m512i start = _mm512_sub_epi32(_mm512_max_epu32(index, three), three);
      const __m512i word = _mm512_mask_i32gather_epi32(byte, splits, start, rows, 1);
      const __m512i shift = _mm512_slli_epi32(_mm512_sub_epi32(index, start), 3);
      const __m512i value = _mm512_and_si512(_mm512_srlv_epi32(word, shift), byte);
      const __mmask16 goesRight =
          _mm512_mask_cmpgt_epu32_mask(splits, value, _mm512_and_si512(split, byte));
      // Right children and numbers of leaves are links.
      places[k] = _mm512_mask_add_epi32(link, splits & ~goesRight, places[k], one);
      walking[k] = splits;
    }
  }
  for (int k = 0; k < 2; k++) _mm512_mask_storeu_epi32(leaves + 16 * k, images16[k], places[k]);
}
#endif
