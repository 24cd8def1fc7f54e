// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm isa local
 * Description: Shared, scratch and generic memory, barriers, and atomics on floats
 */
#include "vsvm_asm.h"
#include "vsvm_lib.h"

IGT_TEST_DESCRIPTION("Shared, scratch and generic memory, barriers, and atomics on floats");

#define LANES	VSVM_WAVE_LANES
#define U8	VSVM_TYPE_U8
#define U16	VSVM_TYPE_U16
#define U32	VSVM_TYPE_U32
#define U64	VSVM_TYPE_U64
#define F32	VSVM_TYPE_F32
#define F64	VSVM_TYPE_F64
#define GLOBAL	VSVM_SPACE_GLOBAL
#define SHARED	VSVM_SPACE_SHARED
#define SCRATCH	VSVM_SPACE_SCRATCH
#define GENERIC	VSVM_SPACE_GENERIC

/* Registers of the programs here */
enum { OUT = 0, ITEM = 2, GROUP = 3, AT = 4, N = 6, X = 8, Y = 10, Z = 12, P = 14, I = 15 };

struct test {
	struct vsvm_ctx ctx;
	struct vsvm_program *program;
	uint32_t *out;
	size_t size;
	uint64_t *args;
};

/* With room for @words at the address that the program gets as its argument. */
static void test_init(struct test *t, int fd, size_t words)
{
	vsvm_ctx_init(&t->ctx, fd);
	t->size = ALIGN(words * 4, VSVM_PAGE_SIZE);
	t->out = vsvm_map(t->size);
	t->args = vsvm_map(VSVM_PAGE_SIZE);
	t->args[0] = vsvm_ptr(t->out);
	t->program = NULL;
}

static void test_run(struct test *t, struct vsvm_asm *as, uint32_t groups, uint32_t local)
{
	free(t->program);
	t->program = asm_finish(as);
	vsvm_run_program(&t->ctx, t->program, t->args, 8, groups, local);
}

static void test_fini(struct test *t)
{
	free(t->program);
	vsvm_unmap(t->out, t->size);
	vsvm_unmap(t->args, VSVM_PAGE_SIZE);
	vsvm_ctx_fini(&t->ctx);
}

/* OUT, the number of the work item in its workgroup, of the workgroup, and of items of one */
static void begin(struct vsvm_asm *as)
{
	asm_arg(as, U64, OUT, 0);
	asm_sreg(as, ITEM, VSVM_SREG_LOCAL_INDEX);
	asm_sreg(as, GROUP, VSVM_SREG_GROUP_X);
	asm_sreg(as, N, VSVM_SREG_LOCAL_SIZE_X);
}

/* AT = address of the word of this work item */
static void own_word(struct vsvm_asm *as)
{
	asm_sreg(as, I, VSVM_SREG_GLOBAL_X);
	asm_index(as, AT, OUT, I, 4);
}

/* What one work item writes, another one of a different wave reads after the barrier. */
static void test_shared(int fd)
{
	const uint32_t groups = 20, local = 200;
	struct vsvm_asm as = { .shared_size = local * 4 };
	struct test t;

	begin(&as);
	/* shared[item] = item * 3 + group */
	asm_op2_imm(&as, VSVM_OP_MUL, U32, X, ITEM, 3);
	asm_op2(&as, VSVM_OP_ADD, U32, X, X, GROUP);
	asm_op2_imm(&as, VSVM_OP_MUL, U32, Y, ITEM, 4);
	asm_store_to(&as, SHARED, U32, Y, 0, X);
	asm_barrier(&as);
	/* out = shared[(item + 67) % local] */
	asm_op2_imm(&as, VSVM_OP_ADD, U32, Y, ITEM, 67);
	asm_op2(&as, VSVM_OP_REM, U32, Y, Y, N);
	asm_op2_imm(&as, VSVM_OP_MUL, U32, Y, Y, 4);
	asm_load_from(&as, SHARED, U32, X, Y, 0);
	own_word(&as);
	asm_store(&as, U32, AT, 0, X);
	test_init(&t, fd, groups * local);
	test_run(&t, &as, groups, local);
	for (uint32_t i = 0; i < groups * local; i++)
		igt_assert_eq_u32(t.out[i], (i % local + 67) % local * 3 + i / local);
	test_fini(&t);
}

