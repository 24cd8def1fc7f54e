// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Arithmetic
 *
 * An operation is written once, on 64-bit values that have been extended as their type says, with
 * the type's width as a constant. lanes() makes of it a function that does it for a type and for
 * all lanes of a wave: operands are rows of 32 words, so that the loop over the lanes has unit
 * stride and nothing in it depends on another lane. Being inlined with constants, the 64-bit
 * values shrink to what the type needs.
 *
 * There are two loops: over all lanes, which is the common case and the one that a compiler can
 * turn into vector instructions, and over the lanes that are on.
 *
 * This is pure: no locks, no state. No vector or floating point register of the kernel is used.
 */

#include <linux/array_size.h>
#include <linux/bitops.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "hw_internal.h"

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
	const unsigned int dst_width = shape == INDEX || shape == COMPARE ? 32 : width;
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

static __always_inline void lanes(u32 *dst, const u32 *a, const u32 *b, const u32 *c, u32 on,
				  element_fn element, enum shape shape, unsigned int width,
				  bool is_signed)
{
	unsigned int lane;

	if (on == VSVM_HW_ALL_LANES) {
		for (lane = 0; lane < VSVM_WAVE_LANES; lane++)
			one_lane(dst, a, b, c, lane, element, shape, width, is_signed);
		return;
	}
	for (; on; on &= on - 1)
		one_lane(dst, a, b, c, __ffs(on), element, shape, width, is_signed);
}

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

static __always_inline u64 mulhi(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	u64 high;

	if (width < 64)
		return (a * b) >> width;
	high = mul_u64_u64_shr(a, b, 64);
	/* -2^64 for each negative factor is what taking it for unsigned added to it. */
	if (is_signed && (s64)a < 0)
		high -= b;
	if (is_signed && (s64)b < 0)
		high -= a;
	return high;
}

static __always_inline u64 mad(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a * b + c;
}

static __always_inline u64 quotient(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	if (!b)
		return 0;
	if (!is_signed)
		return a / b;
	/* The CPU traps on the least value / -1. */
	if (b == ~0ULL)
		return -a;
	return (s64)a / (s64)b;
}

