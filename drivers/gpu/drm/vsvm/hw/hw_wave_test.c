// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of control flow and special registers
 *
 * Which lanes are on, hw/hw_wave.c. What a program leaves in the registers of 32 lanes is compared
 * with what is written down, and with what it leaves when each lane runs alone.
 */

#include <kunit/test.h>
#include <linux/string.h>

#include "hw_test.h"

#define LANES	VSVM_WAVE_LANES
#define REGS	8
/* Instructions after which a program is taken for one that never ends. */
#define BUDGET	10000

/* Registers of the programs here. */
enum { LANE, X, Y, COND };

struct fixture {
	struct vsvm_hw_test *dev;
	struct vsvm_hw_wave wave;
	struct vsvm_hw_frame frames[VSVM_MAX_NESTING];
	u32 regs[REGS][LANES];
};

static int setup(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->dev = vsvm_hw_test_device(test, 2);
	f->wave.regs = f->regs[0];
	f->wave.frames = f->frames;
	test->priv = f;
	return 0;
}

#define OP(name)		{ .op = VSVM_OP_##name }
#define OP_IF(name, reg)	{ .op = VSVM_OP_##name, .a = (reg), .flags = VSVM_INSN_PRED }
#define OP_UNLESS(name, reg)	{ .op = VSVM_OP_##name, .a = (reg),				\
				  .flags = VSVM_INSN_PRED | VSVM_INSN_NOT }
#define IF(reg)			{ .op = VSVM_OP_IF, .a = (reg) }
#define GET_LANE		{ .op = VSVM_OP_SREG, .type = VSVM_TYPE_U32,			\
				  .mod = VSVM_SREG_LANE, .dst = LANE }
#define ALU(name, d, s, i)	{ .op = VSVM_OP_##name, .type = VSVM_TYPE_U32, .dst = (d),	\
				  .a = (s), .imm = (i), .flags = VSVM_INSN_IMM }
#define LESS(d, s, i)		{ .op = VSVM_OP_CMP, .type = VSVM_TYPE_U32,			\
				  .mod = VSVM_COND_LT, .dst = (d), .a = (s), .imm = (i),	\
				  .flags = VSVM_INSN_IMM }
#define ALU2(name, d, s, t)	{ .op = VSVM_OP_##name, .type = VSVM_TYPE_U32, .dst = (d),	\
				  .a = (s), .b = (t) }

