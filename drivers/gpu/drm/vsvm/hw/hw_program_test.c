// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of program checks
 *
 * The rules that programs have to keep as a whole, and where their control flow goes,
 * hw/hw_program.c, at their edges; hw_insn_test.c has those of single instructions. Functions of
 * their arguments; no engine runs.
 */

#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/string.h>

#include "hw_internal.h"

#define GOOD	U32_MAX

#define ALL_FEATURES	(VSVM_FEATURE_FLOAT | VSVM_FEATURE_SHARED | VSVM_FEATURE_SCRATCH |	\
			 VSVM_FEATURE_SUBGROUP)

/* Index of the first bad instruction, @count if something is open at the end, GOOD if none. */
static u32 check_with(struct kunit *test, u32 features, u16 num_regs,
		      const struct vsvm_insn *insns, u32 count)
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
	KUNIT_ASSERT_TRUE(test, vsvm_hw_program_begin(program, &head, features));
	program->insns = kunit_kcalloc(test, count, sizeof(*program->insns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, program->insns);
	for (i = 0; i < count; i++)
		if (!vsvm_hw_program_add(program, &insns[i]))
			return i;
	return vsvm_hw_program_end(program) == count ? GOOD : count;
}

static u32 check(struct kunit *test, u16 num_regs, const struct vsvm_insn *insns, u32 count)
{
	return check_with(test, ALL_FEATURES, num_regs, insns, count);
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

	return vsvm_hw_program_begin(&program, &head, ALL_FEATURES);
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

	KUNIT_EXPECT_TRUE(test, vsvm_hw_program_begin(&program, &good, 0));
	/* Of the program before nothing is left. */
	KUNIT_EXPECT_EQ(test, program.depth, 0);
	KUNIT_EXPECT_EQ(test, program.max_depth, 0);
	KUNIT_EXPECT_EQ(test, program.checked, 0);
	for (byte = offsetof(struct vsvm_program, shared_size); byte < sizeof(good); byte++) {
		struct vsvm_program head = good;

		((u8 *)&head)[byte] = 0x80;
		KUNIT_EXPECT_FALSE_MSG(test, vsvm_hw_program_begin(&program, &head, 0), "byte %u",
				       byte);
	}
}

static bool sizes_ok(u32 features, u32 shared_size, u32 scratch_size)
{
	const struct vsvm_program head = {
		.magic = VSVM_PROGRAM_MAGIC, .version = VSVM_PROGRAM_VERSION, .num_regs = 1,
		.num_insns = 1, .shared_size = shared_size, .scratch_size = scratch_size,
	};
	struct vsvm_hw_program program = {};

	return vsvm_hw_program_begin(&program, &head, features) &&
	       program.features == features && program.shared_size == shared_size &&
	       program.scratch_size == scratch_size;
}

static void test_head_sizes(struct kunit *test)
{
	const u32 shared = VSVM_FEATURE_SHARED, scratch = VSVM_FEATURE_SCRATCH;

	KUNIT_EXPECT_TRUE(test, sizes_ok(0, 0, 0));
	KUNIT_EXPECT_TRUE(test, sizes_ok(shared, VSVM_MAX_SHARED, 0));
	KUNIT_EXPECT_FALSE(test, sizes_ok(shared, VSVM_MAX_SHARED + 1, 0));
	KUNIT_EXPECT_FALSE(test, sizes_ok(shared, U32_MAX, 0));
	KUNIT_EXPECT_FALSE(test, sizes_ok(scratch, 1, 0));
	KUNIT_EXPECT_TRUE(test, sizes_ok(scratch, 0, VSVM_MAX_SCRATCH));
	KUNIT_EXPECT_FALSE(test, sizes_ok(scratch, 0, VSVM_MAX_SCRATCH + 1));
	KUNIT_EXPECT_FALSE(test, sizes_ok(scratch, 0, U32_MAX));
	KUNIT_EXPECT_FALSE(test, sizes_ok(shared, 0, 1));
	KUNIT_EXPECT_TRUE(test, sizes_ok(shared | scratch, 3, 5));
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

/* What a device does not have is refused, not skipped. */
static void test_features(struct kunit *test)
{
	static const struct {
		struct vsvm_insn insn;
		u32 features;
	} cases[] = {
		{ { VSVM_OP_BARRIER }, VSVM_FEATURE_SHARED },
		{ { VSVM_OP_BALLOT, VSVM_TYPE_U32 }, VSVM_FEATURE_SUBGROUP },
		{ { VSVM_OP_SHUFFLE, VSVM_TYPE_U64 }, VSVM_FEATURE_SUBGROUP },
		{ { VSVM_OP_REDUCE, VSVM_TYPE_S8 }, VSVM_FEATURE_SUBGROUP },
		{ { VSVM_OP_REDUCE, VSVM_TYPE_F32 }, VSVM_FEATURE_SUBGROUP | VSVM_FEATURE_FLOAT },
		{ { VSVM_OP_FADD, VSVM_TYPE_F32 }, VSVM_FEATURE_FLOAT },
		{ { VSVM_OP_FCMP, VSVM_TYPE_F64 }, VSVM_FEATURE_FLOAT },
		{ { VSVM_OP_CVT, VSVM_TYPE_F16, VSVM_TYPE_U8 }, VSVM_FEATURE_FLOAT },
		{ { VSVM_OP_CVT, VSVM_TYPE_U8, VSVM_TYPE_F16 }, VSVM_FEATURE_FLOAT },
		{ { VSVM_OP_ATOM, VSVM_TYPE_F32, .imm = (u64)VSVM_ATOMIC_FADD << 32 },
		  VSVM_FEATURE_FLOAT },
		{ { VSVM_OP_LD, VSVM_TYPE_U32, VSVM_SPACE_SHARED }, VSVM_FEATURE_SHARED },
		{ { VSVM_OP_ST, VSVM_TYPE_U32, VSVM_SPACE_SCRATCH }, VSVM_FEATURE_SCRATCH },
		{ { VSVM_OP_LD, VSVM_TYPE_U32, VSVM_SPACE_GENERIC },
		  VSVM_FEATURE_SHARED | VSVM_FEATURE_SCRATCH },
	};
	unsigned int i, features;
	u32 want;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (features = 0; features <= ALL_FEATURES; features++) {
			want = GOOD;
			if (cases[i].features & ~features)
				want = 0;
			KUNIT_EXPECT_EQ_MSG(test,
					    check_with(test, features, 8, &cases[i].insn, 1),
					    want, "case %u, features %#x", i, features);
		}
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

KUNIT_DEFINE_ACTION_WRAPPER(free_memory, kvfree, const void *);

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

	program.insns = kvcalloc(count, sizeof(*program.insns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, program.insns);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_memory, program.insns), 0);
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
	struct vsvm_hw_program program = { .num_regs = 1, .num_insns = 4 * VSVM_MAX_NESTING };
	unsigned int i;

	program.insns = kunit_kcalloc(test, program.num_insns, sizeof(*program.insns), GFP_KERNEL);
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
	char *text = kvzalloc(VSVM_MAX_INSNS + 1, GFP_KERNEL);
	const u32 last = VSVM_MAX_INSNS - 1;
	struct vsvm_hw_insn *insns;

	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_memory, text), 0);
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
	KUNIT_CASE(test_head_sizes),
	KUNIT_CASE(test_registers),
	KUNIT_CASE(test_unused_fields),
	KUNIT_CASE(test_nesting),
	KUNIT_CASE(test_structure),
	KUNIT_CASE(test_features),
	KUNIT_CASE(test_immediate_decoded),
	KUNIT_CASE(test_decoded),
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
