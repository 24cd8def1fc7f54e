/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * How an operation on integers becomes one on all lanes of a wave, see DOC: Arithmetic.
 */
#ifndef _VSVM_HW_LANES_H_
#define _VSVM_HW_LANES_H_

#include <linux/bitops.h>
#include <linux/compiler.h>

#include "hw_isa.h"

/* Of all operands, extended; width in bits and sign are those of the instruction's type. */
typedef u64 (*element_fn)(u64 a, u64 b, u64 c, unsigned int width, bool is_signed);

/* What the operands are: of the type, or 32 bits. */
enum shape {
	/* type = f(type) */
	UNARY,
	/* type = f(type, type) */
	BINARY,
	/* type = f(type, type, type) */
	TERNARY,
	/* type = f(type, 32) */
	SHIFT,
	/* type = f(type, 32, 32) */
	EXTRACT,
	/* type = f(32, type, type) */
	SELECT,
	/* 32 = f(type) */
	INDEX,
	/* 32 = f(type, type) */
	COMPARE,
	/* twice as wide = f(type, type) */
	WIDEN,
};

static __always_inline u64 get(const u32 *row, unsigned int lane, unsigned int width,
			       bool is_signed)
{
	switch (width) {
	case 8:
		return is_signed ? (u64)(s8)row[lane] : (u8)row[lane];
	case 16:
		return is_signed ? (u64)(s16)row[lane] : (u16)row[lane];
	case 32:
		return is_signed ? (u64)(s32)row[lane] : row[lane];
	default:
		return row[lane] | (u64)row[VSVM_WAVE_LANES + lane] << 32;
	}
}

static __always_inline void put(u32 *row, unsigned int lane, unsigned int width, u64 value)
{
	switch (width) {
	case 8:
		row[lane] = (u8)value;
		break;
	case 16:
		row[lane] = (u16)value;
		break;
	case 64:
		row[VSVM_WAVE_LANES + lane] = value >> 32;
		fallthrough;
	default:
		row[lane] = value;
	}
}

static __always_inline void one_lane(u32 *dst, const u32 *a, const u32 *b, const u32 *c,
				     unsigned int lane, element_fn element, enum shape shape,
				     unsigned int width, bool is_signed)
{
	const bool has_b = shape != UNARY && shape != INDEX;
	const bool has_c = shape == TERNARY || shape == EXTRACT || shape == SELECT;
	const unsigned int dst_width = shape == INDEX || shape == COMPARE ? 32 :
				       shape == WIDEN ? 2 * width : width;
	const unsigned int a_width = shape == SELECT ? 32 : width;
	const unsigned int bc_width = shape == SHIFT || shape == EXTRACT ? 32 : width;
	u64 x, y = 0, z = 0;

	x = get(a, lane, a_width, is_signed);
	if (has_b)
		y = get(b, lane, bc_width, is_signed);
	if (has_c)
		z = get(c, lane, bc_width, is_signed);
	put(dst, lane, dst_width, element(x, y, z, width, is_signed));
}

/*
 * A lane has no part in what another one does, so they may be done several at a time, wherever the
 * result is: over an operand, or half over it. The compiler is told so.
 */
static __always_inline void lanes(u32 *dst, const u32 *a, const u32 *b, const u32 *c, u32 on,
				  element_fn element, enum shape shape, unsigned int width,
				  bool is_signed)
{
	unsigned int lane;

	if (on == VSVM_HW_ALL_LANES) {
#ifdef __clang__
#pragma clang loop vectorize(assume_safety)
#else
#pragma GCC ivdep
#endif
		for (lane = 0; lane < VSVM_WAVE_LANES; lane++)
			one_lane(dst, a, b, c, lane, element, shape, width, is_signed);
		return;
	}
	for (; on; on &= on - 1)
		one_lane(dst, a, b, c, __ffs(on), element, shape, width, is_signed);
}

/* An operation for whichever type the instruction has. */
static __always_inline void any_type(u8 type, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
				     u32 on, element_fn element, enum shape shape)
{
	switch (type) {
	case VSVM_TYPE_U8:
		return lanes(dst, a, b, c, on, element, shape, 8, false);
	case VSVM_TYPE_U16:
		return lanes(dst, a, b, c, on, element, shape, 16, false);
	case VSVM_TYPE_U32:
		return lanes(dst, a, b, c, on, element, shape, 32, false);
	case VSVM_TYPE_U64:
		return lanes(dst, a, b, c, on, element, shape, 64, false);
	case VSVM_TYPE_S8:
		return lanes(dst, a, b, c, on, element, shape, 8, true);
	case VSVM_TYPE_S16:
		return lanes(dst, a, b, c, on, element, shape, 16, true);
	case VSVM_TYPE_S32:
		return lanes(dst, a, b, c, on, element, shape, 32, true);
	case VSVM_TYPE_S64:
		return lanes(dst, a, b, c, on, element, shape, 64, true);
	}
}

/* The same for operations to which the sign makes no difference. */
static __always_inline void any_size(u8 type, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
				     u32 on, element_fn element, enum shape shape)
{
	switch (vsvm_hw_type_size(type)) {
	case 1:
		return lanes(dst, a, b, c, on, element, shape, 8, false);
	case 2:
		return lanes(dst, a, b, c, on, element, shape, 16, false);
	case 4:
		return lanes(dst, a, b, c, on, element, shape, 32, false);
	case 8:
		return lanes(dst, a, b, c, on, element, shape, 64, false);
	}
}

/* The same for those whose result is twice as wide. */
static __always_inline void any_narrow(u8 type, u32 *dst, const u32 *a, const u32 *b,
				       const u32 *c, u32 on, element_fn element, enum shape shape)
{
	switch (type) {
	case VSVM_TYPE_U8:
		return lanes(dst, a, b, c, on, element, shape, 8, false);
	case VSVM_TYPE_U16:
		return lanes(dst, a, b, c, on, element, shape, 16, false);
	case VSVM_TYPE_U32:
		return lanes(dst, a, b, c, on, element, shape, 32, false);
	case VSVM_TYPE_S32:
		return lanes(dst, a, b, c, on, element, shape, 32, true);
	}
}

#define ALU(name, which, element, shape)							\
static void name(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,		\
		 u32 on)									\
{												\
	which(type, dst, a, b, c, on, element, shape);						\
}

#endif /* _VSVM_HW_LANES_H_ */
