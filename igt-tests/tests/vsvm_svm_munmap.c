// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm munmap
 * Description: Memory that goes away, and other memory in its place
 */
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("Memory that goes away, and other memory in its place");

#define PAGES	16
#define SIZE	(PAGES * PAGE)

/* Pages [first, first + count) go; the rest stays as it was, for reading and for writing */
static void test_cut(int fd, unsigned int first, unsigned int count)
{
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	svm_number_pages(p, PAGES, 1);
	svm_expect_pages(&t, p, PAGES, 1);
	/* dirty, and known to nobody but the GPU */
	for (unsigned int i = 0; i < PAGES; i++)
		svm_write(&t, p + i * PAGE + 8, 100 + i);
	vsvm_unmap(p + first * PAGE, count * PAGE);
	svm_expect_errors(&t, p + first * PAGE, VSVM_ERROR_UNMAPPED);
	svm_expect_errors(&t, p + (first + count) * PAGE - 4, VSVM_ERROR_UNMAPPED);
	for (int synced = 0; synced < 2; synced++) {
		for (unsigned int i = 0; i < PAGES; i++) {
			if (i >= first && i < first + count)
				continue;
			igt_assert_eq_u64(svm_read(&t, p + i * PAGE), 1 + i);
			igt_assert_eq_u64(svm_read(&t, p + i * PAGE + 8), 100 + i + synced);
			svm_write(&t, p + i * PAGE + 8, 101 + i);
			igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE + 8), 101 + i);
		}
		vsvm_vm_sync(fd, t.ctx.vm);
	}
	svm_expect_errors(&t, p + first * PAGE, VSVM_ERROR_UNMAPPED);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

