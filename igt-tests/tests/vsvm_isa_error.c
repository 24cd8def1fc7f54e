// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm isa error
 * Description: Programs that break a rule, and the report of it
 */
#include "vsvm_asm.h"
#include "vsvm_lib.h"

IGT_TEST_DESCRIPTION("Programs that break a rule, and the report of it");

#define LANES	VSVM_WAVE_LANES

/* Registers of the program around a bad instruction */
#define REGS	20

struct checker {
	struct vsvm_ctx ctx;
	struct vsvm_program *program;
	struct vsvm_insn *insns;
	uint32_t *word;
	uint64_t *args;
	uint32_t features;
	unsigned int runs;
};

static void checker_init(struct checker *c, int fd)
{
	struct drm_vsvm_dev_info info;

	memset(c, 0, sizeof(*c));
	vsvm_dev_info(fd, &info);
	c->features = info.features;
	vsvm_ctx_init(&c->ctx, fd);
	c->word = vsvm_map(VSVM_PAGE_SIZE);
	c->args = vsvm_map(VSVM_PAGE_SIZE);
	*c->args = vsvm_ptr(c->word);
}

static void checker_fini(struct checker *c)
{
	free(c->program);
	vsvm_unmap(c->word, VSVM_PAGE_SIZE);
	vsvm_unmap(c->args, VSVM_PAGE_SIZE);
	vsvm_ctx_fini(&c->ctx);
}

/*
 * A program that marks that it was started, and then has room for instructions that are to be
 * tested: slot() is the first of them, NOPs at first.
 */
#define SLOTS	4

static struct vsvm_insn *slot(struct checker *c)
{
	struct vsvm_asm as = {};
	uint32_t at;

	free(c->program);
	asm_arg(&as, VSVM_TYPE_U64, 0, 0);
	asm_mov_imm(&as, VSVM_TYPE_U32, 2, 1);
	asm_atomic_noret(&as, VSVM_ATOMIC_ADD, VSVM_TYPE_U32, 0, 0, 2, 0);
	at = as.count;
	for (int i = 0; i < SLOTS; i++)
		asm_nop(&as);
	c->program = asm_finish(&as);
	c->program->num_regs = REGS;
	c->insns = asm_insns(c->program);
	*c->word = 0;
	return &c->insns[at];
}

static void run(struct checker *c)
{
	vsvm_run_program(&c->ctx, c->program, c->args, 8, 1, LANES);
	igt_assert_eq_u32(*c->word, LANES);
	c->runs++;
}

static void expect_at(struct checker *c, uint32_t error, const void *at)
{
	struct vsvm_stream s = {};

	vsvm_emit_dispatch(&s, c->program, c->args, 8, 1, LANES);
	vsvm_run_expect_error(&c->ctx, &s, error, VSVM_ACCESS_ANY, vsvm_ptr(at));
	/* no wave was started */
	if (error == VSVM_ERROR_PROGRAM)
		igt_assert_eq_u32(*c->word, 0);
	vsvm_stream_fini(&s);
	vsvm_ctx_new_queue(&c->ctx);
	c->runs++;
}

static void expect_bad(struct checker *c, const struct vsvm_insn *insn)
{
	igt_debug("op %#x type %u mod %u flags %#x: r%u, r%u, r%u, r%u, %#llx\n", insn->op,
		  insn->type, insn->mod, insn->flags, insn->dst, insn->a, insn->b, insn->c,
		  (long long)insn->imm);
	expect_at(c, VSVM_ERROR_PROGRAM, insn);
}

/* The head */

static void test_head(int fd)
{
	struct vsvm_program bad[] = {
		{ .magic = 0 }, { .magic = ~VSVM_PROGRAM_MAGIC }, { .magic = 0x5653564d },
		{ .version = 0 }, { .version = VSVM_PROGRAM_VERSION + 1 }, { .version = 0xffff },
		{ .num_regs = 0 }, { .num_regs = VSVM_MAX_REGS + 1 }, { .num_regs = 0xffff },
		{ .num_insns = 0 }, { .num_insns = VSVM_MAX_INSNS + 1 }, { .num_insns = ~0u },
		{ .pad = { 1 } }, { .pad = { 0, 1 } }, { .pad = { 0, 0, 1u << 31 } },
		{ .shared_size = VSVM_MAX_SHARED + 1 }, { .shared_size = ~0u },
		{ .scratch_size = VSVM_MAX_SCRATCH + 1 }, { .scratch_size = ~0u },
	};
	struct checker c;

	checker_init(&c, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		slot(&c);
		if (i >= 3)
			bad[i].magic = c.program->magic;
		if (i < 3 || i >= 6)
			bad[i].version = c.program->version;
		if (i < 6 || i >= 9)
			bad[i].num_regs = c.program->num_regs;
		if (i < 9 || i >= 12)
			bad[i].num_insns = c.program->num_insns;
		*c.program = bad[i];
		expect_at(&c, VSVM_ERROR_PROGRAM, c.program);
	}
	slot(&c);
	run(&c);
	if (c.features & VSVM_FEATURE_SHARED && c.features & VSVM_FEATURE_SCRATCH) {
		slot(&c);
		c.program->shared_size = VSVM_MAX_SHARED;
		c.program->scratch_size = VSVM_MAX_SCRATCH;
		run(&c);
	}
	checker_fini(&c);
}