/* Each workgroup finds zeros, whatever was there before, also of another program. */
static void test_zero(int fd)
{
	const uint32_t groups = 200, local = 64, size = 1024;
	struct test t;

	test_init(&t, fd, groups * local);
	for (int round = 0; round < 2; round++) {
		struct vsvm_asm as = { .shared_size = size, .scratch_size = size };

		begin(&as);
		asm_mov_imm(&as, U32, X, 0);
		asm_mov_imm(&as, U32, I, 0);
		asm_mov_imm(&as, U64, Z, ~0ull);
		asm_loop(&as);
		asm_cmp_imm(&as, VSVM_COND_GE, U32, P, I, size);
		asm_break_if(&as, P);
		/* the first wave is done before others begin, so let none write before all read */
		asm_load_from(&as, SHARED, U32, Y, I, 0);
		asm_op2(&as, VSVM_OP_OR, U32, X, X, Y);
		asm_load_from(&as, SCRATCH, U32, Y, I, 0);
		asm_op2(&as, VSVM_OP_OR, U32, X, X, Y);
		asm_op2_imm(&as, VSVM_OP_ADD, U32, I, I, 4);
		asm_endloop(&as);
		asm_barrier(&as);
		asm_mov_imm(&as, U32, I, 0);
		asm_loop(&as);
		asm_cmp_imm(&as, VSVM_COND_GE, U32, P, I, size);
		asm_break_if(&as, P);
		asm_store_to(&as, SHARED, U64, I, 0, Z);
		asm_store_to(&as, SCRATCH, U64, I, 0, Z);
		asm_op2_imm(&as, VSVM_OP_ADD, U32, I, I, 8);
		asm_endloop(&as);
		own_word(&as);
		asm_store(&as, U32, AT, 0, X);
		memset(t.out, 0xff, groups * local * 4);
		test_run(&t, &as, groups, local);
		for (uint32_t i = 0; i < groups * local; i++)
			igt_assert_eq_u32(t.out[i], 0);
	}
	test_fini(&t);
}

/* Every size and alignment; memory of other work items stays as it is. */
static void test_scratch(int fd)
{
	static const struct {
		uint8_t type, offset;
	} stores[] = { { U8, 3 }, { U16, 5 }, { U32, 9 }, { U64, 14 }, { U16, 23 }, { U8, 25 } };
	const uint32_t local = 100, groups = 3, words = 7;
	struct vsvm_asm as = { .scratch_size = 26 };
	struct test t;

	test_init(&t, fd, groups * local * words);
	begin(&as);
	asm_sreg(&as, I, VSVM_SREG_GLOBAL_X);
	asm_cvt(&as, U64, X, U32, I);
	asm_op2_imm(&as, VSVM_OP_MUL, U64, X, X, 0x0101010101010101ull * 5 + 3);
	asm_mov_imm(&as, U32, Y, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(stores); i++)
		asm_store_to(&as, SCRATCH, stores[i].type, Y, stores[i].offset, X);
	asm_barrier(&as);
	asm_index(&as, AT, OUT, I, words * 4);
	/* the address is 32 bits, and so is its sum with the offset */
	asm_mov_imm(&as, U32, Y, 100);
	for (uint32_t i = 0; i < 6; i++) {
		asm_load_from(&as, SCRATCH, U32, Z, Y, 4 * i - 100);
		asm_store(&as, U32, AT, 4 * i, Z);
	}
	asm_load_from(&as, SCRATCH, U16, Z, Y, 24 - 100);
	asm_store(&as, U32, AT, 24, Z);
	test_run(&t, &as, groups, local);
	for (uint32_t i = 0; i < groups * local; i++) {
		uint64_t x = i * (0x0101010101010101ull * 5 + 3);
		uint8_t want[28] = {};

		for (unsigned int j = 0; j < ARRAY_SIZE(stores); j++)
			memcpy(want + stores[j].offset, &x, 1 << stores[j].type);
		igt_assert_f(!memcmp(want, &t.out[i * words], sizeof(want)), "item %u\n", i);
	}
	test_fini(&t);
}

