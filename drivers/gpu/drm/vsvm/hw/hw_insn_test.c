// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of instruction checks
 *
 * What hw/hw_program.c takes for an instruction, opcode by opcode and field by field. What is
 * expected is written down here once more, and not taken from the table that the checks are made
 * of. Functions of their arguments; no engine runs.
 */

#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/string.h>

#include "hw_internal.h"

#define ALL_FEATURES	(VSVM_FEATURE_FLOAT | VSVM_FEATURE_SHARED | VSVM_FEATURE_SCRATCH |	\
			 VSVM_FEATURE_SUBGROUP)

/*
 * What the instruction set says of an opcode, in the order of &struct vsvm_insn. Operands: t of the
 * type, w 32 bits, a an address, f of the type that mod names, d twice as wide as the type, - none.
 */
struct shape {
	const char *name;
	u8 op;
	u16 types;
	const char *operands;
	u8 flags;
	/* Which modifiers there are; all are below 64. */
	u64 mods;
	/* The last source may be the immediate. */
	bool imm;
};

#define UNSIGNED	(BIT(VSVM_TYPE_U8) | BIT(VSVM_TYPE_U16) | BIT(VSVM_TYPE_U32) | \
			 BIT(VSVM_TYPE_U64))
#define SIGNED		(BIT(VSVM_TYPE_S8) | BIT(VSVM_TYPE_S16) | BIT(VSVM_TYPE_S32) | \
			 BIT(VSVM_TYPE_S64))
#define ANY		(UNSIGNED | SIGNED)
#define FLOATS		(BIT(VSVM_TYPE_F16) | BIT(VSVM_TYPE_F32) | BIT(VSVM_TYPE_F64))
#define SMALL_FLOATS	(BIT(VSVM_TYPE_F16) | BIT(VSVM_TYPE_F32))
#define WORDS		(BIT(VSVM_TYPE_U32) | BIT(VSVM_TYPE_U64))
#define EITHER_32	(BIT(VSVM_TYPE_U32) | BIT(VSVM_TYPE_S32))
#define UP_TO(mod)	GENMASK_ULL(mod, 0)

#define FLOW(op, operands, flags)	{ #op, VSVM_OP_##op, 0, operands, flags, 1, false }
#define ALU(op, types, operands)	{ #op, VSVM_OP_##op, types, operands, 0, 1, true }
#define PREDICATE	(VSVM_INSN_PRED | VSVM_INSN_NOT)

