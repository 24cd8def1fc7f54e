/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * How an operation on floating point numbers becomes one on all lanes of a wave, see DOC: Floating
 * point. Only for files that are compiled for the FPU.
 */
#ifndef _VSVM_HW_FLOAT_H_
#define _VSVM_HW_FLOAT_H_

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/string.h>

#include "hw_isa.h"

#ifdef __CHECKER__
/* sparse does not know these of the compiler's. */
float __builtin_fabsf(float x);
float __builtin_copysignf(float x, float sign);
double __builtin_copysign(double x, double sign);
float __builtin_sqrtf(float x);
double __builtin_sqrt(double x);
#endif

#define LANES	VSVM_WAVE_LANES

typedef float (*float_fn)(float a, float b, float c);
typedef double (*double_fn)(double a, double b, double c);

/* F16 lives in a float, and rounds to 11 bits when it leaves. */
static __always_inline u32 float_bits(float x)
{
	u32 bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

static __always_inline float bits_float(u32 bits)
{
	float x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

static __always_inline u64 double_bits(double x)
{
	u64 bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

static __always_inline double bits_double(u64 bits)
{
	double x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

static __always_inline float half_to_float(u32 half)
{
	u32 sign = (half & 0x8000) << 16;
	u32 bits = (half & 0x7fff) << 13;

	/* The multiplication moves the bias, also of a denormal, but not of infinity and NaN. */
	if (bits >= 0x0f800000)
		return bits_float(sign | bits | (bits > 0x0f800000 ? 0x7fc00000 : 0x7f800000));
	return bits_float(sign | float_bits(bits_float(bits) * 0x1p112f));
}

static __always_inline u32 float_to_half(float x)
{
	u32 bits = float_bits(x);
	u32 sign = bits >> 16 & 0x8000;
	u32 normal, denormal, half;

	bits &= 0x7fffffff;
	/* Added to the 13 bits that go, this carries where they are more than a half, or odd. */
	normal = ((bits + 0xfff + (bits >> 13 & 1)) >> 13) - (112 << 10);
	/* The last bit of 0.5 is that of the denormals. */
	denormal = float_bits(bits_float(bits) + 0.5f) - 0x3f000000;
	half = bits < 0x38800000 ? denormal : normal;
	half = bits >= 0x477ff000 ? 0x7c00 : half;
	half = bits > 0x7f800000 ? 0x7e00 : half;
	return sign | half;
}

static __always_inline float get_half(const u32 *row, unsigned int lane)
{
	return half_to_float(row[lane]);
}

static __always_inline void put_half(u32 *row, unsigned int lane, float x)
{
	row[lane] = float_to_half(x);
}

static __always_inline float get_float(const u32 *row, unsigned int lane)
{
	return bits_float(row[lane]);
}

static __always_inline void put_float(u32 *row, unsigned int lane, float x)
{
	row[lane] = float_bits(x);
}

static __always_inline double get_double(const u32 *row, unsigned int lane)
{
	return bits_double(row[lane] | (u64)row[LANES + lane] << 32);
}

static __always_inline void put_double(u32 *row, unsigned int lane, double x)
{
	row[lane] = double_bits(x);
	row[LANES + lane] = double_bits(x) >> 32;
}

/* One lane of an operation, which is @f or @d if it is not in the function itself */
typedef void (*lane_fn)(u32 *dst, const u32 *a, const u32 *b, const u32 *c, unsigned int lane,
			unsigned int sources, float_fn f, double_fn d);

static __always_inline void half_lane(u32 *dst, const u32 *a, const u32 *b, const u32 *c,
				      unsigned int lane, unsigned int sources, float_fn f,
				      double_fn d)
{
	put_half(dst, lane, f(get_half(a, lane), sources > 1 ? get_half(b, lane) : 0,
			      sources > 2 ? get_half(c, lane) : 0));
}

static __always_inline void float_lane(u32 *dst, const u32 *a, const u32 *b, const u32 *c,
				       unsigned int lane, unsigned int sources, float_fn f,
				       double_fn d)
{
	put_float(dst, lane, f(get_float(a, lane), sources > 1 ? get_float(b, lane) : 0,
			       sources > 2 ? get_float(c, lane) : 0));
}

static __always_inline void double_lane(u32 *dst, const u32 *a, const u32 *b, const u32 *c,
					unsigned int lane, unsigned int sources, float_fn f,
					double_fn d)
{
	put_double(dst, lane, d(get_double(a, lane), sources > 1 ? get_double(b, lane) : 0,
				sources > 2 ? get_double(c, lane) : 0));
}

/*
 * There are no traps, so where all lanes are on this is one loop without conditions, on vectors. As
 * a lane reads its operands before it writes, and none reads what another one writes, they may
 * overlap.
 */
static __always_inline void each_lane(u32 *dst, const u32 *a, const u32 *b, const u32 *c, u32 on,
				      lane_fn fn, unsigned int sources, float_fn f, double_fn d)
{
	unsigned int lane;

	if (on == VSVM_HW_ALL_LANES) {
#ifdef __clang__
#pragma clang loop vectorize(assume_safety)
#else
#pragma GCC ivdep
#endif
		for (lane = 0; lane < LANES; lane++)
			fn(dst, a, b, c, lane, sources, f, d);
		return;
	}
	for (; on; on &= on - 1)
		fn(dst, a, b, c, __ffs(on), sources, f, d);
}

static __always_inline void run_halves(u32 *dst, const u32 *a, const u32 *b, const u32 *c, u32 on,
				       unsigned int sources, float_fn fn)
{
	each_lane(dst, a, b, c, on, half_lane, sources, fn, NULL);
}

static __always_inline void run_floats(u32 *dst, const u32 *a, const u32 *b, const u32 *c, u32 on,
				       unsigned int sources, float_fn fn)
{
	each_lane(dst, a, b, c, on, float_lane, sources, fn, NULL);
}

static __always_inline void run_doubles(u32 *dst, const u32 *a, const u32 *b, const u32 *c,
					u32 on, unsigned int sources, double_fn fn)
{
	each_lane(dst, a, b, c, on, double_lane, sources, NULL, fn);
}

/* hw_alu_math.c */
void vsvm_hw_float_sin(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
		       u32 on);
void vsvm_hw_float_cos(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
		       u32 on);
void vsvm_hw_float_exp2(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
			u32 on);
void vsvm_hw_float_log2(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
			u32 on);
void vsvm_hw_float_pow(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
		       u32 on);

#endif /* _VSVM_HW_FLOAT_H_ */