/* One pointer, three memories, by turns within a wave. */
static void test_generic(int fd)
{
	const uint32_t local = 96, groups = 4;
	struct vsvm_asm as = { .shared_size = local * 8, .scratch_size = 8 };
	struct test t;

	test_init(&t, fd, groups * local * 4);
	begin(&as);
	asm_sreg(&as, I, VSVM_SREG_GLOBAL_X);
	asm_index(&as, AT, OUT, I, 16);
	/* pointer: by item % 3 to out[item].second, to shared[item], to scratch */
	asm_op2_imm(&as, VSVM_OP_ADD, U64, X, AT, 8);
	asm_op2_imm(&as, VSVM_OP_REM, U32, Z, ITEM, 3);
	asm_cmp_imm(&as, VSVM_COND_EQ, U32, P, Z, 1);
	asm_if(&as, P);
	asm_mov_imm(&as, U64, Y, VSVM_GENERIC_SHARED);
	asm_index(&as, X, Y, ITEM, 8);
	asm_endif(&as);
	asm_cmp_imm(&as, VSVM_COND_EQ, U32, P, Z, 2);
	asm_if(&as, P);
	asm_mov_imm(&as, U64, X, VSVM_GENERIC_SCRATCH);
	asm_endif(&as);
	/* *pointer = item; *pointer += 1000; out.first = *pointer */
	asm_cvt(&as, U64, Y, U32, I);
	asm_store_to(&as, GENERIC, U64, X, 0, Y);
	asm_mov_imm(&as, U64, Y, 1000);
	asm_atomic_in(&as, GENERIC, VSVM_ATOMIC_ADD, U64, Y, X, 0, Y, 0,
		      asm_order(VSVM_ORDER_RELAXED, VSVM_SCOPE_DEVICE));
	asm_load_from(&as, GENERIC, U64, Z, X, 0);
	asm_op2(&as, VSVM_OP_ADD, U64, Y, Y, Z);
	asm_store(&as, U64, AT, 0, Y);
	test_run(&t, &as, groups, local);
	for (uint32_t i = 0; i < groups * local; i++) {
		const uint64_t *out = (uint64_t *)&t.out[i * 4];

		igt_assert_eq_u64(out[0], 2 * i + 1000);
		/* nothing but what is global went there */
		igt_assert_eq_u64(out[1], i % local % 3 == 0 ? i + 1000 : 0);
	}
	test_fini(&t);
}

/*
 * Wave w of each workgroup waits at w barriers of a loop and then ends. A barrier between counting
 * up and reading shows to each how many there were at that moment.
 */
