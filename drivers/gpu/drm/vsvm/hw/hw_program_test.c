// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of program checks
 *
 * The rules that programs have to keep, and where their control flow goes, hw/hw_program.c, at
 * their edges. Functions of their arguments; no engine runs.
 */

#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/string.h>

#include "hw_internal.h"

#define GOOD	U32_MAX

/* Index of the first bad instruction, @count if something is open at the end, GOOD if none. */
static u32 check(struct kunit *test, u16 num_regs, const struct vsvm_insn *insns, u32 count)
{
	struct vsvm_program head = {
		.magic = VSVM_PROGRAM_MAGIC,
		.version = VSVM_PROGRAM_VERSION,
		.num_regs = num_regs,
		.num_insns = count,
	};
	struct vsvm_hw_program *program;
	u32 i;

	program = kunit_kzalloc(test, sizeof(*program), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, program);
	KUNIT_ASSERT_TRUE(test, vsvm_hw_program_begin(program, &head));
	program->insns = kunit_kcalloc(test, count, sizeof(*program->insns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, program->insns);
	for (i = 0; i < count; i++)
		if (!vsvm_hw_program_add(program, &insns[i]))
			return i;
	return vsvm_hw_program_end(program) == count ? GOOD : count;
}

static bool head_ok(u32 magic, u16 version, u16 num_regs, u32 num_insns)
{
	struct vsvm_program head = {
		.magic = magic,
		.version = version,
		.num_regs = num_regs,
		.num_insns = num_insns,
	};
	struct vsvm_hw_program program = {};

	return vsvm_hw_program_begin(&program, &head);
}

static void test_head(struct kunit *test)
{
	const u32 magic = VSVM_PROGRAM_MAGIC;
	const u16 version = VSVM_PROGRAM_VERSION;

	KUNIT_EXPECT_TRUE(test, head_ok(magic, version, 1, 1));
	KUNIT_EXPECT_TRUE(test, head_ok(magic, version, VSVM_MAX_REGS, VSVM_MAX_INSNS));
	KUNIT_EXPECT_FALSE(test, head_ok(magic + 1, version, 1, 1));
	KUNIT_EXPECT_FALSE(test, head_ok(magic, version + 1, 1, 1));
	KUNIT_EXPECT_FALSE(test, head_ok(magic, version, 0, 1));
	KUNIT_EXPECT_FALSE(test, head_ok(magic, version, VSVM_MAX_REGS + 1, 1));
	KUNIT_EXPECT_FALSE(test, head_ok(magic, version, 1, 0));
	KUNIT_EXPECT_FALSE(test, head_ok(magic, version, 1, VSVM_MAX_INSNS + 1));
	KUNIT_EXPECT_FALSE(test, head_ok(magic, version, U16_MAX, U32_MAX));
	KUNIT_EXPECT_FALSE(test, head_ok(0, version, 1, 1));
	KUNIT_EXPECT_FALSE(test, head_ok(magic, 0, 1, 1));
}

/* Every word of a head in turn: one that has no meaning yet must be zero. */
static void test_head_reserved(struct kunit *test)
{
	const struct vsvm_program good = {
		.magic = VSVM_PROGRAM_MAGIC, .version = VSVM_PROGRAM_VERSION, .num_regs = 1,
		.num_insns = 1,
	};
	struct vsvm_hw_program program = { .depth = 3, .max_depth = 5, .checked = 7 };
	unsigned int byte;

	KUNIT_EXPECT_TRUE(test, vsvm_hw_program_begin(&program, &good));
	/* Of the program before nothing is left. */
	KUNIT_EXPECT_EQ(test, program.depth, 0);
	KUNIT_EXPECT_EQ(test, program.max_depth, 0);
	KUNIT_EXPECT_EQ(test, program.checked, 0);
	for (byte = offsetof(struct vsvm_program, shared_size); byte < sizeof(good); byte++) {
		struct vsvm_program head = good;

		((u8 *)&head)[byte] = 0x80;
		KUNIT_EXPECT_FALSE_MSG(test, vsvm_hw_program_begin(&program, &head), "byte %u",
				       byte);
	}
}

static void test_registers(struct kunit *test)
{
	struct vsvm_insn insn = { .op = VSVM_OP_ADD, .type = VSVM_TYPE_U32, .dst = 9, .a = 9,
				  .b = 9 };

	KUNIT_EXPECT_EQ(test, check(test, 10, &insn, 1), GOOD);
	KUNIT_EXPECT_EQ(test, check(test, 9, &insn, 1), 0);
	/* The upper half of a pair counts. */
	insn.type = VSVM_TYPE_U64;
	KUNIT_EXPECT_EQ(test, check(test, 10, &insn, 1), 0);
	KUNIT_EXPECT_EQ(test, check(test, 11, &insn, 1), GOOD);
	insn = (struct vsvm_insn) { .op = VSVM_OP_MOV, .type = VSVM_TYPE_U64, .dst = 255,
				    .flags = VSVM_INSN_IMM };
	KUNIT_EXPECT_EQ(test, check(test, VSVM_MAX_REGS, &insn, 1), 0);
	insn.dst = 254;
	KUNIT_EXPECT_EQ(test, check(test, VSVM_MAX_REGS, &insn, 1), GOOD);
}

static void test_unused_fields(struct kunit *test)
{
	const struct vsvm_insn good = { .op = VSVM_OP_NOT, .type = VSVM_TYPE_U32, .dst = 1,
					.a = 2 };
	struct vsvm_insn insn = good;

	KUNIT_EXPECT_EQ(test, check(test, 8, &insn, 1), GOOD);
	insn.b = 1;
	KUNIT_EXPECT_EQ(test, check(test, 8, &insn, 1), 0);
	insn = good;
	insn.c = 1;
	KUNIT_EXPECT_EQ(test, check(test, 8, &insn, 1), 0);
	insn = good;
	insn.imm = 1;
	KUNIT_EXPECT_EQ(test, check(test, 8, &insn, 1), 0);
	insn = good;
	insn.mod = 1;
	KUNIT_EXPECT_EQ(test, check(test, 8, &insn, 1), 0);
	insn = good;
	insn.flags = VSVM_INSN_NORET;
	KUNIT_EXPECT_EQ(test, check(test, 8, &insn, 1), 0);
}

static void test_nesting(struct kunit *test)
{
	const u32 most = VSVM_MAX_NESTING;
	struct vsvm_insn *insns;
	u32 i;

	insns = kunit_kcalloc(test, 2 * most + 2, sizeof(*insns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, insns);
	for (i = 0; i < most; i++) {
		insns[i].op = i % 2 ? VSVM_OP_LOOP : VSVM_OP_IF;
		insns[2 * most - 1 - i].op = i % 2 ? VSVM_OP_ENDLOOP : VSVM_OP_ENDIF;
	}
	KUNIT_EXPECT_EQ(test, check(test, 1, insns, 2 * most), GOOD);
	KUNIT_EXPECT_EQ(test, check(test, 1, insns, 2 * most - 1), 2 * most - 1);
	KUNIT_EXPECT_EQ(test, check(test, 1, insns + 1, most), 2 * most - most);

	for (i = 0; i <= most; i++)
		insns[i].op = VSVM_OP_IF;
	KUNIT_EXPECT_EQ(test, check(test, 1, insns, most + 1), most);
}

static void test_structure(struct kunit *test)
{
	static const struct {
		u8 ops[4];
		u32 bad;
	} cases[] = {
		{ { VSVM_OP_IF, VSVM_OP_ELSE, VSVM_OP_ENDIF, VSVM_OP_NOP }, GOOD },
		{ { VSVM_OP_IF, VSVM_OP_ELSE, VSVM_OP_ELSE, VSVM_OP_ENDIF }, 2 },
		{ { VSVM_OP_ELSE, VSVM_OP_NOP, VSVM_OP_NOP, VSVM_OP_NOP }, 0 },
		{ { VSVM_OP_NOP, VSVM_OP_ENDIF, VSVM_OP_NOP, VSVM_OP_NOP }, 1 },
		{ { VSVM_OP_LOOP, VSVM_OP_ENDIF, VSVM_OP_NOP, VSVM_OP_NOP }, 1 },
		{ { VSVM_OP_LOOP, VSVM_OP_ELSE, VSVM_OP_ENDLOOP, VSVM_OP_NOP }, 1 },
		{ { VSVM_OP_IF, VSVM_OP_BREAK, VSVM_OP_ENDIF, VSVM_OP_NOP }, 1 },
		{ { VSVM_OP_LOOP, VSVM_OP_ENDLOOP, VSVM_OP_CONTINUE, VSVM_OP_NOP }, 2 },
		{ { VSVM_OP_LOOP, VSVM_OP_CONTINUE, VSVM_OP_BREAK, VSVM_OP_ENDLOOP }, GOOD },
		{ { VSVM_OP_EXIT, VSVM_OP_EXIT, VSVM_OP_EXIT, VSVM_OP_EXIT }, GOOD },
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vsvm_insn insns[4] = {};

		for (j = 0; j < ARRAY_SIZE(insns); j++)
			insns[j].op = cases[i].ops[j];
		KUNIT_EXPECT_EQ_MSG(test, check(test, 1, insns, ARRAY_SIZE(insns)), cases[i].bad,
				    "case %u", i);
	}
}

/* What this device does not have is refused, not skipped. */
static void test_features(struct kunit *test)
{
	static const u8 ops[] = { VSVM_OP_BARRIER, VSVM_OP_BALLOT, VSVM_OP_SHUFFLE, VSVM_OP_FADD,
				  VSVM_OP_FCMP, 0x0f, 0x7f, 0xff };
	struct vsvm_insn insn = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		insn.op = ops[i];
		KUNIT_EXPECT_EQ_MSG(test, check(test, 8, &insn, 1), 0, "opcode %#x", ops[i]);
	}
	insn = (struct vsvm_insn) { .op = VSVM_OP_LD, .type = VSVM_TYPE_U32,
				    .mod = VSVM_SPACE_SHARED, .dst = 1 };
	KUNIT_EXPECT_EQ(test, check(test, 8, &insn, 1), 0);
	insn = (struct vsvm_insn) { .op = VSVM_OP_MOV, .type = VSVM_TYPE_F32, .dst = 1 };
	KUNIT_EXPECT_EQ(test, check(test, 8, &insn, 1), 0);
}

/*
 * What the instruction set says of an opcode, in the order of &struct vsvm_insn. Operands: t of the
 * type, w 32 bits, a an address, f of the type that mod names, - none.
 */
struct shape {
	const char *name;
	u8 op;
	u16 types;
	const char *operands;
	u8 flags;
	/* How many modifiers there are, from 0 on. */
	u8 mods;
	/* The last source may be the immediate. */
	bool imm;
};

#define UNSIGNED	(BIT(VSVM_TYPE_U8) | BIT(VSVM_TYPE_U16) | BIT(VSVM_TYPE_U32) | \
			 BIT(VSVM_TYPE_U64))