static const struct shape shapes[] = {
	FLOW(NOP, "----", 0),
	FLOW(IF, "-w--", PREDICATE),
	FLOW(ELSE, "----", 0),
	FLOW(ENDIF, "----", 0),
	FLOW(LOOP, "----", 0),
	FLOW(ENDLOOP, "----", 0),
	FLOW(BREAK, "-w--", PREDICATE),
	FLOW(CONTINUE, "-w--", PREDICATE),
	FLOW(EXIT, "-w--", PREDICATE),
	FLOW(MEMBAR, "----", 0),
	FLOW(BARRIER, "----", 0),
	ALU(MOV, ANY, "tt--"),
	ALU(SEL, ANY, "twtt"),
	ALU(ADD, ANY, "ttt-"),
	ALU(SUB, ANY, "ttt-"),
	ALU(MUL, ANY, "ttt-"),
	ALU(MULHI, ANY, "ttt-"),
	ALU(MAD, ANY, "tttt"),
	ALU(DIV, ANY, "ttt-"),
	ALU(REM, ANY, "ttt-"),
	ALU(MIN, ANY, "ttt-"),
	ALU(MAX, ANY, "ttt-"),
	ALU(NEG, ANY, "tt--"),
	ALU(ABS, SIGNED, "tt--"),
	ALU(ADDSAT, ANY, "ttt-"),
	ALU(SUBSAT, ANY, "ttt-"),
	ALU(HADD, ANY, "ttt-"),
	ALU(RHADD, ANY, "ttt-"),
	ALU(AND, ANY, "ttt-"),
	ALU(OR, ANY, "ttt-"),
	ALU(XOR, ANY, "ttt-"),
	ALU(NOT, ANY, "tt--"),
	ALU(SHL, ANY, "ttw-"),
	ALU(SHR, ANY, "ttw-"),
	ALU(ROL, UNSIGNED, "ttw-"),
	ALU(ROR, UNSIGNED, "ttw-"),
	ALU(POPCNT, UNSIGNED, "wt--"),
	ALU(CLZ, UNSIGNED, "wt--"),
	ALU(FIND_LSB, UNSIGNED, "wt--"),
	ALU(FIND_MSB, ANY, "wt--"),
	ALU(BITREV, UNSIGNED, "tt--"),
	ALU(BFE, BIT(VSVM_TYPE_U32) | BIT(VSVM_TYPE_S32), "ttww"),
	ALU(BFM, BIT(VSVM_TYPE_U32), "ttt-"),
	{ "CMP", VSVM_OP_CMP, ANY, "wtt-", 0, UP_TO(VSVM_COND_GE), true },
	/* Of an integer; from floating point all ways to round, see test_convert(). */
	{ "CVT", VSVM_OP_CVT, ANY | FLOATS, "tf--", 0,
	  ANY | FLOATS | (u64)FLOATS << 16 | (u64)FLOATS << 32 | (u64)FLOATS << 48, false },
	/* The clock alone is 64 bits, see test_special(). */
	{ "SREG", VSVM_OP_SREG, BIT(VSVM_TYPE_U32), "t---", 0,
	  UP_TO(VSVM_SREG_SHARED_SIZE) & ~BIT(VSVM_SREG_CLOCK), false },
	/* Addresses of other spaces, see test_spaces(). */
	{ "LD", VSVM_OP_LD, ANY, "ta--", 0, UP_TO(VSVM_SPACE_GENERIC), false },
	{ "ST", VSVM_OP_ST, ANY, "-at-", 0, UP_TO(VSVM_SPACE_GENERIC) & ~BIT(VSVM_SPACE_ARG),
	  false },
	{ "ATOM", VSVM_OP_ATOM, WORDS | BIT(VSVM_TYPE_F32) | BIT(VSVM_TYPE_F64), "tat-",
	  VSVM_INSN_NORET, BIT(VSVM_SPACE_GLOBAL) | BIT(VSVM_SPACE_SHARED) |
	  BIT(VSVM_SPACE_GENERIC), false },
	{ "PREFETCH", VSVM_OP_PREFETCH, 0, "-a--", 0, 1, false },
	ALU(BALLOT, BIT(VSVM_TYPE_U32), "wt--"),
	ALU(VOTE_ANY, BIT(VSVM_TYPE_U32), "wt--"),
	ALU(VOTE_ALL, BIT(VSVM_TYPE_U32), "wt--"),
	ALU(SHUFFLE, UNSIGNED, "ttw-"),
	ALU(READFIRST, UNSIGNED, "tt--"),
	{ "REDUCE", VSVM_OP_REDUCE, ANY | FLOATS, "tt--", 0, UP_TO(VSVM_REDUCE_XOR), false },
	{ "SCAN_INCL", VSVM_OP_SCAN_INCL, ANY | FLOATS, "tt--", 0, UP_TO(VSVM_REDUCE_XOR), false },
	{ "SCAN_EXCL", VSVM_OP_SCAN_EXCL, ANY | FLOATS, "tt--", 0, UP_TO(VSVM_REDUCE_XOR), false },
	ALU(SHUFFLE_XOR, UNSIGNED, "ttw-"),
	ALU(SHUFFLE_UP, UNSIGNED, "ttw-"),
	ALU(SHUFFLE_DOWN, UNSIGNED, "ttw-"),
	{ "ELECT", VSVM_OP_ELECT, BIT(VSVM_TYPE_U32), "w---", 0, 1, false },
	ALU(VOTE_EQ, ANY | FLOATS, "wt--"),
	ALU(MOD, SIGNED, "ttt-"),
	ALU(SIGN, SIGNED, "tt--"),
	ALU(ABSDIFF, ANY, "ttt-"),
	ALU(CARRY, UNSIGNED, "ttt-"),
	ALU(BORROW, UNSIGNED, "ttt-"),
	ALU(MULW, EITHER_32, "dtt-"),
	ALU(BITSEL, UNSIGNED, "tttt"),
	ALU(BFI, BIT(VSVM_TYPE_U32), "tttt"),
	ALU(PACK, UNSIGNED & ~BIT(VSVM_TYPE_U64), "dtt-"),
	ALU(EXTB, ANY & ~(BIT(VSVM_TYPE_U8) | BIT(VSVM_TYPE_S8)), "ttw-"),
	ALU(EXTH, EITHER_32 | BIT(VSVM_TYPE_U64) | BIT(VSVM_TYPE_S64), "ttw-"),
	ALU(INSB, UNSIGNED & ~BIT(VSVM_TYPE_U8), "ttw-"),
	ALU(INSH, WORDS, "ttw-"),
	ALU(FADD, FLOATS, "ttt-"),
	ALU(FMUL, FLOATS, "ttt-"),
	ALU(FFMA, FLOATS, "tttt"),
	ALU(FDIV, FLOATS, "ttt-"),
	ALU(FREM, FLOATS, "ttt-"),
	ALU(FMIN, FLOATS, "ttt-"),
	ALU(FMAX, FLOATS, "ttt-"),
	ALU(FNEG, FLOATS, "tt--"),
	ALU(FABS, FLOATS, "tt--"),
	ALU(FSQRT, FLOATS, "tt--"),
	ALU(FRCP, FLOATS, "tt--"),
	ALU(FRSQ, FLOATS, "tt--"),
	ALU(FFLOOR, FLOATS, "tt--"),
	ALU(FCEIL, FLOATS, "tt--"),
	ALU(FTRUNC, FLOATS, "tt--"),
	ALU(FROUND_EVEN, FLOATS, "tt--"),
	ALU(FSIN, SMALL_FLOATS, "tt--"),
	ALU(FCOS, SMALL_FLOATS, "tt--"),
	ALU(FEXP2, SMALL_FLOATS, "tt--"),
	ALU(FLOG2, SMALL_FLOATS, "tt--"),
	ALU(FPOW, SMALL_FLOATS, "ttt-"),
	ALU(FLDEXP, FLOATS, "ttw-"),
	{ "FCMP", VSVM_OP_FCMP, FLOATS, "wtt-", 0, UP_TO(VSVM_COND_UNORD), true },
	ALU(FSUB, FLOATS, "ttt-"),
	ALU(FMOD, FLOATS, "ttt-"),
	ALU(FSIGN, FLOATS, "tt--"),
	ALU(FSAT, FLOATS, "tt--"),
	ALU(FFRACT, FLOATS, "tt--"),
	ALU(FREXP_EXP, FLOATS, "wt--"),
	ALU(FREXP_SIG, FLOATS, "tt--"),
};

