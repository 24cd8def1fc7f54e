// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of program and packet checks
 *
 * The rules that programs and packets have to keep, hw/hw_program.c and hw/hw_cmd.c, and the format
 * of page table entries, hw/hw_mmu.c, at their edges. Functions of their arguments; no engine runs.
 */

#include <kunit/test.h>

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

static void test_dispatch(struct kunit *test)
{
	const struct vsvm_cmd_dispatch good = {
		.head = { .op = VSVM_CMD_DISPATCH, .size = sizeof(good) },
		.grid = { 1, 1, 1 },
		.local = { 1, 1, 1 },
	};
	union vsvm_hw_packet packet = { .dispatch = good };
	u64 bad = 0;

	KUNIT_EXPECT_EQ(test, vsvm_hw_cmd_check(&packet, &bad), 0);
	packet.dispatch.grid[0] = U32_MAX;
	KUNIT_EXPECT_EQ(test, vsvm_hw_cmd_check(&packet, &bad), 0);
	packet.dispatch.grid[1] = 2;
	KUNIT_EXPECT_EQ(test, vsvm_hw_cmd_check(&packet, &bad), VSVM_ERROR_COMMAND);
	/* 2^96, which is 0 in 64 bits and in 32. */
	packet.dispatch.grid[0] = 0x80000000;
	packet.dispatch.grid[1] = 0x80000000;
	packet.dispatch.grid[2] = 0x80000000;
	KUNIT_EXPECT_EQ(test, vsvm_hw_cmd_check(&packet, &bad), VSVM_ERROR_COMMAND);
	packet.dispatch = good;
	packet.dispatch.local[2] = 0;
	KUNIT_EXPECT_EQ(test, vsvm_hw_cmd_check(&packet, &bad), VSVM_ERROR_COMMAND);
	packet.dispatch.local[2] = VSVM_MAX_LOCAL;
	KUNIT_EXPECT_EQ(test, vsvm_hw_cmd_check(&packet, &bad), 0);
	packet.dispatch.local[1] = 2;
	KUNIT_EXPECT_EQ(test, vsvm_hw_cmd_check(&packet, &bad), VSVM_ERROR_COMMAND);
	packet.dispatch = good;
	packet.dispatch.args_size = VSVM_MAX_ARGS + 1;
	KUNIT_EXPECT_EQ(test, vsvm_hw_cmd_check(&packet, &bad), VSVM_ERROR_COMMAND);
	packet.dispatch = good;
	packet.dispatch.program = 4;
	KUNIT_EXPECT_EQ(test, vsvm_hw_cmd_check(&packet, &bad), VSVM_ERROR_COMMAND);
}

static void test_range(struct kunit *test)
{
	const u64 end = VSVM_HW_VA_END;
	u64 bad = 0;

	KUNIT_EXPECT_TRUE(test, vsvm_hw_range_ok(0, 0, &bad));
	KUNIT_EXPECT_TRUE(test, vsvm_hw_range_ok(0, end, &bad));
	KUNIT_EXPECT_TRUE(test, vsvm_hw_range_ok(end - 1, 1, &bad));
	KUNIT_EXPECT_FALSE(test, vsvm_hw_range_ok(end - 1, 2, &bad));
	KUNIT_EXPECT_EQ(test, bad, end);
	KUNIT_EXPECT_FALSE(test, vsvm_hw_range_ok(0, end + 1, &bad));
	KUNIT_EXPECT_EQ(test, bad, end);
	KUNIT_EXPECT_FALSE(test, vsvm_hw_range_ok(U64_MAX, 2, &bad));
	KUNIT_EXPECT_EQ(test, bad, U64_MAX);
	KUNIT_EXPECT_FALSE(test, vsvm_hw_range_ok(1, U64_MAX, &bad));
}

static void test_entry_format(struct kunit *test)
{
	const u64 valid = VSVM_PTE_VALID;
	bool leaf;

	KUNIT_EXPECT_EQ(test, vsvm_hw_pte_check(valid, 0, &leaf), 0);
	KUNIT_EXPECT_TRUE(test, leaf);
	KUNIT_EXPECT_EQ(test, vsvm_hw_pte_check(valid, 1, &leaf), 0);
	KUNIT_EXPECT_FALSE(test, leaf);
	KUNIT_EXPECT_EQ(test, vsvm_hw_pte_check(valid | VSVM_PTE_LEAF, 1, &leaf), 0);
	KUNIT_EXPECT_TRUE(test, leaf);
	KUNIT_EXPECT_EQ(test, vsvm_hw_pte_check(valid | VSVM_PTE_LEAF, 2, &leaf), 0);
	KUNIT_EXPECT_EQ(test, vsvm_hw_pte_check(valid | VSVM_PTE_LEAF, 3, &leaf),
			VSVM_ERROR_TABLE);
	KUNIT_EXPECT_EQ(test, vsvm_hw_pte_check(valid | VSVM_PTE_LEAF, 0, &leaf),
			VSVM_ERROR_TABLE);
	KUNIT_EXPECT_EQ(test, vsvm_hw_pte_check(valid | VSVM_PTE_LEAF | PAGE_SIZE, 1, &leaf),
			VSVM_ERROR_TABLE);
	KUNIT_EXPECT_EQ(test, vsvm_hw_pte_check(valid | VSVM_PTE_ATOMIC, 0, &leaf),
			VSVM_ERROR_TABLE);
	KUNIT_EXPECT_EQ(test, vsvm_hw_pte_check(valid | BIT_ULL(7), 0, &leaf), VSVM_ERROR_TABLE);
	KUNIT_EXPECT_EQ(test, vsvm_hw_pte_check(valid | BIT_ULL(63), 0, &leaf), VSVM_ERROR_TABLE);
}

static struct kunit_case program_cases[] = {
	KUNIT_CASE(test_head),
	KUNIT_CASE(test_registers),
	KUNIT_CASE(test_unused_fields),
	KUNIT_CASE(test_nesting),
	KUNIT_CASE(test_structure),
	KUNIT_CASE(test_features),
	KUNIT_CASE(test_dispatch),
	KUNIT_CASE(test_range),
	KUNIT_CASE(test_entry_format),
	{}
};

static struct kunit_suite program_suite = {
	.name = "vsvm-program",
	.test_cases = program_cases,
};

kunit_test_suite(program_suite);
