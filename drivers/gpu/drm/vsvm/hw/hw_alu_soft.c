// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Arithmetic on the bits of numbers
 *
 * Floating point operations that need no unit for it: those that compare or only change a few bits,
 * conversions, and the fused multiplication and addition of doubles. As DOC: Arithmetic otherwise.
 * Pure.
 */

#include <linux/array_size.h>
#include <linux/minmax.h>

#define VSVM_HW_LANE_BY_LANE
#include "hw_lanes.h"
#include "hw_soft.h"

static __always_inline const struct vsvm_hw_format *format(unsigned int width)
{
	return &vsvm_hw_formats[width / 32];
}

static __always_inline u64 fneg(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a ^ format(width)->sign;
}

static __always_inline u64 absolute(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a & (format(width)->sign - 1);
}

static __always_inline u64 least(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return vsvm_hw_soft_lesser(format(width), a, b, false);
}

static __always_inline u64 most(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return vsvm_hw_soft_lesser(format(width), a, b, true);
}

static __always_inline u64 one(unsigned int width)
{
	return (u64)format(width)->bias << format(width)->fraction;
}

static __always_inline u64 sign(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	const struct vsvm_hw_format *f = format(width);

	if (vsvm_hw_is_nan(f, a))
		return 0;
	return a & (f->sign - 1) ? (a & f->sign) | one(width) : a;
}

static __always_inline u64 saturate(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	if (a & format(width)->sign || vsvm_hw_is_nan(format(width), a))
		return 0;
	return min(a, one(width));
}

static __always_inline u64 load_exponent(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	const struct vsvm_hw_format *f = format(width);
	struct vsvm_hw_soft x;

	vsvm_hw_soft_unpack(f, a, &x);
	if (x.class == VSVM_HW_SOFT_NAN)
		return f->nan;
	if (x.class != VSVM_HW_SOFT_FINITE)
		return a;
	/* Beyond this all are infinite, or zero, and the sum does not overflow. */
	return vsvm_hw_soft_pack(f, x.sign, x.exp + clamp((s32)b, -10000, 10000), x.mant, false,
				 VSVM_ROUND_EVEN);
}

static __always_inline u64 exponent(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	struct vsvm_hw_soft x;

	vsvm_hw_soft_unpack(format(width), a, &x);
	return x.class == VSVM_HW_SOFT_FINITE ? x.exp + 1 : 0;
}

static __always_inline u64 fraction(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	const struct vsvm_hw_format *f = format(width);
	struct vsvm_hw_soft x;

	vsvm_hw_soft_unpack(f, a, &x);
	if (x.class == VSVM_HW_SOFT_NAN)
		return f->nan;
	if (x.class != VSVM_HW_SOFT_FINITE)
		return a;
	return vsvm_hw_soft_pack(f, x.sign, -1, x.mant, false, VSVM_ROUND_EVEN);
}

static __always_inline bool unordered(u64 a, u64 b, unsigned int width)
{
	return vsvm_hw_is_nan(format(width), a) || vsvm_hw_is_nan(format(width), b);
}

/* For numbers, not NaNs; both zeros are equal. */
static __always_inline bool equal(u64 a, u64 b, unsigned int width)
{
	return a == b || !((a | b) & (format(width)->sign - 1));
}

static __always_inline bool less(u64 a, u64 b, unsigned int width)
{
	return vsvm_hw_soft_key(format(width), a) < vsvm_hw_soft_key(format(width), b) &&
	       !equal(a, b, width);
}

static __always_inline u64 truth(bool value)
{
	return value ? U32_MAX : 0;
}

/* What a condition is where none of the two is NaN, and what it is where one is. */
static __always_inline u64 either(bool ordered, bool otherwise, u64 a, u64 b, unsigned int width)
{
	return truth(unordered(a, b, width) ? otherwise : ordered);
}

static __always_inline u64 eq(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return either(equal(a, b, width), false, a, b, width);
}

static __always_inline u64 ne(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return either(!equal(a, b, width), true, a, b, width);
}

static __always_inline u64 lt(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return either(less(a, b, width), false, a, b, width);
}

static __always_inline u64 le(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return either(!less(b, a, width), false, a, b, width);
}

static __always_inline u64 gt(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return either(less(b, a, width), false, a, b, width);
}

static __always_inline u64 ge(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return either(!less(a, b, width), false, a, b, width);
}

static __always_inline u64 equ(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return either(equal(a, b, width), true, a, b, width);
}

static __always_inline u64 neo(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return either(!equal(a, b, width), false, a, b, width);
}

static __always_inline u64 ltu(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return either(less(a, b, width), true, a, b, width);
}

static __always_inline u64 leu(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return either(!less(b, a, width), true, a, b, width);
}

static __always_inline u64 gtu(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return either(less(b, a, width), true, a, b, width);
}

static __always_inline u64 geu(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return either(!less(a, b, width), true, a, b, width);
}

static __always_inline u64 ord(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return either(true, false, a, b, width);
}

static __always_inline u64 unord(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return either(false, true, a, b, width);
}

