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
 * There are two loops: over all lanes, which is the common case, two at a time or as vectors, and
 * over the lanes that are on. What gains by vectors is in hw_alu_simple.c, which is compiled for
 * them as well.
 *
 * This is pure but for the choice of vectors: no locks, no state. No vector or floating point
 * register of the kernel is used.
 *
 * Which function does an instruction is decided when its program is read, by which vectors when the
 * module is loaded (DOC: Choice of vectors). What needs the FPU is marked, see hw_fpu.h.
 */

#include <linux/array_size.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "hw_fpu.h"
#include "hw_lanes.h"

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

static __always_inline u64 modulo(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	u64 left = rem(a, b, 0, width, is_signed);

	return left && (s64)(left ^ b) < 0 ? left + b : left;
}

static __always_inline u64 sign(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return (s64)a < 0 ? -1 : !!a;
}

static __always_inline u64 carry(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return width < 64 ? (a + b) >> width : a + b < a;
}

static __always_inline u64 borrow(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a < b;
}

ALU(alu_mulhi, any_type, mulhi, BINARY)
ALU(alu_div, any_type, quotient, BINARY)
ALU(alu_rem, any_type, rem, BINARY)
ALU(alu_addsat, any_type, addsat, BINARY)
ALU(alu_subsat, any_type, subsat, BINARY)
ALU(alu_hadd, any_type, hadd, BINARY)
ALU(alu_rhadd, any_type, rhadd, BINARY)
ALU(alu_mod, any_type, modulo, BINARY)
ALU(alu_sign, any_type, sign, UNARY)
ALU(alu_carry, any_size, carry, BINARY)
ALU(alu_borrow, any_size, borrow, BINARY)

static const vsvm_hw_alu_fn operations[] = {
	[VSVM_OP_MULHI] = alu_mulhi,
	[VSVM_OP_DIV] = alu_div,
	[VSVM_OP_REM] = alu_rem,
	[VSVM_OP_ADDSAT] = alu_addsat,
	[VSVM_OP_SUBSAT] = alu_subsat,
	[VSVM_OP_HADD] = alu_hadd,
	[VSVM_OP_RHADD] = alu_rhadd,
	[VSVM_OP_MOD] = alu_mod,
	[VSVM_OP_SIGN] = alu_sign,
	[VSVM_OP_CARRY] = alu_carry,
	[VSVM_OP_BORROW] = alu_borrow,
};

/* What is computed in sections of the FPU: all that it can of floats, and from 1 on integers. */
static const struct vectors {
	const vsvm_hw_alu_fn *floats;
	const struct vsvm_hw_conversion *conversions;
	const struct vsvm_hw_simple_fns *simple;
} levels[VSVM_HW_VECTOR_LEVELS] = {
#ifdef CONFIG_ARCH_HAS_KERNEL_FPU_SUPPORT
	{ vsvm_hw_float_fns, vsvm_hw_float_conversions, &vsvm_hw_simple_fns },
	{ vsvm_hw_float_fns, vsvm_hw_float_conversions, &vsvm_hw_simple_fns_vector },
#ifdef CONFIG_X86
	{ vsvm_hw_float_fns_avx2, vsvm_hw_float_conversions_avx2, &vsvm_hw_simple_fns_avx2 },
#endif
#else
	{ .simple = &vsvm_hw_simple_fns },
#endif
};

/* Set before there is a device. */
static u8 chosen[VSVM_HW_VECTOR_KINDS];

/**
 * vsvm_hw_alu_levels() - how many levels of vectors there are on this processor
 *
 * Context: any.
 * Return: 1..%VSVM_HW_VECTOR_LEVELS
 */
unsigned int vsvm_hw_alu_levels(void)
{
	if (!vsvm_hw_fpu_available())
		return 1;
	return vsvm_hw_fpu_has_avx2() ? 3 : 2;
}

/**
 * vsvm_hw_alu_set_level() - choose the level of vectors
 * @kind: of which instructions
 * @level: less than vsvm_hw_alu_levels()
 *
 * Context: before there is a device.
 */
void vsvm_hw_alu_set_level(enum vsvm_hw_vector_kind kind, unsigned int level)
{
	chosen[kind] = level;
}

static vsvm_hw_alu_fn fpu_fn(const struct vsvm_hw_insn *insn, const struct vectors *vectors)
{
	const struct vsvm_hw_conversion *conversion = vectors->conversions;
	unsigned int i;

	if (!vectors->floats || (insn->op == VSVM_OP_FFMA && insn->type == VSVM_TYPE_F64))
		return NULL;
	if (insn->op != VSVM_OP_CVT)
		return vectors->floats[insn->op];
	for (i = 0; i < VSVM_HW_FLOAT_CONVERSIONS; i++, conversion++) {
		if (conversion->to == insn->type && conversion->from == (insn->mod & 15) &&
		    conversion->rounds & BIT(insn->mod >> 4))
			return conversion->fn;
	}
	return NULL;
}

static vsvm_hw_alu_fn simple_fn(const struct vsvm_hw_insn *insn,
				const struct vsvm_hw_simple_fns *simple)
{
	switch (insn->op) {
	case VSVM_OP_CMP:
		return insn->mod < ARRAY_SIZE(simple->comparisons) ?
		       simple->comparisons[insn->mod] : NULL;
	case VSVM_OP_CVT:
		return insn->mod < ARRAY_SIZE(simple->conversions) ?
		       simple->conversions[insn->mod] : NULL;
	default:
		return simple->operations[insn->op];
	}
}

static vsvm_hw_alu_fn other_fn(u8 op)
{
	return op < ARRAY_SIZE(operations) && operations[op] ?
	       operations[op] : vsvm_hw_bits_find(op);
}

