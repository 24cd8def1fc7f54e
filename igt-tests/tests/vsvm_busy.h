/* SPDX-License-Identifier: MIT */
/*
 * A GPU at work in memory while something happens to it, for as long as the test wants, without a
 * guess at how fast either is.
 *
 * Each of %BUSY_LANES work items has a word, the words a stride apart. Round after round it looks
 * whether its word still is what it wrote last, and writes the next number there. A page that is
 * used on where it was, a write that got lost, or another's bytes show in the next round, whatever
 * comes after.
 *
 *	busy_start(&t, p, stride, first);
 *	busy_rounds(2);			all have written twice more
 *	...				something happens
 *	busy_rounds(2);
 *	busy_stop();			nothing was lost, and memory has what was written last
 */
#ifndef VSVM_BUSY_H
#define VSVM_BUSY_H

#include "vsvm_svm.h"

/** BUSY_LANES - work items */
#define BUSY_LANES	(2 * VSVM_WAVE_LANES)
/** BUSY_MEMORY - bytes for what the work items tell */
#define BUSY_MEMORY	(4 * PAGE)

/**
 * struct busy - that work; there is one at a time
 */
struct busy {
	/** @t: VM */
	struct svm *t;
	/** @queue: its queue */
	uint32_t queue;
	/** @fence: what it sets when it has ended */
	uint64_t *fence;
	/** @memory: arguments, fence, the words below; NULL if there is none */
	uint8_t *memory;
	/** @own: the memory is not the caller's */
	bool own;
	/** @beat: by work item: the number that it wrote last, where nothing happens to it */
	uint32_t *beat;
	/** @wrong: by work item: rounds in which the word was not what it had been */
	uint32_t *wrong;
	/** @stop: set to end it */
	uint32_t *stop;
	/** @base: word of work item 0 */
	uint8_t *base;
	/** @stride: bytes from one to the next */
	size_t stride;
	/** @program: what it runs */
	struct vsvm_program *program;
	/** @stream: and the packet */
	struct vsvm_stream stream;
};

/* Not a subtest's: a subtest that fails leaves it running. */
static struct busy busy;

struct busy_args {
	uint64_t base;
	uint64_t beat;
	uint64_t wrong;
	uint64_t stop;
	uint64_t stride;
	uint64_t first;
};

static inline struct vsvm_program *busy_program(void)
{
	enum { BASE = 0, BEAT = 2, WRONG = 4, STOP = 6, STRIDE = 8, COUNT = 10, X = 12,
	       WORD = 14, VALUE = 16, BAD = 17, END = 18, WIDE = 20 };
	struct vsvm_asm as = {};

	asm_arg(&as, VSVM_TYPE_U64, BASE, offsetof(struct busy_args, base));
	asm_arg(&as, VSVM_TYPE_U64, BEAT, offsetof(struct busy_args, beat));
	asm_arg(&as, VSVM_TYPE_U64, WRONG, offsetof(struct busy_args, wrong));
	asm_arg(&as, VSVM_TYPE_U64, STOP, offsetof(struct busy_args, stop));
	asm_arg(&as, VSVM_TYPE_U64, STRIDE, offsetof(struct busy_args, stride));
	asm_arg(&as, VSVM_TYPE_U64, COUNT, offsetof(struct busy_args, first));
	asm_sreg(&as, X, VSVM_SREG_GLOBAL_X);
	asm_cvt(&as, VSVM_TYPE_U64, WIDE, VSVM_TYPE_U32, X);
	asm_op2(&as, VSVM_OP_MUL, VSVM_TYPE_U64, WORD, WIDE, STRIDE);
	asm_op2(&as, VSVM_OP_ADD, VSVM_TYPE_U64, WORD, WORD, BASE);
	asm_op2_imm(&as, VSVM_OP_MUL, VSVM_TYPE_U64, WIDE, WIDE, 4);
	asm_op2(&as, VSVM_OP_ADD, VSVM_TYPE_U64, BEAT, BEAT, WIDE);
	asm_op2(&as, VSVM_OP_ADD, VSVM_TYPE_U64, WRONG, WRONG, WIDE);
	asm_loop(&as);
	asm_load(&as, VSVM_TYPE_U32, VALUE, WORD, 0);
	asm_cmp(&as, VSVM_COND_NE, VSVM_TYPE_U32, VALUE, VALUE, COUNT);
	asm_op2(&as, VSVM_OP_ADD, VSVM_TYPE_U32, BAD, BAD, VALUE);
	asm_op2_imm(&as, VSVM_OP_ADD, VSVM_TYPE_U32, COUNT, COUNT, 1);
	asm_store(&as, VSVM_TYPE_U32, WORD, 0, COUNT);
	asm_store(&as, VSVM_TYPE_U32, WRONG, 0, BAD);
	asm_store(&as, VSVM_TYPE_U32, BEAT, 0, COUNT);
	asm_load(&as, VSVM_TYPE_U32, END, STOP, 0);
	asm_break_if(&as, END);
	asm_endloop(&as);
	return asm_finish(&as);
}