static __always_inline u64 rem(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	if (!b)
		return 0;
	if (!is_signed)
		return a % b;
	if (b == ~0ULL)
		return 0;
	return (s64)a % (s64)b;
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

/* A value of up to 33 bits, clamped to a type of up to 32. */
static __always_inline u64 clamp_to(s64 value, unsigned int width, bool is_signed)
{
	const s64 low = is_signed ? -(1LL << (width - 1)) : 0;
	const s64 high = (1LL << (width - is_signed)) - 1;

	return clamp(value, low, high);
}

static __always_inline u64 addsat(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	u64 sum = a + b;

	if (width < 64)
		return clamp_to(sum, width, is_signed);
	if (!is_signed)
		return sum < a ? U64_MAX : sum;
	/* Overflow: both have the sign that the sum has not. */
	if ((s64)((a ^ sum) & (b ^ sum)) < 0)
		return (s64)a < 0 ? S64_MIN : S64_MAX;
	return sum;
}

static __always_inline u64 subsat(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	u64 difference = a - b;

	if (width < 64)
		return clamp_to(difference, width, is_signed);
	if (!is_signed)
		return a < b ? 0 : difference;
	/* Overflow: the signs differ, and the difference has not that of a. */
	if ((s64)((a ^ b) & (a ^ difference)) < 0)
		return (s64)a < 0 ? S64_MIN : S64_MAX;
	return difference;
}

static __always_inline u64 half(u64 a, bool is_signed)
{
	return is_signed ? (u64)((s64)a >> 1) : a >> 1;
}

static __always_inline u64 hadd(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return (a & b) + half(a ^ b, is_signed);
}

static __always_inline u64 rhadd(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return (a | b) - half(a ^ b, is_signed);
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

static __always_inline u64 rol(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	b &= width - 1;
	/* By 0, it is a | a for the full width, a | 0 for the others. */
	return a << b | a >> ((width - b) & 63);
}

static __always_inline u64 ror(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	b &= width - 1;
	return a >> b | a << ((width - b) & 63);
}

static __always_inline u64 popcnt(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return hweight64(a);
}

static __always_inline u64 clz(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return width - fls64(a);
}

static __always_inline u64 find_lsb(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return fls64(a & -a) - 1;
}

static __always_inline u64 find_msb(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return fls64(is_signed && (s64)a < 0 ? ~a : a) - 1;
}

static __always_inline u64 swap_bits(u64 a, u64 mask, unsigned int distance)
{
	return (a & mask) << distance | (a >> distance & mask);
}

static __always_inline u64 bitrev(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	a = swap_bits(a, 0x5555555555555555, 1);
	a = swap_bits(a, 0x3333333333333333, 2);
	a = swap_bits(a, 0x0f0f0f0f0f0f0f0f, 4);
	a = swap_bits(a, 0x00ff00ff00ff00ff, 8);
	a = swap_bits(a, 0x0000ffff0000ffff, 16);
	a = swap_bits(a, 0x00000000ffffffff, 32);
	return a >> (64 - width);
}

static __always_inline u64 bfe(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	unsigned int offset = b & 31;
	unsigned int count = c & 31;
	u32 field = a;

	if (!count)
		return 0;
	if (offset + count < 32) {
		field <<= 32 - offset - count;
		offset = 32 - count;
	}
	return is_signed ? (u32)((s32)field >> offset) : field >> offset;
}

static __always_inline u64 bfm(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return ((1U << (a & 31)) - 1) << (b & 31);
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

#define ALU(name, which, element, shape)							\
static void name(u8 type, u32 *dst, const u32 *a, const u32 *b, const u32 *c, u32 on)	\
{												\
	which(type, dst, a, b, c, on, element, shape);						\
}

ALU(alu_mov, any_size, mov, UNARY)
ALU(alu_sel, any_size, sel, SELECT)
ALU(alu_add, any_size, add, BINARY)
ALU(alu_sub, any_size, sub, BINARY)
ALU(alu_mul, any_size, mul, BINARY)
ALU(alu_mulhi, any_type, mulhi, BINARY)
ALU(alu_mad, any_size, mad, TERNARY)
ALU(alu_div, any_type, quotient, BINARY)
ALU(alu_rem, any_type, rem, BINARY)
ALU(alu_min, any_type, least, BINARY)
ALU(alu_max, any_type, most, BINARY)
ALU(alu_neg, any_size, neg, UNARY)
ALU(alu_abs, any_type, absolute, UNARY)
ALU(alu_addsat, any_type, addsat, BINARY)
ALU(alu_subsat, any_type, subsat, BINARY)
ALU(alu_hadd, any_type, hadd, BINARY)
ALU(alu_rhadd, any_type, rhadd, BINARY)
ALU(alu_and, any_size, and, BINARY)
ALU(alu_or, any_size, or, BINARY)
ALU(alu_xor, any_size, xor, BINARY)
ALU(alu_not, any_size, not, UNARY)
ALU(alu_shl, any_size, shl, SHIFT)
ALU(alu_shr, any_type, shr, SHIFT)
ALU(alu_rol, any_size, rol, SHIFT)
ALU(alu_ror, any_size, ror, SHIFT)
ALU(alu_popcnt, any_size, popcnt, INDEX)
ALU(alu_clz, any_size, clz, INDEX)
ALU(alu_find_lsb, any_size, find_lsb, INDEX)
ALU(alu_find_msb, any_type, find_msb, INDEX)
ALU(alu_bitrev, any_size, bitrev, UNARY)
ALU(alu_bfe, any_type, bfe, EXTRACT)
ALU(alu_bfm, any_size, bfm, BINARY)
ALU(alu_eq, any_size, eq, COMPARE)
ALU(alu_ne, any_size, ne, COMPARE)
ALU(alu_lt, any_type, lt, COMPARE)
ALU(alu_le, any_type, le, COMPARE)
ALU(alu_gt, any_type, gt, COMPARE)
ALU(alu_ge, any_type, ge, COMPARE)

/* From one width to another, extended by the sign of the source's type. */
static __always_inline void convert_lanes(u32 *dst, const u32 *a, u32 on, unsigned int to,
					  unsigned int from, bool is_signed)
{
	unsigned int lane;

	if (on == VSVM_HW_ALL_LANES) {
		for (lane = 0; lane < VSVM_WAVE_LANES; lane++)
			put(dst, lane, to, get(a, lane, from, is_signed));
		return;
	}
	for (; on; on &= on - 1) {
		lane = __ffs(on);
		put(dst, lane, to, get(a, lane, from, is_signed));
	}
}

static __always_inline void convert(u8 type, u32 *dst, const u32 *a, u32 on, unsigned int from,
				    bool is_signed)
{
	switch (vsvm_hw_type_size(type)) {
	case 1:
		return convert_lanes(dst, a, on, 8, from, is_signed);
	case 2:
		return convert_lanes(dst, a, on, 16, from, is_signed);
	case 4:
		return convert_lanes(dst, a, on, 32, from, is_signed);
	case 8:
		return convert_lanes(dst, a, on, 64, from, is_signed);
	}
}

#define CONVERT(name, from, is_signed)							\
static void name(u8 type, u32 *dst, const u32 *a, const u32 *b, const u32 *c, u32 on)	\
{											\
	convert(type, dst, a, on, from, is_signed);					\
}

CONVERT(convert_u8, 8, false)
CONVERT(convert_u16, 16, false)
CONVERT(convert_u32, 32, false)
CONVERT(convert_u64, 64, false)
CONVERT(convert_s8, 8, true)
CONVERT(convert_s16, 16, true)
CONVERT(convert_s32, 32, true)

static const vsvm_hw_alu_fn conversions[] = {
	[VSVM_TYPE_U8] = convert_u8,
	[VSVM_TYPE_U16] = convert_u16,
	[VSVM_TYPE_U32] = convert_u32,
	[VSVM_TYPE_U64] = convert_u64,
	[VSVM_TYPE_S8] = convert_s8,
	[VSVM_TYPE_S16] = convert_s16,
	[VSVM_TYPE_S32] = convert_s32,
	/* There is nothing wider to extend to. */
	[VSVM_TYPE_S64] = convert_u64,
};

static const vsvm_hw_alu_fn comparisons[] = {
	[VSVM_COND_EQ] = alu_eq,
	[VSVM_COND_NE] = alu_ne,
	[VSVM_COND_LT] = alu_lt,
	[VSVM_COND_LE] = alu_le,
	[VSVM_COND_GT] = alu_gt,
	[VSVM_COND_GE] = alu_ge,
};

static const vsvm_hw_alu_fn operations[] = {
	[VSVM_OP_MOV] = alu_mov,
	[VSVM_OP_SEL] = alu_sel,
	[VSVM_OP_ADD] = alu_add,
	[VSVM_OP_SUB] = alu_sub,
	[VSVM_OP_MUL] = alu_mul,
	[VSVM_OP_MULHI] = alu_mulhi,
	[VSVM_OP_MAD] = alu_mad,
	[VSVM_OP_DIV] = alu_div,
	[VSVM_OP_REM] = alu_rem,
	[VSVM_OP_MIN] = alu_min,
	[VSVM_OP_MAX] = alu_max,
	[VSVM_OP_NEG] = alu_neg,
	[VSVM_OP_ABS] = alu_abs,
	[VSVM_OP_ADDSAT] = alu_addsat,
	[VSVM_OP_SUBSAT] = alu_subsat,
	[VSVM_OP_HADD] = alu_hadd,
	[VSVM_OP_RHADD] = alu_rhadd,
	[VSVM_OP_AND] = alu_and,
	[VSVM_OP_OR] = alu_or,
	[VSVM_OP_XOR] = alu_xor,
	[VSVM_OP_NOT] = alu_not,
	[VSVM_OP_SHL] = alu_shl,
	[VSVM_OP_SHR] = alu_shr,
	[VSVM_OP_ROL] = alu_rol,
	[VSVM_OP_ROR] = alu_ror,
	[VSVM_OP_POPCNT] = alu_popcnt,
	[VSVM_OP_CLZ] = alu_clz,
	[VSVM_OP_FIND_LSB] = alu_find_lsb,
	[VSVM_OP_FIND_MSB] = alu_find_msb,
	[VSVM_OP_BITREV] = alu_bitrev,
	[VSVM_OP_BFE] = alu_bfe,
	[VSVM_OP_BFM] = alu_bfm,
};

/**
 * vsvm_hw_alu_find() - the function that does an instruction
 * @op: an opcode of the moves, arithmetic, logic or comparison, but not SREG
 * @mod: condition of CMP, source type of CVT
 *
 * Whether @op goes with the type is for hw_program.c to know.
 *
 * Return: the function, or NULL.
 */
vsvm_hw_alu_fn vsvm_hw_alu_find(u8 op, u8 mod)
{
	switch (op) {
	case VSVM_OP_CMP:
		return mod < ARRAY_SIZE(comparisons) ? comparisons[mod] : NULL;
	case VSVM_OP_CVT:
		return mod < ARRAY_SIZE(conversions) ? conversions[mod] : NULL;
	default:
		return op < ARRAY_SIZE(operations) ? operations[op] : NULL;
	}
}
