// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of arithmetic
 *
 * Every operation of hw/hw_alu.c on the values where it is easiest to get wrong. What is expected
 * is written down, not computed. Each case is run for all lanes and for single ones, with the bits
 * that narrow operands do not have set, and with the result over a source.
 */

#include <kunit/test.h>
#include <linux/string.h>

#include "hw_fpu.h"
#include "hw_internal.h"

#define LANES	VSVM_WAVE_LANES
/* What is in registers that an operation must neither read nor write. */
#define STALE	0xa5a5a5a5

enum {
	U8 = VSVM_TYPE_U8, U16 = VSVM_TYPE_U16, U32 = VSVM_TYPE_U32, U64 = VSVM_TYPE_U64,
	S8 = VSVM_TYPE_S8, S16 = VSVM_TYPE_S16, S32 = VSVM_TYPE_S32, S64 = VSVM_TYPE_S64,
};

struct alu_case {
	u8 op, mod, type;
	u64 a, b, c;
	u64 want;
};

/* A 64-bit operand: two rows of registers. */
struct pair {
	u32 row[2][LANES];
};

static void set(struct pair *pair, u64 value, unsigned int width)
{
	if (width < 64)
		value |= (u64)STALE << width | (u64)STALE << 32;
	memset32(pair->row[0], value, LANES);
	memset32(pair->row[1], value >> 32, LANES);
}

static unsigned int type_width(u8 type)
{
	return 8 << (type & 3);
}

static unsigned int source_width(const struct alu_case *c, unsigned int source)
{
	switch (c->op) {
	case VSVM_OP_CVT:
		return type_width(c->mod);
	case VSVM_OP_SEL:
		return source ? type_width(c->type) : 32;
	case VSVM_OP_SHL:
	case VSVM_OP_SHR:
	case VSVM_OP_ROL:
	case VSVM_OP_ROR:
	case VSVM_OP_BFE:
		return source ? 32 : type_width(c->type);
	default:
		return type_width(c->type);
	}
}

static bool is_64bit_result(const struct alu_case *c)
{
	switch (c->op) {
	case VSVM_OP_CMP:
	case VSVM_OP_POPCNT:
	case VSVM_OP_CLZ:
	case VSVM_OP_FIND_LSB:
	case VSVM_OP_FIND_MSB:
		return false;
	default:
		return type_width(c->type) == 64;
	}
}

static void expect_result(struct kunit *test, const struct alu_case *c, const struct pair *dst,
			  u32 on)
{
	u32 low = c->want, high = is_64bit_result(c) ? c->want >> 32 : STALE;
	unsigned int lane;

	for (lane = 0; lane < LANES; lane++) {
		bool is_on = on & BIT(lane);

		if (dst->row[0][lane] == (is_on ? low : STALE) &&
		    dst->row[1][lane] == (is_on ? high : STALE))
			continue;
		KUNIT_FAIL(test,
			   "op %#x mod %u type %u of %#llx %#llx %#llx: %#x:%x in lane %u of %#x, not %#llx",
			   c->op, c->mod, c->type, c->a, c->b, c->c, dst->row[1][lane],
			   dst->row[0][lane], lane, on, c->want);
		return;
	}
}

/* Operands and result, too much for the stack. */
struct operands {
	struct pair src[3], dst;
};

static int setup(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct operands), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static vsvm_hw_alu_fn find(u8 op, u8 type, u8 mod)
{
	struct vsvm_hw_insn insn = { .op = op, .type = type, .mod = mod };

	return vsvm_hw_alu_find_level(&insn, 0) ? insn.alu : NULL;
}

/* Computes by the given vectors. */
static void compute(struct kunit *test, u8 op, u8 type, u8 mod, unsigned int level,
		    u32 *dst, const u32 *a, const u32 *b, const u32 *c, u32 on)
{
	struct vsvm_hw_insn insn = { .op = op, .type = type, .mod = mod };

	KUNIT_ASSERT_TRUE(test, vsvm_hw_alu_find_level(&insn, level));
	KUNIT_ASSERT_NOT_NULL(test, insn.alu);
	if (insn.fpu)
		vsvm_hw_fpu_begin();
	insn.alu(type, mod, dst, a, b, c, on);
	if (insn.fpu)
		vsvm_hw_fpu_end();
}

static void run_level(struct kunit *test, const struct alu_case *c, unsigned int level)
{
	struct operands *o = test->priv;
	struct pair *src = o->src, *dst = &o->dst;
	static const u32 masks[] = { U32_MAX, BIT(0), BIT(31), 0x80000001, 0x7ffffffe };
	const u64 values[3] = { c->a, c->b, c->c };
	unsigned int i;

	for (i = 0; i < 3; i++)
		set(&src[i], values[i], source_width(c, i));
	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		memset32(dst->row[0], STALE, 2 * LANES);
		compute(test, c->op, c->type, c->mod, level, dst->row[0], src[0].row[0],
			src[1].row[0], src[2].row[0], masks[i]);
		expect_result(test, c, dst, masks[i]);
	}
	/* The result may lie where a source was. */
	for (i = 0; i < 3; i++) {
		*dst = src[i];
		if (!is_64bit_result(c))
			memset32(dst->row[1], STALE, LANES);
		/* A row that is not read must be one that can be. */
		if (source_width(c, i) == 64 && !is_64bit_result(c))
			continue;
		compute(test, c->op, c->type, c->mod, level, dst->row[0],
			i == 0 ? dst->row[0] : src[0].row[0], i == 1 ? dst->row[0] : src[1].row[0],
			i == 2 ? dst->row[0] : src[2].row[0], U32_MAX);
		expect_result(test, c, dst, U32_MAX);
	}
}

