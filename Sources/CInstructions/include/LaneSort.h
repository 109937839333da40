// Sorting of vectors lane by lane.
#pragma once

#include "VectorOperations.h"

// Sixteen vectors are sorted in registers.
#define ORDER(i, j) \
  { \
    atelier_u16x32 least = __builtin_elementwise_min(v[i], v[j]); \
    v[j] = __builtin_elementwise_max(v[i], v[j]); \
    v[i] = least; \
  }

// Sorts by Batcher's merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M).
ATELIER_INLINE void atelier_sort_sixteen(atelier_u16x32 v[16]) {
  ORDER(0, 8) ORDER(1, 9) ORDER(2, 10) ORDER(3, 11) ORDER(4, 12) ORDER(5, 13) ORDER(6, 14) ORDER(7, 15)
  ORDER(0, 4) ORDER(1, 5) ORDER(2, 6) ORDER(3, 7) ORDER(8, 12) ORDER(9, 13) ORDER(10, 14) ORDER(11, 15)
  ORDER(4, 8) ORDER(5, 9) ORDER(6, 10) ORDER(7, 11)
  ORDER(0, 2) ORDER(1, 3) ORDER(4, 6) ORDER(5, 7) ORDER(8, 10) ORDER(9, 11) ORDER(12, 14) ORDER(13, 15)
  ORDER(2, 8) ORDER(3, 9) ORDER(6, 12) ORDER(7, 13)
  ORDER(2, 4) ORDER(3, 5) ORDER(6, 8) ORDER(7, 9) ORDER(10, 12) ORDER(11, 13)
  ORDER(0, 1) ORDER(2, 3) ORDER(4, 5) ORDER(6, 7) ORDER(8, 9) ORDER(10, 11) ORDER(12, 13) ORDER(14, 15)
  ORDER(1, 8) ORDER(3, 10) ORDER(5, 12) ORDER(7, 14)
  ORDER(1, 4) ORDER(3, 6) ORDER(5, 8) ORDER(7, 10) ORDER(9, 12) ORDER(11, 14)
  ORDER(1, 2) ORDER(3, 4) ORDER(5, 6) ORDER(7, 8) ORDER(9, 10) ORDER(11, 12) ORDER(13, 14)
}

// Sorts a bitonic sequence.
ATELIER_INLINE void atelier_sort_bitonic_sixteen(atelier_u16x32 v[16]) {
  ORDER(0, 8) ORDER(1, 9) ORDER(2, 10) ORDER(3, 11) ORDER(4, 12) ORDER(5, 13) ORDER(6, 14) ORDER(7, 15)
  ORDER(0, 4) ORDER(1, 5) ORDER(2, 6) ORDER(3, 7) ORDER(8, 12) ORDER(9, 13) ORDER(10, 14) ORDER(11, 15)
  ORDER(0, 2) ORDER(1, 3) ORDER(4, 6) ORDER(5, 7) ORDER(8, 10) ORDER(9, 11) ORDER(12, 14) ORDER(13, 15)
  ORDER(0, 1) ORDER(2, 3) ORDER(4, 5) ORDER(6, 7) ORDER(8, 9) ORDER(10, 11) ORDER(12, 13) ORDER(14, 15)
}

#undef ORDER

// Reads up to sixteen vectors; the missing ones have the greatest value.
ATELIER_INLINE void atelier_load_sixteen(atelier_u16x32 v[16], const atelier_u16x32 *keys, long count) {
  if (count >= 16) {
    for (int i = 0; i < 16; i++) v[i] = keys[i];
  } else {
    for (int i = 0; i < 16; i++) v[i] = i < count ? keys[i] : (atelier_u16x32)0xffff;
  }
}

ATELIER_INLINE void atelier_store_sixteen(const atelier_u16x32 v[16], atelier_u16x32 *keys, long count) {
  if (count >= 16) {
    for (int i = 0; i < 16; i++) keys[i] = v[i];
  } else {
    for (int i = 0; i < 16; i++) {
      if (i < count) keys[i] = v[i];
    }
  }
}

ATELIER_INLINE void atelier_order_u16(atelier_u16x32 *a, atelier_u16x32 *b) {
  atelier_u16x32 least = __builtin_elementwise_min(*a, *b);
  *b = __builtin_elementwise_max(*a, *b);
  *a = least;
}

// Sorts `count` vectors of 32 lanes: sixteen at a time in registers; then pairs of sorted runs are merged by Batcher's
// bitonic sort. Behind the last vector, the network sees the greatest value, which stays where it is.
ATELIER_INLINE void atelier_sort_lanes_u16(void *vectors, long count) {
  atelier_u16x32 *keys = (atelier_u16x32 *)vectors;
  atelier_u16x32 v[16];
  for (long first = 0; first < count; first += 16) {
    atelier_load_sixteen(v, keys + first, count - first);
    atelier_sort_sixteen(v);
    atelier_store_sixteen(v, keys + first, count - first);
  }
  for (long run = 16; run < count; run *= 2) {
    // Two ascending runs become two bitonic ones: the vectors of the first are compared with those of the second in
    // descending order.
    for (long first = 0; first + run < count; first += 2 * run) {
      long last = first + 2 * run - 1;
      for (long i = last < count ? 0 : last - count + 1; i < run; i++)
        atelier_order_u16(keys + first + i, keys + last - i);
    }
    for (long distance = run / 2; distance >= 16; distance /= 2) {
      for (long first = 0; first + distance < count; first += 2 * distance) {
        long end = first + distance < count - distance ? first + distance : count - distance;
        for (long i = first; i < end; i++) atelier_order_u16(keys + i, keys + i + distance);
      }
    }
    for (long first = 0; first < count; first += 16) {
      atelier_load_sixteen(v, keys + first, count - first);
      atelier_sort_bitonic_sixteen(v);
      atelier_store_sixteen(v, keys + first, count - first);
    }
  }
}
