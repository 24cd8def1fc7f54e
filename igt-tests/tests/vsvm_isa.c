// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm isa
 * Description: What each instruction computes, against plain C
 */
#include "vsvm_asm.h"
#include "vsvm_lib.h"

IGT_TEST_DESCRIPTION("What each instruction computes, against plain C");

#define LANES	VSVM_WAVE_LANES

static const uint8_t all_types[] = {
	VSVM_TYPE_U8, VSVM_TYPE_U16, VSVM_TYPE_U32, VSVM_TYPE_U64,
	VSVM_TYPE_S8, VSVM_TYPE_S16, VSVM_TYPE_S32, VSVM_TYPE_S64,
};

static unsigned int bits_of(uint8_t type)
{
	return 8u << (type & 3);
}

static bool is_signed(uint8_t type)
{
	return type & 4;
}

/*
 * The oracle: values as 128-bit integers, where nothing overflows, and then cut to the type.
 */

static uint64_t cut(uint8_t type, __int128 x)
{
	return bits_of(type) == 64 ? (uint64_t)x : (uint64_t)x & ((1ull << bits_of(type)) - 1);
}

static __int128 value(uint8_t type, uint64_t raw)
{
	uint64_t sign = 1ull << (bits_of(type) - 1);

	raw = cut(type, raw);
	return is_signed(type) && (raw & sign) ? (__int128)raw - ((__int128)sign << 1) : raw;
}

static __int128 clamp(uint8_t type, __int128 x)
{
	__int128 one = 1;
	__int128 max = (one << (bits_of(type) - is_signed(type))) - 1;
	__int128 min = is_signed(type) ? -max - 1 : 0;

	return x < min ? min : x > max ? max : x;
}

static bool condition(uint8_t cond, __int128 a, __int128 b)
{
	switch (cond) {
	case VSVM_COND_EQ:
		return a == b;
	case VSVM_COND_NE:
		return a != b;
	case VSVM_COND_LT:
		return a < b;
	case VSVM_COND_LE:
		return a <= b;
	case VSVM_COND_GT:
		return a > b;
	default:
		return a >= b;
	}
}

static uint32_t bfe(bool sign, uint32_t a, uint32_t offset, uint32_t count)
{
	uint32_t x = 0;

	offset %= 32;
	count %= 32;
	if (!count)
		return 0;
	/* bit by bit; what lies beyond bit 31 is the sign, or zero */
	for (unsigned int i = 0; i < 32; i++) {
		unsigned int from = offset + (i < count ? i : count - 1);
		bool bit = from < 32 ? a >> from & 1 : sign && a >> 31;

		if (i < count || sign)
			x |= (uint32_t)bit << i;
	}
	return x;
}