/*
 * What each opcode is: which types it takes, and which of its fields. A field that it has not must
 * be zero. r12 is 0 in all lanes, r14 (a pair) as well.
 */

#define UNSIGNED	0x0f
#define SIGNED		0xf0
#define INTEGER		0xff
#define WORDS		0x0c	/* U32, U64 */
#define FLOATS		0xe00
#define SMALL_FLOATS	0x600	/* F16, F32 */
#define BOTH_32		0x44
#define UNTYPED		0

enum {
	/* fields */
	DST = 1 << 0, A = 1 << 1, B = 1 << 2, C = 1 << 3, MOD = 1 << 4, OFFSET = 1 << 5,
	/* which take the type, the others being 32 bits or an address */
	DST_T = 1 << 6, A_T = 1 << 7, B_T = 1 << 8, C_T = 1 << 9, A_64 = 1 << 10,
	/* flags */
	IMM = 1 << 11, PREDICATE = 1 << 12, NORET = 1 << 13,
	/* a result that is twice as wide, an immediate that is a number of lanes */
	DST_D = 1 << 14, CLUSTER = 1 << 15,
};

#define UNARY		(DST | DST_T | A | A_T | IMM)
#define BINARY		(UNARY | B | B_T)
#define TERNARY		(BINARY | C | C_T)
#define SHIFT		(UNARY | B)
#define INDEX		(DST | A | A_T | IMM)

