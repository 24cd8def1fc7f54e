/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Operations on one lane, as DOC: Arithmetic has them, that vectors can do as well.
 */
#ifndef _VSVM_HW_ELEMENTS_H_
#define _VSVM_HW_ELEMENTS_H_

#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/types.h>

static __always_inline u64 mov(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a;
}

static __always_inline u64 sel(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a ? b : c;
}

static __always_inline u64 add(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a + b;
}

static __always_inline u64 sub(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a - b;
}

static __always_inline u64 mul(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a * b;
}

static __always_inline u64 mad(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a * b + c;
}

static __always_inline bool less(u64 a, u64 b, bool is_signed)
{
	return is_signed ? (s64)a < (s64)b : a < b;
}

static __always_inline u64 least(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return less(b, a, is_signed) ? b : a;
}

static __always_inline u64 most(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return less(a, b, is_signed) ? b : a;
}

static __always_inline u64 neg(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return -a;
}

static __always_inline u64 absolute(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return (s64)a < 0 ? -a : a;
}

static __always_inline u64 truth(bool value)
{
	return value ? U32_MAX : 0;
}

static __always_inline u64 eq(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return truth(a == b);
}

static __always_inline u64 ne(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return truth(a != b);
}

static __always_inline u64 lt(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return truth(less(a, b, is_signed));
}

static __always_inline u64 le(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return truth(!less(b, a, is_signed));
}

static __always_inline u64 gt(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return truth(less(b, a, is_signed));
}

static __always_inline u64 ge(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return truth(!less(a, b, is_signed));
}

static __always_inline u64 and(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a & b;
}

static __always_inline u64 or(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a | b;
}

static __always_inline u64 xor(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a ^ b;
}

static __always_inline u64 not(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return ~a;
}

static __always_inline u64 shl(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a << (b & (width - 1));
}

static __always_inline u64 shr(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	b &= width - 1;
	return is_signed ? (u64)((s64)a >> b) : a >> b;
}

static __always_inline u64 bitsel(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return (a & b) | (~a & c);
}

#endif /* _VSVM_HW_ELEMENTS_H_ */