/* Is an instruction taken, where control flow would allow it? */
static bool accepts(u16 num_regs, const struct vsvm_insn *insn)
{
	const struct vsvm_insn if_insn = { .op = VSVM_OP_IF }, loop_insn = { .op = VSVM_OP_LOOP };
	struct vsvm_hw_insn room[3];
	struct vsvm_hw_program program = {
		.insns = room, .num_regs = num_regs, .num_insns = ARRAY_SIZE(room),
		.features = ALL_FEATURES,
	};

	switch (insn->op) {
	case VSVM_OP_ELSE:
	case VSVM_OP_ENDIF:
		vsvm_hw_program_add(&program, &if_insn);
		break;
	case VSVM_OP_ENDLOOP:
	case VSVM_OP_BREAK:
	case VSVM_OP_CONTINUE:
		vsvm_hw_program_add(&program, &loop_insn);
		break;
	}
	return vsvm_hw_program_add(&program, insn);
}

static u8 *field(struct vsvm_insn *insn, unsigned int operand)
{
	u8 *const fields[] = { &insn->dst, &insn->a, &insn->b, &insn->c };

	return fields[operand];
}

/* An instruction as it has to be, all registers 0. */
static struct vsvm_insn good_insn(const struct shape *shape)
{
	struct vsvm_insn insn = { .op = shape->op, .type = shape->types ? __ffs(shape->types) : 0 };

