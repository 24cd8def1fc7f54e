// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Elementary functions
 *
 * Sine, cosine, powers and logarithms of floats, computed in doubles: so the result, rounded to a
 * float once, is within one unit in the last place, and nearly always the nearest. Arguments are
 * reduced exactly, however large they are.
 *
 * See DOC: Floating point for how this is compiled and called. Pure, but for the registers.
 */

#include "hw_float.h"

#define INFINITE	bits_double(0x7ff0000000000000)
#define NOT_A_NUMBER	bits_double(0x7ff8000000000000)

/* Value + c[n] x^n + ... + c[1] x + c[0], for a constant number of coefficients. */
static __always_inline double polynomial(double x, const double *c, unsigned int count)
{
	double y = c[--count];

	while (count)
		y = y * x + c[--count];
	return y;
}

/* Nearest integer; |x| < 2^51 */
static __always_inline double nearest(double x)
{
	return (x + 0x1.8p52) - 0x1.8p52;
}

/* 2^k for the exponents of doubles that are not denormal */
static __always_inline double power_of_2(int k)
{
	return bits_double((u64)(k + 1023) << 52);
}

/*
 * The first 256 bits of 2 / pi. A float is an integer of 24 bits times 2^e; of the product with
 * 2 / pi only what is left modulo 4 matters, and bits of 2 / pi whose weight is a multiple of 4
 * after the multiplication by 2^e contribute nothing to it.
 */
static const u64 two_over_pi[] = {
	0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
};

/*
 * x - n * pi / 2 in [-pi/4, pi/4] for a float x of 2^28 or more, and n modulo 4. The window of 128
 * bits begins with the bit of weight 2.
 */
static double reduce_large(float x, int *n)
{
	const u32 bits = float_bits(x);
	const unsigned int exp = (bits >> 23 & 0xff) - 150;
	const u64 mant = (bits & 0x7fffff) | 0x800000;
	/* Bit i of 2 / pi, from 1 on, has weight 2^(exp - i): begin with i = exp - 1. */
	const unsigned int first = exp - 2, word = first / 64, shift = first % 64;
	__u128 product;
	double y;

	product = (__u128)two_over_pi[word] << 64 | two_over_pi[word + 1];
	if (shift)
		product = product << shift | two_over_pi[word + 2] >> (64 - shift);
	/* Modulo 2^128, which is 4; the upper two bits are n, if the rest is below a half. */
	product *= mant;
	*n = ((int)(product >> 125) + 1) >> 1;
	product -= (__u128)*n << 126;
	y = (double)(s64)(product >> 64) * (0x1.921fb54442d18p0 / 0x1p62);
	if (bits >> 31) {
		*n = -*n;
		y = -y;
	}
	return y;
}

/* Likewise for any float that is finite. */
static double reduce(float x, int *n)
{
	double turns;

	if (__builtin_fabsf(x) >= 0x1p28f)
		return reduce_large(x, n);
	/* The upper part of pi / 2 has 25 bits, so that its multiples are exact. */
	turns = nearest(x * (0x1.45f306dc9c883p0 / 2));
	*n = turns;
	return x - turns * 0x1.921fb5p0 - turns * (0x1.110b4611a6263p0 / 0x1p26);
}

static double sine(double x)
{
	static const double c[] = {
		1, -0x1.5555555555555p0 / 0x1p3, 0x1.1111111111111p0 / 0x1p7,
		-0x1.a01a01a01a01ap0 / 0x1p13, 0x1.71de3a556c734p0 / 0x1p19,
		-0x1.ae64567f544e4p0 / 0x1p26, 0x1.6124613a86d09p0 / 0x1p33,
	};

	return x * polynomial(x * x, c, 7);
}

static double cosine(double x)
{
	static const double c[] = {
		1, -0x1p0 / 0x1p1, 0x1.5555555555555p0 / 0x1p5,
		-0x1.6c16c16c16c17p0 / 0x1p10, 0x1.a01a01a01a01ap0 / 0x1p16,
		-0x1.27e4fb7789f5cp0 / 0x1p22, 0x1.1eed8eff8d898p0 / 0x1p29,
		-0x1.93974a8c07c9dp0 / 0x1p37,
	};

	return polynomial(x * x, c, 8);
}

/* Sine of x plus @quarters quarter turns. */
static float turn(float x, int quarters)
{
	double y;
	int n;

	/* Infinity has none. */
	if (!(__builtin_fabsf(x) < (float)INFINITE))
		return x - x;
	/* Also so that -0 stays. */
	if (!quarters && __builtin_fabsf(x) < 1 / 0x1p26f)
		return x;
	y = reduce(x, &n);
	n += quarters;
	y = n & 1 ? cosine(y) : sine(y);
	return n & 2 ? -y : y;
}

