// Fused multiply-adds, which round once. Processors with FMA have an instruction; elsewhere, double precision gives the
// same bits, because `fmaf` of the C library would be called for each lane.
#pragma once

#include "VectorOperations.h"

typedef float atelier_f32x8 __attribute__((ext_vector_type(8)));

#if defined(__x86_64__) && !defined(__FMA__)

typedef double atelier_f64x8 __attribute__((ext_vector_type(8)));
typedef int32_t atelier_i32x4 __attribute__((ext_vector_type(4)));
typedef int32_t atelier_i32x8 __attribute__((ext_vector_type(8)));
typedef int64_t atelier_i64x8 __attribute__((ext_vector_type(8)));

// Returns the float nearest to a + b. The sum is rounded to odd first: if it is not exact, the neighbor with an odd
// significand is taken, which is never halfway between two floats (Boldo and Melquiond, 2008).
ATELIER_INLINE float atelier_round_sum(double a, double b) {
  double sum = a + b;
  const double part = sum - a;
  const double error = (a - (sum - part)) + (b - part);
  uint64_t bits;
  __builtin_memcpy(&bits, &sum, sizeof bits);
  // Infinities and NaNs have an error that is not a number.
  if ((error > 0 || error < 0) && bits % 2 == 0) bits += (error > 0) == (sum > 0) ? 1 : -1;
  __builtin_memcpy(&sum, &bits, sizeof sum);
  return (float)sum;
}

static __attribute__((noinline, cold)) atelier_f32x8 atelier_round_sums(atelier_f64x8 a, atelier_f64x8 b) {
  atelier_f32x8 result;
  for (int lane = 0; lane < 8; lane++) result[lane] = atelier_round_sum(a[lane], b[lane]);
  return result;
}

// sum + a * b. The product of two floats is exact in double precision. Rounding its sum to double, then to float, is
// right unless the double is halfway between two floats: then its last 29 bits are a one and zeros, or the float is
// subnormal.
ATELIER_INLINE atelier_f32x8 atelier_add_product_f32x8(atelier_f32x8 sum, atelier_f32x8 a, atelier_f32x8 b) {
  const atelier_f64x8 product = __builtin_convertvector(a, atelier_f64x8) * __builtin_convertvector(b, atelier_f64x8);
  const atelier_f64x8 addend = __builtin_convertvector(sum, atelier_f64x8);
  const atelier_f64x8 total = product + addend;
  const atelier_f32x8 result = __builtin_convertvector(total, atelier_f32x8);
  const atelier_i32x8 low = __builtin_convertvector((atelier_i64x8)total, atelier_i32x8);
  const atelier_i32x8 magnitude = (atelier_i32x8)result & 0x7fffffff;
  const atelier_i32x8 isUnsure =
      ((low & 0x1fffffff) == 0x10000000) | ((magnitude > 0) & (magnitude <= 0x00800000));
  if (__builtin_expect(_mm_movemask_epi8((__m128i)(isUnsure.lo | isUnsure.hi)) != 0, 0))
    return atelier_round_sums(product, addend);
  return result;
}

ATELIER_INLINE atelier_f32x16 atelier_add_product_f32x16(atelier_f32x16 sum, atelier_f32x16 a, atelier_f32x16 b) {
  atelier_f32x16 result;
  result.lo = atelier_add_product_f32x8(sum.lo, a.lo, b.lo);
  result.hi = atelier_add_product_f32x8(sum.hi, a.hi, b.hi);
  return result;
}

#else

ATELIER_INLINE atelier_f32x8 atelier_add_product_f32x8(atelier_f32x8 sum, atelier_f32x8 a, atelier_f32x8 b) {
  return __builtin_elementwise_fma(a, b, sum);
}

ATELIER_INLINE atelier_f32x16 atelier_add_product_f32x16(atelier_f32x16 sum, atelier_f32x16 a, atelier_f32x16 b) {
  return __builtin_elementwise_fma(a, b, sum);
}

#endif
