// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm isa memory
 * Description: Loads, stores and atomics of programs
 */
#include "vsvm_asm.h"
#include "vsvm_lib.h"

IGT_TEST_DESCRIPTION("Loads, stores and atomics of programs");

#define PAGE	VSVM_PAGE_SIZE
#define LANES	VSVM_WAVE_LANES

static const uint8_t all_types[] = {
	VSVM_TYPE_U8, VSVM_TYPE_U16, VSVM_TYPE_U32, VSVM_TYPE_U64,
	VSVM_TYPE_S8, VSVM_TYPE_S16, VSVM_TYPE_S32, VSVM_TYPE_S64,
};

static unsigned int size_of(uint8_t type)
{
	return 1u << (type & 3);
}

/* What all programs here begin with: the item's number, and an element of two arrays */
enum { R_ITEM = 0, R_A = 1, R_B = 3, R_T = 5, R_V = 7, R_W = 9, R_X = 11, R_P = 13 };

struct args {
	uint64_t a, b, c;
};

static void begin(struct vsvm_asm *as, uint64_t a_size, uint64_t b_size)
{
	asm_sreg(as, R_ITEM, VSVM_SREG_GLOBAL_X);
	asm_arg(as, VSVM_TYPE_U64, R_T, offsetof(struct args, a));
	asm_index(as, R_A, R_T, R_ITEM, a_size);
	asm_arg(as, VSVM_TYPE_U64, R_T, offsetof(struct args, b));
	asm_index(as, R_B, R_T, R_ITEM, b_size);
}

static void run(struct vsvm_ctx *ctx, struct vsvm_asm *as, struct args args, uint32_t groups,
		uint32_t local)
{
	struct vsvm_program *program = asm_finish(as);
	struct args *mem = malloc(sizeof(*mem));

	*mem = args;
	vsvm_run_program(ctx, program, mem, sizeof(*mem), groups, local);
	free(program);
	free(mem);
}

/* Each item has an address of its own, at any alignment, many across the end of a page. */

#define ITEMS		(8 * LANES)
#define AREA		(16 * PAGE)

static uint64_t lane_offset(struct vsvm_rng *rng, unsigned int item)
{
	uint64_t at = AREA / ITEMS * item;

	/* room for 8 bytes and an offset of 16 to both sides */
	if (item % 8 == 7 && item / 8 % 2)
		return ALIGN(at, PAGE) - vsvm_rand(rng) % 9;
	return at + 16 + vsvm_rand(rng) % 32;
}

static void test_load(int fd)
{
	static const int32_t offsets[] = { 0, 1, -1, 16, -16 };
	uint64_t *addrs = vsvm_map(ITEMS * sizeof(*addrs));
	uint64_t *out = vsvm_map(ITEMS * sizeof(*out)), want;
	uint8_t *area = vsvm_map(AREA + 2 * PAGE) + PAGE;
	struct vsvm_rng rng = { 1 };
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	vsvm_rand_fill(&rng, area - PAGE, AREA + 2 * PAGE);
	for (unsigned int t = 0; t < ARRAY_SIZE(all_types); t++) {
		uint8_t type = all_types[t];

		for (unsigned int o = 0; o < ARRAY_SIZE(offsets); o++) {
			struct vsvm_asm as = {};

			for (unsigned int i = 0; i < ITEMS; i++)
				addrs[i] = vsvm_ptr(area) + lane_offset(&rng, i);
			begin(&as, 8, 8);
			asm_load(&as, VSVM_TYPE_U64, R_X, R_A, 0);
			/* what is beyond the type: zero in its register, left alone in the next */
			asm_mov_imm(&as, VSVM_TYPE_U64, R_V, ~0ull);
			asm_load(&as, type, R_V, R_X, offsets[o]);
			asm_store(&as, VSVM_TYPE_U64, R_B, 0, R_V);
			run(&ctx, &as, (struct args){ vsvm_ptr(addrs), vsvm_ptr(out), 0 }, 2,
			    ITEMS / 2);
			for (unsigned int i = 0; i < ITEMS; i++) {
				want = size_of(type) == 8 ? 0 : 0xffffffff00000000;
				memcpy(&want, (void *)addrs[i] + offsets[o], size_of(type));
				igt_assert_f(out[i] == want,
					     "type %u, %#llx%+d: %#llx, not %#llx\n",
					     type, (long long)addrs[i], offsets[o],
					     (long long)out[i], (long long)want);
			}
		}
	}
	vsvm_unmap(area - PAGE, AREA + 2 * PAGE);
	vsvm_unmap(addrs, ITEMS * sizeof(*addrs));
	vsvm_unmap(out, ITEMS * sizeof(*out));
	vsvm_ctx_fini(&ctx);
}