static const struct form {
	uint8_t op;
	uint16_t types, fields;
} forms[] = {
	{ VSVM_OP_NOP, UNTYPED, 0 },
	{ VSVM_OP_EXIT, UNTYPED, PREDICATE },
	{ VSVM_OP_MEMBAR, UNTYPED, 0 },
	{ VSVM_OP_MOV, INTEGER, UNARY },
	{ VSVM_OP_SEL, INTEGER, DST | DST_T | A | B | B_T | C | C_T | IMM },
	{ VSVM_OP_CVT, INTEGER | FLOATS, DST | DST_T | A | MOD },
	{ VSVM_OP_ADD, INTEGER, BINARY },
	{ VSVM_OP_SUB, INTEGER, BINARY },
	{ VSVM_OP_MUL, INTEGER, BINARY },
	{ VSVM_OP_MULHI, INTEGER, BINARY },
	{ VSVM_OP_MAD, INTEGER, TERNARY },
	{ VSVM_OP_DIV, INTEGER, BINARY },
	{ VSVM_OP_REM, INTEGER, BINARY },
	{ VSVM_OP_MIN, INTEGER, BINARY },
	{ VSVM_OP_MAX, INTEGER, BINARY },
	{ VSVM_OP_NEG, INTEGER, UNARY },
	{ VSVM_OP_ABS, SIGNED, UNARY },
	{ VSVM_OP_ADDSAT, INTEGER, BINARY },
	{ VSVM_OP_SUBSAT, INTEGER, BINARY },
	{ VSVM_OP_HADD, INTEGER, BINARY },
	{ VSVM_OP_RHADD, INTEGER, BINARY },
	{ VSVM_OP_AND, INTEGER, BINARY },
	{ VSVM_OP_OR, INTEGER, BINARY },
	{ VSVM_OP_XOR, INTEGER, BINARY },
	{ VSVM_OP_NOT, INTEGER, UNARY },
	{ VSVM_OP_SHL, INTEGER, SHIFT },
	{ VSVM_OP_SHR, INTEGER, SHIFT },
	{ VSVM_OP_ROL, UNSIGNED, SHIFT },
	{ VSVM_OP_ROR, UNSIGNED, SHIFT },
	{ VSVM_OP_POPCNT, UNSIGNED, INDEX },
	{ VSVM_OP_CLZ, UNSIGNED, INDEX },
	{ VSVM_OP_FIND_LSB, UNSIGNED, INDEX },
	{ VSVM_OP_FIND_MSB, INTEGER, INDEX },
	{ VSVM_OP_BITREV, UNSIGNED, UNARY },
	{ VSVM_OP_BFE, 1 << VSVM_TYPE_U32 | 1 << VSVM_TYPE_S32, SHIFT | C },
	{ VSVM_OP_BFM, 1 << VSVM_TYPE_U32, BINARY },
	{ VSVM_OP_CMP, INTEGER, INDEX | B | B_T | MOD },
	{ VSVM_OP_LD, INTEGER, DST | DST_T | A | A_64 | MOD | OFFSET },
	{ VSVM_OP_ST, INTEGER, A | A_64 | B | B_T | MOD | OFFSET },
	{ VSVM_OP_ATOM, WORDS | 0xc00, DST | DST_T | A | A_64 | B | B_T | MOD | OFFSET | NORET },
	{ VSVM_OP_PREFETCH, UNTYPED, A | A_64 | OFFSET },
	{ VSVM_OP_SREG, 1 << VSVM_TYPE_U32, DST | DST_T | MOD },
	{ VSVM_OP_BARRIER, UNTYPED, 0 },
	{ VSVM_OP_BALLOT, 1 << VSVM_TYPE_U32, INDEX },
	{ VSVM_OP_VOTE_ANY, 1 << VSVM_TYPE_U32, INDEX },
	{ VSVM_OP_VOTE_ALL, 1 << VSVM_TYPE_U32, INDEX },
	{ VSVM_OP_SHUFFLE, UNSIGNED, SHIFT },
	{ VSVM_OP_READFIRST, UNSIGNED, UNARY },
	{ VSVM_OP_REDUCE, INTEGER | FLOATS, DST | DST_T | A | A_T | MOD | CLUSTER },
	{ VSVM_OP_SCAN_INCL, INTEGER | FLOATS, DST | DST_T | A | A_T | MOD },
	{ VSVM_OP_SCAN_EXCL, INTEGER | FLOATS, DST | DST_T | A | A_T | MOD },
	{ VSVM_OP_SHUFFLE_XOR, UNSIGNED, SHIFT },
	{ VSVM_OP_SHUFFLE_UP, UNSIGNED, SHIFT },
	{ VSVM_OP_SHUFFLE_DOWN, UNSIGNED, SHIFT },
	{ VSVM_OP_ELECT, 1 << VSVM_TYPE_U32, DST },
	{ VSVM_OP_VOTE_EQ, INTEGER | FLOATS, INDEX },
	{ VSVM_OP_MOD, SIGNED, BINARY },
	{ VSVM_OP_SIGN, SIGNED, UNARY },
	{ VSVM_OP_ABSDIFF, INTEGER, BINARY },
	{ VSVM_OP_CARRY, UNSIGNED, BINARY },
	{ VSVM_OP_BORROW, UNSIGNED, BINARY },
	{ VSVM_OP_MULW, BOTH_32, DST | DST_D | A | A_T | B | B_T | IMM },
	{ VSVM_OP_BITSEL, UNSIGNED, TERNARY },
	{ VSVM_OP_BFI, 1 << VSVM_TYPE_U32, TERNARY },
	{ VSVM_OP_PACK, 0x07, DST | DST_D | A | A_T | B | B_T | IMM },
	{ VSVM_OP_EXTB, 0xee, SHIFT },
	{ VSVM_OP_EXTH, 0xcc, SHIFT },
	{ VSVM_OP_INSB, 0x0e, SHIFT },
	{ VSVM_OP_INSH, WORDS, SHIFT },
	{ VSVM_OP_FADD, FLOATS, BINARY },
	{ VSVM_OP_FMUL, FLOATS, BINARY },
	{ VSVM_OP_FFMA, FLOATS, TERNARY },
	{ VSVM_OP_FDIV, FLOATS, BINARY },
	{ VSVM_OP_FREM, FLOATS, BINARY },
	{ VSVM_OP_FMIN, FLOATS, BINARY },
	{ VSVM_OP_FMAX, FLOATS, BINARY },
	{ VSVM_OP_FNEG, FLOATS, UNARY },
	{ VSVM_OP_FABS, FLOATS, UNARY },
	{ VSVM_OP_FSQRT, FLOATS, UNARY },
	{ VSVM_OP_FRCP, FLOATS, UNARY },
	{ VSVM_OP_FRSQ, FLOATS, UNARY },
	{ VSVM_OP_FFLOOR, FLOATS, UNARY },
	{ VSVM_OP_FCEIL, FLOATS, UNARY },
	{ VSVM_OP_FTRUNC, FLOATS, UNARY },
	{ VSVM_OP_FROUND_EVEN, FLOATS, UNARY },
	{ VSVM_OP_FSIN, SMALL_FLOATS, UNARY },
	{ VSVM_OP_FCOS, SMALL_FLOATS, UNARY },
	{ VSVM_OP_FEXP2, SMALL_FLOATS, UNARY },
	{ VSVM_OP_FLOG2, SMALL_FLOATS, UNARY },
	{ VSVM_OP_FPOW, SMALL_FLOATS, BINARY },
	{ VSVM_OP_FLDEXP, FLOATS, SHIFT },
	{ VSVM_OP_FCMP, FLOATS, INDEX | B | B_T | MOD },
	{ VSVM_OP_FSUB, FLOATS, BINARY },
	{ VSVM_OP_FMOD, FLOATS, BINARY },
	{ VSVM_OP_FSIGN, FLOATS, UNARY },
	{ VSVM_OP_FSAT, FLOATS, UNARY },
	{ VSVM_OP_FFRACT, FLOATS, UNARY },
	{ VSVM_OP_FREXP_EXP, FLOATS, INDEX },
	{ VSVM_OP_FREXP_SIG, FLOATS, UNARY },
};

