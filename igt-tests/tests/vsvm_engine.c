// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm engine
 * Description: What command packets do, and in which order
 */
#include <pthread.h>

#include "vsvm_asm.h"
#include "vsvm_lib.h"

IGT_TEST_DESCRIPTION("What command packets do, and in which order");

#define PAGE	VSVM_PAGE_SIZE

/* Copies and fills: all of them in one stream, then one comparison with what C makes of it */

static const size_t sizes[] = {
	0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 255, 1000, 4095, 4096, 4097,
	8191, 8193
};

struct arena {
	uint8_t *src, *dst, *model;
	size_t size;
};

static void arena_init(struct arena *a, size_t size)
{
	struct vsvm_rng rng = { size };

	a->size = size;
	a->src = vsvm_map(size);
	a->dst = vsvm_map(size);
	a->model = vsvm_map(size);
	vsvm_rand_fill(&rng, a->src, size);
	vsvm_rand_fill(&rng, a->dst, size);
	memcpy(a->model, a->dst, size);
}

static void arena_check(struct arena *a)
{
	for (size_t i = 0; i < a->size; i++)
		igt_assert_f(a->dst[i] == a->model[i], "byte %#zx of %#zx: %#x, expected %#x\n",
			     i, a->size, a->dst[i], a->model[i]);
}

static void arena_fini(struct arena *a)
{
	vsvm_unmap(a->src, a->size);
	vsvm_unmap(a->dst, a->size);
	vsvm_unmap(a->model, a->size);
}

static void copy(struct arena *a, struct vsvm_stream *s, size_t dst, size_t src, size_t size)
{
	igt_assert(dst + size <= a->size && src + size <= a->size);
	memcpy(a->model + dst, a->src + src, size);
	vsvm_emit_copy(s, vsvm_ptr(a->dst + dst), vsvm_ptr(a->src + src), size);
}

static void test_copy(int fd)
{
	struct vsvm_rng rng = { 1 };
	struct vsvm_stream s = {};
	struct vsvm_ctx ctx;
	struct arena a;
	size_t at = 0;

	vsvm_ctx_init(&ctx, fd);
	arena_init(&a, 2 << 20);
	/* every pair of alignments with a small size, every size with some alignments */
	for (unsigned int i = 0; i < 64; i++, at += 64)
		copy(&a, &s, at + i % 8, 64 * i + i / 8, 40 - i % 3);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (unsigned int j = 0; j < 4; j++) {
			copy(&a, &s, at + vsvm_rand(&rng) % 16, vsvm_rand(&rng) % (a.size / 2),
			     sizes[i]);
			at += sizes[i] + 16;
		}
	}
	/* ends and beginnings at and around page boundaries, of both sides */
	for (int i = -2; i <= 2; i++) {
		for (int j = -2; j <= 2; j++) {
			at = ALIGN(at, PAGE) + PAGE;
			copy(&a, &s, at + i, 8 * PAGE + j, PAGE);
			at += 2 * PAGE;
			copy(&a, &s, at - 10 + i, 20 * PAGE - 10 + j, 20);
		}
	}
	vsvm_run(&ctx, &s);
	arena_check(&a);
	arena_fini(&a);

	/* and a large one */
	arena_init(&a, 5 << 20);
	vsvm_stream_reset(&s);
	copy(&a, &s, 1234, 4321, (4 << 20) + 77);
	vsvm_run(&ctx, &s);
	arena_check(&a);
	arena_fini(&a);
	vsvm_stream_fini(&s);
	vsvm_ctx_fini(&ctx);
}

static void fill(struct arena *a, struct vsvm_stream *s, size_t dst, size_t size, uint64_t pattern,
		 unsigned int width)
{
	igt_assert(dst + size <= a->size);
	if (width < 8)
		pattern &= (1ull << 8 * width) - 1;
	for (size_t i = 0; i < size; i++)
		a->model[dst + i] = pattern >> (i % width * 8);
	vsvm_emit_fill(s, vsvm_ptr(a->dst + dst), size, pattern, width);
}