static void test_barrier_exit(int fd)
{
	const uint32_t waves = 8, local = waves * LANES, groups = 3;
	struct vsvm_asm as = { .shared_size = waves * 4 };
	struct test t;

	test_init(&t, fd, groups * local);
	begin(&as);
	asm_sreg(&as, N, VSVM_SREG_WAVE);
	asm_mov_imm(&as, U32, I, 0);
	asm_mov_imm(&as, U32, Z, 0);
	asm_loop(&as);
	asm_cmp(&as, VSVM_COND_GE, U32, P, I, N);
	asm_break_if(&as, P);
	/* shared[i]++, by one lane of each wave that comes to round i */
	asm_op2_imm(&as, VSVM_OP_AND, U32, P, ITEM, LANES - 1);
	asm_if_not(&as, P);
	asm_mov_imm(&as, U32, X, 1);
	asm_op2_imm(&as, VSVM_OP_MUL, U32, Y, I, 4);
	asm_atomic_in(&as, SHARED, VSVM_ATOMIC_ADD, U32, X, Y, 0, X, 0, 0);
	asm_endif(&as);
	asm_barrier(&as);
	asm_op2_imm(&as, VSVM_OP_MUL, U32, Y, I, 4);
	asm_load_from(&as, SHARED, U32, X, Y, 0);
	asm_op2_imm(&as, VSVM_OP_MUL, U32, Z, Z, 10);
	asm_op2(&as, VSVM_OP_ADD, U32, Z, Z, X);
	asm_op2_imm(&as, VSVM_OP_ADD, U32, I, I, 1);
	asm_endloop(&as);
	own_word(&as);
	asm_store(&as, U32, AT, 0, Z);
	test_run(&t, &as, groups, local);
	for (uint32_t i = 0; i < groups * local; i++) {
		uint32_t wave = i % local / LANES, want = 0;

		/* in round r there are the waves above r */
		for (uint32_t r = 0; r < wave; r++)
			want = want * 10 + waves - 1 - r;
		igt_assert_eq_u32(t.out[i], want);
	}
	test_fini(&t);
}

/* A wave is at a barrier as a whole, and at whichever barrier. */
static void test_barrier_divergent(int fd)
{
	const uint32_t waves = 4, local = waves * LANES, groups = 5;
	struct vsvm_asm as = { .shared_size = 4 };
	struct test t;

	test_init(&t, fd, groups * local);
	begin(&as);
	asm_mov_imm(&as, U32, X, 1);
	asm_mov_imm(&as, U32, Y, 0);
	asm_atomic_in(&as, SHARED, VSVM_ATOMIC_ADD, U32, Z, Y, 0, X, 0, 0);
	/* odd waves at one barrier, of even ones a few lanes at another */
	asm_sreg(&as, N, VSVM_SREG_WAVE);
	asm_op2_imm(&as, VSVM_OP_AND, U32, P, N, 1);
	asm_if(&as, P);
	asm_barrier(&as);
	asm_else(&as);
	asm_op2_imm(&as, VSVM_OP_AND, U32, P, ITEM, 12);
	asm_if(&as, P);
	asm_barrier(&as);
	asm_endif(&as);
	asm_endif(&as);
	asm_load_from(&as, SHARED, U32, Z, Y, 0);
	own_word(&as);
	asm_store(&as, U32, AT, 0, Z);
	test_run(&t, &as, groups, local);
	for (uint32_t i = 0; i < groups * local; i++)
		igt_assert_eq_u32(t.out[i], local);
	test_fini(&t);
}

/* Waves that wait for pages keep others of their workgroup waiting, and no one else. */
static void test_barrier_fault(int fd)
{
	const uint32_t waves = 16, local = waves * LANES, groups = 12;
	struct vsvm_asm as = { .shared_size = local * 4 };
	struct test t;
	uint8_t *far;

	far = vsvm_map(groups * waves * VSVM_PAGE_SIZE);
	for (uint32_t i = 0; i < groups * waves; i++)
		far[i * VSVM_PAGE_SIZE] = i;
	test_init(&t, fd, groups * local);
	t.args[1] = vsvm_ptr(far);
	begin(&as);
	/* each wave a page of its own, on which it faults */
	asm_arg(&as, U64, X, 8);
	asm_sreg(&as, Y, VSVM_SREG_GLOBAL_X);
	asm_op2_imm(&as, VSVM_OP_SHR, U32, Y, Y, 5);
	asm_index(&as, AT, X, Y, VSVM_PAGE_SIZE);
	asm_load(&as, U8, Z, AT, 0);
	asm_op2_imm(&as, VSVM_OP_MUL, U32, Y, ITEM, 4);
	asm_store_to(&as, SHARED, U32, Y, 0, Z);
	asm_barrier(&as);
	/* of the wave after this one */
	asm_op2_imm(&as, VSVM_OP_ADD, U32, Y, ITEM, LANES);
	asm_op2(&as, VSVM_OP_REM, U32, Y, Y, N);
	asm_op2_imm(&as, VSVM_OP_MUL, U32, Y, Y, 4);
	asm_load_from(&as, SHARED, U32, Z, Y, 0);
	own_word(&as);
	asm_store(&as, U32, AT, 0, Z);
	free(t.program);
	t.program = asm_finish(&as);
	vsvm_run_program(&t.ctx, t.program, t.args, 16, groups, local);
	for (uint32_t i = 0; i < groups * local; i++) {
		uint32_t wave = (i % local / LANES + 1) % waves;

		igt_assert_eq_u32(t.out[i], (uint8_t)(i / local * waves + wave));
	}
	test_fini(&t);
	vsvm_unmap(far, groups * waves * VSVM_PAGE_SIZE);
}