static void test_store(int fd)
{
	static const int32_t offsets[] = { 0, -7, 16 };
	struct {
		uint64_t addr, value;
	} *items = vsvm_map(ITEMS * sizeof(*items));
	uint8_t *area = vsvm_map(AREA + 2 * PAGE) + PAGE, *model = malloc(AREA + PAGE);
	struct vsvm_rng rng = { 2 };
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	vsvm_rand_fill(&rng, area, AREA + PAGE);
	memcpy(model, area, AREA + PAGE);
	for (unsigned int t = 0; t < ARRAY_SIZE(all_types); t++) {
		uint8_t type = all_types[t];

		for (unsigned int o = 0; o < ARRAY_SIZE(offsets); o++) {
			struct vsvm_asm as = {};

			for (unsigned int i = 0; i < ITEMS; i++) {
				uint64_t at = lane_offset(&rng, i);

				items[i].addr = vsvm_ptr(area) + at;
				items[i].value = vsvm_rand(&rng);
				if (i % 5)
					memcpy(model + at + offsets[o], &items[i].value,
					       size_of(type));
			}
			begin(&as, sizeof(*items), 8);
			asm_load(&as, VSVM_TYPE_U64, R_X, R_A, 0);
			asm_load(&as, VSVM_TYPE_U64, R_V, R_A, 8);
			/* a lane that is off stores nothing */
			asm_op2_imm(&as, VSVM_OP_REM, VSVM_TYPE_U32, R_P, R_ITEM, 5);
			asm_if(&as, R_P);
			asm_store(&as, type, R_X, offsets[o], R_V);
			asm_endif(&as);
			run(&ctx, &as, (struct args){ vsvm_ptr(items), 0, 0 }, 2, ITEMS / 2);
			igt_assert_f(!memcmp(model, area, AREA + PAGE), "type %u, offset %d\n",
				     type, offsets[o]);
		}
	}
	vsvm_unmap(area - PAGE, AREA + 2 * PAGE);
	vsvm_unmap(items, ITEMS * sizeof(*items));
	free(model);
	vsvm_ctx_fini(&ctx);
}