static void test_fill(int fd)
{
	struct vsvm_stream s = {};
	struct vsvm_rng rng = { 2 };
	struct vsvm_ctx ctx;
	struct arena a;
	size_t at = 0;

	vsvm_ctx_init(&ctx, fd);
	arena_init(&a, 3 << 20);
	for (unsigned int width = 1; width <= 8; width *= 2) {
		for (unsigned int align = 0; align < 8; align++) {
			for (unsigned int size = 0; size < 20; size += 1 + size / 9, at += 40)
				fill(&a, &s, at + align, size, vsvm_rand(&rng), width);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
			at += 16;
			fill(&a, &s, at + i % 16, sizes[i], vsvm_rand(&rng), width);
			at += sizes[i] + 16;
		}
		for (int i = -2; i <= 2; i++) {
			at = ALIGN(at, PAGE) + PAGE;
			fill(&a, &s, at + i, PAGE, vsvm_rand(&rng), width);
			at += 2 * PAGE;
		}
		fill(&a, &s, at + width + 3, 300001, vsvm_rand(&rng), width);
		at += 300100;
	}
	vsvm_run(&ctx, &s);
	arena_check(&a);
	arena_fini(&a);
	vsvm_stream_fini(&s);
	vsvm_ctx_fini(&ctx);
}

/* Atomics */

static uint64_t atomic_model(uint32_t op, uint32_t width, uint64_t old, uint64_t operand,
			     uint64_t compare)
{
	uint64_t mask = width == 8 ? ~0ull : 0xffffffff;
	int64_t sold = width == 8 ? (int64_t)old : (int32_t)old;
	int64_t soperand = width == 8 ? (int64_t)operand : (int32_t)operand;

	old &= mask;
	operand &= mask;
	compare &= mask;
	switch (op) {
	case VSVM_ATOMIC_ADD:
		return (old + operand) & mask;
	case VSVM_ATOMIC_AND:
		return old & operand;
	case VSVM_ATOMIC_OR:
		return old | operand;
	case VSVM_ATOMIC_XOR:
		return old ^ operand;
	case VSVM_ATOMIC_XCHG:
		return operand;
	case VSVM_ATOMIC_CMPXCHG:
		return old == compare ? operand : old;
	case VSVM_ATOMIC_UMIN:
		return old < operand ? old : operand;
	case VSVM_ATOMIC_UMAX:
		return old > operand ? old : operand;
	case VSVM_ATOMIC_SMIN:
		return sold < soperand ? old : operand;
	case VSVM_ATOMIC_SMAX:
		return sold > soperand ? old : operand;
	}
	igt_assert(0);
	return 0;
}

static void test_atomic(int fd)
{
	static const uint64_t values[] = {
		0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
		0x8000000000000000, ~0ull, 0x123456789abcdef0
	};
	const unsigned int n = ARRAY_SIZE(values), cases = 2 * 10 * n * n;
	struct {
		uint64_t word;
		/* an odd address for the old value */
		uint8_t pad, result[8], guard[7];
	} *mem = vsvm_map(cases * sizeof(*mem));
	struct vsvm_stream s = {};
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	for (unsigned int i = 0; i < cases; i++) {
		uint64_t old = values[i / 20 % n], operand = values[i / 20 / n];
		uint32_t width = i % 2 ? 8 : 4, op = i / 2 % 10;

		mem[i].word = old;
		/* a comparand that matches in its low half, or fully, or not */
		vsvm_emit_atomic(&s, op, width, vsvm_ptr(&mem[i].word), operand,
				 i / 20 % 3 ? old : old ^ 1ull << 32 * (i / 20 % 2),
				 i / 20 % 4 ? vsvm_ptr(mem[i].result) : 0);
	}
	vsvm_run(&ctx, &s);
	for (unsigned int i = 0; i < cases; i++) {
		uint64_t old = values[i / 20 % n], operand = values[i / 20 / n], result = 0, want;
		uint32_t width = i % 2 ? 8 : 4, op = i / 2 % 10;

		want = atomic_model(op, width, old, operand,
				    i / 20 % 3 ? old : old ^ 1ull << 32 * (i / 20 % 2));
		if (width == 4)
			want |= old & 0xffffffff00000000;
		igt_assert_f(mem[i].word == want, "op %u of %u, %#llx, %#llx: %#llx, not %#llx\n",
			     op, width, (long long)old, (long long)operand,
			     (long long)mem[i].word, (long long)want);
		if (i / 20 % 4)
			memcpy(&result, &old, width);
		igt_assert_eq(memcmp(mem[i].result, &result, sizeof(result)), 0);
		igt_assert_eq(mem[i].pad | mem[i].guard[0], 0);
	}
	vsvm_stream_fini(&s);
	vsvm_unmap(mem, cases * sizeof(*mem));
	vsvm_ctx_fini(&ctx);
}