/* A barrier that never opens, because one wave does not end, is ended by the time limit. */
static void test_barrier_hang(int fd)
{
	struct vsvm_asm as = {};
	struct vsvm_stream s = {};
	struct test t;

	test_init(&t, fd, 1);
	vsvm_queue_destroy(fd, t.ctx.queue);
	t.ctx.queue = vsvm_queue_create_on(fd, t.ctx.vm, 0, 20 * NSEC_PER_MSEC);
	asm_sreg(&as, N, VSVM_SREG_WAVE);
	asm_if_not(&as, N);
	asm_loop(&as);
	asm_endloop(&as);
	asm_endif(&as);
	asm_barrier(&as);
	t.program = asm_finish(&as);
	vsvm_emit_dispatch(&s, t.program, t.args, 8, 2, 4 * LANES);
	vsvm_run_expect_error(&t.ctx, &s, VSVM_ERROR_TIMEOUT, VSVM_ACCESS_ANY,
			      vsvm_ptr(s.base));
	vsvm_stream_fini(&s);
	test_fini(&t);
	vsvm_engines_work(fd);
}

/* Sums that floats hold exactly, in memory that is shared by a workgroup, and by all. */
static void test_float_atomics(int fd)
{
	const uint32_t groups = 40, local = 128, items = groups * local;
	struct vsvm_asm as = { .shared_size = 16 };
	struct test t;
	double *doubles;
	float *floats;

	test_init(&t, fd, 64);
	floats = (float *)t.out;
	doubles = (double *)(t.out + 16);
	begin(&as);
	asm_sreg(&as, I, VSVM_SREG_GLOBAL_X);
	asm_cvt(&as, F32, X, U32, I);
	asm_cvt(&as, F64, Y, U32, I);
	/* out: sum, least, largest, of floats and of doubles; and a NaN, which gives way */
	asm_atomic_noret(&as, VSVM_ATOMIC_FADD, F64, OUT, 64, Y, 0);
	asm_atomic_noret(&as, VSVM_ATOMIC_FMIN, F64, OUT, 72, Y, 0);
	asm_atomic_noret(&as, VSVM_ATOMIC_FMAX, F64, OUT, 80, Y, 0);
	asm_atomic_noret(&as, VSVM_ATOMIC_FMIN, F32, OUT, 4, X, 0);
	asm_atomic_noret(&as, VSVM_ATOMIC_FMAX, F32, OUT, 8, X, 0);
	asm_atomic_noret(&as, VSVM_ATOMIC_FMAX, F32, OUT, 12, X, 0);
	/* of a workgroup in shared memory, then one more each to all */
	asm_mov_imm(&as, U32, Y, 0);
	asm_mov_imm(&as, U32, X, 0x3f800000);
	asm_atomic_in(&as, SHARED, VSVM_ATOMIC_FADD, F32, Z, Y, 4, X, 0, 0);
	asm_barrier(&as);
	asm_exit_if(&as, ITEM);
	asm_load_from(&as, SHARED, U32, X, Y, 4);
	asm_atomic_noret(&as, VSVM_ATOMIC_FADD, F32, OUT, 0, X, 0);

	floats[1] = 5.5;
	floats[2] = -1;
	t.out[3] = 0x7fc00001;
	doubles[1] = -0.0;
	doubles[2] = -1;
	test_run(&t, &as, groups, local);
	igt_assert(floats[0] == items);
	igt_assert(floats[1] == 0 && floats[2] == items - 1 && floats[3] == items - 1);
	igt_assert(doubles[0] == (double)items * (items - 1) / 2);
	/* -0 is less than the 0 of the first work item */
	igt_assert_eq_u64(*(uint64_t *)&doubles[1], 1ull << 63);
	igt_assert(doubles[2] == items - 1);
	test_fini(&t);
}