static void run_all(struct kunit *test, const struct alu_case *cases, unsigned int count)
{
	unsigned int i, level;

	for (level = 0; level < vsvm_hw_alu_levels(); level++) {
		for (i = 0; i < count; i++)
			run_level(test, &cases[i], level);
	}
}

#define OP1(op, type, a, want)		{ VSVM_OP_##op, 0, type, a, 0, 0, want }
#define OP2(op, type, a, b, want)	{ VSVM_OP_##op, 0, type, a, b, 0, want }
#define OP3(op, type, a, b, c, want)	{ VSVM_OP_##op, 0, type, a, b, c, want }

#define MIN8	0x80
#define MAX8	0x7f
#define MIN16	0x8000
#define MAX16	0x7fff
#define MIN32	0x80000000
#define MAX32	0x7fffffff
#define MIN64	0x8000000000000000
#define MAX64	0x7fffffffffffffff

static void test_add_sub(struct kunit *test)
{
	static const struct alu_case cases[] = {
		OP2(ADD, U8, 0xff, 1, 0),
		OP2(ADD, S8, MAX8, 1, MIN8),
		OP2(ADD, U16, 0xffff, 1, 0),
		OP2(ADD, S16, MIN16, MIN16, 0),
		OP2(ADD, U32, U32_MAX, 1, 0),
		OP2(ADD, U32, U32_MAX, U32_MAX, 0xfffffffe),
		OP2(ADD, S32, MAX32, 1, MIN32),
		OP2(ADD, U64, U32_MAX, 1, 0x100000000),
		OP2(ADD, U64, U64_MAX, 1, 0),
		OP2(ADD, S64, MAX64, 1, MIN64),
		OP2(SUB, U8, 0, 1, 0xff),
		OP2(SUB, S8, MIN8, 1, MAX8),
		OP2(SUB, U16, 0, 1, 0xffff),
		OP2(SUB, U32, 0, 1, U32_MAX),
		OP2(SUB, S32, MIN32, 1, MAX32),
		OP2(SUB, U64, 0x100000000, 1, U32_MAX),
		OP2(SUB, U64, 0, 1, U64_MAX),
		OP2(SUB, S64, 0, MIN64, MIN64),
		OP1(NEG, U8, 1, 0xff),
		OP1(NEG, S8, MIN8, MIN8),
		OP1(NEG, S16, MIN16, MIN16),
		OP1(NEG, S32, MIN32, MIN32),
		OP1(NEG, U32, 0, 0),
		OP1(NEG, S64, MIN64, MIN64),
		OP1(NEG, S64, 1, U64_MAX),
		OP1(ABS, S8, MIN8, MIN8),
		OP1(ABS, S8, 0xff, 1),
		OP1(ABS, S8, MAX8, MAX8),
		OP1(ABS, S16, MIN16, MIN16),
		OP1(ABS, S32, MIN32, MIN32),
		OP1(ABS, S32, U32_MAX, 1),
		OP1(ABS, S64, MIN64, MIN64),
		OP1(ABS, S64, MIN64 + 1, MAX64),
		OP1(ABS, S64, 0, 0),
	};

	run_all(test, cases, ARRAY_SIZE(cases));
}

static void test_multiply(struct kunit *test)
{
	static const struct alu_case cases[] = {
		OP2(MUL, U8, 0x10, 0x10, 0),
		OP2(MUL, U8, 0xff, 0xff, 1),
		OP2(MUL, S8, MIN8, 0xff, MIN8),
		OP2(MUL, U16, 0xffff, 0xffff, 1),
		OP2(MUL, U32, 0x10000, 0x10000, 0),
		OP2(MUL, U32, U32_MAX, U32_MAX, 1),
		OP2(MUL, S32, MIN32, U32_MAX, MIN32),
		OP2(MUL, U64, U32_MAX, U32_MAX, 0xfffffffe00000001),
		OP2(MUL, U64, U64_MAX, U64_MAX, 1),
		OP2(MUL, S64, MIN64, U64_MAX, MIN64),
		OP2(MULHI, U8, 0xff, 0xff, 0xfe),
		OP2(MULHI, S8, 0xff, 0xff, 0),
		OP2(MULHI, S8, MIN8, MIN8, 0x40),
		OP2(MULHI, S8, MIN8, MAX8, 0xc0),
		OP2(MULHI, S8, 0xff, 1, 0xff),
		OP2(MULHI, U16, 0xffff, 0xffff, 0xfffe),
		OP2(MULHI, S16, MIN16, MAX16, 0xc000),
		OP2(MULHI, U32, U32_MAX, U32_MAX, 0xfffffffe),
		OP2(MULHI, U32, 0x10000, 0xffff, 0),
		OP2(MULHI, U32, 0x10000, 0x10000, 1),
		OP2(MULHI, S32, MIN32, MIN32, 0x40000000),
		OP2(MULHI, S32, MIN32, MAX32, 0xc0000000),
		OP2(MULHI, S32, U32_MAX, 1, U32_MAX),
		OP2(MULHI, U64, U64_MAX, U64_MAX, U64_MAX - 1),
		OP2(MULHI, U64, MIN64, 2, 1),
		OP2(MULHI, S64, MIN64, MIN64, 0x4000000000000000),
		OP2(MULHI, S64, MIN64, MAX64, 0xc000000000000000),
		OP2(MULHI, S64, U64_MAX, U64_MAX, 0),
		OP2(MULHI, S64, U64_MAX, 1, U64_MAX),
		OP2(MULHI, S64, 1, U64_MAX, U64_MAX),
		OP3(MAD, U8, 0xff, 0xff, 0xff, 0),
		OP3(MAD, U16, 0xffff, 2, 2, 0),
		OP3(MAD, U32, U32_MAX, U32_MAX, U32_MAX, 0),
		OP3(MAD, S32, MIN32, 2, 5, 5),
		OP3(MAD, U64, U64_MAX, U64_MAX, 1, 2),
		OP3(MAD, U64, U32_MAX, U32_MAX, U32_MAX, 0xffffffff00000000),
	};

	run_all(test, cases, ARRAY_SIZE(cases));
}

