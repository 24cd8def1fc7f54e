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

static __always_inline void store_words(u32 *dst, const u32 *result, u32 on)
{
	if (on == VSVM_HW_ALL_LANES) {
		memcpy(dst, result, LANES * sizeof(*dst));
		return;
	}
	for (; on; on &= on - 1)
		dst[__ffs(on)] = result[__ffs(on)];
}

static __always_inline void load_halves(float *x, const u32 *row)
{
	unsigned int i;

	for (i = 0; i < LANES; i++)
		x[i] = half_to_float(row[i]);
}

static __always_inline void store_halves(u32 *dst, const float *x, u32 on)
{
	u32 result[LANES];
	unsigned int i;

	for (i = 0; i < LANES; i++)
		result[i] = float_to_half(x[i]);
	store_words(dst, result, on);
}

static __always_inline void load_floats(float *x, const u32 *row)
{
	memcpy(x, row, LANES * sizeof(*x));
}

static __always_inline void store_floats(u32 *dst, const float *x, u32 on)
{
	store_words(dst, (const u32 *)x, on);
}

static __always_inline void load_doubles(double *x, const u32 *row)
{
	unsigned int i;

	for (i = 0; i < LANES; i++)
		x[i] = bits_double(row[i] | (u64)row[LANES + i] << 32);
}

static __always_inline void store_doubles(u32 *dst, const double *x, u32 on)
{
	u32 low[LANES], high[LANES];
	unsigned int i;

	for (i = 0; i < LANES; i++) {
		low[i] = double_bits(x[i]);
		high[i] = double_bits(x[i]) >> 32;
	}
	store_words(dst, low, on);
	store_words(dst + LANES, high, on);
}

/*
 * The operation is done for all lanes, and the results of those that are on are kept: there are no
 * traps, and a loop without conditions becomes one on vectors. Operands are loaded before a result
 * is stored, so they may overlap.
 */
static __always_inline void run_halves(u32 *dst, const u32 *a, const u32 *b, const u32 *c, u32 on,
				       unsigned int sources, float_fn fn)
{
	float x[LANES], y[LANES] = {}, z[LANES] = {};
	unsigned int i;

	load_halves(x, a);
	if (sources > 1)
		load_halves(y, b);
	if (sources > 2)
		load_halves(z, c);
	for (i = 0; i < LANES; i++)
		x[i] = fn(x[i], y[i], z[i]);
	store_halves(dst, x, on);
}

static __always_inline void run_floats(u32 *dst, const u32 *a, const u32 *b, const u32 *c, u32 on,
				       unsigned int sources, float_fn fn)
{
	float x[LANES], y[LANES] = {}, z[LANES] = {};
	unsigned int i;

	load_floats(x, a);
	if (sources > 1)
		load_floats(y, b);
	if (sources > 2)
		load_floats(z, c);
	for (i = 0; i < LANES; i++)
		x[i] = fn(x[i], y[i], z[i]);
	store_floats(dst, x, on);
}

static __always_inline void run_doubles(u32 *dst, const u32 *a, const u32 *b, const u32 *c,
					u32 on, unsigned int sources, double_fn fn)
{
	double x[LANES], y[LANES] = {}, z[LANES] = {};
	unsigned int i;

	load_doubles(x, a);
	if (sources > 1)
		load_doubles(y, b);
	if (sources > 2)
		load_doubles(z, c);
	for (i = 0; i < LANES; i++)
		x[i] = fn(x[i], y[i], z[i]);
	store_doubles(dst, x, on);
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