/* The old value that a float atomic returns: each partial sum is seen once. */
static void test_float_atomic_returns(int fd)
{
	const uint32_t groups = 8, local = 64, items = groups * local;
	struct vsvm_asm as = {};
	uint8_t seen[512] = {};
	struct test t;

	test_init(&t, fd, items + 1);
	begin(&as);
	asm_mov_imm(&as, U32, X, 0x3f800000);
	asm_atomic(&as, VSVM_ATOMIC_FADD, F32, Y, OUT, items * 4, X, 0);
	asm_cvt(&as, U32, Z, F32 | VSVM_ROUND_ZERO << 4, Y);
	own_word(&as);
	asm_store(&as, U32, AT, 0, Z);
	test_run(&t, &as, groups, local);
	for (uint32_t i = 0; i < items; i++) {
		igt_assert_lt_u32(t.out[i], items);
		igt_assert_eq(seen[t.out[i]]++, 0);
	}
	test_fini(&t);
}

/* Bounds */

#define S	VSVM_GENERIC_SHARED
#define T	VSVM_GENERIC_SCRATCH

static const struct {
	const char *name;
	uint8_t op, space, type;
	uint64_t address;
	int32_t offset;
	/* 0: it is fine */
	uint32_t error;
	uint64_t at;
} bounds[] = {
	{ "last byte", VSVM_OP_LD, SHARED, U8, 19, 0, 0, 0 },
	{ "beyond it", VSVM_OP_LD, SHARED, U8, 20, 0, VSVM_ERROR_BOUNDS, S + 20 },
	{ "last word", VSVM_OP_ST, SHARED, U32, 16, 0, 0, 0 },
	{ "half beyond", VSVM_OP_ST, SHARED, U32, 17, 0, VSVM_ERROR_BOUNDS, S + 17 },
	{ "last address", VSVM_OP_LD, SHARED, U64, 0xffffffff, 0, VSVM_ERROR_BOUNDS,
	  S + 0xffffffff },
	{ "around to the start", VSVM_OP_LD, SHARED, U32, 0xfffffff0, 16, 0, 0 },
	{ "before the start", VSVM_OP_LD, SHARED, U32, 0, -4, VSVM_ERROR_BOUNDS,
	  S + 0xfffffffc },
	{ "scratch", VSVM_OP_LD, SCRATCH, U16, 8, 2, 0, 0 },
	{ "scratch, beyond", VSVM_OP_LD, SCRATCH, U16, 8, 3, VSVM_ERROR_BOUNDS, T + 11 },
	{ "scratch, store", VSVM_OP_ST, SCRATCH, U64, 5, 0, VSVM_ERROR_BOUNDS, T + 5 },
	{ "atomic", VSVM_OP_ATOM, SHARED, U64, 8, 0, 0, 0 },
	{ "atomic, misaligned", VSVM_OP_ATOM, SHARED, U64, 4, 0, VSVM_ERROR_MISALIGNED, S + 4 },
	{ "atomic, beyond", VSVM_OP_ATOM, SHARED, U32, 20, 0, VSVM_ERROR_BOUNDS, S + 20 },
	{ "generic shared", VSVM_OP_ST, GENERIC, U32, S, 16, 0, 0 },
	{ "generic shared, beyond", VSVM_OP_ST, GENERIC, U32, S, 20, VSVM_ERROR_BOUNDS, S + 20 },
	{ "generic scratch", VSVM_OP_LD, GENERIC, U32, T + 8, 0, 0, 0 },
	{ "generic scratch, beyond", VSVM_OP_LD, GENERIC, U32, T + 12, 0, VSVM_ERROR_BOUNDS,
	  T + 12 },
	{ "generic atomic in scratch", VSVM_OP_ATOM, GENERIC, U32, T + 4, 4, 0, 0 },
	{ "bits between", VSVM_OP_LD, GENERIC, U32, S + (1ull << 32), 0, VSVM_ERROR_BOUNDS,
	  S + (1ull << 32) },
	{ "bits between, scratch", VSVM_OP_LD, GENERIC, U32, T + (1ull << 61), 0,
	  VSVM_ERROR_BOUNDS, T + (1ull << 61) },
	{ "below shared", VSVM_OP_LD, GENERIC, U32, S, -4, VSVM_ERROR_ADDRESS, S - 4 },
	{ "top of all", VSVM_OP_LD, GENERIC, U32, 0, -4, VSVM_ERROR_ADDRESS, -4ull },
	{ "shared as global", VSVM_OP_LD, GLOBAL, U32, S, 0, VSVM_ERROR_ADDRESS, S },
};

