// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm isa flow
 * Description: Control flow of programs whose lanes go different ways
 */
#include "vsvm_asm.h"
#include "vsvm_lib.h"

IGT_TEST_DESCRIPTION("Control flow of programs whose lanes go different ways");

#define LANES	VSVM_WAVE_LANES
#define ITEMS	(2 * LANES)
#define SLOTS	32
/* How deep random programs go, with rounds of loops to count */
#define DEPTHS	20

/* Registers of all programs here */
enum {
	R_ITEM, R_ACC, R_PRED,
	/* rounds of the loop at each depth */
	R_ROUNDS,
	R_OUT = R_ROUNDS + DEPTHS, R_TMP = R_OUT + 2, NUM_REGS = R_TMP + 2,
};

/*
 * The oracle runs one item at a time and knows nothing of lanes: a mask that goes wrong shows as a
 * difference in some item.
 */
struct scalar {
	const struct vsvm_insn *insns;
	uint32_t count;
	/* IF, ELSE, LOOP: where it ends; ENDLOOP, CONTINUE: its LOOP; BREAK: its ENDLOOP */
	uint32_t *target;
	uint32_t regs[NUM_REGS];
	uint32_t slots[SLOTS];
};

static void scalar_link(struct scalar *s)
{
	uint32_t open[VSVM_MAX_NESTING], depth = 0;

	s->target = calloc(s->count, sizeof(*s->target));
	for (uint32_t i = 0; i < s->count; i++) {
		switch (s->insns[i].op) {
		case VSVM_OP_IF:
		case VSVM_OP_LOOP:
			open[depth++] = i;
			break;
		case VSVM_OP_ELSE:
			s->target[open[depth - 1]] = i;
			open[depth - 1] = i;
			break;
		case VSVM_OP_ENDIF:
			s->target[open[--depth]] = i;
			break;
		case VSVM_OP_ENDLOOP:
			s->target[i] = open[--depth];
			s->target[open[depth]] = i;
			break;
		case VSVM_OP_BREAK:
		case VSVM_OP_CONTINUE:
			for (uint32_t d = depth; d--;) {
				s->target[i] = open[d];
				if (s->insns[open[d]].op == VSVM_OP_LOOP)
					break;
			}
			break;
		}
	}
	igt_assert_eq_u32(depth, 0);
}

static bool scalar_takes(const struct scalar *s, const struct vsvm_insn *insn)
{
	if (!(insn->flags & VSVM_INSN_PRED))
		return true;
	return !s->regs[insn->a] == !!(insn->flags & VSVM_INSN_NOT);
}

static void scalar_run(struct scalar *s, uint32_t item)
{
	uint32_t steps = 0;

	memset(s->regs, 0, sizeof(s->regs));
	memset(s->slots, 0, sizeof(s->slots));
	for (uint32_t pc = 0; pc < s->count; pc++) {
		const struct vsvm_insn *insn = &s->insns[pc];
		bool imm = insn->flags & VSVM_INSN_IMM;
		uint32_t b = imm ? insn->imm : s->regs[insn->b], *dst = &s->regs[insn->dst];

		igt_assert_lt_u32(steps++, 1000000);
		switch (insn->op) {
		case VSVM_OP_SREG:
			*dst = item;
			break;
		case VSVM_OP_MOV:
			*dst = imm ? insn->imm : s->regs[insn->a];
			break;
		case VSVM_OP_ADD:
			/* 64 bits: addresses, which the oracle has none of */
			if (insn->type == VSVM_TYPE_U32)
				*dst = s->regs[insn->a] + b;
			break;
		case VSVM_OP_MUL:
			if (insn->type == VSVM_TYPE_U32)
				*dst = s->regs[insn->a] * b;
			break;
		case VSVM_OP_XOR:
			*dst = s->regs[insn->a] ^ b;
			break;
		case VSVM_OP_AND:
			*dst = s->regs[insn->a] & b;
			break;
		case VSVM_OP_SHR:
			*dst = s->regs[insn->a] >> b;
			break;
		case VSVM_OP_CMP:
			*dst = s->regs[insn->a] > b ? ~0u : 0;
			break;
		case VSVM_OP_ST:
			s->slots[insn->imm / 4] = s->regs[insn->b];
			break;
		case VSVM_OP_LD:
		case VSVM_OP_CVT:
			break;
		case VSVM_OP_IF:
			if (!scalar_takes(s, insn))
				pc = s->target[pc];
			break;
		case VSVM_OP_ELSE:
			pc = s->target[pc];
			break;
		case VSVM_OP_ENDIF:
		case VSVM_OP_LOOP:
			break;
		case VSVM_OP_ENDLOOP:
			pc = s->target[pc];
			break;
		case VSVM_OP_BREAK:
			if (scalar_takes(s, insn))
				pc = s->target[s->target[pc]];
			break;
		case VSVM_OP_CONTINUE:
			if (scalar_takes(s, insn))
				pc = s->target[pc];
			break;
		case VSVM_OP_EXIT:
			if (scalar_takes(s, insn))
				return;
			break;
		default:
			igt_assert_f(0, "opcode %#x\n", insn->op);
		}
	}
}