/*
 * A good instruction of this form, below EXIT so that addresses do not matter. Registers below r4
 * are the program's own.
 */
static struct vsvm_insn *good(struct checker *c, const struct form *f, uint8_t type)
{
	struct vsvm_insn *insn = slot(c);

	if (f->op != VSVM_OP_EXIT)
		insn++->op = VSVM_OP_EXIT;
	insn->op = f->op;
	insn->type = type;
	insn->dst = f->fields & DST ? 4 : 0;
	insn->a = f->fields & A ? 6 : 0;
	insn->b = f->fields & B ? 8 : 0;
	insn->c = f->fields & C ? 10 : 0;
	/* floating point has atomics of its own */
	if (f->op == VSVM_OP_ATOM && type >= VSVM_TYPE_F16)
		insn->imm = (uint64_t)VSVM_ATOMIC_FADD << 32;
	return insn;
}

/* Is it an instruction of this device? */
static bool present(const struct checker *c, const struct form *f)
{
	uint32_t feature = f->op == VSVM_OP_BARRIER ? VSVM_FEATURE_SHARED :
			   f->op >> 4 == 6 ? VSVM_FEATURE_SUBGROUP :
			   f->op >> 4 >= 8 ? VSVM_FEATURE_FLOAT : 0;

	return !(feature & ~c->features);
}

static uint8_t first_type(const struct form *f)
{
	return f->types ? __builtin_ctz(f->types) : 0;
}

static void test_types(int fd)
{
	static const uint8_t others[] = { 8, 12, 15, 16, 31, 32, 34, 64, 128, 130, 255 };
	struct checker c;

	checker_init(&c, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct form *f = &forms[i];

		if (!present(&c, f))
			continue;
		for (uint8_t type = 0; type <= VSVM_TYPE_F64; type++) {
			struct vsvm_insn *insn;

			if (type >= VSVM_TYPE_F16 && !(c.features & VSVM_FEATURE_FLOAT))
				continue;
			insn = good(&c, f, type);

			if (f->types ? f->types >> type & 1 : !type)
				run(&c);
			else
				expect_bad(&c, insn);
		}
		for (unsigned int j = 0; j < ARRAY_SIZE(others); j++)
			expect_bad(&c, good(&c, f, others[j]));
	}
	checker_fini(&c);
}

static void test_opcodes(int fd)
{
	struct checker c;

	/* with all fields zero; those that exist are tested elsewhere */
	checker_init(&c, fd);
	for (unsigned int op = 0; op < 256; op++) {
		struct vsvm_insn *insn = slot(&c);

		if (op <= VSVM_OP_EXIT || (op >= VSVM_OP_MOV && op <= VSVM_OP_CVT) ||
		    (op >= VSVM_OP_ADD && op <= VSVM_OP_RHADD) ||
		    (op >= VSVM_OP_AND && op <= VSVM_OP_BFM) || op == VSVM_OP_CMP ||
		    (op >= VSVM_OP_LD && op <= VSVM_OP_MEMBAR) ||
		    (op >= VSVM_OP_MOD && op <= VSVM_OP_INSH))
			continue;
		if ((op == VSVM_OP_BARRIER && c.features & VSVM_FEATURE_SHARED) ||
		    (op >= VSVM_OP_BALLOT && op <= VSVM_OP_VOTE_EQ &&
		     c.features & VSVM_FEATURE_SUBGROUP) ||
		    (op >= VSVM_OP_FADD && op <= VSVM_OP_FREXP_SIG &&
		     c.features & VSVM_FEATURE_FLOAT))
			continue;
		insn->op = op;
		expect_bad(&c, insn);
		insn->type = op >= VSVM_OP_FADD ? VSVM_TYPE_F32 : VSVM_TYPE_U32;
		insn->dst = 4;
		expect_bad(&c, insn);
	}
	checker_fini(&c);
}

