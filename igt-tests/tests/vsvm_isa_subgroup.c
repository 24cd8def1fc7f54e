// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm isa subgroup
 * Description: What the lanes of a wave do among themselves, whichever of them are on
 */
#include "vsvm_asm.h"
#include "vsvm_lib.h"
#include "vsvm_oracle.h"
#include "vsvm_rows.h"

IGT_TEST_DESCRIPTION("What the lanes of a wave do among themselves, whichever of them are on");

#define LANES	VSVM_WAVE_LANES
#define WAVES	8
#define ITEMS	(WAVES * LANES)
#define STALE	0x5a5a5a5a5a5a5a5aull

struct lane {
	uint64_t a, out;
	uint32_t b, on;
};

static unsigned int bits_of(uint8_t type)
{
	return 8u << (type & 3);
}

static uint64_t cut(uint8_t type, uint64_t x)
{
	return bits_of(type) == 64 ? x : x & ((1ull << bits_of(type)) - 1);
}

/* Combine two lanes, as REDUCE would. */
static uint64_t combine(const struct vsvm_insn *insn, uint64_t a, uint64_t b)
{
	static const uint8_t integer[] = {
		VSVM_OP_ADD, VSVM_OP_MUL, VSVM_OP_MIN, VSVM_OP_MAX, VSVM_OP_AND, VSVM_OP_OR,
		VSVM_OP_XOR,
	};
	static const uint8_t floating[] = {
		VSVM_OP_FADD, VSVM_OP_FMUL, VSVM_OP_FMIN, VSVM_OP_FMAX,
	};
	struct vsvm_insn step = { .type = insn->type };

	step.op = insn->type >= VSVM_TYPE_F16 ? floating[insn->mod] : integer[insn->mod];
	return vsvm_oracle(&step, a, b, 0);
}

static uint64_t neutral(uint8_t type, uint8_t mod)
{
	static const uint64_t one[] = { 0x3c00, 0x3f800000, 0x3ff0000000000000 };
	static const uint64_t inf[] = { 0x7c00, 0x7f800000, 0x7ff0000000000000 };
	const uint64_t top = 1ull << (bits_of(type) - 1);
	const bool is_float = type >= VSVM_TYPE_F16, is_signed = type & 4;

	switch (mod) {
	case VSVM_REDUCE_MUL:
		return is_float ? one[type - VSVM_TYPE_F16] : 1;
	case VSVM_REDUCE_MIN:
		return is_float ? inf[type - VSVM_TYPE_F16] : is_signed ? top - 1 :
								     cut(type, -1ull);
	case VSVM_REDUCE_MAX:
		return is_float ? inf[type - VSVM_TYPE_F16] | top : is_signed ? top : 0;
	case VSVM_REDUCE_AND:
		return cut(type, -1ull);
	default:
		return 0;
	}
}

static uint64_t shuffled(const struct lane *wave, unsigned int from)
{
	return wave[from % LANES].on ? wave[from % LANES].a : 0;
}

static bool same(const struct vsvm_insn *insn, uint64_t a, uint64_t b)
{
	const struct vsvm_insn compare = {
		.op = insn->type >= VSVM_TYPE_F16 ? VSVM_OP_FCMP : VSVM_OP_CMP,
		.type = insn->type, .mod = VSVM_COND_EQ,
	};

	return vsvm_oracle(&compare, a, b, 0);
}

/* What lane @me of a wave gets; it is on. */
static uint64_t expected(const struct vsvm_insn *insn, const struct lane *wave, unsigned int me)
{
	const unsigned int cluster = insn->imm ? insn->imm : LANES;
	uint64_t sum = neutral(insn->type, insn->mod), before = sum;
	uint32_t on = 0, set = 0;
	unsigned int first;
	bool equal = true, any = false;

	for (unsigned int i = 0; i < LANES; i++) {
		on |= (uint32_t)!!wave[i].on << i;
		set |= (uint32_t)(wave[i].on && (uint32_t)wave[i].a) << i;
	}
	first = __builtin_ctz(on);

	switch (insn->op) {
	case VSVM_OP_BALLOT:
		return set;
	case VSVM_OP_VOTE_ANY:
		return set ? 0xffffffff : 0;
	case VSVM_OP_VOTE_ALL:
		return set == on ? 0xffffffff : 0;
	case VSVM_OP_VOTE_EQ:
		for (unsigned int i = 0; i < LANES; i++)
			equal &= !wave[i].on || same(insn, wave[i].a, wave[first].a);
		return equal ? 0xffffffff : 0;
	case VSVM_OP_ELECT:
		return me == first ? 0xffffffff : 0;
	case VSVM_OP_READFIRST:
		return cut(insn->type, wave[first].a);
	case VSVM_OP_SHUFFLE:
		return cut(insn->type, shuffled(wave, wave[me].b));
	case VSVM_OP_SHUFFLE_XOR:
		return cut(insn->type, shuffled(wave, me ^ wave[me].b));
	case VSVM_OP_SHUFFLE_UP:
		return cut(insn->type, shuffled(wave, me - wave[me].b));
	case VSVM_OP_SHUFFLE_DOWN:
		return cut(insn->type, shuffled(wave, me + wave[me].b));
	}

	for (unsigned int i = me / cluster * cluster; i < (me / cluster + 1) * cluster; i++) {
		if (!wave[i].on)
			continue;
		if (insn->op == VSVM_OP_SCAN_EXCL && i == me)
			return before;
		sum = any ? combine(insn, sum, wave[i].a) : cut(insn->type, wave[i].a);
		any = true;
		before = sum;
		if (insn->op == VSVM_OP_SCAN_INCL && i == me)
			return sum;
	}
	return sum;
}

