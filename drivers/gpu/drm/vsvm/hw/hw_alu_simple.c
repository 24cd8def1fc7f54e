// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Simple arithmetic
 *
 * Operations on integers that vectors do faster than one lane after the other, where all lanes are
 * on. As DOC: Arithmetic has it, they are compiled without vectors; hw_alu_simple_vector.c is the
 * same for the vectors that every processor of the architecture has (SSE2), hw_alu_simple_avx2.c
 * for wider ones. These two are to be called in a section of the FPU, see hw_fpu.h.
 *
 * Pure, but for the registers.
 */

#include <linux/limits.h>

#include "hw_lanes.h"

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

static __always_inline u64 absdiff(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return less(a, b, is_signed) ? b - a : a - b;
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

ALU(alu_mov, any_size, mov, UNARY)
ALU(alu_sel, any_size, sel, SELECT)
ALU(alu_add, any_size, add, BINARY)
ALU(alu_sub, any_size, sub, BINARY)
ALU(alu_mul, any_size, mul, BINARY)
ALU(alu_mad, any_size, mad, TERNARY)
ALU(alu_min, any_type, least, BINARY)
ALU(alu_max, any_type, most, BINARY)
ALU(alu_neg, any_size, neg, UNARY)
ALU(alu_abs, any_type, absolute, UNARY)
ALU(alu_and, any_size, and, BINARY)
ALU(alu_or, any_size, or, BINARY)
ALU(alu_xor, any_size, xor, BINARY)
ALU(alu_not, any_size, not, UNARY)
ALU(alu_shl, any_size, shl, SHIFT)
ALU(alu_shr, any_type, shr, SHIFT)
ALU(alu_bitsel, any_size, bitsel, TERNARY)
ALU(alu_mulw, any_narrow, mul, WIDEN)
ALU(alu_absdiff, any_type, absdiff, BINARY)
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
#ifdef VSVM_HW_LANE_BY_LANE
#ifdef __clang__
#pragma clang loop vectorize(assume_safety)
#else
#pragma GCC ivdep
#endif
		for (lane = 0; lane < VSVM_WAVE_LANES; lane++)
			put(dst, lane, to, get(a, lane, from, is_signed));
#else
		u64 x, y;

		for (lane = 0; lane < VSVM_WAVE_LANES; lane += 2) {
			get_two(a, lane, from, is_signed, &x, &y);
			put_two(dst, lane, to, x, y);
		}
#endif
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
static void name(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,	\
		 u32 on)								\
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

const struct vsvm_hw_simple_fns VSVM_HW_LEVEL(vsvm_hw_simple_fns) = {
	.operations = {
		[VSVM_OP_MOV] = alu_mov,
		[VSVM_OP_SEL] = alu_sel,
		[VSVM_OP_ADD] = alu_add,
		[VSVM_OP_SUB] = alu_sub,
		[VSVM_OP_MUL] = alu_mul,
		[VSVM_OP_MAD] = alu_mad,
		[VSVM_OP_MIN] = alu_min,
		[VSVM_OP_MAX] = alu_max,
		[VSVM_OP_NEG] = alu_neg,
		[VSVM_OP_ABS] = alu_abs,
		[VSVM_OP_AND] = alu_and,
		[VSVM_OP_OR] = alu_or,
		[VSVM_OP_XOR] = alu_xor,
		[VSVM_OP_NOT] = alu_not,
		[VSVM_OP_SHL] = alu_shl,
		[VSVM_OP_SHR] = alu_shr,
		[VSVM_OP_BITSEL] = alu_bitsel,
		[VSVM_OP_MULW] = alu_mulw,
		[VSVM_OP_ABSDIFF] = alu_absdiff,
	},
	.comparisons = {
		[VSVM_COND_EQ] = alu_eq,
		[VSVM_COND_NE] = alu_ne,
		[VSVM_COND_LT] = alu_lt,
		[VSVM_COND_LE] = alu_le,
		[VSVM_COND_GT] = alu_gt,
		[VSVM_COND_GE] = alu_ge,
	},
	.conversions = {
		[VSVM_TYPE_U8] = convert_u8,
		[VSVM_TYPE_U16] = convert_u16,
		[VSVM_TYPE_U32] = convert_u32,
		[VSVM_TYPE_U64] = convert_u64,
		[VSVM_TYPE_S8] = convert_s8,
		[VSVM_TYPE_S16] = convert_s16,
		[VSVM_TYPE_S32] = convert_s32,
		/* There is nothing wider to extend to. */
		[VSVM_TYPE_S64] = convert_u64,
	},
};