/* a, b, c: contents of register pairs */
static uint64_t oracle(uint8_t op, uint8_t type, uint8_t mod, uint64_t a, uint64_t b, uint64_t c)
{
	const unsigned int width = bits_of(type), shift = (uint32_t)b % width;
	__int128 va = value(type, a), vb = value(type, b);
	uint64_t ua = cut(type, a);
	unsigned int n = 0;

	switch (op) {
	case VSVM_OP_MOV:
		return ua;
	case VSVM_OP_SEL:
		return cut(type, (uint32_t)a ? b : c);
	case VSVM_OP_CVT:
		return cut(type, value(mod, a));
	case VSVM_OP_ADD:
		return cut(type, va + vb);
	case VSVM_OP_SUB:
		return cut(type, va - vb);
	case VSVM_OP_MUL:
		return cut(type, (__uint128_t)va * (__uint128_t)vb);
	case VSVM_OP_MULHI:
		if (is_signed(type))
			return cut(type, va * vb >> width);
		return cut(type, (__uint128_t)va * (__uint128_t)vb >> width);
	case VSVM_OP_MAD:
		return cut(type, (__uint128_t)va * (__uint128_t)vb + value(type, c));
	case VSVM_OP_DIV:
		return vb ? cut(type, va / vb) : 0;
	case VSVM_OP_REM:
		return vb ? cut(type, va % vb) : 0;
	case VSVM_OP_MIN:
		return cut(type, va < vb ? va : vb);
	case VSVM_OP_MAX:
		return cut(type, va > vb ? va : vb);
	case VSVM_OP_NEG:
		return cut(type, -va);
	case VSVM_OP_ABS:
		return cut(type, va < 0 ? -va : va);
	case VSVM_OP_ADDSAT:
		return cut(type, clamp(type, va + vb));
	case VSVM_OP_SUBSAT:
		return cut(type, clamp(type, va - vb));
	case VSVM_OP_HADD:
		return cut(type, (va + vb) >> 1);
	case VSVM_OP_RHADD:
		return cut(type, (va + vb + 1) >> 1);
	case VSVM_OP_AND:
		return cut(type, a & b);
	case VSVM_OP_OR:
		return cut(type, a | b);
	case VSVM_OP_XOR:
		return cut(type, a ^ b);
	case VSVM_OP_NOT:
		return cut(type, ~a);
	case VSVM_OP_SHL:
		return cut(type, (__uint128_t)ua << shift);
	case VSVM_OP_SHR:
		return cut(type, va >> shift);
	case VSVM_OP_ROL:
		return cut(type, (__uint128_t)ua << shift | ua >> (width - shift) % 64 *
			   !!shift);
	case VSVM_OP_ROR:
		return cut(type, (__uint128_t)ua << (width - shift) | ua >> shift);
	case VSVM_OP_POPCNT:
		for (unsigned int i = 0; i < width; i++)
			n += ua >> i & 1;
		return n;
	case VSVM_OP_CLZ:
		while (n < width && !(ua >> (width - 1 - n) & 1))
			n++;
		return n;
	case VSVM_OP_FIND_LSB:
		for (n = 0; n < width; n++) {
			if (ua >> n & 1)
				return n;
		}
		return 0xffffffff;
	case VSVM_OP_FIND_MSB:
		for (n = width; n--;) {
			if ((ua >> n & 1) != (va < 0 ? 1 : 0))
				return n;
		}
		return 0xffffffff;
	case VSVM_OP_BITREV:
		a = 0;
		for (n = 0; n < width; n++)
			a |= (ua >> n & 1) << (width - 1 - n);
		return a;
	case VSVM_OP_BFE:
		return bfe(is_signed(type), a, b, c);
	case VSVM_OP_BFM:
		return (uint32_t)(((1ull << a % 32) - 1) << b % 32);
	case VSVM_OP_CMP:
		return condition(mod, va, vb) ? 0xffffffff : 0;
	}
	igt_assert(0);
	return 0;
}

/* Which types an opcode takes, how many sources, and whether its result is 32 bits always */

#define UNSIGNED	0x0f
#define SIGNED		0xf0
#define INTEGER		0xff

struct alu_op {
	uint8_t op, types, sources;
	bool word;
	const char *name;
};

static const struct alu_op moves[] = {
	{ VSVM_OP_MOV, INTEGER, 1, false, "MOV" },
	{ VSVM_OP_SEL, INTEGER, 3, false, "SEL" },
};

static const struct alu_op arithmetic[] = {
	{ VSVM_OP_ADD, INTEGER, 2, false, "ADD" },
	{ VSVM_OP_SUB, INTEGER, 2, false, "SUB" },
	{ VSVM_OP_MUL, INTEGER, 2, false, "MUL" },
	{ VSVM_OP_MULHI, INTEGER, 2, false, "MULHI" },
	{ VSVM_OP_MAD, INTEGER, 3, false, "MAD" },
	{ VSVM_OP_DIV, INTEGER, 2, false, "DIV" },
	{ VSVM_OP_REM, INTEGER, 2, false, "REM" },
	{ VSVM_OP_MIN, INTEGER, 2, false, "MIN" },
	{ VSVM_OP_MAX, INTEGER, 2, false, "MAX" },
	{ VSVM_OP_NEG, INTEGER, 1, false, "NEG" },
	{ VSVM_OP_ABS, SIGNED, 1, false, "ABS" },
	{ VSVM_OP_ADDSAT, INTEGER, 2, false, "ADDSAT" },
	{ VSVM_OP_SUBSAT, INTEGER, 2, false, "SUBSAT" },
	{ VSVM_OP_HADD, INTEGER, 2, false, "HADD" },
	{ VSVM_OP_RHADD, INTEGER, 2, false, "RHADD" },
};