static void test_every_second(int fd)
{
	const unsigned int pages = 256;
	uint8_t *p = svm_buffer(pages * PAGE);
	struct drm_vsvm_vm_stats before, after;
	const uint64_t *words;
	struct svm t;

	svm_init(&t, fd);
	before = svm_stats(&t);
	svm_number_pages(p, pages, 1);
	svm_expect_pages(&t, p, pages, 1);
	for (unsigned int i = 0; i < pages; i += 2)
		vsvm_unmap(p + i * PAGE, PAGE);
	words = svm_read_pages(&t, p + PAGE, pages / 2, 2 * PAGE);
	for (unsigned int i = 0; i < pages / 2; i++)
		igt_assert_eq_u64(words[i], 2 + 2 * i);
	for (unsigned int i = 0; i < pages; i += 32)
		svm_expect_error(&t, p + i * PAGE, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	after = svm_sync_stats(&t);
	if (vsvm_is_vma_policy())
		igt_assert_eq_u64(after.intervals, before.intervals + pages / 2);
	words = svm_read_pages(&t, p + PAGE, pages / 2, 2 * PAGE);
	for (unsigned int i = 0; i < pages / 2; i++)
		igt_assert_eq_u64(words[i], 2 + 2 * i);
	/* the holes filled again */
	for (unsigned int i = 0; i < pages; i += 2)
		*(uint64_t *)svm_map_at(p + i * PAGE, PAGE) = 1000 + i;
	words = svm_read_pages(&t, p, pages, PAGE);
	for (unsigned int i = 0; i < pages; i++)
		igt_assert_eq_u64(words[i], i % 2 ? 1 + i : 1000 + i);
	svm_fini(&t);
	svm_buffer_free(p, pages * PAGE);
}

/* The same address over and over, each time with other memory and no call in between */
static void test_again(int fd, bool over, bool gpu_first, bool sync)
{
	const unsigned int rounds = 40;
	uint64_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	for (uint64_t round = 1; round <= rounds; round++) {
		if (gpu_first) {
			svm_expect_zeros(&t, p, PAGES);
			svm_fill(&t, p, SIZE, round);
		} else {
			svm_number_pages(p, PAGES, 1000 * round);
			svm_expect_pages(&t, p, PAGES, 1000 * round);
			svm_fill(&t, p, SIZE, round);
		}
		for (unsigned int i = 0; i < SIZE / 8; i += 64)
			igt_assert_eq_u64(p[i], round);
		if (!over)
			vsvm_unmap(p, SIZE);
		if (sync)
			vsvm_vm_sync(fd, t.ctx.vm);
		svm_map_at(p, SIZE);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* A smaller mapping of another kind over a part */
static void test_over_part(int fd)
{
	const uint64_t value = 0xf11e;
	int file = svm_temp_file(4 * PAGE);
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	svm_number_pages(p, PAGES, 1);
	svm_expect_pages(&t, p, PAGES, 1);
	igt_assert_eq(pwrite(file, &value, 8, PAGE), 8);
	igt_assert(mmap(p + 4 * PAGE, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0) ==
		   p + 4 * PAGE);
	igt_assert_eq_u64(svm_read(&t, p + 3 * PAGE), 4);
	igt_assert_eq_u64(svm_read(&t, p + 4 * PAGE), 0);
	igt_assert_eq_u64(svm_read(&t, p + 5 * PAGE), value);
	igt_assert_eq_u64(svm_read(&t, p + 8 * PAGE), 9);
	igt_assert(mmap(p + 6 * PAGE, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			-1, 0) == p + 6 * PAGE);
	svm_expect_zeros(&t, p + 6 * PAGE, 4);
	svm_expect_error(&t, p + 9 * PAGE, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	igt_assert_eq_u64(svm_read(&t, p + 10 * PAGE), 11);
	vsvm_vm_sync(fd, t.ctx.vm);
	igt_assert_eq_u64(svm_read(&t, p + 5 * PAGE), value);
	svm_expect_zeros(&t, p + 6 * PAGE, 4);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	close(file);
}

/*
 * The GPU fills every page of a buffer, over and over, and the CPU takes pages away and puts fresh
 * ones there. A write of the GPU that came too late would be in memory that is somebody else's by
 * then: in the many pages that the CPU has just got, and that must be zero.
 */
static void test_busy(int fd, bool whole)
{
	const unsigned int rounds = 24, passes = 32;
	const uint64_t pattern = 0xdeadbeefdeadbeef;
	uint8_t *p = svm_buffer(SIZE);
	struct vsvm_stream s = {};
	uint64_t seqno, *fresh;
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int i = 0; i < passes * PAGES; i++)
		vsvm_emit_fill(&s, vsvm_ptr(p) + i % PAGES * PAGE + 64, 3072, pattern, 8);
	seqno = vsvm_submit(&t.ctx, &s);
	for (unsigned int round = 0; round < rounds; round++) {
		unsigned int first = whole ? 0 : round % (PAGES - 3), count = whole ? PAGES : 3;

		/* MAP_FIXED: there is no moment at which the GPU finds nothing */
		svm_map_at(p + first * PAGE, count * PAGE);
		fresh = vsvm_map(SIZE);
		for (unsigned int i = 0; i < SIZE / 8; i++)
			igt_assert_eq_u64(fresh[i], 0);
		seqno = vsvm_submit(&t.ctx, &s);
		for (unsigned int i = 0; i < SIZE / 8; i++)
			igt_assert_eq_u64(fresh[i], 0);
		vsvm_unmap(fresh, SIZE);
	}
	vsvm_finish(&t.ctx, seqno);
	/* nothing of it was lost where it belongs */
	for (unsigned int i = 0; i < PAGES; i++) {
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE + 64), pattern);
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE + 64 + 3064), pattern);
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE), 0);
	}
	svm_fini(&t);
	vsvm_stream_fini(&s);
	svm_buffer_free(p, SIZE);
}

/*
 * The GPU reads a number in a loop and stores the last one it saw; the CPU remaps the page with a
 * higher number each time. A number lower than one that was there before this read began is an old
 * page.
 */
