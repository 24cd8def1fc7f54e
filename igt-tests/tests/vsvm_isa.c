// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm isa
 * Description: What each instruction computes, against the CPU
 */
#include "vsvm_asm.h"
#include "vsvm_lib.h"
#include "vsvm_modprobe.h"
#include "vsvm_oracle.h"
#include "vsvm_rows.h"

IGT_TEST_DESCRIPTION("What each instruction computes, against the CPU");

#define LANES	VSVM_WAVE_LANES

static const uint8_t all_types[] = {
	VSVM_TYPE_U8, VSVM_TYPE_U16, VSVM_TYPE_U32, VSVM_TYPE_U64,
	VSVM_TYPE_S8, VSVM_TYPE_S16, VSVM_TYPE_S32, VSVM_TYPE_S64,
	VSVM_TYPE_F16, VSVM_TYPE_F32, VSVM_TYPE_F64,
};

static unsigned int bits_of(uint8_t type)
{
	return 8u << (type & 3);
}

static uint64_t cut(uint8_t type, uint64_t x)
{
	return bits_of(type) == 64 ? x : x & ((1ull << bits_of(type)) - 1);
}

/* What computes, by the table: what is tested is all that is there */
static bool computes(const struct vsvm_row *op)
{
	return op->dst != VSVM_OPERAND_N && op->mod != VSVM_MOD_SREG && op->op >> 4 != 5 &&
	       op->op >> 4 != 6;
}

static unsigned int sources(const struct vsvm_row *op)
{
	unsigned int n = 0;

	while (n < 3 && op->src[n] != VSVM_OPERAND_N)
		n++;
	return n;
}

static bool is_wide(const struct vsvm_row *op, uint8_t type)
{
	return op->dst == VSVM_OPERAND_T ? bits_of(type) == 64 :
	       op->dst == VSVM_OPERAND_D && bits_of(type) == 32;
}

/*
 * One instruction, run with many operands. Work item i loads a, b, c and what the destination holds
 * before from memory, runs the instruction if its lane is to be on, and stores the whole window of
 * registers.
 */

enum {
	R_ITEM = 0, R_IN = 2, R_OUT = 4, R_PRED = 6, R_TMP = 7,
	/* the window; operands at odd registers, for no alignment is asked */
	R_A = 11, R_B = 13, R_C = 15, R_D = 17,
	R_FIRST = 10, R_LAST = 19,
};

#define WINDOW	(R_LAST - R_FIRST + 1)

struct alu_case {
	const struct vsvm_row *op;
	uint8_t type, mod, dst;
	/* the last source is an immediate */
	bool immediate;
	uint64_t imm;
	/* only odd items have the lane on */
	bool masked;
};

struct alu_args {
	uint64_t in, out;
};

static struct vsvm_program *alu_program(const struct alu_case *c)
{
	struct vsvm_asm as = {};
	const uint8_t *src = (const uint8_t[]){ R_A, R_B, R_C };
	uint8_t s[3] = {};

	for (int i = 0; i < (int)sources(c->op) - c->immediate; i++)
		s[i] = src[i];
	asm_arg(&as, VSVM_TYPE_U64, R_IN, 0);
	asm_arg(&as, VSVM_TYPE_U64, R_OUT, 8);
	asm_sreg(&as, R_ITEM, VSVM_SREG_GLOBAL_X);
	asm_index(&as, R_TMP, R_IN, R_ITEM, WINDOW * 4);
	for (int i = 0; i < WINDOW; i++)
		asm_load(&as, VSVM_TYPE_U32, R_FIRST + i, R_TMP, 4 * i);
	if (c->masked) {
		asm_op2_imm(&as, VSVM_OP_AND, VSVM_TYPE_U32, R_PRED, R_ITEM, 1);
		asm_if(&as, R_PRED);
	}
	if (c->immediate)
		asm_op_imm(&as, c->op->op, c->type, c->mod, c->dst, s[0], s[1], c->imm);
	else
		asm_op(&as, c->op->op, c->type, c->mod, c->dst, s[0], s[1], s[2]);
	if (c->masked)
		asm_endif(&as);
	asm_index(&as, R_TMP, R_OUT, R_ITEM, WINDOW * 4);
	for (int i = 0; i < WINDOW; i++)
		asm_store(&as, VSVM_TYPE_U32, R_TMP, 4 * i, R_FIRST + i);
	return asm_finish(&as);
}

static uint64_t pair(const uint32_t *window, uint8_t reg)
{
	return window[reg - R_FIRST] | (uint64_t)window[reg - R_FIRST + 1] << 32;
}