static struct vsvm_program *program(const struct vsvm_insn *insn)
{
	enum { ITEM = 0, BASE = 2, AT = 4, ON = 6, A = 8, B = 10, D = 12 };
	struct vsvm_insn body = *insn;
	struct vsvm_asm as = {};

	body.dst = D;
	body.a = insn->op == VSVM_OP_ELECT ? 0 : A;
	body.b = insn->op == VSVM_OP_SHUFFLE ||
		 (insn->op >= VSVM_OP_SHUFFLE_XOR && insn->op <= VSVM_OP_SHUFFLE_DOWN) ? B : 0;
	asm_arg(&as, VSVM_TYPE_U64, BASE, 0);
	asm_sreg(&as, ITEM, VSVM_SREG_GLOBAL_X);
	asm_index(&as, AT, BASE, ITEM, sizeof(struct lane));
	asm_load(&as, VSVM_TYPE_U64, A, AT, offsetof(struct lane, a));
	asm_load(&as, VSVM_TYPE_U64, D, AT, offsetof(struct lane, out));
	asm_load(&as, VSVM_TYPE_U32, B, AT, offsetof(struct lane, b));
	asm_load(&as, VSVM_TYPE_U32, ON, AT, offsetof(struct lane, on));
	asm_if(&as, ON);
	asm_emit(&as, body);
	asm_endif(&as);
	asm_store(&as, VSVM_TYPE_U64, AT, offsetof(struct lane, out), D);
	return asm_finish(&as);
}

static uint64_t next(void *data)
{
	return vsvm_rand(data);
}

static void fill(struct lane *lanes, uint8_t type, struct vsvm_rng *rng)
{
	for (unsigned int w = 0; w < WAVES; w++) {
		/* all, one, half, few; values that are all the same, or zero, now and then */
		uint32_t mask = w == 0 ? ~0u : w == 1 ? 1u << vsvm_rand(rng) % 32 :
				w < 5 ? vsvm_rand(rng) : vsvm_rand(rng) & vsvm_rand(rng);
		uint64_t one = vsvm_oracle_operand(type, next, rng);
		unsigned int kind = vsvm_rand(rng) % 4;

		for (unsigned int i = 0; i < LANES; i++) {
			struct lane *lane = &lanes[w * LANES + i];

			lane->on = mask >> i & 1 ? vsvm_rand(rng) | 1 : 0;
			lane->a = kind == 0 ? one : vsvm_oracle_operand(type, next, rng);
			if (kind == 1 && vsvm_rand(rng) % 2)
				lane->a = 0;
			lane->b = vsvm_rand(rng) % 3 ? vsvm_rand(rng) % LANES : vsvm_rand(rng);
			lane->out = STALE;
		}
	}
}

#define BATCH	64

struct batch {
	struct vsvm_ctx ctx;
	struct vsvm_rng rng;
	struct lane (*lanes)[ITEMS];
	uint64_t *args;
	struct vsvm_insn insns[BATCH];
	struct vsvm_program *programs[BATCH];
	unsigned int count;
};

static void check(const struct vsvm_insn *insn, const struct vsvm_row *op, const struct lane *lanes)
{
	const bool wide = op->dst == VSVM_OPERAND_T && bits_of(insn->type) == 64;

	for (unsigned int i = 0; i < ITEMS; i++) {
		const struct lane *wave = &lanes[i / LANES * LANES];
		uint64_t want = STALE, got = lanes[i].out, low = wide ? got : (uint32_t)got;
		bool fine;

		if (!lanes[i].on) {
			fine = got == want;
		} else {
			want = expected(insn, wave, i % LANES);
			/* any NaN for a NaN, if this is arithmetic */
			fine = op->mod == VSVM_MOD_REDUCE ?
			       vsvm_oracle_accepts(insn, want, low) : low == want;
			/* the first one's is not computed, and may be a NaN that is not quiet */
			if (!fine && op->mod == VSVM_MOD_REDUCE && low == want)
				fine = true;
			fine &= wide || got >> 32 == STALE >> 32;
		}
		igt_assert_f(fine, "%s type %u mod %u imm %llu, lane %u: %#llx, not %#llx\n",
			     op->name, insn->type, insn->mod, (long long)insn->imm, i,
			     (long long)got, (long long)want);
	}
}

