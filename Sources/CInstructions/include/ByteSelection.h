// The selection of a few bytes from each of many rows.
#pragma once

#include "VectorOperations.h"

// The longest row that `atelier_select_bytes` supports, in bytes; 0 without the instructions that it needs.
#if defined(__AVX512BW__)
#define ATELIER_SELECTION_LIMIT 4096
#else
#define ATELIER_SELECTION_LIMIT 0
#endif
ATELIER_INLINE long atelier_selection_limit(void) { return ATELIER_SELECTION_LIMIT; }

// lanes[32 * i + k] = byte features[k] of row (samples[i] >> 32), for k < featureCount <= 32. Rows are aligned to 64
// bytes, lanes to 32.
//
// Words are selected from one line of 64 bytes after the other, each into the lanes whose bytes it holds.
ATELIER_INLINE void atelier_select_bytes(
    const void *samples, long count, const uint8_t *rows, long rowStride, const uint32_t *features, long featureCount,
    uint8_t *lanes) {
#if defined(__AVX512BW__)
  uint32_t lanesOfLine[ATELIER_SELECTION_LIMIT / 64] = {0};
  uint16_t word[32] = {0}, shift[32] = {0};
  for (long lane = 0; lane < featureCount; lane++) {
    lanesOfLine[features[lane] / 64] |= 1u << lane;
    word[lane] = features[lane] % 64 / 2;
    shift[lane] = features[lane] % 2 * 8;
  }
  // The lines that hold some of the bytes, two at a time; an odd last line has a partner without lanes.
  long lines[34], lineCount = 0;
  uint32_t masks[34];
  for (long line = 0; line < rowStride / 64; line++) {
    if (lanesOfLine[line] == 0) continue;
    lines[lineCount] = 64 * line;
    masks[lineCount++] = lanesOfLine[line];
  }
  lines[lineCount] = 0;
  masks[lineCount] = 0;
  __m512i words = _mm512_loadu_si512(word), shifts = _mm512_loadu_si512(shift);
  for (long i = 0; i < count; i++) {
    const uint8_t *row = rows + (long)(((const uint64_t *)samples)[i] >> 32) * rowStride;
    __m512i even = _mm512_setzero_si512(), odd = even;
#pragma clang loop unroll(disable)
    for (long k = 0; k < lineCount; k += 2) {
      even = _mm512_mask_permutexvar_epi16(even, masks[k], words, _mm512_load_si512(row + lines[k]));
      odd = _mm512_mask_permutexvar_epi16(odd, masks[k + 1], words, _mm512_load_si512(row + lines[k + 1]));
    }
    __m512i bytes = _mm512_srlv_epi16(_mm512_or_si512(even, odd), shifts);
    _mm256_store_si256((__m256i *)(lanes + 32 * i), _mm512_cvtepi16_epi8(bytes));
  }
#endif
}