/* An atomic whose result has to wait for a page is done once all the same. */
static void test_atomic_once(int fd)
{
	const unsigned int count = 16;
	uint8_t *results = vsvm_map_aligned(2 * count * PAGE, VSVM_2M);
	uint64_t *word = calloc(1, sizeof(*word));
	struct vsvm_stream s = {};
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	/* each result on pages of its own, every other one across two of them */
	for (unsigned int i = 0; i < count; i++) {
		vsvm_stream_reset(&s);
		vsvm_emit_atomic(&s, VSVM_ATOMIC_ADD, 8, vsvm_ptr(word), 1, 0,
				 vsvm_ptr(results + (2 * i + 1) * PAGE - i % 2 * 4));
		vsvm_run(&ctx, &s);
		igt_assert_eq_u64(*word, i + 1);
		igt_assert_eq(memcmp(results + (2 * i + 1) * PAGE - i % 2 * 4, &(uint64_t){ i },
				     sizeof(*word)), 0);
		/* so that the next page is not there already, by fault-around */
		igt_assert_eq(madvise(results, 2 * count * PAGE, MADV_DONTNEED), 0);
	}
	vsvm_stream_fini(&s);
	vsvm_unmap(results, 2 * count * PAGE);
	free(word);
	vsvm_ctx_fini(&ctx);
}

/* A program: each lane adds 1 to a word, count times */
static struct vsvm_program *adder(uint8_t type)
{
	enum { WORD, COUNT = 2, ONE, PRED = 5 };
	struct vsvm_asm as = {};

	asm_arg(&as, VSVM_TYPE_U64, WORD, 0);
	asm_arg(&as, VSVM_TYPE_U32, COUNT, 8);
	asm_mov_imm(&as, type, ONE, 1);
	asm_loop(&as);
	asm_cmp_imm(&as, VSVM_COND_EQ, VSVM_TYPE_U32, PRED, COUNT, 0);
	asm_break_if(&as, PRED);
	asm_atomic_noret(&as, VSVM_ATOMIC_ADD, type, WORD, 0, ONE, 0);
	asm_op2_imm(&as, VSVM_OP_SUB, VSVM_TYPE_U32, COUNT, COUNT, 1);
	asm_endloop(&as);
	return asm_finish(&as);
}

struct adder_args {
	uint64_t word;
	uint32_t count, pad;
};

struct cpu_adder {
	pthread_t thread;
	uint64_t *word;
	bool narrow;
	int stop;
	uint64_t added;
};

static void *cpu_adder(void *data)
{
	struct cpu_adder *t = data;

	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		for (int i = 0; i < 100; i++, t->added++) {
			if (t->narrow)
				__atomic_fetch_add((uint32_t *)t->word, 1, __ATOMIC_SEQ_CST);
			else
				__atomic_fetch_add(t->word, 1, __ATOMIC_SEQ_CST);
		}
	}
	return NULL;
}