static __always_inline void any_float(u8 type, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
				      u32 on, element_fn element, enum shape shape)
{
	switch (type) {
	case VSVM_TYPE_F16:
		return lanes(dst, a, b, c, on, element, shape, 16, false);
	case VSVM_TYPE_F32:
		return lanes(dst, a, b, c, on, element, shape, 32, false);
	case VSVM_TYPE_F64:
		return lanes(dst, a, b, c, on, element, shape, 64, false);
	}
}

ALU(alu_fneg, any_float, fneg, UNARY)
ALU(alu_fabs, any_float, absolute, UNARY)
ALU(alu_fmin, any_float, least, BINARY)
ALU(alu_fmax, any_float, most, BINARY)
ALU(alu_fsign, any_float, sign, UNARY)
ALU(alu_fsat, any_float, saturate, UNARY)
ALU(alu_fldexp, any_float, load_exponent, SHIFT)
ALU(alu_frexp_exp, any_float, exponent, INDEX)
ALU(alu_frexp_sig, any_float, fraction, UNARY)
ALU(alu_eq, any_float, eq, COMPARE)
ALU(alu_ne, any_float, ne, COMPARE)
ALU(alu_lt, any_float, lt, COMPARE)
ALU(alu_le, any_float, le, COMPARE)
ALU(alu_gt, any_float, gt, COMPARE)
ALU(alu_ge, any_float, ge, COMPARE)
ALU(alu_equ, any_float, equ, COMPARE)
ALU(alu_neo, any_float, neo, COMPARE)
ALU(alu_ltu, any_float, ltu, COMPARE)
ALU(alu_leu, any_float, leu, COMPARE)
ALU(alu_gtu, any_float, gtu, COMPARE)
ALU(alu_geu, any_float, geu, COMPARE)
ALU(alu_ord, any_float, ord, COMPARE)
ALU(alu_unord, any_float, unord, COMPARE)

static u64 fma_element(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return vsvm_hw_soft_fma(VSVM_TYPE_F64, a, b, c);
}

static void alu_fma64(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c, u32 on)
{
	lanes(dst, a, b, c, on, fma_element, TERNARY, 64, false);
}

static void alu_convert(u8 type, u8 mod, u32 *dst, const u32 *a, const u32 *b, const u32 *c,
			u32 on)
{
	const u8 from = mod & 15, round = mod >> 4;
	const unsigned int from_width = 8 * vsvm_hw_type_size(from);
	const bool is_signed = from >= VSVM_TYPE_S8 && from <= VSVM_TYPE_S64;
	unsigned int lane;
	u64 value;

	for (; on; on &= on - 1) {
		lane = __ffs(on);
		value = get(a, lane, from_width, is_signed);
		put(dst, lane, 8 * vsvm_hw_type_size(type),
		    vsvm_hw_soft_convert(type, from, round, value));
	}
}

static const vsvm_hw_alu_fn comparisons[] = {
	[VSVM_COND_EQ] = alu_eq,
	[VSVM_COND_NE] = alu_ne,
	[VSVM_COND_LT] = alu_lt,
	[VSVM_COND_LE] = alu_le,
	[VSVM_COND_GT] = alu_gt,
	[VSVM_COND_GE] = alu_ge,
	[VSVM_COND_EQU] = alu_equ,
	[VSVM_COND_NEO] = alu_neo,
	[VSVM_COND_LTU] = alu_ltu,
	[VSVM_COND_LEU] = alu_leu,
	[VSVM_COND_GTU] = alu_gtu,
	[VSVM_COND_GEU] = alu_geu,
	[VSVM_COND_ORD] = alu_ord,
	[VSVM_COND_UNORD] = alu_unord,
};

/**
 * vsvm_hw_soft_find() - the function that does an instruction on floating point by integers
 * @op: opcode
 * @type: &enum vsvm_type
 * @mod: modifier
 *
 * Return: the function, or NULL.
 */
vsvm_hw_alu_fn vsvm_hw_soft_find(u8 op, u8 type, u8 mod)
{
	switch (op) {
	case VSVM_OP_CVT:
		return alu_convert;
	case VSVM_OP_FCMP:
		return mod < ARRAY_SIZE(comparisons) ? comparisons[mod] : NULL;
	case VSVM_OP_FFMA:
		return type == VSVM_TYPE_F64 ? alu_fma64 : NULL;
	case VSVM_OP_FNEG:
		return alu_fneg;
	case VSVM_OP_FABS:
		return alu_fabs;
	case VSVM_OP_FMIN:
		return alu_fmin;
	case VSVM_OP_FMAX:
		return alu_fmax;
	case VSVM_OP_FSIGN:
		return alu_fsign;
	case VSVM_OP_FSAT:
		return alu_fsat;
	case VSVM_OP_FLDEXP:
		return alu_fldexp;
	case VSVM_OP_FREXP_EXP:
		return alu_frexp_exp;
	case VSVM_OP_FREXP_SIG:
		return alu_frexp_sig;
	default:
		return NULL;
	}
}