static void test_bounds(int fd)
{
	struct test t;

	test_init(&t, fd, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(bounds); i++) {
		struct vsvm_asm as = { .shared_size = 20, .scratch_size = 12 };
		struct vsvm_insn insn = {
			.op = bounds[i].op, .type = bounds[i].type, .mod = bounds[i].space,
			.a = X, .imm = (uint32_t)bounds[i].offset,
		};
		struct vsvm_stream s = {};
		uint32_t access = insn.op == VSVM_OP_LD ? VSVM_ACCESS_READ :
				  insn.op == VSVM_OP_ST ? VSVM_ACCESS_WRITE : VSVM_ACCESS_ATOMIC;

		igt_debug("%s\n", bounds[i].name);
		asm_mov_imm(&as, U64, X, bounds[i].address);
		if (insn.op == VSVM_OP_LD)
			insn.dst = Y;
		else
			insn.b = Y;
		if (insn.op == VSVM_OP_ATOM)
			insn.dst = Z;
		asm_emit(&as, insn);
		free(t.program);
		t.program = asm_finish(&as);
		vsvm_emit_dispatch(&s, t.program, t.args, 8, 1, 1);
		if (bounds[i].error) {
			vsvm_run_expect_error(&t.ctx, &s, bounds[i].error, access, bounds[i].at);
			vsvm_ctx_new_queue(&t.ctx);
		} else {
			vsvm_run(&t.ctx, &s);
		}
		vsvm_stream_fini(&s);
	}
	test_fini(&t);
}

/* What a dispatch adds to shared memory can be used; together it is limited. */
static void test_dispatch_shared(int fd)
{
	static const struct {
		uint32_t program, dispatch;
		bool fine;
	} sizes[] = {
		{ 0, 0, true }, { 0, 8, true }, { 12, 20, true }, { VSVM_MAX_SHARED, 0, true },
		{ 0, VSVM_MAX_SHARED, true }, { VSVM_MAX_SHARED - 4, 4, true },
		{ VSVM_MAX_SHARED - 4, 8, false }, { VSVM_MAX_SHARED, VSVM_MAX_SHARED, false },
	};
	struct test t;

	test_init(&t, fd, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct vsvm_asm as = { .shared_size = sizes[i].program };
		uint32_t size = sizes[i].program + sizes[i].dispatch;
		struct vsvm_stream s = {};
		size_t at;

		begin(&as);
		asm_sreg(&as, X, VSVM_SREG_SHARED_SIZE);
		if (size) {
			asm_op2_imm(&as, VSVM_OP_SUB, U32, Y, X, 4);
			asm_store_to(&as, SHARED, U32, Y, 0, X);
			asm_load_from(&as, SHARED, U32, X, Y, 0);
		}
		asm_store(&as, U32, OUT, 0, X);
		free(t.program);
		t.program = asm_finish(&as);
		at = vsvm_emit_dispatch(&s, t.program, t.args, 8, 1, 1);
		((struct vsvm_cmd_dispatch *)(s.base + at))->shared_size = sizes[i].dispatch;
		*t.out = ~0u;
		if (sizes[i].fine) {
			vsvm_run(&t.ctx, &s);
			igt_assert_eq_u32(*t.out, size);
		} else {
			vsvm_run_expect_error(&t.ctx, &s, VSVM_ERROR_COMMAND, VSVM_ACCESS_ANY,
					      vsvm_ptr(s.base));
			vsvm_ctx_new_queue(&t.ctx);
		}
		vsvm_stream_fini(&s);
	}
	test_fini(&t);
}