static void test_atomic_cpu(int fd)
{
	const uint32_t rounds = 40, groups = 4, packets = 50;
	uint64_t *words = vsvm_map(PAGE);

	for (int narrow = 0; narrow < 2; narrow++) {
		struct vsvm_program *program = adder(narrow ? VSVM_TYPE_U32 : VSVM_TYPE_U64);
		const uint32_t queues = vsvm_num_engines(fd);
		struct vsvm_ctx *ctx = calloc(queues, sizeof(*ctx));
		struct adder_args *args = malloc(sizeof(*args));
		struct cpu_adder threads[2] = {};
		struct vsvm_stream s = {};
		uint64_t sum = 0;

		*words = 0;
		args->word = vsvm_ptr(words);
		args->count = rounds;
		vsvm_emit_dispatch(&s, program, args, sizeof(*args), groups, VSVM_WAVE_LANES);
		for (uint32_t i = 0; i < packets; i++)
			vsvm_emit_atomic(&s, VSVM_ATOMIC_ADD, narrow ? 4 : 8, vsvm_ptr(words), 1,
					 0, 0);
		for (int i = 0; i < 2; i++) {
			threads[i].word = words;
			threads[i].narrow = narrow;
			igt_assert_eq(pthread_create(&threads[i].thread, NULL, cpu_adder,
						     &threads[i]), 0);
		}
		for (uint32_t i = 0; i < queues; i++) {
			vsvm_ctx_init(&ctx[i], fd);
			vsvm_submit(&ctx[i], &s);
		}
		for (uint32_t i = 0; i < queues; i++)
			vsvm_finish(&ctx[i], ctx[i].seqno);
		for (int i = 0; i < 2; i++) {
			__atomic_store_n(&threads[i].stop, 1, __ATOMIC_RELAXED);
			pthread_join(threads[i].thread, NULL);
			sum += threads[i].added;
		}
		sum += (uint64_t)queues * (groups * VSVM_WAVE_LANES * rounds + packets);
		igt_assert_eq_u64(*words, narrow ? (uint32_t)sum : sum);
		for (uint32_t i = 0; i < queues; i++)
			vsvm_ctx_fini(&ctx[i]);
		vsvm_stream_fini(&s);
		free(ctx);
		free(args);
		free(program);
	}
	vsvm_unmap(words, PAGE);
}

/* Streams, order, time */

static void test_empty(int fd)
{
	struct drm_vsvm_queue_query state;
	struct vsvm_stream s = {};
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	/* no packets, with a fence and without; what the address is does not matter */
	vsvm_run(&ctx, &s);
	igt_assert_eq(__vsvm_exec1(fd, ctx.queue, 0x1000, 0, 0, 0, 0), 0);
	vsvm_run(&ctx, &s);
	for (int i = 0; i < 300; i++)
		vsvm_emit_nop(&s);
	vsvm_run(&ctx, &s);
	vsvm_queue_query(fd, ctx.queue, &state);
	igt_assert_eq_u64(state.submitted, 4);
	igt_assert_eq_u64(state.completed, 4);
	/* the last value counts, whatever it is */
	igt_assert_eq(__vsvm_exec1(fd, ctx.queue, 0, 0, ctx.fence_addr, ~0ull, 0), 0);
	vsvm_wait(fd, ctx.queue, ctx.fence, ~0ull);
	vsvm_stream_fini(&s);
	vsvm_ctx_fini(&ctx);
}

static void test_timestamp(int fd)
{
	const unsigned int n = 32;
	uint64_t *times = vsvm_map(PAGE), before, after;
	struct vsvm_stream s = {};
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	for (unsigned int i = 0; i < n; i++) {
		vsvm_emit_timestamp(&s, vsvm_ptr(&times[i]));
		vsvm_emit_barrier(&s);
	}
	before = vsvm_now();
	vsvm_run(&ctx, &s);
	after = vsvm_now();
	igt_assert_lte_u64(before, times[0]);
	for (unsigned int i = 1; i < n; i++)
		igt_assert_lte_u64(times[i - 1], times[i]);
	igt_assert_lt_u64(times[0], times[n - 1]);
	igt_assert_lte_u64(times[n - 1], after);
	igt_assert_eq_u64(times[n], 0);
	vsvm_stream_fini(&s);
	vsvm_unmap(times, PAGE);
	vsvm_ctx_fini(&ctx);
}