#define SIGNED		(BIT(VSVM_TYPE_S8) | BIT(VSVM_TYPE_S16) | BIT(VSVM_TYPE_S32) | \
			 BIT(VSVM_TYPE_S64))
#define ANY		(UNSIGNED | SIGNED)
#define WORDS		(BIT(VSVM_TYPE_U32) | BIT(VSVM_TYPE_U64))

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
	{ "CMP", VSVM_OP_CMP, ANY, "wtt-", 0, VSVM_COND_GE + 1, true },
	{ "CVT", VSVM_OP_CVT, ANY, "tf--", 0, VSVM_TYPE_S64 + 1, false },
	/* The clock alone is 64 bits, see test_special(). */
	{ "SREG", VSVM_OP_SREG, BIT(VSVM_TYPE_U32), "t---", 0, VSVM_SREG_ENGINE + 1, false },
	/* Arguments have no address, see test_load_argument(). */
	{ "LD", VSVM_OP_LD, ANY, "ta--", 0, 1, false },
	{ "ST", VSVM_OP_ST, ANY, "-at-", 0, 1, false },
	{ "ATOM", VSVM_OP_ATOM, WORDS, "tat-", VSVM_INSN_NORET, 1, false },
	{ "PREFETCH", VSVM_OP_PREFETCH, 0, "-a--", 0, 1, false },
};