/* Each field that a form does not have, and each that has too much in it */
static void test_fields(int fd)
{
	struct checker c;

	checker_init(&c, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct form *f = &forms[i];
		const uint8_t type = first_type(f);
		uint8_t flags = (f->fields & IMM ? VSVM_INSN_IMM : 0) |
				(f->fields & NORET ? VSVM_INSN_NORET : 0) |
				(f->fields & PREDICATE ? VSVM_INSN_PRED | VSVM_INSN_NOT : 0);
		struct vsvm_insn *insn;

		if (!present(&c, f))
			continue;
		for (int bit = 0; bit < 8; bit++) {
			if (!(flags >> bit & 1)) {
				insn = good(&c, f, type);
				insn->flags = 1 << bit;
				expect_bad(&c, insn);
			}
		}
		if (!(f->fields & DST)) {
			insn = good(&c, f, type);
			insn->dst = 4;
			expect_bad(&c, insn);
		}
		if (!(f->fields & A)) {
			insn = good(&c, f, type);
			insn->a = 4;
			expect_bad(&c, insn);
		}
		if (!(f->fields & B)) {
			insn = good(&c, f, type);
			insn->b = 4;
			expect_bad(&c, insn);
		}
		if (!(f->fields & C)) {
			insn = good(&c, f, type);
			insn->c = 4;
			expect_bad(&c, insn);
		}
		if (!(f->fields & MOD)) {
			insn = good(&c, f, type);
			insn->mod = 1;
			expect_bad(&c, insn);
			insn->mod = 0x80;
			expect_bad(&c, insn);
		}
		/* an immediate that nothing uses; the upper half of an offset */
		insn = good(&c, f, type);
		insn->imm = f->fields & OFFSET ? 1ull << 50 : f->fields & CLUSTER ? 3 : 1;
		expect_bad(&c, insn);
		insn->imm = 1ull << 63;
		expect_bad(&c, insn);
		if (f->fields & OFFSET) {
			insn = good(&c, f, type);
			insn->imm |= 0xffffffff;
			run(&c);
		}
	}
	checker_fini(&c);
}

/* With an immediate, the register of the last source has to be zero. */
static void test_immediates(int fd)
{
	struct checker c;

	checker_init(&c, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct form *f = &forms[i];
		struct vsvm_insn *insn;

		if (!(f->fields & IMM) || !present(&c, f))
			continue;
		insn = good(&c, f, first_type(f));
		insn->flags = VSVM_INSN_IMM;
		insn->imm = ~0ull;
		expect_bad(&c, insn);
		if (f->fields & C)
			insn->c = 0;
		else if (f->fields & B)
			insn->b = 0;
		else
			insn->a = 0;
		run(&c);
	}
	checker_fini(&c);
}

/* Modifiers, flags and the like, one by one */