	/* Without it BREAK, CONTINUE and EXIT have no register. */
	if (shape->flags & VSVM_INSN_PRED)
		insn.flags = VSVM_INSN_PRED;
	return insn;
}

/* Of what is atomic, floating point has operations of its own. */
static void set_type(struct vsvm_insn *insn, u8 type)
{
	insn->type = type;
	if (insn->op == VSVM_OP_ATOM)
		insn->imm = (u64)(type >= VSVM_TYPE_F16 ? VSVM_ATOMIC_FADD : 0) << 32;
}

static unsigned int operand_regs(char operand, const struct vsvm_insn *insn)
{
	switch (operand) {
	case 't':
		return 1 + ((insn->type & 3) == 3);
	case 'f':
		return 1 + ((insn->mod & 3) == 3);
	case 'd':
		return 1 + ((insn->type & 3) == 2);
	case 'a':
		return 2;
	default:
		return 1;
	}
}

static void expect_types(struct kunit *test, const struct shape *shape)
{
	struct vsvm_insn insn = good_insn(shape);
	unsigned int type;

	for (type = 0; type < 256; type++) {
		bool good = shape->types ? type < 16 && shape->types & BIT(type) : !type;

		set_type(&insn, type);
		KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn), good, "%s: type %u", shape->name,
				    type);
	}
}

static void expect_modifiers(struct kunit *test, const struct shape *shape)
{
	struct vsvm_insn insn = good_insn(shape);
	unsigned int mod;

	for (mod = 0; mod < 256; mod++) {
		insn.mod = mod;
		KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn),
				    mod < 64 && shape->mods & BIT_ULL(mod),
				    "%s: modifier %u", shape->name, mod);
	}
}

static void expect_flags(struct kunit *test, const struct shape *shape)
{
	struct vsvm_insn insn = good_insn(shape);
	unsigned int flags;

	for (flags = 0; flags < 256; flags++) {
		u8 allowed = shape->flags | (shape->imm ? VSVM_INSN_IMM : 0);
		bool good = !(flags & ~allowed);

		/* NOT turns a predicate, which only IF has without saying so. */
		if (flags & VSVM_INSN_NOT && !(flags & VSVM_INSN_PRED) && shape->op != VSVM_OP_IF)
			good = false;
		insn.flags = flags;
		KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn), good, "%s: flags %#x", shape->name,
				    flags);
	}
}

/* Each operand, alone, in the last register that it can have, and in the one after. */
static void expect_operands(struct kunit *test, const struct shape *shape)
{
	unsigned int type, operand;

	for (type = 0; type <= VSVM_TYPE_F64; type++) {
		if (type && !(shape->types & BIT(type)))
			continue;
		for (operand = 0; operand < 4; operand++) {
			struct vsvm_insn insn = good_insn(shape);
			u8 *reg = field(&insn, operand);
			unsigned int regs;

			if (type)
				set_type(&insn, type);
			*reg = 1;
			if (shape->operands[operand] == '-') {
				KUNIT_EXPECT_FALSE_MSG(test, accepts(VSVM_MAX_REGS, &insn),
						       "%s: type %u operand %u", shape->name, type,
						       operand);
				continue;
			}
			regs = operand_regs(shape->operands[operand], &insn);
			*reg = 40 - regs;
			KUNIT_EXPECT_TRUE_MSG(test, accepts(40, &insn), "%s: type %u operand %u",
					      shape->name, type, operand);
			KUNIT_EXPECT_FALSE_MSG(test, accepts(39, &insn), "%s: type %u operand %u",
					       shape->name, type, operand);
			*reg = VSVM_MAX_REGS - regs;
			KUNIT_EXPECT_TRUE_MSG(test, accepts(VSVM_MAX_REGS, &insn), "%s",
					      shape->name);
			KUNIT_EXPECT_FALSE_MSG(test, accepts(VSVM_MAX_REGS - 1, &insn), "%s",
					       shape->name);
			/* The pair of the last register would begin again at 0. */
			*reg = VSVM_MAX_REGS - 1;
			KUNIT_EXPECT_EQ_MSG(test, accepts(VSVM_MAX_REGS, &insn), regs == 1, "%s",
					    shape->name);
		}
	}
}