static void test_args(int fd)
{
	/* arguments at odd addresses, across pages, as many as there may be */
	static const uint32_t starts[] = { 0, 1, 7, PAGE - 1, PAGE - 9 };
	const unsigned int loads = 64;
	uint8_t *mem = vsvm_map(4 * PAGE);
	uint64_t *out = vsvm_map(PAGE), want;
	struct vsvm_rng rng = { 3 };
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	vsvm_rand_fill(&rng, mem, 4 * PAGE);
	for (unsigned int s = 0; s < ARRAY_SIZE(starts); s++) {
		uint8_t types[64], *args = mem + starts[s];
		uint32_t size = VSVM_MAX_ARGS - s, at[64];
		struct vsvm_program *program;
		struct vsvm_asm as = {};

		asm_mov_imm(&as, VSVM_TYPE_U64, R_B, vsvm_ptr(out));
		for (unsigned int i = 0; i < loads; i++) {
			types[i] = all_types[i % ARRAY_SIZE(all_types)];
			at[i] = vsvm_rand(&rng) % size;
			/* the very first and the very last ones too */
			if (i < ARRAY_SIZE(all_types))
				at[i] = 0;
			if (i >= loads - ARRAY_SIZE(all_types) || at[i] > size - size_of(types[i]))
				at[i] = size - size_of(types[i]);
			asm_mov_imm(&as, VSVM_TYPE_U64, R_V, ~0ull);
			asm_arg(&as, types[i], R_V, at[i]);
			asm_store(&as, VSVM_TYPE_U64, R_B, 8 * i, R_V);
		}
		program = asm_finish(&as);
		vsvm_run_program(&ctx, program, args, size, 1, LANES);
		for (unsigned int i = 0; i < loads; i++) {
			want = size_of(types[i]) == 8 ? 0 : 0xffffffff00000000;
			memcpy(&want, args + at[i], size_of(types[i]));
			igt_assert_eq_u64(out[i], want);
		}
		free(program);
	}
	vsvm_unmap(mem, 4 * PAGE);
	vsvm_unmap(out, PAGE);
	vsvm_ctx_fini(&ctx);
}

/* Arguments are read once: what a program does to that memory does not change what it is passed. */
static void test_args_copied(int fd)
{
	uint32_t *words = vsvm_map(PAGE);
	struct args *args = malloc(sizeof(*args));
	struct vsvm_program *program;
	struct vsvm_asm as = {};
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	*args = (struct args){ vsvm_ptr(args), vsvm_ptr(words), 5 };
	begin(&as, 0, 0);
	asm_mov_imm(&as, VSVM_TYPE_U64, R_V, 77);
	asm_store(&as, VSVM_TYPE_U64, R_A, offsetof(struct args, c), R_V);
	asm_membar(&as);
	asm_arg(&as, VSVM_TYPE_U32, R_V, offsetof(struct args, c));
	asm_atomic_noret(&as, VSVM_ATOMIC_ADD, VSVM_TYPE_U32, R_B, 0, R_V, 0);
	program = asm_finish(&as);
	vsvm_run_program(&ctx, program, args, sizeof(*args), 16, 1);
	igt_assert_eq_u64(args->c, 77);
	igt_assert_eq_u32(*words, 16 * 5);
	free(program);
	free(args);
	vsvm_unmap(words, PAGE);
	vsvm_ctx_fini(&ctx);
}

/* Atomics */

static uint64_t atomic_model(uint32_t op, bool wide, uint64_t old, uint64_t x, uint64_t compare)
{
	int64_t sold, sx;

	if (!wide) {
		old = (uint32_t)old;
		x = (uint32_t)x;
		compare = (uint32_t)compare;
	}
	sold = wide ? (int64_t)old : (int32_t)old;
	sx = wide ? (int64_t)x : (int32_t)x;
	switch (op) {
	case VSVM_ATOMIC_ADD:
		return wide ? old + x : (uint32_t)(old + x);
	case VSVM_ATOMIC_AND:
		return old & x;
	case VSVM_ATOMIC_OR:
		return old | x;
	case VSVM_ATOMIC_XOR:
		return old ^ x;
	case VSVM_ATOMIC_XCHG:
		return x;
	case VSVM_ATOMIC_CMPXCHG:
		return old == compare ? x : old;
	case VSVM_ATOMIC_UMIN:
		return old < x ? old : x;
	case VSVM_ATOMIC_UMAX:
		return old > x ? old : x;
	case VSVM_ATOMIC_SMIN:
		return sold < sx ? old : x;
	case VSVM_ATOMIC_SMAX:
		return sold > sx ? old : x;
	}
	igt_assert(0);
	return 0;
}