static const struct {
	const char *name;
	struct vsvm_insn insn;
	bool fine;
	uint32_t feature;
} singles[] = {
	{ "last condition", { VSVM_OP_CMP, VSVM_TYPE_U32, VSVM_COND_GE }, .fine = true },
	{ "condition 6", { VSVM_OP_CMP, VSVM_TYPE_U32, 6 } },
	{ "condition 255", { VSVM_OP_CMP, VSVM_TYPE_U32, 255 } },
	{ "last 32-bit register", { VSVM_OP_SREG, VSVM_TYPE_U32, VSVM_SREG_ENGINE }, .fine = true },
	{ "clock", { VSVM_OP_SREG, VSVM_TYPE_U64, VSVM_SREG_CLOCK }, .fine = true },
	{ "clock of 32 bits", { VSVM_OP_SREG, VSVM_TYPE_U32, VSVM_SREG_CLOCK } },
	{ "lane of 64 bits", { VSVM_OP_SREG, VSVM_TYPE_U64, VSVM_SREG_LANE } },
	{ "last special register", { VSVM_OP_SREG, VSVM_TYPE_U32, VSVM_SREG_SHARED_SIZE },
	  .fine = true },
	{ "special register 25", { VSVM_OP_SREG, VSVM_TYPE_U32, 25 } },
	{ "special register 19 of 64 bits", { VSVM_OP_SREG, VSVM_TYPE_U64, 19 } },
	{ "special register 255", { VSVM_OP_SREG, VSVM_TYPE_U32, 255 } },
	{ "conversion from S64", { VSVM_OP_CVT, VSVM_TYPE_U8, VSVM_TYPE_S64 }, .fine = true },
	{ "conversion from type 8", { VSVM_OP_CVT, VSVM_TYPE_U32, 8 } },
	{ "conversion from F32", { VSVM_OP_CVT, VSVM_TYPE_U32, VSVM_TYPE_F32 },
	  .feature = VSVM_FEATURE_FLOAT },
	{ "conversion from type 12", { VSVM_OP_CVT, VSVM_TYPE_U32, 12 } },
	{ "conversion from type 255", { VSVM_OP_CVT, VSVM_TYPE_U32, 255 } },
	{ "rounding of integers", { VSVM_OP_CVT, VSVM_TYPE_U8,
	  VSVM_TYPE_S64 | VSVM_ROUND_ZERO << 4 } },
	{ "rounding 4", { VSVM_OP_CVT, VSVM_TYPE_F32, VSVM_TYPE_S64 | 4 << 4 } },
	{ "load from space 5", { VSVM_OP_LD, VSVM_TYPE_U32, 5 } },
	{ "store to space 5", { VSVM_OP_ST, VSVM_TYPE_U32, 5 } },
	{ "atomic in scratch memory", { VSVM_OP_ATOM, VSVM_TYPE_U32, VSVM_SPACE_SCRATCH } },
	{ "prefetch of a generic address", { VSVM_OP_PREFETCH, 0, VSVM_SPACE_GENERIC } },
	{ "last combination of floats", { VSVM_OP_REDUCE, VSVM_TYPE_F32, VSVM_REDUCE_AND } },
	{ "combination 7", { VSVM_OP_REDUCE, VSVM_TYPE_U32, 7 } },
	{ "cluster of 64", { VSVM_OP_REDUCE, VSVM_TYPE_U32, .imm = 64 } },
	{ "cluster of a scan", { VSVM_OP_SCAN_INCL, VSVM_TYPE_U32, .imm = 8 } },
	{ "condition 14", { VSVM_OP_FCMP, VSVM_TYPE_F32, 14 } },
	{ "relaxed barrier", { VSVM_OP_BARRIER, .imm = 4ull << 40 } },
	{ "relaxed MEMBAR", { VSVM_OP_MEMBAR, .imm = 4ull << 40 } },
	{ "MEMBAR of a workgroup", { VSVM_OP_MEMBAR, .imm = 3ull << 40 | 2ull << 44 },
	  .fine = true },
	{ "MEMBAR of scope 4", { VSVM_OP_MEMBAR, .imm = 4ull << 44 } },
	{ "relaxed atomic", { VSVM_OP_ATOM, VSVM_TYPE_U32, .imm = 4ull << 40 | 3ull << 44 },
	  .fine = true },
	{ "atomic of order 5", { VSVM_OP_ATOM, VSVM_TYPE_U32, .imm = 5ull << 40 } },
	{ "atomic of scope 4", { VSVM_OP_ATOM, VSVM_TYPE_U32, .imm = 4ull << 44 } },
	{ "integer atomic of a float", { VSVM_OP_ATOM, VSVM_TYPE_F32 } },
	{ "exchange of a float", { VSVM_OP_ATOM, VSVM_TYPE_F64,
	  .imm = (uint64_t)VSVM_ATOMIC_XCHG << 32 } },
	{ "load from space 255", { VSVM_OP_LD, VSVM_TYPE_U32, 255 } },
	{ "load from shared memory", { VSVM_OP_LD, VSVM_TYPE_U32, VSVM_SPACE_SHARED },
	  .feature = VSVM_FEATURE_SHARED },
	{ "load from scratch memory", { VSVM_OP_LD, VSVM_TYPE_U32, VSVM_SPACE_SCRATCH },
	  .feature = VSVM_FEATURE_SCRATCH },
	{ "store to shared memory", { VSVM_OP_ST, VSVM_TYPE_U32, VSVM_SPACE_SHARED },
	  .feature = VSVM_FEATURE_SHARED },
	{ "store to scratch memory", { VSVM_OP_ST, VSVM_TYPE_U32, VSVM_SPACE_SCRATCH },
	  .feature = VSVM_FEATURE_SCRATCH },
	{ "store to arguments", { VSVM_OP_ST, VSVM_TYPE_U32, VSVM_SPACE_ARG } },
	{ "atomic in arguments", { VSVM_OP_ATOM, VSVM_TYPE_U32, VSVM_SPACE_ARG } },
	{ "atomic in shared memory", { VSVM_OP_ATOM, VSVM_TYPE_U32, VSVM_SPACE_SHARED },
	  .feature = VSVM_FEATURE_SHARED },
	{ "prefetch of arguments", { VSVM_OP_PREFETCH, 0, VSVM_SPACE_ARG } },
	{ "prefetch of shared memory", { VSVM_OP_PREFETCH, 0, VSVM_SPACE_SHARED } },
	{ "load of arguments with address", { VSVM_OP_LD, VSVM_TYPE_U32, VSVM_SPACE_ARG, .a = 4 } },
	{ "compare and exchange", { VSVM_OP_ATOM, VSVM_TYPE_U32, .c = 4,
	  .imm = (uint64_t)VSVM_ATOMIC_CMPXCHG << 32 }, .fine = true },
	{ "last integer atomic", { VSVM_OP_ATOM, VSVM_TYPE_U64,
	  .imm = (uint64_t)VSVM_ATOMIC_SMAX << 32 }, .fine = true },
	{ "float atomic", { VSVM_OP_ATOM, VSVM_TYPE_U32,
	  .imm = (uint64_t)VSVM_ATOMIC_FADD << 32 } },
	{ "atomic 13", { VSVM_OP_ATOM, VSVM_TYPE_U32, .imm = 13ull << 32 } },
	{ "atomic 255", { VSVM_OP_ATOM, VSVM_TYPE_U32, .imm = 255ull << 32 } },
	{ "atomic with more than an operation", { VSVM_OP_ATOM, VSVM_TYPE_U32,
	  .imm = 1ull << 48 } },
	{ "comparand of an addition", { VSVM_OP_ATOM, VSVM_TYPE_U32, .c = 4 } },
	{ "result that is not wanted", { VSVM_OP_ATOM, VSVM_TYPE_U32, .flags = VSVM_INSN_NORET,
	  .dst = 4 } },
	{ "no result", { VSVM_OP_ATOM, VSVM_TYPE_U32, .flags = VSVM_INSN_NORET }, .fine = true },
	{ "predicate without flag", { VSVM_OP_EXIT, .a = 4 } },
	{ "predicate that is negated only", { VSVM_OP_EXIT, .flags = VSVM_INSN_NOT } },
	{ "negated predicate", { VSVM_OP_EXIT, .flags = VSVM_INSN_PRED | VSVM_INSN_NOT, .a = 4 },
	  .fine = true },
};