/* Programs */

struct gen {
	struct vsvm_asm as;
	struct vsvm_rng rng;
	unsigned int depth, loops, budget;
};

static unsigned int pick(struct gen *g, unsigned int n)
{
	return vsvm_rand(&g->rng) % n;
}

static void gen_begin(struct gen *g)
{
	asm_sreg(&g->as, R_ITEM, VSVM_SREG_GLOBAL_X);
	asm_arg(&g->as, VSVM_TYPE_U64, R_TMP, 0);
	asm_index(&g->as, R_OUT, R_TMP, R_ITEM, SLOTS * 4);
	asm_op2_imm(&g->as, VSVM_OP_MUL, VSVM_TYPE_U32, R_ACC, R_ITEM, 0x9e3779b1);
}

static void gen_mix(struct gen *g)
{
	asm_op2_imm(&g->as, VSVM_OP_MUL, VSVM_TYPE_U32, R_ACC, R_ACC, vsvm_rand(&g->rng) | 1);
	asm_op2_imm(&g->as, VSVM_OP_ADD, VSVM_TYPE_U32, R_ACC, R_ACC, vsvm_rand(&g->rng));
}

static void gen_store(struct gen *g)
{
	asm_store(&g->as, VSVM_TYPE_U32, R_OUT, 4 * pick(g, SLOTS), R_ACC);
}

/* A predicate that holds in some lanes: a bit in the middle, or now and then in few or all */
static void gen_predicate(struct gen *g)
{
	asm_op2_imm(&g->as, VSVM_OP_SHR, VSVM_TYPE_U32, R_PRED, R_ACC, 8 + pick(g, 16));
	asm_op2_imm(&g->as, VSVM_OP_AND, VSVM_TYPE_U32, R_PRED, R_PRED, pick(g, 4) ? 1 : 31);
}

static void gen_leave(struct gen *g, uint8_t op)
{
	uint8_t flags = VSVM_INSN_PRED | (pick(g, 2) ? VSVM_INSN_NOT : 0);

	gen_predicate(g);
	if (pick(g, 3) == 0) {
		/* without a predicate of its own, behind an IF */
		asm_if(&g->as, R_PRED);
		gen_mix(g);
		if (op == VSVM_OP_EXIT)
			gen_store(g);
		asm_control(&g->as, op, 0, 0);
		asm_endif(&g->as);
		return;
	}
	if (op == VSVM_OP_EXIT)
		gen_store(g);
	asm_control(&g->as, op, flags, R_PRED);
}

static void gen_block(struct gen *g)
{
	uint8_t rounds = R_ROUNDS + g->depth;

	for (unsigned int n = 1 + pick(g, 4); n && g->budget; n--) {
		g->budget--;
		switch (pick(g, 12)) {
		case 0:
		case 1:
			gen_mix(g);
			break;
		case 2:
			asm_op2(&g->as, VSVM_OP_XOR, VSVM_TYPE_U32, R_ACC, R_ACC, R_ITEM);
			break;
		case 3:
			gen_store(g);
			break;
		case 4:
		case 5:
		case 6:
			if (g->depth == DEPTHS)
				break;
			gen_predicate(g);
			if (pick(g, 2))
				asm_if(&g->as, R_PRED);
			else
				asm_if_not(&g->as, R_PRED);
			g->depth++;
			gen_block(g);
			if (pick(g, 2)) {
				asm_else(&g->as);
				gen_block(g);
			}
			g->depth--;
			asm_endif(&g->as);
			break;
		case 7:
		case 8:
			if (g->depth == DEPTHS || g->loops == 4)
				break;
			/* 1..4 rounds, as the lane's number says */
			asm_mov_imm(&g->as, VSVM_TYPE_U32, rounds, 0);
			asm_loop(&g->as);
			asm_op2_imm(&g->as, VSVM_OP_AND, VSVM_TYPE_U32, R_PRED, R_ITEM, 3);
			asm_cmp(&g->as, VSVM_COND_GT, VSVM_TYPE_U32, R_PRED, rounds, R_PRED);
			asm_break_if(&g->as, R_PRED);
			asm_op2_imm(&g->as, VSVM_OP_ADD, VSVM_TYPE_U32, rounds, rounds, 1);
			g->depth++;
			g->loops++;
			gen_block(g);
			g->loops--;
			g->depth--;
			asm_endloop(&g->as);
			break;
		case 9:
			if (g->loops)
				gen_leave(g, VSVM_OP_BREAK);
			break;
		case 10:
			if (g->loops)
				gen_leave(g, VSVM_OP_CONTINUE);
			break;
		case 11:
			if (g->depth && pick(g, 3) == 0)
				gen_leave(g, VSVM_OP_EXIT);
			break;
		}
	}
}