static void alu_expect(const struct alu_case *c, uint32_t item, const uint32_t *in,
		       const uint32_t *out)
{
	const struct vsvm_insn insn = { .op = c->op->op, .type = c->type, .mod = c->mod };
	uint64_t src[3] = { pair(in, R_A), pair(in, R_B), pair(in, R_C) }, result, got;
	const bool wide = is_wide(c->op, c->type);
	uint32_t want[WINDOW];

	if (c->immediate)
		src[sources(c->op) - 1] = c->imm;
	memcpy(want, in, sizeof(want));
	if (!c->masked || item % 2) {
		result = vsvm_oracle(&insn, src[0], src[1], src[2]);
		got = pair(out, c->dst);
		/* one that is as good */
		if (vsvm_oracle_accepts(&insn, result, wide ? got : (uint32_t)got))
			result = got;
		want[c->dst - R_FIRST] = result;
		if (wide)
			want[c->dst - R_FIRST + 1] = result >> 32;
	}
	for (int i = 0; i < WINDOW; i++)
		igt_assert_f(out[i] == want[i],
			     "%s type %u mod %u%s%s, dst %d, item %u: %#llx, %#llx, %#llx: r%d is %#x, not %#x\n",
			     c->op->name, c->type, c->mod, c->immediate ? " imm" : "",
			     c->masked ? " masked" : "", c->dst, item, (long long)src[0],
			     (long long)src[1], (long long)src[2], R_FIRST + i, out[i], want[i]);
}

static uint64_t next(void *data)
{
	return vsvm_rand(data);
}

static uint8_t source_type(const struct vsvm_row *op, int i, uint8_t type, uint8_t mod)
{
	switch (op->src[i]) {
	case VSVM_OPERAND_F:
		return mod & 15;
	case VSVM_OPERAND_T:
		return type;
	default:
		return VSVM_TYPE_U32;
	}
}

/* Inputs: every pair of the extremes of an integer type, then a mixture */
static void alu_inputs(const struct alu_case *c, uint32_t (*in)[WINDOW], unsigned int items,
		       struct vsvm_rng *rng)
{
	const uint8_t type = source_type(c->op, 0, c->type, c->mod);
	const uint64_t max = (1ull << (bits_of(type) - 1)) - 1;
	const uint64_t extremes[] = { 0, 1, 2, max - 1, max, max + 1, max + 2, -2ull, -1ull };
	const unsigned int n = type < VSVM_TYPE_F16 ? ARRAY_SIZE(extremes) : 0;
	uint64_t src[3];

	for (unsigned int i = 0; i < items; i++) {
		vsvm_rand_fill(rng, in[i], sizeof(in[i]));
		for (int j = 0; j < 3; j++) {
			src[j] = vsvm_oracle_operand(source_type(c->op, j, c->type, c->mod), next,
						     rng);
			/* near the first one: sums that cancel, comparisons that just fail */
			if (j && vsvm_rand(rng) % 4 == 0)
				src[j] = src[0] ^ (vsvm_rand(rng) % 2) << vsvm_rand(rng) % 64;
		}
		if (c->op->op == VSVM_OP_FFMA && vsvm_rand(rng) % 4 == 0)
			vsvm_oracle_tie(type, src, next, rng);
		if (i < n * n) {
			/* the bits above the type are anything */
			src[0] = extremes[i % n];
			src[1] = extremes[i / n];
			if (bits_of(type) < 64) {
				for (int j = 0; j < 2; j++)
					src[j] = cut(type, src[j]) |
						vsvm_rand(rng) << bits_of(type);
			}
		}
		memcpy(&in[i][R_A - R_FIRST], src, sizeof(src));
		/* a predicate that is zero now and then */
		if (i >= n * n && i % 4 == 0 && c->op->src[0] == VSVM_OPERAND_W)
			in[i][R_A - R_FIRST] = 0;
	}
}

#define ALU_ITEMS	(4 * LANES)
#define ALU_CASES	64

struct alu {
	struct vsvm_ctx ctx;
	struct vsvm_rng rng;
	struct alu_case cases[ALU_CASES];
	struct vsvm_program *programs[ALU_CASES];
	struct alu_args args[ALU_CASES];
	unsigned int count;
	uint32_t (*in)[ALU_ITEMS][WINDOW];
	uint32_t (*out)[ALU_ITEMS][WINDOW];
};

static struct alu *alu_init(int fd)
{
	struct alu *alu = calloc(1, sizeof(*alu));

	vsvm_ctx_init(&alu->ctx, fd);
	alu->in = vsvm_map(ALU_CASES * sizeof(*alu->in));
	alu->out = vsvm_map(ALU_CASES * sizeof(*alu->out));
	return alu;
}