static void test_singles(int fd)
{
	struct vsvm_insn *insn;
	struct checker c;

	checker_init(&c, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(singles); i++) {
		igt_debug("%s\n", singles[i].name);
		insn = slot(&c);
		if (singles[i].feature & c.features)
			continue;
		insn[0].op = VSVM_OP_EXIT;
		insn[1] = singles[i].insn;
		if (singles[i].fine)
			run(&c);
		else
			expect_bad(&c, &insn[1]);
	}
	checker_fini(&c);
}

/* The last register, and one beyond, in every field of every form and size */
static void test_registers(int fd)
{
	struct checker c;

	checker_init(&c, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct form *f = &forms[i];
		static const uint16_t fields[] = { DST, A, B, C };
		const uint16_t typed[] = { DST_T, A_T, B_T, C_T };

		if (!present(&c, f))
			continue;
		for (int wide = 0; wide < 2; wide++) {
			uint8_t type = wide ? VSVM_TYPE_U64 : VSVM_TYPE_U32;

			if (f->types && !(f->types >> type & 1))
				type |= 4;
			if (f->types && !(f->types >> type & 1))
				type = wide ? VSVM_TYPE_F64 : VSVM_TYPE_F32;
			if (f->types ? !(f->types >> type & 1) : wide)
				continue;
			if (!f->types)
				type = 0;
			for (unsigned int j = 0; j < ARRAY_SIZE(fields); j++) {
				bool pair = (wide && f->fields & typed[j]) ||
					    (fields[j] == A && f->fields & A_64) ||
					    (fields[j] == DST && f->fields & DST_D);
				struct vsvm_insn *insn;

				if (!(f->fields & fields[j]))
					continue;
				for (unsigned int reg = REGS - 2; reg <= REGS; reg++) {
					insn = good(&c, f, type);
					(&insn->dst)[j] = reg;
					if (reg + pair < REGS)
						run(&c);
					else
						expect_bad(&c, insn);
				}
				insn = good(&c, f, type);
				(&insn->dst)[j] = 255;
				expect_bad(&c, insn);
				if (pair) {
					/* the last of all has no other half */
					c.program->num_regs = VSVM_MAX_REGS;
					expect_bad(&c, insn);
				}
			}
		}
	}
	checker_fini(&c);
}

/* Control flow: sequences of opcodes, and which of them is at fault */