static const struct alu_op logic[] = {
	{ VSVM_OP_AND, INTEGER, 2, false, "AND" },
	{ VSVM_OP_OR, INTEGER, 2, false, "OR" },
	{ VSVM_OP_XOR, INTEGER, 2, false, "XOR" },
	{ VSVM_OP_NOT, INTEGER, 1, false, "NOT" },
	{ VSVM_OP_SHL, INTEGER, 2, false, "SHL" },
	{ VSVM_OP_SHR, INTEGER, 2, false, "SHR" },
	{ VSVM_OP_ROL, UNSIGNED, 2, false, "ROL" },
	{ VSVM_OP_ROR, UNSIGNED, 2, false, "ROR" },
	{ VSVM_OP_POPCNT, UNSIGNED, 1, true, "POPCNT" },
	{ VSVM_OP_CLZ, UNSIGNED, 1, true, "CLZ" },
	{ VSVM_OP_FIND_LSB, UNSIGNED, 1, true, "FIND_LSB" },
	{ VSVM_OP_FIND_MSB, INTEGER, 1, true, "FIND_MSB" },
	{ VSVM_OP_BITREV, UNSIGNED, 1, false, "BITREV" },
	{ VSVM_OP_BFE, 1 << VSVM_TYPE_U32 | 1 << VSVM_TYPE_S32, 3, false, "BFE" },
	{ VSVM_OP_BFM, 1 << VSVM_TYPE_U32, 2, false, "BFM" },
};

static const struct alu_op compare = { VSVM_OP_CMP, INTEGER, 2, true, "CMP" };
static const struct alu_op convert = { VSVM_OP_CVT, INTEGER, 1, false, "CVT" };

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
	const struct alu_op *op;
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

	for (int i = 0; i < c->op->sources - c->immediate; i++)
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
	uint64_t src[3] = { pair(in, R_A), pair(in, R_B), pair(in, R_C) }, result;
	uint32_t want[WINDOW];

	if (c->immediate)
		src[c->op->sources - 1] = c->imm;
	memcpy(want, in, sizeof(want));
	if (!c->masked || item % 2) {
		result = oracle(c->op->op, c->type, c->mod, src[0], src[1], src[2]);
		want[c->dst - R_FIRST] = result;
		if (bits_of(c->type) == 64 && !c->op->word)
			want[c->dst - R_FIRST + 1] = result >> 32;
	}
	for (int i = 0; i < WINDOW; i++)
		igt_assert_f(out[i] == want[i],
			     "%s type %u mod %u%s%s, dst %d, item %u: %#llx, %#llx, %#llx: r%d is %#x, not %#x\n",
			     c->op->name, c->type, c->mod, c->immediate ? " imm" : "",
			     c->masked ? " masked" : "", c->dst, item, (long long)src[0],
			     (long long)src[1], (long long)src[2], R_FIRST + i, out[i], want[i]);
}

/* Values where something may go wrong, of any width */
static uint64_t edge(struct vsvm_rng *rng)
{
	static const uint64_t small[] = { 0, 1, 2, 7, 31, 32, 63 };
	uint64_t x = 1ull << (8u << vsvm_rand(rng) % 4) % 64 / (1 + vsvm_rand(rng) % 2);

	switch (vsvm_rand(rng) % 8) {
	case 0:
		return small[vsvm_rand(rng) % ARRAY_SIZE(small)];
	case 1:
		return -small[vsvm_rand(rng) % ARRAY_SIZE(small)];
	case 2:
		return x;
	case 3:
		return x - 1;
	case 4:
		return -x;
	case 5:
		return (1ull << vsvm_rand(rng) % 64) - vsvm_rand(rng) % 2;
	default:
		return vsvm_rand(rng) >> vsvm_rand(rng) % 64;
	}
}

/* Inputs: every pair of the extremes of the type, then a mixture */
static void alu_inputs(uint8_t type, uint32_t (*in)[WINDOW], unsigned int items,
		       struct vsvm_rng *rng)
{
	const uint64_t max = (1ull << (bits_of(type) - 1)) - 1;
	const uint64_t extremes[] = { 0, 1, 2, max - 1, max, max + 1, max + 2, -2ull, -1ull };
	const unsigned int n = ARRAY_SIZE(extremes);
	uint64_t src[3];