static float sin_float(float a, float b, float c)
{
	return turn(a, 0);
}

static float cos_float(float a, float b, float c)
{
	return turn(a, 1);
}

/* 2^x, good for a float; 0 and infinity are those of floats. */
static double exp2_double(double x)
{
	static const double c[] = {
		1, 0x1.62e42fefa39efp0 / 0x1p1, 0x1.ebfbdff82c58fp0 / 0x1p3,
		0x1.c6b08d704a0c0p0 / 0x1p5, 0x1.3b2ab6fba4e77p0 / 0x1p7,
		0x1.5d87fe78a6731p0 / 0x1p10, 0x1.430912f86c787p0 / 0x1p13,
		0x1.ffcbfc588b0c7p0 / 0x1p17, 0x1.62c0223a5c824p0 / 0x1p20,
		0x1.b5253d395e7c4p0 / 0x1p24, 0x1.e4cf5158b8ecap0 / 0x1p28,
	};
	double whole;

	if (x != x)
		return x + x;
	if (x >= 129)
		return INFINITE;
	if (x < -151)
		return 0;
	whole = nearest(x);
	return polynomial(x - whole, c, 11) * power_of_2(whole);
}

/* log2(x) of a double that is not negative nor denormal */
static double log2_double(double x)
{
	/* log2((1 + s) / (1 - s)) = s * (c[0] + c[1] * s^2 + ...) */
	static const double c[] = {
		0x1.71547652b82fep1, 0x1.ec709dc3a03fdp0 / 0x1p1,
		0x1.2776c50ef9bfep0 / 0x1p1, 0x1.a61762a7aded9p0 / 0x1p2,
		0x1.484b13d7c02a9p0 / 0x1p2, 0x1.0c9a84994022dp0 / 0x1p2,
		0x1.c68f568d31760p0 / 0x1p3, 0x1.89f3b1694cffep0 / 0x1p3,
		0x1.5b9ac9b743f0dp0 / 0x1p3, 0x1.3703c1f4d0ffep0 / 0x1p3,
	};
	u64 bits = double_bits(x);
	double m, s;
	int exp;

	if (x != x || x == INFINITE)
		return x + x;
	if (x == 0)
		return -INFINITE;
	/* Between the square roots of a half and of two. */
	exp = (int)((bits - 0x3fe6a09e667f3bcd) >> 52 & 0xfff);
	exp = exp >= 0x800 ? exp - 0x1000 : exp;
	m = bits_double(bits - ((u64)exp << 52));
	s = (m - 1) / (m + 1);
	return exp + s * polynomial(s * s, c, 10);
}

static float exp2_float(float a, float b, float c)
{
	return exp2_double(a);
}

static float log2_float(float a, float b, float c)
{
	return a < 0 ? NOT_A_NUMBER : log2_double(a);
}

static bool is_integer(double x)
{
	return __builtin_fabs(x) >= 0x1p52 || nearest(x) == x;
}

static float pow_float(float a, float b, float c)
{
	double base = __builtin_fabsf(a), y;
	bool odd;

	if (b == 0 || a == 1)
		return 1;
	if (a != a || b != b)
		return a + b;
	/* A float of 2^24 and more is even. */
	odd = __builtin_fabsf(b) < 0x1p24f && is_integer(b) && !is_integer(b * 0.5);
	if (a < 0 && base != INFINITE && !is_integer(b))
		return NOT_A_NUMBER;
	/* Of -1 to the infinite too; there the product is no number. */
	y = base == 1 ? 1 : exp2_double(b * log2_double(base));
	return odd ? __builtin_copysign(y, a) : y;
}

static __always_inline void run(u8 type, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
				u32 on, unsigned int sources, float_fn fn)
{
	if (type == VSVM_TYPE_F16)
		run_halves(dst, a, b, c, on, sources, fn);
	else
		run_floats(dst, a, b, c, on, sources, fn);
}

void vsvm_hw_float_sin(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
		       u32 on)
{
	run(type, dst, a, b, c, on, 1, sin_float);
}

void vsvm_hw_float_cos(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
		       u32 on)
{
	run(type, dst, a, b, c, on, 1, cos_float);
}

void vsvm_hw_float_exp2(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
			u32 on)
{
	run(type, dst, a, b, c, on, 1, exp2_float);
}

void vsvm_hw_float_log2(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
			u32 on)
{
	run(type, dst, a, b, c, on, 1, log2_float);
}

void vsvm_hw_float_pow(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
		       u32 on)
{
	run(type, dst, a, b, c, on, 2, pow_float);
}