static void expect_immediates(struct kunit *test, const struct shape *shape)
{
	struct vsvm_insn insn = good_insn(shape);
	bool memory = shape->op >= VSVM_OP_LD && shape->op <= VSVM_OP_PREFETCH;
	unsigned int last, operand;

	insn.imm = 1;
	KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn), memory || shape->op == VSVM_OP_REDUCE, "%s",
			    shape->name);
	insn.imm = U32_MAX;
	KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn), memory, "%s", shape->name);
	insn.imm = BIT_ULL(63);
	KUNIT_EXPECT_FALSE_MSG(test, accepts(8, &insn), "%s", shape->name);
	insn.imm = BIT_ULL(32);
	KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn), shape->op == VSVM_OP_ATOM, "%s", shape->name);
	if (!shape->imm)
		return;

	for (last = 3; shape->operands[last] == '-'; last--)
		;
	insn = good_insn(shape);
	insn.flags = VSVM_INSN_IMM;
	insn.imm = U64_MAX;
	KUNIT_EXPECT_TRUE_MSG(test, accepts(8, &insn), "%s", shape->name);
	insn.imm = 0;
	KUNIT_EXPECT_TRUE_MSG(test, accepts(8, &insn), "%s", shape->name);
	for (operand = 0; operand < 4; operand++) {
		insn = good_insn(shape);
		insn.flags = VSVM_INSN_IMM;
		*field(&insn, operand) = 1;
		KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn), operand < last, "%s: operand %u",
				    shape->name, operand);
	}
}

/* All that an opcode says of its instructions, one thing at a time. */
static void test_shapes(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		expect_types(test, &shapes[i]);
		expect_modifiers(test, &shapes[i]);
		expect_flags(test, &shapes[i]);
		expect_operands(test, &shapes[i]);
		expect_immediates(test, &shapes[i]);
	}
}

/* An opcode that is not in the table does not exist, whatever else it says. */
static void test_unknown(struct kunit *test)
{
	unsigned int op, type, i;

	for (op = 0; op < 256; op++) {
		for (i = 0; i < ARRAY_SIZE(shapes) && shapes[i].op != op; i++)
			;
		for (type = 0; type < 16 && i == ARRAY_SIZE(shapes); type++) {
			struct vsvm_insn insn = { .op = op, .type = type };

			KUNIT_EXPECT_FALSE_MSG(test, accepts(8, &insn), "opcode %#x", op);
		}
	}
}

/* Without a predicate there is no register for it. */
static void test_predicate(struct kunit *test)
{
	static const u8 ops[] = { VSVM_OP_BREAK, VSVM_OP_CONTINUE, VSVM_OP_EXIT };
	struct vsvm_insn insn = { .op = VSVM_OP_IF, .a = 7 };
	unsigned int i;

	KUNIT_EXPECT_TRUE(test, accepts(8, &insn));
	KUNIT_EXPECT_FALSE(test, accepts(7, &insn));
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		insn = (struct vsvm_insn) { .op = ops[i], .a = 7 };
		KUNIT_EXPECT_FALSE(test, accepts(8, &insn));
		insn.flags = VSVM_INSN_PRED;
		KUNIT_EXPECT_TRUE(test, accepts(8, &insn));
		insn.flags = VSVM_INSN_PRED | VSVM_INSN_NOT;
		KUNIT_EXPECT_TRUE(test, accepts(8, &insn));
		insn = (struct vsvm_insn) { .op = ops[i], .flags = VSVM_INSN_NOT };
		KUNIT_EXPECT_FALSE(test, accepts(8, &insn));
	}
}

static void test_special(struct kunit *test)
{
	struct vsvm_insn insn = { .op = VSVM_OP_SREG, .type = VSVM_TYPE_U64, .dst = 6 };
	unsigned int mod;

	for (mod = 0; mod < 256; mod++) {
		insn.mod = mod;
		KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn), mod == VSVM_SREG_CLOCK, "%u", mod);
	}
	insn.mod = VSVM_SREG_CLOCK;
	KUNIT_EXPECT_FALSE(test, accepts(7, &insn));
}