/* By zero is 0, and the least value by -1 is itself: the CPU would trap on both. */
static void test_divide(struct kunit *test)
{
	static const struct alu_case cases[] = {
		OP2(DIV, U8, 0xff, 0, 0), OP2(REM, U8, 0xff, 0, 0),
		OP2(DIV, S8, MIN8, 0, 0), OP2(REM, S8, MIN8, 0, 0),
		OP2(DIV, U16, 0xffff, 0, 0), OP2(REM, U16, 0xffff, 0, 0),
		OP2(DIV, S16, MIN16, 0, 0), OP2(REM, S16, MIN16, 0, 0),
		OP2(DIV, U32, U32_MAX, 0, 0), OP2(REM, U32, U32_MAX, 0, 0),
		OP2(DIV, S32, MIN32, 0, 0), OP2(REM, S32, MIN32, 0, 0),
		OP2(DIV, U64, U64_MAX, 0, 0), OP2(REM, U64, U64_MAX, 0, 0),
		OP2(DIV, S64, MIN64, 0, 0), OP2(REM, S64, MIN64, 0, 0),
		OP2(DIV, U32, 0, 0, 0), OP2(REM, U32, 0, 0, 0),

		OP2(DIV, S8, MIN8, 0xff, MIN8), OP2(REM, S8, MIN8, 0xff, 0),
		OP2(DIV, S16, MIN16, 0xffff, MIN16), OP2(REM, S16, MIN16, 0xffff, 0),
		OP2(DIV, S32, MIN32, U32_MAX, MIN32), OP2(REM, S32, MIN32, U32_MAX, 0),
		OP2(DIV, S64, MIN64, U64_MAX, MIN64), OP2(REM, S64, MIN64, U64_MAX, 0),

		/* Without a sign -1 is a number like others. */
		OP2(DIV, U8, 0xfe, 0xff, 0), OP2(REM, U8, 0xfe, 0xff, 0xfe),
		OP2(DIV, U8, 0xff, 0xff, 1), OP2(REM, U8, 0xff, 0xff, 0),
		OP2(DIV, U32, MIN32, U32_MAX, 0), OP2(REM, U32, MIN32, U32_MAX, MIN32),
		OP2(DIV, U64, MIN64, U64_MAX, 0), OP2(REM, U64, MIN64, U64_MAX, MIN64),
		OP2(DIV, U64, U64_MAX, 1, U64_MAX), OP2(REM, U64, U64_MAX, 1, 0),

		/* Towards zero, the remainder with the sign of the dividend. */
		OP2(DIV, S8, 0xf9, 2, 0xfd), OP2(REM, S8, 0xf9, 2, 0xff),
		OP2(DIV, S8, 7, 0xfe, 0xfd), OP2(REM, S8, 7, 0xfe, 1),
		OP2(DIV, S32, -7, -2, 3), OP2(REM, S32, -7, -2, U32_MAX),
		OP2(DIV, S64, -7, 2, -3ULL), OP2(REM, S64, -7, 2, U64_MAX),
		OP2(DIV, S64, MIN64, MIN64, 1), OP2(REM, S64, MIN64, MIN64, 0),
		OP2(DIV, S64, MAX64, MIN64, 0), OP2(REM, S64, MAX64, MIN64, MAX64),
		OP2(DIV, S64, 7, U64_MAX, -7ULL), OP2(REM, S64, 7, U64_MAX, 0),
	};

	run_all(test, cases, ARRAY_SIZE(cases));
}

static void test_min_max(struct kunit *test)
{
	static const struct alu_case cases[] = {
		OP2(MIN, U8, MIN8, MAX8, MAX8), OP2(MAX, U8, MIN8, MAX8, MIN8),
		OP2(MIN, S8, MIN8, MAX8, MIN8), OP2(MAX, S8, MIN8, MAX8, MAX8),
		OP2(MIN, U16, MIN16, MAX16, MAX16), OP2(MAX, U16, MIN16, MAX16, MIN16),
		OP2(MIN, S16, MIN16, MAX16, MIN16), OP2(MAX, S16, MIN16, MAX16, MAX16),
		OP2(MIN, U32, MIN32, MAX32, MAX32), OP2(MAX, U32, MIN32, MAX32, MIN32),
		OP2(MIN, S32, MIN32, MAX32, MIN32), OP2(MAX, S32, MIN32, MAX32, MAX32),
		OP2(MIN, U64, MIN64, MAX64, MAX64), OP2(MAX, U64, MIN64, MAX64, MIN64),
		OP2(MIN, S64, MIN64, MAX64, MIN64), OP2(MAX, S64, MIN64, MAX64, MAX64),
		OP2(MIN, U64, 0x100000000, U32_MAX, U32_MAX),
		OP2(MAX, U64, 0x100000000, U32_MAX, 0x100000000),
		OP2(MIN, S32, 0, U32_MAX, U32_MAX), OP2(MAX, S32, 0, U32_MAX, 0),
		OP2(MIN, U32, 5, 5, 5), OP2(MAX, U32, 5, 5, 5),
	};

	run_all(test, cases, ARRAY_SIZE(cases));
}

