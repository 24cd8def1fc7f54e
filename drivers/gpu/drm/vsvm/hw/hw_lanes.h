/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * How an operation on integers becomes one on all lanes of a wave, see DOC: Arithmetic.
 */
#ifndef _VSVM_HW_LANES_H_
#define _VSVM_HW_LANES_H_

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/limits.h>

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

static __always_inline u64 extend(u32 value, unsigned int width, bool is_signed)
{
	switch (width) {
	case 8:
		return is_signed ? (u64)(s8)value : (u8)value;
	case 16:
		return is_signed ? (u64)(s16)value : (u16)value;
	default:
		return is_signed ? (u64)(s32)value : value;
	}
}

static __always_inline u32 narrow(u64 value, unsigned int width)
{
	switch (width) {
	case 8:
		return (u8)value;
	case 16:
		return (u16)value;
	default:
		return value;
	}
}

static __always_inline u64 get(const u32 *row, unsigned int lane, unsigned int width,
			       bool is_signed)
{
	if (width == 64)
		return row[lane] | (u64)row[VSVM_WAVE_LANES + lane] << 32;
	return extend(row[lane], width, is_signed);
}

static __always_inline void put(u32 *row, unsigned int lane, unsigned int width, u64 value)
{
	row[lane] = narrow(value, width);
	if (width == 64)
		row[VSVM_WAVE_LANES + lane] = value >> 32;
}

/* The same for @lane, which is even, and the next one: @x and @y. */
static __always_inline void get_two(const u32 *row, unsigned int lane, unsigned int width,
				    bool is_signed, u64 *x, u64 *y)
{
	const u64 low = *(const u64 *)(row + lane);
	u64 high;

	if (width == 64) {
		high = *(const u64 *)(row + VSVM_WAVE_LANES + lane);
		*x = (u32)low | high << 32;
		*y = low >> 32 | (high & ~(u64)U32_MAX);
		return;
	}
	*x = extend(low, width, is_signed);
	*y = extend(low >> 32, width, is_signed);
}

static __always_inline void put_two(u32 *row, unsigned int lane, unsigned int width, u64 x, u64 y)
{
	*(u64 *)(row + lane) = narrow(x, width) | (u64)narrow(y, width) << 32;
	if (width == 64)
		*(u64 *)(row + VSVM_WAVE_LANES + lane) = x >> 32 | (y & ~(u64)U32_MAX);
}

/* Widths of the result, the first source, and the others. */
static __always_inline unsigned int dst_width(enum shape shape, unsigned int width)
{
	return shape == INDEX || shape == COMPARE ? 32 : shape == WIDEN ? 2 * width : width;
}

static __always_inline unsigned int a_width(enum shape shape, unsigned int width)
{
	return shape == SELECT ? 32 : width;
}

static __always_inline unsigned int bc_width(enum shape shape, unsigned int width)
{
	return shape == SHIFT || shape == EXTRACT ? 32 : width;
}

static __always_inline bool has_b(enum shape shape)
{
	return shape != UNARY && shape != INDEX;
}

static __always_inline bool has_c(enum shape shape)
{
	return shape == TERNARY || shape == EXTRACT || shape == SELECT;
}

static __always_inline void one_lane(u32 *dst, const u32 *a, const u32 *b, const u32 *c,
				     unsigned int lane, element_fn element, enum shape shape,
				     unsigned int width, bool is_signed)
{
	u64 x, y = 0, z = 0;

	x = get(a, lane, a_width(shape, width), is_signed);
	if (has_b(shape))
		y = get(b, lane, bc_width(shape, width), is_signed);
	if (has_c(shape))
		z = get(c, lane, bc_width(shape, width), is_signed);
	put(dst, lane, dst_width(shape, width), element(x, y, z, width, is_signed));
}

static __always_inline void two_lanes(u32 *dst, const u32 *a, const u32 *b, const u32 *c,
				      unsigned int lane, element_fn element, enum shape shape,
				      unsigned int width, bool is_signed)
{
	u64 x[2], y[2] = {}, z[2] = {};

	get_two(a, lane, a_width(shape, width), is_signed, &x[0], &x[1]);
	if (has_b(shape))
		get_two(b, lane, bc_width(shape, width), is_signed, &y[0], &y[1]);
	if (has_c(shape))
		get_two(c, lane, bc_width(shape, width), is_signed, &z[0], &z[1]);
	put_two(dst, lane, dst_width(shape, width), element(x[0], y[0], z[0], width, is_signed),
		element(x[1], y[1], z[1], width, is_signed));
}

/*
 * A lane has no part in what another one does, so they may be done several at a time, wherever the
 * result is: over an operand, or half over it. Two lanes share each access to memory, of which
 * there are more than there is arithmetic; where that is not so, or the compiler is to use vectors,
 * a file says VSVM_HW_LANE_BY_LANE.
 */
static __always_inline void lanes(u32 *dst, const u32 *a, const u32 *b, const u32 *c, u32 on,
				  element_fn element, enum shape shape, unsigned int width,
				  bool is_signed)
{
	unsigned int lane;

	if (on == VSVM_HW_ALL_LANES) {
#ifdef VSVM_HW_LANE_BY_LANE
#ifdef __clang__
#pragma clang loop vectorize(assume_safety)
#else
#pragma GCC ivdep
#endif
		for (lane = 0; lane < VSVM_WAVE_LANES; lane++)
			one_lane(dst, a, b, c, lane, element, shape, width, is_signed);
#else
		for (lane = 0; lane < VSVM_WAVE_LANES; lane += 2)
			two_lanes(dst, a, b, c, lane, element, shape, width, is_signed);
#endif
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