static void test_atomic(int fd)
{
	struct item {
		uint64_t word, x, compare, old;
	} *items = vsvm_map(ITEMS * sizeof(*items)), *before = malloc(ITEMS * sizeof(*before));
	struct vsvm_rng rng = { 4 };
	struct vsvm_ctx ctx;
	uint64_t want, old;

	vsvm_ctx_init(&ctx, fd);
	for (unsigned int i = 0; i < 10 * 2 * 2; i++) {
		uint8_t op = i / 4, type = i % 2 ? VSVM_TYPE_U64 : VSVM_TYPE_U32;
		bool ret = i / 2 % 2, cmpxchg = op == VSVM_ATOMIC_CMPXCHG;
		struct vsvm_asm as = {};

		for (unsigned int j = 0; j < ITEMS; j++) {
			vsvm_rand_fill(&rng, &items[j], sizeof(items[j]));
			/* small numbers of either sign */
			if (j % 4 == 0) {
				items[j].word = vsvm_rand(&rng) % 5 - 2;
				items[j].x = vsvm_rand(&rng) % 5 - 2;
			}
			if (j % 3 == 0)
				items[j].compare = items[j].word;
			if (j % 6 == 0)
				items[j].compare ^= 1ull << 40;
		}
		memcpy(before, items, ITEMS * sizeof(*items));
		begin(&as, sizeof(*items), 0);
		asm_load(&as, VSVM_TYPE_U64, R_V, R_A, offsetof(struct item, x));
		asm_load(&as, VSVM_TYPE_U64, R_W, R_A, offsetof(struct item, compare));
		/* the address with an offset, so that it is added */
		asm_op2_imm(&as, VSVM_OP_SUB, VSVM_TYPE_U64, R_X, R_A, 24);
		asm_op2_imm(&as, VSVM_OP_REM, VSVM_TYPE_U32, R_P, R_ITEM, 7);
		asm_if(&as, R_P);
		if (ret) {
			asm_atomic(&as, op, type, R_B, R_X, 24, R_V, cmpxchg ? R_W : 0);
			asm_store(&as, type, R_A, offsetof(struct item, old), R_B);
		} else {
			asm_atomic_noret(&as, op, type, R_X, 24, R_V, cmpxchg ? R_W : 0);
		}
		asm_endif(&as);
		run(&ctx, &as, (struct args){ vsvm_ptr(items), 0, 0 }, 2, ITEMS / 2);
		for (unsigned int j = 0; j < ITEMS; j++) {
			const struct item *b = &before[j];
			size_t size = size_of(type);

			want = b->word;
			old = b->old;
			if (j % 7) {
				uint64_t new = atomic_model(op, size == 8, b->word, b->x,
							    b->compare);

				memcpy(&want, &new, size);
				if (ret)
					memcpy(&old, &b->word, size);
			}
			igt_assert_f(items[j].word == want && items[j].old == old,
				     "op %u type %u: %#llx, %#llx, %#llx: %#llx, not %#llx\n", op,
				     type, (long long)b->word, (long long)b->x,
				     (long long)b->compare, (long long)items[j].word,
				     (long long)want);
			igt_assert_eq_u64(items[j].x, b->x);
		}
	}
	vsvm_unmap(items, ITEMS * sizeof(*items));
	free(before);
	vsvm_ctx_fini(&ctx);
}

/* Of the lanes of an atomic, some meet a page fault: no lane's is done twice. */
static void test_atomic_once(int fd)
{
	uint8_t *p = vsvm_map_aligned(LANES * PAGE, VSVM_2M);
	struct vsvm_asm as = {};
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	for (unsigned int round = 0; round < 8; round++) {
		/* pages that the GPU has already: those of some lanes */
		igt_assert_eq(madvise(p, LANES * PAGE, MADV_DONTNEED), 0);
		for (unsigned int i = 0; i < LANES; i++) {
			if (round >> i % 3 & 1)
				vsvm_write32(&ctx, p + i * PAGE + 8, 1);
		}
		begin(&as, PAGE, 0);
		asm_mov_imm(&as, VSVM_TYPE_U32, R_V, 5);
		asm_atomic(&as, VSVM_ATOMIC_ADD, VSVM_TYPE_U32, R_W, R_A, 0, R_V, 0);
		asm_store(&as, VSVM_TYPE_U32, R_A, 4, R_W);
		run(&ctx, &as, (struct args){ vsvm_ptr(p), 0, 0 }, 1, LANES);
		for (unsigned int i = 0; i < LANES; i++) {
			igt_assert_eq_u32(*(uint32_t *)(p + i * PAGE), 5);
			igt_assert_eq_u32(*(uint32_t *)(p + i * PAGE + 4), 0);
		}
	}
	vsvm_unmap(p, LANES * PAGE);
	vsvm_ctx_fini(&ctx);
}