static void gen_end(struct gen *g)
{
	asm_store(&g->as, VSVM_TYPE_U32, R_OUT, 0, R_ACC);
}

/* Run a program on the GPU and item by item here, and compare what both have stored */
static void compare(struct vsvm_ctx *ctx, struct vsvm_asm *as, const char *name)
{
	uint32_t (*out)[SLOTS] = vsvm_map(ITEMS * sizeof(*out));
	uint64_t *args = malloc(sizeof(*args));
	struct vsvm_program *program;
	struct scalar s = {};

	program = asm_finish(as);
	s.insns = asm_insns(program);
	s.count = program->num_insns;
	scalar_link(&s);
	*args = vsvm_ptr(out);
	vsvm_run_program(ctx, program, args, sizeof(*args), 2, ITEMS / 2);
	for (unsigned int i = 0; i < ITEMS; i++) {
		scalar_run(&s, i);
		for (unsigned int j = 0; j < SLOTS; j++)
			igt_assert_f(out[i][j] == s.slots[j],
				     "%s, item %u, slot %u: %#x, not %#x\n", name, i, j,
				     out[i][j], s.slots[j]);
	}
	vsvm_unmap(out, ITEMS * sizeof(*out));
	free(s.target);
	free(args);
	free(program);
}

static void test_random(int fd)
{
	struct vsvm_ctx ctx;
	char name[32];

	vsvm_ctx_init(&ctx, fd);
	for (unsigned int i = 0; i < 300; i++) {
		struct gen g = { .rng = { i }, .budget = 10 + i };

		gen_begin(&g);
		while (g.budget > 10)
			gen_block(&g);
		gen_end(&g);
		snprintf(name, sizeof(name), "seed %u", i);
		compare(&ctx, &g.as, name);
	}
	vsvm_ctx_fini(&ctx);
}

/* A few shapes by themselves, so that a failure is easy to read */

static void test_if(int fd)
{
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	/* every combination of lanes on and off at two levels, with and without ELSE */
	for (unsigned int i = 0; i < 16; i++) {
		struct gen g = {};

		gen_begin(&g);
		for (unsigned int level = 0; level < 2; level++) {
			asm_op2_imm(&g.as, VSVM_OP_AND, VSVM_TYPE_U32, R_PRED, R_ITEM, 1 << level);
			if (i >> level & 1)
				asm_if(&g.as, R_PRED);
			else
				asm_if_not(&g.as, R_PRED);
			gen_mix(&g);
			asm_store(&g.as, VSVM_TYPE_U32, R_OUT, 4 + 4 * level, R_ACC);
		}
		for (unsigned int level = 2; level--;) {
			if (i >> (2 + level) & 1) {
				asm_else(&g.as);
				gen_mix(&g);
				asm_store(&g.as, VSVM_TYPE_U32, R_OUT, 12 + 4 * level, R_ACC);
			}
			asm_endif(&g.as);
			gen_mix(&g);
		}
		gen_end(&g);
		compare(&ctx, &g.as, "if");
	}
	/* empty branches, and conditions that hold nowhere or everywhere */
	for (unsigned int i = 0; i < 4; i++) {
		struct gen g = {};

		gen_begin(&g);
		asm_mov_imm(&g.as, VSVM_TYPE_U32, R_PRED, i & 1 ? 0x80000000 : 0);
		asm_if(&g.as, R_PRED);
		if (i & 2)
			gen_mix(&g);
		asm_else(&g.as);
		if (!(i & 2))
			gen_mix(&g);
		asm_endif(&g.as);
		gen_end(&g);
		compare(&ctx, &g.as, "uniform if");
	}
	vsvm_ctx_fini(&ctx);
}