static void test_saturate(struct kunit *test)
{
	static const struct alu_case cases[] = {
		OP2(ADDSAT, U8, 0xff, 1, 0xff), OP2(ADDSAT, U8, 0xfe, 1, 0xff),
		OP2(ADDSAT, U8, 0xff, 0xff, 0xff), OP2(ADDSAT, U8, 0, 0, 0),
		OP2(ADDSAT, S8, MAX8, 1, MAX8), OP2(ADDSAT, S8, MIN8, 0xff, MIN8),
		OP2(ADDSAT, S8, MIN8, MAX8, 0xff), OP2(ADDSAT, S8, MAX8 - 1, 1, MAX8),
		OP2(ADDSAT, U16, 0xffff, 1, 0xffff), OP2(ADDSAT, S16, MIN16, MIN16, MIN16),
		OP2(ADDSAT, S16, MAX16, MAX16, MAX16),
		OP2(ADDSAT, U32, U32_MAX, U32_MAX, U32_MAX),
		OP2(ADDSAT, U32, U32_MAX, 0, U32_MAX), OP2(ADDSAT, U32, MAX32, MIN32, U32_MAX),
		OP2(ADDSAT, S32, MAX32, 1, MAX32), OP2(ADDSAT, S32, MIN32, U32_MAX, MIN32),
		OP2(ADDSAT, S32, MIN32, MIN32, MIN32), OP2(ADDSAT, S32, MAX32, MIN32, U32_MAX),
		OP2(ADDSAT, U64, U64_MAX, 1, U64_MAX), OP2(ADDSAT, U64, U64_MAX, 0, U64_MAX),
		OP2(ADDSAT, U64, U64_MAX, U64_MAX, U64_MAX),
		OP2(ADDSAT, S64, MAX64, 1, MAX64), OP2(ADDSAT, S64, MIN64, U64_MAX, MIN64),
		OP2(ADDSAT, S64, MIN64, MIN64, MIN64), OP2(ADDSAT, S64, MAX64, MIN64, U64_MAX),
		OP2(ADDSAT, S64, MAX64 - 1, 1, MAX64),
		OP2(SUBSAT, U8, 0, 1, 0), OP2(SUBSAT, U8, 1, 1, 0), OP2(SUBSAT, U8, 0xff, 1, 0xfe),
		OP2(SUBSAT, S8, MIN8, 1, MIN8), OP2(SUBSAT, S8, MAX8, 0xff, MAX8),
		OP2(SUBSAT, S8, 0, MIN8, MAX8), OP2(SUBSAT, S8, 0xff, MIN8, MAX8),
		OP2(SUBSAT, U16, 0, 0xffff, 0), OP2(SUBSAT, S16, MIN16, MAX16, MIN16),
		OP2(SUBSAT, U32, 0, U32_MAX, 0), OP2(SUBSAT, U32, U32_MAX, U32_MAX, 0),
		OP2(SUBSAT, S32, MIN32, 1, MIN32), OP2(SUBSAT, S32, 0, MIN32, MAX32),
		OP2(SUBSAT, S32, U32_MAX, MIN32, MAX32),
		OP2(SUBSAT, U64, 0, 1, 0), OP2(SUBSAT, U64, U64_MAX, U64_MAX, 0),
		OP2(SUBSAT, S64, MIN64, 1, MIN64), OP2(SUBSAT, S64, 0, MIN64, MAX64),
		OP2(SUBSAT, S64, U64_MAX, MIN64, MAX64), OP2(SUBSAT, S64, MAX64, U64_MAX, MAX64),
	};

	run_all(test, cases, ARRAY_SIZE(cases));
}

static void test_halve(struct kunit *test)
{
	static const struct alu_case cases[] = {
		OP2(HADD, U8, 0xff, 0xff, 0xff), OP2(RHADD, U8, 0xff, 0xff, 0xff),
		OP2(HADD, U8, 0xff, 0xfe, 0xfe), OP2(RHADD, U8, 0xff, 0xfe, 0xff),
		OP2(HADD, U8, 0, 1, 0), OP2(RHADD, U8, 0, 1, 1),
		OP2(HADD, S8, 0xff, 0, 0xff), OP2(RHADD, S8, 0xff, 0, 0),
		OP2(HADD, S8, MIN8, MIN8, MIN8), OP2(RHADD, S8, MAX8, MAX8, MAX8),
		OP2(HADD, S8, MIN8, MAX8, 0xff), OP2(RHADD, S8, MIN8, MAX8, 0),
		OP2(HADD, U16, 0xffff, 1, MIN16), OP2(RHADD, S16, MIN16, 0xffff, 0xc000),
		OP2(HADD, U32, U32_MAX, U32_MAX, U32_MAX),
		OP2(RHADD, U32, U32_MAX, U32_MAX, U32_MAX),
		OP2(HADD, S32, U32_MAX, 0, U32_MAX), OP2(RHADD, S32, U32_MAX, 0, 0),
		OP2(HADD, S32, MIN32, MAX32, U32_MAX), OP2(RHADD, S32, MIN32, MAX32, 0),
		OP2(HADD, U64, U64_MAX, U64_MAX, U64_MAX),
		OP2(RHADD, U64, U64_MAX, U64_MAX, U64_MAX),
		OP2(HADD, U64, U64_MAX, 1, MIN64), OP2(RHADD, U64, U64_MAX, 0, MIN64),
		OP2(HADD, S64, MIN64, MIN64, MIN64), OP2(RHADD, S64, MAX64, MAX64, MAX64),
		OP2(HADD, S64, MIN64, MAX64, U64_MAX), OP2(RHADD, S64, MIN64, MAX64, 0),
	};

	run_all(test, cases, ARRAY_SIZE(cases));
}