/* The source of a conversion is as wide as its own type. */
static void test_convert(struct kunit *test)
{
	unsigned int from, to;

	for (from = VSVM_TYPE_U8; from <= VSVM_TYPE_S64; from++) {
		for (to = VSVM_TYPE_U8; to <= VSVM_TYPE_S64; to++) {
			struct vsvm_insn insn = {
				.op = VSVM_OP_CVT, .type = to, .mod = from, .dst = 0, .a = 7,
			};

			KUNIT_EXPECT_TRUE(test, accepts(9, &insn));
			KUNIT_EXPECT_EQ(test, accepts(8, &insn), (from & 3) != 3);
			insn.dst = 7;
			insn.a = 0;
			KUNIT_EXPECT_TRUE(test, accepts(9, &insn));
			KUNIT_EXPECT_EQ(test, accepts(8, &insn), (to & 3) != 3);
		}
	}
}

static void test_load_argument(struct kunit *test)
{
	struct vsvm_insn insn = {
		.op = VSVM_OP_LD, .type = VSVM_TYPE_U32, .mod = VSVM_SPACE_ARG, .imm = U32_MAX,
	};

	/* No address: so one register does. */
	KUNIT_EXPECT_TRUE(test, accepts(1, &insn));
	insn.a = 1;
	KUNIT_EXPECT_FALSE(test, accepts(8, &insn));
	insn.a = 0;
	insn.imm = BIT_ULL(32);
	KUNIT_EXPECT_FALSE(test, accepts(8, &insn));
	insn = (struct vsvm_insn) { .op = VSVM_OP_LD, .type = VSVM_TYPE_U32 };
	KUNIT_EXPECT_FALSE(test, accepts(1, &insn));
	/* Arguments are read only. */
	insn = (struct vsvm_insn) { .op = VSVM_OP_ST, .type = VSVM_TYPE_U32,
				    .mod = VSVM_SPACE_ARG };
	KUNIT_EXPECT_FALSE(test, accepts(8, &insn));
}

static void test_atomic(struct kunit *test)
{
	const struct vsvm_insn good = { .op = VSVM_OP_ATOM, .type = VSVM_TYPE_U64 };
	struct vsvm_insn insn;
	u64 op;

	for (op = 0; op < 64; op++) {
		insn = good;
		insn.imm = op << 32 | U32_MAX;
		KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn), op <= VSVM_ATOMIC_SMAX, "%llu", op);
		/* Only an exchange that compares has a comparand. */
		insn.c = 6;
		KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn), op == VSVM_ATOMIC_CMPXCHG, "%llu", op);
		KUNIT_EXPECT_FALSE(test, accepts(7, &insn));
	}
	/* Of a floating point type only the others, and there is no comparand. */
	for (op = 0; op < 256; op++) {
		insn = good;
		insn.type = VSVM_TYPE_F32;
		insn.imm = op << 32;
		KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn),
				    op >= VSVM_ATOMIC_FADD && op <= VSVM_ATOMIC_FMAX, "%llu", op);
		insn.c = 6;
		KUNIT_EXPECT_FALSE(test, accepts(8, &insn));
	}
	/* Without a result there is no register for it. */
	insn = good;
	insn.dst = 6;
	KUNIT_EXPECT_TRUE(test, accepts(8, &insn));
	insn.flags = VSVM_INSN_NORET;
	KUNIT_EXPECT_FALSE(test, accepts(8, &insn));
	insn.dst = 0;
	KUNIT_EXPECT_TRUE(test, accepts(8, &insn));
}