static const struct {
	const char *name;
	uint8_t ops[SLOTS];
	uint8_t bad;
} flows[] = {
	{ "ELSE alone", { VSVM_OP_ELSE }, 0 },
	{ "ENDIF alone", { VSVM_OP_ENDIF }, 0 },
	{ "ENDLOOP alone", { VSVM_OP_ENDLOOP }, 0 },
	{ "BREAK alone", { VSVM_OP_BREAK }, 0 },
	{ "CONTINUE alone", { VSVM_OP_CONTINUE }, 0 },
	{ "IF left open", { VSVM_OP_NOP, VSVM_OP_IF }, 1 },
	{ "LOOP left open", { VSVM_OP_NOP, VSVM_OP_LOOP, VSVM_OP_BREAK }, 1 },
	{ "ELSE left open", { VSVM_OP_NOP, VSVM_OP_IF, VSVM_OP_ELSE }, 1 },
	{ "ELSE twice", { VSVM_OP_IF, VSVM_OP_ELSE, VSVM_OP_ELSE, VSVM_OP_ENDIF }, 2 },
	{ "ENDIF twice", { VSVM_OP_IF, VSVM_OP_ENDIF, VSVM_OP_ENDIF }, 2 },
	{ "ENDLOOP twice", { VSVM_OP_LOOP, VSVM_OP_BREAK, VSVM_OP_ENDLOOP, VSVM_OP_ENDLOOP }, 3 },
	{ "IF ended by ENDLOOP", { VSVM_OP_IF, VSVM_OP_ENDLOOP }, 1 },
	{ "LOOP ended by ENDIF", { VSVM_OP_LOOP, VSVM_OP_ENDIF }, 1 },
	{ "LOOP with ELSE", { VSVM_OP_LOOP, VSVM_OP_ELSE }, 1 },
	{ "IF across LOOP", { VSVM_OP_IF, VSVM_OP_LOOP, VSVM_OP_ENDIF, VSVM_OP_ENDLOOP }, 2 },
	{ "LOOP across IF", { VSVM_OP_LOOP, VSVM_OP_IF, VSVM_OP_ENDLOOP, VSVM_OP_ENDIF }, 2 },
	{ "BREAK in IF alone", { VSVM_OP_IF, VSVM_OP_BREAK, VSVM_OP_ENDIF }, 1 },
	{ "CONTINUE after LOOP", { VSVM_OP_LOOP, VSVM_OP_BREAK, VSVM_OP_ENDLOOP, VSVM_OP_CONTINUE },
	  3 },
	{ "the first of two", { VSVM_OP_NOP, VSVM_OP_ENDIF, VSVM_OP_ENDLOOP }, 1 },
};

static void test_flow(int fd)
{
	struct vsvm_insn *insn;
	struct checker c;

	checker_init(&c, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(flows); i++) {
		igt_debug("%s\n", flows[i].name);
		insn = slot(&c);
		for (unsigned int j = 0; j < SLOTS; j++) {
			insn[j].op = flows[i].ops[j];
			if (insn[j].op == VSVM_OP_IF)
				insn[j].flags = VSVM_INSN_PRED;
		}
		expect_bad(&c, &insn[flows[i].bad]);
	}
	checker_fini(&c);
}

static void test_too_deep(int fd)
{
	struct vsvm_asm as;
	struct checker c;

	checker_init(&c, fd);
	for (int loops = 0; loops < 2; loops++) {
		memset(&as, 0, sizeof(as));
		for (int i = 0; i <= VSVM_MAX_NESTING; i++) {
			if (loops)
				asm_loop(&as);
			else
				asm_if(&as, 0);
		}
		for (int i = 0; i <= VSVM_MAX_NESTING; i++) {
			if (loops)
				asm_endloop(&as);
			else
				asm_endif(&as);
		}
		free(c.program);
		c.program = asm_finish(&as);
		expect_bad(&c, &asm_insns(c.program)[VSVM_MAX_NESTING]);
	}
	checker_fini(&c);
}

int igt_main()
{
	static const struct {
		const char *name, *description;
		void (*run)(int fd);
	} tests[] = {
		{ "head", "A head that breaks a rule is refused", test_head },
		{ "opcodes", "An opcode that does not exist, or not on this device, is refused",
		  test_opcodes },
		{ "types", "An opcode takes its own types and no other", test_types },
		{ "fields", "A field that an instruction does not use has to be zero",
		  test_fields },
		{ "immediates", "An immediate takes the place of the last source",
		  test_immediates },
		{ "singles", "Modifiers, spaces, atomics and flags beyond the last are refused",
		  test_singles },
		{ "registers", "A register that the program does not have is refused",
		  test_registers },
		{ "flow", "Control flow that does not nest is refused", test_flow },
		{ "too-deep", "Control flow that nests too deep is refused", test_too_deep },
	};
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
	}

	for (unsigned int i = 0; i < ARRAY_SIZE(tests); i++) {
		igt_describe(tests[i].description);
		igt_subtest(tests[i].name)
			tests[i].run(fd);
	}

	igt_fixture() {
		close(fd);
	}
}
