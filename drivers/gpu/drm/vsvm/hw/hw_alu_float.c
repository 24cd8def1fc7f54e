// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Floating point
 *
 * Operations that the CPU's floating point unit does as IEEE 754 says: basic arithmetic, square
 * roots, rounding to integers, and conversions that a vector unit has. This file, hw_alu_math.c and
 * hw_alu_simple_vector.c alone are compiled for that unit, with what every x86-64 has (SSE2), and
 * again with AVX2; the compiler turns the loops over the lanes into vector instructions. Others
 * call it only through the tables at the end, between vsvm_hw_fpu_begin() and vsvm_hw_fpu_end(),
 * for the compiler may use the unit's registers in whichever function it likes.
 *
 * A fused multiplication and addition has no instruction in SSE2; with AVX2 there is FMA. The
 * product of two floats is exact as a double, and the sum is rounded to odd: towards zero, and the
 * last bit set if that was not exact. Rounding it once more then gives what rounding once would
 * have given, as a double has more than two bits beyond a float's.
 *
 * Pure, but for the registers.
 */

#include <linux/array_size.h>

#include "hw_float.h"

/* Numbers from here on have no room for a fraction. */
#define WHOLE_FLOAT	0x1p23f
#define WHOLE_DOUBLE	0x1p52

#define absf(x)		__builtin_fabsf(x)
#define absd(x)		__builtin_fabs(x)
#define signf(x, sign)	__builtin_copysignf(x, sign)
#define signd(x, sign)	__builtin_copysign(x, sign)

static __always_inline float nearf(float x)
{
	float y = signf((absf(x) + WHOLE_FLOAT) - WHOLE_FLOAT, x);

	/* The sum is a quiet NaN. */
	return absf(x) < WHOLE_FLOAT ? y : x != x ? x + x : x;
}

static __always_inline float downf(float x)
{
	float y = nearf(x);

	return y > x ? y - 1 : y;
}

static __always_inline float upf(float x)
{
	float y = nearf(x);

	return signf(y < x ? y + 1 : y, x);
}

static __always_inline float cutf(float x)
{
	return signf(downf(absf(x)), x);
}

static __always_inline double neard(double x)
{
	double y = signd((absd(x) + WHOLE_DOUBLE) - WHOLE_DOUBLE, x);

	/* The sum is a quiet NaN. */
	return absd(x) < WHOLE_DOUBLE ? y : x != x ? x + x : x;
}

static __always_inline double downd(double x)
{
	double y = neard(x);

	return y > x ? y - 1 : y;
}

static __always_inline double upd(double x)
{
	double y = neard(x);

	return signd(y < x ? y + 1 : y, x);
}

static __always_inline double cutd(double x)
{
	return signd(downd(absd(x)), x);
}

static __always_inline float add_float(float a, float b, float c)
{
	return a + b;
}

static __always_inline double add_double(double a, double b, double c)
{
	return a + b;
}

static __always_inline float sub_float(float a, float b, float c)
{
	return a - b;
}

static __always_inline double sub_double(double a, double b, double c)
{
	return a - b;
}

static __always_inline float mul_float(float a, float b, float c)
{
	return a * b;
}

static __always_inline double mul_double(double a, double b, double c)
{
	return a * b;
}

static __always_inline float div_float(float a, float b, float c)
{
	return a / b;
}

static __always_inline double div_double(double a, double b, double c)
{
	return a / b;
}

static __always_inline float rem_float(float a, float b, float c)
{
	return a - b * cutf(a / b);
}

static __always_inline double rem_double(double a, double b, double c)
{
	return a - b * cutd(a / b);
}

static __always_inline float mod_float(float a, float b, float c)
{
	return a - b * downf(a / b);
}

static __always_inline double mod_double(double a, double b, double c)
{
	return a - b * downd(a / b);
}

static __always_inline float sqrt_float(float a, float b, float c)
{
	return __builtin_sqrtf(a);
}

static __always_inline double sqrt_double(double a, double b, double c)
{
	return __builtin_sqrt(a);
}

static __always_inline float rcp_float(float a, float b, float c)
{
	return 1 / a;
}

static __always_inline double rcp_double(double a, double b, double c)
{
	return 1 / a;
}

static __always_inline float rsq_float(float a, float b, float c)
{
	return 1 / __builtin_sqrtf(a);
}