static void load(struct kunit *test, const struct vsvm_insn *insns, u32 count)
{
	struct fixture *f = test->priv;
	struct vsvm_hw_program *program = &f->dev->queue.dispatch.program;
	u32 i;

	program->num_regs = REGS;
	program->num_insns = count;
	program->insns = kunit_kcalloc(test, count, sizeof(*program->insns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, program->insns);
	for (i = 0; i < count; i++)
		KUNIT_ASSERT_TRUE_MSG(test, vsvm_hw_program_add(program, &insns[i]), "insn %u", i);
	KUNIT_ASSERT_EQ(test, vsvm_hw_program_end(program), count);
}

static void run(struct kunit *test, u32 lanes)
{
	struct fixture *f = test->priv;

	vsvm_hw_wave_begin(&f->wave, REGS, lanes);
	f->dev->engine.budget = BUDGET;
	KUNIT_ASSERT_EQ(test, vsvm_hw_wave_run(&f->dev->queue, &f->wave), VSVM_HW_DONE);
}

/* Runs a program by all lanes, by each alone, by all but each, and in slices. */
static void run_all_ways(struct kunit *test, u32 want[LANES])
{
	struct fixture *f = test->priv;
	unsigned int lane, other, slices;

	run(test, U32_MAX);
	for (lane = 0; lane < LANES; lane++)
		KUNIT_EXPECT_EQ_MSG(test, f->regs[X][lane], want[lane], "lane %u", lane);

	for (lane = 0; lane < LANES; lane++) {
		run(test, BIT(lane));
		for (other = 0; other < LANES; other++)
			KUNIT_EXPECT_EQ_MSG(test, f->regs[X][other],
					    other == lane ? want[lane] : 0,
					    "lane %u, %u alone", other, lane);
		run(test, ~BIT(lane));
		for (other = 0; other < LANES; other++)
			KUNIT_EXPECT_EQ_MSG(test, f->regs[X][other],
					    other == lane ? 0 : want[other],
					    "lane %u, all but %u", other, lane);
	}

	vsvm_hw_wave_begin(&f->wave, REGS, U32_MAX);
	/* None takes as long as this. */
	for (slices = 0; slices < BUDGET; slices++) {
		f->dev->engine.budget = 1;
		if (vsvm_hw_wave_run(&f->dev->queue, &f->wave) != VSVM_HW_MORE)
			break;
	}
	for (lane = 0; lane < LANES; lane++)
		KUNIT_EXPECT_EQ_MSG(test, f->regs[X][lane], want[lane], "lane %u in slices", lane);
}

static void test_if_else(struct kunit *test)
{
	static const struct vsvm_insn insns[] = {
		GET_LANE,
		ALU(AND, COND, LANE, 1),
		IF(COND),
			ALU(ADD, X, X, 1),
			LESS(COND, LANE, 16),
			IF(COND),
				ALU(ADD, X, X, 2),
			OP(ELSE),
				ALU(ADD, X, X, 4),
			OP(ENDIF),
		OP(ELSE),
			ALU(ADD, X, X, 8),
		OP(ENDIF),
		ALU(ADD, X, X, 16),
	};
	u32 want[LANES];
	unsigned int lane;

	for (lane = 0; lane < LANES; lane++)
		want[lane] = 16 + (lane % 2 ? 1 + (lane < 16 ? 2 : 4) : 8);
	load(test, insns, ARRAY_SIZE(insns));
	run_all_ways(test, want);
}

/* As many rounds as the lane's number: no lane, or every lane but one, may go round. */
static void test_loop(struct kunit *test)
{
	static const struct vsvm_insn insns[] = {
		GET_LANE,
		OP(LOOP),
			OP_UNLESS(BREAK, LANE),
			ALU(ADD, X, X, 1),
			ALU(SUB, LANE, LANE, 1),
		OP(ENDLOOP),
		ALU(ADD, X, X, 100),
	};
	u32 want[LANES];
	unsigned int lane;

	for (lane = 0; lane < LANES; lane++)
		want[lane] = 100 + lane;
	load(test, insns, ARRAY_SIZE(insns));
	run_all_ways(test, want);
}

/* Lanes that CONTINUE from within an IF are back in the next round, and not before. */
static void test_continue(struct kunit *test)
{
	static const struct vsvm_insn insns[] = {
		GET_LANE,
		OP(LOOP),
			ALU(ADD, Y, Y, 1),
			/* Out after ten rounds. */
			LESS(COND, Y, 11),
			OP_UNLESS(BREAK, COND),
			/* Odd lanes leave out what follows in odd rounds. */
			ALU2(AND, COND, LANE, Y),
			ALU(AND, COND, COND, 1),
			IF(COND),
				OP(CONTINUE),
			OP(ENDIF),
			ALU(ADD, X, X, 1),
		OP(ENDLOOP),
	};
	u32 want[LANES];
	unsigned int lane;

	for (lane = 0; lane < LANES; lane++)
		want[lane] = lane % 2 ? 5 : 10;
	load(test, insns, ARRAY_SIZE(insns));
	run_all_ways(test, want);
}

/* BREAK of the inner loop leaves lanes on in the outer one, also where all have left. */
static void test_nested_loops(struct kunit *test)
{
	static const struct vsvm_insn insns[] = {
		GET_LANE,
		OP(LOOP),
			LESS(COND, Y, 3),
			OP_UNLESS(BREAK, COND),
			ALU(ADD, Y, Y, 1),
			ALU(MOV, COND, 0, 0),
			OP(LOOP),
				/* Lanes below 8 make no inner round, the others two. */
				LESS(4, LANE, 8),
				IF(4),
					OP(BREAK),
				OP(ENDIF),
				ALU(ADD, X, X, 1),
				ALU(ADD, COND, COND, 1),
				LESS(4, COND, 2),
				OP_IF(CONTINUE, 4),
				OP(BREAK),
			OP(ENDLOOP),
			ALU(ADD, X, X, 10),
		OP(ENDLOOP),
	};
	u32 want[LANES];
	unsigned int lane;

	for (lane = 0; lane < LANES; lane++)
		want[lane] = lane < 8 ? 30 : 36;
	load(test, insns, ARRAY_SIZE(insns));
	run_all_ways(test, want);
}

/* Who has ended does not come back with an ENDIF, an ELSE or an ENDLOOP. */
static void test_exit(struct kunit *test)
{
	static const struct vsvm_insn insns[] = {
		GET_LANE,
		ALU(ADD, X, X, 1),
		OP(LOOP),
			LESS(COND, LANE, 10),
			IF(COND),
				ALU(ADD, X, X, 2),
				OP(EXIT),
				ALU(ADD, X, X, 1000),
			OP(ELSE),
				LESS(COND, LANE, 20),
				OP_IF(EXIT, COND),
				ALU(ADD, X, X, 4),
			OP(ENDIF),
			ALU(ADD, X, X, 8),
			OP(BREAK),
		OP(ENDLOOP),
		ALU(ADD, X, X, 16),
	};
	u32 want[LANES];
	unsigned int lane;

	for (lane = 0; lane < LANES; lane++)
		want[lane] = lane < 10 ? 3 : lane < 20 ? 1 : 29;
	load(test, insns, ARRAY_SIZE(insns));
	run_all_ways(test, want);
}

/* Frames to the last one; the further up a lane is, the deeper it goes, and all come back. */
static void test_deepest(struct kunit *test)
{
	const u32 step = VSVM_MAX_NESTING / LANES, count = 3 + 4 * VSVM_MAX_NESTING;
	struct vsvm_insn *insns;
	u32 want[LANES];
	u32 i, n = 0;

	insns = kunit_kcalloc(test, count, sizeof(*insns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, insns);
	insns[n++] = (struct vsvm_insn)GET_LANE;
	insns[n++] = (struct vsvm_insn)ALU(MUL, Y, LANE, step);
	for (i = 0; i < VSVM_MAX_NESTING; i++) {
		insns[n++] = (struct vsvm_insn)LESS(COND, Y, i);
		insns[n++] = (struct vsvm_insn) { .op = VSVM_OP_IF, .a = COND,
						  .flags = VSVM_INSN_NOT };
		insns[n++] = (struct vsvm_insn)ALU(ADD, X, X, 1);
	}
	for (i = 0; i < VSVM_MAX_NESTING; i++)
		insns[n++] = (struct vsvm_insn)OP(ENDIF);
	insns[n++] = (struct vsvm_insn)ALU(ADD, X, X, 100);
	KUNIT_ASSERT_EQ(test, n, count);

	for (i = 0; i < LANES; i++)
		want[i] = 100 + step * i + 1;
	load(test, insns, count);
	run_all_ways(test, want);
}

/* A predicate has 32 bits, any of them. */
static void test_predicate_bits(struct kunit *test)
{
	static const struct vsvm_insn insns[] = {
		GET_LANE,
		ALU(MOV, Y, 0, 1),
		ALU2(SHL, Y, Y, LANE),
		IF(Y),
			ALU(ADD, X, X, 1),
		OP(ENDIF),
		OP_UNLESS(EXIT, Y),
		ALU(ADD, X, X, 2),
	};
	u32 want[LANES];

	memset32(want, 3, LANES);
	load(test, insns, ARRAY_SIZE(insns));
	run_all_ways(test, want);
}

/* Reads a special register into X. */
static u32 special(struct kunit *test, u8 mod, unsigned int lane)
{
	const struct vsvm_insn insn = {
		.op = VSVM_OP_SREG, .type = VSVM_TYPE_U32, .mod = mod, .dst = X,
	};
	struct fixture *f = test->priv;

	f->dev->queue.dispatch.program = (struct vsvm_hw_program) {};
	load(test, &insn, 1);
	run(test, U32_MAX);
	return f->regs[X][lane];
}

struct item_case {
	const char *name;
	u32 local[3];
	u32 wave, lane;
	/* The work item in its group. */
	u32 item[3];
};

static const struct item_case item_cases[] = {
	{ "one item", { 1, 1, 1 }, 0, 0, { 0, 0, 0 } },
	{ "a wave in x", { 32, 1, 1 }, 0, 31, { 31, 0, 0 } },
	{ "a wave in y", { 1, 32, 1 }, 0, 31, { 0, 31, 0 } },
	{ "a wave in z", { 1, 1, 32 }, 0, 31, { 0, 0, 31 } },
	{ "first of the second row", { 3, 5, 7 }, 0, 3, { 0, 1, 0 } },
	{ "last of the first plane", { 3, 5, 7 }, 0, 14, { 2, 4, 0 } },
	{ "first of the second plane", { 3, 5, 7 }, 0, 15, { 0, 0, 1 } },
	{ "first of the second wave", { 3, 5, 7 }, 1, 0, { 2, 0, 2 } },
	{ "last of all", { 3, 5, 7 }, 3, 8, { 2, 4, 6 } },
	{ "largest group in x", { 1024, 1, 1 }, 31, 31, { 1023, 0, 0 } },
	{ "largest group in z", { 1, 1, 1024 }, 31, 31, { 0, 0, 1023 } },
	{ "largest group", { 8, 16, 8 }, 31, 31, { 7, 15, 7 } },
};

static void expect_item(struct kunit *test, const struct item_case *c)
{
	const u32 groups[3] = { 5, 0x10000, 0xffffffff };
	struct fixture *f = test->priv;
	struct vsvm_cmd_dispatch *cmd = &f->dev->queue.packet.dispatch;
	unsigned int axis;

	f->wave.index = c->wave;
	memcpy(cmd->local, c->local, sizeof(cmd->local));
	memcpy(f->wave.group, groups, sizeof(groups));
	KUNIT_EXPECT_EQ_MSG(test, special(test, VSVM_SREG_LANE, c->lane), c->lane, "%s", c->name);
	KUNIT_EXPECT_EQ_MSG(test, special(test, VSVM_SREG_WAVE, c->lane), c->wave, "%s", c->name);
	for (axis = 0; axis < 3; axis++) {
		cmd->grid[axis] = 7 + axis;
		KUNIT_EXPECT_EQ_MSG(test, special(test, VSVM_SREG_LOCAL_X + axis, c->lane),
				    c->item[axis], "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, special(test, VSVM_SREG_GROUP_X + axis, c->lane),
				    groups[axis], "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, special(test, VSVM_SREG_LOCAL_SIZE_X + axis, c->lane),
				    c->local[axis], "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, special(test, VSVM_SREG_GRID_X + axis, c->lane), 7 + axis,
				    "%s", c->name);
		/* Modulo 2^32. */
		KUNIT_EXPECT_EQ_MSG(test, special(test, VSVM_SREG_GLOBAL_X + axis, c->lane),
				    groups[axis] * c->local[axis] + c->item[axis], "%s", c->name);
	}
	f->dev->engine.id = 63;
	KUNIT_EXPECT_EQ_MSG(test, special(test, VSVM_SREG_ENGINE, c->lane), 63, "%s", c->name);
}

static void test_item(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(item_cases); i++)
		expect_item(test, &item_cases[i]);
}

/* Each lane knows its item whatever the shape, and lanes that are off get nothing. */
static void test_item_shapes(struct kunit *test)
{
	static const u32 shapes[][3] = {
		{ 1, 1, 1 }, { 31, 33, 1 }, { 33, 31, 1 }, { 48, 3, 5 }, { 40, 5, 5 }, { 64, 4, 4 },
		{ 96, 2, 5 }, { 127, 2, 4 }, { 1000, 1, 1 }, { 5, 200, 1 }, { 1, 2, 500 },
		{ 7, 11, 13 }, { 32, 32, 1 }, { 16, 16, 4 }, { 65, 15, 1 }, { 511, 2, 1 },
	};
	static const u32 masks[] = {
		U32_MAX, 1, BIT(31), 0x55555555, 0x7fffffff, 0xfffffffe, 0xffff,
	};
	struct fixture *f = test->priv;
	struct vsvm_cmd_dispatch *cmd = &f->dev->queue.packet.dispatch;
	unsigned int i, m, lane, axis;
	u32 index;

	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		const u32 *l = shapes[i];

		memcpy(cmd->local, l, sizeof(cmd->local));
		for (index = 0; index < DIV_ROUND_UP(l[0] * l[1] * l[2], LANES); index++) {
			for (m = 0; m < ARRAY_SIZE(masks) * 3; m++) {
				const struct vsvm_insn insn = {
					.op = VSVM_OP_SREG, .type = VSVM_TYPE_U32,
					.mod = VSVM_SREG_GLOBAL_X + m % 3, .dst = X,
				};
				u32 on = masks[m / 3];

				axis = m % 3;
				f->wave.index = index;
				f->wave.group[axis] = 0xfffffff7;
				f->dev->queue.dispatch.program = (struct vsvm_hw_program) {};
				load(test, &insn, 1);
				run(test, on);
				for (lane = 0; lane < LANES; lane++) {
					u32 item = index * LANES + lane;
					u32 want = axis == 0 ? item % l[0] :
						   axis == 1 ? item / l[0] % l[1] :
						   item / (l[0] * l[1]);

					want += 0xfffffff7 * l[axis];
					if (!(on & BIT(lane)))
						want = 0;
					KUNIT_EXPECT_EQ_MSG(test, f->regs[X][lane], want,
							    "shape %u wave %u axis %u on %x lane %u",
							    i, index, axis, on, lane);
				}
			}
		}
	}
}

static struct kunit_case wave_cases[] = {
	KUNIT_CASE(test_if_else),
	KUNIT_CASE(test_loop),
	KUNIT_CASE(test_continue),
	KUNIT_CASE(test_nested_loops),
	KUNIT_CASE(test_exit),
	KUNIT_CASE(test_deepest),
	KUNIT_CASE(test_predicate_bits),
	KUNIT_CASE(test_item),
	KUNIT_CASE(test_item_shapes),
	{}
};

static struct kunit_suite wave_suite = {
	.name = "vsvm-hw-wave",
	.init = setup,
	.test_cases = wave_cases,
};

kunit_test_suite(wave_suite);