static void alu_flush(struct alu *alu)
{
	struct vsvm_stream s = {};

	for (unsigned int i = 0; i < alu->count; i++)
		vsvm_emit_dispatch(&s, alu->programs[i], &alu->args[i], sizeof(alu->args[i]),
				   2, ALU_ITEMS / 2);
	vsvm_run(&alu->ctx, &s);
	for (unsigned int i = 0; i < alu->count; i++) {
		for (unsigned int j = 0; j < ALU_ITEMS; j++)
			alu_expect(&alu->cases[i], j, alu->in[i][j], alu->out[i][j]);
		free(alu->programs[i]);
	}
	vsvm_stream_fini(&s);
	alu->count = 0;
}

static void alu_add(struct alu *alu, struct alu_case c)
{
	unsigned int i = alu->count++;

	alu->cases[i] = c;
	alu->programs[i] = alu_program(&c);
	alu->args[i] = (struct alu_args){ vsvm_ptr(alu->in[i]), vsvm_ptr(alu->out[i]) };
	alu_inputs(&c, alu->in[i], ALU_ITEMS, &alu->rng);
	memset(alu->out[i], 0x5a, sizeof(alu->out[i]));
	if (alu->count == ALU_CASES)
		alu_flush(alu);
}

static void alu_fini(struct alu *alu)
{
	alu_flush(alu);
	vsvm_unmap(alu->in, ALU_CASES * sizeof(*alu->in));
	vsvm_unmap(alu->out, ALU_CASES * sizeof(*alu->out));
	vsvm_ctx_fini(&alu->ctx);
	free(alu);
}

static bool takes(const struct vsvm_row *op, uint8_t type)
{
	return op->types >> type & 1;
}

static bool has_float(const struct alu_case *c)
{
	return c->type >= VSVM_TYPE_F16 ||
	       (c->op->mod == VSVM_MOD_FROM && (c->mod & 15) >= VSVM_TYPE_F16);
}

/* Conversions: those that the rules allow */
static bool allowed(const struct alu_case *c)
{
	if (c->op->mod != VSVM_MOD_FROM)
		return true;
	return VSVM_TYPES_IF >> (c->mod & 15) & 1 && (c->mod < 16 || has_float(c));
}

/* One instruction of a type, in all its forms */
static void alu_forms(struct alu *alu, struct alu_case c)
{
	const uint8_t last = source_type(c.op, sources(c.op) - 1, c.type, c.mod);

	if (!allowed(&c))
		return;
	alu_add(alu, c);
	c.masked = true;
	alu_add(alu, c);
	/* there is none for conversions */
	if (c.op->mod == VSVM_MOD_FROM)
		return;
	c.immediate = true;
	c.imm = vsvm_oracle_operand(last, next, &alu->rng);
	alu_add(alu, c);
	c.masked = false;
	/* an extreme of the type, with bits that do not count above it */
	c.imm = 1ull << (bits_of(c.type) - 1);
	if (bits_of(c.type) < 64)
		c.imm |= vsvm_rand(&alu->rng) << bits_of(c.type);
	alu_add(alu, c);
	c.imm = ~0ull;
	alu_add(alu, c);
}

static unsigned int modifiers(const struct vsvm_row *op)
{
	switch (op->mod) {
	case VSVM_MOD_COND:
		return VSVM_COND_GE + 1;
	case VSVM_MOD_FCOND:
		return VSVM_COND_UNORD + 1;
	case VSVM_MOD_FROM:
		return VSVM_ROUND_DOWN * 16 + 16;
	default:
		return 1;
	}
}

/* All instructions with opcodes first..last, of integers alone or with floating point. */
static void test_ops(int fd, uint8_t first, uint8_t last, bool floating)
{
	struct alu *alu = alu_init(fd);

	for (unsigned int i = 0; i < vsvm_num_rows; i++) {
		if (vsvm_rows[i].op < first || vsvm_rows[i].op > last || !computes(&vsvm_rows[i]))
			continue;
		for (unsigned int t = 0; t < ARRAY_SIZE(all_types); t++) {
			for (unsigned int mod = 0; mod < modifiers(&vsvm_rows[i]); mod++) {
				struct alu_case c = {
					.op = &vsvm_rows[i],
					.type = all_types[t],
					.mod = mod,
					.dst = R_D,
				};

				if (takes(c.op, c.type) && has_float(&c) == floating)
					alu_forms(alu, c);
			}
		}
	}
	alu_fini(alu);
}