/** busy_end() - end it without a look at the result */
static inline void busy_end(void)
{
	if (!busy.memory)
		return;
	__atomic_store_n(busy.stop, 1, __ATOMIC_SEQ_CST);
	(void)__vsvm_wait(busy.t->ctx.fd, busy.queue, busy.fence, 1, VSVM_WAIT_NS);
	(void)__vsvm_queue_destroy(busy.t->ctx.fd, busy.queue);
	vsvm_stream_fini(&busy.stream);
	free(busy.program);
	if (busy.own)
		svm_buffer_free(busy.memory, BUSY_MEMORY);
	busy.memory = NULL;
}

/** busy_forget() - for a child: the work is its parent's, and it may begin its own */
static inline void busy_forget(void)
{
	busy.memory = NULL;
}

/** busy_init() - as svm_init(), after a subtest that may have failed */
static inline void busy_init(struct svm *t, int fd)
{
	/* Its VM may be gone with the subtest's stack, its queue not. */
	if (busy.memory)
		__atomic_store_n(busy.stop, 1, __ATOMIC_SEQ_CST);
	busy_forget();
	svm_init(t, fd);
}

/** busy_start_at() - as busy_start(), with %BUSY_MEMORY bytes of the caller's */
static inline void busy_start_at(struct svm *t, void *base, size_t stride, uint32_t first,
				 void *memory)
{
	struct busy_args *args;

	igt_assert(!busy.memory);
	busy.memory = memory;
	busy.own = false;
	memset(busy.memory, 0, BUSY_MEMORY);
	args = (struct busy_args *)busy.memory;
	busy.stop = (uint32_t *)(busy.memory + PAGE);
	busy.beat = (uint32_t *)(busy.memory + 2 * PAGE);
	busy.wrong = busy.beat + BUSY_LANES;
	busy.fence = (uint64_t *)(busy.memory + 3 * PAGE);
	busy.t = t;
	busy.base = base;
	busy.stride = stride;
	*args = (struct busy_args){
		.base = vsvm_ptr(base), .beat = vsvm_ptr(busy.beat), .wrong = vsvm_ptr(busy.wrong),
		.stop = vsvm_ptr(busy.stop), .stride = stride, .first = first,
	};
	for (unsigned int i = 0; i < BUSY_LANES; i++)
		busy.beat[i] = first;
	busy.program = busy_program();
	busy.stream = (struct vsvm_stream){};
	vsvm_emit_dispatch(&busy.stream, busy.program, args, sizeof(*args),
			   BUSY_LANES / VSVM_WAVE_LANES, VSVM_WAVE_LANES);
	busy.queue = vsvm_queue_create_on(t->ctx.fd, t->ctx.vm, DRM_VSVM_ENGINE_ANY, ~0ull);
	igt_assert_eq(__vsvm_exec1(t->ctx.fd, busy.queue, vsvm_stream_addr(&busy.stream, 0),
				   busy.stream.size, vsvm_ptr(busy.fence), 1, 0), 0);
}

/** busy_start() - have the GPU begin; each work item's word has @first now */
static inline void busy_start(struct svm *t, void *base, size_t stride, uint32_t first)
{
	igt_assert(!busy.memory);
	busy_start_at(t, base, stride, first, svm_buffer(BUSY_MEMORY));
	busy.own = true;
}