static __always_inline double rsq_double(double a, double b, double c)
{
	return 1 / __builtin_sqrt(a);
}

static __always_inline float floor_float(float a, float b, float c)
{
	return downf(a);
}

static __always_inline double floor_double(double a, double b, double c)
{
	return downd(a);
}

static __always_inline float ceil_float(float a, float b, float c)
{
	return upf(a);
}

static __always_inline double ceil_double(double a, double b, double c)
{
	return upd(a);
}

static __always_inline float trunc_float(float a, float b, float c)
{
	return cutf(a);
}

static __always_inline double trunc_double(double a, double b, double c)
{
	return cutd(a);
}

static __always_inline float round_even_float(float a, float b, float c)
{
	return nearf(a);
}

static __always_inline double round_even_double(double a, double b, double c)
{
	return neard(a);
}

static __always_inline float fract_float(float a, float b, float c)
{
	return a - downf(a);
}

static __always_inline double fract_double(double a, double b, double c)
{
	return a - downd(a);
}

static __always_inline void run(u8 type, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
				u32 on, unsigned int sources, float_fn f, double_fn d)
{
	switch (type) {
	case VSVM_TYPE_F16:
		return run_halves(dst, a, b, c, on, sources, f);
	case VSVM_TYPE_F32:
		return run_floats(dst, a, b, c, on, sources, f);
	case VSVM_TYPE_F64:
		return run_doubles(dst, a, b, c, on, sources, d);
	}
}

#define FLOAT_ALU(name, sources, f, d)								\
static void name(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,	\
		 u32 on)									\
{												\
	run(type, dst, a, b, c, on, sources, f, d);						\
}

FLOAT_ALU(alu_fadd, 2, add_float, add_double)
FLOAT_ALU(alu_fsub, 2, sub_float, sub_double)
FLOAT_ALU(alu_fmul, 2, mul_float, mul_double)
FLOAT_ALU(alu_fdiv, 2, div_float, div_double)
FLOAT_ALU(alu_frem, 2, rem_float, rem_double)
FLOAT_ALU(alu_fmod, 2, mod_float, mod_double)
FLOAT_ALU(alu_fsqrt, 1, sqrt_float, sqrt_double)
FLOAT_ALU(alu_frcp, 1, rcp_float, rcp_double)
FLOAT_ALU(alu_frsq, 1, rsq_float, rsq_double)
FLOAT_ALU(alu_ffloor, 1, floor_float, floor_double)
FLOAT_ALU(alu_fceil, 1, ceil_float, ceil_double)
FLOAT_ALU(alu_ftrunc, 1, trunc_float, trunc_double)
FLOAT_ALU(alu_fround_even, 1, round_even_float, round_even_double)
FLOAT_ALU(alu_ffract, 1, fract_float, fract_double)

/* a * b + c, rounded to odd: a * b is exact. */
static __always_inline double fma_odd(float a, float b, float c)
{
	double product = (double)a * b;
	double sum = product + c;
	double back = sum - product;
	/* What the sum left out, exactly; NaN if it is infinite, which then compares as nothing. */
	double rest = (product - (sum - back)) + (c - back);
	u64 bits = double_bits(sum);
	u64 even = ~bits & 1;
	/* Towards the rest is up where both have one sign. */
	u64 up = (rest > 0) == (sum > 0);

	bits += rest > 0 || rest < 0 ? (up ? even : -even) : 0;
	return bits_double(bits);
}

/* A double that is rounded to odd, or exact, as a float that is. */
static __always_inline float odd_float(double x)
{
	float near = x;
	double back = near;
	u32 bits = float_bits(near);
	u32 even = ~bits & 1;

	bits += back < x || back > x ? (absd(back) < absd(x) ? even : -even) : 0;
	return bits_float(bits);
}

static __always_inline float fma_float(float a, float b, float c)
{
#ifdef __FMA__
	return __builtin_fmaf(a, b, c);
#else
	return fma_odd(a, b, c);
#endif
}

static __always_inline float fma_half(float a, float b, float c)
{
	return odd_float(fma_odd(a, b, c));
}

static void alu_ffma(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c, u32 on)
{
	if (type == VSVM_TYPE_F16)
		run_halves(dst, a, b, c, on, 3, fma_half);
	else
		run_floats(dst, a, b, c, on, 3, fma_float);
}

/* Conversions that need no care. Those not to doubles round to nearest even. */