static void test_loop(int fd)
{
	static const uint8_t leaves[] = { VSVM_OP_BREAK, VSVM_OP_CONTINUE, VSVM_OP_EXIT };
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(leaves); i++) {
		for (unsigned int in_if = 0; in_if < 3; in_if++) {
			struct gen g = {};

			/* item rounds; some lanes leave early, in an IF, its ELSE, or neither */
			gen_begin(&g);
			asm_loop(&g.as);
			asm_cmp(&g.as, VSVM_COND_GT, VSVM_TYPE_U32, R_PRED, R_ROUNDS, R_ITEM);
			asm_break_if(&g.as, R_PRED);
			asm_op2_imm(&g.as, VSVM_OP_ADD, VSVM_TYPE_U32, R_ROUNDS, R_ROUNDS, 1);
			gen_mix(&g);
			gen_store(&g);
			asm_op2(&g.as, VSVM_OP_XOR, VSVM_TYPE_U32, R_PRED, R_ROUNDS, R_ITEM);
			asm_op2_imm(&g.as, VSVM_OP_AND, VSVM_TYPE_U32, R_PRED, R_PRED, 7);
			if (in_if) {
				asm_if(&g.as, R_PRED);
				gen_mix(&g);
				if (in_if == 2)
					asm_else(&g.as);
				asm_control(&g.as, leaves[i], 0, 0);
				asm_endif(&g.as);
			} else {
				asm_control(&g.as, leaves[i], VSVM_INSN_PRED | VSVM_INSN_NOT,
					    R_PRED);
			}
			gen_mix(&g);
			gen_store(&g);
			asm_endloop(&g.as);
			gen_mix(&g);
			gen_end(&g);
			compare(&ctx, &g.as, "loop");
		}
	}
	vsvm_ctx_fini(&ctx);
}

static void test_nesting(int fd)
{
	struct vsvm_ctx ctx;

	/* as deep as it goes: IFs, loops, and both by turns */
	vsvm_ctx_init(&ctx, fd);
	for (unsigned int kind = 0; kind < 3; kind++) {
		for (unsigned int depth = VSVM_MAX_NESTING - 1; depth <= VSVM_MAX_NESTING;
		     depth++) {
			struct gen g = { .rng = { depth } };

			gen_begin(&g);
			for (unsigned int i = 0; i < depth; i++) {
				/* a lane drops out here and there */
				asm_op2_imm(&g.as, VSVM_OP_XOR, VSVM_TYPE_U32, R_PRED, R_ITEM, i);
				if (kind == 0 || (kind == 2 && i % 2)) {
					asm_if(&g.as, R_PRED);
				} else {
					asm_loop(&g.as);
					asm_break_if_not(&g.as, R_PRED);
				}
				gen_mix(&g);
			}
			gen_store(&g);
			for (unsigned int i = depth; i--;) {
				if (kind == 0 || (kind == 2 && i % 2)) {
					asm_else(&g.as);
					gen_store(&g);
					asm_endif(&g.as);
				} else {
					asm_break(&g.as);
					asm_endloop(&g.as);
				}
				gen_mix(&g);
			}
			gen_end(&g);
			compare(&ctx, &g.as, "nesting");
		}
	}
	vsvm_ctx_fini(&ctx);
}

static void test_longest(int fd)
{
	struct vsvm_program *program;
	struct vsvm_asm as = {};
	struct vsvm_ctx ctx;
	uint32_t *out = vsvm_map(VSVM_PAGE_SIZE);
	uint64_t *args = malloc(sizeof(*args));

	/* as many instructions as there may be, and one */
	vsvm_ctx_init(&ctx, fd);
	*args = vsvm_ptr(out);
	asm_arg(&as, VSVM_TYPE_U64, 0, 0);
	while (as.count < VSVM_MAX_INSNS - 1)
		asm_op2_imm(&as, VSVM_OP_ADD, VSVM_TYPE_U32, 2, 2, as.count);
	asm_store(&as, VSVM_TYPE_U32, 0, 0, 2);
	program = asm_finish(&as);
	vsvm_run_program(&ctx, program, args, sizeof(*args), 1, 1);
	igt_assert_eq_u32(*out, (uint32_t)((VSVM_MAX_INSNS - 2) * (VSVM_MAX_INSNS - 1ull) / 2));
	free(program);

	asm_exit(&as);
	program = asm_finish(&as);
	vsvm_run_program(&ctx, program, NULL, 0, 4, 7);
	free(program);
	free(args);
	vsvm_unmap(out, VSVM_PAGE_SIZE);
	vsvm_ctx_fini(&ctx);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
	}

	igt_describe("Lanes take both branches of an IF, each its own, and meet again");
	igt_subtest("if")
		test_if(fd);

	igt_describe("Lanes leave a loop, its round, or the program, each in its own time");
	igt_subtest("loop")
		test_loop(fd);

	igt_describe("Control flow nests as deep as it may");
	igt_subtest("nesting")
		test_nesting(fd);

	igt_describe("The longest and the shortest program run");
	igt_subtest("longest")
		test_longest(fd);

	igt_describe("Random control flow does in each lane what it does in a scalar machine");
	igt_subtest("random")
		test_random(fd);

	igt_fixture() {
		close(fd);
	}
}