static const struct vsvm_row *find(uint8_t op)
{
	for (unsigned int i = 0; i < vsvm_num_rows; i++) {
		if (vsvm_rows[i].op == op)
			return &vsvm_rows[i];
	}
	return NULL;
}

static void flush(struct batch *b)
{
	struct vsvm_stream s = {};

	for (unsigned int i = 0; i < b->count; i++)
		vsvm_emit_dispatch(&s, b->programs[i], &b->args[i], 8, 1, ITEMS);
	vsvm_run(&b->ctx, &s);
	for (unsigned int i = 0; i < b->count; i++) {
		check(&b->insns[i], find(b->insns[i].op), b->lanes[i]);
		free(b->programs[i]);
	}
	vsvm_stream_fini(&s);
	b->count = 0;
}

static void add(struct batch *b, struct vsvm_insn insn)
{
	const unsigned int i = b->count++;

	b->insns[i] = insn;
	b->programs[i] = program(&insn);
	b->args[i] = vsvm_ptr(b->lanes[i]);
	fill(b->lanes[i], insn.type, &b->rng);
	if (b->count == BATCH)
		flush(b);
}

static void test_ops(int fd, uint8_t first, uint8_t last)
{
	struct batch *b = calloc(1, sizeof(*b));
	struct drm_vsvm_dev_info info;

	vsvm_dev_info(fd, &info);
	vsvm_ctx_init(&b->ctx, fd);
	b->lanes = vsvm_map(BATCH * sizeof(*b->lanes));
	b->args = vsvm_map(BATCH * sizeof(*b->args));
	for (unsigned int i = 0; i < vsvm_num_rows; i++) {
		const struct vsvm_row *op = &vsvm_rows[i];

		if (op->op < first || op->op > last)
			continue;
		for (uint8_t type = 0; type < 16; type++) {
			unsigned int mods = 1;

			if (!(op->types >> type & 1))
				continue;
			if (type >= VSVM_TYPE_F16 && !(info.features & VSVM_FEATURE_FLOAT))
				continue;
			if (op->mod == VSVM_MOD_REDUCE)
				mods = type >= VSVM_TYPE_F16 ? 4 : 7;
			for (uint8_t mod = 0; mod < mods; mod++) {
				struct vsvm_insn insn = { .op = op->op, .type = type, .mod = mod };

				add(b, insn);
				for (insn.imm = 1; op->op == VSVM_OP_REDUCE && insn.imm <= LANES;
				     insn.imm *= 2)
					add(b, insn);
			}
		}
	}
	flush(b);
	vsvm_unmap(b->lanes, BATCH * sizeof(*b->lanes));
	vsvm_unmap(b->args, BATCH * sizeof(*b->args));
	vsvm_ctx_fini(&b->ctx);
	free(b);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		struct drm_vsvm_dev_info info;

		fd = vsvm_open();
		vsvm_dev_info(fd, &info);
		igt_require_f(info.features & VSVM_FEATURE_SUBGROUP, "no subgroups here\n");
	}

	igt_describe("Votes count lanes that are on, and no others");
	igt_subtest("vote") {
		test_ops(fd, VSVM_OP_BALLOT, VSVM_OP_VOTE_ALL);
		test_ops(fd, VSVM_OP_ELECT, VSVM_OP_VOTE_EQ);
	}

	igt_describe("Shuffles take the value of a lane that is on, and zero of one that is not");
	igt_subtest("shuffle") {
		test_ops(fd, VSVM_OP_SHUFFLE, VSVM_OP_READFIRST);
		test_ops(fd, VSVM_OP_SHUFFLE_XOR, VSVM_OP_SHUFFLE_DOWN);
	}

	igt_describe("Reductions combine lanes that are on, cluster by cluster, in order");
	igt_subtest("reduce")
		test_ops(fd, VSVM_OP_REDUCE, VSVM_OP_REDUCE);

	igt_describe("Scans combine the lanes up to each, and begin with what is neutral");
	igt_subtest("scan")
		test_ops(fd, VSVM_OP_SCAN_INCL, VSVM_OP_SCAN_EXCL);

	igt_fixture() {
		close(fd);
	}
}