/* Bits 40..43 are the order, 44..47 the scope, and there is nothing above them. */
static void test_order(struct kunit *test)
{
	static const u8 ops[] = { VSVM_OP_ATOM, VSVM_OP_MEMBAR, VSVM_OP_BARRIER };
	struct vsvm_insn insn;
	unsigned int i, bits, bit;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		const u8 weakest = ops[i] == VSVM_OP_ATOM ? VSVM_ORDER_RELAXED :
							    VSVM_ORDER_RELEASE;

		insn = (struct vsvm_insn) {
			.op = ops[i], .type = ops[i] == VSVM_OP_ATOM ? VSVM_TYPE_U32 : 0,
		};
		for (bits = 0; bits < 256; bits++) {
			insn.imm = (u64)bits << 40;
			KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn),
					    (bits & 15) <= weakest &&
					    bits >> 4 <= VSVM_SCOPE_WAVE,
					    "opcode %#x: %#x", ops[i], bits);
		}
		for (bit = 48; bit < 64; bit++) {
			insn.imm = BIT_ULL(bit);
			KUNIT_EXPECT_FALSE_MSG(test, accepts(8, &insn), "bit %u", bit);
		}
	}
}

/* An address has as many bits as the space. */
static void test_spaces(struct kunit *test)
{
	static const struct {
		u8 space, regs;
	} cases[] = {
		{ VSVM_SPACE_GLOBAL, 2 }, { VSVM_SPACE_GENERIC, 2 }, { VSVM_SPACE_SHARED, 1 },
		{ VSVM_SPACE_SCRATCH, 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const u8 regs = cases[i].regs;
		struct vsvm_insn insn = {
			.op = VSVM_OP_LD, .type = VSVM_TYPE_U8, .mod = cases[i].space,
			.a = 10 - regs,
		};

		KUNIT_EXPECT_TRUE_MSG(test, accepts(10, &insn), "%u", i);
		KUNIT_EXPECT_FALSE_MSG(test, accepts(9, &insn), "%u", i);
	}
}

static void test_cluster(struct kunit *test)
{
	struct vsvm_insn insn = { .op = VSVM_OP_REDUCE, .type = VSVM_TYPE_U32 };
	unsigned int cluster;

	for (cluster = 0; cluster < 256; cluster++) {
		insn.imm = cluster;
		KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn),
				    !cluster || (cluster <= 32 && hweight32(cluster) == 1), "%u",
				    cluster);
	}
	insn.imm = BIT_ULL(32);
	KUNIT_EXPECT_FALSE(test, accepts(8, &insn));
	/* Scans have none, and floating point has no bits to combine. */
	insn = (struct vsvm_insn) { .op = VSVM_OP_SCAN_INCL, .type = VSVM_TYPE_U32, .imm = 4 };
	KUNIT_EXPECT_FALSE(test, accepts(8, &insn));
	insn = (struct vsvm_insn) { .op = VSVM_OP_REDUCE, .type = VSVM_TYPE_F32 };
	for (insn.mod = 0; insn.mod < 255; insn.mod++)
		KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn), insn.mod <= VSVM_REDUCE_MAX, "%u",
				    insn.mod);
}

/* How to round is a question only where there is floating point. */
static void test_rounding(struct kunit *test)
{
	unsigned int from, to, round;

	for (from = 0; from < 16; from++) {
		for (to = 0; to < 16; to++) {
			for (round = 0; round < 16; round++) {
				const u32 types = BIT(from) | BIT(to);
				struct vsvm_insn insn = {
					.op = VSVM_OP_CVT, .type = to, .mod = from | round << 4,
				};

				KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn),
						    !(types & ~(ANY | FLOATS)) &&
						    (!round || (round <= VSVM_ROUND_DOWN &&
								types & FLOATS)),
						    "%u to %u, %u", from, to, round);
			}
		}
	}
}

static struct kunit_case insn_cases[] = {
	KUNIT_CASE(test_shapes),
	KUNIT_CASE(test_unknown),
	KUNIT_CASE(test_predicate),
	KUNIT_CASE(test_special),
	KUNIT_CASE(test_convert),
	KUNIT_CASE(test_load_argument),
	KUNIT_CASE(test_atomic),
	KUNIT_CASE(test_order),
	KUNIT_CASE(test_spaces),
	KUNIT_CASE(test_cluster),
	KUNIT_CASE(test_rounding),
	{}
};

static struct kunit_suite insn_suite = {
	.name = "vsvm-hw-insn",
	.test_cases = insn_cases,
};

kunit_test_suite(insn_suite);