static void test_stale(int fd)
{
	enum { SRC, DST = 2, STOP = 4, OLD = 6, VALUE = 8, FLAG = 10, LESS = 12, ERRORS = 14 };
	const unsigned int rounds = 60;
	uint64_t *p = svm_buffer(PAGE), *page = svm_buffer(PAGE);
	struct vsvm_program *program;
	struct vsvm_asm as = {};
	struct svm t;
	struct {
		uint64_t src, seen, stop, errors;
	} *args;
	struct {
		uint64_t seen, errors, stop;
	} *out;
	int64_t deadline;
	uint64_t seqno;

	asm_arg(&as, VSVM_TYPE_U64, SRC, 0);
	asm_arg(&as, VSVM_TYPE_U64, DST, 8);
	asm_loop(&as);
	/* out->seen, then *src: it cannot be lower */
	asm_load(&as, VSVM_TYPE_U64, VALUE, SRC, 0);
	asm_cmp(&as, VSVM_COND_LT, VSVM_TYPE_U64, LESS, VALUE, OLD);
	asm_if(&as, LESS);
	asm_store(&as, VSVM_TYPE_U64, DST, 8, VALUE);
	asm_else(&as);
	asm_mov(&as, VSVM_TYPE_U64, OLD, VALUE);
	asm_store(&as, VSVM_TYPE_U64, DST, 0, VALUE);
	asm_endif(&as);
	asm_load(&as, VSVM_TYPE_U64, FLAG, DST, 16);
	asm_break_if(&as, FLAG);
	asm_endloop(&as);
	program = asm_finish(&as);

	svm_init(&t, fd);
	args = (void *)t.scratch;
	out = (void *)(t.scratch + PAGE / 8);
	memset(out, 0, sizeof(*out));
	args->src = vsvm_ptr(p);
	args->seen = vsvm_ptr(out);
	*p = 1;
	vsvm_emit_dispatch(svm_stream(&t), program, args, 16, 1, 1);
	seqno = vsvm_submit(&t.ctx, &t.s);
	for (uint64_t round = 2; round < rounds; round++) {
		/* a page with the number in it takes the place of the old one in one step */
		svm_map_at(page, PAGE);
		*page = round;
		igt_assert(mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
		/* mremap has returned: from here on only the new number may be read */
		for (deadline = vsvm_deadline(VSVM_WAIT_NS); READ_ONCE(out->seen) < round;)
			igt_assert_lt_s64(vsvm_now(), deadline);
		igt_assert_eq_u64(READ_ONCE(out->seen), round);
		igt_assert_eq_u64(READ_ONCE(out->errors), 0);
	}
	WRITE_ONCE(out->stop, 1);
	vsvm_finish(&t.ctx, seqno);
	igt_assert_eq_u64(out->errors, 0);
	svm_fini(&t);
	free(program);
	svm_buffer_free(p, PAGE);
	svm_map_at(page, PAGE);
	svm_buffer_free(page, PAGE);
}

/*
 * Two queues wait for the same page. Both go on when the first one's fault is served, are done, and
 * the memory is freed. The second one's fault is still in the books; it is nobody's any more. What
 * a third queue wants takes long and comes before it.
 */
static void test_after_finish(int fd)
{
	const unsigned int rounds = 40, items = 7 * VSVM_WAVE_LANES;
	struct vsvm_rng rng = { 1 };
	const size_t size = items * 2 * PAGE;
	uint32_t engines = vsvm_num_engines(fd), queues[3];
	struct vsvm_program *program = svm_store_program(2 * PAGE);
	uint8_t *big = svm_buffer(size + PAGE), *p = big + size;
	uint64_t *fence = svm_buffer(PAGE), *out = svm_buffer(PAGE);
	struct drm_vsvm_queue_query state;
	struct vsvm_stream s[3] = {};
	struct svm_args *args;
	struct svm t;

	svm_init(&t, fd);
	svm_delay_start();
	args = (struct svm_args *)t.scratch;
	*args = (struct svm_args){ vsvm_ptr(big), 1 };
	memset(fence, 0, PAGE);
	for (int i = 0; i < 2; i++)
		vsvm_emit_copy(&s[i], vsvm_ptr(&out[i]), vsvm_ptr(p), 8);
	vsvm_emit_dispatch(&s[2], program, args, sizeof(*args), items / VSVM_WAVE_LANES,
			   VSVM_WAVE_LANES);
	for (int i = 0; i < 3; i++)
		queues[i] = vsvm_queue_create_on(fd, t.ctx.vm, i % engines, 0);
	for (uint64_t round = 1; round <= rounds; round++) {
		svm_map_at(big, size + PAGE);
		*(uint64_t *)p = round;
		for (int i = 0; i < 3; i++) {
			igt_assert_eq(__vsvm_exec1(fd, queues[i], vsvm_ptr(s[i].base), s[i].size,
						   vsvm_ptr(&fence[i]), round, 0), 0);
			if (!i)
				usleep(vsvm_rand(&rng) % 1000);
		}
		for (int i = 0; i < 2; i++)
			vsvm_wait(fd, queues[i], &fence[i], round);
		vsvm_unmap(p, PAGE);
		igt_assert_eq_u64(out[0], round);
		igt_assert_eq_u64(out[1], round);
		vsvm_wait(fd, queues[2], &fence[2], round);
		for (int i = 0; i < 3; i++) {
			vsvm_queue_query(fd, queues[i], &state);
			igt_assert_f(!state.error, "queue %d, done in round %d, got %s\n",
				     i, (int)round, vsvm_error_name(state.error));
		}
	}
	svm_delay_stop();
	for (int i = 0; i < 3; i++) {
		vsvm_queue_destroy(fd, queues[i]);
		vsvm_stream_fini(&s[i]);
	}
	svm_fini(&t);
	free(program);
	svm_map_at(big, size + PAGE);
	svm_buffer_free(big, size + PAGE);
	svm_buffer_free(fence, PAGE);
	svm_buffer_free(out, PAGE);
}

/* What malloc does with large blocks: an address is used again at once */
static void test_malloc_free(int fd)
{
	const unsigned int rounds = 40;
	const size_t size = 1 << 20;
	uint64_t *p, *last = NULL;
	unsigned int reused = 0;
	struct svm t;

	svm_init(&t, fd);
	for (uint64_t round = 1; round <= rounds; round++) {
		p = malloc(size);
		reused += p == last;
		last = p;
		if (round % 2)
			memset(p, 0, size);
		svm_fill(&t, p, size, round);
		for (unsigned int i = 0; i < size / 8; i += 500)
			igt_assert_eq_u64(p[i], round);
		free(p);
	}
	igt_info("%u of %u addresses were used again\n", reused, rounds);
	igt_assert_lt(0, reused);
	svm_fini(&t);
}

int igt_main()
{
	static const struct {
		const char *name;
		unsigned int first, count;
	} cuts[] = {
		{ "whole", 0, PAGES },
		{ "head", 0, 5 },
		{ "tail", 11, 5 },
		{ "middle", 6, 3 },
		{ "one-page", 7, 1 },
	};
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	for (unsigned int i = 0; i < ARRAY_SIZE(cuts); i++) {
		igt_describe_f("After munmap (%s) the GPU reaches what is gone or not the rest",
			       cuts[i].name);
		igt_subtest(cuts[i].name)
			test_cut(fd, cuts[i].first, cuts[i].count);
	}
	igt_describe("A mapping with 128 holes is confused with what it was before");
	igt_subtest("every-second")
		test_every_second(fd);

	igt_describe("A new mapping at an old address shows what was there before");
	igt_subtest("again")
		test_again(fd, false, false, false);
	igt_describe("A new mapping that the GPU uses first shows what was there before");
	igt_subtest("again-gpu-first")
		test_again(fd, false, true, false);
	igt_describe("A new mapping, after a barrier, shows what was there before");
	igt_subtest("again-sync")
		test_again(fd, false, false, true);
	igt_describe("A mapping over another shows the other one");
	igt_subtest("over")
		test_again(fd, true, false, false);
	igt_describe("A mapping over another that the GPU uses first shows the other one");
	igt_subtest("over-gpu-first")
		test_again(fd, true, true, false);
	igt_describe("A file mapped over a part of a buffer is mixed up with the buffer");
	igt_subtest("over-part")
		test_over_part(fd);
	igt_describe("malloc gives an address again and the GPU uses the memory of before");
	igt_subtest("malloc-free")
		test_malloc_free(fd);

	igt_describe("The GPU writes into pages that munmap has given to somebody else");
	igt_subtest("busy")
		test_busy(fd, true);
	igt_describe("The GPU writes into pages that a partial munmap has given to somebody else");
	igt_subtest("busy-part")
		test_busy(fd, false);
	igt_describe("The GPU still reads a page after another one was put in its place");
	igt_subtest("stale")
		test_stale(fd);
	igt_describe("A queue is killed for memory that was freed when it was done");
	igt_subtest("after-finish")
		test_after_finish(fd);

	igt_fixture()
		drm_close_driver(fd);
}