/* All lanes of all waves at one word: each sees the value that another has left. */
static void test_atomic_turns(int fd)
{
	const unsigned int items = 32 * LANES;
	uint64_t *word = malloc(sizeof(*word)), *out = vsvm_map(items * sizeof(*out));
	bool *seen = calloc(items + 1, sizeof(*seen));
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	for (int xchg = 0; xchg < 2; xchg++) {
		struct vsvm_asm as = {};

		/* counting gives every number once; and so does passing on one's own */
		*word = 0;
		begin(&as, 0, sizeof(*out));
		asm_mov_imm(&as, VSVM_TYPE_U64, R_V, 1);
		if (xchg) {
			asm_cvt(&as, VSVM_TYPE_U64, R_V, VSVM_TYPE_U32, R_ITEM);
			asm_op2_imm(&as, VSVM_OP_ADD, VSVM_TYPE_U64, R_V, R_V, 1);
		}
		asm_atomic(&as, xchg ? VSVM_ATOMIC_XCHG : VSVM_ATOMIC_ADD, VSVM_TYPE_U64, R_W,
			   R_A, 0, R_V, 0);
		asm_store(&as, VSVM_TYPE_U64, R_B, 0, R_W);
		run(&ctx, &as, (struct args){ vsvm_ptr(word), vsvm_ptr(out), 0 }, 4, items / 4);
		memset(seen, 0, items + 1);
		igt_assert_lte_u64(*word, items);
		seen[*word] = true;
		for (unsigned int i = 0; i < items; i++) {
			igt_assert_lte_u64(out[i], items);
			igt_assert_f(!seen[out[i]], "two have seen %d\n", (int)out[i]);
			seen[out[i]] = true;
		}
	}
	vsvm_unmap(out, items * sizeof(*out));
	free(word);
	free(seen);
	vsvm_ctx_fini(&ctx);
}