/* Is an instruction taken, where control flow would allow it? */
static bool accepts(u16 num_regs, const struct vsvm_insn *insn)
{
	const struct vsvm_insn if_insn = { .op = VSVM_OP_IF }, loop_insn = { .op = VSVM_OP_LOOP };
	struct vsvm_hw_insn room[3];
	struct vsvm_hw_program program = {
		.insns = room, .num_regs = num_regs, .num_insns = ARRAY_SIZE(room),
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

static unsigned int operand_regs(char operand, const struct vsvm_insn *insn)
{
	switch (operand) {
	case 't':
		return 1 + ((insn->type & 3) == 3);
	case 'f':
		return 1 + ((insn->mod & 3) == 3);
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

		insn.type = type;
		KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn), good, "%s: type %u", shape->name,
				    type);
	}
}

static void expect_modifiers(struct kunit *test, const struct shape *shape)
{
	struct vsvm_insn insn = good_insn(shape);
	unsigned int mod;

	for (mod = 0; mod < 256; mod++) {
		/* A load may be one of arguments, and then has no address: here it is 0. */
		bool argument = shape->op == VSVM_OP_LD && mod == VSVM_SPACE_ARG;

		insn.mod = mod;
		KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn), mod < shape->mods || argument,
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

	for (type = 0; type <= VSVM_TYPE_S64; type++) {
		if (type && !(shape->types & BIT(type)))
			continue;
		for (operand = 0; operand < 4; operand++) {
			struct vsvm_insn insn = good_insn(shape);
			u8 *reg = field(&insn, operand);
			unsigned int regs;

			if (type)
				insn.type = type;
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
	KUNIT_EXPECT_EQ_MSG(test, accepts(8, &insn), memory, "%s", shape->name);
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

/* Which source the immediate stands for, and how much of it counts. */
static void test_immediate_decoded(struct kunit *test)
{
	static const struct {
		u8 op, type, source;
		bool wide;
	} cases[] = {
		{ VSVM_OP_MOV, VSVM_TYPE_U32, 1, false },
		{ VSVM_OP_MOV, VSVM_TYPE_S64, 1, true },
		{ VSVM_OP_ADD, VSVM_TYPE_U64, 2, true },
		{ VSVM_OP_ADD, VSVM_TYPE_S8, 2, false },
		{ VSVM_OP_MAD, VSVM_TYPE_U64, 3, true },
		{ VSVM_OP_SEL, VSVM_TYPE_U64, 3, true },
		{ VSVM_OP_SEL, VSVM_TYPE_U32, 3, false },
		{ VSVM_OP_SHL, VSVM_TYPE_U64, 2, false },
		{ VSVM_OP_BFE, VSVM_TYPE_S32, 3, false },
		{ VSVM_OP_POPCNT, VSVM_TYPE_U64, 1, true },
		{ VSVM_OP_CMP, VSVM_TYPE_U64, 2, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct vsvm_insn insn = {
			.op = cases[i].op, .type = cases[i].type, .flags = VSVM_INSN_IMM,
			.imm = 0x123456789abcdef0,
		};
		struct vsvm_hw_insn out;
		struct vsvm_hw_program program = { .insns = &out, .num_regs = 8, .num_insns = 1 };

		KUNIT_ASSERT_TRUE(test, vsvm_hw_program_add(&program, &insn));
		KUNIT_EXPECT_NOT_NULL(test, out.alu);
		KUNIT_EXPECT_EQ(test, out.imm, insn.imm);
		KUNIT_EXPECT_EQ_MSG(test, out.imm_source, cases[i].source, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, out.imm_wide, cases[i].wide, "case %u", i);
	}
}

/* Fields come through as they are; IF's predicate is made plain. */
static void test_decoded(struct kunit *test)
{
	const struct vsvm_insn mad = {
		.op = VSVM_OP_MAD, .type = VSVM_TYPE_S16, .dst = 1, .a = 2, .b = 3, .c = 4,
	};
	const struct vsvm_insn if_not = { .op = VSVM_OP_IF, .flags = VSVM_INSN_NOT, .a = 5 };
	struct vsvm_hw_insn out[2];
	struct vsvm_hw_program program = { .insns = out, .num_regs = 8, .num_insns = 2 };

	KUNIT_ASSERT_TRUE(test, vsvm_hw_program_add(&program, &mad));
	KUNIT_EXPECT_EQ(test, out[0].op, VSVM_OP_MAD);
	KUNIT_EXPECT_EQ(test, out[0].type, VSVM_TYPE_S16);
	KUNIT_EXPECT_EQ(test, out[0].dst, 1);
	KUNIT_EXPECT_EQ(test, out[0].a, 2);
	KUNIT_EXPECT_EQ(test, out[0].b, 3);
	KUNIT_EXPECT_EQ(test, out[0].c, 4);
	KUNIT_EXPECT_EQ(test, out[0].imm_source, 0);
	KUNIT_ASSERT_TRUE(test, vsvm_hw_program_add(&program, &if_not));
	KUNIT_EXPECT_NULL(test, out[1].alu);
	KUNIT_EXPECT_EQ(test, out[1].flags, VSVM_INSN_PRED | VSVM_INSN_NOT);
	KUNIT_EXPECT_EQ(test, out[1].a, 5);
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
	/* Bits 40 and up are not the operation's. */
	insn = good;
	insn.imm = BIT_ULL(40);
	KUNIT_EXPECT_FALSE(test, accepts(8, &insn));
	/* Without a result there is no register for it. */
	insn = good;
	insn.dst = 6;
	KUNIT_EXPECT_TRUE(test, accepts(8, &insn));
	insn.flags = VSVM_INSN_NORET;
	KUNIT_EXPECT_FALSE(test, accepts(8, &insn));
	insn.dst = 0;
	KUNIT_EXPECT_TRUE(test, accepts(8, &insn));
}

/* Checks and ends a program of one-letter instructions, all for register 0. */
static struct vsvm_hw_insn *assemble(struct kunit *test, const char *text)
{
	static const u8 ops[128] = {
		['.'] = VSVM_OP_NOP, ['i'] = VSVM_OP_IF, ['e'] = VSVM_OP_ELSE,
		['I'] = VSVM_OP_ENDIF, ['l'] = VSVM_OP_LOOP, ['L'] = VSVM_OP_ENDLOOP,
		['b'] = VSVM_OP_BREAK, ['c'] = VSVM_OP_CONTINUE, ['x'] = VSVM_OP_EXIT,
	};
	const u32 count = strlen(text);
	struct vsvm_hw_program program = { .num_regs = 1, .num_insns = count };
	u32 i;

	program.insns = kunit_kcalloc(test, count, sizeof(*program.insns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, program.insns);
	for (i = 0; i < count; i++) {
		const struct vsvm_insn insn = { .op = ops[(u8)text[i]] };

		KUNIT_ASSERT_TRUE_MSG(test, vsvm_hw_program_add(&program, &insn), "%s at %u",
				      text, i);
	}
	KUNIT_ASSERT_EQ(test, vsvm_hw_program_end(&program), count);
	return program.insns;
}

/*
 * Where a wave goes on when its last lane is off, as a letter for each instruction, A for the
 * first, - where it does not matter; and where ENDLOOP goes back to.
 */
struct target_case {
	const char *text, *next, *again;
};

static const struct target_case target_cases[] = {
	{ "i.I.", "C-E-", "----" },
	{ "i.e.I", "C-E-F", "-----" },
	{ "l.L.", "C-E-", "--B-" },
	{ "lL", "BC", "-B" },
	{ "iI", "BC", "--" },
	{ "ieI", "BCD", "---" },
	/* What turns lanes off within goes to the innermost end, or the else. */
	{ "lbL", "CCD", "--B" },
	{ "lcL", "CCD", "--B" },
	{ "lxL", "CCD", "--B" },
	{ "libIL", "EDDEF", "----B" },
	{ "libecIL", "GDDFFGH", "------B" },
	{ "ixexI", "CCEEF", "-----" },
	{ "x.x", "D-D", "---" },
	/* Side by side, and one in the other. */
	{ "iIiI", "BEDE", "----" },
	{ "iiIeiIIx", "DCDGFGII", "--------" },
	{ "llLL", "DCDE", "--CB" },
	{ "lLlL", "BEDE", "-B-D" },
	{ "illbLcLIx", "HGEEGGHJJ", "----D-C--" },
};

static void expect_targets(struct kunit *test, const struct target_case *c)
{
	const struct vsvm_hw_insn *insns = assemble(test, c->text);
	u32 i;

	for (i = 0; c->text[i]; i++) {
		if (c->next[i] != '-')
			KUNIT_EXPECT_EQ_MSG(test, insns[i].next, c->next[i] - 'A', "at %u", i);
		if (c->again[i] != '-')
			KUNIT_EXPECT_EQ_MSG(test, insns[i].again, c->again[i] - 'A', "at %u", i);
	}
}

static void test_targets(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(target_cases); i++)
		expect_targets(test, &target_cases[i]);
}

/* Every frame has its own ELSE, however deep, and one of a former frame does not count. */
static void test_else_at_depth(struct kunit *test)
{
	const struct vsvm_insn if_insn = { .op = VSVM_OP_IF }, else_insn = { .op = VSVM_OP_ELSE };
	const struct vsvm_insn endif_insn = { .op = VSVM_OP_ENDIF };
	struct vsvm_hw_program program = { .num_regs = 1, .num_insns = 256 };
	unsigned int i;

	program.insns = kunit_kcalloc(test, 256, sizeof(*program.insns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, program.insns);
	for (i = 0; i < VSVM_MAX_NESTING; i++) {
		KUNIT_EXPECT_TRUE(test, vsvm_hw_program_add(&program, &if_insn));
		if (i % 2)
			KUNIT_EXPECT_TRUE(test, vsvm_hw_program_add(&program, &else_insn));
	}
	KUNIT_EXPECT_FALSE(test, vsvm_hw_program_add(&program, &if_insn));
	KUNIT_EXPECT_EQ(test, program.max_depth, VSVM_MAX_NESTING);
	for (i = VSVM_MAX_NESTING; i--;) {
		KUNIT_EXPECT_EQ(test, vsvm_hw_program_add(&program, &else_insn), i % 2 == 0);
		KUNIT_EXPECT_TRUE(test, vsvm_hw_program_add(&program, &endif_insn));
	}
	KUNIT_EXPECT_TRUE(test, vsvm_hw_program_add(&program, &if_insn));
	KUNIT_EXPECT_TRUE(test, vsvm_hw_program_add(&program, &else_insn));
	KUNIT_EXPECT_FALSE(test, vsvm_hw_program_add(&program, &else_insn));
	KUNIT_EXPECT_EQ(test, program.max_depth, VSVM_MAX_NESTING);
}

/* Targets over the longest program: to the last instruction, and to what is after it. */
static void test_longest(struct kunit *test)
{
	char *text = kunit_kzalloc(test, VSVM_MAX_INSNS + 1, GFP_KERNEL);
	const u32 last = VSVM_MAX_INSNS - 1;
	struct vsvm_hw_insn *insns;

	KUNIT_ASSERT_NOT_NULL(test, text);
	memset(text, '.', VSVM_MAX_INSNS);
	text[0] = 'l';
	text[1] = 'b';
	text[last] = 'L';
	insns = assemble(test, text);
	KUNIT_EXPECT_EQ(test, insns[0].next, last);
	KUNIT_EXPECT_EQ(test, insns[1].next, last);
	KUNIT_EXPECT_EQ(test, insns[last].again, 1);
	KUNIT_EXPECT_EQ(test, insns[last].next, VSVM_MAX_INSNS);

	memset(text, '.', VSVM_MAX_INSNS);
	text[last - 2] = 'i';
	text[last - 1] = 'e';
	text[last] = 'I';
	insns = assemble(test, text);
	KUNIT_EXPECT_EQ(test, insns[last - 2].next, last - 1);
	KUNIT_EXPECT_EQ(test, insns[last - 1].next, last);
	KUNIT_EXPECT_EQ(test, insns[last].next, VSVM_MAX_INSNS);
}

static struct kunit_case program_cases[] = {
	KUNIT_CASE(test_head),
	KUNIT_CASE(test_head_reserved),
	KUNIT_CASE(test_registers),
	KUNIT_CASE(test_unused_fields),
	KUNIT_CASE(test_nesting),
	KUNIT_CASE(test_structure),
	KUNIT_CASE(test_features),
	KUNIT_CASE(test_shapes),
	KUNIT_CASE(test_immediate_decoded),
	KUNIT_CASE(test_decoded),
	KUNIT_CASE(test_unknown),
	KUNIT_CASE(test_predicate),
	KUNIT_CASE(test_special),
	KUNIT_CASE(test_convert),
	KUNIT_CASE(test_load_argument),
	KUNIT_CASE(test_atomic),
	KUNIT_CASE(test_targets),
	KUNIT_CASE(test_else_at_depth),
	KUNIT_CASE(test_longest),
	{}
};

static struct kunit_suite program_suite = {
	.name = "vsvm-hw-program",
	.test_cases = program_cases,
};

kunit_test_suite(program_suite);