	for (unsigned int i = 0; i < items; i++) {
		vsvm_rand_fill(rng, in[i], sizeof(in[i]));
		for (int j = 0; j < 3; j++)
			src[j] = edge(rng);
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
		if (i >= n * n && i % 4 == 0)
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
	alu_inputs(c.op->op == VSVM_OP_CVT ? c.mod : c.type, alu->in[i], ALU_ITEMS, &alu->rng);
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

static bool takes(const struct alu_op *op, uint8_t type)
{
	return op->types >> type & 1;
}

static void alu_group(struct alu *alu, const struct alu_op *ops, unsigned int count, uint8_t mod)
{
	for (unsigned int i = 0; i < count; i++) {
		for (unsigned int t = 0; t < ARRAY_SIZE(all_types); t++) {
			struct alu_case c = {
				.op = &ops[i],
				.type = all_types[t],
				.mod = mod,
				.dst = R_D,
			};

			if (!takes(c.op, c.type))
				continue;
			alu_add(alu, c);
			c.masked = true;
			alu_add(alu, c);
			c.immediate = true;
			c.imm = edge(&alu->rng);
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
	}
}

static void test_moves(int fd)
{
	struct alu *alu = alu_init(fd);

	alu_group(alu, moves, ARRAY_SIZE(moves), 0);
	alu_fini(alu);
}

static void test_arithmetic(int fd)
{
	struct alu *alu = alu_init(fd);

	alu_group(alu, arithmetic, ARRAY_SIZE(arithmetic), 0);
	alu_fini(alu);
}

static void test_logic(int fd)
{
	struct alu *alu = alu_init(fd);

	alu_group(alu, logic, ARRAY_SIZE(logic), 0);
	alu_fini(alu);
}

static void test_compare(int fd)
{
	struct alu *alu = alu_init(fd);

	for (uint8_t cond = VSVM_COND_EQ; cond <= VSVM_COND_GE; cond++)
		alu_group(alu, &compare, 1, cond);
	alu_fini(alu);
}

static void test_convert(int fd)
{
	struct alu *alu = alu_init(fd);

	for (unsigned int from = 0; from < ARRAY_SIZE(all_types); from++) {
		for (unsigned int to = 0; to < ARRAY_SIZE(all_types); to++) {
			struct alu_case c = {
				.op = &convert,
				.type = all_types[to],
				.mod = all_types[from],
				.dst = R_D,
			};

			alu_add(alu, c);
			c.masked = true;
			alu_add(alu, c);
		}
	}
	alu_fini(alu);
}

/* A result that overlaps its sources, half or wholly */
static void test_overlap(int fd)
{
	static const struct {
		const struct alu_op *ops;
		unsigned int count;
	} groups[] = {
		{ moves, ARRAY_SIZE(moves) },
		{ arithmetic, ARRAY_SIZE(arithmetic) },
		{ logic, ARRAY_SIZE(logic) },
		{ &compare, 1 },
	};
	struct alu *alu = alu_init(fd);

	for (unsigned int g = 0; g < ARRAY_SIZE(groups); g++) {
		for (unsigned int i = 0; i < groups[g].count; i++) {
			for (uint8_t dst = R_A - 1; dst <= R_C + 1; dst++) {
				struct alu_case c = {
					.op = &groups[g].ops[i],
					.type = VSVM_TYPE_U64,
					.dst = dst,
				};

				if (!takes(c.op, c.type))
					c.type = VSVM_TYPE_S64;
				if (!takes(c.op, c.type))
					c.type = VSVM_TYPE_U32;
				alu_add(alu, c);
			}
		}
	}
	alu_fini(alu);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
	}

	igt_describe("Moves and selects of every type give what C gives");
	igt_subtest("moves")
		test_moves(fd);

	igt_describe("Arithmetic on every type gives what C gives, overflows included");
	igt_subtest("arithmetic")
		test_arithmetic(fd);

	igt_describe("Logic, shifts and bit fields of every type give what C gives");
	igt_subtest("logic")
		test_logic(fd);

	igt_describe("Comparisons of every type go by its sign and width");
	igt_subtest("compare")
		test_compare(fd);

	igt_describe("Conversions between all types truncate and extend");
	igt_subtest("convert")
		test_convert(fd);

	igt_describe("Sources are read before a result that overlaps them is written");
	igt_subtest("overlap")
		test_overlap(fd);

	igt_fixture() {
		close(fd);
	}
}
