// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Floating point by integers
 *
 * What the CPU's unit does not do as IEEE 754 asks with the instructions that every x86-64 has (a
 * fused multiplication and addition, conversions that round as told, halves), and what has to be
 * done where the unit must not be used: atomics, which are inside a section of the MMU.
 *
 * A number is taken apart into sign, exponent and a significand whose highest bit is bit 63. An
 * operation is done on that with bits to spare, those that do not fit being ORed into the last one
 * ("sticky"), so that pack_float() can round once, as if all of them were there.
 *
 * This is pure: no locks, no state.
 */

#include <linux/bitops.h>
#include <linux/minmax.h>

#include "hw_soft.h"

/* Shift right; what falls out stays visible in the last bit. */
static __u128 shift_sticky(__u128 value, unsigned int count)
{
	if (!count)
		return value;
	if (count > 127)
		return !!value;
	return value >> count | (value << (128 - count) ? 1 : 0);
}

static unsigned int leading_zeros(__u128 value)
{
	u64 high = value >> 64;

	return high ? 64 - fls64(high) : 128 - fls64((u64)value);
}

/* a * b + c for finite numbers, with a product and a sum that are not zero. */
static u64 fma_finite(const struct vsvm_hw_format *f, const struct vsvm_hw_soft *a,
		      const struct vsvm_hw_soft *b, const struct vsvm_hw_soft *c)
{
	bool sign = a->sign ^ b->sign, sticky;
	__u128 product, addend = (__u128)c->mant << 63;
	int exp = a->exp + b->exp;
	unsigned int shift;

	/*
	 * Both below 2^127, with bit 126 the one of weight exp, or the one above it. At least 20
	 * of the low bits are zero, so a shift by one or two loses nothing, and a larger one is
	 * only of a number that is so much smaller that it cannot cancel more than one bit.
	 */
	product = (__u128)a->mant * b->mant;
	if (product >> 127) {
		product = shift_sticky(product, 1);
		exp++;
	}
	if (c->class == VSVM_HW_SOFT_ZERO) {
		addend = 0;
	} else if (c->exp > exp) {
		product = shift_sticky(product, c->exp - exp);
		exp = c->exp;
	} else {
		addend = shift_sticky(addend, exp - c->exp);
	}

	if (sign == c->sign || c->class == VSVM_HW_SOFT_ZERO) {
		product += addend;
	} else if (product >= addend) {
		product -= addend;
	} else {
		product = addend - product;
		sign = c->sign;
	}
	/* What cancels exactly is +0. */
	if (!product)
		return 0;

	shift = leading_zeros(product);
	product <<= shift;
	sticky = (u64)product;
	return vsvm_hw_soft_pack(f, sign, exp + 1 - (int)shift, product >> 64, sticky,
				 VSVM_ROUND_EVEN);
}

/**
 * vsvm_hw_soft_fma() - a * b + c, rounded once, to nearest even
 * @type: floating point &enum vsvm_type
 * @a: factor
 * @b: factor
 * @c: addend; a * b + -0 is the product alone, a * 1 + c the sum
 *
 * Return: the result, in the low bits.
 */
u64 vsvm_hw_soft_fma(u8 type, u64 a, u64 b, u64 c)
{
	const struct vsvm_hw_format *f = vsvm_hw_format(type);
	struct vsvm_hw_soft x, y, z;
	bool sign;

	vsvm_hw_soft_unpack(f, a, &x);
	vsvm_hw_soft_unpack(f, b, &y);
	vsvm_hw_soft_unpack(f, c, &z);
	sign = x.sign ^ y.sign;

	if (x.class == VSVM_HW_SOFT_NAN || y.class == VSVM_HW_SOFT_NAN ||
	    z.class == VSVM_HW_SOFT_NAN)
		return f->nan;
	if (x.class == VSVM_HW_SOFT_INF || y.class == VSVM_HW_SOFT_INF) {
		if (x.class == VSVM_HW_SOFT_ZERO || y.class == VSVM_HW_SOFT_ZERO)
			return f->nan;
		if (z.class == VSVM_HW_SOFT_INF && z.sign != sign)
			return f->nan;
		return f->inf | (sign ? f->sign : 0);
	}
	if (z.class == VSVM_HW_SOFT_INF)
		return f->inf | (z.sign ? f->sign : 0);
	if (x.class == VSVM_HW_SOFT_ZERO || y.class == VSVM_HW_SOFT_ZERO) {
		if (z.class == VSVM_HW_SOFT_ZERO)
			return sign && z.sign ? f->sign : 0;
		return c & (f->sign | (f->sign - 1));
	}
	return fma_finite(f, &x, &y, &z);
}

/**
 * vsvm_hw_soft_min() - the smaller or the larger of two numbers
 * @type: floating point &enum vsvm_type
 * @a: a number
 * @b: another
 * @max: the larger
 *
 * Return: it; -0 is smaller than +0, and if one is NaN the other one.
 */
u64 vsvm_hw_soft_min(u8 type, u64 a, u64 b, bool max)
{
	return vsvm_hw_soft_lesser(vsvm_hw_format(type), a, b, max);
}

static u64 from_integer(u8 to, u64 value, bool is_signed, u8 round)
{
	const struct vsvm_hw_format *f = vsvm_hw_format(to);
	bool sign = is_signed && (s64)value < 0;
	unsigned int shift;

	if (sign)
		value = -value;
	if (!value)
		return 0;
	shift = 64 - fls64(value);
	return vsvm_hw_soft_pack(f, sign, 63 - shift, value << shift, false, round);
}

static u64 to_integer(u8 to, const struct vsvm_hw_soft *x, u8 round)
{
	const unsigned int width = 8 << (to & 3);
	const bool is_signed = to >= VSVM_TYPE_S8;
	u64 limit = U64_MAX >> (64 - width);
	u64 value = 0;

	if (is_signed)
		limit = (limit >> 1) + x->sign;
	else if (x->sign)
		limit = 0;

	if (x->class == VSVM_HW_SOFT_NAN || x->class == VSVM_HW_SOFT_ZERO)
		return 0;
	if (x->class == VSVM_HW_SOFT_INF || x->exp > 63)
		value = limit;
	else
		value = min(limit, vsvm_hw_soft_round(x->mant, 63 - x->exp, x->sign, false,
						      round));
	return x->sign ? -value : value;
}

/**
 * vsvm_hw_soft_convert() - CVT, where one of the types is floating point
 * @to: &enum vsvm_type
 * @from: &enum vsvm_type
 * @round: &enum vsvm_round
 * @a: value; if an integer, extended as @from says
 *
 * Return: the converted value; bits beyond @to are anything.
 */
u64 vsvm_hw_soft_convert(u8 to, u8 from, u8 round, u64 a)
{
	const struct vsvm_hw_format *f;
	struct vsvm_hw_soft x;

	if (from < VSVM_TYPE_F16)
		return from_integer(to, a, from >= VSVM_TYPE_S8, round);

	vsvm_hw_soft_unpack(vsvm_hw_format(from), a, &x);
	if (to < VSVM_TYPE_F16)
		return to_integer(to, &x, round);

	f = vsvm_hw_format(to);
	switch (x.class) {
	case VSVM_HW_SOFT_NAN:
		return f->nan;
	case VSVM_HW_SOFT_INF:
		return f->inf | (x.sign ? f->sign : 0);
	case VSVM_HW_SOFT_ZERO:
		return x.sign ? f->sign : 0;
	default:
		return vsvm_hw_soft_pack(f, x.sign, x.exp, x.mant, false, round);
	}
}