/* The largest workgroup with as much memory as there may be */
static void test_largest(int fd)
{
	const uint32_t local = VSVM_MAX_LOCAL, groups = 2;
	struct vsvm_asm as = {
		.shared_size = VSVM_MAX_SHARED, .scratch_size = VSVM_MAX_SCRATCH,
	};
	struct test t;

	test_init(&t, fd, groups * local);
	begin(&as);
	asm_mov_imm(&as, U32, Y, VSVM_MAX_SCRATCH - 4);
	asm_op2_imm(&as, VSVM_OP_ADD, U32, X, ITEM, 7);
	asm_store_to(&as, SCRATCH, U32, Y, 0, X);
	asm_op2_imm(&as, VSVM_OP_MUL, U32, Z, ITEM, VSVM_MAX_SHARED / VSVM_MAX_LOCAL);
	asm_store_to(&as, SHARED, U32, Z, 0, X);
	asm_barrier(&as);
	asm_load_from(&as, SCRATCH, U32, X, Y, 0);
	asm_op2_imm(&as, VSVM_OP_XOR, U32, Z, Z, VSVM_MAX_SHARED - 64);
	asm_load_from(&as, SHARED, U32, Z, Z, 0);
	asm_op2(&as, VSVM_OP_ADD, U32, X, X, Z);
	own_word(&as);
	asm_store(&as, U32, AT, 0, X);
	test_run(&t, &as, groups, local);
	/* of this one, and of the one at the other end */
	for (uint32_t i = 0; i < groups * local; i++)
		igt_assert_eq_u32(t.out[i], VSVM_MAX_LOCAL - 1 + 14);
	test_fini(&t);
}

int igt_main()
{
	static const struct {
		const char *name, *description;
		void (*run)(int fd);
	} tests[] = {
		{ "shared", "Work items see what others wrote before the barrier", test_shared },
		{ "zero", "Shared and scratch memory begin as zeros", test_zero },
		{ "scratch", "Each work item has scratch memory of its own", test_scratch },
		{ "generic", "A generic address leads to the memory that it names", test_generic },
		{ "barrier-exit", "A wave that ends is not waited for", test_barrier_exit },
		{ "barrier-divergent", "A wave is at a barrier with any of its lanes, at any one",
		  test_barrier_divergent },
		{ "barrier-fault", "Waves at a barrier wait for one that waits for a page",
		  test_barrier_fault },
		{ "barrier-hang", "A barrier that never opens is ended by the time limit",
		  test_barrier_hang },
		{ "float-atomics", "Sums and extremes of floats are atomic", test_float_atomics },
		{ "float-atomic-returns", "A float atomic returns what it found",
		  test_float_atomic_returns },
		{ "bounds", "An access beyond shared or scratch memory is reported to the byte",
		  test_bounds },
		{ "dispatch-shared", "A dispatch adds to the shared memory of its program",
		  test_dispatch_shared },
		{ "largest", "The largest workgroup has all the memory it may have", test_largest },
	};
	int fd = -1;

	igt_fixture() {
		struct drm_vsvm_dev_info info;

		fd = vsvm_open();
		vsvm_dev_info(fd, &info);
		igt_require_f(info.features & VSVM_FEATURE_SHARED &&
			      info.features & VSVM_FEATURE_SCRATCH, "no such memory here\n");
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