/* A result that overlaps its sources, half or wholly */
static void test_overlap(int fd, bool floating)
{
	struct alu *alu = alu_init(fd);

	for (unsigned int i = 0; i < vsvm_num_rows; i++) {
		for (uint8_t dst = R_A - 1; computes(&vsvm_rows[i]) && dst <= R_C + 1; dst++) {
			struct alu_case c = {
				.op = &vsvm_rows[i],
				.dst = dst,
			};

			/* the widest type that it takes */
			for (unsigned int t = 0; t < ARRAY_SIZE(all_types); t++) {
				const bool is_float = all_types[t] >= VSVM_TYPE_F16;

				if (takes(c.op, all_types[t]) && is_float == floating)
					c.type = all_types[t];
			}
			if (takes(c.op, c.type) && has_float(&c) == floating)
				alu_add(alu, c);
		}
	}
	alu_fini(alu);
}

/* All instructions of a module that is told by which vectors lanes are computed */
static void test_vectors(int level)
{
	int fd = vsvm_module_begin("vectors=%d", level);
	struct drm_vsvm_dev_info info;

	vsvm_dev_info(fd, &info);
	test_ops(fd, VSVM_OP_MOV, VSVM_OP_SEL, false);
	test_ops(fd, VSVM_OP_ADD, VSVM_OP_RHADD, false);
	test_ops(fd, VSVM_OP_AND, VSVM_OP_BFM, false);
	test_ops(fd, VSVM_OP_CMP, VSVM_OP_CMP, false);
	test_ops(fd, VSVM_OP_CVT, VSVM_OP_CVT, false);
	test_ops(fd, VSVM_OP_BITSEL, VSVM_OP_BITSEL, false);
	test_overlap(fd, false);
	if (info.features & VSVM_FEATURE_FLOAT) {
		test_ops(fd, VSVM_OP_FADD, VSVM_OP_FROUND_EVEN, true);
		test_ops(fd, VSVM_OP_FSUB, VSVM_OP_FFRACT, true);
		test_ops(fd, VSVM_OP_CVT, VSVM_OP_CVT, true);
		test_overlap(fd, true);
	}
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		/* not by libigt, which would keep it open */
		fd = vsvm_open_node();
	}

	igt_describe("Moves and selects of every type give what C gives");
	igt_subtest("moves")
		test_ops(fd, VSVM_OP_MOV, VSVM_OP_SEL, false);

	igt_describe("Arithmetic on every type gives what C gives, overflows included");
	igt_subtest("arithmetic")
		test_ops(fd, VSVM_OP_ADD, VSVM_OP_RHADD, false);

	igt_describe("Logic, shifts and bit fields of every type give what C gives");
	igt_subtest("logic")
		test_ops(fd, VSVM_OP_AND, VSVM_OP_BFM, false);

	igt_describe("Comparisons of every type go by its sign and width");
	igt_subtest("compare")
		test_ops(fd, VSVM_OP_CMP, VSVM_OP_CMP, false);

	igt_describe("Conversions between all integer types truncate and extend");
	igt_subtest("convert")
		test_ops(fd, VSVM_OP_CVT, VSVM_OP_CVT, false);

	igt_describe("Wide products, carries, bytes and masks give what C gives");
	igt_subtest("more")
		test_ops(fd, VSVM_OP_MOD, VSVM_OP_INSH, false);

	igt_describe("Sources are read before a result that overlaps them is written");
	igt_subtest("overlap")
		test_overlap(fd, false);

	igt_subtest_group() {
		igt_fixture() {
			struct drm_vsvm_dev_info info;

			vsvm_dev_info(fd, &info);
			igt_require_f(info.features & VSVM_FEATURE_FLOAT,
				      "no floating point here\n");
		}

		igt_describe("Floating point of all widths is rounded once, as the CPU does it");
		igt_subtest("float")
			test_ops(fd, VSVM_OP_FADD, VSVM_OP_FROUND_EVEN, true);

		igt_describe("Sines, powers and logarithms are within a unit in the last place");
		igt_subtest("float-functions")
			test_ops(fd, VSVM_OP_FSIN, VSVM_OP_FPOW, true);

		igt_describe("Comparisons, parts and remainders of numbers and of what is none");
		igt_subtest("float-more")
			test_ops(fd, VSVM_OP_FLDEXP, VSVM_OP_FREXP_SIG, true);

		igt_describe("Conversions round as they are told, and clamp to integers");
		igt_subtest("float-convert")
			test_ops(fd, VSVM_OP_CVT, VSVM_OP_CVT, true);

		igt_describe("Floating point sources are read before a result overwrites them");
		igt_subtest("float-overlap")
			test_overlap(fd, true);
	}

	igt_fixture() {
		close(fd);
		vsvm_module_save();
	}

	igt_describe("Vectors of each width, and none, compute the same");
	igt_subtest_with_dynamic("vectors") {
		for (int level = 0; level <= 2; level++)
			igt_dynamic_f("%d", level)
				test_vectors(level);
	}

	igt_fixture() {
		vsvm_module_end();
	}
}