/* Every kind of atomic that has an order-free result, at one word, from queues on all engines */
static void test_atomic_queues(int fd)
{
	static const uint8_t ops[] = {
		VSVM_ATOMIC_ADD, VSVM_ATOMIC_XOR, VSVM_ATOMIC_OR, VSVM_ATOMIC_AND,
		VSVM_ATOMIC_UMIN, VSVM_ATOMIC_UMAX, VSVM_ATOMIC_SMIN, VSVM_ATOMIC_SMAX,
	};
	const uint32_t engines = vsvm_num_engines(fd);
	const unsigned int items = 4 * LANES;
	uint64_t *words = vsvm_map(PAGE), *values = vsvm_map(items * sizeof(*values)), *want;
	struct vsvm_ctx *ctx = calloc(engines, sizeof(*ctx));
	struct args *args = malloc(sizeof(*args));
	struct vsvm_rng rng = { 5 };
	struct vsvm_program *program;
	struct vsvm_stream s = {};
	struct vsvm_asm as = {};

	want = calloc(ARRAY_SIZE(ops), sizeof(*want));
	vsvm_rand_fill(&rng, values, items * sizeof(*values));
	vsvm_rand_fill(&rng, words, ARRAY_SIZE(ops) * sizeof(*words));
	memcpy(want, words, ARRAY_SIZE(ops) * sizeof(*words));
	begin(&as, sizeof(*values), 0);
	asm_load(&as, VSVM_TYPE_U64, R_V, R_A, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
		asm_atomic_noret(&as, ops[i], VSVM_TYPE_U64, R_B, 8 * i, R_V, 0);
	program = asm_finish(&as);
	*args = (struct args){ vsvm_ptr(values), vsvm_ptr(words), 0 };
	vsvm_emit_dispatch(&s, program, args, sizeof(*args), 1, items);
	for (uint32_t q = 0; q < engines; q++) {
		vsvm_ctx_init(&ctx[q], fd);
		vsvm_submit(&ctx[q], &s);
		for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
			for (unsigned int j = 0; j < items; j++)
				want[i] = atomic_model(ops[i], true, want[i], values[j], 0);
		}
	}
	for (uint32_t q = 0; q < engines; q++) {
		vsvm_finish(&ctx[q], ctx[q].seqno);
		vsvm_ctx_fini(&ctx[q]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
		igt_assert_eq_u64(words[i], want[i]);
	vsvm_stream_fini(&s);
	vsvm_unmap(words, PAGE);
	vsvm_unmap(values, items * sizeof(*values));
	free(want);
	free(args);
	free(ctx);
	free(program);
}

/* A counter behind a compare-and-exchange loop, as lock-free lists are built */
static void test_cmpxchg_loop(int fd)
{
	enum { OLD = R_V, NEW = R_W, SEEN = R_X, COUNT = R_P, DONE = R_P + 1 };
	const uint32_t engines = vsvm_num_engines(fd), rounds = 8, items = 2 * LANES;
	struct vsvm_ctx *ctx = calloc(engines, sizeof(*ctx));
	struct args *args = malloc(sizeof(*args));
	uint32_t *word = calloc(1, sizeof(*word));
	struct vsvm_program *program;
	struct vsvm_stream s = {};
	struct vsvm_asm as = {};

	begin(&as, 0, 0);
	asm_loop(&as);
	asm_cmp_imm(&as, VSVM_COND_EQ, VSVM_TYPE_U32, DONE, COUNT, rounds);
	asm_break_if(&as, DONE);
	asm_op2_imm(&as, VSVM_OP_ADD, VSVM_TYPE_U32, COUNT, COUNT, 1);
	asm_load(&as, VSVM_TYPE_U32, OLD, R_A, 0);
	asm_loop(&as);
	asm_op2_imm(&as, VSVM_OP_ADD, VSVM_TYPE_U32, NEW, OLD, 3);
	asm_atomic(&as, VSVM_ATOMIC_CMPXCHG, VSVM_TYPE_U32, SEEN, R_A, 0, NEW, OLD);
	asm_cmp(&as, VSVM_COND_EQ, VSVM_TYPE_U32, DONE, SEEN, OLD);
	asm_mov(&as, VSVM_TYPE_U32, OLD, SEEN);
	asm_break_if(&as, DONE);
	asm_endloop(&as);
	asm_endloop(&as);
	program = asm_finish(&as);
	*args = (struct args){ vsvm_ptr(word), 0, 0 };
	vsvm_emit_dispatch(&s, program, args, sizeof(*args), 1, items);
	for (uint32_t q = 0; q < engines; q++) {
		vsvm_ctx_init(&ctx[q], fd);
		vsvm_submit(&ctx[q], &s);
	}
	for (uint32_t q = 0; q < engines; q++) {
		vsvm_finish(&ctx[q], ctx[q].seqno);
		vsvm_ctx_fini(&ctx[q]);
	}
	igt_assert_eq_u32(*word, engines * items * rounds * 3);
	vsvm_stream_fini(&s);
	free(program);
	free(args);
	free(word);
	free(ctx);
}

/* Pointers */

struct node {
	struct node *next;
	uint64_t value;
};

static void test_linked_list(int fd)
{
	const unsigned int lists = 8 * LANES;
	struct node **heads = calloc(lists, sizeof(*heads));
	uint64_t *want = calloc(lists, sizeof(*want));
	struct {
		uint64_t sum, length;
	} *out = calloc(lists, sizeof(*out));
	struct vsvm_rng rng = { 6 };
	struct vsvm_asm as = {};
	struct vsvm_ctx ctx;

	/* each of a length of its own, the nodes of all mixed in memory, one at a time */
	for (unsigned int i = 0; i < 12 * lists; i++) {
		unsigned int list = vsvm_rand(&rng) % lists;
		struct node *node = malloc(sizeof(*node) + vsvm_rand(&rng) % 64);

		if (list % 16 == 0) {
			free(node);
			continue;
		}
		node->next = heads[list];
		node->value = vsvm_rand(&rng);
		heads[list] = node;
		want[list] += node->value;
	}
	begin(&as, sizeof(*heads), sizeof(*out));
	asm_load(&as, VSVM_TYPE_U64, R_X, R_A, 0);
	asm_loop(&as);
	asm_cmp_imm(&as, VSVM_COND_EQ, VSVM_TYPE_U64, R_P, R_X, 0);
	asm_break_if(&as, R_P);
	asm_load(&as, VSVM_TYPE_U64, R_T, R_X, offsetof(struct node, value));
	asm_op2(&as, VSVM_OP_ADD, VSVM_TYPE_U64, R_V, R_V, R_T);
	asm_op2_imm(&as, VSVM_OP_ADD, VSVM_TYPE_U64, R_W, R_W, 1);
	asm_load(&as, VSVM_TYPE_U64, R_X, R_X, offsetof(struct node, next));
	asm_endloop(&as);
	asm_store(&as, VSVM_TYPE_U64, R_B, 0, R_V);
	asm_store(&as, VSVM_TYPE_U64, R_B, 8, R_W);
	vsvm_ctx_init(&ctx, fd);
	run(&ctx, &as, (struct args){ vsvm_ptr(heads), vsvm_ptr(out), 0 }, 4, lists / 4);
	for (unsigned int i = 0; i < lists; i++) {
		uint64_t length = 0;

		for (struct node *node = heads[i], *next; node; node = next) {
			next = node->next;
			length++;
			free(node);
		}
		igt_assert_eq_u64(out[i].length, length);
		igt_assert_eq_u64(out[i].sum, want[i]);
	}
	free(heads);
	free(want);
	free(out);
	vsvm_ctx_fini(&ctx);
}

/* Faults of many waves, and of many lanes of one, at a time */

static void test_many_pages(int fd)
{
	static const struct {
		uint32_t waves;
		bool by_lane;
	} shapes[] = {
		{ 64, false },
		{ 1, true },
		{ 64, true },
	};
	struct drm_vsvm_vm_stats before, after;
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		uint32_t items = shapes[i].waves * LANES;
		uint32_t pages = shapes[i].by_lane ? items : shapes[i].waves;
		uint8_t *p = vsvm_map(pages * PAGE);
		struct vsvm_asm as = {};

		/* the last word of each page, and for waves the lane's word */
		begin(&as, shapes[i].by_lane ? PAGE : 4, 0);
		if (!shapes[i].by_lane) {
			asm_sreg(&as, R_T, VSVM_SREG_GROUP_X);
			asm_index(&as, R_V, R_A, R_T, PAGE - LANES * 4);
			asm_mov(&as, VSVM_TYPE_U64, R_A, R_V);
		}
		asm_op2_imm(&as, VSVM_OP_ADD, VSVM_TYPE_U32, R_W, R_ITEM, 1);
		asm_load(&as, VSVM_TYPE_U32, R_V, R_A, 0);
		asm_op2(&as, VSVM_OP_ADD, VSVM_TYPE_U32, R_W, R_W, R_V);
		asm_store(&as, VSVM_TYPE_U32, R_A, 0, R_W);
		vsvm_vm_stats(fd, ctx.vm, &before);
		run(&ctx, &as, (struct args){ vsvm_ptr(p), 0, 0 }, shapes[i].waves, LANES);
		vsvm_vm_stats(fd, ctx.vm, &after);
		for (uint32_t j = 0; j < items; j++) {
			uint32_t *word = shapes[i].by_lane ? (uint32_t *)(p + j * PAGE) :
				(uint32_t *)(p + j / LANES * PAGE) + j % LANES;

			igt_assert_eq_u32(*word, j + 1);
		}
		igt_assert_lte_u64(before.pages_mapped + pages, after.pages_mapped);
		igt_assert_lt_u64(before.faults, after.faults);
		vsvm_unmap(p, pages * PAGE);
	}
	vsvm_ctx_fini(&ctx);
}

static void test_prefetch(int fd)
{
	static const uint64_t nowhere[] = { 0, 0x1000, 1ull << 50, 1ull << 57, ~0ull };
	uint8_t *none = vsvm_reserve(PAGE);
	uint32_t *word = calloc(1, sizeof(*word));
	struct drm_vsvm_vm_stats stats;
	struct vsvm_asm as = {};
	struct vsvm_ctx ctx;
	int64_t deadline;
	uint8_t *p;

	/* of what is not there: nothing happens */
	vsvm_ctx_init(&ctx, fd);
	begin(&as, 0, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(nowhere); i++) {
		asm_mov_imm(&as, VSVM_TYPE_U64, R_X, nowhere[i]);
		asm_prefetch(&as, R_X, i);
	}
	asm_prefetch(&as, R_B, 0);
	asm_mov_imm(&as, VSVM_TYPE_U32, R_V, 1);
	asm_atomic_noret(&as, VSVM_ATOMIC_ADD, VSVM_TYPE_U32, R_A, 0, R_V, 0);
	run(&ctx, &as, (struct args){ vsvm_ptr(word), vsvm_ptr(none), 0 }, 4, LANES);
	igt_assert_eq_u32(*word, 4 * LANES);

	/* of what is: it gets mapped, some time */
	p = vsvm_map_aligned(VSVM_2M, VSVM_2M);
	*p = 1;
	vsvm_unmap(p + PAGE, VSVM_2M - PAGE);
	begin(&as, 0, 0);
	asm_prefetch(&as, R_A, 0);
	run(&ctx, &as, (struct args){ vsvm_ptr(p), 0, 0 }, 1, 1);
	deadline = vsvm_now() + VSVM_WAIT_NS;
	while (!vsvm_vm_find_interval(fd, ctx.vm, p, NULL)) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
	}
	vsvm_vm_stats(fd, ctx.vm, &stats);
	igt_assert_eq_u64(stats.faults_failed, 0);
	vsvm_unmap(p, PAGE);
	vsvm_unmap(none, PAGE);
	free(word);
	vsvm_ctx_fini(&ctx);
}

int igt_main()
{
	static const struct {
		const char *name, *description;
		void (*run)(int fd);
	} tests[] = {
		{ "load", "Loads of every width at any address bring their bytes", test_load },
		{ "store", "Stores of every width at any address change their bytes alone",
		  test_store },
		{ "args", "Arguments of every width, up to the last byte", test_args },
		{ "args-copied", "Arguments do not change while a program runs",
		  test_args_copied },
		{ "atomic", "Atomics of each kind and width give what C gives", test_atomic },
		{ "atomic-once", "An atomic is not repeated when another lane meets a page fault",
		  test_atomic_once },
		{ "atomic-turns", "Lanes with one address take turns", test_atomic_turns },
		{ "atomic-queues", "Atomics of all engines at one word lose nothing",
		  test_atomic_queues },
		{ "cmpxchg-loop", "A lock-free loop makes progress in all lanes and engines",
		  test_cmpxchg_loop },
		{ "linked-list", "Lanes follow pointers through lists of different lengths",
		  test_linked_list },
		{ "many-pages", "Waves and lanes fault on many pages at a time", test_many_pages },
		{ "prefetch", "A prefetch maps what is there and never fails", test_prefetch },
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