static void test_logic(struct kunit *test)
{
	static const struct alu_case cases[] = {
		OP2(AND, U8, 0xf0, 0x3c, 0x30), OP2(OR, U8, 0xf0, 0x3c, 0xfc),
		OP2(XOR, U8, 0xf0, 0x3c, 0xcc), OP1(NOT, U8, 0, 0xff), OP1(NOT, S16, 0xffff, 0),
		OP2(AND, U32, U32_MAX, MIN32, MIN32), OP2(XOR, U32, U32_MAX, U32_MAX, 0),
		OP1(NOT, U32, MIN32, MAX32),
		OP2(AND, U64, U64_MAX, MIN64, MIN64), OP2(OR, U64, MIN64, 1, MIN64 + 1),
		OP2(XOR, U64, U64_MAX, MIN64, MAX64), OP1(NOT, U64, MAX64, MIN64),
		OP1(MOV, U8, 0xff, 0xff), OP1(MOV, S8, 0xff, 0xff), OP1(MOV, S16, MIN16, MIN16),
		OP1(MOV, U32, U32_MAX, U32_MAX), OP1(MOV, S64, MIN64 + 1, MIN64 + 1),
		OP3(SEL, U8, 0, 1, 2, 2), OP3(SEL, U8, 0x100, 1, 2, 1),
		OP3(SEL, U32, MIN32, 1, 2, 1), OP3(SEL, S16, 1, MIN16, 2, MIN16),
		/* The predicate has 32 bits, whatever is beside it. */
		OP3(SEL, U64, 0, 1, MIN64, MIN64), OP3(SEL, U64, 1, U64_MAX, 2, U64_MAX),
	};

	run_all(test, cases, ARRAY_SIZE(cases));
}

/* Distances are modulo the width; a narrow shift must not see what is above it. */
static void test_shift(struct kunit *test)
{
	static const struct alu_case cases[] = {
		OP2(SHL, U8, 0x81, 0, 0x81), OP2(SHL, U8, 0x81, 7, 0x80),
		OP2(SHL, U8, 0x81, 8, 0x81),
		OP2(SHL, U8, 0x81, 9, 2), OP2(SHL, U8, 0x81, U32_MAX, 0x80),
		OP2(SHL, U16, 1, 15, MIN16), OP2(SHL, U16, 1, 16, 1), OP2(SHL, U16, 1, 17, 2),
		OP2(SHL, U32, 1, 31, MIN32), OP2(SHL, U32, 1, 32, 1), OP2(SHL, U32, 3, 33, 6),
		OP2(SHL, U64, 1, 63, MIN64), OP2(SHL, U64, 1, 64, 1), OP2(SHL, U64, 3, 65, 6),
		OP2(SHL, S64, U64_MAX, 32, 0xffffffff00000000),
		OP2(SHR, U8, 0x81, 7, 1), OP2(SHR, U8, 0x81, 8, 0x81), OP2(SHR, S8, 0x81, 7, 0xff),
		OP2(SHR, S8, 0x81, 1, 0xc0), OP2(SHR, S8, 0x81, 8, 0x81),
		OP2(SHR, U16, MIN16, 15, 1), OP2(SHR, S16, MIN16, 15, 0xffff),
		OP2(SHR, U32, MIN32, 31, 1), OP2(SHR, U32, MIN32, 32, MIN32),
		OP2(SHR, S32, MIN32, 31, U32_MAX), OP2(SHR, S32, MIN32, 33, 0xc0000000),
		OP2(SHR, U64, MIN64, 63, 1), OP2(SHR, U64, MIN64, 64, MIN64),
		OP2(SHR, S64, MIN64, 63, U64_MAX), OP2(SHR, S64, MIN64, U32_MAX, U64_MAX),
		OP2(SHR, U64, U64_MAX, 32, U32_MAX),
		OP2(ROL, U8, 0x81, 0, 0x81), OP2(ROL, U8, 0x81, 1, 3), OP2(ROL, U8, 0x81, 7, 0xc0),
		OP2(ROL, U8, 0x81, 8, 0x81), OP2(ROR, U8, 0x81, 1, 0xc0),
		OP2(ROR, U8, 0x81, 0, 0x81),
		OP2(ROR, U8, 0x81, 8, 0x81), OP2(ROR, U8, 0x81, 9, 0xc0),
		OP2(ROL, U16, MIN16 + 1, 1, 3), OP2(ROR, U16, MIN16 + 1, 17, 0xc000),
		OP2(ROL, U32, MIN32, 1, 1), OP2(ROL, U32, MIN32 + 1, 32, MIN32 + 1),
		OP2(ROR, U32, 1, 1, MIN32), OP2(ROR, U32, 1, 0, 1), OP2(ROR, U32, 1, 31, 2),
		OP2(ROL, U64, MIN64, 1, 1), OP2(ROL, U64, MIN64 + 1, 64, MIN64 + 1),
		OP2(ROL, U64, 1, 0, 1), OP2(ROR, U64, 1, 1, MIN64), OP2(ROR, U64, 1, 63, 2),
	};

	run_all(test, cases, ARRAY_SIZE(cases));
}