/** busy_rounds() - wait until each work item has done so many more rounds, and found no fault */
static inline void busy_rounds(unsigned int rounds)
{
	int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);
	struct drm_vsvm_queue_query state;
	uint32_t begin[BUSY_LANES];

	for (unsigned int i = 0; i < BUSY_LANES; i++)
		begin[i] = READ_ONCE(busy.beat[i]);
	for (unsigned int i = 0; i < BUSY_LANES; i++) {
		while (READ_ONCE(busy.beat[i]) - begin[i] < rounds) {
			vsvm_queue_query(busy.t->ctx.fd, busy.queue, &state);
			igt_assert_f(!state.error, "the queue was killed: %s at %#llx\n",
				     vsvm_error_name(state.error), (long long)state.addr);
			igt_assert_f(vsvm_now() < deadline, "work item %u stands still\n", i);
			usleep(500);
		}
		igt_assert_f(!READ_ONCE(busy.wrong[i]), "work item %u lost what it had written\n",
			     i);
	}
}

/** busy_expect_item() - it has ended; a work item has lost nothing, and its word is there */
static inline void busy_expect_item(unsigned int item, const void *word)
{
	igt_assert_f(!busy.wrong[item], "work item %u lost what it had written\n", item);
	igt_assert_f(*(const uint32_t *)word == busy.beat[item],
		     "work item %u wrote %u, and there is %u\n", item, busy.beat[item],
		     *(const uint32_t *)word);
}

/** busy_halt() - let it end; what has come of it is there until busy_end() */
static inline void busy_halt(void)
{
	__atomic_store_n(busy.stop, 1, __ATOMIC_SEQ_CST);
	vsvm_wait(busy.t->ctx.fd, busy.queue, busy.fence, 1);
}

/** busy_stop() - let it end: CPU and GPU see what each work item wrote last */
static inline void busy_stop(void)
{
	const uint64_t *seen;

	busy_halt();
	for (unsigned int i = 0; i < BUSY_LANES; i++)
		busy_expect_item(i, busy.base + i * busy.stride);
	seen = svm_read_pages(busy.t, busy.base, BUSY_LANES, busy.stride);
	for (unsigned int i = 0; i < BUSY_LANES; i++)
		igt_assert_eq_u32((uint32_t)seen[i], busy.beat[i]);
	busy_end();
}

/* Memory of which every byte is known, written by the GPU alone */

/**
 * struct known - what some memory is to have
 */
struct known {
	/** @p: the memory */
	uint8_t *p;
	/** @size: bytes */
	size_t size;
	/** @want: what it has */
	uint8_t *want;
	/** @got: room for what the GPU reads */
	uint8_t *got;
	/** @rng: for the next bytes */
	struct vsvm_rng rng;
};

/** known_init() - @p is @size bytes of memory, of which nothing is known yet */
static inline void known_init(struct known *k, void *p, size_t size)
{
	*k = (struct known){
		.p = p, .size = size, .want = svm_buffer(size), .got = svm_buffer(size),
		.rng = { size },
	};
	/* A test may count 2M pages, and then means those of its own. */
	(void)madvise(k->want, size, MADV_NOHUGEPAGE);
	(void)madvise(k->got, size, MADV_NOHUGEPAGE);
}

static inline void known_fini(struct known *k)
{
	svm_buffer_free(k->want, k->size);
	svm_buffer_free(k->got, k->size);
}

/** known_write_part() - the GPU writes random bytes into a part of it */
static inline void known_write_part(struct known *k, struct svm *t, size_t offset, size_t size)
{
	vsvm_rand_fill(&k->rng, k->want + offset, size);
	svm_copy(t, k->p + offset, k->want + offset, size);
}

/** known_write() - the GPU writes all of it, which the CPU has not touched */
static inline void known_write(struct known *k, struct svm *t)
{
	known_write_part(k, t, 0, k->size);
}

/** known_expect_cpu() - the CPU sees each byte as it is to be */
static inline void known_expect_cpu(const struct known *k)
{
	for (size_t i = 0; i < k->size; i += PAGE)
		igt_assert_f(!memcmp(k->p + i, k->want + i, PAGE), "CPU: page %zu is wrong\n",
			     i / (size_t)PAGE);
}

/** known_expect_gpu() - the GPU does */
static inline void known_expect_gpu(const struct known *k, struct svm *t)
{
	memset(k->got, 0xee, k->size);
	svm_copy(t, k->got, k->p, k->size);
	for (size_t i = 0; i < k->size; i += PAGE)
		igt_assert_f(!memcmp(k->got + i, k->want + i, PAGE), "GPU: page %zu is wrong\n",
			     i / (size_t)PAGE);
}

/** known_expect() - first the GPU, then the CPU */
static inline void known_expect(const struct known *k, struct svm *t)
{
	known_expect_gpu(k, t);
	known_expect_cpu(k);
}

#endif /* VSVM_BUSY_H */