static void test_fence_order(int fd)
{
	const unsigned int rounds = 32, size = 16 * PAGE;
	struct vsvm_program *program = adder(VSVM_TYPE_U32);
	struct adder_args *args = malloc(sizeof(*args));
	uint8_t *data = vsvm_map(rounds * size);
	uint32_t *words = vsvm_map(PAGE);
	uint64_t *fence = vsvm_map(PAGE);
	struct vsvm_stream s = {};
	struct vsvm_ctx ctx;

	/* When a fence is seen, all that came before it is seen, and the queue goes on. */
	vsvm_ctx_init(&ctx, fd);
	args->word = vsvm_ptr(words);
	args->count = 2;
	for (unsigned int i = 0; i < rounds; i++) {
		vsvm_emit_fill(&s, vsvm_ptr(data + i * size), size, i + 1, 1);
		vsvm_emit_dispatch(&s, program, args, sizeof(*args), 2, VSVM_WAVE_LANES);
		vsvm_emit_fence(&s, vsvm_ptr(fence), i + 1);
	}
	vsvm_submit(&ctx, &s);
	for (unsigned int i = 0; i < rounds; i++) {
		vsvm_wait(fd, ctx.queue, fence, i + 1);
		for (unsigned int j = 0; j < size; j += 63)
			igt_assert_eq(data[i * size + j], i + 1);
		igt_assert_lte_u32((i + 1) * 2 * 2 * VSVM_WAVE_LANES, READ_ONCE(*words));
	}
	vsvm_finish(&ctx, ctx.seqno);
	igt_assert_eq_u32(*words, rounds * 2 * 2 * VSVM_WAVE_LANES);
	vsvm_stream_fini(&s);
	vsvm_unmap(data, rounds * size);
	vsvm_unmap(words, PAGE);
	vsvm_unmap(fence, PAGE);
	free(args);
	free(program);
	vsvm_ctx_fini(&ctx);
}

static void test_barrier(int fd)
{
	const unsigned int rounds = 24, size = 3 * PAGE + 5;
	uint8_t *data = vsvm_map((rounds + 1) * size);
	struct vsvm_program *program = adder(VSVM_TYPE_U32);
	struct adder_args *args = malloc(rounds * sizeof(*args));
	uint32_t *word = malloc(sizeof(*word)), *seen = vsvm_map(PAGE);
	struct vsvm_stream s = {};
	struct vsvm_ctx ctx;

	vsvm_ctx_init(&ctx, fd);
	*word = 0;
	/* a chain of copies, each from where the one before wrote */
	vsvm_emit_fill(&s, vsvm_ptr(data), size, 0x11223344, 4);
	for (unsigned int i = 0; i < rounds; i++) {
		vsvm_emit_barrier(&s);
		vsvm_emit_copy(&s, vsvm_ptr(data + (i + 1) * size), vsvm_ptr(data + i * size),
			       size);
	}
	/* and programs whose result is copied */
	for (unsigned int i = 0; i < rounds; i++) {
		args[i] = (struct adder_args){ vsvm_ptr(word), i + 1, 0 };
		vsvm_emit_dispatch(&s, program, &args[i], sizeof(*args), 1, 1);
		vsvm_emit_barrier(&s);
		vsvm_emit_copy(&s, vsvm_ptr(&seen[i]), vsvm_ptr(word), sizeof(*word));
		vsvm_emit_barrier(&s);
	}
	vsvm_run(&ctx, &s);
	for (unsigned int i = 0; i <= rounds; i++)
		igt_assert_eq(memcmp(data, data + i * size, size), 0);
	igt_assert_eq(data[size - 1], 0x11223344 >> (size - 1) % 4 * 8 & 0xff);
	for (unsigned int i = 0; i < rounds; i++)
		igt_assert_eq_u32(seen[i], (i + 1) * (i + 2) / 2);
	vsvm_stream_fini(&s);
	vsvm_unmap(data, (rounds + 1) * size);
	vsvm_unmap(seen, PAGE);
	free(word);
	free(args);
	free(program);
	vsvm_ctx_fini(&ctx);
}