static void test_count(struct kunit *test)
{
	static const struct alu_case cases[] = {
		OP1(POPCNT, U8, 0, 0), OP1(POPCNT, U8, 0xff, 8), OP1(POPCNT, U16, 0xffff, 16),
		OP1(POPCNT, U32, U32_MAX, 32), OP1(POPCNT, U64, U64_MAX, 64),
		OP1(POPCNT, U64, MIN64, 1),
		OP1(CLZ, U8, 0, 8), OP1(CLZ, U8, 1, 7), OP1(CLZ, U8, MIN8, 0),
		OP1(CLZ, U16, 0, 16), OP1(CLZ, U16, MIN16, 0), OP1(CLZ, U32, 0, 32),
		OP1(CLZ, U32, 1, 31), OP1(CLZ, U32, U32_MAX, 0), OP1(CLZ, U64, 0, 64),
		OP1(CLZ, U64, 1, 63), OP1(CLZ, U64, U32_MAX, 32), OP1(CLZ, U64, MIN64, 0),
		OP1(FIND_LSB, U8, 0, U32_MAX), OP1(FIND_LSB, U8, MIN8, 7),
		OP1(FIND_LSB, U16, 0, U32_MAX), OP1(FIND_LSB, U32, 0, U32_MAX),
		OP1(FIND_LSB, U32, MIN32, 31), OP1(FIND_LSB, U32, U32_MAX, 0),
		OP1(FIND_LSB, U64, 0, U32_MAX), OP1(FIND_LSB, U64, MIN64, 63),
		OP1(FIND_LSB, U64, 0x100000000, 32),
		OP1(FIND_MSB, U8, 0, U32_MAX), OP1(FIND_MSB, U8, 0xff, 7), OP1(FIND_MSB, U8, 1, 0),
		OP1(FIND_MSB, S8, 0xff, U32_MAX), OP1(FIND_MSB, S8, MIN8, 6),
		OP1(FIND_MSB, S8, MAX8, 6), OP1(FIND_MSB, S8, 0, U32_MAX),
		OP1(FIND_MSB, S16, MIN16, 14), OP1(FIND_MSB, U32, MIN32, 31),
		OP1(FIND_MSB, S32, MIN32, 30), OP1(FIND_MSB, S32, U32_MAX, U32_MAX),
		OP1(FIND_MSB, S32, 0xfffffffe, 0), OP1(FIND_MSB, U64, U64_MAX, 63),
		OP1(FIND_MSB, S64, MIN64, 62), OP1(FIND_MSB, S64, U64_MAX, U32_MAX),
		OP1(FIND_MSB, S64, U32_MAX, 31),
	};

	run_all(test, cases, ARRAY_SIZE(cases));
}

static void test_fields(struct kunit *test)
{
	static const struct alu_case cases[] = {
		OP1(BITREV, U8, 1, MIN8), OP1(BITREV, U8, 0x12, 0x48), OP1(BITREV, U16, 1, MIN16),
		OP1(BITREV, U32, 1, MIN32), OP1(BITREV, U32, 0x12345678, 0x1e6a2c48),
		OP1(BITREV, U64, 1, MIN64), OP1(BITREV, U64, U32_MAX, 0xffffffff00000000),
		/* No bits; all but one; up to the last; beyond it. */
		OP3(BFE, U32, U32_MAX, 0, 0, 0), OP3(BFE, S32, U32_MAX, 5, 32, 0),
		OP3(BFE, U32, U32_MAX, 0, 31, MAX32), OP3(BFE, S32, U32_MAX, 0, 31, U32_MAX),
		OP3(BFE, U32, MIN32, 31, 1, 1), OP3(BFE, S32, MIN32, 31, 1, U32_MAX),
		OP3(BFE, U32, MIN32, 31, 31, 1), OP3(BFE, S32, MIN32, 31, 31, U32_MAX),
		OP3(BFE, U32, 0x12345678, 8, 8, 0x56), OP3(BFE, S32, 0x12345678, 4, 4, 7),
		OP3(BFE, S32, 0x00000080, 4, 4, 0xfffffff8), OP3(BFE, U32, 0x80, 4, 4, 8),
		OP3(BFE, U32, 0x12345678, 8, 24, 0x123456),
		OP3(BFE, U32, 0x12345678, 8, 25, 0x123456),
		OP3(BFE, U32, 0x12345678, 8, 23, 0x123456),
		OP3(BFE, S32, 0x92345678, 8, 24, 0xff923456),
		/* Both are modulo 32. */
		OP3(BFE, U32, 0x12345678, 40, 40, 0x56), OP3(BFE, U32, 5, 32, 33, 1),
		OP2(BFM, U32, 0, 5, 0), OP2(BFM, U32, 31, 0, MAX32),
		OP2(BFM, U32, 31, 1, 0xfffffffe),
		OP2(BFM, U32, 32, 0, 0), OP2(BFM, U32, 1, 31, MIN32), OP2(BFM, U32, 33, 32, 1),
		OP2(BFM, U32, 31, 31, MIN32),
	};

	run_all(test, cases, ARRAY_SIZE(cases));
}

