/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Floating point numbers taken apart and put together again, see DOC: Floating point by integers.
 */
#ifndef _VSVM_HW_SOFT_H_
#define _VSVM_HW_SOFT_H_

#include <linux/bitops.h>

#include "hw_isa.h"

/**
 * struct vsvm_hw_format - what the bits of a floating point type are
 */
struct vsvm_hw_format {
	/** @fraction: bits of the fraction */
	int fraction;
	/** @bias: what is added to an exponent */
	int bias;
	/** @sign: the sign bit */
	u64 sign;
	/** @inf: positive infinity, that is the exponent's bits */
	u64 inf;
	/** @nan: a quiet NaN */
	u64 nan;
};

static const struct vsvm_hw_format vsvm_hw_formats[] = {
	{ 10, 15, 1ULL << 15, 0x7c00, 0x7e00 },
	{ 23, 127, 1ULL << 31, 0x7f800000, 0x7fc00000 },
	{ 52, 1023, 1ULL << 63, 0x7ff0000000000000, 0x7ff8000000000000 },
};

/**
 * vsvm_hw_format() - the format of a type
 * @type: floating point &enum vsvm_type
 *
 * Return: its format.
 */
static __always_inline const struct vsvm_hw_format *vsvm_hw_format(u8 type)
{
	return &vsvm_hw_formats[type - VSVM_TYPE_F16];
}

/**
 * enum vsvm_hw_soft_class - kinds of numbers
 */
enum vsvm_hw_soft_class {
	/** @VSVM_HW_SOFT_ZERO: zero */
	VSVM_HW_SOFT_ZERO,
	/** @VSVM_HW_SOFT_FINITE: any other number that is finite */
	VSVM_HW_SOFT_FINITE,
	/** @VSVM_HW_SOFT_INF: infinity */
	VSVM_HW_SOFT_INF,
	/** @VSVM_HW_SOFT_NAN: none */
	VSVM_HW_SOFT_NAN,
};

/**
 * struct vsvm_hw_soft - a number, taken apart
 */
struct vsvm_hw_soft {
	/** @mant: FINITE: significand, with bit 63 set */
	u64 mant;
	/** @exp: FINITE: the number is mant * 2^(exp - 63) */
	int exp;
	/** @class: &enum vsvm_hw_soft_class */
	u8 class;
	/** @sign: negative */
	bool sign;
};

static __always_inline bool vsvm_hw_is_nan(const struct vsvm_hw_format *f, u64 a)
{
	return (a & (f->sign - 1)) > f->inf;
}

static __always_inline void vsvm_hw_soft_unpack(const struct vsvm_hw_format *f, u64 a,
						struct vsvm_hw_soft *x)
{
	u64 fraction = a & ((1ULL << f->fraction) - 1);
	u64 exp = (a & f->inf) >> f->fraction;
	unsigned int shift;

	x->sign = a & f->sign;
	x->exp = 0;
	x->mant = 0;
	if ((a & f->inf) == f->inf) {
		x->class = fraction ? VSVM_HW_SOFT_NAN : VSVM_HW_SOFT_INF;
	} else if (exp) {
		x->class = VSVM_HW_SOFT_FINITE;
		x->mant = 1ULL << 63 | fraction << (63 - f->fraction);
		x->exp = (int)exp - f->bias;
	} else if (fraction) {
		x->class = VSVM_HW_SOFT_FINITE;
		shift = 64 - fls64(fraction);
		x->mant = fraction << shift;
		x->exp = 1 - f->bias + 63 - f->fraction - (int)shift;
	} else {
		x->class = VSVM_HW_SOFT_ZERO;
	}
}

/* Leave out the last @count bits, 0 or more, and round; @sticky: there were others beyond them. */
static __always_inline u64 vsvm_hw_soft_round(u64 mant, unsigned int count, bool sign, bool sticky,
					      u8 round)
{
	u64 kept = count < 64 ? mant >> count : 0;
	u64 lost = !count ? 0 : count < 64 ? mant << (64 - count) : count == 64 ? mant : 0;
	bool half = lost >> 63;

	sticky |= !!(lost << 1) || (count > 64 && mant);
	switch (round) {
	case VSVM_ROUND_EVEN:
		return kept + (half && (sticky || kept & 1));
	case VSVM_ROUND_UP:
		return kept + ((half || sticky) && !sign);
	case VSVM_ROUND_DOWN:
		return kept + ((half || sticky) && sign);
	default:
		return kept;
	}
}

/* The number mant * 2^(exp - 63), and a little more if @sticky, rounded to the format. */
static __always_inline u64 vsvm_hw_soft_pack(const struct vsvm_hw_format *f, bool sign, int exp,
					     u64 mant, bool sticky, u8 round)
{
	const int least = 1 - f->bias;
	int count = 63 - f->fraction;
	u64 value;

	/* A denormal has fewer bits. */
	if (exp < least) {
		count += least - exp;
		exp = least;
	}
	value = vsvm_hw_soft_round(mant, count, sign, sticky, round);
	/* The significand's highest bit is not stored, but it adds 1 to the exponent's field. */
	if (exp - least + (int)(value >> f->fraction) >= (int)(f->inf >> f->fraction)) {
		value = f->inf;
		if (round == VSVM_ROUND_ZERO || round == (sign ? VSVM_ROUND_UP : VSVM_ROUND_DOWN))
			value--;
	} else {
		value += (u64)(exp - least) << f->fraction;
	}
	return value | (sign ? f->sign : 0);
}

/* A number as one that is ordered as an unsigned integer, -0 below +0. */
static __always_inline u64 vsvm_hw_soft_key(const struct vsvm_hw_format *f, u64 a)
{
	a &= f->sign | (f->sign - 1);
	return a & f->sign ? ~a & (f->sign - 1) : a | f->sign;
}

static __always_inline u64 vsvm_hw_soft_lesser(const struct vsvm_hw_format *f, u64 a, u64 b,
					       bool max)
{
	bool less = vsvm_hw_soft_key(f, a) < vsvm_hw_soft_key(f, b);

	if (vsvm_hw_is_nan(f, a))
		return vsvm_hw_is_nan(f, b) ? f->nan : b;
	if (vsvm_hw_is_nan(f, b))
		return a;
	return less != max ? a : b;
}

#endif /* _VSVM_HW_SOFT_H_ */