static void test_stream_order(int fd)
{
	struct drm_vsvm_exec_stream *streams;
	struct drm_vsvm_queue_query state;
	struct drm_vsvm_dev_info info;
	uint64_t *word = calloc(1, sizeof(*word)), *old, n;
	struct vsvm_stream s = {};
	struct vsvm_ctx ctx;

	/* Each stream puts its number into a word and keeps what was there: the one before's. */
	vsvm_dev_info(fd, &info);
	vsvm_ctx_init(&ctx, fd);
	n = 4 * info.queue_depth;
	old = calloc(n, sizeof(*old));
	streams = calloc(n, sizeof(*streams));
	for (uint64_t i = 0; i < n; i++) {
		streams[i].addr = vsvm_emit_atomic(&s, VSVM_ATOMIC_XCHG, 8, vsvm_ptr(word), i + 1,
						   0, vsvm_ptr(&old[i]));
		streams[i].size = sizeof(struct vsvm_cmd_atomic);
		streams[i].fence_addr = ctx.fence_addr;
		streams[i].fence_value = i + 1;
	}
	for (uint64_t i = 0; i < n; i++)
		streams[i].addr = vsvm_stream_addr(&s, streams[i].addr);
	/* one by one, few at a time, and as many as the queue holds */
	for (uint64_t i = 0, count; i < n; i += count) {
		count = i < 10 ? 1 : i < n / 2 ? 3 : info.queue_depth;
		if (count > n - i)
			count = n - i;
		vsvm_exec(fd, ctx.queue, &streams[i], count);
	}
	vsvm_wait(fd, ctx.queue, ctx.fence, n);
	for (uint64_t i = 0; i < n; i++)
		igt_assert_eq_u64(old[i], i);
	igt_assert_eq_u64(*word, n);
	vsvm_queue_query(fd, ctx.queue, &state);
	igt_assert_eq_u64(state.submitted, n);
	igt_assert_eq_u64(state.completed, n);
	vsvm_stream_fini(&s);
	free(streams);
	free(old);
	free(word);
	vsvm_ctx_fini(&ctx);
}

static void test_parallel(int fd)
{
	const uint32_t engines = vsvm_num_engines(fd), queues = 3 * engines, size = 32 * PAGE;
	struct drm_vsvm_engine_info *before = calloc(engines, sizeof(*before)), after;
	uint64_t *fence = vsvm_map(ALIGN(queues * sizeof(*fence), PAGE));
	struct vsvm_stream *s = calloc(queues, sizeof(*s));
	uint8_t *data = vsvm_map(queues * size * 2);
	struct drm_vsvm_exec_stream stream;
	uint32_t vm, *queue, *sum;

	sum = calloc(1, sizeof(*sum));
	queue = calloc(queues, sizeof(*queue));
	vm = vsvm_vm_create(fd);
	for (uint32_t i = 0; i < engines; i++)
		vsvm_engine_info(fd, i, &before[i]);
	for (uint32_t i = 0; i < queues; i++) {
		uint8_t *p = data + i * size * 2;

		queue[i] = vsvm_queue_create_on(fd, vm, i % engines, 0);
		vsvm_emit_fill(&s[i], vsvm_ptr(p), size, i + 1, 2);
		vsvm_emit_barrier(&s[i]);
		vsvm_emit_copy(&s[i], vsvm_ptr(p + size), vsvm_ptr(p), size);
		for (int j = 0; j < 100; j++)
			vsvm_emit_atomic(&s[i], VSVM_ATOMIC_ADD, 4, vsvm_ptr(sum), i + 1, 0, 0);
		stream = (struct drm_vsvm_exec_stream){
			vsvm_stream_addr(&s[i], 0), s[i].size, vsvm_ptr(&fence[i]), 1
		};
		vsvm_exec(fd, queue[i], &stream, 1);
	}
	for (uint32_t i = 0; i < queues; i++)
		vsvm_wait(fd, queue[i], &fence[i], 1);
	igt_assert_eq_u32(*sum, 100 * queues * (queues + 1) / 2);
	for (uint32_t i = 0; i < queues; i++) {
		uint16_t *p = (uint16_t *)(data + i * size * 2);

		for (uint32_t j = 0; j < size; j++)
			igt_assert_eq(p[j], i + 1);
		vsvm_stream_fini(&s[i]);
		vsvm_queue_destroy(fd, queue[i]);
	}
	for (uint32_t i = 0; i < engines; i++) {
		vsvm_engine_info(fd, i, &after);
		igt_assert_lte_u64(before[i].packets + 3 * 102, after.packets);
		igt_assert_lte_u64(before[i].bytes + 3 * 2 * size, after.bytes);
		igt_assert_lt_u64(before[i].busy_ns, after.busy_ns);
		igt_assert_lt_u64(before[i].tlb_misses, after.tlb_misses);
		igt_assert_lt_u64(before[i].tlb_hits, after.tlb_hits);
	}
	vsvm_vm_destroy(fd, vm);
	vsvm_unmap(data, queues * size * 2);
	vsvm_unmap(fence, ALIGN(queues * sizeof(*fence), PAGE));
	free(s);
	free(queue);
	free(sum);
	free(before);
}