static void test_compare(struct kunit *test)
{
	/* For EQ, NE, LT, LE, GT, GE. */
	static const struct {
		u8 type;
		u64 a, b;
		bool want[6];
	} cases[] = {
		{ U8, 0, 0, { 1, 0, 0, 1, 0, 1 } },
		{ U8, MIN8, MAX8, { 0, 1, 0, 0, 1, 1 } },
		{ S8, MIN8, MAX8, { 0, 1, 1, 1, 0, 0 } },
		{ S8, 0xff, 0, { 0, 1, 1, 1, 0, 0 } },
		{ U16, 0xffff, 0, { 0, 1, 0, 0, 1, 1 } },
		{ S16, 0xffff, 0, { 0, 1, 1, 1, 0, 0 } },
		{ U32, U32_MAX, U32_MAX, { 1, 0, 0, 1, 0, 1 } },
		{ U32, MIN32, MAX32, { 0, 1, 0, 0, 1, 1 } },
		{ S32, MIN32, MAX32, { 0, 1, 1, 1, 0, 0 } },
		{ S32, MIN32, MIN32, { 1, 0, 0, 1, 0, 1 } },
		{ U64, 0x100000000, 1, { 0, 1, 0, 0, 1, 1 } },
		{ U64, 0x100000001, 1, { 0, 1, 0, 0, 1, 1 } },
		{ U64, MIN64, MAX64, { 0, 1, 0, 0, 1, 1 } },
		{ S64, MIN64, MAX64, { 0, 1, 1, 1, 0, 0 } },
		{ S64, U64_MAX, U64_MAX, { 1, 0, 0, 1, 0, 1 } },
	};
	unsigned int i, cond;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (cond = VSVM_COND_EQ; cond <= VSVM_COND_GE; cond++) {
			struct alu_case c = {
				VSVM_OP_CMP, cond, cases[i].type, cases[i].a, cases[i].b,
			};

			if (cases[i].want[cond])
				c.want = U32_MAX;
			run_all(test, &c, 1);
		}
	}
}

static void test_convert(struct kunit *test)
{
	/* A value of 64 ones and zeroes, as each type sees it extended to 64 bits. */
	static const struct {
		u8 from;
		u64 value, extended;
	} cases[] = {
		{ U8, 0x80, 0x80 }, { S8, 0x80, 0xffffffffffffff80 }, { S8, 0x7f, 0x7f },
		{ U16, 0x8000, 0x8000 }, { S16, 0x8000, 0xffffffffffff8000 },
		{ S16, 0x7fff, 0x7fff }, { U32, 0x80000000, 0x80000000 },
		{ S32, 0x80000000, 0xffffffff80000000 }, { S32, 0x7fffffff, 0x7fffffff },
		{ U64, 0x8000000080008081, 0x8000000080008081 },
		{ S64, 0x8000000080008081, 0x8000000080008081 },
	};
	unsigned int i, to;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (to = VSVM_TYPE_U8; to <= VSVM_TYPE_S64; to++) {
			struct alu_case c = {
				VSVM_OP_CVT, cases[i].from, to, cases[i].value, 0, 0,
				cases[i].extended,
			};

			if (type_width(to) < 64)
				c.want &= BIT_ULL(type_width(to)) - 1;
			run_all(test, &c, 1);
		}
	}
}

/* Registers of a pair may be those of another: here each result is a source's other half. */
static void test_overlap(struct kunit *test)
{
	u32 (*rows)[LANES] = kunit_kcalloc(test, 3, sizeof(*rows), GFP_KERNEL);
	unsigned int level;

	KUNIT_ASSERT_NOT_NULL(test, rows);
	for (level = 0; level < vsvm_hw_alu_levels(); level++) {
		memset32(rows[0], U32_MAX, LANES);
		memset32(rows[1], 1, LANES);
		memset32(rows[2], STALE, LANES);
		compute(test, VSVM_OP_ADD, U64, 0, level, rows[1], rows[0], rows[0], rows[0],
			U32_MAX);
		KUNIT_EXPECT_EQ(test, rows[0][0], U32_MAX);
		KUNIT_EXPECT_EQ(test, rows[1][LANES - 1], 0xfffffffe);
		KUNIT_EXPECT_EQ(test, rows[2][LANES - 1], 3);

		memset32(rows[1], U32_MAX, LANES);
		memset32(rows[2], 1, LANES);
		compute(test, VSVM_OP_ADD, U64, 0, level, rows[0], rows[1], rows[1], rows[1],
			U32_MAX);
		KUNIT_EXPECT_EQ(test, rows[0][LANES - 1], 0xfffffffe);
		KUNIT_EXPECT_EQ(test, rows[1][LANES - 1], 3);
		KUNIT_EXPECT_EQ(test, rows[2][0], 1);
	}
}

/* No lane on: nothing is written. */
static void test_no_lanes(struct kunit *test)
{
	struct operands *o = test->priv;
	const u32 *src = o->src[0].row[0];
	unsigned int level;

	set(&o->src[0], 1, 64);
	for (level = 0; level < vsvm_hw_alu_levels(); level++) {
		memset32(o->dst.row[0], STALE, 2 * LANES);
		compute(test, VSVM_OP_ADD, U64, 0, level, o->dst.row[0], src, src, src, 0);
		KUNIT_EXPECT_EQ(test, o->dst.row[0][0], STALE);
		KUNIT_EXPECT_EQ(test, o->dst.row[1][LANES - 1], STALE);
	}
}

