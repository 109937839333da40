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

#if defined(__AVX512BW__)
typedef struct {
  __m512i words, shifts;
  long lineCount;
  // The lines of 64 bytes that hold some of the bytes.
  struct { uint32_t offset; __mmask32 lanes; } lines[32];
} atelier_byte_selection;

// Stores bytes of up to `count` of four rows. Words are selected from one line after the other, each into the lanes
// whose bytes it holds. Prefetches the same lines of the next rows, unless `nextRows` is null.
ATELIER_INLINE void atelier_select_from_rows(
    const atelier_byte_selection *selection, const uint8_t *const rows[4], const uint8_t *const nextRows[4], long count,
    uint8_t *lanes) {
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a, words = selection->words, shifts = selection->shifts;
#pragma clang loop unroll(disable)
  for (long k = 0; k < selection->lineCount; k++) {
    long line = selection->lines[k].offset;
    __mmask32 mask = selection->lines[k].lanes;
    a = _mm512_mask_permutexvar_epi16(a, mask, words, _mm512_load_si512(rows[0] + line));
    b = _mm512_mask_permutexvar_epi16(b, mask, words, _mm512_load_si512(rows[1] + line));
    c = _mm512_mask_permutexvar_epi16(c, mask, words, _mm512_load_si512(rows[2] + line));
    d = _mm512_mask_permutexvar_epi16(d, mask, words, _mm512_load_si512(rows[3] + line));
    if (nextRows) {
      for (int row = 0; row < 4; row++) _mm_prefetch((const char *)nextRows[row] + line, _MM_HINT_T1);
    }
  }
  __m256i bytes[4] = {
      _mm512_cvtepi16_epi8(_mm512_srlv_epi16(a, shifts)), _mm512_cvtepi16_epi8(_mm512_srlv_epi16(b, shifts)),
      _mm512_cvtepi16_epi8(_mm512_srlv_epi16(c, shifts)), _mm512_cvtepi16_epi8(_mm512_srlv_epi16(d, shifts))};
  for (int row = 0; row < 4; row++) {
    if (row < count) _mm256_store_si256((__m256i *)(lanes + 32 * row), bytes[row]);
  }
}

// Finds four rows of samples; the last sample is repeated.
ATELIER_INLINE void atelier_find_rows(
    const uint64_t *samples, long first, long count, const uint8_t *rows, long rowStride, const uint8_t *found[4]) {
  for (long k = 0; k < 4; k++) {
    long index = first + k < count ? first + k : count - 1;
    found[k] = rows + (long)(samples[index] >> 32) * rowStride;
  }
}
#endif

// lanes[32 * i + k] = byte features[k] of row (samples[i] >> 32), for k < featureCount <= 32. Rows are aligned to 64
// bytes, lanes to 32.
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
  atelier_byte_selection selection = {_mm512_loadu_si512(word), _mm512_loadu_si512(shift), 0, {}};
  for (long line = 0; line < rowStride / 64; line++) {
    if (lanesOfLine[line] == 0) continue;
    selection.lines[selection.lineCount].offset = (uint32_t)(64 * line);
    selection.lines[selection.lineCount++].lanes = lanesOfLine[line];
  }
  // Rows that do not fit in the second-level cache are prefetched into it.
  int prefetches = count * rowStride > 1 << 19;
  for (long i = 0; i < count; i += 4) {
    const uint8_t *current[4], *next[4];
    atelier_find_rows((const uint64_t *)samples, i, count, rows, rowStride, current);
    if (prefetches) {
      atelier_find_rows((const uint64_t *)samples, i + 8, count, rows, rowStride, next);
      atelier_select_from_rows(&selection, current, next, count - i, lanes + 32 * i);
    } else {
      atelier_select_from_rows(&selection, current, 0, count - i, lanes + 32 * i);
    }
  }
#endif
}