/* Where a stream may lie */

static void stream_at(struct vsvm_ctx *ctx, void *base, size_t size, size_t offset, uint32_t *word)
{
	struct vsvm_stream s;
	uint32_t count = 0;

	vsvm_stream_init_at(&s, base, vsvm_ptr(base), size);
	s.size = offset;
	while (s.size + sizeof(struct vsvm_cmd_atomic) <= size) {
		vsvm_emit_atomic(&s, VSVM_ATOMIC_ADD, 4, vsvm_ptr(word), 1, 0, 0);
		count++;
	}
	*word = 0;
	igt_assert_eq(__vsvm_exec1(ctx->fd, ctx->queue, vsvm_stream_addr(&s, offset),
				   s.size - offset, ctx->fence_addr, ++ctx->seqno, 0), 0);
	vsvm_finish(ctx, ctx->seqno);
	igt_assert_eq_u32(*word, count);
}

static void test_stream_memory(int fd)
{
	uint64_t stack[100];
	uint32_t *word = malloc(sizeof(*word));
	struct vsvm_ctx ctx;
	void *p;

	vsvm_ctx_init(&ctx, fd);
	stream_at(&ctx, stack, sizeof(stack), 0, word);
	p = malloc(3 * PAGE);
	stream_at(&ctx, p, 3 * PAGE, 0, word);
	free(p);
	p = vsvm_map(3 * PAGE);
	/* packets lie across page boundaries at every multiple of 8 */
	for (size_t offset = 0; offset < sizeof(struct vsvm_cmd_atomic); offset += 8)
		stream_at(&ctx, p, 3 * PAGE, offset, word);
	/* the GPU asks for no right to write */
	stream_at(&ctx, p, 3 * PAGE, 0, word);
	igt_assert_eq(mprotect(p, 3 * PAGE, PROT_READ), 0);
	*word = 0;
	igt_assert_eq(__vsvm_exec1(fd, ctx.queue, vsvm_ptr(p), sizeof(struct vsvm_cmd_atomic),
				   ctx.fence_addr, ++ctx.seqno, 0), 0);
	vsvm_finish(&ctx, ctx.seqno);
	igt_assert_eq_u32(*word, 1);
	vsvm_unmap(p, 3 * PAGE);

	/* no memory there: the address is that of the packet */
	igt_assert_eq(__vsvm_exec1(fd, ctx.queue, vsvm_ptr(p) + 64, 8, 0, 0, 0), 0);
	vsvm_expect_error(fd, ctx.queue, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ,
			  vsvm_ptr(p) + 64);
	free(word);
	vsvm_ctx_fini(&ctx);
}

int igt_main()
{
	static const struct {
		const char *name, *description;
		void (*run)(int fd);
	} tests[] = {
		{ "copy", "Copies of every alignment and size move exactly their bytes",
		  test_copy },
		{ "fill", "Fills of every pattern, alignment and size write exactly their bytes",
		  test_fill },
		{ "atomic", "Atomic packets of each kind and width give what C gives",
		  test_atomic },
		{ "atomic-once", "An atomic is not repeated when its result meets a page fault",
		  test_atomic_once },
		{ "atomic-cpu", "No update is lost between CPU threads and all engines",
		  test_atomic_cpu },
		{ "empty", "A stream without work, or without a fence, completes", test_empty },
		{ "timestamp", "GPU times fit in between the CPU's and do not go back",
		  test_timestamp },
		{ "fence-order", "Who sees a fence sees all that was done before it",
		  test_fence_order },
		{ "barrier", "After a barrier, earlier packets are done", test_barrier },
		{ "stream-order", "Streams of a queue run in the order of submission",
		  test_stream_order },
		{ "parallel", "All engines work at a time, each on its own queues, and count it",
		  test_parallel },
		{ "stream-memory", "A stream may lie in any memory that can be read",
		  test_stream_memory },
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