static void test_find(struct kunit *test)
{
	unsigned int op, mod;

	for (op = 0; op < 256; op++) {
		bool moves = op == VSVM_OP_MOV || op == VSVM_OP_SEL || op == VSVM_OP_CVT;
		bool arithmetic = op >= VSVM_OP_ADD && op <= VSVM_OP_RHADD;
		bool logic = op >= VSVM_OP_AND && op <= VSVM_OP_BFM;
		bool more = op >= VSVM_OP_MOD && op <= VSVM_OP_INSH;
		bool floating = op >= VSVM_OP_FADD && op <= VSVM_OP_FREXP_SIG;

		KUNIT_EXPECT_EQ_MSG(test, !!find(op, U32, 0),
				    moves || arithmetic || logic || more || op == VSVM_OP_CMP,
				    "opcode %#x", op);
		if (IS_ENABLED(CONFIG_ARCH_HAS_KERNEL_FPU_SUPPORT) && op >= VSVM_OP_FADD)
			KUNIT_EXPECT_EQ_MSG(test, !!find(op, VSVM_TYPE_F32, 0), floating,
					    "opcode %#x", op);
	}
	for (mod = 0; mod < 256; mod++) {
		KUNIT_EXPECT_EQ_MSG(test, !!find(VSVM_OP_CMP, U32, mod), mod <= VSVM_COND_GE,
				    "condition %u", mod);
		KUNIT_EXPECT_EQ_MSG(test, !!find(VSVM_OP_FCMP, VSVM_TYPE_F32, mod),
				    mod <= VSVM_COND_UNORD, "condition %u", mod);
	}
}

#define NEVER	VSVM_HW_VECTOR_LEVELS

/* What needs the FPU says so, and what goes without it does not. */
static void test_fpu(struct kunit *test)
{
	static const struct {
		u8 op, type, mod;
		/* from which level on */
		unsigned int fpu;
	} cases[] = {
		{ VSVM_OP_FADD, VSVM_TYPE_F16, 0, 0 },
		{ VSVM_OP_FSIN, VSVM_TYPE_F32, 0, 0 },
		{ VSVM_OP_FFMA, VSVM_TYPE_F32, 0, 0 },
		{ VSVM_OP_FFMA, VSVM_TYPE_F64, 0, NEVER },
		{ VSVM_OP_FMIN, VSVM_TYPE_F32, 0, NEVER },
		{ VSVM_OP_FCMP, VSVM_TYPE_F64, VSVM_COND_LT, NEVER },
		{ VSVM_OP_CVT, VSVM_TYPE_F32, S32, 0 },
		{ VSVM_OP_CVT, VSVM_TYPE_F32, S32 | VSVM_ROUND_UP << 4, NEVER },
		{ VSVM_OP_REDUCE, VSVM_TYPE_F32, VSVM_REDUCE_ADD, 0 },
		{ VSVM_OP_REDUCE, VSVM_TYPE_F32, VSVM_REDUCE_MIN, NEVER },
		{ VSVM_OP_REDUCE, U32, VSVM_REDUCE_ADD, NEVER },
		{ VSVM_OP_ADD, U32, 0, 1 },
		{ VSVM_OP_CMP, S64, VSVM_COND_LT, 1 },
		{ VSVM_OP_CVT, U64, U32, 1 },
		{ VSVM_OP_DIV, U32, 0, NEVER },
	};
	unsigned int i;

	if (!IS_ENABLED(CONFIG_ARCH_HAS_KERNEL_FPU_SUPPORT))
		kunit_skip(test, "no FPU in this kernel");
	for (i = 0; i < ARRAY_SIZE(cases) * vsvm_hw_alu_levels(); i++) {
		unsigned int n = i % ARRAY_SIZE(cases), level = i / ARRAY_SIZE(cases);
		struct vsvm_hw_insn insn = {
			.op = cases[n].op, .type = cases[n].type, .mod = cases[n].mod,
		};

		KUNIT_EXPECT_TRUE(test, vsvm_hw_alu_find_level(&insn, level));
		KUNIT_EXPECT_EQ_MSG(test, insn.fpu, level >= cases[n].fpu, "case %u", i);
		KUNIT_EXPECT_TRUE_MSG(test, insn.alu || insn.combine, "case %u", i);
		KUNIT_EXPECT_NE(test, insn.cost, 0);
	}
}

static struct kunit_case alu_cases[] = {
	KUNIT_CASE(test_add_sub),
	KUNIT_CASE(test_multiply),
	KUNIT_CASE(test_divide),
	KUNIT_CASE(test_min_max),
	KUNIT_CASE(test_saturate),
	KUNIT_CASE(test_halve),
	KUNIT_CASE(test_logic),
	KUNIT_CASE(test_shift),
	KUNIT_CASE(test_count),
	KUNIT_CASE(test_fields),
	KUNIT_CASE(test_compare),
	KUNIT_CASE(test_convert),
	KUNIT_CASE(test_overlap),
	KUNIT_CASE(test_no_lanes),
	KUNIT_CASE(test_find),
	KUNIT_CASE(test_fpu),
	{}
};

static struct kunit_suite alu_suite = {
	.name = "vsvm-hw-alu",
	.init = setup,
	.test_cases = alu_cases,
};

kunit_test_suite(alu_suite);