static __always_inline void put_word(u32 *row, unsigned int lane, u32 x)
{
	row[lane] = x;
}

/* A double holds each of them; what vectors convert is signed. */
static __always_inline double from_u32(u32 x)
{
	return (double)(s32)(x ^ 0x80000000) + 0x1p31;
}

/* Towards zero; clamped, and 0 of NaN. */
static __always_inline u32 to_s32(float x)
{
	u32 y = (s32)(absf(x) < 0x1p31f ? x : 0);

	y = x >= 0x1p31f ? S32_MAX : y;
	return x <= -0x1p31f ? (u32)S32_MIN : y;
}

#define CONVERSION(name, put, value)								\
static __always_inline void name##_lane(u32 *dst, const u32 *a, const u32 *b, const u32 *c,	\
					unsigned int lane, unsigned int sources, float_fn f,	\
					double_fn d)						\
{												\
	put(dst, lane, value);									\
}												\
												\
static void name(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,	\
		 u32 on)									\
{												\
	each_lane(dst, a, b, c, on, name##_lane, 1, NULL, NULL);				\
}

CONVERSION(half_of_float, put_half, get_float(a, lane))
CONVERSION(float_of_half, put_float, get_half(a, lane))
CONVERSION(float_of_double, put_float, get_double(a, lane))
CONVERSION(double_of_float, put_double, get_float(a, lane))
CONVERSION(float_of_s32, put_float, (s32)a[lane])
CONVERSION(float_of_u32, put_float, from_u32(a[lane]))
CONVERSION(double_of_s32, put_double, (s32)a[lane])
CONVERSION(s32_of_float, put_word, to_s32(get_float(a, lane)))

#define ANY_ROUND	0xf
#define EVEN		BIT(VSVM_ROUND_EVEN)
#define ZERO		BIT(VSVM_ROUND_ZERO)

const struct vsvm_hw_conversion
VSVM_HW_LEVEL(vsvm_hw_float_conversions)[VSVM_HW_FLOAT_CONVERSIONS] = {
	{ half_of_float, VSVM_TYPE_F16, VSVM_TYPE_F32, EVEN },
	{ float_of_half, VSVM_TYPE_F32, VSVM_TYPE_F16, ANY_ROUND },
	{ float_of_double, VSVM_TYPE_F32, VSVM_TYPE_F64, EVEN },
	{ double_of_float, VSVM_TYPE_F64, VSVM_TYPE_F32, ANY_ROUND },
	{ float_of_s32, VSVM_TYPE_F32, VSVM_TYPE_S32, EVEN },
	{ float_of_u32, VSVM_TYPE_F32, VSVM_TYPE_U32, EVEN },
	{ double_of_s32, VSVM_TYPE_F64, VSVM_TYPE_S32, ANY_ROUND },
	{ s32_of_float, VSVM_TYPE_S32, VSVM_TYPE_F32, ZERO },
};

const vsvm_hw_alu_fn VSVM_HW_LEVEL(vsvm_hw_float_fns)[256] = {
	[VSVM_OP_FADD] = alu_fadd,
	[VSVM_OP_FMUL] = alu_fmul,
	[VSVM_OP_FFMA] = alu_ffma,
	[VSVM_OP_FDIV] = alu_fdiv,
	[VSVM_OP_FREM] = alu_frem,
	[VSVM_OP_FSQRT] = alu_fsqrt,
	[VSVM_OP_FRCP] = alu_frcp,
	[VSVM_OP_FRSQ] = alu_frsq,
	[VSVM_OP_FFLOOR] = alu_ffloor,
	[VSVM_OP_FCEIL] = alu_fceil,
	[VSVM_OP_FTRUNC] = alu_ftrunc,
	[VSVM_OP_FROUND_EVEN] = alu_fround_even,
	[VSVM_OP_FSIN] = vsvm_hw_float_sin,
	[VSVM_OP_FCOS] = vsvm_hw_float_cos,
	[VSVM_OP_FEXP2] = vsvm_hw_float_exp2,
	[VSVM_OP_FLOG2] = vsvm_hw_float_log2,
	[VSVM_OP_FPOW] = vsvm_hw_float_pow,
	[VSVM_OP_FSUB] = alu_fsub,
	[VSVM_OP_FMOD] = alu_fmod,
	[VSVM_OP_FFRACT] = alu_ffract,
};