static bool is_float(const struct vsvm_hw_insn *insn)
{
	return insn->type >= VSVM_TYPE_F16 ||
	       (insn->op == VSVM_OP_CVT && (insn->mod & 15) >= VSVM_TYPE_F16);
}

/* About how many simple instructions take as long. */
static u8 cost(const struct vsvm_hw_insn *insn)
{
	switch (insn->op) {
	case VSVM_OP_FSIN:
	case VSVM_OP_FCOS:
	case VSVM_OP_FEXP2:
	case VSVM_OP_FLOG2:
	case VSVM_OP_FPOW:
		return 16;
	case VSVM_OP_CVT:
	case VSVM_OP_FFMA:
	case VSVM_OP_FLDEXP:
		return insn->fpu ? 1 : 8;
	case VSVM_OP_DIV:
	case VSVM_OP_REM:
	case VSVM_OP_MOD:
	case VSVM_OP_FDIV:
	case VSVM_OP_FREM:
	case VSVM_OP_FMOD:
	case VSVM_OP_FSQRT:
	case VSVM_OP_FRCP:
	case VSVM_OP_FRSQ:
		return 4;
	default:
		return 1;
	}
}

/* What REDUCE and SCAN do to two lanes. */
static u8 reduce_op(const struct vsvm_hw_insn *insn)
{
	static const u8 integer[] = {
		[VSVM_REDUCE_ADD] = VSVM_OP_ADD,
		[VSVM_REDUCE_MUL] = VSVM_OP_MUL,
		[VSVM_REDUCE_MIN] = VSVM_OP_MIN,
		[VSVM_REDUCE_MAX] = VSVM_OP_MAX,
		[VSVM_REDUCE_AND] = VSVM_OP_AND,
		[VSVM_REDUCE_OR] = VSVM_OP_OR,
		[VSVM_REDUCE_XOR] = VSVM_OP_XOR,
	};
	static const u8 floating[] = {
		[VSVM_REDUCE_ADD] = VSVM_OP_FADD,
		[VSVM_REDUCE_MUL] = VSVM_OP_FMUL,
		[VSVM_REDUCE_MIN] = VSVM_OP_FMIN,
		[VSVM_REDUCE_MAX] = VSVM_OP_FMAX,
	};

	return is_float(insn) ? floating[insn->mod] : integer[insn->mod];
}

/* @whole: for all lanes at a time, where vectors of integers pay. Floats take the FPU anyway. */
static bool find(struct vsvm_hw_insn *insn, const struct vectors *vectors, bool whole)
{
	const struct vsvm_hw_simple_fns *simple = whole ? vectors->simple : &vsvm_hw_simple_fns;
	vsvm_hw_alu_fn fn;

	if (is_float(insn)) {
		fn = fpu_fn(insn, vectors);
		insn->fpu = fn;
		insn->alu = fn ?: vsvm_hw_soft_find(insn->op, insn->type, insn->mod);
	} else {
		fn = simple_fn(insn, simple);
		insn->fpu = fn && simple != &vsvm_hw_simple_fns;
		insn->alu = fn ?: other_fn(insn->op);
	}
	return insn->alu;
}

static bool find_combine(struct vsvm_hw_insn *insn, const struct vectors *vectors)
{
	struct vsvm_hw_insn step = { .type = insn->type };

	switch (insn->op) {
	case VSVM_OP_REDUCE:
	case VSVM_OP_SCAN_INCL:
	case VSVM_OP_SCAN_EXCL:
		step.op = reduce_op(insn);
		break;
	case VSVM_OP_VOTE_EQ:
		step.op = is_float(insn) ? VSVM_OP_FCMP : VSVM_OP_CMP;
		break;
	default:
		return true;
	}
	if (!find(&step, vectors, false))
		return false;
	insn->combine = step.alu;
	insn->fpu = step.fpu;
	/* Lane after lane, and each may cost as much as all. */
	insn->cost = VSVM_WAVE_LANES;
	return true;
}

/**
 * vsvm_hw_alu_find_level() - find the function that does an instruction, by given vectors
 * @insn: instruction of which all but @alu, @combine, @fpu and @cost is there
 * @level: less than vsvm_hw_alu_levels()
 *
 * Whether @insn obeys the rules is for hw_program.c to know. One that is no arithmetic has none.
 *
 * Context: any.
 * Return: false if there is no such function but ought to be.
 */
bool vsvm_hw_alu_find_level(struct vsvm_hw_insn *insn, unsigned int level)
{
	insn->cost = 1;
	if (insn->op >> 4 == VSVM_OP_BALLOT >> 4)
		return find_combine(insn, &levels[level]);
	switch (insn->op >> 4) {
	case VSVM_OP_NOP >> 4:
	case VSVM_OP_LD >> 4:
		return true;
	}
	if (insn->op == VSVM_OP_SREG)
		return true;
	if (!find(insn, &levels[level], true))
		return false;
	insn->cost = cost(insn);
	return true;
}

/**
 * vsvm_hw_alu_find() - find the function that does an instruction
 * @insn: as for vsvm_hw_alu_find_level(), whose level is the one that was chosen
 *
 * Context: any.
 * Return: false if there is no such function but ought to be.
 */
bool vsvm_hw_alu_find(struct vsvm_hw_insn *insn)
{
	enum vsvm_hw_vector_kind kind = is_float(insn) ? VSVM_HW_VECTOR_FLOATS :
					vsvm_hw_type_size(insn->type) == 8 ? VSVM_HW_VECTOR_LONGS :
					VSVM_HW_VECTOR_WORDS;

	return vsvm_hw_alu_find_level(insn, chosen[kind]);
}
